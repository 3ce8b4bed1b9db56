"""What the documents say, in Chinese and English (``phrases.csv``), and how they print numbers."""

from __future__ import annotations

import csv
import functools
import math
from importlib import resources

from planner.settings.groups import Period
from planner.settings.whole import Settings
from planner.siting.explain import HOST_WORDS

__all__ = [
    "ceil_percent",
    "group_label",
    "host_label",
    "number",
    "percent",
    "period_label",
    "phrase",
    "translated",
]


@functools.cache
def _table() -> dict[str, dict[str, str]]:
    table: dict[str, dict[str, str]] = {}
    for name in ("phrases.csv", "homes.csv"):
        text = resources.files("planner.publish.words").joinpath(name).read_text("utf-8")
        for row in csv.DictReader(text.splitlines()):
            if row["key"] in table:
                raise ValueError(f"{name}: the key {row['key']} stands there twice")
            table[row["key"]] = row
    return table


def phrase(key: str, language: str, **values: object) -> str:
    """The sentence ``key`` in ``"zh"`` or ``"en"``; ``values`` fill its named places (text as it is).

    Raises
    ------
    KeyError
        The key is not in ``phrases.csv``.
    """
    text = _table()[key]["zh" if language == "zh" else "en"]
    return text.format(**values) if values else text


@functools.cache
def _chinese() -> dict[str, str]:
    return {row["en"]: row["zh"] for row in _table().values()}


def translated(text: str, language: str) -> str:
    """A source or note of the defaults in the language asked for; a user's own text as it stands."""
    return _chinese().get(text, text) if language == "zh" else text


def number(value: float | None, digits: int = 0) -> str:
    """``12345.6`` → ``"12,346"``; an en dash where there is no number."""
    if value is None or not math.isfinite(value):
        return "–"
    rounded = round(float(value), digits) + 0.0  # no "-0"
    return f"{rounded:,.{digits}f}"


def percent(share: float | None, digits: int = 1) -> str:
    """``0.4321`` → ``"43.2%"``; an en dash where there is no number."""
    if share is None or not math.isfinite(share):
        return "–"
    return f"{number(100 * share, digits)}%"


def ceil_percent(share: float, digits: int = 3) -> str:
    """A share rounded up, for claims of the kind "not more than"; zero only if it is zero."""
    scale = 10 ** (digits + 2)
    return percent(math.ceil(share * scale - 1e-9) / scale, digits)


def host_label(kind: object, language: str) -> str:
    """A host venue's kind in words; an unknown kind as it is."""
    words = HOST_WORDS.get(str(kind))
    return str(kind) if words is None else words[0 if language == "zh" else 1]


def group_label(name: str, settings: Settings) -> str:
    """A worker group's name in the study's language."""
    language = settings.study.language
    return next((g.label(language) for g in settings.groups if g.name == name), name)


def _clock(hour: float) -> str:
    return f"{int(hour):02d}:{round(hour % 1 * 60):02d}"


def period_label(period: Period) -> str:
    """``"06:00–10:00"``."""
    return f"{_clock(period.start_h)}–{_clock(period.end_h)}"
