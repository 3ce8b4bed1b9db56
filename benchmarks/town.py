"""A made-up town of canals, as large as a real one: half a million nodes in three modes.

A jittered lattice, every 8th line an arterial, every 48th an expressway, canals every 11 lines that only
these cross; the largest part is kept. 720 lines make 487,142 nodes and 627,967 streets (degree 2.58).
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import numpy as np

DATA = Path(__file__).resolve().parent / ".data"
KMH = {"walk": (4.8, 4.8, 4.8), "ebike": (15.0, 15.0, 15.0), "car": (20.0, 35.0, 60.0)}


def build(
    lines: int = 720, spacing: float = 88.0, seed: int = 7, keep: float = 0.62
) -> dict[str, np.ndarray]:
    """x, y, u, v, length (m), cls (0 local, 1 arterial, 2 expressway), oneway."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    rng = np.random.default_rng(seed)
    c = (np.arange(lines) - lines / 2) * spacing
    warp = np.sign(c) * np.abs(c) ** 1.12 / np.abs(c).max() ** 0.12
    x, y = np.meshgrid(warp, warp)
    x = x + rng.normal(0, spacing * 0.16, x.shape)
    y = y + rng.normal(0, spacing * 0.16, y.shape)
    at = np.arange(lines * lines).reshape(lines, lines)
    rows, columns = np.repeat(np.arange(lines), lines - 1), np.tile(np.arange(lines - 1), lines)
    up_rows, up_columns = np.repeat(np.arange(lines - 1), lines), np.tile(np.arange(lines), lines - 1)
    across = np.where(rows % 48 == 0, 2, np.where(rows % 8 == 0, 1, 0))
    along = np.where(up_columns % 48 == 0, 2, np.where(up_columns % 8 == 0, 1, 0))
    stay_a = (across > 0) | ((rng.random(across.size) < keep) & (columns % 11 != 5))
    stay_b = (along > 0) | ((rng.random(along.size) < keep) & (up_rows % 11 != 5))
    u = np.concatenate([at[:, :-1].ravel()[stay_a], at[:-1].ravel()[stay_b]])
    v = np.concatenate([at[:, 1:].ravel()[stay_a], at[1:].ravel()[stay_b]])
    cls = np.concatenate([across[stay_a], along[stay_b]])
    _, label = connected_components(
        coo_array((np.ones(u.size), (u, v)), shape=(at.size, at.size)), directed=False
    )
    big = label == np.bincount(label).argmax()
    new = np.cumsum(big) - 1
    stay = big[u]
    u, v, cls = new[u[stay]], new[v[stay]], cls[stay]
    x, y = x.ravel()[big], y.ravel()[big]
    length = np.hypot(x[u] - x[v], y[u] - y[v]) * (1 + np.abs(rng.normal(0, 0.08, u.size)))
    return {"x": x, "y": y, "u": u.astype(np.int32), "v": v.astype(np.int32), "length": length,
            "cls": cls.astype(np.int8), "oneway": (cls == 0) & (rng.random(u.size) < 0.10)}  # fmt: skip


def network(mode: str, lines: int = 720) -> Any:
    """The town as a planner network; made once per size and mode, then opened from ``.data``."""
    from planner.errors import PlannerError
    from planner.roads.network import Network, network_from_edges

    path = DATA / f"town-{lines}-{mode}.npz"
    if path.exists():
        with contextlib.suppress(PlannerError):  # kept by another version
            return Network.load(path)
    d = build(lines)
    seconds = d["length"] * 3.6 / np.array(KMH[mode])[d["cls"]]
    back = np.where(d["oneway"] & (mode == "car"), np.inf, seconds)
    made = network_from_edges(d["x"], d["y"], d["u"], d["v"], d["length"], seconds, back, mode=mode)
    DATA.mkdir(exist_ok=True)
    return Network.load(made.save(path))


def at_nodes(net: Any, nodes: np.ndarray) -> Any:
    """Points standing on nodes, as snapped points."""
    import pandas as pd

    from planner.roads.snapping import Snapped

    edge, offset = np.zeros(net.n_nodes, np.int32), np.zeros(net.n_nodes)
    numbers = np.arange(net.n_edges, dtype=np.int32)
    edge[net.edge_v], offset[net.edge_v] = numbers, net.edge_length_m
    edge[net.edge_u], offset[net.edge_u] = numbers, 0.0
    return Snapped(edge[nodes], offset[nodes], np.zeros(len(nodes)), net.x_m[nodes], net.y_m[nodes],
                   pd.RangeIndex(len(nodes)), net.crs)  # fmt: skip


def sources(net: Any, n: int, seed: int = 1) -> np.ndarray:
    """Nodes chosen at random, each once."""
    return np.random.default_rng(seed).choice(net.n_nodes, min(n, net.n_nodes), replace=False)


def arcs(net: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Arcs turned round (head, tail, seconds): what a search from a site runs on."""
    forth, back = np.isfinite(net.edge_s_uv), np.isfinite(net.edge_s_vu)
    head = np.concatenate([net.edge_v[forth], net.edge_u[back]])
    tail = np.concatenate([net.edge_u[forth], net.edge_v[back]])
    return head, tail, np.concatenate([net.edge_s_uv[forth], net.edge_s_vu[back]])
