"""Attention, norms, blocks and the small GPT: workload 6 to the last digits, PyTorch's gradients, labels and errors."""

import math
import random
from itertools import pairwise

import pytest
from golden import flat

from autograd_lite import Value, draw, explain, no_grad, steps, sum_, topological_order
from autograd_lite.nn import GPT, Block, LayerNorm, RMSNorm, SelfAttention, sequence_cross_entropy

# Sums of some hundred terms of size up to 10, in another order
CLOSE = dict(rel=1e-12, abs=1e-12)
# Workload 6: the document, 26 being the mark of beginning and end, and its figures
DOCUMENT = [26, 16, 8, 12, 7, 24, 18, 4, 26]
LOSS = 3.4609528385965427
DERIVATIVES = {"wte.26.0": 0.017161166330378133, "blocks.0.attention.W_q.0.0": 9.409753397823471e-05}
DERIVATIVES |= {"blocks.0.W_down.15.63": 0.0036608281404264696}
NORM, SUM = 2.076506776773708, 2.8031601357439015
FORMS = [
    pytest.param(n, heads, blocks, bias, causal, norm, id=f"{heads} heads, {blocks} blocks, {bias=}, {causal=}, {norm}")
    for n, heads, blocks, bias, causal, norm in [
        (3, 1, 1, False, True, "rms"),
        (4, 2, 1, True, True, "rms"),
        (8, 4, 2, False, False, "rms"),
        (6, 3, 3, True, False, "rms"),
        (3, 1, 1, True, False, "layer"),
        (4, 2, 2, False, True, "layer"),
        (8, 4, 3, True, True, "layer"),
        (4, 1, 1, False, False, "layer"),
    ]
]


def workload_6():
    """Its weights are drawn in the order in which the parameters are made."""
    return GPT(27, 16, heads=4, blocks=1, length=16, rng=random.Random(42))


def mean_loss(gpt, document):
    return sequence_cross_entropy(gpt(document[:-1]), document[1:], reduction="mean")


def randomized(module, seed=1):
    """The module with all parameters drawn, biases and weights of norms too."""
    rng = random.Random(seed)
    for parameter in module.parameters():
        parameter.data = rng.uniform(-1, 1)
    return module


def vectors(count, n, seed=2):
    rng = random.Random(seed)
    return [[rng.uniform(-2, 2) for _ in range(n)] for _ in range(count)]


def test_workload_6_to_the_last_digits():
    gpt = workload_6()
    assert len(gpt.parameters()) == 4192
    loss = mean_loss(gpt, DOCUMENT)
    loss.backward()
    assert loss.data == pytest.approx(LOSS, rel=1e-14)
    grads = {name: parameter.grad for name, parameter in gpt.named_parameters()}
    assert {name: grads[name] for name in DERIVATIVES} == pytest.approx(DERIVATIVES, rel=1e-14, abs=1e-17)
    assert math.hypot(*grads.values()) == pytest.approx(NORM, rel=1e-14)
    assert math.fsum(grads.values()) == pytest.approx(SUM, rel=1e-14)


def test_a_gpt_in_one_file_runs_on_our_values():
    """Workload 6 as scalar GPTs in one file write it: nodes of two operands, the largest score taken off by its data."""
    gpt = workload_6()
    block = gpt.blocks[0]

    def product(rows, x):
        return [sum(w_i * x_i for w_i, x_i in zip(row, x)) for row in rows]

    def shares(scores):
        most = max(score.data for score in scores)
        powers = [(score - most).exp() for score in scores]
        return [power / sum(powers) for power in powers]

    def normed(x):
        scale = (sum(x_i * x_i for x_i in x) / len(x) + 1e-5) ** -0.5
        return [x_i * scale for x_i in x]

    keys, values, losses = [], [], []
    for t, (token, target) in enumerate(pairwise(DOCUMENT)):
        stream = normed([x + p for x, p in zip(gpt.wte[token], gpt.wpe[t])])
        q, k, v = [product(W, normed(stream)) for W in (block.attention.W_q, block.attention.W_k, block.attention.W_v)]
        keys, values, heads = [*keys, k], [*values, v], []
        for h in range(0, 16, 4):
            weights = shares([sum(a * b for a, b in zip(q[h : h + 4], key[h : h + 4])) / 2.0 for key in keys])
            heads += [sum(w * x for w, x in zip(weights, column)) for column in zip(*[value[h : h + 4] for value in values])]
        stream = [a + b for a, b in zip(product(block.attention.W_o, heads), stream)]
        hidden = [net.relu() for net in product(block.W_up, normed(stream))]
        stream = [a + b for a, b in zip(product(block.W_down, hidden), stream)]
        losses.append(-shares(product(gpt.lm, stream))[target].log())
    loss = (1 / len(losses)) * sum(losses)
    loss.backward()
    assert loss.data == pytest.approx(LOSS, rel=1e-14)
    expected = [p.grad for p in gpt.parameters()]
    assert math.hypot(*expected) == pytest.approx(NORM, rel=1e-13)

    # as its engine goes back, and as drawings of its graph read it
    order = topological_order(loss)
    for node in order:
        node.grad = 0
    loss.grad = 1
    for node in reversed(order):
        for child, local_grad in zip(node._children, node._local_grads):
            child.grad += local_grad * node.grad
    assert [p.grad for p in gpt.parameters()] == pytest.approx(expected, rel=1e-12, abs=1e-15)


# PyTorch --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "heads", "blocks", "bias", "causal", "norm"), FORMS)
def test_outputs_and_gradients_are_those_of_pytorch(n, heads, blocks, bias, causal, norm):
    torch = pytest.importorskip("torch", reason="needs the extra `torch`")
    activation = "gelu" if norm == "layer" else "relu"
    options = dict(n_hidden=5, bias=bias, causal=causal, norm=norm, activation=activation)
    gpt = randomized(GPT(7, n, heads, blocks, 6, **options))
    tokens, targets = [3, 6, 0, 3, 1], [6, 0, 3, 1, 2]
    p = {name: torch.tensor(x, dtype=torch.float64, requires_grad=True) for name, x in gpt.state_dict().items()}

    def normed(x, name):
        if norm == "rms":
            return torch.nn.functional.rms_norm(x, (n,), eps=1e-5)
        return torch.nn.functional.layer_norm(x, (n,), p[f"{name}.weight"], p.get(f"{name}.bias"), eps=1e-5)

    def linear(x, path, name):
        return torch.nn.functional.linear(x, p[f"{path}W_{name}"], p.get(f"{path}b_{name}"))

    x = p["wte"][tokens] + p["wpe"][: len(tokens)]
    if norm == "rms":
        x = normed(x, "norm")
    for k in range(blocks):
        path = f"blocks.{k}."
        a = normed(x, f"{path}norm_a")
        q, k_, v = [linear(a, f"{path}attention.", name).view(-1, heads, n // heads).transpose(0, 1) for name in "qkv"]
        head = torch.nn.functional.scaled_dot_product_attention(q, k_, v, is_causal=causal)
        x = x + linear(head.transpose(0, 1).reshape(-1, n), f"{path}attention.", "o")
        h = getattr(torch.nn.functional, activation)(linear(normed(x, f"{path}norm_f"), path, "up"))
        x = x + linear(h, path, "down")
    if norm == "layer":
        x = normed(x, "norm")
    y = x @ p["lm"].T
    torch.nn.functional.cross_entropy(y, torch.tensor(targets), reduction="sum").backward()
    logits = gpt(tokens)
    assert flat([[unit.data for unit in row] for row in logits]) == pytest.approx(y.flatten().tolist(), **CLOSE)
    sequence_cross_entropy(logits, targets).backward()
    theirs = [number for name, tensor in p.items() for number in tensor.grad.flatten().tolist()]
    ours = [parameter.grad for parameter in gpt.parameters()]
    assert len(theirs) == len(ours)
    assert ours == pytest.approx(theirs, **CLOSE)


@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("kind", ["rms_norm", "layer_norm"])
def test_norms_are_those_of_pytorch(kind, affine):
    torch = pytest.importorskip("torch", reason="needs the extra `torch`")
    make = {"rms_norm": RMSNorm, "layer_norm": LayerNorm}[kind]
    ours = randomized(make(5, eps=0.01, elementwise_affine=affine))
    xs = [Value(x) for x in vectors(1, 5)[0]]
    sum_([y * y for y in ours(xs)]).backward()
    x = torch.tensor([x.data for x in xs], dtype=torch.float64, requires_grad=True)
    p = [torch.tensor(numbers, dtype=torch.float64, requires_grad=True) for numbers in ours.state_dict().values()]
    (getattr(torch.nn.functional, kind)(x, (5,), *p, eps=0.01) ** 2).sum().backward()
    assert [x.grad for x in xs] == pytest.approx(x.grad.tolist(), **CLOSE)
    assert [w.grad for w in ours.parameters()] == pytest.approx([g for w in p for g in w.grad.tolist()], **CLOSE)


# What each position sees ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [dict(), dict(blocks=2, norm="layer", bias=True)], ids=str)
def test_keys_and_values_of_the_past_give_the_same_as_the_whole_sequence(form):
    gpt = randomized(GPT(5, 4, 2, length=7, **form))
    tokens = [0, 3, 1, 4, 2, 2]
    whole = gpt.run(tokens)
    past = None
    for token in tokens:
        past = gpt.run([token], past)
    assert past.states.keys() == whole.states.keys()
    for name, steps_of in whole.states.items():
        assert [node.data for node in flat(past.states[name])] == [node.data for node in flat(steps_of)], name
    sum_(whole.outputs[-1]).backward()
    expected = [p.grad for p in gpt.parameters()]
    gpt.zero_grad()
    sum_(past.outputs[-1]).backward()
    assert [p.grad for p in gpt.parameters()] == pytest.approx(expected, **CLOSE)


def test_a_causal_position_sees_none_after_it_and_another_all():
    for causal in (True, False):
        attention = randomized(SelfAttention(4, 2, causal=causal))
        xs = [[Value(x) for x in row] for row in vectors(3, 4)]
        run = attention.run(xs)
        assert [len(weights) for position in run.states["att"] for weights in position] == (
            [1, 1, 2, 2, 3, 3] if causal else [3] * 6
        )
        sum_(run.outputs[0]).backward()
        assert [any(x.grad for x in row) for row in xs] == [True, not causal, not causal]


def test_weights_of_each_head_sum_to_one_and_come_from_its_own_part():
    attention = randomized(SelfAttention(6, 3))
    xs = vectors(2, 6)
    before = attention.run(xs)
    for weights in before.states["att"][1]:
        assert sum(weight.data for weight in weights) == pytest.approx(1.0, rel=1e-15)
    for row in attention.W_q[2:4]:  # head 1
        row[0].data += 1.0
    after = attention.run(xs)
    changed = [[x.data != y.data for x, y in zip(*both)] for both in zip(before.states["score"][1], after.states["score"][1])]
    assert changed == [[False] * 2, [True] * 2, [False] * 2]


def test_a_mask_takes_what_it_covers_out_of_the_sum():
    attention = randomized(SelfAttention(4, 2))
    run = attention.run(vectors(3, 4))
    q, keys, values = run.states["q"][1], run.states["k"], run.states["v"]
    masked = attention.attend(q, keys, values, mask=[0.0, 0.0, -1e30])
    assert [unit.data for unit in masked["o"]] == pytest.approx([unit.data for unit in run.outputs[1]], rel=1e-15)
    assert masked["att"][0][2].data == 0.0


def test_without_biases_and_weights_of_norms_there_are_none():
    names = [name for name, _ in GPT(3, 4, 2, length=5).named_parameters()]
    assert not [name for name in names if ".b_" in name or "norm" in name]
    names = GPT(3, 4, 2, length=5, norm="layer", bias=True).state_dict()
    assert {"norm.weight", "norm.bias", "blocks.0.norm_a.bias", "blocks.0.attention.b_q", "blocks.0.b_up"} < names.keys()
    assert "norm.bias" not in GPT(3, 4, 2, length=5, norm="layer").state_dict()


# Parameters -----------------------------------------------------------------------------------------------------------


def test_parameters_are_given_by_the_names_of_state_dict(tmp_path):
    form = dict(norm="layer", bias=True, blocks=2, length=5)
    first = randomized(GPT(3, 4, 2, **form))
    same = GPT(3, 4, 2, parameters=first.state_dict(), **form)
    assert same.state_dict() == first.state_dict()
    shared = [[Value(0.5) for _ in range(4)] for _ in range(3)]
    tied = GPT(3, 4, 2, parameters={"wte": shared, "lm": shared}, length=5)
    assert tied.lm[0][0] is tied.wte[0][0] is shared[0][0]
    first.save(tmp_path / "gpt.json")
    other = GPT(3, 4, 2, **form)
    other.load(tmp_path / "gpt.json")
    assert other.state_dict() == first.state_dict()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SelfAttention(6, 4), "4 heads cannot share 6 numbers"),
        (lambda: SelfAttention(6, 0), "attention needs at least one head, got 0"),
        (lambda: GPT(3, 4, 2, parameters={"wta": []}), r"unknown parameters \['wta'\]"),
        (lambda: GPT(3, 4, 2, parameters={"blocks.0.attention.W_x": []}), r"unknown parameters \['W_x'\]"),
        (lambda: GPT(3, 4, 2, parameters={"blocks.1.W_up": []}), r"unknown parameters \['blocks.1.W_up'\]"),
        (lambda: Block(-1), "a block needs at least one number, got -1"),
        *[
            (lambda eps=eps: RMSNorm(2, eps), f"a norm needs a finite eps of at least 0, got {eps!r}")
            for eps in (-1.0, "x", math.inf)
        ],
        (lambda: GPT(3, 4, 2, norm="batch"), "unknown norm 'batch': 'rms' or 'layer'"),
        (lambda: GPT(3, 4, 2, activation="rely"), "unknown activation 'rely'"),
        (lambda: GPT(3, 4, 2, length=2)([0, 1, 2]), "this GPT has 2 positions, got 3 tokens"),
        (lambda: GPT(3, 4, 2)([0, 3]), "the token 3 is not a place from 0 to 2"),
        (lambda: GPT(3, 4, 2)([[0.0, 1.0]]), "a token is one of 3, or as many numbers; got 2 numbers"),
        (lambda: GPT(3, 4, 2)([]), "a GPT needs a sequence of at least one position"),
        (lambda: SelfAttention(4)([[1.0]]), "this SelfAttention is for 4 numbers a position, got 1"),
        (lambda: (gpt := GPT(3, 4, 2, causal=False)).run([1], gpt.run([0])), "without causal=True each position looks at all"),
    ],
)
def test_what_does_not_fit_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SelfAttention(4, 2.0), "attention needs a whole number of heads, got 2.0"),
        (lambda: Block(2.5), "a block needs a whole number of numbers, got 2.5"),
        (lambda: GPT("abc", 4, 2), "a GPT needs a whole number of tokens, got 'abc'"),
        (lambda: GPT(3, 4, 2, parameters=[[1.0]]), "parameters are given by name, as in a state_dict; got a list"),
        (lambda: LayerNorm(2, parameters=3.0), "parameters are given by name"),
        (lambda: GPT(3, 4, 2)(None), "a GPT reads a sequence of positions, got None"),
        (lambda: GPT(3, 4, 2).run([0], past=3), "past is what `run` gave for the positions before these, got 3"),
    ],
)
def test_what_is_of_another_kind_is_named(make, message):
    with pytest.raises(TypeError, match=message):
        make()


def test_a_past_of_another_model_is_refused():
    one, two = [GPT(3, 4, 2, blocks=blocks, length=4, rng=0) for blocks in (1, 2)]
    for model, past in ((one, two.run([0])), (two, one.run([0]))):
        with pytest.raises(ValueError, match="the past is a run of another model: it has no states"):
            model.run([1], past)


# Names, pictures, derivations -----------------------------------------------------------------------------------------


def test_every_number_on_the_way_is_labelled_in_its_part():
    gpt = GPT(5, 4, 2, blocks=2, length=3, rng=0)
    run = gpt.run([0, 1, 2])
    q, weight = run.states["q2"][1][3], run.states["att1"][2][1][0]
    assert (q.label, [scope.title for scope in q.scope.path]) == ("q2_2[3]", ["t = 2", "block 2", "attention", "head 1"])
    assert (weight.label, [scope.title for scope in weight.scope.path]) == (
        "att1_3,1[1]",
        ["t = 3", "block 1", "attention", "head 1"],
    )
    assert (weight.scope.path[0].time, weight.scope.key, weight.scope.role) == (3, 1, "att1")
    for name, positions in run.states.items():
        if name.startswith("resid_pre"):  # nodes of what is before
            continue
        for t, nodes in enumerate(positions, 1):
            assert all(node.label.startswith(f"{name}_{t}") and node.scope.role == name for node in flat(nodes)), name
    one = SelfAttention(2).run(vectors(3, 2))
    assert [node.label for node in one.states["att"][2][0]] == ["att_3,1", "att_3,2", "att_3,3"]


def test_pictures_rolled_and_unrolled_derivations_and_steps_name_the_nodes():
    attention = randomized(SelfAttention(2))
    loss = sum_(attention.run(vectors(3, 2)).outputs[-1])
    loss.backward()
    assert "att_3,1" in draw(loss).source
    rolled = draw(loss, rolled=True).svg()
    assert ">att = softmax<" in rolled and "att_3,1" not in rolled
    text = str(explain(loss, attention.W_q[0][0]))
    assert "∂score_3,1/∂qk_3,1" in text and "q_3[0]" in text and "“" not in text
    assert r"\mathrm{att}_{3,1}" in explain(loss, attention.W_q[0][0]).latex()
    assert any("att_3,1" in str(step) for step in steps(loss))


def test_a_graph_of_a_sequence_is_freed_and_nothing_of_the_model_is_kept():
    gpt = GPT(5, 4, 2, length=3, rng=0)
    with no_grad():
        assert not gpt([0, 1])[0][0].parents
    loss = mean_loss(gpt, [0, 1, 2])
    assert {node for node in topological_order(loss) if not node.parents} >= set(gpt.wte[0])


def test_a_block_alone_adds_attention_and_feed_forward_to_its_stream():
    block = Block(2, parameters={"attention.W_o": [[0.0] * 2] * 2, "W_down": [[0.0] * 8] * 2}, rng=0)
    xs = vectors(3, 2)
    assert [[unit.data for unit in position] for position in block(xs)] == xs
