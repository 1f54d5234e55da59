"""What the classroom asks of a graph: its rules, where a node is used, its activations, biases, errors and time steps.

Everything is found by the table's rules and the shape of the graph, whatever the operations are called.
"""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Iterator
from functools import cached_property
from typing import Any, NamedTuple

from .. import backprop, formulas, ops
from ..backprop import topological_order
from ..derivation.equations import inlined_nodes
from ..derivation.expressions import Expression, expression, formula, number, symbols, value_of
from ..derivation.notation import Notation
from ..value import Value
from .rows import listed, rebuilt, time_of

Edge = tuple[Value, int]
"""A node and the place of one of its operands."""

EPSILON = sys.float_info.epsilon
LONGEST_RECURSION = 20_000
"""So many visits of a recursion without an order are computed: their number doubles with every node that is used twice."""


class Layer(NamedTuple):
    """Units and the nodes below that they read; of each unit and one of these, the weight, and the node that multiplies by it."""

    units: list[Value]
    inputs: list[Value]
    weight: dict[tuple[Value, Value], Value]
    product: dict[tuple[Value, Value], Value]


class Graph:
    """The graph of `output` as the classroom reads it. lr: the learning rate of an update."""

    def __init__(self, output: Value, lr: float = 0.5) -> None:
        self.output, self.lr = output, lr
        self.nodes = topological_order(output)
        self.place = {node: k for k, node in enumerate(self.nodes)}
        self.parents = {node: node.parents for node in self.nodes}
        self.derivatives = {node: node.local_derivatives for node in self.nodes}
        self.uses: dict[Value, list[Edge]] = {node: [] for node in self.nodes}
        """Where a node is an operand, in the order of the backward pass."""
        for node in reversed(self.nodes):
            for i, parent in enumerate(self.parents[node]):
                self.uses[parent].append((node, i))

    @cached_property
    def notation(self) -> Notation:
        """The names of all nodes, and of a number to be filled in."""
        return Notation([*self.nodes, BLANK])

    @cached_property
    def _nameless(self) -> set[Value]:
        """The nodes in whose place their formula is written."""
        return inlined_nodes(self.nodes, set(self.named))

    def expanded(self, e: Expression) -> Expression:
        """The expression with formulas for the nodes that have no name."""
        if e.kind == "symbol":
            node = e.parts[0]
            return self.expanded(self.notation.formula(node)) if node in self._nameless else e
        return e._replace(parts=tuple([self.expanded(part) if isinstance(part, Expression) else part for part in e.parts]))

    def write(self, e: Expression, markup: str = "text", values: bool = False, digits: int | None = -1) -> str:
        return self.notation.write(self.expanded(e), markup, values, digits)

    def name(self, node: Value) -> str:
        return self.write(self.notation.of(node))

    @cached_property
    def named(self) -> list[Value]:
        """The nodes with labels; where there are none, all that are no plain numbers."""
        return [node for node in self.nodes if node.label] or [node for node in self.nodes if not node.is_plain_number]

    @cached_property
    def adjoint(self) -> dict[Value, float]:
        """The derivative of the output by each node."""
        return backprop.adjoints(self.output, derivatives=self.derivatives.__getitem__)

    @cached_property
    def nudged(self) -> Graph:
        """This graph at numbers that differ in their last digits alone; itself, where an operation has no value there."""
        rows = listed(self.output)
        given = {k: x for k, (_, _, x, _) in enumerate(rows) if isinstance(x, float) and not x.is_integer()}
        nudged = {k: x + x * 4 * EPSILON * random.Random(x).uniform(-1, 1) for k, x in given.items()}  # what is equal remains so
        try:
            return Graph(rebuilt(rows, nudged), self.lr)
        except (ValueError, ArithmeticError):
            return self

    @cached_property
    def arrived(self) -> dict[Value, list[backprop.Contribution]]:
        """What arrives at each node in the backward pass, in its order."""
        found: dict[Value, list[backprop.Contribution]] = {node: [] for node in self.nodes}
        for contribution in backprop.contributions(self.output):
            found[contribution.parent].append(contribution)
        return found

    # Rules

    @cached_property
    def rules(self) -> dict[Edge, Expression]:
        """The local derivative along each edge, in the textbook's form."""
        rule = self.notation.local_derivative
        return {(node, i): rule(node, i) for node, i in self.edges()}

    def edges(self) -> Iterator[Edge]:
        """Every edge to a node that is no plain number, from the output on."""
        for node in reversed(self.nodes):
            for i, parent in enumerate(self.parents[node]):
                if not parent.is_plain_number:
                    yield node, i

    @cached_property
    def factor(self) -> dict[Edge, Value]:
        """The edges whose local derivative is another operand, with that: those of products."""
        symbols = [(edge, rule.parts[0]) for edge, rule in self.rules.items() if rule.kind == "symbol"]
        return {edge: factor for edge, factor in symbols if factor is not edge[0]}

    @cached_property
    def sums(self) -> dict[Value, dict[Edge, Value]]:
        """The sums of products: of each the edges that are in `factor`, with their factors.

        A sum is one operation, or written with * and +: then its terms have no label, and are used in it alone.
        """
        found = {}
        for node in self.nodes:
            if self._is_term(node):
                continue
            own, pending = list[Edge](), [node]
            while pending:
                last = pending.pop()
                edges = [(last, i) for i in range(len(self.parents[last]))]
                own += [edge for edge in edges if edge in self.factor]
                pending += [self.operand(edge) for edge in edges[::-1] if self._is_term(self.operand(edge))]
            found[node] = {edge: self.factor[edge] for edge in own}
        return found

    def _is_term(self, node: Value) -> bool:
        """Whether a node is no more than a term of a sum."""
        uses = self.uses[node]
        return len(uses) == 1 and self.rules.get(uses[0]) == _ONE and not node.label and node.op not in ops.FAMILIES

    @cached_property
    def sum_of(self) -> dict[Edge, Value]:
        """The sum of products that an edge belongs to."""
        return {edge: node for node, factors in self.sums.items() for edge in factors}

    def operand(self, edge: Edge) -> Value:
        return self.parents[edge[0]][edge[1]]

    def derivative(self, edge: Edge) -> float:
        return self.derivatives[edge[0]][edge[1]]

    def rewritten(self, edge: Edge, text: str, **letters: Expression) -> Expression:
        """A rule in the letters of the table, with the operands of this node for them; `letters` in place of these."""
        node, i = edge
        _, names = formulas.derivative(node.op, self.parents[node], i)
        of = self.notation.of
        known = {name: of(x) if isinstance(x, Value) else [*map(of, x)] for name, x in names.items()}
        return expression(text, {**known, "z": of(node), **letters})

    def number_of(self, e: Expression) -> float:
        """The number of an expression; nan outside a domain."""
        try:
            return value_of(e, self._number_of)
        except (ValueError, ArithmeticError):
            return math.nan

    def _number_of(self, thing: Any) -> float:
        return thing.data if isinstance(thing, Value) else thing if isinstance(thing, float) else self.notation.numbers[thing]

    # Parts of a network

    def variable(self, node: Value) -> int | None:
        """The place of the only operand that is no plain number, if there is only one."""
        places = [i for i, parent in enumerate(self.parents[node]) if not parent.is_plain_number]
        return places[0] if len(places) == 1 else None

    @cached_property
    def scaled(self) -> dict[Edge, float]:
        """The edges to the one operand of what only multiplies it by a number, with that."""
        edges = [edge for edge, rule in self.rules.items() if rule.kind in ("number", "quotient")]
        return {edge: self.derivative(edge) for edge in edges if self.variable(edge[0]) == edge[1]}

    @cached_property
    def activations(self) -> dict[Value, Edge]:
        """The nodes that are an activation of one operand, each with the edge to it."""
        found = {}
        for node in self.nodes:
            i = self.variable(node)
            if i == 0 and node.op in ops.ROWS and is_activation(node.op, tuple([p.data for p in self.parents[node][1:]])):
                found[node] = (node, 0)
        return found

    def activation_of(self, net: Value) -> Value | None:
        """The activation that a net input goes through."""
        return next((node for node, _ in self.uses[net] if node in self.activations), None)

    @cached_property
    def layers(self) -> list[Layer]:
        """The layers of as many units as they have inputs below: of its `sums`, those that read the same computed nodes."""
        found: dict[tuple[str, frozenset[Value]], list[tuple[Value, dict[Value, Edge]]]] = {}
        for unit, factors in self.sums.items():
            below = [edge for edge in factors if self.parents[self.operand(edge)]]
            edge_of = {self.operand(edge): edge for edge in below}
            if len(edge_of) == len(below):
                found.setdefault((unit.op, frozenset(edge_of)), []).append((unit, edge_of))
        layers = []
        for units in found.values():
            inputs = [*units[0][1]]
            if len(inputs) == len(units) > 1 and self._are_alike([unit for unit, _ in units]):
                edges = {(unit, below): edge for unit, edge_of in units for below, edge in edge_of.items()}
                weight = {ends: self.factor[edge] for ends, edge in edges.items()}
                layers.append(Layer([unit for unit, _ in units], inputs, weight, {ends: edge[0] for ends, edge in edges.items()}))
        return layers

    def _are_alike(self, units: list[Value]) -> bool:
        """Whether what reads several units reads them alike: else their order in the graph is not that of the layer."""
        read: dict[Value, set[str]] = {}
        for unit in units:
            for edge in self.uses[self.activation_of(unit) or unit]:
                letter = formulas.operands(edge[0].op, len(self.parents[edge[0]]))[edge[1]][0]
                read.setdefault(edge[0], set()).add("" if self.rules.get(edge) == _ONE else letter)
        return all(len(roles) == 1 for roles in read.values())

    @cached_property
    def biases(self) -> list[Value]:
        """The leaves that are only added to what has been computed, or to products."""

        def stands_alone(edge: Edge) -> bool:
            node, i = edge
            others = [(node, k) for k, parent in enumerate(self.parents[node]) if k != i and not parent.is_plain_number]
            summands = [rule for rule in map(self.rules.__getitem__, others) if rule == _ONE or rule.kind == "symbol"]
            computed = any(self.rules[other].kind == "symbol" or self.parents[self.operand(other)] for other in others)
            return self.rules[edge] == _ONE and computed and len(summands) == len(others)

        return [leaf for leaf in self.leaves() if self.uses[leaf] and all(map(stands_alone, self.uses[leaf]))]

    @cached_property
    def data(self) -> set[Value]:
        """The leaves that are no parameters: targets, and inputs where the table says which operands are weights."""
        found = {parent for node, i in self.errors for k, parent in enumerate(self.parents[node]) if k != i}
        for leaf in self.leaves():
            operands = [(ops.FAMILIES[node.op], i) for node, i in self.uses[leaf] if node.op in ops.FAMILIES]
            weighted = [family for family, i in operands if {"w", "x"} <= family.derivatives.keys()]
            letters = {formulas.operands(node.op, len(self.parents[node]))[i][0] for node, i in self.uses[leaf]}
            if weighted and len(weighted) == len(self.uses[leaf]) and letters == {"x"}:
                found.add(leaf)
        return found

    def leaves(self) -> list[Value]:
        """The leaves that are no plain numbers."""
        return [node for node in self.nodes if not self.parents[node] and not node.is_plain_number]

    @cached_property
    def errors(self) -> list[Edge]:
        """The edges from a difference of a target and what has been computed to the latter, if the cost of it is even."""
        found = []
        for node in self.nodes:
            if len(self.parents[node]) == 2 and sorted(self.derivatives[node]) == [-1.0, 1.0] and self.uses[node]:
                computed = [i for i, parent in enumerate(self.parents[node]) if self.parents[parent]]
                if len(computed) == 1 and all(self._is_even(use, node) for use, _ in self.uses[node]):
                    found.append((node, computed[0]))
        return found

    def _is_even(self, node: Value, operand: Value) -> bool:
        """Whether the sign of an operand makes no difference to a node."""
        if any(parent is not operand and not parent.is_plain_number for parent in self.parents[node]):
            return False
        turned = [number(-operand.data if parent is operand else parent.data) for parent in self.parents[node]]
        return self.number_of(formula(node.op, turned)) == node.data

    @cached_property
    def costs(self) -> set[Value]:
        """The nodes that the output is a weighted sum of, with given numbers as weights, and those sums."""
        found = {self.output}
        for node in reversed(self.nodes):
            uses = self.uses[node]
            if uses and not node.is_plain_number and all(use in found and self._is_given(self.rules[use, i]) for use, i in uses):
                found.add(node)
        return found

    def _is_given(self, e: Expression) -> bool:
        """Whether an expression is of numbers and leaves alone."""
        return all(isinstance(thing, Value) and not self.parents[thing] for thing in symbols(e))

    @cached_property
    def complement(self) -> dict[Value, Value]:
        """Of a gate g the node 1 - g, and of that the gate."""
        found = {}
        for node in self.nodes:
            if (
                self.derivatives[node] == (1.0, -1.0)
                and self.parents[node][0].is_plain_number
                and self.parents[node][0].data == 1.0
            ):
                gate = self.parents[node][1]
                found.update({gate: node, node: gate})
        return found

    @cached_property
    def terms(self) -> tuple[list[Edge], int]:
        """Where the output is a mean, the edge that makes it one; where it is a sum, the edges to its terms; and their number."""
        node = self.output
        scaling: list[Edge] = []
        while (i := self.variable(node)) is not None and (node, i) in self.scaled:
            scaling.append((node, i))
            node = self.parents[node][i]
        count, pending = 0, [node]
        while pending:
            last = pending.pop()
            if self.adds(last) and (last is node or not last.label):
                pending += self.parents[last]
            else:
                count += 1
        mean = [edge for edge in scaling if math.isclose(self.derivative(edge), 1 / count)]
        return mean or [(node, i) for i in range(len(self.parents[node]))] if count > 1 else [], count

    def adds(self, node: Value) -> bool:
        """Whether a node is the sum of several."""
        edges = [(node, i) for i in range(len(self.parents[node]))]
        return len(edges) > 1 and all(self.rules.get(edge) == _ONE for edge in edges)

    # Time

    @cached_property
    def time(self) -> dict[Value, int]:
        """The time step of each node that was made in one, as its scope has it; of a nameless node the first that uses it."""
        found: dict[Value, int] = {}
        for node in reversed(self.nodes):
            time = time_of(node)
            if time is None and self.parents[node] and not hasattr(node, "scope"):
                time = min([found[use] for use, _ in self.uses[node] if use in found], default=None)
            if time is not None:
                found[node] = time
        return found

    @cached_property
    def crossings(self) -> list[Edge]:
        """The edges back to a time step before."""
        time = self.time
        return [edge for edge in self.edges() if edge[0] in time and time.get(self.operand(edge), time[edge[0]]) != time[edge[0]]]

    # Without an order

    @cached_property
    def recursion(self) -> list[Value] | None:
        """The nodes as a recursion visits them that sends on at every arrival. None where it would not end during a lesson."""
        visits = dict.fromkeys(self.nodes, 0)
        visits[self.output] = 1
        for node in reversed(self.nodes):
            for parent in self.parents[node]:
                visits[parent] += visits[node]
        if sum(visits.values()) > LONGEST_RECURSION:
            return None
        order, pending = [], [self.output]
        while pending:
            node = pending.pop()
            order.append(node)
            pending += reversed(self.parents[node])
        return order


BLANK = Value(0.0, label="□")
"""Stands in a formula for a number to be filled in."""
_ONE = number(1.0)


@formulas.of_the_table
def is_activation(op: str, parameters: tuple[float, ...] = ()) -> bool:
    """Whether an operation of one operand is bent, and straight far away on both sides, as sigmoid, tanh and ReLU are.

    >>> [is_activation(op) for op in ("sigmoid", "relu", "softplus", "neg", "square", "exp")]
    [True, True, True, False, False, False]
    """
    row = ops.ROWS[op]
    if len(row.derivatives) != 1 + len(parameters):
        return False
    slopes = []
    for x in (-1e6, -1e3, 0.0, 1e3, 1e6):
        letters = dict(zip("xyw", map(number, (x, *parameters))))
        try:
            z = value_of(expression(row.formula, letters), float)
            slopes.append(value_of(expression(row.derivatives[0], {**letters, "z": number(z)}), float))
        except (ValueError, ArithmeticError):
            return False
    far, left, middle, right, away = slopes
    straight = math.isclose(far, left, abs_tol=1e-3) and math.isclose(right, away, abs_tol=1e-3)
    return straight and math.isfinite(middle) and not left == middle == right
