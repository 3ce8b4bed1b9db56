"""``run.json``: every figure of a run, for other programs; written last."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from planner.publish.safe import write_text
from planner.telling.run import run_text

__all__ = ["write_run"]


def write_run(run: Mapping[str, Any], path: Path) -> None:
    """Write ``run.json``.

    Raises
    ------
    PlannerError
        As :func:`run_text`.
    OutputError
        The file could not be written.
    """
    write_text(path, run_text(run))
