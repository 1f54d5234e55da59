"""Next-character prediction on a text: a real task for the recurrent cells, trained scalar by scalar."""

from __future__ import annotations

import codecs
import math
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from reprlib import repr as shown
from typing import Any

from autograd_lite import no_grad
from autograd_lite.nests import leaves

from . import recurrent
from .clipping import clip_grad_norm_
from .compiled import Step
from .files import read_json, write_json
from .losses import sequence_cross_entropy
from .nests import checked, load_nests, not_negative, one_each, one_hot, whole
from .optim import Adam
from .recurrent import Cell, SequenceModel

CELLS: dict[str, type[Cell]] = {
    name.removesuffix("Cell").lower(): getattr(recurrent, name) for name in recurrent.__all__ if name[1:].endswith("Cell")
}
FORMAT = {"format": "autograd_lite characters", "version": 1}
# The first five chapters of Lewis Carroll, "Alice's Adventures in Wonderland" (1865), in the public domain
SAMPLE_TEXT = Path(__file__).parent / "data" / "alice.txt"
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


class CharacterModel:
    """A recurrent network with a readout over the characters that it knows: what a `CharacterTask` trains, and what samples.

    vocabulary: the characters, each once. cell: "rnn", "gru" or "lstm", of so many `hidden` units. ValueError for another.
    """

    def __init__(self, vocabulary: Sequence[str], cell: str, hidden: int, rng: random.Random | int | None = None) -> None:
        if cell not in CELLS:
            raise ValueError(f"unknown cell {cell!r}: one of {', '.join(CELLS)}")
        rng = rng if isinstance(rng, random.Random) else random.Random(rng)
        self.vocabulary = list(vocabulary)
        size = len(self.vocabulary)
        self.model = SequenceModel(CELLS[cell](size, hidden, rng=rng), size, rng=rng)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> CharacterModel:
        """The network of a file that `CharacterTask.save` wrote; it needs no text. ValueError for any other file."""
        data = _saved(path)
        model = CharacterModel(data["vocabulary"], data["cell"], data["hidden"])
        try:
            load_nests("this model", dict(model.model._nests()), data["parameters"])
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None
        return model

    def sample(self, characters: int, rng: random.Random, start: str = "", temperature: float = 1.0) -> str:
        """A text that the network makes up, a character at a time, after `start` (characters of the text; else a line break).

        temperature: the logits are divided by it; at 0 it is the most probable character each time. ValueError below 0.
        """
        if not 0 <= temperature < math.inf:
            raise ValueError(f"temperature must be a finite number of at least 0, got {temperature!r}")
        places = {character: k for k, character in enumerate(self.vocabulary)}
        codes = [places[c] for c in start if c in places] or [places.get("\n", 0)]
        made: list[int] = []
        state: dict[str, Any] = {}
        with no_grad():
            while len(made) < characters:
                run, logits = self.model.run(codes, state)
                state = {name: run.states[name][-1] for name in run.initial}
                scores = [y.item() for y in logits[-1]]
                top = max(scores)  # so that nothing overflows, however low the temperature
                weights = [math.exp((y - top) / temperature) if temperature else float(y == top) for y in scores]
                codes = rng.choices(range(len(weights)), weights)
                made += codes
        return "".join([self.vocabulary[code] for code in made])


class CharacterTask(CharacterModel):
    """A network that learns to predict the next character of a text, whose last tenth is held back to test it.

    The text is read in pieces of `length` characters, the state carried over from piece to piece but not the derivatives
    (truncated BPTT); after each piece, clipping to norm `clip` and a step of Adam. source: the name of its file, to be saved.
    dialect: "eager" records every piece; any other runs a program in it, recorded once (see `Module.compile`).
    ValueError for a text of fewer than 20 pieces.
    """

    def __init__(
        self,
        text: str,
        cell: str = "lstm",
        hidden: int = 32,
        length: int = 25,
        lr: float = 0.01,
        clip: float = 5.0,
        seed: int = 0,
        dialect: str = "eager",
        source: str = "",
    ) -> None:
        if len(set(text)) == 1:
            raise ValueError(f"the text has one kind of character, {text[0]!r}: there is nothing to predict")
        if len(text) < 20 * length:
            raise ValueError(f"the text has {len(text)} characters; pieces of {length} need at least {20 * length}")
        super().__init__(sorted(set(text)), cell, hidden, seed)
        self.settings: dict[str, Any] = {"cell": cell, "hidden": hidden, "length": length, "clip": clip, "seed": seed}
        self.source = source
        places = {character: k for k, character in enumerate(self.vocabulary)}
        codes = [places[character] for character in text]
        split = len(codes) - int(len(codes) * HELD_BACK)
        self.learned, self.held_back = codes[:split], codes[split:]
        self.optimizer = Adam(self.model.parameters(), lr)
        self.updates = 0
        self.position = 0
        self.state: dict[str, list[float]] = {}
        self.program = None if dialect == "eager" else Step(self._loss_and_state, self.model.parameters(), dialect)

    def step(self) -> float:
        """One update on the next piece; returns its loss, in nats a character. An interrupt finds all of it done, or nothing."""
        length, position, state = self.settings["length"], self.position, self.state
        if position + length >= len(self.learned):
            position, state = 0, {}
        piece = self.learned[position : position + length + 1]
        names = self.model.network.state_names()
        before = [state.get(name, zeros) for name, zeros in self._zeros().items()]
        if self.program is None:
            self.optimizer.zero_grad()
            loss, *after = self._loss_and_state(piece[:-1], piece[1:], *before)
            loss.backward()
            loss, after = loss.item(), [[unit.item() for unit in units] for units in after]
        else:
            loss, gradients, *after = self._by_program(self.program, piece, before)
            for parameter, derivative in zip(self.program.parameters, gradients):
                parameter.grad = derivative
        clip_grad_norm_(self.optimizer.params, self.settings["clip"])
        new = {"state": dict(zip(names, after)), "position": position + length, "updates": self.updates + 1}
        self.optimizer.step(*[(self, name, entry) for name, entry in new.items()])
        return float(loss)

    def record(self) -> None:
        """Makes the program of the updates, if there is to be one: the seconds that else the first update takes."""
        if self.program is not None:
            self.program.record(*self._example(self.learned[: self.settings["length"] + 1]), *self._zeros().values())

    def _zeros(self) -> dict[str, list[float]]:
        """The state before the first piece."""
        return {name: [0.0] * self.settings["hidden"] for name in self.model.network.state_names()}

    def _loss_and_state(self, piece: list[Any], targets: list[Any], *before: list[Any]) -> tuple[Any, ...]:
        """The mean loss of a piece, and the states after it, from those before."""
        names = self.model.network.state_names()
        run, logits = self.model.run(piece, dict(zip(names, before)))
        return sequence_cross_entropy(logits, targets, reduction="mean"), *[run.states[name][-1] for name in names]

    def _by_program(self, program: Step, piece: list[int], before: list[list[float]]) -> tuple[Any, ...]:
        return program(*self._example(piece), *before)

    def _example(self, piece: list[int]) -> tuple[list[list[float]], list[list[float]]]:
        """The inputs and the targets of a piece, as a program takes them."""
        columns = [one_hot(code, len(self.vocabulary)) for code in piece]
        return columns[:-1], columns[1:]

    def held_back_loss(self) -> float:
        """The mean loss on the text held back, in nats a character; by the program of `step`, once that is there."""
        total, codes, length = 0.0, self.held_back, self.settings["length"]
        state: list[Any] = list(self._zeros().values())
        for start in range(0, len(codes) - 1, length):
            piece = codes[start : start + length + 1]
            if self.program is not None and self.program.programs and len(piece) == length + 1:
                loss, _, *state = self._by_program(self.program, piece, state)
            else:
                with no_grad():
                    mean, *state = self._loss_and_state(piece[:-1], piece[1:], *state)
                loss = mean.item()
            total += loss * (len(piece) - 1)
        return total / (len(codes) - 1)

    def bigram_loss(self) -> float:
        """The mean loss of the best bigram model on the text held back: it knows the character before.

        Its probabilities are the counts in the text that is learned from, plus a constant; of many, the constant that is
        best on the text held back.
        """
        pairs = Counter(zip(self.learned, self.learned[1:]))
        singles = Counter(self.learned[:-1])
        tests = list(zip(self.held_back, self.held_back[1:]))
        size = len(self.vocabulary)

        def loss(k: float) -> float:
            return -sum(math.log((pairs[a, b] + k) / (singles[a] + k * size)) for a, b in tests) / len(tests)

        return min(loss(10 ** (e / 10)) for e in range(-30, 11))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes everything that `load` needs to go on as if never interrupted; the file is complete or as before."""
        state = {"updates": self.updates, "position": self.position, "state": self.state, "vocabulary": self.vocabulary}
        rest = {"parameters": self.model.state_dict(), "optimizer": self.optimizer.state_dict()}
        write_json(path, {**FORMAT, **self.settings, "text": self.source, **state, **rest})

    def load(self, path: str | os.PathLike[str]) -> None:
        """Goes on from a file of `save`, with the same text and settings. ValueError, nothing changed, if it does not fit."""
        data = _read(path, limit=1_000_000 + 1000 * len(self.optimizer.params))
        for key, value in {**self.settings, "vocabulary": self.vocabulary}.items():
            if data.get(key) != value:
                raise ValueError(f"{path} was made with another {key}: {shown(data.get(key))}, not {shown(value)}")
        kinds = {"updates": whole, "position": self._place, "state": self._state}
        hidden, names = self.settings["hidden"], ", ".join(self.model.network.state_names())
        try:
            own = checked({name: data.get(name) for name in kinds}, kinds, hidden)
        except ValueError as error:
            needs = f"no whole updates and position, or no state of {hidden} numbers for {names}"
            raise ValueError(f"{path} has {needs}: {error}") from None
        try:
            changes = self.optimizer.changes(data.get("optimizer")) + [(self, name, entry) for name, entry in own.items()]
            load_nests("this model", dict(self.model._nests()), data.get("parameters"), others=changes)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None

    def _place(self, thing: Any, hidden: int) -> int:
        if whole(thing, hidden) >= len(self.learned) or thing % self.settings["length"]:
            raise ValueError("must be the place of a piece")
        return int(thing)

    def _state(self, thing: Any, hidden: int) -> dict[str, list[float]]:
        names = self.model.network.state_names()
        if not isinstance(thing, dict) or thing.keys() not in (set(), set(names)):
            raise ValueError(f"must be empty, or a state for each of {', '.join(names)}")
        return {name: one_each(units, hidden) for name, units in thing.items()}


def saved_settings(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The settings that a file of `CharacterTask.save` was made with, by the names of its arguments: cell, hidden, length, clip,
    seed, and source, the name of the text. ValueError for any other file."""
    data = _saved(path)
    return {"source": data["text"]} | {name: data[name] for name in ("cell", "hidden", "length", "clip", "seed")}


def _read(path: str | os.PathLike[str], limit: int) -> dict[str, Any]:
    data = read_json(path, limit)
    if not isinstance(data, dict) or {key: data.get(key) for key in FORMAT} != FORMAT:
        raise ValueError(f"{path} is not a file of {FORMAT['format']}")
    return data


def _saved(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What a file says, its settings looked at; nothing is known of it before."""
    data = {"text": "", "parameters": None, **_read(path, LONGEST_FILE)}
    numbers = len(leaves(data["parameters"]))
    kinds = {"cell": _cell, "hidden": _units, "length": _units, "clip": not_negative, "seed": _seed}
    kinds |= {"vocabulary": _characters, "text": _name}
    try:
        found = checked({name: data.get(name) for name in kinds}, kinds, numbers)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    if found["hidden"] * (found["hidden"] + len(found["vocabulary"])) > numbers:  # nothing so large is made in vain
        raise ValueError(f"{path} has only {numbers} parameters for a cell of {found['hidden']} units")
    return data | found


def _cell(thing: Any, count: int) -> str:
    if not isinstance(thing, str) or thing not in CELLS:
        raise ValueError(f"must be one of {', '.join(CELLS)}")
    return thing


def _units(thing: Any, count: int) -> int:
    if whole(thing, count) == 0:
        raise ValueError("must be at least 1")
    return int(thing)


def _seed(thing: Any, count: int) -> int:
    if not isinstance(thing, int) or isinstance(thing, bool):
        raise ValueError("must be a whole number")
    return thing


def _characters(thing: Any, count: int) -> list[str]:
    each = thing if isinstance(thing, list) else []
    if not each or not all(isinstance(c, str) and len(c) == 1 for c in each) or len(set(each)) < len(each):
        raise ValueError("must be a list of characters, each once")
    return each


def _name(thing: Any, count: int) -> str:
    if not isinstance(thing, str):
        raise ValueError("must be the name of a file")
    return thing


def train_characters(
    task: CharacterTask,
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
                speed = len(recent) * task.settings["length"] / (time.perf_counter() - start)
                say(
                    f"update {task.updates:>6} of {updates}: loss {sum(recent) / len(recent):.5g} nats a character, "
                    f"{speed:,.0f} characters/s"
                )
                start = time.perf_counter()
                recent.clear()
    except KeyboardInterrupt:
        task.save(path)
        raise KeyboardInterrupt(f"after {task.updates} updates; saved to {path}") from None
