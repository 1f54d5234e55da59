"""Long programs in Python as they run: few variables, that many numbers share, one after the other.

To read one of the first 256 variables of a function is one instruction in CPython, of the others two. What is read soon is among
the first, and what is read last makes room. Nothing else changes: the program that is shown has a variable for each number.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Sequence
from itertools import chain
from typing import NamedTuple

from .names import Names
from .statements import Statement, filled
from .writer import Writer

FIRST = 256
DOCUMENTED = '    """'
# To bring a number among the first variables is worth it if it is read so often after that
AGAIN = 2


def has_many_variables(writer: Writer) -> bool:
    """Whether fewer would make the program run sooner, and it can do with fewer: no loop, for what it feeds back stays."""
    return writer.loop is None and len(writer.variable) > 2 * FIRST > 4 * len(writer.parameters)


class Plan(NamedTuple):
    """For a line: what it reads that is first brought into which of the first variables, the one of its result if any, and what
    is read no more."""

    brought: list[tuple[int, int]]
    target: int | None
    ended: list[int]


def planned(lines: Sequence[Statement], results: Collection[int], first: int) -> tuple[list[Plan], set[int]]:
    """The plan of each line, and the places that need a variable beyond the first ones. Inputs have one."""
    uses: dict[int, list[int]] = {place: [len(lines)] for place in results}
    for k in range(len(lines) - 1, -1, -1):
        for place in set(lines[k].places):
            uses.setdefault(place, []).append(k)
    held: dict[int, int] = {}
    free = list(range(first - 1, -1, -1))
    order: list[tuple[int, int]] = []  # a heap: minus the line that reads a place next, and the place; it may be of the past
    beyond = set(results)
    made: dict[int, int] = {}  # the line of what has not been read since it was computed
    plans: list[Plan] = []

    def room(line: int) -> int | None:
        """A variable that is free, or whose number is read after that line only."""
        while not free and order and -order[0][0] > line:
            known, place = heapq.heappop(order)
            if place in held and uses[place][-1] == -known:
                beyond.add(place)
                if place in made:
                    plans[made[place]] = plans[made[place]]._replace(target=None)
                return held.pop(place)
        return free.pop() if free else None

    def hold(place: int, variable: int) -> None:
        held[place] = variable
        heapq.heappush(order, (-uses[place][-1], place))

    for k, (target, _, places) in enumerate(lines):
        brought, ended = [], []
        operands = set(places)
        for place in operands:
            if place not in held and len(uses[place]) > AGAIN:
                variable = room(uses[place][-1 - AGAIN])
                if variable is not None:
                    hold(place, variable)
                    brought.append((place, variable))
        for place in operands:
            following = uses[place]
            following.pop()
            made.pop(place, None)
            if not following:
                ended.append(place)
                if place in held:
                    free.append(held.pop(place))
            elif place in held:
                heapq.heappush(order, (-following[-1], place))
        variable = room(uses[target][-1]) if uses[target][-1] < len(lines) else None
        if variable is not None:
            hold(target, variable)
            made[target] = k
        else:
            beyond.add(target)
        plans.append(Plan(brought, variable, ended))
    return plans, beyond


class SlotWriter(Writer):
    """Writes a program that is shown, after it has been written, line by line, on few variables."""

    def __init__(self, shown: Writer) -> None:
        self.shown, self.recorded, self.dialect, self.loop = shown, shown.recorded, shown.dialect, None
        self.statements, self.parameters, self.kept = shown.statements, shown.parameters, {}
        lines, results = list(chain(*self.parts())), set(self.recorded.result_places)
        plans, self._beyond = planned(lines, results, FIRST - len(self.parameters))
        self._plans = {line.target: plan for line, plan in zip(lines, plans)}
        self._names = Names(self.parameters.values())
        used = {plan.target for plan in plans} | {variable for plan in plans for _, variable in plan.brought}
        self._first = {variable: self._names.of("r", "") for variable in used if variable is not None}
        self._holds: dict[int, int] = {}
        self._own: dict[int, str] = {}
        self._free: list[str] = []
        self.variable: dict[int, str] = {}
        self.height = {}
        read = results.union(*[line.places for line in lines])
        for port in self.recorded.inputs:
            for place in port.places:
                if not port.is_array:
                    self._free.append(self.parameters[port.name])
                self.variable[place] = self._named(place)
                if place not in read and port.is_array:
                    self._free_those([place])

    def _named(self, place: int) -> str:
        """A variable beyond the first ones, for as long as the place is read."""
        self._own[place] = self._free.pop() if self._free else self._names.of("m", "")
        return self._own[place]

    def _free_those(self, places: Sequence[int]) -> None:
        self._free += [self._own.pop(place) for place in places if place in self._own]

    def _hold(self, place: int, variable: int) -> str:
        before = self._holds.get(variable)
        if before in self._own and self.variable[before] == self._first[variable]:
            self.variable[before] = self._own[before]
        self._holds[variable] = place
        self.variable[place] = self._first[variable]
        return self._first[variable]

    def _function(self, body: list[str]) -> list[str]:
        lines = super()._function(body)
        lines[lines.index(DOCUMENTED)] += (
            f"; {' = '.join(self._first.values())} = 0.0"  # the first ones: Python counts in this order
        )
        return lines

    def unpacked(self) -> list[str]:
        return as_long(super().unpacked(), len(self.shown.unpacked()))

    def written(self, statement: Statement) -> list[str]:
        target, template, places = statement
        plan = self._plans[target]
        text = ""
        for place, variable in plan.brought:
            source = self.variable[place]
            text += f"{self._hold(place, variable)} = {source}; "
        value = filled(str(template), [self.variable[place] for place in places])
        self._free_those(plan.ended)
        if plan.target is not None:
            text += f"{self._hold(target, plan.target)} = "
        if target in self._beyond:
            name = self._named(target)
            text += f"{name} = "
            self.variable.setdefault(target, name)
        return as_long([text + value], self.shown.height[target])

    def returned(self) -> list[str]:
        return as_long(super().returned(), len(self.shown.returned()))


def as_long(lines: Sequence[str], height: int) -> list[str]:
    """On so many lines: all on the first of them."""
    text = "".join([line if line.startswith(" ") else f"; {line}" for line in lines])
    return [text[2:], *[""] * (height - 1)] if height else []
