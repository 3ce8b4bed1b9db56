"""What a meeting decides on, on one page: what is asked for, what it brings, what it costs, how sure that is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from planner.telling.contents.columns import Column
from planner.telling.contents.coverage import district_labels
from planner.telling.contents.records import synthetic_lines
from planner.telling.words.figures import told, told_band
from planner.telling.words.homes import limited_words
from planner.telling.words.numbers import number
from planner.telling.words.phrases import phrase

if TYPE_CHECKING:
    from planner.telling.bundle import Bundle

__all__ = ["Decision", "DecisionRow", "decision"]


@dataclass(frozen=True)
class DecisionRow:
    """A figure: its label, its value and band in print, and the sheet (``sheet_{key}``) that explains it."""

    label: str
    value: str
    band: str
    sheet: str


@dataclass(frozen=True)
class Decision:
    """The page: banner for made-up data ("" without), what is asked, figures, sites per district and batch, limits."""

    banner: str
    asked: str
    rows: tuple[DecisionRow, ...]
    columns: tuple[Column, ...]
    sites: pd.DataFrame
    limits: tuple[str, ...]


def decision(bundle: Bundle) -> Decision:
    """The decision page of a finished study, in its language."""
    study = bundle.settings.study
    columns, sites = _sites(bundle)
    made_up = synthetic_lines(bundle.settings) if study.synthetic else ()
    return Decision(
        banner=" ".join(made_up),
        asked=_asked(bundle),
        rows=tuple(row for row in _rows(bundle) if row is not None),
        columns=columns,
        sites=sites,
        limits=tuple(phrase(f"limit_{i}", study.language) for i in range(1, 4)),
    )


def _asked(bundle: Bundle) -> str:
    language, facts = bundle.settings.study.language, bundle.facts
    batches, cost = len(facts.along("phase_sites", "batch")), facts.find("cost_yuan")
    homes = facts.find("homes_new", network="driver_homes", groups="truck")
    parts = [
        phrase("ask_sites", language, stations=number(facts.shown("stations_open", plan="today")),
               sites=number(facts.shown("sites_new"))),
        phrase("ask_batches", language, n=number(batches)) if batches > 1 else "",
        phrase("ask_cost", language, cost=number(cost.shown)) if cost is not None else "",
        phrase("ask_closed", language, n=number(facts.shown("stations_closed"))) if bundle.closed else "",
        phrase("ask_homes", language, n=number(homes.shown)) if homes is not None and homes.shown else "",
    ]  # fmt: skip
    stop = "，" if language == "zh" else ", "
    return stop.join(part for part in parts if part) + phrase("sentence_stop", language)


def _pair(bundle: Bundle, label: str, sheet: str, **scope: Any) -> DecisionRow | None:
    """A share today and with the plan."""
    now, then = (bundle.facts.find("share", plan=plan, **scope) for plan in ("today", "proposal"))
    if now is None or then is None:
        return None
    bands = " → ".join(b for b in (told_band(now), told_band(then)) if b)
    value = f"{told(now)} → {told(then)}"
    return DecisionRow(phrase(label, bundle.settings.study.language), value, bands, sheet)


def _row(bundle: Bundle, quantity: str, sheet: str, *, of: str = "", **scope: Any) -> DecisionRow | None:
    """One figure; ``of``: the quantity it is part of."""
    found = bundle.facts.find(quantity, **scope)
    if found is None:
        return None
    language, whole = bundle.settings.study.language, f" / {number(bundle.facts.shown(of))}" if of else ""
    value = f"{told(found)}{whole} {found.definition.of(language)}".strip()
    return DecisionRow(found.definition.name(language), value, told_band(found), sheet)


def _rows(bundle: Bundle) -> list[DecisionRow | None]:
    language = bundle.settings.study.language
    homes: dict[str, Any] = {"network": "driver_homes", "groups": "truck"}
    absent = bundle.run.get("absent", {}).get("driver_homes", "")
    served = _row(bundle, "drivers_served", "homes", **homes)
    full = bundle.facts.find("homes_full", **homes)
    if served is not None and full is not None:
        said = limited_words(full.shown, bundle.facts.shown("homes_new", **homes), language)
        served = replace(served, value=served.value + said)
    if served is None and absent:
        served = DecisionRow(phrase("sheet_homes", language), str(absent), "", "homes")
    return [
        _pair(bundle, "decision_share", "coverage"),
        _pair(bundle, "decision_time", "coverage", hours="time"),
        _row(bundle, "newly_covered", "coverage", plan="gain"),
        _row(bundle, "regret", "coverage"),
        _pair(bundle, "decision_backup", "coverage", least=2),
        _pair(bundle, "decision_night", "readings", periods="night"),
        _row(bundle, "visits_more", "batches", plan="gain"),
        _row(bundle, "stations_total", "sites"),
        _row(bundle, "cost_yuan", "costs"),
        _row(bundle, "yuan_per_worker", "costs"),
        _row(bundle, "sites_always", "sensitivity", of="sites_new"),
        _row(bundle, "sites_steady", "sites", of="sites_new"),
        served,
    ]


def _sites(bundle: Bundle) -> tuple[tuple[Column, ...], pd.DataFrame]:
    """New sites per district (rows) and batch (columns), with totals."""
    language, facts, names = bundle.settings.study.language, bundle.facts, district_labels(bundle)
    batches = list(facts.along("phase_sites", "batch"))
    keys = [k for k, f in facts.along("sites_new", "district").items() if f.shown]
    rows = []
    for key in keys:
        row: dict[str, Any] = {"district": names.get(key, key)}
        for n, batch in enumerate(batches):
            found = facts.find("sites_new", district=key, batch=batch)
            row[f"batch_{n}"] = 0 if found is None else int(found.shown)
        rows.append({**row, "sites_new": int(facts.shown("sites_new", district=key))})
    total: dict[str, Any] = {
        "district": phrase("total", language),
        "sites_new": int(facts.shown("sites_new")),
    }
    total |= {f"batch_{n}": int(facts.shown("phase_sites", batch=b)) for n, b in enumerate(batches)}
    heads = [Column("district", "text", 18)]
    heads += [Column(f"batch_{n}", "count", 10, head=b) for n, b in enumerate(batches)]
    heads.append(Column("sites_new", "count", 10))
    return tuple(heads), pd.DataFrame([*rows, total], columns=[c.key for c in heads])
