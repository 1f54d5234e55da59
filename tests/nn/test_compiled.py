"""Training steps as programs: the loss and every gradient are those of a forward and a backward pass."""

import math
import random
import shutil
from functools import partial

import pytest

from autograd_lite import Value, softmax, sum_
from nn import (
    MLP,
    RNN,
    SGD,
    Adam,
    BidirectionalRNN,
    GRUCell,
    LSTMCell,
    Module,
    RMSprop,
    RNNCell,
    SequenceModel,
    StackedRNN,
    binary_cross_entropy,
    cross_entropy,
    half_squared_error,
    hinge,
    huber,
    mae,
    mse,
    sequence_cross_entropy,
    train,
)
from nn.compiled import Step, fastest_dialect

# The same operations, some added up in another order
CLOSE = dict(rel=1e-12, abs=1e-13)
DIALECTS = ["python", "numpy", "c"]


@pytest.fixture(params=DIALECTS)
def dialect(request):
    if request.param == "numpy":
        pytest.importorskip("numpy")
    if request.param == "c" and shutil.which("cc") is None:
        pytest.skip("the dialect c needs a C compiler")
    return request.param


def squares(run, target):
    return sum_([unit * unit for units in run.outputs for unit in units]) * target


binary = partial(binary_cross_entropy, logits=True)
MODELS = {
    "half squared error": (lambda: MLP([3, 4, 2], rng=0), half_squared_error, 3, [0.25, 0.75]),
    "mse, one number": (lambda: MLP([3, 1], activation="tanh", output_activation=None, rng=0), mse, 3, 0.5),
    "softplus, mse": (lambda: MLP([3, 4, 1], activation="softplus", output_activation=None, rng=0), mse, 3, [0.5]),
    "hinge": (lambda: MLP([2, 4, 1], activation="relu", output_activation=None, rng=3), hinge, 2, [-1]),
    "binary cross-entropy": (lambda: MLP([3, 2], output_activation=None, rng=0), binary, 3, [0.0, 1.0]),
    "probabilities": (lambda: MLP([3, 2], rng=0), binary_cross_entropy, 3, [0.0, 1.0]),
    "a class": (lambda: MLP([3, 4, 5], activation="gelu", output_activation=None, rng=0), cross_entropy, 3, 2),
    "softmax": (lambda: MLP([3, 4], output_activation="softmax", rng=0), partial(cross_entropy, logits=False), 3, 1),
    "shared bias": (lambda: MLP([3, 4, 2], biases=[0.35, 0.6], shared_bias=True, rng=0), half_squared_error, 3, [0.25, 0.75]),
}


def numbers(count, seed):
    rng = random.Random(seed)
    return [rng.uniform(-1.5, 1.5) for _ in range(count)]


def eager(model, loss, x, target):
    """The loss and the gradients of an ordinary pass."""
    model.zero_grad()
    total = loss(model(x), target)
    total.backward()
    return total.item(), [p.grad for p in model.parameters()]


def check(step, model, loss, x, target):
    expected, gradients = eager(model, loss, x, target)
    found, derivatives = step(x, target)
    assert found == pytest.approx(expected, **CLOSE)
    assert derivatives == pytest.approx(gradients, **CLOSE)


@pytest.mark.parametrize("name", MODELS)
def test_step_is_the_ordinary_pass_at_other_inputs_targets_and_parameters(dialect, name):
    make, loss, size, target = MODELS[name]
    model = make()
    step = model.compile(loss, (numbers(size, 1), target), dialect=dialect)
    check(step, model, loss, numbers(size, 1), target)
    for parameter in model.parameters():
        parameter.data = -0.75 * parameter.data + 0.1
    other = {"hinge": [1], "a class": 4, "softmax": 0}.get(name, [1.0 - t for t in target] if isinstance(target, list) else 0.25)
    check(step, model, loss, numbers(size, 2), other)
    assert len(step.programs) == 1


CELLS = {
    "rnn": lambda: RNNCell(3, 2, rng=0),
    "gru": lambda: GRUCell(3, 2, rng=0),
    "gru, reset after, on candidate": lambda: GRUCell(3, 2, True, True, rng=0),
    "lstm": lambda: LSTMCell(3, 2, rng=0),
    "lstm, peephole": lambda: LSTMCell(3, 2, peephole="previous", rng=0),
    "lstm, coupled": lambda: LSTMCell(3, 2, coupled=True, peephole=True, rng=0),
    "lstm, no forget gate": lambda: LSTMCell(3, 2, forget_gate=False, rng=0),
    "stack": lambda: StackedRNN([GRUCell(3, 2, rng=0), LSTMCell(2, 2, rng=1)]),
    "bidirectional": lambda: BidirectionalRNN(GRUCell(3, 2, rng=0), RNNCell(3, 2, rng=1)),
}


@pytest.mark.parametrize("name", CELLS)
def test_recurrent_step_is_the_ordinary_pass_for_any_places_and_classes(dialect, name):
    model = SequenceModel(CELLS[name](), 3, rng=2)
    step = model.compile(sequence_cross_entropy, ([0, 1, 2], [1, 1, 0]), dialect=dialect)
    for xs, targets in (([0, 1, 2], [1, 1, 0]), ([2, 2, 0], [0, 2, 1])):
        check(step, model, sequence_cross_entropy, xs, targets)
    check(step, model, sequence_cross_entropy, [numbers(3, 4), numbers(3, 5), numbers(3, 6)], [0, 2, 1])
    assert len(step.programs) == 1


def test_sequences_of_each_length_have_one_program(dialect):
    model = RNN(RNNCell(2, 2, rng=0))
    step = model.compile(squares, ([numbers(2, 0)] * 3, 1.0), dialect=dialect)
    for length in (1, 3, 2, 1):
        check(step, model, squares, [numbers(2, length)] * length, 2.0)
    assert len(step.programs) == 3


def test_mean_is_that_of_examples_of_several_shapes(dialect):
    model = SequenceModel(GRUCell(3, 2, rng=0), 3, rng=2)
    examples = [([0, 1], [1, 2]), ([2], [0]), ([1, 1], [0, 0]), ([2, 0], [1, 0])]
    step = model.compile(sequence_cross_entropy, examples[0], dialect=dialect)
    loss, gradients = step.mean(examples)
    each = [eager(model, sequence_cross_entropy, *example) for example in examples]
    assert loss == pytest.approx(sum(one for one, _ in each) / 4, **CLOSE)
    assert gradients == pytest.approx([sum(column) / 4 for column in zip(*[g for _, g in each])], **CLOSE)
    assert len(step.programs) == 2


OPTIONS = {
    "weight": {"weight": [0.5, 2.0, 0.25]},
    "ignored": {"ignore_index": 2},
    "smoothing": {"label_smoothing": 0.2},
    "all": {"weight": [0.5, 2.0, 0.25], "ignore_index": 0, "label_smoothing": 0.2},
}


@pytest.mark.parametrize("reduction", ["sum", "mean"])
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_targets_that_weigh_and_are_ignored_may_be_any_in_a_program(dialect, options, reduction):
    loss = partial(sequence_cross_entropy, reduction=reduction, **options)
    model = SequenceModel(RNNCell(3, 2, rng=0), 3, rng=2)
    step = model.compile(loss, ([0, 1, 2], [1, 1, 1]), dialect=dialect)
    for targets in ([1, 1, 1], [2, 0, 1], [1, [0.25, 0.25, 0.5], 2], [0, 2, 1]):
        check(step, model, loss, [2, 2, 0], targets)
    assert len(step.programs) == 1


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_a_batch_of_targets_that_weigh_has_the_mean_of_its_examples(dialect, options):
    loss = partial(cross_entropy, **options)
    model = MLP([2, 3], output_activation=None, rng=0)
    examples = [(numbers(2, k), target) for k, target in enumerate([0, 1, 2, [0.2, 0.3, 0.5], 1])]
    step = model.compile(loss, examples[0], dialect=dialect)
    found, gradients = step.mean(examples)
    each = [eager(model, loss, *example) for example in examples]
    assert found == pytest.approx(sum(one for one, _ in each) / 5, **CLOSE)
    assert gradients == pytest.approx([sum(column) / 5 for column in zip(*[g for _, g in each])], **CLOSE)
    assert len(step.programs) == 1


def test_an_example_that_is_ignored_leaves_the_parameters_where_they_are(dialect):
    model = MLP([2, 3], output_activation=None, rng=0)
    before = model.state_dict()
    history = train(model, [([0.5, 0.25], -100)], cross_entropy, steps=2, tolerance=-1.0, progress=False, compiled=dialect)
    assert history.losses == [0.0] * 3 and model.state_dict() == before


LOSSES = {
    "mae": mae,
    "huber": huber,
    "huber, delta": partial(huber, delta=0.25),
    "sum of mae": partial(mae, reduction="sum"),
    "weighted bce": partial(binary_cross_entropy, logits=True, pos_weight=3.0),
}


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_step_of_a_loss_on_each_side_of_its_corners(dialect, loss):
    model = MLP([2, 2], output_activation=None, rng=0)
    step = model.compile(loss, ([0.5, 0.25], [0.0, 1.0]), dialect=dialect)
    for x in ([0.5, 0.25], [-3.0, 5.0], [4.0, -1.0], [0.0, 0.01]):
        check(step, model, loss, x, [1.0, 0.5])
    assert len(step.programs) == 1


def test_what_else_the_function_returns_follows(dialect):
    w = Value(0.5, "w")

    def function(x, factor):
        return x[0] * w * factor, [[x[0], w], [factor * x[1]]], x[1] + w

    step = Step(function, [w], dialect)
    assert step([2.0, 3.0], 10.0) == (10.0, [20.0], [[2.0, 0.5], [30.0]], 3.5)


def test_the_program_can_be_read():
    model = MLP([2, 2, 1], rng=0)
    (program,) = model.compile(half_squared_error, ([1.0, 2.0], [0.5]), dialect="python").programs.values()
    for name in ("net_h1", "out_h2", "net_o1", "w_h1_1"):
        assert name in program.source


OPTIMIZERS = {
    "SGD": lambda parameters: SGD(parameters, 0.3, momentum=0.5),
    "Adam": lambda parameters: Adam(parameters, 0.05),
    "RMSprop": lambda parameters: RMSprop(parameters, 0.01),
}


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
@pytest.mark.parametrize("batch_size", [None, 1, 3])
def test_training_has_the_same_losses(dialect, optimizer, batch_size):
    examples = [(numbers(3, k), [0.5 + 0.4 * math.sin(k)]) for k in range(7)]
    runs = []
    for compiled in (False, dialect):
        model = MLP([3, 4, 1], rng=0)
        options = dict(optimizer=optimizer(model.parameters()), steps=30, batch_size=batch_size, rng=5, progress=False)
        runs.append((train(model, examples, compiled=compiled, **options), model.state_dict()))
    (history, state), (by_program, parameters) = runs
    assert by_program.losses == pytest.approx(history.losses, rel=1e-12)
    for name, entry in state.items():
        assert parameters[name] == pytest.approx(entry, rel=1e-11)


def test_training_of_sequences_of_several_lengths_has_the_same_losses(dialect):
    examples = [([0, 1, 2], [1, 2, 0]), ([2, 1], [1, 0]), ([1, 0, 2], [0, 2, 1])]
    losses = []
    for compiled in (False, dialect):
        model = SequenceModel(LSTMCell(3, 2, rng=0), 3, rng=1)
        losses.append(train(model, examples, sequence_cross_entropy, steps=10, progress=False, compiled=compiled).losses)
    assert losses[1] == pytest.approx(losses[0], rel=1e-12)


def test_training_ends_within_the_tolerance_at_the_same_update():
    runs = [
        train(MLP([2, 2, 1], rng=0), [([1.0, -1.0], [0.8])], tolerance=1e-4, progress=False, compiled=compiled)
        for compiled in (False, True)
    ]
    assert len(runs[0].losses) == len(runs[1].losses) and runs[1].reached


def scaled(scale, outputs, target):
    return mse([scale * outputs[0]], target)


def test_a_parameter_of_the_loss_is_trained_too():
    scales = []
    for compiled in (False, "python"):
        model, scale = MLP([2, 1], rng=0), Value(0.5)
        optimizer = SGD([*model.parameters(), scale], 0.1)
        train(
            model, [([1.0, 2.0], [0.5])], partial(scaled, scale), optimizer=optimizer, steps=5, progress=False, compiled=compiled
        )
        scales.append(scale.data)
    assert scales[1] == pytest.approx(scales[0], rel=1e-12) and scales[0] != 0.5


def test_a_loss_beyond_all_numbers_ends_the_training():
    model = MLP([1, 1], output_activation=None, rng=0)
    with pytest.raises(FloatingPointError, match="try a lower learning rate"):
        train(model, [([1e200], [0.0])], mse, progress=False, compiled="c" if fastest_dialect() == "c" else "python")


class Branching(Module):
    def __init__(self):
        self.w = Value(0.5)

    def forward(self, x):
        return [self.w * x[0]] if x[0] > 0 else [-2.0 * self.w * x[0]]


class Drawing(Module):
    def __init__(self):
        self.w, self.rng = Value(0.5), random.Random(0)

    def forward(self, x):
        return [self.w * x[0] * self.rng.random()]


@pytest.mark.parametrize("model", [Branching, Drawing])
def test_a_forward_pass_that_another_input_changes_is_refused(model):
    with pytest.raises(ValueError, match="cannot be compiled: it branches on data, or draws random numbers"):
        model().compile(mse, ([1.0], [0.5]), dialect="python")
    with pytest.raises(ValueError, match="cannot be compiled"):
        train(model(), [([1.0], [0.5])], mse, compiled="python", progress=False)


@pytest.mark.parametrize(
    "example, message",
    [
        (([1.0, "2"], [0.5]), "numbers, or nests of lists of them, got '2'"),
        (([1.0, 2.0], None), "numbers, or nests of lists of them, got None"),
        (({"x": 1.0}, [0.5]), "numbers, or nests of lists of them"),
    ],
)
def test_what_is_no_number_is_named(example, message):
    with pytest.raises(TypeError, match=message):
        MLP([2, 1]).compile(lambda out, target: sum_(out), example, dialect="python")


def test_a_place_or_class_that_there_is_not_is_named():
    model = SequenceModel(RNNCell(3, 2), 4)
    step = model.compile(sequence_cross_entropy, ([0, 1], [3, 3]), dialect="python")
    with pytest.raises(ValueError, match="3 is not a place from 0 to 2"):
        step([0, 3], [0, 0])
    with pytest.raises(ValueError, match="got class 4, but the classes are 0 to 3"):
        step([0, 1], [0, 4])
    assert len(step.programs) == 1


def test_a_loss_that_is_no_value_is_refused():
    with pytest.raises(TypeError, match="needs a loss that is a Value"):
        MLP([2, 1]).compile(lambda out, target: 1.0, ([1.0, 2.0], [0.5]), dialect="python")


def test_arrays_are_read_like_lists(dialect):
    np = pytest.importorskip("numpy", reason="arrays are NumPy's")
    model = MLP([2, 3], output_activation=softmax_of, rng=0)
    step = model.compile(mse, (np.array([1.0, 2.0]), np.array([0.5, 0.5, 0.5])), dialect=dialect)
    check(step, model, mse, [0.5, -0.5], [0.25, 0.5, 1.0])
    assert len(step.programs) == 1


def softmax_of(v):
    return softmax([v, 0.5 * v])[0]


@pytest.mark.parametrize("dialect", ["python", "numpy"])
def test_probabilities_of_exactly_0_and_1_cost_what_they_do_eagerly(dialect):
    class Given(Module):
        def __init__(self):
            self.w = Value(1.0)

        def forward(self, x):
            return [self.w * a for a in x]

    model = Given()
    step = model.compile(binary_cross_entropy, ([0.5, 0.25], [1.0, 0.0]), dialect=dialect)
    for x, target in (([1.0, 0.0], [1.0, 0.0]), ([0.5, 0.25], [0.75, 0.0])):
        loss = binary_cross_entropy(model(x), target)
        model.w.grad = 0.0
        loss.backward()
        found, gradients = step(x, target)
        assert found == pytest.approx(loss.data, rel=1e-15, abs=0)
        assert gradients == pytest.approx([model.w.grad], rel=1e-14, abs=0)
