"""How driver homes are told: reasons, layers for the map, tables with headings, assumptions with bands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.roads.areas import service_areas, union_area
from planner.roads.network import Network
from planner.roads.reach import snap
from planner.settings import Freight
from planner.siting.freight_model import Model

if TYPE_CHECKING:
    from planner.siting.freight import HomesPlan

KIND_WORDS = {
    "service_area": ("服务区", "service area"), "truck_parking": ("货车停车场", "truck park"), "port": ("港口", "port"),
    "logistics": ("物流园", "logistics park"), "fuel": ("加油站", "filling station"), "charging": ("充电站", "charging station"),
    "driver_home": ("司机之家", "driver home"), "upgrade": ("现有司机之家升级", "upgrade of an existing home"),
    "industry": ("工业区", "industrial zone"), "market": ("市场", "market"), "district": ("区中心", "district centre"),
    "motorway": ("高速出入口", "motorway gateway"), "trunk": ("国道出入口", "trunk-road gateway"),
    "primary": ("省道出入口", "main-road gateway"),
}  # fmt: skip


def kind_word(kind: str, language: str) -> str:
    """A site's or zone's kind in words."""
    return KIND_WORDS.get(kind, (kind, kind))[0 if language == "zh" else 1]


def with_reasons(chosen: gpd.GeoDataFrame, swaps: pd.DataFrame, f: Freight) -> gpd.GeoDataFrame:
    """``reason_zh``, ``reason_en`` and ``reason`` (zh) for each chosen home."""
    zh, en = [], []
    for r, s in zip(chosen.itertuples(), swaps.itertuples(), strict=True):
        other_zh = f"；最佳替代点“{s.alternative}”" + (
            f"少服务 {s.drivers_lost:,.0f} 人" if s.drivers_lost >= 0.5 else "效果相当"
        )
        other_en = f"; the best stand-in, “{s.alternative}”, " + (
            f"serves {s.drivers_lost:,.0f} fewer" if s.drivers_lost >= 0.5 else "does as well"
        )
        if not s.alternative:
            other_zh = other_en = ""
        far = np.isfinite(r.nearest_home_km)
        known_zh, known_en = ("", "") if r.bays_known else ("（假定）", " (assumed)")
        zh.append(
            f"每月服务 {r.drivers:,.0f} 名司机（泊位 {r.bays:.0f} 个{known_zh}，每泊位每日周转 {f.turnover_per_day:g} 次）；"
            f"{f.catchment_minutes:g} 分钟车程内有本地司机 {r.drivers_in_catchment:,.0f} 人，绕行 {f.detour_minutes:g} 分钟内"
            f"每月有外来司机 {r.drivers_passing:,.0f} 人、每日货车 {r.trucks_passing:,.0f} 辆经过"
            + (f"；距最近的司机之家 {r.nearest_home_km:.1f} km" if far else "")
            + f"；依托{kind_word(r.host_kind, 'zh')}“{r.name}”，" + (r.lacks_zh or "符合全部条件") + other_zh + "。"
        )  # fmt: skip
        en.append(
            f"Serves {r.drivers:,.0f} drivers a month ({r.bays:.0f} bays{known_en}, {f.turnover_per_day:g} stays a day each); "
            f"{r.drivers_in_catchment:,.0f} drivers are based within {f.catchment_minutes:g} min by truck, "
            f"{r.drivers_passing:,.0f} from elsewhere pass within a detour of {f.detour_minutes:g} min in a month, "
            f"{r.trucks_passing:,.0f} trucks a day in all"
            + (f"; the nearest other home is {r.nearest_home_km:.1f} km away" if far else "")
            + f"; at the {kind_word(r.host_kind, 'en')} “{r.name}”: " + (r.lacks_en or "meets the whole checklist")
            + other_en + "."
        )  # fmt: skip
    return chosen.assign(reason_zh=zh, reason_en=en, reason=zh)


def flows(model: Model, network: Network, f: Freight, *, least: float = 50.0) -> gpd.GeoDataFrame:
    """Streets with at least ``least`` trucks a day: both directions, with the share at night."""
    by_edge = edge_flows(model)
    total = by_edge.sum(0)
    keep = np.flatnonzero(total >= least)
    edges = network.edges().iloc[keep]
    night = (by_edge[0] * f.night_share_local + by_edge[1] * f.night_share_long)[keep]
    return gpd.GeoDataFrame(
        {
            "edge": keep, "class": edges["class"].astype(str).to_numpy(), "trucks_per_day": total[keep].round(1),
            "night_share": (night / total[keep]).round(4), "trucks_at_night": night.round(1),
            "per_hour_day": ((total[keep] - night) / 16).round(1), "per_hour_night": (night / 8).round(1),
        },
        geometry=edges.geometry.to_numpy(), crs=network.crs,
    )  # fmt: skip


def edge_flows(model: Model) -> np.ndarray[Any, Any]:
    """Trucks a day by class (2 × n_edges), both directions; of a street cut by places the greatest part."""
    graph, out = model.graph, np.zeros((2, model.graph.n_edges))
    real = graph.edge >= 0
    for way in (True, False):
        mine = real & (graph.forward == way)
        part = np.zeros_like(out)
        for c in range(2):
            np.maximum.at(part[c], graph.edge[mine], model.assigned.flows[c][mine])
        out += part
    return out


def checks(model: Model, network: Network, f: Freight) -> pd.DataFrame:
    """Modelled trucks a day beside the counts, on the busiest main road within 1.5 km of each."""
    counts = model.inputs.counts
    rows = []
    total = edge_flows(model).sum(0)
    main = np.isin(
        np.array(network.classes)[network.edge_class.astype(int)],
        ["motorway", "trunk", "primary", "secondary"],
    )
    candidates = np.flatnonzero(main)
    lines = network.edges().geometry.to_numpy()[candidates]
    tree = shapely.STRtree(lines)
    for r in counts.itertuples():
        near = candidates[tree.query(r.geometry, predicate="dwithin", distance=1500.0)]
        modelled = float(total[near].max()) if len(near) else float("nan")
        low, high = (
            (r.trucks, r.trucks)
            if np.isfinite(r.trucks_per_day)
            else (r.vehicles_per_day * 0.15, r.vehicles_per_day * 0.35)
        )
        rows.append(
            (
                r.road,
                r.place_zh,
                r.place_en,
                r.vehicles_per_day,
                r.trucks,
                low,
                high,
                modelled,
                modelled / r.trucks,
                r.source_text,
            )
        )
    columns = [
        "road",
        "place_zh",
        "place_en",
        "vehicles_per_day",
        "trucks",
        "trucks_low",
        "trucks_high",
        "modelled",
        "ratio",
        "source",
    ]
    return pd.DataFrame(rows, columns=columns)


def catchments(
    network: Network, chosen: gpd.GeoDataFrame, existing: gpd.GeoDataFrame, f: Freight
) -> gpd.GeoDataFrame:
    """Ground within the catchment's minutes of each new home, and of the existing homes together."""
    seconds, limit = f.catchment_minutes * 60, 1500.0
    made = service_areas(network, chosen.geometry, cutoff_s=seconds, buffer_m=150.0, limit_m=limit)
    shapes = list(made.geometry)
    names, ids = chosen["name"].tolist(), chosen["site_id"].tolist()
    if len(existing):
        on = snap(network, existing.geometry, limit_m=limit)
        shapes.append(union_area(network, on, cutoff_s=seconds, buffer_m=150.0))
        names.append("")
        ids.append("existing")
    simple = [shapely.simplify(g, 100.0) for g in shapes]
    return gpd.GeoDataFrame({"site_id": ids, "name": names}, geometry=simple, crs=network.crs)


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
    "night_share_local": ("本地货车夜间比例（22–6 时）", "share at night of local trips", 0.1, 0.3, "own assumption"),
    "night_share_long": ("长途货车夜间比例（22–6 时）", "share at night of long trips", 0.25, 0.45, "own assumption"),
    "max_bays": ("单个司机之家最多泊位", "bays of one home at most", 20, 100, "own assumption"),
    "spacing_km": ("司机之家间距（km）", "spacing of homes (km)", 0, 50, "own assumption"),
    "cost_yuan": ("新建造价（元）", "cost of a new home (CNY)", 300000, 5000000, "Shanxi 2023: 12m for 40; Nantong 2019: 5m for one"),
    "upgrade_cost_yuan": ("升级造价（元）", "cost of an upgrade (CNY)", 100000, 300000, "own assumption"),
    "min_bays": ("最少货车泊位", "truck bays at least", 20, 20, "Ministry of Transport briefing 2025-07-28"),
    "min_showers": ("最少淋浴间", "showers at least", 2, 2, "Ministry of Transport briefing 2025-07-28"),
    "min_washers": ("最少洗衣机", "washing machines at least", 2, 2, "Ministry of Transport briefing 2025-07-28"),
}  # fmt: skip


def assumptions(f: Freight) -> pd.DataFrame:
    """Every assumption: key, zh, en, value, low, high, source."""
    rows = [
        (k, zh, en, float(getattr(f, k)), low, high, source)
        for k, (zh, en, low, high, source) in _ASSUMED.items()
    ]
    rows += [
        (f"gateway_trucks.{k}", f"{kind_word(k, 'zh')}货车（辆/日）", f"trucks a day, {kind_word(k, 'en')}", v, 0.5 * v, 1.5 * v,
         "own assumption, from counts on G204 and G50")
        for k, v in f.gateway_trucks.items()
    ]  # fmt: skip
    rows += [
        (f"kind_bays.{k}", f"{kind_word(k, 'zh')}默认泊位", f"bays where not known, {kind_word(k, 'en')}", v, 0.5 * v, 2 * v, "own assumption")
        for k, v in f.kind_bays.items()
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["key", "zh", "en", "value", "low", "high", "source"])


# -- layers ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class FieldSpec:
    """A popup line; the attributes of :class:`planner.publish.bundle.PopupField`."""

    column: str
    zh: str
    en: str
    digits: int | None = None
    unit_zh: str = ""
    unit_en: str = ""


@dataclass(frozen=True, eq=False)
class LayerSpec:
    """A map layer; the attributes of :class:`planner.publish.bundle.ExtraLayer`."""

    key: str
    zh: str
    en: str
    table: gpd.GeoDataFrame
    colour: str = "#5b4b8a"
    name_column: str = ""
    fields: tuple[FieldSpec, ...] = ()
    width_column: str = ""
    width_px: tuple[float, float] = (1.0, 8.0)
    widths_zh: str = ""
    widths_en: str = ""
    shape: str = "circle"
    fill_opacity: float = 0.85
    dashed: bool = False
    outline: str = "#ffffff"
    shown: bool = False
    searchable: bool = False


_SITE_FIELDS = (
    FieldSpec("bays", "货车泊位", "truck bays", 0),
    FieldSpec("drivers_in_catchment", "可达本地司机", "drivers based in reach", 0, "人", "drivers"),
    FieldSpec("drivers_passing", "经过的外来司机", "passing drivers", 0, "人/月", "a month"),
    FieldSpec("trucks_passing", "经过货车", "trucks passing", 0, "辆/日", "a day"),
    FieldSpec("lacks_zh", "欠缺（中文）", "lacks (zh)"),
    FieldSpec("lacks_en", "欠缺（英文）", "lacks"),
)


def extra_layers(plan: HomesPlan) -> tuple[LayerSpec, ...]:
    """Flow widths, catchments, candidates with what they lack, existing homes, new homes."""
    flow = plan.flows[plan.flows["trucks_per_day"] >= 500]
    site = [
        "site_id",
        "name",
        "bays",
        "drivers_in_catchment",
        "drivers_passing",
        "trucks_passing",
        "lacks_zh",
        "lacks_en",
    ]
    return (
        LayerSpec(
            "truck_flows", "货车流量（模型）", "truck flows (modelled)", flow[["trucks_per_day", "night_share", "geometry"]],
            colour="#b5651d", width_column="trucks_per_day", width_px=(0.5, 8.0), widths_zh="辆/日", widths_en="trucks a day",
            fields=(FieldSpec("trucks_per_day", "货车", "trucks", 0, "辆/日", "a day"),
                    FieldSpec("night_share", "夜间比例", "share at night", 2)), fill_opacity=0.6,
        ),
        LayerSpec(
            "home_catchments", "司机之家 30 分钟车程", "30 minutes' drive to a home", plan.catchments, colour="#7a5ea8",
            name_column="name", fill_opacity=0.12, dashed=True,
        ),
        LayerSpec(
            "home_candidates", "司机之家候选点", "candidates for driver homes", plan.candidates[[*site, "geometry"]],
            colour="#9a9a9a", name_column="name", fields=_SITE_FIELDS, shape="square",
        ),
        LayerSpec(
            "homes_existing", "现有司机之家", "existing driver homes",
            plan.existing[[*site, "relation_zh", "relation_en", "geometry"]], colour="#3d7ab8", name_column="name",
            fields=(*_SITE_FIELDS, FieldSpec("relation_zh", "与方案的关系", "in the plan (zh)"),
                    FieldSpec("relation_en", "与方案的关系（英文）", "in the plan")), shape="triangle", searchable=True,
        ),
        LayerSpec(
            "homes_new", "新建司机之家", "new driver homes",
            plan.chosen[[*site, "rank", "drivers", "reason_zh", "reason_en", "geometry"]], colour="#8e2a5b",
            name_column="name", shape="diamond", searchable=True,
            fields=(FieldSpec("rank", "序号", "rank", 0), FieldSpec("drivers", "服务司机", "drivers served", 0, "人/月", "a month"),
                    *_SITE_FIELDS, FieldSpec("reason_zh", "理由", "reason (zh)"), FieldSpec("reason_en", "理由（英文）", "reason")),
        ),
    )  # fmt: skip


def layer_specs(plan: HomesPlan) -> tuple[dict[str, Any], ...]:
    """The layers as plain dicts; ``fields`` are dicts too."""
    out = []
    for layer in extra_layers(plan):
        spec = {k: getattr(layer, k) for k in LayerSpec.__dataclass_fields__}
        spec["fields"] = tuple(
            {k: getattr(x, k) for k in FieldSpec.__dataclass_fields__} for x in layer.fields
        )
        out.append(spec)
    return tuple(out)


# -- tables ----------------------------------------------------------------------------------------

_HEADS: dict[str, tuple[str, str]] = {
    "rank": ("序号", "Rank"), "site_id": ("编号", "ID"), "name": ("名称", "Name"), "host_kind": ("依托场所", "Host"),
    "district": ("所在区", "District"), "lng": ("经度(WGS84)", "Longitude (WGS84)"), "lat": ("纬度(WGS84)", "Latitude (WGS84)"),
    "bays": ("货车泊位", "Truck bays"), "drivers": ("服务司机（人/月）", "Drivers served a month"),
    "drivers_in_catchment": ("30分钟内本地司机", "Drivers based in reach"),
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
    "ratio": ("模型/公布", "Modelled / published"), "homes": ("新建数量", "New homes"), "bound": ("上界", "Bound"),
    "alternative": ("最佳替代点", "Best stand-in"), "drivers_lost": ("少服务司机", "Drivers lost"),
}  # fmt: skip
_SHEETS = {
    "homes": ("司机之家", "Driver homes"), "comparison": ("现有司机之家", "Known sites"), "candidates": ("司机之家候选点", "Home candidates"),
    "assumptions": ("货运假设", "Freight assumptions"), "counts": ("流量对照", "Traffic counts"), "curve": ("数量与服务", "Homes and drivers"),
}  # fmt: skip


def tables(plan: HomesPlan, language: str = "zh") -> dict[str, pd.DataFrame]:
    """Sheets of driver homes, with headings in the language asked for."""
    i = 0 if language == "zh" else 1
    site = ["site_id", "name", "host_kind", "district", "lng", "lat", "bays"]
    reach = ["drivers_in_catchment", "drivers_passing", "trucks_passing"]
    homes = [
        "rank",
        *site,
        "drivers",
        *reach,
        "visits_per_day",
        "nearest_home_km",
        "cost_yuan",
        "meets",
        "lacks",
        "reason",
    ]
    raw = {
        "homes": (plan.chosen, homes),
        "comparison": (plan.existing, [*site, "drivers", *reach, "meets", "lacks", "relation", "source"]),
        "candidates": (plan.candidates, [*site, *reach, "cost_yuan", "meets", "lacks"]),
        "assumptions": (plan.assumptions.assign(word=plan.assumptions[language]), ["word", "value", "low", "high", "source"]),
        "counts": (plan.checks.assign(place=plan.checks[f"place_{language}"]),
                   ["road", "place", "vehicles_per_day", "trucks", "trucks_low", "trucks_high", "modelled", "ratio", "source"]),
        "curve": (plan.curve, ["homes", "drivers", "bound"]),
    }  # fmt: skip
    out = {}
    for key, (table, columns) in raw.items():
        made = _in_words(table, language)
        made = pd.DataFrame(made[[c for c in columns if c in made.columns]])
        out[_SHEETS[key][i]] = made.rename(columns={c: _HEADS[c][i] for c in made.columns}).reset_index(
            drop=True
        )
    return out


def _in_words(table: Any, language: str) -> Any:
    """Columns of the language, coordinates, kinds in words, whole numbers where nothing finer is meant."""
    made = table.copy()
    if isinstance(table, gpd.GeoDataFrame):
        xy = shapely.get_coordinates(table.geometry.to_crs(4326).to_numpy())
        made = pd.DataFrame(made.drop(columns="geometry")).assign(
            lng=xy[:, 0].round(6), lat=xy[:, 1].round(6)
        )
    for name in ("lacks", "reason", "relation"):
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
        "bound",
    ]
    for c in whole:
        if c in made.columns:
            made[c] = made[c].astype(float).round(0)
    for c in ("nearest_home_km", "nearest_new_km", "ratio"):
        if c in made.columns:
            made[c] = made[c].astype(float).round(2)
    return made
