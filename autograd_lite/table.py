"""A table: rows by the name of their operation."""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")


class Table(dict[str, T]):
    """A dict in which a row that is not there is said to be missing."""

    def __missing__(self, op: str) -> T:
        raise LookupError(f"there is no operation {op!r:.60}: if it was registered, register it again")
