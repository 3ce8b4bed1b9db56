"""Audits in words and rows: our list against a map platform, and what was promised against what came."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from planner.audit.truth import FAULTS
from planner.telling.contents.columns import Column
from planner.telling.words.numbers import number
from planner.telling.words.phrases import phrase

if TYPE_CHECKING:
    from planner.audit.truth import MapAudit

__all__ = ["FAULT_COLUMNS", "fault_rows", "map_lines"]

FAULT_COLUMNS = (
    Column("audit_fault", "text", 12), Column("station_id", "text", 14), Column("name", "text", 30), Column("map_name", "text", 30),
    Column("audit_distance_m", "metres", 10), Column("audit_hours", "text", 22), Column("map_hours", "text", 22),
    Column("audit_why", "text", 24), Column("map_row", "count", 8),
)  # fmt: skip


def map_lines(found: MapAudit, language: str) -> tuple[str, ...]:
    """What the comparison comes to, in sentences."""
    told = {k: number(n) for k, n in found.counts().items()}
    lines = [
        phrase("map_audit_sentence", language, listed=number(found.listed), shown=number(found.shown), **told)
    ]
    if found.ignored:
        lines.append(phrase("map_audit_ignored", language, n=number(found.ignored)))
    return tuple(lines)


def fault_rows(found: MapAudit, language: str, *, kinds: tuple[str, ...] = FAULTS) -> pd.DataFrame:
    """Faults of some kinds in words, in the order of the table."""
    t = found.faults[found.faults["fault"].isin(kinds)]
    rows = {
        "audit_fault": [phrase(f"fault_{k}", language) for k in t["fault"]], "station_id": t["station_id"], "name": t["name"],
        "map_name": t["map_name"], "audit_distance_m": t["distance_m"], "audit_hours": t["hours"], "map_hours": t["map_hours"],
        "audit_why": [phrase(f"ghost_{w}", language) if w else "" for w in t["why"]], "map_row": t["row"].astype(float),
    }  # fmt: skip
    return pd.DataFrame(rows)[[c.key for c in FAULT_COLUMNS]].reset_index(drop=True)
