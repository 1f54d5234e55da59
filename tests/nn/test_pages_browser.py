# ruff: noqa: F811 (a fixture that is imported)
"""`live` in a real browser: what the page trains is what `train` does, to 1e-12."""

import pytest
from browser import address_of, chromium, colours, needs_axe, quiet, violations  # noqa: F401

from autograd_lite import Value, mean, tanh
from nn import MLP, SGD, SelfAttention, cross_entropy, half_squared_error, live, train, xor

pytest.importorskip("selenium", reason="no driver of the browser: selenium is not installed")

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys


def close(x, y):
    return x == pytest.approx(y, rel=1e-12, abs=1e-12)


class Lesson:
    def __init__(self, driver, found, tmp_path):
        self.driver = driver
        driver.get(found.save(tmp_path / "live.html").as_uri())

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def values(self):
        return self.run("return lesson.values()")

    def find(self, name):
        return self.driver.find_element(By.ID, name)

    def trains_as(self, parameters):
        values = self.values()
        found = [values[parameter.label]["data"] for parameter in parameters]
        return all(close(x, parameter.data) for x, parameter in zip(found, parameters))


def network():
    return MLP([2, 3, 1], "tanh", "tanh", rng=1)


EXAMPLES = [*zip(*xor())]


def test_the_mean_loss_of_all_examples_is_trained(chromium, tmp_path):
    lesson, model = Lesson(chromium, live(network(), EXAMPLES), tmp_path), network()
    history = train(model, EXAMPLES, optimizer=SGD(model.parameters(), lr=0.3), steps=25, progress=False)
    lesson.run("lesson.update(0.3, 25)")
    assert lesson.trains_as(model.parameters())
    assert all(close(x, y) for x, y in zip(lesson.run("return losses"), history.losses)) and len(history.losses) == 26
    assert "mean E_total = " in lesson.find("loss").text and "after 25 updates" in lesson.find("loss").text
    lesson.run("lesson.reset()")
    assert lesson.trains_as(network().parameters())
    quiet(chromium)


def test_an_example_is_chosen(chromium, tmp_path):
    lesson, model = Lesson(chromium, live(network(), EXAMPLES), tmp_path), network()
    lesson.find("case").send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert lesson.find("which").text == "example 3 of 4"
    x, target = EXAMPLES[2]
    error = half_squared_error(model(x), target)
    error.backward()
    values = lesson.values()
    assert close(values["E_total"]["data"], error.data) and values["x1"]["data"] == x[0]
    assert all(close(values[p.label]["grad"], p.grad) for p in model.parameters())
    assert lesson.run("return losses.length") == 1  # the example that is shown makes no difference to the mean
    lesson.run("writeAddress()")
    assert address_of(lesson.driver).endswith("&~example=3")
    lesson.driver.refresh()
    assert lesson.find("which").text == "example 3 of 4" and lesson.values() == values
    quiet(chromium)


def test_the_plane_changes_as_it_is_trained(chromium, tmp_path):
    lesson = Lesson(chromium, live(network(), EXAMPLES), tmp_path)
    lesson.run("lesson.update(0.5, 1000)")
    places = [[round(192 * (0.2 + a) / 1.4 + 14) for a in (x, 1 - y)] for (x, y), _ in EXAMPLES]  # beside each example
    colours = lesson.run(
        """
        const { data } = $("plane").getContext("2d").getImageData(0, 0, 192, 192);
        return arguments[0].map(([x, y]) => [...data.slice(4 * (192 * y + x)).slice(0, 3)]);""",
        places,
    )
    assert [red > blue for red, _, blue in colours] == [target > 0.5 for _, target in EXAMPLES]
    quiet(chromium)


def test_classes_and_another_loss(chromium, tmp_path):
    examples = [([0.1, 0.2], 0), ([0.8, 0.9], 1), ([0.8, 0.1], 2)]
    lesson = Lesson(chromium, live(MLP([2, 3], "sigmoid", rng=0), examples, cross_entropy), tmp_path)
    model = MLP([2, 3], "sigmoid", rng=0)
    train(model, examples, cross_entropy, optimizer=SGD(model.parameters(), lr=0.5), steps=5, progress=False)
    lesson.run("lesson.update(0.5, 5)")
    assert lesson.trains_as(model.parameters())
    quiet(chromium)


def test_a_head_of_attention_on_three_positions(chromium, tmp_path):
    xs = [[0.1, 0.2], [0.5, -0.3], [0.4, 0.9]]
    examples = [(xs, [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), (xs[::-1], [[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])]
    lesson, model = Lesson(chromium, live(SelfAttention(2, rng=0), examples), tmp_path), SelfAttention(2, rng=0)
    train(model, examples, optimizer=SGD(model.parameters(), lr=0.5), steps=4, progress=False)
    lesson.run("lesson.update(0.5, 4)")
    assert lesson.trains_as(model.parameters())
    assert lesson.run("return $('plane') === null")
    quiet(chromium)


def test_a_function_of_lists_of_values(chromium, tmp_path):
    def model(w, b):
        return lambda x: tanh(w * x[0] + b)

    examples = [([0.1], 0.2), ([0.9], 0.8)]
    lesson = Lesson(chromium, live(model(Value(0.5, "w"), Value(0.1, "b")), examples), tmp_path)
    w, b = Value(0.5, "w"), Value(0.1, "b")
    mean([half_squared_error(model(w, b)(x), target) for x, target in examples]).backward()
    lesson.run("lesson.update(1.0, 1)")
    assert close(lesson.values()["w"]["data"], 0.5 - w.grad) and close(lesson.values()["b"]["data"], 0.1 - b.grad)
    quiet(chromium)


def test_the_model_stays_as_it_is():
    model = network()
    before = [(p.data, p.grad, p.label) for p in model.parameters()]
    found = live(model, EXAMPLES)
    assert "<iframe" in found._repr_mimebundle_()["text/html"] and len(found.html()) < 300_000
    assert [(p.data, p.grad, p.label) for p in model.parameters()] == before


W = Value(0.5, "w")


@pytest.mark.parametrize("make, kind, said", [
    (lambda: live(MLP([40, 40, 10], rng=0), [([0.1] * 40, [0.2] * 10)]), ValueError, "up to 2,000 nodes, .* has 2,251"),
    (lambda: live(MLP([2, 1], rng=0), [([0.1, 0.2], 1), ([0.1], 0)]), ValueError, "examples of one form, but number 1, "),
    (lambda: live(lambda x: x[0] * W if x[0] > 0 else W, [([0.1], 0.2)]), ValueError, "branches on data"),
    (lambda: live(MLP([2, 1], rng=0), []), ValueError, "at least one example"),
    (lambda: live(MLP([2, 1], rng=0), [0.5]), ValueError, "pairs of an input and a target"),
    (lambda: live(3, EXAMPLES), TypeError, "live takes a model, pairs of input and target, and a loss, got 3 and"),
    (lambda: live(MLP([2, 1], rng=0), EXAMPLES, lambda y, t: 3.0), TypeError, "a loss that is a Value, got 3.0"),
], ids=range(7))  # fmt: skip
def test_what_cannot_be_live_is_refused_with_a_reason(make, kind, said):
    with pytest.raises(kind, match=said):
        make()


@needs_axe
@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(chromium, tmp_path, scheme):
    lesson = Lesson(chromium, live(network(), EXAMPLES), tmp_path)
    with colours(chromium, scheme):
        lesson.run("$('fit').click(); lesson.update(0.5, 10); lesson.go(30); $('whatif').click()")
        assert violations(chromium) == []
