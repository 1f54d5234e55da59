"""A row as a function in Python: straight-line source, written once, at import. What is fast is chosen over what is short."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence

from ..floats import FUNCTIONS
from ..formulas import formula_of, is_composed, is_sum_of_products, letters, of_the_table, operands, other_factors, split
from ..ops import FAMILIES, ROWS
from .documentation import names_of

# Up to this many groups of operands, a function is written out; above, it is a loop.
UNROLLED = 256

_FUNCTION = """
def {function}({parameters}):
    if special:
        return {quietly}({arguments}) if quiet()() and not live else within_mode({function!r}, {op!r}, ({arguments},))
    try:
        {lines}
    except Exception:
        return {slowly}({op!r}, ({operands},))
    node = new(Value)
    node._data = z
    node.grad = 0.0
    node.op = {op!r}
    node.label = ""
    node._mark = None
    node._x = {x}
    node._y = {y}
    node._dx = {dx}
    return node
"""
# The same within `no_grad`: its result is a leaf
_VALUE = (
    _FUNCTION[: _FUNCTION.index("    node.op")]
    + "    node.op = node.label = ''\n    node._mark = node._x = None\n    return node\n"
)


def row_source(op: str, function: str, records: bool = True) -> str:
    """The function of a row as Python source. Its parameters are Values, named as in the row; a, b and c are their numbers.

    >>> print(row_source("tanh", "tanh"))
    <BLANKLINE>
    def tanh(x):
        if special:
            return quietly['tanh'](x) if quiet()() and not live else within_mode('tanh', 'tanh', (x,))
        try:
            a = x._data
            z = tanh(a)
            da = (1.0 / cosh(a)) ** 2
        except Exception:
            return slowly('tanh', (x,))
        node = new(Value)
        node._data = z
        node.grad = 0.0
        node.op = 'tanh'
        node.label = ""
        node._mark = None
        node._x = x
        node._y = None
        node._dx = da
        return node
    <BLANKLINE>

    `special` is true in a mode such as `no_grad`. A function named ``..._parameter`` is for a plain number as y; one named
    ``__...__`` is an operator, which leaves an unknown operand its turn. records: whether the result is a node, or a leaf.
    """
    row, names = ROWS[op], names_of(op)
    numbers = [letter for letter in "abcdefg" if letter not in names][: len(names)]
    formula, *derivatives = [_written(text, row.formula, tuple(numbers)) for text in (row.formula, *row.derivatives)]
    if function.endswith("_parameter"):
        derivatives[1] = "0.0"
    lines = [f"{number} = {name}._data" for number, name in zip(numbers, names)]
    if not records:  # a plain number need not become a leaf
        lines[1:] = [f"{line} if type({name}) is Value else plain({name})" for line, name in zip(lines[1:], names[1:])]
    elif look := _look_at_second(op, function, names):
        lines.insert(1, look)
    lines.append(f"z = {formula}")
    for i, (number, text) in enumerate(zip(numbers, derivatives) if records else ()):
        if text not in (*numbers, "z", "0.0", "1.0", "-1.0"):
            lines.append(f"d{number} = {text}")
            derivatives[i] = f"d{number}"
    values = ", ".join(names)
    return (_FUNCTION if records else _VALUE).format(
        function=function,
        op=op,
        parameters=values if row.default is None else f"{values}={row.default}",
        arguments=values,
        quietly=f"quietly[{function!r}]",
        operands=values,
        slowly="operator_slowly" if function.startswith("__") else "slowly",
        lines="\n        ".join(lines),
        **_slots(names, derivatives),
    )


def _look_at_second(op: str, function: str, names: Sequence[str]) -> str:
    """The line that goes elsewhere where the second operand is a plain number. "" where that is left to its having no `_data`."""
    if function.endswith("_parameter"):
        return ""
    if ROWS[op].parameter:
        first, second = names
        plain = f"type({second}) is float or type({second}) is int"
        return f"if {plain}: return {op}_parameter({first}, constant({second}, {op!r}))"
    if function.startswith("__"):
        return f"if type({names[1]}) is not Value: return operator_slowly({op!r}, ({', '.join(names)}))"
    return ""


def _slots(names: Sequence[str], derivatives: Sequence[str]) -> dict[str, str]:
    """What the slots of a node are set to (see `Node`); dx with the line that sets dy, if there is one."""
    if len(names) == 1:
        return {"x": names[0], "y": "None", "dx": derivatives[0]}
    if len(names) == 2:
        return {"x": names[0], "y": names[1], "dx": f"{derivatives[0]}\n    node._dy = {derivatives[1]}"}
    taken = ", ".join([f"{derivative} or not_taken" for derivative in derivatives])
    return {"x": f"({', '.join(names)})", "y": "...", "dx": f"({taken})\n    node._dy = True"}


def family_source(op: str, function: str, count: int, records: bool = True) -> str:
    """The function of a family for `count` groups of operands; of one that is no sum of products for any.

    ws, xs and p are the Values; w1, x1, b the numbers.
    """
    family = FAMILIES[op]
    single = family.head + family.tail
    parts = ["p" if letter in single else f"{letter}s" for letter in family.derivatives]
    arguments, values = ", ".join(parts), ", ".join([part if part == "p" else f"*{part}" for part in parts])
    if is_sum_of_products(op):
        names = operands(op, len(letters(family)) * count + len(single))
        lines = []
        for letter, group in zip(family.derivatives, split(family, names)):
            lines += [f"{letter} = p._data"] if letter in single else [f"{', '.join(group)}, = {letter}s"]
            lines += [f"{name} = {name}._data" for name in group if letter not in single]
        lines.append(f"z = {_sum(op, names)}")
        if records:
            lines.append(f"dx = {_tuple(other_factors(op, names))}")
    else:
        lines = [f"z, dx = at_once[{op!r}]([*map(data, ({values},))])", "dx = tuple(dx)"]
    return (_FUNCTION if records else _VALUE).format(
        function=function,
        op=op,
        parameters=arguments,
        arguments=arguments,
        quietly=f"quietly[{op!r}][{count}]",
        operands=values,
        slowly="slowly",
        lines="\n        ".join(lines),
        x=f"({values},)",
        y="...",
        dx="dx\n    node._dy = ()",
    )


def _tuple(items: Sequence[object]) -> str:
    return f"({', '.join(map(str, items))},)"


def _sum(op: str, names: Sequence[str]) -> str:
    """The formula of a sum of products."""
    terms = map(" * ".join, zip(*split(FAMILIES[op], names)[: len(letters(FAMILIES[op]))]))
    return " + ".join([*terms, *FAMILIES[op].tail])


def rows_source(op: str, function: str, count: int) -> str:
    """The function that makes the nodes of a sum of products of each row of weights with each vector, of `count` operands each.

    rows: of tuples of Values; vectors, too; ps: of a Value for each row, where the family has a single operand. Returns for each
    vector its nodes. What a row or a vector has of its own is read once, and shared by the nodes.
    """
    names = operands(op, 2 * count + len(FAMILIES[op].tail))
    ws, xs, *single = split(FAMILIES[op], names)
    return _ROWS.format(
        function=function,
        op=op,
        ps=", ps" * len(single),
        row="ws, p in zip(rows, ps)" if single else "ws in rows",
        ws=", ".join(ws),
        numbers="\n        ".join([f"{w} = {w}._data" for w in ws] + ["b = p._data"] * len(single)),
        dy=_tuple(other_factors(op, names)[count:]),
        xs=", ".join(xs),
        z=_sum(op, names),
        y="(*xs, p)" if single else "xs",
    )


_ROWS = """
def {function}(rows, vectors{ps}):
    made = [[] for _ in vectors]
    read = [(xs, tuple(map(data, xs)), found.append) for xs, found in zip(vectors, made)]
    for {row}:
        {ws}, = ws
        {numbers}
        dy = {dy}
        for xs, dx, append in read:
            {xs}, = dx
            node = new(Value)
            node._data = {z}
            node.grad = 0.0
            node.op = {op!r}
            node.label = ""
            node._mark = None
            node._x = ws
            node._y = ...
            node._dx = dx
            node._dy = {y}, dy
            append(node)
    return made
"""


def pass_source(function: str, count: int) -> str:
    """The function of the chain rule for `count` operands: to the grad of each, the adjoint times its derivative is added."""
    xs, derivatives = [[f"{letter}{i}" for i in range(1, count + 1)] for letter in "xd"]
    lines = [f"{', '.join(xs)}, = x", f"{', '.join(derivatives)}, = dx"]
    lines += [f"{x}.grad += adjoint * {d}" for x, d in zip(xs, derivatives)]
    return f"\ndef {function}(x, dx, adjoint):\n    " + "\n    ".join(lines) + "\n"


# Formulas as the functions write them --------------------------------------------------------------------------------


@of_the_table
def _written(text: str, formula: str, letters: tuple[str, ...]) -> str:
    """A rule in these letters: z for the formula, floats, Python's own choice for `where`, and in place what is faster so."""
    if "(" not in text:  # every second one: in a tenth of the time
        return _LEAVES.sub(lambda leaf: letters["xyw".index(leaf[0])] if leaf[0] in "xyw" else f"{leaf[0]}.0", text)
    rule, whole = [_tree(one, letters) for one in (text, formula)]
    return ast.unparse(rule if text is formula else _Replaced(whole).visit(rule))


_LEAVES = re.compile(r"(?<![\w.])(?<!e[-+])(\d+|[xyw])(?![\w.])")


def _tree(text: str, letters: Sequence[str]) -> ast.expr:
    tree = ast.parse(text, mode="eval").body
    return _InPlace({x: ast.Name(letter) for x, letter in zip("xyw", letters)}).visit(tree)  # type: ignore[no-any-return]


class _InPlace(ast.NodeTransformer):
    def __init__(self, operands: Mapping[str, ast.expr]) -> None:
        self.operands = operands

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.operands.get(node.id, node)

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        return ast.Constant(float(node.value))  # type: ignore[arg-type]

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        match self.visit(node.operand):
            case ast.UnaryOp(operand=x):
                return x
            case x:
                return ast.UnaryOp(node.op, x)

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        x = self.visit(node.left)
        if isinstance(node.op, ast.Mult) and not isinstance(x, (ast.Name, ast.Call)) and _same(node.left, node.right):
            return ast.BinOp(x, ast.Pow(), ast.Constant(2))  # computed once
        return ast.BinOp(x, node.op, self.visit(node.right))

    def visit_Call(self, node: ast.Call) -> ast.expr:
        name: str = node.func.id  # type: ignore[attr-defined]
        operands = [self.visit(operand) for operand in node.args]
        if name == "where":
            return ast.IfExp(_condition(operands[0]), *operands[1:])
        row = FUNCTIONS.get(name)
        text = formula_of(name) if is_composed(name) else row and (row.eager or (row.in_place and row.body))
        body = ast.parse(text, mode="eval").body if text else None
        used = [part.id for part in ast.walk(body) if isinstance(part, ast.Name)] if body else []
        if body is None or not all([isinstance(x, ast.Name) or used.count(letter) == 1 for letter, x in zip("xyw", operands)]):
            return ast.Call(node.func, operands, [])
        return _InPlace(dict(zip("xyw", operands))).visit(body)  # type: ignore[no-any-return]


def _condition(x: ast.expr) -> ast.expr:
    """An operand as a condition."""
    match x:
        case ast.IfExp(test=test, body=ast.Constant(value=1.0), orelse=ast.Constant(value=0.0)):
            return test
        case ast.IfExp(test=test, body=ast.Constant(value=1.0), orelse=y):
            return ast.BoolOp(ast.Or(), [test, y])
    return x


class _Replaced(ast.NodeTransformer):
    """Writes z for the formula."""

    def __init__(self, formula: ast.expr) -> None:
        self.formula = formula

    def visit(self, node: ast.AST) -> ast.AST:
        return ast.Name("z") if _same(node, self.formula) else self.generic_visit(node)


def _same(x: object, y: object) -> bool:
    """Whether two parts of a tree say the same."""
    if isinstance(x, list) and isinstance(y, list):
        return len(x) == len(y) and all(map(_same, x, y))
    if not isinstance(x, ast.AST) or type(x) is not type(y):
        return x == y
    return all([_same(getattr(x, field), getattr(y, field)) for field in x._fields if field != "ctx"])
