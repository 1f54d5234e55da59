"""Operations of the table on floats: their values and local derivatives, at singular points too."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from math import copysign, inf, nan

from .. import floats
from ..floats import FLOATS, FUNCTIONS
from ..formulas import Reading, derivative, is_sum_of_products, other_factors
from .families import AT_ONCE, in_order


class OnFloats(Reading):
    """Formulas of floats, as Python's operators and `math` have it: they raise where there is no value."""

    def __init__(self) -> None:
        vars(self).update(FLOATS)

    def total(self, terms: Iterable[tuple[float, ...]], *last: float) -> float:
        return in_order([*map(math.prod, terms), *last])

    def product(self, terms: Iterable[float]) -> float:
        return math.prod(terms)


class OnIEEE(OnFloats):
    """Formulas of floats as IEEE 754 has it: infinite or nan where Python raises."""

    def __init__(self) -> None:
        vars(self).update({name: _ieee(name) for name in FLOATS})

    def div(self, x: float, y: float) -> float:
        if y:
            return x / y
        return nan if x != x or x == 0 else copysign(inf, x) * copysign(1.0, y)


def _ieee(name: str) -> Callable[..., float]:
    function, row = FLOATS[name], FUNCTIONS[name]
    if row.ieee:
        return getattr(floats, row.ieee)  # type: ignore[no-any-return]

    def as_ieee(*x: float) -> float:
        try:
            return function(*x)
        except OverflowError:
            return copysign(inf, x[0]) if row.odd else inf
        except (ValueError, ZeroDivisionError):
            return row.poles.get(x[0], nan)

    return as_ieee


on_floats, on_ieee = OnFloats(), OnIEEE()


def value(op: str, x: Sequence[float]) -> float:
    """The value of an operation, or function, of floats. ValueError, ZeroDivisionError or OverflowError where there is none."""
    return _read(on_floats, op, x)


def ieee_value(op: str, x: Sequence[float]) -> float:
    """The same, infinite or nan where Python raises."""
    return _read(on_ieee, op, x)


def _read(reading: Reading, op: str, x: Sequence[float]) -> float:
    if op in AT_ONCE:
        return AT_ONCE[op](x)[0]
    return float(getattr(reading, op)(*x) if op in FLOATS else reading.formula(op, x))


def local_derivatives(op: str, x: Sequence[float], z: float) -> list[float]:
    """The local derivatives of an operation at any point: infinite or nan where the rules are."""
    if op in AT_ONCE:
        return AT_ONCE[op](x)[1]
    if is_sum_of_products(op):
        return list(other_factors(op, x))
    rules = [derivative(op, x, i) for i in range(len(x))]
    return [float(on_ieee(text, {**names, "z": z})) for text, names in rules]
