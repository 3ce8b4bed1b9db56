"""A made-up town of three by three kilometres for notebooks 06 and 07: an OpenStreetMap file and an Excel list of stations."""

from __future__ import annotations

import random
from pathlib import Path
from xml.sax.saxutils import quoteattr

import openpyxl

#: South-west corner, spacing of the streets (m), streets each way.
LNG, LAT, STEP_M, N = 119.20, 33.50, 250.0, 13
SHOPS = (
    ("amenity", "bank", "银行"), ("amenity", "restaurant", "餐馆"), ("shop", "convenience", "便利店"), ("amenity", "post_office", "邮政所"),
    ("amenity", "pharmacy", "药店"), ("shop", "mall", "商场"),
)  # fmt: skip


def at(x_m: float, y_m: float) -> tuple[float, float]:
    """(lng, lat) of a place, so many metres east and north of the corner."""
    return round(LNG + x_m / 92_900, 7), round(LAT + y_m / 110_900, 7)


def write_town(folder: Path | str, *, seed: int = 7) -> Path:
    """Write ``city.osm`` and ``stations.xlsx`` into ``folder``; the folder."""
    folder, draw = Path(folder), random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    nodes = [(i * N + j + 1, *at(i * STEP_M, j * STEP_M)) for i in range(N) for j in range(N)]
    lines = [f'<node id="{n}" lon="{lng}" lat="{lat}"/>' for n, lng, lat in nodes]
    for k in range(60):
        key, value, word = SHOPS[k % len(SHOPS)]
        side, along = draw.randrange(N) * STEP_M + 12, draw.uniform(0, (N - 1) * STEP_M)
        lng, lat = at(*((side, along) if k % 2 else (along, side)))
        tags = {key: value, "name": f"{word}{k + 1}号", "opening_hours": "08:00-20:00" if k % 3 else "24/7"}
        inner = "".join(f"<tag k={quoteattr(a)} v={quoteattr(b)}/>" for a, b in tags.items())
        lines.append(f'<node id="{1000 + k}" lon="{lng}" lat="{lat}">{inner}</node>')
    for way in range(2 * N):
        i, across = way % N, way >= N
        refs = "".join(f'<nd ref="{(j * N + i if across else i * N + j) + 1}"/>' for j in range(N))
        kind = "primary" if i == N // 2 else "residential"
        lines.append(f'<way id="{2000 + way}">{refs}<tag k="highway" v="{kind}"/></way>')
    text = "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', '<osm version="0.6">', *lines, "</osm>"])
    (folder / "city.osm").write_text(text, "utf-8")
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["编号", "站点名称", "经度", "纬度", "服务时间", "状态"])
    for k in range(10):
        lng, lat = at(draw.uniform(0, 3000), draw.randrange(N) * STEP_M)
        hours = ("8:00-20:00", "周一至周五9:00-17:00（午休12:00-13:30）", "24小时")[k % 3]
        sheet.append([f"{k + 1:03d}", f"驿站{k + 1}", lng, lat, hours, "暂停" if k == 9 else "正常"])
    book.save(folder / "stations.xlsx")
    return folder
