"""What the products say of fairness, on the town whose figures are set by hand."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from planner.equity.fairness import Fairness
from planner.publish.office import document
from planner.telling.contents.fairness import fairness_lines, fairness_rows
from planner.workbook import whole as workbook
from tests.publish.known import known_bundle, one_lot

# west 700 workers, east 300. Today 50 % and 20 %: mean 41 %, Gini 0.7 · 0.3 · 0.3 / 0.41 = 0.154, gap 30.0.
# With the plan 90 % and 70 %: mean 84 %, Gini 0.21 · 0.2 / 0.84 = 0.050, gap 20.0.


def _widened(language: str = "en") -> Any:
    """With the plan 85 % and 50 %: mean 74.5 %, Gini 0.21 · 0.35 / 0.745 = 0.099, gap 35.0."""
    base = known_bundle(language)
    table = base.after.by_district.copy()
    table["share"] = table["district"].map({"west": 0.85, "east": 0.5})
    table["covered"] = table["share"] * table["workers"]
    return known_bundle(language, after=dataclasses.replace(base.after, by_district=table))


def test_gini_and_gap_are_registered_before_and_after() -> None:
    facts = known_bundle().facts
    assert [facts.shown("gini_districts", plan=p) for p in ("today", "proposal")] == [0.154, 0.05]
    assert facts.fact("gini_districts", plan="today").value == pytest.approx(0.063 / 0.41)
    assert [facts.shown("district_gap", plan=p) for p in ("today", "proposal")] == [30.0, 20.0]
    assert facts.find("gini_units") is None  # nobody looked at groups and periods


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_gini_that_narrows_and_a_gap_that_widens_are_both_told(language: str) -> None:
    lines = list(fairness_lines(_widened(language)))
    wanted = {
        "zh": ["0.154 降至 0.099", "30.0 扩大到 35.0 个百分点"],
        "en": ["falls from 0.154 to 0.099", "widens from 30.0 to 35.0 points"],
    }[language]
    for line, words in zip(lines, wanted, strict=False):
        assert words in line
    assert len(lines) == 4  # what each measures, and that they disagree
    assert len(list(fairness_lines(known_bundle(language)))) == 3


def test_workbook_and_report_print_what_is_registered(tmp_path: Path) -> None:
    bundle = _widened()
    workbook.write_workbook(bundle, tmp_path / "a.xlsx")
    rows = list(openpyxl.load_workbook(tmp_path / "a.xlsx")["Other readings"].iter_rows(values_only=True))
    found = {row[0]: (row[1], row[3]) for row in rows if row[0]}
    assert found["Gini of districts"] == (0.154, 0.099)
    assert found["Best minus worst district"] == (30, 35)
    document.write_report(bundle, tmp_path / "report.html", {})
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "widens from 30.0 to 35.0 points" in page
    assert "Gini of districts" in page


def test_measures_over_groups_and_periods_come_with_the_units() -> None:
    # two units of one district, half the workers each: 0 and 40 % today, both 40 % with the plan
    units = pd.DataFrame(
        {
            "district": "west", "group": ["rider", "courier"], "period": "06_10", "workers": [50.0, 50.0],
            "today": [0.0, 20.0], "proposal": [20.0, 20.0],
        }
    )  # fmt: skip
    bundle = known_bundle(fairness=Fairness(units))
    facts = bundle.facts
    assert [facts.shown("gini_units", plan=p) for p in ("today", "proposal")] == [0.5, 0.0]
    assert [facts.shown("theil_between", plan=p) for p in ("today", "proposal")] == [0.0, 0.0]
    assert facts.fact("theil_within", plan="today").value == pytest.approx(0.6931, abs=1e-4)  # ln 2
    ede = facts.fact("ede_share", plan="today")  # κ = 0.4 / 0.16 = 2.5 at aversion 1
    assert ede.value == pytest.approx(0.1520, abs=1e-4)  # −ln((1 + e⁻¹) / 2) / 2.5
    assert ede.low is not None
    assert ede.high is not None
    assert ede.low < ede.value < ede.high < 0.2  # below the mean at any aversion
    assert facts.shown("ede_share") == 0.4
    assert len(fairness_rows(bundle)) == 6


def test_bands_of_the_gini_are_from_the_draws_of_the_demand() -> None:
    import numpy as np

    bundle = known_bundle()
    rng = np.random.default_rng(3)
    surfaces = 5 * rng.lognormal(0, 0.5, (40, len(bundle.demand)))
    demand = bundle.demand.assign(workers=5.0)
    made = known_bundle(ensemble=one_lot(surfaces, 5.0), demand=demand)
    share = made.before.cells["covered"].to_numpy() / 5
    gaps = []
    for draw in surfaces:
        of = [
            (draw * share)[mask].sum() / draw[mask].sum()
            for mask in ((demand["district"] == d).to_numpy() for d in ("west", "east"))
        ]
        gaps.append(100 * abs(of[0] - of[1]))
    found = made.facts.fact("district_gap", plan="today")
    wanted = [np.quantile(gaps, q, method="weibull") for q in (0.05, 0.95)]
    assert [found.low, found.high] == pytest.approx(wanted)
