"""Truck drivers' homes (司机之家): where they go, whom they serve, and how sure that is.

:func:`plan_homes` chooses homes on a freight model: the fewest new ones that serve the target beside the
existing ones (without a target: as many drivers as the most homes allowed can), then the most drivers with that number.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from planner.errors import Finding, sums_that_work_out
from planner.freight.choose.choice import choose, make_problem, with_upgrades
from planner.freight.choose.master import certificate
from planner.freight.choose.problem import in_order
from planner.freight.choose.ties import Ties
from planner.freight.hours import NIGHT, day_of, hour_shares, hourly_of
from planner.freight.model import FreightModel
from planner.freight.room import Stays, fit_stays, tell_room
from planner.freight.tables import (
    candidate_table,
    catchments,
    checks,
    chosen_table,
    existing_table,
    flows,
    plan_totals,
    stand_ins,
)
from planner.progress import Progress, silent
from planner.roads.network import Network
from planner.settings.freight import Freight
from planner.solvers.solution import Solution, gap_text

__all__ = ["TRIPS", "HomesPlan", "assumed_numbers", "plan_homes"]

#: Beginnings of the names of sums of trips, which are quoted only where a count of trucks calibrates them (all drivers
#: from outside are the trips through gateways, times a constant).
TRIPS = ("trips_", "through_trips_", "exchange_trips_", "vehicle_hours_", "drivers_from_outside")


@dataclass(frozen=True, eq=False)
class HomesPlan:
    """Driver homes of a study: tables and numbers, no words (:mod:`planner.telling.words.homes` has those).

    ``limited_by_bays`` of a home: with more bays it would serve more drivers, so that what it serves is its room, no
    count of who would come. Of a site, ``has_<line>`` is whether it has a line of the checklist (1, 0, NaN: not known), ``meets`` whether
    it has them all, ``bays`` the truck bays that count for a home (at most ``max_bays``), ``bays_there`` the place's
    own today.

    Attributes
    ----------
    chosen
        New homes, best first: rank, site_id, name, host_kind, district, bays, ``has_…``, meets, bays_there,
        drivers (served a month), limited_by_bays, stays_per_bay (a day), drivers_passing and drivers_in_catchment (in reach), trucks_passing
        (a day), nearest_home_km, cost_yuan, geometry.
    existing
        Homes that are open already, with what they serve without the new ones, the nearest new one
        (``nearest_new``, ``nearest_new_km``), whether they are ``upgraded``, and ``visits_counted`` a day (NaN: not).
    candidates
        Every site looked at, with what it has.
    flows
        Streets for trucks with trucks_per_day, night_share, trucks_at_night, peak_hour, class.
    hourly
        Trucks on these streets in each hour (columns 0 to 23); index: ``flows["edge"]``.
    day
        Trucks under way in each hour, from trips within the area and through a gateway.
    zones
        Generators and gateways with drivers and trips a day.
    catchments
        Ground within ``catchment_minutes`` by truck of each new home, and of the existing ones together.
    solution
        Objective and bound are distinct drivers a month newly served.
    curve
        Homes → drivers newly served, how many of the homes are limited by bays (``full``), and the bound.
    alternatives
        For each chosen home, the candidate that could stand in best and what it would lose.
    checks
        Modelled beside published counts.
    totals
        Figures of the whole plan (drivers in reach, based and passing; trips; vehicle-hours …). Those of :data:`TRIPS`
        are sums of a model that no count has seen unless ``calibrated``, and are then quoted nowhere.
    problem
        What was asked for, ``"fewest"`` or ``"cheapest"``.
    assumed
        The numbers it rests on: the settings by their keys (``gateway_trucks.motorway`` …; ``target_drivers`` only
        where there is one), and the shares of departures at night, ``night_share_local`` and ``night_share_long``, as
        they are.
    least_cost_yuan
        What no plan for the target can undercut; NaN unless the study asks for the cheapest plan.
    ties
        How many plans serve as many drivers, and who passes the one chosen.
    stays
        Stays per bay and day, assumed and used.
    calibrated
        Whether trips were adjusted to a count of trucks.
    target_source
        Whose target it is, as the study file says.
    findings
        What the counts at homes tell of their room.
    """

    chosen: gpd.GeoDataFrame
    existing: gpd.GeoDataFrame
    candidates: gpd.GeoDataFrame
    flows: gpd.GeoDataFrame
    hourly: pd.DataFrame
    day: pd.DataFrame
    zones: gpd.GeoDataFrame
    catchments: gpd.GeoDataFrame
    solution: Solution
    curve: pd.DataFrame
    alternatives: pd.DataFrame
    checks: pd.DataFrame
    totals: dict[str, float]
    problem: str
    assumed: dict[str, float]
    least_cost_yuan: float
    ties: Ties
    stays: Stays
    calibrated: bool
    target_source: str = ""
    findings: tuple[Finding, ...] = ()

    @property
    def gap(self) -> float:
        """How far the plan may be from the best: in drivers, or in cost where the cheapest is asked for."""
        price = float(self.chosen["cost_yuan"].sum())
        dear = (
            (price - self.least_cost_yuan) / price if self.least_cost_yuan < price else 0.0
        )  # NaN: not asked
        return max(self.solution.gap, dear)

    @property
    def limited(self) -> int:
        """New homes that are limited by bays."""
        return int(self.chosen["limited_by_bays"].sum())

    @property
    def drivers(self) -> float:
        """Distinct drivers a month that the new homes serve."""
        return self.solution.objective

    def run_json(self) -> dict[str, Any]:
        """Plain figures for ``run.json``; sums of trips only where a count of trucks calibrates them."""
        s = self.solution
        price, least = float(self.chosen["cost_yuan"].sum()), self.least_cost_yuan
        return {
            "chosen": len(self.chosen), "drivers": round(s.objective, 1), "target": self.assumed.get("target_drivers"),
            "objective": round(s.objective, 3), "bound": round(s.bound, 3), "gap": round(self.gap, 8), "status": s.status,
            "existing": len(self.existing), "candidates": len(self.candidates), "problem": self.problem,
            "cost_yuan": price, "least_cost_yuan": least if np.isfinite(least) else None,
            "tied_plans": self.ties.plans, "tied_plans_exact": self.ties.exact,
            "limited_by": "drivers" if not self.limited else "bays" if self.limited == len(self.chosen) else "bays in part",
            "homes_limited_by_bays": self.limited, "stays_per_bay_day": round(self.stays.used, 4),
            "stays_assumed": round(self.stays.assumed, 4), "homes_with_counts": self.stays.homes,
            "trips_calibrated": self.calibrated,
            **{k: round(float(v), 3) for k, v in self.totals.items() if self.calibrated or not k.startswith(TRIPS)},
        }  # fmt: skip

    def __repr__(self) -> str:
        return (
            f"<HomesPlan {len(self.chosen)} new homes beside {len(self.existing)}: {self.drivers:,.0f} drivers a month, "
            f"bound {self.solution.bound:,.0f}, gap {gap_text(self.solution.gap)}>"
        )

    def _repr_html_(self) -> str:
        reach = ["drivers", "drivers_passing", "drivers_in_catchment"]
        columns = ["rank", "name", "host_kind", "district", "bays", *reach]
        return f"<p>{repr(self)[1:-1]}</p>" + self.chosen[columns].round(0).to_html(index=False)


@sums_that_work_out("FRT-026", field="freight")
def plan_homes(
    freight: Freight, model: FreightModel, network: Network, *, progress: Progress | None = None
) -> HomesPlan:
    """Choose driver homes on a freight model.

    Parameters
    ----------
    model
        As :func:`planner.freight.model.run_model` makes it from the same settings and ``network``.

    Raises
    ------
    AbsentError
        No plan reaches the target, or none serves anybody; says the most that can be served, what binds, and
        the nearest way out.
    """
    say, f, clock = progress or silent, freight, time.perf_counter()
    say("driver homes: choosing", 0.7)
    stays = fit_stays(model.sites, f)
    sites = with_upgrades(model, f, stays)
    problem = make_problem(model, sites, f)
    plan = choose(problem, f)
    order, gains = in_order(problem, plan.best.homes)
    solution = certificate(
        plan.best, order, seconds=time.perf_counter() - clock, base=plan.base, repeatable=plan.repeatable
    )
    say("driver homes: catchments", 0.9)
    chosen = chosen_table(model, sites, order, gains, f, problem)
    existing = existing_table(model, sites, problem, order, f)
    hourly = hourly_of(model, f)
    return HomesPlan(
        chosen=chosen, existing=existing, candidates=candidate_table(model, sites, f), flows=flows(network, hourly),
        hourly=hourly, day=day_of(model, f), zones=model.zones, catchments=catchments(network, chosen, existing, f),
        solution=solution, curve=plan.curve, alternatives=stand_ins(model, sites, problem, order),
        checks=checks(model.counts), totals=plan_totals(model, sites, problem, order, plan), problem=f.problem,
        assumed=assumed_numbers(f), least_cost_yuan=plan.least_cost, ties=plan.ties, stays=stays,
        calibrated=bool(model.trip_bands), target_source=f.target_source, findings=tell_room(model.sites, stays, f),
    )  # fmt: skip


def assumed_numbers(f: Freight) -> dict[str, float]:
    """Every number of the settings by its key, those of a table as ``table.row``."""
    out: dict[str, float] = {}
    for key, value in f.model_dump().items():
        parts = {f"{key}.{k}": v for k, v in value.items()} if isinstance(value, dict) else {key: value}
        out |= {k: v for k, v in parts.items() if isinstance(v, (int, float)) and not isinstance(v, bool)}
    local, long = hour_shares(f)[:, NIGHT].sum(1).tolist()
    return out | {"night_share_local": local, "night_share_long": long}
