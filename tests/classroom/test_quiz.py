"""Quizzes: which questions, right answers, diagnoses, hints, numbers for each student."""

import math
import random
import re
import string
from collections import Counter
from fractions import Fraction

import pytest

from autograd_lite import OPERATIONS, Value, linear, sum_, tanh
from autograd_lite.classroom import LESSONS, MISTAKES, quiz
from autograd_lite.classroom.graphs import Graph
from autograd_lite.classroom.questions import KINDS
from autograd_lite.classroom.rows import listed
from autograd_lite.classroom.wrong import adjoints
from autograd_lite.parse import parse
from autograd_lite.sentences import LANGUAGES, set_language
from nn import MLP, half_squared_error
from nn.worked_example import WorkedExample

ASKED = [
    *[f"w{k}" for k in range(1, 9)],
    "b1",
    "b2",
    *[f"{part}_{unit}" for part in ("net", "out") for unit in ("h1", "h2", "o1", "o2")],
]


@pytest.fixture(scope="module")
def error():
    return WorkedExample()()


# The worked example


def test_the_gradient_questions_of_the_worked_example_have_211_distinct_wrong_numbers(error):
    asked = quiz(error, ASKED, ask=["adjoint"], count=18)
    assert len(asked) == 18
    assert len({f"{x:.4e}" for question in asked for x in question.wrong}) >= 211


def test_model_sentence_of_the_catalogue(error):
    asked = quiz(error, ["w5"], ask=["adjoint"], count=1)
    found = asked.check(1, "0.055399425")
    assert found.verdict == "wrong" and found.diagnosis == "swap-factor"
    assert found.words == "0.055399425 has w5 as a factor: it is the derivative of net_o1 by out_h1. By w5 it is out_h1."


def test_right_within_half_a_unit_of_the_last_digit_asked_for(error):
    asked = quiz(error, ["w5"], ask=["adjoint"], count=1, digits=4)  # 0.082167041
    assert all(asked.check(1, x).right for x in (0.08217, "0,08217", "8.217e-2", 0.0821704, 0.0822199 - 0.00005))
    assert [asked.check(1, x).verdict for x in (0.0822, 0.08216)] == ["rounded", "rounded"]
    assert asked.check(1, 0.09).verdict == "wrong" and asked.check(1, 0.09).mistakes == ()


def test_two_mistakes_with_one_number_are_both_named_and_a_further_question_tells_them_apart(error):
    asked = quiz(error, ["w5"], ask=["adjoint"], count=1, mistakes=["half", "zero-grad"])
    found = asked.check(1, 0.164334)
    assert found.diagnosis is None and set(found.mistakes) == {"half", "zero-grad"}
    further = asked.further(*found.mistakes)
    # the engine sets the grads of interior nodes, so that zero-grad is right there
    assert further.graph.parents[further.node] and further.told_apart == ["half"]


def test_nothing_is_told_of_0_or_1():
    x, w = Value(1.0, "x"), Value(3.0, "w")
    y = w * x
    y.label = "y"
    asked = quiz(y, ["w"], ask=["adjoint"], count=1)
    assert asked[0].answer == 1.0 and asked[0].wrong == {}


def test_hints_never_show_the_answer_before_the_last(error):
    for question in quiz(error, count=40, seed=3):
        *hints, last = question.hints()
        shown = question.shown(question.answer)
        assert len(hints) >= 2 and shown in last
        assert question.kind == "order" or all(not re.search(rf"(?<![\d.]){re.escape(shown)}", hint) for hint in hints)


def test_hint_with_one_blank(error):
    (question,) = quiz(error, ["w5"], ask=["adjoint"], count=1)
    assert question.hints()[1:] == [
        "∂E_total/∂w5 = ∂E_total/∂net_o1 * out_h1",
        "∂E_total/∂w5 = 0.138498562 * □",
        "0.138498562 * 0.593269992 = 0.0821670",
    ]


def test_the_order_is_asked_by_name_or_letter(error):
    asked = quiz(error, ask=["order"], count=2)
    for number, question in enumerate(asked, 1):
        letter = string.ascii_lowercase[question.options.index(question.answer)]
        assert asked.check(number, question.answer).right and asked.check(number, letter).right
        assert question.wrong and all(asked.check(number, x).diagnosis == "recursive" for x in question.wrong)
        assert "E_o1" in asked.check(number, "?").words or len(question.options) == 4


def test_an_option_that_is_named_like_a_letter_is_meant_by_its_name():
    a, w = Value(0.5, "a"), Value(2.0, "w")
    b = tanh(a * w)
    c = b * a
    d = b * c
    for node, label in ((b, "b"), (c, "c"), (d, "d")):
        node.label = label
    (question,) = quiz(d, ask=["order"], count=1)
    assert question.options == ["b", "c"] and question.answer == "c"
    asked = quiz(d, ask=["order"], count=1)
    assert asked.check(1, "c").right and asked.check(1, "b").diagnosis == "recursive"
    assert "none of them" in asked.check(1, "ab").words and "none of them" in asked.check(1, "").words


@pytest.mark.parametrize("answer", [Fraction(1, 4), "0.25", " ,25", "2.5e-1", 0.25])
def test_numbers_as_people_write_them(answer):
    x = Value(0.25, "x")
    y = x * Value(0.5, "w")
    y.label = "y"
    assert quiz(y, ["w"], ask=["adjoint"], count=1).check(1, answer).right


@pytest.mark.parametrize("answer", ["", "nan", "inf", "1_0", "0.25x", "None", "1e999", "٠٫٢٥", [1]])
def test_what_is_no_number_or_none_of_this_size_is_wrong(answer):
    x = Value(0.25, "x")
    y = x * Value(0.5, "w")
    y.label = "y"
    found = quiz(y, ["w"], ask=["adjoint"], count=1).check(1, answer)
    assert found.verdict == "wrong" and found.mistakes == () and found.why.startswith("∂y/∂w = x = 0.25")


def test_in_a_cell_an_answer_that_is_open_or_wrong_is_told_so_and_the_next_cell_runs(error):
    asked = quiz(error, ["w5"], ask=["adjoint"], count=1)
    nothing, wrong, right = [asked.check(1, x) for x in (None, 0.055399425, 0.0821670)]
    assert (nothing.verdict, nothing.mistakes, nothing.right) == ("open", (), False)
    assert repr(nothing) == f"Not answered yet. {asked[0].text()}"
    assert repr(wrong) == f"{wrong.words}\nHint: {asked[0].hints()[0]}"
    assert repr(right) == right.words == "Right: 0.082167."
    with pytest.raises(AssertionError, match="Not answered yet"):
        asked.answer(1, None)  # where it is graded it counts


def test_what_a_cell_shows_is_escaped():
    x = Value(0.25, "<b>x")
    y = x * x
    y.label = "y"
    shown = quiz(y, [x], ask=["adjoint"], count=1).check(1, None)._repr_html_()
    assert "&lt;b&gt;x" in shown and "<b>" not in shown


def test_every_kind_is_asked_and_every_mistake_of_the_example_shows(error):
    asked = quiz(error, count=14)
    assert [question.kind for question in asked] == [kind for kind in KINDS for _ in range(2)]
    shown = {name for question in asked for name in question.told_apart}
    assert {"overwrite", "swap-factor", "no-activation", "transposed", "updated-weights"} <= shown


@pytest.mark.parametrize("lesson", [3, 4, 5, 6])
def test_a_quiz_of_a_lesson_shows_its_mistakes(error, lesson):
    names = [name for name in LESSONS[lesson] if not name.startswith("softmax")]
    asked = quiz(error, count=8, mistakes=names)
    shown = Counter(name for question in asked for name in question.told_apart)
    there = {name for name in names if name not in ("twice-operand",)}  # no a * a in this graph
    assert there <= set(shown)


def test_the_same_seed_asks_the_same(error):
    texts = [[q.text() for q in quiz(error, seed=seed)] for seed in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2]


def test_answer_in_a_cell_raises_with_a_hint(error):
    asked = quiz(error, ["w5"], ask=["adjoint"], count=1)
    asked.answer(1, 0.0821670)
    with pytest.raises(AssertionError, match="it is out_h1") as told:
        asked.answer(1, 0.055399425)
    assert "Hint: For each node that w5 is an operand of" in str(told.value)


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"ask": ["gradient"]}, "no question is of the kind 'gradient'"),
        ({"mistakes": ["overwrit"]}, "no mistake is called 'overwrit'"),
        ({"count": 0}, "count is a whole number"),
        ({"digits": 40}, "digits is a whole number from 2 to 12"),
        ({"language": "fr"}, "no sentences in the language 'fr'"),
        ({"wrt": ["w9"]}, "'w9' is not in the graph"),
    ],
)
def test_bad_input_is_named(error, wrong, message):
    with pytest.raises(ValueError, match=message):
        quiz(error, **wrong)


def test_a_graph_of_which_nothing_can_be_asked():
    with pytest.raises(ValueError, match="nothing of the kinds"):
        quiz(Value(1.0, "x"))
    x = Value(1e200, "x")
    y = x * x
    y.label = "y"
    with pytest.raises(ValueError, match="y is inf: choose smaller numbers"):
        quiz(y, ask="value")
    with pytest.raises(ValueError, match="numbered from 1 to 8"):
        quiz(WorkedExample()()).check(9, 1.0)


def test_labels_from_users_are_data():
    x = Value(0.3, "{answer}</script><b>")
    y = tanh(2 * x)
    y.label = "{0}隱藏層"
    for question in quiz(y, count=8):
        assert "<b>" not in question.text("mathml")
        for number in question.wrong:
            assert question.diagnosis(next(iter(question.matches(number).values())), question.shown(number))


# Random graphs


def random_graph(rng):
    """Operations of the table, of one operand and of two, on leaves and on what is there: nodes are used again."""
    one = ["tanh", "sigmoid", "exp", "sin", "square", "relu", "softplus", "neg", "cos"]
    nodes = [Value(round(rng.uniform(-1.5, 1.5), 2), f"x{k}") for k in range(rng.randint(1, 4))]
    for k in range(rng.randint(2, 12)):
        picked = [rng.choice(nodes[-4:]) for _ in range(2)]
        op = rng.choice([*one, "add", "mul", "sub", "mul", "linear"])
        if op == "linear":
            node = linear([rng.choice(nodes), rng.choice(nodes)], picked, nodes[0])
        else:
            node = OPERATIONS[op](*picked[: 1 if op in one else 2])
        if not abs(node.data) < 50:
            continue
        node.label = f"n{k}" if rng.random() < 0.8 else ""
        nodes.append(node)
    output = sum_(nodes[-2:]) if rng.random() < 0.3 else nodes[-1]
    output.label = output.label or "y"
    return output


def test_over_300_random_graphs_no_right_answer_is_refused_or_called_a_mistake():
    rng = random.Random(7)
    graphs = told = 0
    while graphs < 300:
        output = random_graph(rng)
        try:
            asked = quiz(output, ask=KINDS, count=6, seed=graphs, digits=rng.choice([3, 4, 6, 9]))
        except ValueError:
            continue
        graphs += 1
        for number, question in enumerate(asked, 1):
            if question.kind == "order":
                continue
            number_alone = rf"(?<![\w.]){re.escape(question.shown(question.answer))}(?!\w|\.\d)"
            if not question.is_plain and not re.search(number_alone, question.text()):
                assert not any(re.search(number_alone, hint) for hint in question.hints()[:-1]), (
                    question.text(),
                    question.hints(),
                )
            right = question.answer
            edge = right + rng.choice([-1, 1]) * 0.999 * question.tolerance
            for answer in (right, question.shown(right), repr(right), f"{right:.{question.digits - 1}e}", edge):
                assert asked.check(number, answer).right, (question.text(), answer)
            for wrong, names in question.wrong.items():
                found = asked.check(number, repr(wrong))
                assert not found.right and set(found.mistakes) == set(names)
                assert abs(wrong - right) > question.tolerance
                told += found.diagnosis is not None
    assert told > 5_000


def test_the_words_of_a_question_have_the_answer_that_is_right():
    """Whoever reads only the formula and the numbers of a local question, and nudges, finds the answer."""
    rng = random.Random(5)
    outputs = [parse(text, {"x": 3.0}) for text in ("x*x - x", "x*tanh(x) + x*x", "h = x*x*x + x; z = tanh(h/20) - h*x*h")]
    read = 0
    for output in outputs + [random_graph(rng) for _ in range(150)]:
        try:
            asked = quiz(output, ask=["local", "contribution"], count=12, digits=4)
        except ValueError:
            continue
        for question in asked:
            formula, numbers = re.search(
                r" = ([^=]+?)(?: by \w+, | send back to \w+, |, )with (.+)\? \(", question.text()
            ).groups()
            given = {name: float(x) for name, x in re.findall(r"(\w+) = ([^ ,]+)", numbers)}
            by = question.node.label
            nudged = [parse(formula, {**given, by: given[by] + h}).data for h in (1e-5, -1e-5)]
            upstream = float(re.search(r"is (\S+)\. What does", question.text())[1]) if question.kind == "contribution" else 1.0
            slope = (nudged[0] - nudged[1]) / 2e-5
            if abs(slope * upstream - question.answer) > 1e-4 * max(
                1, abs(question.answer)
            ):  # or a kink, with a slope on each side
                middle = parse(formula, given).data
                sides = [(nudged[0] - middle) / 1e-5, (middle - nudged[1]) / 1e-5]
                assert abs(sides[0] - sides[1]) > 1e-3, (question.text(), question.answer, slope * upstream)
            read += 1
    assert read > 500


@pytest.mark.parametrize("digits", [3, 6, 8, 12])
def test_the_numbers_of_a_question_are_enough_for_its_answer(digits):
    """Whoever puts the numbers as they are written into the formula, and rounds as asked, is right."""
    text = "h = tanh(a); y = h*w; z = y*y*v - (c + y)*d; e = z + c"
    numbers = {"a": 0.000123456789, "w": 1 / 3, "v": 3e5 / 7, "c": 1.00000012345678, "d": 0.0987654321012}
    asked = quiz(parse(text, numbers), ask=["value", "contribution"], count=20, digits=digits)
    for number, question in enumerate(asked, 1):
        formula, written = re.search(r" = ([^=]+?)(?: send back to \w+)?, with (.+)\? \(", question.text()).groups()
        leaves = {name: Value(float(x), name) for name, x in re.findall(r"(\w+) = ([^ ,]+)", written)}
        output = eval(formula, {"tanh": tanh}, leaves)
        answer = output.data
        if question.kind == "contribution":
            output.backward()
            answer = leaves[question.node.label].grad * float(re.search(r" is (\S+)\. What does", question.text())[1])
        assert asked.check(number, f"{answer:.{digits - 1}e}").right, (question.text(), question.answer)


@pytest.mark.parametrize(
    "text, numbers",
    [
        ("s = a + b - c; y = s*d", {"a": 0.1, "b": 0.2, "c": 0.3, "d": 4.0}),
        ("u = a*0.1; v = a*0.2; w = a*0.3; y = (u + v - w)*a", {"a": 1.0}),
        ("p = a*b; q = 1.1*2.2*c; y = sin(p - q)*d", {"a": 1.1, "b": 2.2, "c": 1.0, "d": 4.0}),
    ],
)
def test_what_is_nothing_but_rounding_is_not_asked(text, numbers):
    """0.1 + 0.2 - 0.3 is 5.6e-17 for a computer, and 0 for everyone else."""
    asked = quiz(parse(text, numbers), count=30)
    assert len(asked) > 5
    assert all(question.answer == 0 or abs(question.answer) > 1e-12 for question in asked if question.kind != "order")


def test_what_stands_before_an_option_is_no_option(monkeypatch, capsys):
    """Of b and d the second is not called b."""
    asked = quiz(parse("a = x*w; b = x + a; c = a*b; d = b + c; e = c*d", {"x": 2.0, "w": 3.0}), ask=["order"], count=9)
    for number, question in enumerate(asked, 1):
        mark = str(question.options.index(question.answer) + 1)
        assert asked.check(number, mark).right and asked.check(number, question.answer).right
        assert not any(asked.check(number, other).right for other in "abcd" if other != question.answer)
    monkeypatch.setattr("builtins.input", lambda prompt: "q")
    asked.ask()
    assert "  1) a\n  2) b" in capsys.readouterr().out


def test_no_diagnosis_where_two_candidates_match():
    rng = random.Random(11)
    for seed in range(60):
        output = random_graph(rng)
        try:
            asked = quiz(output, ask=["adjoint"], count=4, seed=seed)
        except ValueError:
            continue
        graph = Graph(output)
        passes = [(name, adjoints(graph, wrong)) for name, mistake in MISTAKES.items() for wrong in mistake.passes(graph)]
        for number, question in enumerate(asked, 1):
            node = graph.nodes[asked.graph.place[question.node]]
            for wrong in question.wrong:
                giving = {name for name, found in passes if abs(found[node] - wrong) <= question.half_unit(found[node]) * 0.99}
                assert giving <= set(asked.check(number, wrong).mistakes) or len(giving) == 0
                if len(giving) > 1:
                    assert asked.check(number, wrong).diagnosis is None


# Numbers for each student


def test_variants_have_their_own_numbers_of_two_decimals_and_keep_the_questions(error):
    base = quiz(error, count=8, mistakes=LESSONS[3] + LESSONS[4])
    students = [f"student {k}" for k in range(30)]
    variants = base.variants(students, key="course")
    numbers = {
        tuple(row.content for row in listed(v.graph.output) if row.op == "" and isinstance(row.content, float))
        for v in variants.values()
    }
    assert len(numbers) == 30
    assert all(x == round(x, 2) and x != 0 for row in numbers for x in row)
    for student, variant in variants.items():
        assert variant.student == student
        assert [(q.kind, variant.graph.place[q.node]) for q in variant] == [(q.kind, base.graph.place[q.node]) for q in base]
        for before, after in zip(base, variant):
            assert set(before.told_apart) <= set(after.told_apart)
        assert all(abs(variant.graph.derivative(edge)) >= 0.03 for edge in variant.graph.activations.values())


def test_variants_are_the_same_whenever_they_are_asked_for_and_another_key_gives_others(error):
    base = quiz(error, count=4)
    one, again, other = (base.variants(["Ada"], key=key)["Ada"] for key in ("k", "k", "l"))
    assert listed(one.graph.output) == listed(again.graph.output) != listed(other.graph.output)
    with pytest.raises(ValueError, match="'Ada' is there twice"):
        base.variants(["Ada", "Ada"])


def test_variants_stay_in_the_domain():
    p = Value(0.4, "p")
    y = (p.log() + p.sqrt()) * 2
    y.label = "y"
    for variant in quiz(y, count=2).variants(map(str, range(20))).values():
        assert next(n for n in variant.graph.nodes if n.label == "p").data > 0


# Size and languages


def test_a_quiz_of_200_questions_about_a_graph_of_2000_nodes():
    model = MLP([8, 32, 28, 20, 2], rng=0)
    loss = half_squared_error(model([0.1 * i + 0.05 for i in range(8)]), [0.3, 0.7])
    assert len(Graph(loss).nodes) > 1900
    assert len(quiz(loss, count=200)) == 200


def test_tables_of_sentences_have_the_same_keys_and_fields():
    english = LANGUAGES["en"]
    for table in LANGUAGES.values():
        assert table.keys() == english.keys()
        for key, sentence in table.items():
            assert sorted(set(re.findall(r"{(\w+)}", sentence))) == sorted(set(re.findall(r"{(\w+)}", english[key]))), key
    assert set(MISTAKES) <= set(english)


def test_every_mistake_has_a_sentence_with_the_number_that_was_answered():
    for table in LANGUAGES.values():
        assert all("{answer}" in table[name] for name in MISTAKES)


def test_a_quiz_in_chinese(error):
    asked = quiz(error, ["w5"], ask=["adjoint"], count=1, language="zh-TW")
    assert asked[0].text() == "E_total 對 w5 的導數 ∂E_total/∂w5 是多少？（6 位有效數字）"
    assert asked.check(1, 0.0821670).words == "正確：0.082167。"
    set_language("zh-CN")
    try:
        assert "导数" in quiz(error, ["w5"], ask=["adjoint"], count=1)[0].text()
    finally:
        set_language("en")


def test_what_has_no_finite_answer_is_not_asked():
    x, w = Value(0.0, "x"), Value(2.0, "w")
    y = x.sqrt() * w + w  # the slope of the root is infinite at 0
    y.label = "y"
    for question in quiz(y, count=20):
        assert question.kind == "order" or abs(question.answer) < 1e300


def test_in_a_large_graph_the_reason_is_the_last_step_alone():
    model = MLP([4, 8, 8, 1], rng=0)
    loss = half_squared_error(model([0.1, 0.2, 0.3, 0.4]), [0.3])
    (question,) = quiz(loss, ["w_h1_1_1"], ask=["adjoint"], count=1)
    assert question.why().startswith("∂E_total/∂w_h1_1_1 = ∂E_total/∂net_h1_1 * i1 = ") and "\n" not in question.why()


# What is given wrongly


def test_one_kind_and_one_mistake_are_meant_by_themselves(error):
    asked = quiz(error, "w1", ask="adjoint", mistakes="overwrite", count=1)
    assert [q.kind for q in asked] == ["adjoint"] and [m.name for m in asked.mistakes] == ["overwrite"]
    assert [m.name for m in quiz(error, mistakes=MISTAKES["half"]).mistakes] == ["half"]


@pytest.mark.parametrize("lr", ["x", None, True, float("nan"), float("inf")])
def test_a_learning_rate_is_a_finite_number(error, lr):
    with pytest.raises(ValueError, match="the learning rate, lr, is a finite number"):
        quiz(error, lr=lr)


def test_what_is_no_mistake_is_named(error):
    with pytest.raises(ValueError, match="no mistake is called 3: there are overwrite"):
        quiz(error, mistakes=[3])


@pytest.mark.parametrize(
    "answer", [10**400, "9" * 5000, "1e999", float("nan"), -math.inf, 1j, b"1", [1], "½"], ids=lambda x: repr(x)[:8]
)
def test_no_answer_is_too_strange_to_be_told_wrong(error, answer):
    assert quiz(error, ["w5"], ask=["adjoint"], count=1).check(1, answer).verdict == "wrong"
