"""A town on one straight street, where every distance on foot is a difference of x.

The street runs east from x = 0; a station, host or worker at x reaches another at x' in |x − x'| metres, so
that whoever covers whom can be told with a pencil: 10 minutes at 4 km/h are 666.67 m. Districts are stretches
of the street. Two groups, ``rider`` and ``sweeper``, with rates and profiles of their own; the other default
groups are switched off. Where within a district its workers stand is the program's business: the tests read
it off the demand table (:func:`standing`) and count for themselves.
"""

from __future__ import annotations

import csv
import functools
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyproj

CRS = "EPSG:4549"
#: Where x = 0 stands; the street's y.
X0, Y0 = 559_000.0, 3_464_100.0
#: Metres in ten minutes at 4 km/h.
TEN_MINUTES_M = 4000 / 6
#: Workers per 1,000 residents.
RATES = {"rider": 8.0, "sweeper": 2.0}
PERIODS = {"06_10": (6, 10), "10_14": (10, 14), "14_17": (14, 17), "17_22": (17, 22), "22_06": (22, 6)}
#: Share of a group's workers in each period.
PROFILES = {
    "rider": {"06_10": 0.1, "10_14": 0.3, "14_17": 0.2, "17_22": 0.3, "22_06": 0.1},
    "sweeper": {"06_10": 0.4, "10_14": 0.1, "14_17": 0.1, "17_22": 0.1, "22_06": 0.3},
}
DEFAULT_GROUPS = ("courier", "ride_hail", "sanitation", "traffic_police", "truck")


@functools.cache
def _to_degrees() -> Any:
    return pyproj.Transformer.from_crs(CRS, 4326, always_xy=True).transform


def at(x_m: float, y_m: float = 0.0) -> tuple[float, float]:
    """(lng, lat) of a place in the town."""
    lng, lat = _to_degrees()(X0 + x_m, Y0 + y_m)
    return round(lng, 9), round(lat, 9)


@dataclass(frozen=True)
class Place:
    """A station or host: its x, its hours, and (for a host) its kind."""

    name: str
    x_m: float
    hours: str = "00:00-24:00"
    kind: str = "bank"


def write_table(path: Path, head: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    """A CSV file."""
    with path.open("w", newline="", encoding="utf-8") as handle:
        out = csv.writer(handle)
        out.writerow(head)
        out.writerows(rows)
    return path


def site_list(path: Path, sites: Iterable[Place]) -> Path:
    """A list of wished sites, as ``planner evaluate`` reads it."""
    rows = [(s.name, *at(s.x_m), s.hours) for s in sites]
    return write_table(path, ["name", "lng", "lat", "open_hours"], rows)


def _layer(path: Path, features: list[dict[str, Any]]) -> None:
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")


def _street(length_m: float, step_m: float) -> list[dict[str, Any]]:
    xs = np.arange(0, length_m + step_m / 2, step_m)
    return [
        {
            "type": "Feature",
            "properties": {},
            "geometry": {"type": "LineString", "coordinates": [at(a), at(b)]},
        }
        for a, b in zip(xs[:-1].tolist(), xs[1:].tolist(), strict=True)
    ]


def _district(name: str, start_m: float, end_m: float, people: float) -> dict[str, Any]:
    ring = [(start_m, -100), (end_m, -100), (end_m, 100), (start_m, 100), (start_m, -100)]
    return {
        "type": "Feature",
        "properties": {"name_zh": name, "name_en": name, "population": people},
        "geometry": {"type": "Polygon", "coordinates": [[at(*corner) for corner in ring]]},
    }


def group_table(name: str, *, rate: float, profile: Mapping[str, float], extra: str = "") -> str:
    """A group's table of the study file."""
    shares = ", ".join(f'"{k}" = {v}' for k, v in profile.items())
    return (
        f'[[groups]]\nname = "{name}"\nrate_per_1000 = {rate}\nprofile = {{ {shares} }}\n'
        f"covariates = {{ population = 1.0 }}\n{extra}"
    )


def street_town(
    folder: Path,
    *,
    stations: Sequence[Place] = (),
    hosts: Sequence[Place] = (),
    districts: Mapping[str, tuple[float, float, float]] | None = None,
    siting: str = "p = 1",
    periods: Mapping[str, tuple[float, float]] = PERIODS,
    profiles: Mapping[str, Mapping[str, float]] = PROFILES,
    extra: str = "",
) -> Path:
    """Write the town; the path of its study file.

    Parameters
    ----------
    districts
        Name → (from x, to x, residents); one of 4 km and 10,000 residents when None.
    siting
        Lines of ``[siting]``.
    extra
        Further tables of the study file.
    """
    districts = districts or {"mid": (0.0, 4000.0, 10_000.0)}
    folder.mkdir(parents=True, exist_ok=True)
    length = max(end for _, end, _ in districts.values())
    _layer(folder / "streets.geojson", _street(length, 100.0))
    _layer(folder / "districts.geojson", [_district(n, *d) for n, d in districts.items()])
    write_table(
        folder / "stations.csv", ["编号", "站点名称", "经度", "纬度", "开放时间", "状态"],
        [(s.name, s.name, *at(s.x_m), s.hours, "正常") for s in stations],
    )  # fmt: skip
    write_table(
        folder / "hosts.csv", ["host_id", "name", "host_kind", "open_hours", "lng", "lat"],
        [(h.name, h.name, h.kind, h.hours, *at(h.x_m)) for h in hosts],
    )  # fmt: skip
    day = "".join(f'[[periods]]\nname = "{n}"\nstart_h = {a}\nend_h = {b}\n' for n, (a, b) in periods.items())
    groups = "".join(group_table(n, rate=RATES[n], profile=profiles[n]) for n in RATES)
    if periods == PERIODS:
        groups += "".join(f'[[groups]]\nname = "{n}"\nenabled = false\n' for n in DEFAULT_GROUPS)
    given = '[[inputs.stations]]\npath = "stations.csv"\ndatum = "wgs84"\n' if stations else ""
    (folder / "study.toml").write_text(
        f"""[study]
name = "street"
language = "en"
crs = "{CRS}"
[inputs.streets]
path = "streets.geojson"
[inputs.districts]
path = "districts.geojson"
{given}[inputs.hosts]
path = "hosts.csv"
datum = "wgs84"
{day}{groups}
[siting]
{siting}
min_to_open_m = 0
dedupe_m = 0
curve = []
alternatives = 0
replacements = 0
sensitivity = false
{"" if "scenarios" in siting else "scenarios = 0"}
{"" if "quotas" in siting else 'quotas = "none"'}
[freight]
enabled = false
{extra}""",
        "utf-8",
    )
    return folder / "study.toml"


# -- the pencil -------------------------------------------------------------------------------------------


def standing(study: Any) -> np.ndarray:
    """x of each demand point, where workers stand."""
    points = study.demand_points.geometry
    assert np.abs(points.y.to_numpy() - Y0).max() < 0.01, "somebody stands off the street"
    return points.x.to_numpy() - X0


def workers(study: Any, group: str, period: str) -> np.ndarray:
    """Workers of a group at each demand point in a period, by its profile."""
    profile = next(g.profile for g in study.settings.groups if g.name == group)
    return study.demand_points[group].to_numpy() * profile[period]


def reach(study: Any, places: Iterable[Place], *, within_m: float = TEN_MINUTES_M) -> np.ndarray:
    """Per demand point, how many of the places are within the distance along the street."""
    x = standing(study)
    near = [np.abs(x - p.x_m) <= within_m for p in places]
    assert not any((np.abs(np.abs(x - p.x_m) - within_m) < 0.05).any() for p in places), "too close to call"
    return np.sum(near, axis=0) if near else np.zeros(len(x), int)


def covered(
    study: Any,
    open_in: Callable[[str], Sequence[Place]],
    *,
    within_m: float = TEN_MINUTES_M,
    groups: Iterable[str] = tuple(RATES),
    periods: Iterable[str] = tuple(PERIODS),
    district: str | None = None,
    least: int = 1,
) -> float:
    """Workers with at least ``least`` of the places that ``open_in(period)`` names in reach."""
    points = study.demand_points
    here = np.ones(len(points), bool) if district is None else (points["district"] == district).to_numpy()
    total = 0.0
    for period in periods:
        hit = (reach(study, open_in(period), within_m=within_m) >= least) & here
        total += sum(float(workers(study, g, period)[hit].sum()) for g in groups)
    return total
