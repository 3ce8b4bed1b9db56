"""The freight model of a study, step by step: trips, adjusted to counts, loads, and who could use which site."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from planner.errors import Finding, finding, sums_that_work_out
from planner.freight.assign import Assigned, make_taste
from planner.freight.calibrate import to_counts, trip_bands, trips_of
from planner.freight.counts import CrossSection, cross_sections
from planner.freight.flows import Trips
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
    "enabled", "problem", "target_drivers", "target_source", "max_homes", "turnover_per_day", "occupancy", "stays_sigma", "stays_spread", "visits_per_driver_month", "max_bays",
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
    trip_bands
        ``trips_per_day_low`` and so on (:func:`planner.freight.calibrate.trip_bands`); empty where no count of trucks
        calibrates the trips.
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
    trip_bands: dict[str, float] = field(default_factory=dict)

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
    trips, more = trips_of(start, direct, f)
    found += more
    taste = make_taste(
        graph, network, draws=f.multipath_draws, sigma=f.multipath_sigma, toll_minutes_per_km=f.toll_minutes_per_km,
        toll_sigma=f.toll_sigma, seed=seed,
    )  # fmt: skip
    sections, more = cross_sections(start.counts, graph, network, ground.main_roads)
    found += more
    fitted = to_counts(graph, (starts, ends), trips, taste, start, sections, f)
    trips, assigned, counted = fitted.trips, fitted.assigned, fitted.counts
    found += fitted.findings
    need = make_need(
        start.drivers, trips, direct, to_site, from_site, catchment=f.catchment_minutes, detour=f.detour_minutes,
        outside_share=f.outside_share, trips_per_month=f.outside_trips_per_month, days=f.days_per_month,
        drive_limit=f.drive_limit_minutes,
    )  # fmt: skip
    zones = _zones(start, trips)
    names = zones["name"].tolist()
    found += [
        *_corridors(need, names, len(start.generators), float(trips.total.sum())),
        *_no_stop(need, names, float(trips.total.sum()), f),
    ]
    return FreightModel(
        zones=zones, drivers=start.drivers, sites=start.sites, counts=counted, direct=direct, trips=trips,
        loads=_as_counted(street_loads(graph, assigned), sections, counted),
        under_way=assigned.hourly @ graph.seconds / 3600, need=need, findings=tuple(found),
        trip_bands=trip_bands(start, direct, fitted, f),
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
    need: Need,
    names: Sequence[str],
    n_generators: int,
    all_trips: float,
    *,
    at_least: float = 100.0,
    top: int = 5,
) -> list[Finding]:
    """The busiest relations through a gateway of which no truck passes any site within the detour."""
    lost = need.lost + need.lost.T
    a, b = np.triu_indices(len(lost), 1)
    through = b >= n_generators
    a, b = a[through], b[through]
    worth = lost[a, b]
    order = np.lexsort((b, a, -worth))[:top]
    return [
        finding(
            "FRT-005",
            source="candidates",
            names=f"{names[a[i]]} – {names[b[i]]}",
            share=f"{worth[i] / all_trips:.1%}",
        )
        for i in order
        if worth[i] >= at_least
    ]


def _no_stop(need: Need, names: Sequence[str], all_trips: float, f: Freight) -> list[Finding]:
    """Trips over the driving limit that no site could cut in two."""
    bare = np.asarray(need.stops.sum(1)).ravel() == 0
    if not bare.any():
        return []
    worst = np.flatnonzero(bare)[np.argmax(need.long_trips[bare])]
    a, b = need.long_ends[worst]
    return [
        finding("FRT-017", source="candidates", share=f"{need.long_trips[bare].sum() / all_trips:.1%}", names=f"{names[a]} – {names[b]}",
                limit=f"{f.drive_limit_minutes:g}")
    ]  # fmt: skip
