"""Where demand stands: pieces of street, what they hold, thin data, cells as sums of points."""

from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from planner.demand.density import model_demand
from planner.demand.streets.given import points_given
from planner.demand.streets.hold import hold
from planner.demand.streets.pieces import cut_streets
from planner.demand.streets.spread import StreetIndex, bandwidth_of
from planner.demand.streets.thin import prior_venues, shrink, thin_findings
from planner.inputs.load import LoadedInputs
from planner.inputs.osm.layers import no_layers
from planner.settings.demand import Demand, Event
from planner.tables import empty
from tests.demand.city import CRS, GROUPS, PERIODS, X0, Y0

RIDER = next(g for g in GROUPS if g.name == "rider").model_copy(update={"total": 600.0})


def lines(*ends, kinds=None) -> gpd.GeoDataFrame:
    made = [shapely.LineString([(X0 + a, Y0 + b), (X0 + c, Y0 + d)]) for a, b, c, d in ends]
    return gpd.GeoDataFrame({"class": list(kinds or ["residential"] * len(made))}, geometry=made, crs=CRS)


def districts(*boxes, population=None) -> gpd.GeoDataFrame:
    names = [f"d{k}" for k in range(len(boxes))]
    shapes = [shapely.box(X0 + a, Y0 + b, X0 + c, Y0 + d) for a, b, c, d in boxes]
    people = [1000.0] * len(boxes) if population is None else population
    return gpd.GeoDataFrame(
        {"district": names, "name_zh": names, "name_en": names, "population": people},
        geometry=shapes,
        crs=CRS,
    )


ONE = districts((-500, -500, 2500, 2500))


def table(points, **columns) -> gpd.GeoDataFrame:
    xy = np.asarray(points, float).reshape(-1, 2)
    return gpd.GeoDataFrame(columns, geometry=gpd.points_from_xy(X0 + xy[:, 0], Y0 + xy[:, 1]), crs=CRS)


def venues(points, kind="restaurant") -> gpd.GeoDataFrame:
    n = len(points)
    return table(
        points, host_id=[f"h{k}" for k in range(n)], name=[""] * n, host_kind=[kind] * n, open_hours=[""] * n
    )


NOBODY = table([], population=[], district=[])
NO_LANDUSE = no_layers(CRS).landuse


# -- pieces ------------------------------------------------------------------------------------------------


def test_a_street_of_250_m_is_cut_into_three_and_elsewhere_from_another_start():
    street = lines((0, 0, 250, 0))
    three = cut_streets(street, piece_m=100, districts=ONE.geometry.to_numpy())
    assert three.x_m - X0 == pytest.approx([250 / 6, 125, 1250 / 6])
    assert three.length_m == pytest.approx([250 / 3] * 3)
    # the first cut after 0.3 of 83.3 m: 25, 83.3, 83.3 and 58.3 m
    four = cut_streets(street, piece_m=100, start=0.3, districts=ONE.geometry.to_numpy())
    assert four.length_m == pytest.approx([25, 250 / 3, 250 / 3, 250 / 3 - 25])
    assert four.x_m - X0 == pytest.approx([12.5, 25 + 125 / 3, 25 + 125, 250 - (250 / 3 - 25) / 2])


def test_motorways_bridges_and_streets_outside_hold_nobody_and_stated_lengths_win():
    streets = lines((0, 0, 100, 0), (0, 50, 100, 50), (0, 100, 100, 100), (3000, 0, 3100, 0), kinds=["residential", "motorway",
                    "primary_link", "residential"]).assign(length=[120.0, 100.0, 100.0, 100.0])  # fmt: skip
    lake = gpd.GeoDataFrame(geometry=[shapely.box(X0 + 10, Y0 + 90, X0 + 90, Y0 + 110)], crs=CRS)
    kept = cut_streets(streets, piece_m=100, districts=ONE.geometry.to_numpy(), water=lake)
    assert kept.length_m.tolist() == [120.0]  # the motorway, the bridge and the street outside are gone
    dry = cut_streets(streets, piece_m=100, districts=ONE.geometry.to_numpy())
    assert dry.main.tolist() == [False, True]
    assert dry.home.tolist() == [True, False]


# -- kernels -----------------------------------------------------------------------------------------------


def test_what_a_place_gives_is_the_gaussian_share_of_each_metre():
    rng = np.random.default_rng(3)
    x, y, metres = rng.uniform(0, 3000, 500), rng.uniform(0, 3000, 500), rng.uniform(10, 100, 500)
    vx, vy, mass = rng.uniform(0, 3000, 40), rng.uniform(0, 3000, 40), rng.uniform(0.5, 3, 40)
    got, alone = StreetIndex.of(x, y).share_out(vx, vy, mass, bandwidth_m=200.0, weight=metres)
    d = np.hypot(x[None, :] - vx[:, None], y[None, :] - vy[:, None])
    k = np.where(d <= 600, np.exp(-0.5 * (d / 200) ** 2), 0) * metres
    assert (k.sum(axis=1) > 0).all()
    assert got == pytest.approx(mass @ (k / k.sum(axis=1, keepdims=True)))
    assert not alone.size


def test_a_place_far_from_streets_gives_to_the_nearest_or_stands_alone():
    x, y = np.array([0.0, 100.0]), np.zeros(2)
    index, ones = StreetIndex.of(x, y), np.ones(2)
    got, alone = index.share_out(
        np.array([480.0, 900.0]), np.zeros(2), np.array([2.0, 5.0]), bandwidth_m=50.0, weight=ones
    )
    assert got.tolist() == [0, 2]  # 380 m from the second piece, beyond its kernel
    assert alone.tolist() == [1]  # 800 m from it
    exact, _ = index.share_out(np.array([10.0]), np.zeros(1), np.ones(1), bandwidth_m=0.0, weight=ones)
    assert exact.tolist() == [1, 0]


def test_the_bandwidth_foretells_each_venue_best_by_the_others():
    rng = np.random.default_rng(5)
    xy = np.concatenate([rng.normal(c, 150, (25, 2)) for c in rng.uniform(0, 20_000, (12, 2))])
    tried, area = (50.0, 150.0, 450.0, 1350.0), 20_000.0**2

    def score(h):
        d = np.hypot(*(xy[:, None, :] - xy[None, :, :]).transpose(2, 0, 1))
        k = np.where(d <= 3 * h, np.exp(-0.5 * (d / h) ** 2) / (2 * np.pi * h**2), 0)
        np.fill_diagonal(k, 0)
        return np.log(0.98 * k.sum(axis=1) / (len(xy) - 1) + 0.02 / area).mean()

    best = max(tried, key=score)
    assert best == 150.0
    assert bandwidth_of(xy[:, 0], xy[:, 1], np.ones(len(xy)), area_m2=area, bandwidths_m=tried) == best
    assert bandwidth_of(xy[:5, 0], xy[:5, 1], np.ones(5), area_m2=area) == 0.0


# -- what a piece holds ------------------------------------------------------------------------------------


def held(streets, *, population=NOBODY, hosts=None, landuse=NO_LANDUSE, where=ONE, **settings):
    pieces = cut_streets(streets, piece_m=100, districts=where.geometry.to_numpy())
    return hold(
        pieces, population=population, hosts=venues([]) if hosts is None else hosts, landuse=landuse, districts=where,
        settings=Demand(**settings),
    )  # fmt: skip


def test_residents_of_whom_only_the_district_is_known_live_along_its_residential_streets():
    streets = lines(
        (0, 0, 300, 0), (0, 50, 300, 50), (0, 700, 100, 700), kinds=["residential", "tertiary", "residential"]
    )
    two = districts((-500, -500, 2500, 500), (-500, 500, 2500, 2500))
    people = table([(2000, 400), (2400, -400), (0, 2000)], population=[100.0, 260.0, 50.0],
                   district=["d0", "d0", "d1"], placed=[False] * 3)  # fmt: skip
    got = held(streets, population=people, where=two).table["population"].to_numpy()
    # 300 m of residential street and 300 m that count a fifth: 300 and 60 of 360
    assert got == pytest.approx([100, 100, 100, 20, 20, 20, 50])


def test_known_residents_go_to_the_streets_around_and_everybody_is_somewhere():
    streets = lines((0, 0, 300, 0), (0, 400, 300, 400))
    people = table([(150, 10), (150, 2000)], population=[30.0, 7.0], district=["d0", "d0"])
    made = held(streets, population=people)
    got = made.table["population"].to_numpy()
    assert got[:3].sum() == pytest.approx(30)
    assert got[3:6].sum() == 0
    assert len(made.pieces) == 7  # the home that no street is near stands where it is
    assert (got[6], made.pieces.length_m[6]) == (7, 0)
    assert made.pieces.y_m[6] - Y0 == 2000


def test_hectares_of_land_use_count_like_venues_wherever_lattices_lie():
    streets = lines((0, 0, 2000, 0))
    works = [
        shapely.box(X0 + 130, Y0 + 20, X0 + 630, Y0 + 420),
        shapely.box(X0 + 1510, Y0 + 10, X0 + 1530, Y0 + 40),
    ]
    use = gpd.GeoDataFrame({"landuse": ["industrial"] * 2}, geometry=works, crs=CRS)
    total = held(streets, landuse=use).table["industry"].sum()
    assert total == pytest.approx((20 + 0.06) / 2, rel=0.02)  # 20 ha and 600 m², two hectares a venue


# -- thin data ---------------------------------------------------------------------------------------------


def test_one_restaurant_keeps_a_twenty_first_of_what_restaurants_draw():
    values = pd.DataFrame({"population": [10.0, 30.0], "streets": [100.0, 100.0], "restaurants": [1.0, 0.0]})
    zone = np.zeros(2, np.int64)
    made = shrink(
        values,
        zone,
        ["d0"],
        thin_venues=20,
        names=["restaurants", "malls"] if "malls" in values else ["restaurants"],
    )
    # base: 0.7 of residents (1/4, 3/4) and 0.3 of streets (1/2, 1/2)
    base = np.array([0.7 * 0.25 + 0.15, 0.7 * 0.75 + 0.15])
    assert made.table["restaurants"].to_numpy() == pytest.approx(np.array([1, 0]) / 21 + base * 20 / 21)
    (told,) = thin_findings(made)
    assert told.code == "DEM-026"
    assert "only 1 known" in told.message_en
    assert "5%" in told.message_en
    whole = shrink(values, zone, ["d0"], thin_venues=0, names=["restaurants"])
    assert whole.table.equals(values)
    assert thin_findings(whole) == []


def test_a_district_where_no_venue_is_mapped_gets_what_its_residents_let_expect():
    values = pd.DataFrame({"population": [50.0, 50.0], "streets": [100.0, 100.0], "malls": [60.0, 0.0]})
    made = shrink(values, np.array([0, 1]), ["a", "b"], thin_venues=20, names=["malls"])
    # expected 30 in each; a: 60 known weigh 60/80
    assert made.table["malls"].to_numpy() == pytest.approx([0.75 * 60 + 0.25 * 30, 30])


def test_the_prior_is_as_strong_as_districts_are_alike():
    expected = np.full(6, 10.0)
    count = np.array([2, 18, 4, 16, 10, 10.0])
    # Σ E (n/E − 1)² / ΣE = (0.64·2 + 0.36·2) / 6 = 1/3, less (6 − 1)/60 for chance: τ² = 1/4
    assert prior_venues(count, expected, most=20) == pytest.approx(4)
    assert prior_venues(count, expected, most=3) == 3
    assert prior_venues(expected, expected, most=20) == 20  # all alike: nothing to learn from them
    assert prior_venues(count[:3], expected[:3], most=20) == 20  # too few districts


# -- points and cells --------------------------------------------------------------------------------------


def town(**changes) -> tuple[LoadedInputs, gpd.GeoDataFrame]:
    """Streets every 300 m over 3 km, two districts side by side, restaurants in a corner."""
    rng = np.random.default_rng(8)
    every = [(0, b, 3000, b) for b in range(0, 3001, 300)] + [(a, 0, a, 3000) for a in range(0, 3001, 300)]
    where = districts((-10, -10, 1700, 3010), (1700, -10, 3010, 3010), population=[3000.0, 1000.0])
    xy = rng.uniform(0, 3000, (400, 2))
    people = table(xy, population=rng.uniform(1, 9, 400), district=np.where(xy[:, 0] < 1700, "d0", "d1"))
    food = venues(rng.normal((800, 900), 250, (60, 2)))
    none = no_layers(CRS)
    made = LoadedInputs(
        crs=CRS, districts=where, stations=empty("stations", CRS), hosts=food, population=people, water=none.water,
        main_roads=none.main_roads, landuse=none.landuse, places=none.places, streets=none.streets, rows={}, findings=(),
    )  # fmt: skip
    return replace(made, **changes), lines(*every)


def density(group=RIDER, **settings):
    inputs, streets = town()
    return model_demand(
        Demand(ensemble=3, **settings),
        [group],
        PERIODS,
        seed=1,
        inputs=inputs,
        observations=None,
        streets=streets,
    )


def test_cells_are_sums_of_points_and_neither_their_size_nor_their_origin_moves_a_worker():
    made = density()
    points = made.points.table
    assert points["workers"].sum() == pytest.approx(600)
    assert points.groupby("district", observed=True)["workers"].sum().tolist() == pytest.approx([450, 150])
    sums = points.groupby("cell_id", observed=True)["rider"].sum()
    columns = [f"rider__{p.name}" for p in PERIODS]
    demand = made.demand.set_index("cell_id")
    assert demand[columns].sum(axis=1).to_numpy() == pytest.approx(sums[demand.index].to_numpy())
    for other in (density(cell_m=333.0), density(cell_origin_m=(100.0, 70.0))):
        assert (other.points.table.geometry == points.geometry).all()
        assert other.points.table["rider"].tolist() == points["rider"].tolist()
        assert other.demand["workers"].sum() == pytest.approx(600)


def test_a_square_on_a_border_is_a_row_for_each_district_cut_there():
    made = density().demand
    assert made["cell_id"].is_unique
    shared = made[made["cell_id"].str.endswith("-2")]
    assert len(shared)
    for row in shared.itertuples():
        whole = made[made["cell_id"] == row.cell_id.removesuffix("-2")].iloc[0]
        assert whole["district"] != row.district
        assert whole.geometry.intersection(row.geometry).area == pytest.approx(0, abs=1e-6)
        square = shapely.box(
            *np.floor(np.array(whole.geometry.bounds[:2]) / 200) * 200,
            *np.ceil(np.array(row.geometry.bounds[2:]) / 200) * 200,
        )
        inside = square.intersection(shapely.box(X0 - 10, Y0 - 10, X0 + 3010, Y0 + 3010)).area
        assert whole.geometry.area + row.geometry.area == pytest.approx(inside)


def test_each_cell_has_the_point_nearest_to_the_middle_of_its_workers():
    made = density()
    points = made.points
    xy = shapely.get_coordinates(points.table.geometry.to_numpy())
    w = points.table["workers"].to_numpy()
    for cell in range(0, points.n_cells, 7):
        mine = np.flatnonzero(points.cell == cell)
        middle = (xy[mine] * w[mine, None]).sum(axis=0) / w[mine].sum()
        nearest = np.hypot(*(xy[mine] - middle).T).min()
        at = made.demand["point"].iloc[cell]
        assert np.hypot(at.x - middle[0], at.y - middle[1]) == pytest.approx(nearest, abs=0.01)


def test_half_as_long_pieces_from_other_starts_hold_the_same_workers_in_every_quarter():
    one, two = density(), density(piece_m=50.0, piece_start=0.37)
    assert len(two.points) > 1.5 * len(one.points)

    def quarters(made):
        g, w = made.points.table.geometry, made.points.table["workers"]
        return w.groupby([(g.x > X0 + 1700), (g.y > Y0 + 1450)]).sum().to_numpy()

    assert quarters(two) == pytest.approx(quarters(one), rel=0.03)


def test_an_elasticity_acts_on_a_metre_of_street_not_on_a_piece():
    sharp = RIDER.model_copy(
        update={"covariates": {"restaurants": 1.0}, "elasticities": {"restaurants": 0.5}}
    )

    def core(piece_m):
        made = density(sharp, piece_m=piece_m, thin_venues=0.0)
        near = made.points.table.geometry.distance(shapely.Point(X0 + 800, Y0 + 900)) < 600
        return made.points.table["workers"][near].sum() / 450

    assert core(25.0) == pytest.approx(core(100.0), rel=0.02)


def test_an_event_stands_on_the_street_inside_it_or_in_its_middle():
    def ring(x0, y0, x1, y1):
        corners = gpd.GeoSeries(
            gpd.points_from_xy(X0 + np.array([x0, x1, x1, x0]), Y0 + np.array([y0, y0, y1, y1])), crs=CRS
        )
        return tuple((p.x, p.y) for p in corners.to_crs(4326))

    fair = Event(name="fair", polygon=ring(560, 560, 640, 940), workers=90, group="rider")
    field = Event(name="field", polygon=ring(380, 380, 420, 420), workers=30, group="rider")
    away = Event(name="away", polygon=ring(90_000, 0, 90_100, 100), workers=30)
    made, plain = density(events=(fair, field, away)), density()
    points, n = made.points.table, len(plain.points)
    assert len(points) == n + 1  # the field that no street touches
    assert points["rider"].iloc[-1] == pytest.approx(30)
    assert points.geometry.iloc[-1].distance(shapely.Point(X0 + 400, Y0 + 400)) < 25
    more = points["rider"].to_numpy()[:n] - plain.points.table["rider"].to_numpy()
    inside = shapely.contains_xy(
        shapely.box(X0 + 560, Y0 + 560, X0 + 640, Y0 + 940), points.geometry.x[:n], points.geometry.y[:n]
    )
    assert more[inside].sum() == pytest.approx(90)
    assert np.abs(more[~inside]).max() < 1e-9
    assert [f.value for f in made.findings if f.code == "DEM-019"] == ["away"]
    assert made.demand["workers"].sum() == pytest.approx(720)


def test_a_season_moves_workers_between_periods_at_every_point():
    made, plain = density(season="summer"), density()
    assert made.points.profiles["rider"] != plain.points.profiles["rider"]
    assert sum(made.points.profiles["rider"].values()) == pytest.approx(1)
    ratio = made.points.table["rider"] / plain.points.table["rider"]
    assert ratio.max() == pytest.approx(ratio.min())


def test_districts_without_any_street_hold_nobody_and_it_is_said():
    inputs, _ = town(population=NOBODY, hosts=venues([]))
    made = model_demand(
        Demand(ensemble=3),
        [RIDER],
        PERIODS,
        seed=1,
        inputs=inputs,
        observations=None,
        streets=lines((9e4, 0, 9.1e4, 0)),
    )
    assert (len(made.points), len(made.demand)) == (0, 0)
    assert {"DEM-024", "DEM-011"} <= {f.code for f in made.findings}


# -- points of others --------------------------------------------------------------------------------------


def test_points_of_a_file_count_by_their_group_or_as_the_study_mixes_them():
    courier = next(g for g in GROUPS if g.name == "courier")
    records = table(
        [(10, 10), (1750, 20), (9000, 0), (30, 40)],
        count=["4", "6", "8", "x"],
        group=["rider", None, "rider", None],
    )
    where = districts((-10, -10, 1700, 3010), (1700, -10, 3010, 3010))
    demand, points = points_given(
        records,
        [RIDER, courier],
        PERIODS,
        districts=where,
        mixed={"rider": 30.0, "courier": 10.0},
        settings=Demand(),
    )
    assert points.table["rider"].tolist() == [4, 4.5]
    assert points.table["courier"].tolist() == [0, 1.5]
    assert points.table["district"].tolist() == ["d0", "d1"]
    assert demand["workers"].sum() == pytest.approx(10)
    with pytest.raises(ValueError, match="no point"):
        points_given(
            records.iloc[[2, 3]], [RIDER], PERIODS, districts=where, mixed={"rider": 1.0}, settings=Demand()
        )
