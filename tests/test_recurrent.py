"""Recurrent networks: every state and gradient of the 17 golden cases, and how the forms reduce to each other."""

import pytest
from golden import GOLDEN, flat

from autograd_lite import Value
from nn import bptt, rtrl, rtrl_steps, sequence_cross_entropy
from nn.recurrent import BidirectionalRNN, GRUCell, LSTMCell, Readout, RNN, RNNCell, SequenceModel, StackedRNN

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
    expected = {
        (int(t[2:]), int(k[2:])): delta for t, row in golden["delta_t_k"].items() for k, delta in row.items()
    }
    assert table.keys() == expected.keys()
    for key, delta in expected.items():
        assert table[key] == pytest.approx(delta, **EXACT), key
    for k, total in golden["delta_accumulated_over_t"].items():
        assert [unit.grad for unit in found.run.states["z"][int(k[2:]) - 1]] == pytest.approx(total, **EXACT)
