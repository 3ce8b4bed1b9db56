"""Whether a layer may be handed to GDAL: of the kind its name says, and without anything that would send GDAL elsewhere.

A GeoJSON file can name its CRS by a link, which GDAL fetches; a view of a GeoPackage can compute without end. Both are
refused before GDAL sees the file.
"""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
from pathlib import Path
from typing import Any

from planner.errors import Finding, finding

__all__ = ["MAGIC", "untrusted"]

#: What a layer begins with, by the ending of its name.
MAGIC = {
    ".gpkg": (b"SQLite format 3\x00",),
    ".shp": (b"\x00\x00\x27\x0a",),
    ".geojson": (b"{",),
    ".json": (b"{",),
}
#: Without one of these no member of a GeoJSON file can be a link (letters of a key may be written as escapes).
_MAY_LINK = re.compile(rb'href|"url"|\\u00', re.IGNORECASE)


def untrusted(path: Path) -> list[Finding]:
    """Why a layer must not be opened; empty if it may."""
    suffix = path.suffix.lower()
    with path.open("rb") as stream:
        head = stream.read(64).removeprefix(b"\xef\xbb\xbf").lstrip()
    if not head.startswith(MAGIC[suffix]):
        return [finding("FILE-006", source=path.name, value=path.suffix)]
    if suffix == ".gpkg":
        return _views(path)
    return _links(path) if suffix in (".geojson", ".json") else []


def _links(path: Path) -> list[Finding]:
    """FILE-010 where a GeoJSON file names its CRS by a link."""
    data = path.read_bytes()
    if not _MAY_LINK.search(data):
        return []
    try:
        top = json.loads(data.decode("utf-8-sig"), object_pairs_hook=_pairs)
    except (ValueError, RecursionError) as error:
        return [finding("FILE-001", source=path.name, why=str(error)[:100])]
    link = _link_in(top)
    return [] if link is None else [finding("FILE-010", source=path.name, field="crs", value=link)]


def _pairs(pairs: list[tuple[str, Any]]) -> list[tuple[str, Any]] | dict[str, Any]:
    """Members in lower case; all of them where a name stands twice."""
    names = [k.lower() for k, _ in pairs]
    return (
        dict(zip(names, (v for _, v in pairs), strict=True))
        if len(set(names)) == len(names)
        else [(k.lower(), v) for k, v in pairs]
    )


def _members(node: Any) -> list[tuple[str, Any]]:
    if isinstance(node, dict):
        return list(node.items())
    twice = isinstance(node, list) and all(isinstance(m, tuple) and len(m) == 2 for m in node)
    return list(node) if twice else []


def _link_in(node: Any) -> str | None:
    """The link by which a CRS anywhere in the document is named; None if there is none."""
    todo = [node]
    while todo:
        here = todo.pop()
        for name, value in _members(here):
            if name in ("crs", "coordrefsys"):
                for part in ("href", "url"):
                    for key, inner in _members(value) + [m for _, v in _members(value) for m in _members(v)]:
                        if key == part:
                            return str(inner)
            todo.append(value)
        if isinstance(here, list) and not _members(here):
            todo += here
    return None


def _views(path: Path) -> list[Finding]:
    """FILE-011 where a layer or a table of the GeoPackage itself is a view: what it computes is not known."""
    try:
        with contextlib.closing(
            sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
        ) as base:
            views = {
                str(n).lower(): str(n)
                for (n,) in base.execute("SELECT name FROM sqlite_master WHERE type = 'view'")
            }
            own = [n for n in views if n.startswith(("gpkg_", "sqlite_"))]
            listed = (
                []
                if own
                else [
                    str(n).lower()
                    for (n,) in base.execute("SELECT table_name FROM gpkg_contents LIMIT 10000")
                ]
            )
    except (sqlite3.Error, UnicodeDecodeError) as error:  # a damaged file, or text in it that is none
        return [finding("FILE-001", source=path.name, why=str(error)[:100])]
    wrong = [views[n] for n in (*own, *listed) if n in views]
    return [finding("FILE-011", source=path.name, field="layer", value=", ".join(wrong))] if wrong else []
