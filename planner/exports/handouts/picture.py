"""The district's map: who is within ten minutes today and with the plan, the sites by rank, the gaps that remain."""

from __future__ import annotations

import io
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely

from planner.publish.office.drawing import (
    ACCENT,
    SOFT,
    base_map,
    figure_style,
    frame_map,
    judge_font,
    plot_shapes,
    set_title,
)
from planner.telling.contents.coverage import open_stations
from planner.telling.words.phrases import phrase

if TYPE_CHECKING:
    from planner.telling.bundle import Bundle

__all__ = ["district_map"]

_LAND, _BEFORE, _ADDED, _OPEN, _GAP = "#f6f3ec", "#8fb0c6", "#ef9a4d", "#2f5d7c", "#783c82"
#: More ranks than this on one map only hide it.
_MOST_RANKS = 60


def district_map(bundle: Bundle, key: str, title: str) -> bytes | None:
    """The map as PNG; None where the language has no font. The same bundle gives the same bytes."""
    import matplotlib as mpl

    if judge_font(bundle.settings.study.language):
        return None
    out = io.BytesIO()
    with mpl.rc_context({**figure_style(), "hatch.linewidth": 0.4}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r".*[Gg]lyph.*missing")
        _drawn(bundle, key, title).savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()


def _drawn(bundle: Bundle, key: str, title: str) -> Any:
    keys, crs, language = (
        bundle.districts["district"].astype(str),
        bundle.districts.crs,
        bundle.settings.study.language,
    )
    own = bundle.districts[keys == key]
    view = own.assign(geometry=[_view(bundle, key)]).set_geometry("geometry", crs=crs)
    figure, axes, metres = base_map(replace(bundle, districts=view))
    (west, east), (south, north) = axes.get_xlim(), axes.get_ylim()
    rim = 0.01 * (east - west)  # edges that clipping makes lie beyond the picture

    def seen(table: Any) -> gpd.GeoDataFrame:
        shapes = gpd.GeoSeries(table.geometry).make_valid().to_numpy()
        clipped = shapely.clip_by_rect(shapes, west - rim, south - rim, east + rim, north + rim)
        return gpd.GeoDataFrame(table.drop(columns=table.geometry.name), geometry=clipped, crs=crs)

    plot_shapes(
        axes, view.buffer(2 * rim).to_frame("geometry"), 0, facecolor="white", edgecolor="none", zorder=0.1
    )
    plot_shapes(axes, seen(own), metres, facecolor=_LAND, edgecolor="none", zorder=0.2)
    for area, colour, level in ((bundle.area_after, _ADDED, 2), (bundle.area_before, _BEFORE, 2.5)):
        shown = seen(gpd.GeoDataFrame(geometry=[area], crs=crs))
        plot_shapes(axes, shown, metres / 2, facecolor=colour, edgecolor="none", zorder=level)
    others = seen(bundle.districts[keys != key])
    plot_shapes(axes, others, metres, facecolor="#ffffffb0", edgecolor="#b5bec5", linewidth=0.6, zorder=5)
    gaps = seen(bundle.gaps[bundle.gaps["district"].astype(str) == key])
    plot_shapes(
        axes, gaps, metres / 2, facecolor="none", edgecolor=_GAP, hatch="///", linewidth=0.5, zorder=5.5
    )
    frame_map(axes, replace(bundle, districts=seen(own)), metres)
    _points(axes, bundle, key)
    figure.legend(handles=_legend(language), loc="outside lower center", ncols=5, fontsize=8.5, frameon=False)
    set_title(axes, title, phrase("synthetic_badge", language) if bundle.settings.study.synthetic else "")
    return figure


def _view(bundle: Bundle, key: str) -> shapely.Polygon:
    """The part of a district where anything stands: its stations, sites and gaps; all of it where nothing does."""
    tables = (open_stations(bundle), bundle.chosen, bundle.gaps)
    boxes = [t[t["district"].astype(str) == key].total_bounds for t in tables]
    known = np.array([b for b in boxes if np.isfinite(b).all()])
    whole = bundle.districts[bundle.districts["district"].astype(str) == key].total_bounds
    if not len(known):
        return shapely.box(*whole)
    pad = 0.05 * float(max(whole[2] - whole[0], whole[3] - whole[1]))
    (west, south), (east, north) = known[:, :2].min(axis=0) - pad, known[:, 2:].max(axis=0) + pad
    return shapely.box(max(west, whole[0]), max(south, whole[1]), min(east, whole[2]), min(north, whole[3]))


def _points(axes: Any, bundle: Bundle, key: str) -> None:
    from matplotlib.patheffects import withStroke

    (west, east), (south, north) = axes.get_xlim(), axes.get_ylim()
    old = open_stations(bundle).cx[west:east, south:north]
    ours = (old["district"].astype(str) == key).to_numpy()
    for part, colour in ((old[~ours], SOFT), (old[ours], _OPEN)):
        axes.scatter(
            part.geometry.x, part.geometry.y, s=9, c=colour, edgecolors="white", linewidths=0.3, zorder=7
        )
    new = bundle.chosen[bundle.chosen["district"].astype(str) == key]
    axes.scatter(new.geometry.x, new.geometry.y, s=26, c=ACCENT, edgecolors="white", linewidths=0.6, zorder=8)
    if len(new) <= _MOST_RANKS:
        for rank, point in zip(new["rank"], new.geometry, strict=True):
            axes.annotate(str(int(rank)), (point.x, point.y), xytext=(4, 3), textcoords="offset points", fontsize=7.5, color=ACCENT,
                          zorder=9, path_effects=[withStroke(linewidth=1.8, foreground="white")])  # fmt: skip


def _legend(language: str) -> list[Any]:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    def dot(colour: str, label: str) -> Any:
        return Line2D(
            [], [], linestyle="", marker="o", markersize=5, color=colour, label=phrase(label, language)
        )

    return [
        Patch(facecolor=_BEFORE, label=phrase("fig_reach_before", language)),
        Patch(facecolor=_ADDED, label=phrase("fig_reach_after", language)),
        Patch(facecolor="none", edgecolor=_GAP, hatch="////", label=phrase("layer_gaps", language)),
        dot(_OPEN, "fig_existing"), dot(ACCENT, "fig_chosen"),
    ]  # fmt: skip
