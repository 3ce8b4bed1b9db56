"""Surveys that lie are told apart from honest ones, and leave the estimate no worse than without them."""

import numpy as np
import pandas as pd
import pytest
import shapely

from planner.demand.calibrate import to_totals
from planner.demand.grid import grid_of
from planner.demand.kernels import smooth
from planner.demand.levels.weights import mix
from planner.demand.observations import aggregate, observe
from planner.demand.surveys.doubts import Examined, examine
from planner.settings.demand import Demand
from planner.settings.inputs import Table
from tests.demand.surveys import SIDE, judge, on_main, points, seen, table_of, town

PULLS = (0.7, 1.0, 1.4)


def examined(city, records, *, forced=False, **how) -> Examined:
    observed, _ = aggregate(records, city.cells, **how)
    zone = pd.factorize(city.cells["district"], sort=True)[0]
    venues = ["restaurants", "malls", "offices"]
    covariates = smooth(city.covariates, grid_of(city.cells), columns=venues)[0]
    weight = mix(covariates, city.group.covariates)
    total = np.bincount(zone, covariates["population"])
    prior = to_totals(weight, zone, city.group.total * total / total.sum(), np.ones(zone.size))
    return examine(
        city.cells, covariates, prior, observed.groups["rider"], name="rider", source="seen.csv",
        local_m=1000, local_sd=0.5, forced=forced,
    )  # fmt: skip


def codes(judged: Examined) -> set[str]:
    return {f.code for f in judged.findings}


@pytest.fixture(scope="module")
def verdicts():
    """Of 24 cities: the findings on honest surveys of 2, 5 and 20 % in turn, and on three that lie."""
    rows = []
    for seed in range(24):
        city = town(seed, pull=PULLS[seed % 3])
        main, share = on_main(city), (0.02, 0.05, 0.2)[seed // 3 % 3]
        leaning = main * 0.2 + (1 - main) * 0.04
        counts = seen(city, leaning, seed)
        pings = points(city, seen(city, 0.04, seed) * 5, seed)
        rows.append(
            {
                "honest": examined(city, points(city, seen(city, share, seed), seed)),
                "main roads": examined(city, points(city, counts, seed)),
                "main roads, share given": examined(city, table_of(city, counts, sampling_share=leaning)),
                "five pings": examined(city, pings),
            }
        )
    return pd.DataFrame(rows)


def test_no_honest_survey_is_accused(verdicts):
    assert [codes(v) for v in verdicts["honest"]] == [set()] * 24
    assert max(v.factor for v in verdicts["honest"]) < 1.3
    assert not any(v.refused for v in verdicts["honest"])


def test_a_lean_of_five_to_one_to_main_roads_is_told_with_its_factor_and_refused(verdicts):
    caught = [v for v in verdicts["main roads"] if "SUR-002" in codes(v)]
    assert len(caught) >= 20
    assert all(v.refused for v in caught)
    assert 3.5 < np.median([v.lean.factor for v in caught]) < 7
    told = next(f for f in caught[0].findings if f.code == "SUR-002")
    assert told.source == "seen.csv"
    assert told.value == f"{caught[0].lean.factor:.1f}"
    for word in ("main roads", "sampling_share", told.value):
        assert word in told.message_en
    for word in ("主干道路", "sampling_share", told.value):
        assert word in told.message_zh


def test_where_the_file_says_how_the_survey_was_drawn_nothing_leans(verdicts):
    assert [codes(v) for v in verdicts["main roads, share given"]] == [set()] * 24


def test_five_pings_of_each_worker_weigh_as_one(verdicts):
    factors = np.array([v.factor for v in verdicts["five pings"]])
    assert ((factors > 4) & (factors < 6)).all()
    assert all(codes(v) == {"SUR-004"} for v in verdicts["five pings"])


def test_a_lean_to_side_streets_is_a_lean_too():
    city = town(3, n=96, workers=20_000.0)
    main = on_main(city)
    judged = examined(city, points(city, seen(city, (1 - main) * 0.2 + main * 0.02, 3), 3))
    assert judged.refused
    assert judged.lean.factor < 1 / 3
    told = judged.findings[0]
    assert "not main roads" in told.message_en
    assert "非主干街道" in told.message_zh
    assert float(told.value) == pytest.approx(1 / judged.lean.factor, abs=0.05)


def test_a_study_that_insists_on_a_leaning_survey_gets_a_wider_band():
    city = town(0)
    main = on_main(city)
    records = points(city, seen(city, main * 0.2 + (1 - main) * 0.04, 0))
    kept = judge(city, records)
    assert kept.full.levels == {"rider": "weights"}
    assert "weights are kept" in next(f for f in kept.findings if f.code == "SUR-002").message_en
    forced = judge(city, records, settings=Demand(level="regression"))
    assert forced.full.levels == {"rider": "regression"}
    assert "band widened" in next(f for f in forced.findings if f.code == "SUR-002").message_en
    even = judge(city, points(city, seen(city, 0.06, 0)),
                 settings=Demand(level="regression"))  # fmt: skip

    def width(j):
        return (j.full.demand["workers_high"] / j.full.demand["workers"].clip(lower=1e-9)).median()

    assert width(forced) > 1.2 * width(even)


@pytest.fixture(scope="module")
def lean_cities():
    """Four cities of 370 km²: without a survey, with one that leans five to one, and with its shares told."""
    rows = []
    for seed in range(4):
        city = town(seed, n=96, workers=20_000.0, pull=PULLS[seed % 3])
        main = on_main(city)
        leaning = main * 0.2 + (1 - main) * 0.04
        counts = seen(city, leaning, seed)
        rows.append(
            {
                "none": judge(city, None, seed=seed),
                "lie": judge(city, points(city, counts, seed), seed=seed),
                "told": judge(city, table_of(city, counts, sampling_share=leaning), seed=seed),
            }
        )
    return pd.DataFrame(rows)


@pytest.mark.slow
def test_a_leaning_survey_neither_narrows_the_band_nor_moves_the_estimate_away(lean_cities):
    inside = lean_cities.map(lambda j: j.inside).mean()
    assert inside["lie"] >= inside["none"] - 0.02
    for row in lean_cities.itertuples():
        assert "SUR-002" in row.lie.codes
        assert row.lie.error <= 1.001 * row.none.error


@pytest.mark.slow
def test_the_same_records_with_their_sampling_share_bring_the_truth_nearer(lean_cities):
    error = lean_cities.map(lambda j: j.error).mean()
    assert error["told"] < 0.8 * error["none"]
    assert lean_cities["told"].map(lambda j: j.inside).mean() > 0.85
    assert not any("SUR-002" in j.codes for j in lean_cities["told"])


def test_sixty_identical_records_change_nothing_and_are_told_by_file_row_and_cell():
    city = town(1)
    counts = np.zeros(len(city.cells), int)
    counts[1234] = 60
    records = points(city, counts).assign(row=np.arange(2, 62))
    without, with_ = judge(city, None), judge(city, records, source="gps.csv")
    np.testing.assert_array_equal(with_.full.demand["workers"], without.full.demand["workers"])
    np.testing.assert_array_equal(with_.full.surfaces, without.full.surfaces)
    told = next(f for f in with_.findings if f.code == "SUR-001")
    assert (told.source, told.row, told.value) == ("gps.csv", 2, "60")
    for text in (told.message_en, told.message_zh):
        assert city.cells["cell_id"].iloc[1234] in text
        assert "100%" in text
        assert "worker_id" in text


def test_a_hundred_thousand_records_in_a_cell_do_not_move_it():
    city = town(3)
    honest = seen(city, 0.2, 3)
    heap = honest.copy()
    heap[1234] += 100_000
    plain, lied = (judge(city, table_of(city, k)[k > 0]) for k in (honest, heap))
    assert "SUR-001" in lied.codes
    assert "SUR-001" not in plain.codes
    at = city.cells.index[1234]
    assert plain.full.levels == lied.full.levels == {"rider": "regression"}
    now, then = lied.full.demand.loc[at, "workers"], plain.full.demand.loc[at, "workers"]
    assert 0.5 * then < now < 2 * then
    assert lied.error < 1.05 * plain.error


def test_a_cell_just_under_the_limit_is_held_to_what_is_believable():
    city = town(3)
    counts = seen(city, 0.2, 3)
    plain = judge(city, table_of(city, counts)[counts > 0])
    counts[1234] += int(0.24 * counts.sum())  # 19 % of all
    lied = judge(city, table_of(city, counts)[counts > 0])
    assert "SUR-001" not in lied.codes
    told = next(f for f in lied.findings if f.code == "SUR-008")
    assert city.cells["cell_id"].iloc[1234] in told.message_zh
    assert told.value == f"{counts[1234]:,}"
    assert "1 cells" in told.message_en
    at = city.cells.index[1234]
    assert (
        lied.full.demand.loc[at, "workers"] < plain.full.demand.loc[at, "workers"] + 60
    )  # of 8,000; 1,500 seen
    assert lied.error < 1.1 * plain.error


def test_a_full_count_fills_a_crowded_cell_from_the_weights():
    city = town(2, n=32, workers=4000.0)
    counts = seen(city, 1.0, 2)
    counts[500] += 50_000
    free = city.group.model_copy(update={"total": None, "rate_per_1000": 5.0})
    city = type(city)(city.cells, city.covariates, city.truth, free)
    lied = judge(city, table_of(city, counts), share=1.0)
    assert lied.full.levels == {"rider": "surface"}
    assert lied.full.demand["workers"].sum() < 4400
    assert lied.full.demand.loc[city.cells.index[500], "workers"] < 60


def test_counts_at_few_places_may_be_uneven_but_not_one_place_alone():
    city = town(0, n=16, workers=4000.0)
    counts = np.zeros(256, int)
    counts[[3, 60, 100, 200]] = 12, 30, 20, 40
    _, notes = aggregate(table_of(city, counts)[counts > 0], city.cells, seen_here_only=True)
    assert "SUR-001" not in {f.code for f in notes}
    counts[[3, 60, 100]] = 0
    _, notes = aggregate(table_of(city, counts)[counts > 0], city.cells, seen_here_only=True)
    assert "SUR-001" in {f.code for f in notes}


def test_a_survey_drawn_from_the_weights_themselves_is_rarely_taken():
    taken = []
    for seed in range(5):
        city = town(seed, n=32, workers=8000.0)
        base = judge(city, None, settings=Demand(ensemble=2)).full.demand["workers"]
        same = type(city)(
            city.cells, city.covariates, base.reindex(city.cells.index).fillna(0).to_numpy(), city.group
        )
        judged = judge(city, points(city, seen(same, 0.1, seed), seed), settings=Demand(ensemble=2))
        taken.append(judged.full.levels["rider"] == "regression")
    assert sum(taken) <= 1  # one in six by chance


# -- who is counted: worker_id --------------------------------------------------------------------------


def test_five_pings_of_one_worker_are_one_worker():
    city = town(0, n=16)
    counts = np.zeros(256, int)
    counts[100] = 5
    pings = points(city, counts)
    blind, notes = aggregate(pings, city.cells)
    assert blind.groups["rider"].count.tolist().count(5) == 1  # five records pass for five workers …
    told = next(f for f in notes if f.code == "SUR-003")  # … and it is said
    assert "3 records of one worker pass for 3 workers" in told.message_en
    assert "worker_id" in told.message_zh
    named, notes = aggregate(pings.assign(worker_id="a7"), city.cells)
    assert named.groups["rider"].total == pytest.approx(1)
    assert (named.groups["rider"].count == 0).all()  # suppressed
    assert "SUR-003" not in {f.code for f in notes}


def test_every_unit_shown_holds_three_different_workers():
    city = town(1, n=32)
    rng = np.random.default_rng(0)
    k = 900
    worker = rng.integers(0, 120, k)
    home = rng.uniform(0, 32 * SIDE, (120, 2))
    xy = np.clip(home[worker] + rng.normal(0, 500, (k, 2)), 1, 32 * SIDE - 1)
    west, south, *_ = city.cells.total_bounds
    records = points(city, np.bincount([0] * k, minlength=len(city.cells)))
    records = records.set_geometry(shapely.points(xy[:, 0] + west, xy[:, 1] + south), crs=records.crs)
    found, _ = aggregate(records.assign(worker_id=worker), city.cells)
    survey = found.groups["rider"]
    assert survey.total == pytest.approx(np.unique(worker).size)
    where = records.sjoin(city.cells[["geometry"]], predicate="within")["index_right"]
    unit = survey.unit.loc[where.to_numpy()].to_numpy()
    shown = np.flatnonzero(survey.count > 0)
    assert shown.size > 5
    for u in shown:
        assert np.unique(worker[where.index.to_numpy()][unit == u]).size >= 3


def test_rows_without_a_worker_id_are_told_and_stand_for_themselves():
    city = town(0, n=16)
    counts = np.zeros(256, int)
    counts[100] = 6
    records = points(city, counts).assign(worker_id=["a", "a", " ", None, "b", "b"])
    found, notes = aggregate(records, city.cells, source="gps.csv")
    assert found.groups["rider"].total == pytest.approx(4)
    told = next(f for f in notes if f.code == "SUR-009")
    assert (told.source, told.row) == ("gps.csv", 3)
    assert "2 of 6" in told.message_en


# -- how it was drawn: sampling_share -------------------------------------------------------------------


def test_a_cells_share_is_that_of_the_workers_its_rows_speak_for():
    city = town(0, n=16)
    rows = table_of(city, np.full(256, 10)).iloc[[5, 5, 9, 12]].assign(count=[9.5, 1.5, 0, 3])
    rows["sampling_share"] = ["50%", "0.1", "0.25", "0.2"]
    found, _ = aggregate(rows, city.cells, seen_here_only=True)
    exposure = found.groups["rider"].exposure
    # (9.5 + ½ + 1.5 + ½) workers seen of (10 / 0.5 + 2 / 0.1) present
    assert exposure[5] == pytest.approx(12 / 40)
    assert exposure[9] == pytest.approx(0.25)
    assert exposure[12] == pytest.approx(0.2)
    assert (np.delete(exposure, [5, 9, 12]) == 0).all()


def test_cells_without_a_row_take_the_studys_share_or_else_their_neighbours():
    city = town(0, n=16)
    rows = table_of(city, np.full(256, 4)).iloc[[0, 1, 2, 3, 16, 17, 18, 19]]
    rows = rows.assign(sampling_share=[0.1, 0.1, 0.1, 0.1, 0.4, 0.4, 0.4, 0.4])
    known, notes = aggregate(rows, city.cells, share=0.05)
    assert known.groups["rider"].exposure[200] == 0.05
    assert "SUR-010" not in {f.code for f in notes}
    near, notes = aggregate(rows, city.cells)
    assert near.groups["rider"].exposure[200] == pytest.approx(1 / np.mean([10] * 4 + [2.5] * 4))
    told = next(f for f in notes if f.code == "SUR-010")
    assert "248 of 256" in told.message_en


def test_a_tiny_share_weighs_ten_times_the_median_and_no_more():
    city = town(0, n=16)
    rows = table_of(city, np.full(256, 4)).iloc[:5].assign(sampling_share=[0.2, 0.2, 0.2, 0.2, 0.0001])
    found, notes = aggregate(rows, city.cells, share=0.2)
    assert found.groups["rider"].exposure[4] == pytest.approx(0.02)
    told = next(f for f in notes if f.code == "SUR-006")
    assert (told.row, told.value) == (5, "0.0001")
    assert "0.02" in told.message_zh


def test_shares_that_cannot_be_are_told_by_row_and_left_out():
    city = town(0, n=16)
    rows = table_of(city, np.full(256, 4)).iloc[:6]
    rows = rows.assign(sampling_share=["0.2", "5", "-1", "", "half", "0"], row=[2, 3, 4, 5, 6, 7])
    found, notes = aggregate(rows, city.cells, share=0.5, source="counts.xlsx")
    survey = found.groups["rider"]
    assert survey.total == 8
    assert survey.exposure[3] == 0.5  # blank: the study's
    told = next(f for f in notes if f.code == "SUR-005")
    assert (told.source, told.row, told.value) == ("counts.xlsx", 3, "5")
    assert "4 rows" in told.message_en
    assert "4 行" in told.message_zh


def test_a_column_of_blank_shares_says_nothing():
    city = town(0, n=16)
    rows = table_of(city, np.full(256, 4)).assign(sampling_share=[None] * 256)
    found, _ = aggregate(rows, city.cells)
    assert found.groups["rider"].share is None
    assert found.groups["rider"].shares is None


def test_a_few_corners_watched_fully_are_no_full_count():
    city = town(0, n=16)
    few = table_of(city, np.full(256, 4)).iloc[:40].assign(sampling_share=1)
    assert aggregate(few, city.cells)[0].groups["rider"].share is None
    every = table_of(city, np.full(256, 4)).assign(sampling_share=1)
    assert aggregate(every, city.cells)[0].groups["rider"].share == pytest.approx(1)


def test_a_file_of_pings_is_told_by_its_name_and_its_lines(tmp_path):
    city = town(0, n=16)
    counts = np.zeros(256, int)
    counts[[20, 100]] = 4, 60
    at = points(city, counts).to_crs(4326).geometry
    lines = [f"{p.x:.8f},{p.y:.8f},{'' if k == 7 else f'w{k}'},0.1,骑手" for k, p in enumerate(at)]
    (tmp_path / "轨迹.csv").write_text("\n".join(["经度,纬度,骑手编号,抽样比例,群体", *lines]), "utf-8")
    seen_here = Table(path=str(tmp_path / "轨迹.csv"), datum="wgs84")
    found, notes = observe(seen_here, city.cells, demand=Demand(), groups=["骑手"])
    told = {f.code: (f.source, f.row) for f in notes}
    assert told["SUR-009"] == ("轨迹.csv", 9)
    assert told["SUR-001"] == ("轨迹.csv", 6)
    assert found.source == "轨迹.csv"
    assert found.groups["骑手"].total == pytest.approx(4)
    assert found.groups["骑手"].exposure[20] == pytest.approx(0.1)
