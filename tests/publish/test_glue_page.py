"""What the page's data island holds, read back and compared with the tables it is made of, layer by layer."""

from __future__ import annotations

import dataclasses
import gzip
import json
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely

from planner.publish.page import data
from planner.publish.page.data import CREDITS, island_text
from planner.publish.page.pack import unlettered
from planner.telling.bundle import Bundle, ExtraLayer, PopupField
from tests.publish.toy import CRS, RADIUS, X0, Y0, counts_of, covered_by, toy_bundle


class Island:
    """The data island of a bundle's page, unpacked here by the description in pack.py alone."""

    def __init__(self, bundle: Bundle) -> None:
        whole = gzip.decompress(unlettered(island_text(bundle)))
        size = int.from_bytes(whole[:4], "little")
        self.head: dict[str, Any] = json.loads(whole[4 : 4 + size])
        self.blob = whole[4 + size :]

    def integers(self, place: list[int], *, delta: bool = False) -> list[int]:
        out, value, shift = list[int](), 0, 0
        for byte in self.blob[place[0] : place[0] + place[1]]:
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                out.append((value >> 1) ^ -(value & 1))
                value, shift = 0, 0
        return np.cumsum(out).tolist() if delta else out

    def points(self, place: list[int]) -> np.ndarray:
        """(n × 2) metres east and north of the town's corner."""
        flat = self.integers(place)
        degrees = np.cumsum(np.array(flat).reshape(-1, 2), axis=0) / 1e5
        x, y = pyproj.Transformer.from_crs(4326, CRS, always_xy=True).transform(*degrees.T)
        return np.c_[np.asarray(x) - X0, np.asarray(y) - Y0]

    def shapes(self, place: dict[str, list[int]], *, polygon: bool = True) -> list[Any]:
        """Geometries in metres from the town's corner."""
        counts, xy = iter(self.integers(place["shape"])), self.points(place["xy"])
        at, out = 0, []
        for parts in counts:
            made = []
            for _ in range(parts):
                rings = []
                for _ in range(ring_numbers := next(counts)):
                    rings.append(None)
                lengths = [next(counts) for _ in range(ring_numbers)]
                for n, length in enumerate(lengths):
                    rings[n] = xy[at : at + length]
                    at += length
                made.append(shapely.Polygon(rings[0], rings[1:]) if polygon else shapely.LineString(rings[0]))
            out.append(shapely.union_all(made) if made else shapely.Polygon())
        return out


@pytest.fixture(scope="module", params=["zh", "en"])
def bundle(request) -> Bundle:
    return toy_bundle(request.param)


@pytest.fixture(scope="module")
def plain() -> Bundle:
    return toy_bundle("en")


@pytest.fixture(scope="module")
def page(bundle: Bundle) -> Island:
    return Island(bundle)


_BUNDLES = {language: toy_bundle(language) for language in ("zh", "en")}


def other(language: str = "en", **changes: Any) -> Island:
    return Island(dataclasses.replace(_BUNDLES[language], **changes))


def near(points: np.ndarray, table: gpd.GeoDataFrame) -> None:
    """Packed points are the table's, to about a metre."""
    there = np.c_[table.geometry.x - X0, table.geometry.y - Y0]
    np.testing.assert_allclose(points, there, atol=1.5)


# -- figures -----------------------------------------------------------------------------------------------------


def test_the_headline_tells_before_from_after(bundle: Bundle, page: Island) -> None:
    """West: 100 cells of 4 workers, east 100 of 1; reach is 667 m in a straight line."""
    head = page.head["headline"]
    old = bundle.stations[bundle.stations["status"] == "open"]
    both = pd.concat([old[["geometry"]], bundle.chosen[["geometry"]]])
    workers = bundle.demand["workers"].to_numpy()
    covered = [float(workers[covered_by(bundle.demand, s)].sum()) for s in (old, both)]
    twice = [float(workers[counts_of(bundle.demand, s) > 1].sum()) for s in (old, both)]
    assert head["workers"] == 500
    assert head["covered"] == covered
    assert covered[0] < covered[1]
    assert head["share"] == [round(c / 500, 5) for c in covered]
    assert head["backup"] == [round(c / 500, 5) for c in twice]
    assert twice[0] < twice[1]
    radii = [
        [
            str(r),
            *(round(float(workers[covered_by(bundle.demand, s, r)].sum()) / 500, 5) for s in (old, both)),
        ]
        for r in (500, 667, 833)
    ]
    assert head["by_radius"] == radii
    assert head["readings"] == {"any_hour": head["share"], "night": [0.125, 0.125]}
    assert (head["stations"], head["sites"]) == (5, 5)
    assert (head["gap"], head["status"]) == (0, "optimal")
    assert head["homes"] == {}


def test_radii_come_by_size_and_the_circle_reads_as_the_headline(plain: Bundle) -> None:
    def with_more(coverage: Any, x: float) -> Any:
        return dataclasses.replace(
            coverage, by_radius_m={"1000": x, "500": x / 2}, readings={"night": x, "any_hour": x / 4}, share=x
        )

    now, then = round(plain.before.covered / 500, 3), round(plain.after.covered / 500, 3)
    head = other(before=with_more(plain.before, 0.4), after=with_more(plain.after, 0.8)).head["headline"]
    assert head["by_radius"] == [["500", 0.2, 0.4], ["667", now, then], ["1000", 0.4, 0.8]]
    assert head["readings"] == {"any_hour": [0.1, 0.2], "night": [0.4, 0.8]}
    lacking = dataclasses.replace(plain.after, by_radius_m={}, readings={})
    head = other(before=with_more(plain.before, 0.4), after=lacking).head["headline"]
    assert head["by_radius"] == [["667", now, then]]
    assert head["readings"] == {}


def test_figures_are_those_of_the_register_shares_to_a_tenth_of_a_per_cent_people_whole(
    plain: Bundle,
) -> None:
    def exact(coverage: Any, x: float) -> Any:
        rows = coverage.by_district.assign(covered=[400 * x, 100 * x], share=x, backup_share=x / 2)
        return dataclasses.replace(
            coverage, covered=500 * x, share=x, share_backup=x / 2, by_radius_m={"500": x / 3},
            readings={"night": x / 4}, by_district=rows,
        )  # fmt: skip

    a, b = 0.1234567, 0.7654321
    head = other(before=exact(plain.before, a), after=exact(plain.after, b)).head["headline"]
    assert head["workers"] == 500
    assert head["covered"] == [62, 383]  # 61.7 and 382.7
    assert (head["new"], head["points"]) == (321, 64.2)  # 76.5 - 12.3, as printed
    assert head["share"] == [0.123, 0.765]
    assert head["backup"] == [0.062, 0.383]
    assert head["by_radius"] == [["500", 0.041, 0.255], ["667", 0.123, 0.765]]
    assert head["readings"] == {"night": [0.031, 0.191]}
    for row in head["by_district"]:
        assert (row["before"], row["after"]) == (0.123, 0.765)


def test_a_gap_is_rounded_up_once_for_every_product(plain: Bundle) -> None:
    bound = plain.solution.objective * 1.000123456
    solution = dataclasses.replace(plain.solution, bound=bound, status="feasible")
    head = other(solution=solution).head["headline"]
    assert head["gap"] == 0.00013
    assert head["status"] == "feasible"


def test_driver_homes_are_told_where_there_are_some(plain: Bundle) -> None:
    class Homes:
        def run_json(self) -> dict[str, Any]:
            return {"chosen": 3, "existing": 1, "drivers": 10234.5678901, "bound": 10300.2, "gap": 0.0012345678,
                    "cost_yuan": 5e5, "homes_limited_by_bays": 2, "tied_plans": 3, "served_if_drivers_low": 8000.0, "served_if_drivers_high": 11000.0}  # fmt: skip

    facts = dataclasses.replace(plain, homes=Homes()).facts
    assert facts.fact("drivers_served", network="driver_homes", groups="truck").shown_band() == (8000, 11000)
    head = data._headline(dataclasses.replace(plain, homes=Homes()))
    assert head["homes"] == {"chosen": 3, "drivers": 10235, "gap": 0.00124, "full": 2}
    assert other().head["headline"]["homes"] == {}


def test_each_district_has_its_shares_stations_and_sites(bundle: Bundle, page: Island) -> None:
    rows = page.head["headline"]["by_district"]
    old = bundle.stations[bundle.stations["status"] == "open"]
    both = pd.concat([old[["geometry"]], bundle.chosen[["geometry"]]])
    workers = bundle.demand["workers"].to_numpy()
    assert [r["district"] for r in rows] == ["west", "east"]
    for row, (whole, stations, sites) in zip(rows, ((400, 4, 3), (100, 1, 2)), strict=True):
        here = (bundle.demand["district"] == row["district"]).to_numpy()
        shares = [
            round(float(workers[here & covered_by(bundle.demand, s)].sum()) / whole, 5) for s in (old, both)
        ]
        assert [row["before"], row["after"]] == shares
        assert shares[0] < shares[1]
        assert (row["workers"], row["stations"], row["sites"]) == (whole, stations, sites)


def test_a_district_that_is_missing_afterwards_or_has_no_station_is_no_fault(plain: Bundle) -> None:
    gone = dataclasses.replace(plain.after, by_district=plain.after.by_district.iloc[:1])
    rows = other(after=gone).head["headline"]["by_district"]
    assert rows[1]["after"] is None
    assert rows[0]["after"] is not None
    none = other(stations=plain.stations.iloc[:0], chosen=plain.chosen.iloc[:0]).head
    assert none["headline"]["stations"] == 0
    assert [(r["stations"], r["sites"]) for r in none["headline"]["by_district"]] == [(0, 0), (0, 0)]
    assert none["stations"]["name"] == []


# -- tables --------------------------------------------------------------------------------------------------------


def test_districts(bundle: Bundle, page: Island) -> None:
    part = page.head["districts"]
    assert part["id"] == ["west", "east"]
    assert part["name"] == (["西区", "东区"] if bundle.settings.study.language == "zh" else ["West", "East"])
    assert part["population"] == [40_000, 10_000]
    west, east = page.shapes(part["shapes"])
    assert west.symmetric_difference(shapely.box(0, 0, 2000, 2000)).area < 10_000
    assert east.symmetric_difference(shapely.box(2000, 0, 4000, 2000)).area < 10_000
    labels = page.points(part["label"])
    assert west.contains(shapely.Point(labels[0]))
    assert east.contains(shapely.Point(labels[1]))


def test_a_district_without_a_name_shows_its_key(plain: Bundle) -> None:
    nameless = plain.districts.assign(name_en=[None, "East"], population=[np.nan, 10_000.4])
    part = other(districts=nameless).head["districts"]
    assert part["name"] == ["west", "East"]
    assert part["population"] == [None, 10_000]
    told = plain.districts.assign(population=["many", None])
    assert other(districts=told).head["districts"]["population"] == [None, None]


def test_neighbours_stay_neighbours_when_their_border_is_simplified(plain: Bundle) -> None:
    """A winding border is drawn with fewer corners, the same on both sides wherever a ring begins."""
    y = np.arange(0, 2001, 25.0)
    border = np.c_[2000 + 40 * np.sin(y / 110) + 8 * (np.arange(len(y)) % 2), y]
    border[[0, -1], 0] = 2000
    west = np.roll(np.r_[[[0, 0]], border, [[0, 2000]]], -41, axis=0)
    east = np.r_[border, [[4000, 2000], [4000, 0]]]
    shapes = [shapely.Polygon(ring + np.array([X0, Y0])) for ring in (west, east)]
    page = other(districts=plain.districts.set_geometry(shapes, crs=CRS))
    drawn = page.shapes(page.head["districts"]["shapes"])
    assert sum(len(s.exterior.coords) for s in drawn) < 100
    assert drawn[0].intersection(drawn[1]).area < 1
    assert shapely.union_all(drawn).area == pytest.approx(sum(s.area for s in drawn), abs=1)
    assert len(shapely.get_parts(shapely.union_all(drawn))) == 1
    assert not shapely.get_parts(shapely.union_all(drawn))[0].interiors


def test_stations(bundle: Bundle, page: Island) -> None:
    part, table = page.head["stations"], bundle.stations
    near(page.points(part["at"]), table)
    for key, column in (("name", "name"), ("kind", "kind"), ("status", "status"), ("grade", "grade"),
                        ("hours", "open_hours")):  # fmt: skip
        assert part[key] == table[column].tolist()
    zh = bundle.settings.study.language == "zh"
    assert part["host"][:3] == (
        ["银行网点", "社区服务中心", "便利店"]
        if zh
        else ["bank branch", "community centre", "convenience store"]
    )
    assert part["district"] == [0, 0, 0, 0, 1, 1]
    assert part["covers"] == [round(v) for v in table["covers"]]
    assert part["area"] == [12, 20, 8.5, None, 30, 15]


@pytest.mark.filterwarnings("ignore:GeoSeries.notna")
def test_a_station_without_a_place_is_not_drawn_and_odd_values_are_left_empty(plain: Bundle) -> None:
    odd = plain.stations.copy()
    odd.loc[0, "geometry"] = shapely.Point()
    odd.loc[1, "geometry"] = None
    odd.loc[2, ["name", "district", "host"]] = [None, "nowhere", np.nan]
    odd.loc[3, ["host", "covers"]] = ["kiosk", np.inf]
    odd.loc[4, "area_m2"] = 30.26
    assert other(stations=odd).head["stations"]["area"][2] == 30.3
    odd = odd.drop(columns=["grade", "area_m2"])
    part = other(stations=odd).head["stations"]
    assert part["name"] == ["", *odd["name"][3:]]
    assert part["district"] == [-1, 0, 1, 1]
    assert part["host"][:2] == ["", "kiosk"]
    assert part["covers"][1] is None
    assert part["grade"] == [""] * 4
    assert part["area"] == [None] * 4


def test_sites_come_by_rank_with_what_each_brings(bundle: Bundle) -> None:
    language = bundle.settings.study.language
    mixed = dataclasses.replace(bundle, chosen=bundle.chosen.iloc[[3, 0, 4, 2, 1]])
    page = Island(mixed)
    part, table = page.head["sites"], bundle.chosen
    near(page.points(part["at"]), table)
    assert part["rank"] == [1, 2, 3, 4, 5]
    for key, column in (("id", "site_id"), ("name", "name"), ("hours", "open_hours")):
        assert part[key] == table[column].tolist()
    assert part["reason"] == table[f"reason_{language}"].tolist()
    assert part["host"][0] == {"zh": "银行网点", "en": "bank branch"}[language]
    assert part["district"] == [0, 1, 1, 0, 0]
    assert part["gain"] == [round(v, 1) for v in table["workers_gained"]]
    assert part["reach"] == [round(v, 1) for v in table["workers_in_reach"]]
    assert part["nearest"] == [round(v) for v in table["nearest_station_m"]]
    assert part["confidence"] == [0.9, 0.8, 0.75, 0.6, 0.55]
    assert part["batches"] == ["2025", "2026"]
    assert part["batch"] == [0, 0, 0, 1, 1]


def test_figures_of_sites_are_rounded_not_cut(plain: Bundle) -> None:
    exact = plain.chosen.assign(
        workers_gained=12.26, workers_in_reach=30.05001, nearest_station_m=1234.6, confidence=0.12349
    )
    part = other(chosen=exact).head["sites"]
    assert [part[k][0] for k in ("gain", "reach", "nearest", "confidence")] == [12, 30, 1235, 0.123]
    far = plain.chosen.assign(nearest_station_m=np.inf, confidence=np.nan)
    part = other(chosen=far).head["sites"]
    assert part["nearest"] == part["confidence"] == [None] * 5


def test_a_reason_in_the_other_column_takes_the_place_of_a_missing_one(plain: Bundle) -> None:
    told = plain.chosen.assign(reason_en=["", None, "x", "x", "x"], reason=["one", "two", "3", "4", "5"])
    assert other(chosen=told).head["sites"]["reason"] == ["one", "two", "x", "x", "x"]


# -- shapes -----------------------------------------------------------------------------------------------------------


def test_the_circle_today_and_what_is_added(bundle: Bundle, page: Island) -> None:
    part = page.head["areas"]
    (before,), (added,) = page.shapes(part["before"]), page.shapes(part["added"])
    today, later = (
        shapely.transform(a, lambda xy: xy - [X0, Y0]) for a in (bundle.area_before, bundle.area_after)
    )
    assert before.symmetric_difference(today).area < 0.02 * today.area
    assert added.symmetric_difference(later.difference(today)).area < 0.03 * later.area
    assert added.area > 0.1 * later.area
    assert added.intersection(before).area < 0.01 * later.area


def box(x: float, y: float, w: float, h: float) -> shapely.Polygon:
    return shapely.box(X0 + x, Y0 + y, X0 + x + w, Y0 + y + h)


def test_small_yards_are_filled_and_slivers_left_out_of_the_drawn_circle(plain: Bundle) -> None:
    """Holes under 25,000 m² are filled, parts under 2,000 m² are not drawn; neither limit is passed by accident."""
    whole = box(0, 0, 2000, 1000)
    holes = [box(100, 100, 158, 158), box(500, 100, 159, 158)]  # 24,964 and 25,122 m²
    parts = [box(3000, 0, 44, 45), box(3000, 500, 45, 45)]  # 1,980 and 2,025 m²
    area = shapely.union_all([whole.difference(shapely.union_all(holes)), *parts])
    page = other(
        area_before=area, area_after=shapely.union_all([area, box(0, 1000, 2000, 30), box(2500, 0, 40, 40)])
    )
    (before,), (added,) = (page.shapes(page.head["areas"][k]) for k in ("before", "added"))
    drawn = sorted(p.area for p in shapely.get_parts(before))
    assert len(drawn) == 2
    assert drawn[0] == pytest.approx(2025, rel=0.1)
    assert drawn[1] == pytest.approx(2e6 - 25_122, rel=1e-3)
    assert added.area == pytest.approx(60_000, rel=0.1)  # the strip; the corner of 1,600 m² is not drawn


def test_main_roads_by_class_links_with_their_class(bundle: Bundle, page: Island) -> None:
    parts = page.head["roads"]
    assert [p["class"] for p in parts] == ["motorway", "primary", "secondary"]
    lines = [page.shapes(p["shapes"], polygon=False) for p in parts]
    assert [len(v) for v in lines] == [1, 1, 1]
    assert lines[1][0].length == pytest.approx(2000, abs=5)
    assert lines[2][0].length == pytest.approx(4000, abs=5)
    joined = bundle.main_roads.iloc[[1]].copy()
    joined = pd.concat(
        [
            joined,
            joined.set_geometry(
                [shapely.LineString([(X0 + 1000, Y0 + 2000), (X0 + 1000, Y0 + 2500)])], crs=CRS
            ),
        ]
    )
    (part,) = other(main_roads=joined).head["roads"]
    assert part["class"] == "primary"
    page = other(main_roads=joined)
    (line,) = page.shapes(page.head["roads"][0]["shapes"], polygon=False)
    assert line.length == pytest.approx(2500, abs=5)
    strange = bundle.main_roads.assign(**{"class": ["trunk_link", "residential", None]})
    assert [p["class"] for p in other(main_roads=strange).head["roads"]] == ["trunk"]


def test_water_is_drawn_where_it_is_large_and_named_where_it_is_larger(plain: Bundle) -> None:
    water = gpd.GeoDataFrame(
        {"name": ["pond", "pool", "lake", "sea", "lake", None, "stream"]},
        geometry=[
            box(0, 0, 141, 141), box(0, 500, 142, 142),  # 19,881 and 20,164 m²
            box(5000, 0, 2000, 2000),  # 4 km² to the metre
            shapely.MultiPolygon([box(9000, 0, 3000, 3000), box(9000, 3500, 300, 300)]), box(20_000, 0, 2000, 2500),
            box(30_000, 0, 3000, 3000),
            shapely.LineString([(X0, Y0), (X0 + 100, Y0)]),
        ],
        crs=CRS,
    )  # fmt: skip
    page = other(water=water)
    part = page.head["water"]
    (shape,) = page.shapes(part["shapes"])
    assert sorted(round(p.area, -3) for p in shapely.get_parts(shape)) == [
        pytest.approx(v, rel=0.02) for v in (20_164, 90_000, 4e6, 5e6, 9e6, 9e6)
    ]
    assert part["name"] == ["sea", "lake"]  # the larger of the two lakes
    assert part["room"] == [pytest.approx(1500, abs=60), pytest.approx(1000, abs=60)]
    at = page.points(part["label"])
    assert shapely.box(9000, 0, 12_000, 3000).contains(shapely.Point(at[0]))
    assert shapely.box(20_000, 0, 22_000, 2500).contains(shapely.Point(at[1]))
    nameless = other(water=water.drop(columns="name")).head["water"]
    assert nameless["name"] == nameless["room"] == []


def test_no_more_than_a_dozen_waters_are_named(plain: Bundle) -> None:
    lakes = gpd.GeoDataFrame(
        {"name": [f"l{i:02d}" for i in range(14)]},
        geometry=[box(5000.0 * i, 0, 2000 + 10 * i, 2100) for i in range(14)],
        crs=CRS,
    )
    assert other(water=lakes).head["water"]["name"] == [f"l{i:02d}" for i in range(13, 1, -1)]


def test_gaps_largest_first(plain: Bundle) -> None:
    gaps = gpd.GeoDataFrame(
        {"name": ["small", "large"], "district": ["west", "none"], "workers": [9.0, 30.6]},
        geometry=[box(0, 0, 600, 600), box(3000, 0, 900, 900)],
        crs=CRS,
    )
    page = other(gaps=gaps)
    part = page.head["gaps"]
    assert part["name"] == ["large", "small"]
    assert part["workers"] == [31, 9]
    assert part["district"] == [-1, 0]
    large, small = page.shapes(part["shapes"])
    assert large.area == pytest.approx(810_000, rel=0.01)
    assert small.area == pytest.approx(360_000, rel=0.01)
    assert other(gaps=gaps.iloc[:0]).head["gaps"]["name"] == []


def test_hotspots_with_their_busiest_hours(bundle: Bundle, page: Island) -> None:
    part = page.head["hotspots"]
    assert part["name"] == ["石路商圈"]
    assert part["workers"] == [64]
    assert part["area"] == [0.64]
    assert "10" in part["peak"][0]
    assert "14" in part["peak"][0]
    assert part["peak"][0] != "10_14"
    (shape,) = page.shapes(part["shapes"])
    assert shape.area == pytest.approx(640_000, rel=0.01)
    odd = bundle.hotspots.assign(peak_period="dusk", area_km2=1.236)
    assert other(hotspots=odd).head["hotspots"]["peak"] == ["dusk"]
    assert other(hotspots=odd).head["hotspots"]["area"] == [1.24]
    assert other(hotspots=None).head["hotspots"] is None
    assert other(hotspots=odd.iloc[:0]).head["hotspots"] is None


# -- further layers -----------------------------------------------------------------------------------------------------


def layer(geometries: list[Any], **changes: Any) -> ExtraLayer:
    n = len(geometries)
    table = gpd.GeoDataFrame(
        {"name": [f"n{i}" for i in range(n)], "trucks": [10.26 + i for i in range(n)], "text": ["x"] * n},
        geometry=geometries,
        crs=CRS,
    )
    given: dict[str, Any] = {
        "key": "homes", "zh": "司机之家", "en": "Driver homes", "table": table, "colour": "#123456",
        "name_column": "name",
        "fields": (
            PopupField("trucks", "卡车", "Trucks", unit_zh="辆", unit_en="a day", digits=1),
            PopupField("text", "文", "Text"),
        ),
    }  # fmt: skip
    return ExtraLayer(**given | changes)


POINTS = [shapely.Point(X0 + 100, Y0 + 200), shapely.Point(X0 + 900, Y0 + 800), shapely.Point()]


@pytest.mark.filterwarnings("ignore:GeoSeries.notna")
def test_a_layer_of_points(bundle: Bundle) -> None:
    language = bundle.settings.study.language
    made = layer(POINTS, searchable=True)
    page = other(language, extra_layers=(made,))
    (part,) = page.head["extras"]
    zh = language == "zh"
    assert (part["key"], part["kind"], part["label"]) == (
        "homes",
        "point",
        "司机之家" if zh else "Driver homes",
    )
    assert part["name"] == ["n0", "n1"]
    assert part["searchable"] is True
    assert part["shown"] is made.shown
    assert part["style"] == {
        "colour": "#123456", "opacity": made.fill_opacity, "dashed": made.dashed, "outline": made.outline,
        "shape": made.shape,
    }  # fmt: skip
    first, second = part["fields"]
    assert first == {
        "label": "卡车" if zh else "Trucks",
        "unit": "辆" if zh else "a day",
        "values": [10.3, 11.3],
    }
    assert second == {"label": "文" if zh else "Text", "unit": second["unit"], "values": ["x", "x"]}
    near(page.points(part["at"]), made.table.iloc[:2])
    assert "shapes" not in part
    assert "width" not in part
    unnamed = other(language, extra_layers=(layer(POINTS, name_column=""),))
    assert unnamed.head["extras"][0]["name"] == ["", ""]
    assert unnamed.head["extras"][0]["searchable"] is layer(POINTS).searchable


def test_a_layer_of_lines_with_widths_and_one_of_areas(plain: Bundle) -> None:
    lines = [
        shapely.LineString([(X0, Y0), (X0 + 1000, Y0)]),
        shapely.MultiLineString([[(X0, Y0 + 50), (X0 + 500, Y0 + 50)], [(X0, Y0 + 90), (X0 + 500, Y0 + 90)]]),
    ]
    wide = layer(
        lines,
        width_column="trucks",
        width_px=(1.0, 9.0),
        widths_zh="辆/日",
        widths_en="trucks a day",
        searchable=True,
    )
    areas = layer([box(0, 0, 300, 300), lines[0]], key="zones")
    page = other(extra_layers=(wide, areas))
    first, second = page.head["extras"]
    assert (first["kind"], second["kind"]) == ("line", "polygon")
    assert first["searchable"] is False
    assert first["width"] == {"values": [10.3, 11.3], "px": [1.0, 9.0], "unit": "trucks a day"}
    assert Island(toy_bundle("zh", extra_layers=(wide,))).head["extras"][0]["width"]["unit"] == "辆/日"
    drawn = page.shapes(first["shapes"], polygon=False)
    assert [line.length for line in drawn] == [pytest.approx(1000, abs=4), pytest.approx(1000, abs=8)]
    assert page.shapes(second["shapes"])[0].area == pytest.approx(90_000, rel=0.02)
    assert "at" not in first


# -- about -------------------------------------------------------------------------------------------------------------


def test_what_the_page_says_about_itself(bundle: Bundle, page: Island) -> None:
    about = page.head["about"]
    zh = bundle.settings.study.language == "zh"
    assert about["language"] == bundle.settings.study.language
    assert about["title"] == (
        "玩具城户外劳动者服务站点规划" if zh else "Toy Town: stations for outdoor workers"
    )
    assert about["note"] == (
        "街道与人口为虚构，仅作示例。" if zh else "Streets and residents are made up, for show only."
    )
    assert about["synthetic"] is True
    assert (about["minutes"], about["walk_kmh"]) == (10, 4.0)
    assert "4549" in about["crs"]
    assert about["credits"] == list(CREDITS)
    assert about["approval"] == ""
    more = other(run={"credits": ["Survey 2024", CREDITS[0], None]}).head["about"]["credits"]
    assert more == [*CREDITS, "Survey 2024", ""]


def test_the_page_is_bounded_by_the_districts(page: Island) -> None:
    west, south, east, north = page.head["bounds"]
    back = pyproj.Transformer.from_crs(4326, CRS, always_xy=True).transform
    assert back(west, south) == pytest.approx((X0, Y0), abs=30)
    assert back(east, north) == pytest.approx((X0 + 4000, Y0 + 2000), abs=30)
    assert all(v == round(v, 5) for v in (west, south, east, north))
    assert any(v != round(v, 4) for v in (west, south, east, north))
    assert page.head["words"]
    assert RADIUS == 667


def test_cells_tell_who_is_reached_today_and_with_the_new_sites(bundle: Bundle, page: Island) -> None:
    part = page.head["cells"]
    assert (part["columns"], part["rows"], part["cell_m"]) == (20, 10, 200)
    keys = page.integers(part["key"], delta=True)
    old = bundle.stations[bundle.stations["status"] == "open"]
    both = pd.concat([old[["geometry"]], bundle.chosen[["geometry"]]])
    now, then = (1000 * covered_by(bundle.demand, sites) for sites in (old, both))
    by_key = {
        int(c[4:6]) * 20 + int(c[1:3]): (a, b, round(1000 * w))
        for c, a, b, w in zip(bundle.demand["cell_id"], now, then, bundle.demand["workers"], strict=True)
    }
    assert keys == sorted(by_key)
    assert page.integers(part["now"]) == [by_key[k][0] for k in keys]
    assert page.integers(part["then"]) == [by_key[k][1] for k in keys]
    assert page.integers(part["workers"]) == [by_key[k][2] for k in keys]


# -- how finely shapes are drawn ------------------------------------------------------------------------------------------


def bumped(height: float) -> shapely.Polygon:
    """A square of a kilometre with a corner of this height in the middle of its upper side."""
    corners = [(0, 0), (1000, 0), (1000, 1000), (500, 1000 + height), (0, 1000)]
    return shapely.Polygon([(X0 + x, Y0 + y) for x, y in corners])


def corners_of(page: Island, part: dict[str, Any], *, polygon: bool = True) -> int:
    (shape,) = page.shapes(part["shapes"], polygon=polygon)
    return len(shapely.get_coordinates(shape)) - polygon


@pytest.mark.parametrize(
    ("name", "tolerance_m"), [("extras", 8), ("gaps", 10), ("hotspots", 10), ("roads", 12), ("water", 25)]
)
def test_a_bend_smaller_than_the_tolerance_of_its_layer_is_drawn_straight(
    plain: Bundle, name: str, tolerance_m: float
) -> None:
    def drawn(height: float) -> int:
        square = bumped(height)
        if name == "extras":
            page = other(extra_layers=(layer([square]),))
            return corners_of(page, page.head["extras"][0])
        if name == "roads":
            line = shapely.LineString([(X0, Y0), (X0 + 500, Y0 + height), (X0 + 1000, Y0)])
            page = other(main_roads=plain.main_roads.iloc[[1]].set_geometry([line], crs=CRS))
            return corners_of(page, page.head["roads"][0], polygon=False) + 2
        if name == "water":
            page = other(water=plain.water.iloc[[0]].set_geometry([square], crs=CRS))
        elif name == "gaps":
            page = other(gaps=plain.gaps.iloc[[0]].set_geometry([square], crs=CRS))
        else:
            page = other(hotspots=plain.hotspots.iloc[[0]].set_geometry([square], crs=CRS))
        return corners_of(page, page.head[name])

    assert drawn(tolerance_m + 1) == 5
    assert drawn(tolerance_m - 1) == 4
