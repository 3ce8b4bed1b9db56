"""A registered figure in print: its value, its band, what is counted."""

from __future__ import annotations

from typing import cast

from planner.facts.definitions import UNITS
from planner.facts.register import Fact
from planner.telling.words.numbers import Kind, printed

__all__ = ["told", "told_band"]


def told(figure: Fact, value: float | None = None) -> str:
    """The figure in print (or another value of its kind): ``42.7%``, ``64,865``."""
    kind = cast("Kind", UNITS[figure.definition.unit].kind)
    return printed(figure.shown if value is None else value, kind)


def told_band(figure: Fact) -> str:
    """Its band in print, ``38.9%–45.1%``; empty where it has none, or where both ends are the figure itself."""
    band = figure.shown_band()
    if band is None or band[0] == band[1] == figure.shown:
        return ""
    return f"{told(figure, band[0])}–{told(figure, band[1])}"
