"""The bugs of the lab: each is planted in an engine that was right, and what is shown is what runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from importlib import resources
from typing import Any, NamedTuple

from ..parse import did_you_mean
from ..sources import execute
from ..value import Value
from .watched import Run


class Planted(NamedTuple):
    """A bug: the name of the mistake, the engine it is in, the right lines and the wrong ones, and where its hint points.

    edits: what is written in the engine, and what in its place. about: the key of the first hint.
    """

    name: str
    engine: str
    about: str
    edits: tuple[tuple[str, str], ...]


def _planted(name: str, engine: str, about: str, *edits: str) -> Planted:
    return Planted(name, engine, about, tuple(zip(edits[::2], edits[1::2])))


# fmt: off
PLANTED = (
    _planted("overwrite", "plain", "meeting", "parent.grad += node.grad * slope", "parent.grad = node.grad * slope"),
    _planted("no-activation", "units", "slope",
             "net.grad += out.grad * slope(out, net.data)", "net.grad += out.grad"),
    _planted("mean-paths", "arrivals", "meeting", "return sum(amounts)", "return sum(amounts) / len(amounts)"),
    _planted("recursive", "waiting", "order",
             "        ready = [parent for parent in dict.fromkeys(node.parents) if not missing[parent]]\n"
             "        pending += reversed(ready)\n",
             "        pending += reversed(node.parents)\n",
             "from collections import Counter\n\n", "",
             "    missing = Counter(parent for node in nodes for parent in node.parents)\n", "",
             "        missing.subtract(node.parents)\n", ""),
    _planted("minus-sign", "arithmetic", "rule",
             '"sub": lambda z, x, y: (1.0, -1.0)', '"sub": lambda z, x, y: (1.0, 1.0)',
             '"neg": lambda z, x: (-1.0,)', '"neg": lambda z, x: (1.0,)'),
    _planted("twice-operand", "pairs", "meeting",
             "return edges(node)", "return dict(edges(node)).items()"),
    _planted("updated-weights", "training", "numbers",
             "new = {leaf: leaf.data - rate * grads[leaf] for leaf in order if not leaf.parents}\n"
             "    grads = chain(order, factor, data)",
             "new = {leaf: leaf.data - rate * grads[leaf] for leaf in order if not leaf.parents}\n"
             "    grads = chain(order, factor, {**data, **new})"),
    _planted("zero-grad", "epochs", "zero", "    for node in order:\n        node.grad = 0.0",
             "    for node in order:\n        if node.parents:\n            node.grad = 0.0"),
    _planted("bias-once", "biases", "bias", "bias.grad += sum(found)", "bias.grad += sum(found[:1])"),
    _planted("no-future", "states", "time", "        node.grad += later[node]\n", ""),
    _planted("slope-at-out", "units", "slope", "slope(out, net.data)", "slope(out, out.data)"),
    _planted("forward-order", "plain", "order", "for node in reversed(order):", "for node in order:"),
    _planted("swap-factor", "products", "rule", "slope = other[node, i].data", "slope = parent.data"),
    _planted("transposed", "layers", "numbers",
             "weight[units[j], inputs[k]].data", "weight[units[k], inputs[j]].data"),
    _planted("first-only", "table", "meeting",
             "            if parent in found:\n                found[parent] += amount\n            else:\n",
             "            if parent not in found:\n"),
    _planted("no-upstream", "arrivals", "chain", "append(adjoint * slope)", "append(slope)"),
    _planted("stale-interior", "epochs", "zero", "    for node in order:\n        node.grad = 0.0",
             "    for node in order:\n        if not node.parents:\n            node.grad = 0.0"),
    _planted("exp-rule", "functions", "rule", '"exp": lambda z, x: (z,)', '"exp": lambda z, x: (x * z / e,)',
             "from math import cos\n", "from math import cos, e\n"),
    _planted("one-time", "weights", "time",
             "leaf.grad += sum(share.values())", "leaf.grad += share.get(max(time.values()), 0.0)"),
    _planted("ascent", "plain", "start", "output.grad += 1.0", "output.grad -= 1.0"),
    _planted("value-for-slope", "units", "slope", "slope(out, net.data)", "out.data"),
    _planted("add-chain", "pairs", "chain", "parent.grad += node.grad * slope", "parent.grad += node.grad + slope"),
    _planted("error-sign", "errors", "start", "slope = 1.0 if i == 0 else -1.0", "slope = 1.0 if i == 1 else -1.0"),
    _planted("quotient-sign", "arithmetic", "rule", "(1 / y, -x / y**2)", "(1 / y, x / y**2)", "(-1 / x**2,)", "(1 / x**2,)"),
    _planted("truncated", "horizon", "time", "reached = times\n", "reached = times[:1]\n"),
    _planted("bias-zero", "biases", "bias", "    for bias, found in deltas.items():\n        bias.grad += sum(found)\n", ""),
    _planted("wrong-activation", "functions", "rule", '"tanh": lambda z, x: (1 - z**2,)', '"tanh": lambda z, x: (z * (1 - z),)',
             '"sigmoid": lambda z, x: (z * (1 - z),)', '"sigmoid": lambda z, x: (1 - z**2,)'),
    _planted("bias-times-b", "biases", "bias", "append(node.grad)", "append(node.grad * parent.data)"),
    _planted("max-to-all", "choices", "rule",
             "            chosen = [parent.data == node.data for parent in node.parents]\n"
             "            slopes = [is_it / sum(chosen) for is_it in chosen]\n",
             "            slopes = [1.0 for parent in node.parents]\n"),
)
# fmt: on


class Bug:
    """A wrong engine: `backward(output)` runs `source`, and leaves in the grads what that makes of them.

    number: of the bug in the lab, from 1. name: the mistake. mended: the source without it.
    """

    def __init__(self, number: int, planted: Planted) -> None:
        self.number, self.planted, self.name = number, planted, planted.name
        self.mended = resources.files("autograd_lite.classroom.engines").joinpath(f"{planted.engine}.py").read_text("utf-8")

    @cached_property
    def source(self) -> str:
        """The engine, to be read; the same lines run."""
        source = self.mended
        for right, wrong in self.planted.edits:
            before, found, after = source.partition(right)
            assert found and right not in after, (self.name, right)
            source = f"{before}{wrong}{after}"
        return source

    @cached_property
    def function(self) -> Callable[[Value], Any]:
        """The `backward` that the source defines, as it is: nothing stops it."""
        name = f"bug {self.number}"
        found: Callable[[Value], Any] = execute(self.source, f"<{name}>", {"__name__": name})["backward"]
        return found

    def backward(self, output: Value) -> None:
        """Goes back from the output as the engine does. What it raises is raised, and then no grad is changed.

        RuntimeError where it would not end: the graph is gone through again and again.
        """
        run = Run(self.function, output, lambda node: 0.0 if node.parents else node.grad)
        if run.problem is not None:
            raise run.problem
        for node, grad in run.grads.items():
            node.grad = grad

    __call__ = backward

    def __repr__(self) -> str:
        return (
            f"<Bug {self.number}: {len(self.source.splitlines())} lines; print(.source) shows them, .backward(output) runs them>"
        )


class _Bugs(Mapping[str, Bug]):
    """The bugs by name, in the order of their numbers; each is made when it is asked for."""

    def __init__(self) -> None:
        self._number = {planted.name: number for number, planted in enumerate(PLANTED, 1)}
        self._made: dict[str, Bug] = {}

    def __getitem__(self, name: str) -> Bug:
        number = self._number[name]
        if name not in self._made:
            self._made[name] = Bug(number, PLANTED[number - 1])
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._number)

    def __len__(self) -> int:
        return len(self._number)


BUGS = _Bugs()


def bug(name: str | int) -> Bug:
    """The bug of that name or number. ValueError, with the nearest name, for another.

    >>> from autograd_lite import Value
    >>> a = Value(3.0, "a")
    >>> bug(1).backward(a * a)
    >>> a.grad
    3.0
    """
    names = list(BUGS)
    text = str(name).strip()
    if text.isdecimal() and 0 < int(text) <= len(names):
        return BUGS[names[int(text) - 1]]
    if text not in BUGS:
        there_are = did_you_mean(text, names) or f": there are 1 to {len(names)}, by name {', '.join(names)}"
        raise ValueError(f"no bug is called {text:.60}{there_are}")
    return BUGS[text]
