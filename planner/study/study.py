"""The facade: a study, from its inputs to the plan and its products, each stage computed on first use."""

from __future__ import annotations

import time
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.errors import Finding, PlannerError
from planner.progress import Progress
from planner.settings.groups import Group
from planner.settings.reading import read_settings
from planner.study.proposal import Proposal
from planner.study.stages import StageRecord, peak_mb

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

    from planner.siting.sensitivity import Sensitivity
    from planner.study.closures import Closure
    from planner.study.questions import WishPrice

__all__ = ["Study", "open_study"]


def open_study(path: Path | str | None = None, *, progress: Progress | None = None) -> Study:
    """Open a study file; None opens the embedded Suzhou (built on first use, under a minute).

    Raises
    ------
    SettingsError
        The study file is refused.
    """
    if path is None:
        from planner.example import build as example

        path = example.build(progress=progress) / "study.toml"
    return Study(read_settings(path), progress=progress, source=Path(path))


class Study(Proposal):
    """A study: inputs, demand, networks, coverage and plans, each computed on first use.

    Parameters
    ----------
    settings
        The study file.
    progress
        Called with (what is being done, share of it done).
    cache
        Folder of kept stages; the user's cache folder when None.
    source
        The study file's path, for messages.
    """

    def second_views(self) -> pd.DataFrame:
        """Groups that also ride or drive: share covered within their minutes by their second mode.

        Columns group, mode, minutes, before, after (with the new stations).
        """
        from planner.siting.coverage import stations_in_reach, worker_cube

        s, plan = self.settings, self.site_stations()
        periods = [p.name for p in s.periods]
        (_, old_open), (_, new_open) = self._existing(), self._new()
        is_open = np.vstack([old_open, new_open[plan.solution.chosen]]) >= s.circle.open_share
        old = self.open_stations.geometry
        sites = gpd.GeoSeries(pd.concat([old, plan.chosen.geometry], ignore_index=True), crs=self.crs)
        rows = []
        for g in s.headline_groups:
            if g.second_mode is None:
                continue
            seconds, _ = self._seconds(
                f"second:{g.second_mode}", sites, g.second_mode, g.minutes, self._siting_key()
            )
            workers = worker_cube(self.demand, [g.name], periods)[0]
            today = stations_in_reach(seconds[: len(old)], g.minutes * 60, is_open[: len(old)]) >= 1
            later = stations_in_reach(seconds, g.minutes * 60, is_open) >= 1
            shares = [
                float((workers * reached).sum() / max(workers.sum(), 1e-12)) for reached in (today, later)
            ]
            rows.append((g.name, g.second_mode, g.minutes, *shares))
        return pd.DataFrame(rows, columns=["group", "mode", "minutes", "before", "after"])

    # -- driver homes ------------------------------------------------------------------------------

    def _trucks(self) -> Any:
        """The freight model and what was noticed on the way; kept apart from the choice of homes."""
        from planner.freight.keep import depends_on, model_of, parts_of
        from planner.freight.model import run_model

        s = self.settings
        inputs, demand, _ = self._inputs(), self._demand(), self.network("truck")
        depends = [
            inputs["_key"], demand["_key"], self._done["network:truck"]["_key"], depends_on(s.freight), s.study.seed
        ]  # fmt: skip
        return model_of(self._stage("trucks", depends, lambda: parts_of(*run_model(self))))

    def site_driver_homes(self) -> Any:
        """The truck drivers' homes (see :mod:`planner.freight.homes`).

        Raises
        ------
        PlannerError
            They cannot be planned here: no trips to model, no room anywhere.
        """
        from planner.freight.homes import plan_homes

        if "homes" not in self._done:
            try:
                modelled = self._trucks()
                start = time.perf_counter()
                self._done["homes"] = plan_homes(self, modelled=modelled)
            except ValueError as error:
                raise PlannerError(
                    f"driver homes cannot be planned: {error}; freight.enabled = false leaves them out"
                ) from error
            self.records["homes"] = StageRecord(
                "homes", round(time.perf_counter() - start, 3), peak_mb(), False
            )
        return self._done["homes"]

    # -- findings and products ---------------------------------------------------------------------

    def all_findings(self) -> tuple[Finding, ...]:
        """Every finding so far, inputs first."""
        out: list[Finding] = list(self._loaded()["findings"])
        for name, parts in self._done.items():
            if isinstance(parts, dict) and name != "inputs":
                out += parts.get("findings", [])
        if "homes" in self._done:
            told = set(out)  # the lists of driver homes are judged with the other inputs
            out += [f for f in self._done["homes"].findings if f not in told]
        return tuple(out)

    @property
    def findings(self) -> pd.DataFrame:
        """Everything the checks noticed, as a table in the study's language."""
        from planner.inputs.checks import to_frame

        return to_frame(self.all_findings(), self.settings.study.language)

    def judge(self) -> tuple[Finding, ...]:
        """Every finding about the inputs, errors included; nothing is refused or written."""
        loaded = self._loaded()
        if not any(f.severity == "E" for f in loaded["findings"]):
            self._stations_snapped()
            if not any(f.severity == "E" for f in self._candidates()["findings"]):
                self._rules()
        return self.all_findings()

    def circle_areas(self) -> tuple[Any, Any]:
        """Union of the ten-minute walking areas before and after, as drawn (study CRS; small holes filled)."""
        from planner.roads.areas import union_area
        from planner.roads.outline import generalise

        plan, network = self.site_stations(), self.network("walk")
        cutoff_s = self.settings.circle.cutoff_s

        def compute() -> dict[str, Any]:
            old = self.open_stations.geometry
            both = gpd.GeoSeries(pd.concat([old, plan.chosen.geometry], ignore_index=True), crs=self.crs)
            today = union_area(network, old, cutoff_s=cutoff_s) if len(old) else shapely.MultiPolygon()
            return {
                "before": generalise(today),
                "after": generalise(union_area(network, both, cutoff_s=cutoff_s)),
            }

        parts = self._stage("areas", [self._done["siting"]["_key"], cutoff_s], compute)
        return parts["before"], parts["after"]

    def hotspots(self) -> gpd.GeoDataFrame | None:
        """Where workers concentrate: name, workers, area_km2, peak_period, geometry."""
        from planner.demand.hotspots import find

        return find(
            self.demand, periods=self.settings.periods, places=self.layers["places"], hosts=self.hosts
        )

    def curve(self) -> pd.DataFrame | None:
        """Covered share against the number of new stations (no quotas, no budget), with the bound.

        From 0 (the stations of today) on, finer where 80, 90 or 95 % are passed; None if not asked.
        """
        from planner.siting.robust import coverage_curve, with_known
        from planner.siting.solve import solve

        s, problem = self.settings, self.problem().without_goal()
        limits = [*(part.name for part in problem.rules.partitions), "budget"]
        numbers = [n for n in s.siting.curve if n <= len(self.candidates)]
        if not numbers:
            return None

        def compute() -> dict[str, Any]:
            table = coverage_curve(
                lambda n: solve(problem, self._look(5), p=n, without=limits), numbers,
                total=float(problem.weights.sum()), base=float(problem.weights[problem.covered].sum()),
                progress=self._progress,
            )  # fmt: skip
            return {"curve": table}

        table = self._stage("curve", self._siting_key(), compute)["curve"]
        plan = self.site_stations()
        known = {} if len(plan.closed) else {len(plan.chosen): plan.after.covered}
        if len(plan.phases):
            known |= dict(zip(plan.phases["sites"], plan.phases["best"], strict=True))
        return with_known(table, known, total=float(problem.weights.sum()))

    # -- questions to the plan (planner.study.questions, planner.study.closures) ------------------------------------

    def alternatives(self, *, k: int = 3) -> pd.DataFrame:
        """``k`` near-optimal plans that differ: what they cover, lose, and share with the proposal."""
        from planner.study import questions

        return questions.alternatives(self, k=k)

    def replacements(self, *, k: int = 3) -> pd.DataFrame:
        """The ``k`` best replacements of every proposed site within its district, and what each loses."""
        from planner.study import questions

        return questions.replacements(self, k=k)

    def price_of(self, site_id: str) -> WishPrice:
        """What adding a candidate to the plan, or forcing it into it, does to the covered workers."""
        from planner.study import questions

        return questions.price_of(self, site_id)

    def sensitivity(self, *, change: float = 0.3, cell_m: Sequence[float] = ()) -> Sensitivity:
        """The plan under other walking distances, numbers per group ± ``change``, hours ignored (other cells)."""
        from planner.study import questions

        return questions.sensitivity(self, change=change, cell_m=cell_m)

    def rule_prices(self, *, fair: bool = False, time_limit_s: float = 120.0) -> pd.DataFrame:
        """What each rule (phases, quotas, required sites …) costs in covered workers; ``fair``: and max-min."""
        from planner.study import questions

        return questions.rule_prices(self, fair=fair, time_limit_s=time_limit_s)

    def close_streets(self, area: BaseGeometry, *, planned: bool = True) -> Closure:
        """Who loses the circle while the streets that touch ``area`` (study CRS) are closed."""
        from planner.study import closures

        return closures.close_streets(self, area, planned=planned)

    def to_geocode(self) -> pd.DataFrame:
        """Rows of the station lists that have an address but no coordinates."""
        from planner.inputs.stations import to_geocode

        tables = [to_geocode(t) for t in self.settings.inputs.stations]
        return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()

    def run(self, out: Path | str) -> dict[str, Any]:
        """Compute the whole plan, write every product into ``out`` and return ``run.json``'s content."""
        from planner.study.products import write_products

        return write_products(self, Path(out), progress=self._progress)

    def group(self, name: str) -> Group:
        """The settings of a group.

        Raises
        ------
        KeyError
            No such group.
        """
        return {g.name: g for g in self.settings.groups}[name]

    def __repr__(self) -> str:
        s = self.settings.study
        return f"Study({s.name!r}: {s.title()}; stages done: {', '.join(self.records) or 'none'})"

    def _repr_html_(self) -> str:
        return f"<p><b>{escape(self.settings.study.title())}</b><br>{escape(repr(self))}</p>"
