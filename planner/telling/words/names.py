"""Names of things in the study's language: host venues, worker groups, periods, coordinate systems."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from planner.inputs.tables.headers import role_names
from planner.settings.groups import Period
from planner.settings.whole import Settings
from planner.siting.explain import HOST_WORDS
from planner.telling.words.phrases import has_phrase, phrase

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = [
    "column_label", "crs_label", "field_label", "group_label", "host_label", "in_language", "input_label", "period_label", "period_labels",
    "source_label",
]  # fmt: skip


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


def in_language(table: gpd.GeoDataFrame, language: str) -> gpd.GeoDataFrame:
    """Things of the street file with ``name`` in English where they have ``name_en`` and that is the language."""
    if language == "zh" or "name_en" not in table:
        return table
    return table.assign(name=table["name_en"].where(table["name_en"] != "", table["name"]))


def source_label(source: str, language: str) -> str:
    """What a finding is about, in words where it is no file: ``"candidates"`` is 候选点."""
    key = f"from_{source}"
    return phrase(key, language) if has_phrase(key) else source


def field_label(name: str, language: str) -> str:
    """A finding's field: in Chinese the name of a column that planner looks for (``"open_hours"`` is 开放时间)."""
    return role_names().get(name, name) if language == "zh" else name


def column_label(column: str, settings: Settings) -> str:
    """A layer's column in words: its own name (``alias_…``), that of printed tables, a group's; else as it is."""
    for key in (f"alias_{column}", f"col_{column}"):
        if has_phrase(key):
            return phrase(key, settings.study.language)
    return group_label(column, settings)


def input_label(role: str, language: str) -> str:
    """A role of input files in words; ``"stations_2"`` is the second list of stations."""
    key, _, more = f"input_{role}".rpartition("_")
    if not more.isdigit():
        return phrase(f"input_{role}", language) if has_phrase(f"input_{role}") else role
    return phrase("input_more", language, input=phrase(key, language), n=more)
