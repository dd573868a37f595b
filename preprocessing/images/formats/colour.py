"""Convert colours to sRGB, in which Mien and every screen show them.

Most colour spaces are a curve for each channel, to linear light, and a matrix: their conversion is
two table look-ups and a product, a few nanoseconds a pixel. Others go through LittleCMS.
"""

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Curve = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""From a channel's value, 0 to 1, to linear light, 0 to 1."""
Chromaticities = tuple[tuple[float, float], tuple[float, float], tuple[float, float]]
"""x and y of red, green and blue (CIE 1931)."""

WHITE = 65_535
STRIP_PIXELS = 65_536
# Colour spaces that differ from sRGB by no more than this, in grey levels, are taken for it.
SRGB_TOLERANCE = 2
D65 = (0.3127, 0.3290)
SRGB: Chromaticities = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
# Twice the area between primaries; that of sRGB is 0.22.
_LEAST_AREA = 0.01
# Bradford's cone responses, by which colours are adapted to another white.
_CONES = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


class Colours(ABC):
    """How the channels of a picture are meant."""

    @abstractmethod
    def convert(self, pixels: NDArray[np.uint8]) -> None:
        """Convert pixels to sRGB, in place.

        Args:
            pixels: Shape (height, width, 3), or (height, width) for grey.
        """


@dataclass(frozen=True, eq=False)
class LightColours(Colours):
    """A curve to linear light for each channel, and a matrix to the primaries of sRGB.

    Attributes:
        tables: uint16 (1, 256, channels): the light of each value, with 65,535 as white.
        matrix: float32 (3, 3), or None for grey.
    """

    tables: NDArray[np.uint16]
    matrix: NDArray[np.float32] | None

    def convert(self, pixels: NDArray[np.uint8]) -> None:
        """Convert pixels to sRGB, in place."""
        for strip in strips(pixels):
            light = cv2.LUT(strip, self.tables)
            if self.matrix is not None:
                light = cv2.transform(light, self.matrix)
            cv2.LUT(light, srgb_of_light(), dst=strip)


def light_colours(curves: list[Curve], to_srgb: NDArray[np.float64] | None) -> Colours | None:
    """Describe a colour space by its curves and the matrix from its light to that of sRGB.

    Returns:
        None where it is as good as sRGB.
    """
    values = np.linspace(0, 1, 256)
    with np.errstate(all="ignore"):  # files may hold any exponent
        tables = np.stack([np.clip(curve(values), 0, 1) for curve in curves], axis=-1)
    light = np.round(np.nan_to_num(tables) * WHITE).astype(np.uint16)
    matrix = None if to_srgb is None else to_srgb.astype(np.float32)
    colours = LightColours(light[None], matrix)
    return None if is_srgb(colours, channels=len(curves)) else colours


def gamma_colours(
    gamma: float, primaries: Chromaticities | None, *, white: tuple[float, float] = D65
) -> Colours | None:
    """Describe a colour space by its exponent to linear light, as PNG files do."""
    curves: list[Curve] = [lambda value: value**gamma] * (3 if primaries else 1)
    return light_colours(curves, matrix_to_srgb(primaries, white) if primaries else None)


def is_plausible(primaries: Chromaticities, white: tuple[float, float]) -> bool:
    """Say whether chromaticities are such as can be, and primaries do not lie on a line."""
    are_there = all(y > 0 and x + y <= 1 for x, y in (white, *primaries))
    area = np.linalg.det([(*each, 1.0) for each in primaries])
    return are_there and bool(abs(area) > _LEAST_AREA)


def matrix_to_srgb(primaries: Chromaticities, white: tuple[float, float]) -> NDArray[np.float64]:
    """Return the matrix from linear light of some primaries to that of sRGB, white to white."""
    adapted = _adaptation(white) @ _to_xyz(primaries, white)
    matrix: NDArray[np.float64] = np.linalg.inv(_to_xyz(SRGB, D65)) @ adapted
    return matrix


def is_srgb(colours: Colours, *, channels: int) -> bool:
    """Say whether a conversion changes no colour visibly."""
    steps = np.linspace(0, 255, 6 if channels == 3 else 256).round().astype(np.uint8)
    grid = np.stack(np.meshgrid(*[steps] * channels), axis=-1).reshape(1, -1, channels)
    before = np.ascontiguousarray(grid if channels == 3 else grid[..., 0])
    after = before.copy()
    colours.convert(after)
    return int(np.abs(after.astype(int) - before).max()) <= SRGB_TOLERANCE


def strips(pixels: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """Cut a picture into strips of some rows, so that work on it needs little memory beside it."""
    rows = max(1, STRIP_PIXELS // max(1, pixels.shape[1]))
    for top in range(0, len(pixels), rows):
        yield pixels[top : top + rows]


def srgb_to_light(value: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the linear light of values of sRGB (IEC 61966-2-1)."""
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


@functools.cache
def srgb_of_light() -> NDArray[np.uint8]:
    """Return the values of sRGB of light in steps up to `WHITE`, uint8 (1, 65536)."""
    light = np.linspace(0, 1, WHITE + 1)
    curved = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.round(curved * 255).astype(np.uint8)[None]


def _to_xyz(primaries: Chromaticities, white: tuple[float, float]) -> NDArray[np.float64]:
    """Return the matrix from linear light to CIE XYZ in which white has Y = 1."""
    columns = np.stack([_xyz(each) for each in primaries], axis=-1)
    scaled: NDArray[np.float64] = columns * np.linalg.solve(columns, _xyz(white))
    return scaled


def _adaptation(white: tuple[float, float]) -> NDArray[np.float64]:
    """Return the matrix that adapts CIE XYZ from a white to D65."""
    scale = (_CONES @ _xyz(D65)) / (_CONES @ _xyz(white))
    matrix: NDArray[np.float64] = np.linalg.inv(_CONES) @ np.diag(scale) @ _CONES
    return matrix


def _xyz(chromaticity: tuple[float, float]) -> NDArray[np.float64]:
    x, y = chromaticity
    return np.array([x / y, 1.0, (1 - x - y) / y])
