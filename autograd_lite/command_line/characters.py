"""``train-char``: a recurrent network that learns the next character of a text."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import Any

from ..nn.characters import SAMPLE_TEXT, CharacterTask, read_text, train_characters
from ..nn.compiled import fastest_dialect
from ..nn.files import only_writer


def train_char(cell: str, save: Path | None, **options: Any) -> int:
    """Next-character prediction on a text: training, the loss on the text held back, a sample."""
    path = save or Path(f"char-{cell}.json")
    with only_writer(path):
        return _train_char(path, cell=cell, **options)


def _train_char(
    path: Path,
    *,
    text: Path | None,
    cell: str,
    hidden: int,
    length: int,
    updates: int,
    learning_rate: float | None,
    clip: float,
    seed: int,
    sample: int,
    temperature: float,
    save_every: int,
    dialect: str,
    resume: bool,
) -> int:
    if path.exists() and not resume:
        raise ValueError(f"{path} is there already: go on from it with --resume, or name another file with --save")
    characters = read_text(text or SAMPLE_TEXT)
    dialect = fastest_dialect() if dialect == "fastest" else dialect
    task = CharacterTask(characters, cell, hidden, length, learning_rate or 0.01, clip, seed, dialect)
    if resume:
        task.load(path)
        task.optimizer.lr = learning_rate or task.optimizer.lr
        print(f"going on from {path}, after {task.updates} updates")
        if task.updates >= updates:
            print(f"nothing to train: --updates is {updates}, for all updates together")
    print(
        f"{cell} of {hidden} units, {len(task.optimizer.params)} parameters, on {len(characters)} characters of "
        f"{len(task.vocabulary)} kinds; the last {len(task.held_back)} are held back"
    )
    if dialect != "eager":
        print(f"the first update writes a program in the dialect {dialect}", flush=True)
    try:
        train_characters(task, updates, path, save_every, lambda line: print(line, flush=True))
    except KeyboardInterrupt as stop:  # a second one, while it saves, says nothing
        done = str(stop) or f"again; {path} is as it was"
        print(f"interrupted {done}, go on with --resume", file=sys.stderr)
        return 130
    print(f"saved to {path}")
    loss, bigram = task.held_back_loss(), task.bigram_loss()
    verdict = "better than" if loss < bigram else "not yet better than"
    print(f"on the text held back: {loss:.4f} nats a character, {verdict} the best bigram model's {bigram:.4f}")
    if sample:
        print(f"\nA sample at temperature {temperature:g}:\n")
        print(task.sample(sample, random.Random(seed), temperature=temperature))
    return 0
