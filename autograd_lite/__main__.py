"""The command line: ``autograd-lite example`` and ``autograd-lite train-char``."""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .draw import draw


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command and returns its exit status."""
    parser = argparse.ArgumentParser(prog="autograd-lite", description="Backpropagation, every number of it.")
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser(
        "example",
        help="the worked example: a 2-2-2 network, figure by figure",
        description="Computes every quantity of the articles' 2-2-2 example, compares it with the figure that they print, "
        "trains the network, and writes its graph. Exits with 0 only if every right figure is reproduced.",
    )
    command.add_argument("--steps", type=_count, default=10_000, help="how many updates (10000)")
    command.add_argument("--learning-rate", type=_positive, default=0.5, help="the learning rate of the training (0.5)")
    command.add_argument("--update-biases", action="store_true", help="update b1 and b2 too; the articles do not")
    command.add_argument(
        "--sequential", action="store_true", help="update the hidden weights through the new w5..w8: a published mistake"
    )
    command.add_argument("--out", type=Path, default=Path("."), metavar="DIR", help="where to write the graph (here)")
    command.add_argument("--quiet", action="store_true", help="print only what differs")
    command.set_defaults(run=example)
    command = commands.add_parser(
        "train-char",
        help="train a recurrent network to predict the next character of a text",
        description="Learns the next character of a text with an RNN, GRU or LSTM, its last tenth held back as a test; samples "
        "from what it has learned; saves it, to go on from with --resume.",
    )
    command.add_argument("--cell", choices=("rnn", "gru", "lstm"), default="lstm", help="the recurrent cell (lstm)")
    command.add_argument("--text", type=Path, metavar="FILE", help="a text in UTF-8 (the first chapters of Alice)")
    command.add_argument("--hidden", type=_at_least_one, default=32, help="how many units (32)")
    command.add_argument("--length", type=_at_least_one, default=25, help="characters in a piece: BPTT reaches so far back (25)")
    command.add_argument("--updates", type=_count, default=2000, help="how many updates in all (2000)")
    command.add_argument("--learning-rate", type=_positive, help="Adam's learning rate (0.01, or as saved)")
    command.add_argument("--clip", type=_positive, default=5.0, help="clip the gradient to this norm (5)")
    command.add_argument("--seed", type=int, default=0, help="of the first weights and of the sample (0)")
    command.add_argument("--sample", type=_count, default=300, metavar="N", help="sample N characters at the end (300)")
    command.add_argument("--temperature", type=_positive, default=0.8, help="of the sample: lower is less surprising (0.8)")
    command.add_argument("--save", type=Path, metavar="FILE", help="where to save (char-CELL.json)")
    command.add_argument(
        "--save-every", type=_at_least_one, default=100, metavar="N", help="save and report after N updates (100)"
    )
    command.add_argument(
        "--dialect",
        choices=("fastest", "eager", "c", "python", "numpy"),
        default="fastest",
        help="train a program of this dialect, recorded once, or eager Values (fastest: c with a C compiler, else python)",
    )
    command.add_argument("--resume", action="store_true", help="go on from the saved file")
    command.set_defaults(run=train_char)
    options = parser.parse_args(arguments)
    try:
        return int(options.run(options))
    except OSError as error:
        problem = f"{error.strerror}: {error.filename}"
    except (OverflowError, FloatingPointError) as error:
        problem = f"{error}: try a lower --learning-rate"
    except ValueError as error:
        problem = str(error)
    print(f"autograd-lite: {problem}", file=sys.stderr)
    return 2


def example(options: argparse.Namespace) -> int:
    """The articles' worked example: every figure, the training, the graph."""
    from nn.worked_example import FIGURES, LEARNING_RATE, WorkedExample, compared, compared_training, first_pass, training

    options.out.mkdir(parents=True, exist_ok=True)
    differing = []

    def table(title: str, rows: Sequence[tuple[Any, float, str]]) -> None:
        differing.extend([row for row in rows if row[2].startswith("DIFFERS")])
        if not options.quiet:
            print(f"\n{title}\n  {'quantity':<20}{'computed':>20}{'article':>15}  verdict")
            for figure, value, verdict in rows:
                print(f"  {figure.quantity:<20}{value:>20.12g}{figure.printed or '-':>15}  {verdict}".rstrip())

    found = first_pass()
    for title, figures in FIGURES.items():
        table(title, compared(figures, found))

    run = training(options.steps, options.learning_rate, options.update_biases, options.sequential)
    title = (
        f"Training: {options.steps} updates at learning rate {options.learning_rate:g}, "
        f"{'sequential' if options.sequential else 'simultaneous'}, biases {'updated' if options.update_biases else 'fixed'}"
    )
    if not options.quiet:
        print(f"\n{title}")
        for quantity, value in run.items():
            print(f"  {quantity:<20}{value:>20.12g}")
    if options.learning_rate == LEARNING_RATE and not options.update_biases:
        other = training(options.steps, sequential=not options.sequential)
        runs = {"sequential": run, "simultaneous": other} if options.sequential else {"simultaneous": run, "sequential": other}
        rows = compared_training(run, runs)
        if rows:
            table("The published figures of the training", rows)
        if not options.quiet:
            print(
                "\n  Gradient descent takes every gradient at the same weights, then changes all of them (simultaneous).\n"
                "  The program behind 0.291027924 changed w5..w8 first, then took the gradients of w1..w4 through the\n"
                "  new ones (sequential): not the gradient of any error. The articles' own rule, and the w1+..w4+ that\n"
                "  they print, give 0.291027774."
            )
    example = WorkedExample()
    error = example()
    error.backward()
    drawing = draw(error)
    if not options.quiet:
        print()
    print(f"wrote {drawing.save(options.out / 'worked_example.dot')}")
    try:
        print(f"wrote {drawing.save(options.out / 'worked_example.svg')}")
    except RuntimeError as advice:
        print(advice)
    for figure, value, _ in differing:
        print(f"autograd-lite: {figure.quantity} is {value!r}, not {figure.printed}", file=sys.stderr)
    return 1 if differing else 0


def train_char(options: argparse.Namespace) -> int:
    """Next-character prediction on a text: training, the loss on the text held back, a sample."""
    from nn.characters import SAMPLE_TEXT, CharacterTask, read_text, train_characters
    from nn.compiled import fastest_dialect

    path = options.save or Path(f"char-{options.cell}.json")
    if path.exists() and not options.resume:
        raise ValueError(f"{path} is there already: go on from it with --resume, or name another file with --save")
    text = read_text(options.text or SAMPLE_TEXT)
    dialect = fastest_dialect() if options.dialect == "fastest" else options.dialect
    task = CharacterTask(
        text, options.cell, options.hidden, options.length, options.learning_rate or 0.01, options.clip, options.seed, dialect
    )
    if options.resume:
        task.load(path)
        task.optimizer.lr = options.learning_rate or task.optimizer.lr
        print(f"going on from {path}, after {task.updates} updates")
        if task.updates >= options.updates:
            print(f"nothing to train: --updates is {options.updates}, for all updates together")
    print(
        f"{options.cell} of {options.hidden} units, {len(task.optimizer.params)} parameters, on {len(text)} characters of "
        f"{len(task.vocabulary)} kinds; the last {len(task.held_back)} are held back"
    )
    if dialect != "eager":
        print(f"the first update writes a program in the dialect {dialect}", flush=True)
    try:
        train_characters(task, options.updates, path, options.save_every, lambda line: print(line, flush=True))
    except KeyboardInterrupt:
        print(f"interrupted after {task.updates} updates; saved to {path}, go on with --resume", file=sys.stderr)
        return 130
    print(f"saved to {path}")
    loss, bigram = task.held_back_loss(), task.bigram_loss()
    verdict = "better than" if loss < bigram else "not yet better than"
    print(f"on the text held back: {loss:.4f} nats a character, {verdict} the best bigram model's {bigram:.4f}")
    if options.sample:
        print(f"\nA sample at temperature {options.temperature:g}:\n")
        print(task.sample(options.sample, random.Random(options.seed), temperature=options.temperature))
    return 0


def _at_least_one(text: str) -> int:
    return int(_number(text, int, 1, "a whole number of at least 1"))


def _count(text: str) -> int:
    return int(_number(text, int, 0, "a whole number of at least 0"))


def _positive(text: str) -> float:
    return _number(text, float, 5e-324, "a positive number")


def _number(text: str, kind: type[int] | type[float], least: float, wanted: str) -> float:
    try:
        number = kind(text)
    except ValueError:
        number = -1
    if not least <= number < float("inf"):
        raise argparse.ArgumentTypeError(f"must be {wanted}, not {text}")
    return number


if __name__ == "__main__":
    sys.exit(main())
