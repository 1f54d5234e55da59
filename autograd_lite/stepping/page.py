"""The steps as a page: one HTML document that needs nothing else, and what Jupyter shows of it."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

from ..engine.errors import needed
from ..formulas import operands
from ..ops import FAMILIES, ROWS
from ..pages import filled, framed, in_script, template
from ..picture.draw import Drawing, draw
from ..picture.svg import image
from ..program.javascript import functions
from ..program.operation import fixed_numbers, recorded_operation
from ..sentences import LANGUAGES, in_html, rule
from ..value import Value
from .choices import at_any_numbers
from .data import is_live, page_data
from .listing import listing
from .words import WordedPasses

MOST_IN_A_PAGE = 30_000
"""A page of more steps than this does not open in a browser in reasonable time."""
MOST_IN_A_NOTEBOOK = 1_000
MOST_LIVE = 2_000
"""Up to this number of nodes the page computes anew what the hand changes."""
FRAMED = 60
"""Up to this number of nodes the picture has no frames around neurons and layers, to be large enough on a projector."""
HEIGHT = 760
"""Of the page in a notebook, in pixels."""
# The sentences that the scripts of the page fill in
# fmt: off
WORDS = (
    "play", "pause", "guess", "reveal", "where-forward", "where-backward", "so-far-title", "node", "value", "grad", "so-far",
    "to-steps", "to-its-steps", "list-comma", "list-and", "list-more", "all-given", "all-computed", "all-back",
    "step-edge", "step-edge-operand", "step-path", "step-path-operand", "step-sum", "step-sum-complete",
    "loss", "curve", "log-scale", "train", "stop", "trained", "trained-node", "value-of", "foretold", "outside", "overflow",
    "of-node", "kink", "too-fast", "no-number", "no-rate-number", "example", "mean-of",
)
# fmt: on


def document(steps: WordedPasses, code: bool = False) -> str:
    """The page, with the program beside the graph if that is asked for. ValueError for more steps than a browser can hold."""
    if len(steps) > MOST_IN_A_PAGE:
        raise ValueError(
            f"a page holds {MOST_IN_A_PAGE:,} steps, not {len(steps):,}: save them as .txt, or step through a smaller graph"
        )
    drawing, picture = drawn(steps, steps.adjoint)
    why = still(steps)
    listed = steps if why else at_any_numbers(steps)
    source, lines = listing(listed) if code else ("", {})
    script, operations = ("", None) if why else operations_of(steps)
    said = LANGUAGES[steps.language]
    sentences = in_html(steps.language)
    program_of = f'<pre id="code" tabindex="0" role="region" aria-label="{sentences["program"]}">{html.escape(source)}</pre>'
    parts = {
        "language": steps.language,
        "title": html.escape(steps.say("steps-title", output=steps.name(steps.output))),
        "notes": "\n".join(f'<p class="note">{html.escape(note)}</p>' for note in [*steps.notes, *[why] * bool(why)]),
        "picture": picture,
        "code": program_of if code else "",
        "operations": script,
        "data": in_script({**page_data(listed, drawing, lines, operations), "sentences": {key: said[key] for key in WORDS}}),
    }
    return filled(template("autograd_lite.stepping", "page.html"), {**sentences, **parts})


def drawn(steps: WordedPasses, grads: Mapping[Value, float]) -> tuple[Drawing | None, str]:
    """The graph as SVG, or where it is too large for a picture, a paragraph that says so."""
    try:
        names = {node: steps.name(node) for node in steps.nodes if not node.label and not node.is_plain_number}
        drawing = draw(steps.output, grads=grads, names=names, frames=len(steps.nodes) > FRAMED, language=steps.language)
    except ValueError as error:
        return None, f'<p class="note">{html.escape(steps.say("no-picture", why=error))}</p>'
    return drawing, drawing.svg()


def operations_of(steps: WordedPasses) -> tuple[str, dict[Value, int]]:
    """The operations of the graph as functions in JavaScript, and which of them each interior node is."""
    keys: dict[Any, int] = {}
    kinds: list[Value] = []
    found: dict[Value, int] = {}
    for node in steps.nodes:
        if node.parents:
            key = (node.op, len(node.parents), fixed_numbers(node.op, node.parents))
            if key not in keys:
                kinds.append(node)
            found[node] = keys.setdefault(key, len(keys))
    definitions, arrows = functions([recorded_operation(node.op, node.parents) for node in kinds])
    listed = []
    for node, arrow in zip(kinds, arrows):
        row = ROWS.get(node.op) or FAMILIES[node.op]
        letters = operands(node.op, len(node.parents))
        needs, convention = [rule(steps.language, text) for text in (needed(node.op), row.convention)]
        said = {"name": node.op, "needs": needs, "convention": convention, "letters": letters[:6]}
        listed.append(f"{{ ...{in_script(said)}, of: {arrow} }},\n")
    return f"{definitions}const operations = [\n{''.join(listed)}];", found


def still(steps: WordedPasses) -> str:
    """Why the page of these steps is not live; empty where it is."""
    if len(steps.nodes) > MOST_LIVE:
        return steps.say("still-large", count=f"{len(steps.nodes):,}", most=f"{MOST_LIVE:,}")
    if steps.is_changed:
        return steps.say("still-changed")
    if not any(is_live(steps, node) for node in steps.nodes):
        return steps.say("still-unlabelled")
    return ""


def notebook_output(steps: WordedPasses) -> str:
    """The page in a frame of its own, without any right but to run its script; below it, folded up, pictures and text."""
    name = html.escape(steps.name(steps.output))
    trace = f"<pre>{html.escape(steps.text())}</pre>"
    if len(steps) > MOST_IN_A_NOTEBOOK:
        code = "<code>.save(&quot;lesson.html&quot;)</code>"
        return f"<p>{steps.say('steps-too-many', count=f'{len(steps):,}', output=name, code=code)}</p>{trace}"
    frame = framed(document(steps), steps.say("steps-title", output=steps.name(steps.output)), HEIGHT)
    moments: list[tuple[str, Mapping[Value, float]]] = [
        (steps.say("after-forward", output=name), {}),
        (steps.say("after-backward", output=name), steps.adjoint),
    ]
    forward, backward = [_figure(caption, drawn(steps, grads)) for caption, grads in moments]
    # a notebook that was opened and not run shows neither a frame nor obeys a style sheet: only there the first picture is seen
    first = (
        f'<style>.autograd-lite-not-run {{ display: none !important }}</style><div class="autograd-lite-not-run">{backward}</div>'
    )
    without = f"<summary>{steps.say('without-scripts')}</summary>"
    return f"{frame}{first}<details>{without}{forward}{backward}{trace}</details>"


def _figure(caption: str, pictured: tuple[Drawing | None, str]) -> str:
    drawing, svg = pictured
    if drawing is None:
        return svg
    return f"<p>{caption}<br>{image(svg, caption)}</p>"
