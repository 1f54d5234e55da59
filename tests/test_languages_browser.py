# ruff: noqa: F811 (a fixture that is imported)
"""Pages in Chinese, in a real browser: what is seen and read aloud, buttons and keys."""

import pytest
from browser import chromium, quiet  # noqa: F401
from test_languages import NAMES_OF_PARTS, english_words

from autograd_lite import Value, asin, clamp, draw, exp, log, maximum, relu, sin, sqrt, steps, sum_
from autograd_lite.classroom import quiz
from nn.worked_example import WorkedExample

pytest.importorskip("selenium", reason="no driver of the browser: selenium is not installed")

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

SAID = """
const said = [document.title, document.body.innerText];
for (const element of document.querySelectorAll("body *")) {
  for (const name of ["aria-label", "title", "placeholder", "aria-valuetext"]) said.push(element.getAttribute(name) ?? "");
  if (element.localName === "title") said.push(element.textContent);
}
return said.join(" ");
"""


@pytest.fixture
def error():
    return WorkedExample()()


def text(driver, selector):
    return driver.find_element(By.CSS_SELECTOR, selector).text


def opened(driver, path):
    driver.get(path.as_uri())
    return driver.execute_script("return document.documentElement.lang")


def test_the_steps_in_chinese(chromium, error, tmp_path):
    found = steps(error, "zh-TW")
    assert opened(chromium, found.save(tmp_path / "a.html", code=True)) == "zh-TW"
    assert chromium.title == "逐步計算：E_total 的梯度"
    assert [text(chromium, f"#{name}") for name in ("play", "turn", "guess", "where")] == [
        *("播放", "反向傳播", "先猜", f"第 1 步，共 {len(found)} 步，前向")
    ]
    body = chromium.find_element(By.CSS_SELECTOR, "body")
    body.send_keys("b", Keys.ARROW_RIGHT)
    assert text(chromium, "#words") == found[found.forward + 1].words
    assert text(chromium, "#where") == f"第 {found.forward + 2} 步，共 {len(found)} 步，反向"
    chromium.find_element(By.ID, "back").click()
    assert text(chromium, "#words") == "反向傳播從輸出開始：E_total 對自己的導數是 1。"
    body.send_keys(" ")
    assert text(chromium, "#play") == "暫停"
    body.send_keys(" ")
    for grain in ("node", "layer"):
        chromium.execute_script(f"$('grain').value = '{grain}'; go(0); $('forward').click()")
        assert not english_words(text(chromium, "#words"), *found.nodes)
    body.send_keys(Keys.END)
    keys = {"Home", "End", "Page", "Up", "Down"}
    program = set(english_words(chromium.execute_script("return $('code')?.textContent ?? ''")))
    assert english_words(chromium.execute_script(SAID), *found.nodes) <= keys | program | NAMES_OF_PARTS
    assert quiet(chromium)


@pytest.mark.parametrize("language", ["zh-TW", "zh-CN"])
def test_kinks_and_domains_in_chinese(chromium, tmp_path, language):
    cases = [(relu, 0.0), (abs, 0.0), (log, -1.0), (sin, 1.0), (exp, 1000.0), (sqrt, 0.0), (asin, 2.0)]
    cases += [
        (lambda x: maximum(x, 0.25), 0.25),
        (lambda x: clamp(x, 0, 2), 2.0),
        (lambda x: 1 / x, 0.0),
        (lambda x: x**0.5, -1.0),
    ]
    leaves = [Value(0.5, f"x{k}") for k in range(len(cases))]
    found = steps(sum_([f(leaf) for (f, _), leaf in zip(cases, leaves)]), language)
    opened(chromium, found.save(tmp_path / "a.html"))
    for leaf, (_, number) in zip(leaves, cases):
        chromium.execute_script("lesson.set(...arguments)", leaf.label, number)
        said = text(chromium, "#said")
        assert english_words(said, *found.nodes) <= {"inf", "low", "high"} and bool(said) == (number != 1.0)
        assert not said or f"（{'節點' if language == 'zh-TW' else '节点'} {leaf.label}）" in said
        chromium.execute_script("lesson.reset()")
    assert quiet(chromium)


def test_a_quiz_in_chinese(chromium, error, tmp_path):
    asked = quiz(error, ["w5"], ask=["adjoint"], count=1, language="zh-CN")
    assert opened(chromium, asked.save(tmp_path / "quiz.html")) == "zh-CN"
    assert english_words(chromium.execute_script(SAID), *asked.graph.nodes) == set()
    chromium.find_element(By.TAG_NAME, "input").send_keys("0.0821670", Keys.ENTER)
    assert text(chromium, "#feedback").startswith("正确")
    chromium.find_element(By.ID, "hint").click()
    assert english_words(chromium.execute_script(SAID), *asked.graph.nodes) == set()
    assert quiet(chromium)


@pytest.mark.parametrize("name", ["worksheet.html", "key.html"])
def test_paper_in_chinese(chromium, error, tmp_path, name):
    asked = quiz(error, count=8, language="zh-TW")
    assert opened(chromium, asked.save(tmp_path / name)) == "zh-TW"
    assert english_words(chromium.execute_script(SAID), *asked.graph.nodes) - {"delta"} == set()
    assert quiet(chromium)


def test_what_is_too_large_for_a_picture_is_said_to_be(chromium, tmp_path):
    x = Value(1.0, "x")
    y = x
    for _ in range(2100):
        y = y + x
    found = steps(y, "zh-CN")
    opened(chromium, found.save(tmp_path / "a.html"))
    assert text(chromium, "#picture").startswith("没有图：")


def test_a_picture_in_a_page(chromium, error, tmp_path):
    assert opened(chromium, draw(error, language="zh-TW").save(tmp_path / "g.html")) == "zh-TW"
    chromium.find_element(By.ID, "close").click()
    assert chromium.execute_script("return told(1) + told(2)") == "1 個節點2 個節點"
    chromium.find_element(By.ID, "search").send_keys("nowhere", Keys.ENTER)
    assert text(chromium, "#told") == "沒有名稱為 nowhere 的節點"
    assert english_words(chromium.execute_script(SAID), *steps(error).nodes) - {"nowhere"} <= NAMES_OF_PARTS
    assert quiet(chromium)
