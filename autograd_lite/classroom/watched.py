"""An engine at work: what it makes of a graph, which is left as it is, and what it writes into the grads on the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..backprop import contributions, not_taken, topological_order
from ..engine.errors import as_float
from ..engine.node import Node
from ..value import Value

Engine = Callable[[Value], Any]
"""Goes back from the output, and leaves the derivative by each node below it in its grad."""

MOST_READS = 20_000
"""So many nodes, and some times those of the graph, an engine may look at: without an order it may be at it for years."""


class Watched(Value):
    """A node of which it is noted what is written into its grad, and that its local derivatives are read."""

    __slots__ = ()
    run: Run | None = None
    reached = True

    @property
    def grad(self) -> float:
        return Node.grad.__get__(self)  # type: ignore[attr-defined,no-any-return]

    @grad.setter
    def grad(self, grad: float) -> None:
        Node.grad.__set__(self, as_float(grad, "Value.grad"))  # type: ignore[attr-defined]
        if self.run is not None:
            self.run.written[self].append(self.grad)

    @property
    def local_derivatives(self) -> tuple[float, ...]:
        if self.run is not None:
            self.run.read()
        return super().local_derivatives if self.reached else (not_taken,) * len(self.parents)


class Run:
    """What an engine did with a graph, whose grads are 0 at first unless `grads` are given.

    grads: the grad of each node in the end. writes: of each node, what was written into its grad, one after the other. problem:
    what the engine raised, None if it came to its end; a grad that is no number is a TypeError.
    """

    def __init__(self, engine: Engine, output: Value, grads: Callable[[Value], float] = lambda node: 0.0) -> None:
        nodes = topological_order(output)
        reached = {output, *[contribution.parent for contribution in contributions(output)]}
        self.left = MOST_READS + 20 * len(nodes)
        self.written: dict[Value, list[float]] = {}
        self.problem: BaseException | None = None
        twins: dict[Value, Any] = {}
        for node in nodes:
            twin: Any = node._copied([twins[parent] for parent in node.parents])
            twin.__dict__.update(node._own())
            twin.__class__, twin.run, twin.reached = Watched, self, node in reached
            self.written[twin] = []
            Node.grad.__set__(twin, grads(node))  # type: ignore[attr-defined]
            twins[node] = twin
        try:
            engine(twins[output])
        except (Exception, SystemExit) as error:
            self.problem = error
        for twin in twins.values():
            twin.run = None
        self.grads = {node: twin.grad for node, twin in twins.items()}
        self.writes = {node: self.written[twin] for node, twin in twins.items()}

    def read(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise RuntimeError("the engine goes through the graph again and again: it would not end during a lesson")

    def written_of(self, node: Value) -> list[float]:
        """What was written into the grad of a node, one after the other, since it was last set to 0."""
        writes = self.writes[node]
        zeros = [k for k, x in enumerate(writes) if not x]
        return writes[zeros[-1] + 1 :] if zeros else writes
