"""Makes the picture of some units of a graph: what stands in each piece and beside each wire."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from ..derivation.markup import cleaned
from ..sentences import say
from ..value import Value
from .letters import Run, letters, runs
from .scene import Frame, Line, Picture, Piece, Wire
from .scopes import Level, Unit, split_time, states
from .scopes import Path as ScopePath

LANES = 6
"""So many colours tell arrows apart."""


class Drawer:
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
        language: str,
    ) -> None:
        self.order, self.paths, self.shown, self.grads, self.names = order, paths, shown, grads, names
        self.by, self.rolled, self.frames, self.language = by, rolled, frames, language
        self.number = {node: k for k, node in enumerate(order)}
        self.times = {node: split_time(path)[0] for node, path in paths.items()} if rolled else {}
        self.states = {} if rolled else states(order, paths)
        self.sizes: dict[int | str, dict[str, list[Value]]] = {}

    def picture(self) -> tuple[Picture, dict[Value, str], dict[tuple[Value, int], str]]:
        """The picture; for each node the id of what shows it, and for each operand of one that of the edge, if it is visible."""
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
            tint = "none" if number is None and unit.part is None and self.by == "data" else shade(number, most)
            pieces.append(self._piece(unit, name, tint, group_of[self._where(unit)]))
        wires, edge_element_of = self._wires(place)
        is_odd = any(piece.tint == "odd" for piece in pieces)
        picture = Picture(*self._words(parts), _scale(most, is_odd), pieces, wires, frames, self.language)
        return picture, {node: element_of[node] for node in self.order}, edge_element_of

    def _where(self, unit: Unit) -> ScopePath:
        return split_time(unit.path)[1] if self.rolled else unit.path

    def _frames(self) -> tuple[list[Frame], dict[ScopePath, int]]:
        group_of: dict[ScopePath, int] = {(): -1}
        frames: list[Frame] = []
        members: dict[ScopePath, list[Value]] = {}
        for unit in self.shown:
            path = self._where(unit)
            if not self.frames:
                group_of[path] = -1
            for k in range(1, len(path) + 1) if self.frames else ():
                if path[:k] not in group_of:
                    group_of[path[:k]] = len(frames)
                    frames.append(Frame(group_of[path[: k - 1]], cleaned(path[k - 1].title), ""))
                members.setdefault(path[:k], []).extend(unit.nodes)
        for path, nodes in members.items():
            k = group_of[path]
            frames[k] = frames[k]._replace(title=" · ".join([frames[k].part, *self._sizes(k, path[-1], nodes)]))
        return frames, group_of

    def _sizes(self, shown_as: int | str, part: Level, nodes: Sequence[Value]) -> list[str]:
        """What a frame or part says of the gradient: at a time step, by state."""
        if not self.grads:
            return []
        carried = {} if part.time is None else self.states.get(part.time, {})
        by_state = {f"‖grad {name}‖": units for name, units in carried.items()} if len(carried) <= 4 else {}
        self.sizes[shown_as] = by_state or {"‖grad‖": [*nodes]}
        return [f"{start} {shown(self._norm(of), 3)}" for start, of in self.sizes[shown_as].items()]

    def _norm(self, nodes: Iterable[Value]) -> float:
        return math.hypot(*[self.grads.get(node, 0.0) for node in nodes if not node.is_plain_number])

    def _number(self, unit: Unit) -> float | None:
        """What a unit is coloured by."""
        if unit.part is not None:
            return None
        node = unit.nodes[0]
        return node.data if self.by == "data" else None if node.is_plain_number else self.grads.get(node)

    def _piece(self, unit: Unit, name: str, tint: str, group: int) -> Piece:
        if unit.part is not None:
            return self._part(unit.part, unit.nodes, name, group)
        node = unit.nodes[0]
        if node.is_plain_number:
            return Piece(
                name,
                "const",
                "none",
                "",
                [_line("data", shown(node.data))],
                self._say("tip-number", number=repr(node.data)),
                group,
                [],
            )
        grad, label = self.grads.get(node), str(self.names.get(node, node.label))
        title = [*runs(label)] if cleaned(label) else []
        if node.op:
            title.append((" = " * bool(title) + letters(node), ""))
        lines = [Line("label", tuple(title))] if title else []
        lines += [_line("data", f"data {shown(node.data)}"), _line("grad", "grad —" if grad is None else f"grad {shown(grad)}")]
        tip = f"{label[:1000] or self._say('tip-no-label')}: {node.op or self._say('tip-leaf')}, data {node.data!r}"
        tip += "" if grad is None else f", grad {grad!r}"
        return Piece(name, "operation" if node.op else "leaf", tint, label[:1000], lines, tip, group, [])

    def _part(self, part: Level, nodes: Sequence[Value], name: str, group: int) -> Piece:
        count = self._say("one-node" if len(nodes) == 1 else "several-nodes", count=len(nodes))
        if self.rolled and not any(time is not None for time in self.times.values()):
            count = f"×{len(nodes)}"
        sizes = self._sizes(name, part, nodes) or ["‖grad‖ —"]
        if all(node.is_plain_number for node in nodes):
            sizes = []
        bars: list[tuple[int, float]] = []
        if self.rolled and self.grads and sizes:
            by_time: dict[int, list[Value]] = {}
            for node in nodes:
                time = self.times[node]
                if time is not None and not node.is_plain_number:
                    by_time.setdefault(time, []).append(node)
            bars = [(t, self._norm(together)) for t, together in sorted(by_time.items())]
            if len(bars) < 2:
                bars = []
            else:
                sizes += [f"t = {bars[0][0]}: {shown(bars[0][1], 3)} … t = {bars[-1][0]}: {shown(bars[-1][1], 3)}"]
        lines = [Line("label", part_title(part)), _line("count", count), *(_line("grad", size) for size in sizes)]
        title = part.title + (f" = {part.op}" if part.op else "")
        tip = f"{title[:1000]}: {count}" + "".join(f"; t = {t}: {size!r}" for t, size in bars)
        return Piece(name, "part", "part", title[:1000], lines, tip, group, bars)

    def _wires(self, place: dict[Value, int]) -> tuple[list[Wire], dict[tuple[Value, int], str]]:
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
        lanes = _lanes([tail for tail, *_ in edges])
        for (tail, head, delay, own), edge in edges.items():
            name = own
            if not own:
                name, count = f"pe{count}", count + 1
            edge_element_of.update({(node, i): name for node, i, _, _ in edge})
            node, i, derivative, _ = edge[0]
            if own:
                text = "" if node.parents[i].is_plain_number else shown(derivative, 4)
            else:
                text = f"×{len(edge)}" if len(edge) > 1 else ""
            if delay:
                text = f"t{'−' if delay > 0 else '+'}{abs(delay)} {text}".strip()
            weight = weights[tail, head, delay, own]
            thickness = 1.0 + 3.0 * math.sqrt(min(weight / most, 1.0)) if 0 < most < math.inf and weight == weight else 1.0
            wires.append(Wire(name, tail, head, text, thickness, "edge delay" if delay else "edge", lanes.get(tail, -1)))
        return wires, edge_element_of

    def _delay(self, parent: Value, node: Value) -> int:
        """How many time steps an edge of a rolled-up picture spans."""
        before, after = self.times.get(parent), self.times.get(node)
        return 0 if before is None or after is None else after - before

    def _words(self, parts: int) -> tuple[str, str, list[str]]:
        """Title, description and caption."""
        output = self.order[-1]
        name = cleaned(str(output.label)) or (letters(output) if output.op else self._say("a-value"))
        caption = [self._say("graph-caption-grads" if self.grads else "graph-caption", by=self.by)]
        if not self.grads:
            caption.append(self._say("graph-no-grads"))
        if self.rolled and any(time is not None for time in self.times.values()):
            caption.append(self._say("graph-rolled"))
        description = self._say(
            "graph-description",
            output=name,
            number=shown(output.data),
            count=len(self.order),
            leaves=sum(node.op == "" for node in self.order),
            parts=parts,
        )
        return self._say("graph-title", output=name), " ".join([description, *caption]), caption

    def _say(self, key: str, **fields: object) -> str:
        return say(self.language, key, **fields)


def shown(number: float, digits: int = 6) -> str:
    """A number with so many significant digits, and the minus sign of print."""
    return f"{number:.{digits}g}".replace("-", "−")


def _line(name: str, text: str) -> Line:
    return Line(name, ((text, ""),))


def part_title(part: Level) -> tuple[Run, ...]:
    """The title of a part as it is set: as a label, before what it is computed by."""
    return (*runs(part.title), *[(f" = {part.op}", "")] * bool(part.op))


def shade(number: float | None, most: float) -> str:
    """The tint of a number: a shade for each power of ten that it is smaller than the largest, down to a thousandth."""
    if number is None:
        return "zero"
    if not math.isfinite(number):
        return "odd"
    if number == 0 or not most:
        return "zero"
    ratio = abs(number) / most
    return f"{'neg' if number < 0 else 'pos'}{4 - sum([ratio <= limit for limit in (0.1, 0.01, 0.001)])}"


def _scale(most: float, is_odd: bool) -> list[tuple[str, str]]:
    """The legend: each tint with the largest number that it stands for."""
    bounds = [(k, shown(most * 10.0 ** (k - 4), 3)) for k in (4, 3, 2, 1)] if most else []
    scale = [(f"neg{k}", f"−{bound}") for k, bound in bounds] + [("zero", "0")] * bool(bounds)
    scale += [(f"pos{k}", bound) for k, bound in bounds[::-1]]
    return scale + [("odd", "inf, nan")] * is_odd


def _lanes(tails: Sequence[int]) -> dict[int, int]:
    """The numbers of the colours of arrows: those of one piece have one, and pieces of a single arrow none."""
    several = [tail for tail, count in Counter(tails).items() if count > 1]
    return {tail: k % LANES for k, tail in enumerate(sorted(several))}
