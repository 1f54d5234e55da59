"""A function, recorded as a graph: from a call with Values of example inputs."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from itertools import chain, count
from typing import Any

from ..backprop import topological_order
from ..engine.errors import is_real
from ..engine.modes import differentiating
from ..engine.recording import REFUSED, live, record, watch
from ..value import Value
from .record import collector_off


class Input(Value):
    """A leaf that stands for a number, in a function that is recorded: ``x == 1.0`` asks for that number, as ``x > 1.0`` does."""

    __slots__ = ()
    __hash__ = Value.__hash__

    def __eq__(self, other: object) -> bool:
        if live and is_real(other):
            watch("compares", self)
        return super().__eq__(other)


def trace(
    f: Callable[..., Any], example_inputs: Sequence[Any], parameters: Iterable[Value] = (), reads: bool = False
) -> tuple[Any, dict[str, Any]]:
    """The outputs and the inputs of `f`, recorded for `compile_program`, from calls with Values of the example inputs.

    example_inputs: for each argument a number or a nest of sequences of numbers; the inputs take the names of the arguments,
    and those of a nest are one list. What `f` returns are the outputs: a Value, or a sequence or dict of them. parameters:
    further leaves whose numbers will be others when the program runs.

    What is recorded is to hold for any numbers. ValueError, with the line, where `f` asks for a number that depends on inputs
    or parameters: compares, reads `data`, detaches. Write ``relu(x)`` or ``maximum(x, y)`` for Python's `if` and `max`;
    ``peek(x)`` and a print may look. ValueError too if a further call records something else, for it draws random numbers.
    With ``reads=True`` `f` is called once and may read; what it then does with `if`, `while` and `for` is fixed as it goes for
    these inputs, and `Program.check` finds where it matters:

    >>> from autograd_lite import compile_program
    >>> def slope(x, w):
    ...     return x * w if x > 0 else 0.01 * x * w
    >>> program = compile_program(*trace(slope, [2.0, 3.0], reads=True))
    >>> program.check(slope, [[1.0, 2.0], [-1.0, 2.0]])
    sample 1 (-1.0, 2.0), result 'output1': -2.0 in the program, -0.02 by the function
    False
    """
    names = _argument_names(f, len(example_inputs))
    arguments = [as_inputs(name, x) for name, x in zip(names, example_inputs)]
    inputs = {name: _flat(x) if isinstance(x, list) else x for name, x in zip(names, arguments)}
    leaves, parameters = _flat(arguments), list(parameters)
    varying = {*leaves, *parameters}

    def call() -> Any:
        with differentiating():
            found = f(*[_copied(x) for x in arguments])
            return list(found) if isinstance(found, Iterator) else found

    if reads:
        return record(call, ()), inputs
    with collector_off():
        outputs = record(call, leaves, parameters)
        graph = _signature(outputs, varying)
        for _ in range(AGAIN):
            if _signature(record(call, leaves, parameters), varying) != graph:
                raise ValueError(f"{REFUSED} Two recordings of it differ, at the same inputs")
    return outputs, inputs


# How often a function is recorded again: of a coin that it tosses, nothing is seen in one case of 128. Where it gets its random
# numbers from, nobody can know; so this alone finds them all
AGAIN = 7


def _argument_names(f: Callable[..., Any], n: int) -> list[str]:
    import inspect

    try:
        parameters = inspect.signature(f).parameters.values()
    except (TypeError, ValueError):
        return [f"input{k}" for k in range(1, n + 1)]
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return [*names[:n], *[f"input{k}" for k in range(len(names) + 1, n + 1)]]


def as_inputs(name: str, x: Any, order: Iterator[int] | None = None) -> Any:
    """A leaf of a number; of a nest of sequences, lists of leaves, which are numbered in their order."""
    if isinstance(x, Iterable) and not isinstance(x, (Value, str)):
        order = order or count(1)
        return [as_inputs(name, item, order) for item in x]
    return Input(x.data if isinstance(x, Value) else x, f"{name}{next(order)}" if order else name)


def _copied(nest: Any) -> Any:
    return [_copied(item) for item in nest] if isinstance(nest, list) else nest


def _flat(nest: Any) -> list[Any]:
    """Everything in a nest of sequences and dicts."""
    if isinstance(nest, Mapping):
        nest = nest.values()
    if isinstance(nest, (Value, str)) or not isinstance(nest, Iterable):
        return [nest]
    return [x for item in nest for x in _flat(item)]


def _signature(outputs: Any, varying: Container[Value]) -> list[Any]:
    """The graph of some outputs as data: the same for the same operations on the same leaves and constants."""
    outputs = _flat(outputs)
    places: dict[int, int] = {}
    nodes: list[Value] = []
    for output in outputs:
        if isinstance(output, Value):
            further = topological_order(output, places)
            places.update(zip(map(id, further), count(len(places))))
            nodes += further
    parents = [node.parents for node in nodes]
    kinds = [node.op if x else id(node) if node in varying else repr(node._data) for node, x in zip(nodes, parents)]
    edges = list(map(places.__getitem__, map(id, chain.from_iterable(parents))))
    return [kinds, list(map(len, parents)), edges, [places.get(id(output), type(output)) for output in outputs]]
