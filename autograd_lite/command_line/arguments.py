"""What may be typed: the commands with their options."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from .. import __version__
from ..classroom import LESSONS
from ..classroom.questions import KINDS
from ..classroom.saving import FORMS
from ..nn.characters import CELLS
from ..parse import as_read
from . import characters, classroom, doctor, engine, expressions, lab, worked_example
from .reading import add_language, read

EXAMPLES = """\
examples:
  autograd-lite example
  autograd-lite step "net = x*w + b; out = tanh(net)" x=1 w=2 b=0.5
  autograd-lite explain "tanh(x*w + b)" x=1 w=2 b=0.5 --wrt w
  autograd-lite draw "sigmoid(x*w + b)" x=1 w=2 b=0.5 --save graph.svg
  autograd-lite train-char --cell lstm
  autograd-lite train-names
  autograd-lite sample char-lstm.json --start "alice " --temperature 0.5
  autograd-lite quiz "tanh(x*w + b)" x=1 w=2 b=0.5
  autograd-lite worksheet example --students names.txt --key KEY --out class
  autograd-lite grade codes.csv --key KEY --course class/course.json
  autograd-lite engine new my-engine
  autograd-lite lab 1 --compare "a * a + a" a=3

`autograd-lite COMMAND --help` says what may follow a command.
"""


def run(arguments: Sequence[str]) -> int:
    """Runs the command that the arguments name, and returns its exit status; without any, prints what there is.

    ValueError, OSError, MemoryError and KeyboardInterrupt are the command's; SystemExit with 2 for arguments that do not fit.
    """
    parser = _parser()
    if "_ARGCOMPLETE" in os.environ:  # the shell asks what could follow
        import argcomplete

        argcomplete.autocomplete(parser)
    try:
        if not arguments:
            parser.print_help()
            return 0
        options = vars(read(parser, arguments))
        try:
            return int(options.pop("run")(**options))
        except (OverflowError, FloatingPointError) as error:
            hint = ": try a lower --learning-rate" if "learning_rate" in options else ""
            raise ValueError(f"{error}{hint}") from None
    finally:
        if sys.stdout is not None:
            sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="autograd-lite",
        description="Backpropagation, every number of it.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"autograd_lite {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for name, (add_options, help, description) in COMMANDS.items():
        add_options(commands.add_parser(name, help=help, description=description))
    for action in [action for command in commands.choices.values() for action in command._actions]:
        if action.type is None and action.nargs != 0:
            action.type = _text
    for each in (parser, *commands.choices.values()):
        each.color = False  # type: ignore[attr-defined,unused-ignore]  # Python 3.14 colours its messages
    return parser


def _example(command: argparse.ArgumentParser) -> None:
    command.add_argument("--steps", dest="updates", type=_count, default=10_000, metavar="N", help="how many updates (10000)")
    command.add_argument("--learning-rate", type=_positive, default=0.5, help="the learning rate of the training (0.5)")
    command.add_argument("--update-biases", action="store_true", help="update b1 and b2 too; the articles do not")
    command.add_argument(
        "--sequential", action="store_true", help="update the hidden weights through the new w5..w8: a published mistake"
    )
    command.add_argument(
        "--out", type=Path, default=Path("."), metavar="DIR", help="where to write the graph and the steps (here)"
    )
    command.add_argument("--quiet", action="store_true", help="print only what differs")
    add_language(command)
    command.set_defaults(run=worked_example.example)


def _expression(command: argparse.ArgumentParser) -> None:
    command.add_argument("expression", help="such as 'tanh(x*w + b)', or in steps: 'net = x*w + b; out = tanh(net)'")
    command.add_argument("numbers", nargs="*", metavar="NAME=NUMBER", help="the number of each name: x=1 w=2 b=0.5")


def _step(command: argparse.ArgumentParser) -> None:
    _expression(command)
    command.add_argument("--save", type=Path, metavar="FILE", help="write a page to step through in a browser, FILE.html")
    add_language(command)
    command.set_defaults(run=expressions.step_through)


def _draw(command: argparse.ArgumentParser) -> None:
    _expression(command)
    command.add_argument(
        "--save", type=Path, default=Path("graph.svg"), metavar="FILE", help=".svg, .png, .pdf or .dot (graph.svg)"
    )
    add_language(command)
    command.set_defaults(run=expressions.draw_expression)


def _explain(command: argparse.ArgumentParser) -> None:
    _expression(command)
    command.add_argument(
        "--wrt",
        type=lambda text: as_read(_text(text)),
        metavar="NAME",
        help="by which name or step; without it, the last operation alone",
    )
    command.add_argument("--form", choices=("text", "latex", "markdown", "mathml"), default="text", help="how to write it (text)")
    command.add_argument("--digits", type=_at_least_one, default=9, help="decimals, 1 to 17 (9)")
    add_language(command)
    command.set_defaults(run=expressions.explain_expression)


def _train_char(command: argparse.ArgumentParser) -> None:
    command.add_argument("--cell", choices=list(CELLS), help="the recurrent cell, or gpt, of one block (lstm)")
    command.add_argument("--text", type=Path, metavar="FILE", help="a text in UTF-8 (the first chapters of Alice)")
    command.add_argument("--hidden", type=_at_least_one, metavar="N", help="how many units (32)")
    command.add_argument("--length", type=_at_least_one, metavar="N", help="characters in a piece: BPTT reaches so far back (25)")
    command.add_argument("--clip", type=_positive, metavar="X", help="clip the gradient to this norm (5)")
    command.add_argument("--sample", type=_count, default=300, metavar="N", help="sample N characters at the end (300)")
    _training(command, 2000, 100, "0.01, of a gpt 0.003", "char-CELL.json")
    _temperature(command, 0.8)
    command.set_defaults(run=characters.train_char)


def _train_names(command: argparse.ArgumentParser) -> None:
    command.add_argument("--text", type=Path, metavar="FILE", help="names, one a line, in UTF-8 (5163 of the census of 1990)")
    command.add_argument("--embedding", type=_at_least_one, metavar="N", help="how many numbers a position has (16)")
    command.add_argument("--heads", type=_at_least_one, metavar="N", help="how many heads (4)")
    command.add_argument("--blocks", type=_at_least_one, metavar="N", help="how many blocks (1)")
    command.add_argument("--length", type=_at_least_one, metavar="N", help="how many positions; the rest of a name is cut (16)")
    command.add_argument("--sample", type=_count, default=20, metavar="N", help="make up N names at the end (20)")
    _training(command, 3000, 500, "0.01, falling to 0", "names.json")
    _temperature(command, 0.5)
    command.set_defaults(run=characters.train_names)


def _training(command: argparse.ArgumentParser, updates: int, save_every: int, rate: str, file: str) -> None:
    command.add_argument("--updates", type=_count, default=updates, metavar="N", help=f"how many updates in all ({updates})")
    command.add_argument("--learning-rate", type=_positive, metavar="X", help=f"Adam's learning rate ({rate})")
    command.add_argument("--seed", type=int, metavar="N", help="of the first weights and of the sample (0)")
    command.add_argument("--save", type=Path, metavar="FILE", help=f"where to save ({file})")
    every = f"save and report after N updates ({save_every})"
    command.add_argument("--save-every", type=_at_least_one, default=save_every, metavar="N", help=every)
    command.add_argument(
        "--dialect",
        choices=("fastest", "eager", "c", "python", "numpy"),
        default="fastest",
        help="train a program of this dialect, recorded once, or eager Values (fastest: c with a C compiler, else python)",
    )
    command.add_argument(
        "--resume",
        type=Path,
        nargs="?",
        default=False,
        const=True,
        metavar="FILE",
        help=f"go on from a saved file, with its settings and text, and save to it ({file}, or that of --save)",
    )


def _sample(command: argparse.ArgumentParser) -> None:
    command.add_argument("file", type=Path, metavar="FILE", help="what train-char or train-names has saved: char-lstm.json")
    command.add_argument("--start", default="", metavar="TEXT", help="what the text (a new line) or each name begins with")
    command.add_argument("--characters", type=_count, metavar="N", help="how many to write, of a text (300)")
    command.add_argument("--names", type=_count, metavar="N", help="how many names to make up, of train-names (20)")
    _temperature(command, 0.8)
    command.add_argument("--seed", type=int, default=0, metavar="N", help="another one gives another text (0)")
    command.set_defaults(run=characters.sample)


def _temperature(command: argparse.ArgumentParser, usual: float) -> None:
    help = f"of the sample: lower is less surprising ({usual:g})"
    command.add_argument("--temperature", type=_not_negative, default=usual, metavar="T", help=help)


def _choice(command: argparse.ArgumentParser) -> None:
    command.add_argument("expression", help="such as 'tanh(x*w + b)'; `example`, the 2-2-2 network; `attention`, one head")
    command.add_argument("numbers", nargs="*", metavar="NAME=NUMBER", help="the number of each name: x=1 w=2 b=0.5")
    command.add_argument("--ask", default=",".join(KINDS), metavar="KINDS", help=f"the kinds of question ({','.join(KINDS)})")
    command.add_argument("--count", type=_at_least_one, default=8, help="how many questions (8)")
    command.add_argument("--seed", type=int, default=0, help="another one gives other questions (0)")
    command.add_argument("--digits", type=_at_least_one, default=6, help="significant digits of an answer (6)")
    command.add_argument("--learning-rate", type=_positive, default=0.5, help="of updates (0.5)")
    command.add_argument("--lesson", type=int, choices=tuple(LESSONS), help="ask so that the mistakes of this lesson show")
    command.add_argument("--mistakes", metavar="NAMES", help="ask so that these show: overwrite,swap-factor")
    add_language(command)


def _quiz(command: argparse.ArgumentParser) -> None:
    _choice(command)
    command.add_argument(
        "--save", type=Path, metavar="FILE", help=".html, worksheet.html, key.html, .xml, .gift, .json, .md or .ipynb"
    )
    command.add_argument("--form", choices=tuple(FORMS), help="the form of the file, where its name does not say it")
    command.set_defaults(run=classroom.ask_quiz)


def _worksheet(command: argparse.ArgumentParser) -> None:
    _choice(command)
    command.add_argument("--students", type=Path, required=True, metavar="FILE", help="their names, one in each line")
    command.add_argument("--key", required=True, help="the secret of the course: with it, codes are graded")
    command.add_argument("--out", type=Path, default=Path("."), metavar="DIR", help="where to write (here)")
    command.set_defaults(run=classroom.write_worksheets)


def _grade(command: argparse.ArgumentParser) -> None:
    command.add_argument("handed_in", type=Path, metavar="FILE", help="the codes: one in each line, or a CSV file's column code")
    command.add_argument("--key", required=True, help="the secret of the course")
    command.add_argument("--course", type=Path, metavar="FILE", help="what `worksheet` wrote (course.json beside the codes)")
    command.add_argument("--save", type=Path, metavar="FILE", help="write the grades as CSV too")
    command.set_defaults(run=classroom.grade_codes)


def _doctor(command: argparse.ArgumentParser) -> None:
    command.set_defaults(run=doctor.doctor)


class Command(NamedTuple):
    """add_options: gives its parser what may follow it. help: a line of the list of commands. description: of its own help."""

    add_options: Callable[[argparse.ArgumentParser], None]
    help: str
    description: str | None


COMMANDS = {
    "example": Command(
        _example,
        "the worked example: a 2-2-2 network, figure by figure",
        "Computes every quantity of the articles' 2-2-2 example, compares it with the figure that they print, trains the "
        "network, and writes its graph and a page to step through. Exits with 0 only if every right figure is reproduced.",
    ),
    "step": Command(
        _step,
        "go through the forward and the backward pass of an expression, step by step",
        "Goes through the two passes of an expression in the terminal: n next, p previous, g go to, q quit. Where there is no "
        "terminal, lists the steps.",
    ),
    "draw": Command(_draw, "draw the graph of an expression", "Draws the graph of an expression, with its grads."),
    "explain": Command(
        _explain,
        "derive the derivative of an expression, with the numbers in",
        "Derives the derivative of an expression by one of its names, with the numbers in.",
    ),
    "train-char": Command(
        _train_char,
        "train a network to predict the next character of a text",
        "Learns the next character of a text with an RNN, GRU, LSTM or GPT, its last tenth held back as a test; samples from "
        "what it has learned; saves it, to go on from with --resume.",
    ),
    "train-names": Command(
        _train_names,
        "train a small GPT on a list of names, and let it make up new ones",
        "Learns a list of names with a GPT, letter by letter, a tenth of them held back as a test; makes up new ones; saves it, "
        "to go on from with --resume.",
    ),
    "sample": Command(
        _sample,
        "let a trained network write",
        "Prints what a network saved by train-char or train-names makes up, a character at a time: a text, or names.",
    ),
    "quiz": Command(
        _quiz,
        "a quiz of an expression or the worked example, here or in a file",
        "Asks about the two passes of an expression, or of the worked example, and names the mistake that gives a wrong answer: "
        "here, or with --save as a page, for paper, for Moodle, Canvas, Jupyter, nbgrader or otter.",
    ),
    "worksheet": Command(
        _worksheet,
        "a worksheet and a page for each student, with numbers of their own, and the key",
        "Writes worksheets.html for paper, with numbers for each student; key.html; for each student a page that checks answers "
        "and makes a code to hand in; and course.json, which `grade` needs.",
    ),
    "grade": Command(
        _grade,
        "grade the codes that students handed in, and count the mistakes of the class",
        "Checks the codes that the pages of `worksheet` made, and counts the mistakes of the class.",
    ),
    "lab": Command(
        lab.add,
        "the bug lab: engines that are wrong by one mistake, to be read, run and found out",
        "Lists engines that are wrong by one mistake each; shows one, runs it on an expression, compares it with the right pass "
        "step by step, gives hints, and says what is wrong.",
    ),
    "engine": Command(engine.add, "an engine of your own, task by task: new, check, hint", engine.engine.__doc__),
    "doctor": Command(_doctor, "say what is installed, and how pictures are laid out", doctor.doctor.__doc__),
}


def _text(text: str) -> str:
    """The text that was typed, also where Python takes a terminal of UTF-8 for one of ASCII. Names of files stay as they are."""
    with contextlib.suppress(UnicodeError):
        return os.fsencode(text).decode()
    return text


def _at_least_one(text: str) -> int:
    return int(_number(text, int, 1, "a whole number of at least 1"))


def _count(text: str) -> int:
    return int(_number(text, int, 0, "a whole number of at least 0"))


def _positive(text: str) -> float:
    return _number(text, float, 5e-324, "a positive number")


def _not_negative(text: str) -> float:
    return _number(text, float, 0, "a number of at least 0")


def _number(text: str, kind: type[int] | type[float], least: float, wanted: str) -> float:
    try:
        number = kind(text)
    except ValueError:
        number = -1
    if not least <= number < float("inf"):
        raise argparse.ArgumentTypeError(f"must be {wanted}, not {text}")
    return number
