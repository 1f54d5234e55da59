"""Which mistakes of the catalogue give the grads of an engine: on the graph that shows it, and on others that tell them apart."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from ...backprop import Contribution, total
from ...value import Value
from ..graphs import Graph
from ..mistakes import MISTAKES
from ..questions import Question
from ..wrong import Pass, passes
from . import networks
from .judging import Ask, Finding, compared, first_wrong_grads, is_right
from .ladder import SHARED, TINY, Case, case, right, single, values
from .pieces import PIECES
from .student import result


class Tried(NamedTuple):
    """The mistaken passes over the graph of a case, by the name of the mistake. nodes: in the order of its rows."""

    case: Case
    nodes: Sequence[Value]
    graph: Graph
    passes: Sequence[Pass]

    def like(self, grad: Sequence[Any]) -> dict[str, tuple[Pass, bool]]:
        """The passes that give these grads, if need be with another contribution first or last; whether it does without."""
        found: dict[str, tuple[Pass, bool]] = {}
        for one in self.passes:
            exact = self._gives(one, grad)
            if (exact or self._meets(one, grad)) and not found.get(one.mistake.name, (one, False))[1]:
                found[one.mistake.name] = one, exact
        return found

    def _gives(self, one: Pass, grad: Sequence[Any]) -> bool:
        expected = [one.adjoint[node] for node in self.nodes]
        if self.case.times > 1:  # the leaves have had those of the first pass
            expected = [x if node.parents else self.graph.adjoint[node] + x for x, node in zip(expected, self.nodes)]
        if one.wrong.order and self.case.times == 1 and not all(map(is_right, grad, expected)):
            at_once = _at_once(self.graph)
            expected = [at_once[node] for node in self.nodes]
        return all(map(is_right, grad, expected))

    def _meets(self, one: Pass, grads: Sequence[Any]) -> bool:
        """Whether at every node contributions meet as in the pass, whichever comes first: an engine has an order of its own."""
        if one.wrong.total is total or one.wrong.order or self.case.times > 1:
            return False
        grad = dict(zip(self.nodes, grads))
        for node in self.nodes[:-1]:
            arrived = []
            if any(use not in grad for use, _ in self.graph.uses[node]):
                return False  # it is in a piece, and not seen
            for use, i in self.graph.uses[node]:
                slope = self.graph.derivative((use, i))
                arrived.append(Contribution(use, i, node, grad[use], slope, grad[use] * slope))
            turned = [arrived[k:] + arrived[:k] for k in range(len(arrived))]
            if not any(is_right(grad[node], one.wrong.total(node, each)) for each in turned):
                return False
        return True


def _at_once(graph: Graph) -> dict[Value, float]:
    """The grads of a recursion that goes on from an operand before it sends to the next one."""
    grad = dict.fromkeys(graph.nodes, 0.0)
    grad[graph.output] = 1.0
    path = [(graph.output, enumerate(graph.parents[graph.output]))]
    while path:
        node, operands = path[-1]
        i, parent = next(operands, (0, None))
        if parent is None:
            path.pop()
        else:
            grad[parent] += grad[node] * graph.derivative((node, i))
            path.append((parent, enumerate(graph.parents[parent])))
    return grad


@lru_cache(64)
def _tried(case: Case) -> Tried:
    nodes = values(case.rows)
    graph = Graph(nodes[-1])
    return Tried(case, nodes, graph, passes(graph, MISTAKES.values()))


def diagnosis(ask: Ask, found: Finding, language: str) -> dict[str, str]:
    """The mistakes that give these grads, each with its sentence: one; several that cannot be told apart; or none."""
    if (
        found.case is None
        or found.key not in ("grad", "grad-there", "slope", "second")
        or not all(isinstance(x, float) for x in found.grad)
    ):
        return {}
    wrong = first_wrong_grads(found.case, right(found.case), found.grad)
    if wrong[0] == len(found.grad) - 1:  # the output's own grad is no derivative to be had wrong
        return {}
    tried = _tried(found.case)
    like = tried.like(found.grad)
    exact = {name: int(is_exact) for name, (_, is_exact) in like.items()}
    if found.key.startswith("grad") and like:
        for one in _telling(found.case, exact):
            possible = _possible(ask, one, exact)
            exact = {name: exact[name] + is_exact for name, is_exact in possible.items()}
    names = [name for name in exact if exact[name] == max(exact.values())]
    return {name: _sentence(tried, like[name][0], wrong[0], found.grad[wrong[0]], language) for name in names}


def _telling(shown: Case, names: Collection[str]) -> list[Case]:
    """More graphs, which may tell mistakes apart: of what is built on the engine, where that is wrong; else of its operations."""
    operations = dict.fromkeys(result(op)[0] for op, _ in shown.rows if op)
    built = [one for name in operations if name in PIECES for one in networks.by_hand(name)]
    if built:
        return [one for one in built if any(each.mistake.name in names for each in _tried(one).passes)]
    return [*[one for op in operations for one in single(op)], *map(case, TINY + SHARED)]


def _possible(ask: Ask, one: Case, names: Iterable[str]) -> dict[str, bool]:
    """The mistakes that an engine may make, by what it has on one more graph, where some make no difference; whether exactly."""
    answer = ask("nodes", rows=one.rows, outputs=one.outputs)
    if "grad" not in answer or not all(isinstance(x, float) for x in answer["grad"]):
        return dict.fromkeys(names, False)
    tried = _tried(one)
    like = tried.like(answer["grad"])
    is_all = compared(one, answer["data"], answer["grad"]) is None
    untold = set(names) - {one.mistake.name for one in tried.passes} if is_all else set()
    return {name: name in untold or like[name][1] for name in names if name in untold or name in like}


def _sentence(tried: Tried, one: Pass, k: int, got: float, language: str) -> str:
    question = Question(tried.graph, [one], "adjoint", tried.nodes[k], None, 6, language)
    return question.diagnosis(one, question.shown(got))
