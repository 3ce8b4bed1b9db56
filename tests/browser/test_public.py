"""The public page opens, says that it is public, and draws no outline."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from planner.publish.page.write import page_html
from tests.publish.known import known_bundle

pytestmark = pytest.mark.browser


def test_the_public_page_has_no_outline_and_says_so(opened):
    seen = opened(page_html(known_bundle(), public=True))
    assert seen.painted("land") == 0
    assert seen.painted("points") > 0
    assert "Public version: without district boundaries" in seen.page.locator("header .kicker").inner_text()
    assert "Public version" in seen.page.locator(".credits").inner_text()
    assert "Internal" not in seen.page.locator(".credits").inner_text()
    seen.page.get_by_role("tab", name="Districts").click()
    seen.page.locator("table.districts button").first.click()
    seen.page.wait_for_timeout(300)
    assert seen.page.evaluate("__planner.map.getZoom() > 10")
    if os.environ.get("PLANNER_SHOTS"):
        seen.page.screenshot(path=str(Path(os.environ["PLANNER_SHOTS"]) / "public.png"))
    assert not seen.errors
