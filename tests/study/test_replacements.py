"""Replacements within reach, and the reasons that tell of them: rows of the table of "one number, one meaning"."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import numpy as np
import openpyxl
import pytest

import planner
from planner.study.products import write_products
from planner.study.study import Study
from tests.study.town import PERIODS, TEN_MINUTES_M, Place, covered, reach, street_town

HOSTS = [
    Place("Site", 1010),
    Place("Close", 690),
    Place("Last", 360),
    Place("Beyond", 330),
    Place("Lone", 3410),
]
OLD = Place("Old Gate", 210)


def named_street(path: Path, name: str) -> None:
    """Give the town's street a name."""
    streets = path.parent / "streets.geojson"
    streets.write_text(
        streets.read_text("utf-8").replace('"properties": {}', f'"properties": {{"name": "{name}"}}'), "utf-8"
    )


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A station at 210 m; sites at 1,010 and 3,410 m (required); candidates 320, 650 and 680 m west of the first."""
    folder = tmp_path_factory.mktemp("reach")
    path = street_town(folder, stations=[OLD], hosts=HOSTS, siting='p = 2\nrequired = ["Site", "Lone"]')
    text = path.read_text("utf-8").replace("replacements = 0", "replacements = 3")
    path.write_text(text, "utf-8")
    named_street(path, "Long Street")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLANNER_CACHE", str(folder / "cache"))
        study = planner.open_study(path)
        study.site_stations()
    return study


def test_no_replacement_is_farther_than_the_circle_and_each_has_its_distance(town: Study) -> None:
    table = town.replacements()
    assert list(table.columns) == ["rank", "site_id", "name", "district", "place", "replacement_id", "replacement",
                                   "host_kind", "distance_m", "loss"]  # fmt: skip
    assert table["site_id"].tolist() == ["Site", "Site"]
    assert table.set_index("replacement_id")["distance_m"].to_dict() == pytest.approx(
        {"Close": 320, "Last": 650}, abs=0.1
    )
    assert town.replacements(k=1)["place"].tolist() == [1]


def test_how_far_a_replacement_may_be_can_be_asked(town: Study) -> None:
    far = town.replacements(max_m=690)
    assert far.set_index("replacement_id")["distance_m"].to_dict() == pytest.approx(
        {"Close": 320, "Last": 650, "Beyond": 680}, abs=0.1
    )
    none = town.replacements(max_m=300)
    assert none.empty
    assert list(none.columns) == list(far.columns)
    assert len(town.replacements()) == 2  # the first answer stays as it was


def test_the_reason_by_pencil(town: Study) -> None:
    own = [HOSTS[0], HOSTS[-1]]
    chosen = town.site_stations().chosen.set_index("site_id")
    site, lone = chosen.loc["Site"], chosen.loc["Lone"]
    first = [OLD, *own][: 1 + int(site["rank"])]
    before = [p for p in first if p.name != "Site"]

    def gain(**part: object) -> float:
        return covered(town, lambda _: first, **part) - covered(town, lambda _: before, **part)

    who = sorted({g: gain(groups=[g]) for g in ("rider", "sweeper")}.items(), key=lambda kv: -kv[1])
    when = {t: gain(periods=[t]) for t in PERIODS}
    top = max(when, key=lambda t: when[t])
    alone = covered(town, lambda _: [OLD, *own]) - covered(town, lambda _: [OLD, own[1]])
    lost = covered(town, lambda _: [OLD, *own]) - covered(town, lambda _: [OLD, HOSTS[1], own[1]])
    assert alone == pytest.approx(gain())  # nothing else is near it
    words = {"rider": "food-delivery riders", "sweeper": "sweeper"}
    groups = ", ".join(f"{words[g]} {n:,.0f}" for g, n in who)
    hours = "–".join(f"{h:02d}:00" for h in PERIODS[top])
    assert site["reason_en"] == (
        f"Required; brings {gain():,.0f} workers into the ten-minute circle (among them {groups}), "
        f"most of all at {hours} ({when[top]:,.0f}); at the bank branch “Site” by Long Street, open 24 hours; "
        f"the nearest existing station, “Old Gate”, is 800 m away on foot; without it these {alone:,.0f} have no "
        f"station within ten minutes, but the bank branch “Close”, 320 m away, could stand in and would cover "
        f"{lost:,.0f} fewer."
    )
    assert lone["reason_en"].endswith(" ten minutes, and there is no substitute within 667 m.")
    assert lone["reason_zh"].endswith("，且附近（步行 667 米内）无可替代场所。")
    assert "is 3,200 m away" in lone["reason_en"]
    assert reach(town, [OLD]).sum()  # the town does have covered cells


def test_the_reason_and_the_table_name_the_same_best_replacement(town: Study) -> None:
    best = town.replacements(k=1).set_index("site_id")
    chosen = town.site_stations().chosen.set_index("site_id")
    for site in chosen.itertuples():
        if site.Index in best.index:
            row = best.loc[site.Index]
            assert (site.alternative_id, site.alternative_m, site.alternative_loss) == (
                row["replacement_id"], row["distance_m"], row["loss"],
            )  # fmt: skip
        else:
            assert site.alternative_id == ""
            assert np.isnan(site.alternative_m)


def test_products_list_the_sites_without_a_replacement(town: Study, tmp_path: Path) -> None:
    write_products(town.stages, tmp_path)
    rank = int(town.site_stations().chosen.set_index("site_id").loc["Lone", "rank"])
    line = f"No substitute within 667 m for 1 of the 2 sites (no. {rank})."
    sheet = openpyxl.load_workbook(tmp_path / "recommendations.xlsx")["Replacements"]
    cells = [c for row in sheet.iter_rows(values_only=True) for c in row if c is not None]
    assert line in cells
    assert {"Close", "Last"} <= set(cells)
    assert not {"Beyond"} & set(cells)
    assert line in (tmp_path / "report.html").read_text("utf-8")


def test_a_name_from_a_file_stays_text_in_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANNER_CACHE", str(tmp_path / "cache"))
    evil = "<img src=x onerror=alert(1)>{0}%s"
    path = street_town(tmp_path, stations=[Place("=1+1", 210)], hosts=[Place(evil, 1010)])
    named_street(path, "<script>{{7*7}}")
    study = planner.open_study(path)
    reason = study.site_stations().chosen["reason_en"].iloc[0]
    assert f"“{evil}” by <script>{{{{7*7}}}}, open" in reason
    assert "“=1+1”, is 800 m" in reason
    write_products(study.stages, tmp_path / "out")
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "<img src=x" not in page
    assert "<script>{{7*7}}" not in page
    assert "49" not in re.findall(r"by &lt;script&gt;(.{0,8})", page)[0]


# -- on real streets ------------------------------------------------------------------------------------------------

#: Clauses of so many words (English) or characters (Chinese, names and numbers included) are the frame of a reason.
WORDS, CHARACTERS = 6, 12
MONACO = """[study]
name = "monaco"
[inputs.streets]
path = "{streets}"
[[inputs.stations]]
path = "stations.csv"
datum = "wgs84"
[inputs.population]
kind = "districts"
total = 38000
[siting]
p = 10
quotas = "none"
curve = []
alternatives = 0
sensitivity = false
scenarios = 0
[freight]
enabled = false
"""


@pytest.fixture(scope="module")
def monaco(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Study:
    streets = shared_data / "cities" / "monaco.osm"
    if not streets.is_file():
        pytest.skip("no streets of Monaco here")
    folder = tmp_path_factory.mktemp("monaco")
    (folder / "study.toml").write_text(MONACO.format(streets=streets), "utf-8")
    (folder / "stations.csv").write_text(
        "编号,站点名称,经度,纬度,开放时间,状态\n1,Port Hercule,7.4236,43.7366,全天,正常\n2,Larvotto,7.4368,43.7476,全天,正常\n",
        "utf-8",
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLANNER_CACHE", str(folder / "cache"))
        study = planner.open_study(folder / "study.toml")
        study.site_stations()
    return study


@pytest.mark.real
@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_clause_is_said_of_two_sites(monaco: Study, language: str) -> None:
    told: Counter[str] = Counter()
    for reason in monaco.site_stations().chosen[f"reason_{language}"]:
        told.update(set(re.split("；|; ", reason.rstrip("。."))))
    often = [text for text, n in told.items() if n > 1]
    size = (lambda t: len(t) / CHARACTERS) if language == "zh" else (lambda t: len(t.split()) / WORDS)
    assert not [text for text in often if size(text) > 1]
    assert len(told) >= 30


@pytest.mark.real
def test_every_distance_of_a_reason_is_the_tables(monaco: Study) -> None:
    chosen = monaco.site_stations().chosen
    best = monaco.replacements(k=1).set_index("rank")
    assert (best["distance_m"] <= TEN_MINUTES_M).all()
    assert set(monaco.site_stations().chosen["nearest_station"]) <= {"Port Hercule", "Larvotto"}
    for site in chosen.itertuples():
        has = site.rank in best.index
        far = [
            f"{site.nearest_station_m:,.0f}",
            f"{best.loc[site.rank, 'distance_m']:,.0f}" if has else "667",
        ]
        far = [m for m in far if m != "0"]
        assert re.findall(r"([\d,]+) 米(?!内有公厕)", site.reason_zh) == far
        assert re.findall(r"([\d,]+) m\b(?!; the nearest existing)", site.reason_en) == far
        assert f"“{site.nearest_station}”" in site.reason_en
        assert site.street in site.reason_zh
        assert site.place in site.reason_zh
    assert (chosen["street"] != "").sum() >= 8
    assert (chosen["place"] != "").all()
