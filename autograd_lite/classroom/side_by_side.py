"""A comparison as a page: the steps of two passes, side by side, in one HTML document."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from typing import Any

from ..backprop import Contribution
from ..derivation.markup import rounded
from ..pages import filled, framed, in_script, template
from ..picture.draw import Drawing
from ..sentences import LANGUAGES, in_html, say
from ..stepping.page import drawn
from ..stepping.passes import Record
from ..stepping.words import WordedPasses
from ..value import Value
from .comparison import Compared

MOST_STEPS = 3_000
"""A page of more steps than this does not open in a browser in reasonable time."""
HEIGHT = 760
"""Of the page in a notebook, in pixels."""
WORDS = ("where-forward", "where-backward", "to-steps", "node", "right-grad", "wrong-grad", "side-table")
"""The sentences that the script of the page fills in."""


class Followed(WordedPasses):
    """The steps of the right pass from the grads that an engine has: what each node passes back with its own."""

    def __init__(self, output: Value, grads: Mapping[Value, float], language: str) -> None:
        self.grads = grads
        super().__init__(output, language)

    def _passed(self) -> Iterable[Contribution]:
        for one in super()._passed():
            grad = self.grads[one.node]
            yield one._replace(adjoint=grad, amount=grad * one.derivative)


def document(found: Compared) -> str:
    """The page. ValueError for more steps than a browser can hold."""
    right = found.passes
    if len(right) > MOST_STEPS:
        raise ValueError(f"a page holds {MOST_STEPS:,} steps, not {len(right):,}: compare the engines on a smaller graph")
    said = LANGUAGES[found.language]
    passes = [{node: grads[node] for node in right.order} for grads in (found.right, found.wrong)]
    (drawing, picture), (_, other) = [drawn(right, grads) for grads in passes]
    parts = {
        "language": found.language,
        "title": html.escape(say(found.language, "side-title", output=right.name(found.output))),
        "style": template("autograd_lite.stepping", "page.css"),
        "walk": template("autograd_lite.stepping", "walk.js"),
        "picture": picture,
        "other": re.sub(r'\bid="', 'id="other-', other),
        "summary": html.escape(next(found.lines())),
        "data": in_script({**_data(found, drawing), "sentences": {key: said[key] for key in WORDS}}),
    }
    return filled(template("autograd_lite.classroom", "side_by_side.html"), {**in_html(found.language), **parts})


def _data(found: Compared, drawing: Drawing | None) -> dict[str, Any]:
    """What the script of the page reads: nodes, and steps, with what is to be seen of each in either pass."""
    right, wrong = found.passes, Followed(found.output, found.wrong, found.language)
    place = {node: k for k, node in enumerate(right.nodes)}
    nodes = [
        {
            "name": right.name(node),
            "grads": [rounded(grads[node], 9) for grads in (found.right, found.wrong)] if node in right.adjoint else [],
            "element": drawing.element_of[node] if drawing else "",
            "differs": (node in found.differing) + (node in found.faults),
        }
        for node in right.nodes
    ]
    return {
        "nodes": nodes,
        "order": [place[node] for node in right.order],
        "steps": [_step(found, pair, wrong, place, drawing) for pair in zip(right.records, wrong.records)],
        "forward": right.forward,
        "difference": found.step.number - 1 if found.step else -1,
    }


def _step(
    found: Compared, records: tuple[Record, Record], wrong: WordedPasses, place: Mapping[Value, int], drawing: Drawing | None
) -> dict[str, Any]:
    """A step: its words, the formulas in either pass, and what is to be said of the wrong one."""
    right = found.passes
    record, other = records
    step: dict[str, Any] = {"node": place[record.node], "words": right.words(record)}
    if record.by is not None:
        step["by"] = place[record.by]
    formulas = [right.equations(record, "mathml"), wrong.equations(other, "mathml")]
    step["formulas"] = ["".join(f'<div class="formula">{one}</div>' for one in side) for side in formulas]
    if drawing is not None:
        ends = [(record.node, i) for i in range(len(record.node.parents))] if record.kind == "value" else []
        ends += [(record.by, record.operand)] if record.by is not None else []
        step["edges"] = [element for end in ends if (element := drawing.edge_element_of.get(end))]
    if right.completes(record):
        step["written"] = True
    told = _told(found, record)
    if told:
        step["told"] = told
    if told or formulas[0] != formulas[1]:
        step["differs"] = True
    return step


def _told(found: Compared, record: Record) -> list[str]:
    """Where the engine goes wrong: what it leaves in the grad, and what it wrote there."""
    node, right = record.node, found.passes
    is_first = found.step is not None and found.step.number == record.number
    if not is_first and not (node in found.faults and right.completes(record)):
        return []
    return [found.grad_of(node), *found.written_into(node)]


def notebook_output(found: Compared) -> str:
    """The page in a frame of its own, without any right but to run its script; below it, folded up, the text."""
    text = f"<pre>{html.escape(str(found))}</pre>"
    if len(found.passes) > MOST_STEPS:
        return text
    frame = framed(document(found), say(found.language, "side-title", output=found.passes.name(found.output)), HEIGHT)
    return f"{frame}<details><summary>{html.escape(next(found.lines()))}</summary>{text}</details>"
