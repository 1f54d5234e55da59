"""The steps as a page: one HTML document that needs nothing else, and what Jupyter shows of it."""

from __future__ import annotations

import copy
import html
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..derivation.markup import rounded
from ..derivation.notation import Notation
from ..pages import filled, in_script, template
from ..picture.draw import Drawing, draw
from ..picture.drawer import shown
from ..picture.svg import image
from ..program import compile_program
from ..sentences import LANGUAGES, in_html
from ..value import Value
from .words import Step, WordedPasses

MOST_IN_A_PAGE = 30_000
"""A page of more steps than this does not open in a browser in reasonable time."""
MOST_IN_A_NOTEBOOK = 1_000
FRAMED = 60
"""Up to this number of nodes the picture has no frames around neurons and layers, to be large enough on a projector."""
HEIGHT = 760
"""Of the page in a notebook, in pixels."""
# The sentences that the scripts of the page fill in
# fmt: off
WORDS = (
    "play", "pause", "guess", "reveal", "where-forward", "where-backward", "so-far-title", "node", "value", "grad", "so-far",
    "to-steps", "to-its-steps", "list-comma", "list-and", "list-more", "all-given", "all-computed", "all-back",
)
# fmt: on


def document(steps: WordedPasses, code: bool = False) -> str:
    """The page, with the program beside the graph if that is asked for. ValueError for more steps than a browser can hold."""
    if len(steps) > MOST_IN_A_PAGE:
        raise ValueError(
            f"a page holds {MOST_IN_A_PAGE:,} steps, not {len(steps):,}: save them as .txt, or step through a smaller graph"
        )
    drawing, picture = _picture(steps, steps.adjoint)
    source = program(steps) if code else ""
    said = LANGUAGES[steps.language]
    sentences = in_html(steps.language)
    program_of = f'<pre id="code" tabindex="0" role="region" aria-label="{sentences["program"]}">{html.escape(source)}</pre>'
    parts = {
        "language": steps.language,
        "title": html.escape(steps.say("steps-title", output=steps.name(steps.output))),
        "notes": "\n".join(f'<p class="note">{html.escape(note)}</p>' for note in steps.notes),
        "picture": picture,
        "code": program_of if code else "",
        "data": in_script({**_data(steps, drawing, source.split("\n")), "sentences": {key: said[key] for key in WORDS}}),
    }
    return filled(template("autograd_lite.stepping", "page.html"), {**sentences, **parts})


def _picture(steps: WordedPasses, grads: Mapping[Value, float]) -> tuple[Drawing | None, str]:
    """The graph as SVG, or where it is too large for a picture, a paragraph that says so."""
    try:
        names = {node: steps.name(node) for node in steps.nodes if not node.label and not node.is_plain_number}
        drawing = draw(steps.output, grads=grads, names=names, frames=len(steps.nodes) > FRAMED, language=steps.language)
    except ValueError as error:
        return None, f'<p class="note">{html.escape(steps.say("no-picture", why=error))}</p>'
    return drawing, drawing.svg()


def _data(steps: WordedPasses, drawing: Drawing | None, lines: Sequence[str]) -> dict[str, Any]:
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
    starts = {line.strip().partition(" = ")[0]: k for k, line in enumerate(lines)}
    listed = [_step(step, place, drawing, folded, starts) for step in numbered]
    return {
        "nodes": nodes,
        "order": [place[node] for node in steps.order],
        "grains": {grain: stops for grain, stops in steps.grains().items() if grain != "edge"},
        "patterns": list(patterns),
        "numbers": list(holes)[len(place) :],
        "steps": listed,
        "forward": steps.forward,
    }


def _step(
    step: Step, place: Mapping[Value, int], drawing: Drawing | None, folded: Callable[[str], list[int]], starts: Mapping[str, int]
) -> dict[str, Any]:
    found: dict[str, Any] = {"node": place[step.node]}
    if step.by is not None:
        found["by"] = place[step.by]
    if step.kind == "given":
        found["given"] = True
    found["words"] = folded(step.words)
    found["formulas"] = [folded(formula) for formula in step.steps.equations(step, "mathml")]
    if drawing is not None:
        found |= _passed(step, place, drawing)
    if step.completes:
        found["written"] = True
    elif step.kind == "sum" or step.is_first:
        found["total"] = rounded(step.result, 9)
    line = next((starts[name] for name in _assigned(step) if name in starts), None)
    if line is not None:
        found["line"] = line
    return found


def _passed(step: Step, place: Mapping[Value, int], drawing: Drawing) -> dict[str, Any]:
    """The edges that something passes along, and what: values forward, contributions back."""
    if step.kind == "value":
        ends = [drawing.edge_element_of.get((step.node, i), "") for i in range(len(step.node.parents))]
        return {"parents": [place[parent] for parent in step.node.parents], "edges": ends}
    end = drawing.edge_element_of.get((step.by, step.operand)) if step.by is not None else None
    if end is None:
        return {}
    if step.completes and step.kind == "edge":  # what it passes is the grad
        return {"edges": [end]}
    return {"edges": [end], "flow": shown(step.terms[1] if step.kind == "sum" else step.result, 4)}


def program(steps: WordedPasses) -> str:
    """The passes as a program: a line for each quantity, with the labels of the nodes as names."""
    leaves = [node for node in steps.order if not node.parents]
    return str(compile_program(steps.output, leaves, gradients_of=steps.output, wrt=leaves).source)


def _assigned(step: Step) -> list[str]:
    """The names that a program may give to what a step computes."""
    label, output = step.node.label, step.steps.output.label
    if step.kind == "value":
        return [label]
    return [f"d{output}_d{label}", f"delta_{label.removeprefix('net_')}"] if step.kind != "start" else []


def notebook_output(steps: WordedPasses) -> str:
    """The page in a frame of its own, without any right but to run its script; below it, folded up, pictures and text."""
    name = html.escape(steps.name(steps.output))
    trace = f"<pre>{html.escape(steps.text())}</pre>"
    if len(steps) > MOST_IN_A_NOTEBOOK:
        code = "<code>.save(&quot;lesson.html&quot;)</code>"
        return f"<p>{steps.say('steps-too-many', count=f'{len(steps):,}', output=name, code=code)}</p>{trace}"
    frame = (
        f'<iframe title="{steps.say("steps-title", output=name)}" sandbox="allow-scripts" width="100%" height="{HEIGHT}" '
        f'style="border: 0; width: 100%; height: min({HEIGHT}px, 80vh)" srcdoc="{html.escape(document(steps))}"></iframe>'
    )
    moments: list[tuple[str, Mapping[Value, float]]] = [
        (steps.say("after-forward", output=name), {}),
        (steps.say("after-backward", output=name), steps.adjoint),
    ]
    forward, backward = [_figure(caption, _picture(steps, grads)) for caption, grads in moments]
    # a notebook that was opened and not run shows neither a frame nor obeys a style sheet: only there the first picture is seen
    first = f'<style>.autograd-lite-not-run {{ display: none }}</style><div class="autograd-lite-not-run">{backward}</div>'
    without = f"<summary>{steps.say('without-scripts')}</summary>"
    return f"{frame}{first}<details>{without}{forward}{backward}{trace}</details>"


def _figure(caption: str, pictured: tuple[Drawing | None, str]) -> str:
    drawing, svg = pictured
    if drawing is None:
        return svg
    return f"<p>{caption}<br>{image(svg, caption)}</p>"
