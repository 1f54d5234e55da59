"""The command line: ``autograd-lite example``, ``step``, ``draw``, ``explain``, ``train-char`` and ``doctor``."""

from __future__ import annotations

import argparse
import contextlib
import importlib.metadata
import keyword
import platform
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from .backprop import topological_order
from .derivation.explain import explain
from .parse import as_read, parse
from .picture.draw import draw
from .stepping.terminal import OUTPUT, for_people
from .value import Value


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs a command and returns its exit status: 2 for bad input, 130 when interrupted, 141 when nobody reads the output."""
    with for_people():
        try:
            return _run(sys.argv[1:] if arguments is None else arguments)
        except KeyboardInterrupt:
            problem, status = "interrupted", 130
        except ValueError as error:
            problem, status = str(error), 2
        except MemoryError:
            problem, status = "there is not so much memory: ask for less", 2
        except OSError as error:
            if isinstance(error, BrokenPipeError) and error.filename == OUTPUT:
                return 141
            problem = (error.strerror or str(error)) + (f": {error.filename}" if error.filename is not None else "")
            status = 2
        with contextlib.suppress(OSError):  # there is nowhere else to say it
            print("autograd-lite:", *problem.splitlines(), file=sys.stderr)
        return status


def _run(arguments: Sequence[str]) -> int:
    try:
        parser = _parser()
        options = parser.parse_args(_with_expressions(arguments, dict(_options(parser))))
        try:
            return int(options.run(options))
        except (OverflowError, FloatingPointError) as error:
            raise ValueError(
                f"{error}: try a lower --learning-rate" if hasattr(options, "learning_rate") else str(error)
            ) from None
    finally:
        if sys.stdout is not None:
            sys.stdout.flush()


def _with_expressions(arguments: Sequence[str], options: dict[str, bool]) -> list[str]:
    """The arguments, with a space before an expression that begins with a minus: then argparse takes it for no option.

    options: for each option, whether a value follows it.
    """
    found: list[str] = []
    before = ""
    for x in arguments:
        is_option = x.partition("=")[0] in options or re.fullmatch(r"--[a-z][a-z-]+", x) is not None
        found.append(f" {x}" if x[:1] == "-" and not is_option and not options.get(before) else x)
        before = x
    return found


def _options(parser: argparse.ArgumentParser) -> Iterator[tuple[str, bool]]:
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from _options(command)
        yield from [(option, action.nargs != 0) for option in action.option_strings]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="autograd-lite", description="Backpropagation, every number of it.")
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser(
        "example",
        help="the worked example: a 2-2-2 network, figure by figure",
        description="Computes every quantity of the articles' 2-2-2 example, compares it with the figure that they print, "
        "trains the network, and writes its graph and a page to step through. "
        "Exits with 0 only if every right figure is reproduced.",
    )
    command.add_argument("--steps", type=_count, default=10_000, help="how many updates (10000)")
    command.add_argument("--learning-rate", type=_positive, default=0.5, help="the learning rate of the training (0.5)")
    command.add_argument("--update-biases", action="store_true", help="update b1 and b2 too; the articles do not")
    command.add_argument(
        "--sequential", action="store_true", help="update the hidden weights through the new w5..w8: a published mistake"
    )
    command.add_argument(
        "--out", type=Path, default=Path("."), metavar="DIR", help="where to write the graph and the steps (here)"
    )
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
    command.add_argument("--temperature", type=_not_negative, default=0.8, help="of the sample: lower is less surprising (0.8)")
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
    on_expression = argparse.ArgumentParser(add_help=False)
    on_expression.add_argument("expression", help="such as 'tanh(x*w + b)', or in steps: 'net = x*w + b; out = tanh(net)'")
    on_expression.add_argument("numbers", nargs="*", metavar="NAME=NUMBER", help="the number of each name: x=1 w=2 b=0.5")
    command = commands.add_parser(
        "step",
        parents=[on_expression],
        help="go through the forward and the backward pass of an expression, step by step",
        description="Goes through the two passes of an expression in the terminal: n next, p previous, g go to, q quit. "
        "Where there is no terminal, lists the steps.",
    )
    command.add_argument("--save", type=Path, metavar="FILE", help="write a page to step through in a browser, FILE.html")
    command.set_defaults(run=step)
    command = commands.add_parser(
        "draw",
        parents=[on_expression],
        help="draw the graph of an expression",
        description="Draws the graph of an expression, with its grads.",
    )
    command.add_argument(
        "--save", type=Path, default=Path("graph.svg"), metavar="FILE", help=".svg, .png, .pdf or .dot (graph.svg)"
    )
    command.set_defaults(run=draw_expression)
    command = commands.add_parser(
        "explain",
        parents=[on_expression],
        help="derive the derivative of an expression, with the numbers in",
        description="Derives the derivative of an expression by one of its names, with the numbers in.",
    )
    command.add_argument(
        "--wrt", type=as_read, metavar="NAME", help="by which name or step; without it, the last operation alone"
    )
    command.add_argument("--form", choices=("text", "latex", "markdown", "mathml"), default="text", help="how to write it (text)")
    command.add_argument("--digits", type=_at_least_one, default=9, help="decimals, 1 to 17 (9)")
    command.set_defaults(run=explain_expression)
    command = commands.add_parser(
        "doctor", help="say what is installed, and how pictures are laid out", description=doctor.__doc__
    )
    command.set_defaults(run=doctor)
    for each in (parser, *commands.choices.values()):
        each.color = False  # type: ignore[attr-defined,unused-ignore]  # Python 3.14 colours its messages
    return parser


def example(options: argparse.Namespace) -> int:
    """The articles' worked example: every figure, the training, the graph, the steps."""
    from .nn.worked_example import FIGURES, LEARNING_RATE, WorkedExample, compared, compared_training, first_pass, training
    from .stepping.steps import steps

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
    for name, view in (("worked_example.dot", drawing), ("worked_example.svg", drawing), ("worked_example.html", steps(error))):
        print(f"wrote {view.save(options.out / name)}")
    for figure, value, _ in differing:
        print(f"autograd-lite: {figure.quantity} is {value!r}, not {figure.printed}", file=sys.stderr)
    return 1 if differing else 0


def train_char(options: argparse.Namespace) -> int:
    """Next-character prediction on a text: training, the loss on the text held back, a sample."""
    from .nn.files import only_writer

    path = options.save or Path(f"char-{options.cell}.json")
    with only_writer(path):
        return _train_char(options, path)


def _train_char(options: argparse.Namespace, path: Path) -> int:
    from .nn.characters import SAMPLE_TEXT, CharacterTask, read_text, train_characters
    from .nn.compiled import fastest_dialect

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
    except KeyboardInterrupt as stop:  # a second one, while it saves, says nothing
        done = str(stop) or f"again; {path} is as it was"
        print(f"interrupted {done}, go on with --resume", file=sys.stderr)
        return 130
    print(f"saved to {path}")
    loss, bigram = task.held_back_loss(), task.bigram_loss()
    verdict = "better than" if loss < bigram else "not yet better than"
    print(f"on the text held back: {loss:.4f} nats a character, {verdict} the best bigram model's {bigram:.4f}")
    if options.sample:
        print(f"\nA sample at temperature {options.temperature:g}:\n")
        print(task.sample(options.sample, random.Random(options.seed), temperature=options.temperature))
    return 0


def step(options: argparse.Namespace) -> int:
    """The steps of the two passes over an expression: in the terminal, or as a page in a file."""
    from .stepping.steps import steps

    found = steps(_expression(options))
    if options.save is None:
        found.terminal()
    else:
        print(f"wrote {found.save(options.save)}")
    return 0


def draw_expression(options: argparse.Namespace) -> int:
    """The picture of an expression, with its grads."""
    output = _expression(options)
    output.backward()
    print(f"wrote {draw(output).save(options.save)}")
    return 0


def explain_expression(options: argparse.Namespace) -> int:
    """The derivation of a derivative of an expression."""
    output = _expression(options)
    by_label = {node.label: node for node in topological_order(output) if node.label}
    if options.wrt is not None and options.wrt not in by_label:
        raise ValueError(f"--wrt {options.wrt} is not in the expression: there are {', '.join(by_label)}")
    text = getattr(explain(output, by_label.get(options.wrt), digits=options.digits), options.form)()
    if options.form == "mathml":  # a symbol that the encoding has not is there as a character reference
        encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
        text = text.encode(encoding, "xmlcharrefreplace").decode(encoding)
    print(text)
    return 0


def _expression(options: argparse.Namespace) -> Value:
    numbers = {}
    for text in options.numbers:
        name, equals, number = text.partition("=")
        name = as_read(name.strip())
        if not equals or not name.isidentifier() or keyword.iskeyword(name):
            raise ValueError(f"{text} is not a name with a number, such as x=1")
        if name in numbers:
            raise ValueError(f"{name} has two numbers")
        try:
            numbers[name] = float(number)
        except ValueError:
            raise ValueError(f"{text}: {number!r} is no number") from None
    return parse(options.expression, numbers)


def doctor(options: argparse.Namespace) -> int:
    """What is installed, how pictures are laid out and why, and what is missing for what."""
    drawing = draw(Value(1.0))
    drawing_by = drawing.layout_by
    if not drawing_by.startswith("built-in"):
        drawing_by += f" ({shutil.which('dot')}, {_first_line('dot', '-V')}); built-in for long arrows and several frames"
    compiler = next((path for name in ("cc", "gcc", "clang", "cl") if (path := shutil.which(name))), "")
    rows = [
        ("Python", f"{platform.python_version()} ({platform.python_implementation()}, {sys.platform})"),
        ("autograd_lite", _version("autograd_lite") or "not installed: run from its folder"),
        ("layout of pictures", drawing_by),
        ("png and pdf", "yes" if drawing_by.startswith("Graphviz") else "no: they need Graphviz's program `dot`"),
        ("package graphviz", _version("graphviz") or "missing: pip install graphviz"),
        *((f"package {name}", _version(name) or f"missing: {use}") for name, use in OPTIONAL.items()),
        ("C compiler", compiler or "missing: for programs in C"),
    ]
    for what, found in rows:
        print(f"{what:<20}{found}")
    return 0


OPTIONAL = {
    "numpy": "for programs in NumPy",
    "tqdm": "for a bar of progress in training",
    "matplotlib": "for plots",
    "torch": "for programs in PyTorch, and parameters to and from it",
    "jax": "for programs in JAX",
}


def _version(package: str) -> str:
    """The installed version of a package, or "". It is not imported."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _first_line(*command: str) -> str:
    """The first line that a command prints."""
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=20)
    return (done.stdout + done.stderr).partition("\n")[0]


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


if __name__ == "__main__":
    sys.exit(main())
