"""What a model of two inputs decides, as SVG: without matplotlib, so that a browser has it too."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from autograd_lite.sentences import known, say

from .module import Module
from .plots import decisions, finite, halfway
from .sheet import MARGIN, Sheet

SIZE = 400.0
SHADES = 4


def draw_decision(
    model: Module,
    X: Any,
    y: Any,
    *,
    threshold: float | None = None,
    points: int = 60,
    margin: float = 0.2,
    language: str | None = None,
) -> Sheet:
    """What a model of two inputs decides in each place, orange for the larger of two classes, and the examples on it.

    X: n pairs of numbers. y: of each the class, one of two numbers. A model of one output decides by `threshold`: halfway
    between the two numbers in y, unless given (0 for net inputs); of two outputs it decides for the larger. The farther it is
    from the other decision, the darker. points, margin: as for `plot_decision`. language: of the words. ValueError for
    what does not fit.

    >>> from nn import MLP, xor
    >>> X, y = xor()
    >>> draw_decision(MLP([2, 3, 1], "tanh", rng=0), X, y)
    <Decision on 4 examples; .save('picture.svg') writes it>
    """
    places, labels, across, up, grid = decisions("draw_decision", model, X, y, points, margin)
    if not 1 <= len(grid[0][0]) <= 2 or len(set(labels)) > 2:
        raise ValueError("draw_decision is of two classes and one output or two: plot_decision draws more, with matplotlib")
    between = halfway(labels)
    middle = between if threshold is None else finite("draw_decision", threshold)
    heights = [[outs[1] - outs[0] if len(outs) == 2 else outs[0] - middle for outs in row] for row in grid]
    far = max([abs(height) for row in heights for height in row]) or 1.0
    language = known(language)
    sheet = Sheet(say(language, "decision-title", examples=len(places)), language)
    wide, high = SIZE / len(across), SIZE / len(up)
    for k, row in enumerate(reversed(heights)):
        for shade, run in groupby(range(len(row)), lambda i, row=row: _shade(row[i] / far)):  # type: ignore[misc]
            cells = [*run]
            x, width = MARGIN + wide * cells[0], wide * len(cells)
            sheet.shapes.append(_tile(shade, x, MARGIN + high * k, width, high))
    for (a, b), label in zip(places, labels):
        x = MARGIN + SIZE * (a - across[0]) / (across[-1] - across[0])
        y_ = MARGIN + SIZE * (up[-1] - b) / (up[-1] - up[0])
        sheet.shapes.append(_example(x, y_, label > between))
    sheet.wide = sheet.high = MARGIN + SIZE
    classes = {"larger": f"{max(labels):g}", "smaller": f"{min(labels):g}"}
    ends = dict(zip(("left", "right", "low", "high"), [f"{end:.3g}" for end in (across[0], across[-1], up[0], up[-1])]))
    sheet.caption(say(language, "decision-classes", **classes), say(language, "decision-ends", **ends))
    return sheet


def _shade(share: float) -> str:
    """The shade of a height, of which the largest is 1."""
    return ("pos" if share > 0 else "neg") + str(min(SHADES, 1 + int(abs(share) * SHADES)))


def _tile(shade: str, x: float, y: float, wide: float, high: float) -> str:
    box = f'x="{x:.1f}" y="{y:.1f}" width="{wide + 0.3:.1f}" height="{high + 0.3:.1f}"'
    return f'<rect class="{shade}" {box}/>'


def _example(x: float, y: float, is_larger: bool) -> str:
    shape = f'<circle class="box pos4" cx="{x:.1f}" cy="{y:.1f}" r="5"/>'
    if not is_larger:
        shape = f'<rect class="box neg4" x="{x - 4.5:.1f}" y="{y - 4.5:.1f}" width="9" height="9"/>'
    return f'<g class="node">{shape}</g>'
