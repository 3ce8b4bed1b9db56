"""The tables and sentences that workbook, CSV, layers and report share, recounted from the toy town by hand."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from prcoords import wgs_bd, wgs_gcj

from planner.errors import Finding, finding, sorted_findings
from planner.facts.register import Register, Scope, fact
from planner.telling.bundle import Bundle
from planner.telling.contents import columns as columns_
from planner.telling.contents import coverage as coverage_
from planner.telling.contents import intervals as intervals_
from planner.telling.contents import records as records_
from planner.telling.contents import sites as sites_
from planner.telling.words.names import host_label
from planner.telling.words.numbers import printed
from planner.telling.words.phrases import phrase
from tests.publish.toy import GROUPS, PERIODS, counts_of, covered_by, toy_bundle

#: By radius of the toy: which cells a set of sites covers (``covered_by``), four workers a cell in the west.
_MADE = {language: toy_bundle(language) for language in ("zh", "en")}


@pytest.fixture(params=["zh", "en"])
def language(request) -> str:
    return request.param


def town(language: str = "en", **changes: Any) -> Bundle:
    return dataclasses.replace(_MADE[language], **changes)


@pytest.fixture(scope="module")
def sides() -> dict[str, gpd.GeoDataFrame]:
    """The open stations, and those with the new sites."""
    bundle = town()
    old = bundle.stations[bundle.stations["status"] == "open"]
    return {"before": old, "after": pd.concat([old[["geometry"]], bundle.chosen[["geometry"]]])}


def workers_where(mask: np.ndarray, columns: list[str] | None = None) -> float:
    demand = town().demand
    worth = demand["workers"] if columns is None else demand[columns].sum(axis=1)
    return float(worth.to_numpy()[mask].sum())


# -- sites -------------------------------------------------------------------------------------------------------


def test_sites_in_rank_order_in_the_readers_words(language: str) -> None:
    chosen = _MADE[language].chosen
    table = sites_.site_rows(town(language, chosen=chosen.iloc[[4, 2, 0, 1, 3]]))
    assert table["rank"].tolist() == [1, 2, 3, 4, 5]
    for column in ("site_id", "name", "open_hours", "workers_gained", "workers_in_reach", "nearest_station_m",
                   "confidence", "batch"):  # fmt: skip
        assert table[column].tolist() == chosen[column].tolist(), column
    zh = language == "zh"
    assert table["district"].tolist() == (
        ["西区", "东区", "东区", "西区", "西区"] if zh else ["West", "East", "East", "West", "West"]
    )
    assert table["host_kind"].tolist()[:2] == (
        ["银行网点", "便利店"] if zh else ["bank branch", "convenience store"]
    )
    assert table["reason"].tolist() == chosen[f"reason_{language}"].tolist()
    assert table.index.tolist() == [0, 1, 2, 3, 4]
    assert list(table.columns) == [
        "rank", "site_id", "name", "district", "town", "street", "host_kind", "open_hours", "workers_gained", "workers_in_reach",
        "nearest_station_m", "nearest_station", "nearest_station_id", "cost_yuan", "yuan_per_worker", "workers_alone", "alone_low", "alone_high", "confidence", "confidence_margin", "batch",
        "reason", "lng_wgs84", "lat_wgs84", "lng_gcj02", "lat_gcj02", "lng_bd09", "lat_bd09",
    ]  # fmt: skip


def test_an_unnamed_site_is_called_by_its_kind_and_a_strange_district_by_its_key(language: str) -> None:
    chosen = _MADE[language].chosen.copy()
    chosen["name"] = ["", "  ", None, "甲", "乙"]
    chosen["district"] = ["north", "west", "west", "west", "west"]
    table = sites_.site_rows(town(language, chosen=chosen))
    kinds = (
        ("银行网点", "便利店", "公园") if language == "zh" else ("bank branch", "convenience store", "park")
    )
    assert table["name"].tolist() == [*(phrase("unnamed_site", language, kind=k) for k in kinds), "甲", "乙"]
    assert all(k in n for k, n in zip(kinds, table["name"], strict=False))
    assert table["district"].iloc[0] == "north"


def test_costs_are_the_sites_own_else_the_candidates(language: str) -> None:
    chosen = _MADE[language].chosen
    own = chosen.assign(cost_yuan=[1.0, 2, 3, 4, 5])
    assert sites_.site_rows(town(language, chosen=own))["cost_yuan"].tolist() == [1, 2, 3, 4, 5]
    priced = _MADE[language].candidates.assign(cost_yuan=[10.0, 20, 30, 40, 50, 60])
    table = sites_.site_rows(town(language, chosen=chosen.drop(columns="cost_yuan"), candidates=priced))
    assert table["cost_yuan"].tolist() == [10, 20, 30, 40, 50]


def test_no_station_within_an_hour_is_an_empty_cell() -> None:
    chosen = _MADE["en"].chosen.assign(nearest_station_m=[np.inf, 1.0, np.nan, 2.0, 3.0])
    table = sites_.site_rows(town(chosen=chosen))
    assert table["nearest_station_m"].isna().tolist() == [True, False, True, False, False]


def test_columns_in_which_nothing_stands_are_left_out() -> None:
    chosen = _MADE["en"].chosen
    every = {"confidence", "batch"}

    def shown(**changes: object) -> set[str]:
        made = town(chosen=chosen.assign(**changes))
        return {c.key for c in sites_.site_columns(made, sites_.site_rows(made))}

    full = shown()
    assert every < full
    assert len(full) == 20
    assert full - shown(confidence=np.nan) == {"confidence"}
    assert full - shown(batch="") == {"batch"}
    assert full - shown(batch=np.nan, confidence=np.nan) == every


def test_coordinates_in_three_datums_to_a_tenth_of_a_metre() -> None:
    points = town().chosen.geometry
    table = sites_.coordinates(points)
    there = points.to_crs(4326)
    assert table.index.tolist() == points.index.tolist()
    for row, point in zip(table.itertuples(), there, strict=True):
        gcj, bd = wgs_gcj((point.y, point.x)), wgs_bd((point.y, point.x))
        assert (row.lng_wgs84, row.lat_wgs84) == (round(point.x, 6), round(point.y, 6))
        assert (row.lng_gcj02, row.lat_gcj02) == pytest.approx((gcj[1], gcj[0]), abs=2e-6)
        assert (row.lng_bd09, row.lat_bd09) == pytest.approx((bd[1], bd[0]), abs=2e-6)


def test_shifted_coordinates_are_told_in_china_alone() -> None:
    chosen = _MADE["en"].chosen
    kyoto = chosen.to_crs(4326)
    kyoto = kyoto.set_geometry(kyoto.geometry.translate(15.15, 3.7)).to_crs(
        chosen.crs
    )  # from Suzhou, 120.6 E 31.3 N
    assert list(sites_.coordinates(kyoto.geometry)) == ["lng_wgs84", "lat_wgs84"]
    made = town(chosen=kyoto)
    columns = sites_.site_columns(made, sites_.site_rows(made))
    assert {c.key for c in columns if c.kind == "degrees"} == {"lng_wgs84", "lat_wgs84"}


def test_names_of_districts(language: str) -> None:
    expected = {"zh": {"west": "西区", "east": "东区"}, "en": {"west": "West", "east": "East"}}[language]
    assert coverage_.district_labels(town(language)) == expected
    bare = _MADE[language].districts.assign(name_zh=["", None], name_en=[np.nan, ""])
    assert coverage_.district_labels(town(language, districts=bare)) == {"west": "west", "east": "east"}


# -- before and after ------------------------------------------------------------------------------------------------


def test_districts_before_and_after(language: str, sides) -> None:
    table = coverage_.district_rows(town(language))
    demand = town().demand
    assert table["district"].tolist() == (["西区", "东区"] if language == "zh" else ["West", "East"])
    for row, (key, workers, stations, sites) in zip(
        table.itertuples(), (("west", 400, 4, 3), ("east", 100, 1, 2)), strict=True
    ):
        here = (demand["district"] == key).to_numpy()
        now, then = (workers_where(here & covered_by(demand, sides[s])) for s in ("before", "after"))
        assert (row.workers, row.stations_open, row.sites_new) == (workers, stations, sites)
        assert row.share_before == round(now / workers, 3)
        assert row.share_after == round(then / workers, 3)
        assert row.change == pytest.approx(100 * round(then / workers, 3) - 100 * round(now / workers, 3))
        assert row.covered_new == pytest.approx(then - now)
        twice = workers_where(here & (counts_of(demand, sides["after"]) > 1))
        assert row.backup_after == round(twice / workers, 3)
        assert now < then
    assert {"key", *(c.key for c in coverage_.DISTRICT_COLUMNS)} == set(table.columns)


def test_a_district_in_another_order_afterwards_keeps_its_own_figures() -> None:
    turned = dataclasses.replace(town().after, by_district=town().after.by_district.iloc[::-1])
    pd.testing.assert_frame_equal(
        coverage_.district_rows(town(after=turned)), coverage_.district_rows(town())
    )
    none = coverage_.district_rows(town(chosen=town().chosen.iloc[:0], stations=town().stations.iloc[5:]))
    assert none["stations_open"].tolist() == none["sites_new"].tolist() == [0, 0]


def test_the_total_under_the_districts(language: str, sides) -> None:
    demand = town().demand
    now, then = (workers_where(covered_by(demand, sides[s])) for s in ("before", "after"))
    total = coverage_.district_total(town(language))
    assert total == {
        "district": "合计" if language == "zh" else total["district"], "workers": 500, "stations_open": 5, "sites_new": 5,
        "share_before": pytest.approx(now / 500), "share_after": pytest.approx(then / 500),
        "change": pytest.approx(100 * (then - now) / 500), "covered_new": pytest.approx(then - now),
        "backup_after": pytest.approx(workers_where(counts_of(demand, sides["after"]) > 1) / 500),
    }  # fmt: skip
    assert set(total) == {c.key for c in coverage_.DISTRICT_COLUMNS}


def test_groups_and_periods_before_and_after(language: str, sides) -> None:
    demand = town().demand
    groups, periods = coverage_.group_rows(town(language)), coverage_.period_rows(town(language))
    assert groups["group"].tolist() == (
        ["外卖骑手", "快递员"] if language == "zh" else ["food-delivery riders", "couriers"]
    )
    assert len(set(periods["period"])) == 5
    assert all(
        p[:2] in label and p[3:] in label for p, label in zip(PERIODS[:4], periods["period"], strict=False)
    )
    for table, columns in (
        (groups, [[f"{g}__{t}" for t in PERIODS] for g in GROUPS]),
        (periods, [[f"{g}__{t}" for g in GROUPS] for t in PERIODS]),
    ):
        for row, own in zip(table.itertuples(), columns, strict=True):
            whole = workers_where(np.ones(len(demand), bool), own)
            now, then = (workers_where(covered_by(demand, sides[s]), own) for s in ("before", "after"))
            assert abs(row.workers - whole) < 1
            assert row.share_before == pytest.approx(now / whole, abs=0.0005)
            assert row.share_after == pytest.approx(then / whole, abs=0.0005)
            assert abs(row.covered_new - (then - now)) < 2  # both ends are parts of a printed sum
        assert table["workers"].sum() == town().before.workers
        assert table["covered_new"].sum() == town().after.covered - town().before.covered
    assert {c.key for c in coverage_.GROUP_COLUMNS} <= set(groups.columns)
    assert {c.key for c in coverage_.PERIOD_COLUMNS} <= set(periods.columns)
    strange = dataclasses.replace(
        town().before, by_period=town().before.by_period.assign(period=["x", *PERIODS[1:]])
    )
    assert coverage_.period_rows(town(before=strange))["period"].iloc[0] == "x"


# -- batches ----------------------------------------------------------------------------------------------------------


def test_batches_add_up_in_order() -> None:
    bundle = town(chosen=_MADE["en"].chosen.iloc[::-1])
    table = sites_.batch_rows(bundle)
    gains = _MADE["en"].chosen["workers_gained"].tolist()
    assert table["batch"].tolist() == ["2025", "2026"]
    assert table["sites_new"].tolist() == [3, 2]
    assert table["covered_new"].tolist() == [sum(gains[:3]), sum(gains[3:])]
    base = bundle.before.covered
    assert table["share_after"].tolist() == pytest.approx(
        [(base + sum(gains[:3])) / 500, (base + sum(gains)) / 500]
    )
    assert table["regret"].isna().all()
    assert [c.key for c in sites_.batch_columns(table)] == [
        "batch",
        "sites_new",
        "covered_new",
        "share_after",
    ]


def test_regret_stands_beside_its_batch() -> None:
    phases = pd.DataFrame({"name": ["2026", "2025", "2026"], "regret": [0.02, 0.01, 0.5]})
    table = sites_.batch_rows(town(phases=phases))
    assert table["regret"].tolist() == [0.01, 0.02]
    assert [c.key for c in sites_.batch_columns(table)][-1] == "regret"
    half = sites_.batch_rows(town(phases=phases[phases["name"] == "2026"]))
    assert half["regret"].isna().tolist() == [True, False]
    assert [c.key for c in sites_.batch_columns(half)][-1] == "regret"
    assert sites_.batch_rows(town(phases=phases.iloc[:0]))["regret"].isna().all()


def test_a_plan_in_one_piece_has_no_batches() -> None:
    chosen = _MADE["en"].chosen
    assert sites_.batch_rows(town(chosen=chosen.assign(batch=""))) is None
    assert sites_.batch_rows(town(chosen=chosen.assign(batch=None))) is None
    mixed = sites_.batch_rows(town(chosen=chosen.assign(batch=["a", "a", None, "", "b"])))
    assert mixed["batch"].tolist() == ["a", "–", "b"]
    assert mixed["sites_new"].tolist() == [2, 2, 1]


def test_batches_where_nobody_works_have_no_share() -> None:
    nobody = dataclasses.replace(town().before, workers=0.0, covered=0.0)
    assert sites_.batch_rows(town(before=nobody))["share_after"].tolist() == [0, 0]
    idle = _MADE["en"].chosen.assign(workers_gained=0.0)
    assert sites_.batch_rows(town(before=nobody, chosen=idle))["share_after"].tolist() == [0, 0]


# -- the certificate ---------------------------------------------------------------------------------------------------


def certified(
    *, bound: float, gains: list[float], status: str = "feasible", after: float = 200.0
) -> Register:
    """Before 100, after 200 covered; the plan's objective is 200."""
    base = town()
    solution = dataclasses.replace(base.solution, objective=200.0, bound=bound, status=status)
    chosen = base.chosen.iloc[: len(gains)].assign(workers_gained=gains)
    return town(
        solution=solution, chosen=chosen.iloc[::-1], before=dataclasses.replace(base.before, covered=100.0),
        after=dataclasses.replace(base.after, covered=after),
    ).facts  # fmt: skip


def test_the_certificate_in_workers_shares_and_sites() -> None:
    found = certified(bound=210.0, gains=[50.0, 30.0, 12.0, 6.0, 2.0])
    assert [found.shown(k) for k in ("sites_new", "bound", "missing")] == [5, 210, 10]
    assert found.fact("gap_of_new").value == pytest.approx(10 / 100)
    assert found.shown("worth_sites") == 3  # the last two bring 8, the last three 20


@pytest.mark.parametrize(
    ("missing", "worth"),
    [(0.0, 0), (1.0, 1), (2.0, 1), (2.0000001, 1), (2.1, 2), (8.0, 2), (8.1, 3), (100.0, 5), (500.0, 5)],
)
def test_how_many_of_the_last_sites_bring_what_is_missing(missing: float, worth: int) -> None:
    assert certified(bound=200 + missing, gains=[50.0, 30.0, 12.0, 6.0, 2.0]).shown("worth_sites") == worth


def test_a_bound_a_hair_below_the_plan_leaves_nothing_missing() -> None:
    found = certified(bound=199.9999999, gains=[100.0], status="optimal")
    assert [found.shown(k) for k in ("missing", "gap_of_new", "worth_sites")] == [0, 0, 0]
    assert certified(bound=210.0, gains=[100.0], after=100.0).shown("gap_of_new") == 0
    assert certified(bound=210.0, gains=[100.0], after=101.0).shown("gap_of_new") == 10


def test_bound_and_plan_subtract_as_printed() -> None:
    """64,865.4 printed 64,865; a bound of 64,870.2 is printed 64,871: that is 6 more, not 5."""
    base = town()
    solution = dataclasses.replace(base.solution, objective=64_865.4, bound=64_870.2, status="feasible")
    found = town(solution=solution).facts
    assert (found.shown("bound"), found.shown("missing")) == (64_871, 6)


# -- findings, inputs, sentences --------------------------------------------------------------------------------------


def a_finding(severity: str, code: str, source: str, row: int | None) -> Finding:
    base = finding("CAN-002", source=source)
    return dataclasses.replace(base, severity=severity, code=code, row=row)


def test_the_table_of_findings_puts_the_worst_first_in_both_languages() -> None:
    found = [
        finding("TAB-011", source="b.csv", field="lng", value="经度", role_en="lng", role_zh="经度"),
        finding("XY-006", source="a.csv", row=7, value="人民路", kept=""),
        finding("XY-006", source="a.csv", row=3, value="人民路", kept=""),
        finding("XY-001", source="z.csv", value="3/3"),
    ]
    for language, words in (
        ("zh", ["错误", "警告", "警告", "提示"]),
        ("en", ["Error", "Warning", "Warning", "Note"]),
    ):
        frame = records_.findings_table(found, language)
        assert frame.iloc[:, 0].tolist() == words
        assert frame.iloc[:, 3].tolist() == [pd.NA, 3, 7, pd.NA]
        assert frame.iloc[0, 6] == found[3].message(language)
    assert list(records_.findings_table([], "zh").columns) == [
        "级别",
        "代码",
        "文件或环节",
        "行",
        "字段",
        "内容",
        "说明",
    ]


def test_findings_by_severity_code_source_and_row(language: str) -> None:
    order = [
        a_finding("E", "B-2", "z", 9), a_finding("W", "A-1", "a", None), a_finding("F", "A-1", "a", None),
        a_finding("I", "A-1", "a", None), a_finding("I", "A-1", "a", 0), a_finding("I", "A-1", "a", 10),
        a_finding("I", "A-1", "b", 2), a_finding("I", "A-2", "a", 1),
    ]  # fmt: skip
    mixed = [order[i] for i in (7, 3, 5, 0, 6, 2, 4, 1)]
    assert sorted_findings(mixed) == order
    table = records_.finding_rows(mixed, language)
    assert table["code"].tolist() == [f.code for f in order]
    assert table["row"].tolist() == [9, None, None, None, 0, 10, 2, 1]
    assert table["source"].tolist() == [f.source for f in order]
    words = [phrase(f"severity_{s}", language) for s in "EWFIIIII"]
    assert table["severity"].tolist() == words
    assert len(set(words)) == 4
    assert table["message"].tolist() == [f.message(language) for f in order]
    assert table["message"].iloc[0] == {"zh": order[0].message_zh, "en": order[0].message_en}[language]
    assert [c.key for c in records_.FINDING_COLUMNS] == list(table.columns)
    empty = records_.finding_rows([], language)
    assert list(empty.columns) == list(table.columns)


def test_a_findings_field_and_value_stand_in_their_columns() -> None:
    one = dataclasses.replace(a_finding("W", "A-1", "a", 1), field="lng", value="abc")
    assert records_.finding_rows([one], "en").loc[0, ["field", "value"]].tolist() == ["lng", "abc"]


def test_inputs_without_their_folders() -> None:
    read = [
        {"name": "streets", "path": "C:\\data\\a b.osm", "sha256": "abc", "rows": 12},
        {"name": "hosts", "path": "/x/y/hosts.csv", "rows": None},
        {},
    ]
    table = records_.input_rows(town(run={"inputs": read}))
    assert table.to_numpy().tolist() == [
        ["Streets (venues, water)", "a b.osm", 12, "abc"],
        ["Host venues", "hosts.csv", None, ""],
        ["", "", None, ""],
    ]
    assert (
        [c.key for c in records_.INPUT_COLUMNS] == list(table.columns) == ["input", "file", "rows", "sha256"]
    )
    assert records_.input_rows(town(run={})).empty


def test_readings_by_radius_stand_in_order_and_the_circle_reads_as_the_headline() -> None:
    odd = {side: dataclasses.replace(getattr(town(), side), by_radius_m={"1000": 0.9, "500": 0.2, "66.7": 0.1})
           for side in ("before", "after")}  # fmt: skip
    rows = coverage_.reading_rows(town(**odd))
    assert rows["share_after"].tolist()[:4] == [0.1, 0.2, round(town().after.share, 3), 0.9]
    assert rows["radius"].str.extract(r"([\d.]+) ")[0].tolist()[:4] == ["66.7", "500", "667", "1000"]


def test_credits_and_for_whom_it_is(language: str) -> None:
    plain = records_.credit_lines(town(language))
    assert plain[:3] == [phrase(k, language) for k in ("credit_osm", "credit_geonames", "internal")]
    assert "OpenStreetMap" in plain[0]
    assert "GeoNames" in plain[1]
    assert plain[3] == phrase("approval", language, number=phrase("approval_none", language))
    assert len(plain) == 4
    settings = _MADE[language].settings
    about = settings.study.model_copy(update={"map_approval_no": "苏S(2024)01号"})
    numbered = town(language, settings=settings.model_copy(update={"study": about}))
    assert "苏S(2024)01号" in records_.credit_lines(numbered)[3]
    assert records_.credit_lines(numbered)[:3] == plain[:3]


def test_text_and_heads(language: str) -> None:
    assert [printed(v, "text") for v in ("x", 3, None, np.nan, pd.NA, "")] == ["x", "3", "", "", "", ""]
    columns = (
        *coverage_.DISTRICT_COLUMNS,
        *records_.FINDING_COLUMNS,
        *sites_._BATCH_COLUMNS,
        *records_.INPUT_COLUMNS,
    )
    heads = columns_.header(columns, language)
    assert heads == [phrase(f"col_{c.key}", language) for c in columns]
    assert all(heads)
    assert all(c.width >= 5 for c in columns)


@pytest.mark.parametrize(
    ("kept", "rows"),
    [
        ((0.5, None), []),  # doors open as stated, and no less at the low end
        ((0.5, (0.5, 0.5)), []),
        ((0.5, (0.4, 0.5)), [("low", 0.4, 0.6)]),
        ((0.45, (0.4, 0.5)), [("kept", 0.45, 0.65), ("low", 0.4, 0.6)]),
    ],
)
def test_coverage_as_hours_are_kept_is_told_where_it_is_not_what_is_stated(kept, rows) -> None:
    """0.5 is covered today by the stated hours and 0.7 under the plan; as kept the plan covers 0.2 more."""
    from planner.telling.contents.coverage import _kept_rows

    def fact(value: float, band: tuple[float, float] | None = None) -> SimpleNamespace:
        return SimpleNamespace(value=value, shown=value, shown_band=lambda: band)

    share, band = kept
    later = None if band is None else (band[0] + 0.2, band[1] + 0.2)
    known = {
        ("share_kept", "today", ""): fact(share, band), ("share_kept", "", ""): fact(round(share + 0.2, 2), later),
        ("share", "today", "time"): fact(0.5), ("share", "", "time"): fact(0.7),
    }  # fmt: skip

    def find(id_: str, *, plan: str = "", hours: str = "") -> Any:
        return known.get((id_, plan, hours))

    settings = town().settings
    told = _kept_rows(SimpleNamespace(settings=settings, facts=SimpleNamespace(find=find)))
    low = phrase(
        "reading_kept_low", settings.study.language, share=f"{settings.circle.hours_kept_band[0]:.0%}"
    )
    words = {"kept": phrase("reading_kept", settings.study.language), "low": low}
    assert [(label, pytest.approx(a), pytest.approx(b)) for label, a, b in told] == [
        (words[w], a, b) for w, a, b in rows
    ]
    for name in ("share_kept", "share"):  # without one of the three nothing is told
        some = {k: v for k, v in known.items() if k[:2] != (name, "today")}
        facts = SimpleNamespace(find=lambda i, plan="", hours="", some=some: some.get((i, plan, hours)))
        assert _kept_rows(SimpleNamespace(settings=settings, facts=facts)) == []


def test_each_kind_of_host_has_its_own_sites_cost_and_gain(language: str) -> None:
    bundle = town(language)
    table, total = sites_.cost_rows(bundle)
    rows = {r.host_kind: r for r in table.itertuples()}
    assert set(rows) == {host_label(kind, language) for kind in bundle.chosen["host_kind"]}
    for site in bundle.chosen.itertuples():
        row = rows[host_label(site.host_kind, language)]
        assert (row.sites_new, row.cost_yuan, row.workers_gained) == (1, site.cost_yuan, site.workers_gained)
    assert (total["sites_new"], total["cost_yuan"]) == (5, bundle.chosen["cost_yuan"].sum())


@pytest.mark.parametrize(
    ("costs", "order"),
    [
        (
            (0.9, 3.0, 0.2, 9000.0, 3.0),
            ["mall", "bank", "office", "toilet", "parcel_depot"],
        ),  # 9,000, 3, 3, 1 and 0
        (None, ["parcel_depot", "bank", "toilet", "mall", "office"]),
    ],
)
def test_kinds_of_hosts_stand_by_cost_then_by_number_then_by_name_those_without_a_cost_by_number(
    costs: tuple[float, ...] | None, order: list[str]
) -> None:
    """Printed costs are 9,000, 3, 3, 1 and 0 yuan; of two kinds of 3 the one with two sites goes first."""
    kinds = ("toilet", "office", "parcel_depot", "mall", "bank")
    here, facts = Scope(), []
    for n, (kind, sites) in enumerate(zip(kinds, (2, 1, 4, 1, 2), strict=True)):
        scope = here.at(case=f"host {kind}")
        facts.append(fact("sites_new", scope, sites))
        if costs is not None:
            facts.append(fact("cost_yuan", scope, costs[n], band=(1.0, 2.0)))
    settings = SimpleNamespace(study=SimpleNamespace(language="en"))
    bundle: Any = SimpleNamespace(
        settings=settings, facts=Register([*facts, fact("sites_new", here, 10)], here)
    )
    table, total = sites_.cost_rows(bundle)
    assert table["host_kind"].tolist() == [host_label(kind, "en") for kind in order]
    assert total["sites_new"] == 10
    assert table["cost_low"].tolist() == [None if costs is None else 1.0] * 5


def test_a_figure_without_a_band_has_neither_end_in_the_table_of_intervals() -> None:
    low, _, high = intervals_._points(fact("workers", Scope(), 41.0))
    assert (low, high) == (None, None)
    assert intervals_._points(fact("workers", Scope(), 41.0, band=(30.2, 55.7)))[::2] == (30, 56)
