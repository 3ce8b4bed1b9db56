"""What to find out first and where to pilot, asked through a study: figures, words in both languages, refusals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from planner.errors import AbsentError, PlannerError
from planner.study.study import Study, open_study
from tests.study.town import Place, street_town


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """A street of 8 km in two districts, three sites to build of ten, 24 draws."""
    folder = tmp_path_factory.mktemp("learn")
    hosts = [Place(f"<b>{x}</b>", x) for x in range(300, 8000, 800)]
    path = street_town(
        folder, stations=[Place("s", 100)], hosts=hosts, siting="p = 3",
        districts={"west": (0, 4000, 9000), "east": (4000, 8000, 11000)},
    )  # fmt: skip
    text = path.read_text("utf-8")
    path.write_text(
        text.replace("[demand]", "[demand]\nensemble = 24") if "[demand]" in text else text + "\n[demand]\nensemble = 24\n",
        "utf-8",
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLANNER_CACHE", str(tmp_path_factory.mktemp("cache")))
        return open_study(path)


def test_the_unknowns_are_districts_and_the_plans_first_sites_and_sum_to_no_more_than_the_ceiling(
    study: Study,
) -> None:
    found = study.value_of_information()
    table, know = found.table, found.knowledge
    plan = study.site_stations().chosen
    draws = study.stages.value("demand").surfaces
    east = draws[:, (study.demand["district"] == "east").to_numpy()].sum(axis=1)
    share = east / draws.sum(
        axis=1
    )  # where the draws know the total alone, no district can be found out by itself
    alone = {""} if np.ptp(share) < 1e-3 * share.mean() else {"west", "east"}
    assert set(table.loc[table["kind"] == "district", "district"]) == alone
    sites = table[table["kind"] == "site"].sort_values("rank")
    assert sites["site_id"].tolist() == plan["site_id"].tolist()
    assert know.draws == len(study.stages.value("demand").surfaces) == 24
    assert know.solves <= 150
    assert (table["removes"] >= 0).all()
    assert table["part"].sum() <= know.regret + 1e-9
    assert know.regret <= know.ceiling + 1e-9


def test_the_regret_is_that_of_the_plans_for_each_draw(study: Study) -> None:
    """Every three of the candidates that may be chosen, under every draw: the mean of the best less the best of the mean."""
    from itertools import combinations

    problem = study.problem()
    demand, of = study.stages.value("demand"), study.stages.value("posing").merged.of
    points, ensemble, blocks = demand.points, demand.ensemble, []
    for period in study.settings.periods:
        workers = sum(
            points.table[g].to_numpy() * points.profiles[g].get(period.name, 0.0)
            * ensemble.factors[:, k].astype(float)[:, points.cell]
            for k, g in enumerate(ensemble.groups)
        )  # fmt: skip
        blocks.append(np.stack([np.bincount(of, w) for w in workers]))
    drawn = np.hstack(blocks)
    reach = problem.covers.toarray() > 0
    sets = combinations(range(len(reach)), 3)
    worth = np.array([drawn @ (problem.covered | reach[list(s)].any(axis=0)) for s in sets])
    expected = worth.max(axis=0).mean() - worth.mean(axis=1).max()
    assert study.value_of_information().knowledge.regret == pytest.approx(expected, rel=1e-4, abs=0.02)


def test_both_languages_tell_it_and_names_from_files_are_escaped(study: Study) -> None:
    found, pilots = study.value_of_information(), study.pilots(2)
    english, chinese = found.to_html("en", rows=50), found.to_html("zh", rows=50)
    assert "Workers in " in english
    for share in (0.9, 1.0):  # of what each removes alone; all of it where no two overlap
        table = found.table.assign(part=found.table["removes"] * share)
        told = replace(found, knowledge=replace(found.knowledge, table=table)).lines("en")
        assert found.table["removes"].sum() > 0
        assert ("sum to no more" in " ".join(told)) == (share < 1)
    assert "不确定性" in chinese
    assert found._repr_html_() == found.to_html(study.settings.study.language)
    for html in (english, chinese, pilots.to_html("en"), pilots.to_html("zh")):
        assert "<b>" not in html
        assert "&lt;b&gt;" in html
    assert "2 pilots" in pilots.to_html("en")
    assert "试点" in pilots.to_html("zh")


def test_pilots_are_sites_of_the_plan_with_their_simulated_regret(study: Study) -> None:
    found = study.pilots(2, noise=0.1)
    plan = study.site_stations().chosen
    assert found.table["place"].tolist() == [1, 2]
    assert found.table["site_id"].tolist() == [plan["site_id"].iloc[r - 1] for r in found.table["rank"]]
    assert found.table["explained"].is_monotonic_increasing
    assert (found.table["workers_low"] <= found.table["workers_high"]).all()
    assert list(found.simulated) == ["plan", "taught", "rank", "random"]
    assert (found.simulated.to_numpy() >= 0).all()
    assert found.pilots.noise == 0.1
    everything = study.pilots(99).table
    assert sorted(everything["rank"]) == [1, 2, 3]


def test_it_is_kept_and_found_again(study: Study) -> None:
    again = Study(study.settings, cache=study.stages.store.folder.parent)
    first, second = study.value_of_information(), again.value_of_information()
    pd.testing.assert_frame_equal(first.table, second.table)
    assert repr(first) == repr(second)
    pd.testing.assert_frame_equal(study.pilots(2).simulated, again.pilots(2).simulated)


def test_two_draws_are_enough_to_ask_though_not_to_learn(study: Study) -> None:
    few = study.with_(demand__ensemble=2)
    assert few.value_of_information().knowledge.draws == 2
    assert len(few.pilots(1).simulated) == 2


def test_it_is_computed_only_where_asked_for(study: Study) -> None:
    from planner.study.table.whole import asked

    assert not {"knowledge", "pilots"} & set(asked(study.settings))


def test_what_cannot_be_asked_is_refused_in_words(study: Study) -> None:
    with pytest.raises(PlannerError, match="at least 1"):
        study.pilots(0)
    with pytest.raises(PlannerError, match="at least 0"):
        study.pilots(1, noise=-0.1)
    with pytest.raises(AbsentError) as told:
        study.with_(siting__scenarios=2, siting__goal__aim="mean").value_of_information()
    assert told.value.findings[0].code == "GOAL-010"
