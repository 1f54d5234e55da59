"""What is generated, in Chinese: whole, without an English word between, and as wide as it is said to be."""

import base64
import html
import io
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import autograd_lite
from autograd_lite import (
    Scope,
    Value,
    check_gradients,
    draw,
    draw_layers,
    explain,
    set_language,
    step,
    steps,
    tanh,
    topological_order,
    where,
)
from autograd_lite.__main__ import main
from autograd_lite.engine.errors import needed
from autograd_lite.ops import FAMILIES, ROWS
from autograd_lite.sentences import ENDINGS, LANGUAGES, PARTS, listed, rule
from autograd_lite.sentences.widths import clip, pieces, to_left, to_right, width, wrapped
from autograd_lite.stepping.terminal import screen
from nn import (
    MLP,
    Block,
    RNNCell,
    SelfAttention,
    SequenceModel,
    draw_attention,
    draw_decision,
    draw_head,
    draw_residuals,
    gradient_flow,
    train,
)
from nn.summary import Summary
from nn.worked_example import WorkedExample

CHINESE = [language for language in LANGUAGES if language != "en"]
# What is the same in every language: names in the program, and what is on the keys
NAMES = {"grad", "data", "backward", "Home", "End", "Enter", "JavaScript", "tanh", "sigmoid", "linear"}


def english_words(text, *graph):
    """The English words of a text but those that name a node, an operation, or something of a program."""
    labels = {name for node in graph for name in (node.op.rstrip("_"), *re.findall(r"[A-Za-z]+", node.label))}
    return {word for word in re.findall(r"[A-Za-z]{2,}", text)} - labels - NAMES


@pytest.fixture
def error():
    return WorkedExample()()


@pytest.fixture(params=CHINESE)
def language(request):
    return request.param


def test_steps_have_no_english_word(error, language):
    a = Value(3.0, "a")
    a.grad = 1.0
    square = a * a + a.tanh() * 0.0
    square.data += 1.0
    for output in (error, square):
        text = str(steps(output, language))
        assert english_words(text, *topological_order(output)) == set()
        assert len(re.findall("[。：]", text)) > len(steps(output))


def test_a_trace_that_is_cut_ends_with_how_to_see_the_rest(error, language):
    assert english_words(steps(error, language).text(5), *topological_order(error)) == {"print", "steps", "save", "txt"}


def test_every_kind_of_step_is_said_in_words_of_its_own(error):
    a = Value(3.0, "a")
    y = a * a + a
    said = {language: [step.words for step in steps(y, language)] for language in LANGUAGES}
    assert said["zh-TW"][3:] == [
        "反向傳播從輸出開始：v2 對自己的導數是 1。",
        "從 v2 傳回 v1：伴隨值乘以局部導數，就是梯度。",
        "從 v2 傳回 a：伴隨值乘以局部導數，是梯度的 3 份貢獻之一。",
        "從 v1 傳回第 1 個運算元 a：伴隨值乘以局部導數，是梯度的 3 份貢獻之一。",
        "a 被用了 3 次：來自 v1 的貢獻加到目前的和上。",
        "從 v1 傳回第 2 個運算元 a：伴隨值乘以局部導數，是梯度的 3 份貢獻之一。",
        "a 被用了 3 次：來自 v1 的貢獻加到目前的和上，梯度就齊了。",
    ]
    assert said["zh-CN"][1] == "用 mul 算出 v1，操作数是 a。"
    assert said["en"][-1] == "a is used 3 times: the contribution from v1 is added to the sum so far, and the grad is complete."


def test_formulas_are_the_same_in_every_language(error):
    formulas = {tuple(step.formula for step in steps(error, language)) for language in LANGUAGES}
    assert len(formulas) == 1


def test_derivations_have_no_english_word(error, language):
    nodes = topological_order(error)
    w1 = next(node for node in nodes if node.label == "w1")
    for derivation in (explain(error, w1, language=language), explain(error, form="delta", language=language)):
        assert english_words(derivation.text(), *nodes) == set()
    net = next(node for node in nodes if node.label == "net_h1")
    assert [heading for heading, _ in explain(net, language="zh-TW").sections] == ["", "局部導數"]


def test_a_derivation_saved_says_which_language_it_is_in(error, tmp_path):
    derivation = explain(error, error.parents[0], language="zh-CN")
    assert '<html lang="zh-CN">' in derivation.save(tmp_path / "a.html").read_text(encoding="utf-8")
    assert "{ctex}" in derivation.save(tmp_path / "a.tex").read_text(encoding="utf-8")
    assert "{inputenc}" in explain(error, error.parents[0]).save(tmp_path / "b.tex").read_text(encoding="utf-8")


def texts(page):
    """What a reader sees or hears of a page or picture: its texts, titles and descriptions, without style and script."""
    page = re.sub(r"<(style|script|math|annotation)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return html.unescape(
        " ".join([*re.findall(r'(?:title|aria-label|alt|placeholder)="([^"]*)"', page), re.sub("<.*?>", " ", page)])
    )


NAMES_OF_PARTS = {"hidden", "output", "layer", "inputs", "dE", "dW"}  # as the model calls them


@pytest.mark.parametrize("ready", [False, True], ids=["before backward()", "after it"])
def test_pictures_have_no_english_word(error, language, ready):
    if ready:
        error.backward()
    nodes = topological_order(error)
    for drawing in (
        draw(error, language=language),
        draw(error, language=language, collapse=True),
        draw_layers(error, language=language),
    ):
        assert f'lang="{language}"' in drawing.svg()
        assert english_words(texts(drawing.svg()), *nodes) <= NAMES_OF_PARTS


def test_a_rolled_picture_says_what_is_dashed(language):
    state, w = Value(0.1), Value(0.5, "w")
    for t in (1, 2, 3):
        state = tanh(w * state)
        state.scope = Scope(f"t = {t}")
    found = draw(state, rolled=True, language=language)
    assert english_words(texts(found.svg()), *topological_order(state)) == set()
    assert {"zh-TW": "虛線：從一個時間步到另一個", "zh-CN": "虚线：从一个时间步到另一个"}[language] in found.svg()


def test_a_caption_is_broken_to_the_width_of_the_picture(language):
    x = Value(2.0, "x")
    lines = re.findall(r'class="caption".*?>(.*?)<', draw(x.tanh(), language=language).svg())
    assert len(lines) > 1 and max(map(width, lines)) < 80


@pytest.mark.parametrize("columns", [40, 80, 133])
def test_the_screen_of_a_terminal_is_aligned(error, language, columns):
    next(node for node in topological_order(error) if node.label == "net_h1").label = "隱藏層"
    found = steps(error, language)
    for now in (0, 20, 40, len(found) - 1):
        lines = screen(found, now, columns, 24)
        assert max(map(width, lines)) <= columns
        assert english_words("".join(lines), *found.nodes) <= {"Ent"}  # where the line of keys is cut
        title = next(k for k, line in enumerate(lines) if re.search("節點|节点", line))
        table = [line.split("   |   ")[0] for line in lines[title:] if line[:2] in ("  ", "> ")]
        assert len({width(line) for line in table if not line.endswith("+")}) == 1
        assert len(table) > 4


def test_the_prompt_of_a_terminal(error):
    assert screen(steps(error, "zh-TW"), 0, 80, 24, "12")[-1] == "跳到第幾步（1 到 70），再按 Enter：12_"


def test_a_line_ends_beside_a_wide_character_and_not_before_a_stop():
    text = "由 w1、w2 和 b1 算出 net_h1，運算是 linear。傳回（第 2 個）"
    for columns in range(12, 40):
        lines = wrapped(text, columns)
        assert columns - 9 < max(map(width, lines)) <= columns
        assert not any(line[0] in "，。、）" or line[-1] == "（" for line in lines)
        assert re.sub(" ", "", "".join(lines)) == re.sub(" ", "", text)
    assert "".join(pieces(text)) == text
    assert wrapped("an English line is as it was", 12) == ["an English", "line is as", "it was"]
    assert wrapped("incomprehensibility", 10) == ["incomprehe", "nsibility"]


def test_widths():
    assert [width(text) for text in ("abc", "節點", "e\u0301", "∂x")] == [3, 4, 1, 2]
    assert (to_left("節點", 6), to_right("值", 4), clip("節點名稱", 5)) == ("節點  ", "  值", "節點…")


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_key_is_there_twice(language):
    parts = [import_module(f"autograd_lite.sentences.{part}{ENDINGS[language]}").SENTENCES for part in PARTS]
    assert sum(map(len, parts)) == len(LANGUAGES[language])


def test_no_table_is_read_before_it_is_needed():
    code = "import sys, autograd_lite; print([name for name in sys.modules if name.startswith('autograd_lite.sentences.')])"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
        == "['autograd_lite.sentences.widths']\n"
    )


def test_a_list_in_each_language():
    names = list("abcdefgh")
    assert listed("en", names, 6) == "a, b, c, d and 4 more"
    assert listed("zh-TW", names, 6) == "a、b、c、d 和另外 4 個"
    assert listed("zh-CN", names[:2]) == "a 和 b" and listed("zh-CN", ["a"]) == "a"


def test_a_table_of_differences_in_chinese(language):
    x, nameless = Value(2.0, "隱藏"), Value(0.0)
    table = io.StringIO()
    set_language(language)
    try:
        assert check_gradients(lambda x, y: x * x + y, [x, nameless], file=table)
        assert not check_gradients(lambda x: where(step(x - 1e-12), x, 3 * x), [nameless], file=table)
    finally:
        set_language("en")
    lines = table.getvalue().splitlines()
    assert english_words(table.getvalue()) == set()
    assert len({width(line) for line in lines[1:3]}) == 1 and width(lines[0]) == 10 + 12 + 17 + 17


def test_the_language_is_set_once(error):
    set_language("zh-TW")
    try:
        made = steps(error), explain(error, form="delta")
    finally:
        set_language("en")
    assert made[0][0].words == "已知 i1。" and "權重與偏差" in made[1].text()
    assert steps(error)[0].words == "i1 is given."


@pytest.mark.parametrize("made", [steps, explain])
def test_an_unknown_language_is_named(error, made):
    with pytest.raises(ValueError, match="no sentences in the language 'fr': there are en, zh-TW, zh-CN"):
        made(error, language="fr")


def test_the_command_line_in_chinese(capsys, tmp_path):
    expression = ["tanh(x*w + b)", "x=1", "w=2", "b=0.5"]
    assert main(["step", *expression, "--language", "zh-TW"]) == 0
    assert main(["explain", *expression, "--wrt", "w", "--language", "zh-CN"]) == 0
    assert main(["draw", *expression, "--language", "zh-TW", "--save", str(tmp_path / "graph.svg")]) == 0
    assert "的計算圖" in (tmp_path / "graph.svg").read_text(encoding="utf-8")
    said = capsys.readouterr().out.replace(str(tmp_path / "graph.svg"), "")
    assert "已知 x。" in said and "式中的值" in said
    assert english_words(said) == {"add", "mul"}


def test_the_worked_example_in_chinese(capsys, tmp_path, language):
    assert main(["example", "--steps", "2", "--out", str(tmp_path), "--language", language]) == 0
    said = capsys.readouterr().out.replace(str(tmp_path), "")
    title = {"Matt", "Mazur", "Step", "by", "Backpropagation", "Example", "Graphviz"}
    named = {"worked_example", "worked", "example", "svg", "dot", "html", "step", "train", "char", "autograd", "lite", "after"}
    assert (
        english_words(said, *topological_order(WorkedExample()())) - {"dE", "dout", "dnet", "dw", "db", "delta"} <= title | named
    )
    assert f'lang="{language}"' in (tmp_path / "worked_example.html").read_text(encoding="utf-8")


def test_tables_of_models_are_aligned_by_width():
    summary = str(Summary.of({"隱藏層.W": [[1.0, 2.0]], "b": [1.0]}))
    assert len({width(line) for line in summary.splitlines()}) == 1
    flow = gradient_flow(SequenceModel(RNNCell(1, 2, rng=0), 1, rng=0), [[0.1], [0.2]], [[0.3], [0.4]])._replace(loss="損失")
    assert len({width(line) for line in str(flow).splitlines()}) == 1


# What is written in traditional or in simplified characters alone is in the national standard of these
SCRIPTS = {"zh-TW": "big5", "zh-CN": "gb2312"}


@pytest.mark.parametrize("language, standard", SCRIPTS.items())
def test_a_language_is_written_in_its_own_characters(language, standard):
    for key, sentence in LANGUAGES[language].items():
        assert [c for c in re.findall("[\u4e00-\u9fff]", sentence) if not c.encode(standard, "ignore")] == [], key


ROWS_SAY = [text for row in [*ROWS.values(), *FAMILIES.values()] for text in (getattr(row, "needs", ""), row.convention)]
ROWS_SAY += [needed(op) for op in (*ROWS, *FAMILIES)]


def test_domains_and_conventions_of_the_table_are_said_in_every_language(language):
    for text in dict.fromkeys(ROWS_SAY):
        said = rule(language, text)
        assert english_words(said) <= {"inf", "nan", "low", "high"}
        assert [c for c in re.findall("[\u4e00-\u9fff]", said) if not c.encode(SCRIPTS[language], "ignore")] == []
        assert sorted(re.findall(r"-?\d+", said)) == sorted(re.findall(r"-?\d+", text))
    assert rule(language, "a condition of mine") == "a condition of mine"


TEMPLATES = sorted(Path(autograd_lite.__file__).parent.rglob("*.html"))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_a_page_says_its_language_and_all_that_it_says_is_a_sentence(path):
    page = path.read_text(encoding="utf-8")
    assert '<html lang="@@language@@">' in page
    assert re.findall("[A-Za-z]{2,}", re.sub("@@[a-z.-]+@@", "", texts(page))) == []


def test_what_models_draw_has_no_english_word(language):
    run = SelfAttention(4, 2, rng=0).run([[0.5] * 4, [1.0] * 4])
    block = Block(4, 2, rng=0).run([[0.5] * 4, [1.0] * 4])
    drawings = [draw_attention(run, language=language), draw_attention(run, of="grad", language=language)]
    drawings += [draw_head(run, language=language), draw_residuals(block, language=language)]
    drawings.append(draw_decision(MLP([2, 2, 1], rng=0), [[0, 0], [1, 1]], [0, 1], points=4, language=language))
    for drawing in drawings:
        labels = {
            name for unit in re.findall("<title>(.*?)</title>", drawing.svg())[1:] for name in re.findall("[A-Za-z]+", unit)
        }
        assert english_words(texts(drawing.svg())) - labels <= {"head", "softmax"}
        assert drawing.title in drawing.svg() and f'lang="{language}"' in drawing.svg()


def test_curves_are_of_the_language_that_is_set(language):
    flow = gradient_flow(SequenceModel(RNNCell(1, 2, rng=0), 1, rng=0), [[0.1], [0.2]], [[0.3], [0.4]])
    history = train(MLP([1, 1], rng=0), [([1.0], [0.5])], steps=3)
    set_language(language)
    try:
        shown = [flow._repr_html_(), history._repr_html_()]
    finally:
        set_language("en")
    pictures = [base64.b64decode(re.search('base64,([^"]*)', one)[1]).decode() for one in shown]
    assert english_words(texts(" ".join(pictures))) <= {"dE", "dh", "total"}
