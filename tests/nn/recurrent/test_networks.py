"""Networks of cells: sequences of any length, networks within networks, states before the first."""

import math
import random

import pytest
from golden import flat
from recurrent_cases import FORMS, NESTED, XS, D, cell_of, data, results, same, weighted

from autograd_lite import Value, gradient, sum_, topological_order
from nn import bptt, rtrl
from nn.recurrent import RNN, BidirectionalRNN, GRUCell, LSTMCell, RNNCell, SequenceModel, StackedRNN


@pytest.mark.parametrize("form", FORMS)
def test_a_sequence_of_one(form):
    network = RNN(cell_of(form))
    run = network(XS[:1])
    assert data(run.outputs) == data(network.cell(XS[0], network.initial_state())["h"]) == data(network(XS).outputs[:1])
    model = SequenceModel(network, 2, rng=0)
    back, ahead = bptt(model, XS[:1], [1]), rtrl(model, XS[:1], [1])
    assert ahead.gradients == pytest.approx(back.gradients, rel=1e-13, abs=1e-15)


@pytest.mark.parametrize("form", FORMS)
def test_nodes_per_step_are_constant(form):
    model = SequenceModel(cell_of(form), 2, rng=0)

    def nodes(T):
        return len(topological_order(sum_(flat(model([[0.1, 0.2]] * T)))))

    assert nodes(4) - nodes(3) == nodes(50) - nodes(49) == (nodes(50) - nodes(3)) / 47


@pytest.mark.parametrize("kind", [RNNCell, LSTMCell])
def test_ten_thousand_steps_forward_and_backward(kind):
    """The depth of the graph has no limit. With U = 0 and the input gate shut the LSTM's cell is f**t of what it was."""
    cell = kind(1, 4, rng=0)
    T, start = 10_000, {"h": [Value(0.5)] * 4} | ({"c": [Value(2.0)] * 4} if kind is LSTMCell else {})
    if kind is RNNCell:
        cell.load_state_dict({"W": [[0.0]] * 4, "U": [[0.0] * k + [1.0] + [0.0] * (3 - k) for k in range(4)], "b": [0.0] * 4})
    else:
        cell.load_state_dict(
            {f"W_{g}": [[0.0]] * 4 for g in "ifoc"}
            | {f"U_{g}": [[0.0] * 4] * 4 for g in "ifoc"}
            | {"b_i": [-1000.0] * 4, "b_f": [9.0] * 4, "b_o": [1000.0] * 4, "b_c": [0.0] * 4}
        )
    run = RNN(cell)([[1.0]] * T, start)
    run.outputs[-1][0].backward()
    if kind is RNNCell:
        h, slope = 0.5, 1.0
        for _ in range(T):
            h = math.tanh(h)
            slope *= 1 - h * h
        assert run.outputs[-1][0].data == pytest.approx(h, rel=1e-12)
        assert start["h"][0].grad == pytest.approx(slope, rel=1e-10)  # a product of 10,000 factors
    else:
        f = 1 / (1 + math.exp(-9.0))
        c = 2.0 * f**T
        assert run.outputs[-1][0].data == pytest.approx(math.tanh(c), rel=1e-11)
        assert start["c"][0].grad == pytest.approx(f**T * (1 - math.tanh(c) ** 2), rel=1e-10)
        assert cell.b_f[0].grad == pytest.approx(T * (1 - f) * c * (1 - math.tanh(c) ** 2), rel=1e-10)
    assert run.outputs[-1][0].label == f"h_{T}[0]"


@pytest.mark.parametrize("form", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("k", [1, 2, 3, 7, 8])
def test_detach_every_is_a_truncation_made_by_hand(form, k):
    """Blocks of k steps, each begun from the numbers that the one before ended with."""
    network, T = RNN(cell_of(form)), 7
    xs = [[math.sin(t), math.cos(t)] for t in range(T)]
    found = results(network, xs, detach_every=k)
    network.zero_grad()
    outputs, state = [], None
    for start in range(0, T, k):
        run = network(xs[start : start + k], state)
        outputs += run.outputs
        state = {name: data(run.states[name][-1]) for name in network.cell.states}
    weighted(outputs).backward()
    by_hand = data(outputs), {name: p.grad for name, p in network.named_parameters()}
    same(found, by_hand)
    if k < T:
        assert found[1] != pytest.approx(results(network, xs)[1])
    else:
        assert found == results(network, xs)


@pytest.mark.parametrize("kind", [StackedRNN, BidirectionalRNN])
def test_truncated_bptt_cuts_every_layer_and_direction(kind):
    """With k = 1, no step's loss reaches a state at another step."""
    network = kind([cell_of("gru"), cell_of("lstm", D)]) if kind is StackedRNN else kind(cell_of("gru"), cell_of("lstm"))
    model = SequenceModel(network, 2, rng=0)
    cut, whole = bptt(model, XS, [0, 1, 1, 0], truncate=1), bptt(model, XS, [0, 1, 1, 0])
    assert cut.loss == whole.loss and cut.gradients != whole.gradients
    for found, reached in ((cut, False), (whole, True)):
        for name in network.state_names():
            other = 3 if kind is BidirectionalRNN and name[-1] == "2" else 1  # after or before the third step
            derivatives = gradient(found.step_losses[2], found.run.states[name][other])
            assert [d.item() != 0 for d in derivatives] == [reached] * D, name


def sigma(x):
    return 1 / (1 + math.exp(-x))


def plain_step(cell, x, h, c):
    """One step of an RNNCell, GRUCell or LSTMCell of the default form, on floats, from the equations."""
    p = cell.state_dict()

    def net(gate, state):
        W, U, b = p[f"W{gate}"], p[f"U{gate}"], p[f"b{gate}"]
        return [math.fsum([w * v for w, v in zip(W[j] + U[j], [*x, *state])]) + b[j] for j in range(len(b))]

    if isinstance(cell, RNNCell):
        return [math.tanh(z) for z in net("", h)], c
    if isinstance(cell, GRUCell):
        z, r = [sigma(n) for n in net("_z", h)], [sigma(n) for n in net("_r", h)]
        new = [math.tanh(n) for n in net("_h", [a * b for a, b in zip(r, h)])]
        return [a * old + (1 - a) * b for a, old, b in zip(z, h, new)], c
    i, f, o = ([sigma(n) for n in net(f"_{g}", h)] for g in "ifo")
    c = [a * old + b * math.tanh(n) for a, old, b, n in zip(f, c, i, net("_c", h))]
    return [a * math.tanh(b) for a, b in zip(o, c)], c


def plain(network, xs):
    """The outputs of any network on floats."""
    if isinstance(network, StackedRNN):
        for layer in network.layers:
            xs = plain(layer, xs)
        return xs
    if isinstance(network, BidirectionalRNN):
        ahead, back = plain(network.forward_layer, xs), plain(network.backward_layer, xs[::-1])[::-1]
        return [first + second for first, second in zip(ahead, back)]
    h = c = [0.0] * network.n_out
    outputs = []
    for x in xs:
        h, c = plain_step(network.cell, x, h, c)
        outputs.append(h)
    return outputs


@pytest.mark.parametrize("name", NESTED)
def test_networks_in_networks_against_plain_floats(name):
    network = NESTED[name]()
    outputs, grads = results(network)
    assert outputs == pytest.approx(flat(plain(network, XS)), rel=1e-13, abs=1e-15)
    assert network.n_out == len(network(XS).outputs[0])
    for key, parameter in random.Random(0).sample(list(network.named_parameters()), 25):
        at, losses = parameter.data, []
        for shift in (-1e-4, 1e-4):
            parameter.data = at + shift
            losses.append(math.fsum([math.sin(k + 1) * y for k, y in enumerate(flat(plain(network, XS)))]))
        parameter.data = at
        # a central difference is wrong by the third derivative times 1e-8 / 6
        assert grads[key] == pytest.approx((losses[1] - losses[0]) / 2e-4, rel=1e-6, abs=1e-7), key


def test_states_of_networks_in_networks():
    network = NESTED["stack of bidirectional"]()
    run = network(XS)
    assert network.state_names() == ["h1.1", "h1.2", "h2.1", "c2.1", "h2.2"]
    assert {"z1.1", "h1.1", "net_z1.2", "h1.2", "h1", "net_i2.1", "c2.1", "h2.1", "z2.2", "h2.2", "h2"} <= set(run.states)
    assert [unit.label for unit in run.states["net_z1.2"][3]] == ["net_z1.2_4[0]", "net_z1.2_4[1]"]  # by the time of its input
    assert run.states["h2"] == run.outputs == [a + b for a, b in zip(run.states["h2.1"], run.states["h2.2"])]
    assert run.states["h1.2"][0][0] in topological_order(run.outputs[0][0])
    assert run.states["h1.2"][3][0] in topological_order(run.outputs[0][0])  # what is read backward sees all inputs


@pytest.mark.parametrize("form", ["rnn", "gru", "lstm", "lstm, peephole"])
def test_initial_states_may_be_numbers_or_values(form):
    network = RNN(cell_of(form))
    names = network.state_names()
    assert names == (["h", "c"] if form.startswith("lstm") else ["h"])
    numbers = {name: [0.5, -0.25, 1.0] for name in names}
    values = {name: [Value(x) for x in units] for name, units in numbers.items()}
    run = network(XS, values)
    assert data(run.outputs) == data(network(XS, numbers).outputs) != data(network(XS).outputs)
    assert run.initial == values  # the very nodes
    weighted(run.outputs).backward()
    for name, units in values.items():
        for j, unit in enumerate(units):
            totals = []
            for shift in (-1e-4, 1e-4):
                shifted = [x + shift * (k == j) for k, x in enumerate(numbers[name])]
                totals.append(weighted(network(XS, numbers | {name: shifted}).outputs).data)
            assert unit.grad == pytest.approx((totals[1] - totals[0]) / 2e-4, rel=1e-6, abs=1e-7)


def test_a_sequence_in_two_parts_is_the_whole():
    """The states at the end of the first part, as Values, carry derivatives into the second."""
    network = StackedRNN([cell_of("gru"), cell_of("lstm", D)])
    whole = results(network)
    network.zero_grad()
    first = network(XS[:2])
    second = network(XS[2:], {name: first.states[name][-1] for name in network.state_names()})
    weighted(first.outputs + second.outputs).backward()
    same((data(first.outputs + second.outputs), {name: p.grad for name, p in network.named_parameters()}), whole)


def test_initial_states_are_0_where_they_are_not_given_and_labelled():
    network = BidirectionalRNN(cell_of("lstm"), cell_of("rnn"))
    run = network(XS, {"c1": [1.0, 2.0, 3.0]})
    assert {name: data(units) for name, units in run.initial.items()} == {"h1": [0.0] * 3, "c1": [1.0, 2.0, 3.0], "h2": [0.0] * 3}
    assert [units[0].label for units in run.initial.values()] == ["h1_0[0]", "c1_0[0]", "h2_5[0]"]  # T = 4


def test_an_initial_state_that_is_a_parameter_is_learned():
    model = SequenceModel(cell_of("gru"), 2, rng=0)
    model.start = [Value(0.1), Value(-0.2), Value(0.3)]
    back = bptt(model, XS, [0, 1, 1, 0], {"h": model.start})
    assert all(back.gradients[f"start.{j}"] != 0 for j in range(D))
    ahead = rtrl(model, XS, [0, 1, 1, 0], {"h": model.start})
    assert ahead.gradients == pytest.approx(back.gradients, rel=1e-12, abs=1e-15)
