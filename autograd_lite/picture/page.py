"""A picture as a page to find one's way in: pan, zoom, a small map, parts to open and close, labels to search."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ..pages import filled, in_script, template
from ..sentences import LANGUAGES, in_html
from .scene import Picture
from .svg import COLORS, LANES, TINTS, escaped

WORDS = ("one-node", "several-nodes", "part-of", "no-such-label", "open-many", "laying-out")
"""The sentences that the script of the page fills in."""


def page(picture: Picture) -> str:
    """The page: one HTML document that needs nothing else. It lays out what is open, anew whenever a part is opened or closed."""
    parts = {
        **in_html(picture.language),
        "language": picture.language,
        "title": escaped(picture.title),
        "description": escaped(picture.description),
        "data": in_script(_data(picture)),
    }
    return filled(template("autograd_lite.picture", "graph.html"), parts)


def _data(picture: Picture) -> dict[str, Any]:
    pieces = []
    for piece in picture.pieces:
        lines = [[(" " if kind == "gap" else text, kind) for text, kind in line.runs if kind != "gone"] for line in piece.lines]
        pieces.append([*map(round, piece.size), piece.kind, piece.tint, lines, piece.label, piece.tip, piece.group])
    wires = [[w.tail, w.head, w.text, round(w.thickness, 1), w.lane, int("delay" in w.kind)] for w in picture.wires]
    return {
        "pieces": _table(("w", "h", "kind", "tint", "lines", "label", "tip", "group"), pieces),
        "wires": _table(("tail", "head", "text", "width", "lane", "delay"), wires),
        "frames": _table(("parent", "part", "title"), picture.frames),
        **{"tints": TINTS, "colors": COLORS, "lanes": LANES},
        "sentences": {key: LANGUAGES[picture.language][key] for key in WORDS},
    }


def _table(columns: Sequence[str], rows: Iterable[Iterable[Any]]) -> dict[str, Any]:
    return {"columns": columns, "rows": list(rows)}
