"""Networks of a town on one street, counted with a pencil: plans, circles, double service, reviews, refusals."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import planner
from planner.errors import InputError, PlannerError
from planner.settings.networks import ready_networks
from tests.study.town import PERIODS, Place, at, reach, standing, street_town, workers, write_table

KINDS = ("bank", "mall", "office", "fast_food", "charging", "toilet", "community", "parcel_depot")
HOSTS = [Place(f"h{i}", 130.0 + 190 * i, kind=KINDS[i % len(KINDS)]) for i in range(20)]
RIDERS = "[networks.people]\ngroups = { rider = 1 }\n"


def places(folder: Path, name: str, *rows: Place) -> str:
    """A list of places beside the study, and the line that names it."""
    write_table(
        folder / f"{name}.csv", ["编号", "站点名称", "经度", "纬度", "开放时间", "状态"],
        [(p.name, p.name, *at(p.x_m), p.hours, "正常") for p in rows],
    )  # fmt: skip
    return f'lists = [{{ path = "{name}.csv", datum = "wgs84" }}]\n'


def town(
    folder: Path, networks: str, *, stations: Sequence[Place] = (Place("s", 1000.0),), hosts: Sequence[Place] = HOSTS,
    more: str = "",
) -> Any:  # fmt: skip
    return planner.open_study(street_town(folder, stations=stations, hosts=hosts, extra=networks + more))


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANNER_CACHE", str(tmp_path / "cache"))


def own(name: str, keys: str, people: str = RIDERS) -> str:
    return f'[[networks]]\nname = "{name}"\ntitle_zh = "{name}号"\n{keys}{people}'


def riders(study: Any, sites: Sequence[Place], least: int = 1) -> float:
    """Riders with so many of the sites in reach; the sites are open all day."""
    hit = reach(study, sites) >= least
    return float(sum(workers(study, "rider", t)[hit].sum() for t in PERIODS))


# -- plans ------------------------------------------------------------------------------------------------


def test_a_plan_is_the_best_of_all_plans_under_its_rules(tmp_path: Path) -> None:
    old = Place("o", 2000.0)
    keys = 'host_kinds = ["bank", "mall", "office"]\nwanted = 2\napart_m = 700\n'
    study = town(tmp_path, own("posts", keys + places(tmp_path, "posts", old)))
    found = study.plan_networks().plans["posts"]
    fit = [h for h in HOSTS if h.kind in ("bank", "mall", "office") and abs(h.x_m - old.x_m) >= 700]
    pairs = [c for c in itertools.combinations(fit, 2) if abs(c[0].x_m - c[1].x_m) >= 700]
    best = max(riders(study, [old, *c]) for c in pairs)
    assert found.after == pytest.approx(best, rel=1e-6)
    assert found.before == pytest.approx(riders(study, [old]), rel=1e-6)
    assert found.solution.bound >= found.after - 1e-6
    chosen = [next(h for h in HOSTS if h.name == n) for n in found.chosen["name"]]
    assert riders(study, [old, *chosen]) == pytest.approx(found.after, rel=1e-6)
    assert found.chosen["people_gained"].sum() == pytest.approx(found.after - found.before)
    assert all(abs(c.x_m - old.x_m) >= 700 for c in chosen)
    for zh, en in zip(found.chosen["reason_zh"], found.chosen["reason_en"], strict=True):
        assert "新增服务" in zh
        assert "people" in en


def test_a_budget_limits_the_plan_and_wanted_is_then_the_most(tmp_path: Path) -> None:
    keys = 'host_kinds = ["bank", "mall"]\nwanted = 4\nbudget_yuan = 20000\ncost_yuan = 9000\nkind_cost_yuan = { mall = 2000 }\n'
    study = town(tmp_path, own("posts", keys))
    found = study.plan_networks().plans["posts"]
    fit = [h for h in HOSTS if h.kind in ("bank", "mall")]
    price = {"bank": 9000, "mall": 2000}
    plans = [
        c for k in range(5) for c in itertools.combinations(fit, k) if sum(price[h.kind] for h in c) <= 20000
    ]
    assert found.after == pytest.approx(max(riders(study, c) for c in plans), rel=1e-6)
    assert found.chosen["cost_yuan"].sum() <= 20000
    assert len(found.chosen) <= 4


def test_a_place_of_the_night_is_open_at_night_and_counts_only_the_night(tmp_path: Path) -> None:
    hosts = [
        Place("day", 2000.0, "08:00-20:00", "fast_food"),
        Place("night", 500.0, "00:00-24:00", "fast_food"),
    ]
    people = '[networks.people]\ngroups = { rider = 1 }\nperiods = ["22_06"]\n'
    study = town(tmp_path, '[[networks]]\nuse = "night_stops"\nwanted = 1\n' + people, hosts=hosts)
    found = study.plan_networks().plans["night_stops"]
    assert list(found.chosen["name"]) == ["night"]
    hit = reach(study, [hosts[1]]) >= 1
    assert found.after == pytest.approx(float(workers(study, "rider", "22_06")[hit].sum()))
    assert found.people == pytest.approx(float(workers(study, "rider", "22_06").sum()))


def test_a_venue_must_be_near_where_the_network_asks_for_it(tmp_path: Path) -> None:
    hosts = [
        Place("far", 2000.0, kind="charging"),
        Place("near", 500.0, kind="charging"),
        Place("t", 650.0, kind="toilet"),
    ]
    keys = 'host_kinds = ["charging"]\nnear_m = { toilet = 200 }\nwanted = 1\n'
    study = town(tmp_path, own("stops", keys), hosts=hosts)
    assert list(study.plan_networks().plans["stops"].chosen["name"]) == ["near"]


def test_a_network_stands_only_on_places_of_another_there_or_planned_and_not_twice(tmp_path: Path) -> None:
    first = own(
        "base",
        'host_kinds = ["mall"]\nwanted = 1\n'
        + places(tmp_path, "base", Place("b1", 300.0), Place("b2", 1500.0)),
    )
    second = own("on", 'only_on = "base号"\nwanted = 2\n' + places(tmp_path, "on", Place("o1", 310.0)))
    study = town(tmp_path, second + first)
    plan = study.plan_networks()
    new = plan.plans["base"].chosen["name"].tolist()
    stands = {"b2", *new}  # b1 has one
    assert set(plan.plans["on"].chosen["name"]) == stands
    assert list(plan.plans) == ["on", "base"]  # in the study's order
    assert "设在base号" in plan.plans["on"].chosen["reason_zh"].iloc[0]


def test_a_network_may_stand_on_the_stations_that_siting_plans(tmp_path: Path) -> None:
    networks = '[[networks]]\nuse = "stations"\n' + own("law", 'only_on = "stations"\nwanted = 2\n')
    study = town(tmp_path, networks)
    plan = study.plan_networks()
    built = study.site_stations().chosen["site_id"].tolist()
    assert set(plan.plans["law"].chosen["place_id"]) == {"s", *built}


@pytest.mark.parametrize("name", ready_networks())
def test_every_ready_entry_plans_and_shows(tmp_path: Path, name: str) -> None:
    """On a street with all its hosts; directories and lists to review are counted, the others get a place."""
    entry = ready_networks()[name]
    text = f'[[networks]]\nuse = "{name}"\n'
    if entry.get("planned_by", "here") == "here":
        text += places(tmp_path, name, Place("old", 100.0))
    if entry.get("host_kinds") or entry.get("only_on"):
        text += "wanted = 1\n" + ("minutes = 2\n" if entry.get("mode") == "car" else "")
    if entry.get("only_on"):
        text += f'[[networks]]\nuse = "{entry["only_on"]}"\nwanted = 1\n'
        text += places(tmp_path, "base", Place("old", 100.0), Place("other", 3000.0))
    path = street_town(tmp_path, stations=[Place("s", 1000.0)], hosts=HOSTS, extra=text)
    known = path.read_text("utf-8")
    for group in ("courier", "ride_hail"):
        known = known.replace(
            f'name = "{group}"\nenabled = false\n', f'name = "{group}"\nrate_per_1000 = 1.0\n'
        )
    path.write_text(known, "utf-8")
    study = planner.open_study(path)
    plan, circle = study.plan_networks(), study.circle(name, planned=True)
    row = circle.table.iloc[0]
    assert row["network"] == name
    assert 0 < circle.covered <= circle.workers or entry.get("planned_by") == "freight"
    if entry.get("host_kinds") or entry.get("only_on"):
        found = plan.plans[name]
        assert len(found.chosen) == 1
        assert found.before < found.after <= found.people + 1e-6
        assert found.solution.gap <= 1e-9
        assert row["places"] == 2
        assert row["served"] == pytest.approx(found.after, rel=1e-6)
    else:
        assert name not in plan.plans
    assert (name in plan.reviews) == bool(entry.get("review"))


# -- the circle -------------------------------------------------------------------------------------------


def test_the_circle_of_one_of_several_and_of_all_and_who_is_served_twice(tmp_path: Path) -> None:
    a, b, c = (
        [Place("a1", 700.0), Place("a2", 2500.0)],
        [Place("b1", 750.0), Place("b2", 3300.0)],
        [Place("c1", 1600.0)],
    )
    networks = (
        '[[networks]]\nuse = "stations"\n' + own("a", "directory = true\n" + places(tmp_path, "a", *a))
        + own("b", "directory = true\n" + places(tmp_path, "b", *b))
        + own("c", "directory = true\npartner = true\n" + places(tmp_path, "c", *c))
    )  # fmt: skip
    study = town(tmp_path, networks)
    s = [Place("s", 1000.0)]
    everyone = {p: workers(study, "rider", p) + workers(study, "sweeper", p) for p in PERIODS}

    def counted(*lists: list[Place], least: int = 1) -> float:
        times = np.sum([reach(study, own_) >= 1 for own_ in lists], axis=0)
        return float(sum(w[times >= least].sum() for w in everyone.values()))

    assert study.circle("a").covered == pytest.approx(counted(a))
    assert study.circle("stations").covered == pytest.approx(study.coverage().covered)
    both = study.circle(["a", "b号"])
    assert both.covered == pytest.approx(counted(a, b))
    assert both.twice == pytest.approx(counted(a, b, least=2))
    assert both.table["only"].sum() == pytest.approx(both.covered - both.twice)
    all_ = study.circle()
    assert all_.networks == ("stations", "a", "b")
    assert all_.covered == pytest.approx(counted(s, a, b))
    with_partners = study.with_(union__count_partners=True).circle()
    assert with_partners.covered == pytest.approx(counted(s, a, b, c))
    assert with_partners.twice == pytest.approx(counted(s, a, b, c, least=2))
    assert with_partners.by_district["covered"].sum() == pytest.approx(with_partners.covered)
    assert [(r.place_id, r.other_id, round(r.metres)) for r in all_.doubles.itertuples()] == [
        ("a1", "b1", 50)
    ]
    assert "3 networks" in repr(all_)
    riders_ = all_.table.set_index("network").loc["a"]
    assert riders_["served"] == pytest.approx(riders(study, a))


def test_opening_hours_count_in_the_circle(tmp_path: Path) -> None:
    open_late = Place("n", 2000.0, "22:00-06:00")
    study = town(tmp_path, own("a", "directory = true\n" + places(tmp_path, "a", open_late)))
    hit = reach(study, [open_late]) >= 1
    night = sum(workers(study, g, "22_06")[hit].sum() for g in ("rider", "sweeper"))
    assert study.circle("a").covered == pytest.approx(float(night))


def test_the_circle_with_the_plan_holds_every_new_place(tmp_path: Path) -> None:
    networks = '[[networks]]\nuse = "stations"\n' + own("posts", 'host_kinds = ["mall"]\nwanted = 1\n')
    study = town(tmp_path, networks)
    after = study.circle(planned=True).table.set_index("network")
    assert after.loc["stations", "covered"] == pytest.approx(study.site_stations().after.covered)
    assert after.loc["posts", "served"] == pytest.approx(study.plan_networks().plans["posts"].after)


# -- reviews ----------------------------------------------------------------------------------------------


def test_a_review_says_which_are_redundant_alone_and_could_close_together(tmp_path: Path) -> None:
    rows = [
        Place("w", 600.0),
        Place("w2", 600.0),
        Place("mid", 900.0),
        Place("e", 3200.0),
        Place("out", 2000.0, "03:00-03:30"),
    ]
    study = town(tmp_path, own("rooms", "review = true\n" + places(tmp_path, "rooms", *rows)))
    found = study.plan_networks().reviews["rooms"].set_index("place_id")
    assert found["verdict"].to_dict() == {
        "w": "redundant", "w2": "redundant", "mid": "shared", "e": "alone", "out": "nobody",
    }  # fmt: skip
    assert found["may_close"].sum() == 1  # the two are redundant because of each other
    kept = [r for r in rows if not found.loc[r.name, "may_close"]]
    rows.pop()  # never open long enough
    kept.pop()
    assert riders(study, kept) == pytest.approx(riders(study, rows))
    assert found.loc["e", "people_alone"] == pytest.approx(riders(study, [rows[3]]))
    assert found.loc["mid", "people_alone"] == pytest.approx(
        riders(study, rows) - riders(study, [r for r in rows if r.name != "mid"])
    )


# -- people -----------------------------------------------------------------------------------------------


def test_people_of_an_own_mix_keep_their_number_at_homes_and_at_hosts(tmp_path: Path) -> None:
    people = "[networks.people]\nper_1000_residents = 50\nat_hosts = { mall = 0.25, port = 0.5 }\n"
    hosts = [Place("m", 3900.0, kind="mall"), Place("b", 100.0)]
    study = town(tmp_path, own("a", 'host_kinds = ["mall"]\nwanted = 1\n', people), hosts=hosts)
    found = study.plan_networks().plans["a"]
    assert found.people == pytest.approx(500.0)  # 10,000 residents; no port: that share stays at home
    x = standing(study)
    length = study.demand_points["length_m"].to_numpy()
    homes = 375.0 * length / length.sum()
    assert found.after == pytest.approx(125.0 + homes[np.abs(x - 3900.0) <= 4000 / 6].sum(), rel=1e-6)


# -- refusals ---------------------------------------------------------------------------------------------


def codes(study: Any) -> dict[str, Any]:
    with pytest.raises(InputError) as caught:
        study.plan_networks()
    return {f.code: f for f in caught.value.findings if f.severity == "E"}


def test_a_place_without_the_one_it_must_stand_on_is_refused_with_row_value_and_remedy(
    tmp_path: Path,
) -> None:
    base = '[[networks]]\nuse = "mothers"\nwanted = 1\n' + places(tmp_path, "m", Place("m1", 1000.0))
    on = '[[networks]]\nuse = "carnation"\nwanted = 0\n' + places(
        tmp_path, "c", Place("c1", 1020.0), Place("c2", 1500.0)
    )
    found = codes(town(tmp_path, base + on))["UNI-014"]
    assert (found.source, found.row, found.value) == ("c.csv", 3, "c2")
    assert "500 m away" in found.message_en
    assert "妈妈驿站" in found.message_zh


def test_more_places_than_candidates_are_refused_before_anything_is_searched(tmp_path: Path) -> None:
    study = town(tmp_path, own("posts", 'host_kinds = ["mall"]\nwanted = 50\n'))
    found = codes(study)["UNI-015"]
    assert found.field == "networks.posts.wanted"
    assert "but only 3 may be chosen" in found.message_en  # h1, h9, h17
    assert any(f.code == "UNI-015" for f in study.judge())


def test_a_list_that_is_not_there_is_refused(tmp_path: Path) -> None:
    text = own("a", 'directory = true\nlists = [{ path = "none.csv", datum = "wgs84" }]\n')
    assert any(f.source == "none.csv" for f in codes(town(tmp_path, text)).values())


def test_as_many_as_can_stand_apart_are_planned_and_told(tmp_path: Path) -> None:
    study = town(tmp_path, own("posts", 'host_kinds = ["mall"]\nwanted = 3\napart_m = 3000\n'))
    plan = study.plan_networks()
    assert len(plan.plans["posts"].chosen) == 2  # at 320, 1,840 and 3,360 m: the outer two
    assert [f.code for f in plan.findings] == ["UNI-021"]


def test_a_name_that_is_no_network_and_a_study_without_any_are_refused(tmp_path: Path) -> None:
    study = town(tmp_path / "a", '[[networks]]\nuse = "stations"\n')
    with pytest.raises(PlannerError, match="did you mean stations"):
        study.circle("station")
    with pytest.raises(PlannerError, match="names no networks"):
        town(tmp_path / "b", "").plan_networks()


def test_a_run_makes_nothing_of_networks_unless_it_is_asked_to(tmp_path: Path) -> None:
    study = town(tmp_path, own("posts", 'host_kinds = ["mall"]\nwanted = 1\n'))
    made = study.dry_run()
    assert set(made[made["stage"].str.startswith("union:")]["state"]) == {"not asked"}


def test_where_everybody_is_served_nothing_is_planned_and_that_is_told(tmp_path: Path) -> None:
    rows = [Place(f"o{x}", float(x)) for x in range(100, 4000, 600)]
    keys = 'host_kinds = ["mall"]\nwanted = 1\n' + places(tmp_path, "posts", *rows)
    plan = town(tmp_path, own("posts", keys)).plan_networks()
    assert plan.plans["posts"].chosen.empty
    assert [f.code for f in plan.findings] == ["UNI-022"]
    assert plan.plans["posts"].solution.gap == 0
