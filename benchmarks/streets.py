"""Where demand stands, measured on the embedded Suzhou: does the plan hang on cells, on where streets are cut, on thin data?

``python -m benchmarks streets`` (parts: ``origin``, ``cells``, ``starts``, ``scored``, ``size``; quick: ``scored`` on 100 m
pieces alone). A plan is made on the study's own points; then the cells are moved or enlarged, or the streets cut elsewhere, and
the plan made again; and the first plan is scored on points that took no part in it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from scipy.spatial import cKDTree

CACHE = Path(__file__).resolve().parent / ".data" / "cache"
#: two sites within so many metres are the same
SAME_M = 200.0
#: pieces a plan is scored on: metres, where along a piece the first cut lies
SCORED = ((50.0, 0.37), (25.0, 0.61))


def _row(what: str, ours: float, unit: str, note: str, peer: float | None = None) -> dict[str, Any]:
    ratio = None if peer in (None, 0) else ours / float(peer or 1)
    return {"what": what, "ours": ours, "peer": peer, "ratio": ratio,
            "peer_name": "cells of 200 m" if peer is not None else "", "unit": unit, "note": note}  # fmt: skip


def xy_of(study: Any) -> np.ndarray:
    """Where the proposed sites stand."""
    return shapely.get_coordinates(study.site_stations().chosen.geometry.to_numpy())


def kept(study: Any, other: Any) -> float:
    """Share of a study's sites with one of another's within :data:`SAME_M`."""
    far, _ = cKDTree(xy_of(other)).query(xy_of(study))
    return float((far <= SAME_M).mean())


def gain_on(study: Any, other: Any) -> float:
    """Newly covered workers of ``study``'s plan, counted on the demand points of ``other``."""
    from planner.siting.reach import joined, measure

    s, stages = study.settings, other.stages
    made, existing, new = (stages.value(name) for name in ("demand", "existing", "new"))
    districts = stages.value("inputs").districts
    before, after = (
        measure(made.demand, reach, districts, points=made.points, periods=s.periods, circle=s.circle)
        for reach in (existing, joined(existing, new.only(study.site_stations().solution.chosen)))
    )
    return after.covered - before.covered


def lines(quick: bool = False, parts: Sequence[str] = ()) -> Iterator[dict[str, Any]]:
    """The rows, one by one."""
    os.environ.setdefault("PLANNER_CACHE", str(CACHE))
    import planner

    want = set(parts) or ({"scored"} if quick else {"origin", "cells", "starts", "scored", "size"})
    study = planner.open_study().with_(siting__scenarios=0)
    plan = study.site_stations()
    claimed = plan.after.covered - plan.before.covered
    if "size" in want:
        posing = study.stages.value("posing")
        yield _row(
            "demand points", float(len(study.demand_points)), "points", "pieces of street of at most 100 m"
        )
        yield _row(
            "merged by reach", float(len(posing.demand)), "rows", "what a plan is solved on", peer=154_190.0
        )
    if "origin" in want:
        for origin, peer in (((100.0, 100.0), 0.45), ((37.0, 61.0), None)):
            again = kept(study, study.with_(demand__cell_origin_m=origin))
            yield _row(
                f"sites kept, cells moved by {origin[0]:g}, {origin[1]:g} m",
                again,
                "share",
                "within 200 m; wanted 0.90",
                peer,
            )
    if "cells" in want:
        again = kept(study, study.with_(demand__cell_m=400.0))
        yield _row("sites kept, cells of 400 m", again, "share", "within 200 m", 0.28)
    if "starts" in want:
        again = kept(study, study.with_(demand__piece_start=0.5))
        yield _row(
            "sites kept, streets cut from other starts",
            again,
            "share",
            "within 200 m, 100 m pieces both times",
        )
    if "scored" in want:
        for metres, start in SCORED[: 1 if quick else None]:
            earned = gain_on(study, study.with_(demand__piece_m=metres, demand__piece_start=start))
            note = f"claimed {claimed:,.0f}, earned {earned:,.0f} on {metres:g} m pieces"
            yield _row(f"claimed less earned on {metres:g} m", 100 * (claimed - earned) / claimed, "% of gain", note + "; wanted ≤ 1",
                       4.9 if metres == 50 else None)  # fmt: skip


def run(quick: bool = False) -> list[dict[str, Any]]:
    """All rows at once."""
    return list(lines(quick))
