"""Driver homes as a problem: drivers in segments, homes with bays, and what a set of open homes serves.

A segment ``k`` is a set of drivers, each counted once, who can use the homes ``R_k``. What a set of
open homes serves is a maximum flow from segments through homes of capacity ``c_h``. By max-flow
min-cut it is the least, over sets A of segments, of ``Σ_{k∈A} w_k + Σ_{h∈R(not A)} c_h``, so for every A

    θ ≤ Σ_{k∈A} w_k z_k + Σ_{h∈R(not A)} c_h y_h,      z_k ≤ Σ_{h∈R_k} y_h,  z_k ≤ 1

holds for every plan y, and is tight at the plan whose cut it is (used by :mod:`planner.freight.choose.master`).
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Passing:
    """Drivers who pass homes.

    Attributes
    ----------
    minutes
        Detour of each group of drivers by each home (n_groups × n_homes); inf: it is out of their way.
    drivers
        Distinct drivers a month of each group.
    """

    minutes: Floats
    drivers: Floats

    def by(self, homes: Ints) -> tuple[float, float]:
        """Distinct drivers who pass one of the homes, and their mean detour in minutes by the best of these."""
        if len(homes) == 0 or len(self.drivers) == 0:
            return 0.0, 0.0
        least = self.minutes[:, homes].min(1)
        near = np.isfinite(least)
        drivers = float(self.drivers[near].sum())
        return drivers, float(self.drivers[near] @ least[near]) / drivers if drivers > 0 else 0.0


@dataclass(frozen=True, eq=False)
class HomesProblem:
    """Drivers in segments and homes they can use.

    Attributes
    ----------
    reach
        ``csr_array`` of bool (n_segments × n_homes).
    drivers
        Distinct drivers a month of each segment.
    capacity
        Drivers a month each home can serve.
    open_now
        Homes that exist already.
    conflicts
        Pairs (k × 2) of homes too near to each other to open both.
    cost, budget
        Of opening each home; what all new ones may cost together.
    must
        ``csr_array`` of bool (rows × n_homes): of each row at least one home must be open.
    passing
        Who passes, to choose by among plans that serve alike; None: all drivers in reach, at no detour.
    """

    reach: sparse.csr_array
    drivers: Floats
    capacity: Floats
    open_now: Mask
    conflicts: Ints = field(default_factory=lambda: np.zeros((0, 2), np.int64))
    cost: Floats | None = None
    budget: float | None = None
    must: sparse.csr_array | None = None
    passing: Passing | None = None

    @functools.cached_property
    def links(self) -> tuple[Ints, Ints]:
        """Segment and home of each that reach each other, segment by segment."""
        segment, home = sparse.coo_array(self.reach).coords
        return np.asarray(segment, np.int64), np.asarray(home, np.int64)

    def __post_init__(self) -> None:
        m, n = self.reach.shape
        if self.drivers.shape != (m,) or self.capacity.shape != (n,) or self.open_now.shape != (n,):
            raise ValueError(f"{m} segments and {n} homes need as many drivers, capacities and marks")
        for name, values in (("drivers", self.drivers), ("capacity", self.capacity)):
            if not (np.isfinite(values).all() and (values >= 0).all()):
                raise ValueError(f"{name} must be numbers, 0 or more")


@dataclass(frozen=True, eq=False)
class Served:
    """What a set of open homes serves: total, by home, and the minimum cut that binds it.

    Attributes
    ----------
    cut
        Segments cut from their drivers: all of those are served.
    full
        Homes whose bays bind: with one more of theirs, and nothing else, more drivers would be served (whichever way
        the drivers are shared out among the homes).
    """

    total: float
    by_home: Floats
    by_segment: Floats
    cut: Mask
    full: Mask


def merged(reach: Any, drivers: Floats) -> tuple[sparse.csr_array, Floats]:
    """Segments with the same homes taken together, those without any or with nobody left out."""
    reach = sparse.csr_array(reach, dtype=bool)
    reach.sort_indices()
    sums: dict[bytes, float] = {}
    for k in range(reach.shape[0]):
        homes = reach.indices[reach.indptr[k] : reach.indptr[k + 1]]
        if len(homes) and drivers[k] > 0:
            key = homes.astype(np.int32).tobytes()
            sums[key] = sums.get(key, 0.0) + float(drivers[k])
    rows = [np.frombuffer(key, np.int32) for key in sums]
    ptr = np.concatenate([[0], np.cumsum([len(r) for r in rows])]).astype(np.int64)
    idx = np.concatenate(rows) if rows else np.zeros(0, np.int32)
    made = sparse.csr_array((np.ones(len(idx), bool), idx, ptr), shape=(len(rows), reach.shape[1]))
    return made, np.array(list(sums.values()), float)


def served(problem: HomesProblem, homes: Ints | Sequence[int]) -> Served:
    """Drivers that the homes given can serve: a maximum flow (Dinic), in thousandths of a driver at best."""
    open_ = np.zeros(len(problem.capacity))
    open_[np.asarray(homes, np.int64)] = 1.0
    return flow_at(problem, open_)


def flow_at(problem: HomesProblem, opened: Floats) -> Served:
    """The same for homes that are opened in part: a share of their bays, for so many of each segment.

    A segment offers ``w_k · min(1, Σ y_h)`` in all and ``w_k · y_h`` to each home, so that the cut is the
    tightest at ``opened`` of all that :meth:`Master.add` makes.
    """
    (seg, hom), (m, n) = problem.links, problem.reach.shape
    used = opened[hom] > 0
    seg, hom = seg[used], hom[used]
    homes = np.flatnonzero(opened > 0)
    h, place = len(homes), np.cumsum(opened > 0) - 1
    offered = problem.drivers * np.minimum(1.0, np.bincount(seg, opened[hom], m))
    bays = problem.capacity[homes] * opened[homes]
    unit = min(1000.0, (2**31 - 2) / max(offered.sum(), bays.sum(), 1.0))
    s, t = m + h, m + h + 1
    w, c, link = (
        np.floor(part * unit + 0.5).astype(np.int64)
        for part in (offered, bays, problem.drivers[seg] * opened[hom])
    )
    tail = np.concatenate([np.full(m, s), seg, m + np.arange(h)]).astype(np.int32)
    head = np.concatenate([np.arange(m), m + place[hom], np.full(h, t)]).astype(
        np.int32
    )  # older scipy's flow takes no other
    cap = np.concatenate([w, link, c]).astype(np.int32)
    graph = sparse.csr_matrix((cap, (tail, head)), shape=(t + 1, t + 1))
    flow = csgraph.maximum_flow(graph, s, t)
    residual = graph - flow.flow
    residual.eliminate_zeros()
    seen = np.zeros(t + 1, bool)
    seen[csgraph.breadth_first_order(residual, s, return_predecessors=False)] = True
    by_home, by_segment = np.zeros(n), np.zeros(m)
    net = flow.flow.tocoo()
    last, first = net.col == t, (net.row == s) & (net.col < m)
    by_home[homes[net.row[last] - m]] = net.data[last] / unit
    by_segment[net.col[first]] = net.data[first] / unit
    full = np.zeros(n, bool)
    full[homes] = seen[m : m + h]
    return Served(float(flow.flow_value) / unit, by_home, by_segment, ~seen[:m] & (offered > 0), full)


def in_order(problem: HomesProblem, homes: Ints) -> tuple[Ints, Floats]:
    """The homes by what each adds to those before it, and that gain."""
    now = list(np.flatnonzero(problem.open_now))
    have, rest = served(problem, np.array(now, np.int64)).total, list(map(int, homes))
    order, gains = list[int](), list[float]()
    while rest:
        worth = [served(problem, np.array([*now, *order, h])).total for h in rest]
        i = int(np.argmax(worth))
        gains.append(worth[i] - have)
        have = worth[i]
        order.append(rest.pop(i))
    return np.array(order, np.int64), np.array(gains, float)
