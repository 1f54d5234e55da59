"""What a picture shows: pieces, wires between them and frames around them, with their texts. Where they are is in a `Layout`."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import NamedTuple

from ..sentences.widths import pieces
from .geometry import Group, Link, Point, Shape
from .letters import Run

LINE_HEIGHT = 16.0
SIZES = {"label": 14, "title": 13, "delta": 12, "caption": 13}
"""Font sizes in pixels; other lines are of 13."""
SMALLER = 0.75
"""The size of a subscript, as a part of the letters' beside it."""
BAR_HEIGHT = 26.0
RESERVED = "grad 0.000000"
"""A grad that is not there yet takes as much room as this, so that a picture before `backward()` and one after it look alike."""


class Line(NamedTuple):
    """A line of text in a piece: its class, and what is written."""

    name: str
    runs: tuple[Run, ...]

    @property
    def text(self) -> str:
        return "".join([text for text, _ in self.runs])

    @property
    def width(self) -> float:
        width = sum(map(self.run_width, self.runs))
        return max(width, text_width(RESERVED, SIZES.get(self.name, 13))) if self.text == "grad —" else width

    def run_width(self, run: Run) -> float:
        text, kind = run
        bold = 1.08 if self.name == "label" else 1.0
        return text_width(text, SIZES.get(self.name, 13)) * {"": bold, "gone": 0.0}.get(kind, SMALLER * bold)


class Piece(NamedTuple):
    """A node or a collapsed part: its lines of text, and what a pointer on it shows."""

    id: str
    kind: str
    """``leaf``, ``operation``, ``const`` or ``part``."""
    tint: str
    label: str
    """Of the node, or the part's title: what it is found by."""
    lines: list[Line]
    tip: str
    group: int
    bars: list[tuple[int, float]]
    """Of a part over time, the size of the gradient by time step."""
    active: bool = False
    """Whether the present step is about it."""

    @property
    def size(self) -> Point:
        margin = 4.0 if self.kind == "const" else 14.0
        width = max([line.width for line in self.lines] + [6.0 * len(self.bars)], default=0.0)
        return width + margin, LINE_HEIGHT * len(self.lines) + margin / 2 + 2.0 + (BAR_HEIGHT + 4 if self.bars else 0)


class Wire(NamedTuple):
    """An edge from one piece to another, by index: the text beside it, its width, classes, and its colour's number or -1."""

    id: str
    tail: int
    head: int
    text: str
    thickness: float
    kind: str
    lane: int = -1
    active: bool = False


class Frame(NamedTuple):
    """The frame of an open part: the index of the frame around it or -1, the part's title, and what is written above."""

    parent: int
    part: str
    title: str


class Picture(NamedTuple):
    """What is to be shown."""

    title: str
    description: str
    caption: list[str]
    scale: list[tuple[str, str]]
    """The legend: tints, each with the number it stands for, or ""."""
    pieces: list[Piece]
    wires: list[Wire]
    frames: list[Frame]
    language: str
    """Of the words."""

    @property
    def graph(self) -> tuple[list[Shape], list[Group], list[Link]]:
        """What a layout needs to know."""
        shapes = [Shape(*piece.size, piece.group) for piece in self.pieces]
        groups = [Group(frame.parent, text_width(frame.title, SIZES["title"]) * 1.08) for frame in self.frames]
        links = []
        for wire in self.wires:
            size = (text_width(wire.text, SIZES["delta"]) + 4, 15.0) if wire.text else (0.0, 0.0)
            links.append(Link(wire.tail, wire.head, *size, "delay" in wire.kind))
        return shapes, groups, links


# fmt: off
WIDTHS = {
    **dict.fromkeys("ijl|'", 0.24), **dict.fromkeys(".,:;![]()/ ftIr", 0.33), **dict.fromkeys("0123456789_", 0.565),
    **dict.fromkeys("−+=<>×÷±", 0.6), **dict.fromkeys("mMW%@—", 0.92), "w": 0.73, "·": 0.33, "Σ": 0.64,
}
# fmt: on


@lru_cache(1 << 14)
def text_width(text: str, size: float) -> float:
    """About how wide a text is in Arial, Helvetica or Liberation Sans, or a little more."""
    width = 0.0
    for letter in text:
        if letter in WIDTHS:
            width += WIDTHS[letter]
        elif unicodedata.combining(letter):
            continue
        elif unicodedata.east_asian_width(letter) in "WF":
            width += 1.0
        else:
            width += 0.56 if letter.islower() else 0.72
    return width * size * 1.03


def wrapped(text: str, width: float) -> list[str]:
    """The text in lines of about that width."""
    lines: list[str] = []
    for piece in pieces(" ".join(text.split())):
        if lines and text_width(lines[-1] + piece.rstrip(), SIZES["caption"]) <= width:
            lines[-1] += piece
        else:
            lines.append(piece)
    return [line.rstrip() for line in lines]
