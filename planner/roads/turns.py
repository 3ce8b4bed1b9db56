"""Turns that are forbidden: which of a file's restrictions hold for a mode, and what they do to a search.

A search knows a street's end only as a node, whoever comes from where. Where a turn is forbidden that is too
little, so there, and only there, each street's end becomes two nodes of the search graph: one to arrive at and
one to depart from, joined in no time for every turn that is allowed. Streets themselves stay one of each, so
that snapping, lengths and areas know nothing of it.

Turning round is allowed at junctions and dead ends, never in the middle of a street, as without restrictions;
but not where ``no_u_turn``, ``no_left_turn`` or an ``only_…`` holds (Regulations for the Implementation of the
Road Traffic Safety Law of China, art. 49: no turning round where left turns are forbidden).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from planner.errors import Finding, finding
from planner.inputs.osm.turns import TurnRule
from planner.roads.build.profiles import Profile

if TYPE_CHECKING:
    from planner.roads.graph import Network
    from planner.roads.search import SearchGraph

__all__ = ["forbidden_turns", "junctions", "tell_turns", "with_turns"]

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


def junctions(network: Network) -> np.ndarray:
    """Nodes where some turn is forbidden, bool ``[n_nodes]``."""
    at = np.zeros(network.n_nodes, bool)
    at[network.turns[:, 1]] = True
    return at


def with_turns(network: Network, graph: SearchGraph) -> SearchGraph:
    """``graph`` with the ends of streets apart where turns are forbidden.

    A street that is open one way only has one node there. A point exactly at such a junction stands on
    the street it was snapped to.

    Parameters
    ----------
    graph
        Chains that end at every junction of :func:`junctions`.
    """
    from planner.roads.search import ARC, Arcs

    where, chain, side, edge = _ends(network, graph)
    toward, away = graph.total[chain, 2 - side], graph.total[chain, 1 + side]
    both = np.isfinite(toward) & np.isfinite(away)
    first = graph.n_nodes + np.cumsum(1 + both) - (1 + both)
    arrive, depart = first, first + both
    n = graph.n_nodes + int((1 + both).sum())
    into, out = np.stack([graph.a, graph.b]), np.stack([graph.a, graph.b])
    into[side, chain], out[side, chain] = arrive, depart
    i, j = _allowed(network.turns, where, edge)
    fits = np.isfinite(toward[i]) & np.isfinite(away[j])
    i, j = i[fits], j[fits]
    total = graph.total
    tail = np.concatenate([out[0], out[1], arrive[i]])
    head = np.concatenate([into[1], into[0], depart[j]])
    seconds = np.concatenate([total[:, 1], total[:, 2], np.zeros(i.size)])
    leaf = _dead_ends(graph, into, n)
    keep = np.isfinite(seconds) & (tail != head) & ~leaf[tail] & ~leaf[head]
    tail, head, seconds = tail[keep], head[keep], seconds[keep]
    order = np.lexsort((tail, head))
    ptr = np.concatenate([[0], np.cumsum(np.bincount(head, minlength=n))]).astype(np.uint32)
    arc = np.zeros(tail.size, ARC)
    arc["node"], arc["seconds"] = tail[order], seconds[order]
    leaf[graph.n_nodes :] = True  # points there are looked for along their streets
    return replace(graph, arcs=Arcs(ptr, arc, leaf), a=into[0], b=into[1], from_a=out[0], from_b=out[1])


def _ends(network: Network, graph: SearchGraph) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Ends of chains where turns are forbidden: node of the network, chain, side (0: a, 1: b), edge there."""
    held = junctions(network)
    found = []
    for nodes, far in ((network.edge_u, graph.flip), (network.edge_v, ~graph.flip)):
        e = np.flatnonzero(held[nodes] & (graph.chain >= 0))
        found.append(np.stack([nodes[e], graph.chain[e], far[e], e]))
    ends = np.concatenate(found, axis=1).astype(np.int64)
    ends = ends[:, np.lexsort((ends[2], ends[1], ends[0]))]
    return ends[0], ends[1], ends[2], ends[3]


def _allowed(turns: np.ndarray, where: np.ndarray, edge: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of ends at the same node between which one may turn; ``where`` ascending."""
    size = np.unique(where, return_counts=True)[1]
    start = np.repeat(np.cumsum(size) - size, size)
    each = np.repeat(size, size)
    i = np.repeat(np.arange(where.size), each)
    j = np.arange(i.size) - np.repeat(np.cumsum(each) - each, each) + start[i]
    shut = {tuple(t) for t in turns.tolist()}
    pairs = zip(edge[i].tolist(), where[i].tolist(), edge[j].tolist(), strict=True)
    free = np.array([pair not in shut for pair in pairs], bool)
    return i[free], j[free]


def _dead_ends(graph: SearchGraph, into: np.ndarray, n: int) -> np.ndarray:
    """Nodes of one street, where turning round leads nowhere new."""
    degree = np.bincount(into.ravel(), minlength=n)
    leaf = degree == 1
    leaf[graph.n_nodes :] = False
    beside = into >= graph.n_nodes
    leaf[into[0][beside[1] & ~beside[0]]] = False
    leaf[into[1][beside[0] & ~beside[1]]] = False
    return leaf
