"""A GPT on names and on a text: it learns, resumes exactly, and makes up what is like what it has read."""

import json
import random
from itertools import product

import pytest

from autograd_lite.__main__ import main
from nn.characters import CharacterTask
from nn.names import SAMPLE_NAMES, NamesModel, NamesTask
from nn.tasks import read_text

# The last letter is the first one again: a bigram model cannot know it, a GPT looks back
NAMES = "\n".join(["".join([a, *middle, a]) for a in "abcd" for middle in product("xyz", repeat=2)])
# After "t" or "a" a bigram model cannot know what comes
TEXT = "the cat sat on the mat, that hat at the tea.\n" * 30


def small(**options):
    return NamesTask(NAMES, **{"embedding": 8, "heads": 2, "length": 6, "lr": 0.03, **options})


def trained(task, updates):
    losses, task.planned = [], updates
    while task.updates < updates:
        losses.append(task.step())
    return losses


def everything(task):
    return task.updates, task.model.state_dict(), task.optimizer.state_dict()


def test_learns_more_than_the_best_bigram_model():
    task = small(dialect="python")
    trained(task, 250)
    assert task.held_back_loss() < 0.8 * task.bigram_loss()
    made = task.sample(20, random.Random(1), temperature=0.5)
    assert sum(len(name) == 4 and name[0] == name[-1] for name in made) > 10


def test_a_program_gives_the_same_losses_as_the_graph():
    eager, program = small(), small(dialect="python")
    assert trained(program, 15) == pytest.approx(trained(eager, 15), rel=1e-11)
    assert program.held_back_loss() == pytest.approx(eager.held_back_loss(), rel=1e-11)


@pytest.mark.parametrize("dialect", ["eager", "python"])
def test_going_on_from_a_save_equals_never_stopping(dialect, tmp_path):
    through, first, second = [small(dialect=dialect) for _ in range(3)]
    trained(through, 12)
    first.planned = 12
    for _ in range(7):
        first.step()
    first.save(tmp_path / "x.json")
    second.load(tmp_path / "x.json")
    trained(second, 12)
    assert everything(second) == everything(through)


def test_each_name_stands_between_two_marks_and_a_long_one_is_cut():
    task = NamesTask("\n".join(["ab" * k for k in range(1, 21)]), length=5)
    documents = [*task.learned, *task.held_back]
    assert [2, 0, 1, 2] in documents and [2, 0, 1, 0, 1, 2] in documents
    assert documents.count([2, 0, 1, 0, 1, 0]) == 18


def test_a_temperature_of_0_is_the_most_probable_name():
    task = small()
    assert len(set(task.sample(3, random.Random(0), temperature=0.0))) == 1
    with pytest.raises(ValueError, match="temperature must be a finite number of at least 0"):
        task.sample(1, random.Random(0), temperature=-1.0)


def test_the_names_that_ship_are_some_thousands_of_first_names():
    names = read_text(SAMPLE_NAMES).split("\n")
    assert len(names) == len(set(names)) == 5163
    assert {"mary", "james", "aaron", "zulma"} < set(names)
    assert all(name.isascii() and name.isalpha() and len(name) < 15 for name in names)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"embedding": 5}, "another embedding"),
        ({"vocabulary": ["a"]}, "another vocabulary"),
        ({"format": "autograd_lite characters"}, "not a file of autograd_lite names"),
        ({"updates": 1.5}, "no whole updates"),
        ({"lr": -1.0}, "no learning rate"),
    ],
)
def test_a_file_that_does_not_fit_changes_nothing(change, message, tmp_path):
    task = small()
    task.save(tmp_path / "x.json")
    (tmp_path / "x.json").write_text(json.dumps(json.loads((tmp_path / "x.json").read_text()) | change))
    before = everything(task)
    with pytest.raises(ValueError, match=message):
        task.load(tmp_path / "x.json")
    assert everything(task) == before


def test_too_few_names_are_refused():
    with pytest.raises(ValueError, match="there are 2 different names, one a line; learning needs at least 20"):
        NamesTask("ann\nbob\nann")


# A GPT on a text ------------------------------------------------------------------------------------------------------


def gpt(**options):
    return CharacterTask(TEXT, "gpt", **{"hidden": 8, "length": 10, "lr": 0.02, **options})


def test_a_gpt_learns_a_text():
    task = gpt(dialect="python")
    trained(task, 150)
    assert task.held_back_loss() < 0.8 * task.bigram_loss()
    assert "the" in task.sample(60, random.Random(1), temperature=0.3)


def test_a_gpt_on_a_text_goes_on_from_a_save(tmp_path):
    through, first, second = gpt(), gpt(), gpt(dialect="python")
    losses = trained(through, 6)
    trained(first, 3)
    first.save(tmp_path / "x.json")
    second.load(tmp_path / "x.json")
    assert trained(second, 6) == pytest.approx(losses[3:], rel=1e-12)
    assert second.held_back_loss() == pytest.approx(through.held_back_loss(), rel=1e-9)


def test_a_sample_goes_on_beyond_the_last_position():
    made = gpt().sample(35, random.Random(0), start="the cat sat on the mat")
    assert len(made) == 35 and set(made) <= set(TEXT)


# The command ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "list.txt").write_text(NAMES.upper() + "\n")
    sizes = ["--embedding", "8", "--heads", "2", "--length", "6", "--dialect", "python", "--save-every", "10"]
    return lambda *others: main(["train-names", "--text", "list.txt", *sizes, *others])


def test_train_names_says_how_it_goes_and_makes_up_names(command, capsys, tmp_path):
    assert command("--updates", "20", "--sample", "3") == 0
    out = capsys.readouterr().out
    assert "a GPT of " in out and "on 33 names of 7 kinds of characters; 3 more are held back" in out
    assert "update     20 of 20: loss " in out and "nats a character" in out
    assert "on the names held back: " in out and "the best bigram model's " in out
    assert len(out.partition("at temperature 0.5:\n\n")[2].splitlines()) == 3
    assert json.loads((tmp_path / "names.json").read_text())["updates"] == 20


def test_train_names_resumes_and_does_not_write_over_a_training(command, capsys):
    assert command("--updates", "10") == 0
    assert command("--updates", "20") != 0
    assert "names.json is there already: go on from it with --resume" in capsys.readouterr().err
    assert command("--updates", "20", "--resume", "--sample", "0") == 0
    out = capsys.readouterr().out
    assert "going on from names.json, after 10 updates" in out and "made up" not in out


def test_a_saved_network_makes_up_names_without_its_list(command, capsys, tmp_path):
    assert command("--updates", "20", "--sample", "5", "--seed", "3") == 0
    made = capsys.readouterr().out.partition("at temperature 0.5:\n\n")[2].replace(" (on the list)", "")
    (tmp_path / "list.txt").unlink()
    assert main(["sample", "names.json", "--names", "5", "--seed", "3", "--temperature", "0.5"]) == 0
    assert capsys.readouterr().out == made
    assert main(["sample", "names.json", "--start", "AX", "--names", "4"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4 and all(line.startswith("ax") for line in lines)


def test_a_sample_of_names_begins_with_its_start():
    task = small()
    for _ in range(60):
        task.step()
    made = task.sample(30, random.Random(0), start="ax")
    assert all(name.startswith("ax") and len(name) <= 6 for name in made) and len(set(made)) > 1
    assert task.sample(1, random.Random(0), start="axaxaxaxax") == ["axaxaxaxax"]
    with pytest.raises(ValueError, match="'é' was in none of the names"):
        task.sample(1, random.Random(0), start="é")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["names.json", "--characters", "5"], "names.json is of train-names: it makes up names, say how many with --names"),
        (["text.json", "--names", "5"], "text.json is of train-char: it writes a text, say how long with --characters"),
        (["names.json", "--start", "é"], "--start has 'é', a character that was not in the text"),
        (["other.json"], "other.json is not a file of autograd_lite characters"),
    ],
)
def test_what_cannot_be_sampled_is_named(options, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    small().save("names.json")
    gpt().save("text.json")
    (tmp_path / "other.json").write_text("[]")
    assert main(["sample", *options]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"embedding": 10**9}, "has only [0-9]+ parameters for 1 blocks of 1000000000 numbers"),
        ({"heads": 0}, "heads must be at least 1"),
        ({"vocabulary": ["a", "a"]}, "vocabulary must be a list of characters"),
        ({"vocabulary": ["a", "b"]}, "do not fit this model"),
        ({"parameters": None}, "has only 1 parameters"),
    ],
)
def test_a_file_from_which_no_names_can_be_made_is_refused(change, message, tmp_path):
    path = tmp_path / "x.json"
    small().save(path)
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ValueError, match=message):
        NamesModel.from_file(path)
    assert main(["sample", str(path)]) == 2


def test_train_char_takes_a_gpt(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.txt").write_text(TEXT)
    sizes = ["--hidden", "4", "--length", "6", "--updates", "4", "--sample", "20", "--dialect", "python"]
    assert main(["train-char", "--cell", "gpt", "--text", "text.txt", *sizes]) == 0
    out = capsys.readouterr().out
    assert "gpt of 4 units" in out and (tmp_path / "char-gpt.json").exists()
