"""What every figure is drawn on: font and colours, an empty figure, and the map under a theme.

The font is Noto Sans SC from a package that comes with planner, so that a figure is the same on every machine.
Only without that package is one of the system's taken; without any, Chinese figures are left out and
:func:`judge_font` says what to install. No text is read as mathematics (``$``).
"""

from __future__ import annotations

import functools
import re
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np

from planner.errors import Finding, finding
from planner.publish.safe import cell_text
from planner.telling.contents.coverage import district_labels
from planner.telling.words.phrases import phrase

if TYPE_CHECKING:
    from planner.telling.bundle import Bundle

__all__ = [
    "ACCENT",
    "INK",
    "LINE",
    "NOW",
    "SOFT",
    "base_map",
    "chinese_font",
    "figure_style",
    "fill_map",
    "frame_map",
    "judge_font",
    "new_figure",
    "plot_shapes",
    "set_title",
]

#: Package and file of the figures' font (OFL 1.1), and what matplotlib knows it by: a name no system's font has.
_PACKAGE, _FILE, _OURS = "pylopdf_fonts_zh_cn", "NotoSansSC-Regular.otf", "planner Noto Sans SC"
#: Other fonts with Chinese characters, in the order we would choose them.
FONTS = ("Noto Sans CJK SC", "Source Han Sans SC", "Source Han Sans CN", "Noto Sans SC", "PingFang SC",
         "Microsoft YaHei", "Hiragino Sans GB", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "SimHei", "Heiti SC",
         "Noto Sans CJK JP", "Noto Sans CJK TC", "Droid Sans Fallback", "Arial Unicode MS", "SimSun")  # fmt: skip
INK, SOFT, LINE, ACCENT, NOW = "#1f2d38", "#5b6b77", "#c9d1d8", "#b8341f", "#9aa7b1"
_WATER, _LAND = "#dbe8f0", "#fbfaf8"
_DPI = 160


def _packaged() -> Path | None:
    """The file of the packaged font; None where the package was left out (``pip install --no-deps``)."""
    try:
        file = Path(str(resources.files(_PACKAGE).joinpath(_FILE)))
    except ModuleNotFoundError:
        return None
    return file if file.is_file() else None


@functools.cache
def _registered(file: Path) -> str:
    """Make a font file known to matplotlib; the name it is known by."""
    from matplotlib import font_manager
    from matplotlib.ft2font import FT2Font

    entry = font_manager.ttfFontProperty(FT2Font(str(file)))
    font_manager.fontManager.ttflist.append(replace(entry, name=_OURS))
    return _OURS


@functools.cache
def _of_system() -> str | None:
    """The first font of :data:`FONTS` that the system has; None where it has none."""
    from matplotlib import font_manager

    known = {f.name for f in font_manager.fontManager.ttflist}
    if not known & set(FONTS):  # installed after matplotlib last looked
        for file in sorted(font_manager.findSystemFonts()):
            if any(
                hint in Path(file).name.lower() for hint in ("cjk", "wqy", "han", "hei", "pingfang", "msyh")
            ):
                font_manager.fontManager.addfont(file)
        known = {f.name for f in font_manager.fontManager.ttflist}
    return next((name for name in FONTS if name in known), None)


def chinese_font() -> str | None:
    """Name (matplotlib's) of the font with Chinese characters that figures are drawn in; None where there is none."""
    file = _packaged()
    return _of_system() if file is None else _registered(file)


def judge_font(language: str) -> tuple[Finding, ...]:
    """The warning that figures cannot be drawn in this language, with what to install; nothing if they can."""
    return (finding("OUT-003", source="figures"),) if language == "zh" and chinese_font() is None else ()


def figure_style() -> dict[str, Any]:
    """Matplotlib's settings for every figure."""
    own = chinese_font()
    return {
        "font.family": [own, "DejaVu Sans"] if own else ["DejaVu Sans"],
        "font.size": 10, "axes.unicode_minus": False, "text.parse_math": False, "text.color": INK,
        "axes.edgecolor": LINE, "axes.labelcolor": SOFT, "xtick.color": SOFT, "ytick.color": INK,
        "svg.hashsalt": "planner", "path.simplify": True,
    }  # fmt: skip


def new_figure(width: float, height: float) -> tuple[Any, Any]:
    """A figure and its axes, without pyplot's global state."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    class Canvas(FigureCanvasAgg):
        def draw_idle(self, *_: Any, **__: Any) -> None:
            """Nothing: GeoPandas asks for it after each layer, and no screen shows this figure before it is saved."""

    figure = Figure(figsize=(width, height), dpi=_DPI, layout="constrained", facecolor="white")
    Canvas(figure)
    return figure, figure.add_subplot()


def set_title(axes: Any, text: str, note: str = "") -> None:
    """The figure's title, and a note at the right."""
    axes.set_title(cell_text(text), loc="left", fontsize=14, pad=12)
    if note:
        axes.set_title(cell_text(note), loc="right", fontsize=8.5, color=SOFT, pad=12)


def plot_shapes(axes: Any, table: Any, tolerance_m: float, **style: Any) -> None:
    """Draw geometry, simplified to what the picture can show; nothing for an empty table."""
    shapes = gpd.GeoSeries(table.geometry.dropna())
    if tolerance_m > 0:
        # Only drawn, never measured: keeping topology takes minutes on a city's union of areas.
        shapes = shapes.simplify(tolerance_m, preserve_topology=False)
    shapes = shapes[~shapes.is_empty]
    if len(shapes):
        shapes.plot(ax=axes, aspect=None, **style)


def base_map(bundle: Bundle) -> tuple[Any, Any, float]:
    """A map with water and district outlines; figure, axes, metres per pixel."""
    west, south, east, north = bundle.districts.total_bounds
    figure, axes = new_figure(9.6, float(np.clip(8.2 * (north - south) / (east - west), 4.5, 10.5)) + 0.6)
    return figure, axes, fill_map(axes, bundle, 8.5)


def fill_map(
    axes: Any, bundle: Bundle, inches: float, view: tuple[float, float, float, float] | None = None
) -> float:
    """Put land and water on axes so many inches wide, and frame ``view`` (the whole area where None); metres per pixel."""
    west, south, east, north = bundle.districts.total_bounds if view is None else view
    pad = 0.02 * max(east - west, north - south) if view is None else 0.0
    metres = float((east - west) / (inches * _DPI))
    axes.set_xlim(west - pad, east + pad)
    axes.set_ylim(south - 2.5 * pad, north + pad)
    axes.set_aspect("equal")
    axes.set_axis_off()
    plot_shapes(axes, bundle.districts, metres, facecolor=_LAND, edgecolor="none", zorder=0)
    plot_shapes(axes, bundle.water, metres, facecolor=_WATER, edgecolor="none", zorder=2.8)
    return metres


def frame_map(axes: Any, bundle: Bundle, metres: float, *, least_named: float = 0.0) -> None:
    """Roads, outlines, names and a scale bar, over the theme; no name for a district of less than this part of the map."""
    from matplotlib.patheffects import withStroke

    roads = bundle.main_roads
    if len(roads):
        big = roads[roads["class"].astype(str).str.startswith(("motorway", "trunk"))]
        plot_shapes(axes, big, metres, color="#b9b2a6", linewidth=0.5, zorder=3)
    plot_shapes(axes, bundle.districts.boundary.to_frame("geometry").set_geometry("geometry"), metres, color="#6d7a84",
          linewidth=0.7, zorder=6)  # fmt: skip
    labels = district_labels(bundle)
    (west, east), (south, north) = axes.get_xlim(), axes.get_ylim()
    named = bundle.districts[bundle.districts.area >= least_named * (east - west) * (north - south)]
    for key, point in zip(named["district"], named.representative_point(), strict=True):
        axes.text(
            point.x, point.y, _short(labels[str(key)]), ha="center", va="center", fontsize=9, color=INK,
            zorder=9, path_effects=[withStroke(linewidth=2.4, foreground="white")],
        )  # fmt: skip
    _scale_bar(axes, bundle.settings.study.language)


def _short(name: str) -> str:
    """A district's name for the map: without what stands in brackets, 24 characters at most."""
    return re.split(r"[（(]", cell_text(name), maxsplit=1)[0].strip()[:24]


def _scale_bar(axes: Any, language: str) -> None:
    (west, east), (south, north) = axes.get_xlim(), axes.get_ylim()
    wanted = (east - west) / 5000
    fitting = [k for k in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100) if k <= wanted]
    km = fitting[-1] if fitting else 0.1
    x, y = east - 0.02 * (east - west) - 1000 * km, south + 0.02 * (north - south)
    axes.plot([x, x + 1000 * km], [y, y], color=INK, linewidth=2, solid_capstyle="butt", zorder=10)
    label = phrase("fig_km", language, km=f"{km:g}")
    axes.text(
        x + 500 * km, y + 0.008 * (north - south), label, ha="center", va="bottom", fontsize=8.5, zorder=10
    )
