"""A picture as SVG text."""

from __future__ import annotations

import binascii
import os
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..files import write_whole
from .geometry import ARROW, Layout, Point
from .scene import BAR_HEIGHT, LINE_HEIGHT, SIZES, Line, Picture, Piece, Wire, text_width, wrapped

if TYPE_CHECKING:
    from pathlib import Path

XML = '<?xml version="1.0" encoding="UTF-8"?>\n'

# fmt: off
TINTS = {
    #         light      dark
    "neg4": ("#5fa3d9", "#2268a8"),
    "neg3": ("#93c1e6", "#20548a"),
    "neg2": ("#bdd9f0", "#203f60"),
    "neg1": ("#e1eef9", "#1e2f41"),
    "zero": ("#ffffff", "#222222"),
    "pos1": ("#fdeedb", "#3b2c1a"),
    "pos2": ("#fcd7ab", "#5a3c15"),
    "pos3": ("#f9b971", "#7c4d0e"),
    "pos4": ("#f0963c", "#985a08"),
    "none": ("#e6e6e6", "#3d3d3d"),
    "part": ("#f3f1ea", "#2b2a26"),
    "odd":  ("#fff2a8", "#5c4a00"),
}
#            light      dark
COLORS = {
    "page": ("#ffffff", "#161616"),
    "ink":  ("#111111", "#f4f4f4"),
    "line": ("#6b6b6b", "#9a9a9a"),
    "rim":  ("#444444", "#b5b5b5"),
    "open": ("#f8f8f8", "#1c1c1c"),
    "loop": ("#7a3db8", "#c9a0f5"),
    "odd":  ("#c01818", "#ff8a80"),
    "active": ("#8e24aa", "#e29bf5"),
}
# Arrows of one piece among those of others: far apart in hue and in lightness, also to the colour-blind
LANES = [("#00695c", "#4fd0bd"), ("#8e2a6b", "#f29ad2"), ("#7a5200", "#e3b65b"), ("#3949ab", "#9fb0ff"), ("#4d6b00", "#b7d95c"),
         ("#a03c1e", "#ffab91")]
# fmt: on


FONT = "'Liberation Sans', Arial, Helvetica, sans-serif"


def style(dark: bool = True) -> str:
    """The style sheet, all under the class of the root, so that nothing else in a page is touched. dark: for a dark page too."""

    def rules(dark: int) -> str:
        color = {name: shades[dark] for name, shades in COLORS.items()}
        lines = [
            f".page {{ fill: {color['page']} }}",
            f"text {{ fill: {color['ink']} }}",
            f".behind {{ fill: {color['page']} }}",
            f".behind.inside {{ fill: {color['open']} }}",
            f".node .box {{ stroke: {color['rim']} }}",
            f".edge .line {{ stroke: {color['line']} }}",
            f".edge .head {{ fill: {color['line']} }}",
            f".delay .line {{ stroke: {color['loop']} }}",
            f".delay .head, .delay .delta, .bar {{ fill: {color['loop']} }}",
            f".node .odd {{ stroke: {color['odd']} }}",
            f".node.active .box {{ stroke: {color['active']}; stroke-width: 4px }}",
            f".edge.active .line {{ stroke: {color['active']}; stroke-width: 4px }}",
            f".edge.active .head {{ fill: {color['active']} }}",
            f".cluster .frame {{ stroke: {color['line']}; fill: {color['open']} }}",
        ]
        for k, shades in enumerate(LANES):
            lines.append(f".edge[data-lane='{k}'] .line {{ stroke: {shades[dark]} }}")
            lines.append(f".edge[data-lane='{k}'] .head {{ fill: {shades[dark]} }}")
        lines += [f".{tint} {{ fill: {shades[dark]} }}" for tint, shades in TINTS.items()]
        return "".join(f".autograd-lite {', .autograd-lite '.join(line.split(', '))}\n" for line in lines)

    return (
        f".autograd-lite text {{ font-family: {FONT}; font-size: 13px; text-anchor: middle }}\n"
        ".autograd-lite .label { font-size: 14px; font-weight: bold }\n"
        ".autograd-lite .delta { font-size: 12px }\n"
        ".autograd-lite .sub, .autograd-lite .sup, .autograd-lite .gap { font-size: 10.5px }\n"
        ".autograd-lite .gap { fill-opacity: 0 }\n"
        ".autograd-lite .gone { font-size: 0; fill-opacity: 0 }\n"
        ".autograd-lite .node .odd { stroke-width: 3px; stroke-dasharray: 3 2 }\n"
        ".autograd-lite .title, .autograd-lite .caption { text-anchor: start }\n"
        ".autograd-lite .title { font-weight: bold }\n"
        ".autograd-lite .line { fill: none }\n"
        ".autograd-lite .delay .line { stroke-dasharray: 7 4 }\n"
        ".autograd-lite .const .data { font-style: italic }\n"
        + rules(0)
        + (f"@media (prefers-color-scheme: dark) {{\n{rules(1)}}}" if dark else "")
    )


def svg(picture: Picture, layout: Layout, screen: bool = True) -> str:
    """The picture as an SVG element, to be put into a page or a file.

    On a screen it is no wider than what it is put into, and has dark colours where the reader's page is dark.
    """
    left, top, right, bottom = bounds(picture, layout)
    margin = 12.0
    lines = caption_lines(picture, right - left)
    legend = 44.0 if picture.scale else 0.0
    texts = [text_width(line, SIZES["caption"]) for line in lines]
    wide = max([right - left, *texts, SHADE * len(picture.scale)]) + 2 * margin
    high = bottom - top + 3 * margin + legend + LINE_HEIGHT * len(lines)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="autograd-lite" role="img" width="{wide:.0f}" height="{high:.0f}" '
        f'viewBox="0 0 {wide:.0f} {high:.0f}"'
        + in_language(picture.language)
        + ' style="max-width: 100%; height: auto"' * screen
        + ">",
        f"<title>{escaped(picture.title)}</title>",
        f"<desc>{escaped(picture.description)}</desc>",
        f"<style>\n{style(screen)}\n</style>",
        f'<rect class="page" width="{wide:.0f}" height="{high:.0f}"/>',
        f'<g class="graph" transform="translate({(wide - right - left) / 2:.1f} {margin - top:.1f})">',
    ]
    for frame, (x0, y0, x1, y1) in zip(picture.frames, layout.frames):
        out.append(
            f'<g class="cluster"><rect class="frame" x="{x0:.1f}" y="{y0:.1f}" width="{x1 - x0:.1f}" height="{y1 - y0:.1f}" '
            f'rx="8"/><text class="title" x="{x0 + 12:.1f}" y="{y0 + 17:.1f}">{escaped(frame.title)}</text></g>'
        )
    placed = list(zip(picture.wires, layout.paths, layout.labels))
    out += [_wire(wire, path, label, layout.frames) for wire, path, label in placed]
    out += [_piece(piece, center, screen) for piece, center in zip(picture.pieces, layout.centers)]
    out.append("</g>")
    y = bottom - top + 2 * margin
    out.append('<g class="legend">')
    for k, (tint, number) in enumerate(picture.scale):
        x = margin + SHADE * k
        out.append(f'<rect class="{tint}" x="{x:.0f}" y="{y:.0f}" width="{SHADE:.0f}" height="14"/>')
        out.append(f'<text x="{x + SHADE / 2:.0f}" y="{y + 29:.0f}">{escaped(number)}</text>')
    y += legend
    for k, line in enumerate(lines):
        out.append(f'<text class="caption" x="{margin:.0f}" y="{y + LINE_HEIGHT * (k + 0.8):.0f}">{escaped(line)}</text>')
    return "\n".join([*out, "</g>", "</svg>"]) + "\n"


def in_language(language: str) -> str:
    """The attribute that says it, if it is not English: a browser chooses the shapes of Chinese characters by it."""
    return "" if language == "en" else f' xml:lang="{language}" lang="{language}"'


SHADE = 56.0
"""The width of a shade of the legend."""


def caption_lines(picture: Picture, wide: float) -> list[str]:
    """The caption, in lines as wide as the picture."""
    return [line for text in picture.caption for line in wrapped(text, max(wide, 420.0))]


class SVGPicture:
    """A picture that is SVG and no more: `svg` is its text, `save` writes it, and Jupyter shows it."""

    title: str

    def svg(self) -> str:
        """The picture as SVG text, an element that can be put into a page."""
        raise NotImplementedError

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes the picture to a file named `*.svg`, whole or not at all; returns the path. ValueError for another ending."""
        from pathlib import Path

        path = Path(path)
        if path.suffix.lower() != ".svg":
            raise ValueError(f"this picture is saved as .svg, not as {path.name!r}")
        write_whole(path, f"{XML}{self.svg()}".encode())
        return path

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        text = self.svg()
        return {"text/html": image(text, self.title), "image/svg+xml": text, "text/plain": repr(self)}


def image(svg_text: str, title: str) -> str:
    """A picture as an image in HTML, which a notebook shows that has been opened and not been run."""
    data = binascii.b2a_base64(svg_text.encode(), newline=False).decode()
    return f'<img style="max-width: 100%" alt="{escaped(title)}" src="data:image/svg+xml;base64,{data}">'


def _piece(piece: Piece, center: Point, screen: bool) -> str:
    """A node, from its middle."""
    (x, y), (width, height) = center, piece.size
    plain = piece.kind == "const"
    out = [
        f'<g id="{piece.id}" class="node {piece.kind}{" active" * piece.active}" transform="translate({_short(x)} {_short(y)})">'
        f"<title>{escaped(piece.tip)}</title>"
    ]
    box = f'x="{_short(-width / 2)}" y="{_short(-height / 2)}" width="{_short(width)}" height="{_short(height)}"'
    if not plain:
        radius = {"leaf": 2, "part": 6}.get(piece.kind, 16)
        if piece.kind == "part":
            out.append(f'<rect class="box {piece.tint}" transform="translate(4 4)" {box} rx="{radius}"/>')
        out.append(f'<rect class="box {piece.tint}" {box} rx="{radius}"/>')
    at = (1 if plain else 5) + LINE_HEIGHT * 0.75 - height / 2
    for k, line in enumerate(piece.lines):
        out.append(_line(line, at + LINE_HEIGHT * k, screen))
    if piece.bars:
        out.append(_bars(piece.bars, 10 - width / 2, height / 2 - 6, width - 20))
    return "".join([*out, "</g>"])


RISE = {"sub": -3.0, "sup": 5.0}
"""How far above the others the characters of a run stand."""


def _line(line: Line, y: float, screen: bool) -> str:
    """A line of text, subscripts lower and smaller; off the screen, where converters need it, its parts are texts alone."""
    out, raised, x = [], 0.0, -line.width / 2
    for run in line.runs:
        text, kind = run
        rise = RISE.get(kind, 0.0)
        names = f' class="{kind}"' if kind else ""
        if not screen and len(line.runs) > 1:
            if kind not in ("gone", "gap"):
                place = f'style="text-anchor: start" x="{_short(x)}" y="{_short(y - rise)}"'
                out.append(f'<text class="{line.name}" {place}><tspan{names}>{escaped(text)}</tspan></text>')
            x += line.run_width(run)
        elif kind in ("gone", "gap"):
            out.append(f"<tspan{names}>{escaped(text)}</tspan>")
        elif rise == raised == 0.0:
            out.append(escaped(text))
        else:
            out.append(f'<tspan{names} dy="{_short(raised - rise)}">{escaped(text)}</tspan>')
            raised = rise
    return "".join(out) if x > -line.width / 2 else f'<text class="{line.name}" y="{_short(y)}">{"".join(out)}</text>'


def _bars(bars: Sequence[tuple[int, float]], left: float, bottom: float, width: float) -> str:
    """The size of the gradient by time step, as bars."""
    most = max([size for _, size in bars if size < float("inf")], default=0.0)
    step = width / len(bars)
    out = []
    for k, (t, size) in enumerate(bars):
        high = max(BAR_HEIGHT * min(size / most, 1.0) if most and size == size else 0.0, 1.0)
        out.append(
            f'<rect class="bar" x="{left + step * k + step * 0.1:.1f}" y="{bottom - high:.1f}" width="{step * 0.8:.1f}" '
            f'height="{high:.1f}"><title>t = {t}: {size:.4g}</title></rect>'
        )
    return "".join(out)


def _wire(wire: Wire, path: Sequence[Point], label: Point, frames: Sequence[tuple[float, float, float, float]]) -> str:
    tip, before = path[-1], next((p for p in reversed(path[:-1]) if p != path[-1]), path[0])
    dx, dy = tip[0] - before[0], tip[1] - before[1]
    length = (dx * dx + dy * dy) ** 0.5 or 1.0
    dx, dy = dx / length, dy / length
    size = ARROW + wire.thickness
    end = (tip[0] - dx * size * 0.7, tip[1] - dy * size * 0.7)
    half = size * 0.42
    back = (tip[0] - dx * size, tip[1] - dy * size)
    corners = [tip, (back[0] - dy * half, back[1] + dx * half), (back[0] + dy * half, back[1] - dx * half)]
    head = " ".join([f"{_short(px)},{_short(py)}" for px, py in corners])
    line = f'<path class="line" d="{_path([*path[:-1], end])}" stroke-width="{wire.thickness:.2f}"/>'
    x, y = label
    text = ""
    if wire.text:
        width = text_width(wire.text, SIZES["delta"]) + 2
        inside = " inside" if any(x0 <= x <= x1 and y0 <= y <= y1 for x0, y0, x1, y1 in frames) else ""
        text = (
            f'<rect class="behind{inside}" x="{_short(x - width / 2)}" y="{_short(y - 6)}" width="{_short(width)}" height="12"/>'
            f'<text class="delta" x="{_short(x)}" y="{_short(y + 4)}">{escaped(wire.text)}</text>'
        )
    lane = f' data-lane="{wire.lane}"' if wire.lane >= 0 and not wire.active else ""
    kind = wire.kind + " active" * wire.active
    return f'<g id="{wire.id}" class="{kind}"{lane}>{line}<polygon class="head" points="{head}"/>{text}</g>'


def _path(points: Sequence[Point]) -> str:
    """The data of a path of Bezier curves, three points for each after the first. What runs level is a line."""
    tenths = [(round(10 * x), round(10 * y)) for x, y in points]  # so that steps from point to point add up
    x, y = tenths[0]
    out = [f"M{_short(x / 10)} {_short(y / 10)}"]
    for k in range(1, len(tenths), 3):
        curve = tenths[k : k + 3]
        if all([at[1] == y for at in curve]):
            out.append(f"h{_short((curve[-1][0] - x) / 10)}")
        else:
            out.append("c" + " ".join([_short(d / 10) for to_x, to_y in curve for d in (to_x - x, to_y - y)]))
        x, y = curve[-1]
    return "".join(out)


def _short(x: float) -> str:
    text = f"{x:.1f}"
    return text[:-2] if text.endswith(".0") else text


def bounds(picture: Picture, layout: Layout) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of all that is drawn."""
    points = [point for path in layout.paths for point in path] + [frame[k : k + 2] for frame in layout.frames for k in (0, 2)]
    for piece, (x, y) in zip(picture.pieces, layout.centers):
        width, height = piece.size
        points += [(x - width / 2, y - height / 2), (x + width / 2, y + height / 2)]
    xs, ys = zip(*points)
    return min(xs), min(ys), max(xs), max(ys)


_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u202a-\u202e\u2066-\u2069]")
"""What XML cannot hold (control characters, surrogates, no characters), and what turns around the text after it."""


def escaped(text: str) -> str:
    """A text in XML."""
    text = _UNFIT.sub("\ufffd", text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
