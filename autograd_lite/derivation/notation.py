"""How formulas are written: expressions read from the table, names of nodes, and plain text, LaTeX and MathML of both.

An `Expression` is what a person would write for a formula or a rule of the table: sums, products, fractions, powers and calls
of symbols and numbers. A `Notation` names the nodes of a graph and writes expressions with symbols or with the numbers in.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, NamedTuple

from .. import ops
from ..value import Value, is_parameter


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


# Expressions: what a person would leave out is left out --------------------------------------------------------------


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
    from fractions import Fraction

    return Fraction(result) == (Fraction(x) + Fraction(y) if kind == "sum" else Fraction(x) * Fraction(y))


def _without_a_minus(factors: list[Expression]) -> list[Expression]:
    i = next(i for i, factor in enumerate(factors) if factor.kind == "negative")
    return [*factors[:i], factors[i].parts[0], *factors[i + 1 :]]


@cache
def _parsed(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def expression(text: str, names: Mapping[str, Any]) -> Expression:
    """A formula or rule of the table, with these expressions for its letters, and what else its names stand for."""
    return _read(_parsed(text), names)


def _read(tree: ast.AST, names: Mapping[str, Any]) -> Expression:
    match tree:
        case ast.Name(id=letter):
            return names[letter]  # type: ignore[no-any-return]
        case ast.Constant(value=constant):
            return number(constant)  # type: ignore[arg-type]
        case ast.UnaryOp(operand=operand):
            return negative(_read(operand, names))
        case ast.BinOp(left=left, op=operator, right=right):
            x, y = _read(left, names), _read(right, names)
            match operator:
                case ast.Add():
                    return total([x, y])
                case ast.Sub():
                    return total([x, negative(y)])
                case ast.Mult():
                    return product([x, y])
                case ast.Div():
                    return Expression("quotient", (x, y))
        case ast.Call(func=ast.Name(id="total" | "product" as over), args=[term]):
            terms = [_read(term, {**names, **group}) for group in ops.groups(names)]
            return total(terms) if over == "total" else product(terms)
        case ast.Call(func=ast.Name(id=name), args=operands):
            parts = [part for operand in operands for part in _read_all(operand, names)]
            return (
                power(*parts)
                if name == "pow"
                else formula(name, parts)
                if ops.is_composed(name)
                else Expression(name, tuple(parts))
            )
    raise AssertionError(ast.dump(tree))


def _read_all(tree: ast.AST, names: Mapping[str, Any]) -> Sequence[Expression]:
    """An operand, or those that a name with a star stands for."""
    return names[tree.value.id] if isinstance(tree, ast.Starred) else [_read(tree, names)]  # type: ignore


def formula(op: str, operands: Sequence[Expression]) -> Expression:
    """The formula of an operation of the table with these operands."""
    return expression((ops.ROWS.get(op) or ops.FAMILIES[op]).formula, ops.named(op, operands))


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
            return ops.power(*x)
    return ops.FLOATS[e.kind](*x)


# Numbers and names ---------------------------------------------------------------------------------------------------


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
def _as_written(x: float, digits: int | None) -> float:
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
_SIMPLE = re.compile(r"([^\W\d_]+)(\d*)((?:_\w+)*)((?:\[[\d,]+\])?)(\+?)")


class _Form:
    """A way of writing: each method of a subclass writes one thing from the texts of its parts.

    `fraction_binds`: how tightly a written fraction does, as in `Notation._written`.
    """

    times = plus = minus = equals = ""
    fraction_binds = 4
    simple_name: Any
    other_name: Any
    copied: Any

    def name(self, label: str, copy: int) -> str:
        """A label as a symbol; `copy` tells apart nodes of one label, from 2 on."""
        match = _SIMPLE.fullmatch(label) if len(label) <= 40 else None
        text: str = self.other_name(cleaned(label)) if match is None else self.simple_name(label, *match.groups())
        return text if copy == 1 else str(self.copied(text, copy))


class _Text(_Form):
    """Plain text, with the operators and functions of Python: what has only numbers in it can be computed there."""

    times, plus, minus, equals = " * ", " + ", " - ", " = "
    fraction_binds = 2

    def simple_name(self, label: str, *parts: str) -> str:
        return label

    def other_name(self, text: str) -> str:
        return f"“{text}”"

    def copied(self, text: str, copy: int) -> str:
        return f"{text}⁽{str(copy).translate(_SUPERSCRIPT)}⁾"

    def indexed(self, letter: str, layer: int, units: tuple[int, ...]) -> str:
        separator = "," if max(units) > 9 else ""
        return letter + str(layer).translate(_SUPERSCRIPT) + separator.join([str(j).translate(_SUBSCRIPT) for j in units])

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


_SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_SUBSCRIPT = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


class _Latex(_Form):
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
        below = [digits] * bool(digits) + subscripts.split("_")[1:]
        name = rf"\{base}" if base in GREEK else base if len(base) == 1 and base.isascii() else self._upright(base)
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


class _MathML(_Form):
    """MathML Core, which browsers show without a library."""

    times, plus, minus, equals = "<mo>⋅</mo>", "<mo>+</mo>", "<mo>−</mo>", "<mo>=</mo>"

    def simple_name(self, label: str, base: str, digits: str, subscripts: str, index: str, prime: str) -> str:
        below = [digits] * bool(digits) + subscripts.split("_")[1:]
        name = f"<mi>{GREEK.get(base, base)}</mi>"
        if "tilde" in below:
            below.remove("tilde")
            name = f"<mover>{name}<mo>~</mo></mover>"
        if below:
            name = f"<msub>{name}<mtext>{','.join(below)}</mtext></msub>"
        name += f"<mtext>{index}</mtext>" if index else ""
        return f"<msup><mrow>{name}</mrow><mo>+</mo></msup>" if prime else f"<mrow>{name}</mrow>" if index else name

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
        names = {"log": "ln", "sigmoid": "σ", "asin": "arcsin", "acos": "arccos", "atan": "arctan"}
        names |= {"maximum": "max", "minimum": "min"}
        return f"<mrow><mi>{names.get(function, function)}</mi>{self.parenthesised(arguments)}</mrow>"

    def parenthesised(self, x: str) -> str:
        return f"<mrow><mo>(</mo>{x}<mo>)</mo></mrow>"


FORMS: dict[str, Any] = {"text": _Text(), "latex": _Latex(), "mathml": _MathML()}


class Notation:
    """The names of the nodes of a graph, and how expressions of them are written.

    nodes: in topological order. A node's name is its label; without one, an interior node or a leaf is v1, v2, ... in that
    order; of nodes with the same label the second is marked (2). Nodes in `inlined` have no name: their formula is written in
    their place. names: symbols to use in place of labels. marks: of some nodes, what stands for their names in every form.
    `numbers` has the numbers of symbols other than nodes.

    >>> a, b = Value(3.0, "a"), Value(-2.0, "b")
    >>> c = a * b
    >>> notation = Notation([a, b, c])
    >>> e = notation.formula(c)
    >>> notation.write(symbol(c)), notation.write(e), notation.write(e, values=True)
    ('v1', 'a * b', '3 * (-2)')
    """

    def __init__(
        self,
        nodes: Iterable[Value],
        digits: int | None = 9,
        inlined: Collection[Value] = (),
        names: Mapping[Value, Indexed] | None = None,
        marks: Mapping[Value, str] | None = None,
    ) -> None:
        self.digits = digits
        self.numbers: dict[Partial | Indexed, float] = {}
        self.inlined = inlined
        self._names: dict[Value, Indexed | tuple[str, int]] = {}
        # what is made once: the operand that a node is; of each form, the symbols as they are written
        self._operands: dict[Value, Expression] = {}
        self._symbols: dict[Any, dict[Any, str]] = {form: dict(marks or {}) for form in FORMS.values()}
        nodes = list(nodes)
        taken = {node.label for node in nodes}
        copies: dict[str, int] = {}
        k = 0
        for node in nodes:
            if names and node in names:
                self._names[node] = names[node]
                self.numbers[names[node]] = node.data
                continue
            if node in inlined or (node.op == "const" and not node.label):
                continue
            label = node.label if cleaned(node.label) else ""
            while not label:
                k += 1
                label = "" if f"v{k}" in taken else f"v{k}"
            copies[label] = copies.get(label, 0) + 1
            self._names[node] = (label, copies[label])

    def name(self, node: Value, form: str = "text") -> str:
        """The name of a node; of a plain number, the number."""
        return self.write(self.of(node), form)

    def of(self, node: Value) -> Expression:
        """A node as an operand: its symbol, its number, or its formula."""
        if node not in self._operands:
            if node in self._names:
                self._operands[node] = symbol(node)
            else:
                self._operands[node] = number(node.data) if node.op == "const" else self.formula(node)
        return self._operands[node]

    def formula(self, node: Value) -> Expression:
        """The formula of an interior node, of its operands."""
        return formula(node.op, [self.of(parent) for parent in node.parents])

    def local_derivative(self, node: Value, i: int, textbook: bool = True) -> Expression:
        """The rule of the derivative of an interior node by its i-th operand.

        textbook: in the textbook's form, where that differs from the one that is computed with.
        """
        parents = node.parents
        if is_parameter(node.op, i, parents):
            return number(0.0)
        text, names = ops.derivative(node.op, parents, i)
        if textbook and node.op in ops.ROWS and ops.ROWS[node.op].textbook:
            text = ops.ROWS[node.op].textbook[i]
        if text in names:
            return self.of(names[text])
        of = {name: self.of(x) if isinstance(x, Value) else [*map(self.of, x)] for name, x in names.items()}
        return expression(text, {**of, "z": self.of(node)})

    def number_of(self, thing: Any, digits: int | None = None) -> float:
        """The number of a symbol, or the number itself, as it is written with so many digits."""
        x = thing if isinstance(thing, float) else thing.data if isinstance(thing, Value) else self.numbers[thing]
        return _as_written(x, digits)

    def write(self, e: Expression, form: str = "text", values: bool = False, digits: int | None = -1) -> str:
        """The expression in a form: "text", "latex" or "mathml"; with `values`, with the numbers of its symbols.

        digits: of numbers, as for `rounded`; those of this notation unless given.
        """
        return self._written(e, FORMS[form], values, self.digits if digits == -1 else digits, 0)

    def _symbol(self, thing: Any, form: Any) -> str:
        written = self._symbols[form]
        if thing not in written:
            if isinstance(thing, Partial):
                written[thing] = form.partial(self._symbol(thing.top, form), self._symbol(thing.bottom, form))
            else:
                name = thing if isinstance(thing, Indexed) else self._names[thing]
                written[thing] = form.indexed(*name) if isinstance(name, Indexed) else form.name(*name)
        return written[thing]

    def _written(self, e: Expression, form: Any, values: bool, digits: int | None, level: int) -> str:
        """level: how tightly what stands around binds: 1 a sum, 2 a product, 3 a power's base or a denominator."""

        flat = form is FORMS["text"]
        binds, text = 4, ""
        if e.kind == "symbol" and not values:
            return self._symbol(e.parts[0], form)
        if e.kind == "number" or e.kind == "symbol":
            shown = rounded(e.parts[0] if e.kind == "number" else self._number(e.parts[0]), digits)
            text, binds = form.number(shown), 0 if shown.startswith("-") else 2 if "e" in shown and not flat else 4
            return text if binds >= level else str(form.parenthesised(text))

        def inner(part: Expression, level: int) -> str:
            return self._written(part, form, values, digits, level)

        if e.kind == "negative":
            text, binds = form.minus.strip() + inner(e.parts[0], 2), 1
        elif e.kind == "sum":
            text, binds = inner(e.parts[0], 1), 1
            for part in e.parts[1:]:
                minus = part.kind == "negative"
                text += (form.minus if minus else form.plus) + inner(part.parts[0] if minus else part, 2 if minus else 1)
        elif e.kind == "product":
            text, binds = form.times.join([inner(part, 2) for part in e.parts]), 2
        elif e.kind == "quotient":
            levels = (2, 3) if form.fraction_binds == 2 else (0, 0)
            text, binds = form.quotient(inner(e.parts[0], levels[0]), inner(e.parts[1], levels[1])), form.fraction_binds
        elif e.kind == "power":
            text, binds = form.power(inner(e.parts[0], 4), inner(e.parts[1], 4 if flat else 0)), 3
        else:
            text = form.call(e.kind, [inner(part, 0) for part in e.parts])
            binds = 3 if e.kind == "exp" and not flat else 4
        return text if binds >= level else form.parenthesised(text)

    def _number(self, thing: Any) -> float:
        return thing.data if isinstance(thing, Value) else self.numbers[thing]
