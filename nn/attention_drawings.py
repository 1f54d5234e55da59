"""Attention to look at: who looks at whom, what one head takes, and what is added to the residual stream; as SVG."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from autograd_lite import Value
from autograd_lite.nests import leaves
from autograd_lite.picture.scene import text_width
from autograd_lite.sentences import known, say

from .recurrent.networks import Run
from .sheet import LINE, MARGIN, Sheet

WIDEST = 800.0
# A cell with its number
CELL, HIGH = 40.0, 28.0


def draw_attention(run: Run, tokens: Sequence[Any] | None = None, of: str = "data", *, language: str | None = None) -> Sheet:
    """For each block and head the weights as a heat map, with their numbers: a row for each position that looks, a column for
    each that is looked at.

    run: of a `SelfAttention`, `Block` or `GPT`. tokens: what stands at each position, to be shown; else its number. of: "data",
    the weights, which sum to 1 in a row, or "grad", the derivatives of what `backward` was called on by them. language: of the
    words, "en", "zh-TW" or "zh-CN".

    >>> from nn import SelfAttention
    >>> run = SelfAttention(4, 2, rng=0).run([[0.5] * 4, [1.0] * 4])
    >>> draw_attention(run, tokens="ab")
    <Attention of 2 positions in 2 heads; .save('picture.svg') writes it>
    """
    _of(of)
    layers, names = _layers(run, "att"), _names(run, tokens)
    heads = len(run.states[f"att{layers[0]}"][0])
    weights = [weight for layer in layers for weight in leaves(run.states[f"att{layer}"])]
    most = 1.0 if of == "data" else max([abs(weight.grad) for weight in weights], default=0.0) or 1.0
    language = known(language)
    said = partial(say, language)
    sheet = Sheet(said("attention-title", positions=len(names), heads=len(layers) * heads), language)
    label = max([text_width(name, 13.0) for name in names]) + 8
    wide, high = label + CELL * len(names) + 2 * MARGIN, HIGH * (len(names) + 1) + LINE + 2 * MARGIN
    columns = max(1, min(heads, int(WIDEST // wide)))
    for k, layer in enumerate(layers):
        for head in range(heads):
            place = k * -(-heads // columns) * columns + head
            x, y = MARGIN + place % columns * wide, MARGIN + place // columns * high
            title = said("attention-block" if layer else "attention-head", block=layer, head=head)
            sheet.text(x, y + LINE / 2, title, "title left")
            _heat_map(sheet, x + label, y + LINE, [step[head] for step in run.states[f"att{layer}"]], names, of, most)
    sheet.caption(said("attention-rows"), said(f"attention-{of}"))
    return sheet


def _heat_map(sheet: Sheet, x: float, y: float, rows: Sequence[Any], names: Sequence[str], of: str, most: float) -> None:
    for s, name in enumerate(names):
        sheet.text(x + CELL * (s + 0.5), y + HIGH / 2, name)
    for t, (row, name) in enumerate(zip(rows, names), 1):
        sheet.text(x - 6, y + HIGH * (t + 0.5), name, "right")
        for s, weight in enumerate(row):
            number = getattr(weight, of)
            tip = f"{weight.label} = {weight.data!r}, grad {weight.grad!r}"
            sheet.cell(x + CELL * s, y + HIGH * t, CELL, HIGH, number / most, tip)
            shown = f"{number:.2f}" if of == "data" else f"{number:.1e}" if 0 < abs(number) < 0.005 else f"{number:.2f}"
            sheet.text(x + CELL * (s + 0.5), y + HIGH * (t + 0.5), shown, "small", 11.0)


def draw_head(
    run: Run,
    t: int | None = None,
    head: int = 0,
    layer: str | int = "",
    tokens: Sequence[Any] | None = None,
    *,
    language: str | None = None,
) -> Sheet:
    """What one head makes of one position: the values of those that it looks at, on wires that are as thick as their weights.

    run: as for `draw_attention`. t: the position that looks, from 1; the last one unless given. layer: of several blocks the
    number of one, such as 2. language: of the words. ValueError for what there is not.
    """
    layers, names = _layers(run, "att"), _names(run, tokens)
    states: dict[str, Any] = run.states
    layer, head, t = str(layer) or layers[0], operator.index(head), len(names) if t is None else operator.index(t)
    heads = len(states[f"att{layers[0]}"][0])
    if layer not in layers or not 1 <= t <= len(names) or not 0 <= head < heads:
        there_are = f"t from 1 to {len(names)}, heads from 0 to {heads - 1}" + f", layers {', '.join(layers)}" * (layers != [""])
        raise ValueError(f"there are {there_are}; got t = {t}, head = {head}, layer = {layer!r}")
    weights, scores = states[f"att{layer}"][t - 1][head], states[f"score{layer}"][t - 1][head]
    d = len(states[f"head{layer}"][0]) // heads
    own = slice(head * d, head * d + d)
    values = [_vector("v", states[f"v{layer}"][s][own]) for s in range(len(weights))]
    language = known(language)
    said = partial(say, language)
    boxes = [[name, said("head-score", number=f"{score.data:.2f}"), value] for name, score, value in zip(names, scores, values)]
    sheet = Sheet(said("head-block-title" if layer else "head-title", head=head, t=t, block=layer), language)
    sheet.text(MARGIN, MARGIN + LINE / 2, sheet.title, "title left")
    wide, high = _width(boxes), 3 * LINE + 8
    far, top = MARGIN + wide + 260.0, MARGIN + LINE + 7
    middle = top + (high + 12) * len(boxes) / 2 - 6
    for s, (lines, weight, score) in enumerate(zip(boxes, weights, scores)):
        y = top + (high + 12) * s
        end = middle + (s - (len(boxes) - 1) / 2) * min(6.0, high / len(boxes))
        tip = f"{weight.label} = {weight.data!r}, {score.label} = {score.data!r}"
        sheet.wire(MARGIN + wide, y + high / 2, far, end, 0.4 + 9 * weight.data, f"{weight.data:.3f}", tip)
        _box(sheet, MARGIN, y, wide, lines)
    made = [_vector(name, states[f"{name}{layer}"][t - 1][own]) for name in ("q", "head")]
    _box(sheet, far, middle - high / 2, _width([made]), [names[t - 1], *made])
    sheet.caption(said("head-caption"))
    return sheet


def _width(boxes: Iterable[Sequence[str]]) -> float:
    return max([text_width(line, 13.0) for lines in boxes for line in lines]) + 2 * MARGIN


def _box(sheet: Sheet, x: float, y: float, wide: float, lines: Sequence[str]) -> None:
    sheet.box(x, y, wide, len(lines) * LINE + 8)
    for k, line in enumerate(lines):
        sheet.text(x + wide / 2, y + 4 + LINE * (k + 0.5), line, "label" * (k == 0))


def draw_residuals(run: Run, tokens: Sequence[Any] | None = None, of: str = "data", *, language: str | None = None) -> Sheet:
    """The residual stream, a column for each position, from what goes in to what comes out: a strip of its numbers, with their
    root mean square; orange is positive, blue negative.

    run: of a `GPT` or a `Block`. of: "data" or "grad". language: of the words.
    """
    _of(of)
    layers, names = _layers(run, "resid_mid"), _names(run, tokens)
    language = known(language)
    said = partial(say, language)
    places = [(said("residual-in"), f"resid_pre{layers[0]}")]
    for layer in layers:
        for part, state in (("attention", "resid_mid"), ("feed", "resid_post")):
            key = f"residual-block-{part}" if layer else f"residual-{part}"
            places.append((said(key, block=layer), f"{state}{layer}"))
    units = leaves([run.states[name] for _, name in places])
    most = max([abs(getattr(unit, of)) for unit in units]) or 1.0
    n = len(run.states[places[0][1]][0])
    sheet = Sheet(said("residual-grads-title" if of == "grad" else "residual-title", positions=len(names)), language)
    label = max([text_width(title, 13.0) for title, _ in places]) + 10
    strip = max(48.0, min(7.0 * n, WIDEST / len(names))) / n
    wide = strip * n + MARGIN
    sheet.text(MARGIN, MARGIN + LINE / 2, sheet.title, "title left")
    for t, name in enumerate(names):
        x = MARGIN + label + wide * t
        sheet.text(x + strip * n / 2, MARGIN + 1.5 * LINE + 4, name, "label")
        for k, (title, state) in enumerate(places):
            y = MARGIN + 2 * LINE + 10 + (HIGH + LINE) * k
            if t == 0:
                sheet.text(MARGIN + label - 10, y + HIGH / 2, title, "right")
            numbers = [getattr(unit, of) for unit in run.states[state][t]]
            for j, (unit, number) in enumerate(zip(run.states[state][t], numbers)):
                tip = f"{unit.label} = {unit.data!r}, grad {unit.grad!r}"
                sheet.cell(x + strip * j, y, strip, HIGH, number / most, tip)
            size = math.hypot(*numbers) / math.sqrt(n)
            sheet.text(x + strip * n / 2, y + HIGH + 9, f"{size:.3g}", "small", 11.0)
    sheet.caption(said("residual-strip", n=n), said("residual-most", most=f"{most:.3g}"))
    return sheet


def shortened(text: str, most: int = 60) -> str:
    text = "".join([c if c.isprintable() else "\ufffd" for c in text])
    return text if len(text) <= most else text[: most - 1] + "…"


def _vector(name: str, units: Iterable[Value]) -> str:
    numbers = [f"{unit.data:.2f}" for unit in units]
    return f"{name} = ({', '.join(numbers if len(numbers) < 7 else [*numbers[:5], '…'])})"


def _names(run: Run, tokens: Sequence[Any] | None) -> list[str]:
    """What each position is called. ValueError for tokens of another number."""
    count = len(run.outputs)
    if tokens is None:
        return [str(t) for t in range(1, count + 1)]
    if len(tokens) != count:
        raise ValueError(f"this run has {count} positions, got {len(tokens)} tokens")
    return [{" ": "␣", "\n": "⏎"}.get(str(token), shortened(str(token), 12)) for token in tokens]


def _layers(run: Run, name: str) -> list[str]:
    """The blocks that have such states, by the ends of their names. ValueError if there are none; TypeError for no run."""
    if not isinstance(run, Run):
        raise TypeError(f"this draws what `run` of a SelfAttention, Block or GPT gives, got {type(run).__name__} {run!r:.60}")
    ends = [key.removeprefix(name) for key in run.states if key.startswith(name)]
    found = [end for end in ends if not end or end.isdecimal()]
    if not found:
        raise ValueError(f"this run has no states {name!r}: there are {', '.join(run.states)}")
    return found


def _of(of: str) -> None:
    if of not in ("data", "grad"):
        raise ValueError(f"of is 'data' or 'grad', not {of!r}")
