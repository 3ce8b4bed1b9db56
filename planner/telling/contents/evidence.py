"""Questions that are answered only where asked: the fairness front, what to find out first, where to pilot."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from planner.facts.evidence import MOST_UNKNOWNS
from planner.telling.contents.columns import Column, Option
from planner.telling.contents.coverage import district_labels
from planner.telling.contents.learning import KnowledgeTold, PilotsTold, names_of
from planner.telling.words.figures import told
from planner.telling.words.phrases import phrase

if TYPE_CHECKING:
    from planner.telling.bundle import Bundle

__all__ = ["front_option", "knowledge_option", "pilots_option"]

FRONT_COLUMNS = (
    Column("front_level", "text", 20), Column("covered_all", "people", 11), Column("share_after", "share", 11),
    Column("bound_all", "people", 11), Column("gap", "gap", 10), Column("least_share", "share", 12),
    Column("least_district", "text", 14), Column("front_price", "text", 14), Column("same", "count", 12),
)  # fmt: skip
KNOWLEDGE_COLUMNS = (
    Column("learn_unknown", "text", 36), Column("learn_removes", "people", 12), Column("learn_chance", "people", 12),
    Column("learn_part", "people", 12), Column("learn_clear", "text", 10),
)  # fmt: skip
PILOT_COLUMNS = (
    Column("place", "count", 8), Column("rank", "count", 8), Column("site_id", "text", 14), Column("name", "text", 26),
    Column("district", "text", 12), Column("pilots_workers", "text", 18), Column("pilots_explained", "share", 12),
)  # fmt: skip


def front_option(bundle: Bundle) -> Option | None:
    """Plans from the most workers to the best-off worst district, each with its bound; None where not asked."""
    found, language, facts = bundle.fair_front, bundle.settings.study.language, bundle.facts
    if found is None or not len(found.table):
        return None
    names, rows = district_labels(bundle), []
    for n, r in enumerate(found.table.itertuples(), start=1):
        plan = f"front {n}"
        price = [facts.fact(id_, plan=plan) for id_ in ("front_price", "front_price_most")]
        most = max(price, key=lambda f: f.shown)
        rows.append(
            (
                phrase("front_n", language, n=n),
                *(facts.shown(id_, plan=plan) for id_ in ("covered", "share", "bound", "gap", "least_share")),
                names.get(str(r.least_district), str(r.least_district)),
                told(most) if price[0].shown == most.shown else f"{told(price[0])}–{told(most)}",
                int(r.same),
            )
        )
    lines = (
        phrase("intro_fair_front", language),
        phrase("front_bound_line", language, share=told(facts.fact("least_bound", plan="front"))),
    )
    table = pd.DataFrame(rows, columns=[c.key for c in FRONT_COLUMNS])
    return Option("fair_front", phrase("sec_fair_front", language), lines, FRONT_COLUMNS, table)


def knowledge_option(bundle: Bundle) -> Option | None:
    """The unknowns that are worth most to find out; None where not asked."""
    found, language, facts = bundle.knowledge, bundle.settings.study.language, bundle.facts
    if found is None:
        return None
    said = KnowledgeTold(found, names_of(bundle.settings, bundle.districts), language)
    rows = [
        (
            said.label(r, language),
            *(
                facts.shown(id_, plan="known", case=f"unknown {n}")
                for id_ in ("learn_removes", "learn_chance", "learn_part")
            ),
            phrase("yes_learn" if r.clear else "no_learn", language),
        )
        for n, r in enumerate(found.table.head(MOST_UNKNOWNS).itertuples(), start=1)
    ]
    table = pd.DataFrame(rows, columns=[c.key for c in KNOWLEDGE_COLUMNS])
    heading = phrase("sec_knowledge", language)
    return Option("knowledge", heading, tuple(said.lines()), KNOWLEDGE_COLUMNS, table)


def pilots_option(bundle: Bundle) -> Option | None:
    """Which sites to build first to learn, and whether it pays; None where not asked."""
    found, language, facts = bundle.pilots, bundle.settings.study.language, bundle.facts
    if found is None:
        return None
    said, names = (
        PilotsTold(found, names_of(bundle.settings, bundle.districts), language),
        district_labels(bundle),
    )
    rows = []
    for r in found.table.itertuples():
        scope = {"plan": "pilots", "case": f"pilot {int(r.place)}"}
        workers = facts.fact("pilot_workers", **scope)
        low, high = (told(workers, v) for v in workers.shown_band() or (workers.shown, workers.shown))
        rows.append(
            (
                int(r.place), int(r.rank), r.site_id, r.name, names.get(str(r.district), str(r.district)),
                phrase("evidence_interval", language, middle=told(workers), low=low, high=high),
                facts.shown("pilot_explained", **scope),
            )
        )  # fmt: skip
    table = pd.DataFrame(rows, columns=[c.key for c in PILOT_COLUMNS])
    return Option("pilots", phrase("sec_pilots", language), tuple(said.lines()), PILOT_COLUMNS, table)
