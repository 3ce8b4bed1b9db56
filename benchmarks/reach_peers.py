"""The peers of :mod:`benchmarks.reach`: each finds who reaches a site within the cutoff, on the same network.

All return CPU seconds of one thread per source and the pairs found per source, and some a note. Those that
are not to be installed beside planner (pandana is AGPL; an older scipy) run in environments of their own.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import tempfile
import time
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import town

HOMES = Path(__file__).resolve().parent / ".peers"
CUTOFF_S = 600.0


def cpu(work: Callable[[], Any], times: int) -> float:
    """Median CPU seconds of this thread over ``times`` calls."""
    took = []
    for _ in range(times):
        start = time.thread_time()
        work()
        took.append(time.thread_time() - start)
    return statistics.median(took)


def _graph(net: Any, kind: Any) -> Any:
    graph = kind()
    graph.add_nodes_from(range(net.n_nodes))
    head, tail, seconds = (a.tolist() for a in town.arcs(net))
    graph.add_weighted_edges_from(zip(head, tail, seconds, strict=True), weight="s")
    return graph


def osmnx_recipe(net: Any, sites: np.ndarray, times: int) -> tuple[float, float]:
    """``networkx.ego_graph`` by travel time, as osmnx's isochrone notebook does."""
    import networkx as nx

    graph, found = _graph(net, nx.MultiDiGraph), []
    took = cpu(
        lambda: found.append(
            [len(nx.ego_graph(graph, s, radius=CUTOFF_S, distance="s")) for s in sites.tolist()]
        ),
        times,
    )
    return took / sites.size, float(np.mean(found[0]))


def networkx_bounded(net: Any, sites: np.ndarray, times: int) -> tuple[float, float]:
    import networkx as nx

    graph, found = _graph(net, nx.DiGraph), []

    def work() -> None:
        search = nx.single_source_dijkstra_path_length
        found.append([len(search(graph, s, cutoff=CUTOFF_S, weight="s")) for s in sites.tolist()])

    return cpu(work, times) / sites.size, float(np.mean(found[0]))


def scipy_matrix(net: Any) -> Any:
    from scipy.sparse import csr_array

    head, tail, seconds = town.arcs(net)
    order = np.lexsort((seconds, tail, head))
    head, tail, seconds = head[order], tail[order], seconds[order]
    first = np.append(True, (np.diff(head) != 0) | (np.diff(tail) != 0))
    return csr_array((seconds[first], (head[first], tail[first])), shape=(net.n_nodes, net.n_nodes))


def scipy_limited(net: Any, sites: np.ndarray, times: int, pairs: bool = False) -> tuple[float, float, str]:
    """In chunks of 100 sources, as scipy's answer is dense: every node, ``inf`` where not reached.

    With ``pairs`` also what turns that into the answer that all others give: who is reached, and when.
    """
    from scipy.sparse.csgraph import dijkstra

    matrix, found = scipy_matrix(net), []

    def work() -> None:
        for chunk in np.array_split(sites, max(1, sites.size // 100)):
            dense = dijkstra(matrix, indices=chunk, limit=CUTOFF_S)
            if pairs:
                at = np.nonzero(np.isfinite(dense))
                found.append(dense[at].astype(np.float32).size / sites.size)

    took = cpu(work, times) / sites.size
    if not pairs:
        found.append(np.isfinite(dijkstra(matrix, indices=sites, limit=CUTOFF_S)).sum() / sites.size)
    return (
        took,
        found[0],
        "counted: " + ("its call and taking the reached pairs" if pairs else "its call alone"),
    )


def scipy_pairs(net: Any, sites: np.ndarray, times: int) -> tuple[float, float, str]:
    """:func:`scipy_limited` with the reached pairs taken from its dense rows."""
    return scipy_limited(net, sites, times, pairs=True)


def plain_heap(net: Any, sites: np.ndarray, times: int) -> tuple[float, float]:
    """Dijkstra with a binary heap in Numba on the same CSR, nodes as they come, ids and seconds kept."""
    from benchmarks.heap import heap_search

    matrix = scipy_matrix(net)
    arrays = matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32), matrix.data
    heap_search(*arrays, sites[:2], CUTOFF_S)
    found = []
    took = cpu(lambda: found.append(heap_search(*arrays, sites, CUTOFF_S)[0].size), times)
    return took / sites.size, found[0] / sites.size


def _elsewhere(
    name: str, packages: tuple[str, ...], net: Any, sites: np.ndarray, times: int
) -> dict[str, Any] | str:
    """What ``{name}_peer.py`` prints in its own environment; the reason where that cannot be made."""
    home = HOMES / name
    python = home / "bin" / "python"
    if not python.exists():
        venv.create(home, with_pip=True)
    done = subprocess.run(
        [python, "-m", "pip", "install", "-q", *packages], capture_output=True, text=True, check=False
    )
    if done.returncode:
        return "not installed: " + (done.stderr.strip().splitlines() or ["?"])[-1][:160]
    head, tail, seconds = town.arcs(net)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "arrays.npz"
        np.savez(path, x=net.x_m, y=net.y_m, head=head, tail=tail, seconds=seconds, sites=sites)
        script = Path(__file__).with_name(f"{name}_peer.py")
        done = subprocess.run([python, script, path, str(times)], capture_output=True, text=True, check=False)
    if done.returncode:
        return "failed: " + (done.stderr.strip().splitlines() or ["?"])[-1][:160]
    out: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return out


def pandana_ranges(net: Any, sites: np.ndarray, times: int) -> tuple[float, float, str] | str:
    """``nodes_in_range``, its preparation not counted."""
    out = _elsewhere("pandana", ("pandana", "numba"), net, sites, times)
    if isinstance(out, str):
        return out
    note = f"pandana {out['version']}, after {out['prepared']:.0f} s CPU of preparation"
    return out["each"], out["found"], note


def old_scipy(net: Any, sites: np.ndarray, times: int) -> tuple[float, float, str] | str:
    """The last scipy whose bounded search still begins with work for every node: its call alone."""
    out = _elsewhere("scipy", ("scipy==1.14.1",), net, sites, times)
    if isinstance(out, str):
        return out
    return out["each"], out["found"], f"scipy {out['version']}; counted: its call alone"
