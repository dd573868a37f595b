"""Colours for screens of high dynamic range, as browsers show them on screens without it.

They use the reference white tone mapping of SMPTE ST 2094-50, annex C, for a screen that shows
nothing brighter than white.
"""

import functools
import struct
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from preprocessing.images.formats.colour import (
    D65,
    WHITE,
    Chromaticities,
    Colours,
    light_colours,
    matrix_to_srgb,
    srgb_of_light,
    strips,
)

PQ, HLG = 16, 18
# Light of a white page, and of what shines most where the file does not say it (ITU-R BT.2408), in
# cd/m2; and the most that there can be, in parts of white.
PAPER_WHITE, MOST_LIGHT = 203.0, 1_000.0
_MOST_RELATIVE = 10_000 / PAPER_WHITE
# How much of an ordinary screen's light what shines needs, where it shines as usual or more.
_NEEDED_BY_SHINE = 0.5
# How far the curve goes straight on beyond white.
_STRAIGHT = 0.65
_CURVE_POINTS = 1_000
BT_2020: Chromaticities = ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046))
_LUMINANCE = np.array([[0.2627, 0.6780, 0.0593]], np.float32)
# The screen of 1,000 cd/m2 for which the curve of HLG is meant shows light to this power: what
# is bright becomes brighter than the rest.
_EXPONENT_OF_SCREEN = 1.2
# After the primaries and white of a screen.
_MOST_OF_SCREEN = struct.Struct(">16xL")


@dataclass(frozen=True, eq=False)
class HighRangeColours(Colours):
    """A curve to light, and what an ordinary screen shows of that.

    Attributes:
        table: float32 (1, 256, 3): the light of each value, with 1 as white; of HLG, of the scene.
        to_wide: float32 (3, 3): from light of the file's primaries to that of ITU-R BT.2020.
        is_of_scene: Whether a screen makes bright colours brighter, as for HLG.
        most_light: Of what shines most, in cd/m2.
    """

    table: NDArray[np.float32]
    to_wide: NDArray[np.float32]
    is_of_scene: bool
    most_light: float

    def convert(self, pixels: NDArray[np.uint8]) -> None:
        """Convert pixels to sRGB, in place."""
        to_srgb = (WHITE * matrix_to_srgb(BT_2020, D65)).astype(np.float32)
        for strip in strips(pixels):
            light = cv2.transform(cv2.LUT(strip, self.table), self.to_wide)
            if self.is_of_scene:
                luminance = np.maximum(cv2.transform(light, _LUMINANCE), 0)
                light = _multiply(light, cv2.pow(luminance, _EXPONENT_OF_SCREEN - 1))
            # By the brightest channel, so that no colour changes its hue.
            brightest = functools.reduce(cv2.max, cv2.split(light))
            step = _in_16_bits(brightest * (WHITE / _MOST_RELATIVE))
            shown = cv2.transform(_multiply(light, cv2.LUT(step, _gains(self.most_light))), to_srgb)
            cv2.LUT(_in_16_bits(shown), srgb_of_light(), dst=strip)


def _multiply(light: NDArray[Any], factor: NDArray[Any]) -> NDArray[Any]:
    """Multiply all channels of each pixel by a number; NumPy takes three times as long."""
    return cv2.multiply(light, cv2.merge([factor] * 3), dst=light)


def _in_16_bits(numbers: NDArray[Any]) -> NDArray[Any]:
    """Round numbers to those of 16 bits; what is too small or too large becomes the nearest."""
    return cv2.add(numbers, np.zeros(4), dtype=cv2.CV_16U)


def high_range_colours(
    transfer: int,
    primaries: Chromaticities,
    white: tuple[float, float],
    *,
    channels: int,
    most_light: float = MOST_LIGHT,
) -> Colours | None:
    """Describe colours whose curve is that of SMPTE ST 2084 or ARIB STD-B67.

    Args:
        transfer: `PQ` or `HLG`.
        primaries: Of red, green and blue.
        white: Of the screen that they are meant for.
        channels: 3, or 1 for grey.
        most_light: Of what shines most in the picture, in cd/m2.
    """
    if channels == 1:
        return light_colours([functools.partial(_shown_grey, transfer, most_light)], None)
    light = _light(transfer, np.linspace(0, 1, 256))
    table = np.repeat(light[None, :, None], 3, axis=2).astype(np.float32)
    to_wide = np.linalg.inv(matrix_to_srgb(BT_2020, D65)) @ matrix_to_srgb(primaries, white)
    is_of_scene = transfer == HLG
    return HighRangeColours(table, to_wide.astype(np.float32), is_of_scene, most_light)


def light_told(content: float, screen: bytes) -> float:
    """Return the light of what shines most, in cd/m2, as a file tells it or else as usual.

    Args:
        content: Of the picture, in cd/m2; 0 where that is not told.
        screen: What the file says of the screen on which it was made, as HEIC, AVIF and PNG files
            have it (SMPTE ST 2086); or nothing.
    """
    of_screen = _MOST_OF_SCREEN.unpack_from(screen)[0] / 10_000 if len(screen) >= 24 else 0
    return float(content or of_screen or MOST_LIGHT)


def _shown_grey(
    transfer: int, most_light: float, value: NDArray[np.float64]
) -> NDArray[np.float64]:
    light = _light(transfer, value)
    return _dimmed(light**_EXPONENT_OF_SCREEN if transfer == HLG else light, most_light)


def _light(transfer: int, value: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return light with 1 as white; of HLG, that of the scene.

    What a screen shows of a scene is its light to the power of `_EXPONENT_OF_SCREEN`.
    """
    light: NDArray[np.float64] = (
        _pq(value) / PAPER_WHITE
        if transfer == PQ
        else _hlg(value) * (MOST_LIGHT / PAPER_WHITE) ** (1 / _EXPONENT_OF_SCREEN)
    )
    return light


@functools.lru_cache(maxsize=16)
def _gains(most_light: float) -> NDArray[np.float32]:
    """Return by what a colour is multiplied, by its brightest channel in steps of all light."""
    light = np.maximum(np.linspace(0, _MOST_RELATIVE, WHITE + 1), 1e-9)
    return (_dimmed(light, most_light) / light).astype(np.float32)[None]


def _dimmed(light: NDArray[np.float64], most_light: float) -> NDArray[np.float64]:
    """Map light, with 1 as white, to that of an ordinary screen, with 1 as all of it.

    Up to white it is dimmed evenly; from there a parabola leads to what shines most.
    """
    at, most = np.linspace(0, 1, _CURVE_POINTS), max(1.0, most_light / PAPER_WHITE)
    shine = np.log2(most) / np.log2(MOST_LIGHT / PAPER_WHITE)
    white = 1 - _NEEDED_BY_SHINE * min(1.0, shine)
    middle = (1 - _STRAIGHT) + _STRAIGHT / white
    middle_dimmed = (1 - _STRAIGHT) * white + _STRAIGHT
    before, between, after = (1 - at) ** 2, 2 * at * (1 - at), at**2
    parabola = before + between * middle + after * most
    dimmed = before * white + between * middle_dimmed + after
    shown: NDArray[np.float64] = np.interp(light, parabola, dimmed)
    return np.where(light <= 1, white * light, shown)


def _pq(value: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the light of a screen by SMPTE ST 2084, in cd/m2."""
    m1, m2, c1, c2, c3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875
    root = value ** (1 / m2)
    light: NDArray[np.float64] = (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1)
    return light * 10_000


def _hlg(value: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the light of a scene by ARIB STD-B67, 0 to 1."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(value <= 0.5, value**2 / 3, (np.exp((value - c) / a) + b) / 12)
