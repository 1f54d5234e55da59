"""What the scripts of the page read: the graph, its steps, and of every number which it is, so that they can compute it anew."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from ..derivation.markup import Markup
from ..derivation.notation import Notation
from ..picture.draw import Drawing
from ..picture.scopes import paths_of
from ..value import Value
from .passes import Examples
from .words import Step, WordedPasses

Folded = list[int]
KINDS = ("data", "local", "adjoint", "result", "before")
"""Of quantities: of a node its data, a local derivative, its adjoint; of a step its result, and the sum before it."""
SIDE, PIECE = "\4", "\3"
"""Between the sides of an equation, and the pieces of a side."""


class Quantity(float):
    """A number of the passes, and which: its kind, and the place of its node, or the index of its step."""

    which: tuple[str, int, int]

    def __new__(cls, number: float, kind: str, k: int, operand: int = 0) -> Quantity:
        self = super().__new__(cls, number)
        self.which = (kind, k, operand)
        return self


class Marked(Notation):
    """A notation that leaves holes for nodes and quantities."""

    def __init__(self, place: Mapping[Value, int]) -> None:
        super().__init__(place, marks={node: f"\0\1{k}\0" for node, k in place.items()})
        self.place = place

    def _number(self, thing: Any) -> float:
        return Quantity(thing.data, "data", self.place[thing]) if isinstance(thing, Value) else super()._number(thing)

    def _figure(self, x: float, markup: Markup, digits: int | None, level: int) -> str:
        if isinstance(x, Quantity):
            kind, k, operand = x.which
            which = [KINDS.index(kind), k, level]
            return f"\0\2{json.dumps(which if (operand, digits) == (0, 9) else [*which, operand, digits])}\0"
        return super()._figure(x, markup, digits, level)


def marked(steps: WordedPasses, place: Mapping[Value, int]) -> WordedPasses:
    """The same steps, whose formulas have holes."""
    found = copy.copy(steps)
    found.notation, found.records, found.contributions = Marked(place), [], {}
    for k, record in enumerate(steps.records):
        _, kind, node, result, terms, by, operand = record
        if kind in ("given", "value"):
            record = record._replace(result=Quantity(result, "data", place[node]))
        elif by is not None:
            if kind == "edge":
                named = Quantity(terms[0], "adjoint", place[by]), Quantity(terms[1], "local", place[by], operand)
            else:
                named = Quantity(terms[0], "before", k), Quantity(terms[1], "result", k - 1)
            record = record._replace(result=Quantity(result, "result", k), terms=named)
        if kind == "edge":
            found.contributions.setdefault(node, []).append(record)
        found.records.append(record)
    return found


def page_data(
    steps: WordedPasses,
    drawing: Drawing | None,
    lines: Mapping[int, int],
    operations: Mapping[Any, int] | None,
) -> dict[str, Any]:
    """What the scripts read.

    lines: of steps, by index, the line of the program. operations: of interior nodes, which of the operations of the page it is;
    None where the page is not live.

    Words and formulas repeat themselves but for names and numbers. So each text is a list: the number of its pattern, and
    what stands in the holes of that: the place of a node, or -1, -2, ... for one of the numbers, quantities and labels.
    """
    place = {node: k for k, node in enumerate(steps.nodes)}
    patterns: dict[str, int] = {}
    holes = {f"\1{k}": k for k in range(len(place))}

    def folded(text: str) -> Folded:
        for tag in ("mn>", "mtext>"):
            text = text.replace(f"<{tag}", f"<{tag}\0").replace(f"</{tag}", f"\0</{tag}")
        pieces = text.split("\0")  # every second one stands in a hole
        filling = [holes.setdefault(piece, len(place) - 1 - len(holes)) for piece in pieces[1::2]]
        return [patterns.setdefault("\0".join(pieces[::2]), len(patterns)), *filling]

    trained = parameters_of(steps)
    nodes = []
    for node in steps.nodes:
        found = {
            "name": steps.name(node),
            "symbol": folded(steps.notation.name(node, "mathml")),
            "data": in_json(node.data),
        }
        shown = drawing.element_of[node] if drawing else ""
        if shown != f"n{place[node]}":
            found["element"] = shown
        if node in steps.varying:
            found["varies"] = True
        if node.parents:
            found |= _operation(node, place, drawing)
            if operations is not None:
                found["op"] = operations[node]
        elif node.is_plain_number:
            found["plain"] = True
        elif operations is not None and is_live(steps, node):
            found |= {"leaf": True, "trained": node in trained}
        nodes.append(found)
    listed = [_step(step, k, place, folded, lines) for k, step in enumerate(marked(steps, place))]
    return {
        "nodes": nodes,
        "order": [place[node] for node in steps.order],
        "grains": {grain: stops for grain, stops in steps.grains().items() if grain != "edge"},
        "patterns": list(patterns),
        "kinds": KINDS,
        "numbers": [json.loads(hole[1:]) if hole[:1] == "\2" else hole for hole in list(holes)[len(place) :]],
        "steps": listed,
        "forward": steps.forward,
        "live": operations is not None,
        "examples": steps.examples and _examples(steps.examples, place),
        "sizes": _sizes(drawing, place) if drawing else [],
    }


def _sizes(drawing: Drawing, place: Mapping[Value, int]) -> list[list[Any]]:
    """Of each collapsed part, by its id, and each frame, by its number: the nodes of each size of the gradient, and its title."""
    frames = drawing.picture.frames
    return [
        [
            shown_as,
            [[f"{start} ", [place[node] for node in nodes]] for start, nodes in sizes.items()],
            frames[shown_as].part if isinstance(shown_as, int) else "",
        ]
        for shown_as, sizes in drawing.sizes.items()
    ]


def _examples(examples: Examples, place: Mapping[Value, int]) -> dict[str, Any]:
    used = [j for j, leaf in enumerate(examples.leaves) if leaf in place]
    return {
        "leaves": [place[examples.leaves[j]] for j in used],
        "rows": [[row[j] for j in used] for row in examples.rows],
        "inputs": [place[leaf] for leaf in examples.inputs if leaf in place],
        "outputs": [place[node] for node in examples.outputs],
        "kinds": examples.kinds,
    }


def _operation(node: Value, place: Mapping[Value, int], drawing: Drawing | None) -> dict[str, Any]:
    derivatives = node.local_derivatives
    found: dict[str, Any] = {
        "parents": [place[parent] for parent in node.parents],
        "local": [in_json(derivative) for derivative in derivatives],
    }
    ends = [drawing.edge_element_of.get((node, i), "") if drawing else "" for i in range(len(derivatives))]
    if ends != [f"e{place[node]}_{i}" for i in range(len(derivatives))]:
        found["ends"] = ends
    return {**found, "chooses": True} if node._chooses() else found


def _step(
    step: Step, k: int, place: Mapping[Value, int], folded: Callable[[str], Folded], lines: Mapping[int, int]
) -> dict[str, Any]:
    found: dict[str, Any] = {"node": place[step.node], "words": folded(step.words)}
    found["formulas"] = [folded(SIDE.join(map(PIECE.join, sides))) for sides in step.steps.sides(step, "mathml")]
    if step.by is not None:
        found |= {"by": place[step.by]} | ({"operand": step.operand} if step.operand else {})
    flags = {"sum": step.kind == "sum", "first": step.is_first, "written": step.completes}
    found |= {name: 1 for name, is_so in flags.items() if is_so}
    return {**found, "line": lines[k]} if k in lines else found


def in_json(x: float) -> float | str:
    """The number, or as a text one that JSON lacks."""
    return x if math.isfinite(x) else "NaN" if x != x else "Infinity" if x > 0 else "-Infinity"


def is_live(steps: WordedPasses, leaf: Value) -> bool:
    """Whether it is a leaf that the page can change: one with a label, or one of the parameters that were given."""
    return not leaf.parents and not leaf.is_plain_number and bool(leaf.label or leaf in (steps.parameters or ()))


def parameters_of(steps: WordedPasses) -> set[Value]:
    """The leaves that are trained unless others are chosen: those given, or those that a part of a model uses.

    Without inputs and constants; where no part uses any, all leaves but these.
    """
    if steps.parameters is not None:
        return steps.parameters
    paths = paths_of(steps.nodes)
    used = {parent for node in steps.nodes if paths[node] for parent in node.parents}
    leaves = {node for node in steps.nodes if not node.parents and not node.is_plain_number}
    free = {leaf for leaf in leaves if not (hasattr(leaf, "scope") and leaf.scope.role in ("input", "constant"))}
    return free & used or free
