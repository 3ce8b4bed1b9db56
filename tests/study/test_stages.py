"""The engine of the facade: values by key, kept in open formats, nothing computed twice, nothing stale."""

from __future__ import annotations

import json
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal, assert_geoseries_equal
from scipy import sparse

from planner.errors import Finding, InputError, SettingsError, finding
from planner.settings.reading import parse_settings
from planner.study import stages as engine
from planner.study.parts import read_value, write_value
from planner.study.stages import Memory, Stage, Stages
from planner.study.store import Kept, Store
from planner.study.study import Study
from planner.study.takes import derived, digest_of, fixed, groups, part, section, setting, stage, stages

SETTINGS = parse_settings(
    '[study]\nname = "toy"\nseed = 3\n[inputs.streets]\npath = "streets.osm"\n[siting]\np = 5\n'
)


# -- toy stages: functions of this module -------------------------------------------------------------------

CALLS: list[str] = []


@dataclass(frozen=True)
class Counted:
    number: float
    findings: tuple[Finding, ...] = ()


def base(seed: int) -> Counted:
    CALLS.append("base")
    return Counted(float(seed))


def doubled(of: Counted, times: int) -> float:
    CALLS.append("doubled")
    return of.number * times


def complaining(of: Any) -> Counted:
    CALLS.append("complaining")
    return Counted(0 if of is None else of.number, (finding("CAN-003", source="toy"),))


def wrong(of: Counted) -> Counted:
    return Counted(of.number, (finding("DEM-001", source="toy", severity="E"),))


def refusing(of: Counted) -> Counted:
    CALLS.append("refusing")
    raise InputError([finding("DEM-001", source=f"toy {of.number:g}", severity="E")])


def judging(p: int) -> tuple[Finding, ...]:
    return (finding("DEM-001", source="judge", severity="E"),) if p > 100 else ()


def here(name: str) -> str:
    return f"{__name__}:{name}"


TABLE = {
    "base": Stage(here("base"), {"seed": setting("study.seed")}),
    "doubled": Stage(here("doubled"), {"of": stage("base"), "times": fixed(2)}),
    "told": Stage(here("complaining"), {"of": stage("base")}, kept=False),
    "untold": Stage(here("complaining"), {"of": stage("base")}, kept=False, told=False),
    "wrong": Stage(here("wrong"), {"of": stage("base")}),
    "refusing": Stage(here("refusing"), {"of": stage("base")}),
    "anyway": Stage(here("complaining"), {"of": stage("refusing", may_fail=True)}, kept=False),
    "judge": Stage(here("judging"), {"p": setting("siting.p")}, kept=False),
    "guarded": Stage(here("base"), {"seed": fixed(1)}, guards=("judge",)),
    "both": Stage(here("pair"), {"values": stages(["base", "doubled"], lambda v: getattr(v, "number", v))}, kept=False),
}  # fmt: skip


def pair(values: tuple[float, ...]) -> tuple[float, ...]:
    return values


@pytest.fixture(autouse=True)
def planners_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """The store makes only planner's own classes; these toys pass for one."""
    CALLS.clear()
    monkeypatch.setattr(Counted, "__module__", "planner.study.toy")
    monkeypatch.setitem(__import__("sys").modules, "planner.study.toy", __import__("sys").modules[__name__])


def made(folder: Path, settings: Any = SETTINGS, **more: Any) -> Stages:
    return Stages(TABLE, settings, Store(folder), **more)


# -- key first ------------------------------------------------------------------------------------------------


def test_a_value_is_found_by_what_it_was_made_from_and_never_by_its_name(tmp_path: Path) -> None:
    of = made(tmp_path)
    assert of.value("doubled") == 6.0
    assert of.value("doubled", times=10) == 30.0
    assert of.value("doubled") == 6.0
    assert CALLS == ["base", "doubled", "doubled"]


def test_what_is_kept_is_not_computed_again_nor_is_what_it_stands_on(tmp_path: Path) -> None:
    made(tmp_path).value("doubled")
    CALLS.clear()
    again = made(tmp_path)
    assert again.value("doubled") == 6.0
    assert CALLS == []
    assert again.records["doubled"].kept
    assert "base" not in again.records


def test_another_setting_computes_anew_exactly_what_reads_it(tmp_path: Path) -> None:
    memory = Memory()
    made(tmp_path, memory=memory).value("doubled")
    other = SETTINGS.model_copy(update={"siting": SETTINGS.siting.model_copy(update={"p": 9})})
    assert made(tmp_path, other, memory=memory).value("doubled") == 6.0
    assert CALLS == ["base", "doubled"]
    reseeded = SETTINGS.model_copy(update={"study": SETTINGS.study.model_copy(update={"seed": 4})})
    assert made(tmp_path, reseeded, memory=memory).value("doubled") == 8.0


def test_another_version_of_the_code_computes_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = made(tmp_path).key("base")
    monkeypatch.setattr(engine, "code_digest", lambda: "another version")
    assert made(tmp_path).key("base") != first


def test_what_a_damaged_folder_held_is_made_again(tmp_path: Path) -> None:
    key = made(tmp_path).key("base")
    made(tmp_path).value("base")
    note = tmp_path / key / "note.json"
    note.write_text(note.read_text("utf-8")[:-9], "utf-8")
    CALLS.clear()
    assert made(tmp_path).value("base").number == 3.0
    assert CALLS == ["base"]


# -- findings -------------------------------------------------------------------------------------------------


def test_findings_come_in_the_tables_order_and_only_of_what_is_told(tmp_path: Path) -> None:
    of = made(tmp_path)
    for name in ("untold", "told", "base"):
        of.value(name)
    assert [f.code for f in of.findings()] == ["CAN-003"]


def test_an_error_refuses_but_can_be_looked_at(tmp_path: Path) -> None:
    of = made(tmp_path)
    assert of.peek("wrong").number == 3.0
    with pytest.raises(InputError) as caught:
        of.value("wrong")
    assert [f.code for f in caught.value.findings] == ["DEM-001"]


def test_a_refusal_is_remembered_and_what_can_do_without_goes_on_and_tells_it(tmp_path: Path) -> None:
    of = made(tmp_path)
    assert of.peek("anyway").number == 0
    assert of.peek("anyway").number == 0
    assert CALLS.count("refusing") == 1
    with pytest.raises(InputError) as caught:
        of.value("anyway")
    assert [f.source for f in caught.value.findings] == ["toy 3", "toy"]


def test_a_guard_refuses_though_nothing_is_made_from_it(tmp_path: Path) -> None:
    assert made(tmp_path).value("guarded").number == 1.0
    many = SETTINGS.model_copy(update={"siting": SETTINGS.siting.model_copy(update={"p": 101})})
    with pytest.raises(InputError) as caught:
        made(tmp_path, many).value("guarded")
    assert [f.source for f in caught.value.findings] == ["judge"]


def test_a_judge_that_is_only_in_memory_is_asked_each_time_findings_are_told(tmp_path: Path) -> None:
    made(tmp_path).value("guarded")
    many = SETTINGS.model_copy(update={"siting": SETTINGS.siting.model_copy(update={"p": 101})})
    for _ in range(2):
        of = made(tmp_path, many)
        of.records["both"] = engine.StageRecord(
            "both", 0.0, 0.0, False
        )  # asked for, as another process would
        of.records["guarded"] = of.records["both"]
        assert [f.source for f in of.findings()] == ["judge"]
        assert [f.source for f in of.findings()] == ["judge"]
    assert Store(tmp_path).findings("nothing-kept") == ()


def test_memory_is_told_in_megabytes() -> None:
    import psutil

    now = psutil.Process().memory_info().rss / 2**20
    assert 0.5 * now < engine.peak_mb() < 50 * now


# -- the table ------------------------------------------------------------------------------------------------


def test_the_table_tells_what_stands_on_what(tmp_path: Path) -> None:
    of = made(tmp_path)
    assert of.above("both") == ("base", "doubled")
    assert of.value("both") == (3.0, 6.0)


def test_a_dry_run_says_what_would_be_computed_and_why(tmp_path: Path) -> None:
    of = made(tmp_path)
    assert of.because("doubled") == "first time"
    of.value("doubled")
    fresh = made(tmp_path)
    assert fresh.because("doubled") == ""
    reseeded = SETTINGS.model_copy(update={"study": SETTINGS.study.model_copy(update={"seed": 4})})
    rows = made(tmp_path, reseeded).dry_run().set_index("stage")
    assert rows.loc["base", "because"] == "seed"
    assert rows.loc["doubled", ["state", "because"]].tolist() == ["compute", "of"]
    assert rows.loc["told", "state"] == "memory only"
    assert CALLS == ["base", "doubled"], "a dry run computes nothing"


# -- what a stage takes ---------------------------------------------------------------------------------------


def test_a_section_taken_in_part_shows_nothing_else() -> None:
    asked = SETTINGS.model_copy(
        update={"siting": SETTINGS.siting.model_copy(update={"p": 7, "dedupe_m": 9.0})}
    )
    taken = section("siting", "p").read(asked)
    assert (taken.p, taken.dedupe_m) == (7, 40)
    with pytest.raises(KeyError, match="quotes"):
        section("siting", "quotes").read(asked)


def test_groups_taken_in_part_keep_their_names_alone() -> None:
    taken = groups("headline_groups", "name").read(SETTINGS)
    assert [g.name for g in taken] == [g.name for g in SETTINGS.headline_groups]
    assert {g.rate_per_1000 for g in taken} == {None}
    assert all(g.profile == {} for g in taken)


def test_settings_taken_in_part_stand_at_their_defaults_elsewhere() -> None:
    taken = part("study.seed", "siting", but=["siting.p"], of_groups=["name"]).read(SETTINGS)
    assert taken.study.seed == 3
    assert taken.study.name == "part"
    assert taken.siting.p is None
    assert [g.name for g in taken.groups] == [g.name for g in SETTINGS.groups]
    assert taken.periods == ()
    assert derived(lambda s: s.siting.p + 1).read(SETTINGS) == 6


def test_a_setting_changed_by_its_path_is_judged_like_the_file(tmp_path: Path) -> None:
    study = Study(SETTINGS, cache=tmp_path)
    other = study.with_(siting__p=150, circle__walk_kmh=5)
    assert (other.settings.siting.p, other.settings.circle.walk_kmh) == (150, 5.0)
    assert study.settings.siting.p == 5
    assert other.stages.key("network:car") != study.stages.key("network:car")
    with pytest.raises(SettingsError, match="walk_kmh"):
        study.with_(circle__walk_kmhh=5)
    with pytest.raises(SettingsError):
        study.with_(siting__p=0)


# -- kept in open formats -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Everything:
    frame: pd.DataFrame
    places: gpd.GeoDataFrame
    series: gpd.GeoSeries
    matrix: sparse.csr_array
    array: np.ndarray[Any, Any]
    shape: shapely.Geometry
    plain: dict[str, float]
    rows: tuple[Counted, ...]
    mixed: list[Any]
    nothing: None = None


def test_every_kind_of_value_comes_back_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Everything, "__module__", "planner.study.toy")
    point = shapely.Point(559_000.123456789, 3_464_100.0)
    places = gpd.GeoDataFrame({"name": ["站", ""], "point": gpd.GeoSeries([point] * 2, crs=4549)},
                              geometry=[point.buffer(1), None], crs=4549)  # fmt: skip
    value = Everything(
        frame=pd.DataFrame({"a": [1.5, np.nan], "b": ["x", None]}, index=[7, 9]), places=places,
        series=gpd.GeoSeries([point], crs="EPSG:4549", name="spots"),
        matrix=sparse.csr_array(([0.0, 2.0], ([0, 1], [1, 0])), shape=(2, 3), dtype=np.float32),
        array=np.array([True, False]), shape=shapely.MultiPolygon(), plain={"b": 0.1 + 0.2, "a": float("inf")},
        rows=(Counted(1.0, (finding("CAN-003", source="s"),)), Counted(2.0)), mixed=[1, "二", (3.0, None)],
    )  # fmt: skip
    note = json.loads(json.dumps(write_value(value, tmp_path)))
    back = read_value(note, tmp_path)
    pd.testing.assert_frame_equal(back.frame, value.frame)
    assert_geodataframe_equal(back.places, places)
    assert back.places.crs.to_string() == back.places["point"].crs.to_string() == "EPSG:4549"
    assert_geoseries_equal(back.series, value.series)
    assert back.series.name == "spots"
    assert back.matrix.nnz == 2
    np.testing.assert_array_equal(back.matrix.toarray(), value.matrix.toarray())
    assert back.matrix.dtype == np.float32
    np.testing.assert_array_equal(back.array, value.array)
    assert back.shape.equals(value.shape)
    assert list(back.plain.items()) == list(value.plain.items())
    assert back.rows == value.rows
    assert back.mixed == value.mixed
    assert back.nothing is None
    assert not list(tmp_path.glob("*.pkl"))


@pytest.mark.parametrize(
    "address", ["subprocess:Popen", "planner.study.store:file_digest", "planner.errors:_short"]
)
def test_nothing_but_planners_own_values_is_made_from_a_file(tmp_path: Path, address: str) -> None:
    with pytest.raises(ValueError, match="planner"):
        read_value({"type": "record", "class": address, "parts": {}}, tmp_path)


def test_what_cannot_be_kept_in_an_open_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="object"):
        write_value(object(), tmp_path)


def test_parts_of_lists_and_tables_of_parts_have_a_file_each(tmp_path: Path) -> None:
    value = {"a": [np.array([1]), np.array([2])], "b": (np.array([3]), {"c": np.array([4])})}
    back = read_value(json.loads(json.dumps(write_value(value, tmp_path))), tmp_path)
    assert len(list(tmp_path.glob("*.npy"))) == 4
    assert [int(a[0]) for a in (*back["a"], back["b"][0], back["b"][1]["c"])] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("crs", "said"),
    [
        ("EPSG:4549", "EPSG:4549"),
        (None, None),
        ("+proj=longlat +datum=WGS84 +no_defs", "other"),
        ("+proj=eqc +lon_0=120", "other"),
    ],
)
def test_a_crs_comes_back_under_its_code_where_that_is_the_same_and_as_it_was_elsewhere(
    tmp_path: Path, crs: str | None, said: str | None
) -> None:
    """Longitude first is not EPSG:4326, though that is its nearest code."""
    series = gpd.GeoSeries([shapely.Point(1, 2)], crs=crs)
    back = read_value(write_value(series, tmp_path), tmp_path)
    assert back.crs == series.crs
    if said != "other":
        assert (back.crs.to_string() if said else back.crs) == said


@dataclass(frozen=True)
class OnlySaves:
    number: int

    def save(self, path: Path) -> None:
        raise AssertionError("it could not be loaded again")


@dataclass(frozen=True)
class OnlyLoads:
    number: int

    @classmethod
    def load(cls, path: Path) -> None:
        raise AssertionError("nothing was saved")


class Own:
    """It writes itself, and is no dataclass."""

    def __init__(self, number: int) -> None:
        self.number = number

    def save(self, path: Path) -> None:
        path.write_text(str(self.number), "utf-8")

    @classmethod
    def load(cls, path: Path) -> Own:
        return cls(int(path.read_text("utf-8")))


INSTANCE = Counted(1.0)


def test_what_a_value_is_kept_as(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in (OnlySaves, OnlyLoads):
        monkeypatch.setattr(kind, "__module__", "planner.study.toy")
        assert read_value(write_value(kind(3), tmp_path), tmp_path) == kind(3)
    monkeypatch.setattr(Own, "__module__", "planner.study.toy")
    assert [v.number for v in read_value(write_value([Own(7), Own(8)], tmp_path), tmp_path)] == [7, 8]
    with pytest.raises(TypeError, match="type"):
        write_value(Counted, tmp_path)
    with pytest.raises(ValueError, match="no value"):
        read_value({"type": "record", "class": "planner.study.toy:INSTANCE", "parts": {}}, tmp_path)
    with pytest.raises(ValueError, match="'strange'"):
        read_value({"type": "strange", "file": "x"}, tmp_path)


def test_objects_are_neither_written_nor_read(tmp_path: Path) -> None:
    things = np.array([{"a": 1}], dtype=object)
    with pytest.raises(ValueError, match="allow_pickle"):
        write_value(things, tmp_path)
    np.save(tmp_path / "x.npy", things, allow_pickle=True)
    with pytest.raises(ValueError, match="allow_pickle"):
        read_value({"type": "array", "file": "x.npy"}, tmp_path)


def test_what_a_key_holds_tells_values_apart(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1", "utf-8")
    (tmp_path / "b").write_text("1", "utf-8")
    here, there = (gpd.GeoSeries([shapely.Point(1, 2)], crs=c) for c in (4326, 4549))
    values = [
        None, True, 1.5, 2, "2", "", [2], ["2"], [], {"a": 1}, {"a": 2}, {"b": 1}, ["dict", [["a", 3]]], tmp_path / "a", tmp_path / "b",
        tmp_path / "c", str(tmp_path / "c"), here, there, here.translate(1), np.array([1.0]), np.array([2.0]), np.array([1]), SETTINGS.siting,
        {"a": 1, "c": 2}, {"c": 2, "a": 1},
    ]  # fmt: skip
    assert len({digest_of(v, {}) for v in values}) == len(values)
    assert digest_of((2, "x"), {}) == digest_of([2, "x"], {})
    assert digest_of(np.float64(2.0), {}) == digest_of(2, {}) != digest_of(True, {})
    assert digest_of(np.int64(3), {}) == digest_of(3, {})
    other = SETTINGS.siting.model_copy(update={"p": 6})
    assert digest_of(SETTINGS.siting, {}) != digest_of(other, {})
    assert digest_of(tmp_path / "a", {tmp_path / "a": "x"}) != digest_of(
        tmp_path / "a", {tmp_path / "a": "y"}
    )
    assert digest_of(tmp_path / "c", {}) != digest_of(tmp_path / "d", {})
    (tmp_path / "a").write_text("2", "utf-8")
    assert digest_of(tmp_path / "a", {}) != digest_of([values.index(None)], {})
    with pytest.raises(TypeError, match="object"):
        digest_of(object(), {})


def test_arrays_of_another_shape_are_another_key() -> None:
    flat, square = np.zeros(4), np.zeros((2, 2))
    assert len({digest_of(value, {}) for value in (flat, square, flat.astype(int), np.ones(4))}) == 4
    assert digest_of(1.0, {}) == digest_of(1, {}) != digest_of("1", {})


# -- what the disk did to what was kept ------------------------------------------------------------------------


def keep_all(folder: Path) -> dict[str, Any]:
    """A value of every kind, kept; by key."""
    values = {
        "frame-1": pd.DataFrame({"a": [1.5, 2.5], "b": ["站", "x"]}),
        "array-1": np.arange(40, dtype=np.float64),
        "sparse-1": sparse.csr_array(np.eye(9)),
        "place-1": gpd.GeoSeries([shapely.Point(1, 2), shapely.Point(3, 4)], crs="EPSG:4549"),
        "plain-1": {"a": (1, 2.25, "站")},
    }
    store = Store(folder)
    for key, value in values.items():
        store.put(key, Kept(value, 1.0, 2.0, (), {"x": "1"}, "toy"))
    return values


def test_no_flipped_bit_of_anything_kept_is_taken_for_a_result(tmp_path: Path) -> None:
    keep_all(tmp_path / "whole")
    files = [p for p in sorted((tmp_path / "whole").rglob("*")) if p.is_file()]
    assert len(files) == 9  # four files of parts, five notes
    rng = np.random.default_rng(0)
    for path in files:
        good = path.read_bytes()
        for at in rng.choice(len(good) * 8, 40, replace=False).tolist():
            bad = bytearray(good)
            bad[at // 8] ^= 1 << at % 8
            home = tmp_path / "flipped" / path.parent.name
            shutil.copytree(path.parent, home)
            (home / path.name).write_bytes(bad)
            store = Store(home.parent)
            assert store.get(home.name) is None, (path.name, at)
            assert store.damaged == {home.name}
            assert not home.exists()


@pytest.mark.parametrize("how", ["cut", "empty", "longer", "gone"])
def test_a_part_that_was_cut_or_is_gone_is_made_again(tmp_path: Path, how: str) -> None:
    values = keep_all(tmp_path)
    path = tmp_path / "array-1" / "00.npy"
    good = path.read_bytes()
    changed = {"cut": good[:-1], "empty": b"", "longer": good + b"\0"}
    if how == "gone":
        path.unlink()
    else:
        path.write_bytes(changed[how])
    store = Store(tmp_path)
    assert store.get("array-1") is None
    assert store.damaged == {"array-1"}
    assert store.get("plain-1").value == values["plain-1"]
    assert store.get("nothing-1") is None
    assert store.damaged == {"array-1"}


def test_folders_half_written_by_killed_runs_are_swept_after_an_hour(tmp_path: Path) -> None:
    for name, age_s in ((".new-dead", 2 * 3600), (".new-now", 0)):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (time.time() - age_s,) * 2)
    keep_all(tmp_path)
    assert sorted(p.name for p in tmp_path.glob(".new-*")) == [".new-now"]


def test_what_is_made_again_is_noted_with_the_reason(tmp_path: Path) -> None:
    first = made(tmp_path)
    first.value("doubled")
    assert first.recomputed == {}
    reseeded = SETTINGS.model_copy(update={"study": SETTINGS.study.model_copy(update={"seed": 4})})
    other = made(tmp_path, reseeded)
    other.value("doubled")
    assert other.recomputed == {"base": "seed", "doubled": "of"}
    assert other.recomputed_first() == {"base": "seed"}
    (tmp_path / first.key("doubled") / "note.json").write_text("{}", "utf-8")
    damaged = made(tmp_path)
    assert damaged.value("doubled") == 6.0
    assert damaged.recomputed == damaged.recomputed_first() == {"doubled": "damaged"}
    assert made(tmp_path).value("doubled") == 6.0


@pytest.mark.parametrize(
    ("language", "said"),
    [("en", "Computed again since the last run: base (seed), doubled (what was kept is damaged); and 3 steps that follow from them."),
     ("zh", "与上次相比有变，已重新计算：base（seed）、doubled（保存的结果已损坏）；另有 3 个后续步骤随之重算。")],
)  # fmt: skip
def test_what_was_made_again_is_said_aloud(language: str, said: str) -> None:
    from planner.study.terminal import recomputed_text

    changed = {"base": "seed", "doubled": "damaged"}
    assert recomputed_text(changed, 5, language) == said
    assert recomputed_text({}, 0, language) == ""
    assert "3" not in recomputed_text(changed, 2, language)
