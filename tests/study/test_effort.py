"""How hard a study's searches look: one word for all of them."""

from __future__ import annotations

from pathlib import Path

import pytest

import planner
from planner.errors import SettingsError
from tests.study.town import Place, street_town

ROUNDS = {"quick": (25, 10, 4), "normal": (100, 40, 16), "thorough": (800, 320, 128)}


@pytest.fixture
def town(tmp_path: Path) -> planner.Study:
    path = street_town(
        tmp_path / "town", stations=[Place("s", 600, "08:00-20:00")], hosts=[Place("A", 1400), Place("B", 2600)],
        siting="p = 1\nwork_limit = 100\ntime_limit_s = 50",
        extra="[actions]\nbudget_yuan = 20000\nwork_limit = 40\n[union]\nwork_limit = 16\n",
    )  # fmt: skip
    return planner.open_study(path)


@pytest.mark.parametrize("effort", ROUNDS)
def test_every_search_looks_as_hard_as_the_study_says(town: planner.Study, effort: str) -> None:
    study = town.with_(study__effort=effort)
    look = study.stages.value("posing").look()
    verbs = study.stages.table["actions_solved"].takes["actions"].read(study.settings)
    union = study.settings.searching("union")
    assert (look.work_limit, verbs.work_limit, union.work_limit) == ROUNDS[effort]
    assert look.time_limit_s == (
        400 if effort == "thorough" else 50
    )  # the clock never cuts what is asked for
    assert study.settings.siting.work_limit == 100  # what the file says stays what it says


def test_a_small_town_has_the_same_plan_however_hard_one_looks(town: planner.Study) -> None:
    plans = [town.with_(study__effort=effort).site_stations() for effort in ROUNDS]
    assert {tuple(p.chosen["site_id"]) for p in plans} == {tuple(plans[0].chosen["site_id"])}
    assert all(p.solution.status == "optimal" for p in plans)


def test_another_word_is_refused_with_those_there_are(town: planner.Study) -> None:
    with pytest.raises(SettingsError, match="quick"):
        town.with_(study__effort="hard")
