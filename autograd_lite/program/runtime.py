"""How a program runs: what every dialect makes of one that was recorded."""

from __future__ import annotations

import importlib
import weakref
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any, NamedTuple

from ..sources import execute, forget


class Made(NamedTuple):
    """A program in a dialect: its source, the function that the source defines (none in C), and what runs it on arguments."""

    source: str
    function: Callable[..., Any] | None
    run: Callable[[Sequence[Any]], Any]


_serial = count(1)


def executed(source: str, faster: str = "", **names: Any) -> Callable[..., Any]:
    """The function that the source defines. Debuggers and tracebacks show its lines, as long as it is there.

    faster: what is run in its place, line by line. names: what that needs beside what the source imports.
    """
    file = f"<autograd_lite program {next(_serial)}>"
    execute(source, file, names, runs=faster)
    function: Callable[..., Any] = names.pop("program")  # or it would be one of the names that it sees, a cycle
    weakref.finalize(function, _forget, file, names).atexit = False
    return function


def _forget(file: str, names: dict[str, Any]) -> None:
    forget(file)
    names.clear()  # its helpers see each other


def imported(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError:
        raise ImportError(f"dialect={module!r} needs the package {module}: pip install {module}") from None
