"""The system's C compiler, and where what it compiled is kept for the next time."""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import re
import shlex
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

FLAGS = ["-shared", "-fPIC", "-ffp-contract=off"]
BETTER = ["-fno-math-errno", "-fno-trapping-math", "-fopenmp-simd", "-march=native"]
# What finds nothing in such programs, and takes GCC an eighth of its time
BETTER += ["-fno-tree-ccp", "-fno-tree-vrp", "-fno-gcse"]

# Of this process, by name. A library once loaded stays so, whether or not it is kept here
_libraries: dict[str, ctypes.CDLL] = {}


def library(source: str, level: str) -> ctypes.CDLL:
    """The compiled source, with its function `program`: from the user's cache directory if it is there, else put there.

    Where the cache cannot be used, it is compiled in a temporary directory. RuntimeError, which says why in one line, where
    there is no compiler, or one that does not work: then what failed is its cause.
    """
    command = _compiler()
    try:
        key = "\0".join([source, *command, _version(tuple(command)), *FLAGS, *BETTER, level, _machine()])
        name = hashlib.sha256(key.encode(errors="surrogateescape")).hexdigest()[:32]
        if name not in _libraries:
            _libraries[name] = _found(source, [*command, level], name)
        return _libraries[name]
    except OSError as error:
        raise RuntimeError(f"the C compiler {shlex.join(command)!r} does not work: {error}; {OTHERS}") from error


def _found(source: str, command: Sequence[str], name: str) -> ctypes.CDLL:
    directory = _cache_directory()
    if directory is not None:
        with suppress(OSError):  # it may be full, or hold files that must not run
            return _kept(directory, name) or _compiled(source, command, name, directory)
    return _compiled(source, command, name)


# The compiler --------------------------------------------------------------------------------------------------------

OTHERS = "the dialects 'python', 'numpy' and 'jax' need none"


def _compiler() -> list[str]:
    """The command of the environment variable CC, else the system's C compiler. RuntimeError where there is none."""
    named = os.environ.get("CC", "")
    try:
        command = shlex.split(named)
    except ValueError as error:
        raise RuntimeError(f"the environment variable CC, {named!r}, is no command: {error}; {OTHERS}") from error
    command = command or [next(filter(shutil.which, ("cc", "gcc", "clang")), "cc")]
    if shutil.which(command[0]) is None:
        raise RuntimeError(
            f"dialect='c' needs a C compiler, and there is no {command[0]!r}: install gcc or clang, or name yours in the "
            f"environment variable CC; {OTHERS}"
        ) from (FileNotFoundError(command[0]) if named else None)
    return command


@cache
def _version(command: tuple[str, ...]) -> str:
    return _run([*command, "--version"]).stdout


def _run(command: Sequence[str], folder: str | None = None) -> subprocess.CompletedProcess[str]:
    """What a compiler answers. folder: for its own temporary files, which it leaves behind if it is interrupted."""
    surroundings = {**os.environ, "TMPDIR": folder} if folder else None
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", env=surroundings)


@cache
def _machine() -> str:
    """What a compiled program runs on: it uses what this processor can do."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    features = [line for line in lines if line.lower().startswith(("flags", "features", "model name"))]
    return "\0".join([platform.platform(), platform.machine(), platform.processor(), *features[:2]])


def _compiled(source: str, command: Sequence[str], name: str, directory: Path | None = None) -> ctypes.CDLL:
    """The library, made and loaded in a folder that is gone afterwards, and kept in the directory. OSError where that fails."""
    with tempfile.TemporaryDirectory(dir=directory, ignore_cleanup_errors=True) as folder:
        made = _made(source, command, folder)
        found = _loaded(made)
        if directory is not None:
            _keep(made, directory, name)
        return found


def _made(source: str, command: Sequence[str], folder: str) -> Path:
    made = Path(folder, "program.so")
    codes = [Path(folder, name) for name in ("program.c", "rest.c")]
    units = _units(source)
    for code, unit in zip(codes, units):
        code.write_text(unit, encoding="utf-8")
    for flags in ([*FLAGS, *BETTER], FLAGS):
        done = _built([*command, *flags], codes[: len(units)], made, folder)
        if done.returncode == 0:
            break
    else:
        lines = [line for line in done.stderr.splitlines() if line.strip()] or [f"exit status {done.returncode}"]
        raise OSError(next((line for line in lines if "error" in line.lower()), lines[0]))
    if not made.exists():
        raise OSError("it reports success, and made no library")
    return made


def _built(command: Sequence[str], codes: Sequence[Path], made: Path, folder: str) -> subprocess.CompletedProcess[str]:
    """What the compiler answers: of several files, which it compiles at the same time, the first that is no success."""
    files = list(map(str, codes))
    if len(files) > 1:
        from concurrent.futures import ThreadPoolExecutor

        objects = [f"{file}.o" for file in files]
        with ThreadPoolExecutor(len(files)) as pool:
            each = list(pool.map(lambda file, to: _run([*command, "-c", file, "-o", to], folder), files, objects))
        for done in each:
            if done.returncode:
                return done
        files = objects
    return _run([*command, *files, "-o", str(made), "-lm"], folder)


# A source of so many characters takes long enough to be worth two compilers. What they share nobody else sees
LONG, SHARED = 50_000, '__attribute__((visibility("hidden"))) '
FUNCTION = re.compile(r"^static (void run\d+\(double \*restrict v\)) (\{\n.*?^\}\n)", re.MULTILINE | re.DOTALL)


def _units(source: str) -> list[str]:
    """A long source as two files: half of the functions that it calls one after the other are in the first."""
    functions = list(FUNCTION.finditer(source)) if len(source) > LONG else []
    apart = [found for found in functions if found.end() < len(source) / 2]
    if not apart:
        return [source]
    before, after = source[: apart[0].start()], source[apart[-1].end() :]
    defined = [f"{SHARED}{found[1]} {found[2]}" for found in apart]
    declared = [f"{SHARED}{found[1]};\n" for found in apart]
    return ["".join([before, *defined]), "".join([before, *declared, after])]


def _loaded(path: Path) -> ctypes.CDLL:
    found = ctypes.CDLL(str(path))
    if not hasattr(found, "program"):
        raise OSError(f"{path} has no function `program`")
    return found


# The cache -----------------------------------------------------------------------------------------------------------


def _cache_directory() -> Path | None:
    """The directory, in the user's cache directory. None if there is none to be had in which nobody else can put a program."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or "~/AppData/Local"
    elif sys.platform == "darwin":
        base = "~/Library/Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME", "")
        base = base if os.path.isabs(base) else "~/.cache"
    directory = Path(os.path.expanduser(base), "autograd_lite")
    if not directory.is_absolute():  # who has no home
        return None
    try:
        above = next(path for path in directory.parents if path.exists()).stat()
        replaceable = above.st_mode & stat.S_IWOTH and not above.st_mode & stat.S_ISVTX
        if not _is_own(above, or_system=True) or replaceable:
            return None
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        own = directory.lstat()
        return directory if stat.S_ISDIR(own.st_mode) and _is_own(own) and not own.st_mode & 0o022 else None
    except OSError:
        return None


def _is_own(found: os.stat_result, or_system: bool = False) -> bool:
    """Whether it is a file of this user's. On Windows, whatever is in the user's folder is."""
    return not hasattr(os, "geteuid") or found.st_uid in ({os.geteuid(), 0} if or_system else {os.geteuid()})


def _kept(directory: Path, name: str) -> ctypes.CDLL | None:
    """The library that is kept under the name, if it is whole and ours."""
    path = directory / f"{name}.so"
    digest = path.with_suffix(".sha256")
    try:
        for file in (path, digest):
            found = file.lstat()
            if not stat.S_ISREG(found.st_mode) or not _is_own(found):
                return None
        return _loaded(path) if digest.read_bytes() == _digest(path, name) else None
    except OSError:
        return None


def _keep(made: Path, directory: Path, name: str) -> None:
    """Moves the library to its place, whole; what cannot be kept is compiled again the next time."""
    digest = made.with_suffix(".sha256")
    with suppress(OSError):
        digest.write_bytes(_digest(made, name))
        os.replace(made, directory / f"{name}.so")
        os.replace(digest, directory / f"{name}.sha256")


def _digest(path: Path, name: str) -> bytes:
    """Of the file's content, as that of this name: the library of another program is not taken for it."""
    return hashlib.sha256(name.encode() + path.read_bytes()).hexdigest().encode()
