"""Figures of coverage: today and with the plan, whole and by district, group, period and reading, and what is gained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.facts.bands import Band, Draws
from planner.facts.definitions import parts
from planner.facts.register import Fact, Scope, fact, own
from planner.siting.coverage import Coverage

__all__ = ["coverage_facts"]

Array = NDArray[Any]


@dataclass(frozen=True)
class _Reading:
    """Workers, and those of them covered, in one state: as measured, as printed, and per draw (None without draws)."""

    scope: Scope
    workers: float
    covered: float
    shown: float
    drawn: tuple[Array, Array] | None


def coverage_facts(
    before: Coverage, after: Coverage, headline: Scope, *, district: pd.Series, draws: Draws | None,
    group_bands: Mapping[str, tuple[float, float]],
) -> Iterator[Fact]:  # fmt: skip
    """Every figure of coverage.

    Parameters
    ----------
    headline
        The state of the headline with the plan.
    district
        District per cell.
    draws
        The demand draws; None: no bands.
    group_bands
        Factors on a group's number, its 5 % and 95 % points.
    """
    yield from _workers(before, headline, district, draws, group_bands)
    plans = [
        _plan(name, c, headline, district, draws) for name, c in (("today", before), ("proposal", after))
    ]
    for name, c, readings in (("today", before, plans[0]), ("proposal", after, plans[1])):
        week = any(_week_differs(one) for one in (before, after))
        readings += _timed(c, headline.at(plan=name), district, draws, week=week)
    for readings in plans:
        for r in readings:
            yield fact(
                "covered", r.scope, r.covered, shown=r.shown, band=_of(draws, r.drawn, 1), source="coverage"
            )
            yield fact("share", r.scope, _share(r), band=_share_band(draws, r), source="coverage")
    for name, c in (("today", before), ("proposal", after)):
        if c.by_time is not None:
            low, share, high = c.by_time.kept
            yield fact("share_kept", headline.at(plan=name), share, band=(low, high), source="coverage")
    then = {r.scope.at(plan="today"): r for r in plans[1]}
    for old in plans[0]:
        if old.scope in then:
            yield from _gain(old, then[old.scope], draws)


def _share(r: _Reading) -> float:
    return r.covered / r.workers if r.workers > 0 else 0.0


def _of(draws: Draws | None, drawn: tuple[Array, Array] | None, which: int) -> Band:
    return None if draws is None or drawn is None else draws.of(drawn[which])


def _share_band(draws: Draws | None, r: _Reading) -> Band:
    return None if draws is None or r.drawn is None else draws.share(r.drawn[1], r.drawn[0])


def _gain(old: _Reading, new: _Reading, draws: Draws | None) -> Iterator[Fact]:
    """What the plan adds: printed figures subtract."""
    scope = old.scope.at(plan="gain")
    band = points = None
    if draws is not None and old.drawn is not None and new.drawn is not None:
        more = new.drawn[1] - old.drawn[1]
        band, share = draws.of(more), draws.share(more, old.drawn[0])
        points = None if share is None else (100 * share[0], 100 * share[1])
    yield fact("newly_covered", scope, new.covered - old.covered, shown=new.shown - old.shown, band=band,
               source="coverage")  # fmt: skip
    shown = round(100 * (round(_share(new), 3) - round(_share(old), 3)), 1) + 0.0
    yield fact(
        "share_gain", scope, 100 * (_share(new) - _share(old)), shown=shown, band=points, source="coverage"
    )


def _cells(coverage: Coverage, draws: Draws | None) -> dict[str, Array]:
    """Columns of the cells as arrays; none where there are no draws of these cells."""
    if draws is None or len(coverage.cells) != draws.surfaces.shape[1]:
        return {}
    return {str(c): coverage.cells[c].to_numpy(dtype=float) for c in coverage.cells}


def _drawn(draws: Draws | None, cells: dict[str, Array], covered: str, of: str = "workers",
           some: Array | None = None) -> tuple[Array, Array] | None:  # fmt: skip
    """Workers and covered workers per draw of the state whose columns are named; None where they are not known."""
    if draws is None or covered not in cells or of not in cells:
        return None
    return draws.sums(cells[of], some), draws.sums(cells[covered], some)


def _workers(
    coverage: Coverage, headline: Scope, district: pd.Series, draws: Draws | None,
    group_bands: Mapping[str, tuple[float, float]],
) -> Iterator[Fact]:  # fmt: skip
    """Workers in all, by district, group and period; each adds up to the printed total."""
    cells, here, whole = _cells(coverage, draws), headline.at(plan=""), round(coverage.workers)
    drawn = _drawn(draws, cells, "covered")
    yield fact("workers", here, coverage.workers, band=_of(draws, drawn, 0), source="demand")
    for part, column, table in _tables(coverage):
        values = table["workers"].to_numpy(dtype=float)
        for key, value, shown in zip(table[column], values, parts(values, whole), strict=True):
            band: Band = None
            if column == "district" and draws is not None and cells:
                band = draws.of(draws.sums(cells["workers"], (district == key).to_numpy()))
            elif column == "period" and draws is not None and f"workers_in_{key}" in cells:
                band = draws.of(draws.sums(cells[f"workers_in_{key}"]))
            elif column == "group" and str(key) in group_bands:
                low, high = group_bands[str(key)]
                band = (value * low, value * high)
            yield fact(
                "workers",
                here.at(**{part: own(part, str(key))}),
                value,
                shown=shown,
                band=band,
                source="demand",
            )


def _tables(coverage: Coverage) -> tuple[tuple[str, str, pd.DataFrame], ...]:
    """(field of the scope, column, table) of each way to divide the workers."""
    return (
        ("district", "district", coverage.by_district),
        ("groups", "group", coverage.by_group),
        ("periods", "period", coverage.by_period),
    )


def _plan(
    plan: str, coverage: Coverage, headline: Scope, district: pd.Series, draws: Draws | None
) -> list[_Reading]:
    """Every state of one plan, the headline's first."""
    cells, here = _cells(coverage, draws), headline.at(plan=plan)
    total = round(coverage.covered)
    out = [_Reading(here, coverage.workers, coverage.covered, total, _drawn(draws, cells, "covered"))]
    for part, column, table in _tables(coverage):
        values = table["covered"].to_numpy(dtype=float)
        rows = zip(table[column], table["workers"], values, parts(values, total), strict=True)
        for key, workers, covered, shown in rows:
            some = (district == key).to_numpy() if column == "district" and cells else None
            drawn = None  # the draws do not tell groups apart
            if column == "district":
                drawn = _drawn(draws, cells, "covered", some=some)
            elif column == "period":
                drawn = _drawn(draws, cells, f"covered_in_{key}", f"workers_in_{key}")
            out.append(
                _Reading(here.at(**{part: own(part, str(key))}), float(workers), float(covered), shown, drawn)
            )
            if column == "district":
                backup = float(table.loc[table["district"] == key, "backup_share"].iloc[0]) * float(workers)
                drawn = _drawn(draws, cells, "covered_twice", some=some)
                twice = here.at(district=str(key), least=2)
                out.append(_Reading(twice, float(workers), backup, round(backup), drawn))
    out += _others(coverage, here, draws, cells)
    return out


def _week_differs(coverage: Coverage) -> bool:
    """Whether weekends are covered otherwise than workdays."""
    found = coverage.by_time
    return found is not None and abs(found.workday - found.weekend) > 1e-9


def _timed(
    coverage: Coverage, here: Scope, district: pd.Series, draws: Draws | None, *, week: bool
) -> list[_Reading]:  # fmt: skip
    """The same plan by quarter-hours: whole, by district, group and period; with ``week``, on workdays and on weekends."""
    found, cells = coverage.by_time, _cells(coverage, draws)
    if found is None:
        return []
    total, timed = round(found.covered), here.at(hours="time")
    out = [_Reading(timed, coverage.workers, found.covered, total, _drawn(draws, cells, "covered_by_time"))]
    for part, column, table in (
        ("district", "district", found.by_district), ("groups", "group", found.by_group),
        ("periods", "period", found.by_period),
    ):  # fmt: skip
        values = table["covered"].to_numpy(dtype=float)
        for key, workers, covered, shown in zip(
            table[column], table["workers"], values, parts(values, total), strict=True
        ):
            drawn = None  # the draws do not tell groups apart
            if column == "district":
                some = (district == key).to_numpy() if cells else None
                drawn = _drawn(draws, cells, "covered_by_time", some=some)
            elif column == "period":
                drawn = _drawn(draws, cells, f"covered_by_time_in_{key}", f"workers_in_{key}")
            scope = timed.at(**{part: own(part, str(key))})
            out.append(_Reading(scope, float(workers), float(covered), shown, drawn))
    for name, share in (("workday", found.workday), ("weekend", found.weekend)) if week else ():
        covered = share * coverage.workers
        drawn = _drawn(draws, cells, f"covered_{name}")
        out.append(_Reading(here.at(hours=name), coverage.workers, covered, round(covered), drawn))
    return out


def _others(
    coverage: Coverage, here: Scope, draws: Draws | None, cells: dict[str, Array]
) -> Sequence[_Reading]:
    """The same plan by two stations, at any hour, at night, by other distances."""
    workers = coverage.workers
    states = [(here.at(least=2), coverage.share_backup * workers, workers, "covered_twice", "workers")]
    if "any_hour" in coverage.readings:
        covered = coverage.readings["any_hour"] * workers
        states.append((here.at(periods="any_hour"), covered, workers, "covered_any_hour", "workers"))
    if "night" in coverage.readings:
        asleep = coverage.cells.get("workers_night")
        night = float(asleep.sum()) if asleep is not None else workers
        covered = coverage.readings["night"] * night
        states.append((here.at(periods="night"), covered, night, "covered_night", "workers_night"))
    for name, share in coverage.by_radius_m.items():
        if float(name) != here.cutoff_m:
            states.append(
                (here.at(cutoff_m=float(name)), share * workers, workers, f"covered_{name}m", "workers")
            )
    return [_Reading(scope, of, covered, round(covered), _drawn(draws, cells, column, whole))
            for scope, covered, of, column, whole in states]  # fmt: skip


def headline_scope(walk_m: float) -> Scope:
    """The headline's state: all periods, headline groups, the circle's metres on foot in whole ones, one station."""
    return Scope(cutoff_m=float(np.rint(walk_m)))
