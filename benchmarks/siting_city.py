"""A synthetic city for siting benchmarks: skewed demand on a lattice, star-shaped service areas, seeded.

The instances whose best known figures are published (S, M, L, XS, S0) come from the generator beside
the checkout where it is there; elsewhere :func:`city` makes equivalent ones of the same sizes.
"""

from __future__ import annotations

import importlib.util
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree

SHARED = Path(__file__).resolve().parents[2] / "shared"
SIZES = {"XS": (3_000, 500, 20), "S0": (10_000, 2_000, 80), "S": (30_000, 5_000, 200),
         "M": (30_000, 20_000, 200), "L": (300_000, 20_000, 200)}  # fmt: skip
EXISTING = {"XS": 102, "S0": 340, "S": 1_019, "M": 1_019, "L": 1_019}


@dataclass(frozen=True)
class Instance:
    """Coverage (sites × demand), weights, what is covered already, p; ``published``: the shared instance."""

    name: str
    covers: sparse.csr_array
    weights: np.ndarray
    covered: np.ndarray
    p: int
    published: bool


def save(name: str, path: Path) -> None:
    """Write an instance to an .npz file, so that a timed process only has to load it."""
    case = instance(name)
    np.savez(
        path, ptr=case.covers.indptr, idx=case.covers.indices, shape=case.covers.shape, weights=case.weights,
        covered=case.covered, p=case.p, published=case.published,
    )  # fmt: skip


def load(name: str, path: Path) -> Instance:
    """Read what :func:`save` wrote."""
    with np.load(path) as file:
        ones = np.ones(len(file["idx"]), bool)
        covers = sparse.csr_array((ones, file["idx"], file["ptr"]), shape=tuple(file["shape"]))
        return Instance(
            name, covers, file["weights"], file["covered"], int(file["p"]), bool(file["published"])
        )


def instance(name: str) -> Instance:
    """The shared instance of that name, or an equivalent one."""
    script = SHARED / "bench" / "siting_instances.py"
    n, m, p = SIZES[name]
    if not script.is_file():
        covers, weights, covered = city(n, m, EXISTING[name], seed=7)
        return Instance(name, covers, weights, covered, p, False)
    spec = importlib.util.spec_from_file_location("siting_instances", script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # the generator writes where it stands
        try:
            module.make(name, n, m, EXISTING[name], 0.2 / (10**0.5 if n > 100_000 else 1))
            with np.load(f"inst_{name}.npz") as found:
                data = {key: found[key] for key in ("w", "cptr", "cidx", "pre")}
        finally:
            os.chdir(here)
    ones = np.ones(len(data["cidx"]), np.int8)
    covers = sparse.csr_array((ones, data["cidx"], data["cptr"]), shape=(m, n))
    return Instance(name, covers, data["w"].astype(float), data["pre"], p, True)


def city(n: int, m: int, existing: int, *, seed: int) -> tuple[sparse.csr_array, np.ndarray, np.ndarray]:
    """Coverage, integer weights and what existing stations cover, for ``n`` cells and ``m`` candidates."""
    rng = np.random.default_rng(seed)
    points, density, weights = ground(rng, n)
    tree = cKDTree(points)
    candidates = areas(rng, points, density, tree, m, power=0.35, size=1.0)
    stations = areas(rng, points, density, tree, existing, power=1.1, size=0.6)
    covered = np.zeros(n, bool)
    covered[stations.indices] = True
    return candidates, weights, covered


def ground(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """``n`` cells of a city of towns: where they stand (km), how dense it is there, integer weights."""
    cell = 0.2 if n <= 100_000 else 0.2 / 10**0.5
    side = 90.0 * (n * cell * cell / 1200.0) ** 0.5  # km; the same density at every size
    centres = rng.uniform(4, side - 4, (max(12, int(170 * (side / 90) ** 2)), 2))
    spread = rng.uniform(0.8, 2.5, len(centres))
    height = rng.lognormal(0, 0.8, len(centres))
    big = max(2, int(10 * (side / 90) ** 2))
    spread[:big], height[:big] = rng.uniform(3, 7, big), rng.uniform(3, 8, big)
    line = np.arange(cell / 2, side, cell)
    lattice = np.stack(np.meshgrid(line, line), axis=-1).reshape(-1, 2)
    density = np.full(len(lattice), 0.02)
    for c, s, a in zip(centres, spread, height, strict=True):
        density += a * np.exp(-((lattice - c) ** 2).sum(axis=1) / (2 * s * s))
    rank = density**0.8 * rng.exponential(1, len(lattice)) ** 0.35
    kept = np.sort(np.argpartition(-rank, n)[:n])
    points, density = lattice[kept], density[kept]
    mean = 25 * (cell / 0.2) ** 2
    weights = np.maximum(1.0, np.rint(mean * density / density.mean() * rng.lognormal(0, 0.9, n)))
    return points, density, weights


def areas(
    rng: np.random.Generator, points: np.ndarray, density: np.ndarray, tree: cKDTree, k: int, *,
    power: float, size: float,
) -> sparse.csr_array:  # fmt: skip
    """Star-shaped areas around ``k`` sites drawn by density: radius r · (1 + e · cos(lobes · angle))."""
    share = density**power
    sites = points[rng.choice(len(points), k, p=share / share.sum())] + rng.normal(0, 0.25, (k, 2))
    radius, lobes = size * rng.uniform(0.6, 1.6, k), rng.integers(2, 5, k)
    phase, bulge = rng.uniform(0, 2 * np.pi, k), rng.uniform(0.05, 0.35, k)
    columns = []
    for i, near in enumerate(tree.query_ball_point(sites, radius * (1 + bulge))):
        inside = np.array(sorted(near), dtype=np.int64)
        d = points[inside] - sites[i]
        reach = radius[i] * (1 + bulge[i] * np.cos(lobes[i] * np.arctan2(d[:, 1], d[:, 0]) + phase[i]))
        columns.append(inside[np.hypot(d[:, 0], d[:, 1]) <= reach])
    ptr = np.concatenate([[0], np.cumsum([len(c) for c in columns])])
    idx = np.concatenate(columns)
    return sparse.csr_array((np.ones(len(idx), np.int8), idx, ptr), shape=(k, len(points)))


def circles(seed: int, radius: float, n: int = 100_000, m: int = 100) -> tuple[sparse.csr_array, np.ndarray]:
    """Cordeau, Furini & Ljubić's classes: points in [0, 30]², weights 1–100, sites covering a circle."""
    rng = np.random.default_rng(seed)
    points, sites = rng.uniform(0, 30, (n, 2)), rng.uniform(0, 30, (m, 2))
    near = [np.sort(found) for found in cKDTree(points).query_ball_point(sites, radius)]
    ptr = np.concatenate([[0], np.cumsum([len(c) for c in near])])
    idx = np.concatenate(near)
    covers = sparse.csr_array((np.ones(len(idx), np.int8), idx, ptr), shape=(m, n))
    return covers, rng.integers(1, 101, n).astype(float)
