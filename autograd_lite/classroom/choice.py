"""Which questions are asked: those at which the mistakes show, and differ from one another."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

from ..derivation.expressions import symbols
from ..value import Value
from .graphs import Graph
from .questions import MOST_OPERANDS, Question
from .wrong import Mistake, passes

MOST_LISTED = 12
"""Below more nodes than this the order is not asked."""
LOOKED_AT = 4
"""For each question of a kind, so many are looked at."""


def chosen(
    graph: Graph,
    nodes: Sequence[Value],
    ask: Sequence[str],
    count: int,
    seed: object,
    mistakes: Iterable[Mistake],
    digits: int,
    language: str,
) -> list[Question]:
    """Up to `count` questions, as many of each kind as there are, in the order of `ask`.

    Each is the one, of those not yet asked, at which the most mistakes show that have not shown before. A question whose
    answer is 0 or 1 is asked only where there is no other.
    """
    rng = random.Random(str(seed))
    ran = passes(graph, mistakes)
    pools: dict[str, list[Question]] = {}
    for kind in ask:
        found = askable(graph, kind, nodes)
        rng.shuffle(found)
        looked_at = [Question(graph, ran, kind, node, by, digits, language) for node, by in found[: LOOKED_AT * count]]
        looked_at = [q for q in looked_at if q.can_be_asked]
        pools[kind] = [q for q in looked_at if not q.is_plain] or looked_at
    shown: Counter[str] = Counter()
    asked: Counter[Value] = Counter()
    questions: list[Question] = []
    while len(questions) < count and any(pools.values()):
        for pool in [pools[kind] for kind in ask if pools[kind]][: count - len(questions)]:
            best = max(pool, key=lambda q: sum([1 / (1 + shown[m]) for m in q.told_apart]) - asked[q.node])
            pool.remove(best)
            shown.update(best.told_apart)
            asked[best.node] += 1
            questions.append(best)
    return sorted(questions, key=lambda q: ask.index(q.kind))


def askable(graph: Graph, kind: str, nodes: Sequence[Value]) -> list[tuple[Value, Value | None]]:
    """What can be asked of a kind about these nodes: each with the node that it is an operand of, where that is asked too."""
    named = set(nodes)
    small = [n for n in nodes if 0 < len(graph.parents[n]) <= MOST_OPERANDS]
    match kind:
        case "value":
            return [(node, None) for node in small]
        case "local" | "contribution":
            known = graph.output if kind == "contribution" else None
            pairs = [(parent, by) for by in small if by is not known for parent in dict.fromkeys(graph.parents[by])]
            return [(parent, by) for parent, by in pairs if parent in named and _is_operand_alone(graph, parent, by)]
        case "update":
            return [(leaf, None) for leaf in graph.leaves() if leaf in named - graph.data and leaf is not graph.output]
        case "delta":
            nets = dict.fromkeys(graph.operand(edge) for edge in graph.activations.values())
            return [(net, None) for net in nets if net in named and graph.parents[net]]
        case "order":
            return _orders(graph, named)
    return [(node, None) for node in nodes if node is not graph.output and node not in graph.data]


def _is_operand_alone(graph: Graph, parent: Value, by: Value) -> bool:
    """Whether the formula of `by`, as it is written, has the operand nowhere else: x * x - x by x is not v - x by x."""
    others = [graph.expanded(graph.notation.of(other)) for other in graph.parents[by] if other is not parent]
    return all(parent not in symbols(other) for other in others)


def _orders(graph: Graph, named: set[Value]) -> list[tuple[Value, Value | None]]:
    """Each node that may send on next, where another has received a part of its contributions only; with the last one done."""
    computed = [node for node in graph.nodes[::-1] if graph.parents[node]]
    found: list[tuple[Value, Value | None]] = []
    arrived: Counter[Value] = Counter()
    for done, (by, following) in enumerate(pairwise(computed)):
        arrived.update(parent for parent in graph.parents[by] if graph.parents[parent])
        waits = any(node in named and count < len(graph.uses[node]) for node, count in arrived.items())
        if waits and by in named and following in named:
            found.append((following, by))
        if done > MOST_LISTED:
            break
    return found
