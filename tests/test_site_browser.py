"""The whole site in a browser, as a room has it: SITE names the folder that notebooks/site/build.py wrote.

The browser asks for everything through a proxy, its workers too: what is asked of another host is not missed.
"""

import functools
import html
import importlib
import os
import sys
import threading
import time
import urllib.parse
from pathlib import Path

import pytest
from browser import address_of, be_patient, browser, colours, fits, needs_axe, violations, window
from waiting import until

from autograd_lite.parse import parse
from autograd_lite.sentences import say

FOLDER = Path(os.environ.get("SITE", "site"))
HERE = Path(__file__).parents[1] / "notebooks" / "site"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (FOLDER / "index.html").is_file(), reason="no site in the folder SITE: notebooks/site/build.py builds one"
    ),
]
HOST = "class.test"
"""As in a room: not this machine's own name, and not encrypted, so that a browser gives fewer rights."""
CHROMIUMS_OWN = {
    *("accounts.google.com", "clients2.google.com", "update.googleapis.com", "content-autofill.googleapis.com"),
    *("optimizationguide-pa.googleapis.com", "start.duckduckgo.com", "www.google.com", "android.clients.google.com"),
}
"""What the browser asks for by itself, whatever it shows."""
MOST_TO_DOWNLOAD = 7_000_000
"""Bytes of the playground at the first visit, compressed."""
PATIENCE = 400
"""Seconds for what takes 20 on a quiet machine."""
FILES = FOLDER / "lite" / "files"
LESSONS = sorted(path.relative_to(FILES).as_posix() for path in FILES.rglob("*.ipynb"))
PAGES = sorted(path.relative_to(FOLDER).as_posix() for path in [*FOLDER.glob("*.html"), *FOLDER.glob("zh-*/*.html")])


class Room:
    """A browser before the site, what it asked for, and how many bytes it was sent."""

    def __init__(self, driver, hosts, sent):
        self.driver, self.hosts, self.sent = driver, hosts, sent
        be_patient(driver, PATIENCE)

    def open(self, path):
        self.driver.get("about:blank")
        self.driver.get(f"http://{HOST}/{path}")

    def outside(self):
        return set(self.hosts) - {HOST} - CHROMIUMS_OWN

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def wait(self, script, *arguments):
        """Until the script is true."""
        until(lambda: self.run(script, *arguments), PATIENCE)

    def complaints(self):
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    sys.path.insert(0, str(HERE))
    serve = importlib.import_module("serve")
    sys.path.remove(str(HERE))
    hosts, sent = [], {}

    class Proxy(serve.Handler):
        def do_GET(self):
            host, _, path = self.path.removeprefix("http://").partition("/")
            hosts.append(host.partition(":")[0])
            self.path = f"/{path}"
            if host == HOST:
                super().do_GET()
            else:
                self.close_connection = True

        def do_CONNECT(self):
            hosts.append(self.path.removeprefix("http://").partition("/")[0].partition(":")[0])
            self.close_connection = True

        do_POST = do_CONNECT

        def copyfile(self, source, output):
            body = source.read()
            sent[self.path.partition("?")[0]] = len(body)
            output.write(body)

    server = serve.Server(("127.0.0.1", 0), functools.partial(Proxy, directory=str(FOLDER)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    flags = (f"--proxy-server=127.0.0.1:{server.server_port}", "--proxy-bypass-list=<-loopback>")
    try:
        with browser(tmp_path_factory.mktemp("profile"), *flags) as driver:
            yield Room(driver, hosts, sent)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


# The pages -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES)
def test_a_page_asks_nothing_of_another_host(room, page):
    room.complaints()
    room.open(page)
    assert room.complaints() == [] and room.outside() == set()
    assert fits(room.driver)


@pytest.mark.parametrize("lesson", LESSONS)
def test_formulas_are_set(room, lesson):
    room.open(lesson.replace(".ipynb", ".html"))
    room.wait("return document.querySelectorAll('mjx-container').length > 0")
    source = "return [...document.querySelectorAll('p')].map((node) => node.innerText).filter((text) => text.includes('\\\\'))"
    assert room.run(source) == [] and room.outside() == set()


@pytest.mark.parametrize("page", [page for page in PAGES if page.startswith("zh-")])
def test_what_the_theme_says_is_in_the_characters_of_the_page(room, page):
    room.open(page)
    said = room.run(
        """document.querySelectorAll("script, style, [lang]:not(html)").forEach((node) => node.remove());
        const titles = [...document.querySelectorAll("[title]")].map((node) => node.title);
        return titles.join(" ") + document.body.textContent"""
    )
    script = {"zh-TW": "big5", "zh-CN": "gb2312"}[page.partition("/")[0]]
    assert {c for c in said if "\u4e00" <= c <= "\u9fff" and not c.encode(script, "ignore")} == set()
    assert "System Settings" not in said


def test_links_of_the_site_lead_somewhere(room):
    for page in PAGES:
        room.open(page)
        for link in room.run("return [...document.querySelectorAll('a[href]')].map((link) => link.href)"):
            if link.startswith(f"http://{HOST}/"):
                path = link.removeprefix(f"http://{HOST}/").partition("#")[0].partition("?")[0]
                assert (FOLDER / path).is_file() or (FOLDER / path / "index.html").is_file(), (page, link)
                if "?path=" in link:
                    assert link.partition("?path=")[2] in LESSONS


# The lessons ---------------------------------------------------------------------------------------------------------------

RUN = """
const done = arguments[0];
(async () => {
    const { shell, commands } = jupyterapp, { currentWidget: { context, content, sessionContext } } = shell;
    await context.ready;
    await sessionContext.ready;
    await commands.execute("notebook:run-all-cells");
    return content.model.toJSON().cells.filter((cell) => cell.cell_type === "code");
})().then(done, (error) => done(String(error)));
"""


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_runs_from_top_to_bottom(room, lesson):
    room.sent.clear()
    language = lesson.rpartition("/")[0]
    room.open(f"lite/{'-'.join(filter(None, ['notebooks', language]))}/index.html?path={lesson}")
    room.wait("return !!window.jupyterapp?.shell?.currentWidget?.sessionContext")
    start = time.monotonic()
    cells = room.driver.execute_async_script(RUN)
    size = sum(room.sent.values())
    print(f"{lesson}: {time.monotonic() - start:.0f} s, kernel and all cells; {size:,} bytes, and no file twice")
    assert isinstance(cells, list) and cells, cells
    errors = [output["evalue"] for cell in cells for output in cell["outputs"] if output["output_type"] == "error"]
    assert errors == [] and all(cell["execution_count"] for cell in cells)
    assert room.outside() == set()


@pytest.mark.parametrize("language", ["zh-TW", "zh-CN"])
@pytest.mark.parametrize("app", ["notebooks", "lab"])
def test_menus_are_in_the_language_of_the_lessons(room, app, language):
    room.open(f"{language}/index.html")
    link = next(link for link in room.run("return [...document.links].map((link) => link.href)") if f"/lite/{app}" in link)
    room.open(link.removeprefix(f"http://{HOST}/"))
    labels = "return [...document.querySelectorAll('.lm-MenuBar-itemLabel')].map((label) => label.innerText)"
    room.wait(f"{labels}.length >= 7")
    assert not [label for label in room.run(labels) if label.isascii()]
    assert room.outside() == set()


# The playground ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def playground(room):
    """Goes to the playground, shows what an address says, and waits for it. anew: as one who comes with that address."""

    def opened(anew=False, **parts):
        hash = urllib.parse.urlencode({"kind": "expression", "view": "picture", "language": "en", **parts})
        if not anew and "/playground/" in address_of(room.driver):
            room.run("document.getElementById('panel').classList.add('is-old'); location.hash = arguments[0]", hash)
        else:
            room.open(f"playground/index.html#{hash}")
        shown(room)

    return opened


def shown(room):
    room.wait("return document.getElementById('rows').children.length && !document.querySelector('.is-old')")


def typed(room, name, text):
    room.run(
        """const field = document.getElementById("form").elements[arguments[0]];
        field.value = arguments[1]; field.dispatchEvent(new Event("input", { bubbles: true }))""",
        name,
        text,
    )


def rows(room):
    return room.run(
        "return [...document.querySelectorAll('#rows tr')].map((row) => [...row.cells].map((cell) => cell.innerText))"
    )


def error(room):
    return room.run("return document.getElementById('error').innerText")


def test_the_first_picture_and_what_it_takes(room, playground):
    room.driver.get("about:blank")  # which asks for nothing more
    room.driver.execute_cdp_cmd("Network.clearBrowserCache", {})
    room.sent.clear()
    start = time.monotonic()
    playground(anew=True)
    seconds, size = time.monotonic() - start, sum(room.sent.values())
    assert "net = +" in room.run("return document.querySelector('#panel svg').textContent")
    start = time.monotonic()
    playground(anew=True)
    print(f"playground: the first picture after {seconds:.1f} s, again {time.monotonic() - start:.1f} s, {size:,} bytes")
    assert 0 < size <= MOST_TO_DOWNLOAD and room.outside() == set()


def test_an_expression_that_is_typed_is_kept_in_the_address(room, playground):
    playground()
    typed(room, "expression", "y = a*b + a*a + a")
    typed(room, "numbers", "a=3 b=-2")
    shown(room)
    assert rows(room) == [["a", "3", "5"], ["b", "-2", "3"], ["y", "6", "1"]]
    address = address_of(room.driver)
    assert "a%3D3" in address
    room.open(address.removeprefix(f"http://{HOST}/"))
    shown(room)
    assert rows(room)[-1] == ["y", "6", "1"]


def test_a_wrong_expression_gets_the_sentence_of_the_library_and_nothing_is_lost(room, playground):
    playground()
    typed(room, "expression", "out = tahn(x*w + b)")
    room.wait("return document.getElementById('error').innerText")
    with pytest.raises(ValueError) as found:
        parse("out = tahn(x*w + b)", {"x": 1, "w": 2, "b": 0.5})
    assert error(room) == str(found.value)
    assert room.run("return !!document.querySelector('#panel.is-old svg')")
    typed(room, "expression", "out = tanh(x*w + b)")
    shown(room)
    assert error(room) == "" and rows(room)[-1][:2] == ["out", "0.986614"]


def test_what_is_typed_is_text(room, playground):
    playground()
    typed(room, "expression", "<img src=x onerror=window.hurt=1>")
    room.wait("return document.getElementById('error').innerText")
    assert "cannot be read" in error(room) and not room.run("return window.hurt || document.querySelector('#error img')")


@pytest.mark.parametrize("view", ["steps", "quiz"])
def test_pages_are_shown_in_a_frame_without_rights(room, playground, view):
    room.complaints()
    playground(view=view, language="zh-TW")
    frame = room.driver.find_element("css selector", "#panel iframe")
    assert frame.get_attribute("sandbox") == "allow-scripts"
    room.driver.switch_to.frame(frame)
    title = say("zh-TW", {"steps": "steps-title", "quiz": "title"}[view], output="out")
    room.wait("return document.body?.innerText.includes(arguments[0])", title)
    room.driver.switch_to.default_content()
    assert room.complaints() == []


def test_a_network_by_hand_is_the_worked_example(room, playground):
    playground(kind="network")
    assert rows(room)[0] == ["w_o1_1", "0.4", "0.082167"]
    typed(room, "weights", "1")
    shown(room)
    drawn = rows(room)
    assert drawn[0] != ["w_o1_1", "0.4", "0.082167"]
    room.run("document.getElementById('by-hand').click()")
    shown(room)
    assert room.run("return document.getElementById('form').elements.weights.value").startswith("h1: ")
    assert [row[0] for row in rows(room)] == [row[0] for row in drawn]
    typed(room, "sizes", "2 3 2")
    room.wait("return document.getElementById('error').innerText")
    assert "a line is needed for each of the 5 units" in error(room)


WATCHED = (
    "window.workers = []; window.Worker = class extends Worker { constructor(...all) { super(...all); workers.push(this); } };"
)
"""Keeps the workers that the page starts."""


@pytest.fixture
def watched(room):
    found = room.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": WATCHED})
    yield
    room.driver.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", found)


def test_when_python_fails_another_is_started_and_what_was_typed_is_still_there(room, playground, watched):
    playground(anew=True, expression="a*b", numbers="a=2 b=3")
    room.run("workers[0].postMessage({ id: -1, question: '['.repeat(200000) })")
    room.wait("return workers.length === 2")
    assert error(room) == say("en", "playground-died")
    typed(room, "numbers", "a=2 b=4")
    shown(room)
    assert error(room) == "" and rows(room)[-1] == ["y", "8", "1"]


def test_python_that_takes_too_long_can_be_stopped(room, playground, watched):
    playground(anew=True, kind="network")
    room.run("workers[0].postMessage = () => {}")  # a question that is never answered
    typed(room, "inputs", "1 1")
    room.wait("return !document.getElementById('stop').hidden")
    room.run("document.getElementById('stop').click()")
    assert error(room) == say("en", "playground-stopped") and room.run("return workers.length") == 2
    typed(room, "inputs", "0.05 0.1")
    shown(room)
    assert error(room) == "" and rows(room)[0] == ["w_o1_1", "0.4", "0.082167"]


def is_whole(path):
    return path.exists() and path.stat().st_size > 100


@pytest.mark.parametrize("view", ["picture", "derivation", "steps", "quiz"])
def test_all_is_saved_as_files(room, playground, view, tmp_path):
    room.driver.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)})
    playground(anew=True, view=view)  # of one page, a browser drops the eleventh file within a second
    names = room.run("return [...document.querySelectorAll('#files button')].map((button) => button.innerText)")
    assert len(names) >= 3
    for name in names:
        room.run("[...document.querySelectorAll('#files button')].find((b) => b.innerText === arguments[0]).click()", name)
        until(functools.partial(is_whole, tmp_path / name), PATIENCE)


@pytest.mark.parametrize("language", ["zh-TW", "zh-CN", "en"])
def test_the_playground_speaks_the_language(room, playground, language):
    playground(language=language)
    assert room.run("return document.documentElement.lang") == language
    assert room.run("return document.querySelector('h1').innerText") == say(language, "site-playground")
    assert room.run("return [...document.querySelectorAll('[data-say]')].every((node) => node.textContent)")
    home = room.run("return document.getElementById('course').href").removeprefix(f"http://{HOST}/")
    assert html.escape(say(language, "site-title")) in (FOLDER / home).read_text(encoding="utf-8")


@pytest.mark.parametrize("width", [1366, 390])
@pytest.mark.parametrize("kind", ["expression", "network"])
def test_nothing_is_wider_than_the_window(room, playground, width, kind):
    with window(room.driver, width):
        for view in ("picture", "derivation", "steps", "quiz"):
            playground(kind=kind, view=view)
            assert fits(room.driver), view


@needs_axe
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("view", ["picture", "derivation", "steps"])
def test_axe_finds_no_violation(room, playground, view, scheme):
    playground(kind="network", view=view)
    with colours(room.driver, scheme):
        assert violations(room.driver) == []
