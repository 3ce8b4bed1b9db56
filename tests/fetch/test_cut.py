"""Streets of many studies out of one large file: the network of an area is that of the large file, number by number."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import osmium
import pytest
import shapely
from typer.testing import CliRunner

from planner.cli import app
from planner.errors import InputError, PlannerError
from planner.fetch.cut import cut_areas, cut_studies, study_area
from planner.inputs.osm.layers import read_layers
from planner.roads.network import read_network

ARRAYS = (
    "x_m", "y_m", "edge_u", "edge_v", "edge_length_m", "edge_s_uv", "edge_s_vu", "edge_way_id", "geom_ptr", "geom_x", "geom_y",
    "component", "counts", "turns",
)  # fmt: skip
LAYERS = ("hosts", "water", "landuse", "buildings", "main_roads", "places", "streets")
MODES = ("walk", "ebike", "car", "truck")


def same_network(whole: Path, part: Path, area: shapely.Geometry, crs: str, mode: str) -> int:
    """Number of edges of the network within an area (degrees), which is the same from both files."""
    inside = gpd.GeoSeries([area], crs=4326)
    one, other = (
        read_network(path, mode, area=inside, margin_m=300.0, crs=crs, min_component=2)
        for path in (whole, part)
    )
    for name in ARRAYS:
        assert np.array_equal(getattr(one, name), getattr(other, name)), name
    names = [np.array(n.classes)[n.edge_class] for n in (one, other)]
    assert (names[0] == names[1]).all()
    return one.n_edges


def wider(area: shapely.Geometry, crs: str, metres: float) -> shapely.Geometry:
    return gpd.GeoSeries([area], crs=4326).to_crs(crs).buffer(metres).to_crs(4326).iloc[0]


@pytest.fixture
def country(tmp_path: Path) -> Path:
    """Places by hand, a hundredth of a degree to a step; the area of the tests is x from 0 to 3, y from 0 to 3.

    Way 1 crosses the area with no node in it. Way 2 leaves it at (3, 2) and goes on to (9, 2); way 3 meets it at (7, 2) and is never
    inside, way 4 meets way 3 alone. A turn from 2 to 3 is forbidden at (7, 2), one from 3 to 4 elsewhere. Way 7 is a wood's
    outer ring outside, 8 its other half inside; 9 is a building far off; a bank stands at (1, 1), another at (40, 40).
    """
    make, path = osmium.osm.mutable, tmp_path / "country.osm.pbf"
    spots: dict[tuple[float, float], int] = {}

    def nodes(*places: tuple[float, float]) -> list[int]:
        return [spots.setdefault(p, len(spots) + 1) for p in places]

    ways = {
        1: (nodes((-20, 1.5), (20, 1.5)), {"highway": "residential"}),
        2: (nodes((1, 1), (2, 2), (7, 2), (9, 2)), {"highway": "tertiary"}),
        3: (nodes((7, -9), (7, 2), (7, 9)), {"highway": "residential", "oneway": "yes"}),
        4: (nodes((7, 9), (15, 9)), {"highway": "residential"}),
        5: (nodes((1, 1), (1, 2.5), (2, 2)), {"highway": "footway"}),
        6: (nodes((40, 40), (41, 41)), {"highway": "residential"}),
        7: (nodes((12, 0), (12, 2), (2.5, 2.5)), {}),
        8: (nodes((2.5, 2.5), (2.5, 0.5), (12, 0)), {}),
        9: (nodes((30, 30), (31, 30), (31, 31), (30, 30)), {"building": "yes"}),
    }
    bank = nodes((1.2, 1.2))[0]
    tags = {nodes((1, 1))[0]: {"amenity": "bank", "name": "a"}, nodes((40, 40))[0]: {"amenity": "bank"}, bank: {"amenity": "bank"},
            nodes((2, 2))[0]: {"highway": "traffic_signals"}}  # fmt: skip
    rules = [
        ([("w", 2, "from"), ("n", nodes((7, 2))[0], "via"), ("w", 3, "to")], {"type": "restriction", "restriction": "no_left_turn"}),
        ([("w", 3, "from"), ("n", nodes((7, 9))[0], "via"), ("w", 4, "to")], {"type": "restriction", "restriction": "no_right_turn"}),
        ([("w", 7, "outer"), ("w", 8, "outer")], {"type": "multipolygon", "natural": "wood"}),
        ([("w", 2, "outer")], {"type": "boundary", "boundary": "administrative", "admin_level": "4", "name": "country"}),
    ]  # fmt: skip
    with osmium.SimpleWriter(str(path)) as out:
        for (x, y), i in spots.items():
            out.add_node(make.Node(id=i, location=(120 + x / 100, 31 + y / 100), tags=tags.get(i, {})))
        for i, (refs, what) in ways.items():
            out.add_way(make.Way(id=i, nodes=refs, tags=what))
        for i, (members, what) in enumerate(rules, 1):
            out.add_relation(make.Relation(id=i, members=members, tags=what))
    return path


def square(x: float, y: float, side: float) -> shapely.Geometry:
    """A square of so many hundredths of a degree."""
    return shapely.box(120 + x / 100, 31 + y / 100, 120 + (x + side) / 100, 31 + (y + side) / 100)


def held(path: Path) -> dict[str, list[int]]:
    """Ids by kind of object, in the order of the file."""
    found: dict[str, list[int]] = {"n": [], "w": [], "r": []}
    for thing in osmium.FileProcessor(str(path)):
        found["n" if thing.is_node() else "w" if thing.is_way() else "r"].append(thing.id)
    return found


def test_a_part_holds_what_touches_and_what_meets_that(country: Path, tmp_path: Path) -> None:
    part = tmp_path / "part.osm.pbf"
    assert cut_areas(country, {part: square(0, 0, 3)}) == [part]
    found = held(part)
    # 3 belongs to a restriction of 2, and 4 meets 3; 7 belongs to the wood
    assert found["w"] == [1, 2, 3, 4, 5, 7, 8]
    assert found["r"] == [1, 3]
    lone = tmp_path / "lone.osm.pbf"
    cut_areas(country, {lone: square(8.5, 1, 1)})
    assert held(lone)["w"] == [1, 2, 3, 4, 5]
    refs = {n.ref for w in osmium.FileProcessor(str(part), osmium.osm.WAY) for n in w.nodes}
    assert refs <= set(found["n"])
    assert found["n"] == sorted(found["n"])
    tagged = [dict(n.tags) for n in osmium.FileProcessor(str(part), osmium.osm.NODE) if len(n.tags)]
    assert sorted(t.get("amenity", t.get("highway")) for t in tagged) == ["bank", "bank", "traffic_signals"]


@pytest.mark.parametrize("mode", ["walk", "car"])
def test_the_network_of_a_part_is_that_of_the_whole(country: Path, tmp_path: Path, mode: str) -> None:
    areas = {"a": square(0, 0, 3), "b": square(6.5, 1, 2), "c": square(2, 0, 6)}  # c overlaps both
    parts = {tmp_path / f"{k}.osm.pbf": wider(v, "EPSG:4549", 310.0) for k, v in areas.items()}
    cut_areas(country, parts)
    edges = [same_network(country, p, areas[p.name[0]], "EPSG:4549", mode) for p in parts]
    assert all(n >= 2 for n in edges)
    if mode == "car":
        b = read_network(tmp_path / "b.osm.pbf", "car", min_component=2, crs="EPSG:4549")
        assert len(b.turns) == 1  # from 2 to the one-way 3: a left turn for who comes from the west alone


def test_parts_are_the_same_bytes_alone_and_together(country: Path, tmp_path: Path) -> None:
    one, two, again = (tmp_path / f"{n}.osm.pbf" for n in ("one", "two", "again"))
    cut_areas(country, {one: square(0, 0, 3), two: square(2, 0, 6)})
    cut_areas(country, {again: square(0, 0, 3)})
    assert one.read_bytes() == again.read_bytes()


def study(folder: Path, name: str, area: shapely.Geometry | None, streets: str = "streets.osm.pbf") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    given = ""
    if area is not None:
        shape = {
            "type": "Feature",
            "properties": {"name_zh": name, "population": 100},
            "geometry": shapely.geometry.mapping(area),
        }
        text = json.dumps({"type": "FeatureCollection", "features": [shape]})
        (folder / "districts.geojson").write_text(text, "utf-8")
        given = '[inputs.districts]\npath = "districts.geojson"\ncrs = "EPSG:4326"\ndatum = "wgs84"\n'
    path = folder / "study.toml"
    path.write_text(
        f'[study]\nname = "{name}"\n[inputs.streets]\npath = "{streets}"\nmargin_m = 300\n{given}', "utf-8"
    )
    return path


def test_each_study_gets_its_streets_where_it_looks_for_them(country: Path, tmp_path: Path) -> None:
    studies = [study(tmp_path / n, n, a) for n, a in (("a", square(0, 0, 3)), ("b", square(6.5, 1, 2)))]
    run = CliRunner(env={"LC_ALL": "C.UTF-8"})
    done = run.invoke(app, ["cut", str(country), *map(str, studies)])
    assert done.exit_code == 0, done.output
    for one, area in zip(studies, (square(0, 0, 3), square(6.5, 1, 2)), strict=True):
        part = one.with_name("streets.osm.pbf")
        assert str(part) in done.stdout
        assert same_network(country, part, area, "EPSG:4549", "walk") >= 2
    done = run.invoke(app, ["cut", str(country), *map(str, studies), "--out", str(tmp_path / "parts")])
    assert done.exit_code == 0, done.output
    assert {p.name for p in (tmp_path / "parts").iterdir()} == {"a.osm.pbf", "b.osm.pbf"}
    assert (tmp_path / "parts" / "a.osm.pbf").read_bytes() == studies[0].with_name(
        "streets.osm.pbf"
    ).read_bytes()


def test_the_area_is_that_of_the_districts_with_the_margin_of_the_study(tmp_path: Path) -> None:
    name, streets, area = study_area(study(tmp_path, "a", square(0, 0, 3)))
    assert (name, streets) == ("a", tmp_path / "streets.osm.pbf")
    metres = gpd.GeoSeries([area, square(0, 0, 3)], crs=4326).to_crs("EPSG:4549")
    west, _, east, _ = metres.iloc[1].bounds
    assert metres.iloc[0].bounds[0] == pytest.approx(west - 350, abs=3)
    assert metres.iloc[0].bounds[2] == pytest.approx(east + 350, abs=3)


def code(call: object) -> str:
    with pytest.raises(PlannerError) as caught:
        call()  # type: ignore[operator]
    assert caught.value.told is not None
    return caught.value.told.code


def test_what_cannot_be_cut_is_refused_and_nothing_is_written(country: Path, tmp_path: Path) -> None:
    whole = study(tmp_path / "whole", "whole", None)
    assert code(lambda: cut_studies(country, [whole], tmp_path / "out")) == "OSM-010"
    own = study(tmp_path, "own", square(0, 0, 3), country.name)
    before = country.read_bytes()
    assert code(lambda: cut_studies(country, [own])) == "OSM-011"
    assert country.read_bytes() == before
    twins = [study(tmp_path / n, "twin", square(0, 0, 3)) for n in "ab"]
    assert code(lambda: cut_studies(country, twins, tmp_path / "out")) == "OSM-011"
    sea = study(tmp_path / "sea", "sea", square(60, 60, 2))
    good = study(tmp_path / "good", "good", square(0, 0, 3))
    assert code(lambda: cut_studies(country, [good, sea], tmp_path / "out")) == "OSM-002"
    assert not (tmp_path / "out").exists()
    short = tmp_path / "short.osm.pbf"
    short.write_bytes(before[: len(before) - 40])
    with pytest.raises(InputError, match="NET-106"):
        cut_studies(short, [good], tmp_path / "out")
    with pytest.raises(InputError, match="SET-004"):
        cut_studies(tmp_path / "none.osm.pbf", [good], tmp_path / "out")


REAL = {
    "liechtenstein/liechtenstein-latest.osm.pbf": ("EPSG:32632", (9.5, 47.12, 9.54, 47.16), (9.50, 47.17, 9.56, 47.25)),
    "cities/sao-paulo.osm.pbf": ("EPSG:32723", None, None),
}  # fmt: skip


@pytest.mark.real
@pytest.mark.parametrize("name", REAL)
def test_real_streets_and_layers_are_those_of_the_whole(name: str, shared_data: Path, tmp_path: Path) -> None:
    source = shared_data / name
    crs, *boxes = REAL[name]
    if boxes[0] is None:  # the middle of the file and a corner of it
        net = read_network(source, "walk", crs=crs)
        at = gpd.GeoSeries(gpd.points_from_xy(net.x_m, net.y_m), crs=crs).to_crs(4326)
        x, y = np.quantile(at.x, (0.1, 0.4, 0.6)), np.quantile(at.y, (0.1, 0.4, 0.6))
        boxes = [(x[1], y[1], x[2], y[2]), (x[0], y[0], x[1], y[1])]
    areas = [shapely.box(*box) for box in boxes]
    parts = {tmp_path / f"{i}.osm.pbf": wider(a, crs, 350.0) for i, a in enumerate(areas)}
    cut_areas(source, parts)
    for area, part in zip(areas, parts, strict=True):
        assert all(same_network(source, part, area, crs, mode) > 100 for mode in MODES)
        one, other = (read_layers(p, crs=crs, area=gpd.GeoSeries([area], crs=4326)) for p in (source, part))
        for layer in LAYERS:
            # osmium hands lines and areas over in turns of its own
            tables = [getattr(side, layer) for side in (one, other)]
            tables = [t.sort_values(t.columns[0], kind="stable", ignore_index=True) for t in tables]
            assert tables[0].equals(tables[1]), layer
