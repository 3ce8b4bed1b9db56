"""The freight model of a study, step by step: trips, adjusted to counts, loads, and who could use which site."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy import sparse

from planner.errors import Finding, finding, sums_that_work_out
from planner.freight.assign import Assigned, Taste, assign, make_taste
from planner.freight.counts import CrossSection, adjust, cross_sections, judge, watched
from planner.freight.flows import Trips, model_trips
from planner.freight.graph import TruckGraph, build_graph, times, times_to
from planner.freight.need import Need, make_need
from planner.freight.start import Start, TruckGround, find_start, reachable_only, snap_places
from planner.progress import Progress, silent
from planner.roads.network import Network
from planner.roads.snapping import Snapped
from planner.settings.freight import Freight

__all__ = ["CHOICE_ONLY", "FreightModel", "run_model", "street_loads"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


#: Settings that say which homes to choose, not what trucks do: the model reads every other one, and none of these.
CHOICE_ONLY = frozenset({
    "enabled", "problem", "target_drivers", "target_source", "max_homes", "turnover_per_day", "visits_per_driver_month", "max_bays",
    "cost_yuan", "kind_cost_yuan", "upgrade_cost_yuan", "upgrade_bays", "budget_yuan", "min_showers", "min_washers",
    "must_open_24h", "services", "stars", "gap", "time_limit_s", "curve_to", "hourly_local", "hourly_long",
    "night_share_local", "night_share_long",
})  # fmt: skip


@dataclass(frozen=True, eq=False)
class FreightModel:
    """Trips, loads and need of a study; zones are generators, then gateways.

    Attributes
    ----------
    zones
        zone_id, kind, name, district, drivers, trips_out and trips_in (a day), geometry.
    drivers
        Based at each generator (the first zones).
    sites
        The existing homes first (``exists``), then the candidates.
    counts
        Each count (road, place, trucks …) with modelled trucks a day ``before`` and ``after`` the trips were
        adjusted, the ``target`` where it was ``used`` for that, and ``by_name``: on a road of the name given.
    direct
        Minutes between zones.
    loads
        ``csr_array``: trucks a day on each street, both directions; rows are the hours since departure of
        trips within the area, then those of trips through a gateway.
    under_way
        Vehicle-hours a day by class and hour since departure (2 × hours); they sum to what is driven.
    findings
        What was noticed on the way.
    """

    zones: gpd.GeoDataFrame
    drivers: Floats
    sites: gpd.GeoDataFrame
    counts: gpd.GeoDataFrame
    direct: Floats
    trips: Trips
    loads: sparse.csr_array
    under_way: Floats
    need: Need
    findings: tuple[Finding, ...]

    @property
    def streets(self) -> Floats:
        """Trucks a day on every street, both directions."""
        return np.asarray(self.loads.sum(0)).ravel()


@sums_that_work_out("FRT-026", field="freight")
def run_model(
    freight: Freight, network: Network, ground: TruckGround, *, seed: int, progress: Progress | None = None
) -> FreightModel:
    """Everything up to the question which homes to open.

    Parameters
    ----------
    freight
        Read but for :data:`CHOICE_ONLY`.
    network
        Streets for trucks, in the CRS of ``ground``.
    seed
        Of the tastes of drivers.

    Raises
    ------
    AbsentError
        No trips can be had that the settings describe.
    """
    say, f = progress or silent, freight
    say("trucks: zones and sites", 0.0)
    start, found = find_start(ground, network, f)
    start, snapped, more = reachable_only(start, snap_places(network, start, f))
    found += more
    say("trucks: travel times", 0.2)
    graph, starts, ends = _graph(network, start, snapped, f)
    n = len(start.generators)
    both = times(graph, starts, np.concatenate([ends, graph.place_to[n:]])) / 60
    direct, to_site = both[:, : len(ends)], both[:, len(ends) :]
    from_site = times_to(graph, graph.place[n:], ends) / 60
    say("trucks: trips", 0.5)
    trips, more = _trips(start, direct, f)
    found += more
    taste = make_taste(
        graph, network, draws=f.multipath_draws, sigma=f.multipath_sigma, toll_minutes_per_km=f.toll_minutes_per_km,
        toll_sigma=f.toll_sigma, seed=seed,
    )  # fmt: skip
    sections, more = cross_sections(start.counts, graph, network, ground.main_roads)
    found += more
    trips, assigned, counted, more = _to_counts(graph, (starts, ends), trips, taste, start, sections, f)
    found += more
    need = make_need(
        start.drivers, trips, direct, to_site, from_site, catchment=f.catchment_minutes, detour=f.detour_minutes,
        outside_share=f.outside_share, trips_per_month=f.outside_trips_per_month, days=f.days_per_month,
        drive_limit=f.drive_limit_minutes,
    )  # fmt: skip
    zones = _zones(start, trips)
    names = zones["name"].tolist()
    found += [*_corridors(need, names, len(start.generators)), *_no_stop(need, names, f)]
    return FreightModel(
        zones=zones, drivers=start.drivers, sites=start.sites, counts=counted, direct=direct, trips=trips,
        loads=_as_counted(street_loads(graph, assigned), sections, counted),
        under_way=assigned.hourly @ graph.seconds / 3600, need=need, findings=tuple(found),
    )  # fmt: skip


def _graph(network: Network, start: Start, snapped: Snapped, f: Freight) -> tuple[TruckGraph, Ints, Ints]:
    """The streets with every place on them; nodes where the trips of each zone begin, and where they end."""
    gates, n = start.gateways, len(start.generators)
    graph = build_graph(network, snapped, gates=gates.doors, ways=gates.ways, yard_kmh=f.yard_kmh)
    return (
        graph,
        np.concatenate([graph.place[:n], graph.source]),
        np.concatenate([graph.place_to[:n], graph.sink]),
    )


def _zones(start: Start, trips: Trips) -> gpd.GeoDataFrame:
    """Generators and gateways with drivers and trips a day."""
    gates = start.gateways.table.drop(columns=["trucks_per_day", "counted"])
    table = gpd.GeoDataFrame(
        pd.concat([start.generators.assign(drivers=start.drivers), gates], ignore_index=True),
        crs=start.sites.crs,
    )
    return table.assign(
        drivers=table["drivers"].fillna(0.0), trips_out=trips.total.sum(1), trips_in=trips.total.sum(0)
    )


def _trips(start: Start, direct: Floats, f: Freight) -> tuple[Trips, list[Finding]]:
    xy = shapely.get_coordinates(start.gateways.table.geometry.to_numpy()).reshape(-1, 2)
    km = np.hypot(*(xy[:, None, :] - xy[None, :, :]).transpose(2, 0, 1)) / 1000
    trips = model_trips(
        start.drivers * f.trips_per_driver_day, start.gateways.table["trucks_per_day"].to_numpy(float), direct, km,
        through_share=f.through_share, through_min_km=f.through_min_km, beta=f.beta_per_minute,
        mean_minutes=f.mean_trip_minutes,
    )  # fmt: skip
    found = []
    n = len(start.drivers)
    alone = ~(np.isfinite(direct[n:, :n]).any(1) & np.isfinite(direct[:n, n:]).any(0))
    if n and alone.any():
        lost = float(start.gateways.table["trucks_per_day"].to_numpy(float)[alone].sum()) * (
            1 - f.through_share
        )
        found.append(finding("FRT-007", source="streets", n=f"{lost:,.0f}"))
    if trips.scaled < 1:
        found.append(finding("FRT-006", source="freight", share=f"{trips.scaled:.0%}"))
    return trips, found


def _to_counts(
    graph: TruckGraph, ends: tuple[Ints, Ints], trips: Trips, taste: Taste, start: Start,
    sections: list[CrossSection], f: Freight,
) -> tuple[Trips, Assigned, gpd.GeoDataFrame, list[Finding]]:  # fmt: skip
    """Trips on the streets, adjusted to the counts that are to be met, and each count beside the model."""
    counts = start.counts
    measured = counts["trucks_per_day"] if f.adjust_to == "trucks" else counts["trucks"]
    used = np.isfinite(measured.to_numpy(float)) & (f.adjust_to != "none")
    own = [s if u else replace(s, arcs=s.arcs[:0]) for s, u in zip(sections, used, strict=True)]
    watch, number = watched(own, graph.matrix.nnz)
    assigned = assign(graph, *ends, trips, taste=taste, watch=watch)

    def modelled(done: Assigned) -> Floats:
        total = done.total
        return np.array([total[s.arcs].sum() if len(s.arcs) else np.nan for s in sections], float)

    before, after = modelled(assigned), modelled(assigned)
    value = np.array(
        [counts["trucks"].to_numpy(float)[number == k].mean() for k in range(number.max(initial=-1) + 1)]
    )
    passed = (assigned.use & (trips.total > 0)).any((0, 2, 3))
    if passed.any():
        known = start.gateways.table["counted"].to_numpy(bool)
        slack = np.concatenate([
            np.full(len(start.drivers), f.trips_slack), np.where(known, f.count_slack, f.gateway_slack)
        ])  # fmt: skip
        modelled_trips = trips
        trips, factor = adjust(
            trips, assigned.use[:, passed], value[passed], count_slack=f.count_slack, zone_slack=slack
        )
        assigned = assign(graph, *ends, modelled_trips, taste=taste, factor=factor)
        after = modelled(assigned)
    table = counts.assign(
        before=before, after=after, used=number >= 0, by_name=np.array([s.by_name for s in sections], bool),
        target=np.where(number >= 0, np.append(value, np.nan)[number], np.nan),
    )  # fmt: skip
    gates = start.gateways.table[start.gateways.table["counted"].to_numpy(bool)]
    taken = [bool((gates.distance(p) <= max(f.gateway_merge_km, 1.0) * 1000).any()) for p in counts.geometry]
    return trips, assigned, table, judge(counts, number, before, after, np.array(taken, bool))


def street_loads(graph: TruckGraph, assigned: Assigned) -> sparse.csr_array:
    """Trucks a day on streets (classes and hours since departure × streets), both directions.

    Of a street that places cut in parts, the part that carries most.
    """
    total = assigned.total
    rows = assigned.hourly.reshape(-1, len(total))
    out = sparse.csr_array((len(rows), graph.n_edges))
    for way in (True, False):
        mine = np.flatnonzero((graph.edge >= 0) & (graph.forward == way) & (total > 0))
        order = mine[np.lexsort((total[mine], graph.edge[mine]))]
        most = (
            order[np.append(graph.edge[order][1:] != graph.edge[order][:-1], True)] if len(order) else order
        )
        columns = np.broadcast_to(graph.edge[most], (len(rows), len(most)))
        at = np.broadcast_to(np.arange(len(rows))[:, None], columns.shape)
        part = sparse.coo_array((rows[:, most].ravel(), (at.ravel(), columns.ravel())), shape=out.shape)
        out = out + part.tocsr()
    out.eliminate_zeros()
    return sparse.csr_array(out)


def _as_counted(
    loads: sparse.csr_array, sections: list[CrossSection], counted: pd.DataFrame
) -> sparse.csr_array:
    """Loads with the counts in the place of the model where they stand (those the trips were adjusted to)."""
    total = np.asarray(loads.sum(0)).ravel()
    scale, extra = np.ones(len(total)), np.zeros(len(total))
    for s, target, used in zip(sections, counted["target"], counted["used"], strict=True):
        if not used:
            continue
        there = float(total[s.edges].sum())
        scale[s.edges] = target / there if there > 0 else 0.0
        extra[s.edges] = 0.0 if there > 0 else target / len(s.edges)
    streets = np.flatnonzero(extra)
    long = np.full(len(streets), loads.shape[0] // 2)  # nothing is known of their trips: as if just come in
    more = sparse.coo_array((extra[streets], (long, streets)), shape=loads.shape)
    return sparse.csr_array(loads @ sparse.diags_array(scale) + more.tocsr())


def _corridors(
    need: Need, names: Sequence[str], n_generators: int, *, at_least: float = 100.0, top: int = 5
) -> list[Finding]:
    """The busiest relations through a gateway of which no truck passes any site within the detour."""
    lost = need.lost + need.lost.T
    a, b = np.triu_indices(len(lost), 1)
    through = b >= n_generators
    a, b = a[through], b[through]
    worth = lost[a, b]
    order = np.lexsort((b, a, -worth))[:top]
    return [
        finding("FRT-005", source="candidates", names=f"{names[a[i]]} – {names[b[i]]}", n=f"{worth[i]:,.0f}")
        for i in order
        if worth[i] >= at_least
    ]


def _no_stop(need: Need, names: Sequence[str], f: Freight) -> list[Finding]:
    """Trips over the driving limit that no site could cut in two."""
    bare = np.asarray(need.stops.sum(1)).ravel() == 0
    if not bare.any():
        return []
    worst = np.flatnonzero(bare)[np.argmax(need.long_trips[bare])]
    a, b = need.long_ends[worst]
    return [
        finding("FRT-017", source="candidates", n=f"{need.long_trips[bare].sum():,.0f}", names=f"{names[a]} – {names[b]}",
                limit=f"{f.drive_limit_minutes:g}")
    ]  # fmt: skip
