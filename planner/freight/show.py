"""What a plan of driver homes shows: reasons, flows on streets, catchments, modelled beside counted."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from planner.freight.hours import NIGHT
from planner.freight.model import Model
from planner.freight.words import kind_word
from planner.roads.areas import service_areas, union_area
from planner.roads.network import Network
from planner.roads.outline import generalise
from planner.roads.reach import snap
from planner.settings.freight import Freight


def with_reasons(chosen: gpd.GeoDataFrame, swaps: pd.DataFrame, f: Freight) -> gpd.GeoDataFrame:
    """``reason_zh``, ``reason_en`` and ``reason`` (zh) for each chosen home."""
    zh, en = [], []
    for r, s in zip(chosen.itertuples(), swaps.itertuples(), strict=True):
        other_zh = f"；最佳替代点“{s.alternative}”" + (
            f"少服务 {s.drivers_lost:,.0f} 人"
            if s.drivers_lost >= 0.5
            else f"服务人数相同，但可达司机少 {s.reach_lost:,.0f} 人"
        )
        other_en = f"; the best stand-in, “{s.alternative}”, " + (
            f"serves {s.drivers_lost:,.0f} fewer"
            if s.drivers_lost >= 0.5
            else f"serves as many, with {s.reach_lost:,.0f} fewer in reach"
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


def flows(network: Network, trucks: pd.DataFrame) -> gpd.GeoDataFrame:
    """Streets with their trucks a day in both directions, the share at night (22 to 6), and the busiest hour.

    Parameters
    ----------
    trucks
        As :func:`planner.freight.hours.hourly` has them.
    """
    keep, values = trucks.index.to_numpy(), trucks.to_numpy()
    edges, total = network.edges().iloc[keep], values.sum(1)
    night = values[:, NIGHT].sum(1)
    return gpd.GeoDataFrame(
        {
            "edge": keep, "class": edges["class"].astype(str).to_numpy(), "trucks_per_day": total.round(1),
            "night_share": (night / total).round(4), "trucks_at_night": night.round(1),
            "per_hour_day": values[:, ~NIGHT].mean(1).round(1), "per_hour_night": values[:, NIGHT].mean(1).round(1),
            "peak_hour": values.argmax(1), "per_hour_peak": values.max(1).round(1),
        },
        geometry=edges.geometry.to_numpy(), crs=network.crs,
    )  # fmt: skip


def checks(model: Model) -> pd.DataFrame:
    """Every count beside the model: before and after the trips were adjusted, and what the count was used for.

    ``modelled`` is NaN where no main road stands near the count.
    """
    counts, made = model.inputs.counts, model.counted
    measured = np.isfinite(counts["trucks_per_day"].to_numpy(float))
    vehicles = counts["vehicles_per_day"].to_numpy(float)
    trucks = counts["trucks"].to_numpy(float)
    low, high = (np.where(measured, trucks, vehicles * share) for share in SHARES)
    out = counts[["road", "place_zh", "place_en", "vehicles_per_day", "trucks"]].reset_index(drop=True)
    after = made["after"].to_numpy(float)
    return pd.DataFrame(out).assign(
        trucks_low=low, trucks_high=high, before=made["before"], modelled=after,
        ratio=after / np.where(trucks > 0, trucks, np.nan), used=made["used"], same_road=made["by_name"],
        source=counts["source_text"].to_numpy(),
    )  # fmt: skip


#: Band of the share of trucks among vehicles, as in the settings.
SHARES = (0.15, 0.35)


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
    simple = [
        generalise(_smooth(g), least_m2=3e6, tolerance_m=100.0) for g in shapes
    ]  # one outline, lakes left out
    return gpd.GeoDataFrame({"site_id": ids, "name": names}, geometry=simple, crs=network.crs)


def _smooth(shape: shapely.Geometry, within_m: float = 600.0) -> shapely.Geometry:
    """A shape without gaps and spikes up to twice this wide, to draw."""
    return shape.buffer(within_m).buffer(-2 * within_m).buffer(within_m)
