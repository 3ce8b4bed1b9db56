"""Exports, read again by other programs: GDAL, pyarrow, lxml, jsonschema, prcoords."""

from __future__ import annotations

import csv
import dataclasses
import hashlib
import io
import json
import sqlite3
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import prcoords
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely
from lxml import etree

from planner.errors import InputError, PlannerError
from planner.exports import write as exports
from planner.exports.formats import FORMATS, read_formats
from planner.exports.gis import layers
from planner.exports.places import places, spot_id
from planner.exports.servicemap import SAME_M, kept_ids, qr_text, read_earlier, schema_text
from planner.publish.safe import OutputError, is_formula_like, plain_text
from tests.publish.hostile import HOSTILE, WORST, hostile_bundle
from tests.publish.toy import toy_bundle

#: Formats that a bundle made by hand can be written in: it has no travel times.
BY_HAND = tuple(f for f in FORMATS if f != "allocation")
CRS = "EPSG:4549"
KML = "{http://www.opengis.net/kml/2.2}"


@pytest.fixture(scope="module")
def bundle() -> Any:
    return toy_bundle("zh")


@pytest.fixture(scope="module")
def out(bundle: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exports")
    exports.write_exports(bundle, BY_HAND, folder)
    return folder


def metres_off(lng: Any, lat: Any, points: gpd.GeoSeries) -> float:
    """The largest distance between WGS84 degrees and points in metres."""
    there = gpd.GeoSeries.from_xy(np.asarray(lng, float), np.asarray(lat, float), crs=4326).to_crs(CRS)
    return float(there.distance(points.reset_index(drop=True)).max())


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_formats_are_named_once_in_their_order() -> None:
    assert read_formats("kml, GeoJSON,kml") == ("geojson", "kml")
    assert read_formats("kml，amap") == ("kml", "amap")
    assert read_formats(["all"]) == FORMATS
    for wrong in ("shp", "", "kml,exe"):
        with pytest.raises(PlannerError) as refused:
            read_formats(wrong)
        assert refused.value.told.code == "OUT-008"
        assert "service-map" in str(refused.value)


@pytest.mark.parametrize(("layer", "table"), [("sites", "chosen"), ("stations", "stations")])
def test_geojson_comes_back_within_a_metre(out: Path, bundle: Any, layer: str, table: str) -> None:
    read, made = pyogrio.read_dataframe(out / f"{layer}.geojson"), getattr(bundle, table)
    assert read.crs.to_epsg() == 4326
    key = "site_id" if layer == "sites" else "station_id"
    made = made.set_index(key).loc[read[key]]
    assert len(read) == len(made)
    assert metres_off(read.geometry.x, read.geometry.y, made.geometry) < 0.02
    assert list(read["name"]) == list(made["name"])


def test_geojson_keeps_to_rfc_7946(out: Path, bundle: Any) -> None:
    for name in ("sites", "stations", "circle", "districts"):
        told = json.loads((out / f"{name}.geojson").read_text("utf-8"))
        assert told["type"] == "FeatureCollection"
        assert "crs" not in told
        for feature in told["features"]:
            shape = shapely.from_geojson(json.dumps(feature["geometry"]))
            for polygon in shapely.get_parts(shape):
                if polygon.geom_type == "Polygon":
                    assert polygon.exterior.is_ccw
                    assert not any(hole.is_ccw for hole in polygon.interiors)
    areas = {f["properties"]["plan"]: f["properties"]["area_km2"]
             for f in json.loads((out / "circle.geojson").read_text("utf-8"))["features"]}  # fmt: skip
    assert areas == {"today": pytest.approx(bundle.area_before.area / 1e6, abs=1e-3),
                     "proposal": pytest.approx(bundle.area_after.area / 1e6, abs=1e-3)}  # fmt: skip
    area = next(f for f in json.loads((out / "stations.geojson").read_text("utf-8"))["features"]
                if f["properties"]["station_id"] == "S004")["properties"]["area_m2"]  # fmt: skip
    assert area is None  # missing, not NaN


def test_what_is_no_number_is_missing(bundle: Any, tmp_path: Path) -> None:
    """A station far from every street has no finite distance to one."""
    far = bundle.stations.assign(snap_m=[np.inf, 8.0, np.nan, 12.0, 4.0, 9.12345])
    exports.write_exports(dataclasses.replace(bundle, stations=far), ["geojson", "kml"], tmp_path)
    told = json.loads((tmp_path / "stations.geojson").read_text("utf-8"))["features"]
    assert [f["properties"]["snap_m"] for f in told] == [None, 8.0, None, 12.0, 4.0, 9.123]
    assert "inf<" not in (tmp_path / "plan.kml").read_text("utf-8")


def test_kml_comes_back_within_a_metre(out: Path, bundle: Any) -> None:
    found = {str(n) for n, _ in pyogrio.list_layers(out / "plan.kml")}
    assert found == {"区县", "十分钟可达范围（不计开放时间）", "现有站点", "推荐站点"}
    for layer, table in (("推荐站点", bundle.chosen), ("现有站点", bundle.stations)):
        read = pyogrio.read_dataframe(out / "plan.kml", layer=layer)
        assert list(read["Name"]) == list(table["name"])
        assert metres_off(read.geometry.x, read.geometry.y, table.geometry) < 0.02
    circle = pyogrio.read_dataframe(out / "plan.kml", layer="十分钟可达范围（不计开放时间）").to_crs(CRS)
    for shape, area in zip(circle.geometry, (bundle.area_before, bundle.area_after), strict=True):
        assert shape.symmetric_difference(area).area < 1e-3 * area.area


def test_kml_says_what_the_plan_knows_in_words(out: Path) -> None:
    root = etree.parse(out / "plan.kml").getroot()
    folder = next(f for f in root.iter(f"{KML}Folder") if f.findtext(f"{KML}name") == "推荐站点")
    first = folder.find(f"{KML}Placemark")
    told = {d.findtext(f"{KML}displayName"): d.findtext(f"{KML}value") for d in first.iter(f"{KML}Data")}
    assert told["新增覆盖人数"] == "28"
    assert told["推荐理由（中文）"] == "新增 28 名劳动者进入十分钟圈。"
    assert "本研究包含合成数据" in root.findtext(f"{KML}Document/{KML}description")
    assert {s.get("id") for s in root.iter(f"{KML}Style")} == {"districts", "circle", "stations", "sites"}


def test_geoparquet_is_read_without_geopandas(out: Path, bundle: Any) -> None:
    for name, table in (("sites", bundle.chosen), ("cells", bundle.demand)):
        file = pq.ParquetFile(out / f"{name}.parquet")
        geo = json.loads(file.schema_arrow.metadata[b"geo"])
        assert geo["version"] == "1.1.0"
        column = geo["columns"][geo["primary_column"]]
        assert (column["encoding"], column["crs"]["id"]["code"]) == ("WKB", 4326)
        assert "bbox" in column["covering"]
        read = file.read()
        shapes = gpd.GeoSeries(shapely.from_wkb(np.asarray(read["geometry"])), crs=4326).to_crs(CRS)
        made = table.geometry.reset_index(drop=True)
        assert (shapes.hausdorff_distance(made) < 0.01).all()
    cells = pq.read_table(out / "cells.parquet", columns=["workers", "covered_after", "rider"]).to_pandas()
    assert cells["workers"].sum() == pytest.approx(bundle.after.workers)
    assert cells["covered_after"].sum() == pytest.approx(bundle.after.covered)


def test_duckdb_reads_geoparquet_without_its_spatial_extension(out: Path, bundle: Any) -> None:
    """Attributes, the boxes that filter rows, and the shapes themselves, in SQL and from no library of ours."""
    duckdb = pytest.importorskip("duckdb", reason="pip install duckdb")
    base = duckdb.connect(config={"autoinstall_known_extensions": False, "autoload_known_extensions": False})
    for name, table, key in (("sites", bundle.chosen, "site_id"), ("cells", bundle.demand, "cell_id")):
        file = str(out / f"{name}.parquet")
        query = f"SELECT {key}, geometry::BLOB, bbox.xmin, bbox.ymin FROM read_parquet(?)"  # noqa: S608
        rows = base.execute(query, [file]).fetchall()
        ids, shapes, west, south = zip(*rows, strict=True)
        assert list(ids) == table[key].astype(str).tolist()
        read = gpd.GeoSeries(shapely.from_wkb(np.asarray(shapes, dtype=object)), crs=4326)
        assert (read.to_crs(CRS).hausdorff_distance(table.geometry.reset_index(drop=True)) < 0.01).all()
        assert np.abs(read.bounds[["minx", "miny"]].to_numpy() - np.column_stack([west, south])).max() < 1e-5
    cells = str(out / "cells.parquet")
    by_district = "SELECT district, sum(workers), sum(covered_after) FROM read_parquet(?) GROUP BY district"
    told = base.execute(by_district, [cells]).fetchall()
    assert {t[0] for t in told} == set(bundle.districts["district"])
    assert sum(t[1] for t in told) == pytest.approx(bundle.after.workers)
    assert sum(t[2] for t in told) == pytest.approx(bundle.after.covered)
    middle = float(gpd.GeoSeries(bundle.demand.geometry.to_crs(4326)).bounds["minx"].median())
    (found,) = base.execute(
        "SELECT count(*) FROM read_parquet(?) WHERE bbox.xmin > ?", [cells, middle]
    ).fetchone()
    assert 0 < found < len(bundle.demand)
    spatial = "SELECT count(*) FROM duckdb_extensions() WHERE loaded AND extension_name = 'spatial'"
    assert base.execute(spatial).fetchone() == (0,)


def test_amap_and_baidu_tables_come_back_by_an_independent_inverse(out: Path, bundle: Any) -> None:
    """prcoords undoes what planner's own datums did."""
    amap, baidu = rows_of(out / "amap.csv"), rows_of(out / "baidu.csv")
    points = pd.concat([bundle.stations.geometry, bundle.chosen.geometry], ignore_index=True)
    names = [*bundle.stations["name"], *bundle.chosen["name"]]
    assert [r["名称"] for r in amap] == [r["title"] for r in baidu] == names
    assert {r["coord_type"] for r in baidu} == {"3"}
    back = [prcoords.gcj_wgs_bored(prcoords.Coords(float(r["纬度"]), float(r["经度"]))) for r in amap]
    assert metres_off([c.lon for c in back], [c.lat for c in back], points) < 0.1
    back = [
        prcoords.bd_wgs_bored(prcoords.Coords(float(r["latitude"]), float(r["longitude"]))) for r in baidu
    ]
    assert metres_off([c.lon for c in back], [c.lat for c in back], points) < 0.1
    wrong = metres_off([float(r["经度"]) for r in amap], [float(r["纬度"]) for r in amap], points)
    assert wrong > 400  # it is not WGS84 that stands there


def test_import_tables_say_what_is_planned_and_what_is_made_up(out: Path) -> None:
    rows = rows_of(out / "amap.csv")
    assert (out / "amap.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert [r["状态"] for r in rows] == ["现有站点"] * 5 + ["拟建站点"] + ["推荐新增站点"] * 5
    assert all("合成数据" in r["备注"] for r in rows)
    assert rows[0]["编号"] == "station-S001"
    assert rows[-1]["编号"] == "host-N005"
    assert {r["区县"] for r in rows} == {"西区", "东区"}


def read_map(folder: Path) -> Any:
    return json.loads((folder / "service_map.json").read_text("utf-8"))


def test_the_service_map_fits_its_schema(out: Path, bundle: Any) -> None:
    import jsonschema  # loads for two seconds, which every worker would spend on a collection

    schema = json.loads((out / "service_map.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    told = read_map(out)
    jsonschema.Draft202012Validator(schema).validate(told)
    assert told["synthetic"] is True
    assert len(told["places"]) == len(bundle.stations) + len(bundle.chosen)
    first = told["places"][0]
    assert first["hours"]["week"]["sun"] == ["08:00-20:00"]
    assert (first["photo"], first["qr_text"]) == (None, "toy/station-S001")
    points = pd.concat([bundle.stations.geometry, bundle.chosen.geometry], ignore_index=True)
    assert metres_off(*np.asarray([p["wgs84"] for p in told["places"]]).T, points) < 0.02
    for place in told["places"]:
        lat, lng = prcoords.wgs_gcj(prcoords.Coords(place["wgs84"][1], place["wgs84"][0]))
        assert place["gcj02"] == pytest.approx([lng, lat], abs=2e-7)
        lat, lng = prcoords.wgs_bd(prcoords.Coords(place["wgs84"][1], place["wgs84"][0]))
        assert place["bd09"] == pytest.approx([lng, lat], abs=2e-7)
    told["places"][0]["status"] = "busy"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema).validate(told)


def ids_of(bundle: Any) -> dict[str, str]:
    table = places(bundle)
    return dict(zip(table["name"], table["place_id"], strict=True))


def test_ids_follow_the_place_and_never_the_rank_or_the_row(bundle: Any) -> None:
    old = ids_of(bundle)
    turned = bundle.chosen.iloc[::-1].assign(rank=range(1, 6))
    assert ids_of(dataclasses.replace(bundle, chosen=turned, stations=bundle.stations.iloc[::-1])) == old
    # a list without numbers: planner numbers its rows, which move
    rows = bundle.stations.assign(
        source="list.xlsx", row=range(2, 8), station_id=[f"list-{n}" for n in range(2, 8)]
    )
    moved = rows.iloc[::-1].assign(row=range(2, 8), station_id=[f"list-{n}" for n in range(2, 8)])
    one, two = (ids_of(dataclasses.replace(bundle, stations=t)) for t in (rows, moved))
    assert one == two
    assert all(one[n].startswith("at-") for n in bundle.stations["name"])
    # points along streets are numbered along the network, which changes
    named = bundle.chosen.assign(site_id=[f"street-{n:06d}" for n in range(5)])
    spots = bundle.chosen.geometry.to_crs(4326)
    found = ids_of(dataclasses.replace(bundle, chosen=named, candidates=bundle.candidates.iloc[:0]))
    assert [found[n] for n in named["name"]] == [spot_id(p.x, p.y) for p in spots]


def test_two_places_at_one_spot_have_two_ids(bundle: Any) -> None:
    twice = bundle.chosen.assign(
        site_id=[f"street-{n}" for n in range(5)], geometry=bundle.chosen.geometry.iloc[[0] * 5].to_numpy()
    )
    ids = list(
        places(dataclasses.replace(bundle, chosen=twice, candidates=bundle.candidates.iloc[:0]))["place_id"]
    )[-5:]
    assert [i.removeprefix(ids[0]) for i in ids] == ["", "-2", "-3", "-4", "-5"]


def test_the_version_changes_with_the_places_alone(bundle: Any, out: Path, tmp_path: Path) -> None:
    exports.write_exports(
        dataclasses.replace(bundle, gaps=bundle.gaps.iloc[:0]), ["service-map"], tmp_path / "same"
    )
    assert read_map(tmp_path / "same")["version"] == read_map(out)["version"]
    other = bundle.stations.assign(open_hours="09:00-17:00")
    exports.write_exports(dataclasses.replace(bundle, stations=other), ["service-map"], tmp_path / "other")
    assert read_map(tmp_path / "other")["version"] != read_map(out)["version"]


def test_a_site_that_was_built_keeps_the_id_it_had_as_a_plan(bundle: Any, out: Path, tmp_path: Path) -> None:
    """Next year N001 stands, 20 m off, as station S100 of the list; N002 was given up; all others as before."""
    built = bundle.stations.iloc[[0]].assign(station_id="S100", name="石路新站")
    built = built.set_geometry(bundle.chosen.geometry.iloc[[0]].translate(20, 0).to_numpy(), crs=CRS)
    stations = gpd.GeoDataFrame(pd.concat([bundle.stations, built], ignore_index=True), crs=CRS)
    later = dataclasses.replace(bundle, stations=stations, chosen=bundle.chosen.iloc[2:])
    exports.write_exports(
        later, ["service-map"], tmp_path, earlier=out / "service_map.json", qr="https://x.cn/s/{id}?a=1"
    )
    told = {p["name"]: p for p in read_map(tmp_path)["places"]}
    before = {p["name"]: p["id"] for p in read_map(out)["places"]}
    assert told["石路新站"]["id"] == before["工商银行石路支行"] == "host-N001"
    assert told["石路新站"]["qr_text"] == "https://x.cn/s/host-N001?a=1"
    assert {n: p["id"] for n, p in told.items() if n != "石路新站"} == {
        n: before[n] for n in told if n != "石路新站"
    }
    assert len({p["id"] for p in told.values()}) == len(told)


def test_ids_go_to_the_nearest_each_once_within_fifty_metres() -> None:
    def at(x: float, y: float = 0.0) -> tuple[float, float]:
        point = gpd.GeoSeries.from_xy([559_000 + x], [3_464_000 + y], crs=CRS).to_crs(4326).iloc[0]
        return point.x, point.y

    spots = {"a": 0.0, "b": 30.0, "c": 500.0, "d": 1000.0}
    now = gpd.GeoDataFrame(
        {"place_id": list(spots)}, geometry=[shapely.Point(at(x)) for x in spots.values()], crs=4326
    )
    earlier = {"p": at(20.0), "q": at(-20.0), "r": at(500.0, SAME_M + 1), "d": at(0.0)}
    assert kept_ids(now, earlier, CRS) == ["q", "p", "c", "d"]
    assert kept_ids(now, {}, CRS) == list(spots)


def test_what_is_no_service_map_is_refused(tmp_path: Path) -> None:
    for n, text in enumerate(("", "{}", '{"places": 3}', '{"places": [{"id": "a", "wgs84": [1]}]}',
                              '{"places": [{"id": "a", "wgs84": [NaN, 1]}]}', "[" * 100_000)):  # fmt: skip
        (tmp_path / f"{n}.json").write_text(text, "utf-8")
        with pytest.raises(InputError, match="OUT-009"):
            read_earlier(tmp_path / f"{n}.json")
    with pytest.raises(InputError, match="OUT-009"):
        read_earlier(tmp_path / "none.json")


def test_an_id_in_an_address_cannot_leave_its_place() -> None:
    assert qr_text("https://x.cn/{id}", "s", "a/../b?c=d&é") == "https://x.cn/a%2F..%2Fb%3Fc%3Dd%26%C3%A9"
    assert qr_text("", "suzhou", "station-1") == "suzhou/station-1"


def aliases(path: Path, layer: str) -> dict[str, str]:
    base = sqlite3.connect(path)
    (text,) = base.execute("SELECT styleQML FROM layer_styles WHERE f_table_name = ?", [layer]).fetchone()
    base.close()
    root = etree.fromstring(text.encode())
    assert "Fields" in root.get("styleCategories").split("|")
    return {a.get("field"): a.get("name") for a in root.iter("alias")}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_qgis_calls_every_column_by_its_name(language: str, tmp_path: Path) -> None:
    path = tmp_path / "plan.gpkg"
    layers.write_layers(toy_bundle(language), path)
    for layer in (
        "chosen",
        "stations",
        "demand",
        "districts",
        "candidates",
        "gaps",
        "circle_after",
        "hotspots",
    ):
        names, columns = aliases(path, layer), list(pyogrio.read_info(path, layer=layer)["fields"])
        assert list(names) == columns
        said = [n for c, n in names.items() if not c.startswith(("lng_", "lat_"))]
        chinese = [any("\u4e00" <= letter <= "\u9fff" for letter in n) for n in said]
        assert all(chinese) if language == "zh" else not any(chinese), said
    want = {"zh": ("站点名称", "推荐理由"), "en": ("Name", "Reason")}[language]
    assert aliases(path, "chosen")["reason"] == want[1]


def test_thin_cells_of_a_large_city_are_summed_over_squares(
    bundle: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """East, where one worker a cell is below the mean of 2.5, becomes squares of five by five cells; west stays."""
    monkeypatch.setattr(layers, "MOST_CELLS", 100)
    layers.write_layers(bundle, tmp_path / "p.gpkg")
    read = pyogrio.read_dataframe(tmp_path / "p.gpkg", layer="demand")
    merged, kept = read[read["cells"] > 1], read[read["cells"] == 1]
    assert sorted(kept["cell_id"]) == sorted(bundle.demand["cell_id"][bundle.demand["district"] == "west"])
    assert merged["cells"].sum() == 100
    assert (merged["district"] == "east").all()
    assert merged["cell_id"].is_unique
    assert merged["workers"].sum() == pytest.approx(100)
    assert merged[["workers_low", "workers_high", "stations_after", "nearest_m_after"]].isna().all().all()
    for column, whole in (
        ("workers", 500.0),
        ("covered_before", bundle.before.covered),
        ("covered_after", bundle.after.covered),
    ):
        assert read[column].sum() == pytest.approx(whole)
    shapes = merged.to_crs(CRS)
    assert (
        shapes.geometry.bounds.apply(lambda b: max(b.maxx - b.minx, b.maxy - b.miny), axis=1).max() <= 1000.1
    )
    assert shapes.union_all().buffer(0.1).covers(shapely.box(561_000, 3_464_000, 563_000, 3_466_000))
    middle = bundle.demand[bundle.demand["district"] == "east"].geometry.centroid
    for square in shapes.itertuples():
        assert middle.within(square.geometry).sum() == square.cells == square.workers
    base = sqlite3.connect(tmp_path / "p.gpkg")
    (told,) = base.execute("SELECT description FROM gpkg_contents WHERE table_name = 'demand'").fetchone()
    (style,) = base.execute("SELECT styleQML FROM layer_styles WHERE f_table_name = 'demand'").fetchone()
    base.close()
    assert "少于平均值（2.50 人）的 100 个网格（共 100 人）" in told
    assert etree.fromstring(style.encode()).find("renderer-v2").get("attr") == '"workers" / "cells"'


def test_a_cell_of_a_gap_is_never_summed(bundle: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layers, "MOST_CELLS", 1)
    table = layers.layer_tables(bundle)["demand"]
    assert table["workers"][table["cells"] == 1].min() > 2.5
    assert (table["cells"] > 1).any()


def test_the_list_of_files_says_what_each_holds(out: Path) -> None:
    told = json.loads((out / "exports.json").read_text("utf-8"))
    assert told["synthetic"] is True
    assert any("OpenStreetMap" in n for n in told["notes"])
    assert {f["file"] for f in told["files"]} == {p.name for p in out.iterdir()} - {
        "exports.json",
        "service_map.schema.json",
    }
    for file in told["files"]:
        assert hashlib.sha256((out / file["file"]).read_bytes()).hexdigest() == file["sha256"]
    datums = {f["file"]: f["datum"] for f in told["files"]}
    assert (datums["amap.csv"], datums["baidu.csv"], datums["plan.kml"]) == ("gcj02", "bd09", "wgs84")


def test_the_same_plan_gives_the_same_bytes(out: Path, tmp_path: Path) -> None:
    exports.write_exports(toy_bundle("zh"), BY_HAND, tmp_path)
    for path in out.iterdir():
        assert path.read_bytes() == (tmp_path / path.name).read_bytes(), path.name


def test_a_failed_export_leaves_the_earlier_one(
    bundle: Any, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exports.write_exports(bundle, ["geojson"], tmp_path)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(exports, "write_kml", full)
    with pytest.raises(OutputError):
        exports.write_exports(
            dataclasses.replace(bundle, chosen=bundle.chosen.iloc[:2]), ["geojson", "kml"], tmp_path
        )
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


@pytest.mark.parametrize("title", WORST)
def test_hostile_text_stays_text(title: str, tmp_path: Path) -> None:
    bad = hostile_bundle(title)
    exports.write_exports(bad, BY_HAND, tmp_path)
    want = [plain_text(t) for t in HOSTILE]
    sites = json.loads((tmp_path / "sites.geojson").read_text("utf-8"))["features"]
    assert [f["properties"]["reason"] for f in sites] == want
    root = etree.fromstring((tmp_path / "plan.kml").read_bytes(), etree.XMLParser(resolve_entities=False))
    assert root.findtext(f"{KML}Document/{KML}name") == plain_text(title)
    reasons = [d.findtext(f"{KML}value") for d in root.iter(f"{KML}Data") if d.get("name") == "reason"]
    assert [r.replace("\r", "\n") for r in reasons] == [w.replace("\r", "\n") for w in want]
    for name in ("amap.csv", "baidu.csv"):
        rows = list(csv.reader(io.StringIO((tmp_path / name).read_text("utf-8-sig"), newline="")))
        assert len(rows) == 1 + 2 * len(HOSTILE)
        for row in rows[1:]:
            assert not any(is_formula_like(cell) for cell in row)
    import jsonschema

    told = read_map(tmp_path)
    jsonschema.Draft202012Validator(json.loads(schema_text())).validate(told)
    assert [p["name"] for p in told["places"]][: len(HOSTILE)] == want
    names = aliases(tmp_path / "plan.gpkg", "chosen")
    assert names["reason"] == "推荐理由"
