"""A graph of Values as operations on numbers, and these as the statements of a program.

`Expressions` reads the formulas of the table: what is left are numbers, ``+ - * /``, and the functions that formulas call.
`statements` writes them in the spelling of a dialect, as templates with a place for each variable.
"""

from __future__ import annotations

import ast
import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache, partial, reduce
from itertools import chain
from typing import Any, NamedTuple

from .. import ops
from ..backprop import topological_order
from ..value import Value

OPERATORS: dict[type[ast.operator], str] = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div"}
# A sum of at least so many terms may stay one operation: of terms, or of products of two. How many factors a term has
FEWEST = 8
TOTALS = {"total1": 1, "total2": 2}


@cache
def _parsed(formula: str) -> ast.expr:
    return ast.parse(formula, mode="eval").body


class Expressions:
    """What some Values are computed from: each operation once, operands first.

    `operations[k]` is its name and the places of its operands; ``input`` and ``number`` have none, ``leaf`` is a leaf that is
    no input: a constant, in `numbers` like a number. `labels` has the label that the node at a place had.

    totals: whether a ``total(...)`` of many terms is one operation, ``total1`` of its terms, or ``total2`` of their factors,
    two by two, and perhaps a single last term. If not, it is written out.
    """

    def __init__(self, inputs: Iterable[Value], totals: bool = False) -> None:
        self.totals = totals
        self.operations: list[tuple[str, tuple[int, ...]]] = []
        self.numbers: dict[int, float] = {}
        self.labels: dict[int, str] = {}
        self._literals: dict[int, float] = {}
        self._known: dict[tuple[str, Any], int] = {}
        self._places: dict[int, int] = {}
        self._values: list[Value] = []  # keeps them alive: their ids are the keys of `_places`
        for node in inputs:
            self._places[id(node)] = self._append("input", ())
            self._name(node)

    def place(self, output: Value) -> int:
        """The place of a Value, after everything that it is computed from."""
        if id(output) in self._places:
            return self._places[id(output)]
        for node in topological_order(output, self._places):
            self._places[id(node)] = self._lowered(node)
            self._name(node)
        return self._places[id(output)]

    def _name(self, node: Value) -> None:
        self._values.append(node)
        if node.label:
            self.labels.setdefault(self._places[id(node)], node.label)

    def _lowered(self, node: Value) -> int:
        x = list(map(self._places.__getitem__, map(id, node.parents)))
        if not x:
            return self._number(node.data) if node.op == "const" else self._append("leaf", (), node.data)
        return self._expanded(node.op, x)

    def _expanded(self, op: str, x: Sequence[int]) -> int:
        """The place of an operation of the table on these places, by its formula."""
        if op in ops.ROWS:
            return self._formula(_parsed(ops.ROWS[op].formula), ops.named(op, x))
        family = ops.FAMILIES[op]
        # `all` in order, so that what several nodes of the same operands share is found again
        names = {**ops.named(op, x), "all": sorted(x)}
        return self._formula(_parsed(family.stable or family.formula), names)

    def _formula(self, tree: ast.AST, names: Mapping[str, Any]) -> int:
        match tree:
            case ast.Name(id=letter):
                return names[letter]  # type: ignore[no-any-return]
            case ast.Constant(value=number):
                return self._number(float(number))  # type: ignore[arg-type]
            case ast.UnaryOp(operand=x):
                return self._operation("neg", self._formula(x, names))
            case ast.Call(func=ast.Name(id="total"), args=[term]):
                return self._total(self._factors(term, names))
            case ast.BinOp(left=ast.Call(func=ast.Name(id="total"), args=[term]), op=ast.Add(), right=last):
                return self._total(self._factors(term, names), self._formula(last, names))
            case ast.BinOp(left=x, op=operator, right=y):
                return self._operation(OPERATORS[type(operator)], self._formula(x, names), self._formula(y, names))
            case ast.Call(func=ast.Name(id="product"), args=[term]):
                return self._reduced("mul", self._each(term, names))
            case ast.Call(func=ast.Name(id=name), args=operands):
                places = [place for operand in operands for place in self._all(operand, names)]
                return self._expanded(name, places) if ops.is_composed(name) else self._operation(name, *places)
        raise AssertionError(ast.dump(tree))

    def _each(self, term: ast.AST, names: Mapping[str, Any]) -> list[int]:
        """A term for each group."""
        return [self._formula(term, {**names, **group}) for group in ops.groups(names)]

    def _factors(self, term: ast.AST, names: Mapping[str, Any]) -> list[tuple[int, ...]]:
        """The factors of a term for each group: those of a product of two letters, else the term itself."""
        match term:
            case ast.BinOp(left=ast.Name(id=x), op=ast.Mult(), right=ast.Name(id=y)) if {f"{x}s", f"{y}s"} <= names.keys():
                return list(zip(names[f"{x}s"], names[f"{y}s"]))
        return [(place,) for place in self._each(term, names)]

    def _total(self, terms: list[tuple[int, ...]], *last: int) -> int:
        """The sum of the terms, of which each is its factors, and of the last one."""
        if self.totals and len(terms) >= FEWEST:
            x = (*chain.from_iterable(terms), *last)
            if self._literals.keys().isdisjoint(x):  # with numbers, products are less
                return self._shared(f"total{len(terms[0])}", x, x)
        return self._reduced("add", [*[self._reduced("mul", factors) for factors in terms], *last])

    def _reduced(self, op: str, x: Sequence[int]) -> int:
        return reduce(partial(self._operation, op), x)

    def _all(self, tree: ast.AST, names: Mapping[str, Any]) -> Sequence[int]:
        """An operand, or those that a name with a star stands for."""
        return names[tree.value.id] if isinstance(tree, ast.Starred) else [self._formula(tree, names)]  # type: ignore

    def _append(self, op: str, x: tuple[int, ...], number: float | None = None) -> int:
        self.operations.append((op, x))
        place = len(self.operations) - 1
        if number is not None:
            self.numbers[place] = number
        return place

    def _number(self, number: float) -> int:
        key: tuple[str, Any] = ("number", number.hex())  # 0.0 is not -0.0
        if key not in self._known:
            self._known[key] = self._append("number", (), number)
            self._literals[self._known[key]] = number
        return self._known[key]

    def _operation(self, op: str, *x: int) -> int:
        if op in FOLDS:
            folded = FOLDS[op](self, *x)
            if folded is not None:
                return folded
        return self._shared(op, x, x[::-1] if op in ("add", "mul") and x[0] > x[1] else x)

    def _shared(self, op: str, x: tuple[int, ...], key: tuple[int, ...]) -> int:
        place = self._known.get((op, key))
        if place is None:
            place = self._known[op, key] = self._append(op, x)
        return place

    # Where the result is the same number, to the last bit

    def _negated(self, place: int) -> int | None:
        """What the expression at a place is the negative of."""
        op, x = self.operations[place]
        return x[0] if op == "neg" else None

    def _of_numbers(self, f: Callable[[float, float], float], x: int, y: int) -> int | None:
        if x in self._literals and y in self._literals:
            result = f(self._literals[x], self._literals[y])
            return self._number(result) if math.isfinite(result) else None
        return None

    def _of_scaled(self, number: float, place: int) -> int | None:
        """A number times a power of two, from 1 on, times something, as one number times it: only the last rounds."""
        op, x = self.operations[place]
        scale = self._literals.get(x[0]) if op == "mul" else None
        if scale is None or abs(math.frexp(scale)[0]) != 0.5 or not 1 <= abs(scale) <= 1024 or abs(number) > 1e300:
            return None
        return self._operation("mul", self._number(number * scale), x[1])

    def _fold_neg(self, x: int) -> int | None:
        return self._number(-self._literals[x]) if x in self._literals else self._negated(x)

    def _fold_add(self, x: int, y: int) -> int | None:
        for a, b in ((x, y), (y, x)):
            negated = self._negated(b)
            if negated is not None:
                return self._operation("sub", a, negated)
        return self._of_numbers(lambda a, b: a + b, x, y)

    def _fold_sub(self, x: int, y: int) -> int | None:
        negated = self._negated(y)
        if negated is not None:
            return self._operation("add", x, negated)
        return x if str(self._literals.get(y)) == "0.0" else self._of_numbers(lambda a, b: a - b, x, y)

    def _fold_mul(self, x: int, y: int) -> int | None:
        for a, b in ((x, y), (y, x)):
            if self._literals.get(a) == 1:
                return b
            if self._literals.get(a) == -1:
                return self._operation("neg", b)
            if a in self._literals:
                product = self._of_scaled(self._literals[a], b)
                if product is not None:
                    return product
        return self._of_numbers(lambda a, b: a * b, x, y)

    def _fold_div(self, x: int, y: int) -> int | None:
        divisor = self._literals.get(y)
        return x if divisor == 1 else self._of_numbers(lambda a, b: a / b, x, y) if divisor else None


FOLDS: dict[str, Callable[..., int | None]] = {
    "neg": Expressions._fold_neg,
    "add": Expressions._fold_add,
    "sub": Expressions._fold_sub,
    "mul": Expressions._fold_mul,
    "div": Expressions._fold_div,
}


# Statements ----------------------------------------------------------------------------------------------------------


class Total(NamedTuple):
    """The sum of many terms, from the first to the last, each a template."""

    terms: tuple[str, ...]


class Statement(NamedTuple):
    """A line of a program: `template`, with the variable at each of `places` where it has an ``@``, is what `target` becomes."""

    target: int
    template: str | Total
    places: tuple[int, ...]


def filled(template: str, names: Sequence[str]) -> str:
    """The template with the names in their places."""
    parts = template.split("@")
    return "".join([part for pair in zip(parts, [*names, ""]) for part in pair])


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


SUM, PRODUCT, NEGATIVE, NAME = 1, 2, 3, 4
SIGNS = {"add": ("+", SUM), "sub": ("-", SUM), "mul": ("*", PRODUCT), "div": ("/", PRODUCT)}
# How long an expression may become: a sum of many terms goes over several lines
LINE, LINES = 90, 1200


def needed(expressions: Expressions, results: Iterable[int]) -> list[int]:
    """The places that the results are computed from, and theirs, in order."""
    wanted = set(results)
    for place in range(len(expressions.operations) - 1, -1, -1):
        if place in wanted:
            wanted.update(expressions.operations[place][1])
    return sorted(wanted)


def statements(
    expressions: Expressions,
    results: Collection[int],
    spelling: Spelling,
    named: Collection[int],
    constants: bool = False,
    terms: int = 200,
) -> list[Statement]:
    """The statements that compute the results: one for each place that is named, a result, or used more than once.

    The others are written within the one that uses them, up to a sensible length. constants: leaves that are no inputs are
    variables, not numbers in the text. terms: a total of more of them is no text, but a `Total`.
    """
    order = needed(expressions, results)
    uses = Counter(results)
    for place in order:
        uses.update(expressions.operations[place][1])
    texts: dict[int, Text] = {}
    inline: set[int] = set()  # the places whose text is no variable
    found: list[Statement] = []

    def stated(place: int) -> Text:
        """The place as a variable."""
        if texts[place].places != (place,):
            found.append(Statement(place, texts[place].template, texts[place].places))
        texts[place] = Text("@", NAME, (place,))
        inline.discard(place)
        return texts[place]

    for place in order:
        op, x = expressions.operations[place]
        if op == "input" or (op == "leaf" and constants):
            texts[place] = Text("@", NAME, (place,))
            continue
        inline.add(place)
        literal = op in ("leaf", "number")
        if literal:
            number = spelling.number(expressions.numbers[place])
            texts[place] = Text(number, NEGATIVE if number.startswith("-") else NAME, ())
        elif op in TOTALS:
            for i in inline.intersection(x):
                if texts[i].size > LINE:
                    stated(i)
            template, places = _total(TOTALS[op], ("@",) * len(x), (NAME,) * len(x), terms), x
            if not inline.isdisjoint(x):
                words, binds, parts = zip(*[texts[i] for i in x])
                template, places = _total(TOTALS[op], words, binds, terms), tuple(chain.from_iterable(parts))
            if isinstance(template, Total):
                found.append(Statement(place, template, places))
                texts[place] = Text("@", NAME, (place,))
                inline.discard(place)
                continue
            texts[place] = Text(template, SUM, places)
        else:
            last = expressions.numbers.get(x[-1]) if expressions.operations[x[-1]][0] == "number" else None
            spelled = spelling.of(op, last)
            for i in _too_long(spelled, [texts[i] for i in x], LINES if op in ("add", "sub") else LINE):
                stated(x[i])
            texts[place] = _written(op, spelled, [texts[i] for i in x])
        if place in named or place in results or (uses[place] > 1 and not literal):
            stated(place)
    return found


@lru_cache(1000)
def _total(factors: int, templates: tuple[str, ...], binds: tuple[int, ...], most: int) -> str | Total:
    """The template of a total of these operands. All terms but perhaps the last have so many factors."""
    texts = [Text(template, bound, ()) for template, bound in zip(templates, binds)]
    groups = [texts[i : i + factors] for i in range(0, len(texts), factors)]
    terms = [reduce(lambda x, y: _written("mul", "", [x, y]), group) for group in groups]
    if len(terms) > most:
        return Total(tuple([term.template for term in terms]))
    return reduce(lambda x, y: _written("add", "", [x, y]), terms).template


def _too_long(spelled: str, operands: Sequence[Text], limit: int) -> Iterator[int]:
    """Which operands are to be statements of their own, so that the text is not too long and says nothing twice."""
    twice = _twice(spelled)
    sizes = [text.size for text in operands]
    size = sum(sizes)
    if not twice and (size <= LINE or (limit == LINES and size <= LINES and sizes[-1] <= LINE)):
        return
    for i in sorted(range(len(sizes)), key=lambda i: -sizes[i]):
        long = size > limit or (sizes[i] > LINE and not (i == 0 and limit == LINES))
        if operands[i].template != "@" and (long or (i in twice and operands[i].places)):
            size -= sizes[i] - 6
            yield i


@cache
def _twice(spelled: str) -> tuple[int, ...]:
    """Which operands a spelling names more than once."""
    return tuple([i for i, letter in enumerate("xyw") if spelled.count(f"{{{letter}}}") > 1])


@cache
def _pieces(spelled: str) -> list[str]:
    """A spelling, cut where it names operands."""
    return re.split(r"(\{\w+\})", spelled)


def _written(op: str, spelled: str, operands: Sequence[Text]) -> Text:
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
