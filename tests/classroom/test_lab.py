"""The bug lab: engines that are read and run, each wrong by one mistake of the catalogue, and what finds them out."""

import contextlib
import math
import random

import pytest
from terminals import Terminal

from autograd_lite import (
    Value,
    check_gradients,
    exp,
    linear,
    maximum,
    min_,
    relu,
    sigmoid,
    softmax,
    sum_,
    tanh,
    topological_order,
    where,
)
from autograd_lite.__main__ import main
from autograd_lite.classroom import BUGS, bug, compare, kills
from autograd_lite.classroom.graphs import Graph
from autograd_lite.classroom.mistakes import MISTAKES
from autograd_lite.classroom.watched import Run
from autograd_lite.classroom.wrong import adjoints
from autograd_lite.parse import parse
from autograd_lite.sentences import LANGUAGES
from autograd_lite.sources import execute
from nn import GRUCell, LSTMCell, RNNCell, SequenceModel
from nn.losses import sequence_cross_entropy
from nn.one_head import OneHead
from nn.worked_example import WorkedExample


def recurrent(cell):
    return sequence_cross_entropy(SequenceModel(cell, 2, rng=2)([0, 1, 1]), [1, 0, 1])


def any_graph(seed):
    """A graph of a dozen operations, by chance."""
    rng = random.Random(seed)
    pool = [Value(rng.uniform(0.2, 1.5), f"x{k}") for k in range(4)]
    makers = [
        lambda x, y: x + y,
        lambda x, y: x - y,
        lambda x, y: x * y,
        lambda x, y: x / (y * y + 1),
        lambda x, y: tanh(y),
        lambda x, y: 0.5 * (x - y) ** 2 + 2 * y / 3,
        lambda x, y: x * y + (1 - x) * tanh(y),
        lambda x, y: exp(-y * y),
        lambda x, y: sigmoid(x),
        lambda x, y: relu(y),
        lambda x, y: -y,
        lambda x, y: (y * y + 1).reciprocal(),
        maximum,
        lambda x, y: min_([x, y, x * y]),
        lambda x, y: where(x > y, x, y * y),
        lambda x, y: linear([x, y], [y, pool[0]], pool[1]),
        lambda x, y: softmax([x, y, x * y])[1],
        lambda x, y: x**3 + y.square(),
    ]
    for _ in range(12):
        pool.append(rng.choice(makers)(rng.choice(pool), rng.choice(pool[-4:])))
    return sum_(pool[-3:])


GRAPHS = {
    "worked example": lambda: WorkedExample()(),
    "rnn": lambda: recurrent(RNNCell(2, 2, rng=3)),
    "gru": lambda: recurrent(GRUCell(2, 2, rng=1)),
    "attention": OneHead(),
    "lstm": lambda: recurrent(LSTMCell(2, 2, rng=1)),
    **{f"by chance {seed}": lambda seed=seed: any_graph(seed) for seed in range(25)},
}


def differing(graph, grads, others):
    """The nodes at which two passes differ."""
    nodes = [node for node in graph.nodes if not node.is_plain_number]
    return [node for node in nodes if not math.isclose(grads[node], others[node], rel_tol=1e-9, abs_tol=1e-12)]


@pytest.fixture(scope="module", params=GRAPHS)
def graph(request):
    return Graph(GRAPHS[request.param]())


def test_every_engine_is_right_before_a_bug_is_planted(graph):
    for engine in {one.planted.engine: one.mended for one in BUGS.values()}.values():
        right = Run(execute(engine, "<an engine>", {})["backward"], graph.output)
        assert right.problem is None and differing(graph, right.grads, graph.adjoint) == []


def test_a_bug_gives_the_numbers_of_its_mistake(graph):
    """Two ways to them: lines that run, and the hooks of the pass on the blackboard."""
    for name, one in BUGS.items():
        if name == "ascent":
            continue
        hooked = [adjoints(graph, wrong) for wrong in one.mistake.passes(graph)]
        run = Run(one.backward, graph.output)
        if run.problem is not None or not hooked:
            assert (name == "recursive" and graph.recursion is None) or differing(graph, run.grads, graph.adjoint) == [], name
        else:
            assert any(not differing(graph, run.grads, numbers) for numbers in hooked), name


def test_every_mistake_of_a_pass_back_is_in_the_lab():
    of_an_answer, of_an_update = {"answers-step"}, {"no-rate"}
    of_the_way_forward = {
        "softmax-axis",
        "mask-off-by-one",
        "value-for-key",
    }  # the way back of another graph, which is right there
    assert set(MISTAKES) - set(BUGS) == of_an_answer | of_an_update | of_the_way_forward


def test_ascent_is_the_update_uphill():
    example = WorkedExample()
    right, wrong = example(), example()
    right.backward()
    slopes = {label: p.grad for label, p in example.parameter.items()}
    for p in example.parameter.values():
        p.grad = 0.0
    bug("ascent").backward(wrong)
    (update,) = [wrong.update for wrong in MISTAKES["ascent"].passes(Graph(right))]
    for label, p in example.parameter.items():
        assert p.data - 0.5 * p.grad == pytest.approx(update(p.data, slopes[label], 0.5), rel=1e-15)


@pytest.mark.parametrize("one", BUGS.values(), ids=list(BUGS))
def test_a_source_can_be_read_and_does_not_name_the_mistake(one):
    assert 15 <= len(one.source.splitlines()) <= 25
    assert all(len(line) <= 120 for line in one.source.splitlines())
    assert one.name not in one.source and one.name not in repr(one) and "bug" not in one.source.lower()
    assert bug(one.number) is bug(str(one.number)) is bug(one.name) is one


def test_the_published_figure_of_updated_weights():
    def after_an_update(engine):
        example = WorkedExample()
        engine(example())
        for name in (f"w{k}" for k in range(1, 9)):
            example.parameter[name].data -= 0.5 * example.parameter[name].grad
        return f"{example().data:.9f}"

    assert after_an_update(Value.backward) == "0.291027774"
    assert after_an_update(bug("updated-weights").backward) == "0.291027924"


def test_a_bug_trains_as_an_engine_does():
    """The grads of leaves grow from pass to pass, those of all others are set."""
    x, w = Value(2.0, "x"), Value(3.0, "w")
    h = x * w
    y = h * h
    for times in (1, 2):
        bug("bias-zero").backward(y)
        assert (w.grad, h.grad, y.grad) == (times * 24.0, 12.0, 1.0)


def test_an_engine_that_would_not_end_is_stopped_and_changes_nothing():
    node = x = Value(1e-9, "x")
    for _ in range(60):
        node = node + node
    x.grad = 5.0
    with pytest.raises(RuntimeError, match="would not end"):
        bug("recursive").backward(node)
    assert x.grad == 5.0 and node.grad == 0.0


@pytest.mark.parametrize("name, said", [("overwite", "overwrite"), ("0", "1 to 44"), (45, "1 to 44"), ("", "by name overwrite")])
def test_a_bug_that_is_not_there(name, said):
    with pytest.raises(ValueError, match=said):
        bug(name)


# Hints, and what is wrong


@pytest.mark.parametrize("one", BUGS.values(), ids=list(BUGS))
def test_hints_come_one_by_one_and_the_mistake_is_named_last(one):
    for language in LANGUAGES:
        where, numbers, line = one.hints_in(language)
        assert one.planted.shown_by in numbers and str(one.lines[-1]) in line and len({where, numbers, line}) == 3
        assert all(one.name not in hint for hint in one.hints_in(language))
        assert one.reveal(language).startswith(f"{one.name}: ")
    assert one.hints == one.hints_in("en")
    wrong, right = one.source.splitlines(), one.mended.splitlines()
    told = [(line[4], line[5:]) for line in one.reveal().splitlines() if line.startswith(("    -", "    +"))]
    for sign, lines, others in (("-", wrong, right), ("+", right, wrong)):
        assert all(lines.count(line) > others.count(line) for found, line in told if found == sign)
    assert set(one.lines) <= set(range(1, len(wrong) + 1)) and told


# Which graphs show a bug

NODES = {
    **dict.fromkeys(["recursive", "updated-weights", "forward-order", "swap-factor", "no-upstream", "stale-interior"], 3),
    **dict.fromkeys(["one-time", "truncated", "half", "inner-point", "wrong-activation-index", "softmax-quadratic"], 3),
    **dict.fromkeys(["bias-once", "bias-zero", "bias-times-b", "error-sign", "gate-swap", "softmax-diagonal"], 4),
    **{"norm-constant": 6, "transposed": 7, "no-residual": 7, "no-scaling": 12},
}


@pytest.mark.parametrize("name", BUGS)
def test_the_smallest_known_graph_shows_the_bug(name):
    smallest = bug(name).smallest()
    assert kills(smallest, name) and kills(smallest, bug(name)) and kills(smallest, bug(name).number)
    assert len(topological_order(smallest)) == NODES.get(name, 2)
    assert not kills(smallest, None)


def small_graphs(most):
    """Every graph of at most so many nodes, of one leaf or two, and operations of one and two operands."""
    one = ["neg", "square", "exp", "reciprocal", "sigmoid", "tanh"]
    two = ["add", "sub", "mul", "div", "maximum"]

    def grown(texts, names, left):
        yield texts, names[-1]
        if left:
            name = f"n{len(names)}"
            for op in one:
                for x in names:
                    yield from grown([*texts, f"{name} = {op}({x})"], [*names, name], left - 1)
            for op in two:
                for x in names:
                    for y in names:
                        yield from grown([*texts, f"{name} = {op}({x}, {y})"], [*names, name], left - 1)

    for leaves in (["a"], ["a", "b"]):
        start = [f"{name} = {number}" for name, number in zip(leaves, (1.5, 0.7))]
        for texts, _ in grown(start, leaves, most - len(leaves)):
            if len(texts) > len(leaves):
                with contextlib.suppress(ArithmeticError):  # a - a, and then 1 over that
                    yield parse("; ".join(texts), {})


@pytest.mark.parametrize("name", [name for name in BUGS if NODES.get(name, 2) == 3 and "t1" not in BUGS[name].planted.shown_by])
def test_no_smaller_graph_shows_it(name):
    assert not any(kills(output, name) for output in small_graphs(2))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bias-once", "bias-zero", "bias-times-b", "error-sign"])
def test_no_graph_of_three_nodes_shows_it(name):
    assert not any(kills(output, name) for output in small_graphs(3))


def test_a_graph_without_what_the_bug_is_about_does_not_show_it():
    a, b = Value(2.0, "a"), Value(3.0, "b")
    assert {name for name in BUGS if kills(a + b, name)} == {"ascent", "add-chain", "zero-grad", "mean-or-sum"}
    assert not kills((a * b).exp(), "overwrite") and not kills(a * a, "swap-factor") and not kills(a + b, "no-future")
    assert kills(tanh(a), "slope-at-out") is not False and not kills(WorkedExample()(), "twice-operand")
    assert (a.grad, b.grad) == (0.0, 0.0)


# Two engines side by side


def test_the_first_difference_of_an_overwriting_engine_is_where_the_second_contribution_is_added():
    error = WorkedExample()()
    found = compare(None, "overwrite", error)
    assert found.node.label == "out_h2" and found.step.kind == "sum" and not found.agree
    assert found.right[found.node] == pytest.approx(0.0413703226487449, rel=1e-12)
    assert found.wrong[found.node] == pytest.approx(0.062324353, abs=5e-10)
    text = str(found)
    assert "step 53 of 70, in the grad of out_h2" in text and "should be 0.041370323, and is 0.062324353" in text
    assert "-0.038098237 * 0.55 = -0.020954030" in text and "0.138498562 * 0.45 = 0.062324353" in text
    assert "one after the other: -0.020954030, 0.062324353" in text and repr(found).startswith("<Comparison: The passes differ")
    assert {node.label for node in found.faults} == {"out_h1", "out_h2", "b1", "b2", "i1", "i2"}
    assert all(node.grad == 0.0 for node in topological_order(error))


@pytest.mark.parametrize(
    "name, label, kind",
    [
        ("updated-weights", "out_h2", "edge"),
        ("no-activation", "net_o2", "edge"),
        ("recursive", "net_h2", "edge"),
        ("first-only", "out_h2", "sum"),
        ("bias-zero", "b2", "sum"),
        ("error-sign", "out_o2", "edge"),
        ("ascent", "E_total", "start"),
    ],
)
def test_the_first_difference(name, label, kind):
    found = compare(None, name, WorkedExample()())
    assert (found.node.label, found.step.kind, found.step.node) == (label, kind, found.node)


def test_nodes_above_the_first_difference_agree(graph):
    """And of those that go wrong there, each is wrong by its own doing: no other way round."""
    for name in BUGS:
        found = compare(None, name, graph.output)
        if found.node is not None:
            above = [node for node, _ in graph.uses[found.node]]
            assert not set(above) & set(found.differing) and found.faults[0] is found.node


def test_engines_of_ones_own():
    def leaves_alone(output):
        right = {node: Graph(output).adjoint[node] for node in topological_order(output)}
        for node, adjoint in right.items():
            if not node.parents:
                node.grad += adjoint

    def forgets_w7(output):
        Value.backward(output)
        next(node for node in topological_order(output) if node.label == "w7").grad = 0.0

    def fails(output):
        output.grad = 1.0
        raise KeyError("w7")

    class Engine:
        backward = staticmethod(forgets_w7)

    error = WorkedExample()()

    def leaves_w7_out(output):
        leaves_alone(output)
        next(node for node in topological_order(output) if node.label == "w7").grad = 0.0

    assert compare(None, Value.backward, error).agree and compare(None, leaves_alone, error).agree
    assert [node.op for node in compare(None, "ascent", -Value(3.0)).faults] == ["neg"]
    found = compare(None, leaves_w7_out, error)
    assert [node.label for node in found.differing] == ["w7"] and found.faults == found.differing
    assert "agree" in str(compare(Value.backward, None, error))
    for engine in (forgets_w7, Engine()):
        found = compare(None, engine, error)
        assert [node.label for node in found.differing] == ["w7"] and found.faults == [found.node]
    assert compare(forgets_w7, forgets_w7, error).agree and not compare(forgets_w7, None, error).agree
    failed = compare(None, fails, error)
    assert not failed.agree and failed.step is None and str(failed) == "The engine fails: KeyError: 'w7'" and kills(error, fails)
    with pytest.raises(KeyError):
        compare(fails, None, error)

    def exits(output):
        raise SystemExit(3)

    def writes_text(output):
        output.parents[0].grad = "1.0"

    assert str(compare(None, exits, error)) == "The engine fails: SystemExit: 3"
    assert "Value.grad needs a real number, got str '1.0'" in str(compare(None, writes_text, error))
    for wrong in (3.5, error, object()):
        with pytest.raises(TypeError, match="an engine is a function"):
            compare(None, wrong, error)
    with pytest.raises(ValueError, match="did you mean overwrite"):
        kills(error, "overwritte")


def test_a_comparison_in_chinese():
    error = WorkedExample()()
    assert "out_h2 的梯度應該是 0.041370323，這裡卻是 0.062324353。" in str(compare(None, "overwrite", error, "zh-TW"))
    assert "out_h2 的梯度应该是 0.041370323，这里却是 0.062324353。" in str(compare(None, "overwrite", error, "zh-CN"))


def test_differences_find_the_bug_and_say_where(capsys):
    example = WorkedExample()
    leaves = list(example.parameter.values())
    leaves[0].grad = 7.0
    assert check_gradients(lambda *_: example(), leaves, backward=Value.backward)
    assert not check_gradients(lambda *_: example(), leaves, backward=bug("overwrite"))
    said = capsys.readouterr().out
    assert "not in agreement: w1, w2, w3, w4, b1, b2" in said
    assert said.endswith("goes wrong at b2: its grad is 0.138498562, and what it is used in gives 0.100400325\n")
    assert not check_gradients(lambda a: a * a, [3.0], backward=bug("twice-operand"))
    assert "goes wrong at leaf(3): its grad is 3, and what it is used in gives 6\n" in capsys.readouterr().out
    assert leaves[0].grad == 7.0 and all(leaf.grad == 0.0 for leaf in leaves[1:])


@pytest.mark.parametrize("backward", [1, "overwrite", 3.0])
def test_a_pass_to_be_checked_is_a_function(backward):
    with pytest.raises(TypeError, match="backward is a function of the output"):
        check_gradients(lambda a: a * a, [3.0], backward=backward)


# In the terminal


def lab(capsys, *arguments):
    assert main(["lab", *arguments]) == 0
    return capsys.readouterr().out


def test_the_list_does_not_name_the_mistakes(capsys):
    lines = lab(capsys).splitlines()
    assert len(lines) == 1 + len(BUGS) and lines[4].split()[0] == "4" and "(lesson 5)" in lines[4]
    assert all(name not in line for name in BUGS for line in lines[1:])


def test_a_bug_is_read_run_compared_and_revealed(capsys):
    source = lab(capsys, "4")
    assert [line[5:] for line in source.splitlines()] == bug(4).source.splitlines()
    ran = lab(capsys, "recursive", "b = a + a; c = b + b", "a=1")
    assert "a         4            8  ≠" in ran and "This graph of 3 nodes shows the bug" in ran
    assert "All grads are right: this graph of 2 nodes" in lab(capsys, "recursive", "a + a", "a=1")
    assert "known to has 3" in lab(capsys, "4", "example")
    compared = lab(capsys, "1", "--compare", "a * a + a", "a=3")
    assert compared.startswith("The passes differ first at step 8 of 10, in the grad of a.")
    assert lab(capsys, "1", "a * a + a", "a=3", "--compare") == compared
    assert lab(capsys, "1", "--compare", "-a", "a=3").startswith("The passes agree")
    assert lab(capsys, "25", "--compare").startswith("The passes differ first at step 6 of 6, in the grad of h_t0.")
    assert lab(capsys, "1", "--hints", "2").splitlines() == list(bug(1).hints[:2])
    assert lab(capsys, "1", "--reveal", "--language", "zh-CN").startswith("overwrite: 1 只是")


def test_a_comparison_is_written_as_a_page_or_text(capsys, tmp_path):
    said = lab(capsys, "1", "--compare", "a * a + a", "a=3", "--save", str(tmp_path / "compare.html"))
    assert said.endswith(f"wrote {tmp_path / 'compare.html'}\n")
    page = (tmp_path / "compare.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>") and "overwrite" not in page and "://" not in page.replace("http://www.w3.org", "")
    found = compare(None, "overwrite", parse("a = 3; a * a + a", {}))
    assert found.save(tmp_path / "compare.txt").read_text(encoding="utf-8") == f"{found}\n"
    assert lab(capsys, "no-future", "--save", str(tmp_path / "smallest.html")).endswith("smallest.html\n")
    with pytest.raises(ValueError, match=r"\.html or \.txt, not as 'a\.pdf'"):
        found.save(tmp_path / "a.pdf")
    node = Value(1.0, "x")
    for _ in range(2000):
        node = -node
    with pytest.raises(ValueError, match="on a smaller graph"):
        compare(None, "overwrite", node).html()
    assert "<iframe" not in compare(None, "overwrite", node)._repr_mimebundle_()["text/html"]


def test_what_cannot_be_run_is_said(capsys):
    for arguments, said in [
        (["overwitten"], "no bug is called overwitten; did you mean overwrite?"),
        (["1", "a +"], "the expression cannot be read"),
        (["1", "a + a"], "a has no number"),
        (["--reveal"], "which bug?"),
    ]:
        assert main(["lab", *arguments]) == 2
        assert said in capsys.readouterr().err


def test_in_a_real_terminal_one_runs_it_asks_and_names_the_line():
    with Terminal("-B", "-m", "autograd_lite", "lab", "1") as terminal:
        terminal.until("q to quit")
        for answer, said in [
            ("a = 3; a * a", "of 2 nodes shows the bug"),
            ("a *", "cannot be read"),
            ("h", "each contribution"),
            ("20", "Line 20 is as it should be."),
            ("22", "There is no line 22."),
            ("21", "overwrite: "),
        ]:
            terminal.type(f"{answer}\n")
            terminal.until(said)
