"""The loops in a straight-line program, found again: statements of one form, one after the other, become a loop over memory.

A network writes the same line for each of its units, and the same lines for each time step, on other numbers. `scheduled` puts
lines of one form side by side, and gives each variable its cell of memory so that they stand in the order of what they read;
`rolled` then finds what repeats with cells that move on by constant strides: loops over units, over time steps, over both.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple, TypeAlias

from .expressions import Statement


class Repeat(NamedTuple):
    """A loop: `times` times the body, in which each part's cells move on by their strides. independent: in any order."""

    times: int
    body: tuple[tuple[Form, tuple[int, ...]], ...]
    independent: bool


Form: TypeAlias = "str | Repeat"


class Part(NamedTuple):
    """A piece of a program: a template with an ``@`` for each of the `cells`, or a loop that starts at them."""

    form: Form
    cells: tuple[int, ...]


def scheduled(lines: Sequence[Statement], cell: dict[int, int]) -> list[list[Part]]:
    """The lines in groups of one form that do not depend on each other; gives each target its cell in `cell`.

    cell: that of each variable that is there from the start.
    """
    # as late as possible: what a sum over the whole program adds up does not stand between its repetitions
    height: dict[int, int] = {}
    groups: dict[tuple[int, str], list[Statement]] = {}
    for line in reversed(lines):
        own = height.get(line.target, 0)
        for place in line.places:
            height[place] = max(height.get(place, 0), own + 1)
    for line in lines:
        groups.setdefault((height.get(line.target, 0), line.template), []).append(line)
    free = max(cell.values(), default=-1) + 1
    found = []
    for (_, template), group in sorted(groups.items(), key=lambda item: -item[0][0]):
        reads = [(tuple([cell[place] for place in line.places]), line.target) for line in group]
        reads.sort()
        form = f"@ = {template}"
        found.append([Part(form, (free + k, *cells)) for k, (cells, _) in enumerate(reads)])
        cell.update([(target, free + k) for k, (_, target) in enumerate(reads)])
        free += len(reads)
    return found


def rolled(groups: Iterable[Sequence[Part]]) -> list[Part]:
    """The groups, which stand in order, with what repeats as loops."""
    parts: list[Part] = []
    for group in groups:
        parts += _rolled_up(group, independent=True, longest=1)
    return _rolled_up(parts, independent=False, longest=LONGEST)


# A loop has at least so many rounds, and a body of at most so many parts
FEWEST, LONGEST = 4, 400


def _rolled_up(parts: Sequence[Part], independent: bool, longest: int) -> list[Part]:
    """Loops, loops of loops, and so on."""
    while True:
        shorter = _rolled_once(parts, independent, longest)
        if len(shorter) == len(parts):
            return shorter
        parts = shorter


def _rolled_once(parts: Sequence[Part], independent: bool, longest: int) -> list[Part]:
    if len(parts) < FEWEST:
        return list(parts)
    numbers: dict[Form, int] = {}
    kinds = [numbers.setdefault(part.form, len(numbers)) for part in parts]
    following = _following(kinds)
    found: list[Part] = []
    i = 0
    while i < len(parts):
        period, count = _repetition(parts, kinds, following, i, longest)
        if count < FEWEST:
            found.append(parts[i])
            i += 1
            continue
        body = parts[i : i + period]
        strides = [_difference(part, later) for part, later in zip(body, parts[i + period :])]
        form = Repeat(count, tuple([(part.form, stride) for part, stride in zip(body, strides)]), independent)
        found.append(Part(form, tuple([cell for part in body for cell in part.cells])))
        i += period * count
    return found


def _following(kinds: Sequence[int]) -> list[int]:
    """For each place, the next one of the same kind."""
    following = [len(kinds)] * len(kinds)
    last: dict[int, int] = {}
    for i in range(len(kinds) - 1, -1, -1):
        following[i] = last.get(kinds[i], len(kinds))
        last[kinds[i]] = i
    return following


def _repetition(parts: Sequence[Part], kinds: Sequence[int], following: Sequence[int], i: int, longest: int) -> tuple[int, int]:
    """The period and the count of what repeats from place i on; a count of 1 if nothing does."""
    j = following[i]
    while j < len(parts) and j - i <= longest:
        period = j - i
        if _may_repeat(parts, kinds, i, period):
            count = _count(parts, kinds, i, period)
            if count >= FEWEST:
                return period, count
        j = following[j]
    return 1, 1


def _may_repeat(parts: Sequence[Part], kinds: Sequence[int], i: int, period: int) -> bool:
    """Whether the part at place i, by itself, repeats often enough."""
    places = range(i, i + FEWEST * period, period)
    if places[-1] >= len(parts) or any([kinds[place] != kinds[i] for place in places]):
        return False
    return len({_difference(parts[a], parts[b]) for a, b in pairwise(places)}) == 1


def _count(parts: Sequence[Part], kinds: Sequence[int], i: int, period: int) -> int:
    """How often the `period` parts from place i on stand there, each time with cells moved on by the same strides."""
    count = 1
    strides: list[tuple[int, ...]] = []
    while i + (count + 1) * period <= len(parts):
        start = i + count * period
        for k in range(period):
            if kinds[start + k] != kinds[i + k]:
                return count
            stride = _difference(parts[start + k - period], parts[start + k])
            if count == 1:
                strides.append(stride)
            elif stride != strides[k]:
                return count
        count += 1
    return count


def _difference(part: Part, later: Part) -> tuple[int, ...]:
    return tuple([b - a for a, b in zip(part.cells, later.cells)])


def looped(part: Part, indent: str = "    ", depth: int = 0) -> list[str]:
    """A part in C: loops around statements on the cells ``v[...]``."""
    return _looped(part.form, part.cells, [], indent)


def _looped(form: Form, cells: tuple[int, ...], strides: list[tuple[int, ...]], indent: str) -> list[str]:
    if isinstance(form, str):
        indices = [_index(cell, [stride[k] for stride in strides]) for k, cell in enumerate(cells)]
        pieces = form.split("@")
        return [indent + "".join([piece for pair in zip(pieces, [*indices, ""]) for piece in pair]) + ";"]
    i = f"i{len(strides)}"
    lines = [f'{indent}_Pragma("omp simd")'] * (form.independent and all(isinstance(inner, str) for inner, _ in form.body))
    lines.append(f"{indent}for (long {i} = 0; {i} < {form.times}; {i}++) {{")
    at = 0
    for inner, stride in form.body:
        own = slice(at, at + len(stride))
        at = own.stop
        lines += _looped(inner, cells[own], [*[outer[own] for outer in strides], stride], indent + "    ")
    return [*lines, f"{indent}}}"]


def _index(cell: int, strides: Sequence[int]) -> str:
    terms = [f" + {stride} * i{k}" for k, stride in enumerate(strides) if stride]
    return f"v[{cell}{''.join(terms)}]"
