"""Control totals: how many workers of each group a district has, and fitting to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.demand.grid import Floats
from planner.settings.groups import Group


def controls(
    groups: Sequence[Group],
    population: pd.Series,
    *,
    district_totals: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """Workers of each group in each district: population × rate, with the study's own figures on top.

    Per group, the first that is given wins: ``totals[district]``; then ``total`` of the whole study, what
    ``totals`` leave of it spread like population × rate; then ``district_rates_per_1000``; then
    ``rate_per_1000``. Where ``district_totals`` (all headline groups together) are given too, headline
    groups are raked to both margins by iterative proportional fitting (:func:`rake`).

    Parameters
    ----------
    groups
        Groups with their rates and totals.
    population
        Residents, by district.

    Returns
    -------
    DataFrame
        Districts × groups, persons, non-negative and finite.
    """
    people = population.astype(float).fillna(0).clip(lower=0)
    table = pd.DataFrame({g.name: _of_group(g, people) for g in groups}, index=people.index)
    head = [g.name for g in groups if g.in_headline]
    known = {d: float(v) for d, v in (district_totals or {}).items() if d in table.index}
    if known and head:
        table.loc[:, head] = _raked(table[head], known, [g for g in groups if g.in_headline])
    return table


def _of_group(group: Group, people: pd.Series) -> pd.Series:
    rates = pd.Series(group.rate_per_1000 or 0.0, index=people.index)
    for district, rate in group.district_rates_per_1000.items():
        if district in rates.index:
            rates[district] = rate
    expected = people * rates / 1000
    fixed = {d: float(v) for d, v in group.totals.items() if d in expected.index}
    for district, value in fixed.items():
        expected[district] = value
    if group.total is None:
        return expected
    free = ~expected.index.isin(list(fixed))
    rest = max(group.total - sum(fixed.values()), 0.0)
    share = expected[free] if expected[free].sum() > 0 else people[free]
    if share.sum() > 0:
        expected[free] = share * (rest / share.sum())
    elif free.sum() == 1:  # nobody known to live there, but only one place to be
        expected[free] = rest
    return expected


def _raked(table: pd.DataFrame, known: dict[str, float], groups: Sequence[Group]) -> pd.DataFrame:
    """Rake: known districts to their totals, groups whose city total is given to theirs."""
    values = table.to_numpy(float)
    rows = np.array([known.get(d, np.nan) for d in table.index])
    columns = np.array([np.nan if g.total is None else g.total for g in groups], float)
    return pd.DataFrame(rake(values, rows, columns)[0], index=table.index, columns=table.columns)


def margins_off(
    table: pd.DataFrame, groups: Sequence[Group], district_totals: Mapping[str, float] | None
) -> float:
    """By how many workers the headline groups miss a stated total, of a district or of a group, at most."""
    head = [g for g in groups if g.in_headline]
    rows = table[[g.name for g in head]].sum(axis=1)
    known = {d: v for d, v in (district_totals or {}).items() if d in table.index}
    if not known:
        return 0.0
    off = [abs(rows[d] - v) for d, v in known.items()]
    off += [abs(table[g.name].sum() - g.total) for g in head if g.total is not None]
    return float(max(off))


def rake(
    seed: Floats,
    rows: Floats,
    columns: Floats,
    *,
    tolerance: float = 1e-9,
    limit: int = 1000,
) -> tuple[Floats, bool]:
    """Iterative proportional fitting of a table to its margins (Deming & Stephan 1940).

    Parameters
    ----------
    seed
        Non-negative table (r × c); zeros stay zero.
    rows, columns
        Sums wanted (r) and (c); NaN where a margin is free.
    tolerance
        Largest relative error of a margin at which it stops.
    limit
        Largest number of rounds.

    Returns
    -------
    table, converged
        The table nearest to ``seed`` (least relative entropy) with the margins; and whether they hold:
        they cannot when the margins contradict each other.
    """
    table = np.array(seed, float)
    for _ in range(limit):
        for axis, wanted in ((1, rows), (0, columns)):
            now = table.sum(axis=axis)
            factor = np.where(np.isnan(wanted) | (now <= 0), 1.0, wanted / np.where(now > 0, now, 1))
            table = table * np.expand_dims(factor, axis)
        error = max(_worst(table.sum(axis=1), rows), _worst(table.sum(axis=0), columns))
        if error <= tolerance:
            return table, True
    return table, False


def _worst(now: Floats, wanted: Floats) -> float:
    known = ~np.isnan(wanted)
    if not known.any():
        return 0.0
    return float(np.max(np.abs(now[known] - wanted[known]) / np.maximum(np.abs(wanted[known]), 1)))


def to_totals(weights: Floats, zone: NDArray[np.int64], totals: Floats, fallback: Floats) -> Floats:
    """Scale weights so that they sum to the total of their zone.

    Parameters
    ----------
    weights
        Non-negative, one per cell.
    zone
        Zone of each cell, 0 … len(totals) - 1.
    totals
        Sum wanted per zone.
    fallback
        Weights used in zones where ``weights`` are all zero; positive everywhere.

    Returns
    -------
    float64 array
        Per cell; sums to ``totals`` in every zone that has a cell.
    """
    size = totals.size
    sums = np.bincount(zone, weights, size)
    use = np.where((sums > 0)[zone], weights, fallback)
    sums = np.bincount(zone, use, size)
    return np.asarray(use * (totals / np.where(sums > 0, sums, 1))[zone])
