"""The palette by computation: contrast by WCAG 2.2, and colour-blind readers by Machado, Oliveira
and Fernandes (2009)."""

import re
from itertools import combinations, pairwise

import numpy as np
import pytest

from genlib.present import theme

MACHADO = {
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
}
PALETTES = pytest.mark.parametrize("palette", [theme.LIGHT, theme.DARK], ids=["light", "dark"])


def contrast(one, other):
    """WCAG 2.2 contrast ratio of two `#rrggbb` colours, 1 to 21."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(code):
    channels = [int(code[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def lab(code, eye):
    channels = np.array([int(code[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.array(MACHADO[eye]) @ linear, 0, 1)
    xyz = (
        np.array([[0.4125, 0.3576, 0.1804], [0.2127, 0.7152, 0.0722], [0.0193, 0.1192, 0.9503]])
        @ seen
        / np.array([0.9505, 1, 1.0888])
    )
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def apart(palette, one, other, eye):
    return np.linalg.norm(lab(palette[one], eye) - lab(palette[other], eye))


def test_contrast_of_black_and_white():
    assert round(contrast("#000000", "#ffffff"), 1) == 21.0


@PALETTES
@pytest.mark.parametrize("name", ["ink", "quiet", "teal", "leaf", "brick"])
def test_text_has_four_and_a_half_to_one(palette, name):
    assert min(contrast(palette[name], palette[ground]) for ground in ("paper", "ground")) >= 4.5


@PALETTES
@pytest.mark.parametrize("name", sorted({*theme.SERIES, *theme.LIKERT[5], "leaf", "seq1"}))
def test_marks_or_their_edges_have_three_to_one(palette, name):
    assert contrast(palette[theme.EDGES.get(name, name)], palette["paper"]) >= 3


@PALETTES
@pytest.mark.parametrize("name", theme.LIKERT[5])
def test_figures_inside_answers_can_be_read(palette, name):
    assert (
        contrast(palette["paper" if name in {"brick", "teal"} else "night"], palette[name]) >= 4.5
    )


@PALETTES
@pytest.mark.parametrize("eye", MACHADO)
def test_the_first_four_series_differ_for_colour_blind_readers(palette, eye):
    assert min(apart(palette, *pair, eye) for pair in combinations(theme.SERIES[:4], 2)) >= 15


@PALETTES
@pytest.mark.parametrize("eye", MACHADO)
def test_neighbouring_answers_differ_for_colour_blind_readers(palette, eye):
    assert min(apart(palette, *pair, eye) for pair in pairwise(theme.LIKERT[5])) >= 12


def test_day_and_night_have_the_same_names():
    assert theme.LIGHT.keys() == theme.DARK.keys()


def test_every_colour_of_day_stands_for_one_name():
    assert len(set(theme.LIGHT.values())) == len(theme.LIGHT)


def test_each_brace_of_the_style_sheet_is_closed_once():
    sheet = theme.font_face() + theme.style()
    depth = [0]
    for brace in re.findall("[{}]", sheet):
        depth.append(depth[-1] + (1 if brace == "{" else -1))
    assert (min(depth), depth[-1]) == (0, 0)
