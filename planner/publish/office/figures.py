"""``figures/*.png``: density, circle before and after, share by district, coverage curve, driver homes.

Drawn with matplotlib in the study's language (:mod:`planner.publish.office.drawing`). The files carry no
time or version, so that equal plans give equal bytes.
"""

from __future__ import annotations

import io
import itertools
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np

from planner.publish.office.drawing import (
    ACCENT,
    LINE,
    NOW,
    SOFT,
    figure_style,
    judge_font,
    new_figure,
    plot_shapes,
    set_title,
)
from planner.publish.office.homes.figures import homes_hours, homes_map
from planner.publish.office.maps import core, draw_map
from planner.publish.safe import cell_text, write_bytes
from planner.telling.contents.coverage import curve_rows, district_rows, open_stations
from planner.telling.contents.records import synthetic_notice
from planner.telling.words.numbers import number, percent
from planner.telling.words.phrases import phrase

if TYPE_CHECKING:
    from planner.telling.bundle import Bundle

__all__ = ["write_figures"]

_BEFORE, _ADDED, _OPEN = "#8fb0c6", "#ef9a4d", "#2f5d7c"
_CLASSES = (1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000)


def _points(axes: Any, points: gpd.GeoDataFrame, **style: Any) -> Any:
    return axes.scatter(points.geometry.x, points.geometry.y, **style)


def _key(colour: str, label: str, *, rim: str = "none") -> Any:
    """A legend's entry for points of a colour, large enough to see."""
    from matplotlib.lines import Line2D

    return Line2D([], [], linestyle="", marker="o", markersize=5, color=colour, markeredgecolor=rim, markeredgewidth=0.8,
                  label=label)  # fmt: skip


def _dots(axes: Any, bundle: Bundle, times: float = 1.0) -> list[Any]:
    """Existing stations small, chosen sites larger; their legend entries. ``times``: how much larger than on a small map."""
    language = bundle.settings.study.language
    _points(axes, open_stations(bundle), s=1.6 * times, c=_OPEN, linewidths=0, zorder=7)
    _points(axes, bundle.chosen, s=6 * times, c=ACCENT, edgecolors="white", linewidths=0.2 * times, zorder=8)
    return [_key(_OPEN, phrase("fig_existing", language)), _key(ACCENT, phrase("fig_chosen", language))]


def _circle(bundle: Bundle) -> Any:
    from matplotlib.patches import Patch

    language, crs = bundle.settings.study.language, bundle.districts.crs

    def theme(axes: Any, shown: Bundle, metres: float) -> None:
        for area, colour, level in ((shown.area_after, _ADDED, 2), (shown.area_before, _BEFORE, 2.5)):
            plot_shapes(axes, gpd.GeoDataFrame(geometry=[area], crs=crs), metres / 2, facecolor=colour, edgecolor="none",
                  zorder=level)  # fmt: skip

    figure, whole, part = draw_map(bundle, core(bundle), theme)
    dots = _dots(whole, bundle)
    if part is not whole:
        _dots(part, bundle, times=4)
    areas = [Patch(facecolor=_BEFORE, label=phrase("fig_reach_before", language)),
             Patch(facecolor=_ADDED, label=phrase("fig_reach_after", language))]  # fmt: skip
    figure.legend(handles=[*areas, *dots], loc="outside lower center", ncols=4, fontsize=9, frameon=False)
    set_title(whole, phrase("fig_circle", language))
    return figure


def _grid(bundle: Bundle) -> tuple[Any, tuple[float, float, float, float]]:
    """Workers per km² on a raster of the study's cells (NaN where nobody works) and its extent."""
    demand, cell = bundle.demand, float(bundle.settings.demand.cell_m)
    box = demand.geometry.bounds.to_numpy()
    x, y = (box[:, 0] + box[:, 2]) / 2, (box[:, 1] + box[:, 3]) / 2
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
    raster, extent = _grid(bundle)
    top = float(np.nanmax(raster)) if np.isfinite(raster).any() else 1.0
    inner = [c for c in _CLASSES if c < top][-7:] or [1]
    bounds = [0, *inner, max(top, inner[-1]) * 1.01]
    shades = colormaps["YlOrBr"](np.linspace(0.08, 0.95, len(bounds) - 1))

    def theme(axes: Any, _shown: Bundle, _metres: float) -> None:
        axes.imshow(raster, extent=extent, origin="lower", cmap=ListedColormap(shades), aspect="equal",
                    norm=BoundaryNorm(bounds, len(bounds) - 1), interpolation="nearest", zorder=2)  # fmt: skip
        _points(axes, bundle.chosen, s=12, c=ACCENT, edgecolors="white", linewidths=0.4, zorder=8)

    figure, whole, part = draw_map(bundle, core(bundle), theme)
    chosen = _key(ACCENT, phrase("fig_chosen", language), rim="white")
    names = [f"< {number(inner[0])}"]
    names += [f"{number(a)}–{number(b)}" for a, b in itertools.pairwise(inner)]
    names.append(f"≥ {number(inner[-1])}")
    patches = [Patch(facecolor=s, label=n) for s, n in zip(shades, names, strict=True)]
    figure.legend(handles=[*patches, chosen], loc="outside lower center", ncols=len(patches) + 1, fontsize=8.5,
                  frameon=False, columnspacing=1.0, handlelength=1.4, handletextpad=0.5)  # fmt: skip
    note = f"{phrase('fig_workers_km2', language)} · {phrase('scale_note', language)}"
    set_title(whole, phrase("fig_density", language), note if part is whole else "")
    if part is not whole:
        set_title(part, "", note)
    return figure


def _districts(bundle: Bundle) -> Any:
    from matplotlib.ticker import PercentFormatter

    language = bundle.settings.study.language
    table = district_rows(bundle).iloc[::-1]
    figure, axes = new_figure(9.6, 1.6 + 0.42 * len(table))
    at = np.arange(len(table))
    axes.barh(at + 0.19, table["share_before"], 0.36, color=NOW, label=phrase("fig_before", language))
    axes.barh(at - 0.19, table["share_after"], 0.36, color=ACCENT, label=phrase("fig_after", language))
    for y, before, after in zip(at, table["share_before"], table["share_after"], strict=True):
        axes.text(before + 0.008, y + 0.19, percent(before), va="center", fontsize=8, color=SOFT)
        axes.text(after + 0.008, y - 0.19, percent(after), va="center", fontsize=8, color=ACCENT)
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

    language, curve = bundle.settings.study.language, curve_rows(bundle)
    assert curve is not None  # noqa: S101  (write_figures calls this only with a curve)
    figure, axes = new_figure(9.6, 4.6)
    axes.plot(curve["n"], curve["curve_bound"], color=NOW, linewidth=1.4, linestyle=(0, (4, 2)),
              label=phrase("fig_bound", language))  # fmt: skip
    axes.plot(curve["n"], curve["curve_share"], color=ACCENT, linewidth=2, label=phrase("fig_plan", language))
    n, share = len(bundle.chosen), bundle.facts.shown("share")
    axes.axvline(n, color=LINE, linewidth=1, zorder=0)
    axes.annotate(f"{number(n)} · {percent(share)}", (n, share), xytext=(8, -14),
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
    with mpl.rc_context(figure_style()), warnings.catch_warnings():
        # A name may hold characters that no installed font has: it is drawn with boxes, which is no fault.
        warnings.filterwarnings("ignore", message=r".*[Gg]lyph.*missing")
        figure, notice = draw(bundle), synthetic_notice(bundle.settings)
        if notice:
            figure.suptitle(notice, x=0.01, ha="left", fontsize=8.5, color=ACCENT)
        figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()


def write_figures(bundle: Bundle, folder: Path) -> dict[str, Path]:
    """Draw the figures into ``folder``: name → file; empty where the language has no font.

    Names: ``circle``, ``density``, ``districts``, ``curve`` where the curve was computed, ``homes`` and
    ``homes_hours`` where driver homes were planned. Figures of an earlier run that are not drawn now are
    removed, so that the folder never mixes two plans.

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
        drawings |= {"homes": homes_map, "homes_hours": homes_hours}
    if judge_font(bundle.settings.study.language):
        drawings = {}
    for name in ("circle", "density", "districts", "curve", "homes", "homes_hours"):
        if name not in drawings:
            (folder / f"{name}.png").unlink(missing_ok=True)
    files = {}
    for name, draw in drawings.items():
        files[name] = folder / f"{name}.png"
        write_bytes(files[name], _png(draw, bundle))
    return files
