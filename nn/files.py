"""JSON files that are written whole or not at all, and read with limits: data only, never code."""

from __future__ import annotations

import errno
import json
import math
import os
import tempfile
from pathlib import Path
from typing import Any


def write_json(path: str | os.PathLike[str], data: Any) -> None:
    """Writes `data` to a file that replaces `path` once it is complete on disk: a crash or a full disk leaves the old one.

    ValueError, with nothing written, for an infinite or nan number.
    """
    text = json.dumps(data, allow_nan=False, indent=1)
    target = Path(os.path.realpath(path))
    if not target.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "there is no such folder", str(target.parent))
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".unfinished-", suffix=".json")
    try:
        with open(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask())
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise


def read_json(path: str | os.PathLike[str], limit: int) -> Any:
    """What a JSON file says. ValueError, naming the file, if it is longer than `limit` bytes, is not UTF-8 or not JSON, is
    truncated or too deeply nested, has a key twice in an object, or a number that is not finite (NaN, 1e400)."""
    with open(path, "rb") as file:
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


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
