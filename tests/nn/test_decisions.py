"""What a model of two inputs decides, drawn without matplotlib: which shade is where, and the examples on it."""

import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import pytest

from nn import MLP, Linear, draw_decision, moons

SVG = "{http://www.w3.org/2000/svg}"
X, Y = [[-1.0, 0.0], [1.0, 0.5], [-0.5, 1.0]], [0, 1, 0]


def first_coordinate():
    """A model whose output is its first input, and half of one more: the threshold is where that is 0."""
    return MLP([2, 1], "tanh", None, weights=[[[1.0, 0.0]]], biases=[0.5])


def tiles(picture):
    """Of each tile: the middle of its left and right end, as a share of the width, and its shade."""
    found = [rect for rect in ElementTree.fromstring(picture.svg()).iter(f"{SVG}rect") if rect.get("class", "")[3:].isdigit()]
    return [(float(r.get("x")), float(r.get("x")) + float(r.get("width")), r.get("class")) for r in found]


def test_what_lies_above_the_threshold_is_orange_and_darker_the_farther():
    picture = draw_decision(first_coordinate(), X, Y, points=50)
    row = [shade for _, _, shade in sorted(tiles(picture)[:8])]
    assert row == ["neg4", "neg3", "neg2", "neg1", "pos1", "pos2", "pos3", "pos4"]
    ends = [right for _, right, shade in tiles(picture) if shade == "neg1"]
    assert max(ends) == pytest.approx(14 + 200, abs=6)  # x1 = 0 is in the middle


def test_of_two_outputs_the_larger_decides():
    two = Linear(2, 2)
    for parameter, data in zip(two.parameters(), [0.0, 0.0, 1.0, 0.0, 0.0, 0.0]):
        parameter.data = data  # the second output is x1
    one = draw_decision(first_coordinate(), X, Y, points=50)
    assert [shade for _, _, shade in tiles(draw_decision(two, X, Y, points=50))] == [shade for _, _, shade in tiles(one)]


def test_the_examples_are_there_by_class_and_place():
    svg = draw_decision(first_coordinate(), X, Y).svg()
    circles = re.findall(r'<circle class="box pos4" cx="([\d.]+)" cy="([\d.]+)"', svg)
    assert len(circles) == 1 and len(re.findall('<rect class="box neg4"', svg)) == 2
    assert float(circles[0][0]) == pytest.approx(14 + 400 * (1.0 + 1.4) / 2.8, abs=0.1)


def test_a_picture_is_small_enough_for_a_notebook():
    X, y = moons(100, rng=0)
    shown = draw_decision(MLP([2, 8, 1], "tanh", rng=0), X, y)._repr_mimebundle_()
    assert sum(map(len, shown.values())) < 150_000


def test_of_more_classes_it_says_what_draws_them():
    with pytest.raises(ValueError, match="plot_decision draws more"):
        draw_decision(MLP([2, 3], rng=0), X, [0, 1, 2])
    with pytest.raises(ValueError, match="two inputs"):
        draw_decision(first_coordinate(), [[1.0]], [0])


def test_it_needs_no_matplotlib():
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "from nn import MLP, draw_decision\n"
        "draw_decision(MLP([2, 1], rng=0), [[0.0, 1.0], [1.0, 0.0]], [0, 1]).svg()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
