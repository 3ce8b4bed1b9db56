"""Access beyond yes or no: from sparse travel times, how much each demand point can reach, and how soon."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

if TYPE_CHECKING:
    from planner.roads.reach import TravelTimes

__all__ = ["Decay", "access", "fading", "power", "steps"]

Array = NDArray[Any]
#: Weight of a travel time: a function on seconds (an array), or steps {up to this many seconds: weight}.
Decay = Callable[[Array], Array] | Mapping[float, float]


def steps(weights: Mapping[float, float]) -> Callable[[Array], Array]:
    """Zones: the weight of the first bound (seconds, inclusive) that is not passed, 0 beyond the last."""
    bounds = np.array(sorted(weights), dtype=float)
    values = np.array([*(weights[b] for b in sorted(weights)), 0.0])
    return lambda seconds: values[np.searchsorted(bounds, seconds, side="left")]


def fading(sigma_s: float) -> Callable[[Array], Array]:
    """Gaussian weights, exp(−t² / 2σ²)."""
    if not sigma_s > 0:
        raise ValueError(f"sigma_s must be above 0, not {sigma_s!r}")
    return lambda seconds: np.exp(-(np.asarray(seconds, float) ** 2) / (2 * sigma_s**2))


def power(scale_s: float, exponent: float, *, least_s: float = 1.0) -> Callable[[Array], Array]:
    """Gravity weights, (max(t, least) / scale)^exponent; ``exponent`` is negative where farther is less."""
    if not (scale_s > 0 and least_s > 0):
        raise ValueError("scale_s and least_s must be above 0")
    return lambda seconds: (np.maximum(np.asarray(seconds, float), least_s) / scale_s) ** exponent


def access(
    times: TravelTimes | sparse.csr_array, *, workers: ArrayLike | None = None, room: ArrayLike | None = None,
    cutoff_s: float | None = None, decay: Decay | None = None, k: int = 1, enough: float | None = None,
) -> pd.DataFrame:  # fmt: skip
    """What each demand point can reach, and how soon.

    Parameters
    ----------
    times
        What :func:`planner.travel_times` returns, or its ``seconds`` (n_sites × n_demand, stored = reached, a stored
        0 s included).
    workers
        People per demand point (n_demand), who compete for room; 1 each when None.
    room
        Opportunities per site (n_sites): seats, places, visits a day; 1 each when None.
    cutoff_s
        What lies farther is out of reach; as far as ``times`` go when None.
    decay
        Weight of a travel time (:func:`steps`, :func:`fading`, :func:`power` or {seconds: weight}); 1 when None.
    k
        How many sites one wants to choose from.
    enough
        How many opportunities one wants within reach; ``k`` when None.

    Returns
    -------
    One row per demand point: ``sites`` (in reach), ``gravity`` (Σ room · weight), ``e2sfca`` (room per person, enhanced
    two-step floating catchment: each site's room is shared among all who reach it, weighted both times),
    ``kth_s`` (seconds to the ``k``-th nearest site) and ``enough_s`` (least seconds within which sites of ``enough``
    room together are reached; dual access), NaN where there are not as many. Σ workers · ``e2sfca`` is the room of the
    sites that somebody reaches with a weight above 0.

    Raises
    ------
    ValueError
        Sizes that do not fit, negative or missing numbers, ``k`` below 1.

    Examples
    --------
    >>> from scipy import sparse
    >>> seconds = sparse.csr_array(([60.0, 300.0, 120.0], ([0, 0, 1], [0, 1, 1])), shape=(2, 2))
    >>> planner.access(seconds, workers=[10, 30], room=[4, 6])["e2sfca"].round(3).tolist()
    [0.1, 0.3]
    """
    matrix = sparse.csr_array(getattr(times, "seconds", times))
    n_sites, n_demand = matrix.shape
    people = _per(workers, n_demand, "workers", "demand point")
    seats = _per(room, n_sites, "room", "site")
    if k < 1:
        raise ValueError(f"k must be 1 or more, not {k}")
    seconds = matrix.data.astype(float)
    site = np.repeat(np.arange(n_sites), np.diff(matrix.indptr))
    point = matrix.indices
    if cutoff_s is not None:
        near = seconds <= cutoff_s
        seconds, site, point = seconds[near], site[near], point[near]
    weight = _weights(decay, seconds)
    crowd = np.bincount(site, people[point] * weight, n_sites)
    share = np.divide(seats, crowd, out=np.zeros(n_sites), where=crowd > 0)
    kth, soon = _soonest(seconds, site, point, seats, n_demand, k, float(k) if enough is None else enough)
    return pd.DataFrame(
        {
            "sites": np.bincount(point, minlength=n_demand),
            "gravity": np.bincount(point, seats[site] * weight, n_demand),
            "e2sfca": np.bincount(point, share[site] * weight, n_demand),
            "kth_s": kth,
            "enough_s": soon,
        }
    )


def _per(values: ArrayLike | None, n: int, name: str, of: str) -> Array:
    found = np.ones(n) if values is None else np.asarray(values, dtype=float)
    if found.shape != (n,) or not np.isfinite(found).all() or (found < 0).any():
        raise ValueError(f"{name} must be one finite number of at least 0 per {of}, {n} in all")
    return found


def _weights(decay: Decay | None, seconds: Array) -> Array:
    if decay is None:
        return np.ones(len(seconds))
    found = np.asarray((steps(decay) if isinstance(decay, Mapping) else decay)(seconds), dtype=float)
    if found.shape != seconds.shape or not np.isfinite(found).all() or (found < 0).any():
        raise ValueError("decay must give one finite weight of at least 0 per travel time")
    return found


def _soonest(
    seconds: Array, site: Array, point: Array, room: Array, n: int, k: int, enough: float
) -> tuple[Array, Array]:
    """Seconds to the k-th nearest site, and to ``enough`` room, per demand point; NaN where there is not as much."""
    order = np.lexsort((seconds, point))
    at, when, held = point[order], seconds[order], room[site[order]]
    first = np.searchsorted(at, np.arange(n))
    rank = np.arange(len(at)) - first[at] + 1 if len(at) else np.zeros(0, dtype=int)
    kth = np.full(n, np.nan)
    kth[at[rank == k]] = when[rank == k]
    soon = np.full(n, np.nan if enough > 0 else 0.0)
    if len(at) and enough > 0:
        run = np.concatenate([[0.0], np.cumsum(held)])
        got = run[1:] - run[first[at]]
        full = np.flatnonzero(got >= enough * (1 - 1e-9))
        points, where = np.unique(at[full], return_index=True)
        soon[points] = when[full[where]]
    return kth, soon
