"""The worker-density room, measured: speed and growth, known cities found again, real venues withheld.

``python -m benchmarks.demand`` prints every table of docs/worker-density.md and draws its figure;
``run(quick)`` gives the rows of ``make bench``.
"""

from __future__ import annotations

import argparse
import sys
import time
import tracemalloc
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from benchmarks.demand_places import cells_of
from planner.demand.cells import make_cells
from planner.demand.covariates import LABELS
from planner.demand.estimate import estimate, estimate_in_full
from planner.demand.grid import Grid, grid_of
from planner.demand.kernels import Smoother, smooth
from planner.demand.levels.model import poisson_deviance
from planner.demand.levels.validate import blocks, foretell
from planner.demand.observations import aggregate
from planner.settings.groups import Group, Period
from planner.settings.reading import defaults

ROOT = Path(__file__).resolve().parents[1]
PERIODS = [Period(**p) for p in defaults()["periods"]]
GROUPS = [Group(**g) for g in defaults()["groups"]]
DRAWN = ("restaurants", "malls", "offices", "depots", "hubs", "chargers", "logistics", "ports", "industry",
         "construction")  # fmt: skip


def seven() -> list[Group]:
    """All seven default groups, building workers switched on with a total."""
    return [
        g.model_copy(update={"total": 20_000.0, "enabled": True}) if g.name == "builder" else g
        for g in GROUPS
    ]


def plain_city(side: int) -> tuple[gpd.GeoDataFrame, pd.DataFrame, gpd.GeoDataFrame]:
    """``side`` × ``side`` cells of 200 m with something in each, in ten districts."""
    rng = np.random.default_rng(0)
    metres, x0, y0 = 200.0 * side, 500_000.0, 3_400_000.0
    area = shapely.box(x0, y0, x0 + metres, y0 + metres)
    strips = [
        shapely.box(x0 + i * metres / 10, y0, x0 + (i + 1) * metres / 10, y0 + metres) for i in range(10)
    ]
    districts = gpd.GeoDataFrame(
        {"district": [f"d{i}" for i in range(10)], "population": 1.3e6}, geometry=strips, crs="EPSG:4549"
    )
    cells = make_cells(area, cell_m=200, crs="EPSG:4549", districts=districts)
    n = len(cells)
    columns = {
        "population": rng.gamma(0.5, 200, n),
        "streets": rng.gamma(2, 150, n) + 1,
        "main_streets": rng.gamma(0.3, 100, n),
    }
    columns |= {name: rng.poisson(0.1, n).astype(float) for name in DRAWN}
    return cells, pd.DataFrame(columns, index=cells.index), districts


def speed(side: int) -> dict[str, float]:
    """CPU seconds and peak MB of one estimate with its ensemble, and without (two draws)."""
    from planner.settings.demand import Demand

    cells, covariates, districts = plain_city(side)
    args: dict[str, Any] = {"periods": PERIODS, "districts": districts, "seed": 1}
    estimate(cells.iloc[:500], covariates.iloc[:500], seven(), **args)
    start = time.process_time()
    table, _ = estimate(cells, covariates, seven(), **args)
    whole = time.process_time() - start
    start = time.process_time()
    estimate(cells, covariates, seven(), settings=Demand(ensemble=2), **args)
    bare = time.process_time() - start
    tracemalloc.start()
    estimate(cells, covariates, seven(), **args)
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return {"cells": float(len(table)), "seconds": whole, "without_ensemble": bare, "mb": peak}


def kernel_ratio(cells: int) -> tuple[float, float]:
    """CPU seconds of one bandwidth by this room's kernel and by scikit-learn's KernelDensity."""
    from sklearn.neighbors import KernelDensity

    side = int(np.sqrt(cells))
    row, col = np.divmod(np.arange(side * side), side)
    grid = Grid(200.0, col, row)
    counts = np.random.default_rng(0).poisson(0.2, side * side).astype(float)
    start = time.process_time()
    Smoother(grid, 450.0)(counts)
    ours = time.process_time() - start
    xy = np.column_stack([grid.x_m, grid.y_m])
    start = time.process_time()
    KernelDensity(bandwidth=450.0, rtol=1e-3).fit(
        xy[counts > 0], sample_weight=counts[counts > 0]
    ).score_samples(xy)
    return ours, time.process_time() - start


def recovery(cities: int = 4) -> pd.DataFrame:
    """Known cities found again: error, deviance and band by size of the sample."""
    sys.path.insert(0, str(ROOT / "tests" / "demand"))
    from city import make_city

    from planner.demand.ensemble import band

    rows = []
    for seed in range(cities):
        city = make_city(seed)
        block = blocks(city.cells, block_m=1000)
        truth = np.bincount(block, city.truth)
        for share in (None, 0.01, 0.05, 0.2):
            seen = None
            if share is not None:
                seen, _ = aggregate(city.sample(share, seed).assign(group="rider"), city.cells, share=share)
            full = estimate_in_full(
                city.cells, city.covariates, [city.group], periods=PERIODS, observations=seen, seed=seed
            )
            workers = full.demand["workers"].reindex(city.cells.index).fillna(0).to_numpy()
            draws = np.zeros((len(full.surfaces), len(city.cells)))
            draws[:, city.cells.index.get_indexer(full.demand.index)] = full.surfaces
            low, high = band(np.stack([np.bincount(block, d) for d in draws]))
            scores = full.scores.get("rider")
            km = "km blocks"
            rows.append(
                {
                    "sample": "none" if share is None else f"{share:.0%}",
                    "error per km² block": float(
                        np.sqrt(np.mean((np.bincount(block, workers) - truth) ** 2))
                    ),
                    "deviance from the truth": poisson_deviance(city.truth, workers),
                    "inside the band": float(np.mean((truth >= low) & (truth <= high))),
                    "withheld blocks": np.nan if scores is None else scores.loc[km, "against_constant"],
                    "random cells": np.nan
                    if scores is None
                    else scores.loc["random cells", "against_constant"],
                    "withheld blocks, against (a)": np.nan
                    if scores is None
                    else scores.loc[km, "against_weights"],
                    "regression kept": float(full.levels["rider"] == "regression"),
                }
            )
    return pd.DataFrame(rows).groupby("sample", sort=False).mean()


def places() -> pd.DataFrame:
    """Restaurants of real places withheld by block and foretold; the mean of five divisions into folds."""
    rows = []
    for place, cell_m in (("Liechtenstein", 200.0), ("Helsinki", 100.0)):
        found = cells_of(place, cell_m=cell_m)
        if found is None:
            continue
        cells, covariates = found
        smoothed = without_target(cells, covariates)
        tables = [foretell(cells, smoothed, block_m=8 * cell_m, seed=s) for s in range(5)]
        mean = pd.concat(tables).groupby(level=0, sort=False).mean()
        rows.append(mean.assign(venues=f"{mean['venues'].iloc[0]:.0f}", place=place).reset_index())
    return pd.concat(rows).set_index(["place", "scheme"]) if rows else pd.DataFrame()


def without_target(
    cells: gpd.GeoDataFrame, covariates: pd.DataFrame, target: str = "restaurants"
) -> pd.DataFrame:
    """Covariates smoothed by their own bandwidths, the target left as counted."""
    loose = [c for c in (*DRAWN, "shops") if c != target and covariates[c].sum() > 0]
    return smooth(covariates, grid_of(cells), columns=loose)[0]


def sensitivity() -> tuple[pd.DataFrame, pd.DataFrame]:
    """What changes in the embedded Suzhou if an assumption is 30 % off: totals and coverage; the map."""
    import planner

    study = planner.open_study()
    by_group = study.coverage().by_group.set_index("group")
    workers, covered = by_group["workers"].sum(), by_group["covered"].sum()
    rows = []
    for g in study.settings.headline_groups:
        w, c = by_group.loc[g.name, "workers"], by_group.loc[g.name, "covered"]
        up, down = ((covered + k * c) / (workers + k * w) - covered / workers for k in (0.3, -0.3))
        rows.append({"rate": g.name, "workers": w, "all workers": 0.3 * w / workers, "share covered, +30 %": up,
                     "share covered, −30 %": down})  # fmt: skip
    return pd.DataFrame(rows).set_index("rate"), _map_changes(study)


def _map_changes(study: Any) -> pd.DataFrame:
    """Share of the headline workers that stand in another cell when an assumption of the map is 30 % off."""
    made = study.stages.value("demand")
    demand, covariates = study.demand, made.covariates.loc[study.demand.index]
    groups = study.settings.headline_groups
    from planner.demand.calibrate import to_totals
    from planner.demand.levels.weights import mix

    zones = pd.Index(sorted(demand["district"].unique()))
    zone = zones.get_indexer(demand["district"])
    side = float(np.sqrt(demand.geometry.iloc[0].area))
    xy = shapely.get_coordinates(shapely.centroid(demand.geometry.to_numpy()))
    grid = Grid(side, np.floor(xy[:, 0] / side).astype(np.int64), np.floor(xy[:, 1] / side).astype(np.int64))

    def workers(factor: dict[str, float], bandwidth: float = 1.0, elasticity: float = 1.0) -> np.ndarray:
        table = covariates.copy()
        for name, metres in made.bandwidths_m.items():
            table[name] = Smoother(grid, metres * bandwidth)(covariates[name].to_numpy())
        total = np.zeros(len(table))
        for g in groups:
            shares = {k: v * factor.get(k, 1.0) for k, v in g.covariates.items()}
            weight = mix(table, shares, dict.fromkeys(shares, elasticity))
            total += to_totals(
                weight, zone, made.controls[g.name].reindex(zones).to_numpy(), np.ones(zone.size)
            )
        return total

    base = workers({})
    names = sorted({k for g in groups for k in g.covariates})
    changes = {f"share that follows {LABELS[n][0]}": ({n: 1.3}, {n: 0.7}) for n in names}
    rows = {
        what: [float(np.abs(workers(f) - base).sum() / 2 / base.sum()) for f in pair]
        for what, pair in changes.items()
    }
    for what, key in (
        ("bandwidth of the smoothing", "bandwidth"),
        ("elasticity of every covariate", "elasticity"),
    ):
        rows[what] = [
            float(np.abs(workers({}, **{key: v}) - base).sum() / 2 / base.sum()) for v in (1.3, 0.7)
        ]
    return pd.DataFrame.from_dict(rows, orient="index", columns=["moved, +30 %", "moved, −30 %"])


def figure(path: Path) -> None:
    """Restaurants withheld by block: seen and foretold per block, both places."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    from planner.demand.levels.model import DemandModel
    from planner.demand.levels.validate import folds, held_out

    fig, axes = plt.subplots(1, 2, figsize=(8, 3.6), layout="constrained")
    for ax, (place, cell_m) in zip(axes, (("Liechtenstein", 200.0), ("Helsinki", 100.0)), strict=True):
        found = cells_of(place, cell_m=cell_m)
        if found is None:
            continue
        cells, covariates = found
        table = without_target(cells, covariates)
        y, rest = table["restaurants"].to_numpy(), table.drop(columns="restaurants")
        rest = rest.loc[:, rest.max() > rest.min()]
        block = blocks(cells, block_m=8 * cell_m)
        mu, _ = held_out(DemandModel(), rest, y, np.ones(y.size), folds(block, 5, 0, weight=y))
        fine = blocks(cells, block_m=4 * cell_m)
        seen, foretold = np.bincount(fine, y), np.bincount(fine, mu)
        top = max(seen.max(), foretold.max()) * 1.05
        ax.plot([0, top], [0, top], color="0.7", lw=1)
        for scale in (ax.set_xscale, ax.set_yscale):  # square roots: counts of all sizes spread alike
            scale("function", functions=(lambda v: np.sqrt(np.maximum(v, 0)), np.square))
        ax.scatter(foretold, seen, s=14, alpha=0.6, color="#b2432f", linewidths=0)
        ax.set(title=f"{place}: {int(y.sum())} restaurants", xlabel=f"foretold per block of {4 * cell_m:g} m",
               ylabel="in the file", xlim=(0, top), ylim=(0, top))  # fmt: skip
    fig.suptitle(
        "Restaurants withheld by blocks, foretold from residents, streets and other venues", fontsize=10
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    fig.savefig(path, dpi=90, metadata={"Software": None})
    plt.close(fig)


def run(quick: bool = False) -> list[dict[str, Any]]:
    """Rows of ``what, ours, peer, peer_name, ratio, unit, note``."""
    side = 194 if quick else 388
    large, small = speed(side), speed(side // 2)
    name = f"worker density, {large['cells']:,.0f} cells × 7 groups × 5 periods, 100 draws"
    ours, peer = kernel_ratio(2_500 if quick else 10_000)
    rows = [
        _row(name, large["seconds"], large["without_ensemble"], "the same with 2 draws", "CPU s"),
        _row(f"{name}: memory", large["mb"], small["mb"], "a quarter of the cells", "MB"),
        _row("worker density: growth for 4 × the cells", large["seconds"], small["seconds"], "a quarter of the cells",
             "CPU s"),
        _row("one kernel bandwidth on the grid", ours, peer, "scikit-learn KernelDensity", "CPU s", growth=False),
    ]  # fmt: skip
    found = recovery(1 if quick else 4)
    error = found["error per km² block"]
    rows += [
        _row(
            f"known city found again, {k} sample: error per km² block",
            error[k],
            error["none"],
            "weights (a)",
            "workers",
            growth=False,
        )
        for k in ("1%", "5%", "20%")
    ]
    real = places()
    lines = real.xs("km blocks", level="scheme").itertuples() if len(real) else []
    rows += [
        _row(f"{k.Index}: restaurants withheld by block, deviance explained", k.against_constant,
             k.population_against_constant, "residents alone", "share")
        for k in lines
    ]  # fmt: skip
    return rows


def _row(
    what: str, ours: float, peer: float, peer_name: str, unit: str, *, growth: bool = True
) -> dict[str, Any]:
    """A row; ``growth``: the ratio is ours ÷ peer and says so, else peer ÷ ours as elsewhere."""
    over, under = (ours, peer) if growth else (peer, ours)
    ratio = over / under if under else float("nan")
    return {
        "what": what,
        "ours": ours,
        "peer": peer,
        "peer_name": peer_name,
        "ratio": ratio,
        "unit": unit,
        "note": "ratio: planner ÷ peer" if growth else "",
    }


def _markdown(table: pd.DataFrame, digits: int = 3) -> str:
    flat = table.reset_index()
    lines = ["| " + " | ".join(map(str, flat.columns)) + " |", "|" + "---|" * flat.shape[1]]
    for row in flat.itertuples(index=False):
        cells = [f"{v:,.0f}" if isinstance(v, float) and abs(v) >= 100 else
                 f"{v:.{digits}f}" if isinstance(v, float) else str(v) for v in row]  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Print the tables of the documentation, or those asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "tables", nargs="*", default=["recovery", "places", "bands", "sensitivity", "figure", "speed"]
    )
    for name in parser.parse_args().tables:
        print(f"\n## {name}\n")
        if name == "recovery":
            print(_markdown(recovery(8)))
        elif name == "places":
            print(_markdown(places()))
        elif name == "sensitivity":
            for table in sensitivity():
                print(_markdown(table), end="\n\n")
        elif name == "bands":
            from benchmarks.demand_bands import coverage, tables, verdict

            rows = coverage()
            for table in tables(rows):
                print(_markdown(table), end="\n\n")
            print(verdict(rows))
        elif name == "figure":
            figure(ROOT / "docs" / "figures" / "restaurants_withheld.png")
        elif name == "speed":
            print(_markdown(pd.DataFrame(run())))


if __name__ == "__main__":
    main()
