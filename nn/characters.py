"""Next-character prediction on a text: a real task for the recurrent cells and for a GPT, trained scalar by scalar."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from autograd_lite import no_grad

from . import recurrent
from .attention import GPT
from .clipping import clip_grad_norm_
from .compiled import Step
from .files import write_json
from .leaves import Rng, new_rng
from .losses import sequence_cross_entropy
from .nests import not_negative, one_each, one_hot, whole
from .optim import Adam
from .positions import PositionStep
from .recurrent import Cell, SequenceModel
from .tasks import (
    HELD_BACK,
    at_least_1,
    bigram_loss,
    checked_task,
    drawn,
    load_parameters,
    read_saved,
    read_text,
    take_over,
    train_characters,
)

__all__ = ["CELLS", "SAMPLE_TEXT", "CharacterModel", "CharacterTask", "read_text", "saved_settings", "train_characters"]

CELLS: dict[str, type[Cell] | None] = {
    name.removesuffix("Cell").lower(): getattr(recurrent, name) for name in recurrent.__all__ if name[1:].endswith("Cell")
}
CELLS["gpt"] = None  # which has blocks in the place of a cell
FORMAT = {"format": "autograd_lite characters", "version": 1}
# The first five chapters of Lewis Carroll, "Alice's Adventures in Wonderland" (1865), in the public domain
SAMPLE_TEXT = Path(__file__).parent / "data" / "alice.txt"
MEAN = partial(sequence_cross_entropy, reduction="mean")


class CharacterModel:
    """A network with a readout over the characters that it knows: what a `CharacterTask` trains, and what samples.

    vocabulary: the characters, each once. cell: "rnn", "gru" or "lstm", of so many `hidden` units; or "gpt", a `GPT` of one
    block with so many numbers a position, `length` positions and, if 4 divides `hidden`, four heads. ValueError for another.
    """

    def __init__(
        self, vocabulary: Sequence[str], cell: str, hidden: int, rng: Rng = None, length: int = 25, seed: int | None = None
    ) -> None:
        if cell not in CELLS:
            raise ValueError(f"unknown cell {cell!r}: one of {', '.join(CELLS)}")
        rng = new_rng(rng, seed)
        self.vocabulary = list(vocabulary)
        size, kind = len(self.vocabulary), CELLS[cell]
        self.model: Any
        if kind is None:
            self.model, self.states = GPT(size, hidden, 4 if hidden % 4 == 0 else 1, length=length, rng=rng), list[str]()
        else:
            self.model = SequenceModel(kind(size, hidden, rng=rng), size, rng=rng)
            self.states = self.model.network.state_names()

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> CharacterModel:
        """The network of a file that `CharacterTask.save` wrote; it needs no text. ValueError for any other file."""
        return cls.from_saved(path, read_saved(path, FORMAT))

    @classmethod
    def from_saved(cls, path: str | os.PathLike[str], data: dict[str, Any]) -> CharacterModel:
        """The same of what `read_saved` has read there."""
        data = _checked(path, data)
        model = CharacterModel(data["vocabulary"], data["cell"], data["hidden"], length=data["length"])
        load_parameters(path, model.model, data["parameters"])
        return model

    def sample(self, characters: int, rng: Rng = None, start: str = "", temperature: float = 1.0, seed: int | None = None) -> str:
        """A text that the network makes up, a character at a time, after `start` (characters of the text; else a line break).

        temperature: the logits are divided by it; at 0 it is the most probable character each time. ValueError below 0.
        """
        places = {character: k for k, character in enumerate(self.vocabulary)}
        codes = [places[c] for c in start if c in places] or [places.get("\n", 0)]
        made: list[int] = []
        past: Any = None
        rng = new_rng(rng, seed)
        with no_grad():
            while len(made) < characters:
                logits, past = self._next(codes, past, made)
                codes = [drawn([y.item() for y in logits], rng, temperature)]
                made += codes
        return "".join([self.vocabulary[code] for code in made])

    def _next(self, codes: list[int], past: Any, made: list[int]) -> tuple[Any, Any]:
        """The logits after these codes, and what is the past of those to come. A GPT whose positions are full begins again with
        the last half of what it has made."""
        if self.states:
            run, logits = self.model.run(codes, past)
            return logits[-1], {name: run.states[name][-1] for name in self.states}
        length = self.model.length
        if past is not None and len(past.outputs) == length:
            codes, past = made[-max(1, length // 2) :], None
        run = self.model.run(codes[-length:], past)
        return run.outputs[-1], run


class CharacterTask(CharacterModel):
    """A network that learns to predict the next character of a text, whose last tenth is held back to test it.

    The text is read in pieces of `length` characters, the state of a cell carried over from piece to piece but not the
    derivatives (truncated BPTT); a GPT sees its piece alone. After each piece, clipping to norm `clip` and a step of Adam, at the
    rate `lr`: 0.01 unless given, of a GPT 0.003. source: the name of the text's file, to be saved.
    dialect: "eager" records every piece; any other runs a program in it, recorded once (see `Module.compile`).
    ValueError for a text of fewer than 20 pieces.
    """

    def __init__(
        self,
        text: str,
        cell: str = "lstm",
        hidden: int = 32,
        length: int = 25,
        lr: float | None = None,
        clip: float = 5.0,
        seed: int = 0,
        dialect: str = "eager",
        source: str = "",
    ) -> None:
        if len(set(text)) == 1:
            raise ValueError(f"the text has one kind of character, {text[0]!r}: there is nothing to predict")
        if len(text) < 20 * length:
            raise ValueError(f"the text has {len(text)} characters; pieces of {length} need at least {20 * length}")
        super().__init__(sorted(set(text)), cell, hidden, seed, length)
        self.settings: dict[str, Any] = {"cell": cell, "hidden": hidden, "length": length, "clip": clip, "seed": seed}
        self.source = source
        places = {character: k for k, character in enumerate(self.vocabulary)}
        codes = [places[character] for character in text]
        split = len(codes) - int(len(codes) * HELD_BACK)
        self.learned, self.held_back = codes[:split], codes[split:]
        self.optimizer = Adam(self.model.parameters(), lr or (0.003 if cell == "gpt" else 0.01))
        self.updates = self.planned = 0
        self.position = 0
        self.state: dict[str, list[float]] = {}
        self.program: Step | None = None
        if dialect != "eager" and self.states:
            self.program = Step(self._loss_and_state, self.model.parameters(), dialect)
        elif dialect != "eager":
            self.program = PositionStep(self.model, self.model.parameters(), dialect, "mean")

    def step(self) -> float:
        """One update on the next piece; returns its loss, in nats a character. An interrupt finds all of it done, or nothing."""
        length, position, state = self.settings["length"], self.position, self.state
        if position + length >= len(self.learned):
            position, state = 0, {}
        piece = self.learned[position : position + length + 1]
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
        new = {"state": dict(zip(self.states, after)), "position": position + length, "updates": self.updates + 1}
        self.optimizer.step(*[(self, name, entry) for name, entry in new.items()])
        return float(loss)

    def record(self) -> None:
        """Makes the program of the updates, if there is to be one: the seconds that else the first update takes."""
        if self.program is not None:
            self.program.record(*self._example(self.learned[: self.settings["length"] + 1]), *self._zeros().values())

    def _zeros(self) -> dict[str, list[float]]:
        """The state before the first piece."""
        return {name: [0.0] * self.settings["hidden"] for name in self.states}

    def _loss_and_state(self, piece: list[Any], targets: list[Any], *before: list[Any]) -> tuple[Any, ...]:
        """The mean loss of a piece, and the states after it, from those before."""
        if not self.states:
            return (MEAN(self.model(piece), targets),)
        run, logits = self.model.run(piece, dict(zip(self.states, before)))
        return MEAN(logits, targets), *[run.states[name][-1] for name in self.states]

    def _by_program(self, program: Step, piece: list[int], before: list[list[float]]) -> tuple[Any, ...]:
        return program(*self._example(piece), *before)

    def _example(self, piece: list[int]) -> tuple[list[Any], list[Any]]:
        """The inputs and the targets of a piece, as a program takes them."""
        columns: list[Any] = [one_hot(code, len(self.vocabulary)) for code in piece] if self.states else piece
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
        """The mean loss of the best bigram model on the text held back: see `tasks.bigram_loss`."""
        return bigram_loss([self.learned], [self.held_back], len(self.vocabulary))

    def characters_in_a_step(self) -> float:
        return float(self.settings["length"])

    def set_rate(self, lr: float) -> None:
        """Goes on with that learning rate."""
        self.optimizer.lr = lr

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes everything that `load` needs to go on as if never interrupted; the file is complete or as before."""
        state = {"updates": self.updates, "position": self.position, "state": self.state, "vocabulary": self.vocabulary}
        rest = {"parameters": self.model.state_dict(), "optimizer": self.optimizer.state_dict()}
        write_json(path, {**FORMAT, **self.settings, "text": self.source, **state, **rest})

    def load(self, path: str | os.PathLike[str]) -> None:
        """Goes on from a file of `save`, with the same text and settings. ValueError, nothing changed, if it does not fit."""
        data = read_saved(path, FORMAT, limit=1_000_000 + 1000 * len(self.optimizer.params))
        kinds = {"updates": whole, "position": self._place, "state": self._state}
        needs = f"no state of {self.settings['hidden']} numbers for {', '.join(self.states)}"
        same = {**self.settings, "vocabulary": self.vocabulary}
        take_over(self, path, data, same, kinds, f"no whole updates and position, or {needs}")

    def _place(self, thing: Any, count: int) -> int:
        if whole(thing, count) >= len(self.learned) or thing % self.settings["length"]:
            raise ValueError("must be the place of a piece")
        return int(thing)

    def _state(self, thing: Any, count: int) -> dict[str, list[float]]:
        if not isinstance(thing, dict) or thing.keys() not in (set(), set(self.states)):
            raise ValueError(f"must be empty, or a state for each of {', '.join(self.states)}")
        return {name: one_each(units, self.settings["hidden"]) for name, units in thing.items()}


def saved_settings(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The settings that a file of `CharacterTask.save` was made with, by the names of its arguments: cell, hidden, length, clip,
    seed, and source, the name of the text. ValueError for any other file."""
    data = _checked(path, read_saved(path, FORMAT))
    return {"source": data["text"]} | {name: data[name] for name in ("cell", "hidden", "length", "clip", "seed")}


def _checked(path: str | os.PathLike[str], data: dict[str, Any]) -> dict[str, Any]:
    """What a file says, once its settings are in order; nothing is known of it before."""
    kinds = {"cell": _cell, "hidden": at_least_1, "length": at_least_1, "clip": not_negative}
    found, numbers = checked_task(path, data, kinds)
    rows = found["hidden"] + len(found["vocabulary"]) + found["length"] * (found["cell"] == "gpt")
    if found["hidden"] * rows > numbers:  # nothing so large is made in vain
        raise ValueError(f"{path} has only {numbers} parameters for a cell of {found['hidden']} units")
    return found


def _cell(thing: Any, count: int) -> str:
    if not isinstance(thing, str) or thing not in CELLS:
        raise ValueError(f"must be one of {', '.join(CELLS)}")
    return thing
