"""The embedded Suzhou: real facts, and a seeded city around them for what has no open source.

:func:`build` writes a whole study (streets and venues as ``.osm.pbf``, stations as the workbook a
federation keeps, districts, population, study file) into the user's cache, once per content;
:func:`write` gives the same files to edit. They go through the same readers as anybody's files.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from planner.errors import PlannerError, finding
from planner.example import facts as facts_
from planner.example.facts import Facts, to_degrees
from planner.example.field import CELL_M, Field, make_field
from planner.folders import cache_folder, sum_of, sweep
from planner.leaving import temporary_folder

SEED = 20240124
FILES = (
    "study.toml", "stations.xlsx", "districts.geojson", "population.csv", "suzhou.osm.pbf",
    "driver_homes.csv", "truck_counts.csv", "union_networks.xlsx", "sources.md",
)  # fmt: skip
#: Beside them: the checksum of each.
SUMS = "sums.txt"
Progress = Callable[[str, float], None]


def build(cache: Path | None = None, progress: Progress | None = None) -> Path:
    """The folder of the embedded Suzhou with ``study.toml``; built at the first call, then kept.

    The folder's name holds a hash of the tables and of the generator, so an old one is never taken for
    a new one. It appears whole or not at all: it is built beside and moved into place. A file of it that is no longer what was
    written has it built anew.

    Raises
    ------
    PlannerError
        The cache folder cannot be written.
    """
    home = (cache if cache is not None else cache_folder()) / "example"
    folder = home / f"suzhou-{facts_.digest()}"
    if _whole(folder):
        return folder
    try:
        home.mkdir(parents=True, exist_ok=True)
        sweep(home, ".building-*")
        with temporary_folder(home, ".building-") as made:
            _built(made, folder, progress or (lambda _label, _share: None))
    except OSError as error:
        raise PlannerError.of(finding("OUT-004", value=str(home), why=str(error))) from error
    return folder


def _built(made: Path, folder: Path, say: Progress) -> None:
    """Build in ``made`` and move it to ``folder``."""
    _make(made, say)
    (made / SUMS).write_text(_sums(made), "utf-8")
    try:
        made.replace(folder)
    except OSError:
        if not _whole(folder):
            shutil.rmtree(folder, ignore_errors=True)
            made.replace(folder)


def _sums(folder: Path) -> str:
    """A line per file: its checksum and name."""
    return "".join(f"{sum_of(folder / name)} {name}\n" for name in FILES)


def _whole(folder: Path) -> bool:
    """Whether every file is there and is what was written."""
    try:
        return (folder / SUMS).read_text("utf-8") == _sums(folder)
    except (OSError, ValueError):
        return False


def write(target: Path | str, *, cache: Path | None = None, progress: Progress | None = None) -> Path:
    """Copy the embedded Suzhou into a new or empty folder, as files to edit.

    Raises
    ------
    PlannerError
        The folder holds something already; nothing is overwritten.
    """
    target = Path(target)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise PlannerError.of(finding("OUT-005", value=str(target)))
    folder = build(cache, progress)
    target.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        shutil.copyfile(folder / name, target / name)
    return target


def _make(folder: Path, say: Progress) -> None:
    from planner.example import hosts, motorways, pbf, stations, unions
    from planner.example import streets as streets_

    say("reading the fact tables", 0.0)
    facts = facts_.read_facts()
    land = make_field(facts, seed=SEED)
    say("laying streets", 0.1)
    streets = streets_.lay_streets(facts, land, seed=SEED)
    say("placing venues", 0.7)
    motorways.add_motorways(streets, facts)
    front = hosts.Frontage(streets, land, np.random.default_rng([SEED, 8]))
    drawing = pbf.merge([
        hosts.draw_hosts(facts, front, seed=SEED),
        hosts.draw_land(facts, front, land, seed=SEED),
    ])  # fmt: skip
    say("placing stations", 0.8)
    places = stations.place_stations(facts, land, front, seed=SEED)
    table = stations.station_table(facts, places, seed=SEED)
    table = stations.with_faults(table, facts, seed=SEED)
    stations.write_workbook(folder / "stations.xlsx", table)
    unions.write_lists(folder / "union_networks.xlsx", unions.draw_lists(facts, front, land, seed=SEED))
    population_table(facts, land).to_csv(
        folder / "population.csv", index=False, lineterminator="\n", encoding="utf-8"
    )
    _write_districts(facts, folder / "districts.geojson")
    say("writing the street file", 0.85)
    pbf.write_pbf(folder / "suzhou.osm.pbf", streets, drawing)
    for name in ("study.toml", "sources.md", "driver_homes.csv", "truck_counts.csv"):
        shutil.copyfile(facts_.folder() / name, folder / name)
    say("embedded Suzhou ready", 1.0)


def population_table(facts: Facts, land: Field) -> pd.DataFrame:
    """Residents per 500 m cell and unit: columns lng, lat (WGS84), population, district.

    A cell's point is the inhabited 100 m square nearest to where its people live on average. Whole
    numbers by largest remainders; each unit sums exactly to its known population.
    """
    x, y = land.centres()
    inside = land.people > 0
    rows, cols = np.nonzero(inside)
    size = round(500 / CELL_M)
    frame = pd.DataFrame({
        "unit": land.district[inside], "row": rows // size, "col": cols // size, "people": land.people[inside],
        "x": x[inside] * land.people[inside], "y": y[inside] * land.people[inside],
    })  # fmt: skip
    key = ["unit", "row", "col"]
    cells = frame.groupby(key, sort=True).sum().reset_index()
    middle = frame[key].merge(cells, on=key, how="left", sort=False)
    off = (x[inside] - middle["x"] / middle["people"]) ** 2 + (
        y[inside] - middle["y"] / middle["people"]
    ) ** 2
    home = (
        frame.assign(off=off, x=x[inside], y=y[inside])
        .sort_values([*key, "off"], kind="stable")
        .groupby(key)
        .first()
    )
    whole = np.zeros(len(cells), int)
    for i, total in enumerate(facts.districts["population"].astype(int)):
        mine = np.flatnonzero(cells["unit"] == i)
        share = cells["people"].to_numpy()[mine]
        base = np.floor(share).astype(int)
        order = np.argsort(base - share, kind="stable")
        base[order[: total - base.sum()]] += 1
        whole[mine] = base
    lng, lat = to_degrees(home["x"].to_numpy(), home["y"].to_numpy())
    names = facts.districts["name_zh"].to_numpy()[cells["unit"]]
    table = pd.DataFrame({"lng": lng.round(6), "lat": lat.round(6), "population": whole, "district": names})
    return table[table["population"] > 0].reset_index(drop=True)


def _write_districts(facts: Facts, path: Path) -> None:
    """Outlines with names and populations, WGS84, five decimals (about 1 m)."""
    units = facts.districts.to_crs(4326)
    columns = ["adcode", "name_zh", "name_en", "population", "geometry"]
    units = units[columns].assign(population=units["population"].astype(int))
    text = units.set_geometry(units.geometry.set_precision(1e-5)).to_json(
        drop_id=True, ensure_ascii=False, separators=(",", ":")
    )
    path.write_text(text.replace('{"type":"Feature"', '\n{"type":"Feature"') + "\n", "utf-8")
