"""Every notebook runs from top to bottom in a fresh kernel: on the one computed Suzhou, or on a small town that it makes."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

from tests.notebooks.kernel import QUICK_START, run_notebook

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("*.ipynb"))
#: Those that make a town of their own.
SMALL = [path for path in NOTEBOOKS if path.stem[:2] in ("06", "07")]

pytestmark = pytest.mark.notebook


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_its_committed_outputs_are_light(path: Path) -> None:
    assert path.stat().st_size < 1_000_000
    assert any(c.get("outputs") for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code")


def test_the_first_runs_in_a_fresh_kernel_and_writes_the_products(suzhou_run: tuple[Path, Path]) -> None:
    """It computes the Suzhou that others share; a cell that failed would have failed here."""
    assert (suzhou_run[1] / "map.html").is_file()


@pytest.mark.parametrize(
    "path", [p for p in NOTEBOOKS if p not in (QUICK_START, *SMALL)], ids=lambda p: p.stem
)
def test_the_notebook_runs_in_a_fresh_kernel(path: Path, suzhou_run: tuple[Path, Path]) -> None:
    run_notebook(path, cache=suzhou_run[0])


@pytest.mark.parametrize("path", SMALL, ids=lambda p: p.stem)
def test_a_notebook_on_a_town_of_its_own_runs_too_and_speaks_both_languages(
    path: Path, tmp_path: Path
) -> None:
    run_notebook(path, cache=tmp_path / "cache")
    told = [c.source for c in nbformat.read(path, as_version=4).cells if c.cell_type == "markdown"]
    assert all(re.search("[一-鿿]", text) and re.search("[a-z]{4}", text) for text in told)


def test_there_are_notebooks_on_small_towns() -> None:
    assert [p.stem for p in SMALL] == ["06_your_own_city", "07_scenarios_and_batch"]
