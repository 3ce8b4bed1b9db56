"""What a value of the facade says of itself: closures in a notebook, digests of the code."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd

from planner.study import store
from planner.study.closures import Closure


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
