"""Parameters to and from PyTorch: outputs and gradients of its modules, recorded (data/torch_recurrent.json), are ours."""

import copy
import json
import math
import runpy
from functools import partial
from pathlib import Path

import pytest
from golden import flat

from autograd_lite import Value, sum_
from nn import (
    MLP,
    RNN,
    BidirectionalRNN,
    GRUCell,
    Layer,
    LSTMCell,
    Module,
    Readout,
    RNNCell,
    SequenceModel,
    StackedRNN,
    bptt,
    last_cross_entropy,
    rtrl,
)
from nn.exchange.pytorch import from_torch_state_dict, to_torch_state_dict

DATA = Path(__file__).parent.parent.parent / "data"
CASES = json.loads((DATA / "torch_recurrent.json").read_text(encoding="utf-8"))["cases"]
CELLS = {
    "RNN": RNNCell,
    "GRU": lambda n_in, n_hidden, **options: GRUCell(n_in, n_hidden, reset_after=True, **options),
    "LSTM": LSTMCell,
}
N_IN, N_HIDDEN = 2, 3
# Sums of up to 100 terms of size 0.1 to 10, in another order
CLOSE = dict(rel=1e-12, abs=1e-12)


def build(case, rng=0):
    """Our twin of a recorded case, with other parameters."""
    if "sizes" in case:
        return MLP(case["sizes"], case["activation"], None, rng=rng)
    if "deep" in case:
        transition = MLP([N_HIDDEN, 5, N_HIDDEN], "tanh", "tanh", rng=rng)
        cell = CELLS[case["deep"]](N_HIDDEN, N_HIDDEN, transition=transition, rng=rng)
        encoder, readout = MLP([N_IN, 4, N_HIDDEN], "tanh", "tanh", rng=rng), MLP([N_HIDDEN, 4, 2], "tanh", None, rng=rng)
        return SequenceModel(cell, readout, encoder=encoder)
    options = {"bias": case.get("bias", True)} | ({"activation": case["nonlinearity"]} if "nonlinearity" in case else {})
    cell = partial(CELLS[case["kind"]], **options)
    layers, n_in = [], N_IN
    for k in range(case["layers"]):
        ways = [RNN(cell(n_in, N_HIDDEN, rng=rng + 2 * k + way)) for way in range(1 + case["bidirectional"])]
        layers.append(BidirectionalRNN(*ways) if case["bidirectional"] else ways[0])
        n_in = layers[-1].n_out
    network = StackedRNN(layers) if len(layers) > 1 else layers[0]
    return SequenceModel(network, case["readout"], rng=rng) if case["readout"] else network


def computed(model, case):
    """The outputs of a case, and the Values of its inputs and of its initial states, by their names here."""
    if "sizes" in case:
        x = [Value(number) for number in case["x"]]
        return model(x), x, {}
    network = model.network if isinstance(model, SequenceModel) else model
    names = {kind: [name for name in network.state_names() if name[0] == kind] for kind in case["initial"]}
    initial = {
        name: [Value(number) for number in row] for kind, rows in case["initial"].items() for name, row in zip(names[kind], rows)
    }
    x = [[Value(number) for number in row] for row in case["x"]]
    given = x + [None] * case.get("silent", 0)
    outputs = model(given, initial) if isinstance(model, SequenceModel) else model(given, initial).outputs
    return outputs, x, initial


@pytest.mark.parametrize("name", CASES)
def test_outputs_and_gradients_are_those_of_pytorch(name):
    case = CASES[name]
    model = build(case)
    from_torch_state_dict(model, case["state"])
    outputs, x, initial = computed(model, case)
    assert [unit.data for unit in flat(outputs)] == pytest.approx(flat(case["outputs"]), **CLOSE)
    sum_([unit**2 for unit in flat(outputs)]).backward()
    assert [unit.grad for unit in flat(x)] == pytest.approx(flat(case["grad_x"]), **CLOSE)
    grad_initial = [unit.grad for kind in case["grad_initial"] for key in initial if key[0] == kind for unit in initial[key]]
    assert grad_initial == pytest.approx(flat(list(case["grad_initial"].values())), **CLOSE)
    check_gradients(model, name, case["grads"])


def check_gradients(model, name, grads):
    """The grads of the parameters, in PyTorch's layout."""
    for parameter in model.parameters():
        parameter.data = parameter.grad
    found = to_torch_state_dict(model)
    assert found.keys() == grads.keys()
    for key, expected in grads.items():
        if "bias_hh" in key:  # one bias has the gradient of both; that of a GRU's candidate stands apart
            kept = N_HIDDEN if "GRU" in name else 0
            rest = len(expected) - kept
            assert found[key] == pytest.approx([0.0] * rest + expected[rest:], **CLOSE), key
        else:
            assert flat(found[key]) == pytest.approx(flat(expected), **CLOSE), key


@pytest.mark.parametrize("name", [name for name in CASES if "deep" in name])
def test_the_last_steps_loss_alone_is_that_of_pytorch(name):
    case = CASES[name]
    model = build(case)
    from_torch_state_dict(model, case["state"])
    initial = {kind: rows[0] for kind, rows in case["initial"].items()}
    ahead = rtrl(model, case["x"], 1, initial, loss=last_cross_entropy)
    back = bptt(model, case["x"], 1, initial, loss=last_cross_entropy)
    assert back.loss == pytest.approx(case["last"]["loss"], **CLOSE) and ahead.loss == pytest.approx(back.loss, rel=1e-14)
    assert ahead.gradients == pytest.approx(back.gradients, **CLOSE)
    check_gradients(model, name, case["last"]["grads"])


@pytest.mark.parametrize("name", CASES)
def test_written_parameters_are_those_read_but_for_the_second_bias(name):
    state = CASES[name]["state"]
    model, other = build(CASES[name]), build(CASES[name], rng=50)
    from_torch_state_dict(model, state)
    written = to_torch_state_dict(model)
    assert written.keys() == state.keys()
    for key, expected in state.items():
        if "bias_ih" in key:  # the sum of both, but for the candidate of a GRU: its rows are the last
            second, summed = key.replace("_ih", "_hh"), len(expected) * 2 // 3 if "GRU" in name else len(expected)
            assert written[key] == [x + y * (i < summed) for i, (x, y) in enumerate(zip(expected, state[second]))]
            assert written[second] == [0.0] * summed + state[second][summed:]
        elif "bias_hh" not in key:
            assert written[key] == expected
    from_torch_state_dict(other, written)
    assert other.state_dict() == model.state_dict()


@pytest.mark.parametrize("name", ["GRU_2_bidirectional_readout", "two_linears"])
def test_arrays_are_read_like_lists(name):
    np = pytest.importorskip("numpy", reason="arrays are NumPy's")
    model, other = build(CASES[name]), build(CASES[name], rng=50)
    from_torch_state_dict(model, CASES[name]["state"])
    from_torch_state_dict(other, {key: np.array(entry) for key, entry in CASES[name]["state"].items()})
    assert other.state_dict() == model.state_dict()


def test_one_layer_in_a_stack_is_that_layer():
    alone, stacked = RNN(LSTMCell(2, 3, rng=0)), StackedRNN([LSTMCell(2, 3, rng=0)])
    assert to_torch_state_dict(stacked) == to_torch_state_dict(alone)


def test_all_problems_are_listed_and_nothing_is_changed():
    model, state = build(CASES["LSTM_1_readout"]), copy.deepcopy(CASES["LSTM_1_readout"]["state"])
    before = model.state_dict()
    del state["rnn.bias_hh_l0"]
    state["rnn.weight_ih_l0"].pop()
    state |= {"rnn.weight_ih_l1": [[1.0]], "readout.bias": 2.0}
    with pytest.raises(ValueError) as caught:
        from_torch_state_dict(model, state)
    for problem in (
        "missing 'rnn.bias_hh_l0'",
        "unexpected 'rnn.weight_ih_l1'",
        "'rnn.weight_ih_l0' has shape (11, 2), not (12, 2)",
        "'readout.bias' has shape (), not (4,)",
        "SequenceModel",
    ):
        assert problem in str(caught.value)
    assert model.state_dict() == before


@pytest.mark.parametrize(
    "key, entry",
    [
        ("bias_ih_l0", [1.0, 2.0, math.nan]),
        ("bias_hh_l0", [1.0, 2.0, math.inf]),
        ("bias_ih_l0", [1.0, None, 2.0]),
        ("bias_ih_l0", [1.0, "2", 3.0]),
        ("bias_ih_l0", [1.0, [2.0], 3.0]),
        ("bias_ih_l0", "abc"),
        ("bias_ih_l0", None),
        ("weight_ih_l0", [[1.0, 2.0], [3.0], [4.0, 5.0]]),
        ("weight_ih_l0", [[1.0, 2.0], 3.0, [4.0, 5.0]]),
        ("weight_ih_l0", [[1.0, 2.0], [3.0, "4"], [4.0, 5.0]]),
        ("weight_hh_l0", [[1.0, 2.0], [3.0, 4.0], [4.0, 5.0]]),
    ],
)
def test_an_entry_that_does_not_fit_is_refused_and_nothing_changed(key, entry):
    model = build(CASES["RNN_1"])
    before = model.state_dict()
    with pytest.raises(ValueError, match="do not fit this RNN"):
        from_torch_state_dict(model, CASES["RNN_1"]["state"] | {key: entry})
    assert model.state_dict() == before


def rnn(n_in=2, n_hidden=3):
    return RNNCell(n_in, n_hidden, rng=0)


NO_TWIN = {
    "sigmoid RNN": lambda: RNN(RNNCell(2, 3, "sigmoid")),
    "GRU of NNDL": lambda: RNN(GRUCell(2, 3)),
    "GRU of Ng": lambda: RNN(GRUCell(2, 3, reset_after=True, update_on_candidate=True)),
    "peephole": lambda: RNN(LSTMCell(2, 3, peephole=True)),
    "peephole, previous": lambda: RNN(LSTMCell(2, 3, peephole="previous")),
    "coupled": lambda: RNN(LSTMCell(2, 3, coupled=True)),
    "no forget gate": lambda: RNN(LSTMCell(2, 3, forget_gate=False)),
    "in a stack": lambda: StackedRNN([rnn(), RNNCell(3, 3, "sigmoid")]),
    "in one direction": lambda: BidirectionalRNN(rnn(), RNNCell(2, 3, "sigmoid")),
    "in a model": lambda: SequenceModel(GRUCell(2, 3), 2),
    "stacks in both directions": lambda: BidirectionalRNN(StackedRNN([rnn()]), StackedRNN([rnn()])),
    "stack in a stack": lambda: StackedRNN([StackedRNN([rnn()]), rnn(3)]),
    "shared bias": lambda: MLP([2, 3], shared_bias=True),
    "a cell": lambda: rnn(),
    "a readout": lambda: Readout(2, 3),
    "a module": lambda: Module(),
    "deep cells in a stack": lambda: StackedRNN([RNNCell(2, 3, transition=Layer(3, 3)), rnn(3)]),
    "deep cell of NNDL": lambda: RNN(GRUCell(2, 3, transition=Layer(3, 3))),
    "encoder of ones own": lambda: SequenceModel(rnn(), 2, encoder=Module()),
    "encoder with a shared bias": lambda: SequenceModel(rnn(), 2, encoder=Layer(2, 2, shared_bias=True)),
    # nn.RNN, nn.GRU and nn.LSTM have one kind of cell, one number of units, and layers all in one direction or all in both
    "layers of two kinds": lambda: StackedRNN([rnn(), LSTMCell(3, 3)]),
    "directions of two kinds": lambda: BidirectionalRNN(rnn(), LSTMCell(2, 3)),
    "layers of two widths": lambda: StackedRNN([rnn(), rnn(3, 4)]),
    "directions of two widths": lambda: BidirectionalRNN(rnn(), rnn(2, 4)),
    "one direction above both": lambda: StackedRNN([BidirectionalRNN(rnn(), rnn()), rnn(6)]),
    "one cell in two layers": lambda: StackedRNN([rnn(3)] * 2),
    "one cell in both directions": lambda: BidirectionalRNN(*[rnn()] * 2),
}


@pytest.mark.parametrize("kind", NO_TWIN)
def test_a_model_without_a_twin_is_refused(kind):
    model = NO_TWIN[kind]()
    with pytest.raises(ValueError, match="PyTorch has no"):
        to_torch_state_dict(model)
    with pytest.raises(ValueError, match="PyTorch has no"):
        from_torch_state_dict(model, {})


@pytest.mark.parametrize("name", CASES)
def test_pytorch_loads_what_is_written_and_computes_the_same(name):
    torch = pytest.importorskip("torch", reason="compares with PyTorch live; the record above needs none")
    case = CASES[name]
    model = build(case, rng=7)
    if "sizes" in case:
        activation = getattr(torch.nn, case["activation"].capitalize())
        linears = [torch.nn.Linear(n_in, n_out) for n_in, n_out in zip(case["sizes"], case["sizes"][1:])]
        layers = [part for linear in linears for part in (linear, activation())]
        module = twin = torch.nn.Sequential(*layers[:-1])
    elif "deep" in case:
        module = twin = runpy.run_path(str(DATA / "record_torch_recurrent.py"))["Deep"](case["deep"])
    else:
        options = {name: case[name] for name in ("bias", "nonlinearity") if name in case}
        twin = getattr(torch.nn, case["kind"])(N_IN, N_HIDDEN, case["layers"], bidirectional=case["bidirectional"], **options)
    readout = torch.nn.Linear(N_HIDDEN * (1 + case["bidirectional"]), case["readout"]) if case.get("readout") else None
    if "sizes" not in case and "deep" not in case:
        module = torch.nn.ModuleDict({"rnn": twin, "readout": readout}) if readout else twin
    module.double().load_state_dict({key: torch.tensor(x, dtype=torch.float64) for key, x in to_torch_state_dict(model).items()})
    x = torch.tensor(case["x"] + [[0.0] * N_IN] * case.get("silent", 0), dtype=torch.float64)
    rows = [row[0] if "deep" in case else row for row in case["initial"].values()]
    initial = [torch.tensor(row, dtype=torch.float64) for row in rows]
    theirs = twin(x, tuple(initial) if len(initial) > 1 else initial[0]) if initial else twin(x)
    theirs = theirs[0] if isinstance(theirs, tuple) else theirs
    theirs = readout(theirs) if readout else theirs
    ours = computed(model, case)[0]
    assert [unit.data for unit in flat(ours)] == pytest.approx(flat(theirs.tolist()), **CLOSE)
    from_torch_state_dict(model, module.state_dict())  # tensors
    assert [unit.data for unit in flat(computed(model, case)[0])] == [unit.data for unit in flat(ours)]
