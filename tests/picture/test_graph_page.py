# ruff: noqa: F811 (a fixture that is imported)
"""The page of a picture, in a real browser: pan, zoom, open and close, search, hover."""

import pytest
from browser import chromium, colours, needs_axe, quiet, violations  # noqa: F401
from waiting import until

from autograd_lite import Scope, Value, dot, draw, sum_, tanh, topological_order
from nn import MLP, LSTMCell, SequenceModel, half_squared_error, sequence_cross_entropy
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
    const [x0, y0, x1, y1] = piece.place;
    return [((x0 + x1) / 2 - left) * scale, ((y0 + y1) / 2 - above) * scale]"""


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


def test_what_is_lit_is_the_way_and_nothing_beside_it(page):
    for label in ("w5", "b1", "out_h2", "E_total"):
        page.execute_script("light(pieces.filter((piece) => piece.label === arguments[0]))", label)
        tips, wires, others = page.execute_script(
            "const own = [...litStrokes], isLit = (w) => w.strokes.every((s) => litStrokes.has(s));"
            "const on = wires.filter((w) => isLit(w) && lit.has(pieces[w.tail]) && lit.has(pieces[w.head]));"
            "return [own.filter((s) => s.tip).length, on.length, own.filter((s) => !lit.has(pieces[s.segment.tail])).length]"
        )
        assert tips == wires > 0 and others == 0


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


def click(page, x, y):
    page.execute_script("canvas.setPointerCapture = () => {}")
    pointer(page, "pointerdown", x, y)
    pointer(page, "pointerup", x, y)


def title(page, start):
    """Where the title of a frame is."""
    where = "const [x, y] = frames.find((f) => f.title.startsWith(arguments[0])).box"
    return page.execute_script(f"{where}; return [(x + 30 - left) * scale, (y + 12 - above) * scale]", start)


def test_a_part_is_closed_and_opened_and_everything_else_makes_room(page):
    def place(what):
        return page.execute_script(f"return {what}")

    h1, h2 = "frames.find((f) => f.title.startsWith('h1'))", "frames.find((f) => f.title.startsWith('h2'))"
    layer, out = "frames.find((f) => f.title.startsWith('layer 1'))", "pieces.find((p) => p.label === 'E_total')"
    before = [place(f"{part}.box") for part in (h1, h2, layer)], place(f"{out}.place")
    at = title(page, "h1")
    click(page, *at)
    left, top, right, bottom = place(f"{h1}.box")
    assert place(f"{h1}.closed") and place(f"{h1}.pieces.every((piece) => !piece.place)")
    assert right - left < before[0][0][2] - before[0][0][0] and bottom - top == pytest.approx(48)
    assert title(page, "h1") == pytest.approx(at, abs=1)  # it stays under the hand
    assert place(f"{layer}.box")[3] < before[0][2][3]  # its neighbours have moved together
    click(page, *at)
    assert ([place(f"{part}.box") for part in (h1, h2, layer)], place(f"{out}.place")) == before


def test_a_closed_part_stands_for_all_that_is_in_it(page):
    click(page, *title(page, "layer 1"))
    count = page.execute_script("return strokes.filter((s) => s.tip && pieces[s.segment.to]?.label === 'net_o1').length")
    assert count == 4  # two weights, the bias, and both hidden units as one
    into = "return strokes.filter((s) => s.tip && frames[s.segment.to - pieces.length]?.title.startsWith('layer 1'))"
    assert page.execute_script(f"{into}.map((s) => s.text).sort()") == ["×2", "×2"]  # of each input
    x, y = title(page, "layer 1")
    pointer(page, "pointermove", x, y)
    assert page.find_element("id", "told").text.startswith("layer 1") and "9 nodes" in page.find_element("id", "told").text
    assert page.execute_script("return lit.has(pieces.find((p) => p.label === 'E_total'))")


OVERLAPS = """
    const seen = [...pieces.map((p) => p.place), ...frames.filter((f) => f.closed).map((f) => f.box)].filter(Boolean);
    const both = (a, c, e, g) => Math.min(c, g) - Math.max(a, e) > 0.01;
    const touch = ([a, b, c, d], [e, f, g, h]) => both(a, c, e, g) && both(b, d, f, h);
    return seen.filter((one, k) => seen.some((other, j) => j < k && touch(one, other))).length"""
THROUGH = """
    const at = (t, a, b, c, d) => (1 - t) ** 3 * a + 3 * t * (1 - t) ** 2 * b + 3 * t * t * (1 - t) * c + t ** 3 * d;
    const inside = ([x0, y0, x1, y1], [x, y]) => x > x0 + 1 && x < x1 - 1 && y > y0 + 1 && y < y1 - 1;
    const through = ({ path, box: [x0, y0, x1, y1] }) => {
      const isNear = ([a, b, c, d]) => a < x1 && c > x0 && b < y1 && d > y0;
      const near = pieces.filter(({ place, kind }) => place && kind !== "const" && isNear(place));
      for (let k = 0; near.length && k + 3 < path.length; k += 3) for (let t = 0; t <= 1; t += 0.05) {
        const point = [0, 1].map((i) => at(t, ...path.slice(k, k + 4).map((p) => p[i])));
        if (near.some(({ place }) => inside(place, point))) return true;
      }
      return false;
    };
    return strokes.filter(through).length"""


def networks():
    yield "2-2-2", WorkedExample()()
    yield "batch", sum_([half_squared_error(MLP([2, 2, 1], rng=0)([0.1 * k, 0.2]), [1.0]) for k in range(8)])
    yield "mlp", half_squared_error(MLP([6, 16, 16, 4], rng=0)([0.1] * 6), [1, 0, 0, 0])
    lstm = SequenceModel(LSTMCell(2, 2, rng=0), 2, rng=0)
    yield "lstm", sequence_cross_entropy(lstm([[0.1, 0.2]] * 6), [0, 1, 0, 1, 0, 1])
    x = y = Value(0.5, "x")
    for _ in range(300):
        y = tanh(y * x)
    yield "chain", y


@pytest.mark.parametrize("output", [output for _, output in networks()], ids=[name for name, _ in networks()])
def test_nothing_overlaps_and_no_arrow_runs_through_a_node(chromium, tmp_path, output):
    chromium.get(draw(output).save(tmp_path / "graph.html").as_uri())
    for opened in ("", "all(false)"):
        chromium.execute_script(opened)
        assert chromium.execute_script(OVERLAPS) == 0
        assert chromium.execute_script(THROUGH) == 0
        wide, high = chromium.execute_script("return [bounds[2] - bounds[0], bounds[3] - bounds[1]]")
        assert 0.5 < wide / high < 8  # a window's shape is 1.9
    quiet(chromium)


def test_a_search_opens_the_parts_around(page):
    page.find_element("id", "close").click()
    assert page.execute_script("return frames.every((f) => f.closed)")
    page.find_element("id", "search").send_keys("w3\n")
    assert page.execute_script(
        "const p = pieces.find((p) => p.label === 'w3'); return p.place && lit.has(p) && p.place[0] > left && p.place[1] > above"
    )
    assert "w3" in page.find_element("id", "told").text
    page.find_element("id", "search").clear()
    page.find_element("id", "search").send_keys("w99\n")
    assert page.find_element("id", "told").text == "no node has the label w99"


@needs_axe
@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(page, scheme):
    with colours(page, scheme):
        for parts in ("open", "close"):
            page.find_element("id", parts).click()
            assert violations(page) == []


def test_a_part_is_found_opened_and_closed_by_keys(page):
    page.find_element("id", "search").send_keys("layer 2\n")
    assert page.find_element("id", "told").text.startswith("layer 2") and "9 nodes" in page.find_element("id", "told").text
    closed = "return !!frames.find((f) => f.title.startsWith('layer 2')).closed"
    for wanted in (True, False):
        page.find_element("id", "graph").send_keys("\n")
        assert page.execute_script(closed) is wanted


def test_an_arrow_goes_on_at_the_border_of_a_frame(page):
    """Each stroke begins where another ends, or at a piece; and ends where another begins, or at a piece."""
    loose = """
        const close = ([a, b], [c, d]) => Math.abs(a - c) < 0.6 && Math.abs(b - d) < 0.6;
        const on = ([a, b, c, d], x, y) => x > a - 0.6 && x < c + 0.6 && y > b - 0.6 && y < d + 0.6;
        const at = ([x, y]) => pieces.some(({ place }) => place && on(place, x, y));
        const starts = strokes.map(({ path }) => path[0]), tips = strokes.map(({ path }) => path.at(-1));
        return [starts.filter((one) => !at(one) && !tips.some((other) => close(one, other))).length,
                tips.filter((one) => !at(one) && !starts.some((other) => close(one, other))).length]"""
    assert page.execute_script(loose) == [0, 0]


def test_the_small_map_leads_anywhere(page):
    page.execute_script("zoom(6); const r = map.getBoundingClientRect(); map.dispatchEvent(new PointerEvent('pointerdown', "
                        "{clientX: r.right - 3, clientY: r.top + r.height / 2}))")  # fmt: skip
    assert page.execute_script("return left > (bounds[0] + bounds[2]) / 2")


def test_the_page_of_5000_nodes_is_small_and_opens_with_what_can_be_seen(chromium, tmp_path):
    mlp = MLP([2, 16, 16, 1], rng=0)
    loss = sum_([half_squared_error(mlp([0.01 * k, 0.5]), [1.0]) for k in range(64)])
    path = draw(loss).save(tmp_path / "graph.html")
    count = len(topological_order(loss))
    assert count > 4500 and path.stat().st_size < 600 * count
    chromium.get(path.as_uri())
    assert chromium.execute_script("return [pieces.length, strokes.length < 3000]") == [count, True]
    quiet(chromium)


SEEN = "return [frames.map((frame) => frame.closed), strokes.length, $('ask').open]"


def many_arrows():
    """A graph of few nodes and 10,980 arrows."""
    xs = [Value(0.1 * k, f"x{k}") for k in range(90)]
    return sum_([dot(xs[:60], xs[k : k + 30] * 2) for k in range(60)] + [dot(xs[:60], xs[30:]) for _ in range(30)])


def test_what_takes_long_to_be_laid_out_is_asked_for_and_said(chromium, tmp_path):
    output = many_arrows()
    output = output + sum_([output * k for k in range(60)])
    for node in topological_order(output):
        node.scope = Scope("part")
    chromium.get(draw(output * 2).save(tmp_path / "graph.html").as_uri())
    arrows = sum(len(node.parents) for node in topological_order(output)) + 2
    before = chromium.execute_script(SEEN)
    assert before[0] == [True] and not before[2]
    for ask in ("$('open').click()", "toggle(frames[0])", "$('search').value = 'x3'; find()"):
        chromium.execute_script(ask)
        assert f" nodes and {arrows:,} arrows" in chromium.find_element("id", "many").text
        assert chromium.execute_script(SEEN) == [*before[:2], True]
        chromium.find_element("id", "no").click()
        assert chromium.execute_script(SEEN) == before
    watch = "new MutationObserver(() => heard.push($('told').textContent)).observe($('told'), {childList: true})"
    chromium.execute_script(f"window.heard = []; {watch}; $('open').click()")
    chromium.find_element("id", "yes").click()
    until(lambda: chromium.execute_script("return strokes.length > 10000"))
    heard, closed, asks = chromium.execute_script("return [heard, frames[0].closed, $('ask').open]")
    assert f"{arrows:,} arrows are being laid out" in heard[0] and heard[-1] == "" and not closed and not asks
    quiet(chromium)


def test_a_large_graph_without_parts_says_that_it_is_being_laid_out(chromium, tmp_path):
    chromium.get(draw(many_arrows()).save(tmp_path / "graph.html").as_uri())
    until(lambda: chromium.execute_script("return strokes.length > 10000"))
    assert chromium.execute_script("return [pieces.every((piece) => piece.place), $('told').textContent]") == [True, ""]
    quiet(chromium)


def test_what_is_slow_to_draw_is_moved_at_once_and_drawn_anew_where_the_hand_rests(page):
    slowly = "isSlow = true; keep(-1e9); zoom(2); move(); return [drawn.scale * 2 === scale, resting > 0, isSlow]"
    assert page.execute_script(slowly) == [True, True, True]
    until(lambda: page.execute_script("return drawn.scale === scale || !isSlow"))  # drawn anew, and slowly or not


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


def test_what_is_found_is_all_of_a_label_and_of_a_title(chromium, tmp_path):
    x = Value(2.0, "loss: total")
    output = x * x
    output.scope = Scope("a · b = c")
    chromium.get(draw(output).save(tmp_path / "graph.html").as_uri())
    assert chromium.execute_script("return found") == ["loss: total", "", "a · b = c"]
    quiet(chromium)


def test_a_title_with_an_equals_sign_is_not_an_operation():
    output = Value(2.0, "x") * 3.0
    output.scope = Scope("w_1 = mse")
    part = next(piece for piece in draw(output, collapse=True).picture.pieces if piece.kind == "part")
    assert part.label == part.lines[0].text == "w_1 = mse"
