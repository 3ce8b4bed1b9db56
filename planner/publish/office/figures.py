"""``figures/*.png``: density, circle before and after, share by district, coverage curve.

Drawn with matplotlib in the study's language. Chinese text needs a font that has it; without one the
figures are left out and :func:`font_finding` says what to install. No text is read as mathematics
(``$``), and the files carry no time or version, so that equal plans give equal bytes.
"""

from __future__ import annotations

import functools
import io
import itertools
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np

from planner.errors import Finding, finding
from planner.publish import contents
from planner.publish.safe import cell_text, write_bytes
from planner.publish.words.phrases import number, phrase

if TYPE_CHECKING:
    from planner.publish.bundle import Bundle

__all__ = ["chinese_font", "font_finding", "write_figures"]

#: Fonts with Chinese characters, in the order we would choose them.
FONTS = ("Noto Sans CJK SC", "Source Han Sans SC", "Source Han Sans CN", "Noto Sans SC", "PingFang SC",
         "Microsoft YaHei", "Hiragino Sans GB", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei", "SimHei", "Heiti SC",
         "Noto Sans CJK JP", "Noto Sans CJK TC", "Droid Sans Fallback", "Arial Unicode MS", "SimSun")  # fmt: skip
INK, SOFT, LINE, ACCENT, NOW = "#1f2d38", "#5b6b77", "#c9d1d8", "#b8341f", "#9aa7b1"
WATER, BEFORE, ADDED, LAND = "#dbe8f0", "#8fb0c6", "#ef9a4d", "#fbfaf8"
_CLASSES = (1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000)
_DPI = 160


@functools.cache
def chinese_font() -> str | None:
    """The first font of :data:`FONTS` that is installed; None where none is."""
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


def font_finding(language: str) -> Finding | None:
    """The warning that figures cannot be drawn in this language, with an install hint; None if they can."""
    return None if language != "zh" or chinese_font() else finding("OUT-003", source="figures")


def _style() -> dict[str, Any]:
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

    figure = Figure(figsize=(width, height), dpi=_DPI, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    return figure, figure.add_subplot()


def set_title(axes: Any, text: str, note: str = "") -> None:
    """The figure's title, and a note at the right."""
    axes.set_title(cell_text(text), loc="left", fontsize=14, pad=12)
    if note:
        axes.set_title(cell_text(note), loc="right", fontsize=8.5, color=SOFT, pad=12)


def _plot(axes: Any, table: Any, tolerance_m: float, **style: Any) -> None:
    """Draw geometry, simplified to what the picture can show; nothing for an empty table."""
    shapes = gpd.GeoSeries(table.geometry.dropna())
    if tolerance_m > 0:
        # Only drawn, never measured: keeping topology takes minutes on a city's union of areas.
        shapes = shapes.simplify(tolerance_m, preserve_topology=False)
    shapes = shapes[~shapes.is_empty]
    if len(shapes):
        shapes.plot(ax=axes, aspect=None, **style)


def base_map(bundle: Bundle) -> tuple[Any, Any, float]:
    """A map with water, main roads and district outlines; figure, axes, metres per pixel."""
    west, south, east, north = bundle.districts.total_bounds
    width, height = east - west, north - south
    figure, axes = new_figure(9.6, float(np.clip(8.2 * height / width, 4.5, 10.5)) + 0.6)
    metres = float(width / (8.5 * _DPI))
    pad = 0.02 * max(width, height)
    axes.set_xlim(west - pad, east + pad)
    axes.set_ylim(south - 2.5 * pad, north + pad)
    axes.set_aspect("equal")
    axes.set_axis_off()
    _plot(axes, bundle.districts, metres, facecolor=LAND, edgecolor="none", zorder=0)
    _plot(axes, bundle.water, metres, facecolor=WATER, edgecolor="none", zorder=2.8)
    return figure, axes, metres


def frame_map(axes: Any, bundle: Bundle, metres: float) -> None:
    """Roads, outlines, names and a scale bar, over the theme."""
    from matplotlib.patheffects import withStroke

    roads = bundle.main_roads
    if len(roads):
        big = roads[roads["class"].astype(str).str.startswith(("motorway", "trunk"))]
        _plot(axes, big, metres, color="#b9b2a6", linewidth=0.5, zorder=3)
    _plot(axes, bundle.districts.boundary.to_frame("geometry").set_geometry("geometry"), metres, color="#6d7a84",
          linewidth=0.7, zorder=6)  # fmt: skip
    labels = contents.district_labels(bundle)
    for key, point in zip(bundle.districts["district"], bundle.districts.representative_point(), strict=True):
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


def _points(axes: Any, points: gpd.GeoDataFrame, **style: Any) -> Any:
    return axes.scatter(points.geometry.x, points.geometry.y, **style)


def _dots(axes: Any, bundle: Bundle) -> list[Any]:
    """Existing stations small, chosen sites larger; their legend entries."""
    language = bundle.settings.study.language
    old = bundle.stations[bundle.stations["status"] == "open"]
    return [
        _points(axes, old, s=1.6, c="#2f5d7c", linewidths=0, zorder=7, label=phrase("fig_existing", language)),
        _points(axes, bundle.chosen, s=6, c=ACCENT, edgecolors="white", linewidths=0.2, zorder=8,
                label=phrase("fig_chosen", language)),
    ]  # fmt: skip


def _circle(bundle: Bundle) -> Any:
    from matplotlib.patches import Patch

    language = bundle.settings.study.language
    figure, axes, metres = base_map(bundle)
    crs = bundle.districts.crs
    for area, colour, level in ((bundle.area_after, ADDED, 2), (bundle.area_before, BEFORE, 2.5)):
        _plot(axes, gpd.GeoDataFrame(geometry=[area], crs=crs), metres / 2, facecolor=colour, edgecolor="none",
              zorder=level)  # fmt: skip
    frame_map(axes, bundle, metres)
    dots = _dots(axes, bundle)
    areas = [Patch(facecolor=BEFORE, label=phrase("fig_reach_before", language)),
             Patch(facecolor=ADDED, label=phrase("fig_reach_after", language))]  # fmt: skip
    figure.legend(handles=[*areas, *dots], loc="outside lower center", ncols=4, fontsize=9, frameon=False)
    set_title(axes, phrase("fig_circle", language))
    return figure


def _grid(bundle: Bundle) -> tuple[Any, tuple[float, float, float, float]]:
    """Workers per km² on a raster of the study's cells (NaN where nobody works) and its extent."""
    demand, cell = bundle.demand, float(bundle.settings.demand.cell_m)
    middle = demand.geometry.centroid
    x, y = middle.x.to_numpy(), middle.y.to_numpy()
    west, south = np.floor(x.min() / cell) * cell, np.floor(y.min() / cell) * cell
    column, row = ((x - west) // cell).astype(int), ((y - south) // cell).astype(int)
    raster = np.zeros((row.max() + 1, column.max() + 1))
    np.add.at(raster, (row, column), demand["workers"].to_numpy(dtype=float))
    raster *= 1e6 / cell**2
    extent = (west, west + cell * raster.shape[1], south, south + cell * raster.shape[0])
    return np.where(raster > 0, raster, np.nan), extent


def _density(bundle: Bundle) -> Any:
    from matplotlib import colormaps
    from matplotlib.colors import BoundaryNorm, ListedColormap
    from matplotlib.patches import Patch

    language = bundle.settings.study.language
    figure, axes, metres = base_map(bundle)
    raster, extent = _grid(bundle)
    top = float(np.nanmax(raster)) if np.isfinite(raster).any() else 1.0
    inner = [c for c in _CLASSES if c < top][-7:] or [1]
    bounds = [0, *inner, max(top, inner[-1]) * 1.01]
    shades = colormaps["YlOrBr"](np.linspace(0.08, 0.95, len(bounds) - 1))
    axes.imshow(raster, extent=extent, origin="lower", cmap=ListedColormap(shades), aspect="equal",
                norm=BoundaryNorm(bounds, len(bounds) - 1), interpolation="nearest", zorder=2)  # fmt: skip
    frame_map(axes, bundle, metres)
    chosen = _points(axes, bundle.chosen, s=12, c=ACCENT, edgecolors="white", linewidths=0.4, zorder=8,
                     label=phrase("fig_chosen", language))  # fmt: skip
    names = [f"< {number(inner[0])}"]
    names += [f"{number(a)}–{number(b)}" for a, b in itertools.pairwise(inner)]
    names.append(f"≥ {number(inner[-1])}")
    patches = [Patch(facecolor=s, label=n) for s, n in zip(shades, names, strict=True)]
    figure.legend(handles=[*patches, chosen], loc="outside lower center", ncols=len(patches) + 1, fontsize=8.5,
                  frameon=False, columnspacing=1.0, handlelength=1.4, handletextpad=0.5)  # fmt: skip
    note = f"{phrase('fig_workers_km2', language)} · {phrase('scale_note', language)}"
    set_title(axes, phrase("fig_density", language), note)
    return figure


def _districts(bundle: Bundle) -> Any:
    from matplotlib.ticker import PercentFormatter

    language = bundle.settings.study.language
    table = contents.district_rows(bundle).iloc[::-1]
    figure, axes = new_figure(9.6, 1.6 + 0.42 * len(table))
    at = np.arange(len(table))
    axes.barh(at + 0.19, table["share_before"], 0.36, color=NOW, label=phrase("fig_before", language))
    axes.barh(at - 0.19, table["share_after"], 0.36, color=ACCENT, label=phrase("fig_after", language))
    for y, before, after in zip(at, table["share_before"], table["share_after"], strict=True):
        axes.text(before + 0.008, y + 0.19, f"{before:.1%}", va="center", fontsize=8, color=SOFT)
        axes.text(after + 0.008, y - 0.19, f"{after:.1%}", va="center", fontsize=8, color=ACCENT)
    axes.set_yticks(at, [cell_text(d)[:24] for d in table["district"]])
    axes.set_xlim(0, 1.08)
    axes.set_xticks(np.linspace(0, 1, 6))
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.grid(axis="x", color="#e6eaed", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(length=0)
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=9)
    set_title(axes, phrase("fig_districts", language))
    return figure


def _curve(bundle: Bundle) -> Any:
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    language, curve = bundle.settings.study.language, bundle.curve
    assert curve is not None  # noqa: S101  (write_figures calls this only with a curve)
    curve = curve.sort_values("n", kind="stable")
    figure, axes = new_figure(9.6, 4.6)
    bound = curve["bound"] / bundle.before.workers
    axes.plot(
        curve["n"],
        bound,
        color=NOW,
        linewidth=1.4,
        linestyle=(0, (4, 2)),
        label=phrase("fig_bound", language),
    )
    axes.plot(curve["n"], curve["share"], color=ACCENT, linewidth=2, label=phrase("fig_plan", language))
    n = len(bundle.chosen)
    axes.axvline(n, color=LINE, linewidth=1, zorder=0)
    axes.annotate(f"{number(n)} · {bundle.after.share:.1%}", (n, bundle.after.share), xytext=(8, -14),
                  textcoords="offset points", fontsize=9, color=ACCENT)  # fmt: skip
    axes.set_xlabel(phrase("fig_new_sites", language))
    axes.yaxis.set_major_locator(MaxNLocator(steps=[1, 2, 5, 10]))  # ticks that whole per cents can name
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set_xlim(0, float(curve["n"].max()))
    axes.grid(axis="y", color="#e6eaed", linewidth=0.8)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(loc="lower right", frameon=False, fontsize=9)
    set_title(axes, phrase("fig_curve", language))
    return figure


def _png(draw: Callable[[Bundle], Any], bundle: Bundle) -> bytes:
    import matplotlib as mpl

    out = io.BytesIO()
    with mpl.rc_context(_style()), warnings.catch_warnings():
        # A name may hold characters that no installed font has: it is drawn with boxes, which is no fault.
        warnings.filterwarnings("ignore", message=r".*[Gg]lyph.*missing")
        draw(bundle).savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()


def write_figures(bundle: Bundle, folder: Path) -> dict[str, Path]:
    """Draw the figures into ``folder``: name → file; empty where the language has no font.

    Names: ``circle``, ``density``, ``districts``, ``curve`` where the curve was computed, ``homes`` and
    ``homes_hours`` where driver homes were planned. Figures of
    an earlier run that are not drawn now are removed, so that the folder never mixes two plans.

    Raises
    ------
    OutputError
        A file could not be written; the old one is untouched.
    """
    drawings: dict[str, Callable[[Bundle], Any]] = {
        "circle": _circle,
        "density": _density,
        "districts": _districts,
    }
    if bundle.curve is not None and len(bundle.curve):
        drawings["curve"] = _curve
    if bundle.homes is not None:
        from planner.publish.office.homes.figures import homes_hours, homes_map

        drawings |= {"homes": homes_map, "homes_hours": homes_hours}
    if font_finding(bundle.settings.study.language):
        drawings = {}
    for name in ("circle", "density", "districts", "curve", "homes", "homes_hours"):
        if name not in drawings:
            (folder / f"{name}.png").unlink(missing_ok=True)
    files = {}
    for name, draw in drawings.items():
        files[name] = folder / f"{name}.png"
        write_bytes(files[name], _png(draw, bundle))
    return files
