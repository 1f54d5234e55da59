"""``lab``: the bug lab. An engine to be read and run, hints, and what is wrong with it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from .. import Value, topological_order
from ..classroom import BUGS, LESSONS, Bug, Comparison, bug, compare
from ..classroom.bugs import in_time
from ..classroom.terminal import tell
from ..derivation.markup import rounded
from ..nn.worked_example import WorkedExample
from ..sentences import say
from ..sentences.widths import to_left, to_right, width
from .expressions import parsed
from .reading import add_language

MOST_ROWS = 40
"""More nodes than this are not listed with their grads."""


def add(command: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    command.add_argument("which", nargs="?", default="", metavar="BUG", help="its number or its name; without, all are listed")
    command.add_argument(
        "expression", nargs="?", help="run it on this, such as 'a = 3; a * a', or on `example`; a name h_t1 is of time step 1"
    )
    command.add_argument("numbers", nargs="*", metavar="NAME=NUMBER", help="the number of each name: x=1 w=2 b=0.5")
    command.add_argument(
        "--compare", nargs="*", metavar="EXPRESSION", help="where it differs first from the right pass, with the numbers after it"
    )
    command.add_argument("--save", type=Path, metavar="FILE", help="write the comparison as a page, FILE.html")
    command.add_argument("--hints", type=int, default=0, metavar="N", help="the first N hints, of 3")
    command.add_argument("--reveal", action="store_true", help="say what is wrong")
    add_language(command)
    command.set_defaults(run=lab)


def lab(
    which: str,
    expression: str | None,
    numbers: Sequence[str],
    compare: Sequence[str] | None,
    save: Path | None,
    hints: int,
    reveal: bool,
    language: str,
) -> int:
    """All bugs; or one: its source, what it makes of a graph, where that goes wrong, hints, and what is wrong."""
    if not which:
        if compare is not None or save is not None or hints or reveal:
            raise ValueError("which bug? Name one by its number: without any option, all are listed")
        tell("\n".join(_listed(language)))
        return 0
    found = bug(which)
    if compare:
        expression, *numbers = compare
    output = None if expression is None else _graph(expression, numbers)
    if output is None and (compare is not None or save is not None):
        output = found.smallest()
    if output is not None:
        compared = _compared(found, output, language)
        tell("\n".join(_ran(found, compared)) if compare is None else str(compared))
        if save is not None:
            print(say(language, "wrote", path=compared.save(save)))
    for hint in found.hints_in(language)[: max(hints, 0)]:
        tell(hint)
    if reveal:
        tell(found.reveal(language))
    if output is None and not hints and not reveal:
        tell("\n".join(_numbered(found.source)))
        if sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty():
            _visit(found, language)
    return 0


def _graph(expression: str, numbers: Sequence[str]) -> Value:
    return WorkedExample()() if expression == "example" and not numbers else in_time(parsed(expression, numbers))


def _compared(found: Bug, output: Value, language: str) -> Comparison:
    return compare(None, found, output, language)


def _listed(language: str) -> Iterator[str]:
    yield say(language, "lab")
    for found in BUGS.values():
        lessons = [str(lesson) for lesson, names in LESSONS.items() if found.name in names]
        where = f"  {say(language, 'lab-lesson', lesson=', '.join(lessons))}" if lessons else ""
        title = found.source.splitlines()[0].strip('"')
        yield f"{found.number:4}  {title}{where}"


def _numbered(source: str) -> Iterator[str]:
    for number, line in enumerate(source.splitlines(), 1):
        yield f"{number:3}  {line}".rstrip()


def _ran(found: Bug, one: Comparison) -> Iterator[str]:
    """What the engine makes of a graph, beside what is right; and whether the graph shows the bug."""
    nodes = one.passes.order[::-1]
    heads = [one.say(key) for key in ("node", "right-grad", "wrong-grad")]
    rows = [[one.passes.name(n), rounded(one.right[n], 9), rounded(one.wrong[n], 9)] for n in nodes[:MOST_ROWS]]
    if one.problem is None:
        sizes = [max(map(width, column)) for column in zip(heads, *rows)]
        for node, (name, *grads) in zip([None, *nodes], [heads, *rows]):
            cells = [to_right(cell, size) for cell, size in zip(grads, sizes[1:])]
            yield "  ".join([to_left(name, sizes[0]), *cells, *["≠"] * (node in one.differing)])
        if len(nodes) > MOST_ROWS:
            yield "..."
    else:
        yield str(one)
    count, smallest = [len(topological_order(output)) for output in (one.output, found.smallest())]
    yield one.say("lab-hides" if one.agree else "lab-shows", count=count, smallest=smallest)


def _visit(found: Bug, language: str) -> None:
    """Runs what is typed, says whether a line is the wrong one, gives hints, until that is found or given up."""
    hints = iter(found.hints_in(language))
    tell(f"\n{say(language, 'lab-prompt')}")
    while True:
        try:
            typed = input("> ").strip()
        except EOFError:
            tell("")
            return
        match typed.lower():
            case "":
                continue
            case "q":
                return
            case "h":
                tell(next(hints, say(language, "no-hint")))
            case "r":
                tell(found.reveal(language))
                return
            case line if line.isdecimal():
                if int(line) in found.lines:
                    tell(f"{say(language, 'lab-line', line=line)}\n{found.reveal(language)}")
                    return
                is_there = 1 <= int(line) <= len(found.source.splitlines())
                tell(say(language, "lab-other-line" if is_there else "lab-no-line", line=line))
            case _:
                try:
                    tell("\n".join(_ran(found, _compared(found, _graph(typed, ()), language))))
                except (ValueError, ArithmeticError) as error:
                    tell(str(error))
