"""What a study is called, its language, its CRS and its seed."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator, model_validator

from planner.settings.base import Section, refused
from planner.settings.inputs import Crs

__all__ = ["BASE_MAPS", "EFFORTS", "About"]

#: How hard searches look: what their limits of work are multiplied by.
EFFORTS = {"quick": 0.25, "normal": 1.0, "thorough": 8.0}

#: Hosts that ``map.html`` may ask where the study names their maps, and asks when somebody switches one on.
BASE_MAPS = {
    "osm": ("https://tile.openstreetmap.org",),
    "amap": tuple(f"https://webrd0{k}.is.autonavi.com" for k in range(1, 5)),
    "tianditu": tuple(f"https://t{k}.tianditu.gov.cn" for k in range(8)),
}


class About(Section):
    """What the study is called, its language, its CRS and its seed; ``scenario`` is set where one of the file's scenarios is opened."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,59}$")
    title_zh: str = ""
    title_en: str = ""
    language: Literal["zh", "en"] = "zh"
    crs: Crs = "auto"
    seed: int = Field(default=20240124, ge=0)
    effort: Literal["quick", "normal", "thorough"] = "normal"
    accept_gap: float = Field(default=0.002, ge=0)
    synthetic: bool = False
    synthetic_note_zh: str = ""
    synthetic_note_en: str = ""
    map_approval_no: str = ""
    base_maps: tuple[Literal["osm", "amap", "tianditu"], ...] = ()
    tianditu_key: str = Field(default="", pattern=r"^[0-9A-Za-z]{0,64}$")
    scenario: str = ""

    @field_validator("name")
    @classmethod
    def _name_is_a_folder(cls, value: str) -> str:
        devices = {"con", "prn", "aux", "nul", *(f"{d}{n}" for d in ("com", "lpt") for n in range(1, 10))}
        if value.lower() in devices:
            raise refused("SET-025", name=value)
        return value

    @model_validator(mode="after")
    def _tianditu_asks_for_a_key(self) -> About:
        if "tianditu" in self.base_maps and not self.tianditu_key:
            raise refused("SET-052")
        return self

    @property
    def label(self) -> str:
        """Its name, with the scenario's behind it: what its folder is called."""
        return f"{self.name}-{self.scenario}" if self.scenario else self.name

    def title(self) -> str:
        """The title in the study's language, or its name; with the scenario's name behind it."""
        named = self.title_zh if self.language == "zh" else self.title_en
        if not named:
            return self.label
        around = "（{}）" if self.language == "zh" else " ({})"
        return named + (around.format(self.scenario) if self.scenario else "")
