"""The catalogue of mistakes: each is a pass that differs from the right one in one place, on any graph.

A `Wrong` says how: other local derivatives along some edges, another product or total, another order, another end, another
update; or what is computed in the place of some nodes. The local derivatives that people get wrong are a table, `RULES`, beside
the table of operations and in its letters; the others are found by the shape of the graph.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence

from .. import backprop, ops
from ..derivation.expressions import Expression, number, symbol
from ..formulas import operands
from ..value import Value
from . import attention
from .graphs import Edge, Graph
from .wrong import Arrived, Mistake, Wrong

MOST_VARIANTS = 4


# Local derivatives in the letters of the table; g is the adjoint of the node. Several are several ways to make the mistake.
# fmt: off
RULES: dict[str, dict[str, dict[str, tuple[str, ...]]]] = {
    "wrong-activation":  {"sigmoid": {"x": ("1 - pow(z, 2)",)},     "tanh": {"x": ("z * (1 - z)",)}},
    "exp-rule":          {"exp": {"x": ("x * exp(x - 1)", "x")}},
    "power-rule":        {"pow": {"x": ("y * z", "pow(x, y - 1)")}, "square": {"x": ("2 * z", "x")}},
    "quotient-sign":     {"div": {"y": ("x / pow(y, 2)", "1 / y")}, "reciprocal": {"x": ("1 / pow(x, 2)",)}},
    "minus-sign":        {"sub": {"y": ("1",)},                     "neg": {"x": ("1",)}},
    "relu-by-upstream":  {"relu": {"x": ("step(g)",)}},
    "max-to-all":        {op: {"x": ("1",), "y": ("1",)} for op in ("maximum", "minimum", "max_", "min_")},
    "softmax-quadratic": {"softmax": {"b": ("1",), "x": ("0",)}},
    "softmax-diagonal":  {"softmax": {"x": ("0",)}},
    "slope-twice": {
        "nll": {
            "b": ("-unlike(b, *others) * softmax(b, *others) * unlike(b, *others)",),
            "x": ("softmax(x, *others) * softmax(x, *others) * unlike(x, *others)",),
        },
        "weighted_nll": {
            "x": ("(softmax(x, *others) * sum_(*ws) - w) * softmax(x, *others) * unlike(x, *others)",),
        },
        "softplus": {"x": ("sigmoid(x) * sigmoid(x) * sigmoid(-x)",)},
    },
}
# fmt: on


def _by_table(
    name: str, among: Callable[[Graph], Iterable[Value]] = lambda graph: graph.nodes
) -> Callable[[Graph], Iterator[Wrong]]:
    def passes(graph: Graph) -> Iterator[Wrong]:
        nodes = set(among(graph))
        for k in range(2):
            slopes = {}
            for edge in graph.edges():
                node, i = edge
                if node.op not in RULES[name] or node not in nodes:
                    continue
                texts = RULES[name][node.op].get(operands(node.op, len(graph.parents[node]))[i][0], ())
                if k < len(texts):
                    slopes[edge] = graph.rewritten(edge, texts[k], g=number(graph.adjoint[node]))
            yield Wrong(slopes)

    return passes


# Local derivatives by the shape of the graph


def _swapped(graph: Graph) -> Iterator[Wrong]:
    yield Wrong({edge: graph.notation.of(graph.operand(edge)) for edge in graph.factor})


def _at_activations(slope: Callable[[Graph, Edge], Expression | None]) -> Callable[[Graph], Iterator[Wrong]]:
    def passes(graph: Graph) -> Iterator[Wrong]:
        slopes = {edge: slope(graph, edge) for edge in graph.activations.values()}
        yield Wrong({edge: e for edge, e in slopes.items() if e is not None})

    return passes


def _slope_at_out(graph: Graph, edge: Edge) -> Expression:
    row = ops.ROWS[edge[0].op]
    out = graph.notation.of(edge[0])
    return graph.rewritten(edge, row.derivatives[0], x=out, z=graph.rewritten(edge, row.formula, x=out))


def _out_for_net(graph: Graph, edge: Edge) -> Expression | None:
    """The textbook's slope in terms of the output, with the net input in its place."""
    row = ops.ROWS[edge[0].op]
    text = (row.textbook or row.derivatives)[0]
    slope = graph.rewritten(edge, text, z=graph.notation.of(graph.operand(edge)))
    return slope if "z" in text and "x" not in text else None


def _inner_point(graph: Graph) -> Iterator[Wrong]:
    slopes = {}
    for node in graph.nodes:
        i = graph.variable(node)
        if i is None or node.op not in ops.ROWS:
            continue
        inner = graph.variable(graph.parents[node][i])
        if inner is not None:
            row, letter = ops.ROWS[node.op], "xyw"[i]
            x = graph.notation.of(graph.parents[graph.parents[node][i]][inner])
            z = graph.rewritten((node, i), row.formula, **{letter: x})
            slopes[node, i] = graph.rewritten((node, i), (row.textbook or row.derivatives)[i], **{letter: x, "z": z})
    yield Wrong(slopes)


def _error_sign(graph: Graph) -> Iterator[Wrong]:
    yield Wrong({edge: number(-graph.derivative(edge)) for edge in graph.errors})


def _half(graph: Graph) -> Iterator[Wrong]:
    factor = {edge: number(1.0) for edge, x in graph.scaled.items() if x in (0.5, 2.0)}
    others = [edge for edge in graph.edges() if edge not in factor and graph.variable(edge[0]) == edge[1]]
    squares = [edge for edge in others if graph.derivative(edge) == 2 * graph.operand(edge).data]
    yield from (Wrong(factor), Wrong({edge: graph.notation.of(graph.operand(edge)) for edge in squares}))


def _mean_or_sum(graph: Graph) -> Iterator[Wrong]:
    edges, count = graph.terms
    right = [graph.derivative(edge) for edge in edges]
    yield Wrong({e: number(d / count if d == 1 else d * count) for e, d in zip(edges, right)}, numbers={"count": count})


def _updated_weights(graph: Graph) -> Iterator[Wrong]:
    slopes = {}
    for edge, factor in graph.factor.items():
        if graph.parents[graph.operand(edge)] and not graph.parents[factor]:
            slopes[edge] = number(factor.data - graph.lr * graph.adjoint[factor])
    yield Wrong(slopes)


def _transposed(graph: Graph) -> Iterator[Wrong]:
    slopes = {}
    for units, inputs, weight, product in graph.layers:
        for j, unit in enumerate(units):
            for k, below in enumerate(inputs):
                node = product[unit, below]
                slopes[node, graph.parents[node].index(below)] = symbol(weight[units[k], inputs[j]])
    yield Wrong(slopes)


def _own_output(graph: Graph) -> Iterator[Wrong]:
    slopes = {}
    for net, factors in graph.sums.items():
        activation = graph.activation_of(net)
        leaves = [edge for edge in factors if not graph.parents[graph.operand(edge)] and graph.operand(edge) not in graph.data]
        if activation is not None:
            slopes.update(dict.fromkeys(leaves, symbol(activation)))
    yield Wrong(slopes)


def _bias_times_b(graph: Graph) -> Iterator[Wrong]:
    yield Wrong({edge: symbol(bias) for bias in graph.biases for edge in graph.uses[bias]})


def _gate_swap(graph: Graph) -> Iterator[Wrong]:
    factors = graph.factor
    yield Wrong({edge: symbol(graph.complement[gate]) for edge, gate in factors.items() if gate in graph.complement})
    yield Wrong(
        {edge: number(1.0) for edge in graph.crossings if graph.parents.get(factors.get(edge, edge[0])) and edge in factors}
    )


# Through time


def _no_future(graph: Graph) -> Iterator[Wrong]:
    yield Wrong({edge: number(0.0) for edge in graph.crossings})


def _truncated(graph: Graph) -> Iterator[Wrong]:
    times = sorted({graph.time[node] for node, _ in graph.crossings})
    for k, last in enumerate(times[:0:-1][: MOST_VARIANTS - 1], 1):
        cut = [edge for edge in graph.crossings if graph.time[edge[0]] < last]
        yield Wrong({edge: number(0.0) for edge in cut}, numbers={"count": k})


def _one_time(graph: Graph) -> Iterator[Wrong]:
    time = graph.time
    shared = {leaf for leaf in graph.leaves() if len({time.get(use) for use, _ in graph.uses[leaf]} - {None}) > 1}
    times = sorted({time[use] for leaf in shared for use, _ in graph.uses[leaf] if use in time})
    for one in list(dict.fromkeys([*times[:1], *times[::-1]]))[:MOST_VARIANTS]:

        def total(node: Value, arrived: Arrived, one: int = one) -> float:
            return backprop.total(node, [c for c in arrived if time.get(c.node) == one] if node in shared else arrived)

        yield Wrong(total=total, numbers={"count": len(times)})


# Where contributions meet, the order, and the end


def _overwritten(node: Value, arrived: Arrived) -> float:
    return arrived[-1].amount


def _first_only(node: Value, arrived: Arrived) -> float:
    return arrived[0].amount


def _averaged(node: Value, arrived: Arrived) -> float:
    return backprop.total(node, arrived) / len(arrived)


def _once_each(node: Value, arrived: Arrived) -> float:
    return backprop.total(node, list({c.node: c for c in arrived}.values()))


def _bias_once(graph: Graph) -> Iterator[Wrong]:
    shared = {bias for bias in graph.biases if len(graph.uses[bias]) > 1}
    most = max([len(graph.uses[bias]) for bias in shared], default=0)
    for k in range(min(most, MOST_VARIANTS)):

        def total(node: Value, arrived: Arrived, k: int = k) -> float:
            return backprop.total(node, arrived[k : k + 1] if node in shared else arrived)

        yield Wrong(total=total)


def _recursive(graph: Graph) -> Iterator[Wrong]:
    if graph.recursion is not None:
        yield Wrong(order=graph.recursion)


def _zero_grad(graph: Graph) -> Iterator[Wrong]:
    yield Wrong(end=lambda node, adjoint: adjoint if graph.parents[node] else 2 * adjoint)


def _stale_interior(graph: Graph) -> Iterator[Wrong]:
    def total(node: Value, arrived: Arrived) -> float:
        return backprop.total(node, arrived) + (graph.adjoint[node] if graph.parents[node] else 0.0)

    yield Wrong(total=total)


def _bias_zero(graph: Graph) -> Iterator[Wrong]:
    biases = set(graph.biases)
    yield Wrong(end=lambda node, adjoint: 0.0 if node in biases else adjoint)


def _answers_step(graph: Graph) -> Iterator[Wrong]:
    yield Wrong(end=lambda node, adjoint: -graph.lr * adjoint, update=lambda w, gradient, lr: math.nan)


def _always(wrong: Wrong) -> Callable[[Graph], Sequence[Wrong]]:
    return lambda graph: [wrong]


MISTAKES: dict[str, Mistake] = {
    mistake.name: mistake
    for mistake in (
        Mistake("overwrite", "p.grad = n.grad · ∂n/∂p", _always(Wrong(total=_overwritten))),
        Mistake("first-only", "∂E/∂p = ∂E/∂n₁ · ∂n₁/∂p", _always(Wrong(total=_first_only))),
        Mistake("mean-paths", "∂E/∂p = (1/k) Σ ∂E/∂n · ∂n/∂p", _always(Wrong(total=_averaged))),
        Mistake("twice-operand", "∂(a·a)/∂a = a", _always(Wrong(total=_once_each))),
        Mistake("recursive", "def backward(n): for p in n.parents: p.grad += n.grad · ∂n/∂p; backward(p)", _recursive),
        Mistake("zero-grad", "w.grad = 2 · ∂E/∂w", _zero_grad),
        Mistake("stale-interior", "n.grad = n.grad(before) + ∂E/∂n", _stale_interior),
        Mistake("add-chain", "∂E/∂p = ∂E/∂n + ∂n/∂p", _always(Wrong(product=lambda adjoint, derivative: adjoint + derivative))),
        Mistake("no-upstream", "∂E/∂p = ∂n/∂p", _always(Wrong(product=lambda adjoint, derivative: derivative))),
        Mistake("swap-factor", "∂(w·x)/∂w = w", _swapped),
        Mistake("no-activation", "∂f(net)/∂net = 1", _at_activations(lambda graph, edge: number(1.0))),
        Mistake("value-for-slope", "∂f(net)/∂net = f(net)", _at_activations(lambda graph, edge: symbol(edge[0]))),
        Mistake("slope-at-out", "∂f(net)/∂net = f′(f(net))", _at_activations(_slope_at_out)),
        Mistake("net-one-minus-net", "∂σ(net)/∂net = net·(1 − net)", _at_activations(_out_for_net)),
        Mistake("wrong-activation", "σ′ = 1 − σ², tanh′ = tanh·(1 − tanh)", _by_table("wrong-activation")),
        Mistake("inner-point", "∂f(g(x))/∂x = f′(x)·g′(x)", _inner_point),
        Mistake("exp-rule", "∂eˣ/∂x = x·eˣ⁻¹, ∂eˣ/∂x = x", _by_table("exp-rule")),
        Mistake("power-rule", "∂xⁿ/∂x = n·xⁿ, ∂xⁿ/∂x = xⁿ⁻¹", _by_table("power-rule")),
        Mistake("quotient-sign", "∂(a/b)/∂b = a/b², ∂(a/b)/∂b = 1/b", _by_table("quotient-sign")),
        Mistake("minus-sign", "∂(a − b)/∂b = 1", _by_table("minus-sign")),
        Mistake("error-sign", "∂½(t − out)²/∂out = t − out", _error_sign),
        Mistake("half", "∂½(t − out)²/∂out = 2·(out − t), ½·(out − t)", _half),
        Mistake("mean-or-sum", "∂(Σ Eᵢ)/∂w = (1/n) Σ ∂Eᵢ/∂w", _mean_or_sum),
        Mistake("updated-weights", "δ_h = Σ w⁺·δ_o·f′(net_h)", _updated_weights),
        Mistake("transposed", "δ_h = W·δ_o·f′(net_h)", _transposed),
        Mistake("wrong-activation-index", "∂E/∂w = δ_o·out_o", _own_output),
        Mistake("bias-zero", "∂E/∂b = 0", _bias_zero),
        Mistake("bias-times-b", "∂E/∂b = δ·b", _bias_times_b),
        Mistake("bias-once", "∂E/∂b = δ₁", _bias_once),
        Mistake("ascent", "w⁺ = w + η·∂E/∂w", _always(Wrong(update=lambda w, gradient, lr: w + lr * gradient))),
        Mistake("no-rate", "w⁺ = w − ∂E/∂w", _always(Wrong(update=lambda w, gradient, lr: w - gradient))),
        Mistake("answers-step", "∂E/∂w = −η·∂E/∂w", _answers_step),
        Mistake("softmax-quadratic", "∂½Σ(p − t)²/∂z = p − t", _by_table("softmax-quadratic")),
        Mistake("softmax-diagonal", "∂pᵢ/∂zⱼ = 0", _by_table("softmax-diagonal")),
        Mistake("slope-twice", "δ = (p − t)·p·(1 − p)", _by_table("slope-twice", lambda graph: graph.costs)),
        Mistake("relu-by-upstream", "δ = relu(∂E/∂out)", _by_table("relu-by-upstream")),
        Mistake("max-to-all", "∂max(a, b)/∂a = ∂max(a, b)/∂b = 1", _by_table("max-to-all")),
        Mistake("no-future", "∂E/∂h_t = ∂E_t/∂h_t", _no_future),
        Mistake("one-time", "∂E/∂W = δ_t·h_{t−1}", _one_time),
        Mistake("truncated", "∂E/∂h_{T−k} = 0", _truncated),
        Mistake("gate-swap", "∂h_t/∂h_{t−1} = 1 − z, ∂c_t/∂c_{t−1} = 1", _gate_swap),
        Mistake("rtrl-now", "P_t = ∂h_t/∂W", _no_future),
        Mistake("no-scaling", "score_ts = q_t·k_s", attention.no_scaling),
        Mistake("softmax-axis", "att_ts = exp(score_ts) / Σ_r exp(score_rs)", attention.softmax_axis),
        Mistake("mask-off-by-one", "att_ts = 0 for s ≥ t, for s > t + 1", attention.mask_off_by_one),
        Mistake("value-for-key", "score_ts = q_t·v_s, head_t = Σ att_ts·k_s", attention.value_for_key),
        Mistake("no-residual", "y = f(x)", attention.no_residual),
        Mistake("norm-constant", "∂norm(x)_j/∂x_j = scale", attention.norm_constant),
    )
}

LESSONS: dict[int, tuple[str, ...]] = {
    1: ("no-upstream",),
    2: ("swap-factor", "power-rule", "quotient-sign", "minus-sign", "exp-rule"),
    3: ("no-activation", "slope-at-out", "error-sign", "half", "transposed"),
    4: ("overwrite", "twice-operand", "bias-once", "zero-grad"),
    5: ("recursive", "stale-interior"),
    6: ("ascent", "no-rate", "mean-or-sum", "updated-weights", "softmax-quadratic", "softmax-diagonal"),
    7: ("no-future", "one-time", "rtrl-now"),
    8: ("gate-swap",),
    9: ("zero-grad", "mean-or-sum"),
    10: ("no-scaling", "softmax-axis", "mask-off-by-one", "value-for-key", "no-residual", "norm-constant"),
}
"""The mistakes that each lesson aims at."""
