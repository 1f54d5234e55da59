"""Toy data for classes: points of the plane, and which class each belongs to.

Each returns X, n lists of two numbers, and y, n whole numbers, in an order that is drawn: ``train(model, zip(X, y))``.
n: how many points, of each class as many, or one more. noise: the deviation of a normal number that is added to each coordinate.
rng: a `random.Random` or its seed, which may be called `seed` too. ValueError for what does not fit.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable

from .leaves import Rng, new_rng
from .nests import real

Data = tuple[list[list[float]], list[int]]


def moons(n: int = 100, noise: float = 0.1, rng: Rng = None, seed: int | None = None) -> Data:
    """Two half circles of radius 1 that reach into each other.

    >>> X, y = moons(4, noise=0.0, rng=0)
    >>> sorted([(label, round(x1), round(x2, 1)) for (x1, x2), label in zip(X, y)])
    [(0, -1, 0.0), (0, 1, 0.0), (1, 0, 0.5), (1, 2, 0.5)]
    """

    def point(label: int, share: float) -> tuple[float, float]:
        x, y = math.cos(math.pi * share), math.sin(math.pi * share)
        return (1 - x, 0.5 - y) if label else (x, y)

    return _drawn(point, n, 2, noise, new_rng(rng, seed), ends=True)


def circles(n: int = 100, noise: float = 0.05, factor: float = 0.5, rng: Rng = None, seed: int | None = None) -> Data:
    """A circle of radius 1, class 0, and within it one of radius `factor`, class 1."""
    if not 0 < real(factor) < 1:
        raise ValueError(f"the inner circle needs a factor between 0 and 1, got {factor!r}")

    def point(label: int, share: float) -> tuple[float, float]:
        radius = factor if label else 1.0
        return radius * math.cos(2 * math.pi * share), radius * math.sin(2 * math.pi * share)

    return _drawn(point, n, 2, noise, new_rng(rng, seed))


def spiral(
    n: int = 100, noise: float = 0.02, classes: int = 2, turns: float = 1.0, rng: Rng = None, seed: int | None = None
) -> Data:
    """Arms of a spiral, a class each, that go around `turns` times from radius 0.1 to 1."""
    if isinstance(classes, bool) or not isinstance(classes, int) or classes < 1 or not math.isfinite(real(turns)):
        raise ValueError(f"a spiral needs at least one class and a finite number of turns, got {classes!r} and {turns!r}")

    def point(label: int, share: float) -> tuple[float, float]:
        angle, radius = 2 * math.pi * (turns * share + label / classes), 0.1 + 0.9 * share
        return radius * math.cos(angle), radius * math.sin(angle)

    return _drawn(point, n, classes, noise, new_rng(rng, seed), ends=True)


def xor(n: int = 4, noise: float = 0.0, rng: Rng = None, seed: int | None = None) -> Data:
    """The corners of the unit square, each as often as the others, or once more: class 1 where one coordinate is 1."""
    corners = [((0.0, 0.0), (1.0, 1.0)), ((0.0, 1.0), (1.0, 0.0))]
    return _drawn(lambda label, share: corners[label][share >= 0.5], n, 2, noise, new_rng(rng, seed))


def _drawn(
    point: Callable[[int, float], tuple[float, float]], n: int, classes: int, noise: float, rng: random.Random, ends: bool = False
) -> Data:
    """For each class the points at shares from 0 to 1 of its line (1 itself only with `ends`), with noise."""
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise ValueError(f"data of n points need a whole number n of at least 1, got {n!r}")
    if not 0 <= real(noise) < math.inf:
        raise ValueError(f"noise must be a finite number of at least 0, got {noise!r}")
    found = []
    for label in range(classes):
        count = n // classes + (label < n % classes)
        for k in range(count):
            x, y = point(label, k / max(1, count - ends))
            found.append(([x + noise * rng.gauss(0, 1), y + noise * rng.gauss(0, 1)], label))
    rng.shuffle(found)
    return [x for x, _ in found], [label for _, label in found]
