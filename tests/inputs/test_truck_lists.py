"""Lists about trucks as people keep them: counts, sites with bays, driver homes, and tags of the street file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from planner.inputs.truck_lists import read_counts, read_truck_lists, read_truck_tags
from planner.settings.inputs import Table
from planner.settings.reading import parse_settings

CRS = "EPSG:4549"


def inputs_of(folder: Path, **lists: str):
    """The inputs section of a study with these lists; ``homes``, ``homes_2`` … are lists of homes."""
    text = '[study]\nname = "county"\n[inputs.streets]\npath = "roads.gpkg"\n'
    for name, rows in lists.items():
        (folder / f"{name}.csv").write_text(rows, "utf-8")
        head = "[[inputs.driver_homes]]" if name.startswith("homes") else f"[inputs.{name}]"
        text += f'{head}\npath = "{name}.csv"\ndatum = "wgs84"\n'
    return parse_settings(text, folder=folder).inputs


def lists_of(inputs):
    return read_truck_lists(inputs.truck_counts, inputs.truck_sites, inputs.driver_homes, crs=CRS)


def test_numbers_in_ten_thousands_are_read_and_signs_are_told(tmp_path):
    counts = ("1.2万辆/日", "5千", "约3,000辆", "−5", ".5", "7")
    rows = "".join(f'G{i},120.8,31.2,"{text}"\n' for i, text in enumerate(counts))
    (tmp_path / "c.csv").write_text("road,lng,lat,trucks_per_day\n" + rows, "utf-8")
    made, found = read_counts(Table(path=tmp_path / "c.csv"), crs=CRS)
    assert made["trucks_per_day"].tolist() == pytest.approx(
        [12_000, 5_000, 3_000, np.nan, np.nan, 7], nan_ok=True
    )
    assert [f.value for f in found if f.code == "FRT-010"] == ["−5", ".5"]


def test_lists_say_what_stands_in_them_and_nothing_is_assumed(tmp_path):
    inputs = inputs_of(
        tmp_path,
        truck_counts="道路,地点,经度,纬度,日流量,货车流量,来源\nG204,太仓,121.1,31.4,30000,,公报\nG50,,120.8,31.1,,9000,\n",
        truck_sites="编号,名称,类型,经度,纬度,货车泊位,淋浴,开放时间\nS1,空场,服务区,120.8,31.2,0,2,全天\n"
        "S2,大场,服务区,120.9,31.2,50,,24小时\nS3,无数,停车场,120.7,31.2,,1,\n",
        homes="站点编号,站点名称,经度,纬度,状态,货车泊位,来源\nH1,一号,120.8,31.3,运营,26,报纸\nH2,二号,120.9,31.3,停用,30,\n",
        homes_2="站点编号,站点名称,经度,纬度,状态\nK1,三号,120.7,31.3,运营\n",
    )
    lists = lists_of(inputs)
    assert lists.counts["road"].tolist() == ["G204", "G50"]
    assert lists.counts["place_zh"].tolist() == ["太仓", ""]
    assert lists.counts["source_zh"].tolist() == ["公报", ""]
    assert lists.counts["vehicles_per_day"].tolist() == pytest.approx([30_000, np.nan], nan_ok=True)
    assert lists.counts["trucks_per_day"].tolist() == pytest.approx([np.nan, 9000], nan_ok=True)
    assert lists.sites["site_id"].tolist()[0] == "S2"  # no room for trucks at S1, which is told
    assert lists.sites["bays"].iloc[0] == 50
    assert [(f.code, f.source, f.row) for f in lists.findings if f.code == "FRT-004"] == [
        ("FRT-004", "truck_sites.csv", 2)
    ]
    assert lists.homes["site_id"].tolist() == ["H1", "K1"]  # those that are open, of both lists
    assert lists.homes["bays"].tolist() == pytest.approx([26, np.nan], nan_ok=True)
    assert lists.homes["source_zh"].tolist() == ["报纸", ""]
    assert set(lists.homes["host_kind"]) == {"driver_home"}
    assert {t.crs.to_epsg() for t in (lists.counts, lists.sites, lists.homes)} == {4549}


def test_lists_that_are_not_given_are_empty_tables_with_their_columns(tmp_path):
    nothing = lists_of(inputs_of(tmp_path))
    given = lists_of(
        inputs_of(
            tmp_path, truck_counts="road,lng,lat,trucks_per_day\nG1,120.8,31.2,900\n",
            truck_sites="name,kind,lng,lat,bays\n大场,服务区,120.8,31.2,40\n",
            homes="站点编号,站点名称,经度,纬度,状态\nH1,一号,120.8,31.3,运营\n",
        )
    )  # fmt: skip
    assert nothing.findings == ()
    for name in ("counts", "sites", "homes"):
        empty, full = getattr(nothing, name), getattr(given, name)
        assert len(empty) == 0
        assert len(full) == 1
        assert dict(empty.dtypes.astype(str)) == dict(full.dtypes.astype(str))


def test_a_list_that_is_not_there_is_an_error_and_none_is_read(tmp_path):
    inputs = inputs_of(
        tmp_path,
        truck_counts="road,lng,lat\n",
        truck_sites="name,kind,lng,lat,bays\n空场,服务区,120.8,31.2,0\n",
    )
    (tmp_path / "truck_counts.csv").unlink()
    lists = lists_of(inputs)
    assert [(f.severity, f.source) for f in lists.findings] == [("E", "truck_counts.csv")]
    assert len(lists.sites) == 0


def test_the_street_file_tells_bays_lorries_and_showers_of_the_places_asked_for(tmp_path):
    tags = {
        "n1": {"capacity:hgv": "25", "hgv": "designated"},
        "n2": {"hgv": "no", "shower": "yes"},
        "n3": {"capacity:hgv": "many"},
        "n4": {"amenity": "fuel"},
        "n5": {"capacity:hgv": "9"},
    }
    nodes = "".join(
        f'<node id="{key[1:]}" version="1" lat="31.2" lon="120.8">'
        + "".join(f'<tag k="{k}" v="{v}"/>' for k, v in pairs.items())
        + "</node>"
        for key, pairs in tags.items()
    )
    (tmp_path / "a.osm").write_text(f'<osm version="0.6">{nodes}</osm>', "utf-8")
    told = read_truck_tags(tmp_path / "a.osm", ["n1", "n2", "n3", "n4"])
    assert told.index.tolist() == ["n1", "n2", "n3"]
    assert told["lorries"].tolist() == [True, False, False]
    assert told["bays"].tolist() == pytest.approx([25, np.nan, np.nan], nan_ok=True)
    assert told["showers"].tolist() == pytest.approx([np.nan, 2, np.nan], nan_ok=True)
    nothing = read_truck_tags(None, ["n1"])
    assert dict(nothing.dtypes.astype(str)) == dict(told.dtypes.astype(str))
    assert len(nothing) == 0
