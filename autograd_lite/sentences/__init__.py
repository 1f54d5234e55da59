"""The sentences that are generated, in English and in Chinese, traditional and simplified: one table for each language.

`en`, `zh_tw`, `zh_cn`: a table has the same keys in every language, and a sentence the same named fields. Formulas and names of
nodes are fields. `mistakes_en`, `mistakes_zh_tw`, `mistakes_zh_cn`: what is said of mistakes, by their names; `engine_en`,
`engine_zh_tw`, `engine_zh_cn`: to an engine of one's own; `live_en`, `live_zh_tw`, `live_zh_cn`: by the live page of steps.
`rules_zh_tw`, `rules_zh_cn`: what the table of operations says in English.
`widths`: how wide a text is, and where a line of it may end.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module

PARTS = ("", "mistakes_", "engine_", "live_")
ENDINGS = {"en": "en", "zh-TW": "zh_tw", "zh-CN": "zh_cn"}


class _Tables(Mapping[str, dict[str, str]]):
    """The table of each language, which is read when it is first asked for."""

    def __init__(self) -> None:
        self._read: dict[str, dict[str, str]] = {}

    def __getitem__(self, language: str) -> dict[str, str]:
        if language not in self._read:
            files = [f"{__name__}.{part}{ENDINGS[language]}" for part in PARTS]
            self._read[language] = {key: text for file in files for key, text in import_module(file).SENTENCES.items()}
        return self._read[language]

    def __iter__(self) -> Iterator[str]:
        return iter(ENDINGS)

    def __len__(self) -> int:
        return len(ENDINGS)


LANGUAGES: Mapping[str, dict[str, str]] = _Tables()

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


def rule(language: str, text: str) -> str:
    """A domain or a convention of the table of operations in a language; one of a user's own, or in signs alone, as it is.

    >>> rule("zh-TW", "a tie is halved"), rule("zh-TW", "x > 0")
    ('相等時各分一半', 'x > 0')
    """
    if language == "en":
        return text
    rules: dict[str, str] = import_module(f"{__name__}.rules_{ENDINGS[language]}").RULES
    return rules.get(text, text)


def in_html(language: str) -> dict[str, str]:
    """All sentences of a language as they stand in HTML, for templates of pages."""
    import html  # here, for few need it

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
