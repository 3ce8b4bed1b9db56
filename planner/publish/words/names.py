"""Names of things in the study's language: host venues, worker groups, periods, coordinate systems."""

from __future__ import annotations

import warnings
from typing import Any

from planner.settings.groups import Period
from planner.settings.whole import Settings
from planner.siting.explain import HOST_WORDS

__all__ = ["crs_label", "group_label", "host_label", "period_label", "period_labels"]


def host_label(kind: object, language: str) -> str:
    """A host venue's kind in words; an unknown kind as it is."""
    words = HOST_WORDS.get(str(kind))
    return str(kind) if words is None else words[0 if language == "zh" else 1]


def group_label(name: str, settings: Settings) -> str:
    """A worker group's name in the study's language."""
    language = settings.study.language
    return next((g.label(language) for g in settings.groups if g.name == name), name)


def period_label(period: Period) -> str:
    """``"06:00–10:00"``."""
    return period.label


def period_labels(settings: Settings) -> dict[str, str]:
    """Every period's :func:`period_label` by its name."""
    return {p.name: period_label(p) for p in settings.periods}


def crs_label(crs: Any) -> str:
    """A coordinate system (pyproj's, or None) for print: ``"EPSG:4549"``; without a code its PROJ string, or name.

    The same whether it was made from its code or read back from a file, which spells it out.
    """
    if crs is None:
        return ""
    authority = crs.to_authority()
    if authority is not None:
        return ":".join(authority)
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", UserWarning
        )  # a PROJ string says less than the file: it is for readers
        return crs.to_proj4() or str(crs.name)
