# ruff: noqa: F811 (a fixture that is imported)
"""The page of a comparison in a real browser: both passes in step, the difference lit, buttons and keys, without a network."""

import pytest
from browser import address_of, chromium, colours, drawn, fits, needs_axe, quiet, violations, window  # noqa: F401
from waiting import until

pytest.importorskip("selenium", reason="no driver of the browser: selenium is not installed")

from selenium.webdriver.common.keys import Keys

from autograd_lite import Value, tanh
from autograd_lite.classroom import compare
from nn import RNNCell, SequenceModel
from nn.losses import sequence_cross_entropy
from nn.worked_example import WorkedExample


@pytest.fixture(scope="module")
def found():
    return compare(None, "overwrite", WorkedExample()())


@pytest.fixture
def page(chromium, found, tmp_path):
    chromium.get(found.save(tmp_path / "compare.html").as_uri())
    yield chromium
    quiet(chromium)


def texts(driver, selector):
    return [element.text for element in driver.find_elements("css selector", selector)]


def step(driver):
    return int(driver.find_element("id", "slider").get_attribute("value"))


def to_address(driver, number):
    driver.execute_script("location.hash = `#${arguments[0]}`", number)
    until(lambda: step(driver) == number)


def press(driver, *keys):
    driver.find_element("css selector", "body").send_keys(*keys)


def row(driver, name):
    rows = driver.find_elements("css selector", "tbody tr")
    return next(one for one in rows if one.find_element("css selector", "th").text == name)


def test_it_opens_where_the_passes_differ_first_with_the_difference_lit(page, found):
    assert step(page) == found.step.number == 53
    assert texts(page, ".pass.differs h2") == ["this engine"]
    told = texts(page, ".pass:nth-of-type(2) .formulas p")
    assert told[0] == "The grad of out_h2 should be 0.041370323, and is 0.062324353."
    assert told[1].endswith("-0.020954030, 0.062324353") and texts(page, ".pass:nth-of-type(1) .formulas p") == []
    cells = [cell.text for cell in row(page, "out_h2").find_elements("css selector", "td")]
    assert cells == ["0.041370323", "0.062324353"] and "fault" in row(page, "out_h2").get_attribute("class")
    wrong = [one.get_attribute("textContent") for one in page.find_elements("css selector", ".node.wrong")]
    assert [label.split()[0] for label in wrong] == ["out_h1", "out_h2"]  # as far as the pass has come


def test_both_pictures_go_in_step(page):
    def active(side):
        selector = f".pass:nth-of-type({side}) .node.active"
        return [one.get_attribute("id").removeprefix("other-") for one in page.find_elements("css selector", selector)]

    seen = set()
    for button, number in [
        ("first", 1),
        ("forward", 2),
        ("forward", 3),
        ("back", 2),
        ("turn", 30),
        ("difference", 53),
        ("last", 70),
    ]:
        page.find_element("id", button).click()
        assert step(page) == number and active(1) == active(2) and active(1)
        seen.update(active(1))
    assert len(seen) > 4 and page.find_element("id", "forward").get_attribute("disabled")
    right, wrong = (page.find_element("css selector", f".pass:nth-of-type({side}) .picture") for side in (1, 2))
    scrolled = "arguments[0].scrollTo(arguments[1], arguments[2])"
    for hand, other, place in [(wrong, right, [120, 30]), (right, wrong, [40, 10]), (right, wrong, [120, 30])]:
        page.execute_script(scrolled, hand, *place)
        drawn(page)
        assert page.execute_script("return [arguments[0].scrollLeft, arguments[0].scrollTop]", other) == place


def test_a_scroll_that_goes_on_is_not_undone_by_the_picture_that_follows(page):
    """At each frame the hand is further than the other picture, which has just heard of where it was."""
    places = page.execute_async_script("""
        const [done] = arguments, [first, second] = sides.map(({ box }) => box), places = [];
        const on = () => {
          places.push(second.scrollLeft);
          second.scrollLeft = 10 * places.length;
          if (places.length < 10) requestAnimationFrame(on);
          else requestAnimationFrame(() => requestAnimationFrame(() => done([places, first.scrollLeft, second.scrollLeft])));
        };
        go(0);
        second.scrollLeft = first.scrollLeft = 0;
        requestAnimationFrame(() => requestAnimationFrame(on));""")
    assert places == [[10 * k for k in range(10)], 100, 100]


def test_keys_and_nodes_lead_to_steps(page):
    press(page, Keys.HOME)
    assert step(page) == 1 and texts(page, ".pass.differs h2") == []
    press(page, Keys.ARROW_RIGHT, "n", Keys.PAGE_DOWN, "p")
    assert step(page) == 3
    press(page, "b")
    assert step(page) == 30
    press(page, "d")
    assert step(page) == 53
    page.execute_script("document.getElementById('table').scrollTop = 0")
    row(page, "w5").find_element("css selector", "button").click()
    assert "w5" in page.find_element("id", "words").text
    page.find_element("css selector", "#other-n2").send_keys(Keys.ENTER)
    assert "w" in page.find_element("id", "words").text
    press(page, Keys.END)
    assert step(page) == 70 and address_of(page).endswith("#70")
    assert len(page.find_elements("css selector", "td.wrong")) == 12


def test_formulas_have_the_numbers_of_their_own_pass(page, found):
    """Below the first difference each pass goes on with what it has."""
    number = next(record.number for record in found.passes.records if record.kind == "edge" and record.node.label == "w1")
    to_address(page, number)
    right, wrong = (text.replace("\u2212", "-") for text in texts(page, ".pass .formulas"))
    assert "0.000438568" in right and "0.000668396" in wrong and "0.000438568" not in wrong


def test_passes_that_agree_and_labels_that_are_text(chromium, tmp_path):
    x = Value(0.3, "</script><img src=x onerror=document.title='broken'>")
    y = tanh(2 * x)
    y.label = "{node}\"'&amp;"
    chromium.get(compare(None, "overwrite", y, "zh-TW").save(tmp_path / "agree.html").as_uri())
    assert "並排對照" in chromium.title and not chromium.find_elements("css selector", "img, .differs, .wrong")
    assert chromium.find_element("id", "difference").get_attribute("disabled") and step(chromium) == 1
    quiet(chromium)


def test_through_time(chromium, tmp_path):
    loss = sequence_cross_entropy(SequenceModel(RNNCell(2, 2, rng=3), 2, rng=2)([0, 1, 1]), [1, 0, 1])
    found = compare(None, "no-future", loss)
    chromium.get(found.save(tmp_path / "time.html").as_uri())
    assert step(chromium) == found.step.number and texts(chromium, ".pass.differs h2") == ["this engine"]
    tops = [pane.rect["y"] for pane in chromium.find_elements("css selector", ".picture")]
    assert max(tops) < 400  # the table is longer than the page, and takes no height from what is beside it
    quiet(chromium)


def test_in_a_notebook_the_page_runs_in_a_frame_without_rights(chromium, found, tmp_path):
    shown = found._repr_mimebundle_()
    assert 'sandbox="allow-scripts"' in shown["text/html"] and shown["text/plain"] == str(found)
    path = tmp_path / "notebook.html"
    path.write_text(f"<!DOCTYPE html><meta charset=utf-8><title>notebook</title>{shown['text/html']}", encoding="utf-8")
    chromium.get(path.as_uri())
    chromium.switch_to.frame(0)
    assert step(chromium) == 53
    chromium.switch_to.default_content()


def test_on_a_phone_nothing_is_cut_off(chromium, found, tmp_path):
    with window(chromium, 390, 844):
        chromium.get(found.save(tmp_path / "compare.html").as_uri())
        assert fits(chromium)


@pytest.mark.slow
@needs_axe
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_no_violation(chromium, found, tmp_path, theme):
    with colours(chromium, theme):
        chromium.get(found.save(tmp_path / "compare.html").as_uri())
        for number in (53, 1, 70):
            to_address(chromium, number)
            assert violations(chromium) == []
