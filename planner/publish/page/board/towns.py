"""Towns and subdistricts (镇、街道) on the page: who and what lies in which, where the study gives their outlines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from planner.inputs.places.within import district_of
from planner.publish.page.values import TOLERANCE_M, degrees, with_shape

if TYPE_CHECKING:
    import geopandas as gpd

    from planner.publish.page.pack import Island
    from planner.telling.board import Board
    from planner.telling.bundle import Bundle

__all__ = ["Towns", "towns_of", "towns_part"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Towns:
    """The towns of a study, sorted by name.

    Attributes
    ----------
    table
        ``name`` (with its district's where two districts have one of that name), ``district``; geometry: all outlines of it
        (study CRS).
    point
        Town of each demand point, −1 where it lies in none.
    """

    table: gpd.GeoDataFrame
    point: Array

    def at(self, places: gpd.GeoSeries) -> Array:
        """Town of each place (study CRS): of several whose outlines hold it the first, −1 where none does."""
        return _first_around(places, self.table)


def _first_around(places: gpd.GeoSeries, towns: gpd.GeoDataFrame) -> Array:
    import shapely

    tree = shapely.STRtree(towns.geometry.to_numpy())
    which, where = tree.query(places.to_numpy(), predicate="covered_by")
    first = np.full(len(places), len(towns), np.int64)
    np.minimum.at(first, which, where)
    return np.where(first < len(towns), first, -1)


def towns_of(bundle: Bundle, names: dict[str, str]) -> Towns | None:
    """The towns; None where the study gives no outlines, or nothing to count from. ``names``: a district's name by its key.

    Outlines of one name are one town where they lie in one district (by a point within each), and one town per district otherwise.
    """
    import geopandas as gpd

    if bundle.towns is None or not len(bundle.towns) or bundle.board is None:
        return None
    inside = gpd.GeoSeries(bundle.towns.geometry.representative_point(), crs=bundle.towns.crs)
    rows = bundle.towns[["name", "geometry"]].assign(
        name=bundle.towns["name"].astype(str), district=district_of(inside, bundle.districts, outside="")
    )
    table = rows.dissolve(["name", "district"], as_index=False)[["name", "district", "geometry"]]
    twice = table["name"].duplicated(keep=False)
    both = table["name"] + " (" + table["district"].astype(str).map(lambda d: names.get(d, "–")) + ")"
    table = table.assign(name=table["name"].where(~twice, both))
    return Towns(table, _first_around(bundle.board.points.geometry, table))


def towns_part(
    towns: Towns, bundle: Bundle, board: Board, island: Island, districts: Sequence[str], *, drawn: bool
) -> dict[str, Any]:
    """Names, outlines, workers (a list per town: of each headline group), and the town of each station and candidate.

    ``drawn``: False on a public page, where a town has the box around its workers in place of its outline.
    """
    table, code = towns.table, {name: i for i, name in enumerate(districts)}
    inside = towns.point >= 0
    groups = [g.name for g in bundle.settings.headline_groups]
    sums = [np.bincount(towns.point[inside], v[inside], len(table)) for v in board.points.of_groups(groups).T]
    shapes = table if drawn else _boxes(towns, board)
    return {
        "name": table["name"].tolist(),
        "district": [code.get(str(d), -1) for d in table["district"]],
        "shapes": island.geometries(degrees(shapes, TOLERANCE_M["districts"]), kind="polygon"),
        "workers": [[round(float(v), 6) for v in row] for row in np.column_stack(sums)],
        "stations": island.integers(towns.at(with_shape(bundle.stations).geometry)),
        "candidates": island.integers(towns.at(bundle.candidates.geometry)),
    }


def _boxes(towns: Towns, board: Board) -> gpd.GeoDataFrame:
    """The box around each town's workers; around a point within it where it has none."""
    import geopandas as gpd
    import shapely

    xy = shapely.get_coordinates(board.points.geometry.to_numpy())
    middle = shapely.get_coordinates(towns.table.geometry.representative_point().to_numpy())
    own = [xy[towns.point == k] for k in range(len(towns.table))]
    held = [v if len(v) else middle[[k]] for k, v in enumerate(own)]
    boxes = [shapely.box(*v.min(axis=0), *v.max(axis=0)).buffer(50.0, join_style="mitre") for v in held]
    return towns.table.set_geometry(gpd.GeoSeries(boxes, crs=towns.table.crs))
