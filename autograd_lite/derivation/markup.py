"""How names, numbers and the parts of an expression are marked up: as plain text, LaTeX and MathML."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from .. import ops


@lru_cache(1 << 14)
def rounded(x: float, digits: int | None) -> str:
    """The number with `digits` decimals; a small or large one with as many significant digits; an exact short one as it is.

    None is for all digits.

    >>> [rounded(x, 9) for x in (0.7413650695523157, 0.05, 2.0, 1.2345678912e-7, -1e300)]
    ['0.741365070', '0.05', '2', '1.23456789e-7', '-1e300']
    """
    if not math.isfinite(x):
        return str(x)
    if x == int(x) and abs(x) < 1e15:
        return str(int(x))
    exact = _short(repr(x))
    if digits is None:
        return exact
    fixed = 10.0 ** -(digits // 2) <= abs(x) < 1e6
    shown = f"{x:.{digits}f}" if fixed else _short(f"{x:.{max(digits - 1, 0)}e}")
    return exact if len(exact) <= len(shown) else shown


@lru_cache(1 << 14)
def as_written(x: float, digits: int | None) -> float:
    """The number that `rounded` writes."""
    return float(rounded(x, digits))


def _short(text: str) -> str:
    mantissa, e, exponent = text.partition("e")
    return f"{mantissa}e{int(exponent)}" if e else mantissa


def cleaned(label: str, length: int = 60) -> str:
    """A label as one printable line of at most `length` characters."""
    text = " ".join(label[: 10 * length].split())
    text = "".join([c if c.isprintable() or c in "\u200c\u200d" else "\ufffd" for c in text])
    return text if len(text) <= length else text[: length - 1] + "…"


GREEK = {
    **{"alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "zeta": "ζ", "eta": "η", "theta": "θ"},
    **{"iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ"},
    **{"tau": "τ", "upsilon": "υ", "phi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω", "Gamma": "Γ", "Delta": "Δ"},
    **{"Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω"},
}
LATIN = {letter: name for name, letter in GREEK.items()}
SUPERSCRIPT = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
SUBSCRIPT = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
# What a textbook writes for a function, where that is another name
FUNCTIONS = {
    "log": "ln",
    "sigmoid": "σ",
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "exp": "eˣ",
    "sqrt": "√",
    "abs": "|x|",
}
FUNCTIONS |= {"maximum": "max", "minimum": "min"}
_SIMPLE = re.compile(r"([^\W\d_]+)(\d*)((?:_\w+(?:,\d+)*)*)((?:\[[\d,]+\])?)(\+?)")


def parts_of_label(label: str) -> tuple[str, str, str, str, str] | None:
    """Base, digits, subscripts, index and plus sign of such a label as ``net_h1``, ``W_i[0,1]``, ``w5+``; None of another."""
    match = _SIMPLE.fullmatch(label) if len(label) <= 40 else None
    return match.groups() if match else None  # type: ignore[return-value]


class Markup:
    """A way of writing: each method of a subclass writes one thing from the texts of its parts.

    `is_flat`: whether all stands on one line, also fractions and powers. `fraction_binds`: how tightly a written fraction does,
    as in `Notation._written`.
    """

    times = plus = minus = equals = ""
    is_flat = False
    fraction_binds = 4
    simple_name: Any
    other_name: Any
    copied: Any
    indexed: Any
    partial: Any
    number: Any
    quotient: Any
    power: Any
    call: Any
    parenthesised: Any

    def name(self, label: str, copy: int) -> str:
        """A label as a symbol; `copy` tells apart nodes of one label, from 2 on."""
        parts = parts_of_label(label)
        text: str = self.other_name(cleaned(label)) if parts is None else self.simple_name(label, *parts)
        return text if copy == 1 else str(self.copied(text, copy))


class _Text(Markup):
    """Plain text, with the operators and functions of Python: what has only numbers in it can be computed there."""

    times, plus, minus, equals = " * ", " + ", " - ", " = "
    is_flat = True
    fraction_binds = 2

    def simple_name(self, label: str, *parts: str) -> str:
        return label

    def other_name(self, text: str) -> str:
        return f"“{text}”"

    def copied(self, text: str, copy: int) -> str:
        return f"{text}⁽{str(copy).translate(SUPERSCRIPT)}⁾"

    def indexed(self, letter: str, layer: int, units: tuple[int, ...]) -> str:
        separator = "," if max(units) > 9 else ""
        return letter + str(layer).translate(SUPERSCRIPT) + separator.join([str(j).translate(SUBSCRIPT) for j in units])

    def partial(self, top: str, bottom: str) -> str:
        return f"∂{top}/∂{bottom}"

    def number(self, text: str) -> str:
        return text

    def quotient(self, x: str, y: str) -> str:
        return f"{x} / {y}"

    def power(self, x: str, y: str) -> str:
        return f"{x}**{y}"

    def call(self, function: str, operands: Sequence[str]) -> str:
        listed = ", ".join(operands)
        return f"{function}([{listed}])" if function in ops.FAMILIES else f"{function}({listed})"

    def parenthesised(self, x: str) -> str:
        return f"({x})"


class _Latex(Markup):
    """LaTeX for MathJax, KaTeX and LaTeX itself. Text in it is harmless in HTML too."""

    times, plus, minus, equals = r" \cdot ", " + ", " - ", " = "

    CALLS = {
        "exp": "e^{@}",
        "log": r"\ln\left(@\right)",
        "sqrt": r"\sqrt{@}",
        "abs": r"\left|@\right|",
        "sigmoid": r"\sigma\left(@\right)",
        "asin": r"\arcsin\left(@\right)",
        "acos": r"\arccos\left(@\right)",
        "atan": r"\arctan\left(@\right)",
        "maximum": r"\max\left(@\right)",
        "minimum": r"\min\left(@\right)",
        **{name: rf"\{name}\left(@\right)" for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    }
    # what is special in LaTeX, in HTML or in Markdown, as math of the same look
    ESCAPES = {
        **{c: rf"\{c}" for c in "_&#%{}"},
        "\\": r"\backslash{}",
        "$": r"\text{＄}",
        "`": r"\text{ˋ}",
        "^": r"\wedge{}",
        "~": r"\sim{}",
        "<": "{<}",
        ">": "{>}",
        "*": "{*}",
        '"': r"\text{”}",
        "'": r"\text{’}",
    }

    def simple_name(self, label: str, base: str, digits: str, subscripts: str, index: str, prime: str) -> str:
        below = [digits] * bool(digits) + re.split("[_,]", subscripts)[1:]
        greek = base if base in GREEK else LATIN.get(base)
        name = rf"\{greek}" if greek else base if len(base) == 1 and base.isascii() else self._upright(base)
        if "tilde" in below:
            below.remove("tilde")
            name = rf"\tilde{{{name}}}"
        if below:
            name += "_{" + ",".join([part if part.isdigit() else self._upright(part) for part in below]) + "}"
        return name + (rf"\left{index[:-1]}\right]" if index else "") + ("^{+}" if prime else "")

    def _upright(self, text: str) -> str:
        return rf"\mathrm{{{text}}}" if text.isascii() and text.isalnum() else self.other_name(text)

    def other_name(self, text: str) -> str:
        return "{" + "".join([self.ESCAPES.get(part) or rf"\text{{{part}}}" for part in re.findall(_ESCAPED, text)]) + "}"

    def copied(self, text: str, copy: int) -> str:
        return f"{{{text}}}^{{({copy})}}"

    def indexed(self, letter: str, layer: int, units: tuple[int, ...]) -> str:
        below = ("," if max(units) > 9 else "").join(map(str, units))
        return rf"{letter}^{{{layer}}}_{{{below}}}".replace("δ", r"\delta")

    def partial(self, top: str, bottom: str) -> str:
        return rf"\frac{{\partial {top}}}{{\partial {bottom}}}"

    def number(self, text: str) -> str:
        mantissa, e, exponent = text.partition("e")
        infinite = {"inf": r"\infty", "-inf": r"-\infty", "nan": r"\mathrm{nan}"}
        return infinite.get(text) or (rf"{mantissa} \times 10^{{{exponent}}}" if e else text)

    def quotient(self, x: str, y: str) -> str:
        return rf"\frac{{{x}}}{{{y}}}"

    def power(self, x: str, y: str) -> str:
        return f"{{{x}}}^{{{y}}}"

    def call(self, function: str, operands: Sequence[str]) -> str:
        name = function.replace("_", r"\_")
        return self.CALLS.get(function, rf"\operatorname{{{name}}}\left(@\right)").replace("@", ", ".join(operands))

    def parenthesised(self, x: str) -> str:
        return rf"\left({x}\right)"


_ESCAPED = "[{0}]|[^{0}]+".format(re.escape("".join(_Latex.ESCAPES)))


class _MathML(Markup):
    """MathML Core, which browsers show without a library."""

    times, plus, minus, equals = "<mo>⋅</mo>", "<mo>+</mo>", "<mo>−</mo>", "<mo>=</mo>"

    def simple_name(self, label: str, base: str, digits: str, subscripts: str, index: str, prime: str) -> str:
        below = [digits] * bool(digits) + re.split("[_,]", subscripts)[1:]
        name = f"<mi>{GREEK.get(base, base)}</mi>"
        if "tilde" in below:
            below.remove("tilde")
            name = f"<mover>{name}<mo>~</mo></mover>"
        if below:
            name = f"<msub>{name}{self.below(','.join(below), '' if digits else '_')}</msub>"
        name += f"<mtext>{index}</mtext>" if index else ""
        return f"<msup><mrow>{name}</mrow><mo>+</mo></msup>" if prime else f"<mrow>{name}</mrow>" if index else name

    def below(self, text: str, sign: str) -> str:
        """A subscript, and the sign before it in the label."""
        return f"<mtext>{text}</mtext>"

    def other_name(self, text: str) -> str:
        from html import escape

        return f"<mtext>{escape(text)}</mtext>"

    def copied(self, text: str, copy: int) -> str:
        return f"<msup>{text}<mrow><mo>(</mo><mn>{copy}</mn><mo>)</mo></mrow></msup>"

    def indexed(self, letter: str, layer: int, units: tuple[int, ...]) -> str:
        below = ("," if max(units) > 9 else "").join(map(str, units))
        return f"<msubsup><mi>{letter}</mi><mtext>{below}</mtext><mn>{layer}</mn></msubsup>"

    def partial(self, top: str, bottom: str) -> str:
        return f"<mfrac><mrow><mi>∂</mi>{top}</mrow><mrow><mi>∂</mi>{bottom}</mrow></mfrac>"

    def number(self, text: str) -> str:
        sign, size = ("<mo>−</mo>", text[1:]) if text.startswith("-") else ("", text)
        mantissa, e, exponent = size.partition("e")
        shown = f"<mn>{'∞' if mantissa == 'inf' else mantissa}</mn>"
        if e:
            shown += f"<mo>×</mo><msup><mn>10</mn><mn>{exponent.replace('-', '−')}</mn></msup>"
        return f"<mrow>{sign}{shown}</mrow>" if sign or e else shown

    def quotient(self, x: str, y: str) -> str:
        return f"<mfrac><mrow>{x}</mrow><mrow>{y}</mrow></mfrac>"

    def power(self, x: str, y: str) -> str:
        return f"<msup><mrow>{x}</mrow><mrow>{y}</mrow></msup>"

    def call(self, function: str, operands: Sequence[str]) -> str:
        arguments = "<mo>,</mo>".join(operands)
        if function == "exp":
            return self.power("<mi>e</mi>", arguments)
        if function == "sqrt":
            return f"<msqrt>{arguments}</msqrt>"
        if function == "abs":
            return f"<mrow><mo>|</mo>{arguments}<mo>|</mo></mrow>"
        return f"<mrow><mi>{FUNCTIONS.get(function, function)}</mi>{self.parenthesised(arguments)}</mrow>"

    def parenthesised(self, x: str) -> str:
        return f"<mrow><mo>(</mo>{x}<mo>)</mo></mrow>"


def hidden(text: str) -> str:
    """Text in MathML that is seen only where its tags are taken away."""
    return f'<mtext style="display:none">{text}</mtext>'


class _NotebookMathML(_MathML):
    """MathML for an output of a notebook. Before it is run, the tags are taken away there: what is left can still be read."""

    def below(self, text: str, sign: str) -> str:
        return f"<mrow>{hidden(sign)}<mtext>{text}</mtext></mrow>" if sign else super().below(text, sign)

    def partial(self, top: str, bottom: str) -> str:
        return f"<mfrac><mrow><mi>∂</mi>{top}</mrow><mrow>{hidden('/')}<mi>∂</mi>{bottom}</mrow></mfrac>"

    def quotient(self, x: str, y: str) -> str:
        return f"<mfrac><mrow>{hidden('(')}{x}</mrow><mrow>{hidden(') / (')}{y}{hidden(')')}</mrow></mfrac>"

    def power(self, x: str, y: str) -> str:
        return f"<msup><mrow>{x}</mrow><mrow>{hidden('^')}{y}</mrow></msup>"

    def call(self, function: str, operands: Sequence[str]) -> str:
        written = super().call(function, operands)
        return written.replace("<msqrt>", f"<msqrt>{hidden('√(')}").replace("</msqrt>", f"{hidden(')')}</msqrt>")


MARKUPS: dict[str, Markup] = {"text": _Text(), "latex": _Latex(), "mathml": _MathML(), "notebook": _NotebookMathML()}
