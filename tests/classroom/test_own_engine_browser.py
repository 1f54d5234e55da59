"""The page that shows a failing graph, the engine's and the right one, in a browser."""

import pytest
from browser import chromium, colours, fits, needs_axe, quiet, violations, window  # noqa: F401
from own_engines import changed

from autograd_lite.classroom import check_engine


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = tmp_path_factory.mktemp("engine")
    (folder / "engine.py").write_text(changed("node.grad * slope", "slope"))
    return check_engine(folder / "engine.py", language="zh-TW").save(folder / "graph.html")


def test_both_graphs_are_side_by_side_and_nothing_is_asked_of_a_network(chromium, page):  # noqa: F811
    quiet(chromium)
    chromium.get(page.as_uri())
    first, second = [figure.rect for figure in chromium.find_elements("tag name", "figure")]
    assert first["y"] == second["y"] and first["x"] + first["width"] <= second["x"]
    assert [svg.is_displayed() for svg in chromium.find_elements("tag name", "svg")] == [True, True]
    marked = chromium.find_element("css selector", "tr.first")
    assert marked.text.startswith("b = ") and len(chromium.find_elements("css selector", "tbody tr")) == 4
    quiet(chromium)


def test_on_a_phone_nothing_is_cut_off(chromium, page):  # noqa: F811
    with window(chromium, 390, 844):
        chromium.get(page.as_uri())
        assert fits(chromium)


@pytest.mark.slow
@needs_axe
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_no_violation(chromium, page, theme):  # noqa: F811
    with colours(chromium, theme):
        chromium.get(page.as_uri())
        assert violations(chromium) == []
