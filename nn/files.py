"""JSON files that are written whole or not at all, and read with limits: data only, never code."""

from __future__ import annotations

import errno
import json
import math
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from autograd_lite.files import naming, write_whole


def write_json(path: str | os.PathLike[str], data: Any) -> None:
    """Writes `data` with `write_whole`. ValueError, with nothing written, for an infinite or nan number."""
    write_whole(path, json.dumps(data, allow_nan=False, indent=1).encode())


def read_json(path: str | os.PathLike[str], limit: int) -> Any:
    """What a JSON file says. ValueError, naming the file, if it is no regular file, is longer than `limit` bytes, is not UTF-8
    or not JSON, is truncated or too deeply nested, has a key twice in an object, or a number that is not finite (NaN, 1e400)."""
    with open(path, "rb", opener=_without_waiting) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise ValueError(f"{path} is not a regular file: copy what it gives to one, and read that")
        raw = file.read(limit + 1)
    if len(raw) > limit:
        raise ValueError(f"{path} is longer than the {limit} bytes that can be expected here: is it the right file?")
    try:
        return json.loads(
            raw.decode("utf-8"),
            object_pairs_hook=_without_duplicates,
            parse_constant=_finite,
            parse_float=_finite,
            parse_int=_whole,
        )
    except RecursionError:
        raise ValueError(f"{path} is nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"{path} cannot be read: {error}") from None


@contextmanager
def only_writer(path: str | os.PathLike[str]) -> Iterator[None]:
    """Within it nobody else gets here with this file: they get a BlockingIOError.

    What is locked is a file beside it, removed at the end. The lock ends with the process, however that ends.
    """
    folder, name = os.path.split(os.path.realpath(path))
    name = os.path.join(folder, os.fsdecode(os.fsencode(f".{name}")[:240]) + ".lock")  # a name has up to 255 bytes
    with naming(path):
        lock = os.open(name, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        if _is_taken(lock, name):
            advice = "let it end, or name another file"
            raise BlockingIOError(errno.EWOULDBLOCK, f"another training is saved to this file ({advice})", os.fspath(path))
        try:
            yield
        finally:
            with suppress(OSError):  # Windows removes no open file
                os.unlink(name)
    finally:
        os.close(lock)


def _is_taken(lock: int, name: str) -> bool:
    """Whether another process has the lock, or has just removed it. If not it is ours now, on systems that have locks."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(lock, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return not os.path.samestat(os.fstat(lock), os.stat(name))
    except ImportError:
        return False
    except OSError as error:
        return error.errno in (errno.EWOULDBLOCK, errno.EACCES, errno.ENOENT)


def _without_waiting(path: str, flags: int) -> int:
    """Opens a FIFO too at once, whether or not anyone writes to it."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key[:60]!r} is there twice")
        found[key] = value
    return found


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:60]} is not a finite number")
    return number


def _whole(text: str) -> int:
    _finite(text)
    return int(text)
