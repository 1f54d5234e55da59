"""Names: a GPT that learns a list of them, letter by letter, and makes up new ones."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from autograd_lite import no_grad

from .attention import GPT
from .files import write_json
from .leaves import Rng, new_rng
from .losses import sequence_cross_entropy
from .nests import not_negative, whole
from .optim import Adam
from .positions import PositionStep
from .tasks import HELD_BACK, at_least_1, bigram_loss, checked_task, drawn, load_parameters, read_saved, take_over

# The first names of the census of 1990 (U.S. Census Bureau: works of the United States government, in the public domain)
SAMPLE_NAMES = Path(__file__).parent / "data" / "names.txt"
FORMAT = {"format": "autograd_lite names", "version": 1}
SIZES = ("embedding", "heads", "blocks", "length")
MEAN = partial(sequence_cross_entropy, reduction="mean")


class NamesModel:
    """A `GPT` that makes up names: what a `NamesTask` trains, and what samples.

    vocabulary: the characters, each once; the mark of beginning and end comes after them. embedding, heads, blocks, length: of
    the GPT.
    """

    def __init__(
        self,
        vocabulary: Sequence[str],
        embedding: int = 16,
        heads: int = 4,
        blocks: int = 1,
        length: int = 16,
        rng: Rng = None,
        seed: int | None = None,
    ) -> None:
        self.vocabulary, self.mark = list(vocabulary), len(vocabulary)
        self.model = GPT(self.mark + 1, embedding, heads, blocks, length, rng=rng, seed=seed)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> NamesModel:
        """The network of a file that `NamesTask.save` wrote; it needs no names. ValueError for any other file."""
        return cls.from_saved(path, read_saved(path, FORMAT))

    @classmethod
    def from_saved(cls, path: str | os.PathLike[str], data: dict[str, Any]) -> NamesModel:
        """The same of what `read_saved` has read there."""
        data = _checked(path, data)
        model = NamesModel(data["vocabulary"], **{name: data[name] for name in SIZES})
        load_parameters(path, model.model, data["parameters"])
        return model

    def sample(
        self, names: int, rng: Rng = None, temperature: float = 1.0, start: str = "", seed: int | None = None
    ) -> list[str]:
        """Names that the GPT makes up, each beginning with `start`. temperature: the logits are divided by it.

        ValueError for a temperature below 0, and for a character of `start` that it does not know.
        """
        rng, places = new_rng(rng, seed), {character: k for k, character in enumerate(self.vocabulary)}
        unknown = [character for character in start if character not in places]
        if unknown:
            raise ValueError(f"{unknown[0]!r} was in none of the names that it learned from")
        return [self._made_up([places[character] for character in start], rng, temperature) for _ in range(names)]

    def _made_up(self, start: list[int], rng: random.Random, temperature: float) -> str:
        run: Any = None
        codes, found = [self.mark, *start], start
        with no_grad():
            while len(found) < self.model.length:
                run = self.model.run(codes, run)
                codes = [drawn([y.item() for y in run.outputs[-1]], rng, temperature)]
                if codes[0] == self.mark:
                    break
                found = [*found, *codes]
        return "".join([self.vocabulary[code] for code in found])


class NamesTask(NamesModel):
    """A `GPT` that learns names, of which a tenth is held back to test it; each update is on one name.

    text: a name (or another short document) on each line. It is read between two marks of its beginning and end, up to `length`
    positions. embedding, heads, blocks: see `NamesModel`. The learning rate of Adam falls from `lr`, 0.01 unless given, to 0 over
    the updates that are `planned`, 3000 unless that is set. dialect: "eager", or that of the program that each update is. source:
    the name of the list's file, to be saved. ValueError for fewer than 20 names.
    """

    def __init__(
        self,
        text: str,
        embedding: int = 16,
        heads: int = 4,
        blocks: int = 1,
        length: int = 16,
        lr: float | None = None,
        seed: int = 0,
        dialect: str = "eager",
        source: str = "",
    ) -> None:
        names = list(dict.fromkeys(text.split("\n")))
        if len(names) < 20:
            raise ValueError(f"there are {len(names)} different names, one a line; learning needs at least 20")
        self.settings: dict[str, Any] = dict(zip(SIZES, (embedding, heads, blocks, length))) | {"seed": seed}
        self.source = source
        rng = random.Random(seed)
        rng.shuffle(names)
        super().__init__(sorted(set("".join(names))), embedding, heads, blocks, length, rng)
        places = {character: k for k, character in enumerate(self.vocabulary)}
        codes = [[self.mark, *[places[c] for c in name], self.mark][: length + 1] for name in names]
        split = len(codes) - int(len(codes) * HELD_BACK)
        self.learned, self.held_back = codes[:split], codes[split:]
        self.lr, self.planned, self.updates = lr or 0.01, 3000, 0
        self.optimizer = Adam(self.model.parameters(), self.lr, betas=(0.85, 0.99))
        self.program = PositionStep(self.model, self.model.parameters(), dialect, "mean") if dialect != "eager" else None

    def step(self) -> float:
        """One update on the next name; returns its loss, in nats a character. An interrupt finds all of it done, or nothing."""
        name = self.learned[self.updates % len(self.learned)]
        if self.program is None:
            self.optimizer.zero_grad()
            total = MEAN(self.model(name[:-1]), name[1:])
            total.backward()
            loss = total.item()
        else:
            loss, gradient = self.program(name[:-1], name[1:])
            for parameter, derivative in zip(self.program.parameters, gradient):
                parameter.grad = derivative
        self.optimizer.lr = self.lr * max(0.0, 1 - self.updates / self.planned)
        self.optimizer.step((self, "updates", self.updates + 1))
        return float(loss)

    def record(self) -> None:
        """Makes the program of the updates, if there is to be one: the seconds that else the first update takes."""
        if self.program is not None:
            self.program.record(self.learned[0][:-1], self.learned[0][1:])

    def held_back_loss(self) -> float:
        """The mean loss on the names held back, in nats a character."""
        total = 0.0
        for name in self.held_back:
            if self.program is not None:
                loss = self.program(name[:-1], name[1:])[0]
            else:
                with no_grad():
                    loss = MEAN(self.model(name[:-1]), name[1:]).item()
            total += loss * (len(name) - 1)
        return total / sum([len(name) - 1 for name in self.held_back])

    def bigram_loss(self) -> float:
        """The mean loss of the best bigram model on the names held back: see `tasks.bigram_loss`."""
        return bigram_loss(self.learned, self.held_back, len(self.vocabulary) + 1)

    def characters_in_a_step(self) -> float:
        """On average, with the mark at the end."""
        return sum([len(name) - 1 for name in self.learned]) / len(self.learned)

    def set_rate(self, lr: float) -> None:
        """Goes on with a learning rate that falls from that one."""
        self.lr = lr

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes everything that `load` needs to go on as if never interrupted; the file is complete or as before."""
        state = {"updates": self.updates, "lr": self.lr, "vocabulary": self.vocabulary}
        rest = {"parameters": self.model.state_dict(), "optimizer": self.optimizer.state_dict()}
        write_json(path, {**FORMAT, **self.settings, "text": self.source, **state, **rest})

    def load(self, path: str | os.PathLike[str]) -> None:
        """Goes on from a file of `save`, with the same names and settings. ValueError, nothing changed, if it does not fit."""
        data = read_saved(path, FORMAT, limit=1_000_000 + 1000 * len(self.optimizer.params))
        same = {**self.settings, "vocabulary": self.vocabulary}
        take_over(self, path, data, same, {"updates": whole, "lr": not_negative}, "no whole updates, or no learning rate")


def saved_settings(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The settings that a file of `NamesTask.save` was made with, by the names of its arguments: those of the GPT, seed, and
    source, the name of the list. ValueError for any other file."""
    data = _checked(path, read_saved(path, FORMAT))
    return {"source": data["text"]} | {name: data[name] for name in (*SIZES, "seed")}


def _checked(path: str | os.PathLike[str], data: dict[str, Any]) -> dict[str, Any]:
    """What a file says, once its settings are in order; nothing is known of it before."""
    found, numbers = checked_task(path, data, dict.fromkeys(SIZES, at_least_1))
    n = found["embedding"]
    needed = n * (12 * n * found["blocks"] + found["length"] + 2 * len(found["vocabulary"]))
    if needed > numbers:  # nothing so large is made in vain
        raise ValueError(f"{path} has only {numbers} parameters for {found['blocks']} blocks of {n} numbers")
    return found
