"""The toy town with every figure set by hand, each different, so that a product that mixes two up is found out.

The districts' rows stand in another order in each table: what is attached by position lands on the wrong one.
Nothing here is computed by the program; the expected values in the tests are those written below.

    1,000 workers: west 700, east 300; riders 600, couriers 400
    today 410 covered (west 350, east 60), with the plan 840 (west 630, east 210)
    five sites bring 170, 130, 80, 40, 10: 380 in the phase 2025, 50 in 2026
"""

from __future__ import annotations

import dataclasses
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.demand.ensemble import Ensemble
from planner.siting.coverage import Coverage
from planner.solvers.solution import Solution
from planner.telling.bundle import Bundle
from tests.publish.toy import CRS, PERIODS, X0, Y0, toy_bundle

GAINED = [170.0, 130.0, 80.0, 40.0, 10.0]
REACH = [210.0, 150.0, 95.0, 77.0, 66.0]
CONFIDENCE = [0.93, 0.82, 0.71, 0.64, 0.58]
NEAREST = [512.0, 623.0, 734.0, 845.0, 956.0]
COST = [8100.0, 8200.0, 8300.0, 8400.0, 8500.0]


def _table(label: str, *rows: tuple[str, float, float, float, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=[label, "workers", "covered", "share", "backup_share"])


def _coverage(
    state: dict[str, Any],
    districts: list[Any],
    groups: list[Any],
    periods: list[Any],
    stations: list[int],
    index: Any,
) -> Coverage:
    cells = pd.DataFrame({"workers": 5.0, "covered": 0.0, "stations": 0, "nearest_m": 900.0}, index=index)
    cells.loc[index[: len(stations)], "stations"] = stations
    cells.loc[index[: len(stations)], "covered"] = [4.0 if n else 0.0 for n in stations]
    return Coverage(
        workers=1000.0, by_district=_table("district", *districts), by_group=_table("group", *groups),
        by_period=_table("period", *((p, *row) for p, row in zip(PERIODS, periods, strict=True))), cells=cells, **state,
    )  # fmt: skip


def _before(index: Any) -> Coverage:
    return _coverage(
        {"covered": 410.0, "share": 0.41, "share_backup": 0.09,
         "by_radius_m": {"500": 0.31, "667": 0.41, "833": 0.47}, "readings": {"any_hour": 0.45, "night": 0.07}},
        [("east", 300.0, 60.0, 0.2, 0.05), ("west", 700.0, 350.0, 0.5, 0.11)],
        [("rider", 600.0, 300.0, 0.5, 0.12), ("courier", 400.0, 110.0, 0.275, 0.04)],
        [(100.0, 30.0, 0.3, 0.01), (200.0, 70.0, 0.35, 0.02), (300.0, 120.0, 0.4, 0.03), (240.0, 150.0, 0.625, 0.06),
         (160.0, 40.0, 0.25, 0.08)],
        [1, 0, 0, 2], index,
    )  # fmt: skip


def _after(index: Any) -> Coverage:
    return _coverage(
        {"covered": 840.0, "share": 0.84, "share_backup": 0.28,
         "by_radius_m": {"500": 0.61, "667": 0.84, "833": 0.88}, "readings": {"any_hour": 0.86, "night": 0.17}},
        [("west", 700.0, 630.0, 0.9, 0.31), ("east", 300.0, 210.0, 0.7, 0.23)],
        [("rider", 600.0, 540.0, 0.9, 0.33), ("courier", 400.0, 300.0, 0.75, 0.22)],
        [(100.0, 80.0, 0.8, 0.13), (200.0, 170.0, 0.85, 0.14), (300.0, 273.0, 0.91, 0.15), (240.0, 216.0, 0.9, 0.16),
         (160.0, 101.0, 0.63125, 0.18)],
        [3, 1, 0, 2], index,
    )  # fmt: skip


def one_lot(surfaces: Any, workers: Any) -> Ensemble:
    """Draws (n_draws × n_cells) that move all workers of a cell alike, beside the estimate (n_cells, or a number)."""
    drawn = np.asarray(surfaces, float)
    base = np.broadcast_to(np.asarray(workers, float), drawn.shape[1:])
    factors = np.divide(drawn, base, out=np.ones_like(drawn), where=base > 0)
    return Ensemble(("",), base[None], factors[:, None])  # type: ignore[arg-type]


def _questions() -> dict[str, pd.DataFrame]:
    return {
        "phases": pd.DataFrame(
            {"name": ["2026", "2025"], "sites": [2, 3], "covered": [840.0, 790.0], "best": [841.0, 799.0],
             "bound": [850.0, 805.0], "regret": [0.002, 0.015], "regret_bound": [0.004, 0.021]}
        ),
        "alternatives": pd.DataFrame(
            {"plan": [1, 2], "covered": [836.0, 821.0], "share": [0.836, 0.821], "lost": [4.0, 19.0],
             "loss": [0.0048, 0.0226], "same": [3, 2], "near": [4, 1], "sites": ["a;b", "a;c"]}
        ),
        "rule_prices": pd.DataFrame(
            {"rule": ["plan", "quotas"], "in_force": [True, True], "covered": [840.0, 847.0], "price": [0.0, 7.0],
             "price_most": [0.0, 16.0], "least_district": ["east", "west"], "least_share": [0.7, 0.66]}
        ),
        "sensitivity": pd.DataFrame(
            {"case": ["base", "radius:500"], "workers": [1000.0, 990.0], "share_before": [0.41, 0.31],
             "share_plan": [0.84, 0.61], "share_best": [0.845, 0.68], "lost": [0.0, 0.163], "lost_most": [0.01, 0.17],
             "same": [5, 2], "near": [5, 3]}
        ),
        "replacements": pd.DataFrame(
            {"rank": [2], "site_id": ["N002"], "name": ["湖东便利店"], "district": ["east"], "place": [1],
             "replacement_id": ["N006"], "replacement": ["星湖街点"], "host_kind": ["street"], "distance_m": [321.0],
             "loss": [12.0]}
        ),
    }  # fmt: skip


def known_bundle(language: str = "en", **changes: Any) -> Bundle:
    """The town of this module's figures; ``changes`` replace fields."""
    toy = toy_bundle(language)
    chosen = toy.chosen.assign(
        workers_gained=GAINED, workers_in_reach=REACH, confidence=CONFIDENCE, nearest_station_m=NEAREST,
        cost_yuan=COST, reason_en=[f"reason {n}" for n in "abcde"], reason_zh=[f"理由 {n}" for n in "甲乙丙丁戊"],
    )  # fmt: skip
    chosen["reason"] = chosen[f"reason_{language}"]
    corner = shapely.box(X0, Y0, X0 + 300, Y0 + 300)
    gaps = gpd.GeoDataFrame(
        {"district": ["west", "east"], "workers": [55.0, 90.0], "name": ["NW corner", "SE corner"]},
        geometry=[corner, shapely.affinity.translate(corner, 3600)], crs=CRS,
    )  # fmt: skip
    bundle = dataclasses.replace(
        toy,
        chosen=chosen.iloc[::-1],  # products put them in rank order
        stations=toy.stations.assign(covers=[101.0, 102.0, 103.0, 104.0, 105.0, 0.0]),
        before=_before(toy.demand.index), after=_after(toy.demand.index), gaps=gaps,
        solution=Solution(chosen=toy.solution.chosen, objective=840.0, bound=853.6, status="feasible", seconds=0.5,
                          base=410.0),
        curve=pd.DataFrame({"n": [5, 0, 3], "covered": [840.0, 410.0, 790.0], "share": [0.84, 0.41, 0.79],
                            "bound": [853.6, 410.0, 805.0]}),
        always=2, **_questions(),
    )  # fmt: skip
    return dataclasses.replace(bundle, **changes)
