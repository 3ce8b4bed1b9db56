"""Dates as people and spreadsheets write them."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata

import pandas as pd

from planner.errors import Finding, finding
from planner.inputs.tables.read import RawTable

__all__ = ["parse_date", "read_dates"]

_OLDEST = dt.date(1949, 10, 1)
_EXCEL = dt.date(1899, 12, 30)


def parse_date(text: str) -> tuple[dt.date | None, str]:
    """A date and how sure it is: ``""`` plain, ``"DATE-003"`` mended, ``"DATE-004"`` two readings.

    Spreadsheet serials (45413) count from 1900 (the 1904 system is undone by the reader where the
    cell is a date). A month or a year alone means its first day.

    >>> parse_date("2024年5月1日")
    (datetime.date(2024, 5, 1), 'DATE-003')
    """
    s = unicodedata.normalize("NFKC", text).strip()
    s = re.sub(r"[ T]\d{1,2}:\d{2}(:\d{2})?(\.\d+)?$", "", s)
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", s):
            return dt.date.fromisoformat(s), ""
        m = re.fullmatch(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*[日号]?", s)
        if m or (m := re.fullmatch(r"((?:19|20)\d\d)([01]\d)([0-3]\d)", s)):
            return dt.date(int(m[1]), int(m[2]), int(m[3])), "DATE-003"
        if m := re.fullmatch(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*月?(?:份)?|(\d{4})\s*年", s):
            return dt.date(int(m[1] or m[3]), int(m[2] or 1), 1), "DATE-004"
        if re.fullmatch(r"\d{5}(\.\d+)?", s):
            return _EXCEL + dt.timedelta(days=int(float(s))), "DATE-003"
        if m := re.fullmatch(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})", s):
            a, b = int(m[1]), int(m[2])
            day, month = (b, a) if a <= 12 else (a, b)
            return dt.date(
                int(m[3]), month, day
            ), "DATE-004" if a <= 12 and b <= 12 and a != b else "DATE-003"
        if m := re.fullmatch(r"(\d{2})[-/.](\d{1,2})[-/.](\d{1,2})", s):
            return dt.date(2000 + int(m[1]), int(m[2]), int(m[3])), "DATE-004"
    except ValueError:
        pass
    return None, "DATE-001"


def read_dates(raw: RawTable, role: str, today: dt.date) -> tuple[pd.Series, list[Finding]]:
    """A column of dates as ISO text (None where blank or unreadable), with what was unclear."""
    found: list[Finding] = []
    values: list[str | None] = []
    for text, row in zip(raw.column(role), raw.rows, strict=True):
        date, code = (None, "") if text is None else parse_date(text)
        where = {"source": raw.source, "row": int(row), "field": raw.roles.get(role, role), "value": text}
        if code:
            found.append(finding(code, read=str(date), **where))
        if date is not None and not _OLDEST <= date <= today:
            found.append(finding("DATE-002", **where))
        values.append(None if date is None else date.isoformat())
    return pd.Series(values, dtype=object), found
