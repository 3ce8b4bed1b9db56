"""The command that refreshes ``constraints.txt``, and what the release's own pins keep."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.matrix.__main__ import HEAD, pins

ROOT = Path(__file__).resolve().parents[1]


def test_pins_are_names_and_versions_sorted_without_addresses() -> None:
    listed = "zipp==4.1\noutdoor-rest-planner==0.1.0\npip==24\nJinja2==3.1.6\nx @ https://example.org/x.whl\n-e /home/x\nnumpy==2.4.6\n"
    assert pins(listed) == HEAD + "Jinja2==3.1.6\nnumpy==2.4.6\nzipp==4.1\n"


def test_the_pins_of_the_release_hold_no_address_and_fit_the_stated_bounds() -> None:
    text = (ROOT / "constraints.txt").read_text("utf-8")
    assert text == pins(text)
    assert not re.search(r"https?:|--|@|/", text)
    pinned = {canonicalize_name(n): v for n, v in (line.split("==") for line in text.splitlines()[1:])}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    for asked in map(Requirement, project["dependencies"]):
        assert asked.specifier.contains(pinned[canonicalize_name(asked.name)]), asked
