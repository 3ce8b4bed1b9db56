"""What the freight model of a study starts from: zones, gateways, sites and counts, on the truck network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from planner.errors import Finding, finding
from planner.freight import gates as gates_
from planner.freight import sites as sites_
from planner.freight import zones as zones_
from planner.roads.network import Network
from planner.roads.reach import snap
from planner.roads.snapping import Snapped
from planner.settings.freight import Freight
from planner.settings.whole import Settings

Floats = NDArray[np.float64]


class StudyLike(Protocol):
    """What the freight room asks of a study."""

    @property
    def settings(self) -> Settings:
        """The study file."""

    @property
    def crs(self) -> str:
        """Metric CRS."""

    @property
    def districts(self) -> gpd.GeoDataFrame:
        """Districts."""

    @property
    def hosts(self) -> gpd.GeoDataFrame:
        """Host venues."""

    @property
    def demand(self) -> gpd.GeoDataFrame:
        """Workers by cell."""

    @property
    def layers(self) -> dict[str, gpd.GeoDataFrame]:
        """water, main_roads, landuse, places."""

    def network(self, mode: str = "walk") -> Network:
        """Streets of a mode."""

    def _say(self, label: str, share: float = 0.0) -> None: ...


@dataclass(frozen=True, eq=False)
class Inputs:
    """What the model starts from, all in the study's CRS.

    ``sites`` holds the existing homes first (``exists``), then the candidates.
    """

    generators: gpd.GeoDataFrame
    drivers: Floats
    gateways: gates_.Gateways
    sites: gpd.GeoDataFrame
    counts: gpd.GeoDataFrame


def read_inputs(study: StudyLike, network: Network) -> tuple[Inputs, list[Finding]]:
    """Zones, sites and counts of a study, and what was noticed on the way."""
    s, f, found = study.settings, study.settings.freight, list[Finding]()
    hosts, districts, layers = study.hosts, study.districts, study.layers
    crs = network.crs
    area = shapely.union_all(districts.geometry.to_numpy())
    counts = sites_._no_counts(crs)
    if s.inputs.truck_counts is not None:
        counts, more = sites_.read_counts(s.inputs.truck_counts, crs=crs, truck_share=f.truck_share)
        found += more
        counts, more = _on_truck_roads(counts, network, f)
        found += more
    generators = zones_.find_generators(hosts, layers["landuse"], districts, merge_m=f.generator_merge_m)
    drivers = zones_.based_drivers(generators, study.demand)
    if drivers.sum() <= 0:
        found.append(finding("FRT-011", source="demand"))
    gateways, more = gates_.find_gateways(
        network,
        area,
        trucks=f.gateway_trucks,
        merge_km=f.gateway_merge_km,
        roads=layers["main_roads"],
        counts=counts,
    )
    found += more
    homes, more = sites_.read_homes(s.inputs.driver_homes, crs=crs, freight=f)
    found += more
    own = None
    if s.inputs.truck_sites is not None:
        own, more = sites_.read_sites(s.inputs.truck_sites, crs=crs)
        found += more
    path = s.inputs.streets.path
    osm = path.name.lower().endswith((".osm", ".pbf", ".osm.bz2", ".osm.gz")) and path.is_file()
    wanted = hosts["host_id"][hosts["host_kind"].isin(f.site_kinds)].astype(str).tolist()
    tags: Mapping[str, Mapping[str, str]] = sites_.truck_tags(path, wanted) if osm else {}
    candidates, more = sites_.find_sites(hosts, districts, freight=f, tags=tags, own=own, homes=homes)
    found += more
    homes = homes.assign(district=zones_.district_of(homes.geometry, districts)) if len(homes) else homes
    sites = gpd.GeoDataFrame(pd.concat([homes, candidates], ignore_index=True), crs=crs)
    return Inputs(generators, drivers, gateways, sites, counts), found


def _on_truck_roads(
    counts: gpd.GeoDataFrame, network: Network, f: Freight
) -> tuple[gpd.GeoDataFrame, list[Finding]]:
    """Counts that stand on a road trucks may use; the others are told and left out."""
    if counts.empty:
        return counts, []
    at = snap(network, counts.geometry, limit_m=1e6)
    far = (at.edge < 0) | (at.metres > max(f.street_within_m, 1000.0))
    found = [
        finding("FRT-003", source=str(r.source), row=int(r.row), field="road", value=r.road,
                metres=f"{m:,.0f}" if np.isfinite(m) else "∞")
        for r, m in zip(counts[far].itertuples(), at.metres[far], strict=True)
    ]  # fmt: skip
    return counts[~far].reset_index(drop=True), found


def snap_places(network: Network, inputs: Inputs, f: Freight) -> Snapped:
    """Generators and sites on the truck network; only service areas and homes may stand on a motorway."""
    motorway = np.array([c == "motorway" for c in network.classes])[network.edge_class.astype(int)]
    calm = replace(
        network,
        edge_s_uv=np.where(motorway, np.inf, network.edge_s_uv),
        edge_s_vu=np.where(motorway, np.inf, network.edge_s_vu),
    )
    points = pd.concat([inputs.generators.geometry, inputs.sites.geometry], ignore_index=True)
    points = gpd.GeoSeries(points, crs=network.crs)
    n = len(inputs.generators)
    fast = np.zeros(len(points), bool)
    fast[n:] = inputs.sites["host_kind"].isin(["service_area", "driver_home"]).to_numpy()
    any_, off = snap(network, points, limit_m=1e5), snap(calm, points, limit_m=1e5)
    limit = np.where(np.arange(len(points)) < n, 3000.0, f.street_within_m)
    limit[n:][inputs.sites["exists"].to_numpy(bool)] = 1500.0
    edge = np.where(fast, any_.edge, off.edge)
    metres = np.where(fast, any_.metres, off.metres)
    edge = np.where((edge >= 0) & (metres <= limit), edge, -1).astype(np.int32)
    return Snapped(
        edge, np.where(fast, any_.offset_m, off.offset_m), metres, np.where(fast, any_.x_m, off.x_m), np.where(fast, any_.y_m, off.y_m),
        points.index, network.crs,
    )  # fmt: skip


def reachable_only(inputs: Inputs, snapped: Snapped) -> tuple[Inputs, Snapped, list[Finding]]:
    """Generators and sites without a street for trucks leave the model, and are told."""
    n = len(inputs.generators)
    on = snapped.edge >= 0
    found: list[Finding] = []
    lost = ~on[:n]
    if lost.any():
        names = "、".join(inputs.generators["name"][lost].head(5))
        found.append(finding("FRT-001", source="hosts", n=int(lost.sum()), limit="3000", names=names))
    if not on[:n].any():
        found.append(finding("FRT-012", source="hosts"))
    exists = inputs.sites["exists"].to_numpy(bool)
    found += [
        finding("FRT-009", source="driver_homes", field="name", value=name, limit="1500")
        for name in inputs.sites["name"][~on[n:] & exists]
    ]
    gone = ~on[n:] & ~exists
    if gone.any():
        why = sites_._WHY["street"]
        found.append(finding("FRT-008", source="candidates", n=int(gone.sum()), why_en=why[0], why_zh=why[1]))
    keep = np.concatenate([on[:n], on[n:] | exists])
    generators = inputs.generators[on[:n]].reset_index(drop=True)
    drivers = _moved(inputs, on[:n])
    sites = inputs.sites[keep[n:]].reset_index(drop=True)
    made = replace(inputs, generators=generators, drivers=drivers, sites=sites)
    index = pd.RangeIndex(int(keep.sum()))
    return made, Snapped(
        snapped.edge[keep], snapped.offset_m[keep], snapped.metres[keep], snapped.x_m[keep], snapped.y_m[keep],
        index, snapped.crs,
    ), found  # fmt: skip


def _moved(inputs: Inputs, on: NDArray[np.bool_]) -> Floats:
    """Drivers of generators that left the model join the nearest one that stays."""
    if on.all() or not on.any():
        return inputs.drivers[on]
    xy = shapely.get_coordinates(inputs.generators.geometry.to_numpy())
    stay = np.flatnonzero(on)
    out = np.where(on, inputs.drivers, 0.0)
    for i in np.flatnonzero(~on):
        out[stay[np.argmin(np.hypot(*(xy[stay] - xy[i]).T))]] += inputs.drivers[i]
    return out[on]
