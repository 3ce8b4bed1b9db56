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

from planner.errors import Finding
from planner.freight import hours as hours_
from planner.freight import layers as layers_
from planner.freight import master as master_
from planner.freight import problem as problem_
from planner.freight import show, words
from planner.freight.choice import choose, make_problem, with_upgrades
from planner.freight.model import Model, run_model
from planner.freight.start import StudyLike
from planner.freight.tables import (
    candidate_table,
    chosen_table,
    existing_table,
    plan_totals,
    stand_ins,
)
from planner.settings.freight import Freight
from planner.siting.map_layer import ExtraLayer
from planner.solvers.solution import Solution

__all__ = ["HomesPlan", "StudyLike", "plan_homes"]


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
        Homes that are open already, with what they serve without the new ones.
    candidates
        Every site looked at, with what it has and lacks.
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
        Homes → drivers newly served, and the bound.
    alternatives
        For each chosen home, the candidate that could stand in best and what it would lose.
    checks
        Modelled beside published counts.
    assumptions
        Name, value, low, high, source.
    least_cost_yuan
        What no plan for the target can undercut; NaN unless the study asks for the cheapest plan.
    totals
        Figures of the whole plan (drivers in reach, based and passing; trips; vehicle-hours …).
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
    assumptions: pd.DataFrame
    totals: dict[str, float]
    least_cost_yuan: float
    settings: Freight
    findings: tuple[Finding, ...]

    @property
    def gap(self) -> float:
        """How far the plan may be from the best: in drivers, or in cost where the cheapest is asked for."""
        price = float(self.chosen["cost_yuan"].sum())
        dear = (
            (price - self.least_cost_yuan) / price if self.least_cost_yuan < price else 0.0
        )  # NaN: not asked
        return max(self.solution.gap, dear)

    @property
    def drivers(self) -> float:
        """Distinct drivers a month that the new homes serve."""
        return self.solution.objective

    def run_json(self) -> dict[str, Any]:
        """Plain figures for ``run.json``."""
        s = self.solution
        price, least = float(self.chosen["cost_yuan"].sum()), self.least_cost_yuan
        return {
            "chosen": len(self.chosen), "drivers": round(s.objective, 1), "target": self.settings.target_drivers,
            "objective": round(s.objective, 3), "bound": round(s.bound, 3), "gap": round(self.gap, 8), "status": s.status,
            "existing": len(self.existing), "candidates": len(self.candidates), "problem": self.settings.problem,
            "cost_yuan": price, "least_cost_yuan": least if np.isfinite(least) else None,
            **{k: round(float(v), 3) for k, v in self.totals.items()},
        }  # fmt: skip

    def extra_layers(self, language: str = "zh") -> tuple[ExtraLayer, ...]:
        """Layers for the map page."""
        return layers_.extra_layers(self, language)

    def tables(self, language: str = "zh", *, printed: bool = False) -> dict[str, pd.DataFrame]:
        """Tables with ready headings, by their name; ``printed``: only what fits a page."""
        return words.tables(self, language, printed=printed)

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


def plan_homes(study: StudyLike, *, modelled: tuple[Model, list[Finding]] | None = None) -> HomesPlan:
    """Model the trucks of a study and choose its driver homes.

    Parameters
    ----------
    modelled
        The study's model, where it is at hand, as :func:`planner.freight.model.run_model` makes it.

    Raises
    ------
    InfeasibleError
        No plan reaches the target; says the most that can be reached and what binds.
    """
    start = time.perf_counter()
    f = study.settings.freight
    model, found = modelled or run_model(study)
    study._say("driver homes: choosing", 0.7)
    sites = with_upgrades(model, f)
    problem = make_problem(model, sites, f)
    plan = choose(problem, f)
    order, gains = problem_.in_order(problem, plan.best.homes)
    solution = master_.certificate(
        plan.best, order, seconds=time.perf_counter() - start, base=plan.base, repeatable=plan.repeatable
    )
    study._say("driver homes: catchments", 0.9)
    chosen = chosen_table(model, sites, order, gains, f, problem)
    swaps = stand_ins(model, sites, problem, order)
    chosen = show.with_reasons(chosen, swaps, f)
    existing = existing_table(model, sites, problem, order)
    candidates = candidate_table(model, sites, f)
    hourly = hours_.hourly(model, f)
    return HomesPlan(
        chosen=chosen, existing=existing, candidates=candidates,
        flows=show.flows(study.network("truck"), hourly), hourly=hourly, day=hours_.day(model, f), zones=model.zones, catchments=show.catchments(study.network("truck"), chosen, existing, f),
        solution=solution, curve=plan.curve, alternatives=swaps,
        checks=show.checks(model), assumptions=words.assumptions(f),
        totals=plan_totals(model, sites, problem, order, plan), least_cost_yuan=plan.least_cost, settings=f, findings=tuple(found),
    )  # fmt: skip
