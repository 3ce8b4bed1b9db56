"""Headless Chromium for the page's tests: offline, and every request, error and console message kept."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ROOT = str(Path(__file__).parents[2])
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)  # tests.publish.toy

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge")
SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
            "--disable-sync", "--no-first-run", "--disable-dev-shm-usage"]  # fmt: skip
HINT = "no Chromium found: apt-get install chromium, or set PLANNER_CHROMIUM to a browser's path"


def _browser_path() -> str | None:
    return os.environ.get("PLANNER_CHROMIUM") or next((p for p in map(shutil.which, NAMES) if p), None)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    path = _browser_path()
    if path is None:
        if os.environ.get("CI"):
            pytest.fail(HINT)
        pytest.skip(HINT)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=SWITCHES)
        yield browser
        browser.close()


@dataclass
class Seen:
    """An open page and everything it did that one would rather know about."""

    page: Any
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def painted(self, pane: str) -> int:
        """Painted pixels on the canvases of a pane."""
        return int(
            self.page.evaluate(
                """(pane) => [...document.querySelectorAll(`.leaflet-p-${pane}-pane canvas`)].reduce((sum, c) => {
                     const px = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
                     let n = 0;
                     for (let i = 3; i < px.length; i += 4) n += px[i] > 0;
                     return sum + n;
                   }, 0)""",
                pane,
            )
        )

    @property
    def card(self) -> Any:
        """The popup opened last; the one before may still be fading."""
        return self.page.locator(".leaflet-popup-content").last

    def popup(self) -> str:
        """The heading of the open popup, character for character."""
        return str(self.card.locator(".name").evaluate("(node) => node.textContent"))

    def wait_until_ready(self, within_s: float = 30.0) -> None:
        """Ask again and again: a waiting function would be evaluated in the page, which its policy forbids."""
        end = time.monotonic() + within_s
        while not self.page.evaluate("window.__ready === true"):
            assert time.monotonic() < end, "the page did not get ready"
            self.page.wait_for_timeout(20)


@pytest.fixture
def opened(chromium: Any, tmp_path: Path) -> Iterator[Callable[..., Seen]]:
    """``opened(html, width=…, height=…)``: the page, ready, in an offline context of its own."""
    with ExitStack() as stack:

        def open_page(
            html: str, *, width: int = 1280, height: int = 800, ready: bool = True, **options: Any
        ) -> Seen:
            path = tmp_path / "map.html"
            path.write_text(html, "utf-8")
            context = chromium.new_context(
                offline=True, viewport={"width": width, "height": height}, reduced_motion="reduce", **options
            )
            stack.callback(context.close)
            seen = Seen(context.new_page())
            seen.page.on("request", lambda r: seen.requests.append(r.url))
            seen.page.on("pageerror", lambda e: seen.errors.append(str(e)))
            seen.page.on("console", lambda m: m.type in ("error", "warning") and seen.errors.append(m.text))
            seen.page.goto(path.as_uri())
            if ready:
                seen.wait_until_ready()
            return seen

        yield open_page
