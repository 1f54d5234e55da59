"""Questions about a graph: what is asked, the answer, the wrong numbers of the mistakes, hints, and why."""

from __future__ import annotations

import html
import math
from collections import deque
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from ..derivation import Derivation, explain
from ..derivation.equations import equation, partial, rule
from ..derivation.expressions import Expression, Partial, negative, number, product, symbol, symbols, total, value_of
from ..derivation.markup import MARKUPS, rounded
from ..derivation.notation import Notation
from ..sentences import say
from ..value import Value
from .graphs import BLANK, Edge, Graph
from .wrong import Pass

KINDS = ("value", "local", "contribution", "adjoint", "order", "update", "delta")
PLAIN = (0.0, 1.0, -1.0)
MOST_EXPLAINED = 100
"""In a graph of more nodes than this the reason for an answer is its last step alone."""
MOST_OPERANDS = 8
"""A formula of more operands is not asked about."""


class Candidate(NamedTuple):
    """A wrong answer, how near one has to be to be it, and the pass that gives it, if it is one that has a name."""

    answer: Any
    within: float
    cause: Pass | None


def half_unit(x: float, digits: int) -> float:
    """Half a unit of the last of so many significant digits, in a number of the size of x."""
    exponent = math.floor(math.log10(abs(x))) + 1 if x else 0
    return 0.5000001 * 10.0 ** (exponent - digits)


class Question:
    """A question about `node`, of local derivatives and contributions as an operand of `by`.

    kind: one of `KINDS`. answer: a number, or of the order the name of a node, one of `options`. wrong: the wrong answers that
    have a name, each with the names of the mistakes that give it. An answer is right within half a unit of the last of `digits`
    significant digits.
    """

    def __init__(
        self, graph: Graph, ran: Sequence[Pass], kind: str, node: Value, by: Value | None, digits: int, language: str
    ) -> None:
        self.graph, self.kind, self.node, self.by = graph, kind, node, by
        self.digits, self.language = digits, language
        self.options: list[str] = []
        self.answer: Any = None
        if kind == "order":
            self.answer, self.candidates = self._order(ran)
        else:
            self.answer = self._right(graph)
            wrong = [(self._wrong(one), one) for one in ran]
            self.candidates = [Candidate(x, self.half_unit(x), one) for x, one in wrong if self._is_told(x)]

    def _right(self, graph: Graph) -> float:
        """The answer in a graph of this shape."""
        node, *uses = [graph.nodes[self.graph.place[n]] for n in (self.node, *[use for use, _ in self.edges])]
        edges = [(use, i) for use, (_, i) in zip(uses, self.edges)]
        match self.kind:
            case "value":
                return node.data
            case "local":
                return sum([graph.derivative(edge) for edge in edges])
            case "contribution":
                return sum([graph.adjoint[edge[0]] * graph.derivative(edge) for edge in edges])
            case "update":
                return node.data - graph.lr * graph.adjoint[node]
        return graph.adjoint[node]

    def _wrong(self, one: Pass) -> float:
        """What a pass gives for the answer; nan where it has nothing to do with it."""
        graph, wrong, node = self.graph, one.wrong, self.node
        slopes = [one.slopes.get(edge, graph.derivative(edge)) for edge in self.edges]
        match self.kind:
            case "value" if node in wrong.instead:
                return wrong.instead[node].data
            case "local" if not one.slopes.keys().isdisjoint(self.edges):
                return sum(slopes)
            case "contribution":
                return sum([wrong.product(graph.adjoint[edge[0]], slope) for edge, slope in zip(self.edges, slopes)])
            case "update" if wrong.update is not None:
                return wrong.update(node.data, graph.adjoint[node], graph.lr)
            case "update":
                return node.data - graph.lr * one.adjoint[node]
            case "adjoint" | "delta":
                return one.adjoint[node]
        return math.nan

    @cached_property
    def edges(self) -> list[Edge]:
        """From `by` to `node`: several where it is an operand several times."""
        return [edge for edge in self.graph.uses[self.node] if edge[0] is self.by]

    def _is_told(self, x: float) -> bool:
        """Whether a wrong number says something: it differs from the right one, and neither is 0 or 1, which much else gives."""
        if x in PLAIN or self.answer in PLAIN or not (math.isfinite(x) and math.isfinite(self.answer)):
            return False
        if self.kind == "update" and x != self.node.data and abs(x - self.node.data) <= self.half_unit(x):
            return False  # it looks as if nothing had been done
        return bool(abs(x - self.answer) > self.half_unit(x) + self.tolerance)

    def half_unit(self, x: float) -> float:
        """Half a unit of the last digit asked for, in a number of the size of x."""
        return half_unit(x, self.digits)

    @property
    def can_be_asked(self) -> bool:
        """Whether it has an answer, and in other than the last digits of the numbers: 0.1 + 0.2 - 0.3 has none."""
        if self.kind == "order":
            return True
        return math.isfinite(self.answer) and abs(self._right(self.graph.nudged) - self.answer) <= self.tolerance

    @property
    def is_plain(self) -> bool:
        """Whether the answer is 0 or 1, or an update changes nothing."""
        return self.answer in PLAIN or (self.kind == "update" and self.answer == self.node.data)

    @cached_property
    def tolerance(self) -> float:
        """How far from the right number a right answer may be."""
        return self.half_unit(self.answer)

    @property
    def wrong(self) -> dict[Any, tuple[str, ...]]:
        return {x: names for x, _, _ in self.candidates if (names := tuple(self.matches(x)))}

    def matches(self, answer: Any) -> dict[str, Pass]:
        """The mistakes that give this answer, each with its pass."""
        found: dict[str, Pass] = {}
        for x, within, cause in self.candidates:
            if cause is not None and (x == answer if self.kind == "order" else abs(x - answer) <= within):
                found.setdefault(cause.mistake.name, cause)
        return found

    @cached_property
    def told_apart(self) -> list[str]:
        """The mistakes with a number of their own."""
        return list(dict.fromkeys(names[0] for names in self.wrong.values() if len(names) == 1))

    def shown(self, x: Any) -> str:
        """A number with the digits asked for."""
        if isinstance(x, str):
            return x
        text, exact = f"{x:#.{self.digits}g}".rstrip("."), rounded(x, None)
        return exact if len(exact) < len(text) else text

    # The order

    def _order(self, ran: Sequence[Pass]) -> tuple[str, list[Candidate]]:
        """`node` may be next once `by` has sent on; others have had a contribution, but not all, or none."""
        graph, name = self.graph, self.graph.name
        assert self.by is not None
        done = set(graph.nodes[graph.place[self.by] :])
        waiting = [n for n in graph.named if n not in done and n is not self.node and graph.parents[n]]
        arrived = {n: sum([use in done for use, _ in graph.uses[n]]) for n in waiting}
        reached = [n for n in waiting if 0 < arrived[n] < len(graph.uses[n])]
        chosen = [self.node, *reached[:2], *[n for n in waiting[::-1] if not arrived[n]]][:4]
        self.options = sorted({name(n) for n in chosen})
        recursive = next((one for one in ran if one.wrong.order), None)
        return name(self.node), [Candidate(name(n), 0.0, recursive if n in reached else None) for n in chosen[1:]]

    def _done(self) -> list[Value]:
        """The nodes that have sent on, the last one last."""
        assert self.by is not None
        first = self.graph.place[self.by]
        return [n for n in self.graph.named[::-1] if self.graph.place[n] >= first and self.graph.parents[n]]

    # Words

    def text(self, markup: str = "text") -> str:
        """The question. markup: "text", "latex" within dollars, or "mathml", which is HTML."""
        graph, node, by = self.graph, self.node, self.by
        fields: dict[str, Any] = {"node": symbol(node), "output": symbol(graph.output), "lr": number(graph.lr)}
        match self.kind:
            case "value":
                fields |= {"formula": graph.notation.formula(node), "given": self._given(node)}
            case "local" | "contribution":
                assert by is not None
                fields |= {"by": symbol(by), "formula": graph.notation.formula(by), "given": self._given(by)}
                fields |= {"partial": symbol(Partial(by, node)), "upstream": self._adjoint(by)}
                fields |= {"adjoint": number(graph.adjoint[by])}
            case "adjoint" | "delta":
                fields |= {"partial": self._adjoint(node)}
            case "update":
                fields |= {"number": number(node.data)}
            case "order":
                fields |= {"done": [symbol(n) for n in self._done()]}
        digits = "" if self.kind == "order" else say(self.language, "digits", digits=self.digits)
        return self._say(f"ask-{self.kind}", fields, markup) + digits

    def _say(self, key: str, fields: Mapping[str, Any], markup: str) -> str:
        """A sentence with formulas in it."""
        written = {name: self._written(field, markup) for name, field in fields.items()}
        marks = {name: f"\0{name}\0" for name in written}
        sentence = say(self.language, key, **marks)
        if markup == "mathml":
            sentence = html.escape(sentence)
        for name, text in written.items():
            sentence = sentence.replace(marks[name], text)
        return sentence

    def _written(self, field: Any, markup: str) -> str:
        """An expression, the sides of an equation, or a list of these."""
        if isinstance(field, list):
            return say(self.language, "list-comma").join([self._written(part, markup) for part in field])
        sides = [field] if isinstance(field, Expression) else field
        return self._as_formula(
            MARKUPS[markup].equals.join([self.graph.write(side, markup, digits=self._decimals) for side in sides]), markup
        )

    @staticmethod
    def _as_formula(text: str, markup: str) -> str:
        return {"mathml": f"<math>{text}</math>", "latex": f"${text}$"}.get(markup, text.replace("“□”", "□"))

    @cached_property
    def _decimals(self) -> int | None:
        """Of the numbers in the question: so many that the answer comes out with them; None for all digits."""
        return next((digits for digits in (9, 13) if self.digits <= digits - 3 and self._comes_out(digits)), None)

    def _comes_out(self, digits: int) -> bool:
        """Whether what is computed with numbers of so many decimals, and then rounded, is right."""
        if self.kind not in ("value", "local", "contribution", "update"):
            return True
        try:
            found = value_of(self.graph.expanded(self._formula[1]), lambda thing: self.graph.notation.number_of(thing, digits))
        except (ValueError, ArithmeticError):
            return False
        return bool(abs(float(f"{found:.{self.digits - 1}e}") - self.answer) <= self.tolerance)

    def _given(self, node: Value) -> list[tuple[Expression, ...]]:
        """The numbers that the formula of a node needs."""
        operands = dict.fromkeys(symbols(self.graph.expanded(self.graph.notation.formula(node))))
        return [(symbol(operand), number(operand.data)) for operand in operands]

    def _adjoint(self, node: Value) -> Expression:
        return partial(self.graph.notation, self.graph.output, node, self.graph.adjoint[node])

    # Hints

    @cached_property
    def _formula(self) -> tuple[Expression, Expression]:
        """The left and the right side of what is to be computed, in symbols."""
        graph, node, by = self.graph, self.node, self.by
        match self.kind:
            case "value":
                return symbol(node), graph.notation.formula(node)
            case "update":
                step = product([number(graph.lr), self._adjoint(node)])
                return symbol(node), Expression("sum", (symbol(node), negative(step)))
        if self.kind == "local":
            assert by is not None
            return partial(graph.notation, by, node, self.answer), self._gradient()[1]
        return self._gradient()

    def _gradient(self) -> tuple[Expression, Expression]:
        """The derivative by the node, and what comes back to it: from each node that it is an operand of, or from `by` alone."""
        graph, node, by = self.graph, self.node, self.by
        terms = []
        for use in dict.fromkeys(use for use, _ in graph.uses[node]):
            if by is None or use is by:
                places = [i for n, i in graph.uses[node] if n is use]
                factors = [] if use is graph.output or self.kind == "local" else [self._adjoint(use)]
                terms.append(product([*factors, rule(graph.notation, use, places, True)]))
        return self._adjoint(node), total(terms)

    def hints(self, markup: str = "text") -> list[str]:
        """What helps, one by one: the rule, the formula, the numbers with one blank, and last the answer."""
        graph = self.graph
        fields: dict[str, Any] = {"node": symbol(self.node), "by": symbol(self.by or graph.output)}
        fields["consumers"] = [symbol(n) for n in dict.fromkeys(use for use, _ in graph.uses[self.node])]
        rule_of_kind = self._say(f"rule-{self.kind}", fields, markup)
        if self.kind == "order":
            return [rule_of_kind, *[self._say(key, fields, markup) for key in ("order-uses", "order-answer")]]
        left = [] if self.kind in ("contribution", "update") else [self._formula[0]]
        right = graph.expanded(self._formula[1])
        marks = MARKUPS[markup]
        shown = (right, self._with_blank(right)) if any(symbols(right)) else ()  # a number alone is the answer
        steps = [self._written([(*left, side)], markup) for side in shown]
        answer = [graph.write(right, markup, True, self._decimals), marks.number(self.shown(self.answer))]
        return [rule_of_kind, *steps, self._as_formula(marks.equals.join(dict.fromkeys(answer)), markup)]

    def _with_blank(self, e: Expression) -> Expression:
        """The expression with numbers for its symbols, and a blank for the last of the largest term, or for the answer."""
        number_of = self.graph.notation.number_of
        terms = [part for part in e.parts if any(symbols(part))] if e.kind == "sum" else [e]
        things = [*symbols(max(terms, key=lambda term: abs(self.graph.number_of(term))))]
        blank = next((thing for thing in things if math.isclose(number_of(thing), self.answer)), things[-1])

        def filled(e: Expression) -> Expression:
            if e.kind == "symbol":
                thing = e.parts[0]
                return symbol(BLANK) if thing == blank else number(number_of(thing))
            return e._replace(parts=tuple([filled(part) if isinstance(part, Expression) else part for part in e.parts]))

        return filled(e)

    def why(self, markup: str = "text") -> str:
        """The derivation of the answer: all of it in a small graph, in a large one its last step."""
        graph, node = self.graph, self.node
        if self.kind == "order":
            return self.hints(markup)[-1]
        shown = [] if self.kind in ("adjoint", "delta") else [self._last_step()]
        if self.kind in ("adjoint", "delta", "update"):
            small = len(graph.nodes) <= MOST_EXPLAINED
            shown.append(
                explain(graph.output, node, language=self.language)
                if small
                else _derivation(graph.notation, self._gradient(), graph.adjoint[node])
            )
        return "\n\n".join([getattr(derivation, markup)() for derivation in shown])

    def _last_step(self) -> Derivation:
        if self.kind != "update":
            return _derivation(self.graph.notation, self._formula, self.answer)
        updated = Value(self.answer, f"{self.graph.name(self.node)}+")
        notation = Notation([*self.graph.nodes, updated])
        partial(notation, self.graph.output, self.node, self.graph.adjoint[self.node])
        return _derivation(notation, (symbol(updated), self._formula[1]), self.answer)

    # What a mistake is told with

    def diagnosis(self, one: Pass, answer: str) -> str:
        """The sentence of a mistake, with the answer and what it is about in it."""
        graph = self.graph
        edge = self._place(one, answer)
        by, operand = edge[0], graph.operand(edge)
        users = list(dict.fromkeys(use for use, _ in graph.uses[operand]))
        names = [graph.name(use) for use in users[:MOST_OPERANDS]] + ["..."] * (len(users) > MOST_OPERANDS)
        return say(
            self.language,
            "recursive-order" if self.kind == "order" else one.mistake.name,
            answer=answer,
            node=graph.name(self.node),
            output=graph.name(graph.output),
            by=graph.name(by),
            net=graph.name(graph.sum_of.get(edge, by)),
            operand=graph.name(operand),
            formula=graph.write(graph.notation.formula(by)),
            right=graph.write(graph.rules[edge]),
            wrong=graph.write(one.wrong.slopes.get(edge, graph.rules[edge])),
            meeting=graph.name(operand),
            consumers=say(self.language, "list-comma").join(names),
            count=len(graph.uses[operand]),
            times=graph.parents[by].count(operand),
            lr=rounded(graph.lr, 9),
            n=rounded(float(one.wrong.numbers.get("count", 0)), 9),
        )

    def _place(self, one: Pass, answer: str) -> Edge:
        """The edge at which a mistaken pass goes another way, the nearest to the node; or one to where paths meet."""
        graph, wrong = self.graph, one.wrong
        asked = next(n for n in graph.nodes if graph.name(n) == answer) if self.kind == "order" else self.node
        pending, seen = deque([asked]), {asked}
        while pending:
            node = pending.popleft()
            uses = self._asked_about if node is asked and self.kind != "order" else graph.uses[node]
            for edge in uses:
                adjoint, slope = graph.adjoint[edge[0]], graph.derivative(edge)
                goes_right = one.slopes.get(edge, slope) == slope and wrong.product(adjoint, slope) == adjoint * slope
                if edge[0] in wrong.instead:  # of a sum that is one of its terms, the other is left out
                    computed = wrong.instead[edge[0]]
                    return next((e for e in graph.rules if e[0] is edge[0] and graph.operand(e) is not computed), edge)
                if not goes_right:
                    return edge
            if len(arrived := graph.arrived[node]) > 1:
                waits = wrong.order and graph.parents[node]
                if waits or wrong.total(node, arrived) != graph.adjoint[node]:
                    return max(uses, key=lambda edge: graph.parents[edge[0]].count(node))
            for use, _ in uses:
                if use not in seen:
                    seen.add(use)
                    pending.append(use)
        return graph.uses[asked][0]

    @property
    def _asked_about(self) -> list[Edge]:
        """Of a value the edges to the operands, of a local derivative or a contribution those from `by`, else all to the node."""
        if self.kind == "value":
            return [(self.node, i) for i, parent in enumerate(self.graph.parents[self.node]) if not parent.is_plain_number]
        return self.edges or self.graph.uses[self.node]


def _derivation(notation: Notation, sides: tuple[Expression, Expression], result: float) -> Derivation:
    left, right = sides
    return Derivation(notation, [("", [equation(notation, left, [right], result)])])
