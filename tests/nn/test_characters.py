"""Next-character prediction: it learns, resumes exactly, and a killed run keeps its last save."""

import contextlib
import errno
import json
import math
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from itertools import pairwise

import pytest
from interrupts import everywhere
from waiting import PATIENCE, until

from autograd_lite.__main__ import main
from autograd_lite.command_line.progress import Progress
from nn.characters import SAMPLE_TEXT, CharacterModel, CharacterTask, read_text, train_characters
from nn.compiled import fastest_dialect
from nn.files import only_writer
from nn.losses import sequence_cross_entropy

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


@pytest.mark.parametrize("cell", ["rnn", "lstm"])
def test_the_text_held_back_goes_through_the_program_of_training(cell, monkeypatch):
    task = small(cell, hidden=4, length=5, dialect="python")
    task.step()
    names, codes = task.model.network.state_names(), task.held_back
    total, state = 0.0, {}
    for x, target in pairwise(codes):
        run, logits = task.model.run([x], state)
        state = {name: run.states[name][0] for name in names}
        total += sequence_cross_entropy(logits, [target]).item()
    eager, lengths = task._loss_and_state, []
    monkeypatch.setattr(task, "_loss_and_state", lambda piece, *rest: lengths.append(len(piece)) or eager(piece, *rest))
    assert task.held_back_loss() == pytest.approx(total / (len(codes) - 1), rel=1e-12)
    assert lengths == [(len(codes) - 1) % 5] == [4]


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


def everything(task):
    return task.updates, task.position, task.state, task.model.state_dict(), task.optimizer.state_dict()


@pytest.mark.parametrize("dialect", ["eager", "python"])
def test_going_on_from_a_save_equals_never_stopping(dialect, tmp_path):
    """To the last bit: a program that is recorded after the training has begun is the same program."""
    through, first, second = (small("rnn", hidden=4, length=5, lr=0.3, dialect=dialect) for _ in range(3))
    for _ in range(60):
        through.step()
    for _ in range(40):
        first.step()
    first.save(tmp_path / "x.json")
    second.load(tmp_path / "x.json")
    for _ in range(20):
        second.step()
    assert everything(second) == everything(through)


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
        *[({"parameters": wrong}, "x.json: .* must be a dict, got") for wrong in (5, [1], "x", None)],
        *[({"optimizer": wrong}, "x.json: .* must be a dict, got") for wrong in (5, [1], "x", None)],
        *[({name: wrong}, name) for name in ("updates", "position") for wrong in (-10, 2.0, True, "1", None, [1])],
        ({"position": 7}, "position must be the place of a piece, got 7"),
        ({"position": 10**6}, "position must be the place of a piece, got 1000000"),
        *[({"state": wrong}, "state must be") for wrong in (5, None, [], "h", {"h": [0.0] * 12}, {"x": 1, "c": 1})],
        *[({"state": {"h": [0.0] * 12, "c": [wrong] * 12}}, "12 finite numbers") for wrong in (True, None, "0", [0.0])],
        ({"optimizer": {"lr": -5, "betas": [2, 3], "means": []}}, "lr must be .*; betas are .*; means must be a list of"),
        ({"vocabulary": "\x1b[31m"}, r"another vocabulary: '\\x1b\[31m', not"),
        ({"cell": {"\x1b": 1}}, r"another cell: {'\\x1b': 1}, not 'lstm'"),
    ],
)
def test_a_file_that_does_not_fit_changes_nothing(change, message, tmp_path):
    task = small()
    task.step()
    task.save(tmp_path / "x.json")
    data = json.loads((tmp_path / "x.json").read_text())
    (tmp_path / "x.json").write_text(json.dumps({**data, **change}))
    other = small()
    before = everything(other)
    with pytest.raises(ValueError, match=message) as caught:
        other.load(tmp_path / "x.json")
    assert everything(other) == before and str(caught.value).isprintable()


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
        until(lambda: path.exists() and json.loads(path.read_text())["updates"] >= 5)
        time.sleep(0.3)  # to be killed anywhere
    finally:
        process.kill()
        process.wait()
    task = CharacterTask(read_text(tmp_path / "text.txt"), "lstm", hidden=6, length=10)
    task.load(path)
    assert task.updates >= 5 and task.updates % 5 == 0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "No such file"),
        ("short", "need at least"),
        (b"\xff\xfe\x00", "codec can't decode"),
        (TEXT.encode("utf-16"), "looks like UTF-16: save it as UTF-8"),
        (b"\xfe\xff" + TEXT.encode("utf-16-be"), "looks like UTF-16: save it as UTF-8"),
        (TEXT.encode("utf-16-le"), "looks like UTF-16: save it as UTF-8"),
        (TEXT.encode() + "é".encode("latin-1"), "is not a text in UTF-8"),
    ],
    ids=["missing", "short", "no UTF-8", "UTF-16", "UTF-16, big-endian", "UTF-16 without a mark", "Latin-1"],
)
def test_bad_texts_are_refused(content, message, tmp_path, capsys):
    path = tmp_path / "bad.txt"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert command("--text", path, "--save", tmp_path / "x.json") == 2
    assert message in capsys.readouterr().err


def test_byte_order_marks_are_no_characters(tmp_path):
    path = tmp_path / "x.txt"
    path.write_bytes(b"\xef\xbb\xbfOne file,\r\n\xef\xbb\xbf\n and another\r")  # two, joined
    assert read_text(path) == "one file,\nand another"


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


def test_going_on_from_a_file_takes_its_settings_and_its_text(text, tmp_path, capsys):
    path = tmp_path / "saved.json"
    settings = ["--cell", "gru", "--clip", 2, "--seed", 3, "--learning-rate", 0.02]
    assert command(*text, *settings, "--updates", 4, "--sample", 20) == 0
    through = path.read_text()
    path.unlink()
    assert command(*text, *settings, "--updates", 2, "--sample", 0) == 0
    sample = capsys.readouterr().out.partition("0.8:\n\n")[2].partition("gru")[0]
    assert command("--resume", path, "--updates", 4, "--sample", 20) == 0
    out = capsys.readouterr().out
    assert "gru of 6 units" in out and out.partition("0.8:\n\n")[2] == sample != ""
    assert path.read_text() == through and json.loads(through)["optimizer"]["lr"] == 0.02


def test_going_on_may_be_saved_elsewhere(text, tmp_path):
    path, other = tmp_path / "saved.json", tmp_path / "other.json"
    assert command(*text, "--updates", 2, "--sample", 0) == 0
    before = path.read_text()
    assert command("--resume", path, "--save", other, "--updates", 3, "--sample", 0) == 0
    assert path.read_text() == before and json.loads(other.read_text())["updates"] == 3
    assert command("--resume", path, "--save", other, "--updates", 3, "--sample", 0) == 2  # it is there already
    assert command("--resume", path, "--hidden", 7) == 2  # another than its own


def test_a_text_that_has_gone_is_asked_for(text, tmp_path, capsys):
    assert command(*text, "--updates", 2, "--sample", 0) == 0
    moved = (tmp_path / "text.txt").rename(tmp_path / "moved.txt")
    assert command("--resume", tmp_path / "saved.json", "--updates", 3) == 2
    assert f"is of the text {tmp_path / 'text.txt'}, which is not here: say where with --text" in capsys.readouterr().err
    assert command("--resume", tmp_path / "saved.json", "--updates", 3, "--text", moved) == 0
    assert json.loads((tmp_path / "saved.json").read_text())["text"] == str(moved)


def test_a_saved_network_writes_without_its_text(text, tmp_path, capsys):
    task = small("gru", hidden=6)
    for _ in range(20):
        task.step()
    task.save(tmp_path / "saved.json")
    expected = {seed: "the " + task.sample(30, random.Random(seed), "the ", 0.5) for seed in (0, 7)}
    assert expected[0] != expected[7]
    for seed, line in expected.items():
        arguments = [
            "sample",
            tmp_path / "saved.json",
            "--start",
            "The ",
            "--characters",
            30,
            "--temperature",
            0.5,
            "--seed",
            seed,
        ]
        assert main(list(map(str, arguments))) == 0 and capsys.readouterr().out == line + "\n"
    model = CharacterModel.from_file(tmp_path / "saved.json")
    assert [p.data for p in model.model.parameters()] == [p.data for p in task.model.parameters()]
    assert main(["sample", str(tmp_path / "saved.json"), "--start", "éa"]) == 2
    assert "--start has 'é', a character that was not in the text" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "else"}, "not a file of"),
        ({"hidden": 10**9}, "has only [0-9]+ parameters for a cell of 1000000000 units"),
        ({"hidden": 0}, "hidden must be at least 1"),
        ({"hidden": 5}, "do not fit this model"),
        *[({"hidden": wrong}, "hidden must be a whole number") for wrong in (None, True, 6.0, "6")],
        *[({"cell": wrong}, "cell must be one of gru, lstm, ") for wrong in ("x", None, ["gru"])],
        *[({"vocabulary": wrong}, "vocabulary must be a list of characters") for wrong in ([], "abc", ["a", "a"], ["ab"], [1])],
        *[({"text": wrong}, "text must be the name of a file") for wrong in (1, None, ["x"])],
        ({"parameters": None}, "has only 1 parameters"),
        ({"parameters": [0.0] * 10_000}, "must be a dict"),
        ({"clip": "x"}, "clip must be a finite number"),
        ({"seed": 0.5}, "seed must be a whole number"),
    ],
)
def test_a_file_from_which_nothing_can_be_made_is_refused(change, message, tmp_path):
    path = tmp_path / "x.json"
    small(hidden=6).save(path)
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(ValueError, match=message) as caught:
        CharacterModel.from_file(path)
    assert str(caught.value).isprintable()
    assert main(["sample", str(path)]) == main(["train-char", "--resume", str(path)]) == 2


def test_a_file_that_knows_no_text_goes_on_with_that_of_the_package(tmp_path, capsys):
    task = CharacterTask(read_text(SAMPLE_TEXT), "rnn", 2, 5)
    task.save(tmp_path / "old.json")
    saved = json.loads((tmp_path / "old.json").read_text())
    (tmp_path / "old.json").write_text(json.dumps({name: entry for name, entry in saved.items() if name != "text"}))
    assert command("--resume", tmp_path / "old.json", "--updates", 1, "--sample", 0, "--dialect", "eager") == 0


# What is going on --------------------------------------------------------------------------------------------------------


def test_what_is_going_on_is_said_from_the_start(text, tmp_path, capsys):
    assert command(*text, "--updates", 2, "--sample", 0, "--dialect", "python") == 0
    lines = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"recording the graph of an example \.\.\. \d+\.\d s", lines[1])
    assert re.fullmatch(r"writing a program in the dialect python \.\.\. \d+\.\d s", lines[2])
    assert lines[3].startswith("update      2 of 2")


def test_updates_that_take_long_are_said_before_the_first_save(monkeypatch, capsys):
    monkeypatch.setattr(time, "perf_counter", iter(range(100)).__next__)
    progress = Progress(3, 10, 25)
    for loss in (4.0, 3.5, 3.25):
        progress.updated(loss)
    assert capsys.readouterr().out == "update      6 of 10: loss 3.250 nats a character, 25 characters/s\n"


TERMINAL = """
import time
from autograd_lite.command_line.progress import Progress
from autograd_lite.stepping.terminal import for_people
with for_people():
    progress = Progress(0, 3, 5)
    with progress.phase("compiling"):
        time.sleep(0.5)
    for _ in range(3):
        time.sleep(0.25)
        progress.updated(1.5)
    progress.say("a line that stays")
    progress.close()
    print("done")
"""


def test_a_loss_that_has_grown_beyond_all_bounds_is_said_shortly(capsys):
    progress = Progress(0, 3, 5)
    progress.updated(2.5)
    progress.start = progress.said = progress.start - 5
    progress.updated(4.7e299)
    assert "loss 4.700e+299 nats" in capsys.readouterr().out


@pytest.mark.parametrize("has_tqdm", [False, True])
def test_in_a_terminal_a_line_is_written_anew(has_tqdm, tmp_path):
    pty = pytest.importorskip("pty", reason="no terminals on this system")
    if has_tqdm:
        pytest.importorskip("tqdm")
    else:
        (tmp_path / "tqdm.py").write_text("raise ImportError")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path]), "TERM": "xterm", "COLUMNS": "90"}
    here, there = pty.openpty()
    process = subprocess.Popen([sys.executable, "-c", TERMINAL], stdout=there, stderr=subprocess.PIPE, env=environment)
    os.close(there)
    assert process.communicate(timeout=PATIENCE)[1] == b""
    text = b""
    with contextlib.suppress(OSError):  # the end of what a terminal has
        while piece := os.read(here, 65536):
            text += piece
    os.close(here)
    moving = [line.split("\r") for line in text.decode().replace("\r\n", "\n").split("\n")[:-1]]
    assert "compiling: 0 s" in moving[0][1] and len(moving[0]) > 3
    assert ("3/3" if has_tqdm else "update      3 of 3: loss 1.500") in text.decode()
    seen = [line[-1].rstrip() for line in moving]  # what each line ends as
    assert re.fullmatch(r"compiling: 0\.[5-9] s|compiling: [1-9].* s", seen[0]) and seen[-2:] == ["a line that stays", "done"]


# Places that cannot be saved to ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["none/x", "text.txt/x", "folder", "loop"])
@pytest.mark.parametrize("resume", [[], ["--resume"]], ids=["new", "resumed"])
def test_a_place_that_cannot_be_saved_to_is_refused_before_the_training(place, resume, text, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(CharacterTask, "step", None)
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    assert command(*text, *resume, "--save", tmp_path / place, "--updates", 5) == 2
    assert str(tmp_path / place) in capsys.readouterr().err
    assert sorted(os.listdir(tmp_path)) == ["folder", "loop", "text.txt"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs on this system")
@pytest.mark.parametrize("resume", [[], ["--resume"]], ids=["new", "resumed"])
def test_a_fifo_is_no_place_to_save_to(resume, text, tmp_path, capsys):
    os.mkfifo(tmp_path / "saved.json")
    assert command(*text, *resume, "--updates", 5) == 2
    assert "saved.json is" in capsys.readouterr().err


def test_a_full_device_is_found_before_the_training(text, tmp_path, monkeypatch, capsys):
    def full(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(CharacterTask, "step", None)
    monkeypatch.setattr(os, "fsync", full)
    assert command(*text, "--updates", 5) == 2
    assert "No space left on device" in capsys.readouterr().err
    assert os.listdir(tmp_path) == ["text.txt"]


@pytest.mark.parametrize("resume", [[], ["--resume"]], ids=["new", "resumed"])
def test_of_two_trainings_with_one_file_the_second_is_refused(resume, text, tmp_path, capsys):
    path = tmp_path / "saved.json"
    if resume:
        small(hidden=6).save(path)
    before = sorted(os.listdir(tmp_path))
    with only_writer(path):
        assert command(*text, *resume, "--updates", 5) == 2
    assert "another training is saved to this file" in capsys.readouterr().err
    assert sorted(os.listdir(tmp_path)) == before


def test_nothing_but_the_saved_file_is_left(text, tmp_path):
    assert command(*text, "--updates", 5, "--sample", 0) == 0
    assert sorted(os.listdir(tmp_path)) == ["saved.json", "text.txt"]


# Interrupts -----------------------------------------------------------------------------------------------------------

FILES = ["characters.py", "optim.py", "module.py", "/files.py", "value.py"]


def tiny():
    """Two pieces before the end of its text."""
    task = CharacterTask(TEXT[:60], "rnn", hidden=2, length=3, seed=1)
    task.position = len(task.learned) - 6
    return task


@pytest.fixture(scope="module")
def uninterrupted():
    """What a training is after each number of updates."""
    task = tiny()
    found = [everything(task)]
    for _ in range(4):
        task.step()
        found.append(everything(task))
    assert [position for _, position, *_ in found] == [48, 51, 3, 6, 9]
    return found


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # a file that an interrupt leaves to be closed
def test_going_on_after_an_interrupt_at_any_instruction_equals_never_stopping(uninterrupted, tmp_path):
    path = tmp_path / "x.json"

    def prepare():
        path.unlink(missing_ok=True)
        return tiny()

    def run(task):
        train_characters(task, 3, path, 2, lambda line: None)

    count = 0
    for task in everywhere(prepare, run, FILES, stride=1499):
        count += 1
        assert everything(task) == uninterrupted[task.updates]
        other = tiny()
        if path.exists():  # else it came before the first save had begun, or while the interrupt was seen to
            other.load(path)
        for one in (task, other):  # in the same process, and in another
            while one.updates < 4:
                one.step()
            assert everything(one) == uninterrupted[4]
    assert count > 10


# Two in a row: the second comes while the first has the training saved, or later
INTERRUPTED = """
import contextlib, os, random, signal, time
from test_characters import everything, tiny
from nn.characters import train_characters

rng, left, task = random.Random(0), 0, tiny()
whole = [everything(task)]
while task.updates < 4:
    task.step()
    whole.append(everything(task))
start = time.perf_counter()
train_characters(tiny(), 4, "x.json", 2, lambda line: None)
duration = time.perf_counter() - start

def arrived(*_):
    global left
    left -= 1
    if left >= 0:
        raise KeyboardInterrupt

def run(task):
    global left
    with contextlib.suppress(KeyboardInterrupt):
        left = 2
        signal.setitimer(signal.ITIMER_REAL, rng.uniform(1e-4, duration), rng.uniform(1e-4, duration / 2))
        train_characters(task, 4, "x.json", 2, lambda line: None)
        left = 0
    left = 0

signal.signal(signal.SIGALRM, arrived)
for _ in range(60):
    task = tiny()
    with contextlib.suppress(KeyboardInterrupt):
        run(task)
    assert everything(task) == whole[task.updates]
    if os.path.exists("x.json"):
        other = tiny()
        other.load("x.json")
        assert everything(other) == whole[other.updates]
        os.unlink("x.json")
signal.setitimer(signal.ITIMER_REAL, 0)
"""


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers on this system")
def test_real_interrupts_at_any_time_leave_a_whole_update(tmp_path):
    """In a process of its own, for here they might meet pytest's own machinery."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", INTERRUPTED], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_an_interrupt_in_the_first_update_can_be_gone_on_from(text, tmp_path, capsys, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(CharacterTask, "step", interrupt)
        assert command(*text, "--updates", 5) == 130
    assert "interrupted after 0 updates; saved to" in capsys.readouterr().err
    assert command(*text, "--updates", 5, "--resume", "--sample", 0) == 0
    resumed = (tmp_path / "saved.json").read_text()
    (tmp_path / "saved.json").unlink()
    assert command(*text, "--updates", 5, "--sample", 0) == 0
    assert (tmp_path / "saved.json").read_text() == resumed


def interrupt(*arguments):
    raise KeyboardInterrupt


def test_a_second_interrupt_while_it_saves_does_not_claim_that_it_has(text, tmp_path, capsys, monkeypatch):
    save = CharacterTask.save

    def saved(task, path):
        if task.updates:
            interrupt()
        save(task, path)

    monkeypatch.setattr(CharacterTask, "save", saved)
    assert command(*text, "--updates", 10) == 130
    err = capsys.readouterr().err
    assert "saved to" not in err and "saved.json is as it was, go on with --resume" in err
    assert json.loads((tmp_path / "saved.json").read_text())["updates"] == 0


# The temperature ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained():
    task = small("rnn")
    for _ in range(60):
        task.step()
    return task


def most_probable(task, characters):
    """The most probable character each time, from the loss of each."""
    codes, made = [task.vocabulary.index("\n")], []
    while len(made) < characters:
        _, logits = task.model.run(codes + made, {})
        scores = [y.data for y in logits[-1]]
        made.append(scores.index(max(scores)))
    return "".join(task.vocabulary[code] for code in made)


@pytest.mark.parametrize("temperature", [0, 0.0, 5e-324, 1e-310, 1e-300, 1e-17, 1e-6])
def test_a_temperature_near_0_is_the_most_probable_character(temperature, trained):
    expected = most_probable(trained, 30)
    assert len(set(expected)) > 3
    for seed in range(3):
        assert trained.sample(30, random.Random(seed), temperature=temperature) == expected


def test_equally_probable_characters_are_drawn_alike_at_any_temperature():
    task = small("rnn")
    for parameter in task.model.parameters():
        parameter.data = 0.0
    for temperature in (0, 1e-310, 1.0, 1e300):
        found = Counter(task.sample(600, random.Random(0), temperature=temperature))
        assert set(found) == set(TEXT) and max(found.values()) < 3 * 600 / len(set(TEXT))


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_characters_are_drawn_by_the_softmax_of_the_logits_over_the_temperature(temperature, trained, monkeypatch):
    drawn = []

    class Watched(random.Random):
        def choices(self, places, weights):
            drawn.append([weight / sum(weights) for weight in weights])
            return super().choices(places, weights)

    trained.sample(1, Watched(0), temperature=temperature)
    _, logits = trained.model.run([trained.vocabulary.index("\n")], {})
    powers = [math.exp(y.data / temperature) for y in logits[-1]]
    assert drawn[0] == pytest.approx([power / sum(powers) for power in powers], rel=1e-12)


@pytest.mark.parametrize("temperature", ["-1", "-1e-310", "nan", "inf", "-inf", "x"])
def test_a_temperature_that_is_none_is_refused_at_the_start(temperature, text, tmp_path, capsys):
    with pytest.raises(SystemExit):
        command(*text, f"--temperature={temperature}", "--updates", 5)
    assert "--temperature: must be a number of at least 0" in capsys.readouterr().err
    assert os.listdir(tmp_path) == ["text.txt"]
    if temperature != "x":
        with pytest.raises(ValueError, match="temperature must be a finite number of at least 0"):
            small("rnn").sample(1, random.Random(0), temperature=float(temperature))
