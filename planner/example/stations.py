"""1,019 stations as the workbook a federation keeps: titles, units, mixed datums, hours as text, faults.

Stations stand near demand but not well: each follows a venue, old districts have more than their share,
new towns fewer. The places are made up. Faults are those that real lists have (few, and known).
"""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd

from planner.example.facts import Facts, Floats, to_degrees
from planner.example.field import Field
from planner.example.hosts import Frontage, towns_near
from planner.inputs.places.datum import convert

COUNT = 1019
#: how well served a unit is today, relative to its people (own assumption)
SERVED = {"320508": 1.5, "320571": 1.1, "320506": 0.9, "320507": 0.8, "320505": 0.95, "320509": 0.85,
          "320581": 1.0, "320582": 1.1, "320583": 0.8, "320585": 1.25}  # fmt: skip
_CODES = {"320508": "GS", "320571": "YQ", "320506": "WZ", "320507": "XC", "320505": "GX", "320509": "WJ",
          "320581": "CS", "320582": "ZJG", "320583": "KS", "320585": "TC"}  # fmt: skip
_HOSTS = (
    "银行网点",
    "邮政支局",
    "社区党群服务中心",
    "加油站",
    "便利店",
    "公共厕所",
    "公交首末站",
    "公园管理处",
    "城管驿站",
    "职工之家",
)
_HOURS = ("08:00-20:00", "8:30—17:30", "9:00-17:00", "周一至周五 9:00-17:00", "08:30-11:30，13:30-17:30", "06:00～18:00",
          "全天24小时", "24小时", "上午8:30-11:30，下午13:30-17:00", "8:00-22:00", "７：３０－１９：００", "")  # fmt: skip
_HOURS_SHARE = (0.30, 0.10, 0.09, 0.06, 0.07, 0.09, 0.01, 0.01, 0.04, 0.18, 0.03, 0.02)
HEADER = ("序号", "站点编号", "站点名称", "所属区", "地址", "经度", "纬度", "坐标系", "开放时间", "面积", "站点类型",
          "等级", "状态", "依托单位", "建成时间", "座位数", "基本设备齐全", "统一标识", "地图上线", "投诉件数", "最近检查", "统计日期")  # fmt: skip
UNITS = ("", "", "", "", "", "度", "度", "", "", "㎡", "", "", "", "", "", "个", "", "", "", "件", "", "")
WIDTHS = (6, 13, 34, 16, 30, 13, 13, 10, 24, 8, 12, 10, 10, 18, 13, 8, 12, 10, 10, 10, 13, 13)
STAMP = "2024-01-24T00:00:00Z"


def place_stations(facts: Facts, land: Field, front: Frontage, *, seed: int) -> pd.DataFrame:
    """Positions of the stations in metres, with unit, town and street; ``COUNT`` rows."""
    rng = np.random.default_rng([seed, 5])
    unit = land.at(land.district, front.x, front.y)
    codes = facts.districts["adcode"].to_numpy()
    people = facts.districts["population"].to_numpy(float)
    share = people * np.array([SERVED[c] for c in codes])
    quota = _whole(share / share.sum() * COUNT)
    town = towns_near(facts, front.x, front.y)
    luck = dict(zip(facts.towns["name_zh"], rng.lognormal(0, 0.45, len(facts.towns)), strict=True))
    lucky = np.array([luck[t] for t in town])
    rows = []
    for d, n in enumerate(quota):
        mine = np.flatnonzero(unit == d)
        weight = np.minimum(front.length[mine], 200) * front.people[mine] ** 1.45 * lucky[mine]
        draw = np.log(rng.random(len(mine))) / (weight + 1e-9)  # Efraimidis & Spirakis 2006
        order = mine[np.argsort(-draw, kind="stable")]
        rows += spread(front.x, front.y, order, int(n), 400.0)
    at = np.array(rows)
    return pd.DataFrame(
        {"x": front.x[at], "y": front.y[at], "unit": unit[at], "town": town[at], "street": front.name[at]}
    )


def _whole(shares: Floats) -> np.ndarray:
    """Whole numbers with the same sum (largest remainders)."""
    base = np.floor(shares).astype(int)
    short = round(float(shares.sum())) - int(base.sum())
    base[np.argsort(base - shares, kind="stable")[:short]] += 1
    return base


def spread(x: Floats, y: Floats, order: np.ndarray, count: int, metres: float) -> list[int]:
    """The first ``count`` places of an order that keep a distance, found on a hash grid."""
    taken: dict[tuple[int, int], list[int]] = {}
    chosen: list[int] = []
    for i in order.tolist():
        c, r = int(x[i] // metres), int(y[i] // metres)
        close = (j for a in (-1, 0, 1) for b in (-1, 0, 1) for j in taken.get((c + a, r + b), ()))
        if all((x[i] - x[j]) ** 2 + (y[i] - y[j]) ** 2 > metres**2 for j in close):
            taken.setdefault((c, r), []).append(i)
            chosen.append(i)
            if len(chosen) == count:
                break
    return chosen


def station_table(facts: Facts, places: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """The workbook's rows as text and numbers, before the faults."""
    rng = np.random.default_rng([seed, 6])
    lng, lat = to_degrees(places["x"].to_numpy(), places["y"].to_numpy())
    baidu = rng.random(COUNT) < 0.38
    gcj, bd = (
        convert(lng, lat, source="wgs84", target="gcj02"),
        convert(lng, lat, source="wgs84", target="bd09"),
    )
    out_lng, out_lat = np.where(baidu, bd[0], gcj[0]), np.where(baidu, bd[1], gcj[1])
    codes = facts.districts["adcode"].to_numpy()[places["unit"]]
    names = facts.districts["name_zh"].to_numpy()[places["unit"]]
    host = rng.choice(len(_HOSTS), COUNT)
    hours = rng.choice(len(_HOURS), COUNT, p=_HOURS_SHARE)
    smart = rng.random(COUNT)
    area = np.round(np.clip(rng.lognormal(2.5, 0.6, COUNT), 3, 120), 1)
    days = pd.Timestamp("2017-05-01") + pd.to_timedelta(rng.integers(0, 2400, COUNT), unit="D")
    kept = _kept(np.asarray(area, float), days, seed=seed)
    serial: dict[str, int] = {}
    rows = []
    for i in range(COUNT):
        code = _CODES[codes[i]]
        serial[code] = serial.get(code, 0) + 1
        place = places["street"].iloc[i] or f"{places['town'].iloc[i]}镇区"
        rows.append((
            i + 1, f"{code}{serial[code]:04d}", f"{places['town'].iloc[i]}{_HOSTS[host[i]]}户外劳动者服务站点（{serial[code]}号）",
            names[i], f"{names[i]}{place}{rng.integers(1, 999)}号", round(float(out_lng[i]), 6), round(float(out_lat[i]), 6),
            "BD-09" if baidu[i] else "GCJ-02", "24小时" if smart[i] < 0.02 else _HOURS[hours[i]], float(area[i]),
            "智能型" if smart[i] < 0.1 else "标准型" if area[i] >= 5 else "微型", ("五星", "四星", "三星", "")[int(rng.integers(0, 4))],
            "运营", f"{places['town'].iloc[i]}{_HOSTS[host[i]]}", str(days[i].date()), *kept[i], "2023-12-31",
        ))  # fmt: skip
    return pd.DataFrame(rows, columns=list(HEADER)).astype(object)


def _kept(area: Floats, days: pd.DatetimeIndex, *, seed: int) -> list[tuple[object, ...]]:
    """What grades and inspections are judged by: seats, kit, sign, on the map, complaints, last inspection; blank in every tenth row or so.

    Drawn from a stream of its own, so that nothing else of the list depends on it. Toilets are not told: the list has no column for them.
    """
    rng = np.random.default_rng([seed, 60])
    n = len(area)
    seats = np.maximum(np.floor(area / 3 * rng.uniform(0.7, 1.3, n)), 1).astype(int)
    said = rng.random((n, 6)) >= np.array([0.08, 0.12, 0.05, 0.10, 0.20, 0.15])
    kit, sign, mapped = (np.where(rng.random(n) < share, "是", "否") for share in (0.82, 0.93, 0.88))
    complaints = rng.poisson(0.5, n)
    looked = pd.Timestamp("2023-12-31") - pd.to_timedelta(rng.integers(10, 220, n), unit="D")
    looked = looked.where(looked >= days, days)
    each = zip(
        seats.tolist(),
        kit.tolist(),
        sign.tolist(),
        mapped.tolist(),
        complaints.tolist(),
        [str(d.date()) for d in looked],
        strict=True,
    )
    return [
        tuple(v if told else "" for v, told in zip(row, there, strict=True))
        for row, there in zip(each, said, strict=True)
    ]


def with_faults(table: pd.DataFrame, facts: Facts, *, seed: int) -> pd.DataFrame:
    """What real lists suffer from: 8 rows without coordinates, one in a lake, three not open, and so on."""
    rng = np.random.default_rng([seed, 7])
    at = rng.permutation(COUNT)[:40].tolist()
    table = table.copy()
    for i in at[:8]:
        table.loc[i, ["经度", "纬度"]] = ""
    lake = facts.water.set_index("name_zh").geometry["金鸡湖"].representative_point()
    lng, lat = (float(v[0]) for v in to_degrees(np.array([lake.x]), np.array([lake.y])))
    wet = convert(np.array([lng]), np.array([lat]), source="wgs84", target="gcj02")
    table.loc[at[8], ["经度", "纬度", "坐标系"]] = [
        round(float(wet[0][0]), 6),
        round(float(wet[1][0]), 6),
        "GCJ-02",
    ]
    for i, word in zip(at[9:12], ("装修", "暂停开放", "撤销"), strict=True):
        table.loc[i, "状态"] = word
    for i in at[12:14]:
        table.loc[i, ["经度", "纬度"]] = [
            round(float(table.loc[i, "经度"]), 2),
            round(float(table.loc[i, "纬度"]), 2),
        ]
    wide = str.maketrans("0123456789.", "０１２３４５６７８９．")
    for i in at[14:20]:
        table.loc[i, "经度"] = f"{table.loc[i, '经度']:.6f}".translate(wide)
        table.loc[i, "纬度"] = f"{table.loc[i, '纬度']:.6f}".translate(wide)
    table.loc[at[20], "状态"] = "正常开放"
    table.loc[at[21], ["经度", "纬度"]] = [table.loc[at[21], "纬度"], table.loc[at[21], "经度"]]
    return pd.concat([table, table.loc[at[22:25]]], ignore_index=True)


def write_workbook(path: Path, table: pd.DataFrame) -> None:
    """Write the list with title, date and unit rows; the same rows give the same bytes."""
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Font, PatternFill

    book = Workbook()
    sheet = book.active
    sheet.title = "站点台账"
    sheet.append(["苏州市户外劳动者服务站点台账（示例数据，位置为模拟生成）"])
    sheet.append(["填报单位：示例    统计日期：2023年12月31日"])
    sheet.append(list(HEADER))
    sheet.append(list(UNITS))
    for row in table.itertuples(index=False):
        sheet.append([None if v == "" else v for v in row])
    for row in (1, 2):
        sheet.merge_cells(start_row=row, start_column=1, end_row=row, end_column=len(HEADER))
    sheet["A1"].font = Font(bold=True, size=14)
    sheet["A1"].alignment = Alignment(horizontal="center")
    for cell in sheet[3]:
        cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor="DDEBF7")
    for k, width in enumerate(WIDTHS):
        sheet.column_dimensions[chr(ord("A") + k)].width = width
    sheet.freeze_panes = "C5"
    held = io.BytesIO()
    book.save(held)
    path.write_bytes(timeless(held.getvalue()))


def timeless(data: bytes) -> bytes:
    """The same workbook with fixed times inside, so that equal content is equal bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for info in sorted(old.infolist(), key=lambda i: i.filename):
            body = old.read(info)
            if info.filename == "docProps/core.xml":
                body = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", STAMP.encode(), body)
            fixed = zipfile.ZipInfo(info.filename, (2024, 1, 24, 0, 0, 0))
            fixed.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(fixed, body)
    return out.getvalue()
