"""The sentences that are generated, in English and in Chinese, traditional and simplified: one table for each language.

`en`, `zh_tw`, `zh_cn`: a table has the same keys in every language, and a sentence the same named fields. Formulas and names of
nodes are fields. `mistakes_en`, `mistakes_zh_tw`, `mistakes_zh_cn`: what is said of mistakes, by their names; `engine_en`,
`engine_zh_tw`, `engine_zh_cn`: to an engine of one's own; `live_en`, `live_zh_tw`, `live_zh_cn`: by the live page of steps.
`widths`: how wide a text is, and where a line of it may end.
"""

from __future__ import annotations

import html
from collections.abc import Sequence

from . import (
    en,
    engine_en,
    engine_zh_cn,
    engine_zh_tw,
    live_en,
    live_zh_cn,
    live_zh_tw,
    mistakes_en,
    mistakes_zh_cn,
    mistakes_zh_tw,
    zh_cn,
    zh_tw,
)

LANGUAGES: dict[str, dict[str, str]] = {
    "en": en.SENTENCES | mistakes_en.SENTENCES | engine_en.SENTENCES | live_en.SENTENCES,
    "zh-TW": zh_tw.SENTENCES | mistakes_zh_tw.SENTENCES | engine_zh_tw.SENTENCES | live_zh_tw.SENTENCES,
    "zh-CN": zh_cn.SENTENCES | mistakes_zh_cn.SENTENCES | engine_zh_cn.SENTENCES | live_zh_cn.SENTENCES,
}

_language = "en"


def set_language(language: str) -> None:
    """Sets the language of what is made from now on: "en", "zh-TW" or "zh-CN". ValueError for another."""
    global _language
    _language = known(language)


def known(language: str | None) -> str:
    """The language itself, or the one that is set. ValueError for one without a table."""
    if language is None:
        return _language
    if language not in LANGUAGES:
        raise ValueError(f"no sentences in the language {language!r}: there are {', '.join(LANGUAGES)}")
    return language


def say(language: str, key: str, **fields: object) -> str:
    """The sentence of that key, with its fields filled in.

    >>> say("en", "right", answer="0.5")
    'Right: 0.5.'
    """
    return LANGUAGES[language][key].format(**fields)


def in_html(language: str) -> dict[str, str]:
    """All sentences of a language as they stand in HTML, for templates of pages."""
    return {key: html.escape(sentence) for key, sentence in LANGUAGES[language].items()}


def listed(language: str, names: Sequence[str], most: int | None = None) -> str:
    """The names in a row; of more than `most`, the first and how many more there are.

    >>> listed("en", ["w", "x", "b"]), listed("zh-TW", ["w", "x", "b"]), listed("en", list("abcde"), 4)
    ('w, x and b', 'w、x 和 b', 'a, b and 3 more')
    """
    comma = say(language, "list-comma")
    if most is not None and len(names) > most:
        return say(language, "list-more", names=comma.join(names[: most - 2]), more=len(names) - most + 2)
    *first, last = names
    return say(language, "list-and", names=comma.join(first), last=last) if first else last
