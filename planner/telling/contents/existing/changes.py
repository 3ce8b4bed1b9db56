"""What changes from last year's plan to this one in words and rows: kept, dropped, added, built since, each with its reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from planner.audit.changes import CHANGES, Changes
from planner.telling.contents.columns import Column
from planner.telling.contents.coverage import district_labels
from planner.telling.words.numbers import number
from planner.telling.words.phrases import phrase

if TYPE_CHECKING:
    from planner.telling.bundle import Bundle

__all__ = ["CHANGE_COLUMNS", "change_lines", "change_parts", "change_rows", "changes_run", "why_changed"]

CHANGE_COLUMNS = (
    Column("plan_change", "text", 12), Column("verb", "text", 8), Column("place_id", "text", 14), Column("place_name", "text", 28),
    Column("district", "text", 12), Column("workers_then", "people", 12), Column("workers_now", "people", 12), Column("change_why", "text", 70),
)  # fmt: skip


def change_parts(bundle: Bundle) -> tuple[tuple[str, Changes], ...]:
    """(plan, what changes) of every plan that goes on from last year's."""
    found = (("proposal", bundle.changes), ("actions", bundle.action_changes))
    return tuple((plan, changes) for plan, changes in found if changes is not None)


def why_changed(row: Any, changes: Changes, language: str) -> str:
    """Why a site or action is built, kept, dropped or added, in a sentence."""
    values = {
        "now": _people(row.workers_now), "then": _people(row.workers_then), "other": row.other_name, "m": _people(row.other_m),
        "verb": phrase(f"verb_{row.other_verb}", language) if row.other_verb else "", "least": _people(changes.least),
    }  # fmt: skip
    key = f"change_why_{row.why}"
    if row.why == "kept" and row.workers_then != row.workers_then:
        key = "change_why_kept_list"
    if row.why == "less" and changes.least != changes.least:
        key = "change_why_less_action"
    return phrase(key, language, **values)


def _people(value: float) -> str:
    return "–" if value != value else number(value)


def change_rows(bundle: Bundle, changes: Changes) -> pd.DataFrame:
    """The table of changes in words, in :data:`CHANGE_COLUMNS`."""
    language, names, t = bundle.settings.study.language, district_labels(bundle), changes.table
    rows = {
        "plan_change": [phrase(f"change_{c}", language) for c in t["change"]], "verb": [phrase(f"verb_{v}", language) for v in t["verb"]],
        "place_id": t["place_id"], "place_name": t["name"], "district": [names.get(str(d), str(d)) for d in t["district"]],
        "workers_then": t["workers_then"], "workers_now": t["workers_now"],
        "change_why": [why_changed(r, changes, language) for r in t.itertuples(index=False)],
    }  # fmt: skip
    return pd.DataFrame(rows)[[c.key for c in CHANGE_COLUMNS]]


def change_lines(bundle: Bundle, plan: str) -> tuple[str, ...]:
    """What changes from last year's plan to ``plan`` (``proposal``, ``actions``), in sentences."""
    facts, language = bundle.facts, bundle.settings.study.language
    changes = dict(change_parts(bundle))[plan]
    told = {c: number(facts.shown(f"plan_{c}", plan=plan)) for c in CHANGES}
    lines = [phrase(f"changes_line_{plan}", language, source=changes.source, **told)]
    key = "changes_priced" if changes.price > 0 else "changes_unpriced"
    return (*lines, phrase(key, language, price=number(changes.price)))


def changes_run(bundle: Bundle) -> dict[str, Any] | None:
    """The block ``previous`` of run.json: per plan the counts and the rows; None where there is no plan to go on from."""
    parts = change_parts(bundle)
    if not parts:
        return None
    language = bundle.settings.study.language
    told: dict[str, Any] = {"source": parts[0][1].source, "change_workers": parts[0][1].price}
    for plan, changes in parts:
        rows = [
            {
                "change": r.change, "verb": r.verb, "place_id": r.place_id, "name": r.name, "district": r.district,
                "workers_then": _rounded(r.workers_then), "workers_now": _rounded(r.workers_now), "why": r.why,
                "reason": why_changed(r, changes, language),
            }
            for r in changes.table.itertuples(index=False)
        ]  # fmt: skip
        told["stations" if plan == "proposal" else plan] = {**changes.counts(), "rows": rows}
    return told


def _rounded(value: float) -> float | None:
    return None if value != value else round(float(value), 3)
