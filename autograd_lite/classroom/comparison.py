"""Two passes over one graph: where they differ, and what is to be said of it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from ..check import faults, is_near
from ..derivation.markup import rounded
from ..sentences import known, listed, say
from ..stepping.words import Step, WordedPasses
from ..value import Value
from .bugs import Bug, bug
from .watched import Engine, Run

MOST_NAMED = 8
"""More nodes, or numbers, than this are counted."""


class Compared:
    """Two backward passes over one graph. See `compare`.

    right, wrong: by node, the grad in each. differing: the nodes whose grads differ, from the output on. faults: those whose grad
    in the wrong pass is not what the nodes that they are operands of send back there. node, step: where the passes differ first;
    None where they agree, or an engine raised `problem`.
    """

    def __init__(self, right: Any, wrong: Any, output: Value, language: str | None = None) -> None:
        self.output, self.language = output, known(language)
        self.passes = WordedPasses(output, language)
        self.run = Run(engine(wrong), output)
        self.wrong, self.problem = self.run.grads, self.run.problem
        self.right = dict(self.passes.adjoint)
        if right is not None:
            reference = Run(engine(right), output)
            if reference.problem is not None:
                raise reference.problem
            self.right = reference.grads
        backward = self.passes.order[::-1]
        inner = [node for node in backward if node.parents and node is not output]
        if not any(self.run.writes[node] for node in inner or [output]):  # an engine that keeps the grads of leaves alone
            self.wrong = {**self.wrong, **{node: self.right[node] for node in (*inner, output)}}
        self.differing = [node for node in backward if self.differs(node)]
        self.node = None if self.problem or not self.differing else self.differing[0]

    def differs(self, node: Value) -> bool:
        amounts = [abs(record.result) for record in self.passes.contributions.get(node, [])]
        return not is_near(self.wrong[node], self.right[node], max(amounts, default=0.0) + 0.01 * self._largest)

    @cached_property
    def _largest(self) -> float:
        """The size of the largest grad: what is small beside it may be left over from what cancels."""
        return max([abs(adjoint) for adjoint in self.passes.adjoint.values() if math.isfinite(adjoint)])

    @cached_property
    def faults(self) -> list[Value]:
        found = faults(self.output, self.wrong)
        return [node for node in self.differing if node in found]

    @property
    def agree(self) -> bool:
        return not self.differing and self.problem is None

    @cached_property
    def step(self) -> Step | None:
        """The step of the right pass with which the wrong one does not go on: a contribution, a sum, or a whole grad."""
        if self.node is None:
            return None
        number = self._step_of(self.node)
        return self.passes[number - 1]

    def _step_of(self, node: Value) -> int:
        """The number of the step at which the grad of a node goes wrong, as far as what is written into it tells."""
        contributions = self.passes.contributions.get(node, [])
        whole = next(record.number for record in reversed(self.passes.records) if record.node is node and record.kind != "value")
        written = self.run.written_of(node)
        if len(written) < 2 or len(contributions) < 2:
            return contributions[0].number if len(contributions) == 1 else whole
        scale = max(map(abs, written))
        added = [new - old for old, new in zip([0.0, *written], written)]
        for record in contributions:
            arrived = next((x for x in added if is_near(x, record.result, scale)), None)
            if arrived is None:
                return record.number if record is contributions[0] else record.number + 1  # where it is added to the sum
            added.remove(arrived)
        return whole

    # As text

    def say(self, key: str, **fields: object) -> str:
        return say(self.language, key, **fields)

    def lines(self) -> Iterator[str]:
        """What is to be said, line by line."""
        if self.problem is not None:
            yield self.say("compare-raised", error=f"{type(self.problem).__name__}: {self.problem}")
            return
        if self.node is None or self.step is None:
            yield self.say("compare-agree", count=len(self.passes.order))
            return
        yield self.say("compare-first", number=self.step.number, count=len(self.passes), node=self.passes.name(self.node))
        yield f"    {self.step.words}"
        yield from [f"    {line}" for line in self.step.formula.splitlines()]
        yield self.grad_of(self.node)
        yield from self._expected(self.node)
        yield from self.written_into(self.node)
        if len(self.differing) > 1:
            key = "compare-further" if self.faults[1:] else "compare-following"
            yield self.say(key, count=len(self.differing) - 1, faults=self._named(self.faults[1:]))

    def grad_of(self, node: Value) -> str:
        """What the grad of a node should be, and what it is."""
        right, wrong = rounded(self.right[node], 9), rounded(self.wrong[node], 9)
        return self.say("compare-grad", node=self.passes.name(node), right=right, wrong=wrong)

    def written_into(self, node: Value) -> list[str]:
        """What was written into the grad of a node, if that was more than one number."""
        written = self.run.written_of(node)
        if len(written) < 2:
            return []
        more = ["..."] * (len(written) > MOST_NAMED)
        return [self.say("compare-written", numbers=", ".join([*[rounded(x, 9) for x in written[:MOST_NAMED]], *more]))]

    def _expected(self, node: Value) -> Iterator[str]:
        """What arrives at a node, on whose consumers both passes agree."""
        contributions = self.passes.contributions.get(node, [])
        if contributions:
            yield self.say("compare-expected", node=self.passes.name(node))
        for record in contributions[:MOST_NAMED]:
            assert record.by is not None
            adjoint, derivative = self.right[record.by], record.terms[1]
            product = f"{rounded(adjoint, 9)} * {_factor(derivative)} = {rounded(adjoint * derivative, 9)}"
            yield f"    {self.passes.name(record.by)}: {product}"

    def _named(self, nodes: list[Value]) -> str:
        return listed(self.language, [self.passes.name(node) for node in nodes], MOST_NAMED) if nodes else ""

    def __str__(self) -> str:
        return "\n".join(self.lines())


def _factor(x: float) -> str:
    text = rounded(x, 9)
    return f"({text})" if text.startswith("-") else text


def engine(thing: Any) -> Engine:
    """The function that goes back, of whatever is an engine. TypeError for what is none."""
    if thing is None:
        return Value.backward
    if isinstance(thing, (str, int)):
        thing = bug(thing)
    found = thing.function if isinstance(thing, Bug) else getattr(thing, "backward", thing)
    if isinstance(thing, Value) or not callable(found):
        raise TypeError(
            f"an engine is a function that takes the output of a graph, a bug or its name, or None for that of autograd_lite, "
            f"got {type(thing).__name__}"
        )
    return found
