"""How evenly coverage falls: the measures today and with the plan, and what they say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple, cast

import pandas as pd

from planner.facts.definitions import UNITS
from planner.telling.contents.columns import Column
from planner.telling.words.figures import told, told_band
from planner.telling.words.numbers import Kind, printed
from planner.telling.words.phrases import phrase

if TYPE_CHECKING:
    from planner.telling.bundle import Bundle

__all__ = ["FAIRNESS_COLUMNS", "Measure", "fairness_lines", "fairness_measures", "fairness_rows"]

_IDS = ("gini_districts", "district_gap", "gini_units", "theil_between", "theil_within", "ede_share")
FAIRNESS_COLUMNS = (
    Column("measure", "text", 26), Column("today", "text", 14), Column("today_band", "text", 18),
    Column("with_plan", "text", 14), Column("with_plan_band", "text", 18),
)  # fmt: skip


class Measure(NamedTuple):
    """A measure as printed: name, kind of number, today and with the plan (None where not known) with their bands."""

    name: str
    kind: Kind
    today: float | None
    today_band: str
    with_plan: float | None
    with_plan_band: str


def fairness_measures(bundle: Bundle) -> list[Measure]:
    """Every measure of fairness that the study has; none where there are no two districts."""
    out = []
    for id_ in _IDS:
        now, then = bundle.facts.find(id_, plan="today"), bundle.facts.find(id_)
        known = now or then
        if known is None:
            continue
        what = known.definition
        kind = cast("Kind", UNITS[what.unit].kind)
        name = what.name(bundle.settings.study.language)
        ends = [(f.shown, told_band(f)) if f is not None else (None, "") for f in (now, then)]
        out.append(Measure(name, kind, *ends[0], *ends[1]))
    return out


def fairness_rows(bundle: Bundle) -> pd.DataFrame:
    """The same as printed text, in the columns of :data:`FAIRNESS_COLUMNS`."""
    rows = [
        (m.name, printed(m.today, m.kind), m.today_band, printed(m.with_plan, m.kind), m.with_plan_band)
        for m in fairness_measures(bundle)
    ]
    return pd.DataFrame(rows, columns=[c.key for c in FAIRNESS_COLUMNS])


def fairness_lines(bundle: Bundle) -> Iterator[str]:
    """What the Gini and the gap say together; nothing where there are no two districts."""
    language, facts = bundle.settings.study.language, bundle.facts
    ends = [
        (id_, facts.find(id_, plan="today"), facts.find(id_)) for id_ in ("gini_districts", "district_gap")
    ]
    ways = []
    for id_, now, then in ends:
        if now is None or then is None:
            continue
        way = "same" if now.shown == then.shown else "less" if then.shown < now.shown else "more"
        ways.append(way)
        yield phrase(f"fair_{id_}_{way}", language, before=told(now), after=told(then))
    if ways:
        yield phrase("intro_fairness", language)
    if sorted(ways) == ["less", "more"]:
        yield phrase("fair_apart", language)
