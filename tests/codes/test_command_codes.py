"""What the commands refuse, by code: fetching, batches, folders that cannot be used."""

from __future__ import annotations

import sys
import types
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely

from planner.errors import PlannerError
from planner.example import build as example
from planner.fetch import overpass
from planner.fetch.extract import cut_place
from planner.publish.page.write import _leaflet as leaflet
from planner.study.batch import run_batch
from tests.study.town import Place, street_town


def code_of(call: Any) -> str:
    with pytest.raises(PlannerError) as caught:
        call()
    assert caught.value.told is not None
    assert caught.value.message("zh") != caught.value.message("en")
    return caught.value.told.code


def without(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """The package is not installed."""
    monkeypatch.setitem(sys.modules, name, None)


def test_fetching_without_osmnx_or_with_an_unknown_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "osmnx")
    assert code_of(overpass._osmnx) == "OSM-003"
    old = types.ModuleType("osmnx")
    old.__version__ = "1.9"  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "osmnx", old)
    assert code_of(overpass._osmnx) == "OSM-004"


def test_what_a_server_answers_is_told_apart() -> None:
    import osmnx

    def asked(error: Exception) -> Any:
        with overpass._plain_errors(osmnx, "Nowhere"):
            raise error

    assert code_of(lambda: asked(osmnx._errors.ResponseStatusCodeError("504"))) == "OSM-006"
    assert code_of(lambda: asked(osmnx._errors.InsufficientResponseError("none"))) == "OSM-007"


def test_a_place_that_is_only_a_point_has_no_outline() -> None:
    point = gpd.GeoDataFrame(geometry=[shapely.Point(120, 31)], crs=4326)
    assert code_of(lambda: overpass._outline(point, "Pole", 100.0)) == "OSM-008"


def test_an_extract_without_streets_in_the_place_is_refused(tmp_path: Path) -> None:
    from tests.roads.osm_text import osm

    nodes = {1: (0, 0), 2: (900, 0), 3: (900, 900), 4: (0, 900)}
    border = {1: ([1, 2, 3, 4, 1], {"boundary": "administrative", "admin_level": "8", "name": "Empty"})}
    relations = {1: ([("way", 1, "outer")], {"type": "boundary", "boundary": "administrative", "admin_level": "8", "name": "Empty"})}  # fmt: skip
    path = osm(tmp_path / "a.osm", nodes, border, relations=relations)
    assert code_of(lambda: cut_place("Empty", path, tmp_path / "out")) == "OSM-002"
    assert not (tmp_path / "out").exists()


def test_a_batch_of_one_name_twice_without_dask_or_without_a_scheduler_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (street_town(tmp_path / n, stations=[Place("s", 100)]) for n in "ab")
    assert code_of(lambda: run_batch([first, second], tmp_path / "out")) == "RUN-001"
    second.write_text(second.read_text("utf-8").replace('name = "street"', 'name = "lane"'), "utf-8")
    with monkeypatch.context() as patch:
        without(patch, "distributed")
        assert code_of(lambda: run_batch([first, second], tmp_path / "out")) == "RUN-002"
    assert code_of(lambda: run_batch([first, second], tmp_path / "out", scheduler="nothing://x")) == "RUN-003"


def test_folders_that_cannot_be_used_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder", "utf-8")
    assert code_of(lambda: example.build(tmp_path / "file")) == "OUT-004"
    assert code_of(lambda: example.write(tmp_path)) == "OUT-005"


def test_a_page_without_leaflets_files_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    leaflet.cache_clear()
    without(monkeypatch, "xstatic.pkg.leaflet")
    assert code_of(leaflet) == "OUT-006"
    leaflet.cache_clear()
