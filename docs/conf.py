"""The documentation as a site: ``make docs``. Its pages are the project's own files, read where they are; nothing is fetched."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import planner
from planner.version import VERSION

project, author, release = "planner", "The planner founders", VERSION
project_copyright = author
root_doc = "docs/index"
include_patterns = [
    "docs/**.md",
    "notebooks/*.ipynb",
    "README*.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "benchmarks/RESULTS.md",
]
exclude_patterns = [".venv", ".git", "outputs", "tests", "planner", "data", "dist", "build", "benchmarks/.*"]
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "sphinx.ext.napoleon", "mathml"]

# -- pages in Markdown, notebooks with the outputs they were committed with
myst_enable_extensions = ["dollarmath", "attrs_inline"]
myst_heading_anchors = 3
nb_execution_mode = "off"
nb_ipywidgets_js: dict[str, Any] = {}
nb_merge_streams = True

# -- the look: everything a page needs lies beside it
html_theme = "pydata_sphinx_theme"
html_title = "planner"
html_show_sourcelink = html_copy_source = False
html_math_renderer = "mathml"
html_extra_path = ["site"]
html_static_path = ["static"]
html_css_files = ["site.css"]
html_theme_options = {
    "navbar_center": [],
    "navbar_end": ["theme-switcher"],
    "show_prev_next": False,
    "secondary_sidebar_items": {"**": ["page-toc"], "docs/keys": [], "docs/zh/keys": [], "docs/findings": []},
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_sidebars = {"**": ["globaltoc.html"]}

# -- Python
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_member_order = "bysource"
autosummary_generate = False
napoleon_google_docstring = False
napoleon_use_rtype = False
add_module_names = False
# types of other libraries, whose pages are not at hand without internet, and the few names of the inside that signatures show
INSIDE = (
    "settings.whole.Settings", "settings.groups.Group", "study.stages.(Memory|Stages)", "freight.homes", "freight.room.Stays",
    "freight.choose.ties.Ties", "telling.words.homes", "telling.contents.learning.LearningNames", "grades.rules.GradeRules",
    "facts.definitions.Definition", "networks.review.review_places", "roads.make.topology.components",
)  # fmt: skip
nitpick_ignore_regex = [
    ("py:.*", r"(?!planner\.).*"),
    *(("py:.*", rf"planner\.{name}") for name in INSIDE),
]


def by_its_last_name(app: Any, env: Any, node: Any, contnode: Any) -> Any:
    """A class that a signature names without its module: the one described under that name, if there is one."""
    if node.get("refdomain") != "py" or "." in node.get("reftarget", ""):
        return None
    domain = env.get_domain("py")
    found = [name for name in domain.objects if name.rpartition(".")[2] == node["reftarget"]]
    if len(found) != 1 or domain.objects[found[0]].objtype not in ("class", "exception"):
        return None
    return domain.resolve_xref(env, node["refdoc"], app.builder, "class", found[0], node, contnode)


def setup(app: Any) -> None:
    """Checks that the page of the interface names all that the package offers."""
    page = (Path(__file__).resolve().parent / "api.md").read_text("utf-8")
    missing = [name for name in planner.__all__ if f"planner.{name}\n" not in page]
    if missing:
        raise RuntimeError(f"docs/api.md says nothing of {', '.join(missing)}")
    app.connect("missing-reference", by_its_last_name)
