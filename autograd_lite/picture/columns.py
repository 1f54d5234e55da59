"""The columns of a layered layout: the order of their cells, and where these stand.

The order in each column comes from sweeps by barycentre, the heights from sweeps of isotonic regression.
"""

from __future__ import annotations

import math
from bisect import bisect_right, insort
from itertools import pairwise

from .geometry import Point

GAP = 12.0
"""Between two items of a column, and between the border of a group and what is in it."""
LINE_GAP = 6.0
"""Between two arrows, or an arrow and an item."""
ROOM = 10.0
"""On both sides of an item, where arrows run level."""
SHAPE = 1.4
"""The width of a good picture, by its height."""
FAR = 3.0
"""So many times the height that fits, a column that is higher than `TALL` is split, into at most so many parts."""
TALL = 1400.0
FEW = 8
"""A column of so many items is never split."""
MOST_PARTS = 64
SWEEPS = 8
STILL = 0.01
"""Where a sweep to and fro moves all by the same, but for so much, the further ones do too."""


class Cell:
    """What takes a place in a column: an item, a port, a label or an arrow that passes."""

    __slots__ = ("width", "height", "column", "key", "y", "x", "left", "right", "is_line")

    def __init__(self, column: int, key: float, width: float = 0.0, height: float = 0.0, is_line: bool = False) -> None:
        self.column, self.key, self.width, self.height, self.is_line = column, key, width, height, is_line
        self.x = self.y = 0.0
        # neighbours in the columns beside: the cell, the height in it and in this cell where they meet, from the middle
        self.left: list[tuple[Cell, float, float]] = []
        self.right: list[tuple[Cell, float, float]] = []


def in_shape(columns: list[list[int]], sizes: dict[int, Point], whole: list[bool]) -> list[list[int]]:
    """The columns, those that are far too high for a page split into several; not those that are to stay whole."""

    def high(column: list[int]) -> float:
        return sum([sizes[item][1] + GAP for item in column])

    def split(limit: float) -> list[list[int]]:
        found: list[list[int]] = []
        for column, is_whole in zip(columns, whole):
            found.append([])
            reached = 0.0
            for item in column:
                reached += sizes[item][1] + GAP
                if found[-1] and reached > limit and not is_whole and len(column) > FEW:
                    found.append([])
                    reached = sizes[item][1] + GAP
                found[-1].append(item)
        return found

    def wrong(found: list[list[int]]) -> float:
        wide = sum([max([sizes[item][0] for item in column]) + 4 * ROOM for column in found])
        passing = LINE_GAP * max(map(len, columns)) * (len(found) > len(columns))  # arrows from and to the other parts
        return abs(math.log(wide / (max(map(high, found)) + passing) / SHAPE))

    best, highest = columns, max(map(high, columns))
    parts = 2.0 if highest > TALL and wrong(columns) > math.log(FAR) else math.inf
    while parts <= MOST_PARTS:
        found = split(highest / parts)
        if wrong(found) >= wrong(best):
            break
        best, parts = found, parts * 1.25
    return best


def level(columns: list[list[Cell]]) -> None:
    """Takes out the slope on which sweeps leave a long chain with operands at one side, where that makes it lower."""
    cells = [cell for column in columns for cell in column]
    heights = [cell.y for cell in cells]
    middle = sum([cell.column for cell in cells]) / (len(cells) or 1)
    square = sum([(cell.column - middle) ** 2 for cell in cells])
    slope = sum([(cell.column - middle) * cell.y for cell in cells]) / square if square else 0.0
    new = [cell.y - slope * (cell.column - middle) for cell in cells]
    if cells and max(new) - min(new) < 0.6 * (max(heights) - min(heights)):
        for cell, y in zip(cells, new):
            cell.y = y


def order_cells(columns: list[list[Cell]]) -> None:
    """Orders each column so that few arrows cross: barycentres of the neighbours, to and fro; the best order is kept."""
    place: dict[Cell, float] = {}
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


def _crossings(columns: list[list[Cell]], place: dict[Cell, float]) -> int:
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


def set_heights(columns: list[list[Cell]]) -> None:
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


def _spaces(column: list[Cell]) -> list[float]:
    """How far below the first cell of a column each one is at least."""
    spaces = [0.0]
    for above, cell in pairwise(column):
        gap = LINE_GAP if cell.is_line or above.is_line else GAP if cell.column % 2 == 0 else 2.0
        spaces.append(spaces[-1] + (cell.height + above.height) / 2 + gap)
    return spaces


def _place(column: list[Cell], spaces: list[float], wanted: list[float], weights: list[float]) -> None:
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


def set_columns(columns: list[list[Cell]]) -> list[Point]:
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
            x += min(max([0.07 * climb for climb in climbs], default=0.0), 24.0) + level + 4.0
    return bounds
