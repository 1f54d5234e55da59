"""Quizzes for paper: worksheets to fill in, and the key. Black on white, without a script."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

from ..derivation.expressions import Expression, number, symbol
from ..pages import filled, template
from ..sentences import say
from .exports import feedbacks
from .pictures import picture
from .questions import MOST_OPERANDS, Question
from .sheet import Sheet

BLANK = "______"
MOST_FORMULAS = 24
"""Of more nodes than this the formulas are not listed."""
WIDEST = 2400
"""On paper nothing could be read of a picture of more pixels."""


def worksheets(quizzes: Sequence[Sheet]) -> str:
    """A worksheet for each quiz, each on pages of its own: what is given, the graph with blanks, the questions."""
    return _document(quizzes[0], "worksheet", [_worksheet(quiz) for quiz in quizzes])


def _worksheet(quiz: Sheet) -> str:
    graph = quiz.graph

    def equations(kind: str, sides: Iterable[Sequence[Expression]], end: str = "") -> str:
        written = ["<mo>=</mo>".join([graph.write(side, "mathml") for side in one]) for one in sides]
        return f"<ul class='{kind}'>" + "".join([f"<li><math>{one}{end}</math></li>" for one in written]) + "</ul>"

    computed = [node for node in graph.named if graph.parents[node] and len(graph.parents[node]) <= MOST_OPERANDS]
    formulas = [(symbol(node), graph.notation.formula(node)) for node in computed]
    drawn = picture(graph, BLANK, quiz.language, WIDEST)
    return (
        f"{_head(quiz, 'worksheet', html.escape(quiz.student))}<h2>{html.escape(say(quiz.language, 'given'))}</h2>"
        + equations("given", [(symbol(leaf), number(leaf.data)) for leaf in sorted(graph.leaves(), key=graph.name)])
        + (f'<div class="picture">{drawn}</div>' if drawn else "")
        + (equations("formulas", formulas, f"<mo>=</mo><mtext>{BLANK}{BLANK}</mtext>") if len(computed) <= MOST_FORMULAS else "")
        + "<ol class='questions'>"
        + "".join([f"<li>{_asked(question)}</li>" for question in quiz])
        + "</ol>"
    )


def _asked(question: Question) -> str:
    text = question.text("mathml")
    if question.options:
        options = "".join([f"<span>{html.escape(option)}</span>" for option in question.options])
        return f"{text}<div class='options'>{options}</div>"
    return f"{text}<br><span class='answer'>{html.escape(say(question.language, 'answer'))}</span>"


def key(quizzes: Sequence[Sheet]) -> str:
    """The answers of all quizzes in one table; of a single one with the wrong numbers of the mistakes."""
    first = quizzes[0]
    language = first.language
    titles = [say(language, "number"), *[str(k) for k in range(1, len(first) + 1)]]
    rows = [
        [html.escape(quiz.student) or "–", *[html.escape(question.shown(question.answer)) for question in quiz]]
        for quiz in quizzes
    ]
    parts = [_head(first, "key", ""), _table(titles, rows)]
    if len(quizzes) == 1:
        for number_, question in enumerate(first, 1):
            said = [[html.escape(question.shown(x)), html.escape(words)] for x, words in feedbacks(question)]
            heading = f"<h2>{html.escape(say(language, 'question', number=number_))}</h2><p>{question.text('mathml')}</p>"
            parts.append(heading + (_table([], said, text=True) if said else ""))
    return _document(first, "key", ["".join(parts)])


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]], text: bool = False) -> str:
    head = "".join([f'<th scope="col">{html.escape(title)}</th>' for title in titles])
    kind = ' class="text"' if text else ""
    body = "".join(
        [f'<tr><th scope="row">{row[0]}</th>{"".join(f"<td{kind}>{cell}</td>" for cell in row[1:])}</tr>' for row in rows]
    )
    return f"<table>{f'<thead><tr>{head}</tr></thead>' if titles else ''}<tbody>{body}</tbody></table>"


def _head(quiz: Sheet, kind: str, name: str) -> str:
    title = html.escape(say(quiz.language, kind, output=quiz.graph.name(quiz.graph.output)))
    who = f"<span class='name'>{say(quiz.language, 'name', name=name)}</span>" if kind == "worksheet" else ""
    return f"<div class='head'><h1>{title}</h1>{who}</div>"


def _document(quiz: Sheet, kind: str, sheets: Sequence[str]) -> str:
    parts = {
        "language": quiz.language,
        "title": html.escape(say(quiz.language, kind, output=quiz.graph.name(quiz.graph.output))),
        "sheets": "\n".join([f'<section class="sheet">{sheet}</section>' for sheet in sheets]),
    }
    return filled(template(__package__, "paper.html"), parts)
