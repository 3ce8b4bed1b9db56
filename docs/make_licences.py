"""Write ``docs/licences.md``: the licence of every package that a run of planner needs, as the packages themselves state it.

python docs/make_licences.py
"""

from __future__ import annotations

import re
import tomllib
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "licences.md"
#: Packages whose metadata name no licence in a form that can be read, by their own licence file or page.
STATED: dict[str, str] = {"xstatic-leaflet": "BSD-2-Clause (Leaflet), MIT (the packaging)"}
HEAD = """# Licences

planner is MIT. A run needs these packages; `python docs/make_licences.py` writes the table from what is installed, and
`tests/test_licences.py` keeps it: no GPL, no AGPL. The one library under the LGPL is GEOS, which shapely and pyogrio bring along
compiled and link dynamically. certifi is a list of certificates under the MPL 2.0. The fonts are under the SIL Open Font License.

| package | licence |
|---|---|
"""


def closure() -> list[str]:
    """Names of all distributions that the run-time dependencies of ``pyproject.toml`` need here, in order."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    todo = [Requirement(text) for text in project["dependencies"]]
    found: dict[str, set[str]] = {}
    while todo:
        asked = todo.pop()
        name = canonicalize_name(asked.name)
        new = {"", *asked.extras} - found.get(name, set())
        found[name] = found.get(name, set()) | new
        if not new:
            continue
        for text in metadata.requires(name) or ():
            needed = Requirement(text)
            if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in new):
                todo.append(needed)
    return sorted(found)


def licence(name: str) -> str:
    """The licence of an installed distribution in a line."""
    if name in STATED:
        return STATED[name]
    data = metadata.metadata(name)
    if data.get("License-Expression"):
        return str(data["License-Expression"])
    named = [c.split(" :: ")[-1] for c in data.get_all("Classifier") or () if c.startswith("License ::")]
    named = [n for n in named if n != "OSI Approved"]
    if named:
        return " / ".join(named)
    text = str(data.get("License") or "").strip().splitlines()
    return re.sub(r"\s+", " ", text[0])[:80] if text else "?"


def page() -> str:
    """The whole page."""
    return HEAD + "".join(f"| {name} | {licence(name)} |\n" for name in closure())


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
