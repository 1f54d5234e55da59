"""``engine``: an engine of one's own, written task by task: ``new``, ``check`` and ``hint``."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shlex
import shutil
import sys
import time
from pathlib import Path

from ..classroom.own_engine import HINTS, Report, check_engine
from ..files import naming, write_whole
from ..pages import template
from ..sentences import say
from ..sentences.widths import wrapped
from ..stepping.terminal import Control, has_colours
from .reading import add_language

FILE = "engine.py"
PAGE = "engine-graph.html"
GIVEN = ".engine-hints.json"
"""Beside the engine: for which task how many hints were given."""
WAIT = 0.25
"""Seconds between two looks at a file."""


def add(command: argparse.ArgumentParser) -> None:
    """The options of the command."""
    command.add_argument("what", choices=("new", "check", "hint"), help="write the file, check it, or get the next hint")
    command.add_argument(
        "path", nargs="?", type=Path, metavar="PATH", help="of new the folder, else the file or its folder (here)"
    )
    command.add_argument("--watch", action="store_true", help="check whenever the file is saved, until Ctrl-C")
    add_language(command)
    command.set_defaults(run=engine)


def engine(what: str, path: Path | None, watch: bool, language: str) -> int:
    """`engine new DIR` writes engine.py, with eight tasks; `engine check` says which are done, and what is wrong with the first
    that is not; `engine check --watch` says it whenever the file is saved; `engine hint` helps, each time further. The engine
    runs in a process of its own, with bounds of time and memory. `check` ends with 0 only if nothing is wrong.
    """
    if watch and what != "check":
        raise ValueError(f"--watch is for `engine check`, not for `engine {what}`")
    if what == "new":
        return _new(Path(".") if path is None else path, language)
    file = Path(FILE) if path is None else path / FILE if path.is_dir() else path
    if what == "hint":
        return _hint(file, language)
    return _watch(file, language) if watch else _check(file, language)


def _new(folder: Path, language: str) -> int:
    with naming(folder):
        folder.mkdir(parents=True, exist_ok=True)
    file = folder / FILE
    try:
        with naming(file), open(file, "x", encoding="utf-8") as new:
            new.write(template("autograd_lite.classroom.own_engine", "engine.txt"))
    except FileExistsError:
        raise ValueError(f"{file} is there already, and is left as it is: name another folder") from None
    _say(language, "engine-written", file=file)
    print(f"\n  autograd-lite engine check {shlex.quote(str(file))} --watch")
    return 0


def _check(file: Path, language: str) -> int:
    report = check_engine(file, language=language)
    print(report.text(_columns()))
    print()
    if report.has_graph:
        try:
            print(say(language, "engine-picture", file=report.save(file.parent / PAGE)))
        except OSError as error:  # the rest has been said
            print(error)
    if report.task is not None:
        print(say(language, "engine-hint-command", command=f"autograd-lite engine hint {shlex.quote(str(file))}"))
    return 0 if report.passed else 1


def _hint(file: Path, language: str) -> int:
    report = check_engine(file, language=language)
    given = file.parent / GIVEN
    number = _number(report, given)
    print(*wrapped(report.hint(number), _columns()), sep="\n")
    if report.task is not None:
        if number == HINTS:
            _say(language, "engine-hint-last")
        with contextlib.suppress(OSError):  # then it is the first one again
            write_whole(given, json.dumps({"task": report.task, "hints": number}).encode())
    return 0


def _number(report: Report, given: Path) -> int:
    """Which hint is the next one for the open task."""
    try:
        before = json.loads(given.read_text("utf-8"))
        return min(int(before["hints"]) + 1, HINTS) if before["task"] == report.task else 1
    except (OSError, ValueError, KeyError, TypeError):
        return 1


def _watch(file: Path, language: str) -> int:
    """Checks whenever the file has changed, until it is interrupted."""
    seen: object = ()
    try:
        while True:
            now = _state(file)
            if now != seen:
                time.sleep(WAIT)  # an editor may still write
                if _state(file) != now:
                    continue
                seen = now
                _clear()
                if now is None:
                    _say(language, "engine-gone", file=file)
                else:
                    _looked_at(file, language)
                _say(language, "engine-watching", file=file)
                sys.stdout.flush()
            time.sleep(WAIT)
    except KeyboardInterrupt:
        print()
        _say(language, "engine-watched")
        return 0


def _looked_at(file: Path, language: str) -> None:
    try:
        _check(file, language)
    except (OSError, ValueError) as error:  # it has gone meanwhile, or is none that can be read
        print(error)


def _state(file: Path) -> object:
    """What changes when a file is saved; None where there is none."""
    try:
        status = os.stat(file)
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


def _clear() -> None:
    if sys.stdout.isatty() and has_colours():
        sys.stdout.write(Control("\x1b[2J\x1b[3J\x1b[H"))


def _say(language: str, key: str, **fields: object) -> None:
    print(*wrapped(say(language, key, **fields), _columns()), sep="\n")


def _columns() -> int:
    return min(shutil.get_terminal_size().columns, 100) - 1
