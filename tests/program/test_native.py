"""Programs in C: compiled once, kept safely, and clear about what is missing."""

import ctypes
import errno
import hashlib
import os
import random
import re
import shutil
import signal
import stat
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import pytest
from waiting import until

from autograd_lite import Value, compile_program, exp, tanh
from autograd_lite.program import compiler
from nn import MLP, train
from nn.compiled import fastest_dialect

TANH_1 = 0.7615941559557649


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A cache directory of the test's own, and nothing loaded yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(compiler, "_libraries", {})
    fastest_dialect.cache_clear()
    yield tmp_path / "cache" / "autograd_lite"
    fastest_dialect.cache_clear()


@pytest.fixture
def compiled(monkeypatch):
    """The commands of a compiler that are run."""
    commands = []
    run = subprocess.run

    def recording(command, **options):
        if "-shared" in command:
            commands.append(command)
        return run(command, **options)

    monkeypatch.setattr(compiler.subprocess, "run", recording)
    return commands


def program(scale=2.0):
    """A program, as another process would have it: what this one has loaded is forgotten."""
    compiler._libraries.clear()
    x = Value(1.0, "x")
    return compile_program(tanh(x) * scale, [x], dialect="c")


# What is kept ---------------------------------------------------------------------------------------------------------


def test_a_program_is_compiled_once_and_kept(cache, compiled):
    assert program()(0.0) == 0.0 and len(compiled) == 1
    assert program()(0.0) == 0.0 and len(compiled) == 1
    assert program(3.0)(0.0) == 0.0 and len(compiled) == 2
    assert sorted(path.suffix for path in cache.iterdir()) == [".sha256", ".sha256", ".so", ".so"]
    assert stat.S_IMODE(cache.stat().st_mode) == 0o700


@pytest.mark.parametrize("suffix", [".so", ".sha256"])
@pytest.mark.parametrize("content", [None, b"", b"\x7fELF garbage", "half"])
def test_a_damaged_file_is_compiled_again(cache, compiled, suffix, content):
    program()
    (path,) = cache.glob(f"*{suffix}")
    if content is None:
        path.unlink()
    else:
        # a new file, as another process would leave it: this one has the old one open
        whole = path.read_bytes()
        path.unlink()
        path.write_bytes(whole[: len(whole) // 2] if content == "half" else content)
    assert program()(1.0) == pytest.approx(2 * TANH_1, rel=1e-15)
    assert len(compiled) == 2


def test_a_digest_of_the_content_alone_vouches_for_nothing(cache, compiled):
    program()
    (path,) = cache.glob("*.so")
    half = path.read_bytes()[:4000]
    path.unlink()
    path.write_bytes(half)
    path.with_suffix(".sha256").write_text(hashlib.sha256(half).hexdigest())
    assert program()(1.0) == pytest.approx(2 * TANH_1, rel=1e-15) and len(compiled) == 2


def test_the_library_of_another_program_is_not_taken_for_this_one(cache, compiled):
    program(2.0)
    mine = {path.suffix: path for path in cache.iterdir()}
    program(3.0)
    for other in set(cache.iterdir()) - set(mine.values()):
        os.replace(other, mine[other.suffix])
    assert program(2.0)(1.0) == pytest.approx(2 * TANH_1, rel=1e-15) and len(compiled) == 3


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes with names")
@pytest.mark.parametrize("suffix", [".so", ".sha256"])
@pytest.mark.parametrize("put", [os.mkdir, os.mkfifo, lambda path: os.symlink(path.parent / "kept", path)])
def test_what_is_no_file_is_compiled_again(cache, compiled, suffix, put):
    program()
    (path,) = cache.glob(f"*{suffix}")
    os.replace(path, cache / "kept")
    put(path)
    for _ in range(2):
        assert program()(1.0) == pytest.approx(2 * TANH_1, rel=1e-15)
    assert len(compiled) == (3 if path.is_dir() else 2)  # a directory stays in the way


def test_a_file_that_cannot_be_loaded_is_compiled_again(cache, compiled, monkeypatch):
    program()
    load = ctypes.CDLL
    attempts = []

    def failing_once(path):
        attempts.append(path)
        if len(attempts) == 1:
            raise OSError("wrong machine")
        return load(path)

    monkeypatch.setattr(compiler.ctypes, "CDLL", failing_once)
    assert program()(0.0) == 0.0 and len(compiled) == 2


def test_what_is_loaded_is_not_looked_for_again(compiled):
    first = program()
    shutil.rmtree(compiler._cache_directory())
    x = Value(1.0, "x")
    assert compile_program(tanh(x) * 2.0, [x], dialect="c")(0.5) == first(0.5) and len(compiled) == 1


# Where it is kept -----------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_that_is_not_writable_is_not_needed(cache, compiled):
    cache.mkdir(parents=True)
    cache.chmod(0o500)
    assert program()(0.0) == 0.0 and not list(cache.iterdir())


def test_no_cache_directory_is_needed(cache, compiled):
    cache.parent.mkdir()
    cache.write_text("a file in its place")
    assert program()(0.0) == 0.0 and len(compiled) == 1
    x = Value(1.0, "x")
    assert compile_program(tanh(x) * 2.0, [x], dialect="c")(0.0) == 0.0 and len(compiled) == 1


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="files have no owners")
def test_the_directory_of_another_user_is_not_used(cache, compiled, monkeypatch):
    program()
    before = set(cache.iterdir())
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    assert compiler._kept(cache, next(path.stem for path in before)) is None
    assert compiler._cache_directory() is None
    assert program()(0.0) == 0.0 and len(compiled) == 2 and set(cache.iterdir()) == before


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="files have no owners")
@pytest.mark.parametrize("mode", [0o777, 0o770, 0o707])
def test_a_directory_in_which_others_may_write_is_not_used(cache, mode):
    cache.mkdir(parents=True)
    cache.chmod(mode)
    assert program()(0.0) == 0.0 and not list(cache.iterdir())


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="files have no owners")
@pytest.mark.parametrize("mode, used", [(0o777, False), (0o1777, True)])
def test_a_directory_that_others_may_replace_is_not_used(cache, mode, used):
    cache.parent.mkdir()
    cache.parent.chmod(mode)
    assert program()(0.0) == 0.0 and cache.exists() == used


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="files have no owners")
def test_nothing_is_put_among_the_files_of_another_user(cache, monkeypatch):
    cache.parent.mkdir()
    if os.geteuid() == 0:  # with a home that is somebody else's
        os.chown(cache.parent, 12345, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: 12345)
    assert program()(0.0) == 0.0 and not cache.exists()


def test_a_link_in_the_place_of_the_directory_is_not_followed(cache, tmp_path):
    cache.parent.mkdir()
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    cache.symlink_to(tmp_path / "elsewhere")
    assert program()(0.0) == 0.0 and not list((tmp_path / "elsewhere").iterdir())


def test_who_has_no_home_needs_none(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")  # by its standard to be ignored
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    assert compiler._cache_directory() == tmp_path / "home" / ".cache" / "autograd_lite"
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)  # for a user whom the system does not know
    assert compiler._cache_directory() is None
    assert program()(0.0) == 0.0 and [path.name for path in tmp_path.iterdir()] == ["home"]


def test_a_full_directory_is_not_needed(cache, monkeypatch):
    write = Path.write_text

    def full(path, *content, **options):
        if cache in path.parents:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(path, *content, **options)

    monkeypatch.setattr(Path, "write_text", full)
    assert program()(0.0) == 0.0 and not list(cache.iterdir())


def test_a_directory_whose_files_must_not_run_is_not_needed(cache, monkeypatch):
    load = ctypes.CDLL

    def elsewhere(path):
        if cache in Path(path).parents:
            raise OSError("failed to map segment from shared object: Operation not permitted")
        return load(path)

    monkeypatch.setattr(compiler.ctypes, "CDLL", elsewhere)
    assert program()(0.0) == 0.0 and not list(cache.iterdir())


# The compiler ---------------------------------------------------------------------------------------------------------


def test_without_a_compiler_the_other_dialects_are_named(monkeypatch):
    monkeypatch.setenv("CC", "no-such-compiler --flag")
    with pytest.raises(RuntimeError, match=r"no 'no-such-compiler': install gcc or clang.*'python', 'numpy' and 'jax' need none"):
        program()


def test_what_a_compiler_says_is_told_in_one_line():
    with pytest.raises(RuntimeError, match=r"does not work: .*program\.c:1:\d+: error: .*this") as told:
        compiler.library("this is not C", "-O2")
    assert "\n" not in str(told.value)


def test_a_long_program_is_compiled_by_two_at_once_to_the_same_bits(compiled, monkeypatch):
    def compiled_from(long):
        monkeypatch.setattr(compiler, "LONG", long)
        compiler._libraries.clear()
        shutil.rmtree(compiler._cache_directory(), ignore_errors=True)
        compiled.clear()
        return compile_program(y, [x], gradients_of=y, dialect="c"), len(compiled)

    rng = random.Random(0)
    x = y = Value(0.5, "x")
    for _ in range(600):
        y = rng.choice([tanh, lambda v: v * x, lambda v: v + 0.25, lambda v: exp(-v)])(y)
    whole, commands = compiled_from(10**9)
    assert commands == 1
    halves, commands = compiled_from(1000)
    assert commands == 3  # each half, and both together
    assert [halves(number) for number in (0.5, -0.25, 1.0)] == [whole(number) for number in (0.5, -0.25, 1.0)]
    functions = re.findall(r"^static void run\d+\(.*\{$", whole.source, re.MULTILINE)
    for broken in (functions[0], functions[-1]):  # in the one half, and in the other
        source = whole.source.replace(broken, f"{broken}\n    wrong;")
        with pytest.raises(RuntimeError, match=r"does not work: .*\.c:\d+:\d+: error: .*wrong"):
            compiler.library(source, "-O2")


def script(path, text):
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


BROKEN = {
    "no command": ("'", 'CC, "\'", is no command: No closing quotation'),
    "not there": ("./nothing", "no './nothing'"),
    "not to be run": ("{folder}/plain", "no '.*plain'"),
    "no program": ("{folder}/garbage", "garbage"),
    "does nothing": ("true", "it reports success, and made no library"),
    "fails": ("false", "exit status 1"),
    "says something else": ("echo", "it reports success, and made no library"),
    "an object": ("cc -c", "program.so"),
    "text": ("cc -E", "program.so"),
    "another program": ("cc -Dprogram=other", "has no function `program`"),
}


@pytest.mark.skipif(shutil.which("cc") is None or not hasattr(os, "geteuid"), reason="needs a C compiler named cc")
@pytest.mark.parametrize("name", BROKEN)
def test_of_a_compiler_that_does_not_work_a_warning_says_why(cache, tmp_path, monkeypatch, name):
    command, reason = BROKEN[name]
    (tmp_path / "plain").write_text("not to be run")
    (tmp_path / "garbage").write_bytes(b"\x7fELF, but not quite")
    (tmp_path / "garbage").chmod(0o755)
    monkeypatch.setenv("CC", command.format(folder=tmp_path))
    with pytest.raises(RuntimeError, match=reason) as told:
        program()
    assert "\n" not in str(told.value)
    example = [([1.0, -1.0], [0.2])]
    with pytest.warns(UserWarning, match=reason) as warned:
        losses = train(MLP([2, 1], rng=0), example, steps=2, compiled=True, progress=False).losses
    assert len(warned) == 1 and "\n" not in str(warned[0].message)
    assert losses == train(MLP([2, 1], rng=0), example, steps=2, compiled="python", progress=False).losses
    assert not cache.exists() or not list(cache.iterdir())  # nothing broken is kept


def test_without_any_compiler_nothing_is_said(tmp_path, monkeypatch):
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert fastest_dialect() == "python"


@pytest.mark.skipif(shutil.which("cc") is None or os.name != "posix", reason="needs a C compiler named cc")
def test_a_compiler_by_another_path_works(cache, tmp_path, monkeypatch, compiled):
    monkeypatch.chdir(tmp_path)
    script(tmp_path / "mine", f'exec {shutil.which("cc")} "$@"')
    for command in ("./mine", f"'{tmp_path}/mine' -DUNUSED"):
        monkeypatch.setenv("CC", command)
        assert program()(1.0) == pytest.approx(2 * TANH_1, rel=1e-15)
    script(tmp_path / "gcc", f'exec {shutil.which("cc")} "$@"')  # where none is named cc
    monkeypatch.delenv("CC")
    monkeypatch.setattr(shutil, "which", lambda name: str(tmp_path / name) if name == "gcc" else None)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert program(7.0)(0.0) == 0.0 and compiled[-1][0] == "gcc"


def test_flags_that_a_compiler_does_not_know_are_left_out(monkeypatch, compiled):
    monkeypatch.setattr(compiler, "BETTER", ["-fno-such-flag-at-all"])
    assert program(5.0)(0.0) == 0.0
    assert ["-fno-such-flag-at-all" in command for command in compiled] == [True, False]


# At once --------------------------------------------------------------------------------------------------------------

CHILD = """
from autograd_lite import Value, compile_program, tanh
x = Value(1.0, "x")
print(compile_program(tanh(x) * 2.0, [x], dialect="c")(0.5))
"""


def test_processes_at_once_do_not_disturb_each_other(cache):
    children = [subprocess.Popen([sys.executable, "-c", CHILD], stdout=subprocess.PIPE, text=True) for _ in range(4)]
    found = {child.communicate()[0] for child in children}
    assert len(found) == 1 and float(found.pop()) == pytest.approx(0.9242343145200195, rel=1e-15)
    assert sorted(path.suffix for path in cache.iterdir()) == [".sha256", ".so"]


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
def test_an_interrupt_leaves_nothing_behind(cache, tmp_path, monkeypatch):
    slow = script(tmp_path / "slow", f'[ "$1" = --version ] && exit; touch {tmp_path}/begun; exec sleep 60')
    monkeypatch.setenv("CC", str(slow))
    with subprocess.Popen([sys.executable, "-c", CHILD], stderr=subprocess.PIPE, text=True) as child:
        until(lambda: (tmp_path / "begun").exists() or child.poll() is not None)
        child.send_signal(signal.SIGINT)
        assert "KeyboardInterrupt" in child.communicate()[1]
    assert not list(cache.iterdir())


def test_threads_at_once_have_memory_of_their_own():
    x = [Value(0.1 * k) for k in range(500)]
    total = sum([exp(v) * tanh(v) for v in x], Value(0.0))
    run = compile_program(total, [x], gradients_of=total, dialect="c")
    points = [[0.001 * k * j for k in range(500)] for j in range(8)]
    expected = [run(point) for point in points]
    found = [[] for _ in points]

    def work(k):
        for _ in range(50):
            found[k].append(run(points[k]))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(result == expected[k] for k in range(8) for result in found[k])


@pytest.mark.parametrize("ones, zeros", [(1, 4), (2, 3), (2, 4), (2, 11), (3, 3), (4, 4)])
def test_constants_arrive_as_they_are(ones, zeros):
    """A run of equal numbers before zeros: gcc 12 copies those that it knows wrongly where it has AVX-512."""
    a, b = Value(1.0, "a"), Value(2.0, "b")
    constants = [1.0] * ones + [0.0] * zeros
    program = compile_program([a + b, *[Value(number) for number in constants]], [a, b], dialect="c")
    assert list(program(1.0, 2.0)) == [3.0, *constants]
