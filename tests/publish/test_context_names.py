"""Names on the map: where a street's name may stand, and its direction there."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest

from planner.publish.page.names.context import context_part
from planner.publish.page.pack import Island
from planner.telling.context import Context
from tests.publish.test_public_page import integers
from tests.publish.towns import town_context
from tests.publish.toy import CRS, X0, Y0


def read(context):
    island = Island()
    part = context_part(context, island)
    found = {}
    for kind in part["kinds"]:

        def of(name, kind=kind):
            start, length = kind[name]
            return integers(bytes(island._blob)[start : start + length])

        names = [part["names"][k] for k in np.cumsum(of("name"))]
        lng, lat = (np.cumsum(np.array(of("at")).reshape(-1, 2), axis=0) / 1e5).T
        xy = gpd.GeoSeries.from_xy(lng, lat, crs=4326).to_crs(CRS)
        angle = of("angle") if kind["angle"] else [0] * len(names)
        found[kind["kind"]] = list(zip(names, (xy.x - X0).round(), (xy.y - Y0).round(), angle, strict=True))
    return found


def test_a_streets_name_stands_every_450_metres_along_it():
    found = read(town_context())
    (first, second) = [row for row in found["highway"] if row[0] == "人民路"]
    assert (first[1], second[1]) == (
        pytest.approx(225, abs=2),
        pytest.approx(675, abs=2),
    )  # 900 m in two ways of the file
    assert first[3] == 0
    assert [abs(row[3]) for row in found["street"] if row[0] == "竹弄"] == [90]


def test_kinds_and_what_has_no_name():
    found = read(town_context())
    assert [row[0] for row in found["town"]] == ["玩具镇"]
    assert [row[0] for row in found["village"]] == ["东村"]
    assert [row[0] for row in found["park"]] == ["大公园", "小公园"]  # the larger first
    assert {row[0] for row in found["street"]} == {"竹弄", "梅弄"}
    assert "" not in {row[0] for rows in found.values() for row in rows}
    assert [row[0] for row in found["rail_station"]] == ["玩具站"]


def test_without_names_there_is_no_part_and_without_streets_no_streets():
    assert context_part(None, Island()) is None
    whole = town_context()
    none = Context(whole.streets.iloc[:0], whole.main.iloc[:0], whole.places.iloc[:0], whole.areas.iloc[:0], whole.landmarks.iloc[:0])  # fmt: skip
    assert context_part(none, Island()) == {"names": [], "kinds": []}
