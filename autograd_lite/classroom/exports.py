"""A quiz in the formats of others: Moodle XML, GIFT, jupyterquiz and text2qti. In each a wrong number has its own feedback."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from ..sentences import say
from .pictures import picture
from .questions import Question
from .sheet import Sheet
from .verdicts import agreeing_digits, told

HIGHEST = 1e12
"""text2qti and Canvas write numbers with four decimals: below and above these a number is asked for as text."""
LOWEST = 1e-2


LARGEST_PICTURE = 100_000
"""A picture of more characters is left out where each question has one."""
DISTRACTORS = 5
"""So many wrong answers stand beside the right one."""


def feedbacks(question: Question) -> Iterator[tuple[Any, str]]:
    """Each wrong answer that looks like no other, with what is said to it."""
    seen = {question.shown(question.answer)}
    for answer in question.wrong:
        shown = question.shown(answer)
        if shown not in seen:
            seen.add(shown)
            yield answer, told(question, question.matches(answer), shown)


def _right(question: Question) -> str:
    return say(question.language, "right", answer=question.shown(question.answer))


def _numbered(quiz: Sheet) -> list[tuple[str, Question]]:
    """The questions with their titles."""
    return [(say(quiz.language, "question", number=number), question) for number, question in enumerate(quiz, 1)]


def _title(quiz: Sheet) -> str:
    name = say(quiz.language, "title", output=quiz.graph.name(quiz.graph.output))
    return f"{name} · {quiz.student}" if quiz.student else name


# Moodle XML


def moodle(quiz: Sheet) -> str:
    """Moodle's XML: numerical questions with a tolerance, of the order multiple choice; hints one by one, the graph as SVG.

    Of the answers, the first that is near enough counts: the right one, the mistakes, what was rounded too early.
    """
    svg = picture(quiz.graph, language=quiz.language)
    svg = svg if len(svg) <= LARGEST_PICTURE else ""
    questions = [_moodle(title, question, svg) for title, question in _numbered(quiz)]
    category = f'<question type="category"><category>{_text("$course$/" + _title(quiz).replace("/", "//"))}</category></question>'
    return "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', "<quiz>", category, *questions, "</quiz>", ""])


def _moodle(title: str, question: Question, svg: str) -> str:
    kind = "multichoice" if question.options else "numerical"
    image, file = "", ""
    if svg:
        image = f'<p><img src="@@PLUGINFILE@@/graph.svg" alt="{html.escape(say(question.language, "graph"))}"></p>'
        file = f'<file name="graph.svg" path="/" encoding="base64">{base64.b64encode(svg.encode()).decode()}</file>'
    *hints, _ = question.hints("latex")
    parts = [
        f"<name>{_text(title)}</name>",
        f'<questiontext format="html">{_html(f"<p>{_in_html(question)}</p>{image}")}{file}</questiontext>',
        f'<generalfeedback format="html">{_html(f"<pre>{html.escape(question.why())}</pre>")}</generalfeedback>',
        "<defaultgrade>1</defaultgrade><penalty>0.25</penalty><hidden>0</hidden>",
    ]
    if question.options:
        parts.append("<single>true</single><shuffleanswers>true</shuffleanswers><answernumbering>abc</answernumbering>")
        said = dict(feedbacks(question))
        for option in question.options:
            feedback = _right(question) if option == question.answer else said.get(option, "")
            parts.append(_answer(option, 100 * (option == question.answer), feedback))
    else:
        tolerance = question.tolerance
        parts.append(_answer(repr(question.answer), 100, _right(question), tolerance))
        for wrong, feedback in feedbacks(question):
            parts.append(_answer(repr(wrong), 0, feedback, question.half_unit(wrong)))
        near = tolerance * 10.0 ** (question.digits - agreeing_digits(question.digits))
        rounded = say(question.language, "rounded", answer=say(question.language, "answer"), digits=question.digits)
        parts.append(_answer(repr(question.answer), 0, rounded, near))
    parts += [f'<hint format="html">{_html(_parenthesised(hint))}</hint>' for hint in hints]
    return f'<question type="{kind}">\n' + "\n".join(parts) + "\n</question>"


def _answer(text: str, fraction: int, feedback: str, tolerance: float | None = None) -> str:
    near = "" if tolerance is None else f"<tolerance>{tolerance:.6g}</tolerance>"
    said = f'<feedback format="html">{_html(html.escape(feedback).replace(chr(10), "<br>"))}</feedback>'
    return f'<answer fraction="{fraction}" format="plain_text">{_text(text)}{near}{said}</answer>'


def _text(text: str) -> str:
    return f"<text>{html.escape(text)}</text>"


def _html(text: str) -> str:
    return f"<text><![CDATA[{text.replace(']]>', ']]]]><![CDATA[>')}]]></text>"


def _parenthesised(text: str) -> str:
    r"""Formulas within \( and \), which Moodle's filter knows, in place of dollars."""
    return re.sub(r"\$([^$]+)\$", r"\\(\1\\)", text)


def _in_html(question: Question) -> str:
    return _parenthesised(question.text("latex"))


# GIFT


def gift(quiz: Sheet) -> str:
    """GIFT, Moodle's format of plain text: a question a paragraph."""
    return "\n\n".join([f"// {_one_line(_title(quiz))}", *[_gift(title, question) for title, question in _numbered(quiz)], ""])


def _gift(title: str, question: Question) -> str:
    lines = []
    if question.options:
        said = dict(feedbacks(question))
        for option in question.options:
            right = option == question.answer
            lines.append(
                f"{'=' if right else '~'}{_in_gift(option)}#{_in_gift(_right(question) if right else said.get(option, ''))}"
            )
    else:
        lines.append(f"={_near(question, question.answer)}#{_in_gift(_right(question))}")
        lines += [f"=%0%{_near(question, wrong)}#{_in_gift(feedback)}" for wrong, feedback in feedbacks(question)]
    mark = "" if question.options else "#"
    text = _escaped(_in_html(question))
    return f"::{_escaped(title)}::[html]{text} {{{mark}\n" + "\n".join([f"\t{line}" for line in lines]) + "\n}"


def _near(question: Question, x: float) -> str:
    """A number and how far from it an answer may be, without exponents."""
    exact, within = (Decimal(f"{y:.{digits}e}") for y, digits in ((x, question.digits + 3), (question.half_unit(x), 3)))
    return f"{exact:f}:{within:f}"


def _escaped(text: str) -> str:
    return re.sub(r"([~=#{}:\\])", r"\\\1", _one_line(text))


def _in_gift(text: str) -> str:
    """What is plain text, where HTML is expected."""
    return _escaped(html.escape(text))


def _one_line(text: str) -> str:
    return " ".join(text.split())


# jupyterquiz


def jupyterquiz(quiz: Sheet) -> str:
    """The JSON that jupyterquiz shows in a notebook: numeric questions, of the order multiple choice."""
    return json.dumps([_jupyterquiz(question) for question in quiz], ensure_ascii=False, indent=1) + "\n"


def _jupyterquiz(question: Question) -> dict[str, Any]:
    said = dict(feedbacks(question))
    if question.options:
        answers: list[dict[str, Any]] = [
            {"answer": option, "correct": right, "feedback": _right(question) if right else said.get(option, "")}
            for option in question.options
            for right in [option == question.answer]
        ]
        return {"question": question.text("latex"), "type": "multiple_choice", "answers": answers}
    answers = [{"type": "value", "value": question.answer, "correct": True, "feedback": _right(question)}]
    answers += [{"type": "value", "value": x, "correct": False, "feedback": feedback} for x, feedback in said.items()]
    answers.append({"type": "default", "feedback": question.hints()[0]})
    return {"question": question.text("latex"), "type": "numeric", "precision": question.digits, "answers": answers}


# text2qti


def text2qti(quiz: Sheet) -> str:
    """Markdown for text2qti, which makes QTI for Canvas of it: multiple choice, in which the mistakes are the distractors."""
    parts = [f"Quiz title: {_markdown(_title(quiz))}", "shuffle answers: true"]
    return "\n".join([*parts, *[_text2qti(number, question) for number, question in enumerate(quiz, 1)], ""])


def _text2qti(number: int, question: Question) -> str:
    lines = [f"\n{number}.  {question.text('latex')}", f"...  {question.hints('latex')[0]}"]
    said = dict(feedbacks(question))
    distractors = sorted(said, key=lambda x: len(question.wrong[x]))[:DISTRACTORS]  # those of one mistake first
    answers = question.options or [question.answer, *distractors]
    if len(answers) > 1:
        for letter, answer in zip("abcdefgh", answers):
            mark = "*" if answer == question.answer else ""
            lines.append(f"{mark}{letter})  {_markdown(question.shown(answer))}")
            feedback = _right(question) if mark else said.get(answer)
            lines += [f"...  {_markdown(feedback)}"] if feedback else []
    elif LOWEST <= abs(question.answer) <= HIGHEST:
        lines.append(f"=   {question.answer!r} +- {max(question.tolerance, 2e-4):.6f}")
    else:
        lines.append(f"*   {question.shown(question.answer)}")
    return "\n".join(lines)


def _markdown(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>$%#|~^])", r"\\\1", _one_line(text))
