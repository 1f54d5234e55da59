"""The lessons as slides in a hall: all that a slide has is on the screen at once, and large enough to be read."""

import os

import pytest
from browser import NODE_MODULES, browser, window
from lessons import LESSONS, NOTEBOOKS, TRANSLATED
from waiting import until

NEEDED = {"reveal_url_prefix": "reveal.js", "require_js_url": "requirejs/require.js", "jquery_url": "jquery/dist/jquery.js"}
MATHJAX = "mathjax/MathJax.js"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not all((NODE_MODULES / name).exists() for name in [*NEEDED.values(), MATHJAX]),
        reason="reveal.js, requirejs, jquery and mathjax are not in the folder NODE_MODULES",
    ),
]
SMALLEST = 0.75
"""What of its size a text keeps that would not fit, and what of its height a page in a frame."""

READY = """
const [reveal, done] = arguments;
require([reveal], (Reveal) => { window.Reveal = Reveal; MathJax.Hub.Queue(() => done()); });
"""
SLIDE = """
const slide = document.querySelectorAll(".slides > section > section")[arguments[0]];
if (!slide) return null;
const { h, v } = Reveal.getIndices(slide), { height, width } = Reveal.getConfig();
Reveal.slide(h, v);
slide.querySelectorAll(".fragment").forEach((fragment) => fragment.classList.add("visible"));
const cells = [...slide.querySelectorAll(".jp-Cell")];
return {
    number: `${h}.${v}`,
    beyond: Math.max(slide.scrollHeight - height, slide.scrollWidth - width),
    wide: cells.filter((cell) => cell.scrollWidth > cell.clientWidth + 1).length,
    size: Math.min(...cells.map((cell) => Number(cell.style.zoom || 1))),
    frames: [...slide.querySelectorAll("iframe")].map((frame) => frame.offsetHeight / height),
};
"""


@pytest.fixture(scope="module")
def hall(tmp_path_factory):
    with browser(tmp_path_factory.mktemp("profile"), "--allow-file-access-from-files") as driver:
        yield driver


def slides(path, folder):
    """The lesson as slides, with all that they load beside them."""
    nbformat, nbconvert = pytest.importorskip("nbformat"), pytest.importorskip("nbconvert")
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata.language_info = {"name": "python", "pygments_lexer": "python3"}  # that of IPython would need IPython
    (folder / "modules").symlink_to(NODE_MODULES.resolve())
    urls = {name: f"modules/{url}" for name, url in NEEDED.items()}
    urls["mathjax_url"] = f"modules/{MATHJAX}?config=TeX-AMS_CHTML-full,Safe"
    exporter = nbconvert.SlidesExporter(template_name="slides", extra_template_basedirs=[os.fspath(NOTEBOOKS)], **urls)
    page = folder / "lesson.slides.html"
    page.write_text(exporter.from_notebook_node(notebook)[0], encoding="utf-8")
    return page


@pytest.mark.parametrize("path", [*LESSONS, *TRANSLATED], ids=lambda path: path.relative_to(NOTEBOOKS).as_posix())
def test_each_slide_can_be_read_in_a_hall(hall, tmp_path, path):
    page = slides(path, tmp_path)
    for size in (1366, 768), (1920, 1080):
        with window(hall, *size):
            hall.get(page.as_uri())
            until(lambda: hall.find_elements("css selector", ".reveal.ready"))  # its parts come one after the other
            hall.execute_async_script(READY, "modules/reveal.js/dist/reveal.js")
            found = []
            while (slide := hall.execute_script(SLIDE, len(found))) is not None:
                found.append(slide)
        assert len(found) >= 15
        for slide in found:
            assert slide["beyond"] <= 0 and not slide["wide"] and slide["size"] >= SMALLEST, slide
            assert all(height > 0.4 for height in slide["frames"]), slide
