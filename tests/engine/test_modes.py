"""Modes end with their `with` statement, however it ends; threads, tasks, contexts and generators have their own."""

import asyncio
import contextvars
import gc
import inspect
import itertools
import math
import sys
import threading
from contextlib import ExitStack, nullcontext, suppress
from fractions import Fraction

import pytest
from waiting import PATIENCE

from autograd_lite import OPERATIONS, Value, detect_anomaly, grad, no_grad, ops, where
from autograd_lite.engine import modes
from autograd_lite.engine.eager import family
from autograd_lite.engine.modes import current, is_on, special
from autograd_lite.formulas import letters

V = Value(2.0)


def recorded():
    return (V * V).parents == (V, V)


@pytest.fixture(autouse=True)
def operations_go_straight_again():
    yield
    gc.collect()  # what pytest.raises keeps
    assert recorded() and not current() and not special


def applied(op, shift=0.0):
    """An operation on as many operands as it takes, groups of two in a family; where 0.5 is in its domain, or `shift` more."""
    operands = [Value(shift + x) for x in (0.5, 0.25, 0.75, 0.125, 0.625)]
    if op in ops.ROWS:
        return OPERATIONS[op](*operands[: len(ops.ROWS[op].derivatives)])
    rows = ops.FAMILIES[op]
    return family(op, operands[: 2 * len(letters(rows)) + len(rows.head + rows.tail)])


@pytest.mark.parametrize("op", [*ops.ROWS, *ops.FAMILIES])
def test_an_operation_has_the_same_value_within_a_mode(op):
    shift = 1.0 if op == "acosh" else 0.0
    node = applied(op, shift)
    with no_grad():
        leaf = applied(op, shift)
    with detect_anomaly():
        checked = applied(op, shift)
    assert leaf.data == checked.data == node.data and leaf.parents == () and checked.op == node.op == op
    assert checked.local_derivatives == node.local_derivatives


def as_recorded(op, *operands):
    """Repr of the number, or the error, of an operation within no_grad and without."""
    found = []
    for mode in (nullcontext(), no_grad()):
        with mode:
            try:
                node = OPERATIONS[op](*operands)
                found.append(repr(node.data))
            except Exception as error:
                found.append(f"{type(error).__name__}: {error}")
    assert ":" in found[1] or (node.parents, node.op, node.label, node.grad) == ((), "", "", 0.0)
    return found


@pytest.mark.parametrize("op", ops.ROWS)
def test_within_no_grad_plain_numbers_and_singular_points_are_as_ever(op):
    arity = len(ops.ROWS[op].derivatives)
    for point in itertools.product([0.0, 2, -1.5, math.inf, 1e3, Fraction(1, 3), "x"], repeat=arity):
        for kept in range(arity):
            if isinstance(point[kept], str):
                continue
            recorded, quiet = as_recorded(op, *[Value(a) if i == kept else a for i, a in enumerate(point)])
            assert recorded == quiet


def test_within_no_grad_operators_leave_others_their_turn():
    class Other:
        __array_ufunc__ = None
        _data = 5.0

        def __radd__(self, other):
            return "my turn"

    with no_grad():
        assert V + Other() == "my turn" and (V + 1).data == (1 + V).data == 3.0 and (V**2).data == 4.0
        with pytest.raises(TypeError, match="add needs real numbers or Values, got str 'x'"):
            V + "x"
        assert where(V, 1, 2.5).data == 1.0 and type(where(V, 1, 2.5).data) is float


def test_modes_within_no_grad_hold_too():
    with no_grad():
        with detect_anomaly(), pytest.raises(FloatingPointError):
            Value(1e200) * Value(1e200)
        assert not (V * V).parents
        assert grad(lambda x: x * x * V)(3.0) == 12.0
        assert not (V * V).parents and not OPERATIONS["sum_"]([V] * 300).parents
    assert recorded()


# An interrupt at any step ----------------------------------------------------------------------------------------------


class Interrupt(BaseException):
    pass


def is_interrupted(work, count):
    """Calls `work` with an Interrupt before the step `count` of its bytecode and that of modes. False if it has not so many."""
    around, left = current(), count

    def trace(frame, event, argument):
        nonlocal left
        if frame.f_code.co_filename not in (__file__, modes.__file__):
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            left -= 1
            if left < 0:
                raise Interrupt
        return trace

    before = sys.gettrace()
    try:
        sys.settrace(trace)
        with suppress(KeyError):
            list(work() for _ in range(1))  # in a generator: an interrupted handler of an exception does not stay on out here
    except Interrupt:
        sys.settrace(before)
        assert current() == around  # already now, while the traceback keeps the frames
        return True
    finally:
        sys.settrace(before)
    return False


shared = no_grad()


def a_statement():
    with no_grad():
        V * V


def an_object_entered_again():
    with shared, shared, detect_anomaly():
        V * V


def a_loop():
    for _ in range(2):
        with no_grad():
            for _ in range(2):
                pass


def a_return():
    with shared:
        return V


def an_exception():
    with shared:
        raise KeyError


@no_grad()
def a_function():
    V * V


@detect_anomaly()
@no_grad()
def a_generator():
    yield V * V


@pytest.mark.parametrize(
    "work",
    [a_statement, an_object_entered_again, a_loop, a_return, an_exception, a_function, lambda: list(a_generator())],
)
def test_an_interrupt_at_any_step_leaves_the_modes_as_they_were(work):
    is_interrupted(work, 1_000_000)  # CPython 3.12 traces no steps of what it has not traced before
    count = 0
    while is_interrupted(work, count):
        assert recorded() and not special
        count += 1
    assert count > 50
    with detect_anomaly():
        for step in range(0, count, 7):
            assert is_interrupted(work, step)
            assert current() == {detect_anomaly} and recorded()


# Objects that are shared -------------------------------------------------------------------------------------------------


def test_one_object_in_many_threads():
    errors, quiet = [], no_grad()

    def work():
        for _ in range(200):
            with quiet:
                if recorded():
                    errors.append("off within")
            if not recorded():
                errors.append("on after")

    threads = [threading.Thread(target=work) for _ in range(4)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert errors == []


@pytest.mark.parametrize("quiet", [no_grad(), detect_anomaly()], ids=["no_grad", "detect_anomaly"])
def test_one_object_entered_recursively(quiet):
    @quiet
    def depth(n):
        return n and depth(n - 1) + is_on(type(quiet))

    with quiet:
        with quiet:
            assert depth(50) == 50
        assert is_on(type(quiet))
    assert not is_on(type(quiet))


def test_one_object_in_many_tasks():
    async def work(k):
        with shared:
            for _ in range(k):
                await asyncio.sleep(0)
                assert not recorded()
        await asyncio.sleep(0)
        assert recorded()

    async def main():
        await asyncio.gather(*map(work, range(5)))
        assert recorded()

    asyncio.run(main())


# Contexts ----------------------------------------------------------------------------------------------------------------


def test_what_is_copied_within_a_mode_keeps_it():
    async def child():
        for _ in range(3):
            await asyncio.sleep(0)
            assert not recorded()
        return await asyncio.to_thread(recorded)

    async def main():
        with no_grad():
            task = asyncio.create_task(child())
            await asyncio.sleep(0)
        assert recorded()
        assert not await task
        assert recorded()

    asyncio.run(main())
    with no_grad():
        context = contextvars.copy_context()
    assert recorded() and not context.run(recorded) and recorded()


def suspended(mode):
    with mode:
        yield is_on(type(mode))
        yield is_on(type(mode))


@pytest.mark.parametrize("mode", [no_grad, detect_anomaly])
@pytest.mark.parametrize("inherited", [True, False])
@pytest.mark.parametrize("end", [lambda generator: list(generator), lambda generator: generator.close()], ids=["end", "close"])
def test_a_generator_that_ends_in_another_context_ends_its_mode_everywhere(mode, inherited, end):
    other = contextvars.Context()
    generator = suspended(mode())
    next(generator)
    if inherited:
        other = contextvars.copy_context()
    other.run(end, generator)
    assert not current() and not other.run(current)


def test_a_generator_that_ends_in_another_thread_ends_its_mode_here():
    generator, entered = suspended(no_grad()), threading.Event()
    thread = threading.Thread(target=lambda: entered.wait(PATIENCE) and list(generator))
    thread.start()
    next(generator)
    entered.set()
    thread.join()
    assert not current()


def test_a_generator_that_is_dropped_ends_its_mode():
    generator = suspended(no_grad())
    next(generator)
    assert not recorded()
    del generator
    assert recorded()


@pytest.mark.parametrize("first", [0, 1])
def test_interleaved_generators_each_end_their_own_mode(first):
    generators = [suspended(no_grad()), suspended(detect_anomaly())]
    for generator in generators:
        next(generator)
    assert current() == {no_grad, detect_anomaly}
    list(generators[first])
    assert current() == {[no_grad, detect_anomaly][1 - first]}
    list(generators[1 - first])
    assert current() == set()


def test_interleaved_generators_of_one_object():
    one, other = suspended(shared), suspended(shared)
    next(one)
    next(other)
    list(one)
    assert next(other) and is_on(no_grad)
    other.close()
    assert not is_on(no_grad)


# By hand -----------------------------------------------------------------------------------------------------------------


def test_entered_and_left_by_hand():
    quiet = no_grad()
    quiet.__enter__()
    quiet.__enter__()
    assert not recorded()
    quiet.__exit__(None, None, None)
    assert not recorded()
    quiet.__exit__(None, None, None)
    assert recorded()
    with pytest.raises(RuntimeError, match="no_grad is left, but was not entered"):
        quiet.__exit__(None, None, None)


def test_entered_by_hand_and_dropped_it_stays_on():
    def stays_on():
        no_grad().__enter__()
        gc.collect()
        return not recorded()

    assert contextvars.copy_context().run(stays_on)
    gc.collect()


def test_left_by_hand_in_another_context():
    quiet = no_grad()
    quiet.__enter__()
    contextvars.Context().run(quiet.__exit__, None, None, None)
    assert recorded()


def test_on_an_exit_stack():
    with ExitStack() as stack:
        for mode in (shared, detect_anomaly(), shared):
            stack.enter_context(mode)
        assert current() == {no_grad, detect_anomaly}
    assert not current()


# Decorated generators, coroutines, asynchronous generators -----------------------------------------------------------------


def test_a_decorated_generator_is_within_the_mode_and_its_caller_is_not():
    seen = []

    @no_grad()
    def generator(n):
        """Its own."""
        sent = None
        for i in range(n):
            try:
                seen.append((is_on(no_grad), sent))
                sent = yield i
            except KeyError as error:
                seen.append((is_on(no_grad), str(error)))
                sent = "after"
            finally:
                seen.append(is_on(no_grad))
        return "result"

    assert inspect.isgeneratorfunction(generator) and generator.__doc__ == "Its own."
    running = generator(3)
    assert recorded() and next(running) == 0
    assert recorded() and running.send("sent") == 1
    assert recorded() and running.throw(KeyError("thrown")) == 2
    assert recorded()
    with pytest.raises(StopIteration) as stop:
        next(running)
    assert recorded() and stop.value.value == "result"
    assert seen == [(True, None), True, (True, "sent"), (True, "'thrown'"), True, (True, "after"), True]

    seen.clear()
    running = generator(3)
    next(running)
    running.close()
    assert recorded() and seen == [(True, None), True]
    running = generator(3)
    next(running)
    with pytest.raises(ZeroDivisionError):
        running.throw(ZeroDivisionError)
    assert recorded() and list(zip(generator(2), generator(2))) == [(0, 0), (1, 1)]


def test_a_decorated_coroutine_is_within_the_mode_and_its_caller_is_not():
    class Pause:
        def __await__(self):
            return (yield "pause")

    @no_grad()
    async def coroutine():
        sent = []
        for _ in range(2):
            try:
                sent.append((await Pause(), is_on(no_grad)))
            except KeyError:
                sent.append(is_on(no_grad))
        return sent

    assert inspect.iscoroutinefunction(coroutine)
    running = coroutine()
    assert running.send(None) == "pause" and recorded()
    assert running.send("sent") == "pause" and recorded()
    with pytest.raises(StopIteration) as stop:
        running.throw(KeyError)
    assert recorded() and stop.value.value == [("sent", True), True]

    async def main():
        async def ordinary():
            for _ in range(5):
                await asyncio.sleep(0)
                assert recorded()

        @no_grad()
        async def within():
            for _ in range(5):
                await asyncio.sleep(0)
                assert not recorded()

        await asyncio.gather(within(), ordinary())
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(no_grad()(asyncio.sleep)(10), 0.01)

    asyncio.run(main())


def test_a_decorated_asynchronous_generator_is_within_the_mode_and_its_caller_is_not():
    seen = []

    @detect_anomaly()
    @no_grad()
    async def generator(n):
        try:
            for i in range(n):
                await asyncio.sleep(0)
                try:
                    seen.append((yield i))
                except KeyError:
                    seen.append("caught")
                assert current() == {no_grad, detect_anomaly}
        finally:
            await asyncio.sleep(0)
            seen.append(len(current()))

    async def main():
        assert inspect.isasyncgenfunction(generator)
        running = generator(9)
        assert await running.asend(None) == 0 and recorded()
        assert await running.asend("sent") == 1 and recorded()
        assert await running.athrow(KeyError) == 2 and recorded()
        await running.aclose()
        assert recorded() and seen == ["sent", "caught", 2]
        async for _ in generator(2):
            assert not current()
        assert [i async for i in generator(3)] == [0, 1, 2]
        running = generator(2)
        await running.asend(None)
        with pytest.raises(ZeroDivisionError):
            await running.athrow(ZeroDivisionError)

    asyncio.run(main())


def test_an_anomaly_is_none_on_the_side_that_is_not_taken():
    with detect_anomaly():
        x, y = Value(2.0, "x"), Value(0.0, "y")
        where(Value(1.0), x, y.sqrt()).backward()
    assert (x.grad, y.grad) == (1.0, 0.0)
    with detect_anomaly(), pytest.raises(FloatingPointError, match="backward through sqrt"):
        where(Value(0.0), x, y.sqrt()).backward()


def off():
    return not (Value(1.0) * 2.0).parents


class Generating:
    def __call__(self):
        yield off()


class Awaited:
    async def __call__(self):
        return off()


class AsyncGenerating:
    async def __call__(self):
        yield off()


def test_a_decorated_object_that_makes_generators_or_coroutines_is_within_the_mode():
    assert next(no_grad()(Generating())()) and not off()

    async def main():
        assert await no_grad()(Awaited())() and not off()
        async for found in no_grad()(AsyncGenerating())():
            assert found and not off()

    asyncio.run(main())
    assert next(no_grad()(lambda: (off() for _ in range(2)))())


@pytest.mark.parametrize("mode", [no_grad, detect_anomaly])
def test_a_decorator_needs_no_parentheses(mode):
    @mode
    def inner(x):
        """Doubles."""
        return x + x, is_on(mode)

    @mode
    def resumed(x):
        yield is_on(mode)

    @mode
    async def awaited(x):
        return is_on(mode)

    x = Value(2.0)
    assert inner.__doc__ == "Doubles." and inner(x)[1] and bool(inner(x)[0].parents) is (mode is detect_anomaly)
    assert list(resumed(x)) == [True] and asyncio.run(awaited(x)) and not is_on(mode)
    with pytest.raises(TypeError, match=f"{mode.__name__} takes no argument: `with {mode.__name__}\\(\\):`; got True"):
        mode(True)
