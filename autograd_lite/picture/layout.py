"""Where the shapes of a picture stand and how its arrows run: a layered layout, from left to right, in pure Python.

A group (a neuron, a layer, a time step) is laid out by itself, the innermost first, and is then one item of the group around
it; an arrow enters and leaves it through ports at its sides. Within a group, items stand in columns: longest paths, with
cycles broken. Between any two columns of items is one of labels, one for each arrow, just before the item it leads to. An
arrow that passes a column has a cell of its own there, as an item has, so that it runs through none; the arrows from one item
share those cells. A long one runs in a lane above all columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from .columns import GAP, LINE_GAP, ROOM, Cell, in_shape, level, order_cells, set_columns, set_heights
from .geometry import LOOP, TURN, Group, Layout, Link, Point, Shape, curve, loop

__all__ = ["Group", "Layout", "Link", "Shape", "layered"]

HEADER = 24.0
"""Above the contents of a group, for its title."""
LONG = 24
"""An arrow over more columns than this runs in a lane above everything."""


class _Segment:
    """The part of some links' way within one group: from a cell, over others, to a cell."""

    __slots__ = ("tail", "source", "target", "links", "cells", "points", "label", "step", "is_long")

    def __init__(self, tail: int, source: tuple[str, int], target: tuple[str, int]) -> None:
        self.tail, self.source, self.target = tail, source, target
        self.links: list[int] = []
        self.cells: list[Cell] = []
        self.step = 1  # -1 from right to left
        self.is_long = False
        self.points: list[Point] = []
        self.label: Point = (0.0, 0.0)


def layered(shapes: Sequence[Shape], groups: Sequence[Group], links: Sequence[Link]) -> Layout:
    """The layout of a graph. The same graph has the same layout, always."""
    return _Layered(shapes, groups, links).layout()


class _Layered:
    def __init__(self, shapes: Sequence[Shape], groups: Sequence[Group], links: Sequence[Link]) -> None:
        self.shapes, self.groups, self.links = shapes, groups, links
        self.count = len(shapes)
        # items: the shapes, then the groups, then the whole picture
        self.root = self.count + len(groups)
        self.parent = [self._item(shape.group) for shape in shapes] + [self._item(group.parent) for group in groups]
        self.chains = [self._chain(shape) for shape in range(self.count)]
        self.children: dict[int, list[int]] = {group: [] for group in range(self.count, self.root + 1)}
        self.first = dict.fromkeys(self.children, float("inf"))
        for shape, chain in enumerate(self.chains):
            for child, group in pairwise(chain):
                self.first[group] = min(self.first[group], shape)
                if child not in self.first or self.first[child] == shape:
                    self.children[group].append(child)
        # of each link: the groups on its way, in each the item at the tail and at the head, or -1; of a loop nothing
        self.ways: list[list[tuple[int, int, int]]] = []
        # within each group, from item to item, or to an item from elsewhere (-1), and whether it may run back
        self.steps: dict[int, dict[tuple[int, int, bool], None]] = {group: {} for group in self.children}
        self._find_ways()
        self.columns = {group: self._ranks(group) for group in self.children}
        room = {link.tail: 2 * LOOP for link in links if link.tail == link.head}
        self.sizes: dict[int, Point] = {
            k: (s.width + room.get(k, 0.0), s.height + room.get(k, 0.0)) for k, s in enumerate(shapes)
        }
        self.places: dict[int, Point] = {}
        self.ports: dict[tuple[int, str, int], float] = {}  # heights, by group, side and shape at the tail
        self.segments: list[list[tuple[int, _Segment]]] = [[] for _ in links]

    def _item(self, group: int) -> int:
        return self.root if group < 0 else self.count + group

    def _chain(self, item: int) -> list[int]:
        """The item, the group around it, and so on to the whole picture."""
        chain = [item]
        while chain[-1] != self.root:
            chain.append(self.parent[chain[-1]])
        return chain

    def _find_ways(self) -> None:
        for link in self.links:
            if link.tail == link.head:
                self.ways.append([])
                continue
            up, down = self.chains[link.tail], self.chains[link.head]
            shared = 1
            while shared < min(len(up), len(down)) and up[-shared - 1] == down[-shared - 1]:
                shared += 1
            up, down = up[: len(up) - shared + 1], down[: len(down) - shared + 1]
            way = [(group, item, -1) for item, group in pairwise(up[:-1])]
            way.append((up[-1], up[-2], down[-2]))
            way += [(group, -1, item) for item, group in zip(down[-3::-1], down[-2:0:-1])]
            self.ways.append(way)
            for group, tail, head in way:
                if head >= 0:
                    self.steps[group][tail, head, link.back] = None

    def _ranks(self, group: int) -> dict[int, int]:
        """The column of each item of a group: after those that lead to it, unless there is a cycle."""
        successors: dict[int, dict[int, None]] = {item: {} for item in self.children[group]}
        for tail, head, back in self.steps[group]:
            if tail >= 0 and not back:
                successors[tail][head] = None
        beside = self._beside(group, successors)
        for item in beside:
            successors[item] = {}
        order = _without_cycles(successors)
        place = {item: k for k, item in enumerate(order)}
        for tail, head, back in self.steps[group]:
            if tail >= 0 and back:
                first, second = sorted((tail, head), key=place.__getitem__)
                successors[first][second] = None
        entered = {head for tail, head, _ in self.steps[group] if tail < 0}
        rank = dict.fromkeys(successors, 0)
        for item in order:
            for successor in successors[item]:
                rank[successor] = max(rank[successor], rank[item] + 1)
        led_to = {successor for item in order for successor in successors[item]}
        for item in reversed(order):  # what nothing leads to stands just before what it leads to
            if item not in led_to and item not in entered and successors[item]:
                rank[item] = min(rank[successor] for successor in successors[item]) - 1
        for item, frames in beside.items():
            rank[item] = min(rank[frame] for frame in frames)
        return rank

    def _beside(self, group: int, successors: dict[int, dict[int, None]]) -> dict[int, dict[int, None]]:
        """The shapes that lead into frames only, and nothing to them: they stand above or below these, not in a column before."""
        others = {head for _, head, _ in self.steps[group]} | {tail for tail, _, back in self.steps[group] if back}
        found = {}
        for item, heads in successors.items():
            if item < self.count and item not in others and heads and min(heads) >= self.count:
                found[item] = heads
        return found

    def layout(self) -> Layout:
        segments: dict[int, dict[tuple[int, str, int], _Segment]] = {group: {} for group in self.children}
        for index, (link, way) in enumerate(zip(self.links, self.ways)):
            if not way:
                continue
            group, tail, head = next(step for step in way if step[1] >= 0 and step[2] >= 0)
            ahead = self.columns[group][tail] <= self.columns[group][head]
            out, into = ("right", "left") if ahead else ("left", "right")
            for group, tail, head in way:
                source = ("item", tail) if tail >= 0 else (into, link.tail)
                target = ("item", head) if head >= 0 else (out, link.tail)
                own = index if head >= 0 and head < self.count else -1 - head
                segment = segments[group].setdefault((link.tail, target[0], own), _Segment(link.tail, source, target))
                segment.links.append(index)
                self.segments[index].append((group, segment))
        for group in sorted(self.children, key=lambda group: -len(self._chain(group))):
            self._arrange(group, list(segments[group].values()))
        return self._result()

    def _split(self, group: int) -> None:
        """Splits columns that are far too high for a page into several."""
        columns: dict[int, list[int]] = {}
        for item in self.children[group]:
            columns.setdefault(self.columns[group][item], []).append(item)
        level = {self.columns[group][tail] for tail, head, _ in self.steps[group] if tail >= 0 and head in self.columns[group]
                 if self.columns[group][tail] == self.columns[group][head]}  # fmt: skip
        parts = in_shape([columns[k] for k in sorted(columns)], self.sizes, [k in level for k in sorted(columns)])
        self.columns[group] = {item: k for k, part in enumerate(parts) for item in part}

    def _arrange(self, group: int, segments: list[_Segment]) -> None:
        """Places the items of one group, and the segments in it."""
        self._split(group)
        last = 2 * max(self.columns[group].values(), default=0) + 4
        cells: dict[tuple[str, int], Cell] = {}
        for item in self.children[group]:
            key = item if item < self.count else self.first[item]
            cells["item", item] = Cell(2 * self.columns[group][item] + 2, key, *self.sizes[item])
        passing: dict[tuple[int, int, int], Cell] = {}
        for segment in segments:
            for end in (segment.source, segment.target):
                if end not in cells:
                    cells[end] = Cell(0 if end[0] == "left" else last, end[1], is_line=True)
            source, target = cells[segment.source], cells[segment.target]
            step = segment.step = 1 if source.column <= target.column else -1
            if source.column == target.column:
                self._turn(segment, source, target, passing)
                continue
            segment.is_long = abs(target.column - source.column) > LONG
            segment.cells = [source]
            for column in range(target.column - step if segment.is_long else source.column + step, target.column, step):
                if column == target.column - step and self._has_label(segment):
                    link = self.links[segment.links[0]]
                    cell = Cell(column, segment.tail, link.label_width, link.label_height)
                else:
                    cell = passing.setdefault((segment.tail, column, step), Cell(column, source.key, is_line=True))
                segment.cells.append(cell)
            segment.cells.append(target)
            self._connect(segment)
        columns: list[list[Cell]] = [[] for _ in range(last + 1)]
        for cell in dict.fromkeys([*cells.values(), *(cell for segment in segments for cell in segment.cells)]):
            columns[cell.column].append(cell)
        order_cells(columns)
        set_heights(columns)
        level(columns)
        self._finish(group, cells, columns, segments)
        for own in columns:
            for cell in own:
                cell.left, cell.right = [], []  # neighbours that know each other would outlive the picture

    def _turn(self, segment: _Segment, source: Cell, target: Cell, passing: dict[tuple[int, int, int], Cell]) -> None:
        """Lets a segment leave a shape to the left, to turn into a frame above or below it."""
        column = source.column - 1
        turn = passing.setdefault((segment.tail, column, 0), Cell(column, source.key, width=TURN, is_line=True))
        segment.cells = [source, turn, target]
        for cell, at in ((source, 0.0), (target, self._offset(segment.target, "left", segment.tail))):
            if (cell, at, 0.0) not in turn.right:
                turn.right.append((cell, at, 0.0))
                cell.left.append((turn, 0.0, at))

    def _has_label(self, segment: _Segment) -> bool:
        kind, item = segment.target
        return kind == "item" and item < self.count and self.links[segment.links[0]].label_height > 0

    def _connect(self, segment: _Segment) -> None:
        step = segment.step
        side = "right" if step > 0 else "left"
        for a, b in list(pairwise(segment.cells))[segment.is_long :]:
            from_a = self._offset(segment.source, side, segment.tail) if a is segment.cells[0] else 0.0
            other = "left" if side == "right" else "right"
            to_b = self._offset(segment.target, other, segment.tail) if b is segment.cells[-1] else 0.0
            if step < 0:
                a, b, from_a, to_b = b, a, to_b, from_a
            if (b, to_b, from_a) not in a.right:
                a.right.append((b, to_b, from_a))
                b.left.append((a, from_a, to_b))

    def _offset(self, end: tuple[str, int], side: str, tail: int) -> float:
        """Where an arrow meets a cell, from its middle: at the port of a group."""
        kind, item = end
        if kind != "item" or item < self.count:
            return 0.0
        return self.ports[item, side, tail] - self.sizes[item][1] / 2

    def _finish(
        self, group: int, cells: dict[tuple[str, int], Cell], columns: list[list[Cell]], segments: list[_Segment]
    ) -> None:
        """Sizes, places and the points of the segments, from the cells."""
        bounds = set_columns(columns)
        inner_width = bounds[-1][1]
        if group == self.root:
            margin, top, width = 0.0, 0.0, inner_width
        else:
            margin, top = GAP, HEADER
            width = max(inner_width + 2 * margin, self.groups[group - self.count].title_width + 2 * GAP)
        lanes = _lanes(segments)
        if lanes:
            top += LINE_GAP * (max(lanes.values()) + 1) + GAP
        everything = [cell for column in columns for cell in column]
        highest = min((cell.y - cell.height / 2 for cell in everything), default=0.0)
        lowest = max((cell.y + cell.height / 2 for cell in everything), default=0.0)
        dx, dy = (width - inner_width) / 2, top - highest
        for cell in everything:
            cell.x, cell.y = cell.x + dx, cell.y + dy
        self.sizes[group] = width, lowest + dy + margin
        for (kind, item), cell in cells.items():
            if kind == "item":
                self.places[item] = cell.x - cell.width / 2, cell.y - cell.height / 2
            else:
                self.ports[group, kind, item] = cell.y
        bounds = [(0.0, 0.0), *((left + dx, right + dx) for left, right in bounds[1:-1]), (width, width)]
        meeting = self._meeting(cells, segments)
        for segment in segments:
            lane = top - GAP - LINE_GAP * lanes[segment.tail, segment.step] if segment.is_long else 0.0
            self._run(segment, bounds, meeting, lane)

    def _meeting(self, cells: dict[tuple[str, int], Cell], segments: list[_Segment]) -> dict[_Segment, float]:
        """The height at which each segment meets the shape it leads to: side by side, in the order in which they come."""
        coming: dict[tuple[int, int], list[_Segment]] = {}
        for segment in segments:
            kind, item = segment.target
            if kind == "item" and item < self.count:
                coming.setdefault((item, segment.step), []).append(segment)
        meeting: dict[_Segment, float] = {}
        for (item, _), several in coming.items():
            cell = cells["item", item]
            room = self.shapes[item].height * 0.8
            for k, segment in enumerate(sorted(several, key=lambda segment: segment.cells[-2].y)):
                meeting[segment] = cell.y + ((k + 0.5) / len(several) - 0.5) * min(room, 12.0 * len(several))
        return meeting

    def _run(self, segment: _Segment, bounds: list[Point], meeting: dict[_Segment, float], lane: float) -> None:
        """Sets the points at which a segment enters and leaves each column."""
        first, *between, final = segment.cells
        if first.column == final.column:
            left = bounds[first.column][0]
            y = final.y + self._offset(segment.target, "left", segment.tail)
            segment.points = [(first.x - self._half(segment.source, first), first.y), (left, first.y), (left, y)]
            return
        ahead = segment.step > 0
        out, into = (1, 0) if ahead else (0, 1)
        side, other = ("right", "left") if ahead else ("left", "right")
        y = first.y + self._offset(segment.source, side, segment.tail)
        edge = first.x + (1 if ahead else -1) * self._half(segment.source, first)
        points = [(edge, y), (bounds[first.column][out], y)]
        if segment.is_long:
            points.append((bounds[first.column + segment.step][into], lane))
            points.append((bounds[between[-1].column - segment.step][out], lane))
        for cell in between:
            points += [(bounds[cell.column][into], cell.y), (bounds[cell.column][out], cell.y)]
        label = between[-1]
        segment.label = (label.x, label.y)
        y = meeting.get(segment, final.y + self._offset(segment.target, other, segment.tail))
        edge = final.x - (1 if ahead else -1) * self._half(segment.target, final)
        room = 0.0 if final.is_line else -ROOM if ahead else ROOM
        segment.points = [*points, (bounds[final.column][into] + room, y), (edge, y)]

    def _half(self, end: tuple[str, int], cell: Cell) -> float:
        """Half the width of what an arrow leaves or reaches: of a shape, without the room for a loop."""
        kind, item = end
        return (self.shapes[item].width if kind == "item" and item < self.count else cell.width) / 2

    def _result(self) -> Layout:
        origin: dict[int, Point] = {self.root: (0.0, 0.0)}
        for group in sorted(self.children, key=lambda group: len(self._chain(group))):
            x, y = origin[group]
            for item in self.children[group]:
                origin[item] = x + self.places[item][0], y + self.places[item][1]
        centers = [(origin[k][0] + self.sizes[k][0] / 2, origin[k][1] + self.sizes[k][1] / 2) for k in range(self.count)]
        frames = []
        for item in range(self.count, self.root):
            (x, y), (width, height) = origin.get(item, (0.0, 0.0)), self.sizes[item]
            frames.append((x, y, x + width, y + height))
        paths, labels = [], []
        spanned = 0
        for link, segments in zip(self.links, self.segments):
            if not segments:
                path, label = loop(centers[link.tail], self.shapes[link.tail])
                paths.append(path)
                labels.append(label)
                continue
            points = [(origin[group][0] + x, origin[group][1] + y) for group, segment in segments for x, y in segment.points]
            group, segment = segments[-1]
            paths.append(curve(points))
            labels.append((origin[group][0] + segment.label[0], origin[group][1] + segment.label[1]))
            spanned += sum([abs(segment.cells[-1].column - segment.cells[0].column) // 2 for _, segment in segments])
        return Layout(centers, paths, labels, frames, spanned)


def _without_cycles(successors: dict[int, dict[int, None]]) -> list[int]:
    """Topological order of the items; a link that closes a cycle is turned round, in place."""
    order: list[int] = []
    state: dict[int, int] = {}  # 1 on the path, 2 done
    turned: list[tuple[int, int]] = []
    led_to = {item for targets in successors.values() for item in targets}
    for start in sorted(successors, key=lambda item: item in led_to):
        if start in state:
            continue
        state[start] = 1
        path = [(start, iter(successors[start]))]
        while path:
            item, targets = path[-1]
            for target in targets:
                if state.get(target) == 1:
                    turned.append((item, target))
                elif target not in state:
                    state[target] = 1
                    path.append((target, iter(successors[target])))
                    break
            else:
                state[item] = 2
                order.append(item)
                path.pop()
    for item, target in turned:
        del successors[item][target]
        if item != target:
            successors[target][item] = None
    return order[::-1]


def _lanes(segments: Sequence[_Segment]) -> dict[tuple[int, int], int]:
    """The lane of the long segments from each tail, in each direction: the lowest that is free over their columns."""
    spans: dict[tuple[int, int], tuple[int, int]] = {}
    for segment in segments:
        if segment.is_long:
            first, last = sorted((segment.cells[0].column, segment.cells[-1].column))
            before = spans.get((segment.tail, segment.step), (first, last))
            spans[segment.tail, segment.step] = min(first, before[0]), max(last, before[1])
    lanes: dict[tuple[int, int], int] = {}
    ends: list[int] = []
    for key, (first, last) in sorted(spans.items(), key=lambda item: (item[1], item[0])):
        lane = next((k for k, end in enumerate(ends) if end < first), len(ends))
        ends[lane : lane + 1] = [last]
        lanes[key] = lane
    return lanes
