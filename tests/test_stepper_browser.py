"""The page of the stepper in a real browser: headless Chromium, as a file and in a notebook exported by nbconvert."""

import json
import os
import shutil
import time

import pytest

from autograd_lite import Value, steps, tanh, topological_order
from nn.worked_example import WorkedExample

webdriver = pytest.importorskip("selenium.webdriver", reason="needs the package selenium")
from selenium.webdriver.chrome.service import Service  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="needs Chromium and its chromedriver on the PATH")

FLAGS = [
    *("headless=new", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking"),
    *("disable-component-update", "disable-sync", "disable-dev-shm-usage", "window-size=1366,768"),
]
LOCAL = ("file:", "data:", "about:", "blob:", "chrome:")
HOSTILE = {
    "end of script": "</script><script>alert(1)</script>",
    "end of svg": '"></svg><script>alert(1)</script>',
    "handler": "<img src=x onerror=alert(1)>",
    "quotes": "'\"`&quot;\\",
    "record": "{|}",
    "template": "@@data@@ ${1} $& \\1",
    "Chinese": "隱藏層",
    "emoji": "🙂",
    "long": "x" * 10_000,
    "unprintable": "\ud800\x00\u202e\n\t\x7f",
}


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in [*FLAGS, f"user-data-dir={tmp_path_factory.mktemp('profile')}"]:
        options.add_argument(f"--{flag}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SE_OFFLINE", "true")
        environment.setenv("SE_AVOID_STATS", "true")
        browser = webdriver.Chrome(options=options, service=Service(executable_path=DRIVER, env=dict(os.environ)))
        yield browser
        browser.quit()


class Page:
    """A page to step through, as somebody sees it who clicks, types and reads."""

    def __init__(self, browser):
        self.browser = browser

    def js(self, expression, *arguments):
        return self.browser.execute_script(f"return {expression}", *arguments)

    def element(self, name):
        return self.browser.find_element("css selector", f"#{name}")

    def click(self, name):
        self.element(name).click()

    def press(self, *keys):
        webdriver.ActionChains(self.browser).send_keys(*keys).perform()

    def text(self, selector):
        return self.js("[...document.querySelectorAll(arguments[0])].map((x) => x.textContent)", selector)

    @property
    def step(self):
        return int(self.element("where").text.split()[1])

    @property
    def table(self):
        cells = self.text("#table tbody th, #table tbody td")
        return {name: (data, grad) for name, data, grad in zip(cells[::3], cells[1::3], cells[2::3])}

    def wait(self, until, seconds=20):
        end = time.monotonic() + seconds
        while not until():
            assert time.monotonic() < end, f"waited in vain, at step {self.step}"
            time.sleep(0.02)

    def emulate(self, media="", **features):
        features = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": features})


def requests_of(browser):
    """The addresses that have been asked for since the last call."""
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    return [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]


@pytest.fixture
def page(browser, tmp_path):
    """A function that opens a text as a page. Afterwards: no request to a network has been made, and the console is silent."""
    page = Page(browser)

    def opened(text):
        path = tmp_path / "page.html"
        path.write_text(text, encoding="utf-8", newline="\n")
        browser.get(path.as_uri())
        return page

    for log in ("performance", "browser"):
        browser.get_log(log)
    yield opened
    browser.switch_to.default_content()
    addresses = requests_of(browser)
    assert addresses and [url for url in addresses if not url.startswith(LOCAL)] == []
    assert browser.get_log("browser") == []
    page.emulate()


@pytest.fixture(scope="module")
def found():
    return steps(WorkedExample()())


@pytest.fixture
def lesson(page, found):
    return page(found.html())


def check_last_step(page):
    """The table equals the grads of `backward()` of the worked example, and the data; to the digits shown."""
    output = WorkedExample()()
    output.backward()
    named = {node.label: node for node in topological_order(output) if node.label}
    table = page.table
    assert len(named) == 25 and set(named) <= set(table)
    for label, node in named.items():
        assert [float(text) for text in table[label]] == pytest.approx([node.data, node.grad], abs=6e-10)


def exported(*outputs):
    """A notebook that shows them, as nbconvert exports it; with none of the libraries that its template takes from a network."""
    nbformat = pytest.importorskip("nbformat", reason="needs the package nbformat")
    nbconvert = pytest.importorskip("nbconvert", reason="needs the package nbconvert")
    results = [nbformat.v4.new_output("execute_result", data=output._repr_mimebundle_()) for output in outputs]
    cells = [nbformat.v4.new_code_cell("steps(E)", outputs=[result]) for result in results]
    exporter = nbconvert.HTMLExporter()
    for library in ("require_js_url", "mathjax_url", "jquery_url", "mermaid_js_url", "jupyter_widgets_base_url"):
        setattr(exporter, library, "data:text/javascript,")
    return exporter.from_notebook_node(nbformat.v4.new_notebook(cells=cells))[0]


# The page in a file


def test_buttons(lesson, found):
    assert lesson.step == 1 and not lesson.element("back").is_enabled() and not lesson.element("first").is_enabled()
    assert lesson.table["E_total"] == ("—", "—")
    for name, expected in (("forward", 2), ("forward", 3), ("back", 2), ("turn", found.forward + 1), ("last", len(found))):
        lesson.click(name)
        assert lesson.step == expected
        assert lesson.element("words").text == found[expected - 1].words
    assert not lesson.element("forward").is_enabled() and not lesson.element("last").is_enabled()
    check_last_step(lesson)
    lesson.click("first")
    assert lesson.step == 1 and lesson.table["E_total"] == ("—", "—")


def test_keys(lesson, found):
    moves = [
        (Keys.ARROW_RIGHT, 2),
        (Keys.ARROW_RIGHT, 3),
        (Keys.ARROW_LEFT, 2),
        (Keys.END, len(found)),
        (Keys.ARROW_RIGHT, len(found)),
        (Keys.HOME, 1),
        (Keys.ARROW_LEFT, 1),
    ]
    for key, expected in moves:
        lesson.press(key)
        assert lesson.step == expected
    lesson.element("slider").click()
    before = lesson.step
    lesson.press(Keys.ARROW_RIGHT)
    assert lesson.step == before + 1


def test_every_step_there_and_back(lesson, found):
    """Each step shows the same on the way forward and on the way back, and marks where it is."""
    picture = "[...document.querySelectorAll('svg *')].map((x) => [...x.classList].sort() + x.textContent)"
    shown = []
    for step in found:
        assert lesson.element("words").text == step.words
        assert len(lesson.text("#formulas math")) >= len(step.formula.splitlines())
        active = lesson.js("[...document.querySelectorAll('.node.active')].map((x) => x.id)")
        assert len(active) == (1 if step.by is None else 2)
        edges = lesson.js("document.querySelectorAll('.edge.active').length")
        assert edges == (len(step.node.parents) if step.kind == "value" else step.by is not None)
        shown.append((lesson.js("document.body.innerText"), lesson.js(picture)))
        lesson.press(Keys.ARROW_RIGHT)
    for step in reversed(found[:-1]):
        lesson.press(Keys.ARROW_LEFT)
        assert (lesson.js("document.body.innerText"), lesson.js(picture)) == shown[step.number - 1]


def test_sums_grow_in_the_table(lesson, found):
    first, second = [step for step in found if step.kind in ("edge", "sum") and step.node.label == "out_h1"][::2]
    for step in (first, second):
        lesson.js("go(arguments[0])", step.number - 1)
        text, so_far = lesson.table["out_h1"][1].split(" ", 1)
        assert float(text) == pytest.approx(step.result, abs=6e-10) and so_far == "so far"
    lesson.js("go(arguments[0])", next(s.number - 1 for s in found if s.kind == "grad" and s.node.label == "out_h1"))
    assert float(lesson.table["out_h1"][1]) == pytest.approx(second.result, abs=6e-10)


def test_play(lesson, found):
    lesson.js("document.getElementById('speed').value = 500")
    lesson.click("play")
    assert lesson.element("play").text == "Pause"
    lesson.wait(lambda: lesson.step >= 3)
    lesson.click("play")
    assert lesson.element("play").text == "Play"
    lesson.press(Keys.END, Keys.ARROW_LEFT)
    lesson.js("document.activeElement.blur()")
    lesson.press(Keys.SPACE)
    assert lesson.element("play").text == "Pause"
    lesson.wait(lambda: lesson.step == len(found))
    lesson.wait(lambda: lesson.element("play").text == "Play")
    lesson.press(Keys.SPACE)  # from the start again
    assert lesson.step == 1
    lesson.press(Keys.ARROW_RIGHT)
    assert lesson.step == 2 and lesson.element("play").text == "Play"


def test_slider(lesson, found):
    slider = lesson.element("slider")
    slider.click()
    assert abs(lesson.step - len(found) / 2) <= 2 and lesson.step == int(slider.get_property("value"))
    assert slider.get_attribute("aria-valuetext") == lesson.element("where").text
    webdriver.ActionChains(lesson.browser).click_and_hold(slider).move_by_offset(
        slider.rect["width"] // 2 + 20, 0
    ).release().perform()
    assert lesson.step == len(found)


def test_click_on_a_node_visits_its_steps(lesson, found):
    k = [node.label for node in found.nodes].index("w5")
    numbers = [step.number for step in found.find("w5")]
    for expected in [*numbers, numbers[0]]:
        lesson.element(f"n{k}").click()
        assert lesson.step == expected and "active" in lesson.element(f"n{k}").get_attribute("class").split()
    lesson.click("first")
    lesson.browser.find_element("xpath", "//th[text()='w5']").click()
    assert lesson.step == numbers[0]


@pytest.mark.parametrize("key", [Keys.ENTER, Keys.SPACE])
def test_key_on_a_focused_node(lesson, found, key):
    k = [node.label for node in found.nodes].index("out_h1")
    lesson.press(Keys.TAB)
    for _ in range(100):
        if lesson.js("document.activeElement.id") == f"n{k}":
            break
        lesson.press(Keys.TAB)
    assert lesson.js("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    lesson.press(key)
    assert lesson.step == found.find("out_h1")[0].number and lesson.element("play").text == "Play"


def test_what_is_said_and_seen(lesson):
    assert lesson.element("words").get_attribute("aria-live") == "polite"
    assert lesson.js("[...document.querySelectorAll('button, input, select')].every((x) => x.ariaLabel || x.textContent)")
    lesson.press(Keys.TAB, Keys.TAB)
    assert lesson.js("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    lesson.click("turn")
    lesson.click("forward")
    animated = "getComputedStyle(document.querySelector('.edge.active .line')).animationName"
    assert lesson.js(animated) == "flow"
    light = lesson.js("getComputedStyle(document.body).backgroundColor")
    lesson.emulate(prefers_reduced_motion="reduce", prefers_color_scheme="dark")
    assert lesson.js(animated) == "none"
    assert lesson.js("getComputedStyle(document.body).backgroundColor") != light


def test_a_phone_does_not_scroll_sideways(lesson):
    size = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    lesson.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        assert lesson.js("document.documentElement.scrollWidth") <= 390
    finally:
        lesson.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_print_lists_all_steps(lesson, found):
    lesson.js("go(4)")
    lesson.emulate("print")
    lesson.wait(lambda: lesson.text("#all li"))
    assert lesson.text("#all li span") == [step.words for step in found]
    assert lesson.js("[...document.querySelectorAll('#all li, #all math')].every((x) => x.checkVisibility())")
    assert not lesson.js("['nav', '#step', '#zoom', '#table'].some((x) => document.querySelector(x).checkVisibility())")
    assert lesson.text("text.grad").count("grad —") == 0
    lesson.emulate()
    lesson.wait(lambda: not lesson.text("#all li"))
    assert lesson.step == 5
    lesson.browser.execute_cdp_cmd("Page.printToPDF", {})  # print events, and the change of media
    assert lesson.step == 5 and lesson.text("#all li") == []


def test_without_a_picture(page):
    x = total = Value(1.0, "x")
    for _ in range(2100):
        total = total + x
    lesson = page(steps(total).html())
    assert "No picture" in lesson.text(".note")[0] and len(lesson.table) == 2101
    lesson.press(Keys.END)
    assert lesson.table["x"] == ("1", "2101")


def test_collapsed_parts(page):
    from nn import MLP

    mlp = MLP([4, 12, 12, 1], rng=0)
    output = mlp([1.0, -1.0, 0.5, 0.25])[0]
    found = steps(output)
    lesson = page(found.html())
    part = lesson.browser.find_element("css selector", ".node.part")
    assert "grad —" not in lesson.text(".node.part text") and lesson.step == 1
    part.click()
    assert "active" in part.get_attribute("class").split()
    for _ in range(20):
        lesson.press(Keys.ARROW_RIGHT)
    lesson.press(Keys.END)
    assert lesson.step == len(found)


# Labels are text


def hostile_graph(label):
    x, w = Value(0.5, label), Value(-3.0, f"{label}_1")
    output = tanh(w * x) + x
    output.label = label
    return output


def check_text(page, found):
    """The names are there, as text; nothing has been made of them."""
    assert page.text("#table tbody th") == [found.name(node) for node in found.nodes]
    assert page.js("document.title") == page.text("h1")[0] == f"Step by step: the grads of {found.name(found.output)}"
    page.browser.find_element("tag name", "h1").click()
    for number in range(1, len(found) + 1):
        assert page.step == number and page.element("words").get_property("textContent") == found[number - 1].words
        page.press(Keys.ARROW_RIGHT)
    page.js("list()")
    counts = {"script": 2, "svg": 1, "img": 0, "h1": 1, "ol": 1, "style": 2}
    assert {name: page.js("document.querySelectorAll(arguments[0]).length", name) for name in counts} == counts
    assert page.text("#all li span") == [step.words for step in found]


@pytest.mark.parametrize("label", HOSTILE.values(), ids=HOSTILE)
def test_hostile_labels_are_text(page, label):
    found = steps(hostile_graph(label))
    opened = page(found.html())
    check_text(opened, found)
    if label in ("{|}", "隱藏層", "🙂"):
        assert label in opened.text("svg text.label")
        assert label in "".join(opened.text("math"))


# In a notebook


def test_notebook_exported_to_html(page, found):
    opened = page(exported(found))
    frame = opened.browser.find_element("tag name", "iframe")
    assert frame.get_attribute("sandbox") == "allow-scripts"
    opened.browser.switch_to.frame(frame)
    assert opened.js("window.origin") == "null"
    for name, expected in (("forward", 2), ("turn", found.forward + 1), ("back", found.forward), ("last", len(found))):
        opened.click(name)
        assert opened.step == expected
    opened.press(Keys.HOME, Keys.ARROW_RIGHT)
    assert opened.step == 2
    opened.press(Keys.END)
    check_last_step(opened)
    k = [node.label for node in found.nodes].index("w5")
    opened.element(f"n{k}").click()
    assert opened.step == found.find("w5")[0].number


def check_fallback(page, found):
    """Folded up below the page: pictures that say what they show, and the trace."""
    assert not page.js("document.querySelector('details').open")
    page.browser.find_element("css selector", "details summary").click()
    images = page.browser.find_elements("css selector", "details img")
    assert len(images) == 2
    for image in images:
        assert image.is_displayed() and image.get_property("naturalWidth") > 100
        assert found.name(found.output) in image.get_attribute("alt")
    assert page.text("details pre") == [found.text()]


def test_notebook_has_a_static_fallback(page, found):
    check_fallback(page(exported(found)), found)


@pytest.mark.parametrize("label", HOSTILE.values(), ids=HOSTILE)
def test_hostile_labels_in_a_notebook(page, label):
    found = steps(hostile_graph(label))
    opened = page(exported(found))
    assert opened.js("document.querySelectorAll('iframe, details').length") == 2
    frame = opened.browser.find_element("tag name", "iframe")
    assert frame.get_attribute("title") == f"Step by step: the grads of {found.name(found.output)}"
    check_fallback(opened, found)
    opened.browser.switch_to.frame(frame)
    check_text(opened, found)
