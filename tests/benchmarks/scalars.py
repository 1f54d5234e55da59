"""The workloads scalar by scalar: on micrograd, on PyTorch and HIPS autograd's scalars where they are so, and on our Values."""

from __future__ import annotations

import math
import sys
import threading
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from . import workloads as w

Run = Callable[[], tuple[float, ...]]


class Engine(NamedTuple):
    """What a scalar engine calls things."""

    node: Callable[[float], Any]
    tanh: Callable[[Any], Any]
    sigmoid: Callable[[Any], Any]
    relu: Callable[[Any], Any]
    neuron: Callable[[Sequence[Any], Sequence[Any], Any], Any]
    total: Callable[[list[Any]], Any]
    dot: Callable[[Sequence[Any], Sequence[Any]], Any]
    cross_entropy: Callable[[list[Any], int], Any]


def added(terms: list[Any]) -> Any:
    """A sum by `+` nodes."""
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def products(w: Sequence[Any], x: Sequence[Any]) -> Any:
    """A scalar product by `*` and `+` nodes."""
    return added([w_i * x_i for w_i, x_i in zip(w, x)])


def multiplied(w: Sequence[Any], x: Sequence[Any], b: Any) -> Any:
    """A neuron of `*` and `+` nodes."""
    total = b
    for w_i, x_i in zip(w, x):
        total = total + w_i * x_i
    return total


def micrograd() -> Engine:
    from micrograd.engine import Value

    def unary(f: Callable[[float], float], slope: Callable[[float, float], float], name: str) -> Callable[[Any], Any]:
        """An operation that micrograd lacks, as it writes its own."""

        def operation(x: Any) -> Any:
            out = Value(f(x.data), (x,), name)

            def backward() -> None:
                x.grad += slope(x.data, out.data) * out.grad

            out._backward = backward
            return out

        return operation

    exp = unary(math.exp, lambda x, z: z, "exp")
    log = unary(math.log, lambda x, z: 1 / x, "log")
    sigmoid = unary(lambda x: 1 / (1 + math.exp(-x)), lambda x, z: z * (1 - z), "sigmoid")
    tanh = unary(math.tanh, lambda x, z: 1 - z * z, "tanh")

    def cross_entropy(y: list[Any], target: int) -> Any:
        return log(added([exp(y_j) for y_j in y])) - y[target]

    return Engine(Value, tanh, sigmoid, lambda x: x.relu(), multiplied, added, products, cross_entropy)


def eager(linear: bool = False) -> Engine:
    """Our Values: nodes of the same size as micrograd's, or `linear`."""
    import autograd_lite as al

    def cross_entropy(y: list[Any], target: int) -> Any:
        total = al.logsumexp(y) if linear else al.log(added([al.exp(y_j) for y_j in y]))
        return total - y[target]

    sums = (al.linear, al.sum_, al.dot) if linear else (multiplied, added, products)
    return Engine(al.Value, al.tanh, al.sigmoid, al.relu, *sums, cross_entropy)


def chain_value(x: Any, y: Any, a: Any, b: Any, c: Any, L: Any, tanh: Callable[[Any], Any]) -> Any:
    """L after all rounds."""
    for _ in range(w.ROUNDS):
        p = x * a
        q = p + b
        t = tanh(q)
        u = t * x
        v = u + y
        r = v * a
        z = r * t
        m = z + c
        y = x
        x = tanh(m)
        L = L + x
    return L


def chain(engine: Engine) -> Run:
    def run() -> tuple[float, ...]:
        x, y, a, b, c, L = (engine.node(number) for number in (w.X, w.Y, w.A, w.B, w.C, 0.0))
        L = chain_value(x, y, a, b, c, L, engine.tanh)
        L.backward()
        return float(L.data), float(a.grad)

    return run


def deep(engine: Engine, n: int) -> Run:
    def run() -> tuple[float, ...]:
        x, a, b = engine.node(w.DEEP_X), engine.node(w.DEEP_A), engine.node(w.DEEP_B)
        for _ in range(n // 2):
            x = x * a
            x = x + b
        x.backward()
        return (float(b.grad),)

    return run


def moons_leaves(engine: Engine) -> list[Any]:
    """Of each layer, for each unit its weights and its bias."""
    node = engine.node
    return [[([node(number) for number in row], node(0.0)) for row in rows] for rows in w.moons_weights()]


def moons_score(engine: Engine, layers: list[Any], x: list[Any]) -> Any:
    for depth, layer in enumerate(layers):
        x = [engine.neuron(row, x, b) for row, b in layer]
        if depth < 2:
            x = [engine.relu(net) for net in x]
    return x[0]


def moons_loss(engine: Engine, layers: list[Any], points: list[Any]) -> Any:
    losses = [engine.relu(1 + -label * moons_score(engine, layers, x)) for x, label in points]
    decay = engine.total([p * p for p in parameters_of(layers)])
    return engine.total(losses) * (1 / len(losses)) + w.DECAY * decay


def parameters_of(layers: list[Any]) -> list[Any]:
    return [p for layer in layers for row, b in layer for p in [*row, b]]


def moons(engine: Engine) -> Run:
    points = [([engine.node(x) for x in point], label) for point, label in w.moons_points()]

    def run() -> tuple[float, ...]:
        layers = moons_leaves(engine)
        found = trained(20, parameters_of(layers), lambda: moons_loss(engine, layers, points), w.moons_rate)
        return tuple(found[k] for k in w.CHECKED_MOONS)

    return run


def trained(updates: int, parameters: list[Any], forward: Callable[[], Any], rate: Callable[[int], float]) -> list[float]:
    """The loss before each update."""
    found = []
    for k in range(updates):
        loss = forward()
        for p in parameters:
            p.grad = 0.0
        loss.backward()
        lr = rate(k)
        for p in parameters:
            p.data -= lr * p.grad
        found.append(loss.data)
    return found


def mazur_leaves(engine: Engine) -> list[Any]:
    return [[[engine.node(x) for x in row] for row in rows] for rows in (w.HIDDEN, w.OUTPUT)]


def mazur_loss(engine: Engine, layers: list[Any], inputs: list[Any], biases: list[Any]) -> Any:
    outs = inputs
    for rows, b in zip(layers, biases):
        outs = [engine.sigmoid(engine.neuron(row, outs, b)) for row in rows]
    return engine.total([0.5 * (out - target) ** 2 for out, target in zip(outs, w.TARGETS)])


def mazur(engine: Engine) -> Run:
    def run() -> tuple[float, ...]:
        layers = mazur_leaves(engine)
        inputs, biases = [engine.node(x) for x in w.INPUTS], [engine.node(b) for b in w.BIASES]
        parameters = [p for rows in layers for row in rows for p in row]
        found = trained(w.MAZUR_UPDATES, parameters, lambda: mazur_loss(engine, layers, inputs, biases), lambda k: w.MAZUR_RATE)
        return found[0], found[-1]

    return run


def character_leaves(engine: Engine, gates: int) -> list[Any]:
    """Of each gate the rows of weights, on input and state, and the biases; last, those of the readout."""

    def leaves(rows: list[list[float]]) -> list[list[Any]]:
        return [[engine.node(x) for x in row] for row in rows]

    cell, readout = w.character_weights(gates)
    parts = [[[*wx, *wh] for wx, wh in zip(leaves(Wx), leaves(Wh))] for Wx, Wh in cell] + [leaves(readout)]
    return [(rows, [engine.node(0.0) for _ in rows]) for rows in parts]


def character_parameters(parts: list[Any]) -> list[Any]:
    return [p for rows, biases in parts for p in [*[p for row in rows for p in row], *biases]]


def characters_loss(engine: Engine, leaves: list[Any]) -> Any:
    *parts, (Wy, by) = leaves
    node, letters = engine.node, w.sequence()
    h, c = [node(0.0) for _ in range(w.UNITS)], [node(0.0) for _ in range(w.UNITS)]
    losses = []
    for letter, target in pairwise(letters):
        x = [*[node(number) for number in w.one_hot(letter)], *h]
        nets = [[engine.neuron(row, x, b) for row, b in zip(rows, biases)] for rows, biases in parts]
        if len(parts) == 1:
            h = [engine.tanh(net) for net in nets[0]]
        else:
            i, f, o = ([engine.sigmoid(net) for net in nets[k]] for k in (0, 1, 3))
            g = [engine.tanh(net) for net in nets[2]]
            c = [engine.dot((f_j, i_j), (c_j, g_j)) for f_j, c_j, i_j, g_j in zip(f, c, i, g)]
            h = [o_j * engine.tanh(c_j) for o_j, c_j in zip(o, c)]
        y = [engine.neuron(row, h, b) for row, b in zip(Wy, by)]
        losses.append(engine.cross_entropy(y, target))
    return engine.total(losses)


def characters(engine: Engine, gates: int) -> Run:
    def run() -> tuple[float, ...]:
        leaves = character_leaves(engine, gates)
        parameters = character_parameters(leaves)
        found = []
        for _ in range(10):
            loss = characters_loss(engine, leaves)
            for p in parameters:
                p.grad = 0.0
            loss.backward()
            for p in parameters:
                p.data -= w.CHARACTER_RATE * max(-w.CLIP, min(w.CLIP, p.grad))
            found.append(loss.data)
        return tuple(found[k] for k in w.CHECKED_CHARACTERS)

    return run


def on(engine: Engine, workload: str) -> Run:
    """The workload on that engine."""
    if workload.startswith("deep"):
        return deep(engine, w.WORKLOADS[workload].nodes)
    makers = {"chain": chain, "moons": moons, "mazur": mazur}
    return makers[workload](engine) if workload in makers else characters(engine, 1 if workload == "rnn" else 4)


def torch_scalars(workload: str) -> Run:
    """A tensor for each number, for the workloads that are scalar."""
    import torch

    torch.set_num_threads(1)

    def node(number: float) -> Any:
        return torch.tensor(number, dtype=torch.float64, requires_grad=True)

    return on(Engine(node, torch.tanh, torch.sigmoid, torch.relu, multiplied, added, products, lambda y, target: None), workload)


def hips_scalars(workload: str) -> Run:
    """HIPS autograd on plain floats, for the workloads that are scalar."""
    from autograd import grad, numpy, value_and_grad

    def chain(a: float) -> float:
        L: float = chain_value(w.X, w.Y, a, w.B, w.C, 0.0, numpy.tanh)
        return L

    def deep(b: float) -> float:
        x, a = w.DEEP_X, w.DEEP_A
        for _ in range(w.WORKLOADS[workload].nodes // 2):
            x = x * a + b
        return x

    if workload == "chain":
        return lambda: tuple(float(number) for number in value_and_grad(chain)(w.A))
    return lambda: (float(grad(deep)(w.DEEP_B)),)


def unlimited(run: Run) -> Run:
    """The run where recursion is as deep as memory allows: micrograd orders its graph by recursion."""

    def in_thread() -> tuple[float, ...]:
        found: list[tuple[float, ...]] = []
        sys.setrecursionlimit(10**7)
        threading.stack_size(2**30 - 4096)
        thread = threading.Thread(target=lambda: found.append(run()))
        thread.start()
        thread.join()
        return found[0]

    return in_thread
