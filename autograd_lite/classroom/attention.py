"""The mistakes of attention, of residuals and of norms: most are made on the way forward, and the way back follows.

Heads are found by the shape of the graph. The shares of a row are nodes of one operation on the same operands, each with another
of them first, that sum to 1, as those of softmax: how much a position looks at each that it sees. Each comes from a score, that
from a sum of products of the query and a key; and with a value it is a product. Positions of one head have keys in common.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..derivation.expressions import number
from ..engine.eager import constant, family
from ..ops import FAMILIES
from ..value import Value
from .graphs import Edge, Graph
from .rows import applied
from .wrong import Wrong, forward

Units = tuple[Value, ...]


class Look(NamedTuple):
    """A position that looks at one that it sees: the share, its score, that before it is scaled, and the product that it is of.

    key: of the position looked at. values: of it, and taken: the nodes in which the share is multiplied by each of them.
    """

    share: Value
    score: Value
    unscaled: Value
    key: Units
    values: Units
    taken: Units


Looks = list[Look]
"""All that a position sees."""


def rows(graph: Graph) -> list[Looks]:
    """The rows of all heads, the shorter ones first. Without the rows in which queries and keys cannot be told apart."""
    groups: dict[tuple[str, frozenset[Value]], list[Value]] = defaultdict(list)
    for node in graph.nodes:
        if node.op in FAMILIES and FAMILIES[node.op].head:
            groups[node.op, frozenset(graph.parents[node])].append(node)
    found: list[Looks] = []
    keys: set[Units] = set()
    for (_, scores), shares in sorted(groups.items(), key=lambda group: -len(group[1])):
        heads = {graph.parents[share][0] for share in shares}
        if heads != scores or len(shares) != len(scores) or not math.isclose(sum([share.data for share in shares]), 1.0):
            continue
        unscaled = [_unscaled(graph, graph.parents[share][0]) for share in shares]
        vectors = [_factors(graph, node) for node in unscaled]
        query = set.intersection(*[set(sum(pairs, ())) for pairs in vectors])
        row = []
        for share, node, pairs in zip(shares, unscaled, vectors):
            sides = [side for side in zip(*pairs) if (side in keys if len(shares) == 1 else query.isdisjoint(side))]
            uses = sorted([use for use in graph.uses[share] if use in graph.factor], key=lambda use: graph.place[use[0]])
            if len(sides) == 1:
                values = tuple([graph.factor[use] for use in uses])
                row.append(Look(share, graph.parents[share][0], node, sides[0], values, tuple([use[0] for use in uses])))
        if len(row) == len(shares):
            keys |= {look.key for look in row}
            found.append(row)
    return found[::-1]


def _unscaled(graph: Graph, score: Value) -> Value:
    """A score before it is scaled by a given number; itself where it is not."""
    i = graph.variable(score)
    return graph.parents[score][i] if i is not None and (score, i) in graph.scaled else score


def _factors(graph: Graph, node: Value) -> list[Units]:
    """The two factors of each product that a node is the sum of; of anything else none."""
    found, seen, pending = list[Units](), set[Value](), [node]
    while pending:
        part = pending.pop()
        edges = [(part, i) for i in range(len(graph.parents[part]))]
        if part not in seen and edges and all(edge in graph.factor for edge in edges):
            found += [(graph.operand(edge), graph.factor[edge]) for edge in edges[: len(edges) // 2]]
        elif part not in seen and edges and graph.adds(part):
            pending += graph.parents[part][::-1]
        else:
            return []
        seen.add(part)
    return found


def before(row: Looks, others: Sequence[Looks]) -> tuple[Looks, Look] | None:
    """The row of the position before, of a causal head, and the look of this position at itself, which is not in that."""
    keys = {look.key for look in row}
    for other in others:
        seen = {look.key for look in other}
        if len(other) == len(row) - 1 and seen < keys:
            return other, next(look for look in row if look.key not in seen)
    return None


def scales(graph: Graph) -> dict[Value, float]:
    """The scores that are a scaled product of a query and a key, each with the number that it is scaled by."""
    scaled = [look for row in rows(graph) for look in row if look.unscaled is not look.score]
    return {look.score: graph.scaled[look.score, graph.parents[look.score].index(look.unscaled)] for look in scaled}


def no_scaling(graph: Graph) -> Iterator[Wrong]:
    edges = [(score, i) for score in scales(graph) for i in [graph.variable(score)] if i is not None]
    yield Wrong(instead={edge[0]: graph.operand(edge) for edge in edges})
    yield Wrong(dict.fromkeys(edges, number(1.0)))


def softmax_axis(graph: Graph) -> Iterator[Wrong]:
    """The shares of one key among the positions that look, not of one position among the keys."""
    columns: dict[Units, list[Look]] = defaultdict(list)
    for row in rows(graph):
        for look in row:
            columns[look.key].append(look)
    instead = {}
    for looks in columns.values():
        for look in looks:
            others = [other.score for other in looks if other is not look]
            instead[look.share] = family(look.share.op, [look.score, *others])
    yield Wrong(instead=instead if any(len(looks) > 1 for looks in columns.values()) else {})


def mask_off_by_one(graph: Graph) -> Iterator[Wrong]:
    """Each position without itself; or with the one after it too."""
    found = rows(graph)
    blind, ahead = dict[Value, Value](), dict[Value, Value]()
    for row in found:
        if (one_less := before(row, found)) is None:
            continue
        earlier, itself = one_less
        others = [look for look in row if look is not itself]
        blind |= _shared(others, [look.score for look in others]) | {itself.share: constant(0.0, itself.share.op)}
        own = before(earlier, found)
        last = own[1] if own else earlier[0] if len(earlier) == 1 else None
        if last is not None and len(last.key) == len(itself.key) and len(last.values) == len(itself.values):
            score = forward(last.score, dict(zip(last.key, itself.key)))[last.score]
            ahead |= _shared(earlier, [*[look.score for look in earlier], score])
            share = family(last.share.op, [score, *[look.score for look in earlier]])
            for taken, value in zip(last.taken, itself.values):
                ahead[taken] = applied(taken.op, [*graph.parents[taken]]) + share * value
    yield Wrong(instead=blind)
    yield Wrong(instead=ahead)


def _shared(looks: Sequence[Look], scores: Sequence[Value]) -> dict[Value, Value]:
    """The shares anew, among these scores."""
    return {
        look.share: family(look.share.op, [look.score, *[score for score in scores if score is not look.score]]) for look in looks
    }


def value_for_key(graph: Graph) -> Iterator[Wrong]:
    """Scores of queries and values; or the sum of keys."""
    looks = [look for row in rows(graph) for look in row]
    if any(len(look.key) != len(look.values) for look in looks):
        return
    products = dict[Value, Value]()
    for look in looks:
        products[look.unscaled] = forward(look.unscaled, dict(zip(look.key, look.values)))[look.unscaled]
    yield Wrong(instead=products)
    swaps: dict[Value, dict[Value, Value]] = defaultdict(dict)
    for look in looks:
        for taken, value, key in zip(look.taken, look.values, look.key):
            swaps[taken][value] = key
    sums = {taken: applied(taken.op, [swap.get(x, x) for x in graph.parents[taken]]) for taken, swap in swaps.items()}
    yield Wrong(instead=sums)


def residuals(graph: Graph) -> dict[Edge, Value]:
    """Residuals: to each of several numbers something is added that was computed from all of them.

    The edges to these numbers, each with what is added.
    """
    found: list[tuple[Edge, Value]] = []
    biases = set(graph.biases)  # which at each time step are added to what they were in already
    for node in graph.nodes:
        if len(graph.parents[node]) == 2 and graph.adds(node):
            for i, x in enumerate(graph.parents[node]):
                other = graph.parents[node][1 - i]
                if not x.is_plain_number and other is not x and x not in biases and depends(graph, other, x):
                    found.append(((node, i), other))
    below = dict.fromkeys(graph.nodes, 0)  # of each node the numbers, as bits, that it was computed from
    for k, (edge, _) in enumerate(found):
        below[graph.operand(edge)] |= 1 << k
    for node in graph.nodes:
        for parent in graph.parents[node]:
            below[node] |= below[parent]
    around = {}
    for k, (edge, other) in enumerate(found):
        mixed = [j for j, (_, o) in enumerate(found) if o is not other and below[other] >> j & 1 and below[o] >> k & 1]
        if mixed:
            around[edge] = other
    return around


def no_residual(graph: Graph) -> Iterator[Wrong]:
    around = residuals(graph)
    yield Wrong(instead={edge[0]: other for edge, other in around.items()})
    yield Wrong(dict.fromkeys(around, number(0.0)))


def norms(graph: Graph) -> set[Edge]:
    """Norms: several numbers are each taken together with one that was computed from all of them. The edges to that one."""
    uses: dict[Value, list[tuple[Edge, Value]]] = defaultdict(list)
    for node in graph.nodes:
        if len(graph.parents[node]) == 2 and not any(x.is_plain_number for x in graph.parents[node]):
            for i, shared in enumerate(graph.parents[node]):
                x = graph.parents[node][1 - i]
                if graph.parents[shared] and shared is not x and depends(graph, shared, x):
                    uses[shared].append(((node, i), x))
    several = [found for found in uses.values() if len({x for _, x in found}) > 1]
    return {edge for found in several for edge, _ in found}


def norm_constant(graph: Graph) -> Iterator[Wrong]:
    yield Wrong(dict.fromkeys(norms(graph), number(0.0)))


def depends(graph: Graph, node: Value, on: Value) -> bool:
    """Whether a node was computed from another."""
    pending, seen = [node], {node}
    while pending:
        for parent in graph.parents[pending.pop()]:
            if parent is on:
                return True
            if parent not in seen and graph.place[parent] > graph.place[on]:
                seen.add(parent)
                pending.append(parent)
    return False
