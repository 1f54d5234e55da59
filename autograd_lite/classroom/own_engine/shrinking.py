"""The smallest graph that shows what is wrong: smaller and smaller ones are tried, until none shows it any more."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from .judging import Finding
from .ladder import Case, Rows, is_fit, right
from .pieces import each, places

MOST_TRIES = 1000
COSTLY = ("time", "killed", "exit", "memory", "too-long", "recursion")
"""Findings that it takes long to find again."""
NUMBERS = (1.5, -0.5, 2.0, 0.75, 3.0, -1.5)
"""What leaves become where it makes no difference."""


def shrunk(found: Finding, judge: Callable[[Case], Finding | None]) -> Finding:
    """A finding of the same kind, on a graph that cannot be made smaller. judge: what is wrong on a graph, if anything."""
    tries = 0
    smaller = True
    while smaller:
        smaller = False
        assert found.case is not None
        for case in _smaller(found.case):
            tries += 1
            if tries > MOST_TRIES or found.key in COSTLY:
                return found
            if is_fit(case) and found.is_like(other := judge(case)):
                assert other is not None
                found, smaller = other, True
                break
    return found


def _smaller(case: Case) -> Iterator[Case]:
    """Graphs of fewer nodes, the smallest first; then of the same nodes with plainer numbers."""
    if len(case.outputs) != 1:
        return
    rows = case.rows
    output = case.outputs[0]
    made: dict[Rows, None] = {}
    for k in range(output):
        if rows[k][0]:
            made[_reachable(rows, k)] = None
    data = [node.data for node in right(case)]
    used = [i for _, operands in rows for i in places(operands)]
    is_shared = len(used) > len(set(used))
    for k in range(output - 1, -1, -1):
        op, operands = rows[k]
        if op:
            made[_reachable((*rows[:k], ("", (round(data[k], 2) or 0.5,)), *rows[k + 1 :]), output)] = None
            for i in places(operands):
                made[_redirected(rows, k, i, output)] = None
        elif is_shared:  # one more node that is used twice is nothing new
            for i in range(k):
                if not rows[i][0]:
                    made[_redirected(rows, k, i, output)] = None
    for fewer in sorted(made, key=len):
        if len(fewer) < len(rows):
            yield case._replace(rows=fewer, outputs=(len(fewer) - 1,))
    numbers = iter(NUMBERS * (1 + len(rows) // len(NUMBERS)))
    plain = tuple([row if row[0] else ("", (next(numbers),)) for row in rows])
    if plain != rows:
        yield case._replace(rows=plain)


def _redirected(rows: Rows, k: int, to: int, output: int) -> Rows:
    """With another node, before it, in the place of node k."""

    return _reachable(tuple([(op, each(operands, lambda i: to if i == k else i)) for op, operands in rows]), output)


def _reachable(rows: Rows, output: int) -> Rows:
    """The rows that a node was computed from, and its own, with new places."""
    needed = {output}
    for k in range(output, -1, -1):
        if k in needed and rows[k][0]:
            needed.update(places(rows[k][1]))
    place = {k: at for at, k in enumerate(sorted(needed))}
    return tuple([(op, each(operands, place.__getitem__)) for op, operands in map(rows.__getitem__, place)])
