"""A made-up province of thirteen cities, planned as one batch: time, CPU and memory for 1, 4 and 13 of them.

    python -m benchmarks province [--cities 1|4|13 …] [--workers 2] [--folder DIR] [--nodes N] [--stations N] [--keep] [--cut]

The cities are lattices of :mod:`benchmarks.town` of different sizes (the first four and all thirteen are of the same mean size), with
the venues of the embedded Suzhou, bumps of residents on a 500 m grid and stations where people are: 3 M walk nodes, 1 M demand
cells and 15,000 stations unless asked otherwise. They are written as thirteen studies and ``province.osm.pbf``, the same bytes each
time, into ``DIR`` (a temporary folder that is removed, unless named). Each count is ``planner batch`` in a process of its own from
an empty cache, after a toy study that compiles what is compiled once per install. Memory is that of the whole tree of processes,
sampled every two seconds: ``PSS`` counts a page that several share once, ``own`` only what is not a mapped file. Freight is off.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks import town
from planner.example.facts import folder as facts_folder
from planner.example.facts import to_degrees
from planner.example.pbf import Drawing, write_pbf
from planner.example.streets import TownStreets, TownWay

#: Size of each city beside the mean.
SIZES = (1.0, 1.6, 0.6, 0.8, 1.8, 1.2, 0.9, 0.7, 0.9, 0.8, 0.7, 1.0, 1.0)
NODES, STATIONS, RESIDENTS = 3_000_000, 15_000, 85_000_000
#: Metres between lines of the lattice; walk nodes per node of the lattice (those where two pieces of one street meet are none).
SPACING_M, KEPT = 110.0, 0.82
#: Metres between the middles of neighbouring cities; the middle of the first in EPSG:4549.
PITCH_M, WEST_M, SOUTH_M = 150_000.0, 350_000.0, 3_350_000.0
CLASSES = ("residential", "tertiary", "primary")
SEED = 20260101
#: Seconds between two looks at the tree of processes.
SAMPLE_S = 2.0


@dataclass(frozen=True)
class City:
    """A city of the province: its name, middle (m, EPSG:4549) and sizes."""

    name: str
    number: int
    x_m: float
    y_m: float
    lines: int
    stations: int
    residents: int
    sites: int


def cities(nodes: int = NODES, stations: int = STATIONS, residents: int = RESIDENTS) -> list[City]:
    """The thirteen cities."""
    share = np.array(SIZES) / sum(SIZES)
    whole = np.floor(share * stations).astype(int)
    whole[: stations - whole.sum()] += 1
    return [
        City(
            f"city{i + 1:02d}", i, WEST_M + PITCH_M * (i % 4), SOUTH_M + PITCH_M * (i // 4),
            int(np.ceil(np.sqrt(s * nodes / KEPT))), int(n), round(s * residents), max(1, round(s * nodes / 900)),
        )
        for i, (s, n) in enumerate(zip(share, whole, strict=True))
    ]  # fmt: skip


def chains(u: np.ndarray, v: np.ndarray, alike: np.ndarray) -> list[list[int]]:
    """Streets as rows of nodes: each edge goes on in the one of the same kind that begins where it ends."""
    after = {(a, k): e for e, (a, k) in enumerate(zip(u.tolist(), alike.tolist(), strict=True))}
    ends, kinds = v.tolist(), alike.tolist()
    goes = [after.get((b, k), -1) for b, k in zip(ends, kinds, strict=True)]
    begun = np.ones(u.size, bool)
    begun[[g for g in goes if g >= 0]] = False
    found = []
    for e in np.flatnonzero(begun).tolist():
        row, at = [int(u[e])], e
        while at >= 0:
            row.append(ends[at])
            at = goes[at]
        found.append((row, e))
    return [[e, *row] for row, e in found]


def streets(city: City, made: dict[str, np.ndarray]) -> TownStreets:
    """The lattice as streets: a row or column of one class, broken where pieces are missing."""
    u, v = made["u"].astype(np.int64), made["v"].astype(np.int64)
    along = np.arange(u.size) > np.flatnonzero(np.diff(u) < 0)[0]  # rows come first, then columns
    alike = along * 8 + made["cls"] * 2 + made["oneway"]
    drawn = TownStreets(made["x"] + city.x_m, made["y"] + city.y_m)
    for first, *row in chains(u, v, alike):
        tags = {"highway": CLASSES[made["cls"][first]]} | ({"oneway": "yes"} if made["oneway"][first] else {})
        drawn.ways.append(TownWay(row, tags))
    return drawn


@dataclass(frozen=True)
class People:
    """Bumps of residents around centres, metres from the city's middle."""

    x: np.ndarray
    y: np.ndarray
    radius_m: np.ndarray
    height: np.ndarray

    def at(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Relative density at places."""
        total = np.full(x.shape, 0.02)
        for cx, cy, r, h in zip(self.x, self.y, self.radius_m, self.height, strict=True):
            total += h * np.exp(-(((x - cx) ** 2 + (y - cy) ** 2) / r**2))
        return total


def people(city: City, half_m: float, rng: np.random.Generator) -> People:
    """One large centre and a town on every 60 km² or so."""
    n = max(4, int(half_m**2 * 4 / 60e6))
    x, y = rng.uniform(-0.9, 0.9, (2, n)) * half_m
    x[0] = y[0] = 0.0
    radius = rng.uniform(900, 2200, n)
    radius[0] = 0.22 * half_m
    return People(x, y, radius, np.r_[1.0, rng.uniform(0.2, 0.7, n - 1)])


def write_city(city: City, folder: Path) -> Path:
    """Write a city's study; its study file."""
    rng = np.random.default_rng([SEED, city.number])
    folder.mkdir(parents=True, exist_ok=True)
    made = town.build(city.lines, SPACING_M, seed=SEED + city.number)
    half = float(max(np.abs(made["x"]).max(), np.abs(made["y"]).max()))
    where = people(city, half, rng)
    weight = where.at(made["x"], made["y"])
    weight /= weight.sum()

    def beside(n: int) -> tuple[np.ndarray, np.ndarray]:
        at = rng.choice(made["x"].size, n, replace=False, p=weight)
        return made["x"][at] + rng.uniform(5, 30, n), made["y"][at] + rng.uniform(5, 30, n)

    drawing = Drawing()
    with (facts_folder() / "host_kinds.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            n = min(round(int(row["count"]) * made["x"].size / 177_000) + 1, made["x"].size)
            tags = dict(pair.split("=") for pair in row["tags"].split(";"))
            hours = row["hours"].split(";")
            for i, (x, y) in enumerate(zip(*beside(n), strict=True)):
                extra = {"name": f"{row['kind']} {i + 1}", "opening_hours": hours[i % len(hours)]}
                drawing.points.append((float(x + city.x_m), float(y + city.y_m), tags | extra))
    write_pbf(folder / "streets.osm.pbf", streets(city, made), drawing)
    _write_people(city, where, half, folder)
    lng, lat = to_degrees(*(a + b for a, b in zip(beside(city.stations), (city.x_m, city.y_m), strict=True)))
    open_hours = ("08:00-20:00", "00:00-24:00", "09:00-18:00")
    rows = [
        (f"{city.name}-{i + 1:05d}", f"站点 {i + 1}", a, b, open_hours[i % 3], "正常")
        for i, (a, b) in enumerate(zip(lng.round(6).tolist(), lat.round(6).tolist(), strict=True))
    ]
    _write_csv(folder / "stations.csv", ["编号", "站点名称", "经度", "纬度", "开放时间", "状态"], rows)
    study = folder / "study.toml"
    study.write_text(
        f'[study]\nname = "{city.name}"\ntitle_zh = "{city.name}（虚构）"\ntitle_en = "{city.name} (made up)"\nlanguage = "zh"\n'
        'synthetic = true\n[inputs.streets]\npath = "streets.osm.pbf"\n'
        '[inputs.districts]\npath = "districts.geojson"\ncrs = "EPSG:4326"\ndatum = "wgs84"\n'
        '[[inputs.stations]]\npath = "stations.csv"\ndatum = "wgs84"\n'
        '[inputs.population]\nkind = "grid"\npath = "population.csv"\ncolumn = "population"\ncrs = "EPSG:4326"\n'
        f"[siting]\np = {city.sites}\n[freight]\nenabled = false\n",
        "utf-8",
    )
    return study


def _write_csv(path: Path, head: list[str], rows: Iterable[Iterable[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as handle:
        out = csv.writer(handle, lineterminator="\n")
        out.writerow(head)
        out.writerows(rows)


def _write_people(city: City, where: People, half: float, folder: Path) -> None:
    """Residents per 500 m cell; nine districts with their sums."""
    side = np.arange(-half, half, 500.0) + 250.0
    x, y = (a.ravel() for a in np.meshgrid(side, side))
    density = where.at(x, y)
    count = np.floor(density / density.sum() * city.residents).astype(int)
    some = count > 0
    x, y, count = x[some], y[some], count[some]
    lng, lat = to_degrees(x + city.x_m, y + city.y_m)
    rows = zip(lng.round(6).tolist(), lat.round(6).tolist(), count.tolist(), strict=True)
    _write_csv(folder / "population.csv", ["lng", "lat", "population"], rows)
    third, features = 2 * (half + 300) / 3, []
    row, col = (np.clip(((a + half + 300) // third).astype(int), 0, 2) for a in (y, x))
    for k in range(9):
        west, south = -half - 300 + (k % 3) * third, -half - 300 + (k // 3) * third
        edge = np.linspace(0, third, 40)
        ring_x = west + np.r_[edge, np.full(40, third), edge[::-1], np.zeros(40)]
        ring_y = south + np.r_[np.zeros(40), edge, np.full(40, third), edge[::-1]]
        ring = np.column_stack(to_degrees(ring_x + city.x_m, ring_y + city.y_m)).round(6)
        ring = np.vstack([ring, ring[:1]])
        total = int(count[(row == k // 3) & (col == k % 3)].sum())
        name = {"name_zh": f"{city.name} {k + 1} 区", "name_en": f"{city.name} district {k + 1}"}
        shape = {"type": "Polygon", "coordinates": [ring.tolist()]}
        features.append({"type": "Feature", "properties": {**name, "population": total}, "geometry": shape})
    text = json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False)
    (folder / "districts.geojson").write_text(text, "utf-8")


def write_province(folder: Path, made: list[City]) -> list[Path]:
    """Write the studies of these cities that are not there yet, two at a time; their study files."""
    from concurrent.futures import ProcessPoolExecutor

    files = [folder / city.name / "study.toml" for city in made]
    missing = [(c, f.parent) for c, f in zip(made, files, strict=True) if not f.exists()]
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(write_city, *zip(*missing, strict=True))) if missing else None
    return files


@dataclass
class Sampled:
    """Most memory a tree of processes held at once (MB), and the CPU seconds of all its processes so far."""

    pss_mb: float = 0.0
    own_mb: float = 0.0
    largest_mb: float = 0.0
    cpu: dict[int, float] = field(default_factory=dict)

    def take(self, root: int) -> None:
        """Look at the tree once."""
        import psutil

        pss = own = 0.0
        try:
            top = psutil.Process(root)
            tree = [top, *top.children(recursive=True)]
        except psutil.Error:
            return
        for one in tree:
            try:
                times, held = one.cpu_times(), _held_mb(one.pid)
            except (psutil.Error, OSError):
                continue
            self.cpu[one.pid] = times.user + times.system
            pss += held["Pss"]
            own += held["Pss"] - held["Pss_File"]
            self.largest_mb = max(self.largest_mb, held["Pss"])
        self.pss_mb, self.own_mb = max(self.pss_mb, pss), max(self.own_mb, own)


def _held_mb(pid: int) -> dict[str, float]:
    """MB that count to a process: ``Pss``, and of it ``Pss_File``, mapped files that the system may take back at any time."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    return {key: int(rest.split()[0]) / 1024 for key, rest in (line.split(":") for line in lines)}


def measured(command: list[str], env: dict[str, str], log: Path) -> tuple[float, Sampled, int]:
    """Wall seconds, what was sampled, and the exit code of a command."""
    begun, seen = time.perf_counter(), Sampled()
    with log.open("wb") as out:
        child = subprocess.Popen(command, env=env, stdout=out, stderr=subprocess.STDOUT)
        while child.poll() is None:
            seen.take(child.pid)
            time.sleep(SAMPLE_S)
    return time.perf_counter() - begun, seen, child.returncode


def sizes(files: list[Path], env: dict[str, str]) -> tuple[int, int, int]:
    """Walk nodes, demand cells and open stations of the studies, read from what the batch kept."""
    code = (
        "import sys, planner\nnodes = cells = stations = 0\n"
        "for path in sys.argv[1:]:\n"
        "    s = planner.open_study(path)\n"
        "    nodes += s.network('walk').n_nodes; cells += len(s.demand); stations += len(s.stations)\n"
        "print(nodes, cells, stations)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, files)], env=env, check=True, capture_output=True, text=True
    )
    nodes, cells, stations = (int(w) for w in done.stdout.split())
    return nodes, cells, stations


def folder_mb(folder: Path) -> float:
    """MB of a file, or of all files in a folder."""
    if folder.is_file():
        return folder.stat().st_size / 1e6
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()) / 1e6


HEAD = (
    "| cities | workers | walk nodes | cells | stations | wall s | CPU s | CPU s a city | peak PSS MB | of it own MB | largest process MB "
    "| cache MB | products MB | failed |\n|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
)


def one_batch(files: list[Path], folder: Path, workers: int, keep: bool) -> str:
    """Plan the cities in one batch from an empty cache; the row of the table."""
    cache, out = folder / f"cache-{len(files)}", folder / f"out-{len(files)}"
    shutil.rmtree(cache, ignore_errors=True)
    shutil.rmtree(out, ignore_errors=True)
    env = {**os.environ, "PLANNER_CACHE": str(cache), "LC_ALL": "C.UTF-8"}
    paths = [str(f) for f in files]
    command = [sys.executable, "-m", "planner", "batch", *paths, "--out", str(out), "--workers", str(workers)]
    wall, seen, _ = measured(command, env, folder / f"batch-{len(files)}.log")
    failed = sum(not (out / f.parent.name / "run.json").is_file() for f in files)
    nodes, cells, stations = sizes(files, env)
    cpu = sum(seen.cpu.values())
    row = (
        f"| {len(files)} | {workers} | {nodes:,} | {cells:,} | {stations:,} | {wall:,.0f} | {cpu:,.0f} | {cpu / len(files):,.0f} "
        f"| {seen.pss_mb:,.0f} | {seen.own_mb:,.0f} | {seen.largest_mb:,.0f} | {folder_mb(cache):,.0f} | {folder_mb(out):,.0f} | {failed} |"
    )
    if not keep:
        shutil.rmtree(cache, ignore_errors=True)
        shutil.rmtree(out, ignore_errors=True)
    return row


def write_whole(files: list[Path], path: Path) -> Path:
    """All streets of the province in one file, ids counted on from city to city."""
    import osmium

    parts = [file.with_name("streets.osm.pbf") for file in files]
    nodes, ways = [0], [0]
    for part in parts:
        last = {True: 0, False: 0}
        for thing in osmium.FileProcessor(str(part), osmium.osm.NODE | osmium.osm.WAY):
            last[thing.is_node()] = thing.id
        nodes.append(nodes[-1] + last[True])
        ways.append(ways[-1] + last[False])
    with osmium.SimpleWriter(str(path), overwrite=True) as writer:
        for part, first in zip(parts, nodes, strict=False):
            for node in osmium.FileProcessor(str(part), osmium.osm.NODE):
                writer.add_node(node.replace(id=node.id + first))
        for part, first, of in zip(parts, nodes, ways, strict=False):
            for way in osmium.FileProcessor(str(part), osmium.osm.WAY):
                writer.add_way(way.replace(id=way.id + of, nodes=[n.ref + first for n in way.nodes]))
    return path


def one_cut(files: list[Path], whole: Path, folder: Path) -> str:
    """Cut the cities' streets out of the province's file at once; the row of the table."""
    command = [
        sys.executable,
        "-m",
        "planner",
        "cut",
        str(whole),
        *map(str, files),
        "--out",
        str(folder / "parts"),
    ]
    wall, seen, code = measured(command, dict(os.environ), folder / f"cut-{len(files)}.log")
    made = folder_mb(folder / "parts")
    shutil.rmtree(folder / "parts", ignore_errors=True)
    return f"| {len(files)} | {folder_mb(whole):,.0f} | {made:,.0f} | {wall:,.0f} | {sum(seen.cpu.values()):,.0f} | {seen.pss_mb:,.0f} | {code} |"


def _compile(folder: Path, env: dict[str, str]) -> None:
    """A small study once, so that what is compiled once per install is compiled."""
    small = City("toy", 99, WEST_M, SOUTH_M, 60, 20, 60_000, 5)
    study = write_city(small, folder / "toy")
    command = [sys.executable, "-m", "planner", "run", str(study), "--out", str(folder / "toy" / "out")]
    subprocess.run(command, env={**env, "PLANNER_CACHE": str(folder / "toy" / "cache")}, check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip
    shutil.rmtree(folder / "toy")


def main(arguments: list[str]) -> int:
    """Write the province, plan it, print the table."""
    ask = argparse.ArgumentParser(prog="python -m benchmarks province")
    ask.add_argument("--cities", type=int, nargs="+", default=[1, 4, 13])
    ask.add_argument("--workers", type=int, default=2)
    ask.add_argument("--folder", type=Path)
    ask.add_argument("--nodes", type=int, default=NODES)
    ask.add_argument("--stations", type=int, default=STATIONS)
    ask.add_argument("--keep", action="store_true", help="keep caches and products")
    ask.add_argument("--cut", action="store_true", help="time planner cut of the province's one file instead")
    ask.add_argument("--write-only", action="store_true")
    given = ask.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="province-") as temporary:
        folder = given.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        begun = time.perf_counter()
        files = write_province(folder, cities(given.nodes, given.stations)[: max(given.cities)])
        print(f"{len(files)} cities written in {time.perf_counter() - begun:.0f} s", flush=True)
        if given.write_only:
            return 0
        if given.cut:
            whole = folder / "province.osm.pbf"
            if not whole.exists():
                write_whole(files, whole)
            print(
                "| studies | file MB | parts MB | wall s | CPU s | peak PSS MB | exit code |\n|---:|---:|---:|---:|---:|---:|---:|"
            )
            for n in given.cities:
                print(one_cut(files[:n], whole, folder), flush=True)
            return 0
        _compile(folder, dict(os.environ))
        print(HEAD, flush=True)
        for n in given.cities:
            print(one_batch(files[:n], folder, given.workers, given.keep), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
