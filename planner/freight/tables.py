"""Tables of a plan of driver homes: what is chosen, stands already, was looked at; flows, catchments, totals."""

from __future__ import annotations

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.freight.choose import problem as problem_
from planner.freight.choose.choice import Choice
from planner.freight.choose.problem import HomesProblem
from planner.freight.hours import NIGHT
from planner.freight.model import FreightModel
from planner.freight.sites import checklist
from planner.roads.areas import service_areas, union_area
from planner.roads.network import Network
from planner.roads.outline import generalise
from planner.roads.reach import snap
from planner.settings.freight import Freight

#: Band of the share of trucks among vehicles, as in the settings.
SHARES = (0.15, 0.35)

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def _reach_columns(model: FreightModel, sites: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    based, passing = model.need.by_site()
    at = sites["at"].to_numpy()
    return sites.assign(
        drivers_in_catchment=based[at],
        drivers_passing=passing[at],
        trucks_passing=model.need.passing_trips[at],
    )


def chosen_table(
    model: FreightModel,
    sites: gpd.GeoDataFrame,
    order: Ints,
    gains: Floats,
    f: Freight,
    problem: HomesProblem,
) -> gpd.GeoDataFrame:
    """New homes, best first, with what each serves and reaches, and whether its bays bind (``limited_by_bays``)."""
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
        limited_by_bays=flow.full[order], nearest_home_km=near, bays=np.minimum(rows["bays"], f.max_bays),
    ).drop(columns=["exists", "at"])  # fmt: skip


def existing_table(
    model: FreightModel, sites: gpd.GeoDataFrame, problem: HomesProblem, order: Ints, f: Freight
) -> gpd.GeoDataFrame:
    """Existing homes: what they serve, whether bays bind, the nearest new home (NaN km: none), ``upgraded`` or not."""
    table = _reach_columns(model, sites)
    open_now = np.flatnonzero(problem.open_now)
    flow = problem_.served(problem, open_now)
    rows = table.iloc[open_now].reset_index(drop=True)
    new = table.iloc[order]
    names, metres = [], []
    for point in rows.geometry:
        far = shapely.distance(new.geometry.to_numpy(), point)
        i = int(np.argmin(far)) if len(far) else -1
        names.append(str(new["name"].iloc[i] or new["site_id"].iloc[i]) if i >= 0 else "")
        metres.append(float(far[i]) / 1000 if i >= 0 else float("nan"))
    return rows.assign(
        drivers=flow.by_home[open_now], limited_by_bays=flow.full[open_now], nearest_new=np.array(names, dtype="str"), nearest_new_km=metres,
        bays=np.minimum(rows["bays"], f.max_bays), upgraded=rows["at"].isin(new["at"][new["host_kind"] == "upgrade"]),
    ).drop(columns=["exists"]).rename(columns={"visits_per_day": "visits_counted"})  # fmt: skip


def candidate_table(model: FreightModel, sites: gpd.GeoDataFrame, f: Freight) -> gpd.GeoDataFrame:
    """Every candidate with what it has, lacks and reaches; stars as the study file defines them."""
    table = _reach_columns(model, sites)
    table = table[~table["exists"]].drop(columns=["exists", "at", "visits_per_day"]).reset_index(drop=True)
    stars = checklist(table, f)  # by the place's own bays, of which no more than max_bays count for a home
    table = table.assign(bays=np.minimum(table["bays"], f.max_bays))
    return gpd.GeoDataFrame(
        pd.concat([table, stars[[c for c in stars.columns if c.startswith("star_")]]], axis=1), crs=sites.crs
    )


def stand_ins(
    model: FreightModel, sites: gpd.GeoDataFrame, problem: HomesProblem, order: Ints
) -> pd.DataFrame:
    """For each chosen home the best stand-in (spacing kept), how many it would serve less, and how many less would pass."""
    now = np.flatnonzero(problem.open_now)
    whole = problem_.served(problem, np.concatenate([now, order])).total
    passing, at = model.need.by_site()[1], sites["at"].to_numpy()

    def wide(homes: list[int]) -> float:
        return model.need.in_reach(at[np.array([*now, *homes], int)])[1]

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
        free.sort(key=lambda j: (-problem.capacity[j], -passing[at[j]], j))
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
        rows, columns=["site_id", "alternative_id", "alternative", "drivers_lost", "passing_lost"]
    )


def plan_totals(
    model: FreightModel, sites: gpd.GeoDataFrame, problem: HomesProblem, order: Ints, plan: Choice
) -> dict[str, float]:
    """Figures of the whole plan: who is in reach, trips and their bands, the driving limit, and what +-30 % do."""
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
        "served_by_existing": plan.base,
        "passing_detour_minutes": plan.ties.detour_minutes, "drivers_in_catchment": based, "drivers_passing": passing,
        "drivers_in_catchment_with_existing": all_based, "drivers_passing_with_existing": all_passing,
        "drivers_based": float(model.drivers.sum()),
        "drivers_from_outside": float(need.drivers[~need.based].sum()), "trips_per_day": total,
        "through_trips_per_day": float(trips.through.sum()), "exchange_trips_per_day": float(trips.exchange.sum()),
        "mean_trip_minutes": float((trips.total * minutes).sum() / between) if between > 0 else 0.0,
        "longest_trip_minutes": float(minutes[trips.total > 0].max(initial=0.0)),
        "trips_over_4h_per_day": float(need.long_trips.sum()),
        "trips_over_4h_without_home": float(need.long_trips[~stopped].sum()),
        "vehicle_hours_per_day": float(model.under_way.sum()), "beta_per_minute": trips.beta,
        **model.trip_bands, **_bands(problem, order),
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


def flows(network: Network, trucks: pd.DataFrame) -> gpd.GeoDataFrame:
    """Streets with their trucks a day in both directions, the share at night (22 to 6), and the busiest hour.

    Parameters
    ----------
    trucks
        As :func:`planner.freight.hours.hourly` has them.
    """
    keep, values = trucks.index.to_numpy(), trucks.to_numpy()
    edges, total = network.edges().iloc[keep], values.sum(1)
    night = values[:, NIGHT].sum(1)
    return gpd.GeoDataFrame(
        {
            "edge": keep, "class": edges["class"].astype(str).to_numpy(), "trucks_per_day": total.round(1),
            "night_share": (night / total).round(4), "trucks_at_night": night.round(1),
            "per_hour_day": values[:, ~NIGHT].mean(1).round(1), "per_hour_night": values[:, NIGHT].mean(1).round(1),
            "peak_hour": values.argmax(1), "per_hour_peak": values.max(1).round(1),
        },
        geometry=edges.geometry.to_numpy(), crs=network.crs,
    )  # fmt: skip


def checks(counts: gpd.GeoDataFrame) -> pd.DataFrame:
    """The model's counts beside it: before and after the trips were adjusted, and whether the count was used for that.

    ``modelled`` is NaN where no main road stands near the count.
    """
    measured = np.isfinite(counts["trucks_per_day"].to_numpy(float))
    vehicles = counts["vehicles_per_day"].to_numpy(float)
    trucks = counts["trucks"].to_numpy(float)
    low, high = (np.where(measured, trucks, vehicles * share) for share in SHARES)
    out = pd.DataFrame(counts[["road", "place_zh", "place_en", "vehicles_per_day", "trucks"]])
    after = counts["after"].to_numpy(float)
    return out.assign(
        trucks_low=low, trucks_high=high, before=counts["before"], modelled=after,
        ratio=after / np.where(trucks > 0, trucks, np.nan), used=counts["used"], same_road=counts["by_name"],
        source_zh=counts["source_zh"].to_numpy(), source_en=counts["source_en"].to_numpy(),
    )  # fmt: skip


def catchments(
    network: Network, chosen: gpd.GeoDataFrame, existing: gpd.GeoDataFrame, f: Freight
) -> gpd.GeoDataFrame:
    """Ground within the catchment's minutes of each new home, and of the existing homes together."""
    seconds, limit = f.catchment_minutes * 60, 1500.0
    made = service_areas(network, chosen.geometry, cutoff_s=seconds, buffer_m=150.0, limit_m=limit)
    shapes = list(made.geometry)
    names, ids = chosen["name"].tolist(), chosen["site_id"].tolist()
    if len(existing):
        on = snap(network, existing.geometry, limit_m=limit)
        shapes.append(union_area(network, on, cutoff_s=seconds, buffer_m=150.0))
        names.append("")
        ids.append("existing")
    simple = [
        generalise(_smooth(g), least_m2=3e6, tolerance_m=100.0) for g in shapes
    ]  # one outline, lakes left out
    return gpd.GeoDataFrame({"site_id": ids, "name": names}, geometry=simple, crs=network.crs)


def _smooth(shape: shapely.Geometry, within_m: float = 600.0) -> shapely.Geometry:
    """A shape without gaps and spikes up to twice this wide, to draw."""
    return shape.buffer(within_m).buffer(-2 * within_m).buffer(within_m)
