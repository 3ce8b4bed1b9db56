"""Little OSM files by hand: nodes on a metre grid at the meridian of EPSG:4549."""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import quoteattr

import pyproj

CRS = "EPSG:4549"
EAST, NORTH = 500_000.0, 3_460_000.0
_BACK = pyproj.Transformer.from_crs(CRS, "EPSG:4490", always_xy=True)


def tags(items: dict[str, str]) -> str:
    return "".join(f"<tag k={quoteattr(k)} v={quoteattr(v)}/>" for k, v in items.items())


def osm(
    path: Path,
    nodes: dict[int, tuple[float, float]],
    ways: dict[int, tuple[list[int], dict[str, str]]],
    node_tags: dict[int, dict[str, str]] | None = None,
    relations: dict[int, tuple[list[tuple[str, int, str]], dict[str, str]]] | None = None,
) -> Path:
    """Write nodes (metres east and north of a corner), ways (node ids, tags) and relations as OSM XML.

    Members of relations are (type, id, role).
    """
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<osm version="0.6">']
    for i, (x, y) in nodes.items():
        lng, lat = _BACK.transform(EAST + x, NORTH + y)
        lines.append(
            f'<node id="{i}" version="1" lat="{lat:.7f}" lon="{lng:.7f}">{tags((node_tags or {}).get(i, {}))}</node>'
        )
    for i, (refs, of) in ways.items():
        nds = "".join(f'<nd ref="{r}"/>' for r in refs)
        lines.append(f'<way id="{i}" version="1">{nds}{tags(of)}</way>')
    for i, (members, of) in (relations or {}).items():
        named = "".join(f'<member type="{t}" ref="{r}" role={quoteattr(role)}/>' for t, r, role in members)
        lines.append(f'<relation id="{i}" version="1">{named}{tags(of)}</relation>')
    path.write_text("\n".join([*lines, "</osm>"]), "utf-8")
    return path
