"""The page's evidence: how sure its figures are, use, fairness and what was asked besides, as printed text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from planner.publish.office.printed import PrintedTable, printed_table
from planner.telling.contents.evidence import front_option, knowledge_option, pilots_option
from planner.telling.contents.fairness import FAIRNESS_COLUMNS, fairness_lines, fairness_rows
from planner.telling.contents.intervals import hindsight_line, short_intervals
from planner.telling.contents.questions import use_option
from planner.telling.words.numbers import number
from planner.telling.words.phrases import phrase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from planner.telling.bundle import Bundle

__all__ = ["evidence_part"]


def evidence_part(bundle: Bundle) -> list[dict[str, Any]]:
    """Sections in order: ``key``, ``heading``, ``lines``, and the table's ``heads``, ``rows``, ``numeric`` (empty: only said).

    Every number is the register's and printed here: the page only lays it out.
    """
    return list(_sections(bundle))


def _sections(bundle: Bundle) -> Iterator[dict[str, Any]]:
    language = bundle.settings.study.language
    heads, rows = short_intervals(bundle)
    if rows:
        intro = phrase("intro_intervals_page", language, draws=number(bundle.settings.demand.ensemble))
        lines = [intro, *filter(None, [hindsight_line(bundle)])]
        table = PrintedTable(heads, tuple(rows), (False, True, True, True))
        yield _section("intervals", phrase("sec_intervals", language), lines, table)
    parts = [use_option(bundle), front_option(bundle), knowledge_option(bundle), pilots_option(bundle)]
    made = {
        p.key: _section(p.key, p.heading, list(p.lines), printed_table(p.columns, p.table, language))
        for p in parts
        if p is not None
    }
    measures = fairness_rows(bundle)
    if len(measures):
        table = printed_table(FAIRNESS_COLUMNS, measures, language)
        lines = list(fairness_lines(bundle))
        made["fairness"] = _section("fairness", phrase("sec_fairness", language), lines, table)
    for key in ("use", "fairness", "fair_front", "knowledge", "pilots"):
        if key in made:
            yield made[key]


def _section(key: str, heading: str, lines: list[str], table: PrintedTable) -> dict[str, Any]:
    return {
        "key": key,
        "heading": heading,
        "lines": lines,
        "heads": list(table.heads) if table.rows else [],
        "rows": [list(r) for r in table.rows],
        "numeric": list(table.numeric),
    }
