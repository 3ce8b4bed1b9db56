"""Odd but legitimate studies, and bad ones: what a user's mistakes lead to, through the command itself."""

from __future__ import annotations

import csv
import json
import re
import shutil
import sys
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pytest
import shapely

import planner
from planner import cli
from planner.inputs.places import datum
from planner.settings.reading import parse_settings
from tests.study.test_command import lat, lng, toy_town

STATIONS = '[[inputs.stations]]\npath = "stations.csv"\ndatum = "wgs84"\n'
HOSTS = '[inputs.hosts]\npath = "hosts.csv"\ndatum = "wgs84"\n'
HEAD = "编号,站点名称,经度,纬度,开放时间,状态\n"
QUICK = "alternatives = 0\nreplacements = 0\nsensitivity = false\n"


@pytest.fixture(scope="module")
def pattern(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("pattern")
    toy_town(folder, p=3)
    return folder


@pytest.fixture
def town(pattern, tmp_path):
    """A function that writes the toy town, with pieces of its study file replaced."""

    def make(*changes: tuple[str, str], extra: str = "") -> Path:
        folder = tmp_path / "town"
        shutil.copytree(pattern, folder)
        text = (folder / "study.toml").read_text("utf-8").replace("scenarios = 3", "scenarios = 0\n" + QUICK)
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        (folder / "study.toml").write_text(text + extra, "utf-8")
        return folder / "study.toml"

    return make


@pytest.fixture
def command(capsys, monkeypatch):
    """The command, run in this process: exit code, what it printed, what it said on standard error."""

    def run(*args: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["planner", *map(str, args)])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        said = capsys.readouterr()
        return int(stop.value.code or 0), said.out, said.err

    return run


def left(folder: Path) -> set[str]:
    return {p.name for p in folder.iterdir()} if folder.exists() else set()


def edit_district(study: Path, change) -> None:
    path = study.parent / "districts.geojson"
    layer = json.loads(path.read_text("utf-8"))
    change(layer["features"][0])
    path.write_text(json.dumps(layer), "utf-8")


# -- refusals ------------------------------------------------------------------------------------------


def test_every_broken_input_is_named_at_once_even_without_streets(town, command) -> None:
    study = town(('language = "en"', 'language = "zh"'), extra='[inputs.observations]\npath = "seen.csv"\n')
    (study.parent / "streets.geojson").unlink()
    (study.parent / "hosts.csv").unlink()
    (study.parent / "stations.csv").write_text(HEAD + "001,甲,31.30,120.60,全天,正常\n", "utf-8")
    code, _, said = command("run", study, "--out", study.parent / "out")
    assert code == 1
    for part in ("NET-102 streets.geojson", "SET-004 hosts.csv", "XY-001 stations.csv", "SET-004 seen.csv"):
        assert part in said
    assert "输入数据有 4 个问题" in said
    assert left(study.parent / "out") == {"checks.html"}


def test_districts_of_another_city_are_told_by_the_streets(town, command) -> None:
    study = town((STATIONS, ""))

    def elsewhere(feature) -> None:
        ring = feature["geometry"]["coordinates"][0]
        feature["geometry"]["coordinates"] = [[[x - 4, y + 1] for x, y in ring]]

    edit_district(study, elsewhere)
    code, _, said = command("coverage", study, "--out", study.parent / "out")
    assert code == 1
    assert "DIS-002 districts.geojson" in said


def test_an_open_ring_is_closed_and_several_parts_are_one_district(town, command) -> None:
    study = town()

    def open_ring(feature) -> None:
        feature["geometry"]["coordinates"][0].pop()

    edit_district(study, open_ring)
    assert "GEO-001" in command("check", study, "--out", study.parent / "out")[1]

    def parts(feature) -> None:
        halves = [shapely.box(lng(-50), lat(-50), lng(1900), lat(4050)),
                  shapely.box(lng(2100), lat(-50), lng(4050), lat(4050))]  # fmt: skip
        feature["geometry"] = json.loads(shapely.to_geojson(shapely.MultiPolygon(halves)))

    edit_district(study, parts)
    assert command("check", study, "--out", study.parent / "out")[0] == 0
    assert len(planner.open_study(study).districts) == 1


def test_no_hosts_at_all_is_a_finding_with_the_way_out(town, command) -> None:
    study = town((HOSTS, ""))
    code, _, said = command("run", study, "--out", study.parent / "out")
    assert code == 1
    assert "CAN-002" in said
    assert "every_m" in said


def test_rules_that_name_nothing_are_told_together_by_check_and_by_run(town, command) -> None:
    rules = (
        'p = 400\nrequired = ["nope", "h0404", "h0404"]\nforbidden = ["h0404"]\nquota_min = { "旧镇" = 2 }'
    )
    study = town(("p = 3", rules))
    out = study.parent / "out"
    for verb in ("check", "run"):
        code, printed, said = command(verb, study, "--out", out)
        assert code == 1
        for finding in ("CAN-004", "CAN-005", "CAN-006", "CAN-007"):
            assert finding in printed + said, verb
        assert "新镇" in printed + said
        assert "CAN-007" in (out / "checks.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ('quota_min = { "新镇" = 5 }', ("p = 3", "p = 5")),
        ('quota_max = { "新镇" = 2 }', ("quota_max", "p = 2")),
        ("budget_yuan = 20000", ("budget 20000", "21600")),
    ],
)
def test_clashing_rules_print_the_clash_and_a_way_out(town, command, rule, words) -> None:
    study = town(("p = 3", f"p = 3\n{rule}"))
    code, _, said = command("site", study, "--out", study.parent / "out")
    assert code == 1
    assert all(word in said for word in (*words, "Nearest way out"))
    assert left(study.parent / "out") == {"checks.html"}
    code, printed, _ = command("check", study, "--out", study.parent / "out")
    assert code == 1
    assert "CAN-008" in printed
    assert all(word in printed for word in (*words, "Nearest way out"))


def test_quotas_of_the_districts_table_count_and_the_study_file_overrules_them(town, command) -> None:
    study = town()
    edit_district(study, lambda f: f["properties"].update(quota_max=2))
    out = study.parent / "out"
    assert "quota_max" in command("check", study, "--out", out)[1]
    text = study.read_text("utf-8").replace("p = 3", 'p = 3\nquota_max = { "新镇" = 3 }')
    study.write_text(text, "utf-8")
    assert command("check", study, "--out", out)[0] == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (('language = "en"', 'language = "en"\ncrs = "EPSG:4326"'), "does not count in metres"),
        (('language = "en"', 'language = "en"\ncrs = "suzhou"'), "unknown CRS “suzhou”"),
        (('path = "hosts.csv"', 'path = "hosts.csv"\ncrs = "EPSG:99999"'), "unknown CRS “EPSG:99999”"),
        (("p = 3", "p = 0"), "siting.p"),
        (("p = 3", 'p = 3\nquota_min = { "新镇" = -1 }'), "siting.quota_min.新镇"),
        (("[siting]", "[circle]\nreadings_m = []\n[siting]"), "circle.readings_m"),
        (('name = "newtown"', 'name = "nul"'), "Windows keeps it"),
        (('name = "newtown"', 'name = "../../x"'), "study.name"),
    ],
)
def test_what_the_study_file_cannot_mean_is_refused_in_the_language_it_names(
    town, command, change, words
) -> None:
    study = town(change)
    code, _, said = command("coverage", study)
    assert code == 1
    assert words in said
    assert "1 problem in the inputs" in said
    study.write_text(study.read_text("utf-8").replace('language = "en"', 'language = "zh"'), "utf-8")
    assert "输入数据有 1 个问题" in command("coverage", study)[2]


def test_words_of_the_study_file_that_planner_does_not_know(town, command) -> None:
    rules = 'p = 3\nhost_kinds = ["bnak"]\ndefault_hours = "随缘"\nhost_hours = { bank = "全天" }'
    code, printed, _ = command("check", study := town(("p = 3", rules)), "--out", study.parent / "out")
    assert code == 1
    assert "SET-006" in printed
    assert "did you mean bank?" in printed
    assert "SET-007" in printed
    assert "随缘" in printed


def test_own_periods_ask_for_own_groups_and_faults_name_the_group() -> None:
    head = '[study]\nname = "a"\n[inputs.streets]\npath = "s.osm"\n'
    day = '[[periods]]\nname = "day"\nstart_h = 0\nend_h = 24\n'
    with pytest.raises(planner.InputError, match=r"must list its groups too.*\(day\)"):
        parse_settings(head + day)
    bad = '[[groups]]\nname = "vendor"\nprofile = { "06_10" = 0.5 }\n'
    with pytest.raises(planner.InputError, match=r"groups\.vendor\.profile"):
        parse_settings(head + bad)
    event = '[[demand.events]]\nname = "fair"\nworkers = 5\ngroup = "nobody"\npolygon = [[1, 1], [2, 1], [2, 2]]\n'
    with pytest.raises(planner.InputError, match="no group called nobody"):
        parse_settings(head + event)


def test_trucks_alone_make_no_circle(town, command) -> None:
    names = ("rider", "courier", "ride_hail", "sanitation", "traffic_police")
    off = "".join(f'[[groups]]\nname = "{g}"\nenabled = false\n' for g in names)
    code, _, said = command("coverage", study := town(extra=off), "--out", study.parent / "out")
    assert code == 1
    assert "DEM-021" in said


@pytest.mark.parametrize("path", ["/vsicurl/http://localhost/streets.geojson", "."])
def test_streets_must_be_a_local_file(town, command, path) -> None:
    study = town(('path = "streets.geojson"', f'path = "{path}"'))
    code, printed, _ = command("check", study, "--out", study.parent / "out")
    assert code == 1
    assert re.search("NET-102|SET-005", printed)


def test_a_folder_may_be_called_anything(pattern, tmp_path, command) -> None:
    folder = tmp_path / "vsi {{7*7}} <b> 新 #1"
    shutil.copytree(pattern, folder)
    assert command("coverage", folder / "study.toml", "--out", folder / "out")[0] == 0


def test_a_negative_and_a_missing_population_are_told(town, command) -> None:
    study = town(extra='[inputs.population]\nkind = "grid"\npath = "pop.csv"\n')
    pop = study.parent / "pop.csv"
    pop.write_text(f"lng,lat,population\n{lng(500)},{lat(500)},100\n{lng(700)},{lat(500)},-5\n")
    assert "POP-001 pop.csv, row 3" in command("check", study, "--out", study.parent / "out")[1]
    pop.write_text(f"lng,lat,residents_2020\n{lng(500)},{lat(500)},100\n")
    assert "set column in [inputs.population]" in command("check", study, "--out", study.parent / "out")[1]


# -- odd but legitimate --------------------------------------------------------------------------------


def test_three_lists_in_three_datums_and_an_encoding_meet_on_one_street(town) -> None:
    more = "".join(f'[[inputs.stations]]\npath = "{d}.csv"\ndatum = "{d}"\n' for d in ("gcj02", "bd09"))
    study = town((STATIONS, STATIONS + more))
    for name, x, y, encoding in (("gcj02", 2000, 2000, "gb18030"), ("bd09", 3000, 1000, "utf-8")):
        (gx,), (gy,) = datum.convert(np.array([lng(x)]), np.array([lat(y)]), source="wgs84", target=name)
        row = f"{name},第{name}站,{gx:.7f},{gy:.7f},全天,正常\n"
        (study.parent / f"{name}.csv").write_bytes((HEAD + row).encode(encoding))
    stations = planner.open_study(study).stations.set_index("station_id")
    assert stations.loc["gcj02", "name"] == "第gcj02站"
    assert stations.loc[["gcj02", "bd09"], "snap_m"].max() < 0.1
    assert stations.loc["gcj02", "lng_wgs84"] == pytest.approx(lng(2000), abs=1e-6)


def test_observations_reach_the_model(town) -> None:
    text = '[inputs.observations]\npath = "seen.csv"\ndatum = "wgs84"\n[demand]\nobserved_share = 0.5\nlevel = "regression"\n'
    rng = np.random.default_rng(1)
    rows = [f"{lng(x)},{lat(y)},rider,5\n" for x, y in rng.uniform(100, 1900, (80, 2))]
    study = town(extra=text)
    (study.parent / "seen.csv").write_text(
        "lng,lat,群体,人数\n" + "".join(rows) + f"{lng(90000)},{lat(0)},rider,3\n", "utf-8"
    )
    seen, blind = planner.open_study(study), planner.open_study(town_without(study, text))
    assert "DEM-007" in {f.code for f in (seen.demand, seen.all_findings())[1]}
    west = seen.demand.geometry.centroid.x < seen.demand.geometry.centroid.x.median()
    share = [d.loc[west, "rider__10_14"].sum() / d["rider__10_14"].sum() for d in (seen.demand, blind.demand)]
    assert share[0] > share[1] + 0.05


def town_without(study: Path, text: str) -> Path:
    other = study.with_name("blind.toml")
    other.write_text(study.read_text("utf-8").replace(text, ""), "utf-8")
    return other


def test_nothing_to_gain_is_said_and_still_exactly_p_sites_come_back(town) -> None:
    study = town(("p = 3", "p = 3\nmin_to_open_m = 0"))
    rows = [
        f"{i}-{j},站,{lng(400 * i + 200)},{lat(400 * j + 200)},全天,正常\n"
        for i in range(10)
        for j in range(10)
    ]
    (study.parent / "stations.csv").write_text(HEAD + "".join(rows), "utf-8")
    opened = planner.open_study(study)
    plan = opened.site_stations()
    assert len(plan.chosen) == 3
    assert plan.chosen["workers_gained"].sum() == 0
    assert "CAN-003" in {f.code for f in opened.all_findings()}


def test_without_districts_hosts_and_stations_the_streets_are_enough(town) -> None:
    districts = '[inputs.districts]\npath = "districts.geojson"\n'
    study = town(
        (districts, "[inputs.population]\ntotal = 20000\n"), (HOSTS, ""), (STATIONS, ""),
        ("p = 3", "p = 3\nevery_m = 300"),
    )  # fmt: skip
    opened = planner.open_study(study)
    plan = opened.site_stations()
    assert len(plan.chosen) == 3
    assert plan.before.covered == 0
    assert plan.after.workers == pytest.approx(20 * (4.97 + 2.48 + 2.13 + 1.42 + 0.71), rel=1e-3)
    assert opened.districts["district"].tolist() == ["newtown"]


def test_a_wish_list_in_gcj02_scores_like_the_same_in_wgs84(town, command) -> None:
    study = town()
    x, y = np.array([lng(2000), lng(1000)]), np.array([lat(2000), lat(1000)])
    said = []
    for name in ("wgs84", "gcj02"):
        gx, gy = datum.convert(x, y, source="wgs84", target=name)
        path = study.parent / f"{name}.csv"
        path.write_text(f"name,lng,lat\na,{gx[0]:.8f},{gy[0]:.8f}\nb,{gx[1]:.8f},{gy[1]:.8f}\n", "utf-8")
        said.append(command("evaluate", study, path, "--datum", name)[:2])
    assert said[0] == said[1]
    assert said[0][0] == 0
    for text, code in (("name,lng,lat\n", "TAB-015"), (f"name,lng,lat\na,{lng(90000)},31.3\n", "LOC-002")):
        path.write_text(text, "utf-8")
        refused = command("evaluate", study, path)
        assert refused[0] == 1
        assert code in refused[2]


def test_homes_that_cannot_be_planned_leave_the_stations_standing(town, command) -> None:
    study = town(("enabled = false", "enabled = true"))
    code, _, said = command("homes", study, "--out", study.parent / "homes")
    assert code == 1
    assert "truck" in said
    assert left(study.parent / "homes") == {"checks.html"}
    run = planner.open_study(study).run(study.parent / "out")
    assert run["stations"]["chosen"] == 3
    assert run["driver_homes"] is None
    assert "truck" in run["absent"]["driver_homes"]


# -- hostile names, outputs, cache, batch --------------------------------------------------------------

EVIL = (
    "{{7*7}}", "<img src=x onerror=alert(1)>", "=cmd|' /C calc'!A0", "${7*7}`x`", "\u202egnp.exe",
    "</script><script>alert(2)</script>", "{% raw %}", "\u2028line", "@SUM(1)",
)  # fmt: skip


def test_hostile_names_come_through_every_product_as_text(town) -> None:
    evil = "=1+1 {{7*7}} <img src=x onerror=alert(1)> ${7*7} </script>"
    study = town(('title_en = "Newtown"', f'title_en = "{evil}"'), ("p = 3", "p = 9"))
    hosts = study.parent / "hosts.csv"
    rows = list(csv.reader(hosts.read_text("utf-8").split("\n")[:-1]))
    for i, row in enumerate(rows[1:]):
        row[1] = EVIL[i % len(EVIL)]
    with hosts.open("w", newline="", encoding="utf-8") as handle:
        csv.writer(handle).writerows(rows)
    edit_district(study, lambda f: f["properties"].update(name_zh=EVIL[1], name_en="=1+1{{7*7}}</script>"))
    opened, out = planner.open_study(study), study.parent / "out"
    opened.run(out)
    for name in ("map.html", "report.html", "checks.html"):
        page = (out / name).read_text("utf-8")
        assert not re.search(r"<img[^>]*onerror", page), name
        assert "<script>alert" not in page, name
    assert "{{7*7}}" in (out / "report.html").read_text("utf-8")
    book = openpyxl.load_workbook(out / "recommendations.xlsx")
    cells = [c for sheet in book for row in sheet.iter_rows() for c in row]
    assert not [c.coordinate for c in cells if c.data_type == "f"]
    assert any(str(c.value) in EVIL for c in cells)
    table = csv.reader((out / "recommendations.csv").read_text("utf-8-sig").split("\n"))
    assert not [cell for row in table for cell in row if cell[:1] in tuple("=@+")]
    text = zipfile.ZipFile(out / "report.docx").read("word/document.xml").decode()
    assert "<img" not in text
    assert "{{7*7}}" in text
    plan = opened.site_stations()
    for value in (opened, plan, plan.before, plan.solution, opened.network("walk")):
        assert "<img" not in value._repr_html_()
        assert "<script" not in value._repr_html_()
    assert "&lt;img" in plan._repr_html_()


def test_a_folder_that_cannot_be_written_is_said_before_anything_is_computed(
    town, command, monkeypatch
) -> None:
    study = town()
    out = study.parent / "out"
    out.write_text("keep", "utf-8")
    monkeypatch.setattr("planner.study.stages.Stages._made", lambda *_a, **_k: pytest.fail("computed"))
    for verb in ("run", "coverage", "site"):
        for folder in (out, out / "below"):
            code, _, said = command(verb, study, "--out", folder)
            assert code == 1
            assert "OUT-002" in said
    assert out.read_text("utf-8") == "keep"


def test_damaged_entries_of_the_cache_are_made_again(town, tmp_path) -> None:
    from planner.settings.reading import read_settings

    study, cache = town(), tmp_path / "cache"
    settings = read_settings(study)
    first = planner.Study(settings, cache=cache).coverage()
    files = sorted(p for p in (cache / "stages").rglob("*") if p.is_file())
    assert len(files) >= 15
    for i, path in enumerate(files):
        whole = path.read_bytes()
        path.write_bytes([whole[: len(whole) // 2], b"", b"\x00\xff" * 300, b"[]", b"PK\x03\x04"][i % 5])
    again = planner.Study(settings, cache=cache)
    assert again.coverage().covered == first.covered
    assert not any(record.kept for record in again.stages.records.values())


def test_a_batch_finishes_the_good_studies_and_tells_about_the_bad(town, command, tmp_path) -> None:
    good = town()
    refused = good.with_name("refused.toml")
    refused.write_text(
        good.read_text("utf-8").replace('"newtown"', '"refused"', 1).replace("p = 3", "p = 999"), "utf-8"
    )
    broken = good.with_name("broken.toml")
    broken.write_text("[study]\nnme = 1\n", "utf-8")
    out = tmp_path / "out"
    code, printed, _ = command(
        "batch", refused, broken, good, tmp_path / "no.toml", "--workers", 1, "--out", out
    )
    assert code == 1
    assert (out / "newtown" / "run.json").exists()
    assert left(out / "refused") == {"checks.html"}
    assert left(out) == {"newtown", "refused", "sites.parquet", "summary.html", "summary.xlsx"}
    for part in ("CAN-004", 'did you mean "name"', "SET-004"):
        assert part in printed


def test_a_batch_on_a_running_scheduler(town, tmp_path) -> None:
    from distributed import LocalCluster

    from planner.errors import PlannerError
    from planner.study.batch import run_batch

    good = town()
    bad = good.with_name("bad.toml")
    bad.write_text(
        good.read_text("utf-8").replace('"newtown"', '"bad"', 1).replace("p = 3", "p = 999"), "utf-8"
    )
    with LocalCluster(
        n_workers=1,
        threads_per_worker=1,
        processes=False,
        protocol="tcp",
        host="127.0.0.1",
        dashboard_address=None,
    ) as cluster:
        address = cluster.scheduler_address
        table = run_batch([bad, good], tmp_path / "out", scheduler=address).set_index("study")
    assert table.loc["newtown", "exit_code"] == 0
    assert table["exit_code"].tolist() == [1, 0]
    with pytest.raises(PlannerError, match="no Dask scheduler answers"):
        run_batch([good], tmp_path / "out", scheduler="nonsense://x")


def test_an_interrupted_command_says_how_to_go_on(town, command, monkeypatch) -> None:
    def stop(*_args: object, **_options: object) -> None:
        raise KeyboardInterrupt

    study = town()
    monkeypatch.setattr("planner.study.stages.Stages.value", stop)
    code, _, said = command("coverage", study, "--out", study.parent / "out")
    assert code == 130
    assert "the same command goes on" in said
    assert left(study.parent / "out") == set()


def test_the_example_is_not_written_over_files(town, command) -> None:
    study = town()
    before = left(study.parent)
    code, _, said = command("example", study.parent)
    assert code == 1
    assert "not an empty folder" in said
    assert left(study.parent) == before


def test_a_projected_grid_of_residents_lands_where_they_live(town) -> None:
    study = town(extra='[inputs.population]\nkind = "grid"\npath = "pop.gpkg"\ncolumn = "pop2020"\n')
    spots = gpd.points_from_xy([lng(500), lng(3000)], [lat(500), lat(3000)])
    grid = gpd.GeoDataFrame({"pop2020": [1000.0, 2000.0]}, geometry=spots, crs=4326).to_crs("ESRI:54009")
    grid.to_file(study.parent / "pop.gpkg")
    people = planner.open_study(study).stages.value("inputs").population.to_crs(4326)
    assert people.sort_values("population").geometry.x.tolist() == pytest.approx(
        [lng(500), lng(3000)], abs=1e-6
    )
