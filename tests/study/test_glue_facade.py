"""Doors of the facade on stages that only write down what they are asked: which value goes where."""

from __future__ import annotations

import dataclasses
import os
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from planner.errors import AbsentError, PlannerError, finding
from planner.publish.safe import OutputError
from planner.settings.reading import parse_settings
from planner.study import evaluate, gather, products, union
from planner.study.evaluate import Evaluation, _labels, _points, on_candidates
from planner.study.parts import write_value
from planner.study.store import KEEP_FOLDERS, NOTE, Kept, Store, text_digest
from planner.study.study import Study
from planner.version import VERSION
from tests.publish.known import known_bundle

TEXT = '[study]\nname = "toy"\nlanguage = "{language}"\n[inputs.streets]\npath = "streets.osm"\n[siting]\np = 5\n{siting}\n'


def settings(language: str = "en", siting: str = "") -> Any:
    return parse_settings(TEXT.format(language=language, siting=siting))


class Asked:
    """Stages whose values are the names they go by, or what is given; it writes down what it is asked."""

    def __init__(self, of: Any = None, **values: Any) -> None:
        self.settings, self.at_hand, self.files = of or settings(), values, {}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.records: dict[str, Any] = {}
        self.table: dict[str, Any] = {}

    def value(self, name: str, **given: Any) -> Any:
        self.calls.append((name, given))
        found = self.at_hand.get(name.replace(":", "_"), f"value of {name}")
        if isinstance(found, Exception):
            raise found
        return found

    peek = value

    def ahead(self, names: Any) -> None:
        """Nothing can be made ahead of these."""

    def findings(self) -> tuple[Any, ...]:
        return ("findings",)

    def dry_run(self, asked: Any) -> Any:
        return ("dry run", asked)


def study_of(tmp_path: Path, stages: Any) -> Study:
    study = Study(stages.settings, cache=tmp_path)
    study.stages = stages
    return study


# -- the study ----------------------------------------------------------------------------------------------------------


def test_each_door_of_a_study_asks_its_stage(tmp_path: Path) -> None:
    rows = gpd.GeoDataFrame({"station_id": ["a", "b"], "status": ["open", "planned"]})
    layers = {k: f"the {k}" for k in ("water", "main_roads", "landuse", "places")}
    stages = Asked(
        inputs=SimpleNamespace(crs=4549, districts="districts", hosts="hosts", **layers), stations=SimpleNamespace(stations=rows),
        demand=SimpleNamespace(demand="cells"), candidates=SimpleNamespace(candidates="candidates"),
        problem=SimpleNamespace(problem="problem"), plan=SimpleNamespace(plan="plan"),
        areas=SimpleNamespace(before="smaller", after="larger"),
    )  # fmt: skip
    study = study_of(tmp_path, stages)
    assert (study.crs, study.districts, study.hosts, study.layers) == ("4549", "districts", "hosts", layers)
    assert study.stations is rows
    assert study.open_stations["station_id"].tolist() == ["a"]
    assert (study.demand, study.candidates, study.problem(), study.site_stations()) == (
        "cells",
        "candidates",
        "problem",
        "plan",
    )
    assert study.circle_areas() == ("smaller", "larger")
    for door in ("hotspots", "coverage", "second_views", "gaps", "curve"):
        assert getattr(study, door)() == f"value of {door}"
    assert study.stations_with_cover() == "value of covers"
    assert study.site_driver_homes() == "value of homes"
    assert (study.network(), study.network("car")) == ("value of network:walk", "value of network:car")
    with pytest.raises(PlannerError, match=r"no mode 'tram'; the modes are walk, ebike, car, truck"):
        study.network("tram")
    assert study.all_findings() == ("findings",)
    assert study.dry_run()[0] == "dry run"
    assert study.group("rider").name == "rider"


def test_questions_are_asked_as_they_are_put_and_by_default_as_the_manual_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from planner.siting.questions import ask

    for name in ("replacements", "with_cells", "price_of"):
        monkeypatch.setattr(ask, name, lambda *a, _name=name, **k: (_name, a, k))
    stages = Asked()
    study = study_of(tmp_path, stages)
    study.alternatives()
    study.alternatives(k=5)
    study.replacements()
    study.replacements(k=2)
    study.rule_prices()
    study.rule_prices(fair=True, time_limit_s=7)
    study.sensitivity()
    study.sensitivity(change=0.5)
    finished = ("finished", {})
    assert stages.calls == [
        ("alternatives", {"k": 3}), ("alternatives", {"k": 5}), ("replacements", {"k": 3}), ("replacements", {"k": 2}),
        ("rule_prices", {"fair": False, "time_limit_s": 120.0}), ("rule_prices", {"fair": True, "time_limit_s": 7.0}),
        ("sensitivity", {"change": 0.3}), finished, ("sensitivity", {"change": 0.5}), finished,
    ]  # fmt: skip
    assert study.replacements(k=4, max_m=250) == (
        "replacements",
        ("value of finished", "value of stand_ins"),
        {"k": 4},
    )
    assert ("stand_ins", {"max_m": 250.0}) in stages.calls
    assert study.price_of("x") == ("price_of", ("value of finished", "x"), {})


def test_sites_are_scored_on_the_study_s_own_points_on_a_file_s_or_on_pieces_cut_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever points they are counted on, the sheet, the datum and the study's own stages are those asked."""

    def pieces(other: Any, metres: float) -> Any:
        cut = other.settings.demand
        return ("pieces", metres, cut.piece_m, cut.piece_start)

    monkeypatch.setattr(evaluate, "evaluate_sites", lambda *a, **k: (*a, k))
    monkeypatch.setattr(evaluate, "scored_on_file", lambda stages, path: ("file", stages, path))
    monkeypatch.setattr(evaluate, "scored_on_pieces", pieces)
    stages = Asked()
    study = study_of(tmp_path, stages)
    monkeypatch.setattr(
        study, "with_settings", lambda changed: SimpleNamespace(stages=SimpleNamespace(settings=changed))
    )
    assert study.evaluate("s.xlsx") == (stages, "s.xlsx", {"datum": "wgs84", "part": None})
    asked: Any = {"datum": "gcj02", "sheet": "wishes"}
    given = {"datum": "gcj02", "part": "wishes"}
    assert study.evaluate("s.xlsx", **asked) == (stages, "s.xlsx", given)
    scored = ("file", stages, Path("seen.csv"))
    assert study.evaluate("s.xlsx", points="seen.csv", **asked) == (
        stages,
        "s.xlsx",
        given | {"scored": scored},
    )
    for points in (" 50M ", 50):
        found: Any = study.evaluate("s.xlsx", points=points, **asked)
        assert found == (stages, "s.xlsx", given | {"scored": ("pieces", 50.0, 50.0, 0.37)})


def test_a_study_introduces_itself(tmp_path: Path) -> None:
    text = TEXT.format(language="en", siting="").replace(
        'name = "toy"', 'name = "toy"\ntitle_en = "<Toy> town"'
    )
    study = Study(parse_settings(text), cache=tmp_path)
    assert repr(study) == "Study('toy': <Toy> town; stages done: none)"
    shown = study._repr_html_()
    assert (
        shown
        == "<p><b>&lt;Toy&gt; town</b><br>Study(&#x27;toy&#x27;: &lt;Toy&gt; town; stages done: none)</p>"
    )
    study.stages.records.update(inputs=None, demand=None)  # type: ignore[arg-type]
    assert repr(study).endswith("stages done: inputs, demand)")


# -- what the products are made from -----------------------------------------------------------------------------------


def whole(of: Any = None, **changes: Any) -> Asked:
    """Every value that a bundle takes, each told from each other."""
    plan = SimpleNamespace(
        chosen="chosen",
        before="before",
        after="after",
        solution="solution",
        closed="closed",
        phases="ab",
        new_gap=0.25,
    )
    inputs = SimpleNamespace(
        districts="districts", hosts="hosts", lakes=gpd.GeoDataFrame({"name_zh": ["湖"], "name_en": ["Lake"]}), main_roads="roads",
        streets="streets", places="places", landuse="fields", towns=["town"],
        rows={"stations": 7, "streets": -1}, station_rows={"listed": 7},
    )  # fmt: skip
    return Asked(
        of, **{
            "plan": SimpleNamespace(plan=plan), "inputs": inputs, "areas": SimpleNamespace(before="smaller", after="larger"),
            "font": (), "demand": SimpleNamespace(demand="cells", ensemble="draws"), "homes": "homes",
            "law_of_use": SimpleNamespace(law="a law"), "hanging": SimpleNamespace(workers=5.0),
            "candidates": SimpleNamespace(candidates="candidates"),
            "sensitivity": SimpleNamespace(table="cases", steady=np.array([True, False, True]), kept="kept"),
            "network_walk": SimpleNamespace(n_nodes=4, n_edges=9),
        } | changes,
    )  # fmt: skip


@pytest.fixture
def gathered(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A bundle as plain fields, with what ``run.json`` is made from."""
    fields = [f.name for f in dataclasses.fields(gather.Bundle)]
    plain = dataclasses.make_dataclass(
        "Plain",
        [(n, Any, None) for n in fields],
        namespace={"with_run": lambda self, run: dataclasses.replace(self, run=run)},
    )
    monkeypatch.setattr(gather, "Bundle", plain)
    monkeypatch.setattr(gather, "run_content", lambda bundle, notes: notes)
    monkeypatch.setattr(gather, "_board", lambda stages: "board")
    monkeypatch.setattr(gather, "Context", lambda *parts: ("context", *parts))
    monkeypatch.setattr(gather, "homes_layers", lambda homes, language: (homes, language))
    monkeypatch.setattr(gather, "in_language", lambda table, language: (len(table), language))
    return lambda *a, **k: gather.make_bundle(whole(*a, **k))


def test_a_bundle_holds_each_value_in_its_place(gathered: Any) -> None:
    found = dataclasses.asdict(dataclasses.replace(gathered(), settings=None, run=None))
    assert {k: v for k, v in found.items() if v is not None} == {
        "districts": "districts", "stations": "value of covers", "hosts": "hosts", "demand": "cells", "candidates": "candidates",
        "chosen": "chosen", "before": "before", "after": "after", "area_before": "smaller", "area_after": "larger",
        "gaps": "value of gaps", "hotspots": "value of hotspots", "water": (1, "en"), "main_roads": "roads",
        "findings": ("findings",), "solution": "solution", "curve": "value of curve", "homes": "homes",
        "extra_layers": ("homes", "en"), "phases": "ab", "alternatives": "value of alternatives",
        "replacements": "value of replacements", "sensitivity": "cases", "rule_prices": "value of rule_prices", "always": 2, "kept": "kept",
        "ensemble": "draws", "second_views": "value of second_views", "closed": "closed",
        "hindsight": "value of confidence", "use": "value of use", "law_of_use": found["law_of_use"],
        "fairness": "value of fairness", "hanging": 5.0, "board": "board",
        "context": ("context", "streets", "roads", "places", "fields", "hosts"), "towns": ["town"],
    }  # fmt: skip
    assert gathered().settings.study.name == "toy"


def test_what_is_switched_off_is_not_asked_for(gathered: Any) -> None:
    off = settings(
        siting="alternatives = 0\nreplacements = 0\nsensitivity = false\n[freight]\nenabled = false\n[use]\nenabled = false"
    )
    plan = SimpleNamespace(plan=SimpleNamespace(**vars(whole().at_hand["plan"].plan) | {"phases": ""}))
    found = gathered(off, plan=plan)
    for name in (
        "alternatives",
        "replacements",
        "sensitivity",
        "rule_prices",
        "always",
        "kept",
        "homes",
        "phases",
        "use",
        "hanging",
    ):
        assert getattr(found, name) is None, name
    assert found.extra_layers == ()
    assert list(found.run.absent) == ["driver_homes", "use"]


@pytest.mark.parametrize(("language", "word"), [("zh", "没有司机之家"), ("en", "no homes")])
def test_homes_that_cannot_be_planned_are_absent_with_the_reason(
    gathered: Any, language: str, word: str
) -> None:
    class NoHomes(AbsentError):
        def __init__(self) -> None:
            super().__init__(())

        def message(self, language: str) -> str:
            return {"zh": "没有司机之家", "en": "no homes"}[language]

    found = gathered(settings(language), homes=NoHomes())
    assert (found.homes, found.run.absent) == (None, {"driver_homes": word})
    assert gathered().run.absent == {}


def test_run_json_s_notes_name_files_network_gap_and_stages(
    gathered: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stages = whole()
    stages.records = {"x": SimpleNamespace(name="x", seconds=1.5, cpu_s=0.75, peak_mb=20)}
    stages.files = {Path("/a/b.csv"): "digest"}
    monkeypatch.setattr(
        gather,
        "input_paths",
        lambda _: {"stations": Path("/a/b.csv"), "streets": Path("/c.osm"), "hosts": Path("h")},
    )
    notes = gather.make_bundle(stages).run
    assert notes.inputs == [
        {"name": "stations", "path": "b.csv", "sha256": "digest", "rows": 7}, {"name": "streets", "path": "c.osm", "sha256": None, "rows": 9},
        {"name": "hosts", "path": "h", "sha256": None, "rows": None},
    ]  # fmt: skip
    assert (notes.nodes, notes.edges, notes.new_gap, notes.version) == (4, 9, 0.25, VERSION)
    assert notes.stages == [{"name": "x", "seconds": 1.5, "cpu_s": 0.75, "peak_mb": 20}]
    assert notes.station_rows == {"listed": 7}


def test_input_files_go_by_their_role_and_a_second_list_by_its_number() -> None:
    lists = '[[inputs.stations]]\npath = "a.csv"\n[[inputs.stations]]\npath = "b.csv"\n[[inputs.stations]]\npath = "c.csv"\n'
    text = TEXT.format(language="en", siting="") + lists + '[[inputs.driver_homes]]\npath = "d.csv"\n'
    roles = (
        "population", "districts", "towns", "hosts", "observations", "visits", "grades", "grade_costs", "truck_counts", "truck_sites"
    )  # fmt: skip
    for role in roles:
        text += f'[inputs.{role}]\npath = "{role}.csv"\n'
    found = {role: path.name for role, path in gather.input_paths(parse_settings(text).inputs).items()}
    assert found == {
        "streets": "streets.osm", "stations": "a.csv", "stations_2": "b.csv", "stations_3": "c.csv", "driver_homes": "d.csv",
    } | {role: f"{role}.csv" for role in roles}  # fmt: skip
    assert list(gather.input_paths(settings().inputs)) == ["streets"]


NETWORKS = (
    '[union]\nin_run = {in_run}\n[[networks]]\nname = "rooms"\ntitle_zh = "阅读角"\ntitle_en = "Reading corners"\ndirectory = true\n'
    'lists = [{{ path = "a.csv" }}, {{ path = "b.csv" }}, {{ path = "c.csv" }}]\n[networks.people]\ngroups = {{ rider = 1 }}\n'
    '[[networks]]\nname = "posts"\ntitle_zh = "驿站"\nlists = [{{ path = "d.csv" }}]\n[networks.people]\ngroups = {{ rider = 1 }}\n'
)


def networks(in_run: str = "true") -> Any:
    return parse_settings(TEXT.format(language="en", siting="") + NETWORKS.format(in_run=in_run))


def test_lists_of_networks_go_by_the_network_and_a_second_one_by_its_number_where_a_run_shows_them() -> None:
    found = {role: path.name for role, path in gather.network_paths(networks()).items()}
    assert found == {
        "network_rooms": "a.csv", "network_rooms_2": "b.csv", "network_rooms_3": "c.csv", "network_posts": "d.csv"
    }  # fmt: skip
    assert gather.network_paths(networks("false")) == {}


def test_last_year_s_run_and_the_lists_of_networks_are_files_of_a_run_too(
    monkeypatch: pytest.MonkeyPatch, gathered: Any
) -> None:
    monkeypatch.setattr(gather, "union_of", lambda stages: None)
    monkeypatch.setattr(gather, "networks_layers", lambda union, language: ())
    of = networks().model_copy(
        update={"previous": SimpleNamespace(files=(Path("x/run.json"), Path("x/more.json")))}
    )
    assert {role: path.name for role, path in gather._paths(of).items()} == {
        "streets": "streets.osm", "network_rooms": "a.csv", "network_rooms_2": "b.csv", "network_rooms_3": "c.csv",
        "network_posts": "d.csv", "previous": "run.json",
    }  # fmt: skip
    assert [file["name"] for file in gathered(networks()).run.inputs][-1] == "network_posts"


def test_networks_are_asked_of_their_stages_by_name_or_title_and_a_study_without_any_is_refused() -> None:
    def serving(when: str) -> Any:
        return SimpleNamespace(circle=lambda names=None: (when, names))

    places = SimpleNamespace(places="places")
    stages: Any = Asked(
        networks(), union_plan="plan", union_today=serving("today"), union_after=serving("after"), union_lists=places
    )  # fmt: skip
    union.require_networks(stages)
    assert union.plan_of(stages) == "plan"
    assert union.circle_of(stages, None, planned=False) == ("today", None)
    assert union.circle_of(stages, "rooms", planned=True) == ("after", ["rooms"])
    assert union.circle_of(stages, ["驿站", "rooms", "posts"], planned=False) == ("today", ["posts", "rooms"])
    whole_ = union.union_of(stages)
    assert (whole_.networks, whole_.places, whole_.plan) == (stages.settings.networks, "places", "plan")
    assert (whole_.today.circle()[0], whole_.after.circle()[0]) == ("today", "after")
    with pytest.raises(PlannerError) as unknown:
        union.circle_of(stages, "room", planned=False)
    assert unknown.value.told.code == "UNI-019"
    assert unknown.value.told.field == "networks"
    assert "did you mean rooms" in str(unknown.value)
    assert "rooms, posts" in str(unknown.value)
    for wrong, near in (
        ("Reading", "rooms"),
        ("驿", "posts"),
        ("a corner of the old town", "rooms"),
        ("post", "posts"),
    ):
        with pytest.raises(PlannerError, match=f"did you mean {near}"):
            union.circle_of(stages, wrong, planned=False)
    none: Any = Asked()
    for ask in (
        union.require_networks,
        union.plan_of,
        union.union_of,
        lambda s: union.serving_of(s, planned=True),
        lambda s: union.circle_of(s, "rooms", planned=False),
    ):
        with pytest.raises(PlannerError) as refused:
            ask(none)
        assert refused.value.told.code == "UNI-020"
    assert none.calls == []


# -- files in a folder --------------------------------------------------------------------------------------------------


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What is written where, by whom; nothing is drawn."""
    from planner.exports.gis import layers
    from planner.publish import runfile
    from planner.publish.office import csvfile, document, figures
    from planner.publish.page import write as page
    from planner.telling.words import homes
    from planner.workbook import homes as sheets
    from planner.workbook import whole as workbook

    calls: list[tuple[Any, ...]] = []

    def noted(module: Any, name: str, answer: Any = None) -> None:
        def write(*a: Any, **k: Any) -> Any:
            calls.append((name, *a, *([k] if k else [])))
            return answer

        monkeypatch.setattr(module, name, write)

    for module, name in (
        (csvfile, "write_csv"), (csvfile, "write_table"), (workbook, "write_workbook"), (layers, "write_layers"), (page, "write_page"),
        (document, "write_report"), (document, "write_docx"), (document, "write_checks"), (runfile, "write_run"),
        (sheets, "write_homes_workbook"), (products, "refuse_what_cannot_run"), (products, "note_written"), (products, "find_written"),
    ):  # fmt: skip
        noted(module, name)
    noted(figures, "write_figures", "pictures")
    noted(runfile, "read_run", {"run": 1})
    monkeypatch.setattr(homes, "chosen_in_words", lambda plan: f"{plan} in words")
    monkeypatch.setattr(
        products, "make_bundle", lambda stages, **_: SimpleNamespace(run={"run": 1}, actions=None)
    )
    return calls


def paths(calls: list[tuple[Any, ...]], out: Path) -> list[tuple[str, str]]:
    """Who writes which file of ``out``; a set is written in a folder beside first."""
    written = [
        (c[0], p.relative_to(out))
        for c in calls
        if c[0] != "find_written"
        for p in c[1:]
        if isinstance(p, Path)
    ]
    return [
        (name, Path(*(q for q in p.parts if not q.startswith(".planner-"))).as_posix()) for name, p in written
    ]


def test_every_product_is_written_and_run_json_last(tmp_path: Path, written: list[tuple[Any, ...]]) -> None:
    out, said = tmp_path / "deep" / "out", []
    for progress in (None, lambda label, share: said.append((label, share))):
        written.clear()
        assert products.write_products(Asked(), out, progress=progress) == {"run": 1}  # type: ignore[arg-type]
        assert paths(written, out) == [
            ("write_csv", "recommendations.csv"), ("write_workbook", "recommendations.xlsx"), ("write_layers", "plan.gpkg"),
            ("write_page", "map.html"), ("write_figures", "figures"), ("write_report", "report.html"), ("write_docx", "report.docx"),
            ("write_checks", "checks.html"), ("write_run", "run.json"), ("note_written", "."), ("read_run", "run.json"),
        ]  # fmt: skip
        assert written[0][2:] == (
            out,
            {"public": False, "gone": ("actions.csv", "to_geocode.csv", "map-public.html")},
        )
        assert [c[0] for c in written[:2]] == ["find_written", "refuse_what_cannot_run"]
        assert [c[-1] for c in written if c[0] == "note_written"] == [{"public": False}]
        assert [c[-1] for c in written if c[0] in ("write_report", "write_docx")] == ["pictures"] * 2
        assert not (out / "actions.csv").exists()  # one of an earlier run is gone
        (out / "run.json").write_text("an earlier run")
        (out / "actions.csv").write_text("of an earlier run")
    assert [label for label, _ in said[:4]] == [
        "writing recommendations.csv", "writing recommendations.xlsx", "writing plan.gpkg", "writing map.html",
    ]  # fmt: skip


def test_nothing_is_written_where_nothing_has_changed(
    tmp_path: Path, written: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    stages: Any = Asked()
    monkeypatch.setattr(products, "find_written", lambda *_, **__: SimpleNamespace(findings=("told before",)))
    said: list[str] = []
    assert products.write_products(stages, tmp_path, progress=lambda label, _: said.append(label)) == {
        "run": 1
    }
    assert written == [("read_run", tmp_path / "run.json")]
    assert stages.told == ("told before",)
    assert said == ["nothing has changed since the last run: its products stay as they are"]


def test_commands_for_a_part_write_its_table_and_the_checks(
    tmp_path: Path, written: list[tuple[Any, ...]]
) -> None:
    coverage, plan = SimpleNamespace(by_district="by district"), "the plan"
    names = pd.DataFrame({"district": ["w", "e"], "name_en": ["West", "East"], "name_zh": ["西", "东"]})
    stages: Any = Asked(
        coverage=coverage,
        plan=SimpleNamespace(plan=plan),
        homes="homes",
        inputs=SimpleNamespace(districts=names),
    )
    assert products.write_coverage(stages, tmp_path / "c") is coverage
    assert written[1:] == [("write_table", "by district", tmp_path / "c" / "coverage.csv", {"synthetic": ""})]
    assert written[0] == ("write_checks", ("findings",), tmp_path / "c" / "checks.html", "en")
    written.clear()
    assert products.write_site_list(stages, tmp_path / "s") == plan
    assert [c[0] for c in written][:2] == ["refuse_what_cannot_run", "write_checks"]
    assert paths(written, tmp_path / "s")[1:] == [
        ("write_csv", "recommendations.csv"),
        ("write_workbook", "recommendations.xlsx"),
    ]
    written.clear()
    assert products.write_homes(stages, tmp_path / "deep" / "h") == "homes"
    assert written[1:] == [
        ("write_table", "homes in words", tmp_path / "deep" / "h" / "driver_homes.csv", {"synthetic": ""}),
        ("write_homes_workbook", "homes", tmp_path / "deep" / "h" / "driver_homes.xlsx",
         {"language": "en", "districts": {"w": "West", "e": "East"}, "title": "toy", "notice": ""}),
    ]  # fmt: skip
    for door in (
        products.write_coverage,
        products.write_site_list,
        products.write_homes,
        products.write_checks,
    ):
        (tmp_path / "file").write_text("x")
        with pytest.raises(OutputError):
            door(stages, tmp_path / "file")


def test_addresses_without_coordinates_are_listed_where_there_are_some(
    tmp_path: Path, written: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from planner.inputs import stations

    rows = {"a.csv": pd.DataFrame({"address": ["x"]}), "b.csv": pd.DataFrame({"address": ["y", "z"]})}
    monkeypatch.setattr(stations, "to_geocode", lambda table: rows[table.path.name])
    lists = '[[inputs.stations]]\npath = "a.csv"\n[[inputs.stations]]\npath = "b.csv"\n'
    listed: Any = Asked(parse_settings(TEXT.format(language="zh", siting="") + lists))
    found = products.rows_to_geocode(listed)
    assert (found["address"].tolist(), found.index.tolist()) == (["x", "y", "z"], [0, 1, 2])
    for _ in range(2):  # also into a folder that is there
        products.write_checks(listed, tmp_path / "deep" / "out")
    assert written[0] == ("write_checks", ("findings",), tmp_path / "deep" / "out" / "checks.html", "zh")
    assert [(c[0], c[2]) for c in written[1:2]] == [
        ("write_table", tmp_path / "deep" / "out" / "to_geocode.csv")
    ]
    written.clear()
    nothing: Any = Asked()
    assert len(products.rows_to_geocode(nothing)) == 0
    products.write_checks(nothing, tmp_path)
    assert [c[0] for c in written] == ["write_checks"]


def test_a_folder_one_may_not_write_to_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Any, int]] = []

    def access(path: Any, mode: int) -> bool:
        asked.append((path, mode))
        return False

    monkeypatch.setattr(os, "access", access)
    with pytest.raises(OutputError, match="may not be written to"):
        products.require_folder(tmp_path / "a" / "b")
    assert asked == [(tmp_path, os.W_OK)]
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="file is not a folder"):
        products.require_folder(tmp_path / "file" / "b")


# -- a list of one's own -------------------------------------------------------------------------------------------------


def test_an_evaluation_in_lines() -> None:
    bundle = known_bundle()
    wished = dataclasses.replace(bundle.after, covered=500.4, share=0.5004, by_radius_m={"500": 0.25})
    found = Evaluation(
        sites=12,
        unreachable=0,
        before=bundle.before,
        wished=wished,
        proposed=bundle.after,
        proposed_sites=5,
        labels={"west": "<West>"},
    )
    assert repr(found) == "Evaluation(12 sites, 41.0% → 50.0%)"
    shown = found._repr_html_()
    assert shown.startswith("<pre>12 ")
    assert "&lt;West&gt;" in shown
    assert "(+90)" in shown
    assert "(+430)" in shown
    assert "(+0)" not in shown
    assert (Evaluation.language, dataclasses.replace(found, unreachable=3).describe().count("3")) == (
        "en",
        found.describe().count("3") + 1,
    )
    rows = found.by("district").set_index("district")
    assert rows.loc["west"].tolist() == [700.0, 0.5, 0.9, 0.9, 0.0]
    assert rows.index.tolist() == ["east", "west"]  # as today's coverage has them
    east = next(line for line in found.describe().splitlines() if line.strip().endswith("east"))
    assert east.split() == ["20.0%", "70.0%", "70.0%", "+0", "east"]


def sites(*shapes: Any, **columns: Any) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs="EPSG:4549")


def test_a_table_of_sites_needs_a_crs_points_and_hours_that_can_be_read() -> None:
    point = shapely.Point(559_000, 3_464_000)
    assert _points(sites(point, open_hours=[None]), "EPSG:4326").crs == "EPSG:4326"
    assert len(_points(sites(point, point, open_hours=["", "08:00-20:00"]), "EPSG:4549")) == 2
    with pytest.raises(PlannerError, match="no CRS"):
        _points(gpd.GeoDataFrame(geometry=[point]), "EPSG:4549")
    for shape in (None, shapely.Point(), point.buffer(1)):
        with pytest.raises(PlannerError, match=r"no point: 1$"):
            _points(sites(point, shape), "EPSG:4549")
    with pytest.raises(PlannerError, match=r"cannot be read: 1 \(随缘\)$"):
        _points(sites(point, point, open_hours=["08:00-20:00", "随缘"]), "EPSG:4549")
    with pytest.raises(PlannerError) as many:
        _points(sites(*[None] * 25), "EPSG:4549")
    assert str(many.value).endswith("18, 19")
    with pytest.raises(PlannerError) as many:
        _points(sites(*[point] * 25, open_hours=["随缘"] * 25), "EPSG:4549")
    assert str(many.value).endswith("18 (随缘), 19 (随缘)")


def test_a_site_half_a_metre_from_a_candidate_is_the_candidate() -> None:
    candidates = gpd.GeoSeries([shapely.Point(0, 0), shapely.Point(10, 0)], crs="EPSG:4549")
    points = gpd.GeoSeries(
        [shapely.Point(10, 0.5), shapely.Point(10, 0.51), shapely.Point(0.3, 0)],
        crs="EPSG:4549",
        index=[7, 8, 9],
    )
    moved, at = on_candidates(points, candidates)
    assert at.tolist() == [1, -1, 0]
    assert [(p.x, p.y) for p in moved] == [(10, 0), (10, 0.51), (0, 0)]
    assert moved.index.tolist() == [7, 8, 9]
    for here, there in ((points, candidates.iloc[:0]), (points.iloc[:0], candidates)):
        moved, at = on_candidates(here, there)
        assert (len(moved), at.tolist()) == (len(here), [-1] * len(here))


def test_labels_are_the_names_of_districts_and_groups_where_they_have_one() -> None:
    districts = gpd.GeoDataFrame(
        {"district": ["a", "b", "c"], "name_en": ["A", "", np.nan], "name_zh": ["甲", None, "丙"]}
    )
    found = _labels(settings(), districts)
    assert (found["a"], "b" in found, "c" in found) == ("A", False, False)
    assert found["rider"] == settings().headline_groups[0].label("en")
    assert _labels(settings("zh"), districts)["c"] == "丙"


# -- the store ------------------------------------------------------------------------------------------------------------


def kept(value: Any = 1, **more: Any) -> Kept:
    return Kept(value, 1.5, 20.0, **more)


def test_what_is_kept_comes_back_with_its_note(tmp_path: Path) -> None:
    store = Store(tmp_path / "deep" / "stages")
    assert (store.get("a-1"), store.has("a-1"), store.findings("a-1")) == (None, False, ())
    noticed = (finding("CAN-003", source="站"),)
    for value in (1, 2):  # the second takes the place of the first
        store.put("a-1", kept(value, findings=noticed, takes={"x": "1"}, study="s"))
    found = store.get("a-1")
    assert found == kept(2, findings=noticed, takes={"x": "1"}, study="s")
    assert (store.has("a-1"), store.findings("a-1")) == (True, noticed)
    assert "站" in (tmp_path / "deep" / "stages" / "a-1" / NOTE).read_text("utf-8")
    assert [p.name for p in (tmp_path / "deep" / "stages").iterdir()] == ["a-1"]
    assert kept().takes == {}
    assert len(text_digest("x")) == 24


@pytest.mark.parametrize("note", ["not json", "[]", "{}", '{"findings": [{"nonsense": 1}]}'])
def test_a_damaged_note_tells_nothing_and_its_folder_goes(tmp_path: Path, note: str) -> None:
    store = Store(tmp_path)
    store.put("a-2", kept(takes={"x": "1"}, study="s"))
    (tmp_path / "a-1").mkdir()
    (tmp_path / "a-1" / NOTE).write_text(note, "utf-8")
    (tmp_path / "a-0").mkdir()  # without a note
    assert store.findings("a-1") == ()
    assert store.takes_of_last("a", "s") == {"x": "1"}
    assert store.get("a-1") is None
    assert not (tmp_path / "a-1").exists()


def test_a_result_that_somebody_else_deletes_while_it_is_read_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from planner.study import store as module

    store = Store(tmp_path)
    store.put("a-1", kept())

    def gone(home: Path) -> Any:
        shutil.rmtree(home)
        raise FileNotFoundError(home / NOTE)

    monkeypatch.setattr(module, "_note", gone)
    assert store.get("a-1") is None
    assert store.damaged == {"a-1"}


def test_the_newest_of_a_study_counts_and_of_two_as_new_the_last_by_name(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for key, study, time in (
        ("a-1", "s", 50),
        ("a-2", "s", 90),
        ("a-3", "s", 90),
        ("a-4", "t", 99),
        ("ab-5", "s", 99),
    ):
        store.put(key, kept(takes={"x": key}, study=study))
        os.utime(tmp_path / key, (time, time))
    assert store.takes_of_last("a", "s") == {"x": "a-3"}
    os.utime(tmp_path / "a-1", (95, 95))
    assert store.takes_of_last("a", "s") == {"x": "a-1"}
    assert store.takes_of_last("a", "nobody") is None


def test_the_oldest_are_forgotten_beyond_three_hundred_and_a_look_makes_young(tmp_path: Path) -> None:
    assert KEEP_FOLDERS == 300
    store = Store(tmp_path)
    for n in range(KEEP_FOLDERS):
        (tmp_path / f"z-{n:03d}").mkdir()
        os.utime(tmp_path / f"z-{n:03d}", (1000 - n, 1000 - n))
    (tmp_path / "file").write_text("x")
    (tmp_path / "written-1").mkdir()
    os.utime(tmp_path / "written-1", (1, 1))
    store.put("a-1", kept())
    left = {p.name for p in tmp_path.iterdir()}
    assert "z-299" not in left
    assert {"z-298", "z-000", "a-1", "file"} <= left
    assert "written-1" in left  # what tells that a run is done outlives the results it stood on
    os.utime(tmp_path / "a-1", (1, 1))
    assert store.get("a-1") is not None
    assert (tmp_path / "a-1").stat().st_mtime > 1e6


@pytest.mark.parametrize("error", [OSError("full"), KeyboardInterrupt()])
def test_a_value_that_cannot_be_written_leaves_the_store_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    from planner.study import store as module

    store = Store(tmp_path)
    store.put("a-1", kept())

    def failing(value: Any, folder: Path) -> Any:
        assert folder.parent == tmp_path
        assert folder.name.startswith(".new-")
        (folder / "half").write_text("x")
        raise error

    monkeypatch.setattr(module, "write_value", failing)
    if isinstance(error, OSError):
        store.put("a-2", kept())
    else:
        with pytest.raises(KeyboardInterrupt):
            store.put("a-2", kept())
    assert [p.name for p in tmp_path.iterdir()] == ["a-1"]


def test_a_store_that_cannot_be_made_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    Store(tmp_path / "file" / "stages").put("a-1", kept())
    assert Store(tmp_path / "file" / "stages").get("a-1") is None


def test_numbers_of_numpy_are_kept_as_plain_ones(tmp_path: Path) -> None:
    for value, plain in (
        (np.float32(0.5), 0.5),
        (np.float64(0.25), 0.25),
        (np.int64(3), 3),
        (np.bool_(True), True),
    ):
        note = write_value(value, tmp_path)
        assert note == {"type": "plain", "value": plain}
        assert type(note["value"]) is type(plain)
