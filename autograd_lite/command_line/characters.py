"""``train-char``, ``train-names`` and ``sample``: networks that learn next characters, of a text or of names; what they write."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from ..nn import characters, names
from ..nn.characters import CharacterModel, CharacterTask
from ..nn.compiled import fastest_dialect
from ..nn.files import only_writer
from ..nn.names import NamesModel, NamesTask
from ..nn.tasks import read_saved, read_text, train_characters
from .progress import Progress

MODELS: dict[str, type[CharacterModel] | type[NamesModel]] = {
    characters.FORMAT["format"]: CharacterModel,
    names.FORMAT["format"]: NamesModel,
}
FORMATS = (characters.FORMAT, names.FORMAT)


class Kind(NamedTuple):
    """A kind of training: what makes its task, what reads the settings of a file, the usual settings and text, what that is, what
    is said of a task before and, with how much to sample at which temperature, after it."""

    make: Callable[..., Any]
    saved: Callable[[Path], dict[str, Any]]
    settings: dict[str, Any]
    text: Path
    what: str
    described: Callable[[Any], str]
    sampled: Callable[[Any, int, float], str]


def _characters_described(task: CharacterTask) -> str:
    kinds, count = len(task.vocabulary), len(task.learned) + len(task.held_back)
    return (
        f"{task.settings['cell']} of {task.settings['hidden']} units, {len(task.optimizer.params)} parameters, "
        f"on {count} characters of {kinds} kinds; the last {len(task.held_back)} are held back"
    )


def _names_described(task: NamesTask) -> str:
    return (
        f"a GPT of {len(task.optimizer.params)} parameters, on {len(task.learned)} names of {len(task.vocabulary)} kinds of "
        f"characters; {len(task.held_back)} more are held back"
    )


def _characters_sampled(task: CharacterTask, sample: int, temperature: float) -> str:
    text = task.sample(sample, random.Random(task.settings["seed"]), temperature=temperature)
    return f"A sample at temperature {temperature:g}:\n\n{text}"


def _names_sampled(task: NamesTask, sample: int, temperature: float) -> str:
    known = {"".join([task.vocabulary[code] for code in name[1:-1]]) for name in task.learned}
    made = task.sample(sample, random.Random(task.settings["seed"]), temperature)
    lines = [f"{name} (on the list)" if name in known else name for name in made]
    return "\n".join([f"Names made up at temperature {temperature:g}:\n", *lines])


CHARACTERS = Kind(
    CharacterTask,
    characters.saved_settings,
    {"cell": "lstm", "hidden": 32, "length": 25, "clip": 5.0, "seed": 0, "source": ""},
    characters.SAMPLE_TEXT,
    "text",
    _characters_described,
    _characters_sampled,
)
NAMES = Kind(
    NamesTask,
    names.saved_settings,
    {"embedding": 16, "heads": 4, "blocks": 1, "length": 16, "seed": 0, "source": ""},
    names.SAMPLE_NAMES,
    "names",
    _names_described,
    _names_sampled,
)


def train_char(save: Path | None, **options: Any) -> int:
    """Next-character prediction on a text: training, the loss on the text held back, a sample."""
    cell = options["cell"] or CHARACTERS.settings["cell"]
    return _train(CHARACTERS, save or Path(f"char-{cell}.json"), save, **options)


def train_names(save: Path | None, **options: Any) -> int:
    """A GPT on a list of names: training, the loss on the names held back, names that it makes up."""
    return _train(NAMES, save or Path("names.json"), save, **options)


def _train(
    kind: Kind,
    usual: Path,
    save: Path | None,
    text: Path | None,
    resume: Path | bool,
    learning_rate: float | None,
    updates: int,
    save_every: int,
    sample: int,
    temperature: float,
    dialect: str,
    **given: Any,
) -> int:
    """resume: the file to go on from; True for the usual one. given: settings; None for what is as there, or else usual."""
    given = {name: value for name, value in {**given, "source": text and str(text)}.items() if value is not None}
    source = resume if isinstance(resume, Path) else usual
    path = save or source
    with only_writer(path):
        if path.exists() and not (resume and path == source):
            raise ValueError(f"{path} is there already: go on from it with --resume, or name another file with --save")
        settings = {**kind.settings, **(kind.saved(source) if resume else {}), **given}
        if "source" not in given and settings["source"] and not Path(settings["source"]).is_file():
            raise ValueError(f"{source} is of the text {settings['source']}, which is not here: say where with --text")
        content = read_text(settings["source"] or kind.text)
        dialect = fastest_dialect() if dialect == "fastest" else dialect
        task = kind.make(content, lr=learning_rate, dialect=dialect, **settings)
        if resume:
            task.load(source)
            if learning_rate is not None:
                task.set_rate(learning_rate)
            print(f"going on from {source}, after {task.updates} updates")
            if task.updates >= updates:
                print(f"nothing to train: --updates is {updates}, for all updates together")
        print(kind.described(task), flush=True)
        if status := _trained(task, updates, path, save_every):
            return status
        loss, bigram = task.held_back_loss(), task.bigram_loss()
        verdict = "better than" if loss < bigram else "not yet better than"
        print(f"on the {kind.what} held back: {loss:.4f} nats a character, {verdict} the best bigram model's {bigram:.4f}")
        if sample:
            print(f"\n{kind.sampled(task, sample, temperature)}")
        return 0


def _trained(task: Any, updates: int, path: Path, save_every: int) -> int:
    """Trains, says how it goes, and saves. Returns 130 if it was interrupted."""
    progress = Progress(task.updates, updates, task.characters_in_a_step())
    if task.program is not None:
        task.program.phase = progress.phase
    try:
        train_characters(task, updates, path, save_every, progress.say, progress.updated)
    except KeyboardInterrupt as stop:  # a second one, while it saves, says nothing
        progress.close()
        done = str(stop) or f"again; {path} is as it was"
        print(f"interrupted {done}, go on with --resume {path}", file=sys.stderr)
        return 130
    progress.close()
    print(f"saved to {path}")
    return 0


def sample(file: Path, start: str, characters: int | None, names: int | None, temperature: float, seed: int) -> int:
    """A text, or names, that a saved network makes up, after `start`."""
    start, rng = start.lower(), random.Random(seed)  # as the text that it learned from
    data = read_saved(file, *FORMATS)
    model = MODELS[data["format"]].from_saved(file, data)
    unknown = [c for c in start if c not in model.vocabulary]
    if unknown:
        raise ValueError(f"--start has {unknown[0]!r}, a character that was not in the text it learned from")
    if isinstance(model, NamesModel):
        if characters is not None:
            raise ValueError(f"{file} is of train-names: it makes up names, say how many with --names")
        print("\n".join(model.sample(20 if names is None else names, rng, temperature, start)))
        return 0
    if names is not None:
        raise ValueError(f"{file} is of train-char: it writes a text, say how long with --characters")
    print(start + model.sample(300 if characters is None else characters, rng, start, temperature))
    return 0
