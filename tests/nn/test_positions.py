"""Programs of one position: the loss and gradient of a GPT on sequences of every length, without a program for each."""

import importlib.util
import math
import random
import shutil
from functools import partial

import pytest

from autograd_lite import Value
from autograd_lite.nn import GPT, SGD, Adam, cross_entropy, sequence_cross_entropy, train
from autograd_lite.nn.positions import PositionStep

# Sums of some hundred terms of size up to 10, in another order
CLOSE = dict(rel=1e-12, abs=1e-12)
MEAN = partial(sequence_cross_entropy, reduction="mean")
TOKENS, TARGETS = [3, 1, 4, 0, 2], [1, 4, 0, 2, 2]
FORMS = {
    "a block": dict(),
    "biases, LayerNorm, gelu": dict(bias=True, norm="layer", activation="gelu"),
    "three blocks, all positions seen": dict(blocks=3, causal=False),
    "two blocks, biases": dict(blocks=2, bias=True, heads=1),
    "a hidden layer of no activation": dict(activation=None, norm="layer", n_hidden=3),
}


def model(seed=0, **form):
    rng = random.Random(seed)
    gpt = GPT(**(dict(vocabulary=5, n=4, heads=2, length=6) | form))
    for parameter in gpt.parameters():
        parameter.data = rng.uniform(-1, 1)
    return gpt


def eager(gpt, loss, tokens, targets):
    gpt.zero_grad()
    total = loss(gpt(tokens), targets)
    total.backward()
    return total.data, [parameter.grad for parameter in gpt.parameters()]


def check(gpt, step, loss, tokens, targets):
    found, gradient = step(tokens, targets)
    expected, derivatives = eager(gpt, loss, tokens, targets)
    assert found == pytest.approx(expected, **CLOSE)
    assert gradient == pytest.approx(derivatives, **CLOSE)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_loss_and_gradient_of_every_length_are_those_of_the_graph(form):
    gpt = model(**form)
    step = gpt.compile(MEAN, (TOKENS, TARGETS), "python")
    assert isinstance(step, PositionStep)
    for length in range(1, 6):
        check(gpt, step, MEAN, TOKENS[:length], TARGETS[:length])
    gpt.W = [Value(1.0)]  # a parameter that the loss does not see
    assert gpt.compile(MEAN, (TOKENS, TARGETS), "python")(TOKENS, TARGETS)[1][-1] == 0.0


@pytest.mark.parametrize("dialect", ["numpy", "c", "jax"])
def test_dialects_give_the_same(dialect):
    if dialect == "c" and shutil.which("cc") is None:
        pytest.skip("the dialect c needs a C compiler")
    if dialect == "jax":
        pytest.importorskip("jax").config.update("jax_enable_x64", True)
    if dialect == "numpy" and importlib.util.find_spec("numpy") is None:
        pytest.skip("needs NumPy")
    gpt = model(blocks=2, n=2, length=3)
    step = gpt.compile(MEAN, ([0], [1]), dialect)
    for length in (1, 3):
        check(gpt, step, MEAN, TOKENS[:length], TARGETS[:length])


def test_programs_are_those_of_one_position_and_no_length_adds_one():
    gpt = model(blocks=3)
    step = gpt.compile(MEAN, ([0], [1]), "python")
    programs = dict(step.programs)
    assert programs.keys() == {"first", "between", "last"}
    for length in range(1, 6):
        step(TOKENS[:length], TARGETS[:length])
    assert step.programs == programs
    assert "att3_t_6_1 = " in programs["last"].backward.source


@pytest.mark.parametrize(
    "options",
    [
        dict(reduction="sum"),
        dict(reduction="mean", ignore_index=2),
        dict(reduction="mean", weight=[1.0, 0.5, 2.0, 0.0, 3.0], label_smoothing=0.1),
    ],
    ids=str,
)
def test_options_of_the_loss_are_kept(options):
    gpt, loss = model(), partial(sequence_cross_entropy, **options)
    step = gpt.compile(loss, (TOKENS, TARGETS), "python")
    check(gpt, step, loss, TOKENS, TARGETS)
    vectors = [[0.25] * 5, [float(k == 1) for k in range(5)]]
    check(gpt, step, loss, vectors, vectors)


def test_what_is_in_two_places_has_the_sum_of_both():
    table = [[Value(0.1 * i - 0.2 * j) for j in range(4)] for i in range(5)]
    tied = model(parameters={"wte": table, "lm": table})
    step = tied.compile(MEAN, (TOKENS, TARGETS), "python")
    assert isinstance(step, PositionStep)
    check(tied, step, MEAN, TOKENS, TARGETS)
    W = [[Value(0.1 * i - 0.2 * j) for j in range(4)] for i in range(4)]
    twice = model(parameters={"blocks.0.attention.W_q": W, "blocks.0.attention.W_k": W})
    check(twice, twice.compile(MEAN, (TOKENS, TARGETS), "python"), MEAN, TOKENS, TARGETS)


def test_other_losses_have_a_program_for_each_length():
    gpt = model(n=2)
    step = gpt.compile(cross_entropy, (TOKENS[:2], TARGETS[:2]), "python")
    assert not isinstance(step, PositionStep)
    check(gpt, step, cross_entropy, TOKENS[:2], TARGETS[:2])


def test_training_by_programs_is_training():
    examples = [(TOKENS[:k], TARGETS[:k]) for k in (2, 5, 3)]
    losses = []
    for compiled in (False, "python"):
        gpt = model(n=2)
        optimizer = SGD(gpt.parameters(), lr=0.1)
        losses.append(train(gpt, examples, MEAN, optimizer=optimizer, steps=5, progress=False, compiled=compiled).losses)
    assert losses[0] == pytest.approx(losses[1], **CLOSE)
    assert losses[0][-1] < losses[0][0]


def workload_6():
    document = [26, 16, 8, 12, 7, 24, 18, 4, 26]
    return GPT(27, 16, heads=4, blocks=1, length=16, rng=random.Random(42)), (document[:-1], document[1:])


@pytest.mark.parametrize("dialect", ["python", "numpy", "c"])
def test_workload_6_in_each_dialect(dialect):
    if dialect == "c" and shutil.which("cc") is None:
        pytest.skip("the dialect c needs a C compiler")
    gpt, example = workload_6()
    loss, gradient = gpt.compile(MEAN, example, dialect)(*example)
    assert loss == pytest.approx(3.4609528385965427, rel=1e-12)
    assert math.hypot(*gradient) == pytest.approx(2.076506776773708, rel=1e-12)
    assert math.fsum(gradient) == pytest.approx(2.8031601357439015, rel=1e-12)


def test_ten_updates_of_workload_6():
    gpt, example = workload_6()
    step = gpt.compile(MEAN, example, "python")
    optimizer = Adam(gpt.parameters(), lr=0.01, betas=(0.85, 0.99))
    for _ in range(10):
        _, gradient = step(*example)
        for parameter, derivative in zip(gpt.parameters(), gradient):
            parameter.grad = derivative
        optimizer.step()
    assert step(*example)[0] == pytest.approx(0.24516496292890536, rel=1e-12)


@pytest.mark.parametrize(
    ("example", "message"),
    [
        (([], []), "this step is of 1 to 6 tokens and as many targets, got 0 tokens and 0 targets"),
        (([0] * 7, [0] * 7), "got 7 tokens and 7 targets"),
        (([0, 1], [0]), "got 2 tokens and 1 targets"),
        (([5], [0]), "5 is not a place from 0 to 4"),
        (([0], [5]), "cross_entropy got class 5, but the classes are 0 to 4"),
        (([0], [-100]), "there is no mean of steps that all count for 0"),
    ],
)
def test_what_does_not_fit_is_named(example, message):
    step = model(n=2).compile(MEAN, ([0], [1]), "python")
    with pytest.raises(ValueError, match=message):
        step(*example)
    with pytest.raises(ValueError, match=message):
        step.record(*example)


@pytest.mark.parametrize(("example", "what"), [((None, [0]), "tokens None"), (([0], 3), "targets 3")])
def test_what_is_no_sequence_is_named(example, what):
    step = model(n=2).compile(MEAN, ([0], [1]), "python")
    with pytest.raises(TypeError, match=f"a step of a GPT is of sequences of tokens and of targets, got the {what}"):
        step(*example)


def test_an_activation_that_branches_on_data_is_refused():
    gpt = model(n=2, activation=lambda x: x if x.data > 0 else 0.1 * x)
    with pytest.raises(ValueError, match="cannot be"):
        gpt.compile(MEAN, ([0], [1]), "python")
