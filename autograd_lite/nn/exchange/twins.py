"""Out of the classroom: a model's twin in PyTorch or JAX, on whole batches, with its source to read beside ours.

A cell's equations are not written a second time: they are read off the graph of one step of a cell with one input and one
unit, in which a weight with two indices stands for a matrix, so that ``W[0,0] * x`` becomes ``x @ W.T``. An activation is read
off its graph too. Both libraries run the same equations, and differ in a few lines around them.

The parameters keep the names of `state_dict`, but the neurons of a layer are the rows of one matrix, ``layers.0.weights``.
"""

from __future__ import annotations

import ast
import copy
import importlib
import itertools
import linecache
import weakref
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from autograd_lite import DomainError, Value, topological_order, trace
from autograd_lite.nests import leaves, mapped
from autograd_lite.ops import formula, operands

from ..dense import MLP, Layer, Neuron, prefix
from ..module import Module
from ..nests import load_nests
from ..recurrent.cells import Cell, GRUCell, LSTMCell, RNNCell
from ..recurrent.model import Readout, SequenceModel
from ..recurrent.networks import RNN, BidirectionalRNN, Recurrent, StackedRNN
from ..recurrent.units import set_parameters

# What stands around the equations: of a recurrent network in both libraries, and in each

RECURRENT = '''
def part(p, path):
    """The parameters below that path, by the rest of their names."""
    return {name.removeprefix(path): x for name, x in p.items() if name.startswith(path)}


def started(initial, x, units):
    """The states before the first step by name: what is given, else 0."""
    unknown = set(initial or ()) - set(units)
    if unknown:
        raise ValueError(f"unknown initial states {sorted(unknown)}: there are {', '.join(units)}")
    return {name: zeros(x, n) + (initial or {}).get(name, 0.0) for name, n in units.items()}

'''

TORCH_RECURRENT = '''
def inputs(x, W):
    """x; of whole numbers, for each the vector that is 1 at this place and 0 elsewhere."""
    return x if x.is_floating_point() else torch.nn.functional.one_hot(x, W.shape[1]).to(W.dtype)


def zeros(x, units):
    return x.new_zeros(*x.shape[:-2], units)


def unrolled(cell, p, x, states, names, reverse=False):
    """The first state, h, after each time step; in `states`, those of the cell become those after the last step."""
    state = [states[name] for name in names]
    times = range(x.shape[-2])
    outputs = []
    for t in reversed(times) if reverse else times:
        state = cell(p, x[..., t, :], *state)
        outputs.append(state[0])
    states.update(zip(names, state))
    return torch.stack(outputs[::-1] if reverse else outputs, -2)

'''

TORCH_MODULE = """

class Twin(torch.nn.Module):
    def __init__(self, parameters):
        super().__init__()
        for name, x in parameters.items():
            *path, last = name.split(".")
            module = self
            for key in path:
                if not hasattr(module, key):
                    module.add_module(key, torch.nn.Module())
                module = getattr(module, key)
            module.register_parameter(last, torch.nn.Parameter(torch.tensor(x, dtype=torch.float64)))

    def forward(self, *inputs, **options):
        return apply(dict(self.named_parameters()), *inputs, **options)
"""

TORCH_RUN = """
    def run(self, *inputs, **options):
        return run(dict(self.named_parameters()), *inputs, **options)
"""

JAX_RECURRENT = '''
def inputs(x, W):
    """x; of whole numbers, for each the vector that is 1 at this place and 0 elsewhere."""
    return x if jnp.issubdtype(x.dtype, jnp.floating) else jax.nn.one_hot(x, W.shape[1], dtype=W.dtype)


def zeros(x, units):
    return jnp.zeros((*x.shape[:-2], units), x.dtype)


def unrolled(cell, p, x, states, names, reverse=False):
    """The first state, h, after each time step; in `states`, those of the cell become those after the last step."""

    def step(state, x):
        state = cell(p, x, *state)
        return state, state[0]

    state, outputs = jax.lax.scan(step, tuple([states[name] for name in names]), jnp.moveaxis(x, -2, 0), reverse=reverse)
    states.update(zip(names, state))
    return jnp.moveaxis(outputs, 0, -2)

'''

CELLS = {RNNCell: "rnn_cell", GRUCell: "gru_cell", LSTMCell: "lstm_cell"}


class Library(NamedTuple):
    """What a library calls things."""

    imports: str
    modules: tuple[str, ...]
    """Where the functions of the rows are."""
    functions: dict[str, str]
    """Those that it lacks, or whose values or derivatives are not ours: abs'(0) is 0."""
    concatenate: str
    recurrent: str


LACKED = {
    "step(x)": "sign(relu(x))",
    "equal(x, y)": "where(x == y, 0 * x + 1, 0 * x)",
    "sech(x)": "1 / cosh(x)",
    "asin_slope(x)": "1 / sqrt((1 - x) * (1 + x))",
    "silu(x)": "x * sigmoid(x)",
    "mish(x)": "x * tanh(softplus(x))",
    "gelu(x)": "0.5 * x * erfc(-0.7071067811865476 * x)",
}
LIBRARIES = {
    "torch": Library(
        "import torch",
        ("torch",),
        LACKED
        | {
            "softplus(x)": "maximum(x, 0 * x) + log1p(exp(-abs(x)))",
            "cbrt(x)": "sign(x) * abs(x) ** (1 / 3)",
            "where(x, y, w)": "torch.where(x != 0, y, w)",
            "logsumexp(*x)": "torch.logsumexp(torch.stack(x), 0)",
            "max_(*x)": "torch.amax(torch.stack(x), 0)",
            "min_(*x)": "torch.amin(torch.stack(x), 0)",
        },
        "torch.cat",
        TORCH_RECURRENT,
    ),
    "jax": Library(
        "import jax\nimport jax.numpy as jnp",
        ("jax.numpy", "jax.nn", "jax.scipy.special"),
        LACKED
        | {
            "abs(x)": "x * sign(x)",
            "where(x, y, w)": "jnp.where(x != 0, y, w)",
            "logsumexp(*x)": "jax.nn.logsumexp(jnp.stack(x), 0)",
            "max_(*x)": "jnp.max(jnp.stack(x), 0)",
            "min_(*x)": "jnp.min(jnp.stack(x), 0)",
        },
        "jnp.concatenate",
        JAX_RECURRENT,
    ),
}


class JaxTwin:
    """A model in JAX: ``params, apply = to_jax(model)``."""

    def __init__(self, params: dict[str, Any], apply: Callable[..., Any], run: Callable[..., Any] | None, source: str) -> None:
        self.params = params
        """The parameters by name, arrays: a pytree."""
        self.apply = apply
        """``apply(params, x)``: the outputs. jit, grad, vmap and the rest of JAX take it."""
        self.run = run
        """Of a recurrent network, ``run(params, x, initial)``: the outputs, and the states after the last step by name."""
        self.source = source
        """The program that was executed to make the twin."""

    def __iter__(self) -> Iterator[Any]:
        return iter((self.params, self.apply))


def to_torch(model: Module) -> Any:
    """The twin of `model` as a `torch.nn.Module` in doubles; ``twin.source`` is the program that was executed to make it.

    model: an MLP, a cell, a recurrent network or a SequenceModel (a cell stands for its `RNN`). ``twin(x)`` gives the outputs.
    x: of shape (..., n_in); for a recurrent network (..., T, n_in), or (..., T) of whole numbers, each the place of a 1 among
    zeros. The axes before these are the batch. A recurrent network takes ``initial``, its states by name, of shape (..., d), and
    ``twin.run(x, initial)`` gives its outputs and the states after the last step. The parameters are named as in `state_dict`,
    but the neurons of a layer are the rows of one matrix, ``layers.0.weights``. `from_twin` brings them back.

    ImportError without PyTorch (the extra `torch`). ValueError for another model, a subclass with a forward of its own, for
    parameters of which two share a Value, and for an activation that branches on its data.
    """
    arrays = parameter_lists(model)
    names, source = _executed(model, "torch")
    twin = names["Twin"](arrays)
    twin.source = source
    return twin


def to_jax(model: Module) -> JaxTwin:
    """The twin of `model` in JAX: its parameters as arrays by name, and a pure function ``apply(params, x, initial=None)``.

    Shapes, names and errors are those of `to_torch`. For doubles, first call ``jax.config.update("jax_enable_x64", True)``; else
    JAX warns, and rounds to single precision.

    ImportError without JAX (the extra `jax`).
    """
    arrays = parameter_lists(model)
    names, source = _executed(model, "jax")
    params = {name: names["jnp"].asarray(numbers, dtype="float64") for name, numbers in arrays.items()}
    return JaxTwin(params, names["apply"], names.get("run"), source)


def from_twin(model: Module, params: Mapping[str, Any]) -> None:
    """Sets the parameters of `model` from its twin's: ``twin.state_dict()``, or JAX's arrays. All, or on ValueError none."""
    load_nests(f"this {type(model).__name__}", parameter_nests(model), params)


def parameter_lists(model: Module) -> dict[str, Any]:
    """The parameters as a twin has them: nested lists of numbers by name."""
    return {name: mapped(lambda value: value.data, nest) for name, nest in parameter_nests(model).items()}


def parameter_nests(model: Module) -> dict[str, Any]:
    """The same as Values. ValueError where the twin would train apart what is one parameter here, or leave one out."""
    nests: dict[str, Any] = {}
    if isinstance(model, MLP):
        for k, layer in enumerate(model.layers):
            biases = [neuron.bias for neuron in layer.neurons]
            nests[f"layers.{k}.weights"] = [neuron.weights for neuron in layer.neurons]
            nests[f"layers.{k}.bias"] = biases[0] if len(set(biases)) < len(biases) else biases
    else:
        nests = dict(model._nests())
    values = leaves(nests)
    if len(set(values)) < len(values) or set(values) != set(model.parameters()):
        raise ValueError(
            f"this {type(model).__name__} has no twin: each parameter must be in one place (but a layer's units may share a bias)"
        )
    return nests


# The source ----------------------------------------------------------------------------------------------------------


_serial = itertools.count(1)


def _executed(model: Module, library: str) -> tuple[dict[str, Any], str]:
    """The names that the source of the twin defines, and the source itself, which debuggers and tracebacks show."""
    source = twin_source(model, library)
    name = f"<{library} twin {next(_serial)}>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    names: dict[str, Any] = {"__name__": "twin"}
    exec(compile(source, name, "exec"), names)
    weakref.finalize(names["apply"], linecache.cache.pop, name, None).atexit = False
    return names, source


def twin_source(model: Module, library: str) -> str:
    """The program of the twin: ``apply(p, x)`` of a dict p of arrays; for PyTorch also the module that holds them.

    library: "torch" or "jax". ImportError where it is not installed.
    """
    spelled = LIBRARIES[library]
    try:
        modules = {name: importlib.import_module(name) for name in spelled.modules}
    except ImportError as error:
        raise ImportError(f"a twin in {library} needs {library}: pip install 'autograd_lite[{library}]' ({error})") from error
    if _has(model, MLP):
        body, around = _mlp(model), ""
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


def _has(thing: Any, kind: type) -> bool:
    """Whether it is of that kind, and computes what that kind computes."""
    computing = [name for name in ("__call__", "forward", "run", "net", "_net", "_unroll") if hasattr(kind, name)]
    return isinstance(thing, kind) and all(getattr(type(thing), name) is getattr(kind, name) for name in computing)


def _function(name: str, parameters: str, lines: list[str], about: str = "") -> str:
    text = [f'"""{about}"""'] if about else []
    return f"\ndef {name}({parameters}):\n" + "".join([f"    {line}\n" for line in text + lines])


def _mlp(model: Module) -> str:
    lines, out = [], "x"
    for k, layer in enumerate(model.layers):  # type: ignore[attr-defined]
        neurons = layer.neurons
        activate = neurons[0]._activate
        if not _has(layer, Layer) or not all(_has(neuron, Neuron) and neuron._activate == activate for neuron in neurons):
            raise ValueError(f"layer {k} has no twin: its units differ, or are of a kind with a forward of its own")
        name = prefix(k + 1, len(model.layers)).rstrip("_")  # type: ignore[attr-defined]
        net = f"net_{name}"
        lines.append(f"{net} = {out} @ p['layers.{k}.weights'].T + p['layers.{k}.bias']")
        softmax = [f"out_{name} = softmax({net}, -1)"]
        added = softmax if layer.activation == "softmax" else _activation(activate, net, f"out_{name}")
        lines += added
        out = f"out_{name}" if added else net
    return _function("apply", "p, x", [*lines, f"return {out}"], "x: (..., n_in). The outputs, (..., n_out).")


def _activation(activate: Callable[[Value], Value], net: str, out: str) -> list[str]:
    """The equations of an activation. ValueError if they are others at other points."""
    why = ""
    for number in (0.5, -0.5, 3.0, -3.0):
        try:
            output, inputs = trace(activate, [number])
            return _equations({out: output}, {x: ast.Name(net) for x in inputs.values()})
        except (DomainError, ArithmeticError) as error:
            why = str(error)
        except ValueError as error:
            why = f"its graph is another at other points: {error}"
            break
    raise ValueError(f"the activation {activate!r:.60} has no twin: {why}")


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
        if _has(part, RNN):
            cell: Cell = part.cell  # type: ignore[attr-defined]
            equations = _cell(cell)
            known = sum(name.startswith(CELLS[type(cell)]) for name in functions.values())
            function = functions.setdefault(equations, CELLS[type(cell)] + (f"_{known + 1}" if known else ""))
            names = part.state_names(layer)
            units.update(dict.fromkeys(names, cell.n_hidden))
            path = paths[id(cell)]
            first.append(f"p[{path + next(iter(cell.shapes()))!r}]")
            parameters = f"part(p, {path!r})" if path else "p"
            lines.append(f"{out} = unrolled({function}, {parameters}, {x}, states, {names}{', reverse=True' * reverse})")
        elif _has(part, StackedRNN):
            for inner, name in part._parts(layer):
                x = layers(inner, name, x, reverse)
            out = x
        elif _has(part, BidirectionalRNN):
            (ahead, name), (back, name_back) = part._parts(layer)
            both = layers(ahead, name, x, reverse), layers(back, name_back, x, not reverse)
            lines.append(f"{out} = {concatenate}([{', '.join(both)}], -1)")
        else:
            raise ValueError(f"a {type(part).__name__} has no twin: it is none of nn's networks, or has a forward of its own")
        return out

    out = layers(network, "", "x", False)
    if isinstance(model, SequenceModel):
        if not _has(model, SequenceModel) or not _has(model.readout, Readout):
            raise ValueError(f"a {type(model).__name__} with a forward of its own has no twin")
        lines.append(f"y = {out} @ p['readout.Wy'].T + p['readout.by']")
        out = "y"
    start = [f"x = inputs(x, {first[0]})", f"states = started(initial, x, {units})"]
    about = "x: (..., T, n_in). The outputs, (..., T, n_out), and the states after the last step by name."
    run = _function("run", "p, x, initial=None", [*start, *lines, f"return {out}, states"], about)
    apply = _function("apply", "p, x, initial=None", ["return run(p, x, initial)[0]"], "The outputs of `run`.")
    return "\n".join([*[text.replace("def cell(", f"def {name}(") for text, name in functions.items()], run, apply])


def _cell(cell: Cell) -> str:
    """The function of a cell's step, from its graph for one input and one unit. ValueError for a kind that is not nn's."""
    if not any(_has(cell, kind) for kind in CELLS):
        raise ValueError(f"a {type(cell).__name__} has no twin: it is none of nn's cells, or has a forward of its own")
    small = copy.copy(cell)
    small.n_in = small.n_hidden = 1
    set_parameters(small, small.shapes(), {}, "uniform", 0)
    x, states = Value(0.5), {name: [Value(0.5)] for name in cell.states}
    symbols: dict[Value, ast.expr] = {x: ast.Name("x")}
    symbols |= {unit: ast.Name(f"{name}_before") for name, (unit,) in states.items()}
    for name, shape in small.shapes().items():
        parameter = _expression(f"p[{name!r}]")
        row = getattr(small, name)[0]
        symbols[row if len(shape) == 1 else row[0]] = parameter if len(shape) == 1 else ast.Attribute(parameter, "T")
    found = small([x], states)
    lines = _equations({name: unit for name, (unit,) in found.items()}, symbols)
    before = ", ".join([f"{name}_before" for name in cell.states])
    after = ", ".join(cell.states)
    return _function("cell", f"p, x, {before}", [*lines, f"return {after}" + "," * (len(cell.states) == 1)])


# Equations -----------------------------------------------------------------------------------------------------------


def _equations(named: Mapping[str, Value], symbols: dict[Value, ast.expr]) -> list[str]:
    """A line for each named node, in order, and for each that is used twice; `symbols` is what stands for some leaves."""
    names = {node: name for name, node in named.items()}
    order = dict.fromkeys([node for output in named.values() for node in topological_order(output)])
    uses = Counter([parent for node in order for parent in node.parents])
    lines: list[str] = []
    for node in order:
        if node in symbols:
            continue
        expression: ast.expr = ast.Constant(node.data)
        if node.parents:
            letters = operands(node.op, len(node.parents))
            substitution = dict(zip(letters, [symbols[parent] for parent in node.parents]))
            expression = _Substituted(substitution).visit(_expression(formula(node.op, len(node.parents))))
            if node in names or uses[node] > 1:
                name = names.get(node, f"t{len(lines) + 1}")
                lines.append(f"{name} = {ast.unparse(ast.fix_missing_locations(expression))}")
                expression = ast.Name(name)
        symbols[node] = expression
    return lines


class _Substituted(ast.NodeTransformer):
    """Puts expressions in the place of letters. A transposed matrix times x becomes ``x @ W.T``."""

    def __init__(self, letters: Mapping[str, ast.expr]) -> None:
        self.letters = letters

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self.letters.get(node.id, node)

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        left, right = self.visit(node.left), self.visit(node.right)
        if isinstance(left, ast.Attribute):
            return ast.BinOp(right, ast.MatMult(), left)
        return ast.BinOp(left, node.op, right)

    def visit_Call(self, node: ast.Call) -> ast.expr:
        arguments = [self.visit(argument) for argument in node.args]
        arrays = [argument for argument in arguments if any(isinstance(part, ast.Name) for part in ast.walk(argument))]
        if arrays and ast.unparse(node.func) != "pow":  # a function of two arrays
            full = ast.Name("full_like")
            arguments = [x if x in arrays else ast.Call(full, [arrays[0], x], []) for x in arguments]
        return ast.Call(node.func, arguments, [])


def _expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body
