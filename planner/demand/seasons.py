"""What a season does to each group in each period of the day: as factors on its workers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from planner.hours.week import QUARTERS, period_quarters
from planner.settings.demand import Demand
from planner.settings.groups import Group, Period
from planner.settings.reading import defaults

__all__ = ["season_factors", "season_over", "season_totals"]


def season_factors(season: str) -> dict[str, Any]:
    """The factors of a season: ``totals`` by group, ``periods`` by period, ``stops``, with their source."""
    known = defaults().get("seasons", {})
    if season not in known:
        raise ValueError(f'there is no season "{season}"; known are {", ".join(sorted(known))}')
    return dict(known[season])


def season_over(
    demand: Demand, groups: Sequence[Group], periods: Sequence[Period]
) -> Mapping[str, dict[str, float]]:
    """Factor on the workers of each group in each period, ``{group: {period: factor}}``; 1 everywhere without a season.

    A season's totals scale a group; its periods move a group's workers between periods. On hot days those who keep the
    heat rule (``demand.heat_groups``, else the headline's groups) stop work: they are gone from the hottest hours
    (``demand.hottest_h``), not moved to others.

    Examples
    --------
    From 12 to 15 nobody is out: half of a period from 10 to 14 is left, and two thirds of one from 14 to 17.
    """
    season = season_factors(demand.season) if demand.season else {}
    moved, totals = season.get("periods", {}), season.get("totals", {})
    stays = _left(season.get("stops", ""), demand, periods)
    out: dict[str, dict[str, float]] = {}
    for g in groups:
        share = {p.name: g.profile.get(p.name, 0.0) for p in periods}
        weight = sum(share[t] * moved.get(t, 1.0) for t in share)
        scale = totals.get(g.name, 1.0) * (sum(share.values()) / weight if weight > 0 else 1.0)
        keeps = g.name in demand.heat_groups if demand.heat_groups else g.in_headline
        out[g.name] = {t: moved.get(t, 1.0) * scale * (stays[t] if keeps else 1.0) for t in share}
    return out


def season_totals(demand: Demand, groups: Sequence[Group], periods: Sequence[Period]) -> list[float]:
    """Factor of the season on all workers of each group, whatever the period."""
    factors, out = season_over(demand, groups, periods), []
    for g in groups:
        share = {p.name: g.profile.get(p.name, 0.0) for p in periods}
        whole = sum(share.values())
        out.append(sum(v * factors[g.name][t] for t, v in share.items()) / whole if whole > 0 else 1.0)
    return out


def _left(stops: str, demand: Demand, periods: Sequence[Period]) -> dict[str, float]:
    """Share of each period in which work goes on for those who keep the heat rule."""
    if not stops:
        return {p.name: 1.0 for p in periods}
    if stops == "all":
        return {p.name: 0.0 for p in periods}
    start, end = (round(h * QUARTERS / 24) for h in demand.hottest_h)
    off = period_quarters(periods)[:, start:end].sum(axis=1)
    return {p.name: float(1 - share) for p, share in zip(periods, off, strict=True)}
