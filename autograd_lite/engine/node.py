"""How a node keeps its operands, and the derivatives by them."""

from __future__ import annotations

import ast
import gc
from collections.abc import Sequence
from typing import Any, TypeVar

from .recording import watch
from .scope import Scope

PLAIN_NUMBER = "const"  # its op
N = TypeVar("N", bound="Node")


# The one class that Python brings whose objects take attributes of one's own (`p.velocity = 0.0`) and are no larger, nor made any
# slower, for those that have none: a dict of each node would take a tenth of the time, and three times the memory
Bare = ast.AST
new = Bare.__new__


class Node(Bare):
    """The slots of a node. The operands are x and y, as in the table, and dx, dy the local derivatives by them.

    A leaf has an x of None, and no more; an operation of one operand a y of None. For one over many operands, y is `...`, x a
    tuple of operands and dx that of their derivatives; dy is empty, or has two such tuples for the other operands, which follow:
    nodes that have their weights or their inputs in common share these. One of three operands chooses: dy is True, and the
    derivative by a side that was not taken is `not_taken`. `_mark` is what the last pass that was here has marked it with.

    Everything is in slots of one object, for the garbage collector's time goes by the number of objects.
    """

    __slots__ = ("_data", "grad", "op", "label", "_x", "_y", "_dx", "_dy", "_mark", "_origin", "scope")

    _data: float
    grad: float
    op: str
    label: str
    _x: Any
    _y: Any
    _dx: Any
    _dy: Any
    _mark: object
    _origin: str
    scope: Scope  # where it is set: nodes that no module made have none

    @property
    def parents(self: N) -> tuple[N, ...]:
        """The operands, in order, with duplicates; empty for a leaf."""
        if self._x is None:
            return ()
        if self._y is ...:
            return self._x + self._others()[0]  # type: ignore[no-any-return]
        return (self._x,) if self._y is None else (self._x, self._y)

    @property
    def local_derivatives(self) -> tuple[float, ...]:
        """The derivative of this node by each of its `parents`, at the operands of the forward pass."""
        watch("reads the local derivatives of", self)
        return self._derivatives()

    @property
    def is_plain_number(self) -> bool:
        """Whether it stands for a plain number that was an operand, and not for a Value."""
        return self.op == PLAIN_NUMBER

    def _derivatives(self) -> tuple[float, ...]:
        if self._x is None:
            return ()
        if self._y is ...:
            return self._dx + self._others()[1]  # type: ignore[no-any-return]
        return (self._dx,) if self._y is None else (self._dx, self._dy)

    def _others(self) -> tuple[tuple[Any, ...], tuple[float, ...]]:
        """Of an operation over many operands, those that are not in x, and their derivatives."""
        return ((), ()) if self._dy is True else self._dy or ((), ())

    def _chooses(self) -> bool:
        return self._x is not None and self._y is ... and self._dy is True

    def _keep(self, operands: Sequence[Any], derivatives: Sequence[float], many: bool, chooses: bool) -> None:
        if many or chooses:
            self._x, self._y, self._dx, self._dy = tuple(operands), ..., tuple(derivatives), chooses or ()
        else:
            self._x, self._dx = operands[0], derivatives[0]
            self._y, self._dy = (operands[1], derivatives[1]) if len(operands) == 2 else (None, None)

    def _own(self) -> dict[str, Any]:
        """The attributes of one's own: asking for `__dict__` would make one where there are none."""
        return next((thing for thing in gc.get_referents(self) if type(thing) is dict), {})

    def _copied(self: N, operands: Sequence[Any]) -> N:
        """A node of the same numbers, with these operands. Without the attributes of one's own."""
        copy = new(type(self))
        copy._data, copy.grad, copy.op, copy.label, copy._mark, copy._x = self._data, self.grad, self.op, self.label, None, None
        for name in ("_origin", "scope"):
            if hasattr(self, name):
                setattr(copy, name, getattr(self, name))
        if operands:
            copy._keep(operands, self._derivatives(), self._y is ..., self._chooses())
        return copy
