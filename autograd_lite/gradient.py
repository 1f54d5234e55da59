"""The gradient as a graph of its own, which can be differentiated again.

The way back is that of `backprop`; but a local derivative is a rule of the table, read as Values, and so are products and sums.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Iterable, Iterator
from functools import partial
from typing import Any, overload

from .backprop import topological_order
from .engine.eager import family, is_parameter
from .engine.modes import as_ieee
from .engine.on_floats import ieee_value, local_derivatives
from .formulas import Reading, derivative, is_sum_of_products, other_factors
from .ops import FAMILIES, ROWS
from .value import OPERATIONS, Value


@overload
def gradient(output: Value, inputs: Value) -> Value: ...
@overload
def gradient(output: Value, inputs: Iterable[Value]) -> list[Value]: ...
def gradient(output: Value, inputs: Value | Iterable[Value]) -> Value | list[Value]:
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
    with as_ieee():
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
    with as_ieee():
        for node in topological_order(output):
            if node not in tangent_of:
                tangent = _total_of_products([(tangent_of[p], d) for p, d in _local_derivatives(node, tangent_of)])
                if not _is(tangent, 0.0):
                    tangent_of[node] = tangent
    return as_value(tangent_of.get(output, 0.0))


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
    operands = [parent._data if parent.is_plain_number else parent for parent in parents]
    if is_sum_of_products(node.op):
        for parent, factor, number in zip(parents, other_factors(node.op, operands), recorded):
            if parent in wanted:
                now = factor._data if isinstance(factor, Value) else factor
                if now != number and not _same(now, number):
                    raise _changed(node)
                yield parent, factor
        return
    reading = on_values if node.op in ROWS else OnValuesOnce()
    for i, parent in enumerate(parents):
        if parent not in wanted or is_parameter(node.op, i, parents):
            continue
        text, names = derivative(node.op, operands, i)
        if text == "0":
            continue
        rule = reading(text, {**names, "z": node})
        if not _same(as_value(rule)._data, recorded[i]):  # or 0 over nan, left out as 0
            numbers = [x._data for x in parents]
            if not _same(local_derivatives(node.op, numbers, node._data)[i], recorded[i]):
                raise _changed(node)
        if not (node._chooses() and _is(rule, 0.0)):  # a side that is never taken
            yield parent, rule


def check_recorded(node: Value) -> None:
    """RuntimeError if the data of a node is no longer what its operation gives for the data of its operands."""
    parents = node.parents
    if parents and not _same(ieee_value(node.op, [parent._data for parent in parents]), node._data):
        raise _changed(node)


def _changed(node: Value) -> RuntimeError:
    return RuntimeError(
        f"the data of {node!r} or of one of its operands has changed since the forward pass: run the forward pass again, "
        "or use backward(), which keeps the derivatives of the pass that was run"
    )


def _same(x: float, y: float) -> bool:
    """Whether two numbers differ by rounding alone, as do the forms of a rule."""
    return x == y or math.isclose(x, y, rel_tol=1e-9) or (x != x and y != y)


# Rules on Values ------------------------------------------------------------------------------------------------------

# Their operators, of Values and of floats, which are constants; what a person would leave out is left out: 0 + x is x


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


# Of where(c, x, 0) * y, y may be infinite where c does not hold, and 0 * inf is nan. So the product is taken within:
# where(c, x * y, 0); and what has one condition is added up within it.


def _masked(x: Any) -> tuple[Value, bool, Any] | None:
    """The condition of what is 0 on one side, whether the other side is where it holds, and the term on that side."""
    if not isinstance(x, Value) or x.op != "where":
        return None
    condition, *sides = x.parents
    for side, other in ((True, sides[1]), (False, sides[0])):
        if other.is_plain_number and other._data == 0.0:
            term = sides[0] if side else sides[1]
            return condition, side, term._data if term.is_plain_number else term
    return None


def _chosen(condition: Value, side: bool, x: Any) -> Any:
    """The opposite: the term on one side of the condition, and 0 on the other."""
    return _where(condition, x, 0.0) if side else _where(condition, 0.0, x)


def _is(x: Any, number: float) -> bool:
    """Whether it is that constant; a Value is not, whatever its data."""
    return type(x) is float and x == number


def _total_of_products(pairs: list[tuple[Any, Any]]) -> Any:
    """The sum of adjoint times local derivative over all contributions: one `dot`, where no term can be simplified."""
    if len(pairs) > 2 and not any([type(x) is float or _masked(x) for pair in pairs for x in pair]):
        return OPERATIONS["dot"](*zip(*pairs))
    return _total([_times(x, y) for x, y in pairs])


def _total(terms: list[Any]) -> Any:
    """The sum, without what is 0."""
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


class OnValues(Reading):
    """Rules on Values: functions are the operations of these names, also those that are registered later."""

    add, sub, mul, div = staticmethod(_plus), staticmethod(_minus), staticmethod(_times), staticmethod(_over)
    pow, where = staticmethod(_power), staticmethod(_where)

    def __init__(self) -> None:
        vars(self).update({op: OPERATIONS[op] for op in ROWS if not hasattr(OnValues, op)})

    def function(self, name: str) -> Callable[..., Any]:
        return OPERATIONS[name]


class OnValuesOnce(OnValues):
    """The same for the rules of one node of a family: what these share is one node."""

    def __init__(self) -> None:
        super().__init__()
        self.made: dict[Any, Any] = {}

    def function(self, name: str) -> Callable[..., Any]:
        return partial(self._once, name) if name in FAMILIES else super().function(name)

    def _once(self, op: str, *operands: Any) -> Any:
        key = (op, *operands)
        if key not in self.made:
            self.made[key] = family(op, operands)
        return self.made[key]


on_values = OnValues()
