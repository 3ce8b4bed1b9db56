"""What is wrong with the inputs of the density, as findings."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

import numpy as np
import pandas as pd

from planner.demand.covariates import LABELS, NOT_DRAWING
from planner.demand.levels.weights import usable_shares
from planner.errors import Finding, Told, finding, told
from planner.settings.groups import Group, Period

#: more workers than residents times this is taken for a mistake of unit
ABSURD = 50.0


def judge_periods(periods: Sequence[Period]) -> list[Finding]:
    """DEM-009 where the periods overlap or leave part of the day out."""
    minutes = np.zeros(24 * 60, int)
    for p in periods:
        start = round(p.start_h * 60)
        minutes[(start + np.arange(round(p.hours * 60))) % minutes.size] += 1
    if (minutes == 1).all():
        return []
    twice, never = np.flatnonzero(minutes > 1), np.flatnonzero(minutes == 0)
    why = [
        *([told("{t} is in none", "{t} 不在任何时段内", t=_clock(never[0]))] if never.size else []),
        *([told("{t} is in two", "{t} 同属两个时段", t=_clock(twice[0]))] if twice.size else []),
    ]
    hours = f"{(minutes > 0).sum() / 60:g}"
    return [
        finding(
            "DEM-009",
            source="periods",
            field="periods",
            hours=hours,
            why=Told(", ".join(why), "，".join(w.zh for w in why)),
        )
    ]


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def judge_groups(groups: Sequence[Group], covariates: pd.DataFrame) -> list[Finding]:
    """DEM-004, DEM-010, DEM-015: groups without covariates or totals, covariates that are zero everywhere."""
    found = []
    for g in groups:
        if g.rate_per_1000 is None and g.total is None and not g.totals and not g.district_rates_per_1000:
            found.append(finding("DEM-015", source="groups", field=g.name, group=g.name))
        if not usable_shares(g.covariates, covariates):
            names = ", ".join(g.covariates) or "none named"
            found.append(
                finding("DEM-004", source="groups", field=g.name, value=names, group=g.name,
                        fallback=Told("residents, streets and land", "居民、街道和土地"))
            )  # fmt: skip
    wanted = sorted({c for g in groups for c, share in g.covariates.items() if share > 0})
    absent = [n for n in wanted if n not in covariates.columns or not covariates[n].sum() > 0]
    for n in absent:
        en, zh = LABELS.get(n, (n, n))
        found.append(finding("DEM-010", source="covariates", field=n, value=n, en=en, zh=zh))
    return found


def judge_totals(
    groups: Sequence[Group], population: pd.Series, controls: pd.DataFrame, held: pd.Index
) -> list[Finding]:
    """DEM-001, DEM-005, DEM-006, DEM-011, DEM-020, DEM-022 to DEM-024: totals that clash with each other or with the map.

    Parameters
    ----------
    population
        Residents by district.
    controls
        Districts × groups.
    held
        Districts that have cells.
    """
    found: list[Finding] = []
    names = [str(d) for d in population.index]
    for g in groups:
        for district in sorted({*g.totals, *g.district_rates_per_1000} - set(names)):
            near = difflib.get_close_matches(district, names, n=1, cutoff=0.0) or [", ".join(names)]
            found.append(
                finding(
                    "DEM-006", source="groups", field=g.name, value=district, group=g.name, nearest=near[0]
                )
            )
        found += _judge_sum(g, names)
        many = controls[g.name] > ABSURD * population.reindex(controls.index).fillna(0).clip(lower=1)
        for district in controls.index[many]:
            value = f"{controls.loc[district, g.name]:g} ({district})"
            found.append(
                finding(
                    "DEM-020", source="groups", field=g.name, value=value, group=g.name, limit=f"{ABSURD:g}"
                )
            )
    for district in controls.index.difference(held):
        workers = float(controls.loc[district].sum())
        if workers > 0.5:
            found.append(
                finding(
                    "DEM-011", source="districts", field="district", value=district, workers=f"{workers:,.0f}"
                )
            )
    if not controls.reindex(held).to_numpy(float).sum() > 0:
        found.append(_nobody(groups, population, controls))
    return found


def _nobody(groups: Sequence[Group], population: pd.Series, controls: pd.DataFrame) -> Finding:
    """Why there is nobody at all, and which key of the study file to set (DEM-001, DEM-022 to DEM-024)."""
    if not groups:
        return finding("DEM-023", source="study.toml", field="groups")
    if controls.to_numpy(float).sum() > 0:
        return finding("DEM-024", source="study.toml", field="inputs.streets.path")
    name = next((g.name for g in groups if g.in_headline), groups[0].name)
    if not population.sum() > 0:
        return finding("DEM-001", source="study.toml", field="inputs.population.total")
    names = ", ".join(g.name for g in groups)
    return finding("DEM-022", source="study.toml", field=f"groups.{name}.total", group=name, names=names)


def _judge_sum(group: Group, names: Sequence[str]) -> list[Finding]:
    """DEM-005: a city total that the districts' totals exceed, or do not make up though all are given."""
    if group.total is None or not group.totals:
        return []
    known = {d: v for d, v in group.totals.items() if d in names}
    total, complete = sum(known.values()), set(known) == set(names)
    if total <= group.total + 0.5 and not (complete and abs(total - group.total) > 0.5):
        return []
    return [
        finding("DEM-005", source="groups", field=group.name, value=f"{group.total:g}", group=group.name,
                districts=f"{total:,.10g}", city=f"{group.total:,.10g}")
    ]  # fmt: skip


def drawing(covariates: pd.DataFrame) -> list[str]:
    """Columns that draw workers (not distances and the like)."""
    return [c for c in covariates.columns if c not in NOT_DRAWING]
