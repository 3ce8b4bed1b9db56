"""``evaluation.xlsx`` and ``evaluation.html``: what a list of sites covers beside today and the proposal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from planner.publish.office.existing.audit import write_page
from planner.publish.office.printed import printed_table
from planner.publish.office.sheets import keep_workbook, new_book, put_part, titled
from planner.publish.safe import plain_text
from planner.telling.contents.columns import Option

__all__ = ["write_evaluation"]


def write_evaluation(
    parts: Sequence[Option], out: Path, *, title: str, language: str, note: str = ""
) -> tuple[Path, Path]:
    """A sheet and a section of the page for each part; their paths. ``note``: stands first on every sheet and on the page.

    Raises
    ------
    OutputError
        A file could not be written; the old one is untouched.
    """
    book = new_book()
    for part in parts:
        sheet = book.create_sheet(plain_text(part.heading)[:31])
        put_part(sheet, 1, part.columns, part.table, language, lines=(*([note] if note else []), *part.lines))
        titled(sheet, title)
    keep_workbook(book, out / "evaluation.xlsx", title, notice=note)
    lines = [note] if note else []
    sections = [(p.heading, " ".join(p.lines), printed_table(p.columns, p.table, language)) for p in parts]
    write_page(out / "evaluation.html", language, title=title, lines=lines, sections=sections, findings=())
    return out / "evaluation.xlsx", out / "evaluation.html"
