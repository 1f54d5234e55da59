"""The lessons run from top to bottom, are kept with the outputs that they give, and their exercises name the mistakes."""

import re
import shlex
import sys
from pathlib import Path

import pytest
from golden import GOLDEN
from lessons import (
    LESSONS,
    NOTEBOOKS,
    TRANSLATED,
    answered,
    cells_of,
    code_of,
    instructor,
    is_exercise,
    root,
    run,
    shown,
    stored,
    up_to_the_last_exercise,
    verdicts,
)

from autograd_lite import set_language
from autograd_lite.__main__ import main
from autograd_lite.classroom import LESSONS as MISTAKES_OF
from nn.compiled import fastest_dialect

# Of what a lesson has computed, by expressions in its names; from the articles' numbers, computed with 60 digits, and by mpmath
WORKED = GOLDEN["example_222"]
AFTER = WORKED["after_n_updates"]
# delta_{t,k} for (1, 1), (2, 2), (2, 1), (3, 3), (3, 2), (3, 1), by differences of mpmath
BLAME = [0.256668237049466558, -0.393479267899895674, -0.224781182256039983]
BLAME += [0.624930936593111534, 0.54180426350230684, 0.309514154459581976]
FIGURES = {
    "01_the_nudge": {
        "[x.grad, w.grad, out.local_derivatives[0]]": [-2.359343198897782282, 0.393223866482963714, 0.786447732965927427],
        "[stages.question(k).answer for k in (1, 2, 3)]": [6.0, -4.0, -2.0],
        "errors[0]": 3.0,
    },
    "02_circuits": {
        "[third.data, second.data, first.data]": [6.0, 12.0, 12.0],
        "focus.data": 4 / 9,
    },
    "03_two_two_two_by_hand": {
        "[node[name].data for name in figures]": [WORKED["forward"][name] for name in ("net_h1", "out_h1", "net_h2", "out_h2")]
        + [WORKED["forward"][name] for name in ("net_o1", "net_o2", "out_o1", "out_o2", "E_o1", "E_o2", "E_total")],
        "[p.grad for p in example.parameter.values()]": [*WORKED["grads"].values()],
        "[question.answer for question in back]": [WORKED["grads"][name] for name in ("b1", "w1", "w5")],
    },
    "04_reuse": {
        "reuse[0].answer": 12.0,
        "shared[0].answer": WORKED["grads"]["b2"],
        "start.grad": 3.416033292901014675,
    },
    "05_reverse_order": {
        "along_w": 1.193171616562662661,
        "numbers[0].answer": 1.137055443952165,
    },
    "06_training": {
        "[before, after]": [AFTER["simultaneous/bias_fixed"][n]["E_total"] for n in ("0", "1")],
        "published().data": AFTER["sequential/bias_fixed"]["1"]["E_total"],
        "[run['E_total after 10000'], run['E_total after 9999']]": [
            AFTER["simultaneous/bias_fixed"][n]["E_total"] for n in ("10000", "9999")
        ],
        "other['out_o1 after 10000']": AFTER["sequential/bias_fixed"]["10000"]["out_o1"],
        "of_softmax[0].answer": GOLDEN["mlp"]["net222_softmax_quadratic"]["delta"][1][0],
        "of_batch[0].answer": -16 / 3,
    },
    "07_through_time": {
        "[gradient(loss[t], z[k]).item() for t, k in table]": BLAME,
        "[weights.question(k).answer for k in (1, 2)]": [0.209339511344445449, 0.767183460726292195],
        "max(differences) < 1e-14": True,
    },
    "10_attention": {
        "[node[name].data for name in ('score_3,2', 'att_3,1', 'head_3[1]', 'resid_3[1]')]": [
            *(0.6179114754655131882, 0.04024807017881713794),
            *(1.005807394346398724, 1.763173027558966133),
        ],
        "[E.data, asked[6].answer, asked[7].answer]": [5.728110870828330297, 2.050787517723884927, 0.2276938171053348567],
        "norm[0].answer": 0.96 * 2**0.5,
    },
    "09_pytorch_and_jax": {
        "grads(model)['layers.1.weights'][0]": WORKED["grads"]["w5"],
        "E.data": WORKED["forward"]["E_total"],
    },
    "08_gates": {
        "[sigmoid(bias) ** 10 for bias in (0, 1, 2)]": [0.5**10, 0.7310585786300049**10, 0.8807970779778823**10],
        "[h_.answer for h_ in gru]": [-0.405836497433801668, -0.462033175402319139],
    },
}


def by_name(path):
    return path.relative_to(NOTEBOOKS).with_suffix("").as_posix()


@pytest.fixture(autouse=True)
def as_before():
    """A translated lesson sets its language, and one sets JAX's precision."""
    yield
    set_language("en")
    if "jax" in sys.modules:
        sys.modules["jax"].config.update("jax_enable_x64", False)


lessons = pytest.mark.parametrize("path", [*LESSONS, *TRANSLATED], ids=by_name)


def comparable(text):
    """Text without what differs by run and by machine: how long it took, the last digits, and where Jupyter breaks lines."""
    text = re.sub(r" in [\d.]+ s\b", "", text or "")
    return "".join(re.sub(r"\d+\.\d{9,}(e[-+]?\d+)?", lambda number: f"{float(number[0]):.9g}", text).split())


def has_everything(names):
    """Whether what a lesson looks for was there when it was kept and is here: a compiler, PyTorch, JAX."""
    slow = "fastest_dialect" in names and fastest_dialect() != "c"
    return not slow and None not in (names.get("torch", ""), names.get("jax", ""))


@lessons
def test_notebook_runs_and_gives_its_outputs_and_an_exercise_without_an_answer_says_so(path, monkeypatch):
    names = {"__name__": "__main__"}
    with verdicts(monkeypatch) as said:
        for cell in code_of(path):
            source = "".join(cell["source"])
            said.clear()
            printed, value = run(source, names)
            if is_exercise(cell):
                assert {"open"} <= {one.verdict for one in said} <= {"open", "right"}, source
            if has_everything(names):
                kept_printed, kept_value = stored(cell)
                assert comparable(printed) == comparable(kept_printed), source
                assert comparable(shown(value)) == comparable(kept_value), source
    for expression, right in FIGURES.get(path.stem, {}).items():
        assert eval(expression, names) == pytest.approx(right, rel=1e-12), expression


@lessons
def test_notebook_is_kept_with_its_outputs(path):
    code = code_of(path)
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert not [output for cell in code for output in cell["outputs"] if output["output_type"] == "error"]
    shown = [output.get("data", {}).keys() for cell in code for output in cell["outputs"]]
    assert any("image/svg+xml" in kinds for kinds in shown)
    # JupyterLab takes the MathML out of a notebook that is opened and not yet trusted: there formulas are to be kept as LaTeX
    assert not any({"text/html", "text/latex"} <= kinds for kinds in shown)


@lessons
def test_the_right_answer_to_an_exercise_passes_and_the_mistakes_of_the_lesson_are_named(path, monkeypatch):
    _, right, wrong = instructor(path)
    names = {"__name__": "__main__"}
    named, tried = set(), 0
    with verdicts(monkeypatch) as said:
        for cell in up_to_the_last_exercise(path):
            source = "".join(cell["source"])
            if not is_exercise(cell):
                run(source, names)
                continue
            solved = answered(source, right)
            for answer, mistake in wrong:
                mistaken = answered(source, [*right, answer])
                if mistaken != solved:
                    said.clear()
                    run(mistaken, dict(names))
                    not_right = [one for one in said if not one.right]
                    assert not_right, answer
                    assert mistake == "unnamed" or any(mistake in one.mistakes for one in not_right), (answer, not_right)
                    named.add(mistake)
                    tried += 1
            said.clear()
            run(solved, names)
            assert said and all(one.right for one in said), (solved, said)
    assert tried == len(wrong)
    assert named >= set(MISTAKES_OF[int(path.stem[:2])])


@lessons
def test_the_solutions_are_not_in_the_lesson(path):
    _, right, _ = instructor(path)
    sources = "\n".join(["".join(cell["source"]) for cell in cells_of(path)])
    for answer in right:
        assert answer not in sources
        assert root(answer) in sources


@lessons
def test_a_lesson_is_slides(path):
    kinds = [cell["metadata"]["slideshow"]["slide_type"] for cell in cells_of(path)]
    assert kinds[0] == "slide" and kinds.count("slide") >= 6
    assert set(kinds) <= {"slide", "subslide", "fragment", "skip", "notes", "-"}


@lessons
def test_the_instructors_page_says_what_a_teacher_needs(path):
    text, _, _ = instructor(path)
    parts = re.findall(r"^## (.*)$", text, re.M)
    assert parts == [
        *("Aim", "Minutes", "On the blackboard", "Two wrong answers to expect", "Five minutes without a computer"),
        *("In the browser", "Solutions", "What the checks say"),
    ]
    rows = re.findall(r"^\| (\d+) \| (Show|Do|Check):", text, re.M)
    of = [sum(int(minutes) for minutes, part in rows if part == name) for name in ("Show", "Do", "Check")]
    opening = "".join(cells_of(path)[0]["source"]).split("\n\n")[2]
    assert [int(number) for number in re.findall(r"\d+", opening)[:4]] == [sum(of), *of] and 45 <= sum(of) <= 50


def test_the_commands_in_the_instructors_pages_run(tmp_path, monkeypatch):
    pages = sorted(Path(NOTEBOOKS, "instructor").glob("*.md"))
    commands = {
        line for page in pages for line in re.findall(r"^ {4,}autograd-lite (worksheet .*)", page.read_text("utf-8"), re.M)
    }
    monkeypatch.chdir(tmp_path)
    Path("names.txt").write_text("Ada\n")
    for command in commands:
        main(shlex.split(command))
    written = sorted(path.name for path in Path().glob("lesson-*") if (path / "key.html").exists())
    assert len(written) >= len(LESSONS) - 2


def test_there_are_lessons():
    numbers = [int(path.stem[:2]) for path in LESSONS]
    assert numbers == [*range(1, len(LESSONS)), 10]
    assert Path(NOTEBOOKS, "instructor", "README.md").exists()
