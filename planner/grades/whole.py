"""The stage ``grades``: every open station graded, priced, inspected, flagged; and whom closing it would cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.demand.streets.standing import DemandPoints
from planner.errors import Finding, Told, finding
from planner.grades.assess import Levels, costs_of, facts_of, levels_of
from planner.grades.exits import lost_in_turn, served_by, workers_alone
from planner.grades.review import FLAGS, Inspections, flags_of, inspections, reference_day
from planner.grades.rules import FACT_WORDS, FACTS, GradeRules
from planner.inputs.visits import Visits
from planner.settings.grades import Grading
from planner.siting.reach import SiteReach

__all__ = ["Grades", "grade_stations"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Grades:
    """The open stations by grade.

    Attributes
    ----------
    table
        A row per open station, in the list's order: ``station_id``, ``name``, ``district``, ``stated`` (as the list says), ``stated_level``,
        ``level`` (the grade that is certain), ``possible`` (what it may be), ``following`` (the next one): positions in
        ``rules.levels``, -1 for none; ``agrees`` (``same``, ``higher``: stated above what is possible, ``lower``: below what is
        certain, ``open``: facts are missing, ``""``: none stated), ``lacks``, ``asks`` (names of facts, comma between), ``cost_yuan``,
        ``cost_low``, ``cost_high``, ``yearly_yuan``, ``yearly_low``, ``yearly_high`` (to the next grade), ``subsidy_yuan`` (of the certain
        grade), ``subsidy_possible``, ``since``, ``inspected``, ``due``, ``overdue``, ``flags`` (of ``visits``, ``complaints``, ``hours``),
        ``visits_day``, ``complaints``, ``hours_kept``, ``workers`` (in reach while open), ``workers_alone`` (whom it alone covers);
        geometry.
    exits
        Flagged stations and those that are certain not to reach the lowest grade, fewest workers lost first: ``station_id``, ``name``,
        ``district``, ``level``, ``why``, ``cost_yuan`` (to its next grade), ``workers_alone``, ``workers_lost`` (if it and all above it close).
    rules
        What was asked and at which prices.
    reference
        The day from which inspections count; None where none is known.
    """

    table: gpd.GeoDataFrame
    exits: pd.DataFrame
    rules: GradeRules
    reference: str | None
    language: str = "en"
    findings: tuple[Finding, ...] = ()

    def by_grade(self) -> pd.DataFrame:
        """Stations per grade: ``level`` (-1 first), ``certain``, ``possible``, ``stated``."""
        at = np.arange(-1, len(self.rules.levels))
        columns = {"certain": "level", "possible": "possible", "stated": "stated_level"}
        made = {k: [int((self.table[c] == v).sum()) for v in at] for k, c in columns.items()}
        return pd.DataFrame({"level": at, **made})

    def asked_facts(self) -> pd.Series:
        """Facts to ask for, and of how many stations: most first."""
        each = self.table["asks"].str.split(", ").explode()
        return (
            each[each != ""]
            .value_counts(sort=True)
            .sort_index(kind="stable")
            .sort_values(ascending=False, kind="stable")
        )

    def __repr__(self) -> str:
        t = self.table
        return (
            f"Grades({len(t):,} open stations: {int((t['level'] == t['possible']).sum()):,} graded for certain, "
            f"{int((t['flags'] != '').sum()):,} flagged, {int(t['overdue'].sum()):,} inspections overdue, {len(self.exits):,} on the exit list)"
        )

    def _repr_html_(self) -> str:
        kept = self.table.drop(columns="geometry").head(20)
        names = {
            c: [self.rules.name(int(v), self.language) for v in kept[c]]
            for c in ("level", "possible", "following")
        }
        shown = pd.DataFrame(kept.assign(**names)).to_html(
            index=False, na_rep="", float_format="{:,.0f}".format, escape=True
        )
        return f"<p>{escape(repr(self))}</p>{shown}"


def grade_stations(
    settings: Grading, rules: GradeRules, stations: gpd.GeoDataFrame, covers: Sequence[float], reach: SiteReach,
    points: DemandPoints, periods: Sequence[str], visits: Visits, *, need_open: float,
) -> Grades:  # fmt: skip
    """Grade the open stations.

    Parameters
    ----------
    stations, covers
        The open ones and their workers in reach, rows as ``reach`` has them.
    need_open
        Share of a period from which on a station serves it.
    """
    facts, needs = facts_of(stations), rules.needs
    found = levels_of(facts, needs)
    prices = costs_of(found, needs, rules.costs)
    numbers = {c: _numbers(stations, c) for c in ("complaints", "hours_kept")}
    daily = _daily(stations, visits)
    flags = flags_of(settings, daily, numbers["complaints"], numbers["hours_kept"])
    reference = reference_day(settings, stations)
    when = _when(settings, rules, stations, found, np.asarray(flags.any(axis=1)), reference)
    is_open = np.asarray(reach.open_share) >= need_open
    served = [(served_by(a.seconds, a.cutoff_s), points.by_period(a.groups, periods)) for a in reach.access]
    table = gpd.GeoDataFrame(
        {
            **_graded(stations, rules, found),
            **{k: prices.once[:, i] for i, k in enumerate(("cost_yuan", "cost_low", "cost_high"))},
            **{k: prices.yearly[:, i] for i, k in enumerate(("yearly_yuan", "yearly_low", "yearly_high"))},
            "since": when.since, "inspected": when.inspected, "due": when.due, "overdue": when.overdue,
            "flags": [", ".join(f for f, on in zip(FLAGS, row, strict=True) if on) for row in flags],
            "visits_day": daily, **numbers, "workers": np.asarray(covers, float), "workers_alone": workers_alone(served, is_open),
        },
        geometry=stations.geometry.to_numpy(), crs=stations.crs,
    )  # fmt: skip
    out = _exits(table)
    out["workers_lost"] = lost_in_turn(served, is_open, out.pop("at").to_numpy(np.int64))
    return Grades(
        table, out, rules, reference, findings=tuple(_notices(table, stations, rules, reference, found))
    )


def _graded(stations: pd.DataFrame, rules: GradeRules, found: Levels) -> dict[str, Any]:
    """Columns of who the stations are and which grade they have."""
    stated, subsidy = _stated(stations, rules), rules.levels["subsidy_yuan"]
    return {
        "station_id": stations["station_id"].to_numpy(), "name": stations["name"].to_numpy(), "district": stations["district"].to_numpy(),
        "stated": stations["grade"].fillna("").to_numpy(), "stated_level": stated, "level": found.sure, "possible": found.possible,
        "following": found.following, "agrees": _agrees(stated, found), "lacks": _named(found.lacks), "asks": _named(found.asks),
        "subsidy_yuan": _at(subsidy, found.sure), "subsidy_possible": _at(subsidy, found.possible),
    }  # fmt: skip


def _when(
    settings: Grading, rules: GradeRules, stations: pd.DataFrame, found: Levels, flagged: NDArray[np.bool_], reference: str | None
) -> Inspections:  # fmt: skip
    """The next inspection of each station, by its certain grade; below the lowest as often as the lowest."""
    months = _at(rules.levels["inspect_months"], found.sure)
    months = np.where(found.sure >= 0, months, _first(rules.levels))
    return inspections(stations, months, flagged, reference=reference, review_months=settings.review_months)


def _numbers(stations: pd.DataFrame, column: str) -> Floats:
    """A column as numbers; NaN where the list has none."""
    return stations[column].to_numpy(float) if column in stations else np.full(len(stations), np.nan)


def _daily(stations: pd.DataFrame, visits: Visits) -> Floats:
    """Counted visits a day; NaN where none are counted."""
    sums = visits.by_station()
    each = (sums["visits"] / sums["days"]).reindex(stations["station_id"].astype(str))
    return each.to_numpy(float)


def _at(values: pd.Series, level: NDArray[np.int64]) -> Floats:
    """A value of each station's grade; NaN below the lowest."""
    known = np.append(values.to_numpy(float), np.nan)
    return known[level]  # -1 takes the last


def _first(levels: pd.DataFrame) -> float:
    """Months between inspections of a station below the lowest grade: those of the lowest."""
    return float(levels["inspect_months"].iloc[0]) if len(levels) else float("nan")


def _named(which: NDArray[np.bool_]) -> list[str]:
    return [", ".join(np.asarray(FACTS)[row]) for row in which]


def _stated(stations: pd.DataFrame, rules: GradeRules) -> NDArray[np.int64]:
    words = {str(t): rules.stated(str(t)) for t in stations["grade"].dropna().unique()}
    return np.array([words.get(str(t), -1) for t in stations["grade"].fillna("")], np.int64)


def _agrees(stated: NDArray[np.int64], found: Levels) -> list[str]:
    """How the stated grade stands to what the rules allow."""
    out = np.where(stated > found.possible, "higher", np.where(stated < found.sure, "lower", "same"))
    open_ = (found.possible > found.sure) & (out == "same")
    return [str(v) for v in np.where(stated < 0, "", np.where(open_, "open", out))]


def _exits(table: gpd.GeoDataFrame) -> pd.DataFrame:
    """Who may go, fewest workers lost first; ``at``: position in the table."""
    below = (table["possible"] < 0).to_numpy()
    why = [
        ", ".join([*(["grade"] if low else []), *([f] if f else [])])
        for low, f in zip(below, table["flags"], strict=True)
    ]
    listed = pd.DataFrame(
        table[["station_id", "name", "district", "level", "cost_yuan", "workers_alone"]]
    ).assign(why=why, at=np.arange(len(table)))
    listed = listed[listed["why"] != ""].sort_values(["workers_alone", "station_id"], kind="stable")
    columns = ["station_id", "name", "district", "level", "why", "cost_yuan", "workers_alone", "at"]
    return listed[columns].reset_index(drop=True)


def _notices(
    table: gpd.GeoDataFrame, stations: pd.DataFrame, rules: GradeRules, reference: str | None, found: Levels
) -> list[Finding]:
    """Stated grades nobody knows, facts that are missing, no day to count from."""
    if not len(table):
        return [finding("GRD-012", source="stations")]
    notices: list[Finding] = []
    known = ", ".join(rules.levels["name_en"])
    odd = (table["stated"] != "") & (table["stated_level"] < 0)
    for text, rows in stations[odd.to_numpy()].groupby(table["stated"][odd].to_numpy(), sort=True):
        row = None if "row" not in rows else int(rows["row"].iloc[0])
        source = "stations" if "source" not in rows else str(rows["source"].iloc[0])
        notices.append(finding("GRD-007", source=source, row=row, field="grade", value=text, known=known))
    unsure = int((found.possible > found.sure).sum())
    counts: dict[str, Any] = {f: int(n) for f, n in zip(FACTS, found.asks.sum(axis=0), strict=True) if n}
    if unsure and counts:
        most = max(counts.values())
        names = [f for f in counts if counts[f] == most]
        words = Told(", ".join(FACT_WORDS[f][0] for f in names), "、".join(FACT_WORDS[f][1] for f in names))
        notices.append(
            finding(
                "GRD-008",
                source="stations",
                value=unsure,
                total=len(table),
                count=most,
                missing_en=str(words),
                missing_zh=words.zh,
            )
        )
    if reference is None:
        notices.append(finding("GRD-011", source="stations", field="grades.reference_date"))
    return notices
