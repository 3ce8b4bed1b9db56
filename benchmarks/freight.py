"""Driver homes, measured: assignment against networkx, siting against the whole model in HiGHS, Suzhou in full.

``python -m benchmarks.freight [--quick]`` prints the rows; every ratio is of CPU seconds in one run.
"""

from __future__ import annotations

import itertools
import sys
import time
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
from scipy import sparse

from planner.freight.assign import assign
from planner.freight.choose import master as fm
from planner.freight.choose import problem as fp
from planner.freight.flows import Trips
from planner.freight.graph import build_graph
from planner.roads.network import Network, read_network
from planner.roads.reach import snap

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


def _row(what: str, ours: float, peer: float | None, name: str, unit: str, note: str = "") -> dict[str, Any]:
    ratio = round(peer / ours, 1) if peer is not None and ours > 0 else ""
    return {
        "what": what, "ours": round(ours, 3), "peer": "" if peer is None else round(peer, 3), "peer_name": name,
        "ratio": ratio, "unit": unit, "note": note,
    }  # fmt: skip


def assignment(network: Network, zones: int) -> tuple[float, float, float, float]:
    """CPU seconds and vehicle-hours of an all-or-nothing assignment, ours and by networkx's trees."""
    random = np.random.default_rng(1)
    nodes = random.choice(np.flatnonzero(network.counts), zones, replace=False)
    xy = np.column_stack([network.x_m, network.y_m])[nodes]
    graph = build_graph(network, snap(network, xy, limit_m=1))
    trips = random.uniform(0, 10, (zones, zones)) * (1 - np.eye(zones))
    none = np.zeros_like(trips)
    every = Trips(trips, none, none, 0.0, 1.0)
    assign(
        graph, graph.place[:1], graph.place[:1], Trips(trips[:1, :1], none[:1, :1], none[:1, :1], 0.0, 1.0)
    )
    t = time.process_time()
    ours = assign(graph, graph.place, graph.place, every)
    t_ours = time.process_time() - t
    plain = nx.DiGraph()
    for u, v, uv, vu in zip(
        network.edge_u.tolist(), network.edge_v.tolist(), network.edge_s_uv, network.edge_s_vu, strict=True
    ):
        for a, b, s in ((u, v, uv), (v, u, vu)):
            if np.isfinite(s) and s < plain.get_edge_data(a, b, {"s": np.inf})["s"]:
                plain.add_edge(a, b, s=float(s))
    t = time.process_time()
    load: dict[tuple[int, int], float] = {}
    hours = 0.0
    for i, o in enumerate(nodes.tolist()):
        seconds, ways = nx.single_source_dijkstra(plain, o, weight="s")
        for j, d in enumerate(nodes.tolist()):
            hours += trips[i, j] * seconds.get(d, 0.0) / 3600
            way = ways.get(d, [])
            for arc in itertools.pairwise(way):
                load[arc] = load.get(arc, 0.0) + trips[i, j]
    return t_ours, time.process_time() - t, ours.vehicle_hours, hours


def random_homes(segments: int, homes: int, seed: int = 0, *, tight: bool = True) -> fp.HomesProblem:
    """A city of segments and homes; ``tight``: bays, not drivers, are what is short."""
    random = np.random.default_rng(seed)
    spots, towns = random.uniform(0, 100, (homes, 2)), random.uniform(0, 100, (segments, 2))
    near = np.hypot(*(towns[:, None] - spots[None]).transpose(2, 0, 1)) < 15
    drivers = random.lognormal(4, 1, segments).round()
    capacity = random.integers(20, 60, homes) * (20.0 if tight else 100.0)
    far = np.hypot(*(spots[:, None] - spots[None]).transpose(2, 0, 1))
    pairs = np.argwhere(np.triu(far < 5, 1))
    return fp.HomesProblem(sparse.csr_array(near), drivers, capacity, np.zeros(homes, bool), pairs)


def whole_model(p: fp.HomesProblem, count: int) -> tuple[float, float]:
    """The same problem with every driver's choice as a variable, in HiGHS: value and CPU seconds."""
    import highspy

    at = p.reach.tocoo()
    k, h = at.coords
    m, n = p.reach.shape
    model = highspy.Highs()
    model.setOptionValue("output_flag", False)
    model.setOptionValue("threads", 1)
    model.setOptionValue("time_limit", 120.0)
    start = time.process_time()
    for _ in range(n):
        model.addVar(0.0, 1.0)
    for i in range(n):
        model.changeColIntegrality(i, highspy.HighsVarType.kInteger)
    for j in range(len(k)):
        model.addVar(0.0, float(p.drivers[k[j]]))
        model.changeColCost(n + j, -1.0)
    inf = highspy.kHighsInf
    for segment in range(m):
        mine = n + np.flatnonzero(k == segment)
        model.addRow(-inf, float(p.drivers[segment]), len(mine), mine.astype(np.int32), np.ones(len(mine)))
    for home in range(n):
        mine = n + np.flatnonzero(h == home)
        columns = np.r_[home, mine].astype(np.int32)
        model.addRow(-inf, 0.0, len(columns), columns, np.r_[-p.capacity[home], np.ones(len(mine))])
    model.addRow(-inf, float(count), n, np.arange(n, dtype=np.int32), np.ones(n))
    for a, b in p.conflicts:
        model.addRow(-inf, 1.0, 2, np.array([a, b], np.int32), np.ones(2))
    model.run()
    return -model.getInfo().objective_function_value, time.process_time() - start


def siting(segments: int, homes: int, count: int, *, tight: bool) -> tuple[float, float, float, float]:
    """CPU seconds and drivers, ours and the whole model's."""
    p = random_homes(segments, homes, tight=tight)
    start = time.process_time()
    best = fm.most(fm.Master(p), count, base=0.0, gap=1e-4, seconds=120)
    ours = time.process_time() - start
    value, peer = whole_model(p, count)
    return ours, peer, best.drivers if best else 0.0, value


def suzhou() -> dict[str, float]:
    """CPU seconds of flows, assignment and siting in the embedded Suzhou, inputs and networks at hand."""
    import planner
    from planner.freight.homes import plan_homes
    from planner.freight.model import run_model
    from planner.freight.start import TruckGround
    from planner.inputs.truck_lists import read_truck_lists, read_truck_tags

    study = planner.open_study()
    settings, network, hosts = study.settings, study.network("truck"), study.hosts
    given = settings.inputs
    ground = TruckGround(
        districts=study.districts, hosts=hosts, demand=study.demand, landuse=study.layers["landuse"],
        main_roads=study.layers["main_roads"],
        tags=read_truck_tags(settings.inputs.streets.path, hosts["host_id"].astype(str)),
        lists=read_truck_lists(given.truck_counts, given.truck_sites, given.driver_homes, crs=study.crs),
    )  # fmt: skip
    start = time.process_time()
    model = run_model(settings.freight, network, ground, seed=settings.study.seed)
    plan = plan_homes(settings.freight, model, network)
    return {
        "seconds": time.process_time() - start,
        "homes": len(plan.chosen),
        "drivers": plan.drivers,
        "gap": plan.solution.gap,
    }


def run(quick: bool = False) -> list[dict[str, Any]]:
    """Rows of ``what, ours, peer, peer_name, ratio, unit, note``."""
    rows = []
    path = SHARED / "nanshan" / "nanshan.osm"
    if path.is_file():
        zones = 10 if quick else 40
        ours, peer, a, b = assignment(read_network(path, "truck", turn_restrictions=False), zones)
        note = f"vehicle-hours {a:,.2f} and {b:,.2f}"
        rows.append(
            _row(f"all-or-nothing assignment, {zones} zones, Nanshan", ours, peer, "networkx", "CPU s", note)
        )
    for tight in (True, False):
        size = (200, 60, 8) if quick else (600, 150, 12)
        ours, peer, a, b = siting(*size, tight=tight)
        what = f"most drivers, {size[0]} segments × {size[1]} sites, {size[2]} homes, {'bays' if tight else 'drivers'} short"
        rows.append(_row(what, ours, peer, "HiGHS, whole model", "CPU s", f"drivers {a:,.0f} and {b:,.0f}"))
    if not quick:
        s = suzhou()
        note = f"{s['homes']:.0f} homes, {s['drivers']:,.0f} drivers, gap {s['gap']:.3%}"
        rows.append(
            _row(
                "driver homes of Suzhou: flows, assignment, siting",
                s["seconds"],
                60.0,
                "limit of 60 s",
                "CPU s",
                note,
            )
        )
    return rows


if __name__ == "__main__":
    for r in run(quick="--quick" in sys.argv):
        print(
            f"{r['what']:<76} {r['ours']:>9} {r['peer']!s:>9} {r['unit']:<6} {r['ratio']!s:>7}× {r['peer_name']:<20} {r['note']}"
        )
