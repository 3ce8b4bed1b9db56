"""Per group, the best level that the data allow: weights, regression or observed surface, chosen openly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from planner.demand.calibrate import to_totals
from planner.demand.ensemble import Mixture, Replicated, Singles, Source, logs_of
from planner.demand.grid import Floats, Ints
from planner.demand.levels.weights import mix, usable_shares
from planner.demand.observations import ANY_GROUP, Observations, Surveyed
from planner.errors import Finding, finding
from planner.settings.demand import Demand
from planner.settings.groups import Group

#: share of the cells that a survey must cover, and of the workers it must see, to be taken as it is
FULL_CELLS, FULL_SHARE = 0.95, 0.8


@dataclass
class GroupModel:
    """What one group came to."""

    level: str
    workers: Floats
    controls: pd.Series
    source: Source
    scores: pd.DataFrame | None = None


@dataclass
class Chooser:
    """Chooses every group's model by what is known of cells, covariates, districts and totals."""

    cells: gpd.GeoDataFrame
    covariates: pd.DataFrame
    zone: Ints
    controls: pd.DataFrame
    groups: Sequence[Group]
    settings: Demand
    seed: int

    def __post_init__(self) -> None:
        land = np.maximum(self.cells["land_share"].to_numpy(float), 1e-6)
        plain = mix(self.covariates, {"population": 0.7, "streets": 0.3})
        self.plain = plain + 1e-6 * land / land.sum()
        self.logs: dict[str, Singles] = {}
        self._any: Any = None
        self._everyone: Any = None

    def scale(self, weight: Floats, controls: pd.Series) -> Floats:
        """Weights scaled to a group's totals in each district."""
        return to_totals(weight, self.zone, controls.to_numpy(float), self.plain)

    def prior(self, group: Group) -> Floats:
        """Level (a): a group's workers per cell from its mixture of covariates."""
        weight = mix(self.covariates, group.covariates, group.elasticities)
        return self.scale(weight, self.controls[group.name])

    def model(self, group: Group, observations: Observations | None, found: list[Finding]) -> GroupModel:
        """The best level that the data allow for a group."""
        controls = self.controls[group.name]
        shares = usable_shares(group.covariates, self.covariates)
        prior = self.prior(group)
        base = GroupModel("weights", prior, controls, self._mixture(group, shares, prior))
        surveyed = None if observations is None else observations.groups.get(group.name)
        if self.settings.level == "weights" or observations is None:
            return base
        if surveyed is None:
            return self._like_all(group, base, observations, found)
        return self._observed(group, base, surveyed, found)

    def _mixture(self, group: Group, shares: dict[str, float], prior: Floats) -> Source:
        s, ends = self.settings, (group.band_low, group.band_high)
        if not shares:
            still = np.full(prior.size, s.local_sd, np.float32)
            return Replicated(group.name, prior[None].astype(np.float32), ends, still)
        missing = [n for n in shares if n not in self.logs]
        self.logs |= logs_of(self.covariates, missing)
        return Mixture(
            group.name,
            self.logs,
            shares,
            group.elasticities,
            ends,
            s.local_sd,
            s.share_band,
            s.elasticity_band,
        )

    def _observed(
        self, group: Group, base: GroupModel, surveyed: Surveyed, found: list[Finding]
    ) -> GroupModel:
        from planner.demand.levels.regression import MIN_WORKERS, fit_regression, fit_surface

        s, surveyed = self.settings, surveyed.on(self.cells)
        level = s.level if s.level != "auto" else _level_for(surveyed)
        if level == "regression" and surveyed.total < MIN_WORKERS:
            found.append(
                finding("DEM-014", source="observations", field=group.name, group=group.name,
                        n=f"{surveyed.total:g}", limit=MIN_WORKERS)
            )  # fmt: skip
            return base
        controls = base.controls
        if level == "surface":
            fitted = fit_surface(self.cells, base.workers, surveyed)
            if group.total is None and not group.totals and surveyed.share is not None:
                sums = np.bincount(self.zone, fitted.weights, len(controls))
                controls = pd.Series(sums, index=controls.index)
        else:
            fitted = fit_regression(
                self.cells,
                self.covariates,
                base.workers,
                surveyed,
                local_m=s.local_m,
                local_sd=s.local_sd,
                seed=self.seed,
            )
            if s.level == "auto" and not _better(fitted.scores):
                found.append(_not_better(group, fitted.scores))
                return GroupModel("weights", base.workers, controls, base.source, fitted.scores)
        workers = self.scale(fitted.weights, controls)
        ends = (group.band_low, group.band_high)
        source = Replicated(group.name, fitted.replicates, ends, fitted.local_sd)
        return GroupModel(fitted.level, workers, controls, source, fitted.scores)

    def _like_all(
        self, group: Group, base: GroupModel, observations: Observations, found: list[Finding]
    ) -> GroupModel:
        """Observations of no named group: the group's weights times the correction found for all."""
        from planner.demand.levels.regression import MIN_WORKERS, fit_regression

        surveyed = observations.groups.get(ANY_GROUP)
        if surveyed is None or not group.in_headline:
            return base
        if self._any is None:
            surveyed = surveyed.on(self.cells)
            if surveyed.total < MIN_WORKERS:
                found.append(
                    finding("DEM-014", source="observations", field=ANY_GROUP, group=ANY_GROUP,
                            n=f"{surveyed.total:g}", limit=MIN_WORKERS)
                )  # fmt: skip
                self._any = False
            else:
                everyone = sum(self.prior(g) for g in self.groups if g.in_headline)
                self._everyone = np.maximum(everyone, 1e-12)
                self._any = fit_regression(
                    self.cells, self.covariates, self._everyone, surveyed,
                    local_m=self.settings.local_m, local_sd=self.settings.local_sd, seed=self.seed,
                )  # fmt: skip
                if self.settings.level == "auto" and not _better(self._any.scores):
                    found.append(_not_better(group, self._any.scores))
                    self._any = False
        if self._any is False:
            return base
        fitted = self._any
        workers = self.scale(base.workers * fitted.weights / self._everyone, base.controls)
        ratio = (fitted.replicates / fitted.weights.astype(np.float32)) * workers.astype(np.float32)
        source = Replicated(group.name, ratio, (group.band_low, group.band_high), fitted.local_sd)
        return GroupModel("regression", workers, base.controls, source, fitted.scores)


def _level_for(surveyed: Surveyed) -> str:
    looked = float(surveyed.sums.notna().mean())
    full = looked >= FULL_CELLS and (surveyed.share or 0.0) >= FULL_SHARE
    return "surface" if full else "regression"


def _better(scores: pd.DataFrame | None) -> bool:
    """Whether a regression foretells withheld blocks better than level (a)."""
    if scores is None or "km blocks" not in scores.index:
        return False
    return bool(scores.loc["km blocks", "against_weights"] > 0)


def _not_better(group: Group, scores: pd.DataFrame | None) -> Finding:
    known = scores is not None and "km blocks" in scores.index
    value = f"{scores.loc['km blocks', 'against_weights']:.3f}" if known and scores is not None else "-"
    return finding("DEM-013", source="observations", field=group.name, group=group.name, value=value)
