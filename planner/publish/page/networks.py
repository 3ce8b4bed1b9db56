"""The union's networks on the map: for each, the places there are and the new ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from planner.telling.layer import ExtraLayer, PopupField
from planner.telling.words.names import host_label
from planner.telling.words.phrases import phrase

if TYPE_CHECKING:
    import geopandas as gpd

    from planner.networks.whole import UnionResult
    from planner.settings.networks import UnionNetwork

__all__ = ["networks_layers"]

#: Colours, one per network, taken in turn; told apart on paper and by most who do not see all colours.
_COLOURS = (
    "#b03a6f",
    "#e07b39",
    "#7a8b2f",
    "#2f7f8f",
    "#4b5fa8",
    "#8a5a2b",
    "#6d3f98",
    "#3c8d5a",
    "#a8443c",
    "#5f6b73",
)


def networks_layers(union: UnionResult | None, language: str = "zh") -> tuple[ExtraLayer, ...]:
    """Layers of every network that the study's own plans do not draw already; none where there are none."""
    if union is None:
        return ()
    made: list[ExtraLayer] = []
    drawn = [n for n in union.networks if n.planned_by == "here"]
    for k, one in enumerate(drawn):
        colour = _COLOURS[k % len(_COLOURS)]
        made += _existing(union, one, colour, language)
        made += _new(union, one, colour, language)
    return tuple(made)


def _field(column: str, word: str, digits: int | None = None) -> PopupField:
    return PopupField(column, phrase(f"col_{word}", "zh"), phrase(f"col_{word}", "en"), digits)


def _titles(one: UnionNetwork, key: str) -> tuple[str, str]:
    return phrase(f"union_layer_{key}", "zh", title=one.title("zh")), phrase(
        f"union_layer_{key}", "en", title=one.title("en")
    )


def _existing(union: UnionResult, one: UnionNetwork, colour: str, language: str) -> list[ExtraLayer]:
    table = union.plan.reviews.get(one.name, union.places[one.name])
    if table.empty:
        return []
    keep = ["place_id", "name", "district", "open_hours", "geometry"]
    fields = [_field("open_hours", "open_hours")]
    if one.name in union.plan.reviews:
        said = [phrase(f"union_verdict_{v}", language) for v in table["verdict"]]
        table = table.assign(verdict=said, may_close=table["may_close"].astype(int))
        keep += ["verdict", "may_close", "people_in_reach", "people_alone"]
        fields += [
            _field("verdict", "verdict"), _field("people_in_reach", "people_in_reach", 0),
            _field("people_alone", "people_alone", 0),
        ]  # fmt: skip
    return [
        ExtraLayer(
            f"net_{one.name}", *_titles(one, "existing"), table[keep], colour=colour, name_column="name", fields=tuple(fields),
            shape="square", fill_opacity=0.6, searchable=True,
        )
    ]  # fmt: skip


def _new(union: UnionResult, one: UnionNetwork, colour: str, language: str) -> list[ExtraLayer]:
    plan = union.plan.plans.get(one.name)
    if plan is None or plan.chosen.empty:
        return []
    table: gpd.GeoDataFrame = plan.chosen
    far = table["nearest_own_m"].to_numpy(float)
    table = table.assign(
        nearest_own_m=np.where(np.isfinite(far), far, np.nan),
        host=[host_label(k, language) if k else "" for k in table["kind"]],
    )
    keep = [
        "rank", "place_id", "name", "district", "kind", "host", "open_hours", "cost_yuan", "people_gained", "people_in_reach",
        "nearest_own_m", "reason_zh", "reason_en", "geometry",
    ]  # fmt: skip
    fields = (
        _field("rank", "rank", 0), _field("host", "host_kind"), _field("open_hours", "open_hours"),
        _field("people_gained", "people_gained", 0), _field("people_in_reach", "people_in_reach", 0),
        _field("cost_yuan", "cost_yuan", 0), _field(f"reason_{language}", "reason"),
    )  # fmt: skip
    return [
        ExtraLayer(
            f"net_{one.name}_new", *_titles(one, "new"), table[keep], colour=colour, name_column="name", fields=fields,
            shape="diamond", searchable=True, width_column="people_gained", width_px=(5.0, 9.0),
        )
    ]  # fmt: skip
