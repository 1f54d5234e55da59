"""What was typed: read, and where it is not what may be, what was likely meant."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Sequence

from ..parse import did_you_mean
from ..sentences import LANGUAGES


def read(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> argparse.Namespace:
    """The options that were typed. SystemExit with 2, with a word of what was likely meant, for others."""
    known = dict(_options(parser))
    if arguments[0][:1] != "-" and arguments[0] not in (there := list(_commands(parser))):
        there_are = did_you_mean(arguments[0], there) or f": there are {', '.join(there)}"
        parser.error(f"{arguments[0]} is no command{there_are}")
    own = [option for action in parser._actions for option in action.option_strings]
    if arguments[0][:1] == "-" and arguments[0] not in own:
        hint = did_you_mean(arguments[0], own) or "; options come after a command: without any argument, all are listed"
        parser.error(f"unrecognized arguments: {arguments[0]}{hint}")
    options, others = parser.parse_known_args(_with_expressions(arguments, known))
    if others:
        command = _commands(parser).get(arguments[0], parser)
        possible = [option for action in command._actions for option in action.option_strings if option[:2] == "--"]
        there_are = f"; the options of {command.prog} are {', '.join(possible)}"
        hint = did_you_mean(others[0].partition("=")[0], possible) or there_are if others[0][:1] == "-" else ""
        parser.error(f"unrecognized arguments: {' '.join(others)}{hint}")
    if "run" not in options:
        parser.error("which command? Without any argument, all are listed")
    return options


def add_language(command: argparse.ArgumentParser) -> None:
    """The option that says in which language a command speaks."""
    command.add_argument("--language", choices=tuple(LANGUAGES), default="en", help="of the sentences (en)")


def _with_expressions(arguments: Sequence[str], options: dict[str, bool]) -> list[str]:
    """The arguments, with a space before an expression that begins with a minus: then argparse takes it for no option.

    options: for each option, whether a value follows it.
    """
    found: list[str] = []
    before = ""
    for x in arguments:
        is_option = x.partition("=")[0] in options or re.fullmatch(r"--[a-z][a-z-]+", x.partition("=")[0]) is not None
        found.append(f" {x}" if x[:1] == "-" and not is_option and not options.get(before) else x)
        before = x
    return found


def _options(parser: argparse.ArgumentParser) -> Iterator[tuple[str, bool]]:
    for each in (parser, *_commands(parser).values()):
        yield from [(option, action.nargs not in (0, "*")) for action in each._actions for option in action.option_strings]


def _commands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    return next(dict(action.choices) for action in parser._actions if isinstance(action, argparse._SubParsersAction))
