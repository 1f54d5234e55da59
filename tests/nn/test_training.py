"""`train`: the articles' procedure step by step, its history and what it shows."""

import base64
import builtins
import importlib.util
import json
import math
import random
import re
import sys
from functools import partial

import pytest
from golden import flat
from interrupts import everywhere

from autograd_lite import Value, relu
from nn import (
    MLP,
    SGD,
    Adam,
    Dropout,
    ExponentialLR,
    History,
    LambdaLR,
    Linear,
    Module,
    Sequential,
    StepLR,
    accuracy,
    binary_cross_entropy,
    half_squared_error,
    moons,
    mse,
    train,
)


class Line(Module):
    """a*x + b: its loss and its gradients are easily said."""

    def __init__(self, a=0.0, b=0.0):
        self.a, self.b = Value(a, "a"), Value(b, "b")

    def forward(self, x):
        return self.a * x + self.b


def installed(package):
    return pytest.mark.skipif(importlib.util.find_spec(package) is None, reason=f"{package} is not installed")


def data(model):
    return [p.data for p in model.parameters()]


def quiet(model, examples, **options):
    return train(model, examples, options.pop("loss", mse), progress=False, **options)


@pytest.mark.parametrize("compiled", [False, "python"])
def test_the_model_is_not_searched_for_parameters_at_each_step(compiled, monkeypatch):
    walks, walk = [], Module._walk
    monkeypatch.setattr(Module, "_walk", lambda self, *rest: walks.append(self) or walk(self, *rest))
    counts = []
    for steps in (2, 20):
        quiet(MLP([1, 2, 1], rng=0), [([0.5], [0.25])], steps=steps, compiled=compiled)
        counts.append(len(walks))
        walks.clear()
    assert counts[0] == counts[1] > 0


def test_each_step_updates_weights_and_biases_by_the_mean_gradient():
    examples, lr = [(1.0, 2.0), (2.0, -1.0), (-0.5, 0.25)], 0.1
    model, a, b, losses = Line(0.5, -0.25), 0.5, -0.25, []
    history = quiet(model, examples, optimizer=SGD(model.parameters(), lr=lr), steps=4)
    for step in range(5):
        errors = [a * x + b - t for x, t in examples]
        losses.append(sum(e * e for e in errors) / 3)
        if step < 4:
            a, b = (
                a - lr * sum(2 * e * x for e, (x, _) in zip(errors, examples)) / 3,
                b - lr * sum(2 * e for e in errors) / 3,
            )
    assert data(model) == pytest.approx([a, b], rel=1e-14)  # sums in another order
    assert history.losses == pytest.approx(losses, rel=1e-14)


def test_without_options_it_is_gradient_descent_on_the_articles_error_at_their_rate():
    def trained(**options):
        mlp = MLP([2, 2, 1], rng=1)
        return train(mlp, [([0.1, 0.9], [0.3]), ([0.5, 0.2], [0.8])], **options, steps=3, progress=False).losses, data(mlp)

    mlp = MLP([2, 2, 1], rng=1)
    history = train(
        mlp, [([0.1, 0.9], [0.3]), ([0.5, 0.2], [0.8])], half_squared_error,
        optimizer=SGD(mlp.parameters(), lr=0.5), steps=3, progress=False,
    )  # fmt: skip
    assert trained() == (history.losses, data(mlp))


def test_gradients_of_before_are_not_added():
    first, second = Line(), Line()
    second.a.grad = second.b.grad = 1e3
    for model in (first, second):
        quiet(model, [(1.0, 1.0)], steps=3)
    assert data(first) == data(second)


@pytest.mark.parametrize("steps", [0, 1, 7])
def test_history_has_a_loss_for_each_forward_pass(steps):
    model = Line()
    history = quiet(model, [(1.0, 1.0)], optimizer=SGD(model.parameters(), lr=0.01), steps=steps)
    assert len(history.losses) == steps + 1 and not history.reached
    # the parameters are those of the last loss
    assert mse(model(1.0), 1.0).data == history.losses[-1]
    assert history.seconds > 0


def test_tolerance_is_checked_after_the_forward_and_before_the_backward_pass():
    """The loss 4, 4/9, ... of a*1 = 2 with lr 1/6: at the first that is within the tolerance, nothing more happens."""
    done = []

    class Watched(Line):
        def forward(self, x):
            done.append("forward")
            return super().forward(x)

    class WatchedSGD(SGD):
        def zero_grad(self):
            done.append("zero_grad")
            super().zero_grad()

        def step(self):
            assert all(p.grad != 0.0 for p in self.params)
            done.append("step")
            super().step()

    model = Watched()
    history = quiet(model, [(1.0, 2.0)], optimizer=WatchedSGD(model.parameters(), lr=1 / 6), steps=50, tolerance=0.5)
    assert history.losses == pytest.approx([4.0, 4 / 9], rel=1e-15) and history.reached
    assert done == ["forward", "zero_grad", "step", "forward"]
    assert data(model) == pytest.approx([2 / 3, 2 / 3], rel=1e-15)
    assert [p.grad for p in model.parameters()] == [-4.0, -4.0]  # of the pass before


@pytest.mark.parametrize("start, tolerance, reached", [(2.0, 0.0, True), (0.0, 4.0, True), (0.0, 3.99, False)])
def test_a_model_within_the_tolerance_is_left_as_it_is(start, tolerance, reached):
    model = Line(start)
    history = quiet(model, [(1.0, 2.0)], steps=1, tolerance=tolerance)
    assert history.reached == reached
    assert len(history.losses) == (1 if reached else 2)
    assert (data(model) == [start, 0.0]) == reached
    if reached:
        assert [p.grad for p in model.parameters()] == [0.0, 0.0]


def test_tolerance_reached_by_the_last_loss_counts():
    model = Line()
    optimizer = SGD(model.parameters(), lr=1 / 6)
    assert quiet(model, [(1.0, 2.0)], optimizer=optimizer, steps=1, tolerance=0.5).reached


def batches(n, batch_size, steps, rng):
    """The examples of each step."""
    seen = []

    class Recorder(Line):
        def forward(self, x):
            seen.append(x)
            return super().forward(0.0)

    model, examples = Recorder(), [(float(k), 1.0) for k in range(n)]
    optimizer = SGD(model.parameters(), lr=1e-3)  # so that no loss is within the tolerance
    quiet(model, examples, optimizer=optimizer, batch_size=batch_size, steps=steps - 1, rng=rng)
    assert len(seen) == steps * batch_size
    return [seen[k : k + batch_size] for k in range(0, len(seen), batch_size)]


@pytest.mark.parametrize("n, batch_size", [(6, 1), (6, 2), (6, 3), (6, 6)])
def test_mini_batches_cover_each_example_once_in_a_round(n, batch_size):
    found = batches(n, batch_size, steps=4 * n // batch_size, rng=0)
    rounds = [flat(found[k : k + n // batch_size]) for k in range(0, len(found), n // batch_size)]
    assert len(rounds) == 4
    assert [sorted(one) for one in rounds] == [list(range(n))] * 4
    assert len(set(map(tuple, rounds))) > 1  # in another order


def test_mini_batches_that_do_not_divide_the_examples_are_full_and_without_repetition():
    found = batches(7, 3, steps=40, rng=0)
    assert all(len(set(batch)) == 3 for batch in found)
    assert all(len(set(found[k] + found[k + 1])) == 6 for k in range(0, 40, 2))
    assert set(flat(found)) == set(range(7))  # the one that is left over is another one in each round


def test_mini_batches_are_reproducible():
    state = random.getstate()
    assert batches(6, 2, 9, rng=3) == batches(6, 2, 9, rng=3) == batches(6, 2, 9, rng=random.Random(3)) != batches(6, 2, 9, rng=4)
    assert random.getstate() == state


def test_loss_of_a_mini_batch_is_the_mean_over_it():
    history = quiet(Line(), [(0.0, 1.0), (0.0, 3.0)], batch_size=1, steps=1, rng=0, optimizer=SGD([Value(0.0)]))
    assert sorted(history.losses) == [1.0, 9.0]
    assert quiet(Line(), [(0.0, 1.0), (0.0, 3.0)], batch_size=2, steps=0).losses == [5.0]


def test_examples_may_come_from_an_iterator():
    assert quiet(Line(), iter([(0.0, 1.0), (0.0, 3.0)]), steps=1).losses[0] == 5.0


@pytest.mark.parametrize(
    "loss",
    [lambda out, t: (out - t) * (out - t), lambda out, t: (out - t) ** 2, half_squared_error],
    ids=["product", "power", "half_squared_error"],
)
def test_divergence_raises_and_leaves_the_parameters_of_that_loss(loss):
    model = Line(1.0)
    optimizer = SGD(model.parameters(), lr=1e30)
    with pytest.raises(FloatingPointError, match=r"after \d updates: try a lower learning rate"):
        quiet(model, [(1.0, 2.0)], loss=loss, optimizer=optimizer, steps=50)
    assert all(math.isfinite(number) and abs(number) > 1e100 for number in data(model))


@pytest.mark.parametrize("infinite, shown", [(math.inf, "inf"), (math.nan, "nan"), (-math.inf, "-inf")])
def test_a_loss_that_is_no_number_raises_at_once(infinite, shown):
    model = Line(1.0)
    with pytest.raises(FloatingPointError, match=f"the loss is {shown} after 0 updates"):
        quiet(model, [(1.0, 2.0)], loss=lambda out, t: out + infinite, tolerance=math.inf)
    assert data(model) == [1.0, 0.0]


@pytest.mark.parametrize("interrupted_at", ["forward", "zero_grad", "step"])
def test_an_interrupt_passes_through_and_leaves_the_parameters_of_a_step(interrupted_at):
    """Those after two updates, all of them."""
    model, reference = Line(), Line()
    quiet(reference, [(1.0, 2.0)], optimizer=SGD(reference.parameters(), lr=0.1), steps=2)
    count = {"forward": 0, "zero_grad": 0, "step": 0}

    def reach(what):
        count[what] += 1
        if what == interrupted_at and count[what] == 3:
            raise KeyboardInterrupt

    class Interrupted(SGD):
        def zero_grad(self):
            super().zero_grad()
            reach("zero_grad")

        def _new_data(self, data, grads):
            found = super()._new_data(data, grads)
            reach("step")
            return found

    def loss(out, target):
        reach("forward")
        return mse(out, target)

    with pytest.raises(KeyboardInterrupt):
        quiet(model, [(1.0, 2.0)], loss=loss, optimizer=Interrupted(model.parameters(), lr=0.1), steps=10)
    assert data(model) == data(reference)


@pytest.mark.parametrize("compiled", [False, "python"])
def test_an_interrupt_at_any_instruction_leaves_the_parameters_of_a_whole_update(compiled):
    def prepare():
        model = Line(0.5, -0.25)
        return model, SGD(model.parameters(), lr=0.1, momentum=0.9)

    def run(both):
        model, optimizer = both
        quiet(model, [(1.0, 2.0), (2.0, -1.0)], optimizer=optimizer, steps=3, compiled=compiled)

    whole = []
    for steps in range(4):
        model, optimizer = prepare()
        quiet(model, [(1.0, 2.0), (2.0, -1.0)], optimizer=optimizer, steps=steps, compiled=compiled)
        whole.append((data(model), optimizer.state_dict()))
    found = [
        whole.index((data(model), optimizer.state_dict()))
        for model, optimizer in everywhere(prepare, run, ["training.py", "optim.py"], stride=3)
    ]
    assert found == sorted(found) and set(found) == {0, 1, 2, 3}


@pytest.mark.parametrize(
    "examples, options, message",
    [
        ([], {}, "train needs at least one example"),
        ([(1.0, 1.0)], {"steps": -1}, "train needs steps >= 0 and batch_size from 1 to 1, got -1 and None"),
        ([(1.0, 1.0)], {"batch_size": 0}, "batch_size from 1 to 1, got 1000 and 0"),
        ([(1.0, 1.0)] * 3, {"batch_size": 4}, "batch_size from 1 to 3, got 1000 and 4"),
    ],
)
def test_what_does_not_fit(examples, options, message):
    with pytest.raises(ValueError, match=message):
        quiet(Line(), examples, **options)


@pytest.mark.parametrize("examples", [[0.5, 1.0], [(1.0, 2.0), (1.0,)], [(1.0, 2.0, 3.0)], ["ab"]])
def test_examples_that_are_no_pairs_are_named(examples):
    with pytest.raises(ValueError, match=r"train needs pairs of an input and a target, as of zip\(X, y\), but number [01] is "):
        quiet(Line(), examples)
    with pytest.raises(ValueError, match="validation needs pairs of an input and a target"):
        quiet(Line(), [(1.0, 2.0)], validation=examples)


def test_inputs_and_targets_apart_are_said_to_be_pairs():
    with pytest.raises(
        TypeError, match=r"pairs of input and target, as in train\(model, zip\(X, y\), loss\); got \[2.0\] as loss"
    ):
        train(Line(), [1.0], [2.0])


def test_a_model_without_parameters_is_refused():
    with pytest.raises(ValueError, match="SGD got no parameters"):
        quiet(Module(), [(1.0, 1.0)])


# Schedules, callbacks, looks at the model ------------------------------------------------------------------------------


@pytest.mark.parametrize("compiled", [False, "python"])
def test_a_schedule_sets_the_rate_after_each_update(compiled):
    model, a, losses = Line(), 0.0, []
    optimizer = SGD([model.a], lr=0.25)
    history = quiet(model, [(1.0, 2.0)], optimizer=optimizer, schedule=ExponentialLR(optimizer, 0.5), steps=4, compiled=compiled)
    for step in range(5):
        losses.append((a - 2.0) ** 2)
        a -= 0.25 * 0.5**step * 2 * (a - 2.0) * (step < 4)
    assert history.losses == pytest.approx(losses, rel=1e-14) and model.a.data == pytest.approx(a, rel=1e-14)
    assert optimizer.lr == 0.25 * 0.5**4


def test_a_schedule_brings_its_optimizer_and_no_other():
    model = Line()
    schedule = StepLR(SGD(model.parameters(), lr=0.05), 2)
    quiet(model, [(1.0, 2.0)], schedule=schedule, steps=3)
    assert schedule.last_epoch == 3 and schedule.optimizer.lr == pytest.approx(0.005)
    with pytest.raises(ValueError, match="the schedule is of another optimizer than the one that is given"):
        quiet(model, [(1.0, 2.0)], schedule=schedule, optimizer=SGD(model.parameters()))
    with pytest.raises(TypeError, match=r"train needs a schedule such as StepLR\(optimizer, 100\), got 0.5"):
        quiet(model, [(1.0, 2.0)], schedule=0.5)


@pytest.mark.parametrize("steps", [0, 3])
def test_a_schedule_of_a_run_goes_on_in_the_next(steps):
    """Parameters, optimizer and schedule in JSON in between: the same numbers as of one run, to the last bit."""

    def made():
        model = MLP([2, 3, 1], rng=0)
        optimizer = Adam([{"params": model.layers[0].parameters()}, {"params": model.layers[1].parameters(), "lr": 0.2}], lr=0.1)
        return model, optimizer, StepLR(optimizer, 2, gamma=0.5)

    examples = [([0.1, 0.9], [0.3]), ([0.5, 0.2], [0.8])]
    model, optimizer, schedule = made()
    whole = quiet(model, examples, optimizer=optimizer, schedule=schedule, steps=7)
    first, optimizer, schedule = made()
    start = quiet(first, examples, optimizer=optimizer, schedule=schedule, steps=steps)
    states = json.loads(json.dumps([first.state_dict(), optimizer.state_dict(), schedule.state_dict()]))
    second, optimizer, schedule = made()
    for thing, state in zip((second, optimizer, schedule), states):
        thing.load_state_dict(state)
    rest = quiet(second, examples, optimizer=optimizer, schedule=schedule, steps=7 - steps)
    assert start.losses[:-1] + rest.losses == whole.losses
    assert data(second) == data(model)


def test_a_callback_sees_every_forward_pass_and_may_end_the_training():
    seen, model = [], Line()

    def callback(history):
        seen.append((len(history.losses), history.losses[-1], mse(model(1.0), 2.0).data))
        return len(seen) == 4

    history = quiet(model, [(1.0, 2.0)], optimizer=SGD(model.parameters(), lr=0.1), steps=100, callback=callback)
    assert [count for count, _, _ in seen] == [1, 2, 3, 4]
    assert all(loss == now for _, loss, now in seen)
    assert history.stopped == "callback" and len(history.losses) == 4 and "stopped by callback" in repr(history)
    assert quiet(Line(), [(1.0, 2.0)], steps=3, tolerance=-1.0, callback=lambda history: "no").stopped == ""


@pytest.mark.parametrize("compiled", [False, "python"])
def test_examples_held_back_are_looked_at_without_being_learned_from(compiled):
    def run(**options):
        model = MLP([2, 3, 1], rng=0)
        history = quiet(model, [([0.1, 0.9], [0.3])], steps=7, compiled=compiled, **options)
        return model, history

    held_back = [([0.5, 0.5], [0.1]), ([0.2, 0.1], [0.9])]
    plain, before = run()
    model, history = run(validation=iter(held_back), every=3)
    assert (data(model), history.losses) == (data(plain), before.losses)
    assert history.evaluated == [0, 3, 6, 7]
    again = MLP([2, 3, 1], rng=0)
    expected = sum(mse(again(x), t).data for x, t in held_back) / 2
    assert history.validation[0] == pytest.approx(expected, rel=1e-15)
    assert history.validation[-1] == pytest.approx(sum(mse(model(x), t).data for x, t in held_back) / 2, rel=1e-15)
    assert history.metrics == {} and history.best == history.evaluated[history.validation.index(min(history.validation))]


def test_metrics_are_means_over_the_examples_held_back_or_over_all():
    X, y = moons(20, rng=0)
    examples, held_back = list(zip(X, y))[:12], list(zip(X, y))[12:]
    for validation, seen in ((None, examples), (held_back, held_back)):
        model = MLP([2, 4, 1], "tanh", rng=0)
        metrics = {"accuracy": accuracy, "off": lambda out, t: abs(out[0] - t), "whole": partial(accuracy, threshold=0)}
        history = quiet(
            model, examples, loss=binary_cross_entropy, metrics=metrics, validation=validation, steps=10, batch_size=3, rng=0
        )
        assert history.evaluated == list(range(11)) and set(history.metrics) == set(metrics)
        assert history.metrics["accuracy"][-1] == accuracy([model(x) for x, _ in seen], [t for _, t in seen])
        assert history.metrics["off"][-1] == pytest.approx(sum(abs(model(x)[0].data - t) for x, t in seen) / len(seen), rel=1e-14)
        assert bool(history.validation) == (validation is not None)


def test_metrics_have_the_names_of_their_functions():
    history = quiet(MLP([1, 1]), [([1.0], 1)], metrics=[accuracy, partial(mse, reduction="sum")], steps=1)
    assert list(history.metrics) == ["accuracy", "mse"]
    assert list(quiet(MLP([1, 1]), [([1.0], 1)], metrics=accuracy, steps=1).metrics) == ["accuracy"]
    for metrics in ([accuracy, accuracy], [5], {"accuracy": None}):
        with pytest.raises(ValueError, match="metrics are functions of outputs and target, of different names"):
            quiet(Line(), [(1.0, 2.0)], metrics=metrics)


class Turning(Line):
    """Overfits: what it should be at the example held back is met on the way, after three updates."""

    def parameters(self):
        return [self.a]


def turning(**options):
    """a goes 0, 1, 1.5, 1.75, ... to 2 on the example; on the one held back 1.75 is right, unless told."""
    model = Turning()
    target = options.pop("target", 1.75)
    validation = options.pop("validation", [(1.0, target)])
    optimizer = SGD([model.a], lr=0.25)
    return model, quiet(model, [(1.0, 2.0)], optimizer=optimizer, validation=validation, tolerance=-1.0, **options)


@pytest.mark.parametrize("patience, updates", [(1, 4), (2, 5), (5, 8), (5.5, 9)])
def test_training_ends_when_there_has_been_no_better_loss_for_so_long_and_the_best_parameters_stay(patience, updates):
    model, history = turning(patience=patience, steps=100)
    assert history.evaluated == list(range(updates + 1)) and history.stopped == "patience"
    assert (history.best, model.a.data) == (3, 1.75)
    assert history.validation[3] == 0.0 and "stopped by patience, validation 0 after 3)" in repr(history)


@pytest.mark.parametrize("compiled", [False, "python"])
def test_endless_patience_keeps_the_best_of_all_steps(compiled):
    model, history = turning(patience=math.inf, steps=20, compiled=compiled)
    assert len(history.losses) == 21 and history.stopped == "" and (history.best, model.a.data) == (3, 1.75)
    model, history = turning(steps=20)
    assert model.a.data == pytest.approx(2.0, abs=1e-5) and history.best == 3  # without, the last stay


def test_patience_counts_looks_not_updates():
    _, history = turning(patience=2, every=4, steps=100, target=1.9)
    assert history.evaluated == [0, 4, 8, 12] and history.best == 4


def test_patience_of_zero_and_losses_that_stay():
    model, history = turning(patience=0, steps=100)
    assert history.evaluated == [0, 1, 2, 3, 4] and model.a.data == 1.75
    model = Line()
    history = quiet(model, [(1.0, 2.0)], validation=[(0.0, 0.0)], patience=2, steps=50, optimizer=SGD([model.a], lr=0.1))
    assert history.evaluated == [0, 1, 2] and model.a.data == 0.0  # as low is not lower


def test_a_loss_that_is_no_number_is_not_the_best():
    def loss(out, target):
        return mse(out, target) if target == 2.0 or out.data > 1.6 else out + math.nan

    model, history = turning(patience=math.inf, steps=6, loss=loss)
    assert math.isnan(history.validation[0]) and (history.best, model.a.data) == (3, 1.75)


def test_a_look_is_as_after_eval_and_leaves_the_model_in_training():
    model = Sequential(Linear(1, 50, rng=0), Dropout(0.5, rng=0), Linear(50, 1, rng=0))
    modes = []

    def seen(out, target):
        modes.append([part.training for part in model.modules()])
        return out[0]

    model[0].eval()
    history = quiet(model, [([1.0], 2.0)], metrics=[seen], steps=1)
    assert modes == [[False] * 4] * 2
    assert [part.training for part in model.modules()] == [True, False, True, True]
    model.eval()
    assert history.metrics["seen"][-1] == pytest.approx(model([1.0])[0].data, rel=1e-15)
    model.train()
    with pytest.raises(ZeroDivisionError):
        quiet(model, [([1.0], 2.0)], metrics={"fails": lambda out, target: 1 / 0})
    assert all(part.training for part in model.modules())


def test_a_look_that_overflows_says_so():
    with pytest.raises(FloatingPointError, match="what is looked at after 0 updates overflows"):
        quiet(Line(1.0), [(1.0, 2.0)], validation=[(1e200, 0.0)])


@pytest.mark.parametrize(
    "options, message",
    [
        ({"validation": []}, "validation needs at least one example"),
        ({"patience": 3}, "patience is a number of at least 0, and needs examples for validation; got 3"),
        ({"validation": [(1.0, 2.0)], "patience": -1}, "patience is a number of at least 0"),
        ({"validation": [(1.0, 2.0)], "patience": math.nan}, "patience is a number of at least 0"),
        ({"validation": [(1.0, 2.0)], "patience": "3"}, "patience is a number of at least 0"),
        ({"every": 0}, "a whole number of at least 1 as every, got 0"),
        ({"every": 2.5}, "a whole number of at least 1 as every, got 2.5"),
    ],
)
def test_looks_that_do_not_fit(options, message):
    model = Line()
    with pytest.raises(ValueError, match=message):
        quiet(model, [(1.0, 2.0)], **options)
    assert data(model) == [0.0, 0.0]


@pytest.mark.parametrize("what", ["schedule", "patience"])
def test_an_interrupt_at_any_instruction_finds_a_whole_update_and_its_rate(what):
    def prepare():
        model = Turning(0.5)
        optimizer = SGD([model.a], lr=0.125, momentum=0.5)
        return model, optimizer, LambdaLR(optimizer, lambda t: 1 / (1 + t))

    def run(made, steps=3):
        model, optimizer, schedule = made
        options = {"schedule": schedule} if what == "schedule" else {"validation": [(1.0, 0.75)], "patience": math.inf}
        quiet(model, [(1.0, 2.0)], optimizer=optimizer, steps=steps, **options)

    def everything(made):
        model, optimizer, schedule = made
        return model.a.data, optimizer.state_dict(), schedule.state_dict()

    whole = []
    for steps in range(4):
        made = prepare()
        if what == "schedule":
            run(made, steps)
        else:  # the last parameters, which are there until the best are set
            quiet(made[0], [(1.0, 2.0)], optimizer=made[1], steps=steps)
        whole.append(everything(made))
    if what == "patience":
        run(made := prepare())
        whole.append(everything(made))
    found = [
        whole.index(everything(made)) for made in everywhere(prepare, run, ["training.py", "schedules.py", "validation.py"], 3)
    ]
    assert found == sorted(found) and set(found) == set(range(len(whole)))


# What is shown ------------------------------------------------------------------------------------------------------


@pytest.fixture
def no_tqdm(monkeypatch):
    """As if tqdm were not installed."""

    def importing(name, *args, **kwargs):
        if name.split(".")[0] == "tqdm":
            raise ImportError("No module named 'tqdm'")
        return original(name, *args, **kwargs)

    original = builtins.__import__
    monkeypatch.setattr(builtins, "__import__", importing)
    for name in [name for name in sys.modules if name.split(".")[0] == "tqdm"]:
        monkeypatch.delitem(sys.modules, name)


@pytest.mark.parametrize(
    "steps, shown", [(0, [0]), (3, [0, 1, 2, 3]), (50, list(range(0, 51, 5))), (1000, list(range(0, 1001, 100)))]
)
def test_without_tqdm_progress_is_plain_lines_on_stderr(no_tqdm, capsys, steps, shown):
    model = Line()
    history = train(model, [(1.0, 1.0)], mse, optimizer=SGD(model.parameters(), lr=1e-4), steps=steps)
    found = capsys.readouterr()
    assert found.out == ""
    assert found.err.splitlines() == [f"after {k} of {steps} updates: loss {history.losses[k]:.9g}" for k in shown]


@pytest.mark.parametrize("steps", [1, 9, 15, 19, 25, 99, 101, 199])
def test_without_tqdm_there_are_about_ten_lines_and_the_last_loss(no_tqdm, capsys, steps):
    model = Line()
    train(model, [(1.0, 1.0)], mse, optimizer=SGD(model.parameters(), lr=1e-4), steps=steps)
    lines = capsys.readouterr().err.splitlines()
    assert lines[-1].startswith(f"after {steps} of {steps} updates: loss ")
    assert len(lines) <= 12


def test_without_tqdm_the_loss_within_the_tolerance_is_shown(no_tqdm, capsys):
    model = Line()
    history = train(model, [(1.0, 2.0)], mse, optimizer=SGD(model.parameters(), lr=0.01), steps=1000, tolerance=0.5)
    assert history.reached and (len(history.losses) - 1) % 100
    assert f"loss {history.losses[-1]:.9g}" in capsys.readouterr().err.splitlines()[-1]


def test_without_progress_nothing_is_shown(capsys):
    quiet(Line(), [(1.0, 1.0)], steps=20)
    assert capsys.readouterr() == ("", "")


@installed("tqdm")
def test_with_tqdm_progress_is_a_bar(capsys):
    model = Line()
    history = train(model, [(1.0, 1.0)], mse, optimizer=SGD(model.parameters(), lr=1e-3), steps=20)
    found = capsys.readouterr()
    assert found.out == ""
    assert "20/20" in found.err and "update/s" in found.err
    assert f"loss {history.losses[-1]:.9g}" in found.err


@installed("tqdm")
@pytest.mark.parametrize("end", ["tolerance", "divergence", "interrupt"])
def test_the_bar_is_closed_however_training_ends(monkeypatch, capsys, end):
    closed = []
    import tqdm.auto

    class Bar(tqdm.auto.tqdm):
        def close(self):
            closed.append(self.n)
            super().close()

        def __del__(self):
            """tqdm's closes the bar too, whenever it is freed."""

    monkeypatch.setattr(tqdm.auto, "tqdm", Bar)

    def loss(out, target):
        if end == "interrupt" and out.data:
            raise KeyboardInterrupt
        return out + math.inf if end == "divergence" and out.data else mse(out, target)

    model = Line()
    try:
        history = train(model, [(1.0, 2.0)], loss, optimizer=SGD(model.parameters(), lr=1 / 6), steps=50, tolerance=0.5)
        assert end == "tolerance" and history.reached
    except (KeyboardInterrupt, FloatingPointError):
        assert end != "tolerance"
    assert closed[:1] == [0 if end == "interrupt" else 1]
    assert capsys.readouterr().err.endswith("\n")


# History ------------------------------------------------------------------------------------------------------------


def test_repr_of_a_history():
    assert repr(History()) == "History(no steps)"
    assert repr(History([1.0, 0.25], True, 0.04)) == "History(2 losses, from 1 to 0.25 in 0.0 s, within the tolerance)"
    assert repr(History([1.0, 0.25, 0.125], False, 2.0)) == "History(3 losses, from 1 to 0.125 in 2.0 s, all steps done)"


@installed("matplotlib")
@pytest.mark.parametrize(
    "losses, scale", [([1.0, 0.1, 0.01], "log"), ([1.0, 0.0], "linear"), ([1.0, -1.0], "linear"), ([], "linear")]
)
def test_plot_is_of_the_losses(losses, scale):
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    own = plt.subplots()[1]
    try:
        for ax in (History(losses).plot(), History(losses).plot(own)):
            assert list(ax.lines[0].get_ydata()) == losses
            assert (ax.get_yscale(), ax.get_xlabel(), ax.get_ylabel()) == (scale, "updates", "loss")
        assert ax is own
    finally:
        plt.close("all")


@installed("matplotlib")
def test_plot_has_all_curves():
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    model = MLP([1, 1], rng=0)
    examples = [([0.5], 1), ([-0.5], 0)]
    history = quiet(model, examples, validation=examples, metrics=[accuracy, mse], steps=6, every=4)
    own = plt.subplots()[1]
    try:
        assert history.plot(own) is own
        left, right = own.figure.axes
        assert [line.get_label() for line in left.lines] == ["loss", "validation"]
        assert list(left.lines[1].get_xdata()) == [0, 4, 6] and list(left.lines[1].get_ydata()) == history.validation
        assert [list(line.get_ydata()) for line in right.lines] == list(history.metrics.values())
        assert right.get_ylabel() == "accuracy, mse"
        assert [text.get_text() for text in own.get_legend().get_texts()] == ["loss", "validation", "accuracy", "mse"]
    finally:
        plt.close("all")


def test_a_notebook_shows_all_curves():
    history = quiet(MLP([1, 1], rng=0), [([0.5], 1)], validation=[([0.5], 0)], metrics=[accuracy], steps=6, every=4)
    losses, metrics = [base64.b64decode(found).decode() for found in re.findall('base64,([^"]*)', history._repr_html_())]
    assert ">validation</text>" in losses and losses.count("<circle") == 7 + 3
    assert ">accuracy</text>" in metrics and metrics.count("<circle") == 3
    assert history._repr_html_().count("losses, from") == 2  # in the text below, and for those who do not see it


def test_plot_without_matplotlib_is_an_import_error(monkeypatch):
    for name in ("matplotlib", "matplotlib.pyplot"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match="matplotlib"):
        History([1.0]).plot()


def test_a_small_network_learns():
    """The exclusive or, which no single layer can: from a loss of about 1/8 to nearly none."""
    examples = [([0.0, 0.0], [0.0]), ([0.0, 1.0], [1.0]), ([1.0, 0.0], [1.0]), ([1.0, 1.0], [0.0])]
    mlp = MLP([2, 4, 1], "tanh", rng=0)
    history = train(mlp, examples, optimizer=SGD(mlp.parameters(), lr=1.0), steps=1500, tolerance=1e-3, progress=False)
    assert history.reached
    assert [relu(mlp(x)[0] - 0.5).data > 0 for x, _ in examples] == [False, True, True, False]
