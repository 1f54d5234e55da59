"""Plots for a class: what is drawn is what the model computes."""

import math
import sys

import pytest

from autograd_lite import no_grad, sum_
from nn import (
    MLP,
    RNN,
    Dropout,
    Linear,
    RNNCell,
    Sequential,
    accuracy,
    draw_decision,
    moons,
    mse,
    plot_decision,
    plot_layers,
    plots,
)

matplotlib = pytest.importorskip("matplotlib", reason="the plots are drawn by it")
matplotlib.use("Agg")


@pytest.fixture
def ax():
    import matplotlib.pyplot as plt

    yield plt.subplots()[1]
    plt.close("all")


def line(model, w, b):
    model.load_state_dict({"weight": w, "bias": b})
    return model


def boundary(ax):
    """The points of the black line."""
    (lines,) = [c for c in ax.collections if type(c).__name__ == "QuadContourSet" and not c.filled]
    return [point for path in lines.get_paths() for point in path.vertices.tolist()]


def test_the_boundary_is_where_the_output_is_halfway_between_the_labels(ax):
    X = [[0.0, 0.0], [1.0, 1.0], [0.0, 1.0]]
    model = line(Linear(2, 1), [[2.0, -1.0]], [0.25])
    for labels, threshold, level in (
        ([0, 1, 1], None, 0.5),
        ([-1, 1, 1], None, 0.0),
        ([0, 1, 1], 0, 0.0),
        ([1, -1, -1], 0.3, 0.3),
    ):
        ax.clear()
        assert plot_decision(model, X, labels, ax, threshold=threshold) is ax
        points = boundary(ax)
        assert len(points) > 5 and [2 * a - b + 0.25 for a, b in points] == pytest.approx([level] * len(points), abs=1e-9)
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("x1", "x2")
    (dots,) = [c for c in ax.collections if type(c).__name__ == "PathCollection"]
    assert dots.get_offsets().tolist() == X


def test_of_several_outputs_the_regions_are_those_of_the_largest(ax):
    model = line(Linear(2, 3), [[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]], [0.0, 0.0, 0.0])
    plot_decision(model, [[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]], [0, 1, 2], ax, points=21)
    regions = [c for c in ax.collections if type(c).__name__ == "QuadContourSet"]
    assert len(regions) == 3
    for k, place in enumerate([[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]]):
        assert [any(path.contains_point(place) for path in region.get_paths()) for region in regions] == [
            j == k for j in range(3)
        ]


def test_a_decision_that_is_the_same_everywhere_has_no_line(ax):
    plot_decision(line(Linear(2, 1), [[0.0, 0.0]], [5.0]), [[0.0, 0.0], [0.0, 0.0]], [0, 1], ax)
    assert all(c.filled for c in ax.collections if type(c).__name__ == "QuadContourSet")
    plot_decision(line(Linear(2, 1), [[0.0, 0.0]], [0.0]), [[0.0, 0.0]], [0], ax)


def test_the_examples_and_labels_may_be_arrays_and_labels_in_lists(ax):
    np = pytest.importorskip("numpy", reason="arrays are NumPy's")
    X, y = moons(6, rng=0)
    model = MLP([2, 2, 1], rng=0)
    for labels in (np.array(y), [[t] for t in y], [[1 - t, t] for t in y]):
        ax.clear()
        plot_decision(model, np.array(X), labels, ax, points=5)
        (dots,) = [c for c in ax.collections if type(c).__name__ == "PathCollection"]
        assert dots.get_offsets().tolist() == X and dots.get_array().tolist() == y


def test_the_model_is_left_as_it_was_and_seen_as_after_eval(ax):
    model = Sequential(Linear(2, 4, rng=0), Dropout(0.9, rng=0), Linear(4, 1, rng=0))
    model[1].eval()
    model.training = model[0].training = True
    state, drawn = model.state_dict(), model[1].rng.getstate()
    plot_decision(model, [[0.0, 1.0], [1.0, 0.0]], [0, 1], ax, points=4)
    assert [part.training for part in model.modules()] == [True, True, False, True]
    assert model.state_dict() == state and model[1].rng.getstate() == drawn
    with pytest.raises(ValueError, match="this Linear has 3 inputs"):
        plot_decision(Sequential(Dropout(), Linear(3, 1)), [[0.0, 1.0]], [0], ax)


def test_without_axes_there_are_new_ones():
    import matplotlib.pyplot as plt

    try:
        model = MLP([2, 2, 1], rng=0)
        first, second = plot_decision(model, [[0.0, 1.0]], [0], points=3), plot_layers(model([1.0, 2.0]))
        assert first is not second and first.figure is not second.figure
    finally:
        plt.close("all")


@pytest.mark.parametrize(
    "X, y, options, message",
    [
        ([], [], {}, "a label for each of at least one example, got 0 and 0"),
        ([[0.0, 1.0]], [0, 1], {}, "a label for each of at least one example, got 1 and 2"),
        ([[0.0, 1.0, 2.0]], [0], {}, r"examples of two inputs, got \[0.0, 1.0, 2.0\]"),
        ([0.5], [0], {}, "examples of two inputs, got 0.5"),
        ([[0.0, 1.0]], [0], {"points": 1}, "at least 2 points of each coordinate, got 1"),
        ([[0.0, 1.0]], [0], {"points": 2.5}, "at least 2 points of each coordinate, got 2.5"),
        ([[0.0, math.nan]], [0], {}, "finite numbers, got nan"),
        ([[0.0, 1.0]], ["a"], {}, "finite numbers, got 'a'"),
        ([[0.0, 1.0]], [None], {}, "finite numbers, got None"),
        ([[0.0, 1.0]], [0], {"margin": "x"}, "finite numbers, got 'x'"),
        ([[0.0, 1.0]], [0], {"threshold": "x"}, "finite numbers, got 'x'"),
        (5, [0], {}, "a list of examples and a list of their labels, got 5"),
    ],
)
def test_a_decision_that_cannot_be_drawn_names_the_function_that_was_called(ax, X, y, options, message):
    for drawn in (plot_decision, draw_decision):
        with pytest.raises(ValueError, match=f"^{drawn.__name__} needs {message}"):
            drawn(MLP([2, 1]), X, y, **options)


# Layers ----------------------------------------------------------------------------------------------------------------


def batch():
    model = MLP([2, 3, 1], "tanh", None, rng=0)
    outputs = [model([0.5, k / 4]) for k in range(5)]
    return model, outputs, sum_([mse(out, 1.0) for out in outputs])


def test_numbers_of_a_layer_are_its_units_of_every_example():
    _, outputs, loss = batch()
    loss.backward()
    hidden = [[unit for unit in out[0].parents if unit.op == "tanh"] for out in outputs]
    found = plots.layer_numbers(loss)
    assert list(found) == ["layer 1", "layer 2"]
    assert sorted(found["layer 1"]) == sorted(unit.data for units in hidden for unit in units)
    assert sorted(found["layer 2"]) == sorted(out[0].data for out in outputs)
    assert plots.layer_numbers(outputs) == found
    grads = plots.layer_numbers(loss, "grad")
    assert sorted(grads["layer 1"]) == sorted(unit.grad for units in hidden for unit in units)
    assert sorted(grads["layer 2"]) == sorted(out[0].grad for out in outputs)


def test_each_layer_has_a_histogram_of_shares(ax):
    _, _, loss = batch()
    loss.backward()
    for of, label in (("data", "activation"), ("grad", "gradient")):
        ax.clear()
        assert plot_layers(loss, of, ax, bins=7) is ax
        assert (ax.get_xlabel(), ax.get_ylabel()) == (label, "share")
        titles = [text.get_text() for text in ax.get_legend().get_texts()]
        assert [title.split(":")[0] for title in titles] == ["layer 1", "layer 2"]
        assert len(ax.patches) == 2
        for patch in ax.patches:  # the outline of the bars: heights that add up to 1, between the ends of all numbers
            heights = patch.get_xy()[:, 1]
            assert sum(heights[1:-1:2]) == pytest.approx(1.0)
    mean = sum(numbers := plots.layer_numbers(loss, "grad")["layer 2"]) / len(numbers)
    assert f"{mean:+.2g} ±" in titles[1]


def test_layers_are_those_of_any_model():
    model = Sequential(Linear(2, 3, rng=0), "tanh", Linear(3, 1, rng=0))
    assert list(plots.layer_numbers(model([0.5, 1.0]))) == ["0: linear 2 → 3", "1: tanh", "2: linear 3 → 1"]
    run = RNN(RNNCell(2, 2, rng=0))([[0.5, 1.0]] * 3)
    assert list(plots.layer_numbers(run.outputs[-1])) == ["t = 1", "t = 2", "t = 3"]


def test_one_number_everywhere_has_a_histogram_too(ax):
    plot_layers(Linear(1, 1, parameters={"weight": [[0.0]], "bias": [0.0]})([1.0]), ax=ax)
    assert len(ax.patches) == 1


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: plot_layers(batch()[2], "grad"), r"all derivatives are 0: call backward\(\) first"),
        (lambda: plot_layers(batch()[2], "weights"), "plot_layers is of 'data' or 'grad', got 'weights'"),
        (lambda: plot_layers(sum_([1.0])), "needs a Value or a nest of Values"),
        (lambda: plot_layers([]), "needs a Value or a nest of Values"),
        (lambda: plot_layers(no_grad()(lambda: MLP([2, 1])([1.0, 2.0]))()), "found no layers"),
    ],
)
def test_layers_that_cannot_be_drawn(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_without_matplotlib_the_plots_are_import_errors(monkeypatch):
    for name in ("matplotlib", "matplotlib.pyplot"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match="matplotlib"):
        plot_decision(MLP([2, 1]), [[0.0, 1.0]], [0], points=2)
    with pytest.raises(ImportError, match="matplotlib"):
        plot_layers(batch()[2])
    assert accuracy([0.7], 1) == 1.0
