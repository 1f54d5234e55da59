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
    given = [Value(0.0) for _ in operands]
    tape = Tape(given)
    fixed = {i for i in range(len(operands)) if is_parameter(op, i, operands)}
    places = [tape.number(x.data) if i in fixed else tape.place(given[i]) for i, x in enumerate(operands)]
    read = OnTape(tape)
    value, forward = read.formula(op, places), len(tape.operations)
    derivatives = []
    for i in range(len(operands)):
        text, names = ("0", {}) if i in fixed else derivative(op, places, i)
        derivatives.append(read(text, {**names, "z": value}))
    inputs = [Port(f"x{i}", [tape.place(x)], False) for i, x in enumerate(given, 1)]
    results = [Port("z", [value], False), Port("slopes", derivatives, True)]
    return Recorded(tape, inputs, results, {}, forward, 1, value, [])


def fixed_numbers(op: str, operands: Sequence[Value]) -> tuple[float | None, ...]:
    """The numbers of the operands that are parameters, and None for the others: two of the same are one function."""
    return tuple([x.data if is_parameter(op, i, operands) else None for i, x in enumerate(operands)])
