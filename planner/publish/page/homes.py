"""Driver homes on the map: truck flows, catchments, candidates, existing and new homes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from planner.telling.layer import ExtraLayer, PopupField
from planner.telling.words.homes import candidates_in_words, chosen_in_words, existing_in_words
from planner.telling.words.phrases import phrase

if TYPE_CHECKING:
    from planner.freight.homes import HomesPlan

__all__ = ["homes_layers"]

#: Streets with fewer trucks a day are not drawn.
_LEAST = 500
#: What a site's table is cut to.
_SITE = [
    "site_id", "name", "bays", "drivers_in_catchment", "drivers_passing", "trucks_passing", "lacks_zh", "lacks_en",
]  # fmt: skip


def _named(part: str, key: str, **values: object) -> tuple[str, str]:
    """A word of the layers in Chinese and English."""
    return phrase(f"homes_{part}_{key}", "zh", **values), phrase(f"homes_{part}_{key}", "en", **values)


def _field(word: str, digits: int | None = None, unit: str = "", *, column: str = "") -> PopupField:
    """A line of a popup; ``column``: where it is not called as its word."""
    units = _named("unit", unit) if unit else ("", "")
    return PopupField(column or word, *_named("field", word), digits, *units)


def homes_layers(plan: HomesPlan, language: str = "zh") -> tuple[ExtraLayer, ...]:
    """Layers of the map page: flow widths, catchments, candidates with what they lack, existing homes, new homes."""
    fields = (
        _field("bays", 0), _field("drivers_in_catchment", 0, "drivers"), _field("drivers_passing", 0, "a_month"),
        _field("trucks_passing", 0, "a_day"), _field("lacks", column=f"lacks_{language}"),
    )  # fmt: skip
    return (_flows(plan), _catchments(plan), *_sites(plan, language, fields))


def _flows(plan: HomesPlan) -> ExtraLayer:
    """Streets as wide as their trucks."""
    busy = plan.flows[plan.flows["trucks_per_day"] >= _LEAST]
    return ExtraLayer(
        "truck_flows", *_named("layer", "flows"), busy[["trucks_per_day", "night_share", "per_hour_peak", "geometry"]],
        colour="#b5651d", width_column="trucks_per_day", width_px=(0.5, 8.0),
        widths_zh=phrase("homes_unit_trucks_a_day", "zh"), widths_en=phrase("homes_unit_trucks_a_day", "en"),
        fields=(_field("trucks_per_day", 0, "a_day"), _field("per_hour_peak", 0, "trucks"), _field("night_share", 2)),
        fill_opacity=0.6,
    )  # fmt: skip


def _catchments(plan: HomesPlan) -> ExtraLayer:
    """Ground within the catchment's minutes of a home."""
    minutes = f"{plan.assumed['catchment_minutes']:g}"
    return ExtraLayer(
        "home_catchments", *_named("layer", "catchments", minutes=minutes), plan.catchments, colour="#7a5ea8",
        name_column="name", fill_opacity=0.12, dashed=True,
    )  # fmt: skip


def _sites(plan: HomesPlan, language: str, fields: tuple[PopupField, ...]) -> tuple[ExtraLayer, ...]:
    """Candidates, existing homes and new ones, as wide as their bays or drivers."""
    old, new = existing_in_words(plan), chosen_in_words(plan)
    limited = _field("limited", column=f"limited_{language}")
    return (
        ExtraLayer(
            "home_candidates", *_named("layer", "candidates", n=len(plan.candidates)),
            candidates_in_words(plan)[[*_SITE, "geometry"]], colour="#8a8a8a", name_column="name", fields=fields,
            shape="square", width_column="bays", width_px=(2.5, 4.5),
        ),
        ExtraLayer(
            "homes_existing", *_named("layer", "existing", n=len(old)),
            old[[*_SITE, "limited_zh", "limited_en", "relation_zh", "relation_en", "geometry"]], colour="#3d7ab8", name_column="name",
            fields=(*fields, limited, _field("relation", column=f"relation_{language}")), shape="triangle", searchable=True,
            width_column="bays", width_px=(6.5, 8.5),
        ),
        ExtraLayer(
            "homes_new", *_named("layer", "new", n=len(new)),
            new[[*_SITE, "rank", "drivers", "limited_zh", "limited_en", "reason_zh", "reason_en", "geometry"]], colour="#8e2a5b",
            name_column="name", shape="diamond", searchable=True, width_column="drivers", width_px=(8.0, 10.0),
            fields=(_field("rank", 0), _field("drivers", 0, "a_month"), limited, *fields,
                    _field("reason", column=f"reason_{language}")),
        ),
    )  # fmt: skip
