"""What a run needs is free to use: every package of it is listed with its licence, and none is under the GPL or the AGPL."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]
#: Words of licences that bind whoever uses the package; "LGPL" binds only whoever changes it, and is named in the page.
BINDING = re.compile(r"\bA?GPL|(?<!Lesser )General Public License|Affero|SSPL|Commons Clause", re.IGNORECASE)


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_licences", ROOT / "docs" / "make_licences.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


@pytest.mark.parametrize(
    "text", ["AGPL-3.0", "GPL-2.0-or-later", "GNU General Public License v3 (GPLv3)", "GNU Affero"]
)
def test_binding_licences_are_known_as_such(text: str) -> None:
    assert BINDING.search(text)


@pytest.mark.parametrize("text", ["LGPL-2.1", "GNU Lesser General Public License", "MIT", "MPL 2.0"])
def test_others_are_not_taken_for_them(text: str) -> None:
    assert not BINDING.search(text)


def test_no_package_that_a_run_needs_is_under_the_gpl_or_the_agpl(maker: ModuleType) -> None:
    names = maker.closure()
    assert {"geopandas", "numba", "highspy", "certifi"} <= set(names)
    assert len(names) > 50
    for name in names:
        licence = maker.licence(name)
        assert licence != "?", f"{name} states no licence"
        assert not BINDING.search(licence), f"{name}: {licence}"


def test_the_page_names_every_package_and_nothing_else(maker: ModuleType) -> None:
    listed = re.findall(r"^\| ([a-z0-9-]+) \|", maker.PAGE.read_text("utf-8"), re.MULTILINE)
    assert [n for n in listed if n != "package"] == maker.closure()
    for name in ("pandana", "igraph", "python-igraph", "pyrosm"):
        assert name not in listed
