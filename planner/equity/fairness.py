"""How evenly coverage falls on districts, groups and periods: today and with the plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.equity.indices import gini, kolm_pollak_ede, kolm_pollak_kappa, lorenz, theil
from planner.settings.groups import Period
from planner.siting.coverage import Access, stations_in_reach, worker_cube
from planner.siting.reach import SiteReach, joined

__all__ = ["AVERSION", "AVERSION_BAND", "Fairness", "covered_units", "district_gap", "fairness"]

Array = NDArray[Any]
#: How much an equal share is worth (Kolm–Pollak), and its band: 0.5 to 2 is what the literature on access uses
#: (Sheriff & Maguire 2020; Logan et al. 2021).
AVERSION, AVERSION_BAND = 1.0, (0.5, 2.0)
_PLANS = ("today", "proposal")


def covered_units(
    demand: pd.DataFrame, access: Sequence[Access], open_share: Array, *, periods: Sequence[str],
    need_open: float = 0.5,
) -> pd.DataFrame:  # fmt: skip
    """Workers, and those of them covered, per district × group × period; the sums are those of the headline.

    Parameters
    ----------
    demand
        Points or cells (n) with ``district`` and a column ``{group}__{period}`` each.
    access
        Who reaches which sites, one entry per way of travelling.
    open_share
        float (n_sites × n_periods): share of each period that the site is open.

    Returns
    -------
    Columns ``district``, ``group``, ``period``, ``workers``, ``covered``.
    """
    code, districts = pd.factorize(demand["district"].astype(str), sort=True)
    n, is_open, tables = len(districts), open_share >= need_open, []
    for part in access:
        reached = stations_in_reach(part.seconds, part.cutoff_s, is_open) >= 1
        for group, own in zip(part.groups, worker_cube(demand, part.groups, periods), strict=True):
            for t, period in enumerate(periods):
                people, got = own[:, t], own[:, t] * reached[:, t]
                table = pd.DataFrame({"district": districts, "group": group, "period": period})
                tables.append(
                    table.assign(workers=np.bincount(code, people, n), covered=np.bincount(code, got, n))
                )
    columns = ["district", "group", "period", "workers", "covered"]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=columns)


def district_gap(shares: Array, workers: Array) -> float:
    """The best-covered district's share minus the worst-covered one's, of those where somebody works; NaN without any."""
    some = np.asarray(shares, float)[np.asarray(workers, float) > 0]
    return float(some.max() - some.min()) if len(some) else float("nan")


@dataclass(frozen=True)
class Fairness:
    """How evenly coverage falls on people, today and with the plan.

    Attributes
    ----------
    units
        One row per district × group × period: ``district``, ``group``, ``period``, ``workers``, ``today``,
        ``proposal`` (covered workers under each).
    """

    units: pd.DataFrame

    def by(self, *columns: str) -> pd.DataFrame:
        """The same summed over the columns that are not named; ``share_today`` and ``share_proposal`` besides."""
        keys = list(columns) or ["district", "group", "period"]
        table = self.units.groupby(keys, sort=False, as_index=False)[["workers", *_PLANS]].sum()
        safe = table["workers"].where(table["workers"] > 0, 1.0)
        return table.assign(**{f"share_{p}": table[p] / safe for p in _PLANS})

    def lorenz(self, plan: str = "proposal", *columns: str) -> pd.DataFrame:
        """Lorenz curve of covered shares over districts × groups × periods (or some of them): ``people``, ``got``."""
        table = self.by(*columns)
        return lorenz(table[f"share_{plan}"], table["workers"])

    def measures(self, *, aversion: float = AVERSION) -> pd.DataFrame:
        """One row per plan (``today``, ``proposal``): every measure, unrounded.

        ``gini_districts``, ``gap`` (best minus worst district, a share), ``least`` (the worst district's share) over
        districts; ``gini_units``, ``theil``, ``theil_between`` districts and ``theil_within`` them, ``ede``
        (Kolm–Pollak, the share that, had by all, would be as good; κ of today's shares) over districts × groups ×
        periods. Everyone counts alike: shares are weighted by workers.
        """
        units, districts = self.by(), self.by("district")
        w, kappa = units["workers"], 0.0
        for plan in _PLANS:  # one κ for both; where nobody is covered today, the plan's
            kappa = kappa or kolm_pollak_kappa(units[f"share_{plan}"], w, aversion=aversion)
        rows = {}
        for plan in _PLANS:
            shares, own = units[f"share_{plan}"], districts[f"share_{plan}"]
            parts = theil(shares, w, units["district"])
            rows[plan] = {
                "gini_districts": gini(own, districts["workers"]),
                "gap": district_gap(own.to_numpy(), districts["workers"].to_numpy()),
                "least": float(own[districts["workers"] > 0].min()),
                "gini_units": gini(shares, w),
                "theil": parts.total, "theil_between": parts.between, "theil_within": parts.within,
                "ede": kolm_pollak_ede(shares, w, kappa=kappa),
            }  # fmt: skip
        return pd.DataFrame(rows).T.rename_axis("plan")

    def __repr__(self) -> str:
        m = self.measures()
        told = (
            f"{name} {m.loc['today', key]:.3f} → {m.loc['proposal', key]:.3f}"
            for name, key in (("Gini of districts", "gini_districts"), ("best minus worst district", "gap"))
        )
        return f"Fairness({len(self.units)} districts × groups × periods; {', '.join(told)})"

    def _repr_html_(self) -> str:
        table = self.measures().to_html(escape=True, float_format="{:.3f}".format, na_rep="–")
        return f"<p>{escape(repr(self))}</p>{table}{self._curves()}"

    def _curves(self) -> str:
        """Both Lorenz curves over districts × groups × periods as a small picture."""
        lines = []
        for plan, colour in zip(_PLANS, ("#9aa7b1", "#c8102e"), strict=True):
            curve = self.lorenz(plan).dropna()
            points = " ".join(f"{200 * p:.1f},{200 - 200 * g:.1f}" for p, g in curve.itertuples(index=False))
            lines.append(
                f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2">'
                f"<title>Lorenz curve, {plan}</title></polyline>"
            )
        frame = '<path d="M0 200 L200 0" stroke="#ccc"/><rect width="200" height="200" fill="none" stroke="#ccc"/>'
        return f'<svg width="220" height="220" viewBox="-10 -10 220 220">{frame}{"".join(lines)}</svg>'


def fairness(
    demand: pd.DataFrame, existing: SiteReach, new: SiteReach, *, chosen: Array, closed: Array,
    periods: Sequence[Period], need_open: float,
) -> Fairness:  # fmt: skip
    """How evenly the stations of today cover, and those that stay with the ``chosen`` ones (positions in ``new``).

    ``closed``: positions of the open stations that close.
    """
    names = [p.name for p in periods]
    stay = np.setdiff1d(np.arange(len(existing.open_share)), closed)
    later = joined(existing.only(stay), new.only(np.asarray(chosen, dtype=np.int64)))
    today, then = (
        covered_units(demand, reach.access, reach.open_share, periods=names, need_open=need_open)
        for reach in (existing, later)
    )
    units = today.rename(columns={"covered": "today"}).assign(proposal=then["covered"])
    return Fairness(units)
