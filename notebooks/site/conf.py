"""Sphinx's configuration of the course's pages. `pages.py` writes what they are made of, and calls it for each language."""

project = "autograd_lite"
html_title = project
extensions = ["myst_nb"]
myst_enable_extensions = ["dollarmath", "amsmath"]
nb_execution_mode = "off"  # the notebooks are kept with their outputs
nb_render_markdown_format = "myst"  # derivations are Markdown with formulas
html_theme = "sphinx_book_theme"
html_theme_options = {
    "use_download_button": False,
    "use_fullscreen_button": True,
    "show_toc_level": 2,
    "home_page_in_toc": True,
    "navbar_persistent": [],
    "footer_content_items": [],
}
html_context = {"default_mode": "auto"}
locale_dirs = ["locale"]
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_favicon = "_static/favicon.svg"
html_show_copyright = False
html_copy_source = False
html_last_updated_fmt = None
mathjax_path = "mathjax/tex-mml-chtml.js"  # a copy: nothing is asked of a network
mathjax3_config = {"options": {"enableMenu": False}}  # its menu would
smartquotes = False  # signatures stand in headings
html_search_language = "en"  # it finds parts of words, so of Chinese too, for which words would have to be told apart
