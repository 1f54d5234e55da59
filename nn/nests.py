"""What comes from outside for a model's parameters or an optimizer's state: what it must be, and how it is taken over.

Parameters are nests of Values (see `autograd_lite.nests`), and nests of numbers are given for them. An entry of a state has a
kind: a function of the entry and the number of parameters that returns what is kept of it, a copy; its ValueError says what the
entry must be.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from numbers import Real
from reprlib import repr as shown
from typing import Any

from autograd_lite import Value, set_together
from autograd_lite.nests import is_array


def in_lists(nest: Any) -> Any:
    """The nest with lists in the place of tuples and arrays."""
    nest = nest.tolist() if is_array(nest) else nest
    return [in_lists(item) for item in nest] if isinstance(nest, (list, tuple)) else nest


def one_hot(place: int, size: int) -> list[float]:
    """`size` numbers: 1 at that place, 0 elsewhere. ValueError for a place that there is not."""
    if not 0 <= place < size:
        raise ValueError(f"{place} is not a place from 0 to {size - 1}")
    return [float(k == place) for k in range(size)]


def at_least_one(whose: str, what: str, number: Any) -> int:
    """The number. TypeError if it is no whole number, ValueError if it is 0 or less."""
    try:
        number = operator.index(number)
    except TypeError:
        raise TypeError(f"{whose} needs a whole number of {what}s, got {number!r:.60}") from None
    if number < 1:
        raise ValueError(f"{whose} needs at least one {what}, got {number}")
    return int(number)


def place_as_vector(item: Any, size: int) -> Any:
    """Of a whole number that stands for a place, the vector; anything else as it is."""
    try:
        return one_hot(operator.index(item), size)
    except TypeError:
        return item


def load_nests(
    what: str, nests: Mapping[str, Any], state: Any, strict: bool = True, others: Iterable[tuple[object, str, object]] = ()
) -> None:
    """Sets the data of the parameters in `nests` from the entries of `state`: all or none, as `Module.load_state_dict` has it.

    others: attributes that are set with them, as by `set_together`.
    """
    if not isinstance(state, Mapping):
        raise ValueError(f"these parameters do not fit {what}: they must be a dict, got {shown(state)}")
    problems = [f"missing {name!r}" for name in nests if name not in state] if strict else []
    problems += [f"unexpected {shown(name)}" for name in state if name not in nests] if strict else []
    new: dict[Value, float] = {}
    for name, nest in nests.items():
        if name in state:
            problems += _matched(name, nest, state[name], new)
    if problems:
        raise ValueError(f"these parameters do not fit {what}: {listed(problems)}")
    set_together(list(new), list(new.values()), *others)


def _matched(name: str, nest: Any, given: Any, new: dict[Value, float]) -> list[str]:
    """Puts the numbers given for a nest of parameters into `new`; returns what does not fit."""
    given = given.tolist() if is_array(given) else given
    if isinstance(nest, (list, tuple)):
        if not isinstance(given, (list, tuple)) or len(given) != len(nest):
            got = len(given) if isinstance(given, (list, tuple)) else type(given).__name__
            return [f"{name!r} needs a list of {len(nest)}, got {got}"]
        return [line for i, (item, x) in enumerate(zip(nest, given)) for line in _matched(f"{name}.{i}", item, x, new)]
    number = real(given)
    if not math.isfinite(number):
        what = f"{given!r:.60}" if isinstance(given, (float, str)) else f"a {type(given).__name__}"
        return [f"{name!r} needs a finite number, got {what}"]
    if new.setdefault(nest, number) != number:
        return [f"{name!r} is shared with another parameter, and has two values: {new[nest]} and {number}"]
    return []


def listed(problems: Sequence[str], most: int = 20) -> str:
    """The problems in a line; of very many the first, for a file may make as many as it likes."""
    return "; ".join([*problems[:most], *([f"and {len(problems) - most} more"] if len(problems) > most else [])])


# Kinds ----------------------------------------------------------------------------------------------------------------

Kind = Callable[[Any, int], Any]


def checked(state: Any, kinds: Mapping[str, Kind], count: int) -> dict[str, Any]:
    """The entries as they are kept. ValueError lists those that are missing, unexpected or not of their kind."""
    if not isinstance(state, Mapping):
        raise ValueError(f"it must be a dict, got {shown(state)}")
    problems = [f"missing {name!r}" for name in kinds if name not in state]
    problems += [f"unexpected {shown(name)}" for name in state if name not in kinds]
    kept = {}
    for name in kinds:
        if name in state:
            try:
                kept[name] = kinds[name](state[name], count)
            except ValueError as must_be:
                problems.append(f"{name} {must_be}, got {shown(state[name])}")
    if problems:
        raise ValueError(listed(problems))
    return kept


def real(thing: Any) -> float:
    """A real number as a float; nan for anything else."""
    if isinstance(thing, Real) and not isinstance(thing, bool):
        with suppress(OverflowError):
            return float(thing)
    return math.nan


def not_negative(thing: Any, count: int) -> float:
    number = real(thing)
    if not 0 <= number < math.inf:
        raise ValueError("must be a finite number of at least 0")
    return number


def share(thing: Any, count: int) -> float:
    number = not_negative(thing, count)
    if number > 1:
        raise ValueError("must be a number from 0 to 1")
    return number


def betas(thing: Any, count: int) -> tuple[float, ...]:
    numbers = tuple(map(real, thing)) if isinstance(thing, (list, tuple)) else ()
    if len(numbers) != 2 or not all(0 <= number < 1 for number in numbers):
        raise ValueError("are two numbers of at least 0 and below 1")
    return numbers


def flag(thing: Any, count: int) -> bool:
    if not isinstance(thing, bool):
        raise ValueError("must be True or False")
    return thing


def whole(thing: Any, count: int) -> int:
    if not isinstance(thing, int) or isinstance(thing, bool) or not 0 <= thing < 2**53:
        raise ValueError("must be a whole number from 0 to 2**53")
    return thing


def one_each(thing: Any, count: int) -> list[float]:
    numbers = list(map(real, thing)) if isinstance(thing, (list, tuple)) else []
    if len(numbers) != count or not all(map(math.isfinite, numbers)):
        raise ValueError(f"must be a list of {count} finite numbers")
    return numbers


def one_each_or_none(thing: Any, count: int) -> list[float]:
    return [] if isinstance(thing, list) and not thing else one_each(thing, count)


def squares(thing: Any, count: int) -> list[float]:
    numbers = one_each(thing, count)
    if min(numbers) < 0:
        raise ValueError(f"must be a list of {count} squares")
    return numbers
