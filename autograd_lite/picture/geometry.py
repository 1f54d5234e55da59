"""Geometry of a picture: what a layout is given, and what it gives."""

from __future__ import annotations

from typing import NamedTuple

Point = tuple[float, float]

ARROW = 8.0
"""The length of the head of an arrow."""


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
