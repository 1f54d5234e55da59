"""The course's site: what its parts are made of. The whole of it, in a browser, is in test_site_browser.py."""

import gzip
import http.client
import importlib
import json
import os
import re
import shutil
import socket
import threading
import zipfile
from pathlib import Path

import pytest

SITE = Path(__file__).parents[1] / "notebooks" / "site"


@pytest.fixture
def site(monkeypatch):
    """Imports a file of the site's."""
    monkeypatch.syspath_prepend(SITE)
    return importlib.import_module


def test_a_kernel_needs_what_its_packages_need(site):
    names = {"a": ["B_c"], "b-c": ["d.e", "a"], "d-e": [], "f": []}
    packages = {name: {"depends": depends} for name, depends in names.items()}
    assert sorted(site("runtime").needed(packages, ["a"])) == ["a", "b-c", "d-e"]


def test_the_library_of_the_playground_lacks_what_a_page_does_not_use(site, tmp_path):
    kept = ["typing.py", "encodings/__init__.py", "encodings/utf_8.py", "email/message.py"]
    left_out = ["pdb.py", "unittest/mock.py", "encodings/cp500.py", "multiprocessing/pool.py"]
    with zipfile.ZipFile(tmp_path / "whole.zip", "w") as whole:
        for name in [*kept, *left_out]:
            whole.writestr(name, f"# {name}")
    site("runtime").write_small_library(tmp_path / "small.zip", tmp_path / "whole.zip")
    with zipfile.ZipFile(tmp_path / "small.zip") as small:
        assert small.namelist() == kept and small.read("typing.py") == b"# typing.py"


def test_without_npm_the_build_says_so_and_leaves_what_is_there(site, tmp_path, monkeypatch, capsys):
    build = site("build")
    out = tmp_path / "site"
    out.mkdir()
    (out / build.MARK).touch()
    monkeypatch.setenv("PATH", "")
    assert build.main([str(out)]) == 3
    assert "npm is not installed" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["site"] and (out / build.MARK).exists()


@pytest.fixture
def closed():
    """An address at which nobody answers."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}/"


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("npm"), reason="npm is not installed")
@pytest.mark.parametrize("variables", [("npm_config_registry",), ("npm_config_https_proxy", "npm_config_proxy")])
def test_where_npms_registry_cannot_be_reached_the_build_says_so(site, tmp_path, monkeypatch, capsys, closed, variables):
    monkeypatch.setenv("npm_config_noproxy", "")
    for name in variables:
        monkeypatch.setenv(name, closed)
    assert site("build").main([str(tmp_path / "site")]) == 3
    assert "npm view did not succeed; is there a network?" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize(("variable", "value"), [("PIP_INDEX_URL", None), ("PIP_NO_INDEX", "1")])
def test_where_pips_registry_cannot_be_reached_the_build_says_so(site, tmp_path, monkeypatch, capsys, closed, variable, value):
    pyodide = tmp_path / "npm" / "pyodide"
    pyodide.mkdir(parents=True)
    for name in site("runtime").CORE:
        (pyodide / name).touch()
    packages = {name: {"name": name, "version": "1", "depends": []} for name in site("runtime").KERNEL}
    (pyodide / "pyodide-lock.json").write_text(json.dumps({"packages": packages}), encoding="utf-8")
    monkeypatch.setattr(site("runtime"), "npm_packages", lambda *_: pyodide.parent)
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PIP_NO_INDEX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv(variable, value or closed)
    assert site("build").main([str(tmp_path / "sites" / "site")]) == 3
    assert "pip download did not succeed; is there a network?" in capsys.readouterr().err
    assert not list((tmp_path / "sites").iterdir())


def test_a_folder_of_someone_else_is_not_built_over(site, tmp_path, capsys):
    (tmp_path / "thesis.tex").touch()
    assert site("build").main([str(tmp_path)]) == 2
    assert "is no site" in capsys.readouterr().err and (tmp_path / "thesis.tex").exists()


@pytest.mark.parametrize("language", ["en", "zh-TW", "zh-CN"])
def test_the_first_page_leads_to_every_lesson(site, language):
    lessons = site("build")._notebooks("en")
    found = site("landing").sources(language, lessons, {3: "lesson-3.html"}, False, {})
    page = found["index.md"]
    prefix, up, app = ("", "", "notebooks") if language == "en" else (f"{language}/", "../", f"notebooks-{language}")
    for lesson in lessons:
        assert f'href="{lesson.stem}.html"' in page and lesson.name in found
        assert f'href="{up}lite/{app}/index.html?path={prefix}{lesson.name}"' in page
        assert f"\n{lesson.stem}\n" in page and found[lesson.name].line in page
    assert 'href="worksheets/lesson-3.html"' in page
    assert ("reference/nn" in page) == (language == "en")


def test_instructors_pages_are_there_only_if_asked_for(site, tmp_path):
    sources = site("landing").sources
    without = sources("en", [], {3: "lesson-3.html"}, False, {})["index.md"]
    assert "instructor" not in without and "keys" not in without
    (tmp_path / "03.md").write_text("# Lesson 3", encoding="utf-8")
    found = sources("en", [], {3: "lesson-3.html"}, True, {"03.md": tmp_path / "03.md"})
    assert "worksheets/keys/lesson-3.html" in found["index.md"]
    assert found["instructor/03.md"] == "# Lesson 3" and "\ninstructor/03\n" in found["index.md"]


def test_every_lesson_has_sheets_that_show_its_mistakes_with_other_numbers_on_each(site):
    worksheets = site("worksheets")
    for lesson, mistakes in worksheets.LESSONS.items():
        first, second = worksheets.sheets(lesson, 2, "en")
        assert [question.kind for question in first] == [question.kind for question in second]
        assert [question.answer for question in first] != [question.answer for question in second]
        named = {name for question in first for names in question.wrong.values() for name in names}
        assert named and named <= set(mistakes), lesson


def test_keys_are_not_among_the_worksheets(site, tmp_path):
    worksheets = site("worksheets")
    names = worksheets.write_worksheets(tmp_path / "sheets", 1, "en", tmp_path / "keys")
    answer = worksheets.sheets(3, 1, "en")[0][0]
    shown = answer.shown(answer.answer)
    assert shown in (tmp_path / "keys" / names[3]).read_text(encoding="utf-8")
    worksheets.write_worksheets(tmp_path / "other", 1, "en", None)
    assert sorted(path.name for path in (tmp_path / "other").iterdir()) == sorted(names.values())


@pytest.fixture
def session(monkeypatch):
    """Asks the Python of the playground."""
    monkeypatch.syspath_prepend(SITE / "playground")
    module = importlib.import_module("session")
    expression = {"kind": "expression", "expression": "net = x*w + b; out = tanh(net)", "numbers": "x=1 w=2 b=0.5"}
    network = {"kind": "network", "sizes": "2 2 1", "activation": "tanh", "output": "", "inputs": "1 -1", "targets": "0.5"}
    start = {**expression, **network, "kind": "expression", "weights": "1", "wrt": "w", "view": "picture", "language": "en"}

    def ask(**parts):
        return json.loads(module.answer(json.dumps({**start, **parts})))

    def file(name, **parts):
        return module.file(json.dumps({**start, **parts, "file": name}))

    ask.file = file
    return ask


def test_the_playground_shows_every_view_and_the_grads(session):
    shown = {view: session(view=view) for view in ("picture", "derivation", "steps", "quiz")}
    assert all(answer["rows"][1] == ["w", "2", "0.0265922"] for answer in shown.values())
    assert shown["picture"]["html"].startswith("<svg") and "grad 0.0265922" in shown["picture"]["html"]
    assert "<math" in shown["derivation"]["html"] and "<script" in shown["steps"]["html"] and "<script" in shown["quiz"]["html"]
    assert "grads already" not in shown["steps"]["html"]


@pytest.mark.parametrize("language", ["zh-TW", "zh-CN"])
@pytest.mark.parametrize("view", ["picture", "steps", "quiz"])
def test_what_the_playground_shows_speaks_the_language(session, view, language):
    assert f'lang="{language}"' in session(view=view, language=language)["html"]


def test_the_playground_differentiates_by_what_is_asked_for_or_by_what_there_is(session):
    assert session(wrt="net")["wrt"] == "net" and session(wrt="gone")["wrt"] == "x"
    assert session(view="derivation", wrt="net")["html"] != session(view="derivation", wrt="x")["html"]


def test_the_playground_says_what_is_wrong(session):
    for numbers, said in {
        "x=1 w=2": "b has no number: add b=1",
        "x=1 w=2 b=1/0": "b=1/0",
        "x=1, x=2 w=1 b=1": "x has two",
    }.items():
        assert said in session(numbers=numbers)["error"]
    assert session(expression="log(x - w*b)")["error"].startswith("log needs x > 0")
    assert "two numbers" in session.file("graph.svg", numbers="x=1 x=2")


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"sizes": "2"}, "units are whole numbers"),
        ({"sizes": "2 0 1"}, "units are whole numbers"),
        ({"sizes": "9999 9999"}, "99,990,000 parameters: at most 500"),
        ({"inputs": "1"}, "inputs: 2 numbers are needed, got 1"),
        ({"targets": "a"}, "targets: 'a' is no number"),
        ({"activation": "tahn"}, "unknown activation 'tahn'"),
        ({"weights": "h1: 1 2 | 3"}, "each of the 3 units, or a seed, one whole number; got 1"),
        ({"weights": "1 2 | 3\n1 | 3\n1 2 | 3"}, "weights in '1 | 3': 2 numbers are needed, got 1"),
        ({"weights": "1 2 | 3\n1 2 3\n1 2 | 3"}, "weights in '1 2 3': 2 numbers are needed, got 3"),
        ({"weights": "1 2 | 3\n1 2 |\n1 2 | 3"}, "bias, after the bar in '1 2 |': 1 number is needed, got 0"),
    ],
)
def test_the_playground_says_what_is_wrong_with_a_network(session, parts, said):
    assert said in session(**{"kind": "network", **parts})["error"]


def test_weights_that_are_written_out_make_the_same_network(session):
    by_hand = "h1: 0.15 0.2 | 0.35\nh2: 0.25 0.3 | 0.35\no1: 0.4 0.45 | 0.6\no2: 0.5 0.55 | 0.6"
    example = {"kind": "network", "sizes": "2 2 2", "activation": "sigmoid", "output": "sigmoid", "inputs": "0.05 0.1"}
    answer = session(**example, targets="0.01 0.99", weights=by_hand)
    assert answer["weights"] == by_hand
    assert ["w_o1_1", "0.4", "0.082167"] in answer["rows"] and answer["rows"][-1] == ["E_total", "0.298371", "1"]


@pytest.mark.parametrize(
    "name", re.findall(r'"(\w+\.\w+)"', (SITE / "playground/page.js").read_text(encoding="utf-8").split("};")[0])
)
def test_the_playground_saves_what_its_buttons_name(session, name):
    assert len(session.file(name)) > 100


@pytest.fixture
def asked(site, tmp_path):
    """Asks a server of a folder."""
    (tmp_path / "index.html").write_text("<title>Here</title>" * 100, encoding="utf-8")
    (tmp_path / "a.wasm").write_bytes(b"\0asm" * 100)
    (tmp_path / "a.woff2").write_bytes(b"wOF2" * 100)
    served = site("serve").server(tmp_path, "127.0.0.1")
    thread = threading.Thread(target=served.serve_forever)
    thread.start()
    connection = http.client.HTTPConnection("127.0.0.1", served.server_port, timeout=120)

    def ask(path, **headers):
        connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer, answer.read()

    yield ask
    connection.close()
    served.shutdown()
    thread.join()
    served.server_close()


def test_the_server_compresses_for_those_who_can_read_it(asked):
    answer, body = asked("/a.wasm?1", Accept_Encoding="gzip")
    assert (answer.status, answer.headers["Content-Type"], answer.headers["Content-Encoding"]) == (
        200,
        "application/wasm",
        "gzip",
    )
    assert gzip.decompress(body) == b"\0asm" * 100
    answer, body = asked("/a.wasm")
    assert answer.headers["Content-Encoding"] is None and body == b"\0asm" * 100
    answer, body = asked("/a.woff2", Accept_Encoding="gzip")
    assert answer.headers["Content-Encoding"] is None and body == b"wOF2" * 100


def test_the_server_sends_nothing_twice(asked):
    first, _ = asked("/a.wasm", Accept_Encoding="gzip")
    answer, body = asked("/a.wasm", Accept_Encoding="gzip", If_None_Match=first.headers["ETag"])
    assert (answer.status, body) == (304, b"")
    assert "no-cache" in answer.headers["Cache-Control"]


def test_the_server_finds_no_file_outside_of_its_folder(asked):
    assert asked("/../../../../etc/passwd", Accept_Encoding="gzip")[0].status == 404
    assert asked("/nothing.html", Accept_Encoding="gzip")[0].status == 404
    assert b"Here" in gzip.decompress(asked("/index.html", Accept_Encoding="gzip")[1])


def test_to_serve_what_is_no_site_is_refused(site, tmp_path, capsys):
    assert site("serve").main([str(tmp_path)]) == 2
    assert "build.py" in capsys.readouterr().err
