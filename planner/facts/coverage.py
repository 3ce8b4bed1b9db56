"""Figures of coverage: today and with the plan, whole and by district, group, period and reading, and what is gained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.facts.bands import Band, Drawn, Draws
from planner.facts.definitions import UNITS, parts
from planner.facts.register import Fact, Scope, fact, own
from planner.siting.coverage import Coverage

__all__ = ["coverage_facts"]

Array = NDArray[Any]


@dataclass(frozen=True)
class _Drawn:
    """Workers of a state, and those of them covered, per draw."""

    workers: Array
    covered: Array


def _drawn(known: Drawn | None, covered: str, workers: str = "workers", **part: str) -> _Drawn | None:
    """A state by the columns it stands in, of one district or group only; None where it is not known."""
    whole, some = (None, None) if known is None else (known.of(workers, **part), known.of(covered, **part))
    return None if whole is None or some is None else _Drawn(whole, some)


def _part(known: Drawn | None, column: str, key: str, covered: str = "covered") -> _Drawn | None:
    """A district, group or period."""
    if column == "period":
        return _drawn(known, f"{covered}_in_{key}", f"workers_in_{key}")
    return _drawn(known, covered, **{column: key})


@dataclass(frozen=True)
class _Reading:
    """Workers, and those of them covered, in one state: as measured, as printed, and per draw (None without draws)."""

    scope: Scope
    workers: float
    covered: float
    shown: float
    drawn: _Drawn | None


def coverage_facts(
    before: Coverage, after: Coverage, headline: Scope, *, draws: Draws | None, group_bands: Mapping[str, tuple[float, float]],
) -> Iterator[Fact]:  # fmt: skip
    """Every figure of coverage.

    Parameters
    ----------
    headline
        The state of the headline with the plan.
    draws
        The demand draws; None: no bands but those of the groups' numbers.
    group_bands
        Factors on a group's number, its 5 % and 95 % points; only where there are no draws of it.
    """
    today, then = (None if draws is None else draws.under(c) for c in (before, after))
    yield from _workers(before, headline, today, group_bands)
    now = _plan(before, headline.at(plan="today"), today)
    planned = _plan(after, headline, then)
    week = any(_week_differs(c) for c in (before, after))
    now += _timed(before, headline.at(plan="today"), today, week=week)
    planned += _timed(after, headline, then, week=week)
    for r in (*now, *planned):
        yield fact("covered", r.scope, r.covered, shown=r.shown, band=_covered_band(r), source="coverage")
        yield fact("share", r.scope, _share(r), band=_share_band(r), source="coverage")
    for name, c in (("today", before), ("proposal", after)):
        if c.by_time is not None:
            low, share, high = c.by_time.kept
            yield fact("share_kept", headline.at(plan=name), share, band=(low, high), source="coverage")
    later = {r.scope.at(plan="today"): r for r in planned}
    for old in now:
        if old.scope in later:
            yield from _gain(old, later[old.scope])


def _share(r: _Reading) -> float:
    return r.covered / r.workers if r.workers > 0 else 0.0


def _covered_band(r: _Reading) -> Band | None:
    return None if r.drawn is None else Draws.of(r.drawn.covered)


def _share_band(r: _Reading) -> Band | None:
    return None if r.drawn is None else Draws.share(r.drawn.covered, r.drawn.workers)


def _gain(old: _Reading, new: _Reading) -> Iterator[Fact]:
    """What the plan adds: printed figures subtract."""
    scope = old.scope.at(plan="gain")
    band = points = None
    if old.drawn is not None and new.drawn is not None:
        more = new.drawn.covered - old.drawn.covered
        band, points = Draws.of(more), Draws.share(100 * more, old.drawn.workers)
    yield fact("newly_covered", scope, new.covered - old.covered, shown=new.shown - old.shown, band=band,
               source="coverage")  # fmt: skip
    then, now = (UNITS["share"].rounded(_share(r)) for r in (new, old))
    shown = UNITS["points"].rounded(100 * (then - now))
    yield fact(
        "share_gain", scope, 100 * (_share(new) - _share(old)), shown=shown, band=points, source="coverage"
    )


def _workers(
    coverage: Coverage, headline: Scope, known: Drawn | None, group_bands: Mapping[str, tuple[float, float]]
) -> Iterator[Fact]:
    """Workers in all, by district, group and period; each adds up to the printed total."""
    here, whole = headline.at(plan=""), round(coverage.workers)

    def band_of(drawn: _Drawn | None) -> Band | None:
        return None if drawn is None else Draws.of(drawn.workers)

    yield fact("workers", here, coverage.workers, band=band_of(_drawn(known, "covered")), source="demand")
    for part, column, table in _tables(coverage):
        values = table["workers"].to_numpy(dtype=float)
        for key, value, shown in zip(table[column].astype(str), values, parts(values, whole), strict=True):
            band: tuple[float, ...] | None = band_of(_part(known, column, key))
            if band is None and column == "group" and key in group_bands:
                low, high = group_bands[key]
                band = (value * low, value * high)
            scope = here.at(**{part: own(part, key)})
            yield fact("workers", scope, value, shown=shown, band=band, source="demand")


def _tables(coverage: Coverage) -> tuple[tuple[str, str, pd.DataFrame], ...]:
    """(field of the scope, column, table) of each way to divide the workers."""
    return (
        ("district", "district", coverage.by_district),
        ("groups", "group", coverage.by_group),
        ("periods", "period", coverage.by_period),
    )


def _plan(coverage: Coverage, here: Scope, known: Drawn | None) -> list[_Reading]:
    """Every state of one plan, the headline's first."""
    total = round(coverage.covered)
    out = [_Reading(here, coverage.workers, coverage.covered, total, _drawn(known, "covered"))]
    for part, column, table in _tables(coverage):
        values = table["covered"].to_numpy(dtype=float)
        rows = zip(
            table[column].astype(str), table["workers"], values, parts(values, total), table["backup_share"],
            strict=True,
        )  # fmt: skip
        for key, workers, covered, shown, share in rows:
            own_part = _part(known, column, key)
            scope = here.at(**{part: own(part, key)})
            out.append(_Reading(scope, float(workers), float(covered), shown, own_part))
            if column == "district":
                backup, twice = float(share * workers), _drawn(known, "covered_twice", district=key)
                out.append(_Reading(scope.at(least=2), float(workers), backup, round(backup), twice))
    for scope, covered, workers, names in _others(coverage, here):
        out.append(_Reading(scope, workers, covered, round(covered), _drawn(known, *names)))
    return out


def _week_differs(coverage: Coverage) -> bool:
    """Whether weekends are covered otherwise than workdays."""
    found = coverage.by_time
    return found is not None and abs(found.workday - found.weekend) > 1e-9


def _timed(coverage: Coverage, here: Scope, known: Drawn | None, *, week: bool) -> list[_Reading]:
    """The same plan by quarter-hours: whole, by district, group and period; with ``week``, on workdays and on weekends."""
    found = coverage.by_time
    if found is None:
        return []

    total, timed = round(found.covered), here.at(hours="time")
    out = [_Reading(timed, coverage.workers, found.covered, total, _drawn(known, "covered_by_time"))]
    for part, column, table in (
        ("district", "district", found.by_district), ("groups", "group", found.by_group),
        ("periods", "period", found.by_period),
    ):  # fmt: skip
        values = table["covered"].to_numpy(dtype=float)
        rows = zip(table[column].astype(str), table["workers"], values, parts(values, total), strict=True)
        for key, workers, covered, shown in rows:
            own_part = _part(known, column, key, "covered_by_time")
            scope = timed.at(**{part: own(part, key)})
            out.append(_Reading(scope, float(workers), float(covered), shown, own_part))
    for name, share in (("workday", found.workday), ("weekend", found.weekend)) if week else ():
        covered = share * coverage.workers
        scope, column = here.at(hours=name), f"covered_{name}"
        out.append(_Reading(scope, coverage.workers, covered, round(covered), _drawn(known, column)))
    return out


def _others(coverage: Coverage, here: Scope) -> Iterator[tuple[Scope, float, float, tuple[str, ...]]]:
    """The same plan by two stations, at any hour, at night, by other distances: covered, of, columns of the cells."""
    workers, readings = coverage.workers, coverage.readings
    yield here.at(least=2), coverage.share_backup * workers, workers, ("covered_twice",)
    if "any_hour" in readings:
        yield here.at(periods="any_hour"), readings["any_hour"] * workers, workers, ("covered_any_hour",)
    if "night" in readings:
        asleep = coverage.cells.get("workers_night")
        of = float(asleep.sum()) if asleep is not None else workers
        yield here.at(periods="night"), readings["night"] * of, of, ("covered_night", "workers_night")
    for name, share in coverage.by_radius_m.items():
        if float(name) != here.cutoff_m:
            yield here.at(cutoff_m=float(name)), share * workers, workers, (f"covered_{name}m",)


def headline_scope(walk_m: float) -> Scope:
    """The headline's state: all periods, headline groups, the circle's metres on foot in whole ones, one station."""
    return Scope(cutoff_m=float(np.rint(walk_m)))
