"""Operations over many operands on floats, each with all its local derivatives at once: what these share is computed once."""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from math import nan

from ..floats import equal, logsumexp, max_, min_, powers


def _shares(xs: Sequence[float]) -> tuple[float, float, list[float], list[float]]:
    """The largest, log(sum) less it, the share of each, and 1 less each, as the sum of the others."""
    largest, found, rest = powers(xs)
    total = 1.0 + rest
    return largest, math.log1p(rest), [p / total for p in found], [(rest + (1.0 - p)) / total for p in found]


def _logsumexp(xs: Sequence[float]) -> tuple[float, list[float]]:
    return logsumexp(*xs), _shares(xs)[2]


def _softmaxes(xs: Sequence[float], count: int | None = None) -> list[tuple[float, list[float]]]:
    _, _, shares, unlike = _shares(xs)
    found = zip(shares[:count], unlike, range(len(xs)))
    return [(z, [z * rest, *[-z * share for share in _others(shares, i)]]) for z, rest, i in found]


def _unlike(xs: Sequence[float]) -> tuple[float, list[float]]:
    _, _, (share, *shares), (z, *_) = _shares(xs)
    return z, [-z * share, *[other * share for other in shares]]


def _log_softmaxes(xs: Sequence[float], count: int | None = None) -> list[tuple[float, list[float]]]:
    largest, log, shares, unlike = _shares(xs)
    found = zip(xs[:count], unlike, range(len(xs)))
    return [((x - largest) - log, [rest, *[-share for share in _others(shares, i)]]) for x, rest, i in found]


def _others(xs: Sequence[float], i: int) -> list[float]:
    return [*xs[:i], *xs[i + 1 :]]


def _nll(xs: Sequence[float]) -> tuple[float, list[float]]:
    largest, log, (_, *shares), (rest, *_) = _shares(xs)
    return log + (largest - xs[0]), [-rest, *shares]


def _weighted_nll(operands: Sequence[float]) -> tuple[float, list[float]]:
    ws, xs = operands[: len(operands) // 2], operands[len(operands) // 2 :]
    largest, log, shares, unlike = _shares(xs)
    losses = [log + (largest - x) for x in xs]
    weight = in_order(ws)
    derivatives = [share * (weight - w) - w * rest for w, share, rest in zip(ws, shares, unlike)]
    return in_order([w * loss if w else 0.0 for w, loss in zip(ws, losses)]), losses + derivatives


def _extreme(extreme: Callable[..., float], xs: Sequence[float]) -> tuple[float, list[float]]:
    z = extreme(*xs)
    return z, [equal(x, z) / (_count(z, xs) or nan) for x in xs]


def _count(b: float, xs: Sequence[float]) -> float:
    return float(sum([x == b for x in xs]))  # list.count finds a nan that is the same object


def _prod(xs: Sequence[float]) -> tuple[float, list[float]]:
    below = itertools.accumulate(xs, operator.mul, initial=1.0)
    above = [*itertools.accumulate(xs[:0:-1], operator.mul, initial=1.0)][::-1]
    return math.prod(xs, start=1.0), [a * b for a, b in zip(below, above)]


def in_order(terms: Iterable[float]) -> float:
    """From left to right, as the formulas have it, so that every program gives the same. Of no terms, 0.0."""
    terms = iter(terms)
    total = next(terms, 0.0)  # begun with 0.0, a sum of -0.0 would be 0.0
    for term in terms:
        total += term
    return total


AT_ONCE: dict[str, Callable[[Sequence[float]], tuple[float, list[float]]]] = {
    "prod": _prod,
    "max_": partial(_extreme, max_),
    "min_": partial(_extreme, min_),
    "count": lambda xs: (_count(xs[0], xs[1:]), [0.0] * len(xs)),
    "logsumexp": _logsumexp,
    "softmax": lambda xs: _softmaxes(xs, 1)[0],
    "unlike": _unlike,
    "log_softmax": lambda xs: _log_softmaxes(xs, 1)[0],
    "nll": _nll,
    "weighted_nll": _weighted_nll,
}
# Those that are asked of all operands, for each of these with it first and the others after it
IN_TURN: dict[str, Callable[[Sequence[float]], list[tuple[float, list[float]]]]] = {
    "softmax": _softmaxes,
    "log_softmax": _log_softmaxes,
}
