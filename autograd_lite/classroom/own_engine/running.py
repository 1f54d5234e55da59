"""Where an engine runs: in a process of its own, with bounds of time and memory, or in this one where that cannot be."""

from __future__ import annotations

import builtins
import contextlib
import inspect
import io
import json
import linecache
import math
import operator
import os
import queue
import random
import signal
import subprocess
import sys
import threading
from typing import IO, Any

from ...value import Value
from . import student
from .student import Student, sayable

SECONDS = 10.0
"""An answer takes no longer."""
MEMORY = 1 << 30
"""Bytes: a process gets no more, where the system bounds it."""
MOST_PRINTED = 2000
"""Characters of what an engine prints."""
USED = (contextlib, inspect, io, json, linecache, math, operator, random)
"""Modules of Python that a check needs as they are."""
DEEPEST = 150
"""Calls within one another in a browser, whose stack is short: too many end all of Python."""


class Kept(io.TextIOBase):
    """The beginning of what is printed."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> int:
        if len(self.text) < MOST_PRINTED:  # what follows costs the engine next to none of its steps
            self.text = (self.text + sayable(text[:MOST_PRINTED]))[:MOST_PRINTED]
        return len(text)


class Here:
    """An engine within this process: its lines are bounded, its memory is not. engine: a path, a module or a class."""

    bounded = False

    def __init__(self, engine: Any) -> None:
        ours = [module for name, module in list(sys.modules.items()) if name.partition(".")[0] == "autograd_lite"]
        self._student = Student(engine, [builtins, *USED, *ours])
        self._kept = Kept()
        self._value = dict(vars(Value))

    @property
    def printed(self) -> str:
        return self._kept.text

    @property
    def changed(self) -> list[str]:
        return sorted(set(self._student.changed))

    def ask(self, do: str, **fields: Any) -> dict[str, Any]:
        leave, stdin, deepest = os._exit, sys.stdin, sys.getrecursionlimit()
        vars(os)["_exit"] = sys.exit  # else this process would end
        sys.stdin = io.StringIO()
        if not has_processes():
            sys.setrecursionlimit(len(inspect.stack(0)) + DEEPEST)
        try:
            with contextlib.redirect_stdout(self._kept), contextlib.redirect_stderr(self._kept):
                found = self._student.answer({"do": do, **fields})
        finally:
            vars(os)["_exit"] = leave
            sys.stdin = stdin
            sys.setrecursionlimit(deepest)
            for name, thing in self._value.items():
                if vars(Value).get(name) is not thing:
                    setattr(Value, name, thing)
        loaded: dict[str, Any] = json.loads(json.dumps(found))
        return loaded

    def close(self) -> None:
        pass


class Apart:
    """The engine of a file, in a process of its own: whatever it does, an answer comes, and `close` ends it.

    An answer has "ended" in it where the process did not survive the request: "time", or how Python ended. The next request has a
    new one.
    """

    def __init__(self, path: str, seconds: float = SECONDS, memory: int = MEMORY) -> None:
        self._path, self._seconds, self._memory = path, seconds, memory
        self._process: subprocess.Popen[str] | None = None
        self._answers: queue.Queue[str] = queue.Queue()
        self._threads: list[threading.Thread] = []
        self.printed, self.bounded = "", True
        self.changed: list[str] = []

    def ask(self, do: str, **fields: Any) -> dict[str, Any]:
        if self._process is None:
            self._start()
            if do != "load":
                self.ask("load")
        process = self._process
        if process is None:  # it ended while the engine was loaded anew
            return {"ended": "again"}
        assert process.stdin is not None
        try:
            process.stdin.write(json.dumps({"do": do, **fields}) + "\n")
            process.stdin.flush()
            found = json.loads(self._answers.get(timeout=self._seconds))
            self.changed, self.bounded = found.pop("changed"), found.pop("bounded")
            return dict(found)
        except queue.Empty:
            self.close()
            return {"ended": "time", "seconds": self._seconds}
        except (OSError, ValueError, KeyError, TypeError):  # no more answers, or what is none
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(self._seconds)
            status = process.poll()
            self.close()
            return {"ended": _how(status)}

    def _start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-B", "-u", student.__file__, self._path, str(self._memory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            env={**os.environ, "PYTHONIOENCODING": "utf-8:replace"},
            cwd=os.path.dirname(self._path),
            start_new_session=True,
        )
        self._answers = queue.Queue()
        self._threads = [
            threading.Thread(target=work, args=(stream,), daemon=True)
            for work, stream in ((self._listen, self._process.stdout), (self._keep, self._process.stderr))
        ]
        for thread in self._threads:
            thread.start()

    def _listen(self, stream: IO[str]) -> None:
        answers = self._answers
        with stream:
            for line in stream:
                answers.put(line)
        answers.put("")

    def _keep(self, stream: IO[str]) -> None:
        with stream:
            while data := os.read(stream.fileno(), 1 << 16):
                if len(self.printed) < MOST_PRINTED:
                    self.printed = (self.printed + data.decode("utf-8", "replace"))[:MOST_PRINTED]

    def close(self) -> None:
        """Ends the process, and all that it has started."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(OSError):
            if hasattr(os, "killpg"):
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
        process.wait()
        with contextlib.suppress(OSError):
            process.stdin.close()  # type: ignore[union-attr]
        for thread in self._threads:
            thread.join(0.5)  # not for ever: another process of the engine's, which has got away, may have its stream


def _how(status: int | None) -> str:
    """How a process has ended, by its status."""
    if status is None or status >= 0:
        return "exit"
    with contextlib.suppress(ValueError):
        return signal.Signals(-status).name
    return str(-status)


def has_processes() -> bool:
    return sys.platform not in ("emscripten", "wasi")
