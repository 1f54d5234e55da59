"""The reader of the table's formulas: of one text, floats, Values, expressions to show, and places of a program.

What a formula is of is said by names, in the letters of the table: see `named` for the operands of an operation, `derivative`
for those of a rule.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial, reduce
from typing import Any, ClassVar, TypeVar

from .ops import FAMILIES, ROWS, Family

T = TypeVar("T")

# The operators of formulas are operations themselves
OPERATORS: dict[type[ast.AST], str] = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div", ast.USub: "neg"}
# What Python has itself, unless a reading has a method for it
PARTS = frozenset(["number", "where", "choice", *OPERATORS.values()])
COMPARISONS: dict[type[ast.AST], str] = {ast.Gt: ">", ast.Lt: "<", ast.GtE: ">=", ast.LtE: "<=", ast.Eq: "==", ast.NotEq: "!="}


class Reading:
    """What formulas are read as: a subclass has a method for each part of them.

    ``add sub mul div neg`` are the operators, `number` is a number, ``total(terms, *last)`` a total (a term is the tuple of its
    factors, `last` what is added), ``product(terms)`` a product over the groups, and a method of any other name is the function
    called by it. Without one, a function composed of others is read from the table, and any other is what `primitive` gives.
    Operators, numbers and the choice of `where` that have no method are Python's own.

    >>> class Size(Reading):
    ...     add = sub = mul = div = staticmethod(lambda x, y: 1 + x + y)
    ...     number = staticmethod(lambda x: 0)
    ...     def primitive(self, name):
    ...         return lambda *operands: 1 + sum(operands)
    >>> Size()("tanh(x) * sin(x)", {"x": 0}), Size().formula("softsign", [0])
    (3, 3)
    """

    given: ClassVar[frozenset[str]] = frozenset()
    """The `PARTS` that have a method, and are not Python's own: those that a class defines, unless it says which."""

    def __init_subclass__(cls) -> None:
        if "given" not in vars(cls):
            cls.given = frozenset(filter(partial(hasattr, cls), PARTS))

    def __call__(self, text: str, names: Mapping[str, Any]) -> Any:
        """What a formula or a rule is, of what its names stand for."""
        return _read(text, tuple(names), self.given)(self, *names.values())

    def formula(self, op: str, operands: Sequence[Any]) -> Any:
        """What an operation of the table is, of these operands."""
        return self(formula_of(op), named(op, operands))

    def function(self, name: str) -> Callable[..., Any]:
        """What is called by a name that is no method."""
        if is_composed(name):
            return lambda *operands: self.formula(name, operands)
        return self.primitive(name)

    def primitive(self, name: str) -> Callable[..., Any]:
        """The function of that name, which is not composed of others."""
        raise AttributeError(f"formulas cannot call {name}")

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("__"):
            raise AttributeError(name)
        return self.function(name)


@cache
def _read(text: str, names: tuple[str, ...], given: frozenset[str]) -> Callable[..., Any]:
    """The function that a text is: of a `Reading`, and of what the names stand for."""
    groups = [letter[0] for letter in names if letter[1:] == "s"]
    tree = ast.Expression(ast.Lambda(_parameters(["by", *names]), _Calls(given, groups).visit(ast.parse(text, mode="eval").body)))
    return eval(compile(ast.fix_missing_locations(tree), f"<autograd_lite formula {text}>", "eval"))  # type: ignore[no-any-return]


def _parameters(names: Sequence[str]) -> ast.arguments:
    return ast.arguments(posonlyargs=[], args=[ast.arg(name) for name in names], kwonlyargs=[], kw_defaults=[], defaults=[])


class _Calls(ast.NodeTransformer):
    """Writes the parts of a formula as calls of the methods of `by`: those that are given, and all functions."""

    def __init__(self, given: frozenset[str], groups: Sequence[str]) -> None:
        self.given, self.groups = given, groups

    def _call(self, name: str, *arguments: ast.expr) -> ast.expr:
        return ast.Call(ast.Attribute(ast.Name("by", ast.Load()), name, ast.Load()), list(arguments), [])

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        number = ast.Constant(float(node.value))  # type: ignore[arg-type]
        return self._call("number", number) if "number" in self.given else number

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        node.operand = self.visit(node.operand)
        return self._call("neg", node.operand) if "neg" in self.given else node

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        name, left, right = OPERATORS[type(node.op)], self.visit(node.left), self.visit(node.right)
        match node.op, node.left:
            case ast.Add(), ast.Call(func=ast.Name(id="total")):
                left.args.append(right)
                return left  # type: ignore[no-any-return]
        return self._call(name, left, right) if name in self.given else ast.BinOp(left, node.op, right)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        name: str = node.func.id  # type: ignore[attr-defined]
        if name in ("total", "product"):
            return self._call(name, self._over_groups(node.args[0], factors=name == "total"))
        operands = [self.visit(operand) for operand in node.args]
        if name == "where" and "where" not in self.given:
            return ast.IfExp(*operands)
        return self._call(name, *operands)

    def _over_groups(self, term: ast.expr, factors: bool) -> ast.expr:
        """The list of what a term is, or the tuple of its factors, for each group."""
        match term:
            case ast.BinOp(left=ast.Name(id=x), op=ast.Mult(), right=ast.Name(id=y)) if factors and {x, y} <= {*self.groups}:
                return _expression(f"[*zip({x}s, {y}s)]")
        together = ", ".join([f"{letter}s" for letter in self.groups])
        each = _expression(f"[0 for {', '.join(self.groups)}, in zip({together})]")
        one = self.visit(term)
        each.elt = ast.Tuple([one], ast.Load()) if factors else one  # type: ignore[attr-defined]
        return each

    # What is chosen by a comparison, in the body of a function

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        parts = [self.visit(part) for part in (node.test, node.body, node.orelse)]
        return self._call("choice", *parts) if "choice" in self.given else ast.IfExp(*parts)

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        x, y = self.visit(node.left), self.visit(node.comparators[0])
        if "choice" not in self.given:
            return ast.Compare(x, node.ops, [y])
        return self._call("compared", ast.Constant(COMPARISONS[type(node.ops[0])]), x, y)

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        parts = [self.visit(part) for part in node.values]
        return self._call("either", *parts) if "choice" in self.given else ast.BoolOp(node.op, parts)


def _expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


# What is read off the table once --------------------------------------------------------------------------------------

F = TypeVar("F", bound=Callable[..., Any])
_kept: list[Any] = []


def of_the_table(function: F) -> F:
    """As `functools.cache`, for what depends on rows: until `forget`."""
    _kept.append(cache(function))
    return _kept[-1]  # type: ignore[no-any-return]


def forget() -> None:
    """Forgets what was read off the table: one of its rows is new, or gone."""
    for function in _kept:
        function.cache_clear()


# What the names in the table stand for -------------------------------------------------------------------------------


def formula_of(op: str) -> str:
    return (ROWS.get(op) or FAMILIES[op]).formula


def is_composed(name: str) -> bool:
    """Whether it is an operation whose formula is made of others; if not, it is an operator or a function of its own."""
    entry = ROWS.get(name) or FAMILIES.get(name)
    return entry is not None and name not in PARTS and not entry.formula.startswith(f"{name}(")


def letters(family: Family) -> list[str]:
    """The letters of a group."""
    return [letter for letter in family.derivatives if letter not in (family.head, family.tail)]


def split(family: Family, x: Sequence[T]) -> list[Sequence[T]]:
    """The operands by letter: the head if there is one, ``w1 .. wn``, ``x1 .. xn``, and the tail if there is one."""
    inner, of = x[len(family.head) : len(x) - len(family.tail)], len(letters(family))
    count = len(inner) // of
    parts = [inner[k * count : (k + 1) * count] for k in range(of)]
    return [*[x[:1]] * len(family.head), *parts, *[x[len(x) - 1 :]] * len(family.tail)]


def operands(op: str, arity: int) -> list[str]:
    """The name of each operand of `op` in its formula: ``x y w``, or ``w1 w2 x1 x2 b`` for a family of that many operands."""
    if op in ROWS:
        return ["x", "y", "w"][:arity]
    family = FAMILIES[op]
    count = (arity - len(family.head + family.tail)) // len(letters(family))
    return [*family.head, *[f"{letter}{i}" for letter in letters(family) for i in range(1, count + 1)], *family.tail]


def named(op: str, x: Sequence[T]) -> dict[str, Any]:
    """What each name in the formula of `op` stands for, of these operands."""
    if op in ROWS:
        return dict(zip("xyw", x))
    return {**_together(FAMILIES[op], x), "all": tuple(x)}


def groups(names: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What a total is over: of names in which ``xs`` are all the x, what the letters of each group stand for."""
    letters = [name[0] for name in names if name[1:] == "s"]
    return [dict(zip(letters, group)) for group in zip(*[names[f"{letter}s"] for letter in letters])]


def _together(family: Family, x: Sequence[T]) -> dict[str, Any]:
    """The operands of each letter of a group, as ``xs``, and the single one."""
    single = family.head + family.tail
    parts = zip(family.derivatives, split(family, x))
    return dict([(letter, part[0]) if letter in single else (f"{letter}s", tuple(part)) for letter, part in parts])


def derivative(op: str, x: Sequence[T], i: int) -> tuple[str, dict[str, Any]]:
    """The text of the derivative by the i-th operand, and what each name in it stands for, of these operands."""
    if op in ROWS:
        return ROWS[op].derivatives[i], dict(zip("xyw", x))
    family = FAMILIES[op]
    head, of = len(family.head), letters(family)
    count = (len(x) - head - len(family.tail)) // len(of)
    k, at = divmod(i - head, count) if count else (-head, 0)
    if not 0 <= k < len(of):
        text = family.derivatives[family.head or family.tail]
        return text, {**_together(family, x), "others": tuple(x[head : len(x) - len(family.tail)])}
    text, group = family.derivatives[of[k]], {letter: x[head + j * count + at] for j, letter in enumerate(of)}
    if "*" not in text:
        return text, group
    names = _together(family, x)
    before, after = names["xs"][:at], names["xs"][at + 1 :]
    return text, {**names, **group, "others": (*x[:head], *before, *after), "before": before, "after": after[::-1]}


def is_sum_of_products(op: str) -> bool:
    """Whether it is a family whose every rule is a letter or a number: the other factor of its term."""
    return op in FAMILIES and all([rule in FAMILIES[op].derivatives or rule == "1" for rule in FAMILIES[op].derivatives.values()])


def other_factors(op: str, x: Sequence[T]) -> list[T | float]:
    """The derivatives by these operands of a family that is a sum of products."""
    parts = dict(zip(FAMILIES[op].derivatives, split(FAMILIES[op], x)))
    found: list[T | float] = []
    for letter, text in FAMILIES[op].derivatives.items():
        found += parts[text] if text in parts else [float(text)] * len(parts[letter])
    return found


# Formulas as text ----------------------------------------------------------------------------------------------------


class AsTree(Reading):
    """Formulas as Python's syntax trees, of trees; numbers are as they stand."""

    add = staticmethod(lambda x, y: ast.BinOp(x, ast.Add(), y))
    sub = staticmethod(lambda x, y: ast.BinOp(x, ast.Sub(), y))
    mul = staticmethod(lambda x, y: ast.BinOp(x, ast.Mult(), y))
    div = staticmethod(lambda x, y: ast.BinOp(x, ast.Div(), y))
    neg = staticmethod(lambda x: ast.UnaryOp(ast.USub(), x))
    where = staticmethod(lambda *operands: ast.Call(ast.Name("where"), list(operands), []))

    def number(self, x: float) -> ast.expr:
        return ast.Constant(int(x) if x.is_integer() else x)

    def total(self, terms: Sequence[tuple[ast.expr, ...]], *last: ast.expr) -> ast.expr:
        return reduce(self.add, [*[reduce(self.mul, factors) for factors in terms], *last])

    def product(self, terms: Sequence[ast.expr]) -> ast.expr:
        return reduce(self.mul, terms)

    def function(self, name: str) -> Callable[..., ast.expr]:
        return lambda *operands: ast.Call(ast.Name(name), list(operands), [])


def formula(op: str, arity: int) -> str:
    """The formula of `op` with that many operands, in the letters of `operands`.

    >>> formula("linear", 5), formula("softmax", 2)
    ('w1 * x1 + w2 * x2 + b', 'exp(b) / (exp(b) + exp(x1))')
    """
    names = [ast.Name(name) for name in operands(op, arity)]
    return ast.unparse(ast.fix_missing_locations(AsTree().formula(op, names)))
