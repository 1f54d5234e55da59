"""Out of the classroom: a model's twin in PyTorch or JAX, on whole batches, with its source to read beside ours.

The parameters keep the names of `state_dict`, but the neurons of a layer are the rows of one matrix, ``layers.0.weights``.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from autograd_lite.nests import leaves, mapped
from autograd_lite.sources import execute, forget

from ..module import Module
from ..nests import load_nests
from .source import twin_source


class JaxTwin:
    """A model in JAX: ``params, apply = to_jax(model)``."""

    def __init__(self, params: dict[str, Any], apply: Callable[..., Any], run: Callable[..., Any] | None, source: str) -> None:
        self.params = params
        """The parameters by name, arrays: a pytree."""
        self.apply = apply
        """``apply(params, x)``: the outputs. jit, grad, vmap and the rest of JAX take it."""
        self.run = run
        """Of a recurrent network, ``run(params, x, initial)``: the outputs, and the states after the last step by name."""
        self.source = source
        """The program that was executed to make the twin."""

    def __iter__(self) -> Iterator[Any]:
        return iter((self.params, self.apply))


def to_torch(model: Module) -> Any:
    """The twin of `model` as a `torch.nn.Module` in doubles; ``twin.source`` is the program that was executed to make it.

    model: an MLP, layers (`Sequential`, `Linear`, ...), a cell, a recurrent network, a SequenceModel, a GPT or a part of it.
    ``twin(x)`` gives the outputs. x: of shape (..., n_in), or before an `Embedding` (...) of whole numbers; of sequences
    (..., T, n_in), or (..., T) of whole numbers, each the place of a 1 among zeros. The axes before these are the batch. A
    recurrent network takes ``initial``, its states by name, of shape (..., d), and ``twin.run(x, initial)`` gives its outputs and
    the states after the last step. The parameters are named as in `state_dict`, but the neurons of a layer of an MLP are the rows
    of one matrix, ``layers.0.weights``. `from_twin` brings them back.

    ImportError without PyTorch (the extra `torch`). ValueError for another model, a subclass with a forward of its own, for
    parameters of which two share a Value, and for an activation that branches on its data.
    """
    arrays = parameter_lists(model)
    names, source = _executed(model, "torch")
    twin = names["Twin"](arrays)
    twin.source = source
    return twin


def to_jax(model: Module) -> JaxTwin:
    """The twin of `model` in JAX: its parameters as arrays by name, and a pure function ``apply(params, x, initial=None)``.

    Shapes, names and errors are those of `to_torch`. For doubles, first call ``jax.config.update("jax_enable_x64", True)``; else
    JAX warns, and rounds to single precision.

    ImportError without JAX (the extra `jax`).
    """
    arrays = parameter_lists(model)
    names, source = _executed(model, "jax")
    params = {name: names["jnp"].asarray(numbers, dtype="float64") for name, numbers in arrays.items()}
    return JaxTwin(params, names["apply"], names.get("run"), source)


def from_twin(model: Module, params: Mapping[str, Any]) -> None:
    """Sets the parameters of `model` from its twin's: ``twin.state_dict()``, or JAX's arrays. All, or on ValueError none."""
    load_nests(f"this {type(model).__name__}", parameter_nests(model), params)


def parameter_lists(model: Module) -> dict[str, Any]:
    """The parameters as a twin has them: nested lists of numbers by name."""
    return {name: mapped(lambda value: value.data, nest) for name, nest in parameter_nests(model).items()}


def parameter_nests(model: Module) -> dict[str, Any]:
    """The same as Values. ValueError where the twin would train apart what is one parameter here, or leave one out."""
    nests = model.named_arrays()
    values = leaves(nests)
    if len(set(values)) < len(values) or set(values) != set(model.parameters()):
        raise ValueError(
            f"this {type(model).__name__} has no twin: each parameter must be in one place (but a layer's units may share a bias)"
        )
    return nests


_serial = itertools.count(1)


def _executed(model: Module, library: str) -> tuple[dict[str, Any], str]:
    """The names that the source of the twin defines, and the source itself, which debuggers and tracebacks show."""
    source = twin_source(model, library)
    name = f"<{library} twin {next(_serial)}>"
    names = execute(source, name, {"__name__": "twin"})
    weakref.finalize(names["apply"], forget, name).atexit = False
    return names, source
