"""Read how the colours of a bitmap are meant, as Windows' fourth and fifth header tell it."""

import struct

from preprocessing.images.formats.colour import (
    D65,
    Colours,
    Curve,
    is_plausible,
    light_colours,
    matrix_to_srgb,
)
from preprocessing.images.formats.icc import icc_colours

# Where a header says how colours are meant, by what, and where the profile is.
_KIND_AT, _PRIMARIES_AT, _GAMMAS_AT, _PROFILE_AT = 56, 60, 96, 112
_FOURTH_BYTES, _FIFTH_BYTES = 108, 124
_CALIBRATED, _EMBEDDED = 0, 0x4D424544  # the latter is the text `MBED`
_PRIMARY_UNIT, _GAMMA_UNIT = 2**30, 2**16


def bmp_colours(data: bytes, at: int) -> Colours | None:
    """Describe the colours of a bitmap; None for sRGB, and for what makes no sense.

    Args:
        data: The file.
        at: Where the header begins.
    """
    (size,) = struct.unpack_from("<L", data, at)
    if size < _FOURTH_BYTES or len(data) < at + size:
        return None
    (kind,) = struct.unpack_from("<L", data, at + _KIND_AT)
    if kind == _EMBEDDED and size >= _FIFTH_BYTES:
        start, length = struct.unpack_from("<LL", data, at + _PROFILE_AT)
        return icc_colours(data[at + start : at + start + length], channels=3)
    return _calibrated(data, at) if kind == _CALIBRATED else None


def _calibrated(data: bytes, at: int) -> Colours | None:
    """Read chromaticities, of which browsers take x and y, and an exponent for each channel."""
    ends = [
        number / _PRIMARY_UNIT for number in struct.unpack_from("<9l", data, at + _PRIMARIES_AT)
    ]
    red, green, blue = ((ends[first], ends[first + 1]) for first in (0, 3, 6))
    gammas = [number / _GAMMA_UNIT for number in struct.unpack_from("<3L", data, at + _GAMMAS_AT)]
    if not min(gammas) > 0 or not is_plausible((red, green, blue), D65):
        return None
    return light_colours([_power(each) for each in gammas], matrix_to_srgb((red, green, blue), D65))


def _power(exponent: float) -> Curve:
    return lambda value: value**exponent
