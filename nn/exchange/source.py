"""The program of a twin.

A cell's equations are not written a second time: they are read off the graph of one step of a cell with one input and one
unit, in which a weight with two indices stands for a matrix, so that ``W[0,0] * x`` becomes ``x @ W.T``. An activation is read
off its graph too. Both libraries run the same equations, and differ in a few lines around them.
"""

from __future__ import annotations

import ast
import copy
import importlib
from typing import Any

from autograd_lite import Value

from ..dense import MLP
from ..layers import Part, Sequential
from ..module import Module
from ..recurrent.cells import Cell
from ..recurrent.model import SequenceModel
from ..recurrent.networks import RNN, BidirectionalRNN, Recurrent, StackedRNN
from ..recurrent.units import set_parameters
from .equations import equations, expression
from .feed_forward import activation, feed_forward
from .kinds import computes_as, declared
from .libraries import LIBRARIES, RECURRENT, TORCH_MODULE, TORCH_RUN
from .transformers import KINDS, transformer


def twin_source(model: Module, library: str) -> str:
    """The program of the twin: ``apply(p, x)`` of a dict p of arrays; for PyTorch also the module that holds them.

    library: "torch" or "jax". ImportError where it is not installed.
    """
    spelled = LIBRARIES[library]
    try:
        modules = {name: importlib.import_module(name) for name in spelled.modules}
    except ImportError as error:
        raise ImportError(f"a twin in {library} needs {library}: pip install 'autograd_lite[{library}]' ({error})") from error
    if computes_as(model, MLP) or isinstance(model, (Part, Sequential)):
        lines, out = feed_forward(model, "", "x")
        about = "x: of any axes before those of the layers: (..., n_in). The outputs, (..., n_out)."
        body, around = _function("apply", "p, x", [*lines, f"return {out}"], about), ""
    elif isinstance(model, KINDS):
        body, around = transformer(model, activation), ""
    else:
        body, around = _recurrent(model, spelled.concatenate), RECURRENT + spelled.recurrent
    used, helpers = _called(body), ""
    for signature, formula_of_it in spelled.functions.items():
        if signature.partition("(")[0] in used:
            helpers += f"\ndef {signature}:\n    return {formula_of_it}\n\n"
            used |= _called(formula_of_it)
    used -= _defined(helpers + around + body)
    imports = [spelled.imports]
    for place, module in modules.items():
        if found := sorted(name for name in used if hasattr(module, name)):
            imports.append(f"from {place} import {', '.join(found)}")
            used -= set(found)
    if used:
        raise ValueError(f"{library} has no function for {', '.join(sorted(used))}, which an activation needs")
    holder = "" if library == "jax" else TORCH_MODULE + TORCH_RUN * bool(around)
    shown = "\n".join([f"# {ascii(line)[1:-1]}" for line in f"The twin of\n{model!r}".split("\n")])
    return f"{shown}\n\n" + "\n".join(imports) + f"\n\n{helpers}{around}{body}{holder}"


def _called(source: str) -> set[str]:
    calls = [node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return {call.id for call in calls if isinstance(call, ast.Name)}


def _defined(source: str) -> set[str]:
    return {node.name for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)}


def _function(name: str, parameters: str, lines: list[str], about: str = "") -> str:
    text = [f'"""{about}"""'] if about else []
    return f"\ndef {name}({parameters}):\n" + "".join([f"    {line}\n" for line in text + lines])


def _recurrent(model: Module, concatenate: str) -> str:
    """The functions of the cells, and ``run`` and ``apply``."""
    network: Any = model.network if isinstance(model, SequenceModel) else RNN(model) if isinstance(model, Cell) else model
    paths = {id(thing): f"{name}." for name, thing in model._walk() if isinstance(thing, Module)} | {id(model): ""}
    functions: dict[str, str] = {}
    units: dict[str, int] = {}
    lines: list[str] = []
    first: list[str] = []

    def layers(part: Recurrent, layer: str, x: str, reverse: bool) -> str:
        """Adds the lines of a network that reads `x`, and returns the name of its outputs."""
        out = f"out{layer.replace('.', '_')}"
        if computes_as(part, RNN):
            cell: Cell = part.cell  # type: ignore[attr-defined]
            text = _cell(cell)
            known = sum(name.startswith(cell.twin) for name in functions.values())
            function = functions.setdefault(text, cell.twin + (f"_{known + 1}" if known else ""))
            names = part.state_names(layer)
            units.update(dict.fromkeys(names, cell.n_hidden))
            path = paths[id(cell)]
            first.append(path + next(iter(cell.shapes())))
            parameters = f"part(p, {path!r})" if path else "p"
            lines.append(f"{out} = unrolled({function}, {parameters}, {x}, states, {names}{', reverse=True' * reverse})")
        elif computes_as(part, StackedRNN):
            for inner, name in part._parts(layer):
                x = layers(inner, name, x, reverse)
            out = x
        elif computes_as(part, BidirectionalRNN):
            (ahead, name), (back, name_back) = part._parts(layer)
            both = layers(ahead, name, x, reverse), layers(back, name_back, x, not reverse)
            lines.append(f"{out} = {concatenate}([{', '.join(both)}], -1)")
        else:
            raise ValueError(f"a {type(part).__name__} has no twin: it is none of nn's networks, or has a forward of its own")
        return out

    if isinstance(model, SequenceModel) and not computes_as(model, SequenceModel):
        raise ValueError(f"a {type(model).__name__} with a forward of its own has no twin")
    encoder = model.encoder if isinstance(model, SequenceModel) else None
    before, x = ([], "x") if encoder is None else feed_forward(encoder, paths[id(encoder)], "x", "encoder_")
    out = layers(network, "", x, False)
    if encoder is None:
        before = [f"x = inputs(x, p[{first[0]!r}])"]
    after: list[str] = []
    if isinstance(model, SequenceModel):
        after, out = feed_forward(model.readout, paths[id(model.readout)], out, "" if encoder is None else "readout_")
    body = [*before, f"states = started(initial, {x}, {units})", *lines, *after, f"return {out}, states"]
    about = "x: (..., T, n_in). The outputs, (..., T, n_out), and the states after the last step by name."
    run = _function("run", "p, x, initial=None", body, about)
    apply = _function("apply", "p, x, initial=None", ["return run(p, x, initial)[0]"], "The outputs of `run`.")
    return "\n".join([*[text.replace("def cell(", f"def {name}(") for text, name in functions.items()], run, apply])


def _cell(cell: Cell) -> str:
    """The function of a cell's step, from its graph for one input and one unit. ValueError for a cell that declares none."""
    if not declared(cell, "twin"):
        raise ValueError(f"a {type(cell).__name__} has no twin: the class that has its forward declares none")
    small = copy.copy(cell)
    small.n_in = small.n_hidden = 1
    small.transition = None
    set_parameters(small, small.shapes(), {}, "uniform", 0)
    x, states = Value(0.5), {name: [Value(0.5)] for name in cell.states}
    symbols: dict[Value, ast.expr] = {x: ast.Name("x")}
    symbols |= {unit: ast.Name(f"{name}_before") for name, (unit,) in states.items()}
    for name, shape in small.shapes().items():
        parameter = expression(f"p[{name!r}]")
        row = getattr(small, name)[0]
        symbols[row if len(shape) == 1 else row[0]] = parameter if len(shape) == 1 else ast.Attribute(parameter, "T")
    found = small([x], states)
    inner = {"h": "a"} if cell.transition is not None else {}
    lines = equations({inner.get(name, name): unit for name, (unit,) in found.items()}, symbols)
    if cell.transition is not None:
        added, out = feed_forward(cell.transition, "transition.", "a", "transition_")
        lines += [*added, f"h = {out}"]
    before = ", ".join([f"{name}_before" for name in cell.states])
    after = ", ".join(cell.states)
    return _function("cell", f"p, x, {before}", [*lines, f"return {after}" + "," * (len(cell.states) == 1)])
