"""What closing streets does to the circle: a bridge under repair, a market day, a gated quarter."""

from __future__ import annotations

from dataclasses import dataclass, replace
from html import escape
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from planner.errors import PlannerError

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

    from planner.siting.coverage import Access
    from planner.siting.reach import Way
    from planner.study.stages import Stages

__all__ = ["Closure", "close_streets"]


@dataclass(frozen=True)
class Closure:
    """Coverage while some streets are closed.

    Attributes
    ----------
    table
        One row per district: district, workers, before, after (covered workers), lost.
    lost
        Covered workers who are not covered while the streets are closed.
    closed_km
        Length of the closed streets on foot.
    searched, sites
        Stations whose surroundings had to be searched again, and all of them.
    """

    table: pd.DataFrame
    lost: float
    closed_km: float
    searched: int
    sites: int

    def describe(self, language: str = "en") -> str:
        """One sentence, "zh" or "en"."""
        if language == "zh":
            return (
                f"封闭 {self.closed_km:,.1f} 公里步行道路后，十分钟内有开放站点的户外劳动者减少 {self.lost:,.0f} 人；"
                f"{self.sites:,} 个站点中有 {self.searched:,} 个受影响。"
            )
        return (
            f"With {self.closed_km:,.1f} km of walking streets closed, {self.lost:,.0f} fewer outdoor workers have an open "
            f"station within ten minutes; {self.searched:,} of {self.sites:,} stations are concerned."
        )

    def __repr__(self) -> str:
        return f"<Closure: {self.describe()}>"

    def _repr_html_(self) -> str:
        shown = self.table[self.table["lost"] > 0.05].to_html(index=False, float_format="{:,.1f}".format)
        return f"<p>{escape(self.describe())}</p>{shown}"


def close_streets(stages: Stages, area: BaseGeometry, *, planned: bool = True) -> Closure:
    """Coverage while the streets that touch ``area`` (polygon or line, study CRS) are closed in every mode.

    Travel times are searched again only for stations within reach of a closed street; the others are kept as
    they are (:func:`planner.roads.change.update_travel_times`). ``planned``: the proposed stations stand too.

    Raises
    ------
    PlannerError
        No street touches the area.
    """
    from planner.roads.change import streets_in
    from planner.siting.reach import SiteReach, joined, measure

    s, demand = stages.settings, stages.value("demand").demand
    reach, before = stages.value("existing"), stages.value("coverage")
    table = stages.value("stations").stations
    there = table[table["status"] == "open"]
    stations = there.geometry
    if planned:
        plan, new = stages.value("plan").plan, stages.value("new")
        stay = np.flatnonzero(~there["station_id"].astype(str).isin(plan.closed))
        reach = joined(reach.only(stay), new.only(plan.solution.chosen))
        stations = pd.concat([stations.iloc[stay], plan.chosen.geometry], ignore_index=True)
        before = plan.after
    walk = stages.value("network:walk")
    closed = streets_in(walk, area)
    if not closed.size:
        raise PlannerError("no street touches this area; is it in the study's CRS, " + str(demand.crs) + "?")
    sites = gpd.GeoSeries(stations.to_numpy(), crs=demand.crs)
    moved = [
        _updated(stages, part, way, sites, area)
        for part, way in zip(reach.access, stages.value("ways"), strict=True)
    ]
    shut = SiteReach(tuple(part for part, _ in moved), reach.open_share, reach.times)
    after = measure(
        demand, shut, stages.value("inputs").districts, points=stages.value("demand").points, periods=s.periods,
        circle=s.circle,
    )  # fmt: skip
    table = before.by_district[["district", "workers", "covered"]].rename(columns={"covered": "before"})
    table = table.assign(after=after.by_district["covered"].to_numpy())
    table = table.assign(lost=table["before"] - table["after"])
    searched = len(set().union(*(rows.tolist() for _, rows in moved)))
    km = float(walk.edge_length_m[closed].sum() / 1000)
    return Closure(table, before.covered - after.covered, km, searched, len(sites))


def _updated(
    stages: Stages, part: Access, way: Way, sites: gpd.GeoSeries, area: BaseGeometry
) -> tuple[Access, Any]:
    """Access of one way of travelling with the streets closed, and the sites searched again."""
    from planner.roads.change import streets_in, update_travel_times, without_streets
    from planner.roads.reach import TravelTimes
    from planner.siting.reach import cutoff_s, snapped

    s, network = stages.settings, stages.value(f"network:{way.mode}")
    shut = without_streets(network, streets_in(network, area))
    points = stages.value("demand").points.geometry
    before, after = (
        (n, *snapped(n, sites, points, snap_limit_m=s.circle.snap_limit_m)) for n in (network, shut)
    )
    far = cutoff_s(way, s.circle, s.siting.goal.fade_m)
    known = TravelTimes(part.seconds, far, before[1].index, before[2].index)
    found = update_travel_times(known, before, after)
    return replace(part, seconds=found.times.seconds), found.redone
