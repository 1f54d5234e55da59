"""A picture as a page to find one's way in: pan, zoom, a small map, parts to open and close, labels to search."""

from __future__ import annotations

from typing import Any

from ..pages import filled, in_script, template
from .geometry import Layout
from .scene import Picture
from .svg import COLORS, LANES, TINTS, escaped


def page(picture: Picture, layout: Layout) -> str:
    """The page: one HTML document that needs nothing else."""
    parts = {
        "title": escaped(picture.title),
        "description": escaped(picture.description),
        "data": in_script(_data(picture, layout)),
    }
    return filled(template("autograd_lite.picture", "graph.html"), parts)


def _data(picture: Picture, layout: Layout) -> dict[str, Any]:
    pieces = []
    for piece, (x, y) in zip(picture.pieces, layout.centers):
        width, height = piece.size
        lines = ["".join([text for text, kind in line.runs if kind not in ("gone", "gap")]) for line in piece.lines]
        label = piece.tip.partition(": ")[0]
        own = {"kind": piece.kind, "tint": piece.tint, "lines": lines, "label": label, "tip": piece.tip, "group": piece.group}
        pieces.append({"x": round(x), "y": round(y), "w": round(width), "h": round(height), **own})
    wires = []
    for wire, path, (x, y) in zip(picture.wires, layout.paths, layout.labels):
        own = {"tail": wire.tail, "head": wire.head, "width": round(wire.thickness, 1), "lane": wire.lane}
        place = {"path": [round(number) for point in path for number in point], "lx": round(x), "ly": round(y)}
        wires.append({**own, **place, "text": wire.text, "delay": "delay" in wire.kind})
    frames = [{"parent": f.parent, "title": f.title, "box": [*map(round, box)]} for f, box in zip(picture.frames, layout.frames)]
    return {"pieces": pieces, "wires": wires, "frames": frames, "tints": TINTS, "colors": COLORS, "lanes": LANES}
