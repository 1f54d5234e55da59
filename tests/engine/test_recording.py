"""A recording holds at any inputs: a branch on data is refused, with its line, and the library itself makes none."""

import copy
import functools
import inspect
import io
import math
import pickle
import random
import statistics
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stdout, suppress

import pytest
from waiting import PATIENCE

import nn
from autograd_lite import (
    OPERATIONS,
    DomainError,
    Value,
    compile_program,
    dot,
    exp,
    grad,
    gradient,
    hessian,
    jvp,
    linear,
    log,
    maximum,
    no_grad,
    ops,
    peek,
    relu,
    sqrt,
    sum_,
    tanh,
    trace,
)
from autograd_lite.engine.recording import live
from nn.compiled import Step
from nn.layers import Activation


def caught(x):
    try:
        return log(x - 1.0)
    except DomainError:
        return x * 0.0


def swallowed(x):
    with suppress(ValueError):
        return x if x > 0 else -x
    return x


def walked_back(x):
    y = x * x
    y.backward()
    return y * x.grad


def without_gradient(x):
    with no_grad():
        y = x * 2.0
    return x * y


def generated(x):
    yield x if x > 0 else -x


def set_data(x):
    x.data = 3.0
    return x


def with_numpy(function):
    def f(x):
        np = pytest.importorskip("numpy", reason="arrays are NumPy's")
        return function(np, np.array([x, x * x, Value(1.0)]))

    return f


# What decides by the number of x, each in one line
BRANCHES = {
    "greater": lambda x: x if x > 0 else -x,
    "less": lambda x: x if x < 0 else -x,
    "at least": lambda x: x if x >= 0 else -x,
    "at most": lambda x: x if x <= 0 else -x,
    "a number first": lambda x: x if 0 < x else -x,  # noqa: SIM300
    "a constant first": lambda x: x if Value(0.0) < x else -x,
    "chained": lambda x: x if -1 < x < 1 else -x,
    "bool": lambda x: x if x else -x,
    "not": lambda x: x if not x else -x,
    "or": lambda x: (x - 0.5) or x,
    "all": lambda x: x if all([x, x]) else -x,
    "max": lambda x: max(x, Value(0.0)),
    "min": lambda x: min([x * 2, x]),
    "sorted": lambda x: sorted([x, x * x])[0],
    "median": lambda x: statistics.median([x, x * x, x + 1]),
    "data": lambda x: x * x.data,
    "data of what it becomes": lambda x: x * tanh(x * x).data,
    "item": lambda x: x if x.item() > 0 else -x,
    "finite": lambda x: x if math.isfinite(x.data) else -x,
    "a float": lambda x: exp(float(x.data)) * x,
    "local derivatives": lambda x: x * (x * x).local_derivatives[0],
    "detach": lambda x: x * x.detach(),
    "pickle": lambda x: x * pickle.loads(pickle.dumps(x)),
    "a generator": generated,
    "equal to a number": lambda x: x if x == 0.5 else -x,
    "not equal to a number": lambda x: x if 0.5 != x else -x,  # noqa: SIM300
    "among numbers": lambda x: x if x in (0.0, 0.5) else -x,
    "no_grad": without_gradient,
    "backward": walked_back,
    "data is set": set_data,
    "an error is caught": caught,
    "the refusal is caught": swallowed,
    "the derivative": lambda x: gradient(x**3, x) if gradient(x**3, x) > 1 else x,
    "np.sort": with_numpy(lambda np, xs: np.sort(xs)[0]),
    "np.max": with_numpy(lambda np, xs: np.max(xs)),
    "np.maximum": with_numpy(lambda np, xs: np.maximum(xs, 0.0)[0]),
    "np.where": with_numpy(lambda np, xs: np.where(xs > 0, xs, -xs)[0]),
    "np.any": with_numpy(lambda np, xs: xs[0] if np.any(xs - 0.5) else -xs[0]),
    "np.argmax": with_numpy(lambda np, xs: xs[np.argmax(xs)]),
}


def refused(record, f):
    with pytest.raises(ValueError, match="cannot be compiled: it branches on data") as error:
        record()
    assert any(f" {__file__}:{line} " in str(error.value) for _, _, line in f.__code__.co_lines()), str(error.value)


@pytest.mark.parametrize("name", BRANCHES)
def test_a_branch_on_data_is_refused_with_its_line(name):
    f = BRANCHES[name]
    refused(lambda: trace(f, [0.5]), f.__closure__[0].cell_contents if f.__closure__ else f)
    assert not live


@pytest.mark.parametrize("name", ["greater", "bool", "max", "data", "detach", "no_grad", "an error is caught"])
def test_a_branch_on_a_parameter_or_on_what_it_becomes_is_refused(name):
    f, w = BRANCHES[name], Value(0.5, "w")
    refused(lambda: Step(lambda x: x[0] * f(w), [w], "python").record([1.0]), f)
    refused(lambda: Step(lambda x: f(tanh(w) * x[0]), [w], "python").record([1.0]), f)
    constant = Value(0.5)
    Step(lambda x: x[0] * f(constant) * w, [w], "python").record([1.0])


def test_a_branch_on_a_target_is_refused():
    def loss(output, target):
        return -log(output[0]) if target == 1 else -log(1 - output[0])

    model = nn.MLP([2, 1], rng=0)
    refused(lambda: model.compile(loss, ([1.0, 2.0], 1), dialect="python"), loss)
    refused(lambda: nn.train(model, [([1.0, 2.0], 1)], loss, compiled="python", progress=False), loss)


def test_every_branch_that_is_refused_is_named_for_the_example_that_takes_it_or_not():
    for example in (-4.0, 0.5, 4.0):
        refused(lambda x=example: trace(BRANCHES["greater"], [x]), BRANCHES["greater"])


class Beyond(nn.Module):
    """Another function where the input is large; an error where it is negative."""

    def __init__(self):
        self.w = Value(0.5)

    def forward(self, x):
        if peek(x[0]) < 0:
            raise ArithmeticError("negative")
        return [self.w * x[0] * x[0]]


def test_an_error_of_the_function_is_passed_on():
    with pytest.raises(ArithmeticError, match="negative"):
        Beyond().compile(nn.mse, ([-1.0], [0.0]), dialect="python")
    with pytest.raises(DomainError, match="log needs x > 0, got"):
        trace(log, [-1.0])
    with pytest.raises(KeyError):
        trace(lambda x: {}[1], [-1.0])
    step = Beyond().compile(nn.mse, ([2.0], [0.0]), dialect="python")
    assert step([2.0], [0.0])[0] == 4.0 and not live


def shown(x):
    print(x, f"{x:.2f}", repr(x), str(x), f"{x}", [x])
    return x * 2.0


LOOKS = {
    "prints": shown,
    "peek": lambda x: x * 2.0 + 0.0 * len(str(peek(x))),
    "identity": lambda x: x * 2.0 if x is not None and x == x and x != Value(0.5) and x in [x] else x,
    "sets and dicts": lambda x: {x: x * 2.0}[x] if len({x, x, x + 1}) == 2 else x,
    "constants": lambda x: x * Value(2.0).data if Value(3.0) > 1 and Value(1.0) else x,
    "what was computed from constants": lambda x: x * exp(Value(0.0) * 2.0).data * 2,
    "yields": lambda x: (y + y for y in [x]),
    "a copy of a constant": lambda x: x * copy.deepcopy(Value(1.0) + 1.0) * Value(1.0).detach(),
    "label": lambda x: x * 2.0 if x.label == "x" and x.op == "" and not x.parents else x,
    "its own numbers": lambda x: x * sorted([2.0, 3.0])[0],
}


@pytest.mark.parametrize("name", LOOKS)
def test_looking_is_no_branch(name):
    names = inspect.signature(LOOKS[name]).parameters
    with redirect_stdout(io.StringIO()):
        program = compile_program(*trace(LOOKS[name], [0.5]))
    assert program(3.0) == 6.0 and list(names) == program.inputs


def test_a_function_may_read_if_that_is_asked_for():
    calls = []

    def teacher(x):
        calls.append(x.data)
        return x * x if x > 0 else -x

    assert compile_program(*trace(teacher, [2.0], reads=True))(-3.0) == 9.0
    assert calls == [2.0]


def test_inputs_of_a_nest_are_one_list_in_order():
    outputs, inputs = trace(lambda a, b: a[0][1] * b + a[1][0], [[[1.0, 2.0], [3.0]], 4.0])
    assert [x.label for x in inputs["a"]] == ["a1", "a2", "a3"]
    assert compile_program(outputs, inputs)([1.0, 10.0, 5.0], 2.0) == 25.0


def test_a_function_may_change_its_arguments():
    def f(xs):
        first = xs.pop()
        return first * sum_(xs) if xs else first

    assert compile_program(*trace(f, [[1.0, 2.0, 3.0]]))([4.0, 5.0, 6.0]) == 54.0


# Random numbers ----------------------------------------------------------------------------------------------------------

DRAWS = {
    "a factor": lambda rng, x: x * rng.random(),
    "a coin": lambda rng, x: x if rng.random() < 0.5 else x * 2.0,
    "an order": lambda rng, x: sum_(rng.sample([x, x * 2.0, x * 3.0, x * 4.0], 3)),
    "an operation": lambda rng, x: rng.choice([tanh, exp])(x),
    "what is left out": lambda rng, x: [y for y in (x, x * 2.0, x * 3.0) if rng.random() < 0.5] + [x],
}


@pytest.mark.parametrize("name", DRAWS)
def test_random_numbers_are_refused(name):
    with pytest.raises(ValueError, match=r"draws random numbers\. Two recordings of it differ"):
        trace(functools.partial(DRAWS[name], random.Random(0)), [0.5])


def test_what_is_kept_from_call_to_call_is_refused():
    kept = [Value(1.0)]

    def running(x):
        kept.append(kept[-1] * 0.9 + x)
        return kept[-1]

    with pytest.raises(ValueError, match="Two recordings of it differ"):
        trace(running, [0.5])


def test_random_numbers_that_are_the_same_each_time_are_constants():
    def f(x):
        return x * random.Random(3).random()

    assert compile_program(*trace(f, [1.0]))(2.0) == 2.0 * random.Random(3).random()


# Threads, contexts, interrupts -------------------------------------------------------------------------------------------


def test_another_thread_reads_the_same_parameters_while_one_records():
    w, found = Value(0.5, "w"), []

    def other():
        y = w * 2.0
        y.backward()
        found.append(y.data if y > 0 and w.item() else copy.copy(w))

    def f(x):
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        return x * w

    outputs, _ = trace(f, [3.0], [w])
    assert set(found) == {1.0} and outputs.data == 1.5


def test_two_threads_record_at_once():
    both, found = threading.Barrier(2, timeout=PATIENCE), {}

    def run(name, f):
        def together(x):
            with suppress(threading.BrokenBarrierError):
                both.wait()
            return f(x)

        try:
            found[name] = compile_program(*trace(together, [2.0]))(3.0)
        except ValueError as error:
            found[name] = str(error)
        both.abort()

    functions = {"branches": BRANCHES["greater"], "reads its own": lambda x: x * (Value(2.0) * 3.0).data}
    threads = [threading.Thread(target=run, args=item) for item in functions.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert "branches on data" in found["branches"] and found["reads its own"] == 18.0 and not live


def test_an_interrupt_ends_the_recording():
    kept, begun, go_on = [], threading.Event(), threading.Event()

    def interrupted(x):
        kept.append(x * 2.0)
        raise KeyboardInterrupt

    def waiting(x):
        begun.set()
        go_on.wait(PATIENCE)
        return x

    with pytest.raises(KeyboardInterrupt):
        trace(interrupted, [1.0])
    other = threading.Thread(target=trace, args=(waiting, [1.0]))
    other.start()
    assert begun.wait(PATIENCE) and live  # somebody records, but not this thread
    assert kept[0].data == 2.0 and kept[0] > 1
    go_on.set()
    other.join()
    assert not live


def test_a_recording_within_a_recording_keeps_both():
    def outer(x):
        inner = compile_program(*trace(lambda y: y * y, [3.0]))
        assert inner(2.0) == 4.0
        return x * 2.0

    assert compile_program(*trace(outer, [1.0]))(5.0) == 10.0
    for reads in (False, True):
        with pytest.raises(ValueError, match="branches on data"):
            trace(lambda x, r=reads: x * trace(lambda y: y if x > 0 else -y, [3.0], reads=r)[0].data, [1.0])


def test_a_step_that_is_made_within_no_grad_is_the_same():
    model = nn.MLP([2, 2, 1], rng=0)
    with no_grad():
        step = model.compile(nn.mse, ([1.0, 2.0], [0.5]), dialect="python")
    assert step.programs.keys() and next(iter(step.programs.values())).source.count("\n") > 20
    loss = nn.mse(model([0.3, 0.4]), [0.1])
    assert step([0.3, 0.4], [0.1])[0] == pytest.approx(loss.data, rel=1e-14)


# The library ---------------------------------------------------------------------------------------------------------------

# Where choices by data would be seen: small and large, signs, ties, zeros, singular points
POINTS = [
    (0.5, 0.25, -0.75),
    (0.25, 0.5, 1.0),
    (1e-12, 0.999, 0.5),
    (0.75, 0.75, 0.75),
    (-0.5, -0.25, 2.0),
    (1e-12, -1e-15, 1e-9),
    (3.0, -40.0, 2.0),
    (2.0, 1.5, 7.0),
    (-4.0, 3.0, 7.0),
    (50.0, 2.0, 300.0),
    (1e17, 0.5, 0.0),
    (-1e17, 1e16, -1e17),
    (0.0, 1.0, 0.0),
    (0.0, 0.0, 0.0),
    (1.0, 1.0, -1.0),
]
# Of what is no row, and does not take one sequence of Values
OTHERS = {
    "linear": lambda xs: linear(xs[:1], xs[1:2], xs[2]),
    "dot": lambda xs: dot(xs[:2], xs[1:]),
}


def sources(f, points):
    """The programs, with derivatives, of `f` recorded at each point that is in its domain."""
    found = []
    for point in points:
        try:
            outputs, inputs = trace(f, point)
        except (DomainError, OverflowError):
            continue
        outputs = outputs if isinstance(outputs, list) else [outputs]
        total = sum_(outputs)
        found.append(compile_program([*outputs, total], inputs, gradients_of=total).source)
    return found


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_records_the_same_wherever_it_is_recorded(name):
    f = OPERATIONS[name]
    if name in ops.ROWS:
        found = sources(f, [point[: len(ops.ROWS[name].derivatives)] for point in POINTS])
    else:
        found = sources(lambda xs: OTHERS.get(name, f)(xs), [(list(point),) for point in POINTS])
    assert len(found) >= 5 and set(found) == {found[0]}


def cubed(x):
    return x**3 * relu(x) + abs(x) + maximum(x, 0.25) * sqrt(x * x)


DERIVATIVES = {
    "gradient": lambda x: gradient(cubed(x), x),
    "grad": lambda x: grad(cubed)(x),
    "grad at a number": lambda x: grad(lambda w: cubed(w * x))(0.5),
    "grad of grad": lambda x: grad(grad(cubed))(x),
    "hessian": lambda x: hessian(lambda v: cubed(v[0]) * v[1])([x, 0.5])[0][1],
    "jvp": lambda x: jvp(cubed, (x,), (1.0,))[1],
    "jvp along it": lambda x: jvp(cubed, (0.5,), (x,))[1],
}


@pytest.mark.parametrize("name", DERIVATIVES)
def test_a_derivative_within_a_recording_is_the_same_wherever_it_is_recorded(name):
    found = sources(DERIVATIVES[name], [(x,) for x in (0.5, -0.5, 3.0, 0.0, 0.25)])
    assert len(found) == 5 and set(found) == {found[0]}
    at = 0.7
    eager = DERIVATIVES[name](Value(at))
    program = compile_program(*trace(DERIVATIVES[name], [0.0]))
    assert program(at) == pytest.approx(peek(eager), rel=1e-12)


LOSSES = {
    "half_squared_error": nn.half_squared_error,
    "mse": nn.mse,
    "binary_cross_entropy": nn.binary_cross_entropy,
    "binary_cross_entropy of logits": functools.partial(nn.binary_cross_entropy, logits=True),
    "cross_entropy": nn.cross_entropy,
    "cross_entropy of probabilities": functools.partial(nn.cross_entropy, logits=False),
    "sequence_cross_entropy": lambda outputs, targets: nn.sequence_cross_entropy([outputs], [targets]),
    "last_cross_entropy": lambda outputs, targets: nn.last_cross_entropy([outputs, outputs], targets),
    "hinge": nn.hinge,
    "huber": nn.huber,
    "mae": nn.mae,
}
TARGETS = [[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [1.0, -1.0, 1.0], [-1.0, 1.0, 1.0], [0.25, 0.5, 0.25]]


def test_every_loss_is_held():
    losses = {name for name in nn.__all__ if getattr(nn, name).__module__ == "autograd_lite.nn.losses"} - {"output_deltas"}
    assert losses == {name.split()[0] for name in LOSSES}


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_records_the_same_wherever_it_is_recorded(name):
    found = []
    for point in POINTS:
        for target in TARGETS:
            with suppress(ValueError, OverflowError):  # outside the loss's domain
                LOSSES[name]([Value(x) for x in point], target)
                found += sources(LOSSES[name], [(list(point), target)])
    assert len(found) >= 5 and set(found) == {found[0]}


CELLS = {
    "RNNCell": lambda rng: nn.RNNCell(3, 2, rng=rng),
    "RNNCell of sigmoids": lambda rng: nn.RNNCell(3, 2, "sigmoid", rng=rng),
    "GRUCell": lambda rng: nn.GRUCell(3, 2, rng=rng),
    "GRUCell, other forms": lambda rng: nn.GRUCell(3, 2, True, True, rng=rng),
    "LSTMCell": lambda rng: nn.LSTMCell(3, 2, rng=rng),
    "LSTMCell, peephole": lambda rng: nn.LSTMCell(3, 2, peephole="previous", rng=rng),
    "LSTMCell, coupled": lambda rng: nn.LSTMCell(3, 2, coupled=True, peephole=True, rng=rng),
    "LSTMCell, no forget gate": lambda rng: nn.LSTMCell(3, 2, forget_gate=False, rng=rng),
}
ACTIVATIONS = [name for name in nn.__all__ if isinstance(getattr(nn, name), type) and issubclass(getattr(nn, name), Activation)]
MODELS = {
    "Neuron": lambda rng: nn.Neuron(3, "leaky_relu", rng=rng),
    "Layer": lambda rng: nn.Layer(3, 2, "softmax", rng=rng),
    "MLP": lambda rng: nn.MLP([3, 4, 2], activation="relu", output_activation="gelu", rng=rng),
    "RNN": lambda rng: nn.RNN(nn.GRUCell(3, 2, rng=rng)),
    "StackedRNN": lambda rng: nn.StackedRNN([nn.GRUCell(3, 2, rng=rng), nn.LSTMCell(2, 2, rng=rng)]),
    "BidirectionalRNN": lambda rng: nn.BidirectionalRNN(nn.GRUCell(3, 2, rng=rng), nn.RNNCell(3, 2, rng=rng)),
    "Readout": lambda rng: nn.Readout(3, 2, rng=rng),
    "SequenceModel": lambda rng: nn.SequenceModel(nn.LSTMCell(3, 2, rng=rng), 2, rng=rng),
    "RMSNorm": lambda rng: nn.RMSNorm(3),
    "LayerNorm": lambda rng: nn.LayerNorm(3),
    "SelfAttention": lambda rng: nn.SelfAttention(3, rng=rng),
    "Block": lambda rng: nn.Block(3, rng=rng),
    "Linear": lambda rng: nn.Linear(3, 2, rng=rng),
    "Sequential": lambda rng: nn.Sequential(nn.Linear(3, 2, rng=rng), "relu", nn.Linear(2, 2, rng=rng)),
    "Dropout, not training": lambda rng: nn.Sequential(nn.Linear(3, 2, rng=rng), nn.Dropout(rng=rng)).eval(),
    **{name: lambda rng, name=name: nn.Sequential(nn.Linear(3, 2, rng=rng), getattr(nn, name)()) for name in ACTIVATIONS},
    **CELLS,
}


SEQUENCES = (nn.RNN, nn.StackedRNN, nn.BidirectionalRNN, nn.SequenceModel, nn.SelfAttention, nn.Block)


def test_every_model_is_held():
    """A GPT and an Embedding take classes, no numbers."""
    models = {name for name in nn.__all__ if inspect.isclass(getattr(nn, name)) and issubclass(getattr(nn, name), nn.Module)}
    assert models - {"Module", "GPT", "Embedding"} == {name.partition(" ")[0].rstrip(",") for name in MODELS}


def total_of(nest):
    if isinstance(nest, Value):
        return nest
    if isinstance(nest, nn.Run):
        nest = [nest.outputs, nest.states]
    parts = [total_of(item) for item in (nest.values() if isinstance(nest, dict) else nest)]
    return sum_(parts)


@pytest.mark.parametrize("name", MODELS)
def test_a_model_records_the_same_wherever_it_is_recorded(name):
    found = set()
    for seed, point in enumerate(POINTS):
        model = MODELS[name](random.Random(0))
        for parameter in model.parameters():
            parameter.data = random.Random(seed).choice([-20.0, -0.5, 0.0, 0.25, 30.0])
        x = [list(point)] * 3 if isinstance(model, SEQUENCES) else list(point)
        step = Step(lambda x, model=model: total_of(model(x)), model.parameters(), "python")
        step.record(x)
        (program,) = step.programs.values()
        found.add(program.source)
    assert len(found) == 1


# What reads without reading -----------------------------------------------------------------------------------------------


def test_a_thread_of_the_forward_pass_is_refused_and_another_thread_is_not():
    def forward(x):
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(lambda: x * 2 if x > 1 else x).result()

    with pytest.raises(ValueError, match="compares node 'x'"):
        trace(forward, [2.0])
    w = Value(3.0, "w")

    def watched(x):  # a thread of its own affairs, which shows a parameter
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(lambda: (w.data, (w * 2).item(), w > 1)).result() == (3.0, 6.0, True)
        return w * x

    trace(watched, [2.0], parameters=[w])


def test_a_copy_of_what_varies_is_refused():
    for copied in (copy.copy, copy.deepcopy):
        with pytest.raises(ValueError, match="copies"):
            trace(lambda x, copied=copied: copied(x * 1) * x, [2.0])


@pytest.mark.parametrize(
    "factor", [lambda x: 2.0 if isinstance(x, float) else 1.0, lambda x: {3.0: 2.0}.get(x, 1.0)], ids=["kind", "lookup"]
)
def test_a_step_that_asks_what_kind_its_inputs_are_is_refused(factor):
    mlp = nn.MLP([1, 1], None, None, weights=[[[1.0]]])
    with pytest.raises(ValueError, match="cannot be compiled: it asks what kind its inputs are, or looks them up"):
        Step(lambda x: mlp(x)[0] * factor(x[0]), mlp.parameters(), "python").record([3.0])
