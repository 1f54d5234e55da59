"""The pass of `Value.backward`, and the numbers of the steps, are those of the pass as on a blackboard, to the last bit."""

import math
import os
import random
import subprocess
import sys
from fractions import Fraction

import pytest

from autograd_lite import OPERATIONS, Value, backprop, clamp, formulas, ops, steps, topological_order, where
from autograd_lite.engine.eager import family


def applied(op, draw):
    """An operation on as many operands as it takes, two groups in a family."""
    if op in ops.ROWS:
        return OPERATIONS[op](*[draw() for _ in ops.ROWS[op].derivatives])
    row = ops.FAMILIES[op]
    return family(
        op, [draw() for _ in range(random.Random(op).randint(1, 3) * len(formulas.letters(row)) + len(row.head + row.tail))]
    )


def random_graph(seed):
    """Nodes of every operation that has a value where it is tried; some are infinite, or have an infinite derivative."""
    rng = random.Random(seed)
    nodes = [Value(rng.choice([0.0, -0.0, 1.0, math.inf, rng.uniform(-2, 2), rng.uniform(-2, 2)])) for _ in range(6)]
    for _ in range(80):
        try:
            node = applied(rng.choice([*ops.ROWS, *ops.FAMILIES]), lambda: rng.choice([*nodes[-15:], rng.uniform(-2, 2)]))
        except (ValueError, ArithmeticError):
            continue
        if isinstance(node, Value):
            nodes.append(node)
    return OPERATIONS["sum_"](nodes[-8:])


def grads_of(output):
    return {node: repr(node.grad) for node in topological_order(output)}


@pytest.mark.parametrize("seed", range(60))
def test_backward_is_the_pass_on_the_blackboard_to_the_last_bit(seed):
    output = random_graph(seed)
    output.backward()
    fast = grads_of(output)
    for node in topological_order(output):
        node.grad = 0.0
    backprop.backward(output)
    assert grads_of(output) == fast
    assert {node: repr(float(adjoint)) for node, adjoint in backprop.adjoints(output).items()} == fast


@pytest.mark.parametrize("seed", range(60))
def test_steps_have_the_numbers_of_backward_to_the_last_bit(seed):
    output = random_graph(seed)
    output.backward()
    fast = grads_of(output)
    found = {node: repr(adjoint) for node, adjoint in steps(output).adjoint.items()}
    assert found == {node: fast[node] for node in found} and set(found) >= {x for x in fast if x.op != "const"}


def test_random_graphs_have_every_operation_and_what_is_not_finite():
    nodes = [node for seed in range(60) for node in topological_order(random_graph(seed))]
    assert {node.op for node in nodes} >= {*ops.ROWS, *ops.FAMILIES}
    slopes = [slope for node in nodes for slope in node.local_derivatives]
    assert not all(map(math.isfinite, slopes)) and any([slope is backprop.not_taken for slope in slopes])


def test_a_side_that_is_not_taken_gets_nothing_of_an_infinite_adjoint():
    for choose in (lambda x, side: where(Value(1.0), x, side), lambda x, side: clamp(x, side, Value(5.0))):
        x, w = Value(0.0), Value(0.0)
        output = choose(x, w.sqrt() - 1.0).sqrt()  # its adjoint by what is chosen is infinite, and so is the slope of the side
        adjoints = backprop.adjoints(output)
        assert (adjoints[x], adjoints[w]) == (math.inf, 0.0)
        output.backward()
        assert (x.grad, w.grad) == (math.inf, 0.0)


def test_hooks_make_the_wrong_passes():
    x = Value(3.0)
    y = x * x + x
    assert backprop.adjoints(y)[x] == 7.0
    assert backprop.adjoints(y, total=lambda node, arrived: arrived[-1].amount)[x] == 3.0
    assert backprop.adjoints(y, product=lambda adjoint, derivative: derivative)[x] == 7.0
    assert backprop.adjoints(y, derivatives=lambda node: [1.0] * len(node.parents))[x] == 3.0
    assert backprop.adjoints(y, order=lambda output: [x, output, y.parents[0]])[x] == 1.0


def test_on_the_blackboard_too_leaves_add_up_and_interior_nodes_are_set():
    x = Value(3.0)
    y = x * x
    z = y * x
    for _ in range(2):
        backprop.backward(z)
    assert (x.grad, y.grad, z.grad) == (2 * 27.0, 3.0, 1.0)


class Meddling(Fraction):
    """A grad of a leaf that does something when backward() reads it, in the middle of its pass."""

    def __float__(self):
        self.meddle()
        return 0.0


def test_backward_within_backward_is_refused_and_nothing_is_changed():
    x, w = Value(2.0), Value(3.0)
    y = x * w
    x.grad = grad = Meddling(0)
    grad.meddle = (w * w).backward
    with pytest.raises(RuntimeError, match=r"within backward\(\)"):
        y.backward()
    assert (x.grad is grad, w.grad, y.grad) == (True, 0.0, 0.0)
    x.grad = 0.0
    y.backward()
    assert (x.grad, w.grad) == (3.0, 2.0)


FORKED = """
import os, signal, threading
from test_backward import Meddling
from autograd_lite import Value

x, y, reached, go_on = Value(2.0), Value(3.0), threading.Event(), threading.Event()
x.grad = grad = Meddling(0)
grad.meddle = lambda: (reached.set(), go_on.wait())
thread = threading.Thread(target=(x * x).backward)
thread.start()
reached.wait()
child = os.fork()
if child == 0:
    signal.alarm(60)  # ends it, should it wait for a thread that it does not have
    (y * y).backward()
    os._exit(int(y.grad))
go_on.set()
thread.join()
print(x.grad, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
def test_a_process_forked_during_a_pass_has_passes_of_its_own():
    command = [sys.executable, "-W", "ignore", "-c", FORKED]
    done = subprocess.run(command, cwd=os.path.dirname(__file__), capture_output=True, text=True, timeout=120)
    assert (done.stdout, done.stderr) == ("4.0 6\n", "")
