"""Figures of the driver homes: truck flows with the homes on a map, and trucks under way by the hour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from planner.publish.office.drawing import ACCENT, INK, LINE, NOW, new_figure, set_title
from planner.publish.office.maps import draw_map, traffic_core
from planner.telling.words.numbers import number
from planner.telling.words.phrases import phrase

if TYPE_CHECKING:
    from planner.telling.bundle import Bundle

_TRUCKS, _OLD = "#b5651d", "#2f6da8"
#: Streets with fewer trucks a day are not drawn.
_LEAST = 500.0
_NIGHT = (6, 22)


def homes_map(bundle: Bundle) -> Any:
    """Streets as wide as their trucks, the existing homes and the new ones with their ranks."""
    from matplotlib.collections import LineCollection
    from matplotlib.lines import Line2D
    from matplotlib.patheffects import withStroke

    homes, language = bundle.homes, bundle.settings.study.language
    assert homes is not None  # noqa: S101  (write_figures calls this only with homes)
    flows = homes.flows[homes.flows["trucks_per_day"] >= _LEAST].sort_values("trucks_per_day", kind="stable")
    top = float(flows["trucks_per_day"].max()) if len(flows) else 1.0
    widths = 0.3 + 4.2 * flows["trucks_per_day"].to_numpy() / top
    spot = {"linestyle": "", "markeredgecolor": "white", "markeredgewidth": 0.8, "zorder": 10}
    tables = (
        (homes.existing, "^", 7, _OLD, "fig_homes_old"), (homes.chosen, "D", 8, ACCENT, "fig_homes_new"),
    )  # fmt: skip
    entries = [Line2D([], [], color=_TRUCKS, linewidth=0.3 + 4.2 * t / top, label=phrase("fig_trucks", language, n=number(t)))
               for t in (_round_steps(top) if len(flows) else [])]  # fmt: skip

    def theme(axes: Any, _shown: Bundle, metres: float) -> None:
        lines = [shapely.get_coordinates(street) for street in flows.geometry.simplify(metres)]
        axes.add_collection(
            LineCollection(lines, linewidths=widths, colors=_TRUCKS, alpha=0.75, zorder=4, capstyle="round", joinstyle="round")
        )  # fmt: skip
        for table, marker, size, colour, _ in tables:
            axes.plot(
                table.geometry.x, table.geometry.y, marker=marker, markersize=size, color=colour, **spot
            )
        for r in homes.chosen.itertuples():
            axes.annotate(str(r.rank), (r.geometry.x, r.geometry.y), xytext=(8, 5), textcoords="offset points", fontsize=11,
                          color=INK, zorder=11, path_effects=[withStroke(linewidth=2.4, foreground="white")])  # fmt: skip

    figure, whole, _ = draw_map(bundle, traffic_core(bundle, flows), theme)
    entries += [Line2D([], [], marker=marker, markersize=size, color=colour, label=phrase(key, language), **spot)
                for _, marker, size, colour, key in tables]  # fmt: skip
    figure.legend(handles=entries, loc="outside lower center", ncols=len(entries), fontsize=9, frameon=False)
    set_title(whole, phrase("fig_homes", language))
    return figure


def _round_steps(top: float) -> list[float]:
    """A large and a small round number of trucks for the legend."""
    step = 10 ** np.floor(np.log10(max(top, 1.0)))
    large = max(m * step for m in (1, 2, 5) if m * step <= max(top, 1.0))
    return [float(large), float(large / 5)]


def homes_hours(bundle: Bundle) -> Any:
    """Trucks under way in each hour, within the area and through its gateways; the night shaded.

    As shares of the day where no count of trucks calibrates how many there are.
    """
    homes, language = bundle.homes, bundle.settings.study.language
    assert homes is not None  # noqa: S101
    day = homes.day
    counted = homes.calibrated
    scale = 1.0 if counted else 1 / max(float(day["trucks"].sum()), 1e-12)
    local, long = day["local"] * scale, day["long"] * scale
    figure, axes = new_figure(9.6, 3.6)
    at = day["hour"].to_numpy() + 0.5
    axes.bar(at, local, 0.82, color=NOW, label=phrase("fig_local", language))
    axes.bar(at, long, 0.82, bottom=local, color=_TRUCKS, label=phrase("fig_long", language))
    for start, end in ((0, _NIGHT[0]), (_NIGHT[1], 24)):
        axes.axvspan(start, end, color="#e9edf2", zorder=0, linewidth=0)
    axes.set_xlim(0, 24)
    axes.set_xticks(range(0, 25, 2))
    axes.yaxis.set_major_formatter(lambda value, _: number(value) if counted else f"{value:.0%}")
    axes.set_xlabel(phrase("fig_hour", language))
    axes.grid(axis="y", color=LINE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=9)
    set_title(axes, phrase("fig_homes_hours" if counted else "fig_homes_hours_shares", language))
    return figure
