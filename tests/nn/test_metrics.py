"""Accuracy, and toy data for classes."""

import math
import random

import pytest

from autograd_lite import Value
from nn import accuracy, circles, moons, spiral, xor

# Accuracy --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "outputs, targets, options, expected",
    [
        ([0.1, 0.7, 0.2], 1, {}, 1.0),
        ([0.1, 0.7, 0.2], 0, {}, 0.0),
        ([0.1, 0.7, 0.2], [0.0, 1.0, 0.0], {}, 1.0),
        ([[0.1, 0.7], [3.0, -1.0], [0.0, 5.0], [1.0, 0.0]], [1, 0, 0, 1], {}, 0.5),
        ([[0.1, 0.7], [3.0, -1.0]], [[0.2, 0.8], [0.3, 0.7]], {}, 0.5),
        ([2.0, 2.0, 1.0], 0, {}, 1.0),  # the first of several largest
        (0.7, 1, {}, 1.0),
        ([0.7], [1], {}, 1.0),
        ([0.7], 0, {}, 0.0),
        ([[0.7], [0.2], [0.5]], [1, 0, 1], {}, 2 / 3),
        ([[0.7], [0.2]], [[1], [1]], {}, 0.5),
        ([[-0.1], [2.0]], [-1, 1], {"threshold": 0}, 1.0),
        ([[-0.1], [2.0]], [0, 0.25], {"threshold": 0.0}, 1.0),
    ],
)
def test_the_share_of_examples_whose_class_is_found(outputs, targets, options, expected):
    def values(nest):
        return [values(item) for item in nest] if isinstance(nest, list) else Value(nest)

    assert accuracy(outputs, targets, **options) == expected
    assert accuracy(values(outputs), targets, **options) == expected


def test_arrays_have_an_accuracy_too():
    np = pytest.importorskip("numpy", reason="arrays are NumPy's")
    assert accuracy(np.array([[0.1, 0.7], [3.0, -1.0]]), np.array([1, 1])) == 0.5


@pytest.mark.parametrize(
    "outputs, targets, message",
    [
        ([0.1, 0.2], 2, "got class 2, but the classes are 0 to 1"),
        ([0.1, 0.2], -1, "got class -1, but the classes are 0 to 1"),
        ([0.1, 0.2], 0.5, "needs a class of 2, or as many numbers as target, got 0.5"),
        ([0.1, 0.2, 0.3], [1, 0, 1], "one largest of 3 numbers as target"),
        ([0.1, 0.2, 0.3], [1, 0], "one largest of 3 numbers as target"),
        ([[0.1, 0.2]], [0, 1], "got 1 examples and 2 targets"),
        ([[0.1, 0.2]], 0, "got 1 examples and 1 targets"),
        ([[0.1]], [[0, 1]], "one target for one output, got 2"),
        ([[]], [0], "at least one output"),
        ([], 0, "at least one output"),
    ],
)
def test_what_has_no_accuracy(outputs, targets, message):
    with pytest.raises(ValueError, match=message):
        accuracy(outputs, targets)


# Toy data --------------------------------------------------------------------------------------------------------------

DATA = {"moons": moons, "circles": circles, "spiral": spiral, "xor": xor}


@pytest.mark.parametrize("make", DATA.values(), ids=DATA)
@pytest.mark.parametrize("n", [1, 2, 5, 40])
def test_data_are_n_pairs_and_as_many_classes_alike(make, n):
    X, y = make(n, rng=0)
    assert len(X) == len(y) == n and all(type(x) is list and len(x) == 2 and set(map(type, x)) == {float} for x in X)
    assert y.count(0) - y.count(1) in (0, 1) and set(y) <= {0, 1} and set(map(type, y)) == {int}


@pytest.mark.parametrize("make", DATA.values(), ids=DATA)
def test_data_are_those_of_their_seed_in_an_order_that_is_drawn(make):
    state = random.getstate()
    assert make(40, rng=3) == make(40, rng=3) == make(40, rng=random.Random(3)) != make(40, rng=4)
    assert random.getstate() == state
    y = make(40, rng=3)[1]
    assert y not in (sorted(y), sorted(y)[::-1])


def of_class(data, label):
    X, y = data
    return sorted(x for x, its in zip(X, y) if its == label)


def near(points):
    return [pytest.approx(point, abs=1e-15) for point in sorted(map(list, points))]


def test_moons_are_half_circles():
    data = moons(10, noise=0.0, rng=0)
    steps = [k * math.pi / 4 for k in range(5)]
    assert of_class(data, 0) == near([(math.cos(t), math.sin(t)) for t in steps])
    assert of_class(data, 1) == near([(1 - math.cos(t), 0.5 - math.sin(t)) for t in steps])


def test_circles_are_one_in_the_other():
    data = circles(20, noise=0.0, factor=0.25, rng=0)
    assert [math.hypot(*x) for x in of_class(data, 0)] == pytest.approx([1.0] * 10)
    assert [math.hypot(*x) for x in of_class(data, 1)] == pytest.approx([0.25] * 10)
    assert len({round(math.atan2(*x), 6) for x in of_class(data, 0)}) == 10


def test_a_spiral_has_arms_of_one_form():
    data = spiral(30, noise=0.0, classes=3, turns=0.5, rng=0)
    for label in range(3):
        arm = sorted(of_class(data, label), key=lambda x: math.hypot(*x))
        assert [math.hypot(*x) for x in arm] == pytest.approx([0.1 + 0.9 * k / 9 for k in range(10)])
        turned = [(math.atan2(x[1], x[0]) - 2 * math.pi * label / 3) % (2 * math.pi) for x in arm]
        assert [t % (2 * math.pi) for t in turned[1:]] == pytest.approx([math.pi * k / 9 for k in range(1, 10)])


def test_xor_is_the_four_corners():
    X, y = xor(rng=0)
    assert {(*x, label) for x, label in zip(X, y)} == {(0, 0, 0), (1, 1, 0), (0, 1, 1), (1, 0, 1)}
    X, y = xor(400, noise=0.1, rng=0)
    assert all(label == ((x1 > 0.5) != (x2 > 0.5)) for (x1, x2), label in zip(X, y))


@pytest.mark.parametrize("make", DATA.values(), ids=DATA)
def test_noise_has_the_deviation_that_is_given(make):
    plain, noisy = make(400, noise=0.0, rng=0), make(400, noise=0.1, rng=0)
    assert sorted(plain[1]) == sorted(noisy[1])
    shift = [sum(x[k] for x in noisy[0]) / 400 - sum(x[k] for x in plain[0]) / 400 for k in (0, 1)]
    spread = [sum(x[k] ** 2 for x in noisy[0]) / 400 - sum(x[k] ** 2 for x in plain[0]) / 400 for k in (0, 1)]
    assert shift == pytest.approx([0.0, 0.0], abs=0.02) and spread == pytest.approx([0.01, 0.01], abs=0.02)
    assert plain != noisy


@pytest.mark.parametrize("make", DATA.values(), ids=DATA)
@pytest.mark.parametrize(
    "options, message",
    [({"n": 0}, "a whole number n of at least 1, got 0"), ({"n": 2.5}, "got 2.5"), ({"n": True}, "got True"),
     ({"noise": -0.1}, "noise must be a finite number of at least 0, got -0.1"), ({"noise": math.nan}, "got nan")],
)  # fmt: skip
def test_data_that_there_are_not(make, options, message):
    with pytest.raises(ValueError, match=message):
        make(**options)


def test_forms_that_there_are_not():
    for factor in (0, 1, -0.5, math.nan, "a"):
        with pytest.raises(ValueError, match="a factor between 0 and 1"):
            circles(factor=factor)
    for options in ({"classes": 0}, {"classes": 1.5}, {"turns": math.inf}):
        with pytest.raises(ValueError, match="a spiral needs"):
            spiral(**options)
