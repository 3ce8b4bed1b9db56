"""A further layer of the map page as plain data: what a room hands over to be drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import geopandas as gpd

__all__ = ["ExtraLayer", "PopupField"]


@dataclass(frozen=True, slots=True)
class PopupField:
    """One line of a popup: a column of the layer's table and what it is called.

    ``digits`` rounds numbers for print; None leaves text as it is. ``unit`` is a short text shown
    after the value (``"m"``, ``"辆/日"``) in the language of ``unit_zh`` / ``unit_en``.
    """

    column: str
    zh: str
    en: str
    digits: int | None = None
    unit_zh: str = ""
    unit_en: str = ""


@dataclass(frozen=True, slots=True)
class ExtraLayer:
    """A further layer of the map page, described by plain data.

    Attributes
    ----------
    key
        Short ASCII name, unique among the layers (``"truck_flows"``).
    zh, en
        Name in the layer control, the legend and the popups.
    table
        Points, lines or polygons with a CRS; they are converted and simplified for the page.
    colour
        ``#rrggbb`` of the fill (points, polygons) or the line.
    name_column
        Column with the popup's heading; empty: the layer's name.
    fields
        Lines of the popup, in order.
    width_column, width_px
        Lines: column that the drawn width follows (linear, 0 → first, maximum → second, in px).
        Points: the same for the radius.
    widths_zh, widths_en
        Unit of ``width_column`` for the legend.
    shape
        How a point is drawn.
    fill_opacity, dashed, outline
        Further style.
    shown
        Switched on when the page opens.
    searchable
        Points found by the search box through ``name_column``.
    """

    key: str
    zh: str
    en: str
    table: gpd.GeoDataFrame
    colour: str = "#5b4b8a"
    name_column: str = ""
    fields: tuple[PopupField, ...] = ()
    width_column: str = ""
    width_px: tuple[float, float] = (1.0, 8.0)
    widths_zh: str = ""
    widths_en: str = ""
    shape: Literal["circle", "square", "diamond", "triangle"] = "circle"
    fill_opacity: float = 0.85
    dashed: bool = False
    outline: str = "#ffffff"
    shown: bool = False
    searchable: bool = False
