"""The main job on real streets, from study file to products, checked against networkx."""

from __future__ import annotations

import json
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

import planner
from planner.roads.reach import snap, travel_times

STUDIES = Path(__file__).resolve().parents[1] / "studies"
NAMES = ("gusu", "nanshan", "liechtenstein")
PRODUCTS = {
    "map.html", "recommendations.xlsx", "recommendations.csv", "plan.gpkg", "report.html", "report.docx",
    "checks.html", "run.json",
}  # fmt: skip

pytestmark = [pytest.mark.real, pytest.mark.slow]


@pytest.fixture(scope="module", params=NAMES)
def done(request, shared_data, tmp_path_factory):
    study = planner.open_study(STUDIES / f"{request.param}.toml")
    out = tmp_path_factory.mktemp(request.param)
    return study, study.run(out), out


def split_graph(network, snapped) -> nx.DiGraph:
    """The network as networkx sees it, with every snapped point inserted as a node of its own."""
    graph = nx.DiGraph()
    on_edge: dict[int, list[int]] = {}
    for i, e in enumerate(snapped.edge):
        if e >= 0:
            on_edge.setdefault(int(e), []).append(i)

    def arc(a, b, seconds):
        if np.isfinite(seconds) and (not graph.has_edge(a, b) or graph[a][b]["s"] > seconds):
            graph.add_edge(a, b, s=float(seconds))

    for e in range(network.n_edges):
        length = network.edge_length_m[e]
        stops = sorted(on_edge.get(e, ()), key=lambda i: snapped.offset_m[i])
        chain = [(int(network.edge_u[e]), 0.0), *((("p", i), float(snapped.offset_m[i])) for i in stops)]
        chain.append((int(network.edge_v[e]), float(length)))
        for (a, x), (b, y) in zip(chain[:-1], chain[1:], strict=True):
            part = (y - x) / length if length > 0 else 1.0
            arc(a, b, network.edge_s_uv[e] * part)
            arc(b, a, network.edge_s_vu[e] * part)
    return graph


def test_every_product_is_there_and_says_before_is_nothing(done) -> None:
    study, run, out = done
    assert {p.name for p in out.iterdir()} >= PRODUCTS
    assert json.loads((out / "run.json").read_text("utf-8")) == run
    assert run["coverage"]["before"]["covered"] == 0
    assert run["stations"]["chosen"] == study.settings.siting.p
    assert run["stations"]["gap"] <= study.settings.study.accept_gap
    shares = run["coverage"]["after"]["by_radius_m"]
    assert 0 < shares["500"] <= shares["667"] <= shares["833"] <= 1


def test_travel_times_agree_with_networkx_for_fifty_pairs(done) -> None:
    study, _, _ = done
    network = study.network("walk")
    rng = np.random.default_rng(50)
    demand = study.demand
    there = demand["point"].iloc[rng.choice(len(demand), min(400, len(demand)), replace=False)]
    sites = study.site_stations().chosen.geometry.iloc[:10]
    here, far = snap(network, sites), snap(network, there, limit_m=400)
    found = travel_times(network, here, far, cutoff_s=600).seconds.tocoo()
    pick = rng.choice(found.nnz, 50, replace=found.nnz < 50)
    both = type(here)(
        **{
            f: np.concatenate([np.asarray(getattr(here, f)), np.asarray(getattr(far, f))])
            for f in ("edge", "offset_m", "metres", "x_m", "y_m")
        },
        index=here.index.append(far.index),
        crs=here.crs,
    )
    graph = split_graph(network, both)
    speed = network.walk_kmh / 3.6
    for i, j, seconds in zip(found.coords[0][pick], found.coords[1][pick], found.data[pick], strict=True):
        inside = nx.dijkstra_path_length(graph, ("p", len(here.edge) + j), ("p", i), weight="s")
        expected = inside + (here.metres[i] + far.metres[j]) / speed
        assert seconds == pytest.approx(expected, abs=0.1)


def test_what_is_printed_as_covered_is_covered_by_networkx(done) -> None:
    study, _, _ = done
    network, plan = study.network("walk"), study.site_stations()
    rng = np.random.default_rng(30)
    demand = study.demand
    rows = rng.choice(len(demand), 30, replace=False)
    here = snap(network, plan.chosen.geometry)
    there = snap(network, demand["point"].iloc[rows], limit_m=200)
    speed = network.walk_kmh / 3.6
    both = type(here)(
        **{
            f: np.concatenate([np.asarray(getattr(here, f)), np.asarray(getattr(there, f))])
            for f in ("edge", "offset_m", "metres", "x_m", "y_m")
        },
        index=here.index.append(there.index),
        crs=here.crs,
    )
    graph = split_graph(network, both)
    near = plan.after.cells["stations"].iloc[rows].to_numpy()
    for k in range(30):
        count = 0
        if there.edge[k] >= 0:
            reach = nx.single_source_dijkstra_path_length(graph, ("p", len(here.edge) + k), cutoff=600, weight="s")
            for i in range(len(here.edge)):
                if ("p", i) in reach:
                    count += reach[("p", i)] + (here.metres[i] + there.metres[k]) / speed <= 600 + 1e-6
        assert near[k] == count
