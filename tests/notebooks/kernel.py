"""Notebooks run from top to bottom: one in a fresh kernel, or several in one kernel that is emptied before each."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat.v4 import new_code_cell, new_notebook

ROOT = Path(__file__).resolve().parents[2]
#: Computes the embedded Suzhou and writes its products into ``../outputs/suzhou``.
QUICK_START = ROOT / "notebooks" / "01_quick_start.ipynb"
#: No name, output, figure or option of the notebook before is left; what is slow to load stays loaded.
EMPTIED = """import gc, os, matplotlib.pyplot, pandas
matplotlib.pyplot.close("all")
pandas.set_option("display.precision", 6, "display.max_colwidth", 50)
os.environ["PLANNER_CACHE"] = {cache!r}
get_ipython().run_line_magic("reset", "-f out")
for _name in [n for n in globals() if n[0] != "_" and n not in get_ipython().user_ns_hidden]:
    del globals()[_name]
__import__("gc").collect();"""


def run_notebook(path: Path, *, cache: Path, within: Path | None = None) -> None:
    """Run it from top to bottom, in its own folder unless told; a cell that fails raises what it raised."""
    book = nbformat.read(path, as_version=4)
    client = NotebookClient(book, timeout=1500, resources={"metadata": {"path": str(within or path.parent)}})
    client.execute(env={**os.environ, "PLANNER_CACHE": str(cache)})


def run_one_after_another(caches: Mapping[Path, Path]) -> dict[Path, str]:
    """Run notebooks of one folder in one kernel, each on its cache; what the cell that failed raised, by notebook.

    A kernel of its own spends five seconds on imports.
    """
    failed: dict[Path, str] = {}
    where = {"metadata": {"path": str(next(iter(caches)).parent)}}
    client = NotebookClient(new_notebook(), timeout=1500, resources=where)
    with client.setup_kernel(env={**os.environ}):
        for path, cache in caches.items():
            client.nb = nbformat.read(path, as_version=4)
            client.nb.cells.insert(0, new_code_cell(EMPTIED.format(cache=str(cache))))
            try:
                for index, cell in enumerate(client.nb.cells):
                    client.execute_cell(cell, index)
            except CellExecutionError as error:
                failed[path] = str(error)
    return failed
