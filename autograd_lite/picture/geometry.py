"""Geometry of a picture: what a layout is given, and what it gives."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

Point = tuple[float, float]

ARROW = 8.0
"""The length of the head of an arrow."""
LOOP = 18.0
"""The room around a shape for an arrow from it to itself."""
TURN = 14.0
"""How far an arrow that turns round swings out."""


class Shape(NamedTuple):
    """Something to be drawn: its size, and the index of the innermost group that it is in, or -1."""

    width: float
    height: float
    group: int = -1


class Group(NamedTuple):
    """A frame around shapes and other groups, at least one: the index of the group around it, or -1, and its title's width.

    The group around it has a lower index.
    """

    parent: int = -1
    title_width: float = 0.0


class Link(NamedTuple):
    """An arrow between two shapes, by index, and the size of its label. One that is `back` may run from right to left."""

    tail: int
    head: int
    label_width: float = 0.0
    label_height: float = 0.0
    back: bool = False


class Layout(NamedTuple):
    """A picture's geometry. y grows downward."""

    centers: list[Point]
    """Of each shape."""
    paths: list[list[Point]]
    """Of each link: the points of its Bezier curves, three for each after the first; the last one is the arrow's tip."""
    labels: list[Point]
    """The center of each link's label."""
    frames: list[tuple[float, float, float, float]]
    """Of each group: left, top, right, bottom."""
    spanned: int = 0
    """Over how many columns the arrows of a layered layout run, all together."""


def loop(center: Point, shape: Shape) -> tuple[list[Point], Point]:
    """The curves of an arrow from a shape, over it, to itself, and the place of its label."""
    (x, y), right = center, shape.width / 2
    top, side = y - shape.height / 2 - LOOP * 0.6, y - shape.height / 4
    out, bend = right + LOOP, shape.height / 4
    path = [(x + right, side), (x + out, side), (x + out, side - bend), (x + right, top), (x, top), (x, top), (x - right, top)]
    return [*path, (x - out, side - bend), (x - out, side), (x - right, side)], (x, top)


def curve(points: list[Point]) -> list[Point]:
    """Bezier curves through the points, level at each of them."""
    bent = points[:1]
    for k, (x, y) in enumerate(points[1:], 1):
        on = k + 1 < len(points) and points[k - 1][1] == y == points[k + 1][1]
        if not on and (x, y) != bent[-1]:
            bent.append((x, y))
    curve = bent[:1]
    for (x, y), (to_x, to_y) in pairwise(bent):
        middle = (x + to_x) / 2 if to_x != x else x - TURN
        curve += [(middle, y), (middle, to_y), (to_x, to_y)]
    return curve
