"""``autograd-lite engine``: new, check, hint, and check --watch."""

import os
import signal
import subprocess
import sys

import pytest
from own_engines import TEMPLATE, changed, solved
from waiting import PATIENCE, until

from autograd_lite.__main__ import main
from autograd_lite.sentences import LANGUAGES


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path / "engine.py"


def test_new_writes_the_template_and_never_over_a_file(file, tmp_path, capsys):
    assert main(["engine", "new"]) == 0 and file.read_text(encoding="utf-8") == TEMPLATE
    assert "engine check engine.py --watch" in " ".join(capsys.readouterr().out.split())
    file.write_text("mine")
    assert main(["engine", "new", "."]) == 2 and file.read_text() == "mine"
    assert "engine.py is there already, and is left as it is: name another folder" in capsys.readouterr().err
    assert main(["engine", "new", "a/b"]) == 0 and (tmp_path / "a/b/engine.py").exists()


def test_check_ends_with_0_only_if_nothing_is_wrong(file, capsys):
    file.write_text(solved())
    assert main(["engine", "check"]) == 0 and "8 of 8 tasks are done" in capsys.readouterr().out
    file.write_text(solved(2))
    assert main(["engine", "check", str(file)]) == 1
    out = capsys.readouterr().out
    assert "Task 3: mul" in out and f"A hint: autograd-lite engine hint {file}" in out
    assert main(["engine", "check", str(file.parent)]) == 1  # its engine.py


def test_check_draws_both_graphs_beside_the_engine(file, capsys):
    file.write_text(changed("parent.grad += node.grad", "parent.grad = node.grad"))
    assert main(["engine", "check"]) == 1
    assert "Both graphs side by side: engine-graph.html" in capsys.readouterr().out
    assert (file.parent / "engine-graph.html").read_text(encoding="utf-8").count("<svg") == 2


def test_a_hint_more_each_time_and_from_the_first_for_the_next_task(file, capsys):
    file.write_text(solved(3))
    said = []
    for _ in range(4):
        assert main(["engine", "hint"]) == 0
        said.append(capsys.readouterr().out)
    assert len(set(said)) == 3 and said[2] == said[3] and said[2].endswith("That was the last hint for this task.\n")
    file.write_text(solved(4))
    assert main(["engine", "hint"]) == 0 and "append" not in (out := capsys.readouterr().out) and "parents" in out
    (file.parent / ".engine-hints.json").write_text("[")
    assert main(["engine", "hint"]) == 0 and capsys.readouterr().out == out


@pytest.mark.parametrize("language", LANGUAGES)
def test_commands_speak_the_language(file, capsys, language):
    file.write_text(solved(1))
    for what in ("check", "hint"):
        main(["engine", what, "--language", language])
        assert any("\u4e00" <= c <= "\u9fff" for c in capsys.readouterr().out) == (language != "en")


def test_what_cannot_be_checked_is_named(file, capsys):
    assert main(["engine", "check"]) == 2
    assert "there is no such file; `autograd-lite engine new` writes one: engine.py" in capsys.readouterr().err
    assert main(["engine", "new", "--watch"]) == 2 and "--watch is for `engine check`" in capsys.readouterr().err
    file.write_bytes(b"#" * (1 << 21))
    assert main(["engine", "check"]) == 2 and "is no file of Python" in capsys.readouterr().err


@pytest.mark.slow
def test_watch_survives_a_file_that_is_saved_deleted_and_renamed(file):
    file.write_text(solved(1))
    process = subprocess.Popen(
        [sys.executable, "-m", "autograd_lite", "engine", "check", "--watch"], stdout=subprocess.PIPE, text=True, cwd=file.parent
    )
    said = ""

    def says(text):
        nonlocal said
        while text not in said:
            line = process.stdout.readline()
            assert line, said
            said += line
        said = ""

    try:
        says("Waiting for engine.py")
        file.write_text(solved(2))
        says("Task 3: mul")
        says("Waiting")
        file.unlink()
        says("engine.py is not there at the moment")
        says("Waiting")
        (file.parent / "other.py").write_text(solved(3))
        os.replace(file.parent / "other.py", file)
        says("Task 4: tanh")
        says("Waiting")
        file.unlink()
        file.mkdir()
        says("Waiting")
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0 and "No longer waiting." in process.stdout.read()
    finally:
        process.kill()
        process.stdout.close()
        process.wait()


@pytest.mark.slow
def test_an_interrupt_ends_a_check_and_the_process_of_the_engine(file):
    written = file.parent / "pid"
    file.write_text(f"import os, time\nopen({str(written)!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "autograd_lite", "engine", "check"], stderr=subprocess.PIPE, cwd=file.parent
    )
    pid = until(lambda: written.exists() and written.read_text())
    process.send_signal(signal.SIGINT)
    assert b"interrupted" in process.communicate(timeout=PATIENCE)[1] and process.returncode == 130
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid), 0)
