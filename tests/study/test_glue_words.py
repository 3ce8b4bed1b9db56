"""What the facade says of itself, and small doors of it: closures in a notebook, digests, folders, hours of a list."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

import planner
from planner.publish.office import drawing
from planner.publish.safe import OutputError
from planner.study import store
from planner.study.closures import Closure
from planner.study.gather import make_bundle
from planner.study.products import require_folder
from tests.study.town import Place, street_town


def closure() -> Closure:
    table = pd.DataFrame(
        {"district": ["west", "<b>east"], "workers": [1234.56, 10.0], "before": [600.04, 5.0], "after": [590.0, 4.96], "lost": [10.04, 0.04]}
    )  # fmt: skip
    return Closure(table, lost=10.08, closed_km=1.25, searched=3, sites=1200)


def test_a_closure_says_who_loses_and_how_many_stations_are_concerned() -> None:
    assert (
        closure().describe("zh")
        == "封闭 1.2 公里步行道路后，十分钟内有开放站点的户外劳动者减少 10 人；1,200 个站点中有 3 个受影响。"
    )
    assert (
        closure()
        .describe()
        .endswith(
            "10 fewer outdoor workers have an open station within ten minutes; 3 of 1,200 stations are concerned."
        )
    )
    assert repr(closure()) == f"<Closure: {closure().describe('en')}>"


def test_in_a_notebook_only_districts_that_lose_somebody_stand_with_one_decimal() -> None:
    shown = closure()._repr_html_()
    assert shown.startswith("<p>With 1.2 km of walking streets closed")
    assert "<td>1,234.6</td>" in shown
    assert "<td>10.0</td>" in shown
    assert "east" not in shown
    assert "<th></th>" not in shown  # no column for the index


def test_the_code_s_digest_heeds_sources_and_tables_by_name_and_content(tmp_path: Path, monkeypatch) -> None:
    home = tmp_path / "planner"
    (home / "study").mkdir(parents=True)
    for name, text in (
        ("a.py", "1"),
        ("b.csv", "2"),
        ("c.toml", "3"),
        ("d.txt", "4"),
        ("study/store.py", "5"),
    ):
        (home / name).write_text(text, "utf-8")
    (home / "e.csv").mkdir()  # a folder by such a name is no table

    def digest() -> str:
        monkeypatch.setattr(store, "__file__", str(home / "study" / "store.py"))
        store.code_digest.cache_clear()
        return store.code_digest()

    try:
        first = digest()
        (home / "d.txt").write_text("other", "utf-8")
        assert digest() == first
        seen = {first}
        for name in ("a.py", "b.csv", "c.toml", "study/store.py"):
            (home / name).write_text("other", "utf-8")
            seen.add(digest())
        shutil.move(home / "a.py", home / "z.py")
        seen.add(digest())
        assert len(seen) == 6
    finally:
        monkeypatch.undo()
        store.code_digest.cache_clear()


# -- doors of the facade -------------------------------------------------------------------------------------------------


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PLANNER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_a_site_at_the_first_candidate_opens_when_its_host_does(tmp_path: Path, cache: Path) -> None:
    host = Place("A", 500, "22:00-06:00")
    study = planner.open_study(street_town(tmp_path, hosts=[host, Place("B", 3000)], siting="p = 1"))
    assert study.candidates["open_hours"].iloc[0] == "22:00-06:00"
    first = study.candidates.iloc[[0]][["geometry"]]
    found = study.evaluate(first)
    by_period = found.wished.by_period.set_index("period")["covered"]
    assert by_period["22_06"] > 0
    assert by_period.drop("22_06").sum() == 0
    elsewhere = study.evaluate(
        first.assign(geometry=first.geometry.translate(xoff=5))
    )  # no candidate there: the study's hours
    assert elsewhere.wished.by_period.set_index("period")["covered"]["10_14"] > 0


def test_figures_that_cannot_be_drawn_are_absent_by_name(tmp_path: Path, cache: Path, monkeypatch) -> None:
    monkeypatch.setattr(drawing, "chinese_font", lambda: None)
    path = street_town(tmp_path, hosts=[Place("A", 500)], siting="p = 1")
    path.write_text(path.read_text("utf-8").replace('language = "en"', 'language = "zh"'), "utf-8")
    assert "没有找到中文字体" in make_bundle(planner.open_study(path).stages).run["absent"]["figures"]


def test_products_are_refused_below_a_file_and_allowed_in_folders_not_made_yet(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", "utf-8")
    require_folder(tmp_path / "new" / "deep")
    for below in (tmp_path / "file", tmp_path / "file" / "deep" / "er"):
        with pytest.raises(OutputError, match="file"):
            require_folder(below)


def test_the_fairest_plan_is_a_row_where_it_is_asked_for(tmp_path: Path, cache: Path) -> None:
    hosts = [Place(n, x) for n, x in zip("ABCD", (300, 1200, 2400, 3300), strict=True)]
    study = planner.open_study(
        street_town(
            tmp_path,
            hosts=hosts,
            siting="p = 2",
            districts={"west": (0, 2000, 3000), "east": (2000, 4000, 1000)},
        )
    )
    assert "fair" in set(study.rule_prices(fair=True)["rule"])
    assert "fair" not in set(study.rule_prices()["rule"])
