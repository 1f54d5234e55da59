"""Which part of a model each node of a graph belongs to, what a collapsed part stands for, and how time steps fold."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from ..engine.scope import Scope
from ..sentences import say
from ..value import Value
from .letters import letters

BUDGET = 150
"""Above this number of visible nodes, parts collapse."""


class Level(NamedTuple):
    """One of the parts that a node lies in, as its scope has it: of two nodes in one part the levels are equal. op: of nodes that
    are shown as one, what computes each of them."""

    title: str
    key: Any = None
    time: int | None = None
    op: str = ""


Path = tuple[Level, ...]
"""Levels from the outermost on."""


class Unit(NamedTuple):
    """What is shown as one: a node, or several as the collapsed `part`. `path` is where it lies."""

    path: Path
    part: Level | None
    nodes: list[Value]


def paths_of(order: Sequence[Value]) -> dict[Value, Path]:
    """The parts that each node of a topological order lies in: those of its scope, or else those that all its consumers share."""
    known: dict[Scope, Path] = {}
    shared: dict[Value, Path] = {}
    found: dict[Value, Path] = {}
    for node in reversed(order):
        scope = getattr(node, "scope", None)
        path = shared.get(node, ()) if scope is None else _path(scope, known)
        found[node] = path
        for parent in node.parents:
            before = shared.setdefault(parent, path)
            if before != path:
                shared[parent] = common(before, path)
    return found


def common(first: Path, second: Path) -> Path:
    """The beginning that two paths share."""
    length = 0
    for one, other in zip(first, second):
        if one != other:
            break
        length += 1
    return first[:length]


def _path(scope: Any, known: dict[Scope, Path]) -> Path:
    if not isinstance(scope, Scope):
        raise TypeError(f"the scope of a node is a Scope, such as Scope('my part'), got {type(scope).__name__} {scope!r:.60}")
    if scope not in known:
        known[scope] = tuple(Level(part.title, part.key, part.time) for part in scope.path)
    return known[scope]


# Collapsing ----------------------------------------------------------------------------------------------------------


def units(order: Sequence[Value], paths: dict[Value, Path], collapse: Any, depth: int | None) -> list[Unit]:
    """The units of a picture, in topological order of the first node of each. Arguments as of `draw`."""
    titles = _titles(collapse, paths)
    if depth is not None and (type(depth) is not int or depth < 0):
        raise ValueError(f"depth is the number of levels of parts that are open, 0 or more, got {depth!r:.60}")
    deepest = max(map(len, paths.values()), default=0)
    if collapse is True:
        depth = 0
    elif depth is None and collapse is None:
        depth = (
            next((d for d in range(deepest, 0, -1) if _count(paths, d) <= BUDGET), 0) if _count(paths, deepest) > BUDGET else None
        )
    open_levels = deepest if depth is None else depth
    found: dict[Any, Unit] = {}
    for node in order:
        path = paths[node]
        closed = next((k for k, level in enumerate(path) if k >= open_levels or level.title in titles), None)
        if closed is None:
            found[node] = Unit(path, None, [node])
        else:
            found.setdefault(path[: closed + 1], Unit(path[:closed], path[closed], [])).nodes.append(node)
    return list(found.values())


def _count(paths: dict[Value, Path], depth: int) -> int:
    """How many units are visible with that many levels of parts open."""
    closed = {path[: depth + 1] for path in paths.values() if len(path) > depth}
    return len(closed) + sum(len(path) <= depth for path in paths.values())


def _titles(collapse: Any, paths: dict[Value, Path]) -> set[str]:
    if collapse is None or isinstance(collapse, bool):
        return set()
    collapse = [collapse] if isinstance(collapse, str) or not isinstance(collapse, Iterable) else list(collapse)
    if not all(isinstance(title, str) for title in collapse):
        raise TypeError(f"collapse is True, False, a title or a list of titles of parts, got {collapse!r:.60}")
    there = {level.title: None for path in paths.values() for level in path}
    unknown = [title for title in collapse if title not in there]
    if unknown:
        listed = ", ".join(repr(title)[:60] for title in list(there)[:12]) or "none: no module made these nodes"
        raise ValueError(f"no part is titled {unknown[0]!r:.60}; there are {listed}")
    return set(collapse)


# Time ----------------------------------------------------------------------------------------------------------------


def split_time(path: Path) -> tuple[int | None, Path]:
    """The time step of a path, if it has one, and the path without it."""
    for k, level in enumerate(path):
        if level.time is not None:
            return level.time, path[:k] + path[k + 1 :]
    return None, path


def _role(node: Value) -> str:
    scope: Scope | None = getattr(node, "scope", None)
    return "" if scope is None else scope.role


def folded(order: Sequence[Value], paths: dict[Value, Path]) -> dict[Value, Any]:
    """For each node a key that it shares with the nodes of the same role: at other time steps, and of other units of a vector.

    The key of a node at a time step is its path without the time, and its role; without a role, its operation and the keys of
    its parents at the same time, leaves aside. Otherwise it is path and role, or the node itself where no vector is meant.
    """
    keys: dict[Value, Any] = {}
    numbers: dict[Any, int] = {}  # a key within a key by its number, so that keys stay small
    splits = {path: split_time(path) for path in paths.values()}
    for node in order:
        time, path = splits[paths[node]]
        role = _role(node)
        if role:
            keys[node] = (path, role)
        elif time is None:
            keys[node] = node
        else:
            parents = [keys[parent] for parent in node.parents if parent.parents and splits[paths[parent]][0] == time]
            roles = tuple(sorted({numbers.setdefault(key, len(numbers)) for key in parents}))
            keys[node] = (path, node.op, roles)
    return keys


def folded_units(order: Sequence[Value], paths: dict[Value, Path], language: str) -> list[Unit]:
    """The units of the rolled-up picture, of time steps or else of examples. ValueError if there are neither."""
    if all(split_time(path)[0] is None for path in set(paths.values())):
        return _examples(order, paths, language)
    keys = folded(order, paths)
    found: dict[Any, Unit] = {}
    for node in order:
        key = keys[node]
        if key is node:
            found[node] = Unit(paths[node], None, [node])
        else:
            name = key[1] or say(language, "part-input")
            title = f"{node.data:.6g}" if node.is_plain_number else letters(node) if len(key) > 2 and key[1] else name
            op = letters(node) if len(key) == 2 and node.op else ""
            path = key[0][:-1] if key[0] and key[0][-1].title == name else key[0]  # a frame of the same title says nothing
            found.setdefault(key, Unit(path, Level(title, op=op), [])).nodes.append(node)
    return list(found.values())


def states(order: Sequence[Value], paths: dict[Value, Path]) -> dict[int, dict[str, list[Value]]]:
    """The nodes that carry over from one time step to another, by time step and name: the states of a recurrent network."""
    times = {path: split_time(path)[0] for path in paths.values()}
    keys = folded(order, paths)
    carried: dict[Any, None] = {}
    for node in order:
        time = times[paths[node]]
        for parent in node.parents:
            if time is not None and times[paths[parent]] not in (time, None):
                carried[keys[parent]] = None
    found: dict[int, dict[str, list[Value]]] = {}
    for node in order:
        time, key = times[paths[node]], keys[node]
        if time is not None and key in carried:
            found.setdefault(time, {}).setdefault(key[1], []).append(node)
    return found


def _examples(order: Sequence[Value], paths: dict[Value, Path], language: str) -> list[Unit]:
    """The units of several examples as one: what has the same role in the same part, and what is computed from that alike."""
    keys: dict[Value, Any] = {}
    uses: dict[Value, set[Any]] = {}
    numbers: dict[Any, int] = {}  # a key within a key by its number, so that keys stay small

    def number(node: Value) -> int:
        return numbers.setdefault(keys[node], len(numbers))

    for node in order:
        inner = [parent for parent in node.parents if parent.parents]
        if _role(node) and node.parents:
            keys[node] = (paths[node], _role(node))
        elif any(keys[parent] is not parent for parent in inner):
            keys[node] = (paths[node], node.op, tuple(sorted(map(number, inner))))
        elif node.parents:
            keys[node] = node
        for i, parent in enumerate(node.parents):
            uses.setdefault(parent, set()).add((number(node), i))
    groups: dict[Any, list[Value]] = {}
    for node in order:  # what is given is alike where it is used alike
        key = keys.get(node) or ("given", paths[node], frozenset(uses.get(node, [node])))
        groups.setdefault(key, []).append(node)
    if all(len(group) == 1 for group in groups.values() if group[0].parents):
        needed = "nodes of time steps, as the recurrent networks make them, or of several examples"
        raise ValueError(f"rolled=True needs {needed}: there are none here")
    return [Unit(paths[group[0]], _level(group, language) if len(group) > 1 else None, group) for group in groups.values()]


def _level(group: Sequence[Value], language: str) -> Level:
    """The part that several nodes are shown as: their label, if they have one in common, and what is done in them."""
    first = group[0]
    label = first.label if all(node.label == first.label for node in group) else _role(first)
    if not first.parents:
        is_number = first.is_plain_number
        same = all(node.data == first.data for node in group)
        given = f"{first.data:.6g}" if is_number and same else say(language, "part-number" if is_number else "part-input")
        return Level(label or given)
    return Level(label, op=letters(first)) if label else Level(letters(first))
