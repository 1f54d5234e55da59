"""The mistakes of attention: each is what PyTorch differentiates when the mistake is made there, and is told so in a quiz."""

import math
from collections import Counter

import pytest

from autograd_lite import Value, exp, sum_
from autograd_lite.classroom import LESSONS, MISTAKES, quiz
from autograd_lite.classroom.attention import rows
from autograd_lite.classroom.graphs import Graph
from autograd_lite.classroom.wrong import Wrong, adjoints, forward
from nn import GPT, LayerNorm, SelfAttention, sequence_cross_entropy
from nn.one_head import INPUTS, TARGETS, WEIGHTS, OneHead
from nn.worked_example import WorkedExample

NAMES = LESSONS[10]
CLOSE = dict(rel=1e-12, abs=1e-12)
# Each pass of a mistake, as it is made in PyTorch below
MADE = {
    "no-scaling": ["unscaled", "slope of the scaling is 1"],
    "softmax-axis": ["axis"],
    "mask-off-by-one": ["blind", "ahead"],
    "value-for-key": ["scores of values", "sum of keys"],
    "no-residual": ["no residual", "slope of the residual is 0"],
    "norm-constant": ["norm is constant"],
}


@pytest.fixture(scope="module")
def head():
    return OneHead()


@pytest.fixture(scope="module")
def error(head):
    return head()


def in_pytorch(torch, made=""):
    """The derivatives of the example's error by its inputs and weights, with a mistake that is made on the way."""

    def tensor(rows):
        return torch.tensor(rows, dtype=torch.float64, requires_grad=True)

    x, W = tensor(INPUTS), {name: tensor(rows) for name, rows in WEIGHTS.items()}
    scale = ((x * x).mean(-1, keepdim=True) + 1e-5) ** -0.5
    normed = x * (scale.detach() if made == "norm is constant" else scale)
    q, k, v = [normed @ W[f"W_{name}"].T for name in "qkv"]
    qk = q @ (v if made == "scores of values" else k).T
    score = qk if made == "unscaled" else qk / 2**0.5
    if made == "slope of the scaling is 1":
        score = score.detach() + qk - qk.detach()
    hidden = torch.triu(torch.ones(3, 3), {"ahead": 2, "blind": 0}.get(made, 1)).bool()
    if made == "blind":
        hidden[0, 0] = False  # it has nothing else to look at
    att = torch.softmax(score.masked_fill(hidden, -torch.inf), 0 if made == "axis" else 1)
    o = att @ (k if made == "sum of keys" else v) @ W["W_o"].T
    around = {"no residual": 0.0, "slope of the residual is 0": x.detach()}.get(made, x)
    (0.5 * (o + around - tensor(TARGETS)) ** 2).sum().backward()
    grads = [torch.zeros(2, 2) if leaf.grad is None else leaf.grad for leaf in (x, *W.values())]
    return [number for grad in grads for number in grad.flatten().tolist()]


def leaves(head):
    return [unit for row in [*head.inputs, *[row for W in WEIGHTS for row in getattr(head.attention, W)]] for unit in row]


def test_the_right_pass_is_that_of_pytorch(head, error):
    torch = pytest.importorskip("torch", reason="needs the extra `torch`")
    graph = Graph(error)
    assert [graph.adjoint[leaf] for leaf in leaves(head)] == pytest.approx(in_pytorch(torch), **CLOSE)


@pytest.mark.parametrize("name", NAMES)
def test_each_mistake_is_that_which_pytorch_makes_and_no_other(head, error, name):
    torch = pytest.importorskip("torch", reason="needs the extra `torch`")
    graph, right = Graph(error), in_pytorch(torch)
    found = [[adjoints(graph, wrong)[leaf] for leaf in leaves(head)] for wrong in MISTAKES[name].passes(graph)]
    assert len(found) == len(MADE[name])
    for numbers, made in zip(found, MADE[name]):
        expected = in_pytorch(torch, made)
        assert numbers == pytest.approx(expected, **CLOSE), made
        assert numbers != pytest.approx(right, rel=1e-3), made


def test_the_quiz_of_lesson_10_tells_all_its_mistakes_apart(error):
    asked = quiz(error, count=8, ask=("value", "local", "contribution", "adjoint"), mistakes=NAMES)
    told = Counter(name for question in asked for name in question.told_apart)
    assert set(told) == set(NAMES)
    for number, question in enumerate(asked, 1):
        for wrong, names in question.wrong.items():
            assert len(names) == 1
            checked = asked.check(number, question.shown(wrong))
            assert (checked.verdict, checked.diagnosis) == ("wrong", names[0])
        assert asked.check(number, question.shown(question.answer)).right


def total(terms):
    return sum([math.prod(term) for term in terms])


TOLD = [
    ("value", "att_3,1", "softmax-axis", lambda e, _: e(3, 1) / (e(1, 1) + e(2, 1) + e(3, 1)), "att_3,1 = exp(score_3,1) / (exp"),
    (
        "value",
        "att_3,1",
        "mask-off-by-one",
        lambda e, _: e(3, 1) / (e(3, 1) + e(3, 2)),
        "at none after it: att_3,1 = exp(score_3,1",
    ),
    ("value", "score_3,2", "no-scaling", lambda _, n: n["qk_3,2"], "the root of d: score_3,2 = qk_3,2 / 1.414213562"),
    (
        "value",
        "head_3[1]",
        "value-for-key",
        lambda _, n: total([(n[f"att_3,{s}"], n[f"k_{s}[1]"]) for s in (1, 2, 3)]),
        "values: head_3[1] =",
    ),
    (
        "value",
        "qk_3,2",
        "value-for-key",
        lambda _, n: total([(n[f"q_3[{j}]"], n[f"v_2[{j}]"]) for j in (0, 1)]),
        "those of keys, what",
    ),
    ("value", "resid_3[1]", "no-residual", lambda _, n: n["o_3[1]"], "resid_3[1] = o_3[1] + x_3[1]: "),
    ("local", "head_3[1]", "value-for-key", lambda _, n: n["k_2[1]"], "head_3[1] = att_3,1 * v_1[1] + att_3,2 * v_2[1]"),
]


@pytest.mark.parametrize(("kind", "label", "mistake", "made", "words"), TOLD, ids=[f"{one[2]}, {one[1]}" for one in TOLD])
def test_a_mistake_is_told_at_the_node_where_it_is_made(head, error, kind, label, mistake, made, words):
    numbers = {name: node.data for name, node in head.nodes(error).items()}
    answer = made(lambda t, s: math.exp(numbers[f"score_{t},{s}"]), numbers)
    asked = quiz(error, [label, "att_3,2"], ask=[kind], count=20, mistakes=NAMES)
    at = next(k for k, question in enumerate(asked, 1) if label in (question.node.label, question.by and question.by.label))
    found = asked.check(at, f"{answer:.6g}")
    assert found.diagnosis == mistake and words in found.words, found.words


def test_every_student_has_numbers_at_which_the_mistakes_show(error):
    asked = quiz(error, count=6, ask=("value", "contribution", "adjoint"), mistakes=NAMES)
    for variant in asked.variants(["ann", "bob", "eve"]).values():
        assert {name for question in variant for name in question.told_apart} == set(NAMES)


def test_on_paper_a_picture_that_could_not_be_read_is_left_out(error, tmp_path):
    small = quiz(WorkedExample()(), count=2).save(tmp_path / "worksheet-1.html").read_text(encoding="utf-8")
    large = quiz(error, count=2).save(tmp_path / "worksheet-2.html").read_text(encoding="utf-8")
    assert "<svg" in small and "<svg" not in large


# Other graphs


def by_hand(n=3):
    """Attention in operations of two operands: exponentials over their sum, products that are added one by one."""
    xs = [[Value(0.3 * t - 0.2 * j + 0.1 * t * j, f"x{t}{j}") for j in range(2)] for t in range(n)]
    W = {name: [[Value(0.4 + 0.3 * i - 0.5 * j + 0.2 * k) for j in range(2)] for i in range(2)] for k, name in enumerate("qkv")}
    q, k, v = [[[row[0] * x[0] + row[1] * x[1] for row in W[name]] for x in xs] for name in "qkv"]
    scores = [[(q[t][0] * k[s][0] + q[t][1] * k[s][1]) / 2**0.5 for s in range(t + 1)] for t in range(n)]
    return xs, q, k, v, scores


def test_heads_of_scores_that_are_written_with_two_operands_are_found():
    from autograd_lite import softmax

    _, _, k, v, scores = by_hand()
    weights = [softmax(row) for row in scores]
    out = [sum(w * value[1] for w, value in zip(row, v)) for row in weights]
    found = rows(Graph(sum_([y * y for y in out])))
    assert [[look.share for look in row] for row in found] == weights
    assert [look.key for look in found[2]] == [tuple(key) for key in k]
    assert [look.values for look in found[2]] == [(value[1],) for value in v]


def test_a_norm_that_is_written_out_is_found():
    xs = [Value(0.5, "a"), Value(-1.5, "b")]
    powers = [exp(x) for x in xs]
    total = sum_(powers)
    shares = [power / total for power in powers]
    (wrong,) = MISTAKES["norm-constant"].passes(Graph(sum_([share * share for share in shares])))
    assert {node for node, _ in wrong.slopes} == set(shares)
    ys = [Value(x, f"x{j}") for j, x in enumerate([0.5, -1.0, 2.0])]
    out = LayerNorm(3, elementwise_affine=False)(ys)
    graph = Graph(out[0] * out[0])
    (wrong,) = MISTAKES["norm-constant"].passes(graph)
    scale = graph.parents[out[0]][1].data
    assert adjoints(graph, wrong)[ys[0]] == pytest.approx(2 * out[0].data * scale)
    assert [adjoints(graph, wrong)[y] for y in ys[1:]] == [0.0, 0.0]


@pytest.mark.parametrize("form", [dict(), dict(heads=2), dict(blocks=2, norm="layer"), dict(causal=False, bias=True)], ids=str)
def test_the_mistakes_are_found_in_every_head_and_block_of_a_gpt(form):
    gpt = GPT(5, **{"n": 4, "heads": 1, "length": 4, "rng": 0} | form)
    loss = sequence_cross_entropy(gpt([0, 3, 1]), [3, 1, 4])
    graph = Graph(loss)
    assert len(rows(graph)) == 3 * form.get("heads", 1) * form.get("blocks", 1)
    for name in NAMES:
        passes = [wrong for wrong in MISTAKES[name].passes(graph) if wrong != Wrong()]
        there_is_one = name != "mask-off-by-one" or form.get("causal", True)
        assert bool(passes) == there_is_one, name
        for wrong in passes:
            assert max(abs(adjoint - graph.adjoint[node]) for node, adjoint in adjoints(graph, wrong).items()) > 1e-6, name


@pytest.mark.parametrize(
    "make", [WorkedExample(), lambda: SelfAttention(2, rng=0)([[0.5, 1.0]])[0][0]], ids=["2-2-2", "one position"]
)
def test_where_there_are_none_none_is_found(make):
    graph = Graph(make())
    others = [name for name in NAMES if name not in ("no-scaling", "value-for-key")]
    assert not [name for name in others for wrong in MISTAKES[name].passes(graph) if wrong != Wrong()]


def test_a_mistake_by_which_a_node_would_be_computed_from_itself_gives_no_number():
    a, b = Value(2.0, "a"), Value(3.0, "b")
    c = a * b
    d = c + a
    with pytest.raises(ValueError, match="would be computed from itself"):
        forward(d, {a: d})
    numbers = adjoints(Graph(d), Wrong(instead={b: c}))
    assert all(number != number for number in numbers.values())


def test_another_forward_pass_leaves_the_graph_as_it_is():
    a, b = Value(2.0, "a"), Value(3.0, "b")
    product = a * b
    graph = Graph(product + a)
    wrong = Wrong(instead={product: a + b})
    found = adjoints(graph, wrong)
    assert (found[a], found[b], found[product]) == (2.0, 1.0, 1.0)
    assert (graph.adjoint[a], product.data, a.grad) == (4.0, 6.0, 0.0)
