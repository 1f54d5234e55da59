"""Parameters to and from PyTorch, under the names and in the layout of its modules. PyTorch itself is not needed.

| here | there |
|---|---|
| `MLP` | `nn.Sequential(Linear, activation, Linear, ...)`: ``0.weight``, ``0.bias``, ``2.weight``, ... |
| `Linear`, `Embedding`, `Dropout`, activations | those: ``weight``, ``bias`` |
| `Sequential` of any of these and those below | `nn.Sequential`: ``0.weight``, ... |
| `RNN` of an `RNNCell` (tanh, relu) | `nn.RNN`: ``weight_ih_l0``, ``weight_hh_l0``, ``bias_ih_l0``, ``bias_hh_l0`` |
| `RNN` of a `GRUCell(reset_after=True)` | `nn.GRU`: the same names, rows of r, z, n |
| `RNN` of an `LSTMCell` | `nn.LSTM`: the same names, rows of i, f, g, o |
| `StackedRNN`, `BidirectionalRNN`, the two combined | ``_l1``, ... for the layers above, ``_reverse`` for the way back |
| `SequenceModel` | a module with ``rnn``, one of these, and ``readout``, an `nn.Linear` |
| `SelfAttention`, `LayerNorm`, `RMSNorm` | `nn.MultiheadAttention`, `nn.LayerNorm`, `nn.RMSNorm` |
| `Block(norm="layer")` | `nn.TransformerEncoderLayer(norm_first=True)`; with "rms" its norms have no weights |
| `GPT` | a module with ``wte``, ``wpe`` (`nn.Embedding`), ``blocks`` of these, ``norm``, and ``lm``, an `nn.Linear` |

PyTorch has two biases where one suffices: they are added when read; written, the second is 0 but for the candidate of a GRU.
Cells without a bias have none there (``bias=False``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..dense import MLP
from ..layers import Part, Sequential
from ..module import Module
from ..recurrent.cells import Cell
from ..recurrent.model import SequenceModel
from ..recurrent.networks import RNN, BidirectionalRNN, Recurrent, StackedRNN
from .kinds import declared
from .transformers import KINDS, to_ours, to_theirs


def to_torch_state_dict(model: Module) -> dict[str, Any]:
    """The parameters of `model` as nested lists under PyTorch's names.

    Load them by ``twin.load_state_dict({name: torch.tensor(x, dtype=torch.float64) for name, x in ....items()})``.
    ValueError for a model that PyTorch has no module for.
    """
    if isinstance(model, KINDS):
        return to_theirs(model)
    if isinstance(model, Sequential):
        return {f"{k}.{name}": x for k, part in enumerate(model) for name, x in to_torch_state_dict(part).items()}
    ours, theirs = model.state_dict(), {}
    if isinstance(model, Part):
        return ours
    for prefix, weights, bias in _linears(model):
        theirs[f"{prefix}weight"] = [ours[name] for name in weights] if isinstance(weights, list) else ours[weights]
        theirs[f"{prefix}bias"] = [ours[name] for name in bias] if isinstance(bias, list) else ours[bias]
    for prefix, suffix, path, cell in _cells(model):
        rows = _rows(cell)
        theirs[f"{prefix}weight_ih{suffix}"] = [row for end in rows for row in ours[f"{path}W{end}"]]
        theirs[f"{prefix}weight_hh{suffix}"] = [row for end in rows for row in ours[f"{path}U{end}"]]
        if cell.bias:
            zeros = [0.0] * cell.n_hidden
            theirs[f"{prefix}bias_ih{suffix}"] = [x for end in rows for x in ours[f"{path}b{end}"]]
            theirs[f"{prefix}bias_hh{suffix}"] = [
                x for second in rows.values() for x in (ours[path + second] if second else zeros)
            ]
    return theirs


def from_torch_state_dict(model: Module, state: Mapping[str, Any]) -> None:
    """Sets the parameters of `model` from PyTorch's: tensors, arrays or nested lists. All of them, or on ValueError none."""
    expected = to_torch_state_dict(model)
    given = {name: entry.tolist() if hasattr(entry, "tolist") else entry for name, entry in state.items()}
    problems = [f"missing {name!r}" for name in expected if name not in given]
    problems += [f"unexpected {name!r}" for name in given if name not in expected]
    for name in expected:
        if name in given and _shape(given[name]) != _shape(expected[name]):
            shape = _shape(given[name])
            got = "is not a nest of finite numbers" if shape is None else f"has shape {shape}"
            problems.append(f"{name!r} {got}, not {_shape(expected[name])}")
    if problems:
        raise ValueError(f"PyTorch's parameters do not fit this {type(model).__name__}: {'; '.join(problems)}")
    parameters = _ours(model, given)
    model.load_state_dict({name: parameters[name] for name in model.state_dict()})  # of a part that is there twice, once


def _ours(model: Module, given: Mapping[str, Any]) -> dict[str, Any]:
    """The entries of our state from PyTorch's."""
    if isinstance(model, KINDS):
        return to_ours(model, given)
    if isinstance(model, Part):
        return dict(given)
    ours: dict[str, Any] = {}
    if isinstance(model, Sequential):
        for k, part in enumerate(model):
            own = {name.removeprefix(f"{k}."): entry for name, entry in given.items() if name.startswith(f"{k}.")}
            ours |= {f"{k}.{name}": entry for name, entry in _ours(part, own).items()}
        return ours
    for prefix, weights, bias in _linears(model):
        for names, key in ((weights, "weight"), (bias, "bias")):
            entry = given[f"{prefix}{key}"]
            ours.update(zip(names, entry) if isinstance(names, list) else [(names, entry)])
    for prefix, suffix, path, cell in _cells(model):
        d = cell.n_hidden
        for k, (end, second) in enumerate(_rows(cell).items()):
            rows = slice(k * d, (k + 1) * d)
            ours[f"{path}W{end}"] = given[f"{prefix}weight_ih{suffix}"][rows]
            ours[f"{path}U{end}"] = given[f"{prefix}weight_hh{suffix}"][rows]
            if cell.bias:
                first, other = given[f"{prefix}bias_ih{suffix}"][rows], given[f"{prefix}bias_hh{suffix}"][rows]
                ours |= {f"{path}b{end}": first, path + second: other} if second else {f"{path}b{end}": _sum(first, other)}
    return ours


def _linears(model: Module) -> Iterator[tuple[str, Any, Any]]:
    """For each linear layer, its prefix there, and the names here of its rows of weights and of its biases."""
    if isinstance(model, SequenceModel):
        yield "readout.", "readout.Wy", "readout.by"
    elif isinstance(model, MLP):
        for k, layer in enumerate(model.layers):
            units = [f"layers.{k}.neurons.{j}" for j in range(len(layer.neurons))]
            if len({neuron.bias for neuron in layer.neurons}) < len(units):
                raise ValueError("PyTorch has no linear layer with a shared bias")
            yield f"{2 * k}.", [f"{unit}.weights" for unit in units], [f"{unit}.bias" for unit in units]


def _cells(model: Module) -> list[tuple[str, str, str, Cell]]:
    """For each cell, its prefix and suffix there, its path here, and itself."""
    found = list(_all_cells(model))
    cells = [cell for *_, cell in found]
    if len({(cell.torch(), cell.n_hidden, cell.bias) for cell in cells}) > 1 or len(set(cells)) < len(cells):
        raise ValueError("PyTorch has no network with cells of different kinds or sizes, or with a shared cell")
    reverse = [suffix.endswith("_reverse") for _, suffix, _, _ in found]
    if any(reverse) and 2 * sum(reverse) != len(reverse):
        raise ValueError("PyTorch has no network that is bidirectional in some layers only")
    return found


def _all_cells(model: Module) -> Iterator[tuple[str, str, str, Cell]]:
    if isinstance(model, SequenceModel):
        for _, suffix, path, cell in _all_cells(model.network):
            yield "rnn.", suffix, f"network.{path}", cell
    elif isinstance(model, Recurrent):
        layers = model.layers if isinstance(model, StackedRNN) else [model]
        for k, layer in enumerate(layers):
            ways = [("", "", layer)]
            if isinstance(layer, BidirectionalRNN):
                ways = [("", "forward_layer.", layer.forward_layer), ("_reverse", "backward_layer.", layer.backward_layer)]
            for reverse, way, network in ways:
                if not isinstance(network, RNN) or not declared(network.cell, "torch") or network.cell.torch() is None:
                    raise ValueError(f"PyTorch has no module for {network!r}")
                yield "", f"_l{k}{reverse}", f"layers.{k}." * isinstance(model, StackedRNN) + way + "cell.", network.cell
    elif not isinstance(model, MLP):
        raise ValueError(f"PyTorch has no module for a {type(model).__name__}")


def _rows(cell: Cell) -> dict[str, str]:
    """Of each gate in PyTorch's order, the end of the names of its parameters, and the name of its second bias or ""."""
    module = cell.torch()
    assert module is not None
    return {f"_{gate}" if gate else "": second for gate, second in module.rows}


def _sum(first: Sequence[float], other: Sequence[float]) -> list[float]:
    return [x + y for x, y in zip(first, other)]


def _shape(nest: Any) -> tuple[int, ...] | None:
    """The shape of a nest of lists of finite numbers; None if it is not one."""
    if isinstance(nest, list):
        shapes = {_shape(item) for item in nest}
        inner = shapes.pop() if len(shapes) == 1 else None
        return None if inner is None else (len(nest), *inner)
    return () if isinstance(nest, (int, float)) and not isinstance(nest, bool) and abs(nest) < 1.8e308 else None
