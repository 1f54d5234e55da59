"""Curves as a picture for notebooks, without matplotlib: a picture stays where a notebook is opened and not run again."""

from __future__ import annotations

import base64
import html
import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

WIDTH, HEIGHT = 560, 320
LEFT, RIGHT, TOP, BOTTOM = 72, 28, 32, 44
# The colours of Okabe and Ito (2008), which the colour-blind tell apart
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
# Longer curves are drawn by the lowest and the highest of as many pieces
PIECES = 400
# What is larger, infinite or nan has no place
MOST = 1e307


class Curves(NamedTuple):
    """Numbers by the name of their curve, to look at: Jupyter shows them as `figure` has them.

    >>> Curves({"error": [0.1, 0.01, 0.001]}, x="k", y="error")
    <Curves: error over k>
    """

    curves: Mapping[str, Sequence[float]]
    x: str
    y: str
    first: int = 1
    caption: str = ""

    def _repr_html_(self) -> str:
        return figure(*self)

    def __repr__(self) -> str:
        return f"<Curves: {', '.join(self.curves)} over {self.x}>"


def figure(curves: Mapping[str, Sequence[float]], x: str, y: str, first: int = 1, caption: str = "") -> str:
    """The curves as HTML: an image, with `caption` below and for those who do not see it.

    x, y: what the axes are; `first` is the x of the first number. The y axis is logarithmic if all numbers are above 0.
    """
    shown = html.escape(caption)
    if not any(abs(number) < MOST for numbers in curves.values() for number in numbers):
        return f"<p>{shown}</p>"
    data = base64.b64encode(svg(curves, x, y, first).encode()).decode()
    image = f'<img style="max-width: 100%" alt="{shown or html.escape(y)}" src="data:image/svg+xml;base64,{data}">'
    return f"{image}<p>{shown}</p>"


def svg(curves: Mapping[str, Sequence[float]], x: str, y: str, first: int = 1) -> str:
    """The picture itself. Numbers that are infinite or nan are left out. ValueError if there is none."""
    finite = [number for numbers in curves.values() for number in numbers if abs(number) < MOST]
    logarithmic = min(finite) > 0
    scale = math.log10 if logarithmic else float
    low, high = scale(min(finite)), scale(max(finite))
    if high - low < 1e-12 * max(abs(low), abs(high), 1):
        low, high = low - 0.5, high + 0.5
    last = first + max(map(len, curves.values())) - 1

    def across(t: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * ((t - first) / (last - first) if last > first else 0.5)

    def up(number: float) -> float:
        return TOP + (HEIGHT - TOP - BOTTOM) * (high - number) / (high - low)

    bottom, middle = HEIGHT - BOTTOM, TOP + (HEIGHT - TOP - BOTTOM) / 2
    parts = [f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>']
    for tick in _ticks(low, high, logarithmic):
        label = f"{10**tick:.3g}" if logarithmic else f"{tick:.6g}"
        at = f"{up(tick):.1f}"
        parts.append(f'<path d="M{LEFT} {at}H{WIDTH - RIGHT}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{at}" dy="4" text-anchor="end">{label.replace("-", "−")}</text>')
    for tick in _whole_ticks(first, last):
        parts.append(f'<text x="{across(tick):.1f}" y="{bottom + 18}" text-anchor="middle">{tick}</text>')
    parts.append(f'<path d="M{LEFT} {TOP}V{bottom}H{WIDTH - RIGHT}" fill="none" stroke="#555"/>')
    parts.append(f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 8}" text-anchor="middle">{html.escape(x)}</text>')
    parts.append(f'<text transform="translate(14 {middle}) rotate(-90)" text-anchor="middle">{html.escape(y)}</text>')
    for k, (name, numbers) in enumerate(curves.items()):
        colour = COLOURS[k % len(COLOURS)]
        points = [(across(t), up(scale(number))) for t, number in _thinned(numbers, first)]
        line = "L".join([f"{a:.1f} {b:.1f}" for a, b in points])
        parts.append(f'<path d="M{line}" fill="none" stroke="{colour}" stroke-width="2"/>' if line else "")
        if len(points) <= 40:
            parts += [f'<circle cx="{a:.1f}" cy="{b:.1f}" r="3" fill="{colour}"/>' for a, b in points]
        if len(curves) > 1:
            start = LEFT + k * (WIDTH - LEFT) / len(curves)
            parts.append(f'<rect x="{start:.1f}" y="13" width="18" height="3" fill="{colour}"/>')
            parts.append(f'<text x="{start + 24:.1f}" y="19">{html.escape(name)}</text>')
    size = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
    style = 'font-family="sans-serif" font-size="13" fill="#222"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} {style}>{"".join(parts)}</svg>'


def _thinned(numbers: Sequence[float], first: int) -> list[tuple[int, float]]:
    """The numbers that have a place with their x; of very many, those that are seen."""
    points = [(t, number) for t, number in enumerate(numbers, first) if abs(number) < MOST]
    if len(points) <= 2 * PIECES:
        return points
    kept: set[tuple[int, float]] = {points[0], points[-1]}
    for k in range(PIECES):
        piece = points[k * len(points) // PIECES : (k + 1) * len(points) // PIECES]
        kept |= {min(piece, key=lambda point: point[1]), max(piece, key=lambda point: point[1])}
    return sorted(kept)


def _ticks(low: float, high: float, logarithmic: bool) -> list[float]:
    """About five numbers between, of one digit as far as it goes; exponents of 10 on a logarithmic axis of several decades."""
    if logarithmic and high - low < 2 and low > -300:
        return [math.log10(number) for number in _ticks(10**low, 10**high, False)]
    rough = (high - low) / 5
    size = 10 ** math.floor(math.log10(rough))
    step = next(size * factor for factor in (1, 2, 5, 10) if size * factor >= rough * 0.999)
    step = max(1.0, round(step)) if logarithmic else step
    return [k * step for k in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]


def _whole_ticks(first: int, last: int) -> list[int]:
    return sorted({round(tick) for tick in _ticks(first, last, False)}) if last - first > 5 else list(range(first, last + 1))
