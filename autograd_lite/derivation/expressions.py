"""Expressions: what a person would write for a formula or a rule of the table.

Sums, products, fractions, powers and calls, of symbols and numbers. What a person would leave out is left out: a factor of 1, a
term of 0, two minus signs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ..floats import FLOATS
from ..formulas import Reading
from ..value import Value


class Expression(NamedTuple):
    """`kind` is number, symbol, negative, sum, product, quotient, power, or the name of the function called."""

    kind: str
    parts: tuple[Any, ...]


class Partial(NamedTuple):
    """The symbol of a derivative: of `top` by `bottom`."""

    top: Value
    bottom: Value


class Indexed(NamedTuple):
    """A symbol of the delta form: the layer above, the units below."""

    letter: str
    layer: int
    units: tuple[int, ...]


def number(x: float) -> Expression:
    return Expression("number", (float(x),))


def symbol(thing: Value | Partial | Indexed) -> Expression:
    return Expression("symbol", (thing,))


def total(terms: Iterable[Expression]) -> Expression:
    """The sum of the terms; the numbers among them are added up where that is exact."""
    kept, constant, place = _gathered(terms, "sum", 0.0)
    if constant or not kept:
        kept.insert(place, number(constant))
    return kept[0] if len(kept) == 1 else Expression("sum", tuple(kept))


def product(factors: Iterable[Expression]) -> Expression:
    """The product; the numbers among its factors, and their signs, go to the front where that is exact."""
    kept, constant, _ = _gathered(factors, "product", 1.0)
    while constant < 0 and any(factor.kind == "negative" for factor in kept):
        constant, kept = -constant, _without_a_minus(kept)
    if not kept:
        return number(constant)
    if constant not in (1.0, -1.0):
        kept.insert(0, number(constant))
    whole = kept[0] if len(kept) == 1 else Expression("product", tuple(kept))
    return negative(whole) if constant == -1.0 else whole


def symbols(e: Expression) -> Iterator[Any]:
    """What the symbols of an expression stand for, from left to right."""
    if e.kind == "symbol":
        yield e.parts[0]
    else:
        for part in e.parts:
            if isinstance(part, Expression):
                yield from symbols(part)


def negative(x: Expression) -> Expression:
    if x.kind == "number":
        return number(-x.parts[0])
    return x.parts[0] if x.kind == "negative" else Expression("negative", (x,))


def power(base: Expression, exponent: Expression) -> Expression:
    if exponent.kind == "number" and exponent.parts[0] in (0.0, 1.0):
        return base if exponent.parts[0] else number(1.0)
    return Expression("power", (base, exponent))


def _gathered(parts: Iterable[Expression], kind: str, start: float) -> tuple[list[Expression], float, int]:
    """The parts of nested sums or products; of the numbers among them, where taken together exactly, the result and the place."""
    kept: list[Expression] = []
    constant, place = start, None
    for part in parts:
        for x in part.parts if part.kind == kind else (part,):
            if x.kind == "number":
                together = constant + x.parts[0] if kind == "sum" else constant * x.parts[0]
                if _is_exact(kind, constant, x.parts[0], together):
                    constant, place = together, len(kept) if place is None else place
                    continue
            kept.append(x)
    return kept, constant, place or 0


def _is_exact(kind: str, x: float, y: float, result: float) -> bool:
    if x == (0.0 if kind == "sum" else 1.0):
        return True
    if not math.isfinite(result):
        return False
    from fractions import Fraction  # which imports much

    return Fraction(result) == (Fraction(x) + Fraction(y) if kind == "sum" else Fraction(x) * Fraction(y))


def _without_a_minus(factors: list[Expression]) -> list[Expression]:
    i = next(i for i, factor in enumerate(factors) if factor.kind == "negative")
    return [*factors[:i], factors[i].parts[0], *factors[i + 1 :]]


class AsExpressions(Reading):
    """Formulas as a person writes them."""

    number, neg, pow = staticmethod(number), staticmethod(negative), staticmethod(power)

    def add(self, x: Expression, y: Expression) -> Expression:
        return total([x, y])

    def sub(self, x: Expression, y: Expression) -> Expression:
        return total([x, negative(y)])

    def mul(self, x: Expression, y: Expression) -> Expression:
        return product([x, y])

    def div(self, x: Expression, y: Expression) -> Expression:
        return Expression("quotient", (x, y))

    def where(self, *operands: Expression) -> Expression:
        return Expression("where", operands)

    def total(self, terms: Iterable[Iterable[Expression]], *last: Expression) -> Expression:
        return total([*map(product, terms), *last])

    def product(self, factors: Iterable[Expression]) -> Expression:
        return product(factors)

    def primitive(self, name: str) -> Callable[..., Expression]:
        return lambda *operands: Expression(name, operands)


as_expressions = AsExpressions()


def expression(text: str, names: Mapping[str, Any]) -> Expression:
    """A formula or rule of the table, with these expressions for its letters, and what else its names stand for."""
    return as_expressions(text, names)  # type: ignore[no-any-return]


def formula(op: str, operands: Sequence[Expression]) -> Expression:
    """The formula of an operation of the table with these operands."""
    return as_expressions.formula(op, operands)  # type: ignore[no-any-return]


def value_of(e: Expression, number_of: Any) -> float:
    """The number that an expression is, with `number_of(symbol or number)` for its symbols and numbers.

    Raises ValueError or ArithmeticError outside a domain.
    """
    if e.kind == "number" or e.kind == "symbol":
        return float(number_of(e.parts[0]))
    x = [value_of(part, number_of) for part in e.parts]
    match e.kind:
        case "negative":
            return -x[0]
        case "sum":
            return sum(x)
        case "product":
            return math.prod(x)
        case "quotient":
            return x[0] / x[1]
        case "power":
            return FLOATS["pow"](*x)
    return FLOATS[e.kind](*x)
