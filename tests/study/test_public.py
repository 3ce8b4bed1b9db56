"""``planner run --public``: one page more, and none of an earlier run."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from planner.cli import app
from tests.study.town import Place, street_town


@pytest.mark.slow
def test_the_public_page_is_written_where_it_is_asked_for_and_goes_where_it_is_not(tmp_path, monkeypatch):
    monkeypatch.setenv("PLANNER_CACHE", str(tmp_path / "cache"))
    path = street_town(
        tmp_path / "town", stations=[Place("S", 100)], hosts=[Place("A", 500), Place("B", 1500)]
    )
    out = tmp_path / "out"
    for options, there in ((["--public"], True), ([], False)):
        done = CliRunner().invoke(app, ["run", str(path), "--out", str(out), *options])
        assert done.exit_code in (0, 3), done.output
        assert (out / "map.html").exists()
        assert (out / "map-public.html").exists() is there
