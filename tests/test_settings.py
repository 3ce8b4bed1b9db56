"""The study file: frozen, unknown keys refused with the nearest right one, everything wrong said at once."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from planner.errors import SettingsError
from planner.settings import parse_settings, read_settings

SMALL = '[study]\nname = "town"\n[inputs.streets]\npath = "streets.osm"\n'


def refused(text: str) -> dict[str, str]:
    with pytest.raises(SettingsError) as caught:
        parse_settings(text)
    return {f.field: f.message_en for f in caught.value.findings}


def test_a_small_study_gets_the_default_groups_and_periods() -> None:
    settings = parse_settings(SMALL)
    assert [p.name for p in settings.periods] == ["06_10", "10_14", "14_17", "17_22", "22_06"]
    assert "rider" in [g.name for g in settings.headline_groups]
    assert "truck" not in [g.name for g in settings.headline_groups]
    assert "builder" not in [g.name for g in settings.active_groups]


def test_every_default_group_names_its_source_and_sums_to_one() -> None:
    for group in parse_settings(SMALL).groups:
        assert group.source
        assert sum(group.profile.values()) == pytest.approx(1)


def test_an_unknown_key_is_refused_with_the_nearest_right_one() -> None:
    found = refused(SMALL + "[siting]\nquotes = 'none'\n")
    assert "quotas" in found["siting.quotes"]


def test_everything_wrong_is_said_at_once() -> None:
    found = refused(SMALL + "[siting]\nquotes = 'none'\np = 0\n[circle]\nminuts = 10\n")
    assert set(found) == {"siting.quotes", "siting.p", "circle.minuts"}


def test_a_group_of_the_study_replaces_the_default_key_by_key() -> None:
    settings = parse_settings(SMALL + '[[groups]]\nname = "rider"\nrate_per_1000 = 6\n')
    rider = {g.name: g for g in settings.groups}["rider"]
    assert rider.rate_per_1000 == 6
    assert rider.name_zh == "外卖骑手"


def test_periods_must_cover_the_day() -> None:
    text = (
        SMALL
        + '[[periods]]\nname = "day"\nstart_h = 6\nend_h = 22\n[[groups]]\nname = "rider"\nprofile = { day = 1 }\n'
    )
    assert any("24" in message for message in refused(text).values())


def test_a_profile_must_sum_to_one() -> None:
    text = SMALL + '[[groups]]\nname = "rider"\nprofile = { "06_10" = 0.4 }\n'
    assert any("sum to 1" in message for message in refused(text).values())


def test_a_study_name_cannot_be_a_path() -> None:
    assert "study.name" in refused(SMALL.replace("town", "../../town"))


def test_settings_are_frozen() -> None:
    settings = parse_settings(SMALL)
    with pytest.raises(ValidationError):
        settings.siting.p = 3  # type: ignore[misc]


def test_paths_are_relative_to_the_study_file(tmp_path) -> None:
    (tmp_path / "study.toml").write_text(SMALL, "utf-8")
    assert read_settings(tmp_path / "study.toml").inputs.streets.path == tmp_path.resolve() / "streets.osm"


def test_a_missing_study_file_is_an_input_error(tmp_path) -> None:
    with pytest.raises(SettingsError, match="SET-004"):
        read_settings(tmp_path / "nothing.toml")


def test_a_file_that_is_no_toml_says_where() -> None:
    with pytest.raises(SettingsError, match="line 1"):
        parse_settings("[study\n")
