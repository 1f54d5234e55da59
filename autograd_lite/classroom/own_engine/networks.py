"""Graphs to check what is built on an engine: a layer, softmax, a recurrent unit; from tiny to deep, and by chance."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import count, islice

from .ladder import Case, Row, is_fit, joined
from .pieces import Operand

NUMBERS = (0.5, -1.5, 2.0, 0.75, -0.5, 1.5, 0.25)
LONG = 12
"""Time steps of a long sequence."""


def _leaves(number: int) -> list[Row]:
    return [("", (NUMBERS[k % len(NUMBERS)],)) for k in range(number)]


def _case(leaves: int, *rows: Row) -> Case:
    return joined([*_leaves(leaves), *rows])


def _results(name: str, operands: tuple[Operand, ...], *which: int) -> list[Row]:
    return [(f"{name}[{k}]", operands) for k in which]


def _layers() -> Iterator[Case]:
    def of(W: Operand, xs: Operand) -> list[Row]:
        return _results("matvec", (W, xs), *range(len(W)))

    yield _case(2, *of(((0,),), (1,)))
    below: list[Row] = [("tanh", (0,)), ("tanh", (1,))]
    yield _case(4, *below, *of(((0, 1), (2, 3)), (4, 5)), ("add", (6, 7)))
    yield _case(4, *of(((0, 1),), (2, 3)))
    yield _case(3, *of(((0,), (1,)), (2,)))
    yield _case(3, *of(((0, 1, 2), (2, 1, 1)), (1, 0, 2)))
    yield _case(5, *of(((0, 1), (2, 3), (4, 4)), (1, 1)))
    hidden: list[Row] = [("tanh", (6,)), ("tanh", (7,))]
    yield _case(4, *below, *of(((0, 1), (2, 3)), (4, 5)), *hidden, *of(((1, 0), (3, 2)), (8, 9)), ("add", (10, 11)))


def _shares() -> Iterator[Case]:
    def of(*xs: int) -> list[Row]:
        return _results("softmax", (xs,), *range(len(xs)))

    yield _case(1, *of(0))
    yield _case(2, *of(0, 1)[:1])
    yield _case(2, *of(0, 1)[1:])
    yield _case(1, *of(0, 0)[:1])
    yield _case(3, *of(0, 1, 0), ("mul", (4, 2)))
    yield _case(4, ("mul", (0, 1)), *of(4, 2, 3), ("mul", (5, 6)))
    yield _case(6, *of(0, 1, 2, 3, 4, 5)[3:], ("mul", (6, 7)))
    yield _case(2, ("mul", (0, 1)), ("tanh", (0,)), *of(2, 3, 0), *of(4, 5, 1)[:2])
    scores: list[Row] = [("mul", (0, 1)), ("mul", (0, 2)), ("mul", (5, 0.7)), ("mul", (6, 0.7))]  # a query and two keys
    yield _case(5, *scores, *of(7, 8), ("mul", (9, 3)), ("mul", (10, 4)))


def _sequences() -> Iterator[Case]:
    def of(w: int, u: int, xs: Sequence[int], h: int) -> list[Row]:
        return _results("rnn", (w, u, tuple(xs), h), *range(len(xs)))

    def last(steps: int) -> Case:
        """The last state as the output; those before it are seen too."""
        rows = [*_leaves(steps + 3), *of(0, 1, range(2, steps + 2), steps + 2)]
        return Case(tuple(rows), (len(rows) - 1,))

    yield last(1)
    yield last(2)
    yield _case(5, *of(0, 1, [2, 3], 4))
    yield last(3)
    yield _case(6, *of(0, 1, [2, 3, 4], 5))
    yield _case(4, *of(0, 0, [1, 2], 3))
    yield _case(6, ("mul", (3, 3)), *of(0, 1, [2, 6], 4), *of(1, 0, [7, 8], 5))
    yield last(LONG)


GRAPHS = {"matvec": _layers, "softmax": _shares, "rnn": _sequences}
"""By hand, for each piece."""


def by_hand(name: str) -> list[Case]:
    """The graphs of a piece, the smallest first."""
    return [*GRAPHS[name]()]


def by_chance(name: str, number: int, seed: int = 0) -> Iterator[Case]:
    """So many graphs of 5 to 20 nodes or so with calls of a piece, among operations."""
    rng = random.Random(f"{name} {seed}")
    return islice(filter(is_fit, (_by_chance(rng, name) for _ in count())), number)


def _by_chance(rng: random.Random, name: str) -> Case:
    rows: list[Row] = [("", (rng.randint(-150, 150) / 100,)) for _ in range(rng.randint(2, 5))]

    def some(number: int) -> tuple[int, ...]:
        return tuple([rng.randrange(len(rows)) for _ in range(number)])

    for _ in range(rng.randint(1, 2)):
        rows += [(op, some(1 if op == "tanh" else 2)) for op in rng.choices(["add", "mul", "tanh"], k=rng.randint(0, 3))]
        m, n = rng.randint(1, 3), rng.randint(1, 3)
        operands: dict[str, tuple[Operand, ...]] = {
            "matvec": (tuple([some(n) for _ in range(m)]), some(n)),
            "softmax": (some(m),),
            "rnn": (*some(2), some(m), *some(1)),
        }
        rows += _results(name, operands[name], *sorted(rng.sample(range(m), rng.randint(1, m))))
    return joined(rows)
