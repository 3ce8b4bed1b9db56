"""Score a hand-made list of sites: what exactly it would cover, beside the proposal."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from planner.errors import refuse_if_errors
from planner.settings import Datum, Table

if TYPE_CHECKING:
    from planner.siting.coverage import Coverage
    from planner.study import Study


@dataclass(frozen=True)
class Evaluation:
    """Coverage of a wished list beside the existing stations, and the proposal of as many sites."""

    sites: int
    unreachable: int
    before: Coverage
    wished: Coverage
    proposed: Coverage
    proposed_sites: int

    def describe(self) -> str:
        """The comparison in a few lines."""
        gained = self.wished.covered - self.before.covered
        offered = self.proposed.covered - self.before.covered
        rows = [
            f"{self.sites} sites"
            + (f" ({self.unreachable} beyond the snap limit)" if self.unreachable else ""),
            f"  today                 {self.before.covered:>12,.0f} workers  {self.before.share:.2%}",
            f"  with these sites      {self.wished.covered:>12,.0f} workers  {self.wished.share:.2%}  (+{gained:,.0f})",
            (
                f"  with the {self.proposed_sites} proposed {self.proposed.covered:>12,.0f} workers"
                f"  {self.proposed.share:.2%}  (+{offered:,.0f})"
            ),
        ]
        rows += [f"    within {r} m: {v:.2%}" for r, v in self.wished.by_radius_m.items()]
        return "\n".join(rows)

    def __repr__(self) -> str:
        return f"Evaluation({self.sites} sites, {self.before.share:.1%} → {self.wished.share:.1%})"

    def _repr_html_(self) -> str:
        return f"<pre>{escape(self.describe())}</pre>"


def evaluate_sites(study: Study, path: Path | str, *, datum: Datum = "wgs84") -> Evaluation:
    """Evaluate the sites listed in ``path`` (read like a station list; no hours: the study's default).

    Raises
    ------
    InputError
        The list is refused, with every finding.
    """
    import shapely

    from planner.inputs.stations import read_stations
    from planner.roads.reach import snap
    from planner.study import join_access

    area = shapely.union_all(study.districts.geometry.to_numpy())
    sites, findings = read_stations(Table(path=Path(path).resolve(), datum=datum), crs=study.crs, area=area)
    refuse_if_errors(findings)
    plan = study.site_stations()
    old, old_open = study._existing()
    key = ["evaluate", shapely.to_wkb(sites.geometry.to_numpy(), hex=True).tolist()]
    new = study._access("evaluate", sites.geometry, key)
    together = [join_access(a, b, np.arange(len(sites))) for a, b in zip(old, new, strict=True)]
    wished = study._measure(together, np.vstack([old_open, study._open_share(sites["open_hours"])]))
    snapped = snap(study.network("walk"), sites.geometry, limit_m=study.settings.circle.snap_limit_m)
    return Evaluation(
        sites=len(sites),
        unreachable=int((np.asarray(snapped.edge) < 0).sum()),
        before=plan.before,
        wished=wished,
        proposed=plan.after,
        proposed_sites=len(plan.chosen),
    )
