"""`train`: the articles' procedure step by step, its history and what it shows."""

import builtins
import importlib.util
import math
import random
import sys

import pytest
from golden import flat
from interrupts import everywhere

from autograd_lite import Value, relu
from nn import MLP, SGD, History, Module, half_squared_error, mse, train


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


def test_a_model_without_parameters_is_refused():
    with pytest.raises(ValueError, match="SGD got no parameters"):
        quiet(Module(), [(1.0, 1.0)])


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
