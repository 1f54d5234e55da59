"""What a program is called with: every kind of argument gives the same answer, or is refused alike, in every dialect."""

import ctypes
import importlib.util
import mmap
from array import array
from collections import deque
from decimal import Decimal
from fractions import Fraction

import pytest

from autograd_lite import Value, compile_program, tanh

np = pytest.importorskip("numpy")

HAS_JAX = importlib.util.find_spec("jax") is not None
DIALECTS = ["python", "numpy", "c", *["jax"] * HAS_JAX]
BATCHES = ["numpy", "c"]
NUMBER, ARRAY = "number", "array"


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """Of each dialect, three times a number, and the sum of three numbers, once, twice and three times."""
    if HAS_JAX:
        import jax

        jax.config.update("jax_enable_x64", True)
    x, w = Value(1.0, "x"), [Value(1.0), Value(2.0), Value(3.0)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        return {
            dialect: {
                NUMBER: compile_program(x * 3, [x], dialect=dialect),
                ARRAY: compile_program(w[0] + 2 * w[1] + 3 * w[2], {"w": w}, dialect=dialect),
            }
            for dialect in DIALECTS
        }


def torch(*numbers, **options):
    return pytest.importorskip("torch").tensor(*numbers, **options)


def jax(numbers, dtype=None):
    return pytest.importorskip("jax").numpy.array(numbers, dtype)


class Table:
    """As of a library that NumPy knows nothing of: what it holds, NumPy can ask for."""

    def __init__(self, numbers):
        self.numbers = numbers

    def __array__(self, dtype=None, copy=None):
        return np.array(self.numbers, dtype)


class Numbered:
    """A sequence by its places alone."""

    def __len__(self):
        return 3

    def __getitem__(self, place):
        return [1, 2, 3][place]


def read_only(numbers):
    numbers.flags.writeable = False
    return numbers


def rows_as_objects():
    rows = np.empty(2, object)
    rows[:] = [1, 2, 3], [4, 5, 6]
    return rows


def within_itself():
    nest = []
    nest.append(nest)
    return nest


BIG = ctypes.c_double.__ctype_be__
DOUBLES = np.array([1.0, 2.0, 3.0])

# Of the numbers 1, 2, 3, unless others are given with the answer for them
ARRAYS = {
    "list": lambda: [1.0, 2.0, 3.0],
    "tuple": lambda: (1, 2.0, 3),
    "range": lambda: range(1, 4),
    "generator": lambda: (k for k in (1, 2, 3)),
    "map": lambda: map(float, "123"),
    "deque": lambda: deque([1, 2, 3]),
    "values of a dict": lambda: {"a": 1, "b": 2, "c": 3}.values(),
    "places alone": lambda: Numbered(),
    "Fraction": lambda: [Fraction(1), Fraction(2), Fraction(3)],
    "a third": (lambda: [Fraction(1, 3), 0, 0], 1 / 3),
    "Decimal": lambda: [Decimal(1), 2, 3],
    "large int": (lambda: [10**30, 0, 0], 1e30),
    "bool": (lambda: [True, False, True], 4.0),
    "NumPy's scalars": lambda: [np.float64(1), np.float32(2), np.int8(3)],
    "0-d arrays": lambda: [np.array(1.0), np.array(2), 3],
    "> doubles": lambda: DOUBLES.astype(">f8"),
    "< doubles": lambda: DOUBLES.astype("<f8"),
    "float16": lambda: DOUBLES.astype("f2"),
    "> float16": lambda: DOUBLES.astype(">f2"),
    "float32": lambda: DOUBLES.astype("f4"),
    "longdouble": lambda: DOUBLES.astype("g"),
    "large longdouble": (lambda: np.array(["1e400", "0", "0"], "g"), float("inf")),
    "> int": lambda: DOUBLES.astype(">i4"),
    "uint64": (lambda: np.array([2**64 - 1, 0, 0], "u8"), float(2**64 - 1)),
    "bool array": (lambda: np.array([True, False, True]), 4.0),
    "strides": lambda: np.array([1.0, 0.0, 2.0, 0.0, 3.0])[::2],
    "backwards": lambda: DOUBLES[::-1].copy()[::-1],
    "column": lambda: np.outer(DOUBLES, [1.0, 5.0])[:, 0],
    "read-only": lambda: read_only(DOUBLES.copy()),
    "unaligned": lambda: np.frombuffer(b"-" + DOUBLES.tobytes(), offset=1),
    "not masked": lambda: np.ma.array(DOUBLES),
    "objects": lambda: np.array([1, Fraction(2), Decimal(3)], object),
    "table": lambda: Table([1.0, 2.0, 3.0]),
    "table of objects": lambda: Table([1, Fraction(2), 3]),
    "array d": lambda: array("d", [1, 2, 3]),
    "array f": lambda: array("f", [1, 2, 3]),
    "array B": lambda: array("B", [1, 2, 3]),
    "memoryview": lambda: memoryview(array("d", [1, 2, 3])),
    "memoryview, steps": lambda: memoryview(array("d", [1, 0, 2, 0, 3]))[::2],
    "memoryview, read-only": lambda: memoryview(DOUBLES.tobytes()).cast("d"),
    "memoryview, > doubles": lambda: memoryview(DOUBLES.astype(">f8")),
    "memoryview, float16": lambda: memoryview(DOUBLES.astype("f2")),
    "memoryview, bool": (lambda: memoryview(np.array([True, False, True])), 4.0),
    "memoryview, uint8": lambda: memoryview(DOUBLES.astype("u1")),
    "ctypes": lambda: (ctypes.c_double * 3)(1, 2, 3),
    "ctypes, big-endian": lambda: (BIG * 3)(1, 2, 3),
    "ctypes, float": lambda: (ctypes.c_float * 3)(1, 2, 3),
    "ctypes, long": lambda: (ctypes.c_long * 3)(1, 2, 3),
    "ctypes, unsigned bytes": lambda: (ctypes.c_ubyte * 3)(1, 2, 3),
    "memoryview of ctypes": lambda: memoryview((ctypes.c_double * 3)(1, 2, 3)),
    "torch": lambda: torch([1.0, 2.0, 3.0]),
    "torch, half": lambda: torch([1.0, 2.0, 3.0]).half(),
    "torch, int": lambda: torch([1, 2, 3]),
    "torch, strides": lambda: torch([1.0, 0.0, 2.0, 0.0, 3.0])[::2],
    "torch, numbers in a list": lambda: [torch(1.0), torch(2), 3.0],
    "jax": lambda: jax([1.0, 2.0, 3.0]),
    "jax, bfloat16": lambda: jax([1.0, 2.0, 3.0], "bfloat16"),
    "jax, int": lambda: jax([1, 2, 3]),
    "jax, numbers in a list": lambda: [jax(1.0), jax(2), 3.0],
}

# Of the number 2
SCALARS = {
    "float": lambda: 2.0,
    "int": lambda: 2,
    "bool": (lambda: True, 3.0),
    "Fraction": lambda: Fraction(2),
    "Decimal": lambda: Decimal(2),
    "large int": (lambda: 10**30, 3e30),
    "float64": lambda: np.float64(2),
    "float16": lambda: np.float16(2),
    "longdouble": lambda: np.longdouble(2),
    "NumPy's bool": (lambda: np.True_, 3.0),
    "0-d": lambda: np.array(2.0),
    "0-d, big-endian": lambda: np.array(2.0, ">f8"),
    "0-d of an object": lambda: np.array(Fraction(2), object),
    "table": lambda: Table(2.0),
    "ctypes": lambda: ctypes.c_double(2),
    "ctypes, big-endian": lambda: BIG(2),
    "torch": lambda: torch(2.0),
    "jax": lambda: jax(2.0),
}

KINDS = [(NUMBER, name, 6.0) for name in SCALARS] + [(ARRAY, name, 14.0) for name in ARRAYS]


@pytest.mark.parametrize("what, name, answer", KINDS, ids=[f"{what}: {name}" for what, name, _ in KINDS])
def test_every_kind_of_argument_gives_the_same_answer(programs, what, name, answer):
    kind = (SCALARS if what == NUMBER else ARRAYS)[name]
    make, answer = kind if isinstance(kind, tuple) else (kind, answer)
    for dialect in DIALECTS:
        assert float(programs[dialect][what](make())) == pytest.approx(answer, rel=1e-15, abs=0), dialect


REFUSED = {
    "str": (lambda: "123", TypeError, "needs real numbers, got str '123'"),
    "bytes": (lambda: b"123", TypeError, "needs real numbers, got bytes b'123'"),
    "bytearray": (lambda: bytearray(24), TypeError, "needs real numbers, got bytearray"),
    "view of bytes": (lambda: memoryview(bytes(24)), TypeError, "got bytes .*cast"),
    "mapped memory": (lambda: mmap.mmap(-1, 24), TypeError, "got mmap .*cast"),
    "characters": (lambda: (ctypes.c_char * 3)(b"1", b"2", b"3"), TypeError, "of the format '<c'"),
    "strings": (lambda: ["1", "2", "3"], TypeError, "got str '1'"),
    "array of strings": (lambda: np.array(["1", "2", "3"]), TypeError, "of the type <U1"),
    "complex": (lambda: 1j, TypeError, "got complex 1j"),
    "complex numbers": (lambda: [1, 2, 1j], TypeError, "got complex 1j"),
    "complex array": (lambda: np.array([1, 2, 1j]), TypeError, "of the type complex128"),
    "view of complex numbers": (lambda: memoryview(np.array([1, 2, 1j])), TypeError, "of the format 'Zd'"),
    "complex of torch": (lambda: torch([1, 2, 1j]), TypeError, "of the type complex"),
    "complex of jax": (lambda: jax([1, 2, 1j]), TypeError, "of the type complex"),
    "needs a gradient": (lambda: torch([1.0, 2.0, 3.0], requires_grad=True), TypeError, "this Tensor: .*detach"),
    "None": (lambda: None, TypeError, "got NoneType None"),
    "None in a list": (lambda: [1.0, None, 3.0], TypeError, "got NoneType None"),
    "None in a table": (lambda: Table([1.0, None, 3.0]), TypeError, "got NoneType None"),
    "dict": (lambda: {1: 1, 2: 2, 3: 3}, TypeError, "got dict"),
    "set": (lambda: {1, 2, 3}, TypeError, "got set"),
    "Value": (lambda: Value(1.0), TypeError, "got Value .*; its number is x.data"),
    "Values": (lambda: [Value(1.0), Value(2.0), Value(3.0)], TypeError, "got Value .*; its number is x.data"),
    "times": (lambda: np.array([1, 2, 3], "m8[s]"), TypeError, "of the type timedelta64"),
    "time": (lambda: [np.timedelta64(1, "s"), 2, 3], TypeError, "got timedelta64"),
    "records": (lambda: np.array([(1.0,)] * 3, [("a", float)]), TypeError, "needs real numbers"),
    "masked": (lambda: np.ma.array(DOUBLES, mask=[0, 1, 0]), ValueError, "has masked numbers: x.filled"),
    "masked alone": (lambda: np.ma.masked, ValueError, "has masked numbers"),
    "too large": (lambda: [10**400, 0, 0], OverflowError, "is too large for a float"),
    "no number": (lambda: [Decimal("sNaN"), 0, 0], ValueError, "is no number"),
    "ragged": (lambda: [[1, 2, 3], [4, 5]], ValueError, "rows of different lengths"),
    "ragged objects": (lambda: np.array([[1, 2, 3], [4, 5]], object), ValueError, "rows of different lengths"),
    "numbers and rows": (lambda: [1, [2], 3], ValueError, "rows of different lengths"),
    "too deep": (lambda: [[[1.0, 2.0, 3.0]]], ValueError, "nest of more than two levels"),
    "within itself": (within_itself, ValueError, "nest of more than two levels"),
    "class": (lambda: object, TypeError, "got type"),
}


@pytest.mark.parametrize("what", [NUMBER, ARRAY])
@pytest.mark.parametrize("name", REFUSED)
def test_what_holds_no_numbers_is_refused_alike(programs, name, what):
    make, error, message = REFUSED[name]
    wrong = make()
    told = set()
    for dialect in DIALECTS:
        with pytest.raises(error, match=message) as caught:
            programs[dialect][what](wrong)
        told.add(str(caught.value))
    (told,) = told
    assert told.startswith("input 'x'" if what == NUMBER else "input 'w'")
    assert programs["c"][ARRAY]([1.0, 2.0, 3.0]) == 14.0  # nothing of it is left


@pytest.mark.parametrize(
    "wrong, shape",
    [
        ([1.0, 2.0], r"\(2,\)"),
        ([1.0] * 4, r"\(4,\)"),
        ([], r"\(0,\)"),
        (5.0, r"\(\)"),
        (np.array(5), r"\(\)"),
        (np.ones((1, 1, 3)), r"\(1, 1, 3\)"),
    ],
    ids=str,
)
def test_another_shape_is_told_alike(programs, wrong, shape):
    for dialect in DIALECTS:
        with pytest.raises(ValueError, match=f"^input 'w' is an array of 3, got the shape {shape}$"):
            programs[dialect][ARRAY](wrong)


BATCH = {
    "list": lambda: [[1, 2, 3], [4, 5, 6]],
    "tuple": lambda: ((1.0, 2.0, 3.0), [4.0, 5.0, 6.0]),
    "generators": lambda: ((k + 1, k + 2, k + 3) for k in (0, 3)),
    "Fraction": lambda: [[1, 2, 3], [Fraction(4), 5, 6]],
    "rows": lambda: [DOUBLES, DOUBLES + 3],
    "array": lambda: np.array([DOUBLES, DOUBLES + 3]),
    "> int": lambda: np.array([[1, 2, 3], [4, 5, 6]], ">i2"),
    "Fortran": lambda: np.asfortranarray([DOUBLES, DOUBLES + 3]),
    "objects": lambda: np.array([[1, 2, 3], [4, 5, Fraction(6)]], object),
    "rows as objects": rows_as_objects,
    "read-only": lambda: read_only(np.array([DOUBLES, DOUBLES + 3])),
    "memoryview": lambda: memoryview(np.array([DOUBLES, DOUBLES + 3])),
    "memoryview, Fortran": lambda: memoryview(np.asfortranarray([DOUBLES, DOUBLES + 3])),
    "memoryview, read-only": lambda: memoryview(np.array([DOUBLES, DOUBLES + 3]).tobytes()).cast("B").cast("d", [2, 3]),
    "ctypes": lambda: ((ctypes.c_double * 3) * 2)((1, 2, 3), (4, 5, 6)),
    "torch": lambda: torch([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
    "jax": lambda: jax([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
}


@pytest.mark.parametrize("name", BATCH)
def test_every_kind_of_batch_gives_the_same_answer_or_says_what_takes_one(programs, name):
    for dialect in BATCHES:
        assert list(programs[dialect][ARRAY](BATCH[name]())) == [14.0, 32.0]
    for dialect, instead in [("python", "dialect='numpy' or 'c'"), ("jax", "jax.vmap")][: 1 + HAS_JAX]:
        with pytest.raises(ValueError, match=rf"'w' is an array of 3, got the shape \(2, 3\); a batch needs {instead}"):
            programs[dialect][ARRAY](BATCH[name]())


def test_a_batch_of_another_width_is_told(programs):
    for dialect in BATCHES:
        with pytest.raises(ValueError, match=r"array of 3, got the shape \(3, 2\); a batch of n has the shape \(n, 3\)"):
            programs[dialect][ARRAY](np.ones((3, 2)))
        with pytest.raises(ValueError, match=r"input 'x' is one number, got the shape \(1, 1\)$"):
            programs[dialect][NUMBER]([[1.0]])
        assert list(programs[dialect][NUMBER](range(3))) == [0.0, 3.0, 6.0]
        assert len(programs[dialect][ARRAY](np.empty((0, 3), object))) == len(programs[dialect][NUMBER]([])) == 0


def test_a_file_in_memory_is_an_argument(programs, tmp_path):
    mapped = np.memmap(tmp_path / "numbers", dtype=">f8", mode="w+", shape=(3,))
    mapped[:] = 1, 2, 3
    assert [float(programs[dialect][ARRAY](mapped)) for dialect in DIALECTS] == [14.0] * len(DIALECTS)


def test_c_answers_with_arrays_where_it_was_given_any():
    w, x = [Value(1.0), Value(2.0)], Value(3.0, "x")
    program = compile_program([[w[0] * x, w[1] * x], w[0] + x], {"w": w, "x": x}, dialect="c")
    for lists in ([1.0, 2.0], (1, 2), array("d", [1, 2]), memoryview(array("d", [1, 2])), (ctypes.c_double * 2)(1, 2)):
        products, total = program(lists, 3.0)
        assert (type(products), products, type(total), total) == (list, [3.0, 6.0], float, 4.0)
    for arrays in (np.array([1.0, 2.0]), np.array([1, 2]), np.array([1.0, 2.0], ">f8"), np.array([1, 2], object), Table([1, 2])):
        products, total = program(arrays, 3.0)
        assert (type(products), products.tolist(), type(total), total) == (np.ndarray, [3.0, 6.0], float, 4.0)
    first, _ = program(np.array([1.0, 2.0]), 3.0)
    second, _ = program(np.array([1.0, 2.0]), 5.0)
    assert first.tolist() == [3.0, 6.0] and second.tolist() == [5.0, 10.0]  # each call's results are its own
    # some of the usual kind, some not, and after a batch
    assert program([1.0, 2.0], [3, 4]) == ([[3.0, 6.0], [4.0, 8.0]], [4.0, 5.0])
    assert program([1.0, 2.0], Fraction(3)) == ([3.0, 6.0], 4.0)


def test_calls_for_one_and_for_batches_in_any_order_give_what_one_by_one_gives():
    w, x = [Value(1.0), Value(2.0)], Value(3.0, "x")
    loss = tanh(w[0] * x) + w[1] * x * x
    inputs = {"w": w, "x": x}
    program = compile_program(loss, inputs, gradients_of=loss, dialect="c")
    alone = compile_program(loss, inputs, gradients_of=loss)
    rng = np.random.default_rng(0)
    for n in [None, 3, 8, None, 3, 1, 20_000, 3, 0, 5, 6, 7, None, 8]:
        for own in [False, True] if n else [False]:
            ws, xs = rng.normal(size=(n, 2) if own else 2), float(rng.normal()) if n is None else rng.normal(size=n)
            pairs = list(zip(ws.tolist() if own else [ws.tolist()] * (n or 1), np.ravel(xs).tolist()))
            expected = [alone(*pair) for pair in pairs]
            for arguments in [
                (ws, xs),
                (ws.tolist(), xs if n is None else xs.tolist()),
                (ws, xs if n is None else xs[::-1][::-1]),
            ]:
                y, dw, dx = program(*arguments)
                assert (
                    type(dw) is type(arguments[0]) and np.shape(dw) == ((n, 2) if own else (2,)) and np.shape(y) == np.shape(xs)
                )
                assert np.ravel(y).tolist() == pytest.approx([one[0] for one in expected], rel=1e-14)
                assert np.ravel(dx).tolist() == pytest.approx([one[2] for one in expected], rel=1e-14)
                found = dw if own or n is None else [dw]
                rows = [one[1] for one in expected]
                rows = rows if own or n is None else [np.sum(rows, axis=0) if rows else [0.0, 0.0]]
                assert np.ravel(found).tolist() == pytest.approx(np.ravel(rows).tolist(), rel=1e-11, abs=1e-11)


def test_check_reads_samples_as_the_program_does():
    def f(x, w):
        return x * w[0] + w[1]

    w = [Value(1.0), Value(2.0)]
    x = Value(3.0, "x")
    samples = [(Fraction(1, 3), (ctypes.c_double * 2)(1, 2)), (np.array(2.0), DOUBLES[:2].astype(">f4")), (2, Table([1, 2]))]
    for dialect in DIALECTS[:3]:
        program = compile_program(f(x, w), {"x": x, "w": w}, dialect=dialect)
        assert program.check(f, samples)
