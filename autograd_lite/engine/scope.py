"""The part of a model that made a node: what pictures frame."""

from __future__ import annotations

from typing import Any, NamedTuple


class _Scope(NamedTuple):
    title: str
    parent: Scope | None = None
    key: Any = None
    time: int | None = None
    role: str = ""


class Scope(_Scope):
    """The part of a model that made a node, for pictures: a title, the part it lies in, and what tells it from its like.

    Compared by value. `key` tells apart two parts of one title. `time`: of a time step, its number; a part titled ``t = 3`` is
    one too. `role`: what the node is in its part, the same at each time and for each unit of a vector: the net input, the input
    gate; of a leaf, ``"input"``, or ``"constant"`` where it is not trained. Tag a node of your own module with
    ``node.scope = Scope("my part")``; what it was computed from and no other part uses is shown with it.

    >>> [scope.title for scope in Scope("h1", Scope("layer 1")).path]
    ['layer 1', 'h1']
    >>> Scope("t = 3", role="h").time
    3
    """

    __slots__ = ()
    __module__ = "autograd_lite"

    def __new__(cls, title: str, parent: Scope | None = None, key: Any = None, time: int | None = None, role: str = "") -> Scope:
        number = title[4:] if time is None and isinstance(title, str) and title.startswith("t = ") else ""
        if number and number.removeprefix("-").isdecimal() and len(number) < 10:
            time = int(number)
        return super().__new__(cls, title, parent, key, time, role)

    @property
    def path(self) -> tuple[Scope, ...]:
        """The parts that it lies in, from the outermost on, and itself."""
        path = [self]
        while path[-1].parent is not None:
            path.append(path[-1].parent)
        return tuple(path[::-1])
