"""Questions to a finished plan through the facade, on the toy town of the command's tests."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

import planner
from planner.errors import PlannerError
from planner.roads.reach import snap
from planner.study.gather import make_bundle
from planner.study.products import write_products, write_site_list
from planner.study.study import Study
from tests.street_referee import seconds_to_sites
from tests.study.test_command import toy_town
from tests.study.town import workers


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return planner.open_study(toy_town(tmp_path_factory.mktemp("town")))


def covered(study: Study, ids: list[str]) -> float:
    """Workers covered by the open stations and these candidates, counted point by point from travel times."""
    total = np.zeros(len(study.demand_points))
    rows = np.flatnonzero(study.candidates["site_id"].isin(ids))
    (old, old_open), (new, new_open) = (
        (r.access, r.open_share) for r in (study.stages.value("existing"), study.stages.value("new"))
    )
    for a, b in zip(old, new, strict=True):
        there = [
            (a.seconds.toarray(), a.seconds, old_open),
            (b.seconds[rows].toarray(), b.seconds[rows], new_open[rows]),
        ]
        for t, period in enumerate(study.settings.periods):
            reached = np.zeros(len(total), dtype=bool)
            for dense, stored, is_open in there:
                known = stored.copy()
                known.data = np.ones_like(known.data)
                on = is_open[:, t] >= 0.5
                reached |= ((dense <= 600) & (known.toarray() > 0))[on].any(axis=0)
            people = sum(workers(study, g, period.name) for g in a.groups)
            total += people * reached
    return float(total.sum())


def test_each_other_plan_covers_what_it_says_and_shares_what_it_says(study: Study) -> None:
    table, plan = study.alternatives(k=2), study.site_stations()
    own = list(plan.chosen["site_id"])
    assert covered(study, own) == pytest.approx(plan.after.covered)
    assert len(table) == 2
    for n, row in enumerate(table.itertuples()):
        ids = row.sites.split(";")
        assert row.covered == pytest.approx(covered(study, ids))
        assert row.lost == pytest.approx(plan.after.covered - row.covered, abs=1e-6)
        assert row.same == len(set(ids) & set(own))
        assert not set(ids) & set(own[n::2])
        assert row.near >= row.same
        assert row.share == pytest.approx(row.covered / plan.after.workers)


def test_replacements_lose_what_putting_them_in_loses(study: Study) -> None:
    plan = study.site_stations()
    own = list(plan.chosen["site_id"])
    table = study.replacements(k=2)
    assert table.groupby("site_id").size().eq(2).all()
    assert set(table["site_id"]) == set(own)
    for row in table.itertuples():
        swapped = [row.replacement_id if s == row.site_id else s for s in own]
        assert row.loss == pytest.approx(max(0.0, plan.after.covered - covered(study, swapped)), abs=1e-6)
        assert own[row.rank - 1] == row.site_id
    for site in plan.chosen.itertuples():  # what nothing else covers
        without = covered(study, [s for s in own if s != site.site_id])
        assert site.workers_alone == pytest.approx(plan.after.covered - without, abs=1e-6)


@pytest.mark.parametrize("max_m", [None, 450.0, 1000.0])
def test_every_candidate_in_reach_by_networkx_is_a_replacement_at_its_distance(
    study: Study, max_m: float | None
) -> None:
    network, sites, candidates = study.network("walk"), study.site_stations().chosen, study.candidates
    here, there = snap(network, sites.geometry), snap(network, candidates.geometry)
    reach = max_m or 4000 / 6
    metres = seconds_to_sites(network, here, there, cutoff_s=reach / (4 / 3.6)) * 4 / 3.6
    table = study.replacements(k=len(candidates), max_m=max_m)
    want = {
        (site, other): metres[i, j]
        for i, site in enumerate(sites["site_id"])
        for j, other in enumerate(candidates["site_id"])
        if np.isfinite(metres[i, j]) and other not in set(sites["site_id"])
    }
    got = table.set_index(["site_id", "replacement_id"])["distance_m"].to_dict()
    assert got.keys() == want.keys()
    assert len(got) >= 12
    assert got == pytest.approx(want, abs=0.05)


def test_the_price_of_a_wish(study: Study) -> None:
    plan = study.site_stations()
    own = list(plan.chosen["site_id"])
    assert study.price_of(own[0]).chosen
    assert "in the plan" in study.price_of(own[0]).describe()
    for wished in [v for v in study.candidates["site_id"] if v not in own][::40]:
        price = study.price_of(wished)
        assert price.gain == pytest.approx(covered(study, [*own, wished]) - plan.after.covered, abs=1e-6)
        forced = [covered(study, [*(s for s in own if s != out), wished]) for out in own]
        assert price.loss == pytest.approx(plan.after.covered - max(forced), abs=1e-6)
        assert price.instead_of in own
    with pytest.raises(PlannerError, match=r"no candidate.*nearest ids: h"):
        study.price_of("h020")


def test_the_plan_under_other_assumptions_is_what_the_coverage_reads(study: Study) -> None:
    study.sensitivity(change=0.5)  # another question first: each keeps its own answer
    plan, found = study.site_stations(), study.sensitivity()
    table = found.table.set_index("case")
    assert list(table.index[:4]) == ["base", "radius:500", "radius:833", "hours:any"]
    assert table.index[-1] == "streets:20"
    assert len(table) == 5 + 2 * len(study.settings.headline_groups)
    for key, after, before in (
        ("base", plan.after.share, plan.before.share),
        ("radius:500", plan.after.by_radius_m["500"], plan.before.by_radius_m["500"]),
        ("radius:833", plan.after.by_radius_m["833"], plan.before.by_radius_m["833"]),
        ("hours:any", plan.after.readings["any_hour"], plan.before.readings["any_hour"]),
    ):
        assert table.loc[key, "share_plan"] == pytest.approx(after)
        assert table.loc[key, "share_before"] == pytest.approx(before)
    groups = plan.after.by_group.set_index("group")
    for group, sign in itertools.product(groups.index, (1, -1)):
        row = table.loc[f"group:{group}:{30 * sign:+d}"]
        more = 0.3 * sign * groups.loc[group]
        assert row["workers"] == pytest.approx(plan.after.workers + more["workers"])
        expected = (plan.after.covered + more["covered"]) / (plan.after.workers + more["workers"])
        assert row["share_plan"] == pytest.approx(expected)
    assert (table["share_best"] >= table["share_plan"]).all()
    assert (table["lost_most"] >= table["lost"]).all()
    assert found.kept.shape == (len(plan.chosen), len(table))


def test_another_cell_size_is_a_row_of_its_own(study: Study) -> None:
    table = study.sensitivity(cell_m=(400,)).table.set_index("case")
    assert table.index[-1] == "cell:400"
    assert "cell:400" not in set(study.sensitivity().table["case"])
    assert table.loc["cell:400", "workers"] == pytest.approx(table.loc["base", "workers"], rel=1e-6)
    assert 0 < table.loc["cell:400", "share_plan"] <= table.loc["cell:400", "share_best"] <= 1


def test_a_required_site_has_its_price(tmp_path: Path) -> None:
    path = toy_town(tmp_path)
    text = path.read_text("utf-8").replace("p = 4\n", 'p = 4\nrequired = ["h0000"]\n')
    path.write_text(text, "utf-8")
    study = planner.open_study(path)
    table = study.rule_prices().set_index("rule")
    assert list(table.index) == ["plan", "quotas", "required"]
    assert table.loc["quotas", "price"] == 0  # one district: its quota costs nothing
    own = covered(study, list(study.site_stations().chosen["site_id"]))
    assert table.loc["plan", "covered"] == pytest.approx(own)
    assert table.loc["required", "price"] == pytest.approx(table.loc["required", "covered"] - own, abs=1e-6)
    assert 0 < table.loc["required", "price"] <= table.loc["required", "price_most"]
    reason = study.site_stations().chosen.set_index("site_id").loc["h0000"]
    assert reason["reason_zh"].startswith("指定站点；")
    assert reason["reason_en"].startswith("Required; ")


def test_our_own_list_read_back_covers_what_the_proposal_covers(study: Study, tmp_path: Path) -> None:
    write_site_list(study.stages, tmp_path)
    for datum in ("wgs84", "gcj02", "bd09"):
        result = study.evaluate(tmp_path / "recommendations.csv", datum=datum)
        assert result.sites == len(study.site_stations().chosen)
        for key in ("district", "group", "period"):
            table = result.by(key)
            assert table["difference"].abs().max() < 1e-6
            np.testing.assert_allclose(table["these"], table["proposed"])
        assert "Newtown" in result.describe()
        assert "couriers" in result.describe()


def test_the_bundle_and_run_json_hold_the_answers_and_a_study_can_switch_them_off(
    study: Study, tmp_path: Path
) -> None:
    bundle = make_bundle(study.stages)
    always = int(study.sensitivity().kept.to_numpy().all(axis=1).sum())
    assert bundle.run["sensitivity"]["steady"] == bundle.facts.shown("sites_always") == always
    assert [c["case"] for c in bundle.run["sensitivity"]["cases"]] == list(bundle.sensitivity["case"])
    assert len(bundle.run["alternatives"]) == len(bundle.alternatives)
    assert bundle.run["rule_prices"][0]["rule"] == "plan"
    path = toy_town(tmp_path)
    off = "p = 4\nalternatives = 0\nreplacements = 0\nsensitivity = false\n"
    path.write_text(path.read_text("utf-8").replace("p = 4\n", off), "utf-8")
    plain = make_bundle(planner.open_study(path).stages)
    assert plain.alternatives is plain.replacements is plain.sensitivity is plain.rule_prices is None
    assert plain.run["sensitivity"] is plain.run["alternatives"] is plain.run["rule_prices"] is None
    assert plain.facts.find("sites_always") is None


def test_a_run_that_was_interrupted_while_writing_leaves_the_earlier_set_as_it_was(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from planner.publish.page import write as page

    (tmp_path / "run.json").write_text("{}")
    (tmp_path / "recommendations.csv").write_text("earlier")
    begun = []

    def stopped(*_: object) -> None:
        begun.extend(sorted(p.name for p in tmp_path.rglob("recommendations.csv")))
        raise KeyboardInterrupt

    monkeypatch.setattr(page, "write_page", stopped)
    with pytest.raises(KeyboardInterrupt):
        write_products(study.stages, tmp_path)
    assert len(begun) == 2, "the new table was written before the page failed"
    assert {p.name: p.read_text() for p in tmp_path.iterdir() if p.is_file()} == {
        "recommendations.csv": "earlier",
        "run.json": "{}",
    }
    assert not [p for p in tmp_path.iterdir() if p.is_dir()]


def test_closing_streets_loses_what_computing_everything_anew_loses(study: Study) -> None:
    import shapely

    from planner.roads.change import streets_in, without_streets
    from planner.roads.reach import snap, travel_times

    plan, walk = study.site_stations(), study.network("walk")
    at = plan.chosen.geometry.iloc[0]
    area = shapely.box(at.x - 250, at.y - 250, at.x + 250, at.y + 250)
    found = study.close_streets(area)
    assert found.lost > 0
    assert 0 < found.searched < found.sites
    assert found.lost == pytest.approx(found.table["lost"].sum())
    shut = without_streets(walk, streets_in(walk, area))
    sites = [*study.open_stations.geometry, *plan.chosen.geometry]
    reached = travel_times(
        shut,
        snap(shut, np.array([[p.x, p.y] for p in sites])),
        snap(shut, study.demand_points.geometry),
        cutoff_s=600,
    ).seconds.tocsr()
    need, total = study.settings.circle.open_share, 0.0
    is_open = (
        np.vstack(
            [
                study.stages.value("existing").open_share,
                study.stages.value("new").open_share[plan.solution.chosen],
            ]
        )
        >= need
    )
    for t, period in enumerate(study.settings.periods):
        people = sum(workers(study, g.name, period.name) for g in study.settings.headline_groups)
        hit = np.zeros(len(study.demand_points), bool)
        hit[reached[np.flatnonzero(is_open[:, t])].tocoo().coords[1]] = True
        total += people[hit].sum()
    assert plan.after.covered - found.lost == pytest.approx(total)
    assert "人" in found.describe("zh")
    with pytest.raises(PlannerError, match="no street"):
        study.close_streets(shapely.Point(0, 0))
