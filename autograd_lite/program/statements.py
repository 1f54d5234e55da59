"""The operations of a tape as the lines of a program: templates in the spelling of a dialect, with a place for each variable."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from functools import cache, lru_cache, reduce
from itertools import chain
from typing import NamedTuple

from .spelling import NAME, NEGATIVE, SUM, Spelling, Text, written
from .tape import TOTALS, Tape, needed


class Total(NamedTuple):
    """The sum of many terms, from the first to the last, each a template."""

    terms: tuple[str, ...]


class Statement(NamedTuple):
    """A line of a program: `template`, with the variable at each of `places` where it has an ``@``, is what `target` becomes."""

    target: int
    template: str | Total
    places: tuple[int, ...]


def filled(template: str, names: Sequence[str]) -> str:
    """The template with the names in their places."""
    parts = template.split("@")
    return "".join([part for pair in zip(parts, [*names, ""]) for part in pair])


# How long an expression may become: a sum of many terms goes over several lines
LINE, LINES = 90, 1200


def statements(
    tape: Tape,
    results: Collection[int],
    spelling: Spelling,
    named: Collection[int],
    constants: bool = False,
    terms: int = 200,
) -> list[Statement]:
    """The statements that compute the results: one for each place that is named, a result, or used more than once.

    The others are written within the one that uses them, up to a sensible length. constants: leaves that are no inputs are
    variables, not numbers in the text. terms: a total of more of them is no text, but a `Total`.
    """
    order = needed(tape, results)
    uses = Counter(results)
    for place in order:
        uses.update(tape.operations[place][1])
    texts: dict[int, Text] = {}
    inline: set[int] = set()  # the places whose text is no variable
    found: list[Statement] = []

    def stated(place: int) -> Text:
        """The place as a variable."""
        if texts[place].places != (place,):
            found.append(Statement(place, texts[place].template, texts[place].places))
        texts[place] = Text("@", NAME, (place,))
        inline.discard(place)
        return texts[place]

    for place in order:
        op, x = tape.operations[place]
        if op == "input" or (op == "leaf" and constants):
            texts[place] = Text("@", NAME, (place,))
            continue
        inline.add(place)
        literal = op in ("leaf", "number")
        if literal:
            number = spelling.number(tape.numbers[place])
            texts[place] = Text(number, NEGATIVE if number.startswith("-") else NAME, ())
        elif op in TOTALS:
            for i in inline.intersection(x):
                if texts[i].size > LINE:
                    stated(i)
            template, places = _total(TOTALS[op], ("@",) * len(x), (NAME,) * len(x), terms), x
            if not inline.isdisjoint(x):
                words, binds, parts = zip(*[texts[i] for i in x])
                template, places = _total(TOTALS[op], words, binds, terms), tuple(chain.from_iterable(parts))
            if isinstance(template, Total):
                found.append(Statement(place, template, places))
                texts[place] = Text("@", NAME, (place,))
                inline.discard(place)
                continue
            texts[place] = Text(template, SUM, places)
        else:
            last = tape.numbers.get(x[-1]) if tape.operations[x[-1]][0] == "number" else None
            spelled = spelling.of(op, last)
            for i in _too_long(spelled, [texts[i] for i in x], LINES if op in ("add", "sub") else LINE):
                stated(x[i])
            texts[place] = written(op, spelled, [texts[i] for i in x])
        if place in named or place in results or (uses[place] > 1 and not literal):
            stated(place)
    return found


@lru_cache(1000)
def _total(factors: int, templates: tuple[str, ...], binds: tuple[int, ...], most: int) -> str | Total:
    """The template of a total of these operands. All terms but perhaps the last have so many factors."""
    texts = [Text(template, bound, ()) for template, bound in zip(templates, binds)]
    groups = [texts[i : i + factors] for i in range(0, len(texts), factors)]
    terms = [reduce(lambda x, y: written("mul", "", [x, y]), group) for group in groups]
    if len(terms) > most:
        return Total(tuple([term.template for term in terms]))
    return reduce(lambda x, y: written("add", "", [x, y]), terms).template


def _too_long(spelled: str, operands: Sequence[Text], limit: int) -> Iterator[int]:
    """Which operands are to be statements of their own, so that the text is not too long and says nothing twice."""
    twice = _twice(spelled)
    sizes = [text.size for text in operands]
    size = sum(sizes)
    if not twice and (size <= LINE or (limit == LINES and size <= LINES and sizes[-1] <= LINE)):
        return
    for i in sorted(range(len(sizes)), key=lambda i: -sizes[i]):
        long = size > limit or (sizes[i] > LINE and not (i == 0 and limit == LINES))
        if operands[i].template != "@" and (long or (i in twice and operands[i].places)):
            size -= sizes[i] - 6
            yield i


@cache
def _twice(spelled: str) -> tuple[int, ...]:
    """Which operands a spelling names more than once."""
    return tuple([i for i, letter in enumerate("xyw") if spelled.count(f"{{{letter}}}") > 1])
