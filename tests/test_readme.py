"""What the README shows is run."""

import doctest
import re
from pathlib import Path

import autograd_lite

README = Path(__file__).parent.parent / "README.md"
TEXT = README.read_text(encoding="utf-8")


def test_examples_give_what_they_show():
    # in Markdown, the line that closes a block is not part of the output
    text = re.sub(r"^```.*$", "", TEXT, flags=re.MULTILINE)
    examples = doctest.DocTestParser().get_doctest(text, {}, "README", str(README), 0)
    assert len(examples.examples) > 20
    runner = doctest.DocTestRunner()
    assert runner.run(examples).failed == 0


def test_every_operation_is_named():
    for name in autograd_lite.OPERATIONS:
        assert name == "asin_slope" or re.search(rf"\b{name}\b", TEXT), name


def test_two_commands():
    commands = re.findall(r"```sh\n(.*?)```", TEXT, flags=re.DOTALL)
    assert [command.strip().split()[-1] for command in commands] == ["example", "pytest"]
    assert all(command.count("\n") == 1 for command in commands)
