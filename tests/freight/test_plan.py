"""A whole plan of driver homes in a made-up county: its tables, its products' data, and bad input."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from planner.errors import InfeasibleError, PlannerError
from planner.freight.homes import plan_homes
from planner.freight.sites import read_counts
from planner.publish.bundle import ExtraLayer, PopupField
from planner.roads.network import network_from_edges
from planner.settings.inputs import Table
from planner.settings.reading import parse_settings

CRS = "EPSG:4549"
X0, Y0 = 550_000.0, 3_450_000.0
LNG0, LAT0 = 120.5243, 31.1702


def county_network():
    """A trunk road 60 km long from west to east, crossing a county 50 km wide, with a lane at every 5 km."""
    at = np.arange(-5, 60, 5.0)
    n = len(at)
    x = np.r_[at, at] * 1000 + X0
    y = np.r_[np.zeros(n), np.full(n, 2.0)] * 1000 + Y0
    u = np.r_[np.arange(n - 1), np.arange(n)]
    v = np.r_[np.arange(1, n), np.arange(n) + n]
    length = np.r_[np.full(n - 1, 5000.0), np.full(n, 2000.0)]
    kind = np.r_[np.zeros(n - 1, int), np.ones(n, int)]
    seconds = length / np.where(kind == 0, 15.0, 8.0)
    return network_from_edges(
        x, y, u, v, length, seconds, seconds, mode="truck", crs=CRS, edge_class=kind, classes=("trunk", "residential"),
        min_component=1,
    )  # fmt: skip


def points(*km):
    return gpd.GeoSeries([shapely.Point(X0 + a * 1000, Y0 + b * 1000) for a, b in km], crs=CRS)


class County:
    """What the freight room asks of a study, made by hand."""

    def __init__(
        self, freight: str = "", files: str = "", folder: Path | None = None, hosts=None, draws: int = 0
    ) -> None:
        text = (
            '[study]\nname = "county"\ncrs = "EPSG:4549"\n[inputs.streets]\npath = "roads.gpkg"\n'
            f"{files}\n[freight]\nmultipath_draws = {draws}\n{freight}\n"
        )
        self.settings = parse_settings(text, folder=folder or Path.cwd())
        self.crs = CRS
        box = shapely.box(X0, Y0 - 10_000, X0 + 50_000, Y0 + 10_000)
        self.districts = gpd.GeoDataFrame(
            {"district": ["甲县"], "name_zh": ["甲县"], "name_en": ["Jia"], "population": [1e6]},
            geometry=[box],
            crs=CRS,
        )
        self.hosts = hosts if hosts is not None else self.usual_hosts()
        cells = [
            shapely.box(X0 + a * 1000, Y0 + 1000, X0 + a * 1000 + 200, Y0 + 1200) for a in range(2, 50, 4)
        ]
        self.demand = gpd.GeoDataFrame(
            {"cell_id": [str(i) for i in range(12)], "district": "甲县", "truck__06_10": 400.0, "truck__22_06": 600.0},
            geometry=cells, crs=CRS,
        )  # fmt: skip
        blank = gpd.GeoDataFrame(
            {"kind": [], "name": [], "class": [], "ref": [], "osm_id": []}, geometry=[], crs=CRS
        )
        self.layers = {"landuse": blank, "main_roads": blank, "water": blank, "places": blank}
        self._network = county_network()
        self.said: list[str] = []

    @staticmethod
    def usual_hosts():
        kinds = ["port", "logistics", "industry", "service_area", "truck_parking", "fuel"]
        return gpd.GeoDataFrame(
            {"host_id": [f"n{i}" for i in range(6)], "name": [f"{k}一" for k in kinds], "host_kind": kinds, "open_hours": ""},
            geometry=points((10, 2), (25, 2), (40, 2), (20, 0.1), (35, 0.1), (30, 0.1)), crs=CRS,
        )  # fmt: skip

    def network(self, mode: str = "walk"):
        assert mode == "truck"
        return self._network

    def _say(self, label: str, share: float = 0.0) -> None:
        self.said.append(label)


def table(folder: Path, name: str, text: str) -> str:
    (folder / name).write_text(text, "utf-8")
    role = name.removesuffix(".csv")
    head = f"[[inputs.{role}]]" if role == "driver_homes" else f"[inputs.{role}]"
    return f'{head}\npath = "{name}"\ndatum = "wgs84"\n'


def lnglat(a: float, b: float) -> tuple[float, float]:
    p = points((a, b)).to_crs(4326).iloc[0]
    return round(p.x, 6), round(p.y, 6)


def codes(plan) -> set[str]:
    return {f.code for f in plan.findings}


def test_a_county_gets_the_fewest_homes_for_its_target():
    plan = plan_homes(County("target_drivers = 5000"))
    # 40 bays × 12 × 30 / 4 = 3,600 drivers a month each: one is too few, two are enough
    assert len(plan.chosen) == 2
    assert plan.drivers == pytest.approx(7200)
    assert plan.solution.status == "optimal"
    assert plan.curve["drivers"].tolist()[:2] == pytest.approx([3600, 7200])
    assert plan.chosen["rank"].tolist() == [1, 2]
    assert plan.chosen["drivers"].sum() == pytest.approx(plan.drivers)
    assert plan.totals["drivers_based"] == pytest.approx(12_000)
    run = plan.run_json()
    assert {"chosen", "drivers", "objective", "bound", "gap", "status"} <= run.keys()
    assert run["chosen"] == 2
    assert run["gap"] == 0
    assert "fuel一" not in set(plan.candidates["name"])  # no truck bays known at a plain filling station


def test_trips_balance_in_every_zone_and_flows_are_on_the_road():
    plan = plan_homes(County("target_drivers = 100"))
    assert plan.zones["trips_out"].to_numpy() == pytest.approx(plan.zones["trips_in"].to_numpy())
    assert plan.zones["kind"].tolist().count("trunk") == 2  # the road crosses the outline twice
    own = plan.zones["drivers"] > 0
    assert plan.zones["trips_out"][own].to_numpy() == pytest.approx(
        1.2 * plan.zones["drivers"][own].to_numpy()
    )
    assert plan.zones["trips_out"][~own].to_numpy() == pytest.approx(3000)  # 6,000 a day, both directions
    west = plan.flows[plan.flows["edge"] == 2].iloc[0]  # the first one inside
    assert west["trucks_per_day"] == pytest.approx(6000, rel=1e-3)
    assert 0.2 < west["night_share"] < 0.36  # 35 % of the long trips depart at night, the local ones 20 %


def test_tables_and_layers_speak_both_languages():
    plan = plan_homes(County("target_drivers = 5000"))
    zh, en = plan.tables("zh"), plan.tables("en")
    assert [t.shape for t in zh.values()] == [t.shape for t in en.values()]
    assert "服务司机（人/月）" in zh["司机之家"].columns
    assert "Drivers served a month" in en["Driver homes"].columns
    assert not any(ord(c) > 0x2E80 for t in en.values() for name in t.columns for c in str(name))
    assert en["Driver homes"]["Meets the checklist"].tolist() == ["no", "no"]
    for language, other in (("zh", "_en"), ("en", "_zh")):
        layers = plan.extra_layers(language)
        assert [x.key for x in layers] == [
            "truck_flows", "home_catchments", "home_candidates", "homes_existing", "homes_new",
        ]  # fmt: skip
        for layer in layers:
            assert isinstance(layer, ExtraLayer)
            assert all(isinstance(x, PopupField) for x in layer.fields)
            assert {x.column for x in layer.fields} <= set(layer.table.columns)
            assert not any(x.column.endswith(other) for x in layer.fields)
            assert layer.table.crs is not None
    assert "每月服务" in plan.chosen["reason_zh"].iloc[0]
    assert "drivers a month" in plan.chosen["reason_en"].iloc[0]
    assert "7,200" in repr(plan)


def test_existing_homes_serve_first_and_keep_their_distance(tmp_path):
    lng, lat = lnglat(20.5, 0)
    files = table(
        tmp_path, "driver_homes.csv",
        f"站点编号,站点名称,经度,纬度,状态,货车泊位,淋浴,洗衣机,开放时间\nH1,一号之家,{lng},{lat},运营,26,1,,24小时\n",
    )  # fmt: skip
    plan = plan_homes(County("target_drivers = 5000", files, tmp_path))
    home = plan.existing.iloc[0]
    assert home["drivers"] == pytest.approx(26 * 90)
    assert home["lacks_en"].startswith("lacks showers 1/2")
    assert plan.totals["served_by_existing"] == pytest.approx(2340)
    assert "service_area一" not in set(plan.candidates["name"])  # half a kilometre from the home
    assert "upgrade" in set(plan.candidates["host_kind"])
    assert plan.drivers >= 5000


def test_a_target_out_of_reach_says_what_can_be_had():
    with pytest.raises(InfeasibleError, match="the most that can be served is"):
        plan_homes(County("target_drivers = 1000000"))


def test_the_same_study_gives_the_same_plan():
    text = "target_drivers = 5000\nmultipath_sigma = 0.3"
    one, two = (plan_homes(County(text, draws=2)) for _ in range(2))
    pd.testing.assert_frame_equal(pd.DataFrame(one.flows), pd.DataFrame(two.flows))
    pd.testing.assert_frame_equal(pd.DataFrame(one.chosen), pd.DataFrame(two.chosen))


# -- bad input -------------------------------------------------------------------------------------


def test_a_generator_off_the_truck_network_is_told_and_its_drivers_stay():
    hosts = County.usual_hosts()
    hosts.loc[1, "geometry"] = shapely.Point(X0 + 25_000, Y0 + 9000)  # 7 km from every road
    plan = plan_homes(County("target_drivers = 100", hosts=hosts))
    assert "FRT-001" in codes(plan)
    assert plan.totals["drivers_based"] == pytest.approx(12_000)


def test_counts_replace_the_assumed_volume_of_a_gateway_and_off_road_ones_are_told(tmp_path):
    (a, b), (c, d) = lnglat(0.5, 0), lnglat(25, 9)
    files = table(
        tmp_path, "truck_counts.csv",
        f"road,lng,lat,vehicles_per_day,trucks_per_day\nG1,{a},{b},,9000\nX9,{c},{d},,500\nG1,{a},{b},many,\n",
    )  # fmt: skip
    plan = plan_homes(County("target_drivers = 100", files, tmp_path))
    gates = plan.zones[plan.zones["kind"] == "trunk"].sort_values("zone_id")
    assert sorted(gates["trips_out"].round().tolist()) == [3000, 4500]
    assert {"FRT-003", "FRT-010"} <= codes(plan)
    assert [f.row for f in plan.findings if f.code == "FRT-003"] == [3]


def test_a_site_without_bays_is_told_and_is_no_candidate(tmp_path):
    (a, b), (c, d) = lnglat(30, 0.05), lnglat(45, 0.05)
    files = table(
        tmp_path, "truck_sites.csv",
        "编号,名称,类型,经度,纬度,货车泊位,淋浴,洗衣机,开放时间,免费服务\n"
        f"S1,空场,服务区,{a},{b},0,2,2,24小时,齐全\nS2,大场,服务区,{c},{d},50,2,2,24小时,齐全\n",
    )  # fmt: skip
    plan = plan_homes(County("target_drivers = 100", files, tmp_path))
    assert "FRT-004" in codes(plan)
    assert "空场" not in set(plan.candidates["name"])
    best = plan.candidates.set_index("name").loc["大场"]
    assert best["meets"]
    assert best["lacks_zh"] == ""
    assert plan.chosen["name"].tolist() == ["大场"]  # 50 bays serve more than 40


def test_numbers_in_ten_thousands_are_read_and_signs_are_told(tmp_path):
    a, b = lnglat(30, 0.05)
    counts = ("1.2万辆/日", "5千", "约3,000辆", "−5", ".5", "7")
    rows = "".join(f'G{i},{a},{b},"{text}"\n' for i, text in enumerate(counts))
    table(tmp_path, "truck_counts.csv", "road,lng,lat,trucks_per_day\n" + rows)
    made, found = read_counts(Table(path=tmp_path / "truck_counts.csv"), crs=CRS, truck_share=0.25)
    assert made["trucks"].tolist() == pytest.approx([12_000, 5_000, 3_000, np.nan, np.nan, 7], nan_ok=True)
    assert [f.value for f in found if f.code == "FRT-010"] == ["−5", ".5"]


@pytest.mark.parametrize("rows", ["", "空,,,20\n"])
def test_a_table_of_sites_without_a_usable_row_gives_none(tmp_path, rows):
    files = table(tmp_path, "truck_sites.csv", "name,lng,lat,bays\n" + rows)
    plan = plan_homes(County("target_drivers = 100", files, tmp_path))
    assert len(plan.candidates) == len(plan_homes(County("target_drivers = 100")).candidates)
    assert plan.findings


def test_few_trucks_leave_every_street_out_and_the_plan_stands():
    county = County("target_drivers = 5\ngateway_trucks = {trunk = 0.0}")
    county.demand = county.demand.assign(truck__06_10=0.4, truck__22_06=0.6)
    plan = plan_homes(county)
    assert len(plan.chosen) == 1
    assert plan.flows.empty
    assert plan.hourly.shape == (0, 24)


def test_a_mean_trip_that_no_trips_have_is_refused_in_words():
    with pytest.raises(PlannerError, match="a mean trip of 900 min cannot be had"):
        plan_homes(County("target_drivers = 100\nmean_trip_minutes = 900"))


def test_a_corridor_without_candidates_is_told():
    hosts = County.usual_hosts().iloc[[0, 1, 2]]  # only port and logistics park; the far east has neither
    plan = plan_homes(County("target_drivers = 100\ndetour_minutes = 1", hosts=hosts))
    assert "FRT-005" in codes(plan)


def test_no_truck_drivers_is_told():
    county = County("target_drivers = 100")
    county.demand = county.demand.drop(columns=["truck__06_10", "truck__22_06"])
    county.settings = county.settings.model_copy(
        update={"freight": county.settings.freight.model_copy(update={"target_drivers": 10.0})}
    )
    plan = plan_homes(county)
    assert "FRT-011" in codes(plan)
    assert plan.totals["drivers_based"] == 0
    assert plan.chosen["drivers_passing"].min() > 0  # what runs through on the road is still there
