"""Sphinx' configuration: `sphinx-build -W --keep-going docs build/site`."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import tfdis

project = "tfdis"
author = "the tfdis authors"
copyright = "the tfdis authors; Apache-2.0"
release = version = tfdis.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx.ext.mathjax",
]
exclude_patterns = ["facts.py"]
templates_path = ["_templates"]
html_theme = "furo"
html_title = f"tfdis {release}"

# Pages are read on GitHub too: links between them are relative, headings have GitHub's anchors, and
# math stands between dollars.
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
# gin is no language of Pygments, and `text` blocks of the pages have none.
highlight_language = "none"

# The notebooks run in every build: an error in one fails it.
nb_execution_mode = "force"
nb_execution_timeout = 600
nb_execution_raise_on_error = True
nb_merge_streams = True
nb_output_stderr = "remove"

# Docstrings are Google's style, with code between single backticks as in Markdown.
default_role = "code"
autosummary_generate = True
autosummary_imported_members = False
autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_member_order = "bysource"
autodoc_typehints = "none"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
