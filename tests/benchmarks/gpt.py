"""Workload 6 on our Values: a GPT of one block, on one document. See `workloads` for its numbers."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import autograd_lite as al
from autograd_lite import Value, compile_program

from . import workloads as w
from .scalars import Run

Vector = list[Any]
Matrix = list[Vector]


def leaves() -> dict[str, Matrix]:
    """The parameters by the names of their matrices."""
    return {name: [[Value(number) for number in row] for row in rows] for name, rows in w.gpt_weights().items()}


def parameters_of(model: dict[str, Matrix]) -> list[Value]:
    return [p for rows in model.values() for row in rows for p in row]


def product(rows: Matrix, x: Vector) -> Vector:
    return [al.dot(row, x) for row in rows]


def added(x: Vector, y: Vector) -> Vector:
    return [x_i + y_i for x_i, y_i in zip(x, y)]


def normed(x: Vector) -> Vector:
    """x over the root of its mean square."""
    scale = al.rsqrt(al.dot(x, x) / len(x) + w.GPT_EPSILON)
    return [x_i * scale for x_i in x]


def attention(q: Vector, keys: list[Vector], values: list[Vector]) -> Vector:
    """The values of all positions, each head with its own weights of them."""
    found: Vector = []
    for start in range(0, w.GPT_UNITS, w.GPT_HEAD):
        head = slice(start, start + w.GPT_HEAD)
        weights = al.softmax([al.dot(q[head], k[head]) / w.GPT_HEAD**0.5 for k in keys])
        found += [al.dot(weights, column) for column in zip(*[v[head] for v in values])]
    return found


def loss_of(model: dict[str, Matrix], document: Sequence[int]) -> Value:
    """The mean of the cross-entropies of the next tokens."""
    keys: list[Vector] = []
    values: list[Vector] = []
    losses = []
    for t, (token, target) in enumerate(pairwise(document)):
        before = normed(added(model["wte"][token], model["wpe"][t]))
        x = normed(before)
        keys.append(product(model["k"], x))
        values.append(product(model["v"], x))
        before = added(product(model["o"], attention(product(model["q"], x), keys, values)), before)
        hidden = [al.relu(net) for net in product(model["up"], normed(before))]
        x = added(product(model["down"], hidden), before)
        losses.append(-al.log_softmax(product(model["lm"], x))[target])
    return al.mean(losses)


def results(loss: float, gradient: Sequence[float]) -> tuple[float, ...]:
    """The loss, and the derivatives by wte[26][0], q[0][0] and down[15][63]."""
    start, places = 0, {}
    for name, rows in w.gpt_weights().items():
        places[name], start = start, start + len(rows) * len(rows[0])
    at = (places["wte"] + 26 * w.GPT_UNITS, places["q"], places["down"] + 16 * 64 - 1)
    return loss, *[float(gradient[k]) for k in at]


def eager() -> Run:
    def run() -> tuple[float, ...]:
        model = leaves()
        loss = loss_of(model, w.gpt_document())
        loss.backward()
        return results(loss.data, [p.grad for p in parameters_of(model)])

    return run


def compiled(dialect: str) -> Run:
    model = leaves()
    parameters = parameters_of(model)
    loss = loss_of(model, w.gpt_document())
    program = compile_program(loss, {"parameters": parameters}, gradients_of=loss, dialect=dialect)
    numbers = [p.data for p in parameters]
    return lambda: results(*program(numbers))
