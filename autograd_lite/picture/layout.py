"""Where the shapes of a picture stand and how its arrows run: a layered layout, from left to right, in pure Python.

A group (a neuron, a layer, a time step) is laid out by itself, the innermost first, and is then one item of the group around
it; an arrow enters and leaves it through ports at its sides. Within a group, items stand in columns: longest paths, with
cycles broken. Between any two columns of items is one of labels, one for each arrow, just before the item it leads to. An
arrow that passes a column has a cell of its own there, as an item has, so that it runs through none; the arrows from one item
share those cells. A long one runs in a lane above all columns. The order in each column comes from
sweeps by barycentre, the heights from sweeps of isotonic regression.
"""

from __future__ import annotations

import math
from bisect import bisect_right, insort
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

Point = tuple[float, float]

GAP = 12.0
"""Between two items of a column, and between the border of a group and what is in it."""
LINE_GAP = 6.0
"""Between two arrows, or an arrow and an item."""
HEADER = 24.0
"""Above the contents of a group, for its title."""
ARROW = 8.0
"""The length of the head of an arrow."""
ROOM = 10.0
"""On both sides of an item, where arrows run level."""
LOOP = 18.0
"""The room around a shape for an arrow from it to itself."""
LONG = 24
"""An arrow over more columns than this runs in a lane above everything."""
SWEEPS = 8
STILL = 0.01
"""Where a sweep to and fro moves all by the same, but for so much, the further ones do too."""


class Shape(NamedTuple):
    """Something to be drawn: its size, and the index of the innermost group that it is in, or -1."""

    width: float
    height: float
    group: int = -1


class Group(NamedTuple):
    """A frame around shapes and other groups, at least one: the index of the group around it, or -1, and its title's width.

    The group around it has a lower index.
    """

    parent: int = -1
    title_width: float = 0.0


class Link(NamedTuple):
    """An arrow between two shapes, by index, and the size of its label. One that is `back` may run from right to left."""

    tail: int
    head: int
    label_width: float = 0.0
    label_height: float = 0.0
    back: bool = False


class Layout(NamedTuple):
    """A picture's geometry. y grows downward."""

    centers: list[Point]
    """Of each shape."""
    paths: list[list[Point]]
    """Of each link: the points of its Bezier curves, three for each after the first; the last one is the arrow's tip."""
    labels: list[Point]
    """The center of each link's label."""
    frames: list[tuple[float, float, float, float]]
    """Of each group: left, top, right, bottom."""
    spanned: int = 0
    """Over how many columns the arrows of a layered layout run, all together."""


class _Cell:
    """What takes a place in a column: an item, a port, a label or an arrow that passes."""

    __slots__ = ("width", "height", "column", "key", "y", "x", "left", "right", "is_line")

    def __init__(self, column: int, key: float, width: float = 0.0, height: float = 0.0, is_line: bool = False) -> None:
        self.column, self.key, self.width, self.height, self.is_line = column, key, width, height, is_line
        self.x = self.y = 0.0
        # neighbours in the columns beside: the cell, the height in it and in this cell where they meet, from the middle
        self.left: list[tuple[_Cell, float, float]] = []
        self.right: list[tuple[_Cell, float, float]] = []


class _Segment:
    """The part of some links' way within one group: from a cell, over others, to a cell."""

    __slots__ = ("tail", "source", "target", "links", "cells", "points", "label", "step", "is_long")

    def __init__(self, tail: int, source: tuple[str, int], target: tuple[str, int]) -> None:
        self.tail, self.source, self.target = tail, source, target
        self.links: list[int] = []
        self.cells: list[_Cell] = []
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
        return rank

    def layout(self) -> Layout:
        segments: dict[int, dict[tuple[int, str, int], _Segment]] = {group: {} for group in self.children}
        for index, (link, way) in enumerate(zip(self.links, self.ways)):
            if not way:
                continue
            group, tail, head = next(step for step in way if step[1] >= 0 and step[2] >= 0)
            ahead = self.columns[group][tail] < self.columns[group][head]
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

    def _arrange(self, group: int, segments: list[_Segment]) -> None:
        """Places the items of one group, and the segments in it."""
        last = 2 * max(self.columns[group].values(), default=0) + 4
        cells: dict[tuple[str, int], _Cell] = {}
        for item in self.children[group]:
            key = item if item < self.count else self.first[item]
            cells["item", item] = _Cell(2 * self.columns[group][item] + 2, key, *self.sizes[item])
        passing: dict[tuple[int, int, int], _Cell] = {}
        for segment in segments:
            for end in (segment.source, segment.target):
                if end not in cells:
                    cells[end] = _Cell(0 if end[0] == "left" else last, end[1], is_line=True)
            source, target = cells[segment.source], cells[segment.target]
            step = segment.step = 1 if source.column < target.column else -1
            segment.is_long = abs(target.column - source.column) > LONG
            segment.cells = [source]
            for column in range(target.column - step if segment.is_long else source.column + step, target.column, step):
                if column == target.column - step and self._has_label(segment):
                    link = self.links[segment.links[0]]
                    cell = _Cell(column, segment.tail, link.label_width, link.label_height)
                else:
                    cell = passing.setdefault((segment.tail, column, step), _Cell(column, source.key, is_line=True))
                segment.cells.append(cell)
            segment.cells.append(target)
            self._connect(segment)
        columns: list[list[_Cell]] = [[] for _ in range(last + 1)]
        for cell in dict.fromkeys([*cells.values(), *(cell for segment in segments for cell in segment.cells)]):
            columns[cell.column].append(cell)
        _order(columns)
        _set_heights(columns)
        self._finish(group, cells, columns, segments)
        for own in columns:
            for cell in own:
                cell.left, cell.right = [], []  # neighbours that know each other would outlive the picture

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
        self, group: int, cells: dict[tuple[str, int], _Cell], columns: list[list[_Cell]], segments: list[_Segment]
    ) -> None:
        """Sizes, places and the points of the segments, from the cells."""
        bounds = _set_columns(columns)
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

    def _meeting(self, cells: dict[tuple[str, int], _Cell], segments: list[_Segment]) -> dict[_Segment, float]:
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

    def _half(self, end: tuple[str, int], cell: _Cell) -> float:
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
                path, label = _loop(centers[link.tail], self.shapes[link.tail])
                paths.append(path)
                labels.append(label)
                continue
            points = [(origin[group][0] + x, origin[group][1] + y) for group, segment in segments for x, y in segment.points]
            group, segment = segments[-1]
            paths.append(_curve(points))
            labels.append((origin[group][0] + segment.label[0], origin[group][1] + segment.label[1]))
            spanned += sum([abs(segment.cells[-1].column - segment.cells[0].column) // 2 for _, segment in segments])
        return Layout(centers, paths, labels, frames, spanned)


def _loop(center: Point, shape: Shape) -> tuple[list[Point], Point]:
    """The curves of an arrow from a shape, over it, to itself, and the place of its label."""
    (x, y), right = center, shape.width / 2
    top, side = y - shape.height / 2 - LOOP * 0.6, y - shape.height / 4
    out, bend = right + LOOP, shape.height / 4
    path = [(x + right, side), (x + out, side), (x + out, side - bend), (x + right, top), (x, top), (x, top), (x - right, top)]
    return [*path, (x - out, side - bend), (x - out, side), (x - right, side)], (x, top)


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


def _order(columns: list[list[_Cell]]) -> None:
    """Orders each column so that few arrows cross: barycentres of the neighbours, to and fro; the best order is kept."""
    place: dict[_Cell, float] = {}
    for column in columns:
        column.sort(key=lambda cell: cell.key)
        place.update({cell: float(k) for k, cell in enumerate(column)})
    best, kept = _crossings(columns, place), [list(column) for column in columns]
    for sweep in range(SWEEPS):
        ahead = sweep % 2 == 0
        for column in columns if ahead else reversed(columns):
            middle = {}
            for cell in column:
                near = cell.left if ahead else cell.right
                where = [place[other] + (at / other.height if other.height else 0.0) for other, at, _ in near]
                middle[cell] = sum(where) / len(where) if where else place[cell]
            column.sort(key=middle.__getitem__)
            place.update({cell: float(k) for k, cell in enumerate(column)})
        crossings = _crossings(columns, place)
        if crossings < best:
            best, kept = crossings, [list(column) for column in columns]
        if not best:
            break
    columns[:] = kept


def _crossings(columns: list[list[_Cell]], place: dict[_Cell, float]) -> int:
    found = 0
    for column in columns:
        ends: list[float] = []
        lines = [
            (
                place[cell] + (own / cell.height if cell.height else 0.0),
                place[other] + (at / other.height if other.height else 0.0),
            )
            for cell in column
            for other, at, own in cell.right
        ]
        for _, end in sorted(lines):
            found += len(ends) - bisect_right(ends, end)
            insort(ends, end)
    return found


def _set_heights(columns: list[list[_Cell]]) -> None:
    """Sets y of each cell: near its neighbours, in the order of its column, without overlap."""
    spaced = [(column, _spaces(column)) for column in columns if column]
    for column, spaces in spaced:
        _place(column, spaces, [0.0] * len(column), [1.0] * len(column))
    for both, sweeps in ((False, 2 * SWEEPS), (True, SWEEPS)):
        before: list[float] = []
        for sweep in range(sweeps):
            ahead = sweep % 2 == 0
            for column, spaces in spaced if ahead else reversed(spaced):
                wanted, weights = [], []
                for cell in column:
                    near = cell.left + cell.right if both else cell.left if ahead else cell.right
                    total = weight = 0.0
                    for other, at, own in near or cell.left + cell.right:
                        pull = 4.0 if cell.is_line and other.is_line else 1.0
                        total += pull * (other.y + at - own)
                        weight += pull
                    wanted.append(total / weight if weight else cell.y)
                    weights.append(weight if near else 0.2)
                _place(column, spaces, wanted, weights)
            if not ahead:
                heights = [cell.y for column, _ in spaced for cell in column]
                moves = [y - y_before for y, y_before in zip(heights, before)]
                if moves and max(moves) - min(moves) < STILL:
                    break
                before = heights


def _spaces(column: list[_Cell]) -> list[float]:
    """How far below the first cell of a column each one is at least."""
    spaces = [0.0]
    for above, cell in pairwise(column):
        gap = LINE_GAP if cell.is_line or above.is_line else GAP if cell.column % 2 == 0 else 2.0
        spaces.append(spaces[-1] + (cell.height + above.height) / 2 + gap)
    return spaces


def _place(column: list[_Cell], spaces: list[float], wanted: list[float], weights: list[float]) -> None:
    """Sets the heights nearest to those wanted, by least squares, that keep cells apart: isotonic regression."""
    if len(column) == 1:
        column[0].y = wanted[0]
        return
    blocks: list[tuple[float, float, int]] = []  # of cells that touch: their common height, weight, number
    for want, weight, space in zip(wanted, weights, spaces):
        y, count = want - space, 1
        while blocks and blocks[-1][0] >= y:
            before, its_weight, its_count = blocks.pop()
            y = (before * its_weight + y * weight) / (its_weight + weight)
            weight, count = weight + its_weight, count + its_count
        blocks.append((y, weight, count))
    k = 0
    for y, _, count in blocks:
        for cell, space in zip(column[k : k + count], spaces[k : k + count]):
            cell.y = y + space
        k += count


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


def _set_columns(columns: list[list[_Cell]]) -> list[Point]:
    """Sets x of each cell, and returns the left and right of each column: the further arrows climb, the wider the gap."""
    x = 0.0
    bounds = []
    for k, column in enumerate(columns):
        width = max((cell.width for cell in column), default=0.0)
        for cell in column:
            cell.x = x + width / 2
        bounds.append((x, x + width))
        x += width
        if k + 1 < len(columns) and (column or columns[k + 1]):
            climbs = [abs(cell.y + own - other.y - at) for cell in column for other, at, own in cell.right]
            level = 0.0 if not any(cell.height for cell in columns[k + k % 2]) else ROOM if k % 2 else ROOM / 2
            x += min(max([0.1 * climb for climb in climbs], default=0.0), 40.0) + level + 4.0
    return bounds


def _curve(points: list[Point]) -> list[Point]:
    """Bezier curves through the points, level at each of them."""
    bent = points[:1]
    for k, (x, y) in enumerate(points[1:], 1):
        on = k + 1 < len(points) and points[k - 1][1] == y == points[k + 1][1]
        if not on and (x, y) != bent[-1]:
            bent.append((x, y))
    curve = bent[:1]
    for (x, y), (to_x, to_y) in pairwise(bent):
        middle = (x + to_x) / 2
        curve += [(middle, y), (middle, to_y), (to_x, to_y)]
    return curve


# By Graphviz ---------------------------------------------------------------------------------------------------------


class NoDot(RuntimeError):
    """Graphviz's program `dot` is missing, does not run, or does not give what it should: the message says which."""


def run_dot(source: str, form: str, seconds: float = 1.0) -> bytes:
    """What `dot` makes of DOT source, in one of its formats. NoDot, saying why, if it makes nothing."""
    import subprocess

    try:
        from graphviz.backend.execute import run_check

        done = run_check(["dot", f"-T{form}"], input=source.encode(), capture_output=True, quiet=True, timeout=seconds)
    except ImportError as error:
        raise NoDot(f"the Python package graphviz cannot be imported ({error})") from None
    except subprocess.TimeoutExpired:
        raise NoDot(f"Graphviz's program `dot` took more than {seconds:g} s") from None
    except subprocess.CalledProcessError as error:
        raise NoDot(f"Graphviz's program `dot` failed with exit status {error.returncode}") from None
    except RuntimeError:
        raise NoDot("Graphviz's program `dot` is not installed, or not on the PATH") from None
    except OSError as error:
        raise NoDot(f"Graphviz's program `dot` cannot be started ({error})") from None
    return bytes(done.stdout)


def by_dot(source: str, shapes: Sequence[str], links: Sequence[str], groups: int) -> Layout:
    """The layout that `dot` gives for the source, in which shapes and links have these ids. NoDot if it gives none."""
    import json

    raw = run_dot(source, "json0")
    try:
        found = json.loads(raw.decode("utf-8", "replace"), strict=False)
        named = {thing["name"]: thing for thing in found.get("objects", [])}
        edges = {edge["id"]: edge for edge in found.get("edges", [])}
        _, _, _, high = _numbers(found["bb"])

        def turned(text: str) -> Point:
            x, y = _numbers(text)
            return x, high - y

        centers = [turned(named[name]["pos"]) for name in shapes]
        paths, labels = [], []
        for name in links:
            tip, start, *rest = edges[name]["pos"].removeprefix("e,").split(" ")
            paths.append([turned(point) for point in [start, *rest, rest[-1], tip, tip]])
            labels.append(turned(edges[name].get("lp", "0,0")))
        frames = []
        for k in range(groups):
            x0, y0, x1, y1 = _numbers(named[f"cluster_{k}"]["bb"])
            frames.append((x0, high - y1, x1, high - y0))
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise NoDot(f"Graphviz's program `dot` gave no layout that can be read ({type(error).__name__}: {error})") from None
    return Layout(centers, paths, labels, frames)


def _numbers(text: str) -> list[float]:
    numbers = [float(number) for number in text.split(",")]
    if not all(map(math.isfinite, numbers)):
        raise ValueError("a coordinate is not finite")
    return numbers
