"""What the products tell of the union's networks: one table for all, new places, reviews, double service, money shared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from planner.facts.networks import POOL, UNION
from planner.telling.contents.columns import Column
from planner.telling.words.figures import told
from planner.telling.words.names import host_label
from planner.telling.words.numbers import number
from planner.telling.words.phrases import phrase

if TYPE_CHECKING:
    import geopandas as gpd

    from planner.facts.register import Register
    from planner.networks.whole import UnionResult
    from planner.settings.networks import UnionNetwork
    from planner.settings.whole import Settings

__all__ = ["NetworkPart", "network_lines", "network_parts", "new_places", "reviewed", "union_lines", "union_parts", "union_run"]  # fmt: skip

_OVERVIEW = (
    Column("union_network", "text", 26), Column("union_role", "text", 14), Column("union_places", "count", 9),
    Column("union_new", "count", 9), Column("union_circle_today", "share", 12), Column("union_circle_after", "share", 12),
    Column("union_only", "people", 12), Column("union_people", "people", 12), Column("union_low", "people", 11),
    Column("union_high", "people", 11), Column("union_share_today", "share", 12), Column("union_share_after", "share", 12),
    Column("union_cost", "yuan", 12), Column("union_gap", "gap", 9), Column("union_trust", "text", 9),
    Column("union_source", "text", 60),
)  # fmt: skip
_NEW = (
    Column("rank", "count", 6), Column("place_id", "text", 16), Column("place_name", "text", 28), Column("district", "text", 12),
    Column("host_kind", "text", 14), Column("open_hours", "text", 14), Column("people_gained", "people", 11),
    Column("people_in_reach", "people", 11), Column("nearest_own_m", "metres", 12), Column("cost_yuan", "yuan", 10),
    Column("reason", "text", 60),
)  # fmt: skip
_REVIEW = (
    Column("place_id", "text", 16), Column("place_name", "text", 28), Column("district", "text", 12),
    Column("verdict", "text", 14), Column("may_close", "text", 10), Column("people_in_reach", "people", 11),
    Column("people_alone", "people", 11), Column("open_hours", "text", 14), Column("source", "text", 24), Column("row", "count", 7),
)  # fmt: skip
_PLACES = (
    Column("place_id", "text", 16), Column("place_name", "text", 28), Column("district", "text", 12),
    Column("open_hours", "text", 14), Column("source", "text", 24), Column("row", "count", 7),
)  # fmt: skip
_DOUBLES = (
    Column("double_network", "text", 20), Column("double_name", "text", 28), Column("double_other", "text", 20),
    Column("double_other_name", "text", 28), Column("double_m", "metres", 9),
)  # fmt: skip
_POOL = (
    Column("union_network", "text", 26), Column("pool_new", "count", 10), Column("pool_spent", "yuan", 12),
    Column("pool_gained", "people", 12), Column("pool_new_apart", "count", 10), Column("pool_gained_apart", "people", 12),
)  # fmt: skip


@dataclass(frozen=True)
class NetworkPart:
    """A table under a heading."""

    heading: str
    columns: tuple[Column, ...]
    table: pd.DataFrame


def _role(one: UnionNetwork, language: str) -> str:
    """What a network is to this plan, in words."""
    key = (
        one.planned_by if one.planned_by != "here"
        else "planned" if one.planned
        else "review" if one.review
        else "directory" if one.directory
        else "counted"
    )  # fmt: skip
    role = phrase(f"union_role_{key}", language)
    return phrase("union_role_partner", language, role=role) if one.partner else role


def _shown(facts: Register, quantity: str, **scope: Any) -> float | None:
    found = facts.find(quantity, **scope)
    return None if found is None else found.shown


def _overview(union: UnionResult, facts: Register, language: str) -> pd.DataFrame:
    rows = []
    for one in union.networks:
        at = {"network": one.name}
        people = facts.fact("network_people", plan="", **at)
        band = people.shown_band()
        today, after = facts.shown("network_places", plan="today", **at), facts.shown("network_places", **at)
        rows.append(
            (
                one.title(language), _role(one, language), today, after - today,
                facts.shown("network_circle", plan="today", **at), facts.shown("network_circle", **at),
                _shown(facts, "network_only", **at), people.shown, *(band or (None, None)),
                facts.shown("network_share", plan="today", **at), facts.shown("network_share", **at),
                _shown(facts, "network_cost", **at), _shown(facts, "network_gap", **at), one.confidence, one.source,
            )
        )  # fmt: skip
    return pd.DataFrame(rows, columns=[c.key for c in _OVERVIEW], dtype=object)


def _named_districts(table: pd.DataFrame, districts: Mapping[str, str]) -> list[str]:
    return [districts.get(str(d), str(d)) for d in table["district"]]


def new_places(union: UnionResult, name: str, language: str, districts: Mapping[str, str]) -> pd.DataFrame:
    """The new places of a network in the reader's words."""
    table = union.plan.plans[name].chosen
    far = table["nearest_own_m"].to_numpy(float)
    return pd.DataFrame(
        {
            "rank": table["rank"], "place_id": table["place_id"], "place_name": table["name"],
            "district": _named_districts(table, districts), "host_kind": [host_label(k, language) if k else "" for k in table["kind"]],
            "open_hours": table["open_hours"], "people_gained": table["people_gained"], "people_in_reach": table["people_in_reach"],
            "nearest_own_m": np.where(np.isfinite(far), far, np.nan), "cost_yuan": table["cost_yuan"],
            "reason": table[f"reason_{language}"],
        }
    )  # fmt: skip


def reviewed(union: UnionResult, name: str, language: str, districts: Mapping[str, str]) -> pd.DataFrame:
    """A list looked through, in the reader's words: redundant places first, those that could close before the others."""
    table = union.plan.reviews[name]
    order = {"redundant": 0, "nobody": 1, "shared": 2, "alone": 3}
    rank = table["verdict"].map(order).to_numpy() - 0.5 * table["may_close"].to_numpy()
    table = table.iloc[np.lexsort((table["people_alone"].to_numpy(), rank))]
    return _there(table, districts).assign(
        verdict=[phrase(f"union_verdict_{v}", language) for v in table["verdict"]],
        may_close=[phrase("union_yes" if v else "union_no", language) for v in table["may_close"]],
        people_in_reach=table["people_in_reach"].to_numpy(), people_alone=table["people_alone"].to_numpy(),
    )  # fmt: skip


def _there(table: gpd.GeoDataFrame, districts: Mapping[str, str]) -> pd.DataFrame:
    return pd.DataFrame(
        {k: table[k].to_numpy() for k in ("place_id", "open_hours", "source", "row")}
        | {"place_name": table["name"].to_numpy(), "district": _named_districts(table, districts)}
    )


def _doubles(union: UnionResult, language: str) -> pd.DataFrame:
    titles = {n.name: n.title(language) for n in union.networks}
    pairs = union.after.doubles(union.after.counted)
    return pd.DataFrame(
        {
            "double_network": pairs["network"].map(titles), "double_name": pairs["name"],
            "double_other": pairs["other"].map(titles), "double_other_name": pairs["other_name"], "double_m": pairs["metres"],
        }
    )  # fmt: skip


def union_lines(union: UnionResult, facts: Register, settings: Settings, language: str) -> list[str]:
    """Sentences on all networks together."""
    today, after = {"plan": "today", "network": UNION}, {"network": UNION}
    lines = [
        phrase(
            "union_line_circle", language, n=number(len(union.after.counted)), before=told(facts.fact("network_circle", **today)),
            after=told(facts.fact("network_circle", **after)), twice_before=told(facts.fact("network_twice", **today)),
            twice_after=told(facts.fact("network_twice", **after)),
        ),
        phrase(
            "union_line_doubles", language, m=f"{settings.union.double_m:g}", before=told(facts.fact("network_doubles", **today)),
            after=told(facts.fact("network_doubles", **after)),
        ),
    ]  # fmt: skip
    if any(n.partner for n in union.networks):
        lines.append(
            phrase(f"union_line_partners_{'in' if settings.union.count_partners else 'out'}", language)
        )
    if union.plan.pool is not None:
        lines.append(
            phrase(
                "union_line_pool", language, budget=number(union.plan.pool.budget_yuan),
                together=told(facts.fact("network_worth", network=POOL)),
                apart=told(facts.fact("network_worth", network=POOL, plan="apart")),
                gap=told(facts.fact("network_gap", network=POOL)),
            )
        )  # fmt: skip
    return lines


def union_parts(union: UnionResult, facts: Register, language: str) -> Iterator[NetworkPart]:
    """Tables on all networks together: the overview, money shared, places side by side."""
    yield NetworkPart("", _OVERVIEW, _overview(union, facts, language))
    pool = union.plan.pool
    if pool is not None:
        titles = {n.name: n.title(language) for n in union.networks}
        table = pd.DataFrame(
            {
                "union_network": pool.table["network"].map(titles), "pool_new": pool.table["new"],
                "pool_spent": pool.table["spent_yuan"], "pool_gained": pool.table["gained"],
                "pool_new_apart": pool.table["new_apart"], "pool_gained_apart": pool.table["gained_apart"],
            }
        )  # fmt: skip
        yield NetworkPart(phrase("union_head_pool", language), _POOL, table)
    yield NetworkPart(phrase("union_head_doubles", language), _DOUBLES, _doubles(union, language))


def network_lines(union: UnionResult, one: UnionNetwork, facts: Register, language: str) -> list[str]:
    """Sentences on one network: what it comes to, and whom it is for."""
    at = {"network": one.name}
    before = told(facts.fact("network_share", plan="today", **at))
    lines = []
    if one.name in union.plan.plans:
        gap = facts.find("network_gap", **at)
        lines.append(
            phrase(
                "union_line_shared" if gap is None else "union_line_plan", language, n=told(facts.fact("network_new", **at)),
                before=before, after=told(facts.fact("network_share", **at)), **({} if gap is None else {"gap": told(gap)}),
            )
        )  # fmt: skip
    else:
        n = told(facts.fact("network_places", plan="today", **at))
        lines.append(phrase("union_line_counted", language, n=n, before=before))
    if one.name in union.plan.reviews:
        today = {"plan": "today", **at}
        lines.append(
            phrase(
                "union_line_review", language, n=number(len(union.plan.reviews[one.name])),
                redundant=told(facts.fact("network_redundant", **today)), may=told(facts.fact("network_may_close", **today)),
                alone=told(facts.fact("network_alone", **today)),
            )
        )  # fmt: skip
    people = facts.fact("network_people", plan="", **at)
    low, high = people.shown_band() or (people.shown, people.shown)
    source = one.people.source or phrase("union_headline_people", language)
    lines.append(
        phrase(
            "union_line_people",
            language,
            people=told(people),
            low=number(low),
            high=number(high),
            source=source,
        )
    )
    return lines


def network_parts(
    union: UnionResult, one: UnionNetwork, language: str, districts: Mapping[str, str]
) -> Iterator[NetworkPart]:
    """Tables on one network: new places, the list looked through, or the places there are."""
    if one.name in union.plan.plans:
        table = new_places(union, one.name, language, districts)
        yield NetworkPart(phrase("union_head_new", language), _NEW, table)
    if one.name in union.plan.reviews:
        table = reviewed(union, one.name, language, districts)
        yield NetworkPart(phrase("union_head_review", language), _REVIEW, table)
    elif one.planned_by == "here":
        there = _there(union.places[one.name], districts)
        yield NetworkPart(phrase("union_head_places", language), _PLACES, there)


def union_run(union: UnionResult | None, facts: Register) -> dict[str, Any] | None:
    """The block ``networks`` of ``run.json``; None where they were not asked for."""
    if union is None:
        return None
    return {
        "counted": list(union.after.counted),
        "circle": {
            key: {
                "covered": facts.shown("network_covered", plan=plan, network=UNION),
                "share": facts.shown("network_circle", plan=plan, network=UNION),
                "share_twice": facts.shown("network_twice", plan=plan, network=UNION),
                "side_by_side": facts.shown("network_doubles", plan=plan, network=UNION),
            }
            for key, plan in (("before", "today"), ("after", "proposal"))
        },
        "budget": None if union.plan.pool is None else _pool_run(union, facts),
        "networks": [_run_of(union, one, facts) for one in union.networks],
    }


def _pool_run(union: UnionResult, facts: Register) -> dict[str, Any]:
    pool = union.plan.pool
    return {
        "budget_yuan": pool.budget_yuan if pool is not None else None,
        "spent_yuan": facts.shown("network_cost", network=POOL),
        "worth": facts.shown("network_worth", network=POOL),
        "worth_apart": facts.shown("network_worth", network=POOL, plan="apart"),
        "gap": facts.shown("network_gap", network=POOL),
    }


def _run_of(union: UnionResult, one: UnionNetwork, facts: Register) -> dict[str, Any]:
    at = {"network": one.name}
    plan = union.plan.plans.get(one.name)
    made: dict[str, Any] = {
        "network": one.name, "title_zh": one.title("zh"), "title_en": one.title("en"), "partner": one.partner,
        "places": facts.shown("network_places", plan="today", **at), "people": facts.shown("network_people", plan="", **at),
        "share_before": facts.shown("network_share", plan="today", **at), "share_after": facts.shown("network_share", **at),
    }  # fmt: skip
    if plan is not None:
        made |= {
            "new": facts.shown("network_new", **at), "cost_yuan": facts.shown("network_cost", **at),
            "objective": round(plan.solution.objective, 3), "bound": round(plan.solution.bound, 3),
            "gap": _shown(facts, "network_gap", **at), "status": plan.solution.status, "repeatable": plan.solution.repeatable,
            "chosen": plan.chosen["place_id"].tolist(),
        }  # fmt: skip
    if one.name in union.plan.reviews:
        made |= {
            k: facts.shown(f"network_{k}", plan="today", **at) for k in ("redundant", "may_close", "alone")
        }
    return made
