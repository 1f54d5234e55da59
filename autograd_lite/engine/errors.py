"""Errors that teach: they name the operation, its operands with their labels, and the rule. And what counts as a number."""

from __future__ import annotations

import math
import numbers
from collections.abc import Sequence
from typing import Any

from ..formulas import operands
from ..ops import ROWS
from .node import Node


class DomainError(ValueError):
    """An operand outside the domain of its operation, such as the logarithm of a negative number."""

    __module__ = "autograd_lite"  # as tracebacks show it


class DivisionByZeroError(DomainError, ZeroDivisionError):
    """A division by zero, or zero to a negative power."""

    __module__ = "autograd_lite"


def is_real(number: object) -> bool:
    """Whether it is a real number: int, float, Fraction, Decimal, a NumPy scalar; not complex, not text."""
    if isinstance(number, numbers.Real):
        return True
    if isinstance(number, numbers.Number):  # Decimal, complex
        return not isinstance(number, numbers.Complex)
    return type(number).__module__ == "numpy" and type(number).__name__ in ("bool", "bool_")


def as_float(number: Any, operation: str) -> float:
    """The number as a float. TypeError or OverflowError, naming the operation, where there is none."""
    if type(number) is float:
        return number
    if type(number) is not int and not is_real(number):
        kinds = "a real number" if operation.startswith("Value") else "real numbers or Values"
        hint = "; value.detach() makes a new leaf of it" if isinstance(number, Node) else ""
        raise TypeError(f"{operation} needs {kinds}, got {shown(number)}{hint}") from None
    try:
        found = float(number)
        if math.isinf(found) and number != found:  # a Decimal or a long double is not asked whether it fits
            raise OverflowError
        return found
    except OverflowError:
        raise OverflowError(f"{operation}: {shown(number)} is too large for a float") from None
    except ValueError:
        raise ValueError(f"{operation}: {shown(number)} is no number") from None


def _clipped(text: str) -> str:
    """So much of a text as fits into a message."""
    return text if len(text) <= 60 else f"{text[:40]}...{text[-10:]}"


def shown(thing: object) -> str:
    """What something is, and of which kind, for a message: ``str 'abc'``. It never raises."""
    try:
        return f"{type(thing).__name__} {_clipped(repr(thing))}"
    except Exception:  # a number of too many digits, or a repr of the user's own that fails
        return type(thing).__name__


def quoted(label: object) -> str:
    """A label in quotes; it may have been set to what is no str."""
    return _clipped(repr(label)) if type(label) is str else shown(label)


def named(node: Any) -> str:
    """A node by its label: ``node 'w'``."""
    return f"node {quoted(node.label)}" if node.label else "a node without a label"


def described(op: str, nodes: Sequence[Any]) -> str:
    """The operands of `op` for an error message: ``x = 1.0 (node 'a'), y = 0.0``."""
    letters = operands(op, len(nodes))
    texts = [f"{letter} = {x._data!r}" + (f" ({named(x)})" if x.label else "") for letter, x in zip(letters[:6], nodes)]
    return ", ".join(texts + ["..."] * (len(letters) > 6))


def needed(op: str) -> str:
    """What the operands of `op` have to be."""
    return (ROWS[op].needs if op in ROWS else "finite operands") or "operands at which its formula has a value"


def domain_error(op: str, nodes: Sequence[Any], error: Exception) -> Exception:
    """What an operation raises outside its domain: names it, its operands and their labels, and what it needs."""
    if isinstance(error, OverflowError):
        return OverflowError(f"{op} overflows for {described(op, nodes)}: the result is beyond 1.8e308")
    got = described(op, nodes)
    kind = DivisionByZeroError if isinstance(error, ZeroDivisionError) else DomainError
    return kind(f"{op} needs {needed(op)}, got {got.removeprefix('x = ') if len(nodes) == 1 else got}")
