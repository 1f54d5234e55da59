"""Pictures: DOT source always, SVG through `dot`."""

import html
import re
import shutil
import subprocess

import pytest

from autograd_lite import Value, draw, tanh

needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz's program dot is not installed")
HOSTILE = ['"></svg><script>alert(1)</script>', "a\\nb\\", "{x|y}", "<b>", "隱藏層", "&amp;", "n0", "\n\t x", "\\N \\G"]


def graph():
    x, w = Value(2.0, "x"), Value(-0.25, "w")
    out = tanh(w * x + w)
    out.label = "out"
    return x, w, out


def test_nodes_show_label_data_and_grad_and_edges_local_derivatives():
    x, w, out = graph()
    out.backward()
    source = draw(out).source
    for node in (x, w, out):
        assert re.search(rf"{node.label}.*data {node.data:.6g}.*grad {node.grad:.6g}", source, re.DOTALL)
    assert f"{out.local_derivatives[0]:.4g}" in source and "rankdir=LR" in source


def test_a_plus_a_has_two_edges():
    a = Value(1.0, "a")
    assert draw(a + a).source.count("->") == 2


def test_drawing_leaves_the_graph_as_it_is():
    x, w, out = graph()
    out.backward()
    before = [x.grad, w.grad, out.grad]
    draw(out)
    assert [x.grad, w.grad, out.grad] == before


@needs_dot
@pytest.mark.parametrize("label", HOSTILE)
def test_a_label_is_text(label):
    a = Value(1.0, label)
    svg = draw(a + 1).svg()
    assert "<script" not in svg
    shown = " ".join(html.unescape(text) for text in re.findall(r"<text[^>]*>(.*?)</text>", svg))
    assert " ".join(label.split()) in " ".join(shown.replace("\xa0", " ").split())


@needs_dot
def test_jupyter_shows_svg():
    bundle = draw(graph()[2])._repr_mimebundle_()
    assert "<svg" in bundle["image/svg+xml"]


@pytest.mark.parametrize("failure", ["missing", "forbidden"])
def test_without_dot_the_source_and_a_plain_line(failure, monkeypatch, tmp_path):
    if failure == "missing":
        monkeypatch.setenv("PATH", "")
    else:  # as where no process can be started

        def refuse(*args, **kwargs):
            raise OSError(138, "Not supported")

        monkeypatch.setattr(subprocess, "run", refuse)
        monkeypatch.setattr(subprocess, "Popen", refuse)
    drawing = draw(graph()[2])
    assert drawing.source.startswith("digraph")
    bundle = drawing._repr_mimebundle_()
    assert list(bundle) == ["text/plain"] and bundle["text/plain"].startswith("no picture: Graphviz's program `dot`")
    with pytest.raises(RuntimeError, match="no picture: Graphviz's program `dot`"):
        drawing.save(tmp_path / "x.svg")
    assert not (tmp_path / "x.svg").exists()
    assert drawing.save(tmp_path / "x.dot").read_text(encoding="utf-8") == drawing.source


def test_another_ending_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"saved as \.svg or \.dot, not as 'x\.png'"):
        draw(Value(1.0)).save(tmp_path / "x.png")


def test_repr_is_one_line():
    assert "\n" not in repr(draw(graph()[2]))
