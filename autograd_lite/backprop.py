"""Backpropagation, as on a blackboard: the order of a graph, and the chain rule along it.

A node has `parents` (what it was computed from, in order), `local_derivatives` (of itself by each of them) and a `grad`. Nothing
else is asked of it. `Value.backward` is this pass; the tests hold the one against the other, to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
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

    __slots__ = ()

    def __reduce__(self) -> str:
        return "not_taken"


not_taken = NotTaken(0.0)


class Contribution(NamedTuple):
    """What `node` passes back to its i-th parent: `adjoint` times `derivative` is `amount`. With it, `total` has come to that."""

    node: Any
    i: int
    parent: Any
    adjoint: float
    derivative: float
    amount: float
    total: float


def product(adjoint: float, derivative: float) -> float:
    """What a node passes back to a parent: its adjoint times the local derivative."""
    return adjoint * derivative


def total(before: float, amount: float) -> float:
    """The adjoint of a node once a further contribution has come: they add up over all nodes that it is a parent of."""
    return before + amount


def contributions(
    output: Any,
    order: Callable[[Any], list[Any]] = topological_order,
    product: Callable[[float, float], float] = product,
    total: Callable[[float, float], float] = total,
) -> Iterator[Contribution]:
    """The backward pass, step by step: from the output on, each node passes back to its parents.

    By the chain rule; with another `order`, `product` or `total`, by one of the mistakes that are made with it. A side that was
    not taken gets nothing, and a node that got nothing passes nothing on.
    """
    adjoint = {output: 1.0}
    for node in reversed(order(output)):
        for i, (parent, derivative) in enumerate(zip(node.parents, node.local_derivatives)):
            if node in adjoint and derivative is not not_taken:
                amount = product(adjoint[node], derivative)
                adjoint[parent] = total(adjoint.get(parent, 0.0), amount)
                yield Contribution(node, i, parent, adjoint[node], derivative, amount, adjoint[parent])


def adjoints(output: Any, order: Callable[[Any], list[Any]] = topological_order, **rules: Any) -> dict[Any, float]:
    """The derivative of `output` by every node below it, and by itself, in the order of the graph.

    >>> from autograd_lite import Value
    >>> a = Value(3.0, "a")
    >>> adjoints(a * a)[a], adjoints(a * a, total=lambda before, amount: amount)[a]
    (6.0, 3.0)
    """
    found = {**dict.fromkeys(order(output), 0.0), output: 1.0}
    for contribution in contributions(output, order, **rules):
        found[contribution.parent] = contribution.total
    return found


def backward(output: Any, **rules: Any) -> None:
    """Sets the grad of every interior node to its adjoint, and adds it to the grad of every leaf."""
    for node, adjoint in adjoints(output, **rules).items():
        node.grad = adjoint if node.parents else node.grad + adjoint
