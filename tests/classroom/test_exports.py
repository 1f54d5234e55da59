"""Quizzes in the formats of others, read by parsers of these."""

import base64
import html
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from autograd_lite import Value, tanh
from autograd_lite.classroom import quiz
from autograd_lite.classroom.exports import DISTRACTORS
from autograd_lite.classroom.pictures import picture
from nn.worked_example import WorkedExample

GIFT = Path(os.environ.get("NODE_MODULES", "")) / "gift-pegjs"
HOSTILE = "</text>]]>{=~#\\`*_$ 隱藏層"


@pytest.fixture(scope="module")
def asked():
    return quiz(WorkedExample()(), count=7)


@pytest.fixture(scope="module")
def hostile():
    x, w = Value(0.3, HOSTILE), Value(1.7, "w")
    y = tanh(w * x)
    y.label = "y{0}"
    return quiz(y, count=7)


# Names of files


@pytest.mark.parametrize(
    "name, beginning",
    [
        ("quiz.html", "<!DOCTYPE html>"),
        ("worksheet-3.html", "<!DOCTYPE html>"),
        ("key.html", "<!DOCTYPE html>"),
        ("quiz.xml", "<?xml"),
        ("quiz.gift", "// Quiz"),
        ("quiz.json", "["),
        ("quiz.md", "Quiz title: "),
        ("quiz.ipynb", "{"),
        ("otter.ipynb", "{"),
    ],
)
def test_the_form_goes_by_the_name(asked, tmp_path, name, beginning):
    assert asked.save(tmp_path / name).read_text(encoding="utf-8").startswith(beginning)


def test_an_unknown_ending_or_form_is_named_and_nothing_written(asked, tmp_path):
    with pytest.raises(ValueError, match=r"not as 'quiz\.docx'"):
        asked.save(tmp_path / "quiz.docx")
    with pytest.raises(ValueError, match="no quiz has the form 'qti'"):
        asked.save(tmp_path / "quiz.xml", form="qti")
    assert not list(tmp_path.iterdir())


# Moodle: the structure that its documentation of the XML format gives

CHILDREN = {
    "numerical": ["name", "questiontext", "generalfeedback", "defaultgrade", "penalty", "hidden", "answer", "hint"],
    "multichoice": [
        *["name", "questiontext", "generalfeedback", "defaultgrade", "penalty", "hidden"],
        *["single", "shuffleanswers", "answernumbering", "answer", "hint"],
    ],
}


def moodle_questions(quiz_, tmp_path):
    root = ElementTree.parse(quiz_.save(tmp_path / "quiz.xml")).getroot()
    category, *questions = root
    assert (
        root.tag == "quiz" and category.get("type") == "category" and category.find("category/text").text.startswith("$course$/")
    )
    for question in questions:
        order = [child.tag for child in question]
        assert list(dict.fromkeys(order)) == CHILDREN[question.get("type")]
        assert question.find("name/text").text and question.find("questiontext").get("format") == "html"
        assert [answer.get("fraction") for answer in question.iter("answer")].count("100") == 1
    return questions


def moodle_answer(question, x):
    """What Moodle does: the first answer that is near enough counts."""
    for answer in question.iter("answer"):
        if abs(float(answer.find("text").text) - x) <= float(answer.find("tolerance").text):
            return answer.get("fraction"), answer.find("feedback/text").text
    return "0", ""


def test_moodle_grades_and_tells_as_the_library(asked, tmp_path):
    for element, question in zip(moodle_questions(asked, tmp_path), asked, strict=True):
        if question.options:
            right = [answer.find("text").text for answer in element.iter("answer") if answer.get("fraction") == "100"]
            assert element.get("type") == "multichoice" and right == [question.answer]
            continue
        number = asked.questions.index(question) + 1
        for x in (question.answer, question.answer + 0.99 * question.tolerance, question.answer + 1.1 * question.tolerance):
            assert (moodle_answer(element, x)[0] == "100") == asked.check(number, x).right
        for wrong in question.wrong:
            fraction, feedback = moodle_answer(element, wrong)
            told = asked.check(number, question.shown(wrong)).words
            assert fraction == "0" and html.unescape(feedback).replace("<br>", "\n") == told
        assert len(element.findall("hint")) == len(question.hints()) - 1


def test_moodle_has_the_graph_inside(asked, tmp_path):
    file = moodle_questions(asked, tmp_path)[0].find("questiontext/file")
    assert file.get("encoding") == "base64" and file.get("path") == "/"
    assert ElementTree.fromstring(base64.b64decode(file.text)).tag.endswith("svg")
    assert "@@PLUGINFILE@@/graph.svg" in moodle_questions(asked, tmp_path)[0].find("questiontext/text").text


def test_labels_from_users_stay_text_in_moodle(hostile, tmp_path):
    texts = ["".join(question.itertext()) for question in moodle_questions(hostile, tmp_path)]
    assert all("隱藏層" in text for text in texts)


# The picture


def test_the_picture_shows_the_numbers_of_leaves_alone(asked):
    texts = [element.text for element in ElementTree.fromstring(picture(asked.graph)).iter() if element.text]
    numbers = {f"data {leaf.data:g}" for leaf in asked.graph.leaves()}
    assert numbers <= set(texts)
    others = [text for text in texts if re.search(r"\d\.\d", text) and "{" not in text and not text.startswith("a plain number")]
    assert set(others) <= numbers | {"0.5"}


# GIFT


@pytest.mark.skipif(not (shutil.which("node") and GIFT.is_dir()), reason="gift-pegjs is not in the folder NODE_MODULES")
@pytest.mark.parametrize("which", ["asked", "hostile"])
def test_gift_is_read_by_a_parser_of_it(which, tmp_path, request):
    asked = request.getfixturevalue(which)
    path = asked.save(tmp_path / "quiz.gift")
    program = "const [g, f] = process.argv.slice(1); const text = require('fs').readFileSync(f, 'utf8');"
    program += "console.log(JSON.stringify(require(g).parse(text)))"
    done = subprocess.run(
        ["node", "-e", program, str(GIFT), str(path)], capture_output=True, text=True, check=True, encoding="utf-8"
    )
    for found, question in zip(json.loads(done.stdout), asked, strict=True):
        if question.options:
            assert found["type"] == "MC"
            assert [c["text"]["text"] for c in found["choices"] if c["isCorrect"]] == [question.answer]
        else:
            choices = found["choices"] if isinstance(found["choices"], list) else [found["choices"]]
            right = choices[0]["text"]
            assert found["type"] == "Numerical" and right["range"] == pytest.approx(question.tolerance, rel=1e-3)
            assert right["number"] == pytest.approx(question.answer, rel=10.0 ** -(question.digits + 2))
            assert all(choice["weight"] == 0 and choice["feedback"] for choice in choices[1:])


def test_gift_escapes_what_steers_it(hostile, tmp_path):
    text = hostile.save(tmp_path / "quiz.gift").read_text(encoding="utf-8")
    assert text.count("::[html]") == len(hostile)
    bodies = re.findall(r"(?<!\\)\{#?\n", text)
    assert len(bodies) == len(hostile)


# jupyterquiz

JUPYTERQUIZ = {"value": {"type", "value", "correct", "feedback"}, "default": {"type", "feedback"}}


@pytest.mark.parametrize("which", ["asked", "hostile"])
def test_jupyterquiz_has_its_keys_and_rounds_as_its_script_does(which, tmp_path, request):
    asked = request.getfixturevalue(which)
    for found, question in zip(json.loads(asked.save(tmp_path / "quiz.json").read_text(encoding="utf-8")), asked, strict=True):
        if question.options:
            assert found["type"] == "multiple_choice" and sum(a["correct"] for a in found["answers"]) == 1
            continue
        assert found["type"] == "numeric" and found["precision"] == question.digits
        rounded = [f"{a['value']:.{question.digits - 1}e}" for a in found["answers"] if a["type"] == "value"]
        assert len(rounded) == len(set(rounded)) and all(set(a) == JUPYTERQUIZ[a["type"]] for a in found["answers"])
        assert [a["correct"] for a in found["answers"] if a["type"] == "value"] == [True] + [False] * (len(rounded) - 1)


def run_python(code, *arguments, cwd):
    """In a process of its own, for the warnings of others are none of ours."""
    environment = {**os.environ, "PYTHONWARNINGS": "ignore", "JUPYTER_PLATFORM_DIRS": "1"}
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environment["PATH"]])
    command = [sys.executable, *(("-c", code) if "\n" in code else ("-m", code)), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=300, env=environment, encoding="utf-8")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_jupyterquiz_shows_it(asked, tmp_path):
    pytest.importorskip("jupyterquiz", reason="jupyterquiz is not installed")
    path = asked.save(tmp_path / "quiz.json")
    code = (
        "import json, sys\nfrom IPython.core.interactiveshell import InteractiveShell\n"
        "from IPython.utils.capture import capture_output\nfrom jupyterquiz import display_quiz\nInteractiveShell.instance()\n"
        "with capture_output() as shown:\n    display_quiz(sys.argv[1])\n"
        "print(json.dumps([output.data for output in shown.outputs]))\n"
    )
    shown = json.loads(run_python(code, path, cwd=tmp_path))
    script = json.dumps(shown)
    assert "show_questions" in script and all(str(q.answer) in script for q in asked if not q.options)


# text2qti


@pytest.mark.parametrize("which", ["asked", "hostile"])
def test_text2qti_makes_a_package_of_it(which, tmp_path, request):
    pytest.importorskip("text2qti", reason="text2qti is not installed")
    asked = request.getfixturevalue(which)
    path = asked.save(tmp_path / "quiz.md")
    code = (
        "import sys, json\nfrom text2qti.config import Config\nfrom text2qti.quiz import Quiz\nfrom text2qti.qti import QTI\n"
        "path = sys.argv[1]\n"
        "quiz = Quiz(open(path, encoding='utf-8').read(), config=Config(), source_name=path)\n"
        "QTI(quiz).save(path + '.zip')\n"
        "print(json.dumps([[q.type, [[c.choice_raw, c.correct, bool(c.feedback_raw)] for c in q.choices]] "
        "for q in quiz.questions_and_delims]))\n"
    )
    found = json.loads(run_python(code, path, cwd=tmp_path))
    assert Path(f"{path}.zip").stat().st_size > 1000
    for (kind, choices), question in zip(found, asked, strict=True):
        if question.options:
            assert kind == "multiple_choice_question" and len(choices) == len(question.options)
        elif question.wrong:
            assert kind == "multiple_choice_question" and 2 <= len(choices) <= 1 + DISTRACTORS
            assert [raw for raw, correct, _ in choices if correct] == [question.shown(question.answer)]
            assert all(told for _, _, told in choices)
        else:
            assert kind in ("numerical_question", "short_answer_question")


# Notebooks


@pytest.mark.parametrize("name", ["quiz.ipynb", "otter.ipynb"])
def test_the_notebook_is_one_and_its_cells_run(asked, tmp_path, name):
    nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed")
    notebook = nbformat.read(asked.save(tmp_path / name), as_version=4)
    nbformat.validate(notebook)
    names = {}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            exec(cell.source, names)
    names["answer_3"] = 0.5
    with pytest.raises(AssertionError, match="Hint"):
        exec("quiz.answer(3, answer_3)", names)


def test_nbgrader_knows_its_cells(asked, tmp_path):
    pytest.importorskip("nbgrader", reason="nbgrader is not installed")
    path = asked.save(tmp_path / "quiz.ipynb")
    code = (
        "import sys, nbformat\nfrom nbgrader.nbgraderformat import MetadataValidator\n"
        "notebook = nbformat.read(sys.argv[1], as_version=4)\n"
        "MetadataValidator().validate_nb(notebook)\n"
        "from nbgrader.utils import is_grade, is_solution, is_locked\n"
        "print(sum(map(is_grade, notebook.cells)), sum(map(is_solution, notebook.cells)), sum(map(is_locked, notebook.cells)))\n"
    )
    assert run_python(code, path, cwd=tmp_path).split() == ["7", "7", "15"]


@pytest.mark.slow
def test_nbgrader_makes_the_students_notebook_without_answers(asked, tmp_path):
    pytest.importorskip("nbgrader", reason="nbgrader is not installed")
    (tmp_path / "source" / "one").mkdir(parents=True)
    asked.save(tmp_path / "source" / "one" / "quiz.ipynb")
    run_python("nbgrader", "generate_assignment", "one", "--create", "--CourseDirectory.course_id=c", cwd=tmp_path)
    released = (tmp_path / "release" / "one" / "quiz.ipynb").read_text(encoding="utf-8")
    assert "YOUR CODE HERE" in released and "quiz.answer(7, answer_7)" in released
    assert not any(repr(question.answer) in released for question in asked if question.kind in ("adjoint", "delta"))


@pytest.mark.slow
def test_otter_makes_the_students_notebook_and_its_tests_pass(asked, tmp_path):
    pytest.importorskip("otter", reason="otter is not installed")
    path = asked.save(tmp_path / "otter.ipynb")
    run_python("otter", "assign", "--no-pdfs", path, tmp_path / "made", cwd=tmp_path)
    released = (tmp_path / "made" / "student" / "otter.ipynb").read_text(encoding="utf-8")
    assert "answer_7 = ..." in released and 'grader.check(\\"q7\\")' in released
    assert not any(repr(question.answer) in released for question in asked if question.kind in ("adjoint", "delta"))
