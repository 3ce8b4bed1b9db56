"""The page's search: pinyin, ids, ranks, and coordinates in any datum, as the study itself converts them."""

from __future__ import annotations

import numpy as np
import pytest

from planner.inputs.places.datum import convert
from planner.telling.words.pinyin import sounds_of

SUZHOU = [119.9, 30.7, 121.4, 32.1]


def test_datums_are_converted_as_the_study_converts_its_lists(node):
    rng = np.random.default_rng(4)
    lng, lat = rng.uniform(74, 134, 150), rng.uniform(3, 53, 150)
    for datum in ("wgs84", "gcj02", "bd09"):
        x, y = convert(lng, lat, source=datum)
        found = node("find.mjs", given={"points": [[a, b, datum] for a, b in zip(lng, lat, strict=True)]})[
            "points"
        ]
        assert np.abs(np.array(found) - np.column_stack([x, y])).max() < 1e-9
    outside = node("find.mjs", given={"points": [[2.35, 48.86, "gcj02"]]})["points"]
    assert outside == [[2.35, 48.86]]


@pytest.mark.parametrize(
    ("text", "lng", "lat", "datums"),
    [
        ("120.62, 31.30", 120.62, 31.30, ["wgs84", "gcj02", "bd09"]),
        ("31.30 120.62", 120.62, 31.30, ["wgs84", "gcj02", "bd09"]),
        ("31.30，120.62 GCJ-02", 120.62, 31.30, ["gcj02"]),
        ("高德 120.62,31.30", 120.62, 31.30, ["gcj02"]),
        ("百度坐标：120.62，31.30", 120.62, 31.30, ["bd09"]),
        ("BD09 120.62;31.30", 120.62, 31.30, ["bd09"]),
        ("WGS84 N31.30 E120.62", 120.62, 31.30, ["wgs84"]),
        ("北纬31.30° 东经120.62°", 120.62, 31.30, ["wgs84", "gcj02", "bd09"]),
    ],
)  # fmt: skip
def test_typed_coordinates_are_read_in_either_order(node, text, lng, lat, datums):
    (found,) = node("find.mjs", given={"typed": [text], "box": SUZHOU})["typed"]
    assert [f["datum"] for f in found] == datums
    for f in found:
        x, y = convert(np.array([lng]), np.array([lat]), source=f["datum"])
        assert (f["lng"], f["lat"]) == pytest.approx((float(x[0]), float(y[0])), abs=1e-9)


def test_what_is_no_pair_of_coordinates_is_a_name(node):
    typed = ["12", "人民路 120.5 号", "120.62", "1 2", "1.5 2.5 3.5", "999.5 888.5", "", "12, 34"]
    assert node("find.mjs", given={"typed": typed, "box": SUZHOU})["typed"] == [[]] * len(typed)


ENTRIES = [
    {"id": "candidate", "text": "观前街服务点", "keys": ["h7"], "order": 4},
    {"id": "station", "text": "观前街服务点", "keys": ["S003"], "order": 1},
    {"id": "site", "text": "观前街服务点", "keys": ["N012"], "rank": 12, "order": 0},
    {"id": "bank", "text": "重庆银行长桥支行", "keys": ["h12"], "order": 4},
    {"id": "street", "text": "观前街", "order": 5},
    {"id": "english", "text": "Lakeside Mall 12", "keys": [], "order": 4},
]


def find(node, *asked):
    sounds = {"观": ["guan"], "前": ["qian"], "街": ["jie"], "服": ["fu"], "务": ["wu"], "点": ["dian"], "重": ["zhong", "chong"],
              "庆": ["qing"], "银": ["yin"], "行": ["hang", "xing"], "长": ["chang", "zhang"], "桥": ["qiao"], "支": ["zhi"]}  # fmt: skip
    return node("find.mjs", given={"entries": ENTRIES, "sounds": sounds, "asked": list(asked)})["found"]


def test_the_proposed_site_stands_before_its_namesakes(node):
    (found,) = find(node, "观前街服务")
    assert found == ["site", "station", "candidate"]
    assert find(node, "观前街")[0][0] == "street"  # the whole name before names that begin so


def test_ids_and_ranks(node):
    assert find(node, "S003", "n012") == [["station"], ["site"]]
    assert [f[0] for f in find(node, "12", "#12", "第12位")] == ["site"] * 3


def test_pinyin_whole_begun_and_by_initials(node):
    for want in ("guanqianjie", "guanqianj", "gqj", "gqjie", "guanqj", "guan qian jie"):
        assert find(node, want)[0][0] == "site", want
        assert set(find(node, want)[0]) == {"site", "station", "candidate", "street"}
    assert find(node, "changqiao", "zhangqiao", "cqzh", "chongqing", "yinhang", "qiaozhi") == [["bank"]] * 6
    assert find(node, "guanqiane", "xyz") == [[], []]


def test_readings_of_names():
    pytest.importorskip("pypinyin")
    found = sounds_of(["重庆银行长桥支行", "吕巷", "Mall"])
    assert found["重"][0] == "chong"
    assert found["行"][0] == "hang"
    assert "xing" in found["行"]
    assert found["长"][0] in ("chang", "zhang")
    assert "lv" in found["吕"]
    assert set(found) == set("重庆银行长桥支吕巷")
