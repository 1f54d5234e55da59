# ruff: noqa: F811 (a fixture that is imported)
"""The page of a quiz in a real browser: buttons, keys, what is said, the code, without a network, and for everyone."""

import base64
import re

import pytest
from browser import chromium, colours, fits, needs_axe, quiet, violations, window  # noqa: F401

from autograd_lite import Value, tanh
from autograd_lite.classroom import codes, quiz
from autograd_lite.classroom.grades import grade
from nn.one_head import OneHead
from nn.worked_example import WorkedExample

NOTATIONS = (".5", "5e-1", "1/2", "０．５", "－１／２", "– 0.5", "1/0", "5²", "1,000.5", "٠.٥", "0.5.")


class Page:
    """What a student sees and does."""

    def __init__(self, driver, path):
        self.driver = driver
        driver.get(path.as_uri())

    def find(self, selector):
        return self.driver.find_element("css selector", selector)

    def text(self, selector):
        return self.find(selector).text

    def press(self, key):
        self.driver.switch_to.active_element.send_keys(key)

    def answer(self, text):
        choices = self.driver.find_elements("css selector", f'input[type=radio][value="{text}"]')
        if choices:
            choices[0].click()
            self.find("#form button").click()
        else:
            self.find("#answer").clear()
            self.find("#answer").send_keys(text, "\n")

    @property
    def verdict(self):
        return self.find("#feedback").get_attribute("class")

    def go(self, number):
        self.driver.find_elements("css selector", "#numbers button")[number - 1].click()


@pytest.fixture(scope="module")
def asked():
    return quiz(WorkedExample()(), count=7).variants(["Ada Löve 林"], key="course")["Ada Löve 林"]


@pytest.fixture
def page(chromium, asked, tmp_path):
    yield Page(chromium, asked.save(tmp_path / "quiz.html", key="course"))
    quiet(chromium)


def test_every_right_answer_is_right_and_the_code_is_graded(page, asked):
    for number, question in enumerate(asked, 1):
        page.go(number)
        page.answer(question.shown(question.answer))
        assert page.verdict == "right"
    assert page.text("#score") == "7 of 7 right" and page.find("#handin").is_displayed()
    code = page.text("#code")
    assert code == codes.code(asked, [q.shown(q.answer) for q in asked], "course")
    found = grade(quiz(WorkedExample()(), count=7), [code], "course")
    assert found.grades[0].student == "Ada Löve 林" and found.grades[0].right == 7 and not found.problems


def test_the_page_says_what_the_library_says(page, asked):
    number = next(k for k, q in enumerate(asked, 1) if q.kind == "adjoint")
    question = asked.question(number)
    page.go(number)
    unit = 2 * question.tolerance
    answers = [question.shown(x) for x in [*question.wrong][:8]]
    answers += [f"{question.answer + k * unit:.12g}" for k in (-0.99, -0.501, -0.499, 0.499, 0.501, 3, 40, 499, 501)]
    answers += [
        f"{question.answer:.17g}",
        f"{question.answer:.3e}",
        question.shown(question.answer).replace(".", ","),
        "x",
        "1e3",
        "7",
        "0x1",
        "inf",
        "1e999",
        *NOTATIONS,
    ]
    for answer in answers:
        page.answer(answer)
        found = asked.check(number, answer)
        assert (page.verdict, page.text("#feedback")) == (found.verdict, found.words), answer


def test_a_fraction_and_wide_digits_are_answers_and_what_two_mistakes_give_has_both_names(chromium, tmp_path):
    a, b = Value(0.5, "a"), Value(-0.25, "b")
    y = a * b
    y.label = "y"
    exact = quiz(y, ask=["local"])
    page = Page(chromium, exact.save(tmp_path / "exact.html"))
    for number, question in enumerate(exact, 1):
        page.go(number)
        for typed in {0.5: ("1/2", "０．５", "5E−1", "＋.5"), -0.25: ("-1/4", "－０，２５", "–.25")}[question.answer]:
            page.answer(typed)
            assert page.verdict == "right" and exact.check(number, typed).right, typed
    coarse = quiz(WorkedExample()(), count=30, digits=2)
    page = Page(chromium, coarse.save(tmp_path / "coarse.html"))
    for number, question in enumerate(coarse, 1):
        for answer in question.wrong:
            typed = question.shown(answer)
            said = chromium.execute_script("return verdict(questions[arguments[0] - 1], arguments[1])", number, typed)
            found = coarse.check(number, typed)
            assert said == [found.verdict, found.words], typed
    quiet(chromium)


def test_hints_come_one_by_one_and_the_reason_after_the_answer(page, asked):
    question = asked[0]
    assert not page.find("#because").is_displayed()
    for count in range(1, len(question.hints()) + 1):
        page.find("#hint").click()
        assert len(page.driver.find_elements("css selector", "#hints li")) == count
    assert not page.find("#hint").is_enabled()
    page.answer(question.shown(question.answer))
    assert page.find("#because").is_displayed() and page.find("#why math")


def test_keys(page):
    page.find("#number").click()
    page.driver.execute_script("document.getElementById('number').focus()")
    page.press("\ue014")  # right
    assert page.text("#number") == "Question 2 of 7"
    page.press("h")
    assert len(page.driver.find_elements("css selector", "#hints li")) == 1
    page.press("\ue010")  # end
    assert page.text("#number") == "Question 7 of 7" and not page.find("#next").is_enabled()
    page.press("\ue011")  # home
    page.press("\ue012")  # left, at the first
    assert page.text("#number") == "Question 1 of 7"
    page.find("#answer").send_keys("h\ue012")  # typing is not steering
    assert page.text("#number") == "Question 1 of 7" and not page.driver.find_elements("css selector", "#hints li")


def test_after_a_right_answer_enter_goes_on(page, asked):
    page.answer(asked[0].shown(asked[0].answer))
    page.press("\n")
    assert page.text("#number") == "Question 2 of 7"


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_in_a_large_picture_the_node_that_is_asked_about_is_marked_and_in_sight(chromium, tmp_path, language):
    asked = quiz(OneHead()(), count=8, ask=("value", "adjoint"), language=language)
    page = Page(chromium, asked.save(tmp_path / "quiz.html"))
    for number, question in enumerate(asked, 1):
        page.go(number)
        place, marked = chromium.execute_script(
            "const [box, frame] = ['.asked', '#picture'].map((part) => document.querySelector(part).getBoundingClientRect());"
            "const seen = frame.left <= box.left && box.right <= frame.right"
            "  && frame.top <= box.top && box.bottom <= frame.bottom;"
            "return [seen && box.height > 25, document.querySelector('.asked title').textContent]"
        )
        assert place and marked.startswith(question.node.label) and not marked[len(question.node.label)].isalnum()
    quiet(chromium)


def test_the_page_does_not_give_the_answers_away(asked):
    html = asked.html("course")
    for question in asked:
        if question.kind in ("adjoint", "update", "delta"):
            assert question.shown(question.answer)[:6] not in html.replace(question.text("mathml"), "")


def test_labels_from_users_are_text(chromium, tmp_path):
    x = Value(0.3, "</script><img src=x onerror=document.title='broken'>")
    y = tanh(2 * x)
    y.label = "{answer}\"'&amp;"
    page = Page(chromium, quiz(y, count=4).save(tmp_path / "quiz.html"))
    page.answer("0.5")
    assert chromium.title.startswith("Quiz: ") and page.verdict == "wrong"
    assert chromium.get_log("browser") == [] and not chromium.find_elements("css selector", "img")


def test_on_a_phone_nothing_is_cut_off(chromium, asked, tmp_path):
    with window(chromium, 390, 844):
        Page(chromium, asked.save(tmp_path / "quiz.html"))
        assert fits(chromium)


@pytest.mark.slow
@needs_axe
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_no_violation(chromium, asked, tmp_path, theme):
    with colours(chromium, theme):
        page = Page(chromium, asked.save(tmp_path / "quiz.html", key="course"))
        assert violations(chromium) == []
        for number, question in enumerate(asked, 1):
            page.go(number)
            page.find("#hint").click()
            page.answer("7" if number % 2 and not question.options else question.shown(question.answer))
            page.driver.execute_script("document.getElementById('because').open = true")
            assert violations(chromium) == []
        for name in ("worksheet.html", "key.html"):
            Page(chromium, asked.save(tmp_path / name))
            assert violations(chromium) == []


def test_in_a_notebook_the_page_runs_in_a_frame_without_rights(chromium, asked, tmp_path):
    shown = asked._repr_mimebundle_()
    assert 'sandbox="allow-scripts"' in shown["text/html"] and shown["text/plain"].startswith("1. ")
    path = tmp_path / "notebook.html"
    path.write_text(f"<!DOCTYPE html><meta charset=utf-8><title>notebook</title>{shown['text/html']}", encoding="utf-8")
    page = Page(chromium, path)
    chromium.switch_to.frame(0)
    page.answer(asked[0].shown(asked[0].answer))
    assert page.verdict == "right"
    chromium.switch_to.default_content()


def test_worksheets_print_in_black_and_white_a_student_on_a_page(chromium, asked, tmp_path):
    Page(chromium, asked.save(tmp_path / "worksheet.html"))
    pdf = base64.b64decode(chromium.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})["data"])
    assert len(re.findall(rb"/Type\s*/Page\b", pdf)) <= 2
    colours = chromium.execute_script(
        "return [...document.querySelectorAll('*')].map((element) => getComputedStyle(element))"
        ".flatMap((style) => [style.color, style.fill, style.stroke, style.backgroundColor])"
    )
    greys = {"rgb(0, 0, 0)", "rgb(255, 255, 255)", "rgba(0, 0, 0, 0)", "none"}
    assert set(colours) <= greys | {"rgba(255, 255, 255, 0)"}
