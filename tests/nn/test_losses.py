"""Losses: value and gradient equal to PyTorch's (data/pytorch.json); stable; what does not fit is refused."""

import json
import math
from pathlib import Path

import pytest
from golden import flat

import nn
from autograd_lite import DomainError, Value, softmax
from nn import (
    binary_cross_entropy,
    cross_entropy,
    half_squared_error,
    hinge,
    huber,
    mae,
    mse,
    output_deltas,
    sequence_cross_entropy,
)

CASES = json.loads((Path(__file__).parent.parent / "data" / "pytorch.json").read_text(encoding="utf-8"))["losses"]
# a handful of operations and of exp and log that are another library's: some 1e-16 of the number or of the terms, which are
# of size 1 to 10 where a small gradient is the difference of them
EXACT = dict(rel=1e-14, abs=1e-15)


def values(numbers):
    return [values(item) for item in numbers] if isinstance(numbers, list) else Value(numbers)


def numbers(nest):
    return [numbers(item) for item in nest] if isinstance(nest, list) else nest.data


@pytest.mark.parametrize("reduction", ["sum", "mean"])
@pytest.mark.parametrize("name", CASES)
def test_value_and_gradient_are_those_of_pytorch(name, reduction):
    case = CASES[name]
    outputs = values(case["outputs"])
    loss = getattr(nn, case["loss"])(outputs, case["targets"], reduction=reduction, **case["options"])
    assert loss.data == pytest.approx(case[reduction]["value"], **EXACT)
    loss.backward()
    assert [x.grad for x in flat(outputs)] == pytest.approx(flat(case[reduction]["grads"]), **EXACT)


@pytest.mark.parametrize("name", CASES)
def test_terms_are_those_of_pytorch_in_the_form_of_the_outputs(name):
    case = CASES[name]
    terms = getattr(nn, case["loss"])(values(case["outputs"]), case["targets"], reduction="none", **case["options"])
    found = numbers(terms)
    assert type(found) is type(case["none"]) and flat(found) == pytest.approx(flat(case["none"]), **EXACT)
    if isinstance(found, list):
        assert [len(row) for row in found if isinstance(row, list)] == [len(row) for row in case["none"] if isinstance(row, list)]


@pytest.mark.parametrize("name", CASES)
def test_default_reduction(name):
    """The mean for mse, mae and huber, as PyTorch; the sum for the others, as in the articles."""
    case = CASES[name]
    loss = getattr(nn, case["loss"])(values(case["outputs"]), case["targets"], **case["options"])
    assert loss.data == pytest.approx(case["mean" if case["loss"] in ("mse", "mae", "huber") else "sum"]["value"], **EXACT)


@pytest.mark.parametrize("right, expected", [(True, 0.0), (False, 1000.0)])
@pytest.mark.parametrize("logit", [1000.0, -1000.0])
def test_logits_of_a_thousand_are_exact(logit, right, expected):
    """exp(-1000) is 0 in a float, so the loss is that of the logarithms alone, and the gradient 0 or 1."""
    score, target = Value(logit), float((logit > 0) == right)
    loss = binary_cross_entropy(score, target, logits=True)
    loss.backward()
    assert (loss.data, score.grad) == (expected, 0.0 if right else -math.copysign(1.0, target - 0.5))
    scores = [Value(logit), Value(0.0)]
    loss = cross_entropy(scores, 1 - int(target))
    loss.backward()
    slope = 0.0 if right else math.copysign(1.0, logit)
    assert (loss.data, scores[0].grad, scores[1].grad) == (expected, slope, -slope)


def test_half_squared_error_is_half_of_the_squares():
    outs = [Value(0.75, "out_o1"), Value(0.5, "out_o2"), Value(-1.0, "out_o3")]
    loss = half_squared_error(outs, [0.25, 1.5, -3.0])
    assert loss.data == (0.25 + 1.0 + 4.0) / 2
    loss.backward()
    assert [out.grad for out in outs] == [0.5, -1.0, 2.0]  # -(t - out)
    assert half_squared_error(outs, [0.25, 1.5, -3.0], reduction="mean").data == pytest.approx(5.25 / 6, rel=1e-15)


def test_half_squared_error_names_the_error_of_each_output():
    loss = half_squared_error([Value(0.75, "out_o1"), Value(0.5, "net_o2"), Value(0.5, "y"), Value(1.0)], [0.0] * 4)
    assert (loss.label, [term.label for term in loss.parents]) == ("E_total", ["E_o1", "E_o2", "E_y", ""])
    assert loss.parents[0].data == 0.28125


@pytest.mark.parametrize("loss", [half_squared_error, mse])
@pytest.mark.parametrize("form", [lambda x: x, lambda x: [x], lambda x: [[x]], lambda x: (x,), lambda x: iter([x])])
def test_forms_of_outputs_and_targets(loss, form):
    assert loss(form(Value(3.0)), form(1.0)).data == (2.0 if loss is half_squared_error else 4.0)


@pytest.mark.parametrize("loss", [half_squared_error, mse, mae, huber, binary_cross_entropy, hinge])
def test_plain_numbers_as_outputs(loss):
    found = loss([0.5, 0.25], [1.0, 1.0])
    assert (found.data if isinstance(found, Value) else found) == loss([Value(0.5), Value(0.25)], [1.0, 1.0]).data


def test_targets_may_be_values_and_get_gradients():
    target, scores = Value(0.25), [Value(0.5), Value(-1.0)]
    mse(Value(1.0), target).backward()
    assert target.grad == -1.5
    weights = [Value(0.3), Value(0.7)]
    cross_entropy(scores, weights).backward()
    total = math.log(math.exp(0.5) + math.exp(-1.0))
    assert [y.grad for y in weights] == pytest.approx([total - 0.5, total + 1.0], rel=1e-14)


def test_a_weight_of_zero_leaves_an_infinite_logarithm_out():
    """0 ln 0 is 0: a probability of 0 that is not asked for does not matter."""
    assert cross_entropy([Value(0.0), Value(0.5), Value(0.5)], [0.0, 0.5, 0.5], logits=False).data == math.log(2)
    assert binary_cross_entropy([Value(0.0), Value(1.0)], [0.0, 1.0]).data == 0.0


@pytest.mark.parametrize(
    "loss", [lambda: binary_cross_entropy(Value(0.0), 1.0), lambda: binary_cross_entropy(Value(1.0), 0.5),
             lambda: cross_entropy([Value(0.0), Value(1.0)], 0, logits=False)],
)  # fmt: skip
def test_an_infinite_loss_raises(loss):
    with pytest.raises(DomainError, match="log"):
        loss()


def test_hinge_at_its_corner_has_slope_zero():
    score = Value(1.0)
    hinge(score, 1).backward()
    assert score.grad == 0.0  # relu'(0) = 0; PyTorch's clamp has 1 there


def test_sequence_cross_entropy_is_the_sum_over_time_with_its_steps():
    logits, targets = [[0.5, -1.0], [2.0, 0.1], [0.0, 0.3]], [0, 1, [0.2, 0.8]]
    total = sequence_cross_entropy(values(logits), targets)
    steps = [cross_entropy(values(scores), target).data for scores, target in zip(logits, targets)]
    assert (total.label, [step.label for step in total.parents]) == ("L", ["L_1", "L_2", "L_3"])
    assert [step.data for step in total.parents] == steps
    assert total.data == pytest.approx(sum(steps), rel=1e-15)
    assert sequence_cross_entropy(values(logits), targets, reduction="mean").data == pytest.approx(sum(steps) / 3, rel=1e-15)


@pytest.mark.parametrize("loss", [half_squared_error, mse, mae, huber, binary_cross_entropy, hinge])
@pytest.mark.parametrize(
    "outputs, targets, message",
    [
        ([0.5, 0.5], [1.0], "got 2 outputs and 1 targets"),
        ([0.5, 0.5], 1.0, "got 2 outputs and 1 targets"),
        (0.5, [1.0, 1.0], "got 1 outputs and 2 targets"),
        ([[0.5, 0.5]], [[1.0, 1.0, 1.0]], "got 2 outputs and 3 targets"),
        ([[0.5], [0.5, 0.5]], [[1.0, 1.0], [1.0]], "got 1 outputs and 2 targets"),
        ([], [], "a loss needs at least one output"),
    ],
)
def test_numbers_of_outputs_and_targets_that_differ(loss, outputs, targets, message):
    with pytest.raises(ValueError, match=message):
        loss(values(outputs), targets)


@pytest.mark.parametrize("outputs, targets", [([[0.5], [0.5]], [1.0, 1.0]), ([0.5, 0.5], [[1.0], [1.0]])])
def test_forms_of_outputs_and_targets_that_differ(outputs, targets):
    with pytest.raises(ValueError, match="a loss needs outputs and targets of one form"):
        mse(values(outputs), targets)


@pytest.mark.parametrize(
    "loss", [half_squared_error, mse, mae, huber, binary_cross_entropy, hinge, cross_entropy, sequence_cross_entropy]
)
@pytest.mark.parametrize("reduction", ["average", "", None, "Sum"])
def test_unknown_reduction(loss, reduction):
    targets = [0, 1] if loss in (cross_entropy, sequence_cross_entropy) else [[1, 1], [1, 1]]
    with pytest.raises(ValueError, match=f"unknown reduction {reduction!r}: 'sum' or 'mean'"):
        loss(values([[0.5, 0.5], [0.5, 0.5]]), targets, reduction=reduction)


@pytest.mark.parametrize("logits", [False, True])
@pytest.mark.parametrize("target", [-0.1, 1.1, math.nan, math.inf, Value(2.0)])
def test_binary_targets_outside_0_to_1(target, logits):
    with pytest.raises(ValueError, match="binary_cross_entropy needs targets between 0 and 1, got "):
        binary_cross_entropy(Value(0.5), target, logits=logits)


@pytest.mark.parametrize("target", [0, 2, 0.5, math.nan])
def test_hinge_targets_other_than_minus_1_or_1(target):
    with pytest.raises(ValueError, match=f"hinge needs targets -1 or 1, got {target}"):
        hinge(Value(0.5), target)


def test_a_loss_of_zero_is_not_negative():
    zeros = [
        cross_entropy([Value(5.0)], 0),
        cross_entropy([Value(1000.0), Value(0.0)], 0),
        cross_entropy([Value(1000.0), Value(0.0)], [Value(1.0), Value(0.0)]),
        cross_entropy([Value(1.0), Value(0.0)], 0, logits=False),
        cross_entropy([Value(1.0), Value(0.0)], [1.0, 0.0], logits=False),
        binary_cross_entropy(Value(1.0), 1.0),
        binary_cross_entropy(Value(0.0), 0.0),
        binary_cross_entropy(Value(1000.0), 1.0, logits=True),
        sequence_cross_entropy([[Value(1000.0), Value(0.0)]], [0]),
    ]
    assert [(loss.data, math.copysign(1.0, loss.data)) for loss in zeros] == [(0.0, 1.0)] * len(zeros)


def test_a_masked_class_costs_nothing():
    """A logit of -inf has probability 0; a target that is not it, as an index or as weights, has a finite loss."""
    for target in (0, [1.0, 0.0, 0.0], [Value(1.0), Value(0.0), Value(0.0)]):
        logits = [Value(1.0), Value(-math.inf), Value(2.0)]
        loss = cross_entropy(logits, target)
        loss.backward()
        p = 1 / (1 + math.exp(-1.0))
        assert loss.data == pytest.approx(-math.log(1 - p), rel=1e-15)
        assert [x.grad for x in logits] == pytest.approx([-p, 0.0, p], rel=1e-15)


@pytest.mark.parametrize("logits", [False, True])
@pytest.mark.parametrize(
    "targets, message",
    [
        (3, r"cross_entropy got class 3, but the classes are 0 to 2"),
        (-1, r"cross_entropy got class -1, but the classes are 0 to 2"),
        ([0.5, 0.5], r"cross_entropy needs a target for each output, got 3 and 2"),
        ([0, 0, 0, 1], r"cross_entropy needs a target for each output, got 3 and 4"),
    ],
)
def test_cross_entropy_targets_that_do_not_fit(targets, message, logits):
    scores = [0.2, 0.3, 0.5]
    with pytest.raises(ValueError, match=message):
        cross_entropy(values(scores), targets, logits=logits)
    with pytest.raises(ValueError, match=message):
        cross_entropy(values([scores, scores]), [1, targets], logits=logits)


@pytest.mark.parametrize("targets", [[0], [0, 1, 2], 0])
def test_cross_entropy_of_a_batch_needs_a_target_for_each_example(targets):
    with pytest.raises(ValueError, match="got 2 outputs and "):
        cross_entropy(values([[0.2, 0.8], [0.5, 0.5]]), targets)


@pytest.mark.parametrize("outputs, targets", [([], 0), ([], []), ([[]], [0])])
def test_cross_entropy_of_nothing_raises_a_value_error(outputs, targets):
    with pytest.raises(ValueError):
        cross_entropy(outputs, targets)


@pytest.mark.parametrize("target", [1.0, None, Value(1.0), "1"])
def test_a_class_that_is_no_index_is_named(target):
    with pytest.raises((TypeError, ValueError), match="cross_entropy"):
        cross_entropy(values([0.5, 0.5]), target)


# Options of the cross-entropies ---------------------------------------------------------------------------------------


def test_sequence_cross_entropy_takes_the_options_of_cross_entropy():
    logits, targets = [[0.5, -1.0], [2.0, 0.1], [0.0, 0.3]], [0, -1, 1]
    options = {"weight": [1.0, 3.0], "ignore_index": -1, "label_smoothing": 0.1}
    for reduction in ("sum", "mean"):
        expected = cross_entropy(values(logits), targets, reduction, **options)
        assert sequence_cross_entropy(values(logits), targets, reduction, **options).data == expected.data
    terms = sequence_cross_entropy(values(logits), targets, "none", **options)
    assert [term.label for term in terms] == ["L_1", "L_2", "L_3"]
    assert numbers(terms) == numbers(cross_entropy(values(logits), targets, "none", **options))


@pytest.mark.parametrize(
    "targets, options", [([-100, -100], {}), ([1, 1], {"ignore_index": 1}), ([0, 0], {"weight": [0.0, 1.0]})],
    ids=["all ignored", "all of a class that is ignored", "all of weight 0"],
)  # fmt: skip
@pytest.mark.parametrize("several", [True, False])
def test_of_examples_that_do_not_count_the_sum_is_zero_and_there_is_no_mean(targets, options, several):
    outputs = values([[0.5, -1.0], [2.0, 0.1]])
    given = (outputs, targets) if several else (outputs[0], targets[0])
    total = cross_entropy(*given, **options)
    total.backward()
    assert (total.data, [x.grad for x in flat(outputs)]) == (0.0, [0.0] * 4)
    assert flat(numbers(cross_entropy(*given, "none", **options))) == [0.0] * (2 if several else 1)
    with pytest.raises(ValueError, match="there is no mean of examples that all count for 0"):
        cross_entropy(*given, "mean", **options)


def test_without_an_ignored_index_every_class_must_be_there():
    with pytest.raises(ValueError, match="got class -100, but the classes are 0 to 1"):
        cross_entropy(values([0.5, 0.5]), -100, ignore_index=None)


def test_what_is_ignored_may_be_anything():
    """An infinite logit of an example that does not count is no nan."""
    outputs = values([[0.5, -1.0], [-math.inf, 0.0]])
    loss = cross_entropy(outputs, [0, -100], "mean")
    loss.backward()
    assert loss.data == cross_entropy(outputs[0], 0).data
    assert [x.grad for x in outputs[1]] == [0.0, 0.0]


@pytest.mark.parametrize("logits", [False, True])
@pytest.mark.parametrize(
    "options, message",
    [
        ({"label_smoothing": -0.1}, "label_smoothing from 0 to 1, got -0.1"),
        ({"label_smoothing": 1.5}, "label_smoothing from 0 to 1, got 1.5"),
        ({"label_smoothing": math.nan}, "label_smoothing from 0 to 1, got nan"),
        ({"label_smoothing": "0.1"}, "label_smoothing from 0 to 1, got '0.1'"),
        ({"weight": [1.0]}, r"weight of at least 0 for each of 2 classes, got \[1.0\]"),
        ({"weight": [1.0, -1.0]}, "weight of at least 0 for each of 2 classes"),
        ({"weight": [1.0, math.inf]}, "weight of at least 0 for each of 2 classes"),
        ({"weight": [1.0, None]}, "weight of at least 0 for each of 2 classes"),
    ],
    ids=str,
)  # fmt: skip
def test_options_of_cross_entropy_that_do_not_fit(options, message, logits):
    with pytest.raises(ValueError, match=message):
        cross_entropy(values([0.5, 0.5]), 1, logits=logits, **options)


@pytest.mark.parametrize("number", [-1.0, math.nan, math.inf, "1", None])
def test_numbers_of_other_losses_that_do_not_fit(number):
    with pytest.raises(ValueError, match=f"huber needs a finite delta above 0, got {number!r}"):
        huber(Value(0.5), 1.0, delta=number)
    with pytest.raises(ValueError, match=f"binary_cross_entropy needs a finite pos_weight of at least 0, got {number!r}"):
        binary_cross_entropy(Value(0.5), 1.0, pos_weight=number)
    with pytest.raises(ValueError, match="got 0"):
        huber(Value(0.5), 1.0, delta=0)


def test_a_positive_weight_counts_for_probabilities_too():
    a = Value(0.25)
    loss = binary_cross_entropy([a, Value(0.5)], [1.0, 0.0], pos_weight=3.0)
    loss.backward()
    assert loss.data == pytest.approx(3 * math.log(4) + math.log(2), rel=1e-15)
    assert a.grad == -3.0 / 0.25


@pytest.mark.parametrize(
    "outputs, targets",
    [(1, [0.5, 0.5]), (Value(0.5), 1), (1, [Value(0.5), Value(0.5)]), ([0, 1], [[0.5, 0.5], [0.5, 0.5]]), ("ab", 0)],
)
def test_outputs_and_targets_the_other_way_round_are_said_to_be(outputs, targets):
    with pytest.raises(TypeError, match=r"takes the outputs first: cross_entropy\(\[x, y\], 1\) for class 1; got "):
        cross_entropy(outputs, targets)
    if isinstance(outputs, list):
        with pytest.raises(TypeError, match="takes the outputs first"):
            sequence_cross_entropy(outputs, targets)


PAIRS = {
    "sigmoid/quadratic": (lambda zs: [z.sigmoid() for z in zs], half_squared_error),
    "softmax/quadratic": (softmax, half_squared_error),
    "softmax/cross-entropy": (softmax, lambda a, y: cross_entropy(a, y, logits=False)),
    "sigmoid/binary cross-entropy": (lambda zs: [z.sigmoid() for z in zs], binary_cross_entropy),
}


@pytest.mark.parametrize("y", [[0.0, 1.0, 0.0], [0.01, 0.98, 0.01], [0.9, 0.8, 0.4], [0.1, 0.0, 0.2]])
@pytest.mark.parametrize("z", [[0.3, -0.8, 1.1], [2.0, 2.0, -4.0]])
@pytest.mark.parametrize("pair", PAIRS)
def test_output_deltas_are_the_derivatives_of_the_engine(pair, z, y):
    """Whether or not the y sum to 1."""
    activate, cost = PAIRS[pair]
    zs = values(z)
    a = activate(zs)
    cost(a, y).backward()
    assert output_deltas([a_j.data for a_j in a], y, pair) == pytest.approx([z_j.grad for z_j in zs], **EXACT)


def test_every_pair_of_output_deltas_is_tested():
    assert PAIRS.keys() == nn.losses.OUTPUT_DELTAS.keys()


def test_output_deltas_that_do_not_fit():
    with pytest.raises(
        ValueError, match=r"no output deltas for 'relu/quadratic': one of sigmoid/quadratic, .*binary cross-entropy"
    ):
        output_deltas([0.5], [0.5], "relu/quadratic")
    with pytest.raises(ValueError, match="got 2 outputs and 1 targets"):
        output_deltas([0.5, 0.5], [0.5], "sigmoid/quadratic")


@pytest.mark.parametrize(
    ("a", "y", "message"), [(3.0, 0, "needs probabilities"), (1.0, 0, "is infinite"), (0.0, 1, "is infinite")]
)
def test_binary_cross_entropy_names_itself_and_the_way_out(a, y, message):
    with pytest.raises(ValueError, match=rf"binary_cross_entropy {message}.*label='out_o1'.*logits=True"):
        binary_cross_entropy(Value(a, "out_o1"), y)
