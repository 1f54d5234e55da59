"""Programs in C: written, compiled by the system's compiler, kept for the next time, and called through `ctypes`."""

from __future__ import annotations

import ctypes
import hashlib
import math
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from array import array
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from ..value import as_float, is_real
from .dialects import C
from .expressions import Statement, filled, statements
from .loops import Part, looped, rolled, scheduled
from .writer import STRAIGHT, Cells, Item, Loop, Recorded, one_batch

# Memory: the inputs, then the constants, then every value that is needed again, then the results.
_AROUND = """
static const double constants[] = {{{constants}}};
static const long in_at[] = {{{in_at}}}, in_size[] = {{{in_size}}};
static const long out_at[] = {{{out_at}}}, out_size[] = {{{out_size}}};

static void feed(double *v) {{
{feed}
}}

/* Runs the program `times` times on each of `batch` examples. An input or output moves on by its step from one example to the
   next; an output whose step is 0 is the sum over the examples. */
void program(long batch, long times, const double *const *in, const long *in_step, double *const *out, const long *out_step,
             double *v) {{
    memcpy(v + {constants_at}, constants, {constant_count} * sizeof *v);
    for (long n = 0; n < batch; n++) {{
        for (int j = 0; j < {in_count}; j++)
            if (n == 0 || times > 1 || in_step[j]) memcpy(v + in_at[j], in[j] + n * in_step[j], in_size[j] * sizeof *v);
        run(v);
        for (long k = 1; k < times; k++) {{
            feed(v);
            run(v);
        }}
        for (int j = 0; j < {out_count}; j++) {{
            double *to = out[j] + n * out_step[j];
            const double *from = v + out_at[j];
            if (n == 0 || out_step[j]) memcpy(to, from, out_size[j] * sizeof *v);
            else for (long i = 0; i < out_size[j]; i++) to[i] += from[i];
        }}
    }}
}}
"""


# Longer programs are in functions of so many lines, so that a compiler's time grows in proportion; where more than so many
# lines are in no loop, it is asked for less
FUNCTION, MANY = 300, 3000


class Layout(NamedTuple):
    """A program in C: its source, the compiler's level of optimization, the number of cells, its inputs and results.

    by: of a derivative, which inputs it is by; None for an output.
    """

    source: str
    level: str
    cells: int
    inputs: list[Item]
    results: list[Item]
    by: list[frozenset[int] | None]


def written(recorded: Recorded, loop: Loop | None) -> Layout:
    """The program of a recorded graph in C."""
    results = recorded.result_places
    lines = statements(recorded.expressions, set(results), C.spelling, (), constants=True)
    cells = Cells(recorded, lines)
    level = "-O2"
    if len(lines) <= STRAIGHT:
        run = _straight(lines, cells.of, results)
    else:
        groups = scheduled(lines, cells.of)
        groups.append([Part("@ = @", (len(cells.of) + k, cells.of[place])) for k, place in enumerate(results)])
        parts = rolled(groups)
        run = _in_functions(parts)
        level = "-O1" if sum([isinstance(part.form, str) for part in parts]) > MANY else level
    in_at, out_at = _starts(0, recorded.inputs), _starts(len(cells.of), recorded.results)
    around = _AROUND.format(
        constants=", ".join(map(C.spelling.number, cells.numbers)) or "0",
        constants_at=cells.first,
        constant_count=len(cells.constants),
        in_at=_joined(in_at),
        in_size=_joined([len(item.places) for item in recorded.inputs]),
        in_count=len(recorded.inputs),
        out_at=_joined(out_at),
        out_size=_joined([len(item.places) for item in recorded.results]),
        out_count=len(recorded.results),
        feed="\n".join(_fed_back(recorded, loop, in_at, out_at)),
    )
    source = f"#include <math.h>\n#include <string.h>\n\n{C.header([line.template for line in lines])}{run}{around}"
    return Layout(source, level, len(cells.of) + len(results), recorded.inputs, recorded.results, recorded.by())


def _fed_back(recorded: Recorded, loop: Loop | None, in_at: Sequence[int], out_at: Sequence[int]) -> list[str]:
    """The lines that put results in the place of inputs."""
    lines = []
    for result, item in loop.feedback if loop else []:
        to, start = in_at[recorded.inputs.index(item)], out_at[recorded.results.index(result)]
        lines.append(f"    memcpy(v + {to}, v + {start}, {len(item.places)} * sizeof *v);")
    return lines


def _joined(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, numbers)) or "0"


def _starts(start: int, items: Iterable[Item]) -> list[int]:
    """The cell at which each item starts, one after the other."""
    found = []
    for item in items:
        found.append(start)
        start += len(item.places)
    return found


def _straight(lines: Sequence[Statement], cell: dict[int, int], results: Sequence[int]) -> str:
    """The function that runs the program once, with local variables; the results follow the cells."""
    names = {place: f"v[{k}]" for place, k in cell.items()}
    text: list[str] = []
    for line in lines:
        names[line.target] = f"t{len(text)}"
        text.append(f"    const double t{len(text)} = {filled(line.template, [names[place] for place in line.places])};")
    text += [f"    v[{len(cell) + k}] = {names[place]};" for k, place in enumerate(results)]
    return _function("run", text)


def _in_functions(parts: Sequence[Part]) -> str:
    """The function that runs the program once, in parts."""
    functions: list[list[str]] = [[]]
    for part in parts:
        if len(functions[-1]) > FUNCTION:
            functions.append([])
        functions[-1] += looped(part)
    text = [_function(f"part{k}", lines) for k, lines in enumerate(functions)]
    return "".join(text) + _function("run", [f"    part{k}(v);" for k in range(len(functions))])


def _function(name: str, lines: Sequence[str]) -> str:
    return "\n".join([f"static void {name}(double *restrict v) {{", *lines, "}", "", ""])


# Compiling -----------------------------------------------------------------------------------------------------------

FLAGS = ["-shared", "-fPIC", "-ffp-contract=off"]
BETTER = ["-fno-math-errno", "-fno-trapping-math", "-fopenmp-simd", "-march=native"]


def _compiler() -> list[str]:
    """The command of the system's C compiler. RuntimeError where there is none."""
    command = shlex.split(os.environ.get("CC", "")) or ["cc"]
    if shutil.which(command[0]) is None:
        raise RuntimeError(
            f"dialect='c' needs a C compiler, and there is no {command[0]!r}: install gcc or clang, or name yours in the "
            "environment variable CC; the dialects 'python', 'numpy' and 'jax' need none"
        )
    return command


@cache
def _version(command: tuple[str, ...]) -> str:
    return subprocess.run([*command, "--version"], capture_output=True, text=True, errors="replace").stdout


@cache
def _machine() -> str:
    """What a compiled program runs on: it uses what this processor can do."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    features = [line for line in lines if line.lower().startswith(("flags", "features", "model name"))]
    return "\0".join([platform.platform(), platform.machine(), platform.processor(), *features[:2]])


def _cache_directory() -> Path:
    """Where compiled programs are kept: in the user's cache directory, or where that is not writable in a temporary one."""
    home = Path(os.path.expanduser("~"))
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = home / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or home / ".cache"
    directory = Path(base) / "autograd_lite"
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory):
            return directory
    except OSError:
        return _temporary()


@cache
def _temporary() -> Path:
    keep = tempfile.TemporaryDirectory(prefix="autograd_lite")
    _kept.append(keep)
    return Path(keep.name)


_kept: list[Any] = []


def library(source: str, level: str) -> ctypes.CDLL:
    """The compiled source, from the cache if it is there. RuntimeError without a compiler, or with its message."""
    command = _compiler()
    key = "\0".join([source, *command, _version(tuple(command)), *FLAGS, *BETTER, level, _machine()])
    name = hashlib.sha256(key.encode()).hexdigest()[:32]
    path = _cache_directory() / f"{name}.so"
    if _is_whole(path):
        try:
            return ctypes.CDLL(str(path))
        except OSError:
            pass
    _compile(source, [*command, level], path)
    return ctypes.CDLL(str(path))


def _is_whole(path: Path) -> bool:
    """Whether the file is what was written: its digest is kept beside it."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() == path.with_suffix(".sha256").read_text()
    except (OSError, ValueError):
        return False


def _compile(source: str, command: Sequence[str], path: Path) -> None:
    with tempfile.TemporaryDirectory(dir=path.parent) as directory:
        here = Path(directory)
        (here / "program.c").write_text(source, encoding="utf-8")
        for flags in ([*FLAGS, *BETTER], FLAGS):
            arguments = [*command, *flags, "program.c", "-o", "program.so", "-lm"]
            done = subprocess.run(arguments, cwd=here, capture_output=True, text=True, errors="replace")
            if done.returncode == 0:
                break
        else:
            raise RuntimeError(f"{shlex.join(arguments)} failed:\n{done.stderr[:2000]}")
        digest = hashlib.sha256((here / "program.so").read_bytes()).hexdigest()
        (here / "program.sha256").write_text(digest)
        os.replace(here / "program.so", path)
        os.replace(here / "program.sha256", path.with_suffix(".sha256"))


# Calling -------------------------------------------------------------------------------------------------------------


class Native:
    """A program in C, compiled: called with the list of its arguments. A batch is shared between `threads` threads."""

    def __init__(self, layout: Layout, times: int = 1) -> None:
        self.layout, self.times, self.threads = layout, times, 1
        self._library = library(layout.source, layout.level)
        self._program = self._library.program
        self._program.restype = None
        pointer = ctypes.c_void_p
        self._program.argtypes = [ctypes.c_long, ctypes.c_long, pointer, pointer, pointer, pointer, pointer]
        self._idle: list[Memory] = []

    def __call__(self, arguments: Sequence[Any]) -> Any:
        try:
            memory = self._idle.pop()
        except IndexError:
            memory = Memory(self.layout)
        try:
            return memory.called(self._program, self.times, arguments, self.threads)
        finally:
            self._idle.append(memory)


class Memory:
    """What one call of a program works on: the cells, and the numbers, addresses and steps of inputs and outputs."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.sizes = [(item.name, item.size) for item in layout.inputs]
        double, long, pointer = ctypes.c_double, ctypes.c_long, ctypes.c_void_p
        self.cells = (double * layout.cells)()
        self.given, self.in_at = _room(layout.inputs)
        self.found, self.out_at = _room(layout.results)
        self.own = [ctypes.addressof(self.given) + 8 * at for at in self.in_at]
        self.out_own = [ctypes.addressof(self.found) + 8 * at for at in self.out_at]
        self.in_pointers, self.in_steps = (pointer * len(self.own))(*self.own), (long * len(self.own))()
        self.out_pointers, self.out_steps = (pointer * len(self.out_own))(*self.out_own), (long * len(self.out_own))()

    def called(self, program: Any, times: int, arguments: Sequence[Any], threads: int) -> Any:
        blocks: dict[int, Block] = {}
        for k, (x, (name, size)) in enumerate(zip(arguments, self.sizes)):
            at = self.in_at[k]
            if type(x) is float and not size:
                self.given[at] = x
            elif type(x) is list and len(x) == size and set(map(type, x)) == {float}:
                self.given[at : at + size] = x
            elif not size and is_real(x):
                self.given[at] = as_float(x, f"input {name!r}")
            else:
                blocks[k] = _block(name, x)
        counts = {k: self.layout.inputs[k].examples(block.shape) for k, block in blocks.items()}
        batch = one_batch(counts.values())
        for k, block in blocks.items():
            self.in_pointers[k] = block.address
            self.in_steps[k] = 0 if counts[k] is None else self.sizes[k][1] or 1
        try:
            if batch is None and not any([block.numpy for block in blocks.values()]):
                program(1, times, self.in_pointers, self.in_steps, self.out_pointers, self.out_steps, self.cells)
                return _as_given([self._number(k) for k in range(len(self.out_at))])
            batched = {k for k in blocks if counts[k] is not None}
            numpy = any([block.numpy for block in blocks.values()])
            return self._into_arrays(program, times, batch, batched, numpy, threads)
        finally:
            for k in blocks:
                self.in_pointers[k], self.in_steps[k] = self.own[k], 0

    def _number(self, k: int) -> Any:
        at, size = self.out_at[k], self.layout.results[k].size
        return self.found[at : at + size] if size else self.found[at]

    def _into_arrays(self, program: Any, times: int, batch: int | None, batched: set[int], numpy: bool, threads: int) -> Any:
        """The results of a batch, or of one example as arrays of NumPy."""
        shapes: list[list[int]] = []
        steps = []
        for item, by in zip(self.layout.results, self.layout.by):
            rows = [] if batch is None or (by is not None and batched.isdisjoint(by)) else [batch]
            shapes.append([*rows, *[item.size] * item.is_array])
            steps.append(len(item.places) * len(rows))
        arrays = [_new_array(shape, numpy) for shape in shapes]
        pointers = (ctypes.c_void_p * len(arrays))(*[address for _, address in arrays])
        out_steps = (ctypes.c_long * len(steps))(*steps)
        n = 1 if batch is None else batch
        if threads > 1 < n:
            self._share(program, times, n, pointers, out_steps, min(threads, n))
        else:
            program(n, times, self.in_pointers, self.in_steps, pointers, out_steps, self.cells)
        return _as_given([x if numpy and shape else _nested(x, shape) for (x, _), shape in zip(arrays, shapes)])

    def _share(self, program: Any, times: int, n: int, outputs: Any, out_steps: Any, threads: int) -> None:
        """Runs the batch in threads, each on as many examples; what is summed over the batch, each sums by itself first."""
        sums = [(ctypes.c_double * sum([len(item.places) for item in self.layout.results]))() for _ in range(threads)]

        def run(k: int) -> None:
            start, end = n * k // threads, n * (k + 1) // threads
            inputs = [at + 8 * start * step for at, step in zip(self.in_pointers, self.in_steps)]
            own = _starts(0, self.layout.results)
            found = [
                at + 8 * start * step if step else ctypes.addressof(sums[k]) + 8 * own_at
                for at, step, own_at in zip(outputs, out_steps, own)
            ]
            pointer = ctypes.c_void_p
            pointers = (pointer * len(inputs))(*inputs), (pointer * len(found))(*found)
            cells = (ctypes.c_double * self.layout.cells)()
            program(end - start, times, pointers[0], self.in_steps, pointers[1], out_steps, cells)

        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(run, range(threads)))
        for item, at, step, own_at in zip(self.layout.results, outputs, out_steps, _starts(0, self.layout.results)):
            if not step:
                total = (ctypes.c_double * len(item.places)).from_address(at)
                total[:] = [sum([share[own_at + j] for share in sums]) for j in range(len(item.places))]


def _as_given(results: list[Any]) -> Any:
    return results[0] if len(results) == 1 else tuple(results)


class Block(NamedTuple):
    """Numbers in memory: where, in what shape, and what keeps them there. numpy: whether they came as an array of NumPy."""

    address: int
    shape: tuple[int, ...]
    keep: Any
    numpy: bool = False


def _block(name: str, x: Any) -> Block:
    np = sys.modules.get("numpy")
    if np is not None and isinstance(x, np.ndarray):
        if x.dtype.char != "d" or not x.flags.c_contiguous:
            if x.dtype.kind not in "fiub":
                raise TypeError(f"input {name!r} needs real numbers, got an array of {x.dtype}")
            x = np.array(x, dtype=float, order="C")
        return Block(_address(x), x.shape, x, True)
    try:
        view = memoryview(x)
    except TypeError:
        return _listed(name, x)
    if view.format != "d" or view.readonly or not view.c_contiguous or not view.nbytes:
        return _listed(name, view.tolist())
    return Block(_address(view), view.shape or (), view)


def _address(x: Any) -> int:
    """Where the numbers of a buffer are."""
    try:
        return ctypes.addressof(ctypes.c_char.from_buffer(x))
    except (TypeError, ValueError):  # an array of NumPy that is read-only or empty
        return int(x.__array_interface__["data"][0])


def _listed(name: str, x: Any) -> Block:
    """A sequence of numbers, or of sequences of as many numbers each."""
    if isinstance(x, str) or not isinstance(x, Sequence):
        raise TypeError(f"input {name!r} needs real numbers, got {type(x).__name__} {x!r:.60}")
    rows = [list(row) if isinstance(row, Sequence) and not isinstance(row, str) else row for row in x]
    shape: tuple[int, ...] = (len(rows),)
    if rows and isinstance(rows[0], list):
        shape = (len(rows), len(rows[0]))
        if {len(row) if isinstance(row, list) else -1 for row in rows} != {shape[1]}:
            raise ValueError(f"input {name!r} has rows of different lengths")
        rows = [number for row in rows for number in row]
    numbers = array("d", [as_float(number, f"input {name!r}") for number in rows])
    return Block(numbers.buffer_info()[0], shape, numbers)


def _new_array(shape: Sequence[int], numpy: bool) -> tuple[Any, int]:
    """An array of zeros, and where it is."""
    if numpy:
        import numpy as np

        x = np.zeros(shape)
        return x, _address(x)
    numbers = array("d", bytes(8 * max(1, math.prod(shape))))
    return numbers, numbers.buffer_info()[0]


def _nested(numbers: Any, shape: Sequence[int]) -> Any:
    """The numbers as a float, a list, or a list of rows."""
    flat = numbers.tolist()
    if not shape:
        return flat if isinstance(flat, float) else flat[0]
    if len(shape) == 1:
        return flat[: shape[0]]
    return [flat[k * shape[1] : (k + 1) * shape[1]] for k in range(shape[0])]


def _room(items: Sequence[Item]) -> tuple[Any, list[int]]:
    """Room for one number or array of each item, and where each starts."""
    starts = [0]
    for item in items:
        starts.append(starts[-1] + len(item.places))
    return (ctypes.c_double * max(starts[-1], 1))(), starts[:-1]
