"""Every notebook runs from top to bottom, on the one computed Suzhou or on a small town that it makes: the first in a fresh kernel, the others in one that is emptied before each."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

from tests.notebooks.kernel import QUICK_START, run_one_after_another

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


@pytest.fixture(scope="module")
def failed(suzhou_run: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[Path, str]:
    """All but the first, one after another in one kernel: what went wrong, by notebook."""
    small = tmp_path_factory.mktemp("cache")
    return run_one_after_another({p: small if p in SMALL else suzhou_run[0] for p in NOTEBOOKS[1:]})


@pytest.mark.parametrize("path", NOTEBOOKS[1:], ids=lambda p: p.stem)
def test_the_notebook_runs_in_an_emptied_kernel(path: Path, failed: dict[Path, str]) -> None:
    assert NOTEBOOKS[0] == QUICK_START
    assert path not in failed, failed[path]


def test_a_notebook_that_fails_is_named_and_the_next_begins_with_nothing(tmp_path: Path) -> None:
    """The first fails at its second cell; the second would fail if it saw a name of the first."""
    cells = {
        "a": ["left = 1\nleft", "1 / 0"],
        "b": ["import os\nassert 'left' not in globals()", "assert os.environ['PLANNER_CACHE'] == 'two' and not Out", "__spec__"],
    }  # fmt: skip
    for name, texts in cells.items():
        book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in texts])
        nbformat.write(book, tmp_path / f"{name}.ipynb")
    first, second = tmp_path / "a.ipynb", tmp_path / "b.ipynb"
    failed = run_one_after_another({first: Path("one"), second: Path("two")})
    assert list(failed) == [first]
    assert "ZeroDivisionError" in failed[first]


@pytest.mark.parametrize("path", SMALL, ids=lambda p: p.stem)
def test_a_notebook_on_a_town_of_its_own_speaks_both_languages(path: Path) -> None:
    told = [c.source for c in nbformat.read(path, as_version=4).cells if c.cell_type == "markdown"]
    assert all(re.search("[一-鿿]", text) and re.search("[a-z]{4}", text) for text in told)


def test_there_are_notebooks_on_small_towns() -> None:
    assert [p.stem for p in SMALL] == ["06_your_own_city", "07_scenarios_and_batch"]
