"""Your own engine: what is right passes in any style, what is wrong is found and named, whatever an engine does is survived."""

import inspect
import re
import types
from importlib import import_module
from xml.etree import ElementTree

import pytest
from own_engines import CLOSURES, DATACLASS, PAIRS, SOLUTIONS, TEMPLATE, TUPLES, changed, solved
from waiting import until

from autograd_lite import Value
from autograd_lite.classroom import check_engine
from autograd_lite.classroom.own_engine import HINTS, Report, checking, ladder, running, student, tasks
from autograd_lite.classroom.own_engine.judging import Finding
from autograd_lite.classroom.own_engine.report import _pair
from autograd_lite.classroom.own_engine.tasks import TASKS
from autograd_lite.sentences import LANGUAGES

KAHN = """
    uses, pending = {id(output): 0}, [output]
    while pending:
        for parent in pending.pop().parents:
            if id(parent) not in uses:
                uses[id(parent)] = 0
                pending.append(parent)
            uses[id(parent)] += 1
    order, ready = [], [output]
    while ready:
        order.append(node := ready.pop(0))
        for parent in node.parents:
            uses[id(parent)] -= 1
            if not uses[id(parent)]:
                ready.append(parent)
    return order[::-1]
"""
RIGHT = {
    "the tasks solved": solved(),
    "an order without recursion": solved(task_5=KAHN),
    "closures": CLOSURES,
    "tuples in slots": TUPLES,
    "dataclass": DATACLASS,
    "pairs with functions, and attributes that mean something else": PAIRS,
    "identity overridden": solved().replace(
        "    def __repr__", "    __eq__ = None\n    __hash__ = object.__hash__\n\n    def __repr__"
    ),
    "whole numbers stay": solved().replace("float(data)", "data"),
    "numbers of NumPy": "import numpy\n" + solved().replace("float(data)", "numpy.float64(data)"),
    "the loss as a Value": changed("    return loss.data", "    return loss"),
    "more operations": solved()
    + "\n\nValue.square = lambda a: a * a\nValue.sigmoid = lambda a: (a * 0.5).tanh() * 0.5 + 0.5\nValue.exp = None\n",
    "blanks of one's own": solved() + "\n\ndef later(a):\n    raise NotImplementedError\n\n\nValue.exp = Value.log = later\n",
}
RECURSIVE = """
        self.grad = 1.0
        self.send()

    def send(self):
        for parent, slope in zip(self.parents, self.local_derivatives):
            parent.grad += self.grad * slope
        for parent in self.parents:
            parent.send()
"""
RECURSIVE_AT_ONCE = """
        self.grad = 1.0
        self.send()

    def send(self):
        for parent, slope in zip(self.parents, self.local_derivatives):
            parent.grad += self.grad * slope
            parent.send()
"""
PATHS = """
        def go(node, amount):
            node.grad += amount
            for parent, slope in zip(node.parents, node.local_derivatives):
                go(parent, amount * slope)

        go(self, 1.0)
"""
EARLY = "            seen.add(node)\n            order.insert(0, node)\n"
STALE = "        for node in order:\n            if node.parents:\n                node.grad = 0.0\n"
# What is changed, the task at which it is found, and the names of the mistakes that give such numbers
WRONG = {
    "overwrite": (changed("parent.grad += node.grad * slope", "parent.grad = node.grad * slope"), 6, ["overwrite"]),
    "overwrite in closures": (CLOSURES.replace("grad += ", "grad = "), 6, ["overwrite"]),
    "set of operands": (
        changed("zip(node.parents, node.local_derivatives):", "set(zip(node.parents, node.local_derivatives)):"),
        6,
        None,
    ),
    "operands in a dictionary": (
        changed("zip(node.parents, node.local_derivatives):", "dict(zip(node.parents, node.local_derivatives)).items():"),
        6,
        ["twice-operand"],
    ),
    "recursive": (solved(task_6=RECURSIVE), 6, ["recursive"]),
    "recursive at once": (solved(task_6=RECURSIVE_AT_ONCE), 6, ["recursive"]),
    "every path": (solved(task_6=PATHS), 6, []),
    "against the order": (changed("for node in reversed(order)", "for node in order"), 6, []),
    "stale interior": (changed(STALE, ""), 6, ["stale-interior"]),
    "leaves start afresh": (
        changed("            if node.parents:\n                node.grad = 0.0", "            node.grad = 0.0"),
        6,
        [],
    ),
    "the output's own grad": (changed("        self.grad = 1.0\n", ""), 6, []),
    "no upstream": (changed("node.grad * slope", "slope"), 6, ["no-upstream"]),
    "add chain": (changed("node.grad * slope", "node.grad + slope"), 6, ["add-chain"]),
    "first only": (changed("parent.grad += node", "parent.grad = parent.grad or node"), 6, ["first-only"]),
    "mul as add": (changed("self.data * other.data,", "self.data + other.data,"), 3, []),
    "swapped factors": (changed("(other.data, self.data))", "(self.data, other.data))"), 3, ["swap-factor"]),
    "no plain numbers": (changed(SOLUTIONS[2].splitlines()[1] + "\n", "", solved(2)), 2, []),
    "one local derivative": (changed("(1.0, 1.0)", "(1.0,)"), 2, []),
    "one parent": (changed("(self, other), (1.0, 1.0)", "(self,), (1.0, 1.0)"), 2, []),
    "tanh' = 1 - x**2": (changed("(1 - t * t,)", "(1 - self.data**2,)"), 4, ["net-one-minus-net"]),
    "tanh' = tanh": (changed("(1 - t * t,)", "(t,)"), 4, ["value-for-slope"]),
    "tanh' of sigmoid": (changed("(1 - t * t,)", "(t * (1 - t),)"), 4, ["wrong-activation"]),
    "tanh' = 1": (changed("(1 - t * t,)", "(1.0,)"), 4, ["no-activation"]),
    "tanh' at the output": (changed("(1 - t * t,)", "(1 - math.tanh(t) ** 2,)"), 4, ["slope-at-out"]),
    "tanh' in closures": (CLOSURES.replace("(1 - t**2)", "(1 - x**2)"), 4, ["net-one-minus-net"]),
    "power": (changed("other * self.data ** (other - 1)", "other * self.data**other", CLOSURES), 6, ["power-rule"]),
    "relu": (changed("(out.data > 0) * out.grad", "(out.grad > 0) * out.grad", CLOSURES), 6, ["relu-by-upstream"]),
    "exp": (changed("out.data * out.grad", "self.data * out.grad", CLOSURES), 6, ["exp-rule"]),
    "reflected": (changed("return other + (-self)", "return self - other", CLOSURES), 6, []),
    "the order reversed": (changed("    return order\n", "    return order[::-1]\n"), 5, []),
    "the order with twins": (changed("if node not in seen:", "if True:"), 5, []),
    "the order too early": (
        changed("            order.append(node)\n", "", solved().replace("            seen.add(node)\n", EARLY)),
        5,
        [],
    ),
    "grads are None": (changed("            parameter.grad = 0.0", "            parameter.grad = None"), 7, []),
    "one layer only": (
        changed("in self.parameters():\n            parameter.grad", "in self.parameters()[:4]:\n            parameter.grad"),
        7,
        [],
    ),
    "no zero_grad": (changed("    model.zero_grad()\n", ""), 8, ["zero-grad"]),
    "zero_grad too late": (
        changed("    model.zero_grad()\n    loss.backward()\n", "    loss.backward()\n    model.zero_grad()\n"),
        8,
        [],
    ),
    "ascent": (changed("parameter.data -=", "parameter.data +="), 8, ["ascent"]),
    "no rate": (changed("learning_rate * parameter.grad", "parameter.grad"), 8, ["no-rate"]),
    "parameters are None": (changed("parameter.data -= learning_rate * parameter.grad", "parameter.data = None"), 8, []),
    "the loss after": (changed("    return loss.data", "    return loss_of(model, examples).data"), 8, []),
    "no loss": (changed("    return loss.data\n", ""), 8, []),
}


@pytest.fixture(autouse=True)
def few_graphs(monkeypatch):
    monkeypatch.setattr(tasks, "GRAPHS", 12)
    monkeypatch.setattr(student, "MOST_STEPS", 400_000)  # of an engine in this process


def test_two_hundred_random_graphs_are_right(checked, monkeypatch):
    monkeypatch.setattr(tasks, "GRAPHS", 200)
    asked = []
    monkeypatch.setattr(tasks, "judged", lambda ask, case: asked.append(case))
    assert checked(solved()).passed and len(asked) > 250


@pytest.fixture
def checked(tmp_path):
    def check(text, **options):
        file = tmp_path / "engine.py"
        file.write_text(text, encoding="utf-8")
        return check_engine(file, **options)

    return check


def in_cell(text):
    """The class Value of a cell."""
    names = {}
    exec(compile(text, "<cell>", "exec"), names)
    return names["Value"]


def test_the_template_has_eight_tasks_and_no_solution():
    assert re.findall(r'NotImplementedError\("task (\d)', TEMPLATE) == list("12346578")
    assert TEMPLATE.count("raise NotImplementedError(") == len(TASKS) == len(SOLUTIONS) == 8
    assert "+=" not in TEMPLATE and "-=" not in TEMPLATE and "seen" not in TEMPLATE


@pytest.mark.parametrize("count", range(9))
def test_a_task_needs_nothing_of_a_later_one(checked, count):
    report = checked(solved(count))
    assert report.states.count("done") == count and report.passed == (count == 8)
    if count < 8:
        assert report.task == count + 1 and report.found.key == "open"
        assert f"Task {count + 1}: " in report.text() and f'NotImplementedError("task {count + 1}' in report.text()


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_engine_passes_in_any_style(checked, name):
    report = checked(RIGHT[name])
    assert report.passed, report
    assert report.task is None and "open" not in report.states and not report.mistakes


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_engine_is_found_and_its_mistake_named(checked, name):
    text, task, mistakes = WRONG[name]
    report = checked(text)
    assert not report.passed and report.task == task, report
    if mistakes is not None:
        assert list(report.mistakes) == mistakes, report
    for mistake in report.mistakes:
        assert f"{mistake}: " in report.text()


TANH = """
    def tanh(self):
        t = math.tanh(self.data)
        out = Value(t, (self,), "tanh")

        def _backward():
            self.grad += (1 - t * t) * out.grad

        out._backward = _backward
        return out
"""


def test_literally_micrograd_is_right_but_for_the_second_pass(checked, monkeypatch):
    monkeypatch.setattr(tasks, "GRAPHS", 200)  # its numbers and ours are the same in all of them
    engine = pytest.importorskip("micrograd.engine")
    report = checked("import math\n" + inspect.getsource(engine) + TANH)
    assert report.found.key == "second" and report.mistakes == ("stale-interior",)
    assert "One pass is right." in report.text() and "micrograd does the same" in report.text()


# What is shown


def test_a_failing_graph_is_shrunk_to_the_smallest(checked):
    text = changed("node.grad * slope", "node.grad * slope * (1.5 if node.data > 3.0 and slope < -1.0 else 1.0)")
    report = checked(text)
    assert report.found.key == "grad" and len(report.found.case.rows) <= 3
    assert max(len(case.rows) for case in ladder.random_cases(200, [], [])) > 20
    report = checked(solved(task_6=RECURSIVE))
    assert [row[0] for row in report.found.case.rows] in (["", "add", "add"], ["", "mul", "mul"])


def test_where_two_mistakes_give_the_numbers_both_are_named(monkeypatch):
    monkeypatch.setattr("autograd_lite.classroom.own_engine.diagnosis.SHARED", ())  # what tells these apart
    monkeypatch.setattr("autograd_lite.classroom.own_engine.diagnosis.TINY", ())
    report = check_engine(in_cell(CLOSURES.replace("grad += ", "grad = ")))
    assert {"overwrite", "first-only"} <= set(report.mistakes)
    text = report.text()
    assert "Several known mistakes give these numbers:" in text and "- overwrite: 1 is" in text and "- first-only: 1 is" in text


def test_every_node_is_shown_and_the_first_wrong_one_is_marked(checked):
    table = checked(WRONG["swapped factors"][0]).table()
    assert table == [
        ["", "", "data", "grad, yours", "right"],
        [" ", "a = Value(2.0)", "2", "2", "-1.5"],
        [">", "b = Value(-1.5)", "-1.5", "-1.5", "2"],
        [" ", "c = a * b", "-3", "1", "1"],
    ]
    table = checked(WRONG["mul as add"][0]).table()
    assert table[0] == ["", "", "data, yours", "right"] and table[3] == [">", "c = a * b", "0.5", "-3"]


def test_the_page_has_both_graphs_side_by_side(checked, tmp_path):
    report = checked(changed("parent.grad += node.grad * slope", "parent.grad = node.grad * slope"))
    page = report.save(tmp_path / "graph.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 2 and "<figcaption>yours</figcaption>" in page and "@@" not in page
    for title, svg in report.pictures():
        grads = [text.text for text in ElementTree.fromstring(svg).iter() if "grad" in text.get("class", "").split()]
        assert "grad 1" in grads[0] if title == "yours" else "grad 2" in grads[0], grads
    assert set(report._repr_mimebundle_()) == {"text/plain", "text/html"}
    assert set(checked(solved())._repr_mimebundle_()) == {"text/plain"}


def test_what_an_engine_says_of_itself_is_text_in_the_page(checked):
    report = checked(changed("self.data * other.data,", "'<script>alert(1)</script>',").replace("float(data)", "data"))
    assert report.found.key == "number" and report.has_graph
    assert "<script>" not in report.html() and "&lt;script&gt;" in report.html()
    assert "<script>" not in report._repr_mimebundle_()["text/html"]


def test_a_file_named_like_a_place_of_the_template_is_named_in_the_page(tmp_path):
    path = tmp_path / "@@body@@.py"
    path.write_text(solved())
    assert "<title>@@body@@.py: " in check_engine(path).html()


@pytest.mark.parametrize("apart", [True, False])
@pytest.mark.parametrize("code", [r"raise ValueError('\ud800')", r"print('\udfff'); raise ValueError"])
def test_half_a_character_can_be_printed_and_saved(checked, monkeypatch, code, apart):
    monkeypatch.setattr("autograd_lite.classroom.own_engine.checking.has_processes", lambda: apart)
    report = checked(in_add(code))
    assert "ValueError" in report.text() and (report.text() + report.html()).encode()


@pytest.mark.parametrize("language", [language for language in LANGUAGES if language != "en"])
def test_all_is_said_in_the_language(checked, language):
    for text in (solved(3), WRONG["overwrite"][0], WRONG["the order reversed"][0], "x = (", solved()):
        report = checked(text, language=language)
        assert re.search("[\u4e00-\u9fff]", report.text()) and "yours" not in report.text()
        assert re.search("[\u4e00-\u9fff]", report.hint(1))
        assert f'lang="{language}"' in report.html()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_task_has_hints_none_of_which_is_its_solution(language):
    for count in range(8):
        states = ["done"] * count + ["open"] * (8 - count)
        report = Report("engine.py", states, Finding("open", {}), {}, "", [], 0, language)
        hints = [report.hint(number) for number in range(1, HINTS + 2)]
        assert len(set(hints)) == HINTS and hints[-1] == hints[-2]
        for line in SOLUTIONS[count + 1].split("\n"):
            assert not line.strip() or all(line.strip() not in hint for hint in hints)


# A class or a module of a notebook, and the browser


@pytest.mark.parametrize("text", [CLOSURES, TUPLES])
def test_a_class_is_checked_without_the_functions_of_the_template(text):
    report = check_engine(in_cell(text))
    assert report.passed and report.states.count("absent") == 3 and "not checked: the order, zero_grad, a step" in report.text()


def test_a_module_is_checked_with_them():
    module = types.ModuleType("mine")
    exec(compile(solved(), "<cell>", "exec"), vars(module))
    report = check_engine(module)
    assert report.passed and set(report.states) == {"done"}


def test_a_class_with_a_mistake_is_diagnosed_in_a_notebook():
    report = check_engine(in_cell(CLOSURES.replace("grad += ", "grad = ")))
    assert report.mistakes == ("overwrite",) and "text/html" in report._repr_mimebundle_()


@pytest.mark.parametrize("engine", [3, None, Value(1.0)])
def test_what_is_no_engine_is_refused(engine):
    with pytest.raises(TypeError, match="an engine is a class like Value, a module or the path of a file"):
        check_engine(engine)


# What an engine may do


def in_add(code):
    return changed("        return Value(self.data + other.data", f"        {code}\n        return Value(self.data + other.data")


BAD = {
    "a loop": (in_add("while True: pass"), "does not come to an end: it was stopped after two million steps of Python"),
    "exit": (in_add("import sys; sys.exit(0)"), "c = a + b ends the whole program"),
    "the end of the process": (in_add("import os; os._exit(0)"), "c = a + b ends the whole program"),
    "interrupt": (in_add("raise KeyboardInterrupt"), "c = a + b raises KeyboardInterrupt."),
    "input": (in_add("input('? ')"), "c = a + b raises EOFError"),
    "an error without words": (
        in_add("class E(BaseException):\n            def __str__(self): raise ValueError\n        raise E"),
        "c = a + b raises E.",
    ),
    "an error of 10 MB": (in_add("raise ValueError('x' * 10**7)"), "raises ValueError: xxx"),
    "memory": (in_add("x = [0] * 10**12"), "c = a + b wants more memory than there is"),
    "recursion": (in_add("return self + other"), "c = a + b calls itself, and that calls itself again"),
    "nothing returned": (
        changed("        return Value(t,", "        Value(t,"),
        "b = a.tanh() gives None. Does it end with return?",
    ),
    "no Value": (
        changed("        return Value(t, (self,), (1 - t * t,))", "        return t"),
        "b = a.tanh() is to give a Value; it gives float",
    ),
    "complex": (
        changed("Value(t,", "Value(t + 0j,").replace("float(data)", "data"),
        "b.data is to be a number, a float; it is complex",
    ),
    "text": (solved().replace("float(data)", "str(data)"), "a.data is to be a number, a float; it is str '2.0'"),
    "not a number": (changed("Value(t,", "Value(math.nan,"), "a.tanh() is 0.462117; yours gives nan"),
    "syntax": (
        changed("t = math.tanh(self.data)", "t = math.tanh(self.data"),
        "Python cannot read line 50: '(' was never closed",
    ),
    "no text": (solved() + "\0", "Python cannot read engine.py: source code string cannot contain null bytes"),
    "a name too few": (changed("math.tanh(self.data)", "math.tan(self.dta)"), "has no attribute 'dta'"),
    "no class": ("", "There is no class Value in engine.py."),
    "exit when loaded": ("import os\nos._exit(0)", "import engine ends the whole program"),
    "no order": (
        changed("    visit(output)\n    return order", "    visit(output)"),
        "is to return a list of nodes; it returns None",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_an_engine_does_is_said_in_a_sentence(checked, name):
    text, sentence = BAD[name]
    report = checked(text)
    assert not report.passed and sentence in " ".join(report.text().split()), report


@pytest.mark.parametrize("name", ["a loop", "exit", "the end of the process", "memory", "recursion", "no Value", "syntax"])
def test_where_there_are_no_processes_it_is_said_too(checked, name, monkeypatch):
    monkeypatch.setattr("autograd_lite.classroom.own_engine.checking.has_processes", lambda: False)
    text, sentence = BAD[name]
    report = checked(text)
    assert not report.passed and sentence.partition(": 1024")[0] in " ".join(report.text().split()), report


def test_what_is_printed_is_kept_and_bounded(checked):
    report = checked(in_add("print('sum', self.data)\n        for _ in range(50): print('x' * 1000)"))
    assert report.passed and report.printed.startswith("sum 2.0\n") and len(report.printed) <= 2000
    assert "  | sum 2.0\n" in report.text() and all(len(line) < 80 for line in report.text().splitlines())


def test_names_of_python_are_put_back(checked, monkeypatch):
    text = "import builtins, math\nbuiltins.float = lambda x: 7.0\nmath.tanh = lambda x: 0.0\n"
    report = checked(text + solved())
    assert report.passed and report.changed == ("float", "tanh") and "another meaning: float, tanh" in report.text()
    monkeypatch.setattr("autograd_lite.classroom.own_engine.checking.has_processes", lambda: False)
    before = Value.__add__, float
    report = checked(text + "import autograd_lite\nautograd_lite.Value.__add__ = None\n" + solved())
    assert report.passed and (Value.__add__, float) == before


@pytest.mark.parametrize("name", ["json.dumps", "json.loads", "operator.add", "random.Random", "io.StringIO", "inspect.stack"])
def test_a_module_that_a_check_needs_is_put_back(checked, monkeypatch, name):
    monkeypatch.setattr("autograd_lite.classroom.own_engine.checking.has_processes", lambda: False)
    module, _, function = name.partition(".")
    monkeypatch.setattr(name, vars(import_module(module))[function])  # whatever becomes of it here
    report = checked(f"import {module}\n{name} = None\n" + solved())
    assert report.passed and report.changed == (function,)


def test_streams_that_are_closed_do_no_harm(checked):
    assert checked("import sys, os\nsys.stdout.close()\nsys.stderr.close()\nos.close(1)\nos.close(2)\n" + solved()).passed


@pytest.mark.parametrize("code", ["import time; time.sleep(60)", "import os; os.kill(os.getpid(), 9)", "sum(iter(int, 1))"])
def test_what_python_cannot_stop_is_ended_from_outside(checked, code):
    bound, words = {"seconds": 0.5}, "it was stopped after 0.5 seconds"
    if "kill" in code:
        bound, words = {}, "c = a + b brings Python itself down (SIGKILL)"
    report = checked(in_add(code), **bound)
    assert not report.passed and words in " ".join(report.text().split())


AWAY = """
import os, time
if os.fork() == 0:
    os.setsid()
    for _ in range(600):
        time.sleep(0 if os.path.exists("go") else 0.1)
    open("end", "w").close()
    os._exit(0)
"""


def test_a_process_that_gets_away_is_not_waited_for(checked, tmp_path):
    assert checked(AWAY + solved()).passed and not (tmp_path / "end").exists()
    (tmp_path / "go").touch()
    until((tmp_path / "end").exists)


def test_an_engine_that_is_slow_each_time_is_ended_too(checked, monkeypatch):
    monkeypatch.setattr(checking, "ALL_SECONDS", 0.5)
    report = checked(in_add("import time; time.sleep(0.05)"))
    assert report.found.key == "time" and "stopped after 0.5 seconds" in " ".join(report.text().split())


def test_nothing_is_left_of_a_process(checked):
    runner = running.Apart("/dev/null")
    runner.ask("load")
    process = runner._process
    runner.close()
    assert process.poll() is not None and runner._process is None


def test_numbers_that_print_alike_are_shown_with_all_digits():
    assert _pair(1.0, 1.00000008) == ("1.0", "1.00000008") and _pair(1.0, 1.5) == ("1", "1.5")
