"""Graphs as lines of a program: the equations of one unit, in which a weight may stand for a matrix."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Mapping

from autograd_lite import Value, topological_order
from autograd_lite.formulas import formula, operands


def equations(named: Mapping[str, Value], symbols: dict[Value, ast.expr]) -> list[str]:
    """A line for each named node, in order, and for each that is used twice; `symbols` is what stands for some leaves."""
    names = {node: name for name, node in named.items()}
    order = dict.fromkeys([node for output in named.values() for node in topological_order(output)])
    uses = Counter([parent for node in order for parent in node.parents])
    lines: list[str] = []
    for node in order:
        if node in symbols:
            continue
        found: ast.expr = ast.Constant(node.data)
        if node.parents:
            letters = operands(node.op, len(node.parents))
            substitution = dict(zip(letters, [symbols[parent] for parent in node.parents]))
            found = _Substituted(substitution).visit(expression(formula(node.op, len(node.parents))))
            if node in names or uses[node] > 1:
                name = names.get(node, f"t{len(lines) + 1}")
                lines.append(f"{name} = {ast.unparse(ast.fix_missing_locations(found))}")
                found = ast.Name(name)
        symbols[node] = found
    return lines


class _Substituted(ast.NodeTransformer):
    """Puts expressions in the place of letters. A transposed matrix times x becomes ``x @ W.T``."""

    def __init__(self, letters: Mapping[str, ast.expr]) -> None:
        self.letters = letters

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.letters.get(node.id, node)

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        left, right = self.visit(node.left), self.visit(node.right)
        if isinstance(left, ast.Attribute):
            return ast.BinOp(right, ast.MatMult(), left)
        return ast.BinOp(left, node.op, right)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        arguments = [self.visit(argument) for argument in node.args]
        arrays = [argument for argument in arguments if any(isinstance(part, ast.Name) for part in ast.walk(argument))]
        if arrays and ast.unparse(node.func) != "pow":  # a function of two arrays
            full = ast.Name("full_like")
            arguments = [x if x in arrays else ast.Call(full, [arrays[0], x], []) for x in arguments]
        return ast.Call(node.func, arguments, [])


def expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body
