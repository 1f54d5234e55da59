"""Derivations as a textbook prints them: symbolic = with the numbers in = result, for any graph."""

from __future__ import annotations

import math
from collections.abc import Collection, Container, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from ..backprop import check_recorded, gradient, topological_order
from ..value import Value
from .notation import Expression, Indexed, Notation, Partial, number, product, symbol, total, value_of

# A product of more factors, a chain of more nodes without a label, is cut in two equations
LONGEST_PRODUCT = 6
LONGEST_CHAIN = 3
LONGEST_SIDE = 50
LARGEST_INLINED = 4


class Equation(NamedTuple):
    """left = symbolic = symbolic with numbers = result. Without a formula (None) the result is a convention of the engine."""

    left: Expression
    symbolic: Expression | None
    result: float
    digits: int | None


class Derivation:
    """Equations in sections, each with a heading. `text`, `latex`, `markdown` and `mathml` write it; Jupyter shows it."""

    def __init__(self, notation: Notation, sections: Sequence[tuple[str, list[Equation]]]) -> None:
        self.notation = notation
        self.sections = [(heading, equations) for heading, equations in sections if equations]

    def _rows(self, equations: list[Equation], form: str) -> list[list[str]]:
        """Of each equation, what stands between its equals signs."""
        write, rows = self.notation.write, []
        for left, symbolic, result, digits in equations:
            sides = [write(left, form)]
            if symbolic is not None:
                sides += [write(symbolic, form), write(symbolic, form, values=True, digits=digits)]
            sides.append(write(number(result), form, digits=digits))
            rows.append([side for side, before in zip(sides, ["", *sides]) if side != before])
        return rows

    def text(self) -> str:
        """Plain text: an equation a line, with the operators and functions of Python on the side of the numbers."""
        lines = []
        for heading, equations in self.sections:
            rows = self._rows(equations, "text")
            width = max([len(row[0]) for row in rows if len(row[0]) <= 40], default=0)
            lines += [f"\n{heading}"] if heading else []
            lines += [" = ".join([row[0].ljust(width), *row[1:]]) for row in rows]
        return "\n".join(lines).lstrip("\n")

    def latex(self) -> str:
        r"""One ``$$\begin{aligned} ... \end{aligned}$$`` for all equations."""
        return self._aligned([equation for _, equations in self.sections for equation in equations])

    def markdown(self) -> str:
        """The equations in LaTeX, the headings between them as text."""
        return "\n\n".join([part for heading, equations in self.sections for part in (heading, self._aligned(equations)) if part])

    def mathml(self) -> str:
        """MathML for HTML pages, without a library."""
        parts = []
        for heading, equations in self.sections:
            rows = [
                f'<mtr><mtd style="text-align:right">{left}</mtd><mtd style="text-align:left"><mo>=</mo>'
                f"{'<mo>=</mo>'.join(sides)}</mtd></mtr>"
                for left, *sides in self._rows(equations, "mathml")
            ]
            parts += [f"<p>{heading}</p>"] * bool(heading) + [
                f'<math display="block"><mtable displaystyle="true">{"".join(rows)}</mtable></math>'
            ]
        return "\n".join(parts)

    def _aligned(self, equations: list[Equation]) -> str:
        lines = []
        for left, first, *others in self._rows(equations, "latex"):
            lines.append(f"{left} &= {first}" + (r" \\ &= " + " = ".join(others) if others else ""))
        return "$$\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}$$"

    def _repr_markdown_(self) -> str:
        return self.markdown()

    def _repr_latex_(self) -> str:
        return self.latex()

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return self.text()


def explain(output: Value, wrt: Value | None = None, form: str = "partials", digits: int = 9) -> Derivation:
    """The derivation of the derivative of `output` by `wrt`, with the numbers in; of a node alone, its operation.

    The first equation is the one asked for. Each further one explains a factor of one above it: a derivative is the product
    of those along its path, or the sum over its paths; a node without a label is written as its formula, or, where that is
    long, named v1, v2, .... Their number grows with the nodes on the way, not with the paths. Of a node alone: its formula,
    and its local derivative by each operand.

    form: "delta" is for a multilayer perceptron: the error terms delta of every unit, from the last layer to the first, and
    the derivatives by the weights and biases (by `wrt` alone, if it is given), in the letters of the delta form.
    digits: decimals, 1 to 17; small and large numbers have as many significant digits, and an equation that does not come
    out with so few has all digits.

    Grads are neither needed nor changed. ValueError for another form or number of digits, or where the delta form does not
    apply; RuntimeError if data on the way has changed since the forward pass.

    >>> x, w = Value(2.0, "x"), Value(-0.5, "w")
    >>> y = (w * x).tanh()
    >>> y.label = "y"
    >>> print(explain(y, w))
    ∂y/∂w = (1 - y**2) * x = (1 - (-0.761594156)**2) * 2 = 0.839948683
    <BLANKLINE>
    with
    y = tanh(w * x) = tanh((-0.5) * 2) = -0.761594156
    """
    for name, node in (("output", output), ("wrt", wrt)):
        if not isinstance(node, Value) and (node is not None or name == "output"):
            raise TypeError(f"explain needs a Value as {name}, got {type(node).__name__} {node!r:.60}")
    if form not in ("partials", "delta"):
        raise ValueError(f"a derivation has the form 'partials' or 'delta', not {form!r}")
    if isinstance(digits, bool) or not isinstance(digits, int) or not 1 <= digits <= 17:
        raise ValueError(f"digits is a whole number from 1 to 17, got {digits!r}")
    if form == "delta":
        return _delta_form(output, wrt, digits)
    return _node(output, digits) if wrt is None else _Paths(output, wrt, digits).derivation()


def _node(node: Value, digits: int) -> Derivation:
    """A node's own operation and local derivatives."""
    order = topological_order(node)
    notation = Notation(order, digits, _inlined(order, {node, *node.parents}))
    if not node.parents:
        return Derivation(notation, [("", [Equation(symbol(node), None, node.data, digits)])])
    check_recorded(node)
    unlabelled = [parent for parent in dict.fromkeys(node.parents) if parent.parents and not parent.label]
    return Derivation(
        notation,
        [
            ("", [forward(notation, node)]),
            ("local derivatives", _local_derivatives(notation, node)),
            ("with", [forward(notation, parent) for parent in unlabelled]),
        ],
    )


def _inlined(order: Sequence[Value], named: Collection[Value], way: Container[Value] = ()) -> set[Value]:
    """The nodes without a name: those without a label that are small, but for the ones in `named`.

    Along the `way` of a derivation no more than `LONGEST_CHAIN` follow one another.
    """
    inlined: set[Value] = set()
    size: dict[Value, int] = {}
    length: dict[Value, int] = {}
    for node in order:
        parents = node.parents
        size[node] = 1 + sum([size[parent] for parent in parents])
        length[node] = 1 + max([length[parent] for parent in parents], default=0) if node in way else 0
        is_small = max(size[node], len(parents)) <= LARGEST_INLINED and length[node] <= LONGEST_CHAIN
        if parents and not node.label and node not in named and is_small:
            inlined.add(node)
        else:
            size[node] = length[node] = 0
    return inlined


def _local_derivatives(notation: Notation, node: Value) -> list[Equation]:
    equations = []
    for parent, places in _operands(node).items():
        if parent.op != "const":
            left = _partial(notation, node, parent, sum([node.local_derivatives[i] for i in places]))
            equations.append(equation(notation, left, *_local(notation, node, places)))
    return equations


def _operands(node: Value) -> dict[Value, list[int]]:
    """The operands of a node, each with its places among the parents."""
    places: dict[Value, list[int]] = {}
    for i, parent in enumerate(node.parents):
        places.setdefault(parent, []).append(i)
    return places


def _partial(notation: Notation, top: Value, bottom: Value, result: float) -> Expression:
    notation.numbers[Partial(top, bottom)] = result
    return symbol(Partial(top, bottom))


def forward(notation: Notation, node: Value) -> Equation:
    """The equation of an interior node's value."""
    return equation(notation, symbol(node), [notation.formula(node)], node.data)


def _local(notation: Notation, node: Value, places: Sequence[int]) -> tuple[Iterator[Expression], float]:
    """The derivative of a node by an operand at these places: its forms, the textbook's first, and the number."""
    derivatives = node.local_derivatives
    return (_rule(notation, node, places, textbook) for textbook in (True, False)), sum([derivatives[i] for i in places])


def _rule(notation: Notation, node: Value, places: Sequence[int], textbook: bool) -> Expression:
    return total([notation.local_derivative(node, i, textbook) for i in places])


def equation(notation: Notation, left: Expression, forms: Iterable[Expression], result: float) -> Equation:
    """The equation with the first form that comes out with the numbers as they are written, else with all digits."""
    tried: list[Expression] = []
    for digits, untried in ((notation.digits, forms), (None, tried)):
        for form in untried:
            if _comes_out(notation, form, result, digits):
                return Equation(left, form, result, digits)
            if digits is not None:
                tried.append(form)
    return Equation(left, None, result, notation.digits)


def _comes_out(notation: Notation, form: Expression, result: float, digits: int | None) -> bool:
    try:
        found = value_of(form, lambda thing: notation.number_of(thing, digits))
    except (ValueError, ArithmeticError):
        return False
    shown = notation.number_of(result, digits)
    tolerance = abs(shown) * (1e-9 if digits is None else 10.0 ** (2 - digits))
    if digits is not None and abs(shown) >= 10.0 ** -(digits // 2):  # written with so many decimals
        tolerance = max(tolerance, 2 * 10.0**-digits)
    return found == shown or abs(found - shown) <= tolerance


# Along the paths -----------------------------------------------------------------------------------------------------

# A term of a sum: its factors, each the partial derivative of another equation or the local derivative (node, places)
Term = list[Any]


class _Paths:
    """The nodes between `wrt` and `output`, and the equations that the derivative is put together from.

    A node's consumers on the way are the nodes that it is an operand of. All paths from a node to the output meet again at
    its *meeting* (its immediate post-dominator): the derivative by it is the one by its meeting times that of the meeting by
    it, and the latter is the sum over the consumers, or the chain of local derivatives if there is only one.
    """

    def __init__(self, output: Value, wrt: Value, digits: int) -> None:
        self.output, self.wrt = output, wrt
        self.order = topological_order(output)
        self.place = {node: k for k, node in enumerate(self.order)}
        self.consumers: dict[Value, list[tuple[Value, list[int]]]] = {wrt: []}
        for node in self.order:
            for parent, places in _operands(node).items():
                if parent in self.consumers and node is not wrt:
                    self.consumers.setdefault(node, [])
                    self.consumers[parent].append((node, places))
        self.way = [node for node in self.order if node in self.consumers]
        for node in self.way:
            if node is not wrt:
                check_recorded(node)
        self.meeting: dict[Value, Value] = {}
        self._find_meetings()
        self.notation = Notation(self.order, digits, self._nameless())
        self.asked: set[Partial] = set()
        self.side: dict[Partial, Value] = {}  # of a derivative along one of several ways: the consumer that it begins with

    def derivation(self) -> Derivation:
        if self.output is self.wrt or self.wrt not in self.place:
            result = float(self.output is self.wrt)
            if self.wrt not in self.place:
                self.notation = Notation([self.wrt, *self.order], self.notation.digits)
            left = _partial(self.notation, self.output, self.wrt, result)
            return Derivation(self.notation, [("", [Equation(left, None, result, self.notation.digits)])])
        equations = self.equations()
        shown = [node for node in self.way if node is not self.wrt and node not in self.notation.inlined]
        return Derivation(
            self.notation,
            [("", equations[:1]), ("where", equations[1:]), ("with", [forward(self.notation, node) for node in shown])],
        )

    def _find_meetings(self) -> None:
        depth = {self.output: 0}
        for node in reversed(self.way):
            if node is self.output:
                continue
            meeting, *others = [consumer for consumer, _ in self.consumers[node]]
            for other in others:
                while meeting is not other:
                    if depth[meeting] < depth[other]:
                        other = self.meeting[other]
                    else:
                        meeting = self.meeting[meeting]
            self.meeting[node] = meeting
            depth[node] = depth[meeting] + 1

    def _is_single(self, node: Value) -> bool:
        return len(self.consumers[node]) == 1

    def _nameless(self) -> set[Value]:
        """The nodes without a name, which no equation is about."""
        named = {self.output, self.wrt}
        for node in self.way:
            if node is not self.output and not self._is_single(node):
                named |= {node, self.meeting[node]}
                for consumer, _ in self.consumers[node]:
                    if not self._leads_straight(consumer, self.meeting[node]):
                        named.add(consumer)
        return _inlined(self.order, named, self.consumers)

    def _leads_straight(self, node: Value, top: Value) -> bool:
        """Whether one short path without labels leads from a node to `top`."""
        for _ in range(LONGEST_CHAIN + 1):
            if node is top:
                return True
            if node.label or not self._is_single(node):
                return False
            node = self.consumers[node][0][0]
        return False

    def equations(self) -> list[Equation]:
        """The equation of the derivative, then those that explain it, each after the one that needs it."""
        first = Partial(self.output, self.wrt)
        self._ask(first)
        terms: dict[Partial, list[Term]] = {}
        pending = [first]
        while pending:
            partial = pending.pop()
            if partial not in terms:
                terms[partial] = self._terms(partial)
                factors = [factor for term in terms[partial] for factor in term if isinstance(factor, Partial)]
                pending += reversed(factors)
        numbers = self.notation.numbers
        # what an equation needs begins nearer to the output, or at the same node and reaches less far
        for partial in sorted(terms, key=lambda p: (-self.place[p.bottom], self.place[p.top])):
            numbers[partial] = sum([math.prod([self._number(factor) for factor in term]) for term in terms[partial]])
        return [self._written(partial, terms[partial]) for partial in terms]

    def _number(self, factor: Any) -> float:
        if isinstance(factor, Partial):
            return self.notation.numbers[factor]
        node, places = factor
        return float(sum([node.local_derivatives[i] for i in places]))

    def _written(self, partial: Partial, terms: list[Term]) -> Equation:
        # in two forms, the textbook's and the one that is computed with
        forms = (total([product([self._factor(factor, k) for factor in term]) for term in terms]) for k in (True, False))
        return equation(self.notation, symbol(partial), forms, self.notation.numbers[partial])

    def _factor(self, factor: Any, textbook: bool) -> Expression:
        if isinstance(factor, Partial):
            return symbol(factor)
        node, places = factor
        return _rule(self.notation, node, places, textbook)

    def _ask(self, partial: Partial) -> None:
        """Notes which derivatives will have an equation of their own, so that the chains of others end there."""
        pending = [partial]
        while pending:
            top, node = pending.pop()
            if Partial(top, node) in self.asked:
                continue
            self.asked.add(Partial(top, node))
            while node is not top:
                meeting = self.meeting[node]
                if not self._is_single(node) and not self._sides(meeting, node):
                    for consumer, _ in self.consumers[node]:
                        if not self._leads_straight(consumer, meeting):
                            pending.append(Partial(meeting, consumer))
                node = meeting
                if Partial(top, node) in self.asked:
                    break

    def _terms(self, partial: Partial) -> list[Term]:
        """What the derivative is: a product along the chain of meetings, or at its last link a sum over the consumers."""
        top, bottom = partial
        links: list[tuple[Partial, Term]] = []
        node = bottom
        while node is not top:
            if node is not bottom and (Partial(top, node) in self.asked or len(links) == LONGEST_PRODUCT):
                self.asked.add(Partial(top, node))
                links.append((Partial(top, node), []))
                break
            side = self.side.get(partial) if node is bottom else None
            if side is not None or self._is_single(node):
                upper, chain = self._chain(node, top, side)
                if side is not None:
                    self.side[Partial(upper, node)] = side
            else:
                upper, chain = self.meeting[node], []
            links.append((Partial(upper, node), chain))
            node = upper
        if len(links) > 1:
            return [[link for link, _ in reversed(links)]]
        chain = links[0][1]
        return [chain] if chain else self._sum(top, bottom)

    def _chain(self, node: Value, top: Value, consumer: Value | None = None) -> tuple[Value, Term]:
        """The local derivatives from a node up to the next one with a name, output first; and on, where they are 1."""
        chain: Term = []
        while not chain or (node is not top and node in self.notation.inlined):
            node, places = next(pair for pair in self.consumers[node] if consumer in (None, pair[0]))
            chain.insert(0, (node, places))
            consumer = None
        step = node
        more: Term = []
        for _ in range(LONGEST_SIDE):
            if step is top or Partial(top, step) in self.asked or not self._is_single(step) or not self._adds(step):
                break
            more.insert(0, self.consumers[step][0])
            step = self._upper(step)
            if step not in self.notation.inlined:
                node, chain, more = step, more + chain, []
        return node, chain

    def _straight(self, node: Value, top: Value) -> Term:
        """The local derivatives along the only path from a node to `top`: output first."""
        chain: Term = []
        while node is not top:
            chain.insert(0, self.consumers[node][0])
            node = self._upper(node)
        return chain

    def _upper(self, node: Value) -> Value:
        return self.consumers[node][0][0]

    def _adds(self, node: Value) -> bool:
        """Whether the only consumer of a node has the derivative 1 by it, whatever the numbers."""
        upper, places = self.consumers[node][0]
        return len(places) == 1 and self.notation.local_derivative(upper, places[0]) == number(1.0)

    def _sides(self, top: Value, node: Value) -> list[tuple[Value, Value]]:
        """If `top` adds up named quantities, each of which depends on `node` along one path alone: the first and the last node
        of each path. Then the derivative is the sum of theirs, as in dE/dout = dE_1/dout + dE_2/dout."""
        sides = []
        for first, _ in self.consumers[node]:
            last = first
            for _ in range(LONGEST_SIDE):
                if last is top or not self._is_single(last) or self._upper(last) is top:
                    break
                last = self._upper(last)
            else:
                return []
            if last is top or not self._is_single(last) or not last.label or not self._adds(last):
                return []
            sides.append((first, last))
        return sides if len({last for _, last in sides}) == len(sides) else []

    def _sum(self, top: Value, node: Value) -> list[Term]:
        sides = self._sides(top, node)
        if sides:
            self.side.update({Partial(last, node): first for first, last in sides})
            return [[Partial(last, node)] for _, last in sides]
        terms: list[Term] = []
        for consumer, places in self.consumers[node]:
            local = (consumer, places)
            if self._leads_straight(consumer, top):
                terms.append([*self._straight(consumer, top), local])
            else:
                terms.append([Partial(top, consumer), local])
        return terms


# The delta form ------------------------------------------------------------------------------------------------------


class _Layer(NamedTuple):
    """Layer `number` (the inputs are layer 1): the net inputs z and the activations a of its units, and the a that it reads.

    An activation that the output does not depend on is None.
    """

    number: int
    z: list[Value]
    a: list[Value | None]
    inputs: tuple[Value, ...]


def _delta_form(output: Value, wrt: Value | None, digits: int) -> Derivation:
    order = topological_order(output)
    layers = _layers(output, order)
    paths = [_Paths(output, a, digits) for a in layers[-1].a if a is not None]
    inlined = set(order).intersection(*[path.notation.inlined for path in paths])
    notation = Notation(order, digits, inlined, _indexed(layers))
    delta = {z: symbol(Indexed("δ", layer.number, (j,))) for layer in layers for j, z in enumerate(layer.z, 1)}
    uses: dict[Value, list[Term]] = {}
    for layer in layers:
        for z in layer.z:
            n = len(layer.inputs)
            for weight, a in zip(z.parents[:n], layer.inputs):
                uses.setdefault(weight, []).append([z, a])
            uses.setdefault(z.parents[-1], []).append([z])
    parameters = [p for p in uses if p.op != "const" and (wrt is None or p is wrt)]
    asked = [wrt] if wrt is not None else parameters
    if wrt is not None and wrt not in delta and wrt not in uses:
        raise ValueError("the delta form explains weights, biases and net inputs of the network: wrt is none of them")
    lowest = min([k for k, layer in enumerate(layers) for z in layer.z if z in asked or set(asked) & set(z.parents)], default=0)
    derivatives = iter(gradient(output, [*delta, *uses]))
    number_of = {node: next(derivatives).item() for node in [*delta, *uses]}

    def verified(left: Expression, terms: list[list[Expression]], expected: float) -> Equation:
        form = total(map(product, terms))
        if not math.isclose(value_of(form, notation.number_of), expected, rel_tol=1e-9, abs_tol=1e-300):
            raise ValueError(
                f"the delta form does not apply: {notation.write(left)} is {expected!r}, other than through the next layer alone"
            )
        return equation(notation, left, [form], expected)

    for z, left in delta.items():
        notation.numbers[left.parts[0]] = number_of[z]
    backward: list[tuple[str, list[Equation]]] = []
    above: _Layer | None = None
    for layer in reversed(layers[lowest:]):
        equations: list[Equation] = []
        causes: dict[Value, Expression] = {}  # dC/da
        for path, a in zip(paths if above is None else [], [a for a in layer.a if a is not None]):
            path.notation = notation
            equations += [e for e in path.equations() if e not in equations]
            causes[a] = symbol(Partial(output, a))
        if above is not None:
            for k, a in enumerate(above.inputs):
                causes[a] = total([product([notation.of(z.parents[k]), delta[z]]) for z in above.z])
        deltas = []
        for z in layer.z:
            terms_of_z = []
            for a, cause in causes.items():
                derivative = gradient(a, z).item()
                if a is z:
                    terms_of_z.append([cause])
                elif derivative or a.parents == (z,):
                    slope = _partial(notation, a, z, derivative)
                    equations.append(_slope(notation, slope, a, z, layer, derivative))
                    terms_of_z.append([cause, slope])
            deltas.append(verified(delta[z], terms_of_z or [[number(0.0)]], number_of[z]))
        where = f"layer {layer.number}" + (", the output" if above is None else "")
        backward.append((where, [*deltas, *equations]))
        above = layer
    gradients = [
        verified(
            _partial(notation, output, p, number_of[p]),
            [[delta[z], *map(notation.of, a)] for z, *a in uses[p]],
            number_of[p],
        )
        for p in parameters
    ]
    values = [forward(notation, node) for node in order if node.parents and node not in inlined]
    return Derivation(notation, [("the forward pass", values), *backward, ("weights and biases", gradients)])


def _slope(notation: Notation, left: Expression, a: Value, z: Value, layer: _Layer, result: float) -> Equation:
    """The derivative of an activation by a net input: of one operation its rule, else that of softmax if it comes out."""
    if a.parents == (z,):
        return equation(notation, left, *_local(notation, a, [0]))
    own = layer.a[layer.z.index(z)]
    one_less = total([number(1.0), Expression("negative", (symbol(a),))])
    if own is None:
        return Equation(left, None, result, notation.digits)
    softmax = product([symbol(a), one_less]) if a is own else Expression("negative", (product([symbol(a), symbol(own)]),))
    return equation(notation, left, [softmax], result)


def _layers(output: Value, order: list[Value]) -> list[_Layer]:
    """The layers of a multilayer perceptron: its net inputs are `linear` nodes, those of a layer with the same inputs."""
    nets: dict[tuple[Value, ...], list[Value]] = {}
    for node in order:
        if node.op == "linear":
            n = len(node.parents) // 2
            nets.setdefault(node.parents[n:-1], []).append(node)
    groups = list(nets.items())
    if not groups:
        raise ValueError("the delta form is for a multilayer perceptron: no node is a weighted sum (`linear`) plus a bias")
    consumers: dict[Value, list[Value]] = {}
    for node in order:
        for parent in node.parents:
            consumers.setdefault(parent, []).append(node)
    layers = []
    for k, (inputs, zs) in enumerate(groups):
        if k + 1 < len(groups):
            outputs: list[Value | None] = list(groups[k + 1][0])
            below = [set(topological_order(a)) for a in groups[k + 1][0]]
            if any(not found.intersection(zs) for found in below):
                raise ValueError(
                    "the delta form is for one example through a multilayer perceptron: a layer reads what is not the one below"
                )
            own = [[j for j, z in enumerate(zs) if z in found] for found in below]
            if all(len(js) == 1 for js in own) and len({js[0] for js in own}) == len(zs):
                zs = [zs[js[0]] for js in own]
        else:
            outputs = _activations(zs, consumers, {node.label: node for node in order})
        if len(outputs) != len(zs):
            raise ValueError("the delta form is for a multilayer perceptron: a layer has not as many units as the next reads")
        layers.append(_Layer(k + 2, zs, outputs, inputs))
    return layers


def _activations(zs: list[Value], consumers: dict[Value, list[Value]], by_label: dict[str, Value]) -> list[Value | None]:
    """Of the output units: the nodes of their names, or the only operations on the net inputs alone, or these themselves."""
    named = [by_label.get(f"out_{z.label[4:]}") if z.label.startswith("net_") else None for z in zs]
    if any(a is not None for a in named):
        return list(named)
    above = [consumers.get(z, []) for z in zs]
    if all(len(nodes) == 1 and nodes[0].parents == (z,) and nodes[0].op != "neg" for nodes, z in zip(above, zs)):
        return [nodes[0] for nodes in above]
    return list(zs)


def _indexed(layers: list[_Layer]) -> dict[Value, Indexed]:
    """The names of the delta form; a parameter that several units share keeps its label."""
    names: dict[Value, Indexed] = {}
    shared: set[Value] = set()

    def name(node: Value, letter: str, layer: int, *units: int) -> None:
        if node in names and names[node].letter in "wb":
            shared.add(node)
        names.setdefault(node, Indexed(letter, layer, units))

    for layer in layers:
        for k, a in enumerate(layer.inputs, 1):
            if a not in names:
                name(a, "a", layer.number - 1, k)
        for j, z in enumerate(layer.z, 1):
            for k, weight in enumerate(z.parents[: len(layer.inputs)], 1):
                name(weight, "w", layer.number, j, k)
            name(z.parents[-1], "b", layer.number, j)
            name(z, "z", layer.number, j)
        for j, output in enumerate(layer.a, 1):
            if output is not None and output not in names:
                name(output, "a", layer.number, j)
    return {node: name for node, name in names.items() if node not in shared and (node.op != "const")}
