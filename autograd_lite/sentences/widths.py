"""How wide a text is where every character takes one column or two, and where a line of it may end."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

# No line begins with these, nor ends with those
_CLOSING, _OPENING = "，。、；：？！）」』》…", "（「『《"


def width(text: str) -> int:
    """How many columns of a terminal a text takes: two for a wide character, none for one that combines."""
    return sum([_columns(c) for c in text])


def _columns(c: str) -> int:
    if unicodedata.combining(c) or c in "\u200c\u200d\ufe0e\ufe0f":
        return 0
    return 2 if unicodedata.east_asian_width(c) in "WF" else 1


def to_left(text: str, columns: int) -> str:
    """The text with spaces behind it, to fill so many columns."""
    return text + " " * (columns - width(text))


def to_right(text: str, columns: int) -> str:
    """The text with spaces before it, to fill so many columns."""
    return " " * (columns - width(text)) + text


def clip(text: str, columns: int, rest: str = "…") -> str:
    """The beginning of a text that fits, with an ellipsis for the rest."""
    if width(text) <= columns:
        return text
    rest = rest[:columns]
    used, end = width(rest), 0
    for c in text:
        used += _columns(c)
        if used > columns:
            break
        end += 1
    return text[:end] + rest


def pieces(text: str) -> Iterator[str]:
    """The text in pieces between which a line may end: after a space, and beside a wide character.

    >>> list(pieces("is used 由 x、w 算出。"))
    ['is ', 'used ', '由 ', 'x、', 'w ', '算', '出。']
    """
    start = 0
    for k in range(1, len(text)):
        if _may_part(text[k - 1], text[k]):
            yield text[start:k]
            start = k
    yield text[start:]


def _may_part(before: str, after: str) -> bool:
    if after == " " or _columns(after) == 0 or after in _CLOSING or before in _OPENING:
        return False
    return before == " " or 2 in (_columns(before), _columns(after))


def wrapped(text: str, columns: int) -> list[str]:
    """The text in lines that fit, broken where `pieces` part, and within a piece that is longer than a line."""
    lines = [""]
    for piece in pieces(text):
        word = piece.rstrip(" ")
        if lines[-1] and width(lines[-1] + word) > columns:
            lines.append("")
        for c in word:
            if lines[-1] and width(lines[-1]) + _columns(c) > columns:
                lines.append("")
            lines[-1] += c
        lines[-1] += piece[len(word) :]
    return [line.rstrip(" ") for line in lines]
