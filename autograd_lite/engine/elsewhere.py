"""What other engines call the parts of a node, for the programs that were written with them."""

from __future__ import annotations

import re
from typing import Any

from ..backprop import not_taken
from ..ops import ROWS


class Elsewhere:
    """micrograd's `_prev` (a node's parents), `_op` and `_backward()`, the chain rule at this node alone; `_children` and
    `_local_grads`, the parents and local derivatives of scalar GPTs in one file.

    >>> from autograd_lite import Value
    >>> a, b = Value(2.0), Value(-3.0)
    >>> c = a * b
    >>> c.grad = 1.0
    >>> c._backward()
    >>> c._op, a.grad, b.grad
    ('*', -3.0, 2.0)
    """

    __slots__ = ()

    @property
    def _prev(self: Any) -> tuple[Any, ...]:
        return self.parents  # type: ignore[no-any-return]

    _children = _prev

    @property
    def _local_grads(self: Any) -> tuple[float, ...]:
        return self.local_derivatives  # type: ignore[no-any-return]

    @property
    def _op(self: Any) -> str:
        """The sign of an operation that has one, else its name; "" for what was not computed."""
        sign = re.fullmatch(r"x (\S+) y|(-)x", ROWS[self.op].formula) if self.op in ROWS else None
        return sign[1] or sign[2] if sign else str(self.op) if self.parents else ""

    def _backward(self: Any) -> None:
        """Adds what this node passes back to the grad of each of its parents."""
        for parent, derivative in zip(self.parents, self.local_derivatives):
            if derivative is not not_taken:
                parent.grad += derivative * self.grad
