"""Traffic counts on the model's streets: the cross-section each stands at, and trips adjusted to them.

Given counts ``V_a`` and whether the way ``p`` of a relation (one for each kind of drivers) passes them,
the trips are

    T_ij,p = t_ij,p · exp(Σ_a x_a δ_a,ij,p + r_i + b_i − b_j)

the least change (relative entropy) of the modelled ``t`` that meets the counts, keeps what each zone
sends close to what was stated, and lets as many trips end in a zone as begin there (Van Zuylen &
Willumsen 1980 with their factors ``exp(x_a)``, on ways as in the path flow estimator of Bell & Grosso
1998, so that a count moves trucks between roads as well as between zones). A row with slack ``e`` is missed by
``e`` times the logarithm of its factor, relative to its value: slack 0.02 meets a count of twice the
model to 1.4 %. The multipliers solve a smooth concave problem with one answer (Newton's method).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy import sparse

from planner.errors import Finding, finding
from planner.freight.flows import Trips
from planner.freight.graph import TruckGraph
from planner.roads.network import Network

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

#: A count belongs to the road it names within this distance, else to the nearest main road (metres).
NAMED_M, NEAR_M = 5000.0, 1500.0
#: The other carriageway of a road is at most so far from the first (metres).
ACROSS_M = 300.0
#: A count is met when the model is within this share of it.
MET = 0.05
_MAIN = ("motorway", "trunk", "primary", "secondary")


@dataclass(frozen=True, eq=False)
class CrossSection:
    """Where a count stands: arcs of both directions, their streets, and whether its road was found by name."""

    arcs: Ints
    edges: Ints
    by_name: bool


def ways_called(road: str, roads: gpd.GeoDataFrame) -> Ints:
    """Ids of the OSM ways whose ref or name is ``road``."""
    if not road or "osm_id" not in roads.columns or roads.empty:
        return np.zeros(0, np.int64)
    refs = roads["ref"].fillna("").astype(str).str.split(";")
    hit = [road in parts or road == name for parts, name in zip(refs, roads["name"], strict=True)]
    ids = roads["osm_id"][hit].astype(str)
    return ids[ids.str.startswith("w")].str[1:].astype(np.int64).to_numpy()


def cross_sections(
    counts: gpd.GeoDataFrame, graph: TruckGraph, network: Network, roads: gpd.GeoDataFrame
) -> tuple[list[CrossSection], list[Finding]]:
    """The section of each count (no arcs where there is none), and counts on roads closed to trucks."""
    kinds = np.array(network.classes, dtype=object)[network.edge_class.astype(int)]
    one = _arc_of(graph, True), _arc_of(graph, False)
    usable = np.flatnonzero(np.isin(kinds, _MAIN) & ((one[0] >= 0) | (one[1] >= 0)))
    ends = np.column_stack([network.edge_u[usable], network.edge_v[usable]]).astype(np.int64)
    lines = shapely.linestrings(np.stack([network.x_m[ends], network.y_m[ends]], axis=-1))
    tree = shapely.STRtree(lines)
    named_lines = shapely.STRtree(roads.geometry.to_numpy())
    out, found = list[CrossSection](), list[Finding]()
    for r in counts.itertuples():
        ways = ways_called(str(r.road), roads)
        near = tree.query(r.geometry, predicate="dwithin", distance=NAMED_M)
        named = near[np.isin(network.edge_way_id[usable[near]], ways)]
        if not len(named) and len(ways):
            by = named_lines.query(r.geometry, predicate="dwithin", distance=NAMED_M)
            if np.isin([f"w{w}" for w in ways], roads["osm_id"].iloc[by].astype(str)).any():
                found.append(
                    finding("FRT-013", source=str(r.source), row=int(r.row), field="road", value=r.road)
                )
                out.append(CrossSection(np.zeros(0, np.int64), np.zeros(0, np.int64), by_name=False))
                continue
        pool = named if len(named) else tree.query(r.geometry, predicate="dwithin", distance=NEAR_M)
        edges = _both_ways(np.sort(pool), lines, r.geometry, one, usable)
        arcs = np.concatenate([side[edges] for side in one])
        out.append(CrossSection(arcs[arcs >= 0], edges, by_name=bool(len(named))))
    return out, found


def _arc_of(graph: TruckGraph, forward: bool) -> Ints:
    """The arc of each street in a direction; -1 where there is none, or where places cut it in parts."""
    mine = np.flatnonzero((graph.edge >= 0) & (graph.forward == forward))
    arc = np.full(graph.n_edges, -1)
    arc[graph.edge[mine]] = mine
    arc[np.bincount(graph.edge[mine], minlength=graph.n_edges) != 1] = -1
    return arc


def _both_ways(pool: Ints, lines: Any, point: shapely.Point, one: tuple[Ints, Ints], usable: Ints) -> Ints:
    """The nearest street of the pool and, where it is one-way, the nearest that leads back beside it."""
    if not len(pool):
        return np.zeros(0, np.int64)
    far = shapely.distance(lines[pool], point)
    first = pool[np.argmin(far)]
    if one[0][usable[first]] >= 0 and one[1][usable[first]] >= 0:
        return usable[[first]]
    foot = shapely.line_interpolate_point(lines[first], shapely.line_locate_point(lines[first], point))
    heading = _headings(lines[pool], one[0][usable[pool]] >= 0)
    mine = heading[np.flatnonzero(pool == first)[0]]
    beside = shapely.distance(lines[pool], foot)
    back = (heading @ mine < -0.5) & (beside <= ACROSS_M)
    if not back.any():
        return usable[[first]]
    second = pool[back][np.argmin(beside[back])]
    return usable[[first, second]]


def _headings(lines: Any, forward: NDArray[np.bool_]) -> Floats:
    """Unit vectors along straight lines, turned round where they are driven backwards."""
    xy = shapely.get_coordinates(lines).reshape(-1, 2, 2)
    way = np.where(forward[:, None], 1.0, -1.0) * (xy[:, 1] - xy[:, 0])
    return way / np.maximum(np.hypot(*way.T), 1e-9)[:, None]


def watched(found: list[CrossSection], n_arcs: int) -> tuple[Ints, Ints]:
    """Per arc the section it belongs to (-1: none), and the section of each count: equal sections once."""
    watch, number = np.full(n_arcs, -1), np.full(len(found), -1)
    n = 0
    for i, s in enumerate(found):
        if not len(s.arcs):
            continue
        there = watch[s.arcs]
        if (there >= 0).any():
            number[i] = there.max()
            continue
        watch[s.arcs], number[i], n = n, n, n + 1
    return watch, number


def adjust(
    trips: Trips, use: NDArray[Any], counted: Floats, *, count_slack: float, zone_slack: Floats
) -> tuple[Trips, Floats]:
    """Trips adjusted to counts, and the factor of every way (kinds × zones × zones).

    Parameters
    ----------
    use
        Whether trips pass each count (kinds of drivers × counts × zones × zones); each kind makes an equal
        share of the trips.
    counted
        Trucks a day at each count.
    count_slack, zone_slack
        How loosely counts, and the trips stated for each zone, are kept (see the module).

    Raises
    ------
    ValueError
        A count is negative, or no trip passes it.
    """
    total, kinds = trips.total, len(use)
    z = len(total)
    value = np.asarray(counted, float)
    if (value < 0).any() or not np.isfinite(value).all():
        raise ValueError("counts must be numbers, 0 or more")
    passing = (use * total).sum((0, 2, 3)) / kinds
    if (passing <= 0).any():
        raise ValueError(f"no trip passes the counts {np.flatnonzero(passing <= 0).tolist()}")
    kind, first, second = np.nonzero(np.broadcast_to(total > 0, (kinds, z, z)))
    prior, n = total[first, second] / kinds, np.arange(len(first))
    ones = np.ones(len(first))
    starts = sparse.csr_array((ones, (first, n)), shape=(z, len(first)))
    arrives = sparse.csr_array((ones, (second, n)), shape=(z, len(first)))
    passes = sparse.csr_array(use[kind, :, first, second].T.astype(float))
    rows = sparse.csr_array(sparse.vstack([passes, starts, starts - arrives], format="csr"))
    stated = total.sum(1)
    target = np.concatenate([value, stated, np.zeros(z)])
    slack = np.concatenate([np.full(len(value), count_slack), zone_slack, np.zeros(z)])
    ridge = slack * np.maximum(target, 1.0) + 1e-9 * np.maximum(
        np.concatenate([passing, stated, stated]), 1.0
    )
    factor = np.ones((kinds, z, z))
    factor[kind, first, second] = np.exp(rows.T @ _multipliers(rows, prior, target, ridge))
    mean = factor.mean(0)
    made = replace(
        trips, local=trips.local * mean, exchange=trips.exchange * mean, through=trips.through * mean
    )
    return made, factor


def _multipliers(rows: Any, prior: Floats, target: Floats, ridge: Floats, *, most: int = 200) -> Floats:
    """The x that maximises ``target·x − Σ prior·exp(rowsᵀx) − ½ Σ ridge·x²``: Newton with halved steps."""
    turned = rows.T.tocsr()

    def worth(x: Floats) -> float:
        with np.errstate(over="ignore"):
            return float(target @ x - (prior * np.exp(turned @ x)).sum() - 0.5 * (ridge * x * x).sum())

    x = np.zeros(len(target))
    best = worth(x)
    for _ in range(most):
        trips = prior * np.exp(turned @ x)
        slope = target - rows @ trips - ridge * x
        if np.abs(slope).max() <= 1e-10 * max(float(prior.sum()), 1.0):
            break
        curve = (rows.multiply(trips) @ turned).toarray() + np.diag(ridge)
        step = np.linalg.solve(curve, slope)
        length = min(1.0, 3.0 / max(float(np.abs(turned @ step).max()), 1e-12))
        while worth(x + length * step) < best and length > 1e-12:
            length /= 2
        if length <= 1e-12:
            break
        x = x + length * step
        best = worth(x)
    return x


def judge(
    counts: gpd.GeoDataFrame, number: Ints, before: Floats, after: Floats, at_gate: NDArray[np.bool_]
) -> list[Finding]:
    """Findings on the counts the trips were adjusted to: contradictions, no trips, not met.

    Parameters
    ----------
    number
        The section of each count; -1: none.
    before, after
        Modelled trucks a day at each count; NaN where it has no section.
    at_gate
        Counts that a gateway has taken: they need no trips of their own.
    """
    out: list[Finding] = []
    table = pd.DataFrame({
        "number": number, "trucks": counts["trucks"].to_numpy(float), "road": counts["road"].astype(str),
        "source": counts["source"].astype(str), "row": counts["row"].to_numpy(int), "before": before, "after": after,
        "at_gate": at_gate,
    })  # fmt: skip
    for _, same in table[table["number"] >= 0].groupby("number", sort=True):
        if len(same) > 1 and same["trucks"].max() > same["trucks"].min() * (1 + MET) + 1e-9:
            said = " / ".join(f"{t:,.0f}" for t in same["trucks"])
            out += [
                finding("FRT-014", source=r.source, row=int(r.row), field="trucks_per_day", value=said, road=r.road,
                        used=f"{same['trucks'].mean():,.0f}")
                for r in same.itertuples()
            ]  # fmt: skip
    for r in table[table["number"] >= 0].itertuples():
        place = {
            "source": r.source,
            "row": int(r.row),
            "field": "trucks_per_day",
            "value": f"{r.trucks:,.0f}",
        }
        if r.before <= 0:
            out += [] if r.at_gate else [finding("FRT-015", **place, road=r.road)]
        elif abs(r.after - r.trucks) > MET * max(r.trucks, 1.0):
            out.append(
                finding("FRT-016", **place, road=r.road, after=f"{r.after:,.0f}", before=f"{r.before:,.0f}")
            )
    return out
