"""``step``, ``draw`` and ``explain``: the two passes, the graph and the derivatives of an expression that is typed."""

from __future__ import annotations

import keyword
import sys
from collections.abc import Sequence
from pathlib import Path

from .. import Value, draw, explain, steps, topological_order
from ..parse import as_read, did_you_mean, number, parse
from ..sentences import say


def step_through(expression: str, numbers: Sequence[str], save: Path | None, language: str) -> int:
    """The steps of the two passes over an expression: in the terminal, or as a page in a file."""
    found = steps(parsed(expression, numbers), language)
    if save is None:
        found.terminal()
    else:
        print(say(language, "wrote", path=found.save(save)))
    return 0


def draw_expression(expression: str, numbers: Sequence[str], save: Path, language: str) -> int:
    """The picture of an expression, with its grads."""
    output = parsed(expression, numbers)
    output.backward()
    print(say(language, "wrote", path=draw(output, language=language).save(save)))
    return 0


def explain_expression(expression: str, numbers: Sequence[str], wrt: str | None, form: str, digits: int, language: str) -> int:
    """The derivation of a derivative of an expression."""
    output = parsed(expression, numbers)
    by_label = {node.label: node for node in topological_order(output) if node.label}
    if wrt is not None and wrt not in by_label:
        there_are = did_you_mean(wrt, by_label) or f": there are {', '.join(by_label)}"
        raise ValueError(f"--wrt {wrt} is not in the expression{there_are}")
    text = getattr(explain(output, by_label.get(wrt or ""), digits=digits, language=language), form)()
    if form == "mathml":  # a symbol that the encoding has not is there as a character reference
        encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
        text = text.encode(encoding, "xmlcharrefreplace").decode(encoding)
    print(text)
    return 0


def parsed(expression: str, numbers: Sequence[str]) -> Value:
    """The Value of an expression, with numbers such as ``x=1``. ValueError for what cannot be read."""
    found = {}
    for text in numbers:
        name, equals, written = text.partition("=")
        name = as_read(name.strip())
        if not equals or not name.isidentifier() or keyword.iskeyword(name):
            raise ValueError(f"{text} is not a name with a number, such as x=1")
        if name in found:
            raise ValueError(f"{name} has two numbers")
        try:
            found[name] = number(written)
        except ValueError as error:
            raise ValueError(f"{text}: {error}") from None
    return parse(expression, found)
