"""Programs in C, called through `ctypes`: for one example, or for a batch, which threads may share."""

from __future__ import annotations

import ctypes
import math
import sys
from array import array
from collections.abc import Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from .arguments import Numbers, numbers_of, one_batch, single
from .c_source import CSource, starts
from .compiler import library
from .record import Port


class Native:
    """A program in C, compiled: called with the list of its arguments. A batch is shared between `threads` threads."""

    def __init__(self, written: CSource, times: int = 1) -> None:
        self.written, self.times, self.threads = written, times, 1
        self._program = library(written.source, written.level).program
        self._program.restype = None
        self._idle: list[Memory] = []

    def __call__(self, arguments: Sequence[Any]) -> Any:
        try:
            memory = self._idle.pop()
        except IndexError:
            memory = Memory(self.written, self.times)
        try:
            others = memory.take(arguments)
            if others:
                read = {k: numbers_of(self.written.inputs[k], x) for k, x in others.items()}
                counts = {k: self.written.inputs[k].examples(numbers.shape) for k, numbers in read.items()}
                memory.as_arrays |= any([numbers.from_array for numbers in read.values()])
                n = one_batch(counts.values())
                if n is not None:
                    return self._batch(n, read, {k for k, count in counts.items() if count is not None}, memory)
                for k, numbers in read.items():
                    memory.put(k, numbers)
            self._program(*memory.call)
            return memory.results()
        finally:
            self._idle.append(memory)

    def _batch(self, n: int, read: Mapping[int, Numbers], batched: Set[int], memory: Memory) -> Any:
        """The results for n examples, which are read where they are."""
        one = memory.example
        inputs = [_address(read[k].data) if k in read else address for k, address in enumerate(one.inputs)]
        in_steps = [len(port.places) if k in batched else 0 for k, port in enumerate(self.written.inputs)]
        shapes, out_steps = [], []
        for port, by in zip(self.written.results, self.written.by):
            summed = by is not None and batched.isdisjoint(by)
            shapes.append(port.shape if summed else (n, *port.shape))
            out_steps.append(0 if summed else len(port.places))
        found = [_zeros(shape, memory.as_arrays) for shape in shapes]
        whole = Examples(n, inputs, in_steps, list(map(_address, found)), out_steps)
        if self.threads > 1 < n:
            self._share(whole, min(self.threads, n))
        else:
            self._program(*memory.call_for(whole))
        return single([x if memory.as_arrays and shape else _nested(x, shape) for x, shape in zip(found, shapes)])

    def _share(self, whole: Examples, threads: int) -> None:
        """Runs the examples in threads, as many in each; what is summed over them, each sums by itself first."""
        memories = [Memory(self.written, self.times) for _ in range(threads)]

        def run(k: int) -> None:
            share = whole.between(whole.n * k // threads, whole.n * (k + 1) // threads)
            own = memories[k].example.outputs
            outputs = [at if step else own_at for at, step, own_at in zip(share.outputs, share.out_steps, own)]
            self._program(*memories[k].call_for(share._replace(outputs=outputs)))

        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(run, range(threads)))
        for port, address, step, (at, _, _) in zip(self.written.results, whole.outputs, whole.out_steps, memories[0].outputs):
            if not step:
                total = (ctypes.c_double * len(port.places)).from_address(address)
                total[:] = [sum([memory.found[at + j] for memory in memories]) for j in range(len(port.places))]


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


DOUBLE = ctypes.sizeof(ctypes.c_double)
PLAIN = (float, int)
PLAIN_ONES = frozenset({float, int, bool})


class Memory:
    """What a call for one example works on: room for its numbers, for the results and for the cells.

    example: where that example is. call: with what the program in C is called for it, always the same. To make these arguments
    takes longer than a small program does.
    """

    def __init__(self, written: CSource, times: int) -> None:
        self.inputs, self._given = _room(written.inputs)
        self.outputs, self._found = _room(written.results)
        self.cells = _doubles(written.cells)
        # of the format d, as other buffers of doubles, which that of ctypes is not
        self.given, self.found = [memoryview(room).cast("B").cast("d") for room in (self._given, self._found)]
        inputs = [ctypes.addressof(self._given) + DOUBLE * at for at, _, _ in self.inputs]
        outputs = [ctypes.addressof(self._found) + DOUBLE * at for at, _, _ in self.outputs]
        self.example = Examples(1, inputs, [0] * len(inputs), outputs, [0] * len(outputs))
        self.call, self._batch_call = [_in_c(self.example, times, self.cells) for _ in range(2)]
        self.only_numbers = not any([port.is_array for port in written.results])
        self.as_arrays = False
        self._arrays: list[Any] = []

    def take(self, arguments: Sequence[Any]) -> dict[int, Any]:
        """Takes in the arguments of the usual kinds: floats, lists of them, and arrays of doubles. The others, by place."""
        others = {}
        self.as_arrays = False
        for k, (x, (at, size, end)) in enumerate(zip(arguments, self.inputs)):
            kind = type(x)
            try:
                if not size and isinstance(x, PLAIN):
                    self.given[at] = x
                elif (kind is list or kind is tuple) and 0 < size == len(x) and PLAIN_ONES.issuperset(map(type, x)):
                    self._given[at:end] = x
                elif size and (kind is array or kind is memoryview):
                    self.given[at:end] = x
                elif size and kind is getattr(sys.modules.get("numpy"), "ndarray", None):
                    self.given[at:end] = x
                    self.as_arrays = True
                else:
                    others[k] = x
            except (ValueError, OverflowError):  # of another length, of another kind of number, or too large
                others[k] = x
        return others

    def put(self, k: int, numbers: Numbers) -> None:
        at, size, _ = self.inputs[k]
        self.given[at : at + (size or 1)] = numbers.flat

    def call_for(self, examples: Examples) -> tuple[Any, ...]:
        """With what the program in C is called for these examples, until the next such call."""
        count, _, *rooms = self._batch_call
        count.value, *lists = examples
        for room, numbers in zip(rooms, lists):
            room[:] = numbers
        return self._batch_call

    def results(self) -> Any:
        found = self.found
        if self.only_numbers:
            return single(found.tolist())
        if self.as_arrays:
            self._arrays = self._arrays or self._views()
            return single([x.copy() if size else found[at] for x, (at, size, _) in zip(self._arrays, self.outputs)])
        return single([found[at:end].tolist() if size else found[at] for at, size, end in self.outputs])

    def _views(self) -> list[Any]:
        """The results as arrays of NumPy, in place."""
        found = sys.modules["numpy"].frombuffer(self._found)
        return [found[at:end] for at, _, end in self.outputs]


def _in_c(examples: Examples, times: int, cells: Any) -> tuple[Any, ...]:
    long: Any = ctypes.c_long
    pointer: Any = ctypes.c_void_p
    n, *lists = examples
    return long(n), long(times), *[(c * len(x))(*x) for c, x in zip((pointer, long, pointer, long), lists)], cells


def _room(items: Sequence[Port]) -> tuple[list[tuple[int, int, int]], Any]:
    """Where each port starts, its size and where it ends, one after the other, and room for them."""
    places = [(at, port.size, at + port.size) for at, port in zip(starts(0, items), items)]
    return places, _doubles(sum([len(port.places) for port in items]))


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
