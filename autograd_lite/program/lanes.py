"""Examples of a batch side by side, in C: a lane for each of some examples, which a processor computes at once.

What all examples share stays one number. A sum over examples is from the first to the last, as if they came one by one; of sums,
many are side by side.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from itertools import islice

from .c_lines import EACH, SIDE_BY_SIDE, UNROLLED, Nest, in_functions, joined
from .loops import Block, Cells, rolled, scheduled
from .record import Recorded
from .statements import Statement, Total, filled

# p: what the examples share; v: the lanes; w: of one example, what its terms of the sums are made of; r: the sums
_SOURCE = """
{run}{add}static const int shared_in[] = {{{shared_in}}}, each_in[] = {{{each_in}}};
static const int sum_out[] = {{{sum_out}}}, each_out[] = {{{each_out}}};
static const int found_at[] = {{{found_at}}}, term_at[] = {{{term_at}}};

/* Runs the program on examples, {many} at a time, and returns how many it has done: none where they do not share what they are
   expected to. In the place of those that the last ones lack, the first of them stands. */
static long in_lanes(long batch, const double *const *in, const long *in_step, double *const *out, const long *out_step,
                     double *v) {{
    double *p = v + {lanes} * {many}, *r = p + {shares}, *w = r + {sums};
    for (int j = 0; j < {shared_count}; j++) {{
        if (in_step[shared_in[j]]) return 0;
        memcpy(p + in_at[shared_in[j]], in[shared_in[j]], in_size[shared_in[j]] * sizeof *p);
    }}
    memcpy(p + {constants_at}, numbers, {constant_count} * sizeof *p);
    for (long i = 0; i < {sums}; i++) r[i] = -0.0; /* added to that, every number stays what it is */
    for (long n = 0; n < batch; n += {many}) {{
        const int there = batch - n < {many} ? batch - n : {many};
        for (int j = 0; j < {each_in_count}; j++) {{
            const int from = each_in[j];
            if (n == 0 || in_step[from])
                for (int k = 0; k < {many}; k++)
                    for (long i = 0; i < in_size[from]; i++)
                        v[(in_at[from] + i) * {many} + k] = in[from][(n + (k < there ? k : 0)) * in_step[from] + i];
        }}
        run_lanes(v, p);
        for (long i = 0; i < {terms}; i++)
            _Pragma("GCC unroll {many}") for (int k = 0; k < {many}; k++) w[k * {terms} + i] = v[term_at[i] * {many} + k];
        if (there == {many}) add_all(r, w);
        else for (int k = 0; k < there; k++) add(r, w, k);
        const int *at = found_at;
        for (int j = 0; j < {each_out_count}; j++) {{
            const long step = out_step[each_out[j]];
            double *to = out[each_out[j]] + n * step;
            for (long i = 0; i < out_size[each_out[j]]; i++, to++, at++) {{
                if (n == 0 && step == 0) *to = -0.0;
                for (int k = 0; k < there; k++)
                    if (step) to[k * step] = v[*at * {many} + k];
                    else *to += v[*at * {many} + k];
            }}
        }}
    }}
    for (int j = 0; j < {sum_count}; r += out_size[sum_out[j++]]) memcpy(out[sum_out[j]], r, out_size[sum_out[j]] * sizeof *r);
    return batch;
}}
"""
LANE = f"v[(@) * {SIDE_BY_SIDE} + k]"
ACROSS = Nest(each=f'_Pragma("omp simd") {EACH}', examples=True, cell="@", target=LANE)
ADDED, ALL_ADDED = Nest(cell="@"), Nest(cell="@", each=UNROLLED)


def in_lanes(recorded: Recorded, lines: Sequence[Statement], cells: Cells) -> tuple[str, int]:
    """The function `in_lanes` in C, for a program of these statements, and how many numbers it needs room for."""
    shared, by = _shared(recorded), recorded.by()
    sums = [k for k, of in enumerate(by) if of is not None and of <= shared]
    each = [k for k in range(len(by)) if k not in sums]
    summed, found = [[place for k in ports for place in recorded.results[k].places] for ports in (sums, each)]
    alike = {*cells.constants, *[place for j in shared for place in recorded.inputs[j].places]}
    last = {*summed} - {*found, *[place for line in lines for place in line.places]}
    terms = {line.target: line for line in lines if line.target in last and _is_term(line, alike)}
    lines = [line for line in lines if line.target not in terms]
    # a result that all examples share has lanes too
    copies = {place: -1 - place for place in alike.intersection([*found, *summed])}
    lines += [Statement(copy, "@", (place,)) for place, copy in copies.items()]
    of = dict(cells.of)
    groups = scheduled([_in_words(line, alike) for line in lines], of, LANE)
    added, term_at = _added(of, [(terms.get(place) or Statement(0, "@", (copies.get(place, place),))) for place in summed])
    shares, room = cells.first + len(cells.constants), len(of) * SIDE_BY_SIDE
    memory = ("double *restrict r", "const double *restrict w")
    source = _SOURCE.format(
        run=in_functions("run_lanes", rolled(groups), ACROSS, ("double *restrict v", "const double *restrict p")),
        add=in_functions("add", added, ADDED, (*memory, "int k")) + in_functions("add_all", added, ALL_ADDED, memory),
        shared_in=joined(sorted(shared)),
        shared_count=len(shared),
        each_in=joined([j for j in range(len(recorded.inputs)) if j not in shared]),
        each_in_count=len(recorded.inputs) - len(shared),
        sum_out=joined(sums),
        sum_count=len(sums),
        each_out=joined(each),
        each_out_count=len(each),
        found_at=joined([of[copies.get(place, place)] for place in found]),
        term_at=joined(term_at),
        terms=len(term_at),
        sums=len(summed),
        lanes=len(of),
        shares=shares,
        constants_at=cells.first,
        constant_count=len(cells.constants),
        many=SIDE_BY_SIDE,
    )
    return source, room + shares + len(summed) + len(term_at) * SIDE_BY_SIDE


def _shared(recorded: Recorded) -> frozenset[int]:
    """The inputs that examples are expected to share: those that derivatives are by; if by all, the one of most numbers."""
    wrt = frozenset().union(*[of for of in recorded.by() if of is not None])
    if len(wrt) < len(recorded.inputs):
        return wrt
    sizes = [len(port.places) for port in recorded.inputs]
    return frozenset([k for k, size in enumerate(sizes) if size > sum(sizes) / 2 and len(sizes) > 1])


def _is_term(line: Statement, alike: Container[int]) -> bool:
    """Whether it is so little that each example may compute it by itself, from lanes only."""
    return isinstance(line.template, str) and len(line.places) <= 2 and not any([place in alike for place in line.places])


def _in_words(line: Statement, alike: Container[int]) -> Statement:
    """The statement with the memory of each operand in its template."""
    words = iter(["p[@]" if place in alike else LANE for place in line.places])

    def written(template: str) -> str:
        return filled(template, list(islice(words, template.count("@"))))

    template = line.template
    return line._replace(template=written(template) if isinstance(template, str) else Total(tuple(map(written, template.terms))))


def _added(cell: Mapping[int, int], terms: Sequence[Statement]) -> tuple[list[Block], list[int]]:
    """The lines that add to each sum its term, of example k; and which cells of lanes the terms are made of."""
    read = sorted({cell[place] for term in terms for place in term.places})
    at = {lane: k for k, lane in enumerate(read)}
    groups: dict[str, list[Block]] = {}
    for k, (_, template, places) in enumerate(terms):
        pattern = f"r[@] += {filled(str(template), [f'w[k * {len(read)} + @]'] * len(places))}"
        groups.setdefault(pattern, []).append(Block(pattern, (k, *[at[cell[place]] for place in places])))
    return rolled(groups.values()), read
