"""The loops in a straight-line program: statements of one form, one after the other, become a loop over memory.

A network writes the same line for each of its units, and the same lines for each time step, on other numbers. `scheduled` puts
lines of one form side by side, and gives each variable its cell of memory so that they stand in the order of what they read;
`rolled` then finds what repeats with cells that move on by constant strides: loops over the terms of a total, over units, over
time steps. `looped` writes them in C, some sums or some examples side by side, each in its own order.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from operator import sub
from typing import NamedTuple, TypeAlias

from .expressions import Statement, Total, filled


class Repeat(NamedTuple):
    """A loop: `times` times the body, in which each part's cells move on by their strides. independent: in any order."""

    times: int
    body: tuple[tuple[Form, tuple[int, ...]], ...]
    independent: bool


class Sum(NamedTuple):
    """A total, its terms as templates and loops of them, in order, each with the number of its cells. The first is the target."""

    terms: tuple[tuple[Form, int], ...]


Form: TypeAlias = "str | Total | Repeat | Sum"


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
        form = f"@ = {template}" if isinstance(template, str) else template
        found.append([Part(form, (free + k, *cells)) for k, (cells, _) in enumerate(reads)])
        cell.update([(target, free + k) for k, (_, target) in enumerate(reads)])
        free += len(reads)
    return found


def rolled(groups: Iterable[Sequence[Part]]) -> list[Part]:
    """The groups, which stand in order, with what repeats as loops."""
    parts: list[Part] = []
    sums: dict[Total, _Sums] = {}
    for group in groups:
        total = group[0].form
        if isinstance(total, Total):
            known = sums.setdefault(total, _Sums(total))
            group = [known.part(part.cells) for part in group]
        parts += _rolled_up(group, independent=True, longest=1)
    return _rolled_up(parts, independent=False, longest=LONGEST)


class _Sums:
    """Finds the loops over the terms of totals, once for those whose cells move on by the same strides."""

    def __init__(self, total: Total) -> None:
        ends = accumulate([term.count("@") for term in total.terms], initial=1)
        self.forms = total.terms
        self.places = [range(start, end) for start, end in pairwise(ends)]
        last: dict[str, range] = {}
        self._pairs: list[tuple[int, int]] = []
        for form, places in zip(self.forms, self.places):
            self._pairs += zip(last.get(form, ()), places)
            last[form] = places
        self._found: dict[tuple[int, ...], tuple[Sum, list[int]]] = {}

    def part(self, cells: tuple[int, ...]) -> Part:
        """The total of these cells, of which the first is the target."""
        strides = tuple([cells[later] - cells[earlier] for earlier, later in self._pairs])
        if strides not in self._found:
            terms = [Part(form, cells[places.start : places.stop]) for form, places in zip(self.forms, self.places)]
            parts = _rolled_up(terms, independent=False, longest=TOGETHER)
            form = Sum(tuple([(part.form, len(part.cells)) for part in parts]))
            first, at = [0], 0
            for part in parts:
                terms_of, at = _first_terms(part.form, at)
                first += [place for k in terms_of for place in self.places[k]]
            self._found[strides] = form, first
        form, first = self._found[strides]
        return Part(form, tuple([cells[place] for place in first]))


def _first_terms(form: Form, at: int) -> tuple[list[int], int]:
    """The terms in whose place the cells of a form stand, if it begins with that one; and the term after it."""
    if not isinstance(form, Repeat):
        return [at], at + 1
    found, end = [], at
    for inner, _ in form.body:
        terms, end = _first_terms(inner, end)
        found += terms
    return found, at + form.times * (end - at)


# A loop has at least so many rounds, and a body of at most so many parts; within a sum, of so many
FEWEST, LONGEST, TOGETHER = 4, 400, 8


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
    return tuple(map(sub, later.cells, part.cells))


# So many sums, or examples, that do not depend on each other are computed side by side
SIDE_BY_SIDE = 8
EACH = f"for (int k = 0; k < {SIDE_BY_SIDE}; k++) "
# Written out, they are in registers. Where the loop over the terms is short, GCC writes out that one, and this makes it slower
UNROLLED, SHORT = f'_Pragma("GCC unroll {SIDE_BY_SIDE}") {EACH}', 16


class Place(NamedTuple):
    """Where in the loops a statement in C stands: their variables, the indentation, and the form that its text goes into.

    each: the loop over what is computed side by side, if anything is. examples: whether that is examples: their cells of the
    same name are next to each other.
    """

    variables: tuple[str, ...] = ()
    indent: str = "    "
    form: str = "@;"
    each: str = ""
    examples: bool = False

    def within(self, variable: str) -> Place:
        return self._replace(variables=(*self.variables, variable), indent=self.indent + "    ")


def looped(part: Part, examples: bool = False) -> list[str]:
    """A part in C: loops around statements on the cells ``v[...]``, of one example, or of some side by side."""
    place = Place(each=f'_Pragma("omp simd") {EACH}', examples=True) if examples else Place()
    return _looped(part.form, part.cells, [], place)


def _looped(form: Form, cells: tuple[int, ...], strides: list[tuple[int, ...]], place: Place) -> list[str]:
    """strides: of each loop around it, by how much each cell moves on."""
    if isinstance(form, Sum):
        return _summed(form, cells, strides, place)
    if isinstance(form, str):
        indices = [_index(cell, [stride[k] for stride in strides], place) for k, cell in enumerate(cells)]
        return [place.indent + place.each + place.form.replace("@", filled(form, indices))]
    assert isinstance(form, Repeat)
    i = f"i{len(strides)}"
    only = form.body[0][0] if len(form.body) == 1 else None
    if form.independent and isinstance(only, Sum) and form.times >= SIDE_BY_SIDE and not place.examples:
        return _side_by_side(only, form, cells, strides, place)
    vector = form.independent and not place.examples and all(isinstance(inner, str) for inner, _ in form.body)
    lines = [f'{place.indent}_Pragma("omp simd")'] * vector
    lines.append(f"{place.indent}for (long {i} = 0; {i} < {form.times}; {i}++) {{")
    at = 0
    for inner, stride in form.body:
        own = slice(at, at + len(stride))
        at = own.stop
        lines += _looped(inner, cells[own], [*[outer[own] for outer in strides], stride], place.within(i))
    return [*lines, f"{place.indent}}}"]


def _side_by_side(form: Sum, loop: Repeat, cells: tuple[int, ...], strides: list[tuple[int, ...]], place: Place) -> list[str]:
    """A loop of sums, some at a time: their terms are added in turn, for a processor can add several numbers at once."""
    i, whole = f"i{len(strides)}", loop.times - loop.times % SIDE_BY_SIDE
    inner, strides = place.within(f"({i} + k)"), [*strides, loop.body[0][1]]
    each = UNROLLED if any([isinstance(term, Repeat) and term.times > SHORT for term, _ in form.terms]) else EACH
    lines = [f"{place.indent}for (long {i} = 0; {i} < {whole}; {i} += {SIDE_BY_SIDE}) {{"]
    lines += [*_summed(form, cells, strides, inner._replace(each=each)), f"{place.indent}}}"]
    if whole < loop.times:
        lines.append(f"{place.indent}for (long {i} = {whole}; {i} < {loop.times}; {i}++) {{")
        lines += [*_summed(form, cells, strides, place.within(i)), f"{place.indent}}}"]
    return lines


def _summed(form: Sum, cells: tuple[int, ...], strides: list[tuple[int, ...]], place: Place) -> list[str]:
    """A sum, term by term. It begins with -0.0: added to that, every number stays what it is."""
    s, room = ("s[k]", f"s[{SIDE_BY_SIDE}]") if place.each else ("s", "s")
    inner = place._replace(indent=place.indent + "    ", form=f"{s} += @;")
    lines = [f"{place.indent}{{", f"{inner.indent}double {room};", f"{inner.indent}{place.each}{s} = -0.0;"]
    at = 1
    for term, count in form.terms:
        own = slice(at, at + count)
        at = own.stop
        lines += _looped(term, cells[own], [outer[own] for outer in strides], inner)
    target = _index(cells[0], [stride[0] for stride in strides], place)
    return [*lines, f"{inner.indent}{place.each}{target} = {s};", f"{place.indent}}}"]


def _index(cell: int, strides: Sequence[int], place: Place) -> str:
    terms = [f" + {stride} * {variable}" for stride, variable in zip(strides, place.variables) if stride]
    index = f"{cell}{''.join(terms)}"
    return f"v[({index}) * {SIDE_BY_SIDE} + k]" if place.examples else f"v[{index}]"
