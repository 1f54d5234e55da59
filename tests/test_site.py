"""The course's site: what its parts are made of. The whole of it, in a browser, is in test_site_browser.py."""

import gzip
import http.client
import importlib
import threading
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


def test_without_npm_the_build_says_so_and_leaves_what_is_there(site, tmp_path, monkeypatch, capsys):
    build = site("build")
    out = tmp_path / "site"
    out.mkdir()
    (out / build.MARK).touch()
    monkeypatch.setenv("PATH", "")
    assert build.main([str(out)]) == 3
    assert "npm is not installed" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["site"] and (out / build.MARK).exists()


def test_a_folder_of_someone_else_is_not_built_over(site, tmp_path, capsys):
    (tmp_path / "thesis.tex").touch()
    assert site("build").main([str(tmp_path)]) == 2
    assert "is no site" in capsys.readouterr().err and (tmp_path / "thesis.tex").exists()


@pytest.mark.parametrize("language", ["en", "zh-TW", "zh-CN"])
def test_the_first_page_leads_to_every_lesson(site, language):
    lessons = site("build")._notebooks("en")
    found = site("landing").sources(language, lessons, {3: "lesson-3.html"}, {})
    page = found["index.md"]
    prefix, up = ("", "") if language == "en" else (f"{language}/", "../")
    for lesson in lessons:
        assert f'href="{lesson.stem}.html"' in page and lesson.name in found
        assert f'href="{up}lite/notebooks/index.html?path={prefix}{lesson.name}"' in page
        assert f"\n{lesson.stem}\n" in page and found[lesson.name].line in page
    assert 'href="worksheets/lesson-3.html"' in page
    assert ("reference/nn" in page) == (language == "en")


def test_instructors_pages_are_there_only_if_asked_for(site, tmp_path):
    sources = site("landing").sources
    assert "instructor" not in sources("en", [], {}, {})["index.md"]
    (tmp_path / "03.md").write_text("# Lesson 3", encoding="utf-8")
    found = sources("en", [], {}, {"03.md": tmp_path / "03.md"})
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
def asked(site, tmp_path):
    """Asks a server of a folder."""
    (tmp_path / "index.html").write_text("<title>Here</title>" * 100, encoding="utf-8")
    (tmp_path / "a.wasm").write_bytes(b"\0asm" * 100)
    (tmp_path / "a.whl").write_bytes(b"PK" * 100)
    served = site("serve").server(tmp_path, "127.0.0.1")
    thread = threading.Thread(target=served.serve_forever)
    thread.start()
    connection = http.client.HTTPConnection("127.0.0.1", served.server_port, timeout=30)

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
    answer, body = asked("/a.whl", Accept_Encoding="gzip")
    assert answer.headers["Content-Encoding"] is None and body == b"PK" * 100


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
