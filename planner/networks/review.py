"""A list looked through: which places are redundant, which stand alone, which could close together."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from planner.siting.coverage import Access, cover_matrix

__all__ = ["may_close", "review_places"]

Array = NDArray[Any]


def review_places(
    places: gpd.GeoDataFrame, people: Array, seconds: sparse.csr_array, is_open: Array, *, cutoff_s: float
) -> gpd.GeoDataFrame:
    """The places of a network with whom each serves, alone and beside others of it.

    Parameters
    ----------
    people
        n_points × n_columns: whom the network is for, by period and at any hour.
    seconds
        csr (n_places × n_points) from points to places.
    is_open
        bool (n_places × n_columns).

    Returns
    -------
    GeoDataFrame
        ``places`` with ``people_in_reach``, ``people_alone`` (whom no other place of it serves), ``verdict``: ``redundant`` (all whom it
        serves have another), ``alone`` (none has), ``shared`` or ``nobody`` (serves none); ``may_close``: the redundant ones that
        could all go together with nobody losing the network.
    """
    used = np.flatnonzero(people.sum(axis=0) > 0)
    weights = people[:, used].T.ravel()
    if len(used) and len(places):
        covers = cover_matrix([Access((), seconds, cutoff_s)], is_open[:, used])
        covers = sparse.csr_array(covers[:, np.flatnonzero(weights > 0)])
    else:
        covers = sparse.csr_array((len(places), int((weights > 0).sum())), dtype=np.int8)
    weights = weights[weights > 0]
    times = np.bincount(covers.indices, minlength=covers.shape[1])
    reach = _sums(covers, weights)
    alone = _sums(covers, np.where(times == 1, weights, 0.0))
    served, single = np.diff(covers.indptr) > 0, _sums(covers, (times == 1).astype(float))
    verdict = np.select(
        [~served, single == 0, single == np.diff(covers.indptr)], ["nobody", "redundant", "alone"], "shared"
    )
    order = np.lexsort((places["place_id"].astype(str).to_numpy(), reach))
    closing = may_close(covers, order[verdict[order] == "redundant"])
    return places.assign(
        people_in_reach=reach, people_alone=alone, verdict=verdict, may_close=np.isin(np.arange(len(places)), closing)
    )  # fmt: skip


def _sums(covers: sparse.csr_array, weights: Array) -> Array:
    ones = sparse.csr_array((np.ones(covers.nnz), covers.indices, covers.indptr), shape=covers.shape)
    return np.asarray(ones @ weights, float).reshape(-1)


def may_close(covers: sparse.csr_array, order: Array) -> NDArray[np.int64]:
    """Rows that can all go with every column that is covered staying so: taken one after the other in ``order``."""
    times = np.bincount(covers.indices, minlength=covers.shape[1])
    gone = []
    for i in np.asarray(order).tolist():
        mine = covers.indices[covers.indptr[i] : covers.indptr[i + 1]]
        if (times[mine] > 1).all():
            times[mine] -= 1
            gone.append(i)
    return np.array(gone, np.int64)
