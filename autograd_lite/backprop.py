"""Backpropagation, as on a blackboard: the order of a graph, and the chain rule along it.

A node has `parents` (what it was computed from, in order), `local_derivatives` (of itself by each of them) and a `grad`. Nothing
else is asked of it. `Value.backward` is this pass; the tests hold the one against the other, to the last bit.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from operator import attrgetter, mul
from typing import Any, NamedTuple, TypeVar

N = TypeVar("N")


def topological_order(output: N, known: Container[int] = ()) -> list[N]:
    """Every node that `output` was computed from, and itself: parents first, each once. Left to right, without recursion.

    Nodes whose `id` is in `known` are left out, with what is below them only.

    >>> from autograd_lite import Value
    >>> a, b = Value(2.0, "a"), Value(3.0, "b")
    >>> [node.label or node.op for node in topological_order(a * b + a)]
    ['a', 'b', 'mul', 'add']
    """
    if not hasattr(output, "parents"):
        raise TypeError(f"a graph is that of a Value, got {type(output).__name__} {output!r:.60}")
    order: list[N] = []
    if id(output) in known:
        return order
    seen = {output}
    path: list[Any] = [(output, iter(output.parents))]
    while path:
        node, parents = path[-1]
        for parent in parents:
            if parent not in seen and id(parent) not in known:
                seen.add(parent)
                path.append((parent, iter(parent.parents)))
                break
        else:
            order.append(node)
            path.pop()
    return order


class NotTaken(float):
    """The local derivative by a side that a choice (`where`) did not take. It is 0, and not even infinity times it is more."""


not_taken = NotTaken(0.0)


class Contribution(NamedTuple):
    """What `node` passes back to its i-th parent: `amount`, the `adjoint` of the node times the local `derivative`."""

    node: Any
    i: int
    parent: Any
    adjoint: float
    derivative: float
    amount: float


def total(node: Any, arrived: Sequence[Contribution]) -> float:
    """The adjoint of a node: the sum of what has arrived from all nodes that it is a parent of."""
    adjoint = 0.0
    for contribution in arrived:
        adjoint += contribution.amount
    return adjoint


def contributions(
    output: Any,
    order: Any = topological_order,
    derivatives: Any = attrgetter("local_derivatives"),
    product: Any = mul,
    total: Any = total,
) -> Iterator[Contribution]:
    """The backward pass, step by step: from the output on, each node passes its adjoint back to its parents.

    By the chain rule; with another `order`, `derivatives`, `product` or `total`, by one of the mistakes that are made with it. A
    side that was not taken gets nothing, and a node that got nothing passes nothing on.
    """
    arrived: dict[Any, list[Contribution]] = {}
    for node in reversed(order(output)):
        if node is output or node in arrived:
            adjoint = 1.0 if node is output else total(node, arrived[node])
            for i, (parent, derivative) in enumerate(zip(node.parents, derivatives(node))):
                if derivative is not not_taken:
                    contribution = Contribution(node, i, parent, adjoint, derivative, product(adjoint, derivative))
                    arrived.setdefault(parent, []).append(contribution)
                    yield contribution


def adjoints(output: Any, **rules: Any) -> dict[Any, float]:
    """The derivative of `output` by every node below it, and by itself.

    >>> from autograd_lite import Value
    >>> a = Value(3.0, "a")
    >>> adjoints(a * a)[a], adjoints(a * a, total=lambda node, arrived: arrived[-1].amount)[a]
    (6.0, 3.0)
    """
    arrived: dict[Any, list[Contribution]] = {node: [] for node in topological_order(output)}
    for contribution in contributions(output, **rules):
        arrived[contribution.parent].append(contribution)
    summed = rules.get("total", total)
    return {node: 1.0 if node is output else summed(node, parts) if parts else 0.0 for node, parts in arrived.items()}


def backward(output: Any, **rules: Any) -> None:
    """Sets the grad of every interior node to its adjoint, and adds it to the grad of every leaf."""
    for node, adjoint in adjoints(output, **rules).items():
        node.grad = adjoint if node.parents else node.grad + adjoint
