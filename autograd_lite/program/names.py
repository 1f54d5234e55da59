"""Names for the variables of a program: the labels of its nodes, where they are names."""

from __future__ import annotations

import builtins
import keyword
import re
import unicodedata
from collections.abc import Iterable, Sequence

from ..floats import FLOATS

# What a program may call or import, in any dialect
RESERVED = {*keyword.kwlist, *keyword.softkwlist, *dir(builtins), *FLOATS}
RESERVED |= {"program", "power", "inf", "nan", "math", "functools", "np", "jnp", "jax"}
LONGEST = 40


class Names:
    """Gives out valid identifiers, all different and none reserved: a label itself where it is one and free."""

    def __init__(self, used: Iterable[str] = ()) -> None:
        self._used = RESERVED | set(used)
        self._tried: dict[str, int] = {}

    def of(self, label: str, separator: str = "_") -> str:
        # Python takes names for the same that are so in this form
        name = unicodedata.normalize("NFKC", label[:LONGEST])
        if not name.isidentifier():
            name = re.sub(r"\W+", "_", name).strip("_")
            name = name if name.isidentifier() else f"v_{name}" if f"v_{name}".isidentifier() else "v"
        while True:
            tries = self._tried[name] = self._tried.get(name, 0) + 1
            free = name if tries == 1 else f"{name}{separator}{tries}"
            if free not in self._used:
                self._used.add(free)
                return free

    def temporary(self) -> str:
        """A name for what has no label: t, t2, t3, ..."""
        return self.of("t", "")


def comment(label: str) -> str:
    """A label as part of one line."""
    label = label if len(label) <= 2 * LONGEST else label[: 2 * LONGEST] + "..."
    return label if label.isprintable() else ascii(label)


def listed(names: Sequence[str], most: int = 8) -> str:
    return ", ".join(names) if len(names) <= most else f"{', '.join(names[:most])}, ... ({len(names)} in all)"
