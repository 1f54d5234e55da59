"""What is built on an engine, a layer, softmax and a recurrent unit; and every bug of the lab, found by the same check."""

import math
import re
import types

import pytest
from own_engines import CLOSURES, COMPOSED, FUSED, TEMPLATE, TUPLES, changed, solved

from autograd_lite import Value
from autograd_lite.classroom import BUGS, check_engine
from autograd_lite.classroom.bugs import FORWARD_ORDER
from autograd_lite.classroom.own_engine import HINTS, Report, checking, networks, student, tasks
from autograd_lite.classroom.own_engine.judging import Finding
from autograd_lite.classroom.own_engine.ladder import right, values
from autograd_lite.classroom.own_engine.tasks import FURTHER, TASKS
from autograd_lite.sentences import LANGUAGES
from autograd_lite.sources import execute

PIECES = ("matvec", "softmax", "rnn")
ENGINE = solved() + FUSED


@pytest.fixture(autouse=True)
def few_graphs(monkeypatch):
    monkeypatch.setattr(tasks, "GRAPHS", 4)


@pytest.fixture
def checked(tmp_path, monkeypatch):
    """The check of a file, whose scalars are right."""
    done = [task._replace(check=lambda engine: None) for task in TASKS]
    monkeypatch.setattr(checking, "TASKS", tuple(done))

    def check(text, **options):
        file = tmp_path / "engine.py"
        file.write_text(text, encoding="utf-8")
        return check_engine(file, **options)

    return check


def said(report):
    return " ".join(report.text().split())


# The bug lab


@pytest.mark.parametrize("name", BUGS)
def test_every_bug_of_the_lab_is_found_and_named(name):
    report = check_engine(BUGS[name])
    assert not report.passed and report.found.case is not None and report.has_graph
    if BUGS[name].mistake is not FORWARD_ORDER and name != "ascent":  # none of a pass by hand: all the way back is another one
        assert name in report.mistakes and len(report.mistakes) <= 2, report
    assert "bug" in report.name.lower() and name not in report.name


@pytest.mark.slow
@pytest.mark.parametrize("engine", sorted({bug.planted.engine for bug in BUGS.values()}))
def test_every_engine_of_the_lab_passes_before_a_bug_is_planted(engine):
    source = next(bug.mended for bug in BUGS.values() if bug.planted.engine == engine)
    report = check_engine(execute(source, f"<{engine}>", {})["backward"])
    if engine in ("epochs", "training"):  # with rounds of their own, each of which starts afresh
        assert report.found.key == "second"
        return
    assert report.passed and report.states.count("absent") == 3 and report.states.count("done") == 8, report


def test_a_function_that_goes_back_is_an_engine():
    assert check_engine(Value.backward).passed

    def forgets(output):
        Value.backward(output)
        for node in output.parents:
            node.grad = 0.0

    assert check_engine(forgets).name == "forgets" and not check_engine(forgets).passed


# What is right


@pytest.mark.parametrize(
    "text",
    [ENGINE, CLOSURES + COMPOSED, TUPLES + COMPOSED, solved() + FUSED.replace("return states", "return tuple(states)")],
    ids=["nodes of many parents", "closures", "tuples", "a tuple is returned"],
)
def test_what_is_right_passes_in_any_style(tmp_path, text):
    (tmp_path / "engine.py").write_text(text, encoding="utf-8")
    report = check_engine(tmp_path)
    assert report.passed and report.states[8:] == ("done",) * 3, report
    assert "[x] 11 rnn" in report.text() and "Networks" not in report.text()


def test_who_stops_at_scalars_is_done_and_told_of_more(checked):
    report = checked(solved())
    assert report.passed and report.states == ("done",) * 8 and "engine.py: 8 of 8 tasks are done." in report.text()
    for name in PIECES:
        assert f"{name}(" in report.text() and f"#   {name}(" in TEMPLATE
    assert "Networks" not in checked(CLOSURES).text()


def test_one_of_them_is_checked_alone(checked):
    report = checked(solved() + FUSED.replace("def softmax", "def _").replace("def rnn", "def __"))
    assert report.passed and len(report.states) == 9
    report = checked(solved() + FUSED.replace("def softmax", "def _").replace("def matvec", "def __"))
    assert report.passed and report.states[8:] == ("absent", "absent", "done")
    assert "not checked: matvec, softmax." in report.text()


@pytest.mark.parametrize("number, name", [*enumerate(PIECES, 9)])
def test_a_blank_is_a_task_that_is_open(checked, number, name):
    report = checked(solved() + f"\n\ndef {name}(*operands):\n    raise NotImplementedError\n")
    assert not report.passed and report.task == number and report.found.key == "open"
    assert f"Task {number}: {name} {name}(" in said(report) and "is to return" in said(report)


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_has_hints(language):
    for k, task in enumerate(FURTHER):
        states = ["done"] * (8 + k) + ["open"]
        report = Report("engine.py", states, Finding("open", {}), {}, "", [], 0, language)
        assert len({report.hint(number) for number in range(1, HINTS + 2)}) == HINTS
        assert report.task == len(TASKS) + 1 + k and task.name in report.text()


def test_the_graphs_are_those_of_the_functions_worked_out_here():
    for name in PIECES:
        for case in [*networks.by_hand(name), *networks.by_chance(name, 20)]:
            data = []
            for op, operands in case.rows:
                given = [[_number(data, y) for y in x] if isinstance(x, tuple) else _number(data, x) for x in operands]
                data.append(WORKED_OUT[op.partition("[")[0]](int(re.findall(r"\[(\d+)", op + "[0")[0]), *given))
            assert [node.data for node in values(case.rows)] == pytest.approx(data, rel=1e-12)


def _number(data, x):
    return [data[i] for i in x] if isinstance(x, tuple) else data[x] if isinstance(x, int) else x


def _state(k, w, u, xs, h):
    for x in xs[: k + 1]:
        h = math.tanh(w * x + u * h)
    return h


WORKED_OUT = {
    "": lambda k, x: x,
    "add": lambda k, x, y: x + y,
    "mul": lambda k, x, y: x * y,
    "tanh": lambda k, x: math.tanh(x),
    "matvec": lambda k, W, xs: sum(w * x for w, x in zip(W[k], xs)),
    "softmax": lambda k, xs: math.exp(xs[k]) / sum(map(math.exp, xs)),
    "rnn": _state,
}


@pytest.mark.parametrize("name", PIECES)
def test_the_grads_of_the_graphs_are_differences(name):
    for case in networks.by_hand(name):
        nodes = right(case)
        for k, (op, numbers) in enumerate(case.rows):
            if not op:
                up, down = (
                    values((*case.rows[:k], ("", (numbers[0] + step,)), *case.rows[k + 1 :]))[-1].data for step in (1e-5, -1e-5)
                )
                assert nodes[k].grad == pytest.approx((up - down) / 2e-5, abs=1e-8)


# What is wrong: in one place, found at which task, named how

WRONG = {
    "transposed": (
        changed(
            "for row in W:\n        slopes = [x.data for x in xs] + [w.data for w in row]",
            "for k, row in enumerate(W):\n        slopes = [x.data for x in xs] + [W[j][k].data for j in range(len(xs))]",
            ENGINE,
        ),
        9,
        ["transposed"],
    ),
    "no rows of their own": (changed("[*row, *xs], slopes", "[*W[0], *xs], slopes", ENGINE), 9, None),
    "swapped": (changed("[*row, *xs], slopes", "[*xs, *row], slopes", ENGINE), 9, ["swap-factor"]),
    "the diagonal": (changed("(i == j) - q) for", "(1 - q) * (i == j)) for", ENGINE), 10, ["softmax-diagonal"]),
    "of the quadratic cost": (
        changed("[p * ((i == j) - q) for", "[float(i == j) for", ENGINE),
        10,
        ["softmax-quadratic"],
    ),
    "the sum held fixed": (
        changed("total = sum(powers, Value(0.0))", "total = Value(sum([x.data for x in powers]))", CLOSURES + COMPOSED),
        10,
        None,
    ),
    "the state cut off": (
        changed("        data = math", "        h = Value(h.data)\n        data = math", ENGINE),
        11,
        ["no-future", "rtrl-now"],
    ),
    "weights of their own in every later step": (
        changed(
            "        data = math",
            "        w, u = (w, u) if t == 0 else (Value(w.data), Value(u.data))\n        data = math",
            ENGINE,
        ),
        11,
        ["one-time"],
    ),
    "cut after the last step": (
        changed("        data = math", "        h = h if t == len(xs) - 1 else Value(h.data)\n        data = math", ENGINE),
        11,
        ["truncated"],
    ),
    "no activation": (changed("slope = 1 - data * data", "slope = 1.0", ENGINE), 11, ["no-activation"]),
    "the state before the step": (changed("states.append(h)", "states.insert(0, h)", ENGINE), 11, None),
    "exp below the tanh": (changed("math.exp(x.data)", "math.exp(-x.data)", ENGINE), 10, None),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_found_and_named(checked, name):
    text, task, mistakes = WRONG[name]
    report = checked(text)
    assert not report.passed and report.task == task, report
    assert report.has_graph and len(report.found.case.rows) <= 9, report
    if mistakes is not None:
        assert list(report.mistakes) == mistakes, report


def test_what_only_graphs_by_chance_show_is_shrunk(checked, monkeypatch):
    monkeypatch.setattr(tasks, "GRAPHS", 200)
    report = checked(changed("(slope * x.data,", "(slope * x.data * (x is not u),", ENGINE))
    assert report.task == 11 and report.found.key == "grad", report
    assert len(report.found.case.rows) <= 5 and report.found.case.rows[-1][0].startswith("rnn["), report


def test_both_graphs_are_drawn_and_what_is_inside_of_a_unit_has_no_number(checked, tmp_path):
    report = checked(WRONG["the state cut off"][0])
    page = report.save(tmp_path / "graph.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 2 and "rnn(a, b, [c], d)[0]" in page


# What a function may do


def doing(code, name="softmax"):
    first = {"softmax": "    powers = [math", "matvec": "    out = []", "rnn": "    states = []"}[name]
    return changed(first, f"    {code}\n{first}", ENGINE)


BAD = {
    "a loop": (doing("while True: pass"), "softmax([a]) does not come to an end: it was stopped after two million steps"),
    "recursion": (doing("return softmax(xs)"), "softmax([a]) calls itself, and that calls itself again"),
    "exit": (doing("import sys; sys.exit(0)", "rnn"), "rnn(a, b, [c], d) ends the whole program"),
    "the end of the process": (doing("import os; os._exit(0)", "rnn"), "ends the whole program"),
    "memory": (doing("x = [0] * 10**12", "matvec"), "matvec([[a]], [b]) wants more memory than there is"),
    "input": (doing("input('? ')"), "softmax([a]) raises EOFError"),
    "an error": (doing("raise ValueError('no')"), "softmax([a]) raises ValueError: no."),
    "nothing returned": (doing("return"), "softmax([a]) is to return a list of Values, of length 1; it returns None."),
    "a generator": (doing("return iter(xs)"), "softmax([a]) is to return a list of Values, of length 1; it returns list_it"),
    "too long": (doing("return xs + xs", "matvec"), "is to return a list of Values, of length 1; it returns list [Value("),
    "too short": (doing("return []", "rnn"), "rnn(a, b, [c], d) is to return a list of Values, of length 1; it returns list []"),
    "numbers": (doing("return [1.0 for x in xs]"), "b = softmax([a])[0] is to give a Value; it gives float 1.0"),
    "rows": (doing("return [[x] for x in xs]"), "b = softmax([a])[0] is to give a Value; it gives list [Value("),
    "nan": (changed("Value(p, xs", "Value(math.nan, xs", ENGINE), "With a = 0.5, softmax([a])[0] is 1; yours gives nan."),
    "nan on the way back": (
        changed("p * ((i == j) - q)", "math.nan", ENGINE),
        "The derivative of b by a is 0; after b.backward() yours is nan",
    ),
    "text": (
        changed("Value(p, xs", "Value('1', xs", ENGINE.replace("float(data)", "data")),
        "b.data is to be a number, a float; it is str '1'",
    ),
    "the list is emptied": (doing("xs = [xs.pop() for _ in [*xs]]"), "softmax([a]) changes a list that it is given."),
    "a row is changed": (doing("W[0][0] = Value(W[0][0].data)", "matvec"), "matvec([[a]], [b]) changes a list that it is given."),
    "a list within itself": (
        doing("states = [*xs]; xs.append(xs); return states", "rnn"),
        "rnn(a, b, [c], d) changes a list that it is given.",
    ),
    "an operand is changed": (doing("xs[0].data += 1.0"), "After b = softmax([a])[0], a.data is to be 0.5; it is 1.5."),
    "a grad is left": (doing("xs[0].grad += 1.0"), "a.grad is to be 0.0 as long as there was no backward pass; it is 1."),
    "other operands": (changed("def softmax(xs)", "def softmax(*xs)", ENGINE), "softmax([a]) raises AttributeError: 'list'"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_a_function_does_is_said_in_a_sentence(checked, name):
    text, sentence = BAD[name]
    report = checked(text)
    assert not report.passed and report.task in (9, 10, 11) and sentence in said(report), report


@pytest.mark.parametrize("name", ["a loop", "recursion", "exit", "the end of the process", "too long", "a list within itself"])
def test_where_there_are_no_processes_it_is_said_too(checked, name, monkeypatch):
    monkeypatch.setattr("autograd_lite.classroom.own_engine.checking.has_processes", lambda: False)
    text, sentence = BAD[name]
    assert sentence in said(checked(text))


def test_what_is_printed_is_kept(checked):
    report = checked(doing("print('p' * 1000)"))
    assert report.passed and report.printed.startswith("ppp") and len(report.printed) <= 2000


def test_a_function_that_hangs_outside_of_python_is_ended(checked):
    report = checked(doing("import time; time.sleep(60)", "rnn"), seconds=3.0)
    assert "= rnn(a, b, [c], d)[0] does not come to an end: it was stopped after 3 seconds" in said(report)


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_all_is_said_in_the_language(checked, language):
    for text in (ENGINE, solved(), BAD["too short"][0], BAD["a row is changed"][0], WRONG["the diagonal"][0]):
        report = checked(text, language=language)
        assert re.search("[\u4e00-\u9fff]", report.text()) and "yours" not in report.text() and " is " not in report.text()


def test_in_a_notebook_a_module_is_checked_with_what_is_built_on_it(monkeypatch):
    monkeypatch.setattr(student, "MOST_STEPS", 400_000)
    module = types.ModuleType("mine")
    exec(compile(ENGINE, "<cell>", "exec"), vars(module))
    assert check_engine(module).states == ("done",) * 11
