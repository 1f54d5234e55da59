"""Parameters travel: state_dict and load_state_dict; files that are exact, written whole or not at all, and never trusted."""

import errno
import json
import math
import os
import random
import stat
import struct
import tracemalloc

import pytest
from interrupts import everywhere

from autograd_lite import Value
from nn import MLP, RNN, BidirectionalRNN, GRUCell, LSTMCell, Module, Readout, RNNCell, SequenceModel, StackedRNN

MODELS = {
    "mlp": lambda rng: MLP([2, 3, 1], rng=rng),
    "mlp of shared bias": lambda rng: MLP([2, 3, 1], rng=rng, shared_bias=True),
    "rnn": lambda rng: RNN(RNNCell(2, 3, rng=rng)),
    "gru": lambda rng: RNN(GRUCell(2, 3, rng=rng)),
    "gru, reset after": lambda rng: RNN(GRUCell(2, 3, reset_after=True, rng=rng)),
    "lstm": lambda rng: LSTMCell(2, 3, rng=rng),
    "lstm, peephole": lambda rng: RNN(LSTMCell(2, 3, peephole=True, rng=rng)),
    "lstm, coupled": lambda rng: RNN(LSTMCell(2, 3, coupled=True, rng=rng)),
    "lstm, no forget gate": lambda rng: RNN(LSTMCell(2, 3, forget_gate=False, rng=rng)),
    "stacked": lambda rng: StackedRNN([GRUCell(2, 3, rng=rng), LSTMCell(3, 2, rng=rng)]),
    "bidirectional": lambda rng: BidirectionalRNN(RNNCell(2, 3, rng=rng), GRUCell(2, 1, rng=rng)),
    "readout": lambda rng: Readout(3, 2, rng=rng),
    "model": lambda rng: SequenceModel(LSTMCell(2, 3, rng=rng), 4, rng=rng),
}


class Part(Module):
    """A module of the given attributes."""

    def __init__(self, **things):
        vars(self).update(things)


def bits(module):
    """The parameters by name, to the last bit, the sign of a zero included."""
    return {name: struct.pack("d", parameter.data) for name, parameter in module.named_parameters()}


def two_by_two():
    return Part(w=[[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]], b=Value(5.0))


STATE = {"w": [[10.0, 20.0], [30.0, 40.0]], "b": 50.0}


# state_dict and load_state_dict --------------------------------------------------------------------------------------


def test_a_state_is_nests_of_numbers_by_attribute():
    module = Part(
        w=[[Value(1.0), Value(2.0)]], inner=Part(b=Value(3.0)), pair=(Value(4.0),), named={"x": [Value(5.0)]}, n=7, ws=[1.0]
    )
    assert module.state_dict() == {"w": [[1.0, 2.0]], "inner.b": 3.0, "pair": [4.0], "named.x": [5.0]}
    assert list(Part(layers=[Part(w=Value(1.0)), Part(w=Value(2.0))]).state_dict()) == ["layers.0.w", "layers.1.w"]


def test_a_state_is_a_copy():
    module = two_by_two()
    state = module.state_dict()
    state["w"][0][0] = 100.0
    assert module.w[0][0].data == 1.0
    module.load_state_dict(state)
    state["w"][0][0] = 200.0
    assert module.w[0][0].data == 100.0


@pytest.mark.parametrize("name", MODELS)
def test_a_state_makes_an_equal_model(name):
    model, other = MODELS[name](0), MODELS[name](1)
    assert bits(model) != bits(other)
    nodes = [id(p) for p in other.parameters()]
    other.load_state_dict(model.state_dict())
    assert bits(model) == bits(other)
    assert [id(p) for p in other.parameters()] == nodes  # an optimizer that has them goes on


def test_loading_leaves_the_grads():
    module = two_by_two()
    module.b.grad = 7.0
    module.load_state_dict(STATE)
    assert (module.b.data, module.b.grad) == (50.0, 7.0)


def test_arrays_and_ints_are_numbers():
    np = pytest.importorskip("numpy", reason="arrays are NumPy's")
    module = two_by_two()
    module.load_state_dict({"w": np.array([[10, 20], [30, 40]]), "b": np.float32(50.0)})
    assert module.state_dict() == STATE
    module.load_state_dict({"w": ((1, 2), [np.array(3.0), 4]), "b": np.array(5)})
    assert module.state_dict() == two_by_two().state_dict()
    assert all(type(p.data) is float for p in module.parameters())


def test_a_module_of_arrays_has_a_state_too(tmp_path):
    np = pytest.importorskip("numpy", reason="arrays are NumPy's")
    module = Part(w=np.array(two_by_two().w, dtype=object), b=np.array(Value(0.0), dtype=object), v=np.array([Value(1.0)] * 1))
    module.load_state_dict(STATE | {"v": [60.0]})
    assert module.state_dict() == STATE | {"v": [60.0]}
    module.save(tmp_path / "arrays.json")
    module.load(tmp_path / "arrays.json")


def test_all_problems_are_listed_and_nothing_is_changed():
    module = Part(**vars(two_by_two()), v=[Value(6.0), Value(7.0)], rest=Value(8.0))
    before = bits(module)
    with pytest.raises(ValueError) as caught:
        module.load_state_dict({"w": [[10.0, math.nan], [30.0]], "b": "5", "v": 1.0, "typo": 0.0})
    for problem in (
        "these parameters do not fit this Part",
        "missing 'rest'",
        "unexpected 'typo'",
        "'w.0.1' needs a finite number, got nan",
        "'w.1' needs a list of 2, got 1",
        "'b' needs a finite number, got '5'",
        "'v' needs a list of 2, got float",
    ):
        assert problem in str(caught.value)
    assert bits(module) == before


@pytest.mark.parametrize(
    "wrong",
    [
        {"b": math.nan}, {"b": math.inf}, {"b": -math.inf}, {"b": True}, {"b": None}, {"b": "50"}, {"b": [50.0]}, {"b": {}},
        {"b": 1j}, {"b": 10**400}, {"w": [[10.0, 20.0], [30.0, False]]}, {"w": [[10.0, 20.0], [30.0, "4"]]},
        {"w": [[10.0, 20.0], [30.0, 40.0, 50.0]]}, {"w": [[10.0, 20.0]]}, {"w": [10.0, 20.0]}, {"w": [10.0, 20.0, 30.0, 40.0]},
        {"w": "ab"}, {"w": ["ab", "cd"]}, {"w": [[[10.0], [20.0]], [[30.0], [40.0]]]}, {"w": {"0": [1.0, 2.0], "1": [3.0, 4.0]}},
        {"w": []}, {"w": None},
    ],
    ids=lambda wrong: str(wrong)[:40],
)  # fmt: skip
@pytest.mark.parametrize("strict", [True, False])
def test_an_entry_that_does_not_fit_is_refused_and_nothing_changed(wrong, strict):
    module = two_by_two()
    before = bits(module)
    with pytest.raises(ValueError, match=f"'{next(iter(wrong))}(.[01])*' needs"):
        module.load_state_dict(STATE | wrong, strict=strict)
    assert bits(module) == before


@pytest.mark.parametrize("state", [5, None, "w", [1.0], [["w", 1.0]], True], ids=str)
def test_a_state_that_is_no_dict_is_refused(state):
    module = two_by_two()
    before = bits(module)
    with pytest.raises(ValueError, match="these parameters do not fit this Part: they must be a dict, got"):
        module.load_state_dict(state)
    assert bits(module) == before


def test_an_error_about_very_many_entries_is_short():
    with pytest.raises(ValueError, match="and 99982 more") as caught:
        two_by_two().load_state_dict({f"{k} {'long' * 100}": 1.0 for k in range(100_000)} | {"w": 1.0})
    assert len(str(caught.value)) < 2000


def test_an_interrupt_at_any_instruction_leaves_the_parameters_all_old_or_all_new():
    found = []
    for module in everywhere(two_by_two, lambda module: module.load_state_dict(STATE), ["module.py", "value.py"], 3):
        assert module.state_dict() in (two_by_two().state_dict(), STATE)
        found.append(module.state_dict() == STATE)
    assert len(found) > 100 and found == sorted(found) and found[-2:] == [True, True]


@pytest.mark.parametrize("number", [2**53 + 1, -(10**20) + 1, 2**1000 + 1], ids=["2**53", "10**20", "2**1000"])
def test_an_int_that_no_float_holds_is_rounded(number):
    module = two_by_two()
    module.load_state_dict(STATE | {"b": number})
    assert module.b.data == float(number)


def test_not_strict_passes_over_missing_and_unexpected_entries():
    module = two_by_two()
    module.load_state_dict({"b": 50.0, "typo": "anything"}, strict=False)
    assert module.state_dict() == two_by_two().state_dict() | {"b": 50.0}


def test_a_shared_parameter_is_written_where_it_is_and_loaded_as_one():
    shared = Value(1.0)
    module = Part(a=shared, w=[shared, Value(2.0)], part=Part(v=[shared, shared]))
    state = module.state_dict()
    assert state == {"a": 1.0, "w": [1.0, 2.0], "part.v": [1.0, 1.0]}
    module.load_state_dict({"a": 5.0, "w": [5.0, 6.0], "part.v": [5.0, 5.0]})
    assert (shared.data, module.w[1].data) == (5.0, 6.0)
    with pytest.raises(ValueError, match=r"shared with another parameter, and has two values: 5\.0 and 7\.0"):
        module.load_state_dict({"a": 5.0, "w": [7.0, 6.0], "part.v": [5.0, 5.0]})
    assert (shared.data, module.w[1].data) == (5.0, 6.0)


def test_a_shared_module_is_written_once():
    cell = RNNCell(2, 2, rng=0)
    stack, other = StackedRNN([RNN(cell), RNN(cell)]), StackedRNN([RNN(RNNCell(2, 2, rng=1))] * 2)
    assert list(stack.state_dict()) == ["layers.0.cell.W", "layers.0.cell.U", "layers.0.cell.b"]
    other.load_state_dict(stack.state_dict())
    assert bits(other) == bits(stack)


def test_a_list_that_contains_itself_ends():
    module = Part(items=[Value(1.0)])
    module.items.append(module.items)
    assert list(module.state_dict().values()) == [1.0]


def test_paths_that_coincide_do_not_lose_a_parameter():
    """The keys 1 and "1" of a dict have one path. Either both parameters are in the state, or it is refused."""
    module = Part(named={1: Value(1.0), "1": Value(2.0), "x": Value(3.0)})
    try:
        state = module.state_dict()
    except ValueError:
        return
    assert sorted(state.values()) == [1.0, 2.0, 3.0]


# Files ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def path(tmp_path):
    return tmp_path / "parameters.json"


def file_of(path, parameters="{}"):
    """A file of parameters, of the text given for them."""
    path.write_text(f'{{"format": "autograd_lite parameters", "version": 1, "parameters": {parameters}}}', encoding="utf-8")


EXTREME = [0.1, -0.0, 0.0, 5e-324, -1.7976931348623157e308, 2.2250738585072014e-308, 1 / 3, 1e22, 123456789.123456789, 1e16]


@pytest.mark.parametrize("name", MODELS)
def test_a_file_is_exact_to_the_bit(name, path):
    model, other = MODELS[name](0), MODELS[name](1)
    for parameter, number in zip(model.parameters(), EXTREME):
        parameter.data = number
    model.save(path)
    other.load(path)
    assert bits(other) == bits(model)
    assert os.listdir(path.parent) == [path.name]


def test_a_file_is_json_of_the_state_and_readable(path):
    module = two_by_two()
    module.save(str(path))
    assert json.loads(path.read_text(encoding="utf-8")) == {
        "format": "autograd_lite parameters",
        "version": 1,
        "parameters": {"w": [[1.0, 2.0], [3.0, 4.0]], "b": 5.0},
    }


def test_a_model_with_long_names_loads_what_it_saved(path):
    """The limit on the size of a file allows for names, however long they are."""
    module = Part(named={"key" * 1000 + str(k): Value(k) for k in range(100)})
    module.save(path)
    module.load(path)


def test_a_large_model_of_zeros_loads_what_a_trained_one_saved(path):
    """The limit on the size of a file goes by the number of parameters, not by how short their numbers are now."""
    trained, fresh = (Part(w=[[Value(x) for _ in range(200)] for _ in range(200)]) for x in (-0.12345678901234567e-100, 0.0))
    trained.save(path)
    fresh.load(path)
    assert bits(fresh) == bits(trained)


def test_a_file_name_of_255_characters_can_be_saved(tmp_path):
    path = tmp_path / ("p" * 250 + ".json")
    path.touch()  # such a name is allowed here
    two_by_two().save(path)
    two_by_two().load(path)


@pytest.mark.skipif(os.name != "posix", reason="permissions and links of POSIX")
def test_saving_keeps_permissions_and_links(path):
    module, link = two_by_two(), path.with_name("link")
    link.symlink_to(path)
    mask = os.umask(0o027)
    try:
        module.save(link)
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        path.chmod(0o604)
        module.save(link)
        assert stat.S_IMODE(path.stat().st_mode) == 0o604
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(mask)
    assert link.is_symlink() and not path.is_symlink()


@pytest.mark.parametrize("function", ["fsync", "replace", "chmod"])
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left"), KeyboardInterrupt()], ids=["full", "stopped"])
def test_a_failure_while_writing_leaves_the_old_file_and_no_other(function, error, path, monkeypatch):
    module = two_by_two()
    module.save(path)
    old = path.read_bytes()
    module.load_state_dict(STATE)

    def fail(*args, **kwargs):
        raise error

    with monkeypatch.context() as patch, pytest.raises(type(error)):
        patch.setattr(os, function, fail)
        module.save(path)
    assert path.read_bytes() == old
    assert os.listdir(path.parent) == [path.name]
    module.save(path)
    assert path.read_bytes() != old


def test_the_file_is_on_disk_before_it_replaces_the_old_one(path, monkeypatch):
    calls = []
    for name in ("fsync", "replace"):
        original = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *args, name=name, original=original: (calls.append(name), original(*args))[1])
    two_by_two().save(path)
    assert calls[:2] == ["fsync", "replace"]


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_saving_a_parameter_that_is_not_finite_is_refused_and_the_old_file_stays(number, path):
    module = two_by_two()
    module.save(path)
    old = path.read_bytes()
    module.w[1][0].data = number
    with pytest.raises(ValueError, match=f"{number}"):
        module.save(path)
    assert path.read_bytes() == old
    assert os.listdir(path.parent) == [path.name]


def test_a_refused_save_names_the_parameter(path):
    module = two_by_two()
    module.w[1][0].data = math.nan
    with pytest.raises(ValueError, match=r"w\.1\.0"):
        module.save(path)


@pytest.mark.parametrize("where", ["missing", "directory"])
def test_a_place_that_cannot_be_written(where, path):
    if where == "directory":
        path.mkdir()
    with pytest.raises(OSError):
        two_by_two().save(path if where == "directory" else path / "parameters.json")
    assert os.listdir(path.parent) == ([path.name] if where == "directory" else [])


# Files that are wrong ------------------------------------------------------------------------------------------------


def refused(module, path, message=None):
    """Loading fails with a ValueError, and changes nothing."""
    before = bits(module)
    with pytest.raises(ValueError, match=message):
        module.load(path)
    assert bits(module) == before


def test_a_truncated_file_is_refused_wherever_it_ends(path):
    model = MODELS["model"](0)
    model.save(path)
    whole = path.read_bytes()
    for end in [*range(0, 200), *range(200, len(whole) - 200, 37), *range(len(whole) - 200, len(whole))]:
        path.write_bytes(whole[:end])
        refused(model, path)


def test_a_corrupted_file_is_refused_or_loaded_whole(path):
    """A byte changed within a number makes another number: that cannot be seen. All else is refused."""
    model, rng = MODELS["rnn"](0), random.Random(0)
    model.save(path)
    whole, fresh = path.read_bytes(), model.state_dict()
    outcomes = set()
    for _ in range(400):
        raw = bytearray(whole)
        for _ in range(rng.choice([1, 1, 1, 5])):
            raw[rng.randrange(len(raw))] = rng.randrange(256)
        path.write_bytes(raw)
        model.load_state_dict(fresh)
        before = bits(model)
        try:
            model.load(path)
        except ValueError:
            outcomes.add("refused")
            assert bits(model) == before
        else:
            outcomes.add("loaded")
            assert all(math.isfinite(p.data) for p in model.parameters())
    assert outcomes == {"refused", "loaded"}


W = '"w": [[10, 20], [30, 40]]'
HOSTILE = {
    "NaN": (f'{{{W}, "b": NaN}}', "NaN"),
    "Infinity": (f'{{{W}, "b": Infinity}}', "Infinity"),
    "-Infinity": (f'{{{W}, "b": -Infinity}}', "-Infinity"),
    "1e400": (f'{{{W}, "b": 1e400}}', "1e400"),
    "-1e400": (f'{{{W}, "b": -1e400}}', "-1e400"),
    "huge int": (f'{{{W}, "b": {"9" * 400}}}', "9999"),
    "an int of more digits than Python reads": (f'{{{W}, "b": {"9" * 20_000}}}', "9999"),
    "duplicate key": (f'{{{W}, "b": 1, "b": 2}}', "twice"),
    "duplicate matrix": (f'{{{W}, {W}, "b": 2}}', "twice"),
    "nested lists": (f'{{{W}, "b": {"[" * 40_000}{"]" * 40_000}}}', "deep"),
    "100,000 lists in each other": ("[" * 100_000 + "]" * 100_000, "longer"),
    "90,000 opening brackets": ("[" * 90_000, "deep"),
    "nested objects": ('{"b": ' * 10_000 + "1" + "}" * 10_000, "deep"),
    "bool": (f'{{{W}, "b": true}}', "finite number"),
    "string": (f'{{{W}, "b": "1"}}', "finite number"),
    "null": (f'{{{W}, "b": null}}', "finite number"),
    "ragged": ('{"w": [[10, 20], [30]], "b": 1}', "w.1"),
    "missing": (f"{{{W}}}", "missing 'b'"),
    "unexpected": (f'{{{W}, "b": 1, "c": 1}}', "unexpected 'c'"),
    "no object": ("[1, 2, 3]", "parameters"),
    "no number": ("null", "parameters"),
    "code": ("__import__('os')", "cannot be read"),
    "comma": (f'{{{W}, "b": 1,}}', "cannot be read"),
    "single quotes": ("{'b': 1}", "cannot be read"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_parameters_are_refused(kind, path):
    text, message = HOSTILE[kind]
    file_of(path, text)
    refused(two_by_two(), path, message)


@pytest.mark.parametrize("kind", ["NaN", "nested lists", "duplicate key", "comma", "no object", "string", "ragged", "missing"])
def test_the_error_names_the_file(kind, path):
    file_of(path, HOSTILE[kind][0])
    refused(two_by_two(), path, path.name)


@pytest.mark.parametrize("opening, closing", ["[]", ('{"a": ', "}")])
def test_no_depth_of_nesting_is_a_recursion_error(opening, closing, path):
    for depth in [1, 10, 100, *range(880, 1010), 5000]:
        file_of(path, f'{{{W}, "b": {opening * depth}1{closing * depth}}}')
        refused(two_by_two(), path)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00" * 100,
        b"\xff\xfe{\x00}\x00",
        b'\xef\xbb\xbf{"format": "autograd_lite parameters"}',
        b'{"format": "autograd_lite parameters\xe9", "version": 1, "parameters": {}}',
        b"null",
        b"3",
        b'"autograd_lite parameters"',
        b"[]",
        b"{}",
        b'{"format": "autograd_lite parameters", "parameters": {}}',
        b'{"version": 1, "parameters": {}}',
        b'{"format": "other", "version": 1, "parameters": {}}',
        b'{"format": "autograd_lite parameters", "version": 2, "parameters": {}}',
        b'{"format": "autograd_lite parameters", "version": "1", "parameters": {}}',
        b'{"format": "autograd_lite parameters", "version": 1}',
        b'{"format": "autograd_lite parameters", "version": 1, "parameters": {}} {}',
        b'{"format": "autograd_lite parameters", "version": 1, "version": 1, "parameters": {}}',
    ],
    ids=lambda raw: raw[:90].decode("latin-1").encode("unicode_escape").decode(),
)
def test_a_file_of_something_else_is_refused(raw, path):
    path.write_bytes(raw)
    refused(two_by_two(), path, path.name)
    refused(Part(), path, path.name)  # has no parameters, so that nothing is missing


def test_a_huge_file_is_refused_unread(path):
    file_of(path)
    os.truncate(path, 300_000_000)  # sparse: zeros that take no room
    tracemalloc.start()
    try:
        refused(two_by_two(), path, "longer than")
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("kind", ["directory", "missing"])
def test_a_path_without_a_file_is_an_os_error(kind, path):
    if kind == "directory":
        path.mkdir()
    module = two_by_two()
    with pytest.raises(OSError, match=path.name):
        module.load(path)


def test_a_file_of_another_model_is_refused(path):
    MODELS["lstm"](0).save(path)
    refused(MODELS["lstm, coupled"](0), path, "unexpected")
