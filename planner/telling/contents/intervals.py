"""How sure the figures of coverage are: 5, 50 and 95 % points of the whole, of districts, groups and periods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from planner.facts.register import Fact, plain
from planner.telling.contents.columns import Column
from planner.telling.contents.coverage import district_labels
from planner.telling.words.figures import told, told_band
from planner.telling.words.names import group_label, period_labels
from planner.telling.words.numbers import Kind, number, percent
from planner.telling.words.phrases import phrase

if TYPE_CHECKING:
    from planner.telling.bundle import Bundle

__all__ = ["hindsight_line", "interval_columns", "interval_facts", "interval_rows", "short_intervals"]

#: Of what the points are: figure, plan, and how it is printed.
_OF: tuple[tuple[str, str, str, Kind], ...] = (
    ("before", "share", "today", "share"), ("after", "share", "proposal", "share"), ("new", "newly_covered", "gain", "people"),
)  # fmt: skip
_POINTS = ("low", "middle", "high")


def interval_columns(language: str) -> tuple[Column, ...]:
    """Part, then 5, 50 and 95 % of the share today, of the share with the plan, and of the newly covered."""
    heads = {p: phrase(f"point_{p}", language) for p in _POINTS}
    return (
        Column("part", "text", 26),
        *(
            Column(f"{name}_{p}", kind, 11, head=f"{phrase(f'interval_{name}', language)} {heads[p]}")
            for name, _, _, kind in _OF
            for p in _POINTS
        ),
    )


def interval_facts(bundle: Bundle) -> list[tuple[str, list[Fact]]]:
    """Label and the three figures of the whole, each district, group and period where all have 5, 50 and 95 % points."""
    language, facts, settings = bundle.settings.study.language, bundle.facts, bundle.settings
    districts, periods = district_labels(bundle), period_labels(settings)
    parts: list[tuple[str, dict[str, Any]]] = [(phrase("total", language), {})]
    parts += [(districts.get(k, k), {"district": k}) for k in facts.along("share", "district", plan="today")]
    parts += [
        (group_label(plain(k), settings), {"groups": k}) for k in facts.along("share", "groups", plan="today")
    ]
    known = facts.along("share", "periods", plan="today")
    parts += [(periods[plain(k)], {"periods": k}) for k in known if plain(k) in periods and k != "any_hour"]
    rows = []
    for label, scope in parts:
        known_facts = [facts.find(quantity, plan=plan, **scope) for _, quantity, plan, _ in _OF]
        found = [f for f in known_facts if f is not None and f.middle is not None]
        if len(found) == len(_OF):
            rows.append((label, found))
    return rows


def interval_rows(bundle: Bundle) -> pd.DataFrame | None:
    """One row for the whole, each district, group and period whose figures have bands; None without any."""
    rows = [(label, *(v for f in found for v in _points(f))) for label, found in interval_facts(bundle)]
    if not rows:
        return None
    return pd.DataFrame(rows, columns=[c.key for c in interval_columns(bundle.settings.study.language)])


def short_intervals(bundle: Bundle) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """The same in four columns of text, each with its middle and, between brackets, 5 to 95 %: heads and rows."""
    language = bundle.settings.study.language

    def span(f: Fact) -> str:
        low, middle, high = (told(f, v) for v in _points(f))
        return phrase("evidence_interval", language, low=low, middle=middle, high=high)

    heads = (phrase("col_part", language), *(phrase(f"interval_{name}", language) for name, *_ in _OF))
    return heads, [(label, *(span(f) for f in found)) for label, found in interval_facts(bundle)]


def _points(figure: Fact) -> tuple[float | None, ...]:
    low, high = figure.shown_band() or (None, None)
    return low, figure.shown_middle(), high


def hindsight_line(bundle: Bundle) -> str:
    """What not knowing the true numbers costs, and what knowing them could gain at most; "" without draws."""
    facts, language = bundle.facts, bundle.settings.study.language
    regret = facts.find("regret")
    if regret is None or bundle.hindsight is None:
        return ""
    return phrase(
        "cert_regret", language, draws=number(len(bundle.hindsight.draws)), regret=number(regret.shown),
        band=told_band(regret) or number(regret.shown), of_new=percent(facts.shown("regret_of_new")),
        share=percent(facts.shown("regret_share")), most=number(facts.shown("regret_most")),
    )  # fmt: skip
