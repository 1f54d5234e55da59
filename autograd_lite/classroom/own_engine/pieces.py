"""What is built on an engine, here right: a layer, softmax, a recurrent unit. And how a call of it stands in a graph.

A row of a graph may be one result of a call: ``("softmax[1]", ((0, 2),))`` is ``softmax([a, c])[1]``. Rows of one call share it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from ...engine.many import dot, softmax
from ...engine.scope import Scope
from ...value import OPERATIONS, Value

Operand = Any
"""The place of a node (int), a plain number (float), or several of these (tuple), a list of Python."""


def matvec(W: Sequence[Sequence[Value]], xs: Sequence[Value]) -> list[Value]:
    """The product of a matrix and a vector. W: m rows of n; xs: n. Returns m."""
    return [dot(row, xs) for row in W]


def rnn(w: Value, u: Value, xs: Sequence[Value], h: Value) -> list[Value]:
    """The states h_t = tanh(w * x_t + u * h_(t-1)), one for each of xs, each in its time step. h: the state before the first."""
    states = []
    if not hasattr(h, "scope"):
        h.scope = Scope("t = 0")
    for t, x in enumerate(xs, 1):
        net: Value = dot([w, u], [x, h])
        h = OPERATIONS["tanh"](net)
        net.scope = h.scope = Scope(f"t = {t}")
        states.append(h)
    return states


PIECES: dict[str, Callable[..., Sequence[Any]]] = {"matvec": matvec, "softmax": softmax, "rnn": rnn}


def places(operands: Iterable[Operand]) -> Iterator[int]:
    """The places of nodes among operands, from left to right."""
    for x in operands:
        if isinstance(x, tuple):
            yield from places(x)
        elif isinstance(x, int):
            yield x


def each(operands: Iterable[Operand], of: Callable[[int], Any]) -> tuple[Operand, ...]:
    """The operands with something else for the place of each node."""
    return tuple([each(x, of) if isinstance(x, tuple) else of(x) if isinstance(x, int) else x for x in operands])
