"""Small files of the kind a federation's office really sends."""

from __future__ import annotations

from pathlib import Path

import openpyxl

from planner.settings.inputs import Table

CRS = "EPSG:4549"
HEADER = ["编号", "站点名称", "经度", "纬度", "开放时间", "状态", "区"]
ROWS = [
    ["001", "观前街站", "120.62651", "31.31122", "8:00-20:00", "正常", "姑苏区"],
    ["002", "金鸡湖站", "120.70512", "31.31577", "全天", "正常", "苏州工业园区"],
    ["003", "木渎站", "120.52045", "31.26131", "周一至周五 9:00-17:30", "在建", "吴中区"],
]


def text(rows=None, header=None, separator=","):
    """Rows under a header as separated text."""
    lines = [header or HEADER, *(ROWS if rows is None else rows)]
    return "\n".join(separator.join(str(c) for c in line) for line in lines) + "\n"


def write(folder: Path, content: str | bytes, name: str = "stations.csv", encoding: str = "utf-8") -> Path:
    """Write a file and give its path."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


def workbook(folder: Path, rows, name: str = "stations.xlsx", title: str = "站点", merge=()) -> Path:
    """A workbook with one sheet holding ``rows`` from row 1 on."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = title
    for row in rows:
        sheet.append(list(row))
    for area in merge:
        sheet.merge_cells(area)
    path = folder / name
    book.save(path)
    return path


def table(path: Path, **options) -> Table:
    """The file as a study names it; WGS84 unless said otherwise."""
    return Table(**{"path": path, "datum": "wgs84", **options})


def codes(findings, severities="EWFI"):
    """Codes of the findings of some severities, sorted, once each."""
    return sorted({f.code for f in findings if f.severity in severities})


def one(findings, code):
    """The only finding with a code."""
    (found,) = [f for f in findings if f.code == code]
    return found
