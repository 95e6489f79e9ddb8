"""Sphinx' configuration: `sphinx-build -W --keep-going docs build/site`."""

import os
import re
import shutil
from pathlib import Path

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
# Written by every build: without pages of modules that are gone.
shutil.rmtree(Path(__file__).parent / "api", ignore_errors=True)
autosummary_imported_members = False
autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_member_order = "bysource"
autodoc_typehints = "none"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True  # else the attributes of a dataclass are described twice


def _to_rest(app, what, name, thing, options, lines):
    """Escapes bars in docstrings, and makes indented code after a colon literal."""
    for number, line in enumerate(lines):
        if not line.lstrip().startswith("| "):  # no row of a table
            parts = re.split(r"(`[^`]*`)", line)
            line = "".join(p if p.startswith("`") else p.replace("|", r"\|") for p in parts)
        following = next((each for each in lines[number + 1 :] if each.strip()), "")
        blank = number + 1 < len(lines) and not lines[number + 1].strip()
        deeper = len(following) - len(following.lstrip()) > len(line) - len(line.lstrip())
        if line.endswith(":") and blank and deeper and not following.lstrip().startswith("-"):
            line += ":"
        lines[number] = line


def setup(app):
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", _to_rest, priority=400)  # before napoleon
