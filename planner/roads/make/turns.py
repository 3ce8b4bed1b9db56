"""Which of a file's turn restrictions hold for a mode, and which turns they forbid.

Turning round is allowed at junctions and dead ends, never in the middle of a street, as without restrictions;
but not where ``no_u_turn``, ``no_left_turn`` or an ``only_…`` holds (Regulations for the Implementation of the
Road Traffic Safety Law of China, art. 49: no turning round where left turns are forbidden).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from planner.errors import Finding, finding
from planner.inputs.osm.turns import TurnRule
from planner.roads.make.profiles import Profile

__all__ = ["forbidden_turns", "tell_turns"]

_NO = {"no_left_turn", "no_right_turn", "no_straight_on", "no_u_turn", "no_entry", "no_exit"}
_ONLY = {"only_left_turn", "only_right_turn", "only_straight_on", "only_u_turn"}
_HOURS = {"day_on", "day_off", "hour_on", "hour_off"}
#: Why a restriction is not applied, in English and Chinese.
WHY = {
    "along": ("pass along streets instead of a point", "途经的是道路而非路口点"),
    "hours": ("hold at some hours only", "仅在部分时段有效"),
    "unclear": ("do not say clearly which streets they mean", "未能明确所指道路"),
    "strange": ("are of an unknown kind", "类型未知"),
}


def forbidden_turns(
    rules: Sequence[TurnRule],
    profile: Profile,
    node_of: np.ndarray,
    edge_u: np.ndarray,
    edge_v: np.ndarray,
    edge_way: np.ndarray,
    s_uv: np.ndarray,
    s_vu: np.ndarray,
) -> tuple[np.ndarray, Counter[str]]:
    """The turns that ``rules`` forbid a mode.

    Parameters
    ----------
    node_of : int ``[n_rules]``
        Node of the network each rule holds at; -1: at none.
    edge_u, edge_v, edge_way, s_uv, s_vu
        Streets of the mode, see :class:`planner.roads.graph.Network`.

    Returns
    -------
    turns : int32 ``[n, 3]``
        Edge to come from, node, edge that may not be gone to; ascending, each once.
    told : Counter
        How many rules ``hold``, are ``idle`` (other vehicles, streets or directions), or are not applied and why
        (keys of :data:`WHY`).
    """
    told: Counter[str] = Counter()
    found: set[tuple[int, int, int]] = set()
    at = _incident(node_of, edge_u, edge_v)
    for rule, node in zip(rules, node_of.tolist(), strict=True):
        kind, why = _kind(rule, profile)
        if not why:
            streets = at.get(node, [])
            into = [e for e in streets if _goes(e, node, edge_v, edge_u, s_uv, s_vu)]
            out = [e for e in streets if _goes(e, node, edge_u, edge_v, s_uv, s_vu)]
            turns, why = _turns(rule, kind, streets, into, out, edge_way)
            found |= {(e, node, f) for e, f in turns}
        told[why or "hold"] += 1
    return np.array(sorted(found), np.int32).reshape(-1, 3), told


def _incident(nodes: np.ndarray, u: np.ndarray, v: np.ndarray) -> dict[int, list[int]]:
    """Edges at each of some nodes, ascending."""
    some = np.unique(nodes[nodes >= 0])
    at: dict[int, list[int]] = {}
    for e in np.flatnonzero(np.isin(u, some) | np.isin(v, some)).tolist():
        for node in {int(u[e]), int(v[e])}:
            at.setdefault(node, []).append(e)
    return at


def _goes(e: int, node: int, tail: np.ndarray, head: np.ndarray, s_uv: np.ndarray, s_vu: np.ndarray) -> bool:
    """Whether edge e may be gone from ``node``, where ``tail`` is u; or to it, where ``tail`` is v."""
    return bool((tail[e] == node and np.isfinite(s_uv[e])) or (head[e] == node and np.isfinite(s_vu[e])))


def _kind(rule: TurnRule, profile: Profile) -> tuple[str, str]:
    """What the rule forbids this mode, or why it is not applied."""
    vehicles = [k for k in profile.rows["access_key", ""] if k != "access"]
    keys = [*(f"restriction:{v}" for v in vehicles), "restriction"]
    kind = next((rule.tags[k] for k in keys if k in rule.tags), None)
    if kind is None:
        return "", "hours" if any(f"{k}:conditional" in rule.tags for k in keys) else "idle"
    spared = {v.strip() for v in rule.tags.get("except", "").split(";")}
    if spared.intersection(vehicles):
        return "", "idle"
    if _HOURS & rule.tags.keys():
        return "", "hours"
    if kind not in _NO | _ONLY:
        return "", "strange"
    return kind, "along" if rule.along else ""


def _turns(
    rule: TurnRule, kind: str, streets: list[int], into: list[int], out: list[int], way: np.ndarray
) -> tuple[list[tuple[int, int]], str]:
    """Pairs of edges that a rule forbids, or why it is not applied."""
    begin = [[e for e in streets if way[e] == w] for w in rule.from_ways]
    end = [[e for e in streets if way[e] == w] for w in rule.to_ways]
    many = {"no_entry": (len(begin) > 1, False), "no_exit": (False, len(end) > 1)}.get(kind, (False, False))
    one = (len(begin) == 1 or many[0]) and (len(end) == 1 or many[1])
    if not one or any(len(e) > 1 for e in begin + end):
        return [], "unclear"
    come = [e[0] for e in begin if e and e[0] in into]
    go = [e[0] for e in end if e and e[0] in out]
    if kind in _ONLY:
        pairs = [(e, f) for e in come for f in out if f not in go] if go else []
    else:
        pairs = [(e, f) for e in come for f in go]
        if pairs and kind == "no_left_turn":
            pairs += [(e, e) for e in come if e in out]
    return pairs, "" if pairs else "idle"


def tell_turns(told: Counter[str], source: str, mode: str) -> list[Finding]:
    """How many turn restrictions hold, how many do not concern the mode, how many are not applied and why."""
    found = []
    if told["hold"] or told["idle"]:
        found.append(finding("NET-123", source=source, value=mode, n=told["hold"], idle=told["idle"]))
    left = {k: told[k] for k in WHY if told[k]}
    if left:
        en, zh = (", ".join(f"{n} {WHY[k][i]}" for k, n in left.items()) for i in (0, 1))
        found.append(
            finding("NET-124", source=source, value=mode, n=sum(left.values()), why_en=en, why_zh=zh)
        )
    return found
