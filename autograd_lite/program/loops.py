"""The loops in a straight-line program: statements of one pattern, one after the other, become a loop over memory.

A network writes the same line for each of its units, and the same lines for each time step, on other numbers. `scheduled` puts
lines of one pattern side by side, and gives each variable its cell of memory so that they stand in the order of what they read;
`rolled` then finds what repeats with cells that move on by constant strides: loops over the terms of a total, over units, over
time steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from operator import sub
from typing import NamedTuple, TypeAlias

from .record import Port, Recorded
from .statements import Statement, Total


class Cells:
    """Which cell of memory each variable has: the inputs, then the constants; the others follow."""

    def __init__(self, recorded: Recorded, lines: Sequence[Statement]) -> None:
        tape = recorded.tape
        self.of: dict[int, int] = {}
        self.inputs: list[tuple[int, Port]] = []
        for port in recorded.inputs:
            self.inputs.append((len(self.of), port))
            self.of.update({place: len(self.of) + k for k, place in enumerate(port.places)})
        self.first = len(self.of)
        read = {place for line in lines for place in line.places} | set(recorded.result_places)
        self.constants = [place for place in sorted(read) if tape.operations[place][0] == "leaf"]
        self.numbers = [tape.numbers[place] for place in self.constants]
        self.of.update({place: self.first + k for k, place in enumerate(self.constants)})


class Repeat(NamedTuple):
    """A loop: `times` times the body, in which each block's cells move on by their strides. independent: in any order."""

    times: int
    body: tuple[tuple[Pattern, tuple[int, ...]], ...]
    independent: bool


class Sum(NamedTuple):
    """A total, its terms as templates and loops of them, in order, each with the number of its cells. The first is the target."""

    terms: tuple[tuple[Pattern, int], ...]


Pattern: TypeAlias = "str | Total | Repeat | Sum"


class Block(NamedTuple):
    """A piece of a long program: a template with an ``@`` for each of the `cells`, or a loop that starts at them."""

    pattern: Pattern
    cells: tuple[int, ...]


def scheduled(lines: Sequence[Statement], cell: dict[int, int], target: str = "@") -> list[list[Block]]:
    """The lines in groups of one pattern that do not depend on each other; gives each target its cell in `cell`.

    cell: that of each variable that is there from the start. target: how the text of a block has its own.
    """
    # as late as possible: what a sum over the whole program adds up does not stand between its repetitions
    height: dict[int, int] = {}
    groups: dict[tuple[int, str | Total], list[Statement]] = {}
    for line in reversed(lines):
        above = height.get(line.target, 0) + 1
        for place in line.places:
            if height.get(place, 0) < above:
                height[place] = above
    for line in lines:
        groups.setdefault((height.get(line.target, 0), line.template), []).append(line)
    free = max(cell.values(), default=-1) + 1
    found = []
    for (_, template), group in sorted(groups.items(), key=lambda item: -item[0][0]):
        reads = [(tuple([cell[place] for place in line.places]), line.target) for line in group]
        reads.sort()
        pattern = f"{target} = {template}" if isinstance(template, str) else template
        found.append([Block(pattern, (free + k, *cells)) for k, (cells, _) in enumerate(reads)])
        cell.update([(place, free + k) for k, (_, place) in enumerate(reads)])
        free += len(reads)
    return found


def rolled(groups: Iterable[Sequence[Block]]) -> list[Block]:
    """The groups, which stand in order, with what repeats as loops."""
    blocks: list[Block] = []
    sums: dict[Total, _Sums] = {}
    for group in groups:
        total = group[0].pattern
        if isinstance(total, Total):
            known = sums.setdefault(total, _Sums(total))
            group = [known.block(block.cells) for block in group]
        blocks += _rolled_up(group, independent=True, longest=1)
    return _rolled_up(blocks, independent=False, longest=LONGEST)


class _Sums:
    """Finds the loops over the terms of totals, once for those whose cells move on by the same strides."""

    def __init__(self, total: Total) -> None:
        ends = accumulate([term.count("@") for term in total.terms], initial=1)
        self.patterns = total.terms
        self.places = [range(start, end) for start, end in pairwise(ends)]
        last: dict[str, range] = {}
        self._pairs: list[tuple[int, int]] = []
        for pattern, places in zip(self.patterns, self.places):
            self._pairs += zip(last.get(pattern, ()), places)
            last[pattern] = places
        self._found: dict[tuple[int, ...], tuple[Sum, list[int]]] = {}

    def block(self, cells: tuple[int, ...]) -> Block:
        """The total of these cells, of which the first is the target."""
        strides = tuple([cells[later] - cells[earlier] for earlier, later in self._pairs])
        if strides not in self._found:
            terms = [Block(pattern, cells[places.start : places.stop]) for pattern, places in zip(self.patterns, self.places)]
            blocks = _rolled_up(terms, independent=False, longest=TOGETHER)
            pattern = Sum(tuple([(block.pattern, len(block.cells)) for block in blocks]))
            first, at = [0], 0
            for block in blocks:
                terms_of, at = _first_terms(block.pattern, at)
                first += [place for k in terms_of for place in self.places[k]]
            self._found[strides] = pattern, first
        pattern, first = self._found[strides]
        return Block(pattern, tuple([cells[place] for place in first]))


def _first_terms(pattern: Pattern, at: int) -> tuple[list[int], int]:
    """The terms in whose place the cells of a pattern stand, if it begins with that one; and the term after it."""
    if not isinstance(pattern, Repeat):
        return [at], at + 1
    found, end = [], at
    for inner, _ in pattern.body:
        terms, end = _first_terms(inner, end)
        found += terms
    return found, at + pattern.times * (end - at)


# A loop has at least so many rounds, and a body of at most so many blocks; within a sum, of so many
FEWEST, LONGEST, TOGETHER = 4, 400, 8


def _rolled_up(blocks: Sequence[Block], independent: bool, longest: int) -> list[Block]:
    """Loops, loops of loops, and so on."""
    while True:
        shorter = _rolled_once(blocks, independent, longest)
        if len(shorter) == len(blocks):
            return shorter
        blocks = shorter


def _rolled_once(blocks: Sequence[Block], independent: bool, longest: int) -> list[Block]:
    if len(blocks) < FEWEST:
        return list(blocks)
    numbers: dict[Pattern, int] = {}
    kinds = [numbers.setdefault(block.pattern, len(numbers)) for block in blocks]
    following = _following(kinds)
    found: list[Block] = []
    i = 0
    while i < len(blocks):
        period, count = _repetition(blocks, kinds, following, i, longest)
        if count < FEWEST:
            found.append(blocks[i])
            i += 1
            continue
        body = blocks[i : i + period]
        strides = [_difference(block, later) for block, later in zip(body, blocks[i + period :])]
        pattern = Repeat(count, tuple([(block.pattern, stride) for block, stride in zip(body, strides)]), independent)
        found.append(Block(pattern, tuple([cell for block in body for cell in block.cells])))
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


def _repetition(blocks: Sequence[Block], kinds: Sequence[int], following: Sequence[int], i: int, longest: int) -> tuple[int, int]:
    """The period and the count of what repeats from place i on; a count of 1 if nothing does."""
    j = following[i]
    while j < len(blocks) and j - i <= longest:
        period = j - i
        if _may_repeat(blocks, kinds, i, period):
            count = _count(blocks, kinds, i, period)
            if count >= FEWEST:
                return period, count
        j = following[j]
    return 1, 1


def _may_repeat(blocks: Sequence[Block], kinds: Sequence[int], i: int, period: int) -> bool:
    """Whether the block at place i, by itself, repeats often enough."""
    places = range(i, i + FEWEST * period, period)
    if places[-1] >= len(blocks) or any([kinds[place] != kinds[i] for place in places]):
        return False
    return len({_difference(blocks[a], blocks[b]) for a, b in pairwise(places)}) == 1


def _count(blocks: Sequence[Block], kinds: Sequence[int], i: int, period: int) -> int:
    """How often the `period` blocks from place i on stand there, each time with cells moved on by the same strides."""
    count = 1
    strides: list[tuple[int, ...]] = []
    while i + (count + 1) * period <= len(blocks):
        start = i + count * period
        for k in range(period):
            if kinds[start + k] != kinds[i + k]:
                return count
            stride = _difference(blocks[start + k - period], blocks[start + k])
            if count == 1:
                strides.append(stride)
            elif stride != strides[k]:
                return count
        count += 1
    return count


def _difference(block: Block, later: Block) -> tuple[int, ...]:
    return tuple(map(sub, later.cells, block.cells))
