"""A graph of Values as operations on numbers: the formulas of the table are read, and what is left are numbers, ``+ - * /``,
and the functions that formulas call."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import partial, reduce
from itertools import chain
from typing import Any

from .. import ops
from ..backprop import topological_order
from ..engine.families import in_order
from ..formulas import PARTS, Reading, named
from ..value import Value

# A sum of at least so many terms may stay one operation: of terms, or of products of two. How many factors a term has
FEWEST = 8
TOTALS = {"total1": 1, "total2": 2}


def value_of_total(op: str, x: Sequence[float]) -> float:
    """What such a sum is of these operands."""
    return in_order([math.prod(x[i : i + TOTALS[op]]) for i in range(0, len(x), TOTALS[op])])


class Tape:
    """What some Values are computed from: each operation once, operands first.

    `operations[k]` is its name and the places of its operands; ``input`` and ``number`` have none, ``leaf`` is a leaf that is
    no input: a constant, in `numbers` like a number. `labels` has the label that the node at a place had.

    totals: up to how many terms a ``total(...)`` of many is one operation, ``total1`` of its terms, or ``total2`` of their
    factors, two by two, and perhaps a single last term. One of more is written out.
    """

    def __init__(self, inputs: Iterable[Value], totals: int = 0) -> None:
        self.totals = totals
        self.operations: list[tuple[str, tuple[int, ...]]] = []
        self.numbers: dict[int, float] = {}
        self.labels: dict[int, str] = {}
        self._literals: dict[int, float] = {}
        self._known: dict[tuple[str, Any], int] = {}
        self._places: dict[int, int] = {}
        self._values: list[Value] = []  # keeps them alive: their ids are the keys of `_places`
        for node in inputs:
            self._places[id(node)] = self._append("input", ())
            self._name(node)

    def place(self, output: Value) -> int:
        """The place of a Value, after everything that it is computed from."""
        if id(output) in self._places:
            return self._places[id(output)]
        for node in topological_order(output, self._places):
            self._places[id(node)] = self._lowered(node)
            self._name(node)
        return self._places[id(output)]

    def _name(self, node: Value) -> None:
        self._values.append(node)
        if node.label:
            self.labels.setdefault(self._places[id(node)], node.label)

    def _lowered(self, node: Value) -> int:
        x = list(map(self._places.__getitem__, map(id, node.parents)))
        if not x:
            return self.number(node.data) if node.is_plain_number else self._append("leaf", (), node.data)
        return OnTape(self).formula(node.op, x)  # type: ignore[no-any-return]

    def total(self, terms: Sequence[tuple[int, ...]], *last: int) -> int:
        """The sum of the terms, of which each is its factors, and of the last one."""
        if FEWEST <= len(terms) <= self.totals:
            x = (*chain.from_iterable(terms), *last)
            if self._literals.keys().isdisjoint(x):  # with numbers, products are less
                return self._shared(f"total{len(terms[0])}", x, x)
        return self.reduced("add", [*[self.reduced("mul", factors) for factors in terms], *last])

    def reduced(self, op: str, x: Sequence[int]) -> int:
        return reduce(partial(self.operation, op), x)

    def _append(self, op: str, x: tuple[int, ...], number: float | None = None) -> int:
        self.operations.append((op, x))
        place = len(self.operations) - 1
        if number is not None:
            self.numbers[place] = number
        return place

    def number(self, number: float) -> int:
        key: tuple[str, Any] = ("number", number.hex())  # 0.0 is not -0.0
        if key not in self._known:
            self._known[key] = self._append("number", (), number)
            self._literals[self._known[key]] = number
        return self._known[key]

    def operation(self, op: str, *x: int) -> int:
        if op in FOLDS:
            folded = FOLDS[op](self, *x)
            if folded is not None:
                return folded
        return self._shared(op, x, x[::-1] if op in ("add", "mul") and x[0] > x[1] else x)

    def _shared(self, op: str, x: tuple[int, ...], key: tuple[int, ...]) -> int:
        place = self._known.get((op, key))
        if place is None:
            place = self._known[op, key] = self._append(op, x)
        return place

    # Where the result is the same number, to the last bit

    def _negated(self, place: int) -> int | None:
        """What the operation at a place is the negative of."""
        op, x = self.operations[place]
        return x[0] if op == "neg" else None

    def _of_numbers(self, f: Callable[[float, float], float], x: int, y: int) -> int | None:
        if x in self._literals and y in self._literals:
            result = f(self._literals[x], self._literals[y])
            return self.number(result) if math.isfinite(result) else None
        return None

    def _of_scaled(self, number: float, place: int) -> int | None:
        """A number times a power of two, from 1 on, times something, as one number times it: only the last rounds."""
        op, x = self.operations[place]
        scale = self._literals.get(x[0]) if op == "mul" else None
        if scale is None or abs(math.frexp(scale)[0]) != 0.5 or not 1 <= abs(scale) <= 1024 or abs(number) > 1e300:
            return None
        return self.operation("mul", self.number(number * scale), x[1])

    def _fold_neg(self, x: int) -> int | None:
        return self.number(-self._literals[x]) if x in self._literals else self._negated(x)

    def _fold_add(self, x: int, y: int) -> int | None:
        for a, b in ((x, y), (y, x)):
            negated = self._negated(b)
            if negated is not None:
                return self.operation("sub", a, negated)
        return self._of_numbers(lambda a, b: a + b, x, y)

    def _fold_sub(self, x: int, y: int) -> int | None:
        negated = self._negated(y)
        if negated is not None:
            return self.operation("add", x, negated)
        return x if str(self._literals.get(y)) == "0.0" else self._of_numbers(lambda a, b: a - b, x, y)

    def _fold_mul(self, x: int, y: int) -> int | None:
        for a, b in ((x, y), (y, x)):
            if self._literals.get(a) == 1:
                return b
            if self._literals.get(a) == -1:
                return self.operation("neg", b)
            if a in self._literals:
                product = self._of_scaled(self._literals[a], b)
                if product is not None:
                    return product
        return self._of_numbers(lambda a, b: a * b, x, y)

    def _fold_div(self, x: int, y: int) -> int | None:
        divisor = self._literals.get(y)
        return x if divisor == 1 else self._of_numbers(lambda a, b: a / b, x, y) if divisor else None


class OnTape(Reading):
    """Formulas as the places of what they are."""

    given = PARTS - {"choice"}

    def __init__(self, tape: Tape) -> None:
        self.tape, self.number, self.total = tape, tape.number, tape.total

    def formula(self, op: str, operands: Sequence[int]) -> Any:
        if op in ops.ROWS:
            return super().formula(op, operands)
        family = ops.FAMILIES[op]
        # `all` in order, so that what several nodes of the same operands share is found again
        return self(family.stable or family.formula, {**named(op, operands), "all": sorted(operands)})

    def product(self, terms: Sequence[int]) -> int:
        return self.tape.reduced("mul", terms) if terms else self.number(1.0)

    def primitive(self, name: str) -> Callable[..., int]:
        return partial(self.tape.operation, name)


FOLDS: dict[str, Callable[..., int | None]] = {
    "neg": Tape._fold_neg,
    "add": Tape._fold_add,
    "sub": Tape._fold_sub,
    "mul": Tape._fold_mul,
    "div": Tape._fold_div,
}


def needed(tape: Tape, results: Iterable[int]) -> list[int]:
    """The places that the results are computed from, and theirs, in order."""
    wanted = set(results)
    for place in range(len(tape.operations) - 1, -1, -1):
        if place in wanted:
            wanted.update(tape.operations[place][1])
    return sorted(wanted)
