"""What is told, refused and forgotten when part of a study is at hand already: on disk, in memory, in another study."""

from __future__ import annotations

import gc
import shutil
import weakref
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

import planner
from planner.errors import InputError, PlannerError, SettingsError
from planner.settings.reading import read_settings
from planner.study.gather import input_paths
from tests.study.town import Place, at, covered, street_town, write_table

STATIONS = [Place("s", 600, "08:00-20:00"), Place("far", 1500)]
HOSTS = [Place("A", 1400), Place("B", 2600)]
COUNTS = '[inputs.truck_counts]\npath = "counts.csv"\ndatum = "wgs84"\n'


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., planner.Study]:
    """Open the town anew, each time as another process would: the cache on disk is all that is shared."""
    monkeypatch.setenv("PLANNER_CACHE", str(tmp_path / "cache"))

    def build(**town: object) -> planner.Study:
        folder = tmp_path / "town"
        if town or not folder.exists():
            path = street_town(folder, **{"stations": STATIONS, "hosts": HOSTS, **town})
            write_table(
                folder / "counts.csv", ["road", "lng", "lat", "trucks_per_day"], [("G1", *at(500), -5)]
            )
            gpd.GeoDataFrame(
                {"highway": ["path"] * 3},
                geometry=[
                    shapely.LineString([at(a), at(b)]) for a, b in ((9000, 9100), (9100, 9200), (9200, 9300))
                ],
                crs=4326,
            ).to_file(folder / "island.geojson")
            return planner.open_study(path)
        return planner.open_study(folder / "study.toml")

    return build


def told(study: planner.Study) -> list[str]:
    return [str(f) for f in study.all_findings()]


@pytest.mark.parametrize("ask", ["judge", "coverage", "site_stations"])
def test_the_second_process_tells_what_the_first_told(opened, ask: str) -> None:
    first = opened(extra=COUNTS)
    getattr(first, ask)()
    second = opened()
    getattr(second, ask)()
    assert any("FRT-010" in line for line in told(first))
    assert told(second) == told(first)
    assert "inputs" not in second.stages.records or second.stages.records["inputs"].kept


def test_refused_streets_are_refused_again_with_all_that_else_is_wrong(opened) -> None:
    study = opened(siting='p = 1\nhost_kinds = ["bnak"]', extra=COUNTS)
    (study.source.parent / "streets.geojson").write_text(
        '{"type": "FeatureCollection", "features": []}', "utf-8"
    )
    found = []
    for _ in range(2):
        again = opened()
        codes = [f.code for f in again.judge()]
        with pytest.raises(InputError) as caught:
            again.coverage()
        assert sorted(f.code for f in caught.value.findings) == sorted(codes)
        found.append(codes)
    assert found[0] == found[1]
    assert {"SET-006", "FRT-010"} <= set(found[0])
    assert any(code.startswith("NET") for code in found[0])


def test_a_list_of_trucks_that_is_not_there_refuses_before_anything_is_computed(opened) -> None:
    study = opened(extra=COUNTS.replace("counts.csv", "gone.csv"))
    for ask in (study.coverage, study.site_stations):
        with pytest.raises(InputError, match="gone\\.csv"):
            ask()
    assert "demand" not in study.stages.records
    assert any(f.severity == "E" for f in opened().judge())


def test_every_input_file_is_known_by_its_content(opened) -> None:
    import hashlib

    study = opened(extra=COUNTS)
    folder = study.source.parent
    names = ("streets.geojson", "districts.geojson", "stations.csv", "hosts.csv", "counts.csv")
    said = {path.name: digest for path, digest in study.stages.files.items()}
    assert said == {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names}
    roles = {role: path.name for role, path in input_paths(study.settings.inputs).items()}
    assert roles == dict(
        zip(("streets", "districts", "stations", "hosts", "truck_counts"), names, strict=True)
    )


def test_words_of_the_study_file_stand_in_the_table_of_findings_at_once(opened) -> None:
    study = opened(siting='p = 1\nhost_kinds = ["bnak"]')
    assert "SET-006" in study.findings["code"].tolist()


def test_a_required_host_is_taken_before_its_neighbour(opened) -> None:
    near = [Place("shop", 2000, kind="mall"), Place("hall", 2010, kind="community")]
    study = opened(hosts=near, siting='p = 1\nrequired = ["shop"]\n')
    text = study.source.read_text("utf-8").replace("dedupe_m = 0", "dedupe_m = 40")
    study.source.write_text(text, "utf-8")
    assert opened().candidates["site_id"].tolist() == ["shop"]
    study.source.write_text(text.replace('required = ["shop"]', ""), "utf-8")
    assert opened().candidates["site_id"].tolist() == ["hall"]


def test_a_study_with_another_setting_shares_what_it_leaves_alone_and_is_forgotten(opened) -> None:
    study = opened()
    study.site_stations()
    other = study.with_(siting__p=2)
    assert len(other.site_stations().chosen) == 2
    assert other.demand is study.demand
    assert {"demand", "siting", "plan"} <= other.stages.records.keys()
    gone = weakref.ref(other.stages.value("posing"))
    del other
    gc.collect()
    assert gone() is None
    assert len(study.site_stations().chosen) == 1


def test_a_dry_run_lists_what_a_run_asks_for_and_nothing_is_left_after_one(opened, tmp_path: Path) -> None:
    before = opened().dry_run().set_index("stage")
    assert before.loc["siting", ["state", "because"]].tolist() == ["compute", "first time"]
    assert (
        before.loc[["trucks", "homes", "network:car", "sensitivity"], "state"].tolist() == ["not asked"] * 4
    )
    slow = ["fair_front", "knowledge", "pilots"]
    assert before.loc[slow, "state"].tolist() == ["not asked"] * 3  # they take minutes on a large city
    more = opened().with_(siting__evidence=["value_of_information", "pilots"]).dry_run().set_index("stage")
    assert more.loc[slow, "state"].tolist() == ["not asked", "compute", "compute"]
    assert more["state"].drop(slow).equals(before["state"].drop(slow))
    opened().run(tmp_path / "out")
    after = opened().dry_run()
    assert set(after["state"]) == {"kept", "memory only", "not asked"}
    evaluated = opened()
    evaluated.evaluate(gpd.GeoDataFrame(geometry=[shapely.Point(at(2000))], crs=4326))
    changed = opened().with_(study__seed=9).dry_run().set_index("stage")
    assert changed.loc["demand", "because"] == "seed"
    assert changed.loc["reach:candidates:walk", "because"] == "points"


@pytest.mark.parametrize(
    "path", ["inputs__hosts__layr", "groups__nobody__total", "siting__p__x", "siting__quotes"]
)
def test_a_setting_that_is_not_there_is_refused_in_words(opened, path: str) -> None:
    with pytest.raises(SettingsError):
        opened().with_(**{path: 1})


def test_a_setting_of_a_group_is_named_by_it(opened) -> None:
    study = opened()
    assert study.with_(groups__rider__rate_per_1000=4).group("rider").rate_per_1000 == 4
    assert study.group("rider").rate_per_1000 == 8


def test_sites_without_place_crs_or_readable_hours_are_refused_in_words(opened) -> None:
    study = opened()
    here = shapely.Point(at(2000))
    with pytest.raises(PlannerError, match="CRS"):
        study.evaluate(gpd.GeoDataFrame(geometry=[here]))
    with pytest.raises(PlannerError, match="no point: 1, 2"):
        study.evaluate(gpd.GeoDataFrame(geometry=[here, None, here.buffer(1)], crs=4326))
    with pytest.raises(PlannerError, match="cannot be read: 0 \\(夏季\\)"):
        study.evaluate(gpd.GeoDataFrame({"open_hours": ["夏季"]}, geometry=[here], crs=4326))
    with pytest.raises(PlannerError, match="boat"):
        study.network("boat")


def test_a_table_of_points_with_hours_is_scored_and_said_in_line(opened) -> None:
    study = opened()
    off = shapely.Point(*at(2500, 3000))
    sites = gpd.GeoDataFrame(
        {"open_hours": ["00:00-24:00", ""]}, geometry=[shapely.Point(at(2050)), off], crs=4326
    )
    found = study.evaluate(sites)
    assert (found.sites, found.unreachable) == (2, 1)
    places = [*STATIONS[1:], Place("x", 2050)]
    night = covered(study, lambda _period: places, periods=["22_06"])
    told_at_night = found.by("period").set_index("period").loc["22_06"]
    assert told_at_night["these"] * told_at_night["workers"] == pytest.approx(night)
    lines = found.describe().splitlines()
    assert lines[0] == "2 sites (1 beyond the snap limit)"
    assert len({line.index(" workers") for line in lines[1:4]}) == 1
    assert max(map(len, lines[1:4])) < 75
    assert "beyond" not in study.evaluate(sites.iloc[:1]).describe()


def test_files_by_role_name_every_kind_of_list(opened) -> None:
    given = opened().with_(
        inputs__observations={"path": "seen.csv"}, inputs__truck_sites={"path": "yards.csv"},
        inputs__driver_homes=[{"path": "a.csv"}, {"path": "b.csv"}],
        inputs__population={"kind": "grid", "path": "people.csv"},
    )  # fmt: skip
    roles = input_paths(given.settings.inputs)
    assert {role: path.name for role, path in roles.items() if role not in ("streets", "districts", "stations", "hosts")} == {
        "observations": "seen.csv", "truck_sites": "yards.csv", "driver_homes": "a.csv", "driver_homes_2": "b.csv",
        "population": "people.csv",
    }  # fmt: skip


def products(out: Path) -> dict[str, bytes]:
    return {p.relative_to(out).as_posix(): p.read_bytes() for p in out.rglob("*") if p.is_file()}


def test_a_run_with_nothing_changed_leaves_its_products_and_tells_the_same(opened, tmp_path: Path) -> None:
    first = opened(extra=COUNTS)
    run = first.run(tmp_path / "out")
    before, stamp = products(tmp_path / "out"), (tmp_path / "out" / "map.html").stat().st_mtime_ns
    second = opened()
    assert second.run(tmp_path / "out") == run
    assert not second.stages.records  # nothing was read or computed
    assert products(tmp_path / "out") == before
    assert (tmp_path / "out" / "map.html").stat().st_mtime_ns == stamp
    assert told(second) == told(first)
    assert any("FRT-010" in line for line in told(second))
    assert (
        second.site_stations().chosen["site_id"].tolist() == first.site_stations().chosen["site_id"].tolist()
    )


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Path]:
    """A call puts the town's files, its cache and the products of a run back as they were after it."""
    folder = tmp_path_factory.mktemp("finished")
    path = street_town(folder / "now" / "town", stations=STATIONS, hosts=HOSTS)
    planner.Study(read_settings(path), cache=folder / "now" / "cache").run(folder / "now" / "out")
    shutil.copytree(folder / "now", folder / "kept")

    def again() -> Path:
        shutil.rmtree(folder / "now")
        return shutil.copytree(folder / "kept", folder / "now")

    return again


@pytest.mark.parametrize("what", ["edited", "missing", "left over", "setting", "title", "public", "file"])
def test_whatever_has_changed_the_products_are_made_anew(finished: Callable[[], Path], what: str) -> None:
    folder = finished()
    out = folder / "out"

    def opened() -> planner.Study:
        return planner.Study(read_settings(folder / "town" / "study.toml"), cache=folder / "cache")

    before, unchanged, again = products(out), opened(), opened()
    unchanged.run(out)
    assert not unchanged.stages.records
    if what == "edited":
        (out / "map.html").write_text("no page", "utf-8")
    elif what == "missing":
        (out / "report.html").unlink()
    elif what == "left over":
        (out / "map-public.html").write_text("an older run's", "utf-8")
    elif what == "setting":
        again = again.with_(siting__p=2)
    elif what == "title":
        again = again.with_(study__title_zh="另一个标题", study__title_en="another title")
    elif what == "file":
        stations = folder / "town" / "stations.csv"
        stations.write_text(stations.read_text("utf-8").replace("08:00", "09:00"), "utf-8")
        again = opened()
    again.run(out, public=what == "public")
    assert again.stages.records
    after = products(out)
    assert set(after) ^ set(before) == ({"map-public.html"} if what == "public" else set())
    assert b"</html>" in after["map.html"]
    assert (b"another title" in after["report.html"] or "另一个标题".encode() in after["report.html"]) == (
        what == "title"
    )
