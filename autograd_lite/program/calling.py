"""Programs in C, called through `ctypes`: for one example, or for a batch, which threads may share."""

from __future__ import annotations

import ctypes
import math
import sys
from array import array
from collections.abc import Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import accumulate
from typing import Any, NamedTuple

from .arguments import Numbers, numbers_of, one_batch, single
from .c_source import CSource
from .compiler import library

# A batch of up to so many numbers is copied: to look up where they are takes longer. Memory for so many shapes is kept
COPIED, KEPT = 2**14, 4


class Batch(NamedTuple):
    """What a call is for: n examples, None for one that is no batch; and which of the inputs have a number or a row for each."""

    n: int | None = None
    inputs: Set[int] = frozenset()

    def shapes(self, written: CSource) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]]]:
        """Those of the arguments, and those of the results."""
        each = () if self.n is None else (self.n,)
        given = [(*(each if k in self.inputs else ()), *port.shape) for k, port in enumerate(written.inputs)]
        summed = [by is not None and self.inputs.isdisjoint(by) for by in written.by]
        return given, [port.shape if alike else (*each, *port.shape) for port, alike in zip(written.results, summed)]


ONE = Batch()


class Native:
    """A program in C, compiled: called with the list of its arguments. A batch is shared between `threads` threads."""

    def __init__(self, written: CSource, times: int = 1) -> None:
        self.written, self.times, self.threads = written, times, 1
        self._program = library(written.source, written.level).program
        self._program.restype = None
        self._idle: list[Memory] = []

    def __call__(self, arguments: Sequence[Any]) -> Any:
        """The results. The arguments are tried as if for the same batch as the last ones, and of the usual kinds."""
        try:
            memory = self._idle.pop()
        except IndexError:
            memory = Memory(self.written, self.times)
        try:
            if not memory.takes(arguments) or (self.threads > 1 and memory.batch != ONE):
                read = [numbers_of(port, x) for port, x in zip(self.written.inputs, arguments)]
                counts = [port.examples(numbers.shape) for port, numbers in zip(self.written.inputs, read)]
                batch = Batch(one_batch(counts), frozenset([k for k, count in enumerate(counts) if count is not None]))
                as_arrays = any([numbers.from_array for numbers in read])
                if batch != ONE and (self.threads > 1 or not batch.n or _size(self.written, batch) > COPIED):
                    return self._in_place(batch, read, as_arrays)
                if batch != memory.batch:
                    self._idle.append(memory)
                    memory = self._memory(batch)
                memory.put(read, as_arrays)
            self._program(*memory.call)
            return memory.results()
        finally:
            self._idle.append(memory)
            del self._idle[:-KEPT]

    def _memory(self, batch: Batch) -> Memory:
        """Memory for such a batch, which no other call works on."""
        for memory in self._idle[:]:
            if memory.batch == batch:
                with suppress(ValueError):  # another thread was faster
                    self._idle.remove(memory)
                    return memory
        return Memory(self.written, self.times, batch)

    def _in_place(self, batch: Batch, read: Sequence[Numbers], as_arrays: bool) -> Any:
        """The results of a batch that is read where it is."""
        shapes = batch.shapes(self.written)[1]
        found = [_zeros(shape, as_arrays) for shape in shapes]
        whole = _examples(self.written, batch, [_address(numbers.data) for numbers in read], list(map(_address, found)))
        if self.threads > 1 < whole.n:
            self._share(whole, min(self.threads, whole.n))
        else:
            self._program(*_in_c(whole, self.times, _doubles(self.written.cells)))
        return single([x if as_arrays and shape else _nested(x, shape) for x, shape in zip(found, shapes)])

    def _share(self, whole: Examples, threads: int) -> None:
        """Runs the examples in threads, as many in each; what is summed over them, each sums by itself first."""
        sizes = [len(port.places) for port in self.written.results]
        sums = [[() if step else _doubles(size) for step, size in zip(whole.out_steps, sizes)] for _ in range(threads)]

        def run(k: int) -> None:
            share = whole.between(whole.n * k // threads, whole.n * (k + 1) // threads)
            own = [at if step else _address(room) for at, step, room in zip(share.outputs, share.out_steps, sums[k])]
            self._program(*_in_c(share._replace(outputs=own), self.times, _doubles(self.written.cells)))

        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(run, range(threads)))
        for address, step, rooms in zip(whole.outputs, whole.out_steps, zip(*sums)):
            if not step:
                total = (ctypes.c_double * len(rooms[0])).from_address(address)
                total[:] = list(map(sum, zip(*rooms)))


class Examples(NamedTuple):
    """Where in memory n examples are: of each input and output the address, and the step to the next example, in doubles."""

    n: int
    inputs: list[int]
    in_steps: list[int]
    outputs: list[int]
    out_steps: list[int]

    def between(self, start: int, end: int) -> Examples:
        inputs = [address + DOUBLE * start * step for address, step in zip(self.inputs, self.in_steps)]
        outputs = [address + DOUBLE * start * step for address, step in zip(self.outputs, self.out_steps)]
        return Examples(end - start, inputs, self.in_steps, outputs, self.out_steps)


def _examples(written: CSource, batch: Batch, inputs: list[int], outputs: list[int]) -> Examples:
    """The examples of a batch, or the one that is none, whose inputs and outputs begin at these addresses."""
    steps = [
        [len(port.places) if len(shape) > len(port.shape) else 0 for port, shape in zip(ports, shapes)]
        for ports, shapes in zip((written.inputs, written.results), batch.shapes(written))
    ]
    return Examples(1 if batch.n is None else batch.n, inputs, steps[0], outputs, steps[1])


DOUBLE = ctypes.sizeof(ctypes.c_double)
PLAIN = (float, int)
PLAIN_ONES = frozenset({float, int, bool})


class Memory:
    """What a call works on: room for the numbers of its arguments and of its results, and for the cells.

    call: with what the program in C is called, always the same: to make these arguments takes longer than a small program does.
    """

    def __init__(self, written: CSource, times: int, batch: Batch = ONE) -> None:
        self.batch = batch
        (self.inputs, self._given), (self.outputs, self._found) = map(_room, batch.shapes(written))
        # of the format d, as other buffers of doubles, which that of ctypes is not
        self.given, self.found = [memoryview(room).cast("B").cast("d") for room in (self._given, self._found)]
        inputs = [ctypes.addressof(self._given) + DOUBLE * at for at, _, _ in self.inputs]
        outputs = [ctypes.addressof(self._found) + DOUBLE * at for at, _, _ in self.outputs]
        self.call = _in_c(_examples(written, batch, inputs, outputs), times, _doubles(written.cells))
        self.only_numbers = not any([shape for _, _, shape in self.outputs])
        self.as_arrays = False
        self._ndarray = _ndarray()
        self._arrays: list[Any] = []

    def takes(self, arguments: Sequence[Any]) -> bool:
        """Takes in the arguments, if all are of the usual kinds: floats, lists of them, and arrays of doubles."""
        self.as_arrays = False
        try:
            for x, (at, end, shape) in zip(arguments, self.inputs):
                kind = type(x)
                if not shape:
                    if not isinstance(x, PLAIN):
                        return False
                    self.given[at] = x
                elif kind is list or kind is tuple:
                    if (len(x),) != shape or not PLAIN_ONES.issuperset(map(type, x)):
                        return False
                    self._given[at:end] = x
                elif len(shape) == 1 and (kind is array or kind is memoryview):
                    self.given[at:end] = x
                elif kind is memoryview and x.shape == shape and x.format == "d" and x.c_contiguous:
                    self.given[at:end] = x.cast("B").cast("d")
                elif kind is self._ndarray and x.shape == shape:
                    self.given[at:end] = x if len(shape) == 1 else x.ravel()
                    self.as_arrays = True
                else:
                    return False
        except (ValueError, NotImplementedError, OverflowError):  # of another length, of another kind of number, or too large
            return False
        return True

    def put(self, read: Sequence[Numbers], as_arrays: bool) -> None:
        for numbers, (at, end, _) in zip(read, self.inputs):
            self.given[at:end] = numbers.flat
        self.as_arrays, self._ndarray = as_arrays, _ndarray()

    def results(self) -> Any:
        found = self.found
        if self.only_numbers:
            return single(found.tolist())
        if self.as_arrays:
            self._arrays = self._arrays or self._views()
            return single([x.copy() if shape else found[at] for x, (at, _, shape) in zip(self._arrays, self.outputs)])
        return single([_nested(found[at:end], shape) if shape else found[at] for at, end, shape in self.outputs])

    def _views(self) -> list[Any]:
        """The results as arrays of NumPy, in place."""
        found = sys.modules["numpy"].frombuffer(self._found)
        return [found[at:end].reshape(shape) for at, end, shape in self.outputs]


def _ndarray() -> Any:
    """The class of NumPy's arrays, if anybody has imported it."""
    return getattr(sys.modules.get("numpy"), "ndarray", None)


def _size(written: CSource, batch: Batch) -> int:
    """How many numbers the arguments and the results of a batch are."""
    return sum([math.prod(shape) for shapes in batch.shapes(written) for shape in shapes])


def _in_c(examples: Examples, times: int, cells: Any) -> tuple[Any, ...]:
    """With what the program in C is called."""
    long: Any = ctypes.c_long
    pointer: Any = ctypes.c_void_p
    n, *lists = examples
    return long(n), long(times), *[(c * len(x))(*x) for c, x in zip((pointer, long, pointer, long), lists)], cells


def _room(shapes: Sequence[tuple[int, ...]]) -> tuple[list[tuple[int, int, tuple[int, ...]]], Any]:
    """Where each starts and ends, one after the other, with its shape; and room for them."""
    ends = list(accumulate(map(math.prod, shapes), initial=0))
    return list(zip(ends, ends[1:], shapes)), _doubles(ends[-1])


def _doubles(n: int) -> Any:
    return (ctypes.c_double * max(1, n))()


def _address(data: Any) -> int:
    """Where the numbers of a buffer are."""
    if isinstance(data, array):
        return data.buffer_info()[0]
    try:
        return ctypes.addressof(ctypes.c_char.from_buffer(data))
    except (TypeError, ValueError):  # an array of NumPy that is read-only or empty
        return int(data.ctypes.data)


def _zeros(shape: Sequence[int], as_array: bool) -> Any:
    return sys.modules["numpy"].zeros(shape) if as_array else array("d", bytes(DOUBLE * math.prod(shape)))


def _nested(numbers: Any, shape: Sequence[int]) -> Any:
    """The numbers as a float, a list, or a list of rows."""
    flat = numbers.tolist()
    if not shape:
        return flat if isinstance(flat, float) else flat[0]
    return flat if len(shape) == 1 else [flat[k * shape[1] : (k + 1) * shape[1]] for k in range(shape[0])]
