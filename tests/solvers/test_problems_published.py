"""Published optima: OR-Library pmed1–20, SJC, spopt's San Francisco example; and its solvers as a peer."""

from __future__ import annotations

import csv
import warnings
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse
from scipy.sparse.csgraph import shortest_path

from planner.medians.problems import p_center, p_median
from planner.solvers.problems import maximal_covering, set_covering

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="real data is not beside the checkout")


def pmed(number: int) -> tuple[np.ndarray, int, int]:
    """All-pairs distances (a repeated edge's last row wins), p and the published optimum."""
    tokens = np.array((DATA / "pmed" / f"pmed{number}.txt").read_text().split(), dtype=int)
    n, edges, p = tokens[:3]
    graph = np.zeros((n, n))
    for a, b, cost in tokens[3 : 3 + 3 * edges].reshape(-1, 3):
        graph[a - 1, b - 1] = graph[b - 1, a - 1] = cost
    with (DATA / "pmed" / "optima.csv").open() as file:
        optimum = {row["instance"]: int(row["optimum"]) for row in csv.DictReader(file)}[f"pmed{number}"]
    return shortest_path(graph), int(p), optimum


@needs_data
@pytest.mark.real
@pytest.mark.parametrize("number", range(1, 21))
def test_pmed_is_optimal_and_proven(number: int) -> None:
    distances, p, optimum = pmed(number)
    plan = p_median(distances, None, p, time_limit_s=300)
    assert plan.objective == optimum
    assert plan.status == "optimal"
    assert distances[plan.chosen].min(axis=0).sum() == optimum


def sjc() -> list[tuple[str, float, int, float]]:
    if not DATA.is_dir():
        return []
    with (DATA / "mclp" / "optima.csv").open() as file:
        rows = list(csv.DictReader(file))
    return [(r["instance"], float(r["radius"]), int(r["p"]), float(r["covered"])) for r in rows]


@needs_data
@pytest.mark.real
@pytest.mark.parametrize(("name", "radius", "p", "optimum"), sjc())
def test_sjc_is_optimal(name: str, radius: float, p: int, optimum: float) -> None:
    lines = (DATA / "mclp" / f"{name}.txt").read_text().splitlines()[1:]
    x, y, w = np.array([line.split()[:3] for line in lines if line.strip()], dtype=float).T
    near = np.hypot(x[:, None] - x, y[:, None] - y) <= radius
    plan = maximal_covering(sparse.csr_array(near), w, p, time_limit_s=300)
    assert plan.objective == optimum
    assert plan.status == "optimal"
    assert w[near[plan.chosen].any(axis=0)].sum() == optimum


def san_francisco() -> tuple[np.ndarray, np.ndarray]:
    """spopt's own case: street distances tract × store, and population; skipped where it is not installed."""
    pytest.importorskip("spopt")
    import pandas as pd

    folder = resources.files("spopt") / "tests" / "test_locate" / "data"
    file = folder / "SF_network_distance_candidateStore_16_censusTract_205_new.csv"
    if not file.is_file():
        pytest.skip("this spopt ships no San Francisco data")
    with resources.as_file(file) as path:
        table = pd.read_csv(path)
    with resources.as_file(folder / "SF_demand_205_centroid_uniform_weight.csv") as path:
        people = pd.read_csv(path, index_col=0)
    costs = table.pivot_table(values="distance", index="DestinationName", columns="name")
    people = people.sort_values(by=["NAME"])
    return costs.to_numpy(), people["POP2000"].to_numpy().astype(float)


def spopt_answer(kind: str, *arguments: object, **options: object) -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pulp
        from spopt import locate

        model = getattr(locate, kind).from_cost_matrix(*arguments, **options)
        return model.solve(pulp.HiGHS(msg=False))


@pytest.mark.parametrize("p", [2, 4, 6])
def test_spopts_maximal_covering_of_san_francisco(p: int) -> None:
    costs, people = san_francisco()
    theirs = spopt_answer("MCLP", costs, people, 5000, p_facilities=p)
    covered = np.array([len(found) > 0 for found in theirs.cli2fac])
    ours = maximal_covering(sparse.csr_array((costs <= 5000).T), people, p)
    assert ours.status == "optimal"
    assert ours.objective == pytest.approx(people[covered].sum())


def test_spopts_set_covering_of_san_francisco() -> None:
    costs, _ = san_francisco()
    theirs = spopt_answer("LSCP", costs, 8000)
    number = sum(len(found) > 0 for found in theirs.fac2cli)
    ours = set_covering(sparse.csr_array((costs <= 8000).T))
    assert ours.objective == number
    assert ours.status == "optimal"


@pytest.mark.parametrize("p", [1, 4, 7])
def test_spopts_p_median_of_san_francisco(p: int) -> None:
    costs, people = san_francisco()
    theirs = spopt_answer("PMedian", costs, people, p_facilities=p)
    ours = p_median(costs.T, people, p)
    assert ours.status == "optimal"
    assert ours.objective == pytest.approx(theirs.problem.objective.value(), rel=1e-7)


@pytest.mark.parametrize("p", [2])
def test_spopts_p_center_of_san_francisco(p: int) -> None:
    costs, _ = san_francisco()
    theirs = spopt_answer("PCenter", costs, p_facilities=p)
    ours = p_center(costs.T, p)
    assert ours.status == "optimal"
    assert ours.objective == pytest.approx(theirs.problem.objective.value(), rel=1e-7)
