"""What the study's five verbs name that is not there, or ask for that cannot be meant: all findings at once."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import geopandas as gpd

from planner.actions.options import span_minutes
from planner.actions.places import CANDIDATE, EXISTING, PARTNER
from planner.errors import Finding, finding
from planner.hours.parse import merged, parse_hours
from planner.settings.actions import Actions
from planner.settings.siting import Goal
from planner.siting.goal.pose import close_sites, xy_of
from planner.tables import HOST_KINDS

__all__ = ["judge_actions"]

#: Which places a verb is for.
_FOR = {
    "build": (CANDIDATE,), "retime": (EXISTING,), "upgrade": (EXISTING,), "move": (EXISTING, CANDIDATE), "close": (EXISTING,),
    "cobrand": (PARTNER,),
}  # fmt: skip

_SOURCES = {
    EXISTING: ("existing station", "现有站点"),
    CANDIDATE: ("candidate site", "候选点"),
    PARTNER: ("partner's post", "合作点"),
}


def judge_actions(
    actions: Actions,
    goal: Goal,
    places: Mapping[str, str],
    districts: gpd.GeoDataFrame,
    candidates: gpd.GeoDataFrame,
    refused: Mapping[str, str],
) -> tuple[Finding, ...]:
    """``places``: id → existing, candidate or partner; ``refused``: candidate → why it cannot be had. ACT-… for goals that make no sense for options, unknown places, districts and kinds of host, hours that nobody can keep."""
    return (
        *_goal(goal), *_hours(actions), *_hosts(actions), *_wishes(actions, places), *_districts(actions, districts),
        *_numbers(actions, places), *_money(actions), *_spacing(actions, goal, candidates), *_refused(actions, places, refused),
    )  # fmt: skip


def _say(code: str, field: str, value: object, **details: Any) -> Finding:
    return finding(code, source="study.toml", field=f"actions.{field}", value=str(value), **details)


def _near(word: str, known: Iterable[str]) -> str:
    return next(iter(difflib.get_close_matches(word, list(known), 1, 0.0)), "")


def _goal(goal: Goal) -> list[Finding]:
    """A goal that options cannot be compared by."""
    strange = {
        "aim": goal.aim != "covered", "fade_m": goal.fade_m is not None, "credit": bool(goal.credit),
        "spacing_price": goal.spacing_m > 0 and goal.spacing_price is not None, "visits_per_day": goal.limits_visits, "relocate": goal.relocate > 0,
        "open_rule": goal.open_rule != "half",
    }  # fmt: skip
    return [
        finding("ACT-007", source="study.toml", field=f"siting.goal.{key}", value=str(getattr(goal, key)))
        for key, on in strange.items() if on
    ]  # fmt: skip


def _hours(actions: Actions) -> list[Finding]:
    found = []
    for c in actions.hours:
        hours = parse_hours(c.hours)
        if not hours.known or span_minutes(merged(hours.spans)) == 0:
            found.append(_say("ACT-005", "hours", c.hours, name=c.name))
        elif span_minutes(merged(hours.spans)) == 24 * 60 and c.yearly_yuan == 0:
            found.append(_say("ACT-008", "hours", c.yearly_yuan, name=c.name))
    return found


def _hosts(actions: Actions) -> list[Finding]:
    return [
        _say("ACT-009", f"{key}.hosts", kind, name=c.name, nearest=_near(kind, HOST_KINDS))
        for key, classes in (("hours", actions.hours), ("grades", actions.grades))
        for c in classes for kind in c.hosts if kind not in HOST_KINDS
    ]  # fmt: skip


def _wishes(actions: Actions, places: Mapping[str, str]) -> list[Finding]:
    source, ids = places, list(places)
    found = []
    for key, wishes in (("required", actions.required), ("forbidden", actions.forbidden)):
        for w in wishes:
            if w.place not in source:
                found.append(_say("ACT-010", key, w.place, verb=w.verb, nearest=_near(w.place, ids)))
            elif source[w.place] not in _FOR[w.verb]:
                found.append(
                    _say(
                        "ACT-011",
                        key,
                        w.place,
                        verb=w.verb,
                        of_en=_SOURCES[source[w.place]][0],
                        of_zh=_SOURCES[source[w.place]][1],
                    )
                )
    both = {(w.verb, w.place, w.hours, w.grade) for w in actions.required} & {
        (w.verb, w.place, w.hours, w.grade) for w in actions.forbidden
    }
    return found + [_say("ACT-012", "required", place, verb=verb) for verb, place, _, _ in sorted(both)]


def _refused(actions: Actions, places: Mapping[str, str], refused: Mapping[str, str]) -> list[Finding]:
    """What is required at a candidate that cannot be had."""
    return [
        _say("ACT-018", "required", w.place, verb=w.verb, reason=refused[w.place])
        for w in actions.required if w.place in refused and places.get(w.place) == CANDIDATE
    ]  # fmt: skip


def _districts(actions: Actions, districts: gpd.GeoDataFrame) -> list[Finding]:
    known = [str(d) for d in districts["district"]]
    return [
        _say("ACT-013", key, d, nearest=_near(d, known))
        for key in ("quota_min", "quota_max", "lost_most_by_district")
        for d in sorted(getattr(actions, key)) if d not in known
    ]  # fmt: skip


def _money(actions: Actions) -> list[Finding]:
    """Nothing says how much may be spent."""
    if actions.budget is not None or actions.yearly is not None:
        return []
    return [_say("ACT-016", "budget_yuan", "")]


def _spacing(actions: Actions, goal: Goal, candidates: gpd.GeoDataFrame) -> list[Finding]:
    """Required new stations too near each other."""
    within = max(actions.spacing_m, goal.spacing_m)
    ids = [w.place for w in actions.required if w.verb in ("build", "move")]
    there = candidates[candidates["site_id"].astype("str").isin(ids)]
    name = there["site_id"].astype("str").to_numpy()
    return [
        _say("ACT-017", "required", name[a], other=name[b], m=f"{within:g}")
        for a, b in close_sites(xy_of(there), within)
    ]


def _numbers(actions: Actions, places: Mapping[str, str]) -> list[Finding]:
    """Numbers above what there is."""
    n = Counter(places.values())
    there = {v: max(n[s] for s in of) for v, of in _FOR.items()}
    found = [
        _say("ACT-014", f"least.{verb}", least, there=f"{there[verb]:,}")
        for verb, least in sorted(actions.least.items()) if least > there[verb]
    ]  # fmt: skip
    most = n[EXISTING] + n[CANDIDATE]
    if actions.open_least > most:
        found.append(_say("ACT-014", "open_least", actions.open_least, there=f"{most:,}"))
    return found
