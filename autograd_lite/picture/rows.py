"""A layout that is too wide to be read is broken into rows, as a text is, where few arrows cross."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

from .geometry import Layout, Link, Point, Shape

WIDEST = 1400.0
"""A picture is broken into rows of about this width."""
SLACK = 1.15
"""What is wider by no more than this stays in one row."""
MOST_CROSSING = 4
"""Where arrows from more shapes than this cross, no row ends."""
MOST_PIECES = 20_000
"""With more pieces of arrows from row to row, all together, a picture is left in one row."""
GUTTER = 26.0
"""Between two rows; and at both sides, where arrows turn."""
LANE = 7.0


def in_rows(layout: Layout, shapes: Sequence[Shape], links: Sequence[Link]) -> Layout:
    """The layout in rows, or as it is."""
    low = min([x for x, _ in _extents(layout, shapes)], default=0.0)
    high = max([x for _, x in _extents(layout, shapes)], default=0.0)
    if high - low <= WIDEST * SLACK:
        return layout
    cuts = _cuts(layout, shapes, links, low, high)
    spans = [(min(xs), max(xs)) for xs in ([x for x, _ in path] for path in layout.paths)]
    if not cuts or sum([bisect_right(cuts, b) - bisect_right(cuts, a) for a, b in spans]) > MOST_PIECES:
        return layout
    return _Rows(layout, shapes, links, [low, *cuts]).layout()


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
    tails: list[set[int]] = [set() for _ in gaps]
    for path, link in zip(layout.paths, links):
        xs = [x for x, _ in path]
        for k in range(bisect_right(gaps, min(xs)), bisect_right(gaps, max(xs))):
            tails[k].add(link.tail)
    thin = [(gap, len(own)) for gap, own in zip(gaps, tails) if len(own) <= MOST_CROSSING]
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
        for path, link in zip(layout.paths, links):
            for row in range(self._row(min(x for x, _ in path)), self._row(max(x for x, _ in path))):
                self.lanes[row].setdefault(link.tail, len(self.lanes[row]))
        ys: list[list[float]] = [[] for _ in range(count)]
        for (x, y), shape in zip(layout.centers, shapes):
            ys[self._row(x)] += [y - shape.height / 2, y + shape.height / 2]
        for x0, y0, _, y1 in layout.frames:
            ys[self._row(x0)] += [y0, y1]
        for path in layout.paths:
            for x, y in path:
                ys[self._row(x)].append(y)
        self.down: list[float] = []
        self.gutters: list[float] = []
        y = 0.0
        for own, lanes in zip(ys, self.lanes):
            self.down.append(y - min(own, default=0.0))
            y += max(own, default=0.0) - min(own, default=0.0) + GUTTER / 2
            self.gutters.append(y)
            y += GUTTER / 2 + LANE * len(lanes)
        self.right = max(end - start for start, end in pairwise([*starts, max(x for _, x in _extents(layout, shapes))]))

    def _row(self, x: float) -> int:
        return max(bisect_right(self.starts, x) - 1, 0)

    def _moved(self, point: Point, row: int | None = None) -> Point:
        row = self._row(point[0]) if row is None else row
        return point[0] - self.starts[row], point[1] + self.down[row]

    def layout(self) -> Layout:
        frames = []
        for x0, y0, x1, y1 in self.old.frames:
            row = self._row(x0)
            frames.append((*self._moved((x0, y0), row), *self._moved((x1, y1), row)))
        paths = [self._path(path, link.tail) for path, link in zip(self.old.paths, self.links)]
        centers = [self._moved(center) for center in self.old.centers]
        return Layout(centers, paths, [self._moved(label) for label in self.old.labels], frames, self.old.spanned)

    def _path(self, path: Sequence[Point], tail: int) -> list[Point]:
        """The curves of an arrow, from row to row through the gutters between."""
        first, last = self._row(path[0][0]), self._row(path[-1][0])
        if first == last:
            return [self._moved(point, first) for point in path]
        if first > last:  # it runs back
            return self._path(path[::-1], tail)[::-1]
        rest: list[Point] = list(path)
        moved: list[Point] = []
        for row in range(first, last):
            before, rest = _split(rest, self.starts[row + 1])
            moved += [self._moved(point, row) for point in before[bool(moved) :]]
            (x, y), (to_x, to_y) = moved[-1], self._moved(rest[0], row + 1)
            lane = self.gutters[row] + LANE * self.lanes[row][tail]
            out, back = x + GUTTER - LANE, to_x - GUTTER + LANE
            moved += [
                (out, y),
                (out, lane),
                (x, lane),
                (x, lane),
                (to_x, lane),
                (to_x, lane),
                (back, lane),
                (back, to_y),
                (to_x, to_y),
            ]
        return moved + [self._moved(point, last) for point in rest[1:]]


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
