"""How operations are written in a dialect: as texts that know how tightly they bind."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple


class Spelling(NamedTuple):
    """How a dialect writes: a number; and a function where that is not ``name(x, y)``.

    A function's spelling has ``{x}``, ``{y}`` and ``{w}`` for its operands, or ``{all}`` for them and ``{n}`` for their number.
    Under a name and a number, (name, 2.0), it is for that number as y; under (name, "number") for any that is not nan.
    """

    number: Callable[[float], str]
    functions: dict[str | tuple[str, float | str], str]

    def of(self, op: str, y: float | None) -> str:
        """The spelling of an operation, where y is that number; "" where it has none of its own."""
        keys: list[str | tuple[str, float | str]] = [op] if y is None or y != y else [(op, y), (op, "number"), op]
        return next((self.functions[key] for key in keys if key in self.functions), "")


class Text(NamedTuple):
    """An expression within a statement, and how tightly it binds: 1 like a sum, 2 like a product, 3 like -x, 4 like a name."""

    template: str
    binds: int
    places: tuple[int, ...]

    def within(self, binds: int) -> str:
        return self.template if self.binds >= binds else f"({self.template})"

    @property
    def size(self) -> int:
        return len(self.template) + 5 * len(self.places)


SUM, PRODUCT, NEGATIVE, NAME = 1, 2, 3, 4
SIGNS = {"add": ("+", SUM), "sub": ("-", SUM), "mul": ("*", PRODUCT), "div": ("/", PRODUCT)}


@cache
def _pieces(spelled: str) -> list[str]:
    """A spelling, cut where it names operands."""
    return re.split(r"(\{\w+\})", spelled)


def written(op: str, spelled: str, operands: Sequence[Text]) -> Text:
    """The operation on texts as a text."""
    if op in SIGNS and not spelled:
        sign, binds = SIGNS[op]
        x, y = operands
        right = y.within(binds + 1)
        if binds == SUM and right.startswith("-"):
            sign, right = "-" if sign == "+" else "+", right[1:]
        return Text(f"{x.within(binds)} {sign} {right}", binds, x.places + y.places)
    if op == "neg":
        (x,) = operands
        inner = x.within(PRODUCT)
        return Text(inner[1:] if inner.startswith("-") else f"-{inner}", max(PRODUCT, min(x.binds, NEGATIVE)), x.places)
    binds = NEGATIVE if "**" in spelled else PRODUCT if " / " in spelled and spelled[0] != "(" else NAME
    template = ""
    places: list[int] = []
    for part in _pieces(spelled or f"{op}({{all}})"):
        if part == "{n}":
            template += str(len(operands))
        elif part == "{all}":
            template += ", ".join([text.template for text in operands])
            places += [place for text in operands for place in text.places]
        elif part in ("{x}", "{y}", "{w}"):
            text = operands["xyw".index(part[1])]
            template += text.within(NAME if binds == NEGATIVE else 0)
            places += text.places
        else:
            template += part
    return Text(template, binds, tuple(places))
