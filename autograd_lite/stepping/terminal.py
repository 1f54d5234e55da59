"""Text for a terminal, and the steps in one, a screen for each."""

from __future__ import annotations

import contextlib
import os
import re
import select
import sys
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from typing import Any, TextIO

from ..derivation.markup import GREEK
from ..sentences.widths import clip, to_left, to_right, width, wrapped
from .words import WordedPasses

# How a symbol is written where there is none
PLAIN = {letter: name for name, letter in GREEK.items()}
PLAIN |= {"∂": "d", "∞": "inf", "×": "x", "⋅": "*", "·": "*", "−": "-", "—": "-", "→": "->", "←": "<-", "…": "...", "‖": "||"}
PLAIN |= {"“": '"', "”": '"', "⁽": "(", "⁾": ")", "\ufffd": "?", **dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉", "0123456789" * 2))}

LONGEST_NAME = 24
GAP = "   |   "
"""Between two columns of the table."""
_ENTRY = re.compile(r"^[> ] \S.*  +(\d\S*|-\S+|—|inf|nan)  +(\d\S*|-\S+|—|inf|nan)( \+| *$|   \|)")
_NUMBER = re.compile(r"(?<=  )-?(?:\d[\d.]*(?:e[-+]?\d+)?|inf)(?=  | \+|$| \|)")

# What a key sends, after ESC [ or ESC O, and as the second character on Windows
SEQUENCES = {"C": "next", "D": "back", "B": "next", "A": "back", "H": "first", "F": "last"}
SEQUENCES |= {"1~": "first", "7~": "first", "4~": "last", "8~": "last", "5~": "back", "6~": "next"}
WINDOWS = {"M": "next", "K": "back", "P": "next", "H": "back", "G": "first", "O": "last", "I": "back", "Q": "next"}
LETTERS = {**dict.fromkeys("n \r\n", "next"), **dict.fromkeys("p\x7f\b", "back"), **dict.fromkeys("q\x03\x04\x1b", "quit")}
LETTERS |= {"g": "go", "b": "turn"}

OUTPUT = "standard output"


# Text


def shown(text: str, encoding: str | None = "utf-8") -> str:
    r"""The text as a terminal of that encoding can show it, and is not steered by it: lines of plain text.

    Control characters, among them those that turn the direction of writing, become escapes. So do characters that the encoding
    has not, if they are no symbols of ours with a plain form.

    >>> print(shown("∂y/∂x of \x1b[31m隱", "cp437"))
    dy/dx of \x1b[31m\u96b1
    """
    return "".join([_shown(c, encoding or "utf-8") for c in text])


@cache
def _shown(c: str, encoding: str) -> str:
    if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp") or c in "\n\t\u200c\u200d":
        try:
            c.encode(encoding)
            return c
        except UnicodeEncodeError:
            pass
    return PLAIN.get(c) or c.encode("unicode_escape").decode("ascii")


class Control(str):
    """Text that steers a terminal."""


class ForPeople:
    """A stream whose text is `shown`, except for `Control`. What cannot be written is an OSError that names it, at every call."""

    def __init__(self, stream: TextIO, name: str) -> None:
        self._stream, self._name = stream, name
        self._error: OSError | None = None  # kept, for argparse drops it

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        return int(self._tried(self._stream.write, text if isinstance(text, Control) else shown(text, self._stream.encoding)))

    def flush(self) -> None:
        self._tried(self._stream.flush)

    def _tried(self, method: Callable[..., Any], *arguments: str) -> Any:
        if self._error is not None:
            raise self._error
        try:
            return method(*arguments)
        except OSError as error:
            # what is left in its buffer would fail once more at the end of the program
            with contextlib.suppress(OSError), open(os.devnull, "w") as nothing:
                os.dup2(nothing.fileno(), self._stream.fileno())
            self._error = OSError(error.errno, error.strerror, self._name)
            raise self._error from None


@contextlib.contextmanager
def for_people() -> Iterator[None]:
    """Within it, standard output and standard error are `ForPeople`."""
    with contextlib.ExitStack() as stack:
        for stream, name, redirect in (
            (sys.stdout, OUTPUT, contextlib.redirect_stdout),
            (sys.stderr, "standard error", contextlib.redirect_stderr),
        ):
            if stream is not None:  # as it is where the program was started without
                stack.enter_context(redirect(ForPeople(stream, name)))
        yield


# Steps


def show(steps: WordedPasses) -> None:
    """Steps through them by keys; prints them all where input or output is not a terminal."""
    if not (_is_terminal(sys.stdin) and _is_terminal(sys.stdout)) or os.environ.get("TERM") == "dumb":
        for line in steps.lines():
            print(shown(line, getattr(sys.stdout, "encoding", None)))
        return
    with contextlib.suppress(KeyboardInterrupt), _keys() as key:
        sys.stdout.write(Control("\x1b[?1049h\x1b[?25l"))
        try:
            _walk(steps, key)
        finally:
            sys.stdout.write(Control("\x1b[?25h\x1b[?1049l"))
            sys.stdout.flush()


def _is_terminal(stream: object) -> bool:
    try:
        return bool(stream.isatty())  # type: ignore[attr-defined]
    except (AttributeError, ValueError):
        return False


def _walk(steps: WordedPasses, key: Callable[[os.terminal_size], str]) -> None:
    import shutil  # here, for few need it

    now, last = 0, len(steps) - 1
    typed: str | None = None
    while True:
        size = shutil.get_terminal_size()
        lines = screen(steps, now, *size, typed, sys.stdout.encoding)
        _paint(list(map(coloured, lines)) if has_colours() else lines)
        pressed = key(size)
        meaning = LETTERS.get(pressed, pressed)
        if typed is not None:
            if meaning == "quit" and pressed == "\x03":
                return
            now, typed = _typing(now, typed, pressed, last)
        elif meaning == "quit":
            return
        elif meaning == "go":
            typed = ""
        else:
            moves = {"next": now + 1, "back": now - 1, "first": 0, "last": last, "turn": steps.forward}
            now = min(max(moves.get(meaning, now), 0), last)


def _typing(now: int, typed: str, pressed: str, last: int) -> tuple[int, str | None]:
    """The step, and the number typed so far, after a further key: Enter goes there, Escape does not."""
    if pressed in "\r\n" and pressed:
        return (min(max(int(typed) - 1, 0), last) if typed else now), None
    if pressed == "\x1b":
        return now, None
    if pressed in ("\x7f", "\b"):
        return now, typed[:-1]
    return now, typed + pressed if pressed in tuple("0123456789") and len(typed) < 9 else typed


def screen(
    steps: WordedPasses, now: int, columns: int, rows: int, typed: str | None = None, encoding: str | None = "utf-8"
) -> list[str]:
    """The lines that show a step in a window of that size: what is done, the formulas, the values and grads so far."""
    step = steps[now]
    fit = partial(shown, encoding=encoding)
    passing = "at-forward" if now < steps.forward else "at-backward"
    title = steps.say(passing, number=step.number, count=len(steps), output=steps.name(steps.output))
    head = [clip(fit(title), columns, fit("…")), ""]
    for text in (*steps.notes, step.words):
        head += [*wrapped(fit(text), columns), ""]
    for line in step.formula.splitlines():
        head += wrapped(fit(line), columns)
    foot = steps.say("keys") if typed is None else steps.say("go-to", count=len(steps), typed=typed)
    head = head[: max(rows - 2, 1)]
    space = rows - len(head) - 3
    table = _table(steps, now, space, columns, fit) if space > 1 else []
    body = [*head, *([""] if table else []), *table]
    return [*body, *[""] * (rows - 1 - len(body)), clip(fit(foot), columns, fit("…"))][:rows]


def _table(steps: WordedPasses, now: int, space: int, columns: int, fit: Callable[[str], str]) -> list[str]:
    """Values and grads after step `now`, in so many lines and as many columns as there is room for, around the active node."""
    nodes = [node for node in steps.order if node in steps.adjoint]
    wide = min(max([width(fit(steps.name(node))) for node in nodes[:1000]] + [4]), LONGEST_NAME)
    beside = max((columns + len(GAP)) // (wide + 38 + len(GAP)), 1)
    shown = (space - 1) * beside
    active = nodes.index(steps[now].node) if steps[now].node in steps.adjoint else 0
    first = min(max(active - shown // 2, 0), max(len(nodes) - shown, 0))
    nodes = nodes[first : first + shown]
    computed, grads = steps.so_far(now, nodes)

    def entry(mark: str, name: str, data: str, grad: str) -> str:
        name = clip(fit(name), wide, fit("…"))
        return clip(f"{mark} {to_left(name, wide)}  {to_right(fit(data), 16)}  {to_right(fit(grad), 16)}", columns, fit("…"))

    entries = [entry(">" if n is steps[now].node else " ", steps.name(n), computed[n], grads[n]) for n in nodes]
    high = -(-len(entries) // beside)
    rows = [GAP.join(entries[k::high]) for k in range(high)]
    titles = entry(" ", steps.say("node"), steps.say("value"), steps.say("grad"))
    return [GAP.join([titles] * len(entries[::high])), *rows]


def has_colours() -> bool:
    """Whether a terminal wants colours: see no-color.org."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def coloured(line: str) -> str:
    """A line of the table with the node of the step bold, negative numbers blue and positive ones yellow."""
    if not _ENTRY.search(line):
        return line
    shaded = _NUMBER.sub(lambda number: f"\x1b[{34 if number[0].lstrip().startswith('-') else 33}m{number[0]}\x1b[39m", line)
    return re.sub(rf"(^|{re.escape(GAP)})(> .*?)(?={re.escape(GAP)}|$)", "\\1\x1b[1;7m\\2\x1b[0m", shaded)


def _paint(lines: Sequence[str]) -> None:
    sys.stdout.write(Control("\x1b[H" + "\r\n".join([f"\x1b[K{line}" for line in lines]) + "\x1b[J"))
    sys.stdout.flush()


# Keys


@contextlib.contextmanager
def _keys() -> Iterator[Callable[[os.terminal_size], str]]:
    """A function that waits for a key; "" once the size of the window is not that given. The terminal is as before afterwards."""
    try:
        import termios
        import tty
    except ImportError:
        yield _windows_key
        return
    file = sys.stdin.fileno()
    before = termios.tcgetattr(file)
    tty.setcbreak(file)
    try:
        yield lambda size: _posix_key(file, size)
    finally:
        termios.tcsetattr(file, termios.TCSADRAIN, before)


def _posix_key(file: int, size: os.terminal_size) -> str:
    import shutil  # here, for few need it

    while not select.select([file], [], [], 0.25)[0]:
        if shutil.get_terminal_size() != size:
            return ""
    key = os.read(file, 1)
    if key == b"\x1b" and select.select([file], [], [], 0.05)[0] and os.read(file, 1) in (b"[", b"O"):
        sequence = b""
        while not sequence or sequence[-1:] in b"0123456789;":
            if not select.select([file], [], [], 0.05)[0]:
                break
            sequence += os.read(file, 1)
        return SEQUENCES.get(sequence.decode("latin-1"), "")
    return key.decode("latin-1") or "q"  # nothing more to read: the terminal is gone


def _windows_key(size: os.terminal_size) -> str:
    import msvcrt

    key: str = msvcrt.getwch()  # type: ignore[attr-defined,unused-ignore]
    if key in ("\x00", "\xe0"):
        return WINDOWS.get(msvcrt.getwch(), "")  # type: ignore[attr-defined,unused-ignore]
    return key
