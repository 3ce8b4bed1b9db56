"""Words of the driver homes' products: kinds, assumptions with their bands, sheets with their headings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.freight.hours import NIGHT, hour_shares
from planner.settings.freight import Freight

if TYPE_CHECKING:
    from planner.freight.homes import HomesPlan

KIND_WORDS = {
    "service_area": ("服务区", "service area"), "truck_parking": ("货车停车场", "truck park"), "port": ("港口", "port"),
    "logistics": ("物流园", "logistics park"), "fuel": ("加油站", "filling station"),
    "fuel_hgv": ("可停货车的加油站", "filling station for lorries"), "charging": ("充电站", "charging station"),
    "driver_home": ("司机之家", "driver home"), "upgrade": ("现有司机之家升级", "upgrade of an existing home"),
    "industry": ("工业区", "industrial zone"), "market": ("市场", "market"), "district": ("区中心", "district centre"),
    "motorway": ("高速出入口", "motorway gateway"), "trunk": ("国道出入口", "trunk-road gateway"),
    "primary": ("省道出入口", "main-road gateway"),
}  # fmt: skip


#: Sources of the assumptions, in Chinese.
_SOURCES_ZH = {
    "own assumption": "自拟假设", "own choice": "自定取值",
    "Suzhou work report 2024": "苏州市总工会 2024 年工作报告",
    "own assumption; Fenhu reports over 30 %": "自拟假设；汾湖报道为 30% 以上",
    "own assumption: about CNY 1 a km at CNY 120 an hour": "自拟假设：约每公里 1 元、每小时 120 元",
    "own assumption: CNY 0.45 to over 2 a km by axles": "自拟假设：按轴数每公里 0.45 元至 2 元以上",
    "Road Traffic Safety Law rules, art. 62(7)": "《道路交通安全法实施条例》第六十二条第（七）项",
    "Shanxi 2023: 12m for 40; Nantong 2019: 5m for one": "山西 2023 年 40 处 1,200 余万元；南通 2019 年一处 500 万元",
    "Ministry of Transport briefing 2025-07-28": "交通运输部 2025 年 7 月 28 日发布会",
    "own assumption, from counts on G204 and G50": "自拟假设，参照 G204、G50 公布流量",
}  # fmt: skip


def kind_word(kind: str, language: str) -> str:
    """A site's or zone's kind in words."""
    return KIND_WORDS.get(kind, (kind, kind))[0 if language == "zh" else 1]


#: key: (zh, en, low, high, source)
_ASSUMED: dict[str, tuple[str, str, float, float, str]] = {
    "target_drivers": ("目标：新增服务司机（人/月）", "target: drivers newly served a month", 10000, 10000, "Suzhou work report 2024"),
    "turnover_per_day": ("每泊位每日周转（次）", "stays per bay and day", 6, 18, "own assumption"),
    "visits_per_driver_month": ("每名司机每月使用次数", "visits per driver and month", 2, 8, "own assumption"),
    "catchment_minutes": ("本地司机可达车程（分钟）", "truck drive to a home, based drivers (min)", 20, 45, "own choice"),
    "detour_minutes": ("过路司机绕行上限（分钟）", "detour of passing drivers (min)", 5, 15, "own assumption"),
    "trips_per_driver_day": ("本地司机日均单程数", "one-way trips per based driver and day", 0.8, 1.6, "own assumption"),
    "outside_trips_per_month": ("外来司机每月单程数", "one-way trips of an outside driver a month", 6, 16, "own assumption"),
    "through_share": ("出入口过境比例", "share of gateway traffic that passes through", 0.25, 0.55, "own assumption"),
    "outside_share": ("对外交换中外地司机比例", "share of exchange by outside drivers", 0.3, 0.7, "own assumption"),
    "beta_per_minute": ("重力模型阻抗系数（每分钟）", "deterrence per minute", 0.02, 0.08, "own assumption"),
    "truck_share": ("机动车中货车比例", "trucks' share of all vehicles", 0.15, 0.35, "own assumption; Fenhu reports over 30 %"),
    "toll_minutes_per_km": ("高速公路通行费折算时间（分钟/km）", "motorway toll in driving time (min a km)", 0, 1, "own assumption: about CNY 1 a km at CNY 120 an hour"),
    "toll_sigma": ("通行费差异（对数标准差）", "spread of tolls between trucks (log scale)", 0.4, 1, "own assumption: CNY 0.45 to over 2 a km by axles"),
    "multipath_sigma": ("感知时间差异（对数标准差）", "spread of perceived times (log scale)", 0.1, 0.3, "own assumption"),
    "drive_limit_minutes": ("连续驾驶上限（分钟）", "driving without a stop at most (min)", 240, 240, "Road Traffic Safety Law rules, art. 62(7)"),
    "count_slack": ("观测流量松弛系数", "slack of counts", 0.01, 0.1, "own choice"),
    "trips_slack": ("发生点出行量松弛系数", "slack of generators' trips", 0.1, 2, "own choice"),
    "gateway_slack": ("出入口流量松弛系数", "slack of gateways' volumes", 0.2, 4, "own choice"),
    "max_bays": ("单个司机之家最多泊位", "bays of one home at most", 20, 100, "own assumption"),
    "spacing_km": ("司机之家间距（km）", "spacing of homes (km)", 0, 50, "own assumption"),
    "cost_yuan": ("新建造价（元）", "cost of a new home (CNY)", 300000, 5000000, "Shanxi 2023: 12m for 40; Nantong 2019: 5m for one"),
    "upgrade_cost_yuan": ("升级造价（元）", "cost of an upgrade (CNY)", 100000, 300000, "own assumption"),
    "min_bays": ("最少货车泊位", "truck bays at least", 20, 20, "Ministry of Transport briefing 2025-07-28"),
    "min_showers": ("最少淋浴间", "showers at least", 2, 2, "Ministry of Transport briefing 2025-07-28"),
    "min_washers": ("最少洗衣机", "washing machines at least", 2, 2, "Ministry of Transport briefing 2025-07-28"),
}  # fmt: skip


_NIGHTS = (
    ("本地货车夜间发车比例（22–6 时）", "share of local trips that depart at night (22-6)", 0.1, 0.3),
    ("长途货车夜间发车比例（22–6 时）", "share of long trips that depart at night (22-6)", 0.25, 0.45),
)


def assumptions(f: Freight) -> pd.DataFrame:
    """Every assumption: key, zh, en, value, low, high, source, source_zh."""
    rows = [
        (k, zh, en, float(getattr(f, k)), low, high, source)
        for k, (zh, en, low, high, source) in _ASSUMED.items()
    ]
    night = hour_shares(f)[:, NIGHT].sum(1)
    for key, (zh, en, low, high), share in zip(("local", "long"), _NIGHTS, night, strict=True):
        rows.append((f"night_share_{key}", zh, en, round(float(share), 4), low, high, "own assumption"))
    rows += [
        (f"gateway_trucks.{k}", f"{kind_word(k, 'zh')}货车（辆/日）", f"trucks a day, {kind_word(k, 'en')}", v, 0.5 * v, 1.5 * v,
         "own assumption, from counts on G204 and G50")
        for k, v in f.gateway_trucks.items()
    ]  # fmt: skip
    rows += [
        (f"kind_bays.{k}", f"{kind_word(k, 'zh')}默认泊位", f"bays where not known, {kind_word(k, 'en')}", v, 0.5 * v, 2 * v, "own assumption")
        for k, v in f.kind_bays.items()
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["key", "zh", "en", "value", "low", "high", "source"])
    return table.assign(source_zh=[_SOURCES_ZH[s] for s in table["source"]])


# -- tables ----------------------------------------------------------------------------------------

COLUMN_NAMES: dict[str, tuple[str, str]] = {
    "rank": ("序号", "Rank"), "site_id": ("编号", "ID"), "name": ("名称", "Name"), "host_kind": ("依托场所", "Host"),
    "district": ("所在区", "District"), "lng": ("经度(WGS84)", "Longitude (WGS84)"), "lat": ("纬度(WGS84)", "Latitude (WGS84)"),
    "bays": ("货车泊位", "Truck bays"), "drivers": ("服务司机（人/月）", "Drivers served a month"),
    "drivers_in_catchment": ("可达的本地司机", "Drivers based in reach"),
    "drivers_passing": ("经过的外来司机（人/月）", "Passing drivers a month"),
    "trucks_passing": ("经过货车（辆/日）", "Trucks passing a day"), "visits_per_day": ("预计日均使用（次）", "Visits a day"),
    "nearest_home_km": ("距最近司机之家（km）", "Nearest home (km)"), "cost_yuan": ("造价（元）", "Cost (CNY)"),
    "meets": ("符合条件", "Meets the checklist"), "lacks": ("欠缺", "Lacks"), "reason": ("理由", "Reason"),
    "relation": ("与方案的关系", "In the plan"), "nearest_new": ("最近的新建点", "Nearest new home"),
    "nearest_new_km": ("距离（km）", "Distance (km)"), "source": ("来源", "Source"), "value": ("取值", "Value"),
    "low": ("下限", "Low"), "high": ("上限", "High"), "word": ("假设", "Assumption"), "road": ("道路", "Road"),
    "place": ("地点", "Place"), "vehicles_per_day": ("公布车流量（辆/日）", "Published vehicles a day"),
    "trucks": ("折算货车（辆/日）", "Trucks a day (count or share)"), "trucks_low": ("货车下限", "Trucks, low"),
    "trucks_high": ("货车上限", "Trucks, high"), "modelled": ("模型货车（辆/日）", "Modelled trucks a day"),
    "before": ("模型原值（辆/日）", "Modelled, before counts"), "ratio": ("模型/观测", "Modelled / counted"),
    "basis": ("用途", "Used for"), "hour": ("时段", "Hour"), "local": ("区内货车（辆）", "Local trucks under way"),
    "long": ("进出与过境货车（辆）", "Long-distance trucks under way"), "under_way": ("在途货车（辆）", "Trucks under way"),
    "share": ("占全天（%）", "Share of the day (%)"), "homes": ("新建数量", "New homes"), "bound": ("上界", "Bound"),
    "alternative": ("最佳替代点", "Best stand-in"), "drivers_lost": ("少服务司机", "Drivers lost"),
}  # fmt: skip
SHEETS = {
    "homes": ("司机之家", "Driver homes"), "comparison": ("现有司机之家", "Known sites"), "candidates": ("司机之家候选点", "Home candidates"),
    "assumptions": ("货运假设", "Freight assumptions"), "counts": ("流量对照", "Traffic counts"), "hours": ("分时在途货车", "Trucks by the hour"), "curve": ("数量与服务", "Homes and drivers"),
}  # fmt: skip


def heading(key: str, language: str) -> str:
    """The heading of a table of driver homes."""
    return SHEETS[key][0 if language == "zh" else 1]


#: What fits across a page: columns of the printed tables (the others are printed whole, candidates not at all).
_PRINTED = {
    "homes": ("rank", "name", "district", "bays", "drivers", "lacks", "reason"),
    "comparison": ("name", "district", "bays", "drivers", "drivers_in_catchment", "relation"),
    "candidates": (),
    "counts": (
        "road",
        "place",
        "vehicles_per_day",
        "trucks",
        "trucks_low",
        "trucks_high",
        "before",
        "modelled",
        "ratio",
        "basis",
    ),
}


def tables(plan: HomesPlan, language: str = "zh", *, printed: bool = False) -> dict[str, pd.DataFrame]:
    """Tables of driver homes, with headings in the language asked for; ``printed``: only what a page holds."""
    i = 0 if language == "zh" else 1
    site = ["site_id", "name", "host_kind", "district", "lng", "lat", "bays"]
    reach = ["drivers_in_catchment", "drivers_passing", "trucks_passing"]
    alike = ["name", "host_kind", "district", "lng", "lat", "bays", "drivers", *reach, "meets", "lacks"]
    homes = ["rank", *alike, "reason", "visits_per_day", "nearest_home_km", "cost_yuan", "site_id"]
    raw = {
        "homes": (plan.chosen, homes),
        "comparison": (plan.existing, ["site_id", *alike, "relation", "source"]),
        "candidates": (plan.candidates, [*site, *reach, "cost_yuan", "meets", "lacks"]),
        "hours": (_hours(plan.day, language, step=4 if printed else 1), ["hour", "local", "long", "under_way", "share"]),
        "counts": (_counts(plan.checks, language), ["road", "place", "vehicles_per_day", "trucks", "trucks_low", "trucks_high",
                                                    "before", "modelled", "ratio", "basis", "source"]),
        "curve": (plan.curve, ["homes", "drivers", "bound"]),
        "assumptions": (plan.assumptions.assign(word=plan.assumptions[language]), ["word", "value", "low", "high", "source"]),
    }  # fmt: skip
    out = {}
    for key, (table, columns) in raw.items():
        if printed and key in _PRINTED:
            columns = [c for c in columns if c in _PRINTED[key]]
            if not columns:
                continue
        made = _in_words(table, language)
        made = pd.DataFrame(made[[c for c in columns if c in made.columns]])
        out[SHEETS[key][i]] = made.rename(columns={c: COLUMN_NAMES[c][i] for c in made.columns}).reset_index(
            drop=True
        )
    return out


def _counts(checks: pd.DataFrame, language: str) -> pd.DataFrame:
    """Counts with their places and what they were used for, in words."""
    used, other = (
        ("已据此调整出行", "仅作对照") if language == "zh" else ("trips adjusted to it", "comparison only")
    )
    made = checks.assign(place=checks[f"place_{language}"], basis=np.where(checks["used"], used, other))
    return made if checks["used"].any() else made.drop(columns="before")  # nothing was adjusted


def _hours(day: pd.DataFrame, language: str, *, step: int = 1) -> pd.DataFrame:
    """Trucks under way by the hour (means of ``step`` hours), and in the night together."""
    made = day.assign(under_way=day["trucks"], share=100 * day["share"])
    block = made["hour"] // step
    means = (
        made.groupby(block)[["local", "long", "under_way"]]
        .mean()
        .assign(share=made.groupby(block)["share"].sum())
    )
    names = [f"{h:02d}:00–{h + step:02d}:00" for h in range(0, 24, step)]
    night = made[NIGHT]
    last = {
        "hour": "夜间 22:00–6:00" if language == "zh" else "night, 22:00–6:00",
        **night[["local", "long", "under_way"]].mean().to_dict(), "share": night["share"].sum(),
    }  # fmt: skip
    return pd.concat([means.assign(hour=names), pd.DataFrame([last])], ignore_index=True)


def _in_words(table: Any, language: str) -> Any:
    """Columns of the language, coordinates, kinds in words, whole numbers where nothing finer is meant."""
    made = table.copy()
    if isinstance(table, gpd.GeoDataFrame):
        xy = shapely.get_coordinates(table.geometry.to_crs(4326).to_numpy())
        made = pd.DataFrame(made.drop(columns="geometry")).assign(
            lng=xy[:, 0].round(6), lat=xy[:, 1].round(6)
        )
    for name in ("lacks", "reason", "relation", "source"):
        if f"{name}_{language}" in made.columns:
            made[name] = made[f"{name}_{language}"]
    if "host_kind" in made.columns:
        made["host_kind"] = [kind_word(k, language) for k in made["host_kind"]]
    if "meets" in made.columns:
        yes, no = ("是", "否") if language == "zh" else ("yes", "no")
        made["meets"] = np.where(made["meets"].to_numpy(bool), yes, no)
    whole = [
        "bays",
        "drivers",
        "drivers_in_catchment",
        "drivers_passing",
        "trucks_passing",
        "visits_per_day",
        "modelled",
        "before",
        "local",
        "long",
        "under_way",
        "bound",
    ]
    for c in whole:
        if c in made.columns:
            made[c] = made[c].astype(float).round(0)
    for c in ("nearest_home_km", "nearest_new_km", "ratio", "share"):
        if c in made.columns:
            made[c] = made[c].astype(float).round(2)
    return made
