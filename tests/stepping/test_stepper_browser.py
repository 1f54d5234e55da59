# ruff: noqa: F811 (a fixture that is imported)
"""The stepper in a real browser: the page as a file, and in a notebook that nbconvert has made HTML of."""

import base64
import html
import re

import pytest
from browser import address_of, chromium, colours, fits, motion, needs_axe, preferring, quiet, violations, window  # noqa: F401
from waiting import until

from autograd_lite import Value, dot, steps, tanh
from nn.worked_example import WorkedExample

pytest.importorskip("selenium", reason="no driver of the browser: selenium is not installed")

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

HOSTILE = [
    "</script /<!--<script x=1",
    "</script><script>document.title='broken'</script>",
    "<img src=x onerror=document.title='broken'>",
    "a\"b'c&amp;",
    "{|}",
    "隱藏層",
    "🙂",
    "y" * 10_000,
]


class Page:
    """What a reader sees and does."""

    def __init__(self, driver):
        self.driver = driver

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def text(self, selector):
        return self.find(selector).text

    @property
    def step(self):
        return int(re.match(r"step (\d+) of", self.text("#where"))[1])

    def press(self, *keys):
        self.find("body").send_keys(*keys)

    def grads(self):
        rows = self.driver.execute_script(
            "return [...document.querySelectorAll('#table tbody tr')].map((row) => [...row.cells].map((c) => c.textContent))"
        )
        return {name: grad.replace("−", "-") for name, _, grad in rows}

    def classes(self, identifier):
        return self.find(f"#{identifier}").get_attribute("class").split()


@pytest.fixture
def example():
    return steps(WorkedExample()())


@pytest.fixture
def page(chromium, example, tmp_path):
    chromium.get(example.save(tmp_path / "lesson.html").as_uri())
    yield Page(chromium)
    assert quiet(chromium) > 0


def index(example, label):
    return next(k for k, node in enumerate(example.nodes) if node.label == label)


def test_buttons(page, example):
    assert page.step == 1 and not page.find("#back").is_enabled()
    seen = []
    for name in ("forward", "forward", "back", "last", "back", "turn", "first"):
        page.find(f"#{name}").click()
        seen.append(page.step)
    count = len(example)
    assert seen == [2, 3, 2, count, count - 1, example.forward + 1, 1]


def test_keys(page, example):
    seen = []
    for key in (Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_LEFT, Keys.END, Keys.ARROW_RIGHT, Keys.HOME):
        page.press(key)
        seen.append(page.step)
    assert seen == [2, 3, 2, len(example), len(example), 1]


def test_clickers_and_letters_work_whatever_has_the_focus(page, example):
    seen = []
    for focused in ("slider", "speed", "grain", "play", "picture"):
        page.press(Keys.HOME)
        for key in (Keys.PAGE_DOWN, "n", Keys.PAGE_UP, "p", "b"):
            page.driver.execute_script("document.getElementById(arguments[0]).focus()", focused)
            page.driver.switch_to.active_element.send_keys(key)
            seen.append(page.step)
    assert seen == [2, 3, 2, 1, example.forward + 1] * 5
    page.press(Keys.HOME)
    page.find("#speed").send_keys("fast")
    page.driver.switch_to.active_element.send_keys(Keys.ARROW_RIGHT)
    assert page.step == 2


def test_the_address_is_that_of_a_step(page, example):
    path = address_of(page.driver).partition("#")[0]
    page.driver.get("about:blank")
    page.driver.get(f"{path}#60")
    assert page.step == 60 and page.text("#words") == example[59].words
    page.press(Keys.ARROW_RIGHT)
    assert address_of(page.driver).endswith("#61")


def grain(page, name):
    page.driver.execute_script(
        "const g = document.getElementById('grain'); g.value = arguments[0]; g.dispatchEvent(new Event('change'))", name
    )


def test_three_grains_and_a_step_says_all_that_was_done(page, example):
    counts = {}
    for name in ("edge", "node", "layer"):
        page.press(Keys.HOME)
        grain(page, name)
        stops, formulas = [page.step], len(page.driver.find_elements(By.CSS_SELECTOR, "#formulas .formula"))
        while page.find("#forward").is_enabled():
            page.press(Keys.ARROW_RIGHT)
            stops.append(page.step)
            formulas += len(page.driver.find_elements(By.CSS_SELECTOR, "#formulas .formula"))
        counts[name] = len(stops)
        assert stops[-1] == len(example) and stops == sorted(set(stops))
        assert formulas == sum(len(example.equations(step)) for step in example)
    assert counts["edge"] == len(example) > counts["node"] > 20 > counts["layer"] > 4


def test_what_flows_is_written_on_the_wire(page, example):
    wire = f"#e{index(example, 'net_o1')}_0 .delta"
    page.driver.execute_script("go(arguments[0])", example.find("net_o1")[0].number - 1)
    assert page.find(wire).get_property("textContent") == "0.4"
    step = next(s for s in example.find("w5") if s.kind == "edge")
    page.driver.execute_script("go(arguments[0])", step.number - 1)
    assert page.find(".flow text").get_property("textContent") == "0.1385 × 0.5933 = 0.08217"
    page.press(Keys.ARROW_RIGHT)
    assert page.find(wire).get_property("textContent") == "0.08217"
    before = next(s for s in example.find("out_h1") if s.kind == "sum")
    page.driver.execute_script("go(arguments[0])", before.number - 1)
    assert page.find(".flow text").get_property("textContent") == "+ 0.0554"


def test_what_flows_hides_no_number_of_a_node(page, example):
    hidden = """
        const flows = [...document.querySelectorAll(".flow g:first-child rect")].map((one) => one.getBoundingClientRect());
        const common = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
        const lines = [...document.querySelectorAll(".node .data, .node .grad")];
        const found = lines.filter((line) => flows.some((flow) => common(flow, line.getBoundingClientRect())));
        return [flows.length, found.map((line) => line.textContent)];
    """
    shown = [page.driver.execute_script(f"go({k});" + hidden) for k in range(len(example))]
    assert [found for _, found in shown if found] == []
    assert sum(count for count, _ in shown) > 30


def test_there_is_no_answer_in_advance(page, example):
    everything = """
        const shown = [...document.querySelectorAll("body *:not(script):not(style)")].filter((e) => e.id !== "data");
        const told = (e) => [...e.attributes].filter((a) => !["d", "points", "transform"].includes(a.name)).map((a) => a.value);
        const texts = (e) => [...e.childNodes].filter((n) => n.nodeType === 3).map((n) => n.data);
        return shown.flatMap((e) => [...told(e), ...texts(e)]).join("\\n")"""
    text = page.driver.execute_script(everything)
    for answer in ("0.298371", "0.082167", "0.08216", "0.751365", "0.138498", "−0.741365"):
        assert answer not in text
    widths = "return new Set([...document.querySelectorAll('.edge .line')].map((e) => e.getAttribute('stroke-width'))).size"
    assert page.driver.execute_script(widths) == 1
    page.press(Keys.END)
    assert "0.08216704" in page.driver.execute_script(everything) and page.driver.execute_script(widths) > 5


def test_guess_then_reveal(page, example):
    number = example.find("out_o1")[0].number
    page.driver.execute_script("go(arguments[0])", number - 2)
    page.find("#guess").click()
    page.press("n")
    hidden = page.find("#formulas .asked math:last-child")
    rows = "[...document.querySelectorAll('#table tr')]"
    row = f"return {rows}.find((row) => row.cells[0].textContent === 'out_o1').cells[1].textContent"
    assert page.step == number and page.text("#guess") == "reveal" and hidden.value_of_css_property("visibility") == "hidden"
    assert page.driver.execute_script(row) == "—" and page.text(f"#n{index(example, 'out_o1')} .data") == "data —"
    page.press("n")
    assert page.step == number and page.driver.execute_script(row) == "0.751365070"
    page.press("n")
    assert page.step == number + 1 and page.text("#guess") == "reveal"


def test_a_hall_can_read_it(page):
    page.driver.execute_script("go(50)")
    small = """
        const svg = document.querySelector("svg.autograd-lite");
        const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
        const text = (e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) && e.checkVisibility();
        const size = (e) => parseFloat(getComputedStyle(e).fontSize) * (e.closest("svg") ? scale : 1);
        return [...document.querySelectorAll("body *")].filter(text)
          .filter((e) => !e.closest("script, style, h2, title, desc, .sub, .gap, .gone, msub > :last-child, mfrac"))
          .map((e) => [e.tagName, e.textContent.slice(0, 20), size(e)]).filter(([, , size]) => size < 14.99)"""
    assert page.driver.execute_script(small) == []
    row = "const r = document.querySelector('#table tbody tr').getBoundingClientRect(); "
    seen = row + "return r.top > 0 && r.bottom < innerHeight && r.right <= innerWidth"
    assert page.driver.execute_script(seen)
    assert page.driver.execute_script("return document.documentElement.scrollHeight <= innerHeight")


WHOLE = """
    const box = document.querySelector('#picture'), row = document.querySelector('tr.active').getBoundingClientRect();
    const seen = box.scrollWidth <= box.clientWidth && box.scrollHeight <= box.clientHeight && fits(row);
    function fits({ top, bottom, right }) { return top > 0 && bottom < innerHeight && right <= innerWidth; }
    const page = document.documentElement;
    return [seen && page.scrollHeight <= innerHeight && page.scrollWidth <= innerWidth, 12 * scale]"""


def test_a_projector_shows_the_whole_picture_the_larger_the_more_room_there_is(page):
    letters = []
    for width, height in ((1920, 1080), (2560, 1440), (3840, 2160)):
        with window(page.driver, width, height):
            for number in (1, 20, 50, 70):
                page.driver.execute_script("go(arguments[0])", number - 1)
                until(lambda: page.driver.execute_script(WHOLE)[0])
            letters.append(page.driver.execute_script(WHOLE)[1])
    assert 15 <= letters[0] < letters[1] < letters[2]
    with window(page.driver, 1366, 768):  # there is no room for it: the letters stay legible, and one scrolls
        until(lambda: page.driver.execute_script(WHOLE) == [False, 15])


def test_a_picture_that_is_whole_beside_the_table_stays_there(chromium, tmp_path):
    w, x = Value(3.0, "w"), Value(2.0, "x")
    chromium.get(steps(tanh(w * x)).save(tmp_path / "lesson.html").as_uri())
    for width, height in ((1366, 768), (1920, 1080)):
        with window(chromium, width, height):
            until(lambda: chromium.execute_script(WHOLE)[0])
            beside = "const [a, b] = ['view', 'table'].map((id) => $(id).getBoundingClientRect()); return a.right < b.left"
            assert chromium.execute_script(beside)


def test_at_200_percent_the_picture_is_seen(page):
    with window(page.driver, 683, 384, scale=2):
        page.driver.execute_script("go(50)")
        where = "const r = document.querySelector('#picture').getBoundingClientRect(); "
        height, below, scrolled = page.driver.execute_script(where + "return [r.height, innerHeight - r.top, scrollY]")
        assert height >= 190 and below >= 190 and scrolled == 0


def test_hover_lights_the_whole_way(page, example):
    page.driver.execute_script(
        "document.getElementById(arguments[0]).dispatchEvent(new PointerEvent('pointerenter'))", f"n{index(example, 'net_h1')}"
    )
    lit = {element.get_attribute("id") for element in page.driver.find_elements(By.CSS_SELECTOR, ".node.lit")}
    names = {example.nodes[int(name[1:])].label for name in lit}
    assert {"i1", "w1", "b1", "out_h1", "net_o2", "E_total"} <= names and not {"w3", "net_h2", "w5"} & names


def test_the_present_line_of_the_program_is_lit(chromium, example, tmp_path):
    chromium.get(example.save(tmp_path / "lesson.html", code=True).as_uri())
    page = Page(chromium)
    for label, kind, line in (
        ("out_h1", "value", "out_h1 = sigmoid(net_h1)"),
        ("w5", "edge", "dE_total_dw5 = delta_o1 * out_h1"),
    ):
        step = next(step for step in example.find(label) if step.kind == kind)
        chromium.execute_script("go(arguments[0])", step.number - 1)
        assert page.text("#code mark").strip() == line
    quiet(chromium)


@needs_axe
@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(page, scheme):
    with colours(page.driver, scheme):
        for number in (1, 20, 50, 70):
            page.driver.execute_script("go(arguments[0])", number - 1)
            assert violations(page.driver) == []


def test_slider(page, example):
    page.driver.execute_script(
        "const s = document.getElementById('slider'); s.value = 67; s.dispatchEvent(new Event('input', {bubbles: true}))"
    )
    assert page.step == 67 and page.text("#words") == example[66].words
    page.find("#slider").send_keys(Keys.ARROW_RIGHT)
    assert page.step == 68
    assert page.find("#slider").get_attribute("aria-valuetext") == page.text("#where")


def test_play_and_pause(page, example):
    page.find("#speed").send_keys("fast")
    page.find("h1").click()
    page.press(" ")
    assert page.text("#play") == "Pause"
    until(lambda: page.step > 2)
    page.press(" ")
    assert page.text("#play") == "Play"
    page.press(Keys.END, Keys.ARROW_LEFT)
    page.find("#play").click()
    until(lambda: page.step == len(example) and page.text("#play") == "Play")


def test_last_step_shows_the_grads_of_backward(page, example):
    assert set(page.grads().values()) == {"—"}
    page.press(Keys.END)
    example.output.backward()
    shown = page.grads()
    assert len(shown) == len(example.adjoint)
    for node in example.adjoint:
        assert float(shown[example.name(node)]) == pytest.approx(node.grad, abs=5e-10, rel=1e-8)
        grad = page.text(f"#n{example.nodes.index(node)} .grad").removeprefix("grad ").replace("−", "-")
        assert float(grad) == pytest.approx(node.grad, rel=1e-5)


def test_words_and_formulas_are_those_of_the_steps(page, example):
    show = "go(arguments[0]); return [...document.querySelectorAll('#words, #formulas .formula')].map((e) => e.textContent)"
    for k, step in enumerate(example):
        formulas = [html.unescape(re.sub("<.*?>", "", formula)) for formula in example.equations(step, "mathml")]
        assert page.driver.execute_script(show, k) == [step.words, *formulas]


def test_the_active_step_is_marked_and_what_is_to_come_is_not_shown(page, example):
    number = next(s.number for s in example.find("out_h1") if s.kind == "edge" and s.by.label == "net_o1")
    page.driver.execute_script("go(arguments[0])", number - 1)
    h1, o1 = index(example, "out_h1"), index(example, "net_o1")
    assert "active" in page.classes(f"n{h1}") and "active" in page.classes(f"n{o1}")
    assert {"active", "back"} <= set(page.classes(f"e{o1}_2"))
    assert page.driver.execute_script("return document.querySelectorAll('.edge.active').length") == 1
    assert page.text(f"#n{h1} .grad") == "grad −0.019 +" and page.text(f"#n{o1} .grad") == "grad 0.138499"
    assert page.grads()["out_h1"] == "-0.019049118 so far" and page.grads()["w1"] == "—"
    assert page.text("#words") == example[number - 1].words
    assert page.find("#formulas math").is_displayed() and "0.055399425" in page.text("#formulas")
    assert page.find("#words").get_attribute("aria-live") == "polite"


def test_click_on_a_node_goes_through_its_steps(page, example):
    wanted = [step.number for step in example.find("out_h1")]
    seen = []
    for _ in range(len(wanted) + 1):
        page.find(f"#n{index(example, 'out_h1')} .label").click()
        seen.append(page.step)
    assert seen == [*wanted, wanted[0]]


def test_enter_on_a_focused_node(page, example):
    node = page.find(f"#n{index(example, 'w5')}")
    assert node.get_attribute("role") == "button" and "w5" in node.get_attribute("aria-label")
    page.driver.execute_script("arguments[0].focus()", node)
    node.send_keys(Keys.ENTER)
    assert page.step == example.find("w5")[0].number
    node.send_keys(" ")
    assert page.step == example.find("w5")[1].number and page.text("#play") == "Play"


def test_the_active_node_is_brought_into_view(page, example):
    page.driver.execute_script("zoom(3)")
    inside = """
        const box = document.getElementById('picture').getBoundingClientRect();
        const node = document.querySelector('.node.active').getBoundingClientRect();
        return node.left >= box.left && node.right <= box.right && node.top >= box.top && node.bottom <= box.bottom"""
    with motion(page.driver):
        for key in (Keys.END, Keys.HOME):
            page.press(key)
            until(lambda: page.driver.execute_script(inside))


@pytest.mark.parametrize("width", [1366, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_wider_than_the_window(page, width, scheme):
    with window(page.driver, width), colours(page.driver, scheme):
        assert fits(page.driver)
        background = page.driver.execute_script("return getComputedStyle(document.body).backgroundColor")
        assert background == ("rgb(22, 22, 22)" if scheme == "dark" else "rgb(255, 255, 255)")


def test_reduced_motion(page):
    moving = "return getComputedStyle(document.querySelector('.edge.active .line')).animationName"
    page.find("#turn").click()
    page.press(Keys.ARROW_RIGHT)
    with motion(page.driver):
        assert page.driver.execute_script(moving) == "flow"
    with preferring(page.driver, "reduced-motion", "reduce"):
        assert page.driver.execute_script(moving) == "none"


def test_print_lists_every_step(page, example):
    page.press(Keys.ARROW_RIGHT)
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    until(lambda: page.driver.find_elements(By.CSS_SELECTOR, "#all li"))
    listed = page.driver.execute_script("return [...document.querySelectorAll('#all li span')].map((e) => e.innerText)")
    assert listed == [step.words for step in example]
    assert page.find("#all").is_displayed() and not page.find("nav").is_displayed()
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    until(lambda: not page.driver.find_elements(By.CSS_SELECTOR, "#all li"))
    assert page.step == 2
    pdf = base64.b64decode(page.driver.execute_cdp_cmd("Page.printToPDF", {})["data"])
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) > 3


@pytest.mark.parametrize("label", HOSTILE, ids=range(len(HOSTILE)))
def test_a_label_is_text(chromium, label, tmp_path):
    a = Value(2.0, label)
    output = tanh(a * a + 0.5)
    output.label = label
    found = steps(output)
    chromium.get(found.save(tmp_path / "lesson.html").as_uri())
    page = Page(chromium)
    page.press(Keys.END)
    assert page.step == len(found) and chromium.title.startswith("Step by step")
    name = label if len(label) < 60 else label[:50]
    assert name in page.text("h1") and name in page.text("#words") and name in page.text(".formula")
    assert name in page.find("#n0 .label").get_property("textContent")
    assert chromium.execute_script("return document.scripts.length") == 2
    quiet(chromium)


def test_a_collapsed_part_steps_through_all_its_nodes(chromium, tmp_path):
    from nn import MLP, half_squared_error

    found = steps(half_squared_error(MLP([6, 12, 2], rng=0)([0.5] * 6), [0.1, 0.9]))
    chromium.get(found.save(tmp_path / "lesson.html").as_uri())
    page = Page(chromium)
    part = page.find(".node.part")
    part.click()
    first = page.step
    part.click()
    assert page.step > first > 0 and "active" in part.get_attribute("class")
    page.press(Keys.END)
    assert "todo" not in part.get_attribute("class")
    quiet(chromium)


def test_without_a_picture_the_page_works(chromium, tmp_path):
    xs = [Value(0.01 * k, f"x{k}") for k in range(2_100)]
    found = steps(dot(xs[:1_050], xs[1_050:]))
    chromium.get(found.save(tmp_path / "lesson.html").as_uri())
    page = Page(chromium)
    assert "No picture" in page.text("#picture")
    page.press(Keys.END)
    assert page.step == len(found) and "—" not in page.grads().values()
    quiet(chromium)


def test_notebook_exported_by_nbconvert(chromium, example, tmp_path):
    nbformat = pytest.importorskip("nbformat")
    nbconvert = pytest.importorskip("nbconvert")
    cell = nbformat.v4.new_code_cell("steps(error)", execution_count=1)
    cell.outputs = [nbformat.v4.new_output("execute_result", data=example._repr_mimebundle_(), execution_count=1)]
    exporter = nbconvert.HTMLExporter(template_name="basic")
    language = {"name": "python", "pygments_lexer": "python3"}  # that of IPython would need IPython
    body, _ = exporter.from_notebook_node(nbformat.v4.new_notebook(cells=[cell], metadata={"language_info": language}))
    path = tmp_path / "notebook.html"
    path.write_text(f"<!DOCTYPE html><meta charset='utf-8'><title>notebook</title>{body}", encoding="utf-8")
    chromium.get(path.as_uri())
    frame = chromium.find_element(By.CSS_SELECTOR, "iframe[title]")
    assert frame.get_attribute("sandbox") == "allow-scripts" and "E_total" in frame.get_attribute("title")
    chromium.switch_to.frame(frame)
    page = Page(chromium)
    page.find("#last").click()
    example.output.backward()
    shown = page.grads()
    assert page.step == len(example)
    assert all(float(shown[example.name(n)]) == pytest.approx(n.grad, abs=5e-10, rel=1e-8) for n in example.adjoint)
    chromium.switch_to.default_content()
    chromium.find_element(By.CSS_SELECTOR, "details summary").click()
    images = chromium.find_elements(By.CSS_SELECTOR, "details img")
    assert [image.get_attribute("alt").split(":")[0] for image in images] == ["After the forward pass", "After the backward pass"]
    assert all(image.get_property("naturalWidth") > 500 for image in images)
    assert (
        "∂E_total/∂w5 = ∂E_total/∂net_o1 * ∂net_o1/∂w5 = 0.138498562 * 0.593269992 = 0.082167041"
        in chromium.find_element(By.CSS_SELECTOR, "details pre").text
    )
    quiet(chromium)
