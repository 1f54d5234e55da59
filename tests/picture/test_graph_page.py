# ruff: noqa: F811 (a fixture that is imported)
"""The page of a picture, in a real browser: pan, zoom, open and close, search, hover."""

import pytest
from browser import chromium, quiet  # noqa: F401

from autograd_lite import Value, draw, topological_order
from nn import MLP, half_squared_error
from nn.worked_example import WorkedExample


@pytest.fixture
def page(chromium, tmp_path):
    error = WorkedExample()()
    error.backward()
    chromium.get(draw(error).save(tmp_path / "graph.html").as_uri())
    yield chromium
    assert quiet(chromium) > 0


POINT = """
    const piece = pieces.find((piece) => piece.label === arguments[0]);
    return [(piece.x - left) * scale, (piece.y - above) * scale]"""


def pointer(page, kind, x, y):
    page.execute_script(
        "const r = canvas.getBoundingClientRect(), [kind, x, y] = arguments;"
        "canvas.dispatchEvent(new PointerEvent(kind, {clientX: r.left + x, clientY: r.top + y, pointerId: 1}))",
        kind, x, y,
    )  # fmt: skip


def test_hover_tells_the_numbers_and_lights_the_whole_way(page):
    pointer(page, "pointermove", *page.execute_script(POINT, "net_h1"))
    assert page.find_element("id", "told").text.startswith("net_h1: linear, data 0.3775, grad 0.0087713546")
    lit = set(page.execute_script("return [...lit].map((piece) => piece.label)"))
    assert {"i1", "w1", "b1", "net_h1", "out_h1", "net_o2", "E_total"} <= lit and not {"w3", "w5", "net_h2"} & lit


def test_wheel_zooms_where_it_points_and_dragging_pans(page):
    x, y = page.execute_script(POINT, "w5")
    before = page.execute_script("return scale")
    page.execute_script(
        "const r = canvas.getBoundingClientRect(), [x, y] = arguments;"
        "canvas.dispatchEvent(new WheelEvent('wheel', {deltaY: -300, clientX: r.left + x, clientY: r.top + y}))",
        x, y,
    )  # fmt: skip
    assert page.execute_script("return scale") > 1.5 * before
    assert page.execute_script(POINT, "w5") == pytest.approx([x, y], abs=1)
    page.execute_script("canvas.setPointerCapture = () => {}")
    pointer(page, "pointerdown", 300, 300)
    pointer(page, "pointermove", 340, 330)
    pointer(page, "pointerup", 340, 330)
    assert page.execute_script(POINT, "w5") == pytest.approx([x + 40, y + 30], abs=1)


def test_a_part_is_closed_and_opened_and_search_opens_it(page):
    page.execute_script("canvas.setPointerCapture = () => {}")
    box = "const [x, y] = frames.find((f) => f.title.startsWith('h1')).box; "
    title = box + "return [(x + 30 - left) * scale, (y + 12 - above) * scale]"
    for closed in (True, False):
        at = page.execute_script(title)
        pointer(page, "pointerdown", *at)
        pointer(page, "pointerup", *at)
        assert page.execute_script("return !!frames.find((f) => f.title.startsWith('h1')).closed") is closed
    page.find_element("id", "close").click()
    assert page.execute_script("return frames.every((f) => f.closed)")
    page.find_element("id", "search").send_keys("w3\n")
    seen = "return closedAround(p.group) < 0 && lit.has(p) && p.left > left && p.top > above"
    assert (
        page.execute_script(f"const p = pieces.find((p) => p.label === 'w3'); {seen}")
        and "w3" in page.find_element("id", "told").text
    )
    page.find_element("id", "search").clear()
    page.find_element("id", "search").send_keys("w99\n")
    assert page.find_element("id", "told").text == "no node has the label w99"


def test_the_small_map_leads_anywhere(page):
    page.execute_script("zoom(6); const r = map.getBoundingClientRect(); map.dispatchEvent(new PointerEvent('pointerdown', "
                        "{clientX: r.right - 3, clientY: r.top + r.height / 2}))")  # fmt: skip
    assert page.execute_script("return left > (bounds[0] + bounds[2]) / 2")


def test_a_page_has_every_node_also_where_the_picture_is_collapsed(chromium, tmp_path):
    loss = half_squared_error(MLP([6, 16, 16, 4], rng=0)([0.1] * 6), [1, 0, 0, 0])
    drawing = draw(loss)
    chromium.get(drawing.save(tmp_path / "graph.html").as_uri())
    count = len(topological_order(loss))
    assert len(drawing.picture.pieces) < count == chromium.execute_script("return pieces.length")
    assert chromium.execute_script("return frames.some((frame) => frame.closed)")
    quiet(chromium)


@pytest.mark.parametrize("label", ["</script><b>", "<!--", "隱藏層", "a\u2028b", "&amp;", '"'])
def test_a_label_is_text(chromium, label, tmp_path):
    x = Value(2.0, label)
    output = x * x
    output.label = label
    chromium.get(draw(output).save(tmp_path / "graph.html").as_uri())
    assert chromium.execute_script("return [document.scripts.length, pieces[0].label]") == [2, label]
    quiet(chromium)
