"""The hand-outs of every district as files, and ``districts.xlsx`` with all districts and the whole."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

from planner.errors import UnsafePathError
from planner.exports.handouts.contents import (
    BATCH_COLUMNS,
    GAPS,
    Handout,
    handout,
    station_columns,
    summary,
    summary_columns,
)
from planner.exports.handouts.picture import district_map
from planner.progress import Progress, silent
from planner.publish.office.printed import PrintedTable, printed_table
from planner.publish.office.sheets import (
    for_print,
    keep_workbook,
    new_book,
    put,
    put_heading,
    put_heads,
    put_notes,
    put_table,
    put_total,
    set_widths,
)
from planner.publish.office.wordfile import Picture, TextLine, parts_docx
from planner.publish.safe import safe_name, whole_set, write_bytes
from planner.telling.contents.columns import Column
from planner.telling.contents.records import credit_lines, synthetic_lines
from planner.telling.words.phrases import phrase

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

    from planner.telling.bundle import Bundle

__all__ = ["file_stem", "write_handouts"]

#: Columns of the sites in the document; the workbook has all.
_PRINTED = (
    "rank",
    "name",
    "host_kind",
    "open_hours",
    "workers_gained",
    "nearest_station_m",
    "batch",
    "reason",
)
_FIGURE_COLUMNS = (
    Column("figure", "text", 34), Column("here", "text", 16), Column("band", "text", 22), Column("whole", "text", 16),
)  # fmt: skip
SUMMARY = "districts.xlsx"


def file_stem(number: int, name: str) -> str:
    """``"03_姑苏区"``: the number makes it stand alone; a name that no file system takes is left out, or what is strange in it.

    Examples
    --------
    >>> file_stem(3, "姑苏区"), file_stem(4, "../etc"), file_stem(5, "CON")
    ('03_姑苏区', '04_etc', '05_CON')
    """
    plain = "".join(
        c if c.isalnum() or c in "-_ ()（）·" else " " for c in unicodedata.normalize("NFC", name)
    )
    stem = f"{number:02d}_{'_'.join(plain.split())[:40].strip(' .')}".rstrip("_")
    try:
        return safe_name(stem)
    except UnsafePathError:
        return f"{number:02d}"


def _heads(language: str) -> tuple[str, ...]:
    return tuple(
        phrase(k, language) for k in ("decision_figure", "handout_here", "decision_band", "handout_whole")
    )


def _banner(bundle: Bundle) -> str:
    return " ".join(synthetic_lines(bundle.settings)) if bundle.settings.study.synthetic else ""


def _notes(bundle: Bundle, *, bands: bool) -> list[str]:
    """What sums and what does not, where ranges are from (``bands``: there are some), the credits."""
    keys = ["handout_sum_note", *(["handout_band_note"] if bands else [])]
    return [phrase(k, bundle.settings.study.language) for k in keys] + credit_lines(bundle)


def _document(bundle: Bundle, h: Handout) -> bytes:
    language, study = bundle.settings.study.language, bundle.settings.study
    figures = PrintedTable(
        _heads(language), tuple((f.label, f.text, f.band, f.whole_text) for f in h.figures), (False, True, True, True),
        ("decision_label", "decision_value", "decision_band", "decision_more"),
    )  # fmt: skip
    picture, banner = district_map(bundle, h.key, h.name), _banner(bundle)
    parts: list[TextLine | Picture | PrintedTable] = [
        TextLine(phrase("handout_kicker", language), size=10.5, bold=True, colour="accent"),
        TextLine(h.title, size=18, bold=True),
        TextLine(phrase("handout_of", language, title=study.title()), size=9, colour="soft"),
        *([TextLine(banner, size=9.5, bold=True, colour="accent")] if banner else []),
        TextLine(h.sentence, size=11.5, bold=True),
        TextLine(phrase("handout_figures", language), level=1),
        figures,
    ]
    if len(h.batches) > 1:
        parts += [
            TextLine(phrase("handout_batches", language), level=2),
            printed_table(BATCH_COLUMNS, h.batches, language),
        ]
    if picture is not None:
        parts += [
            TextLine(phrase("handout_map", language), level=1),
            Picture(picture, phrase("handout_map_caption", language)),
        ]
    parts.append(TextLine(phrase("handout_sites", language), level=1))
    columns = tuple(c for c in h.site_columns if c.key in _PRINTED)
    if len(h.sites):
        parts += [
            TextLine(phrase("handout_sites_note", language), size=9, colour="soft"),
            printed_table(columns, h.sites, language),
        ]
    else:
        parts.append(TextLine(phrase("handout_sites_none", language)))
    parts += [TextLine(h.closed)] if h.closed else []
    parts.append(TextLine(phrase("handout_gaps", language), level=1))
    parts.append(
        printed_table(GAPS, h.gaps, language)
        if len(h.gaps)
        else TextLine(phrase("handout_gaps_none", language))
    )
    parts.append(TextLine(phrase("handout_notes", language), level=1))
    parts += [
        TextLine(line, size=9, colour="soft") for line in _notes(bundle, bands=any(f.band for f in h.figures))
    ]
    return parts_docx(parts, title=f"{h.title} · {study.title()}", footer=phrase("internal", language))


def _opened(book: Workbook, key: str, bundle: Bundle) -> tuple[Worksheet, int]:
    """A new sheet with the banner for made-up data on top, and its first free row."""
    sheet, banner = book.create_sheet(phrase(key, bundle.settings.study.language)[:31]), _banner(bundle)
    return sheet, put_notes(sheet, 1, [banner] if banner else [])


def _book(bundle: Bundle, h: Handout, path: Path) -> None:
    language, book = bundle.settings.study.language, new_book()
    title = f"{h.title} · {bundle.settings.study.title()}"
    sheet, row = _opened(book, "handout_figures", bundle)
    row = put_notes(sheet, put_heading(sheet, row, h.title), [h.sentence])
    put_heads(sheet, row, _heads(language))
    for figure in h.figures:
        row += 1
        put(sheet, row, 1, figure.label, ruled=True)
        put(sheet, row, 2, figure.here, figure.kind, ruled=True)
        put(sheet, row, 3, figure.band, ruled=True)
        put(sheet, row, 4, figure.whole, figure.kind, ruled=True)
    row += 2
    if len(h.batches) > 1:
        row = put_heading(sheet, row, phrase("handout_batches", language))
        row = put_table(sheet, row, BATCH_COLUMNS, h.batches, language) + 1
    row = put_notes(
        sheet, row, (*([h.closed] if h.closed else []), *_notes(bundle, bands=any(f.band for f in h.figures)))
    )
    set_widths(sheet, _FIGURE_COLUMNS)
    for_print(sheet, title, top=None, landscape=False)
    for key, columns, table in (
        ("handout_sites", h.site_columns, h.sites), ("handout_gaps", GAPS, h.gaps), ("handout_stations", station_columns(h.stations), h.stations),
    ):  # fmt: skip
        sheet, row = _opened(book, key, bundle)
        put_table(sheet, row, columns, table, language)
        set_widths(sheet, columns)
        sheet.freeze_panes = f"A{row + 1}"
        for_print(sheet, title, top=row)
    keep_workbook(book, path, title)


def _summary(bundle: Bundle, handouts: list[Handout], path: Path) -> None:
    """A row per district and the whole's below."""
    language, book = bundle.settings.study.language, new_book()
    sheet, row = _opened(book, "handout_summary", bundle)
    columns = summary_columns(handouts, language)
    table, total = summary(handouts, language)
    end = put_table(sheet, row, columns, table, language)
    put_total(sheet, end, columns, total)
    sheet.freeze_panes = f"B{row + 1}"
    end += 2
    end = put_notes(sheet, end, _notes(bundle, bands=False))
    set_widths(sheet, columns)
    for_print(sheet, bundle.settings.study.title(), top=row)
    keep_workbook(book, path, bundle.settings.study.title())


def write_handouts(bundle: Bundle, out: Path, *, progress: Progress | None = None) -> list[Path]:
    """Write ``{number}_{district}.docx`` and ``.xlsx`` for each district, all of them or none; ``districts.xlsx`` last.

    The same bundle gives the same bytes.

    Raises
    ------
    OutputError
        A file could not be written; the old ones are untouched.
    """
    say, keys, names = progress or silent, [str(d) for d in bundle.districts["district"]], list[str]()
    language = bundle.settings.study.language
    with whole_set(out, last=SUMMARY) as folder:
        handouts = [handout(bundle, key) for key in keys]
        for n, h in enumerate(handouts):
            say(phrase("say_writing", language, name=h.name), n / len(handouts))
            stem = file_stem(n + 1, h.name)
            write_bytes(folder / f"{stem}.docx", _document(bundle, h))
            _book(bundle, h, folder / f"{stem}.xlsx")
            names += [f"{stem}.docx", f"{stem}.xlsx"]
        _summary(bundle, handouts, folder / SUMMARY)
    say("done", 1.0)
    return [out / name for name in (*names, SUMMARY)]
