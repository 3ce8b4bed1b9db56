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

#: The first draws pages and has no window around them, which takes a quarter of the work away.
NAMES = (
    "chromium-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "microsoft-edge",
)
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


VIEW = {"width": 1280, "height": 800}


class Pages:
    """Pages that have been used and are free again, each in a context of its own.

    A renderer that is started anew costs more than any of our pages; what a test left is cleared away behind it.
    """

    def __init__(self, chromium: Any) -> None:
        self.chromium = chromium
        self.free: list[Any] = []

    def take(self) -> Any:
        if self.free:
            return self.free.pop()
        return self.chromium.new_context(offline=True, viewport=VIEW, reduced_motion="reduce").new_page()

    def give_back(self, used: list[Any]) -> None:
        """No stored plan, route or connection of the test is left; a page that it closed is not used again."""
        for page in used:
            if page.is_closed():
                page.context.close()
                continue
            page.context.set_offline(True)
            page.context.unroute_all()
            page.unroute_all()
            page.emulate_media(media="null", reduced_motion="reduce")
            page.evaluate("() => { localStorage.clear(); sessionStorage.clear(); }")
            self.free.append(page)


@pytest.fixture(scope="session")
def pages(chromium: Any) -> Iterator[Pages]:
    made = Pages(chromium)
    yield made
    for page in made.free:
        page.context.close()


@pytest.fixture
def opened(chromium: Any, pages: Pages, tmp_path: Path) -> Iterator[Callable[..., Seen]]:
    """``opened(html, width=…, height=…)``: the page, ready, offline; with options of a context in one of its own.

    ``own=True``: in a context of its own too, for whatever shall not be cleared away by :class:`Pages`.
    """
    used: list[Any] = []
    with ExitStack() as stack:

        def open_page(
            html: str,
            *,
            width: int = 1280,
            height: int = 800,
            ready: bool = True,
            own: bool = False,
            **options: Any,
        ) -> Seen:
            path = tmp_path / "map.html"
            path.write_text(html, "utf-8")
            if own or options:
                context = chromium.new_context(
                    offline=True,
                    viewport={"width": width, "height": height},
                    **{"reduced_motion": "reduce"} | options,
                )
                stack.callback(context.close)
                page = context.new_page()
            else:
                used.append(page := pages.take())
                page.set_viewport_size({"width": width, "height": height})
            seen = Seen(page)

            def noted(event: str, note: Callable[[Any], object]) -> None:
                page.on(event, note)
                stack.callback(page.remove_listener, event, note)

            noted("request", lambda r: seen.requests.append(r.url))
            noted("pageerror", lambda e: seen.errors.append(str(e)))
            noted("console", lambda m: m.type in ("error", "warning") and seen.errors.append(m.text))
            seen.page.goto(path.as_uri())
            if ready:
                seen.wait_until_ready()
            return seen

        yield open_page
    pages.give_back(used)
