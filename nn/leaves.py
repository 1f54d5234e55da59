"""The leaves of a network: parameters, given or drawn, and inputs."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias

from autograd_lite import Value
from autograd_lite.nests import is_array

Rng: TypeAlias = "random.Random | int | None"

# What random.seed() seeds: for those who count on it
COMMON: Any = random

INITIALISATIONS: dict[str, Callable[[random.Random, int, int], float]] = {
    # Glorot and Bengio (2010), eq. 16
    "xavier": lambda rng, n_in, n_out: rng.uniform(-1, 1) * math.sqrt(6 / (n_in + n_out)),
    # He et al. (2015), eq. 10
    "he": lambda rng, n_in, n_out: rng.gauss(0, 1) * math.sqrt(2 / n_in),
    # LeCun et al. (1998), as a uniform distribution of a third of the variance: PyTorch's default
    "uniform": lambda rng, n_in, n_out: rng.uniform(-1, 1) / math.sqrt(n_in),
    # of one size whatever the layer's, as transformers of a few thousand parameters have it
    "normal": lambda rng, n_in, n_out: rng.gauss(0, 0.08),
    "standard": lambda rng, n_in, n_out: rng.gauss(0, 1),
    "micrograd": lambda rng, n_in, n_out: rng.uniform(-1, 1),
}


def as_parameter(number: Value | float, label: str) -> Value:
    """The Value itself, or a labelled leaf of the number."""
    return number if isinstance(number, Value) else Value(number, label)


def as_values(inputs: Sequence[Value | float], letter: str = "") -> list[Value]:
    """The inputs as Values, the numbers among them as leaves, labelled by `letter` and place if there is a letter."""
    if isinstance(inputs, Value) or not isinstance(inputs, Iterable):
        raise TypeError(f"the inputs are a list of numbers or Values, got {inputs!r:.60}")
    try:
        return [x if isinstance(x, Value) else Value(x, f"{letter}{i}" if letter else "") for i, x in enumerate(inputs, 1)]
    except TypeError:
        if any([isinstance(x, (list, tuple)) or is_array(x) for x in inputs]):
            several = "the inputs are a list of numbers, those of one example: [model(x) for x in X] of several"
            raise TypeError(f"{several}; got {inputs!r:.60}") from None
        raise


def initialisation(init: str) -> Callable[[random.Random, int, int], float]:
    """What draws a weight, from rng, n_in and n_out, by its name. ValueError for an unknown name."""
    if init not in INITIALISATIONS:
        raise ValueError(f"unknown init {init!r}: one of {', '.join(INITIALISATIONS)}")
    return INITIALISATIONS[init]


def seeded(rng: Rng, seed: int | None) -> Rng:
    """What is given of the two. TypeError if both are."""
    if rng is not None and seed is not None:
        raise TypeError(f"give an rng or a seed, not both: got {rng!r:.60} and {seed!r:.60}")
    return seed if rng is None else rng


def new_rng(rng: Rng, seed: int | None = None) -> random.Random:
    """The generator itself, or a new one from the seed (None: from the operating system)."""
    rng = seeded(rng, seed)
    return rng if isinstance(rng, random.Random) or rng is COMMON else random.Random(rng)
