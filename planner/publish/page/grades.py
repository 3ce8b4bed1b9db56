"""Grades on the map: every open station by its grade, and those flagged or on the exit list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import geopandas as gpd

from planner.telling.contents.existing.grades import EXIT_COLUMNS, GRADE_COLUMNS, grade_words
from planner.telling.layer import ExtraLayer, PopupField
from planner.telling.words.phrases import phrase

if TYPE_CHECKING:
    from planner.grades.whole import Grades

__all__ = ["grade_layers"]

_POPUP = ("grade_stated_text", "grade", "grade_may_be", "grade_lacks", "grade_asks", "next_yuan", "subsidy_each", "inspect_due",
          "flagged", "workers_only")  # fmt: skip


def grade_layers(grades: Grades, language: str, districts: Mapping[str, str]) -> tuple[ExtraLayer, ...]:
    """Stations by grade (the higher, the larger), and those to be looked at with what closing them would cost; empty without stations."""
    table = grades.table
    if not len(table):
        return ()
    words = grade_words(grades, language, dict(districts))
    layer = gpd.GeoDataFrame(
        words.assign(grade_rank=table["level"].to_numpy() + 1.0),
        geometry=table.geometry.to_numpy(),
        crs=table.crs,
    )
    digits = {c.key: None if c.kind == "text" else 0 for c in (*GRADE_COLUMNS, *EXIT_COLUMNS)}
    fields = tuple(
        PopupField(k, phrase(f"col_{k}", "zh"), phrase(f"col_{k}", "en"), digits[k]) for k in _POPUP
    )
    made = [
        ExtraLayer(
            "station_grades", phrase("layer_grades", "zh"), phrase("layer_grades", "en"), layer, colour="#2f7d6b",
            name_column="name", fields=fields, width_column="grade_rank", width_px=(3.0, 8.0), searchable=True,
            widths_zh=phrase("col_grade", "zh"), widths_en=phrase("col_grade", "en"),
        )
    ]  # fmt: skip
    flagged = layer[table["station_id"].isin(grades.exits["station_id"]).to_numpy()]
    if len(flagged):
        made.append(
            ExtraLayer(
                "station_exits", phrase("layer_exits", "zh"), phrase("layer_exits", "en"), flagged, colour="#b8341f",
                name_column="name", fields=fields, shape="triangle",
            )
        )  # fmt: skip
    return tuple(made)
