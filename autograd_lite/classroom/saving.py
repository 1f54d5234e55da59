"""The form in which a quiz is written to a file, by the name of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from ..files import write_whole
from . import exports, notebooks, page, paper
from .sheet import Sheet

FORMS: dict[str, tuple[str, Callable[[Sheet], str]]] = {
    "worksheet": (".html", lambda quiz: paper.worksheets([quiz])),
    "key": (".html", lambda quiz: paper.key([quiz])),
    "otter": (".ipynb", notebooks.otter),
    "page": (".html", lambda quiz: page.document(quiz, None)),
    "moodle": (".xml", exports.moodle),
    "gift": (".gift", exports.gift),
    "jupyterquiz": (".json", exports.jupyterquiz),
    "text2qti": (".md", exports.text2qti),
    "nbgrader": (".ipynb", notebooks.nbgrader),
}
"""By form its ending, and what writes it. The first that fits a name is meant."""
BY_BEGINNING = ("worksheet", "key", "otter")
"""These are meant by names that begin so."""


def saved(quiz: Sheet, path: str | os.PathLike[str], form: str | None, key: str | None) -> Path:
    """Writes the quiz in a form. ValueError for an unknown form, or a name that none goes by."""
    path = Path(path)
    form = _form_of(path) if form is None else form
    if form not in FORMS:
        raise ValueError(f"no quiz has the form {form!r}: there are {', '.join(FORMS)}")
    text = page.document(quiz, key) if form == "page" else FORMS[form][1](quiz)
    write_whole(path, text.encode())
    return path


def _form_of(path: Path) -> str:
    ending = path.suffix.lower()
    for form, (suffix, _) in FORMS.items():
        if suffix == ending and (form not in BY_BEGINNING or path.name.lower().startswith(form)):
            return form
    endings = ", ".join(sorted({suffix for suffix, _ in FORMS.values()}))
    raise ValueError(f"a quiz is saved as one of {endings}, or with a form, not as {path.name!r}")
