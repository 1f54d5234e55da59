"""Derivatives against differences, side by side: the first thing to try when a gradient looks wrong."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable
from typing import Any, TextIO

from .backprop import gradient
from .modes import mode
from .value import Value, no_grad


def check_gradients(
    f: Callable[..., Any], inputs: Iterable[Value | float], tolerance: float = 1e-6, file: TextIO | None = None
) -> bool:
    """Prints, for each input, the derivative of `f(*inputs)` by the engine and by central differences; True if all agree.

    f: a function with one Value as its result. inputs: numbers, or leaves whose data is moved and put back, such as a
    model's parameters (then `f` may ignore its arguments). Two numbers agree if they differ by at most `tolerance` times
    the larger of 1 and their size. The differences, extrapolated from two widths around 1e-3 times the input's size, are
    good to about 1e-10 for a smooth `f`; at a kink (relu at 0) they are not the derivative, and the line says so.

    >>> x, y = Value(2.0, "x"), Value(-3.0, "y")
    >>> check_gradients(lambda x, y: x * y + x**2, [x, y], file=sys.stdout)
    input             data       derivative       difference
    x                    2                1                1  agrees
    y                   -3                2                2  agrees
    True
    """
    file = file or sys.stdout
    nodes = [x if isinstance(x, Value) else Value(x) for x in inputs]
    for i, node in enumerate(nodes):
        if node.parents:
            raise ValueError(f"check_gradients needs leaves as inputs, but input {i} ({node!r}) was computed by {node.op}")
    with mode("derivative", special=False, without="no_grad"):
        output = f(*nodes)
    if not isinstance(output, Value):
        raise TypeError(f"check_gradients needs a function with a Value as its result, got {type(output).__name__}")
    derivatives = [derivative.item() for derivative in gradient(output, nodes)]
    print(f"{'input':<10}{'data':>12}{'derivative':>17}{'difference':>17}", file=file)
    failing = []
    for i, (node, derivative) in enumerate(zip(nodes, derivatives)):
        name = "".join([c if c.isprintable() else "?" for c in str(node.label)[:40]]) or f"input {i}"
        try:
            difference = _difference(f, nodes, node)
        except (ValueError, ArithmeticError) as error:
            difference, verdict = math.nan, f"no difference: {error}"
        else:
            agrees = abs(derivative - difference) <= tolerance * max(1.0, abs(derivative), abs(difference))
            verdict = "agrees" if agrees else "DIFFERS: a wrong derivative, or a kink near this point"
        if verdict != "agrees":
            failing.append(name)
        print(f"{name:<10}{node.data:>12.6g}{derivative:>17.9g}{difference:>17.9g}  {verdict}", file=file)
    if failing:
        print(f"not in agreement: {', '.join(failing)}", file=file)
    return not failing


def _difference(f: Callable[..., Any], nodes: list[Value], node: Value) -> float:
    """The central difference of `f` by one node, with the error of second order in the width extrapolated away."""
    data = node.data
    width = 1e-3 * max(1.0, abs(data))

    def central(h: float) -> float:
        node.data = data + h
        above, high = f(*nodes).item(), node.data
        node.data = data - h
        below, low = f(*nodes).item(), node.data
        return float((above - below) / (high - low))

    try:
        with no_grad():
            return (4.0 * central(width / 2) - central(width)) / 3.0
    finally:
        node.data = data
