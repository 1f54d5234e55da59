"""Writes torch_recurrent.json: networks of random parameters, their outputs and gradients as PyTorch computes them in float64.

Run by hand, with torch installed, when a case is added: ``python tests/data/record_torch_recurrent.py``. The tests read the
record and need no torch. Numbers are written by `repr`, so that they are read back as the same floats.
"""

import json
import re
from itertools import pairwise
from pathlib import Path

import torch
from torch import nn

N_IN, N_HIDDEN, T = 2, 3, 4


class Tagger(nn.Module):
    """A recurrent network with a linear readout at every time step."""

    def __init__(self, rnn, n_out):
        super().__init__()
        width = rnn.hidden_size * (1 + rnn.bidirectional)
        self.rnn, self.readout = rnn, nn.Linear(width, n_out)

    def forward(self, x, initial):
        return self.readout(self.rnn(x, initial)[0])


class Deep(nn.Module):
    """A recurrent network with layers within a time step: between input and state, from state to state, and to the output."""

    def __init__(self, kind):
        super().__init__()
        self.encoder = sequential([N_IN, 4, N_HIDDEN])
        self.rnn = nn.ModuleDict({"cell": getattr(nn, f"{kind}Cell")(N_HIDDEN, N_HIDDEN)})
        self.rnn["transition"] = sequential([N_HIDDEN, 5, N_HIDDEN])
        self.readout = sequential([N_HIDDEN, 4, 2])[:-1]

    def forward(self, x, initial):
        state, outputs = initial, []
        for step in self.encoder(x):
            after = self.rnn["cell"](step, state)
            h, *rest = after if isinstance(after, tuple) else [after]
            h = self.rnn["transition"](h)
            state = (h, *rest) if rest else h
            outputs.append(self.readout(h))
        return torch.stack(outputs)


def sequential(sizes):
    return nn.Sequential(*[part for n_in, n_out in pairwise(sizes) for part in (nn.Linear(n_in, n_out), nn.Tanh())])


def deep(kind):
    """The case of such a network; and the gradients of the last step's cross-entropy alone, for class 1."""
    model = Deep(kind).double()
    initial = {name: torch.randn(N_HIDDEN, requires_grad=True) for name in ("h", "c") if name == "h" or kind == "LSTM"}
    given = tuple(initial.values()) if kind == "LSTM" else initial["h"]
    x = torch.randn(T, N_IN, requires_grad=True)
    loss = nn.functional.cross_entropy(model(x, given)[-1], torch.tensor(1))
    loss.backward()
    last = {"loss": loss.item(), "grads": {name: parameter.grad.tolist() for name, parameter in model.named_parameters()}}
    for tensor in (*model.parameters(), x, *initial.values()):
        tensor.grad = None
    case = recorded({"deep": kind, "last": last}, model, x, model(x, given), initial)
    for key in ("initial", "grad_initial"):
        case[key] = {name: [row] for name, row in case[key].items()}
    return case


def one_to_many(kind):
    """The case of a sequence from one input: the others are 0."""
    rnn = getattr(nn, kind)(N_IN, N_HIDDEN, dtype=torch.float64)
    x = torch.randn(1, N_IN, requires_grad=True)
    outputs = rnn(torch.cat([x, torch.zeros(T - 1, N_IN)]))[0]
    case = {"kind": kind, "layers": 1, "bidirectional": False, "readout": 0, "silent": T - 1}
    return recorded(case, rnn, x, outputs, {})


def recurrent(kind, layers, both, readout=0, **options):
    """The case of an nn.RNN, nn.GRU or nn.LSTM, with a readout of so many outputs if there is one, and initial states."""
    rnn = getattr(nn, kind)(N_IN, N_HIDDEN, num_layers=layers, bidirectional=both, dtype=torch.float64, **options)
    model = Tagger(rnn, readout).double() if readout else rnn
    case = {"kind": kind, "layers": layers, "bidirectional": both, "readout": readout, **options}
    shape = (layers * (1 + both), N_HIDDEN)
    initial = {name: torch.randn(shape, requires_grad=True) for name in ("h", "c") if name == "h" or kind == "LSTM"}
    x = torch.randn(T, N_IN, requires_grad=True)
    given = tuple(initial.values()) if kind == "LSTM" else initial["h"]
    outputs = model(x, given) if readout else model(x, given)[0]
    return recorded(case, model, x, outputs, initial)


def perceptron(sizes, activation):
    """The case of an nn.Sequential of nn.Linear, with an activation between two of them."""
    layers = []
    for n_in, n_out in pairwise(sizes):
        layers += [nn.Linear(n_in, n_out), getattr(nn, activation)()]
    model = nn.Sequential(*layers[:-1]).double()
    x = torch.randn(sizes[0], requires_grad=True)
    return recorded({"sizes": sizes, "activation": activation.lower()}, model, x, model(x), {})


def recorded(case, model, x, outputs, initial):
    """The case with its numbers: the loss is the sum of the squares of the outputs."""
    (outputs**2).sum().backward()
    return case | {
        "state": {name: tensor.tolist() for name, tensor in model.state_dict().items()},
        "x": x.tolist(),
        "initial": {name: tensor.tolist() for name, tensor in initial.items()},
        "outputs": outputs.tolist(),
        "grads": {name: parameter.grad.tolist() for name, parameter in model.named_parameters()},
        "grad_x": x.grad.tolist(),
        "grad_initial": {name: tensor.grad.tolist() for name, tensor in initial.items()},
    }


def main():
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    torch.manual_seed(20240607)
    cases = {
        f"{kind}_{layers}{'_bidirectional' * both}": recurrent(kind, layers, both)
        for kind in ("RNN", "GRU", "LSTM")
        for layers in (1, 2)
        for both in (False, True)
    }
    cases |= {
        "RNN_1_readout": recurrent("RNN", 1, False, 3),
        "GRU_2_bidirectional_readout": recurrent("GRU", 2, True, 2),
        "LSTM_1_readout": recurrent("LSTM", 1, False, 4),
        "linear": perceptron([3, 2], "Tanh"),
        "two_linears": perceptron([2, 3, 2], "Tanh"),
        "three_linears": perceptron([2, 4, 3, 1], "Sigmoid"),
        "RNN_2_relu": recurrent("RNN", 2, False, nonlinearity="relu"),
        "RNN_1_bidirectional_relu_without_bias": recurrent("RNN", 1, True, nonlinearity="relu", bias=False),
        "RNN_1_without_bias": recurrent("RNN", 1, False, bias=False),
        "GRU_2_without_bias": recurrent("GRU", 2, False, bias=False),
        "LSTM_1_without_bias_readout": recurrent("LSTM", 1, False, 2, bias=False),
    }
    cases |= {f"{kind}_deep": deep(kind) for kind in ("RNN", "GRU", "LSTM")}
    cases |= {f"{kind}_one_to_many": one_to_many(kind) for kind in ("RNN", "GRU", "LSTM")}
    record = {
        "note": "written by record_torch_recurrent.py: PyTorch's state dicts, and its numbers in float64",
        "torch": torch.__version__,
        "cases": cases,
    }
    text = re.sub(r"\[[^][{}]*\]", lambda numbers: " ".join(numbers[0].split()), json.dumps(record, indent=1))  # a row a line
    Path(__file__).with_name("torch_recurrent.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
