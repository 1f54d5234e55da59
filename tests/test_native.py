"""Programs in C: compiled once, kept safely, and clear about what is missing."""

import ctypes
import os
import stat
import subprocess
import sys
import threading

import pytest

from autograd_lite import Value, compile_program, exp, tanh
from autograd_lite.program import native


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A cache directory of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(sys, "platform", "linux")
    return tmp_path / "cache" / "autograd_lite"


@pytest.fixture
def compiled(monkeypatch):
    """The commands of a compiler that are run."""
    commands = []
    run = subprocess.run

    def recording(command, **options):
        if "-shared" in command:
            commands.append(command)
        return run(command, **options)

    monkeypatch.setattr(native.subprocess, "run", recording)
    return commands


def program(scale=2.0):
    x = Value(1.0, "x")
    return compile_program(tanh(x) * scale, [x], dialect="c")


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
    assert program()(1.0) == pytest.approx(2 * 0.7615941559557649, rel=1e-15)
    assert len(compiled) == 2


def test_a_file_that_cannot_be_loaded_is_compiled_again(cache, compiled, monkeypatch):
    program()
    load = ctypes.CDLL
    attempts = []

    def failing_once(path):
        attempts.append(path)
        if len(attempts) == 1:
            raise OSError("wrong machine")
        return load(path)

    monkeypatch.setattr(native.ctypes, "CDLL", failing_once)
    assert program()(0.0) == 0.0 and len(compiled) == 2


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_that_is_not_writable_is_not_needed(cache, compiled):
    cache.mkdir(parents=True)
    cache.chmod(0o500)
    assert program()(0.0) == 0.0 and not list(cache.iterdir())


def test_no_cache_directory_is_needed(cache, compiled):
    cache.parent.mkdir()
    cache.write_text("a file in its place")
    assert program()(0.0) == 0.0 and program()(0.0) == 0.0
    assert len(compiled) == 1


def test_without_a_compiler_the_other_dialects_are_named(monkeypatch):
    monkeypatch.setenv("CC", "no-such-compiler --flag")
    with pytest.raises(RuntimeError, match=r"no 'no-such-compiler': install gcc or clang.*'python', 'numpy' and 'jax' need none"):
        program()


def test_what_a_compiler_says_is_told(monkeypatch):
    with pytest.raises(RuntimeError, match=r"-shared .* failed:\n.*error"):
        native.library("this is not C", "-O2")


def test_flags_that_a_compiler_does_not_know_are_left_out(monkeypatch, compiled):
    monkeypatch.setattr(native, "BETTER", ["-fno-such-flag-at-all"])
    assert program(5.0)(0.0) == 0.0
    assert ["-fno-such-flag-at-all" in command for command in compiled] == [True, False]


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
