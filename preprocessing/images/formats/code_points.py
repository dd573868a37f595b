"""Colour spaces by the code points of ITU-T H.273, as HEIC, AVIF and PNG files name them."""

import functools

import numpy as np
from numpy.typing import NDArray

from preprocessing.images.formats.colour import (
    D65,
    SRGB,
    Chromaticities,
    Colours,
    Curve,
    light_colours,
    matrix_to_srgb,
    srgb_to_light,
)

# Light of a white page, and of what shines most (ITU-R BT.2408), in cd/m2.
PAPER_WHITE, MOST_LIGHT = 203.0, 1_000.0
_DCI_WHITE, _ILLUMINANT_C = (0.314, 0.351), (0.310, 0.316)
_PRIMARIES: dict[int, tuple[Chromaticities, tuple[float, float]]] = {
    1: (SRGB, D65),
    4: (((0.67, 0.33), (0.21, 0.71), (0.14, 0.08)), _ILLUMINANT_C),
    5: (((0.64, 0.33), (0.29, 0.60), (0.15, 0.06)), D65),
    6: (((0.630, 0.340), (0.310, 0.595), (0.155, 0.070)), D65),
    7: (((0.630, 0.340), (0.310, 0.595), (0.155, 0.070)), D65),
    8: (((0.681, 0.319), (0.243, 0.692), (0.145, 0.049)), _ILLUMINANT_C),
    9: (((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)), D65),
    11: (((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)), _DCI_WHITE),
    12: (((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)), D65),
    22: (((0.630, 0.340), (0.295, 0.605), (0.155, 0.077)), D65),
}


def are_known(primaries: int, transfer: int) -> bool:
    """Say whether code points are such as browsers heed in a PNG file: both are known here."""
    transfers = _CURVES.keys() | _TELEVISION_CURVES.keys() | {_OF_SRGB}
    return primaries in _PRIMARIES and transfer in transfers


# To find out takes half a millisecond, and nearly all pictures say the same.
@functools.lru_cache(maxsize=16)
def code_point_colours(
    primaries: int, transfer: int, *, channels: int = 3, is_exact: bool = False
) -> Colours | None:
    """Describe a colour space by its code points; None for sRGB, and for what is not known.

    Args:
        primaries: Which red, green, blue and white.
        transfer: Which curve.
        channels: 3, or 1 for grey.
        is_exact: Heed the curve of television (ITU-R BT.1886), which differs a little from that of
            sRGB. Browsers do in PNG files, but take it for that of sRGB in HEIC and AVIF files.
    """
    curves = _CURVES | _TELEVISION_CURVES if is_exact else _CURVES
    curve = curves.get(transfer, srgb_to_light)
    if channels == 1:
        return light_colours([curve], None)
    chromaticities, white = _PRIMARIES.get(primaries, _PRIMARIES[1])
    return light_colours([curve] * 3, matrix_to_srgb(chromaticities, white))


def _pq(value: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return light by SMPTE ST 2084, dimmed to what a screen without high dynamic range shows."""
    m1, m2, c1, c2, c3 = 0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875
    root = value ** (1 / m2)
    light: NDArray[np.float64] = (np.maximum(root - c1, 0) / (c2 - c3 * root)) ** (1 / m1)
    return _dimmed(light * 10_000)


def _hlg(value: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return light by ARIB STD-B67 on a screen of 1,000 cd/m2, dimmed likewise."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(value <= 0.5, value**2 / 3, (np.exp((value - c) / a) + b) / 12)
    light: NDArray[np.float64] = scene**1.2 * MOST_LIGHT
    return _dimmed(light)


def _dimmed(light: NDArray[np.float64]) -> NDArray[np.float64]:
    """Map light in cd/m2, 0 to `MOST_LIGHT`, to 0 to 1 (Reinhard et al. 2002, equation 4)."""
    relative, most = light / PAPER_WHITE, MOST_LIGHT / PAPER_WHITE
    return relative * (1 + relative / most**2) / (1 + relative)


def _smpte_240m(value: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(value < 0.0913, value / 4, ((value + 0.1115) / 1.1115) ** (1 / 0.45))


_OF_SRGB = 13
_TELEVISION_CURVES: dict[int, Curve] = dict.fromkeys((1, 6, 11, 14, 15), lambda value: value**2.4)
# What is not here is so near sRGB that browsers take it for that.
_CURVES: dict[int, Curve] = {
    4: lambda value: value**2.2,
    5: lambda value: value**2.8,
    7: _smpte_240m,
    8: lambda value: value,
    16: _pq,
    17: lambda value: value**2.6 * (52.37 / 48),
    18: _hlg,
}
