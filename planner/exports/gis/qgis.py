"""How the layers of ``plan.gpkg`` look in QGIS: small QML documents made from plain figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal
from xml.sax.saxutils import quoteattr

if TYPE_CHECKING:
    from planner.telling.bundle import ExtraLayer

__all__ = ["LINES", "STYLES", "LayerStyle", "extra_style", "qml"]


@dataclass(frozen=True, slots=True)
class LayerStyle:
    """Fill and outline (``r,g,b,a``), outline width (mm), size of points (mm), label column.

    ``classes`` are (lower, upper, fill) of ``by`` (a column or an expression of QGIS), for graduated layers.
    """

    kind: Literal["point", "line", "polygon"]
    fill: str
    outline: str
    width: float = 0.2
    size: float = 2.0
    shape: str = "circle"
    label: str = ""
    by: str = ""
    classes: tuple[tuple[float, float, str], ...] = ()


_RAMP = (
    (0, 5, "255,245,235,120"), (5, 10, "253,219,179,160"), (10, 20, "253,186,122,180"),
    (20, 40, "247,140,68,200"), (40, 80, "225,91,25,210"), (80, 1e9, "165,54,3,220"),
)  # fmt: skip
STYLES: dict[str, LayerStyle] = {
    "districts": LayerStyle("polygon", "0,0,0,0", "90,104,115,255", 0.4, label="name_{language}"),
    "demand": LayerStyle("polygon", "253,186,122,180", "0,0,0,0", 0, by='"workers" / "cells"', classes=_RAMP),
    "circle_after": LayerStyle("polygon", "240,150,60,90", "220,120,30,200", 0.2),
    "circle_before": LayerStyle("polygon", "70,120,160,90", "50,95,135,200", 0.2),
    "gaps": LayerStyle("polygon", "120,60,130,60", "120,60,130,255", 0.3, label="name"),
    "hotspots": LayerStyle("polygon", "200,69,43,40", "200,69,43,255", 0.3, label="name"),
    "candidates": LayerStyle("point", "255,255,255,255", "130,140,150,255", 0.2, 1.2),
    "stations": LayerStyle("point", "47,111,143,255", "255,255,255,255", 0.2, 2.0),
    "chosen": LayerStyle("point", "200,50,30,255", "255,255,255,255", 0.3, 3.2, "diamond", label="rank"),
}
#: Lines from a cell to its station.
LINES = LayerStyle("line", "90,104,115,160", "0,0,0,0", 0.15)


def _options(pairs: dict[str, object]) -> str:
    items = "".join(
        f'<Option type="QString" name="{k}" value={quoteattr(str(v))}/>' for k, v in pairs.items()
    )
    return f'<Option type="Map">{items}</Option>'


def _symbol(style: LayerStyle, fill: str, name: str) -> str:
    shared = {"outline_color": style.outline, "outline_width": style.width, "outline_width_unit": "MM"}
    shared["outline_style"] = "solid" if style.width else "no"
    if style.kind == "point":
        pairs = {"name": style.shape, "color": fill, "size": style.size, "size_unit": "MM", **shared}
        symbol, layer = "marker", "SimpleMarker"
    elif style.kind == "line":
        pairs = {
            "line_color": fill,
            "line_width": style.width,
            "line_width_unit": "MM",
            "line_style": "solid",
        }
        symbol, layer = "line", "SimpleLine"
    else:
        pairs = {"color": fill, "style": "no" if fill.endswith(",0") else "solid", **shared}
        symbol, layer = "fill", "SimpleFill"
    return (
        f'<symbol type="{symbol}" name="{name}" alpha="1" clip_to_extent="1" force_rhr="0">'
        f'<layer class="{layer}" enabled="1" locked="0" pass="0">{_options(pairs)}</layer></symbol>'
    )


def _renderer(style: LayerStyle) -> str:
    if not style.by:
        symbols = f"<symbols>{_symbol(style, style.fill, '0')}</symbols>"
        return f'<renderer-v2 type="singleSymbol" enableorderby="0" forceraster="0">{symbols}</renderer-v2>'
    ranges: list[str] = []
    colours: list[str] = []
    for i, (low, high, fill) in enumerate(style.classes):
        label = f"{low:g}–{high:g}" if high < 1e9 else f"> {low:g}"
        ranges.append(f'<range lower="{low:f}" upper="{high:f}" symbol="{i}" label="{label}" render="true"/>')
        colours.append(_symbol(style, fill, str(i)))
    return (
        f'<renderer-v2 type="graduatedSymbol" attr={quoteattr(style.by)} graduatedMethod="GraduatedColor" enableorderby="0" '
        f'forceraster="0" symbollevels="0"><ranges>{"".join(ranges)}</ranges>'
        f"<symbols>{''.join(colours)}</symbols></renderer-v2>"
    )


def _labelling(column: str) -> str:
    return (
        '<labeling type="simple"><settings calloutType="simple">'
        f'<text-style fieldName="{column}" fontSize="8" fontSizeUnit="Point" textColor="31,58,77,255" '
        'isExpression="0" namedStyle="Regular"><text-buffer bufferDraw="1" bufferSize="0.8" '
        'bufferSizeUnits="MM" bufferColor="255,255,255,230"/></text-style>'
        '<placement placement="1"/><rendering scaleVisibility="0" obstacle="1"/></settings></labeling>'
    )


def extra_style(layer: ExtraLayer) -> LayerStyle:
    """The style of a further layer in its own colour (``#rrggbb``)."""
    red, green, blue = (int(layer.colour[i : i + 2], 16) for i in (1, 3, 5))
    kinds = set(layer.table.geometry.dropna().geom_type)
    kind: Literal["point", "line", "polygon"] = "polygon"
    if kinds <= {"Point", "MultiPoint"}:
        kind = "point"
    elif kinds <= {"LineString", "MultiLineString"}:
        kind = "line"
    alpha = round(255 * layer.fill_opacity)
    return LayerStyle(kind, f"{red},{green},{blue},{alpha}", "255,255,255,255", 0.5, 3.0)


def _aliases(names: Mapping[str, str]) -> str:
    """What the attribute table calls the columns."""
    rows = (f'<alias index="{i}" field={quoteattr(column)} name={quoteattr(name)}/>'
            for i, (column, name) in enumerate(names.items(), start=1))  # fmt: skip
    return f"<aliases>{''.join(rows)}</aliases>"


def qml(style: LayerStyle, title: str, language: str, names: Mapping[str, str]) -> str:
    """The QML document of a style; ``title`` is what the layer is called, ``names`` column → what it is called."""
    label = style.label.format(language=language)
    labels = _labelling(label) if label else ""
    return (
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
        f'<qgis version="3.22.0" styleCategories="Symbology|Labeling|Fields" labelsEnabled="{int(bool(label))}">'
        f'{_renderer(style)}{labels}{_aliases(names)}<customproperties><Option type="Map">'
        f'<Option type="QString" name="title" value={quoteattr(title)}/></Option></customproperties>'
        f"<layerGeometryType>{('point', 'line', 'polygon').index(style.kind)}</layerGeometryType></qgis>"
    )
