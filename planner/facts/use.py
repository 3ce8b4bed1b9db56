"""Figures of use: visits a day to expect today, with the plan and more than today, per station and per covered worker."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from planner.facts.definitions import parts as parts_of
from planner.facts.plan import Parts
from planner.facts.register import Fact, Scope, fact

__all__ = ["use_facts"]


def use_facts(p: Parts, here: Scope) -> Iterator[Fact]:
    """Visits a day, in all and by the district of the workers; none where use is not known."""
    use = p.use
    if use is None:
        return
    n_open = int((p.stations["status"] == "open").sum())
    numbers = {"today": n_open, "proposal": n_open - p.closed + len(p.chosen)}
    columns = {
        "today": ("today", use.today, use.today_drawn, p.before),
        "proposal": ("after", use.after, use.after_drawn, p.after),
    }
    for plan, (column, total, drawn, coverage) in columns.items():
        scope = here.at(plan=plan)
        yield fact("visits_day", scope, total, band=_band(drawn), source="use")
        if numbers[plan]:
            yield fact(
                "visits_station",
                scope,
                total / numbers[plan],
                band=_band(drawn / numbers[plan]),
                source="use",
            )
        if coverage.covered > 0:
            yield fact(
                "use_share",
                scope,
                total / coverage.covered,
                band=_band(drawn / coverage.covered),
                source="use",
            )
        table, whole = use.districts, round(total)
        shown = parts_of(table[column].tolist(), whole)
        rows = zip(
            table["district"],
            table[column],
            shown,
            table[f"{column}_low"],
            table[f"{column}_high"],
            strict=True,
        )
        for district, value, printed, low, high in rows:
            where = scope.at(district=str(district))
            yield fact(
                "visits_day", where, float(value), shown=printed, band=(float(low), float(high)), source="use"
            )
    more = use.after - use.today
    band = _band(use.after_drawn - use.today_drawn)
    yield fact(
        "visits_more",
        here.at(plan="gain"),
        more,
        shown=round(use.after) - round(use.today),
        band=band,
        source="use",
    )


def _band(drawn: NDArray[Any]) -> tuple[float, float] | None:
    """5 % and 95 % points over the draws; None without draws."""
    if not len(drawn):
        return None
    low, high = np.quantile(drawn, [0.05, 0.95])
    return float(low), float(high)
