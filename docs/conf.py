"""Configuration of the documentation site; ``make docs`` builds it into ``docs/_build``.

Whatever can be read from the code or from a committed report is generated when the site is
built (``_extensions/generated_pages.py``). Nothing is fetched: a build needs no network.
"""

from __future__ import annotations

import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
sys.path[:0] = [str(ROOT), str(DOCS / "_extensions")]

import numpydoc.xref  # noqa: E402
from generated_pages import public_types  # noqa: E402

import backpain_stats  # noqa: E402 - found by the line above

project = "backpain_stats"
author = copyright = "The backpain_stats authors"
version = release = backpain_stats.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.intersphinx",
    "sphinx_click",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "generated_pages",
    "glossary_links",
    "mathml",
]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
exclude_patterns = ["_build", "gallery"]
templates_path = ["_templates"]
nitpicky = True
suppress_warnings = ["config.cache"]

# Markdown.
myst_enable_extensions = ["amsmath", "colon_fence", "deflist", "dollarmath", "substitution"]
myst_heading_anchors = 3
myst_substitutions = {"release": release}

# Reference: names as users write them, types from the docstrings.
autosummary_generate = True
autosummary_ignore_module_all = False
autodoc_typehints = "none"
autodoc_member_order = "groupwise"
numpydoc_show_class_members = False
numpydoc_xref_param_type = True
numpydoc.xref.DEFAULT_LINKS.clear()  # nobody needs a link from "int" to what int is
numpydoc_xref_ignore = "all"  # words of a type that are no name link nowhere
numpydoc_xref_aliases = {
    "DataFrame": ":class:`~pandas.DataFrame`",
    "pandas.DataFrame": ":class:`~pandas.DataFrame`",
    "Series": ":class:`~pandas.Series`",
    "pandas.Series": ":class:`~pandas.Series`",
    "ndarray": ":class:`~numpy.ndarray`",
    "numpy.ndarray": ":class:`~numpy.ndarray`",
    "numpy.random.Generator": ":class:`~numpy.random.Generator`",
    "Axes": ":class:`~matplotlib.axes.Axes`",
    "matplotlib.axes.Axes": ":class:`~matplotlib.axes.Axes`",
    **{name: f":class:`~backpain_stats.{name}`" for name in public_types()},
}

# The few foreign names that are linked stand in small files beside this one.
intersphinx_mapping = {
    "python": ("https://docs.python.org/3", "_inventories/python.txt"),
    "numpy": ("https://numpy.org/doc/stable", "_inventories/numpy.txt"),
    "pandas": ("https://pandas.pydata.org/docs", "_inventories/pandas.txt"),
    "matplotlib": ("https://matplotlib.org/stable", "_inventories/matplotlib.txt"),
}

copybutton_prompt_text = ">>> |... |\\$ "
copybutton_prompt_is_regexp = True

sphinx_gallery_conf = {
    "examples_dirs": "gallery",
    "gallery_dirs": "examples",
    "filename_pattern": r"\.py$",
    "ignore_pattern": r"build\.py$",
    "download_all_examples": False,
    "capture_repr": (),
    "write_computation_times": False,
    "show_memory": False,
    "show_signature": False,
    "min_reported_time": 1_000_000,
    "remove_config_comments": True,
    "doc_module": ("backpain_stats",),
    "backreferences_dir": "examples/uses",
    "within_subsection_order": "FileNameSortKey",
    "abort_on_example_error": True,
}

html_math_renderer = "mathml"
html_theme = "pydata_sphinx_theme"
html_title = f"{project} {release}"
html_context = {"default_mode": "auto"}  # light or dark as the reader's system is
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_show_search_summary = False  # it would fetch pages, which a page from a file may not
html_copy_source = False
html_theme_options = {
    "logo": {"text": project},
    "navbar_align": "left",
    "header_links_before_dropdown": 8,
    "show_prev_next": True,
    "show_toc_level": 2,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["disclaimer"],
    "footer_end": ["copyright"],
    "show_version_warning_banner": False,
}
# Pages without a section of their own have no navigation beside them.
html_sidebars = {
    page: []
    for page in (
        "index",
        "start",
        "course/index",
        "glossary",
        "changelog",
        "cite",
        "contributing",
        "search",
    )
}
