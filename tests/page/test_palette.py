"""Who has a station, told apart with red-blind and green-blind eyes and on grey paper too: the page's own colours, simulated."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest

from planner.publish.page.scripts import assets

# Machado, Oliveira & Fernandes (2009), severity 1, on linear RGB.
SIGHT = {
    "usual": np.eye(3),
    "protanopia": np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
    "deuteranopia": np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]),
}  # fmt: skip
GREY = np.tile([0.2126, 0.7152, 0.0722], (3, 1))  # luminance alone: grey paper
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
TOLD = 10.0  # CIE76 difference; 2.3 is just noticeable side by side
TOLD_RARE = 5.0  # what an own plan takes away: violet, near blue for the red-blind


def lab(colour, sight):
    """CIELAB of ``#rrggbb`` (or of three shares of one) as somebody sees it."""
    text = isinstance(colour, str)
    rgb = np.array([int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)] if text else colour)
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    x, y, z = TO_XYZ @ np.clip(sight @ linear, 0, 1) / [0.9505, 1.0, 1.089]
    f = [v ** (1 / 3) if v > 0.008856 else 7.787 * v + 16 / 116 for v in (x, y, z)]
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def ramps():
    text = assets()["4_colours.js"]
    return {
        key: re.findall(r"#\w{6}", text[text.index(f"    {key}: [") :].split("]")[0])
        for key in ("none", "now", "more", "less")
    }


@pytest.mark.parametrize("sight", SIGHT)
def test_the_states_of_a_cell_differ_at_the_same_density(sight):
    found = ramps()
    assert {len(colours) for colours in found.values()} == {7}
    for a, b in itertools.combinations(found, 2):
        for k in range(2, 7):
            far = np.linalg.norm(lab(found[a][k], SIGHT[sight]) - lab(found[b][k], SIGHT[sight]))
            assert far > (TOLD_RARE if "less" in (a, b) else TOLD), (a, b, k, far)


def test_density_is_lightness_whatever_is_covered():
    for key, colours in ramps().items():
        light = [lab(c, SIGHT["usual"])[0] for c in colours]
        assert all(a > b + 3 for a, b in itertools.pairwise(light)), key


def marked():
    """Kind of mark (1, 2) → its pattern and how it lies on a fill: ink over it."""
    text = assets()["2_cells.js"]
    found = re.findall(
        r'\["(\w+)", "rgba\((\d+), (\d+), (\d+), ([.\d]+)\)"\]', text[text.index("const PATTERNS") :]
    )
    return [(kind, np.array([int(v) for v in ink]) / 255, float(alpha)) for kind, *ink, alpha in found]


@pytest.mark.parametrize("sight", [*SIGHT, "grey"])
def test_what_is_added_is_hatched_and_what_is_lost_dotted_for_every_eye(sight):
    (added, *_), (lost, *_) = marked()
    assert (added, lost) == ("hatch", "dots")
    for key, (_, ink, alpha) in zip(("more", "less"), marked(), strict=True):
        for colour in ramps()[key]:
            fill = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)]) / 255
            seen = [lab(rgb, SIGHT.get(sight, GREY)) for rgb in (fill, alpha * ink + (1 - alpha) * fill)]
            assert np.linalg.norm(seen[0] - seen[1]) > 15, (key, colour)


def test_on_grey_paper_who_has_a_station_is_darker_than_who_has_none():
    found = ramps()
    for k in range(7):
        none, now = (lab(found[key][k], GREY) for key in ("none", "now"))
        assert none[0] - now[0] > (TOLD if k >= 1 else 5), k
        assert np.hypot(*now[1:]) < 1  # grey it is


def test_density_alone_is_grey_not_brown():
    text = assets()["4_colours.js"]
    ramp = re.findall(r"#\w{6}", text[text.index("  ramp: [") :].split("]")[0])
    assert len(ramp) == 7
    for colours in (ramp, ramps()["none"]):
        assert all(np.hypot(*lab(c, SIGHT["usual"])[1:]) < 4 for c in colours)
    light = [lab(c, SIGHT["usual"])[0] for c in ramp]
    assert all(a > b + 3 for a, b in itertools.pairwise(light))


def test_no_two_kinds_of_places_have_one_shape():
    symbols, layers = assets()["3_symbols.js"], assets()["5_layers.js"]
    shapes = re.findall(r'"(\w+)"', re.search(r"BATCH_SHAPES = \[(.*?)\]", symbols)[1])
    own = re.search(r'fillColor: COLOURS.mine,\s+shape: "(\w+)"', layers)[1]
    every = ["circle", own, *shapes]
    assert len(set(every)) == len(every) == 6
