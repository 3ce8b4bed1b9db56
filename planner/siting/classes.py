"""Demand points that the same sites can serve are one point to a plan: merged once, before anything is solved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from planner.demand.streets.standing import DemandPoints
from planner.siting.coverage import Access
from planner.siting.goal.pose import fade_shares
from planner.siting.reach import SiteReach
from planner.solvers.merge import equal_columns

__all__ = ["AtPoints", "ReachClasses", "merge_points"]

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class ReachClasses:
    """Demand points merged where the same stations and candidates are in reach, apart by district.

    Attributes
    ----------
    demand
        A row per class: ``district``, ``{group}__{period}`` …, ``workers``.
    existing, new
        Who reaches what, a column per class.
    of
        Class of each point.
    standing
        csr (n_classes × n_cells): share of a class's workers that stands in each row of the demand table.
    """

    demand: pd.DataFrame
    existing: SiteReach
    new: SiteReach
    of: Array
    standing: sparse.csr_array

    def of_cells(self, factors: Array) -> Array:
        """Factors on the workers of cells (n_scenarios × n_cells) as those of classes."""
        return np.asarray(1 + (self.standing @ (factors - 1).T).T)


@dataclass(frozen=True, eq=False)
class AtPoints:
    """What plans are made of before points are merged.

    Attributes
    ----------
    demand
        The demand table of cells.
    points
        The demand points.
    existing, new
        Who reaches what, a column per point.
    """

    demand: gpd.GeoDataFrame
    points: DemandPoints
    existing: SiteReach
    new: SiteReach

    def within(self, radius_m: float) -> AtPoints:
        """The same read at another walking distance."""
        return replace(self, existing=self.existing.within(radius_m), new=self.new.within(radius_m))

    def merged(
        self, fade_m: tuple[float, float] | None, *, by_cell: bool = False, by_point: bool = False
    ) -> ReachClasses:
        """The points merged: within the cutoff, and within each ring of a fading cover, the same sites are in reach.

        ``by_cell``: apart by cell too, so that what a demand scenario does to a class is exact in every period.
        ``by_point``: only points that reach no site are merged, so that minutes stay those of each point.
        """
        points = self.points
        code = points.table["district"].cat.codes.to_numpy(np.int64)
        apart = points.cell if by_cell else code  # a cell lies in one district
        if by_point:
            met = np.zeros(len(points), dtype=bool)
            for part in (*self.existing.access, *self.new.access):
                met[part.seconds.indices] = True
            apart = np.where(met, code.max(initial=0) + 1 + np.arange(len(points)), code)
        first, of = equal_columns(_levels(self.existing.access, self.new.access, fade_m), apart=apart)
        demand = points.merged(of, len(first))
        districts = points.table["district"].cat.categories.to_numpy(object)
        demand.insert(0, "district", districts[code[first]])
        workers = points.table["workers"].to_numpy(float)
        total = demand["workers"].to_numpy()[of]
        share = np.divide(workers, total, out=np.zeros_like(workers), where=total > 0)
        standing = sparse.csr_array((share, (of, points.cell)), shape=(len(first), points.n_cells))
        return ReachClasses(demand, self.existing.columns(first), self.new.columns(first), of, standing)


def merge_points(
    demand: gpd.GeoDataFrame,
    points: DemandPoints,
    existing: SiteReach,
    new: SiteReach,
    *,
    by_point: bool = False,
) -> ReachClasses:
    """The demand points merged where the same stations and candidates are in reach; ``by_point``: where none is."""
    return AtPoints(demand, points, existing, new).merged(None, by_point=by_point)


def _levels(
    old: Sequence[Access], new: Sequence[Access], fade_m: tuple[float, float] | None
) -> sparse.csr_array:
    """Sites above points, once for every cover that counts: stored where the point has it."""
    blocks = []
    for part in (*old, *new):
        where = sparse.csr_array(part.seconds)
        covers = [(where.data <= part.cutoff_s).astype(float)]
        if fade_m is not None:
            share = fade_shares(part, fade_m)
            covers += [share >= s - 1e-12 for s in np.unique(share[share > 0])]
        blocks += [_kept(where, np.asarray(c) > 0) for c in covers]
    return sparse.csr_array(sparse.vstack(blocks, format="csr"))


def _kept(matrix: sparse.csr_array, keep: Array) -> sparse.csr_array:
    """Only some of the stored entries."""
    ends = np.concatenate([[0], np.cumsum(keep)])[matrix.indptr]
    ones = np.ones(int(keep.sum()), np.int8)
    return sparse.csr_array((ones, matrix.indices[keep], ends), shape=matrix.shape)
