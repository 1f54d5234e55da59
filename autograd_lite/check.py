"""Derivatives against differences, side by side: the first thing to try when a gradient looks wrong."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TextIO

from .backprop import not_taken, topological_order
from .engine.modes import differentiating, no_grad
from .gradient import gradient
from .sentences import known, say
from .sentences.widths import to_left, to_right
from .value import Value


def check_gradients(
    f: Callable[..., Value],
    inputs: Iterable[Value | float],
    tolerance: float = 1e-6,
    file: TextIO | None = None,
    backward: Callable[[Value], Any] | None = None,
) -> bool:
    """Prints, for each input, the derivative of `f(*inputs)` by the engine and by central differences; True if all agree.

    f: a function with one Value as its result. inputs: numbers, or leaves whose data is moved and put back, such as a
    model's parameters (then `f` may ignore its arguments). Two numbers agree if they differ by at most `tolerance` times
    the larger of 1 and their size. The differences are of widths in proportion to the input's size, and to 1, and the one is
    taken that varies least with its width: good to about 1e-9 for a smooth `f`; at a kink (relu at 0) they are not the
    derivative, and the line says so.

    backward: the pass to check in place of the engine's: a function that takes the output and leaves the derivatives in the
    grads, which are 0 before, and put back after it. The last line names the first node at which it goes wrong, if it keeps the
    grads of all.

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
    if backward is not None and not callable(backward):
        raise TypeError(f"backward is a function of the output, such as bug(1), got {type(backward).__name__} {backward!r:.80}")
    with differentiating():
        output = f(*nodes)
    if not isinstance(output, Value):
        raise TypeError(f"check_gradients needs a function with a Value as its result, got {type(output).__name__}")
    grads = {} if backward is None else _grads(backward, output, nodes)
    derivatives = [grads[x] for x in nodes] if grads else [derivative.item() for derivative in gradient(output, nodes)]
    language = known(None)
    titles = [say(language, f"check-{title}") for title in ("input", "derivative", "difference")]
    print(to_left(titles[0], 10) + f"{'data':>12}" + to_right(titles[1], 17) + to_right(titles[2], 17), file=file)
    failing = []
    for i, (node, derivative) in enumerate(zip(nodes, derivatives)):
        name = _printable(node.label) or say(language, "check-unnamed", number=i)
        agrees = False
        try:
            found, _ = difference(f, nodes, node)
        except (ValueError, ArithmeticError) as error:
            found, verdict = math.nan, say(language, "check-none", why=error)
        else:
            agrees = abs(derivative - found) <= tolerance * max(1.0, abs(derivative), abs(found))
            verdict = say(language, "check-agrees" if agrees else "check-differs")
        if not agrees:
            failing.append(name)
        print(f"{to_left(name, 10)}{node.data:>12.6g}{derivative:>17.9g}{found:>17.9g}  {verdict}", file=file)
    if failing:
        print(say(language, "check-failing", names=say(language, "list-comma").join(failing)), file=file)
        print(_first_fault(output, grads, language) if grads else "", end="", file=file)
    return not failing


def _printable(label: str) -> str:
    return "".join([c if c.isprintable() else "?" for c in str(label)[:40]])


def _first_fault(output: Value, grads: Mapping[Value, float], language: str) -> str:
    """A line that says at which node a pass goes wrong first; nothing where it keeps the grads of leaves alone."""
    inner = [node for node in topological_order(output) if node.parents and node is not output]
    if inner and not any([grads[node] for node in inner]):
        return ""
    for node, expected in faults(output, grads).items():
        name = _printable(node.label) or f"{node.op or 'leaf'}({node.data:.6g})"
        return say(language, "check-wrong-at", node=name, grad=f"{grads[node]:.9g}", right=f"{expected:.9g}") + "\n"
    return ""


def _grads(backward: Callable[[Value], Any], output: Value, inputs: Iterable[Value]) -> dict[Value, float]:
    """What a backward pass leaves in the grads of a graph and of some leaves, which are put back."""
    before = {node: node.grad for node in (*topological_order(output), *inputs)}
    try:
        for node in before:
            node.grad = 0.0
        backward(output)
        return {node: float(node.grad) for node in before}
    finally:
        for node, grad in before.items():
            node.grad = grad


def faults(output: Value, grads: Mapping[Value, float]) -> dict[Value, float]:
    """The nodes whose grad is not what the nodes that they are operands of send there by their own, with that; output first.

    >>> a = Value(3.0, "a")
    >>> y = a * a
    >>> faults(y, {y: 1.0, a: 3.0})
    {Value(data=3.0, grad=0.0, label='a'): 6.0}
    """
    sent: dict[Value, list[float]] = {output: [1.0]}
    found = {}
    for node in reversed(topological_order(output)):
        amounts = sent.get(node, [])
        if not node.is_plain_number and not is_near(grads[node], sum(amounts), max(map(abs, amounts), default=0.0)):
            found[node] = sum(amounts)
        for parent, derivative in zip(node.parents, node.local_derivatives) if amounts else ():
            if derivative is not not_taken:
                sent.setdefault(parent, []).append(grads[node] * derivative)
    return found


def is_near(x: float, y: float, scale: float = 0.0) -> bool:
    """Whether two numbers differ by rounding alone. scale: of what was added up to them."""
    if math.isfinite(x) and math.isfinite(y):
        return abs(x - y) <= 1e-9 * max(abs(x), abs(y)) + 1e-12 * scale
    return x == y or (math.isnan(x) and math.isnan(y))


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
