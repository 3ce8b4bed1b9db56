"""From coverage to use: visits to expect at the stations of today and of the plan, with bands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from planner.errors import Finding, InputError, Told, finding
from planner.inputs.kit import TRAITS
from planner.inputs.visits import Visits
from planner.settings.circle import Circle
from planner.settings.use import Use
from planner.siting.goal.choice import StationChoice, occasions_of, pairs_of, traits_of
from planner.siting.proposal import Sited
from planner.siting.reach import SiteReach
from planner.use.fit import Counted, FittedLaw, UseModel, WithheldVisits, fit, fit_level, folds_of, withhold
from planner.use.law import Law, Pairs, Priors, calibrated, drawn_laws, expected, joined_pairs

__all__ = ["ExpectedUse", "LawOfUse", "choice_of", "expected_use", "law_of_use", "priors_of"]

Array = NDArray[Any]
_FOLDS = 5


@dataclass(frozen=True)
class LawOfUse:
    """How workers choose here.

    Attributes
    ----------
    law
        The middle one; None where use cannot be foretold.
    root
        Root of the covariance of its logs: what draws are made with.
    how
        ``assumed`` (nothing counted), ``level`` (counted visits set the level) or ``fitted``.
    counted
        Stations with visits.
    withheld
        How well visits of withheld stations are foretold; None where it was not tried.
    visits
        A day at the open stations in all: (5 %, middle, 95 %).
    """

    law: Law | None
    root: Array
    how: str
    counted: int
    withheld: WithheldVisits | None
    visits: tuple[float, float, float]
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class ExpectedUse:
    """Visits a day to expect.

    Attributes
    ----------
    sites
        A row per station: ``id``, ``new`` (bool), ``today``, ``visits`` (with the plan), ``low``, ``high``.
    today, after
        Visits a day in all; ``*_drawn`` per draw of the bands.
    districts
        ``district``, ``today``, ``after`` (visits a day of the workers there), and ``low`` and ``high`` of each.
    """

    sites: pd.DataFrame
    today: float
    after: float
    today_drawn: Array
    after_drawn: Array
    districts: pd.DataFrame


def priors_of(use: Use) -> Priors:
    """The study's assumptions as priors; that of the level says next to nothing (a count or the visits a day set it)."""
    near, far = use.halving_band
    slope = np.log(2) / np.array([far, use.halving_minutes, near])
    factors = [
        (use.factor_of(t) / use.factor_band, use.factor_of(t), use.factor_of(t) * use.factor_band)
        for t in TRAITS
    ]
    return Priors.of_bands(np.array([(1e-4, 0.02, 4.0), tuple(slope), *factors]))


def _model(
    use: Use, circle: Circle, demand: pd.DataFrame, periods: Sequence[str], stations: pd.DataFrame, existing: SiteReach
) -> UseModel:  # fmt: skip
    pairs = pairs_of(existing.access, existing.open_share)
    traits, kept = traits_of(stations, use, circle.hours_kept)
    return UseModel(pairs, traits, occasions_of(demand, existing.access, periods, use)[1].sum(axis=0), kept)


def law_of_use(
    use: Use, circle: Circle, demand: gpd.GeoDataFrame, periods: Sequence[str], stations: gpd.GeoDataFrame, existing: SiteReach,
    visits: Visits, *, seed: int,
) -> LawOfUse:  # fmt: skip
    """How workers choose among the open ``stations`` (rows as ``existing`` has them): fitted where ``visits`` help, else assumed."""
    priors, n = priors_of(use), len(stations)
    root = np.diag(priors.spread)
    root[0, 0] = 0.0  # the level is set by the visits
    sums = visits.by_station()
    counted = _counted(sums, stations)
    try:
        model = _model(use, circle, demand, periods, stations, existing)
        middle = Law.of_logs(priors.middle)
        if len(counted.site):
            return _from_counts(use, model, counted, priors, stations, root, seed=seed)
        each = (use.visits_band[0], use.visits_per_day, use.visits_band[1])
        law = calibrated(middle, model.pairs, model.traits, model.trips, n * each[1], kept=model.kept)
    except ValueError:
        told = finding("USE-005", source="use", field="use", why=_OUT_OF_REACH if n else _NO_STATIONS)
        return LawOfUse(None, root, "assumed", 0, None, (0.0, 0.0, 0.0), (told,))
    low, middle_, high = (f"{v:g}" for v in each)
    told = finding("USE-001", source="use", field="use.visits_per_day", value=middle_, low=low, high=high)
    return LawOfUse(law, root, "assumed", 0, None, (n * each[0], n * each[1], n * each[2]), (told,))


def _counted(sums: pd.DataFrame, stations: pd.DataFrame) -> Counted:
    """Visits of the open stations, by their position."""
    at = pd.Index(stations["station_id"].astype(str)).get_indexer(sums.index.astype(str))
    known = at >= 0
    values = sums.to_numpy(dtype=float)[known]
    return Counted(at[known], values[:, 0], values[:, 1])


def _from_counts(
    use: Use,
    model: UseModel,
    counted: Counted,
    priors: Priors,
    stations: gpd.GeoDataFrame,
    root: Array,
    *,
    seed: int,
) -> LawOfUse:
    """The law where visits are counted: fitted where that foretells withheld stations better, else its level alone."""
    level = fit_level(model, counted, Law.of_logs(priors.middle))
    tried: WithheldVisits | None = None
    if len(counted.site) >= use.least_counted:
        where = stations.geometry.iloc[counted.site]
        fold = folds_of(where.x.to_numpy(), where.y.to_numpy(), block_m=use.block_m, n=_FOLDS, seed=seed)
        tried = withhold(model, counted, priors, fold)
    fits = tried is not None and tried.fit_helps
    found: FittedLaw | None = fit(model, counted, priors) if fits else None
    law = level if found is None else found.law
    made = model.daily(law)
    total = float(made.sum())
    off = counted.visits / counted.days / np.maximum(made[counted.site], 1e-9)
    mean = max(float(np.mean(off)), 1e-9)
    error = float(np.std(off)) / mean / float(np.sqrt(len(off)))  # of the counted stations' mean
    band = (total * float(np.exp(-1.645 * error)), total, total * float(np.exp(1.645 * error)))
    if found is not None:
        root = np.linalg.cholesky(found.covariance + 1e-12 * np.eye(len(root)))
    said = _told(tried, fits=fits, n=len(counted.site))
    return LawOfUse(law, root, "fitted" if fits else "level", len(counted.site), tried, band, (said,))


def _told(tried: WithheldVisits | None, *, fits: bool, n: int) -> Finding:
    """What the counted visits were good for."""
    if tried is None:
        return finding("USE-004", source="use", field="inputs.visits", value=n)
    fitted, level, mean = (f"{v:.2f}" for v in (tried.fitted, tried.level, tried.mean))
    code = "USE-002" if fits else "USE-003"
    return finding(code, source="use", field="inputs.visits", value=n, fitted=fitted, level=level, mean=mean)


_NO_STATIONS = Told("no station is open", "没有开放的站点")
_OUT_OF_REACH = Told(
    "no open station has enough workers in reach for the visits stated",
    "开放站点可达范围内的劳动者不足以达到给定的使用人次",
)


def choice_of(
    use: Use, circle: Circle, law: LawOfUse, stations: gpd.GeoDataFrame, candidates: gpd.GeoDataFrame,
    groups: Sequence[str],
) -> StationChoice:  # fmt: skip
    """What a plan that is after use is compared by.

    Raises
    ------
    InputError
        No law of use is known here (GOAL-009, with the reason).
    """
    if law.law is None:
        why = Told(" ".join(f.message_en for f in law.findings), " ".join(f.message_zh for f in law.findings))
        raise InputError(
            [finding("GOAL-009", source="study.toml", field="siting.goal.aim", value="use", why=why)]
        )
    old, new = (traits_of(table, use, circle.hours_kept) for table in (stations, candidates))
    return StationChoice(law.law, *old, *new, {g: use.occasions_of(g) for g in groups})


def expected_use(
    use: Use, circle: Circle, law: LawOfUse, demand: gpd.GeoDataFrame, districts: gpd.GeoDataFrame, periods: Sequence[str],
    stations: gpd.GeoDataFrame, candidates: gpd.GeoDataFrame, existing: SiteReach, new: SiteReach, sited: Sited, *, seed: int,
) -> ExpectedUse | None:  # fmt: skip
    """Visits a day to expect today and with the plan; None where no law is known.

    ``stations``: the open ones. A new station has, of what a list does not say of it, what is assumed of any.
    """
    if law.law is None:
        return None
    chosen = sited.solution.chosen
    stay = np.setdiff1d(np.arange(len(stations)), sited.closed)
    placed = pd.concat(
        [stations.iloc[stay].drop(columns="geometry"), candidates.iloc[chosen].drop(columns="geometry")]
    )
    old = pairs_of(existing.access, existing.open_share)
    kept_old, more = existing.only(stay), new.only(chosen)
    both = joined_pairs(
        pairs_of(kept_old.access, kept_old.open_share), pairs_of(more.access, more.open_share)
    )
    names, occasions = occasions_of(demand, existing.access, periods, use)
    live = _points_of(old, both)
    old, both, occasions = _on(old, live), _on(both, live), occasions[:, live]
    states = tuple(
        (pairs, *traits_of(table, use, circle.hours_kept))
        for pairs, table in ((old, stations), (both, placed))
    )

    def read(chosen_law: Law, trips: Array, kept: float = 1.0) -> list[Any]:
        return [expected(chosen_law, p, t, trips, kept=np.minimum(k * kept, 1.0)) for p, t, k in states]

    middle = read(law.law, occasions.sum(axis=0))
    drawn = [read(*d) for d in _draws(use, circle, law, states[0], names, occasions, seed=seed)]
    code = pd.Index(districts["district"]).get_indexer(demand["district"])[live % len(demand)]
    return _summed(middle, drawn, code, districts, stations, candidates.iloc[chosen], stay)


def _points_of(*many: Pairs) -> Array:
    """Points that any of the pairs reaches, ascending."""
    reached = np.zeros(max(pairs.n_points for pairs in many), dtype=bool)
    for pairs in many:
        reached[pairs.point] = True
    return np.flatnonzero(reached)


def _on(pairs: Pairs, live: Array) -> Pairs:
    """The same on some points alone."""
    return replace(pairs, point=np.searchsorted(live, pairs.point), n_points=len(live))


def _draws(
    use: Use,
    circle: Circle,
    law: LawOfUse,
    today: tuple[Pairs, Array, Array],
    names: Sequence[str],
    occasions: Array,
    *,
    seed: int,
) -> list[tuple[Law, Array, float]]:
    """(law, occasions, factor on the hours kept) of each draw; the level meets a draw of today's visits unless it was fitted."""
    pairs, traits, kept = today
    laws = [] if law.law is None else drawn_laws(law.law.logs, law.root, use.draws, seed=seed)
    if law.how == "fitted":
        return [(one, occasions.sum(axis=0), 1.0) for one in laws]
    rng, out, reached = np.random.default_rng([seed, 73]), [], _points_of(pairs)
    low, middle, high = (np.log(v) for v in law.visits)
    spread = np.log(use.idle_band) / 1.645
    each = (
        ndtri((rng.permutation(len(laws)) + 0.5) / max(len(laws), 1)) / 1.645
    )  # one draw per slice of the band
    for one, z in zip(laws, each, strict=True):
        trips = np.exp(spread * rng.standard_normal(len(names))) @ occasions
        hours = (
            rng.triangular(
                circle.hours_kept_band[0] - 1e-9, circle.hours_kept, circle.hours_kept_band[1] + 1e-9
            )
            / circle.hours_kept
        )
        visits = float(np.exp(middle + z * ((high - middle) if z > 0 else (middle - low))))
        there = np.minimum(kept * hours, 1.0)
        most = 0.95 * float(trips[reached].sum())
        out.append((calibrated(one, pairs, traits, trips, min(visits, most), kept=there), trips, hours))
    return out


def _summed(
    middle: list[Any], drawn: list[list[Any]], code: Array, districts: gpd.GeoDataFrame, stations: pd.DataFrame,
    chosen: pd.DataFrame, stay: Array,
) -> ExpectedUse:  # fmt: skip
    """Sums over stations and districts of the middle and of the draws."""
    known, n = code >= 0, len(districts)

    def by_district(use: Any) -> Array:
        return np.bincount(code[known], use.by_point[known], n)

    today, after = middle
    table = pd.DataFrame({"district": districts["district"].astype(str).to_numpy()})
    sites = pd.DataFrame(
        {
            "id": [*stations["station_id"].iloc[stay].astype(str), *chosen["site_id"].astype(str)],
            "new": np.repeat([False, True], [len(stay), len(chosen)]),
            "today": [*today.by_site[stay], *np.zeros(len(chosen))],
            "visits": after.by_site,
        }
    )
    for k, name in enumerate(("today", "after")):
        table[name] = by_district(middle[k])
        many = np.stack([by_district(d[k]) for d in drawn]) if drawn else table[[name]].to_numpy().T
        table[f"{name}_low"], table[f"{name}_high"] = np.quantile(many, [0.05, 0.95], axis=0)
    each = np.stack([d[1].by_site for d in drawn]) if drawn else after.by_site[None]
    sites["low"], sites["high"] = np.quantile(each, [0.05, 0.95], axis=0)
    totals = [np.array([d[k].total for d in drawn]) for k in (0, 1)]
    return ExpectedUse(sites, today.total, after.total, totals[0], totals[1], table)
