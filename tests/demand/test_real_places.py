"""Real venues withheld by block: the other covariates must foretell them better than the baselines."""

import pandas as pd
import pytest

from benchmarks.demand import without_target
from benchmarks.demand_places import cells_of
from planner.demand.levels.validate import foretell


@pytest.mark.real
@pytest.mark.parametrize(("place", "cell_m"), [("Liechtenstein", 200.0), ("Helsinki", 100.0)])
def test_restaurants_withheld_by_block_are_foretold(place, cell_m):
    found = cells_of(place, cell_m=cell_m)
    if found is None:
        pytest.skip(f"the file of {place} is not here")
    cells, covariates = found
    table = without_target(cells, covariates)
    pd.testing.assert_series_equal(table["restaurants"], covariates["restaurants"])
    scores = pd.concat([foretell(cells, table, block_m=8 * cell_m, seed=s) for s in range(5)])
    blocked = scores.loc[["km blocks"]].mean()
    assert blocked["against_constant"] > 0
    assert blocked["against_population"] > 0
