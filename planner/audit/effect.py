"""What new stations did to the visits of those beside them: matched controls, difference in differences (Card & Krueger 1994).

For every station near a new one, the change of its visits (log of after over before) less the mean change, over the same months, of
stations that no new one is near and that are like it: same district, workers in reach, visits before. Bands by a Bayesian bootstrap
(Rubin 1981) over new stations and over controls.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats
from scipy.spatial import cKDTree

__all__ = ["Effect", "EffectRules", "neighbours_effect"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
#: What another district adds to how unlike two stations are (standard deviations).
_OTHER_DISTRICT = 2.0


@dataclass(frozen=True, slots=True)
class EffectRules:
    """Who is a neighbour, who a control, and which months count.

    ``near_m``, ``far_m``: a neighbour has a new station within the first, a control has none within the second (straight line).
    ``window``: months before and after the opening month, which itself does not count; at least ``least_months`` of each with visits.
    ``controls`` for each neighbour; ``draws`` of the band.
    """

    near_m: float = 800.0
    far_m: float = 2000.0
    window: int = 12
    least_months: int = 2
    controls: int = 5
    draws: int = 1000


@dataclass(frozen=True, eq=False)
class Effect:
    """Relative change of visits at neighbours of new stations.

    Attributes
    ----------
    change, low, high
        The middle and the 90 % band: −0.1 is a tenth fewer visits than without the new stations; no band (NaN) from one new station alone.
    neighbours, new, controls
        Stations that it is read from: neighbours, the new ones near them, different controls.
    table
        A row per neighbour: ``at`` (its position), ``new`` (that of the new station), ``change`` (its own), ``controls`` (how many).
    """

    change: float
    low: float
    high: float
    neighbours: int
    new: int
    controls: int
    table: pd.DataFrame

    def __repr__(self) -> str:
        return f"Effect({self.change:+.1%}, {self.low:+.1%} to {self.high:+.1%}; {self.neighbours} neighbours, {self.controls} controls)"


def neighbours_effect(
    visits: Floats, days: Floats, xy: Floats, district: NDArray[np.object_], workers: Floats, new_xy: Floats, opened: Ints, *,
    rules: EffectRules | None = None, seed: int = 0,
) -> Effect | None:  # fmt: skip
    """The effect on neighbours; None where there are no neighbours or no controls with visits before and after.

    Parameters
    ----------
    visits
        Stations that stood all the time × months: visits counted, NaN where not.
    days
        Days of each month (n_months).
    xy, district, workers
        Where they stand (n × 2, metres), their districts and workers in reach.
    new_xy, opened
        Where the new stations stand (m × 2), and the position of the month in which each opened.
    """
    rules = rules or EffectRules()
    if not len(new_xy) or not len(xy):
        return None
    far, _ = cKDTree(new_xy).query(xy)
    touched, event, cause = _events(xy, new_xy, opened, rules)
    pool = np.flatnonzero(far > rules.far_m)
    rows, likes, own, theirs = [], [], [], []
    for i, month, new in zip(touched.tolist(), event.tolist(), cause.tolist(), strict=True):
        found = _matched(visits, days, i, pool, month, district, workers, rules)
        if found is None:
            continue
        change, near, changes = found
        rows.append((i, new, float(np.exp(change - changes.mean()) - 1), len(near)))
        own.append(change)
        likes.append(near)
        theirs.append(changes)
    if not rows:
        return None
    return _averaged(
        pd.DataFrame(rows, columns=["at", "new", "change", "controls"]),
        np.array(own),
        likes,
        theirs,
        rules.draws,
        seed,
    )


def _averaged(
    table: pd.DataFrame, own: Floats, likes: list[Ints], theirs: list[Floats], draws: int, seed: int
) -> Effect:
    """The mean over neighbours, with its band."""
    new, controls = int(table["new"].nunique()), len(np.unique(np.concatenate(likes)))
    logs = _drawn(own, likes, theirs, table["new"].to_numpy(), draws, seed)
    middle = float(np.mean([o - t.mean() for o, t in zip(own, theirs, strict=True)]))
    low, high = middle + (np.quantile(logs, [0.05, 0.95]) - logs.mean()) * _few(new)
    change, low, high = (float(np.expm1(v)) for v in (middle, low, high))
    return Effect(change, low, high, len(table), new, controls, table)


def _few(clusters: int) -> float:
    """What a bootstrap's band is widened by where few new stations carry it (Student's t, variance of n − 1); one alone has no band."""
    if clusters < 2:
        return float("nan")
    return float(stats.t.ppf(0.95, clusters - 1) / stats.norm.ppf(0.95) * np.sqrt(clusters / (clusters - 1)))


def _events(xy: Floats, new_xy: Floats, opened: Ints, rules: EffectRules) -> tuple[Ints, Ints, Ints]:
    """Neighbours, the month of the first opening near each, and which new station that was."""
    touched, event, cause = [], [], []
    for i, near in enumerate(cKDTree(new_xy).query_ball_point(xy, rules.near_m)):
        if near:
            first = min(near, key=lambda k: (int(opened[k]), k))
            touched.append(i)
            event.append(int(opened[first]))
            cause.append(first)
    return np.array(touched, np.int64), np.array(event, np.int64), np.array(cause, np.int64)


def _matched(
    visits: Floats, days: Floats, i: int, pool: Ints, month: int, district: NDArray[np.object_], workers: Floats, rules: EffectRules
) -> tuple[float, Ints, Floats] | None:  # fmt: skip
    """Change of one neighbour (log), its controls, and their changes over the same months; None where it has none."""
    months = np.arange(visits.shape[1])
    counted = ~np.isnan(visits[i])
    before = counted & (months < month) & (months >= month - rules.window)
    after = counted & (months > month) & (months <= month + rules.window)
    if min(before.sum(), after.sum()) < rules.least_months:
        return None
    both = before | after
    whole = pool[(pool != i) & ~np.isnan(visits[np.ix_(pool, np.flatnonzero(both))]).any(axis=1)]
    if not len(whole):
        return None
    every = np.append(whole, i)
    base = np.log((visits[np.ix_(every, np.flatnonzero(before))].sum(axis=1) + 0.5) / days[before].sum())
    then = np.log((visits[np.ix_(every, np.flatnonzero(after))].sum(axis=1) + 0.5) / days[after].sum())
    reach = np.log1p(workers[every])
    unlike = np.abs(base[:-1] - base[-1]) / (base.std() or 1.0) + np.abs(reach[:-1] - reach[-1]) / (
        reach.std() or 1.0
    )
    unlike = unlike + _OTHER_DISTRICT * (district[whole] != district[i])
    best = np.lexsort((whole, unlike))[: rules.controls]
    change = then - base
    return float(change[-1]), whole[best], change[:-1][best]


def _drawn(own: Floats, likes: list[Ints], theirs: list[Floats], new: Ints, draws: int, seed: int) -> Floats:
    """Draws of the mean effect (log): new stations with their neighbours, and controls, are weighted anew each time."""
    rng = np.random.default_rng([seed, 41])
    _, cluster = np.unique(new, return_inverse=True)
    _, code = np.unique(np.concatenate(likes), return_inverse=True)
    row = np.repeat(np.arange(len(likes)), [len(n) for n in likes])
    changes = np.concatenate(theirs)
    out = np.empty(draws)
    for k in range(draws):
        weight = rng.exponential(size=cluster.max() + 1)[cluster]
        control = rng.exponential(size=code.max() + 1)[code]
        beside = np.bincount(row, control * changes, len(own)) / np.bincount(row, control, len(own))
        out[k] = float(np.average(own - beside, weights=weight))
    return out
