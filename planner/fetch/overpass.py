"""Streets, hosts and boundary of a place from OpenStreetMap, as files of a study that is ready to run.

Requests, pauses, retries and the cache are osmnx's (its ``settings`` hold: cache folder, addresses of
Overpass and Nominatim, timeouts), so that asking twice asks the servers once. The answers are kept as
they are, in one ``.osm.pbf`` with every tag: streets for all modes, hosts, water, land use, buildings.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from planner.errors import NoInternetError, PlannerError, finding
from planner.inputs.osm.layers import ATTRIBUTION
from planner.inputs.places.crs import auto_crs
from planner.leaving import temporary_folder

__all__ = ["FEATURES", "fetch", "study_text", "write_osm"]

#: What is asked for beside streets: everything :mod:`planner.inputs.osm.layers` makes layers of.
FEATURES: dict[str, bool | str | list[str]] = {
    "amenity": True, "shop": True, "office": True, "landuse": True, "waterway": True, "industrial": True,
    "leisure": ["park", "garden", "pitch", "playground", "sports_centre", "golf_course", "nature_reserve"],
    "natural": ["water", "coastline", "wood", "scrub", "wetland", "beach"],
    "railway": ["station", "halt"], "public_transport": "station", "highway": ["services", "rest_area"],
    "man_made": "works", "harbour": True,
    "place": ["city", "town", "suburb", "village", "hamlet", "neighbourhood", "quarter"],
}  # fmt: skip
_STREETS = ['["highway"]', '["route"="ferry"]']
_ENV = {"overpass_url": "PLANNER_OVERPASS_URL", "nominatim_url": "PLANNER_NOMINATIM_URL"}

Element = dict[str, Any]


def fetch(
    place: str,
    out: Path | str,
    *,
    margin_m: float = 1000.0,
    buildings: bool = True,
    overpass_url: str | None = None,
    nominatim_url: str | None = None,
    progress: Callable[[str, float], None] | None = None,
) -> Path:
    """Fetch a place and write ``streets.osm.pbf``, ``boundary.geojson`` and ``study.toml`` into ``out``.

    Parameters
    ----------
    place
        A name as OpenStreetMap's search knows it, such as ``"Suzhou, China"``.
    margin_m
        How far beyond the boundary streets and hosts are asked for.
    buildings
        Fetch buildings too: residents are spread by their floor area. Without them, evenly.
    overpass_url, nominatim_url
        Servers to ask, else ``PLANNER_OVERPASS_URL`` and ``PLANNER_NOMINATIM_URL``, else osmnx's settings.

    Returns
    -------
    Path
        The folder. Its files appear together, after everything has arrived; files of these names that
        were there are replaced, others are left alone.

    Raises
    ------
    NoInternetError
        A server could not be reached or would not answer; nothing has been written.
    PlannerError
        The place is not known or has no outline, there are no streets, or osmnx is not installed.
    """
    ox = _osmnx()
    out = Path(out)
    say = progress or (lambda _label, _share: None)
    urls = {"overpass_url": overpass_url, "nominatim_url": nominatim_url}
    with _servers(ox, urls), _plain_errors(ox, place):
        say(f"looking up {place}", 0.0)
        boundary = ox.geocode_to_gdf(place)
        area = _outline(boundary, place, margin_m)
        say("asking for streets", 0.1)
        streets = list(ox._overpass._download_overpass_network(area, "all", _STREETS))
        say("asking for hosts, water and buildings", 0.5)
        wanted = FEATURES | ({"building": True} if buildings else {})
        features = list(ox._overpass._download_overpass_features(area, wanted))
    elements = [e for answer in (*streets, *features) for e in answer.get("elements", ())]
    if not any(e["type"] == "way" and "highway" in e.get("tags", {}) for e in elements):
        raise PlannerError.of(finding("OSM-002", value=place))
    say("writing", 0.9)
    homes = buildings and any(e["type"] == "way" and "building" in e.get("tags", {}) for e in elements)
    _write(out, place, boundary, elements, buildings=homes, margin_m=margin_m)
    say("writing", 1.0)
    return out


def _osmnx() -> Any:
    try:
        import osmnx
    except ImportError as error:
        raise PlannerError.of(finding("OSM-003")) from error
    if not hasattr(osmnx, "_overpass"):
        raise PlannerError.of(finding("OSM-004", value=osmnx.__version__))
    return osmnx


@contextlib.contextmanager
def _servers(ox: Any, urls: dict[str, str | None]) -> Iterator[None]:
    """Ask other servers than osmnx's settings name, for a while."""
    chosen = {k: url or os.environ.get(_ENV[k]) for k, url in urls.items()}
    before = {k: getattr(ox.settings, k) for k in chosen}
    try:
        for key, url in chosen.items():
            if url:
                setattr(ox.settings, key, url)
        yield
    finally:
        for key, url in before.items():
            setattr(ox.settings, key, url)


@contextlib.contextmanager
def _plain_errors(ox: Any, place: str) -> Iterator[None]:
    """Say what went wrong with a request in words a planner understands."""
    import requests

    try:
        yield
    except requests.exceptions.RequestException as error:
        asked = error.request.url if error.request is not None else None
        where = str(asked).partition("?")[0] if asked else "the server"
        raise NoInternetError.of(finding("OSM-005", value=where)) from error
    except ox._errors.ResponseStatusCodeError as error:
        raise NoInternetError.of(finding("OSM-006", why=str(error))) from error
    except (ox._errors.InsufficientResponseError, TypeError) as error:
        raise PlannerError.of(finding("OSM-007", value=place, why=str(error))) from error


def _outline(boundary: Any, place: str, margin_m: float) -> Any:
    """The boundary widened by the margin, in degrees."""
    import shapely

    shape = shapely.union_all(boundary.geometry.to_numpy())
    if not len(boundary) or shape.area == 0:
        raise PlannerError.of(finding("OSM-008", value=place))
    west, south, east, north = shape.bounds
    crs = auto_crs([west, east], [south, north])
    return boundary[["geometry"]].to_crs(crs).buffer(margin_m).to_crs(4326).union_all()


def _write(
    out: Path, place: str, boundary: Any, elements: list[Element], *, buildings: bool, margin_m: float
) -> None:
    """Write all files beside ``out`` first, then move them in."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with temporary_folder(out.parent, f".{out.name}.") as beside:
        write_osm(beside / "streets.osm.pbf", elements)
        (beside / "boundary.geojson").write_text(_boundary(boundary, place), "utf-8")
        (beside / "study.toml").write_text(study_text(place, buildings=buildings, margin_m=margin_m), "utf-8")
        out.mkdir(parents=True, exist_ok=True)
        for file in sorted(beside.iterdir()):
            file.replace(out / file.name)


def write_osm(path: Path, elements: Iterable[Element]) -> None:
    """Write elements as Overpass answers them (JSON) to an OSM file, each once, sorted by kind and id."""
    import osmium

    kinds: dict[str, dict[int, Element]] = {"node": {}, "way": {}, "relation": {}}
    for element in elements:
        known = kinds.get(element.get("type", ""))
        if known is None:
            continue
        before = known.get(element["id"])
        if before is None or len(element.get("tags", ())) > len(before.get("tags", ())):
            known[element["id"]] = element
    make = osmium.osm.mutable
    with osmium.SimpleWriter(str(path), overwrite=True) as writer:
        for i, e in sorted(kinds["node"].items()):
            writer.add_node(make.Node(id=i, version=1, location=(e["lon"], e["lat"]), tags=e.get("tags", {})))
        for i, e in sorted(kinds["way"].items()):
            writer.add_way(make.Way(id=i, version=1, nodes=e.get("nodes", []), tags=e.get("tags", {})))
        for i, e in sorted(kinds["relation"].items()):
            members = [(m["type"][0], m["ref"], m.get("role", "")) for m in e.get("members", ())]
            writer.add_relation(make.Relation(id=i, version=1, members=members, tags=e.get("tags", {})))


def _boundary(boundary: Any, place: str) -> str:
    """The outline as GeoJSON with the columns of a districts table."""
    table = boundary[["geometry"]].copy()
    names = boundary["name"] if "name" in boundary else [place] * len(boundary)
    table["district"] = table["name_zh"] = table["name_en"] = [str(n) or place for n in names]
    written: dict[str, Any] = json.loads(table.to_crs(4326).to_json(drop_id=True))
    written["attribution"] = ATTRIBUTION
    return json.dumps(written, ensure_ascii=False)


def study_text(
    place: str, *, buildings: bool, margin_m: float, districts: str = "boundary.geojson", towns: str = ""
) -> str:
    """A study file for the fetched place; the user's lists are named where they go, commented out."""
    plain = re.sub(r"[^A-Za-z0-9]+", "_", place.split(",", maxsplit=1)[0]).strip("_").lower()[:60]
    title = json.dumps(" ".join(place.split()), ensure_ascii=False)
    residents = (
        'kind = "buildings"            # by floor area of the buildings in the same file'
        if buildings
        else 'kind = "districts"            # spread evenly'
    )
    total = "# total = 100000              # residents in all, from the statistics office"
    if not buildings:
        total = "total = 100000                # EDIT: residents in all, from the statistics office"
    named = (
        f"""
[inputs.towns]                # towns and subdistricts (镇、街道): in which of them each site lies
path = "{towns}"
crs = "EPSG:4326"
datum = "wgs84"
"""
        if towns
        else ""
    )
    return f"""# Fetched from OpenStreetMap with planner. {ATTRIBUTION}
# Paths are relative to this file. `planner check study.toml` judges it, `planner run study.toml` plans.
[study]
name = "{plain or "place"}"
title_zh = {title}
title_en = {title}
language = "zh"

[inputs.streets]              # streets, hosts, water and buildings
path = "streets.osm.pbf"
margin_m = {margin_m:g}

[inputs.districts]
path = "{districts}"
crs = "EPSG:4326"
datum = "wgs84"
{named}
# [[inputs.stations]]         # existing stations: a workbook or CSV with name, longitude, latitude, hours
# path = "stations.xlsx"
# datum = "gcj02"             # wgs84, gcj02 (AMap), bd09 (Baidu)

[inputs.population]
{residents}
{total}

[siting]
p = 20                        # how many new stations
quotas = "none"

[freight]
enabled = false
"""
