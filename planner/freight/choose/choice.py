"""From a model to a choice: the problem with its upgrades, the homes that the study asks for, and the curve."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy import sparse

from planner.errors import AbsentError, absent
from planner.freight.choose import master as master_
from planner.freight.choose import problem as problem_
from planner.freight.choose.master import Best, Master
from planner.freight.choose.problem import HomesProblem, Passing
from planner.freight.choose.ties import Ties, untie
from planner.freight.model import FreightModel
from planner.freight.room import Stays, room_of
from planner.freight.sites import checklist
from planner.settings.freight import Freight

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def with_upgrades(model: FreightModel, f: Freight, stays: Stays) -> gpd.GeoDataFrame:
    """Sites of the problem: homes and candidates, then an upgrade for each home that falls short.

    ``at``: the site of the model whose times a row has. ``bays_there``: its bays today. ``capacity``: drivers a
    month, at ``stays_per_bay`` a day. Columns ``has_…`` and ``meets`` are those of :func:`planner.freight.sites.checklist`.
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
        cost_yuan=f.upgrade_cost_yuan, visits_per_day=np.nan,
    )  # fmt: skip
    table = gpd.GeoDataFrame(pd.concat([sites, more], ignore_index=True), crs=sites.crs)
    capacity, each = room_of(table, stays, f)
    return table.assign(capacity=capacity, stays_per_bay=each)


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
        cost=sites["cost_yuan"].to_numpy(float), budget=f.budget_yuan, must=_stops(model, sites), passing=passing_of(model, sites),
    )  # fmt: skip


def _stops(model: FreightModel, sites: gpd.GeoDataFrame) -> sparse.csr_array | None:
    """Of the sites where a trip over the driving limit could stop, one must be open; None: no such trip."""
    rows = sparse.csr_array(model.need.stops[:, sites["at"].to_numpy()], dtype=bool)
    kept = np.unique(rows[np.asarray(rows.sum(1)).ravel() > 0].toarray(), axis=0)
    return sparse.csr_array(kept) if len(kept) else None


def passing_of(model: FreightModel, sites: gpd.GeoDataFrame) -> Passing:
    """Drivers who pass the sites, with their detours: what plans that serve alike are chosen by."""
    need, at = model.need, sites["at"].to_numpy()
    rows = np.flatnonzero(~need.based)
    extra = need.extra[rows].tocoo()
    minutes = np.full(extra.shape, np.inf)
    minutes[extra.coords] = extra.data
    return Passing(minutes[:, at], need.drivers[rows])


@dataclass(frozen=True, eq=False)
class Choice:
    """The plan, those that tie with it, the curve, and what no plan for the target can undercut (NaN if not asked)."""

    best: Best
    base: float
    curve: pd.DataFrame
    repeatable: bool
    ties: Ties
    least_cost: float = float("nan")


def choose(problem: HomesProblem, f: Freight) -> Choice:
    """The plan the study asks for; of plans that serve alike, the one that most distinct drivers pass, then least detour.

    "fewest": the fewest new homes that serve the target beside the existing ones, then most drivers with
    that number. "cheapest": the least cost for the target, then most drivers for that cost. Without a
    target, the target is what ``max_homes`` homes can serve at most.

    Raises
    ------
    AbsentError
        The target is out of reach, or no home would serve anybody.
    """
    until = time.perf_counter() + f.time_limit_s
    base = problem_.served(problem, np.flatnonzero(problem.open_now)).total
    master = Master(problem)
    if problem.open_now.all():
        raise absent("FRT-018", field="freight")
    top = _top(master, base, f, until) if f.target_drivers is None else None
    target = top.drivers if top is not None else float(f.target_drivers or 0.0)
    best, rows = _by_number(master, base, f, until, target, top)
    count: int | None = len(best.homes)
    least = float("nan")
    if f.problem == "cheapest":
        count = f.max_homes
        best, least, master = _by_cost(master, base, f, until, target)
    seconds = max(5.0, min(20.0, until - time.perf_counter()))
    best, ties = untie(master, best, count, base=base, seconds=seconds)
    curve = pd.DataFrame(
        [(n, b.drivers, _full(problem, b), b.bound, b.rounds) for n, b in rows],
        columns=["homes", "drivers", "full", "bound", "rounds"],
    )
    return Choice(best, base, curve, not master.cut_by_clock, ties, least)


def _full(problem: HomesProblem, best: Best) -> int:
    """New homes of a plan that are limited by bays."""
    every = np.concatenate([np.flatnonzero(problem.open_now), best.homes])
    return int(problem_.served(problem, every).full[best.homes].sum())


def _top(master: Master, base: float, f: Freight, until: float) -> Best:
    """Most drivers that ``max_homes`` homes can serve, which is the plan's aim where there is no target."""
    problem = master.problem
    left = max(2.0, until - time.perf_counter())
    top = master_.most(master, f.max_homes, base=base, gap=f.gap, seconds=left)
    if top is None:
        raise _no_plan(problem, f)
    if top.drivers >= 0.5:
        return top
    new = int((~problem.open_now).sum())
    if base >= 0.5:
        raise absent("FRT-028", field="freight", n=f"{new:,}", base=f"{base:,.0f}")
    raise absent("FRT-027", field="freight", n=f"{new:,}", **_reach(f))


def _by_number(
    master: Master, base: float, f: Freight, until: float, target: float, top: Best | None
) -> tuple[Best, list[tuple[int, Best]]]:
    """The best plan of the fewest homes that reach the target, and the best of each number looked at.

    ``top``: the best of ``max_homes`` homes where the target is what it serves; the numbers between
    ``curve_to`` and its own are then halved, not counted through.
    """
    rows: list[tuple[int, Best]] = []
    fewest: Best | None = None
    asked = top is None
    for count in range(1, (f.max_homes if asked else min(f.curve_to, f.max_homes)) + 1):
        if fewest is not None and count > max(f.curve_to, len(fewest.homes)):
            break
        best = _most(master, count, base, f, until, target)
        if best is None:
            continue  # so few cannot give every long trip its stop
        stuck = bool(rows) and best.drivers <= rows[-1][1].drivers * (1 + 1e-9) + 1e-6
        rows.append((count, best))
        if fewest is None and best.drivers >= target - 1e-6:
            fewest = best
            if f.curve_to <= count:
                break
        if stuck:  # a home more does not help, but several may, where spacing or the budget binds
            top = top or _most(master, f.max_homes, base, f, until, target)
            if top is None or best.drivers >= top.drivers * (1 - 1e-9) - 1e-6:
                break
    if fewest is None and top is not None and not asked:
        counted = rows[-1][0] if rows else 0
        fewest = _fewest_like(top, master, counted, base, f, until)
        rows += [(len(fewest.homes), fewest)] if len(fewest.homes) > counted else []
    if not rows:
        raise _no_plan(master.problem, f)
    if fewest is None:
        raise _out_of_reach(master.problem, rows[-1][1], base, f, target)
    return fewest, rows


def _fewest_like(top: Best, master: Master, too_few: int, base: float, f: Freight, until: float) -> Best:
    """The best plan of the fewest homes, more than ``too_few``, that serves what ``top`` does."""
    found, low = top, too_few + 1
    while low < len(found.homes):
        middle = (low + len(found.homes)) // 2
        best = _most(master, middle, base, f, until, top.drivers)
        if best is not None and best.drivers >= top.drivers - 1e-6 and len(best.homes) < len(found.homes):
            found = best
        else:
            low = middle + 1
    return found


def _most(master: Master, count: int, base: float, f: Freight, until: float, target: float) -> Best | None:
    """Most drivers with ``count`` homes, within the gap; exactly where the target lies within it."""
    best = None
    for gap in (f.gap, 0.0):
        left = max(2.0, until - time.perf_counter())
        best = master_.most(master, count, base=base, gap=gap, seconds=left)
        if best is None or not best.drivers < target - 1e-6 <= best.bound:
            break
    return best


def _by_cost(
    master: Master, base: float, f: Freight, until: float, target: float
) -> tuple[Best, float, Master]:
    """Most drivers at the least cost of the target, that cost's bound, and a master held to that cost."""
    late = absent("FRT-024", field="freight.time_limit_s", value=f"{f.time_limit_s:g}")
    left = max(2.0, until - time.perf_counter())
    found = master_.cheapest(master, target, f.max_homes, base=base, seconds=left)
    if found is None or not np.isfinite(found[0]):
        raise late
    price, least = found
    held = Master(replace(master.problem, budget=price * (1 + 1e-9)))
    held.cut_by_clock = master.cut_by_clock
    left = max(2.0, until - time.perf_counter())
    best = master_.most(held, f.max_homes, base=base, gap=f.gap, seconds=left)
    if best is None:
        raise late
    return best, least, held


def _no_plan(problem: HomesProblem, f: Freight) -> AbsentError:
    """The rules allow no plan of any number of homes."""
    rows = 0 if problem.must is None else problem.must.shape[0]
    return absent("FRT-023", field="freight", homes=f.max_homes, km=f"{f.spacing_km:g}", n=rows)


def _out_of_reach(problem: HomesProblem, most: Best, base: float, f: Freight, target: float) -> AbsentError:
    """Why the target cannot be reached, and the most that can."""
    new = int((~problem.open_now).sum())
    free = problem_.served(problem, np.arange(len(problem.open_now))).total - base
    reachable = float(problem.drivers.sum()) - base
    told = {
        "target": f"{target:,.0f}", "most": f"{math.floor(most.drivers + 1e-6):,}", "homes": len(most.homes), "n": f"{new:,}",
        "reachable": f"{max(reachable, 0.0):,.0f}", "free": f"{free:,.0f}", "max": f.max_homes, "km": f"{f.spacing_km:g}",
        **_reach(f),
    }  # fmt: skip
    if reachable < target:
        code = "FRT-019"
    elif free < target:
        code = "FRT-020"
    elif len(most.homes) >= f.max_homes:
        code = "FRT-021"
    else:
        code = "FRT-022"
    return absent(code, field="freight.target_drivers", value=f"{target:g}", **told)


def _reach(f: Freight) -> dict[str, str]:
    """Who counts as in reach of a home."""
    return {"catchment": f"{f.catchment_minutes:g}", "detour": f"{f.detour_minutes:g}"}
