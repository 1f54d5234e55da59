"""Derivations: what is printed is computed again from the printed text, and compared with the articles and with `gradient`."""

import math
import random
import re
import xml.dom.minidom

import pytest
from golden import GOLDEN

import autograd_lite
from autograd_lite import Value, explain, gradient, linear, logsumexp, relu, softmax, softplus, sqrt, sum_, tanh
from nn import MLP, cross_entropy, half_squared_error
from nn.worked_example import WorkedExample

CASE = GOLDEN["example_222"]
PARAMETERS = list(CASE["grads"])
HOSTILE = [
    '"></svg><script>alert(1)</script>', "</script>", "a\nb", "$x$ $$", "{|}", "\\input{x}", "100% & #1 ^ ~ _", "`x` *y*",
    "隱藏層", "🙂", "\ud800\x00\u202e", "x" * 10_000, "a = b", "∂",
]  # fmt: skip


@pytest.fixture(autouse=True)
def a_node_is_no_condition(monkeypatch):
    """A node of value 0 is false: what asks for its truth where it asks whether there is one is wrong at 0."""
    monkeypatch.setattr(Value, "__bool__", lambda node: pytest.fail("the truth of a node is asked for"))


def computed(text):
    """The number that a side with numbers in it is, in Python and with the functions of the package."""
    names = {**autograd_lite.OPERATIONS, "inf": math.inf, "nan": math.nan, "__builtins__": {}}
    return eval(text, names)


def lines(derivation):
    """The equations of the text: the sides of each."""
    return [[side.strip() for side in line.split(" = ")] for line in str(derivation).splitlines() if " = " in line]


def results(derivation):
    return {sides[0]: float(sides[-1]) for sides in lines(derivation)}


def check_lines(derivation, skip=()):
    """Each line with a formula comes out with the numbers that are printed in it; returns how many."""
    count = 0
    for sides in lines(derivation):
        if len(sides) == 4 or (len(sides) == 3 and not re.search(r"[^\W\d]", re.sub(r"\w+\(|e-?\d", "", sides[1]))):
            assert computed(sides[-2]) == pytest.approx(float(sides[-1]), rel=1e-7, abs=3e-9), sides
            count += 1
    return count


def test_w5_as_the_article_derives_it():
    example = WorkedExample()
    first, *others = lines(explain(example(), example.parameter["w5"]))
    assert first == [
        "∂E_total/∂w5",
        "∂E_total/∂out_o1 * ∂out_o1/∂net_o1 * ∂net_o1/∂w5",
        "0.741365070 * 0.186815602 * 0.593269992",
        "0.082167041",
    ]
    assert ["∂E_total/∂out_o1", "-(t1 - out_o1)", "-(0.01 - 0.751365070)", "0.741365070"] in others
    assert ["∂out_o1/∂net_o1", "out_o1 * (1 - out_o1)", "0.751365070 * (1 - 0.751365070)", "0.186815602"] in others
    assert ["∂net_o1/∂w5", "out_h1", "0.593269992"] in others


def test_w1_is_the_sum_over_both_paths():
    example = WorkedExample()
    assert ["∂E_total/∂out_h1", "∂E_o1/∂out_h1 + ∂E_o2/∂out_h1", "0.055399425 + (-0.019049118)", "0.036350306"] in lines(
        explain(example(), example.parameter["w1"])
    )


@pytest.mark.parametrize("name", PARAMETERS)
@pytest.mark.parametrize("form", ["partials", "delta"])
def test_every_parameter_of_the_worked_example(name, form):
    example = WorkedExample()
    derivation = explain(example(), example.parameter[name], form=form, digits=15)
    known = {**CASE["partials"], **CASE["forward"]}
    known |= {"dE_o1/db2": known["delta_o1"], "dE_o2/db2": known["delta_o2"], "dnet_o1/db2": 1.0, "dnet_o2/db2": 1.0}
    found = results(derivation)
    if form == "partials":
        assert float(lines(derivation)[0][-1]) == pytest.approx(CASE["grads"][name], rel=1e-12)
        for left, result in found.items():
            assert result == pytest.approx(known[left.replace("∂", "d")], rel=1e-12), left
    else:
        assert float(lines(derivation)[-1][-1]) == pytest.approx(CASE["grads"][name], rel=1e-12)
    assert check_lines(derivation) > 5


def random_graph(rng):
    xs = [Value(rng.uniform(-2, 2), f"x{i}") for i in range(3)]
    nodes = list(xs)
    for k in range(rng.randint(3, 25)):
        a, b, number = rng.choice(nodes), rng.choice(nodes), rng.uniform(-2, 2)
        node = rng.choice(
            [
                lambda a, b, _: a + b, lambda a, b, _: a * b, lambda a, b, _: a - b, lambda a, _, __: -a,
                lambda a, _, c: a * c, lambda a, _, c: c - a, lambda a, _, __: a**2, lambda a, b, _: a / (1 + b * b),
                lambda a, _, __: tanh(a), lambda a, _, __: a.sigmoid(), lambda a, _, __: a.sin(), lambda a, _, __: (-a * a).exp(),
                lambda a, _, __: relu(a), lambda a, b, c: linear([a, b], [b, a], c), lambda a, b, _: sum_([a, b, a]),
                lambda a, b, _: logsumexp([a, b]), lambda a, b, _: a.maximum(b), lambda a, b, _: a.atan2(b),
                lambda a, _, __: a.erf(), lambda a, _, __: a.silu(), lambda a, _, c: a.leaky_relu(abs(c)),
                lambda a, _, __: a.tan(),
            ]
        )(a, b, number)  # fmt: skip
        if abs(node.data) < 1e3:
            node.label = f"n{k}" if rng.random() < 0.4 else ""
            nodes.append(node)
    return xs, nodes[-1]


@pytest.mark.parametrize("seed", range(60))
def test_random_graphs_come_out_from_the_printed_text_and_agree_with_gradient(seed):
    xs, output = random_graph(random.Random(seed))
    for x in xs:
        derivation = explain(output, x)
        assert float(lines(derivation)[0][-1]) == pytest.approx(gradient(output, x).item(), rel=1e-6, abs=1e-8)
        check_lines(derivation)
        for partial, number in derivation.notation.numbers.items():
            assert number == pytest.approx(gradient(partial.top, partial.bottom).item(), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("case", ["net222_sigmoid_quadratic", "net243_sigmoid_quadratic"])
def test_delta_form_against_the_golden_deltas(case):
    golden = GOLDEN["mlp"][case]
    mlp = MLP(golden["sizes"], weights=golden["w"], biases=golden["b"])
    found = results(explain(half_squared_error(mlp(golden["x"]), golden["y"]), form="delta", digits=15))
    superscript, subscript = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"), str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
    for layer, deltas in enumerate(golden["delta"], 2):
        for j, delta in enumerate(deltas, 1):
            name = f"δ{str(layer).translate(superscript)}{str(j).translate(subscript)}"
            assert found[name] == pytest.approx(delta, rel=1e-12)


@pytest.mark.parametrize(
    ("activation", "output", "loss"),
    [
        ("tanh", "softmax", lambda a: cross_entropy(a, [0.2, 0.5, 0.3], logits=False)),
        ("relu", None, lambda a: cross_entropy(a, 1)),
        ("sigmoid", "softmax", lambda a: half_squared_error(a, [0.0, 1.0, 0.0])),
        ("softplus", "tanh", lambda a: half_squared_error(a, [0.0, 1.0, 0.0])),
    ],
)
def test_delta_form_of_other_networks(activation, output, loss):
    mlp = MLP([3, 4, 2, 3], activation, output, rng=3)
    error = loss(mlp([0.5, -1.0, 2.0]))
    error.label = "C"
    derivation = explain(error, form="delta")
    assert check_lines(derivation) > 30
    found = [result for name, result in results(derivation).items() if re.match("∂C/∂[wb]", name)]
    expected = [derivative.item() for derivative in gradient(error, mlp.parameters())]
    assert sorted(found) == pytest.approx(sorted(expected), rel=1e-6, abs=1e-8)


def test_delta_form_where_it_does_not_apply():
    x = Value(1.0, "x")
    with pytest.raises(ValueError, match="for a multilayer perceptron"):
        explain(x * x, form="delta")
    mlp = MLP([1, 1, 1], rng=0)
    with pytest.raises(ValueError, match="delta form"):
        explain(mlp([0.5])[0] + mlp([0.25])[0], form="delta")
    with pytest.raises(ValueError, match="does not apply"):
        explain(mlp([0.5])[0] + sum_([p * p for p in mlp.parameters()]), form="delta")


def test_a_node_alone_shows_its_operation_and_local_derivatives():
    example = WorkedExample()
    found = lines(explain(example.nodes(example())["net_o1"]))
    assert found[0][:2] == ["net_o1", "w5 * out_h1 + w6 * out_h2 + b2"]
    assert found[1:] == [
        ["∂net_o1/∂w5", "out_h1", "0.593269992"],
        ["∂net_o1/∂w6", "out_h2", "0.596884378"],
        ["∂net_o1/∂out_h1", "w5", "0.4"],
        ["∂net_o1/∂out_h2", "w6", "0.45"],
        ["∂net_o1/∂b2", "1"],
    ]
    assert str(explain(Value(2.0, "x"))) == "x = 2"


def test_a_value_used_several_times_is_the_sum_over_its_uses():
    a, b = Value(3.0, "a"), Value(-2.0, "b")
    assert lines(explain(a * b + a * a + a, a))[0] == ["∂v1/∂a", "b + a + a + 1", "(-2) + 3 + 3 + 1", "5"]


def test_very_many_paths_are_explained_node_by_node():
    """Doubling the nodes squares the number of paths and doubles the length."""

    def length(n):
        x = y = Value(1.0, "x")
        for _ in range(n):
            y = tanh(y) * 0.5 + y * 0.25
        return len(str(explain(y, x)))

    assert 1.8 < length(200) / length(100) < 2.4


def test_a_long_chain():
    y = x = Value(0.5, "x")
    for _ in range(5000):
        y = y * 0.999
    assert results(explain(y, x))[lines(explain(y, x))[0][0]] == pytest.approx(0.999**5000, rel=1e-6)


@pytest.mark.parametrize("label", HOSTILE)
def test_labels_are_text_in_every_form(label):
    x = Value(2.0, label)
    y = tanh(x * x)
    y.label = label
    derivation = explain(y, x)
    page = xml.dom.minidom.parseString(f"<p>{derivation.mathml()}</p>")
    assert not page.getElementsByTagName("script")
    for text in (derivation.text(), derivation.latex(), derivation.markdown(), derivation.mathml()):
        text.encode()
        assert "</script" not in derivation.latex() + derivation.markdown() + derivation.mathml()
        assert len(text) < 5000 and "\x00" not in text and "\u202e" not in text
    assert derivation.latex().count("$") == 4 and derivation.latex().count("{") == derivation.latex().count("}")


@pytest.mark.parametrize(
    ("label", "latex"),
    [
        ("net_h1", r"\mathrm{net}_{\mathrm{h1}}"),
        ("w5", "w_{5}"),
        ("delta_o1", r"\delta_{\mathrm{o1}}"),
        ("E_total", r"E_{\mathrm{total}}"),
        ("h_tilde_3[0]", r"\tilde{h}_{3}\left[0\right]"),
        ("100%", r"{\text{100}\%}"),
    ],
)
def test_labels_become_symbols_in_latex(label, latex):
    assert explain(Value(1.0, label)).latex() == f"$$\\begin{{aligned}}\n{latex} &= 1\n\\end{{aligned}}$$"


def test_two_nodes_of_one_label_are_told_apart():
    a, b = Value(2.0, "x"), Value(3.0, "x")
    assert lines(explain(a * b, b))[0][:2] == ["∂v1/∂x⁽²⁾", "x"]


def test_digits():
    x = Value(1 / 3, "x")
    assert results(explain(x.exp(), x))["∂v1/∂x"] == 1.395612425
    assert results(explain(x.exp(), x, digits=3))["∂v1/∂x"] == 1.396
    assert explain(x * 1e-12, x, digits=4).text().endswith("1e-12 * 0.3333 = 3.333e-13")
    assert results(explain(x.exp(), x, digits=17))["∂v1/∂x"] == math.exp(1 / 3)
    for digits in (0, 18, 2.5, True):
        with pytest.raises(ValueError, match="from 1 to 17"):
            explain(x.exp(), x, digits=digits)


def test_saturated_and_singular_points():
    x = Value(20.0, "x")
    assert results(explain(tanh(x), x))["∂v1/∂x"] == pytest.approx(1.6993417021166355e-17)
    zero = Value(0.0, "x")
    assert lines(explain(sqrt(zero), zero))[0] == ["∂v1/∂x", "inf"]
    assert lines(explain(relu(zero), zero))[0] == ["∂v1/∂x", "step(x)", "step(0)", "0"]


def test_independent_and_equal_nodes():
    x, y = Value(1.0, "x"), Value(2.0, "y")
    assert str(explain(x, y)) == "∂x/∂y = 0" and str(explain(x, x)) == "∂x/∂x = 1"


def test_the_graph_is_left_as_it_is_and_changed_data_is_refused():
    x = Value(1.0, "x")
    y = tanh(x) * x
    y.backward()
    before = x.grad, y.grad, y.data
    explain(y, x)
    assert (x.grad, y.grad, y.data) == before
    x.data = 2.0
    with pytest.raises(RuntimeError, match="has changed since the forward pass"):
        explain(y, x)


def test_kinds():
    x = Value(1.0)
    with pytest.raises(TypeError, match="explain needs a Value as output, got float"):
        explain(1.0, x)
    with pytest.raises(TypeError, match="explain needs a Value as wrt, got str"):
        explain(x, "x")
    with pytest.raises(ValueError, match="'partials' or 'delta'"):
        explain(x, x, form="words")


def test_jupyter_shows_markdown_and_latex():
    x = Value(0.5, "x")
    derivation = explain(tanh(x), x)
    assert derivation._repr_latex_() == derivation.latex() and "where" not in derivation.latex()
    assert derivation._repr_markdown_().count("$$") == 4 and "\n\nwith\n\n" in derivation._repr_markdown_()


# The delta form asks the table what a net input is, and the scope what an activation is


@pytest.mark.parametrize("net", ["z_{}", "net_{}", "輸入{}"])
def test_delta_form_of_a_network_of_ones_own_needs_no_names(net):
    x = [Value(0.5, "x1"), Value(-1.0, "x2")]
    ws = [[Value(0.1), Value(0.2)], [Value(-0.3), Value(0.4)]]
    hidden = [linear(w, x, Value(0.1)) for w in ws]
    active = [tanh(z) for z in hidden]
    outs = softmax([linear(w, active, Value(0.0)) for w in ([Value(1.0), Value(2.0)], [Value(0.5), Value(0.1)])])
    for j, z in enumerate([*hidden, *(outs[0].parents)]):
        z.label = net.format(j)
    error = 0.5 * (outs[0] - 1.0) ** 2 + 0.5 * outs[1] ** 2
    error.label = "E"
    text = explain(error, form="delta").text()
    z = outs[0].parents[0]
    assert " = ∂E/∂a³₁ * ∂a³₁/∂z³₁ + ∂E/∂a³₂ * ∂a³₂/∂z³₁ = " in text
    assert f" = {gradient(error, z).data:.9f}" in text


def test_a_minus_before_the_loss_is_no_activation():
    net = linear([Value(0.5, "w")], [Value(2.0, "x")], Value(0.1, "b"))
    loss = softplus(-net)
    loss.label = "L"
    assert "a²₁" not in explain(loss, form="delta").text() and "a²₁" in explain(softplus(0.0 - tanh(net)), form="delta").text()


# Files and outputs


def long_sum():
    xs = [Value(0.1 * k, f"x_{k}") for k in range(1, 31)]
    y = sum_([x * x for x in xs])
    y.label = "y"
    return y, xs


def test_latex_breaks_long_sums():
    y, _ = long_sum()
    lines = explain(y).latex().split(r"\\")
    seen = [len(re.sub(r"\\[a-zA-Z]+|[{}\\]", "", line)) for line in lines]
    assert len(lines) > 4 and max(seen) < 130
    assert "".join(explain(y).latex().split()).count("+") == explain(y).latex().count("+") >= 58


def test_a_greek_letter_and_its_name_look_alike():
    for label in ("θ", "theta"):
        x = Value(2.0, label)
        y = x * x
        y.label = "y"
        assert r"\frac{\partial y}{\partial \theta}" in explain(y, x).latex() and "<mi>θ</mi>" in explain(y, x).mathml()
    both = Value(1.0, "θ") * Value(2.0, "theta")
    latex = explain(both).latex()
    assert r"\theta" in latex and r"{\theta}^{(2)}" in latex


@pytest.mark.parametrize("ending, start, inside", [
    (".tex", r"\documentclass", r"\begin{align*}"), (".html", "<!DOCTYPE html>", "<math"), (".md", "$$", r"\frac{\partial"),
    (".txt", "∂y/∂x_1", " = "),
])  # fmt: skip
def test_a_derivation_is_saved(ending, start, inside, tmp_path):
    y, xs = long_sum()
    path = explain(y, xs[0]).save(tmp_path / f"derivation{ending}")
    text = path.read_text(encoding="utf-8")
    assert text.startswith(start) and inside in text and [*tmp_path.iterdir()] == [path]


@pytest.mark.parametrize("label", [*HOSTILE, "\\backslash", "$", "'\"`~^"])
def test_a_document_is_latex_of_the_letters_that_its_preamble_knows(label, tmp_path):
    walker = pytest.importorskip("pylatexenc.latexwalker")
    x = Value(2.0, label)
    text = explain(tanh(x * x), x).save(tmp_path / "derivation.tex").read_text(encoding="utf-8")
    nodes, *_ = walker.LatexWalker(text, tolerant_parsing=False).get_latex_nodes()
    names = [node.environmentname for node in nodes if isinstance(node, walker.LatexEnvironmentNode)]
    assert names == ["document"] and r"\text{＄}" not in text
    assert text.isascii() or "inputenc" not in text or set(text) - set(map(chr, range(128))) <= set("’”…")


def test_another_ending_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"saved as \.tex, \.html, \.md or \.txt, not as 'x\.pdf'"):
        explain(Value(1.0)).save(tmp_path / "x.pdf")
    assert not [*tmp_path.iterdir()]


def test_html_of_a_notebook_reads_as_text_without_its_tags():
    x, w = Value(2.0, "x"), Value(-0.5, "w")
    y = (w / x).tanh() + x**2
    y.label = "y"
    html = explain(y, x)._repr_html_()
    assert xml.dom.minidom.parseString(f"<div>{html}</div>")
    lines = re.sub("<[^>]*>", "", html.replace("</div>", "\n")).splitlines()
    assert lines[0].startswith("∂y/∂x=") and any(line.startswith("y=tanh((w) / (x))+x^2=") for line in lines)


def test_html_of_a_notebook_keeps_subscripts_apart_without_its_tags():
    net = Value(2.0, "net_h1") * Value(3.0, "w5")
    assert re.sub("<[^>]*>", "", explain(net)._repr_html_()).startswith("v1=net_h1⋅w5=2⋅3=6\n")


def test_what_is_nan_has_its_formula():
    x = Value(math.inf, "x")
    y = x * x - x
    y.label = "y"
    assert "y = x * x - x = inf * inf - inf = nan" in str(explain(y, x))
