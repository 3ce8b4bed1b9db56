"""``times.html``: our travel times beside another router's, as one page without script or request."""

from __future__ import annotations

import itertools
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

from planner.errors import sorted_findings
from planner.evidence.agreement import MODE_WORDS, Agreement
from planner.publish.office.document import render
from planner.publish.office.printed import PrintedTable, printed_table
from planner.publish.safe import write_text
from planner.telling.contents.columns import Column, header
from planner.telling.contents.records import FINDING_COLUMNS, finding_rows
from planner.telling.words.numbers import number, percent
from planner.telling.words.phrases import phrase

__all__ = ["times_lines", "write_times"]

_MOST_ROWS, _MOST_LINES, _MOST_FINDINGS = 30, 3_000, 200
_WIDE, _HIGH = 1000.0, 700.0
#: Upper ends (minutes) of the classes of difference, and their colours: theirs faster … slower.
_CLASSES = (-2.0, -1.0, -0.5, 0.5, 1.0, 2.0)
_COLOURS = ("#1b5fa8", "#5f97cc", "#b4cfe6", "#c9ced2", "#f2b79d", "#dd6f4e", "#b2182b")
SUMMARY_COLUMNS = (
    Column("time_mode", "text", 12), Column("ways", "count", 10), Column("time_slope", "text", 24),
    Column("time_intercept", "text", 14), Column("time_median", "text", 14), Column("time_p95", "text", 14),
    Column("within_30s", "share", 12), Column("within_60s", "share", 12),
)  # fmt: skip
ROW_COLUMNS = (
    Column("row", "count", 8), Column("time_mode", "text", 10), Column("ours_min", "text", 10), Column("theirs_min", "text", 10),
    Column("difference_min", "text", 10), Column("origin", "text", 20), Column("destination", "text", 20),
)  # fmt: skip


def _signed(value: float, digits: int = 2) -> str:
    text = number(value, digits)
    return f"+{text}" if value > 0 and text.strip("0.") else text


def _mode(mode: str, language: str) -> str:
    return MODE_WORDS[mode][language == "zh"]


def times_lines(found: Agreement, language: str) -> list[str]:
    """What the comparison comes to, a sentence per mode."""
    lines = []
    for r in found.summary.itertuples(index=False):
        lines.append(
            phrase(
                "times_line", language, mode=_mode(r.mode, language), ways=number(r.ways), median=_signed(r.median_min),
                p95=number(r.p95_min, 2), half=percent(r.within_30s), one=percent(r.within_60s),
            )
        )  # fmt: skip
        if np.isfinite(r.slope):
            lines.append(
                phrase(
                    "times_fit", language, slope=number(r.slope, 3), low=number(r.slope_low, 3),
                    high=number(r.slope_high, 3), intercept=_signed(r.intercept_min),
                )
            )  # fmt: skip
    return lines or [phrase("times_none", language)]


def _summary(found: Agreement, language: str) -> PrintedTable:
    t = found.summary
    table = t.assign(
        time_mode=[_mode(m, language) for m in t["mode"]],
        time_slope=[f"{number(a, 3)} ({number(b, 3)}–{number(c, 3)})" if np.isfinite(a) else "–"
                    for a, b, c in zip(t["slope"], t["slope_low"], t["slope_high"], strict=True)],
        time_intercept=[_signed(v) for v in t["intercept_min"]],
        time_median=[_signed(v) for v in t["median_min"]],
        time_p95=[number(v, 2) for v in t["p95_min"]],
    )  # fmt: skip
    return printed_table(SUMMARY_COLUMNS, table, language)


def _worst(found: Agreement, language: str) -> PrintedTable:
    t = found.rows.head(_MOST_ROWS)
    table = t.assign(
        time_mode=[_mode(m, language) for m in t["mode"]],
        origin=[f"{a:.5f}, {b:.5f}" for a, b in zip(t["from_lng"], t["from_lat"], strict=True)],
        destination=[f"{a:.5f}, {b:.5f}" for a, b in zip(t["to_lng"], t["to_lat"], strict=True)],
        ours_min=[number(v, 2) for v in t["ours_min"]], theirs_min=[number(v, 2) for v in t["theirs_min"]],
        difference_min=[_signed(v) for v in t["difference_min"]],
    )  # fmt: skip
    return printed_table(ROW_COLUMNS, table, language)


def _map(found: Agreement, districts: gpd.GeoDataFrame) -> str:
    """Ways as straight lines, coloured by the difference, over the districts' outlines; those that differ most on top."""
    t = found.rows.head(_MOST_LINES).iloc[::-1]
    ends = t[["from_x", "from_y", "to_x", "to_y"]].to_numpy(dtype=float)
    x0, y0 = ends[:, [0, 2]].min(), ends[:, [1, 3]].min()
    x1, y1 = ends[:, [0, 2]].max(), ends[:, [1, 3]].max()
    pad = 0.04 * max(x1 - x0, y1 - y0, 200.0)
    x0, y0, x1, y1 = x0 - pad, y0 - pad, x1 + pad, y1 + pad
    scale = min(_WIDE / (x1 - x0), _HIGH / (y1 - y0))

    def px(x: float) -> str:
        return f"{(x - x0) * scale:.1f}"

    def py(y: float) -> str:
        return f"{(y1 - y) * scale:.1f}"

    wide, high = (x1 - x0) * scale, (y1 - y0) * scale
    parts = [f'<svg viewBox="0 0 {wide:.0f} {high:.0f}" width="100%" role="img">']
    box = shapely.box(x0, y0, x1, y1)
    for shape in shapely.get_parts(districts.geometry.to_numpy()):
        inside = shapely.intersection(shapely.boundary(shapely.make_valid(shape)), box)
        for line in shapely.get_parts(shapely.simplify(shapely.line_merge(inside), 1 / scale)):
            if line.geom_type == "LineString":
                points = " ".join(f"{px(x)},{py(y)}" for x, y in shapely.get_coordinates(line))
                parts.append(f'<polyline points="{points}" fill="none" stroke="#9aa7b1" stroke-width="1"/>')
    classes = np.searchsorted(_CLASSES, t["difference_min"].to_numpy(dtype=float))
    for (a, b, c, d), k, r in zip(ends, classes, t.itertuples(index=False), strict=True):
        parts.append(
            f'<g stroke="{_COLOURS[k]}" fill="{_COLOURS[k]}"><path d="M{px(a)} {py(b)} L{px(c)} {py(d)}" stroke-width="2" '
            f'stroke-opacity="0.8"/><circle cx="{px(a)}" cy="{py(b)}" r="3" stroke="none"/>'
            f"<title>{int(r.row)}: {number(r.ours_min, 1)} / {number(r.theirs_min, 1)}</title></g>"
        )
    return "".join(parts) + "</svg>"


def _scatter(found: Agreement) -> str:
    """Ours to the right, theirs upwards (minutes), with the line of equal times and the fitted ones."""
    t = found.rows.head(_MOST_LINES)
    top = max(float(t["ours_min"].max()), float(t["theirs_min"].max()), 1.0)
    size, left = 420.0, 44.0

    def at(x: float, y: float) -> str:
        return f"{left + size * x / top:.1f} {size + 10 - size * y / top:.1f}"

    parts = [f'<svg viewBox="0 0 {left + size + 20:.0f} {size + 44:.0f}" width="480" role="img">']
    parts.append(f'<path d="M{at(0, 0)} L{at(top, 0)} M{at(0, 0)} L{at(0, top)}" stroke="#1f2d38"/>')
    parts.append(f'<path d="M{at(0, 0)} L{at(top, top)}" stroke="#9aa7b1" stroke-dasharray="4 4"/>')
    for r in t.itertuples(index=False):
        x, y = at(r.ours_min, r.theirs_min).split()
        parts.append(f'<circle cx="{x}" cy="{y}" r="2.5" fill="#1b5fa8" fill-opacity="0.5"/>')
    for r in found.summary.itertuples(index=False):
        if np.isfinite(r.slope) and r.slope > 0:
            low = max(0.0, -r.intercept_min / r.slope)
            high = min(top, (top - r.intercept_min) / r.slope)
            ends = [at(x, r.intercept_min + r.slope * x) for x in (low, max(low, high))]
            parts.append(f'<path d="M{ends[0]} L{ends[1]}" stroke="#b8341f" stroke-width="2"/>')
    for v in (0.0, top / 2, top):
        x, y = at(v, 0).split()[0], at(0, v).split()[1]
        parts.append(
            f'<text x="{x}" y="{size + 28:.0f}" font-size="12" text-anchor="middle">{number(v, 1)}</text>'
        )
        parts.append(
            f'<text x="{left - 6:.0f}" y="{y}" font-size="12" text-anchor="end">{number(v, 1)}</text>'
        )
    return "".join(parts) + "</svg>"


def _legend(language: str) -> list[tuple[str, str]]:
    ends = [f"{v:+g}" for v in _CLASSES]
    labels = [f"≤ {ends[0]}", *(f"{a} … {b}" for a, b in itertools.pairwise(ends)), f"> {ends[-1]}"]
    return [
        (colour, f"{label} {phrase('unit_min', language)}")
        for colour, label in zip(_COLOURS, labels, strict=True)
    ]


def write_times(found: Agreement, districts: gpd.GeoDataFrame, path: Path, language: str) -> None:
    """Write the comparison of travel times: sentences, a table per mode, a map of differences, the rows that differ most.

    ``districts``: their outlines, in the study's CRS.

    Raises
    ------
    OutputError
        The file could not be written; the old one is untouched.
    """
    import markupsafe

    known = len(found.rows) > 0
    findings = sorted_findings(found.findings)[:_MOST_FINDINGS]
    rows = finding_rows(findings, language)
    rest = len(found.findings) - len(findings)
    page = render(
        "times.html.j2",
        language,
        lines=times_lines(found, language),
        summary=_summary(found, language) if known else None,
        # our own drawings: numbers alone, no text of the file
        scatter=markupsafe.Markup(_scatter(found)) if known else "",  # noqa: S704
        map=markupsafe.Markup(_map(found, districts)) if known else "",  # noqa: S704
        legend=_legend(language),
        worst=_worst(found, language) if known else None,
        heads=header(FINDING_COLUMNS, language),
        keys=[c.key for c in FINDING_COLUMNS],
        findings=list(zip([f.severity for f in findings], rows.itertuples(index=False), strict=True)),
        more=phrase("findings_more_checks", language, shown=number(len(findings)), rest=number(rest)) if rest > 0 else "",
    )  # fmt: skip
    write_text(path, page)
