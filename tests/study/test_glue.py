"""What the facade passes from stage to stage, on a town where every figure can be worked out with a pencil.

One street of 4 km, 20 cells of 200 m along it, 10,000 residents evenly: 80 riders and 20 sweepers, 4 and 1 a cell.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

import planner
from planner.study.gather import make_bundle
from planner.study.study import Study
from planner.telling.contents.coverage import period_rows
from tests.study.town import (
    PERIODS,
    PROFILES,
    RATES,
    TEN_MINUTES_M,
    X0,
    Place,
    covered,
    group_table,
    reach,
    site_list,
    standing,
    street_town,
)

DAY = ("06_10", "10_14", "14_17", "17_22")
TWO = {"west": (0.0, 2000.0, 30_000.0), "east": (2000.0, 4000.0, 10_000.0)}


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own, kept over all studies that a test opens."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("PLANNER_CACHE", str(folder))
    return folder


def always(*places: Place):
    return lambda period: places


# -- workers ----------------------------------------------------------------------------------------------


def test_workers_are_rates_times_residents_times_profiles(tmp_path: Path, cache: Path) -> None:
    study = planner.open_study(street_town(tmp_path, hosts=[Place("A", 500)], districts=TWO))
    assert len(study.demand) == 20
    for district, people in (("west", 30), ("east", 10)):
        here = study.demand[study.demand["district"] == district]
        for group, rate in RATES.items():
            for period, share in PROFILES[group].items():
                assert here[f"{group}__{period}"].sum() == pytest.approx(people * rate * share)
        assert here["workers"].to_numpy() == pytest.approx(people)  # 10 cells, 10 workers per 1,000
    x = np.sort(standing(study))
    assert x == pytest.approx(np.arange(50, 4000, 100), abs=0.01)  # two pieces of street a cell


def test_a_new_rate_changes_the_demand_though_the_cache_is_warm(tmp_path: Path, cache: Path) -> None:
    path = street_town(tmp_path, hosts=[Place("A", 500)])
    first = planner.open_study(path).demand
    assert first["workers"].sum() == pytest.approx(100)
    path.write_text(path.read_text("utf-8").replace("rate_per_1000 = 8.0", "rate_per_1000 = 18.0"), "utf-8")
    second = planner.open_study(path).demand
    assert second["workers"].sum() == pytest.approx(200)
    assert second[[c for c in second if c.startswith("rider__")]].to_numpy().sum() == pytest.approx(180)


def test_another_profile_changes_the_demand_though_the_cache_is_warm(tmp_path: Path, cache: Path) -> None:
    path = street_town(tmp_path, hosts=[Place("A", 500)])
    assert planner.open_study(path).demand["rider__06_10"].sum() == pytest.approx(8)
    turned = dict(zip(PROFILES["rider"], (0.3, 0.1, 0.2, 0.1, 0.3), strict=True))
    street_town(tmp_path, hosts=[Place("A", 500)], profiles={**PROFILES, "rider": turned})
    assert planner.open_study(path).demand["rider__06_10"].sum() == pytest.approx(24)


# -- coverage: hours, periods, districts --------------------------------------------------------------------


def test_coverage_is_what_the_pencil_says(tmp_path: Path, cache: Path) -> None:
    """One station always open, one in the day, one at night; districts and groups told apart."""
    a, b, c = Place("a", 300), Place("b", 700, "08:00-20:00"), Place("c", 3300, "22:00-06:00")
    study = planner.open_study(
        street_town(tmp_path, stations=[a, b, c], hosts=[Place("A", 500)], districts=TWO)
    )
    found = study.coverage()

    def open_in(period: str) -> Sequence[Place]:
        # 08–20 is open half of 06–10 and 60 % of 17–22
        return [a, c] if period == "22_06" else [a, b]

    assert found.workers == pytest.approx(400)
    assert found.covered == pytest.approx(covered(study, open_in))
    assert found.share == pytest.approx(found.covered / 400)
    assert found.share_backup == pytest.approx(covered(study, open_in, least=2) / 400)
    for radius in (500, 667, 833):
        expected = covered(study, open_in, within_m=radius) / 400
        assert found.by_radius_m[str(radius)] == pytest.approx(expected)
    assert found.readings["any_hour"] == pytest.approx(covered(study, always(a, b, c)) / 400)
    night = covered(study, open_in, periods=["22_06"]) / (0.1 * 320 + 0.3 * 80)
    assert found.readings["night"] == pytest.approx(night)
    for row in found.by_district.itertuples():
        assert row.covered == pytest.approx(covered(study, open_in, district=row.district))
    for row in found.by_group.itertuples():
        assert row.covered == pytest.approx(covered(study, open_in, groups=[row.group]))
    for row in found.by_period.itertuples():
        assert row.covered == pytest.approx(covered(study, open_in, periods=[row.period]))
    x = study.demand["point"].x.to_numpy() - X0
    away = np.array([np.abs(x - p.x_m) for p in (a, b, c)])
    assert found.cells["stations"].tolist() == (away <= TEN_MINUTES_M).sum(axis=0).tolist()
    near = away.min(axis=0)
    inside = near <= 833
    assert found.cells["nearest_m"][inside].to_numpy() == pytest.approx(near[inside], abs=0.1)
    assert found.cells["nearest_m"][~inside].isna().all()


@pytest.mark.parametrize(
    ("hours", "serves"),
    [
        ("00:00-06:00", ("22_06",)),  # six of the night's eight hours
        ("22:00-24:00", ()),  # two of them
        ("02:00-06:00", ("22_06",)),  # half
        ("02:01-06:00", ()),
        ("08:00-12:00", ("06_10", "10_14")),
        ("00:00-24:00", tuple(PERIODS)),
    ],
)
def test_a_station_serves_a_period_of_which_it_is_open_half(
    tmp_path: Path, cache: Path, hours: str, serves: tuple[str, ...]
) -> None:
    one = Place("one", 2000, hours)
    study = planner.open_study(street_town(tmp_path, stations=[one], hosts=[Place("A", 500)]))
    found = study.coverage().by_period.set_index("period")["covered"]
    for period in PERIODS:
        expected = covered(study, always(one), periods=[period]) if period in serves else 0.0
        assert found[period] == pytest.approx(expected), period
    assert (study.coverage().readings["night"] > 0) == ("22_06" in serves)


def test_a_night_in_two_periods_is_night_before_and_after_midnight(tmp_path: Path, cache: Path) -> None:
    periods = {"00_06": (0, 6), "06_22": (6, 22), "22_24": (22, 24)}
    profiles = {g: {"00_06": 0.3, "06_22": 0.6, "22_24": 0.1} for g in RATES}
    early, late = Place("early", 100, "00:00-06:00"), Place("late", 3000, "22:00-24:00")
    study = planner.open_study(
        street_town(
            tmp_path, stations=[early, late], hosts=[Place("A", 500)], periods=periods, profiles=profiles
        )
    )
    expected = covered(study, always(early), periods=["00_06"]) + covered(
        study, always(late), periods=["22_24"]
    )
    assert (
        reach(study, [early]).sum() < reach(study, [late]).sum()
    )  # so that either half alone reads otherwise
    assert study.coverage().readings["night"] == pytest.approx(expected / 40)


@pytest.mark.parametrize(("start", "is_night"), [(19, False), (20, True), (21, True)])
def test_a_period_that_begins_at_eight_in_the_evening_or_later_is_night(
    tmp_path: Path, cache: Path, start: int, is_night: bool
) -> None:
    periods = {"a": (0, 8), "b": (8, start), "c": (start, 24)}
    profiles = {g: {"a": 0.2, "b": 0.5, "c": 0.3} for g in RATES}
    late = Place("late", 500, f"{start}:00-24:00")
    study = planner.open_study(
        street_town(tmp_path, stations=[late], hosts=[Place("A", 500)], periods=periods, profiles=profiles)
    )
    reached = covered(study, always(late), periods=["c"])
    assert reached > 0
    # the early hours end at 8 and are no night; without any night nobody is covered in it
    assert study.coverage().readings["night"] == pytest.approx(reached / 30 if is_night else 0.0)


def test_stations_say_how_many_they_cover_while_they_are_open(tmp_path: Path, cache: Path) -> None:
    a, b, c = Place("a", 300, "08:00-09:00"), Place("b", 2000), Place("c", 3000, "22:00-06:00")
    study = planner.open_study(street_town(tmp_path, stations=[a, b, c], hosts=[Place("A", 500)]))
    covers = study.stations_with_cover().set_index("station_id")["covers"]
    assert covers["a"] == 0  # open for half of no period
    assert covers["b"] == pytest.approx(covered(study, always(b)))
    assert covers["c"] == pytest.approx(covered(study, always(c), periods=["22_06"]))
    assert 0 < covers["c"] < covers["b"]


# -- the plan ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, dict[str, Place], list[Place]]:
    """Two districts, two stations, five hosts, three of which are built."""
    folder = tmp_path_factory.mktemp("planned")
    stations = [Place("a", 110), Place("b", 2510, "22:00-06:00")]
    hosts = [
        Place("H1", 1010), Place("H2", 1260, "08:00-20:00"), Place("H3", 1960), Place("H4", 2960),
        Place("H5", 3610, "08:00-20:00"),
    ]  # fmt: skip
    second = 'second_mode = "ebike"\n'
    path = street_town(folder, stations=stations, hosts=hosts, districts=TWO, siting="p = 3\nscenarios = 4")
    text = path.read_text("utf-8").replace(
        group_table("rider", rate=8.0, profile=PROFILES["rider"]),
        group_table("rider", rate=8.0, profile=PROFILES["rider"], extra=second),
    )
    path.write_text(text, "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLANNER_CACHE", str(folder / "cache"))
        study = planner.open_study(path)
        study.site_stations()
    return study, {h.name: h for h in hosts}, stations


def open_places(*places: Place):
    """Who is open in a period, of those that this module's towns have."""
    serves = {"00:00-24:00": tuple(PERIODS), "08:00-20:00": DAY, "22:00-06:00": ("22_06",)}
    return lambda period: [p for p in places if period in serves[p.hours]]


def best_three(study: Study, hosts: dict[str, Place], stations: list[Place]) -> tuple[float, set[str]]:
    import itertools

    tried = {
        names: covered(study, open_places(*stations, *(hosts[n] for n in names)))
        for names in itertools.combinations(hosts, 3)
    }
    best = max(tried, key=lambda names: tried[names])
    return tried[best], set(best)


def test_the_plan_is_the_best_three_and_its_list_says_what_each_brings(planned) -> None:
    study, hosts, stations = planned
    plan = study.site_stations()
    most, names = best_three(study, hosts, stations)
    assert set(plan.chosen["site_id"]) == names
    assert plan.after.covered == pytest.approx(most)
    assert plan.solution.objective == pytest.approx(most)
    assert plan.before.covered == pytest.approx(covered(study, open_places(*stations)))
    built: list[Place] = []
    for n, row in enumerate(plan.chosen.itertuples(), start=1):
        before = covered(study, open_places(*stations, *built))
        built.append(hosts[row.site_id])
        after = covered(study, open_places(*stations, *built))
        assert row.rank == n
        assert row.workers_gained == pytest.approx(after - before, abs=1e-6)
        assert row.workers_in_reach == pytest.approx(covered(study, open_places(hosts[row.site_id])))
        nearest = min(abs(s.x_m - hosts[row.site_id].x_m) for s in stations)
        assert row.nearest_station_m == pytest.approx(nearest, abs=0.2)
        assert row.district == ("west" if hosts[row.site_id].x_m < 2000 else "east")
    assert plan.chosen["workers_gained"].is_monotonic_decreasing


def test_a_site_that_covers_all_that_the_other_does_is_sure(tmp_path: Path, cache: Path) -> None:
    """Host ``wide`` reaches every demand point that ``narrow`` does and more, so every scenario chooses it."""
    hosts = [Place("wide", 600), Place("narrow", 20)]
    study = planner.open_study(street_town(tmp_path, hosts=hosts, siting="p = 1\nscenarios = 6"))
    wide, narrow = (reach(study, [h]) for h in hosts)
    assert (narrow <= wide).all()
    assert narrow.sum() < wide.sum()
    chosen = study.site_stations().chosen
    assert chosen["site_id"].tolist() == ["wide"]
    assert chosen["confidence"].tolist() == [1.0]


def test_a_second_view_has_its_own_before_and_after(planned) -> None:
    """By e-bike (15 km/h) ten minutes are 2.5 km along the street."""
    study, hosts, stations = planned
    new = [hosts[n] for n in study.site_stations().chosen["site_id"]]
    row = study.second_views().iloc[0]
    assert (row["group"], row["mode"], row["minutes"]) == ("rider", "ebike", 10)
    for key, places in (("before", stations), ("after", [*stations, *new])):
        got = covered(study, open_places(*places), within_m=2500, groups=["rider"])
        assert row[key] == pytest.approx(got / 320), key
    assert row["before"] < row["after"]


def test_replacements_stay_in_the_district_of_the_site_and_within_the_circle(planned) -> None:
    study, hosts, stations = planned
    plan = study.site_stations()
    own = plan.chosen["site_id"].tolist()
    home = {n: "west" if h.x_m < 2000 else "east" for n, h in hosts.items()}
    seen = 0
    for within_m in (None, 300.0, 1100.0, 4000.0):
        table = study.replacements(k=3, max_m=within_m)
        assert set(table["site_id"]) <= set(own)
        for site in own:
            rows = table[table["site_id"] == site]
            far = {n: abs(h.x_m - hosts[site].x_m) for n, h in hosts.items()}
            assert not [
                n for n in hosts if abs(far[n] - (within_m or 2000 / 3)) < 1
            ]  # none too close to call
            near = {n for n in hosts if far[n] <= (within_m or 2000 / 3)}
            free = {n for n in near if n not in own and home[n] == home[site]}
            assert set(rows["replacement_id"]) == free, (site, within_m)
            seen += len(rows)
            for row in rows.itertuples():
                swapped = [hosts[row.replacement_id if n == site else n] for n in own]
                lost = plan.after.covered - covered(study, open_places(*stations, *swapped))
                assert row.loss == pytest.approx(lost, abs=1e-6)
                assert row.distance_m == pytest.approx(far[row.replacement_id], abs=0.2)
    assert seen


def test_the_best_stand_in_over_the_border_is_not_named_nor_one_out_of_reach(
    tmp_path: Path, cache: Path
) -> None:
    """The neighbour 100 m on stands in another district; in its own there is one at 640 m and a better one at 690 m."""
    hosts = [Place("near", 1950), Place("over", 2050), Place("walk", 1310), Place("far", 1260)]
    even = {"west": (0.0, 2000.0, 10_000.0), "east": (2000.0, 4000.0, 10_000.0)}
    path = street_town(tmp_path, hosts=hosts, districts=even, siting='p = 1\nrequired = ["near"]')
    study = planner.open_study(path)
    assert study.replacements()["replacement_id"].tolist() == ["walk"]
    assert study.site_stations().chosen["alternative_id"].tolist() == ["walk"]
    assert set(study.replacements(max_m=700)["replacement_id"]) == {"walk", "far"}
    assert study.replacements(max_m=600).empty


@pytest.mark.parametrize(("p", "east"), [(2, 0), (4, 0), (7, 0), (8, 1)])
def test_half_the_proportional_quota_is_rounded_down(tmp_path: Path, cache: Path, p: int, east: int) -> None:
    """East holds a quarter of the residents, nearly all beside a station: it gets p/8, rounded down, and no more."""
    hosts = [Place(f"w{i}", 710 + 1400.0 * i) for i in range(8)] + [Place("e1", 13_990), Place("e2", 12_990)]
    stations = [Place("s1", 12_310), Place("s2", 13_310)]
    two = {"west": (0.0, 12_000.0, 30_000.0), "east": (12_000.0, 14_000.0, 10_000.0)}
    path = street_town(
        tmp_path,
        stations=stations,
        hosts=hosts,
        districts=two,
        siting=f'p = {p}\nquotas = "half_proportional"',
    )
    study = planner.open_study(path)
    nobody = [covered(study, always(*stations, h)) - covered(study, always(*stations)) for h in hosts]
    assert max(nobody[8:]) < min(nobody[:8])
    assert (study.site_stations().chosen["district"] == "east").sum() == east


def test_a_plan_for_many_demands_keeps_the_workers_of_each_cell_apart(tmp_path: Path, cache: Path) -> None:
    """Workers in reach of the same sites are one class where the estimate is planned for; a demand scenario moves each cell by itself."""
    hosts = [Place(f"h{i}", 900 + 1500.0 * i) for i in range(4)]
    study = planner.open_study(street_town(tmp_path, stations=[], hosts=hosts, siting="p = 2\nscenarios = 5"))

    def cells_of_a_class(of: Study) -> np.ndarray:
        return np.diff(of.stages.value("posing").merged.standing.indptr)

    assert cells_of_a_class(study).max() > 1
    assert cells_of_a_class(study.with_(siting__goal__aim="worst")).max() == 1


def test_run_json_tells_before_from_after_and_counts_the_stations(planned, tmp_path: Path) -> None:
    study, hosts, stations = planned
    out = tmp_path / "out"
    run = study.run(out)
    assert json.loads((out / "run.json").read_text("utf-8")) == run
    new = [hosts[n] for n in study.site_stations().chosen["site_id"]]
    for side, places in (("before", stations), ("after", [*stations, *new])):
        told, whose = run["coverage"][side], open_places(*places)
        assert told["workers"] == 400
        assert told["covered"] == pytest.approx(covered(study, whose), abs=0.05)
        assert told["share"] == pytest.approx(covered(study, whose) / 400, abs=1e-6)
        assert told["share_backup"] == pytest.approx(covered(study, whose, least=2) / 400, abs=1e-6)
        assert told["by_group"]["rider"] == pytest.approx(
            covered(study, whose, groups=["rider"]) / 320, abs=1e-6
        )
        for row in run["coverage"]["by_district"]:
            workers = {"west": 300, "east": 100}[row["district"]]
            assert row["workers"] == workers
            share = covered(study, whose, district=row["district"]) / workers
            assert row[side] == pytest.approx(share, abs=1e-6)
    assert [run["stations"][k] for k in ("existing", "chosen", "total")] == [2, 3, 5]
    assert run["stations"]["closed"] == []
    views = run["second_views"][0]
    assert views["before"] < views["after"]
    gains = study.site_stations().chosen["workers_gained"].sum()
    assert run["coverage"]["after"]["covered"] - run["coverage"]["before"]["covered"] == pytest.approx(
        gains, abs=0.11
    )


# -- a list of one's own ----------------------------------------------------------------------------------


def test_a_wished_list_covers_what_the_pencil_says_with_the_hours_given(planned, tmp_path: Path) -> None:
    study, hosts, stations = planned
    new = [hosts[n] for n in study.site_stations().chosen["site_id"]]
    wished = [Place("x", 900, "22:00-06:00"), Place("y", 3050, "08:00-20:00")]
    found = study.evaluate(site_list(tmp_path / "wish.csv", wished))
    assert (found.sites, found.unreachable, found.proposed_sites) == (2, 0, 3)
    today = covered(study, open_places(*stations))
    these = covered(study, open_places(*stations, *wished))
    offered = covered(study, open_places(*stations, *new))
    assert found.before.covered == pytest.approx(today)
    assert found.wished.covered == pytest.approx(these)
    assert found.proposed.covered == pytest.approx(offered)
    assert these < offered
    for key, names in (("district", TWO), ("group", RATES), ("period", PERIODS)):
        for row in found.by(key).itertuples():
            assert getattr(row, key) in names
            one = {f"{key}s": [getattr(row, key)]} if key != "district" else {"district": row.district}
            mine = covered(study, open_places(*stations, *wished), **one)
            theirs = covered(study, open_places(*stations, *new), **one)
            now = covered(study, open_places(*stations), **one)
            assert row.difference == pytest.approx(mine - theirs, abs=1e-6)
            assert row.today * row.workers == pytest.approx(now, abs=1e-6)
            assert row.these * row.workers == pytest.approx(mine, abs=1e-6)
            assert row.proposed * row.workers == pytest.approx(theirs, abs=1e-6)
    said = found.describe().splitlines()
    assert f"(+{round(these) - round(today):,})" in said[2]
    assert f"(+{offered - today:,.0f})" in said[3]


def test_two_lists_on_one_open_study_get_a_figure_each(planned, tmp_path: Path) -> None:
    study, _, stations = planned
    lists = [[Place("x", 900)], [Place("y", 3050), Place("z", 1300)], [Place("x", 900)]]
    for n, wished in enumerate(lists):
        found = study.evaluate(site_list(tmp_path / f"{n}.csv", wished))
        assert found.wished.covered == pytest.approx(covered(study, open_places(*stations, *wished))), n


def test_the_same_places_with_other_hours_get_another_figure(planned, tmp_path: Path) -> None:
    study, _, stations = planned
    for n, hours in enumerate(("00:00-24:00", "08:00-20:00", "22:00-06:00")):
        wished = [Place("x", 900, hours)]
        found = study.evaluate(site_list(tmp_path / f"{n}.csv", wished))
        assert found.wished.covered == pytest.approx(covered(study, open_places(*stations, *wished))), hours


# -- turn restrictions and the networks' keys -----------------------------------------------------------------


def crossing(folder: Path, *, obeyed: bool) -> Path:
    """South street and east street meet at a crossing where turning right, northbound, is forbidden.

    From the south end (0, −400) to the east end (400, 0): 800 m by the turn; by the long way over the north
    (0, 400), (400, 400): 1,600 m.
    """
    from tests.study.town import at

    folder.mkdir(exist_ok=True)
    spots = {1: (0, -400), 2: (0, 0), 3: (400, 0), 4: (0, 400), 5: (400, 400)}
    nodes = "".join(
        f'<node id="{i}" version="1" lon="{at(*p)[0]}" lat="{at(*p)[1]}"/>' for i, p in spots.items()
    )
    ways = {10: (1, 2), 11: (2, 3), 12: (2, 4), 13: (4, 5), 14: (5, 3)}
    lines = "".join(
        f'<way id="{w}" version="1"><nd ref="{a}"/><nd ref="{b}"/><tag k="highway" v="residential"/></way>'
        for w, (a, b) in ways.items()
    )
    rule = (
        '<relation id="90" version="1"><member type="way" ref="10" role="from"/><member type="node" ref="2" role="via"/>'
        '<member type="way" ref="11" role="to"/><tag k="type" v="restriction"/>'
        '<tag k="restriction" v="no_right_turn"/></relation>'
    )
    study = street_town(folder, hosts=[Place("A", 200)], districts={"mid": (-100.0, 500.0, 10_000.0)})
    (folder / "streets.osm").write_text(
        f'<?xml version="1.0"?>\n<osm version="0.6">{nodes}{lines}{rule}</osm>', "utf-8"
    )
    text = study.read_text("utf-8").replace("streets.geojson", "streets.osm")
    text += f"[circle]\nturn_restrictions = {str(obeyed).lower()}\nspeeds_kmh = {{ car = 36 }}\n"
    study.write_text(text, "utf-8")
    return study


def test_switching_turn_restrictions_changes_the_car_network_though_the_cache_is_warm(
    tmp_path: Path, cache: Path
) -> None:
    import geopandas as gpd
    import shapely

    from tests.study.town import CRS, X0, Y0

    def seconds(obeyed: bool, mode: str) -> float:
        study = planner.open_study(crossing(tmp_path, obeyed=obeyed))
        ends = [gpd.GeoSeries([shapely.Point(X0 + x, Y0 + y)], crs=CRS) for x, y in ((400, 0), (0, -400))]
        return float(planner.travel_times(study.network(mode), *ends, cutoff_s=3600).seconds.toarray().item())

    assert seconds(True, "car") == pytest.approx(160, abs=0.5)  # 1,600 m at 10 m/s
    assert seconds(False, "car") == pytest.approx(80, abs=0.5)
    assert seconds(True, "car") == pytest.approx(160, abs=0.5)
    assert seconds(True, "walk") == pytest.approx(800 / (TEN_MINUTES_M / 600), abs=0.5)


def test_another_walking_speed_changes_the_circle_though_the_cache_is_warm(
    tmp_path: Path, cache: Path
) -> None:
    one = Place("one", 2030)
    path = street_town(tmp_path, stations=[one], hosts=[Place("A", 500)])
    study = planner.open_study(path)
    assert study.coverage().covered == pytest.approx(covered(study, always(one)))
    path.write_text(path.read_text("utf-8") + "[circle]\nwalk_kmh = 6\n", "utf-8")
    study = planner.open_study(path)
    assert study.coverage().covered == pytest.approx(covered(study, always(one), within_m=1000))
    path.write_text(path.read_text("utf-8") + "minutes = 5\n", "utf-8")
    study = planner.open_study(path)
    assert study.coverage().covered == pytest.approx(covered(study, always(one), within_m=500))


def test_a_changed_file_is_read_again(tmp_path: Path, cache: Path) -> None:
    path = street_town(tmp_path, stations=[Place("one", 2000)], hosts=[Place("A", 500)])
    assert len(planner.open_study(path).stations) == 1
    street_town(tmp_path, stations=[Place("one", 2000), Place("two", 300)], hosts=[Place("A", 500)])
    study = planner.open_study(path)
    assert study.stations["station_id"].tolist() == ["one", "two"]
    assert study.coverage().covered == pytest.approx(
        covered(study, always(Place("one", 2000), Place("two", 300)))
    )


@pytest.mark.parametrize("names", [("day", "night"), ("any_hour", "night"), ("all",)])
def test_periods_by_the_words_of_the_register_are_told_apart_from_what_these_mean(
    tmp_path: Path, cache: Path, names: tuple[str, ...]
) -> None:
    """A period called "night" is one row of the table by period; the reading "at night" may hold others besides."""
    starts = [24 * k // len(names) for k in range(len(names) + 1)]
    periods = {n: (starts[k], starts[k + 1]) for k, n in enumerate(names)}
    profiles = {g: dict.fromkeys(names, 1 / len(names)) for g in RATES}
    one = Place("one", 2000, "08:00-24:00")
    study = planner.open_study(
        street_town(
            tmp_path,
            stations=[one],
            hosts=[Place("A", 500)],
            periods=periods,
            profiles=profiles,
            siting="p = 1",
        )
    )
    bundle = make_bundle(study.stages)
    rows = period_rows(bundle)
    assert len(rows) == len(names)
    assert rows["workers"].sum() == bundle.facts.shown("workers", plan="")
    assert rows["share_before"].tolist() == pytest.approx(
        study.coverage().by_period["share"].round(3).tolist()
    )
    assert bundle.facts.shown("share", plan="today") == round(study.coverage().share, 3)
    assert bundle.facts.shown("share", plan="today", periods="night") == round(
        study.coverage().readings["night"], 3
    )
    assert all("own:" not in label for label in rows["period"])
