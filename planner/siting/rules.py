"""The study's rules on sites: what they name, whether they can hold together, and their pose for the solvers."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from planner.errors import Finding, InfeasibleError, finding
from planner.settings.siting import Siting
from planner.siting.candidates import proportional_quota_min
from planner.siting.explain import HOST_WORDS
from planner.siting.goal.pose import close_sites, xy_of
from planner.siting.goal.words import judge_goal
from planner.solvers.infeasible import most_sites, refuse_impossible
from planner.solvers.request import check_rules, partition
from planner.solvers.rules import Partition, Rules

__all__ = ["judge_clash", "judge_rules", "judge_worth", "study_rules", "with_number"]

Array = NDArray[Any]
#: A quota above this limits nothing.
MOST = 10**9


#: Where the study does not say how many: this share of the candidates, and at most so many.
SHARE_OF_CANDIDATES, AT_MOST = 0.2, 200


def with_number(siting: Siting, candidates: gpd.GeoDataFrame, districts: gpd.GeoDataFrame) -> Siting:
    """The rules with a number of sites: the study's, else as many as its batches, else a fifth of the candidates.

    Never fewer than the rules ask for, as far as there are candidates.
    """
    if siting.p is not None:
        return siting
    quotas = _stated(districts, "quota_min") | dict(siting.quota_min)
    asked = max(len(set(siting.required)), sum(quotas.values()), sum(siting.kind_min.values()))
    share = min(AT_MOST, int(SHARE_OF_CANDIDATES * len(candidates)))
    batches = sum(b.count for b in siting.batches)
    p = batches or min(max(1, asked, share), max(1, len(candidates)))
    return siting.model_copy(update={"p": p})


def study_rules(siting: Siting, candidates: gpd.GeoDataFrame, districts: gpd.GeoDataFrame) -> Rules:
    """Every rule of the study on its candidates, posed once; the first partition are the districts."""
    siting = with_number(siting, candidates, districts)
    goal, region = siting.goal, candidates["district"].to_numpy(dtype=str)
    apart = _keeps_apart(siting)
    return check_rules(
        len(candidates),
        None if goal.budget_only and siting.budget_yuan is not None else siting.p,
        required=_positions(siting.required, candidates),
        forbidden=_positions([*siting.forbidden, *siting.refused], candidates),
        region=region,
        quota_min=_quota_min(siting, districts, region),
        quota_max=_stated(districts, "quota_max") | dict(siting.quota_max),
        partitions=_kinds(siting, candidates),
        cost=None if siting.budget_yuan is None else candidates["cost_yuan"].to_numpy(dtype=float),
        budget=siting.budget_yuan,
        conflicts=close_sites(xy_of(candidates), goal.spacing_m) if apart else None,
    )


def _kinds(siting: Siting, candidates: gpd.GeoDataFrame) -> list[Partition]:
    """At least and at most so many new sites per kind of host, where the study asks for it."""
    if not (siting.kind_min or siting.kind_max):
        return []
    words = {k: (f"{en} ({k})", f"{zh}（{k}）") for k, (zh, en) in HOST_WORDS.items()}
    kind = candidates["host_kind"].to_numpy(dtype=str)
    return [partition(kind, siting.kind_min, siting.kind_max, name="kind", words=words)]


def judge_rules(siting: Siting, candidates: gpd.GeoDataFrame, districts: gpd.GeoDataFrame) -> list[Finding]:
    """What the study's rules name that is not there, or name twice over (CAN-004 to CAN-007, SET-006, GOAL-*)."""
    found = judge_goal(siting)
    if siting.p is None:
        siting = with_number(siting, candidates, districts)
        if not siting.batches and not siting.goal.budget_only and len(candidates):
            found.append(
                finding("CAN-009", source="study.toml", field="siting.p", value=siting.p, n=len(candidates))
            )
    ids, names = set(candidates["site_id"]), [str(d) for d in districts["district"]]
    for key in ("required", "forbidden", "refused"):
        found += [
            finding("CAN-005", source="study.toml", field=key, value=v)
            for v in dict.fromkeys(getattr(siting, key))
            if v not in ids
        ]
    both = [v for v in dict.fromkeys(siting.required) if v in {*siting.forbidden, *siting.refused}]
    found += [finding("CAN-006", source="study.toml", field="required", value=v) for v in both]
    for key in ("quota_min", "quota_max"):
        found += [
            finding("CAN-007", source="study.toml", field=key, value=v, nearest=_nearest(v, names))
            for v in getattr(siting, key)
            if v not in names
        ]
    for key in ("kind_min", "kind_max"):
        found += [
            finding("SET-006", source="study.toml", field=f"siting.{key}", value=v, nearest=_nearest(v, HOST_WORDS))
            for v in getattr(siting, key)
            if v not in HOST_WORDS
        ]  # fmt: skip
    if siting.p is not None and siting.p > len(candidates) and not siting.goal.budget_only:
        most = _most_that_fit(siting, candidates, districts)
        found.append(
            finding("CAN-004", source="study.toml", field="siting.p", value=siting.p, p=siting.p, n=len(candidates), most=most)
        )  # fmt: skip
    return found


def _most_that_fit(siting: Siting, candidates: gpd.GeoDataFrame, districts: gpd.GeoDataFrame) -> int:
    """The most sites that obey every other rule; all candidates where these rules clash among themselves."""
    n = len(candidates)
    fits = most_sites(study_rules(siting.model_copy(update={"p": n}), candidates, districts))
    return n if fits is None else fits


def judge_worth(
    group_weights: dict[str, float], period_weights: dict[str, float], groups: Sequence[str], periods: Sequence[str],
    demand: gpd.GeoDataFrame,
) -> tuple[Finding, ...]:  # fmt: skip
    """DEM-025 where the groups that count have no workers, GOAL-006 where the goal's weights leave none of them."""
    count = {(g, t): float(demand[f"{g}__{t}"].sum()) for g in groups for t in periods}
    if groups and not sum(count.values()) > 0:
        names = ", ".join(groups)
        return (
            finding(
                "DEM-025",
                source="study.toml",
                field=f"groups.{groups[0]}.total",
                names=names,
                group=groups[0],
            ),
        )
    worth = sum(v * group_weights.get(g, 1.0) * period_weights.get(t, 1.0) for (g, t), v in count.items())
    if groups and not worth > 0:
        return (finding("GOAL-006", source="study.toml", field="siting.goal.group_weights"),)
    return ()


def judge_clash(siting: Siting, candidates: gpd.GeoDataFrame, districts: gpd.GeoDataFrame) -> list[Finding]:
    """CAN-008 where no plan can obey the study's rules together, GOAL-005 for required sites too close, GOAL-007."""
    must = _positions(siting.required, candidates)
    close = close_sites(xy_of(candidates.iloc[must]), siting.goal.spacing_m)
    if len(close) and _keeps_apart(siting):
        ids, m = candidates["site_id"].to_numpy()[must], f"{siting.goal.spacing_m:g}"
        return [
            finding("GOAL-005", source="study.toml", field="siting.required", value=ids[a], a=ids[a], b=ids[b], m=m)
            for a, b in close
        ]  # fmt: skip
    rules = study_rules(siting, candidates, districts)
    try:
        refuse_impossible(rules)
    except InfeasibleError as error:
        en, zh = error.message("en"), error.message("zh")
        return [finding("CAN-008", source="study.toml", field="siting", why_en=en, why_zh=zh)]
    least = float(rules.money[rules.usable()].min(initial=np.inf))
    if rules.p is None and rules.budget is not None and least > rules.budget:
        return [
            finding(
                "GOAL-007",
                source="study.toml",
                field="siting.budget_yuan",
                value=f"{rules.budget:g}",
                cost=f"{least:g}",
            )
        ]
    return []


def _keeps_apart(siting: Siting) -> bool:
    """Whether close sites exclude each other (without a price for it)."""
    return siting.goal.spacing_m > 0 and siting.goal.spacing_price is None


def _positions(ids: Sequence[str], table: gpd.GeoDataFrame) -> Array:
    """Positions of the candidates named in ``ids``, each once."""
    return np.flatnonzero(table["site_id"].isin(ids).to_numpy()).astype(np.int64)


def _nearest(value: str, known: Iterable[str]) -> str:
    names = [str(k) for k in known]
    return next(iter(difflib.get_close_matches(value, names, n=1, cutoff=0.0)), "-")


def _quota_min(siting: Siting, districts: gpd.GeoDataFrame, region: Array) -> dict[str, int]:
    """Minimum per district: the study's, else the districts' table's, else half its share of p.

    The last is never above the district's candidates.
    """
    stated = _stated(districts, "quota_min") | dict(siting.quota_min)
    if stated or siting.quotas != "half_proportional" or siting.goal.budget_only:
        return stated
    caps = [int((region == d).sum()) for d in districts["district"]]
    return proportional_quota_min(districts, siting.p or 0, caps=caps)


def _stated(districts: gpd.GeoDataFrame, column: str) -> dict[str, int]:
    """Whole numbers of a column of the districts' table, where it has one."""
    given = (
        districts.set_index("district")[column].dropna() if column in districts else pd.Series(dtype=float)
    )
    return {str(k): int(min(v, MOST)) for k, v in given.items()}
