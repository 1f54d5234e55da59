"""Recurrent networks: every state and gradient of the 17 golden cases, and how the forms reduce to each other."""

import itertools
import math
import random
import tracemalloc

import pytest
from golden import GOLDEN, flat

from autograd_lite import Value, gradient, sum_, topological_order
from nn import SGD, bptt, clip_grad_norm_, clip_grad_value_, gradient_flow, rtrl, rtrl_steps, sequence_cross_entropy
from nn.losses import step_losses
from nn.recurrent import RNN, BidirectionalRNN, GRUCell, LSTMCell, Readout, RNNCell, SequenceModel, StackedRNN

CASES = GOLDEN["recurrent"]["cases"]
READOUT = ("Wy", "by")
# 1e-14 of the number, or of the terms of size 0.1 to 1 that a small gradient is the difference of
EXACT = dict(rel=1e-14, abs=1e-15)


def build(name):
    """The model of a golden case, with its parameters."""
    case = CASES[name]
    m, d = case["sizes"]["input"], case["sizes"]["hidden"]
    given = {key: value for key, value in case["params"].items() if key not in READOUT}
    options = {
        "rnn_sigmoid": {"activation": "sigmoid"},
        "gru_update_on_candidate": {"update_on_candidate": True},
        "gru_reset_after": {"reset_after": True},
        "lstm_no_forget_gate": {"forget_gate": False},
        "lstm_coupled": {"coupled": True},
        "lstm_peephole": {"peephole": True},
        "lstm_peephole_all_prev": {"peephole": "previous"},
    }.get(name, {})
    if name in ("stacked_rnn", "birnn"):
        cells = [
            RNNCell(d if name == "stacked_rnn" and k == "2" else m, d, parameters={p: given[p + k] for p in "WUb"})
            for k in ("1", "2")
        ]
        network = StackedRNN(cells) if name == "stacked_rnn" else BidirectionalRNN(*cells)
    else:
        cell = {"rnn": RNNCell, "gru": GRUCell, "lstm": LSTMCell}[name.split("_")[0]]
        network = RNN(cell(m, d, parameters=given, **options))
    classes = case["sizes"]["classes"]
    return SequenceModel(network, Readout(network.n_out, classes, parameters={key: case["params"][key] for key in READOUT}))


def parameter(model, name):
    """The leaves of a parameter under its golden name, in order."""
    if name in READOUT:
        return flat(getattr(model.readout, name))
    network = model.network
    if name[-1] in "12":
        part = (network.layers if isinstance(network, StackedRNN) else [network.forward_layer, network.backward_layer])[
            int(name[-1]) - 1
        ]
        return flat(getattr(part.cell, name[:-1]))
    return flat(getattr(network.cell, name))


def data(values):
    return [value.data for value in flat(values)]


@pytest.mark.parametrize("name", CASES)
def test_every_state_loss_and_gradient(name):
    case = CASES[name]
    model = build(name)
    xs = [[Value(number) for number in x] for x in case["x"]]
    run, logits = model.run(xs, case["init"])
    for state, expected in case["states"].items():
        if state == "f" and name == "lstm_no_forget_gate":
            assert set(flat(expected)) == {1.0} and "f" not in run.states
            continue
        assert data(run.states[state]) == pytest.approx(flat(expected), **EXACT), state
    assert data(logits) == pytest.approx(flat(case["logits"]), **EXACT)
    loss = sequence_cross_entropy(logits, case["targets"])
    assert [step.data for step in loss.parents] == pytest.approx(case["step_losses"], **EXACT)
    assert loss.data == pytest.approx(case["loss"], **EXACT)
    assert sequence_cross_entropy(logits, case["targets"], reduction="mean").data == pytest.approx(case["loss_mean"], **EXACT)
    loss.backward()
    for key, expected in case["grads"].items():
        assert [p.grad for p in parameter(model, key)] == pytest.approx(flat(expected), **EXACT), key
    assert [number.grad for number in flat(xs)] == pytest.approx(flat(case["grad_x"]), **EXACT)
    for key, expected in case["grad_init"].items():
        assert [unit.grad for unit in run.initial[key]] == pytest.approx(expected, **EXACT), key


@pytest.mark.parametrize("name", [name for name in CASES if name != "birnn"])
def test_rtrl_equals_bptt(name):
    model, case = build(name), CASES[name]
    back = bptt(model, case["x"], case["targets"], case["init"])
    ahead = rtrl(model, case["x"], case["targets"], case["init"])
    assert ahead.loss == pytest.approx(back.loss, rel=1e-14)
    assert ahead.gradients == pytest.approx(back.gradients, rel=1e-12, abs=1e-15)


def test_rtrl_sensitivities_and_running_gradient():
    golden = GOLDEN["rtrl"]
    model, case = build(golden["case"]), CASES[golden["case"]]
    names = {p.label: name for name, p in model.named_parameters()}
    steps = list(rtrl_steps(model, zip(case["x"], case["targets"])))
    for label, over_time in golden["dh_t_d"].items():
        for step, expected in zip(steps, over_time):
            assert step.sensitivities(names[label]) == pytest.approx(expected, **EXACT), (label, step.t)
    for step, gradients in zip(steps, golden["cumulative_gradient_after_t"]):
        for name, expected in gradients.items():
            found = [step.gradients[names[p.label]] for p in parameter(model, name)]
            assert found == pytest.approx(flat(expected), **EXACT)


def test_bptt_table_of_deltas():
    golden = GOLDEN["bptt"]
    model, case = build(golden["case"]), CASES[golden["case"]]
    found = bptt(model, case["x"], case["targets"])
    table = found.deltas()
    expected = {(int(t[2:]), int(k[2:])): delta for t, row in golden["delta_t_k"].items() for k, delta in row.items()}
    assert table.keys() == expected.keys()
    for key, delta in expected.items():
        assert table[key] == pytest.approx(delta, **EXACT), key
    for k, total in golden["delta_accumulated_over_t"].items():
        assert [unit.grad for unit in found.run.states["z"][int(k[2:]) - 1]] == pytest.approx(total, **EXACT)


# Other forms and other inputs ----------------------------------------------------------------------------------------

M, D = 2, 3
XS = CASES["lstm"]["x"]
# Every form of cell: the class and its options, and the names of what it computes
FORMS = {
    "rnn": (RNNCell, {}, "z h"),
    "rnn, sigmoid": (RNNCell, {"activation": "sigmoid"}, "z h"),
    "gru": (GRUCell, {}, "net_r r net_z z net_h h_tilde h"),
    "gru, reset after": (GRUCell, {"reset_after": True}, "net_r r net_z z net_h h_tilde h"),
    "gru, on candidate": (GRUCell, {"update_on_candidate": True}, "net_r r net_z z net_h h_tilde h"),
    "lstm": (LSTMCell, {}, "net_i i net_f f net_o o net_c c_tilde c h"),
    "lstm, peephole": (LSTMCell, {"peephole": True}, "net_i i net_f f net_o o net_c c_tilde c h"),
    "lstm, peephole previous": (LSTMCell, {"peephole": "previous"}, "net_i i net_f f net_o o net_c c_tilde c h"),
    "lstm, coupled": (LSTMCell, {"coupled": True}, "net_i i f net_o o net_c c_tilde c h"),
    "lstm, no forget gate": (LSTMCell, {"forget_gate": False}, "net_i i net_o o net_c c_tilde c h"),
}


def cell_of(form, n_in=M, n_hidden=D, rng=0):
    """A cell of a form, with all parameters random, biases and peepholes too."""
    kind, options, _ = FORMS[form]
    cell = kind(n_in, n_hidden, rng=rng, **options)
    generator = random.Random(rng)
    for parameter in cell.parameters():
        parameter.data = generator.uniform(-1, 1)
    return cell


def weighted(units):
    """A loss in which every unit counts differently."""
    return sum_([math.sin(k + 1) * unit for k, unit in enumerate(flat(units))])


def results(network, xs=XS, initial=None, **options):
    """The outputs, and the gradients of a loss by all parameters by name."""
    network.zero_grad()
    run = network(xs, initial, **options)
    weighted(run.outputs).backward()
    return data(run.outputs), {name: p.grad for name, p in network.named_parameters()}


def same(found, expected):
    """Outputs are equal, and the gradients of the parameters that both have."""
    assert found[0] == pytest.approx(expected[0], **EXACT)
    assert len(found[1].keys() & expected[1].keys()) >= min(len(found[1]), len(expected[1]))
    for name in found[1].keys() & expected[1].keys():
        # a gradient is a sum of a dozen terms of size 1, in another order
        assert found[1][name] == pytest.approx(expected[1][name], rel=1e-13, abs=1e-14), name


def golden_or_random(kind, seed):
    """Parameters of a cell: those of the golden case for seed None, else random ones."""
    if seed is None:
        return {name: nest for name, nest in CASES[kind]["params"].items() if name not in READOUT}
    return cell_of(kind, rng=seed).state_dict()


def constant(number):
    """W, U, b of a gate that is sigmoid(number) always."""
    return [[0.0] * M] * D, [[0.0] * D] * D, [number] * D


def negated(nest):
    return [negated(item) for item in nest] if isinstance(nest, list) else -nest


def with_gate(parameters, gate, W, U, b):
    return parameters | {f"W_{gate}": W, f"U_{gate}": U, f"b_{gate}": b}


seeds = pytest.mark.parametrize("seed", [None, 1, 2], ids=["golden", "random-1", "random-2"])


@seeds
@pytest.mark.parametrize("peephole", [True, "previous"])
def test_peepholes_of_zero_are_an_lstm(seed, peephole):
    given = golden_or_random("lstm", seed)
    blind = RNN(LSTMCell(M, D, peephole=peephole, parameters=given))  # V is 0 unless given
    assert data(blind.cell.V_i + blind.cell.V_f + blind.cell.V_o) == [0.0] * 9
    same(results(blind), results(RNN(LSTMCell(M, D, parameters=given))))


@seeds
def test_no_forget_gate_is_an_lstm_whose_forget_gate_is_1(seed):
    given = golden_or_random("lstm", seed)
    rest = {name: nest for name, nest in given.items() if name[-1] != "f"}
    # sigmoid(1000) is 1.0 to the last bit
    open_gate = RNN(LSTMCell(M, D, parameters=with_gate(given, "f", *constant(1000.0))))
    same(results(RNN(LSTMCell(M, D, forget_gate=False, parameters=rest))), results(open_gate))


@seeds
def test_coupled_gates_are_an_lstm_of_opposite_gates(seed):
    given = golden_or_random("lstm", seed)
    rest = {name: nest for name, nest in given.items() if name[-1] != "f"}
    opposite = with_gate(given, "f", *[negated(given[f"{name}_i"]) for name in "WUb"])  # 1 - sigmoid(x) = sigmoid(-x)
    coupled, full = results(RNN(LSTMCell(M, D, coupled=True, parameters=rest))), results(RNN(LSTMCell(M, D, parameters=opposite)))
    assert coupled[0] == pytest.approx(full[0], **EXACT)
    for name, grad in coupled[1].items():
        through_f = full[1][name.replace("_i", "_f")] if "_i" in name else 0.0
        assert grad == pytest.approx(full[1][name] - through_f, rel=1e-13, abs=1e-14), name


@seeds
@pytest.mark.parametrize(
    "options, closed", [({}, -1000.0), ({"update_on_candidate": True}, 1000.0), ({"reset_after": True}, -1000.0)]
)
def test_a_gru_that_always_updates_and_never_resets_is_a_simple_rnn(seed, options, closed):
    given = with_gate(with_gate(golden_or_random("gru", seed), "z", *constant(closed)), "r", *constant(1000.0))
    simple = results(RNN(RNNCell(M, D, parameters={name: given[f"{name}_h"] for name in "WUb"})))
    if "reset_after" in options:  # here r is 1, and the two biases add up
        given |= {"b_h": [0.5 * x for x in given["b_h"]], "b_hn": [0.5 * x for x in given["b_h"]]}
    outputs, grads = results(RNN(GRUCell(M, D, parameters=given, **options)))
    renamed = {name.replace("_hn", "").replace("_h", ""): grad for name, grad in grads.items() if "_h" in name}
    same((outputs, renamed), simple)


@seeds
def test_updating_on_the_candidate_is_the_opposite_update_gate(seed):
    given = golden_or_random("gru", seed)
    opposite = with_gate(given, "z", *[negated(given[f"{name}_z"]) for name in "WUb"])
    outputs, grads = results(RNN(GRUCell(M, D, update_on_candidate=True, parameters=opposite)))
    same((outputs, {name: -g if "_z" in name else g for name, g in grads.items()}), results(RNN(GRUCell(M, D, parameters=given))))


def test_resetting_after_is_resetting_before_where_the_matrix_is_diagonal():
    given = golden_or_random("gru", 3) | {"U_h": [[0.5, 0.0, 0.0], [0.0, -2.0, 0.0], [0.0, 0.0, 3.0]]}
    before, after = RNN(GRUCell(M, D, parameters=given)), RNN(GRUCell(M, D, reset_after=True, parameters=given))
    assert results(after)[0] == pytest.approx(results(before)[0], **EXACT)
    after.cell.b_hn[0].data = 1.0  # within the reset: the first output is not that of a bias of 1 outside of it
    outside = RNN(GRUCell(M, D, parameters=given | {"b_h": [given["b_h"][0] + 1.0, *given["b_h"][1:]]}))
    assert results(after)[0][0] != pytest.approx(results(outside)[0][0], abs=1e-3)


@seeds
def test_stacked_and_bidirectional_networks_are_of_rnn_cells(seed):
    given = golden_or_random("rnn_tanh" if seed is None else "rnn", seed)
    alone = RNN(RNNCell(M, D, parameters=given))
    above = RNN(RNNCell(D, D, rng=5))
    forward, backward = alone(XS).outputs, alone(XS[::-1]).outputs[::-1]
    assert data(StackedRNN([alone])(XS).outputs) == data(forward)
    assert data(StackedRNN([alone, above])(XS).outputs) == data(above(forward).outputs)
    both = BidirectionalRNN(alone, RNNCell(M, D, parameters=given))(XS)
    assert data(both.outputs) == data([first + second for first, second in zip(forward, backward)])


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("layer", ["", "2"])
def test_every_gate_candidate_net_and_state_is_labelled(form, layer):
    cell = cell_of(form, n_in=D if layer else M)
    network = StackedRNN([cell_of("rnn"), cell]) if layer else RNN(cell)
    states = {name: steps for name, steps in network(XS).states.items() if not (layer and name.endswith("1"))}
    assert set(states) == {name + layer for name in FORMS[form][2].split()}
    for name, steps in states.items():
        expected = [[f"{name}_{t}[{j}]" for j in range(D)] for t in range(1, len(XS) + 1)]
        assert [[unit.label for unit in units] for units in steps] == expected


@pytest.mark.parametrize("form", FORMS)
def test_every_net_is_one_linear_node_of_its_row(form):
    cell = cell_of(form)
    x = [Value(0.3), Value(-0.4)]
    before = {name: [Value(0.1 * j) for j in range(D)] for name in cell.states}
    step = cell(x, before, t=3)
    for name in ("z",) if form.startswith("rnn") else [name for name in step if name.startswith("net_")]:
        gate = name.removeprefix("net") if name != "z" else ""
        for j, net in enumerate(step[name]):
            assert (net.op, net.label) == ("linear", f"{name}_3[{j}]")
            weights = getattr(cell, f"W{gate}")[j] + getattr(cell, f"U{gate}")[j] + [getattr(cell, f"b{gate}")[j]]
            states = list(before["h"])
            if gate == "_h":  # the states after the reset gate; in PyTorch's form it stands beside U h + b_hn
                reset = [node for node in net.parents if node.parents and node not in step["r"]]
                weights, states = ([*cell.W_h[j], cell.b_h[j], step["r"][j]], reset) if cell.reset_after else (weights, reset)
                assert len(reset) == (1 if cell.reset_after else D)
            if hasattr(cell, f"V{gate}"):
                seen = "c" if gate == "_o" and cell.peephole is True else None
                weights.append(getattr(cell, f"V{gate}")[j])
                states.append(step["c"][j] if seen else before["c"][j])
            assert sorted(map(id, net.parents)) == sorted(map(id, [*weights, *x, *states]))


@pytest.mark.parametrize("form", FORMS)
def test_an_int_as_input_is_the_one_hot_vector(form):
    places = [1, 0, 2, 2, 0]
    one_hot = [[float(k == place) for k in range(3)] for place in places]
    for network in (
        RNN(cell_of(form, 3)),
        StackedRNN([cell_of(form, 3), cell_of("rnn", D)]),
        BidirectionalRNN(cell_of(form, 3), cell_of(form, 3, rng=1)),
    ):
        same(results(network, places), results(network, one_hot))


def test_an_int_as_input_reads_one_column_only():
    cell = RNNCell(50, D, rng=0)
    assert len(cell(7, {"h": [Value(0.0)] * D})["z"][0].parents) == 1 + 1 + D + 1 + D


@pytest.mark.parametrize("integer", ["int64", "uint8"])
def test_an_int_of_numpy_is_an_int(integer):
    np = pytest.importorskip("numpy", reason="its integers are NumPy's")
    network = RNN(cell_of("lstm", 3))
    assert results(network, np.array([1, 0, 2], dtype=integer)) == results(network, [1, 0, 2])


def test_arrays_as_input_are_rows():
    np = pytest.importorskip("numpy", reason="arrays are NumPy's")
    network = BidirectionalRNN(cell_of("lstm"), cell_of("gru"))
    assert results(network, np.array(XS)) == results(network, XS)


# Sequences of any length ---------------------------------------------------------------------------------------------


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


# Networks within networks --------------------------------------------------------------------------------------------


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


NESTED = {
    "stacked": lambda: StackedRNN([cell_of("gru"), cell_of("lstm", D, 2), cell_of("rnn", 2, 4)]),
    "bidirectional": lambda: BidirectionalRNN(cell_of("lstm"), cell_of("gru", M, 2, rng=1)),
    "stack of bidirectional": lambda: StackedRNN(
        [
            BidirectionalRNN(cell_of("rnn"), cell_of("gru", M, 2, rng=1)),
            BidirectionalRNN(cell_of("lstm", 5, 2, rng=2), cell_of("rnn", 5, 1, rng=3)),
        ]
    ),
    "bidirectional of stacks": lambda: BidirectionalRNN(
        StackedRNN([cell_of("rnn"), cell_of("lstm", D, 2, rng=1)]),
        StackedRNN([cell_of("gru", rng=2), cell_of("rnn", D, 1, rng=3)]),
    ),
    "bidirectional of bidirectional": lambda: BidirectionalRNN(
        BidirectionalRNN(cell_of("rnn"), cell_of("gru", rng=1)), BidirectionalRNN(cell_of("lstm", rng=2), cell_of("rnn", rng=3))
    ),
}


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


# States before the first ---------------------------------------------------------------------------------------------


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


# Parameters ----------------------------------------------------------------------------------------------------------


def test_the_forget_bias_is_1_unless_given_and_is_trained():
    assert data(LSTMCell(M, D).b_f) == [1.0] * D and data(LSTMCell(M, D).b_i) == [0.0] * D
    cell = LSTMCell(M, D, forget_bias=2.0, rng=0)
    assert data(cell.b_f) == [2.0] * D and len(set(cell.b_f)) == D
    model = SequenceModel(cell, 2, rng=0)
    bptt(model, XS, [0, 1, 1, 0])
    SGD(model.parameters(), lr=0.1).step()
    assert len({2.0, *data(cell.b_f)}) == D + 1


@pytest.mark.parametrize("k", [1, 2])
def test_forget_biases_of_the_golden_cases(k):
    given = {name: nest for name, nest in golden_or_random("lstm", None).items() if name != "b_f"}
    case = CASES[f"lstm_forget_bias_{k}"]
    cell = LSTMCell(M, D, parameters=given, **({"forget_bias": 2.0} if k == 2 else {}))
    assert data(RNN(cell)(XS).states["c"]) == pytest.approx(flat(case["states"]["c"]), **EXACT)


def test_values_given_as_parameters_are_kept():
    W = [[Value(0.1 * (i + j)) for j in range(M)] for i in range(D)]
    cell = RNNCell(M, D, parameters={"W": W}, rng=0)
    assert cell.W == W and cell.U[0][0].label == "U[0,0]"
    assert data(cell.b) == [0.0] * D


def test_a_parameter_shared_between_cells_has_the_sum_of_the_gradients():
    given = cell_of("gru", D).state_dict()
    U = [[Value(x) for x in row] for row in given["U_z"]]
    shared = StackedRNN([GRUCell(D, D, parameters=given | {"U_z": U}) for _ in range(2)])
    apart = StackedRNN([GRUCell(D, D, parameters=given) for _ in range(2)])
    xs = [[0.1, -0.2, 0.3], [0.5, 0.4, -0.1]]
    found, expected = results(shared, xs), results(apart, xs)
    assert found[0] == expected[0] and len(found[1]) == len(expected[1]) - D * D
    for i, j in itertools.product(range(D), repeat=2):
        total = expected[1][f"layers.0.cell.U_z.{i}.{j}"] + expected[1][f"layers.1.cell.U_z.{i}.{j}"]
        assert found[1][f"layers.0.cell.U_z.{i}.{j}"] == pytest.approx(total, rel=1e-14)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("init", ["uniform", "xavier", "he"])
def test_a_seed_makes_the_same_parameters_again(form, init):
    kind, options, _ = FORMS[form]
    states = [kind(M, D, init=init, rng=rng, **options).state_dict() for rng in (3, random.Random(3), 4)]
    assert states[0] == states[1] != states[2]
    drawn = flat([nest for name, nest in states[0].items() if name[0] in "WU"])
    assert len(set(drawn)) == len(drawn)  # none twice: gates do not start alike
    assert all(set(flat(nest)) <= {0.0, 1.0} for name, nest in states[0].items() if name[0] in "bV")


def test_uniform_is_between_the_roots_of_the_number_of_columns():
    cell = RNNCell(100, 25, rng=0)
    for matrix, n in ((cell.W, 100), (cell.U, 25)):
        numbers = data(matrix)
        assert 0.95 / math.sqrt(n) < max(numbers) <= 1 / math.sqrt(n) and -1 / math.sqrt(n) <= min(numbers) < -0.95 / math.sqrt(n)


MODEL = SequenceModel(cell_of("lstm"), 2, rng=0)


@pytest.mark.parametrize(
    "mistake, error, message",
    [
        (lambda: RNNCell(0, 3), ValueError, "at least one input and one unit, got 0 and 3"),
        (lambda: GRUCell(2, 0), ValueError, "at least one input and one unit, got 2 and 0"),
        (lambda: RNNCell(2, 3, "gelu"), ValueError, "tanh or sigmoid or relu units, not 'gelu'"),
        (lambda: LSTMCell(2, 3, peephole="next"), ValueError, "peephole is True, False or 'previous', not 'next'"),
        (lambda: LSTMCell(2, 3, coupled=True, forget_gate=False), ValueError, "not both"),
        (lambda: GRUCell(2, 3, init="zeros"), ValueError, "unknown init 'zeros': one of xavier, he, uniform"),
        (lambda: RNNCell(2, 3, parameters={"V": 1}), ValueError, "unknown parameters ['V']: there are W, U, b"),
        (lambda: GRUCell(2, 3, parameters={"b_hn": [0.0] * 3}), ValueError, "unknown parameters ['b_hn']"),
        (lambda: LSTMCell(2, 3, coupled=True, parameters={"b_f": [0.0] * 3}), ValueError, "unknown parameters ['b_f']"),
        (lambda: LSTMCell(2, 3, parameters={"V_i": [0.0] * 3}), ValueError, "unknown parameters ['V_i']"),
        (lambda: RNNCell(2, 3, parameters={"b": [0.0] * 2}), ValueError, "'b' needs 3 numbers or rows of numbers here, got 2"),
        (lambda: RNNCell(2, 3, parameters={"W": [[0.0] * 3] * 2}), ValueError, "'W' needs 3 numbers or rows"),
        (lambda: RNNCell(2, 3, parameters={"U": [[0.0] * 3] * 2 + [[0.0]]}), ValueError, "'U' needs 3 numbers or rows"),
        (lambda: RNNCell(2, 3, parameters={"b": ["x"] * 3}), TypeError, "real number"),
        (lambda: Readout(2, 3, parameters={"Wy": [[1.0]]}), ValueError, "'Wy' needs 3"),
        (lambda: Readout(0, 3), ValueError, "at least one"),
        (lambda: Readout(3, 0), ValueError, "at least one"),
        (lambda: StackedRNN([]), ValueError, "at least one layer"),
        (lambda: StackedRNN([RNNCell(2, 3), RNNCell(2, 3)]), ValueError, "a layer of 2 inputs cannot read one of 3 outputs"),
        (lambda: BidirectionalRNN(RNNCell(2, 3), RNNCell(3, 3)), ValueError, "the same n_in"),
        (lambda: SequenceModel(BidirectionalRNN(*[RNNCell(2, 3)] * 2), Readout(3, 2)), ValueError, "3 inputs cannot read a"),
        (lambda: MODEL([]), ValueError, "at least one input"),
        (lambda: MODEL([[1.0, 2.0, 3.0]]), ValueError, "the cell has 2 inputs, got 3"),
        (lambda: MODEL([2]), ValueError, "the input 2 is not a place from 0 to 1"),
        (lambda: MODEL([-1]), ValueError, "the input -1 is not a place from 0 to 1"),
        (lambda: MODEL(["ab"]), TypeError, "real number"),
        (lambda: MODEL(XS, {"h": [0.0] * 3, "h1": [0.0] * 3}), ValueError, "unknown initial states ['h1']: there are h, c"),
        (lambda: MODEL(XS, {"c": [0.0] * 2}), ValueError, "the initial state 'c' needs 3 units, got 2"),
        (lambda: MODEL(XS, detach_every=0), ValueError, "detach_every must be at least 1, got 0"),
        (lambda: bptt(MODEL, XS, [0] * 4, truncate=-1), ValueError, "at least 1, got -1"),
        (lambda: bptt(MODEL, XS, [0] * 3), ValueError, "4 outputs and 3 targets"),
        (lambda: bptt(MODEL, XS, [0, 1, 2, 0]), ValueError, "class 2, but the classes are 0 to 1"),
        (lambda: bptt(MODEL, XS, [0] * 4).deltas("net_z"), ValueError, "no net inputs 'net_z': one of net_i"),
        (lambda: bptt(MODEL, XS, [0] * 4).deltas("h"), ValueError, "no net inputs 'h'"),
        (lambda: rtrl(MODEL, XS, [0] * 3), ValueError, "4 inputs and 3 targets"),
        (lambda: rtrl(MODEL, [], []), ValueError, "at least one input"),
        (lambda: rtrl(MODEL, XS, [0] * 4, {"z": [0.0]}), ValueError, "unknown initial states ['z']"),
        (lambda: rtrl(MODEL, XS, [0] * 4).sensitivities("W"), ValueError, "'W'"),
        (lambda: gradient_flow(MODEL, XS, [0] * 5), ValueError, "4 outputs and 5 targets"),
    ],
)  # fmt: skip
def test_mistakes_are_told(mistake, error, message):
    with pytest.raises(error) as caught:
        mistake()
    assert message in str(caught.value)


# Clipping ------------------------------------------------------------------------------------------------------------

CLIPPING = GOLDEN["clipping"]


def clipped_case():
    """The model with the golden gradient, that gradient, and the names of the leaves."""
    model, case = build(CLIPPING["case"]), CASES[CLIPPING["case"]]
    bptt(model, case["x"], case["targets"])
    return model, case


def leaves(model, params):
    names = ("W", "U", "b") + (READOUT if params == "all" else ())
    return [leaf for name in names for leaf in parameter(model, name)]


@pytest.mark.parametrize("entry", CLIPPING["by_norm"], ids=lambda entry: f"{entry['params']}-{entry['threshold']:g}")
def test_clipping_by_norm(entry):
    model, _ = clipped_case()
    chosen = leaves(model, entry["params"])
    before = [leaf.grad for leaf in chosen]
    others = {leaf: leaf.grad for leaf in model.parameters() if leaf not in chosen}
    assert clip_grad_norm_(iter(chosen), entry["threshold"]) == pytest.approx(entry["norm"], rel=1e-14)  # the norm before
    after = [leaf.grad for leaf in chosen]
    if entry["clips_when_norm_gt_b"]:
        assert after == pytest.approx([g * entry["scale_torch"] for g in before], rel=1e-13)
        assert math.hypot(*after) == pytest.approx(entry["norm_after_torch"], rel=1e-13)
    else:
        assert after == before  # at threshold 4 too, where NNDL's printed condition enlarges the gradient
    # PyTorch divides by norm + 1e-6
    assert after == pytest.approx([x for name in entry["grads_exact"] for x in flat(entry["grads_exact"][name])], rel=1e-5)
    assert all(leaf.grad == grad for leaf, grad in others.items())


def test_the_slip_of_nndl_would_enlarge_the_gradient():
    (entry,) = [e for e in CLIPPING["by_norm"] if e["nndl_printed_condition_norm_squared_gt_b"] and not e["clips_when_norm_gt_b"]]
    assert entry["threshold"] == 4 and entry["norm_after_nndl_as_printed"] > entry["norm"]


@pytest.mark.parametrize("entry", CLIPPING["by_value"], ids=lambda entry: f"[{entry['a']},{entry['b']}]")
def test_clipping_by_value(entry):
    model, _ = clipped_case()
    before = [leaf.grad for leaf in leaves(model, "all")]
    bounds = entry["b"] if entry["a"] == -entry["b"] else (entry["a"], entry["b"])
    assert clip_grad_value_(iter(leaves(model, "all")), bounds) is None
    after = [leaf.grad for leaf in leaves(model, "all")]
    assert after == pytest.approx(flat([entry["grads"][name] for name in ("W", "U", "b", *READOUT)]), **EXACT)
    assert sum([old != new for old, new in zip(before, after)]) == entry["clipped_entries"]


@pytest.mark.parametrize("threshold", ["none", "value", "bounds", *CLIPPING["sgd_one_step"]["loss_norm_clipped"]])
def test_the_loss_after_a_step_on_a_clipped_gradient(threshold):
    golden = CLIPPING["sgd_one_step"]
    model, case = clipped_case()
    if threshold == "none":
        expected = golden["loss_unclipped"]
    elif threshold == "value":
        expected = golden["loss_value_clipped"]["[-0.3,0.3]"]
        clip_grad_value_(model.parameters(), 0.3)
    elif threshold == "bounds":
        expected = golden["loss_value_clipped"]["[-0.2,0.5]"]
        clip_grad_value_(model.parameters(), (-0.2, 0.5))
    else:
        expected = golden["loss_norm_clipped"][threshold]
        clip_grad_norm_(model.parameters(), float(threshold))
    SGD(model.parameters(), lr=golden["lr"]).step()
    # clipping by norm goes a millionth further down, as in PyTorch: the loss is as much larger, times lr * norm**2
    found = bptt(model, case["x"], case["targets"]).loss
    assert found == pytest.approx(expected, rel=1e-14 if threshold in ("none", "value", "4", "10") else 1e-7)


@pytest.mark.parametrize("clip, refused", [(clip_grad_norm_, [math.nan, math.inf, -math.inf]), (clip_grad_value_, [math.nan])])
def test_a_gradient_that_is_not_a_number_is_not_clipped(clip, refused):
    for bad in refused:
        params = [Value(0.0) for _ in range(3)]
        for leaf, grad in zip(params, (5.0, bad, -7.0)):
            leaf.grad = grad
        with pytest.raises(ValueError, match=r"(nan|inf).*nothing has been clipped"):
            clip(params, 1.0)
        assert (params[0].grad, params[2].grad) == (5.0, -7.0)


def test_an_infinite_gradient_is_clipped_by_value():
    params = [Value(0.0), Value(0.0)]
    params[0].grad, params[1].grad = math.inf, -math.inf
    clip_grad_value_(params, 2.0)
    assert [leaf.grad for leaf in params] == [2.0, -2.0]


@pytest.mark.parametrize("clip", [clip_grad_norm_, clip_grad_value_])
@pytest.mark.parametrize("threshold", [-1.0, math.nan, -math.inf, None, "1"])
def test_a_threshold_is_finite_and_not_negative(clip, threshold):
    leaf = Value(0.0)
    leaf.grad = 3.0
    with pytest.raises(ValueError, match="must be a finite number of at least 0"):
        clip([leaf], threshold)
    assert leaf.grad == 3.0
    clip([leaf], 0)
    assert leaf.grad == 0.0
    clip([], 1.0)


def test_clipping_by_norm_neither_overflows_nor_underflows():
    params = [Value(0.0), Value(0.0)]
    for size in (1e200, 1e-200):  # their squares are infinite and 0
        params[0].grad, params[1].grad = 3 * size, -4 * size
        assert clip_grad_norm_(params, 1.0) == pytest.approx(5 * size, rel=1e-15)
        expected = [0.6, -0.8] if size > 1 else [3 * size, -4 * size]
        assert [leaf.grad for leaf in params] == pytest.approx(expected, rel=1e-6, abs=0)


# How gradients flow --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["rnn", "gru", "lstm", "stacked"])
def test_gradient_flow_is_the_norm_of_the_gradient_by_each_state(form):
    network = NESTED["stacked"]() if form == "stacked" else RNN(cell_of(form))
    model, targets = SequenceModel(network, 2, rng=0), [0, 1, 1, 0]
    model.parameters()[0].grad = 7.0
    flow = gradient_flow(model, XS, targets)
    assert [p.grad for p in model.parameters()] == [7.0] + [0.0] * (len(model.parameters()) - 1)
    run, logits = model.run(XS)
    step_losses(logits, targets)[-1].backward()  # grads of interior nodes
    assert list(flow.norms) == network.state_names()
    for name, norms in flow.norms.items():
        assert norms == pytest.approx([math.hypot(*[unit.grad for unit in units]) for units in run.states[name]], rel=1e-13)
    assert flow.norms["h" if form != "stacked" else "h1"][0] > 0


@pytest.mark.parametrize("scale", [0.25, 3.0], ids=["vanishing", "exploding"])
def test_gradients_vanish_or_explode_with_the_size_of_u(scale):
    """At z = 0 the slope of tanh is 1: the norm at t is scale**(T - t) of that at T."""
    U = [[scale * (i == j) for j in range(D)] for i in range(D)]
    model = SequenceModel(RNNCell(M, D, parameters={"U": U}, rng=0), 2, rng=0)
    norms = gradient_flow(model, [[0.0, 0.0]] * 20, [1] * 20).norms["h"]
    assert norms == pytest.approx([norms[-1] * scale ** (20 - t) for t in range(1, 21)], rel=1e-13)
    assert norms == sorted(norms, reverse=scale > 1) and not 1e-9 < norms[0] / norms[-1] < 1e9


def test_an_lstm_that_forgets_nothing_keeps_the_gradient_of_its_cell():
    """The constant error carousel: with the forget gate at 1 and no recurrence through h, dL_T/dc_t is the same at every t."""
    given = {f"U_{gate}": [[0.0] * D] * D for gate in "ioc"}
    model = SequenceModel(LSTMCell(M, D, forget_gate=False, parameters=given, rng=0), 2, rng=0)
    norms = gradient_flow(model, [[0.1, 0.2]] * 50, [1] * 50).norms["c"]
    assert norms == pytest.approx([norms[-1]] * 50, rel=1e-13) and norms[-1] > 0.01


def test_gradient_flow_as_text():
    flow = gradient_flow(MODEL, XS, [0, 1, 1, 0])
    head, *rows = [line.split() for line in str(flow).split("\n")]
    assert head == ["t", "|dL_T/dh_t|", "|dL_T/dc_t|"]
    assert [int(row[0]) for row in rows] == [1, 2, 3, 4]
    for row, h, c in zip(rows, flow.norms["h"], flow.norms["c"], strict=True):
        assert [float(x) for x in row[1:]] == pytest.approx([h, c], rel=1e-5)
    assert len({len(line) for line in str(flow).split("\n")}) == 1  # aligned


def test_gradient_flow_as_a_plot():
    matplotlib = pytest.importorskip("matplotlib", reason="the plot is drawn by it")
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    flow = gradient_flow(MODEL, XS, [0, 1, 1, 0])
    _, given = plt.subplots()
    assert flow.plot(given) is given
    ax = flow.plot()
    assert ax is not given
    for axes in (ax, given):
        assert [line.get_label() for line in axes.get_lines()] == ["|dL_T/dh_t|", "|dL_T/dc_t|"]
        for line, norms in zip(axes.get_lines(), flow.norms.values()):
            assert (list(line.get_xdata()), list(line.get_ydata())) == ([1, 2, 3, 4], norms)
        assert (axes.get_yscale(), axes.get_xlabel(), bool(axes.get_ylabel())) == ("log", "t", True)
        assert axes.get_legend() is not None
    flow.norms["h"][0] = 0.0  # has no logarithm
    assert flow.plot().get_yscale() == "linear"
    plt.close("all")


# BPTT and RTRL on other networks -------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [form for form in FORMS if form != "gru, reset after"])
def test_deltas_of_any_net_make_the_gradients(form):
    """dL/db = the sum of the deltas, dL/dW = that of delta x, dL/dU = that of delta h' (NNDL 6.38 to 6.41), for any gate."""
    cell = cell_of(form)
    found = bptt(SequenceModel(cell, 2, rng=0), XS, [0, 1, 1, 0])
    for net in [name for name in found.run.states if name.startswith("net_") or (name == "z" and form.startswith("rnn"))]:
        suffix = net.removeprefix("net") if net != "z" else ""
        table = found.deltas(net)
        assert list(table) == [(t, k) for t in range(1, 5) for k in range(1, t + 1)]
        before = [[0.0] * D] + [[unit.data for unit in units] for units in found.run.states["h"][:-1]]
        if suffix == "_h":
            before = [[r.data * h for r, h in zip(rs, hs)] for rs, hs in zip(found.run.states["r"], before)]
        for j in range(D):
            deltas = [(k, delta[j]) for (t, k), delta in table.items()]
            close = dict(rel=1e-12, abs=1e-15)
            assert found.gradients[f"network.cell.b{suffix}.{j}"] == pytest.approx(math.fsum([d for _, d in deltas]), **close)
            for i in range(M):
                total = math.fsum([d * XS[k - 1][i] for k, d in deltas])
                assert found.gradients[f"network.cell.W{suffix}.{j}.{i}"] == pytest.approx(total, **close)
            for i in range(D):
                total = math.fsum([d * before[k - 1][i] for k, d in deltas])
                assert found.gradients[f"network.cell.U{suffix}.{j}.{i}"] == pytest.approx(total, **close)


def test_deltas_of_a_way_back_make_its_gradient():
    """Read backward, a step's loss depends on the nets at that time and after: delta_{t,k} with k >= t."""
    model = SequenceModel(BidirectionalRNN(cell_of("rnn"), cell_of("rnn", rng=1)), 2, rng=0)
    found = bptt(model, XS, [0, 1, 1, 0])
    for net, layer in (("z1", "forward_layer"), ("z2", "backward_layer")):
        for j in range(D):
            total = math.fsum([delta[j] for delta in found.deltas(net).values()])
            assert found.gradients[f"network.{layer}.cell.b.{j}"] == pytest.approx(total, rel=1e-12), net


def test_bptt_sets_the_grads_anew():
    model = SequenceModel(cell_of("gru"), 2, rng=0)
    first, second = (bptt(model, XS, [0, 1, 1, 0]) for _ in range(2))
    assert first.gradients == second.gradients == {name: p.grad for name, p in model.named_parameters()}
    assert first.loss == pytest.approx(math.fsum([loss.data for loss in first.step_losses]), rel=1e-15)


DEEP = {
    "gru, gru": lambda: [cell_of("gru"), cell_of("gru", D, 2, rng=1)],
    "lstm, lstm": lambda: [cell_of("lstm"), cell_of("lstm", D, 2, rng=1)],
    "gru, reset after; lstm, peephole": lambda: [cell_of("gru, reset after"), cell_of("lstm, peephole", D, 2, rng=1)],
}


@pytest.mark.parametrize("name", DEEP)
def test_rtrl_equals_bptt_on_random_stacks(name):
    T, rng = 30, random.Random(0)
    model = SequenceModel(StackedRNN(DEEP[name]()), 2, rng=2)
    xs, targets = [[rng.gauss(0, 1) for _ in range(M)] for _ in range(T)], [rng.randrange(2) for _ in range(T)]
    initial = {name: [rng.gauss(0, 1) for _ in range(3 if name[-1] == "1" else 2)] for name in model.network.state_names()}
    back, ahead = bptt(model, xs, targets, initial), rtrl(model, xs, targets, initial)
    assert (ahead.t, ahead.loss) == (T, pytest.approx(back.loss, rel=1e-13))
    # of numbers up to 10, sums over 30 steps in another order
    assert ahead.gradients == pytest.approx(back.gradients, rel=1e-12, abs=1e-13)
    assert ahead.states == {state: pytest.approx(data(back.run.states[state][-1]), rel=1e-13) for state in initial}


def test_rtrl_leaves_the_grads():
    model = SequenceModel(cell_of("gru"), 2, rng=0)
    model.parameters()[0].grad = 7.0
    rtrl(model, XS, [0, 1, 1, 0])
    assert [p.grad for p in model.parameters()] == [7.0] + [0.0] * (len(model.parameters()) - 1)


def test_sensitivities_are_the_derivatives_of_the_states():
    model = SequenceModel(cell_of("lstm"), 2, rng=0)
    ahead, run = rtrl(model, XS, [0, 1, 1, 0]), model.run(XS)[0]
    for state in ("h", "c"):
        for j, unit in enumerate(run.states[state][-1]):
            derivatives = gradient(unit, model.parameters())
            for (name, _), derivative in zip(model.named_parameters(), derivatives):
                assert ahead.sensitivities(name, state)[j] == pytest.approx(derivative.item(), rel=1e-12, abs=1e-15)


def test_rtrl_is_online_and_its_memory_does_not_grow():
    """The examples have no end; as much is kept after 300 steps as after 30, where a graph would be 10 times as large."""
    model = SequenceModel(StackedRNN([cell_of("gru", 2, 2), cell_of("lstm", 2, 2)]), 2, rng=0)
    read = itertools.count(1)
    steps = rtrl_steps(model, ((t % 2, t // 2 % 2) for t in read))
    kept = {}
    tracemalloc.start()
    try:
        for t in range(1, 301):
            found = next(steps)
            if t in (30, 300):
                kept[t] = tracemalloc.get_traced_memory()[0]
            assert found.t == t
    finally:
        tracemalloc.stop()
    assert next(read) == 301  # one example a step, none ahead
    # a step's graph of a hundred nodes takes over 10,000 bytes, and 270 of them 3 million
    assert kept[300] - kept[30] < 100_000


def test_parameters_may_change_while_rtrl_goes_on():
    """Online learning: each step's gradient is used at once, and the loss falls."""
    model = SequenceModel(RNNCell(2, 3, rng=0), 2, rng=0)
    optimizer, before, losses = SGD(model.parameters(), lr=0.3), dict.fromkeys(dict(model.named_parameters()), 0.0), []
    total = 0.0
    for found in rtrl_steps(model, ((t % 2, (t + 1) % 2) for t in range(200))):
        for name, leaf in model.named_parameters():
            leaf.grad = found.gradients[name] - before[name]
        losses.append(found.loss - total)
        before, total = found.gradients, found.loss
        optimizer.step()
    assert math.fsum(losses[:10]) > 2 and math.fsum(losses[-10:]) < 0.5


@pytest.mark.parametrize("name", ["bidirectional", "stack of bidirectional", "bidirectional of stacks"])
def test_rtrl_refuses_what_reads_backward(name):
    model = SequenceModel(NESTED[name](), 2, rng=0)
    with pytest.raises(TypeError, match="reads its sequence backward"):
        rtrl(model, XS, [0, 1, 1, 0])


def test_a_cell_of_ones_own_is_unrolled_stacked_and_learned():
    """A cell needs `shapes` and `forward`: here, a leaky integrator."""

    class Leaky(RNNCell):
        def forward(self, x, state, t=1, layer=""):
            found = super().forward(x, state, t, layer)
            return found | {"h": [0.9 * old + 0.1 * new for old, new in zip(state["h"], found["h"])]}

    model = SequenceModel(StackedRNN([Leaky(M, D, rng=0), Leaky(D, D, rng=1)]), 2, rng=0)
    back, ahead = bptt(model, XS, [0, 1, 1, 0]), rtrl(model, XS, [0, 1, 1, 0])
    assert ahead.gradients == pytest.approx(back.gradients, rel=1e-12, abs=1e-15)


def test_a_cell_starts_from_0_unless_given_a_state():
    cell = LSTMCell(2, 3, rng=0)
    zeros = {"h": [Value(0.0)] * 3, "c": [Value(0.0)] * 3}
    assert [unit.data for unit in cell([1.0, 2.0])["h"]] == [unit.data for unit in cell([1.0, 2.0], zeros)["h"]]


@pytest.mark.parametrize(
    ("mistake", "message"),
    [
        (lambda: RNNCell(2, 3)([1.0, 0.0], [0.0] * 3), "a state is a dict"),
        (lambda: RNN(RNNCell(2, 3))([[1.0, 0.0]], [0.0] * 3), "initial states are a dict"),
        (lambda: RNN(RNNCell(2, 3))([[1.0, 0.0]], {"h": 0.0}), "'h' is a list of units"),
        (lambda: RNN(RNNCell(2, 3))([0.5]), "the inputs are a list of numbers or Values, got 0.5"),
        (lambda: bptt(LSTMCell(2, 3), [0], [0]), "needs a SequenceModel, .* got a LSTMCell"),
        (lambda: rtrl(LSTMCell(2, 3), [0], [0]), "needs a SequenceModel"),
        (lambda: gradient_flow(LSTMCell(2, 3), [0], [0]), "needs a SequenceModel"),
    ],
)
def test_things_of_another_kind_are_named(mistake, message):
    with pytest.raises(TypeError, match=message):
        mistake()


def test_an_int_is_not_the_value_of_a_single_input():
    with pytest.raises(ValueError, match=r"give the one input as \[0\]"):
        RNN(RNNCell(1, 2))([0])
