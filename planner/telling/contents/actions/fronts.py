"""Workers against money, and against the worst-off district, in sentences and rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd

from planner.settings.actions import VERBS
from planner.telling.contents.columns import Column
from planner.telling.words.numbers import number, percent
from planner.telling.words.phrases import phrase

if TYPE_CHECKING:
    from planner.actions.fair import ActionFairFront
    from planner.actions.frontier import MoneyFront

__all__ = [
    "FAIR_FRONT_COLUMNS",
    "MONEY_FRONT_COLUMNS",
    "fair_front_lines",
    "fair_front_rows",
    "money_front_lines",
    "money_front_rows",
]

_MIX = Column("front_mix", "text", 36)
MONEY_FRONT_COLUMNS = (
    Column("front_budget", "yuan", 14), Column("front_yearly", "yuan", 14), Column("action_gain", "people", 12), Column("bound_all", "people", 12),
    Column("gap", "gap", 9), Column("front_per_once", "decimal", 14), Column("front_per_yearly", "decimal", 14), _MIX,
)  # fmt: skip
FAIR_FRONT_COLUMNS = (
    Column("front_least", "share", 12), Column("least_district", "text", 14), Column("action_gain", "people", 12), Column("front_covered", "people", 12),
    Column("bound_all", "people", 12), Column("gap", "gap", 9), Column("front_gini", "index", 10), Column("front_ede", "share", 12), _MIX,
)  # fmt: skip


def money_front_lines(found: MoneyFront, language: str) -> tuple[str, ...]:
    """What the picture of workers against money says; that there is nothing to ask where no money is limited."""
    if not len(found.table):
        return (phrase("money_front_none", language),)
    return (phrase("money_front_intro", language, n=number(len(found.table))),)


def money_front_rows(found: MoneyFront, language: str) -> pd.DataFrame:
    """A row per budget, in :data:`MONEY_FRONT_COLUMNS`."""
    t = found.table
    if not len(t):
        return pd.DataFrame(columns=[c.key for c in MONEY_FRONT_COLUMNS])
    rows = {
        "front_budget": t["budget_yuan"], "front_yearly": t["yearly_yuan"], "action_gain": t["new"].round(), "bound_all": t["bound"].round(),
        "gap": t["gap"], "front_per_once": t["per_1000_once"].round(2), "front_per_yearly": t["per_1000_yearly"].round(2),
        "front_mix": _mix(t, language),
    }  # fmt: skip
    return pd.DataFrame(rows)[[c.key for c in MONEY_FRONT_COLUMNS]]


def fair_front_lines(found: ActionFairFront, language: str) -> tuple[str, ...]:
    """What the picture of workers against the worst-off district says."""
    now = found.today
    return (
        phrase("action_front_intro", language),
        phrase("front_bound_line", language, share=percent(found.least_bound)),
        phrase(
            "action_front_today", language, least=percent(now["least_share"]), gini=number(now["gini"], 3), ede=percent(now["ede"]),
        ),
    )  # fmt: skip


def fair_front_rows(found: ActionFairFront, language: str, names: Mapping[str, str]) -> pd.DataFrame:
    """A row per point, in :data:`FAIR_FRONT_COLUMNS`; ``names`` of districts."""
    t = found.table
    rows = {
        "front_least": t["least_share"], "least_district": [names.get(str(d), str(d)) for d in t["least_district"]],
        "action_gain": t["new"].round(), "front_covered": t["covered"].round(), "bound_all": t["bound"].round(), "gap": t["gap"],
        "front_gini": t["gini"], "front_ede": t["ede"], "front_mix": _mix(t, language),
    }  # fmt: skip
    return pd.DataFrame(rows)[[c.key for c in FAIR_FRONT_COLUMNS]]


def _mix(table: pd.DataFrame, language: str) -> list[str]:
    """How many actions of each verb, in words."""
    stop = "、" if language == "zh" else ", "
    return [
        stop.join(f"{phrase(f'verb_{v}', language)} {number(r[v])}" for v in VERBS if r[v])
        for r in table.to_dict("records")
    ]
