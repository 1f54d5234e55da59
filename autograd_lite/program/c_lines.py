"""The blocks of a long program as lines in C: loops around statements, in functions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .loops import Block, Pattern, Repeat, Sum
from .statements import filled

# So many sums, or examples, that do not depend on each other are computed side by side
SIDE_BY_SIDE = 8
EACH = f"for (int k = 0; k < {SIDE_BY_SIDE}; k++) "
# Written out, they are in registers. Where the loop over the terms is short, GCC writes out that one, and this makes it slower
UNROLLED, SHORT = f'_Pragma("GCC unroll {SIDE_BY_SIDE}") {EACH}', 16


class Nest(NamedTuple):
    """The loops around a statement in C: their variables, the indentation, and the text that it goes into.

    each: the loop over what is computed side by side, if anything is. examples: whether that is examples. cell, target: what
    a cell is called, and that of a sum.
    """

    variables: tuple[str, ...] = ()
    indent: str = "    "
    around: str = "@;"
    each: str = ""
    examples: bool = False
    cell: str = "v[@]"
    target: str = "v[@]"

    def within(self, variable: str) -> Nest:
        return self._replace(variables=(*self.variables, variable), indent=self.indent + "    ")


OF_ONE = Nest()


def looped(block: Block, nest: Nest = OF_ONE) -> list[str]:
    """A block in C: loops around statements."""
    return _looped(block.pattern, block.cells, [], nest)


def _looped(pattern: Pattern, cells: tuple[int, ...], strides: list[tuple[int, ...]], nest: Nest) -> list[str]:
    """strides: of each loop around it, by how much each cell moves on."""
    if isinstance(pattern, Sum):
        return _summed(pattern, cells, strides, nest)
    if isinstance(pattern, str):
        places = [nest.cell.replace("@", _index(cell, [stride[k] for stride in strides], nest)) for k, cell in enumerate(cells)]
        return [nest.indent + nest.each + nest.around.replace("@", filled(pattern, places))]
    assert isinstance(pattern, Repeat)
    i = f"i{len(strides)}"
    only = pattern.body[0][0] if len(pattern.body) == 1 else None
    if pattern.independent and isinstance(only, Sum) and pattern.times >= SIDE_BY_SIDE and not nest.examples:
        return _side_by_side(only, pattern, cells, strides, nest)
    vector = pattern.independent and not nest.examples and all(isinstance(inner, str) for inner, _ in pattern.body)
    lines = [f'{nest.indent}_Pragma("omp simd")'] * vector
    lines.append(f"{nest.indent}for (long {i} = 0; {i} < {pattern.times}; {i}++) {{")
    at = 0
    for inner, stride in pattern.body:
        own = slice(at, at + len(stride))
        at = own.stop
        lines += _looped(inner, cells[own], [*[outer[own] for outer in strides], stride], nest.within(i))
    return [*lines, f"{nest.indent}}}"]


def _side_by_side(pattern: Sum, loop: Repeat, cells: tuple[int, ...], strides: list[tuple[int, ...]], nest: Nest) -> list[str]:
    """A loop of sums, some at a time: their terms are added in turn, for a processor can add several numbers at once."""
    i, whole = f"i{len(strides)}", loop.times - loop.times % SIDE_BY_SIDE
    inner, strides = nest.within(f"({i} + k)"), [*strides, loop.body[0][1]]
    each = UNROLLED if any([isinstance(term, Repeat) and term.times > SHORT for term, _ in pattern.terms]) else EACH
    lines = [f"{nest.indent}for (long {i} = 0; {i} < {whole}; {i} += {SIDE_BY_SIDE}) {{"]
    lines += [*_summed(pattern, cells, strides, inner._replace(each=each)), f"{nest.indent}}}"]
    if whole < loop.times:
        lines.append(f"{nest.indent}for (long {i} = {whole}; {i} < {loop.times}; {i}++) {{")
        lines += [*_summed(pattern, cells, strides, nest.within(i)), f"{nest.indent}}}"]
    return lines


def _summed(pattern: Sum, cells: tuple[int, ...], strides: list[tuple[int, ...]], nest: Nest) -> list[str]:
    """A sum, term by term. It begins with -0.0: added to that, every number stays what it is."""
    s, room = ("s[k]", f"s[{SIDE_BY_SIDE}]") if nest.each else ("s", "s")
    inner = nest._replace(indent=nest.indent + "    ", around=f"{s} += @;")
    lines = [f"{nest.indent}{{", f"{inner.indent}double {room};", f"{inner.indent}{nest.each}{s} = -0.0;"]
    at = 1
    for term, count in pattern.terms:
        own = slice(at, at + count)
        at = own.stop
        lines += _looped(term, cells[own], [outer[own] for outer in strides], inner)
    target = nest.target.replace("@", _index(cells[0], [stride[0] for stride in strides], nest))
    return [*lines, f"{inner.indent}{nest.each}{target} = {s};", f"{nest.indent}}}"]


def _index(cell: int, strides: Sequence[int], nest: Nest) -> str:
    terms = [f" + {stride} * {variable}" for stride, variable in zip(strides, nest.variables) if stride]
    return f"{cell}{''.join(terms)}"


# Longer programs are in functions of so many lines, so that a compiler's time grows in proportion
FUNCTION = 100


def in_functions(name: str, blocks: Sequence[Block], nest: Nest = OF_ONE, memory: Sequence[str] = ("double *restrict v",)) -> str:
    """The function of that name that runs the blocks once, in parts. memory: its parameters."""
    functions: list[list[str]] = [[]]
    for block in blocks:
        if len(functions[-1]) > FUNCTION:
            functions.append([])
        functions[-1] += looped(block, nest)
    if len(functions) == 1:
        return function(name, functions[0], memory)
    text = [function(f"{name}{k}", lines, memory) for k, lines in enumerate(functions)]
    given = ", ".join([parameter[-1] for parameter in memory])
    return "".join(text) + function(name, [f"    {name}{k}({given});" for k in range(len(functions))], memory)


def function(name: str, lines: Sequence[str], memory: Sequence[str] = ("double *restrict v",)) -> str:
    return "\n".join([f"static void {name}({', '.join(memory)}) {{", *lines, "}", "", ""])


def joined(numbers: Iterable[int]) -> str:
    """As the numbers of an array, of which there is at least one."""
    return ", ".join(map(str, numbers)) or "0"
