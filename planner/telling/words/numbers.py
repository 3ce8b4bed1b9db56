"""How numbers are printed for people; each product's machine-readable cells keep the numbers themselves."""

from __future__ import annotations

import math
from typing import Any, Literal

from planner.tables import is_missing

__all__ = ["Kind", "band_text", "ceil_number", "ceil_percent", "ceil_share", "number", "percent", "printed"]

#: What a value is, which decides how it is printed.
Kind = Literal[
    "text",
    "count",
    "people",
    "metres",
    "share",
    "points",
    "yuan",
    "degrees",
    "decimal",
    "gap",
    "index",
    "spread",
]


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


def ceil_number(value: float) -> int:
    """Up to the next whole number, for claims of the kind "not more than"; a millionth above one is that one."""
    return math.ceil(value - 1e-6)


def ceil_share(share: float, digits: int = 3, *, slack: float = 1e-9) -> float:
    """A share rounded up to ``digits`` of its per cents; zero only if it is zero.

    ``slack`` is how much of the last digit may lie above it without counting: the noise of arithmetic.
    """
    scale = 10 ** (digits + 2)
    return math.ceil(share * scale - slack) / scale


def ceil_percent(share: float, digits: int = 3, *, slack: float = 1e-9) -> str:
    """:func:`ceil_share` in print: ``0.0012341`` → ``"0.124%"``."""
    return percent(ceil_share(share, digits, slack=slack), digits)


def printed(value: Any, kind: Kind) -> str:
    """A value as people read it; missing is an en dash for numbers, nothing for text."""
    if kind == "text":
        return "" if is_missing(value) else str(value)
    if isinstance(value, str):
        return value
    if is_missing(value):
        return "–"
    if kind == "share":
        return percent(float(value))
    if kind == "gap":
        return percent(float(value), 3)
    if kind == "points":
        return ("+" if value > 0 else "") + number(float(value), 1)
    if kind in ("index", "spread"):
        return number(float(value), 3 if kind == "index" else 1)
    if kind == "decimal":
        return f"{float(value):,.6g}" if abs(float(value)) < 1000 else number(float(value))
    return number(float(value), 6 if kind == "degrees" else 0)


def band_text(low: float | None, high: float | None) -> str:
    """``"3.5–6.5"``; empty where there is no band."""
    if low is None or high is None or low != low or high != high:
        return ""
    digits = 0 if max(abs(low), abs(high)) >= 100 else 2
    return f"{_trim(low, digits)}–{_trim(high, digits)}"


def _trim(value: float, digits: int) -> str:
    text = number(value, digits)
    return text.rstrip("0").rstrip(".") if "." in text else text
