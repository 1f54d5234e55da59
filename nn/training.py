"""Training: the articles' general procedure, with its history."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, partial
from typing import Any, TypeAlias

from autograd_lite import Value, mean

from .compiled import Step
from .history import History
from .leaves import Rng, new_rng
from .losses import half_squared_error
from .module import Module
from .nests import real
from .optim import SGD, Optimizer
from .progress import reporter
from .schedules import LRScheduler
from .validation import Metrics, Validation, pairs


def train(
    model: Module,
    examples: Sequence[tuple[Any, Any]],
    loss: Callable[[Any, Any], Value] = half_squared_error,
    *,
    optimizer: Optimizer | None = None,
    steps: int = 1000,
    tolerance: float = 0.0,
    batch_size: int | None = None,
    rng: Rng = None,
    seed: int | None = None,
    progress: bool = True,
    compiled: bool | str = False,
    schedule: LRScheduler | None = None,
    callback: Callable[[History], Any] | None = None,
    validation: Iterable[tuple[Any, Any]] | None = None,
    metrics: Metrics = (),
    every: int = 1,
    patience: float | None = None,
) -> History:
    """Repeats: forward; stop if the loss is at most `tolerance`; else backward, and update the parameters (weights and biases).

    examples: pairs of the model's input and the target. The loss of a step is the mean of `loss(model(x), target)` over all
    examples, or over the next `batch_size` of them, in an order drawn by `rng` for each round; of a round the last few that
    do not fill a batch are left out. The tolerance is then for the batch.
    optimizer: `SGD(model.parameters(), lr=0.5)`, the articles' rate, unless given. progress: a bar if tqdm is installed, else
    ten lines.

    compiled: run each step as a program, recorded once (see `Module.compile`), with the same losses to 1e-12: for long
    trainings. True chooses the dialect; or its name: "c", "python", "numpy".

    schedule: of the optimizer's rate, a step after each update: ``schedule=StepLR(optimizer, 100)``.
    callback: called with the history after each forward pass; if it returns True, the training ends.
    validation: examples held back; after each `every` updates, and at the end, their mean loss is added to the history.
    metrics: a function of outputs and target, such as `accuracy`, a list or a dict of them; their means over the examples held
    back (over all examples, where there are none) are added too. For both the model is as after `eval`, and records no graph.
    patience: the training ends when the loss on the examples held back has not become lower that many times, and whenever it
    ends the parameters are those of the lowest: ``patience=math.inf`` keeps the best of all steps.

    Not compiled, each step makes a graph of many small objects. Looking for cycles among them, where there are none, takes
    Python's garbage collector a tenth to a third of the time: ``gc.set_threshold(100_000)`` before a long training makes a
    step 1.1 to 1.4 times as fast, ``gc.freeze()`` 1.03 to 1.06 times. Both are for the whole process, and `train` calls
    neither.

    Returns the history: one loss for each forward pass, so `steps` + 1 if the tolerance is not reached. The parameters are
    those of the last loss, or with `patience` the best. An interrupt leaves those after a whole update.

    Raises FloatingPointError if the loss is infinite or nan; the parameters are then those that gave that loss.
    """
    if not callable(loss):
        raise TypeError(f"train takes pairs of input and target, as in train(model, zip(X, y), loss); got {loss!r:.60} as loss")
    examples = pairs(examples, "train")
    _check(model, len(examples), optimizer, steps, tolerance, batch_size, callback)
    if schedule is not None:
        optimizer = _optimizer_of(schedule, optimizer)
    optimizer = optimizer or SGD(model.parameters(), lr=0.5)
    parameters = dict.fromkeys([*model.parameters(), *optimizer.params])
    held = Validation(model, loss, examples, validation, metrics, every, patience, list(parameters))
    evaluate: Evaluate = partial(_by_graph, model, loss)
    if compiled:
        dialect = compiled if isinstance(compiled, str) else None
        evaluate = partial(_by_program, cache(lambda: model.compile(loss, examples[0], dialect, parameters)))
    batches = _batches(examples, batch_size, new_rng(rng, seed))
    history = History()
    start = time.perf_counter()
    report = reporter(steps) if progress else lambda step, loss: None
    try:
        for step in range(steps + 1):
            total, backward = _evaluated(evaluate, next(batches), step)
            history.losses.append(total)
            history.seconds = time.perf_counter() - start
            report(step, total)
            if not math.isfinite(total):
                raise FloatingPointError(f"the loss is {total} after {step} updates: try a lower learning rate")
            history.reached = total <= tolerance
            if held.wanted and (history.reached or step == steps or step % every == 0) and held.look(history, step):
                history.stopped = "patience"
            if callback is not None and callback(history) is True:
                history.stopped = history.stopped or "callback"
            if history.reached or history.stopped or step == steps:
                held.restore()
                break
            optimizer.zero_grad()
            backward()
            optimizer.step(*(schedule.next_changes() if schedule else ()))
    finally:
        report(-1, math.nan)
    return history


Evaluate: TypeAlias = Callable[[list[Any]], tuple[float, Callable[[], None]]]
"""Of a batch: its mean loss, and what adds the derivatives of that to the grads of the parameters."""


def _check(model: Any, count: int, optimizer: Any, steps: Any, tolerance: Any, batch_size: Any, callback: Any) -> None:
    """count: of examples."""
    if not (_is_whole(steps, 0, math.inf) and (batch_size is None or _is_whole(batch_size, 1, count))):
        raise ValueError(f"train needs steps >= 0 and batch_size from 1 to {count}, got {steps!r} and {batch_size!r}")
    if not isinstance(model, Module):
        raise TypeError(f"train needs a model, such as MLP([2, 3, 1]), got {model!r:.60}")
    if not isinstance(optimizer, Optimizer | None):
        raise TypeError(f"train needs an optimizer such as SGD(model.parameters(), lr=0.5), got {optimizer!r:.60}")
    if math.isnan(real(tolerance)) or not (callback is None or callable(callback)):
        raise TypeError(
            f"train needs a number as tolerance and a function as callback, got {tolerance!r:.60} and {callback!r:.60}"
        )


def _is_whole(thing: Any, low: int, high: float) -> bool:
    return hasattr(thing, "__index__") and low <= thing <= high


def _optimizer_of(schedule: LRScheduler, optimizer: Optimizer | None) -> Optimizer:
    if not isinstance(schedule, LRScheduler):
        raise TypeError(f"train needs a schedule such as StepLR(optimizer, 100), got {schedule!r:.60}")
    if optimizer not in (None, schedule.optimizer):
        raise ValueError("the schedule is of another optimizer than the one that is given")
    return schedule.optimizer


def _batches(examples: list[Any], batch_size: int | None, rng: random.Random) -> Iterator[list[Any]]:
    """Without end: all examples each time, or so many of them, in an order drawn for each round."""
    while batch_size is None:
        yield examples
    while True:
        order = rng.sample(examples, len(examples))
        for start in range(0, len(order) - batch_size + 1, batch_size):
            yield order[start : start + batch_size]


def _evaluated(evaluate: Evaluate, batch: list[Any], step: int) -> tuple[float, Callable[[], None]]:
    try:
        return evaluate(batch)
    except OverflowError as error:
        raise FloatingPointError(f"the loss overflows after {step} updates: try a lower learning rate") from error


def _by_graph(model: Module, loss: Callable[[Any, Any], Value], batch: list[Any]) -> tuple[float, Callable[[], None]]:
    losses = [loss(model(x), target) for x, target in batch]
    if not isinstance(losses[0], Value):
        raise TypeError(f"train needs a loss that is a Value, got {losses[0]!r:.60}")
    total = losses[0] if len(losses) == 1 else mean(losses)
    return total.item(), total.backward


def _by_program(make: Callable[[], Step], batch: list[Any]) -> tuple[float, Callable[[], None]]:
    """`make` makes the step when it is first called."""
    step = make()
    loss, gradients = step.mean(batch)

    def backward() -> None:
        for parameter, derivative in zip(step.parameters, gradients):
            parameter.grad += derivative

    return loss, backward
