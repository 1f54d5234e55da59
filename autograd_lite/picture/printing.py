"""A picture as png or pdf, with the layout, the colours and the legend that it has as SVG."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .dot import NoDot, blocks, dot_text, run_dot
from .geometry import Layout, Point
from .letters import Run
from .scene import LINE_HEIGHT, SIZES, SMALLER, Picture, Piece, Wire, text_width
from .svg import COLORS, LANES, SHADE, TINTS, bounds, caption_lines, escaped, svg

HOW_TO = (
    "install Graphviz from your system's packages (`apt install graphviz`, `brew install graphviz`, `winget install graphviz`) "
    "or the converter CairoSVG (`pip install 'autograd_lite[pictures]'`), or save the picture as .svg, which needs nothing"
)


def printed(picture: Picture, layout: Layout, ending: str, name: str) -> bytes:
    """The picture as ``png`` or ``pdf``, by Graphviz's `dot` or else by CairoSVG. RuntimeError, naming the file, without."""
    try:
        return run_dot(placed(picture, layout), ending, seconds=120.0, engine="neato", options=("-n2",))
    except NoDot as error:
        try:
            import cairosvg
        except (ImportError, OSError):  # an OSError where the library cairo is missing
            raise RuntimeError(f"{name} needs Graphviz: {error}; {HOW_TO}") from None
        convert = {"png": cairosvg.svg2png, "pdf": cairosvg.svg2pdf}[ending]
        return bytes(convert(bytestring=svg(picture, layout, screen=False).encode()))


def placed(picture: Picture, layout: Layout) -> str:
    """The picture as DOT source in which everything has its place: for ``neato -n2``."""
    left, _, right, bottom = bounds(picture, layout)
    contents: list[list[str]] = [[] for _ in range(len(picture.frames) + 1)]
    for piece, center in zip(picture.pieces, layout.centers):
        contents[piece.group].append(_piece(piece, center))
    for k in range(len(picture.frames) - 1, -1, -1):
        (x0, y0, x1, y1), title = layout.frames[k], picture.frames[k].title
        place = f"{x0 + 12 + text_width(title, SIZES['title']) * 0.54:.1f},{-(y0 + 13):.1f}"
        head = [f'bb="{x0:.1f},{-y1:.1f},{x1:.1f},{-y0:.1f}"; style="rounded,filled"; fillcolor="{COLORS["open"][0]}";']
        head.append(f'color="{COLORS["line"][0]}"; lp="{place}"; label=<<B>{escaped(title)}</B>>; fontsize=13;')
        inner = "\n".join([*head, *contents[k]]).replace("\n", "\n  ")
        contents[picture.frames[k].parent].append(f"subgraph cluster_{k} {{\n  {inner}\n}}")
    contents[-1] += [
        _wire(picture, wire, path, label, layout.frames) for wire, path, label in zip(picture.wires, layout.paths, layout.labels)
    ]
    contents[-1] += _legend(picture, left, bottom + 24.0, right - left)
    font = 'fontname="Helvetica,Arial,sans-serif"'
    defaults = [f'graph [{font}, bgcolor=white, pad=0.17, outputorder="nodesfirst"];', f"node [{font}, fontsize=13];"]
    body = "\n".join([*defaults, f"edge [{font}, fontsize=12];", *contents[-1]]).replace("\n", "\n  ")
    return f"digraph {{\n  {body}\n}}\n"


def _at(point: Point) -> str:
    return f"{point[0]:.1f},{-point[1]:.1f}"


def _piece(piece: Piece, center: Point) -> str:
    width, height = piece.size
    lines = [_set(line.runs) if line.name != "label" else f"<B>{_set(line.runs)}</B>" for line in piece.lines]
    lines += ["".join(blocks(piece.bars))] * bool(piece.bars)
    rows = "".join([f'<TR><TD HEIGHT="{LINE_HEIGHT:.0f}">{line}</TD></TR>' for line in lines])
    table = f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">{rows}</TABLE>'
    look = f'label=<{table}>, width={width / 72:.4f}, height={height / 72:.4f}, fixedsize=true, pos="{_at(center)}"'
    if piece.kind == "const":
        return f"{piece.id} [shape=plaintext, {look}];"
    style = {"operation": "rounded,filled", "part": "rounded,filled"}.get(piece.kind, "filled")
    rim = "active" if piece.active else "odd" if piece.tint == "odd" else ""
    odd = f', penwidth=3, color="{COLORS[rim][0]}"' if rim else ""
    two = ", peripheries=2" if piece.kind == "part" else ""
    return f'{piece.id} [shape=box, style="{style}", fillcolor="{TINTS[piece.tint][0]}"{odd}{two}, {look}];'


def _wire(picture: Picture, wire: Wire, path: Sequence[Point], label: Point, frames: Iterable[tuple[float, ...]]) -> str:
    color = LANES[wire.lane][0] if wire.lane >= 0 else COLORS["loop" if "delay" in wire.kind else "line"][0]
    if wire.active:
        color = COLORS["active"][0]
    before = next((point for point in reversed(path[:-1]) if point != path[-1]), path[0])
    dx, dy = path[-1][0] - before[0], path[-1][1] - before[1]
    length = (dx * dx + dy * dy) ** 0.5 or 1.0
    end = (path[-1][0] - dx / length * 7.0, path[-1][1] - dy / length * 7.0)
    spline = " ".join([f"e,{_at(path[-1])}", *map(_at, path[:-1]), _at(end)])
    look = (
        f'id="{wire.id}", color="{color}", penwidth={4.0 if wire.active else wire.thickness:.2f}, arrowsize=0.7, pos="{spline}"'
    )
    if "delay" in wire.kind:
        look += ", style=dashed"
    if wire.text:
        inside = any(x0 <= label[0] <= x1 and y0 <= label[1] <= y1 for x0, y0, x1, y1 in frames)
        table = f'<TABLE BORDER="0" CELLPADDING="1" CELLSPACING="0" BGCOLOR="{COLORS["open" if inside else "page"][0]}">'
        look += f', label=<{table}<TR><TD>{escaped(wire.text)}</TD></TR></TABLE>>, lp="{_at(label)}"'
    return f"{picture.pieces[wire.tail].id} -> {picture.pieces[wire.head].id} [{look}];"


def _legend(picture: Picture, left: float, y: float, wide: float) -> list[str]:
    """The shades with their numbers, and the caption: nodes of their own."""
    found = []
    for k, (tint, number) in enumerate(picture.scale):
        x = left + SHADE * (k + 0.5)
        look = f'width={SHADE / 72:.4f}, height={14 / 72:.4f}, fixedsize=true, penwidth=0, fillcolor="{TINTS[tint][0]}"'
        found.append(f'shade{k} [shape=box, style=filled, label="", {look}, pos="{_at((x, y))}"];')
        found.append(f'bound{k} [shape=plaintext, label="{dot_text(number)}", pos="{_at((x, y + 18))}"];')
    y += 44.0 if picture.scale else 0.0
    for k, line in enumerate(caption_lines(picture, wide)):
        width = text_width(line, SIZES["caption"])
        size = f"width={width / 72:.4f}, height=0.22, fixedsize=true"
        place = _at((left + width / 2, y + LINE_HEIGHT * k))
        found.append(f'line{k} [shape=plaintext, label="{dot_text(line)}", {size}, pos="{place}"];')
    return found


def _set(runs: Iterable[Run]) -> str:
    """The characters of a line as Graphviz's HTML, with subscripts."""
    small = f'<FONT POINT-SIZE="{13 * SMALLER:.0f}">'
    tags = {"sub": f"{small}<SUB>{{}}</SUB></FONT>", "sup": f"{small}<SUP>{{}}</SUP></FONT>", "gone": "", "gap": " "}
    return "".join([tags.get(kind, "{}").format(escaped(text)) for text, kind in runs])
