"""The steps as a page: one HTML document that needs nothing else, and what Jupyter shows of it."""

from __future__ import annotations

import base64
import copy
import hashlib
import html
import json
import re
from collections.abc import Callable, Mapping
from importlib import resources
from typing import Any

from ..derivation.markup import rounded
from ..derivation.notation import Notation
from ..picture.draw import Drawing, draw
from ..value import Value
from .words import Step, WordedPasses

MOST_IN_A_PAGE = 30_000
"""A page of more steps than this does not open in a browser in reasonable time."""
MOST_IN_A_NOTEBOOK = 1_000
FRAMED = 60
"""Up to this number of nodes the picture has no frames around neurons and layers, to be large enough on a projector."""
HEIGHT = 760
"""Of the page in a notebook, in pixels."""


def document(steps: WordedPasses) -> str:
    """The page. ValueError for more steps than a browser can hold."""
    if len(steps) > MOST_IN_A_PAGE:
        raise ValueError(
            f"a page holds {MOST_IN_A_PAGE:,} steps, not {len(steps):,}: save them as .txt, or step through a smaller graph"
        )
    drawing, picture = _picture(steps, steps.adjoint)
    template = resources.files(__package__).joinpath("page.html").read_text(encoding="utf-8")
    scripts = re.findall(r"<script>(.*?)</script>", template, re.DOTALL)
    parts = {
        "hash": "sha256-" + base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode(),
        "title": html.escape(f"Step by step: the grads of {steps.name(steps.output)}"),
        "notes": "\n".join(f'<p class="note">{html.escape(note)}</p>' for note in steps.notes),
        "picture": picture,
        "data": _json(_data(steps, drawing)),
    }
    return re.sub("@@([a-z]+)@@", lambda name: parts[name[1]], template)


def _picture(steps: WordedPasses, grads: Mapping[Value, float]) -> tuple[Drawing | None, str]:
    """The graph as SVG, or where it is too large for a picture, a paragraph that says so."""
    try:
        names = {node: steps.name(node) for node in steps.nodes if not node.label and node.op != "const"}
        drawing = draw(steps.output, grads=grads, names=names, frames=len(steps.nodes) > FRAMED)
    except ValueError as error:
        return None, f'<p class="note">No picture: {html.escape(str(error))}</p>'
    return drawing, drawing.svg()


def _data(steps: WordedPasses, drawing: Drawing | None) -> dict[str, Any]:
    """What the script of the page reads.

    Words and formulas repeat themselves but for names and numbers. So each text is a list: the number of its pattern, and
    what stands in the holes of that: the place of a node, or -1, -2, ... for one of the numbers and labels.
    """
    place = {node: k for k, node in enumerate(steps.nodes)}
    patterns: dict[str, int] = {}
    holes = {f"\1{k}": k for k in range(len(place))}

    def folded(text: str) -> list[int]:
        for tag in ("mn>", "mtext>"):
            text = text.replace(f"<{tag}", f"<{tag}\0").replace(f"</{tag}", f"\0</{tag}")
        pieces = text.split("\0")  # every second one stands in a hole
        filling = [holes.setdefault(piece, len(place) - 1 - len(holes)) for piece in pieces[1::2]]
        return [patterns.setdefault("\0".join(pieces[::2]), len(patterns)), *filling]

    nodes = [
        {
            "name": steps.name(node),
            "symbol": folded(steps.notation.name(node, "mathml")),
            "data": rounded(node.data, 9),
            "grad": rounded(steps.adjoint[node], 9) if node in steps.adjoint else "",  # a plain number has none
            "element": drawing.element_of[node] if drawing else "",
        }
        for node in steps.nodes
    ]
    numbered = copy.copy(steps)
    numbered.notation = Notation(steps.nodes, marks={node: f"\0\1{k}\0" for node, k in place.items()})
    listed = [_step(step, place, drawing, folded) for step in numbered]
    return {
        "nodes": nodes,
        "patterns": list(patterns),
        "numbers": list(holes)[len(place) :],
        "steps": listed,
        "forward": steps.forward,
    }


def _step(step: Step, place: Mapping[Value, int], drawing: Drawing | None, folded: Callable[[str], list[int]]) -> dict[str, Any]:
    found: dict[str, Any] = {"node": place[step.node]}
    if step.by is not None:
        found["by"] = place[step.by]
    found["words"] = folded(step.words)
    found["formulas"] = [folded(formula) for formula in step.steps.equations(step, "mathml")]
    if drawing is not None:
        ends = [(step.by, step.operand)] if step.by is not None else []
        if step.kind == "value":
            ends = [(step.node, i) for i in range(len(step.node.parents))]
        ids = dict.fromkeys(drawing.edge_element_of[end] for end in ends if end in drawing.edge_element_of)
        if ids:
            found["edges"] = list(ids)
    if step.completes:
        found["written"] = True
    elif step.kind == "sum" or step.is_first:
        found["total"] = rounded(step.result, 9)
    return found


def _json(data: Any) -> str:
    """JSON that can stand in a script element: without a character that could end it."""
    text = json.dumps(data, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def notebook_output(steps: WordedPasses) -> str:
    """The page in a frame of its own, without any right but to run its script; below it, folded up, pictures and text."""
    name = html.escape(steps.name(steps.output))
    trace = f"<pre>{html.escape(steps.text())}</pre>"
    if len(steps) > MOST_IN_A_NOTEBOOK:
        return (
            f"<p>{len(steps):,} steps to the grads of {name}: too many for a notebook. "
            f"<code>.save(&quot;lesson.html&quot;)</code> writes the page.</p>{trace}"
        )
    frame = (
        f'<iframe title="Step by step: the grads of {name}" sandbox="allow-scripts" width="100%" height="{HEIGHT}" '
        f'style="border: 0; width: 100%; height: {HEIGHT}px" srcdoc="{html.escape(document(steps))}"></iframe>'
    )
    moments: list[tuple[str, Mapping[Value, float]]] = [
        (f"After the forward pass: the value of every node, up to {name}; no grads yet.", {}),
        (f"After the backward pass: the grad of every node, the derivative of {name} by it.", steps.adjoint),
    ]
    figures = [_figure(caption, _picture(steps, grads)) for caption, grads in moments]
    return f"{frame}<details><summary>The same without scripts: pictures and text</summary>{''.join(figures)}{trace}</details>"


def _figure(caption: str, pictured: tuple[Drawing | None, str]) -> str:
    drawing, svg = pictured
    if drawing is None:
        return svg
    data = base64.b64encode(svg.encode()).decode()
    return f'<p>{caption}<br><img style="max-width: 100%" alt="{caption}" src="data:image/svg+xml;base64,{data}"></p>'
