"""Audits in words and rows: our list against a map platform, and what was promised against what came."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from planner.audit.promised import VERDICTS
from planner.audit.truth import FAULTS
from planner.tables import is_missing
from planner.telling.contents.columns import Column
from planner.telling.contents.sites import coordinates, ranked
from planner.telling.words.numbers import number, percent
from planner.telling.words.phrases import phrase

if TYPE_CHECKING:
    from planner.audit.promised import Audit
    from planner.audit.truth import MapAudit
    from planner.telling.bundle import Bundle

__all__ = [
    "FAULT_COLUMNS", "OTHER_COLUMNS", "PROMISED_COLUMNS", "audit_lines", "fault_rows", "map_lines", "other_rows", "promised_rows",
    "promised_run",
]  # fmt: skip

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


PROMISED_COLUMNS = (
    Column("site_id", "text", 14), Column("name", "text", 28), Column("district", "text", 12), Column("workers_gained", "people", 11),
    Column("audit_built", "text", 10), Column("audit_station", "text", 28), Column("audit_distance_m", "metres", 10),
    Column("audit_visits", "decimal", 10), Column("audit_visits_band", "text", 14), Column("audit_foretold", "decimal", 10),
    Column("audit_foretold_band", "text", 14), Column("audit_verdict", "text", 16),
)  # fmt: skip
OTHER_COLUMNS = (
    Column("station_id", "text", 14),
    Column("name", "text", 30),
    Column("district", "text", 12),
    Column("audit_visits", "decimal", 12),
)


def _band(low: float, high: float) -> str:
    return "" if np.isnan(low) or np.isnan(high) else f"{number(low, 1)}–{number(high, 1)}"


def promised_rows(found: Audit, language: str, labels: dict[str, str]) -> pd.DataFrame:
    """The promised sites and what became of them, in words."""
    t = found.promised
    rows = {
        "site_id": t["site_id"], "name": t["name"], "district": _districts(t["district"], labels), "workers_gained": t["workers_gained"],
        "audit_built": [phrase("built_yes" if b else "built_no", language) for b in t["built"]], "audit_station": t["station_name"],
        "audit_distance_m": t["distance_m"], "audit_visits": t["visits_day"].round(1),
        "audit_visits_band": [_band(*v) for v in zip(t["counted_low"], t["counted_high"], strict=True)],
        "audit_foretold": t["visits"].round(1), "audit_foretold_band": [_band(*v) for v in zip(t["visits_low"], t["visits_high"], strict=True)],
        "audit_verdict": [phrase(f"verdict_{v}", language) if v else "" for v in t["verdict"]],
    }  # fmt: skip
    return pd.DataFrame(rows)[[c.key for c in PROMISED_COLUMNS]].reset_index(drop=True)


def other_rows(found: Audit, labels: dict[str, str]) -> pd.DataFrame:
    """Stations that opened though none promised them."""
    t = found.others
    if t is None:
        return pd.DataFrame(columns=[c.key for c in OTHER_COLUMNS])
    rows = {"station_id": t["station_id"], "name": t["name"], "district": _districts(t["district"], labels), "audit_visits": t["visits_day"].round(1)}  # fmt: skip
    return pd.DataFrame(rows).reset_index(drop=True)


def _districts(values: pd.Series, labels: dict[str, str]) -> list[str]:
    return ["" if is_missing(v) else labels.get(str(v), str(v)) for v in values]


def audit_lines(found: Audit, language: str) -> tuple[str, ...]:
    """What was promised and what came, in sentences."""
    n = found.counts()
    lines = [phrase("audit_built_line", language, promised=number(n["promised"]), built=number(n["built"]))]
    gained = found.promised.loc[found.promised["built"], "workers_gained"].sum()
    if found.promised["workers_gained"].notna().any():
        total = found.promised["workers_gained"].sum()
        lines.append(phrase("audit_gained_line", language, total=number(total), built=number(gained)))
    if "others" in n:
        lines.append(
            phrase("audit_others_line", language, others=number(n["others"]), closed=number(n["closed"]))
        )
    if {"before", "after", "today"} <= found.shares.keys():
        lines.append(
            phrase(
                "audit_share_line",
                language,
                **{k: percent(found.shares[k]) for k in ("before", "after", "today")},
            )
        )
    told = [v for v in VERDICTS[:3] if n[v]]
    if told:
        lines.append(phrase("audit_use_line", language, **{v: number(n[v]) for v in VERDICTS}))
    if found.effect is not None:
        e = found.effect
        band = (
            phrase("audit_no_band", language) if np.isnan(e.low) else f"{_signed(e.low)} … {_signed(e.high)}"
        )
        lines.append(phrase("audit_effect_line", language, n=number(e.neighbours), new=number(e.new), controls=number(e.controls), change=_signed(e.change), band=band))  # fmt: skip
    return tuple(lines)


def _signed(share: float) -> str:
    return ("+" if share > 0 else "") + percent(share)


def promised_run(bundle: Bundle) -> dict[str, Any]:
    """The block ``promised`` of run.json: what an audit a year later compares with.

    ``sites`` in rank order: ``site_id``, ``name``, ``district``, ``lng`` and ``lat`` (WGS84), ``workers_gained``, and ``visits`` a day to expect
    with ``visits_low`` and ``visits_high`` (null where use is not known); ``stations``: ids of the stations open today; ``actions``: those of
    the plan with five verbs, null where it was not asked for.
    """
    chosen = ranked(bundle)
    places = coordinates(chosen.geometry)
    use = None if bundle.use is None else bundle.use.sites[bundle.use.sites["new"]].set_index("id")
    sites = []
    for row, lng, lat in zip(
        chosen.itertuples(index=False), places["lng_wgs84"], places["lat_wgs84"], strict=True
    ):
        key = str(row.site_id)
        told = (
            [None] * 3
            if use is None or key not in use.index
            else [round(float(use.loc[key, c]), 3) for c in ("visits", "low", "high")]
        )
        sites.append(
            {
                "site_id": key, "name": None if is_missing(row.name) else str(row.name), "district": str(row.district),
                "lng": float(lng), "lat": float(lat), "workers_gained": round(float(row.workers_gained), 3),
                "visits": told[0], "visits_low": told[1], "visits_high": told[2],
            }
        )  # fmt: skip
    is_open = bundle.stations["status"] == "open"
    open_now = bundle.stations.loc[is_open, "station_id"].astype(str).tolist()
    return {"sites": sites, "stations": open_now, "actions": _promised_actions(bundle)}


def _promised_actions(bundle: Bundle) -> list[dict[str, Any]] | None:
    """The actions promised, best first, each where its station stands then."""
    if bundle.actions is None:
        return None
    table = bundle.actions.actions
    places = coordinates(table.geometry)
    return [
        {
            **{k: str(getattr(row, k)) for k in ("verb", "place_id", "district", "to_id", "hours_to", "grade_to")},
            "name": None if is_missing(row.name) else str(row.name), "lng": float(lng), "lat": float(lat),
            "workers_gained": round(float(row.workers_gained), 3),
        }
        for row, lng, lat in zip(table.itertuples(index=False), places["lng_wgs84"], places["lat_wgs84"], strict=True)
    ]  # fmt: skip
