"""What a plan stands on: inputs read and judged, networks, worker density, reach, coverage by the open stations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.errors import Finding, InputError, finding, refuse_if_errors
from planner.study.stages import Stages

if TYPE_CHECKING:
    from planner.inputs.frame import StreetFrame
    from planner.roads.network import Network
    from planner.roads.reach import Snapped
    from planner.settings.whole import Settings
    from planner.siting.coverage import Access, Coverage

__all__ = ["Groundwork"]

MODES = ("walk", "ebike", "car", "truck")


def _parts(value: Any) -> dict[str, Any]:
    """Until the stages return values: a value's fields, as the store keeps them."""
    return {f.name: getattr(value, f.name) for f in fields(value)}


def _frame(network: Network) -> StreetFrame:
    """Until the roads say it themselves: what the inputs must know of the streets."""
    from planner.inputs.frame import StreetFrame

    counted = np.c_[network.x_m, network.y_m][network.counts]
    step = max(1, len(network.geom_x) // 200_000)
    drawn = gpd.GeoSeries(gpd.points_from_xy(network.geom_x[::step], network.geom_y[::step]), crs=network.crs)
    return StreetFrame(
        crs=network.crs,
        box=shapely.box(*counted.min(axis=0), *counted.max(axis=0)) if len(counted) else None,
        hull=shapely.convex_hull(shapely.multipoints(counted)).buffer(200),
        sample=shapely.get_coordinates(drawn.to_crs(4326).to_numpy()),
    )


def _judge_truck_lists(settings: Settings, crs: str) -> list[Finding]:
    """Until the inputs read them: findings about what is known of trucks and their homes."""
    from planner.freight.sites import read_counts, read_homes, read_sites
    from planner.inputs.tables.local import check_file

    i = settings.inputs
    given = [t for t in (i.truck_counts, i.truck_sites, *i.driver_homes) if t is not None]
    missing = [f for table in given for f in check_file(table.path)]
    if missing:
        return missing
    found: list[Finding] = []
    if i.truck_counts is not None:
        found += read_counts(i.truck_counts, crs=crs, truck_share=settings.freight.truck_share)[1]
    if i.truck_sites is not None:
        found += read_sites(i.truck_sites, crs=crs)[1]
    found += read_homes(i.driver_homes, crs=crs, freight=settings.freight)[1]
    return found


class Groundwork(Stages):
    """Everything a study knows before a new station is proposed; see :class:`planner.study.study.Study`."""

    # -- inputs ------------------------------------------------------------------------------------

    def _loaded(self) -> dict[str, Any]:
        """All input tables and every finding about them; nothing is refused here."""
        from planner.inputs.load import load_inputs
        from planner.inputs.spelling import judge_words

        if "inputs" in self._done:
            return self._done["inputs"]
        s = self.settings
        refused: list[Finding] = []
        network, key = None, None
        try:
            network = self.network("walk")
            refused += network.findings
            key = self._done["network:walk"]["_key"]
        except InputError as error:
            refused += error.findings
        depends = [
            s.study.model_dump(mode="json"),
            s.inputs.model_dump(mode="json"),
            key,
            sorted(self._digests.items()),
        ]

        def compute() -> dict[str, Any]:
            frame = None if network is None else _frame(network)
            return _parts(load_inputs(s.study, s.inputs, frame, progress=self._progress))

        parts = self._stage("inputs", depends, compute)
        words, trucks = judge_words(s.siting, s.freight), _judge_truck_lists(s, parts["crs"])
        parts["findings"] = [*refused, *words, *parts["findings"], *trucks]
        return parts

    def _inputs(self) -> dict[str, Any]:
        """The loaded inputs, or :class:`InputError` with every finding if any is an error."""
        parts = self._loaded()
        refuse_if_errors(parts["findings"])
        return parts

    @property
    def crs(self) -> str:
        """The metric CRS the study works in."""
        return str(self._loaded()["crs"])

    @property
    def stations(self) -> gpd.GeoDataFrame:
        """Existing stations (study CRS), with ``snap_m`` to the walking network."""
        return self._stations_snapped()["stations"]

    @property
    def districts(self) -> gpd.GeoDataFrame:
        """Districts with population and quotas (study CRS)."""
        return self._inputs()["districts"]

    @property
    def hosts(self) -> gpd.GeoDataFrame:
        """Host venues (study CRS)."""
        return self._inputs()["hosts"]

    @property
    def layers(self) -> dict[str, gpd.GeoDataFrame]:
        """Background from the street file: water, main_roads, landuse, places."""
        return {k: self._inputs()[k] for k in ("water", "main_roads", "landuse", "places")}

    def network(self, mode: str = "walk") -> Network:
        """The street network of a mode: "walk", "ebike", "car", "truck"."""
        from planner.roads.network import Network, read_network

        s = self.settings
        streets = s.inputs.streets
        speeds = {k: v for k, v in s.circle.speeds_kmh.items() if k == mode or k not in MODES}
        crs = s.study.crs if mode == "walk" else self.network("walk").crs
        depends = [
            mode, streets.model_dump(mode="json"), s.circle.walk_kmh, speeds, crs, self._digests.get(str(streets.path)),
            s.circle.turn_restrictions,
        ]  # fmt: skip

        def compute() -> dict[str, Any]:
            made = read_network(
                streets.path, mode, speeds_kmh=speeds or None, walk_kmh=s.circle.walk_kmh, crs=crs,
                source_crs=streets.crs, turn_restrictions=s.circle.turn_restrictions, progress=self._progress,
            )  # fmt: skip
            return {"network": made}

        return self._stage(f"network:{mode}", depends, compute, own=Network)["network"]

    # -- demand ------------------------------------------------------------------------------------

    @property
    def demand(self) -> gpd.GeoDataFrame:
        """Worker density: one row per cell, a column ``{group}__{period}`` each, and ``point``."""
        return self._demand()["demand"]

    def _demand(self) -> dict[str, Any]:
        from planner.demand.density import model_demand
        from planner.inputs.load import LoadedInputs

        s = self.settings
        inputs = self._inputs()
        depends = [
            inputs["_key"], s.demand.model_dump(mode="json"), [g.model_dump(mode="json") for g in s.active_groups],
            [p.model_dump(mode="json") for p in s.periods], s.study.seed, s.circle.walk_kmh,
        ]  # fmt: skip

        def compute() -> dict[str, Any]:
            loaded = LoadedInputs(**{f.name: inputs[f.name] for f in fields(LoadedInputs)})
            return _parts(
                model_demand(
                    s.demand, s.active_groups, s.periods, seed=s.study.seed, inputs=loaded,
                    observations=s.inputs.observations, streets=self.network("walk").edges(), progress=self._progress,
                )
            )  # fmt: skip

        parts: dict[str, Any] = self._stage("demand", depends, compute)
        refuse_if_errors(parts["findings"])
        return parts

    # -- reach and coverage ------------------------------------------------------------------------

    def _ways(self) -> list[tuple[str, float, tuple[str, ...]]]:
        """Ways of travelling of the headline: (mode, minutes, groups)."""
        ways: dict[tuple[str, float], list[str]] = {}
        for g in self.settings.headline_groups:
            minutes = self.settings.circle.minutes if g.mode == "walk" and g.minutes == 10 else g.minutes
            ways.setdefault((g.mode, minutes), []).append(g.name)
        if not ways:
            self._done["judged:groups"] = {
                "findings": [finding("DEM-021", source="study.toml", field="groups")]
            }
            refuse_if_errors(self._done["judged:groups"]["findings"])
        return [(mode, minutes, tuple(names)) for (mode, minutes), names in ways.items()]

    def _points(self) -> gpd.GeoSeries:
        demand = self.demand
        return gpd.GeoSeries(demand["point"], crs=demand.crs)

    def _access(self, label: str, sites: gpd.GeoSeries, key: Any) -> list[Access]:
        """Travel times from every cell to ``sites``, one entry per way of travelling."""
        from planner.siting.coverage import Access

        out = []
        for mode, minutes, groups in self._ways():
            seconds, speed = self._seconds(f"{label}:{mode}", sites, mode, minutes, key)
            out.append(Access(groups, seconds, minutes * 60.0, speed))
        return out

    def _cutoff_s(self, mode: str, minutes: float) -> float:
        """How far is searched: the minutes, and on foot every distance that is read off the same search."""
        s = self.settings
        read = [*s.circle.readings_m, *(s.siting.goal.fade_m or ())] if mode == "walk" else []
        return max([minutes * 60.0, *(r / (s.circle.walk_kmh / 3.6) for r in read)])

    def _snapped(
        self, network: Network, sites: gpd.GeoSeries, points: gpd.GeoSeries
    ) -> tuple[Snapped, Snapped]:
        """Sites and cells on the streets of a network."""
        from planner.roads.reach import snap

        limit = self.settings.circle.snap_limit_m
        cells = max(limit, self.settings.demand.cell_m)
        return snap(network, sites, limit_m=limit), snap(network, points, limit_m=cells)

    def _seconds(
        self, label: str, sites: gpd.GeoSeries, mode: str, minutes: float, key: Any
    ) -> tuple[Any, float | None]:
        from planner.roads.reach import travel_times

        s, network = self.settings, self.network(mode)
        speed = s.circle.walk_kmh / 3.6 if mode == "walk" else None
        cutoff_s = self._cutoff_s(mode, minutes)

        def compute() -> dict[str, Any]:
            here, there = self._snapped(network, sites, self._points())
            return {"seconds": travel_times(network, here, there, cutoff_s=cutoff_s).seconds}

        depends = [
            key,
            self._demand()["_key"],
            self._done[f"network:{mode}"]["_key"],
            cutoff_s,
            s.circle.snap_limit_m,
        ]
        return self._stage(f"reach:{label}", depends, compute)["seconds"], speed

    def _open_share(self, hours: pd.Series) -> Any:
        from planner.inputs.hours import open_share

        filled = hours.fillna("").where(hours.fillna("") != "", self.settings.siting.default_hours)
        return open_share(filled, self.settings.periods)

    def _stations_snapped(self) -> dict[str, Any]:
        from planner.siting.existing import snap_stations

        inputs = self._inputs()
        limit = self.settings.circle.snap_limit_m
        parts: dict[str, Any] = self._stage(
            "stations",
            [inputs["_key"], limit, self.settings.circle.walk_kmh],
            lambda: _parts(snap_stations(inputs["stations"], self.network("walk"), limit_m=limit)),
        )
        return parts

    @property
    def open_stations(self) -> gpd.GeoDataFrame:
        """Existing stations that are open."""
        stations = self.stations
        return stations[stations["status"] == "open"]

    def _existing(self) -> tuple[list[Access], Any]:
        stations = self.open_stations
        access = self._access("stations", stations.geometry, self._stations_snapped()["_key"])
        return access, self._open_share(stations["open_hours"])

    def _measure(self, access: Sequence[Access], open_share: Any) -> Coverage:
        from planner.siting.coverage import measure_coverage

        s = self.settings
        night = [p.name for p in s.periods if p.start_h >= 20 or p.end_h <= 6]
        return measure_coverage(
            self.demand,
            access,
            open_share,
            periods=[p.name for p in s.periods],
            night=night,
            readings_m=s.circle.readings_m,
            need_open=s.circle.open_share,
            districts=list(self.districts["district"]),
        )

    def coverage(self) -> Coverage:
        """Coverage by the existing stations."""
        if "coverage" not in self._done:
            self._done["coverage"] = self._measure(*self._existing())
        return self._done["coverage"]

    def stations_with_cover(self) -> gpd.GeoDataFrame:
        """Stations with ``covers``: workers within the cutoff at any hour (0 for those not open)."""
        access, _ = self._existing()
        demand, stations = self.demand, self.stations
        periods = [p.name for p in self.settings.periods]
        total = np.zeros(len(self.open_stations))
        for part in access:
            weight = demand[[f"{g}__{t}" for g in part.groups for t in periods]].to_numpy().sum(axis=1)
            near = part.seconds.copy()
            near.data = (near.data <= part.cutoff_s).astype(float)
            total += near @ weight
        covers = pd.Series(total, index=self.open_stations.index)
        return stations.assign(covers=covers.reindex(stations.index).fillna(0.0))
