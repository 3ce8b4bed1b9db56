"""Two studies beside each other: who is covered, and which sites stay, move, come or go."""

from __future__ import annotations

import json
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from planner.errors import InputError, PlannerError, finding, refuse_if_errors
from planner.study.terminal import aligned
from planner.telling.words.numbers import number, percent
from planner.telling.words.phrases import phrase

if TYPE_CHECKING:
    from planner.study.study import Study

__all__ = ["Comparison", "compare", "compared_text"]

#: A site of one plan is moved, not gone, where the other has one within so many metres.
MOVED_M = 300.0
_COUNTED = ("workers", "covered", "share")


@dataclass(frozen=True, eq=False)
class Comparison:
    """The proposals of two studies beside each other.

    Attributes
    ----------
    by_district, by_group, by_period
        Rows of both; ``workers_a``, ``workers_b``, ``covered_a``, ``covered_b`` (workers), ``share_a``, ``share_b`` (0 to 1),
        ``difference`` (covered in b less covered in a; NaN where one has no such row).
    sites
        GeoDataFrame (CRS of a): ``site_id_a``, ``site_id_b``, ``name``, ``district``, ``state`` (kept: the same candidate or place;
        moved: another within 300 m, with ``moved_m``; new: in b alone; gone: in a alone), geometry (where it stands in b, else in a).
    covered, share
        Of a and of b, with the proposal.
    """

    by_district: pd.DataFrame
    by_group: pd.DataFrame
    by_period: pd.DataFrame
    sites: gpd.GeoDataFrame
    covered: tuple[float, float]
    share: tuple[float, float]
    names: tuple[str, str] = ("a", "b")

    def counts(self) -> dict[str, int]:
        """How many sites are kept, moved, new and gone."""
        of = self.sites["state"].value_counts()
        return {state: int(of.get(state, 0)) for state in ("kept", "moved", "new", "gone")}

    def plot(self, ax: Any = None) -> Any:
        """The sites on a plain figure, a colour per state; the axes."""
        import matplotlib.pyplot as plt

        ax = plt.subplots(figsize=(8, 8))[1] if ax is None else ax
        colours = {"kept": "#666666", "moved": "#d28e00", "new": "#1b7f4b", "gone": "#b3261e"}
        for state, colour in colours.items():
            some = self.sites[self.sites["state"] == state]
            if len(some):
                ax.scatter(
                    some.geometry.x, some.geometry.y, s=24, color=colour, label=f"{state} ({len(some)})"
                )
        ax.set_aspect("equal")
        ax.set_axis_off()
        ax.legend()
        return ax

    def __repr__(self) -> str:
        n = ", ".join(f"{v} {k}" for k, v in self.counts().items())
        (a, b), (c, d) = self.share, self.covered
        return f"Comparison({self.names[0]} {a:.1%} → {self.names[1]} {b:.1%} covered, {d - c:+,.0f} workers; sites: {n})"

    def _repr_html_(self) -> str:
        return f"<pre>{escape(repr(self))}</pre>"


@dataclass(frozen=True)
class _Compared:
    """One of the two: its name, tables by key (workers, covered, share), proposed sites, and the whole."""

    name: str
    tables: dict[str, pd.DataFrame]
    sites: gpd.GeoDataFrame
    covered: float
    share: float


def compare(a: Study | Path | str, b: Study | Path | str) -> Comparison:
    """The proposals of two studies, or of two finished runs (their folders), beside each other: ``b`` against ``a``.

    A run's folder tells no periods (``by_period`` is then empty for it), and of groups only the shares.

    Raises
    ------
    InputError
        A folder that holds no run which names its sites.
    PlannerError
        Something that is neither.

    Examples
    --------
    >>> planner.compare(study, study.with_(siting__p=150)).by_district  # doctest: +SKIP
    """
    one, two = _side(a), _side(b)
    by_district, by_group, by_period = (
        _beside(one.tables[key], two.tables[key], key) for key in ("district", "group", "period")
    )
    return Comparison(
        by_district=by_district, by_group=by_group, by_period=by_period, sites=_sites(one.sites, two.sites),
        covered=(one.covered, two.covered), share=(one.share, two.share), names=(one.name, two.name),
    )  # fmt: skip


def _side(of: Study | Path | str) -> _Compared:
    if isinstance(of, str | Path):
        return _of_run(Path(of))
    if not hasattr(of, "site_stations"):
        raise PlannerError(
            f"compare takes studies (planner.open_study) or run folders, not a {type(of).__name__}"
        )
    plan = of.site_stations()
    tables = {
        key: getattr(plan.after, f"by_{key}").set_index(key)[list(_COUNTED)]
        for key in ("district", "group", "period")
    }
    return _Compared(of.settings.study.label, tables, plan.chosen, plan.after.covered, plan.after.share)


def _of_run(folder: Path) -> _Compared:
    """A finished run as its folder tells it."""
    from planner.audit.previous import read_previous

    file = folder / "run.json" if folder.is_dir() else folder
    run: dict[str, Any] = {}
    if file.is_file():
        try:
            run = json.loads(file.read_text("utf-8"))
        except (ValueError, RecursionError) as error:
            raise InputError([finding("AUD-011", source=file.name)]) from error
    crs = str(run.get("crs") or "EPSG:3857")
    made = read_previous(folder, crs=crs, area=shapely.box(-1e8, -1e8, 1e8, 1e8))
    refuse_if_errors(made.findings)
    after = run["coverage"]["after"]
    rows = [
        (d["district"], d["workers"], d["workers"] * d["after"], d["after"])
        for d in run["coverage"]["by_district"]
    ]
    groups = [(name, np.nan, np.nan, share) for name, share in after.get("by_group", {}).items()]
    tables = {
        key: pd.DataFrame(found, columns=[key, *_COUNTED]).set_index(key)
        for key, found in (("district", rows), ("group", groups), ("period", []))
    }
    named = "-".join(str(run[k]) for k in ("study", "scenario") if run.get(k))
    return _Compared(named, tables, made.sites, float(after["covered"]), float(after["share"]))


def _beside(one: pd.DataFrame, two: pd.DataFrame, key: str) -> pd.DataFrame:
    """The rows of both, in the first one's order."""
    both = one.add_suffix("_a").join(two.add_suffix("_b"), how="outer", sort=False)
    order = [*one.index, *(k for k in two.index if k not in one.index)]
    both = both.loc[order]
    columns = ["workers_a", "workers_b", "covered_a", "covered_b", "share_a", "share_b"]
    return (
        both[columns].assign(difference=both["covered_b"] - both["covered_a"]).rename_axis(key).reset_index()
    )


def _sites(a: gpd.GeoDataFrame, b: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Sites of both plans, paired: by id, then the nearest pairs within :data:`MOVED_M`, each once."""
    b = b.to_crs(a.crs)
    ids_a, ids_b = a["site_id"].astype(str).to_numpy(), b["site_id"].astype(str).to_numpy()
    partner = pd.Index(ids_b).get_indexer(ids_a)
    left, right = np.flatnonzero(partner < 0), np.setdiff1d(np.arange(len(b)), partner)
    moved = np.full(len(a), np.nan)
    if len(left) and len(right):
        xy_a, xy_b = (shapely.get_coordinates(t.geometry.to_numpy()) for t in (a, b))
        near = cKDTree(xy_a[left]).sparse_distance_matrix(
            cKDTree(xy_b[right]), MOVED_M, output_type="coo_matrix"
        )
        for k in np.lexsort((near.col, near.row, near.data)):
            i, j = left[near.row[k]], right[near.col[k]]
            if partner[i] < 0 and j not in partner:
                partner[i], moved[i] = j, near.data[k]
    state = np.where(partner < 0, "gone", np.where(np.nan_to_num(moved) > 1.0, "moved", "kept"))
    rows = a[["name", "district"]].reset_index(drop=True).assign(site_id_a=ids_a, state=state, moved_m=moved)
    rows["site_id_b"] = [ids_b[j] if j >= 0 else "" for j in partner]
    shapes = [b.geometry.iloc[j] if j >= 0 else g for j, g in zip(partner, a.geometry, strict=True)]
    fresh = np.setdiff1d(np.arange(len(b)), partner)
    new = b[["name", "district"]].iloc[fresh].reset_index(drop=True)
    new = new.assign(site_id_a="", site_id_b=ids_b[fresh], state="new", moved_m=np.nan)
    whole = pd.concat([rows, new], ignore_index=True)
    columns = ["site_id_a", "site_id_b", "name", "district", "state", "moved_m"]
    return gpd.GeoDataFrame(whole[columns], geometry=[*shapes, *b.geometry.iloc[fresh]], crs=a.crs)


def compared_text(found: Comparison, language: str) -> str:
    """Two studies' proposals: covered workers and shares, which sites stay, by district."""
    (c, d), (a, b) = found.covered, found.share
    head = phrase(
        "say_compared",
        language,
        a=found.names[0],
        b=found.names[1],
        share_a=percent(a),
        share_b=percent(b),
        more=f"{d - c:+,.0f}",
    )
    sites = phrase("say_compared_sites", language, **{k: number(v) for k, v in found.counts().items()})
    rows = [tuple(phrase(f"compared_{k}", language) for k in ("district", "a", "b", "difference"))]
    rows += [
        (str(r.district), percent(r.share_a), percent(r.share_b), f"{r.difference:+,.0f}")
        for r in found.by_district.itertuples()
    ]
    return "\n".join([head, sites, aligned(rows, right=(False, True, True, True), indent=2)])
