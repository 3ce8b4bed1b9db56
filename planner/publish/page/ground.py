"""What lies under the page's points: the circle, main roads and water, simplified for the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from planner.publish.page.values import TOLERANCE_M, degrees, numbers_of, points_of, texts_of

if TYPE_CHECKING:
    import geopandas as gpd
    from shapely.geometry.base import BaseGeometry

    from planner.publish.page.pack import Island
    from planner.telling.bundle import Bundle

__all__ = ["areas_part", "roads_part", "water_part"]

#: Water bodies and slivers of the new circle smaller than this are not drawn (m²).
LEAST_WATER_M2 = 20_000.0
LEAST_SLIVER_M2 = 2_000.0
#: Holes in the circle smaller than this are filled on the map (not in any figure).
LEAST_HOLE_M2 = 25_000.0
#: Named waters larger than this are labelled, the largest first.
LEAST_LABEL_M2 = 4_000_000.0
MOST_WATER_LABELS = 12
ROAD_CLASSES = ("motorway", "trunk", "primary", "secondary")


def _generalised(area: BaseGeometry, tolerance_m: float) -> BaseGeometry:
    """An area without the smallest parts and holes (inner yards of a block), its outline simplified."""
    import shapely

    kept = []
    for part in shapely.get_parts(area):
        if part.geom_type != "Polygon" or part.area < LEAST_SLIVER_M2:
            continue
        holes = np.array([shapely.Polygon(ring) for ring in part.interiors], dtype=object)
        large = [h.exterior for h in holes[shapely.area(holes) >= LEAST_HOLE_M2]] if len(holes) else []
        kept.append(shapely.Polygon(part.exterior, large))
    # part by part and without checking all against all, which takes minutes on a city's circle
    simple = shapely.simplify(kept, tolerance_m, preserve_topology=False)
    return shapely.disjoint_subset_union_all(shapely.make_valid(simple))


def areas_part(bundle: Bundle, island: Island) -> dict[str, Any]:
    """The circle today and what the new sites add to it, each as one geometry."""
    import geopandas as gpd
    import shapely

    today, later = (
        _generalised(area, TOLERANCE_M["areas"]) for area in (bundle.area_before, bundle.area_after)
    )
    added = [p for p in shapely.get_parts(shapely.difference(later, today)) if p.area >= LEAST_SLIVER_M2]
    both = gpd.GeoSeries([today, shapely.union_all(added)], crs=bundle.districts.crs).to_crs(4326)
    return {
        "before": island.geometries([both.iloc[0]], kind="polygon"),
        "added": island.geometries([both.iloc[1]], kind="polygon"),
    }


def roads_part(roads: gpd.GeoDataFrame, island: Island) -> list[dict[str, Any]]:
    """Main roads by class, links with their class, joined into long lines."""
    import geopandas as gpd
    import shapely

    classes = np.array([c.removesuffix("_link") for c in texts_of(roads, "class")], dtype=object)
    parts = []
    for name in ROAD_CLASSES:
        lines = np.asarray(roads.geometry.array)[classes == name]
        if not len(lines):
            continue
        joined = shapely.line_merge(shapely.union_all(shapely.get_parts(lines)))
        simple = shapely.simplify(shapely.get_parts(joined), TOLERANCE_M["roads"])
        wgs = gpd.GeoSeries(simple, crs=roads.crs).to_crs(4326)
        parts.append({"class": name, "shapes": island.geometries(wgs, kind="line")})
    return parts


def water_part(water: gpd.GeoDataFrame, island: Island) -> dict[str, Any]:
    """Waters as one geometry, and the names of the largest."""
    import geopandas as gpd
    import shapely

    shapes = np.asarray(water.geometry.array)
    flat = shapely.get_type_id(shapes)
    areas = shapes[np.isin(flat, (3, 6)) & (shapely.area(shapes) >= LEAST_WATER_M2)]
    whole = gpd.GeoDataFrame(geometry=gpd.GeoSeries([shapely.union_all(areas)], crs=water.crs))
    named = _named_water(water[np.isin(flat, (3, 6))])
    return {
        "shapes": island.geometries(degrees(whole, TOLERANCE_M["water"]), kind="polygon"),
        "label": points_of(named, island),
        "name": texts_of(named, "name"),
        "room": numbers_of(named, "room"),
    }


def _named_water(water: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """The widest place of each of the largest waters that have a name; ``room``: half its width (m)."""
    import geopandas as gpd
    import shapely

    if "name" not in water.columns:
        water = water.assign(name=None)
    named = water[water["name"].notna() & (water.geometry.area >= LEAST_LABEL_M2)]
    largest = named.assign(_area=named.geometry.area).sort_values("_area", ascending=False, kind="stable")
    largest = largest[~largest["name"].duplicated()].head(MOST_WATER_LABELS)
    radius = [shapely.maximum_inscribed_circle(shape, 50) for shape in largest.geometry]
    return gpd.GeoDataFrame(
        {"name": largest["name"].to_numpy(), "room": [line.length for line in radius]},
        geometry=[shapely.Point(line.coords[0]) for line in radius],
        crs=water.crs,
    )
