"""The catalogue of findings as a page: it is what the catalogue says now."""

from __future__ import annotations

import csv
import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_findings", ROOT / "docs" / "make_findings.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def test_the_page_in_docs_is_the_catalogue_of_now(maker: ModuleType) -> None:
    assert (ROOT / "docs" / "findings.md").read_text("utf-8") == maker.page(), (
        "run python docs/make_findings.py"
    )


def test_every_code_stands_once_and_in_both_languages(maker: ModuleType) -> None:
    text = maker.page()
    with (ROOT / "planner" / "findings.csv").open(encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    assert len(rows) > 400
    assert all(text.count(f"\n| {row['code']} |") == 1 for row in rows)
    assert all(row["en"] and row["zh"] for row in rows)


def test_a_code_of_a_theme_without_a_name_is_told(maker: ModuleType, tmp_path: Path) -> None:
    catalogue = tmp_path / "findings.csv"
    catalogue.write_text("code,severity,en,zh\nNEW-001,E,one,一\n", "utf-8")
    with pytest.raises(ValueError, match="NEW"):
        maker.page(catalogue)
