"""The register: one figure per quantity and state, one rounding, bands that cover what they say."""

from __future__ import annotations

import dataclasses
import json
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from planner.facts.bands import Draws
from planner.facts.coverage import headline_scope
from planner.facts.definitions import UNITS, definitions, parts
from planner.facts.plan import STEADY
from planner.facts.register import Fact, Register, Scope, fact, own, plain
from planner.telling.words.figures import told, told_band
from tests.publish.known import known_bundle, one_lot

HERE = Scope()


# -- rounding --------------------------------------------------------------------------------------------------------


@given(st.lists(st.floats(0, 1e5), min_size=1, max_size=12))
def test_parts_add_up_and_none_is_off_by_one(values: list[float]) -> None:
    total = round(sum(values))
    shown = parts(values, total)
    assert sum(shown) == total
    assert all(abs(a - b) < 1 + 1e-6 for a, b in zip(shown, values, strict=True))
    assert all(v == int(v) for v in shown)


def test_the_largest_remainder_rounds_up_and_the_first_of_equals() -> None:
    assert parts([1.4, 2.4, 3.2], 7) == [2, 2, 3]
    assert parts([0.5, 0.5], 1) == [1, 0]
    assert parts([2.0, 3.0], 5) == [2, 3]


def test_parts_that_are_not_all_of_the_total_are_rounded_each_on_its_own() -> None:
    assert parts([1.4, 2.6], 9) == [1, 3]
    assert parts([], 0) == []


@pytest.mark.parametrize(
    ("unit", "value", "shown"),
    [
        ("people", 64_865.23, 64_865), ("people_up", 64_870.2, 64_871), ("people_up", 64_870.0000001, 64_870), ("share", 0.42748, 0.427),
        ("share_up", 0.42701, 0.428), ("share_up", 0.427, 0.427), ("points", 10.349, 10.3), ("gap", 0.0000712, 0.00008),
        ("gap", 0.00007, 0.00007), ("gap", 1e-7, 0.00001), ("gap", 0.0, 0.0), ("yuan", 1.5, 2), ("count", 3, 3), ("points", -0.04, 0.0),
    ],
)  # fmt: skip
def test_a_unit_has_one_rounding_and_claims_of_not_more_than_round_up(
    unit: str, value: float, shown: float
) -> None:
    assert UNITS[unit].rounded(value) == shown
    assert math.copysign(1, UNITS[unit].rounded(value)) == 1


def test_a_figure_in_print_and_its_band() -> None:
    share = fact("share", HERE, 0.42748, band=(0.38894, 0.45141))
    assert (told(share), told_band(share)) == ("42.7%", "38.9%–45.1%")
    assert told_band(fact("share", HERE, 0.4)) == ""
    assert (
        told_band(fact("drivers_served", HERE, 10_800, band=(10_800.0, 10_800.4))) == ""
    )  # "10,800 to 10,800" says nothing
    assert told(fact("gap", HERE, 0.0000712)) == "0.008%"


# -- the table of quantities --------------------------------------------------------------------------------------------


def test_every_quantity_is_named_and_explained_in_both_languages() -> None:
    for key, term in definitions().items():
        assert term.unit in UNITS, key
        for text in (term.zh, term.meaning_zh):
            assert any("\u4e00" <= c <= "\u9fff" for c in text), key
        for text in (term.en, term.meaning_en):
            assert text
            assert not any("\u4e00" <= c <= "\u9fff" for c in text), key
        assert term.band in ("", "draws", "cost", "kept", "use", "aversion", "grades")


# -- looking up ---------------------------------------------------------------------------------------------------------


def test_a_figure_is_found_by_its_quantity_and_state_and_stands_once() -> None:
    made = Register(
        [
            fact("share", HERE, 0.4),
            fact("share", HERE.at(plan="today"), 0.3),
            fact("share", HERE.at(district="a"), 0.2),
        ],
        HERE,
    )
    assert [made.shown("share"), made.shown("share", plan="today")] == [0.4, 0.3]
    assert list(made.along("share", "district")) == ["a"]
    assert made.find("share", district="b") is None
    with pytest.raises(KeyError):
        made.fact("covered")
    with pytest.raises(ValueError, match="twice"):
        Register([fact("share", HERE, 0.4), fact("share", HERE, 0.5)], HERE)


def test_run_json_holds_the_register_and_gives_it_back() -> None:
    facts = known_bundle().facts
    rows = json.loads(json.dumps(facts.json()))
    assert len(rows) == len(facts) >= 40
    assert len({(r["id"], json.dumps(r["scope"], sort_keys=True)) for r in rows}) == len(rows)
    back = Register.read(rows)
    assert back.headline == facts.headline
    assert {k: f.shown for k, f in back.items()} == {k: f.shown for k, f in facts.items()}
    assert rows[0]["scope"] == {"plan": "", "periods": "all", "groups": "headline", "cutoff_m": 667, "least": 1,
                                "network": "stations", "mode": "walk"}  # fmt: skip


def test_a_plan_and_its_coverage_are_one_number_whatever_the_last_bit_says() -> None:
    base = known_bundle()
    solution = dataclasses.replace(base.solution, objective=840.5000001, bound=853.6)
    after = dataclasses.replace(base.after, covered=840.4999999)
    facts = known_bundle(solution=solution, after=after).facts
    assert facts.shown("bound") - facts.shown("covered") == facts.shown("missing") == 14


def test_667_metres_are_the_ten_minutes() -> None:
    assert headline_scope(4000 / 6).cutoff_m == 667
    assert headline_scope(5000 / 6).cutoff_m == 833


# -- bands --------------------------------------------------------------------------------------------------------------


def test_the_band_of_a_sum_comes_from_the_sums_of_the_draws() -> None:
    rng = np.random.default_rng(1)
    workers, part = (
        np.array([10.0, 20.0, 0.0]),
        np.array([5.0, 0.0, 0.0]),
    )  # half of the first cell is covered
    surfaces = rng.uniform(5, 25, (40, 3))
    draws = Draws(one_lot(surfaces, workers), pd.Series(["a", "b", "b"]))
    total, covered = surfaces[:, 0] + surfaces[:, 1], surfaces[:, 0] / 2
    cells = pd.DataFrame({"workers": workers, "covered": part})
    found = draws.under(dataclasses.replace(known_bundle().before, cells=cells))
    assert found is not None
    assert found.of("workers") == pytest.approx(total)
    assert found.of("covered") == pytest.approx(covered)
    assert found.of("workers", district="b") == pytest.approx(surfaces[:, 1])
    assert found.of("workers", district="c") == pytest.approx(0)  # no cell of it
    assert found.of("covered_night") is None
    assert found.of("covered", group="rider") is None
    for points, values in (
        (Draws.of(total), total),
        (Draws.share(covered, total), covered / total),
    ):
        assert points == pytest.approx([np.quantile(values, q, method="weibull") for q in (0.05, 0.5, 0.95)])


def test_nine_in_ten_new_draws_fall_into_the_band() -> None:
    rng = np.random.default_rng(2)
    hits = 0
    for _ in range(2000):
        values = rng.lognormal(0, 0.3, 41)
        low, _, high = Draws.of(values[:40])
        hits += low <= values[40] <= high
    assert hits / 2000 == pytest.approx(0.9, abs=0.02)


def test_shares_gains_and_districts_have_bands_of_their_own_narrower_than_the_cells_added_up() -> None:
    bundle = known_bundle()
    demand = bundle.demand.assign(workers=5.0)
    rng = np.random.default_rng(3)
    surfaces = 5 * rng.lognormal(0, 0.5, (40, len(demand)))
    before, after = bundle.before, bundle.after
    facts = known_bundle(ensemble=one_lot(surfaces, 5.0), demand=demand).facts
    cells = surfaces @ (after.cells["covered"].to_numpy() / 5)
    wanted = {
        "workers": surfaces.sum(axis=1), "covered": cells, "share": cells / surfaces.sum(axis=1),
        "newly_covered": cells - surfaces @ (before.cells["covered"].to_numpy() / 5),
    }  # fmt: skip
    plan = {"workers": "", "newly_covered": "gain"}
    for quantity, values in wanted.items():
        found = facts.fact(quantity, plan=plan.get(quantity, "proposal"))
        assert (found.low, found.high) == pytest.approx(
            [np.quantile(values, q, method="weibull") for q in (0.05, 0.95)]
        )
    west = surfaces[:, (demand["district"] == "west").to_numpy()].sum(axis=1)
    assert facts.fact("workers", plan="", district="west").low == pytest.approx(
        np.quantile(west, 0.05, method="weibull")
    )
    lows = np.quantile(surfaces, 0.05, axis=0, method="weibull").sum()
    total = facts.fact("workers", plan="")
    assert total.low is not None
    assert lows < 0.6 * total.low


def test_without_draws_there_is_no_band_but_that_of_the_costs_and_of_the_groups() -> None:
    with_band = {f.id for f in known_bundle().facts.values() if f.low is not None}
    assert with_band == {"workers", "cost_yuan"}
    group = known_bundle().facts.fact("workers", plan="", groups="rider")
    assert (group.low, group.high) == (420, 1200)  # 600 times 0.7 and 2


# -- what the figures are -------------------------------------------------------------------------------------------------


def test_steady_sites_are_those_at_a_half_or_more() -> None:
    chosen = known_bundle().chosen.sort_values("rank").assign(confidence=[0.9, STEADY, 0.4999, 0.0, 0.2])
    facts = known_bundle(chosen=chosen).facts
    assert facts.shown("sites_steady") == 2
    assert facts.fact("steadiness").value == pytest.approx(0.41998)
    assert known_bundle(chosen=chosen.assign(confidence=np.nan)).facts.find("sites_steady") is None


def test_new_sites_by_district_and_phase() -> None:
    facts = known_bundle().facts
    assert {(d, b): facts.shown("sites_new", district=d, batch=b) for d, b in (("east", "2025"), ("west", "2025"), ("west", "2026"))} == {
        ("east", "2025"): 2, ("west", "2025"): 1, ("west", "2026"): 2,
    }  # fmt: skip
    assert facts.find("sites_new", district="east", batch="2026") is None


def test_phases_add_what_their_ends_differ_by_as_printed() -> None:
    chosen = known_bundle().chosen.sort_values("rank").assign(workers_gained=[170.4, 130.0, 80.3, 40.0, 9.3])
    facts = known_bundle(chosen=chosen).facts
    # 410 + 380.7 = 790.7, printed 791; the last phase ends at 840, as the plan does
    assert [facts.shown("phase_covered", batch=b) for b in ("2025", "2026")] == [381, 49]
    assert facts.shown("newly_covered", plan="gain") == 430


def test_the_last_phase_ends_at_the_plan_whatever_its_gains_round_to() -> None:
    base = known_bundle()
    chosen = base.chosen.sort_values("rank").assign(
        workers_gained=[170.4, 130.0, 80.3, 40.0, 9.75]
    )  # 410 + 430.45
    facts = known_bundle(chosen=chosen, after=dataclasses.replace(base.after, covered=840.6)).facts
    assert sum(facts.shown("phase_covered", batch=b) for b in ("2025", "2026")) == 841 - 410
    far = known_bundle(chosen=chosen, after=dataclasses.replace(base.after, covered=845.0)).facts
    assert sum(far.shown("phase_covered", batch=b) for b in ("2025", "2026")) == 840 - 410


def test_other_plans_and_rules_are_fewer_as_printed() -> None:
    tables = {"alternatives": pd.DataFrame({"plan": [1], "covered": [836.4], "share": [0.8364], "lost": [3.6], "loss": [0.0043],
                                            "same": [3], "near": [4], "sites": ["a"]})}  # fmt: skip
    facts = known_bundle(**tables).facts
    assert (facts.shown("covered", plan="alternative 1"), facts.shown("fewer", plan="alternative 1")) == (
        836,
        4,
    )
    assert facts.shown("covered", plan="rule quotas") == 847
    assert facts.shown("fewer", plan="rule quotas") == -7


def test_a_goal_of_its_own_has_a_gap_but_no_bound_in_workers() -> None:
    bundle = known_bundle()
    goal = bundle.settings.siting.goal.model_copy(update={"aim": "fair"})
    siting = bundle.settings.siting.model_copy(update={"goal": goal})
    facts = known_bundle(settings=bundle.settings.model_copy(update={"siting": siting})).facts
    assert facts.find("bound") is None
    assert isinstance(facts.find("gap"), Fact)


def test_every_figure_says_where_it_is_from_and_other_states_are_shares_of_their_own_workers() -> None:
    base = known_bundle()
    cells = base.after.cells.assign(workers_night=2.0)
    facts = known_bundle(after=dataclasses.replace(base.after, cells=cells)).facts
    assert all(f.source for f in facts.values())
    covered = {
        "twice": {"least": 2},
        "any hour": {"periods": "any_hour"},
        "night": {"periods": "night"},
        "500 m": {"cutoff_m": 500},
    }
    assert {name: facts.fact("covered", **state).value for name, state in covered.items()} == pytest.approx(
        {"twice": 280, "any hour": 860, "night": 0.17 * 400, "500 m": 610}
    )
    assert facts.find("share", cutoff_m=833) is not None
    assert [facts.fact("share", **state).value for state in covered.values()] == pytest.approx(
        [0.28, 0.86, 0.17, 0.61]
    )


def test_bands_are_left_out_where_a_state_s_cells_are_not_known() -> None:
    base = known_bundle()
    demand = base.demand.assign(workers=5.0)
    surfaces = 5 * np.random.default_rng(5).lognormal(0, 0.5, (40, len(demand)))
    night = dataclasses.replace(
        base.after, cells=base.after.cells.assign(covered_night=1.0, covered_500m=1.0)
    )
    facts = known_bundle(ensemble=one_lot(surfaces, 5.0), demand=demand, after=night).facts
    assert facts.fact("share", periods="night").low is None  # who works at night is not known per cell
    assert facts.fact("share", cutoff_m=500).low == pytest.approx(0.2)
    assert facts.fact("covered", cutoff_m=500).low == pytest.approx(
        np.quantile(surfaces.sum(axis=1) / 5, 0.05, method="weibull")
    )
    assert facts.fact("share", cutoff_m=833).low is None
    few = known_bundle(ensemble=one_lot(surfaces[:, :-1], 5.0), demand=demand).facts
    assert few.fact("share").low is None


def test_driver_homes_have_their_figures() -> None:
    class Homes:
        def run_json(self) -> dict[str, object]:
            return {"chosen": 3, "existing": 1, "drivers": 4321.4, "bound": 4400.2, "gap": 0.0123451, "cost_yuan": 5e5,
                    "homes_limited_by_bays": 2, "tied_plans": 15,
                    "served_if_drivers_low": 4000.0, "served_if_drivers_high": 4500.0}  # fmt: skip

    facts = known_bundle(homes=Homes()).facts
    of = {"network": "driver_homes", "groups": "truck"}
    shown = {
        k: facts.shown(k, **of)
        for k in (
            "homes_new",
            "drivers_served",
            "drivers_bound",
            "homes_full",
            "homes_tied",
            "homes_gap",
            "homes_cost_yuan",
        )
    }
    assert shown == {
        "homes_new": 3,
        "drivers_served": 4321,
        "drivers_bound": 4401,
        "homes_full": 2,
        "homes_tied": 15,
        "homes_gap": 0.01235,
        "homes_cost_yuan": 500_000,
    }
    assert facts.shown("homes_existing", plan="today", **of) == 1
    assert facts.fact("drivers_served", **of).shown_band() == (4000, 4500)


def test_names_and_meanings_come_in_the_language_asked_for() -> None:
    share = definitions()["share"]
    assert (share.name("zh"), share.name("en")) == ("覆盖率", "Share covered")
    assert share.meaning("zh").startswith("覆盖人数除以")
    assert (definitions()["workers"].of("zh"), definitions()["workers"].of("en")) == ("人", "workers")


def test_figures_along_a_part_differ_in_that_part_alone() -> None:
    made = Register(
        [fact("share", HERE, 0.4), fact("share", HERE.at(district="a"), 0.2), fact("share", HERE.at(district="b", plan="today"), 0.1),
         fact("share", HERE.at(district="c", least=2), 0.1), fact("workers", HERE.at(district="d"), 5)],
        HERE,
    )  # fmt: skip
    assert list(made.along("share", "district")) == ["a"]
    assert list(made.along("share", "district", plan="today")) == ["b"]
    assert list(made.along("share", "district", least=2)) == ["c"]


def test_the_table_shows_one_quantity_or_all() -> None:
    facts = known_bundle().facts
    assert set(facts.table("share")["id"]) == {"share"}
    assert len(facts.table()) == len(facts)
    assert facts.table("share", language="zh")["name"].iloc[0] == "覆盖率"
    assert list(facts.table("workers").columns[:7]) == [
        "id",
        "name",
        "shown",
        "low",
        "middle",
        "high",
        "unit",
    ]
    assert "<table" in facts._repr_html_()
    assert "Register(" in facts._repr_html_()


def test_names_that_mean_something_in_a_scope_are_told_apart_and_read_back() -> None:
    for part, names in (("periods", ("all", "any_hour", "night")), ("groups", ("headline",))):
        assert [own(part, n) for n in names] == [f"own:{n}" for n in names]
        assert [plain(own(part, n)) for n in names] == list(names)
    assert own("periods", "22_06") == own("groups", "22_06") == "22_06"
    assert own("district", "all") == "all"
