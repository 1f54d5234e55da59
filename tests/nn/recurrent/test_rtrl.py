"""Real-time recurrent learning: forward in time, the gradients of backpropagation through time."""

import itertools
import math
import random
import sys
import tracemalloc

import pytest
from golden import GOLDEN, flat
from recurrent_cases import (
    CASES,
    EXACT,
    NESTED,
    XS,
    D,
    M,
    build,
    cell_of,
    data,
    parameter,
)

from autograd_lite import gradient, topological_order
from autograd_lite.backprop import contributions
from nn import SGD, bptt, rtrl, rtrl_steps, sequence_cross_entropy
from nn.recurrent import RNNCell, SequenceModel, StackedRNN


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


def test_each_edge_of_a_step_is_passed_back_once(monkeypatch):
    """From each unit to the state before, and from the loss to the units: not from the loss through all of it."""
    passed = []

    def counted(node, **rules):
        passed.extend(contributions(node, **rules))
        return contributions(node, **rules)

    monkeypatch.setattr(sys.modules["nn.recurrent.rtrl"], "contributions", counted)
    model = SequenceModel(RNNCell(2, 3, rng=0), 2, rng=0)
    rtrl(model, [0], [1])
    loss = sequence_cross_entropy(model([0]), [1])
    assert len(passed) == sum(len(node.parents) for node in topological_order(loss))
