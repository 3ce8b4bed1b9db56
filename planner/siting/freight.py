"""Truck drivers' homes (司机之家): where they go, whom they serve, and how sure that is.

:func:`plan_homes` runs the freight model of a study and chooses homes: the fewest new ones that serve
the target beside the existing ones, then the most drivers with that number.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy import sparse

from planner.errors import Finding, InfeasibleError
from planner.settings import Freight
from planner.siting import freight_problem as problem_
from planner.siting import freight_show as show
from planner.siting.freight_model import Model, StudyLike, run_model
from planner.siting.freight_problem import Best, HomesProblem, Master
from planner.siting.freight_sites import checklist
from planner.siting.solvers.solution import Solution

__all__ = ["HomesPlan", "StudyLike", "plan_homes"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class HomesPlan:
    """Driver homes of a study, with the model behind them.

    Attributes
    ----------
    chosen
        New homes, best first: rank, site_id, name, host_kind, district, bays, meets, lacks_zh, lacks_en,
        drivers (served a month), drivers_passing and drivers_in_catchment (in reach), trucks_passing
        (a day), nearest_home_km, cost_yuan, reason, reason_zh, reason_en, geometry.
    existing
        Homes that are open already, with what they serve in the plan.
    candidates
        Every site looked at, with what it has and lacks.
    flows
        Streets for trucks with trucks_per_day, night_share, trucks_at_night, class.
    zones
        Generators and gateways with drivers and trips a day.
    catchments
        Ground within ``catchment_minutes`` by truck of each new home, and of the existing ones together.
    solution
        Objective and bound are distinct drivers a month newly served.
    curve
        Homes → drivers newly served, and the bound.
    alternatives
        For each chosen home, the candidate that could stand in best and what it would lose.
    checks
        Modelled beside published counts.
    assumptions
        Name, value, low, high, source.
    totals
        Figures of the whole plan (drivers in reach, based and passing; trips; vehicle-hours …).
    """

    chosen: gpd.GeoDataFrame
    existing: gpd.GeoDataFrame
    candidates: gpd.GeoDataFrame
    flows: gpd.GeoDataFrame
    zones: gpd.GeoDataFrame
    catchments: gpd.GeoDataFrame
    solution: Solution
    curve: pd.DataFrame
    alternatives: pd.DataFrame
    checks: pd.DataFrame
    assumptions: pd.DataFrame
    totals: dict[str, float]
    settings: Freight
    findings: tuple[Finding, ...]

    @property
    def drivers(self) -> float:
        """Distinct drivers a month that the new homes serve."""
        return self.solution.objective

    def run_json(self) -> dict[str, Any]:
        """Plain figures for ``run.json``."""
        s = self.solution
        return {
            "chosen": len(self.chosen), "drivers": round(s.objective, 1), "target": self.settings.target_drivers,
            "objective": round(s.objective, 3), "bound": round(s.bound, 3), "gap": round(s.gap, 8), "status": s.status,
            "existing": len(self.existing), "candidates": len(self.candidates),
            "cost_yuan": float(self.chosen["cost_yuan"].sum()),
            **{k: round(float(v), 3) for k, v in self.totals.items()},
        }  # fmt: skip

    def layer_specs(self) -> tuple[dict[str, Any], ...]:
        """Map layers as plain data, keys as :class:`planner.publish.bundle.ExtraLayer` has them."""
        return show.layer_specs(self)

    def extra_layers(self) -> tuple[Any, ...]:
        """The same layers as objects with those attributes."""
        return show.extra_layers(self)

    def tables(self, language: str = "zh") -> dict[str, pd.DataFrame]:
        """Tables with ready headings, by the name of their sheet."""
        return show.tables(self, language)

    def __repr__(self) -> str:
        return (
            f"<HomesPlan {len(self.chosen)} new homes beside {len(self.existing)}: {self.drivers:,.0f} drivers a month, "
            f"bound {self.solution.bound:,.0f}, gap {self.solution.gap:.3%}>"
        )

    def _repr_html_(self) -> str:
        columns = [
            "rank",
            "name",
            "host_kind",
            "district",
            "bays",
            "drivers",
            "drivers_passing",
            "drivers_in_catchment",
        ]
        return f"<p>{repr(self)[1:-1]}</p>" + self.chosen[columns].round(0).to_html(index=False)


def plan_homes(study: StudyLike) -> HomesPlan:
    """Model the trucks of a study and choose its driver homes.

    Raises
    ------
    InfeasibleError
        No plan reaches the target; says the most that can be reached and what binds.
    """
    start = time.perf_counter()
    f = study.settings.freight
    model, found = run_model(study)
    study._say("driver homes: choosing", 0.7)
    sites = _with_upgrades(model, f)
    problem = make_problem(model, sites, f)
    plan = choose(problem, f, secondary=_secondary(model, sites))
    order, gains = problem_.in_order(problem, plan.best.homes)
    solution = problem_.certificate(plan.best, order, seconds=time.perf_counter() - start, base=plan.base)
    study._say("driver homes: catchments", 0.9)
    chosen = _chosen(model, sites, order, gains, f, problem)
    swaps = _alternatives(model, sites, problem, order)
    chosen = show.with_reasons(chosen, swaps, f)
    existing = _existing(model, sites, problem, order, f)
    candidates = _candidates(model, sites, f)
    return HomesPlan(
        chosen=chosen, existing=existing, candidates=candidates, flows=show.flows(model, study.network("truck"), f),
        zones=model.zones, catchments=show.catchments(study.network("truck"), chosen, existing, f),
        solution=solution, curve=plan.curve, alternatives=swaps,
        checks=show.checks(model, study.network("truck"), f), assumptions=show.assumptions(f),
        totals=_totals(model, sites, order, plan, f), settings=f, findings=tuple(found),
    )  # fmt: skip


# -- the problem -----------------------------------------------------------------------------------


def _with_upgrades(model: Model, f: Freight) -> gpd.GeoDataFrame:
    """Sites of the problem: homes and candidates, then an upgrade for each home that falls short.

    ``at``: the site of the model whose times a row has. ``capacity``: drivers a month.
    """
    sites = model.inputs.sites.assign(at=np.arange(len(model.inputs.sites)))
    marks = checklist(sites, f)
    sites = gpd.GeoDataFrame(
        pd.concat([sites, marks[["meets", "lacks_zh", "lacks_en"]]], axis=1), crs=sites.crs
    )
    sites["cost_yuan"] = np.where(sites["exists"], 0.0, f.cost_yuan)
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


def make_problem(model: Model, sites: gpd.GeoDataFrame, f: Freight) -> HomesProblem:
    """Segments merged, capacities, spacing and costs."""
    reach, drivers = problem_.merged(model.need.reach[:, sites["at"].to_numpy()], model.need.drivers)
    new = np.flatnonzero(~sites["exists"].to_numpy(bool) & (sites["host_kind"] != "upgrade").to_numpy())
    xy = shapely.get_coordinates(sites.geometry.to_numpy())
    gap_m = np.hypot(*(xy[new][:, None] - xy[new][None]).transpose(2, 0, 1))
    a, b = np.nonzero(np.triu(gap_m < f.spacing_km * 1000, 1))
    return HomesProblem(
        reach=reach, drivers=drivers, capacity=sites["capacity"].to_numpy(float),
        open_now=sites["exists"].to_numpy(bool), conflicts=np.column_stack([new[a], new[b]]),
        cost=sites["cost_yuan"].to_numpy(float), budget=f.budget_yuan,
    )  # fmt: skip


def _secondary(model: Model, sites: gpd.GeoDataFrame) -> Floats:
    """Drivers in reach of each site, to choose by among plans that serve alike."""
    based, passing = model.need.by_site()
    return (based + passing)[sites["at"].to_numpy()]


@dataclass(frozen=True, eq=False)
class Choice:
    """The best plan of the fewest homes that reach the target, and the curve on the way there."""

    best: Best
    base: float
    curve: pd.DataFrame
    binding: str


def choose(problem: HomesProblem, f: Freight, *, secondary: Floats | None = None) -> Choice:
    """Fewest new homes that serve the target beside the existing ones, then most drivers with that number.

    Raises
    ------
    InfeasibleError
        The target is out of reach.
    """
    until = time.perf_counter() + f.time_limit_s
    base = problem_.served(problem, np.flatnonzero(problem.open_now)).total
    master = Master(problem)
    rows: list[tuple[int, Best]] = []
    fewest: Best | None = None
    count = 0
    while count < f.max_homes:
        count += 1
        if fewest is not None and count > max(f.curve_to, len(fewest.homes)):
            break
        left = max(2.0, until - time.perf_counter())
        best = problem_.most(master, count, base=base, gap=f.gap, seconds=left)
        if best is None:
            raise InfeasibleError(["the rules on spacing and budget allow no home"], "relax one of them")
        stuck = bool(rows) and best.drivers <= rows[-1][1].drivers * (1 + 1e-9) + 1e-6
        rows.append((count, best))
        if fewest is None and best.drivers >= f.target_drivers - 1e-6:
            fewest = best
            if f.curve_to <= count:
                break
        if stuck:
            break
    if fewest is None:
        raise _out_of_reach(problem, rows[-1][1] if rows else None, base, f)
    if secondary is not None:
        fewest = problem_.break_tie(
            master,
            fewest,
            base=base,
            seconds=max(5.0, min(20.0, until - time.perf_counter())),
            secondary=secondary,
        )
    curve = pd.DataFrame(
        [(n, b.drivers, b.bound, b.rounds) for n, b in rows], columns=["homes", "drivers", "bound", "rounds"]
    )
    return Choice(fewest, base, curve, "")


def _out_of_reach(problem: HomesProblem, most: Best | None, base: float, f: Freight) -> InfeasibleError:
    """Why the target cannot be reached, and the most that can."""
    best = most.drivers if most is not None else 0.0
    homes = len(most.homes) if most is not None else 0
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


# -- tables of the plan ----------------------------------------------------------------------------


def _reach_columns(model: Model, sites: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    based, passing = model.need.by_site()
    at = sites["at"].to_numpy()
    return sites.assign(
        drivers_in_catchment=based[at],
        drivers_passing=passing[at],
        trucks_passing=model.need.passing_trips[at],
    )


def _chosen(
    model: Model, sites: gpd.GeoDataFrame, order: Ints, gains: Floats, f: Freight, problem: HomesProblem
) -> gpd.GeoDataFrame:
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


def _existing(
    model: Model, sites: gpd.GeoDataFrame, problem: HomesProblem, order: Ints, f: Freight
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
        relation_zh.append("建议升级扩容" if up else f"保留；最近的新建点为“{name}”，相距 {km:.1f} km")
        relation_en.append(
            "to be upgraded" if up else f"kept; the nearest new home, “{name}”, is {km:.1f} km away"
        )
    return rows.assign(
        drivers=flow.by_home[open_now], nearest_new=names, nearest_new_km=metres, relation_zh=relation_zh,
        relation_en=relation_en,
    ).drop(columns=["exists"])  # fmt: skip


def _candidates(model: Model, sites: gpd.GeoDataFrame, f: Freight) -> gpd.GeoDataFrame:
    table = _reach_columns(model, sites)
    table = table[~table["exists"]].drop(columns=["exists", "at"]).reset_index(drop=True)
    stars = checklist(table, f)
    return gpd.GeoDataFrame(
        pd.concat([table, stars[[c for c in stars.columns if c.startswith("star_")]]], axis=1), crs=sites.crs
    )


def _alternatives(model: Model, sites: gpd.GeoDataFrame, problem: HomesProblem, order: Ints) -> pd.DataFrame:
    """For each chosen home the best stand-in (spacing kept), and the drivers it would lose."""
    now = np.flatnonzero(problem.open_now)
    whole = problem_.served(problem, np.concatenate([now, order])).total
    secondary = _secondary(model, sites)
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
        best, loss = -1, np.inf
        for j in free[:20]:
            got = whole - problem_.served(problem, np.array([*now, *rest, j])).total
            if got < loss - 1e-6:
                best, loss = j, got
            if loss <= 1e-6:
                break
        name = str(sites["name"].iloc[best]) if best >= 0 else ""
        rows.append(
            (
                str(sites["site_id"].iloc[i]),
                str(sites["site_id"].iloc[best]) if best >= 0 else "",
                name,
                max(loss, 0.0),
            )
        )
    return pd.DataFrame(rows, columns=["site_id", "alternative_id", "alternative", "drivers_lost"])


def _totals(model: Model, sites: gpd.GeoDataFrame, order: Ints, plan: Choice, f: Freight) -> dict[str, float]:
    need, at = model.need, sites["at"].to_numpy()
    old = at[sites["exists"].to_numpy(bool)]
    based, passing = need.in_reach(at[order])
    every = np.unique(np.concatenate([old, at[order]]))
    all_based, all_passing = need.in_reach(every)
    trips = model.trips
    minutes = np.where(np.isfinite(model.direct), model.direct, 0.0)
    long = (minutes > 240) & (trips.total > 0)
    near = sparse.csr_array(need.reach)[:, every].sum(1)
    stops = {
        (int(a), int(b))
        for a, b, k in zip(need.first, need.second, np.asarray(near).ravel(), strict=True)
        if k
    }
    bare = sum(float(trips.total[a, b]) for a, b in np.argwhere(long) if (min(a, b), max(a, b)) not in stops)
    total = float(trips.total.sum())
    return {
        "served_by_existing": plan.base, "drivers_in_catchment": based, "drivers_passing": passing,
        "drivers_in_catchment_with_existing": all_based, "drivers_passing_with_existing": all_passing,
        "drivers_based": float(model.inputs.drivers.sum()),
        "drivers_from_outside": float(need.drivers[~need.based].sum()), "trips_per_day": total,
        "through_trips_per_day": float(trips.through.sum()), "exchange_trips_per_day": float(trips.exchange.sum()),
        "mean_trip_minutes": float((trips.total * minutes).sum() / total) if total else 0.0,
        "longest_trip_minutes": float(minutes[trips.total > 0].max(initial=0.0)),
        "trips_over_4h_per_day": float(trips.total[long].sum()), "trips_over_4h_without_home": bare,
        "vehicle_hours_per_day": model.assigned.vehicle_hours, "beta_per_minute": trips.beta,
        "low_30": 0.7 * plan.best.drivers, "high_30": 1.3 * plan.best.drivers,
    }  # fmt: skip
