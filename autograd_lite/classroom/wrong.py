"""What a mistake is: in what a pass differs from the right one, and what it gives.

What it gives is a number like any other: `adjoints` computes it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import mul
from typing import Any, NamedTuple

from .. import backprop
from ..backprop import Contribution, topological_order
from ..derivation.expressions import Expression
from ..value import Value
from .graphs import Edge, Graph
from .rows import applied

Arrived = Sequence[Contribution]


class Wrong(NamedTuple):
    """In what a mistaken pass differs from the right one: what is not given is right.

    slopes: for some edges the local derivative in place of the right one. product: of an adjoint and a local derivative.
    total: of a node, from what has arrived there. order: the nodes as they send on, output first. end: of a node and its adjoint,
    what is taken for the derivative. update: of a number, its derivative and the learning rate, the new number. numbers: further
    ones for its sentence. instead: for some nodes what a mistaken forward pass computes in their place, of nodes of the graph;
    the pass back is then that of what was computed.
    """

    slopes: Mapping[Edge, Expression] = {}
    product: Callable[[float, float], float] = mul
    total: Callable[[Value, Arrived], float] = backprop.total
    order: Sequence[Value] = ()
    end: Callable[[Value, float], float] | None = None
    update: Callable[[float, float, float], float] | None = None
    numbers: Mapping[str, float] = {}
    instead: Mapping[Value, Value] = {}


class Mistake(NamedTuple):
    """A mistake: its name, the wrong formula, and its passes on a graph, several where there are several ways to make it.

    Its sentence is in the table of each language, under its name.
    """

    name: str
    formula: str
    passes: Callable[[Graph], Iterable[Wrong]]


def slopes(graph: Graph, wrong: Wrong) -> dict[Edge, float]:
    """The local derivatives that are other ones than in the right pass, or may be."""
    found = {edge: graph.number_of(slope) for edge, slope in wrong.slopes.items()}
    known = {id(node) for node in graph.nodes} if wrong.instead else ()
    for node, other in wrong.instead.items():
        partials = {other: 1.0}
        if other not in graph.place:
            for part in backprop.contributions(other, order=lambda output: topological_order(output, known)):
                partials[part.parent] = partials.get(part.parent, 0.0) + part.amount
        for i, parent in enumerate(graph.parents[node]):
            if not parent.is_plain_number:
                found[node, i] = partials.pop(parent, 0.0)
    return found


def rules(graph: Graph, wrong: Wrong) -> dict[str, Any]:
    """The rules of the mistaken pass, for `backprop.contributions` and `backprop.adjoints`."""
    other = {edge: graph.number_of(slope) for edge, slope in wrong.slopes.items()}
    return {
        "order": lambda output: [*wrong.order][::-1] or graph.nodes,
        "derivatives": lambda node: [other.get((node, i), x) for i, x in enumerate(graph.derivatives[node])],
        "product": wrong.product,
        "total": wrong.total,
    }


def adjoints(graph: Graph, wrong: Wrong) -> dict[Value, float]:
    """What the pass gives for the derivative of the output by each node; nan where the forward pass cannot be computed."""
    if wrong.instead:
        try:
            made = forward(graph.output, wrong.instead)
        except (ValueError, ArithmeticError):
            return dict.fromkeys(graph.nodes, math.nan)
        there = backprop.adjoints(made[graph.output])
        return {node: there.get(made.get(node), 0.0) for node in graph.nodes}
    found = backprop.adjoints(graph.output, **rules(graph, wrong))
    if wrong.end is not None:
        found = {node: wrong.end(node, adjoint) for node, adjoint in found.items()}
    return found


def forward(output: Value, instead: Mapping[Value, Value]) -> dict[Value, Value]:
    """For each node below the output, the one that is computed in its place: itself where nothing below is another.

    ValueError where a node would be computed from itself, or where an operation has no value.
    """
    made: dict[Value, Value] = {}
    begun, pending = set[Value](), [output]
    while pending:
        node = pending[-1]
        operands = (instead[node],) if node in instead else node.parents
        waiting = [operand for operand in operands if operand not in made]
        if waiting and node not in made:
            if node in begun:
                raise ValueError(f"{node!r} would be computed from itself")
            begun.add(node)
            pending += waiting
            continue
        pending.pop()
        if node not in made:
            there = [made[operand] for operand in operands]
            same = all([new is old for new, old in zip(there, operands)])
            made[node] = there[0] if node in instead else node if same else applied(node.op, there)
    return made


class Pass(NamedTuple):
    """A mistaken pass, run: the changed local derivatives, and what it gives for each node."""

    mistake: Mistake
    wrong: Wrong
    slopes: Mapping[Edge, float]
    adjoint: Mapping[Value, float]


def passes(graph: Graph, mistakes: Iterable[Mistake]) -> list[Pass]:
    """The passes of the mistakes that can be made on this graph."""
    found = []
    for mistake in mistakes:
        for wrong in mistake.passes(graph):
            if wrong != Wrong(numbers=wrong.numbers):
                found.append(Pass(mistake, wrong, slopes(graph, wrong), adjoints(graph, wrong)))
    return found
