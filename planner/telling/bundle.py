"""What every product is made from: one frozen bundle of tables and results of a finished study."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from planner.facts.plan import Parts
from planner.facts.register import Register
from planner.facts.whole import register_of
from planner.telling.layer import ExtraLayer, PopupField

if TYPE_CHECKING:
    import geopandas as gpd
    from shapely.geometry.base import BaseGeometry

    from planner.actions.plan import ActionPlan
    from planner.audit.changes import Changes
    from planner.demand.ensemble import Ensemble
    from planner.equity.fairness import Fairness
    from planner.equity.front import FairFront
    from planner.errors import Finding
    from planner.evidence.use import ExpectedUse, LawOfUse
    from planner.freight.homes import HomesPlan
    from planner.grades.whole import Grades
    from planner.networks.whole import UnionResult
    from planner.settings.whole import Settings
    from planner.siting.coverage import Coverage
    from planner.siting.questions.knowledge import Knowledge
    from planner.siting.questions.learn import PilotSites
    from planner.siting.questions.robust import Hindsight
    from planner.solvers.problems import Solution
    from planner.telling.board import Board
    from planner.telling.context import Context

__all__ = ["Bundle", "ExtraLayer", "PopupField"]


@dataclass(frozen=True)
class Bundle:
    """Everything the products show. Tables are in the study's CRS, with the columns of ``planner.tables``.

    Attributes
    ----------
    settings
        The study file.
    districts, stations, hosts, demand, candidates, chosen
        The tables of ``planner.tables``. ``stations`` has ``snap_m`` and ``covers`` (workers within
        its cutoff) besides; ``chosen`` has ``name``, ``host_kind``, ``open_hours``, ``reason_zh`` and
        ``reason_en`` besides; the geometry of ``demand`` is the cell, its column ``point`` the place
        where the cell's workers stand.
    before, after
        Coverage by the existing stations, and with the chosen ones beside them.
    area_before, area_after
        Union of the ten-minute areas (study CRS).
    gaps
        Areas outside the circle: ``geometry``, ``district``, ``workers``, ``name``.
    hotspots
        ``name``, ``workers``, ``area_km2``, ``peak_period``, ``geometry``; None where not computed.
    water, main_roads
        Background from the street file; ``main_roads`` has ``class`` (OSM highway value).
    findings
        Everything the checks noticed.
    solution
        The siting problem's answer with its bound and gap.
    curve
        ``n``, ``covered``, ``share``, ``bound``; None where not computed.
    homes
        Driver homes; None where not computed.
    run
        The content of ``run.json``.
    extra_layers
        Further map layers as plain data (driver homes, observations, scenarios).
    phases
        One row per phase (:class:`planner.siting.phases.Phases`); None for a plan in one piece.
    alternatives, replacements, rule_prices
        What :mod:`planner.study.questions` returns; None where not computed.
    sensitivity
        The table of :class:`planner.siting.questions.sensitivity.Sensitivity`; None where not computed.
    kept
        bool, a row per new site in rank order, a column per case of ``sensitivity``: it stays, there or nearby; None where not
        computed.
    always
        How many new sites stay in every case of it; None where not computed.
    ensemble
        Demand draws of each group on the rows of ``demand``, from which sums have their bands; None: no bands.
    second_views
        Groups that also ride or drive: ``group``, ``mode``, ``minutes``, ``before``, ``after`` (shares).
    closed
        Ids of the existing stations that the plan closes.
    use, law_of_use
        Visits a day to expect, and how workers choose; None where not asked or not known.
    fairness
        How evenly coverage falls on districts × groups × periods; None where not computed.
    hanging
        Workers covered today whose every station in reach lies behind one footway; None where not computed.
    grades
        The open stations by grade; None where not asked.
    actions
        The plan with five verbs; None where it was not asked for.
    fair_front, knowledge, pilots
        What lifting the worst-off district costs, what to find out first, which sites to build first to learn; None where
        not asked (``siting.evidence``) or not to be had.
    networks
        The union's networks; None where a run does not ask for them.
    board
        What any other plan can be counted from; None for a bundle made by hand.
    context
        Named streets, towns and areas; None for a bundle made by hand.
    towns
        Outlines of towns and subdistricts with ``name``; None where the study gives none.
    changes, action_changes
        What changes from last year's plan, of the new stations and of the five verbs; None where the study goes on from none.
    """

    settings: Settings
    districts: gpd.GeoDataFrame
    stations: gpd.GeoDataFrame
    hosts: gpd.GeoDataFrame
    demand: gpd.GeoDataFrame
    candidates: gpd.GeoDataFrame
    chosen: gpd.GeoDataFrame
    before: Coverage
    after: Coverage
    area_before: BaseGeometry
    area_after: BaseGeometry
    gaps: gpd.GeoDataFrame
    hotspots: gpd.GeoDataFrame | None
    water: gpd.GeoDataFrame
    main_roads: gpd.GeoDataFrame
    findings: tuple[Finding, ...]
    solution: Solution
    curve: pd.DataFrame | None
    homes: HomesPlan | None
    run: dict[str, Any] = field(default_factory=dict)
    extra_layers: tuple[ExtraLayer, ...] = ()
    phases: pd.DataFrame | None = None
    alternatives: pd.DataFrame | None = None
    replacements: pd.DataFrame | None = None
    sensitivity: pd.DataFrame | None = None
    rule_prices: pd.DataFrame | None = None
    kept: pd.DataFrame | None = None
    always: int | None = None
    ensemble: Ensemble | None = None
    second_views: pd.DataFrame | None = None
    closed: tuple[str, ...] = ()
    hindsight: Hindsight | None = None
    use: ExpectedUse | None = None
    law_of_use: LawOfUse | None = None
    fairness: Fairness | None = None
    hanging: float | None = None
    grades: Grades | None = None
    actions: ActionPlan | None = None
    fair_front: FairFront | None = None
    knowledge: Knowledge | None = None
    pilots: PilotSites | None = None
    networks: UnionResult | None = None
    board: Board | None = None
    context: Context | None = None
    towns: gpd.GeoDataFrame | None = None
    changes: Changes | None = None
    action_changes: Changes | None = None

    @functools.cached_property
    def facts(self) -> Register:
        """Every figure of the study, once: what the products print."""
        parts = Parts(
            self.stations, self.candidates, self.chosen, self.before, self.after, self.gaps, self.solution,
            closed=len(self.closed), own_goal=self.settings.own_measure, phases=self.phases,
            curve=self.curve, alternatives=self.alternatives, rule_prices=self.rule_prices,
            sensitivity=self.sensitivity, hanging=self.hanging, second_views=self.second_views, hindsight=self.hindsight, use=self.use,
            fair_front=self.fair_front, knowledge=self.knowledge, pilots=self.pilots,
            grades=self.grades,
        )  # fmt: skip
        return register_of(
            parts, demand=self.demand, ensemble=self.ensemble, groups=self.settings.headline_groups,
            circle=self.settings.circle, costs=self._costs(), always=self.always,
            homes=None if self.homes is None else self.homes.run_json(),
            fairness=self.fairness, aversion=self.settings.siting.inequality_aversion, union=self.networks,
            changes=(self.changes, self.action_changes), actions=self.actions, weighted=bool(self.settings.siting.goal.group_weights or self.settings.siting.goal.period_weights) or self.settings.change_workers > 0,
        )  # fmt: skip

    def with_run(self, run: dict[str, Any]) -> Bundle:
        """The same with the content of run.json; what is registered does not depend on it and stays."""
        told = replace(self, run=run)
        told.__dict__["facts"] = self.facts
        return told

    def _costs(self) -> pd.DataFrame:
        """Cost of each new site with its band, and its district."""
        costs = self.chosen.get("cost_yuan")
        if costs is None:
            costs = self.chosen["site_id"].map(self.candidates.set_index("site_id")["cost_yuan"])
        bands = [self.settings.siting.cost_of(str(kind)) for kind in self.chosen["host_kind"]]
        return pd.DataFrame(
            {
                "cost_yuan": costs.to_numpy(),
                "low": [b[1] for b in bands],
                "high": [b[2] for b in bands],
                "district": self.chosen["district"].astype(str).to_numpy(),
            }
        )
