"""No code of the catalogue is without a test that names it, and none is named that is not there."""

from __future__ import annotations

import csv
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: Codes that no test names, with the reason; it must only become shorter.
EXCEPT: dict[str, str] = {}


def catalogue() -> list[str]:
    with (ROOT / "planner" / "findings.csv").open(encoding="utf-8", newline="") as handle:
        return [row["code"] for row in csv.DictReader(handle)]


def named(folder: str) -> set[str]:
    found: set[str] = set()
    for path in (ROOT / folder).rglob("*.py"):
        if path != Path(__file__).resolve():
            found |= set(re.findall(r"\b[A-Z]{2,4}-\d{3}\b", path.read_text("utf-8")))
    return found


def test_every_code_of_the_catalogue_is_named_by_a_test() -> None:
    codes = catalogue()
    assert len(codes) == len(set(codes)) > 400
    assert sorted(set(codes) - named("tests")) == sorted(EXCEPT)


def test_every_code_of_the_catalogue_is_used_and_every_code_used_is_in_it() -> None:
    codes, used = set(catalogue()), named("planner")
    prefixes = {code.split("-")[0] for code in codes}
    assert sorted(codes - used) == []
    assert sorted(c for c in used - codes if c.split("-")[0] in prefixes) == []
