"""From a model to a choice: the problem with its upgrades, the fewest homes for the target, and the curve."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy import sparse

from planner.errors import InfeasibleError, PlannerError
from planner.freight import master as master_
from planner.freight import problem as problem_
from planner.freight.master import Best, Master
from planner.freight.model import FreightModel
from planner.freight.problem import HomesProblem
from planner.freight.sites import checklist
from planner.settings.freight import Freight

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def with_upgrades(model: FreightModel, f: Freight) -> gpd.GeoDataFrame:
    """Sites of the problem: homes and candidates, then an upgrade for each home that falls short.

    ``at``: the site of the model whose times a row has. ``bays_there``: its bays today. ``capacity``: drivers a
    month. Columns ``has_…`` and ``meets`` are those of :func:`planner.freight.sites.checklist`.
    """
    sites = model.sites.assign(at=np.arange(len(model.sites)))
    marks = checklist(sites, f)
    marks = marks[[c for c in marks.columns if not c.startswith("star_")]].assign(bays_there=sites["bays"])
    sites = gpd.GeoDataFrame(pd.concat([sites, marks], axis=1), crs=sites.crs)
    usual = sites["host_kind"].map(lambda kind: f.kind_cost_yuan.get(str(kind), f.cost_yuan)).to_numpy(float)
    sites["cost_yuan"] = np.where(sites["exists"], 0.0, usual)
    short = sites[sites["exists"] & ~sites["meets"]]
    more = short.assign(
        site_id=short["site_id"].astype(str) + "-U", exists=False, host_kind="upgrade", bays=f.upgrade_bays,
        cost_yuan=f.upgrade_cost_yuan,
    )  # fmt: skip
    table = gpd.GeoDataFrame(pd.concat([sites, more], ignore_index=True), crs=sites.crs)
    capacity = drivers_of_bays(np.minimum(table["bays"].to_numpy(float), f.max_bays), f)
    return table.assign(capacity=capacity)


def drivers_of_bays(bays: Floats, f: Freight) -> Floats:
    """Distinct drivers a month: bays × turnover × days / visits per driver and month."""
    return bays * f.turnover_per_day * f.days_per_month / f.visits_per_driver_month


def make_problem(model: FreightModel, sites: gpd.GeoDataFrame, f: Freight) -> HomesProblem:
    """Segments merged, capacities, spacing and costs."""
    reach, drivers = problem_.merged(model.need.reach[:, sites["at"].to_numpy()], model.need.drivers)
    new = np.flatnonzero(~sites["exists"].to_numpy(bool) & (sites["host_kind"] != "upgrade").to_numpy())
    xy = shapely.get_coordinates(sites.geometry.to_numpy())
    gap_m = np.hypot(*(xy[new][:, None] - xy[new][None]).transpose(2, 0, 1))
    a, b = np.nonzero(np.triu(gap_m < f.spacing_km * 1000, 1))
    return HomesProblem(
        reach=reach, drivers=drivers, capacity=sites["capacity"].to_numpy(float),
        open_now=sites["exists"].to_numpy(bool), conflicts=np.column_stack([new[a], new[b]]),
        cost=sites["cost_yuan"].to_numpy(float), budget=f.budget_yuan, must=_stops(model, sites),
    )  # fmt: skip


def _stops(model: FreightModel, sites: gpd.GeoDataFrame) -> sparse.csr_array | None:
    """Of the sites where a trip over the driving limit could stop, one must be open; None: no such trip."""
    rows = sparse.csr_array(model.need.stops[:, sites["at"].to_numpy()], dtype=bool)
    kept = np.unique(rows[np.asarray(rows.sum(1)).ravel() > 0].toarray(), axis=0)
    return sparse.csr_array(kept) if len(kept) else None


def secondary_worth(model: FreightModel, sites: gpd.GeoDataFrame) -> Floats:
    """Drivers in reach of each site, to choose by among plans that serve alike."""
    based, passing = model.need.by_site()
    return (based + passing)[sites["at"].to_numpy()]


@dataclass(frozen=True, eq=False)
class Choice:
    """The plan, the curve on the way there, and what no plan for the target can undercut (NaN if not asked)."""

    best: Best
    base: float
    curve: pd.DataFrame
    repeatable: bool
    least_cost: float = float("nan")


def choose(problem: HomesProblem, f: Freight) -> Choice:
    """The plan the study asks for; of plans that serve alike, the one with the most distinct drivers in reach.

    "fewest": the fewest new homes that serve the target beside the existing ones, then most drivers with
    that number. "cheapest": the least cost for the target, then most drivers for that cost.

    Raises
    ------
    InfeasibleError
        The target is out of reach.
    """
    until = time.perf_counter() + f.time_limit_s
    base = problem_.served(problem, np.flatnonzero(problem.open_now)).total
    master = Master(problem)
    best, rows = _by_number(master, base, f, until)
    count: int | None = len(best.homes)
    least = float("nan")
    if f.problem == "cheapest":
        count = f.max_homes
        best, least, master = _by_cost(master, base, f, until)
    best = master_.break_tie(
        master, best, count, base=base, seconds=max(5.0, min(20.0, until - time.perf_counter()))
    )
    curve = pd.DataFrame(
        [(n, b.drivers, b.bound, b.rounds) for n, b in rows], columns=["homes", "drivers", "bound", "rounds"]
    )
    return Choice(best, base, curve, not master.cut_by_clock, least)


def _by_number(master: Master, base: float, f: Freight, until: float) -> tuple[Best, list[tuple[int, Best]]]:
    """The best plan of the fewest homes that reach the target, and the best of each number looked at."""
    rows: list[tuple[int, Best]] = []
    fewest: Best | None = None
    top: Best | None = None
    for count in range(1, f.max_homes + 1):
        if fewest is not None and count > max(f.curve_to, len(fewest.homes)):
            break
        best = _most(master, count, base, f, until)
        if best is None:
            continue  # so few cannot give every long trip its stop
        stuck = bool(rows) and best.drivers <= rows[-1][1].drivers * (1 + 1e-9) + 1e-6
        rows.append((count, best))
        if fewest is None and best.drivers >= f.target_drivers - 1e-6:
            fewest = best
            if f.curve_to <= count:
                break
        if stuck:  # a home more does not help, but several may, where spacing or the budget binds
            top = top or _most(master, f.max_homes, base, f, until)
            if top is None or best.drivers >= top.drivers * (1 - 1e-9) - 1e-6:
                break
    if not rows:
        raise InfeasibleError(
            ["the rules on spacing, budget and stops on long trips allow no plan"], "relax one of them"
        )
    if fewest is None:
        raise _out_of_reach(master.problem, rows[-1][1], base, f)
    return fewest, rows


def _most(master: Master, count: int, base: float, f: Freight, until: float) -> Best | None:
    """Most drivers with ``count`` homes, within the gap; exactly where the target lies within it."""
    best = None
    for gap in (f.gap, 0.0):
        left = max(2.0, until - time.perf_counter())
        best = master_.most(master, count, base=base, gap=gap, seconds=left)
        if best is None or not best.drivers < f.target_drivers - 1e-6 <= best.bound:
            break
    return best


def _by_cost(master: Master, base: float, f: Freight, until: float) -> tuple[Best, float, Master]:
    """Most drivers at the least cost of the target, that cost's bound, and a master held to that cost."""
    left = max(2.0, until - time.perf_counter())
    found = master_.cheapest(master, f.target_drivers, f.max_homes, base=base, seconds=left)
    if found is None or not np.isfinite(found[0]):
        raise PlannerError("no cheapest plan of driver homes was found in the time allowed; allow more time")
    price, least = found
    held = Master(replace(master.problem, budget=price * (1 + 1e-9)))
    held.cut_by_clock = master.cut_by_clock
    left = max(2.0, until - time.perf_counter())
    best = master_.most(held, f.max_homes, base=base, gap=f.gap, seconds=left)
    if best is None:
        raise PlannerError("no cheapest plan of driver homes was found in the time allowed; allow more time")
    return best, least, held


def _out_of_reach(problem: HomesProblem, most: Best, base: float, f: Freight) -> InfeasibleError:
    """Why the target cannot be reached, and the most that can."""
    best, homes = most.drivers, len(most.homes)
    now = np.flatnonzero(problem.open_now)
    everything = np.flatnonzero(~problem.open_now)
    free = problem_.served(problem, np.concatenate([now, everything])).total - base
    reachable = float(problem.drivers.sum()) - base
    if not len(everything):
        why, way = "no candidate site has room for trucks", "give truck_sites with bays"
    elif reachable < f.target_drivers:
        why = f"only {reachable:,.0f} more drivers have any site in reach"
        way = "allow a longer detour or catchment, or add sites"
    elif free < f.target_drivers:
        why = f"all {len(everything)} candidates together have bays for {free:,.0f} drivers"
        way = "add sites or bays, or raise max_bays"
    elif homes >= f.max_homes:
        why, way = f"at most {f.max_homes} homes are allowed", "raise max_homes"
    else:
        why, way = (
            f"homes must stand {f.spacing_km:g} km apart, within the budget",
            "lower spacing_km, or raise the budget",
        )
    return InfeasibleError(
        [f"{f.target_drivers:,.0f} drivers are to be served", why],
        f"the most that can be served is {best:,.0f} with {homes} homes; {way}.",
    )
