"""The steps of a graph at any numbers: where an operation chooses between sides, those to each of them."""

from __future__ import annotations

from collections.abc import Iterable

from ..backprop import Contribution, adjoints
from ..derivation.equations import Equation, equation, partial
from ..derivation.expressions import Expression
from ..formulas import derivative
from ..value import Value
from .data import Marked, Quantity
from .passes import Record
from .words import MOST_OPERANDS, WordedPasses, amount


def at_any_numbers(steps: WordedPasses) -> WordedPasses:
    """All steps that there may be where leaves have other numbers: those at hand, unless an operation chooses."""
    return AnySteps(steps) if any(node._chooses() for node in steps.nodes) else steps


class AnySteps(WordedPasses):
    """The steps to every side of each operation that chooses, and the grad 0 of each node that may get nothing.

    A page shows those that there are at its numbers. To a node that is `varying`, it drops from formulas what there is not: of a
    contribution that is not the only one the left side, of the whole sum the terms of the other sides. The last sum has that in
    numbers, and in symbols if there can be.
    """

    def __init__(self, steps: WordedPasses) -> None:
        self.certain = _certain(steps)
        edges = [(parent, node in self.certain and not node._chooses()) for node in steps.nodes for parent in node.parents]
        super().__init__(steps.output, steps.language)
        self.varying = {parent for parent, is_certain in edges if not is_certain and not parent.is_plain_number}
        self.parameters, self.examples = steps.parameters, steps.examples

    def _gets_nothing(self, node: Value) -> bool:
        return node not in self.certain

    def _passed(self) -> Iterable[Contribution]:
        passed = {(one.node, one.i): one for one in super()._passed()}
        adjoint = adjoints(self.output, order=lambda output: self.order)
        for node in reversed(self.order):
            for i, (parent, slope) in enumerate(zip(node.parents, node.local_derivatives)):
                if (node, i) in passed:
                    yield passed[node, i]
                elif not node._chooses() or derivative(node.op, node.parents, i)[0] != "0":
                    yield Contribution(node, i, parent, adjoint[node], slope, 0.0)

    def _equations(self, step: Record) -> list[tuple[Expression | None, Equation]]:
        node = step.node
        if step.by is None or node not in self.varying:
            return super()._equations(step)
        left = partial(self.notation, self.output, node, step.result)
        if step.kind == "edge":
            *others, (_, last) = super()._equations(step)
            return [*others, (left, last)]
        found: list[tuple[Expression | None, Equation]] = [
            (None, equation(self.notation, left, [Expression("sum", tuple(map(amount, step.terms)))], step.result))
        ]
        edges = self.contributions[node]
        if not self.completes(step) or len(edges) > 10 * MOST_OPERANDS:
            return found
        whole = self.adjoint[node]
        if isinstance(self.notation, Marked):
            whole = Quantity(whole, "adjoint", self.notation.place[node])
        forms = [self._paths(edges, False)]
        if len({edge.by for edge in edges}) == len(edges):  # else two of them would have one symbol
            forms.append(self._paths(edges, True))
        return found + [(left, equation(self.notation, left, [form], whole)) for form in forms]


def _certain(steps: WordedPasses) -> set[Value]:
    """The nodes to which something comes back whatever the numbers are."""
    found = {steps.output}
    for node in reversed(steps.order):
        if node in found and not node._chooses():
            found.update(node.parents)
    return found
