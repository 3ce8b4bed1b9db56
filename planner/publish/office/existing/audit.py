"""``map_audit.html``, ``audit.html`` and their tables: audits as one page without script or request."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from planner.audit.promised import Audit
from planner.audit.truth import FAULTS, MapAudit
from planner.errors import Finding, sorted_findings
from planner.publish.office.csvfile import write_table
from planner.publish.office.document import render
from planner.publish.office.printed import PrintedTable, printed_table
from planner.publish.safe import write_text
from planner.telling.contents.columns import header
from planner.telling.contents.existing.audit import (
    FAULT_COLUMNS,
    OTHER_COLUMNS,
    PROMISED_COLUMNS,
    audit_lines,
    fault_rows,
    map_lines,
    other_rows,
    promised_rows,
)
from planner.telling.contents.records import FINDING_COLUMNS, finding_rows
from planner.telling.words.numbers import number
from planner.telling.words.phrases import phrase

__all__ = ["write_audit", "write_map_audit", "write_page"]

_MOST_FINDINGS, _MOST_ROWS = 200, 500
Section = tuple[str, str, PrintedTable]


def write_page(
    path: Path, language: str, *, title: str, lines: Sequence[str], sections: Sequence[Section], findings: Sequence[Finding]
) -> None:  # fmt: skip
    """A page of sentences, tables and findings."""
    found = sorted_findings(findings)
    shown = found[:_MOST_FINDINGS]
    rest = len(found) - len(shown)
    rows = finding_rows(shown, language)
    more = (
        phrase("findings_more_checks", language, shown=number(len(shown)), rest=number(rest)) if rest else ""
    )
    page = render(
        "audit.html.j2", language, title=title, lines=list(lines), sections=list(sections), more=more,
        heads=header(FINDING_COLUMNS, language), keys=[c.key for c in FINDING_COLUMNS],
        findings=list(zip([f.severity for f in shown], rows.itertuples(index=False), strict=True)),
    )  # fmt: skip
    write_text(path, page)


def write_map_audit(found: MapAudit, out: Path, language: str) -> tuple[Path, Path]:
    """Write ``map_audit.html`` and ``map_audit.csv`` (every fault, in all three datums); their paths.

    Raises
    ------
    OutputError
        A file could not be written; the old one is untouched.
    """
    sections: list[Section] = []
    for kind in FAULTS:
        rows = fault_rows(found, language, kinds=(kind,))
        if len(rows):
            note = (
                "" if len(rows) <= _MOST_ROWS else phrase("audit_more_rows", language, n=number(_MOST_ROWS))
            )
            table = printed_table(FAULT_COLUMNS, rows.head(_MOST_ROWS), language)
            sections.append((phrase(f"sec_fault_{kind}", language), note, table))
    page, table_path = out / "map_audit.html", out / "map_audit.csv"
    title, lines = phrase("map_audit_title", language), map_lines(found, language)
    write_page(page, language, title=title, lines=lines, sections=sections, findings=found.findings)
    write_table(found.faults, table_path)
    return page, table_path


def write_audit(found: Audit, out: Path, language: str, labels: dict[str, str]) -> tuple[Path, Path]:
    """Write ``audit.html`` and ``audit.csv`` (the promised sites); their paths. ``labels``: names of districts.

    Raises
    ------
    OutputError
        A file could not be written; the old one is untouched.
    """
    sections: list[Section] = []
    for key, columns, rows in (
        ("promised", PROMISED_COLUMNS, promised_rows(found, language, labels)),
        ("others", OTHER_COLUMNS, other_rows(found, labels)),
    ):
        if len(rows):
            note = (
                "" if len(rows) <= _MOST_ROWS else phrase("audit_more_rows", language, n=number(_MOST_ROWS))
            )
            sections.append(
                (
                    phrase(f"sec_{key}", language),
                    note,
                    printed_table(columns, rows.head(_MOST_ROWS), language),
                )
            )
    page, table = out / "audit.html", out / "audit.csv"
    title = phrase("audit_title", language)
    write_page(
        page,
        language,
        title=title,
        lines=audit_lines(found, language),
        sections=sections,
        findings=found.findings,
    )
    write_table(found.promised, table)
    return page, table
