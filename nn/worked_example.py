"""The articles' worked example: a 2-2-2 sigmoid network, one training example, every quantity under the articles' name.

i1, i2 are the inputs; w1..w4 lead to the hidden units h1, h2, and w5..w8 to the output units o1, o2; b1 is one bias shared by
h1 and h2, b2 one shared by o1 and o2; t1, t2 are the targets; E_total = E_o1 + E_o2 with E_o = (t - out_o)**2 / 2.

Source: Matt Mazur, "A Step by Step Backpropagation Example" (2015), and its Chinese retelling.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from autograd_lite import Program, Value, compile_program, gradient, topological_order
from autograd_lite.sentences import known, say

from .dense import MLP
from .losses import half_squared_error

INPUTS = {"i1": 0.05, "i2": 0.10}
TARGETS = {"t1": 0.01, "t2": 0.99}
WEIGHTS = {"w1": 0.15, "w2": 0.20, "w3": 0.25, "w4": 0.30, "w5": 0.40, "w6": 0.45, "w7": 0.50, "w8": 0.55}
BIASES = {"b1": 0.35, "b2": 0.60}
ERRORS = ("E_total", "E_o1", "E_o2")
LEARNING_RATE = 0.5


class WorkedExample:
    """The network, with its inputs, targets and parameters as labelled leaves.

    >>> example = WorkedExample()
    >>> error = example()
    >>> error.backward()
    >>> round(error.data, 9), round(example.parameter["w5"].grad, 9)
    (0.298371109, 0.082167041)
    """

    def __init__(self) -> None:
        self.inputs = [Value(data, label) for label, data in INPUTS.items()]
        self.targets = [Value(data, label) for label, data in TARGETS.items()]
        self.parameter = {label: Value(data, label) for label, data in {**WEIGHTS, **BIASES}.items()}
        w1, w2, w3, w4, w5, w6, w7, w8, b1, b2 = self.parameter.values()
        self.network = MLP([2, 2, 2], "sigmoid", "sigmoid", weights=[[[w1, w2], [w3, w4]], [[w5, w6], [w7, w8]]], biases=[b1, b2])
        for label, layer in zip(BIASES, self.network.layers):  # the articles leave them as they are
            self.parameter[label].scope = layer._scope._replace(role="constant")
        self._programs: dict[tuple[Any, ...], Program] = {}

    def __call__(self) -> Value:
        """E_total, computed afresh."""
        error: Value = half_squared_error(self.network(self.inputs), self.targets)
        return error

    def nodes(self, error: Value) -> dict[str, Value]:
        """The nodes that `error` was computed from, by the articles' names: ``net_h1``, ``w5``, ``E_o1``, ..."""
        return {node.label: node for node in topological_order(error) if node.label}

    def quantities(self, error: Value) -> dict[str, float]:
        """Every quantity of the two passes by its name: ``net_h1``, ``dE_o1/dout_h1``, ``delta_h1``, ``dE_total/dw5``."""
        nodes = self.nodes(error)
        found = {name: node.data for name, node in nodes.items()}
        names = [name for name in nodes if name not in ERRORS and name not in TARGETS]
        for above in ERRORS:
            derivatives = gradient(nodes[above], [nodes[name] for name in names])
            found.update({f"d{above}/d{name}": derivative.item() for name, derivative in zip(names, derivatives)})
        for name, node in nodes.items():
            for parent, derivative in zip(node.parents, node.local_derivatives):
                if parent.label and name not in ERRORS:
                    found[f"d{name}/d{parent.label}"] = derivative
        for unit in ("o1", "o2", "h1", "h2"):
            found[f"delta_{unit}"] = found[f"dE_total/dnet_{unit}"]
        return found

    def update(self, learning_rate: float = LEARNING_RATE, biases: bool = False, sequential: bool = False) -> float:
        """One forward pass and one update, w <- w - learning_rate * dE/dw; returns the error of that forward pass.

        biases: update b1 and b2 too. sequential: take the hidden weights' gradients through the already updated w5..w8,
        the mistake behind some published figures; gradient descent changes all weights at once.
        """
        return self.updates(1, learning_rate, biases, sequential)

    def updates(self, count: int, learning_rate: float = LEARNING_RATE, biases: bool = False, sequential: bool = False) -> float:
        """So many updates as one call of a program, recorded once; returns the error of the last forward pass."""
        leaves = [*self.parameter.values(), *self.inputs, *self.targets]
        key = count, learning_rate, biases, sequential
        if key not in self._programs:
            error = self()
            program = compile_program([error, *self._updated(error, learning_rate, biases, sequential)], leaves)
            self._programs[key] = program.repeat(count, {k + 1: k for k in range(len(self.parameter))})
        last, *new = self._programs[key](*[leaf.data for leaf in leaves])
        for parameter, data in zip(leaves, new):
            parameter.data = data
        return float(last)

    def _updated(self, error: Value, learning_rate: float, biases: bool, sequential: bool) -> list[Value]:
        """The parameters after an update, as a graph."""
        p = self.parameter
        slopes = dict(zip(p, gradient(error, list(p.values()))))
        if sequential:
            after = {name: p[name] - learning_rate * slopes[name] for name in ("w5", "w6", "w7", "w8")}
            slopes |= self._hidden_slopes(error, after)
        return [p[name] - learning_rate * slopes[name] if name in WEIGHTS or biases else p[name] for name in p]

    def _hidden_slopes(self, error: Value, after: dict[str, Value]) -> dict[str, Value]:
        """What backpropagation gives for w1..w4 and b1 through other weights than those of the forward pass."""
        nodes = self.nodes(error)
        delta_o1, delta_o2 = gradient(error, [nodes["net_o1"], nodes["net_o2"]])
        i1, i2 = self.inputs
        slopes, deltas = {}, []
        for h, (first, second), (to_o1, to_o2) in (("h1", ("w1", "w2"), ("w5", "w7")), ("h2", ("w3", "w4"), ("w6", "w8"))):
            above = delta_o1 * after[to_o1] + delta_o2 * after[to_o2]
            delta = above * gradient(nodes[f"out_{h}"], nodes[f"net_{h}"])
            slopes[first], slopes[second] = delta * i1, delta * i2
            deltas.append(delta)
        return {**slopes, "b1": deltas[0] + deltas[1]}


class Figure(NamedTuple):
    """A quantity, the figure that the articles print for it ("" if none), and where that is not right, what is said of it: a key
    of the sentences."""

    quantity: str
    printed: str = ""
    why: str = ""

    def agrees(self, value: float) -> bool:
        """Whether the printed figure is `value` rounded to the printed digits."""
        return f"{value:.{len(self.printed.partition('.')[2])}f}" == self.printed


# fmt: off
FIGURES = {
    "The forward pass": [
        Figure("net_h1", "0.3775"),
        Figure("out_h1", "0.593269992"),
        Figure("net_h2"),
        Figure("out_h2", "0.596884378"),
        Figure("net_o1", "1.105905967"),
        Figure("out_o1", "0.75136507"),
        Figure("out_o1", "0.75136079", "figure-misprint"),
        Figure("net_o2"),
        Figure("out_o2", "0.772928465"),
        Figure("E_o1", "0.274811083"),
        Figure("E_o2", "0.023560026"),
        Figure("E_total", "0.298371109"),
    ],
    "The backward pass: the output layer": [
        Figure("dE_total/dout_o1", "0.74136507"),
        Figure("dout_o1/dnet_o1", "0.186815602"),
        Figure("dnet_o1/dw5", "0.593269992"),
        Figure("dE_total/dw5", "0.082167041"),
        Figure("delta_o1", "0.138498562"),
        Figure("dE_total/dout_o2"),
        Figure("dout_o2/dnet_o2"),
        Figure("delta_o2"),
        Figure("dE_total/dw6"),
        Figure("dE_total/dw7"),
        Figure("dE_total/dw8"),
        Figure("dE_total/db2"),
        Figure("w5+", "0.35891648"),
        Figure("w6+", "0.408666186"),
        Figure("w7+", "0.511301270"),
        Figure("w8+", "0.561370121"),
    ],
    "The backward pass: the hidden layer": [
        Figure("dE_o1/dnet_o1", "0.138498562"),
        Figure("dnet_o1/dout_h1", "0.40"),
        Figure("dE_o1/dout_h1", "0.055399425"),
        Figure("dE_o2/dout_h1", "-0.019049119", "figure-last-digit"),
        Figure("dE_total/dout_h1", "0.036350306"),
        Figure("dE_o1/dout_h2"),
        Figure("dE_o2/dout_h2"),
        Figure("dE_total/dout_h2"),
        Figure("dout_h1/dnet_h1", "0.241300709"),
        Figure("dnet_h1/dw1", "0.05"),
        Figure("dE_total/dw1", "0.000438568"),
        Figure("delta_h1"),
        Figure("dout_h2/dnet_h2"),
        Figure("delta_h2"),
        Figure("dE_total/dw2"),
        Figure("dE_total/dw3"),
        Figure("dE_total/dw4"),
        Figure("dE_total/db1"),
        Figure("w1+", "0.149780716"),
        Figure("w2+", "0.19956143"),
        Figure("w3+", "0.24975114"),
        Figure("w4+", "0.29950229"),
    ],
}
# What is printed for the training, and of which run and quantity it really is the figure
TRAINING_FIGURES = [
    (Figure("E_total after 1",     "0.291027924"),  "sequential",   "E_total after 1"),
    (Figure("E_total after 10000", "0.0000351085"), "simultaneous", "E_total after 9999"),
    (Figure("E_total after 10000", "0.000035085"),  "sequential",   "E_total after 10000"),
    (Figure("out_o1 after 10000",  "0.015912196"),  "sequential",   "out_o1 after 10000"),
    (Figure("out_o2 after 10000",  "0.984065734"),  "sequential",   "out_o2 after 10000"),
]
# fmt: on


def first_pass() -> dict[str, float]:
    """Every quantity of the two passes by hand, and each weight after one update as ``w1+``."""
    example = WorkedExample()
    found = example.quantities(example())
    example.update()
    return found | {f"{label}+": parameter.data for label, parameter in example.parameter.items()}


def training(
    steps: int, learning_rate: float = LEARNING_RATE, biases: bool = False, sequential: bool = False
) -> dict[str, float]:
    """The error and the outputs after 0, 1, `steps` - 1 and `steps` updates: ``E_total after 10000``, ``out_o1 after 1``."""
    example = WorkedExample()
    found: dict[str, float] = {}
    done = 0
    for upto in sorted({n for n in (0, 1, steps - 1, steps) if n in range(steps + 1)}):
        if upto > done:
            example.updates(upto - done, learning_rate, biases, sequential)
            done = upto
        nodes = example.nodes(example())
        found.update({f"{name} after {done}": nodes[name].data for name in ("E_total", "out_o1", "out_o2")})
    return found


class Judged(NamedTuple):
    """A figure, the value that was computed, and the verdict, a key of the sentences: "" where nothing is printed. quantity: what
    it really is the figure of, in a training."""

    figure: Figure
    value: float
    verdict: str
    quantity: str = ""

    @property
    def differs(self) -> bool:
        """Whether a right figure is not reproduced."""
        return self.verdict == "figure-differs"

    def said(self, language: str | None = None) -> str:
        """The verdict in words."""
        return say(known(language), self.verdict, quantity=self.quantity) if self.verdict else ""


def judged(figures: list[Figure], found: dict[str, float]) -> list[Judged]:
    """Each figure with the computed value and the verdict."""
    rows = []
    for figure in figures:
        value = found[figure.quantity]
        verdict = "figure-agrees" if figure.agrees(value) else figure.why or "figure-differs"
        rows.append(Judged(figure, value, verdict if figure.printed else ""))
    return rows


def judged_training(found: dict[str, float], runs: dict[str, dict[str, float]]) -> list[Judged]:
    """As `judged`, for the quantities of a training run; `runs` are the simultaneous and the sequential run at the articles'
    settings, one of which every published figure must agree with."""
    rows = []
    for figure, run, quantity in TRAINING_FIGURES:
        if figure.quantity not in found:
            continue
        verdict = "figure-differs"
        if figure.agrees(found[figure.quantity]):
            verdict = "figure-agrees"
        elif figure.agrees(runs[run][quantity]):
            verdict = "figure-sequential" if run == "sequential" else "figure-other"
        rows.append(Judged(figure, found[figure.quantity], verdict, quantity))
    return rows


def compared(figures: list[Figure], found: dict[str, float], language: str | None = None) -> list[tuple[Figure, float, str]]:
    """Each figure with the computed value and the verdict in words: DIFFERS where a right figure is not reproduced."""
    return [(row.figure, row.value, row.said(language)) for row in judged(figures, found)]


def compared_training(
    found: dict[str, float], runs: dict[str, dict[str, float]], language: str | None = None
) -> list[tuple[Figure, float, str]]:
    """As `compared`, for a training: see `judged_training`."""
    return [(row.figure, row.value, row.said(language)) for row in judged_training(found, runs)]
