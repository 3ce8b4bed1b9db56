"""``summary.xlsx`` and ``summary.html``: a row for each study of a batch, with a link to its folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import markupsafe
import pandas as pd
from openpyxl.styles import Font

from planner.facts.definitions import UNITS
from planner.publish.office.existing.audit import write_page
from planner.publish.office.printed import printed_table
from planner.publish.office.sheets import for_print, keep_workbook, new_book, put_table, set_widths
from planner.publish.safe import cell_text
from planner.telling.contents.columns import Column
from planner.telling.words.phrases import phrase

__all__ = ["write_summary"]

_COLUMNS = (
    Column("study", "text", 24), Column("exit_code", "count", 9), Column("workers", "people", 12), Column("before", "share", 10),
    Column("after", "share", 10), Column("after_low", "share", 10), Column("after_high", "share", 10), Column("gain", "people", 12),
    Column("gain_low", "people", 12), Column("gain_high", "people", 12), Column("sites", "count", 9), Column("gap", "gap", 10),
    Column("findings", "count", 10), Column("seconds", "count", 10), Column("folder", "text", 24), Column("message", "text", 70),
)  # fmt: skip
_FOLDER = 1 + [c.key for c in _COLUMNS].index("folder")


def write_summary(table: pd.DataFrame, out: Path, language: str) -> tuple[Path, Path]:
    """Write both into ``out``; their paths. ``table``: as :func:`planner.study.batch.run_batch` returns it.

    Raises
    ------
    OutputError
        A file could not be written; the old one is untouched.
    """
    columns = [Column(c.key, c.kind, c.width, head=phrase(f"batch_{c.key}", language)) for c in _COLUMNS]
    links = [_link(str(folder), out) for folder in table["folder"]]
    rows = table.assign(
        before=_shown(table["before"], "share"), after=_shown(table["after"], "share"), gap=_shown(table["gap"], "gap"),
        seconds=_shown(table["seconds"], "count"), folder=[Path(str(f)).name for f in table["folder"]],
    )  # fmt: skip
    out.mkdir(parents=True, exist_ok=True)
    title = phrase("batch_title", language)
    book = new_book()
    sheet = book.create_sheet(title)
    end = put_table(sheet, 1, columns, rows, language)
    for row, link in enumerate(links, start=2):
        if link:
            cell = sheet.cell(row, _FOLDER)
            cell.hyperlink = link
            cell.font = Font(name=cell.font.name, size=10, color="1F4E8C", underline="single")
    set_widths(sheet, columns)
    sheet.freeze_panes = "B2"
    sheet.auto_filter.ref = f"A1:{sheet.cell(1, len(columns)).column_letter}{max(end - 1, 1)}"
    for_print(sheet, title)
    keep_workbook(book, out / "summary.xlsx", title)
    made = phrase("batch_made", language, n=len(table), failed=int((table["exit_code"] == 1).sum()))
    told = printed_table(columns, rows, language)
    at = _FOLDER - 1
    linked = [
        (*row[:at], _anchor(row[at], link), *row[at + 1 :])
        for row, link in zip(told.rows, links, strict=True)
    ]
    section = (made, "", replace(told, rows=tuple(linked)))
    write_page(out / "summary.html", language, title=title, lines=[], sections=[section], findings=())
    return out / "summary.xlsx", out / "summary.html"


def _shown(values: pd.Series, unit: str) -> list[float]:
    """Numbers as all products print them, empty where there are none."""
    return [float("nan") if pd.isna(v) else UNITS[unit].rounded(float(v)) for v in values]


def _link(folder: str, out: Path) -> str:
    """Where a study's folder is from the summary; "" where it left none, or lies elsewhere."""
    path = Path(folder)
    inside = folder != "" and path.is_dir() and path.parent == out.resolve()
    return f"./{quote(path.name)}/" if inside else ""


def _anchor(name: str, link: str) -> str:
    return markupsafe.Markup('<a href="{}">{}</a>').format(link, cell_text(name)) if link else name
