"""Per group, the best level that the data allow: weights, regression or observed surface, chosen openly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from planner.demand.calibrate import to_totals
from planner.demand.ensemble import Mixture, Replicated, Singles, Source, logs_of
from planner.demand.grid import Floats, Ints
from planner.demand.levels.weights import mix, usable_shares
from planner.demand.observations import Observations, Surveyed
from planner.demand.surveys.records import ANY_GROUP
from planner.errors import Finding, Told, finding, told
from planner.settings.demand import Demand
from planner.settings.groups import Group

if TYPE_CHECKING:
    from planner.demand.levels.regression import Fitted
    from planner.demand.surveys.doubts import Examined

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
        if self.settings.level == "weights" or observations is None:
            return base
        if group.name not in observations.groups:
            return self._like_all(group, base, observations, found)
        return self._observed(group, base, observations, found)

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
        self, group: Group, base: GroupModel, observations: Observations, found: list[Finding]
    ) -> GroupModel:
        from planner.demand.levels.regression import fit_surface

        surveyed = observations.groups[group.name].on(self.cells)
        level = self.settings.level if self.settings.level != "auto" else _level_for(surveyed)
        controls, ends = base.controls, (group.band_low, group.band_high)
        if level == "surface":
            if (surveyed.share or 0.0) < FULL_SHARE:  # asked for, though most workers were not seen
                judged = self._examined(base.workers, surveyed, group.name, observations.source, forced=True)
                found += judged.findings
            fitted = fit_surface(self.cells, base.workers, surveyed)
            if group.total is None and not group.totals and surveyed.share is not None:
                sums = np.bincount(self.zone, fitted.weights, len(controls))
                controls = pd.Series(sums, index=controls.index)
        else:
            made, scores = self._regression(base.workers, surveyed, group.name, observations.source, found)
            if made is None:
                return replace(base, scores=scores)
            fitted = made
        workers = self.scale(fitted.weights, controls)
        source = Replicated(group.name, fitted.replicates, ends, fitted.local_sd)
        return GroupModel(fitted.level, workers, controls, source, fitted.scores)

    def _regression(
        self, prior: Floats, surveyed: Surveyed, name: str, source: str, found: list[Finding]
    ) -> tuple[Fitted | None, pd.DataFrame | None]:
        """The regression where the survey can be believed and it foretells surely better, and its scores."""
        from planner.demand.levels.regression import MIN_WORKERS, fit_regression

        s = self.settings
        judged = self._examined(prior, surveyed, name, source, forced=s.level == "regression")
        found += judged.findings
        workers = judged.surveyed.total / judged.factor
        if workers < MIN_WORKERS:
            found.append(
                finding(
                    "DEM-014", source=source, field=name, group=name, n=f"{workers:,.4g}", limit=MIN_WORKERS
                )
            )
            return None, None
        if judged.refused:
            return None, None
        fitted = fit_regression(
            self.cells, self.covariates, prior, judged.surveyed, local_m=s.local_m, local_sd=s.local_sd,
            factor=judged.factor, seed=self.seed,
        )  # fmt: skip
        if fitted.dropped is not None and fitted.local is not None:
            found.append(_narrowed(fitted.local.bandwidth_m, fitted.dropped, name, source))
        if s.level == "auto" and not _better(fitted):
            found.append(_not_better(name, source, fitted))
            return None, fitted.scores
        if judged.lean is not None:
            sd = np.hypot(fitted.local_sd, judged.lean.sd).astype(np.float32)
            fitted = replace(fitted, local_sd=sd)
        return fitted, fitted.scores

    def _examined(
        self, prior: Floats, surveyed: Surveyed, name: str, source: str, *, forced: bool
    ) -> Examined:
        from planner.demand.surveys.doubts import examine

        return examine(
            self.cells, self.covariates, prior, surveyed, name=name, source=source,
            local_m=self.settings.local_m, local_sd=self.settings.local_sd, forced=forced, seed=self.seed,
        )  # fmt: skip

    def _like_all(
        self, group: Group, base: GroupModel, observations: Observations, found: list[Finding]
    ) -> GroupModel:
        """Observations of no named group: the group's weights times the correction found for all."""
        surveyed = observations.groups.get(ANY_GROUP)
        if surveyed is None or not group.in_headline:
            return base
        if self._any is None:
            everyone = sum(self.prior(g) for g in self.groups if g.in_headline)
            self._everyone = np.maximum(everyone, 1e-12)
            on = surveyed.on(self.cells)
            made, _ = self._regression(self._everyone, on, ANY_GROUP, observations.source, found)
            self._any = False if made is None else made
        if self._any is False:
            return base
        fitted: Fitted = self._any
        workers = self.scale(base.workers * fitted.weights / self._everyone, base.controls)
        ratio = np.asarray(fitted.replicates * (workers / fitted.weights), np.float32)
        source = Replicated(group.name, ratio, (group.band_low, group.band_high), fitted.local_sd)
        return GroupModel("regression", workers, base.controls, source, fitted.scores)


def _level_for(surveyed: Surveyed) -> str:
    looked = float(surveyed.sums.notna().mean())
    full = looked >= FULL_CELLS and (surveyed.share or 0.0) >= FULL_SHARE
    return "surface" if full else "regression"


def _decisive(scores: pd.DataFrame) -> str:
    """The score on withheld blocks of what would be used, local correction included."""
    return "km blocks, corrected" if "km blocks, corrected" in scores.index else "km blocks"


def _narrowed(bandwidth_m: float, worse: float, name: str, source: str) -> Finding:
    reach = told("it reaches {m:g} m only", "其影响范围已缩至 {m:g} 米", m=bandwidth_m)
    if not np.isfinite(bandwidth_m):
        reach = Told("it is left out", "已不作局部修正")
    return finding("SUR-007", source=source, field=name, group=name, value=f"{worse:.3f}", reach=reach)


def _better(fitted: Fitted) -> bool:
    """Whether a survey's correction foretells withheld blocks better than level (a) by over a standard error."""
    from planner.demand.levels.validate import surely_better

    return fitted.scores is not None and surely_better(fitted.scores, _decisive(fitted.scores))


def _not_better(name: str, source: str, fitted: Fitted) -> Finding:
    scores, value, se = fitted.scores, "-", "-"
    if scores is not None and "km blocks" in scores.index:
        row = scores.loc[_decisive(scores)]
        value, se = (f"{row[k]:.3f}" for k in ("against_weights", "standard_error"))
    return finding("DEM-013", source=source, field=name, group=name, value=value, se=se)
