"""How heavy the page is, and how it looks: ``python -m benchmarks page [MAP.html] [--many] [--peers] [--shots DIR]``.

Size, CPU seconds until it answers, of an edit, of another state and of planning the rest anew, and the memory it holds, in headless
Chromium without internet; ``--many`` measures a made-up town with 10,000 new sites besides: until it is ready, and frames while
it zooms; ``--peers`` the same places and cells drawn by plain folium and, where it is installed, exported by kepler.gl (both without their
lists, figures and questions); ``--shots`` writes a picture of each of ten states.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
DEFAULT = Path("outputs/suzhou/map.html")
_FIRST = "(n) => __planner.head.sites.id.slice(0, n)"
#: Name of a picture → what is done before it is taken, in a page as it opens.
STATES = {
    "01-proposal": "() => {}",
    "02-today": "() => planner.setState({ plan: 'today' })",
    "03-centre": "() => __planner.map.setView(__planner.layers.siteSymbols[0].getLatLng(), 12.5, { animate: false })",
    "04-night": "() => { __planner.map.setView(__planner.layers.siteSymbols[0].getLatLng(), 12.5, { animate: false }); return planner.setState({ periods: 'night' }); }",
    "05-two-stations": "() => { document.querySelector('#tab-districts').click(); return planner.setState({ least: 2 }); }",
    "06-card": "() => document.querySelector(\"button[data-rank='1']\").click()",
    "07-move": "() => { document.querySelector(\"button[data-rank='1']\").click(); setTimeout(() => document.querySelector('[data-tool=move]').click(), 250); }",
    "08-mine": f"() => {{ document.querySelector('#tab-mine').click(); return planner.edit({{ drop: ({_FIRST})(3), reject: {{ [({_FIRST})(9)[8]]: '场所方不同意' }} }}); }}",
    "09-replanned": f"async () => {{ document.querySelector('#tab-mine').click(); await planner.edit({{ drop: ({_FIRST})(3) }}); await planner.replan(); }}",
    "10-gaps": "() => { document.querySelector('#tab-gaps').click(); __planner.layers.show('gaps', true); __planner.map.setView(__planner.layers.siteSymbols[0].getLatLng(), 12.5, { animate: false }); }",
}


@contextmanager
def opened(browser: Any, path: Path) -> Iterator[Any]:
    """The page in a context of its own, when it answers."""
    context = browser.new_context(
        offline=True, viewport={"width": 1200, "height": 780}, reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto(path.resolve().as_uri())
    page.evaluate("async () => { await planner.state(); }")
    yield page
    context.close()


def spent(browser: Any) -> float:
    """CPU seconds of the pages' processes so far."""
    found = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    return float(sum(p["cpuTime"] for p in found if p["type"] == "renderer"))


def measured(browser: Any, path: Path) -> dict[str, float]:
    """What the page costs."""
    found: dict[str, float] = {"size, MB": path.stat().st_size / 1e6}
    idle = spent(browser)
    with opened(browser, path) as page:
        found["until it answers, CPU s"] = spent(browser) - idle
        steps = {
            "an edit counted, CPU s": f"async () => {{ await planner.edit({{ drop: ({_FIRST})(1) }}); await planner.figures(); }}",
            "an edit drawn, CPU s": f"async () => {{ await planner.edit({{ add: ({_FIRST})(1) }}); __planner.desk.tellNow(); }}",
            "another state drawn, CPU s": "async () => { await planner.setState({ periods: 'night' }); __planner.desk.tellNow(); }",
        }
        for name, code in steps.items():
            before = spent(browser)
            page.evaluate(code)
            found[name] = spent(browser) - before
        page.evaluate(
            "async () => { await planner.setState({ periods: 'all' }); await planner.replan(); }"
        )  # the worker starts
        begun = time.monotonic()
        answer = page.evaluate(
            f"async () => {{ await planner.edit({{ drop: ({_FIRST})(3) }}); return planner.replan(); }}"
        )
        found["the rest planned anew, s"] = time.monotonic() - begun
        found["its gap"] = answer["gap"]
        found["heap, MB"] = page.evaluate("() => performance.memory.usedJSHeapSize") / 1e6
    return found


def told(path: Path, found: dict[str, float]) -> None:
    """Print what was measured of a page."""
    print(json.dumps({"page": path.name} | {k: round(v, 5) for k, v in found.items()}, indent=1))


_ZOOM = """async () => {
  const { map } = __planner;
  const frames = [];
  let [last, on] = [performance.now(), true];
  const tick = (now) => { frames.push(now - last); last = now; if (on) requestAnimationFrame(tick); };
  requestAnimationFrame(tick);
  const from = map.getZoom();
  for (const step of [1, 2, 3, 4, 3, 2, 1, 0]) {
    await new Promise((done) => { map.once('zoomend', done); map.setZoom(from + step, { animate: true }); });
    await new Promise((done) => setTimeout(done, 200));
  }
  on = false;
  frames.sort((a, b) => a - b);
  return [frames[Math.floor(0.5 * frames.length)], frames[Math.floor(0.95 * frames.length)], frames.at(-1)];
}"""


def zoomed(browser: Any, path: Path) -> dict[str, float]:
    """Seconds until the page is ready, the best of three, and frames while it zooms (ms), on this machine's clock."""
    ready, found = [], [0.0, 0.0, 0.0]
    for _ in range(3):
        begun = time.monotonic()
        context = browser.new_context(offline=True, viewport={"width": 1200, "height": 780})
        page = context.new_page()
        page.goto(path.resolve().as_uri())
        while not page.evaluate("window.__ready === true"):
            page.wait_for_timeout(10)
        ready.append(time.monotonic() - begun)
        page.wait_for_timeout(500)
        found = page.evaluate(_ZOOM)
        context.close()
    return dict(zip(("frame, median ms", "frame, p95 ms", "frame, longest ms"), found, strict=True)) | {
        "ready, s": min(ready)
    }


#: What plain folium asks the internet for and cannot do without; it is given from a package on this machine.
_LEAFLET = ("leaflet.js", "leaflet.css")


def peers(browser: Any, folder: Path, name: str, cells: Any, places: Any) -> None:
    """Plain folium and kepler.gl with the same cells (may be None) and places (WGS84): size, seconds until all is there, frames, heap."""
    import folium

    west, south, east, north = places.total_bounds
    shell = folium.Map(location=[(south + north) / 2, (west + east) / 2], zoom_start=10, prefer_canvas=True)
    if cells is not None:
        folium.GeoJson(cells, style_function=lambda _: {"weight": 0, "fillOpacity": 0.5}).add_to(shell)
    for point in places.geometry:
        folium.CircleMarker([point.y, point.x], radius=4, popup="site").add_to(shell)
    path = folder / f"folium-{name}.html"
    shell.save(path)
    told(path, _peer(browser, path))
    try:
        from keplergl import KeplerGl
    except ImportError:
        print(f"kepler.gl is not installed: {name} not exported")
        return
    given = {"places": places[["geometry"]]} | ({} if cells is None else {"cells": cells[["geometry"]]})
    path = folder / f"kepler-{name}.html"
    KeplerGl(data=given).save_to_html(file_name=str(path))
    asks = sorted(set(re.findall(r"https://([^/\"' ]+)/", path.read_text("utf-8"))))
    told(path, {"size, MB": path.stat().st_size / 1e6})
    print(f"kepler.gl's page asks {', '.join(asks)} for its own script: without internet it stays blank")


def _peer(browser: Any, path: Path) -> dict[str, float]:
    """A folium page, its Leaflet given from this machine, every other request refused."""
    from importlib import resources

    data = resources.files("xstatic.pkg.leaflet").joinpath("data")

    def answer(route: Any) -> None:
        name = route.request.url.rsplit("/", 1)[-1]
        if name in _LEAFLET:
            route.fulfill(path=str(data.joinpath(name)))
        else:
            route.abort()

    context = browser.new_context(viewport={"width": 1200, "height": 780})
    page = context.new_page()
    page.route(re.compile("^https?:"), answer)
    idle, begun = spent(browser), time.monotonic()
    page.goto(path.resolve().as_uri(), timeout=300_000)
    code = "() => { const name = Object.keys(window).find((k) => k.startsWith('map_')); window.__planner = { map: window[name] }; }"
    page.evaluate(code)
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    found = {
        "size, MB": path.stat().st_size / 1e6,
        "until it answers, CPU s": spent(browser) - idle,
        "ready, s": time.monotonic() - begun,
    }
    frames = page.evaluate(_ZOOM)
    found |= dict(zip(("frame, median ms", "frame, p95 ms", "frame, longest ms"), frames, strict=True))
    found["heap, MB"] = page.evaluate("() => performance.memory.usedJSHeapSize") / 1e6
    context.close()
    return found


def suzhou_places(path: Path) -> tuple[Any, Any] | None:
    """Cells, and stations with the new sites, of the run that made the page; None where its plan.gpkg is not beside it."""
    import geopandas as gpd
    import pandas as pd

    file = path.with_name("plan.gpkg")
    if not file.is_file():
        return None
    layers = {
        name: gpd.read_file(file, layer=name)[["geometry"]].to_crs(4326)
        for name in ("demand", "stations", "chosen")
    }
    points = pd.concat([layers["stations"], layers["chosen"]], ignore_index=True)
    return layers["demand"], points[~(points.geometry.isna() | points.geometry.is_empty)]


def many_sites(folder: Path, n: int = 10_000) -> Path:
    """A made-up town's page with so many new sites."""
    from planner.publish.page.write import page_html
    from tests.browser.test_table import many

    path = folder / f"sites-{n}.html"
    path.write_text(page_html(many(n)), "utf-8")
    return path


def main(arguments: list[str]) -> int:
    """Measure, and take pictures where asked."""
    from playwright.sync_api import sync_playwright

    shots = Path(arguments[arguments.index("--shots") + 1]) if "--shots" in arguments else None
    files = [Path(a) for a in arguments if a.endswith(".html")] or [DEFAULT]
    names = ("chromium", "chromium-browser", "google-chrome", "chromium-headless-shell")
    chromium = next((p for p in map(shutil.which, names) if p), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=SWITCHES)
        for path in files:
            told(path, measured(browser, path) | zoomed(browser, path))
        if "--many" in arguments:
            with tempfile.TemporaryDirectory() as folder:
                path = many_sites(Path(folder))
                told(path, {"size, MB": path.stat().st_size / 1e6} | zoomed(browser, path))
        if "--peers" in arguments:
            from tests.browser.test_table import many

            with tempfile.TemporaryDirectory() as folder:
                found = suzhou_places(files[0])
                if found is not None:
                    peers(browser, Path(folder), files[0].parent.name, *found)
                peers(
                    browser, Path(folder), "sites-10000", None, many(10_000).chosen[["geometry"]].to_crs(4326)
                )
        for name, code in STATES.items() if shots is not None else ():
            shots.mkdir(parents=True, exist_ok=True)
            with opened(browser, files[0]) as page:
                page.evaluate(f"async () => {{ await ({code})(); }}")
                page.wait_for_timeout(700)
                page.screenshot(path=shots / f"{name}.jpg", type="jpeg", quality=78)
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
