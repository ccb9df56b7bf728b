"""The configuration of Sphinx for the documentation site: `make docs`."""

from __future__ import annotations

import os

from sphinx.application import Sphinx
from sphinx.config import Config

from parca_scrape import VERSION

project = "parca-scrape"
author = "parca-scrape maintainers"
html_title = f"{project} {VERSION}"

extensions = ["canonical_sphinx"]
# docs/mutation.md is for those who work on the library.
exclude_patterns = ["mutation.md"]
# Blocks without a language are commands and relation data.
highlight_language = "none"

# Links to headings are those that GitHub makes, too.
myst_heading_anchors = 4
# Words such as parca.yaml are no addresses.
myst_linkify_fuzzy_links = False

# Two hyphens are those of an option, not a dash.
smartquotes_action = "q"

html_baseurl = os.environ.get("READTHEDOCS_CANONICAL_URL", "/")
html_static_path = ["_static"]
html_css_files = ["site.css"]
templates_path = ["_templates"]
html_show_sphinx = False
html_show_copyright = False
# The repository has no address yet that a button could lead to.
disable_feedback_button = True
html_context = {"sequential_nav": "both", "github_issues": ""}


def setup(app: Sphinx) -> None:
    """Leave out the script for the menu in the theme's own header, which ours does not have."""
    app.connect("config-inited", leave_script_out, priority=700)


def leave_script_out(_: Sphinx, config: Config) -> None:
    """Remove the script from the configuration, once the theme has added it."""
    config.html_js_files.remove("header-nav.js")
