"""Names that are written on the map without a background from elsewhere: where each may stand, and from which zoom on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from planner.publish.page.values import texts_of

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

    from planner.publish.page.pack import Island
    from planner.telling.context import Context

__all__ = ["context_part"]

#: Along a street its name may stand every so many metres; a piece shorter than the least carries one only if it is the street's longest.
STEP_M, LEAST_M = 450.0, 90.0
#: A street's direction at a name is that of the chord of so many metres.
CHORD_M = 90.0
#: Kind of name → zoom from which it is written; the order is who goes first.
ZOOMS = {
    "town": 10.5, "rail_station": 12.0, "highway": 12.0, "park": 13.0, "road": 13.0, "landmark": 15.0, "street": 14.0, "area": 14.0, "village": 14.5,
}  # fmt: skip
_TOWNS = ("city", "town", "suburb", "borough", "quarter")
_PARKS = ("park", "wood", "forest", "garden", "nature_reserve", "grass")
_HIGHWAYS = ("motorway", "trunk", "primary")
#: Hosts that people know a place by.
_LANDMARKS = ("library", "mall", "bus_station", "park", "police")


def context_part(context: Context | None, island: Island) -> dict[str, Any] | None:
    """Names by kind: their texts once, and each place where one may stand (with its direction, for a street's)."""
    if context is None:
        return None
    main = context.main.assign(kind=[c.removesuffix("_link") for c in texts_of(context.main, "class")])
    high = main["kind"].isin(_HIGHWAYS)
    known = set(texts_of(main, "name"))
    local = context.streets[~context.streets["name"].isin(known)]
    kind, hosts = texts_of(context.areas, "kind"), context.landmarks["host_kind"]
    green = np.isin(kind, _PARKS)
    towns = context.places["kind"].isin(_TOWNS)
    found = {
        "town": _points(context.places[towns]),
        "rail_station": _points(context.landmarks[hosts == "rail_station"]),
        "highway": _lines(main[high]),
        "park": _points(context.areas[green]),
        "road": _lines(main[~high]),
        "street": _lines(local),
        "landmark": _points(context.landmarks[hosts.isin(_LANDMARKS)]),
        "area": _points(context.areas[~green]),
        "village": _points(context.places[~towns]),
    }
    names = list(dict.fromkeys(name for made in found.values() for name in made[0]))
    number = {name: i for i, name in enumerate(names)}
    parts = []
    for key, (texts, xy, angle) in found.items():
        if texts:
            wgs = _degrees(xy, context.main.crs)
            parts.append({
                "kind": key, "zoom": ZOOMS[key], "name": island.integers([number[t] for t in texts], delta=True),
                "at": island.points(*wgs.T), "angle": island.integers(np.rint(angle)) if angle.any() else None,
            })  # fmt: skip
    return {"names": names, "kinds": parts}


Found = tuple[list[str], "NDArray[np.float64]", "NDArray[np.float64]"]


def _degrees(xy: NDArray[np.float64], crs: Any) -> NDArray[np.float64]:
    import geopandas as gpd

    wgs = gpd.GeoSeries.from_xy(*xy.T, crs=crs).to_crs(4326)
    return np.column_stack([wgs.x, wgs.y])


def _points(table: gpd.GeoDataFrame) -> Found:
    """Each named thing at a point within it, the largest first."""
    import shapely

    table = table[(np.array(texts_of(table, "name"), dtype=object) != "") & ~table.geometry.is_empty]
    table = table.iloc[np.argsort(-table.geometry.area.to_numpy(), kind="stable")]
    xy = shapely.get_coordinates(shapely.point_on_surface(table.geometry.to_numpy()))
    return texts_of(table, "name"), xy, np.zeros(len(table))


def _lines(table: gpd.GeoDataFrame) -> Found:
    """Places along the streets of each name, the longest streets first, and the direction there (degrees, clockwise from east, ±90)."""
    import shapely

    names = np.array(texts_of(table, "name"), dtype=object)
    shapes = table.geometry.to_numpy()
    order = np.argsort(names, kind="stable")
    starts = np.flatnonzero(names[order][1:] != names[order][:-1]) + 1
    streets = [(names[rows[0]], shapes[rows]) for rows in np.split(order, starts) if len(rows)]
    texts: list[str] = []
    kept = []
    for name, lines in sorted(streets, key=lambda s: -float(shapely.length(s[1]).sum())):
        if name:
            parts = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(shapely.get_parts(lines))))
            long = shapely.length(parts)
            kept.append(parts[(long >= LEAST_M) | (np.arange(len(parts)) == int(long.argmax()))])
            texts += [name] * len(kept[-1])
    if not texts:
        return [], np.zeros((0, 2)), np.zeros(0)
    return _along(texts, np.concatenate(kept))


def _along(texts: list[str], lines: NDArray[Any]) -> Found:
    """Places every :data:`STEP_M` along each line, with the line's text and direction there."""
    import shapely

    metres = shapely.length(lines)
    n = np.maximum(1, np.rint(metres / STEP_M)).astype(np.int64)
    of = np.repeat(np.arange(len(lines)), n)
    k = np.arange(len(of)) - np.repeat(np.cumsum(n) - n, n)
    along = (k + 0.5) * metres[of] / n[of]
    at = [
        shapely.get_coordinates(shapely.line_interpolate_point(lines[of], np.clip(along + d, 0, metres[of])))
        for d in (0.0, -CHORD_M / 2, CHORD_M / 2)
    ]
    way = at[2] - at[1]
    turn = np.degrees(np.arctan2(-way[:, 1], way[:, 0]))
    return [texts[i] for i in of], at[0], (turn + 90) % 180 - 90
