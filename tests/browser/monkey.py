"""Somebody who clicks, drags, types and zooms at random, as fast as the page lets them; seeded."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

#: Keys that do something on the page or its map.
KEYS = (
    "Escape",
    "Tab",
    "Enter",
    "ArrowLeft",
    "ArrowRight",
    "ArrowUp",
    "ArrowDown",
    "+",
    "-",
    " ",
    "Home",
    "End",
    "PageDown",
)
#: What is never pressed: it leaves the page, or opens a window of the system.
NEVER = "[data-act=print], [data-act=open], [data-act=csv], [data-act=json], .picture, a[href^=http]"


def steps_of(page: Any, random_: random.Random) -> list[Callable[[], Any]]:
    """What can be done next."""
    size = page.viewport_size

    def spot() -> tuple[float, float]:
        return random_.uniform(0, size["width"]), random_.uniform(0, size["height"])

    def drag() -> None:
        page.mouse.move(*spot())
        page.mouse.down()
        page.mouse.move(*spot(), steps=3)
        page.mouse.up()

    def wheel() -> None:
        page.mouse.move(*spot())
        page.mouse.wheel(0, random_.choice((-600, -120, 120, 600)))

    def press() -> None:
        """A button, box, link or list of the page, whether it is in sight or not."""
        page.evaluate(
            """([share, never]) => {
              const all = [...document.querySelectorAll("button, input[type=checkbox], input[type=radio], a[role=button], select, summary, [role=option]")]
                .filter((node) => !node.disabled && node.offsetParent !== null && !node.matches(never));
              const node = all[Math.floor(share * all.length)];
              if (!node) return;
              if (node.tagName !== "SELECT") return node.click();
              node.selectedIndex = Math.floor(share * 997) % node.options.length;
              node.dispatchEvent(new Event("change"));
            }""",
            [random_.random(), NEVER],
        )

    def zoom() -> None:
        page.evaluate(
            "(by) => void __planner.map.setZoom(__planner.map.getZoom() + by)", random_.choice((-2, -1, 1, 2))
        )

    def door() -> None:
        page.evaluate(
            """([share, k]) => {
              const { ids } = __planner.desk;
              const id = ids[Math.floor(share * ids.length)];
              return [() => planner.edit({ add: [id] }), () => planner.edit({ drop: [id] }), () => planner.undo(), () => planner.redo(), () => planner.setState({ reset: true })][k]().catch(() => null);
            }""",
            [random_.random(), random_.randrange(5)],
        )

    def search() -> None:
        page.evaluate(
            """(text) => { const box = document.querySelector("[role=combobox]"); box.value = text; box.dispatchEvent(new Event("input")); }""",
            random_.choice(("1", "h", "120.62, 31.3", "区", "")),
        )

    click = lambda: page.mouse.click(*spot())  # noqa: E731
    twice = lambda: page.mouse.dblclick(*spot())  # noqa: E731
    key = lambda: page.keyboard.press(random_.choice(KEYS))  # noqa: E731
    back = lambda: page.evaluate("() => { if (history.state?.card) history.back(); }")  # noqa: E731
    return [click, click, click, twice, drag, wheel, press, press, press, key, key, zoom, door, search, back]


def let_loose(page: Any, *, seed: int, steps: int, each: Callable[[int], None] | None = None) -> None:
    """So many random steps on an open page."""
    random_ = random.Random(seed)
    mine = steps_of(page, random_)
    for k in range(steps):
        random_.choice(mine)()
        if random_.random() < 0.3:
            page.wait_for_timeout(random_.uniform(0, 120))
        if each:
            each(k)
