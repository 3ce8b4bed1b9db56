"""No clock decides: what a search finds depends on the work allowed, not on how fast or how new the machine is."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numba

import planner
from planner.jit import compiling_s

ROOM = Path(planner.__file__).parent
#: A town of 60 sites whose time limit is shorter than compiling the kernels takes.
TOWN = """
import json
import numpy as np
from planner.solvers.problems import maximal_covering
rng = np.random.default_rng(5)
sites, homes = rng.random((60, 2)), rng.random((900, 2))
metres = np.hypot(*(sites[:, None] - homes[None]).transpose(2, 0, 1))
weights = rng.integers(1, 30, 900)
region = np.arange(60) % 3
look = {"time_limit_s": 4.0, "work_limit": 4}
found = [
    maximal_covering(metres < 0.09, weights, 12, region=region, quota_min={0: 3}, quota_max={1: 4}, **look),
]
print(json.dumps([[f.chosen.tolist(), f.objective, f.bound, f.repeatable] for f in found]))
"""


def told(cache: Path) -> list:
    shown = subprocess.run(
        [sys.executable, "-c", TOWN], capture_output=True, text=True, check=True,
        env={**os.environ, "NUMBA_CACHE_DIR": str(cache), "PYTHONPATH": str(ROOM.parent)},
    )  # fmt: skip
    return json.loads(shown.stdout)


def test_the_first_run_after_an_install_finds_what_every_later_run_finds(tmp_path: Path) -> None:
    cold = told(tmp_path)
    assert any(tmp_path.rglob("*.nbc"))  # the kernels were compiled in that run
    assert cold == told(tmp_path)
    assert all(repeatable for *_, repeatable in cold)


def test_only_the_effort_knows_what_time_it_is() -> None:
    for path in [
        p
        for room in ("solvers", "medians", "options", "siting", "actions", "networks", "equity", "use")
        for p in (ROOM / room).rglob("*.py")
    ]:
        if path == ROOM / "solvers" / "effort.py":
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [str(node.module)] if isinstance(node, ast.ImportFrom) else []
            assert not {"time", "datetime"} & set(names), path


def test_compiling_is_counted_apart() -> None:
    before, begun = compiling_s(), time.perf_counter()
    assert numba.njit(lambda a: a * 3 + 1)(2) == 7  # not kept in any cache
    assert 0 < compiling_s() - before <= time.perf_counter() - begun
