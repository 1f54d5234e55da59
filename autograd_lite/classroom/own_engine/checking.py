"""`check_engine`: an engine goes through the tasks in order, as far as it comes."""

from __future__ import annotations

import errno
import os
import time
import types
from pathlib import Path
from typing import Any

from ...sentences import known, say
from .diagnosis import diagnosis
from .going_back import engine_of
from .judging import Ask, Finding, failed
from .ladder import further_operations
from .report import Report
from .running import MEMORY, SECONDS, Apart, Here, has_processes
from .tasks import FURTHER, TASKS, Engine

LARGEST_FILE = 1 << 20
ALL_SECONDS = 60.0
"""For all answers together."""


def check_engine(engine: Any, *, language: str | None = None, seconds: float = SECONDS, memory: int = MEMORY) -> Report:
    """What an engine can: the tasks that are done, and of the first that is not, what is wrong.

    engine: the path of a file, which runs in a process of its own that has so many seconds for an answer and so many bytes; or a
    module, or a class like `Value`, which run here; or a bug of the lab, or another function that goes back from an output and
    leaves the derivatives in the grads. language: of what is said. The report shows itself, as text and in Jupyter.

    A class alone is checked as far as it goes: without `topological_order`, `MLP` and `step` those tasks are left out.

    FileNotFoundError, or another OSError, where the file cannot be read; TypeError for what is no engine.

    >>> from autograd_lite import Value
    >>> check_engine(Value).passed
    True
    """
    language = known(language)
    if isinstance(engine, (str, os.PathLike)):
        path = _file(Path(engine))
        name = path.name
        runner: Here | Apart = Apart(str(path), seconds, memory) if has_processes() else Here(str(path))
    elif isinstance(engine, (type, types.ModuleType)):
        name = engine.__name__
        runner = Here(engine)
    elif callable(engine):
        name = getattr(engine, "__name__", type(engine).__name__)
        runner = Here(engine_of(engine))
    else:
        raise TypeError(
            "an engine is a class like Value, a module or the path of a file, or a function that goes back from an output, "
            f"got {type(engine).__name__} {engine!r:.60}"
        )
    try:
        found, states, like = _checked(_within(runner.ask, ALL_SECONDS), name, language)
    finally:
        runner.close()
    return Report(name, states, found, like, runner.printed, runner.changed, memory if runner.bounded else 0, language)


def _file(path: Path) -> Path:
    """The file itself, of a folder its engine.py."""
    if path.is_dir():
        path = path / "engine.py"
    if not path.exists():
        raise FileNotFoundError(errno.ENOENT, "there is no such file; `autograd-lite engine new` writes one", str(path))
    if not path.is_file() or path.stat().st_size > LARGEST_FILE:
        raise ValueError(f"{path} is no file of Python: an engine has a few pages")
    return path.resolve()


def _within(ask: Ask, seconds: float) -> Ask:
    """The same until so many seconds have passed; after that all takes too long."""
    end = time.monotonic() + seconds

    def asked(do: str, **fields: Any) -> dict[str, Any]:
        return ask(do, **fields) if time.monotonic() < end else {"ended": "time", "seconds": seconds}

    return asked


def _checked(ask: Ask, name: str, language: str) -> tuple[Finding | None, list[str], dict[str, str]]:
    """What is wrong, if anything; how each task stands, if it can be loaded; and the mistakes that it is like."""
    states = ["open"] * len(TASKS)
    loaded = ask("load", operations=further_operations())
    found = failed(loaded, f"import {name.removesuffix('.py')}")
    if found is None and not loaded["value"]:
        found = Finding("no-class", {"file": name})
    if found is not None:
        return found, [], {}
    engine = Engine(ask, loaded["operations"], loaded["reflected"], loaded["has"])
    further = [k for k, task in enumerate(FURTHER, 1) if task.function in engine.has]
    states += ["open"] * max(further, default=0)
    for k, task in enumerate((TASKS + FURTHER)[: len(states)]):
        if task.function and task.function not in engine.has:
            states[k] = "absent"
        elif (found := task.check(engine)) is not None:
            return found, states, _like(ask, found, language)
        else:
            states[k] = "done"
    return None, states, {}


def _like(ask: Ask, found: Finding, language: str) -> dict[str, str]:
    if "like" not in found.fields:
        return diagnosis(ask, found, language)
    fields = {"output": "loss", **found.fields}
    return {name: say(language, name, answer=f"{fields['got']:.6g}", **fields) for name in fields["like"]}
