"""Next-character prediction: it learns, resumes exactly, and a killed run keeps its last save."""

import json
import math
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from itertools import pairwise

import pytest

from autograd_lite.__main__ import main
from nn.characters import SAMPLE_TEXT, CharacterTask, read_text, train_characters
from nn.compiled import fastest_dialect

# After "t" or "a" a bigram model cannot know what comes; a network with a memory can
TEXT = "the cat sat on the mat, that hat at the tea.\n" * 30


def small(cell="lstm", **options):
    return CharacterTask(TEXT, cell, **{"hidden": 12, "length": 10, "lr": 0.03, **options})


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_learns_more_than_the_best_bigram_model(cell):
    task = small(cell)
    for _ in range(150):
        task.step()
    assert task.held_back_loss() < 0.5 * task.bigram_loss()
    assert "the cat" in task.sample(200, random.Random(1), temperature=0.3)


@pytest.mark.parametrize("dialect", ["python", "c"])
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_a_program_gives_the_same_losses_states_and_parameters(cell, dialect):
    if dialect == "c" and fastest_dialect() != "c":
        pytest.skip("the dialect c needs a C compiler")
    eager, program = small(cell, hidden=4, length=5), small(cell, hidden=4, length=5, dialect=dialect)
    losses = [[task.step() for _ in range(260)] for task in (eager, program)]  # from the start of the text again after 242
    assert losses[1] == pytest.approx(losses[0], rel=1e-12)
    assert program.position == eager.position == 5 * 18
    for name, state in eager.state.items():
        assert program.state[name] == pytest.approx(state, rel=1e-9, abs=1e-12)
    assert len(program.program.programs) == 1


def test_a_saved_run_goes_on_in_another_dialect(tmp_path):
    through, first, second = small(hidden=4), small(hidden=4), small(hidden=4, dialect="python")
    losses = [through.step() for _ in range(6)]
    for _ in range(3):
        first.step()
    first.save(tmp_path / "x.json")
    second.load(tmp_path / "x.json")
    assert [second.step() for _ in range(3)] == pytest.approx(losses[3:], rel=1e-12)
    second.save(tmp_path / "y.json")
    assert json.loads((tmp_path / "y.json").read_text()).keys() == json.loads((tmp_path / "x.json").read_text()).keys()


@pytest.mark.parametrize("dialect", ["eager", "python", "fastest"])
def test_the_command_names_the_dialect_and_loses_nothing_by_it(dialect, text, tmp_path, capsys):
    assert main(["train-char", *map(str, text), "--updates", "4", "--sample", "0", "--dialect", dialect]) == 0
    named = {"eager": None, "python": "python", "fastest": fastest_dialect()}[dialect]
    assert (f"a program in the dialect {named}" in capsys.readouterr().out) == (named is not None)
    eager, found = (CharacterTask(read_text(text[1]), hidden=6, length=10) for _ in range(2))
    for _ in range(4):
        eager.step()
    found.load(tmp_path / "saved.json")
    assert [p.data for p in found.model.parameters()] == pytest.approx([p.data for p in eager.model.parameters()], rel=1e-9)


def test_bigram_loss_is_that_of_smoothed_counts():
    task = small()
    learned, held_back = ("".join(task.vocabulary[k] for k in codes) for codes in (task.learned, task.held_back))
    assert learned + held_back == TEXT and len(held_back) == len(TEXT) // 10
    pairs, firsts = Counter(pairwise(learned)), Counter(learned[:-1])

    def loss(k):
        chances = [(pairs[a, b] + k) / (firsts[a] + k * len(set(TEXT))) for a, b in pairwise(held_back)]
        return -sum(map(math.log, chances)) / len(chances)

    assert task.bigram_loss() == pytest.approx(min(loss(2.0**e) for e in range(-12, 6)), rel=0.02)


def test_going_on_from_a_save_equals_never_stopping(tmp_path):
    through, first, second = small(), small(), small()
    for _ in range(20):
        through.step()
    for _ in range(10):
        first.step()
    first.save(tmp_path / "x.json")
    second.load(tmp_path / "x.json")
    for _ in range(10):
        second.step()
    assert second.model.state_dict() == through.model.state_dict()
    assert (second.updates, second.position, second.state) == (through.updates, through.position, through.state)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cell": "gru"}, "another cell"),
        ({"hidden": 5}, "another hidden"),
        ({"vocabulary": ["a"]}, "another vocabulary"),
        ({"format": "else"}, "not a file of"),
        ({"updates": -1}, "no whole updates"),
        ({"state": {"h": [0.0]}}, "no state of 12 numbers"),
        ({"parameters": {}}, "missing 'network.cell.W_i'"),
        ({"optimizer": {}}, "missing 'lr'"),
    ],
)
def test_a_file_that_does_not_fit_changes_nothing(change, message, tmp_path):
    task = small()
    task.step()
    task.save(tmp_path / "x.json")
    data = json.loads((tmp_path / "x.json").read_text())
    (tmp_path / "x.json").write_text(json.dumps({**data, **change}))
    other = small()
    before = other.model.state_dict()
    with pytest.raises(ValueError, match=message):
        other.load(tmp_path / "x.json")
    assert other.model.state_dict() == before and other.updates == 0 and other.optimizer.steps == 0


def command(*arguments):
    return main(["train-char", *map(str, arguments)])


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "text.txt"
    path.write_text(TEXT.title(), encoding="utf-8")
    return ["--text", path, "--hidden", 6, "--length", 10, "--save", tmp_path / "saved.json", "--save-every", 5]


def test_command_trains_saves_and_samples(text, tmp_path, capsys):
    assert command(*text, "--updates", 10, "--sample", 40) == 0
    out = capsys.readouterr().out
    assert "lstm of 6 units" in out and "update     10 of 10: loss" in out and "characters/s" in out
    assert "nats a character, not yet better than the best bigram model's" in out
    assert len(out.partition("A sample at temperature 0.8:\n\n")[2].rstrip("\n")) <= 40
    assert json.loads((tmp_path / "saved.json").read_text())["updates"] == 10


def test_command_does_not_overwrite_but_resumes(text, tmp_path, capsys):
    assert command(*text, "--updates", 5, "--sample", 0) == 0
    saved = (tmp_path / "saved.json").read_text()
    assert command(*text, "--updates", 5) == 2
    assert "is there already: go on from it with --resume" in capsys.readouterr().err
    assert (tmp_path / "saved.json").read_text() == saved
    assert command(*text, "--updates", 10, "--resume", "--sample", 0) == 0
    assert "after 5 updates" in capsys.readouterr().out
    assert json.loads((tmp_path / "saved.json").read_text())["updates"] == 10


def test_an_interrupt_saves(text, tmp_path, capsys, monkeypatch):
    steps = CharacterTask.step

    def interrupted(task):
        if task.updates == 3:
            raise KeyboardInterrupt
        return steps(task)

    monkeypatch.setattr(CharacterTask, "step", interrupted)
    assert command(*text, "--updates", 10) == 130
    assert "go on with --resume" in capsys.readouterr().err
    assert json.loads((tmp_path / "saved.json").read_text())["updates"] == 3


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL on this system")
def test_a_killed_run_keeps_its_last_save(text, tmp_path):
    path = tmp_path / "saved.json"
    arguments = [*map(str, text), "--updates", "1000000"]
    process = subprocess.Popen(
        [sys.executable, "-m", "autograd_lite", "train-char", *arguments], stdout=subprocess.DEVNULL, env=dict(os.environ)
    )
    try:
        deadline = time.monotonic() + 60
        while not path.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.3)
    finally:
        process.kill()
        process.wait()
    task = CharacterTask(read_text(tmp_path / "text.txt"), "lstm", hidden=6, length=10)
    task.load(path)
    assert task.updates >= 5 and task.updates % 5 == 0


@pytest.mark.parametrize(
    ("content", "message"), [(None, "No such file"), ("short", "need at least"), (b"\xff\xfe\x00", "codec can't decode")]
)
def test_bad_texts_are_refused(content, message, tmp_path, capsys):
    path = tmp_path / "bad.txt"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert command("--text", path, "--save", tmp_path / "x.json") == 2
    assert message in capsys.readouterr().err


def test_the_package_has_a_text():
    assert read_text(SAMPLE_TEXT).startswith("chapter i\ndown the rabbit-hole\nalice was beginning")


def test_progress_is_said_at_every_save(tmp_path):
    lines = []
    train_characters(small(), 6, tmp_path / "x.json", 3, lines.append)
    assert [line.split(":")[0] for line in lines] == ["update      3 of 6", "update      6 of 6"]


def test_resuming_takes_another_learning_rate(text, tmp_path, capsys):
    assert command(*text, "--updates", 5, "--sample", 0) == 0
    assert command(*text, "--updates", 10, "--sample", 0, "--resume", "--learning-rate", 0.002) == 0
    assert json.loads((tmp_path / "saved.json").read_text())["optimizer"]["lr"] == 0.002
    capsys.readouterr()
    assert command(*text, "--updates", 7, "--sample", 0, "--resume") == 0
    assert "nothing to train: --updates is 7" in capsys.readouterr().out
