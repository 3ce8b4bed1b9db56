"""Measures of inequality on arrays: Gini, Theil within and between, Lorenz, Kolm–Pollak.

``values`` are what people have (a covered share, minutes, sites in reach), ``weights`` how many have it. Weights
of nought count nothing; nobody at all gives NaN.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

__all__ = ["Theil", "gini", "kolm_pollak_ede", "kolm_pollak_kappa", "lorenz", "theil"]

Array = NDArray[Any]


def _given(values: ArrayLike, weights: ArrayLike | None) -> tuple[Array, Array]:
    y = np.asarray(values, dtype=float).ravel()
    w = np.ones(len(y)) if weights is None else np.asarray(weights, dtype=float).ravel()
    if len(w) != len(y):
        raise ValueError(f"{len(y)} values and {len(w)} weights: one weight per value is needed")
    if not np.isfinite(w).all() or (w < 0).any():
        raise ValueError("weights must be finite and not negative")
    y, w = y[w > 0], w[w > 0]
    if not np.isfinite(y).all():
        raise ValueError("values must be finite wherever somebody is counted")
    return y, w


def _mean_of(y: Array, w: Array, *, least: float = 0.0) -> float:
    if len(y) and y.min() < least:
        raise ValueError("values must not be negative")
    return float(w @ y / w.sum()) if len(y) else float("nan")


def gini(values: ArrayLike, weights: ArrayLike | None = None) -> float:
    """Gini coefficient, Σ_i Σ_j w_i w_j |y_i − y_j| / (2 W² ȳ): 0 where all have the same, NaN where nobody has anything.

    Parameters
    ----------
    values
        float (n), not negative.
    weights
        float (n); 1 each when None.

    Raises
    ------
    ValueError
        Lengths that differ, negative or missing numbers.

    Examples
    --------
    >>> gini([1, 1, 1]), round(gini([0, 0, 1]), 4)
    (0.0, 0.6667)
    """
    y, w = _given(values, weights)
    mean = _mean_of(y, w)
    if not mean > 0:
        return float("nan")
    order = np.argsort(y, kind="stable")
    y, w = y[order], w[order]
    below = np.cumsum(w) - w / 2  # weight up to the middle of each
    return float(2 * (w * y) @ below / (w.sum() ** 2 * mean) - 1) + 0.0


@dataclass(frozen=True)
class Theil:
    """Theil's T and its parts: ``total`` = ``between`` groups + ``within`` them."""

    total: float
    between: float
    within: float


def _t(y: Array, w: Array) -> float:
    mean = _mean_of(y, w)
    if not mean > 0:
        return float("nan")
    ratio = y / mean
    logs = np.log(ratio, out=np.zeros_like(ratio), where=ratio > 0)  # 0 ln 0 = 0
    return float(w @ (ratio * logs) / w.sum()) + 0.0


def theil(values: ArrayLike, weights: ArrayLike | None = None, groups: ArrayLike | None = None) -> Theil:
    """Theil's T, Σ w_i y_i/ȳ ln(y_i/ȳ) / W, split between and within ``groups`` (one label per value; one group when None).

    Raises
    ------
    ValueError
        Lengths that differ, negative or missing numbers.

    Examples
    --------
    >>> parts = theil([1, 1, 3, 3], groups=["a", "a", "b", "b"])
    >>> round(parts.between, 4), round(parts.within, 4)
    (0.1308, 0.0)
    """
    y, w = _given(values, weights)
    total = _t(y, w)
    if groups is None or not np.isfinite(total):
        return Theil(total, total if not np.isfinite(total) else 0.0, total)
    labels = np.asarray(groups, dtype=object).ravel()
    if len(labels) != np.size(values):
        raise ValueError(f"{np.size(values)} values and {len(labels)} groups: one label per value is needed")
    kept = np.ones(len(labels), bool) if weights is None else np.asarray(weights, float).ravel() > 0
    code = pd.factorize(pd.Series(labels[kept]), use_na_sentinel=False)[0]
    size = np.bincount(code, w)
    between = _t(np.bincount(code, w * y) / size, size)
    return Theil(total, between, total - between)


def lorenz(values: ArrayLike, weights: ArrayLike | None = None) -> pd.DataFrame:
    """Lorenz curve: columns ``people`` and ``got``, cumulated shares from those with least on, (0, 0) first and (1, 1) last.

    Where nobody has anything, ``got`` is NaN but for its first.

    Raises
    ------
    ValueError
        Lengths that differ, negative or missing numbers.
    """
    y, w = _given(values, weights)
    _mean_of(y, w)
    order = np.argsort(y, kind="stable")
    people, got = np.cumsum(w[order]), np.cumsum((w * y)[order])
    whole = got[-1] if len(got) and got[-1] > 0 else np.nan
    return pd.DataFrame(
        {
            "people": np.concatenate([[0.0], people / (people[-1] if len(people) else 1.0)]),
            "got": np.concatenate([[0.0], got / whole]),
        }
    )


def kolm_pollak_kappa(values: ArrayLike, weights: ArrayLike | None = None, *, aversion: float = 1.0) -> float:
    """κ of :func:`kolm_pollak_ede`: ``aversion`` · Σ w y / Σ w y², the aversion of Atkinson's index in the units of y.

    (Sheriff & Maguire 2020; Logan et al. 2021.) Two distributions are compared under one κ, that of the first.

    Raises
    ------
    ValueError
        Lengths that differ, missing numbers.
    """
    y, w = _given(values, weights)
    squares = float(w @ y**2)
    return float(aversion * (w @ y) / squares) if squares > 0 else 0.0


def kolm_pollak_ede(values: ArrayLike, weights: ArrayLike | None = None, *, kappa: float) -> float:
    """Equally-distributed equivalent of Kolm and Pollak: −ln(Σ w exp(−κ y) / W) / κ.

    What everyone would have to have to be as well off as with these values. κ > 0 where more is better (shares): it
    lies below the mean, by the Kolm–Pollak index. κ < 0 where more is worse (minutes): above it. κ = 0: the mean.

    Raises
    ------
    ValueError
        Lengths that differ, missing numbers.

    Examples
    --------
    >>> round(kolm_pollak_ede([0.2, 0.6], kappa=2.0), 4)
    0.3614
    """
    y, w = _given(values, weights)
    if not len(y):
        return float("nan")
    if kappa == 0:
        return float(w @ y / w.sum())
    power = -kappa * y
    top = power.max()  # so that nothing overflows
    return float(-(top + np.log(w @ np.exp(power - top) / w.sum())) / kappa) + 0.0
