"""A recording that is to hold at other numbers: while it is made, whoever reads a number that will be another one is refused."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar, copy_context
from typing import Any

_HERE, _PYTHON = os.path.dirname(os.path.dirname(__file__)), os.path.dirname(os.__file__) + os.sep
_OURS = (_HERE + os.sep, os.path.join(os.path.dirname(_HERE), "nn", ""), "<autograd_lite", "<frozen")
_NUMPY = os.path.join("-packages", "numpy", "")

REFUSED = "this function cannot be compiled: it branches on data, or draws random numbers."


class Recording:
    """A recording under way. varying: the leaves whose numbers will be others; inputs: those of them that were made for it.
    refusal: why it does not hold, if that is so."""

    def __init__(self, varying: frozenset[Any], inputs: frozenset[Any]) -> None:
        self.varying, self.inputs = varying, inputs
        self.refusal = ""


# That of this thread or task; and those of all, so that reading a number costs no more than a look at an empty list
_current: ContextVar[Recording | None] = ContextVar("_current", default=None)
live: list[Recording] = []


def record(f: Callable[[], Any], inputs: Iterable[Any], parameters: Iterable[Any] = ()) -> Any:
    """What `f` returns. ValueError, with the user's line, where it reads a number that depends on the leaves that vary.

    An error of its own is passed on; one of ours that it catches is raised at the end.
    """
    outer = _current.get()
    inputs = frozenset(inputs)
    recording = Recording(inputs.union(parameters, outer.varying if outer else ()), inputs)
    live.append(recording)
    try:
        # a context of its own is left however `f` ends, by an interrupt too
        result = copy_context().run(_started, recording, f)
    finally:
        live.remove(recording)
    if recording.refusal:
        raise ValueError(recording.refusal)
    return result


def _started(recording: Recording, f: Callable[[], Any]) -> Any:
    _current.set(recording)
    return f()


def watch(deed: str, *nodes: Any) -> None:
    """Called by what reads the numbers of these nodes, while anything is recorded: ValueError if they vary."""
    recording = _recording_of(nodes)
    if recording is not None:
        note(deed, *nodes)
        raise ValueError(recording.refusal)


def note(deed: str, *nodes: Any) -> None:
    """As `watch`, but the recording is refused at its end: for an error, which may be the end of it."""
    recording = _recording_of(nodes)
    if recording is not None and not recording.refusal:
        named = next((f"node {node.label[:40]!r}" for node in nodes if node.label), "a node")
        recording.refusal = (
            f"{REFUSED} {user_line()} {deed} {named}, which depends on inputs or parameters. Choose by operations, such as relu, "
            "maximum or step; to look at a number only, peek(node)"
        )


def _recording_of(nodes: Sequence[Any]) -> Recording | None:
    """The recording in which these nodes vary: that of this thread, or for a thread that it has started, of its inputs."""
    own = _current.get()
    if own is not None:
        return own if _varies(nodes, own.varying) else None
    return next((recording for recording in [*live] if _varies(nodes, recording.inputs)), None)


def _varies(nodes: Iterable[Any], varying: frozenset[Any]) -> bool:
    """Whether any of the nodes was computed from a leaf that varies, or is one."""
    seen: set[Any] = set()
    pending = list(nodes)
    while pending:
        node = pending.pop()
        if node in varying:
            return True
        if node not in seen:
            seen.add(node)
            pending += node.parents
    return False


def user_line() -> str:
    """The file and line that is running outside this project, Python's library and NumPy, which sort and compare for others."""
    frame = sys._getframe(1)
    while frame.f_back is not None and _is_library(frame.f_code.co_filename):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


def _is_library(file: str) -> bool:
    return file.startswith(_OURS) or (file.startswith(_PYTHON) and "-packages" not in file) or _NUMPY in file
