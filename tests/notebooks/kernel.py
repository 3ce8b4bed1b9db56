"""A notebook in a fresh kernel."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[2]
#: Computes the embedded Suzhou and writes its products into ``../outputs/suzhou``.
QUICK_START = ROOT / "notebooks" / "01_quick_start.ipynb"


def run_notebook(path: Path, *, cache: Path, within: Path | None = None) -> None:
    """Run it from top to bottom, in its own folder unless told; a cell that fails raises what it raised."""
    book = nbformat.read(path, as_version=4)
    client = NotebookClient(book, timeout=1500, resources={"metadata": {"path": str(within or path.parent)}})
    client.execute(env={**os.environ, "PLANNER_CACHE": str(cache)})
