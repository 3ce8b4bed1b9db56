"""Every key of ``siting.goal`` through the study file, against trying every plan on a town of 5 × 5 streets.

What a plan is worth is counted here with dense arrays straight from travel times and opening hours;
nothing of the solvers or of the goal's rows takes part.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

import planner
from planner.errors import InputError
from planner.settings.siting import Goal
from planner.study.gather import make_bundle
from planner.study.study import Study
from tests.study.test_command import lat, lng, toy_town

P = 2


def town(folder: Path, goal: str = "", *, siting: str = "", p: int = P, language: str = "en") -> Path:
    """The toy town with two districts, every fifth host, and a ``[siting.goal]``."""
    path = toy_town(folder, p=p)
    rings = [(-50, 2050, 30000), (2050, 4050, 6000)]
    features = [
        {
            "type": "Feature",
            "properties": {"name_zh": f"区{k}", "name_en": f"D{k}", "population": people},
            "geometry": {
                "type": "Polygon",
                "coordinates": [[[lng(x), lat(y)] for x, y in ((a, -50), (b, -50), (b, 4050), (a, 4050), (a, -50))]],
            },
        }
        for k, (a, b, people) in enumerate(rings)
    ]  # fmt: skip
    (folder / "districts.geojson").write_text(
        json.dumps({"type": "FeatureCollection", "features": features}), "utf-8"
    )
    rows = (folder / "hosts.csv").read_text("utf-8").splitlines()
    kept = [r if n % 2 else r.replace(",bank,", ",fuel,") for n, r in enumerate(rows[1:]) if n % 5 == 0]
    (folder / "hosts.csv").write_text("\n".join([rows[0], *kept]) + "\n", "utf-8")
    text = path.read_text("utf-8").replace('language = "en"', f'language = "{language}"')
    rules = f'p = {p}\nquotas = "none"\nsensitivity = false\nalternatives = 0\nreplacements = 0\n{siting}\n'
    text = text.replace(f"p = {p}\n", rules).replace("curve = [2, 4]", "curve = []")
    path.write_text(text.replace("[freight]", f"[siting.goal]\n{goal}\n[freight]"), "utf-8")
    return path


class Referee:
    """Dense arrays of a study: share of each point that each candidate and open station covers."""

    def __init__(self, study: Study, fade: tuple[float, float] | None = None) -> None:
        (old, old_open), (new, new_open) = (
            (r.access, r.open_share) for r in (study.stages.value("existing"), study.stages.value("new"))
        )
        periods = [t.name for t in study.settings.periods]
        self.new = self._shares(new, new_open >= 0.5, fade)
        self.old = self._shares(old, old_open >= 0.5, fade)
        self.table = study.demand_points
        self.cell = study.stages.value("demand").points.cell
        self.profile = {g.name: g.profile for g in study.settings.groups}
        weights = [sum(self.by_group(g, t) for g in part.groups) for part in new for t in periods]
        self.weights = np.concatenate(weights)
        self.blocks = len(weights)
        self.xy = np.column_stack([study.candidates.geometry.x, study.candidates.geometry.y])
        self.cost = study.candidates["cost_yuan"].to_numpy()

    def by_group(self, group: str, period: str) -> np.ndarray:
        """Workers of a group at each demand point in a period."""
        return self.table[group].to_numpy() * self.profile[group][period]

    @staticmethod
    def _shares(access, is_open, fade):
        blocks = []
        for part in access:
            stored = part.seconds.copy()
            stored.data = np.ones_like(stored.data)
            reached, seconds = stored.toarray() > 0, part.seconds.toarray()
            metres = seconds * part.metres_per_s
            share = np.where(reached & (seconds <= 600), 1.0, 0.0)
            if fade is not None:
                share = np.where(reached & (metres <= fade[0]), 1.0, 0.0)
                for ring in range(5):
                    edges = [fade[0] + (fade[1] - fade[0]) * r / 5 for r in (ring, ring + 1)]
                    inside = reached & (metres > edges[0] + 1e-6) & (metres <= edges[1] + 1e-6)
                    share[inside] = 1 - (ring + 0.5) / 5
            blocks += [share * is_open[:, [t]] for t in range(is_open.shape[1])]
        return np.hstack(blocks)

    def best_shares(self, sites, k: int = 1, old=None) -> np.ndarray:
        """The k greatest shares of each point, one row each."""
        every = np.vstack([self.new[list(sites)], self.old if old is None else self.old[list(old)]])
        if k == 1:  # sorting thousands of times takes half a minute
            return every.max(axis=0, initial=0.0)[None]
        pad = np.vstack([every, np.zeros((k, every.shape[1]))])
        return -np.sort(-pad, axis=0)[:k]

    def covered(self, sites, weights=None, old=None) -> float:
        w = self.weights if weights is None else weights
        return float(w @ self.best_shares(sites, old=old)[0])


def best(values) -> float:
    return max(values)


def pairs(n: int, k: int = P):
    return itertools.combinations(range(n), k)


def solved(tmp_path: Path, goal: str, **options) -> tuple[Study, object]:
    study = planner.open_study(town(tmp_path, goal, **options))
    plan = study.site_stations()
    assert plan.solution.status == "optimal"
    return study, plan


def test_both_readmes_explain_every_key() -> None:
    root = Path(planner.__file__).parents[1]
    for name in ("README.md", "README.zh.md"):
        text = (root / name).read_text("utf-8")
        assert all(f"{key} =" in text or f"`{key}`" in text for key in Goal.model_fields), name


def test_no_goal_is_the_most_covered_workers(tmp_path: Path) -> None:
    study, plan = solved(tmp_path, "")
    r = Referee(study)
    assert study.problem().goal is None
    assert plan.solution.objective == pytest.approx(best(r.covered(s) for s in pairs(len(r.new))))


def test_no_two_new_stations_stand_nearer_than_the_spacing(tmp_path: Path) -> None:
    study, plan = solved(tmp_path, "spacing_m = 2500")
    r = Referee(study)
    far = [s for s in pairs(len(r.new)) if np.hypot(*(r.xy[s[0]] - r.xy[s[1]])) >= 2500]
    assert len(far) < len(list(pairs(len(r.new))))
    assert plan.solution.objective == pytest.approx(best(r.covered(s) for s in far))
    assert plan.solution.objective == pytest.approx(plan.after.covered)


def test_a_close_pair_costs_its_price(tmp_path: Path) -> None:
    study, plan = solved(tmp_path, "spacing_m = 2500\nspacing_price = 15")
    r = Referee(study)

    def value(s) -> float:
        return r.covered(s) - 15 * (np.hypot(*(r.xy[s[0]] - r.xy[s[1]])) < 2500)

    assert plan.solution.objective == pytest.approx(best(value(s) for s in pairs(len(r.new))))


@pytest.mark.parametrize("fade", [(300, 833), (500, 1200)])
def test_cover_that_fades(tmp_path: Path, fade) -> None:
    study, plan = solved(tmp_path, f"fade_m = [{fade[0]}, {fade[1]}]")
    r = Referee(study, fade)
    assert plan.solution.objective == pytest.approx(best(r.covered(s) for s in pairs(len(r.new))))


def test_a_second_station_in_reach_counts_its_credit(tmp_path: Path) -> None:
    study, plan = solved(tmp_path, "credit = [0.6, 0.4]")
    r = Referee(study)

    def value(s) -> float:
        one, two = r.best_shares(s, 2)
        return float(r.weights @ (0.6 * one + 0.4 * two))

    assert plan.solution.objective == pytest.approx(best(value(s) for s in pairs(len(r.new))))


def test_a_station_serves_no_more_than_it_has_room_for(tmp_path: Path) -> None:
    goal = "visits_per_day = 36\nvisits_by_kind = { fuel = 54 }\nvisits_per_worker = 1.5"
    study, plan = solved(tmp_path, goal)
    r = Referee(study)
    kinds = study.candidates["host_kind"].to_numpy()
    room = np.where(kinds == "fuel", 36.0, 24.0)
    served = r.weights * (r.old.max(axis=0) == 0)
    base = float(r.weights.sum() - served.sum())

    def value(s) -> float:  # two stations: Hall's condition on each of them and on both
        a, b = (r.new[i] > 0 for i in s)
        each = [min(room[i], float(served @ m)) for i, m in zip(s, (a, b), strict=True)]
        return base + min(sum(each), float(served @ (a | b)))

    assert plan.solution.objective == pytest.approx(best(value(s) for s in pairs(len(r.new))))
    assert plan.solution.objective < plan.after.covered


def test_some_workers_count_more(tmp_path: Path) -> None:
    goal = 'group_weights = { sanitation = 30, rider = 0 }\nperiod_weights = { "06_10" = 4 }'
    study, plan = solved(tmp_path, goal)
    r = Referee(study)
    periods = [t.name for t in study.settings.periods]
    (way,) = study.stages.value("new").access  # everybody walks
    counted = np.concatenate([
        (4.0 if t == "06_10" else 1.0) * sum(
            {"sanitation": 30.0, "rider": 0.0}.get(g, 1.0) * r.by_group(g, t) for g in way.groups
        )
        for t in periods
    ])  # fmt: skip
    assert plan.solution.objective == pytest.approx(best(r.covered(s, counted) for s in pairs(len(r.new))))
    assert plan.after.covered == pytest.approx(r.covered(plan.solution.chosen.tolist()))


@pytest.mark.parametrize("aim", ["mean", "cvar", "worst"])
def test_aims_over_the_demand_scenarios(tmp_path: Path, aim: str) -> None:
    study, plan = solved(tmp_path, f'aim = "{aim}"\ntail = 0.5')
    r = Referee(study)
    factors = study.stages.value("factors")[:, r.cell]  # a point's workers vary like its cell's
    assert len(factors) == 3

    def value(s) -> float:
        sums = sorted(r.covered(s, r.weights * np.tile(f, r.blocks)) for f in factors)
        if aim == "cvar":  # the worst one and half of the next, of three equally likely
            return (sums[0] + 0.5 * sums[1]) / 1.5
        return sums[0] if aim == "worst" else sum(sums) / 3

    assert plan.solution.objective == pytest.approx(best(value(s) for s in pairs(len(r.new))))


@pytest.mark.parametrize("aim", ["fair", "lexicographic"])
def test_the_worst_off_district_first(tmp_path: Path, aim: str) -> None:
    study, plan = solved(tmp_path, f'aim = "{aim}"')
    r = Referee(study)
    district = np.tile(r.table["district"].to_numpy(dtype=str), r.blocks)
    names = np.unique(district)
    assert len(names) == 2

    def shares(s) -> list[float]:
        got = r.best_shares(s)[0]
        return sorted(
            float((r.weights * got)[district == d].sum() / r.weights[district == d].sum()) for d in names
        )

    every = {s: shares(s) for s in pairs(len(r.new))}
    least = max(v[0] for v in every.values())
    assert plan.solution.objective == pytest.approx(least)
    mine = tuple(sorted(plan.solution.chosen.tolist()))
    assert every[mine][0] == pytest.approx(least)
    ties = [s for s, v in every.items() if v[0] >= least - 1e-9]
    if aim == "fair":
        assert r.covered(mine) == pytest.approx(max(r.covered(s) for s in ties))
    else:
        assert every[mine][1] == pytest.approx(max(every[s][1] for s in ties))


def test_a_station_moves_where_that_covers_more(tmp_path: Path) -> None:
    study, plan = solved(tmp_path, "relocate = 1")
    r = Referee(study)
    n, e = len(r.new), len(r.old)
    value = {(s, ()): r.covered(s) for s in pairs(n)}
    for gone in range(e):
        kept = [k for k in range(e) if k != gone]
        value |= {(s, (gone,)): r.covered(s, old=kept) for s in pairs(n, P + 1)}
    top = max(value.values())
    assert plan.solution.objective == pytest.approx(top)
    assert plan.after.covered == pytest.approx(top)
    ids = list(study.open_stations["station_id"])
    mine = (tuple(sorted(plan.solution.chosen.tolist())), tuple(ids.index(c) for c in plan.closed))
    assert value[mine] == pytest.approx(top)
    assert len(plan.closed) == 1
    assert len(plan.chosen) == P + 1
    told = [f for f in study.all_findings() if f.code == "GOAL-004"]
    assert [f.value for f in told] == list(plan.closed)


def test_relocation_keeps_district_quotas(tmp_path: Path) -> None:
    study, plan = solved(tmp_path, "relocate = 1", siting='quota_min = { "区1" = 2 }')
    r = Referee(study)
    east = study.candidates["district"].to_numpy() == "区1"
    n, e = len(r.new), len(r.old)
    values = [r.covered(s) for s in pairs(n) if east[list(s)].sum() >= 2]
    for gone in range(e):
        kept = [k for k in range(e) if k != gone]
        values += [r.covered(s, old=kept) for s in pairs(n, P + 1) if east[list(s)].sum() >= 2]
    assert plan.solution.objective == pytest.approx(max(values))
    assert (plan.chosen["district"] == "区1").sum() >= 2


def test_the_budget_alone_decides_how_many(tmp_path: Path) -> None:
    siting = "budget_yuan = 25000\ncost_yuan = { fuel = 11000, bank = 8000 }"
    study, plan = solved(tmp_path, "budget_only = true", siting=siting, p=200)
    r = Referee(study)
    sets = [s for k in (1, 2, 3) for s in pairs(len(r.new), k) if r.cost[list(s)].sum() <= 25000]
    assert plan.solution.objective == pytest.approx(best(r.covered(s) for s in sets))
    assert plan.chosen["cost_yuan"].sum() <= 25000


def test_goals_compose(tmp_path: Path) -> None:
    goal = 'aim = "worst"\nfade_m = [400, 900]\ncredit = [0.8, 0.2]\nspacing_m = 1500\nspacing_price = 5\nrelocate = 1'
    study, plan = solved(tmp_path, goal, siting='quota_min = { "区1" = 1 }')
    r = Referee(study, (400, 900))
    factors = [r.weights * np.tile(f, r.blocks) for f in study.stages.value("factors")[:, r.cell]]
    east = study.candidates["district"].to_numpy() == "区1"

    def value(s, old) -> float:
        one, two = r.best_shares(s, 2, old=old)
        close = sum(np.hypot(*(r.xy[a] - r.xy[b])) < 1500 for a, b in itertools.combinations(s, 2))
        return min(float(w @ (0.8 * one + 0.2 * two)) for w in factors) - 5 * close

    n, e = len(r.new), len(r.old)
    values = [value(s, range(e)) for s in pairs(n) if east[list(s)].any()]
    for gone in range(e):
        kept = [k for k in range(e) if k != gone]
        values += [value(s, kept) for s in pairs(n, P + 1) if east[list(s)].any()]
    assert plan.solution.objective == pytest.approx(max(values))


@pytest.mark.parametrize(
    ("goal", "siting", "codes"),
    [
        ("visits_per_day = 60\ncredit = [0.7, 0.3]\nfade_m = [500, 833]", "", ["GOAL-001", "GOAL-001"]),
        ("budget_only = true", "", ["GOAL-002"]),
        ("spacing_price = 3", "", ["GOAL-002"]),
        ("visits_by_kind = { bank = 10 }", "", ["GOAL-002"]),
        ("relocate = 1", 'batches = [{ name = "a", count = 1 }, { name = "b", count = 1 }]', ["GOAL-001"]),
        ("spacing_m = 9000", "", ["CAN-008"]),
        ("spacing_m = 9000", 'required = ["h0000", "h0010"]', ["GOAL-005"]),
    ],
)
def test_what_cannot_be_had_together_is_told_at_once_in_both_languages(
    tmp_path: Path, goal, siting, codes
) -> None:
    study = planner.open_study(town(tmp_path, goal, siting=siting))
    with pytest.raises(InputError) as refused:
        study.site_stations()
    found = [f for f in refused.value.findings if f.severity == "E"]
    assert [f.code for f in found] == codes
    for f in found:
        assert f.message("zh") != f.message("en")
        assert any("\u4e00" <= c <= "\u9fff" for c in f.message("zh"))


@pytest.mark.parametrize(
    "goal", ["credit = [0.7, 0.3]", 'aim = "fair"', "visits_per_day = 30", "relocate = 1"]
)
def test_where_nothing_is_in_reach_the_sites_still_come_back(tmp_path: Path, goal: str) -> None:
    path = town(tmp_path, goal)
    path.write_text(path.read_text("utf-8") + "\n[circle]\nminutes = 0.001\nreadings_m = [1]\n", "utf-8")
    study = planner.open_study(path)
    plan = study.site_stations()
    assert len(plan.chosen) >= P
    assert plan.solution.objective == pytest.approx(plan.before.covered)
    assert "CAN-003" in {f.code for f in study.all_findings()}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_product_stands_under_a_goal(tmp_path: Path, language: str) -> None:
    goal = 'credit = [0.7, 0.3]\nspacing_m = 800\nspacing_price = 4\naim = "cvar"'
    siting = 'batches = [{ name = "a", count = 1 }, { name = "b", count = 2 }]'
    path = town(tmp_path, goal, siting=siting, p=3, language=language)
    text = path.read_text("utf-8")
    for off, on in (("sensitivity = false", "sensitivity = true"), ("alternatives = 0", "alternatives = 2"),
                    ("curve = []", "curve = [2, 4]"), ("replacements = 0", "replacements = 1")):  # fmt: skip
        text = text.replace(off, on)
    path.write_text(text, "utf-8")
    study = planner.open_study(path)
    result = study.run(tmp_path / "out")
    plan, bundle = study.site_stations(), make_bundle(study.stages)
    assert result["stations"]["gap"] <= 1e-9
    assert list(plan.phases["sites"]) == [1, 3]
    assert (plan.phases["regret"] >= -1e-12).all()
    assert "GOAL-003" in {f.code for f in study.all_findings()}
    rules = study.rule_prices().set_index("rule")
    assert rules.loc["goal", "covered"] >= rules.loc["plan", "covered"]
    assert (bundle.sensitivity["lost"] >= 0).all()
    report = (tmp_path / "out" / "report.html").read_text("utf-8")
    words = {
        "zh": ("各方案按以下目标比较", "可达的第一、第二", "相距不足 800 米", "规划目标"),
        "en": ("compared by this goal", "the first, second", "within 800 m", "The study"),
    }
    assert all(text in report for text in words[language])
