"""The bugs of the lab: each is planted in an engine that was right, and what is shown is what runs."""

from __future__ import annotations

import re
from collections.abc import Callable
from difflib import SequenceMatcher, unified_diff
from functools import cached_property
from importlib import resources
from typing import Any, NamedTuple

from ..backprop import topological_order
from ..check import is_near
from ..derivation.markup import rounded
from ..engine.scope import Scope
from ..parse import did_you_mean, parse
from ..sentences import known, say
from ..sources import execute
from ..value import Value
from .graphs import Graph
from .mistakes import MISTAKES
from .questions import Question
from .watched import Run
from .wrong import Mistake, Wrong, passes


class Planted(NamedTuple):
    """A bug: the name of the mistake, the engine it is in, what its hint is about, a graph that shows it, and what is changed.

    shown_by: an expression, of the smallest known graph; a name that ends with _t1 is of time step 1. edits: what is written in
    the engine, and what in its place.
    """

    name: str
    engine: str
    about: str
    shown_by: str
    edits: tuple[tuple[str, str], ...]


def _planted(name: str, engine: str, about: str, shown_by: str, *edits: str) -> Planted:
    return Planted(name, engine, about, shown_by, tuple(zip(edits[::2], edits[1::2])))


# fmt: off
PLANTED = (
    _planted("overwrite", "plain", "meeting", "a = 3; a + a",
             "parent.grad += node.grad * slope", "parent.grad = node.grad * slope"),
    _planted("no-activation", "units", "slope", "x = 2; sigmoid(x)",
             "net.grad += out.grad * slope(out, net.data)", "net.grad += out.grad"),
    _planted("mean-paths", "arrivals", "meeting", "a = 3; a + a",
             "return sum(amounts)", "return sum(amounts) / len(amounts)"),
    _planted("recursive", "waiting", "order", "a = 1; b = a + a; c = b + b",
             "        ready = [parent for parent in dict.fromkeys(node.parents) if not missing[parent]]\n"
             "        pending += reversed(ready)\n",
             "        pending += reversed(node.parents)\n",
             "from collections import Counter\n\n", "",
             "    missing = Counter(parent for node in nodes for parent in node.parents)\n", "",
             "        missing.subtract(node.parents)\n", ""),
    _planted("minus-sign", "arithmetic", "rule", "a = 3; -a",
             '"sub": lambda z, x, y: (1.0, -1.0)', '"sub": lambda z, x, y: (1.0, 1.0)',
             '"neg": lambda z, x: (-1.0,)', '"neg": lambda z, x: (1.0,)'),
    _planted("twice-operand", "pairs", "meeting", "a = 3; a * a",
             "return edges(node)", "return dict(edges(node)).items()"),
    _planted("updated-weights", "training", "numbers", "w = 3; h = -w; w * h",
             "    chain(order, factor, data)\n    return new", "    chain(order, factor, {**data, **new})\n    return new"),
    _planted("zero-grad", "epochs", "zero", "a = 3; -a",
             "    for node in order:\n        node.grad = 0.0",
             "    for node in order:\n        if node.parents:\n            node.grad = 0.0"),
    _planted("bias-once", "biases", "bias", "x = 2; b = 3; sum_([-x, b, b])",
             "bias.grad += sum(found)", "bias.grad += sum(found[:1])"),
    _planted("no-future", "states", "time", "h_t0 = 3; h_t1 = -h_t0",
             "        node.grad += later[node]\n", ""),
    _planted("slope-at-out", "units", "slope", "x = 2; sigmoid(x)",
             "slope(out, net.data)", "slope(out, out.data)"),
    _planted("forward-order", "plain", "order", "a = 3; b = -a; -b",
             "for node in reversed(order):", "for node in order:"),
    _planted("swap-factor", "products", "rule", "x = 2; w = 3; x * w",
             "slope = other[node, i].data", "slope = parent.data"),
    _planted("transposed", "layers", "numbers", "u = 2; v = 3; p = -u; q = -p; dot([u, v], [p, q]) + dot([u, u], [p, q])",
             "weight[units[j], inputs[k]].data", "weight[units[k], inputs[j]].data"),
    _planted("first-only", "table", "meeting", "a = 3; a + a",
             "            if parent in found:\n                found[parent] += amount\n            else:\n",
             "            if parent not in found:\n"),
    _planted("no-upstream", "arrivals", "chain", "a = 3; b = -a; -b",
             "append(adjoint * slope)", "append(slope)"),
    _planted("stale-interior", "epochs", "zero", "a = 3; b = -a; -b",
             "    for node in order:\n        node.grad = 0.0",
             "    for node in order:\n        if not node.parents:\n            node.grad = 0.0"),
    _planted("exp-rule", "functions", "rule", "x = 2; exp(x)",
             '"exp": lambda z, x: (exp(x),)', '"exp": lambda z, x: (x * exp(x - 1),)'),
    _planted("one-time", "weights", "time", "w = 3; h_t1 = -w; h_t2 = h_t1 * w",
             "leaf.grad += sum(share.values())", "leaf.grad += share.get(max(time.values()), 0.0)"),
    _planted("ascent", "plain", "start", "a = 3; -a",
             "output.grad += 1.0", "output.grad -= 1.0"),
    _planted("value-for-slope", "units", "slope", "x = 2; sigmoid(x)",
             "slope(out, net.data)", "out.data"),
    _planted("add-chain", "pairs", "chain", "a = 3; -a",
             "parent.grad += node.grad * slope", "parent.grad += node.grad + slope"),
    _planted("error-sign", "errors", "start", "x = 2; out = -x; square(x - out)",
             "slope = 1.0 if i == 0 else -1.0", "slope = 1.0 if i == 1 else -1.0"),
    _planted("quotient-sign", "arithmetic", "rule", "x = 2; reciprocal(x)",
             "(1 / y, -x / y**2)", "(1 / y, x / y**2)", "(-1 / x**2,)", "(1 / x**2,)"),
    _planted("truncated", "horizon", "time", "h_t0 = 3; h_t1 = -h_t0; h_t2 = -h_t1",
             "reached = times\n", "reached = times[:1]\n"),
    _planted("bias-zero", "biases", "bias", "x = 2; b = 3; -x + b",
             "    for bias, found in deltas.items():\n        bias.grad += sum(found)\n", ""),
    _planted("wrong-activation", "functions", "rule", "x = 2; tanh(x)",
             '"tanh": lambda z, x: (1 - z**2,)', '"tanh": lambda z, x: (z * (1 - z),)',
             '"sigmoid": lambda z, x: (z * (1 - z),)', '"sigmoid": lambda z, x: (1 - z**2,)'),
    _planted("bias-times-b", "biases", "bias", "x = 2; b = 3; -x + b",
             "append(node.grad)", "append(node.grad * parent.data)"),
    _planted("max-to-all", "choices", "rule", "a = 3; maximum(a, a)",
             "            chosen = [parent.data == node.data for parent in node.parents]\n"
             "            slopes = [is_it / sum(chosen) for is_it in chosen]\n",
             "            slopes = [1.0 for parent in node.parents]\n"),
    _planted("gate-swap", "gates", "rule", "f = 0.3; f * (1 - f)",
             "slope = 1 - complement[gate].data", "slope = complement[gate].data"),
    _planted("softmax-diagonal", "shares", "rule", "x = 2; sum_(softmax([x, x]))",
             "ways = [(x, p * (1 - p)), *others]", "ways = [(x, p * (1 - p))]"),
    _planted("half", "scales", "rule", "x = 3; 0.5 * x",
             "if (node, i) in scaled:", "if scaled.get((node, i)) in (0.5, 2.0):", "slope = scaled[node, i]", "slope = 1.0"),
    _planted("power-rule", "powers", "rule", "x = 3; square(x)",
             "slopes[0] = n * x ** (n - 1)", "slopes[0] = n * x**n"),
    _planted("mean-or-sum", "terms", "rule", "a = 3; a + a",
             "1.0 if slope == 1.0 else 1 / n", "1 / n if slope == 1.0 else 1.0"),
    _planted("inner-point", "composed", "slope", "x = 2; exp(-x)",
             "slope(f, g.data)", "slope(f, g.parents[k].data)"),
    _planted("net-one-minus-net", "functions", "slope", "x = 2; tanh(x)",
             '"tanh": lambda z, x: (1 - z**2,)', '"tanh": lambda z, x: (1 - x**2,)',
             '"sigmoid": lambda z, x: (z * (1 - z),)', '"sigmoid": lambda z, x: (x * (1 - x),)'),
    _planted("wrong-activation-index", "weighted", "numbers", "w = 3; sigmoid(w * w)",
             "way[edge] = x.data", "way[edge] = out.data"),
    _planted("relu-by-upstream", "rectifiers", "rule", "x = -2; relu(x)",
             "if net.data > 0", "if node.grad > 0"),
    _planted("softmax-quadratic", "shares", "rule", "x = 2; sum_(softmax([x]))",
             "ways = [(x, p * (1 - p)), *others]", "ways = [(x, 1.0)]"),
    _planted("slope-twice", "costs", "rule", "x = 2; softplus(x)",
             "[p - t for", "[(p - t) * p * (1 - p) for"),
    _planted("rtrl-now", "onward", "time", "h_t0 = 3; h_t1 = -h_t0",
             "direct[x] + before[x] for x in [*direct, *before]", "direct[x] for x in direct"),
    _planted("no-scaling", "scores", "rule",
             "q = 2; k = 3; l = 1; s = 0.5 * (q * k); r = 0.5 * (q * l); dot(softmax([s, r]), [k, l])",
             "slope = scale[node]", "slope = 1.0"),
    _planted("no-residual", "around", "meeting", "x = 2; y = 3; u = x + x * y; v = y + y * x; u * v",
             "            else:\n                parent.grad += node.grad\n", ""),
    _planted("norm-constant", "norms", "meeting", "x = 2; y = 3; s = x * y; u = x * s; v = y * s; u + v",
             "        node.grad += by_scale[node]\n", ""),
)
# fmt: on

FORWARD_ORDER = Mistake("forward-order", "for n in order: p.grad += n.grad · ∂n/∂p", lambda graph: [Wrong(order=graph.nodes)])
"""A mistake that is none of a pass by hand: nobody begins at the inputs."""


class Bug:
    """A wrong engine: `backward(output)` runs `source`, and leaves in the grads what that makes of them.

    number: of the bug in the lab, from 1. name: the mistake.
    """

    def __init__(self, number: int, planted: Planted) -> None:
        self.number, self.planted, self.name = number, planted, planted.name

    @cached_property
    def mended(self) -> str:
        """The source without the bug."""
        return resources.files("autograd_lite.classroom.engines").joinpath(f"{self.planted.engine}.py").read_text("utf-8")

    @cached_property
    def source(self) -> str:
        """The engine, to be read; the same lines run."""
        source = self.mended
        for right, wrong in self.planted.edits:
            before, found, after = source.partition(right)
            assert found and right not in after, (self.name, right)
            source = f"{before}{wrong}{after}"
        return source

    @property
    def mistake(self) -> Mistake:
        return MISTAKES.get(self.name, FORWARD_ORDER)

    def smallest(self) -> Value:
        """The output of the smallest graph that is known to show the bug."""
        return in_time(parse(self.planted.shown_by, {}))

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

    # Finding it

    @property
    def hints(self) -> tuple[str, ...]:
        """What helps, one after the other: where to look, a graph with its numbers, and last the line."""
        return self.hints_in(known(None))

    def hints_in(self, language: str) -> tuple[str, ...]:
        """The hints in a language."""
        graph, node, grad = self._shown()
        numbers = {"node": graph.name(node), "right": rounded(graph.adjoint[node], 9), "wrong": rounded(grad, 9)}
        return (
            say(language, f"hint-{self.planted.about}"),
            say(language, "hint-graph", graph=self.planted.shown_by, **numbers),
            say(language, "hint-line", line=self.lines[-1]),
        )

    @cached_property
    def lines(self) -> list[int]:
        """The lines of the source that are wrong; where there are none, those between which one is missing."""
        mended, source = self.mended.splitlines(), self.source.splitlines()
        changes = [change for change in SequenceMatcher(None, mended, source, False).get_opcodes() if change[0] != "equal"]
        wrong = [line for _, _, _, first, last in changes for line in range(first + 1, last + 1)]
        return wrong or [line for _, _, _, first, _ in changes for line in (first, first + 1) if line <= len(source)]

    def reveal(self, language: str | None = None) -> str:
        """What is wrong: the name of the mistake, its sentence, its formula, and the lines, wrong and right."""
        language = known(language)
        changes = unified_diff(self.source.splitlines(), self.mended.splitlines(), n=0, lineterm="")
        lines = [f"    {change}" for change in changes if change[:2] not in ("--", "++", "@@") and change[1:].strip()]
        return "\n".join(
            [f"{self.name}: {self._sentence(language)}", f"    {self.mistake.formula}", say(language, "mended"), *lines]
        )

    def _shown(self) -> tuple[Graph, Value, float]:
        """The smallest graph, a leaf at which it shows the bug, and what its grad becomes."""
        graph = Graph(self.smallest())
        grads = Run(self.function, graph.output).grads
        node = next(leaf for leaf in graph.leaves() if not is_near(grads[leaf], graph.adjoint[leaf]))
        return graph, node, grads[node]

    def _sentence(self, language: str) -> str:
        """The sentence of the mistake, as a quiz says it to who gives that answer."""
        graph, node, grad = self._shown()
        ran = passes(graph, [self.mistake])
        one = next((one for one in ran if is_near(one.adjoint[node], grad)), ran[0])
        kind, answer = ("adjoint", grad) if one.wrong.update is None else ("update", node.data - graph.lr * grad)
        return Question(graph, ran, kind, node, None, 6, language).diagnosis(one, rounded(answer, 9))

    def __repr__(self) -> str:
        return f"<Bug {self.number}: {len(self.source.splitlines())} lines; print(.source), .backward(output), .hints, .reveal()>"


def in_time(output: Value) -> Value:
    """The graph itself, its nodes whose label ends with _t1 in time step 1."""
    for node in topological_order(output):
        time = re.search(r"_t(\d+)$", node.label)
        if time:
            node.scope = Scope(f"t = {time[1]}")
    return output


BUGS = {planted.name: Bug(number, planted) for number, planted in enumerate(PLANTED, 1)}
"""The bugs by name, in the order of their numbers."""


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
    found = BUGS.get(text) or next((one for one in BUGS.values() if str(one.number) == text), None)
    if found is None:
        there_are = did_you_mean(text, names) or f": there are 1 to {len(names)}, by name {', '.join(names)}"
        raise ValueError(f"no bug is called {text:.60}{there_are}")
    return found
