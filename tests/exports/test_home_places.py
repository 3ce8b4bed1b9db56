"""Driver homes on the service map: those that stand and the new ones, with ids that stay."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import jsonschema
import numpy as np
import pytest
import shapely

from planner.exports import write as exports
from planner.exports.places import home_places, spot_id
from planner.exports.servicemap import schema_text
from planner.settings.inputs import Table
from tests.freight.test_plan import County, lnglat, table
from tests.publish.toy import toy_bundle


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("county")
    lng, lat = lnglat(47, 0)
    files = table(
        folder, "driver_homes.csv", f"站点编号,站点名称,经度,纬度,状态,货车泊位,开放时间\nH1,一号之家,{lng},{lat},运营,26,全天\n"
    )  # fmt: skip
    return County("target_drivers = 5000", files, folder).plan()


@pytest.fixture(scope="module")
def bundle(homes: Any) -> Any:
    return toy_bundle("zh", homes=homes)


def told(bundle: Any, folder: Path, **options: Any) -> dict[str, Any]:
    exports.write_exports(bundle, ["service-map"], folder, **options)
    return json.loads((folder / "service_map.json").read_text("utf-8"))  # type: ignore[no-any-return]


def test_every_home_is_on_the_map_and_the_stations_stay_as_they_are(
    bundle: Any, homes: Any, tmp_path: Path
) -> None:
    content = told(bundle, tmp_path / "with")
    jsonschema.Draft202012Validator(json.loads(schema_text())).validate(content)
    plain = told(dataclasses.replace(bundle, homes=None), tmp_path / "without")
    n = len(plain["places"])
    assert content["places"][:n] == plain["places"]
    assert {p["kind"] for p in plain["places"]} == {"station"}
    assert content["version"] != plain["version"]
    found = content["places"][n:]
    new = homes.chosen[homes.chosen["host_kind"] != "upgrade"]
    assert len(found) == 1 + len(new) > 1
    assert {p["kind"] for p in found} == {"driver_home"}
    assert [p["status"] for p in found] == ["open", *["planned"] * len(new)]
    assert [p["id"] for p in found] == ["home-H1", *(f"home-{i}" for i in new["site_id"])]
    first = found[0]
    assert (first["name"], first["bays"], first["qr_text"]) == ("一号之家", 26, "toy/home-H1")
    assert first["hours"]["week"]["sun"] == ["00:00-24:00"]
    points = np.concatenate([homes.existing.geometry.to_numpy(), new.geometry.to_numpy()])
    there = gpd.GeoSeries(shapely.points([p["wgs84"] for p in found]), crs=4326).to_crs(homes.chosen.crs)
    assert there.distance(gpd.GeoSeries(points, crs=homes.chosen.crs)).max() < 0.02
    for place, known, bays in zip(found[1:], new["bays_known"], new["bays_there"], strict=True):
        assert place["bays"] == (round(bays) if known else None)
        assert place["name"]
    manifest = json.loads((tmp_path / "with" / "exports.json").read_text("utf-8"))
    assert "driver homes" in json.dumps(manifest)


def test_an_upgraded_home_stands_once(bundle: Any, homes: Any) -> None:
    upgrade = homes.chosen.iloc[[0]].assign(host_kind="upgrade", site_id="H1-U")
    plan = dataclasses.replace(homes, chosen=upgrade)
    assert home_places(dataclasses.replace(bundle, homes=plan))["place_id"].tolist() == ["home-H1"]


def test_a_home_that_nobody_numbered_is_named_by_its_spot(bundle: Any, homes: Any) -> None:
    lists = (Table(path=Path("homes.csv")),)
    inputs = bundle.settings.inputs.model_copy(update={"driver_homes": lists})
    settings = bundle.settings.model_copy(update={"inputs": inputs})
    plan = dataclasses.replace(homes, existing=homes.existing.assign(site_id="homes-2"))
    found = home_places(dataclasses.replace(bundle, settings=settings, homes=plan))
    point = homes.existing.geometry.to_crs(4326).iloc[0]
    assert found["place_id"].iloc[0] == spot_id(point.x, point.y)
    assert found["place_id"].iloc[1].startswith("home-")


def test_a_home_keeps_its_id_when_it_is_built_and_never_takes_a_station_s(
    bundle: Any, homes: Any, tmp_path: Path
) -> None:
    before = told(bundle, tmp_path / "before")
    planned = next(p for p in before["places"] if p["kind"] == "driver_home" and p["status"] == "planned")
    built = homes.chosen.iloc[[0]].assign(site_id="H9", host_kind="driver_home", upgraded=False)
    plan = dataclasses.replace(homes, existing=built, chosen=homes.chosen.iloc[1:])
    station = bundle.stations.iloc[[0]].assign(
        station_id="S999", geometry=built.geometry.to_crs(bundle.stations.crs).to_numpy()
    )  # a station opens at the same spot: it is no successor of the home
    later = dataclasses.replace(bundle, homes=plan, stations=station)
    after = told(later, tmp_path / "after", earlier=tmp_path / "before" / "service_map.json")
    kinds = {p["id"]: (p["kind"], p["status"]) for p in after["places"]}
    assert kinds[planned["id"]] == ("driver_home", "open")
    assert kinds["station-S999"] == ("station", "open")
    old = json.loads((tmp_path / "before" / "service_map.json").read_text("utf-8"))
    for p in old["places"]:
        del p["bays"]
    (tmp_path / "old.json").write_text(json.dumps({**old, "format": "1.0"}), "utf-8")  # as written last year
    told(later, tmp_path / "again", earlier=tmp_path / "old.json")
