"""Level (a): dasymetric weights, a documented mixture of covariates per group."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from planner.demand.grid import Floats


def usable_shares(shares: Mapping[str, float], covariates: pd.DataFrame) -> dict[str, float]:
    """The covariates of a group that exist in the area, their shares summing to 1 (empty if none does)."""
    found = {
        name: float(share)
        for name, share in shares.items()
        if share > 0 and name in covariates.columns and float(covariates[name].sum()) > 0
    }
    total = sum(found.values())
    return {name: share / total for name, share in found.items()} if total > 0 else {}


def mix(
    covariates: pd.DataFrame, shares: Mapping[str, float], elasticities: Mapping[str, float] | None = None
) -> Floats:
    """Where a group's workers are, as weights that sum to 1.

    ``w(cell) = Σ_k share_k · x_k(cell)^e_k / Σ_cells x_k^e_k``: a share of the group follows each
    covariate, and the elasticity ``e_k`` says how sharply (1: in proportion; < 1: more evenly).

    Parameters
    ----------
    covariates
        Per cell, non-negative.
    shares
        Share of the group that follows each covariate; those absent from the area leave theirs to the rest.
    elasticities
        Exponents, 1 where not named.

    Returns
    -------
    float64 array
        One weight per cell; all zero if none of the covariates exists.
    """
    weight = np.zeros(len(covariates))
    for name, share in usable_shares(shares, covariates).items():
        values = covariates[name].to_numpy(float)
        exponent = (elasticities or {}).get(name, 1.0)
        if exponent != 1.0:
            values = np.where(values > 0, np.maximum(values, 1e-300) ** exponent, 0.0)
        weight += share * values / values.sum()
    return weight
