"""The built-in layout: geometry. Sampled points of each curve, boxes of each shape and label."""

import random
from itertools import combinations

import pytest

from autograd_lite import Value, draw, gradient, tanh
from autograd_lite.picture.geometry import Layout
from autograd_lite.picture.layout import Group, Link, Shape, layered
from autograd_lite.picture.rows import in_rows
from nn import MLP, GRUCell, LSTMCell, RNNCell, SequenceModel, half_squared_error, sequence_cross_entropy
from nn.recurrent import BidirectionalRNN
from nn.worked_example import WorkedExample

TOUCH = 0.01


def box(center, width, height):
    (x, y) = center
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def overlap(one, other, by=TOUCH):
    return min(one[2], other[2]) - max(one[0], other[0]) > by and min(one[3], other[3]) - max(one[1], other[1]) > by


def within(inner, outer):
    return inner[0] >= outer[0] and inner[1] >= outer[1] and inner[2] <= outer[2] and inner[3] <= outer[3]


def enters(path, frame):
    """Whether sampled points of the curves are within the frame, more than a pixel from its border."""
    left, top, right, bottom = frame[0] + 1, frame[1] + 1, frame[2] - 1, frame[3] - 1
    for start in range(0, len(path) - 1, 3):
        (x0, y0), (x1, y1), (x2, y2), (x3, y3) = points = path[start : start + 4]
        xs, ys = zip(*points)
        if max(xs) < left or min(xs) > right or max(ys) < top or min(ys) > bottom:
            continue
        for k in range(101):
            t = k / 100
            a, b, c, d = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
            if left < a * x0 + b * x1 + c * x2 + d * x3 < right and top < a * y0 + b * y1 + c * y2 + d * y3 < bottom:
                return True
    return False


def problems(shapes, groups, links, found):
    """What is wrong with a layout, in words."""
    boxes = [box(center, shape.width, shape.height) for center, shape in zip(found.centers, shapes)]
    labels = [box(at, link.label_width, link.label_height) for at, link in zip(found.labels, links) if link.label_height]
    for (i, one), (j, other) in combinations(enumerate(boxes), 2):
        if overlap(one, other):
            yield f"shapes {i} and {j} overlap"
    for (i, one), (j, other) in combinations(enumerate(labels), 2):
        if overlap(one, other):
            yield f"labels {i} and {j} overlap"
    for i, label in enumerate(labels):
        for j, shape in enumerate(boxes):
            if overlap(label, shape):
                yield f"label {i} is on shape {j}"
    for i, (link, path) in enumerate(zip(links, found.paths)):
        for j, shape in enumerate(boxes):
            if enters(path, shape):
                yield f"link {i} ({link.tail} to {link.head}) runs through shape {j}"
        for end, at in ((link.tail, path[0]), (link.head, path[-1])):
            left, top, right, bottom = boxes[end]
            if not (min(abs(at[0] - left), abs(at[0] - right)) < TOUCH and top <= at[1] <= bottom):
                yield f"link {i} does not meet shape {end}"
    inside = []  # of each group, the groups around it and itself
    for k in range(len(groups)):
        chain, group = set(), k
        while group >= 0:
            chain.add(group)
            group = groups[group].parent
        inside.append(chain)
    for k, frame in enumerate(found.frames):
        for j, (shape, its_box) in enumerate(zip(shapes, boxes)):
            belongs = shape.group >= 0 and k in inside[shape.group]
            if belongs and not within(its_box, frame):
                yield f"shape {j} sticks out of group {k}"
            if not belongs and overlap(its_box, frame):
                yield f"shape {j} is in the frame of group {k}"
        for other in range(k):
            if other in inside[k]:
                if not within(frame, found.frames[other]):
                    yield f"group {k} sticks out of group {other}"
            elif k not in inside[other] and overlap(frame, found.frames[other]):
                yield f"groups {k} and {other} overlap"


def pictures():
    example = WorkedExample()()
    yield "2-2-2", example, {}
    yield "2-2-2 without frames", half_squared_error(plain_example(), [0.01, 0.99]), {}
    lstm = SequenceModel(LSTMCell(2, 1, rng=0), 2, rng=0)
    loss = sequence_cross_entropy(lstm([[0.1, 0.2], [0.3, 0.1], [0.5, 0.4]]), [0, 1, 0])
    loss.backward()
    yield "lstm", loss, {}
    yield "lstm collapsed", loss, {"collapse": True}
    yield "lstm rolled", loss, {"rolled": True}
    both = SequenceModel(BidirectionalRNN(GRUCell(2, 1, rng=0), RNNCell(2, 1, rng=1)), 2, rng=0)
    yield "bidirectional", sequence_cross_entropy(both([0, 1, 0]), [0, 1, 0]), {}
    mlp = half_squared_error(MLP([6, 16, 16, 4], rng=0)([0.1] * 6), [1, 0, 0, 0])
    yield "mlp", mlp, {}
    x = Value(0.5)
    y = x
    for _ in range(30):
        y = tanh(y * x)
    yield "long links", y + gradient(y, x), {}


def plain_example():
    w = [Value(0.1 * k, f"w{k}") for k in range(1, 9)]
    i = [Value(0.05, "i1"), Value(0.1, "i2")]
    h = [(w[0] * i[0] + w[1] * i[1]).sigmoid(), (w[2] * i[0] + w[3] * i[1]).sigmoid()]
    return [(w[4] * h[0] + w[5] * h[1]).sigmoid(), (w[6] * h[0] + w[7] * h[1]).sigmoid()]


@pytest.mark.parametrize("name, output, options", list(pictures()), ids=[name for name, _, _ in pictures()])
def test_nothing_overlaps_and_no_edge_runs_through_a_node(name, output, options):
    drawing = draw(output, dot=False, **options)
    graph = drawing.picture.graph
    assert list(problems(*graph, drawing.layout)) == []
    assert drawing.layout_by.startswith("built-in")


@pytest.mark.parametrize("seed", [*range(40), 600, 857])
def test_random_graphs_with_groups(seed):
    rng = random.Random(seed)
    groups = [Group(rng.randrange(-1, k), rng.uniform(0, 200)) for k in range(rng.randrange(6))]
    inside = [*range(len(groups)), *(rng.randrange(-1, len(groups)) for _ in range(rng.randrange(2, 25)))]
    shapes = [Shape(rng.uniform(5, 150), rng.uniform(5, 80), group) for group in inside]
    links = []
    for head in range(1, len(shapes)):
        for _ in range(rng.randrange(4)):
            label = (rng.uniform(5, 60), 15.0) if rng.random() < 0.7 else (0.0, 0.0)
            links.append(Link(rng.randrange(head), head, *label))
    for _ in range(rng.randrange(3)):
        links.append(Link(rng.randrange(len(shapes)), rng.randrange(len(shapes)), 20.0, 15.0, True))
    found = layered(shapes, groups, links)
    assert list(problems(shapes, groups, links, found)) == []
    assert found == layered(shapes, groups, links)


def test_the_checks_find_a_bad_layout():
    shapes, links = [Shape(40, 20), Shape(40, 20), Shape(40, 20)], [Link(0, 2), Link(0, 1), Link(1, 2)]
    found = layered(shapes, [], links)
    assert not list(problems(shapes, [], links, found))
    centers = [found.centers[0], found.centers[1], found.centers[1]]
    assert len(list(problems(shapes, [], links, found._replace(centers=centers)))) > 1
    through = [[found.paths[0][0], *found.centers[1:2] * 2, found.paths[0][-1]], *found.paths[1:]]
    assert any("runs through" in line for line in problems(shapes, [], links, found._replace(paths=through)))


def test_from_left_to_right_leaves_just_before_what_they_lead_to():
    # a chain of three and a late leaf
    shapes = [Shape(40, 20)] * 4
    centers = layered(shapes, [], [Link(0, 1), Link(1, 2), Link(3, 2)]).centers
    assert centers[0][0] < centers[1][0] < centers[2][0] and centers[3][0] == centers[1][0]


def test_a_column_far_too_high_for_a_page_is_split_into_several():
    count = 120
    shapes = [Shape(100, 60)] * (2 * count + 1)
    links = [Link(k, k + count, 30.0, 15.0) for k in range(count)] + [Link(k + count, 2 * count) for k in range(count)]
    found = layered(shapes, [], links)
    assert list(problems(shapes, [], links, found)) == []
    xs, ys = zip(*found.centers)
    assert max(ys) - min(ys) < 60 * count and max(xs) - min(xs) > 0.4 * (max(ys) - min(ys))
    assert all(found.centers[link.tail][0] < found.centers[link.head][0] for link in links)
    few = layered(shapes[:8], [], [])  # what is on one page stays in one column
    assert len({x for x, _ in few.centers}) == 1


def test_a_long_chain_that_reads_one_leaf_again_and_again_is_level():
    count = 200
    links = [Link(k, k + 1, 40.0, 15.0) for k in range(1, count)] + [Link(0, k, 40.0, 15.0) for k in range(1, count + 1)]
    ys = [y for _, y in layered([Shape(100, 60)] * (count + 1), [], links).centers]
    assert max(ys) - min(ys) < 400


def test_parallel_links_end_apart():
    shapes, links = [Shape(40, 40), Shape(40, 40)], [Link(0, 1, 20.0, 15.0)] * 2
    found = layered(shapes, [], links)
    assert found.paths[0][-1] != found.paths[1][-1] and found.labels[0] != found.labels[1]


def test_few_links_cross():
    """Two pairs that need not cross, given so that the first order crosses them."""
    shapes = [Shape(40, 20)] * 4
    found = layered(shapes, [], [Link(0, 3), Link(1, 2)])
    assert (found.centers[0][1] < found.centers[1][1]) == (found.centers[3][1] < found.centers[2][1])


def test_a_deep_chain_and_many_long_links():
    count = 3000
    links = [Link(k, k + 1) for k in range(count - 1)] + [Link(0, k) for k in range(2, count, 7)]
    found = layered([Shape(10, 10)] * count, [], links)
    assert all(a[0] < b[0] for a, b in zip(found.centers, found.centers[1:]))
    assert sum(map(len, found.paths)) < 20 * len(links)


def test_what_is_empty_in_a_row_is_left_out_and_boxes_keep_their_size_and_order():
    """Far above in the first row there is one shape, far below in the second another."""
    shapes = [Shape(100.0, 50.0) for _ in range(4)]
    centers = [(0.0, 0.0), (1000.0, 1500.0), (2000.0, 1400.0), (3000.0, -900.0)]
    links = [Link(0, 1), Link(1, 2), Link(2, 3)]
    paths = [[centers[k], centers[k], centers[k + 1], centers[k + 1]] for k in range(3)]
    labels = [(0.0, 0.0), (1500.0, 1450.0), (2500.0, 300.0)]
    frames = [(940.0, 1430.0, 1060.0, 1530.0)]
    rows = in_rows(Layout(centers, paths, labels, frames), shapes, links)
    ys = [y for _, y in rows.centers]
    assert ys[1] - ys[0] < 200 and ys[1] - ys[0] > 0 and ys[2] > ys[1]
    assert max(ys) - min(ys) < 900
    (x0, y0, x1, y1), (x, y) = rows.frames[0], rows.centers[1]
    assert x0 <= x - 50 and y0 <= y - 25 and x + 50 <= x1 and y + 25 <= y1
    assert [path[-1] == center for path, center in zip(rows.paths, rows.centers[1:])] == [True] * 3
