"""Files are written whole or not at all: pictures, pages, and the states of `nn`, for which the names here are public."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress

TO_DO = {
    errno.ENOENT: "make its folder first",
    errno.EISDIR: "name a file in it",
    errno.ENOSPC: "free some space there, or name another place",
    errno.EACCES: "name a place that may be written to",
    errno.EROFS: "name a place that may be written to",
}


def write_whole(path: str | os.PathLike[str], data: bytes) -> None:
    """Writes `data` to a file that replaces `path` once it is complete on disk: a crash or a full disk leaves the old one.

    Links are followed. A file keeps its permissions, and its owner where the system allows it. What is no regular file (a
    FIFO, a device) is written into. OSError names `path` and says what to do.
    """
    with naming(path):
        try:
            with open(path, "wb", opener=_as_it_is) as file:
                old = os.fstat(file.fileno())
                if not stat.S_ISREG(old.st_mode):
                    file.write(data)
                    return
        except FileNotFoundError:
            old = None
            if not os.path.basename(path):
                raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR)) from None
        _replace(os.path.realpath(path), data, old)


@contextmanager
def naming(path: str | os.PathLike[str]) -> Iterator[None]:
    """An OSError from within names `path`, whatever file or folder it came from, and says what to do."""
    try:
        yield
    except OSError as error:
        what_to_do = TO_DO.get(error.errno or 0, "name another file")
        raise OSError(error.errno, f"{error.strerror or error} ({what_to_do})", os.fspath(path)) from None


def _as_it_is(path: str, flags: int) -> int:
    """Opens what is there: nothing is made or emptied."""
    return os.open(path, flags & ~(os.O_CREAT | os.O_TRUNC))


def _replace(target: str, data: bytes, old: os.stat_result | None) -> None:
    """Puts a new file in the place of `target`, whose status was `old`."""
    unfinished = os.path.join(os.path.dirname(target), f".unfinished-{os.urandom(8).hex()}")
    mode = 0o666 if old is None else 0o600  # of a new file the system takes the umask away
    try:
        with open(unfinished, "xb", opener=lambda path, flags: os.open(path, flags, mode)) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if old is not None:
            for owner in ((-1, old.st_gid), (old.st_uid, -1)):
                with suppress(OSError, AttributeError):  # another user's, or Windows
                    os.chown(unfinished, *owner)
            os.chmod(unfinished, old.st_mode & 0o777)
        os.replace(unfinished, target)
    finally:
        with suppress(OSError):  # it has become the target, or was never made
            os.unlink(unfinished)
