"""What the products say of their sources: findings, input files, made-up data, credits."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pandas as pd

from planner.errors import SEVERITIES, Finding, sorted_findings
from planner.telling.contents.columns import Column, header
from planner.telling.words.names import field_label, input_label, source_label
from planner.telling.words.numbers import number
from planner.telling.words.phrases import phrase

if TYPE_CHECKING:
    from planner.settings.whole import Settings
    from planner.telling.bundle import Bundle

__all__ = [
    "FINDING_COLUMNS",
    "INPUT_COLUMNS",
    "count_line",
    "credit_lines",
    "finding_counts",
    "finding_rows",
    "findings_table",
    "input_rows",
    "station_line",
    "synthetic_lines",
    "synthetic_note",
    "synthetic_notice",
]

FINDING_COLUMNS = (
    Column("severity", "text", 10),
    Column("code", "text", 10),
    Column("source", "text", 24),
    Column("row", "count", 7),
    Column("field", "text", 18),
    Column("value", "text", 26),
    Column("message", "text", 70),
)
INPUT_COLUMNS = (
    Column("input", "text", 18),
    Column("file", "text", 36),
    Column("rows", "count", 10),
    Column("sha256", "text", 68),
)


def finding_counts(findings: Iterable[Finding]) -> dict[str, int]:
    """Number of findings of each severity."""
    counts: dict[str, int] = dict.fromkeys(SEVERITIES, 0)
    for f in findings:
        counts[f.severity] += 1
    return counts


def count_line(findings: Iterable[Finding], language: str) -> str:
    """:func:`finding_counts` as a sentence."""
    return phrase("findings_counts", language, **{s: number(n) for s, n in finding_counts(findings).items()})


def finding_rows(findings: Iterable[Finding], language: str) -> pd.DataFrame:
    """Findings as rows of :data:`FINDING_COLUMNS`; ``row`` is empty where a finding has none."""
    rows = [
        (
            phrase(f"severity_{f.severity}", language),
            f.code,
            source_label(f.source, language),
            f.row,
            field_label(f.field, language),
            f.value,
            f.message(language),
        )
        for f in sorted_findings(findings)
    ]
    return pd.DataFrame(rows, columns=[c.key for c in FINDING_COLUMNS], dtype=object)


def findings_table(findings: Iterable[Finding], language: str) -> pd.DataFrame:
    """:func:`finding_rows` under the heads that people read; the row's number is a whole number or missing."""
    table = finding_rows(findings, language)
    heads = [head.lower() for head in header(FINDING_COLUMNS, language)]
    return table.astype({"row": "Int64"}).set_axis(heads, axis=1)


def input_rows(bundle: Bundle) -> pd.DataFrame:
    """What was read: its role in words, file (without its folder), rows, SHA-256."""
    rows = [
        (
            _input_label(str(i.get("name", "")), bundle),
            str(i.get("path", "")).replace("\\", "/").rsplit("/", 1)[-1],
            i.get("rows"),
            i.get("sha256", ""),
        )
        for i in bundle.run.get("inputs", [])
    ]
    return pd.DataFrame(rows, columns=[c.key for c in INPUT_COLUMNS], dtype=object)


def _input_label(role: str, bundle: Bundle) -> str:
    """A role of input files in words; lists of the union's networks go by their titles."""
    language = bundle.settings.study.language
    for one in bundle.settings.networks:
        own = role.removeprefix(f"network_{one.name}")
        if own == "" or (own != role and own.startswith("_") and own[1:].isdigit()):
            return phrase("input_network", language, title=one.title(language) + own.replace("_", " "))
    return input_label(role, language)


def station_line(bundle: Bundle) -> str:
    """How the rows of the station lists become the open stations; "" where a study has no list."""
    told = bundle.run.get("stations", {})
    if not told.get("listed"):
        return ""
    once, closed = told["listed"] - told["repeated"], told["read"] - told["existing"]
    values = {k: number(told[k]) for k in ("listed", "repeated", "unplaced", "away", "read", "existing")}
    return phrase(
        "stations_told", bundle.settings.study.language, once=number(once), closed=number(closed), **values
    )


def synthetic_note(settings: Settings) -> str:
    """The study's own note about made-up data, in its language; empty where it has none."""
    study = settings.study
    return study.synthetic_note_zh if study.language == "zh" else study.synthetic_note_en


def synthetic_notice(settings: Settings) -> str:
    """One sentence that the data are made up, for every sheet and figure; "" where they are not."""
    return phrase("synthetic_yes", settings.study.language) if settings.study.synthetic else ""


def synthetic_lines(settings: Settings) -> tuple[str, ...]:
    """Whether the data are made up, and the study's own note about it."""
    study = settings.study
    if not study.synthetic:
        return (phrase("synthetic_no", study.language),)
    return tuple(line for line in (phrase("synthetic_yes", study.language), synthetic_note(settings)) if line)


def credit_lines(bundle: Bundle) -> list[str]:
    """Whose data the products show, and for whom they are: one sentence each."""
    language = bundle.settings.study.language
    number_given = bundle.settings.study.map_approval_no
    approval = number_given or phrase("approval_none", language)
    return [
        phrase("credit_osm", language),
        phrase("credit_geonames", language),
        phrase("internal", language),
        phrase("approval", language, number=approval),
    ]
