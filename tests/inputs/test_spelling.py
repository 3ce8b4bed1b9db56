"""Words of the study file that mean nothing, judged apart from the files."""

import geopandas as gpd
import shapely

from planner.inputs.load import load_inputs
from planner.inputs.spelling import judge_words
from planner.settings.about import About
from planner.settings.freight import Freight
from planner.settings.inputs import Inputs, Streets, Table
from planner.settings.siting import Siting
from tests.inputs.nasty import CRS, codes


def test_a_study_file_spelt_well_gives_no_finding():
    assert judge_words(Siting(), Freight()) == ()


def test_a_kind_of_host_that_does_not_exist_is_told_with_its_key_and_the_nearest_that_does():
    wrong = Siting(
        host_kinds=("bank", "libary"), cost_yuan={"postoffice": 1.0}, host_hours={"mal": "8:00-20:00"}
    )
    found = judge_words(wrong, Freight(site_kinds=("fuell",)))
    assert [(f.code, f.field, f.value) for f in found] == [
        ("SET-006", "siting.host_kinds", "libary"),
        ("SET-006", "siting.cost_yuan", "postoffice"),
        ("SET-006", "siting.host_hours", "mal"),
        ("SET-006", "freight.site_kinds", "fuell"),
    ]
    for f, nearest in zip(found, ("library", "post_office", "mall", "fuel"), strict=True):
        assert nearest in f.message_en


def test_hours_that_cannot_be_read_are_told_with_their_key():
    found = judge_words(Siting(default_hours="whenever", host_hours={"bank": "9:00-5:00"}), Freight())
    assert [(f.code, f.field, f.value) for f in found] == [
        ("SET-007", "siting.default_hours", "whenever"),
        ("SET-007", "siting.host_hours.bank", "9:00-5:00"),
    ]


def test_a_word_mended_in_the_study_file_is_not_told_by_inputs_that_were_kept(tmp_path):
    """Inputs are kept under a key that knows nothing of siting: what they tell may not depend on it."""
    square = gpd.GeoDataFrame({"district": ["甲区"]}, geometry=[shapely.box(0, 0, 9e3, 9e3)], crs=CRS)
    square.to_file(tmp_path / "d.geojson", driver="GeoJSON")
    files = Inputs(streets=Streets(path=tmp_path / "s.gpkg"), districts=Table(path=tmp_path / "d.geojson"))
    kept = load_inputs(About(name="s", crs=CRS), files, None)
    before, after = Siting(default_hours="whenever"), Siting()
    assert "SET-007" in codes([*judge_words(before, Freight()), *kept.findings])
    assert [c for c in codes([*judge_words(after, Freight()), *kept.findings]) if c.startswith("SET")] == []
