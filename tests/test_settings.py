"""The study file: frozen, unknown keys refused with the nearest right one, everything wrong said at once."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from pydantic import BaseModel, ValidationError

from planner.errors import SettingsError
from planner.settings.reading import parse_settings, read_settings
from planner.settings.whole import Settings

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


def sections(model: type[BaseModel], path: str = "") -> Iterator[tuple[str, list[str]]]:
    """Every section of the study file that is no list, with its plain keys."""
    kinds = {k: f.annotation for k, f in model.model_fields.items()}
    inner = {k: t for k, t in kinds.items() if isinstance(t, type) and issubclass(t, BaseModel)}
    yield path, [k for k in kinds if k not in inner]
    for key, kind in inner.items():
        yield from sections(kind, f"{path}.{key}".lstrip("."))


@pytest.mark.parametrize("value", ["'?'", "-3.5", "[1979-05-27]", "{ a = 1979-05-27 }", "1979-05-27"])
def test_whatever_is_refused_is_refused_in_chinese_and_english(value: str) -> None:
    """A wrong value in every key of every section: no sentence of a library's own, none left in English."""
    wrong = ""
    for path, keys in sections(Settings):
        if path:
            wrong += f"[{path}]\n" + "".join(f"{key} = {value}\n" for key in keys)
    with pytest.raises(SettingsError) as caught:
        parse_settings(wrong + f"[[groups]]\nname = {value}\nprofile = {value}\n")
    assert len(caught.value.findings) > 50
    for found in caught.value.findings:
        assert found.code != "SET-002", found
        assert re.search("[\u4e00-\u9fff]", found.message_zh), found


def test_what_a_validator_refuses_is_told_with_its_values() -> None:
    text = (
        SMALL
        + "[siting.goal]\nfade_m = [800, 500]\n[freight]\nhourly_local = [1, 2]\n[circle]\nreadings_m = []\n"
    )
    with pytest.raises(SettingsError) as caught:
        parse_settings(text)
    told = {f.field: (f.code, f.message_zh) for f in caught.value.findings}
    assert told["siting.goal.fade_m"] == ("SET-032", "第一个距离须小于第二个；现为 800 和 500")
    assert told["freight.hourly_local"][0] == "SET-034"
    assert told["circle.readings_m"] == ("SET-018", "至少要有 1 项，现有 0 项")


def test_a_group_listed_twice_is_not_silently_one() -> None:
    rider = '[[groups]]\nname = "rider"\nrate_per_1000 = 6\n'
    with pytest.raises(SettingsError, match="SET-030"):
        parse_settings(SMALL + rider + rider)
