"""KML for Google Earth and Ovital: a folder per layer in WGS84, each place in the plan's colours with its figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import geopandas as gpd
import shapely

from planner.publish.safe import plain_text, write_bytes
from planner.tables import is_missing

__all__ = ["Folder", "write_kml"]

_NAMESPACE = "http://www.opengis.net/kml/2.2"


@dataclass(frozen=True)
class Folder:
    """A layer: its title, its table (WGS84), the column that names a placemark, and its colour (``#rrggbb``).

    ``fields``: column → what it is called in the balloon.
    """

    key: str
    title: str
    table: gpd.GeoDataFrame
    name: str
    fields: Mapping[str, str]
    colour: str
    fill: int = 0


def write_kml(folders: Sequence[Folder], path: Path, *, title: str, notes: Sequence[str]) -> None:
    """Write the folders as one file; ``notes`` stand in its description (synthetic data, credits).

    Raises
    ------
    OutputError
        The file could not be written; the old one is untouched.
    """
    ET.register_namespace("", _NAMESPACE)
    root = ET.Element(f"{{{_NAMESPACE}}}kml")
    document = _child(root, "Document")
    _child(document, "name", title)
    _child(document, "description", "\n".join(notes))
    for folder in folders:
        _style(document, folder)
    for folder in folders:
        _folder(document, folder)
    ET.indent(root, " ")
    write_bytes(path, ET.tostring(root, encoding="utf-8", xml_declaration=True))


def _child(parent: ET.Element, tag: str, text: object = None, **attributes: str) -> ET.Element:
    made = ET.SubElement(parent, f"{{{_NAMESPACE}}}{tag}", attributes)
    if text is not None:
        made.text = plain_text(text)
    return made


def _abgr(colour: str, alpha: int) -> str:
    """KML's order of a colour's bytes."""
    return f"{alpha:02x}{colour[5:7]}{colour[3:5]}{colour[1:3]}"


def _style(document: ET.Element, folder: Folder) -> None:
    style = _child(document, "Style", id=folder.key)
    icon = _child(style, "IconStyle")
    _child(icon, "color", _abgr(folder.colour, 255))
    _child(icon, "scale", "0.9")
    line = _child(style, "LineStyle")
    _child(line, "color", _abgr(folder.colour, 255))
    _child(line, "width", "1.5")
    _child(_child(style, "PolyStyle"), "color", _abgr(folder.colour, folder.fill))


def _folder(document: ET.Element, folder: Folder) -> None:
    made = _child(document, "Folder")
    _child(made, "name", folder.title)
    names = folder.table[folder.name] if folder.name else [folder.title] * len(folder.table)
    columns = [folder.table[c].tolist() for c in folder.fields]
    for row, (name, shape) in enumerate(zip(names, folder.table.geometry, strict=True)):
        placemark = _child(made, "Placemark")
        _child(placemark, "name", name)
        _child(placemark, "styleUrl", f"#{folder.key}")
        data = _child(placemark, "ExtendedData")
        for (key, label), values in zip(folder.fields.items(), columns, strict=True):
            if not is_missing(values[row]):
                one = _child(data, "Data", name=key)
                _child(one, "displayName", label)
                _child(one, "value", _printed(values[row]))
        _shape(placemark, shape)


def _printed(value: Any) -> str:
    return f"{value:.10g}" if isinstance(value, float) else plain_text(value)


def _ring(parent: ET.Element, tag: str, ring: Any) -> None:
    _coordinates(_child(_child(parent, tag), "LinearRing"), ring)


def _coordinates(parent: ET.Element, shape: Any) -> None:
    points = shapely.get_coordinates(shape)
    _child(parent, "coordinates", " ".join(f"{x:.8f},{y:.8f}" for x, y in points))


def _shape(parent: ET.Element, shape: Any) -> None:
    """Points and areas, the kinds that a plan has."""
    if shape is None or shape.is_empty:
        return
    if shape.geom_type == "Point":
        _coordinates(_child(parent, "Point"), shape)
        return
    polygons = [p for p in shapely.get_parts(shape) if p.geom_type == "Polygon"]
    home = _child(parent, "MultiGeometry") if len(polygons) > 1 else parent
    for polygon in polygons:
        made = _child(home, "Polygon")
        _ring(made, "outerBoundaryIs", polygon.exterior)
        for hole in polygon.interiors:
            _ring(made, "innerBoundaryIs", hole)
