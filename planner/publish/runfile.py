"""``run.json``: what was read, what came out, with what seed and versions; sorted, so that runs compare."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import date
from pathlib import Path, PurePath
from typing import Any

from planner.errors import PlannerError
from planner.publish.safe import write_text

__all__ = ["run_text", "write_run"]


def _plain(value: Any, where: str) -> Any:
    """``value`` as JSON knows it; ``where`` names it in the error."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v, f"{where}.{k}" if where else str(k)) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v, f"{where}[{i}]") for i, v in enumerate(value)]
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):  # an unpaired surrogate has no UTF-8
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, PurePath):
        return value.as_posix()
    if isinstance(value, date):
        return value.isoformat()
    if hasattr(value, "tolist"):  # NumPy scalars and arrays
        return _plain(value.tolist(), where)
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise PlannerError(f"run.json: {where} is {value}, which is not a number one can report")
        return value
    raise PlannerError(f"run.json: {where} holds a {type(value).__name__}, which JSON cannot hold")


def run_text(run: Mapping[str, Any]) -> str:
    """The JSON text of a run: keys sorted, two spaces, UTF-8 characters as they are, no NaN.

    Raises
    ------
    PlannerError
        A number is not finite or a value is of a kind that JSON does not know; says which.
    """
    return json.dumps(_plain(run, ""), ensure_ascii=False, indent=2, sort_keys=True, allow_nan=False) + "\n"


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
