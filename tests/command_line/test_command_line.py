"""The commands: ``example``, ``step``, ``draw``, ``explain`` and ``doctor``; what all of them have in common in a terminal."""

import errno
import importlib.metadata
import io
import json
import math
import os
import re
import shlex
import signal
import subprocess
import sys
import unicodedata
from contextlib import suppress

import pytest
from golden import GOLDEN
from waiting import PATIENCE

import autograd_lite
from autograd_lite.__main__ import main
from autograd_lite.command_line.arguments import _parser
from autograd_lite.command_line.reading import read
from autograd_lite.sentences import LANGUAGES
from autograd_lite.stepping.terminal import shown
from nn import worked_example
from nn.characters import CharacterTask
from nn.worked_example import FIGURES, Figure


def run(capsys, *arguments):
    status = main(["example", *map(str, arguments)])
    out, err = capsys.readouterr()
    return status, out, err


def test_example_reproduces_every_right_figure(capsys, tmp_path):
    status, out, err = run(capsys, "--out", tmp_path)
    assert status == 0 and err == ""
    for figure in (figure for figures in FIGURES.values() for figure in figures):
        verdict = LANGUAGES["en"].get(figure.why) or ("agrees to all printed digits" if figure.printed else "")
        pattern = rf"^  {re.escape(figure.quantity)} +[-\d.e]+ +{re.escape(figure.printed or '-')} *{re.escape(verdict)}$"
        assert re.search(pattern, out, re.MULTILINE), figure
    assert "misprint" in out and "0.75136079" in out
    assert len(re.findall("other convention: sequential updates", out)) == 4
    assert "other convention: E_total after 9999" in out
    assert f"{GOLDEN['example_222']['after_n_updates']['simultaneous/bias_fixed']['10000']['E_total']:.12g}" in out
    files = [tmp_path / f"worked_example.{kind}" for kind in ("dot", "svg", "html")]
    assert [line for line in out.splitlines() if line.startswith("wrote")] == [f"wrote {file}" for file in files]
    page = files[2].read_text(encoding="utf-8")
    assert "<title>Step by step: the grads of E_total</title>" in page and "grads already" not in page
    assert (tmp_path / "worked_example.svg").read_text(encoding="utf-8").lstrip().startswith("<?xml")
    assert "net_h1" in (tmp_path / "worked_example.dot").read_text(encoding="utf-8")


def test_example_says_what_it_is_and_what_to_do_next(capsys, tmp_path):
    _, out, _ = run(capsys, "--steps", 1, "--out", tmp_path)
    paragraphs = out.split("\n\n")
    assert paragraphs[0].count("\n") == 2 and "A Step by Step" in paragraphs[0]
    assert paragraphs[-1].startswith("What to do next:") and str(tmp_path / "worked_example.html") in paragraphs[-1]


def test_sequential_reproduces_the_published_error_and_says_why_it_is_wrong(capsys, tmp_path):
    status, out, _ = run(capsys, "--sequential", "--steps", 1, "--out", tmp_path)
    assert status == 0
    assert re.search(r"E_total after 1 +0.2910279239\d* +0.291027924  agrees", out)
    assert "not the gradient of any error" in out


def test_training_options(capsys, tmp_path):
    status, out, _ = run(capsys, "--steps", 100, "--update-biases", "--out", tmp_path)
    stored = GOLDEN["example_222"]["after_n_updates"]["simultaneous/bias_shared"]["100"]
    assert status == 0 and f"{stored['E_total']:.12g}" in out and "biases updated" in out
    status, out, _ = run(capsys, "--steps", 0, "--learning-rate", 0.25, "--out", tmp_path)
    assert status == 0 and "0 updates at learning rate 0.25" in out


def test_quiet_prints_the_files_only(capsys, tmp_path):
    status, out, _ = run(capsys, "--quiet", "--steps", 1, "--out", tmp_path)
    assert status == 0 and [line.split()[0] for line in out.splitlines()] == ["wrote"] * 3


def test_a_right_figure_that_is_not_reproduced_fails(capsys, tmp_path, monkeypatch):
    monkeypatch.setitem(FIGURES, "The forward pass", [Figure("net_h1", "0.3776")])
    status, out, err = run(capsys, "--steps", 1, "--out", tmp_path)
    assert status == 1 and "DIFFERS" in out and err == "autograd-lite: net_h1 is 0.3775, not 0.3776\n"


def test_a_training_figure_that_its_run_does_not_give_fails(capsys, tmp_path, monkeypatch):
    figure = (Figure("E_total after 1", "0.291027925"), "sequential", "E_total after 1")
    monkeypatch.setattr(worked_example, "TRAINING_FIGURES", [figure])
    assert run(capsys, "--steps", 1, "--out", tmp_path)[0] == 1


def test_without_dot_the_picture_is_written_too(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    status, out, _ = run(capsys, "--quiet", "--steps", 1, "--out", tmp_path)
    assert status == 0 and [line.split()[0] for line in out.splitlines()] == ["wrote"] * 3
    for ending in ("svg", "dot"):
        assert "net_h1" in (tmp_path / f"worked_example.{ending}").read_text(encoding="utf-8")


@pytest.mark.parametrize("arguments", [["--steps", "-1"], ["--steps", "x"], ["--learning-rate", "0"], ["--learning-rate", "nan"]])
def test_bad_options_are_refused(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["example", *arguments])
    assert stop.value.code == 2 and arguments[0] in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_named(capsys, tmp_path):
    (tmp_path / "file").write_text("")
    status, _, err = run(capsys, "--quiet", "--steps", 1, "--out", tmp_path / "file")
    assert status == 2 and str(tmp_path / "file") in err


def test_explain_an_expression(capsys):
    arguments = ["explain", "net = x*w + b; out = tanh(net)", "x=1", "w=2", "b=0.5"]
    assert main([*arguments, "--wrt", "w", "--digits", "4"]) == 0
    out = capsys.readouterr().out
    assert out.splitlines()[0] == "∂out/∂w = ∂out/∂net * ∂net/∂w = 0.0266 * 1 = 0.0266"
    assert main([*arguments, "--form", "mathml"]) == 0
    assert capsys.readouterr().out.startswith('<math display="block">')
    assert main([*arguments, "--wrt", "c"]) == 2
    assert capsys.readouterr().err == "autograd-lite: --wrt c is not in the expression: there are x, w, b, net, out\n"


def test_an_expression_may_begin_with_a_minus(capsys):
    assert main(["explain", "-x*x", "x=-3", "--wrt", "x"]) == 0
    assert capsys.readouterr().out.splitlines()[0].endswith("= 6")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [("sin(pi*x)", math.pi), ("e**x", 1.0), ("x = 2; y = x*3", 3.0), ("x = 0.5; c = 2*pi; c*x", 2 * math.pi)],
)
def test_constants_and_steps_that_are_numbers(expression, expected, capsys):
    numbers = [] if "x =" in expression else ["x=0"]
    assert main(["explain", expression, *numbers, "--wrt", "x"]) == 0
    assert float(capsys.readouterr().out.splitlines()[0].rpartition("= ")[2]) == pytest.approx(expected, abs=1e-9)


def test_draw_an_expression(capsys, tmp_path):
    assert main(["draw", "sigmoid(x)", "x=0", "--save", str(tmp_path / "x.svg")]) == 0
    assert "grad 0.25" in (tmp_path / "x.svg").read_text(encoding="utf-8")


def test_step_through_an_expression_without_a_terminal(capsys, tmp_path):
    assert main(["step", "x*w", "x=2", "w=3"]) == 0
    out = capsys.readouterr().out
    assert "y = x * w = 2 * 3 = 6" in out and "∂y/∂w = 1 * x = 1 * 2 = 2" in out
    assert main(["step", "x*w", "x=2", "w=3", "--save", str(tmp_path / "x.html")]) == 0
    assert (tmp_path / "x.html").read_text(encoding="utf-8").lower().startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        (["x"], "x is not a name with a number, such as x=1"),
        (["x=a"], "x=a: 'a' is no number"),
        (["x=1", "x=2"], "x has two numbers"),
        (["x=1", "ｘ=2"], "x has two numbers"),
        (["ｉf=1"], "ｉf=1 is not a name with a number"),
        (["if=1"], "if=1 is not a name with a number"),
        ([], "x has no number: add x=1"),
        (["x=-1"], "log needs x > 0, got -1.0 (node 'x')"),
    ],
)
def test_numbers_that_do_not_fit_are_refused(numbers, message, capsys):
    assert main(["explain", "log(x)", *numbers]) == 2
    assert message in capsys.readouterr().err


def test_a_name_may_be_spelled_in_ways_that_python_reads_as_one(capsys):
    assert main(["explain", "ｘ*2", "x=1", "--wrt", "ｘ"]) == 0
    assert capsys.readouterr().out.startswith("∂y/∂x = 2")


# What was likely meant ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["explain", "max(x, 1)", "x=2"], "max is no operation; did you mean maximum or max_?"),
        (["explain", "ln(x)", "x=2"], "ln is no operation; did you mean log?"),
        (["explain", "x^2", "x=2"], "^ is not read; did you mean x**2?"),
        (["explain", "tanh(x*weight)", "x=2", "wieght=1"], "weight has no number: add weight=1; did you mean wieght?"),
        (
            ["explain", "tanh(weight)", "weight=2", "wieght=1"],
            "wieght has a number, but is not in the expression; did you mean weight?",
        ),
        (["explain", "net = tanh(x); net*x", "x=2", "--wrt", "ner"], "--wrt ner is not in the expression; did you mean net?"),
        (["exampel"], "exampel is no command; did you mean example?"),
        (["tutorial"], "tutorial is no command: there are example, step, draw"),
        (["explain", "x", "x=2", "--digit-s", "3"], "unrecognized arguments: --digit-s 3; did you mean --digits?"),
        (["--versoin"], "unrecognized arguments: --versoin; did you mean --version?"),
        (["--units", "4"], "unrecognized arguments: --units; options come after a command"),
        (
            ["train-char", "--units", "4"],
            "--units 4; the options of autograd-lite train-char are --help, --cell, --text, --hidden,",
        ),
        (["doctor", "--lr=1"], "--lr=1; the options of autograd-lite doctor are --help"),
        (["train-char", "--text", "my_txet.txt"], "No such file or directory: my_txet.txt; did you mean my_text.txt?"),
        (["sample", "my_texts.txt"], "No such file or directory: my_texts.txt; did you mean my_text.txt?"),
        (["train-char", "--resume", "my_tex.txt"], "No such file or directory: my_tex.txt; did you mean my_text.txt?"),
        (["train-char", "--text", "folder/a.txt"], "No such file or directory: folder/a.txt\n"),
    ],
)
def test_what_was_likely_meant_is_said(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_text.txt").write_text("a text")
    try:
        status = main(arguments)
    except SystemExit as stop:
        status = stop.code
    assert status == 2 and message in capsys.readouterr().err


def test_without_arguments_the_help_with_examples(capsys):
    assert main([]) == 0
    out = capsys.readouterr().out
    examples = out.partition("examples:\n")[2].partition("\n\n")[0].splitlines()
    assert len(examples) == 12 and out.startswith("usage: autograd-lite")
    for line in examples:  # each is one that can be typed
        options = vars(read(_parser(), shlex.split(line)[1:]))
        assert callable(options["run"])


def test_the_version_is_said_in_one_place(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--version"])
    assert stop.value.code == 0 and capsys.readouterr().out == f"autograd_lite {autograd_lite.__version__}\n"
    assert importlib.metadata.version("autograd_lite") == autograd_lite.__version__


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("autograd-lite ex", ["example", "explain"]),
        ("autograd-lite explain x --fo", ["--form"]),
        ("autograd-lite explain x --form ma", ["markdown", "mathml"]),
    ],
)
def test_a_shell_can_ask_what_follows(line, expected, tmp_path):
    pytest.importorskip("argcomplete")
    found = tmp_path / "found"
    asked = {"_ARGCOMPLETE": "1", "COMP_LINE": line, "COMP_POINT": str(len(line)), "_ARGCOMPLETE_STDOUT_FILENAME": str(found)}
    process = command(env={**os.environ, **asked, "_ARGCOMPLETE_IFS": "\n"})
    assert process.communicate(timeout=PATIENCE)[1] == "" and process.returncode == 0
    assert [word.strip() for word in found.read_text().splitlines()] == expected


# What a terminal is shown ------------------------------------------------------------------------------------------------

CONTROLS = "\x1b[31m\x1b]0;title\x07\x9b2J\r\x7f\u202e\u2066"


def is_plain(text):
    return not any(unicodedata.category(c) in ("Cc", "Cf") and c != "\n" for c in text)


@pytest.mark.parametrize(
    "arguments",
    [
        ["explain", "x", f"x{CONTROLS}=1"],
        ["explain", "x", "x=1", f"y=1{CONTROLS}"],
        ["explain", "x", "x=1", "--wrt", f"{CONTROLS}"],
        ["draw", "x", "x=1", "--save", f"{CONTROLS}.svg"],
        ["draw", "x", "x=1", "--save", f"{CONTROLS}/x.svg"],
        ["train-char", "--text", f"{CONTROLS}"],
        ["train-char", "--cell", f"{CONTROLS}"],
        [f"{CONTROLS}"],
    ],
)
def test_no_control_character_of_an_argument_reaches_the_terminal(arguments, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with suppress(SystemExit):
        main(arguments)
    out, err = capsys.readouterr()
    assert is_plain(out + err) and r"\x1b[31m" in out + err


def test_no_control_character_of_a_file_reaches_the_terminal(capsys, tmp_path):
    text, path = tmp_path / "text", tmp_path / "saved.json"
    text.write_text("a\x1b\x9b" * 100, encoding="utf-8")
    options = ["--text", str(text), "--save", str(path), "--hidden", "1", "--length", "1", "--updates", "1", "--dialect", "eager"]
    assert main(["train-char", *options]) == 0  # with a sample
    state = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**state, "cell": CONTROLS}), encoding="utf-8")
    assert main(["train-char", *options, "--resume"]) == 2
    out, err = capsys.readouterr()
    assert is_plain(out + err) and r"\x1b" in out and r"\x1b[31m" in err


@pytest.mark.parametrize("text", ["∂α/∂x ‖σ‖² “隱藏” a\u200db\n\tc 🙂 é", "plain"])
def test_what_a_terminal_can_show_stays(text):
    assert shown(text) == shown(text, "utf-16") == shown(text, None) == text


@pytest.mark.parametrize("encoding", ["ascii", "cp437", "cp1252", "latin-1"])
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["explain", "σ = sigmoid(隱*x); tanh(σ)", "隱=1", "x=2", "--wrt", "x"], r"dy/dx = dy/dσ * dσ/dx"),
        (["explain", "x*隱", "隱=1", "x=2", "--wrt", "x"], r"\u96b1"),
        (["explain", "x*隱", "隱=1", "x=2", "--wrt", "x", "--form", "latex"], r"\frac{\partial y}"),
        (["explain", "x*隱", "隱=1", "x=2", "--wrt", "x", "--form", "markdown"], r"\frac{\partial y}"),
        (["explain", "x*隱", "隱=1", "x=2", "--wrt", "x", "--form", "mathml"], "<mi>&#38577;</mi>"),
        (["explain", "log(隱)", "隱=-1"], "got -1.0 (node '\\u96b1')"),
        (["step", "tanh(隱*x)", "隱=1", "x=2"], "dy/dv1"),
        (["draw", "x", "x=1", "--save", "隱.svg"], r"wrote \u96b1.svg"),
        (["sample", "saved.json", "--start", "∂", "--characters", "5"], ""),
        (["sample", "saved.json", "--start", "é"], "was not in the text"),
        (["doctor"], "layout of pictures"),
        (["example", "--steps", "1"], "worked_example.svg"),
        (["train-char", "--text", "text", "--hidden", "1", "--updates", "0", "--length", "1", "--dialect", "eager"], "A sample"),
        (["train-char", "--text", "隱"], r"\u96b1"),
    ],
)
def test_where_a_symbol_cannot_be_encoded_plain_letters_stand_in(arguments, expected, encoding, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text").write_text("隱藏層∂🙂" * 20, encoding="utf-8")
    CharacterTask("隱藏層∂🙂" * 20, hidden=1, length=1).save("saved.json")
    streams = [io.TextIOWrapper(io.BytesIO(), encoding) for _ in range(2)]
    monkeypatch.setattr(sys, "stdout", streams[0])
    monkeypatch.setattr(sys, "stderr", streams[1])
    main(arguments)
    text = "".join([stream.buffer.getvalue().decode(encoding) for stream in streams if not stream.flush()])
    assert shown(expected, encoding) in text


# How a command ends ------------------------------------------------------------------------------------------------------


def command(*arguments, **options):
    return subprocess.Popen([sys.executable, "-m", "autograd_lite", *arguments], text=True, stderr=subprocess.PIPE, **options)


@pytest.mark.parametrize("arguments", [["step", "tanh(x)", "x=1"], ["--help"]])
def test_a_reader_that_has_read_enough_ends_a_command_quietly(arguments):
    read, write = os.pipe()
    os.close(read)
    process = command(*arguments, stdout=write)
    os.close(write)
    assert process.communicate(timeout=PATIENCE)[1] == "" and process.returncode == 141


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
@pytest.mark.parametrize("arguments", [["explain", "tanh(x)", "x=1"], ["--help"]])
def test_output_that_cannot_be_written_is_an_error_that_says_so(arguments):
    with open("/dev/full", "w") as full:
        process = command(*arguments, stdout=full)
        assert process.communicate(timeout=PATIENCE)[1] == "autograd-lite: No space left on device: standard output\n"
    assert process.returncode == 2


def test_nothing_is_needed_of_the_surroundings(tmp_path):
    """No home, no UTF-8, no path to any program, and standard output closed."""
    bare = {name: os.environ[name] for name in ("SYSTEMROOT", "PYTHONPATH") if name in os.environ}
    bare |= {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PATH": ""}
    bare["PYTHONPATH"] = os.pathsep.join(sys.path)
    for arguments in (["example", "--steps", "1"], ["draw", "x", "x=1"], ["doctor"], []):
        process = command(*arguments, stdout=subprocess.PIPE, env=bare, cwd=tmp_path)
        assert process.communicate(timeout=PATIENCE)[1] == "" and process.returncode == 0, arguments


@pytest.mark.parametrize("error", [errno.EROFS, errno.EACCES], ids=["read-only", "denied"])
@pytest.mark.parametrize(
    ("arguments", "printed"),
    [(["example", "--steps", "1"], "E_total after 1"), (["draw", "x", "x=1"], ""), (["train-char"], "")],
)
def test_where_nothing_may_be_written_the_rest_is_done_and_the_place_named(
    arguments, printed, error, tmp_path, monkeypatch, capsys
):
    def refused(*_, **__):
        raise OSError(error, os.strerror(error))

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "open", refused)
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert printed in out and f"{os.strerror(error)} (name a place that may be written to): " in err


@pytest.mark.skipif(sys.platform == "win32", reason="another way to send Ctrl-C")
def test_ctrl_c_ends_a_command_with_one_line(tmp_path):
    unbuffered = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = command("example", "--steps", "1000000000", stdout=subprocess.PIPE, env=unbuffered, cwd=tmp_path)
    try:
        next(line for line in process.stdout if "w8+" in line)  # the training follows
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=PATIENCE)[1] == "autograd-lite: interrupted\n" and process.returncode == 130
    finally:
        process.kill()
        process.communicate()


def test_an_interrupt_while_the_command_is_loaded_ends_with_one_line(monkeypatch, capsys):
    class Interrupted:
        @staticmethod
        def find_spec(name, *_):
            if name == "autograd_lite.command_line.arguments":
                raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "autograd_lite.command_line.arguments")
    monkeypatch.setattr(sys, "meta_path", [Interrupted, *sys.meta_path])
    assert main(["doctor"]) == 130 and capsys.readouterr().err == "autograd-lite: interrupted\n"


def test_a_locale_without_unicode_is_enough():
    plain = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    process = command("explain", "tanh(x)", "x=1", "--wrt", "x", stdout=subprocess.PIPE, env=plain)
    out, err = process.communicate(timeout=PATIENCE)
    assert out.startswith("dy/dx = 1 - y**2") and err == ""
    process = command("explain", "甲*乙", "甲=1", "乙=2", "--wrt", "乙", stdout=subprocess.PIPE, env=plain)
    assert process.communicate(timeout=PATIENCE)[0].startswith("dy/d\\u4e59 = \\u7532")


def test_names_of_students_that_a_locale_has_not(tmp_path):
    plain = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    (tmp_path / "names.txt").write_text("王小明\nÅsa", encoding="utf-8")
    options = ["--students", str(tmp_path / "names.txt"), "--key", "密鑰", "--count", "1", "--out", str(tmp_path / "班")]
    process = command("worksheet", "tanh(x*w)", "x=1", "w=2", *options, stdout=subprocess.PIPE, env=plain)
    assert process.communicate(timeout=PATIENCE)[1] == ""
    pages = sorted((tmp_path / "班" / "pages").iterdir())
    assert [page.name[:2] for page in pages] == ["1-", "2-"] and "王小明" in pages[0].read_text(encoding="utf-8")


def test_an_expression_may_begin_with_a_minus_and_a_value_is_what_was_given(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["explain", "-h*x", "h=2", "x=3", "--wrt", "x"]) == 0 and "-2" in capsys.readouterr().out
    assert main(["draw", "--save=-a.svg", "-x", "x=1"]) == 0
    assert [path.name for path in tmp_path.iterdir()] == ["-a.svg"]
    with pytest.raises(SystemExit):
        main(["explain", "x", "x=1", "--unknown-option"])


def test_a_text_of_one_character_is_refused_before_anything_is_saved(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "same.txt").write_text("x" * 2000)
    arguments = ["train-char", "--text", "same.txt", "--hidden", "2", "--length", "4", "--updates", "2", "--save", "m.json"]
    assert main(arguments) == 2 and "one kind of character, 'x'" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["same.txt"]


def test_a_hidden_file_is_not_what_was_meant(capsys, tmp_path):
    for name in ("names.json", ".names.json.lock"):
        (tmp_path / name).write_text("{}")
    assert main(["sample", str(tmp_path / "nanes.json")]) == 2
    assert capsys.readouterr().err.endswith("did you mean names.json?\n")


def test_a_quiz_without_a_standard_input_ends_with_its_score(capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    assert main(["quiz", "x*w", "x=2", "w=3"]) == 0
    assert "0 of " in capsys.readouterr().out
