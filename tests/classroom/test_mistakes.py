"""Every mistake of the catalogue, with the number that it gives worked out by hand."""

import math
import re
from math import cos, exp, tanh

import pytest

from autograd_lite import Scope, Value, linear, maximum, mean, nll, relu, sigmoid, softmax, sum_
from autograd_lite import exp as exp_of
from autograd_lite import max_ as max_of
from autograd_lite import sin as sin_of
from autograd_lite import tanh as tanh_of
from autograd_lite.classroom import quiz
from autograd_lite.classroom.graphs import Graph, is_activation
from autograd_lite.classroom.mistakes import LESSONS, MISTAKES
from autograd_lite.classroom.rows import listed, rebuilt
from autograd_lite.classroom.wrong import adjoints
from nn import MLP, GRUCell, LSTMCell, SequenceModel
from nn.losses import binary_cross_entropy, cross_entropy, half_squared_error, sequence_cross_entropy
from nn.worked_example import WorkedExample


def found(output, node, name):
    """What the passes of a mistake give for the derivative by a node."""
    graph = Graph(output)
    return [adjoints(graph, wrong)[node] for wrong in MISTAKES[name].passes(graph)]


def near(*numbers):
    return pytest.approx(list(numbers), rel=1e-12)


def s(x):
    return 1 / (1 + exp(-x))


# The catalogue's numbers on the worked example

FIGURES = [
    ("overwrite", "w1", 0.000668396),
    ("first-only", "w1", -0.000229828),
    ("mean-paths", "w1", 0.000219284),
    ("recursive", "w1", 0.001775360),
    ("add-chain", "w1", 3.505),
    ("swap-factor", "w5", 0.055399425),
    ("no-activation", "w5", 0.439829649),
    ("value-for-slope", "w5", 0.330472635),
    ("slope-at-out", "w5", 0.095789770),
    ("net-one-minus-net", "w5", -0.051513746),
    ("wrong-activation", "w5", 0.191524055),
    ("updated-weights", "w1", 0.000364723),
    ("transposed", "w1", 0.000461551),
]


@pytest.mark.parametrize("name, label, figure", FIGURES)
def test_figure_of_the_worked_example(name, label, figure):
    example = WorkedExample()
    number = found(example(), example.parameter[label], name)[0]
    assert number == pytest.approx(figure, abs=5e-4 if name == "add-chain" else 5e-10)


def in_single_operations():
    """The worked example, its weighted sums written with * and +."""
    example = WorkedExample()
    p, i, t = example.parameter, example.inputs, example.targets

    def unit(name, first, second, b, inputs):
        net = p[first] * inputs[0] + p[second] * inputs[1] + p[b]
        net.label = f"net_{name}"
        out = sigmoid(net)
        out.label = f"out_{name}"
        return out

    hidden = [unit("h1", "w1", "w2", "b1", i), unit("h2", "w3", "w4", "b1", i)]
    outputs = [unit("o1", "w5", "w6", "b2", hidden), unit("o2", "w7", "w8", "b2", hidden)]
    return 0.5 * (t[0] - outputs[0]) ** 2 + 0.5 * (t[1] - outputs[1]) ** 2, p


# More nodes lie on the way where sums are written out: those of a pass that adds along it, or sends on at every arrival, differ
@pytest.mark.parametrize("name, label, figure", [row for row in FIGURES if row[0] not in ("add-chain", "recursive")])
def test_figure_of_the_worked_example_in_single_operations(name, label, figure):
    error, p = in_single_operations()
    assert figure in [pytest.approx(number, abs=5e-10) for number in found(error, p[label], name)]


def test_what_is_said_of_a_sum_in_single_operations_is_about_the_unit():
    error = in_single_operations()[0]
    checked = quiz(error, ["w1"], ask=["adjoint"], mistakes=["transposed"]).check(1, 0.000461551)
    assert "goes back from net_o2 to out_h1 through w6. The way forward was w7" in checked.words


def test_the_right_pass_is_that_of_the_engine():
    example = WorkedExample()
    error = example()
    error.backward()
    graph = Graph(error)
    assert all(graph.adjoint[p] == pytest.approx(p.grad, rel=1e-15) for p in example.parameter.values())


# Each mistake on a graph that shows it


def leaf(x, label="x"):
    return Value(x, label)


def by_leaf(name, make, x, *numbers):
    a = leaf(x)
    assert found(make(a), a, name) == near(*numbers)


def test_reused_nodes():
    by_leaf("overwrite", lambda a: a * 5 + a * a, 3.0, 5.0)  # the pass reaches a * a first
    by_leaf("first-only", lambda a: a * 5 + a * a, 3.0, 3.0)
    by_leaf("mean-paths", lambda a: a * 5 + a * a, 3.0, 11 / 3)
    by_leaf("twice-operand", lambda a: a * a, 3.0, 3.0)


def test_recursion_breaks_at_the_smallest_graph_of_lesson_5():
    a = leaf(1.0)
    b = a + a
    assert found(b + b, a, "recursive") == [8.0]
    assert found(b * 3, a, "recursive") == [6.0]  # right where nothing is reached twice before it sends on


def test_recursion_that_does_not_end_in_a_lesson_is_not_offered():
    node = leaf(1.0)
    for _ in range(60):
        node = node + node
    assert found(node, node, "recursive") == []


def test_second_pass_without_zeroing():
    x, w = leaf(2.0), leaf(3.0, "w")
    net = w * x
    y = net * net
    assert found(y, w, "zero-grad") == [2 * 2 * 6 * 2]
    assert found(y, net, "zero-grad") == [12.0]  # the engine sets interior grads
    # the second pass: net gets 12 of the pass before and 12 of its own, and sends 24 on
    assert found(y, net, "stale-interior") == [24.0]
    assert found(y, w, "stale-interior") == [48.0]


def test_chain_rule():
    by_leaf("add-chain", lambda x: exp_of(3 * x), 0.5, 1 + exp(1.5) + 3)
    by_leaf("no-upstream", lambda x: exp_of(3 * x), 0.5, 3.0)
    by_leaf("inner-point", lambda x: sin_of(x**2), 0.5, cos(0.5) * 2 * 0.5)
    w = leaf(3.0, "w")
    assert found(tanh_of(w * leaf(0.5)), w, "swap-factor") == near((1 - tanh(1.5) ** 2) * 3)


def test_activations():
    z, t = s(0.7), tanh(0.7)
    by_leaf("no-activation", lambda x: sigmoid(x) * 3, 0.7, 3.0)
    by_leaf("value-for-slope", lambda x: sigmoid(x) * 3, 0.7, 3 * z)
    by_leaf("slope-at-out", lambda x: sigmoid(x), 0.7, s(z) * (1 - s(z)))
    by_leaf("slope-at-out", lambda x: tanh_of(x), 0.7, 1 - tanh(t) ** 2)
    by_leaf("net-one-minus-net", lambda x: sigmoid(x), 0.7, 0.7 * 0.3)
    by_leaf("net-one-minus-net", lambda x: tanh_of(x), 0.7, 1 - 0.7**2)
    assert found(sigmoid(a := leaf(0.7)), a, "wrong-activation")[0] == pytest.approx(1 - z * z)
    assert found(tanh_of(a := leaf(0.7)), a, "wrong-activation")[0] == pytest.approx(t * (1 - t))


def test_rules_of_calculus():
    by_leaf("exp-rule", lambda x: exp_of(x), 2.0, 2 * exp(1), 2.0)
    by_leaf("power-rule", lambda x: x**3, 2.0, 24.0, 4.0)
    by_leaf("power-rule", lambda x: x.square(), 3.0, 18.0, 3.0)
    by_leaf("quotient-sign", lambda b: Value(3.0, "a") / b, 2.0, 3 / 4, 1 / 2)
    by_leaf("minus-sign", lambda b: (5 * leaf(1.0) - b) * 2, 2.0, 2.0, -2.0)


def test_errors_and_means():
    out, t = leaf(0.75, "out"), Value(0.5, "t")
    prediction = out * 1
    assert found(0.5 * (t - prediction) ** 2, out, "error-sign") == near(-0.25)
    assert found(half_squared_error(prediction, 0.5), out, "half") == near(0.5, 0.125)
    assert found((prediction - t) ** 2, out, "half")[1] == pytest.approx(0.25)
    xs = [leaf(x, f"x{x:g}") for x in (1.0, 2.0, 4.0)]
    assert found(mean([x * x for x in xs]), xs[2], "mean-or-sum") == near(8.0)
    assert found(sum_([x * x for x in xs]), xs[2], "mean-or-sum") == near(8 / 3)
    assert found(xs[0] * xs[0] + xs[1] * xs[1] + xs[2] * xs[2], xs[0], "mean-or-sum") == near(2 / 3)


def layer():
    w = [[leaf(0.1 * (2 * j + k + 1), f"w{j}{k}") for k in range(2)] for j in range(2)]
    v = [leaf(0.5 + 0.1 * j, f"v{j}") for j in range(2)]
    x = [leaf(0.3, "x0"), leaf(-0.4, "x1")]
    h = [exp_of(a) for a in x]
    b = leaf(0.25, "b")
    nets = [linear(row, h, b) for row in w]
    return x, h, w, v, b, nets, linear(v, [tanh_of(net) for net in nets], leaf(0.1, "c"))


def test_layers():
    x, h, w, v, b, nets, y = layer()
    slope = [1 - tanh(net.data) ** 2 for net in nets]
    delta = [v[j].data * slope[j] for j in range(2)]
    across = (delta[0] * w[0][0].data + delta[1] * w[0][1].data) * h[0].data
    assert found(y, x[0], "transposed") == near(across)
    new_v = [v[j].data - 0.5 * tanh(nets[j].data) for j in range(2)]
    assert found(y, w[1][0], "updated-weights") == near(new_v[1] * slope[1] * h[0].data)
    assert found(y, w[1][0], "wrong-activation-index") == near(delta[1] * tanh(nets[1].data))
    assert found(y, b, "bias-zero") == [0.0]
    assert found(y, b, "bias-times-b") == near(sum(delta) * 0.25)
    assert sorted(found(y, b, "bias-once")) == pytest.approx(sorted(delta))


def test_a_bias_is_one_however_it_is_added():
    w, x, b, t = (leaf(v, n) for v, n in ((2.0, "w"), (0.3, "x"), (0.5, "b"), (0.1, "t")))
    assert Graph((tanh_of(w * x + b) - t) ** 2).biases == [b]
    assert Graph(w * x + w).biases == []


def test_updates():
    graph = Graph(leaf(1.0), lr=0.5)
    new = {name: next(iter(MISTAKES[name].passes(graph))).update(0.4, 0.08, 0.5) for name in ("ascent", "no-rate")}
    assert new == pytest.approx({"ascent": 0.44, "no-rate": 0.32})
    by_leaf("answers-step", lambda x: x * x, 3.0, -3.0)


def test_softmax():
    zs, t = [leaf(x, f"z{x}") for x in (0.2, -0.5, 1.0)], [0.0, 1.0, 0.0]
    p = softmax(zs)
    numbers = [node.data for node in p]
    cost = half_squared_error(p, t)
    assert found(cost, zs[1], "softmax-quadratic")[0] == pytest.approx(numbers[1] - 1)
    assert found(cost, zs[1], "softmax-diagonal")[0] == pytest.approx((numbers[1] - 1) * numbers[1] * (1 - numbers[1]))
    for target in (1, t):
        twice = found(nll(zs, target), zs[1], "slope-twice")[0]
        assert twice == pytest.approx((numbers[1] - 1) * numbers[1] * (1 - numbers[1]))


def test_the_slope_that_has_cancelled_is_that_of_a_cost():
    z = leaf(0.7, "z")
    for target in (1.0, 0.3):
        loss = binary_cross_entropy(1.0 * z, target, logits=True)
        twice = found(loss, z, "slope-twice")[0]
        assert twice == pytest.approx((s(0.7) - target) * s(0.7) * (1 - s(0.7)))
    hidden = (leaf(2.0, "w") * z.softplus() - 1.0) ** 2
    assert found(hidden, z, "slope-twice")[0] == pytest.approx(Graph(hidden).adjoint[z])


def test_kinks():
    by_leaf("relu-by-upstream", lambda x: relu(x) * -2, 3.0, 0.0, -2.0)
    x = leaf(2.0)
    assert found(maximum(x, 5.0 * leaf(1.0)) * 3, x, "max-to-all")[0] == 3.0
    assert found(max_of([x, leaf(3.0)]) * 3, x, "max-to-all")[0] == 3.0


# Through time


def unrolled():
    """h_t = tanh(u h + w x_t) at t = 1, 2, 3, and the sum of h_t**2."""
    u, w, xs = leaf(0.8, "u"), leaf(0.5, "w"), [1.0, -0.5, 2.0]
    h, states, losses = Value(0.3, "h_0"), [], []
    h.scope = Scope("t = 0")
    for t, x in enumerate(xs, 1):
        h = tanh_of(u * h + w * x)
        h.scope, h.label = Scope(f"t = {t}"), f"h_{t}"
        loss = h**2
        loss.scope = Scope(f"t = {t}")
        states.append(h)
        losses.append(loss)
    return u, w, xs, states, sum_(losses)


def test_through_time():
    u, w, xs, states, loss = unrolled()
    h = [0.3, *[state.data for state in states]]
    slope = [1 - x * x for x in h]
    direct = [2 * h[t] * slope[t] * xs[t - 1] for t in (1, 2, 3)]  # dL_t/dw by the path through h_t alone
    assert found(loss, w, "no-future") == near(sum(direct))
    # forward in time, P_t = slope_t (x_t + u P_(t-1)), without the second term
    assert found(loss, w, "rtrl-now") == near(sum(2 * h[t] * slope[t] * xs[t - 1] for t in (1, 2, 3)))
    delta3 = 2 * h[3] * slope[3]
    delta2 = (2 * h[2] + u.data * delta3) * slope[2]
    delta1 = (2 * h[1] + u.data * delta2) * slope[1]
    cut = 2 * h[1] * slope[1]
    assert found(loss, w, "truncated")[0] == pytest.approx(delta3 * xs[2] + delta2 * xs[1] + cut * xs[0])
    assert sorted(found(loss, u, "one-time")) == pytest.approx(sorted([delta1 * h[0], delta2 * h[1], delta3 * h[2]]))


def test_gates():
    xs, targets = [0, 1, 1], [1, 0, 1]
    for cell in (GRUCell(2, 2, rng=1), LSTMCell(2, 2, rng=1)):
        model = SequenceModel(cell, 2, rng=2)
        loss = sequence_cross_entropy(model(xs), targets)
        graph = Graph(loss)
        shown = {mistake: 0 for mistake in ("gate-swap", "no-future", "one-time", "truncated", "rtrl-now")}
        for name in shown:
            for wrong in MISTAKES[name].passes(graph):
                off = adjoints(graph, wrong)
                shown[name] += any(not math.isclose(off[p], graph.adjoint[p], rel_tol=1e-6) for p in model.parameters())
        assert all(shown.values()), shown
    h, old, z, new = Value(0.0), leaf(0.4, "old"), leaf(0.3, "z"), leaf(0.9, "new")
    h = z * old + (1 - z) * new
    assert found(h, old, "gate-swap")[0] == pytest.approx(0.7)
    assert found(h, new, "gate-swap")[0] == pytest.approx(0.3)


# The catalogue


def test_every_mistake_of_the_lessons_is_in_the_catalogue():
    assert {name for lesson in LESSONS.values() for name in lesson} <= set(MISTAKES)
    assert len(MISTAKES) == 48 and all(mistake.name == name for name, mistake in MISTAKES.items())


def test_activations_are_found_by_their_shape():
    assert is_activation("tanh") and is_activation("gelu") and is_activation("softsign") and is_activation("maximum", (0.0,))
    assert (
        not is_activation("mul", (3.0,)) and not is_activation("log") and not is_activation("sech") and not is_activation("sin")
    )


def test_a_graph_as_data_is_the_graph_again():
    error = WorkedExample()()
    again = rebuilt(listed(error))
    assert listed(again) == listed(error)
    a, b = Graph(error), Graph(again)
    assert [a.adjoint[n] for n in a.nodes] == [b.adjoint[n] for n in b.nodes]
    x = Value(2.0, "x")
    assert rebuilt(listed((x**3 + 2 * x).leaky_relu()), {0: 3.0}).data == 33.0


# What is said is true


def test_who_sends_too_early_is_an_operand_of_those_that_are_named():
    asked = quiz(WorkedExample()(), ask=["order"], count=9)
    told = [
        words
        for number, q in enumerate(asked, 1)
        for option in q.options
        if "sends" in (words := asked.check(number, option).words)
    ]
    assert told
    for words in told:
        name, users = re.match(r"(\w+) has had .*: it is an operand of (.+?)\. What", words).groups()
        node = next(n for n in asked.graph.nodes if n.label == name)
        assert set(users.split(", ")) == {asked.graph.name(use) for use, _ in asked.graph.uses[node]}


def test_the_adjoint_that_is_missing_is_not_that_of_the_output():
    m, c = Value(1.7, "m"), Value(0.4, "c")
    y = (m - c) ** 3 / c
    y.label = "y"
    asked = quiz(y, ["c"], ask=["adjoint"], count=1, mistakes=["no-upstream"])
    assert "How y changes with m - c is missing" in asked.check(1, *asked[0].wrong).words


def test_a_shared_bias_is_no_residual():
    w, b, h = Value(0.3, "w"), Value(0.1, "b"), Value(0.7, "x")
    for k in range(3):
        h = tanh_of(w * h + b)
        h.label = f"h{k + 1}"
    assert not [wrong for wrong in MISTAKES["no-residual"].passes(Graph(h)) if wrong.instead or wrong.slopes]


def test_an_update_that_changes_nothing_that_is_seen_has_no_name():
    w, x, y = Value(0.5677, "w"), Value(0.9, "x"), Value(1e-9, "y")
    z = w * x + w * y
    asked = quiz(z, ["w"], ask=["update"], count=1, mistakes=["overwrite", "first-only", "mean-paths"])
    assert asked.check(1, 0.5677).words == "0.5677 is not it yet." and asked[0].told_apart == ["mean-paths"]


def test_a_layer_whose_outputs_are_read_in_different_roles_is_not_transposed():
    """Cross-entropy has the output of the class first: the order of the units in the graph is then not that of the matrix."""
    model = MLP([2, 2, 2], "tanh", rng=1)
    for label in (0, 1):
        graph = Graph(cross_entropy(model([0.5, -0.3]), label))
        assert [[unit.label for unit in layer.units] for layer in graph.layers] == []
    graph = Graph(half_squared_error(model([0.5, -0.3]), [0.1, 0.9]))
    assert [[unit.label for unit in layer.units] for layer in graph.layers] == [["net_o1", "net_o2"]]
