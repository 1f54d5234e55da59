"""Backpropagation: the order of a graph, the chain rule along it, and the gradient as a graph of its own."""

from __future__ import annotations

import ast
import math
import os
import threading
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from . import ops
from .engine.modes import in_mode, mode
from .engine.recording import watch
from .value import OPERATIONS, Value, as_float, described, family, is_parameter


def topological_order(output: Value, known: Container[int] = ()) -> list[Value]:
    """Every node that `output` was computed from, and itself: parents first, each once. Left to right, without recursion.

    Nodes whose `id` is in `known` are left out, with what is below them only.

    >>> a, b = Value(2.0, "a"), Value(3.0, "b")
    >>> [node.label or node.op for node in topological_order(a * b + a)]
    ['a', 'b', 'mul', 'add']
    """
    if not isinstance(output, Value):
        raise TypeError(f"a graph is that of a Value, got {type(output).__name__} {output!r:.60}")
    order: list[Value] = []
    if id(output) in known:
        return order
    seen = {output}
    path = [(output, iter(output.parents))]
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


# One pass at a time: it marks the nodes that it has reached, and leaves may be shared between threads
_pass = threading.RLock()


def _new_lock() -> None:
    """In a new process, where the thread that holds the lock may not exist."""
    global _pass
    _pass = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_new_lock)


def backward(output: Value) -> None:
    """The derivative of `output` by every node below it: set as the grad of interior nodes, added to the grad of leaves.

    Chain rule: a node's adjoint is the sum, over the nodes that it is an operand of, of their adjoint times the local
    derivative. If anything fails, the grads of the leaves are as before and those of interior nodes are 0.

    Raises FloatingPointError under `detect_anomaly`, where an adjoint is infinite or nan.
    """
    watch("goes backward() from", output)
    # A node whose grad is this very object has been reached in this pass, and its adjoint is still zero. Whatever an
    # interrupted pass has left behind is another object.
    zero = float("0")
    order: list[Value] = []
    leaves: list[Value] = []
    before: list[float] = []
    if _pass._is_owned():  # type: ignore[attr-defined]
        raise RuntimeError("backward() was called within backward(), by a signal handler or a finalizer")
    with _pass:
        try:
            chooses = _reach(output, zero, order, leaves, before)
            output.grad = 1.0
            if chooses:
                _apply_chain_rule_with_choices(order, zero)
            else:
                _apply_chain_rule(order)
            if in_mode("detect_anomaly"):
                _check_adjoints(order, zero)
            after = [as_float(grad, "backward, adding to the grad of a leaf,") + leaf.grad for grad, leaf in zip(before, leaves)]
            for leaf, grad in zip(leaves, after):
                leaf.grad = grad
        except BaseException:
            for leaf, grad in zip(leaves, before):
                leaf.grad = grad
            for node in order:
                node.grad = 0.0
            raise


def _apply_chain_rule(order: list[Value]) -> None:
    """Adds to the grads of each node's operands its adjoint times the local derivatives, from the output on."""
    for node in reversed(order):
        adjoint = node.grad
        y = node._y
        if y is ...:
            for parent, derivative in zip(node._x, node._dx):
                parent.grad += adjoint * derivative
        else:
            x = node._x
            x.grad += adjoint * node._dx
            if y is not None:
                y.grad += adjoint * node._dy


def _apply_chain_rule_with_choices(order: list[Value], zero: float) -> None:
    """The same where a side was not taken: it gets no contribution, and a node without any makes none, whatever is below."""
    for node in reversed(order):
        adjoint = node.grad
        if adjoint is not zero:
            for parent, derivative in _taken(node):
                parent.grad += adjoint * derivative


def _taken(node: Value) -> list[tuple[Value, float]]:
    """The operands of a node, without a side that was not taken, each with the local derivative by it."""
    derivatives = node._dx if node._y is ... else node._derivatives()
    return [(parent, derivative) for parent, derivative in zip(node.parents, derivatives) if derivative is not None]


def _reach(output: Value, zero: float, order: list[Value], leaves: list[Value], before: list[float]) -> bool:
    """Appends the interior nodes below `output`, parents first, and the leaves with their grads; sets all grads to `zero`.

    Returns whether one of them is an operation that chooses. The same walk as `topological_order`, in the form that took
    the least time.
    """

    def reach_leaf(leaf: Value) -> None:
        before.append(leaf.grad)
        leaves.append(leaf)
        leaf.grad = zero

    chooses = False
    if output._x is None:
        reach_leaf(output)
        return chooses
    path: list[Value] = []
    unread: dict[Value, Any] = {}  # of a node with many operands, those still to be looked at
    node = output
    node.grad = zero
    while True:
        x, y = node._x, node._y
        if y is ...:
            for parent in unread.setdefault(node, iter(x)):
                if parent.grad is not zero:
                    if parent._x is None:
                        reach_leaf(parent)
                    else:
                        path.append(node)
                        node = parent
                        node.grad = zero
                        break
            else:
                chooses |= node._dy is not None
                order.append(node)
                if not path:
                    return chooses
                node = path.pop()
            continue
        if x.grad is not zero:
            if x._x is None:
                reach_leaf(x)
            else:
                path.append(node)
                node = x
                node.grad = zero
                continue
        if y is not None and y.grad is not zero:
            if y._x is None:
                reach_leaf(y)
            else:
                path.append(node)
                node = y
                node.grad = zero
                continue
        order.append(node)
        if not path:
            return chooses
        node = path.pop()


def _check_adjoints(order: Sequence[Value], zero: float) -> None:
    """FloatingPointError for the first step of the chain rule, from the output on, that is infinite or nan."""
    for node in reversed(order):
        if node.grad is zero:  # no contribution came to it, and it made none
            continue
        for parent, derivative in _taken(node):
            if not math.isfinite(node.grad * derivative) or not math.isfinite(parent.grad):
                made = getattr(node, "_origin", "a line before detect_anomaly was switched on")
                raise FloatingPointError(
                    f"backward through {node.op}: adjoint {node.grad!r} times local derivative {derivative!r} makes the "
                    f"adjoint of {parent!r} {parent.grad}; operands {described(node.op, node.parents)}, made at {made}"
                )


# The gradient as a graph ---------------------------------------------------------------------------------------------

# A rule on Values: its operators, with what a person would leave out left out. A float in a rule is a constant.


def _plus(x: Any, y: Any) -> Any:
    return y if _is(x, 0.0) else x if _is(y, 0.0) else x + y


def _minus(x: Any, y: Any) -> Any:
    return x if _is(y, 0.0) else x - y


def _times(x: Any, y: Any) -> Any:
    for factor, other in ((x, y), (y, x)):
        if _is(factor, 1.0):
            return other
    for factor, other in ((x, y), (y, x)):
        if masked := _masked(factor):
            condition, side, inner = masked
            return _chosen(condition, side, _times(inner, other))
    for factor, other in ((x, y), (y, x)):
        if _is(factor, -1.0):
            return -other
    return x * y


def _over(x: Any, y: Any) -> Any:
    return 0.0 if _is(x, 0.0) else x if _is(y, 1.0) else OPERATIONS["div"](x, y)


def _power(x: Any, y: Any) -> Any:
    return 1.0 if _is(y, 0.0) else x if _is(y, 1.0) else OPERATIONS["pow"](x, y)


def _where(condition: Any, x: Any, y: Any) -> Any:
    if type(condition) is float:
        return x if condition else y
    return OPERATIONS["where"](condition, x, y)


def _masked(x: Any) -> tuple[Value, bool, Any] | None:
    """The condition, the side and the term of what is 0 on the other side: multiplied on its own side only, inf does no harm."""
    if not isinstance(x, Value) or x.op != "where":
        return None
    condition, *sides = x.parents
    for side, other in ((True, sides[1]), (False, sides[0])):
        if other.op == "const" and other._data == 0.0:
            term = sides[0] if side else sides[1]
            return condition, side, term._data if term.op == "const" else term
    return None


def _chosen(condition: Value, side: bool, x: Any) -> Any:
    return _where(condition, x, 0.0) if side else _where(condition, 0.0, x)


def _is(x: Any, number: float) -> bool:
    return type(x) is float and x == number


_OPERATORS = ((ast.Add, "plus"), (ast.Sub, "minus"), (ast.Mult, "times"), (ast.Div, "over"))
_ON_VALUES: dict[str, Any] = {
    **{op: OPERATIONS[op] for op in ops.ROWS},
    **{"plus": _plus, "minus": _minus, "times": _times, "over": _over, "pow": _power, "where": _where},
}


def gradient(output: Value, inputs: Value | Iterable[Value]) -> Any:
    """The derivatives of `output` by the inputs, as Values: a graph that can be differentiated again, drawn and explained.

    inputs: a Value, or a sequence of them; the result has the same form. They may be interior nodes. An input that `output`
    does not depend on has derivative 0. The grads of the nodes are left as they are.

    Raises RuntimeError if data on the way has been changed since the forward pass. At a singular point (the square root
    of 0) it is infinite, as the local derivative there.

    >>> x = Value(3.0)
    >>> first = gradient(x**3, x)
    >>> first.data, gradient(first, x).data
    (27.0, 18.0)
    """
    if isinstance(inputs, Value):
        return gradient(output, [inputs])[0]
    inputs = list(inputs)
    for node in (output, *inputs):
        if not isinstance(node, Value):
            raise TypeError(f"gradient needs Values, got {type(node).__name__} {node!r:.60}")
    adjoints = adjoints_of(output, inputs)
    return [as_value(adjoints.get(node, 0.0)) for node in inputs]


def adjoints_of(output: Value, inputs: Iterable[Value]) -> dict[Value, Any]:
    """The adjoint of `output` and of every node between it and the inputs: a Value, or a float where it is constant."""
    order = topological_order(output)
    wanted = set(inputs)
    for node in order:
        if not wanted.isdisjoint(node.parents):
            wanted.add(node)
    contributions: dict[Value, list[tuple[Any, Any]]] = {output: [(1.0, 1.0)]}
    adjoints: dict[Value, Any] = {}
    with mode("ieee", special=False):
        for node in reversed(order):
            if node not in wanted or node not in contributions:
                continue
            adjoint = adjoints[node] = _total_of_products(contributions.pop(node))
            for parent, derivative in _local_derivatives(node, wanted):
                contributions.setdefault(parent, []).append((adjoint, derivative))
    return adjoints


def pushforward(output: Value, tangent_of: dict[Value, Any]) -> Value:
    """The derivative of `output` along the tangents given for some nodes, as a Value; adds those of the nodes between.

    A node without a tangent does not move: whatever the local derivative by it is, it contributes nothing.
    """
    with mode("ieee", special=False):
        for node in topological_order(output):
            if node not in tangent_of:
                tangent = _total_of_products([(tangent_of[p], d) for p, d in _local_derivatives(node, tangent_of)])
                if not _is(tangent, 0.0):
                    tangent_of[node] = tangent
    return as_value(tangent_of.get(output, 0.0))


def _total_of_products(pairs: list[tuple[Any, Any]]) -> Any:
    if len(pairs) > 2 and not any([type(x) is float or _masked(x) for pair in pairs for x in pair]):
        return OPERATIONS["dot"](*zip(*pairs))
    return _total([_times(x, y) for x, y in pairs])


def _total(terms: list[Any]) -> Any:
    kept: list[Any] = []
    chosen: dict[tuple[Value, bool], list[Any]] = {}
    for term in terms:
        if masked := _masked(term):
            condition, side, inner = masked
            chosen.setdefault((condition, side), []).append(inner)
        elif not _is(term, 0.0):
            kept.append(term)
    terms = [*kept, *[_chosen(condition, side, _total(inner)) for (condition, side), inner in chosen.items()]] or [0.0]
    return terms[0] if len(terms) == 1 else terms[0] + terms[1] if len(terms) == 2 else OPERATIONS["sum_"](terms)


def as_value(x: Value | float) -> Value:
    """The Value itself, or a leaf of the number."""
    return x if isinstance(x, Value) else Value(x)


def _local_derivatives(node: Value, wanted: Container[Value]) -> Iterator[tuple[Value, Any]]:
    """The wanted parents of `node`, each with the rule of its derivative on Values, or a float where that is constant.

    One by which it does not vary anywhere is left out.
    """
    parents, recorded = node.parents, node._derivatives()
    if not parents:
        return
    check_recorded(node)
    operands = [parent._data if parent.op == "const" else parent for parent in parents]
    if node.op in ops.FAMILIES and node.op not in ops.PARTS:
        for parent, factor, number in zip(parents, ops.other_factors(node.op, operands), recorded):
            if parent in wanted:
                now = factor._data if isinstance(factor, Value) else factor
                if now != number and not _same(now, number):
                    raise _changed(node)
                yield parent, factor
        return
    functions = _ON_VALUES if node.op in ops.ROWS else {**_ON_VALUES, **_families_once()}
    for i, parent in enumerate(parents):
        if parent not in wanted or is_parameter(node.op, i, parents):
            continue
        text, names = ops.derivative(node.op, operands, i)
        if text == "0":
            continue
        derivative = eval(ops.rule(text, _OPERATORS, False), functions, {**names, "z": node})
        if not _same(as_value(derivative)._data, recorded[i]):  # or 0 over nan, left out as 0
            numbers = [x._data for x in parents]
            if not _same(ops.local_derivatives(node.op, numbers, node._data)[i], recorded[i]):
                raise _changed(node)
        if not (node._dy is True and _is(derivative, 0.0)):  # a side that is never taken
            yield parent, derivative


def _families_once() -> dict[str, Callable[..., Any]]:
    """The families for the rules of one node: what these share is one node."""
    made: dict[Any, Any] = {}

    def once(op: str, *operands: Any) -> Any:
        key = (op, *operands)
        if key not in made:
            made[key] = family(op, operands)
        return made[key]

    return {op: partial(once, op) for op in ops.FAMILIES}


def check_recorded(node: Value) -> None:
    """RuntimeError if the data of a node is no longer what its operation gives for the data of its operands."""
    parents = node.parents
    if parents and not _same(ops.value(node.op, [parent._data for parent in parents], ops.IEEE), node._data):
        raise _changed(node)


def _changed(node: Value) -> RuntimeError:
    return RuntimeError(
        f"the data of {node!r} or of one of its operands has changed since the forward pass: run the forward pass again, "
        "or use backward(), which keeps the derivatives of the pass that was run"
    )


def _same(x: float, y: float) -> bool:
    return x == y or math.isclose(x, y, rel_tol=1e-9) or (x != x and y != y)
