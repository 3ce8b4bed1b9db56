"""OSM's ``opening_hours`` as the plain spans of a working day that planner reckons with.

The grammar (https://wiki.openstreetmap.org/wiki/Key:opening_hours/specification) is opening-hours-py's.
What it rejects, because mappers write as people do (``Mo-Fr 8-18``, ``10:00 to 22:00``, ``24小时``), goes to
the reader of people's hours.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections.abc import Iterator

from opening_hours import OpeningHours, State, validate

from planner.hours.parse import DAY_MIN, Hours, merged, parse_hours

__all__ = ["canonical_hours", "hours_of_tag"]

#: leaves the hours of a working day open: seasons, the sun, school holidays, no end stated
_UNSURE = re.compile(
    r"\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|week|easter|sunrise|sunset|dawn|dusk|sh)\b"
    r"|(?<![-\d:])\d{1,2}:\d\d\+",
    re.IGNORECASE,
)
_DAY = "(?:mo|tu|we|th|fr|sa|su|ph)"
#: "Mo-Sa, PH 08:00-20:00": to the letter a rule without hours (all day) and another; nobody means that
_SPACED_DAYS = re.compile(rf"\b({_DAY})\s*,\s+(?={_DAY}\b)", re.IGNORECASE)
#: Any week will do: no country's holidays are looked up, and no rule that names dates gets here.
_MONDAY = dt.datetime(2001, 1, 1)  # noqa: DTZ001 - hours are local, whatever the place


def canonical_hours(text: str) -> str:
    """``"08:00-20:00"``, several spans joined by ``;``; "" where it cannot be said for sure.

    Of different days the hours of most days win (of equals, the earlier in the week). Public holidays
    are left aside; seasons, sunrise and comments alone give "". A span that passes midnight belongs to
    the day it begins on (written as :attr:`planner.hours.parse.Hours.text`).

    >>> canonical_hours("Mo-Fr 08:00-12:00,13:30-18:00; Sa 09:00-12:00; PH off")
    '08:00-12:00;13:30-18:00'
    """
    return hours_of_tag(text)[0]


@functools.lru_cache(maxsize=20_000)
def hours_of_tag(text: str) -> tuple[str, str]:
    """:func:`canonical_hours` and, where the days of the week differ, :attr:`planner.hours.parse.Hours.week_text`.

    >>> hours_of_tag("Mo-Fr 08:00-18:00; Sa 09:00-12:00")
    ('08:00-18:00', 'Mo-Fr 08:00-18:00; Sa 09:00-12:00')
    """
    plain = _SPACED_DAYS.sub(r"\1,", re.sub(r'"[^"]*"', "", text)).strip(" |")
    if not plain or _UNSURE.search(plain):
        return "", ""
    if not validate(plain):
        read = parse_hours(plain)
        return (read.text or "", read.week_text) if read.spans else ("", "")
    week: list[list[tuple[int, int]]] = [[] for _ in range(7)]
    for day, start, end in _open_spans(plain):
        week[day] += [(start, min(end, DAY_MIN)), (0, end - DAY_MIN)]
    every = tuple(merged(spans) for spans in week)
    texts = [Hours(spans).text or "" for spans in every if spans]
    most = max(texts, key=lambda spans: (texts.count(spans), -texts.index(spans)), default="")
    if not most or len(set(every)) == 1:
        return most, ""
    return most, Hours(week=every).week_text


def _open_spans(rules: str) -> Iterator[tuple[int, int, int]]:
    """Weekday (0 is Monday) and minutes since its midnight of what is open within a week; whole days apart."""
    reader = OpeningHours(rules, auto_country=False, auto_timezone=False)
    week = reader.intervals(_MONDAY - dt.timedelta(days=1), _MONDAY + dt.timedelta(days=8))
    for first, last, state, _ in week:
        if state != State.OPEN:
            continue
        start, end = ((moment - _MONDAY) // dt.timedelta(minutes=1) for moment in (first, last))
        while end - start > DAY_MIN:
            midnight = start // DAY_MIN * DAY_MIN + DAY_MIN
            yield from _within_week(start, midnight)
            start = midnight
        yield from _within_week(start, end)


def _within_week(start: int, end: int) -> Iterator[tuple[int, int, int]]:
    day = start // DAY_MIN
    if 0 <= day < 7:
        yield day, start - day * DAY_MIN, end - day * DAY_MIN
