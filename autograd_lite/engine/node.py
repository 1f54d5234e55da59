"""How a node keeps its operands, and the derivatives by them."""

from __future__ import annotations

from typing import Any, TypeVar

from .recording import watch
from .scope import Scope

N = TypeVar("N", bound="Node")


class Node:
    """The slots of a node. The operands are x and y, as in the table, and dx, dy the local derivatives by them.

    For an operation over many operands, y is `...`, x is the tuple of operands and dx that of their derivatives. One of three
    operands chooses: dy is True, and the derivative by a side that was not taken is `not_taken`. A leaf has no x.

    Everything is in slots of one object, for the garbage collector's time goes by the number of objects.
    """

    __slots__ = ("_data", "grad", "op", "label", "_x", "_y", "_dx", "_dy", "_origin", "scope")

    _data: float
    grad: float
    op: str
    label: str
    _x: Any
    _y: Any
    _dx: Any
    _dy: Any
    _origin: str
    scope: Scope  # where it is set: nodes that no module made have none

    @property
    def parents(self: N) -> tuple[N, ...]:
        """The operands, in order, with duplicates; empty for a leaf."""
        if self._y is ...:
            return tuple(self._x)
        return () if self._x is None else (self._x,) if self._y is None else (self._x, self._y)

    @property
    def local_derivatives(self) -> tuple[float, ...]:
        """The derivative of this node by each of its `parents`, at the operands of the forward pass."""
        watch("reads the local derivatives of", self)
        return self._derivatives()

    # What scalar GPTs in one file, and what draws their graphs, call these
    _children, _local_grads = parents, local_derivatives

    def _derivatives(self) -> tuple[float, ...]:
        if self._y is ...:
            return tuple(self._dx)
        return () if self._x is None else (self._dx,) if self._y is None else (self._dx, self._dy)
