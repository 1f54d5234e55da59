"""Builds the course's site: a folder that any static server serves, also without a network.

python notebooks/site/build.py FOLDER [--instructor]

The lessons as pages and to run in JupyterLite, the playground, the reference, and worksheets, in English and Chinese. To
build it takes the extra `site`, npm and a network. With --instructor, which is not for students, the instructor's pages and
the keys of the worksheets are there too.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import landing
import lite
import pages
import runtime
import worksheets

from autograd_lite.pages import in_script
from autograd_lite.sentences import LANGUAGES

NOTEBOOKS = Path(__file__).resolve().parents[1]
PLAYGROUND = Path(__file__).resolve().parent / "playground"
OF_PAGES = ("node", "value", "grad")
"""Sentences of other pages that the playground says too."""
MARK = ".autograd_lite-site"
"""A file in the folder: what has it may be built anew."""
SHEETS = 8
"""Different sheets of each worksheet: neighbours have other numbers."""


def build(out: Path, instructor: bool) -> None:
    """Builds the site, in the place of one that is there. ValueError where something else is.

    `runtime.Missing` for what cannot be had, `runtime.Failed` for a part that was not built: then what was there is there still.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())) and not (out / MARK).exists():
        raise ValueError(f"{out} is there and is no site: name another folder, or an empty one")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as folder:
        built = Path(folder, "site")
        _write(built, Path(folder), instructor)
        (built / MARK).touch()
        if out.exists():
            shutil.rmtree(out)
        built.rename(out)


def _write(out: Path, folder: Path, instructor: bool) -> None:
    lessons = {language: _notebooks(language) for language in LANGUAGES}
    with _told("what runs in a browser, from npm and pip"):
        modules = runtime.npm_packages(folder / "npm", f"pyodide@{runtime.PYODIDE}", f"mathjax@{pages.MATHJAX}")
        runtime.write_runtime(out / "pyodide", modules / "pyodide")
    for language, notebooks in lessons.items():
        place = out / landing.placed(language, "")
        with _told(f"the pages, {language}"):
            sheets = place / "worksheets"
            names = worksheets.write_worksheets(sheets, SHEETS, language, sheets / "keys" if instructor else None)
            extra = _instructors() if instructor and language == "en" else {}
            sources = landing.sources(language, notebooks, names, instructor, extra)
            pages.write_pages(place, language, sources, modules / "mathjax" / "es5")
    with _told("the notebooks to run, and the playground"):
        files = {landing.placed(language, path.name): path for language in lessons for path in lessons[language]}
        files |= {f"instructor/{name}": path for name, path in _instructors().items() if instructor and path.suffix == ".ipynb"}
        lite.write_lite(out / "lite", files, "../pyodide/pyodide.mjs")
        write_playground(out / "playground", out / "pyodide" / runtime.LIBRARY)


def write_playground(out: Path, library: Path) -> None:
    """Writes the playground, for a folder beside that of Pyodide. library: Python's, of which it has its own."""
    out.mkdir(parents=True)
    runtime.write_small_library(out / runtime.LIBRARY, library)
    for name in ("page.css", "page.js", "worker.js", "session.py"):
        shutil.copy(PLAYGROUND / name, out)
    shutil.copy(PLAYGROUND.parent / "static" / "favicon.svg", out)
    sentences = {
        language: {key: table[key] for key in table if key in OF_PAGES or key.startswith(("playground-", "site-playground"))}
        for language, table in LANGUAGES.items()
    }
    page = (PLAYGROUND / "page.html").read_text(encoding="utf-8").replace("@@sentences@@", in_script(sentences))
    (out / "index.html").write_text(page, encoding="utf-8")


def _notebooks(language: str) -> list[Path]:
    """The lessons in a language, in their order."""
    return sorted((NOTEBOOKS if language == "en" else NOTEBOOKS / language).glob("*.ipynb"))


def _instructors() -> dict[str, Path]:
    """The instructor's pages by their names, first how to run the course."""
    found = sorted((NOTEBOOKS / "instructor").glob("*"), key=lambda path: (path.stem != "README", path))
    return {path.name: path for path in found if path.suffix in (".md", ".ipynb")}


@contextmanager
def _told(what: str) -> Iterator[None]:
    print(what, end=" ... ", flush=True)
    start = time.monotonic()
    yield
    print(f"{time.monotonic() - start:.0f} s", flush=True)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="build.py", description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("folder", type=Path, help="where to: a new folder, or one with such a site, which is built anew")
    parser.add_argument("--instructor", action="store_true", help="with the instructor's pages and the keys: not for students")
    options = parser.parse_args(arguments)
    try:
        build(options.folder.resolve(), options.instructor)
    except (ValueError, OSError, runtime.Missing, runtime.Failed) as error:
        print(f"\nbuild.py: {error}", file=sys.stderr)
        return 3 if isinstance(error, runtime.Missing) else 2
    size = sum(path.stat().st_size for path in options.folder.rglob("*") if path.is_file())
    print(f"wrote {options.folder}, {size / 1e6:.0f} MB; to serve it: python notebooks/site/serve.py {options.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
