"""A class: codes that are handed in, their grades, the mistakes of all; the command line and the terminal."""

import base64
import json
import random

import pytest
from terminals import Terminal
from waiting import PATIENCE

from autograd_lite.__main__ import main
from autograd_lite.classroom import MISTAKES, codes, quiz, quiz_of
from autograd_lite.classroom.grades import grade, read_codes
from autograd_lite.classroom.wrong import adjoints
from autograd_lite.stepping.terminal import shown
from nn import RNNCell, SequenceModel
from nn.losses import sequence_cross_entropy
from nn.worked_example import WorkedExample

KEY = "the course's secret"
MISCONCEPTIONS = [
    *["overwrite", "first-only", "recursive", "zero-grad", "stale-interior", "no-upstream", "swap-factor", "no-activation"],
    *["slope-at-out", "value-for-slope", "error-sign", "half", "updated-weights", "transposed", "bias-once", "mean-or-sum"],
]


@pytest.fixture(scope="module")
def base():
    return quiz(WorkedExample()(), ask=["adjoint", "delta", "update"], count=9, mistakes=MISCONCEPTIONS)


def answers_of(sheet, mistake):
    """What a student with a misconception answers, by a wrong pass over their own graph."""
    graph = sheet.graph
    found = adjoints(graph, next(iter(MISTAKES[mistake].passes(graph)))) if mistake else graph.adjoint
    return [
        question.shown(
            question.node.data - graph.lr * found[question.node] if question.kind == "update" else found[question.node]
        )
        for question in sheet
    ]


def test_a_class_of_30_is_diagnosed_from_its_codes(base):
    students = {f"student {k}": [*MISCONCEPTIONS, None, None][k % 18] for k in range(30)}
    sheets = base.variants(students, KEY)
    handed_in = [codes.code(sheet, answers_of(sheet, students[name]), KEY) for name, sheet in sheets.items()]
    found = grade(base, handed_in, KEY)
    assert len(found.grades) == 30 and not found.problems
    for one in found.grades:
        mistake = students[one.student]
        if mistake is None:
            assert one.right == len(base) and one.mistakes == ()
        else:
            assert mistake in one.mistakes and len(one.mistakes) <= 2, (one.student, mistake, one.mistakes)
    certain = [one for one in found.grades if one.mistakes == (students[one.student],)]
    assert len(certain) >= 24
    for name in MISCONCEPTIONS:
        made = sum(mistake == name for mistake in students.values())
        assert found.students(name) >= made and sum(found.by_mistake()[name].values()) >= made
    report = str(found)
    assert report.startswith("30 students, ") and "overwrite" in report and "student 17" in report


def test_the_last_code_of_a_student_counts(base):
    sheet = base.variants(["Ada"], KEY)["Ada"]
    right = [question.shown(question.answer) for question in sheet]
    found = grade(base, [codes.code(sheet, [""] * 9, KEY), codes.code(sheet, right, KEY)], KEY)
    assert [one.right for one in found.grades] == [9]
    assert found.by_question()[0] == {"right": 1, "rounded": 0, "wrong": 0, "missing": 0}


def test_a_code_that_was_changed_is_not_graded(base):
    sheets = base.variants(["Ada", "Grace"], KEY)
    code = codes.code(sheets["Ada"], [1.0] * 9, KEY)
    payload, _, proof = code.partition(".")
    others = codes.code(sheets["Grace"], [1.0] * 9, KEY).partition(".")[0]
    of_another_key = codes.code(base.variants(["Ada"], "other")["Ada"], [1.0] * 9, "other")
    changed = [f"{others}.{proof}", f"{payload}.", f"{payload}.{proof[:-1]}!", of_another_key, code[:20], "", "é.é"]
    found = grade(base, changed, KEY)
    assert found.grades == [] and len(found.problems) == len(changed)
    assert grade(base, [code], KEY).grades[0].student == "Ada"


def test_a_code_of_another_quiz_is_not_graded(base):
    other = quiz(WorkedExample()(), ask=["adjoint"], count=9, seed=5)
    code = codes.code(other.variants(["Ada"], KEY)["Ada"], [1.0] * 9, KEY)
    assert grade(base, [code], KEY).problems == ["'Ada': the code was changed, or is of another quiz or key"]


def test_codes_that_are_garbage_are_named(base):
    rng = random.Random(1)
    letters = "ABCabc012-_.=é\0 "
    garbage = ["".join(rng.choice(letters) for _ in range(rng.randint(0, 60))) for _ in range(300)]
    found = grade(base, garbage, KEY)
    assert found.grades == [] and len(found.problems) == 300


def test_the_file_of_a_course_makes_the_same_quiz_again(base):
    again = quiz_of(json.loads(json.dumps(codes.course(base))))
    assert [q.text() for q in again] == [q.text() for q in base] and [q.wrong for q in again] == [q.wrong for q in base]
    one, other = (x.variants(["Ada"], KEY)["Ada"] for x in (base, again))
    assert codes.code(one, ["1"] * 9, KEY) == codes.code(other, ["1"] * 9, KEY)
    with pytest.raises(ValueError, match="not the file of a course"):
        quiz_of({"graph": []})


def test_a_course_keeps_the_time_steps():
    model = SequenceModel(RNNCell(2, 2, rng=1), 2, rng=2)
    loss = sequence_cross_entropy(model([0, 1, 1]), [1, 0, 1])
    base = quiz(loss, ask=["adjoint"], count=4, mistakes=["no-future", "one-time"])
    again = quiz_of(json.loads(json.dumps(codes.course(base))))
    assert [q.wrong for q in again] == [q.wrong for q in base] and any(q.wrong for q in base)


def test_codes_are_read_from_lines_and_from_a_column():
    assert read_codes("a.b\n\nc.d\n") == ["a.b", "c.d"]
    assert read_codes("\ufeffname,Code\r\nAda,a.b\r\nGrace,\r\n") == ["a.b"]
    with pytest.raises(ValueError, match="no column of the file is called code"):
        read_codes("Ada,a.b\n")


@pytest.mark.parametrize("separator", ";\t,")
def test_codes_are_read_from_the_tables_of_any_spreadsheet(separator):
    lines = [separator.join(cells) for cells in (["Name", " Code "], ["Ada", "a.b"], ['"Grace\nH."', "c.d"])]
    assert read_codes("\r\n" + "\r\n".join(lines)) == ["a.b", "c.d"]
    with pytest.raises(ValueError, match="no column of the file is called code"):
        read_codes("\n".join(lines[1:]))


def test_a_student_is_named_by_a_text(base):
    assert list(base.variants("Ada", KEY)) == ["Ada"]
    with pytest.raises(TypeError, match="a student is named by a text, such as 'Ada' or '101', got 101"):
        base.variants([101], KEY)
    for name in ("", " ", "\ud800"):
        with pytest.raises(ValueError, match="is no name of a student"):
            base.variants([name], KEY)


def test_what_one_student_hands_in_does_not_lose_the_others():
    assert read_codes('code\n"a.b\nc,d\n"e.f"\n') == ["a.b", "c,d", "e.f"]
    assert read_codes(f"name,code\nx,{'z' * 200_000}\ny,c.d\n")[1:] == ["c.d"]


HOSTILE = [
    '["\\ud800","0"]',
    '["x","\\udfff"]',
    "[" * 90_000,
    "[" + "9" * 5000 + "]",
    "[NaN]",
    '{"a":1,"b":2}',
    "null",
    '["\\u0000","0"]',
]


@pytest.mark.parametrize("payload", HOSTILE, ids=lambda text: text[:12])
def test_a_code_that_was_made_up_is_a_problem_and_the_others_are_graded(base, payload):
    made_up = base64.urlsafe_b64encode(payload.encode()).decode().rstrip("=") + ".AAAAAAAAAAAAAAAA"
    sheet = base.variants(["Ada"], KEY)["Ada"]
    handed = [made_up, made_up[:-1] + "\ud800", codes.code(sheet, [q.answer for q in sheet], KEY)]
    graded = grade(base, handed, KEY)
    assert [one.right for one in graded.grades] == [len(base)] and len(graded.problems) == 2
    str(graded).encode()


@pytest.mark.parametrize("key", ["", "  "])
def test_a_key_that_is_empty_is_refused(base, key):
    for made in (lambda: codes.code(base, [], key), lambda: base.html(key)):
        with pytest.raises(ValueError, match="the key of the course is empty"):
            made()


@pytest.mark.parametrize("name, value", [("language", "de"), ("digits", "6"), ("lr", "x"), ("lr", None), ("mistakes", ["no"])])
def test_a_course_that_was_changed_is_refused(base, name, value):
    with pytest.raises(ValueError, match="this is not the file of a course, or it was changed"):
        quiz_of({**codes.course(base), name: value})


def test_a_file_that_is_not_there_is_not_to_be_made(tmp_path, capsys):
    assert main(["worksheet", "example", "--students", str(tmp_path / "names.txt"), "--key", KEY]) == 2
    assert "make its folder" not in capsys.readouterr().err


def test_grades_are_saved_as_csv(base, tmp_path):
    sheet = base.variants(["=Ada"], KEY)["=Ada"]
    text = grade(base, [codes.code(sheet, ["7"] * 9, KEY)], KEY).save(tmp_path / "grades.csv").read_text(encoding="utf-8")
    assert text.splitlines()[0].startswith("student,right,question 1") and text.splitlines()[1].startswith("'=Ada,0,wrong")


# The command line


def test_worksheets_and_grades_of_a_class(tmp_path, capsys):
    names = tmp_path / "names.txt"
    names.write_text("\ufeffAda Lovelace\n\n  林小明 \n../x\n", encoding="utf-8")
    out = tmp_path / "class"
    assert main(["worksheet", "example", "--students", str(names), "--key", KEY, "--out", str(out), "--lesson", "4"]) == 0
    assert sorted(path.name for path in out.iterdir()) == ["course.json", "key.html", "pages", "worksheets.html"]
    assert sorted(path.name for path in (out / "pages").iterdir()) == ["1-Ada_Lovelace.html", "2-林小明.html", "3-.._x.html"]
    assert "林小明" in (out / "key.html").read_text(encoding="utf-8")
    base = quiz_of(json.loads((out / "course.json").read_text(encoding="utf-8")))
    sheet = base.variants(["林小明"], KEY)["林小明"]
    (out / "codes.csv").write_text(codes.code(sheet, [q.answer for q in sheet], KEY) + "\n", encoding="utf-8")
    capsys.readouterr()
    assert main(["grade", str(out / "codes.csv"), "--key", KEY, "--save", str(out / "grades.csv")]) == 0
    assert capsys.readouterr().out.startswith(f"1 students, {len(base)} of {len(base)} answers right")
    assert main(["grade", str(out / "codes.csv"), "--key", "other"]) == 0
    assert "changed" in capsys.readouterr().out


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "big5", "utf-16-le"])
def test_codes_and_names_are_read_as_spreadsheets_save_them(encoding, base, tmp_path, capsys):
    sheet = base.variants(["林小明"], KEY)["林小明"]
    table = f"Name;Code\r\n林小明;{codes.code(sheet, [q.answer for q in sheet], KEY)}\r\n"
    (tmp_path / "codes.csv").write_bytes(table.encode(encoding))
    (tmp_path / "course.json").write_text(json.dumps(codes.course(base)), encoding="utf-8")
    status = main(["grade", str(tmp_path / "codes.csv"), "--key", KEY])
    out, err = capsys.readouterr()
    if encoding in ("big5", "utf-16-le"):
        assert status == 2 and "codes.csv is not text in UTF-8: save it as that" in err
    else:
        assert status == 0 and out.startswith(f"1 students, {len(base)} of {len(base)} answers right") and not err


def test_a_quiz_of_an_expression_is_written(tmp_path, capsys):
    path = tmp_path / "quiz.xml"
    expression = ["tanh(x*w + b)", "x=1", "w=2", "b=0.5"]
    assert main(["quiz", *expression, "--save", str(path), "--mistakes", "swap-factor", "--language", "zh-CN"]) == 0
    assert "导数" in path.read_text(encoding="utf-8") and capsys.readouterr().out == f"已写入 {path}\n"


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["quiz", "example", "--ask", "gradient"], "no question is of the kind 'gradient'"),
        (["quiz", "example", "--mistakes", "overwrit"], "no mistake is called 'overwrit'"),
        (["quiz", "example", "--save", "quiz.docx"], "a quiz is saved as one of"),
        (["quiz", "example", "--digits", "99"], "digits is a whole number from 2 to 12"),
        (["grade", "nowhere.csv", "--key", "k"], "course.json is not there"),
        (["worksheet", "example", "--students", "nowhere.txt", "--key", "k"], "No such file"),
    ],
)
def test_what_does_not_fit_is_said(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    assert message in capsys.readouterr().err and not list(tmp_path.iterdir())


# The terminal


def test_a_quiz_by_lines(monkeypatch, capsys):
    asked = quiz(WorkedExample()(), ["w5"], ask=["adjoint", "update"], count=2)
    typed = iter(["h", "0.055399425", "", "0.082167", "s"])
    monkeypatch.setattr("builtins.input", lambda prompt: print(prompt) or next(typed))
    asked.ask()
    out = capsys.readouterr().out
    assert "Question 1 of 2.\nWhat is ∂E_total/∂w5" in out and "By w5 it is out_h1." in out
    assert "Right: 0.082167." in out and out.endswith("1 of 2 right\n")


def test_after_an_ambiguous_answer_the_question_that_tells_apart_is_asked(monkeypatch, capsys):
    asked = quiz(WorkedExample()(), ["w5"], ask=["adjoint"], count=1, mistakes=["half", "zero-grad"])
    further = asked.further("half", "zero-grad")
    typed = iter(["0.164334", further.shown(2 * further.answer), "s", "0.082167"])
    monkeypatch.setattr("builtins.input", lambda prompt: next(typed))
    asked.ask()
    out = capsys.readouterr().out
    assert "A question that tells them apart:\n" + further.text() in out and "off by a factor of 2" in out
    assert out.endswith("1 of 1 right\n")


def test_the_terminal_is_not_steered(monkeypatch, capsys):
    from autograd_lite import Value, tanh

    y = tanh(2 * Value(0.3, "\x1b[2Jx"))
    y.label = "y"
    monkeypatch.setattr("builtins.input", lambda prompt: "q")
    quiz(y, ask=["adjoint"], count=1).ask()
    assert "\x1b" not in capsys.readouterr().out


def test_a_quiz_in_a_real_terminal():
    quiz_of_two = ["quiz", "tanh(x*w)", "x=0.5", "w=-3", "--ask", "adjoint", "--count", "1"]
    with Terminal("-m", "autograd_lite", *quiz_of_two) as terminal:
        prompt = "q to quit: "
        first = terminal.until(prompt)
        assert "Question 1 of 1." in first and "What is" in first
        terminal.type("h\n")
        terminal.until(prompt)
        terminal.type("1.5\n")
        terminal.until(prompt)
        right = (1 - 0.9051482536448664**2) * (0.5 if "∂y/∂w," in first else -3)
        terminal.type(f"{right:.6g}\n")
        assert "Right: " in terminal.until("1 of 1 right")
        assert terminal.process.wait(PATIENCE) == 0


def test_a_page_in_an_old_encoding():
    assert shown(quiz(WorkedExample()(), ["w5"], ask=["adjoint"], count=1)[0].text(), "cp437").startswith("What is dE_total/dw5")
