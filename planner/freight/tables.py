"""Tables of a plan of driver homes: what is chosen, what stands already, what was looked at, totals."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.freight import problem as problem_
from planner.freight.choice import Choice, secondary_worth
from planner.freight.model import Model
from planner.freight.problem import HomesProblem
from planner.freight.sites import checklist
from planner.settings.freight import Freight

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def _reach_columns(model: Model, sites: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    based, passing = model.need.by_site()
    at = sites["at"].to_numpy()
    return sites.assign(
        drivers_in_catchment=based[at],
        drivers_passing=passing[at],
        trucks_passing=model.need.passing_trips[at],
    )


def chosen_table(
    model: Model, sites: gpd.GeoDataFrame, order: Ints, gains: Floats, f: Freight, problem: HomesProblem
) -> gpd.GeoDataFrame:
    """New homes, best first, with what each serves and reaches."""
    table = _reach_columns(model, sites)
    open_now = np.flatnonzero(problem.open_now)
    flow = problem_.served(problem, np.concatenate([open_now, order]))
    rows = table.iloc[order].reset_index(drop=True)
    xy = shapely.get_coordinates(table.geometry.to_numpy())
    near = []
    for i in order:
        others = np.array(
            [j for j in [*open_now, *order] if j != i and table["at"].iloc[j] != table["at"].iloc[i]], int
        )
        near.append(float(np.hypot(*(xy[others] - xy[i]).T).min() / 1000) if len(others) else float("nan"))
    rows.insert(0, "rank", np.arange(1, len(rows) + 1))
    return rows.assign(
        drivers=gains, visits_per_day=flow.by_home[order] * f.visits_per_driver_month / f.days_per_month,
        nearest_home_km=near, bays=np.minimum(rows["bays"], f.max_bays),
    ).drop(columns=["exists", "at"])  # fmt: skip


def existing_table(
    model: Model, sites: gpd.GeoDataFrame, problem: HomesProblem, order: Ints
) -> gpd.GeoDataFrame:
    """Existing homes, with what they serve and how the plan relates to them."""
    table = _reach_columns(model, sites)
    open_now = np.flatnonzero(problem.open_now)
    flow = problem_.served(problem, open_now)
    rows = table.iloc[open_now].reset_index(drop=True)
    new = table.iloc[order]
    relation_zh, relation_en, names, metres = [], [], [], []
    upgraded = set(new["at"][new["host_kind"] == "upgrade"])
    for r in rows.itertuples():
        far = shapely.distance(new.geometry.to_numpy(), r.geometry)
        i = int(np.argmin(far)) if len(far) else -1
        km = float(far[i]) / 1000 if i >= 0 else float("nan")
        name = str(new["name"].iloc[i]) if i >= 0 else ""
        names.append(name)
        metres.append(km)
        up = r.at in upgraded
        near = (
            f"；最近的新建点为“{name}”，相距 {km:.1f} km",
            f"; the nearest new home, “{name}”, is {km:.1f} km away",
        )
        near = near if i >= 0 else ("", "")
        relation_zh.append("建议升级扩容" if up else f"保留{near[0]}")
        relation_en.append("to be upgraded" if up else f"kept{near[1]}")
    return rows.assign(
        drivers=flow.by_home[open_now], nearest_new=names, nearest_new_km=metres, relation_zh=relation_zh,
        relation_en=relation_en,
    ).drop(columns=["exists"])  # fmt: skip


def candidate_table(model: Model, sites: gpd.GeoDataFrame, f: Freight) -> gpd.GeoDataFrame:
    """Every candidate with what it has, lacks and reaches; stars as the study file defines them."""
    table = _reach_columns(model, sites)
    table = table[~table["exists"]].drop(columns=["exists", "at"]).reset_index(drop=True)
    stars = checklist(table, f)
    return gpd.GeoDataFrame(
        pd.concat([table, stars[[c for c in stars.columns if c.startswith("star_")]]], axis=1), crs=sites.crs
    )


def stand_ins(model: Model, sites: gpd.GeoDataFrame, problem: HomesProblem, order: Ints) -> pd.DataFrame:
    """For each chosen home the best stand-in (spacing kept), what it would serve less, and reach less."""
    now = np.flatnonzero(problem.open_now)
    whole = problem_.served(problem, np.concatenate([now, order])).total
    secondary, at = secondary_worth(model, sites), sites["at"].to_numpy()

    def wide(homes: list[int]) -> float:
        return sum(model.need.in_reach(at[np.array([*now, *homes], int)]))

    everyone = wide(order.tolist())
    clash: dict[int, set[int]] = {}
    for a, b in problem.conflicts.tolist():
        clash.setdefault(a, set()).add(b)
        clash.setdefault(b, set()).add(a)
    rows = []
    for i in order:
        rest = [int(j) for j in order if j != i]
        barred = set(rest) | {int(i)} | set(now.tolist()) | set().union(*(clash.get(j, set()) for j in rest))
        free = [j for j in range(len(sites)) if j not in barred]
        free.sort(key=lambda j: (-problem.capacity[j], -secondary[j], j))
        tried = [
            (whole - problem_.served(problem, np.array([*now, *rest, j])).total, -wide([*rest, j]), j)
            for j in free[:20]
        ]
        loss, reach, best = min(
            ((max(round(t[0], 2), 0.0), t[1], t[2]) for t in tried), default=(np.nan, 0.0, -1)
        )
        known = best >= 0
        rows.append((
            str(sites["site_id"].iloc[i]), str(sites["site_id"].iloc[best]) if known else "",
            str(sites["name"].iloc[best]) if known else "", loss, max(everyone + reach, 0.0) if known else np.nan,
        ))  # fmt: skip
    return pd.DataFrame(
        rows, columns=["site_id", "alternative_id", "alternative", "drivers_lost", "reach_lost"]
    )


def plan_totals(
    model: Model, sites: gpd.GeoDataFrame, problem: HomesProblem, order: Ints, plan: Choice
) -> dict[str, float]:
    """Figures of the whole plan: who is in reach, trips, the driving limit, and what the bands of +-30 % do."""
    need, at = model.need, sites["at"].to_numpy()
    old = at[sites["exists"].to_numpy(bool)]
    based, passing = need.in_reach(at[order])
    every = np.unique(np.concatenate([old, at[order]]))
    all_based, all_passing = need.in_reach(every)
    trips = model.trips
    minutes = np.where(np.isfinite(model.direct), model.direct, 0.0)
    stopped = np.asarray(need.stops[:, every].sum(1)).ravel() > 0
    total = float(trips.total.sum())
    between = total - float(np.trace(trips.total))
    return {
        "served_by_existing": plan.base, "drivers_in_catchment": based, "drivers_passing": passing,
        "drivers_in_catchment_with_existing": all_based, "drivers_passing_with_existing": all_passing,
        "drivers_based": float(model.inputs.drivers.sum()),
        "drivers_from_outside": float(need.drivers[~need.based].sum()), "trips_per_day": total,
        "through_trips_per_day": float(trips.through.sum()), "exchange_trips_per_day": float(trips.exchange.sum()),
        "mean_trip_minutes": float((trips.total * minutes).sum() / between) if between > 0 else 0.0,
        "longest_trip_minutes": float(minutes[trips.total > 0].max(initial=0.0)),
        "trips_over_4h_per_day": float(need.long_trips.sum()),
        "trips_over_4h_without_home": float(need.long_trips[~stopped].sum()),
        "vehicle_hours_per_day": float(model.under_way.sum()), "beta_per_minute": trips.beta,
        **_bands(problem, order),
    }  # fmt: skip


def _bands(problem: HomesProblem, order: Ints) -> dict[str, float]:
    """Drivers newly served by the same homes if there are 30 % fewer or more drivers, or stays per bay."""
    now = np.flatnonzero(problem.open_now)
    both = np.concatenate([now, order])
    out = {}
    for key, part in (("drivers", "drivers"), ("turnover", "capacity")):
        for word, factor in (("low", 0.7), ("high", 1.3)):
            other = replace(problem, **{part: getattr(problem, part) * factor})
            gained = problem_.served(other, both).total - problem_.served(other, now).total
            out[f"served_if_{key}_{word}"] = gained
    return out
