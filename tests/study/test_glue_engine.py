"""What the engine of the facade writes down and says: records, progress, reasons, refusals, digests of files; on stages of one line."""

from __future__ import annotations

import os
import resource
import threading
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from planner.errors import AbsentError, Finding, InputError, finding
from planner.settings.reading import parse_settings
from planner.study import stages as engine
from planner.study.stages import Memory, Stage, StageRecord, Stages, _again, _findings_of, _paths
from planner.study.store import Store
from planner.study.takes import fixed, section, setting, stage, stages

TEXT = '[study]\nname = "toy"\nseed = {seed}\n[inputs.streets]\npath = "{streets}"\n[siting]\np = 5\n'
CALLS: list[str] = []


def settings(seed: int = 3, streets: str = "streets.osm") -> Any:
    return parse_settings(TEXT.format(seed=seed, streets=streets))


@dataclass(frozen=True)
class Told:
    number: float
    findings: tuple[Finding, ...] = ()


def number(seed: int, progress: Any = None) -> float:
    CALLS.append("number")
    if progress is not None:
        progress("halfway", 0.5)
    return float(seed)


def plus(of: float, more: float) -> float:
    return of + more


def quick(of: float) -> float:
    return -of


def absent(of: float) -> float:
    CALLS.append("absent")
    raise AbsentError([finding("CAN-003", source="absent")])


def refused(of: float) -> float:
    raise InputError(
        [finding("DEM-001", source="refused", severity="E"), finding("CAN-003", source="refused")]
    )


def warned(of: float) -> Told:
    return Told(of, (finding("CAN-003", source="warned"), finding("CAN-003", source="warned", row=2)))


def listed(values: tuple[float, ...], siting: Any) -> list[float]:
    return [*values, siting.p]


def here(name: str) -> str:
    return f"{__name__}:{name}"


TABLE = {
    "number": Stage(here("number"), {"seed": setting("study.seed")}),
    "plus": Stage(here("plus"), {"of": stage("number"), "more": fixed(2)}),
    "quick": Stage(here("quick"), {"of": stage("plus")}, kept=False),
    "absent": Stage(here("absent"), {"of": stage("quick")}),
    "untold": Stage(here("refused"), {"of": stage("number")}, told=False),
    "a:b": Stage(here("listed"), {"values": stages(["number", "plus"]), "siting": section("siting", "p")}, kept=False, guards=("quick",)),
    "warned": Stage(here("warned"), {"of": stage("number", lambda v: v + 1)}, kept=False),
}  # fmt: skip


def made(folder: Path, of: Any = None, **more: Any) -> Stages:
    CALLS.clear()
    return Stages(TABLE, of or settings(), Store(folder), **more)


def test_a_record_says_what_a_stage_took_and_whether_it_was_kept(tmp_path: Path) -> None:
    of = made(tmp_path)
    of.value("plus")
    first = of.records["plus"]
    assert (first.name, first.kept, list(of.records)) == ("plus", False, ["number", "plus"])
    assert 0 <= first.seconds < 5 < first.peak_mb
    of.value("plus", more=7)
    assert of.records["plus"] is first
    again = made(tmp_path)
    again.value("plus")
    assert again.records == {"plus": StageRecord("plus", first.seconds, first.peak_mb, True)}


def test_memory_is_told_in_mebibytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        resource,
        "getrusage",
        lambda who: SimpleNamespace(ru_maxrss=2**20 if who == resource.RUSAGE_SELF else 0),
    )
    assert engine.peak_mb() == 1024


def test_what_takes_long_tells_its_begin_and_end_and_hands_progress_on(tmp_path: Path) -> None:
    said: list[tuple[str, float]] = []
    made(tmp_path, progress=lambda *a: said.append(a)).value("quick")
    assert said == [("number", 0.0), ("halfway", 0.5), ("number", 1.0), ("plus", 0.0), ("plus", 1.0)]
    assert made(tmp_path / "other").value("quick") == -5.0


def test_what_cannot_be_made_is_absent_each_time_and_tried_once(tmp_path: Path) -> None:
    of = made(tmp_path)
    for _ in range(2):
        with pytest.raises(AbsentError) as caught:
            of.value("absent")
        assert [f.source for f in caught.value.findings] == ["absent"]
    assert CALLS.count("absent") == 1
    warning, error = (finding("DEM-001", source="x", severity=s) for s in ("W", "E"))
    assert type(_again((warning,))) is AbsentError
    assert type(_again((warning, error))) is InputError


def test_why_an_untold_stage_was_refused_is_told_once(tmp_path: Path) -> None:
    of = made(tmp_path)
    with pytest.raises(InputError):
        of.value("untold")
    assert [(f.code, f.source) for f in of.findings()] == [("DEM-001", "refused"), ("CAN-003", "refused")]
    assert of.value("warned").number == 4.0
    assert [f.source for f in of.findings()] == ["warned", "warned", "refused", "refused"]


def test_what_a_value_notices_are_its_findings_or_the_findings_that_it_is() -> None:
    one = finding("CAN-003", source="x")
    assert list(_findings_of(Told(1.0, (one,)))) == [one]
    assert list(_findings_of((one,))) == [one]
    for nothing in ((), (1, 2), [one], 3, None, "text"):
        assert list(_findings_of(nothing)) == []


def test_a_branch_knows_what_its_stem_does_and_keeps_what_it_learns(tmp_path: Path) -> None:
    memory = Memory()
    made(tmp_path / "a", memory=memory).value("plus")
    branch = memory.branch()
    of = made(tmp_path / "b", settings(seed=4), memory=branch)
    assert of.value("plus") == 6.0
    assert made(tmp_path / "c", memory=branch).value("plus") == 5.0
    assert CALLS == []
    made(tmp_path / "d", settings(seed=4), memory=memory).value("plus")
    assert CALLS == ["number"]
    assert branch.digests is memory.digests


def test_a_key_is_of_the_name_the_code_and_all_that_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = made(tmp_path)
    keys = of.keys()
    assert list(keys) == list(TABLE)
    assert len(set(keys.values())) == len(TABLE)
    assert keys["a:b"].startswith("a_b-")
    assert of.key("plus", more=3) != keys["plus"] == of.key("plus") == of.key("plus", more=2)
    other = dict(TABLE) | {"twin": TABLE["plus"]}
    twin = Stages(other, settings(), Store(tmp_path))
    assert twin.key("twin").partition("-")[2] != twin.key("plus").partition("-")[2]
    monkeypatch.setattr(engine, "code_digest", lambda: "newer")
    assert not set(made(tmp_path).keys().values()) & set(keys.values())


def test_a_dry_run_in_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    of = made(tmp_path)
    rows = of.dry_run(["a:b"])
    assert rows.columns.tolist() == ["stage", "state", "because", "after", "key"]
    assert rows.drop(columns="key").to_numpy().tolist() == [
        ["number", "compute", "first time", ""], ["plus", "compute", "first time", "number"], ["quick", "memory only", "", "plus"],
        ["absent", "not asked", "", "quick"], ["untold", "not asked", "", "number"], ["a:b", "memory only", "", "number, plus"],
        ["warned", "not asked", "", "number"],
    ]  # fmt: skip
    assert dict(zip(rows["stage"], rows["key"], strict=True)) == of.keys()
    assert set(of.dry_run()["state"]) == {"compute", "memory only"}
    of.value("plus")
    assert of.dry_run(["plus"])["state"].tolist()[:2] == ["kept", "kept"]
    assert made(tmp_path).because("plus") == ""
    assert made(tmp_path, settings(seed=4)).because("plus") == "of"
    monkeypatch.setattr(engine, "code_digest", lambda: "newer")
    newer = made(tmp_path)
    assert (newer.because("plus"), newer.because("number"), newer.because("quick")) == (
        "of",
        "planner itself",
        "",
    )
    newer.value("number")
    for home in tmp_path.iterdir():
        home.rename(home.with_name("gone-" + home.name))
    assert newer.because("number") == ""  # at hand in memory


def test_what_a_stage_stands_on(tmp_path: Path) -> None:
    of = made(tmp_path)
    assert of.above("absent") == ("number", "plus", "quick")
    assert of.above("number") == ()
    assert of.value("a:b") == [3.0, 5.0, 5]
    assert "quick" in of.records


def test_files_are_told_apart_by_path_size_and_time(tmp_path: Path) -> None:
    memory, texts = Memory(), {"a.osm": "one", "b.osm": "two"}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
        os.utime(tmp_path / name, ns=(5, 5))

    def digest(name: str) -> str:
        return Stages(TABLE, settings(streets=str(tmp_path / name)), Store(tmp_path), memory=memory).files[
            tmp_path / name
        ]

    first = digest("a.osm")
    assert first != digest("b.osm")
    (tmp_path / "a.osm").write_text("longer")
    os.utime(tmp_path / "a.osm", ns=(5, 5))
    second = digest("a.osm")
    (tmp_path / "a.osm").write_text("LONGER")
    os.utime(tmp_path / "a.osm", ns=(6, 6))
    assert len({first, second, digest("a.osm")}) == 3
    assert list(_paths(settings().inputs)) == [Path("streets.osm")]


def test_what_is_made_ahead_is_at_hand_and_is_made_once_in_the_tables_order(tmp_path: Path) -> None:
    of = made(tmp_path)
    of.ahead(["a:b", "plus"])
    assert list(of.records) == ["number", "plus", "quick", "a:b"]  # "quick" guards "a:b"
    assert CALLS == ["number"]
    assert of.value("a:b") == [3.0, 5.0, 5]
    assert CALLS == ["number"]


def test_ahead_reads_what_is_kept_and_nothing_that_it_stands_on(tmp_path: Path) -> None:
    made(tmp_path).value("plus")
    again = made(tmp_path)
    again.ahead(["plus"])
    assert list(again.records) == ["plus"]
    assert CALLS == []


def test_a_refusal_met_ahead_waits_for_who_asks(tmp_path: Path) -> None:
    of = made(tmp_path)
    of.ahead(["untold", "absent", "warned"])
    assert of.value("warned") == Told(
        4.0, (finding("CAN-003", source="warned"), finding("CAN-003", source="warned", row=2))
    )
    with pytest.raises(InputError):
        of.value("untold")
    with pytest.raises(AbsentError):
        of.value("absent")
    assert CALLS.count("absent") == 1


def broken(of: float) -> float:
    raise ZeroDivisionError(str(of))


def test_what_is_wrong_with_the_program_itself_is_not_kept_quiet_ahead(tmp_path: Path) -> None:
    table = {**TABLE, "broken": Stage(here("broken"), {"of": stage("number")})}
    with pytest.raises(ZeroDivisionError):
        Stages(table, settings(), Store(tmp_path)).ahead(["broken"])


def meet(of: float) -> float:
    MEETING.wait()
    return of


MEETING = threading.Barrier(2, timeout=20)


def test_stages_that_do_not_wait_for_each_other_are_made_at_the_same_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "threads", lambda: 2)
    table = {
        "number": TABLE["number"],
        "one": Stage(here("meet"), {"of": stage("number")}),
        "other": Stage(here("meet"), {"of": stage("number", lambda v: v + 1)}),
    }
    of = Stages(table, settings(), Store(tmp_path))
    of.ahead(["one", "other"])
    assert of.value("one") + 1 == of.value("other") == 4.0


ORDER: list[str] = []


def first_link(of: float) -> float:
    ORDER.append("first link")
    return of


def second_link(of: float) -> float:
    ORDER.append("second link")
    return of


def aside(of: float) -> float:
    ORDER.append("aside")
    return of


def test_the_longest_chain_of_stages_is_made_first_whatever_stands_before_it_in_the_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "threads", lambda: 1)
    table = {
        "number": TABLE["number"],
        "aside": Stage(here("aside"), {"of": stage("number")}),
        "first": Stage(here("first_link"), {"of": stage("number")}),
        "second": Stage(here("second_link"), {"of": stage("first")}),
        "last": Stage(here("second_link"), {"of": stage("second")}),
    }
    ORDER.clear()
    Stages(table, settings(), Store(tmp_path)).ahead(["aside", "last"])
    assert ORDER == ["first link", "second link", "aside", "second link"]
