"""The names a notebook calls the density by."""

import pytest

from planner import demand


@pytest.mark.parametrize("name", demand.__all__)
def test_every_public_name_is_there(name):
    assert callable(getattr(demand, name))
    assert name in dir(demand)


def test_another_name_is_refused():
    with pytest.raises(AttributeError, match="no attribute 'demnad'"):
        _ = demand.demnad
