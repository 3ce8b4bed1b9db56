"""Figures of grades: stations per grade, those to be looked at, what the next grade costs, subsidy."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from planner.facts.plan import Parts
from planner.facts.register import Fact, Scope, fact

__all__ = ["grade_facts"]


def grade_facts(p: Parts, here: Scope) -> Iterator[Fact]:
    """Of the open stations of today; none where grades are not asked."""
    if p.grades is None:
        return
    table, rules, now = p.grades.table, p.grades.rules, here.at(plan="today")
    level, possible = table["level"].to_numpy(), table["possible"].to_numpy()
    counts = {
        "grades_certain": level == possible, "grades_stated_higher": table["agrees"] == "higher",
        "stations_flagged": table["flags"] != "", "inspections_overdue": table["overdue"],
    }  # fmt: skip
    for id_, which in counts.items():
        yield fact(id_, now, int(np.sum(which)), source="grades")
    yield fact("stations_exit", now, len(p.grades.exits), source="grades")
    for at in range(-1, len(rules.levels)):
        key = "0" if at < 0 else str(rules.levels["grade"].iloc[at])
        yield fact("grade_stations", now.at(case=key), int((level == at).sum()), source="grades")
    for id_, columns in (
        ("upgrade_yuan", ("cost_yuan", "cost_low", "cost_high")),
        ("upgrade_yearly_yuan", ("yearly_yuan", "yearly_low", "yearly_high")),
    ):
        sums = table[list(columns)].sum().to_numpy(float)
        if table[columns[0]].notna().all():
            yield fact(id_, now, sums[0], band=(sums[1], sums[2]), source="grades")
    sure, most = _subsidy(rules.levels["subsidy_yuan"].to_numpy(float), level, possible)
    if np.isfinite(sure):
        band = (
            (sure, max(sure, most)) if np.isfinite(most) else None
        )  # a sum that is not known is no upper end
        yield fact("subsidy_yuan", now, sure, band=band, source="grades")


def _subsidy(yuan: np.ndarray, level: np.ndarray, possible: np.ndarray) -> tuple[float, float]:
    """Subsidy by the certain grades and by the possible ones; NaN where a grade that is held has no sum."""
    known = np.append(yuan, 0.0)  # -1: below the lowest grade, none
    return float(known[level].sum()), float(known[possible].sum())
