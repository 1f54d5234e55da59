"""Each cell of a translated lesson is of the English cell as it is now: of its text, and with the same code."""

import ast
import hashlib
import io
import re
import tokenize

import pytest
from lessons import LESSONS, NOTEBOOKS, TRANSLATED, cells_of, code_of
from test_languages import SCRIPTS

from autograd_lite.sentences import LANGUAGES

translated = pytest.mark.parametrize("path", TRANSLATED, ids=lambda path: path.relative_to(NOTEBOOKS).as_posix())


def key(cell):
    """By what a translation names the English cell that it is of."""
    return hashlib.sha256("".join(cell["source"]).encode()).hexdigest()[:12]


def program(cell):
    """The code of a cell without what is said in it: comments, and the texts of strings."""
    tree = ast.parse("".join(cell["source"]))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
    return ast.dump(tree)


@translated
def test_no_translation_is_stale(path):
    english = cells_of(NOTEBOOKS / path.name)
    own = [cell for cell in cells_of(path) if "language" not in cell["metadata"].get("tags", [])]
    for cell, now in zip(own, english):
        told = f"the English cell of {''.join(cell['source'])[:60]!r} has changed: translate it anew, and note its key {key(now)}"
        assert cell["metadata"].get("english") == key(now), told
    assert len(own) == len(english)


@translated
def test_a_translated_lesson_has_the_cells_and_the_code_of_the_english_one(path):
    title, first, *others = cells_of(path)
    assert "".join(first["source"]) == f'from autograd_lite import set_language\n\nset_language("{path.parent.name}")'
    for cell, now in zip([title, *others], cells_of(NOTEBOOKS / path.name)):
        assert cell["cell_type"] == now["cell_type"]
        assert {**cell["metadata"], "english": ""} == {**now["metadata"], "english": ""}
        if cell["cell_type"] == "code":
            assert program(cell) == program(now)


@translated
def test_a_lesson_is_written_in_its_own_characters(path):
    said = "".join(["".join(cell["source"]) for cell in cells_of(path)])
    assert [c for c in re.findall("[\u4e00-\u9fff]", said) if not c.encode(SCRIPTS[path.parent.name], "ignore")] == []


@translated
def test_the_texts_are_translated(path):
    for cell, now in zip([cell for cell in cells_of(path) if "english" in cell["metadata"]], cells_of(NOTEBOOKS / path.name)):
        if cell["cell_type"] == "markdown":
            assert cell["source"] != now["source"]
    comments = [
        token.string
        for cell in code_of(path)
        for token in tokenize.generate_tokens(io.StringIO("".join(cell["source"])).readline)
        if token.type == tokenize.COMMENT
    ]
    assert all(not comment.isascii() for comment in comments), comments


def test_every_language_has_the_first_three_lessons():
    there = {(path.parent.name, path.name) for path in TRANSLATED}
    assert there >= {(language, path.name) for language in LANGUAGES if language != "en" for path in LESSONS[:3]}
