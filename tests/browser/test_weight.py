"""A plan the size of Suzhou: the page stays light and quick."""

from __future__ import annotations

import pytest

from planner.publish.page import page_html
from tests.browser.suzhou_sized import city_bundle

pytestmark = pytest.mark.browser


def test_a_city_is_under_3_mb_and_ready_within_3_seconds(opened):
    html = page_html(city_bundle())
    assert len(html.encode()) <= 3_000_000
    times = []
    for _ in range(5):  # the machine may be busy with something else: the best of five counts
        seen = opened(html, width=1440, height=900)
        times.append(seen.page.evaluate("() => performance.now()") / 1000)
        assert seen.errors == []
        assert len(seen.requests) == 1
        if times[-1] <= 3:
            break
    assert min(times) <= 3, times
    zoomed = seen.page.evaluate(
        """() => { const start = performance.now(); __planner.map.setView([31.3, 120.62], 13, { animate: false });
                   return performance.now() - start; }"""
    )
    assert zoomed < 1500
    assert seen.painted("cells") > 100_000
