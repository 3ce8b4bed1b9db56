"""``map.html``: the plan as one page that needs no internet and no installation.

folium gives the shell (the map's element and the script that creates it). No data ever reaches it:
branca compiles what it renders as a template, so names from files travel in a compressed island and
become ``textContent`` in the browser. Everything inline is named by hash in a strict content security
policy, which also proves that the page asks nobody for anything.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from planner.errors import PlannerError, finding
from planner.publish.page.data import island_text
from planner.publish.page.scripts import assets, model_script, view_script
from planner.publish.safe import html_text, write_text
from planner.settings.about import BASE_MAPS

if TYPE_CHECKING:
    from planner.telling.bundle import Bundle

__all__ = ["Shown", "page_html", "show", "write_page"]

_FAILED = (
    "此浏览器过旧，无法显示地图：请使用 Chrome / Edge 80、Firefox 113、Safari 16.4 或更新版本。 "
    "This browser is too old for the map: please use Chrome or Edge 80, Firefox 113, Safari 16.4 or newer."
)
_NO_SCRIPT = "本页需要启用 JavaScript（不联网）。 This page needs JavaScript (no internet)."


@functools.cache
def _leaflet() -> tuple[str, str]:
    """Leaflet's script and style from the package XStatic-Leaflet, without references to other files.

    Raises
    ------
    PlannerError
        The package is not installed.
    """
    try:
        folder = resources.files("xstatic.pkg.leaflet").joinpath("data")
        script, style = (folder.joinpath(name).read_text("utf-8") for name in ("leaflet.js", "leaflet.css"))
    except (ModuleNotFoundError, FileNotFoundError) as error:
        raise PlannerError.of(finding("OUT-006")) from error
    script = re.sub(r"//# sourceMappingURL=.*", "", script).replace("</script", r"<\/script")
    style = re.sub(r"[\w-]+:\s*url\([^)]*\)[^;]*;", "", style)  # marker pictures: we draw our own
    return script.strip(), style


def _shell() -> str:
    """The page as folium writes it for an empty map, its links to other hosts taken out."""
    import folium

    shell = folium.Map(
        location=[0, 0], zoom_start=2, tiles=None, prefer_canvas=True, zoom_control=False,
        attribution_control=False, max_zoom=18, zoom_snap=0.1, zoom_delta=1, wheel_px_per_zoom_level=90,
    )  # fmt: skip
    shell._id = "planner"  # a fixed name instead of a random one: the same bytes every time
    root = shell.get_root()
    root.render()
    root.header._children.clear()
    return str(root._template.render(this=root, kwargs={}))


def _digest(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


def _policy(page: str, hosts: Sequence[str]) -> str:
    """Content security policy that names every inline script and style of the page by its hash."""
    scripts = re.findall(r"<script>(.*?)</script>", page, flags=re.DOTALL)
    styles = re.findall(r"<style>(.*?)</style>", page, flags=re.DOTALL)
    return (
        f"default-src 'none'; script-src {' '.join(map(_digest, scripts))}; "
        f"style-src {' '.join(map(_digest, styles))}; img-src {' '.join(['data:', 'blob:', *hosts])}; "
        "worker-src blob:; connect-src 'none'; base-uri 'none'; form-action 'none'"
    )


def page_html(bundle: Bundle, *, public: bool = False) -> str:
    """The page as one text: no request to anywhere, the same bytes for the same bundle; ``public``: without boundaries.

    Raises
    ------
    PlannerError
        Leaflet's package is missing.
    """
    own = assets()
    leaflet_js, leaflet_css = _leaflet()
    style = "".join(text for name, text in own.items() if name.endswith(".css"))
    study = bundle.settings.study
    head = (
        '\n<meta name="viewport" content="width=device-width, initial-scale=1">'
        '\n<meta name="referrer" content="no-referrer">'
        f"\n<title>{html_text(study.title())}</title>"
        f"\n<style>{leaflet_css}</style>\n<style>{style}</style>"
        f"\n<script>{leaflet_js}</script>\n"
    )
    body = (
        f'\n<div id="planner-failed" role="alert">{_FAILED}</div><noscript>{_NO_SCRIPT}</noscript>'
        '\n<aside id="planner-panel"></aside>'
    )
    tail = (
        f'<script type="text/plain" id="planner-licence">{html.escape(own["leaflet-licence.txt"], quote=False)}</script>'
        f'\n<script type="application/octet-stream" id="planner-data">{island_text(bundle, public=public)}</script>'
        f"\n<script>{model_script()}</script>\n<script>{view_script()}</script>\n"
    )
    hosts = [] if public else [host for name in study.base_maps for host in BASE_MAPS[name]]
    page = _insert(_shell(), "<head>", head, after=True)
    page = _insert(page, "<body>", body, after=True)
    page = _insert(page, "</html>", tail, after=False)
    page = page.replace("<html>", f'<html lang="{"zh-CN" if study.language == "zh" else "en"}">', 1)
    policy = f'\n<meta charset="utf-8">\n<meta http-equiv="Content-Security-Policy" content="{_policy(page, hosts)}">'
    return _insert(page, "<head>", policy, after=True)


def _insert(page: str, mark: str, text: str, *, after: bool) -> str:
    """``text`` beside the only ``mark`` of the page.

    Raises
    ------
    PlannerError
        folium's shell has changed: the mark is not there.
    """
    before, found, rest = page.partition(mark)
    if not found:
        raise PlannerError(f"folium's page has no {mark}; this planner knows folium 0.20")
    return before + (mark + text if after else text + mark) + rest


def write_page(bundle: Bundle, path: Path | str, *, public: bool = False) -> Path:
    """Write ``map.html`` (``public``: ``map-public.html``), whole or not at all.

    Raises
    ------
    OutputError
        The file could not be written.
    PlannerError
        As :func:`page_html`.
    """
    path = Path(path)
    write_text(path, page_html(bundle, public=public))
    return path


@dataclass(frozen=True)
class Shown:
    """The page inside a notebook: an ``iframe`` whose content is carried along, escaped."""

    html: str
    height: int = 640
    title: str = ""

    def __repr__(self) -> str:
        return f"Shown({len(self.html) / 1e6:.2f} MB page, {self.height} px high)"

    def _repr_html_(self) -> str:
        return (
            f'<iframe srcdoc="{html.escape(self.html)}" title="{html_text(self.title)}" width="100%" '
            f'height="{int(self.height)}" style="border:1px solid #ddd" sandbox="allow-scripts"></iframe>'
        )


def show(bundle: Bundle, height: int = 640) -> Shown:
    """The page for a notebook cell, ``height`` px high."""
    return Shown(page_html(bundle), height=height, title=bundle.settings.study.title())
