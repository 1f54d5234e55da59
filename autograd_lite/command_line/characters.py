"""``train-char`` and ``sample``: a recurrent network that learns the next character of a text, and what it writes."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Any

from ..nn.characters import SAMPLE_TEXT, CharacterModel, CharacterTask, read_text, saved_settings, train_characters
from ..nn.compiled import fastest_dialect
from ..nn.files import only_writer
from .progress import Progress

SETTINGS: dict[str, Any] = {"cell": "lstm", "hidden": 32, "length": 25, "clip": 5.0, "seed": 0, "source": ""}


def train_char(
    text: Path | None,
    learning_rate: float | None,
    updates: int,
    sample: int,
    temperature: float,
    save: Path | None,
    save_every: int,
    dialect: str,
    resume: Path | bool,
    **given: Any,
) -> int:
    """Next-character prediction on a text: training, the loss on the text held back, a sample.

    resume: the file to go on from; True for that of `save`. given: cell, hidden, length, clip and seed, None for what is as in
    that file, or else usual.
    """
    given = {name: value for name, value in {**given, "source": text and str(text)}.items() if value is not None}
    source = resume if isinstance(resume, Path) else save or Path(f"char-{given.get('cell', SETTINGS['cell'])}.json")
    path = save or source
    with only_writer(path):
        if path.exists() and not (resume and path == source):
            raise ValueError(f"{path} is there already: go on from it with --resume, or name another file with --save")
        settings = {**SETTINGS, **(saved_settings(source) if resume else {}), **given}
        if "source" not in given and settings["source"] and not Path(settings["source"]).is_file():
            raise ValueError(f"{source} is of the text {settings['source']}, which is not here: say where with --text")
        characters = read_text(settings["source"] or SAMPLE_TEXT)
        dialect = fastest_dialect() if dialect == "fastest" else dialect
        task = CharacterTask(characters, lr=learning_rate or 0.01, dialect=dialect, **settings)
        if resume:
            task.load(source)
            task.optimizer.lr = learning_rate or task.optimizer.lr
            print(f"going on from {source}, after {task.updates} updates")
            if task.updates >= updates:
                print(f"nothing to train: --updates is {updates}, for all updates together")
        print(
            f"{task.settings['cell']} of {task.settings['hidden']} units, {len(task.optimizer.params)} parameters, "
            f"on {len(characters)} characters of {len(task.vocabulary)} kinds; the last {len(task.held_back)} are held back",
            flush=True,
        )
        return _trained(task, updates, path, save_every) or _judged(task, sample, temperature)


def _trained(task: CharacterTask, updates: int, path: Path, save_every: int) -> int:
    """Trains, says how it goes, and saves. Returns 130 if it was interrupted."""
    progress = Progress(task.updates, updates, task.settings["length"])
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


def _judged(task: CharacterTask, sample: int, temperature: float) -> int:
    loss, bigram = task.held_back_loss(), task.bigram_loss()
    verdict = "better than" if loss < bigram else "not yet better than"
    print(f"on the text held back: {loss:.4f} nats a character, {verdict} the best bigram model's {bigram:.4f}")
    if sample:
        print(f"\nA sample at temperature {temperature:g}:\n")
        print(task.sample(sample, random.Random(task.settings["seed"]), temperature=temperature))
    return 0


def sample(file: Path, start: str, characters: int, temperature: float, seed: int) -> int:
    """A text that a saved network makes up, after `start`."""
    model = CharacterModel.from_file(file)
    start = start.lower()  # as the text that it learned from
    unknown = [c for c in start if c not in model.vocabulary]
    if unknown:
        raise ValueError(f"--start has {unknown[0]!r}, a character that was not in the text it learned from")
    print(start + model.sample(characters, random.Random(seed), start, temperature))
    return 0
