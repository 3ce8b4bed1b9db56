"""The new stations: candidates, the problem posed, its solution in phases, and how steady each site is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.errors import Finding, finding, refuse_if_errors
from planner.study.groundwork import Groundwork

if TYPE_CHECKING:
    from planner.siting.coverage import Access
    from planner.siting.plan import SitePlan
    from planner.siting.problem import Ground, SitingProblem
    from planner.siting.solve import Look

__all__ = ["Proposal", "join_access"]


class Proposal(Groundwork):
    """A study up to its plan of new stations; see :class:`planner.study.study.Study`."""

    @property
    def candidates(self) -> gpd.GeoDataFrame:
        """Candidate sites (study CRS)."""
        parts = self._candidates()
        refuse_if_errors(parts["findings"])
        return parts["candidates"]

    def _candidates(self) -> dict[str, Any]:
        from planner.siting.candidates import find_candidates

        s, inputs = self.settings, self._inputs()

        def compute() -> dict[str, Any]:
            table, findings = find_candidates(
                inputs["hosts"], self.network("walk"), inputs["districts"], self.stations,
                rules=s.siting, water=inputs["water"],
            )  # fmt: skip
            return {"candidates": table, "findings": findings}

        depends = [
            inputs["_key"],
            self._stations_snapped()["_key"],
            s.siting.model_dump(mode="json"),
            s.circle.walk_kmh,
        ]
        parts: dict[str, Any] = self._stage("candidates", depends, compute)
        return parts

    def _new(self) -> tuple[list[Access], Any]:
        candidates = self.candidates
        access = self._access("candidates", candidates.geometry, self._candidates()["_key"])
        return access, self._open_share(candidates["open_hours"])

    def problem(self) -> SitingProblem:
        """The maximal covering problem of the study, as arrays."""
        from planner.siting.problem import nothing_to_gain, pose

        if "problem" not in self._done:
            refuse_if_errors(self._rules())
            self._done["problem"] = pose(self.settings.siting, self.settings.periods, self._ground())
            self._done["judged:gain"] = {"findings": nothing_to_gain(self._done["problem"])}
        return self._done["problem"]

    def _ground(self) -> Ground:
        """What a plan stands on."""
        from planner.siting.problem import Ground

        need = self.settings.circle.open_share
        (old, old_open), (come, new_open) = self._existing(), self._new()
        return Ground(
            demand=self.demand, districts=self.districts, candidates=self.candidates, existing=tuple(old),
            existing_open=old_open >= need, new=tuple(come), new_open=new_open >= need, factors=self._factors(),
        )  # fmt: skip

    def _look(self, work_limit: int | None = None, *, seed: int | None = None) -> Look:
        """How hard to look for a plan."""
        from planner.siting.solve import Look

        s = self.settings
        progress = self._progress if work_limit is None else None
        own = s.study.seed if seed is None else seed
        return Look.of(s.siting, own, work_limit=work_limit, progress=progress)

    def _factors(self) -> Any:
        """Per demand scenario and cell the workers over the estimate."""
        from planner.siting.robust import scenario_factors

        demand = self._demand()
        n = self.settings.siting.scenarios
        return scenario_factors(demand["surfaces"][:n], demand["demand"]["workers"].to_numpy())

    def _rules(self) -> list[Finding]:
        """What the study's siting rules name that is not there, or ask for that cannot be had together."""
        from planner.siting.goal_rules import measure_in_words
        from planner.siting.rules import judge_clash, judge_rules

        if "judged:rules" not in self._done:
            found = judge_rules(self.settings.siting, self.candidates, self.districts)
            found = found or judge_clash(self.settings.siting, self.candidates, self.districts)
            if not found and self.settings.siting.goal.own_measure:
                en, zh = measure_in_words(self.settings.siting.goal)
                found = [finding("GOAL-003", source="study.toml", field="siting.goal", en=en, zh=zh)]
            self._done["judged:rules"] = {"findings": found}
        return list(self._done["judged:rules"]["findings"])

    def _siting_key(self) -> list[Any]:
        s = self.settings
        return [
            self._candidates()["_key"], self._demand()["_key"], self._stations_snapped()["_key"],
            s.siting.model_dump(mode="json"), s.circle.model_dump(mode="json"), s.study.seed,
        ]  # fmt: skip

    def _solved(self) -> dict[str, Any]:
        """The plan's sites in building order, its certificate and its phases."""
        from planner.siting.solve import solve_in_phases, solve_plan

        problem, s = self.problem(), self.settings

        def compute() -> dict[str, Any]:
            found, closed = solve_plan(problem, self._look())
            phases = pd.DataFrame()
            if len(s.siting.batches) > 1:
                found, phases = solve_in_phases(
                    problem, s.siting.batches, s.siting.final_phase_weight, found, self._look()
                )
            return {**solution_parts(found), "phases": phases, "closed": closed}

        parts: dict[str, Any] = self._stage("siting", self._siting_key(), compute)
        return parts

    def site_stations(self) -> SitePlan:
        """The new stations: ranked, explained, with bound and gap."""
        from planner.siting.plan import SitePlan, chosen_table
        from planner.solvers.problems import Solution

        if "plan" in self._done:
            return self._done["plan"]
        problem, parts = self._problem_kept(), self._solved()
        (old, old_open), (new, new_open) = self._existing(), self._new()
        solution = solution_from(parts, Solution)
        stay = np.setdiff1d(np.arange(len(old_open)), parts["closed"])
        before = self.coverage()
        after = self._measure(
            [join_access(a, b, solution.chosen, stay) for a, b in zip(old, new, strict=True)],
            np.vstack([old_open[stay], new_open[solution.chosen]]),
        )
        table = chosen_table(
            self.settings, self._ground(), self.hosts, problem, solution.chosen,
            nearest_station_m=self._nearest_station_m(), confidence=self._confidence(),
            before=before, after=after,
        )  # fmt: skip
        gone = self.open_stations.iloc[parts["closed"]]
        self._done["plan"] = SitePlan(
            table, solution, before, after, parts["phases"], tuple(gone["station_id"].astype(str))
        )
        self._done["judged:closed"] = {"findings": self._closings(gone)}
        return self._done["plan"]

    def _problem_kept(self, closed: Any = None) -> SitingProblem:
        """The problem with only the stations that stay (``closed``: positions of those that go; the plan's)."""
        from planner.siting.problem import covered_by_open

        problem = self.problem()
        closed = self._solved()["closed"] if closed is None else closed
        if not len(closed):
            return problem
        old, old_open = self._existing()
        covered = covered_by_open(old, old_open >= self.settings.circle.open_share, closed=closed)
        return replace(problem, covered=covered)

    def _closings(self, gone: gpd.GeoDataFrame) -> list[Finding]:
        """GOAL-004 for each station that closes and opens elsewhere."""
        covers = self.stations_with_cover()["covers"].reindex(gone.index)
        return [
            finding(
                "GOAL-004", source="siting", field="relocate", value=row.station_id, name=row.name_,
                workers=f"{workers:,.0f}",
            )
            for row, workers in zip(gone.rename(columns={"name": "name_"}).itertuples(), covers, strict=True)
        ]  # fmt: skip

    def _confidence(self) -> Any:
        """Share of demand scenarios in which each chosen site (or one a cell away) is chosen again."""
        from planner.siting.robust import confidence
        from planner.siting.solve import solve
        from planner.study.questions import STEADY

        s, problem, chosen = self.settings, self.problem(), self._solved()["chosen"]
        if not s.siting.scenarios:
            return None

        def compute() -> dict[str, Any]:
            factors = self._factors()
            xy = shapely.get_coordinates(self.candidates.geometry.to_numpy())
            found = confidence(
                lambda weights: solve(problem, self._look(STEADY), weights=weights), problem.weights, factors,
                xy_m=xy, chosen=chosen, within_m=s.demand.cell_m, progress=self._progress,
            )  # fmt: skip
            return {"confidence": found}

        return self._stage("confidence", self._siting_key(), compute)["confidence"]

    def _nearest_station_m(self) -> Any:
        """Walking metres from each candidate to the nearest open station; inf beyond an hour's walk."""
        from planner.roads.reach import nearest

        stations, candidates = self.open_stations, self.candidates
        if stations.empty:
            return np.full(len(candidates), np.inf)
        found = nearest(self.network("walk"), stations.geometry, candidates.geometry, cutoff_s=3600.0)
        seconds = np.asarray(found.seconds, dtype=float).reshape(len(candidates), -1)[:, 0]
        return np.where(np.isfinite(seconds), seconds * self.settings.circle.walk_kmh / 3.6, np.inf)


def join_access(old: Access, new: Access, chosen: Any, stay: Any = None) -> Access:
    """Existing sites (those of ``stay``, or all) and the chosen candidates, one below the other."""
    from scipy import sparse

    from planner.siting.coverage import Access

    kept = old.seconds if stay is None else old.seconds[stay]
    both = sparse.vstack([kept, new.seconds[chosen]], format="csr")
    return Access(old.groups, sparse.csr_array(both), old.cutoff_s, old.metres_per_s)


def solution_parts(solution: Any) -> dict[str, Any]:
    """A solution (a dataclass) as parts the store can keep."""
    numbers = {f.name: getattr(solution, f.name) for f in fields(solution) if f.name != "chosen"}
    numbers["work"] = {k: float(v) for k, v in numbers["work"].items()}
    return {"chosen": np.asarray(solution.chosen), "numbers": numbers}


def solution_from(parts: Mapping[str, Any], kind: Any) -> Any:
    """The solution kept by :func:`solution_parts`."""
    return kind(chosen=parts["chosen"], **parts["numbers"])
