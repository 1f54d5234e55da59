"""Models of the golden cases, cells of every form and networks of them, for the tests of this folder and others."""

import math
import random

import pytest
from golden import GOLDEN, flat

from autograd_lite import sum_
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


M, D = 2, 3
XS = CASES["lstm"]["x"]
# Every form of cell: the class and its options, and the names of what it computes
FORMS = {
    "rnn": (RNNCell, {}, "z h"),
    "rnn, sigmoid": (RNNCell, {"activation": "sigmoid"}, "z h"),
    "rnn, relu": (RNNCell, {"activation": "relu"}, "z h"),
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


def reset_gate(states):
    """Of a cell that resets the state before the candidate, the gate that does: r, or where another gate does it too, f."""
    return states["r" if "r" in states else "f"]
