"""Figures of fairness: how evenly coverage falls on districts, groups and periods, today and with the plan."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.equity.fairness import AVERSION_BAND, district_gap
from planner.equity.indices import gini
from planner.facts.bands import Band, Draws
from planner.facts.register import Fact, Scope, fact

if TYPE_CHECKING:
    from planner.equity.fairness import Fairness
    from planner.siting.coverage import Coverage

__all__ = ["fairness_facts"]

Array = NDArray[Any]


def fairness_facts(
    before: Coverage, after: Coverage, here: Scope, *, draws: Draws | None, found: Fairness | None, aversion: float,
) -> Iterator[Fact]:  # fmt: skip
    """Every figure of fairness; those over districts × groups × periods only where they were ``found``.

    Parameters
    ----------
    draws
        The demand draws; None: no bands.
    aversion
        Aversion to inequality (Kolm–Pollak); the band of ``ede_share`` is from :data:`AVERSION_BAND`.
    """
    plans = {"today": before, "proposal": after}
    for plan, coverage in plans.items():
        table = coverage.by_district
        workers, shares = (table[c].to_numpy(dtype=float) for c in ("workers", "share"))
        if not (workers > 0).any() or len(table) < 2:
            continue
        scope = here.at(plan=plan)
        drawn = _drawn(coverage, table["district"], draws)
        value = gini(shares, workers)
        if np.isfinite(value):
            yield fact("gini_districts", scope, value, band=_band(draws, drawn, gini), source="coverage")
        # the printed shares subtract
        printed = np.round(shares, 3)
        shown = round(100 * district_gap(printed, workers), 1)
        band = _band(draws, drawn, lambda s, w: 100 * district_gap(s, w))
        gap = 100 * district_gap(shares, workers)
        yield fact("district_gap", scope, gap, shown=shown, band=band, source="coverage")
    if found is not None:
        yield from _over_units(found, here, aversion)


def _drawn(coverage: Coverage, names: pd.Series, draws: Draws | None) -> tuple[Array, Array] | None:
    """Per draw and district the covered share and the workers (each draws × districts)."""
    found = None if draws is None else draws.under(coverage)
    if found is None:
        return None
    nobody = np.zeros(len(found.sums))

    def each(column: str) -> Array:
        sums = [found.of(column, district=str(name)) for name in names]
        return np.column_stack([nobody if v is None else v for v in sums])

    got, whole = each("covered"), each("workers")
    return np.divide(got, whole, out=np.zeros_like(got), where=whole > 0), whole


def _band(draws: Draws | None, drawn: tuple[Array, Array] | None, measure: Any) -> Band | None:
    if draws is None or drawn is None:
        return None
    values = np.array([measure(s, w) for s, w in zip(*drawn, strict=True)])
    return draws.of(values) if np.isfinite(values).all() else None


def _over_units(found: Fairness, here: Scope, aversion: float) -> Iterator[Fact]:
    """Over districts × groups × periods."""
    measures = found.measures(aversion=aversion)
    ends = [found.measures(aversion=a)["ede"] for a in AVERSION_BAND]
    for plan in measures.index:
        scope, m = here.at(plan=str(plan)), measures.loc[plan]
        for id_, key in (
            ("gini_units", "gini_units"),
            ("theil_between", "theil_between"),
            ("theil_within", "theil_within"),
        ):
            if np.isfinite(m[key]):
                yield fact(id_, scope, float(m[key]), source="fairness")
        if np.isfinite(m["ede"]):
            low, high = sorted(float(e[plan]) for e in ends)
            low, high = min(low, float(m["ede"])), max(high, float(m["ede"]))
            yield fact("ede_share", scope, float(m["ede"]), band=(low, high), source="fairness")
