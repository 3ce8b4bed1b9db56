"""The figures' font is the package's on every machine, and their captions name the colours that are drawn."""

from __future__ import annotations

import colorsys
import dataclasses
import re
import warnings
from pathlib import Path

import numpy as np
import pytest
from matplotlib import font_manager
from PIL import Image

from planner.publish.office import drawing, figures
from planner.telling.words.phrases import _tables, phrase
from tests.publish.toy import toy_bundle

#: What a colour may be called in a caption, by its name in Chinese.
WORDS = {
    "红": "red",
    "橙": "orange",
    "棕": "brown",
    "灰": "grey",
    "蓝": "blue",
    "绿": "green",
    "紫": "purple",
}


def called(rgb: tuple[int, int, int]) -> str:
    """What a reader would call a colour: grey where pale of hue, else by its hue."""
    hue, light, strong = colorsys.rgb_to_hls(*(v / 255 for v in rgb))
    degrees = 360 * hue
    if strong < 0.25 and abs(light - 0.6) < 0.25:
        return "灰"
    return (
        "红"
        if degrees < 15 or degrees > 345
        else "橙"
        if degrees < 40
        else "蓝"
        if 180 <= degrees < 260
        else "绿"
    )


def drawn(path: Path, least: float) -> set[str]:
    """Names of the colours that fill at least this share of a picture, white, water and land left out."""
    with Image.open(path) as picture:
        red, green, blue = np.asarray(picture.convert("RGB")).reshape(-1, 3).astype(int).T
    colours, counts = np.unique(red << 16 | green << 8 | blue, return_counts=True)
    often = [(c >> 16, c >> 8 & 255, c & 255) for c in colours[counts >= least * len(red)].tolist()]
    return {called(c) for c in often if min(c) < 0xD8}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """The toy's figures in each language, drawn once."""
    return {n: figures.write_figures(toy_bundle(n), tmp_path_factory.mktemp(n)) for n in ("zh", "en")}


def named(text: str, language: str) -> set[str]:
    """Colours that a caption names."""
    return {
        zh
        for zh, en in WORDS.items()
        if (zh in text if language == "zh" else re.search(rf"\b{en}\b", text.lower()))
    }


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_caption_names_the_colours_of_the_bars(language: str, pictures) -> None:
    files = pictures[language]
    assert drawn(files["districts"], 0.02) == {"灰", "红"}
    assert named(phrase("cap_districts", language), language) == {"灰", "红"}


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_caption_names_the_colours_of_the_circle_and_its_state(language: str, pictures) -> None:
    files = pictures[language]
    assert drawn(files["circle"], 0.02) <= {"蓝", "灰", "橙"}
    assert "橙" in drawn(files["circle"], 0.02)
    caption, title = phrase("cap_circle", language), phrase("fig_circle", language)
    assert named(caption, language) == {"蓝", "灰", "橙", "红"}  # the dots are blue and red
    state = {"zh": "不计开放时间", "en": "at any hour"}[language]
    assert state in caption
    assert state in title


def test_the_font_is_the_packages_whatever_the_system_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never() -> str:
        raise AssertionError("the system was searched")

    monkeypatch.setattr(drawing, "_of_system", never)
    name = drawing.chinese_font()
    assert Path(font_manager.findfont(name, fallback_to_default=False)).name == "NotoSansSC-Regular.otf"
    first = figures.write_figures(toy_bundle("zh"), tmp_path / "a")
    lure = font_manager.ttfFontProperty(font_manager.get_font(font_manager.findfont("DejaVu Serif")))
    known = [dataclasses.replace(lure, name=n) for n in drawing.FONTS] + font_manager.fontManager.ttflist
    monkeypatch.setattr(font_manager.fontManager, "ttflist", known)
    font_manager.fontManager._findfont_cached.cache_clear()
    second = figures.write_figures(toy_bundle("zh"), tmp_path / "b")
    assert {n: p.read_bytes() for n, p in first.items()} == {n: p.read_bytes() for n, p in second.items()}


def test_every_character_of_the_chinese_words_is_in_the_font() -> None:
    from fontTools.ttLib import TTFont

    path = font_manager.findfont(drawing.chinese_font(), fallback_to_default=False)
    known = set(TTFont(path).getBestCmap())
    texts = [row["zh"] for table in _tables().values() for row in table.values()]
    assert len(texts) > 300
    assert {c for text in texts for c in text if c not in "\n\t" and ord(c) not in known} == set()


def test_a_bold_title_warns_of_nothing_and_is_drawn(tmp_path: Path) -> None:
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with warnings.catch_warnings(), rc_context(drawing.figure_style()):
        warnings.simplefilter("error")
        figure = Figure()
        FigureCanvasAgg(figure)
        figure.text(0.1, 0.5, phrase("fig_circle", "zh"), weight="bold")
        figure.savefig(tmp_path / "a.png")
        figure.canvas.draw()
        assert np.asarray(figure.canvas.buffer_rgba())[..., :3].min() < 128


def test_without_the_package_a_font_of_the_system_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "_PACKAGE", "no_such_package_of_fonts")
    monkeypatch.setattr(drawing, "_of_system", lambda: "SimHei")
    assert drawing.chinese_font() == "SimHei"
    assert drawing.judge_font("zh") == ()
    monkeypatch.setattr(drawing, "_of_system", lambda: None)
    assert [f.code for f in drawing.judge_font("zh")] == ["OUT-003"]
