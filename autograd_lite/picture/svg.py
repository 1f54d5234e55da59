"""A picture as SVG text and as DOT source. What it shows is in a `Picture`; where, in a `Layout`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from ..derivation.markup import cleaned
from .layout import ARROW, Group, Layout, Link, Point, Shape

LINE_HEIGHT = 17.0
SIZES = {"label": 14, "title": 13, "delta": 12, "caption": 13}
"""Font sizes in pixels; other lines are of 13."""


class Piece(NamedTuple):
    """A node or a collapsed part: its lines of text with their classes, and what a pointer on it shows."""

    id: str
    kind: str
    """``leaf``, ``operation``, ``const`` or ``part``."""
    tint: str
    lines: list[tuple[str, str]]
    tip: str
    group: int
    bars: list[tuple[int, float]]
    """Of a part over time, the size of the gradient by time step."""

    @property
    def size(self) -> Point:
        margin = 4.0 if self.kind == "const" else 20.0
        width = max([text_width(text, SIZES.get(name, 13)) for name, text in self.lines] + [6.0 * len(self.bars)], default=0.0)
        return width + margin, LINE_HEIGHT * len(self.lines) + margin / 2 + (BAR_HEIGHT + 4 if self.bars else 0)


class Wire(NamedTuple):
    """An edge: from one piece to another, by index, with the text beside it, its width, and classes."""

    id: str
    tail: int
    head: int
    text: str
    thickness: float
    kind: str


class Frame(NamedTuple):
    """The frame of an open part: the index of the frame around it or -1, and its title."""

    parent: int
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

    @property
    def graph(self) -> tuple[list[Shape], list[Group], list[Link]]:
        """What a layout needs to know."""
        shapes = [Shape(*piece.size, piece.group) for piece in self.pieces]
        groups = [Group(frame.parent, text_width(frame.title, SIZES["title"])) for frame in self.frames]
        links = []
        for wire in self.wires:
            size = (text_width(wire.text, SIZES["delta"]) + 4, 15.0) if wire.text else (0.0, 0.0)
            links.append(Link(wire.tail, wire.head, *size, "delay" in wire.kind))
        return shapes, groups, links


BAR_HEIGHT = 26.0

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
}
#            light      dark
COLORS = {
    "page": ("#ffffff", "#161616"),
    "ink":  ("#111111", "#f4f4f4"),
    "line": ("#6b6b6b", "#9a9a9a"),
    "rim":  ("#444444", "#b5b5b5"),
    "open": ("#f8f8f8", "#1c1c1c"),
    "loop": ("#7a3db8", "#c9a0f5"),
}
# fmt: on


def _style() -> str:
    """The style sheet: everything under the class of the root, so that nothing else in a page is touched."""

    def rules(dark: int) -> str:
        color = {name: shades[dark] for name, shades in COLORS.items()}
        lines = [
            f".page {{ fill: {color['page']} }}",
            f"text {{ fill: {color['ink']} }}",
            f".delta {{ stroke: {color['page']} }}",
            f".node .box {{ stroke: {color['rim']} }}",
            f".edge .line {{ stroke: {color['line']} }}",
            f".edge .head {{ fill: {color['line']} }}",
            f".delay .line {{ stroke: {color['loop']} }}",
            f".delay .head, .delay .delta, .bar {{ fill: {color['loop']} }}",
            f".cluster .frame {{ stroke: {color['line']}; fill: {color['open']} }}",
        ]
        lines += [f".{tint} {{ fill: {shades[dark]} }}" for tint, shades in TINTS.items()]
        return "".join(f".autograd-lite {', .autograd-lite '.join(line.split(', '))}\n" for line in lines)

    return (
        ".autograd-lite text { font-family: sans-serif; font-size: 13px; text-anchor: middle }\n"
        ".autograd-lite .label { font-size: 14px; font-weight: bold }\n"
        ".autograd-lite .delta { font-size: 12px; paint-order: stroke; stroke-width: 4px; stroke-linejoin: round }\n"
        ".autograd-lite .title, .autograd-lite .caption { text-anchor: start }\n"
        ".autograd-lite .title { font-weight: bold }\n"
        ".autograd-lite .line { fill: none }\n"
        ".autograd-lite .delay .line { stroke-dasharray: 7 4 }\n"
        ".autograd-lite .const .data { font-style: italic }\n"
        + rules(0)
        + "@media (prefers-color-scheme: dark) {\n"
        + rules(1)
        + "}"
    )


def svg(picture: Picture, layout: Layout) -> str:
    """The picture as an SVG element, to be put into a page or a file."""
    left, top, right, bottom = _bounds(picture, layout)
    margin = 12.0
    lines = [line for text in picture.caption for line in _wrapped(text, max(right - left, 420.0))]
    legend = 44.0 if picture.scale else 0.0
    wide = max([right - left, *(text_width(line, SIZES["caption"]) for line in lines), 26.0 * len(picture.scale)]) + 2 * margin
    high = bottom - top + 3 * margin + legend + LINE_HEIGHT * len(lines)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="autograd-lite" role="img" width="{wide:.0f}" height="{high:.0f}" '
        f'viewBox="0 0 {wide:.0f} {high:.0f}">',
        f"<title>{_escaped(picture.title)}</title>",
        f"<desc>{_escaped(picture.description)}</desc>",
        f"<style>\n{_style()}\n</style>",
        f'<rect class="page" width="{wide:.0f}" height="{high:.0f}"/>',
        f'<g class="graph" transform="translate({(wide - right - left) / 2:.1f} {margin - top:.1f})">',
    ]
    for frame, (x0, y0, x1, y1) in zip(picture.frames, layout.frames):
        out.append(
            f'<g class="cluster"><rect class="frame" x="{x0:.1f}" y="{y0:.1f}" width="{x1 - x0:.1f}" height="{y1 - y0:.1f}" '
            f'rx="8"/><text class="title" x="{x0 + 12:.1f}" y="{y0 + 17:.1f}">{_escaped(frame.title)}</text></g>'
        )
    labels = zip(picture.wires, layout.paths, layout.labels)
    out += [_wire(wire, path, label) for wire, path, label in labels]
    out += [_piece(piece, center) for piece, center in zip(picture.pieces, layout.centers)]
    out.append("</g>")
    y = bottom - top + 2 * margin
    out.append('<g class="legend">')
    for k, (tint, number) in enumerate(picture.scale):
        x = margin + 26.0 * k
        out.append(f'<rect class="{tint}" x="{x:.0f}" y="{y:.0f}" width="26" height="14"/>')
        if number:
            anchor = "start" if k == 0 else "end" if k == len(picture.scale) - 1 else "middle"
            at = x + (0 if k == 0 else 26 if anchor == "end" else 13)
            out.append(f'<text style="text-anchor: {anchor}" x="{at:.0f}" y="{y + 29:.0f}">{_escaped(number)}</text>')
    y += legend
    for k, line in enumerate(lines):
        out.append(f'<text class="caption" x="{margin:.0f}" y="{y + LINE_HEIGHT * (k + 0.8):.0f}">{_escaped(line)}</text>')
    return "\n".join([*out, "</g>", "</svg>"]) + "\n"


def _piece(piece: Piece, center: Point) -> str:
    """A node, from its middle."""
    (x, y), (width, height) = center, piece.size
    plain = piece.kind == "const"
    out = [
        f'<g id="{piece.id}" class="node {piece.kind}" transform="translate({_short(x)} {_short(y)})">'
        f"<title>{_escaped(piece.tip)}</title>"
    ]
    box = f'x="{_short(-width / 2)}" y="{_short(-height / 2)}" width="{_short(width)}" height="{_short(height)}"'
    if not plain:
        radius = {"leaf": 2, "part": 6}.get(piece.kind, 16)
        if piece.kind == "part":
            out.append(f'<rect class="box {piece.tint}" transform="translate(4 4)" {box} rx="{radius}"/>')
        out.append(f'<rect class="box {piece.tint}" {box} rx="{radius}"/>')
    at = (1 if plain else 5) + LINE_HEIGHT * 0.75 - height / 2
    for k, (name, text) in enumerate(piece.lines):
        out.append(f'<text class="{name}" y="{_short(at + LINE_HEIGHT * k)}">{_escaped(text)}</text>')
    if piece.bars:
        out.append(_bars(piece.bars, 10 - width / 2, height / 2 - 6, width - 20))
    return "".join([*out, "</g>"])


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


def _wire(wire: Wire, path: Sequence[Point], label: Point) -> str:
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
    text = f'<text class="delta" x="{_short(x)}" y="{_short(y + 4)}">{_escaped(wire.text)}</text>' if wire.text else ""
    return f'<g id="{wire.id}" class="{wire.kind}">{line}<polygon class="head" points="{head}"/>{text}</g>'


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


def _bounds(picture: Picture, layout: Layout) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of all that is drawn."""
    points = [point for path in layout.paths for point in path] + [frame[k : k + 2] for frame in layout.frames for k in (0, 2)]
    for piece, (x, y) in zip(picture.pieces, layout.centers):
        width, height = piece.size
        points += [(x - width / 2, y - height / 2), (x + width / 2, y + height / 2)]
    xs, ys = zip(*points)
    return min(xs), min(ys), max(xs), max(ys)


# DOT -----------------------------------------------------------------------------------------------------------------


def dot_source(picture: Picture) -> str:
    """The picture as DOT source: from left to right, in the colours of a light page."""
    contents: list[list[str]] = [[] for _ in range(len(picture.frames) + 1)]
    for piece in picture.pieces:
        width, height = piece.size
        shape = "plaintext" if piece.kind == "const" else "box3d" if piece.kind == "part" else "box"
        style = "rounded,filled" if piece.kind == "operation" else "filled"
        fill = f'fillcolor="{TINTS[piece.tint][0]}", style="{style}", ' if piece.kind != "const" else ""
        lines = [_dot_text(text) for _, text in piece.lines] + ["".join(_blocks(piece.bars))] * bool(piece.bars)
        label = "\\n".join(lines)
        size = f", width={width / 72:.3f}, height={height / 72:.3f}, fixedsize=true"
        contents[piece.group].append(f'{piece.id} [shape={shape}, {fill}label="{label}"{size}];')
    for k in range(len(picture.frames) - 1, -1, -1):
        inner = "\n".join([f'label="{_dot_text(picture.frames[k].title)}";', *contents[k]]).replace("\n", "\n  ")
        contents[picture.frames[k].parent].append(f"subgraph cluster_{k} {{\n  {inner}\n}}")
    for wire in picture.wires:
        label = f', label="{_dot_text(wire.text)}"' if wire.text else ""
        # dashed, the loop of a delay does not decide what stands to the left
        delay = f', style=dashed, constraint=false, color="{COLORS["loop"][0]}"' if "delay" in wire.kind else ""
        tail, head = picture.pieces[wire.tail].id, picture.pieces[wire.head].id
        contents[-1].append(f'{tail} -> {head} [id="{wire.id}", penwidth={wire.thickness:.2f}{label}{delay}];')
    font = 'fontname="Helvetica,Arial,sans-serif"'
    caption = "\\l".join(_dot_text(line) for text in picture.caption for line in _wrapped(text, 600.0)) + "\\l"
    defaults = [
        f"graph [rankdir=LR, {font}, fontsize=15, labeljust=l, labelloc=t, nodesep=0.15, ranksep=0.3, style=rounded];",
        f"node [{font}, fontsize=13];",
        f'edge [{font}, fontsize=12, color="#6b6b6b", arrowsize=0.7];',
    ]
    body = "\n".join([*defaults, *contents[-1], f'label="{caption}"; labelloc=b;']).replace("\n", "\n  ")
    return f"digraph {{\n  {body}\n}}\n"


def _blocks(bars: Sequence[tuple[int, float]]) -> list[str]:
    """The size of the gradient by time step, as characters."""
    most = max([size for _, size in bars if size < float("inf")], default=0.0)
    return ["▁▂▃▄▅▆▇█"[round(7 * min(size / most, 1.0)) if most and size == size else 0] for _, size in bars]


def _dot_text(text: str) -> str:
    return cleaned(text, 400).replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')


# Text ----------------------------------------------------------------------------------------------------------------

_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u202a-\u202e\u2066-\u2069]")
"""What XML cannot hold (control characters, surrogates, no characters), and what turns around the text after it."""


def _escaped(text: str) -> str:
    text = _UNFIT.sub("\ufffd", text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


@lru_cache(1 << 14)
def text_width(text: str, size: float) -> float:
    """About how wide a text is in a wide sans-serif font."""
    width = 0.0
    for letter in text:
        if letter in "ijl.,:;'|!()[]ftIr ":
            width += 0.40
        elif letter in "mwMW%@—" or unicodedata.east_asian_width(letter) in "WF":
            width += 1.0
        else:
            width += 0.66
    return width * size


def _wrapped(text: str, width: float) -> list[str]:
    """The text in lines of about that width."""
    lines: list[str] = []
    for word in text.split():
        if lines and text_width(f"{lines[-1]} {word}", SIZES["caption"]) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines
