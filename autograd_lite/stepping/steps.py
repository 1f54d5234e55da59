"""The forward and the backward pass as a list of steps; shown as text, in a terminal, in Jupyter, and as a page in a file."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, overload

from ..backprop import check_recorded, topological_order
from ..derivation.equations import Equation, equation, forward
from ..derivation.expressions import Expression, Partial, number, product, symbol
from ..derivation.markup import MARKUPS, cleaned, rounded
from ..derivation.notation import Notation
from ..files import write_whole
from ..value import Value

if TYPE_CHECKING:
    from pathlib import Path

MOST_OPERANDS = 6
"""More operands, or contributions, than this are counted in a sentence, not named, and not written as symbols."""
LONGEST_TRACE = 400
"""So many lines of the trace are shown in a notebook."""
LONGEST_LINE = 1000


class _Record(NamedTuple):
    """The data of a `Step`. These are what is kept: a step knows its `Steps`, and nothing is to keep a graph in a cycle."""

    number: int
    kind: str
    node: Value
    result: float
    terms: tuple[float, ...] = ()
    by: Value | None = None
    operand: int = -1


class Step(_Record):
    """One step of the forward or the backward pass.

    kind: of the forward pass ``"given"`` (a leaf, a plain number) or ``"value"`` (an operation), with `result` the node's data.
    Of the backward pass ``"start"`` (the derivative of the output by itself, 1), ``"edge"`` (from the node `by` to its operand
    number `operand`, which is `node`: `terms` are the adjoint of `by` and the local derivative, `result` the contribution, their
    product), ``"sum"`` (`terms` are the sum so far and a further contribution to a node that is used again, `result` the new
    sum) or ``"grad"`` (the grad of `node` is written: `terms` are all contributions to it, `result` is their sum).
    """

    steps: Steps

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

    def __str__(self) -> str:
        return "\n".join([f"{self.number}. {self.words}", *(f"    {line}" for line in self.formula.splitlines())])

    def __repr__(self) -> str:
        return f"<Step {self.number}, {self.kind}: {self.words}>"


class Steps(Sequence[Step]):
    """The steps of the two passes over the graph of `output`, in the order in which they are done. See `steps`.

    `nodes` is the graph in topological order, `adjoint` the derivative of the output by each node but plain numbers.
    """

    def __init__(self, output: Value) -> None:
        self.output = output
        self.nodes = topological_order(output)
        self.adjoint: dict[Value, float] = {}
        self._records: list[_Record] = []
        self._contributions: dict[Value, list[_Record]] = {}
        for node in self.nodes:
            self._add("value" if node.parents else "given", node, node.data)
        self.forward = len(self._records)
        """How many steps belong to the forward pass."""
        self._go_back()

    def _add(self, kind: str, node: Value, result: float, *further: Any) -> _Record:
        record = _Record(len(self._records) + 1, kind, node, result, *further)
        self._records.append(record)
        return record

    def _step(self, record: _Record) -> Step:
        step = Step(*record)
        step.steps = self
        return step

    def _go_back(self) -> None:
        """The chain rule, in the order and with the sums of `backward()`: the same numbers to the last bit."""
        adjoint, contributions = self.adjoint, self._contributions
        adjoint[self.output] = 1.0
        self._add("start", self.output, 1.0)
        for node in reversed(self.nodes):
            if node not in adjoint:  # a plain number
                continue
            if node is not self.output:
                self._add("grad", node, adjoint[node], tuple([step.result for step in contributions[node]]))
            for i, (parent, derivative) in enumerate(zip(node.parents, node.local_derivatives)):
                if parent.op == "const":
                    continue
                contribution = adjoint[node] * derivative
                edge = self._add("edge", parent, contribution, (adjoint[node], derivative), node, i)
                before = adjoint.get(parent, 0.0)
                adjoint[parent] = before + contribution
                if parent in contributions:
                    contributions[parent].append(edge)
                    self._add("sum", parent, adjoint[parent], (before, contribution), node, i)
                else:
                    contributions[parent] = [edge]

    # A sequence

    def __len__(self) -> int:
        return len(self._records)

    @overload
    def __getitem__(self, index: int) -> Step: ...
    @overload
    def __getitem__(self, index: slice) -> list[Step]: ...
    def __getitem__(self, index: int | slice) -> Step | list[Step]:
        if isinstance(index, slice):
            return [self._step(record) for record in self._records[index]]
        return self._step(self._records[index])

    def __iter__(self) -> Iterator[Step]:
        return map(self._step, self._records)

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

    def is_first(self, step: _Record) -> bool:
        """Whether a step is the first contribution to its node."""
        return step.kind == "edge" and self._contributions[step.node][0].number == step.number

    def so_far(self, index: int, nodes: Iterable[Value]) -> tuple[dict[Value, str], dict[Value, str]]:
        """The values and the grads of some nodes after the step of that index, as text; a sum that may grow is marked with +."""
        values, grads = dict.fromkeys(nodes, "—"), dict.fromkeys(nodes, "—")
        for step in self._records[: index + 1]:
            if step.node not in values:
                continue
            if step.kind in ("given", "value"):
                values[step.node] = rounded(step.result, 9)
            elif step.kind in ("start", "grad"):
                grads[step.node] = rounded(step.result, 9)
            elif step.kind == "sum" or self.is_first(step):
                grads[step.node] = f"{rounded(step.result, 9)} +"
        return values, grads

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
            notes.append(
                f"Data has been changed since the forward pass that computed {self._listed(list(self._changed))}. The values "
                "are those there now; the backward pass uses the local derivatives recorded in the forward pass, as "
                "backward() does."
            )
        before = [node for node in self.nodes if not node.parents and node.op != "const" and node.grad != 0]
        if before:
            notes.append(
                f"The grads are those of one backward() from grads of 0. {self._listed(before)} "
                f"{'has a grad' if len(before) == 1 else 'have grads'} already: a further backward() adds to "
                f"{'it' if len(before) == 1 else 'them'}."
            )
        return notes

    @cached_property
    def _changed(self) -> dict[Value, None]:
        """The nodes whose data is not what their operation gives for their operands."""
        return {node: None for node in self.nodes if not _is_recorded(node)}

    def _listed(self, nodes: Sequence[Value]) -> str:
        names = [self.name(node) for node in nodes]
        if len(names) > MOST_OPERANDS:
            names[MOST_OPERANDS - 2 :] = [f"{len(names) - MOST_OPERANDS + 2} more"]
        return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else names[0]

    def words(self, step: _Record) -> str:
        """What is done in a step, as a sentence."""
        node, name = step.node, self.name(step.node)
        if step.kind == "given":
            return f"{name} is a plain number." if node.op == "const" and not node.label else f"{name} is given."
        if step.kind == "value":
            return f"{name} is computed from {self._listed(list(dict.fromkeys(node.parents)))}, by {node.op.rstrip('_')}."
        if step.kind == "start":
            return f"The backward pass starts at the output: the derivative of {name} by itself is 1."
        count = len(self._contributions[node])
        if step.kind == "grad":
            what = f"The grad of {name} is written" if not node.parents else f"{name} has its grad"
            return f"{what}: {'its only contribution' if count == 1 else f'the sum of its {count} contributions'}."
        assert step.by is not None
        if step.kind == "edge":
            again = f" as operand {step.operand + 1}" if step.by.parents.count(node) > 1 else ""
            which = f", one of {count}" if count > 1 else ""
            return f"From {self.name(step.by)} back to {name}{again}: adjoint times local derivative is the contribution{which}."
        return f"{name} is used {count} times: the contribution from {self.name(step.by)} is added to the sum so far."

    def equations(self, step: _Record, markup: str = "text") -> list[str]:
        """The equations of a step, in the markup "text", "latex", or "mathml": of this, HTML that breaks into lines."""
        return [_written(self.notation, *one, markup) for one in self._equations(step)]

    def _equations(self, step: _Record) -> list[tuple[Expression | None, Equation]]:
        """Each with its left side, if it has one."""
        notation, node = self.notation, step.node
        if step.kind == "given":
            named = node.op != "const" or node.label
            return [(symbol(node) if named else None, _result(symbol(node) if named else number(node.data), node.data))]
        if step.kind == "value":
            return [(symbol(node), _result(symbol(node), node.data) if node in self._changed else forward(notation, node))]
        left = self._partial(self.output, node, step.result)
        if step.kind == "start":
            return [(left, _result(left, 1.0))]
        if step.kind == "sum":
            return [(None, equation(notation, left, [Expression("sum", tuple(map(number, step.terms)))], step.result))]
        edges = self._contributions[node]
        if step.kind == "grad":
            return [(left, self._sum_of_paths(left, edges))]
        assert step.by is not None
        local = self._partial(step.by, node, step.terms[1])
        rules = [notation.local_derivative(step.by, step.operand, textbook) for textbook in (True, False)]
        if step.by in self._changed:
            rules = []
        whole = left if len(edges) == 1 else None
        if step.by is self.output:  # the symbol of its local derivative is that of the whole derivative
            forms = [Expression("product", (number(step.terms[0]), x)) for x in [*rules, number(step.terms[1])]]
            return [(whole, equation(notation, left, forms, step.result))]
        forms = [Expression("product", (self._partial(self.output, step.by, step.terms[0]), local))]
        return [
            (local, equation(notation, local, rules, step.terms[1])),
            (whole, equation(notation, left, forms, step.result)),
        ]

    def _sum_of_paths(self, left: Expression, edges: Sequence[_Record]) -> Equation:
        """The derivative by a node as the sum of the contributions to it, with symbols where there are few."""
        if len(edges) == 1 or len(edges) > 10 * MOST_OPERANDS:
            return _result(left, self.adjoint[edges[0].node])
        terms = [number(edge.result) for edge in edges]
        if len({edge.by for edge in edges} - {self.output}) == len(edges) <= MOST_OPERANDS:
            terms = []
            for edge in edges:
                assert edge.by is not None
                upstream = self._partial(self.output, edge.by, edge.terms[0])
                terms.append(product([upstream, self._partial(edge.by, edge.node, edge.terms[1])]))
        return equation(self.notation, left, [Expression("sum", tuple(terms))], self.adjoint[edges[0].node])

    def _partial(self, top: Value, bottom: Value, result: float) -> Expression:
        """The symbol of a derivative, with its number."""
        partial = Partial(top, bottom)
        self.notation.numbers[partial] = result
        return symbol(partial)

    # Views

    def lines(self) -> Iterator[str]:
        """The trace as text, line by line."""
        yield from self.notes
        for step in self._records:
            if step.number == 1:
                yield "The forward pass"
            elif step.kind == "start":
                yield ""
                yield "The backward pass"
            width = len(str(len(self._records)))
            yield f"{step.number:{width}}  {self.words(step)}"
            for line in self.equations(step):
                yield f"{'':{width}}      {_clipped(line, LONGEST_LINE)}"

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def __repr__(self) -> str:
        return (
            f"<Steps: {len(self._records)} steps to the grads of {self.name(self.output)}, {self.forward} of them forward; "
            "print(), .terminal() and .save('lesson.html') show them>"
        )

    def text(self, most: int = LONGEST_TRACE) -> str:
        """The trace as text, of at most so many lines and a last one that says how many steps there are."""
        lines: list[str] = []
        for line in self.lines():
            if len(lines) == most:
                last = f"... {len(self._records)} steps in all: print(steps(...)) shows them, .save('steps.txt') writes them"
                return "\n".join([*lines, last])
            lines.append(line)
        return "\n".join(lines)

    def html(self) -> str:
        """The steps as one HTML document that needs nothing else: no network, no library.

        ValueError for more steps than a browser can hold.
        """
        from .page import document

        return document(self)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes the steps to a page named `*.html`, or their trace to `*.txt`; returns the path. ValueError for another ending.

        The file is written whole or not at all.
        """
        from pathlib import Path

        path = Path(path)
        ending = path.suffix.lower()
        if ending not in (".html", ".htm", ".txt"):
            raise ValueError(f"steps are saved as .html, a page, or .txt, the trace as text, not as {path.name!r}")
        write_whole(path, (str(self) + "\n" if ending == ".txt" else self.html()).encode())
        return path

    def terminal(self) -> None:
        """Shows the steps in the terminal, one at a time; where there is none, prints them all.

        n, space, right: forward; p, left: back; Home, End: first, last; b: the backward pass; g: to a number; q: quit.
        """
        from .terminal import show

        show(self)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        try:
            from .page import notebook_output

            return {"text/html": notebook_output(self), "text/plain": self.text()}
        except Exception as error:  # Jupyter would show a traceback in the place of everything else
            return {"text/plain": f"no steps: {type(error).__name__}: {error}"}


def steps(output: Value) -> Steps:
    """The forward and the backward pass over the graph of `output`, step by step: a sequence of `Step`s.

    The forward pass, one node at a time; then the backward pass, edge by edge: adjoint times local derivative is a
    contribution, which is added to the sum so far if the operand has had one; and the grad of a node, once all have arrived.
    The order and the numbers are those of `backward()` from grads of 0. The graph is left as it is. `steps(output)[i]` and
    slices are steps, `find(label)` those of a node; `save("lesson.html")` writes a page to step through, `terminal()` steps
    through them here, `print` shows all; Jupyter shows the page.

    >>> x, w = Value(2.0, "x"), Value(3.0, "w")
    >>> y = w * x
    >>> y.label = "y"
    >>> print(steps(y).find("w")[1])
    5. From y back to w: adjoint times local derivative is the contribution.
        ∂y/∂w = 1 * x = 1 * 2 = 2
    """
    return Steps(output)


def _is_recorded(node: Value) -> bool:
    """Whether the data of a node is what its operation gives for its operands, as in the forward pass."""
    try:
        check_recorded(node)
    except RuntimeError:
        return False
    return True


def _result(left: Expression, result: float) -> Equation:
    return Equation(left, None, result, 9)


def _written(notation: Notation, left: Expression | None, one: Equation, markup: str) -> str:
    """left = symbolic = with numbers = result; without what is written already."""
    write, sides = notation.write, [] if left is None else [_side(notation, left, markup, False, 9)]
    if one.symbolic is not None:
        sides += [_side(notation, one.symbolic, markup, values, one.digits) for values in (False, True)]
    sides.append([write(number(one.result), markup, digits=one.digits)])
    sides = [side for side, before in zip(sides, [[], *sides]) if side != before]
    if markup != "mathml":
        return str(MARKUPS[markup].equals.join("".join(side) for side in sides))
    pieces = [f"<mo>=</mo>{piece}" if i and not k else piece for i, side in enumerate(sides) for k, piece in enumerate(side)]
    infix = [pieces[0], *(piece.replace("<mo>", '<mo form="infix">', 1) for piece in pieces[1:])]
    return " ".join(f"<math>{piece}</math>" for piece in infix)


def _side(notation: Notation, e: Expression, markup: str, values: bool, digits: int | None) -> list[str]:
    """A side of an equation, in the pieces between which a line may break: the terms of a sum, in MathML."""
    if markup != "mathml" or e.kind != "sum":
        return [notation.write(e, markup, values, digits)]
    first, *others = [notation.write(part, markup, values, digits) for part in e.parts]
    plus = MARKUPS[markup].plus
    return [first] + [text if part.kind == "negative" else plus + text for text, part in zip(others, e.parts[1:])]


def _clipped(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
