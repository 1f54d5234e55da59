"""Answers to the exercises of a lesson, in a cell."""

import pytest

from autograd_lite.classroom import check_answer


@pytest.mark.parametrize("answer", [6.5, "6,5", 6.50000001, "6.5e0"])
def test_a_number_is_right_within_the_digits_asked_for(answer):
    assert check_answer(answer, 6.5).right


@pytest.mark.parametrize("answer", [6.51, "six", [6.5], float("nan"), True])
def test_another_answer_is_not_and_the_hint_is_said(answer):
    found = check_answer(answer, 6.5, "nudge x")
    assert found.verdict == "wrong" and repr(found).endswith("is not it yet.\nHint: nudge x")
    assert not check_answer(answer, 6.5).right


def test_digits_that_are_not_asked_for_do_not_count():
    assert check_answer(0.0822, 0.082167041, digits=3).right and not check_answer(0.0821, 0.082167041, digits=3).right


def test_what_is_no_number_is_compared_as_it_is():
    assert check_answer(["c", "b"], ["c", "b"]).right and not check_answer(["b", "c"], ["c", "b"]).right
    assert check_answer(True, True).right and not check_answer(False, True).right


def test_none_is_no_answer_yet_in_every_language():
    assert repr(check_answer(None, 6.5)) == "Not answered yet."
    assert [check_answer(None, 6.5, language=name).words for name in ("zh-TW", "zh-CN")] == ["還沒有作答。", "还没有作答。"]


def test_what_a_cell_shows_is_escaped():
    assert "&lt;b&gt;" in check_answer("<b>", 6.5)._repr_html_() and "<b>" not in check_answer("<b>", 6.5)._repr_html_()
