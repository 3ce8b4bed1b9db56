"""Hours as they are: by hand on two stations, by every minute of every day on drawn towns, through the study file."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import openpyxl
import pytest
import shapely
from scipy import sparse

import planner
from planner.errors import SettingsError
from planner.facts.coverage import coverage_facts
from planner.facts.register import Register, Scope
from planner.hours.week import WeekHours, period_quarters, week_hours
from planner.settings.groups import Period
from planner.siting.coverage import Access, Coverage, measure_coverage
from planner.siting.open_times import OpenTimes
from planner.study.terminal import coverage_text, plan_text, summary
from tests.facts.referee import Facts, island
from tests.siting.test_goals import town
from tests.study.town import PERIODS as TOWN_PERIODS
from tests.study.town import RATES, TEN_MINUTES_M, X0, Place, street_town

PERIODS = (
    Period(name="06_10", start_h=6, end_h=10),
    Period(name="10_14", start_h=10, end_h=14),
    Period(name="14_22", start_h=14, end_h=22),
    Period(name="22_06", start_h=22, end_h=6),
)
NAMES = [p.name for p in PERIODS]


def demand_of(workers: np.ndarray, district: list[str] | None = None) -> gpd.GeoDataFrame:
    """A table of points (rows) with one group's workers per period (columns)."""
    n = len(workers)
    columns = {f"rider__{t}": workers[:, k] for k, t in enumerate(NAMES)}
    return gpd.GeoDataFrame(
        {"district": district or ["d"] * n, **columns},
        geometry=[shapely.box(i, 0, i + 1, 1) for i in range(n)],
        crs="EPSG:4549",
    )


def reach_of(near: np.ndarray) -> Access:
    """Everybody who is near is at the door."""
    return Access(("rider",), sparse.csr_array(np.where(near, 1.0, 0.0).astype(np.float32)), 600.0, 1.0)


def times_of(hours: list[str], week: list[str] | None = None, kept: float | list[float] = 1.0,
             off_h: tuple[float, float] | None = None) -> OpenTimes:  # fmt: skip
    share = np.tile(np.broadcast_to(kept, len(hours))[:, None], (1, 3)).astype(float)
    return OpenTimes(week_hours(hours, week), share, period_quarters(PERIODS, off_h=off_h))


def read(near: np.ndarray, workers: np.ndarray, times: OpenTimes, **options) -> Coverage:
    share = np.zeros((near.shape[0], len(PERIODS)))
    return measure_coverage(
        demand_of(workers, **options), [reach_of(near)], share, periods=NAMES, night=[], times=times
    )


def test_two_stations_cover_the_union_of_their_hours() -> None:
    # one worker in each period, both stations in reach: 08:00-12:00 and 11:00-15:00 are together 08:00-15:00,
    # so 2 of the 4 hours from 6, all from 10 to 14, and 1 of the 8 hours from 14
    times = times_of(["08:00-12:00", "11:00-15:00"])
    found = read(np.ones((2, 1), bool), np.ones((1, 4)), times).by_time
    assert found.by_period["covered"].tolist() == pytest.approx([0.5, 1.0, 0.125, 0.0])
    assert found.share == pytest.approx((0.5 + 1 + 0.125) / 4)
    # out of reach of the second: 10 to 12 of the four hours from 10
    alone = read(np.array([[True], [False]]), np.ones((1, 4)), times).by_time
    assert alone.by_period["covered"].tolist() == pytest.approx([0.5, 0.5, 0.0, 0.0])


def test_a_night_passes_midnight() -> None:
    found = read(np.ones((1, 1), bool), np.ones((1, 4)), times_of(["21:00-02:00"])).by_time
    assert found.by_period["covered"].tolist() == pytest.approx([0, 0, 1 / 8, 4 / 8])


def test_weekends_are_read_apart_from_workdays() -> None:
    # shut on Sunday, half a day on Saturday: 4 of 8 hours; of the mean of both days a quarter of the hours from 14 is open
    times = times_of(["14:00-22:00"], ["Mo-Fr 14:00-22:00; Sa 14:00-18:00"])
    found = read(np.ones((1, 1), bool), np.array([[0.0, 0.0, 8.0, 0.0]]), times).by_time
    assert (found.share, found.workday, found.weekend) == pytest.approx((1.0, 1.0, 0.25))
    # open on the weekend alone: the stated hours are those
    times = times_of(["14:00-22:00"], ["Sa-Su 14:00-22:00"])
    found = read(np.ones((1, 1), bool), np.array([[0.0, 0.0, 8.0, 0.0]]), times).by_time
    assert (found.share, found.workday, found.weekend) == pytest.approx((1.0, 0.0, 1.0))


def test_doors_that_are_shut_half_of_the_time_help_each_other_out() -> None:
    # 10 to 14: both open to 12 (1 − ½·½ = ¾), one to 14 (½): 62.5 %
    times = times_of(["10:00-12:00", "10:00-14:00"], kept=0.5)
    found = read(np.ones((2, 1), bool), np.array([[0.0, 8.0, 0.0, 0.0]]), times).by_time
    assert found.share == pytest.approx(1.0)
    assert found.kept == pytest.approx((0.625,) * 3)
    # one that keeps its hours always makes the other's no matter
    times = times_of(["10:00-12:00", "10:00-14:00"], kept=[0.0, 1.0])
    assert read(np.ones((2, 1), bool), np.array([[0.0, 8.0, 0.0, 0.0]]), times).by_time.kept[1] == 1.0


def test_hours_in_which_nobody_is_out_do_not_count() -> None:
    # nobody from 12 to 15: of 10 to 14 two hours are left, both open; of 14 to 22 seven, one of which is open
    times = times_of(["08:00-16:00"], off_h=(12, 15))
    found = read(np.ones((1, 1), bool), np.ones((1, 4)), times).by_time
    assert found.by_period["covered"].tolist() == pytest.approx([0.5, 1.0, 1 / 7, 0.0])


def minutes(text: str) -> np.ndarray:
    """Open minutes of a day, for hours such as ``07:15-09:30;22:00-06:00``, written here again."""
    out = np.zeros(1440, bool)
    for span in filter(None, text.split(";")):
        (a, b), (c, d) = (map(int, clock.split(":")) for clock in span.split("-"))
        start, end = 60 * a + b, 60 * c + d
        if end > start:
            out[start:end] = True
        else:
            out[start:], out[:end] = True, True
    return out


def drawn_hours(rng: np.random.Generator) -> str:
    start, length = rng.integers(0, 96), rng.integers(4, 60)
    end = (start + length) % 96
    if start * 15 < 720 and end <= start:  # planner takes 09:00-05:00 for nine to five
        end = 96
    return f"{start // 4:02d}:{start % 4 * 15:02d}-{end // 4:02d}:{end % 4 * 15:02d}"


@pytest.mark.parametrize("seed", range(12))
def test_every_minute_of_every_day_counted_one_by_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, m = 7, 9
    near, workers = rng.random((n, m)) < 0.4, rng.integers(0, 20, (m, 4)).astype(float)
    daily = [[drawn_hours(rng) for _ in range(3)] for _ in range(n)]  # workdays, Saturday, Sunday
    shut = rng.random((n, 3)) < 0.25
    shut[:, 0] = False
    names = ("Mo-Fr", "Sa", "Su")
    week = [
        "; ".join(f"{d} {h}" for d, h, off in zip(names, row, gone, strict=True) if not off)
        for row, gone in zip(daily, shut, strict=True)
    ]
    kept = rng.choice([0.0, 0.3, 0.8, 1.0], n)
    district = list(rng.choice(["a", "b"], m))
    times = times_of([row[0] for row in daily], week, list(kept))
    found = read(near, workers, times, district=district).by_time

    inside = [minutes(f"{int(p.start_h):02d}:00-{int(p.end_h):02d}:00") for p in PERIODS]
    share = np.zeros((3, m, 4))  # per kind of day; of the first the expected one besides
    expected = np.zeros((m, 4))
    for j in range(m):
        for day in range(3):
            doors = [minutes(daily[i][day]) & (not shut[i, day]) for i in np.flatnonzero(near[:, j])]
            some = np.any(doors, axis=0) if doors else np.zeros(1440, bool)
            share[day, j] = [some[p].mean() for p in inside]
        missed = np.ones(1440)
        for i in np.flatnonzero(near[:, j]):
            missed *= np.where(minutes(daily[i][0]), 1 - kept[i], 1.0)
        expected[j] = [(1 - missed)[p].mean() for p in inside]
    whole = workers.sum()
    assert found.share == pytest.approx((workers * share[0]).sum() / whole)
    assert found.workday == pytest.approx(found.share)
    assert found.weekend == pytest.approx((workers * (share[1] + share[2]) / 2).sum() / whole)
    assert found.kept == pytest.approx(((workers * expected).sum() / whole,) * 3)
    assert found.by_period["covered"].to_numpy() == pytest.approx((workers * share[0]).sum(axis=0))
    by_district = found.by_district.set_index("district")["covered"]
    for name in by_district.index:
        here = np.array(district) == name
        assert by_district[name] == pytest.approx((workers * share[0])[here].sum())


def test_lists_joined_cut_and_always_open_keep_their_hours() -> None:
    one, two = times_of(["08:00-12:00", "20:00-22:00"]), times_of(["08:00-12:00", "00:00-24:00"])
    both = one.beside(two).only(np.array([3, 0]))
    assert both.week.open[both.week.of, 0].sum(axis=1).tolist() == [96, 16]
    always = one.always()
    assert always.week.open[always.week.of].all()
    assert np.all(always.kept == 1)


def test_patterns_are_as_few_as_the_hours_differ_and_hold_each_period_once() -> None:
    times = times_of(["08:00-12:00", "11:00-15:00", "08:00-12:00"])
    found = times.patterns(("time",))
    # nobody, the first alone, both, the second alone
    assert found.open.shape == (3, 4)
    assert found.share["time"].sum(axis=1) == pytest.approx(np.ones(4))
    assert (found.open[0] == found.open[2]).all()


def test_no_station_covers_nobody() -> None:
    found = read(np.zeros((0, 3), bool), np.ones((3, 4)), times_of([])).by_time
    assert (found.share, found.workday, found.weekend, found.kept) == (0, 0, 0, (0, 0, 0))
    assert found.by_district["workers"].tolist() == [12]


def test_a_quarter_counts_as_open_from_half_of_it() -> None:
    week = week_hours(["08:07-09:08", "08:08-09:07"])
    first, second = week.open[week.of, 0]
    assert np.flatnonzero(first).tolist() == [32, 33, 34, 35, 36]
    assert np.flatnonzero(second).tolist() == [33, 34, 35]


def test_unknown_hours_count_as_the_study_says() -> None:
    week = week_hours(["", None, float("nan")], default="10:00-11:00")
    assert isinstance(week, WeekHours)
    assert week.open[week.of, 3].sum(axis=1).tolist() == [4, 4, 4]
    with pytest.raises(ValueError, match="default"):
        week_hours([""], default="soon")


# -- through the study file ---------------------------------------------------------------------------------------------

STATIONS = (Place("s1", 500, "08:00-12:00"), Place("s2", 1000, "周一至周五 11:00-20:00"))


def along(study: planner.Study, open_at: list[tuple[Place, str]]) -> float:
    """Share of the town's workers covered by quarter-hours, from the places of the points and every minute of the day."""
    points = study.demand_points
    x = points.geometry.x.to_numpy() - X0
    whole = covered = 0.0
    for group in RATES:
        profile = next(g for g in study.settings.groups if g.name == group).profile
        for name, (start, end) in TOWN_PERIODS.items():
            inside = minutes(f"{start:02d}:00-{end:02d}:00")
            workers = points[group].to_numpy() * profile[name]
            whole += workers.sum()
            for own, here in zip(workers, x, strict=True):
                doors = [minutes(h) for p, h in open_at if abs(p.x_m - here) <= TEN_MINUTES_M]
                covered += own * (np.any(doors, axis=0)[inside].mean() if doors else 0.0)
    return covered / whole


def test_the_town_on_one_street_with_a_pencil(tmp_path: Path) -> None:
    path = street_town(
        tmp_path, stations=STATIONS, hosts=[Place("A", 2500, "09:00-17:00")], extra="[circle]\nhours_kept = 0.9\n"
    )  # fmt: skip
    study = planner.open_study(path)
    found = study.coverage().by_time
    s1, s2 = STATIONS
    assert found.share == pytest.approx(along(study, [(s1, "08:00-12:00"), (s2, "11:00-20:00")]))
    assert found.workday == pytest.approx(found.share)
    assert found.weekend == pytest.approx(along(study, [(s1, "08:00-12:00")]))
    assert found.kept[0] < found.kept[1] < found.kept[2] == pytest.approx(found.share)
    plan = study.site_stations()
    host = Place("A", 2500)
    assert plan.after.by_time.share == pytest.approx(
        along(study, [(s1, "08:00-12:00"), (s2, "11:00-20:00"), (host, "09:00-17:00")])
    )
    # a wished list is read the same way
    wished = study.evaluate(plan.chosen)
    assert wished.wished.by_time.share == pytest.approx(plan.after.by_time.share)
    now, then, weekend = (
        f"{100 * v:.1f}%" for v in (found.share, plan.after.by_time.share, found.weekend)
    )  # fmt: skip
    assert f"today {now}, these sites {then}, the proposal {then}" in wished.describe()
    assert f"{now} counted by the quarter-hours in which a station in reach is open" in coverage_text(
        study.coverage(), {}, "en"
    )
    assert f"(Monday to Friday {now}, weekends {weekend})" in coverage_text(study.coverage(), {}, "en")
    assert plan_text(plan, "zh").endswith(f"按开放时间（一刻钟）计：{now} -> {then}")


@pytest.mark.parametrize("band", ["[0.5, 0.8]", "[0.95, 1.0]"])
def test_a_band_that_does_not_hold_the_share_is_refused(tmp_path: Path, band: str) -> None:
    extra = f"[circle]\nhours_kept = 0.9\nhours_kept_band = {band}\n"
    with pytest.raises(SettingsError) as refused:
        planner.open_study(street_town(tmp_path, hosts=[Place("A", 500)], extra=extra))
    assert [f.code for f in refused.value.findings] == ["SET-039"]


def staggered(folder: Path, goal: str, **options) -> Path:
    """The toy town whose hosts open in turn for just half of four periods, and for the whole of two and a little of others."""
    path = town(folder, goal, **options)
    turns = itertools.cycle(["08:00-12:00;15:30-19:30", "09:00-18:30"])
    head, *rows = (folder / "hosts.csv").read_text("utf-8").splitlines()
    rows = [r.replace("08:00-20:00", h) for r, h in zip(rows, turns, strict=False)]
    (folder / "hosts.csv").write_text("\n".join([head, *rows]) + "\n", "utf-8")
    return path


class Minutes:
    """Dense arrays of a study: who reaches whom, workers per point and period, open quarter-hours of every site."""

    def __init__(self, study: planner.Study) -> None:
        old, new = (study.stages.value(k) for k in ("existing", "new"))
        s, points = study.settings, study.stages.value("demand").points
        (way,), (now,) = new.access, old.access
        self.near = [np.asarray((a.seconds.toarray() > 0) & (a.seconds.toarray() <= 600)) for a in (now, way)]
        self.workers = points.by_period(way.groups, [p.name for p in s.periods])
        day = [minutes(f"{int(p.start_h):02d}:00-{int(p.end_h):02d}:00") for p in s.periods]
        self.inside = [p[::15] for p in day]  # all hours of the town are on the quarter
        hours = [study.open_stations["open_hours"], study.candidates["open_hours"]]
        self.open = [np.array([minutes(h)[::15] for h in texts]) for texts in hours]
        self.n = len(self.open[1])

    def covered(self, sites) -> float:
        near = np.vstack([self.near[0], self.near[1][list(sites)]]).astype(float)
        is_open = np.vstack([self.open[0], self.open[1][list(sites)]]).astype(float)
        some = near.T @ is_open > 0
        return sum(float(self.workers[:, k] @ some[:, p].mean(axis=1)) for k, p in enumerate(self.inside))


def test_a_plan_may_be_after_the_hours_as_they_are(tmp_path: Path) -> None:
    study = planner.open_study(staggered(tmp_path, 'open_rule = "time"'))
    plan, r = study.site_stations(), Minutes(study)
    best = max(r.covered(s) for s in itertools.combinations(range(r.n), 2))
    assert plan.solution.status == "optimal"
    assert plan.solution.objective == pytest.approx(plan.after.by_time.covered)
    assert plan.solution.objective == pytest.approx(best)
    half = study.with_(siting__goal={"open_rule": "half"}).site_stations()
    assert half.after.by_time.covered < plan.after.by_time.covered - 1
    assert half.after.covered > plan.after.covered + 1
    told = [f for f in study.stages.value("against_half").findings if f.code == "GOAL-008"]
    more = round(plan.after.by_time.covered - plan.before.by_time.covered) - round(
        half.after.by_time.covered - half.before.by_time.covered
    )
    assert f"{more:,} more" in told[0].message("en")
    assert f"多 {more:,} 人" in told[0].message("zh")


def test_hours_as_they_are_go_with_other_goals(tmp_path: Path) -> None:
    goal = 'open_rule = "time"\nperiod_weights = { "06_10" = 3 }'
    study = planner.open_study(staggered(tmp_path, goal))
    plan, r = study.site_stations(), Minutes(study)
    r.workers = r.workers * np.array([3.0 if p.name == "06_10" else 1.0 for p in study.settings.periods])
    best = max(r.covered(s) for s in itertools.combinations(range(r.n), 2))
    assert plan.solution.objective == pytest.approx(best)


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run of the town on one street."""
    folder = tmp_path_factory.mktemp("ran")
    path = street_town(folder, stations=STATIONS, hosts=[Place("A", 2500, "09:00-17:00")])
    planner.open_study(path).run(folder / "out")
    return folder / "out"


def test_the_reading_stands_in_the_register_and_its_parts_add_up(ran: Path) -> None:
    run = json.loads((ran / "run.json").read_text("utf-8"))
    facts = Register.read(run["facts"])
    now = facts.fact("covered", plan="today", hours="time")
    for part in ("district", "groups", "periods"):
        rows = facts.along("covered", part, plan="today", hours="time").values()
        assert rows
        assert sum(f.shown for f in rows) == now.shown
    gain = facts.fact("newly_covered", plan="gain", hours="time").shown
    assert gain == facts.shown("covered", hours="time") - now.shown
    kept = facts.fact("share_kept", plan="today")
    assert kept.low < kept.value == pytest.approx(run["coverage"]["before"]["by_time"]["share"], abs=1e-6)
    assert facts.find("share", plan="today", hours="weekend").value < now.value / facts.shown(
        "workers", plan=""
    )


def test_each_group_has_its_own_part_of_the_hours() -> None:
    # shut on Sunday; riders work from 10 to 14, the others from 14 to 22: open to 12, half of the former's hours
    times, workers = times_of(["08:00-12:00"], ["Mo-Sa 08:00-12:00"]), np.zeros((1, 4))
    demand = demand_of(workers).assign(**{f"rider__{NAMES[1]}": 8.0}, **{f"courier__{t}": 0.0 for t in NAMES})
    demand[f"courier__{NAMES[2]}"] = 6.0
    near = reach_of(np.ones((1, 1), bool))
    way = Access(("rider", "courier"), near.seconds, near.cutoff_s, near.metres_per_s)
    found = measure_coverage(demand, [way], np.zeros((1, 4)), periods=NAMES, night=[], times=times)
    rider, courier = (found.of_groups[g].iloc[0] for g in ("rider", "courier"))
    assert (rider["covered_by_time"], rider["covered_workday"], rider["covered_weekend"]) == (4.0, 4.0, 2.0)
    assert rider[f"covered_by_time_in_{NAMES[1]}"] == 4.0
    assert (courier["covered_by_time"], courier["covered_weekend"], courier["covered_any_hour"]) == (
        0.0,
        0.0,
        6.0,
    )
    assert (rider["workers"], courier[f"workers_in_{NAMES[2]}"], courier["workers"]) == (8.0, 6.0, 6.0)
    assert found.cells["covered_by_time"].tolist() == [4.0]


def test_weekends_are_not_told_apart_where_no_day_differs() -> None:
    def hours(week: list[str]) -> set[str]:
        found = read(np.ones((1, 1), bool), np.ones((1, 4)), times_of(["09:00-17:00"], week))
        facts = coverage_facts(
            found, found, Scope(), draws=None, group_bands={}
        )  # fmt: skip
        return {f.scope.hours for f in facts}

    assert hours([""]) == {"", "time"}
    assert hours(["Mo-Sa 09:00-17:00"]) == {"", "time", "workday", "weekend"}


def test_every_product_tells_both_readings(ran: Path) -> None:
    run = json.loads((ran / "run.json").read_text("utf-8"))
    shares = [run["coverage"][side]["by_time"]["share"] for side in ("before", "after")]
    a, b = (f"{100 * v:.1f}%" for v in shares)
    report = (ran / "report.html").read_text("utf-8")
    assert f"rises from {a} to {b}." in report
    assert f"{a} → {b}" in report  # the decision page
    book = openpyxl.load_workbook(ran / "recommendations.xlsx")
    assert "Covered today, by time" in [c.value for c in book["Coverage"][1]]
    assert f"{a} → {b}" in [c.value for row in book.worksheets[0] for c in row]
    head, _ = island(ran / "map.html")
    facts = Facts(run)
    for name in ("time", "workday", "weekend"):
        wanted = [facts.find("share", plan=p, hours=name)["shown"] for p in ("today", "proposal")]
        assert head["headline"]["hours"][name] == wanted
    said = summary(run, ran, "en")
    assert f"by quarter-hours open {a} -> {b}" in " ".join(said.split())
