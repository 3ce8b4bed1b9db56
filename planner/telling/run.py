"""``run.json``: what was read, what came out, with what seed and versions; sorted, so that runs compare."""

from __future__ import annotations

import importlib.metadata
import json
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import pandas as pd

from planner.errors import PlannerError
from planner.telling.contents.actions.told import actions_run
from planner.telling.contents.existing.audit import promised_run
from planner.telling.contents.existing.changes import changes_run
from planner.telling.contents.existing.grades import grades_run
from planner.telling.contents.networks import union_run
from planner.telling.contents.records import finding_counts, synthetic_note
from planner.telling.contents.use import use_run
from planner.telling.words.names import crs_label

if TYPE_CHECKING:
    from planner.siting.coverage import Coverage
    from planner.siting.open_times import TimeReading
    from planner.telling.bundle import Bundle

__all__ = [
    "RunNotes",
    "run_content",
    "run_text",
    "versions",
]

#: Libraries whose version can change a number.
_VERSIONS = (
    "geopandas",
    "highspy",
    "numba",
    "numpy",
    "osmium",
    "pandas",
    "pyproj",
    "scikit-learn",
    "scipy",
    "shapely",
)
#: Digits of rounded columns; all others have six.
_DIGITS = {"covered": 1, "price": 1, "price_most": 1, "workers": 1}


@dataclass(frozen=True)
class RunNotes:
    """What ``run.json`` says beside the products: where the plan comes from and how it was made.

    Attributes
    ----------
    inputs
        One entry per file read: ``name``, ``path``, ``sha256``, ``rows``.
    nodes, edges
        Size of the walking network.
    new_gap
        The optimality gap over the newly covered workers alone.
    absent
        What was not made, and why.
    stages
        One entry per stage: ``name``, ``seconds``, ``cpu_s``, ``peak_mb``.
    version
        Planner's own.
    station_rows
        What became of the rows of the station lists (:class:`planner.inputs.load.LoadedInputs`).
    """

    inputs: Sequence[Mapping[str, Any]]
    nodes: int
    edges: int
    new_gap: float
    absent: Mapping[str, str]
    stages: Sequence[Mapping[str, Any]]
    version: str
    station_rows: Mapping[str, int] = field(default_factory=dict)


def versions(own: str) -> dict[str, str]:
    """Versions of Python and the libraries that can change a number, beside planner's ``own``."""
    known = {"planner": own, "python": ".".join(map(str, sys.version_info[:3]))}
    return known | {name: importlib.metadata.version(name) for name in _VERSIONS}


def run_content(bundle: Bundle, notes: RunNotes) -> dict[str, Any]:
    """The content of ``run.json`` for a bundle whose ``run`` is not made yet; None for what was not asked for."""
    study = bundle.settings.study
    return {
        "study": study.name,
        **({"scenario": study.scenario} if study.scenario else {}),
        "title": study.title(),
        "synthetic": study.synthetic,
        "synthetic_note": synthetic_note(bundle.settings),
        "crs": crs_label(bundle.districts.crs),
        "inputs": list(notes.inputs),
        "network": {"mode": "walk", "nodes": notes.nodes, "edges": notes.edges},
        "coverage": {
            "before": _coverage(bundle.before),
            "after": _coverage(bundle.after),
            "by_district": _districts(bundle),
        },
        "second_views": _second_views(bundle.second_views),
        "phases": _phases(bundle.phases),
        "alternatives": _records(bundle.alternatives, ("plan", "covered", "loss", "same", "near")),
        "sensitivity": _sensitivity(bundle),
        "rule_prices": _records(bundle.rule_prices),
        "fair_front": _fair_front(bundle),
        "knowledge": _knowledge(bundle),
        "pilots": _pilots(bundle),
        "stations": _stations(bundle, notes),
        "use": use_run(bundle),
        "actions": actions_run(bundle),
        "grades": grades_run(bundle),
        "promised": promised_run(bundle),
        "previous": changes_run(bundle),
        "driver_homes": None if bundle.homes is None else bundle.homes.run_json(),
        "networks": union_run(bundle.networks, bundle.facts),
        "facts": bundle.facts.json(),
        "absent": dict(notes.absent),
        "findings": finding_counts(bundle.findings),
        "stages": list(notes.stages),
        "seed": study.seed,
        "versions": versions(notes.version),
    }


def _coverage(coverage: Coverage) -> dict[str, Any]:
    return {
        "workers": round(coverage.workers, 1),
        "covered": round(coverage.covered, 1),
        "share": round(coverage.share, 6),
        "share_backup": round(coverage.share_backup, 6),
        "by_radius_m": {k: round(v, 6) for k, v in coverage.by_radius_m.items()},
        "readings": {k: round(v, 6) for k, v in coverage.readings.items()},
        "by_group": {str(r.group): round(float(r.share), 6) for r in coverage.by_group.itertuples()},
        "by_time": _by_time(coverage.by_time),
    }


def _by_time(read: TimeReading | None) -> dict[str, Any] | None:
    """Coverage by quarter-hours; None where the hours are not known so."""
    if read is None:
        return None
    return {
        "covered": round(read.covered, 1),
        "share": round(read.share, 6),
        "workday": round(read.workday, 6),
        "weekend": round(read.weekend, 6),
        "kept": [round(v, 6) for v in read.kept],
        "by_district": {str(r.district): round(float(r.share), 6) for r in read.by_district.itertuples()},
        "by_period": {str(r.period): round(float(r.share), 6) for r in read.by_period.itertuples()},
    }


def _districts(bundle: Bundle) -> list[dict[str, Any]]:
    facts = bundle.facts
    return [
        {
            "district": key,
            "workers": round(f.value, 1),
            "before": round(facts.fact("share", plan="today", district=key).value, 6),
            "after": round(facts.fact("share", district=key).value, 6),
        }
        for key, f in facts.along("workers", "district", plan="").items()
    ]


def _second_views(table: pd.DataFrame | None) -> list[dict[str, Any]]:
    return [
        {
            "group": r.group,
            "mode": r.mode,
            "minutes": r.minutes,
            "before": round(r.before, 6),
            "after": round(r.after, 6),
        }
        for r in (() if table is None else table.itertuples(index=False))
    ]


def _phases(phases: pd.DataFrame | None) -> list[dict[str, Any]]:
    return [
        {
            "name": r.name,
            "sites": int(r.sites),
            "covered": round(r.covered, 1),
            "best": round(r.best, 1),
            "regret": round(r.regret, 6),
            "regret_bound": round(r.regret_bound, 6),
        }
        for r in (() if phases is None else phases.itertuples(index=False))
    ]


def _records(table: pd.DataFrame | None, columns: Sequence[str] = ()) -> list[dict[str, Any]] | None:
    """Rows of a table (of some ``columns`` only) with rounded numbers, None for what is missing."""
    if table is None:
        return None
    some = table[list(columns)] if columns else table
    plain = some.round({c: _DIGITS.get(c, 6) for c in some.select_dtypes("number")}).astype(object)
    rows: list[dict[str, Any]] = plain.where(some.notna(), None).to_dict("records")
    return rows


def _sensitivity(bundle: Bundle) -> dict[str, Any] | None:
    if bundle.sensitivity is None:
        return None
    return {
        "steady": bundle.always,
        "within_m": round(bundle.settings.circle.walk_m, 1),
        "cases": _records(bundle.sensitivity),
    }


def _fair_front(bundle: Bundle) -> dict[str, Any] | None:
    found = bundle.fair_front
    if found is None:
        return None
    return {
        "least_bound": round(found.least_bound, 6),
        "repeatable": found.repeatable,
        "plans": _records(found.table),
    }


def _knowledge(bundle: Bundle) -> dict[str, Any] | None:
    found = bundle.knowledge
    if found is None:
        return None
    return {
        "draws": found.draws, "known": found.known, "solves": found.solves, "replan": round(found.replan, 1),
        "regret": round(found.regret, 1), "ceiling": round(found.ceiling, 1), "unknowns": _records(found.table),
    }  # fmt: skip


def _pilots(bundle: Bundle) -> dict[str, Any] | None:
    found = bundle.pilots
    if found is None:
        return None
    left = {order: round(float(v), 1) for order, v in found.simulated.mean().items()}
    return {"draws": found.draws, "truths": len(found.simulated), "noise": found.noise, "left": left,
            "sites": _records(found.table)}  # fmt: skip


def _stations(bundle: Bundle, notes: RunNotes) -> dict[str, Any]:
    solution, facts = bundle.solution, bundle.facts
    return {
        **notes.station_rows,
        "existing": int(facts.shown("stations_open", plan="today")),
        "chosen": int(facts.shown("sites_new")),
        "closed": list(bundle.closed),
        "total": int(facts.shown("stations_total")),
        "objective": round(solution.objective, 3),
        "bound": round(solution.bound, 3),
        "gap": round(solution.gap, 8),
        "gap_of_new": round(notes.new_gap, 8),
        "status": solution.status,
        "repeatable": solution.repeatable,
        "seconds": round(solution.seconds, 2),
    }


def _plain(value: Any, where: str) -> Any:
    """``value`` as JSON knows it; ``where`` names it in the error."""
    if isinstance(value, Mapping):
        return {str(k): _plain(v, f"{where}.{k}" if where else str(k)) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v, f"{where}[{i}]") for i, v in enumerate(value)]
    if value is None:
        return value
    if isinstance(value, str):  # an unpaired surrogate has no UTF-8
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, PurePath):
        return value.as_posix()
    if isinstance(value, date):
        return value.isoformat()
    if hasattr(value, "tolist"):  # NumPy scalars and arrays
        return _plain(value.tolist(), where)
    if isinstance(value, int):  # True and False besides
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
