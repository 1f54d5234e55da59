"""Derivatives of plain functions, under JAX's names: a function of floats becomes another function of floats.

An argument is a number or a nest of lists, tuples and dicts of numbers, and its derivative has the same form. The functions
returned may be differentiated again, as in ``grad(grad(f))``: given Values, they return Values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from .engine.errors import as_float
from .engine.many import sum_
from .engine.modes import differentiating, is_on
from .gradient import as_value, gradient, pushforward
from .nests import leaves, mapped
from .value import Value


def grad(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """The gradient of `f`, a function with one number as its result, by the argument(s) at `argnums`.

    >>> grad(lambda x: x**3)(2.0)
    12.0
    >>> grad(grad(lambda x: x**3))(2.0)
    12.0
    >>> grad(lambda w, x: w[0] * x + w[1])([3.0, 1.0], 5.0)
    [5.0, 1.0]
    """

    def gradient_of_f(*args: Any, **options: Any) -> Any:
        return value_and_grad(f, argnums)(*args, **options)[1]

    return gradient_of_f


def value_and_grad(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., tuple[Any, Any]]:
    """The value of `f` and its gradient by the argument(s) at `argnums`. TypeError unless `f` returns one number."""

    def value_and_gradient_of_f(*args: Any, **options: Any) -> tuple[Any, Any]:
        inputs, output, finish = _run(partial(f, **options), args, argnums)
        if isinstance(output, (list, tuple, dict)):
            raise TypeError(f"grad needs a function with one number as its result, got a {type(output).__name__}; see jacobian")
        derivatives = iter(gradient(as_value(output), leaves(inputs)))
        return finish(output), finish(mapped(lambda _: next(derivatives), inputs))

    return value_and_gradient_of_f


def jacobian(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """The derivatives of every result of `f` by the argument(s) at `argnums`: in the form of the result, of the argument's form.

    >>> jacobian(lambda v: [v[0] * v[1], v[0] + v[1]])([2.0, 3.0])
    [[3.0, 2.0], [1.0, 1.0]]
    """

    def jacobian_of_f(*args: Any, **options: Any) -> Any:
        inputs, output, finish = _run(partial(f, **options), args, argnums)

        def derivatives_of(result: Any) -> Any:
            derivatives = iter(gradient(as_value(result), leaves(inputs)))
            return mapped(lambda _: next(derivatives), inputs)

        return finish(mapped(derivatives_of, output))

    return jacobian_of_f


def hessian(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """The second derivatives of `f`, a function with one number as its result: the jacobian of its gradient.

    >>> hessian(lambda v: v[0] * v[0] * v[1])([2.0, 3.0])
    [[6.0, 4.0], [4.0, 0.0]]
    """
    return jacobian(grad(f, argnums), argnums)


def jvp(f: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """The value of `f` at the arguments `primals`, and its derivative in the direction `tangents` (of the same form).

    Forward mode: along the graph, each node's tangent is the sum of its local derivatives times its parents' tangents.
    ValueError if the forms differ.

    >>> jvp(lambda x, y: x * y, (2.0, 3.0), (1.0, 10.0))
    (6.0, 23.0)
    """
    inputs, output, finish = _run(f, primals, range(len(primals)))
    tangent_of = {node: tangent for node, tangent in _pairs(inputs, tuple(tangents)) if type(tangent) is not float or tangent}
    return finish(output), finish(mapped(lambda result: pushforward(as_value(result), tangent_of), output))


def _run(f: Callable[..., Any], args: Sequence[Any], argnums: int | Sequence[int]) -> tuple[Any, Any, Callable[[Any], Any]]:
    """The inputs (as new nodes, in the form of the arguments at `argnums`), what `f` makes of them, and what makes floats
    of a result: nothing if Values were given, or within another derivative."""
    places = [argnums] if isinstance(argnums, int) else list(argnums)
    lifted = list(args)
    for place in places:
        try:
            lifted[place] = mapped(_new_node, args[place])
        except IndexError:
            raise TypeError(f"argnums names argument {place}, but there are {len(args)} arguments") from None
    outermost = not is_on(differentiating) and not any(isinstance(x, Value) for x in leaves(list(args)))
    with differentiating():
        output = f(*lifted)
    inputs = lifted[argnums] if isinstance(argnums, int) else tuple([lifted[place] for place in places])
    return inputs, output, (lambda result: mapped(_number, result)) if outermost else (lambda result: result)


def _new_node(x: Any) -> Value:
    """A node that stands for `x` alone, so that the derivative by it is not mixed up with that by an outer variable."""
    return sum_([x]) if isinstance(x, Value) else Value(x)


def _number(x: Any) -> Any:
    return x.item() if isinstance(x, Value) else float(x)


def _pairs(primal: Any, tangent: Any) -> Iterator[tuple[Value, Any]]:
    """Each node of a nest with the number or Value at its place in another of the same form."""
    if isinstance(primal, Value):
        if isinstance(tangent, (dict, list, tuple)):
            raise ValueError(f"jvp needs tangents of the form of the primals, got {tangent!r:.60} for a number")
        yield primal, tangent if isinstance(tangent, Value) else as_float(tangent, "jvp")
        return
    same = type(primal) is type(tangent) and len(primal) == len(tangent)
    if not same or (isinstance(primal, dict) and primal.keys() != tangent.keys()):
        raise ValueError(f"jvp needs tangents of the form of the primals, got {tangent!r:.60} for {primal!r:.60}")
    for key in primal if isinstance(primal, dict) else range(len(primal)):
        yield from _pairs(primal[key], tangent[key])
