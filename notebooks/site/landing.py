"""What the pages of a language are made of: the first page, the lessons, and for English the reference."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from pathlib import Path

import lite
import pages

from autograd_lite.sentences import LANGUAGES, say

NAMES = {"en": "English", "zh-TW": "繁體中文", "zh-CN": "简体中文"}


def sources(
    language: str, lessons: Sequence[Path], sheets: Mapping[int, str], keys: bool, instructor: Mapping[str, Path]
) -> dict[str, str | pages.Notebook]:
    """The sources of the pages, by their paths.

    sheets: the worksheets' names, by lesson. keys: their keys are there too. instructor: pages for teachers, by name.
    """
    found: dict[str, str | pages.Notebook] = {}
    for path in lessons:
        found[path.name] = pages.Notebook(path, _ways(language, path))
    for name, path in instructor.items():
        text = path.read_text(encoding="utf-8")
        found[f"instructor/{name}"] = pages.Notebook(path, "") if path.suffix == ".ipynb" else text
    reference = pages.reference_pages() if language == "en" else {}
    found.update(reference)
    sections = {"site-lessons": [path.stem for path in lessons], "site-reference": list(reference)}
    sections["site-instructor"] = [f"instructor/{name}" for name in instructor]
    found["index.md"] = _first_page(language, lessons, sheets, keys, sections)
    return found


def placed(language: str, name: str) -> str:
    """Where a file of a language lies: in the site, and among the files of JupyterLite."""
    return name if language == "en" else f"{language}/{name}"


def _up(language: str) -> str:
    """The way from a page of a language up to the folder of the site."""
    return "" if language == "en" else "../"


def _first_page(
    language: str, lessons: Sequence[Path], sheets: Mapping[int, str], keys: bool, sections: Mapping[str, Sequence[str]]
) -> str:
    def said(key: str) -> str:
        return html.escape(say(language, key))

    up = _up(language)
    homes = {other: up + placed(other, "index.html") for other in LANGUAGES if other != language}
    others = [f'<a href="{home}" lang="{other}">{NAMES[other]}</a>' for other, home in homes.items()]
    rows = [
        f"<tr><td>{html.escape(pages.title(path))}</td><td>{_read(language, path)} · {_ways(language, path)}</td></tr>"
        for path in lessons
    ]
    papers = [f"<p>{said('site-worksheets-of')} {_numbers('worksheets', sheets)}</p>"]
    if keys:
        papers.append(f"<p>{said('site-keys')} {_numbers('worksheets/keys', sheets)}</p>")
    parts = [
        f"# {say(language, 'site-title')}",
        f"<p>{' · '.join(others)}</p>",
        say(language, "site-intro"),
        f'<p><a class="site-button" href="{up}playground/index.html#language={language}">{said("site-playground")}</a> '
        f'<a class="site-button" href="{up}lite/{lite.app("lab", language)}/index.html">{said("site-lab")}</a></p>',
        *(
            [f"<h2>{said('site-lessons')}</h2>", f"<table class='site-lessons'><tbody>{''.join(rows)}</tbody></table>"]
            if rows
            else []
        ),
        f"<h2>{said('site-worksheets')}</h2>",
        *papers,
    ]
    for key, names in sections.items():
        if names:
            listed = "\n".join([name.removesuffix(".md").removesuffix(".ipynb") for name in names])
            parts.append(f"```{{toctree}}\n:hidden:\n:caption: {say(language, key)}\n\n{listed}\n```")
    return "\n\n".join(parts) + "\n"


def _numbers(folder: str, names: Mapping[int, str]) -> str:
    """By lesson, links to files of a folder."""
    return " ".join([f'<a href="{folder}/{name}">{lesson}</a>' for lesson, name in names.items()])


def _read(language: str, lesson: Path) -> str:
    return f'<a href="{lesson.stem}.html">{html.escape(say(language, "site-read"))}</a>'


def _ways(language: str, lesson: Path) -> str:
    """Links to run a lesson, and to have it as a file."""
    file, there = placed(language, lesson.name), f"{_up(language)}lite"
    app = lite.app("notebooks", language)
    run = f'<a href="{there}/{app}/index.html?path={file}">{html.escape(say(language, "site-run"))}</a>'
    return f'{run} · <a href="{there}/files/{file}" download>{html.escape(say(language, "site-download"))}</a>'
