"""Curves in notebooks: what is drawn where, without matplotlib."""

import base64
import itertools
import math
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import pytest

from nn import History, LSTMCell, SequenceModel, gradient_flow, train
from nn.curves import Curves, figure, svg

SVG = "{http://www.w3.org/2000/svg}"


def image(html):
    """The picture in a piece of HTML."""
    data = html.partition("base64,")[2].partition('"')[0]
    return ElementTree.fromstring(base64.b64decode(data))


def texts(picture):
    return [element.text for element in picture.iter(f"{SVG}text")]


def lines(picture):
    """The points of each curve."""
    paths = [path for path in picture.iter(f"{SVG}path") if path.get("stroke-width")]
    return [[tuple(map(float, point.split())) for point in path.get("d")[1:].split("L")] for path in paths]


def test_powers_of_ten_are_as_far_apart_as_each_other():
    (line,) = lines(image(History([1.0, 0.1, 0.01, 0.001])._repr_html_()))
    assert len(line) == 4
    steps = [(b[0] - a[0], b[1] - a[1]) for a, b in itertools.pairwise(line)]
    assert steps == [pytest.approx(steps[0], abs=0.2)] * 3 and steps[0][0] > 0 and steps[0][1] > 0  # y points down


@pytest.mark.parametrize("losses", [[2.0, 1.0, 0.0], [1.0, 0.0, -1.0]])
def test_numbers_that_have_no_logarithm_are_on_a_linear_axis(losses):
    (line,) = lines(image(History(losses)._repr_html_()))
    assert line[1][1] - line[0][1] == pytest.approx(line[2][1] - line[1][1], abs=0.2)


def test_each_state_of_a_gradient_flow_is_a_curve_with_its_name():
    flow = gradient_flow(SequenceModel(LSTMCell(2, 3, rng=0), 2, rng=0), [0, 1, 0, 1, 1], [1] * 5)
    picture = image(flow._repr_html_())
    assert [len(line) for line in lines(picture)] == [5, 5]
    assert {"|dL_T/dh_t|", "|dL_T/dc_t|", "t", "1", "5"} <= set(texts(picture))


def test_what_is_not_finite_is_left_out_and_nothing_at_all_is_said_in_words():
    (line,) = lines(image(History([1.0, math.nan, math.inf, 0.5])._repr_html_()))
    assert len(line) == 2
    for losses in ([], [math.nan], [math.inf]):
        assert "<img" not in History(losses)._repr_html_() and "History" in History(losses)._repr_html_()


def test_of_very_many_numbers_the_extremes_are_kept():
    losses = [1.0 + (k == 54_321) - 0.5 * (k == 60_000) for k in range(100_000)]
    (line,) = lines(image(History(losses)._repr_html_()))
    heights = [y for _, y in line]
    (whole,) = lines(ElementTree.fromstring(svg({"loss": [1.0, 2.0, 0.5]}, "updates", "loss")))
    assert len(line) < 1000 and (min(heights), max(heights)) == (whole[1][1], whole[2][1])


@pytest.mark.parametrize(
    "losses", [[0.5], [0.5, 0.5], [1e-300, 1e300], [5e-324, 1e-323], [-1e300, 1e300], [0.0, 0.0], [1e16, 1e16 + 2]]
)
def test_any_numbers_are_within_the_picture(losses):
    picture = image(History(losses)._repr_html_())
    _, _, width, height = map(float, picture.get("viewBox").split())
    assert all(0 <= x <= width and 0 <= y <= height for line in lines(picture) for x, y in line)
    assert all(0 <= float(text.get("y") or 0) <= height for text in picture.iter(f"{SVG}text"))
    assert 2 < len(texts(picture)) < 40


def test_names_are_text():
    hostile = '"><script>'
    assert hostile in texts(image(figure({hostile: [1.0], "b": [2.0]}, hostile, "y", caption=hostile)))
    assert "<script>" not in figure({hostile: [1.0]}, hostile, hostile, caption=hostile)


def test_curves_of_ones_own_are_shown_as_a_figure():
    shown = Curves({"error": [1.0, 0.1]}, "k", "size", first=0)
    assert shown._repr_html_() == figure({"error": [1.0, 0.1]}, "k", "size", first=0)


def test_a_notebook_shows_it_without_matplotlib():
    code = "import sys; sys.modules['matplotlib'] = None; from nn import History; assert '<img' in History([1.0])._repr_html_()"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_notebook_without_widgets_has_its_bar_on_the_ordinary_output(monkeypatch, capsys):
    """What is on stderr, as tqdm's warning and its plain bar are, is in a red box there."""
    pytest.importorskip("tqdm", reason="the bar is tqdm's")
    from nn import MLP

    monkeypatch.setitem(sys.modules, "ipykernel", sys)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    train(MLP([1, 1], rng=0), [([1.0], [0.5])], steps=5)
    found = capsys.readouterr()
    assert found.err == "" and "5/5" in found.out
