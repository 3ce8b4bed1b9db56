"""Maps of the report: the whole area, and beside it its core, large enough to see ten minutes' walk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely

from planner.publish.office.drawing import ACCENT, LINE, SOFT, base_map, fill_map, frame_map, new_figure
from planner.telling.words.phrases import phrase

if TYPE_CHECKING:
    from planner.telling.bundle import Bundle

__all__ = ["Box", "core", "densest", "draw_map", "traffic_core"]

#: West, south, east, north in metres of the study's CRS.
Box = tuple[float, float, float, float]

#: Inches: the figure across, between its two maps, beside the second, the lowest and the tallest map, the widest of the whole area.
_ACROSS, _BETWEEN, _RIM, _LOWEST, _TALLEST, _WIDEST = 9.6, 0.2, 0.1, 4.4, 6.2, 5.0
#: Inches above the two maps, for title and notice, and below, for the legend.
_ABOVE, _BELOW = 0.85, 0.5
#: The core is so many walks of ten minutes high: printed across a page, a circle is then a centimetre wide.
_WALKS = 16
#: Where the whole area is not larger than the core by this, one map shows all.
_LARGER = 1.6
#: A district of which less than this part of the map is seen has no name on it.
_LEAST_NAMED = 0.03


def _sizes(bundle: Bundle) -> tuple[float, float, float]:
    """Inches: width of the map of the whole area, width of the one of its core, height of both."""
    west, south, east, north = bundle.districts.total_bounds
    height = float(np.clip(_WIDEST * (north - south) / (east - west), _LOWEST, _TALLEST))
    wide = float(np.clip(height * (east - west) / (north - south), 0.3 * _ACROSS, _WIDEST))
    return wide, _ACROSS - _BETWEEN - _RIM - wide, height


def densest(
    x: np.ndarray, y: np.ndarray, weight: np.ndarray, width: float, height: float
) -> tuple[float, float]:
    """Middle of the box of this size in which the weights of points come to most, to a sixteenth of its width.

    What it holds stands in its middle.
    """
    x, y, weight = x[weight > 0], y[weight > 0], weight[weight > 0]
    step = width / 16
    column, row = ((x - x.min()) // step).astype(int), ((y - y.min()) // step).astype(int)
    wide, high = 16, max(1, int(height // step))
    sums = np.zeros((row.max() + 1 + 2 * high, column.max() + 1 + 2 * wide))
    np.add.at(sums, (row + high, column + wide), weight)
    summed = np.pad(sums.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    held = summed[high:, wide:] - summed[:-high, wide:] - summed[high:, :-wide] + summed[:-high, :-wide]
    south, west = np.unravel_index(int(held.argmax()), held.shape)
    rows, columns = row - int(south) + high, column - int(west) + wide
    inside = (rows >= 0) & (rows < high) & (columns >= 0) & (columns < wide)
    return (x[inside].min() + x[inside].max()) / 2, (y[inside].min() + y[inside].max()) / 2


def _box(bundle: Bundle, x: np.ndarray, y: np.ndarray, weight: np.ndarray, high: float) -> Box | None:
    """The densest part of the area, ``high`` metres high and as wide as the second map; None where the area is hardly larger."""
    west, south, east, north = bundle.districts.total_bounds
    _, inches, tall = _sizes(bundle)
    wide = high * inches / tall
    if not weight.sum() > 0 or max((east - west) / wide, (north - south) / high) < _LARGER:
        return None
    mid_x, mid_y = densest(x, y, weight, wide, high)
    return (mid_x - wide / 2, mid_y - high / 2, mid_x + wide / 2, mid_y + high / 2)


def core(bundle: Bundle) -> Box | None:
    """Where most outdoor workers are, so large that ten minutes' walk can be seen in it."""
    at = bundle.demand.geometry.centroid
    weight = bundle.demand["workers"].to_numpy(dtype=float)
    return _box(bundle, at.x.to_numpy(), at.y.to_numpy(), weight, _WALKS * bundle.settings.circle.walk_m)


def traffic_core(bundle: Bundle, flows: gpd.GeoDataFrame) -> Box | None:
    """A third of the area where most trucks drive: ``flows`` has ``trucks_per_day`` per street."""
    if not len(flows):
        return None
    west, south, east, north = bundle.districts.total_bounds
    at = flows.geometry.interpolate(0.5, normalized=True)
    weight = flows["trucks_per_day"].to_numpy(dtype=float) * flows.length.to_numpy()
    return _box(bundle, at.x.to_numpy(), at.y.to_numpy(), weight, max(east - west, north - south) / 3)


def _cut(bundle: Bundle, box: Box) -> Bundle:
    """What of the background and the areas lies in the box, and a little beyond, so that no cut edge is seen."""
    crs, rim = bundle.districts.crs, 0.05 * (box[2] - box[0])
    wider = (box[0] - rim, box[1] - rim, box[2] + rim, box[3] + rim)

    def cut(table: gpd.GeoDataFrame, within: Box = wider) -> gpd.GeoDataFrame:
        near = table[table.intersects(shapely.box(*within))]
        shapes = shapely.clip_by_rect(near.geometry.make_valid().to_numpy(), *within)
        made = near.set_geometry(gpd.GeoSeries(shapes, index=near.index, crs=crs))
        return made[~made.is_empty]

    return replace(
        bundle, districts=cut(bundle.districts, box), water=cut(bundle.water), main_roads=cut(bundle.main_roads),
        area_before=shapely.clip_by_rect(bundle.area_before, *wider),
        area_after=shapely.clip_by_rect(bundle.area_after, *wider),
    )  # fmt: skip


def _side_by_side(wide: float, narrow: float, height: float) -> tuple[Any, Any, Any]:
    """A figure with room for two maps (inches), a title and a notice above and a legend below; their axes.

    Placed by hand: a layout that is found in passes cuts titles off where a map keeps its proportions.
    """
    tall = _ABOVE + height + _BELOW
    figure, whole = new_figure(_ACROSS, tall)
    figure.set_layout_engine("none")
    whole.set_position((0.0, _BELOW / tall, wide / _ACROSS, height / tall))
    whole.set_anchor("N")
    part = figure.add_axes((1 - (narrow + _RIM) / _ACROSS, _BELOW / tall, narrow / _ACROSS, height / tall))
    return figure, whole, part


def draw_map(
    bundle: Bundle, box: Box | None, theme: Callable[[Any, Bundle, float], None]
) -> tuple[Any, Any, Any]:
    """The theme on a map of the whole area and on one of the box; the figure, the first map's axes and the last's.

    ``theme`` draws on axes what a bundle shows, as fine as metres per pixel; without a box there is one map.
    """
    if box is None:
        figure, axes, metres = base_map(bundle)
        theme(axes, bundle, metres)
        frame_map(axes, bundle, metres)
        return figure, axes, axes
    wide, narrow, height = _sizes(bundle)
    figure, whole, part = _side_by_side(wide, narrow, height)
    seen = _cut(bundle, box)
    for axes, shown, inches, view in ((whole, bundle, wide, None), (part, seen, narrow, box)):
        metres = fill_map(axes, shown, inches, view)
        theme(axes, shown, metres)
        frame_map(axes, shown, metres, least_named=0.0 if view is None else _LEAST_NAMED)
    (west, south, east, north), edge = box, {"edgecolor": ACCENT, "linewidth": 1.2, "facecolor": "none"}
    from matplotlib.patches import Rectangle

    whole.add_patch(Rectangle((west, south), east - west, north - south, zorder=12, **edge))
    part.add_patch(Rectangle((0, 0), 1, 1, transform=part.transAxes, zorder=12, clip_on=False, **edge))
    note = phrase("fig_core", bundle.settings.study.language)
    part.text(0.015, 0.985, note, transform=part.transAxes, va="top", fontsize=8.5, color=SOFT, zorder=13,
              bbox={"facecolor": "white", "edgecolor": LINE, "linewidth": 0.6, "pad": 3})  # fmt: skip
    return figure, whole, part
