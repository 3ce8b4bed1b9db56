"""Bands of sums, shares and gains from the demand draws: 5, 50 and 95 % points, never summed from bands of cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.demand.ensemble import Ensemble, band

if TYPE_CHECKING:
    from planner.siting.coverage import Coverage

__all__ = ["Band", "Drawn", "Draws"]

Array = NDArray[Any]
#: 5 %, 50 % and 95 % points.
Band = tuple[float, float, float]


@dataclass(frozen=True)
class Drawn:
    """Workers of every state of one plan, draw by draw.

    Attributes
    ----------
    groups, districts, columns
        What the axes of ``sums`` stand for.
    sums
        float (n_draws × n_groups × n_districts × n_columns).
    """

    groups: tuple[str, ...]
    districts: tuple[str, ...]
    columns: Mapping[str, int]
    sums: Array

    def of(self, column: str, *, group: str | None = None, district: str | None = None) -> Array | None:
        """Workers (n_draws) in a column of the cells, of all or of one group, everywhere or in one district.

        The figures of all groups, or all districts, together are those of the whole in every draw. None where the cells have no
        such column or the draws do not tell the group apart; a district without cells has nobody.
        """
        if column not in self.columns or not (group is None or group in self.groups):
            return None
        some = self.sums[..., self.columns[column]]
        if district is not None and district not in self.districts:
            return np.zeros(len(some))
        for name, names, axis in ((district, self.districts, 2), (group, self.groups, 1)):
            some = some.sum(axis=axis) if name is None else some.take(names.index(name), axis=axis)
        return np.asarray(some)


@dataclass(frozen=True)
class Draws:
    """The demand draws, read under one plan after the other.

    The workers of a group in a cell vary from draw to draw; how they divide into periods, and so which share of them is
    covered, is as estimated.

    Attributes
    ----------
    ensemble
        The draws. One of a single group without a name ("") moves all workers of a cell alike.
    district
        District of each cell.
    """

    ensemble: Ensemble
    district: pd.Series
    _read: list[tuple[Coverage, Drawn | None]] = field(default_factory=list, repr=False, compare=False)

    def under(self, coverage: Coverage) -> Drawn | None:
        """Every state of a plan by draw, group and district; None where its cells or groups are not those of the draws.

        A plan is read once, whoever asks.
        """
        for known, drawn in self._read:
            if known is coverage:
                return drawn
        self._read.append((coverage, self._summed(coverage)))
        return self._read[-1][1]

    def _summed(self, coverage: Coverage) -> Drawn | None:
        tables = [self._cells(coverage, name) for name in self.ensemble.groups]
        known = [
            t
            for t in tables
            if t is not None and len(t) == self.ensemble.workers.shape[1] == len(self.district)
        ]
        if len(known) < len(tables) or not tables:
            return None
        columns = [str(c) for c in known[0]]
        code, names = pd.factorize(self.district.astype(str))
        sums = np.zeros((len(self.ensemble), len(tables), len(names), len(columns)))
        parts = [t.to_numpy(dtype=np.float32, na_value=0.0) for t in known]
        for k in range(len(names)):
            here = np.flatnonzero(code == k)
            sums[:, :, k] = self.ensemble.sums([part[here] for part in parts], here)
        at = {c: n for n, c in enumerate(columns)}
        return Drawn(self.ensemble.groups, tuple(map(str, names)), at, sums)

    @staticmethod
    def _cells(coverage: Coverage, group: str) -> pd.DataFrame | None:
        return coverage.cells if group == "" else coverage.of_groups.get(group)

    @staticmethod
    def of(values: Array) -> Band:
        """Band of a figure given per draw."""
        each = np.asarray(values, dtype=float)
        low, high = band(each[:, None])
        return low.item(), float(np.median(each)), high.item()

    @staticmethod
    def share(part: Array, whole: Array) -> Band:
        """Band of a share, both given per draw; 0 in a draw where nobody works."""
        return Draws.of(part / np.where(whole > 0, whole, np.inf))
