"""Modes, such as `no_grad`: what holds within a `with` statement, in the thread or task that runs it.

An interrupt may raise between any two steps of the interpreter: before ``__exit__`` is called, or within it. So no mode counts
on being left: it is on while there is what its `with` statement keeps for leaving it. That is ``__exit__``, which the statement
looks up before it calls ``__enter__``, and lets go of however it ends; here, every lookup gives another.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from contextvars import ContextVar, Token
from functools import partial, wraps
from types import coroutine
from typing import TYPE_CHECKING, Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


class Entry:
    """A mode in one `with` statement: made when that looks `__exit__` up, and `on` once it is entered."""

    __slots__ = ("__weakref__", "mode", "on", "statement")

    def __init__(self, mode: mode) -> None:
        self.mode = mode
        self.on = False
        self.statement: Callable[[], Any] | None = None  # a weak reference to what the statement keeps; None if it is left


def _nothing() -> None:
    """What is called where no `no_grad` is alone."""


_entries: ContextVar[tuple[Entry, ...]] = ContextVar("_entries", default=())
_home: ContextVar[None] = ContextVar("_home", default=None)  # its tokens know the context that they were made in

# What every operation asks within a mode: called, it is None unless a `no_grad` is on and no other mode. Then the operation goes
# straight to its function that records nothing. It is the weak reference to what that `with` statement keeps
quiet: ContextVar[Callable[[], Any]] = ContextVar("quiet", default=_nothing)
# The entries of all contexts, of modes that operations have to ask for: empty, so false, for as long as they need not
special: list[weakref.ref[Entry]] = []


class mode:
    """What a mode is: within it, in this thread or task, it is one of those in `current`.

    A context manager, which may be entered again while it is on, also by others, and a decorator, with parentheses or
    without. Of a generator, and of what is ``async``, each resumption is within the mode, and its caller in between is not. A
    context that is copied within the mode, as that of a new task, keeps it.
    """

    asked_for = False
    """Whether operations have to ask for it."""
    ends: type[mode] | None = None
    """A mode that is off within it."""

    def __new__(cls, function: Callable[..., Any] | None = None) -> Any:
        """The mode; or of a function, as its decorator without parentheses, this one within the mode."""
        new = super().__new__(cls)
        if function is None:
            return new
        if not callable(function):
            raise TypeError(f"{cls.__name__} takes no argument: `with {cls.__name__}():`; got {function!r:.60}")
        new.__init__()  # type: ignore[misc]
        return new(function)

    def __init__(self, function: Callable[..., Any] | None = None) -> None:
        self._exits: list[partial[None]] = []

    def __enter__(self) -> None:
        entries = _existing()
        if entries and entries[-1].mode is self and not entries[-1].on:
            entries[-1].on = True
        else:  # called by hand, so no statement keeps `__exit__`
            leave = self._new_exit()
            leave.args[0].on = True
            self._exits.append(leave)
        _note_quiet(_entries.get())

    def _new_exit(self) -> partial[None]:
        """What leaves a new entry of this mode, which is there, but not yet on."""
        entry = Entry(self)
        leave = partial(_leave, entry, _home.set(None))
        entry.statement = weakref.ref(leave)
        quiet.set(_nothing)
        if self.asked_for:
            special.append(weakref.ref(entry, special.remove))
        _entries.set((*_existing(), entry))
        return leave

    def _leave_by_hand(self, *error: object) -> None:
        if not self._exits:
            raise RuntimeError(f"{type(self).__name__} is left, but was not entered")
        here = [leave for leave in self._exits if leave.args[0] in _entries.get()]
        leave = (here or self._exits)[-1]
        self._exits.remove(leave)
        leave(*error)

    if TYPE_CHECKING:

        def __exit__(self, *error: object) -> None: ...

    else:

        class __exit__:
            """A new one at every lookup. Looked up in the class, as `contextlib.ExitStack` does, it is for entries by hand."""

            def __get__(self, manager: mode | None, owner: type) -> Callable[..., None]:
                return mode._leave_by_hand if manager is None else manager._new_exit()

        __exit__ = __exit__()

    def __call__(self, function: F) -> F:
        import inspect  # here, for it takes a tenth of the time of the whole package

        within: Any
        if inspect.isgeneratorfunction(function):

            def within(*args: Any, **kwargs: Any) -> Any:
                return (yield from _resumed(self, function(*args, **kwargs)))

        elif inspect.iscoroutinefunction(function):

            async def within(*args: Any, **kwargs: Any) -> Any:
                return await _resumed(self, function(*args, **kwargs))

        elif inspect.isasyncgenfunction(function):
            within = _async_resumed(self, function)

        else:

            def within(*args: Any, **kwargs: Any) -> Any:
                with self:
                    result = function(*args, **kwargs)
                # of an object that is called, or of a function within another, only this tells what it is
                if inspect.isgenerator(result) or inspect.iscoroutine(result):
                    return _resumed(self, result)
                return _async_resumed(self, lambda: result)() if inspect.isasyncgen(result) else result

        return wraps(function)(within)  # type: ignore[return-value]


class no_grad(mode):
    """Within it, operations record nothing: their results are leaves. A context manager, and a decorator.

    >>> from autograd_lite import Value
    >>> x = Value(3.0)
    >>> with no_grad():
    ...     y = x * x
    >>> y.data, y.parents
    (9.0, ())
    """

    asked_for = True
    __module__ = "autograd_lite"


class detect_anomaly(mode):
    """Within it, the first value or adjoint that is infinite or nan raises FloatingPointError, also in `backward()`.

    The message names node, operation, operands, and the file and line that made the node. For finding a mistake: slow.

    >>> from autograd_lite import Value
    >>> x = Value(1e200, label="x")
    >>> with detect_anomaly():
    ...     y = x * x  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    FloatingPointError: mul gives inf for x = 1e+200 (node 'x'), y = 1e+200 (node 'x'), at ...
    """

    asked_for = True
    __module__ = "autograd_lite"


class differentiating(mode):
    """Within it runs a function whose derivatives are wanted: it is recorded, and copies depend on what they are copies of."""

    ends = no_grad


class as_ieee(mode):
    """Within it, operations are infinite or nan where else they raise, as IEEE 754 has it."""


def _leave(entry: Entry, home: Token[None], *error: object) -> None:
    if not entry.on:  # `__exit__` is called by hand
        return entry.mode._leave_by_hand(*error)
    rest = tuple([other for other in _entries.get() if other is not entry])
    quiet.set(_nothing)
    try:
        _home.reset(home)
    except ValueError:  # in another context than it was entered in, as a generator may be: it is over in every context
        entry.on = False
        _entries.set(rest)
    else:  # contexts copied from this one keep it
        _entries.set(rest)
        _note_quiet(rest)
        entry.statement = None


def _note_quiet(entries: tuple[Entry, ...]) -> None:
    if len(entries) == 1 and type(entries[0].mode) is no_grad and entries[0].on:
        quiet.set(entries[0].statement or _nothing)


def _existing() -> tuple[Entry, ...]:
    """The entries of this context, the innermost last. Those that an interrupt has left behind go."""
    entries = _entries.get()
    for entry in entries:
        if entry.statement is not None and entry.statement() is None:
            entries = tuple([entry for entry in entries if entry.statement is None or entry.statement() is not None])
            _entries.set(entries)
            break
    return entries


def current() -> set[type[mode]]:
    """The modes that this thread or task is in."""
    found: set[type[mode]] = set()
    for entry in _existing():
        if entry.on:
            kind = type(entry.mode)
            if kind.ends is not None:
                found.discard(kind.ends)
            found.add(kind)
    return found


def is_on(kind: type[mode]) -> bool:
    return kind in current()


def _async_resumed(within: mode, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function that makes an asynchronous generator, with each resumption of that within the mode."""

    async def resumed(*args: Any, **kwargs: Any) -> Any:
        generator = function(*args, **kwargs)
        try:
            response = await _resumed(within, generator.asend(None))
            while True:
                try:
                    request = yield response
                except BaseException as error:
                    response = await _resumed(within, generator.athrow(error))
                else:
                    response = await _resumed(within, generator.asend(request))
        except StopAsyncIteration:
            return

    return resumed


@coroutine
def _resumed(within: mode, generator: Any) -> Any:
    """The generator, or what is awaited, with each resumption of it within the mode."""
    try:
        with within:
            response = generator.send(None)
        while True:
            try:
                request = yield response
            except BaseException as error:
                with within:
                    response = generator.throw(error)
            else:
                with within:
                    response = generator.send(request)
    except StopIteration as stop:
        return stop.value
