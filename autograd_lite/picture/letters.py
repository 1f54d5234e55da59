"""How labels and operations are set in a picture: in the textbook's letters, with subscripts, as derivations set them."""

from __future__ import annotations

from functools import lru_cache

from .. import ops
from ..derivation.expressions import Expression, formula, symbol
from ..derivation.markup import FUNCTIONS, GREEK, SUPERSCRIPT, cleaned, parts_of_label
from ..value import Value

Run = tuple[str, str]
"""Some characters, and how they are set: "" as they are, ``sub`` lower and smaller, ``sup`` higher and smaller, ``gap``: a space,
``gone``: nothing; what is copied or read aloud is the label."""
LONGEST = 12
"""A formula of more characters is not shown in the place of an operation's name."""


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
    """An operation in the letters of a textbook, from its formula in the table: ×, Σ, x²; its name where that is short."""
    if node.op in ops.FAMILIES:
        return _family(node.op, ops.FAMILIES[node.op].formula)
    written = _of(formula(node.op, [*map(symbol, node.parents)]), node)
    return written if written and len(written) <= LONGEST else node.op.rstrip("_")


def _family(op: str, formula: str) -> str:
    """Of an operation over many operands, what is taken over them."""
    for word, letter in (("total", "Σ"), ("product", "Π")):
        if formula.startswith(f"{word}("):
            inner, _, rest = formula.removeprefix(f"{word}(").partition(")")
            if "(" not in inner:
                return f"{letter} {inner.replace(' * ', '·')}{rest}".removesuffix(" x").strip()
    return op.rstrip("_")


def _of(e: Expression, node: Value) -> str:
    """What a formula does with the operands, if it is one thing."""
    parts = e.parts
    minus = [part.kind == "negative" for part in parts if isinstance(part, Expression)]
    kinds = {part.parts[0].kind if part.kind == "negative" else part.kind for part in parts if isinstance(part, Expression)}
    if not kinds <= {"symbol", "number"}:
        return ""
    if e.kind == "negative":
        return "−"
    if e.kind == "sum" and len(parts) == 2:
        return "−" if minus[1] else "+"
    if e.kind == "product" and len(parts) == 2:
        return "x²" if parts[0] == parts[1] and len(node.parents) == 1 else "×"
    if e.kind == "quotient":
        return "1 ÷ x" if len(node.parents) == 1 else "÷"
    if e.kind == "power":
        return _power(node)
    if e.kind in ("sum", "product", "symbol", "number"):
        return ""
    return FUNCTIONS.get(e.kind, e.kind)


def _power(node: Value) -> str:
    """x², x³ where the exponent is a whole number that is given, else xʸ."""
    exponent = node.parents[-1]
    x = exponent.data
    if exponent.op == "const" and x == int(x) and abs(x) < 100 and len(node.parents) == 2:
        return "x" + str(int(x)).translate(SUPERSCRIPT)
    return "xʸ"
