"""OSM's ``opening_hours`` as the plain spans of a working day that planner reckons with."""

from __future__ import annotations

import re

__all__ = ["canonical_hours"]

_DAYS = {d: i for i, d in enumerate(("mo", "tu", "we", "th", "fr", "sa", "su"))}
_SPAN = re.compile(r"(\d{1,2}):?(\d{2})?\s*(?:-|–|—|~|to)\s*(\d{1,2}):?(\d{2})?")
_DAY_RANGE = re.compile(r"\b(mo|tu|we|th|fr|sa|su)\b(?:\s*-\s*(mo|tu|we|th|fr|sa|su)\b)?")
_SEASON = re.compile(
    r"\b(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|week|easter|sunrise|sunset|dawn|dusk|sh)\b"
)


def canonical_hours(text: str) -> str:
    """``"08:00-20:00"``, several spans joined by ``;``; "" where it cannot be said for sure.

    Of different days the hours of most days win (of equals, the earlier in the week). Public holidays
    are left aside; seasons, sunrise and comments alone give "". A span that passes midnight stays one:
    ``"18:00-02:00"``. Grammar: https://wiki.openstreetmap.org/wiki/Key:opening_hours/specification.

    >>> canonical_hours("Mo-Fr 08:00-12:00,13:30-18:00; Sa 09:00-12:00; PH off")
    '08:00-12:00;13:30-18:00'
    """
    plain = re.sub(r'"[^"]*"', "", text.lower()).strip()
    if not plain or _SEASON.search(plain):
        return ""
    if plain.replace(" ", "") in ("24/7", "24/24", "24h", "00:00-24:00", "mo-su00:00-24:00", "0:00-24:00"):
        return "00:00-24:00"
    week: list[str] = [""] * 7
    for rule in re.split(r"[;]|\|\|", _join_rules(plain)):
        rule = rule.strip()
        if not rule:
            continue
        days = _days_of(rule)
        spans = _spans_of(rule)
        if spans is None:
            return ""
        for day in days:
            week[day] = spans
    open_days = [d for d in week if d]
    if not open_days:
        return ""
    return max(open_days, key=lambda spans: (week.count(spans), -week.index(spans)))


def _join_rules(text: str) -> str:
    """A comma that begins a new rule (``…18:00, Sa 09:00…``) is read as a semicolon."""
    return re.sub(r"(\d)\s*,\s*(?=(?:mo|tu|we|th|fr|sa|su|ph)\b)", r"\1;", text)


def _days_of(rule: str) -> list[int]:
    """Days of the week a rule is about; all if it names none, none if only public holidays."""
    found: set[int] = set()
    for first, last in _DAY_RANGE.findall(rule):
        a, b = _DAYS[first], _DAYS[last or first]
        found |= {d % 7 for d in range(a, b + 1 if b >= a else b + 8)}
    if found or re.search(r"\bph\b", rule):
        return sorted(found)
    return list(range(7))


def _spans_of(rule: str) -> str | None:
    """The spans of one rule; "" for closed, None if it cannot be read."""
    if re.search(r"\b(off|closed)\b", rule):
        return ""
    if "24/7" in rule:
        return "00:00-24:00"
    spans = []
    for h1, m1, h2, m2 in _SPAN.findall(_DAY_RANGE.sub(" ", rule)):
        start, end = int(h1) * 60 + int(m1 or 0), int(h2) * 60 + int(m2 or 0)
        if start >= 1440 or int(m1 or 0) > 59 or int(m2 or 0) > 59 or end > 2880:
            return None
        end = end - 1440 if end > 1440 else end
        if start == end or (start, end) == (0, 1440):
            return "00:00-24:00"
        spans.append(f"{start // 60:02d}:{start % 60:02d}-{end // 60:02d}:{end % 60:02d}")
    if spans:
        return ";".join(spans)
    return None if not re.search(r"\bph\b", rule) else ""
