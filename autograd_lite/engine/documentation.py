"""What editors and `help` show of an operation, read from its row."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from ..floats import FUNCTIONS
from ..ops import ROWS

# What the example is of: a negative number where the domain has them; 2 is in that of acosh
EXAMPLES = ((-0.7, 2.0, 3.0), (0.7, 2.0, 3.0), (2.0, 2.0, 3.0))
_POWER = re.compile(r"pow\(((?:[^(),]|\([^()]*\))+), ([^(),]+)\)")


def names_of(op: str) -> tuple[str, ...]:
    """The names of the operands for who calls the operation."""
    return ROWS[op].names or tuple("xyw"[: len(ROWS[op].derivatives)])


def docstring(op: str, function: Callable[..., Any], node_class: Callable[[float], Any]) -> str:
    """Its formula, what it is, its derivatives, its domain and conventions, and an example with its numbers."""
    row, names = ROWS[op], names_of(op)
    lines = [_renamed(f"z = {_powers(row.formula)}: {row.what}.", names), ""]
    for i, (name, rule) in enumerate(zip(names, row.derivatives)):
        shown = row.textbook[i] if row.textbook else rule
        computed = f", computed as {_powers(rule)}" if shown != rule and "where(" not in rule else ""
        lines.append(f"dz/d{name} = {_renamed(_powers(shown) + computed, names)}")
    if row.parameter:
        lines += ["", f"A plain number as {names[1]} is a parameter: it is not differentiated by."]
    if row.needs:
        formulas = row.formula + (FUNCTIONS[op].body if op in FUNCTIONS else "")
        by_zero = "; where it divides by zero, DivisionByZeroError" if " / " in formulas or "pow(" in formulas else ""
        lines += ["", f"Domain: {_renamed(row.needs, names)}. Outside, DomainError, a ValueError{by_zero}."]
    if row.convention:
        lines += ["", f"Convention: {_renamed(row.convention, names)}."]
    return "\n".join([*lines, "", *_example(op, function, node_class)]) + "\n"


def _example(op: str, function: Callable[..., Any], node_class: Callable[[float], Any]) -> list[str]:
    names = names_of(op)[: None if ROWS[op].default is None else 1]
    for numbers in EXAMPLES[bool(ROWS[op].needs) :]:
        operands = [node_class(number) for number in numbers[: len(names)]]
        try:
            z = function(*operands)
        except (ValueError, ArithmeticError):
            continue
        listed = ", ".join(names)
        return [
            f">>> from autograd_lite import Value, {op}",
            f">>> {listed} = {', '.join([f'Value({x.data})' for x in operands])}",
            f">>> z = {op}({listed})",
            ">>> z.backward()",
            f'>>> print(f"{{z:.6g}}, {", ".join([f"{{{name}.grad:.6g}}" for name in names])}")',
            ", ".join([f"{x:.6g}" for x in (z.data, *z.local_derivatives[: len(names)])]),
        ]
    return []


def _powers(text: str) -> str:
    """A formula with powers as Python writes them."""
    if "pow(" not in text:  # as a rule: this is for the time of the import
        return text
    return _POWER.sub(lambda match: "**".join([x if x.isalnum() else f"({x})" for x in match.groups()]), text)


def _renamed(text: str, names: Sequence[str]) -> str:
    letters = dict(zip("xyw", names))
    if all([letter == name for letter, name in letters.items()]):
        return text
    return re.sub(r"\b[xyw]\b", lambda match: letters.get(match[0], match[0]), text)
