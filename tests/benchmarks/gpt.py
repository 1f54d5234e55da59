"""Workload 6, a GPT of one block on one document: `nn.GPT` and its programs, and its peers. See `workloads` for its numbers."""

from __future__ import annotations

import ctypes
import math
import random
from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from typing import Any

from autograd_lite import Value, compile_program
from nn import GPT, sequence_cross_entropy

from . import workloads as w
from .by_hand import compiled as by_hand
from .by_hand import doubles
from .compiled import arrays_of
from .scalars import Run

MEAN = partial(sequence_cross_entropy, reduction="mean")


def ours() -> tuple[GPT, list[int], list[int]]:
    """The GPT, whose weights are those of the workload, the document and the targets."""
    document = w.gpt_document()
    return GPT(27, w.GPT_UNITS, 4, 1, 16, rng=random.Random(42)), document[:-1], document[1:]


def results(loss: float, gradient: Sequence[float]) -> tuple[float, ...]:
    """The loss, and the derivatives by wte[26][0], q[0][0] and down[15][63]."""
    start, places = 0, {}
    for name, rows in w.gpt_weights().items():
        places[name], start = start, start + len(rows) * len(rows[0])
    at = (places["wte"] + 26 * w.GPT_UNITS, places["q"], places["down"] + 16 * 64 - 1)
    return loss, *[float(gradient[k]) for k in at]


def eager() -> Run:
    model, tokens, targets = ours()
    parameters = model.parameters()

    def run() -> tuple[float, ...]:
        for p in parameters:
            p.grad = 0.0
        loss = MEAN(model(tokens), targets)
        loss.backward()
        return results(loss.data, [p.grad for p in parameters])

    return run


def compiled(dialect: str) -> Run:
    """The graph of this document as a program; in C of the form that is alike at every position, for that becomes loops."""
    model, tokens, targets = ours()
    parameters = model.parameters()
    loss = MEAN(masked(model, tokens) if dialect == "c" else model(tokens), targets)
    program = compile_program(loss, {"parameters": parameters}, gradients_of=loss, dialect=dialect)
    numbers = arrays_of(dialect)([p.data for p in parameters])
    return lambda: results(*program(numbers))


def masked(model: GPT, tokens: list[int]) -> list[list[Value]]:
    """The logits, each position with all keys and values, and a mask that leaves nothing of those after it."""
    block, count = model.blocks[0], len(tokens)
    stream = [model.embed(token, t)["norm"] for t, token in enumerate(tokens)]
    found = [block.attention.project(block.norm_a(x)) for x in stream]
    keys, values = [step["k"] for step in found], [step["v"] for step in found]
    logits = []
    for t, (x, step) in enumerate(zip(stream, found)):
        mask = [Value(0.0 if s <= t else -1e30) for s in range(count)]
        attended = block.attention.attend(step["q"], keys, values, mask=mask)
        logits.append(model.read(block.feed(x, attended["o"])["resid_post"])["y"])
    return logits


def by_position(dialect: str) -> Run:
    """The programs for documents of all lengths."""
    model, tokens, targets = ours()
    step = model.compile(MEAN, (tokens, targets), dialect)
    return lambda: results(*step(tokens, targets))


def in_c() -> Run:
    function = by_hand().gpt
    function.restype = ctypes.c_double
    p, tokens = doubles(list(w.gpt_weights().values())), (ctypes.c_int * 9)(*w.gpt_document())
    gradient = doubles([0.0] * len(p))
    return lambda: results(function(p, tokens, gradient), gradient)


# An engine as in scalar GPTs of one file: operations of two operands, whose derivatives are kept as they are made


class Scalar:
    __slots__ = ("data", "derivatives", "grad", "operands")

    def __init__(self, data: float, operands: tuple[Any, ...] = (), derivatives: tuple[float, ...] = ()) -> None:
        self.data, self.grad, self.operands, self.derivatives = data, 0.0, operands, derivatives

    def __add__(self, other: Any) -> Scalar:
        other = other if isinstance(other, Scalar) else Scalar(other)
        return Scalar(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other: Any) -> Scalar:
        other = other if isinstance(other, Scalar) else Scalar(other)
        return Scalar(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, power: float) -> Scalar:
        return Scalar(self.data**power, (self,), (power * self.data ** (power - 1),))

    def __neg__(self) -> Scalar:
        return self * -1.0

    def __sub__(self, other: Any) -> Scalar:
        return self + -other

    def __truediv__(self, other: Any) -> Scalar:
        return self * other**-1

    __radd__, __rmul__ = __add__, __mul__

    def exp(self) -> Scalar:
        z = math.exp(self.data)
        return Scalar(z, (self,), (z,))

    def log(self) -> Scalar:
        return Scalar(math.log(self.data), (self,), (1 / self.data,))

    def relu(self) -> Scalar:
        return Scalar(max(0.0, self.data), (self,), (float(self.data > 0),))

    def backward(self) -> None:
        order, seen = list[Scalar](), set[Scalar]()

        def visit(node: Scalar) -> None:
            if node not in seen:
                seen.add(node)
                for operand in node.operands:
                    visit(operand)
                order.append(node)

        visit(self)
        self.grad = 1.0
        for node in reversed(order):
            for operand, derivative in zip(node.operands, node.derivatives):
                operand.grad += derivative * node.grad


def script(node: Any) -> Run:
    """The workload as such a file writes it, on an engine whose leaves `node` makes."""
    model = {name: [[node(number) for number in row] for row in rows] for name, rows in w.gpt_weights().items()}
    parameters = [p for rows in model.values() for row in rows for p in row]

    def product(rows: Any, x: Any) -> Any:
        return [sum(w_i * x_i for w_i, x_i in zip(row, x)) for row in rows]

    def shares(scores: Any) -> Any:
        most = max(score.data for score in scores)
        powers = [(score - most).exp() for score in scores]
        total = sum(powers)
        return [power / total for power in powers]

    def normed(x: Any) -> Any:
        scale = (sum(x_i * x_i for x_i in x) / len(x) + w.GPT_EPSILON) ** -0.5
        return [x_i * scale for x_i in x]

    def run() -> tuple[float, ...]:
        for p in parameters:
            p.grad = 0.0
        keys, values, losses = list[Any](), list[Any](), list[Any]()
        for t, (token, target) in enumerate(pairwise(w.gpt_document())):
            stream = normed([x + p for x, p in zip(model["wte"][token], model["wpe"][t])])
            q, k, v = [product(model[name], normed(stream)) for name in "qkv"]
            keys.append(k)
            values.append(v)
            found = list[Any]()
            for start in range(0, w.GPT_UNITS, w.GPT_HEAD):
                own = slice(start, start + w.GPT_HEAD)
                scores = [sum(a * b for a, b in zip(q[own], key[own])) / w.GPT_HEAD**0.5 for key in keys]
                weights = shares(scores)
                found += [sum(a * b for a, b in zip(weights, column)) for column in zip(*[value[own] for value in values])]
            stream = [a + b for a, b in zip(product(model["o"], found), stream)]
            hidden = [net.relu() for net in product(model["up"], normed(stream))]
            stream = [a + b for a, b in zip(product(model["down"], hidden), stream)]
            losses.append(-shares(product(model["lm"], stream))[target].log())
        loss = sum(losses) * (1 / len(losses))
        loss.backward()
        return results(loss.data, [p.grad for p in parameters])

    return run


# Arrays ---------------------------------------------------------------------------------------------------------------


def loss_of(np: Any, p: Sequence[Any], tokens: Any, targets: Any, mask: Any) -> Any:
    """On PyTorch or JAX, the whole document at once."""
    wte, wpe, lm, q, k, v, o, up, down = p

    def normed(x: Any) -> Any:
        return x * ((x * x).mean(-1, keepdims=True) + w.GPT_EPSILON) ** -0.5

    x = normed(wte[tokens] + wpe[: len(tokens)])
    a = normed(x)
    q, k, v = [(a @ W.T).reshape(len(tokens), -1, w.GPT_HEAD).swapaxes(0, 1) for W in (q, k, v)]
    powers = np.exp(q @ k.swapaxes(1, 2) / w.GPT_HEAD**0.5) * mask
    head = powers / powers.sum(-1, keepdims=True) @ v
    x = x + head.swapaxes(0, 1).reshape(len(tokens), -1) @ o.T
    x = x + np.maximum(normed(x) @ up.T, 0.0) @ down.T
    y = x @ lm.T
    return (np.log(np.exp(y).sum(1)) - y[np.arange(len(tokens)), targets]).mean()


def torch() -> Run:
    import torch

    torch.set_num_threads(1)

    class np:
        exp, log, arange, maximum = torch.exp, torch.log, torch.arange, staticmethod(torch.clamp_min)

    p = [torch.tensor(rows, dtype=torch.float64, requires_grad=True) for rows in w.gpt_weights().values()]
    document = torch.tensor(w.gpt_document())
    mask = torch.tril(torch.ones(8, 8, dtype=torch.float64))

    def run() -> tuple[float, ...]:
        loss = loss_of(np, p, document[:-1], document[1:], mask)
        gradients = torch.autograd.grad(loss, p)
        return results(loss.item(), torch.cat([g.flatten() for g in gradients]))

    return run


def jax() -> Run:
    import jax
    import jax.numpy as np

    jax.config.update("jax_enable_x64", True)
    p = [np.array(rows) for rows in w.gpt_weights().values()]
    document = np.array(w.gpt_document())
    derivative = jax.jit(jax.value_and_grad(partial(loss_of, np)))
    arguments = p, document[:-1], document[1:], np.tril(np.ones((8, 8)))
    run = derivative.lower(*arguments).compile()

    def once() -> tuple[float, ...]:
        loss, gradients = run(*arguments)
        return results(float(loss), np.concatenate([g.ravel() for g in gradients]).tolist())

    return once


PEERS: dict[str, Any] = {
    "a scalar GPT's engine": lambda _: script(Scalar),
    "Values in its place": lambda _: script(Value),
    "PyTorch, the document": lambda _: torch(),
    "JAX jit, the document": lambda _: jax(),
    "C by hand": lambda _: in_c(),
    "eager, linear": lambda _: eager(),
    "python": lambda _: compiled("python"),
    "python, any length": lambda _: by_position("python"),
    "c": lambda _: compiled("c"),
    "c, any length": lambda _: by_position("c"),
}
