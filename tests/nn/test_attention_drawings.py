"""Pictures of attention: the numbers are those of the run, of each block and head, and text is data."""

import random
import re
import xml.etree.ElementTree as ElementTree

import pytest

from nn import GPT, Block, SelfAttention, draw_attention, draw_head, draw_residuals, sequence_cross_entropy

TOKENS = ["·", "<b>", '"&', " "]


def run_of(blocks=1, causal=True):
    gpt = GPT(5, 4, 2, blocks=blocks, length=6, causal=causal, rng=1)
    rng = random.Random(3)
    for parameter in gpt.parameters():
        parameter.data = rng.uniform(-1, 1)
    run = gpt.run([0, 1, 2, 3])
    sequence_cross_entropy(run.outputs, [1, 2, 3, 4]).backward()
    return run


def parsed(sheet):
    """The root, its texts, and the tips of its shapes."""
    root = ElementTree.fromstring(sheet.svg())
    found = {kind: [element.text for element in root.iter(f"{{http://www.w3.org/2000/svg}}{kind}")] for kind in ("text", "title")}
    return root, found["text"], found["title"][1:]


@pytest.mark.parametrize(("blocks", "causal", "weights"), [(1, True, 10), (2, True, 20), (1, False, 16)])
def test_the_heat_map_shows_every_weight_of_every_head(blocks, causal, weights):
    run = run_of(blocks, causal)
    _, texts, tips = parsed(draw_attention(run, TOKENS))
    for layer in ["1", "2"] if blocks == 2 else [""]:
        for head in range(2):
            for step in run.states[f"att{layer}"]:
                for weight in step[head]:
                    assert f"{weight.label} = {weight.data!r}, grad {weight.grad!r}" in tips
                    assert f"{weight.data:.2f}" in texts
    assert len(tips) == 2 * weights
    assert texts.count("<b>") == 2 * 2 * blocks and texts.count("␣") == 2 * 2 * blocks
    assert ("block 2, head 1" in texts) == (blocks == 2)


def test_the_heat_map_of_grads_is_of_both_signs():
    run = run_of()
    svg = draw_attention(run, of="grad").svg()
    signs = {weight.grad > 0 for step in run.states["att"] for head in step for weight in head if weight.grad}
    assert signs == {True, False}
    assert 'class="box pos4"' in svg and 'class="box neg4"' in svg
    assert max(map(float, re.findall(r'fill-opacity="([0-9.]+)"', svg))) == 1.0


def test_a_head_has_its_weights_on_its_wires():
    run = run_of(blocks=2)
    _, texts, tips = parsed(draw_head(run, t=3, head=1, layer="2", tokens=TOKENS))
    weights = run.states["att2"][2][1]
    for weight, score in zip(weights, run.states["score2"][2][1]):
        assert f"{weight.data:.3f}" in texts and f"score {score.data:.2f}" in texts
        assert f"{weight.label} = {weight.data!r}, {score.label} = {score.data!r}" in tips
    head = run.states["head2"][2][2:]
    assert f"head = ({head[0].data:.2f}, {head[1].data:.2f})" in texts and "Head 1 at t = 3, block 2" in texts
    assert texts.count("<b>") == 1 and texts.count("␣") == 0  # it does not look ahead
    widths = [float(width) for width in re.findall(r'stroke-width="([0-9.]+)" d=', draw_head(run, 3, 1, "2").svg())]
    assert widths == pytest.approx([0.4 + 9 * weight.data for weight in weights], abs=0.01)


def test_the_residual_stream_is_shown_from_the_embedding_on():
    run = run_of(blocks=2)
    _, texts, tips = parsed(draw_residuals(run))
    rows = ["resid_pre1", "resid_mid1", "resid_post1", "resid_mid2", "resid_post2"]
    assert len(tips) == len(rows) * 4 * 4
    for row in rows:
        for unit in run.states[row][1]:
            assert f"{unit.label} = {unit.data!r}, grad {unit.grad!r}" in tips
    assert "block 2: + attention" in texts and "what goes in" in texts
    assert run.states["resid_pre2"] == run.states["resid_post1"]
    assert len(parsed(draw_residuals(Block(4, 2, rng=0).run([[0.5] * 4]), of="grad"))[2]) == 3 * 4


def test_pictures_are_saved_shown_and_fit_their_page(tmp_path):
    for sheet in (draw_attention(run_of(), TOKENS), draw_head(run_of()), draw_residuals(run_of())):
        path = sheet.save(tmp_path / "picture.svg")
        assert ElementTree.parse(path).getroot().get("class") == "autograd-lite"
        assert sheet._repr_mimebundle_()["image/svg+xml"] == sheet.svg()
        root, _, _ = parsed(sheet)
        wide = float(root.get("width"))
        assert all(float(text.get("x")) <= wide for text in root.iter("{http://www.w3.org/2000/svg}text"))
    with pytest.raises(ValueError, match=r"saved as \.svg, not as 'picture\.png'"):
        sheet.save(tmp_path / "picture.png")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda run: draw_attention(run, "ab"), "this run has 4 positions, got 2 tokens"),
        (lambda run: draw_attention(run, of="sum"), "of is 'data' or 'grad', not 'sum'"),
        (lambda run: draw_head(run, t=5), "there are t from 1 to 4, heads from 0 to 1; got t = 5"),
        (lambda run: draw_head(run, layer="2"), "got t = 4, head = 0, layer = '2'"),
        (lambda run: draw_head(run, layer=3), "got t = 4, head = 0, layer = '3'"),
        (lambda run: draw_residuals(SelfAttention(2).run([[0.0, 1.0]])), "this run has no states 'resid_mid': there are q, k, v"),
    ],
)
def test_what_there_is_not_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make(run_of())


@pytest.mark.parametrize("draw", [draw_attention, draw_head, draw_residuals])
def test_what_is_no_run_is_named(draw):
    gpt = GPT(5, 4, 2, length=6, rng=1)
    with pytest.raises(TypeError, match="this draws what `run` of a SelfAttention, Block or GPT gives, got list"):
        draw(gpt([0, 1]))


def test_a_block_is_named_by_its_number():
    run = run_of(blocks=2)
    assert draw_head(run, layer=2).svg() == draw_head(run, layer="2").svg() != draw_head(run, layer=1).svg()
    with pytest.raises(TypeError, match="float"):
        draw_head(run, t=1.5)
