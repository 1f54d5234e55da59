"""The steps as pictures, one for each: in an archive of SVG, as a film, and as slides."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Any

from ..picture.draw import Drawing, draw
from ..picture.drawer import shown
from ..picture.geometry import Layout, Point
from ..picture.printing import printed
from ..picture.scene import Line, Picture, Piece
from ..picture.svg import TINTS, svg
from .words import Step, WordedPasses

MOST = 300
"""More steps than this are no film and no slides."""
SECONDS = 1.5
"""How long a step of a film is seen."""
WIDE, HIGH = 12_192_000, 6_858_000
"""A slide, in the units of PowerPoint: 914,400 to an inch."""


def archive(steps: WordedPasses) -> bytes:
    """A zip with an SVG for each step: ``step_001.svg``, ..."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for step, picture, layout in _pictures(steps):
            text = f'<?xml version="1.0" encoding="UTF-8"?>\n{svg(picture, layout)}'
            file.writestr(zipfile.ZipInfo(f"step_{step.number:03}.svg", (1980, 1, 1, 0, 0, 0)), text.encode())
    return packed.getvalue()


def film(steps: WordedPasses, ending: str) -> bytes:
    """An animated ``gif``, by Pillow, or an ``mp4``, by imageio. ImportError, saying what to install, without."""
    image = _needed("PIL.Image", "Pillow", ending)
    pages = [
        image.open(io.BytesIO(printed(p, layout, "png", f"the .{ending}"))).convert("RGB") for _, p, layout in _pictures(steps)
    ]
    # sides of whole blocks, which films need
    size = tuple(16 * -(-max(page.size[k] for page in pages) // 16) for k in (0, 1))
    frames = []
    for page in pages:
        frame = image.new("RGB", size, "white")
        frame.paste(page, (0, 0))
        frames.append(frame)
    packed = io.BytesIO()
    if ending == "gif":
        frames[0].save(packed, "gif", save_all=True, append_images=frames[1:], duration=int(1000 * SECONDS), loop=0)
    else:
        writer = _needed("imageio.v3", "imageio[ffmpeg]", ending)
        writer.imwrite(packed, frames, extension=".mp4", fps=1 / SECONDS)
    return packed.getvalue()


def slides(steps: WordedPasses) -> bytes:
    """A slide for each step, of shapes that can be edited, by python-pptx. ImportError, saying what to install, without."""
    presentation = _needed("pptx", "python-pptx", "pptx").Presentation()
    presentation.slide_width, presentation.slide_height = WIDE, HIGH
    for step, picture, layout in _pictures(steps):
        slide = presentation.slides.add_slide(presentation.slide_layouts[5])
        title = slide.shapes.title
        title.left, title.top, title.width, title.height = WIDE // 40, HIGH // 60, WIDE * 38 // 40, HIGH // 12
        title.text = step.words
        title.text_frame.paragraphs[0].runs[0].font.size = 24 * 12_700
        formulas = slide.shapes.add_textbox(WIDE // 40, HIGH // 10, WIDE * 38 // 40, HIGH // 9)
        formulas.text_frame.text = step.formula
        _shapes(slide.shapes, picture, layout)
    packed = io.BytesIO()
    presentation.save(packed)
    return packed.getvalue()


def _shapes(shapes: Any, picture: Picture, layout: Layout) -> None:
    """The pieces as rectangles with their text, the wires as lines, in the lower part of a slide."""
    from pptx.dml.color import RGBColor
    from pptx.enum.shapes import MSO_SHAPE

    points = [point for path in layout.paths for point in path]
    for piece, (x, y) in zip(picture.pieces, layout.centers):
        points += [(x - piece.size[0] / 2, y - piece.size[1] / 2), (x + piece.size[0] / 2, y + piece.size[1] / 2)]
    left, upper = min([x for x, _ in points]), min([y for _, y in points])
    wide, high = max([x for x, _ in points]) - left, max([y for _, y in points]) - upper
    scale = min(WIDE * 0.95 / (wide or 1), HIGH * 0.74 / (high or 1), 16_000.0)

    def placed(point: Point) -> tuple[int, int]:
        return int(WIDE * 0.025 + (point[0] - left) * scale), int(HIGH * 0.235 + (point[1] - upper) * scale)

    def color(text: str) -> Any:
        return RGBColor.from_string(text.lstrip("#").upper())

    for wire, path in zip(picture.wires, layout.paths):
        build = shapes.build_freeform(*placed(path[0]), scale=1.0)
        build.add_line_segments([placed(point) for point in path[3::3]], close=False)
        line = build.convert_to_shape()
        line.fill.background()
        line.line.width = int((3.0 if wire.active else wire.thickness / 2) * 12_700)
        line.line.color.rgb = color("#8e24aa" if wire.active else "#6b6b6b")
    for piece, (x, y) in zip(picture.pieces, layout.centers):
        width, height = piece.size
        kind = MSO_SHAPE.RECTANGLE if piece.kind == "leaf" else MSO_SHAPE.ROUNDED_RECTANGLE
        shape = shapes.add_shape(kind, *placed((x - width / 2, y - height / 2)), int(width * scale), int(height * scale))
        shape.fill.solid()
        shape.fill.fore_color.rgb = color(TINTS[piece.tint][0])
        shape.line.color.rgb = color("#8e24aa" if piece.active else "#444444")
        shape.line.width = int((3.0 if piece.active else 0.75) * 12_700)
        shape.text_frame.text = "\n".join([line.text for line in piece.lines])
        for paragraph in shape.text_frame.paragraphs:
            paragraph.font.size, paragraph.font.color.rgb = max(int(12 * scale), 12_700), color("#111111")


def _needed(module: str, package: str, ending: str) -> Any:
    from importlib import import_module

    try:
        return import_module(module)
    except ImportError:
        raise ImportError(f"steps as .{ending} need the package {package}: pip install '{package}'") from None


def _pictures(steps: WordedPasses) -> Iterator[tuple[Step, Picture, Layout]]:
    """The picture of each step: the values and grads so far, what is active, and below it words and formulas."""
    if len(steps) > MOST:
        raise ValueError(f"{len(steps):,} steps are too many for pictures, more than {MOST}: save them as .html or .txt")
    names = {node: steps.name(node) for node in steps.nodes if not node.label and not node.is_plain_number}
    drawing = draw(steps.output, grads=steps.adjoint, names=names, frames=False, collapse=False, language=steps.language)
    piece_of = {drawing.element_of[node]: node for node in steps.nodes}
    computed: set[Any] = {node for node in steps.nodes if node.is_plain_number}
    sums: dict[Any, tuple[float, bool]] = {}
    passed: dict[str, str] = {}
    for step in steps:
        if step.kind in ("given", "value"):
            computed.add(step.node)
            passed |= {edge: shown(step.node.parents[i].data, 4) for i, edge in _edges(drawing, step) if edge}
        elif step.kind != "edge" or step.is_first:
            sums[step.node] = step.result, step.completes
        for _, edge in _edges(drawing, step) if step.kind == "edge" else ():
            passed[edge] = shown(step.result, 4)
        active = {drawing.element_of[node] for node in (step.node, step.by) if node is not None}
        active |= {edge for _, edge in _edges(drawing, step)}
        pieces = [
            _piece(piece, piece_of[piece.id] in computed, sums.get(piece_of[piece.id]), active)
            for piece in drawing.picture.pieces
        ]
        wires = [
            wire._replace(text=passed.get(wire.id, "") if wire.text else "", active=wire.id in active, thickness=1.2)
            for wire in drawing.picture.wires
        ]
        caption = [steps.say("caption-step", number=step.number, count=len(steps), words=step.words), *step.formula.splitlines()]
        yield (
            step,
            drawing.picture._replace(pieces=pieces, wires=wires, caption=caption, scale=[], description=""),
            drawing.layout,
        )


def _edges(drawing: Drawing, step: Step) -> list[tuple[int, str]]:
    ends = [(step.by, step.operand)] if step.by is not None else []
    if step.kind == "value":
        ends = [(step.node, i) for i in range(len(step.node.parents))]
    return [(i, drawing.edge_element_of[node, i]) for node, i in ends if (node, i) in drawing.edge_element_of]


def _piece(piece: Piece, is_computed: bool, total: tuple[float, bool] | None, active: set[str]) -> Piece:
    """A piece as it is by now: its data once it is computed, its grad once all of it, or some, has arrived."""
    lines = []
    for line in piece.lines:
        text = line.text
        if line.name == "data" and piece.kind != "const":
            text = text if is_computed else "data —"
        elif line.name == "grad":
            text = "grad —" if total is None else text if total[1] else f"grad {shown(total[0], 3)} +"
        lines.append(line if text == line.text else Line(line.name, ((text, ""),)))
    tint = piece.tint if total is not None and total[1] else "none"
    return piece._replace(lines=lines, tint=tint, tip="", active=piece.id in active)
