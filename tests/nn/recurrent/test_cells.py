"""Cells: every state and gradient of the golden cases, how the forms reduce to each other, inputs and parameters."""

import itertools
import math
import random

import pytest
from golden import flat
from recurrent_cases import (
    CASES,
    EXACT,
    FORMS,
    XS,
    D,
    M,
    build,
    cell_of,
    data,
    golden_or_random,
    parameter,
    reset_gate,
    results,
    same,
)

from autograd_lite import Value
from nn import SGD, bptt, gradient_flow, rtrl, sequence_cross_entropy
from nn.recurrent import RNN, BidirectionalRNN, GRUCell, LSTMCell, Readout, RNNCell, SequenceModel, StackedRNN


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
                gates, after = reset_gate(step), getattr(cell, "reset_after", False)
                reset = [node for node in net.parents if node.parents and node not in gates]
                weights, states = ([*cell.W_h[j], cell.b_h[j], gates[j]], reset) if after else (weights, reset)
                assert len(reset) == (1 if after else D)
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
        (lambda: RNNCell(0, 3), ValueError, "a cell needs at least one input, got 0"),
        (lambda: GRUCell(2, 0), ValueError, "a cell needs at least one unit, got 0"),
        (lambda: RNNCell(2, 3, "gelu"), ValueError, "tanh or sigmoid or relu units, not 'gelu'"),
        (lambda: LSTMCell(2, 3, peephole="next"), ValueError, "peephole is True, False or 'previous', not 'next'"),
        (lambda: LSTMCell(2, 3, coupled=True, forget_gate=False), ValueError, "not both"),
        (lambda: LSTMCell(2, 3, forget_bias=2.0, bias=False), ValueError, "without bias has no forget_bias, got 2.0"),
        (lambda: RNNCell(2, 3, bias=False, parameters={"b": [0.0] * 3}), ValueError, "unknown parameters ['b']: there are W, U"),
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
