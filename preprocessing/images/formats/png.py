"""Read PNG files, whatever their metadata looks like."""

import struct
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from preprocessing.images.formats.code_points import are_heeded, code_point_colours
from preprocessing.images.formats.colour import (
    D65,
    SRGB,
    Chromaticities,
    Colours,
    gamma_colours,
    is_plausible,
)
from preprocessing.images.formats.first_visible import first_visible
from preprocessing.images.formats.high_range import light_told
from preprocessing.images.formats.icc import read_profile
from preprocessing.images.formats.orientation import orientation_of
from preprocessing.images.formats.png_animation import Frame
from preprocessing.images.formats.png_chunks import (
    GREY,
    GREY_AND_OPACITY,
    MOST_PROFILE_BYTES,
    PngChunks,
    inflate,
    read_chunks,
)
from preprocessing.images.formats.png_pixels import decode_pixels
from preprocessing.images.formats.raster import UPRIGHT, Raster, check_size

# In parts of 100,000: that of sRGB is about 45,455. Browsers take all within a twentieth for it.
_GAMMA_UNIT, _USUAL_GAMMA = 100_000, range(43_183, 47_728)
# Light is in parts of 10,000 of a cd/m2.
_LIGHT_UNIT = 10_000


def read_png(data: bytes, *, max_pixels: int) -> Raster:
    """Read a PNG file; of an animation the first frame that is not empty, on white.

    Raises:
        ImageDecodeError: It is damaged, or more than a tenth of it is missing.
        ImageTooLargeError: It has too many pixels.
    """
    chunks = read_chunks(data)
    read = first_visible(_read_frame(chunks, frame, max_pixels) for frame in chunks.frames)
    return replace(read, is_one_of_several=len(chunks.frames) > 1)


def _read_frame(chunks: PngChunks, frame: Frame | None, max_pixels: int) -> Raster:
    canvas = (chunks.height, chunks.width)
    pixels = chunks.pixels if frame is None else frame.pixels
    check_size(chunks.width, chunks.height, max_pixels, pixel_bytes=sum(map(len, pixels)))
    orientation = orientation_of(chunks.chunks.get(b"eXIf", b"") or chunks.exif, chunks.xmp)
    if frame is not None:
        chunks = replace(chunks, width=frame.width, height=frame.height, pixels=pixels)
    fills_canvas = (chunks.height, chunks.width) == canvas
    is_upright = fills_canvas and orientation == UPRIGHT
    is_grey = chunks.colour_type in (GREY, GREY_AND_OPACITY)
    colours = _colours(chunks, channels=1 if is_grey else 3)
    decoded = decode_pixels(chunks, colours, is_upright=is_upright)
    samples = decoded.samples
    if frame is not None and not fills_canvas:
        samples = _on_canvas(samples, canvas, frame)
    return Raster(
        samples,
        colours=None if decoded.is_converted else colours,
        orientation=orientation,
        is_incomplete=decoded.is_incomplete,
        is_hidden=decoded.is_hidden,
    )


def _on_canvas(samples: NDArray[Any], canvas: tuple[int, int], frame: Frame) -> NDArray[Any]:
    white = np.iinfo(samples.dtype).max
    placed = np.full((*canvas, *samples.shape[2:]), white, samples.dtype)
    part = placed[frame.top : frame.top + frame.height, frame.left : frame.left + frame.width]
    part[:] = samples
    return placed


def _colours(chunks: PngChunks, *, channels: int) -> Colours | None:
    """Return how colours are meant; of several chunks that say it, the standard's order decides."""
    found = chunks.chunks
    points = found.get(b"cICP", b"")
    if are_heeded(points):
        content = int.from_bytes(found.get(b"cLLI", b"")[:4], "big") / _LIGHT_UNIT
        return code_point_colours(
            *points[:2],
            channels=channels,
            is_exact=True,
            most_light=light_told(content, found.get(b"mDCV", b"")),
        )
    if b"iCCP" in found:
        packed = found[b"iCCP"].partition(b"\0")[2][1:]
        with suppress(ValueError):
            return read_profile(inflate(packed, MOST_PROFILE_BYTES), channels=channels)
    if b"sRGB" in found or len(found.get(b"gAMA", b"")) != 4:
        return None
    (gamma,) = struct.unpack(">L", found[b"gAMA"])
    told = _primaries(found.get(b"cHRM", b""))
    if gamma == 0 or (gamma in _USUAL_GAMMA and told is None):
        return None
    chromaticities, white = told or (SRGB, D65)
    exponent = _GAMMA_UNIT / gamma
    return gamma_colours(exponent, chromaticities if channels == 3 else None, white=white)


def _primaries(chunk: bytes) -> tuple[Chromaticities, tuple[float, float]] | None:
    """Return the primaries and the white that a chunk tells; None where it makes no sense."""
    if len(chunk) != 32:
        return None
    numbers = [number / _GAMMA_UNIT for number in struct.unpack(">8L", chunk)]
    white, red, green, blue = zip(numbers[::2], numbers[1::2], strict=True)
    primaries = (red, green, blue)
    return (primaries, white) if is_plausible(primaries, white) else None
