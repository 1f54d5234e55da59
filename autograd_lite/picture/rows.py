"""A layout that is too wide to be read is broken into rows, as a text is, where few arrows cross."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate, pairwise

from .geometry import Layout, Link, Point, Shape

WIDEST = 1400.0
"""A picture is broken into rows of about this width."""
SLACK = 1.15
"""What is wider by no more than this stays in one row."""
MOST_CROSSING = 4
"""Where arrows from more shapes than this cross, no row ends; of one of more than `MANY` rows, where they take much room."""
MANY = 4
MOST_PIECES = 20_000
"""With more pieces of arrows from row to row, all together, those from one shape share them."""
GUTTER = 26.0
"""Between two rows; and at both sides, where arrows turn."""
LANE = 7.0
EDGE = 18.0
"""Of a frame, at its title and at its foot."""
GAP = 30.0
"""As high may be what is empty in a row."""


def in_rows(layout: Layout, shapes: Sequence[Shape], links: Sequence[Link]) -> Layout:
    """The layout in rows, or as it is."""
    low = min([x for x, _ in _extents(layout, shapes)], default=0.0)
    high = max([x for _, x in _extents(layout, shapes)], default=0.0)
    if high - low <= WIDEST * SLACK:
        return layout
    cuts = _cuts(layout, shapes, links, low, high)
    return _Rows(layout, shapes, links, [low, *cuts]).layout() if cuts else layout


def _extents(layout: Layout, shapes: Sequence[Shape]) -> list[Point]:
    """From where to where, in x, each thing reaches that no row may end in: shapes, frames and labels."""
    found = [(x - shape.width / 2, x + shape.width / 2) for (x, _), shape in zip(layout.centers, shapes)]
    return found + [(x0, x1) for x0, _, x1, _ in layout.frames]


def _cuts(layout: Layout, shapes: Sequence[Shape], links: Sequence[Link], low: float, high: float) -> list[float]:
    """Where rows end: each as long as fits, a little shorter where fewer arrows cross."""
    labels = [
        (x - link.label_width / 2, x + link.label_width / 2) for (x, _), link in zip(layout.labels, links) if link.label_width
    ]
    gaps, reached = [], low
    for start, end in sorted([*_extents(layout, shapes), *labels]):
        if start > reached:
            gaps.append((reached + start) / 2)
        reached = max(reached, end)
    spans: dict[int, Point] = {}  # from where to where arrows run, by the shape that they are from
    for path, link in zip(layout.paths, links):
        xs = [x for x, _ in path]
        before = spans.get(link.tail, (math.inf, -math.inf))
        spans[link.tail] = min(*xs, before[0]), max(*xs, before[1])
    changes = [0] * (len(gaps) + 1)
    for start, end in spans.values():
        changes[bisect_right(gaps, start)] += 1
        changes[bisect_right(gaps, end)] -= 1
    ys = [y for _, y in layout.centers]
    lanes = (max(ys) - min(ys)) / LANE / 3  # in a high row they take little of the room
    most = max(lanes, 3 * MOST_CROSSING) if high - low > MANY * WIDEST else MOST_CROSSING
    thin = [(gap, count) for gap, count in zip(gaps, accumulate(changes)) if count <= most]
    cuts, start = [], low
    while high - start > WIDEST * SLACK:
        near = [(count, -gap) for gap, count in thin if start + 0.5 * WIDEST < gap <= start + WIDEST]
        far = [gap for gap, _ in thin if gap > start + WIDEST]
        if not near and not far:
            break
        start = -min(near)[1] if near else far[0]
        cuts.append(start)
    return cuts


class _Rows:
    def __init__(self, layout: Layout, shapes: Sequence[Shape], links: Sequence[Link], starts: list[float]) -> None:
        self.old, self.shapes, self.links, self.starts = layout, shapes, links, starts
        count = len(starts)
        # of each row: the shapes whose arrows leave it at its end, with a lane of the gutter below for each
        self.lanes: list[dict[int, int]] = [{} for _ in range(count)]
        # of the arrows from a shape, the one to the last row; others may leave it in the row of their label, where that is far
        self.trunks: dict[int, int] = {}
        for k, (path, link) in enumerate(zip(layout.paths, links)):
            for row in range(self._row(min(x for x, _ in path)), self._row(max(x for x, _ in path))):
                self.lanes[row].setdefault(link.tail, len(self.lanes[row]))
            if path[-1][0] > layout.paths[self.trunks.setdefault(link.tail, k)][-1][0]:
                self.trunks[link.tail] = k
        bands: list[list[Point]] = [[] for _ in range(count)]  # of each row, what in y is not empty
        for (x, y), shape in zip(layout.centers, shapes):
            bands[self._row(x)].append((y - shape.height / 2, y + shape.height / 2))
        for x0, y0, _, y1 in layout.frames:
            bands[self._row(x0)] += [(y0, y0 + EDGE), (y1 - EDGE, y1)]
        for x, y in layout.labels:
            bands[self._row(x)].append((y - EDGE / 2, y + EDGE / 2))
        for path in layout.paths:
            for x, y in path[::3]:
                bands[self._row(x)].append((y, y))
        for k in self.trunks.values():
            rest = list(layout.paths[k])
            for row in range(self._row(rest[0][0]), self._row(rest[-1][0])):
                _, rest = _split(rest, starts[row + 1])
                bands[row].append((rest[0][1], rest[0][1]))
                bands[row + 1].append((rest[0][1], rest[0][1]))
        self.heights: list[list[Point]] = []
        self.gutters: list[float] = []
        y = 0.0
        for own, lanes in zip(bands, self.lanes):
            self.heights.append(_closed(own or [(0.0, 0.0)], y))
            y = self.heights[-1][-1][1] + GUTTER / 2
            self.gutters.append(y)
            y += GUTTER / 2 + LANE * len(lanes)
        self.right = max(end - start for start, end in pairwise([*starts, max(x for _, x in _extents(layout, shapes))]))

    def _row(self, x: float) -> int:
        return max(bisect_right(self.starts, x) - 1, 0)

    def _moved(self, point: Point, row: int | None = None) -> Point:
        row = self._row(point[0]) if row is None else row
        heights = self.heights[row]
        k = min(max(bisect_right(heights, (point[1], math.inf)) - 1, 0), len(heights) - 2)
        (low, new_low), (high, new_high) = heights[k : k + 2]
        slope = (new_high - new_low) / (high - low) if high > low else 1.0
        return point[0] - self.starts[row], new_low + slope * (point[1] - low)

    def layout(self) -> Layout:
        frames = []
        for x0, y0, x1, y1 in self.old.frames:
            row = self._row(x0)
            frames.append((*self._moved((x0, y0), row), *self._moved((x1, y1), row)))
        pieces = sum([abs(self._row(path[-1][0]) - self._row(path[0][0])) for path in self.old.paths])
        whole = set(self.trunks.values() if pieces > MOST_PIECES else range(len(self.links)))
        paths = []
        for k, (path, (x, _), link) in enumerate(zip(self.old.paths, self.old.labels, self.links)):
            paths.append(self._path(path, link.tail, 0 if k in whole else self._row(x)))
        centers = [self._moved(center) for center in self.old.centers]
        return Layout(centers, paths, [self._moved(label) for label in self.old.labels], frames, self.old.spanned)

    def _path(self, path: Sequence[Point], tail: int, start: int = 0) -> list[Point]:
        """The curves of an arrow, from row to row through the gutters between; if it leaves a trunk, from row `start` on."""
        first, last = self._row(path[0][0]), self._row(path[-1][0])
        if first == last:
            return [self._moved(point, first) for point in path]
        if first > last:  # it runs back
            return self._path(path[::-1], tail)[::-1]
        rest: list[Point] = list(path)
        moved: list[Point] = []
        if start < first + 2:  # what goes on to the next row alone is drawn whole
            start = first
        else:
            rest = _split(path, self.starts[start])[1]
            moved = self._turn(rest[0], start, tail)
        for row in range(start, last):
            before, rest = _split(rest, self.starts[row + 1])
            moved += [self._moved(point, row) for point in before[bool(moved) :]]
            (x, y), turn = moved[-1], self._turn(rest[0], row + 1, tail)
            out = x + GUTTER - LANE
            moved += [(out, y), (out, turn[0][1]), (x, turn[0][1]), (x, turn[0][1]), turn[0], *turn]
        return moved + [self._moved(point, last) for point in rest[1:]]

    def _turn(self, point: Point, row: int, tail: int) -> list[Point]:
        """From the lane above a row to a point at its beginning."""
        x, y = self._moved(point, row)
        lane = self.gutters[row - 1] + LANE * self.lanes[row - 1][tail]
        back = x - GUTTER + LANE
        return [(x, lane), (back, lane), (back, y), (x, y)]


def _closed(bands: Sequence[Point], y: float) -> list[Point]:
    """Heights, each with its new one, from y on: bands keep their size, what is empty between them is `GAP` at most."""
    heights: list[Point] = []
    reached = -math.inf
    for low, high in sorted(bands):
        if low > reached:
            y += min(low - reached, GAP) if heights else 0.0
            heights.append((low, y))
            reached = low
        if high > reached:
            y += high - reached
            heights.append((high, y))
            reached = high
    return [*heights, (reached + 1.0, y + 1.0)] if len(heights) == 1 else heights


def _split(path: Sequence[Point], at: float) -> tuple[list[Point], list[Point]]:
    """The curves before and after the height where they first come to x = `at`."""
    k = next(k for k in range(0, len(path) - 1, 3) if path[k + 3][0] >= at)
    (x, y), (to_x, _) = path[k], path[k + 3]
    if all([point[1] == y for point in path[k + 1 : k + 4]]):  # what runs level is a line
        return [*path[: k + 1], (x, y), (at, y), (at, y)], [(at, y), (at, y), (to_x, y), *path[k + 3 :]]
    low, high = 0.0, 1.0
    for _ in range(20):
        middle = (low + high) / 2
        left, right = _halves(path[k : k + 4], middle)
        if left[-1][0] < at:
            low = middle
        else:
            high = middle
    left, right = _halves(path[k : k + 4], high)
    return [*path[:k], *left], [*right, *path[k + 4 :]]


def _halves(curve: Sequence[Point], t: float) -> tuple[list[Point], list[Point]]:
    """A Bezier curve, cut at t by de Casteljau's construction."""
    left, right, points = [curve[0]], [curve[-1]], list(curve)
    while len(points) > 1:
        points = [(x + t * (to_x - x), y + t * (to_y - y)) for (x, y), (to_x, to_y) in pairwise(points)]
        left.append(points[0])
        right.append(points[-1])
    return left, right[::-1]
