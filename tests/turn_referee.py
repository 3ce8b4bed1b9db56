"""The slow and obvious way with forbidden turns: a graph whose nodes are directed streets, and networkx."""

from __future__ import annotations

import itertools

import networkx as nx
import numpy as np

from planner.roads.network import Network
from planner.roads.snapping import Snapped
from tests.street_referee import seconds_over


def _ends(network: Network) -> tuple[dict[int, list], dict[int, list]]:
    """By node: directed streets (edge, forward) that lead to it, and that leave it."""
    to: dict[int, list] = {i: [] for i in range(network.n_nodes)}
    leave: dict[int, list] = {i: [] for i in range(network.n_nodes)}
    for e in range(network.n_edges):
        for forward, seconds in ((True, network.edge_s_uv[e]), (False, network.edge_s_vu[e])):
            if np.isfinite(seconds):
                u, v = int(network.edge_u[e]), int(network.edge_v[e])
                to[v if forward else u].append((e, forward))
                leave[u if forward else v].append((e, forward))
    return to, leave


def _only_passes(to: list, leave: list) -> bool:
    """In the middle of a street (two pieces, open alike), where nobody turns round."""
    edges = {e for e, _ in to + leave}
    if len(edges) != 2 or set(to) & set(leave):  # a loop comes to where it left
        return False
    e, f = sorted(edges)
    into, out = ({x for x, _ in some} for some in (to, leave))
    return ((e in into) == (f in out)) and ((f in into) == (e in out))


def turn_graph(network: Network, groups: dict[str, Snapped]) -> nx.DiGraph:
    """Directed streets with points on them; from a point go from ``("from", group, i)``, to it to ``("to", …)``."""
    to, leave = _ends(network)
    shut = {tuple(t) for t in network.turns.tolist()}
    held = set(network.turns[:, 1].tolist())
    graph = nx.DiGraph()
    for name, points in groups.items():
        graph.add_nodes_from((end, name, i) for end in ("from", "to") for i in range(len(points)))

    def add(a, b, seconds):
        if seconds < graph.get_edge_data(a, b, {"s": np.inf})["s"]:
            graph.add_edge(a, b, s=seconds)

    for x in range(network.n_nodes):
        add(("go", x), ("come", x), 0.0)
        for e, d in leave[x]:
            add(("go", x), ("in", e, d), 0.0)
        for e, d in to[x]:
            add(("out", e, d), ("come", x), 0.0)
        passes = x not in held and _only_passes(to[x], leave[x])
        for e, d in to[x]:
            for f, g in leave[x]:
                if (e, x, f) not in shut and not (passes and e == f):
                    add(("out", e, d), ("in", f, g), 0.0)
    _put_points(network, groups, held, add)
    return graph


def _put_points(network: Network, groups: dict[str, Snapped], held: set[int], add) -> None:
    """Streets from end to end in each direction, cut at the points on them."""
    on: dict[int, list] = {}
    for name, points in groups.items():
        for i, (edge, offset) in enumerate(zip(points.edge.tolist(), points.offset_m.tolist(), strict=True)):
            if edge < 0:
                continue
            on.setdefault(edge, []).append((offset, (name, i)))
            ends = (0.0, network.edge_u[edge]), (network.edge_length_m[edge], network.edge_v[edge])
            for x in {int(x) for at, x in ends if offset == at} - held:  # anywhere from and to a junction
                add(("from", name, i), ("go", x), 0.0)
                add(("come", x), ("to", name, i), 0.0)
    for e in range(network.n_edges):
        for forward, seconds in ((True, network.edge_s_uv[e]), (False, network.edge_s_vu[e])):
            if np.isfinite(seconds):
                _put_street(e, forward, seconds, network.edge_length_m[e], on.get(e, ()), add)
    for points in on.values():  # at the same place
        for (o, a), (p, b) in itertools.product(points, points):
            if o == p:
                add(("from", *a), ("to", *b), 0.0)


def _put_street(e: int, forward: bool, seconds: float, length: float, points, add) -> None:
    here, before = ("in", e, forward), 0.0
    for along, name in sorted((o if forward else length - o, name) for o, name in points):
        add(here, ("on", e, forward, along), (along - before) / length * seconds)
        here, before = ("on", e, forward, along), along
        add(("from", *name), here, 0.0)
        add(here, ("to", *name), 0.0)
    add(here, ("out", e, forward), (length - before) / length * seconds)


def turn_seconds(network: Network, sites: Snapped, demand: Snapped, *, cutoff_s: float) -> np.ndarray:
    """Dense seconds (n_sites × n_demand) under the forbidden turns, inf beyond the cutoff."""
    turned = turn_graph(network, {"site": sites, "demand": demand}).reverse(copy=False)
    walk = network.walk_kmh / 3.6
    return seconds_over(
        turned, sites, demand, walk, cutoff_s, lambda i: ("to", "site", i), lambda j: ("from", "demand", j)
    )


def some_turns(network: Network, n: int, rng: np.random.Generator) -> np.ndarray:
    """Random turns to forbid: pairs of streets that meet, turning round included."""
    found = []
    for x in rng.integers(0, network.n_nodes, n):
        at = np.flatnonzero((network.edge_u == x) | (network.edge_v == x))
        if at.size:
            found.append((rng.choice(at), x, rng.choice(at)))
    return np.unique(np.array(found, np.int32).reshape(-1, 3), axis=0)
