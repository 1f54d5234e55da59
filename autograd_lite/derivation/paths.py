"""The derivative of an output by a node, put together along the paths between them."""

from __future__ import annotations

import math
from typing import Any

from ..backprop import topological_order
from ..gradient import check_recorded
from ..value import Value
from .equations import LONGEST_CHAIN, Equation, equation, inlined_nodes, places_of_operands, rule
from .expressions import Expression, Partial, number, product, symbol, total
from .notation import Notation

# A product of more factors is cut in two equations; along a path of no more nodes it is seen whether the derivative is 1
LONGEST_PRODUCT = 6
LONGEST_SIDE = 50

# A term of a sum: its factors, each the partial derivative of another equation or the local derivative (node, places)
Term = list[Any]


class Paths:
    """The nodes between `wrt` and `output`, and the equations that the derivative is put together from.

    A node's consumers on the way are the nodes that it is an operand of. All paths from a node to the output meet again at
    its *meeting* (its immediate post-dominator): the derivative by it is the one by its meeting times that of the meeting by
    it, and the latter is the sum over the consumers, or the chain of local derivatives if there is only one.
    """

    def __init__(self, output: Value, wrt: Value, digits: int) -> None:
        self.output, self.wrt = output, wrt
        self.order = topological_order(output)
        self.place = {node: k for k, node in enumerate(self.order)}
        self.consumers: dict[Value, list[tuple[Value, list[int]]]] = {wrt: []}
        for node in self.order:
            for parent, places in places_of_operands(node).items():
                if parent in self.consumers and node is not wrt:
                    self.consumers.setdefault(node, [])
                    self.consumers[parent].append((node, places))
        self.way = [node for node in self.order if node in self.consumers]
        for node in self.way:
            if node is not wrt:
                check_recorded(node)
        self.meeting: dict[Value, Value] = {}
        self._find_meetings()
        self.notation = Notation(self.order, digits, self._nameless())
        self.asked: set[Partial] = set()
        self.side: dict[Partial, Value] = {}  # of a derivative along one of several ways: the consumer that it begins with

    def _find_meetings(self) -> None:
        depth = {self.output: 0}
        for node in reversed(self.way):
            if node is self.output:
                continue
            meeting, *others = [consumer for consumer, _ in self.consumers[node]]
            for other in others:
                while meeting is not other:
                    if depth[meeting] < depth[other]:
                        other = self.meeting[other]
                    else:
                        meeting = self.meeting[meeting]
            self.meeting[node] = meeting
            depth[node] = depth[meeting] + 1

    def _is_single(self, node: Value) -> bool:
        return len(self.consumers[node]) == 1

    def _nameless(self) -> set[Value]:
        """The nodes without a name, which no equation is about."""
        named = {self.output, self.wrt}
        for node in self.way:
            if node is not self.output and not self._is_single(node):
                named |= {node, self.meeting[node]}
                for consumer, _ in self.consumers[node]:
                    if not self._leads_straight(consumer, self.meeting[node]):
                        named.add(consumer)
        return inlined_nodes(self.order, named, self.consumers)

    def _leads_straight(self, node: Value, top: Value) -> bool:
        """Whether one short path without labels leads from a node to `top`."""
        for _ in range(LONGEST_CHAIN + 1):
            if node is top:
                return True
            if node.label or not self._is_single(node):
                return False
            node = self.consumers[node][0][0]
        return False

    def equations(self) -> list[Equation]:
        """The equation of the derivative, then those that explain it, each after the one that needs it."""
        first = Partial(self.output, self.wrt)
        self._ask(first)
        terms: dict[Partial, list[Term]] = {}
        pending = [first]
        while pending:
            partial = pending.pop()
            if partial not in terms:
                terms[partial] = self._terms(partial)
                factors = [factor for term in terms[partial] for factor in term if isinstance(factor, Partial)]
                pending += reversed(factors)
        numbers = self.notation.numbers
        # what an equation needs begins nearer to the output, or at the same node and reaches less far
        for partial in sorted(terms, key=lambda p: (-self.place[p.bottom], self.place[p.top])):
            numbers[partial] = sum([math.prod([self._number(factor) for factor in term]) for term in terms[partial]])
        return [self._written(partial, terms[partial]) for partial in terms]

    def _number(self, factor: Any) -> float:
        if isinstance(factor, Partial):
            return self.notation.numbers[factor]
        node, places = factor
        return float(sum([node.local_derivatives[i] for i in places]))

    def _written(self, partial: Partial, terms: list[Term]) -> Equation:
        # in two forms, the textbook's and the one that is computed with
        forms = (total([product([self._factor(factor, k) for factor in term]) for term in terms]) for k in (True, False))
        return equation(self.notation, symbol(partial), forms, self.notation.numbers[partial])

    def _factor(self, factor: Any, textbook: bool) -> Expression:
        if isinstance(factor, Partial):
            return symbol(factor)
        node, places = factor
        return rule(self.notation, node, places, textbook)

    def _ask(self, partial: Partial) -> None:
        """Notes which derivatives will have an equation of their own, so that the chains of others end there."""
        pending = [partial]
        while pending:
            top, node = pending.pop()
            if Partial(top, node) in self.asked:
                continue
            self.asked.add(Partial(top, node))
            while node is not top:
                meeting = self.meeting[node]
                if not self._is_single(node) and not self._sides(meeting, node):
                    for consumer, _ in self.consumers[node]:
                        if not self._leads_straight(consumer, meeting):
                            pending.append(Partial(meeting, consumer))
                node = meeting
                if Partial(top, node) in self.asked:
                    break

    def _terms(self, partial: Partial) -> list[Term]:
        """What the derivative is: a product along the chain of meetings, or at its last link a sum over the consumers."""
        top, bottom = partial
        links: list[tuple[Partial, Term]] = []
        node = bottom
        while node is not top:
            if node is not bottom and (Partial(top, node) in self.asked or len(links) == LONGEST_PRODUCT):
                self.asked.add(Partial(top, node))
                links.append((Partial(top, node), []))
                break
            side = self.side.get(partial) if node is bottom else None
            if side is not None or self._is_single(node):
                upper, chain = self._chain(node, top, side)
                if side is not None:
                    self.side[Partial(upper, node)] = side
            else:
                upper, chain = self.meeting[node], []
            links.append((Partial(upper, node), chain))
            node = upper
        if len(links) > 1:
            return [[link for link, _ in reversed(links)]]
        chain = links[0][1]
        return [chain] if chain else self._sum(top, bottom)

    def _chain(self, node: Value, top: Value, consumer: Value | None = None) -> tuple[Value, Term]:
        """The local derivatives from a node up to the next one with a name, output first; and on, where they are 1."""
        chain: Term = []
        while not chain or (node is not top and node in self.notation.inlined):
            node, places = next(pair for pair in self.consumers[node] if consumer in (None, pair[0]))
            chain.insert(0, (node, places))
            consumer = None
        step = node
        more: Term = []
        for _ in range(LONGEST_SIDE):
            if step is top or Partial(top, step) in self.asked or not self._is_single(step) or not self._adds(step):
                break
            more.insert(0, self.consumers[step][0])
            step = self._upper(step)
            if step not in self.notation.inlined:
                node, chain, more = step, more + chain, []
        return node, chain

    def _straight(self, node: Value, top: Value) -> Term:
        """The local derivatives along the only path from a node to `top`: output first."""
        chain: Term = []
        while node is not top:
            chain.insert(0, self.consumers[node][0])
            node = self._upper(node)
        return chain

    def _upper(self, node: Value) -> Value:
        return self.consumers[node][0][0]

    def _adds(self, node: Value) -> bool:
        """Whether the only consumer of a node has the derivative 1 by it, whatever the numbers."""
        upper, places = self.consumers[node][0]
        return len(places) == 1 and self.notation.local_derivative(upper, places[0]) == number(1.0)

    def _sides(self, top: Value, node: Value) -> list[tuple[Value, Value]]:
        """If `top` adds up named quantities, each of which depends on `node` along one path alone: the first and the last node
        of each path. Then the derivative is the sum of theirs, as in dE/dout = dE_1/dout + dE_2/dout."""
        sides = []
        for first, _ in self.consumers[node]:
            last = first
            for _ in range(LONGEST_SIDE):
                if last is top or not self._is_single(last) or self._upper(last) is top:
                    break
                last = self._upper(last)
            else:
                return []
            if last is top or not self._is_single(last) or not last.label or not self._adds(last):
                return []
            sides.append((first, last))
        return sides if len({last for _, last in sides}) == len(sides) else []

    def _sum(self, top: Value, node: Value) -> list[Term]:
        sides = self._sides(top, node)
        if sides:
            self.side.update({Partial(last, node): first for first, last in sides})
            return [[Partial(last, node)] for _, last in sides]
        terms: list[Term] = []
        for consumer, places in self.consumers[node]:
            local = (consumer, places)
            if self._leads_straight(consumer, top):
                terms.append([*self._straight(consumer, top), local])
            else:
                terms.append([Partial(top, consumer), local])
        return terms
