"""Truck trips on the streets: which ways they take, when they pass, and which counts they pass.

A way is chosen by perceived time: driving time as a driver of this kind judges it, plus the toll of
motorways in minutes. Drivers differ, so trips are averaged over a few draws (a stochastic choice after
Burrell 1968): times are judged alike within a class of road and square of 5 km, and a truck pays the
toll of its size (quantiles of a lognormal, from light trucks to heavy ones).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from planner.freight.flows import Trips
from planner.freight.graph import TruckGraph
from planner.jit import compiled
from planner.roads.kernels.ways import seconds_from, trace
from planner.roads.network import Network

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

#: Side of the squares within which a driver judges a class of road alike (metres).
SQUARE_M = 5000.0


@dataclass(frozen=True, eq=False)
class Taste:
    """How drivers judge ways.

    Attributes
    ----------
    draws
        Kinds of drivers trips are averaged over; 0: all judge by ``seconds + toll``.
    sigma
        Spread of perceived times (log scale).
    group
        Per arc, a number shared by the arcs judged alike.
    toll_s
        Seconds that the toll of an arc is worth to the average truck.
    toll_sigma
        Spread of that worth between trucks (log scale).
    """

    draws: int = 0
    sigma: float = 0.0
    group: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    toll_s: Floats = field(default_factory=lambda: np.zeros(0))
    toll_sigma: float = 0.0
    seed: int = 0

    def perceived(self, seconds: Floats) -> Iterator[Floats]:
        """Seconds of every arc as each kind of driver judges them."""
        toll = self.toll_s if len(self.toll_s) else np.zeros_like(seconds)
        if self.draws == 0:
            yield seconds + toll
            return
        random = np.random.default_rng(self.seed)
        group = self.group if len(self.group) else np.arange(len(seconds))
        for i in range(self.draws):
            factor = np.exp(self.toll_sigma * ndtri((i + 0.5) / self.draws) - self.toll_sigma**2 / 2)
            noise = random.standard_normal(int(group.max(initial=0)) + 1)
            yield seconds * np.exp(self.sigma * noise - self.sigma**2 / 2)[group] + toll * factor


def make_taste(
    graph: TruckGraph, network: Network, *, draws: int, sigma: float, toll_minutes_per_km: float,
    toll_sigma: float, seed: int = 0,
) -> Taste:  # fmt: skip
    """Taste on a truck network: tolls on its motorways, times judged alike by class and square."""
    edge, real = np.maximum(graph.edge, 0), graph.edge >= 0
    fast = np.array([c.startswith("motorway") for c in network.classes])[network.edge_class.astype(int)]
    whole = np.where(graph.forward, network.edge_s_uv[edge], network.edge_s_vu[edge])
    with np.errstate(invalid="ignore", divide="ignore"):
        km = network.edge_length_m[edge] / 1000 * np.where(real, graph.seconds / whole, 0.0)
    toll_s = np.where(real & fast[edge], np.nan_to_num(km) * toll_minutes_per_km * 60, 0.0)
    at = network.edge_u[edge].astype(np.int64)
    where = np.column_stack([
        np.where(real, network.edge_class[edge].astype(np.int64) + 1, 0),
        np.where(real, network.x_m[at] // SQUARE_M, 0), np.where(real, network.y_m[at] // SQUARE_M, 0),
    ])  # fmt: skip
    _, group = np.unique(where, axis=0, return_inverse=True)
    return Taste(draws, sigma, np.asarray(group, np.int64).ravel(), toll_s, toll_sigma, seed)


@dataclass(frozen=True, eq=False)
class Assigned:
    """Trips on the streets.

    Attributes
    ----------
    hourly
        Trucks a day on arcs (2 classes × hours × arcs): within the area and through a gateway, by whole
        hours since departure; a truck that passes f of an hour after the k-th counts 1 - f there and f in
        the next, which spreads departures evenly over their hour.
    vehicle_hours
        Driven a day, by the streets' own times.
    use
        Whether trips pass each count (kinds of drivers × counts × starts × ends).
    """

    hourly: Floats
    vehicle_hours: float
    use: NDArray[np.bool_]

    @property
    def flows(self) -> Floats:
        """Trucks a day on each arc by class (2 × arcs)."""
        return self.hourly.sum(1)

    @property
    def total(self) -> Floats:
        """Trucks a day on each arc."""
        return self.hourly.sum((0, 1))


def assign(
    graph: TruckGraph, starts: Ints, ends: Ints, trips: Trips, *, taste: Taste | None = None,
    factor: Floats | None = None, watch: Ints | None = None,
) -> Assigned:  # fmt: skip
    """Trips on the streets: all on the way that seems shortest, averaged over the kinds of drivers.

    Parameters
    ----------
    factor
        Of the trips of each kind of drivers (kinds × starts × ends), as counts ask for; 1 if None.
    watch
        Per arc, the count it belongs to, or -1.
    """
    taste = taste or Taste()
    share = 1 / max(taste.draws, 1)
    classes = [share * trips.local, share * (trips.exchange + trips.through)]
    n_counts = 0 if watch is None else int(watch.max(initial=-1)) + 1
    hourly, driven = np.zeros((2, 1, graph.matrix.nnz)), 0.0
    use = np.zeros((max(taste.draws, 1), n_counts, len(starts), len(ends)), bool)
    for k, seconds in enumerate(taste.perceived(graph.seconds)):
        mine = classes if factor is None else [c * factor[k] for c in classes]
        hourly, spent, use[k] = load(graph, starts, ends, mine, seconds=seconds, watch=watch, onto=hourly)
        driven += float(spent.sum())
    return Assigned(hourly, driven, use)


def load(
    graph: TruckGraph, starts: Ints, ends: Ints, trips: Sequence[Floats], *, seconds: Floats | None = None,
    watch: Ints | None = None, onto: Floats | None = None,
) -> tuple[Floats, Floats, NDArray[np.bool_]]:  # fmt: skip
    """All-or-nothing assignment: every trip on its shortest way.

    Parameters
    ----------
    trips
        Classes of trips, each (len(starts) × len(ends)) a day.
    seconds
        Times the ways are chosen by; the graph's own when None.
    watch
        Per arc, the count it belongs to, or -1.
    onto
        Flows that are there already (classes × hours × arcs).

    Returns
    -------
    flows (classes × hours × arcs), as many hours as the longest way needs and 24 at most; the
    vehicle-hours of each class by the graph's own times, summed trip by trip along the ways (so that
    the sum over arcs can be checked against it); and whether trips pass each count
    (counts × starts × ends).
    """
    felt = graph.seconds if seconds is None else seconds
    into = graph.into
    arcs = (into.ptr, into.tail, into.arc, felt, graph.seconds)
    seen = np.full(graph.matrix.nnz, -1) if watch is None else np.asarray(watch, np.int64)
    flows = np.zeros((len(trips), 1, graph.matrix.nnz)) if onto is None else onto.copy()
    spent = np.zeros(len(trips))
    use = np.zeros((int(seen.max(initial=-1)) + 1, len(starts), len(ends)), bool)
    stacked = np.stack([np.asarray(t, float) for t in trips])
    rows = np.flatnonzero(starts >= 0)
    for row, times in zip(rows, seconds_from(graph.with_seconds(felt), starts[rows]), strict=True):
        mine = np.ascontiguousarray(stacked[:, row, :])
        to = np.where(mine.any(0), ends, -1)
        way_s = _lengths(*arcs, times, int(starts[row]), to)
        more = min(24, int(way_s.max(initial=0.0) // 3600) + 2) - flows.shape[1]
        if more > 0:
            flows = np.pad(flows, ((0, 0), (0, more), (0, 0)))
        _walk(*arcs, times, seen, int(starts[row]), to, way_s, mine, flows, use[:, row, :])
        spent += mine @ way_s
    return flows, spent / 3600.0, use


@compiled
def _lengths(
    ptr: Any, tail: Any, arc: Any, felt: Any, seconds: Any, times: Any, start: int, ends: Any
) -> Any:
    """Seconds of the way to each end; 0 where there is no way or the end is -1."""
    out = np.zeros(ends.size)
    for j in range(ends.size):
        node = ends[j]
        if node < 0 or times[node] == np.inf:
            continue
        while node != start:
            by, node = trace(ptr, tail, arc, felt, times, node)
            if by < 0:  # times that rounding has made equal: no arc of this way can be told
                break
            out[j] += seconds[by]
    return out


@compiled
def _walk(
    ptr: Any, tail: Any, arc: Any, felt: Any, seconds: Any, times: Any, watch: Any, start: int, ends: Any, way_s: Any,
    trips: Any, flows: Any, use: Any,
) -> None:  # fmt: skip
    """Put every trip of one start on the arcs of its way, in the hour since departure it enters them."""
    hours = flows.shape[1]
    for j in range(ends.size):
        node = ends[j]
        if node < 0 or times[node] == np.inf:
            continue
        left = way_s[j]
        while node != start:
            by, node = trace(ptr, tail, arc, felt, times, node)
            if by < 0:  # times that rounding has made equal: no arc of this way can be told
                break
            left -= seconds[by]
            since = max(left, 0.0) / 3600.0
            hour = int(since)
            for c in range(trips.shape[0]):
                flows[c, hour % hours, by] += trips[c, j] * (1.0 + hour - since)
                flows[c, (hour + 1) % hours, by] += trips[c, j] * (since - hour)
            if watch[by] >= 0:
                use[watch[by], j] = True
