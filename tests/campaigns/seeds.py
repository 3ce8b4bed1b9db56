"""Small sound files of every kind that planner reads, and the reader of each."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from planner.study.plan_file import FORMAT
from tests.inputs.nasty import CRS, HEADER, ROWS, table, text, workbook, write
from tests.inputs.oldexcel import write_xls
from tests.roads.osm_text import osm
from tests.study.town import Place, street_town

__all__ = ["READERS", "seeds"]

TODAY = dt.date(2026, 1, 1)
SQUARE = shapely.box(120.5, 31.2, 120.8, 31.4)


def _districts() -> gpd.GeoDataFrame:
    names = {"district": ["甲"], "name_zh": ["甲"], "name_en": ["a"], "population": [1e5]}
    return gpd.GeoDataFrame(names, geometry=[SQUARE], crs=4326).to_crs(CRS)


def _stations(path: Path) -> Any:
    from planner.inputs.stations import read_stations, to_geocode

    to_geocode(table(path))
    return read_stations(table(path), crs=CRS, today=TODAY)


def _read_districts(path: Path) -> Any:
    from planner.inputs.districts import read_districts

    return read_districts(table(path), crs=CRS)


def _hosts(path: Path) -> Any:
    from planner.inputs.hosts import read_hosts

    return read_hosts(table(path), crs=CRS)


def _population(path: Path) -> Any:
    from planner.inputs.population import read_population
    from planner.settings.inputs import Population

    return read_population(Population(kind="grid", path=path), crs=CRS, districts=_districts())


def _observations(path: Path) -> Any:
    from planner.demand.surveys.records import sightings
    from planner.inputs.observations import read_observations

    frame, found = read_observations(table(path), crs=CRS)
    if len(frame):
        sightings(frame, path.name, found)
    return frame, found


def _visits(path: Path) -> Any:
    from planner.inputs.visits import read_visits

    return read_visits(table(path), ["001", "002"])


def _counts(path: Path) -> Any:
    from planner.inputs.truck_lists import read_counts

    return read_counts(table(path), crs=CRS)


def _sites(path: Path) -> Any:
    from planner.inputs.truck_lists import read_sites

    return read_sites(table(path), crs=CRS)


def _homes(path: Path) -> Any:
    from planner.inputs.truck_lists import read_homes

    return read_homes((table(path),), crs=CRS)


def _times(path: Path) -> Any:
    from planner.inputs.times import read_times

    return read_times(path, crs=CRS)


def _rules(path: Path) -> Any:
    from planner.grades.rules import read_rules

    return read_rules(table(path), None)


def _previous(path: Path) -> Any:
    from planner.audit.previous import read_previous

    return read_previous(path, crs=CRS, area=_districts().geometry.iloc[0])


def _plan_file(path: Path) -> Any:
    from planner.study.plan_file import read_plan

    return read_plan(path)


def _settings(path: Path) -> Any:
    from planner.settings.reading import language_of, read_settings

    language_of(path)
    return read_settings(path)


def _network(path: Path) -> Any:
    from planner.roads.network import read_network

    return read_network(path, min_component=1)


def _layers(path: Path) -> Any:
    from planner.inputs.osm.layers import read_layers

    return read_layers(path, crs=CRS)


def _partners(path: Path) -> Any:
    from planner.actions.partners import read_partners

    return read_partners((table(path),), districts=_districts(), crs=CRS)


READERS: dict[str, Callable[[Path], Any]] = {
    "stations": _stations, "districts": _read_districts, "hosts": _hosts, "population": _population, "observations": _observations,
    "visits": _visits, "counts": _counts, "sites": _sites, "homes": _homes, "times": _times, "rules": _rules, "previous": _previous,
    "plan": _plan_file, "settings": _settings, "network": _network, "layers": _layers, "partners": _partners,
}  # fmt: skip


def _csv(rows: list[list[object]]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()


def _places(n: int = 4) -> list[tuple[float, float]]:
    rng = np.random.default_rng(0)
    return [(round(120.55 + 0.1 * a, 5), round(31.25 + 0.1 * b, 5)) for a, b in rng.random((n, 2))]


def _osm(folder: Path) -> Path:
    nodes = {i: (100.0 * (i % 5), 100.0 * (i // 5)) for i in range(25)}
    ways = {1 + i: ([i, i + 1], {"highway": "residential", "name": "街"}) for i in range(24) if i % 5 != 4}
    ways |= {
        100 + i: ([i, i + 5], {"highway": "primary", "maxspeed": "50", "oneway": "yes"}) for i in range(20)
    }
    ways[300] = ([0, 1, 6, 5, 0], {"building": "yes", "building:levels": "5"})
    tagged = {7: {"amenity": "bank", "name": "银行", "opening_hours": "Mo-Fr 09:00-17:00"}}
    turn = {1: ([("way", 1, "from"), ("node", 1, "via"), ("way", 101, "to")], {"type": "restriction", "restriction": "no_left_turn"})}  # fmt: skip
    return osm(folder / "streets.osm", nodes, ways, tagged, turn)


def _street_files(folder: Path) -> dict[str, tuple[Path, ...]]:
    import networkx as nx
    import osmium

    xml = _osm(folder)
    pbf = folder / "streets.osm.pbf"
    with osmium.SimpleWriter(str(pbf)) as out:
        for thing in osmium.FileProcessor(str(xml)):
            out.add(thing)
    lines = [shapely.LineString([(120.6 + 0.001 * i, 31.3), (120.601 + 0.001 * i, 31.3)]) for i in range(8)]
    frame = gpd.GeoDataFrame({"highway": ["residential"] * 8, "oneway": ["no"] * 8}, geometry=lines, crs=4326)
    for name in ("lines.geojson", "lines.gpkg", "lines.shp", "lines.parquet"):
        (frame.to_parquet if name.endswith("parquet") else frame.to_file)(folder / name)
    graph = nx.MultiDiGraph(crs="EPSG:4326")
    for i in range(6):
        graph.add_node(i, x=120.6 + 0.001 * i, y=31.3)
    for i in range(5):
        graph.add_edge(i, i + 1, osmid=i, length=95.0, highway="residential")
        graph.add_edge(i + 1, i, osmid=i, length=95.0, highway="residential")
    nx.write_graphml(graph, folder / "graph.graphml")
    return {
        "network": (xml, pbf, folder / "lines.geojson", folder / "lines.gpkg", folder / "lines.shp", folder / "lines.parquet", folder / "graph.graphml"),
        "layers": (xml, pbf),
    }  # fmt: skip


def _lists(folder: Path) -> dict[str, tuple[Path, ...]]:
    points = [shapely.Point(p) for p in _places()]
    layer = gpd.GeoDataFrame(
        {"name": ["甲", "乙", "丙", "丁"], "host_kind": ["bank"] * 4}, geometry=points, crs=4326
    )
    for name in ("points.geojson", "points.gpkg", "points.shp"):
        layer.to_file(folder / name, encoding="utf-8")
    outline = gpd.GeoDataFrame(
        {"district": ["甲", "乙"], "population": [5, 6]}, geometry=[SQUARE, shapely.box(120.8, 31.2, 120.9, 31.4)], crs=4326
    )  # fmt: skip
    outline.to_file(folder / "outlines.geojson")
    outline.to_file(folder / "outlines.gpkg")
    books = workbook(folder, [HEADER, *ROWS]), write_xls(folder / "old.xls", [HEADER, *ROWS])
    plain = tuple(
        write(folder, text(separator=s), f"stations{i}.csv", e)
        for i, (s, e) in enumerate([(",", "utf-8"), (";", "gb18030"), ("\t", "utf-16")])
    )
    points_files = tuple(folder / f"points.{e}" for e in ("geojson", "gpkg", "shp"))
    return {
        "stations": (*plain, *books, *points_files), "partners": (plain[0], books[0]), "homes": (plain[0],),
        "districts": (folder / "outlines.geojson", folder / "outlines.gpkg"), "hosts": (points_files[0],),
    }  # fmt: skip


def _tables(folder: Path) -> dict[str, tuple[Path, ...]]:
    at = _places()
    (a, b), (c, d) = at[:2]
    made: dict[str, list[list[object]]] = {
        "hosts": [["host_id", "name", "host_kind", "open_hours", "lng", "lat"], *([i, f"h{i}", "bank", "9:00-17:00", *p] for i, p in enumerate(at))],
        "population": [["lng", "lat", "population"], *([*p, 100 * i] for i, p in enumerate(at, 1))],
        "observations": [["lng", "lat", "group", "count", "observed_at", "minutes"], *([*p, "rider", i, "2025-06-03 08:30", 30] for i, p in enumerate(at))],
        "visits": [["站点编号", "月份", "人次"], ["001", "2025-06", 300], ["002", "2025年7月", 41]],
        "counts": [["road", "lng", "lat", "trucks_per_day"], ["G1", a, b, 900], ["G2", c, d, "1,200"]],
        "sites": [["name", "kind", "lng", "lat", "bays"], ["甲", "服务区", a, b, 40], ["乙", "停车场", c, d, 0]],
        "times": [["from_lng", "from_lat", "to_lng", "to_lat", "minutes", "mode"], [a, b, c, d, 12.5, "walk"], [c, d, a, b, 11, "步行"]],
        "rules": [["等级", "面积", "厕所", "检查周期"], ["乙级", 5, "无", 6], ["甲级", 10, "有", 12]],
        "plan": [["site_id", "lng", "lat", "open_hours"], ["x1", a, b, "8:00-20:00"], ["x2", c, d, ""]],
    }  # fmt: skip
    return {kind: (write(folder, _csv(rows), f"{kind}.csv"),) for kind, rows in made.items()}


def seeds(folder: Path) -> list[tuple[str, Path]]:
    """(reader, file) of every seed."""
    folder.mkdir(parents=True, exist_ok=True)
    found: dict[str, tuple[Path, ...]] = {}
    for part in (_lists(folder), _tables(folder), _street_files(folder)):
        for kind, paths in part.items():
            found[kind] = (*found.get(kind, ()), *paths)
    at = _places(3)
    run = {"study": "x", "promised": {"sites": [{"site_id": f"s{i}", "name": "n", "lng": p[0], "lat": p[1], "workers_gained": 5.0} for i, p in enumerate(at)],
           "stations": ["001"]}, "stations": {"chosen": 3}, "versions": {"planner": "0.1.0"}, "facts": []}  # fmt: skip
    found["previous"] = (write(folder, json.dumps(run), "run.json"), found["stations"][0])
    page = {"format": FORMAT, "sites": [{"site_id": "a", "lng": at[0][0], "lat": at[0][1], "open_hours": "8:00-20:00"}], "closed": ["b"],
            "hours": {"c": "9:00-17:00"}, "rejected": [{"site_id": "d", "reason": "x"}]}  # fmt: skip
    found["plan"] = (*found["plan"], write(folder, json.dumps(page), "plan.json"))
    town = street_town(folder / "town", stations=[Place("s", 500)], hosts=[Place("h", 900)])
    found["settings"] = (write(folder, town.read_text("utf-8"), "study.toml"),)
    return [(kind, path) for kind in READERS for path in found[kind]]
