"""Two plans beside each other on the page: figures of both, what only one has, and a swipe on the map."""

from __future__ import annotations

import pytest

from tests.browser.test_negotiation import ask, bundle, html, study

pytestmark = pytest.mark.browser
__all__ = ["bundle", "html", "study"]  # fixtures


def number(text):
    return float(
        text.replace("−", "-").replace("+", "").replace(",", "").replace("%", "").replace("–", "nan")
    )


def rows(seen):
    table = seen.page.locator(".beside tbody tr")
    return {row.locator("th").inner_text(): [number(t) for t in row.locator("td").all_inner_texts()] for row in table.all()}  # fmt: skip


def test_the_shown_plan_stands_beside_any_other_with_the_figures_of_the_study(opened, html, bundle):
    seen = opened(html)
    seen.page.get_by_role("tab", name="Compare").click()
    choice = seen.page.locator("[data-compare=with]")
    choice.select_option("today")
    found = rows(seen)
    before, after = bundle.before, bundle.after
    assert found["Total"][:2] == [round(100 * after.share, 1), round(100 * before.share, 1)]
    assert found["Total"][2] == round(after.covered) - round(before.covered)
    parts = [each.by_district.set_index("district")["share"] for each in (after, before)]
    for name in ("west", "mid", "east"):
        assert found[name][:2] == pytest.approx([100 * part[name] for part in parts], abs=0.051)
    assert sum(found[name][2] for name in ("west", "mid", "east")) == pytest.approx(found["Total"][2], abs=2)
    assert seen.errors == []


def test_what_only_one_plan_has_is_listed_and_counted(opened, html):
    seen = opened(html)
    chosen = ask(seen, "planner.state().then(() => __planner.head.sites.id)")
    other = ask(
        seen, "__planner.desk.ids.find((i) => i.startsWith('h') && !__planner.head.sites.id.includes(i))"
    )
    ask(seen, "planner.edit({ drop: [given[0]], add: [given[1]] })", [chosen[0], other])
    seen.page.get_by_role("tab", name="Compare").click()
    assert seen.page.locator("[data-compare=with]").input_value() == "proposal"
    told = seen.page.locator(".beside summary").all_inner_texts()
    assert told == ["Stations only in “My plan”: 1", "Stations only in “Proposal”: 1"]
    mine = ask(seen, "planner.figures()")["covered"]
    theirs = ask(seen, "planner.setState({ plan: 'proposal' }).then(() => planner.figures())")["covered"]
    seen.page.locator("[data-compare=with]").select_option("mine")
    assert rows(seen)["Total"][2] == round(theirs) - round(mine)


def test_a_swipe_shows_the_other_plan_right_of_a_line_that_keys_and_mouse_move(opened, html):
    seen = opened(html)
    seen.page.get_by_role("tab", name="Compare").click()
    seen.page.locator("[data-compare=with]").select_option("today")
    assert seen.page.locator(".swipe").count() == 0
    seen.page.locator("[data-compare=swipe]").check()
    line = seen.page.get_by_role("slider")
    assert line.get_attribute("aria-valuenow") == "50"
    names = seen.page.locator(".swipe-name").all_inner_texts()
    assert names == ["Proposal", "Today"]
    span = "(name) => __planner.map.getPane(name).span"
    width = seen.page.evaluate("__planner.map.getSize().x")
    assert seen.page.evaluate(span, "p-points") == [0, round(width / 2)]
    assert seen.page.evaluate(span, "p-points-b") == [round(width / 2), width]
    assert seen.painted("cells-b") > 0
    assert seen.painted("points-b") > 0
    for _ in range(5):
        line.press("ArrowLeft")
    assert line.get_attribute("aria-valuenow") == "40"
    box = line.bounding_box()
    seen.page.mouse.move(box["x"] + 1, box["y"] + 200)
    seen.page.mouse.down()
    seen.page.mouse.move(box["x"] + 1 + width / 4, box["y"] + 200)
    seen.page.mouse.up()
    assert int(line.get_attribute("aria-valuenow")) == pytest.approx(65, abs=1)
    seen.page.locator("[data-compare=swipe]").uncheck()
    assert seen.page.locator(".swipe").count() == 0
    assert seen.page.evaluate(span, "p-points") is None
    assert seen.errors == []


def test_the_comparison_is_printed_when_it_is_open(opened, html):
    pdfium = pytest.importorskip("pypdfium2")
    seen = opened(html)

    def said():
        with pdfium.PdfDocument(seen.page.pdf(format="A4", landscape=True)) as document:
            return "".join(page.get_textpage().get_text_range() for page in document)

    assert "Difference (workers)" not in said()
    seen.page.get_by_role("tab", name="Compare").click()
    assert "Difference (workers)" in said()
