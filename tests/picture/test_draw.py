"""Pictures: SVG everywhere, with `dot` or without, and DOT source."""

import base64
import copy
import itertools
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import types
import xml.etree.ElementTree as ET

import pytest

import autograd_lite
from autograd_lite import Scope, Value, draw, gradient, linear, max_, softmax, sum_, tanh, topological_order
from autograd_lite.__main__ import main
from autograd_lite.picture.printing import placed
from nn import (
    MLP,
    RNN,
    BidirectionalRNN,
    GRUCell,
    Layer,
    LSTMCell,
    Neuron,
    RNNCell,
    SequenceModel,
    StackedRNN,
    gradient_flow,
    half_squared_error,
    sequence_cross_entropy,
)
from nn.one_head import OneHead
from nn.worked_example import WorkedExample

SVG = "{http://www.w3.org/2000/svg}"
# fmt: off
HOSTILE = [
    '"></svg><script>alert(1)</script>', "a\\nb\\", "{x|y}", "<b>", "隱藏層", "&amp;", "n0", "\n\t x", "\\N \\G", "🙂 lambda",
    "]]>", "nul \0 \x1b", "half \ud800", "x" * 10_000, "--><!--", "'", "$x_1$",
]
# fmt: on


def refuse(*args, **kwargs):
    raise OSError(138, "Not supported")


def answer(tmp_path, monkeypatch, script):
    """A `dot` that does what the script says."""
    dot = tmp_path / "bin" / "dot"
    dot.parent.mkdir()
    dot.write_text(f"#!{sys.executable}\n{script}\n")
    dot.chmod(0o755)
    monkeypatch.setenv("PATH", str(dot.parent))


WAYS = ["dot", "no dot", "no process", "no package", "crash", "garbage", "empty json", "hangs"]


@pytest.fixture(params=WAYS)
def way(request, monkeypatch, tmp_path):
    """With `dot`, and in each way without."""
    if request.param == "no dot":
        monkeypatch.setenv("PATH", "")
    elif request.param == "no process":
        monkeypatch.setattr(subprocess, "run", refuse)
        monkeypatch.setattr(subprocess, "Popen", refuse)
    elif request.param == "no package":
        for name in [name for name in sys.modules if name.split(".")[0] == "graphviz"]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, "graphviz", None)
    elif request.param == "crash":
        answer(tmp_path, monkeypatch, "import os; os.abort()")
    elif request.param == "garbage":
        answer(tmp_path, monkeypatch, "print('no json')")
    elif request.param == "empty json":
        answer(tmp_path, monkeypatch, 'print(\'{"bb": "0,0,1,1"}\')')
    elif request.param == "hangs":
        wait = subprocess.run
        monkeypatch.setattr(subprocess, "run", lambda *a, **k: wait(*a, **{**k, "timeout": 0.3}))
        answer(tmp_path, monkeypatch, "import time; time.sleep(60)")
    return request.param


@pytest.fixture(params=[True, False], ids=["dot", "built-in"])
def dot(request):
    return request.param


def graph():
    x, w = Value(2.0, "x"), Value(-0.25, "w")
    out = tanh(w * x + w)
    out.label = "out"
    return x, w, out


def recurrent(cell=None, steps=3):
    model = SequenceModel(cell or LSTMCell(2, 2, rng=0), 2, rng=0)
    loss = sequence_cross_entropy(model([0, 1, 0, 1, 1][:steps]), [0, 1, 0, 1, 1][:steps])
    loss.backward()
    return model, loss


def parsed(drawing):
    return ET.fromstring(drawing.svg().encode())


def by_id(drawing):
    found = {}
    for element in parsed(drawing).iter(f"{SVG}g"):
        if element.get("id"):
            assert element.get("id") not in found
            found[element.get("id")] = element
    return found


def texts(element, name=None):
    """The lines of text, as they can be copied, with the minus sign of a keyboard."""
    lines = [t for t in element.iter(f"{SVG}text") if name is None or t.get("class") == name]
    return [re.sub(r"(^|(?<= ))−(?=[\di])", "-", "".join(t.itertext())) for t in lines]


def titles(drawing):
    """Of the frames and the collapsed parts, without what they say of gradients."""
    frames = [text.split(" · ")[0] for text in texts(parsed(drawing), "title")]
    parts = [texts(g, "label")[0] for name, g in by_id(drawing).items() if name[0] == "p" and name[1] != "e"]
    return sorted(frames), sorted(parts)


# The picture never fails ---------------------------------------------------------------------------------------------


def test_there_is_always_a_picture(way, tmp_path):
    *_, out = graph()
    out.backward()
    drawing = draw(out)
    assert parsed(drawing).tag == f"{SVG}svg"
    assert (drawing.layout_by == "Graphviz's dot") == (way == "dot")
    if way == "no process":
        assert "cannot be started" in drawing.layout_by and "138" in drawing.layout_by
    assert drawing._repr_mimebundle_()["image/svg+xml"] == drawing.svg()
    assert drawing.source.startswith("digraph")
    assert drawing.save(tmp_path / "x.svg").read_text(encoding="utf-8").endswith(drawing.svg())
    assert drawing.save(tmp_path / "x.dot").read_text(encoding="utf-8") == drawing.source
    assert len(by_id(drawing)) == len(topological_order(out)) + 5


@pytest.mark.parametrize("ending", ["png", "pdf"])
def test_png_and_pdf_need_dot(way, ending, tmp_path, monkeypatch):
    drawing = draw(graph()[2])
    path = tmp_path / f"x.{ending}"
    if way == "dot":
        assert drawing.save(path).read_bytes()[:4] in (b"\x89PNG", b"%PDF")
        return
    if way in ("garbage", "empty json"):
        return  # what it gives is taken for a picture
    monkeypatch.setitem(sys.modules, "cairosvg", None)
    path.write_text("before")
    with pytest.raises(RuntimeError, match=rf"x\.{ending} needs Graphviz: .*apt install graphviz.*\.svg"):
        drawing.save(path)
    assert path.read_text() == "before" and {p.name for p in tmp_path.iterdir()} <= {path.name, "bin"}


def test_without_graphviz_a_converter_makes_png_and_pdf(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    given = []
    converter = types.SimpleNamespace(
        svg2png=lambda bytestring: given.append(bytestring) or b"png", svg2pdf=lambda bytestring: b"pdf"
    )
    monkeypatch.setitem(sys.modules, "cairosvg", converter)
    drawing = draw(WorkedExample()())
    assert drawing.save(tmp_path / "x.png").read_bytes() == b"png" and drawing.save(tmp_path / "x.pdf").read_bytes() == b"pdf"
    assert b"prefers-color-scheme" not in given[0]
    assert "".join(texts(ET.fromstring(given[0]))).replace("_", "") == "".join(texts(parsed(drawing))).replace("_", "")


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz's program dot is not installed")
def test_a_png_has_the_layout_of_the_svg():
    from autograd_lite.picture.dot import run_dot

    drawing = draw(WorkedExample()())
    found = json.loads(run_dot(placed(drawing.picture, drawing.layout), "json0", engine="neato", options=("-n2",)))
    at = {thing["name"]: [float(x) for x in thing["pos"].split(",")] for thing in found["objects"] if "pos" in thing}
    left, top = at["n0"][0] - drawing.layout.centers[0][0], at["n0"][1] + drawing.layout.centers[0][1]
    for piece, (x, y) in zip(drawing.picture.pieces, drawing.layout.centers):
        assert at[piece.id] == pytest.approx([x + left, top - y], abs=0.2)
    colors = {thing["name"]: thing["fillcolor"] for thing in found["objects"] if "fillcolor" in thing}
    assert {piece.id for piece in drawing.picture.pieces if piece.kind != "const"} < set(colors)


def test_lines_of_a_png_are_as_far_apart_as_those_of_the_svg_and_subscripts_are_small():
    drawing = draw(WorkedExample()(), dot=False)
    text = placed(drawing.picture, drawing.layout)
    rows = re.findall('<TR><TD HEIGHT="16">(.*?)</TD></TR>', text)
    assert len(rows) == sum(len(piece.lines) for piece in drawing.picture.pieces)
    assert '<B>net<FONT POINT-SIZE="10"><SUB>h1</SUB></FONT> = Σ w·x + b</B>' in rows


def test_a_notebook_that_was_not_run_shows_an_image():
    drawing = draw(graph()[2])
    html = drawing._repr_mimebundle_()["text/html"]
    assert html.startswith("<img ") and "<script" not in html
    assert base64.b64decode(re.search('base64,([^"]*)', html)[1]).decode() == drawing.svg()


def test_another_ending_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"saved as \.svg, \.png, \.pdf, \.html or \.dot, not as 'x\.gif'"):
        draw(Value(1.0)).save(tmp_path / "x.gif")
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "x.svg"
    path.write_text("before")
    path.chmod(0o640)
    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OSError, match="138"):
        draw(Value(1.0)).save(path)
    assert path.read_text() == "before" and list(tmp_path.iterdir()) == [path]
    monkeypatch.undo()
    draw(Value(1.0)).save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_jupyter_never_sees_an_error(monkeypatch):
    drawing = draw(graph()[2])
    monkeypatch.setattr(type(drawing), "svg", refuse)
    assert drawing._repr_mimebundle_()["text/plain"].startswith("no picture: ")


def test_doctor_says_which_layout_and_why(way, capsys):
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    line = next(line for line in out.splitlines() if line.startswith("layout of pictures"))
    assert ("Graphviz's dot (" in line and "version" in line) if way == "dot" else "built-in: " in line
    for what in ("Python ", "package graphviz", "package numpy", "package torch", "C compiler"):
        assert what in out


def test_doctor_knows_that_cairosvg_writes_png_and_pdf_too(monkeypatch, capsys, tmp_path):
    (tmp_path / "cairosvg-2.0.dist-info").mkdir()
    (tmp_path / "cairosvg-2.0.dist-info" / "METADATA").write_text("Name: CairoSVG\nVersion: 2.0\n")
    monkeypatch.setenv("PATH", "")
    monkeypatch.syspath_prepend(tmp_path)
    assert main(["doctor"]) == 0
    assert re.search("^png and pdf +yes$", capsys.readouterr().out, re.MULTILINE)


# What it shows -------------------------------------------------------------------------------------------------------


def test_nodes_show_label_data_and_grad_and_edges_local_derivatives(dot):
    *_, out = graph()
    out.backward()
    drawing = draw(out, dot=dot)
    found = by_id(drawing)
    for k, node in enumerate(topological_order(out)):
        title = " = ".join(filter(None, [node.label, {"": "", "add": "+", "mul": "×"}.get(node.op, node.op)]))
        assert texts(found[f"n{k}"]) == [title, f"data {node.data:.6g}", f"grad {node.grad:.6g}"]
        shown = [re.escape(text) for text in (title, f"data {node.data:.6g}", f"grad {node.grad:.6g}")]
        assert re.search(".*".join(shown), drawing.source.replace("−", "-"), re.DOTALL)
        for i, derivative in enumerate(node.local_derivatives):
            assert texts(found[f"e{k}_{i}"]) == [f"{derivative:.4g}"]
    assert "rankdir=LR" in drawing.source


def test_the_contract_with_the_stepper(dot):
    example = WorkedExample()()
    drawing = draw(example, dot=dot)
    order = topological_order(example)
    found = by_id(drawing)
    assert list(drawing.element_of) == order
    for k, node in enumerate(order):
        assert drawing.element_of[node] == f"n{k}"
        assert found[f"n{k}"].get("class").split()[0] == "node"
        for name in ("label", "data", "grad") if node.op != "const" else ("data",):
            assert len(texts(found[f"n{k}"], name)) == (name != "label" or bool(node.label or node.op))
        for i in range(len(node.parents)):
            edge = found[drawing.edge_element_of[node, i]]
            assert edge.get("id") == f"e{k}_{i}" and edge.get("class") == "edge"
            assert {child.get("class") for child in edge} >= {"line", "head"}
    assert len(found) == len(order) + len(drawing.edge_element_of)
    collapsed = draw(example, collapse=["h1", "layer 2"], dot=dot)
    found = by_id(collapsed)
    assert set(collapsed.element_of) == set(order)
    assert set(collapsed.element_of.values()) | set(collapsed.edge_element_of.values()) == set(found)
    for node in order:
        element = found[collapsed.element_of[node]]
        assert ("part" in element.get("class").split()) == collapsed.element_of[node].startswith("p")
        for i, parent in enumerate(node.parents):
            inside = collapsed.element_of[node] == collapsed.element_of[parent]
            assert ((node, i) not in collapsed.edge_element_of) == inside


def test_given_grads_are_shown_in_place_of_the_nodes_own():
    x, w, out = graph()
    out.backward()
    drawing = draw(out, grads={x: 5.0, w: -7.0})
    found = by_id(drawing)
    shown = {node: texts(found[drawing.element_of[node]], "grad") for node in drawing.element_of}
    assert shown[x] == ["grad 5"] and shown[w] == ["grad -7"] and shown[out] == ["grad —"]


def test_before_backward_grads_are_dashes_and_the_picture_says_so(dot):
    *_, out = graph()
    before = draw(out, dot=dot)
    assert set(texts(parsed(before), "grad")) == {"grad —"}
    line = "grads are — until backward() is called"
    assert line in " ".join(texts(parsed(before), "caption")) and line in parsed(before).find(f"{SVG}desc").text
    out.backward()
    assert line not in draw(out, dot=dot).svg() and "—" not in "".join(texts(parsed(draw(out, dot=dot)), "grad"))
    flat = Value(2.0).sign()
    flat.backward()  # a derivative of 0 is not a missing one
    assert "—" not in "".join(texts(parsed(draw(flat)), "grad"))


def test_grads_are_those_of_this_graph(dot):
    x = Value(2.0, "x")
    (x * x).backward()
    fresh = x * 3
    assert set(texts(parsed(draw(fresh, dot=dot)), "grad")) == {"grad —"} and x.grad == 4.0
    fresh.backward()
    assert set(texts(parsed(draw(fresh, dot=dot)), "grad")) == {"grad 7", "grad 1"}


@pytest.mark.parametrize("frames", [True, False])
def test_before_and_after_backward_everything_stands_in_the_same_order(frames, dot):
    example = WorkedExample()()
    before = draw(example, frames=frames, dot=dot).layout.centers
    example.backward()
    after = draw(example, frames=frames, dot=dot).layout.centers
    for (k, one), (j, other) in itertools.combinations(enumerate(before), 2):
        if abs(one[0] - other[0]) < 40 and abs(after[k][0] - after[j][0]) < 40:  # in one column
            assert (one[1] < other[1]) == (after[k][1] < after[j][1]), (k, j)


def test_operations_and_labels_are_in_the_letters_of_a_textbook():
    x, y = Value(2.0, "theta"), Value(3.0, "net_h1")
    # fmt: off
    shown = {
        x + y: "+", x - y: "−", x * y: "×", x / y: "÷", -x: "−", x**2: "x²", x**-1: "x⁻¹", x**0.5: "xʸ", x**y: "xʸ",
        x.square(): "x²", x.sigmoid(): "σ", x.tanh(): "tanh", x.log(): "ln", x.exp(): "eˣ", x.sqrt(): "√", x.relu(): "relu",
        linear([x], [y], y): "Σ w·x + b", autograd_lite.dot([x], [y]): "Σ w·x", sum_([x, y]): "Σ",
        autograd_lite.prod([x, y]): "Π", max_([x, y]): "max", autograd_lite.maximum(x, y): "max", x.leaky_relu(): "leaky_relu",
        softmax([x, y])[0]: "softmax",
    }
    # fmt: on
    for node, letters in shown.items():
        assert texts(by_id(draw(node))[draw(node).element_of[node]], "label") == [letters]
    label = by_id(draw(x * y))["n1"].find(f"{SVG}text[@class='label']")
    assert "".join(label.itertext()) == "net_h1" and [t.text for t in label if t.get("class") == "sub"] == ["h1"]
    assert texts(by_id(draw(x * y))["n0"], "label") == ["θ"]


@pytest.mark.parametrize("make, title", [
    (lambda x: sum_([x, x]), "Σ"), (lambda x: x * x, "×"), (lambda x: x**2, "x²"), (lambda x: tanh(x), "tanh"),
    (lambda x: x.sigmoid(), "σ"), (lambda x: x, "x"),
])  # fmt: skip
def test_a_picture_is_titled_in_those_letters_too(make, title):
    assert draw(make(Value(0.5, "x"))).picture.title == f"Computation graph of {title}"


@pytest.mark.parametrize("dot", [True, False])
def test_numbers_stand_clear_of_lines(dot):
    drawing = draw(WorkedExample()(), dot=dot)
    for edge in by_id(drawing).values():
        number = edge.find(f"{SVG}text[@class='delta']")
        if number is not None:
            boxes = [r for r in edge.findall(f"{SVG}rect") if r.get("class").startswith("behind")]
            assert len(boxes) == 1 and list(edge).index(boxes[0]) > list(edge).index(edge.find(f"{SVG}path"))
            assert float(boxes[0].get("x")) < float(number.get("x")) < float(boxes[0].get("x")) + float(boxes[0].get("width"))
    assert "-" not in "".join("".join(t.itertext()) for t in parsed(draw(graph()[2])).iter(f"{SVG}text"))


def test_arrows_from_one_piece_have_one_colour_and_those_of_others_another():
    example = WorkedExample()
    error = example()
    nodes, drawing = example.nodes(error), draw(error)
    lanes = {}
    for (node, i), name in drawing.edge_element_of.items():
        lanes.setdefault(node.parents[i], set()).add(by_id(drawing)[name].get("data-lane"))
    together = [lanes[nodes[name]] for name in ("i1", "i2", "b1")]
    assert all(len(lane) == 1 and None not in lane for lane in together) and len(set.union(*together)) == 3
    assert lanes[nodes["w1"]] == {None}


def test_a_long_picture_is_broken_into_rows(dot):
    for output, most in ((chain(1000)[1], 1700), (WorkedExample()(), 1700), (chain(12)[1], 1700)):
        layout = draw(output, dot=dot).layout
        xs = [x for x, _ in layout.centers] + [x for path in layout.paths for x, _ in path]
        assert max(xs) - min(xs) < most
    for path in draw(chain(1000)[1]).layout.paths:
        assert len(path) % 3 == 1


def recurrences():
    """Chains that read the same leaves at every step."""
    w, b, c, d, e = [Value(0.1 * k, name) for k, name in enumerate("wbcde", 1)]
    return {
        "w": lambda x: tanh(x * w),
        "w, b": lambda x: x * w + b,
        "w, b, c": lambda x: (x * w + b) * c,
        "many": lambda x: tanh(x * w + x * b + c) * d + e,
        "twice": lambda x: x * x * 0.5 + w,
    }


@pytest.mark.parametrize("name, count", [("w", 300), ("w, b", 1000), ("w, b, c", 300), ("many", 100), ("twice", 300)])
def test_a_long_chain_that_shares_leaves_is_broken_into_rows_and_no_arrow_is_lost(name, count):
    x, step = Value(0.5, "x"), recurrences()[name]
    for _ in range(count):
        x = step(x)
    drawing = draw(x, force=True)
    shapes, _, links = drawing.picture.graph
    layout = drawing.layout
    xs = [x for x, _ in layout.centers] + [x for path in layout.paths for x, _ in path]
    assert max(xs) - min(xs) < 1700 and len(drawing.svg()) < 1500 * len(links)
    points = {tail: set() for tail in range(len(shapes))}
    for path, link in zip(layout.paths, links):
        assert len(path) % 3 == 1
        points[link.tail] |= {(round(x), round(y)) for x, y in path}

    def beside(point, k):
        (x, y), shape = layout.centers[k], shapes[k]
        return abs(point[0] - x) <= shape.width / 2 + 1 and abs(point[1] - y) <= shape.height / 2 + 1

    lanes = {tail: {y for _, y in own} for tail, own in points.items()}
    for path, link, label in zip(layout.paths, links, layout.labels):
        assert beside(path[-1], link.head)
        assert beside(path[0], link.tail) or round(path[0][1]) in lanes[link.tail]
        assert not link.label_width or min([abs(x - label[0]) + abs(y - label[1]) for x, y in path]) < 60


def test_the_positions_of_one_head_stand_below_each_other():
    drawing = draw(OneHead()())
    frames = [(frame.part, box) for frame, box in zip(drawing.picture.frames, drawing.layout.frames)]
    times = [box for part, box in frames if part.startswith("t = ")]
    assert len(times) == 3 and all(above[3] < below[1] for above, below in itertools.pairwise(times))
    xs = [x for path in drawing.layout.paths for x, _ in path]
    assert max(xs) - min(xs) < 3200


def test_it_says_in_words_what_it_is():
    *_, out = graph()
    root = parsed(draw(out))
    assert root.get("role") == "img"
    assert root[0].tag == f"{SVG}title" and root[0].text == "Computation graph of out"
    assert root.find(f"{SVG}desc").text.startswith("The computation graph of out = ")
    assert "5 nodes, 2 of them leaves" in root.find(f"{SVG}desc").text


def test_the_source_says_what_the_picture_says():
    drawing = draw(WorkedExample()())
    source = " ".join(drawing.source.replace("\\l", " ").split())
    assert all(line in source for line in drawing.picture.caption)


def test_nothing_is_loaded_and_nothing_runs_and_styles_stay_inside():
    svg = draw(WorkedExample()()).svg()
    assert "<script" not in svg and "href" not in svg and "url(" not in svg and "@import" not in svg
    assert svg.count("http") == 1  # the name of the format
    style = re.search(r"<style>(.*?)</style>", svg, re.DOTALL)[1]
    selectors = re.findall(r"([^{}]+)\{", style.replace("@media (prefers-color-scheme: dark) {", ""))
    assert len(selectors) > 20
    for selector in selectors:
        assert all(part.strip().startswith(".autograd-lite") for part in selector.split(",")), selector
    assert "prefers-color-scheme: dark" in style


def test_blue_is_negative_orange_positive_and_the_strongest_is_the_largest():
    a, b, c, z = Value(1.0, "a"), Value(2.0, "b"), Value(3.0, "c"), Value(4.0, "z")
    out = a - 0.01 * b - 4 * c + 0 * z
    out.backward()
    assert [tint(draw(out), node) for node in (a, b, c, z)] == ["pos4", "neg2", "neg4", "zero"]
    negative = Value(-3.0, "n")
    assert tint(draw(negative * a, by="data"), negative) == "neg4"


def test_what_vanishes_is_to_be_seen():
    small, larger = Value(1.0, "a"), Value(1.0, "b")
    out = 0.0004 * small + 0.019 * larger
    out.backward()
    assert tint(draw(out), small) != tint(draw(out), larger) and "zero" not in (tint(draw(out), small), tint(draw(out), larger))


def tint(drawing, node):
    return by_id(drawing)[drawing.element_of[node]].find(f"{SVG}rect").get("class").split()[1]


def test_text_is_readable_on_every_colour():
    from autograd_lite.picture.svg import COLORS, TINTS

    def luminance(color):
        parts = [int(color[k : k + 2], 16) / 255 for k in (1, 3, 5)]
        r, g, b = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    for dark in (0, 1):
        for shade in [*TINTS.values(), COLORS["page"], COLORS["open"]]:
            low, high = sorted((luminance(shade[dark]), luminance(COLORS["ink"][dark])))
            assert (high + 0.05) / (low + 0.05) >= 4.5, (shade, dark)


@pytest.mark.parametrize("number", ["nan", "inf", "-inf"])
def test_numbers_that_are_not_finite_have_a_look_of_their_own(number, dot):
    x = Value(1.0, "x")
    y = x + 1
    drawing = draw(y, grads={x: float(number), y: 1.0}, dot=dot)
    assert f"grad {number}" in texts(parsed(drawing)) and tint(drawing, x) == "odd"
    assert "inf, nan" in texts(parsed(drawing)) and "inf, nan" not in texts(parsed(draw(y, dot=dot)))


def test_an_edge_is_the_wider_the_larger_its_part_of_the_gradient():
    a, b = Value(1.0, "a"), Value(1.0, "b")
    out = 5 * a + 0.1 * b
    assert thickness(draw(out), a) > thickness(draw(out), b) > 0
    out.backward()
    assert thickness(draw(out), a) > thickness(draw(out), b)


def thickness(drawing, leaf):
    for (node, i), name in drawing.edge_element_of.items():
        if node.parents[i] is leaf:
            return float(by_id(drawing)[name].find(f"{SVG}path").get("stroke-width"))


def test_a_plus_a_has_two_edges(dot):
    a = Value(1.0, "a")
    drawing = draw(a + a, dot=dot)
    assert drawing.source.count("->") == 2
    lines = [by_id(drawing)[name].find(f"{SVG}path").get("d") for name in ("e1_0", "e1_1")]
    assert lines[0] != lines[1]


@pytest.mark.parametrize("options", [{}, {"frames": False}, {"rolled": True}], ids=str)
def test_edges_are_drawn_where_the_layout_has_them(options):
    drawing = draw(recurrent()[1], **options)
    found = by_id(drawing)
    for wire, path in zip(drawing.picture.wires, drawing.layout.paths):
        line = found[wire.id].find(f"{SVG}path").get("d")
        (x, y), steps = map(float, re.match(r"M(\S+) ([^ch]+)", line).groups()), re.findall("[ch][^ch]+", line)
        assert len(steps) == len(path) // 3 and (x, y) == pytest.approx(path[0], abs=0.06)
        for step, wanted in zip(steps[:-1], path[3::3]):
            numbers = [float(number) for number in step[1:].split()]
            x, y = x + numbers[-2 if step[0] == "c" else 0], y + (numbers[-1] if step[0] == "c" else 0)
            assert (x, y) == pytest.approx(wanted, abs=0.06)


def test_a_plain_number_has_no_frame_and_a_leaf_is_a_box():
    x = Value(1.0, "x")
    found = by_id(draw(x * 2 + 1))
    kinds = [g.get("class") for name, g in found.items() if name[0] == "n"]
    assert sorted(kinds) == ["node const", "node const", "node leaf", "node operation", "node operation"]
    assert not [g for g in found.values() if g.get("class") == "node const" and g.find(f"{SVG}rect") is not None]


@pytest.mark.parametrize("options", [{}, {"collapse": True}, {"rolled": True}], ids=str)
def test_drawing_leaves_the_graph_as_it_is(options):
    _, loss = recurrent()
    nodes = topological_order(loss)
    before = [(n.data, n.grad, n.label, n.parents, n.local_derivatives, getattr(n, "scope", None)) for n in nodes]
    draw(loss, **options).svg()
    assert before == [(n.data, n.grad, n.label, n.parents, n.local_derivatives, getattr(n, "scope", None)) for n in nodes]


@pytest.mark.parametrize("options", [{}, {"collapse": True}, {"rolled": True}], ids=str)
def test_the_same_graph_has_the_same_picture(options, dot):
    first, second = draw(recurrent()[1], dot=dot, **options), draw(recurrent()[1], dot=dot, **options)
    # the keys of two models differ, and are not shown
    assert first.svg() == second.svg() and first.source == second.source


@pytest.mark.parametrize("label", HOSTILE, ids=range(len(HOSTILE)))
def test_a_label_is_text(label, dot):
    a = Value(1.0, label)
    out = a + 1
    out.label, out.scope = label, Scope(label)
    shown = "".join("\ufffd" if (ord(c) < 32 and not c.isspace()) or "\ud800" <= c <= "\udfff" else c for c in label)
    shown = " ".join(shown.split())
    shown = shown if len(shown) <= 60 else shown[:59] + "…"
    drawing = draw(out, dot=dot)
    assert drawing.layout_by == ("Graphviz's dot" if dot else "built-in: as asked for with dot=False")
    for picture in (drawing, draw(out, dot=dot, collapse=True)):
        root = parsed(picture)
        tags = {element.tag.removeprefix(SVG) for element in root.iter()}
        assert tags <= {"svg", "title", "desc", "style", "rect", "g", "path", "polygon", "text", "tspan"}
        assert any(shown in text for text in texts(root))
    assert texts(by_id(drawing)["n0"], "label") == [shown]


@pytest.mark.parametrize("count", [1, 2])
def test_a_single_leaf_and_a_pair(count, dot):
    out = Value(3.0) if count == 1 else Value(3.0) + 1
    assert "3" in "".join(texts(parsed(draw(out, dot=dot))))


def test_what_cannot_be_drawn_is_named():
    with pytest.raises(TypeError, match="a graph is that of a Value, got float"):
        draw(1.0)
    with pytest.raises(ValueError, match=r"by 'grad' or by 'data', not by 'colour'"):
        draw(Value(1.0), by="colour")
    with pytest.raises(ValueError, match=r"depth is the number of levels.*-1"):
        draw(Value(1.0), depth=-1)
    with pytest.raises(ValueError, match=r"no part is titled 'h9'; there are 'layer 1'|'inputs'"):
        draw(WorkedExample()(), collapse="h9")
    with pytest.raises(TypeError, match="collapse is True, False, a title"):
        draw(Value(1.0), collapse=3)
    tagged = Value(1.0)
    tagged.scope = "layer"
    with pytest.raises(TypeError, match=r"scope of a node is a Scope.*got str 'layer'"):
        draw(tagged)


def test_repr_is_one_line():
    assert "\n" not in repr(draw(graph()[2])) and "5 nodes" in repr(draw(graph()[2]))


# Parts ---------------------------------------------------------------------------------------------------------------


def path_titles(drawing, node):
    """The titles of the parts around a node, from the picture."""
    piece = next(p for p in drawing.picture.pieces if p.id == drawing.element_of[node])
    path, group = [], piece.group
    while group >= 0:
        path.append(drawing.picture.frames[group].title.split(" · ")[0])
        group = drawing.picture.frames[group].parent
    return path[::-1]


def test_nodes_of_an_mlp_are_in_their_units_and_layers():
    example = WorkedExample()
    error = example()
    drawing = draw(error)
    nodes = example.nodes(error)
    assert path_titles(drawing, nodes["out_h1"]) == path_titles(drawing, nodes["net_h1"]) == ["layer 1", "h1"]
    assert path_titles(drawing, nodes["w6"]) == ["layer 2", "o1"]
    assert path_titles(drawing, nodes["b1"]) == ["layer 1"]  # shared by its units
    assert path_titles(drawing, nodes["i1"]) == ["inputs"]
    assert path_titles(drawing, nodes["t1"]) == path_titles(drawing, nodes["E_o1"]) == []


def test_what_only_a_part_uses_is_shown_with_it():
    x, y = Value(1.0), Value(2.0)
    a, b = tanh(x * 2), x + y
    a.scope, b.scope = Scope("a", Scope("both")), Scope("b", Scope("both"))
    drawing = draw(a * b)
    assert path_titles(drawing, a.parents[0]) == ["both", "a"] and path_titles(drawing, y) == ["both", "b"]
    assert path_titles(drawing, x) == ["both"]


def test_two_parts_of_one_title_are_two():
    one, other = Layer(1, 1, "tanh", rng=0), Layer(1, 1, "tanh", rng=0)
    frames, _ = titles(draw(other(one([1.0]))[0]))
    assert frames == ["layer 1 → 1, tanh"] * 2 + ["unit 1"] * 2
    x = Value(1.0)
    first, second = x + 1, x + 2
    first.scope = second.scope = Scope("same")
    assert titles(draw(first * second))[0] == ["same"]


def test_a_softmax_layer_and_an_activation_of_several_nodes_are_inside():
    layer = Layer(2, 2, "softmax", rng=0)
    out = layer([1.0, 2.0])
    drawing = draw(out[0] * out[1])
    assert all(path_titles(drawing, node) for node in drawing.element_of if node is not list(drawing.element_of)[-1])
    unit = Neuron(2, lambda net: 2 * tanh(net) + 1, name="u", rng=0)
    drawing = draw(unit([1.0, 2.0]))
    assert {tuple(path_titles(drawing, node)) for node in drawing.element_of} == {("u",)}


def test_copies_keep_their_parts():
    error = WorkedExample()()
    assert titles(draw(copy.deepcopy(error))) == titles(draw(error))


@pytest.mark.parametrize(
    "cell",
    [
        RNNCell(2, 2, rng=0),
        GRUCell(2, 2, rng=0),
        GRUCell(2, 2, reset_after=True, rng=0),
        LSTMCell(2, 2, rng=0),
        LSTMCell(2, 2, peephole=True, coupled=True, rng=0),
        StackedRNN([RNNCell(2, 2, rng=0), GRUCell(2, 2, rng=1)]),
        BidirectionalRNN(GRUCell(2, 2, rng=0), LSTMCell(2, 2, rng=1)),
        StackedRNN([BidirectionalRNN(RNNCell(2, 1, rng=0), RNNCell(2, 1, rng=1)), RNNCell(2, 2, rng=0)]),
    ],
    ids=lambda cell: type(cell).__name__,
)
def test_unrolled_and_rolled_up_networks(cell, dot):
    _, loss = recurrent(cell)
    unrolled, rolled = draw(loss, collapse=True, dot=dot), draw(loss, rolled=True, dot=dot)
    parts = titles(unrolled)[1]
    assert {"t = 1", "t = 2", "t = 3"} <= set(parts)
    for node in topological_order(loss):
        labelled = re.fullmatch(r"(?:y|h|z|net_\w+|c|[irfo])[\d.]*_(\d)\[\d\]", node.label)
        if labelled:
            part = by_id(unrolled)[unrolled.element_of[node]]
            assert texts(part, "label") == [f"t = {labelled[1]}"], node
    # folded: every time step's node of a role is in one part, and what carries over is a loop with its delay
    for element in set(rolled.element_of.values()):
        nodes = [node for node, name in rolled.element_of.items() if name == element]
        assert len({node.op for node in nodes if node.parents}) <= 1
    delays = [edge for edge in by_id(rolled).values() if edge.get("class") == "edge delay"]
    assert delays and all(re.match(r"t[−+]1", texts(edge, "delta")[0]) for edge in delays)
    count = len(rolled.picture.pieces)
    assert len(draw(recurrent(cell, 5)[1], rolled=True).picture.pieces) == count
    assert not [title for title in titles(rolled)[0] if title.startswith("t = ")]
    assert len(parsed(rolled).findall(f".//{SVG}rect[@class='bar']")) >= 6


def test_the_size_of_the_gradient_by_time_step():
    model = SequenceModel(RNNCell(2, 3, rng=0), 2, rng=0)
    xs, targets = [0, 1, 0], [0, 1, 0]
    run, logits = model.run(xs)
    from nn.losses import step_losses

    last = step_losses(logits, targets)[-1]
    last.backward()
    flow = gradient_flow(model, xs, targets).norms["h"]
    unrolled = draw(last, collapse=True)
    for t, norm in enumerate(flow, 1):
        part = by_id(unrolled)[unrolled.element_of[run.states["h"][t - 1][0]]]
        assert f"‖grad h‖ {norm:.3g}" in texts(part, "grad")
    assert f"t = 1 · ‖grad h‖ {flow[0]:.3g}" in texts(parsed(draw(last, depth=1)), "title")
    rolled = draw(last, rolled=True)
    bars = by_id(rolled)[rolled.element_of[run.states["h"][0][0]]].findall(f"{SVG}rect[@class='bar']")
    assert [bar[0].text for bar in bars][1:] == [f"t = {t}: {norm:.4g}" for t, norm in enumerate(flow, 1)]
    heights = [float(bar.get("height")) for bar in bars][1:]
    assert sorted(range(3), key=heights.__getitem__) == sorted(range(3), key=flow.__getitem__)


def test_time_steps_of_a_module_of_ones_own_fold_without_labels():
    state, w = Value(0.1), Value(0.5, "w")
    for t in (1, 2, 3):
        state = tanh(w * state + Value(float(t)))
        state.scope = Scope(f"t = {t}")
    drawing = draw(state, rolled=True)
    _, parts = titles(drawing)
    assert sorted(parts) == ["+", "input", "tanh", "×"]


@pytest.mark.parametrize("title", ["t = {}", "word {}", "隱藏層"])
def test_time_and_role_are_said_by_the_scope_and_not_read_from_text(title):
    state, w = Value(0.1), Value(0.5, "w")
    for t in (1, 2, 3):
        x = Value(float(t), f"token {t}")
        inner = w * state + x
        state = tanh(inner)
        state.label = f"state after {t}"
        step = Scope(title.format(t), time=t)
        x.scope, inner.scope, state.scope = step._replace(role="x"), step._replace(role="net"), step._replace(role="h")
    drawing = draw(state, rolled=True)
    assert sorted(titles(drawing)[1]) == ["h = tanh", "input", "net = +", "x", "×"]
    assert [texts(edge, "delta") for edge in by_id(drawing).values() if edge.get("class") == "edge delay"] == [["t−1 ×2"]]


@pytest.mark.parametrize("count", [2, 8])
def test_a_batch_is_drawn_as_one_example(count, dot):
    mlp = MLP([2, 3, 1], rng=0)
    loss = half_squared_error([mlp([0.1 * k, 1.0]) for k in range(count)], [[float(k)] for k in range(count)], reduction="mean")
    loss.backward()
    one = mlp([0.5, 1.0])
    drawing = draw(loss, rolled=True, dot=dot)
    assert len(drawing.picture.pieces) < len(topological_order(half_squared_error(one, [1.0]))) + 4
    parts = {texts(g, "label")[0]: texts(g, "count") for name, g in by_id(drawing).items() if "part" in g.get("class")}
    for name in ("net_h1 = Σ w·x + b", "out_o1 = σ", "i1", "i2", "−", "x²"):
        assert parts[name] == [f"×{count}"], name
    shown = {texts(g, "label")[0] for g in by_id(drawing).values() if texts(g, "label")}
    assert {"w_h1_1", "b_o1"} <= shown and not {"w_h1_1", "b_o1"} & set(parts)
    assert set(drawing.element_of) == set(topological_order(loss))


def test_rolled_up_needs_time():
    x = Value(1.0, "t = 3")
    x.scope = Scope("at t = 3")
    for output in (WorkedExample()(), x):
        with pytest.raises(ValueError, match="rolled=True needs nodes of time steps"):
            draw(output, rolled=True)


def test_a_collapsed_part_says_how_many_nodes_and_how_large_its_gradient_is():
    example = WorkedExample()
    error = example()
    error.backward()
    drawing = draw(error, collapse="h1")
    nodes = example.nodes(error)
    members = [nodes[name] for name in ("w1", "w2", "net_h1", "out_h1")]
    part = by_id(drawing)[drawing.element_of[members[0]]]
    norm = sum(node.grad**2 for node in members) ** 0.5
    assert texts(part) == ["h1", "4 nodes", f"‖grad‖ {norm:.3g}"]
    merged = draw(error, collapse=["layer 1", "layer 2"])
    edge = merged.edge_element_of[nodes["net_o1"], nodes["net_o1"].parents.index(nodes["out_h1"])]
    assert edge.startswith("pe") and texts(by_id(merged)[edge]) == ["×4"]


def test_depth_opens_levels_and_collapse_takes_titles():
    error = WorkedExample()()
    assert titles(draw(error, depth=0)) == ([], ["inputs", "layer 1", "layer 2"])
    assert titles(draw(error, collapse=True)) == titles(draw(error, depth=0))
    frames, parts = titles(draw(error, depth=1))
    assert set(frames) == {"inputs", "layer 1", "layer 2"} and set(parts) == {"h1", "h2", "o1", "o2"}
    assert titles(draw(error, collapse=["h1"]))[1] == ["h1"]
    assert titles(draw(error, depth=2)) == titles(draw(error)) == titles(draw(error, collapse=False))


def test_above_the_budget_parts_collapse_as_little_as_they_must():
    mlp = MLP([6, 16, 16, 4], rng=0)
    loss = half_squared_error(mlp([0.1] * 6), [1, 0, 0, 0])
    drawing = draw(loss)
    assert len(topological_order(loss)) > 150 >= len(drawing.picture.pieces)
    assert "h1_1" in titles(drawing)[1] and "layer 1" in titles(drawing)[0]
    assert len(draw(loss, collapse=False).picture.pieces) == len(topological_order(loss))
    wide = MLP([2, 100, 100, 1], rng=0)
    assert titles(draw(half_squared_error(wide([0.1, 0.2]), [1])))[1] == ["inputs", "layer 1", "layer 2", "layer 3"]


def chain(count):
    x = y = Value(0.5)
    for _ in range(count):
        y = tanh(y)
    return x, y


def test_a_graph_without_parts_is_drawn_up_to_2000_nodes_and_refused_above():
    assert len(draw(chain(1999)[1]).picture.pieces) == 2000
    with pytest.raises(ValueError, match=r"2,001 nodes .*2,000.*collapse=True or depth=.*force=True"):
        draw(chain(2000)[1])
    assert len(draw(chain(2000)[1], force=True).picture.pieces) == 2001


def test_a_deep_graph_and_one_of_crossing_times_are_drawn(dot):
    x, y = chain(400 if not dot else 20)  # dot takes long where many edges are
    assert parsed(draw(gradient(y, x), dot=dot)) is not None
    deep = Scope("0")
    for k in range(1, 60):
        deep = Scope(str(k), deep)
    out = Value(1.0) + 1
    out.scope = deep
    assert len(titles(draw(out, dot=False))[0]) == 60
    one, other = Value(1.0), Value(2.0)
    a, b = one * other, one + other
    c, d = a * b, a + b
    a.scope = d.scope = Scope("left")
    b.scope = c.scope = Scope("right")  # each leads to the other
    assert sorted(titles(draw(c * d, dot=dot))[0]) == ["left", "right"]


def test_the_run_of_a_network_alone_is_drawn():
    run = RNN(RNNCell(1, 1, rng=0))([[1.0], [2.0]])
    frames, _ = titles(draw(run.outputs[-1][0]))
    assert {"t = 0", "t = 1", "t = 2"} <= set(frames)


def repeated(count):
    """A chain with one weight: its arrows grow long."""
    w, y = Value(0.7, "w"), Value(0.5)
    for _ in range(count):
        y = tanh(w * y)
    return y


SMALL = {"a leaf": lambda: draw(Value(1.0)), "no frames": lambda: draw(WorkedExample()(), frames=False)}
LARGE = {
    "frames": lambda: draw(WorkedExample()()),
    "one weight": lambda: draw(repeated(50)),
    "long": lambda: draw(chain(400)[1]),
    "rolled": lambda: draw(recurrent()[1], rolled=True),
}


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz's program dot is not installed")
@pytest.mark.parametrize("name", [*SMALL, *LARGE])
def test_dot_is_started_only_for_a_layout_that_is_used(name, monkeypatch):
    runs, run = [], subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", lambda *args, **kwargs: runs.append(args) or run(*args, **kwargs))
    drawing = {**SMALL, **LARGE}[name]()
    assert drawing.svg() == drawing.svg()
    assert drawing.layout_by.startswith("Graphviz's dot" if name in SMALL else "built-in: ")
    assert len(runs) == (name in SMALL)


def test_dot_is_given_up_after_some_seconds(monkeypatch):
    seconds = []

    def late(*args, timeout, **kwargs):
        seconds.append(timeout)
        raise subprocess.TimeoutExpired("dot", timeout)

    monkeypatch.setattr(subprocess, "run", late)
    drawing = draw(graph()[2])
    assert drawing.svg() == draw(graph()[2], dot=False).svg() and seconds == [5.0]
    assert drawing.layout_by == "built-in: Graphviz's program `dot` took more than 5 s"


def test_no_label_turns_the_text_around_it():
    x = Value(1.0, "a\u202eb\u2066c")
    assert not {"\u202e", "\u2066"} & set(draw(x * x).svg() + draw(x * x).source)


# By layers -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 4])
def test_a_network_by_layers(count):
    mlp = MLP([2, 5, 3], rng=0)
    loss = half_squared_error([mlp([0.1 * k, 1.0]) for k in range(count)], [[1.0, 0.0, 0.0]] * count)
    before = ET.fromstring(autograd_lite.draw_layers(loss).svg())
    assert texts(before, "title") == ["W, layer 1", "W, layer 2"] and "Colour: data" in texts(before, "caption")[0]
    loss.backward()
    root = ET.fromstring(autograd_lite.draw_layers(loss).svg())
    units = [circle for circle in root.iter(f"{SVG}circle")]
    lines = [path for path in root.iter(f"{SVG}path")]
    assert len(units) == 2 + 5 + 3 and len(lines) == 2 * 5 + 5 * 3
    assert texts(root, "title") == ["W, layer 1", "dE/dW, layer 1", "W, layer 2", "dE/dW, layer 2"]
    cells = [rect for rect in root.iter(f"{SVG}rect") if "cell" in rect.get("class")]
    assert len(cells) == 2 * len(lines)
    weights = [w for layer in mlp.layers for neuron in layer.neurons for w in neuron.weights]
    for w, line in zip(weights, lines):
        assert line.get("class") == ("line neg" if w.grad < 0 else "line pos")
        assert line[0].text.replace("−", "-") == f"{w.label} = {w.data:.6g}, grad {w.grad:.6g}"


def test_by_layers_is_for_networks(tmp_path):
    with pytest.raises(ValueError, match="no node is a weighted sum"):
        autograd_lite.draw_layers(graph()[2])
    drawing = autograd_lite.draw_layers(MLP([1, 1], rng=0)([1.0])[0])
    assert drawing.save(tmp_path / "x.svg").read_text().endswith(drawing.svg())
    assert drawing._repr_mimebundle_()["text/html"].startswith("<img ")
    with pytest.raises(ValueError, match=r"saved as \.svg, not as 'x\.png'"):
        drawing.save(tmp_path / "x.png")
