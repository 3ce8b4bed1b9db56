"""``run.json``: every figure of a run, for other programs; written last."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from planner.publish.safe import write_text
from planner.telling.run import run_text

__all__ = ["read_run", "write_run"]


def read_run(path: Path) -> dict[str, Any]:
    """The content of a ``run.json`` that :func:`write_run` wrote."""
    run: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return run


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
