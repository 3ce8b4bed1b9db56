"""Who has a station, told apart with red-blind and green-blind eyes too: the page's own colours, simulated."""

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
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
TOLD = 10.0  # CIE76 difference; 2.3 is just noticeable side by side
TOLD_RARE = 5.0  # what an own plan takes away: violet, near blue for the red-blind


def lab(colour, sight):
    """CIELAB of ``#rrggbb`` as somebody sees it."""
    rgb = np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)]) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    x, y, z = TO_XYZ @ np.clip(sight @ linear, 0, 1) / [0.9505, 1.0, 1.089]
    f = [v ** (1 / 3) if v > 0.008856 else 7.787 * v + 16 / 116 for v in (x, y, z)]
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def ramps():
    text = assets()["5_layers.js"]
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
