"""The steps in words and formulas: a sentence for each, and symbolic = with the numbers in = result."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import overload

from ..derivation.equations import Equation, equation, partial
from ..derivation.expressions import Expression, product, symbol
from ..derivation.markup import MARKUPS, cleaned
from ..derivation.notation import Notation
from ..gradient import check_recorded
from ..sentences import known, listed, say
from ..value import Value
from .passes import Examples, Passes, Record

MOST_OPERANDS = 6
"""More operands, or contributions, than this are counted in a sentence, not named, and not written as symbols."""
LONGEST_TRACE = 400
"""So many lines of the trace are shown in a notebook."""
LONGEST_LINE = 1000


class Step(Record):
    """One step of the forward or the backward pass.

    kind: of the forward pass ``"given"`` (a leaf, a plain number) or ``"value"`` (an operation), with `result` the node's data.
    Of the backward pass ``"start"`` (the derivative of the output by itself, 1), ``"edge"`` (from the node `by` to its operand
    number `operand`, which is `node`: `terms` are the adjoint of `by` and the local derivative, `result` the contribution, their
    product), ``"sum"`` (`terms` are the sum so far and a further contribution to a node that is used again, `result` the new
    sum: with the last contribution, the grad) or ``"grad"`` (the grad of a node that nothing is passed back to, 0).
    """

    steps: WordedPasses

    @property
    def words(self) -> str:
        """What is done, as a sentence."""
        return self.steps.words(self)

    @property
    def formula(self) -> str:
        """symbolic = with the numbers in = result, as text; one or two equations, a line each."""
        return "\n".join(self.steps.equations(self))

    @property
    def is_first(self) -> bool:
        """Whether nothing has arrived at `node` before."""
        return self.steps.is_first(self)

    @property
    def completes(self) -> bool:
        """Whether the grad of `node` is complete with it."""
        return self.steps.completes(self)

    def __str__(self) -> str:
        return "\n".join([f"{self.number}. {self.words}", *(f"    {line}" for line in self.formula.splitlines())])

    def __repr__(self) -> str:
        return f"<Step {self.number}, {self.kind}: {self.words}>"


class WordedPasses(Passes, Sequence[Step]):
    """The passes as a sequence of `Step`s, each of which can say what is done in it, in a language."""

    parameters: set[Value] | None = None
    """The leaves that the page trains at first, if they are given."""
    examples: Examples | None = None
    """What the page trains on, if not on what is there."""

    def __init__(self, output: Value, language: str | None = None) -> None:
        self.language = known(language)
        super().__init__(output)

    def say(self, key: str, **fields: object) -> str:
        """The sentence of that key, in the language of the steps."""
        return say(self.language, key, **fields)

    # A sequence

    def _step(self, record: Record) -> Step:
        step = Step(*record)
        step.steps = self
        return step

    def __len__(self) -> int:
        return len(self.records)

    @overload
    def __getitem__(self, index: int) -> Step: ...
    @overload
    def __getitem__(self, index: slice) -> list[Step]: ...
    def __getitem__(self, index: int | slice) -> Step | list[Step]:
        if isinstance(index, slice):
            return [self._step(record) for record in self.records[index]]
        return self._step(self.records[index])

    def __iter__(self) -> Iterator[Step]:
        return map(self._step, self.records)

    def find(self, label: str) -> list[Step]:
        """The steps that concern the nodes of that label, or shown by that name: their values, what they receive and pass on.

        KeyError, with labels that are there, for one that is not.
        """
        found = {node for node in self.nodes if label and label in (node.label, self.name(node))}
        if not found:
            labels = list(dict.fromkeys(cleaned(node.label) for node in self.nodes if node.label))
            there = ", ".join(labels[:20]) + (", ..." if len(labels) > 20 else "")
            raise KeyError(f"no node has the label {label!r:.60}; there are: {there or 'no labels'}")
        return [step for step in self if step.node in found or step.by in found]

    # Words and formulas

    @cached_property
    def notation(self) -> Notation:
        """The names of the nodes."""
        return Notation(self.nodes)

    def name(self, node: Value) -> str:
        """The label of a node, v1, v2, ... without one, or a plain number."""
        return self.notation.name(node)

    @cached_property
    def notes(self) -> list[str]:
        """What is to be said of the graph before the first step: changed data, grads that are there already."""
        notes = []
        if self._changed:
            notes.append(self.say("note-changed", nodes=self._listed(list(self._changed))))
        before = [node for node in self.nodes if not node.parents and not node.is_plain_number and node.grad != 0]
        if before:
            notes.append(self.say("note-grad-there" if len(before) == 1 else "note-grads-there", nodes=self._listed(before)))
        return notes

    @property
    def is_changed(self) -> bool:
        """Whether data has been changed since the forward pass."""
        return bool(self._changed)

    @cached_property
    def _changed(self) -> dict[Value, None]:
        """The nodes whose data is not what their operation gives for their operands."""
        return {node: None for node in self.nodes if not _is_recorded(node)}

    def _listed(self, nodes: Sequence[Value]) -> str:
        return listed(self.language, [self.name(node) for node in nodes], MOST_OPERANDS)

    def words(self, step: Record) -> str:
        """What is done in a step, as a sentence."""
        node, key, by = step.node, f"step-{step.kind}", step.by
        count = len(self.contributions.get(node, []))
        fields: dict[str, object] = {"node": self.name(node), "count": count}
        if step.kind == "value":
            fields |= {"operands": self._listed(list(dict.fromkeys(node.parents))), "operation": node.op.rstrip("_")}
        elif by is not None:
            fields |= {"by": self.name(by), "operand": step.operand + 1}
            if step.kind == "edge":
                key = "step-path" if count > 1 else "step-edge"
                key += "-operand" if by.parents.count(node) > 1 else ""
            elif self.completes(step):
                key = "step-sum-complete"
        return self.say(key, **fields)

    def equations(self, step: Record, markup: str = "text") -> list[str]:
        """The equations of a step, in the markup "text", "latex", or "mathml": of this, HTML that breaks into lines."""
        return [_written(sides, markup) for sides in self.sides(step, markup)]

    def sides(self, step: Record, markup: str) -> list[list[list[str]]]:
        """The same as the sides of each equation, in the pieces between which a line may break."""
        return [_sides(self.notation, *one, markup) for one in self._equations(step)]

    def _equations(self, step: Record) -> list[tuple[Expression | None, Equation]]:
        """Each with its left side, if it has one."""
        notation, node = self.notation, step.node
        if step.kind == "given":
            return [(symbol(node), _result(symbol(node), step.result))]
        if step.kind == "value":
            formulas = [] if node in self._changed else [notation.formula(node)]
            return [(symbol(node), equation(notation, symbol(node), formulas, step.result))]
        left = partial(self.notation, self.output, node, step.result)
        if step.kind == "start":
            return [(left, _result(left, 1.0))]
        if step.kind == "grad":
            return [(left, _result(left, step.result))]
        edges = self.contributions[node]
        if step.kind == "sum":
            so_far = equation(notation, left, [Expression("sum", tuple(map(amount, step.terms)))], step.result)
            if not self.completes(step):
                return [(None, so_far)]
            paths = self._sum_of_paths(left, edges, step.result)
            return [(None, so_far), (left, paths)] if paths.symbolic != so_far.symbolic else [(left, paths)]
        assert step.by is not None
        local = partial(self.notation, step.by, node, step.terms[1])
        rules = [notation.local_derivative(step.by, step.operand, textbook) for textbook in (True, False)]
        if step.by in self._changed:
            rules = []
        whole = left if len(edges) == 1 else None
        if step.by is self.output:  # the symbol of its local derivative is that of the whole derivative
            forms = [Expression("product", (amount(step.terms[0]), x)) for x in [*rules, amount(step.terms[1])]]
            return [(whole, equation(notation, left, forms, step.result))]
        forms = [Expression("product", (partial(self.notation, self.output, step.by, step.terms[0]), local))]
        return [
            (local, equation(notation, local, rules, step.terms[1])),
            (whole, equation(notation, left, forms, step.result)),
        ]

    def _sum_of_paths(self, left: Expression, edges: Sequence[Record], result: float) -> Equation:
        """The derivative by a node as the sum of the contributions to it, with symbols where there are few."""
        if len(edges) > 10 * MOST_OPERANDS:
            return _result(left, result)
        in_symbols = len({edge.by for edge in edges} - {self.output}) == len(edges) <= MOST_OPERANDS
        return equation(self.notation, left, [self._paths(edges, in_symbols)], result)

    def _paths(self, edges: Sequence[Record], in_symbols: bool) -> Expression:
        terms = []
        for edge in edges:
            assert edge.by is not None
            upstream = partial(self.notation, self.output, edge.by, edge.terms[0])
            in_parts = product([upstream, partial(self.notation, edge.by, edge.node, edge.terms[1])])
            terms.append(in_parts if in_symbols else amount(edge.result))
        return Expression("sum", tuple(terms))

    # As text

    def lines(self) -> Iterator[str]:
        """The trace as text, line by line."""
        yield from self.notes
        for step in self.records:
            if step.number == 1:
                yield self.say("forward-pass")
            elif step.kind == "start":
                yield ""
                yield self.say("backward-pass")
            width = len(str(len(self.records)))
            yield f"{step.number:{width}}  {self.words(step)}"
            for line in self.equations(step):
                yield f"{'':{width}}      {_clipped(line, LONGEST_LINE)}"

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def text(self, most: int = LONGEST_TRACE) -> str:
        """The trace as text, of at most so many lines and a last one that says how many steps there are."""
        lines: list[str] = []
        for line in self.lines():
            if len(lines) == most:
                return "\n".join([*lines, self.say("trace-more", count=len(self.records))])
            lines.append(line)
        return "\n".join(lines)


def _is_recorded(node: Value) -> bool:
    """Whether the data of a node is what its operation gives for its operands, as in the forward pass."""
    try:
        check_recorded(node)
    except RuntimeError:
        return False
    return True


def _result(left: Expression, result: float) -> Equation:
    return Equation(left, None, result, 9)


def amount(x: float) -> Expression:
    """A number that stays what it is: one of the passes knows which it is."""
    return Expression("number", (x,))


def _sides(notation: Notation, left: Expression | None, one: Equation, markup: str) -> list[list[str]]:
    """left, symbolic, with numbers, result."""
    sides = [] if left is None else [notation.pieces(left, markup, digits=9)]
    if one.symbolic is not None:
        sides += [notation.pieces(one.symbolic, markup, values, one.digits) for values in (False, True)]
    sides.append([notation.write(amount(one.result), markup, digits=one.digits)])
    return sides


def _written(sides: Sequence[list[str]], markup: str) -> str:
    """The sides as an equation, without what is written already."""
    sides = [side for side, before in zip(sides, [[], *sides]) if side != before]
    if markup != "mathml":
        return str(MARKUPS[markup].equals.join("".join(side) for side in sides))
    pieces = [f"<mo>=</mo>{piece}" if i and not k else piece for i, side in enumerate(sides) for k, piece in enumerate(side)]
    infix = [pieces[0], *(piece.replace("<mo>", '<mo form="infix">', 1) for piece in pieces[1:])]
    return " ".join(f"<math>{piece}</math>" for piece in infix)


def _clipped(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
