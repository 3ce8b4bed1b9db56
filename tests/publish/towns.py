"""Named streets and places of the toy town."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely

from planner.telling.context import Context
from tests.publish.toy import CRS, X0, Y0


def _frame(rows, columns):
    shapes = [shapely.transform(row[-1], lambda xy: xy + np.array([X0, Y0])) for row in rows]
    return gpd.GeoDataFrame(
        {c: [row[k] for row in rows] for k, c in enumerate(columns)}, geometry=shapes, crs=CRS
    )


def _line(*xy):
    return shapely.LineString(xy)


def town_context() -> Context:
    """A main road in two ways, two lanes, a town, a village, two parks, a station."""
    main = [("人民路", "primary", _line((0, 0), (500, 0))), ("人民路", "primary_link", _line((500, 0), (900, 0))), ("", "secondary", _line((0, 50), (900, 50)))]  # fmt: skip
    streets = [("竹弄", _line((100, 0), (100, 300))), ("梅弄", _line((0, 200), (40, 200))), ("人民路", _line((0, 0), (500, 0)))]  # fmt: skip
    places = [("玩具镇", "town", shapely.Point(900, 900)), ("东村", "village", shapely.Point(3000, 900)), (None, "village", shapely.Point(1, 1))]  # fmt: skip
    areas = [("小公园", "park", shapely.box(0, 0, 50, 50)), ("大公园", "park", shapely.box(500, 500, 900, 900)), ("", "park", shapely.box(0, 0, 9, 9))]  # fmt: skip
    hosts = [("玩具站", "rail_station", shapely.Point(1500, 100)), ("银行", "bank", shapely.Point(1500, 100))]
    return Context(
        _frame(streets, ["name"]), _frame(main, ["name", "class"]), _frame(places, ["name", "kind"]), _frame(areas, ["name", "kind"]),
        _frame(hosts, ["name", "host_kind"]),
    )  # fmt: skip


def grid_context(step_m: float = 150.0) -> Context:
    """The toy town full of streets, slanted ones among them, so that names must give way."""
    n = int(4000 / step_m)
    streets = [(f"纵{k}号小路", _line((k * step_m, 0), (k * step_m + 300, 2000))) for k in range(n)]
    streets += [
        (f"横{k}号路", _line((0, k * step_m), (4000, k * step_m + 60))) for k in range(int(2000 / step_m))
    ]
    whole = town_context()
    return Context(_frame(streets, ["name"]), whole.main, whole.places, whole.areas, whole.landmarks)
