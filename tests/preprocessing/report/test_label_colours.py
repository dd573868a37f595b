"""The colours of labels can be told apart, also by people who do not see all colours."""

import colorsys
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from preprocessing.dataset.labels import FERPLUS_LABELS, DisgustPolicy, labels_for
from preprocessing.report.label_colours import DARK_GROUNDS, LIGHT_GROUNDS, colours_of

SIX = labels_for(DisgustPolicy.DROP)
LEAST_DISTANCE = 25  # CIE76
LEAST_CONTRAST, LEAST_WORD_CONTRAST = 3.0, 4.5  # WCAG 1.4.11 and 1.4.3
D65 = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
# All on linear RGB. Machado, Oliveira & Fernandes 2009, severity 1.
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
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
# Vienot, Brettel & Mollon 1999.
VIENOT = {
    "protanopia": [[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]],
    "deuteranopia": [[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]],
}
# Brettel, Vienot & Mollon 1997: two half planes, and what parts them.
BRETTEL_TRITANOPIA = (
    np.array(
        [
            [1.01277, 0.13548, -0.14826],
            [-0.01243, 0.86812, 0.14431],
            [0.07589, 0.80500, 0.11911],
        ]
    ),
    np.array(
        [
            [0.93678, 0.18979, -0.12657],
            [0.06154, 0.81526, 0.12320],
            [-0.37562, 1.12767, 0.24796],
        ]
    ),
    np.array([0.03901, -0.02788, -0.01113]),
)


def linear(colour: str) -> NDArray[np.float64]:
    """Return the linear RGB of `#rrggbb`, 0 to 1."""
    shares = np.array([int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)])
    return np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)


def lab(rgb: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return CIE L*a*b* of linear RGB, for D65."""
    ratios = D65 @ np.clip(rgb, 0, 1) / D65.sum(axis=1)
    x, y, z = np.where(
        ratios > (6 / 29) ** 3, np.cbrt(ratios), ratios / (3 * (6 / 29) ** 2) + 4 / 29
    )
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def seen(rgb: NDArray[np.float64], vision: str) -> list[NDArray[np.float64]]:
    """Return how a colour looks to someone, by each simulation that there is of it."""
    if vision == "usual":
        return [rgb]
    views = [
        np.array(matrices[vision]) @ rgb for matrices in (MACHADO, VIENOT) if vision in matrices
    ]
    if vision == "tritanopia":
        near, far, normal = BRETTEL_TRITANOPIA
        views.append((near if rgb @ normal >= 0 else far) @ rgb)
    return views


def contrast(one: str, other: str) -> float:
    high, low = sorted((float(D65[1] @ linear(colour)) for colour in (one, other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("vision", ["usual", "protanopia", "deuteranopia", "tritanopia"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_any_two_of_the_six_stay_apart(theme: str, vision: str) -> None:
    colours = [getattr(colour, theme) for colour in colours_of(SIX).values()]
    assert len(colours) == 6
    for one, other in combinations(colours, 2):
        pairs = zip(seen(linear(one), vision), seen(linear(other), vision), strict=True)
        for first, second in pairs:
            assert np.linalg.norm(lab(first) - lab(second)) >= LEAST_DISTANCE, (one, other)


def test_every_colour_stands_out_from_its_ground_and_words_on_it_can_be_read() -> None:
    many = colours_of([*FERPLUS_LABELS, *(f"own {number}" for number in range(6))])
    assert len({colour.light for colour in many.values()}) == len(many) == 14
    assert len({colour.dark for colour in many.values()}) == len(many)
    for colour in many.values():
        for ground in LIGHT_GROUNDS:
            assert contrast(colour.light, ground) >= LEAST_CONTRAST, (colour, ground)
        for ground in DARK_GROUNDS:
            assert contrast(colour.dark, ground) >= LEAST_CONTRAST, (colour, ground)
        assert contrast(colour.light, colour.light_ink) >= LEAST_WORD_CONTRAST, colour
        assert contrast(colour.dark, colour.dark_ink) >= LEAST_WORD_CONTRAST, colour


def test_a_label_keeps_its_colour_whatever_stands_beside_it() -> None:
    assert colours_of(["happy"])["happy"] == colours_of(FERPLUS_LABELS)["happy"]
    assert colours_of(FERPLUS_LABELS)["sad"] == colours_of(SIX)["sad"]


def test_labels_of_one_s_own_get_different_colours_by_their_order() -> None:
    own = ["asleep", "happy", "awake", "yawning"]
    colours = colours_of(own)
    assert list(colours) == own
    assert len({colour.light for colour in colours.values()}) == len(own)
    assert colours == colours_of(list(own))
    assert len(colours_of([f"label {number}" for number in range(40)])) == 40


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_are_those_that_people_expect(theme: str) -> None:
    colours = {label: getattr(colour, theme) for label, colour in colours_of(SIX).items()}
    hues = {}
    for label, colour in colours.items():
        shares = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
        hues[label] = 360 * colorsys.rgb_to_hsv(*shares)[0]
    assert min(hues["angry"], 360 - hues["angry"]) < 20, "angry is red"
    assert 190 < hues["sad"] < 250, "sad is blue"
    assert 30 < hues["happy"] < 60, "happy is yellow"
