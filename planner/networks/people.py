"""Whom each network is for: people at the study's demand points, by period and at any hour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from planner.demand.streets.standing import DemandPoints
from planner.errors import Finding, finding
from planner.settings.networks import UnionNetwork

__all__ = ["UnionPeople", "people_of", "people_of_networks", "residents_at"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class UnionPeople:
    """Whom each network is for.

    Attributes
    ----------
    mixes
        Network → people of its own mix at each demand point (n_points); none for networks that serve the study's groups.
    periods
        Names of the periods of the day.
    groups
        Groups that count where a network names none: the headline's.
    findings
        What was noticed.
    """

    mixes: Mapping[str, Floats]
    periods: tuple[str, ...]
    groups: tuple[str, ...]
    findings: tuple[Finding, ...] = field(default=())

    def of(self, network: UnionNetwork, points: DemandPoints) -> Floats:
        """People of ``network`` (n_points × n_periods + 1): in each period, and last those who come at any hour."""
        return people_of(network, points, self.periods, self.groups, self.mixes.get(network.name))


def people_of(
    network: UnionNetwork, points: DemandPoints, periods: Sequence[str], headline: Sequence[str], mix: Floats | None
) -> Floats:  # fmt: skip
    """People of a network (n_points × n_periods + 1); the last column comes at any hour.

    ``headline``: groups that count where the network names none; ``mix``: its own people per point.
    """
    who, out = network.people, np.zeros((len(points), len(periods) + 1))
    weights = who.groups if who.groups or mix is not None else dict.fromkeys(headline, 1.0)
    for group, weight in weights.items():
        if group in points.profiles:
            out[:, :-1] += weight * points.by_period([group], list(periods))
    if who.periods:
        out[:, :-1] *= np.isin(np.asarray(periods), who.periods)
    if mix is not None and who.profile:
        out[:, :-1] += mix[:, None] * np.array([who.profile.get(t, 0.0) for t in periods])
    elif mix is not None:
        out[:, -1] += mix
    return out


def residents_at(points: DemandPoints, population: gpd.GeoDataFrame) -> Floats:
    """Residents of each demand point (n_points): those of a place go to the streets that are nearest to it, by length.

    Residents whose district alone is known (``placed`` False) go to all streets of the district. The sum is that of
    ``population``; residents of a district without a demand point stay out.
    """
    n, length = len(points), np.maximum(points.table["length_m"].to_numpy(float), 1.0)
    out = np.zeros(n)
    if not n or population.empty:
        return out
    here = population["placed"].to_numpy(bool) if "placed" in population else np.ones(len(population), bool)
    homes, loose = population[here], population[~here]
    if len(homes):
        at, spots = _xy(points.geometry), _xy(homes.geometry)
        people = homes["population"].to_numpy(float)
        _, near = cKDTree(spots).query(at)
        metres = np.bincount(near, length, len(homes))
        out += people[near] * length / metres[near]
        bare = np.flatnonzero(metres == 0)
        _, street = cKDTree(at).query(spots[bare])
        np.add.at(out, street, people[bare])
    if len(loose):
        district = points.table["district"].astype(str)
        metres_of = pd.Series(length).groupby(district.to_numpy()).transform("sum").to_numpy()
        total = loose.groupby(loose["district"].astype(str))["population"].sum()
        out += district.map(total).fillna(0.0).to_numpy(float) * length / metres_of
    return out


def _xy(points: gpd.GeoSeries) -> Floats:
    return shapely.get_coordinates(points.to_numpy())


def mix_of(network: UnionNetwork, points: DemandPoints, residents: Floats, hosts: gpd.GeoDataFrame) -> Floats:
    """People of a network's own mix at each point: a share at hosts of some kinds, the others at home.

    The share of a kind of which there is no host stays at home, so that the number is kept.
    """
    who = network.people
    total = residents.sum() * (who.per_1000_residents or 0.0) / 1000
    out, at_home = np.zeros(len(points)), 1.0
    tree = cKDTree(_xy(points.geometry)) if len(points) else None
    for kind, share in who.at_hosts.items():
        mine = hosts[hosts["host_kind"] == kind]
        if tree is not None and len(mine):
            _, street = tree.query(_xy(mine.geometry.representative_point()))
            np.add.at(out, street, share * total / len(mine))
            at_home -= share
    return out + max(at_home, 0.0) * residents * (who.per_1000_residents or 0.0) / 1000


def people_of_networks(
    networks: Sequence[UnionNetwork], points: DemandPoints, population: gpd.GeoDataFrame, hosts: gpd.GeoDataFrame, *,
    periods: Sequence[str], groups: Sequence[str],
) -> UnionPeople:  # fmt: skip
    """Whom every network is for; networks that are for nobody here are told (UNI-018)."""
    mixed = [n for n in networks if n.people.per_1000_residents is not None]
    residents = residents_at(points, population) if mixed else np.zeros(len(points))
    mixes = {n.name: mix_of(n, points, residents, hosts) for n in mixed}
    made = UnionPeople(mixes, tuple(periods), tuple(groups))
    found = tuple(
        finding("UNI-018", source="study.toml", field=f"networks.{n.name}.people", title_en=n.title("en"),
                title_zh=n.title("zh"))
        for n in networks
        if n.planned_by == "here" and made.of(n, points).sum() <= 0
    )  # fmt: skip
    return UnionPeople(mixes, made.periods, made.groups, found)
