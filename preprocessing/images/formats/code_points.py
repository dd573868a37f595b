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
from preprocessing.images.formats.high_range import BT_2020, HLG, MOST_LIGHT, PQ, high_range_colours

# Matrix and range.
_RGB_IN_FULL_RANGE = b"\0\1"
_DCI_WHITE, _ILLUMINANT_C = (0.314, 0.351), (0.310, 0.316)
_PRIMARIES: dict[int, tuple[Chromaticities, tuple[float, float]]] = {
    1: (SRGB, D65),
    4: (((0.67, 0.33), (0.21, 0.71), (0.14, 0.08)), _ILLUMINANT_C),
    5: (((0.64, 0.33), (0.29, 0.60), (0.15, 0.06)), D65),
    6: (((0.630, 0.340), (0.310, 0.595), (0.155, 0.070)), D65),
    7: (((0.630, 0.340), (0.310, 0.595), (0.155, 0.070)), D65),
    8: (((0.681, 0.319), (0.243, 0.692), (0.145, 0.049)), _ILLUMINANT_C),
    9: (BT_2020, D65),
    11: (((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)), _DCI_WHITE),
    12: (((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)), D65),
    22: (((0.630, 0.340), (0.295, 0.605), (0.155, 0.077)), D65),
}


def are_heeded(points: bytes) -> bool:
    """Say whether code points are such as browsers heed: of RGB in full range, and known here.

    Args:
        points: Primaries, transfer, matrix and range, a byte each, as PNG files and colour profiles
            have them. Of other length they are none.
    """
    if points[2:] != _RGB_IN_FULL_RANGE:
        return False
    transfers = _CURVES.keys() | _TELEVISION_CURVES.keys() | {_OF_SRGB, PQ, HLG}
    return points[0] in _PRIMARIES and points[1] in transfers


# To find out takes half a millisecond, and nearly all pictures say the same.
@functools.lru_cache(maxsize=16)
def code_point_colours(
    primaries: int,
    transfer: int,
    *,
    channels: int = 3,
    is_exact: bool = False,
    most_light: float = MOST_LIGHT,
) -> Colours | None:
    """Describe a colour space by its code points; None for sRGB, and for what is not known.

    Args:
        primaries: Which red, green, blue and white.
        transfer: Which curve.
        channels: 3, or 1 for grey.
        is_exact: Heed the curve of television (ITU-R BT.1886), which differs a little from that of
            sRGB. Browsers do in PNG files, but take it for that of sRGB in HEIC and AVIF files.
        most_light: Of what shines most in the picture, in cd/m2, for screens of high dynamic range.
    """
    chromaticities, white = _PRIMARIES.get(primaries, _PRIMARIES[1])
    if transfer in (PQ, HLG):
        return high_range_colours(
            transfer, chromaticities, white, channels=channels, most_light=most_light
        )
    curves = _CURVES | _TELEVISION_CURVES if is_exact else _CURVES
    curve = curves.get(transfer, srgb_to_light)
    if channels == 1:
        return light_colours([curve], None)
    return light_colours([curve] * 3, matrix_to_srgb(chromaticities, white))


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
    17: lambda value: value**2.6 * (52.37 / 48),
}
