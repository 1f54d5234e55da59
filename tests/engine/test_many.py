"""Many nodes in one call: they are those of as many calls, to the last bit."""

import random

import pytest

from autograd_lite import Value, affine, backprop, detect_anomaly, dot, linear, log_softmax, no_grad, softmax, sum_, tanh


def leaves(rng, *shape):
    if not shape:
        return Value(rng.uniform(-1, 1))
    return [leaves(rng, *shape[1:]) for _ in range(shape[0])]


def one_by_one(W, xs, b=None):
    if b is None:
        return [[dot(row, x) for row in W] for x in xs]
    return [[linear(row, x, b_i) for row, b_i in zip(W, b)] for x in xs]


def recorded(node):
    return node.op, node.data, node.parents, node.local_derivatives, node.label, node.grad


@pytest.mark.parametrize("biased", [False, True])
@pytest.mark.parametrize("n", [1, 3, 16, 256, 257])
def test_rows_with_vectors_are_the_nodes_that_one_makes_one_by_one(n, biased):
    rng = random.Random(n)
    W, xs = leaves(rng, 2, n), leaves(rng, 3, n)
    b = leaves(rng, 2) if biased else None
    found, expected = affine(W, xs, b), one_by_one(W, xs, b)
    assert [[recorded(node) for node in nodes] for nodes in found] == [[recorded(node) for node in nodes] for nodes in expected]


@pytest.mark.parametrize("seed", range(5))
def test_a_pass_through_rows_that_are_shared_is_that_of_the_blackboard(seed):
    rng = random.Random(seed)
    W, U, b, xs = leaves(rng, 5, 4), leaves(rng, 4, 5), leaves(rng, 5), leaves(rng, 3, 4)
    xs = [*xs, xs[0]]

    def loss():
        hidden = [[tanh(net) for net in nets] for nets in affine(W, xs, b)]
        again = affine(W, affine(U, hidden))  # the same rows, of what was computed with them
        tied = affine(
            [[*row, bias] for row, bias in zip(U, b)], [[*h, x[0]] for h, x in zip(hidden, xs)], [row[0] for row in W[:4]]
        )
        return sum_([*softmax(again[0]), *log_softmax(again[1]), *[node for nodes in [*again, *tied] for node in nodes]])

    nodes = backprop.topological_order(loss())
    output = nodes[-1]
    expected = backprop.adjoints(output)
    output.backward()
    assert [node.grad for node in nodes] == [expected[node] for node in nodes]


def test_nodes_that_share_their_operands_are_below_one_another_in_order():
    """Its parents come before a node, also where a part of them was come to from another node."""
    x = [Value(0.5), Value(-0.25)]
    W = [[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]]
    (h,) = affine(W, [x])
    (y,) = affine([h, W[0]], [h])
    order = backprop.topological_order(sum_(y))
    y[0].backward()
    # y0 = h0**2 + h1**2, by x: 2 (h0 w_0j + h1 w_1j)
    assert [node.data for node in h] == [0.0, 0.5]
    assert [node.grad for node in x] == [3.0, 4.0]
    assert [order.index(node) < order.index(y[0]) for node in h] == [True, True]


def test_numbers_among_the_operands_are_constants_and_numbers_alone_give_numbers():
    w, x = Value(2.0, "w"), Value(3.0, "x")
    ((node, number),) = affine([[w, 1.0], [5.0, 6.0]], [[10.0, 100.0]], [0.5, 0.25])
    assert (node.data, number) == (120.5, 650.25)
    assert [p.is_plain_number for p in node.parents] == [False, True, True, True, True]
    assert [[y.data for y in row] for row in affine([[w, 1.0]], [[x, x], [x, 2.0]])] == [[9.0], [8.0]]
    assert affine([], [[1.0]]) == [[]] and affine([[1.0]], []) == [] and affine([[]], [[]]) == [[0.0]]


@pytest.mark.parametrize(
    "W, xs, b", [([[1.0, 2.0]], [[1.0]], None), ([[1.0], [1.0, 2.0]], [[1.0]], [0.0, 0.0]), ([[1.0]], [[1.0]], [])]
)
def test_sizes_that_do_not_fit_are_refused(W, xs, b):
    values = [[Value(w) for w in row] for row in W]
    for rows in (W, values):
        with pytest.raises(ValueError, match=r"needs as many|needs a bias for each row"):
            affine(rows, xs, b)


def test_modes_hold_for_many_nodes():
    W, x = [[Value(1e200)], [Value(2.0)]], [Value(1e200), Value(3.0)]
    with no_grad():
        assert [node.parents for node in [*affine([W[1]], [[x[1]]])[0], *softmax(x)]] == [(), (), ()]
    with detect_anomaly(), pytest.raises(FloatingPointError, match="dot gives inf"):
        affine(W, [x[:1]])


@pytest.mark.parametrize("target", [0, 1, 2, -1])
def test_a_class_may_be_counted_from_the_last(target):
    from autograd_lite import nll

    logits = [Value(1.0), Value(-2.0), Value(0.5)]
    loss = nll(logits, target)
    assert loss.parents[0] is logits[target] and set(loss.parents) == set(logits)
    assert loss.data == pytest.approx(-log_softmax(logits)[target].data, rel=1e-15)
