"""A `Notation` names the nodes of a graph, and writes expressions with their symbols or with the numbers in."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from .. import ops
from ..engine.eager import is_parameter
from ..formulas import derivative
from ..value import Value
from .expressions import Expression, Indexed, Partial, expression, formula, number, symbol
from .markup import LATIN, MARKUPS, Markup, as_written, cleaned, rounded


class Notation:
    """The names of the nodes of a graph, and how expressions of them are written.

    nodes: in topological order. A node's name is its label; without one, an interior node or a leaf is v1, v2, ... in that
    order; of nodes with the same label the second is marked (2). Nodes in `inlined` have no name: their formula is written in
    their place. names: symbols to use in place of labels. marks: of some nodes, what stands for their names in every markup.
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
        # what is made once: the operand that a node is; of each markup, the symbols as they are written
        self._operands: dict[Value, Expression] = {}
        self._symbols: dict[Markup, dict[Any, str]] = {markup: dict(marks or {}) for markup in MARKUPS.values()}
        nodes = list(nodes)
        taken = {node.label for node in nodes}
        copies: dict[str, int] = {}
        k = 0
        for node in nodes:
            if names and node in names:
                self._names[node] = names[node]
                self.numbers[names[node]] = node.data
                continue
            if node in inlined or (node.is_plain_number and not node.label):
                continue
            label = node.label if cleaned(node.label) else ""
            while not label:
                k += 1
                label = "" if f"v{k}" in taken else f"v{k}"
            look = LATIN.get(label, label)  # which a label of the other spelling shares
            copies[look] = copies.get(look, 0) + 1
            self._names[node] = (label, copies[look])

    def name(self, node: Value, markup: str = "text") -> str:
        """The name of a node; of a plain number, the number."""
        return self.write(self.of(node), markup)

    def of(self, node: Value) -> Expression:
        """A node as an operand: its symbol, its number, or its formula."""
        if node not in self._operands:
            if node in self._names:
                self._operands[node] = symbol(node)
            else:
                self._operands[node] = number(node.data) if node.is_plain_number else self.formula(node)
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
        text, names = derivative(node.op, parents, i)
        if textbook and node.op in ops.ROWS and ops.ROWS[node.op].textbook:
            text = ops.ROWS[node.op].textbook[i]
        if text in names:
            return self.of(names[text])
        of = {name: self.of(x) if isinstance(x, Value) else [*map(self.of, x)] for name, x in names.items()}
        return expression(text, {**of, "z": self.of(node)})

    def number_of(self, thing: Any, digits: int | None = None) -> float:
        """The number of a symbol, or the number itself, as it is written with so many digits."""
        return as_written(thing if isinstance(thing, float) else self._number(thing), digits)

    def write(self, e: Expression, markup: str = "text", values: bool = False, digits: int | None = -1) -> str:
        """The expression in a markup: "text", "latex" or "mathml"; with `values`, with the numbers of its symbols.

        digits: of numbers, as for `rounded`; those of this notation unless given.
        """
        return self._written(e, MARKUPS[markup], values, self._digits(digits), 0)

    def pieces(self, e: Expression, markup: str, values: bool = False, digits: int | None = -1) -> list[str]:
        """The expression as by `write`, in the pieces between which a line may break: the terms of a sum."""
        if e.kind != "sum":
            return [self.write(e, markup, values, digits)]
        own, found = MARKUPS[markup], []
        for k, part in enumerate(e.parts):
            minus = k > 0 and part.kind == "negative"
            sign = own.minus if minus else own.plus if k else ""
            level = 2 if minus else 1
            found.append(sign + self._written(part.parts[0] if minus else part, own, values, self._digits(digits), level))
        return found

    def _digits(self, digits: int | None) -> int | None:
        return self.digits if digits == -1 else digits

    def _symbol(self, thing: Any, markup: Markup) -> str:
        written = self._symbols[markup]
        if thing not in written:
            if isinstance(thing, Partial):
                written[thing] = markup.partial(self._symbol(thing.top, markup), self._symbol(thing.bottom, markup))
            else:
                name = thing if isinstance(thing, Indexed) else self._names[thing]
                written[thing] = markup.indexed(*name) if isinstance(name, Indexed) else markup.name(*name)
        return written[thing]

    def _written(self, e: Expression, markup: Markup, values: bool, digits: int | None, level: int) -> str:
        """level: how tightly what stands around binds: 1 a sum, 2 a product, 3 a power's base or a denominator."""
        binds, text = 4, ""
        if e.kind == "symbol" and not values:
            return self._symbol(e.parts[0], markup)
        if e.kind == "number" or e.kind == "symbol":
            return self._figure(e.parts[0] if e.kind == "number" else self._number(e.parts[0]), markup, digits, level)

        def inner(part: Expression, level: int) -> str:
            return self._written(part, markup, values, digits, level)

        if e.kind == "negative":
            text, binds = markup.minus.strip() + inner(e.parts[0], 2), 1
        elif e.kind == "sum":
            text, binds = inner(e.parts[0], 1), 1
            for part in e.parts[1:]:
                minus = part.kind == "negative"
                text += (markup.minus if minus else markup.plus) + inner(part.parts[0] if minus else part, 2 if minus else 1)
        elif e.kind == "product":
            text, binds = markup.times.join([inner(part, 2) for part in e.parts]), 2
        elif e.kind == "quotient":
            levels = (2, 3) if markup.fraction_binds == 2 else (0, 0)
            text, binds = markup.quotient(inner(e.parts[0], levels[0]), inner(e.parts[1], levels[1])), markup.fraction_binds
        elif e.kind == "power":
            text, binds = markup.power(inner(e.parts[0], 4), inner(e.parts[1], 4 if markup.is_flat else 0)), 3
        else:
            text = markup.call(e.kind, [inner(part, 0) for part in e.parts])
            binds = 3 if e.kind == "exp" and not markup.is_flat else 4
        return text if binds >= level else markup.parenthesised(text)

    def _figure(self, x: float, markup: Markup, digits: int | None, level: int) -> str:
        """A number, in parentheses where it would be torn apart."""
        shown = rounded(x, digits)
        text, binds = markup.number(shown), 0 if shown.startswith("-") else 2 if "e" in shown and not markup.is_flat else 4
        return text if binds >= level else str(markup.parenthesised(text))

    def _number(self, thing: Any) -> float:
        """That of a symbol."""
        return thing.data if isinstance(thing, Value) else self.numbers[thing]
