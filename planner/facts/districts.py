"""Figures of each district that a hand-out needs besides its coverage: gaps and cost; they add up to those of the whole."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from planner.facts.definitions import UNITS, definitions, parts
from planner.facts.plan import Parts
from planner.facts.register import Fact, Scope, fact

__all__ = ["district_facts"]


def district_facts(p: Parts, here: Scope, costs: pd.DataFrame) -> Iterator[Fact]:
    """Gap areas, the workers in them, and the one-off cost, by district.

    ``costs``: per new site ``district``, ``cost_yuan``, ``low``, ``high``; without districts, or with a cost that is not known, none.
    """
    districts = [str(d) for d in p.before.by_district["district"]]
    gaps = p.gaps.groupby(p.gaps["district"].astype(str))["workers"].agg(["size", "sum"])
    sums = gaps["sum"].reindex(districts, fill_value=0.0).to_numpy(dtype=float)
    for district, value, shown in zip(districts, sums, parts(sums, round(float(p.gaps["workers"].sum()))), strict=True):  # fmt: skip
        scope, n = here.at(district=district), gaps["size"].get(district, 0)
        yield fact("gap_areas", scope, int(n), source="gaps")
        yield fact("gap_workers", scope, value, shown=shown, source="gaps")
    if "district" not in costs or costs["cost_yuan"].isna().any() or costs.empty:
        return
    money = costs.groupby(costs["district"].astype(str))[["cost_yuan", "low", "high"]].sum()
    money = money.reindex(districts, fill_value=0.0)
    total = UNITS[definitions()["cost_yuan"].unit].rounded(float(costs["cost_yuan"].sum()))
    shown_parts = parts(money["cost_yuan"].tolist(), total)
    for (district, row), shown in zip(money.iterrows(), shown_parts, strict=True):
        band = (float(row["low"]), float(row["high"]))
        scope = here.at(district=str(district))
        yield fact("cost_yuan", scope, float(row["cost_yuan"]), shown=shown, band=band, source="candidates")
