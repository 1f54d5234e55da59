"""Steps against `backward()`, which was not written with them; their text, page and terminal as far as no browser is needed."""

import gc
import html
import io
import json
import math
import os
import random
import re
import shutil
import sys
import weakref
import xml.etree.ElementTree as ET
import zipfile

import pytest
from terminals import Terminal

from autograd_lite import Value, dot, linear, logsumexp, sqrt, steps, tanh, topological_order
from autograd_lite.derivation.markup import MARKUPS
from autograd_lite.stepping import terminal
from autograd_lite.stepping.listing import listing
from autograd_lite.stepping.steps import Steps
from nn.worked_example import WorkedExample

HOSTILE = [
    "</script><script>alert(1)</script>",
    "<!--",
    "a\"b'c",
    "{|}",
    "隱藏層",
    "🙂",
    "\u2028",
    "\x1b[31m",
    "x" * 10_000,
    "\ud800",
    "@@data@@",
]


def random_graph(seed, size=60, start=None):
    """A graph of reused nodes, parallel edges, families and plain numbers; start: other numbers for its leaves, by label."""
    rng = random.Random(seed)
    nodes = [Value(rng.uniform(-1, 1), f"x{k}") for k in range(4)]
    for leaf in nodes if start else ():
        leaf.data = start[leaf.label]
    for _ in range(size):
        a, b, c = rng.choices(nodes[-12:], k=3)
        made = [
            lambda a, b, c: a + a,
            lambda a, b, c: tanh(a) * b,
            lambda a, b, c: linear([a, b], [c, 0.5], a),
            lambda a, b, c: logsumexp([a, b, a]),
            lambda a, b, c: dot([a, b], [b, c]) * 0.25,
            lambda a, b, c: (a - 2.0) / (b * b + 1.0),
        ]
        nodes.append(rng.choice(made)(a, b, c))
    return nodes[-1]


def same(x, y):
    return (math.copysign(1, x) == math.copysign(1, y) and x == y) or (x != x and y != y)


def written(found):
    return {step.node: step.result for step in found if step.completes}


@pytest.mark.parametrize("seed", range(20))
def test_grads_are_those_of_backward_to_the_last_bit(seed):
    output = random_graph(seed)
    found = steps(output)
    output.backward()
    variables = [node for node in topological_order(output) if node.op != "const"]
    grads = written(found)
    assert set(grads) == set(variables) == set(found.adjoint)
    assert all(same(grads[node], node.grad) and same(found.adjoint[node], node.grad) for node in variables)


@pytest.mark.parametrize("seed", range(5))
def test_every_number_of_a_step_is_the_engines(seed):
    output = random_graph(seed)
    output.backward()
    total = {}
    for step in steps(output):
        if step.kind in ("given", "value"):
            assert step.result == step.node.data
        elif step.kind == "edge":
            upstream, local = step.terms
            assert step.by.parents[step.operand] is step.node
            assert (upstream, local) == (step.by.grad, step.by.local_derivatives[step.operand])
            assert step.result == upstream * local
            assert step.is_first is (step.node not in total)
            if step.is_first:
                total[step.node] = step.result
        elif step.kind == "sum":
            assert step.terms[0] == total[step.node] and step.result == sum(step.terms)
            total[step.node] = step.result
        elif step.kind == "grad":
            assert step.result == step.node.grad == 0.0 and step.node not in total


@pytest.mark.parametrize("seed", range(5))
def test_order_of_contributions_is_that_of_the_engine(seed):
    output = random_graph(seed)
    found = steps(output)
    order = topological_order(output)
    assert [step.number for step in found] == list(range(1, len(found) + 1))
    nodes = [step.node for step in found[: found.forward]]
    assert {*nodes} == {node for node in order if node.op != "const"} and len(nodes) == len({*nodes})
    for node in nodes:
        assert all(nodes.index(parent) < nodes.index(node) for parent in node.parents if parent.op != "const")
        edges = [(step.by, step.operand) for step in found if step.kind == "edge" and step.node is node]
        assert edges == [(n, i) for n in reversed(order) for i, p in enumerate(n.parents) if p is node]


def test_given_values_come_first_inputs_then_parameters_layer_by_layer():
    found = steps(WorkedExample()())
    given = [step for step in found if step.kind == "given"]
    assert found[: len(given)] == given
    assert " ".join(step.node.label for step in given) == "i1 i2 w1 w2 b1 w3 w4 w5 w6 b2 w7 w8 t1 t2"
    computed = [step.node.label for step in found if step.kind == "value"]
    assert computed[:8] == [f"{kind}_{unit}{j}" for unit in "ho" for kind in ("net", "out") for j in (1, 2)]
    assert not any(step.node.op == "const" for step in found)


def test_no_step_only_repeats(example):
    written_by = {}
    for step in example:
        if step.completes:
            written_by.setdefault(step.node, []).append(step.kind)
    assert written_by.pop(example.output) == ["start"]
    for node, kinds in written_by.items():
        uses = sum(n.parents.count(node) for n in example.nodes)
        assert kinds == (["edge"] if uses == 1 else ["sum"])
    assert "only" not in str(example)


def test_a_reused_node_is_added_up_in_a_step_of_its_own():
    a = Value(3.0, "a")
    assert [(step.kind, step.terms, step.result) for step in steps(a + a)[2:]] == [
        ("start", (), 1.0),
        ("edge", (1.0, 1.0), 1.0),
        ("edge", (1.0, 1.0), 1.0),
        ("sum", (1.0, 1.0), 2.0),
    ]


def test_steps_leave_the_graph_as_it_is():
    output = random_graph(1)
    nodes = topological_order(output)
    nodes[0].grad = 7.0
    before = [(n.data, n.grad, n.label, n.op, n.parents) for n in nodes]
    found = steps(output)
    str(found), found.html(), found._repr_mimebundle_()
    assert [(n.data, n.grad, n.label, n.op, n.parents) for n in nodes] == before


def test_grads_there_already_are_said():
    x = Value(2.0, "x")
    y = x * x
    assert steps(y).notes == []
    y.backward()
    found = steps(y)
    assert "from grads of 0. x has a grad already: a further backward() adds to it" in str(found)
    assert found[-1].result == 4.0


def test_changed_data_is_said_and_the_recorded_derivatives_are_used():
    x, w = Value(2.0, "x"), Value(3.0, "w")
    y = x * w
    y.label = "y"
    x.data = 7.0
    found = steps(y)
    y.backward()
    assert [found.adjoint[node] for node in (x, w)] == [x.grad, w.grad] == [3.0, 2.0]
    assert "changed since the forward pass that computed y" in found.notes[0]
    assert found[2].formula == "y = 6" and "7 * 3" not in str(found)


def test_infinite_and_nan_numbers():
    x = Value(0.0, "x")
    output = sqrt(x) * 0.0 + Value(float("nan"), "n") * x + Value(float("inf"), "i")
    found = steps(output)
    output.backward()
    assert all(same(found.adjoint[n], n.grad) for n in found.adjoint)
    assert "nan" in str(found) and "inf" in str(found)
    assert found.html() and "text/html" in found._repr_mimebundle_()


def test_a_leaf_alone():
    found = steps(Value(3.0, "a"))
    assert [step.kind for step in found] == ["given", "start"] and found[-1].result == 1.0


def test_what_is_no_value_is_refused():
    with pytest.raises(TypeError, match="float"):
        steps(3.0)


# The worked example


@pytest.fixture(scope="module")
def example():
    return steps(WorkedExample()())


def test_the_articles_product_for_w5(example):
    edge = next(step for step in example.find("w5") if step.kind == "edge")
    assert edge.formula.splitlines() == [
        "∂net_o1/∂w5 = out_h1 = 0.593269992",
        "∂E_total/∂w5 = ∂E_total/∂net_o1 * ∂net_o1/∂w5 = 0.138498562 * 0.593269992 = 0.082167041",
    ]


def test_find_gives_the_steps_of_a_node(example):
    found = example.find("out_h1")
    assert [step.kind for step in found] == ["value", "edge", "edge", "sum", "edge"]
    assert found[3].formula.splitlines() == [
        "(-0.019049118) + 0.055399425 = 0.036350306",
        "∂E_total/∂out_h1 = ∂E_total/∂net_o2 * ∂net_o2/∂out_h1 + ∂E_total/∂net_o1 * ∂net_o1/∂out_h1"
        " = (-0.038098237) * 0.5 + 0.138498562 * 0.4 = 0.036350306",
    ]
    with pytest.raises(KeyError, match="no node has the label 'w9'; there are: t1, w5"):
        example.find("w9")


def test_it_is_a_sequence(example):
    assert len(example) == len(list(example)) == example[-1].number
    assert example[2:4] == [example[2], example[3]] and example[-1] == list(example)[-1]
    with pytest.raises(IndexError):
        example[len(example)]


def test_every_formula_comes_out(example):
    """What stands between the last two equals signs is the number after them."""
    compared = 0
    names = {"sigmoid": lambda x: 1 / (1 + math.exp(-x)), "__builtins__": {}}
    for step in example:
        for line in step.formula.splitlines():
            *_, numbers, result = ["", "", *line.split(" = ")]
            if re.search(r"[a-z_∂]\w*\d", numbers.replace("sigmoid", "")) or not numbers or "∂" in numbers:
                continue
            try:
                value = eval(numbers, names)
            except NameError:
                continue
            assert value == pytest.approx(float(result), abs=2e-9), line
            compared += 1
    assert compared > 60


def test_text_has_a_line_of_words_for_each_step(example):
    lines = str(example).splitlines()
    assert lines[0] == "The forward pass" and "The backward pass" in lines
    assert [int(line.split()[0]) for line in lines if re.match(r" *\d+  \S", line)] == [step.number for step in example]


def test_long_traces_are_clipped_in_a_notebook():
    x = Value(0.5, "x")
    y = x
    for _ in range(300):
        y = tanh(y) + x
    text = steps(y)._repr_mimebundle_()["text/plain"].splitlines()
    assert len(text) == 401 and re.match(r"\.\.\. \d+ steps in all: print", text[-1])


# Size


def test_a_deep_and_large_graph():
    x = y = Value(0.5, "x")
    for _ in range(40_000):
        y = tanh(y) + 0.1
    found = steps(y)
    y.backward()
    assert written(found)[x] == x.grad and len(found[-3:]) == 3
    bundle = found._repr_mimebundle_()
    assert "too many for a notebook" in bundle["text/html"] and len(bundle["text/html"]) < 200_000
    with pytest.raises(ValueError, match="a page holds 30,000 steps"):
        found.html()


def test_a_dropped_graph_is_freed_at_once():
    class Marked(Value):
        __slots__ = ("__weakref__",)

    x = Marked(2.0, "x")
    gone = weakref.ref(x)
    found = steps(tanh(x) * x)
    str(found), found[0].words
    gc.disable()
    try:
        del x, found
        assert gone() is None
    finally:
        gc.enable()


# The page


def data_of(page):
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)[1])


@pytest.mark.parametrize("label", HOSTILE, ids=range(len(HOSTILE)))
def test_a_label_is_text_everywhere(label):
    a = Value(2.0, label)
    y = a * a + 1
    y.label = label
    found = steps(y)
    page = found.html()
    assert page.count("<script") == page.count("</script>") == 2 and "alert(1)</script><" not in page
    assert len(data_of(page)["steps"]) == len(found)
    data = re.search('id="data">(.*?)</script>', page, re.DOTALL)[1]
    assert data.isascii() and not set(data) & set("<>&")
    bundle = found._repr_mimebundle_()
    for text in (bundle["text/plain"], str(found), page, bundle["text/html"]):
        text.encode()
        assert "\x1b" not in text
    assert max(map(len, str(found).splitlines())) <= 1100


def test_page_needs_nothing_else(example):
    page = example.html()
    assert not re.search(r'(?:src|href)\s*=\s*"(?!data:)', page) and "@import" not in page and "url(" not in page
    assert not re.search(r"\son[a-z]+\s*=", re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL))
    assert "default-src 'none'" in page and "@@" not in page
    assert "<title>Step by step: the grads of E_total</title>" in page


def test_page_holds_the_numbers_of_the_forward_pass_to_the_last_bit(example):
    data = data_of(example.html())
    for node, shown in zip(example.nodes, data["nodes"]):
        assert shown["data"] == node.data and tuple(shown.get("local", ())) == node.local_derivatives
        assert [example.nodes[k] for k in shown.get("parents", ())] == list(node.parents)
    assert len(data["steps"]) == len(example) and data["forward"] == example.forward


def quantity(found, data, kind, k, level, operand=0, digits=9):
    """A number of the page's data, as its script writes it."""
    record = found[k] if data["kinds"][kind] in ("result", "before") else None
    number = {
        "data": lambda: found.nodes[k].data,
        "local": lambda: found.nodes[k].local_derivatives[operand],
        "adjoint": lambda: found.adjoint[found.nodes[k]],
        "result": lambda: record.result,
        "before": lambda: record.terms[0],
    }[data["kinds"][kind]]()
    return found.notation._figure(number, MARKUPS["mathml"], digits, level)


def filled(data, text, name, found=None):
    """A text of the page's data, as its script writes it."""
    pattern, *holes = text
    first, *pieces = data["patterns"][pattern].split("\0")
    assert len(pieces) == len(holes)
    fixed = [data["numbers"][-1 - hole] if hole < 0 else name(data["nodes"][hole]) for hole in holes]
    parts = [part if isinstance(part, str) else quantity(found, data, *part) for part in fixed]
    return first + "".join(part + piece for part, piece in zip(parts, pieces))


@pytest.mark.parametrize("label", ["", "x_1", "3", "alpha_12[0,1]", *HOSTILE])
def test_page_holds_the_words_and_formulas_of_the_steps(label):
    output = random_graph(len(label)) * 1234.5 + Value(1e-20)
    output.label = topological_order(output)[-4].label = label
    found = steps(output)
    data = data_of(found.html())
    for step, shown in zip(found, data["steps"]):
        assert filled(data, shown["words"], lambda node: node["name"]) == step.words
        formulas = [filled(data, text, lambda node: filled(data, node["symbol"], None), found) for text in shown["formulas"]]
        sides = [[side.split("\3") for side in formula.split("\4")] for formula in formulas]
        assert sides == found.sides(step, "mathml")


def test_a_page_of_2000_nodes_is_small():
    w, b, y = Value(0.7, "w"), Value(0.1, "b"), Value(0.5, "x")
    for _ in range(665):
        y = tanh(w * y + b)
    found = steps(y)
    page = found.html()
    assert len(found.nodes) == 1998 and page.count('class="node operation"') == 1995
    assert len(page.encode()) < 3_500_000


def test_jupyter_gets_a_frame_and_a_fallback(example):
    bundle = example._repr_mimebundle_()
    shown = bundle["text/html"]
    assert len(shown) < 500_000
    frame = re.search(r'<iframe title="Step by step: the grads of E_total" sandbox="allow-scripts" [^>]*srcdoc="([^"]*)"', shown)
    assert html.unescape(frame[1]) == example.html()
    fallback = shown[shown.index("<details>") :]
    assert len(re.findall(r'<img [^>]*alt="After the \w+ pass: [^"]+" src="data:image/svg\+xml;base64,', fallback)) == 2
    assert "E_total" in fallback and "<pre>The forward pass" in fallback and "<script" not in fallback
    assert bundle["text/plain"] == str(example)


def test_jupyter_never_gets_an_exception(monkeypatch):
    monkeypatch.setattr(Steps, "html", None)
    monkeypatch.setattr("autograd_lite.stepping.page.document", lambda steps: 1 / 0)
    assert steps(Value(1.0))._repr_mimebundle_() == {"text/plain": "no steps: ZeroDivisionError: division by zero"}


def test_too_many_nodes_for_a_picture_still_make_a_page():
    xs = [Value(0.1 * k, f"x{k}") for k in range(2_100)]
    page = steps(dot(xs, xs)).html()
    assert "No picture: 2,101 nodes are too many" in page and not data_of(page)["nodes"][0]["element"]


# Files


def test_save_writes_whole_files(tmp_path, example, monkeypatch):
    path = example.save(tmp_path / "lesson.html")
    assert path.read_text(encoding="utf-8") == example.html()
    assert example.save(tmp_path / "lesson.txt").read_text(encoding="utf-8") == str(example) + "\n"
    monkeypatch.setattr(os, "replace", lambda *args: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        steps(Value(1.0)).save(path)
    assert path.read_text(encoding="utf-8") == example.html()
    assert sorted(os.listdir(tmp_path)) == ["lesson.html", "lesson.txt"]


def test_another_ending_is_refused(tmp_path, example):
    with pytest.raises(ValueError, match=r"saved as \.html, a page, or \.txt, the trace as text, or \.zip, .* not as 'x\.pdf'"):
        example.save(tmp_path / "x.pdf")
    assert not os.listdir(tmp_path)


def test_a_picture_for_each_step(tmp_path, example):
    with zipfile.ZipFile(example.save(tmp_path / "steps.zip")) as file:
        assert file.namelist() == [f"step_{k:03}.svg" for k in range(1, len(example) + 1)]
        texts = [" ".join("".join(t.itertext()) for t in ET.fromstring(file.read(name)).iter()) for name in file.namelist()]
        last = file.read(file.namelist()[-1]).decode()
    for step, text in zip(example, texts):
        assert f"Step {step.number} of {len(example)}. " in text and " ".join(step.words.split()[:3]) in text
    at = example.find("out_o1")[0].number
    assert "0.751365" not in texts[at - 2] and "data 0.751365" in texts[at - 1] and "0.0821670" not in texts[at]
    assert "grad 0.0821670" in texts[-1].replace("0.082167", "0.0821670") and last.count(" active") >= 1


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz's program dot is not installed")
def test_a_film(tmp_path):
    image = pytest.importorskip("PIL.Image")
    x = Value(2.0, "x")
    found = steps(x * x)
    with image.open(found.save(tmp_path / "steps.gif")) as film:
        assert film.n_frames == len(found) and film.size[0] % 16 == film.size[1] % 16 == 0


def test_slides_can_be_edited(tmp_path, example):
    pptx = pytest.importorskip("pptx")
    slides = pptx.Presentation(str(example.save(tmp_path / "steps.pptx"))).slides
    assert [slide.shapes.title.text for slide in slides] == [step.words for step in example]
    texts = {shape.text_frame.text for shape in slides[-1].shapes if shape.has_text_frame}
    assert "w5\ndata 0.4\ngrad 0.082167" in texts


@pytest.mark.parametrize("ending, module, package", [("gif", "PIL", "Pillow"), ("pptx", "pptx", "python-pptx")])
def test_what_is_missing_is_named(ending, module, package, tmp_path, monkeypatch, example):
    for name in [name for name in sys.modules if name.split(".")[0] == module]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=f"steps as .{ending} need the package {package}: pip install"):
        example.save(tmp_path / f"x.{ending}")
    assert not os.listdir(tmp_path)


def test_too_many_steps_are_no_pictures(tmp_path):
    y = Value(0.5, "x")
    for _ in range(200):
        y = tanh(y)
    with pytest.raises(ValueError, match=r"402 steps are too many for pictures, more than 300"):
        steps(y).save(tmp_path / "x.zip")


# The terminal


def test_without_a_terminal_the_steps_are_listed(example, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    example.terminal()
    assert capsys.readouterr().out == str(example) + "\n"


@pytest.mark.parametrize("columns, rows", [(80, 24), (120, 40), (20, 6), (5, 2), (1, 1)])
@pytest.mark.parametrize("label", ["隱藏層" * 30, "\x1b[2J" + "x" * 300, "net"])
@pytest.mark.parametrize("encoding", ["utf-8", "cp437"])
def test_a_screen_fits_the_window(columns, rows, label, encoding):
    a = Value(2.0, label)
    found = steps(linear([a] * 20, [a] * 20, tanh(a)))
    for now in (0, 1, found.forward, len(found) - 1):
        screen = terminal.screen(found, now, columns, rows, encoding=encoding)
        assert "".join(screen).encode(encoding)
        assert len(screen) <= rows and max(map(terminal.width, screen)) <= max(columns, 2)
        assert "\x1b" not in "".join(screen)


def test_a_screen_shows_the_grads_so_far(example):
    at = next(step.number for step in example.find("out_h1") if step.kind == "sum") - 1
    lines = "\n".join(terminal.screen(example, at - 1, 80, 40))
    assert re.search(r"out_h1 +0\.593269992 +-0\.019049118 \+", lines)
    lines = "\n".join(terminal.screen(example, at, 80, 40))
    assert re.search(r"> out_h1 +0\.593269992 +0\.036350306$", lines, re.MULTILINE) and re.search(r"w1 +0\.15 +—", lines)
    lines = "\n".join(terminal.screen(example, len(example) - 1, 80, 40))
    assert re.search(r"w5 +0\.4 +0\.082167041$", lines, re.MULTILINE)


@pytest.mark.parametrize("leave", ["q", "\x03"], ids=["q", "Ctrl-C"])
def test_keys_in_a_terminal(leave):
    program = (
        "import termios\n"
        "from nn.worked_example import WorkedExample\nfrom autograd_lite import steps\n"
        "before = termios.tcgetattr(0)\n"
        "steps(WorkedExample()()).terminal()\n"
        "print('restored' if termios.tcgetattr(0) == before else 'changed')\n"
    )
    with Terminal("-c", program) as window:
        window.until("step 1 of 70, forward")
        for keys, expected in [
            ("n", "step 2 of 70"),
            ("\x1b[C", "step 3 of 70"),
            ("p", "step 2 of 70"),
            ("\x1b[D", "step 1 of 70"),
            ("\x1b[F", "step 70 of 70, backward"),
            ("\x1b[H", "step 1 of 70"),
            ("g", "go to step"),
            ("67\r", "step 67 of 70"),
            ("b", "step 30 of 70, backward"),
        ]:
            window.type(keys)
            window.until(expected)
        window.type(leave)
        window.until("restored")


def test_nothing_is_passed_back_to_a_side_that_was_not_taken():
    from autograd_lite import where

    x, z = Value(2.0, "x"), Value(0.0, "z")
    root = sqrt(z)
    root.label = "root"
    y = where(x > 1, x, root)
    found = steps(y)
    y.backward()
    assert [found.adjoint[node] for node in (x, z, root)] == [x.grad, z.grad, root.grad] == [1.0, 0.0, 0.0]
    assert [(step.kind, step.words) for step in found.find("root")[1:]] == [
        ("grad", "Nothing is passed back to root: its grad is 0.")
    ]


def test_a_notebook_that_was_not_run_shows_a_picture(example):
    html_shown = example._repr_mimebundle_()["text/html"]
    taken_away = re.sub("<iframe.*?</iframe>|<style>.*?</style>", "", html_shown, flags=re.DOTALL)
    before_details = taken_away[: taken_away.index("<details>")]
    assert before_details.count("<img ") == 1 and "data:image/svg+xml;base64," in before_details
    assert "<style>.autograd-lite-not-run { display: none !important }</style>" in html_shown


def test_a_wide_window_has_several_columns_and_the_present_node_marked(example):
    wide = terminal.screen(example, 50, 140, 26)
    assert sum(line.count("value") for line in wide) == 2 and sum(line.count("> ") for line in wide) == 1
    shown = "\n".join(wide)
    assert all(label in shown for label in ("i1", "w8", "net_h1", "out_o1"))


def test_colours_are_by_sign_and_no_color_is_respected(example, monkeypatch):
    lines = terminal.screen(example, 50, 100, 40)
    painted = [terminal.coloured(line) for line in lines]
    assert [re.sub("\x1b\\[[0-9;]*m", "", line) for line in painted] == lines
    row = next(line for line in painted if "net_o2" in line and "-0.038098237" in line and "back" not in line)
    assert "\x1b[33m1.224921404\x1b[39m" in row and "\x1b[34m-0.038098237\x1b[39m" in row
    assert [line for line in painted if re.search("\x1b\\[1;7m> out_h1.*0.036350306.*\x1b\\[0m", line)] and painted[0] == lines[0]
    assert any("\x1b[33m0.3775\x1b[39m" in line and "—" in line for line in painted)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert terminal.has_colours()
    monkeypatch.setenv("NO_COLOR", "1")
    assert not terminal.has_colours()


def test_the_line_of_a_step_is_found_by_what_it_computes_and_not_by_a_label():
    a, b = Value(2.0), Value(3.0)
    found = steps(tanh(a * b + a) * b)
    source, lines = listing(found)
    shown = [source.split("\n")[lines[k]].strip() if k in lines else "" for k in range(len(found))]
    assert shown[2:6] == [*["t = input1 * input2 + input1"] * 2, "t2 = tanh(t)", "output1 = t2 * input2"]
    last = {step.node: line for step, line in zip(found[found.forward :], shown[found.forward :])}
    assert last[a] == "dinput1 = t4 + t4 * input2" and last[b] == "dinput2 = t2 + t4 * input1"
