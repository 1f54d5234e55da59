"""Attention, norms, blocks and GPTs in PyTorch and JAX: names, layout, outputs and every gradient."""

import copy
import random

import pytest
from golden import flat

from autograd_lite import sum_, topological_order
from autograd_lite.nn import (
    GPT,
    Block,
    LayerNorm,
    Linear,
    RMSNorm,
    SelfAttention,
    Sequential,
    from_torch_state_dict,
    from_twin,
    half_squared_error,
    sequence_cross_entropy,
    to_jax,
    to_torch,
    to_torch_state_dict,
)

# Sums of some hundred terms of size up to 10, in another order
CLOSE = dict(rel=1e-12, abs=1e-12)


def randomized(model, seed=1):
    rng = random.Random(seed)
    for parameter in model.parameters():
        parameter.data = rng.uniform(-1, 1)
    return model


def numbers(*shape, seed=2):
    rng = random.Random(seed)

    def nest(sizes):
        return [nest(sizes[1:]) for _ in range(sizes[0])] if sizes else rng.uniform(-2, 2)

    return nest(shape)


def data(nest):
    return [unit.data for unit in flat(nest)]


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="needs the extra `torch`")


@pytest.fixture
def jax():
    jax = pytest.importorskip("jax", reason="needs the extra `jax`")
    jax.config.update("jax_enable_x64", True)
    return jax


# PyTorch's modules ----------------------------------------------------------------------------------------------------


def loaded(torch, module, model):
    """PyTorch's module with our parameters, which it also gives back."""
    module = module.double()
    state = to_torch_state_dict(model)
    module.load_state_dict({name: torch.tensor(x, dtype=torch.float64) for name, x in state.items()}, strict=True)
    other = randomized(copy.deepcopy(model), seed=9)
    from_torch_state_dict(other, module.state_dict())
    assert other.state_dict() == model.state_dict()
    return module


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("causal", [True, False])
def test_attention_is_multihead_attention(torch, causal, bias):
    ours = randomized(SelfAttention(6, 3, causal=causal, bias=bias))
    theirs = loaded(torch, torch.nn.MultiheadAttention(6, 3, bias=bias, batch_first=True), ours)
    xs = numbers(4, 6)
    x = torch.tensor([xs], dtype=torch.float64)
    mask = torch.nn.Transformer.generate_square_subsequent_mask(4, dtype=torch.float64) if causal else None
    out, weights = theirs(x, x, x, attn_mask=mask, average_attn_weights=False)
    run = ours.run(xs)
    assert data(run.outputs) == pytest.approx(out.flatten().tolist(), **CLOSE)
    for head in range(3):
        for t in range(4):
            found = [weight.data for weight in run.states["att"][t][head]]
            assert found == pytest.approx(weights[0, head, t, : len(found)].tolist(), **CLOSE)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_a_block_is_a_layer_of_pytorchs_transformer(torch, activation, bias):
    ours = randomized(Block(4, 2, 5, activation=activation, norm="layer", bias=bias, causal=False))
    layer = torch.nn.TransformerEncoderLayer(
        4, 2, 5, dropout=0.0, activation=activation, norm_first=True, batch_first=True, bias=bias
    )
    theirs = loaded(torch, layer, ours)
    xs = numbers(3, 4)
    out = theirs(torch.tensor([xs], dtype=torch.float64))
    assert data(ours(xs)) == pytest.approx(out.flatten().tolist(), **CLOSE)
    sum_([unit * unit for row in ours(xs) for unit in row]).backward()
    (out**2).sum().backward()
    gradients = copy.deepcopy(ours)
    from_torch_state_dict(gradients, {name: p.grad for name, p in theirs.named_parameters()})
    assert [p.grad for p in ours.parameters()] == pytest.approx([p.data for p in gradients.parameters()], **CLOSE)


def test_norms_are_pytorchs(torch):
    loaded(torch, torch.nn.RMSNorm(3), randomized(RMSNorm(3)))
    loaded(torch, torch.nn.LayerNorm(3), randomized(LayerNorm(3)))
    loaded(torch, torch.nn.LayerNorm(3, bias=False), randomized(LayerNorm(3, bias=False)))


NORMS = [
    LayerNorm(3),
    LayerNorm(3, bias=False),
    LayerNorm(3, elementwise_affine=False),
    RMSNorm(3, eps=0.01),
    RMSNorm(3, 0.1, False),
]


@pytest.mark.parametrize("norm", NORMS, ids=repr)
def test_norms_among_layers_are_pytorchs_there_and_in_both_twins(torch, jax, norm):
    model = randomized(Sequential(Linear(2, 3, rng=0), copy.deepcopy(norm), "tanh", Linear(3, 2, rng=1)))
    kind = getattr(torch.nn, type(norm).__name__)
    options = {"eps": norm.eps, "elementwise_affine": norm.elementwise_affine}
    options |= {"bias": norm.has_bias} if isinstance(norm, LayerNorm) else {}
    layers = torch.nn.Linear(2, 3), kind(3, **options), torch.nn.Tanh(), torch.nn.Linear(3, 2)
    module, twin, there = loaded(torch, torch.nn.Sequential(*layers), model), to_torch(model), to_jax(model)
    xs = numbers(4, 2)
    outputs = model(xs)
    sum_([y * y for row in outputs for y in row]).backward()
    grads = [p.grad for p in model.parameters()]
    for theirs in (module, twin):
        out = theirs(torch.tensor(xs, dtype=torch.float64))
        assert out.flatten().tolist() == pytest.approx(data(outputs), **CLOSE)
        (out**2).sum().backward()
        assert [g for p in theirs.parameters() for g in p.grad.flatten().tolist()] == pytest.approx(grads, **CLOSE)
    params, apply = there
    gradient = jax.grad(lambda params: (apply(params, jax.numpy.array(xs)) ** 2).sum())(params)
    found = copy.deepcopy(model)
    from_twin(found, gradient)
    assert [p.data for p in found.parameters()] == pytest.approx(grads, **CLOSE)


@pytest.mark.parametrize("dialect", ["python", "c"])
def test_a_norm_among_layers_has_programs(dialect):
    model = randomized(Sequential(Linear(2, 3, rng=0), LayerNorm(3), "relu", Linear(3, 1, rng=1), RMSNorm(1)))
    loss, gradient = model.compile(half_squared_error, ([0.5, -1.0], [0.3]), dialect)([0.7, 0.2], [0.9])
    eager = half_squared_error(model([0.7, 0.2]), [0.9])
    eager.backward()
    assert (loss, *gradient) == pytest.approx((eager.data, *[p.grad for p in model.parameters()]), **CLOSE)


def test_norms_among_layers_are_named_by_their_place_and_have_no_time():
    model = Sequential(LayerNorm(2), Linear(2, 2, rng=0), RMSNorm(2))
    assert [parameter.label for parameter in model.parameters()][:4] == ["weight_0[0]", "weight_0[1]", "bias_0[0]", "bias_0[1]"]
    out = model([0.5, 1.0])
    labels = {node.label: node for node in topological_order(out[0])}
    assert {"norm_mean_0", "norm_scale_0", "norm_0[1]", "norm_scale_2", "norm_2[0]"} < labels.keys()
    assert [part.title for part in labels["norm_scale_2"].scope.path] == ["2: RMS norm 2"]
    assert all(part.time is None for node in labels.values() if hasattr(node, "scope") for part in node.scope.path)
    assert [y.label for y in RMSNorm(2)([1.0, 2.0])] == ["norm[0]", "norm[1]"]
    with pytest.raises(ValueError, match="this LayerNorm is for 2 numbers a position, got 3"):
        model([0.5, 1.0, 1.5])


def test_a_norm_that_computes_otherwise_has_no_twin(torch):
    class Halved(RMSNorm):
        def _row(self, xs):
            return [x / 2 for x in super()._row(xs)]

    with pytest.raises(ValueError, match="a Halved has no twin"):
        to_torch(Sequential(Halved(2)))


def test_names_of_a_gpt_in_pytorch():
    names = to_torch_state_dict(GPT(5, 4, 2, blocks=2, length=3, norm="layer", bias=True))
    assert len(names["wte.weight"]) == 5 and len(names["blocks.1.self_attn.in_proj_weight"]) == 12
    assert {"norm.weight", "blocks.0.norm1.bias", "blocks.0.linear2.bias", "lm.weight"} < names.keys()
    gpt = randomized(GPT(5, 4, 2, length=3))
    other = GPT(5, 4, 2, length=3)
    from_torch_state_dict(other, to_torch_state_dict(gpt))
    assert other.state_dict() == gpt.state_dict()
    with pytest.raises(ValueError, match=r"missing 'lm\.weight'"):
        from_torch_state_dict(other, {k: v for k, v in to_torch_state_dict(gpt).items() if k != "lm.weight"})
    with pytest.raises(ValueError, match=r"in_proj_weight' has shape \(11, 4\), not \(12, 4\)"):
        state = to_torch_state_dict(gpt)
        from_torch_state_dict(
            other, state | {"blocks.0.self_attn.in_proj_weight": state["blocks.0.self_attn.in_proj_weight"][:11]}
        )


# Twins ----------------------------------------------------------------------------------------------------------------

FORMS = {
    "a block": dict(),
    "three blocks, LayerNorm, biases, gelu": dict(blocks=3, norm="layer", bias=True, activation="gelu"),
    "one head, all positions seen, no activation": dict(heads=1, causal=False, activation=None),
    "LayerNorm without biases": dict(norm="layer", blocks=2, activation="softplus"),
}
TOKENS, TARGETS = [3, 1, 4, 0], [1, 4, 0, 2]


@pytest.fixture(params=FORMS.values(), ids=FORMS)
def gpt(request):
    return randomized(GPT(**(dict(vocabulary=5, n=4, heads=2, length=6) | request.param)))


def expected(gpt):
    logits = gpt(TOKENS)
    sequence_cross_entropy(logits, TARGETS).backward()
    return data(logits), {name: [p.grad for p in flat(nest)] for name, nest in gpt._nests()}


def test_the_twin_in_pytorch_has_the_same_logits_and_gradients(torch, gpt):
    logits, gradients = expected(gpt)
    twin = to_torch(gpt)
    y = twin(torch.tensor([TOKENS, TOKENS]))
    assert y[1].flatten().tolist() == pytest.approx(logits, **CLOSE)
    one_hot = torch.nn.functional.one_hot(torch.tensor(TOKENS), 5).double()
    assert twin(one_hot).flatten().tolist() == pytest.approx(logits, **CLOSE)
    torch.nn.functional.cross_entropy(y[0], torch.tensor(TARGETS), reduction="sum").backward()
    for name, p in twin.named_parameters():
        assert p.grad.flatten().tolist() == pytest.approx(gradients[name], **CLOSE), name
    other = randomized(copy.deepcopy(gpt), seed=9)
    from_twin(other, twin.state_dict())
    assert other.state_dict() == gpt.state_dict()


def test_the_twin_in_jax_has_the_same_logits_and_gradients(jax, gpt):
    logits, gradients = expected(gpt)
    params, apply = to_jax(gpt)
    tokens, targets = jax.numpy.array(TOKENS), jax.numpy.array(TARGETS)

    def loss(params):
        y = apply(params, tokens)
        return -jax.numpy.take_along_axis(jax.nn.log_softmax(y, -1), targets[:, None], 1).sum(), y

    found, y = jax.jit(jax.grad(loss, has_aux=True))(params)
    assert y.flatten().tolist() == pytest.approx(logits, **CLOSE)
    for name, gradient in found.items():
        assert gradient.flatten().tolist() == pytest.approx(gradients[name], **CLOSE), name


@pytest.mark.parametrize(
    "model",
    [SelfAttention(4, 2, bias=True), Block(4, 2, norm="layer", bias=True), LayerNorm(4, eps=0.01), RMSNorm(4)],
    ids=lambda model: type(model).__name__,
)
def test_twins_of_the_parts(torch, jax, model):
    randomized(model)
    xs = numbers(3, 4)
    ours = [data(model(x)) for x in xs] if isinstance(model, RMSNorm) else [data(row) for row in model(xs)]
    assert to_torch(model)(torch.tensor([xs], dtype=torch.float64))[0].tolist() == [pytest.approx(row, **CLOSE) for row in ours]
    params, apply = to_jax(model)
    assert apply(params, jax.numpy.array(xs)).tolist() == [pytest.approx(row, **CLOSE) for row in ours]


def test_twins_of_workload_6_have_its_loss_and_gradient(torch, jax):
    model = GPT(27, 16, heads=4, blocks=1, length=16, rng=random.Random(42))
    document = [26, 16, 8, 12, 7, 24, 18, 4, 26]
    twin = to_torch(model)
    loss = torch.nn.functional.cross_entropy(twin(torch.tensor(document[:-1])), torch.tensor(document[1:]))
    loss.backward()
    params, apply = to_jax(model)
    targets = jax.numpy.array(document[1:])

    def mean(params):
        y = apply(params, jax.numpy.array(document[:-1]))
        return -jax.numpy.take_along_axis(jax.nn.log_softmax(y, -1), targets[:, None], 1).mean()

    other, gradient = jax.jit(jax.value_and_grad(mean))(params)
    assert [loss.item(), float(other)] == pytest.approx([3.4609528385965427] * 2, rel=1e-12)
    norm = 2.076506776773708
    assert sum((p.grad**2).sum().item() for p in twin.parameters()) ** 0.5 == pytest.approx(norm, rel=1e-12)
    assert sum(float((g**2).sum()) for g in gradient.values()) ** 0.5 == pytest.approx(norm, rel=1e-12)


def test_what_computes_something_else_has_no_twin(torch):
    class Other(Block):
        def feed(self, *args, **options):
            return super().feed(*args, **options)

    gpt = GPT(3, 4, 2)
    gpt.blocks[0] = Other(4, 2)
    with pytest.raises(ValueError, match="a Other has no twin"):
        to_torch(gpt)
