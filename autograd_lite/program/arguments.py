"""What a program is called with: the numbers that an argument holds, and their shape. One reader, for every dialect.

Numbers are what `Value` takes for numbers, alone, in sequences and nests of them, in buffers (`array`, `memoryview`, `ctypes`) of
either byte order, and in whatever NumPy makes an array of: tensors, JAX's arrays, tables. Text, raw bytes, complex numbers,
None, what is masked, and what has no order (sets, dicts) are refused, not guessed at.
"""

from __future__ import annotations

import reprlib
import struct
import sys
from array import array
from collections.abc import Iterable, Mapping, Sequence, Set
from itertools import chain
from typing import Any, NamedTuple

from ..engine.errors import as_float, is_real
from ..value import Value
from .record import Port


class Numbers(NamedTuple):
    """Native doubles in the order of C, in an `array`, a memoryview or an array of NumPy, and the shape that they have."""

    data: Any
    shape: tuple[int, ...]

    @property
    def flat(self) -> Any:
        """All of them in a row, as a memoryview; there is at least one."""
        return memoryview(self.data).cast("B").cast("d")

    @property
    def from_array(self) -> bool:
        """Whether they were given as an array, which NumPy reads."""
        return type(self.data) is not array and type(self.data) is not memoryview


def numbers_of(port: Port, x: Any) -> Numbers:
    """The numbers that `x` holds for an input. TypeError for what is no real number, ValueError for rows of different lengths."""
    return _numbers(f"input {port.name!r}", x)


def _numbers(what: str, x: Any, level: int = 0) -> Numbers:
    """level: how many sequences it is in."""
    kind = type(x)
    if kind is list or kind is tuple:
        return _of_items(what, x, level)
    if kind is array or kind is memoryview:
        return _of_buffer(what, memoryview(x))
    if kind is getattr(sys.modules.get("numpy"), "ndarray", None):
        return _of_array(what, x, level)
    if is_real(x):
        return Numbers(array("d", (_float(what, x),)), ())
    if hasattr(x, "__array__"):
        return _of_array(what, x, level)
    if isinstance(x, (str, bytes, bytearray, Mapping, Set, Value)):
        raise _no_numbers(what, x)
    try:
        view = memoryview(x)
    except TypeError:
        return _of_items(what, x, level)
    return _of_buffer(what, view)


def _float(what: str, x: Any) -> float:
    try:
        return as_float(x, what)
    except TypeError:
        raise _no_numbers(what, x) from None


def _no_numbers(what: str, x: Any, hint: str = "") -> TypeError:
    hint = hint or "; its number is x.data" * isinstance(x, Value)
    return TypeError(f"{what} needs real numbers, got {type(x).__name__} {reprlib.repr(x)}{hint}")


NUMBERS, ROWS = {float, int, bool}, {list, tuple}


def _of_items(what: str, x: Any, level: int) -> Numbers:
    try:
        iterator = iter(x)
    except TypeError:
        raise _no_numbers(what, x) from None
    if level > 1:
        raise ValueError(f"{what} is a nest of more than two levels")
    items = list(iterator)
    kinds = set(map(type, items))
    if kinds <= NUMBERS:
        try:
            return Numbers(array("d", items), (len(items),))
        except OverflowError:  # told below, with its number
            pass
    if kinds <= ROWS and len(set(map(len, items))) == 1:
        numbers = _of_items(what, chain.from_iterable(items), level + 1)
        return Numbers(numbers.data, (len(items), len(items[0]), *numbers.shape[1:]))
    if all(map(is_real, items)):
        return Numbers(array("d", [_float(what, item) for item in items]), (len(items),))
    rows = [_numbers(what, item, level + 1) for item in items]
    if len({row.shape for row in rows}) > 1:
        raise ValueError(f"{what} has rows of different lengths")
    return Numbers(array("d", b"".join([memoryview(row.data).tobytes() for row in rows])), (len(rows), *rows[0].shape))


# The formats of numbers that `struct` reads, and what may stand before them: the order of the bytes
CODES, ORDERS = frozenset("?bBhHiIlLqQefd"), {"", "@", "=", "<", ">", "!"}


def _of_buffer(what: str, view: memoryview) -> Numbers:
    form, shape = view.format, view.shape or ()
    if form == "d" and view.c_contiguous and not view.readonly and view.nbytes:
        return Numbers(view, shape)
    # an array says of what kind its numbers are; memory as such, of a file or of packed numbers, does not
    if form == "B" and not (hasattr(view.obj, "typecode") or hasattr(view.obj, "dtype")):
        raise _no_numbers(what, view.obj, "; memoryview(x).cast('d') takes raw bytes for doubles")
    if form[-1:] not in CODES or form[:-1] not in ORDERS or struct.calcsize(form) != view.itemsize:
        raise _no_numbers(what, view.obj, f" of the format {form!r}")
    raw = view.tobytes()
    return Numbers(array("d", struct.unpack(f"{form[:-1]}{len(raw) // view.itemsize}{form[-1]}", raw)), shape)


def _of_array(what: str, x: Any, level: int) -> Numbers:
    try:
        import numpy as np

        found = np.asarray(x)
    except Exception as error:  # each library has its own
        raise TypeError(f"{what}: NumPy makes no array of this {type(x).__name__}: {error}") from error
    if found is not x and isinstance(x, np.ma.MaskedArray) and np.ma.is_masked(x):
        raise ValueError(f"{what} has masked numbers: x.filled(number) puts a number in their place")
    if found.dtype == np.float64 and found.flags.c_contiguous and found.flags.aligned:
        return Numbers(found, found.shape)
    if found.dtype == object:
        numbers = _of_items(what, found.ravel().tolist(), level)
        shape = found.shape + numbers.shape[1:]
        return Numbers(np.asarray(numbers.data).reshape(shape), shape)
    if not np.can_cast(found.dtype, float, "same_kind"):
        raise _no_numbers(what, x, f" of the type {found.dtype}")
    with np.errstate(all="ignore"):
        found = np.array(found, float, order="C")
    return Numbers(found, found.shape)


def floats_of(port: Port, x: Any) -> Any:
    """An argument as a float, or as a list of floats."""
    if not port.is_array and isinstance(x, (float, int)):
        return as_float(x, f"input {port.name!r}")
    numbers = numbers_of(port, x)
    port.examples(numbers.shape, instead="dialect='numpy' or 'c'")
    return numbers.data.tolist() if port.is_array else numbers.flat[0]


def one_batch(counts: Iterable[int | None]) -> int | None:
    """How many examples the batch has, None if it is one. ValueError where the inputs differ."""
    batches = {count for count in counts if count is not None}
    if len(batches) > 1:
        raise ValueError(f"the inputs are batches of different numbers of examples: {', '.join(map(str, sorted(batches)))}")
    return batches.pop() if batches else None


def single(results: Sequence[Any]) -> Any:
    """What a program returns: a tuple of its results, or the one that it has."""
    return results[0] if len(results) == 1 else tuple(results)
