"""The facade: a study, its stages computed once and kept under the hash of what they depend on."""

from __future__ import annotations

import functools
import resource
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.errors import Finding, InputError, PlannerError, finding, refuse_if_errors
from planner.folders import cache_folder
from planner.progress import Progress
from planner.settings import Group, Settings, read_settings
from planner.store import Store, file_digest, key_of

if TYPE_CHECKING:
    from planner.questions import WishPrice
    from planner.roads.network import Network
    from planner.siting.coverage import Access, Coverage
    from planner.siting.plan import SitePlan, SitingProblem
    from planner.siting.sensitivity import Sensitivity

MODES = ("walk", "ebike", "car", "truck")


@dataclass(frozen=True)
class StageRecord:
    """What a stage took when it was computed; ``kept``: taken from the cache this time."""

    name: str
    seconds: float
    peak_mb: float
    kept: bool


def open_study(path: Path | str | None = None, *, progress: Progress | None = None) -> Study:
    """Open a study file; None opens the embedded Suzhou (built on first use, under a minute).

    Raises
    ------
    SettingsError
        The study file is refused.
    """
    if path is None:
        from planner.inputs import example

        path = example.build(progress=progress) / "study.toml"
    return Study(read_settings(path), progress=progress, source=Path(path))


class Study:
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

    def __init__(
        self,
        settings: Settings,
        *,
        progress: Progress | None = None,
        cache: Path | None = None,
        source: Path | None = None,
    ) -> None:
        self.settings = settings
        self.source = source
        self.records: dict[str, StageRecord] = {}
        self.recomputed: list[str] = []
        self._progress = progress
        self._store = Store((cache or cache_folder()) / "stages")
        self._done: dict[str, Any] = {}

    # -- stages ------------------------------------------------------------------------------------

    def _say(self, label: str, share: float = 0.0) -> None:
        if self._progress:
            self._progress(label, share)

    @functools.cached_property
    def _digests(self) -> dict[str, str]:
        return {str(p): file_digest(p) for p in self.input_paths().values() if p.is_file()}

    def input_paths(self) -> dict[str, Path]:
        """The study's input files by role."""
        i = self.settings.inputs
        files: dict[str, Path | None] = {"streets": i.streets.path, "population": i.population.path}
        for role in ("districts", "hosts", "observations", "truck_counts", "truck_sites"):
            table = getattr(i, role)
            files[role] = table.path if table else None
        for role, tables in (("stations", i.stations), ("driver_homes", i.driver_homes)):
            for n, table in enumerate(tables):
                files[role if n == 0 else f"{role}_{n + 1}"] = table.path
        return {role: path for role, path in files.items() if path is not None}

    def _stage(
        self, name: str, depends: Sequence[Any], compute: Callable[[], Mapping[str, Any]], own: Any = None
    ) -> Any:
        """Parts of stage ``name``: from memory, else from the cache, else computed and kept."""
        if name in self._done:
            return self._done[name]
        key = key_of(name, *depends)
        parts = self._store.get(key, own)
        kept = parts is not None
        if parts is None:
            self._say(name)
            start = time.perf_counter()
            made = dict(compute())
            seconds = time.perf_counter() - start
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            parts = {**made, "_record": {"seconds": round(seconds, 3), "peak_mb": round(peak)}}
            self._store.put(key, parts)
            self._say(name, 1.0)
        record = parts["_record"]
        self.records[name] = StageRecord(name, record["seconds"], record["peak_mb"], kept)
        self._done[name] = {**parts, "_key": key}
        return self._done[name]

    # -- inputs ------------------------------------------------------------------------------------

    def _loaded(self) -> dict[str, Any]:
        """All input tables and every finding about them; nothing is refused here."""
        from planner.study_inputs import load_inputs

        if "inputs" in self._done:
            return self._done["inputs"]
        s = self.settings
        refused: list[Finding] = []
        network, key = None, None
        try:
            network = self.network("walk")
            refused += network.findings
            key = self._done["network:walk"]["_key"]
        except InputError as error:
            refused += error.findings
        depends = [
            s.study.model_dump(mode="json"),
            s.inputs.model_dump(mode="json"),
            key,
            sorted(self._digests.items()),
        ]
        parts = self._stage("inputs", depends, lambda: load_inputs(s, network, progress=self._progress))
        parts["findings"] = refused + parts["findings"]
        return parts

    def _inputs(self) -> dict[str, Any]:
        """The loaded inputs, or :class:`InputError` with every finding if any is an error."""
        parts = self._loaded()
        refuse_if_errors(parts["findings"])
        return parts

    @property
    def crs(self) -> str:
        """The metric CRS the study works in."""
        return str(self._loaded()["crs"])

    @property
    def stations(self) -> gpd.GeoDataFrame:
        """Existing stations (study CRS), with ``snap_m`` to the walking network."""
        return self._stations_snapped()["stations"]

    @property
    def districts(self) -> gpd.GeoDataFrame:
        """Districts with population and quotas (study CRS)."""
        return self._inputs()["districts"]

    @property
    def hosts(self) -> gpd.GeoDataFrame:
        """Host venues (study CRS)."""
        return self._inputs()["hosts"]

    @property
    def layers(self) -> dict[str, gpd.GeoDataFrame]:
        """Background from the street file: water, main_roads, landuse, places."""
        return {k: self._inputs()[k] for k in ("water", "main_roads", "landuse", "places")}

    def network(self, mode: str = "walk") -> Network:
        """The street network of a mode: "walk", "ebike", "car", "truck"."""
        from planner.roads.network import Network, read_network

        s = self.settings
        streets = s.inputs.streets
        speeds = {k: v for k, v in s.circle.speeds_kmh.items() if k == mode or k not in MODES}
        crs = s.study.crs if mode == "walk" else self.network("walk").crs
        depends = [
            mode, streets.model_dump(mode="json"), s.circle.walk_kmh, speeds, crs, self._digests.get(str(streets.path)),
        ]  # fmt: skip

        def compute() -> dict[str, Any]:
            made = read_network(
                streets.path, mode, speeds_kmh=speeds or None, walk_kmh=s.circle.walk_kmh, crs=crs,
                source_crs=streets.crs, progress=self._progress,
            )  # fmt: skip
            return {"network": made}

        return self._stage(f"network:{mode}", depends, compute, own=Network)["network"]

    # -- demand ------------------------------------------------------------------------------------

    @property
    def demand(self) -> gpd.GeoDataFrame:
        """Worker density: one row per cell, a column ``{group}__{period}`` each, and ``point``."""
        return self._demand()["demand"]

    def _demand(self) -> dict[str, Any]:
        from planner.study_inputs import model_demand

        s = self.settings
        inputs = self._inputs()
        depends = [
            inputs["_key"], s.demand.model_dump(mode="json"), [g.model_dump(mode="json") for g in s.active_groups],
            [p.model_dump(mode="json") for p in s.periods], s.study.seed, s.circle.walk_kmh,
        ]  # fmt: skip
        parts: dict[str, Any] = self._stage(
            "demand", depends, lambda: model_demand(s, inputs, self.network("walk"), progress=self._progress)
        )
        refuse_if_errors(parts["findings"])
        return parts

    # -- reach and coverage ------------------------------------------------------------------------

    def _ways(self) -> list[tuple[str, float, tuple[str, ...]]]:
        """Ways of travelling of the headline: (mode, minutes, groups)."""
        ways: dict[tuple[str, float], list[str]] = {}
        for g in self.settings.headline_groups:
            minutes = self.settings.circle.minutes if g.mode == "walk" and g.minutes == 10 else g.minutes
            ways.setdefault((g.mode, minutes), []).append(g.name)
        if not ways:
            self._done["judged:groups"] = {
                "findings": [finding("DEM-021", source="study.toml", field="groups")]
            }
            refuse_if_errors(self._done["judged:groups"]["findings"])
        return [(mode, minutes, tuple(names)) for (mode, minutes), names in ways.items()]

    def _points(self) -> gpd.GeoSeries:
        demand = self.demand
        return gpd.GeoSeries(demand["point"], crs=demand.crs)

    def _access(self, label: str, sites: gpd.GeoSeries, key: Any) -> list[Access]:
        """Travel times from every cell to ``sites``, one entry per way of travelling."""
        from planner.siting.coverage import Access

        out = []
        for mode, minutes, groups in self._ways():
            seconds, speed = self._seconds(f"{label}:{mode}", sites, mode, minutes, key)
            out.append(Access(groups, seconds, minutes * 60.0, speed))
        return out

    def _seconds(
        self, label: str, sites: gpd.GeoSeries, mode: str, minutes: float, key: Any
    ) -> tuple[Any, float | None]:
        from planner.roads.reach import snap, travel_times

        s, network = self.settings, self.network(mode)
        speed = s.circle.walk_kmh / 3.6 if mode == "walk" else None
        read = [*s.circle.readings_m, *(s.siting.goal.fade_m or ())]
        cutoff_s = max([minutes * 60.0, *(r / speed for r in read)]) if speed else minutes * 60.0

        def compute() -> dict[str, Any]:
            here = snap(network, sites, limit_m=s.circle.snap_limit_m)
            there = snap(network, self._points(), limit_m=max(s.circle.snap_limit_m, s.demand.cell_m))
            return {"seconds": travel_times(network, here, there, cutoff_s=cutoff_s).seconds}

        depends = [
            key,
            self._demand()["_key"],
            self._done[f"network:{mode}"]["_key"],
            cutoff_s,
            s.circle.snap_limit_m,
        ]
        return self._stage(f"reach:{label}", depends, compute)["seconds"], speed

    def _open_share(self, hours: pd.Series) -> Any:
        from planner.inputs.hours import open_share

        filled = hours.fillna("").where(hours.fillna("") != "", self.settings.siting.default_hours)
        return open_share(filled, self.settings.periods)

    def _stations_snapped(self) -> dict[str, Any]:
        from planner.study_inputs import snap_stations

        inputs = self._inputs()
        limit = self.settings.circle.snap_limit_m
        parts: dict[str, Any] = self._stage(
            "stations",
            [inputs["_key"], limit, self.settings.circle.walk_kmh],
            lambda: snap_stations(inputs["stations"], self.network("walk"), limit_m=limit),
        )
        return parts

    @property
    def open_stations(self) -> gpd.GeoDataFrame:
        """Existing stations that are open."""
        stations = self.stations
        return stations[stations["status"] == "open"]

    def _existing(self) -> tuple[list[Access], Any]:
        stations = self.open_stations
        access = self._access("stations", stations.geometry, self._stations_snapped()["_key"])
        return access, self._open_share(stations["open_hours"])

    def _measure(self, access: Sequence[Access], open_share: Any) -> Coverage:
        from planner.siting.coverage import measure_coverage

        s = self.settings
        night = [p.name for p in s.periods if p.start_h >= 20 or p.end_h <= 6]
        return measure_coverage(
            self.demand,
            access,
            open_share,
            periods=[p.name for p in s.periods],
            night=night,
            readings_m=s.circle.readings_m,
            need_open=s.circle.open_share,
            districts=list(self.districts["district"]),
        )

    def coverage(self) -> Coverage:
        """Coverage by the existing stations."""
        if "coverage" not in self._done:
            self._done["coverage"] = self._measure(*self._existing())
        return self._done["coverage"]

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

    # -- siting ------------------------------------------------------------------------------------

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
        from planner.siting.plan import nothing_to_gain

        if "problem" not in self._done:
            refuse_if_errors(self._rules())
            self._done["problem"] = self._posed()
            self._done["judged:gain"] = {"findings": nothing_to_gain(self._done["problem"])}
        return self._done["problem"]

    def _posed(
        self,
        *,
        existing: tuple[list[Access], Any] | None = None,
        new: tuple[list[Access], Any] | None = None,
        demand: gpd.GeoDataFrame | None = None,
        settings: Settings | None = None,
    ) -> SitingProblem:
        """The problem posed; what is given takes the place of the study's own (ways and what is open …)."""
        from planner.siting.plan import pose

        need = self.settings.circle.open_share
        (old, old_open), (come, new_open) = existing or self._existing(), new or self._new()
        return pose(
            settings or self.settings, self.demand if demand is None else demand, self.districts, self.candidates,
            existing=old, existing_open=old_open >= need, new=come, new_open=new_open >= need,
            factors=self._factors(),
        )  # fmt: skip

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
            found = judge_rules(self.settings, self.candidates, self.districts)
            found = found or judge_clash(self.settings, self.candidates, self.districts)
            if not found and self.settings.siting.goal.own_measure:
                en, zh = measure_in_words(self.settings)
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
        from planner.siting.plan import solve_in_phases, solve_plan

        problem, s = self.problem(), self.settings

        def compute() -> dict[str, Any]:
            found, closed = solve_plan(problem, s, progress=self._progress)
            phases = pd.DataFrame()
            if len(s.siting.batches) > 1:
                found, phases = solve_in_phases(problem, s, found, progress=self._progress)
            return {**solution_parts(found), "phases": phases, "closed": closed}

        parts: dict[str, Any] = self._stage("siting", self._siting_key(), compute)
        return parts

    def site_stations(self) -> SitePlan:
        """The new stations: ranked, explained, with bound and gap."""
        from planner.siting.plan import SitePlan, chosen_table
        from planner.siting.problems import Solution

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
            self.settings, self.demand, self.districts, self.hosts, self.candidates, problem, solution.chosen,
            access=new, nearest_station_m=self._nearest_station_m(), confidence=self._confidence(),
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
        from planner.siting.plan import covered_by_open

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
        from planner.questions import STEADY
        from planner.siting.plan import solve
        from planner.siting.robust import confidence

        s, problem, chosen = self.settings, self.problem(), self._solved()["chosen"]
        if not s.siting.scenarios:
            return None

        def compute() -> dict[str, Any]:
            factors = self._factors()
            xy = shapely.get_coordinates(self.candidates.geometry.to_numpy())
            found = confidence(
                lambda weights: solve(problem, s, weights=weights, work_limit=STEADY), problem.weights, factors,
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

    def _trucks(self) -> Any:
        """The freight model and what was noticed on the way; kept apart from the choice of homes."""
        from planner.siting.freight_keep import depends_on, model_of, parts_of
        from planner.siting.freight_model import run_model

        s = self.settings
        inputs, demand, _ = self._inputs(), self._demand(), self.network("truck")
        depends = [
            inputs["_key"], demand["_key"], self._done["network:truck"]["_key"], depends_on(s.freight), s.study.seed
        ]  # fmt: skip
        return model_of(self._stage("trucks", depends, lambda: parts_of(*run_model(self))))

    def site_driver_homes(self) -> Any:
        """The truck drivers' homes (see :mod:`planner.siting.freight`).

        Raises
        ------
        PlannerError
            They cannot be planned here: no trips to model, no room anywhere.
        """
        from planner.siting.freight import plan_homes

        if "homes" not in self._done:
            try:
                modelled = self._trucks()
                start = time.perf_counter()
                self._done["homes"] = plan_homes(self, modelled=modelled)
            except ValueError as error:
                raise PlannerError(
                    f"driver homes cannot be planned: {error}; freight.enabled = false leaves them out"
                ) from error
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            self.records["homes"] = StageRecord(
                "homes", round(time.perf_counter() - start, 3), round(peak), False
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

    def stations_with_cover(self) -> gpd.GeoDataFrame:
        """Stations with ``covers``: workers within the cutoff at any hour (0 for those not open)."""
        access, _ = self._existing()
        demand, stations = self.demand, self.stations
        periods = [p.name for p in self.settings.periods]
        total = np.zeros(len(self.open_stations))
        for part in access:
            weight = demand[[f"{g}__{t}" for g in part.groups for t in periods]].to_numpy().sum(axis=1)
            near = part.seconds.copy()
            near.data = (near.data <= part.cutoff_s).astype(float)
            total += near @ weight
        covers = pd.Series(total, index=self.open_stations.index)
        return stations.assign(covers=covers.reindex(stations.index).fillna(0.0))

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
        from planner.siting.plan import solve
        from planner.siting.robust import coverage_curve, with_known

        s, problem = self.settings, replace(self.problem(), goal=None)
        numbers = [n for n in s.siting.curve if n <= len(self.candidates)]
        if not numbers:
            return None

        def compute() -> dict[str, Any]:
            table = coverage_curve(
                lambda n: solve(problem, s, p=n, work_limit=5, quotas=False, budget=False), numbers,
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

    # -- questions to the plan (planner.questions) ---------------------------------------------------

    def alternatives(self, *, k: int = 3) -> pd.DataFrame:
        """``k`` near-optimal plans that differ: what they cover, lose, and share with the proposal."""
        from planner import questions

        return questions.alternatives(self, k=k)

    def replacements(self, *, k: int = 3) -> pd.DataFrame:
        """The ``k`` best replacements of every proposed site within its district, and what each loses."""
        from planner import questions

        return questions.replacements(self, k=k)

    def price_of(self, site_id: str) -> WishPrice:
        """What adding a candidate to the plan, or forcing it into it, does to the covered workers."""
        from planner import questions

        return questions.price_of(self, site_id)

    def sensitivity(self, *, change: float = 0.3, cell_m: Sequence[float] = ()) -> Sensitivity:
        """The plan under other walking distances, numbers per group ± ``change``, hours ignored (other cells)."""
        from planner import questions

        return questions.sensitivity(self, change=change, cell_m=cell_m)

    def rule_prices(self, *, fair: bool = False, time_limit_s: float = 120.0) -> pd.DataFrame:
        """What each rule (phases, quotas, required sites …) costs in covered workers; ``fair``: and max-min."""
        from planner import questions

        return questions.rule_prices(self, fair=fair, time_limit_s=time_limit_s)

    def to_geocode(self) -> pd.DataFrame:
        """Rows of the station lists that have an address but no coordinates."""
        from planner.inputs.stations import to_geocode

        tables = [to_geocode(t) for t in self.settings.inputs.stations]
        return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()

    def run(self, out: Path | str) -> dict[str, Any]:
        """Compute the whole plan, write every product into ``out`` and return ``run.json``'s content."""
        from planner.products import write_products

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
