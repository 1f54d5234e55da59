"""Programs in C, as they are written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .dialects import C
from .loops import SIDE_BY_SIDE, Block, Cells, looped, rolled, scheduled
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


# Of examples side by side, each cell of one is followed by that of the next. A sum over them is from the first one on.
_BATCH = """
{run}static const int found_at[] = {{{found_at}}};

/* Runs the program on examples, {many} at a time, as long as there are so many; returns how many it has done. */
static long in_batch(long batch, const double *const *in, const long *in_step, double *const *out, const long *out_step,
                     double *v) {{
    long n = 0;
    const double *from = numbers;
    for (long i = 0; i < {constant_count}; i++)
        for (int k = 0; k < {many}; k++) v[({constants_at} + i) * {many} + k] = from[i];
    for (; n + {many} <= batch; n += {many}) {{
        for (int j = 0; j < {in_count}; j++)
            if (n == 0 || in_step[j])
                for (int k = 0; k < {many}; k++)
                    for (long i = 0; i < in_size[j]; i++)
                        v[(in_at[j] + i) * {many} + k] = in[j][(n + k) * in_step[j] + i];
        run_batch(v);
        const int *at = found_at;
        for (int j = 0; j < {out_count}; at += out_size[j++])
            for (long i = 0; i < out_size[j]; i++) {{
                const double *x = v + at[i] * {many};
                double *to = out[j] + n * out_step[j] + i;
                if (out_step[j]) {{
                    for (int k = 0; k < {many}; k++) to[k * out_step[j]] = x[k];
                }} else {{
                    double s = n ? *to : -0.0;
                    _Pragma("GCC unroll {many}") for (int k = 0; k < {many}; k++) s += x[k];
                    *to = s;
                }}
            }}
    }}
    return n;
}}
"""


# Longer programs are in functions of so many lines, so that a compiler's time grows in proportion; where more than so many
# lines are in no loop, it is asked for less
FUNCTION, MANY = 300, 3000
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
    of, level, batch, first = dict(cells.of), "-O2", "", "0"
    places = {
        "constants_at": cells.first,
        "constant_count": len(cells.constants),
        "in_count": len(recorded.inputs),
        "out_count": len(recorded.results),
    }
    straight, batched = is_straight(lines), loop is None and len(lines) in BATCHED
    groups = scheduled(lines, of) if batched or not straight else []
    if batched:
        found_at = _joined([of[place] for place in results])
        run = _in_functions("run_batch", rolled(groups), examples=True)
        batch = _BATCH.format(run=run, found_at=found_at, many=SIDE_BY_SIDE, **places)
        first = f"batch < {SIDE_BY_SIDE} ? 0 : in_batch(batch, in, in_step, out, out_step, v)"
    if straight:
        run = _straight(lines, cells.of, results)
    else:
        cells.of = of
        copies = [Block("@ = @", (len(of) + k, of[place])) for k, place in enumerate(results)]
        blocks = rolled([*groups, copies])
        run = _in_functions("run", blocks)
        level = "-O1" if sum([isinstance(block.pattern, str) for block in blocks]) > MANY else level
    count = 8 + max(len(cells.of) + len(results), len(of) * SIDE_BY_SIDE * batched)
    in_at, out_at = starts(0, recorded.inputs), starts(len(cells.of), recorded.results)
    around = _AROUND.format(
        constants=", ".join(map(C.spelling.number, cells.numbers)) or "0",
        in_at=_joined(in_at),
        in_size=_joined([len(port.places) for port in recorded.inputs]),
        out_at=_joined(out_at),
        out_size=_joined([len(port.places) for port in recorded.results]),
        feed="\n".join(_fed_back(recorded, loop, in_at, out_at)),
        batch=batch,
        first=first,
        **places,
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


def _joined(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, numbers)) or "0"


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
    return _function("run", text)


def _in_functions(name: str, blocks: Sequence[Block], examples: bool = False) -> str:
    """The function of that name that runs the program once, in parts."""
    functions: list[list[str]] = [[]]
    for block in blocks:
        if len(functions[-1]) > FUNCTION:
            functions.append([])
        functions[-1] += looped(block, examples)
    if len(functions) == 1:
        return _function(name, functions[0])
    text = [_function(f"{name}{k}", lines) for k, lines in enumerate(functions)]
    return "".join(text) + _function(name, [f"    {name}{k}(v);" for k in range(len(functions))])


def _function(name: str, lines: Sequence[str]) -> str:
    return "\n".join([f"static void {name}(double *restrict v) {{", *lines, "}", "", ""])
