"""The six workloads: their numbers, and the values that an implementation must reproduce to be a result.

Weights and data come from a linear congruential generator, to be the same everywhere. All numbers are doubles.

1. mixed chain: 10,000 times ten scalar operations (4 products, 4 sums, 2 tanh), built afresh, then the derivatives of L.
2. moons: micrograd's demo, an MLP 2-16-16-1 with relu on 100 points, full batch, hinge loss and decay, 20 updates.
3. 2-2-2: the worked example of sigmoid units, 10,000 updates of its 8 weights; the biases stay.
4. characters: an RNN or LSTM of 16 units, 12 letters, T = 25, cross-entropy at each step, 10 clipped updates on one sequence.
5. chain: n operations in a row, n = 10**3 to 10**6, in a fresh process each.
6. GPT: loss and gradient of one block of 16 units and 4 heads, 27 tokens, 4,192 parameters, on a document of 8 steps.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import NamedTuple


class Workload(NamedTuple):
    """A workload: one run is `count` units of work. `checks` are the values that a run returns, in order."""

    title: str
    unit: str
    scale: float
    """How many units of the figure a second has."""
    count: int
    checks: tuple[float, ...]
    nodes: int
    """How many operation nodes a scalar engine keeps at once."""


# fmt: off
WORKLOADS = {
    "chain":  Workload("1 mixed chain", "ns/node", 1e9, 100_000, (-2651.4564466614665, 573.2030917222455), 100_000),
    "moons":  Workload("2 moons", "ms/step", 1e3, 20, (0.4854676097970125, 2.4514742112588475, 0.2528930000625), 65_075),
    "mazur":  Workload("3 2-2-2, 10,000 updates", "ms", 1e3, 1, (0.2983711087600027, 3.51085481225e-05), 27),
    "rnn":    Workload("4 characters, RNN", "ms/step", 1e3, 10,
                       (62.457454213010415, 61.47365656571722, 58.48732773685888), 33_049),
    "lstm":   Workload("4 characters, LSTM", "ms/step", 1e3, 10,
                       (62.21505674522786, 61.780374545055274, 60.54043992931652), 103_449),
    "gpt":    Workload("6 GPT", "ms", 1e3, 1,
                       (3.4609528385965427, 0.017161166330378133, 9.409753397823471e-05, 0.0036608281404264696), 7_867),
    "deep3":  Workload("5 chain of 1,000", "ns/node", 1e9, 10**3, (499.8752707,), 10**3),
    "deep4":  Workload("5 chain of 10,000", "ns/node", 1e9, 10**4, (4987.5232945,), 10**4),
    "deep5":  Workload("5 chain of 100,000", "ns/node", 1e9, 10**5, (48770.5993,), 10**5),
    "deep6":  Workload("5 chain of 1,000,000", "ns/node", 1e9, 10**6, (393469.49194,), 10**6),
}
# fmt: on


def check(workload: str, found: tuple[float, ...]) -> None:
    """ValueError unless these are the values of the workload, to the digits given."""
    expected = WORKLOADS[workload].checks
    if len(found) != len(expected) or not all(math.isclose(x, y, rel_tol=2e-9) for x, y in zip(found, expected)):
        raise ValueError(f"the check values are {found}, not {expected}")


def uniform(seed: int) -> Iterator[float]:
    while True:
        seed = (1103515245 * seed + 12345) % 2**31
        yield seed / 2**31


def matrix(numbers: Iterator[float], rows: int, columns: int, size: float) -> list[list[float]]:
    """A matrix, row by row, of numbers between -size and size."""
    return [[(2 * next(numbers) - 1) * size for _ in range(columns)] for _ in range(rows)]


# 1 -------------------------------------------------------------------------------------------------------------------

ROUNDS = 10_000
X, Y, A, B, C = 0.5, 0.25, 0.9, 0.1, -0.3

# 2 -------------------------------------------------------------------------------------------------------------------

SIZES = [2, 16, 16, 1]
DECAY = 1e-4
CHECKED_MOONS = (0, 2, 19)


@cache
def moons_weights() -> list[list[list[float]]]:
    """The matrix of each layer; the biases are 0."""
    numbers = uniform(42)
    return [matrix(numbers, n_out, n_in, 1.0) for n_in, n_out in pairwise(SIZES)]


@cache
def moons_points() -> list[tuple[tuple[float, float], int]]:
    numbers = uniform(7)

    def noise() -> float:
        return 0.1 * (sum(next(numbers) for _ in range(12)) - 6)

    upper = [(math.cos(t), math.sin(t), -1) for t in (math.pi * i / 49 for i in range(50))]
    lower = [(1 - math.cos(t), 0.5 - math.sin(t), 1) for t in (math.pi * i / 49 for i in range(50))]
    return [((x + noise(), y + noise()), label) for x, y, label in upper + lower]


def moons_rate(update: int) -> float:
    return 1 - 0.9 * update / 100


# 3 -------------------------------------------------------------------------------------------------------------------

INPUTS, TARGETS = [0.05, 0.10], [0.01, 0.99]
HIDDEN, OUTPUT = [[0.15, 0.20], [0.25, 0.30]], [[0.40, 0.45], [0.50, 0.55]]
BIASES = [0.35, 0.60]
MAZUR_RATE, MAZUR_UPDATES = 0.5, 10_000

# 4 -------------------------------------------------------------------------------------------------------------------

LENGTH, LETTERS, UNITS = 25, 12, 16
CLIP, CHARACTER_RATE = 5.0, 0.01
CHECKED_CHARACTERS = (0, 2, 9)


@cache
def sequence() -> list[int]:
    numbers = uniform(3)
    return [int(LETTERS * next(numbers)) for _ in range(LENGTH + 1)]


def one_hot(letter: int) -> list[float]:
    return [float(k == letter) for k in range(LETTERS)]


@cache
def character_weights(gates: int) -> tuple[list[tuple[list[list[float]], list[list[float]]]], list[list[float]]]:
    """Of each gate (RNN: one; LSTM: i, f, g, o) the matrices on the input and on the state; that of the readout. Biases are 0."""
    numbers = uniform(11 if gates == 1 else 13)
    cell = [(matrix(numbers, UNITS, LETTERS, 0.25), matrix(numbers, UNITS, UNITS, 0.25)) for _ in range(gates)]
    return cell, matrix(numbers, LETTERS, UNITS, 0.25)


# 5 -------------------------------------------------------------------------------------------------------------------

DEEP_X, DEEP_A, DEEP_B = 1.0, 0.999999, 1e-6

# 6 -------------------------------------------------------------------------------------------------------------------

GPT_UNITS, GPT_HEAD, GPT_EPSILON = 16, 4, 1e-5
GPT_SHAPES = {
    "wte": (27, 16),
    "wpe": (16, 16),
    "lm": (27, 16),
    **dict.fromkeys("qkvo", (16, 16)),
    "up": (64, 16),
    "down": (16, 64),
}


@cache
def _gpt() -> tuple[dict[str, list[list[float]]], list[int]]:
    rng = random.Random(42)
    weights = {name: [[rng.gauss(0, 0.08) for _ in range(m)] for _ in range(n)] for name, (n, m) in GPT_SHAPES.items()}
    return weights, [26, *[rng.randrange(26) for _ in range(7)], 26]


def gpt_weights() -> dict[str, list[list[float]]]:
    """The matrices by name, in the order of their parameters."""
    return _gpt()[0]


def gpt_document() -> list[int]:
    """The tokens of a name; the last of the 27 stands before and after it."""
    return _gpt()[1]
