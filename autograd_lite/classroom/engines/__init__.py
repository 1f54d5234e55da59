"""Engines to read: each goes back through any graph of Values, in a style of its own, and is right. Bugs are planted in them."""

from __future__ import annotations

from ...backprop import not_taken
from ...engine.modes import differentiating
from ...value import OPERATIONS, Value


def edges(node: Value) -> list[tuple[Value, float]]:
    """The operands of a node, each with the local derivative by it; without a side that was not taken.

    >>> [(parent.label, slope) for parent, slope in edges(Value(2.0, "x") * Value(3.0, "w"))]
    [('x', 3.0), ('w', 2.0)]
    """
    pairs = zip(node.parents, node.local_derivatives)
    return [(parent, derivative) for parent, derivative in pairs if derivative is not not_taken]


def slope(out: Value, x: float) -> float:
    """The derivative of an operation at x. out: a node of it, all of whose operands but one are plain numbers.

    >>> slope(Value(3.0).square(), 5.0)
    10.0
    """
    i = next(i for i, parent in enumerate(out.parents) if not parent.is_plain_number)
    with differentiating():
        z: Value = OPERATIONS[out.op](*[Value(x) if k == i else parent.data for k, parent in enumerate(out.parents)])
    return z.local_derivatives[i]
