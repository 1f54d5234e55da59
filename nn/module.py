"""`Module`: something with parameters, found wherever they are kept."""

from __future__ import annotations

import itertools
import json
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from autograd_lite import Scope, Value
from autograd_lite.nests import is_array, mapped

from .compiled import Step, compiled_step
from .files import read_json, write_json
from .nests import in_lists, load_nests
from .summary import Summary

_numbers = itertools.count()

FORMAT = {"format": "autograd_lite parameters", "version": 1}


class Module:
    """A part of a network. Its parameters are the leaves (Values without parents) among its attributes.

    They are found through lists, tuples, dicts, arrays and other modules; one that is shared counts once. A subclass
    defines `forward`; calling the module calls it.

    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope, self.offsets = Value(2.0), [Value(1.0), Value(3.0)]
    ...     def forward(self, x):
    ...         return self.slope * x + self.offsets[0]
    >>> line = Line()
    >>> line(5.0).data
    11.0
    >>> [name for name, parameter in line.named_parameters()]
    ['slope', 'offsets.0', 'offsets.1']
    """

    training = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.forward(*args, **kwargs)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module computes from its inputs."""
        raise NotImplementedError(f"{type(self).__name__} does not define forward")

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        """Each parameter with its path, such as ``layers.0.neurons.1.bias``, in the order of the attributes."""
        for name, thing in self._walk():
            if isinstance(thing, Value) and not thing.parents:
                yield name, thing

    def parameters(self) -> list[Value]:
        """Every parameter, once."""
        return [parameter for _, parameter in self.named_parameters()]

    def named_modules(self) -> Iterator[tuple[str, Module]]:
        """This module, under the name ``""``, and those within it, each once with its path."""
        yield "", self
        for name, thing in self._walk():
            if isinstance(thing, Module):
                yield name, thing

    def modules(self) -> list[Module]:
        """This module and those within it, each once."""
        return [module for _, module in self.named_modules()]

    def named_arrays(self) -> dict[str, Any]:
        """The parameters as nests of lists, by name: those of `state_dict`, but the units of a layer are rows of its matrix."""
        matrices = {f"{path}." if path else "": module._matrices() for path, module in self.named_modules()}
        found: dict[str, Any] = {}
        for name, nest in self._nests():
            owner = next((path for path, own in matrices.items() if own and name.startswith(path)), None)
            found |= {name: nest} if owner is None else {owner + end: matrix for end, matrix in matrices[owner].items()}
        return found

    def _matrices(self) -> dict[str, Any]:
        """What stands in `named_arrays` for all parameters below this module, by the end of its name."""
        return {}

    def summary(self) -> Summary:
        """A table of the parts with their shapes and numbers of parameters; one that is shared counts where it is first.

        >>> from nn import MLP
        >>> MLP([2, 3, 1], rng=0).summary()
        part              shape  parameters
        layers.0.weights  3 × 2           6
        layers.0.bias     3               3
        layers.1.weights  1 × 3           3
        layers.1.bias     1               1
        in all                           13
        """
        return Summary.of(self.named_arrays())

    def zero_grad(self) -> None:
        """Sets the grad of every parameter to 0."""
        for parameter in self.parameters():
            parameter.grad = 0.0

    def train(self, mode: bool = True) -> Module:
        """Sets `training` here and in all modules within; returns the module."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Module:
        """`train(False)`."""
        return self.train(False)

    def _walk(self, into_modules: bool = True) -> Iterator[tuple[str, Any]]:
        """Everything kept below the attributes, with its path, each thing once, containers before their contents."""
        seen: dict[int, Any] = {id(self): self}  # the things themselves too, so that no id is used again
        pending: list[tuple[str, Any]] = list(reversed(vars(self).items()))
        while pending:
            name, thing = pending.pop()
            contents: Iterable[tuple[Any, Any]] = ()
            if isinstance(thing, Value):
                pass
            elif isinstance(thing, Module):
                contents = vars(thing).items() if into_modules else ()
            elif isinstance(thing, dict):
                contents = thing.items()
            elif isinstance(thing, (list, tuple)):
                contents = enumerate(thing)
            elif is_array(thing):
                if not thing.shape:
                    pending.append((name, thing.item()))
                    continue
                contents = enumerate(thing.tolist())
            else:
                continue
            if id(thing) not in seen:
                seen[id(thing)] = thing
                yield name, thing
                if contents:
                    pending += [(f"{name}.{key}", item) for key, item in reversed(list(contents))]

    def compile(
        self,
        loss: Callable[[Any, Any], Any],
        example: tuple[Any, Any],
        dialect: str | None = None,
        parameters: Iterable[Value] | None = None,
    ) -> Step:
        """A training step as a program: ``step(x, target)`` gives the loss ``loss(model(x), target)`` and its derivatives by
        the parameters, in the order of `parameters`. They are those of a forward and a backward pass, without a graph.

        example: an input and its target. Other shapes may follow: each has a program, in ``step.programs``, recorded when it is
        first met, and readable: ``program.source``. A recurrent network's whole numbers, and those that `cross_entropy` and
        `sequence_cross_entropy` (or `functools.partial` of them) have as targets, may be any. dialect: of `compile_program`;
        unless given, ``c`` where there is a C compiler, else ``python``. parameters: the model's, unless given.

        ValueError, with the line, where the forward pass branches on data or draws random numbers, so that one recording is not
        all of it: see `trace`.
        """
        return compiled_step(self, loss, example, dialect, parameters)

    def encoded(self, x: Any) -> Any:
        """An input in numbers alone, as a program needs it: what stands for a place of several as the vector."""
        return x

    # Parameters travel ------------------------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """The data of the parameters, by attribute: a number, or a nest of lists of them.

        >>> Line = type("Line", (Module,), {})
        >>> line = Line()
        >>> line.weights, line.bias = [Value(1.0), Value(2.0)], Value(3.0)
        >>> line.state_dict()
        {'weights': [1.0, 2.0], 'bias': 3.0}
        """
        return {name: mapped(lambda value: value.data, nest) for name, nest in self._nests()}

    def load_state_dict(self, state: Mapping[str, Any], strict: bool = True) -> None:
        """Sets the data of the parameters from what `state_dict` gives (or arrays of the same shapes): all of them, or none.

        ValueError lists the entries that are missing, unexpected, of the wrong shape or not finite. With ``strict=False``
        missing and unexpected entries are passed over.
        """
        load_nests(f"this {type(self).__name__}", dict(self._nests()), state, strict)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the parameters to a JSON file: ``{"format": "autograd_lite parameters", "version": 1, "parameters": {...}}``.

        The parameters are those of `state_dict`; numbers have all their digits. The file is complete or as before, and keeps
        its owner and permissions; OSError names it and says what to do.
        """
        for name, parameter in self.named_parameters():
            if not math.isfinite(parameter.data):
                raise ValueError(f"the parameter {name!r} is {parameter.data}: nothing has been written")
        write_json(path, {**FORMAT, "parameters": self.state_dict()})

    def load(self, path: str | os.PathLike[str]) -> None:
        """Sets the parameters from a file that `save` wrote. ValueError says what is wrong with it; then none is changed."""
        data = read_json(path, limit=100_000 + len(json.dumps(self.state_dict(), indent=9)) + 50 * len(self.parameters()))
        if not isinstance(data, dict) or {key: data.get(key) for key in FORMAT} != FORMAT:
            raise ValueError(f"{path} is not a file of parameters: it needs {FORMAT}")
        if not isinstance(data.get("parameters"), dict):
            raise ValueError(f"{path} has no object 'parameters'")
        try:
            self.load_state_dict(data["parameters"])
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None

    def _nests(self) -> Iterator[tuple[str, Any]]:
        """The parameters by attribute: for each outermost list of parameters only, itself; else the parameter."""
        last = ""
        names = set()
        for name, thing in self._walk():
            if last and name.startswith(f"{last}."):
                continue
            nest = thing.tolist() if is_array(thing) else thing
            if _is_nest(nest):
                if name in names:
                    raise ValueError(f"two parameters have the path {name!r}: give them other names")
                names.add(name)
                last = name
                yield name, in_lists(nest)

    def extra_repr(self) -> str:
        """What the repr shows of this module itself."""
        return ""

    def __repr__(self) -> str:
        try:
            return self._shown({id(self)})
        except AttributeError:  # seen by a debugger before it is complete
            return f"<{type(self).__name__}, incomplete>"

    def _shown(self, seen: set[int]) -> str:
        parts = []
        for name, module in self._parts_shown():
            if id(module) not in seen:
                seen.add(id(module))
                parts.append(f"  ({name}): {module._shown(seen)}".replace("\n", "\n  "))
        return "\n".join([f"{type(self).__name__}({self.extra_repr()}", *parts]) + ("\n)" if parts else ")")

    def _parts_shown(self) -> list[tuple[str, Module]]:
        """The modules directly below, with their paths."""
        return [(name, thing) for name, thing in self._walk(into_modules=False) if isinstance(thing, Module)]


def new_scope(title: str, parent: Scope | None = None) -> Scope:
    """The part of a model that a new module is in pictures: unlike any other of its title."""
    return Scope(title, parent, next(_numbers))


def _is_nest(thing: Any, depth: int = 20) -> bool:
    if isinstance(thing, (list, tuple)):
        return len(thing) > 0 and depth > 0 and all(_is_nest(item, depth - 1) for item in thing)
    return isinstance(thing, Value) and not thing.parents
