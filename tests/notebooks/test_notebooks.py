"""Every notebook runs from top to bottom in a fresh kernel, all on the one computed Suzhou."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "notebooks").glob("*.ipynb"))

pytestmark = pytest.mark.notebook


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_its_committed_outputs_are_light(path: Path) -> None:
    assert path.stat().st_size < 1_000_000
    assert any(c.get("outputs") for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_the_notebook_runs_in_a_fresh_kernel(path: Path, suzhou_run: tuple[Path, Path]) -> None:
    book = nbformat.read(path, as_version=4)
    client = NotebookClient(book, timeout=500, resources={"metadata": {"path": str(path.parent)}})
    client.execute(env={**os.environ, "PLANNER_CACHE": str(suzhou_run[0])})
    errors = [o for c in book.cells for o in c.get("outputs", []) if o.output_type == "error"]
    assert not errors
