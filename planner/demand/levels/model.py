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

from planner.demand.covariates import NOT_DRAWING

Floats = NDArray[np.float64]
#: workers imagined to follow level (a) before any was seen
PRIOR_WORKERS = 40.0


def poisson_deviance(y: Floats, mu: Floats) -> float:
    """Total Poisson deviance ``2 Σ (y ln(y/μ) − y + μ)`` of expected counts ``mu``."""
    return float(deviances(y, mu).sum())


def deviances(y: Floats, mu: Floats) -> Floats:
    """Each count's part of :func:`poisson_deviance`."""
    mu = np.maximum(np.asarray(mu, float), 1e-12)
    y = np.asarray(y, float)
    ratio = np.where(y > 0, y / mu, 1.0)
    return np.asarray(2 * (y * np.log(ratio) - y + mu))


def deviance_explained(y: Floats, mu: Floats, baseline: Floats) -> float:
    """``1 − D(mu) / D(baseline)``: 0 is as good as the baseline, 1 is perfect, negative is worse."""
    worst = poisson_deviance(y, baseline)
    return 1 - poisson_deviance(y, mu) / worst if worst > 0 else 0.0


def one_thread() -> Any:
    """Keep scikit-learn to one thread: on tables of this size threads wait longer than they work."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    return threadpool_limits(limits=1, user_api="openmp")


def mixture_shares(columns: Floats, y: Floats, pull: Floats, *, rounds: int = 100) -> Floats:
    """Shares of a mixture of Poisson intensities, by expectation–maximisation.

    ``E[y_i] = Σ_k share_k · columns_ik``, shares non-negative with sum 1. Each round shares every worker seen
    out over the columns that may have brought him there, and counts.

    Parameters
    ----------
    columns
        Expected counts per cell (n × k) if all workers followed column k: each sums to the workers seen.
    y
        Counts seen (n).
    pull
        Workers imagined to have followed each column before any was seen (k).

    Returns
    -------
    float64 array (k)
    """
    some = y > 0
    part, seen = columns[some], y[some]
    start = pull + seen.sum() * 0.1 / columns.shape[1]
    shares = start / start.sum()
    for _ in range(rounds):
        expected = np.maximum(part @ shares, 1e-300)
        again = shares * (part.T @ (seen / expected)) + pull
        again /= again.sum()
        done = float(np.abs(again - shares).max()) < 1e-5
        shares = again
        if done:
            break
    return np.asarray(shares)


class LogScale(TransformerMixin, BaseEstimator):
    """``ln(1 + x / m)``, with ``m`` the mean of a column's positive values: no unit, no harm from zeros."""

    def fit(self, X: pd.DataFrame, y: ArrayLike | None = None) -> LogScale:  # noqa: ARG002
        """Learn each column's mean of positive values."""
        values = np.asarray(X, float)
        positive = values > 0
        sums = np.where(positive, values, 0).sum(axis=0)
        self.scale_ = np.where(positive.any(axis=0), sums / np.maximum(positive.sum(axis=0), 1), 1.0)
        self.most_ = values.max(axis=0, initial=0.0)
        self.n_features_in_ = values.shape[1]
        return self

    def transform(self, X: pd.DataFrame) -> Floats:
        """The columns on a logarithmic scale, not beyond the largest values learnt from."""
        check_is_fitted(self)
        values = np.clip(np.asarray(X, float), 0, self.most_)
        return np.asarray(np.log1p(values / self.scale_))


class DemandModel(RegressorMixin, BaseEstimator):
    """Expected workers per cell from covariates and, where given, the weights of level (a).

    Two steps, each kept on a leash by how much was observed. First the *shares* of level (a)'s mixture are
    learnt again (:func:`mixture_shares`): how many workers follow each covariate, level (a) itself (the
    column ``prior``) being one of the things to follow. Then a regression learns the *ratio* of observed to
    expected, for what no sum of covariates can say:

    ``E[y] = exposure · m(x) · exp(β₀ + Σ β_k z_k)``, ``m(x) = Σ share_k · x_k``, z_k standardised logarithms.

    Without the column ``prior`` the mixture is of the covariates alone.

    Parameters
    ----------
    estimator
        A regressor with positive predictions that takes ``sample_weight``, e.g.
        ``HistGradientBoostingRegressor(loss="poisson")``; None: :class:`LogScale`, standardisation and
        ``PoissonRegressor``.
    prior
        Name of the column of ``X`` that holds level (a), or None.
    floor
        Share of the mixture spread evenly, so that every cell can have workers.
    adapt
        Learn the mixture's shares; False: the prior as it is (constant 1 without one).
    penalty
        Prior precision of the standardised coefficients of the default estimator.

    Attributes
    ----------
    regressor_
        The fitted estimator (of the ratio).
    shares_
        Share of the workers that follows each column of the mixture (a Series that sums to 1), if ``adapt``.
    feature_names_in_
        Columns of ``X`` in the order of ``fit``.
    n_features_in_
        Their number.
    """

    def __init__(
        self,
        estimator: Any = None,
        *,
        prior: str | None = "prior",
        floor: float = 0.02,
        adapt: bool = True,
        penalty: float = 10.0,
    ) -> None:
        self.estimator = estimator
        self.prior = prior
        self.floor = floor
        self.adapt = adapt
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
        if not y[exposure > 0].sum() > 0:
            raise ValueError("no workers were observed where the survey looked")
        self._learn_mixture(X, y, exposure)
        weight = exposure * self._base(X)
        use = weight > 0
        self.regressor_ = self._estimator(float(weight[use].sum()))
        with one_thread():
            self._fit_regressor(self._features(X)[use], y[use] / weight[use], weight[use])
        return self

    def predict(self, X: pd.DataFrame) -> Floats:
        """Expected workers per cell if everybody were seen (exposure 1)."""
        check_is_fitted(self)
        with one_thread():
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

    def _learn_mixture(self, X: pd.DataFrame, y: Floats, exposure: Floats) -> None:
        """Find the factor on each column, and on 1, that makes the mixture."""
        names = [c for c in X.columns if c not in NOT_DRAWING] if self.adapt else []
        prior = self.prior if self.prior in X.columns else None
        if not self.adapt and prior is not None:
            names = [prior]
        names = [c for c in names if (exposure * X[c].to_numpy(float)).sum() > 0]
        if not names:
            self._factors, self._even = {}, 1.0
            return
        columns = X[names].to_numpy(float, copy=True)
        columns /= (exposure @ columns) / y.sum()
        shares = np.ones(1)
        if self.adapt:
            pull = np.where(np.asarray(names) == prior, PRIOR_WORKERS, 0.0)
            shares = mixture_shares(columns, y, pull)
            self.shares_ = pd.Series(shares, index=names, name="share")
        scale = (exposure @ X[names].to_numpy(float)) / y.sum()
        keep = 1 - self.floor
        self._factors = {c: keep * s / k for c, s, k in zip(names, shares, scale, strict=True) if s > 0}
        self._even = self.floor * y.sum() / exposure.sum()

    def _base(self, X: pd.DataFrame) -> Floats:
        total = np.full(len(X), float(self._even))
        for name, factor in self._factors.items():
            total += factor * X[name].to_numpy(float)
        return total

    def _features(self, X: pd.DataFrame) -> pd.DataFrame:
        return X[list(self.feature_names_in_)].astype(float)

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
