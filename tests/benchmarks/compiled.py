"""The workloads as programs of ours: recorded once, in each dialect. The update is part of the program."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import autograd_lite as al
from autograd_lite import Program, Value, compile_program, gradient

from . import scalars
from . import workloads as w
from .arrays import loop
from .scalars import Run

ENGINE = scalars.eager(linear=True)


def arrays_of(dialect: str) -> Callable[[list[float]], Any]:
    """What a dialect takes as an array without converting it."""
    if dialect == "python":
        return list
    import numpy

    return numpy.array


def chain(dialect: str) -> Run:
    inputs = [Value(number, name) for name, number in zip("xyabc", (w.X, w.Y, w.A, w.B, w.C))]
    L = scalars.chain_value(*inputs, Value(0.0), al.tanh)
    program = compile_program(L, inputs, gradients_of=L, wrt=[inputs[2]], dialect=dialect)
    return lambda: program(w.X, w.Y, w.A, w.B, w.C)


def updating(loss: Value, parameters: list[Value], dialect: str, clip: float | None = None) -> Program:
    """Of the parameters and the learning rate: the loss, and the parameters after the update."""
    rate = Value(0.5, "rate")
    derivatives = gradient(loss, parameters)
    if clip is not None:
        derivatives = [al.maximum(al.minimum(g, clip), -clip) for g in derivatives]
    after = [p - rate * g for p, g in zip(parameters, derivatives)]
    return compile_program({"loss": loss, "after": after}, {"parameters": parameters, "rate": rate}, dialect=dialect)


def recorded(workload: str, dialect: str) -> tuple[Program, list[float]]:
    """The program of an update, and the parameters at the start."""
    if workload == "moons":
        layers = scalars.moons_leaves(ENGINE)
        points = [([Value(x) for x in point], label) for point, label in w.moons_points()]
        loss, parameters = scalars.moons_loss(ENGINE, layers, points), scalars.parameters_of(layers)
    elif workload == "mazur":
        layers = scalars.mazur_leaves(ENGINE)
        parameters = [p for rows in layers for row in rows for p in row]
        loss = scalars.mazur_loss(ENGINE, layers, [Value(x) for x in w.INPUTS], [Value(b) for b in w.BIASES])
    else:
        leaves = scalars.character_leaves(ENGINE, 1 if workload == "rnn" else 4)
        loss, parameters = scalars.characters_loss(ENGINE, leaves), scalars.character_parameters(leaves)
    clip = w.CLIP if workload in ("rnn", "lstm") else None
    return updating(loss, parameters, dialect, clip), [p.data for p in parameters]


def stepped(workload: str, dialect: str) -> Run:
    """A call of the program for each update."""
    if workload == "chain":
        return chain(dialect)
    program, first = recorded(workload, dialect)
    array = arrays_of(dialect)

    def step(parameters: Any, rate: float) -> tuple[Any, Any]:
        loss, after = program(parameters, rate)
        return after, loss

    return loop(workload, step, lambda: array(first))


def repeated(workload: str, dialect: str) -> Run:
    """All updates of workload 3 in one call."""
    program, first = recorded(workload, dialect)
    whole = program.repeat(w.MAZUR_UPDATES, {"after": "parameters"})
    return lambda: (program(first, w.MAZUR_RATE)[0], whole(first, w.MAZUR_RATE)[0])


def batched(workload: str, dialect: str) -> Run:
    """The points of workload 2 as a batch: a program of one point, whose gradient is summed over the points."""
    import numpy as np

    layers = scalars.moons_leaves(ENGINE)
    parameters = scalars.parameters_of(layers)
    x, label = [Value(0.5, "x1"), Value(0.25, "x2")], Value(1.0, "label")
    loss = al.relu(1 - label * scalars.moons_score(ENGINE, layers, x))
    inputs = {"parameters": parameters, "x": x, "label": label}
    program = compile_program(loss, inputs, gradients_of=loss, wrt={"parameters": parameters}, dialect=dialect)
    points, labels = (np.array([point[k] for point in w.moons_points()], float) for k in (0, 1))

    def step(p: Any, rate: float) -> tuple[Any, Any]:
        losses, gradients = program(p, points, labels)
        return p - rate * (gradients / len(labels) + 2 * w.DECAY * p), losses.mean() + w.DECAY * (p * p).sum()

    first = np.array([p.data for p in parameters])
    return loop(workload, step, lambda: first)


TRAINED = {"moons", "mazur", "rnn", "lstm"}
PEERS: dict[str, tuple[set[str], Callable[[str], Run]]] = {
    "python": (TRAINED | {"chain"}, partial(stepped, dialect="python")),
    "python, repeat": ({"mazur"}, partial(repeated, dialect="python")),
    "numpy, batch": ({"moons"}, partial(batched, dialect="numpy")),
    "c": (TRAINED | {"chain"}, partial(stepped, dialect="c")),
    "c, batch": ({"moons"}, partial(batched, dialect="c")),
    "c, repeat": ({"mazur"}, partial(repeated, dialect="c")),
}
