"""Covering with options beside HiGHS on the whole model: CPU seconds, gaps, memory, on one made-up city.

Every solve stands in a process of its own, compiled code warm.

    python -m benchmarks options[:city,highs,frontier]
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks.siting import ROOT, row

_HEAD = """
import json, resource, sys, time
import numpy as np
from scipy import sparse
from benchmarks.options_city import options_city
from planner.options.problems import maximal_covering_options
from planner.options.request import check_options, relimited
from planner.options.solve import solve_options
from planner.solvers.effort import effort
given = json.loads(sys.argv[1])
city = options_city(**given["city"])
rng = np.random.default_rng(0)
toy = dict(covers=sparse.csr_array(rng.random((60, 3000)) < 0.1), weights=rng.random(3000), place=np.arange(60) // 3,
           must=[0], use={"money": rng.random(60)}, most={"money": 3.0})
maximal_covering_options(**toy, work_limit=4)  # compile, or load what is compiled
"""
_TAIL = """
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({**out, "cpu": cpu, "wall": wall, "mb": peak, "before": city.before,
                  "size": [*city.covers.shape, city.covers.nnz]}))
"""
_OURS = """
cpu, wall = time.process_time(), time.perf_counter()
plan = maximal_covering_options(city.covers, city.weights, city.place, must=city.must, use=city.use, most=city.most,
                                time_limit_s=3600, work_limit=given["work"], seed=given["seed"])
cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
out = {"objective": plan.objective, "bound": plan.bound, "repeatable": plan.repeatable}
"""
_FRONTIER = """
request = check_options(city.covers, city.weights, city.place, must=city.must, use=city.use, most=city.most)
cpu, wall, last, gaps = time.process_time(), time.perf_counter(), None, []
for share in np.linspace(0.1, 2.0, 20):
    one = relimited(request, most={name: share * most for name, most in city.most.items()})
    last = solve_options(one, effort(3600, 1e-4, given["work"], 0), last)
    plan = last.solution
    gaps.append([plan.objective, plan.bound, last.per_unit["one-off"]])
cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
out = {"gaps": gaps}
"""
_HIGHS = """
import highspy
cpu, wall = time.process_time(), time.perf_counter()
m, n = city.covers.shape
places = int(city.place.max()) + 1
one = sparse.csr_array((np.ones(m), (city.place, np.arange(m))), shape=(places, m))
money = sparse.csr_array(np.stack(list(city.use.values())))
rows = sparse.vstack([sparse.hstack([city.covers.T.astype(float), -sparse.eye_array(n)]),
                      sparse.hstack([one, sparse.csr_array((places, n))]),
                      sparse.hstack([money, sparse.csr_array((2, n))])]).tocsc()
must = np.isin(np.arange(places), city.must)
lp = highspy.HighsLp()
lp.num_col_, lp.num_row_ = m + n, n + places + 2
lp.col_cost_, lp.col_lower_, lp.col_upper_ = np.r_[np.zeros(m), -city.weights], np.zeros(m + n), np.ones(m + n)
lp.row_lower_ = np.r_[np.zeros(n), must.astype(float), [-np.inf, -np.inf]]
lp.row_upper_ = np.r_[np.full(n, np.inf), np.ones(places), list(city.most.values())]
lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = rows.indptr, rows.indices, rows.data
kind = highspy.HighsVarType
lp.integrality_ = [kind.kInteger] * m + [kind.kContinuous] * n
highs = highspy.Highs()
for name, value in {"output_flag": False, "threads": 1, "time_limit": 6.0 * given["seconds"], "mip_rel_gap": 0.0}.items():
    highs.setOptionValue(name, value)
def stop(event):  # on a busy machine CPU seconds are what is fair
    if time.process_time() - cpu > given["seconds"]:
        event.interrupt()
for pause in (highs.cbMipInterrupt, highs.cbSimplexInterrupt, highs.cbIpmInterrupt):
    pause.subscribe(stop)
highs.passModel(lp)
highs.run()
cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
info = highs.getInfo()
found = info.primal_solution_status == 2
bound = -info.mip_dual_bound
out = {"objective": -info.objective_function_value if found else None, "bound": bound if np.isfinite(bound) else None,
       "status": str(highs.getModelStatus())}
"""
#: Rounds of work for one plan (those of 60 s), for each of a frontier's; CPU seconds for HiGHS.
WORK, WORK_EACH, HIGHS_S = 600, 60, 300


def timed(body: str, **given: Any) -> dict[str, Any]:
    """Run one piece in a fresh process; its findings with CPU and wall seconds and peak memory."""
    done = subprocess.run(
        [sys.executable, "-c", _HEAD + body + _TAIL, json.dumps(given)],
        capture_output=True, text=True, check=True, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    return json.loads(done.stdout.strip().splitlines()[-1])


def _city(quick: bool) -> dict[str, Any]:
    return (
        {"existing": 150, "candidates": 900, "points": 8000, "budget": 1.8e6, "yearly": 9e5} if quick else {}
    )


def _gap(found: dict[str, Any]) -> tuple[float, float]:
    """Gap in per cent of covered and of newly covered."""
    missing = found["bound"] - found["objective"]
    return 100 * missing / found["objective"], 100 * missing / (found["objective"] - found["before"])


def _ours(quick: bool) -> Iterator[dict[str, Any]]:
    runs = [timed(_OURS, city=_city(quick), work=WORK, seed=seed) for seed in range(1 if quick else 3)]
    worst = max(runs, key=lambda run: _gap(run)[1])
    m, n, pairs = worst["size"]
    covered, newly = _gap(worst)
    sizes = f"{m:,} options × {n:,} columns, {pairs:,} pairs; worst of {len(runs)} seeds"
    note = (
        f"covered {worst['objective']:,.0f}, bound {worst['bound']:,.0f}; {worst['wall']:.1f} s wall; {sizes}"
    )
    yield row("gap of covered", round(covered, 4), 0.2, "target", round(0.2 / covered, 2), "%", note)
    yield row("gap of newly covered", round(newly, 4), 1.0, "target", round(1.0 / newly, 2), "%")
    cpu, mb = max(run["cpu"] for run in runs), max(run["mb"] for run in runs)
    yield row("time of it", round(cpu, 1), 40, "target", round(40 / cpu, 2), "s CPU")
    yield row(
        "peak memory",
        round(mb),
        2000,
        "target",
        round(2000 / mb, 2),
        "MB",
        "whole process, the instance made in it",
    )


def _highs(quick: bool) -> Iterator[dict[str, Any]]:
    us = timed(_OURS, city=_city(quick), work=WORK, seed=0)
    seconds = 30 if quick else HIGHS_S
    peer = timed(_HIGHS, city=_city(quick), seconds=seconds)
    within = f"whole model, {seconds} s CPU allowed"
    covered = peer["objective"] and round(peer["objective"])
    note = f"{peer['status'].rsplit('.', 1)[-1]} after {peer['cpu']:.0f} s CPU; {peer['mb']:,.0f} MB"
    yield row(
        "covered",
        round(us["objective"]),
        covered,
        f"HiGHS, {within}",
        covered and round(us["objective"] / covered, 3),
        "weight",
        note,
    )
    bound = peer["bound"] and round(peer["bound"])
    yield row(
        "bound",
        round(us["bound"]),
        bound,
        f"HiGHS, {within}",
        bound and round(bound / us["bound"], 3),
        "weight",
    )
    yield row(
        "CPU spent",
        round(us["cpu"], 1),
        round(peer["cpu"], 1),
        f"HiGHS, {within}",
        round(peer["cpu"] / us["cpu"], 1),
        "s CPU",
    )


def _frontier(quick: bool) -> Iterator[dict[str, Any]]:
    found = timed(_FRONTIER, city=_city(quick), work=WORK_EACH)
    newly = [100 * (b - o) / (o - found["before"]) for o, b, _ in found["gaps"]]
    note = f"gap of newly covered at most {max(newly):.2f} %, one-off price falls from {found['gaps'][0][2]:.4f} to {found['gaps'][-1][2]:.4f} per yuan"
    yield row(
        "frontier over 20 budgets, each from its neighbour",
        round(found["cpu"], 1),
        None,
        "",
        None,
        "s CPU",
        note,
    )


def lines(quick: bool = False, parts: Sequence[str] = ()) -> Iterator[dict[str, Any]]:
    """Rows of ``what, ours, peer, peer_name, ratio, unit, note``, as they come; ``parts`` names some of them."""
    for name, part in {"city": _ours, "frontier": _frontier, "highs": _highs}.items():
        if not parts or name in parts:
            yield from part(quick)


def run(quick: bool = False) -> list[dict[str, Any]]:
    """All rows at once."""
    return list(lines(quick))
