"""Layers as PyTorch has them: outputs and gradients of its modules, recorded (data/pytorch.json), are ours."""

import copy
import json
import math
import random
import shutil
from pathlib import Path

import pytest
from golden import flat

import nn
from autograd_lite import Value, draw, relu, sum_, tanh, topological_order, trace
from nn import MLP, RNN, SGD, Dropout, Embedding, Linear, Module, RNNCell, Sequential, cross_entropy, mse, train
from nn.exchange.pytorch import from_torch_state_dict, to_torch_state_dict
from nn.exchange.twins import from_twin, to_jax, to_torch

CASES = json.loads((Path(__file__).parent.parent / "data" / "pytorch.json").read_text(encoding="utf-8"))["layers"]
MODELS = {
    "tanh": lambda: Sequential(Linear(3, 4, rng=0), nn.Tanh(), Linear(4, 2, rng=1)),
    "several at once": lambda: Sequential(Linear(3, 2, rng=0), nn.Sigmoid()),
    "no bias, relu, softmax": lambda: Sequential(Linear(2, 5, bias=False, rng=0), nn.ReLU(), Linear(5, 3, rng=0), nn.Softmax()),
    "tokens": lambda: Sequential(Embedding(5, 3, rng=0), Linear(3, 4, rng=0), nn.GELU(), Linear(4, 2, rng=0)),
    "nested": lambda: Sequential(Linear(2, 3, rng=0), Sequential(nn.SiLU(), Linear(3, 3, rng=0)), nn.Softplus(), nn.Identity()),
    "dropout after eval": lambda: Sequential(Linear(2, 3, rng=0), Dropout(0.7), nn.Tanh()).eval(),
    "linear": lambda: Linear(2, 3, rng=0),
    "embedding": lambda: Embedding(4, 2, rng=0),
}
# some ten operations of numbers of size 1, in another order, with tanh and exp of another library
CLOSE = dict(rel=1e-14, abs=1e-15)


def data(nest):
    return [data(item) for item in nest] if isinstance(nest, list) else nest.data


def loss(outputs, target=None):
    return sum_([(y + 0.5) ** 2 for y in flat(outputs)])


@pytest.mark.parametrize("name", CASES)
def test_outputs_and_gradients_are_those_of_pytorch(name):
    model, case = MODELS[name](), CASES[name]
    from_torch_state_dict(model, case["state"])
    outputs = model(case["x"])
    assert flat(data(outputs)) == pytest.approx(flat(case["outputs"]), **CLOSE)
    assert [type(row) for row in data(outputs)] == [type(row) for row in case["outputs"]]
    loss(outputs).backward()
    for parameter in model.parameters():
        parameter.data = parameter.grad
    found = to_torch_state_dict(model)
    assert found.keys() == case["grads"].keys()
    for key, grads in case["grads"].items():
        assert flat(found[key]) == pytest.approx(flat(grads), rel=1e-13, abs=1e-14), key


@pytest.mark.parametrize("name", CASES)
def test_parameters_are_those_of_pytorch_by_name_and_shape(name):
    """The state itself is PyTorch's, and comes back from a file."""
    model = MODELS[name]()
    model.load_state_dict(CASES[name]["state"])
    assert model.state_dict() == to_torch_state_dict(model) == CASES[name]["state"]


def test_a_state_of_another_shape_or_name_is_refused_and_nothing_changed():
    model = MODELS["tanh"]()
    before = model.state_dict()
    for change, message in (
        ({"0.weight": [[1.0]]}, r"'0.weight' has shape \(1, 1\), not \(4, 3\)"),
        ({"1.weight": 1.0}, "unexpected '1.weight'"),
        ({"2.bias": [0.0, math.nan]}, "'2.bias' is not a nest of finite numbers"),
    ):
        with pytest.raises(ValueError, match=f"PyTorch's parameters do not fit this Sequential: {message}"):
            from_torch_state_dict(model, CASES["tanh"]["state"] | change)
        assert model.state_dict() == before


def test_parts_of_other_kinds_have_their_own_names_in_pytorch():
    model = Sequential(MLP([2, 3, 2], rng=0), nn.Tanh(), nn.LayerNorm(2))
    state = to_torch_state_dict(model)
    assert list(state) == ["0.0.weight", "0.0.bias", "0.2.weight", "0.2.bias", "2.weight", "2.bias"]
    other = Sequential(MLP([2, 3, 2], rng=1), nn.Tanh(), nn.LayerNorm(2))
    from_torch_state_dict(other, state)
    assert other.state_dict() == model.state_dict()
    with pytest.raises(ValueError, match="PyTorch has no module for a Sum"):
        to_torch_state_dict(Sequential(Linear(2, 2), type("Sum", (Module,), {})()))


def test_a_part_that_is_there_twice_has_one_set_of_parameters():
    twice = Linear(2, 2, rng=0)
    model, other = Sequential(twice, tanh, twice), Linear(2, 2, rng=1)
    assert list(model.state_dict()) == ["0.weight", "0.bias"]
    assert list(to_torch_state_dict(model)) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    twin = Sequential(other, "tanh", other)
    from_torch_state_dict(twin, to_torch_state_dict(model))
    assert data(twin([0.5, 1.0])) == data(model([0.5, 1.0]))


# Programs, files, twins ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", ["python", "numpy", "c"])
@pytest.mark.parametrize("name", CASES)
def test_a_step_as_a_program_is_the_ordinary_pass(name, dialect):
    if dialect == "numpy":
        pytest.importorskip("numpy")
    if dialect == "c" and shutil.which("cc") is None:
        pytest.skip("the dialect c needs a C compiler")
    model, case = MODELS[name](), CASES[name]
    step = model.compile(loss, (case["x"], 0.0), dialect=dialect)
    xs = [case["x"]]
    if name in ("tokens", "embedding"):  # other places go through the same program
        xs.append([0, 0, 2, 3] if name == "tokens" else [[0, 2], [3, 1]])
    for x in xs:
        model.zero_grad()
        total = loss(model(x))
        total.backward()
        found, gradients = step(x, 0.0)
        assert float(found) == pytest.approx(total.data, rel=1e-12)
        assert list(gradients) == pytest.approx([p.grad for p in model.parameters()], rel=1e-12, abs=1e-13)
    assert len(step.programs) == 1


@pytest.mark.parametrize("name", CASES)
def test_a_file_and_a_copy_are_exact(name, tmp_path):
    model, other = MODELS[name](), MODELS[name]()
    model.load_state_dict(CASES[name]["state"])
    model.save(tmp_path / "layers.json")
    other.load(tmp_path / "layers.json")
    for again in (other, copy.deepcopy(model)):
        assert again.state_dict() == model.state_dict() and repr(again) == repr(model)
        assert data(again(CASES[name]["x"])) == data(model(CASES[name]["x"]))


@pytest.mark.parametrize("name", CASES)
def test_twin_in_pytorch_is_the_same_in_outputs_and_gradients(name):
    torch = pytest.importorskip("torch", reason="twins in PyTorch need the extra `torch`")
    model, case = MODELS[name](), CASES[name]
    model.load_state_dict(case["state"])
    twin = to_torch(model)
    x = torch.tensor(case["x"], dtype=None if name in ("tokens", "embedding") else torch.float64)
    outputs = twin(x)
    ((outputs + 0.5) ** 2).sum().backward()
    assert flat(outputs.tolist()) == pytest.approx(flat(case["outputs"]), rel=1e-12)
    for key, parameter in twin.named_parameters():
        assert flat(parameter.grad.tolist()) == pytest.approx(flat(case["grads"][key]), rel=1e-12, abs=1e-13)
    assert flat(twin(torch.stack([x, x])).tolist()) == pytest.approx(2 * flat(case["outputs"]), rel=1e-12)
    other = MODELS[name]()
    from_twin(other, twin.state_dict())
    assert other.state_dict() == model.state_dict()


@pytest.mark.parametrize("name", CASES)
def test_twin_in_jax_is_the_same_in_outputs_and_gradients(name):
    jax = pytest.importorskip("jax", reason="twins in JAX need the extra `jax`")
    jax.config.update("jax_enable_x64", True)
    model, case = MODELS[name](), CASES[name]
    model.load_state_dict(case["state"])
    params, apply = to_jax(model)
    x = jax.numpy.array(case["x"])
    assert flat(jax.jit(apply)(params, x).tolist()) == pytest.approx(flat(case["outputs"]), rel=1e-12)
    grads = jax.grad(lambda params: ((apply(params, x) + 0.5) ** 2).sum())(params)
    assert {key: flat(grad.tolist()) for key, grad in grads.items()} == {
        key: pytest.approx(flat(grad), rel=1e-12, abs=1e-13) for key, grad in case["grads"].items()
    }


def test_an_embedding_in_a_twin_takes_vectors_too():
    torch = pytest.importorskip("torch", reason="twins in PyTorch need the extra `torch`")
    embedding = MODELS["embedding"]()
    vector = [0.5, -1.0, 0.0, 2.0]
    found = to_torch(embedding)(torch.tensor(vector, dtype=torch.float64))
    assert found.tolist() == pytest.approx(data(embedding(vector)), rel=1e-14)


def test_parts_without_a_twin_are_named():
    pytest.importorskip("torch", reason="twins in PyTorch need the extra `torch`")

    class Own(Linear):
        def forward(self, x):
            return x

    for part, message in ((RNN(RNNCell(2, 2)), "RNN"), (Own(2, 2), "Own"), (MLP([2, 2]), "MLP")):
        with pytest.raises(ValueError, match=f"a {message} has no twin among layers, or has a forward of its own"):
            to_torch(Sequential(Linear(2, 2), part))


# Dropout ---------------------------------------------------------------------------------------------------------------


def test_dropout_leaves_out_and_enlarges_what_its_generator_draws():
    xs, rng = [Value(float(k)) for k in range(1, 101)], random.Random(3)
    kept = [rng.random() >= 0.3 for _ in xs]
    outs = Dropout(0.3, rng=3)(xs)
    assert [out.data for out in outs] == [x.data * (1 / 0.7) if keep else 0.0 for x, keep in zip(xs, kept)]
    sum_(outs).backward()
    assert [x.grad for x in xs] == [1 / 0.7 if keep else 0.0 for keep in kept]
    assert 50 < sum(kept) < 90


def test_dropout_draws_others_in_each_pass_and_the_same_from_the_same_seed():
    xs = [float(k) for k in range(1, 21)]
    dropout, again = Dropout(rng=0), Dropout(rng=0)
    passes = [data(dropout(xs)) for _ in range(5)]
    assert len(set(map(tuple, passes))) == 5
    assert passes == [data(again(xs)) for _ in range(5)]


def test_after_eval_nothing_is_left_out_and_after_train_it_is_again():
    model = Sequential(Linear(2, 50, rng=0), Dropout(0.5, rng=0))
    plain = data(model[0]([1.0, 2.0]))
    assert data(model.eval()([1.0, 2.0])) == plain
    assert data(model.train()([1.0, 2.0])).count(0.0) > 10
    assert 0.0 not in plain


@pytest.mark.parametrize("p, expected", [(0.0, [1.0, 2.0]), (1.0, [0.0, 0.0]), (0, [1.0, 2.0])])
def test_dropout_of_nothing_and_of_all(p, expected):
    assert data(Dropout(p)([1.0, 2.0])) == expected


@pytest.mark.parametrize("p", [-0.1, 1.1, math.nan, "0.5", None, True])
def test_a_probability_that_is_none_is_refused(p):
    with pytest.raises(ValueError, match=f"Dropout needs a probability p from 0 to 1, got {p!r}"):
        Dropout(p)


@pytest.mark.parametrize("p", [0.5, 0.001])
def test_dropout_is_refused_by_name_where_a_program_is_made(p):
    """Whatever is drawn: of one unit it is nearly always the same."""
    model = Sequential(Linear(1, 1, rng=0), Dropout(p, rng=0))
    message = rf"Dropout\(p={p}\) leaves out other units in each pass.*call eval\(\) first"
    example = ([1.0], [0.5])
    with pytest.raises(ValueError, match=message):
        model.compile(mse, example, dialect="python")
    with pytest.raises(ValueError, match=message):
        train(model, [example], mse, compiled="python", progress=False)
    with pytest.raises(ValueError, match=message):
        trace(lambda x: model(x), [[1.0]])
    step = model.eval().compile(mse, example, dialect="python")
    assert step([2.0], [0.5])[0] == mse(model([2.0]), [0.5]).data


def test_dropout_has_no_twin_while_training():
    pytest.importorskip("torch", reason="twins in PyTorch need the extra `torch`")
    with pytest.raises(ValueError, match=r"Dropout\(p=0.5\) leaves out other units in each pass.*call eval"):
        to_torch(Sequential(Linear(2, 2), Dropout()))


def test_a_network_with_dropout_learns():
    examples = [([0.0, 1.0], 1), ([1.0, 0.0], 0)]
    model = Sequential(Linear(2, 8, rng=0), "tanh", Dropout(0.2, rng=1), Linear(8, 2, rng=2))
    train(model, examples, cross_entropy, optimizer=SGD(model.parameters(), lr=0.5), steps=60, progress=False)
    model.eval()
    assert all(cross_entropy(model(x), t).data < 0.1 for x, t in examples)


# Parts -----------------------------------------------------------------------------------------------------------------


def test_weights_are_drawn_as_in_pytorch():
    """Uniform in +-1/sqrt(n_in), biases too; rows of an embedding are normal, of deviation 1."""
    layer, table = Linear(16, 200, rng=0), Embedding(100, 40, rng=0)
    for numbers in (flat(data(layer.weight)), data(layer.bias)):
        assert max(map(abs, numbers)) <= 0.25 and max(numbers) > 0.24 and min(numbers) < -0.24
        assert sum(x * x for x in numbers) / len(numbers) == pytest.approx(0.0625 / 3, rel=0.2)
    numbers = flat(data(table.weight))
    assert sum(numbers) / 4000 == pytest.approx(0.0, abs=0.05) and sum(x * x for x in numbers) / 4000 == pytest.approx(
        1.0, rel=0.1
    )
    assert data(Linear(2, 3, init="he", rng=0).bias) == [0.0] * 3
    assert data(Linear(2, 3, rng=random.Random(5)).weight) == data(Linear(2, 3, rng=5).weight)


def test_parameters_may_be_given_and_shared():
    w = Value(2.0, "tied")
    first = Linear(1, 1, parameters={"weight": [[w]], "bias": [0.5]})
    second = Linear(1, 1, bias=False, parameters={"weight": [[w]]})
    model = Sequential(first, second)
    assert model([3.0])[0].data == 2.0 * (2.0 * 3.0 + 0.5) and w.label == "tied"
    assert len(model.parameters()) == 2


def test_activations_by_name_function_and_class_are_the_same():
    for layer in (nn.Tanh(), "tanh", tanh, lambda x: x.tanh()):
        assert data(Sequential(layer)([0.5, -2.0])) == [math.tanh(0.5), math.tanh(-2.0)]
    assert data(Sequential("softmax")([1.0, 1.0])) == [0.5, 0.5]
    assert nn.ReLU()(Value(-1.0)).data == 0.0 and nn.ReLU()(2.0).data == 2.0
    assert data(Sequential(relu)([[1.0, -1.0], [-2.0, 3.0]])) == [[1.0, 0.0], [0.0, 3.0]]


def test_labels_and_frames_say_where_a_node_is():
    model = Sequential(Linear(2, 3, rng=0), nn.Tanh(), Sequential(Linear(3, 1, rng=0)))
    (out,) = model([1.0, 2.0])
    nodes = topological_order(out)
    labels = [node.label for node in nodes]
    for label in ("i1", "weight_0[1,0]", "bias_0[2]", "net_0[1]", "out_1[2]", "weight_2.0[0,1]", "net_2.0[0]"):
        assert label in labels, label
    assert len(set(labels)) == len(labels)
    titles = {node.scope.title for node in nodes if node.parents}
    assert titles == {"0: linear 2 → 3", "1: tanh", "2.0: linear 3 → 1"}
    svg = draw(out).svg()
    assert all(title in svg for title in titles)


def test_the_rows_of_an_embedding_are_its_parameters():
    embedding = Embedding(3, 2, rng=0)
    assert embedding(1) == embedding.weight[1]
    embedding(1).append(Value(0.0))  # a list of one's own
    assert len(embedding.weight[1]) == 2
    sum_([*embedding(1), *embedding(1)]).backward()
    assert [[x.grad for x in row] for row in embedding.weight] == [[0.0, 0.0], [2.0, 2.0], [0.0, 0.0]]


def test_arrays_are_inputs():
    np = pytest.importorskip("numpy", reason="arrays are NumPy's")
    model, table = MODELS["tanh"](), Embedding(5, 3, rng=0)
    assert data(model(np.array([0.5, -1.0, 2.0]))) == data(model([0.5, -1.0, 2.0]))
    assert data(model(np.array([[0.5, -1.0, 2.0]]))) == data(model([[0.5, -1.0, 2.0]]))
    assert data(table(np.array([4, 0]))) == data(table([4, 0])) and data(table(np.int64(2))) == data(table(2))


def test_sequential_is_a_sequence_of_its_parts():
    parts = [Linear(2, 3), nn.Tanh(), Linear(3, 1)]
    model = Sequential(*parts)
    assert list(model) == parts and len(model) == 3 and model[1] is parts[1] and model[-1] is parts[2]
    with pytest.raises(IndexError):
        model[3]
    assert data(Sequential()([1.0])[:0]) == [] and Sequential()([1.0]) == [1.0]


@pytest.mark.parametrize(
    "make, error, message",
    [
        (lambda: Linear(2, 2)([1.0]), ValueError, "this Linear has 2 inputs, got 1"),
        (lambda: Linear(2, 2)([[1.0, 2.0], [1.0]]), ValueError, "this Linear has 2 inputs, got 1"),
        (lambda: Linear(2, 2)([]), ValueError, "this Linear has 2 inputs, got 0"),
        (lambda: Linear(2, 2)(1.0), TypeError, "the inputs are a list of numbers or Values, got 1.0"),
        (lambda: Linear(0, 2), ValueError, "Linear needs at least one input, got 0"),
        (lambda: Linear(2, 0), ValueError, "Linear needs at least one output, got 0"),
        (lambda: Linear(2, 2, init="?"), ValueError, "unknown init"),
        (lambda: Linear(2, 1, parameters={"weights": [[1.0, 2.0]]}), ValueError, "unknown parameters .*weight, bias"),
        (lambda: Linear(2, 1, parameters={"weight": [[1.0]]}), ValueError, "the parameter 'weight' needs 2 numbers"),
        (lambda: Embedding(0, 2), ValueError, "at least one place"),
        (lambda: Embedding(3, 2)(3), ValueError, "the place 3 is not a place from 0 to 2"),
        (lambda: Embedding(3, 2)([0, -1]), ValueError, "the place -1 is not a place from 0 to 2"),
        (lambda: Embedding(3, 2)([0.5, 0.5]), ValueError, "has 3 places: it takes one, or 3 numbers; got 2 numbers"),
        (lambda: Embedding(3, 2)([]), ValueError, "has 3 places"),
        (lambda: Sequential([Linear(2, 2)]), TypeError, "one by one, but number 0 is"),
        (lambda: Sequential(Linear(2, 2), 5), TypeError, "one by one, but number 1 is 5"),
        (lambda: Sequential("tahn"), ValueError, "unknown activation 'tahn'"),
    ],
)  # fmt: skip
def test_what_does_not_fit(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize(
    "make",
    [lambda: Sequential(Linear(2, 3), nn.Tanh), lambda: nn.MLP([2, 2, 1], nn.ReLU), lambda: nn.Layer(2, 1, nn.Sigmoid)],
    ids=["Sequential", "MLP", "Layer"],
)
def test_the_class_of_an_activation_is_refused_where_it_is_given(make):
    with pytest.raises(TypeError, match=r"(\w+) is a class: .* such as \1\(\)"):
        make()
