"""The workloads 2 to 4 vectorised, as users of PyTorch, JAX and HIPS autograd write them; in JAX the first too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import workloads as w
from .scalars import Run

Loss = Callable[..., Any]


def moons_loss(np: Any, p: list[Any], x: Any, label: Any) -> Any:
    W1, b1, W2, b2, W3, b3 = p
    h = np.maximum(x @ W1.T + b1, 0.0)
    h = np.maximum(h @ W2.T + b2, 0.0)
    score = (h @ W3.T + b3)[:, 0]
    return np.maximum(1 - label * score, 0.0).mean() + w.DECAY * sum([(a * a).sum() for a in p])


def mazur_loss(np: Any, p: list[Any], x: Any, target: Any) -> Any:
    def sigmoid(net: Any) -> Any:
        return 1 / (1 + np.exp(-net))

    W1, W2 = p
    out = sigmoid(W2 @ sigmoid(W1 @ x + w.BIASES[0]) + w.BIASES[1])
    return 0.5 * ((out - target) ** 2).sum()


def rnn_step(np: Any, p: list[Any], state: Any, x: Any) -> Any:
    """The state after the step. The gates of an LSTM are the rows of one matrix: i, f, g, o."""
    Wx, Wh, b = p
    h, c = state
    net = Wx @ x + Wh @ h + b
    if len(b) == w.UNITS:
        return np.tanh(net), c
    d = w.UNITS
    i, f, o = (1 / (1 + np.exp(-net[k * d : (k + 1) * d])) for k in (0, 1, 3))
    c = f * c + i * np.tanh(net[2 * d : 3 * d])
    return o * np.tanh(c), c


def characters_loss(np: Any, p: list[Any], xs: Any, targets: Any, zeros: Any) -> Any:
    """For the libraries that loop over time in Python."""
    *cell, Wy, by = p
    state, hs = (zeros, zeros), []
    for x in xs:
        state = rnn_step(np, cell, state, x)
        hs.append(state[0])
    y = np.stack(hs) @ Wy.T + by
    return np.log(np.exp(y).sum(1)).sum() - y[np.arange(len(y)), targets].sum()


def start(workload: str) -> list[Any]:
    """The parameters at the start, as nested lists."""
    if workload == "moons":
        return [part for rows in w.moons_weights() for part in (rows, [0.0] * len(rows))]
    if workload == "mazur":
        return [w.HIDDEN, w.OUTPUT]
    cell, readout = w.character_weights(1 if workload == "rnn" else 4)
    Wx, Wh = ([row for part in cell for row in part[k]] for k in (0, 1))
    return [Wx, Wh, [0.0] * len(Wx), readout, [0.0] * len(readout)]


def data(workload: str, array: Callable[[Any], Any], integers: Callable[[Any], Any]) -> list[Any]:
    """What the loss takes beside the parameters."""
    if workload == "moons":
        points = w.moons_points()
        return [array([list(point) for point, _ in points]), array([float(label) for _, label in points])]
    if workload == "mazur":
        return [array(w.INPUTS), array(w.TARGETS)]
    letters = w.sequence()
    return [array([w.one_hot(k) for k in letters[:-1]]), integers(letters[1:]), array([0.0] * w.UNITS)]


def loop(workload: str, step: Callable[[Any, float], tuple[Any, Any]], make: Callable[[], Any]) -> Run:
    """The updates from the start: `step` makes new parameters and the loss of those given and the learning rate."""

    def run() -> tuple[float, ...]:
        p, found = make(), []
        updates = w.MAZUR_UPDATES if workload == "mazur" else w.WORKLOADS[workload].count
        for k in range(updates):
            p, loss = step(p, rate(workload, k))
            found.append(loss)
        return tuple(float(found[k]) for k in checked(workload))

    return run


def rate(workload: str, k: int) -> float:
    return w.moons_rate(k) if workload == "moons" else w.MAZUR_RATE if workload == "mazur" else w.CHARACTER_RATE


def checked(workload: str) -> tuple[int, ...]:
    return {"moons": w.CHECKED_MOONS, "mazur": (0, w.MAZUR_UPDATES - 1)}.get(workload, w.CHECKED_CHARACTERS)


LOSSES: dict[str, Loss] = {"moons": moons_loss, "mazur": mazur_loss, "rnn": characters_loss, "lstm": characters_loss}


def torch(workload: str) -> Run:
    import torch

    torch.set_num_threads(1)

    class np:
        exp, log, tanh, stack, arange = torch.exp, torch.log, torch.tanh, torch.stack, torch.arange
        maximum = staticmethod(torch.clamp_min)

    def array(numbers: Any) -> Any:
        return torch.tensor(numbers, dtype=torch.float64)

    rest, loss_of = data(workload, array, torch.tensor), LOSSES[workload]

    def step(p: list[Any], lr: float) -> tuple[Any, Any]:
        loss = loss_of(np, p, *rest)
        for a in p:
            a.grad = None
        loss.backward()
        with torch.no_grad():
            for a in p:
                grad = a.grad.clamp_(-w.CLIP, w.CLIP) if workload in ("rnn", "lstm") else a.grad
                a.sub_(grad, alpha=lr)
        return p, loss.detach()

    return loop(workload, step, lambda: [array(part).requires_grad_() for part in start(workload)])


def hips(workload: str) -> Run:
    import numpy
    from autograd import numpy as np
    from autograd import value_and_grad

    rest, loss_of = data(workload, numpy.array, numpy.array), LOSSES[workload]
    derivative = value_and_grad(lambda p: loss_of(np, p, *rest))

    def step(p: list[Any], lr: float) -> tuple[Any, Any]:
        loss, grads = derivative(p)
        if workload in ("rnn", "lstm"):
            grads = [numpy.clip(g, -w.CLIP, w.CLIP) for g in grads]
        return [a - lr * g for a, g in zip(p, grads)], loss

    return loop(workload, step, lambda: [numpy.array(part) for part in start(workload)])


def jax(workload: str, whole: bool = False) -> Run:
    """A jitted update for each step; or, `whole`, the updates too within one jitted scan. Sequences are a scan over time."""
    import jax
    import jax.numpy as np

    jax.config.update("jax_enable_x64", True)
    if workload == "chain":
        return jax_chain()
    rest = data(workload, np.array, np.array)
    loss_of = jax_characters_loss if workload in ("rnn", "lstm") else LOSSES[workload]

    def step(p: list[Any], lr: float) -> tuple[Any, Any]:
        loss, grads = jax.value_and_grad(lambda p: loss_of(np, p, *rest))(p)
        if workload in ("rnn", "lstm"):
            grads = [np.clip(g, -w.CLIP, w.CLIP) for g in grads]
        return [a - lr * g for a, g in zip(p, grads)], loss

    def make() -> list[Any]:
        return [np.array(part) for part in start(workload)]

    if not whole:
        compiled = jax.jit(step).lower(make(), 1.0).compile()
        first = make()  # the arrays are not changed
        return loop(workload, compiled, lambda: first)
    updates = w.MAZUR_UPDATES if workload == "mazur" else w.WORKLOADS[workload].count
    rates = np.array([rate(workload, k) for k in range(updates)])
    scan = jax.jit(lambda p: jax.lax.scan(step, p, rates)[1]).lower(make()).compile()
    first = make()

    def run() -> tuple[float, ...]:
        losses = scan(first)
        return tuple(float(losses[k]) for k in checked(workload))

    return run


def jax_characters_loss(np: Any, p: list[Any], xs: Any, targets: Any, zeros: Any) -> Any:
    import jax

    *cell, Wy, by = p

    def step(state: Any, x: Any) -> Any:
        state = rnn_step(np, cell, state, x)
        return state, state[0]

    y = jax.lax.scan(step, (zeros, zeros), xs)[1] @ Wy.T + by
    return np.log(np.exp(y).sum(1)).sum() - y[np.arange(len(y)), targets].sum()


def jax_chain() -> Run:
    import jax
    import jax.numpy as np

    def step(carry: Any, _: Any) -> Any:
        x, y, a, L = carry
        t = np.tanh(x * a + w.B)
        after = np.tanh((t * x + y) * a * t + w.C)
        return (after, x, a, L + after), None

    def total(a: Any) -> Any:
        return jax.lax.scan(step, (np.float64(w.X), np.float64(w.Y), a, np.float64(0.0)), length=w.ROUNDS)[0][3]

    derivative = jax.jit(jax.value_and_grad(total)).lower(w.A).compile()
    return lambda: tuple(float(number) for number in derivative(w.A))
