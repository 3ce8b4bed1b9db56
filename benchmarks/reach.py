"""Travel times within ten minutes on half a million nodes, beside every peer, on one network in one run.

CPU time (not wall) of one thread per source: search and result, everything snapped before. Every peer
finds the same: the seconds from all nodes to a site, within 600 s.

    python -m benchmarks.reach [--quick]
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import town
from benchmarks.reach_peers import (
    CUTOFF_S,
    cpu,
    networkx_bounded,
    old_scipy,
    osmnx_recipe,
    pandana_ranges,
    plain_heap,
    scipy_limited,
    scipy_matrix,
    scipy_pairs,
)

ROOT = Path(__file__).resolve().parents[1]
MUST = {
    "osmnx recipe": {"walk": 120, "ebike": 200, "car": 350},
    "networkx bounded": {"walk": 12, "ebike": 20, "car": 25},
    "scipy dijkstra(limit=) and its pairs": {"walk": 400, "ebike": 50, "car": 6},
    "scipy 1.14 dijkstra(limit=)": {"walk": 400, "ebike": 50, "car": 6},
    "pandana nodes_in_range": {"walk": 30, "ebike": 10, "car": 6},
    "plain Numba heap": {"walk": 1, "ebike": 1, "car": 1},
}
Row = dict[str, Any]


def row(what: str, ours: Any, peer: Any, peer_name: str, ratio: Any, unit: str, note: str = "") -> Row:
    return {
        "what": what,
        "ours": ours,
        "peer": peer,
        "peer_name": peer_name,
        "ratio": ratio,
        "unit": unit,
        "note": note,
    }


# -- ours ---------------------------------------------------------------------------------------------


def ours(net: Any, sites: np.ndarray, times: int) -> tuple[float, float]:
    """CPU seconds per source of one call of ``travel_times`` to every node, and pairs per source."""
    from planner.roads.reach import travel_times

    at, everywhere = town.at_nodes(net, sites), town.at_nodes(net, np.arange(net.n_nodes))
    travel_times(net, town.at_nodes(net, sites[:3]), everywhere, threads=1)
    made = travel_times(net, at, everywhere, threads=1).seconds.nnz
    return cpu(lambda: travel_times(net, at, everywhere, threads=1), times) / sites.size, made / sites.size


def _mode(mode: str, quick: bool) -> Iterator[Row]:
    few = {"walk": 40, "ebike": 10, "car": 3} if quick else {"walk": 200, "ebike": 30, "car": 5}
    net = town.network(mode, 240 if quick else 720)
    chosen = town.sources(net, 2000 if quick else 10_000)
    each, pairs = ours(net, chosen, 3 if quick else 5)
    peers: list[tuple[str, Any, int, int]] = [
        ("plain Numba heap", plain_heap, 10_000 if mode == "walk" else 1000, 5),
        ("scipy dijkstra(limit=)", scipy_limited, 50 if quick else 100, 7),
        ("scipy dijkstra(limit=) and its pairs", scipy_pairs, 50 if quick else 100, 7),
        ("networkx bounded", networkx_bounded, 5 * few[mode], 5),
        ("osmnx recipe", osmnx_recipe, few[mode], 5),
    ]
    if not quick:
        peers += [
            ("scipy 1.14 dijkstra(limit=)", old_scipy, 100, 7),
            ("pandana nodes_in_range", pandana_ranges, 200 if mode == "car" else 1000, 5),
        ]
    for name, peer, n, times in peers:
        found = peer(net, chosen[:n], times)
        what = f"{mode}: {chosen.size:,} sources, {net.n_nodes:,} nodes, {pairs:,.0f} reached each"
        if isinstance(found, str):
            yield row(what, round(1000 * each, 4), None, name, None, "ms CPU/source", found)
            continue
        must = MUST.get(name, {}).get(mode, 0) if not quick else 0
        note = f"must be ≥ {must}×{': missed' if found[0] / each < must else ''}; " if must else ""
        note += f"peer on {min(n, chosen.size):,} sources reached {found[1]:,.0f} each"
        note += f"; {found[2]}" if len(found) > 2 else ""
        yield row(what, round(1000 * each, 4), round(1000 * found[0], 3), name, round(found[0] / each, 1),
                  "ms CPU/source", note)  # fmt: skip


def _same(quick: bool) -> list[Row]:
    """Largest difference to scipy on the same pairs."""
    from scipy.sparse.csgraph import dijkstra

    from planner.roads.reach import travel_times

    worst = 0.0
    lines = 240 if quick else 720
    for mode in town.KMH:
        net = town.network(mode, lines)
        sites = town.sources(net, 40, seed=5)
        theirs = dijkstra(scipy_matrix(net), indices=sites, limit=CUTOFF_S)
        mine = travel_times(
            net, town.at_nodes(net, sites), town.at_nodes(net, np.arange(net.n_nodes))
        ).seconds
        reached = mine.toarray()
        stored = np.zeros(reached.shape, bool)
        stored[mine.tocoo().coords] = True
        if not (stored == np.isfinite(theirs)).all():
            worst = float("inf")
        worst = max(worst, float(np.abs(reached[stored] - theirs[stored]).max()))
    return [
        row(
            "same answers as scipy: largest difference",
            worst,
            1e-3,
            "limit",
            round(1e-3 / max(worst, 1e-12), 1),
            "s",
        )
    ]


def _growth(quick: bool) -> list[Row]:
    """How time grows with sources and with the network, and what a settled node costs."""
    from planner.roads.reach import travel_times

    rows = []
    lines = 240 if quick else 720
    for mode in ("walk", "car"):
        net = town.network(mode, lines)
        everywhere = town.at_nodes(net, np.arange(net.n_nodes))
        some = town.at_nodes(net, town.sources(net, 100_000, seed=9)[: 10_000 if quick else 100_000])
        base, few = None, town.at_nodes(net, np.arange(3))
        for demand in (some, everywhere):  # once each: grouped for the searches, kernels loaded
            travel_times(net, few, demand, threads=1)
        for n in (500, 2000, 10_000) if quick else (1000, 10_000, 100_000):
            sites = town.at_nodes(net, np.random.default_rng(3).integers(0, net.n_nodes, n))
            took = cpu(lambda t=net, s=sites, d=some: travel_times(t, s, d, threads=1), 1)
            base = base or took / n
            rows.append(row(f"{mode}: {n:,} sources to {len(some):,} points", round(took, 2), round(base * n, 2),
                            "in proportion to the first", round(base * n / took, 2), "s CPU"))  # fmt: skip
        sites = town.at_nodes(net, town.sources(net, 500 if quick else 2000))
        started = time.process_time()
        nodes = travel_times(net, sites, everywhere, threads=1).seconds.nnz
        million = (time.process_time() - started) / nodes * 1e6
        rows.append(row(f"{mode}: a million reached nodes, results included", round(1000 * million, 1),
                        round(1000 * 1e6 * 96 / _bandwidth(), 1), "96 bytes each at memory bandwidth",
                        round(1e6 * 96 / _bandwidth() / million, 2), "ms CPU"))  # fmt: skip
    if not quick:
        small, large = town.network("walk", 720), town.network("walk", 1440)
        a, b = (ours(net, town.sources(net, 10_000), 3)[0] for net in (small, large))
        rows.append(row("walk: a network 4 times as large", round(1000 * b, 4), round(1000 * a, 4),
                        f"{small.n_nodes:,} nodes", round(a / b, 2), "ms CPU/source", f"{large.n_nodes:,} nodes"))  # fmt: skip
    return rows


def _bandwidth() -> float:
    """Bytes a second that one thread copies (read and written)."""
    a = np.ones(2**25)
    b = a.copy()
    return 2 * a.nbytes / cpu(lambda: np.copyto(b, a), 5)


def _snapping(quick: bool) -> list[Row]:
    from planner.roads.reach import snap

    net = town.network("walk", 240 if quick else 720)
    rng = np.random.default_rng(0)
    at = rng.integers(0, net.n_nodes, 500_000)
    points = np.column_stack([net.x_m[at], net.y_m[at]]) + rng.normal(0, 30, (at.size, 2))
    start = time.process_time()
    snap(net, points[:10])
    first = time.process_time() - start
    took = cpu(lambda: snap(net, points), 5)
    return [row("snapping 500,000 points", round(took, 3), 2.0, "limit", round(2 / took, 1), "s CPU",
                f"the grid of streets once: {first:.2f} s")]  # fmt: skip


def _threads(quick: bool) -> list[Row]:
    """Wall time on two threads; only says something on an idle machine."""
    from planner.roads.reach import travel_times

    net = town.network("car", 240 if quick else 720)
    sites = town.at_nodes(net, town.sources(net, 500 if quick else 4000))
    demand = town.at_nodes(net, town.sources(net, 100_000, seed=2))
    best, before = {}, os.getloadavg()[0]
    for threads in (1, 2):
        took = []
        for _ in range(3):
            start, own, both = time.perf_counter(), time.thread_time(), time.process_time()
            travel_times(net, sites, demand, threads=threads)
            took.append(time.perf_counter() - start)
            own, both = time.thread_time() - own, time.process_time() - both
        best[threads] = min(took)
    return [row("car: wall time on two threads", round(best[2], 3), round(best[1], 3), "one thread",
                round(best[1] / best[2], 2), "s wall", f"must be ≥ 1.7× on an idle machine; load before and after {before:.1f}, {os.getloadavg()[0]:.1f}; "
                f"{own / both:.0%} of the CPU time is work of one thread: at most {2 / (1 + own / both):.2f}×")]  # fmt: skip


_MEMORY = """
import json, sys
from benchmarks import town
from planner.roads.reach import travel_times
def peak(): return next(int(l.split()[1]) for l in open("/proc/self/status") if l.startswith("VmHWM")) / 1024
net = town.network("car", int(sys.argv[1]))
sites, demand = town.at_nodes(net, town.sources(net, 10_000)), town.at_nodes(net, town.sources(net, 100_000, seed=2))
low = peak()
made = travel_times(net, sites, demand)
print(json.dumps({"low": low, "peak": peak(), "pairs": int(made.seconds.nnz)}))
"""


def _memory(quick: bool) -> list[Row]:
    lines = 240 if quick else 720
    town.network("car", lines)
    done = subprocess.run(
        [sys.executable, "-c", _MEMORY, str(lines)], capture_output=True, text=True, check=True, cwd=ROOT
    )
    out = json.loads(done.stdout.strip().splitlines()[-1])
    note = (
        f"{out['pairs']:,} pairs are {8 * out['pairs'] / 2**20:.0f} MB; before the call {out['low']:.0f} MB"
    )
    return [row("peak memory of the process, 10,000 car sources to 100,000 points", round(out["peak"]), 512, "limit",
                round(512 / out["peak"], 2), "MB", note)]  # fmt: skip


PARTS: dict[str, Callable[[bool], Iterable[Row]]] = {
    "same": _same, "snapping": _snapping, "threads": _threads, "memory": _memory,
    **{mode: functools.partial(_mode, mode) for mode in town.KMH},
    "growth": _growth,
}  # fmt: skip


def lines(quick: bool = False, parts: Iterable[str] = PARTS) -> Iterator[Row]:
    """The rows of :func:`run` as they come."""
    for part in parts:
        yield from PARTS[part](quick)


def run(quick: bool = False, parts: Iterable[str] = PARTS) -> list[Row]:
    """Rows of ``what, ours, peer, peer_name, ratio, unit, note``."""
    return list(lines(quick, parts))


if __name__ == "__main__":
    for r in lines(quick="--quick" in sys.argv):
        print(
            f"{r['what']:<66} {r['ours']!s:>9} {r['peer']!s:>9} {r['unit']:<14} {r['ratio']!s:>7}× "
            f"{r['peer_name']:<24} {r['note']}",
            flush=True,
        )
