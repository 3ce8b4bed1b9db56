"""The page counts what the study counts: any plan, any state, to a fraction of a worker."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from planner.publish.page.write import page_html
from planner.settings.reading import read_settings
from planner.siting.reach import joined, measure
from planner.study.gather import make_bundle
from planner.study.study import Study
from tests.study.town import Place, street_town

STATIONS = [Place("A", 300, "08:00-20:00"), Place("B", 1900, "00:00-24:00"), Place("C", 2400, "06:00-14:00")]
HOSTS = [
    Place(f"h{k}", 150.0 + 370 * k, hours)
    for k, hours in enumerate(["00:00-24:00", "08:00-18:00", "22:00-06:00", "06:00-22:00", "10:00-14:00"] * 3)
]
#: A group that walks fifteen minutes: a second way of travelling.
FAR = '[[groups]]\nname = "guard"\nrate_per_1000 = 5\nminutes = 15\nprofile = { "06_10" = 0.5, "22_06" = 0.5 }\ncovariates = { population = 1.0 }\n'


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("town")
    path = street_town(
        folder, stations=STATIONS, hosts=HOSTS, siting="p = 4", extra=FAR,
        districts={"west": (0.0, 2050.0, 6000.0), "east": (2050.0, 6000.0, 9000.0)},
    )  # fmt: skip
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLANNER_CACHE", str(folder / "cache"))
        yield Study(read_settings(path), cache=folder / "cache")


@pytest.fixture(scope="module")
def page(study, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "map.html"
    path.write_text(page_html(make_bundle(study.stages)), "utf-8")
    return path


def covered_by(study, stations, candidates, cutoff_m=None):
    """Coverage by some of the stations and candidates, as the study measures it."""
    s = study.settings
    existing, new = study.stages.value("existing"), study.stages.value("new")
    reach = joined(existing.only(np.array(stations, int)), new.only(np.array(candidates, int)))
    return measure(
        study.demand, reach if cutoff_m is None else reach.within(cutoff_m), study.districts,
        points=study.stages.value("demand").points, periods=s.periods, circle=s.circle,
    )  # fmt: skip


def test_any_plan_in_any_state(study, page, node):
    rng = np.random.default_rng(1)
    n_new = len(study.candidates)
    plans = [([0, 1, 2], []), ([0, 1, 2], list(range(n_new)))] + [
        (
            sorted(rng.choice(3, rng.integers(0, 4), replace=False).tolist()),
            sorted(rng.choice(n_new, rng.integers(0, 9), replace=False).tolist()),
        )
        for _ in range(20)
    ]
    states = [{}, {"least": 2}, {"cutoff_m": 500}, {"cutoff_m": 833}, {"periods": "night"}, {"periods": "any_hour"},
              {"groups": "rider"}, {"groups": ["guard"]}, {"periods": ["10_14"]}]  # fmt: skip
    asked = [
        {"stations": old, "candidates": new, "state": state}
        for (old, new), state in itertools.product(plans, states)
    ]
    found = iter(node("count.mjs", page, given=asked))
    for old, new in plans:
        c = covered_by(study, old, new)
        groups, periods = (getattr(c, f"by_{k}").set_index(k) for k in ("group", "period"))
        whole = next(found)
        assert whole["workers"] == pytest.approx(c.workers, abs=0.01)
        assert whole["covered"] == pytest.approx(c.covered, abs=0.05)
        for key in ("district", "group", "period"):
            rows = [(r["workers"], r["covered"]) for r in whole[f"by{key.title()}"]]
            table = getattr(c, f"by_{key}")
            assert np.array(rows) == pytest.approx(table[["workers", "covered"]].to_numpy(), abs=0.05)
        grid = c.cells["covered"].to_numpy()[c.cells["workers"].to_numpy() > 0]
        assert np.sort(whole["cells"]) == pytest.approx(np.sort(grid), abs=0.05)
        expected = [c.share_backup, covered_by(study, old, new, 500).share, covered_by(study, old, new, 833).share,
                    c.readings["night"], c.readings["any_hour"], groups.share["rider"], groups.share["guard"], periods.share["10_14"]]  # fmt: skip
        for state, share in zip(states[1:], expected, strict=True):
            assert next(found)["share"] == pytest.approx(share, abs=1e-5), state


def test_the_cells_add_up_to_the_headline(study, page, node):
    asked = [{"stations": [0, 1, 2], "candidates": [1, 4], "state": s} for s in ({}, {"groups": "guard"})]
    for found in node("count.mjs", page, given=asked):
        assert sum(found["cells"]) == pytest.approx(found["covered"])
        assert sum(found["cellWorkers"]) == pytest.approx(found["workers"], abs=0.1)
        assert all(a <= b + 1e-9 for a, b in zip(found["cells"], found["cellWorkers"], strict=True))


def test_a_town_without_stations(tmp_path, node, monkeypatch):
    monkeypatch.setenv("PLANNER_CACHE", str(tmp_path / "cache"))
    path = street_town(tmp_path / "town", hosts=HOSTS[:3], siting="p = 1")
    town = Study(read_settings(path), cache=tmp_path / "cache")
    page = tmp_path / "map.html"
    page.write_text(page_html(make_bundle(town.stages)), "utf-8")
    none, one = node(
        "count.mjs", page, given=[{"stations": [], "candidates": c, "state": {}} for c in ([], [1])]
    )
    assert none["covered"] == 0
    assert one["covered"] == pytest.approx(covered_by(town, [], [1]).covered, abs=0.05)
