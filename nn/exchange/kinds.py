"""Whether a part of a model computes what its kind computes: a subclass with a `forward` of its own may compute anything."""

from __future__ import annotations

from typing import Any

COMPUTING = (
    "__call__",
    "forward",
    "_row",
    "_normed",
    "_scaled",
    "run",
    "net",
    "_unroll",
    "project",
    "attend",
    "feed",
    "embed",
    "read",
)


def computes_as(thing: Any, kind: type) -> bool:
    """Whether it is of that kind, and computes what that kind computes."""
    names = [name for name in COMPUTING if hasattr(kind, name)]
    return isinstance(thing, kind) and all(getattr(type(thing), name) is getattr(kind, name) for name in names)


def declared(cell: Any, name: str) -> bool:
    """Whether what a cell declares under that name is said of what it computes: the class that has its `forward` has both."""
    kind = next(kind for kind in type(cell).__mro__ if "forward" in vars(kind))
    return name in vars(kind) and computes_as(cell, kind)
