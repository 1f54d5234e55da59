"""What recurrent networks are made of: units at a time step, labelled and with their part in pictures, and their parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from autograd_lite import Scope, Value
from autograd_lite.nests import leaves

from ..dense import Layer
from ..leaves import Rng, as_parameter, initialisation, new_rng
from ..module import Module, new_scope

Units = list[Value]
State = dict[str, Units]


class Place(NamedTuple):
    """Where in a network a node is made: the name of its layer, the time step, and its part in pictures."""

    layer: str
    t: int
    scope: Scope


def place(t: int, layer: str = "") -> Place:
    """The place of a time step, in a layer if it has a name."""
    scope = Scope(f"t = {t}", time=t)
    return Place(layer, t, Scope(f"layer {layer}", scope) if layer else scope)


def labelled(name: str, units: Units, at: Place) -> Units:
    """The units, labelled ``name_t[0]``, ``name_t[1]``, ..., and with their part in pictures and their role in it."""
    role = name + at.layer
    scope, name = at.scope._replace(role=role), f"{role}_{at.t}["
    for j, unit in enumerate(units):
        unit.label = f"{name}{j}]"
        unit.scope = scope
    return units


def over_time(module: Any, role: str) -> Any:
    """The module, which is used at every time step: in pictures the units of its layers are vectors, and its parameters have a
    part of their own outside of time. TypeError unless it is a `Module`."""
    if not isinstance(module, Module):
        raise TypeError(f"the {role} is a Module, such as an MLP, got {module!r:.60}")
    for layer in module.modules():
        if isinstance(layer, Layer):
            layer.as_vector()
    part = new_scope(f"parameters of the {role}")
    for name, nest in module.named_arrays().items():
        _in(Scope(name, part, role=name), leaves(nest))
    return module


def made_by(module: Module, inputs: Any, at: Place, name: str, outputs_at: Place | None = None) -> Units:
    """What a module of any kind makes of its inputs at a time step, named: its parts lie within that place in pictures, the
    outputs at another if one is given, and the labels between end in the time."""
    made = module(inputs)
    outputs = [made] if isinstance(made, Value) else made
    if not isinstance(outputs, (list, tuple)) or not outputs or not all([isinstance(unit, Value) for unit in outputs]):
        raise TypeError(f"a {type(module).__name__} within a network makes a list of Values, got {made!r:.60}")
    seen = set(leaves(inputs))
    if seen.isdisjoint(outputs) and all([unit.parents for unit in outputs]):
        labelled(name, list(outputs), outputs_at or at)
    pending = list(outputs)
    while pending:
        node = pending.pop()
        if node in seen or not node.parents:
            continue
        seen.add(node)
        pending += node.parents
        scope = getattr(node, "scope", None)
        if scope is not None and all([part.time is None for part in scope.path]):
            node.scope = _within(at.scope, scope)
            node.label = f"{node.label}{'_' * bool(at.layer)}{at.layer}_{at.t}" if node.label else ""
    return list(outputs)


def _within(part: Scope, scope: Scope) -> Scope:
    """The scope, with its outermost part in that one."""
    for inner in scope.path:
        part = inner._replace(parent=part)
    return part


def set_parameters(module: Module, shapes: Mapping[str, tuple[int, ...]], given: Mapping[str, Any], init: str, rng: Rng) -> None:
    """Gives the module an attribute for each name: a list, or a list of rows, of the numbers or Values given, or drawn."""
    unknown = set(given) - set(shapes)
    if unknown:
        raise ValueError(f"unknown parameters {sorted(unknown)}: there are {', '.join(shapes)}")
    draw, rng = initialisation(init), new_rng(rng)
    part = new_scope(f"parameters of the {type(module).__name__}")
    for name, shape in shapes.items():
        scope = Scope(name, part, role=name)
        rows = [f"{name}[{i}" for i in range(shape[0])]
        if len(shape) == 1:
            numbers = given.get(name, [0.0] * shape[0])
            _check_length(name, numbers, shape[0])
            setattr(module, name, _in(scope, [as_parameter(x, f"{row}]") for row, x in zip(rows, numbers)]))
            continue
        drawn = [[draw(rng, shape[1], shape[0]) for _ in range(shape[1])] for _ in rows]
        matrix = given.get(name, drawn)
        _check_length(name, matrix, shape[0])
        for numbers in matrix:
            _check_length(name, numbers, shape[1])
        nest = [[as_parameter(x, f"{row},{j}]") for j, x in enumerate(r)] for row, r in zip(rows, matrix)]
        setattr(module, name, [_in(scope, row) for row in nest])


def _in(scope: Scope, units: Units) -> Units:
    """The units, those of no part before now of this one."""
    for unit in units:
        if not hasattr(unit, "scope"):
            unit.scope = scope
    return units


def _check_length(name: str, numbers: Sequence[Any], length: int) -> None:
    if len(numbers) != length:
        raise ValueError(f"the parameter {name!r} needs {length} numbers or rows of numbers here, got {len(numbers)}")
