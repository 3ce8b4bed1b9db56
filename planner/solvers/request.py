"""What a caller asks for, checked once and put into arrays; nothing downstream checks again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from planner.errors import PlannerError
from planner.solvers.rules import Partition, Rules

__all__ = [
    "Partition",
    "Request",
    "RequestError",
    "Rules",
    "check_costs",
    "check_covered",
    "check_covers",
    "check_p",
    "check_rules",
    "check_weights",
    "partition",
]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

#: Weights above this cannot be summed exactly enough to prove anything.
LARGEST_WEIGHT = 1e15


class RequestError(PlannerError, ValueError):
    """An argument that cannot be meant: wrong shape, NaN, a position out of range."""


@dataclass(frozen=True)
class Request:
    """A covering problem: coverage CSR (structure only), weights, what is covered, and the rules."""

    covers: Any
    weights: Floats
    covered: Bools
    rules: Rules


def check_covers(covers: Any) -> Any:
    """``covers`` as a CSR with sorted, unique columns; explicit zeros stay, nothing is mutated.

    Raises
    ------
    RequestError
        Not a two-dimensional matrix, or no site, or no demand point.
    """
    if not sparse.issparse(covers):
        dense = np.asarray(covers)
        if dense.ndim != 2:
            raise RequestError(f"covers must be a sites × demand matrix; got {dense.ndim} dimension(s)")
        covers = sparse.csr_array(dense)
    if len(covers.shape) != 2:
        raise RequestError(f"covers must be a sites × demand matrix; got shape {covers.shape}")
    if covers.shape[0] == 0:
        raise RequestError("there is no candidate site: covers has no rows")
    if covers.shape[1] == 0:
        raise RequestError("there is no demand point: covers has no columns")
    csr = covers.tocsr()
    if not csr.has_canonical_format:
        csr = csr.copy()
        csr.sum_duplicates()  # keeps stored zeros
    return csr


def check_costs(costs: Any) -> Any:
    """``costs`` as a float CSR with sorted, unique columns; what is not assignable is not stored.

    Sparse: what is stored counts, zeros too. Dense: every finite entry counts, inf is not assignable.

    Raises
    ------
    RequestError
        Not a two-dimensional matrix, empty, NaN or negative costs.
    """
    if not sparse.issparse(costs):
        dense = np.asarray(costs, dtype=np.float64)
        if dense.ndim != 2:
            raise RequestError(f"costs must be a sites × demand matrix; got {dense.ndim} dimension(s)")
        if np.isnan(dense).any():
            raise RequestError(f"costs: {int(np.isnan(dense).sum())} entries are NaN")
        i, j = np.nonzero(np.isfinite(dense) | (dense < 0))
        ptr = np.concatenate([[0], np.cumsum(np.bincount(i, minlength=dense.shape[0]))])
        costs = sparse.csr_array((dense[i, j], j, ptr), shape=dense.shape)
    if 0 in costs.shape:
        raise RequestError(f"costs must have at least one site and one demand point; got shape {costs.shape}")
    if not getattr(costs, "has_canonical_format", False):
        i, j = (np.asarray(c, np.int64) for c in costs.tocoo().coords)
        if len(np.unique(i * costs.shape[1] + j)) < len(i):
            raise RequestError("costs: an entry is given more than once")
    csr = costs.tocsr()
    if not csr.has_sorted_indices:
        csr = csr.sorted_indices()
    if np.isnan(csr.data).any():
        raise RequestError(f"costs: {int(np.isnan(csr.data).sum())} entries are NaN")
    if (csr.data < 0).any():
        raise RequestError(f"costs must not be negative; the least is {csr.data.min():g}")
    if np.isinf(csr.data).any():
        raise RequestError("costs: leave out what is not assignable instead of storing inf")
    return csr.astype(np.float64)


def check_weights(weights: ArrayLike | None, n: int, *, name: str = "weights") -> Floats:
    """Non-negative finite weights, one per demand point (ones where None).

    Raises
    ------
    RequestError
        Wrong length, NaN, negative or astronomically large weights, or nothing but zeros.
    """
    if weights is None:
        return np.ones(n)
    try:
        w = np.asarray(weights, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise RequestError(f"{name} must be numbers, one per demand point") from error
    if w.shape != (n,):
        raise RequestError(f"{name} must be one number per demand point: {n} expected, got shape {w.shape}")
    bad = ~np.isfinite(w)
    if bad.any():
        raise RequestError(f"{name}: {int(bad.sum())} not finite (NaN or inf), first at {_first(bad)}")
    if (w < 0).any():
        at = _first(w < 0)
        raise RequestError(f"{name}: {int((w < 0).sum())} negative, first at {at} ({w[at]:g})")
    if (w > LARGEST_WEIGHT).any():
        at = _first(w > LARGEST_WEIGHT)
        raise RequestError(f"{name}: astronomically large at {at} ({w[at]:g}); is the unit right?")
    if not (w > 0).any():
        raise RequestError(f"there is no demand: all {n} {name} are zero")
    return w


def check_covered(covered: ArrayLike | None, n: int) -> Bools:
    """One bool per demand point (all False where None)."""
    if covered is None:
        return np.zeros(n, bool)
    c = np.asarray(covered)
    if c.shape != (n,):
        raise RequestError(f"covered must be one bool per demand point: {n} expected, got shape {c.shape}")
    if c.dtype != np.bool_ and not np.isin(c, (0, 1)).all():
        raise RequestError("covered must be True or False for each demand point")
    return c.astype(bool)


def check_p(p: Any, *, name: str = "p") -> int:
    """A whole number of at least one."""
    if isinstance(p, (bool, np.bool_)) or not isinstance(p, (int, float, np.integer, np.floating)):
        raise RequestError(f"{name} must be a whole number of sites; got {p!r}")
    if float(p) != int(p) if np.isfinite(p) else True:
        raise RequestError(f"{name} must be a whole number of sites; got {p!r}")
    if p < 1:
        raise RequestError(f"{name} must be at least 1; got {int(p)}")
    return int(p)


def check_rules(
    n_sites: int,
    p: Any,
    *,
    required: Iterable[int] = (),
    forbidden: Iterable[int] = (),
    region: ArrayLike | None = None,
    quota_min: Mapping[Any, int] | None = None,
    quota_max: Mapping[Any, int] | None = None,
    partitions: Sequence[Partition] = (),
    cost: ArrayLike | None = None,
    budget: float | None = None,
    conflicts: Any = None,
    needs_count: bool = True,
) -> Rules:
    """The rules as arrays; what they ask for may still be impossible (see :mod:`.infeasible`).

    ``region``, ``quota_min`` and ``quota_max`` are the first partition, called ``quota``; ``partitions``
    (:func:`partition`) come after it.

    Raises
    ------
    RequestError
        Positions out of range or given twice, quotas without regions or not whole numbers, costs that
        are negative or missing, two partitions of one name, ``p=None`` without a budget.
    """
    count = None if p is None else check_p(p)
    if count is None and budget is None and needs_count:
        raise RequestError("p may be None only when a budget limits the plan")
    if budget is not None and cost is None:
        raise RequestError("a budget needs cost: one number per site")
    if region is None and (quota_min or quota_max):
        raise RequestError("quotas need region: one label per site")
    parts = list(partitions)
    if region is not None or not parts:
        labels = np.full(n_sites, "all") if region is None else region
        parts = [partition(labels, quota_min, quota_max, name="quota"), *parts]
    names = [part.name for part in parts]
    if len(set(names)) < len(names):
        raise RequestError(f"partitions need names of their own; got {names}")
    return Rules(
        n_sites=n_sites,
        p=count,
        required=_positions(required, n_sites, "required"),
        forbidden=_positions(forbidden, n_sites, "forbidden"),
        partitions=tuple(_labelled(part, n_sites) for part in parts),
        cost=None if cost is None else _costs(cost, n_sites),
        budget=None if budget is None else _budget(budget),
        conflicts=_conflicts(conflicts, n_sites),
    )


def partition(
    of: ArrayLike,
    least: Mapping[Any, int] | None = None,
    most: Mapping[Any, int] | None = None,
    *,
    name: str = "label",
    words: Mapping[Any, tuple[str, str]] | None = None,
) -> Partition:
    """Labels of sites with the least and most number of sites of each, for the option ``partitions``.

    Parameters
    ----------
    of
        A label per site.
    least, most
        Label → number of sites; a label that no site has may stand there.
    name
        What refusals call its limits: ``{name}_min`` and ``{name}_max``.
    words
        Label → what it is called in English and in Chinese.

    Raises
    ------
    RequestError
        A number that is not whole, or negative.
    """
    given = list(np.asarray(of, dtype=object))
    order = sorted(set(given), key=lambda label: (str(type(label)), str(label)))
    extra = [label for label in {**(least or {}), **(most or {})} if label not in set(order)]
    labels = tuple(order + extra)
    code = {label: c for c, label in enumerate(labels)}
    none = np.zeros(len(labels), np.int64)
    return Partition(
        name=name,
        of=np.array([code[label] for label in given], np.int64),
        labels=labels,
        least=_quota(least, labels, none, f"{name}_min"),
        most=_quota(most, labels, none + len(given), f"{name}_max"),
        words=dict(words or {}),
    )


def _labelled(part: Partition, n: int) -> Partition:
    """The partition, if it has a label per site."""
    if len(part.of) != n:
        what = "region" if part.name == "quota" else f"the partition {part.name}"
        raise RequestError(f"{what} must be one label per site: {n} expected, got {len(part.of)}")
    return part


def _first(mask: Bools) -> int:
    return int(np.flatnonzero(mask)[0])


def _positions(sites: Iterable[int], n: int, name: str) -> Ints:
    given = np.asarray(list(sites) if not isinstance(sites, np.ndarray) else sites)
    if given.size == 0:
        return np.empty(0, np.int64)
    if given.dtype == np.bool_ or not np.issubdtype(given.dtype, np.integer):
        raise RequestError(f"{name} must be site positions (whole numbers); got {given.dtype}")
    outside = (given < 0) | (given >= n)
    if outside.any():
        raise RequestError(
            f"{name} names site {int(given[_first(outside)])}, but positions run from 0 to {n - 1}"
        )
    unique, times = np.unique(given, return_counts=True)
    if (times > 1).any():
        raise RequestError(f"{name} names site {int(unique[times > 1][0])} more than once")
    return unique.astype(np.int64)


def _quota(quota: Mapping[Any, int] | None, labels: Sequence[Any], default: Ints, name: str) -> Ints:
    values = default.astype(np.int64).copy()
    for c, label in enumerate(labels):
        if quota is not None and label in quota:
            q = quota[label]
            if isinstance(q, bool) or float(q) != int(q) or q < 0:
                raise RequestError(f"{name}[{label!r}] must be a whole number of at least 0; got {q!r}")
            values[c] = int(q)
    return values


def _costs(cost: ArrayLike, n: int) -> Floats:
    c = np.asarray(cost, dtype=np.float64)
    if c.shape != (n,):
        raise RequestError(f"cost must be one number per site: {n} expected, got shape {c.shape}")
    if not np.isfinite(c).all() or (c < 0).any():
        at = _first(~np.isfinite(c) | (c < 0))
        raise RequestError(f"cost must be finite and not negative; site {at} has {c[at]:g}")
    return c


def _budget(budget: float) -> float:
    if not np.isfinite(budget) or budget < 0:
        raise RequestError(f"budget must be finite and not negative; got {budget!r}")
    return float(budget)


def _conflicts(pairs: Any, n: int) -> Any:
    """Symmetric CSR of excluding pairs from an (k × 2) array or a sparse matrix."""
    if pairs is None:
        return sparse.csr_array((n, n), dtype=bool)
    if sparse.issparse(pairs):
        if pairs.shape != (n, n):
            raise RequestError(f"conflicts must be {n} × {n}; got {pairs.shape}")
        coo = pairs.tocoo()
        a, b = coo.coords
    else:
        given = np.asarray(pairs).reshape(-1, 2) if len(pairs) else np.empty((0, 2), np.int64)
        a, b = given[:, 0], given[:, 1]
        if len(a) and (min(a.min(), b.min()) < 0 or max(a.max(), b.max()) >= n):
            raise RequestError(f"conflicts name a site outside 0 … {n - 1}")
    keep = a != b
    a, b = a[keep], b[keep]
    ones = np.ones(2 * len(a), bool)
    csr = sparse.csr_array((ones, (np.r_[a, b], np.r_[b, a])), shape=(n, n))
    csr.sum_duplicates()
    return csr
