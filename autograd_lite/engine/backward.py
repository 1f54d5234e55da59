"""The pass of `Value.backward`: that of :mod:`autograd_lite.backprop`, in the least time, and all of it or nothing."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Sequence
from typing import Any

from ..backprop import not_taken
from ..sources import execute
from .errors import as_float, described
from .modes import detect_anomaly, is_on
from .recording import watch
from .source import UNROLLED, pass_source

# One pass at a time: it marks the nodes that it has reached, and leaves may be shared between threads
_pass = threading.RLock()


def _new_lock() -> None:
    """In a new process, where the thread that holds the lock may not exist."""
    global _pass
    _pass = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_new_lock)


def backward(output: Any) -> None:
    """The derivative of `output` by every node below it: set as the grad of interior nodes, added to the grad of leaves.

    Chain rule: a node's adjoint is the sum, over the nodes that it is an operand of, of their adjoint times the local
    derivative. If anything fails, the grads of the leaves are as before and those of interior nodes are 0.

    Raises FloatingPointError under `detect_anomaly`, where an adjoint is infinite or nan.
    """
    watch("goes backward() from", output)
    order: list[Any] = []
    leaves: list[Any] = []
    before: list[float] = []
    if _pass._is_owned():  # type: ignore[attr-defined]
        raise RuntimeError("backward() was called within backward(), by a signal handler or a finalizer")
    with _pass:
        try:
            chooses = _reach(output, order, leaves)
            before += [leaf.grad for leaf in leaves]
            for leaf in leaves:
                leaf.grad = 0.0
            output.grad = 1.0
            passing = _apply_chain_rule_with_choices(order) if chooses else _apply_chain_rule(order)
            if is_on(detect_anomaly):
                _check_adjoints(passing)
            known = [
                grad if type(grad) is float else as_float(grad, "backward, adding to the grad of a leaf,") for grad in before
            ]
            for leaf, grad in zip(leaves, [grad + leaf.grad for grad, leaf in zip(known, leaves)]):
                leaf.grad = grad
        except BaseException:
            for leaf, grad in zip(leaves, before):
                leaf.grad = grad
            for node in order:
                node.grad = 0.0
            raise


def _apply_chain_rule(order: list[Any]) -> list[Any]:
    """Adds to the grads of each node's operands its adjoint times the local derivatives, from the output on. The order."""
    pass_back = _pass_back
    for node in reversed(order):
        adjoint = node.grad
        y = node._y
        if y is ...:
            x, others = node._x, node._dy
            pass_back[len(x)](x, node._dx, adjoint)
            if others:
                y, dy = others
                pass_back[len(y)](y, dy, adjoint)
        else:
            x = node._x
            x.grad += adjoint * node._dx
            if y is not None:
                y.grad += adjoint * node._dy
    return order


class _PassBack(dict[int, Callable[..., None]]):
    """The chain rule for that many operands, written out when first asked for."""

    def __missing__(self, count: int) -> Callable[..., None]:
        if count > UNROLLED:
            return _in_a_loop
        function = f"pass_{count}"
        self[count] = execute(pass_source(function, count), f"<autograd_lite {function}>", {}, {})[function]
        return self[count]


def _in_a_loop(x: Sequence[Any], dx: Sequence[float], adjoint: float) -> None:
    for parent, derivative in zip(x, dx):
        parent.grad += adjoint * derivative


_pass_back = _PassBack()


def _apply_chain_rule_with_choices(order: list[Any]) -> list[Any]:
    """The same where a side was not taken: it gets nothing, and a node that got nothing passes nothing on. Those that do."""
    got = {order[-1]}
    for node in reversed(order):
        if node in got:
            adjoint = node.grad
            for parent, derivative in _taken(node):
                parent.grad += adjoint * derivative
                got.add(parent)
    return [node for node in order if node in got]


def _taken(node: Any) -> list[tuple[Any, float]]:
    """The operands of a node, without a side that was not taken, each with the local derivative by it."""
    return [(parent, derivative) for parent, derivative in zip(node.parents, node._derivatives()) if derivative is not not_taken]


def _reach(output: Any, order: list[Any], leaves: list[Any]) -> bool:
    """Appends the interior nodes below `output`, parents first, with grads of 0, and the leaves.

    Returns whether one of them is an operation that chooses. The same walk as `topological_order`, in the form that took
    the least time.
    """
    mark = object()  # of the nodes reached in this pass: whatever an interrupted one has left behind is another
    chooses = False
    if output._x is None:
        leaves.append(output)
        return chooses
    path: list[Any] = []
    unread: dict[int, Any] = {}  # of the tuples of operands that were come to, which nodes share, those still to be looked at
    node = output
    node._mark = mark
    node.grad = 0.0
    while True:
        x, y = node._x, node._y
        if y is ...:
            others = node._dy
            if others is True:
                chooses, others = True, ()
            for operands in (x, others[0]) if others else (x,):
                rest = unread.get(id(operands))
                if rest is None:
                    rest = unread[id(operands)] = iter(operands)
                for parent in rest:
                    if parent._mark is not mark:
                        parent._mark = mark
                        if parent._x is None:
                            leaves.append(parent)
                        else:
                            path.append(node)
                            node = parent
                            node.grad = 0.0
                            break
                else:
                    continue
                break
            else:
                order.append(node)
                if not path:
                    return chooses
                node = path.pop()
            continue
        if x._mark is not mark:
            x._mark = mark
            if x._x is None:
                leaves.append(x)
            else:
                path.append(node)
                node = x
                node.grad = 0.0
                continue
        if y is not None and y._mark is not mark:
            y._mark = mark
            if y._x is None:
                leaves.append(y)
            else:
                path.append(node)
                node = y
                node.grad = 0.0
                continue
        order.append(node)
        if not path:
            return chooses
        node = path.pop()


def _check_adjoints(order: Sequence[Any]) -> None:
    """FloatingPointError for the first step of the chain rule, from the output on, that is infinite or nan."""
    for node in reversed(order):
        for parent, derivative in _taken(node):
            if not math.isfinite(node.grad * derivative) or not math.isfinite(parent.grad):
                made = getattr(node, "_origin", "a line before detect_anomaly was switched on")
                raise FloatingPointError(
                    f"backward through {node.op}: adjoint {node.grad!r} times local derivative {derivative!r} makes the "
                    f"adjoint of {parent!r} {parent.grad}; operands {described(node.op, node.parents)}, made at {made}"
                )
