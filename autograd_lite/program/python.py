"""Programs in Python: on floats and lists of them."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

from ..engine.errors import domain_error
from ..engine.on_floats import ieee_value, value
from ..value import Value
from .arguments import floats_of, single
from .dialects import PYTHON
from .record import Loop, Recorded, collector_off
from .runtime import Made, executed
from .slots import SlotWriter, has_many_variables
from .tape import TOTALS, needed, value_of_total
from .writer import Writer


@collector_off()
def made(recorded: Recorded, loop: Loop | None) -> Made:
    writer = Writer(recorded, PYTHON, loop)
    source = writer.source()
    faster = SlotWriter(writer).source() if has_many_variables(writer) else source
    function = executed(source, SIGMOID.sub(_inline, faster), exp=math.exp)
    kinds = [list if port.is_array else float for port in recorded.inputs]
    arrays = [(k, [float] * port.size) for k, port in enumerate(recorded.inputs) if port.is_array]

    def run(arguments: Sequence[Any]) -> Any:
        numbers, usual = arguments, [*map(type, arguments)] == kinds
        for k, floats in arrays:
            usual = usual and [*map(type, arguments[k])] == floats
        if not usual:
            numbers = [floats_of(port, x) for port, x in zip(recorded.inputs, arguments)]
        try:
            return function(*numbers)
        except (ValueError, ArithmeticError):
            return _carefully(recorded, loop, numbers)

    return Made(source, function, run)


# Speed: to call a function takes longer than what it computes. These lines run in the place of those that are shown
SIGMOID = re.compile(r"\bsigmoid\((-?)([a-zA-Z_]\w*)\)")


def _inline(call: re.Match[str]) -> str:
    """The same number without a call, except where `exp` might overflow."""
    negative, x = call.groups()
    exponent, inside = (x, f"{x} < 700.0") if negative else (f"-{x}", f"{x} > -700.0")
    return f"(1.0 / (1.0 + exp({exponent})) if {inside} else {call.group()})"


def _carefully(recorded: Recorded, loop: Loop | None, numbers: Sequence[Any]) -> Any:
    """The results where the program's lines fail: DomainError as the operation raises it; for a derivative, inf or nan."""
    operations, labels = recorded.tape.operations, recorded.tape.labels
    order = [place for place in needed(recorded.tape, recorded.result_places) if operations[place][1]]
    at: dict[int, float] = dict(recorded.tape.numbers)
    for port, x in zip(recorded.inputs, numbers):
        at.update(zip(port.places, x if port.is_array else [x]))
    for k in range(loop.times if loop else 1):
        if k and loop:
            at.update({place: at[result] for result, place in loop.places})
        for place in order:
            op, x = operations[place]
            operands = [at[i] for i in x]
            try:
                at[place] = value_of_total(op, operands) if op in TOTALS else value(op, operands)
            except (ValueError, ArithmeticError) as error:
                if place < recorded.forward:
                    raise domain_error(op, [Value(at[i], labels.get(i, "")) for i in x], error) from None
                at[place] = ieee_value(op, operands)
    return single([[at[place] for place in port.places] if port.is_array else at[port.places[0]] for port in recorded.results])
