"""Thin data must not steer: what few venues draw is drawn towards what residents and streets would say.

A district in which ``n`` venues of a kind are known says where its workers stand by these with the weight
``n / (n + m)``; the rest of the weight has what is expected of the district by its residents and streets, laid
along them: the posterior mean of a gamma–Poisson model (empirical Bayes, Clayton & Kaldor 1987). The prior is the
study's own: its mean is the venues per resident and street of the whole area, its strength ``m`` comes from how far
districts differ from that mean by more than chance (moments, Marshall 1991), and is never above ``thin_venues``: districts
that are all alike, or a study of one, tell nothing of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from planner.demand.covariates import HOST_COVARIATES, LABELS
from planner.demand.grid import Floats, Ints
from planner.demand.levels.weights import mix
from planner.errors import Finding, Told, finding

__all__ = ["PLAIN", "Thinned", "prior_venues", "shrink", "thin_findings"]

#: what is expected of a place where no venue is known: residents and metres of street
PLAIN = {"population": 0.7, "streets": 0.3}
#: districts, and venues in each of them, from which the strength of the prior is read
LEAST_DISTRICTS, LEAST_VENUES = 5, 5.0
#: a covariate that keeps more than this of its pull is not told
_TOLD = 0.9


@dataclass(frozen=True, eq=False)
class Thinned:
    """Covariates after shrinking.

    Attributes
    ----------
    table
        As given, those with venues shrunk.
    known
        Districts × covariates with venues: how many are known.
    kept
        The weight that the known venues keep, alike.
    """

    table: pd.DataFrame
    known: pd.DataFrame
    kept: pd.DataFrame


def shrink(
    values: pd.DataFrame, zone: Ints, districts: Sequence[str], *, thin_venues: float, names: Sequence[str]
) -> Thinned:
    """Shrink the pull of venues by how many of them are known in each district.

    Parameters
    ----------
    values
        Per demand point (:class:`planner.demand.streets.hold.Held`).
    zone
        District of each point, a position in ``districts``.
    thin_venues
        The most venues that the expectation weighs as much as; 0 leaves everything as it is.
    names
        Covariates to look at; those without any venue in the area stay zero.

    Examples
    --------
    One restaurant in a study of one district, m = 20: it keeps 1/21 of the pull of restaurants; 20/21 go along
    residents and streets.
    """
    n = len(districts)
    base = mix(values, PLAIN)
    share = np.bincount(zone, base, n).astype(float)
    table, known, kept = values.copy(), {}, {}
    for name in [k for k in names if k in HOST_COVARIATES and values[k].sum() > 0]:
        own = values[name].to_numpy(float)
        count = np.bincount(zone, own, n).astype(float)
        expected = own.sum() * share if share.sum() > 0 else count
        strength = prior_venues(count, expected, most=thin_venues)
        weight = np.ones(n) if strength <= 0 else count / (count + strength)
        table[name] = _posterior(own, base, zone, weight, expected / np.where(share > 0, share, 1.0))
        known[name], kept[name] = count, weight
    return Thinned(
        table, pd.DataFrame(known, index=list(districts)), pd.DataFrame(kept, index=list(districts))
    )


def prior_venues(count: Floats, expected: Floats, *, most: float) -> float:
    """Venues that the expectation weighs as much as: 1 / τ², τ² the variance of the districts' ratios beyond chance.

    By moments (Marshall 1991): ``τ² = Σ E (n/E − 1)² / ΣE − (D − 1) / ΣE``. ``most`` where fewer than
    :data:`LEAST_DISTRICTS` have an expectation, or there are fewer than :data:`LEAST_VENUES` a district.
    """
    some = expected > 0
    whole, districts = float(expected[some].sum()), int(some.sum())
    if districts < LEAST_DISTRICTS or whole < LEAST_VENUES * districts:
        return most
    ratio = count[some] / expected[some]
    spread = float((expected[some] * (ratio - 1) ** 2).sum()) / whole - (districts - 1) / whole
    return min(1 / spread, most) if spread > 0 else most


def _posterior(own: Floats, base: Floats, zone: Ints, weight: Floats, per_base: Floats) -> Floats:
    """The known venues at their weight, the expected ones along the base at the rest of it."""
    return np.asarray(weight[zone] * own + (1 - weight[zone]) * per_base[zone] * base)


def thin_findings(thinned: Thinned) -> list[Finding]:
    """DEM-026: covariates that lost more than a tenth of their pull in the area."""
    found = []
    for name in thinned.known.columns:
        count, weight = thinned.known[name], thinned.kept[name]
        whole = float(count.sum())
        kept = float((weight * count).sum() / whole) if whole > 0 else 1.0
        if kept > _TOLD:
            continue
        en, zh = LABELS.get(name, (name, name))
        few = count[weight <= _TOLD].sort_values(kind="stable")
        listed = [f"{d} {_number(v)}" for d, v in few.items()]
        more = "…" if len(listed) > 4 else ""
        where = Told(", ".join(listed[:4]) + more, "、".join(listed[:4]) + more)
        found.append(
            finding("DEM-026", source="covariates", field=name, value=_number(whole), en=en, zh=zh,
                    kept=f"{kept:.0%}", lost=f"{1 - kept:.0%}", where=where)
        )  # fmt: skip
    return found


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"
