"""An operation by itself: its value and its local derivatives, of operands of any kind, as the graph of a program."""

from __future__ import annotations

from collections.abc import Sequence

from ..engine.eager import is_parameter
from ..formulas import derivative
from ..value import Value
from .record import Port, Recorded
from .tape import OnTape, Tape


def recorded_operation(op: str, operands: Sequence[Value]) -> Recorded:
    """The operation with its local derivatives: two results, of as many inputs as there are operands.

    Of the operands, the numbers of those count that are parameters, such as a constant exponent: they are constants.
    """
    given, fixed = [Value(0.0) for _ in operands], fixed_numbers(op, operands)
    tape = Tape(given)
    places = [tape.place(x) if number is None else tape.number(number) for x, number in zip(given, fixed)]
    read = OnTape(tape)
    value, forward = read.formula(op, places), len(tape.operations)
    derivatives = []
    for i, number in enumerate(fixed):
        text, names = derivative(op, places, i) if number is None else ("0", {})
        derivatives.append(read(text, {**names, "z": value}))
    inputs = [Port(f"x{i}", [tape.place(x)], False) for i, x in enumerate(given, 1)]
    results = [Port("z", [value], False), Port("slopes", derivatives, True)]
    return Recorded(tape, inputs, results, {}, forward, 1, value, [])


def fixed_numbers(op: str, operands: Sequence[Value]) -> tuple[float | None, ...]:
    """The numbers of the operands that are parameters, and None for the others: two of the same are one function."""
    return tuple([x.data if is_parameter(op, i, operands) else None for i, x in enumerate(operands)])
