"""Seeded faults in a made-up export of a map platform are found, and nothing else is."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest

from planner.audit.names import core, likeness
from planner.audit.pairing import close_pairs, one_to_one
from planner.audit.truth import FAULTS, MapAudit, audit_map
from planner.inputs.places.datum import convert
from planner.inputs.stations import read_stations
from planner.settings.inputs import Table
from tests.study.town import CRS, X0, Y0, write_table

TOWNS = (
    "石路",
    "观前",
    "平江",
    "斜塘",
    "唯亭",
    "胜浦",
    "娄葑",
    "木渎",
    "横塘",
    "枫桥",
    "浒墅关",
    "通安",
    "渭塘",
    "黄埭",
    "陆慕",
    "太平",
)
HOSTS = (
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
TAILS = ("户外劳动者服务站点", "户外劳动者驿站", "工会驿站", "户外劳动者服务站", "服务站点")
HOURS = (
    "08:00-20:00",
    "09:00-17:00",
    "周一至周五 9:00-17:00",
    "06:00-22:00",
    "24小时",
    "08:30-11:30,13:30-17:30",
)
#: How a map's editors shorten names.
SHORT = {
    "社区党群服务中心": "党群中心",
    "公园管理处": "公园",
    "公交首末站": "公交站",
    "公共厕所": "公厕",
    "银行网点": "银行",
    "街道": "",
}
OTHER = {"08:00-20:00": "10:00-16:00", "09:00-17:00": "12:00-20:00", "周一至周五 9:00-17:00": "00:00-24:00", "06:00-22:00": "09:00-17:00",
         "24小时": "08:00-18:00", "08:30-11:30,13:30-17:30": "18:00-22:00"}  # fmt: skip


def export(folder: Path, seed: int, *, n: int = 300, datum: str = "gcj02") -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, dict[str, set[Any]]]:  # fmt: skip
    """Our list, the export as read from its file, and the faults that were put into it."""
    rng = np.random.default_rng(seed)
    xy = rng.uniform(0, 20_000, (n, 2)) + np.array([X0, Y0])
    xy[: n // 10] = xy[n // 10 : 2 * (n // 10)] + rng.uniform(
        50, 120, (n // 10, 2)
    )  # every tenth stands by another one
    cores = [f"{TOWNS[rng.integers(len(TOWNS))]}街道{HOSTS[rng.integers(len(HOSTS))]}" for _ in range(n)]
    hours = [HOURS[k] for k in rng.integers(len(HOURS), size=n)]
    _write(folder / "own.csv", [f"S{i:03d}" for i in range(n)], [f"{c}户外劳动者服务站点（{i + 1}号）" for i, c in enumerate(cores)], xy, hours, "wgs84")  # fmt: skip
    order = rng.permutation(n)
    cut = np.split(order, [n // 20, n // 10, 3 * n // 20])
    missing, shifted, wrong = (set(part.tolist()) for part in cut[:3])
    names, places, shown, ids = [], [], [], []
    for i in range(n):
        if i in missing:
            continue
        angle = rng.uniform(0, 2 * np.pi)
        far = rng.uniform(90, 2000) if i in shifted else min(abs(rng.normal(0, 10)), 40)
        places.append(xy[i] + far * np.array([np.cos(angle), np.sin(angle)]))
        number = f"({i + 1}号)" if rng.random() < 0.7 else ""
        name = cores[i]
        for word, less in SHORT.items():
            name = name.replace(word, less) if rng.random() < 0.4 else name
        names.append(f"{name}{TAILS[rng.integers(len(TAILS))]}{number}")
        shown.append(OTHER[hours[i]] if i in wrong else "" if rng.random() < 0.1 else hours[i])
        ids.append(f"S{i:03d}")
    ghosts = []
    for k in range(n // 20):
        where = ("旧址", "老年活动室", HOSTS[rng.integers(len(HOSTS))])[
            k % 3
        ]  # every third is called like a station
        ghosts.append(
            f"{TOWNS[rng.integers(len(TOWNS))]}街道{where}{TAILS[rng.integers(len(TAILS))]}({n + k + 1}号)"
        )
    names += [*ghosts, "菜鸟驿站(石路店)", "中国银行石路支行"]
    places += [*(rng.uniform(0, 20_000, (len(ghosts), 2)) + np.array([X0, Y0])), xy[0], xy[1]]
    shown += ["08:00-20:00"] * (len(ghosts) + 2)
    ids += [""] * (len(ghosts) + 2)
    _write(folder / "map.csv", [], names, np.array(places), shown, datum)
    tables = [read_stations(Table(path=folder / f, datum=d), crs=CRS)[0] for f, d in (("own.csv", "wgs84"), ("map.csv", datum))]  # fmt: skip
    planted = {"missing": {f"S{i:03d}" for i in missing}, "shifted": {f"S{i:03d}" for i in shifted},
               "hours": {f"S{i:03d}" for i in wrong}, "ghost": set(ghosts)}  # fmt: skip
    return tables[0], tables[1], planted


def _write(
    path: Path, ids: list[str], names: list[str], xy: np.ndarray, hours: list[str], datum: Any
) -> None:
    points = gpd.GeoSeries.from_xy(*xy.T, crs=CRS).to_crs(4326)
    lng, lat = convert(points.x.to_numpy(), points.y.to_numpy(), source="wgs84", target=datum)
    head = ["name", "location", "business.opentime_week"]
    rows = [[n, f"{a:.6f},{b:.6f}", h] for n, a, b, h in zip(names, lng, lat, hours, strict=True)]
    if ids:
        head, rows = ["编号", *head], [[k, *r] for k, r in zip(ids, rows, strict=True)]
    write_table(path, head, rows)


def found(audit: MapAudit) -> dict[str, set[Any]]:
    t = audit.faults
    return {k: set(t.loc[t["fault"] == k, "map_name" if k == "ghost" else "station_id"]) for k in FAULTS}


@pytest.mark.parametrize(("datum", "seeds"), [("gcj02", range(20, 28)), ("bd09", range(28, 36))])
def test_planted_faults_are_found_with_precision_and_recall(tmp_path: Path, datum: str, seeds: range) -> None:
    hits = dict.fromkeys(FAULTS, 0)
    said, there = dict.fromkeys(FAULTS, 0), dict.fromkeys(FAULTS, 0)
    for seed in seeds:
        (tmp_path / str(seed)).mkdir()
        own, shown, planted = export(tmp_path / str(seed), seed, datum=datum)
        audit = audit_map(own, shown)
        got = found(audit)
        for k in FAULTS:
            hits[k] += len(got[k] & planted[k])
            said[k] += len(got[k])
            there[k] += len(planted[k])
        assert audit.ignored == 2
    for k in FAULTS:
        assert hits[k] / there[k] >= 0.95, f"recall of {k}: {hits[k]} of {there[k]}"
        assert hits[k] / said[k] >= 0.95, f"precision of {k}: {hits[k]} of {said[k]}"


def test_the_same_list_has_no_fault(tmp_path: Path) -> None:
    own, _, _ = export(tmp_path, 3)
    assert not len(audit_map(own, own).faults)


def test_what_is_withdrawn_or_shown_twice_is_a_ghost(tmp_path: Path) -> None:
    own, _, _ = export(tmp_path, 4, n=40)
    gone = own.assign(status=["withdrawn", *["open"] * (len(own) - 1)])
    shown = own.iloc[[*range(len(own)), 5]].reset_index(drop=True)
    faults = audit_map(gone, shown).faults
    assert faults["fault"].tolist() == ["ghost", "ghost"]
    assert dict(zip(faults["station_id"], faults["why"], strict=True)) == {
        "S000": "withdrawn",
        "S005": "twice",
    }


def test_names_are_alike_whatever_the_post_is_called() -> None:
    a = core("石路街道银行网点户外劳动者服务站点（3号）")
    assert likeness(a, core("石路街道银行网点工会驿站")) == 1
    assert likeness(a, core("石路街道银行网点驿站(4号)")) == pytest.approx(0.6)
    assert likeness(a, core("观前公园管理处驿站")) < 0.3


@pytest.mark.parametrize("seed", range(60))
def test_pairs_are_the_cheapest_there_are(seed: int) -> None:
    """Against every one-to-one choice of small lists."""
    rng = np.random.default_rng(seed)
    own, other = rng.uniform(0, 100, (4, 2)), rng.uniform(0, 100, (4, 2))
    pairs = close_pairs(own, other, within_m=70)
    cost = rng.uniform(0, 2, len(pairs.own))
    taken = one_to_one(pairs, cost, alone=0.7)
    best = min(
        (sum(cost[k] - 1.4 for k in chosen)
         for size in range(5) for chosen in itertools.combinations(range(len(cost)), size)
         if len({pairs.own[k] for k in chosen}) == size == len({pairs.other[k] for k in chosen})),
    )  # fmt: skip
    assert sum(cost[k] - 1.4 for k in taken) == pytest.approx(best)
    assert len(set(pairs.own[taken])) == len(taken) == len(set(pairs.other[taken]))
