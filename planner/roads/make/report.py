"""What a planner should know about a network: islands, dead ends that nearly meet, parts not counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from planner.errors import Finding, Severity, finding
from planner.inputs.places.crs import transformer
from planner.roads.make import topology

if TYPE_CHECKING:
    from planner.roads.graph import Network

__all__ = ["tell"]

#: At most so many places are listed one by one.
LISTED = 20
#: From this share of the nodes on, parts that do not count are a warning.
MANY = 0.05


def tell(network: Network, source: str, barred: np.ndarray | None = None) -> list[Finding]:
    """Findings on what hangs together: parts that do not count, with size and place, and near misses.

    ``barred``: nodes before closed barriers, whose ends miss nothing.
    """
    size, x, y = topology.component_sizes(network.component, network.x_m, network.y_m)
    label_counts = np.zeros(size.size, bool)
    label_counts[network.component[network.counts]] = True
    found: list[Finding] = []
    lone = np.flatnonzero(~label_counts)
    if lone.size:
        nodes = int(size[lone].sum())
        severity: Severity = "W" if nodes > MANY * network.n_nodes else "I"
        found.append(
            finding(
                "NET-109",
                source=source,
                severity=severity,
                n=int(lone.size),
                nodes=nodes,
                share=round(100 * nodes / network.n_nodes, 1),
            )
        )
        big = [i for i in lone[:LISTED].tolist() if size[i] >= 5]
        found += [
            finding("NET-110", source=source, value=place, nodes=int(size[i]))
            for i, place in zip(big, _places(network, x[big], y[big]), strict=True)
        ]
    pairs = topology.near_misses(network.x_m, network.y_m, network.edge_u, network.edge_v, but=barred)
    if len(pairs):
        first = _places(network, network.x_m[pairs[:1, 0]], network.y_m[pairs[:1, 0]])[0]
        found.append(finding("NET-114", source=source, value=first, n=len(pairs)))
    return found


def _places(network: Network, x: np.ndarray, y: np.ndarray) -> list[str]:
    """Longitude and latitude, as text to paste into a map."""
    if not len(x):
        return []
    lng, lat = transformer(network.crs, "EPSG:4326").transform(x, y)
    return [f"{a:.5f},{b:.5f}" for a, b in zip(lng.tolist(), lat.tolist(), strict=True)]
