"""Score a hand-made list of sites: what exactly it would cover, beside the proposal."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.errors import PlannerError, finding, refuse_if_errors
from planner.hours.parse import parse_hours
from planner.settings.inputs import Datum, Table
from planner.study.beside.lists import read_sites
from planner.study.plan_file import PlanFile, read_plan
from planner.study.terminal import aligned

if TYPE_CHECKING:
    from planner.demand.streets.standing import DemandPoints
    from planner.settings.whole import Settings
    from planner.siting.coverage import Coverage
    from planner.study.stages import Stages

#: Nearer than this (m) a listed site is a candidate read back from one of our own files.
_SAME_PLACE_M = 0.5


@dataclass(frozen=True)
class Evaluation:
    """Coverage of a wished list beside the existing stations, and of the proposal.

    ``unreachable``: sites farther from any street than the snap limit; ``labels``: names of districts and groups in the
    study's ``language``. ``scored_on``: the demand points counted on, "" for the study's own; ``claimed``: coverage before
    and with the proposal on the study's own points, where others are counted on. ``table``: the sites as they were read.
    """

    sites: int
    unreachable: int
    before: Coverage
    wished: Coverage
    proposed: Coverage
    proposed_sites: int
    labels: dict[str, str] = field(default_factory=dict)
    language: str = "en"
    scored_on: str = ""
    claimed: tuple[Coverage, Coverage] | None = None
    table: gpd.GeoDataFrame | None = None

    def by(self, key: str) -> pd.DataFrame:
        """The comparison by ``key``: "district", "group" or "period".

        Columns: the key, workers, shares covered ``today``, with ``these`` sites and with the ``proposed``, and
        ``difference`` (workers covered by these sites less those by the proposal).
        """
        tables = [getattr(c, f"by_{key}").set_index(key) for c in (self.before, self.wished, self.proposed)]
        before, wished, proposed = (t.reindex(tables[0].index) for t in tables)
        return pd.DataFrame(
            {
                "workers": before["workers"],
                "today": before["share"],
                "these": wished["share"],
                "proposed": proposed["share"],
                "difference": wished["covered"] - proposed["covered"],
            }
        ).reset_index()

    def describe(self) -> str:
        """The comparison in a few lines, then by district and by group, in the study's language."""
        from planner.telling.words.phrases import phrase

        say = functools.partial(phrase, language=self.language)
        far = say("evaluate_unreachable", n=self.unreachable) if self.unreachable else ""
        rows = []
        for key, c in (("today", self.before), ("these", self.wished), ("proposed", self.proposed)):
            more = "" if key == "today" else f"({round(c.covered) - round(self.before.covered):+,})"
            name = say(f"evaluate_{key}", n=self.proposed_sites)
            rows.append((name, f"{c.covered:,.0f}", say("evaluate_covered", share=f"{c.share:.1%}"), more))
        within = [
            f"    {say('evaluate_within', m=r, share=f'{v:.1%}')}" for r, v in self.wished.by_radius_m.items()
        ]
        return "\n".join(
            [
                " ".join(part for part in (say("evaluate_sites", n=self.sites), far) if part),
                aligned(rows, right=(False, True, False, False), indent=2),
                *within,
                *self._timed(),
                *self._scored(),
                self._listed("district"),
                self._listed("group"),
            ]
        )

    def _timed(self) -> list[str]:
        """The same by quarter-hours."""
        from planner.telling.words.phrases import phrase

        read = [c.by_time for c in (self.before, self.wished, self.proposed)]
        if any(r is None for r in read):
            return []
        today, these, proposed = (f"{r.share:.1%}" for r in read if r is not None)
        told = {"today": today, "these": these, "proposed": proposed}
        return [f"    {phrase('evaluate_time', self.language, **told)}"]

    def _scored(self) -> list[str]:
        """What the proposal gains on other points beside what it claims."""
        from planner.telling.words.phrases import phrase

        if self.claimed is None:
            return []
        own, later = self.claimed
        told = {
            "points": self.scored_on,
            "earned": f"{self.proposed.covered - self.before.covered:,.0f}",
            "earned_share": f"{100 * (self.proposed.share - self.before.share):.1f}",
            "claimed": f"{later.covered - own.covered:,.0f}",
            "claimed_share": f"{100 * (later.share - own.share):.1f}",
        }
        return [phrase("evaluate_scored", self.language, **told)]

    def _listed(self, key: str) -> str:
        """:meth:`by` as columns in line, under heads."""
        from planner.telling.words.phrases import phrase

        say = functools.partial(phrase, language=self.language)
        heads = (
            "evaluate_today",
            "evaluate_col_these",
            "evaluate_col_proposed",
            "evaluate_col_difference",
            f"evaluate_by_{key}",
        )
        rows = [tuple(say(head) for head in heads)] + [
            (f"{r.today:.1%}", f"{r.these:.1%}", f"{r.proposed:.1%}", f"{round(r.difference) + 0.0:+,.0f}",
             self.labels.get(getattr(r, key), getattr(r, key)))
            for r in self.by(key).itertuples()
        ]  # fmt: skip
        return aligned(rows, right=(True, True, True, True, False), indent=4)

    def __repr__(self) -> str:
        return f"Evaluation({self.sites} sites, {self.before.share:.1%} → {self.wished.share:.1%})"

    def _repr_html_(self) -> str:
        return f"<pre>{escape(self.describe())}</pre>"


def evaluate_sites(
    stages: Stages,
    sites: gpd.GeoDataFrame | PlanFile | Path | str,
    *,
    datum: Datum = "wgs84",
    scored: Scored | None = None,
    part: str | None = None,
) -> Evaluation:
    """What exactly these sites would cover: points, a plan of the page (json), or a file read like a station list.

    Hours: the column ``open_hours`` where filled, else those of the candidate at the place, else the study's default.
    ``scored``: other demand points to count on; None: the study's own. ``part``: the sheet or layer of the file that holds the sites,
    where it is not our own workbook or ``plan.gpkg``.

    Raises
    ------
    InputError
        The list is refused, with every finding.
    """
    from planner.roads.reach import snap
    from planner.study.table.pick import hours_of

    s, candidates = stages.settings, stages.value("candidates").candidates
    districts = stages.value("inputs").districts
    closed: tuple[str, ...] = ()
    hours: Mapping[str, str] = {}
    if isinstance(sites, gpd.GeoDataFrame):
        table = _points(sites, candidates.crs)
    elif isinstance(sites, PlanFile) or Path(sites).suffix.lower() == ".json":
        plan_file = sites if isinstance(sites, PlanFile) else read_plan(Path(sites))
        table, closed, hours = plan_file.points(candidates.crs), plan_file.closed, plan_file.hours
    else:
        table = read_sites(
            Path(sites), datum=datum, districts=districts, candidates=candidates, part=part,
            stated=s.inputs.districts is not None,
        )  # fmt: skip
    points, at = on_candidates(table.geometry, candidates.geometry)
    plan = stages.value("plan").plan
    on = scored or Scored("", stages.value("demand").demand, stages.value("demand").points)
    wished = _covered(stages, on, points, _hours(table, candidates, at), closed=closed, retimed=hours)
    before, proposed = plan.before, plan.after
    if scored is not None:
        before = _covered(stages, on)
        proposed = _covered(stages, on, plan.chosen.geometry, hours_of(plan.chosen), closed=plan.closed)
    snapped = snap(stages.value("network:walk"), points, limit_m=s.circle.snap_limit_m)
    return Evaluation(
        sites=len(table),
        unreachable=int((np.asarray(snapped.edge) < 0).sum()),
        before=before,
        wished=wished,
        proposed=proposed,
        proposed_sites=len(plan.chosen),
        labels=_labels(s, districts),
        language=s.study.language,
        scored_on=on.name,
        claimed=None if scored is None else (plan.before, plan.after),
        table=_as_listed(table, points),
    )


def _as_listed(table: gpd.GeoDataFrame, points: gpd.GeoSeries) -> gpd.GeoDataFrame:
    """The sites with an id and a name each, where they are counted."""
    n = [str(i + 1) for i in range(len(table))]
    ids = table.get("station_id", table.get("site_id", pd.Series(n, index=table.index)))
    names = table.get("name", pd.Series("", index=table.index))
    hours = table.get("open_hours", pd.Series("", index=table.index))
    told = {"station_id": ids.to_numpy(), "name": names.to_numpy(), "open_hours": hours.to_numpy()}
    return gpd.GeoDataFrame(told, geometry=points.to_numpy(), crs=points.crs)


@dataclass(frozen=True)
class Scored:
    """Demand points to count on, how they are called, and the table of cells that sums them."""

    name: str
    demand: gpd.GeoDataFrame
    points: DemandPoints


def _hours(table: pd.DataFrame, candidates: pd.DataFrame, at: Any) -> pd.DataFrame:
    """Hours of wished sites: their own where given, else those of the candidate at the place (its position ``at``; −1: none)."""

    def column(name: str) -> pd.Series:
        return table[name].fillna("").astype(str) if name in table else pd.Series("", index=table.index)

    own, texts = column("open_hours"), {}
    for name in ("open_hours", "week_hours"):
        theirs = candidates[name].to_numpy(dtype=object)[at] if len(candidates) else ""
        texts[name] = column(name).where(own != "", np.where(at >= 0, theirs, ""))
    kept = {"hours_kept": table["hours_kept"]} if "hours_kept" in table else {}
    return pd.DataFrame({**texts, **kept}, index=table.index)


def _covered(
    stages: Stages, on: Scored, sites: gpd.GeoSeries | None = None, hours: pd.DataFrame | None = None, *,
    closed: tuple[str, ...] = (), retimed: Mapping[str, str] | None = None,
) -> Coverage:  # fmt: skip
    """Coverage of the points ``on`` by the open stations (less those that close, others at new hours) and by ``sites``.

    Raises
    ------
    PlannerError
        PAGE-002: a station that closes or keeps other hours is none of the open ones.
    """
    from planner.siting.reach import joined, measure, site_reach
    from planner.study.table.pick import hours_of, open_of, reach_name

    s, ways, where = stages.settings, stages.value("ways"), on.points.geometry
    there = open_of(stages.value("stations"))
    ids = there["station_id"].astype(str)
    for key in (*closed, *(retimed or {})):
        if key not in set(ids):
            raise PlannerError.of(finding("PAGE-002", source="plan", value=key))
    stay = np.flatnonzero(~ids.isin(closed))
    same = not on.name
    more = {} if same else {"points": where}

    def reach(kind: str, opened: pd.DataFrame, **asked: Any) -> Any:
        seconds = [stages.value(reach_name(kind, way), **asked, **more) for way in ways]
        return site_reach(
            ways,
            seconds,
            opened,
            default_hours=s.siting.default_hours,
            periods=s.periods,
            circle=s.circle,
            off_h=s.demand.off_h,
        )

    opened = hours_of(there)
    if retimed:
        opened = opened.assign(open_hours=ids.map(retimed).fillna(opened["open_hours"]))
        if "week_hours" in opened:
            opened["week_hours"] = opened["week_hours"].where(~ids.isin(retimed.keys()), "")
    old = stages.value("existing") if same and not retimed else reach("stations", opened)
    every = old.only(stay)
    if sites is not None and hours is not None:
        every = joined(every, reach("candidates", hours, sites=sites))
    return measure(
        on.demand,
        every,
        stages.value("inputs").districts,
        points=on.points,
        periods=s.periods,
        circle=s.circle,
    )


def scored_on_pieces(other: Stages, metres: float) -> Scored:
    """Pieces of street of so many metres to count on: those of a study like this one, but for where it is cut."""
    made = other.value("demand")
    return Scored(f"{metres:g} m", made.demand, made.points)


def scored_on_file(stages: Stages, path: Path) -> Scored:
    """The points of a file (coordinates, ``count``, ``group``) to count on.

    Raises
    ------
    InputError
        The file is refused.
    PlannerError
        It holds no worker in a district of the study.
    """
    from planner.demand.streets.given import points_given
    from planner.inputs.observations import read_observations

    s, districts = stages.settings, stages.value("inputs").districts
    records, found = read_observations(Table(path=path.resolve(), datum="wgs84"), crs=districts.crs)
    refuse_if_errors(found)
    own = stages.value("demand").points.table
    mixed = {g.name: float(own[g.name].sum()) for g in s.headline_groups}
    try:
        demand, given = points_given(
            records, s.active_groups, s.periods, districts=districts, mixed=mixed, settings=s.demand
        )
    except ValueError as error:
        raise PlannerError(f"{path.name}: {error}") from error
    return Scored(path.name, demand, given)


def piece_metres(points: Path | str | float) -> float | None:
    """Metres of pieces named by a number, ``50`` or ``50m``; None for a file."""
    try:
        metres = float(str(points).strip().lower().removesuffix("m"))
    except ValueError:
        return None
    if not 5 <= metres <= 1000:
        raise PlannerError(f"pieces of street to score on are 5 to 1,000 m long, not {metres:g}")
    return metres


def _points(sites: gpd.GeoDataFrame, crs: Any) -> gpd.GeoDataFrame:
    """A table of sites in the study's CRS.

    Raises
    ------
    PlannerError
        It has no CRS, or a row has no point or hours that cannot be read; with the rows.
    """
    if sites.crs is None:
        raise PlannerError("the sites have no CRS: name it with sites.set_crs(...)")
    shapes = sites.geometry
    bad = sites.index[(shapes.geom_type != "Point") | shapes.is_empty | shapes.isna()].tolist()
    if bad:
        raise PlannerError(f"these rows of the sites have no point: {', '.join(map(str, bad[:20]))}")
    if "open_hours" in sites:
        hours = sites["open_hours"].fillna("").astype(str)
        strange = [f"{k} ({text})" for k, text in hours.items() if text and not parse_hours(text).known]
        if strange:
            raise PlannerError(f"these opening hours cannot be read: {', '.join(strange[:20])}")
    return sites.to_crs(crs)


def on_candidates(points: gpd.GeoSeries, candidates: gpd.GeoSeries) -> tuple[gpd.GeoSeries, Any]:
    """``points``, those within half a metre of a candidate moved onto it, and its position (−1: none).

    Files hold coordinates to 0.1 m.
    """
    from scipy.spatial import cKDTree

    if not len(points) or not len(candidates):
        return points, np.full(len(points), -1)
    there = candidates.to_numpy()
    far, which = cKDTree(shapely.get_coordinates(there)).query(shapely.get_coordinates(points.to_numpy()))
    moved = points.where(far > _SAME_PLACE_M, candidates.iloc[which].set_axis(points.index))
    return moved, np.where(far <= _SAME_PLACE_M, which, -1)


def _labels(settings: Settings, districts: gpd.GeoDataFrame) -> dict[str, str]:
    language = settings.study.language
    names = districts.set_index("district")[f"name_{language}"]
    labels = {str(key): str(name) for key, name in names.items() if isinstance(name, str) and name}
    return labels | {g.name: g.label(language) for g in settings.headline_groups}
