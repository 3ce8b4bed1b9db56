"""Trips of a study: as its settings describe them, adjusted to its counts, and how far off their sums may be."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from planner.errors import Finding, finding
from planner.freight.assign import Assigned, Taste, assign
from planner.freight.counts import CrossSection, adjust, judge, watched
from planner.freight.flows import Trips, model_trips
from planner.freight.graph import TruckGraph
from planner.freight.start import Start
from planner.settings.freight import Freight

__all__ = ["FittedTrips", "to_counts", "trip_bands", "trips_of"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: Bands of what trips are made of, as shares of the value, as the settings have them: trips of a based driver, trucks at
#: gateways that nobody counted, and the share of these that only passes through.
OFF = {"trips_per_driver_day": (2 / 3, 4 / 3), "gateway_trucks": (0.5, 1.5), "through_share": (0.625, 1.375)}


@dataclass(frozen=True, eq=False)
class FittedTrips:
    """Trips adjusted to counts.

    Attributes
    ----------
    trips, assigned
        As adjusted; the modelled ones where no count is to be met.
    counts
        Each count with modelled trucks a day ``before`` and ``after``, the ``target`` where it was ``used``, ``by_name``.
    use, value
        Whether trips pass each section that was met (kinds of drivers × sections × zones × zones), and its trucks a day.
    calibrated
        Whether one of these counted trucks apart.
    """

    trips: Trips
    assigned: Assigned
    counts: gpd.GeoDataFrame
    findings: tuple[Finding, ...]
    use: Mask
    value: Floats
    calibrated: bool


def trips_of(
    start: Start, direct: Floats, f: Freight, *, per_driver: float = 1.0, through: float = 1.0
) -> tuple[Trips, list[Finding]]:
    """Trips a day between zones as the settings describe them, and what could not be placed.

    ``direct``: minutes between zones; ``per_driver``, ``through``: times the settings' trips of a based driver, and times
    their share that passes through.
    """
    xy = shapely.get_coordinates(start.gateways.table.geometry.to_numpy()).reshape(-1, 2)
    km = np.hypot(*(xy[:, None, :] - xy[None, :, :]).transpose(2, 0, 1)) / 1000
    trips = model_trips(
        start.drivers * f.trips_per_driver_day * per_driver, start.gateways.table["trucks_per_day"].to_numpy(float), direct, km,
        through_share=min(through * f.through_share, 1.0), through_min_km=f.through_min_km, beta=f.beta_per_minute,
        mean_minutes=f.mean_trip_minutes,
    )  # fmt: skip
    found = []
    n = len(start.drivers)
    alone = ~(np.isfinite(direct[n:, :n]).any(1) & np.isfinite(direct[:n, n:]).any(0))
    if n and alone.any():
        lost = float(start.gateways.table["trucks_per_day"].to_numpy(float)[alone].sum()) * (
            1 - f.through_share
        )
        share = lost / float(start.gateways.table["trucks_per_day"].sum())
        found.append(finding("FRT-007", source="streets", share=f"{share:.0%}"))
    if trips.scaled < 1:
        found.append(finding("FRT-006", source="freight", share=f"{trips.scaled:.0%}"))
    return trips, found


def _adjusted(trips: Trips, use: Mask, value: Floats, start: Start, f: Freight) -> tuple[Trips, Floats]:
    """Trips that meet the counts, and the factor of every way."""
    known = start.gateways.table["counted"].to_numpy(bool)
    slack = np.concatenate([
        np.full(len(start.drivers), f.trips_slack), np.where(known, f.count_slack, f.gateway_slack)
    ])  # fmt: skip
    return adjust(trips, use, value, count_slack=f.count_slack, zone_slack=slack)


def to_counts(
    graph: TruckGraph, ends: tuple[Ints, Ints], trips: Trips, taste: Taste, start: Start,
    sections: list[CrossSection], f: Freight,
) -> FittedTrips:  # fmt: skip
    """Trips on the streets, adjusted to the counts that are to be met, and each count beside the model."""
    counts = start.counts
    apart = np.isfinite(counts["trucks_per_day"].to_numpy(float))
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
    use, met = assigned.use[:, passed], value[passed]
    if passed.any():
        modelled_trips = trips
        trips, factor = _adjusted(trips, use, met, start, f)
        assigned = assign(graph, *ends, modelled_trips, taste=taste, factor=factor)
        after = modelled(assigned)
    table = counts.assign(
        before=before, after=after, used=number >= 0, by_name=np.array([s.by_name for s in sections], bool),
        target=np.where(number >= 0, np.append(value, np.nan)[number], np.nan),
    )  # fmt: skip
    gates = start.gateways.table[start.gateways.table["counted"].to_numpy(bool)]
    taken = [bool((gates.distance(p) <= max(f.gateway_merge_km, 1.0) * 1000).any()) for p in counts.geometry]
    found = judge(counts, number, before, after, np.array(taken, bool))
    calibrated = bool(np.isin(number[apart], np.flatnonzero(passed)).any())
    return FittedTrips(trips, assigned, table, tuple(found), use, met, calibrated)


def trip_bands(start: Start, direct: Floats, fitted: FittedTrips, f: Freight) -> dict[str, float]:
    """Least and most trips a day that the counts leave possible: ``trips_per_day_low`` …; empty without a count of trucks.

    The assumptions that trips are made of stand at both ends of their bands in every combination (:data:`OFF`), and the
    trips of each are adjusted to the same counts. ``direct``: minutes between zones.
    """
    if not fitted.calibrated:
        return {}
    table, out = start.gateways.table, dict[str, float]()
    rows = []
    for per_driver, gates, through in itertools.product(*OFF.values()):
        trucks = table["trucks_per_day"].to_numpy(float)
        trucks = np.where(table["counted"].to_numpy(bool), trucks, gates * trucks)
        moved = replace(start, gateways=replace(start.gateways, table=table.assign(trucks_per_day=trucks)))
        trips, _ = trips_of(moved, direct, f, per_driver=per_driver, through=through)
        if not (fitted.use & (trips.total > 0)).any((0, 2, 3)).all():
            continue  # a way that is counted has no trips at all then
        trips, _ = _adjusted(trips, fitted.use, fitted.value, moved, f)
        rows.append((trips.total.sum(), trips.through.sum(), trips.exchange.sum()))
    rows.append((fitted.trips.total.sum(), fitted.trips.through.sum(), fitted.trips.exchange.sum()))
    for name, values in zip(
        ("trips", "through_trips", "exchange_trips"), zip(*rows, strict=True), strict=True
    ):
        out |= {f"{name}_per_day_low": float(min(values)), f"{name}_per_day_high": float(max(values))}
    return out
