"""`Module`: parameters wherever they are kept, each once; train and eval; the repr."""

import random

import pytest

from autograd_lite import Value
from nn import (
    GPT,
    MLP,
    Block,
    Dropout,
    Embedding,
    GRUCell,
    Layer,
    Linear,
    LSTMCell,
    Module,
    Neuron,
    Readout,
    RNNCell,
    SelfAttention,
    SequenceModel,
    Sequential,
    Tanh,
    circles,
    moons,
    spiral,
    train,
    xor,
)
from nn.characters import CharacterModel, CharacterTask


class Part(Module):
    """A module of the given attributes."""

    def __init__(self, **things):
        vars(self).update(things)


def paths(module):
    return {name: parameter.data for name, parameter in module.named_parameters()}


def test_parameters_are_found_in_every_container_with_their_paths():
    module = Part(
        w=Value(1.0),
        rows=[[Value(2.0), Value(3.0)], [Value(4.0)]],
        pair=(Value(5.0), Part(b=Value(6.0))),
        named={"in": Value(7.0), 3: [Value(8.0)]},
        inner=Part(inner=Part(w=Value(9.0))),
        size=2, name="Value", nothing=None, numbers=[1.0, 2.0],
    )  # fmt: skip
    expected = [
        "w", "rows.0.0", "rows.0.1", "rows.1.0", "pair.0", "pair.1.b", "named.in", "named.3.0", "inner.inner.w",
    ]  # fmt: skip
    assert paths(module) == dict(zip(expected, range(1, 10), strict=True))
    assert [p.data for p in module.parameters()] == list(range(1, 10))  # in the order of the attributes


def test_paths_of_a_network():
    assert [name for name, _ in MLP([2, 2, 1], rng=0).named_parameters()][:4] == [
        "layers.0.neurons.0.weights.0",
        "layers.0.neurons.0.weights.1",
        "layers.0.neurons.0.bias",
        "layers.0.neurons.1.weights.0",
    ]


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (2, 3, 2)])
def test_parameters_in_arrays(shape):
    np = pytest.importorskip("numpy", reason="arrays of Values need NumPy")
    array = np.empty(shape, dtype=object)
    for number, index in enumerate(np.ndindex(*shape)):
        array[index] = Value(number)
    found = paths(Part(w=array, size=np.float64(2.0), mask=np.ones(2)))
    assert found == {".".join(map(str, ("w", *index))): number for number, index in enumerate(np.ndindex(*shape))}


def test_parameters_in_several_arrays_are_all_found():
    """Lists made while walking are freed, and another one may get the same id: it has not been seen all the same."""
    np = pytest.importorskip("numpy", reason="arrays of Values need NumPy")

    def array(first):
        return np.array([[Value(first + 2 * i + j) for j in range(2)] for i in range(3)], dtype=object)

    module = Part(**{f"w{k}": array(6 * k) for k in range(8)})
    assert [p.data for p in module.parameters()] == list(range(48))


def test_an_array_that_is_shared_counts_once():
    np = pytest.importorskip("numpy", reason="arrays of Values need NumPy")
    array = np.array([Value(1.0), Value(2.0)], dtype=object)
    assert paths(Part(a=array, b=[array, array[0]])) == {"a.0": 1.0, "a.1": 2.0}


def test_a_type_as_attribute_has_no_parameters():
    np = pytest.importorskip("numpy", reason="a NumPy type has the method tolist too")
    assert paths(Part(dtype=np.float64, w=Value(1.0))) == {"w": 1.0}


def test_what_is_shared_counts_once_under_its_first_path():
    w, rows = Value(1.0), [Value(2.0)]
    shared = Part(b=Value(3.0))
    module = Part(first=shared, w=w, again=[w, w], rows=rows, rows_again=rows, inner=Part(part=shared, w=w))
    assert paths(module) == {"first.b": 3.0, "w": 1.0, "rows.0": 2.0}
    assert module.modules() == [module, shared, module.inner]


def test_values_of_equal_data_and_label_are_two_parameters():
    assert len(Part(a=Value(1.0, "w"), b=Value(1.0, "w")).parameters()) == 2


def test_cyclic_references_end():
    child = Part(w=Value(1.0))
    parent = Part(child=child)
    child.parent, parent.me, parent.items = parent, parent, [Value(2.0)]
    parent.items += [parent.items, {"all": parent.items}]
    assert paths(parent) == {"child.w": 1.0, "items.0": 2.0}
    assert parent.modules() == [parent, child]
    assert child.modules() == [child, parent]
    parent.eval()
    assert not child.training


def test_repr_of_cyclic_references_ends():
    child = Part()
    parent = Part(child=child)
    child.parent = parent
    assert repr(parent).count("(child): ") == 1


def test_nesting_has_no_limit():
    innermost = module = Part(w=Value(1.0))
    for _ in range(3000):
        module = Part(inner=[module])
    assert [p.data for p in module.parameters()] == [1.0]
    module.eval()
    assert not innermost.training


def test_interior_values_are_no_parameters():
    """A result that a module keeps for inspection, such as its last output."""
    w = Value(2.0)
    module = Part(w=w, last=w * 3, outs=[w + 1, Value(4.0)])
    assert paths(module) == {"w": 2.0, "outs.1": 4.0}


def test_zero_grad_reaches_every_parameter_and_nothing_else():
    w, b = Value(2.0), Value(1.0)
    module = Part(rows=[[w]], inner=Part(b=b))
    x = Value(3.0)
    module.last = y = w * x + b
    y.backward()
    assert (w.grad, b.grad, x.grad) == (3.0, 1.0, 2.0)
    module.zero_grad()
    assert (w.grad, b.grad, x.grad, y.grad) == (0.0, 0.0, 2.0, 1.0)


def test_train_and_eval_are_recursive_and_return_the_module():
    leaf, other = Part(), Part()
    module = Part(inner=Part(parts=[leaf]), named={"x": (other,)})
    modules = [module, module.inner, leaf, other]
    assert [m.training for m in modules] == [True] * 4
    assert module.eval() is module
    assert [m.training for m in modules] == [False] * 4
    assert module.inner.train() is module.inner
    assert [m.training for m in modules] == [False, True, True, False]
    module.train(False)
    assert [m.training for m in modules] == [False] * 4
    assert Part().training  # the mode is not that of the class


def test_a_call_passes_its_arguments_to_forward():
    class Scale(Module):
        def forward(self, x, by=1.0):
            return x * by

    assert Scale()(2.0, by=3.0) == 6.0


def test_a_module_without_forward_says_so():
    with pytest.raises(NotImplementedError, match="Part does not define forward"):
        Part()(1.0)


class Named(Part):
    def extra_repr(self):
        return "named"


def test_repr_shows_every_level_once():
    module = Part(one=Named(), many=[Part(deep={"x": Named(leaf=Part())}), Part()], w=Value(1.0))
    assert repr(module) == "\n".join(
        [
            "Part(",
            "  (one): Named(named)",
            "  (many.0): Part(",
            "    (deep.x): Named(named",
            "      (leaf): Part()",
            "    )",
            "  )",
            "  (many.1): Part()",
            ")",
        ]
    )


def test_repr_of_nothing_within():
    assert (repr(Part()), repr(Named(w=Value(1.0)))) == ("Part()", "Named(named)")


@pytest.mark.parametrize(
    "module",
    [
        lambda shared: Part(a=Part(s=shared), b=Part(s=shared)),
        lambda shared: Part(s=shared, b=Part(s=shared)),
        lambda shared: Part(b=Part(s=shared), s=shared),
        lambda shared: Part(many=[shared, shared]),
    ],
    ids=["in-two-modules", "beside-and-then-within", "within-and-then-beside", "twice-in-a-list"],
)
def test_repr_shows_a_shared_module_once(module):
    assert repr(module(Named())).count("Named(named)") == 1


# What it consists of ------------------------------------------------------------------------------------------------


def test_named_modules_are_those_of_pytorch():
    """The module itself under no name, and each within once, under its path."""
    shared = Part(w=Value(1.0))
    module = Part(first=shared, inner=Part(again=shared, own=Part()), layers=[Part(), {"x": Part()}])
    found = dict(module.named_modules())
    assert list(found) == ["", "first", "inner", "inner.own", "layers.0", "layers.1.x"]
    assert found[""] is module and found["first"] is shared and list(found.values()) == module.modules()


def test_named_modules_of_pytorch_itself():
    torch = pytest.importorskip("torch", reason="compares with PyTorch")
    theirs = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Sequential(torch.nn.Tanh(), torch.nn.Linear(3, 1)))
    ours = Sequential(Linear(2, 3), Sequential(Tanh(), Linear(3, 1)))
    assert [name for name, _ in ours.named_modules()] == [name for name, _ in theirs.named_modules()]


def test_a_summary_has_the_shape_and_the_number_of_each_part_and_of_all():
    model = SequenceModel(LSTMCell(3, 4, rng=0), 2, encoder=MLP([5, 3], rng=0), rng=0)
    summary = model.summary()
    shapes = {name: (shape, count) for name, shape, count in summary.rows}
    assert shapes["encoder.layers.0.weights"] == ("3 × 5", 15) and shapes["network.cell.b_f"] == ("4", 4)
    assert shapes["network.cell.U_o"] == ("4 × 4", 16) and shapes["readout.Wy"] == ("2 × 4", 8)
    assert summary.parameters == len(model.parameters()) == sum(count for *_, count in summary.rows)
    lines = repr(summary).splitlines()
    assert lines[0].split() == ["part", "shape", "parameters"] and lines[-1].split() == ["in", "all", str(summary.parameters)]
    assert len({len(line) for line in lines}) == 1


def test_what_is_shared_counts_once_in_a_summary():
    w = Value(1.0)
    module = Part(
        a=[w, Value(2.0)], b=w, layer=Layer(2, 3, shared_bias=True), empty=Part(), uneven=[[Value(1.0)], [Value(2.0)] * 2]
    )
    rows = {name: (shape, count) for name, shape, count in module.summary().rows}
    assert rows["a"] == ("2", 2) and rows["layer.bias"] == ("number", 1) and rows["uneven"] == ("uneven", 2)
    assert module.summary().parameters == len(module.parameters())
    assert "part" in repr(Part().summary()) and Part().summary().parameters == 0


def test_a_summary_in_a_notebook_is_a_table_of_text():
    html = Part(**{"<script>": Value(1.0)}).summary()._repr_html_()
    assert html.startswith("<table") and "<script>" not in html and "&lt;script&gt;" in html


# Seeds --------------------------------------------------------------------------------------------------------------

DRAWN = {
    "Neuron": lambda **given: Neuron(3, **given),
    "Layer": lambda **given: Layer(3, 2, **given),
    "MLP": lambda **given: MLP([3, 2], **given),
    "RNNCell": lambda **given: RNNCell(3, 2, **given),
    "GRUCell": lambda **given: GRUCell(3, 2, **given),
    "LSTMCell": lambda **given: LSTMCell(3, 2, **given),
    "Readout": lambda **given: Readout(3, 2, **given),
    "SequenceModel": lambda **given: SequenceModel(RNNCell(3, 2, rng=0), 2, **given),
    "Linear": lambda **given: Linear(3, 2, **given),
    "Embedding": lambda **given: Embedding(3, 2, **given),
    "SelfAttention": lambda **given: SelfAttention(4, **given),
    "Block": lambda **given: Block(4, **given),
    "GPT": lambda **given: GPT(5, 4, 2, **given),
}


@pytest.mark.parametrize("kind", DRAWN)
def test_seed_is_the_seed_of_an_rng(kind):
    make = DRAWN[kind]
    assert make(seed=3).state_dict() == make(rng=3).state_dict() == make(rng=random.Random(3)).state_dict()
    assert make(seed=3).state_dict() != make(seed=4).state_dict()
    with pytest.raises(TypeError, match="give an rng or a seed, not both: got 1 and 2"):
        make(rng=1, seed=2)


@pytest.mark.parametrize("make", [moons, circles, spiral, xor])
def test_seed_of_data(make):
    assert make(20, noise=0.1, seed=3) == make(20, noise=0.1, rng=3) != make(20, noise=0.1, seed=4)


def test_seed_of_training_and_of_dropout():
    def losses(**given):
        examples = [([k / 10], [k % 2]) for k in range(10)]
        return train(MLP([1, 2, 1], rng=0), examples, steps=5, batch_size=2, progress=False, **given).losses

    assert losses(seed=3) == losses(rng=3) != losses(seed=4)
    assert [x.data for x in Dropout(seed=3)([1.0] * 20)] == [x.data for x in Dropout(rng=3)([1.0] * 20)]


def test_seed_of_samples():
    task = CharacterTask("abcd" * 50, hidden=3, length=5)
    assert task.sample(20, seed=3) == task.sample(20, random.Random(3)) != task.sample(20, seed=4)
    assert CharacterModel("abc", "rnn", 2, seed=3).model.state_dict() == CharacterModel("abc", "rnn", 2, 3).model.state_dict()
