"""Last year's plan as one of the page's plans: counted as the study counts the same sites."""

from __future__ import annotations

import pytest

from planner.publish.page.write import page_html
from planner.study.gather import make_bundle
from planner.study.study import open_study
from tests.audit.test_changes import HOSTS, OLD, last_year, previous, town
from tests.browser.test_negotiation import ask
from tests.study.town import covered

pytestmark = pytest.mark.browser


def test_last_years_plan_stands_beside_this_years(opened, tmp_path):
    run = last_year(tmp_path / "then", {"A": 900.0, "D": 3300.0, "nowhere": 9000.0})
    study = open_study(town(tmp_path, previous(run)))
    bundle = make_bundle(study.stages)
    seen = opened(page_html(bundle))
    wanted = covered(study, lambda _: [OLD, *(h for h in HOSTS if h.name in ("A", "D"))])
    figures = ask(seen, "planner.setState({ plan: 'last' }).then(() => planner.figures())")
    assert figures["covered"] == pytest.approx(wanted, abs=0.1)
    assert figures["sites"] == 2  # where "nowhere" stood there is no candidate any more
    assert seen.page.get_by_role("radio", name="Last plan").is_checked()
    seen.page.locator("#tab-compare").click()
    assert seen.page.locator("[data-compare=with]").input_value() in ("today", "proposal")
    assert "plan=last" in seen.page.evaluate(
        "new Promise((done) => setTimeout(() => done(location.hash), 400))"
    )
    assert seen.errors == []


def test_a_study_that_goes_on_from_none_has_no_such_plan(opened, tmp_path):
    study = open_study(town(tmp_path, ""))
    seen = opened(page_html(make_bundle(study.stages)))
    assert seen.page.get_by_role("radio", name="Last plan").count() == 0
    assert ask(seen, "planner.setState({ plan: 'last' }).then(() => '', (e) => String(e))") == 'Error: plan cannot be "last"'  # fmt: skip
