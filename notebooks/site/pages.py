"""The course as pages: what Sphinx makes of the notebooks with their outputs, and of the docstrings."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import reference
from runtime import Failed

from autograd_lite.sentences import say

HERE = Path(__file__).resolve().parent
MATHJAX = "3.2.2"
OF_MATHJAX = ("tex-mml-chtml.js", "output/chtml/fonts")
"""What of it a page needs."""


class Notebook(NamedTuple):
    """A notebook, and the line of Markdown that stands below its first cell."""

    path: Path
    line: str


def title(notebook: Path) -> str:
    """The first heading of a notebook."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    text = "\n".join(["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"])
    found = re.search(r"^# (.+)$", text, re.MULTILINE)
    return found[1].strip() if found else notebook.stem


def write_pages(out: Path, language: str, sources: Mapping[str, str | Notebook], mathjax: Path) -> None:
    """Writes the pages of a language from sources, by their paths: Markdown, or notebooks."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "source")
        for name, made_of in sources.items():
            path = source / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(made_of if isinstance(made_of, str) else _with_line(made_of), encoding="utf-8")
        static = source / "_static"
        shutil.copytree(HERE / "static", static)
        for part in OF_MATHJAX:
            (shutil.copytree if (mathjax / part).is_dir() else _copied)(mathjax / part, static / "mathjax" / part)
        shutil.copytree(HERE / "locale", source / "locale")
        shutil.copy(HERE / "conf.py", source)
        options = [
            "-q",
            "-W",
            "--keep-going",
            "-D",
            f"language={language.replace('-', '_')}",
            "-D",
            f"html_theme_options.search_bar_text={say(language, 'site-search')}",
            "-d",
            str(Path(folder, "doctrees")),
        ]
        found = subprocess.run(
            [sys.executable, "-m", "sphinx", *options, str(source), str(out)],
            capture_output=True,
            text=True,
        )
    if found.returncode:
        raise Failed(f"the pages in {language} were not built:\n{found.stderr[-4000:]}")


def _copied(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, target)


def _with_line(notebook: Notebook) -> str:
    read = json.loads(notebook.path.read_text(encoding="utf-8"))
    cell = {"cell_type": "markdown", "id": "where-else", "metadata": {}, "source": notebook.line}
    cells = [*read["cells"][:1], cell, *read["cells"][1:]] if notebook.line else read["cells"]
    return json.dumps({**read, "cells": cells})


def reference_pages() -> dict[str, str]:
    """The reference, a page for each package."""
    text = reference.reference()
    found = {}
    for part in re.split(r"^(?=# )", text, flags=re.MULTILINE)[1:]:
        name = part.splitlines()[0].removeprefix("# ")
        found[f"reference/{name}.md"] = part
    return found
