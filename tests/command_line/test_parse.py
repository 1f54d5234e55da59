"""Expressions typed by a person: what is computed, and what is refused."""

import math
import re

import pytest

from autograd_lite import OPERATIONS, registered
from autograd_lite.parse import DEEPEST, LONGEST, number, parse


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tanh(x*w + b)", math.tanh(0.5 * 2 - 1.5)),
        ("-x**2 + +w", 1.75),
        ("2 - w / x", -2.0),
        ("abs(b) * maximum(x, 3)", 4.5),
        ("linear([x, w], [w, 1], b)", 0.5 * 2 + 2 - 1.5),
        ("logsumexp((x, w))", math.log(math.exp(0.5) + math.exp(2))),
        ("net = x*w + b; out = relu(-net)", 0.5),
        ("leaky_relu(b, 0.5)\n", -0.75),
        ("1e2*x", 50.0),
    ],
)
def test_expressions_are_computed(text, expected):
    numbers = {name: x for name, x in {"x": 0.5, "w": 2.0, "b": -1.5}.items() if name in text.replace("maximum", "")}
    assert parse(text, numbers).data == pytest.approx(expected, rel=1e-15)


def test_a_step_that_is_a_number_is_a_leaf_of_that_name():
    y = parse("x = 2; y = x*3", {})
    x, three = y.parents
    assert (y.data, y.label, x.data, x.label, three.label) == (6.0, "y", 2.0, "x", "")
    assert parse("c = -2*pi; c*x", {"x": 1}).data == -2 * math.pi


def test_pi_and_e_are_numbers_unless_they_are_given_another():
    assert parse("pi*x + e", {"x": 2}).data == 2 * math.pi + math.e
    with pytest.raises(ValueError, match="the expression is no Value"):
        parse("2 * pi", {})
    assert parse("e*x", {"x": 2, "e": 3}).data == 6 == parse("e = 3; e*x", {"x": 2}).data


def test_an_unknown_operation_lists_those_that_a_person_would_use():
    with pytest.raises(ValueError) as caught:
        parse("f(x)", {"x": 1})
    named = set(str(caught.value).partition(": there are ")[2].split(", "))
    assert named < OPERATIONS.keys() and {"tanh", "log", "maximum"} <= named
    assert not [name for name in named if "slope" in name]


def test_names_and_steps_become_labels():
    out = parse("net = x*w; out = tanh(net)", {"x": 1, "w": 2})
    (net,) = out.parents
    assert [out.label, net.label, *[node.label for node in net.parents]] == ["out", "net", "x", "w"]
    assert parse("x*y", {"x": 1, "y": 2}).label == "z"


def test_every_operation_of_one_operand_can_be_typed():
    for name in ("tanh", "sigmoid", "exp", "log", "gelu", "erfc", "softplus"):
        assert parse(f"{name}(x)", {"x": 0.75}).data == OPERATIONS[name](0.75)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the expression is empty"),
        ("x +", "cannot be read: invalid syntax"),
        ("x\x00", "cannot be read"),
        ("\ud800", "cannot be read"),
        ("y * 2", "y has no number: add y=1"),
        ("tanh * x", "tanh is an operation: write tanh"),
        ("f(x)", "f is no operation"),
        ("tanh(x, x)", "tanh does not take these operands"),
        ("sum_(x)", "sum_ does not take these operands"),
        ("2 + 3", "has a number, but is not in the expression"),
        ("softmax([x, x])", "one result"),
        ("max(x, 2)", "max is no operation; did you mean maximum or max_"),
        ("ln(x)", "ln is no operation; did you mean log"),
        ("arctan(x)", "arctan is no operation; did you mean atan"),
        ("Sigmiod(x)", "Sigmiod is no operation; did you mean sigmoid"),
        ("x^2 + 1", r"\^ is not read; did you mean x\*\*2 \+ 1"),
        ("x² − 1", r"² is not read; did you mean x\*\*2 - 1"),
        ("2x", r"did you mean 2\*x"),
        ("x(x + 1)", r"x is no operation; a product is written x \* \(...\)"),
        ("X + x", "X has no number: add X=1; did you mean x"),
        ("x = 2", "x is there already"),
        ("a = x; a = a * x", "a is there already"),
        ("x; x", "neither an expression nor a step"),
        ("x * 1j", "1j is not allowed"),
        ("x * True", "True is not allowed"),
        ("x * 'a'", "is not allowed"),
        ("x.data", "x.data is not allowed"),
        ("(lambda: x)()", "is not allowed"),
        ("__import__('os').system('true')", "is not allowed"),
        ("[x for x in (1, 2)]", "is not allowed"),
        ("x if x else x", "is not allowed"),
        ("x[0]", "is not allowed"),
        ("tanh(x=x)", "is not allowed"),
        ("np.tanh(x)", r"did you mean tanh\(x\)\?"),
        ("math.pow(x, 2)", r"did you mean pow\(x, 2\)\?"),
        ("x.tanh()", r"did you mean tanh\(x\)\?"),
        ("(x + 1).pow(2)", r"did you mean pow\(x \+ 1, 2\)\?"),
        ("sigmoid_slope(x)", "sigmoid_slope is no operation; did you mean sigmoid"),
        ("tanh(*[x])", "is not allowed"),
        ("x @ x", "is not allowed"),
        ("x // 2", "is not allowed"),
        ("import os", "neither an expression nor a step"),
        ("1" + "0" * 400 + " * x", "too large for a float"),
        ("x" + "+x" * LONGEST, "at most 10000"),
        ("(" * (DEEPEST + 10) + "x" + ")" * (DEEPEST + 10), "cannot be read|too large"),
        ("-" * (DEEPEST + 10) + "x", "too large"),
        ("x" + "+x" * (DEEPEST + 10), "too large"),
        ("-" * 9000 + "x", "cannot be read|too large"),
        ("sum_([" + "x," * 4900 + "])", "too large"),
    ],
)
def test_anything_else_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        parse(text, {"x": 0.5})


def test_outside_a_domain_the_engine_says_so():
    with pytest.raises(ValueError, match="log needs x > 0"):
        parse("log(x)", {"x": -1})
    with pytest.raises(OverflowError, match="pow overflows"):
        parse("x * 9**9**9", {"x": 1})


@pytest.mark.parametrize(
    "text, expected",
    [
        ("0.5", 0.5),
        (" -1e-3 ", -1e-3),
        ("pi", math.pi),
        ("-pi/2", -math.pi / 2),
        ("1/3", 1 / 3),
        ("2**10", 1024.0),
        ("inf", math.inf),
    ],
)
def test_numbers_may_be_computed(text, expected):
    assert number(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "x", "1/0", "[1, 2]", "1; 2", "x = 2", "tanh", "(" * 300 + "1" + ")" * 300, "1j", "True", "'1'", "-" * 5000 + "1"],
)
def test_what_is_no_number_is_refused(text):
    with pytest.raises(ValueError, match="is no number"):
        number(text)


@pytest.mark.parametrize(
    ("text", "meant"), [("−1", "-1"), ("0,5", "0.5"), ("０．５", "0.5"), ("–1e−3", "-1e-3"), ("3÷4", "3/4"), ("−０，５", "-0.5")]
)
def test_a_number_as_it_is_written_elsewhere_gets_the_spelling_that_is_read(text, meant):
    with pytest.raises(ValueError, match=rf"'{text}' is no number; did you mean {re.escape(meant)}\?$"):
        number(text)
    number(meant)


@pytest.mark.parametrize("text", ["x", "1/0", "x,5", "−x"])
def test_where_no_other_spelling_is_a_number_none_is_proposed(text):
    with pytest.raises(ValueError, match="is no number") as caught:
        number(text)
    assert "did you mean" not in str(caught.value)


def test_two_spellings_of_one_name_are_one_name():
    assert parse("ｘ * 2", {"x": 3}).data == parse("x * 2", {"ｘ": 3}).data == 6
    with pytest.raises(ValueError, match="x has two numbers"):
        parse("x * 2", {"x": 1, "ｘ": 2})


def test_an_operation_of_ones_own_is_read_whatever_its_name():
    with registered("my_slope", "2 * x", "2"):
        assert parse("my_slope(x)", {"x": 3}).data == 6
