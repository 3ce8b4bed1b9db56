"""Level (b): a regression of observed workers on covariates, with scikit-learn's conventions."""

# ruff: noqa: N803 - X, as scikit-learn calls it
from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, RegressorMixin, TransformerMixin, clone
from sklearn.linear_model import PoissonRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted

Floats = NDArray[np.float64]


def poisson_deviance(y: Floats, mu: Floats) -> float:
    """Total Poisson deviance ``2 Σ (y ln(y/μ) − y + μ)`` of expected counts ``mu``."""
    mu = np.maximum(np.asarray(mu, float), 1e-12)
    y = np.asarray(y, float)
    ratio = np.where(y > 0, y / mu, 1.0)
    return float(2 * (y * np.log(ratio) - y + mu).sum())


def deviance_explained(y: Floats, mu: Floats, baseline: Floats) -> float:
    """``1 − D(mu) / D(baseline)``: 0 is as good as the baseline, 1 is perfect, negative is worse."""
    worst = poisson_deviance(y, baseline)
    return 1 - poisson_deviance(y, mu) / worst if worst > 0 else 0.0


class LogScale(TransformerMixin, BaseEstimator):
    """``ln(1 + x / m)``, with ``m`` the mean of a column's positive values: no unit, no harm from zeros."""

    def fit(self, X: pd.DataFrame, y: ArrayLike | None = None) -> LogScale:  # noqa: ARG002
        """Learn each column's mean of positive values."""
        values = np.asarray(X, float)
        positive = values > 0
        sums = np.where(positive, values, 0).sum(axis=0)
        self.scale_ = np.where(positive.any(axis=0), sums / np.maximum(positive.sum(axis=0), 1), 1.0)
        self.n_features_in_ = values.shape[1]
        return self

    def transform(self, X: pd.DataFrame) -> Floats:
        """The columns on a logarithmic scale."""
        check_is_fitted(self)
        return np.asarray(np.log1p(np.maximum(np.asarray(X, float), 0) / self.scale_))


class DemandModel(RegressorMixin, BaseEstimator):
    """Expected workers per cell from covariates and, where given, the weights of level (a).

    The regression learns the *ratio* of observed to expected: with the column ``prior`` (level (a)'s
    workers per cell) it starts from level (a) and moves away from it as far as the observations demand;
    without it, it is an ordinary Poisson regression on the covariates.

    ``ln E[y] = ln exposure + ln prior + β₀ + Σ β_k z_k``, the z_k standardised logarithms of the covariates.

    Parameters
    ----------
    estimator
        A regressor with positive predictions that takes ``sample_weight``, e.g.
        ``HistGradientBoostingRegressor(loss="poisson")``; None: :class:`LogScale`, standardisation and
        ``PoissonRegressor``.
    prior
        Name of the column of ``X`` that holds level (a), or None.
    floor
        Share of the prior spread evenly, so that cells without prior can have workers.
    penalty
        Prior precision of the standardised coefficients of the default estimator.

    Attributes
    ----------
    regressor_
        The fitted estimator (of the ratio).
    feature_names_in_
        Columns of ``X`` in the order of ``fit``.
    n_features_in_
        Their number.
    """

    def __init__(
        self, estimator: Any = None, *, prior: str | None = "prior", floor: float = 0.05, penalty: float = 1.0
    ) -> None:
        self.estimator = estimator
        self.prior = prior
        self.floor = floor
        self.penalty = penalty

    def fit(self, X: pd.DataFrame, y: ArrayLike, exposure: ArrayLike | None = None) -> DemandModel:
        """Fit to counts.

        Parameters
        ----------
        X
            Covariates per cell (and the prior), a DataFrame.
        y
            Workers seen per cell, non-negative.
        exposure
            Share of a cell's workers that the survey sees; 0 where nobody looked. None: 1 everywhere.

        Raises
        ------
        ValueError
            Negative or missing counts, no count above zero, nothing looked at.
        """
        y, exposure = self._counts(X, y, exposure)
        self.feature_names_in_ = np.asarray(X.columns, dtype=object)
        self.n_features_in_ = X.shape[1]
        self._level = float(self._raw_prior(X).mean())
        weight = exposure * self._base(X)
        use = weight > 0
        if not y[use].sum() > 0:
            raise ValueError("no workers were observed where the survey looked")
        self.regressor_ = self._estimator(float(weight[use].sum()))
        self._fit_regressor(self._features(X)[use], y[use] / weight[use], weight[use])
        return self

    def predict(self, X: pd.DataFrame) -> Floats:
        """Expected workers per cell if everybody were seen (exposure 1)."""
        check_is_fitted(self)
        ratio = np.asarray(self.regressor_.predict(self._features(X)), float)
        return np.asarray(np.maximum(ratio, 0) * self._base(X))

    def score(self, X: pd.DataFrame, y: ArrayLike, exposure: ArrayLike | None = None) -> float:
        """Deviance explained against a constant rate (1: perfect; 0: no better than constant)."""
        y, exposure = self._counts(X, y, exposure)
        constant = exposure * (y.sum() / exposure.sum())
        return deviance_explained(y, exposure * self.predict(X), constant)

    def _counts(
        self,
        X: pd.DataFrame,
        y: ArrayLike,
        exposure: ArrayLike | None,
    ) -> tuple[Floats, Floats]:
        counts = np.asarray(y, float)
        shares = np.ones(counts.size) if exposure is None else np.asarray(exposure, float)
        if not (counts.shape == shares.shape == (len(X),)):
            raise ValueError(f"X has {len(X)} rows, y {counts.shape}, exposure {shares.shape}")
        if not (np.isfinite(counts).all() and (counts >= 0).all()):
            raise ValueError("counts of workers must be finite and not negative")
        if not (np.isfinite(shares).all() and (shares >= 0).all() and shares.sum() > 0):
            raise ValueError("exposure must be finite, not negative, and somewhere positive")
        return counts, shares

    def _raw_prior(self, X: pd.DataFrame) -> Floats:
        if self.prior is None or self.prior not in X.columns:
            return np.ones(len(X))
        return X[self.prior].to_numpy(float)

    def _base(self, X: pd.DataFrame) -> Floats:
        return np.asarray((1 - self.floor) * self._raw_prior(X) + self.floor * self._level)

    def _features(self, X: pd.DataFrame) -> pd.DataFrame:
        names = [c for c in self.feature_names_in_ if c != self.prior]
        return X[names].astype(float)

    def _estimator(self, weight: float) -> Any:
        if self.estimator is not None:
            return clone(self.estimator)
        alpha = self.penalty / max(weight, 1e-12)
        return make_pipeline(
            LogScale(), StandardScaler(), PoissonRegressor(alpha=alpha, solver="newton-cholesky", max_iter=50)
        )

    def _fit_regressor(self, features: pd.DataFrame, target: Floats, weight: Floats) -> None:
        if isinstance(self.regressor_, Pipeline):
            last = self.regressor_.steps[-1][0]
            self.regressor_.fit(features, target, **{f"{last}__sample_weight": weight})
        else:
            self.regressor_.fit(features, target, sample_weight=weight)
