"""How labels and operations are set in a picture: in the textbook's letters, with subscripts, as derivations set them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

from ..derivation.markup import FUNCTIONS, GREEK, SUPERSCRIPT, cleaned, parts_of_label
from ..formulas import Reading, of_the_table
from ..ops import FAMILIES
from ..value import Value

Run = tuple[str, str]
"""Some characters, and how they are set: "" as they are, ``sub`` lower and smaller, ``sup`` higher and smaller, ``gap``: a space,
``gone``: nothing; what is copied or read aloud is the label."""


@lru_cache(1 << 12)
def runs(label: str) -> tuple[Run, ...]:
    """A label as it is set: ``w5`` and ``net_h1`` with a subscript, ``theta`` as the letter, ``c_tilde`` with its tilde."""
    text = cleaned(label)
    parts = parts_of_label(text)
    if parts is None:
        return ((text, ""),)
    base, digits, subscripts, index, prime = parts
    found: list[Run] = [(GREEK.get(base, base), ""), (digits, "sub")]
    for k, part in enumerate(subscripts.split("_")[1:]):
        if part == "tilde":
            found[0] = (found[0][0] + "\u0303", "")
            found.append(("_tilde", "gone"))
        else:
            found += [("_", "gap" if k or digits else "gone"), (part, "sub")]
    return tuple(run for run in [*found, (index, ""), (prime, "sup")] if run[0])


def letters(node: Value) -> str:
    """An operation in the letters of a textbook, from its formula: ×, Σ, x²; its name where that is more than one."""
    exponent = [
        str(int(x.data)) if x.is_plain_number and x.data.is_integer() and abs(x.data) < 100 else "y" for x in node.parents[1:]
    ]
    return _letters(node.op, tuple(["x", *exponent[:2]]))


@of_the_table
def _letters(op: str, operands: tuple[str, ...]) -> str:
    if op in FAMILIES:
        family = FAMILIES[op]
        operands = tuple(family.derivatives)  # one of each
    written = _Letters().formula(op, operands)
    return op.rstrip("_") if written is None or written in operands else written


def _between(sign: str) -> Callable[..., str | None]:
    return lambda _, x, y: sign if _are_letters(x, y) else None


def _are_letters(*parts: str | None) -> bool:
    """Whether each is an operand or a number, not already something done with one."""
    return all(part is not None and (len(part) == 1 or part.lstrip("-").isdigit()) for part in parts)


class _Letters(Reading):
    """What is done with operands, in a sign or two; None where several things are done with them."""

    add, sub = _between("+"), _between("−")

    def number(self, x: float) -> str:
        return f"{x:g}"

    def neg(self, x: str | None) -> str | None:
        return "−" if _are_letters(x) else None

    def mul(self, x: str | None, y: str | None) -> str | None:
        return None if not _are_letters(x, y) else "x²" if x == y == "x" else "×"

    def div(self, x: str | None, y: str | None) -> str | None:
        return None if not _are_letters(x, y) else "÷" if x == "x" else f"{x} ÷ {y}"

    def pow(self, x: str | None, y: str | None) -> str | None:
        return None if not _are_letters(x, y) else "xʸ" if y == "y" else f"{x}{y}".replace(str(y), str(y).translate(SUPERSCRIPT))

    def where(self, *parts: str | None) -> str | None:
        return None

    def total(self, terms: Sequence[Sequence[str | None]], *last: str) -> str | None:
        term = terms[0]
        if not _are_letters(*term):
            return None
        return " ".join(["Σ", *["·".join(map(str, term))] * (len(term) > 1), *[f"+ {b}" for b in last]])

    def product(self, terms: Sequence[str | None]) -> str | None:
        return "Π" if _are_letters(*terms) else None

    def primitive(self, name: str) -> Callable[..., str | None]:
        return lambda *parts: FUNCTIONS.get(name, name.rstrip("_")) if _are_letters(*parts) else None
