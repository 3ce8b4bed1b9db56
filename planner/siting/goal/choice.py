"""Use as a goal: the odds with which stations draw workers, point by point, as a plan's worth in visits a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from planner.inputs.kit import TRAITS
from planner.settings.use import Use
from planner.siting.coverage import Access, worker_cube
from planner.use.law import Law, Pairs, odds_of

__all__ = ["CandidatePulls", "StationChoice", "occasions_of", "pairs_of", "pulls_of", "traits_of"]

Array = NDArray[Any]


@dataclass(frozen=True)
class StationChoice:
    """How workers choose: the law, traits and kept hours of open stations and of candidates, occasions a day by group."""

    law: Law
    old_traits: Array
    old_kept: Array
    new_traits: Array
    new_kept: Array
    occasions: Mapping[str, float]


@dataclass(frozen=True)
class CandidatePulls:
    """Odds per candidate and point (csr n_candidates × n_points), and of the open stations together (n_points)."""

    new: sparse.csr_array
    base: Array


def pulls_of(
    choice: StationChoice,
    existing: Sequence[Access],
    existing_share: Array,
    new: Sequence[Access],
    new_share: Array,
) -> CandidatePulls:
    """The odds by the open stations and the candidates: ways of travelling, and the share of each period they are open."""
    old, more = pairs_of(existing, existing_share), pairs_of(new, new_share)
    base = old.of_points(odds_of(choice.law, old, choice.old_traits, choice.old_kept))
    odds = odds_of(choice.law, more, choice.new_traits, choice.new_kept)
    shape = (more.n_sites, more.n_points)
    return CandidatePulls(
        sparse.csr_array(sparse.coo_array((odds, (more.site, more.point)), shape=shape)), base
    )


def pairs_of(access: Sequence[Access], open_share: Array) -> Pairs:
    """Sites within the cutoff of points (way of travelling, period, cell, as ``cover_matrix`` runs) in periods they open in."""
    site, point, minutes, opened, before = [], [], [], [], 0
    for part in access:
        n_sites, n_cells = part.seconds.shape
        near = part.seconds.data <= part.cutoff_s
        rows = np.repeat(np.arange(n_sites), np.diff(part.seconds.indptr))[near]
        cells, far = part.seconds.indices[near], part.seconds.data[near] / 60.0
        for t in range(open_share.shape[1]):
            on = open_share[rows, t] > 0
            site.append(rows[on])
            point.append(cells[on].astype(np.int64) + before)
            minutes.append(far[on].astype(float))
            opened.append(open_share[rows[on], t])
            before += n_cells
    return Pairs(
        np.concatenate(site), np.concatenate(point), np.concatenate(minutes), np.concatenate(opened),
        open_share.shape[0], before,
    )  # fmt: skip


def occasions_of(
    demand: pd.DataFrame, access: Sequence[Access], periods: Sequence[str], use: Use
) -> tuple[list[str], Array]:
    """Occasions a day to come to a station: names of the groups and (n_groups × n_points)."""
    names, blocks, n = [g for part in access for g in part.groups], [], len(demand) * len(periods)
    for k, part in enumerate(access):
        cube = worker_cube(demand, part.groups, list(periods))
        for g, workers in zip(part.groups, cube, strict=True):
            row = np.zeros(n * len(access))
            row[k * n : (k + 1) * n] = workers.T.ravel() * use.occasions_of(g)
            blocks.append(row)
    return names, np.stack(blocks) if blocks else np.zeros((0, n * len(access)))


def traits_of(table: pd.DataFrame, use: Use, hours_kept: float) -> tuple[Array, Array]:
    """Traits (n × traits) and the share of posted hours kept (n): as stated, else as assumed (``hours_kept``)."""

    def column(name: str, other: float) -> Array:
        stated = table[name].to_numpy(dtype=float) if name in table else np.full(len(table), np.nan)
        return np.where(np.isnan(stated), other, stated)

    traits = np.stack([column(t, use.share_of(t)) for t in TRAITS], axis=1)
    return traits, column("hours_kept", hours_kept)
