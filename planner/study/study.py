"""A study: settings and stages put together, from its inputs to the plan and its products."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd

from planner.errors import Finding, PlannerError, finding
from planner.folders import cache_folder
from planner.progress import Progress, silent
from planner.roads.make.profiles import MODES
from planner.settings.groups import Group
from planner.settings.inputs import Datum
from planner.settings.keys.scenarios import split_scenario
from planner.settings.reading import changed, in_scenario, read_settings
from planner.settings.whole import Settings
from planner.study.stages import Memory, Stages
from planner.study.store import Store

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

    from planner.actions.fair import ActionFairFront
    from planner.actions.frontier import MoneyFront
    from planner.actions.plan import ActionPlan
    from planner.audit.changes import Changes
    from planner.audit.promised import Audit
    from planner.audit.truth import MapAudit
    from planner.equity.fairness import Fairness
    from planner.equity.front import FairFront
    from planner.evidence.agreement import Agreement
    from planner.evidence.use import ExpectedUse
    from planner.facts.register import Register
    from planner.freight.homes import HomesPlan
    from planner.grades.whole import Grades
    from planner.networks.circle import ServiceCircle
    from planner.networks.plan import NetworksPlan
    from planner.roads.network import Network
    from planner.siting.coverage import Coverage
    from planner.siting.plan import SitePlan
    from planner.siting.problem import SitingProblem
    from planner.siting.questions.ask import WishPrice
    from planner.siting.questions.hanging import Hanging
    from planner.siting.questions.sensitivity import Sensitivity
    from planner.study.beside.board import PlanBoard
    from planner.study.closures import Closure
    from planner.study.evaluate import Evaluation
    from planner.telling.contents.learning import KnowledgeTold, PilotsTold

__all__ = ["Study", "open_study"]


def open_study(path: Path | str | None = None, *, progress: Progress | None = None) -> Study:
    """Open a study file; None opens the embedded Suzhou (built on first use, under a minute).

    ``"my/study.toml#more"`` opens its scenario ``more``.

    Raises
    ------
    SettingsError
        The study file is refused.
    """
    if path is None:
        from planner.example.build import build

        path = build(progress=progress) / "study.toml"
    return Study(read_settings(path), progress=progress, source=split_scenario(path)[0])


#: Where along a piece the first cut lies when a plan is scored on other pieces than its own.
OTHER_START = 0.37


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
    memory
        What another study has computed already; the same things are then not computed again. A refusal is remembered too:
        after a file is mended, open the study anew.

    Attributes
    ----------
    stages
        Every stage with its key and value (:class:`planner.study.stages.Stages`).
    """

    def __init__(
        self, settings: Settings, *, progress: Progress | None = None, cache: Path | None = None,
        source: Path | None = None, memory: Memory | None = None,
    ) -> None:  # fmt: skip
        from planner.study.table.whole import table_of

        self.settings = settings
        self.source = source
        self.progress = progress or silent
        store = Store((cache or cache_folder()) / "stages")
        self.stages = Stages(table_of(settings), settings, store, progress=progress, memory=memory)

    def with_settings(self, settings: Settings) -> Study:
        """The same study under other settings; what they leave alone is shared."""
        cache = self.stages.store.folder.parent
        return Study(
            settings,
            progress=self.progress,
            cache=cache,
            source=self.source,
            memory=self.stages.memory.branch(),
        )

    def with_(self, **changes: Any) -> Study:
        """The same study with some settings changed, each named by its path: ``study.with_(siting__p=150)``.

        Raises
        ------
        SettingsError
            A value is refused, or no such setting exists.
        """
        return self.with_settings(changed(self.settings, changes))

    @property
    def scenarios(self) -> tuple[str, ...]:
        """Names of the scenarios in the study file (``[scenarios.NAME]``)."""
        return tuple(self.settings.scenarios)

    def scenario(self, name: str) -> Study:
        """The same study as its scenario ``name`` has it; what the scenario leaves alone is shared.

        Raises
        ------
        SettingsError
            The study file has no such scenario.
        """
        folder = None if self.source is None else self.source.resolve().parent
        return self.with_settings(in_scenario(self.settings, name, folder=folder))

    # -- inputs ------------------------------------------------------------------------------------

    @property
    def crs(self) -> str:
        """The metric CRS the study works in."""
        return str(self.stages.peek("inputs").crs)

    @property
    def stations(self) -> gpd.GeoDataFrame:
        """Existing stations (study CRS), with ``snap_m`` to the walking network."""
        return self.stages.value("stations").stations

    @property
    def open_stations(self) -> gpd.GeoDataFrame:
        """Existing stations that are open."""
        stations = self.stations
        return stations[stations["status"] == "open"]

    @property
    def districts(self) -> gpd.GeoDataFrame:
        """Districts with population and quotas (study CRS)."""
        return self.stages.value("inputs").districts

    @property
    def hosts(self) -> gpd.GeoDataFrame:
        """Host venues (study CRS)."""
        return self.stages.value("inputs").hosts

    @property
    def layers(self) -> dict[str, gpd.GeoDataFrame]:
        """Background from the street file: water, main_roads, landuse, places."""
        inputs = self.stages.value("inputs")
        return {k: getattr(inputs, k) for k in ("water", "main_roads", "landuse", "places")}

    def network(self, mode: str = "walk") -> Network:
        """The street network of a mode: "walk", "ebike", "car", "truck".

        Raises
        ------
        PlannerError
            There is no such mode.
        """
        if mode not in MODES:
            raise PlannerError(f"no mode {mode!r}; the modes are {', '.join(MODES)}")
        return self.stages.value(f"network:{mode}")

    # -- demand and coverage -----------------------------------------------------------------------

    @property
    def demand(self) -> gpd.GeoDataFrame:
        """Worker density: one row per cell, a column ``{group}__{period}`` each, and ``point``.

        Each the sum of its :attr:`demand_points`: cells draw and sum, nothing is planned by them.
        """
        return self.stages.value("demand").demand

    @property
    def demand_points(self) -> gpd.GeoDataFrame:
        """Where workers stand: pieces of walkable street, and hosts and homes that no street is near (study CRS).

        ``point_id``, ``cell_id``, ``district``, ``length_m``, workers per group, ``workers`` (headline groups); geometry: the middle
        of the piece.
        """
        return self.stages.value("demand").points.table

    def hotspots(self) -> gpd.GeoDataFrame | None:
        """Where workers concentrate: name, workers, area_km2, peak_period, geometry."""
        return self.stages.value("hotspots")

    def coverage(self) -> Coverage:
        """Coverage by the existing stations."""
        return self.stages.value("coverage")

    def stations_with_cover(self) -> gpd.GeoDataFrame:
        """Stations with ``covers``: workers within the cutoff while it is open (0 for those not open)."""
        return self.stages.value("covers")

    # -- the plan ----------------------------------------------------------------------------------

    @property
    def candidates(self) -> gpd.GeoDataFrame:
        """Candidate sites (study CRS)."""
        return self.stages.value("candidates").candidates

    def problem(self) -> SitingProblem:
        """The maximal covering problem of the study, as arrays."""
        return self.stages.value("problem").problem

    def site_stations(self) -> SitePlan:
        """The new stations: ranked, explained, with bound and gap."""
        return self.stages.value("plan").plan

    def second_views(self) -> pd.DataFrame:
        """Groups that also ride or drive: share covered within their minutes by their second mode.

        Columns group, mode, minutes, before, after (with the new stations).
        """
        return self.stages.value("second_views")

    def circle_areas(self) -> tuple[BaseGeometry, BaseGeometry]:
        """Union of the ten-minute walking areas before and after, as drawn (study CRS; small holes filled)."""
        areas = self.stages.value("areas")
        return areas.before, areas.after

    def gaps(self) -> gpd.GeoDataFrame:
        """Areas outside the circle when the plan stands: geometry, district, workers, name."""
        return self.stages.value("gaps")

    def use(self) -> ExpectedUse | None:
        """Visits a day to expect at the stations of today and of the plan; None where no station is open.

        ``study.stages.value("law_of_use")`` says how workers choose, and whether counted visits say so.
        """
        return self.stages.value("use")

    def grades(self) -> Grades:
        """The open stations by grade: what each lacks for the next and what that costs, subsidy, inspection, review, exit.

        The rules are the study's table (``inputs.grades``), else planner's own, practice of other cities; what a list does not say is
        not known, never missing: ``.table`` names the facts to ask for.
        """
        from dataclasses import replace

        return replace(self.stages.value("grades"), language=self.settings.study.language)

    def backtest(self) -> pd.DataFrame:
        """Newly covered workers of each snapshot's openings beside a plan, population-only and random sites of as many.

        Columns as :class:`planner.evidence.backtest.Backtest` has them; ``snapshot_date`` of the station list says in which
        list a station first stands.

        Raises
        ------
        AbsentError
            The list has fewer than two dates, or no residents are known by place.
        """
        return self.stages.value("backtest").table

    def plan_actions(self) -> ActionPlan:
        """Build, re-time, upgrade, move, close and co-brand under one budget (``[actions]`` in the study file), with bound and gap.

        Raises
        ------
        InputError
            The settings name what is not there, or no plan keeps the limits.
        """
        return self.stages.value("actions")

    def changes(self, plan: str = "stations") -> Changes:
        """What is kept, dropped, added against last year's plan (``[previous]``) and built since, each with why.

        ``plan``: the new ``stations``, or the ``actions`` of the five verbs.

        Raises
        ------
        PlannerError
            The study names no earlier plan, or there is no such plan.
        InputError
            The earlier plan cannot be read, is another city's, or matches nothing here.
        """
        if self.settings.previous is None:
            raise PlannerError.of(finding("PRV-005", source="study.toml", field="previous.run"))
        if plan not in ("stations", "actions"):
            raise PlannerError(f"plan is stations or actions; got {plan!r}")
        return self.stages.value("site_changes" if plan == "stations" else "action_changes")

    def money_front(self, *, points: int | None = None) -> MoneyFront:
        """Workers covered against money: the plan with five verbs at ``points`` budgets (the study's ``actions.frontier``), up to twice its own.

        Minutes on a large city; kept, and made only when asked for.

        Raises
        ------
        PlannerError
            Fewer than two points.
        """
        n = self.settings.actions.frontier if points is None else int(points)
        if n < 2:
            raise PlannerError(f"a frontier has at least 2 points; got {points!r}")
        return self.stages.value("money_front", points=n)

    def fair_actions(self, *, points: int = 6) -> ActionFairFront:
        """Workers covered against the worst-off district, by plans with five verbs within the study's money; each point with its bound.

        Beside each point Gini and Kolm–Pollak over districts × groups. Minutes on a large city; kept, and made only when asked for.

        Raises
        ------
        PlannerError
            Fewer than two points.
        """
        if points < 2:
            raise PlannerError(f"a frontier has at least 2 points; got {points!r}")
        return self.stages.value("actions_fair_front", points=int(points))

    # -- questions to the plan ---------------------------------------------------------------------

    def curve(self) -> pd.DataFrame | None:
        """Covered share against the number of new stations (no quotas, no budget), with the bound.

        From 0 (the stations of today) on, finer where 80, 90 or 95 % are passed; None if not asked.
        """
        return self.stages.value("curve")

    def alternatives(self, *, k: int = 3) -> pd.DataFrame:
        """``k`` near-optimal plans that differ: what they cover, lose, and share with the proposal."""
        return self.stages.value("alternatives", k=k)

    def replacements(self, *, k: int = 3, max_m: float | None = None) -> pd.DataFrame:
        """The ``k`` best replacements of every proposed site in its district, their ``distance_m`` and what each loses.

        ``max_m``: how far on the street a replacement may be; the circle's metres when None. A site without any has
        no row.
        """
        if max_m is None:
            return self.stages.value("replacements", k=k)
        from planner.siting.questions.ask import replacements

        found = self.stages.value("stand_ins", max_m=float(max_m))
        return replacements(self.stages.value("finished"), found, k=k)

    def price_of(self, site_id: str) -> WishPrice:
        """What adding a candidate to the plan, or forcing it into it, does to the covered workers."""
        from planner.siting.questions.ask import price_of

        return price_of(self.stages.value("finished"), site_id)

    def sensitivity(self, *, change: float = 0.3, cell_m: Sequence[float] = ()) -> Sensitivity:
        """The plan under other walking distances and numbers per group, hours ignored, footways missing, other cells.

        ``change``: by how much each group's number is changed; a fifth of the footways' length is left out by lot.

        ``cell_m``: demand grids to compare with (metres); the demand is modelled anew for each, which takes as long
        as the first time.
        """
        from planner.siting.questions.ask import with_cells

        found = self.stages.value("sensitivity", change=float(change))
        others = []
        for size in cell_m:
            demand = self.settings.demand.model_copy(update={"cell_m": float(size)})
            other = self.with_settings(self.settings.model_copy(update={"demand": demand}))
            others.append((float(size), other.stages.value("posing")))
        return with_cells(self.stages.value("finished"), found, others, progress=self.progress)

    def rule_prices(self, *, fair: bool = False, time_limit_s: float = 120.0) -> pd.DataFrame:
        """What each rule (phases, quotas, required sites …) costs in covered workers; ``fair``: and max-min."""
        return self.stages.value("rule_prices", fair=fair, time_limit_s=float(time_limit_s))

    def fairness(self) -> Fairness:
        """How evenly coverage falls on districts, groups and periods, today and with the plan: Gini, Theil, Lorenz, Kolm–Pollak.

        ``.measures()`` is the table; ``aversion`` there is the study's ``siting.inequality_aversion`` in every product.
        """
        return self.stages.value("fairness")

    def hanging_cells(self) -> Hanging:
        """Cells covered today that reach every station in their reach over one and the same footway, with that footway."""
        return self.stages.value("hanging")

    def fair_front(self, *, points: int = 6, quotas: bool = True, time_limit_s: float = 300.0) -> FairFront:
        """The most workers covered against the worst-off district's share, each point with its bound; minutes on a large city.

        ``quotas`` False leaves out the study's counts per district; ``time_limit_s``: safety for each solve.
        """
        return self.stages.value(
            "fair_front", points=int(points), quotas=bool(quotas), time_limit_s=float(time_limit_s)
        )

    def value_of_information(self) -> KnowledgeTold:
        """What to find out first: the regret that knowing each unknown removes, ranked; ``table``, and words in a notebook.

        Unknown are the workers of each district (and group, where the draws tell groups apart) and those in reach of each of the
        plan's first 50 sites. At most 150 quick plans; kept, and made only when asked for.

        Raises
        ------
        AbsentError
            The study compares plans by a goal of its own.
        """
        from planner.telling.contents.learning import KnowledgeTold, names_of

        names = names_of(self.settings, self.districts)
        return KnowledgeTold(self.stages.value("knowledge"), names, self.settings.study.language)

    def pilots(self, k: int = 20, *, noise: float = 0.2) -> PilotsTold:
        """Which ``k`` sites of the plan to build first so that what they show betters the rest, and whether it does.

        ``noise``: relative error (standard deviation) of the workers that a pilot counts. At most 120 quick plans.

        Raises
        ------
        PlannerError
            ``k`` is below 1 or ``noise`` negative; as :class:`AbsentError`, the study compares plans by a goal of its own.
        """
        from planner.telling.contents.learning import PilotsTold, names_of

        if k < 1 or not noise >= 0:
            raise PlannerError(
                f"pilots need k of at least 1 and a noise of at least 0; got {k!r} and {noise!r}"
            )
        found = self.stages.value("pilots", k=int(k), noise=float(noise))
        return PilotsTold(found, names_of(self.settings, self.districts), self.settings.study.language)

    def close_streets(self, area: BaseGeometry, *, planned: bool = True) -> Closure:
        """Who loses the circle while the streets that touch ``area`` (study CRS) are closed."""
        from planner.study.closures import close_streets

        return close_streets(self.stages, area, planned=planned)

    def evaluate(
        self,
        sites: gpd.GeoDataFrame | Path | str,
        *,
        datum: Datum = "wgs84",
        points: Path | str | float | None = None,
        sheet: str | None = None,
    ) -> Evaluation:
        """What exactly these sites would cover, beside the proposal: points, or a file read like a station list.

        A file may be our own workbook, csv or ``plan.gpkg``, edited; ``sheet``: the sheet (layer) of any other. A row with a candidate's
        ``site_id`` and no coordinates stands at that candidate.
        Hours: the column ``open_hours`` where filled, else those of the candidate at the place, else the study's default.
        ``points``: other demand points to count on: ``"50m"``, pieces of street of that length cut from other starting
        points than the plan's, or a file of workers (coordinates, ``count``, ``group``) read like observations.
        """
        from planner.study.evaluate import evaluate_sites, piece_metres, scored_on_file, scored_on_pieces

        if points is None:
            return evaluate_sites(self.stages, sites, datum=datum, part=sheet)
        metres = piece_metres(points)
        if metres is None:
            scored = scored_on_file(self.stages, Path(str(points)))
            return evaluate_sites(self.stages, sites, datum=datum, scored=scored, part=sheet)
        cut = self.settings.demand.model_copy(update={"piece_m": metres, "piece_start": OTHER_START})
        other = self.with_settings(self.settings.model_copy(update={"demand": cut}))
        scored = scored_on_pieces(other.stages, metres)
        return evaluate_sites(self.stages, sites, datum=datum, scored=scored, part=sheet)

    def board(self, *, height: int = 640) -> PlanBoard:
        """The page as a widget in Jupyter: ``.sites`` and ``.evaluation`` follow it, ``.sites = …`` redraws it.

        Raises
        ------
        PlannerError
            PAGE-005: the package anywidget is not installed.
        """
        try:
            from planner.study.beside.board import board_of
        except ModuleNotFoundError as error:
            if error.name != "anywidget":
                raise
            raise PlannerError.of(finding("PAGE-005")) from error
        return board_of(self.stages, height)

    @property
    def facts(self) -> Register:
        """Every figure that the products print, once: value, rounding, state, band (:class:`planner.facts.register.Register`)."""
        from planner.study.gather import make_bundle

        return make_bundle(self.stages, progress=self.progress).facts

    # -- the union's networks ----------------------------------------------------------------------

    def plan_networks(self) -> NetworksPlan:
        """New places of the union's networks, each with bound and gap, the common budget, lists reviewed; kept, and made only here.

        Raises
        ------
        InputError
            A list cannot be read, a place stands where it must not, or more places are wanted than there are candidates.
        PlannerError
            The study names no networks (UNI-020).
        """
        from planner.study.union import plan_of

        return plan_of(self.stages)

    def circle(self, networks: str | Sequence[str] | None = None, *, planned: bool = False) -> ServiceCircle:
        """The circle of service of one network, of several (by name or title) or of all that count; who is served twice.

        ``planned``: with the new places of every network, of the stations and of the driver homes too.

        Raises
        ------
        PlannerError
            The study names no networks (UNI-020) or none of that name (UNI-019).
        """
        from planner.study.union import circle_of

        return circle_of(self.stages, networks, planned=planned)

    # -- driver homes ------------------------------------------------------------------------------

    def site_driver_homes(self) -> HomesPlan:
        """The truck drivers' homes (see :mod:`planner.freight.homes`).

        Raises
        ------
        AbsentError
            They cannot be planned here: no trips to model, no room anywhere, a target out of reach.
        """
        from planner.study.gather import driver_homes

        return driver_homes(self.stages)

    # -- findings and products ---------------------------------------------------------------------

    def all_findings(self) -> tuple[Finding, ...]:
        """Every finding so far, inputs first."""
        return self.stages.findings()

    @property
    def findings(self) -> pd.DataFrame:
        """Everything the checks noticed, as a table in the study's language, errors first."""
        from planner.telling.contents.records import findings_table

        self.stages.peek("inputs")
        return findings_table(self.all_findings(), self.settings.study.language)

    def audit(self, previous: Path | str, *, datum: Datum = "wgs84", within_m: float = 150.0) -> Audit:
        """What an earlier plan promised and what came: sites built, others opened, use against what was foretold, effect on neighbours.

        ``previous``: a run's folder, its ``run.json``, or a list of sites (``datum``: of its coordinates). A promised site is built where a
        new open station stands within ``within_m``.

        Raises
        ------
        InputError
            The earlier plan cannot be read, does not name its sites, or is another city's.
        """
        from planner.study.beside.audit import audit_plan

        return audit_plan(self.stages, Path(previous), datum=datum, within_m=within_m)

    def audit_map(self, file: Path | str, *, datum: Datum = "gcj02") -> MapAudit:
        """The list of stations against an export of a map platform: what is missing there, shifted, has wrong hours, or is a ghost.

        ``file``: csv or xlsx with names and coordinates (of a search on Amap or Baidu), perhaps hours; ``datum``: what these are in.

        Raises
        ------
        InputError
            The export cannot be read or placed, or no station is open.
        """
        from planner.study.beside.audit import audit_export

        return audit_export(self.stages, Path(file), datum=datum)

    def check_times(self, file: Path | str, *, datum: Datum = "wgs84") -> Agreement:
        """Our travel times beside those of any other router: a csv or xlsx with both ends, minutes (or seconds) and perhaps the mode.

        ``datum``: what the coordinates are in. Rows that cannot be read or lie off the streets are ``.findings``.
        """
        from planner.study.products import compare_times

        return compare_times(self.stages, Path(file), datum=datum)

    def judge(self) -> tuple[Finding, ...]:
        """Every finding about files, numbers and rules, errors first: with one, :meth:`run` would refuse.

        Nothing is refused, searched or written. The union's networks are judged too, though a run refuses nothing for their
        sake that it leaves out (``union.in_run``).
        """
        from planner.study.judge import judge

        return judge(self.stages, networks=True)

    def dry_run(self) -> pd.DataFrame:
        """What :meth:`run` would do: each stage, whether it is kept or would be computed, and why. Nothing is computed."""
        from planner.study.table.whole import asked

        return self.stages.dry_run(asked(self.settings))

    def run(self, out: Path | str, *, public: bool = False) -> dict[str, Any]:
        """Compute the whole plan, write every product into ``out`` and return ``run.json``'s content.

        ``public``: ``map-public.html`` too, the page without district boundaries.

        Raises
        ------
        InputError
            :meth:`judge` finds an error: the study is refused, with every finding, before anything is searched.
        """
        from planner.study.products import write_products

        return write_products(self.stages, Path(out), public=public, progress=self.progress)

    def export(
        self,
        out: Path | str,
        to: str | Sequence[str] = "all",
        *,
        earlier: Path | str | None = None,
        qr: str = "",
    ) -> list[Path]:
        """Write the plan into ``out`` for other programs; the files' paths, ``exports.json`` (what each holds, its datum) last.

        ``to``: of ``geojson``, ``kml``, ``geoparquet``, ``allocation`` (which station serves a cell), ``amap``, ``baidu`` (tables to
        import), ``service-map`` (for the union's app), ``gpkg``. ``earlier``: last year's ``service_map.json``, whose ids stay;
        ``qr``: what the QR codes say, ``{id}`` being the station's id.

        Raises
        ------
        PlannerError
            There is no such format (OUT-008).
        InputError
            As :meth:`run`; ``earlier`` is no service map (OUT-009).
        """
        from planner.study.products import export_plan

        before = None if earlier is None else Path(earlier)
        return export_plan(self.stages, to, Path(out), earlier=before, qr=qr, progress=self.progress)

    def handouts(self, out: Path | str) -> list[Path]:
        """Write a Word document and a workbook for each district into ``out``; the files' paths, ``districts.xlsx`` (all of them) last.

        Raises
        ------
        InputError
            As :meth:`run`.
        """
        from planner.study.products import write_district_handouts

        return write_district_handouts(self.stages, Path(out), progress=self.progress)

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
        return f"Study({s.name!r}: {s.title()}; stages done: {', '.join(self.stages.records) or 'none'})"

    def _repr_html_(self) -> str:
        return f"<p><b>{escape(self.settings.study.title())}</b><br>{escape(repr(self))}</p>"
