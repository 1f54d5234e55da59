"""micrograd's own demo, step by step on both engines: an MLP 2-16-16-1 on 100 points of two moons, full batch.

    python -m tests.benchmarks.moons

Needs micrograd (``pip install micrograd``, or the extra `benchmark`). Every step is forward, backward and update; the engines
take turns in one process, with the garbage collector on, then off. What is compared is the median time of a step; the losses
after 0, 2 and 19 updates are checked, so that all do the same work. Weights and data come from a linear congruential
generator, to be the same everywhere.
"""

from __future__ import annotations

import argparse
import gc
import math
import platform
import statistics
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

from autograd_lite import Value, linear, sum_

CHECKS = {0: 0.4854676097970125, 2: 2.4514742112588475, 19: 0.2528930000625}
SIZES = [2, 16, 16, 1]


def uniform(seed: int) -> Iterator[float]:
    while True:
        seed = (1103515245 * seed + 12345) % 2**31
        yield seed / 2**31


def weights() -> list[list[list[float]]]:
    numbers = uniform(42)
    return [[[2 * next(numbers) - 1 for _ in range(n_in)] for _ in range(n_out)] for n_in, n_out in pairwise(SIZES)]


def points() -> list[tuple[tuple[float, float], int]]:
    numbers = uniform(7)

    def noise() -> float:
        return 0.1 * (sum(next(numbers) for _ in range(12)) - 6)

    upper = [(math.cos(t), math.sin(t), -1) for t in (math.pi * i / 49 for i in range(50))]
    lower = [(1 - math.cos(t), 0.5 - math.sin(t), 1) for t in (math.pi * i / 49 for i in range(50))]
    return [((x + noise(), y + noise()), label) for x, y, label in upper + lower]


class Moons:
    """The training on one engine, a step at a time. `neuron(w, x, b)` is its weighted sum and `total` its sum."""

    def __init__(self, node: Callable[[float], Any], neuron: Callable[..., Any], total: Callable[[list[Any]], Any]) -> None:
        self.neuron, self.total = neuron, total
        self.layers = [[([node(w) for w in row], node(0.0)) for row in matrix] for matrix in weights()]
        self.parameters = [p for layer in self.layers for w, b in layer for p in [*w, b]]
        self.points = [([node(x), node(y)], label) for (x, y), label in points()]
        self.updates = 0

    def step(self) -> float:
        losses = []
        for x, label in self.points:
            for k, layer in enumerate(self.layers):
                x = [self.neuron(w, x, b) for w, b in layer]
                if k < 2:
                    x = [net.relu() for net in x]
            losses.append((1 + -label * x[0]).relu())
        loss = self.total(losses) * (1 / len(losses)) + 1e-4 * self.total([p * p for p in self.parameters])
        for p in self.parameters:
            p.grad = 0.0
        loss.backward()
        lr = 1 - 0.9 * self.updates / 100
        for p in self.parameters:
            p.data -= lr * p.grad
        data: float = loss.data
        assert math.isclose(data, CHECKS.get(self.updates, data), rel_tol=1e-9), (self.updates, data)
        self.updates += 1
        return data


def added(terms: list[Any]) -> Any:
    """A sum by `+` nodes."""
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def multiplied(w: list[Any], x: list[Any], b: Any) -> Any:
    """A neuron of `*` and `+` nodes."""
    total = b
    for w_i, x_i in zip(w, x):
        total = total + w_i * x_i
    return total


def seconds(run: Moons, steps: int) -> list[float]:
    times = []
    for _ in range(steps):
        start = time.perf_counter()
        run.step()
        times.append(time.perf_counter() - start)
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5, help="how many rounds of 4 steps an engine makes (5)")
    rounds = parser.parse_args().rounds
    from micrograd.engine import Value as Peer

    makers: dict[str, Callable[[], Moons]] = {
        "micrograd": lambda: Moons(Peer, multiplied, added),
        "autograd_lite, * and + nodes": lambda: Moons(Value, multiplied, added),
        "autograd_lite, linear nodes": lambda: Moons(Value, linear, sum_),
    }
    print(f"moons, MLP {SIZES}, 100 points: milliseconds a step; {platform.python_implementation()} {platform.python_version()}")
    for collecting in (True, False):
        runs = {name: make() for name, make in makers.items()}
        times: dict[str, list[float]] = {name: [] for name in runs}
        for _ in range(rounds):
            for name, run in runs.items():
                gc.collect()
                (gc.enable if collecting else gc.disable)()
                times[name] += seconds(run, 4)
                gc.enable()
        medians = {name: statistics.median(values) for name, values in times.items()}
        print(f"\ngarbage collector {'on' if collecting else 'off'}")
        for name, median in medians.items():
            print(f"  {name:<30}{1e3 * median:>10.1f} ms{medians['micrograd'] / median:>9.1f}x micrograd")


if __name__ == "__main__":
    main()
