"""How well points stand on the streets: one line each, with what would mend it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from planner.roads.snapping import coordinates, nearest_on, snap, street_grid

if TYPE_CHECKING:
    import pandas as pd

    from planner.roads.network import Network

__all__ = ["REPAIRS", "snap_report"]

#: What a value of ``repair`` asks for, in English and Chinese.
REPAIRS = {
    "": ("nothing to mend", "无需修正"),
    "far": (
        "no street within the limit: check the coordinates and their datum",
        "限距内没有街道：请核对坐标及其坐标系",
    ),
    "island": (
        "the nearest street hangs on to nothing: join it in the street file, or move the point",
        "最近的街道与路网不连通：请在街道数据中补上连接，或移动该点",
    ),
    "one_way": (
        "the nearest street can only be entered or only be left: check its one-way tag",
        "最近的街道只能驶入或只能驶出：请核对其单行标记",
    ),
}


def snap_report(network: Network, points: Any, *, limit_m: float = 100.0) -> pd.DataFrame:
    """Where each point was put, how long its off-road leg takes, and what looks wrong.

    Parameters
    ----------
    points
        As for :func:`planner.roads.snapping.snap`.

    Returns
    -------
    DataFrame on the points' index: ``snap_m`` (NaN: no street), ``access_s`` (the off-road leg on
    foot), ``component`` and ``component_nodes`` (0: no street), ``nearest_m`` (the nearest street of
    any kind) and ``repair``, a key of :data:`REPAIRS`: ``far``, or ``island`` / ``one_way`` where a
    street nearer by more than 1 m was passed over for that reason.
    """
    import pandas as pd

    made = snap(network, points, limit_m=limit_m)
    x, y, index = coordinates(network, points)
    grid = street_grid(network, counting=False)
    segment, _, nearest_m = nearest_on(grid, x, y, max(limit_m, 1.0))
    on, edge = made.edge >= 0, np.maximum(made.edge, 0)
    component = np.where(on, network.component[network.edge_u[edge]] if network.n_edges else -1, -1)
    nodes = np.bincount(network.component, minlength=1)
    other = grid.edge[np.maximum(segment, 0)] if grid.edge.size else np.zeros(len(made), np.int32)
    passed = (segment >= 0) & (~on | (nearest_m < made.metres - 1.0))
    both = np.zeros(len(made), bool)
    if network.n_edges:
        both = np.isfinite(network.edge_s_uv[other]) & np.isfinite(network.edge_s_vu[other])
    repair = np.select([passed & both, passed, ~on], ["island", "one_way", "far"], "")
    return pd.DataFrame(
        {
            "snap_m": made.metres,
            "access_s": made.metres / (network.walk_kmh / 3.6),
            "component": component,
            "component_nodes": np.where(on, nodes[np.maximum(component, 0)], 0),
            "nearest_m": np.where(segment >= 0, nearest_m, np.nan),
            "repair": repair,
        },
        index=index,
    )
