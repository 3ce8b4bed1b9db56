"""Service areas by contour beside the exact union of buffered pieces: time, agreement, what lies inside.

CPU time (not wall) of one thread per site, search included on both sides.

    python -m benchmarks.areas [--quick]
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from benchmarks import town
from benchmarks.reach import CUTOFF_S, Row, row

FASTER = {"walk": 15, "ebike": 15, "car": 50}
ALIKE = {"walk": 0.975, "ebike": 0.98, "car": 0.985}


def _once(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.process_time()
    made = work()
    return time.process_time() - start, made


def _inside(net: Any, sites: Any, areas: np.ndarray) -> tuple[float, int]:
    """Unreachable nodes inside per reachable node, and reachable nodes outside."""
    import shapely

    from planner.roads.reach import travel_times

    reached = travel_times(net, sites, town.at_nodes(net, np.arange(net.n_nodes)), cutoff_s=CUTOFF_S).seconds
    tree = shapely.STRtree(shapely.points(net.x_m, net.y_m))
    wrong = outside = 0
    for i, area in enumerate(areas):
        shapely.prepare(area)
        inside, nodes = tree.query(area, predicate="intersects"), reached[[i]].indices
        wrong += np.setdiff1d(inside, nodes).size
        outside += np.setdiff1d(nodes, inside).size
    return wrong / reached.nnz, outside


def _modes(quick: bool) -> Iterator[Row]:
    import shapely

    from planner.roads.areas import service_areas

    for mode in town.KMH:
        net = town.network(mode, 240 if quick else 720)
        n = {"walk": 30, "ebike": 8, "car": 2} if quick else {"walk": 200, "ebike": 30, "car": 6}
        sites = town.at_nodes(net, town.sources(net, n[mode]))
        service_areas(net, town.at_nodes(net, town.sources(net, 2, seed=4)), cutoff_s=CUTOFF_S)
        quickly = [_once(lambda t=net, s=sites: service_areas(t, s, cutoff_s=CUTOFF_S)) for _ in range(5)]
        ours, made = float(np.median([q[0] for q in quickly])), quickly[0][1].geometry.to_numpy()
        theirs, exact = _once(lambda t=net, s=sites: service_areas(t, s, cutoff_s=CUTOFF_S, method="exact"))
        exact = exact.geometry.to_numpy()
        alike = shapely.area(shapely.intersection(exact, made)) / shapely.area(shapely.union(exact, made))
        yield row(f"{mode}: area of a site", round(1000 * ours / len(sites), 3), round(1000 * theirs / len(sites), 2),
                  "exact union", round(theirs / ours, 1), "ms CPU/site",
                  f"must be ≥ {FASTER[mode]}×; valid {shapely.is_valid(made).all()}")  # fmt: skip
        yield row(f"{mode}: intersection over union with the exact area, median", round(float(np.median(alike)), 4),
                  ALIKE[mode], "limit", round(float(np.median(alike)) / ALIKE[mode], 3), "",
                  f"mean {alike.mean():.4f}, least {alike.min():.4f} of {len(sites)} sites")  # fmt: skip
        wrong, outside = _inside(net, sites, made)
        exactly, _ = _inside(net, sites, exact)
        yield row(f"{mode}: unreachable nodes inside per reachable one", round(wrong, 3), round(exactly, 3), "exact union",
                  round(exactly / max(wrong, 1e-9), 2), "",
                  f"must be ≤ 0.145 for walk; reachable nodes outside: {outside}")  # fmt: skip


def _union(quick: bool) -> Iterator[Row]:
    import shapely

    from planner.roads.areas import service_areas, union_area

    net = town.network("walk", 240 if quick else 720)
    sites = town.at_nodes(net, town.sources(net, 200 if quick else 1000))
    union_area(net, town.at_nodes(net, np.arange(3)), cutoff_s=CUTOFF_S)
    ours, made = min(
        (_once(lambda: union_area(net, sites, cutoff_s=CUTOFF_S)) for _ in range(3)), key=lambda r: r[0]
    )
    each = service_areas(net, sites, cutoff_s=CUTOFF_S).geometry.to_numpy()
    theirs, union = _once(lambda: shapely.union_all(each))
    alike = made.intersection(union).area / made.union(union).area
    yield row(f"union of {len(sites):,} stations' areas", round(ours, 3), round(theirs, 3), "shapely.union_all",
              round(theirs / ours, 1), "s CPU", f"must be ≥ 10× (areas themselves not counted); alike {alike:.4f}")  # fmt: skip


def lines(quick: bool = False) -> Iterator[Row]:
    """The rows of :func:`run` as they come."""
    for part in (_modes, _union):
        yield from part(quick)


def run(quick: bool = False) -> list[Row]:
    """Rows of ``what, ours, peer, peer_name, ratio, unit, note``."""
    return list(lines(quick))


if __name__ == "__main__":
    for r in lines(quick="--quick" in sys.argv):
        print(
            f"{r['what']:<66} {r['ours']!s:>9} {r['peer']!s:>9} {r['unit']:<12} {r['ratio']!s:>7}× "
            f"{r['peer_name']:<18} {r['note']}",
            flush=True,
        )
