"""Derivatives against differences, side by side: the first thing to try when a gradient looks wrong."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable
from typing import TextIO

from .engine.modes import differentiating, no_grad
from .gradient import gradient
from .value import Value


def check_gradients(
    f: Callable[..., Value], inputs: Iterable[Value | float], tolerance: float = 1e-6, file: TextIO | None = None
) -> bool:
    """Prints, for each input, the derivative of `f(*inputs)` by the engine and by central differences; True if all agree.

    f: a function with one Value as its result. inputs: numbers, or leaves whose data is moved and put back, such as a
    model's parameters (then `f` may ignore its arguments). Two numbers agree if they differ by at most `tolerance` times
    the larger of 1 and their size. The differences are of widths in proportion to the input's size, and to 1, and the one is
    taken that varies least with its width: good to about 1e-9 for a smooth `f`; at a kink (relu at 0) they are not the
    derivative, and the line says so.

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
    with differentiating():
        output = f(*nodes)
    if not isinstance(output, Value):
        raise TypeError(f"check_gradients needs a function with a Value as its result, got {type(output).__name__}")
    derivatives = [derivative.item() for derivative in gradient(output, nodes)]
    print(f"{'input':<10}{'data':>12}{'derivative':>17}{'difference':>17}", file=file)
    failing = []
    for i, (node, derivative) in enumerate(zip(nodes, derivatives)):
        name = "".join([c if c.isprintable() else "?" for c in str(node.label)[:40]]) or f"input {i}"
        try:
            found, _ = difference(f, nodes, node)
        except (ValueError, ArithmeticError) as error:
            found, verdict = math.nan, f"no difference: {error}"
        else:
            agrees = abs(derivative - found) <= tolerance * max(1.0, abs(derivative), abs(found))
            verdict = "agrees" if agrees else "DIFFERS: a wrong derivative, or a kink near this point"
        if verdict != "agrees":
            failing.append(name)
        print(f"{name:<10}{node.data:>12.6g}{derivative:>17.9g}{found:>17.9g}  {verdict}", file=file)
    if failing:
        print(f"not in agreement: {', '.join(failing)}", file=file)
    return not failing


# Widths of differences, in parts of the size of the input
WIDTHS = (1e-3, 1e-5, 1e-7, 1e-9)


def difference(f: Callable[..., Value], nodes: list[Value], node: Value) -> tuple[float, float]:
    """The central difference of `f` by one node, and how good it is: at the width where it varies least and is rounded least.

    At each, the error of second order is extrapolated away. Raises what `f` raises if it does at all of them.
    """
    data = node.data

    def central(h: float) -> tuple[float, float]:
        """The difference, and what the rounding of `f` makes of it."""
        node.data = data + h
        above, high = f(*nodes).item(), node.data
        node.data = data - h
        below, low = f(*nodes).item(), node.data
        return (above - below) / (high - low), math.ulp(max(abs(above), abs(below))) / (high - low)

    found: list[tuple[float, float]] = []
    failed: Exception = ArithmeticError("no width is small enough for differences")
    try:
        with no_grad():
            for width in sorted({part * size for part in WIDTHS for size in (abs(data), max(1.0, abs(data))) if size}):
                try:
                    (wide, _), (narrow, rounding) = central(width), central(width / 2)
                except (ValueError, ArithmeticError) as error:
                    failed = error
                    continue
                middle = (4.0 * narrow - wide) / 3.0
                found.append((middle, (abs(wide - narrow) + rounding) / max(1.0, abs(middle))))
    finally:
        node.data = data
    if not found:
        raise failed
    return min(found, key=lambda pair: (math.isnan(pair[1]), pair[1]))
