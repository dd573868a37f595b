"""Read PNG files, whatever their metadata looks like."""

import struct

import numpy as np

from preprocessing.images.formats.code_points import code_point_colours
from preprocessing.images.formats.colour import D65, SRGB, Chromaticities, Colours, gamma_colours
from preprocessing.images.formats.icc import icc_colours
from preprocessing.images.formats.orientation import orientation_of
from preprocessing.images.formats.png_chunks import (
    MOST_PROFILE_BYTES,
    PngChunks,
    inflate,
    read_chunks,
)
from preprocessing.images.formats.png_pixels import decode_pixels
from preprocessing.images.formats.raster import UPRIGHT, Raster, check_size

# In parts of 100,000: that of sRGB is about 45,455.
_GAMMA_UNIT, _USUAL_GAMMA = 100_000, range(45_000, 46_000)
# Twice the area between primaries; that of sRGB is 0.22.
_LEAST_AREA = 0.01


def read_png(data: bytes, *, max_pixels: int) -> Raster:
    """Read a PNG file; of an animation the picture that all viewers show.

    Raises:
        ImageDecodeError: It is damaged, or more than a tenth of it is missing.
        ImageTooLargeError: It has too many pixels.
    """
    chunks = read_chunks(data)
    check_size(chunks.width, chunks.height, max_pixels, pixel_bytes=sum(map(len, chunks.pixels)))
    orientation = orientation_of(chunks.chunks.get(b"eXIf", b"") or chunks.exif, chunks.xmp)
    samples, is_incomplete = decode_pixels(chunks, is_upright=orientation == UPRIGHT)
    return Raster(
        samples,
        colours=_colours(chunks, channels=1 if samples.ndim == 2 else 3),
        orientation=orientation,
        is_incomplete=is_incomplete,
    )


def _colours(chunks: PngChunks, *, channels: int) -> Colours | None:
    """Return how colours are meant; of several chunks that say it, the standard's order decides."""
    found = chunks.chunks
    if len(found.get(b"cICP", b"")) == 4 and channels == 3:
        return code_point_colours(found[b"cICP"][0], found[b"cICP"][1])
    if b"iCCP" in found:
        packed = found[b"iCCP"].partition(b"\0")[2][1:]
        profile = inflate(packed, MOST_PROFILE_BYTES)
        if profile:
            return icc_colours(profile, channels=channels)
    if b"sRGB" in found or len(found.get(b"gAMA", b"")) != 4:
        return None
    (gamma,) = struct.unpack(">L", found[b"gAMA"])
    primaries = _primaries(found.get(b"cHRM", b""))
    if gamma == 0 or (gamma in _USUAL_GAMMA and primaries is None):
        return None
    chromaticities, white = primaries or (SRGB, D65)
    exponent = _GAMMA_UNIT / gamma
    return gamma_colours(exponent, chromaticities if channels == 3 else None, white=white)


def _primaries(chunk: bytes) -> tuple[Chromaticities, tuple[float, float]] | None:
    """Return the primaries and the white that a chunk tells; None where it makes no sense."""
    if len(chunk) != 32:
        return None
    numbers = [number / _GAMMA_UNIT for number in struct.unpack(">8L", chunk)]
    white, red, green, blue = zip(numbers[::2], numbers[1::2], strict=True)
    is_sane = all(y > 0 and x + y <= 1 for x, y in (white, red, green, blue))
    area = np.linalg.det([(*each, 1.0) for each in (red, green, blue)])
    return ((red, green, blue), white) if is_sane and abs(area) > _LEAST_AREA else None
