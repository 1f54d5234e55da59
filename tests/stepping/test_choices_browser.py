# ruff: noqa: F811 (a fixture that is imported)
"""The live page where operations choose: its steps, words and formulas are Python's at the numbers of now."""

import random
import re

import pytest
from browser import address_of, chromium, quiet  # noqa: F401

from autograd_lite import (
    Value,
    clamp,
    elu,
    exp,
    hardtanh,
    leaky_relu,
    maximum,
    minimum,
    relu,
    relu6,
    sin,
    sqrt,
    square,
    steps,
    sum_,
    tanh,
    where,
)  # fmt: skip

pytest.importorskip("selenium", reason="no driver of the browser: selenium is not installed")

SHOWN = """
    return steps.map((_, k) => {
      now = k;
      show();
      return [$("words").textContent, ...[...document.querySelectorAll("#formulas .formula")].map((e) => e.textContent)];
    })"""


def open_side(a, b, c):
    return where(c, sin(a), tanh(b)) * a


def both_sides(a, b, c):
    return where(c, a * b, a + b) * where(c, a, exp(b)) + a


def a_value_used_on_one_side_only(a, b, c):
    return where(c, a * a, sqrt(b))


def one_used_often(a, b, c):
    return sum_([where(c, a * k, a + k) for k in range(3)]) * where(c, a, 2.0) * b


def nested(a, b, c):
    return where(c, where(a, sin(b) * b, a), tanh(where(b, a, b)))


def bounded(a, b, c):
    return clamp(a * b, -1, c) * clamp(a, b, c) + a


def shared_by_chosen_parts(a, b, c):
    h = a * b
    return where(c, square(h), sqrt(square(h) + 1)) + where(c, h, 0.5) * h


def larger(a, b, c):
    return maximum(a, b) * minimum(b, c) + relu(a - b) * abs(c)


def bent(a, b, c):
    return sum_([leaky_relu(a), elu(b), hardtanh(c), relu6(a * b), maximum(a * c, 0.0)])


GRAPHS = [
    open_side,
    both_sides,
    a_value_used_on_one_side_only,
    one_used_often,
    nested,
    bounded,
    shared_by_chosen_parts,
    larger,
    bent,
]
NUMBERS = [(0.5, 0.75, 1.0), (0.5, 0.75, 0.0), (-1.5, 2.0, 0.0), (-0.5, 0.25, 0.75), (0.0, 2.0, 1.0), (3.0, 0.5, -2.0)]


def made(graph, numbers):
    output = graph(*[Value(number, name) for number, name in zip(numbers, "abc")])
    output.label = "y"
    return steps(output)


def expected(found):
    return [[step.words, *[re.sub("<.*?>", "", line) for line in found.equations(step, "mathml")]] for step in found]


@pytest.mark.parametrize("graph", GRAPHS, ids=lambda graph: graph.__name__)
def test_steps_follow_the_side_that_is_taken_now(chromium, tmp_path, graph):
    chromium.get(made(graph, NUMBERS[0]).save(tmp_path / "a.html").as_uri())
    order = random.Random(0).sample(NUMBERS[1:], len(NUMBERS) - 1)
    for numbers in [*order, NUMBERS[0]]:
        for name, number in zip("abc", numbers):
            chromium.execute_script("lesson.set(...arguments)", name, number)
        assert chromium.execute_script(SHOWN) == expected(made(graph, numbers)), numbers
    quiet(chromium)


@pytest.mark.parametrize("start", [0, 1])
def test_everything_else_follows_too(chromium, tmp_path, start):
    found = [made(both_sides, numbers) for numbers in NUMBERS[:2]]
    chromium.get(found[start].save(tmp_path / "a.html", code=True).as_uri())
    for k in (1 - start, start):
        chromium.execute_script("lesson.go(steps.length); lesson.set('c', arguments[0])", NUMBERS[k][2])
        assert chromium.execute_script("return [$('slider').max, $('where').textContent]") == [
            *(str(len(found[k])), f"step {len(found[k])} of {len(found[k])}, backward")
        ]
        for grain, stops in found[k].grains().items():
            chromium.execute_script("$('grain').value = arguments[0]", grain)
            assert chromium.execute_script("return stops()") == stops
        chromium.execute_script("$('grain').value = 'edge'")
        _, grads = found[k].so_far(len(found[k]) - 1, found[k].order)
        cells = "return order.map((k) => [nodes[k].name, nodes[k].cells[1].textContent])"
        shown = {name: grad.replace("−", "-") for name, grad in chromium.execute_script(cells)}
        assert shown == {found[k].name(node): grads[node] for node in found[k].order}
        for middle in range(found[k].forward, len(found[k])):
            chromium.execute_script("go(arguments[0])", middle)
            _, grads = found[k].so_far(middle, found[k].order)
            sums = {name: grad.replace(" so far", " +").replace("−", "-") for name, grad in chromium.execute_script(cells)}
            assert sums == {found[k].name(node): grads[node] for node in found[k].order}
            passing = found[k].records[middle].by
            active = chromium.execute_script("return document.querySelectorAll('.edge.active.back').length")
            assert active == (passing is not None)
    quiet(chromium)


def test_one_stays_at_the_step_where_it_is_still_there_and_the_address_gives_it_back(chromium, tmp_path):
    found = [made(both_sides, numbers) for numbers in NUMBERS[:2]]
    chromium.get(found[0].save(tmp_path / "a.html").as_uri())
    step = next(step for step in found[0].find("b") if step.kind == "edge")
    chromium.execute_script("lesson.go(arguments[0]); lesson.set('c', 0)", step.number)
    words = chromium.execute_script("return $('words').textContent")
    assert words in [one.words for one in found[1]]
    chromium.execute_script("lesson.go(steps.length - 1); writeAddress()")
    url = address_of(chromium)
    chromium.get("about:blank")
    chromium.get(url)
    assert chromium.execute_script("return $('words').textContent") == found[1][-2].words
    quiet(chromium)
