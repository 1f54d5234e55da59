"""What is named otherwise in PyTorch, and what is given in the place of something else, is answered by what is meant here."""

import re
from functools import partial

import pytest

import nn
from autograd_lite import Value, leaky_relu
from nn import elsewhere
from nn.optim import Optimizer


@pytest.mark.parametrize("name", elsewhere.INSTEAD)
def test_a_name_of_pytorch_says_what_is_here_instead(name):
    said = f"nn has no {name}: {elsewhere.INSTEAD[name]}"
    assert not hasattr(nn, name)
    with pytest.raises(AttributeError, match=re.escape(said)):
        getattr(nn, name)
    for package in ("nn", "autograd_lite.nn"):
        with pytest.raises(ImportError, match=re.escape(said)):
            exec(f"from {package} import {name}")


def test_what_is_said_to_be_here_is_here():
    words = set(re.findall(r"\b[a-zA-Z_]+(?=\()", " ".join(elsewhere.INSTEAD.values()))) - {"register", "Value"}
    assert len(words) > 12 and all(hasattr(nn, word) for word in words)
    assert all(hasattr(nn, word) for word in ("Sequential", "Module", "RMSNorm", "AdamW", "Block", "GPT", "Dropout"))


def test_what_is_written_there_can_be_typed():
    known = {**vars(nn), "leaky_relu": leaky_relu, "Value": Value}
    written = re.findall(r"\b[A-Z]\w+\((?:[^()]|\([^()]*\))*\)", " ".join(elsewhere.INSTEAD.values()))
    assert len(written) > 8
    for code in written:
        eval(code, dict(known))
    logits, targets = [Value(0.5), Value(-0.25)], [1.0, 0.0]
    assert isinstance(nn.hinge(logits, [1.0, -1.0]), Value)
    for loss in (nn.mse, nn.mae, nn.huber, partial(nn.binary_cross_entropy, logits=True), partial(nn.huber, delta=1.0)):
        assert isinstance(loss(logits, targets), Value)


def test_other_names_are_missing_as_ever():
    with pytest.raises(AttributeError, match=r"module 'autograd_lite\.nn' has no attribute 'moons2'"):
        nn.moons2  # noqa: B018
    with pytest.raises(ImportError, match="cannot import name 'moons2'"):
        exec("from nn import moons2")
    exec("from nn import positions, elsewhere")


SIZED = {
    "Linear": nn.Linear, "Embedding": nn.Embedding, "Layer": nn.Layer, "RNNCell": nn.RNNCell, "GRUCell": nn.GRUCell,
    "LSTMCell": nn.LSTMCell, "Readout": nn.Readout, "MLP": lambda *sizes: nn.MLP(sizes), "Neuron": lambda n, _: nn.Neuron(n),
    "LayerNorm": lambda n, _: nn.LayerNorm(n), "SelfAttention": lambda n, _: nn.SelfAttention(n),
}  # fmt: skip


@pytest.mark.parametrize("name", SIZED)
@pytest.mark.parametrize("size", [2.0, "2", None, [2]])
def test_a_size_is_a_whole_number(name, size):
    for sizes in [(size, 3)] if name in ("Neuron", "LayerNorm", "SelfAttention") else [(size, 3), (3, size)]:
        with pytest.raises(TypeError, match=f"needs a whole number of [a-z]+s, got {re.escape(repr(size))}"):
            SIZED[name](*sizes)


@pytest.mark.parametrize("clip", [nn.clip_grad_norm_, nn.clip_grad_value_])
def test_a_single_parameter_is_clipped_too_and_nothing_else(clip):
    x = Value(1.0, "x")
    x.grad = 4.0
    clip(x, 1.0)
    assert x.grad == pytest.approx(1.0, rel=1e-6)
    model = nn.MLP([1, 1])
    for wrong in (model, model.parameters, 1.0, [1.0], "x", None):
        with pytest.raises(TypeError, match=f"{clip.__name__} needs parameters, such as model.parameters"):
            clip(wrong, 1.0)


WRONG = [
    ({"optimizer": nn.SGD}, TypeError, "needs an optimizer such as SGD(model.parameters(), lr=0.5), got <class"),
    ({"optimizer": "adam"}, TypeError, "needs an optimizer such as SGD(model.parameters(), lr=0.5), got 'adam'"),
    ({"model": nn.MLP}, TypeError, "train needs a model, such as MLP([2, 3, 1]), got <class"),
    ({"examples": 3}, TypeError, "train needs pairs of an input and a target, as of zip(X, y), got 3"),
    ({"steps": 1.5}, ValueError, "needs steps >= 0 and batch_size from 1 to 1, got 1.5 and None"),
    ({"steps": "10"}, ValueError, "got '10' and None"),
    ({"batch_size": 1.0}, ValueError, "got 1000 and 1.0"),
    ({"tolerance": "low"}, TypeError, "a number as tolerance and a function as callback, got 'low'"),
    ({"callback": 1}, TypeError, "a number as tolerance and a function as callback, got 0.0 and 1"),
]


@pytest.mark.parametrize("given, kind, said", WRONG, ids=[" ".join(given) for given, *_ in WRONG])
def test_train_says_what_it_needs_and_changes_nothing(given, kind, said, capfd):
    model = nn.MLP([1, 1], rng=0)
    before = model.state_dict()
    options = {"model": model, "examples": [([1.0], [0.0])], **given}
    with pytest.raises(kind, match=re.escape(said)):
        nn.train(options.pop("model"), options.pop("examples"), **options)
    assert model.state_dict() == before and capfd.readouterr() == ("", "")


@pytest.mark.parametrize("weight", [1, 0.5, Value(1.0), "ab", [1], [1, -1], [1, "a"]])
def test_the_weight_of_classes_is_a_number_for_each(weight):
    with pytest.raises(ValueError, match="needs a finite weight of at least 0 for each of 2 classes, got"):
        nn.cross_entropy([Value(1.0), Value(2.0)], 0, weight=weight)


@pytest.mark.parametrize("kind", [nn.SGD, nn.Adam, nn.AdamW, nn.RMSprop])
def test_an_optimizer_is_written_as_in_pytorch(kind):
    torch = pytest.importorskip("torch")
    groups = [nn.MLP([1, 1]).parameters(), nn.MLP([1, 1]).parameters()]
    ours = kind([{"params": groups[0]}, {"params": groups[1], "lr": 0.25}], lr=0.1)
    theirs = getattr(torch.optim, kind.__name__)([{"params": [torch.zeros(1)]}, {"params": [torch.ones(1)], "lr": 0.25}], lr=0.1)
    assert isinstance(ours, Optimizer)

    def shape(optimizer):
        """Without what PyTorch alone has, and whole numbers as floats."""
        lines = repr(optimizer).splitlines()
        names = {name for name in ours.defaults if f"    {name}: " in repr(theirs)}
        return [
            re.sub(r": (\d+)$", r": \1.0", line) for line in lines if line[:4] != "    " or line.split(":")[0].strip() in names
        ]

    assert shape(ours) == shape(theirs)
