"""What learning next characters has in common, on a text or on a list of names: reading, training, judging, files."""

from __future__ import annotations

import codecs
import math
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain, pairwise
from reprlib import repr as shown
from typing import Any, Protocol

from autograd_lite.nests import leaves

from .files import read_json
from .module import Module
from .nests import Kind, checked, load_nests, whole
from .optim import Optimizer

HELD_BACK = 0.1
LONGEST_TEXT = 100_000_000
LONGEST_FILE = 100_000_000


def read_text(path: str | os.PathLike[str]) -> str:
    """A text file in lower case, each run of white space as one space or line break: fewer characters to tell apart.

    Byte order marks are passed over. ValueError if it is not in UTF-8.
    """
    with open(path, "rb") as file:
        raw = file.read(LONGEST_TEXT + 1)
    if len(raw) > LONGEST_TEXT:
        raise ValueError(f"{path} is longer than {LONGEST_TEXT:,} bytes: learn from a part of it")
    utf_16 = ". It looks like UTF-16: save it as UTF-8"
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        hint = utf_16 if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else ""
        raise ValueError(f"{path} is not a text in UTF-8: {error}{hint}") from None
    if "\0" in text:
        raise ValueError(f"{path} is not a text in UTF-8: it has NUL characters{utf_16}")
    lines = text.replace("\ufeff", "").lower().splitlines()
    return "\n".join(line for line in (" ".join(line.split()) for line in lines) if line)


def bigram_loss(learned: Iterable[Sequence[int]], tests: Iterable[Sequence[int]], size: int) -> float:
    """The mean loss of the best bigram model on what is held back: it knows the character before, one of so many.

    learned, tests: sequences of codes. Its probabilities are the counts in what is learned from, plus a constant; of many, the
    constant that is best on what is held back.
    """
    pairs, held_back = [Counter(chain.from_iterable(map(pairwise, documents))) for documents in (learned, tests)]
    singles = Counter[int]()
    for (first, _), count in pairs.items():
        singles[first] += count

    def loss(k: float) -> float:
        logs = [n * math.log((pairs[a, b] + k) / (singles[a] + k * size)) for (a, b), n in held_back.items()]
        return -sum(logs) / sum(held_back.values())

    return min(loss(10 ** (e / 10)) for e in range(-30, 11))


def drawn(scores: Sequence[float], rng: random.Random, temperature: float) -> int:
    """A place, drawn by the softmax of the scores over the temperature; at 0 that of the largest. ValueError below 0."""
    if not 0 <= temperature < math.inf:
        raise ValueError(f"temperature must be a finite number of at least 0, got {temperature!r}")
    top = max(scores)  # so that nothing overflows, however low the temperature
    weights = [math.exp((y - top) / temperature) if temperature else float(y == top) for y in scores]
    return rng.choices(range(len(weights)), weights)[0]


# Training -------------------------------------------------------------------------------------------------------------


class Task(Protocol):
    """What learns: `CharacterTask`, `NamesTask`."""

    updates: int
    planned: int
    model: Any

    @property
    def optimizer(self) -> Optimizer: ...
    def step(self) -> float: ...
    def record(self) -> None: ...
    def save(self, path: str | os.PathLike[str], /) -> None: ...
    def characters_in_a_step(self) -> float: ...


def train_characters(
    task: Task,
    updates: int,
    path: str | os.PathLike[str],
    save_every: int,
    say: Callable[[str], None],
    after_each: Callable[[float], None] = lambda loss: None,
) -> None:
    """Trains up to that many updates in all, says how it goes, and saves to `path` at the start, every so often and at the end.

    after_each: is called after each update, with the loss of its piece.

    An interrupt (Ctrl-C) saves too before it is passed on, and says so then. What is saved is after a whole update, always:
    going on from it equals a training that was never interrupted.
    """
    recent = list[float]()
    task.planned = updates
    try:
        task.save(path)  # where nothing can be saved there is no training
        if task.updates < updates:
            task.record()
        start = time.perf_counter()
        while task.updates < updates:
            recent.append(task.step())
            after_each(recent[-1])
            if task.updates % save_every == 0 or task.updates == updates:
                task.save(path)
                speed = len(recent) * task.characters_in_a_step() / (time.perf_counter() - start)
                say(
                    f"update {task.updates:>6} of {updates}: loss {sum(recent) / len(recent):.5g} nats a character, "
                    f"{speed:,.0f} characters/s"
                )
                start = time.perf_counter()
                recent.clear()
    except KeyboardInterrupt:
        task.save(path)
        raise KeyboardInterrupt(f"after {task.updates} updates; saved to {path}") from None


# Files ----------------------------------------------------------------------------------------------------------------


def read_saved(path: str | os.PathLike[str], *forms: Mapping[str, Any], limit: int = LONGEST_FILE) -> dict[str, Any]:
    """What a file of one of these forms says. ValueError for another file."""
    data = read_json(path, limit)
    if not isinstance(data, dict) or not any([{key: data.get(key) for key in form} == form for form in forms]):
        raise ValueError(f"{path} is not a file of {' or '.join([form['format'] for form in forms])}")
    return data


def checked_task(path: str | os.PathLike[str], data: Mapping[str, Any], kinds: Mapping[str, Kind]) -> tuple[dict[str, Any], int]:
    """What the file of a task says, of which nothing is known before, with its settings checked; and how many parameters it has.

    kinds: of the settings that other tasks have not. ValueError for what is none of a task.
    """
    data = {"text": "", "parameters": None, **data}
    numbers = len(leaves(data["parameters"]))
    kinds = {**kinds, "seed": seed, "vocabulary": characters, "text": name_of_a_file}
    try:
        return data | checked({name: data.get(name) for name in kinds}, kinds, numbers), numbers
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def load_parameters(path: str | os.PathLike[str], model: Module, parameters: Any) -> None:
    """Sets the model's parameters to those of a file. ValueError where they do not fit."""
    try:
        load_nests("this model", dict(model._nests()), parameters)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def take_over(
    task: Task,
    path: str | os.PathLike[str],
    data: Mapping[str, Any],
    same: Mapping[str, Any],
    kinds: Mapping[str, Kind],
    needs: str,
) -> None:
    """Sets the task's parameters, its optimizer and, by `kinds`, attributes of its own from the data of a file. ValueError, with
    nothing changed, where they do not fit, or where what is to be the `same` is not. needs: what a file lacks of other kinds."""
    for key, value in same.items():
        if data.get(key) != value:
            raise ValueError(f"{path} was made with another {key}: {shown(data.get(key))}, not {shown(value)}")
    try:
        own = checked({name: data.get(name) for name in kinds}, kinds, len(task.optimizer.params))
    except ValueError as error:
        raise ValueError(f"{path} has {needs}: {error}") from None
    try:
        changes = task.optimizer.changes(data.get("optimizer")) + [(task, name, entry) for name, entry in own.items()]
        load_nests("this model", dict(task.model._nests()), data.get("parameters"), others=changes)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def at_least_1(thing: Any, count: int) -> int:
    if whole(thing, count) == 0:
        raise ValueError("must be at least 1")
    return int(thing)


def seed(thing: Any, count: int) -> int:
    if not isinstance(thing, int) or isinstance(thing, bool):
        raise ValueError("must be a whole number")
    return thing


def characters(thing: Any, count: int) -> list[str]:
    each = thing if isinstance(thing, list) else []
    if not each or not all(isinstance(c, str) and len(c) == 1 for c in each) or len(set(each)) < len(each):
        raise ValueError("must be a list of characters, each once")
    return each


def name_of_a_file(thing: Any, count: int) -> str:
    if not isinstance(thing, str):
        raise ValueError("must be the name of a file")
    return thing
