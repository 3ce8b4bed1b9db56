"""Lists of the union's other networks for the embedded Suzhou: places made up, counts those that are known.

Drawn from a seed stream of their own, so that streets, venues and stations are what they were without them.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from planner.example.facts import Facts, to_degrees
from planner.example.field import Field
from planner.example.hosts import Frontage, towns_near
from planner.example.stations import spread, timeless
from planner.inputs.places.datum import convert

__all__ = ["LISTS", "draw_lists", "write_lists"]

HEADER = ("编号", "站点名称", "经度", "纬度", "开放时间", "状态")


@dataclass(frozen=True)
class DrawnPlaces:
    """How a list is drawn: rows (``known``: a published count), metres apart, how people draw it, hours; ``on``: another list."""

    sheet: str
    count: int
    known: bool
    apart_m: float
    draw: str
    hours: tuple[str, ...]
    on: str = ""


_DAY = ("08:30-17:30", "09:00-17:00", "周一至周五 9:00-17:00", "8:00-20:00")
#: Counts: work report of 24 January 2024; city posts: press 2025; warm-new: the 202 key ones of 2025; night stops: the first four.
LISTS: dict[str, DrawnPlaces] = {
    "mothers": DrawnPlaces("妈妈驿站", 198, True, 500, "core", _DAY),
    "carnation": DrawnPlaces("康乃馨服务站", 150, True, 0, "", _DAY, on="mothers"),
    "reading_rooms": DrawnPlaces("职工书屋", 1373, True, 60, "people", _DAY),
    "night_stops": DrawnPlaces("驿小站", 4, True, 2000, "core", ("24小时",)),
    "new_work_homes": DrawnPlaces("新业态职工之家", 7, True, 5000, "centre", _DAY),
    "culture": DrawnPlaces("职工文体服务站", 66, True, 1000, "centre", ("9:00-21:00", "8:30-20:30")),
    "palaces": DrawnPlaces("工人文化宫", 6, False, 12000, "core", ("9:00-21:00",)),
    "childcare": DrawnPlaces("职工子女托管班", 1661, True, 40, "people", ("8:00-18:00",)),
    "legal": DrawnPlaces("律师巡回服务站点", 30, False, 2000, "centre", _DAY),
    "counselling": DrawnPlaces("心理健康服务站", 40, False, 2000, "centre", _DAY),
    "city_posts": DrawnPlaces("城管驿站", 1316, True, 150, "people", ("6:00-18:00", "5:00-21:00", "24小时")),
    "warm_new": DrawnPlaces("暖新驿站", 202, True, 400, "centre", ("8:00-20:00", "9:00-21:00", "24小时")),
}  # fmt: skip


def draw_lists(
    facts: Facts, front: Frontage, land: Field, *, seed: int
) -> dict[str, list[tuple[object, ...]]]:
    """Rows of each list under :data:`HEADER`, coordinates in GCJ-02."""
    inside = np.flatnonzero(land.at(land.district, front.x, front.y) >= 0)
    at: dict[str, NDArray[np.int64]] = {}
    rows: dict[str, list[tuple[object, ...]]] = {}
    for k, (key, how) in enumerate(LISTS.items()):
        rng = np.random.default_rng([seed, 40, k])
        if how.on:
            at[key] = np.sort(rng.choice(at[how.on], how.count, replace=False))
        else:
            weight = front.weights(how.draw, np.zeros(len(front.x)))[inside]
            order = inside[np.argsort(-np.log(rng.random(len(inside))) / (weight + 1e-12), kind="stable")]
            at[key] = np.array(spread(front.x, front.y, order, how.count, how.apart_m), np.int64)
        lng, lat = to_degrees(front.x[at[key]], front.y[at[key]])
        lng, lat = convert(lng, lat, source="wgs84", target="gcj02")
        town = towns_near(facts, front.x[at[key]], front.y[at[key]])
        hours = rng.choice(np.array(how.hours, dtype=object), len(at[key]))
        rows[key] = [
            (f"{key[:2].upper()}{n + 1:04d}", f"{town[n]}{how.sheet}（{n + 1}号）", round(float(x), 6),
             round(float(y), 6), str(h), "运营")
            for n, (x, y, h) in enumerate(zip(lng, lat, hours, strict=True))
        ]  # fmt: skip
    return rows


def write_lists(path: Path, rows: dict[str, list[tuple[object, ...]]]) -> None:
    """A workbook with a sheet per list; the same rows give the same bytes."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    for key, table in rows.items():
        sheet = book.create_sheet(LISTS[key].sheet)
        made_up = "数量为公开数字" if LISTS[key].known else "数量亦为假设"
        sheet.append([f"苏州市{LISTS[key].sheet}名录（示例数据，位置为模拟生成，{made_up}）"])
        sheet.append(list(HEADER))
        for row in table:
            sheet.append(list(row))
    held = io.BytesIO()
    book.save(held)
    path.write_bytes(timeless(held.getvalue()))
