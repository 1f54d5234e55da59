"""What a program is made from: its tape, with the inputs and the results."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from ..engine.modes import differentiating
from ..gradient import adjoints_of, as_value
from ..value import Value
from .names import LONGEST, Names
from .tape import Tape

# What is given as inputs, outputs or wrt: Values, and sequences of them, perhaps by name
Nodes = Value | Iterable[Value | Iterable[Value]] | Mapping[Any, object]


class Port(NamedTuple):
    """An argument or a result: its name, its places on the tape, and whether it is an array of numbers or one."""

    name: str
    places: list[int]
    is_array: bool

    @property
    def size(self) -> int:
        """The length of an array; 0 for one number."""
        return len(self.places) if self.is_array else 0

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.size,) if self.is_array else ()

    @property
    def kind(self) -> str:
        return f"an array of {len(self.places)}" if self.is_array else "one number"

    def examples(self, shape: Sequence[int], instead: str = "") -> int | None:
        """How many examples an argument of this shape has, or None if it is one. ValueError for a shape that it cannot have.

        instead: what takes a batch, where the dialect takes none.
        """
        if tuple(shape) == self.shape:
            return None
        hint = f"; a batch needs {instead}" if instead else f"; a batch of n has the shape (n, {self.size})"
        is_batch = len(shape) == len(self.shape) + 1
        if is_batch and not instead and tuple(shape[1:]) == self.shape:
            return shape[0]
        raise ValueError(f"input {self.name!r} is {self.kind}, got the shape {tuple(shape)}{hint * is_batch}")

    def __str__(self) -> str:
        return f"{self.name}[{len(self.places)}]" if self.is_array else self.name


class Bundle(NamedTuple):
    """One of the inputs, outputs or wrt as it is given: its name, its nodes, and whether it is a sequence of them."""

    name: str
    nodes: list[Value]
    is_array: bool


class Recorded(NamedTuple):
    """What a program is printed from.

    names: of the places that are to have a line of their own. Places from `forward` on are those of derivatives; so are the
    results from `outputs` on: of the result `of`, by the nodes in `wrt`, one list each. `adjoints` has the
    places of those of nodes.
    """

    tape: Tape
    inputs: list[Port]
    results: list[Port]
    names: dict[int, str]
    forward: int
    outputs: int
    of: int
    wrt: list[list[int]]
    adjoints: Mapping[Value, int] = {}

    @property
    def result_places(self) -> list[int]:
        return [place for port in self.results for place in port.places]

    def by(self) -> list[frozenset[int] | None]:
        """Of each result, which of the inputs it is a derivative by; None for an output, and for a derivative by other nodes."""
        owner = {place: k for k, port in enumerate(self.inputs) for place in port.places}
        found: list[frozenset[int] | None] = [None] * self.outputs
        for places in self.wrt:
            are_leaves = all(self.tape.operations[place][0] in ("input", "leaf") for place in places)
            found.append(frozenset([owner[place] for place in places if place in owner]) if are_leaves else None)
        return found


class Loop(NamedTuple):
    """A program that runs `times` times, from the second time on with results in the place of inputs: pairs of these."""

    times: int
    feedback: list[tuple[Port, Port]]

    @property
    def places(self) -> list[tuple[int, int]]:
        """The place of each result with that of the input."""
        return [pair for result, port in self.feedback for pair in zip(result.places, port.places)]


@contextmanager
def collector_off() -> Iterator[None]:
    """Within it, Python's garbage collector makes no passes: the many objects that a program is made from are all in use.

    Of threads that are in it at once, the one that found the collector on puts it on again.
    """
    was_on = gc.isenabled()
    try:
        gc.disable()
        yield
    finally:
        if was_on:
            gc.enable()


@collector_off()
def recorded_graph(outputs: Nodes, inputs: Nodes, gradients_of: Value | None, wrt: Nodes | None, totals: int = 0) -> Recorded:
    given = bundles_of(inputs, "input")
    leaves = [node for _, nodes, _ in given for node in nodes]
    for name, nodes, _ in given:
        for node in nodes:
            if node.op:
                raise ValueError(f"input {name!r:.60} must be a leaf, but it is of {node.op}: {node!r:.80}")
    if len(set(leaves)) < len(leaves):
        raise ValueError("a Value is among the inputs twice: it is one argument")
    tape = Tape(leaves, totals)
    results = _ports(tape, bundles_of(outputs, "output"), Names())
    if not results:
        raise ValueError("a program needs at least one output")
    names, forward = dict(tape.labels), len(tape.operations)
    recorded = Recorded(tape, _ports(tape, given, Names()), results, names, forward, len(results), -1, [])
    if gradients_of is not None:
        if not isinstance(gradients_of, Value):
            raise TypeError(f"gradients_of is the Value whose derivatives are wanted, got {gradients_of!r:.60}")
        recorded = _with_derivatives(recorded, gradients_of, given if wrt is None else bundles_of(wrt, "wrt"))
    elif wrt is not None:
        raise ValueError("wrt needs gradients_of: the Value whose derivatives are wanted")
    for port in recorded.results:
        if not port.is_array:
            names.setdefault(port.places[0], port.name)
    return recorded


def _with_derivatives(recorded: Recorded, output: Value, wanted: list[Bundle]) -> Recorded:
    """With the derivatives of `output` as further results. Adjoints of nodes with labels get names."""
    tape = recorded.tape
    of = tape.place(output)
    wrt = [[tape.place(node) for node in nodes] for _, nodes, _ in wanted]
    forward = len(tape.operations)
    above = f"d{output.label[: LONGEST // 2]}_d" if output.label else "d"
    with differentiating():
        adjoints = adjoints_of(output, [node for _, nodes, _ in wanted for node in nodes])
        places = {node: tape.place(as_value(adjoint)) for node, adjoint in adjoints.items()}
        zero = tape.place(as_value(0.0))
    for node, place in places.items():
        if node.label and place >= forward:
            net = node.label.startswith("net_")  # by the articles' notation, delta_o1 is dE/dnet_o1
            recorded.names.setdefault(place, f"delta_{node.label[4:]}" if net else above + node.label)
    free = Names([port.name for port in recorded.results])
    known = {tuple(port.places): port.name for port in recorded.inputs}
    derivatives = []
    for (name, nodes, is_array), at in zip(wanted, wrt):
        name = free.of(above + known.get(tuple(at), name))
        derivatives.append(Port(name, [places.get(node, zero) for node in nodes], is_array))
    return recorded._replace(results=recorded.results + derivatives, forward=forward, of=of, wrt=wrt, adjoints=places)


def _ports(tape: Tape, bundles: Sequence[Bundle], names: Names) -> list[Port]:
    return [Port(names.of(name), [tape.place(node) for node in nodes], is_array) for name, nodes, is_array in bundles]


def bundles_of(thing: Any, what: str) -> list[Bundle]:
    """What is given as inputs, outputs or wrt."""
    if isinstance(thing, Value):
        thing = [thing]
    if isinstance(thing, str) or not isinstance(thing, Iterable):
        raise TypeError(f"{what}s: needs Values, or sequences of Values, in a list or a dict; got {thing!r:.60}")
    pairs = thing.items() if isinstance(thing, Mapping) else [("", item) for item in thing]
    bundles = []
    for k, (name, item) in enumerate(pairs, 1):
        is_array = isinstance(item, Iterable) and not isinstance(item, (str, Value))
        nodes = list(item) if is_array else [item]
        for node in nodes:
            if not isinstance(node, Value):
                raise TypeError(f"{what} {name or k}: needs a Value or a sequence of Values, got {node!r:.60}")
        if not nodes:
            raise ValueError(f"{what} {name or k}: is an empty sequence")
        name = str(name) or ("" if is_array else nodes[0].label) or f"{what}{k}"
        bundles.append(Bundle(name, nodes, is_array))
    return bundles
