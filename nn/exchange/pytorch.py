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
| `RNN` of one with a `transition` | a module with ``cell``, an `nn.RNNCell`, ..., and ``transition``, any of those above |
| `SequenceModel` | a module with ``rnn``, one of these, ``readout`` (`Readout`: `nn.Linear`), ``encoder``, any of those above |
| `SelfAttention`, `LayerNorm`, `RMSNorm` | `nn.MultiheadAttention`, `nn.LayerNorm`, `nn.RMSNorm` |
| `Block(norm="layer")` | `nn.TransformerEncoderLayer(norm_first=True)`; with "rms" its norms have no weights |
| `GPT` | a module with ``wte``, ``wpe`` (`nn.Embedding`), ``blocks`` of these, ``norm``, and ``lm``, an `nn.Linear` |

PyTorch has two biases where one suffices: they are added when read; written, the second is 0 but for the candidate of a GRU.
Cells without a bias have none there (``bias=False``).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from autograd_lite.nests import leaves, shape

from ..dense import MLP, Layer
from ..layers import Part, Sequential
from ..module import Module
from ..nests import real
from ..recurrent.cells import Cell
from ..recurrent.model import Readout, SequenceModel
from ..recurrent.networks import RNN, BidirectionalRNN, Recurrent, StackedRNN
from .kinds import declared
from .transformers import KINDS, to_ours, to_theirs


def to_torch_state_dict(model: Module) -> dict[str, Any]:
    """The parameters of `model` as nested lists under PyTorch's names.

    Load them by ``twin.load_state_dict({name: torch.tensor(x, dtype=torch.float64) for name, x in ....items()})``.
    ValueError for a model that PyTorch has no module for.
    """
    if isinstance(model, (Cell, Readout)):  # which are parts of others there
        raise ValueError(f"PyTorch has no module for a {type(model).__name__}")
    return _theirs(model)


def from_torch_state_dict(model: Module, state: Mapping[str, Any]) -> None:
    """Sets the parameters of `model` from PyTorch's: tensors, arrays or nested lists. All of them, or on ValueError none."""
    expected = to_torch_state_dict(model)
    given = {name: entry.tolist() if hasattr(entry, "tolist") else entry for name, entry in state.items()}
    problems = [f"missing {name!r}" for name in expected if name not in given]
    problems += [f"unexpected {name!r}" for name in given if name not in expected]
    for name in expected:
        if name in given and _shape(given[name]) != _shape(expected[name]):
            found = _shape(given[name])
            got = "is not a nest of finite numbers" if found is None else f"has shape {found}"
            problems.append(f"{name!r} {got}, not {_shape(expected[name])}")
    if problems:
        raise ValueError(f"PyTorch's parameters do not fit this {type(model).__name__}: {'; '.join(problems)}")
    parameters = _ours(model, given)
    model.load_state_dict({name: parameters[name] for name in model.state_dict()})  # of a part that is there twice, once


def _parts(model: Module) -> list[tuple[str, str, Module]]:
    """What a model is put together of there, each with the beginnings of its names there and here."""
    if isinstance(model, Sequential):
        return [(f"{k}.", f"{k}.", part) for k, part in enumerate(model)]
    if isinstance(model, MLP):
        return [(f"{2 * k}.", f"layers.{k}.", layer) for k, layer in enumerate(model.layers)]
    if isinstance(model, SequenceModel):
        encoder = [] if model.encoder is None else [("encoder.", "encoder.", model.encoder)]
        return [*encoder, ("rnn.", "network.", model.network), ("readout.", "readout.", model.readout)]
    if isinstance(model, RNN) and model.cell.transition is not None:
        return [("cell.", "cell.", model.cell), ("transition.", "cell.transition.", model.cell.transition)]
    return []


def _theirs(model: Module) -> dict[str, Any]:
    """The entries of PyTorch's state."""
    theirs: dict[str, Any] = {}
    if parts := _parts(model):
        return {there + name: x for there, _, part in parts for name, x in _theirs(part).items()}
    if isinstance(model, KINDS):
        return to_theirs(model)
    ours = model.state_dict()
    if isinstance(model, (Part, Sequential)):
        return ours
    if isinstance(model, Readout):
        return {"weight": ours["Wy"], "bias": ours["by"]}
    if isinstance(model, Layer):
        units = [f"neurons.{j}" for j in range(len(model.neurons))]
        if len({neuron.bias for neuron in model.neurons}) < len(units):
            raise ValueError("PyTorch has no linear layer with a shared bias")
        return {"weight": [ours[f"{unit}.weights"] for unit in units], "bias": [ours[f"{unit}.bias"] for unit in units]}
    for suffix, path, cell in _cells(model):
        rows = _rows(cell)
        theirs[f"weight_ih{suffix}"] = [row for end in rows for row in ours[f"{path}W{end}"]]
        theirs[f"weight_hh{suffix}"] = [row for end in rows for row in ours[f"{path}U{end}"]]
        if cell.bias:
            seconds = [ours[path + second] if second else [0.0] * cell.n_hidden for second in rows.values()]
            theirs[f"bias_ih{suffix}"] = [x for end in rows for x in ours[f"{path}b{end}"]]
            theirs[f"bias_hh{suffix}"] = [x for second in seconds for x in second]
    return theirs


def _ours(model: Module, given: Mapping[str, Any]) -> dict[str, Any]:
    """The entries of our state from PyTorch's."""
    ours: dict[str, Any] = {}
    for there, here, part in _parts(model):
        own = {name.removeprefix(there): entry for name, entry in given.items() if name.startswith(there)}
        ours |= {here + name: entry for name, entry in _ours(part, own).items()}
    if ours:
        return ours
    if isinstance(model, KINDS):
        return to_ours(model, given)
    if isinstance(model, (Part, Sequential)):
        return dict(given)
    if isinstance(model, Readout):
        return {"Wy": given["weight"], "by": given["bias"]}
    if isinstance(model, Layer):
        for j, (weights, bias) in enumerate(zip(given["weight"], given["bias"])):
            ours |= {f"neurons.{j}.weights": weights, f"neurons.{j}.bias": bias}
        return ours
    for suffix, path, cell in _cells(model):
        d = cell.n_hidden
        for k, (end, second) in enumerate(_rows(cell).items()):
            rows = slice(k * d, (k + 1) * d)
            ours[f"{path}W{end}"] = given[f"weight_ih{suffix}"][rows]
            ours[f"{path}U{end}"] = given[f"weight_hh{suffix}"][rows]
            if cell.bias:
                first, other = given[f"bias_ih{suffix}"][rows], given[f"bias_hh{suffix}"][rows]
                ours |= {f"{path}b{end}": first, path + second: other} if second else {f"{path}b{end}": _sum(first, other)}
    return ours


def _cells(model: Module) -> list[tuple[str, str, Cell]]:
    """For each cell, its suffix there, its path here, and itself."""
    if isinstance(model, Cell) and _is_there(model):
        return [("", "", model)]
    if not isinstance(model, Recurrent):
        raise ValueError(f"PyTorch has no module for a {type(model).__name__}")
    found = list(_all_cells(model))
    cells = [cell for *_, cell in found]
    if len({(cell.torch(), cell.n_hidden, cell.bias) for cell in cells}) > 1 or len(set(cells)) < len(cells):
        raise ValueError("PyTorch has no network with cells of different kinds or sizes, or with a shared cell")
    reverse = [suffix.endswith("_reverse") for suffix, _, _ in found]
    if any(reverse) and 2 * sum(reverse) != len(reverse):
        raise ValueError("PyTorch has no network that is bidirectional in some layers only")
    return found


def _all_cells(model: Recurrent) -> Iterator[tuple[str, str, Cell]]:
    layers = model.layers if isinstance(model, StackedRNN) else [model]
    for k, layer in enumerate(layers):
        ways = [("", "", layer)]
        if isinstance(layer, BidirectionalRNN):
            ways = [("", "forward_layer.", layer.forward_layer), ("_reverse", "backward_layer.", layer.backward_layer)]
        for reverse, way, network in ways:
            if not isinstance(network, RNN) or not _is_there(network.cell) or network.cell.transition is not None:
                raise ValueError(f"PyTorch has no module for {network!r}")
            yield f"_l{k}{reverse}", f"layers.{k}." * isinstance(model, StackedRNN) + way + "cell.", network.cell


def _is_there(cell: Cell) -> bool:
    return declared(cell, "torch") and cell.torch() is not None


def _rows(cell: Cell) -> dict[str, str]:
    """Of each gate in PyTorch's order, the end of the names of its parameters, and the name of its second bias or ""."""
    module = cell.torch()
    assert module is not None
    return {f"_{gate}" if gate else "": second for gate, second in module.rows}


def _sum(first: Sequence[float], other: Sequence[float]) -> list[float]:
    return [x + y for x, y in zip(first, other)]


def _shape(nest: Any) -> tuple[int, ...] | None:
    """The shape of a nest of lists of finite numbers; None if it is not one."""
    return shape(nest) if all([math.isfinite(real(x)) for x in leaves(nest)]) else None
