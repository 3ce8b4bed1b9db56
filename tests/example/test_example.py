"""The embedded Suzhou: what is known of it, what a generator must keep, and how it is kept on disk."""

from __future__ import annotations

import collections
import csv
import hashlib
import itertools
import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import prcoords
import pytest
import scipy.sparse as sp
import shapely
from python_calamine import CalamineWorkbook

from planner.errors import PlannerError
from planner.example import build as example
from planner.example import facts as example_facts
from planner.example.blocks import CityBlock, Cutter, Web
from planner.example.facts import CRS, smooth, to_degrees, to_metres
from planner.example.field import CELL_M, Field
from planner.example.mains import unwarp, warp
from planner.example.stations import COUNT, _whole, spread, write_workbook
from planner.inputs.stations import read_stations
from planner.settings.reading import read_settings

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
WALKABLE = {
    "trunk",
    "primary",
    "secondary",
    "tertiary",
    "unclassified",
    "residential",
    "service",
    "footway",
    "steps",
}


@pytest.fixture(scope="module")
def folder(suzhou_home: Path) -> Path:
    return example.build(suzhou_home)


@pytest.fixture(scope="module")
def streets(folder: Path) -> dict:
    """The street file read with osmium alone: positions, ways, tagged nodes."""
    place, ways, tagged = {}, [], []
    for o in osmium.FileProcessor(str(folder / "suzhou.osm.pbf")):
        tags = {t.k: t.v for t in o.tags}
        if o.is_node():
            place[o.id] = (o.lon, o.lat)
            if tags:
                tagged.append(tags)
        elif o.is_way() and "highway" in tags and tags["highway"] != "services":
            ways.append(([n.ref for n in o.nodes], tags))
    ids = np.array(sorted(place))
    x, y = to_metres(*np.array([place[i] for i in ids]).T)
    row = dict(zip(ids.tolist(), range(len(ids)), strict=True))
    ways = [([row[n] for n in nodes], tags) for nodes, tags in ways]
    return {"xy": np.column_stack([x, y]), "ways": ways, "tagged": tagged}


def _edges(streets: dict, keep) -> tuple[np.ndarray, np.ndarray, list[dict]]:
    pairs = [(a, b, t) for nodes, t in streets["ways"] if keep(t) for a, b in itertools.pairwise(nodes)]
    return np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs]), [p[2] for p in pairs]


def test_population_sums_to_the_known_figures(folder):
    population = pd.read_csv(folder / "population.csv")
    with (example_facts.folder() / "districts.csv").open(encoding="utf-8") as file:
        known = {r["name_zh"]: int(r["population"]) for r in csv.DictReader(file)}
    assert population.groupby("district")["population"].sum().to_dict() == known
    assert population["population"].sum() == 12_958_000
    assert population["population"].min() > 0


def test_every_resident_stands_in_the_district_named(folder):
    population = pd.read_csv(folder / "population.csv")
    points = gpd.GeoSeries(gpd.points_from_xy(population["lng"], population["lat"]), crs=4326)
    districts = gpd.read_file(folder / "districts.geojson").set_index("name_zh").geometry
    inside = points.within(gpd.GeoSeries(districts[population["district"]].to_numpy(), crs=4326))
    assert inside.mean() > 0.9999


def test_districts_do_not_overlap_and_have_their_size(folder):
    districts = gpd.read_file(folder / "districts.geojson").to_crs(CRS)
    assert len(districts) == 10
    assert districts.is_valid.all()
    crumbs_m2 = districts.area.sum() - districts.union_all().area  # corners are rounded to about 1 m
    assert crumbs_m2 < 5_000
    with (example_facts.folder() / "districts.csv").open(encoding="utf-8") as file:
        official = {r["adcode"]: float(r["area_km2"]) for r in csv.DictReader(file)}
    measured = (districts.set_index("adcode").area / 1e6).to_dict()
    for code, km2 in official.items():
        assert measured[code] == pytest.approx(km2, rel=0.05), code


def test_the_park_is_an_own_outline_of_few_rounded_corners(folder):
    districts = gpd.read_file(folder / "districts.geojson").set_index("adcode").geometry
    corners = shapely.get_coordinates(districts["320571"].exterior)[:-1]
    assert len(corners) <= 20
    np.testing.assert_allclose(corners * 200, np.round(corners * 200), atol=1e-6)


@pytest.mark.real
def test_the_park_overlaps_the_real_one():
    real = SHARED / "sip" / "boundary.geojson"
    if not real.exists():
        pytest.skip("the real outline is not here")
    with (example_facts.folder() / "sip_corners.csv").open() as file:
        own = shapely.Polygon([(float(r["lng"]), float(r["lat"])) for r in csv.DictReader(file)])
    real_outline = gpd.read_file(real).to_crs(CRS).geometry.iloc[0]
    own_outline = gpd.GeoSeries([own], crs=4326).to_crs(CRS).iloc[0]
    assert own_outline.intersection(real_outline).area / own_outline.union(real_outline).area >= 0.8


@pytest.mark.real
def test_district_facts_equal_the_given_table():
    given = SHARED / "districts.csv"
    if not given.exists():
        pytest.skip("the table of facts is not here")
    theirs = pd.read_csv(given, dtype=str).set_index("adcode")
    ours = pd.read_csv(example_facts.folder() / "districts.csv", dtype=str).set_index("adcode")
    for column in ("name_zh", "population", "area_km2"):
        assert (ours[column] == theirs.loc[ours.index, column]).all(), column


def test_the_walk_graph_is_large_and_nearly_all_of_one_piece(streets):
    u, v, _ = _edges(streets, lambda t: t["highway"] in WALKABLE)
    n = len(streets["xy"])
    joints = np.zeros(n, int)
    for nodes, tags in streets["ways"]:
        if tags["highway"] in WALKABLE:
            joints[np.unique(nodes)] += 1
            joints[[nodes[0], nodes[-1]]] += 2
    node = joints >= 2
    _, label = sp.csgraph.connected_components(
        sp.coo_array((np.ones(len(u)), (u, v)), shape=(n, n)), directed=False
    )
    sizes = np.bincount(label[node])
    sizes = sizes[sizes > 0]
    assert node.sum() >= 150_000
    assert sizes.max() >= 0.97 * node.sum()
    assert len(sizes) >= 10, "islands to prune are part of the exercise"


def test_streets_cross_only_at_junctions_bridges_and_underpasses(streets):
    u, v, _ = _edges(streets, lambda t: t["highway"] in WALKABLE and "layer" not in t)
    lines = shapely.linestrings(np.stack([streets["xy"][u], streets["xy"][v]], axis=1))
    crossing = shapely.STRtree(lines).query(lines, predicate="crosses").shape[1] / 2
    assert crossing < 0.001 * len(lines)


def test_no_street_runs_through_a_lake_but_on_a_bridge(streets):
    water = example_facts.read_facts().water.union_all().buffer(-30)
    shapely.prepare(water)
    u, v, tags = _edges(streets, lambda t: t["highway"] in WALKABLE)
    middle = (streets["xy"][u] + streets["xy"][v]) / 2
    wet = shapely.contains_xy(water, middle[:, 0], middle[:, 1])
    assert all("bridge" in tags[i] for i in np.flatnonzero(wet))
    assert wet.any(), "the bridge to the island in Lake Tai is in the file"


def test_motorways_are_one_way_pairs_that_join_the_streets_through_links_only(streets):
    motorways = [(n, t) for n, t in streets["ways"] if t["highway"] == "motorway"]
    assert all(t["oneway"] == "yes" for _, t in motorways)
    own = {n for nodes, _ in motorways for n in nodes}
    plain = {n for nodes, t in streets["ways"] if t["highway"] in WALKABLE for n in nodes}
    assert not own & plain
    u, v, tags = _edges(streets, lambda t: t["highway"] not in ("footway", "steps"))
    one = np.array([t.get("oneway") == "yes" for t in tags])
    a, b = np.concatenate([u, v[~one]]), np.concatenate([v, u[~one]])
    n = len(streets["xy"])
    _, label = sp.csgraph.connected_components(
        sp.coo_array((np.ones(len(a)), (a, b)), shape=(n, n)), connection="strong"
    )
    main = np.bincount(label).argmax()
    assert np.mean([label[k] == main for k in own]) > 0.95


def test_ports_parks_and_service_areas_stand_by_a_street_that_trucks_may_use(streets):
    places = example_facts.read_facts().places
    freight = places[places["kind"].isin(["port", "logistics", "truck_parking", "service_area"])]
    u, v, _ = _edges(streets, lambda t: t["highway"] not in ("footway", "steps", "motorway", "motorway_link"))
    tree = shapely.STRtree(shapely.linestrings(np.stack([streets["xy"][u], streets["xy"][v]], axis=1)))
    points = shapely.points(freight[["x", "y"]].to_numpy())
    _, metres = tree.query_nearest(points, return_distance=True, all_matches=False)
    assert len(metres) == len(freight)
    off = freight[metres > 100]
    assert off["note"].str.contains("; [GS]").all(), (
        "only expressway service areas, which stand beside the line"
    )


def test_street_names_and_classes_are_there(streets):
    kinds = collections.Counter(t["highway"] for _, t in streets["ways"])
    assert set(kinds) == WALKABLE | {"motorway", "motorway_link"}
    assert {"人民路", "干将路", "沪宁高速公路"} <= {t.get("name") for _, t in streets["ways"]}
    assert sum("oneway" in t and t["highway"] == "residential" for _, t in streets["ways"]) > 300


def test_venues_are_many_and_of_every_kind(streets):
    venues = [t for t in streets["tagged"] if {"amenity", "shop", "office", "leisure"} & set(t)]
    assert len(venues) >= 8_000
    kinds = {t.get("amenity") for t in venues}
    assert {
        "bank",
        "post_office",
        "fuel",
        "charging_station",
        "toilets",
        "community_centre",
        "fast_food",
    } <= kinds
    assert sum("opening_hours" in t for t in venues) > 0.5 * len(venues)


def test_the_workbook_is_read_with_the_faults_that_were_planted(folder):
    settings = read_settings(folder / "study.toml")
    districts = gpd.read_file(folder / "districts.geojson").to_crs(CRS)
    stations, findings = read_stations(settings.inputs.stations[0], crs=CRS, area=districts.union_all())
    codes = collections.Counter(f.code for f in findings)
    assert not [f for f in findings if f.severity == "E"]
    assert (stations["status"] == "open").sum() >= 1_000
    assert stations["station_id"].is_unique
    assert codes["XY-006"] == 8, "addresses without coordinates"
    assert codes["ID-003"] == 3, "rows entered twice"
    assert codes["XY-004"] == 2, "coordinates rounded to two decimals"
    assert codes["XY-002"] == 1, "one row with longitude and latitude exchanged"
    assert codes["XY-009"] == 12, "six rows in full-width digits"


def test_stations_come_out_where_another_conversion_puts_them(folder):
    settings = read_settings(folder / "study.toml")
    stations, _ = read_stations(settings.inputs.stations[0], crs=CRS)
    rows = CalamineWorkbook.from_path(folder / "stations.xlsx").get_sheet_by_name("站点台账").to_python()
    header = rows[2]
    raw = pd.DataFrame(rows[4:], columns=header).drop_duplicates("站点编号").set_index("站点编号")
    assert len(raw) == COUNT
    back = {"GCJ-02": prcoords.gcj_wgs_bored, "BD-09": prcoords.bd_wgs_bored}
    seen = collections.Counter()
    for s in stations.iloc[::7].itertuples():
        row = raw.loc[s.station_id]
        if isinstance(row["经度"], float) and row["经度"] > 100:
            point = back[row["坐标系"]](prcoords.Coords(row["纬度"], row["经度"]))
            x, y = to_metres(np.array([point.lon]), np.array([point.lat]))
            assert np.hypot(x[0] - s.geometry.x, y[0] - s.geometry.y) < 0.1
            seen[row["坐标系"]] += 1
    assert min(seen["GCJ-02"], seen["BD-09"]) > 20


def test_the_study_file_says_what_is_made_up(folder):
    study = read_settings(folder / "study.toml").study
    assert study.synthetic
    assert study.crs == CRS
    assert "模拟" in study.synthetic_note_zh
    assert "Made up" in study.synthetic_note_en


def _hashes(folder: Path) -> dict[str, str]:
    return {n: hashlib.sha256((folder / n).read_bytes()).hexdigest() for n in example.FILES}


@pytest.mark.slow
def test_two_builds_give_the_same_bytes(folder, tmp_path):
    assert _hashes(example.build(tmp_path)) == _hashes(folder)


def test_an_interrupted_build_leaves_nothing_behind(tmp_path, monkeypatch):
    def broken(folder, say):
        (folder / "study.toml").write_text("half", "utf-8")
        raise KeyboardInterrupt

    monkeypatch.setattr(example, "_make", broken)
    with pytest.raises(KeyboardInterrupt):
        example.build(tmp_path)
    assert not list((tmp_path / "example").iterdir())


def test_a_built_folder_is_kept_and_a_damaged_one_made_again(tmp_path, monkeypatch):
    made = []

    def quick(folder, say):
        made.append(folder)
        for name in example.FILES:
            (folder / name).write_text("x", "utf-8")

    monkeypatch.setattr(example, "_make", quick)
    first = example.build(tmp_path)
    assert example.build(tmp_path) == first
    assert len(made) == 1
    (first / "stations.xlsx").unlink()
    assert example.build(tmp_path) == first
    assert len(made) == 2
    assert all((first / name).is_file() for name in example.FILES)
    (first / "population.csv").write_text("y", "utf-8")  # as a flipped bit would have it
    assert example.build(tmp_path) == first
    assert len(made) == 3
    assert (first / "population.csv").read_text("utf-8") == "x"
    (first / example.SUMS).write_text("", "utf-8")
    example.build(tmp_path)
    example.build(tmp_path)
    assert len(made) == 4
    assert [p.name for p in (tmp_path / "example").iterdir()] == [first.name]


def test_files_to_edit_are_never_written_over_others(tmp_path, folder, suzhou_home, monkeypatch):
    monkeypatch.setenv("PLANNER_CACHE", str(suzhou_home))
    busy = tmp_path / "busy"
    busy.mkdir()
    (busy / "mine.txt").write_text("keep me", "utf-8")
    with pytest.raises(PlannerError, match="not an empty folder"):
        example.write(busy)
    assert [p.name for p in busy.iterdir()] == ["mine.txt"]
    new = example.write(tmp_path / "new")
    assert sorted(p.name for p in new.iterdir()) == sorted(example.FILES)
    assert read_settings(new / "study.toml").inputs.streets.path == (new / "suzhou.osm.pbf").resolve()


def test_the_cache_folder_can_be_chosen(monkeypatch, tmp_path):
    monkeypatch.setenv("PLANNER_CACHE", str(tmp_path))
    assert example.cache_folder() == tmp_path


def test_a_cache_folder_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("not a folder", "utf-8")
    with pytest.raises(PlannerError, match="PLANNER_CACHE"):
        example.build(tmp_path / "file")


def test_committed_tables_are_small():
    size = sum(p.stat().st_size for p in example_facts.folder().iterdir() if p.is_file())
    assert size < 150_000
    outline = json.loads((example_facts.folder() / "districts.geojson").read_text("utf-8"))
    assert len(outline["features"]) == 10


def test_warp_has_an_inverse():
    rng = np.random.default_rng(5)
    xy = np.column_stack([rng.uniform(400_000, 640_000, 500), rng.uniform(3.39e6, 3.56e6, 500)])
    np.testing.assert_allclose(warp(unwarp(xy)), xy, atol=1e-3)
    lng, lat = to_degrees(*xy.T)
    np.testing.assert_allclose(np.column_stack(to_metres(lng, lat)), xy, atol=1e-4)


def test_smoothing_keeps_the_ends_and_stays_within_the_corners():
    line = np.array([[0.0, 0.0], [10.0, 0.0], [10.0, 10.0]])
    soft = smooth(line, closed=False)
    assert soft[0].tolist() == [0, 0]
    assert soft[-1].tolist() == [10, 10]
    assert shapely.Polygon(line).buffer(1e-9).covers(shapely.LineString(soft))


def test_cutting_a_square_keeps_its_area_and_joins_every_street():
    """One square kilometre that wants 40 blocks: areas add up, and each cut's ends lie on other streets."""
    size = 10
    blocks = np.full((size, size), 0.4)
    land = Field(
        0,
        0,
        np.zeros((size, size), np.int16),
        blocks,
        blocks,
        blocks > 0,
        blocks > 9,
        blocks > 9,
        np.empty((0, 2)),
    )
    web = Web()
    side = size * CELL_M
    corners = [(x, y, web.node(x, y)) for x, y in ((0.0, 0.0), (side, 0.0), (side, side), (0.0, side))]
    square = CityBlock(
        corners, [web.segment(corners[k][2], corners[(k + 1) % 4][2], "tertiary") for k in range(4)]
    )
    done = Cutter(web, land, np.zeros((size, size)), seed=3).cut_all([square])
    shapes = [shapely.Polygon([c[:2] for c in b.corners]) for b in done]
    assert 15 < len(done) < 60
    assert sum(s.area for s in shapes) == pytest.approx(side**2, rel=1e-3)
    assert all(s.is_valid for s in shapes)
    streets = collections.Counter(n for row in web.along for _, n in row)
    assert all(streets[n] >= 2 for ends in web.ends for n in ends)
    for (a, b), row in zip(web.ends, web.along, strict=True):
        line = shapely.LineString([(web.x[a], web.y[a]), (web.x[b], web.y[b])])
        assert all(line.distance(shapely.Point(web.x[n], web.y[n])) < 1e-6 for _, n in row)
        assert [s for s, _ in row] == sorted(s for s, _ in row)


def test_whole_numbers_keep_their_sum():
    whole = _whole(np.array([1.4, 1.4, 1.2]))
    assert whole.tolist() == [2, 1, 1]


def test_places_are_kept_apart():
    x = np.array([0.0, 50.0, 150.0, 151.0, 400.0])
    assert spread(x, np.zeros(5), np.arange(5), 9, 100.0) == [0, 2, 4]


def test_a_workbook_written_at_another_time_has_the_same_bytes(tmp_path, monkeypatch):
    import datetime as dt

    import openpyxl.writer.excel as writer

    table = pd.DataFrame({"a": ["x", ""], "b": [1.5, 2.5]}).astype(object)
    write_workbook(tmp_path / "one.xlsx", table)

    class Later(dt.datetime):
        @classmethod
        def now(cls, tz=None):
            return dt.datetime(2031, 5, 6, 7, 8, 9, tzinfo=tz)

    class Clock:
        datetime = Later
        timezone = dt.timezone

    monkeypatch.setattr(writer, "datetime", Clock)
    write_workbook(tmp_path / "two.xlsx", table)
    assert (tmp_path / "two.xlsx").read_bytes() == (tmp_path / "one.xlsx").read_bytes()
