"""Graphs as data, and with other numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .. import ops
from ..backprop import topological_order
from ..engine.eager import family, is_parameter
from ..engine.scope import Scope
from ..value import OPERATIONS, Value


class Row(NamedTuple):
    """A node as data: its operation, label, number if it is a leaf, else the places of its operands, and its time step."""

    op: str
    label: str
    content: float | Sequence[int]
    time: int | None


def listed(output: Value) -> list[Row]:
    """The nodes of a graph as data, parents first: `rebuilt` makes the graph again, in another process too."""
    nodes = topological_order(output)
    place = {node: k for k, node in enumerate(nodes)}
    contents = [[place[p] for p in node.parents] if node.parents else node.data for node in nodes]
    return [Row(node.op, node.label, content, time_of(node)) for node, content in zip(nodes, contents)]


def rebuilt(rows: Sequence[Sequence[Any]], numbers: Mapping[int, float] | None = None, scopes: Sequence[Any] = ()) -> Value:
    """A graph of such rows, with other numbers for the leaves at some places, and the scopes of the nodes, None for none.

    ValueError or an ArithmeticError where an operation has no value at these numbers.
    """
    nodes: list[Any] = []
    for k, (op, label, content, time) in enumerate(rows):
        if isinstance(content, (int, float)):
            node = Value((numbers or {}).get(k, content), label)
            node.op = op
        else:
            node = applied(op, [nodes[i] for i in content])
            node.label = label
        scope = scopes[k] if scopes else None if time is None else Scope(f"t = {time}")
        if scope is not None:
            node.scope = scope
        nodes.append(node)
    return nodes[-1]  # type: ignore[no-any-return]


def time_of(node: Value) -> int | None:
    """The time step that a node was made in, as its scope has it."""
    scope = getattr(node, "scope", None)
    return next((part.time for part in scope.path[::-1] if part.time is not None), None) if scope is not None else None


def applied(op: str, operands: list[Value]) -> Value:
    """The operation on these operands."""
    if op in ops.FAMILIES:
        return family(op, operands)  # type: ignore[no-any-return]
    plain = [x.data if is_parameter(op, i, operands) else x for i, x in enumerate(operands)]
    node: Value = OPERATIONS[op](*plain)
    return node
