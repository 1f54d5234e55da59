"""The picture of a computation graph, as SVG always, and as DOT source; png and pdf where Graphviz's `dot` is installed."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..backprop import topological_order
from ..derivation.markup import cleaned
from ..files import write_whole
from ..value import Value
from . import layout as layouts
from . import svg as writer
from .scopes import Level, Unit, folded_units, paths_of, split_time, states, units
from .scopes import Path as ScopePath

if TYPE_CHECKING:
    from pathlib import Path

MOST = 2000
"""More visible nodes than this are drawn only with ``force=True``."""
MOST_SPANNED = 200
"""Over so many columns, all together, the arrows of a picture may run that `dot` lays out: its time grows with them, from a
twentieth of a second there to minutes, and so does the height that it needs."""


class Drawing:
    """A graph's picture. Jupyter shows it as SVG; `source` is its DOT source.

    `element_of` gives for every node of the graph the id of the SVG element that shows it, its own (``n3``) or that of a
    collapsed part (``p0``); `edge_element_of` for (node, i) the id of the edge from its i-th parent, if it is visible.
    """

    def __init__(
        self,
        picture: writer.Picture,
        element_of: dict[Value, str],
        edge_element_of: dict[tuple[Value, int], str],
        dot: bool,
    ) -> None:
        self.picture = picture
        self.element_of = element_of
        self.edge_element_of = edge_element_of
        self._dot = dot

    @cached_property
    def source(self) -> str:
        """The DOT source of the picture, for Graphviz and other viewers of it."""
        return writer.dot_source(self.picture)

    @property
    def layout(self) -> layouts.Layout:
        """Where everything is."""
        return self._laid_out[0]

    @property
    def layout_by(self) -> str:
        """Which layout is used, and if it is the built-in one, why."""
        return self._laid_out[1]

    @cached_property
    def _laid_out(self) -> tuple[layouts.Layout, str]:
        built_in = layouts.layered(*self.picture.graph)
        pieces, wires, frames = self.picture.pieces, self.picture.wires, self.picture.frames
        if not self._dot:
            why = "as asked for with dot=False"
        elif len(frames) > 1:
            why = "Graphviz's dot would stack its frames"
        elif built_in.spanned > MOST_SPANNED:
            why = f"Graphviz's dot takes long where arrows span {built_in.spanned:,} columns, all together"
        else:
            try:
                ids = [piece.id for piece in pieces], [wire.id for wire in wires]
                return layouts.by_dot(self.source, *ids, len(frames)), "Graphviz's dot"
            except layouts.NoDot as error:
                why = str(error)
        return built_in, f"built-in: {why}"

    def svg(self) -> str:
        """The picture as SVG text, an element that can be put into a page. It needs no other program."""
        return writer.svg(self.picture, self.layout)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes the picture to a file named `*.svg`, `*.png` or `*.pdf`, or its source to `*.dot`; returns the path.

        png and pdf need Graphviz's `dot`: RuntimeError, saying how to get it, without. ValueError for another ending. The
        file is written whole or not at all.
        """
        from pathlib import Path

        path = Path(path)
        ending = path.suffix.lower()
        if ending == ".svg":
            data = f'<?xml version="1.0" encoding="UTF-8"?>\n{self.svg()}'.encode()
        elif ending == ".dot":
            data = self.source.encode()
        elif ending in (".png", ".pdf"):
            try:
                data = layouts.run_dot(self.source, ending[1:], seconds=120.0)
            except layouts.NoDot as error:
                raise RuntimeError(
                    f"{path.name} needs Graphviz: {error}. Install Graphviz from your system's packages (`apt install graphviz`, "
                    "`brew install graphviz`, `winget install graphviz`), or save the picture as .svg, which needs nothing"
                ) from None
        else:
            raise ValueError(f"a drawing is saved as .svg, .png, .pdf or .dot, not as {path.name!r}")
        write_whole(path, data)
        return path

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        try:
            return {"image/svg+xml": self.svg(), "text/plain": repr(self)}
        except Exception as error:  # Jupyter would show a traceback in the place of everything else
            return {"text/plain": f"no picture: {type(error).__name__}: {error}"}

    def __repr__(self) -> str:
        count = len(self.element_of)
        return f"<Drawing of {count} node{'s' * (count != 1)}; .save('graph.svg') writes the picture, .source is its DOT source>"


def draw(
    output: Value,
    *,
    by: str = "grad",
    grads: Mapping[Value, float] | None = None,
    names: Mapping[Value, str] | None = None,
    collapse: bool | str | Iterable[str] | None = None,
    depth: int | None = None,
    rolled: bool = False,
    frames: bool = True,
    force: bool = False,
    dot: bool = True,
) -> Drawing:
    """The graph that `output` was computed from: nodes with label, data and grad, edges with local derivatives.

    From left to right; a leaf is a box, an operation is rounded, a plain number has no frame. `a + a` has two edges. Blue is
    negative, orange positive, white 0, by "grad" or by "data"; an edge is the wider the larger its part of the gradient
    (adjoint times local derivative), or before `backward()` its local derivative. The graph is left as it is.

    Before `backward()` (all grads are 0, and that of the output is not 1) grads are shown as —. grads, names: shown in place of
    the nodes' own grads and labels.

    The parts that made the nodes (neuron, layer, time step: see `Scope`) have frames. Above 150 nodes they collapse, as many
    levels as it takes. collapse: True for all of them, or titles, or False for none. depth: how many levels stay open.
    rolled: folds the time steps of a recurrent network into one, with the edges from step to step dashed and marked with the
    delay. frames: False for none around the parts that are open. dot: False for the built-in layout also where Graphviz's `dot`
    is there, which otherwise lays out small pictures: those of short arrows and at most one frame. It has a second for it.

    ValueError above 2,000 visible nodes, without ``force=True``.

    >>> x, w = Value(2.0, "x"), Value(3.0, "w")
    >>> drawing = draw(x * w)
    >>> drawing.source.splitlines()[0], drawing.svg()[:4], drawing.element_of[w]
    ('digraph {', '<svg', 'n1')
    """
    order = topological_order(output)
    if by not in ("grad", "data"):
        raise ValueError(f"a picture is coloured by 'grad' or by 'data', not by {by!r:.60}")
    paths = paths_of(order)
    shown = folded_units(order, paths) if rolled else units(order, paths, collapse, depth)
    if len(shown) > MOST and not force:
        raise ValueError(
            f"{len(shown):,} nodes are too many to be seen, more than {MOST:,}: collapse parts with collapse=True or depth=1, "
            "draw a smaller graph, or insist with force=True"
        )
    return _Drawer(order, paths, shown, _grads(order, grads), names or {}, by, rolled, frames, dot).drawing()


def _grads(order: Sequence[Value], given: Mapping[Value, float] | None) -> Mapping[Value, float]:
    """The grads to be shown: those given, or else the nodes' own, or none before `backward()`."""
    if given is not None:
        return given
    if order[-1].grad != 1.0 and all(node.grad == 0 for node in order):
        return {}
    return {node: node.grad for node in order}


class _Drawer:
    """Makes the picture of some units of a graph."""

    def __init__(
        self,
        order: Sequence[Value],
        paths: dict[Value, ScopePath],
        shown: Sequence[Unit],
        grads: Mapping[Value, float],
        names: Mapping[Value, str],
        by: str,
        rolled: bool,
        frames: bool,
        dot: bool,
    ) -> None:
        self.order, self.paths, self.shown, self.grads, self.names, self.by, self.rolled, self.frames, self.dot = (
            order,
            paths,
            shown,
            grads,
            names,
            by,
            rolled,
            frames,
            dot,
        )
        self.number = {node: k for k, node in enumerate(order)}
        self.times = {node: split_time(path)[0] for node, path in paths.items()} if rolled else {}
        self.states = {} if rolled else states(order, paths)

    def drawing(self) -> Drawing:
        frames, group_of = self._frames()
        numbers = [self._number(unit) for unit in self.shown]
        most = max([abs(x) for x in numbers if x is not None and math.isfinite(x)], default=0.0)
        pieces = []
        element_of: dict[Value, str] = {}
        place: dict[Value, int] = {}
        parts = 0
        for k, (unit, number) in enumerate(zip(self.shown, numbers)):
            if unit.part is None:
                name = f"n{self.number[unit.nodes[0]]}"
            else:
                name, parts = f"p{parts}", parts + 1
            element_of.update(dict.fromkeys(unit.nodes, name))
            place.update(dict.fromkeys(unit.nodes, k))
            tint = "none" if number is None and unit.part is None and self.by == "data" else _tint(number, most)
            pieces.append(self._piece(unit, name, tint, group_of[self._where(unit)]))
        wires, edge_element_of = self._wires(place)
        picture = writer.Picture(*self._words(parts), self._scale(most), pieces, wires, frames)
        return Drawing(picture, {node: element_of[node] for node in self.order}, edge_element_of, self.dot)

    def _where(self, unit: Unit) -> ScopePath:
        return split_time(unit.path)[1] if self.rolled else unit.path

    def _frames(self) -> tuple[list[writer.Frame], dict[ScopePath, int]]:
        group_of: dict[ScopePath, int] = {(): -1}
        frames: list[writer.Frame] = []
        members: dict[ScopePath, list[Value]] = {}
        for unit in self.shown:
            path = self._where(unit)
            if not self.frames:
                group_of[path] = -1
            for k in range(1, len(path) + 1) if self.frames else ():
                if path[:k] not in group_of:
                    group_of[path[:k]] = len(frames)
                    frames.append(writer.Frame(group_of[path[: k - 1]], ""))
                members.setdefault(path[:k], []).extend(unit.nodes)
        for path, nodes in members.items():
            k = group_of[path]
            frames[k] = writer.Frame(frames[k].parent, " · ".join([cleaned(path[-1].title), *self._sizes(path[-1], nodes)]))
        return frames, group_of

    def _sizes(self, part: Level, nodes: Sequence[Value]) -> list[str]:
        """What a frame or part says of the gradient: at a time step, by state."""
        if not self.grads:
            return []
        carried = {} if part.time is None else self.states.get(part.time, {})
        if 0 < len(carried) <= 4:
            return [f"‖grad {name}‖ {self._norm(units):.3g}" for name, units in carried.items()]
        return [f"‖grad‖ {self._norm(nodes):.3g}"]

    def _norm(self, nodes: Iterable[Value]) -> float:
        return math.hypot(*[self.grads.get(node, 0.0) for node in nodes if node.op != "const"])

    def _number(self, unit: Unit) -> float | None:
        """What a unit is coloured by."""
        if unit.part is not None:
            return None
        node = unit.nodes[0]
        return node.data if self.by == "data" else None if node.op == "const" else self.grads.get(node)

    def _piece(self, unit: Unit, name: str, tint: str, group: int) -> writer.Piece:
        if unit.part is not None:
            return self._part(unit.part, unit.nodes, name, group)
        node = unit.nodes[0]
        if node.op == "const":
            number = f"{node.data:.6g}"
            return writer.Piece(name, "const", "none", [("data", number)], f"a plain number, {node.data!r}", group, [])
        grad, label = self.grads.get(node), str(self.names.get(node, node.label))
        title = cleaned(" = ".join(part for part in (label, node.op) if part))
        lines = [("label", title)] if title else []
        lines += [("data", f"data {node.data:.6g}"), ("grad", "grad —" if grad is None else f"grad {grad:.6g}")]
        tip = f"{label[:1000] or 'no label'}: {node.op or 'a leaf'}, data {node.data!r}"
        tip += "" if grad is None else f", grad {grad!r}"
        return writer.Piece(name, "operation" if node.op else "leaf", tint, lines, tip, group, [])

    def _part(self, part: Level, nodes: Sequence[Value], name: str, group: int) -> writer.Piece:
        count = f"{len(nodes)} node{'s' * (len(nodes) != 1)}"
        sizes = self._sizes(part, nodes) or ["‖grad‖ —"]
        if all(node.op == "const" for node in nodes):
            sizes = []
        bars: list[tuple[int, float]] = []
        if self.rolled and self.grads and sizes:
            by_time: dict[int, list[Value]] = {}
            for node in nodes:
                time = self.times[node]
                if time is not None and node.op != "const":
                    by_time.setdefault(time, []).append(node)
            bars = [(t, self._norm(together)) for t, together in sorted(by_time.items())]
            if len(bars) < 2:
                bars = []
            else:
                sizes += [f"t = {bars[0][0]}: {bars[0][1]:.3g} … t = {bars[-1][0]}: {bars[-1][1]:.3g}"]
        lines = [("label", cleaned(part.title)), ("count", count), *(("grad", size) for size in sizes)]
        tip = f"{part.title[:1000]}: {count}" + "".join(f"; t = {t}: {size!r}" for t, size in bars)
        return writer.Piece(name, "part", "part", lines, tip, group, bars)

    def _wires(self, place: dict[Value, int]) -> tuple[list[writer.Wire], dict[tuple[Value, int], str]]:
        """The edges: each of a visible node by itself, those of a part merged, by the delay too if time is rolled up."""
        edges: dict[tuple[int, int, int, str], list[tuple[Value, int, float, float]]] = {}
        for node in self.order:
            adjoint = self.grads.get(node)
            for i, (parent, derivative) in enumerate(zip(node.parents, node.local_derivatives)):
                tail, head = place[parent], place[node]
                merged = self.shown[tail].part is not None or self.shown[head].part is not None
                delay = self._delay(parent, node)
                if tail == head and not delay:
                    continue
                own = "" if merged else f"e{self.number[node]}_{i}"
                weight = derivative if adjoint is None else adjoint * derivative
                edges.setdefault((tail, head, delay, own), []).append((node, i, derivative, weight))
        weights = {key: math.hypot(*[w for *_, w in edge if math.isfinite(w)]) for key, edge in edges.items()}
        most = max([w for w in weights.values() if math.isfinite(w)], default=0.0)
        wires, edge_element_of, count = [], {}, 0
        for (tail, head, delay, own), edge in edges.items():
            name = own
            if not own:
                name, count = f"pe{count}", count + 1
            edge_element_of.update({(node, i): name for node, i, _, _ in edge})
            node, i, derivative, _ = edge[0]
            if own:
                text = "" if node.parents[i].op == "const" else f"{derivative:.4g}"
            else:
                text = f"×{len(edge)}" if len(edge) > 1 else ""
            if delay:
                text = f"t{'−' if delay > 0 else '+'}{abs(delay)} {text}".strip()
            weight = weights[tail, head, delay, own]
            thickness = 1.0 + 3.0 * math.sqrt(min(weight / most, 1.0)) if 0 < most < math.inf and weight == weight else 1.0
            wires.append(writer.Wire(name, tail, head, text, thickness, "edge delay" if delay else "edge"))
        return wires, edge_element_of

    def _delay(self, parent: Value, node: Value) -> int:
        """How many time steps an edge of a rolled-up picture spans."""
        before, after = self.times.get(parent), self.times.get(node)
        return 0 if before is None or after is None else after - before

    def _words(self, parts: int) -> tuple[str, str, list[str]]:
        """Title, description and caption."""
        output = self.order[-1]
        name = cleaned(str(output.label)) or output.op or "a value"
        edges = "wider: a larger part of the gradient (adjoint × local derivative)" if self.grads else "wider: larger"
        caption = [
            f"Colour: {self.by}, blue negative, orange positive, white 0. Number on an edge: local derivative; {edges}.",
        ]
        if not self.grads:
            caption.append("grads are — until backward() is called")
        if self.rolled:
            caption.append("Dashed: from one time step to another, as from t−1 to t; bars: size of the gradient by time step.")
        leaves = sum(node.op == "" for node in self.order)
        description = (
            f"The computation graph of {name} = {output.data:.6g}, from left to right: {len(self.order)} nodes, {leaves} of them "
            f"leaves; {parts} collapsed parts." + " " + " ".join(caption)
        )
        return f"Computation graph of {name}", description, caption

    def _scale(self, most: float) -> list[tuple[str, str]]:
        if not most:
            return []
        tints = [f"neg{k}" for k in (4, 3, 2, 1)] + ["zero"] + [f"pos{k}" for k in (1, 2, 3, 4)]
        numbers = [f"{-most:.3g}", "", "", "", "0", "", "", "", f"{most:.3g}"]
        return list(zip(tints, numbers))


def _tint(number: float | None, most: float) -> str:
    """The shade of a number: the square root of its part of the largest, in four steps."""
    if number is None:
        return "zero"
    if not math.isfinite(number):
        return "none"
    if number == 0 or not most:
        return "zero"
    return f"{'neg' if number < 0 else 'pos'}{max(math.ceil(4 * math.sqrt(abs(number) / most)), 1)}"
