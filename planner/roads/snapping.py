"""The nearest street of a point: of a component that counts, and how far off the street the point is."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from planner.errors import PlannerError

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from planner.roads.graph import Network

__all__ = ["Snapped", "StreetGrid", "coordinates", "nearest_on", "snap", "street_grid"]


@dataclass(frozen=True, eq=False)
class Snapped:
    """Points on streets.

    Attributes
    ----------
    edge
        Edge of the network, int32 ``[n]``; -1 where no street is near enough.
    offset_m
        Metres from the edge's u along it, on the scale of ``edge_length_m``.
    metres
        From the point straight to its place on the street (NaN where there is none).
    x_m, y_m
        That place, in ``crs`` (NaN where there is none).
    index
        Index of the points.
    crs
        The network's CRS.
    """

    edge: np.ndarray
    offset_m: np.ndarray
    metres: np.ndarray
    x_m: np.ndarray
    y_m: np.ndarray
    index: pd.Index
    crs: str

    def __len__(self) -> int:
        return int(self.edge.size)

    def __repr__(self) -> str:
        on = self.edge >= 0
        middle = f", median {np.median(self.metres[on]):.1f} m off" if on.any() else ""
        return f"<Snapped {int(on.sum()):,} of {self.edge.size:,} points on a street{middle}>"

    def _repr_html_(self) -> str:
        return f"<code>{repr(self)[1:-1]}</code>"

    def take(self, at: np.ndarray) -> Snapped:
        """Only the points at some positions."""
        return Snapped(
            self.edge[at], self.offset_m[at], self.metres[at], self.x_m[at], self.y_m[at], self.index[at], self.crs
        )  # fmt: skip

    def points(self) -> gpd.GeoSeries:
        """Places on the streets as a GeoSeries on the points' index."""
        import geopandas as gpd

        made = gpd.GeoSeries(gpd.points_from_xy(self.x_m, self.y_m), index=self.index, crs=self.crs)
        return made.where(self.edge >= 0)


class StreetGrid(NamedTuple):
    """Segments of the edges in square cells, for "what is near here"."""

    ends: np.ndarray  # float64 [n_segments, 4]: x1, y1, x2, y2
    edge: np.ndarray  # int32 [n_segments]
    start_m: np.ndarray  # float64 [n_segments]: metres of shape before the segment
    x0: float
    y0: float
    size: float
    nx: int
    ny: int
    ptr: np.ndarray
    cell_segment: np.ndarray
    shape_m: np.ndarray  # float64 [n_edges]: length of the shape


_grids: dict[bool, weakref.WeakKeyDictionary[Any, StreetGrid]] = {
    True: weakref.WeakKeyDictionary(),
    False: weakref.WeakKeyDictionary(),
}


def street_grid(network: Network, *, counting: bool = True) -> StreetGrid:
    """The grid of ``network``'s edges, made once; ``counting``: only edges points may be snapped to."""
    found = _grids[counting].get(network)
    if found is None:
        found = _grids[counting][network] = _build_grid(network, counting=counting)
    return found


def _build_grid(network: Network, *, counting: bool) -> StreetGrid:
    from planner.roads.kernels.snap import count_cells, fill_cells

    x, y, ptr = network.geom_x, network.geom_y, network.geom_ptr
    owner = np.repeat(np.arange(network.n_edges, dtype=np.int32), np.diff(ptr))
    inner = owner[1:] == owner[:-1]
    step = np.hypot(np.diff(x), np.diff(y))
    along = np.concatenate([[0.0], np.cumsum(np.where(inner, step, 0.0))])
    shape_m = along[ptr[1:] - 1] - along[ptr[:-1]]
    usable = np.isfinite(network.edge_s_uv) | np.isfinite(network.edge_s_vu)
    if counting:
        u, v = network.edge_u, network.edge_v
        usable = usable & network.counts[u] & (network.component[u] == network.component[v])
    first = np.flatnonzero(inner & usable[owner[:-1]])
    ends = np.column_stack([x[first], y[first], x[first + 1], y[first + 1]])
    edge = owner[first]
    start = along[first] - along[ptr[:-1]][edge]
    if first.size == 0:
        return StreetGrid(
            ends, edge, start, 0.0, 0.0, 1.0, 1, 1, np.zeros(2, np.int64), np.empty(0, np.int32), shape_m
        )
    x0, y0 = ends[:, 0::2].min(), ends[:, 1::2].min()
    width, height = ends[:, 0::2].max() - x0, ends[:, 1::2].max() - y0
    size = max(np.sqrt(width * height / first.size), (width + height) / 20000, 10.0)
    nx, ny = int(width / size) + 1, int(height / size) + 1
    cells = count_cells(ends, x0, y0, size, nx, ny)
    inside = fill_cells(ends, x0, y0, size, nx, ny, cells)
    return StreetGrid(ends, edge, start, float(x0), float(y0), float(size), nx, ny, cells, inside, shape_m)


def coordinates(network: Network, points: Any) -> tuple[np.ndarray, np.ndarray, pd.Index]:
    """x, y in the network's CRS and the index of points given in whatever form.

    ``points``: a GeoDataFrame (whose column ``point`` is taken where its geometry is not points), a
    GeoSeries, or an array ``[n, 2]`` already in the network's CRS. Missing points become NaN.

    Raises
    ------
    PlannerError
        No CRS.
    ValueError
        Not points.
    """
    import pandas as pd
    import shapely

    if isinstance(points, np.ndarray):
        if points.ndim != 2 or points.shape[1] != 2:
            raise ValueError(f"an array of points has the shape (n, 2), not {points.shape}")
        return points[:, 0].astype(float), points[:, 1].astype(float), pd.RangeIndex(len(points))
    series = points.geometry
    kinds = shapely.get_type_id(series.to_numpy())
    if not np.isin(kinds, (0, -1)).all():
        own = points["point"] if "point" in getattr(points, "columns", ()) else None
        if own is None:
            raise ValueError("these are not points; take centroids or representative points first")
        series = own.set_crs(series.crs) if own.crs is None else own
    if series.crs is None:
        raise PlannerError("the points have no CRS; set it first (points.set_crs(...))")
    values = series.to_crs(network.crs).to_numpy()
    return shapely.get_x(values), shapely.get_y(values), series.index


def nearest_on(
    grid: StreetGrid, x: np.ndarray, y: np.ndarray, limit_m: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Nearest segment within ``limit_m`` (-1: none), share along it and metres to it, per point."""
    from planner.roads.kernels.snap import nearest_segments

    found: tuple[np.ndarray, np.ndarray, np.ndarray] = nearest_segments(
        x,
        y,
        grid.ends,
        grid.x0,
        grid.y0,
        grid.size,
        grid.nx,
        grid.ny,
        grid.ptr,
        grid.cell_segment,
        float(limit_m),
    )
    return found


def snap(network: Network, points: Any, *, limit_m: float = 100.0) -> Snapped:
    """Nearest place of a street that the mode may use, in a component that counts.

    Parameters
    ----------
    points
        GeoDataFrame or GeoSeries of points in any CRS, or an array ``[n, 2]`` in the network's CRS.
    limit_m
        Points farther than this from every street get edge -1 and are unreachable.

    Raises
    ------
    PlannerError
        The points have no CRS.
    ValueError
        Not points, or a negative limit.
    """
    if not limit_m >= 0:
        raise ValueError(f"limit_m must be 0 or more, not {limit_m}")
    if isinstance(points, Snapped):
        return points
    x, y, index = coordinates(network, points)
    grid = street_grid(network)
    segment, share, metres = nearest_on(grid, x, y, limit_m)
    ok = segment >= 0
    if not ok.any():
        nothing = np.full(x.size, np.nan)
        return Snapped(segment, nothing, nothing, nothing, nothing, index, network.crs)
    s = np.maximum(segment, 0)
    edge = np.where(ok, grid.edge[s], -1).astype(np.int32)
    x1, y1, x2, y2 = grid.ends[s].T
    along = grid.start_m[s] + share * np.hypot(x2 - x1, y2 - y1)
    shape_m, length = grid.shape_m[edge], network.edge_length_m[edge]
    part = np.divide(along, shape_m, out=np.zeros(x.size), where=shape_m > 0).clip(0, 1)
    offset = part * length
    offset = np.where(offset < 1e-6, 0.0, np.where(offset > length - 1e-6, length, offset))
    return Snapped(
        edge=edge,
        offset_m=np.where(ok, offset, np.nan),
        metres=np.where(ok, metres, np.nan),
        x_m=np.where(ok, x1 + share * (x2 - x1), np.nan),
        y_m=np.where(ok, y1 + share * (y2 - y1), np.nan),
        index=index,
        crs=network.crs,
    )
