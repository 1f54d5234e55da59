"""The two passes over a graph as a list of records: in which order, and with which numbers."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

from ..backprop import Contribution, contributions, topological_order
from ..derivation.markup import rounded
from ..picture.scopes import paths_of
from ..value import Value


class Record(NamedTuple):
    """The data of a step: its number, from 1 on, its kind, and what `Step` says of them."""

    number: int
    kind: str
    node: Value
    result: float
    terms: tuple[float, ...] = ()
    by: Value | None = None
    operand: int = -1


class Examples(NamedTuple):
    """Several examples of one graph: the numbers of some leaves in each of them.

    rows: for each example the number of each of `leaves`. inputs, outputs: of the model; `kinds`: of each example the target of
    its one output, or the class of several. Of two inputs the page draws the plane.
    """

    leaves: list[Value]
    rows: list[list[float]]
    inputs: list[Value]
    outputs: list[Value]
    kinds: list[float]


class Passes:
    """The forward and the backward pass over the graph of `output`.

    `nodes` is the graph in topological order, `adjoint` the derivative of the output by each node but plain numbers. Values that
    are given come first, inputs before parameters and these by layers; plain numbers are no steps. The numbers are those of
    `backward()` from grads of 0, to the last bit: the contributions to a node are added up in its order.
    """

    varying: Collection[Value] = ()
    """The nodes that may get less than all contributions that are among the steps."""

    def __init__(self, output: Value) -> None:
        self.output = output
        self.nodes = topological_order(output)
        self.adjoint: dict[Value, float] = {}
        self.contributions: dict[Value, list[Record]] = {}
        self.records: list[Record] = []
        self.order = _order(self.nodes)
        for node in self.order:
            self._add("value" if node.parents else "given", node, node.data)
        self.forward = len(self.records)
        """How many steps belong to the forward pass."""
        self._go_back()

    def _add(self, kind: str, node: Value, result: float, *further: Any) -> Record:
        record = Record(len(self.records) + 1, kind, node, result, *further)
        self.records.append(record)
        return record

    def _go_back(self) -> None:
        passed: dict[Value, list[Contribution]] = {}
        for contribution in self._passed():
            passed.setdefault(contribution.node, []).append(contribution)
        self.adjoint[self.output] = 1.0
        self._add("start", self.output, 1.0)
        for node in reversed(self.order):
            if self._gets_nothing(node):
                self.adjoint.setdefault(node, 0.0)
                self._add("grad", node, 0.0)
            for _, i, parent, adjoint, derivative, amount in passed.get(node, []):
                if not parent.is_plain_number:
                    self._receive(parent, self._add("edge", parent, amount, (adjoint, derivative), node, i))

    def _passed(self) -> Iterable[Contribution]:
        """What each node passes back, in the order of the pass."""
        return contributions(self.output, order=lambda output: self.order)

    def _gets_nothing(self, node: Value) -> bool:
        return node not in self.adjoint

    def _receive(self, node: Value, edge: Record) -> None:
        """Notes a contribution, and adds it to those before."""
        before = self.adjoint.get(node, 0.0)
        self.adjoint[node] = before + edge.result
        self.contributions.setdefault(node, []).append(edge)
        if len(self.contributions[node]) > 1:
            self._add("sum", node, self.adjoint[node], (before, edge.result), *edge[5:])

    def is_first(self, record: Record) -> bool:
        """Whether it is the first contribution to its node."""
        return record.kind == "edge" and self.contributions[record.node][0].number == record.number

    def completes(self, record: Record) -> bool:
        """Whether the grad of its node is complete with it."""
        if record.kind in ("start", "grad"):
            return True
        if record.kind not in ("edge", "sum"):
            return False
        last = self.contributions[record.node][-1].number
        return record.number == last + (len(self.contributions[record.node]) > 1)

    def so_far(self, index: int, nodes: Iterable[Value]) -> tuple[dict[Value, str], dict[Value, str]]:
        """The values and the grads of some nodes after the step of that index, as text; a sum that will grow is marked with +."""
        values, grads = dict.fromkeys(nodes, "—"), dict.fromkeys(nodes, "—")
        for record in self.records[: index + 1]:
            if record.node not in values:
                continue
            if record.kind in ("given", "value"):
                values[record.node] = rounded(record.result, 9)
            elif self.completes(record):
                grads[record.node] = rounded(record.result, 9)
            elif record.kind == "sum" or self.is_first(record):
                grads[record.node] = f"{rounded(record.result, 9)} +"
        return values, grads

    def grains(self) -> dict[str, list[int]]:
        """The indices of the steps at which one stops, by grain: at every edge, at every node, at every layer of the model."""
        paths = paths_of(self.nodes)
        keys: dict[str, list[Any]] = {"edge": [], "node": [], "layer": []}
        for record in self.records:
            node = record.by or record.node
            keys["edge"].append(record.number)
            keys["node"].append(record.kind if record.kind == "given" else (record.kind == "value", node))
            keys["layer"].append(record.kind if record.kind == "given" else (record.kind == "value", paths[node][:1]))
        last = len(self.records) - 1
        return {grain: [k for k, key in enumerate(own) if k == last or own[k + 1] != key] for grain, own in keys.items()}


def _order(nodes: list[Value]) -> list[Value]:
    """The nodes that have steps: what is given, inputs first, then by layers; then what is computed.

    It is computed layer by layer where that leaves the order in which the contributions to each node arrive.
    """
    depth: dict[Value, int] = {}
    used: dict[Value, int] = {}  # of what is given: how deep what it is first used in lies
    for node in nodes:
        depth[node] = max([depth[parent] + 1 for parent in node.parents], default=0)
        for parent in node.parents:
            used[parent] = min(used.get(parent, depth[node]), depth[node])
    given = [node for node in nodes if not node.parents and not node.is_plain_number]
    given.sort(key=lambda node: (not _is_input(node), used.get(node, 0)))
    computed = [node for node in nodes if node.parents]
    by_layers = sorted(computed, key=depth.__getitem__)
    return [*given, *(by_layers if _consumers(by_layers) == _consumers(computed) else computed)]


def _is_input(leaf: Value) -> bool:
    return hasattr(leaf, "scope") and leaf.scope.role == "input"


def _consumers(order: list[Value]) -> dict[Value, list[Value]]:
    """For each node what it is an operand of, in this order."""
    found: dict[Value, list[Value]] = {}
    for node in order:
        for parent in dict.fromkeys(node.parents):
            found.setdefault(parent, []).append(node)
    return found
