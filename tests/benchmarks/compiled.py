"""The workloads as programs of ours: recorded once, in each dialect. The update is part of the program."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import autograd_lite as al
from autograd_lite import Value, compile_program, gradient

from . import scalars
from . import workloads as w
from .arrays import checked, loop
from .arrays import rate as rate_of
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


def recorded(workload: str) -> tuple[Value, list[Value], float | None]:
    """The loss, the parameters, and what the gradient is clipped to."""
    if workload == "moons":
        layers = scalars.moons_leaves(ENGINE)
        points = [([Value(x) for x in point], label) for point, label in w.moons_points()]
        return scalars.moons_loss(ENGINE, layers, points), scalars.parameters_of(layers), None
    if workload == "mazur":
        layers = scalars.mazur_leaves(ENGINE)
        loss = scalars.mazur_loss(ENGINE, layers, [Value(x) for x in w.INPUTS], [Value(b) for b in w.BIASES])
        return loss, [p for rows in layers for row in rows for p in row], None
    leaves = scalars.character_leaves(ENGINE, 1 if workload == "rnn" else 4)
    return scalars.characters_loss(ENGINE, leaves), scalars.character_parameters(leaves), w.CLIP


def updated(loss: Value, parameters: list[Value], rate: Value, clip: float | None) -> list[Value]:
    """The parameters after the update."""
    derivatives = gradient(loss, parameters)
    if clip is not None:
        derivatives = [al.maximum(al.minimum(g, clip), -clip) for g in derivatives]
    return [p - rate * g for p, g in zip(parameters, derivatives)]


def stepped(workload: str, dialect: str) -> Run:
    """A call of the program for each update."""
    if workload == "chain":
        return chain(dialect)
    loss, parameters, clip = recorded(workload)
    rate = Value(0.5, "rate")
    outputs = {"loss": loss, "after": updated(loss, parameters, rate, clip)}
    program = compile_program(outputs, {"parameters": parameters, "rate": rate}, dialect=dialect)
    first = arrays_of(dialect)([p.data for p in parameters])

    def step(parameters: Any, rate: float) -> tuple[Any, Any]:
        loss, after = program(parameters, rate)
        return after, loss

    return loop(workload, step, lambda: first)


def repeated(workload: str, dialect: str) -> Run:
    """All updates in one call. The losses are fed back too, as a window of the last ones."""
    loss, parameters, clip = recorded(workload)
    updates, window = (w.MAZUR_UPDATES, 1) if workload == "mazur" else (w.WORKLOADS[workload].count,) * 2
    rate, before = Value(0.5, "rate"), [Value(0.0) for _ in range(window)]
    outputs = {"after": updated(loss, parameters, rate, clip), "losses": [*before[1:], loss]}
    outputs["next_rate"] = rate - 0.009 if workload == "moons" else rate * 1
    inputs = {"parameters": parameters, "before": before, "rate": rate}
    program = compile_program(outputs, inputs, dialect=dialect)
    whole = program.repeat(updates, {"after": "parameters", "losses": "before", "next_rate": "rate"})
    array = arrays_of(dialect)
    start = array([p.data for p in parameters]), array([0.0] * len(before)), rate_of(workload, 0)

    def run() -> tuple[float, ...]:
        losses = whole(*start)[1]
        if workload == "mazur":
            return program(*start)[1][-1], losses[-1]
        return tuple(losses[k] for k in checked(workload))

    return run


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
        return (1 - 2 * w.DECAY * rate) * p - rate / len(labels) * gradients, losses.sum() / len(labels) + w.DECAY * (p @ p)

    first = np.array([p.data for p in parameters])
    return loop(workload, step, lambda: first)


TRAINED = {"moons", "mazur", "rnn", "lstm"}
PEERS: dict[str, tuple[set[str], Callable[[str], Run]]] = {
    "python": (TRAINED | {"chain"}, partial(stepped, dialect="python")),
    "python, repeat": ({"mazur"}, partial(repeated, dialect="python")),
    "numpy, batch": ({"moons"}, partial(batched, dialect="numpy")),
    "c": (TRAINED | {"chain"}, partial(stepped, dialect="c")),
    "c, batch": ({"moons"}, partial(batched, dialect="c")),
    "c, repeat": (TRAINED, partial(repeated, dialect="c")),
}
