"""What editors and `help` show of operations is read from their rows, and its examples are run."""

import doctest
import inspect
import itertools
import pickle

import pytest

import autograd_lite
from autograd_lite import OPERATIONS, DivisionByZeroError, DomainError, Value, ops

EVERY_ROW = pytest.mark.parametrize("op", ops.ROWS)


def lines_of(op):
    return inspect.getdoc(OPERATIONS[op]).splitlines()


@pytest.mark.parametrize("op", [*OPERATIONS, "nll"])
def test_the_example_in_a_docstring_gives_its_numbers(op):
    function = getattr(autograd_lite, op)
    test = doctest.DocTestParser().get_doctest(function.__doc__, {op: function}, op, None, 0)
    assert test.examples
    assert doctest.DocTestRunner().run(test).failed == 0


@EVERY_ROW
def test_an_operation_is_shown_under_its_name_with_the_names_of_its_operands(op):
    function, row = OPERATIONS[op], ops.ROWS[op]
    assert (function.__module__, function.__name__, function.__qualname__) == ("autograd_lite", op, op)
    parameters = inspect.signature(function).parameters
    assert tuple(parameters) == (row.names or tuple("xyw"[: len(row.derivatives)]))
    assert [p.default for p in parameters.values() if p.default is not p.empty] == ([] if row.default is None else [row.default])
    assert getattr(Value, op).__doc__ == function.__doc__
    assert pickle.loads(pickle.dumps(function)) is function


def test_signatures_read_as_in_a_manual():
    shown = {op: str(inspect.signature(OPERATIONS[op])) for op in ("tanh", "leaky_relu", "atan2", "clamp", "pow", "where")}
    assert shown == {
        "tanh": "(x)",
        "leaky_relu": "(x, slope=0.01)",
        "atan2": "(y, x)",
        "clamp": "(x, low, high)",
        "pow": "(x, exponent)",
        "where": "(condition, x, y)",
    }


def test_operands_may_be_given_by_name():
    x, y = Value(3.0), Value(4.0)
    assert autograd_lite.atan2(x=x, y=y).parents == (y, x)
    assert x.leaky_relu(slope=0.5).data == autograd_lite.leaky_relu(3.0, slope=0.5) == 3.0
    assert autograd_lite.clamp(Value(7.0), high=5.0, low=1).data == 5.0


def test_a_docstring_says_formula_derivatives_domain_and_convention():
    assert lines_of("tanh")[:3] == ["z = tanh(x): hyperbolic tangent.", "", "dz/dx = 1 - z**2, computed as sech(x) * sech(x)"]
    assert lines_of("atan2")[2:4] == ["dz/dy = x / (y**2 + x**2)", "dz/dx = -y / (y**2 + x**2)"]
    assert "Convention: slopes 0 at y = x = 0." in lines_of("atan2")
    assert any(line.startswith("Domain: x > 0, or x = 0 with exponent >= 0,") for line in lines_of("pow"))
    assert "Domain: x > 0. Outside, DomainError, a ValueError." in lines_of("log")
    assert "Convention: slope 0 at 0." in lines_of("relu")
    assert "A plain number as slope is a parameter: it is not differentiated by." in lines_of("leaky_relu")
    assert lines_of("softsign")[2].startswith("dz/dx = 1 / (1 + abs(x))**2")


@pytest.mark.parametrize("op", [op for op in ops.ROWS if ops.ROWS[op].needs])
def test_what_a_docstring_says_is_raised_outside_the_domain_is_raised(op):
    errors = set()
    for numbers in itertools.product((0.0, -2.5, -1.0, 1.0, 2.0, float("inf")), repeat=len(ops.ROWS[op].derivatives)):
        try:
            OPERATIONS[op](*map(Value, numbers))
        except DomainError as error:
            errors.add(type(error))
    assert errors and (DivisionByZeroError in errors) == ("DivisionByZeroError" in OPERATIONS[op].__doc__)


def test_the_source_of_an_operation_is_to_be_read():
    source = inspect.getsource(autograd_lite.tanh)
    assert source.startswith("def tanh(x):") and "z = tanh(a)" in source and "\nreturn" not in source
    assert "z = a + b" in inspect.getsource(Value.__add__)
    assert inspect.getsource(autograd_lite.atan2).startswith("def atan2(y, x):")


def test_operators_have_the_help_of_their_operations():
    for op, method in (("add", "__add__"), ("add", "__radd__"), ("pow", "__rpow__"), ("neg", "__neg__")):
        assert getattr(Value, method).__doc__ == OPERATIONS[op].__doc__
    assert Value.__rsub__.__qualname__ == "Value.__rsub__"


@pytest.mark.parametrize("name", autograd_lite.__all__)
def test_everything_public_has_a_docstring(name):
    if name != "OPERATIONS":
        assert inspect.getdoc(getattr(autograd_lite, name))
