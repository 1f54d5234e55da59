"""Equations about a graph: symbolic = with the numbers in = result, where that comes out with the numbers as written."""

from __future__ import annotations

import math
from collections.abc import Collection, Container, Iterable, Iterator, Sequence
from typing import NamedTuple

from ..value import Value
from .expressions import Expression, Partial, symbol, total, value_of
from .notation import Notation

# A chain of more nodes without a label, a formula of more operands, gets a name
LONGEST_CHAIN = 3
LARGEST_INLINED = 4


class Equation(NamedTuple):
    """left = symbolic = symbolic with numbers = result. Without a formula (None) the result is a convention of the engine."""

    left: Expression
    symbolic: Expression | None
    result: float
    digits: int | None


def local_derivatives(notation: Notation, node: Value) -> list[Equation]:
    equations = []
    for parent, places in places_of_operands(node).items():
        if not parent.is_plain_number:
            left = partial(notation, node, parent, sum([node.local_derivatives[i] for i in places]))
            equations.append(equation(notation, left, *local(notation, node, places)))
    return equations


def places_of_operands(node: Value) -> dict[Value, list[int]]:
    """The operands of a node, each with its places among the parents."""
    places: dict[Value, list[int]] = {}
    for i, parent in enumerate(node.parents):
        places.setdefault(parent, []).append(i)
    return places


def partial(notation: Notation, top: Value, bottom: Value, result: float) -> Expression:
    notation.numbers[Partial(top, bottom)] = result
    return symbol(Partial(top, bottom))


def forward(notation: Notation, node: Value) -> Equation:
    """The equation of an interior node's value."""
    return equation(notation, symbol(node), [notation.formula(node)], node.data)


def local(notation: Notation, node: Value, places: Sequence[int]) -> tuple[Iterator[Expression], float]:
    """The derivative of a node by an operand at these places: its rules, the textbook's first, and the number."""
    derivatives = node.local_derivatives
    return (rule(notation, node, places, textbook) for textbook in (True, False)), sum([derivatives[i] for i in places])


def rule(notation: Notation, node: Value, places: Sequence[int], textbook: bool) -> Expression:
    return total([notation.local_derivative(node, i, textbook) for i in places])


def equation(notation: Notation, left: Expression, candidates: Iterable[Expression], result: float) -> Equation:
    """The equation with the first candidate that comes out with the numbers as they are written, else with all digits."""
    tried: list[Expression] = []
    for digits, untried in ((notation.digits, candidates), (None, tried)):
        for symbolic in untried:
            if _comes_out(notation, symbolic, result, digits):
                return Equation(left, symbolic, result, digits)
            if digits is not None:
                tried.append(symbolic)
    return Equation(left, None, result, notation.digits)


def _comes_out(notation: Notation, symbolic: Expression, result: float, digits: int | None) -> bool:
    try:
        found = value_of(symbolic, lambda thing: notation.number_of(thing, digits))
    except (ValueError, ArithmeticError):
        return False
    shown = notation.number_of(result, digits)
    tolerance = abs(shown) * (1e-9 if digits is None else 10.0 ** (2 - digits))
    if digits is not None and abs(shown) >= 10.0 ** -(digits // 2):  # written with so many decimals
        tolerance = max(tolerance, 2 * 10.0**-digits)
    return found == shown or abs(found - shown) <= tolerance or (math.isnan(found) and math.isnan(shown))


def inlined_nodes(order: Sequence[Value], named: Collection[Value], way: Container[Value] = ()) -> set[Value]:
    """The nodes without a name: those without a label that are small, but for the ones in `named`.

    Along the `way` of a derivation no more than `LONGEST_CHAIN` follow one another.
    """
    inlined: set[Value] = set()
    size: dict[Value, int] = {}
    length: dict[Value, int] = {}
    for node in order:
        parents = node.parents
        size[node] = 1 + sum([size[parent] for parent in parents])
        length[node] = 1 + max([length[parent] for parent in parents], default=0) if node in way else 0
        is_small = max(size[node], len(parents)) <= LARGEST_INLINED and length[node] <= LONGEST_CHAIN
        if parents and not node.label and node not in named and is_small:
            inlined.add(node)
        else:
            size[node] = length[node] = 0
    return inlined
