"""Every refusal of the study file by its code: the smallest file that meets it."""

from __future__ import annotations

import pytest

from planner.errors import SettingsError
from planner.settings.reading import parse_settings

SMALL = '[study]\nname = "town"\n[inputs.streets]\npath = "streets.osm"\n'
DAY = '[[periods]]\nname = "day"\nstart_h = 0\nend_h = 24\n'
GROUP = '[[groups]]\nname = "g"\nprofile = {{ {} = 1 }}\n'
#: Code → (what is added to the small study, the key it is told of).
REFUSED = {
    "SET-011": ('[[inputs.stations]]\ndatum = "wgs84"\n', "inputs.stations.1.path"),
    "SET-012": ("[siting]\np = -1\n", "siting.p"),
    "SET-013": ('[circle]\nminutes = "ten"\n', "circle.minutes"),
    "SET-014": ("[siting]\np = 1.5\n", "siting.p"),
    "SET-015": ('[freight]\nenabled = "perhaps"\n', "freight.enabled"),
    "SET-016": ("[siting]\nquotas = 'none'\n[inputs.population]\nkind = 'grid'\npath = 3\n", "inputs.population.path"),
    "SET-017": ("[siting]\nquotas = 'many'\n", "siting.quotas"),
    "SET-019": ("[siting.goal]\nfade_m = [1, 2, 3]\n", "siting.goal.fade_m"),
    "SET-020": ('[[groups]]\nname = "a b"\n', "groups"),
    "SET-021": ("[siting]\ncurve = 5\n", "siting.curve"),
    "SET-022": ("siting = 5\n", "siting"),
    "SET-023": ('[[inputs.stations]]\npath = "s.csv"\ncrs = "EPSG:999999"\n', "inputs.stations.1.crs"),
    "SET-026": ('[[groups]]\nname = "rider"\nprofile = { "06_10" = 0.5 }\n', "groups"),
    "SET-027": (DAY + DAY + GROUP.format("day"), ""),
    "SET-028": (DAY.replace("24", "20") + GROUP.format("day"), ""),
    "SET-029": (DAY, ""),
    "SET-031": (DAY + GROUP.format("night"), ""),
    "SET-033": ("[siting.goal]\ncredit = [0.5, 1]\n", "siting.goal.credit"),
    "SET-036": ("[siting.goal]\ngroup_weights = { nobody = 1 }\n", ""),
    "GRD-013": ('[grades]\nreference_date = "yesterday"\n', "grades.reference_date"),
    "ACT-001": (
        '[[actions.hours]]\nname = "n"\nhours = "0-24"\none_off_yuan = 5\none_off_band = [6, 7]\nyearly_yuan = 0\n',
        "actions.hours.n",
    ),
    "ACT-003": (
        '[actions]\nhours = [{ name = "n", hours = "0-24", yearly_yuan = 1 }, { name = "n", hours = "0-24", yearly_yuan = 1 }]\n',
        "actions",
    ),
}  # fmt: skip
#: Those that stand in [study] itself.
ABOUT = {"SET-024": 'crs = "EPSG:4326"', "SET-025": 'name = "con"'}


def codes(text: str) -> dict[str, str]:
    with pytest.raises(SettingsError) as caught:
        parse_settings(text)
    for f in caught.value.findings:
        assert f.severity == "E"
        assert f.message_en != f.message_zh
        assert "{why}" not in f.message_en
    return {f.code: f.field for f in caught.value.findings}


@pytest.mark.parametrize("code", REFUSED)
def test_a_value_of_the_study_file_is_refused_by_its_code_at_its_key(code: str) -> None:
    more, field = REFUSED[code]
    text = more + SMALL if code == "SET-022" else SMALL + more
    found = codes(text)
    assert code in found, found
    assert field in found[code], found


@pytest.mark.parametrize("code", ABOUT)
def test_what_the_study_says_of_itself_is_refused_by_its_code(code: str) -> None:
    line = ABOUT[code]
    given = line if line.startswith("name") else f'name = "town"\n{line}'
    text = SMALL.replace('name = "town"', given)
    assert code in codes(text)
