"""Programs in C, as they are written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .c_lines import function, in_functions, joined
from .dialects import C
from .lanes import in_lanes
from .loops import Block, Cells, rolled, scheduled
from .record import Loop, Port, Recorded
from .statements import Statement, filled, statements
from .writer import is_straight, templates

# Memory: the inputs, then the constants, then every value that is needed again, then the results.
_AROUND = """
static const double constants[] = {{{constants}}};
/* volatile, for gcc 12 with AVX-512 copies known numbers wrongly: 1, 1, 0, 0, 0, 0 becomes 1, 1, 1, 1, 0, 0 */
static const double *volatile numbers = constants;
static const long in_at[] = {{{in_at}}}, in_size[] = {{{in_size}}};
static const long out_at[] = {{{out_at}}}, out_size[] = {{{out_size}}};

static void feed(double *v) {{
{feed}
}}

{batch}
/* Runs the program `times` times on each of `batch` examples. An input or output moves on by its step from one example to the
   next; an output whose step is 0 is the sum over the examples. */
void program(long batch, long times, const double *const *in, const long *in_step, double *const *out, const long *out_step,
             double *v) {{
    v += -(size_t)v % 64 / sizeof *v; /* to the beginning of a cache line */
    long n = {first};
    memcpy(v + {constants_at}, numbers, {constant_count} * sizeof *v);
    for (int again = 0; n < batch; n++, again = 1) {{
        for (int j = 0; j < {in_count}; j++)
            if (!again || times > 1 || in_step[j]) memcpy(v + in_at[j], in[j] + n * in_step[j], in_size[j] * sizeof *v);
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


# Where more than so many lines are in no loop, the compiler is asked for less
MANY = 3000
# Programs of so many lines are written for examples side by side, too: shorter ones a compiler has soon done
BATCHED = range(100, 1000)
# Up to so many terms of a total are written out, which a compiler takes long for; more are a loop
TERMS = 20


class CSource(NamedTuple):
    """A program in C: its source, the compiler's level of optimization, the number of cells, its inputs and results.

    by: of a derivative, which inputs it is by; None for an output.
    """

    source: str
    level: str
    cells: int
    inputs: list[Port]
    results: list[Port]
    by: list[frozenset[int] | None]


def written(recorded: Recorded, loop: Loop | None) -> CSource:
    """The program of a recorded graph in C."""
    results = recorded.result_places
    lines = statements(recorded.tape, set(results), C.spelling, (), constants=True, terms=TERMS)
    cells = Cells(recorded, lines)
    of, level, batch, first, count = dict(cells.of), "-O2", "", "0", 0
    if loop is None and len(lines) in BATCHED:
        batch, count = in_lanes(recorded, lines, cells)
        first = "batch < 3 ? 0 : in_lanes(batch, in, in_step, out, out_step, v)"
    if is_straight(lines):
        run = _straight(lines, cells.of, results)
    else:
        groups = scheduled(lines, of)
        cells.of = of
        copies = [Block("@ = @", (len(of) + k, of[place])) for k, place in enumerate(results)]
        blocks = rolled([*groups, copies])
        run = in_functions("run", blocks)
        level = "-O1" if sum([isinstance(block.pattern, str) for block in blocks]) > MANY else level
    count = 8 + max(len(cells.of) + len(results), count)
    in_at, out_at = starts(0, recorded.inputs), starts(len(cells.of), recorded.results)
    around = _AROUND.format(
        constants=", ".join(map(C.spelling.number, cells.numbers)) or "0",
        in_at=joined(in_at),
        in_size=joined([len(port.places) for port in recorded.inputs]),
        out_at=joined(out_at),
        out_size=joined([len(port.places) for port in recorded.results]),
        feed="\n".join(_fed_back(recorded, loop, in_at, out_at)),
        batch=batch,
        first=first,
        constants_at=cells.first,
        constant_count=len(cells.constants),
        in_count=len(recorded.inputs),
        out_count=len(recorded.results),
    )
    source = f"#include <math.h>\n#include <string.h>\n\n{C.header(templates(lines))}{run}{around}"
    return CSource(source, level, count, recorded.inputs, recorded.results, recorded.by())


def _fed_back(recorded: Recorded, loop: Loop | None, in_at: Sequence[int], out_at: Sequence[int]) -> list[str]:
    """The lines that put results in the place of inputs."""
    lines = []
    for result, port in loop.feedback if loop else []:
        to, start = in_at[recorded.inputs.index(port)], out_at[recorded.results.index(result)]
        lines.append(f"    memcpy(v + {to}, v + {start}, {len(port.places)} * sizeof *v);")
    return lines


def starts(start: int, items: Iterable[Port]) -> list[int]:
    """The cell at which each port starts, one after the other."""
    found = []
    for port in items:
        found.append(start)
        start += len(port.places)
    return found


def _straight(lines: Sequence[Statement], cell: dict[int, int], results: Sequence[int]) -> str:
    """The function that runs the program once, with local variables; the results follow the cells."""
    names = {place: f"v[{k}]" for place, k in cell.items()}
    text: list[str] = []
    for line in lines:
        assert isinstance(line.template, str)
        names[line.target] = f"t{len(text)}"
        text.append(f"    const double t{len(text)} = {filled(line.template, [names[place] for place in line.places])};")
    text += [f"    v[{len(cell) + k}] = {names[place]};" for k, place in enumerate(results)]
    return function("run", text)
