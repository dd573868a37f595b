"""Make a picture of the rows of a PNG file, strip by strip, so that no other form of it is kept."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from preprocessing.images.canvas import new_canvas
from preprocessing.images.formats.colour import Colours
from preprocessing.images.formats.levels import to_eight_bits, white_of
from preprocessing.images.formats.opacity import OPAQUE, has_opacity, lay_on_white
from preprocessing.images.formats.palette import look_up, unpack_indices
from preprocessing.images.formats.partial import fill_rows
from preprocessing.images.formats.png_chunks import (
    GREY,
    GREY_AND_OPACITY,
    PALETTE,
    RGB,
    PngChunks,
)
from preprocessing.images.formats.png_rows import CHANNELS, Strip, read_strips
from preprocessing.images.formats.png_small import DecodedPixels, decode_small
from preprocessing.images.formats.raster import check_missing

_LARGEST_OF_16_BITS = 65_535
# Pixels of a picture of 16 bits that are looked at, about, for what is white in it.
LOOKED_AT = 1_000_000


@dataclass
class _Meaning:
    """What the samples of a file mean, which only all of them together tell.

    Attributes:
        white: Of samples of 16 bits.
        is_hidden: Whether opacity is zero throughout, and so means nothing.
    """

    white: int = _LARGEST_OF_16_BITS
    is_hidden: bool = False


@dataclass
class _Seen:
    """What was seen of a picture while it was decoded.

    Attributes:
        step: The distance of the pixels that are looked at, in each direction.
        values: Samples of 16 bits, without opacity.
        has_opacity: Whether there is any.
        is_visible: Whether any pixel is not transparent.
    """

    step: int
    values: list[NDArray[np.uint16]] = field(default_factory=list)
    has_opacity: bool = False
    is_visible: bool = False

    def look_at(self, samples: NDArray[Any]) -> None:
        """Look at some rows."""
        is_clear = has_opacity(samples)
        if is_clear:
            self.has_opacity = True
            self.is_visible = self.is_visible or bool(samples[..., -1].any())
        if samples.dtype == np.uint16:
            colours = samples[..., :-1] if is_clear else samples
            self.values.append(colours[:: self.step, :: self.step].ravel())

    def meaning(self) -> _Meaning:
        """Return what the samples mean, once all were seen."""
        white = white_of(np.concatenate(self.values)) if self.values else _LARGEST_OF_16_BITS
        return _Meaning(white, is_hidden=self.has_opacity and not self.is_visible)


def decode_pixels(chunks: PngChunks, colours: Colours | None, *, is_upright: bool) -> DecodedPixels:
    """Decode the pixels of a file, laid on white.

    Samples are first taken for what they mean in nearly all files. Where all together say
    otherwise, the file is decoded once more. Grey of 16 bits, which often has fewer in truth, stays
    as it is: it is smaller than the picture that is made of it.

    Args:
        chunks: The file.
        colours: How its colours are meant, for those that are transparent in part.
        is_upright: Whether the picture is not to be turned after that.

    Raises:
        ImageDecodeError: More than a tenth of the rows is missing.
    """
    small = decode_small(chunks, colours)
    if small is not None:
        return small
    size = (chunks.height, chunks.width)
    is_deep = chunks.depth == 16 and chunks.colour_type == GREY and b"tRNS" not in chunks.chunks
    picture: NDArray[Any]
    if chunks.colour_type in (GREY, GREY_AND_OPACITY):
        picture = np.empty(size, np.uint16 if is_deep else np.uint8)
    else:
        picture = new_canvas((*size, 3)) if is_upright else np.empty((*size, 3), np.uint8)
    supposed = _Meaning()
    seen, is_missing = _decode_into(picture, chunks, colours, supposed)
    meaning = seen.meaning()
    if meaning != supposed and not is_deep:
        _decode_into(picture, chunks, colours, meaning)
    check_missing(float(is_missing.mean()))
    fill_rows(picture, is_missing)
    return DecodedPixels(
        picture, bool(is_missing.any()), is_hidden=meaning.is_hidden, is_converted=seen.has_opacity
    )


def _decode_into(
    picture: NDArray[Any], chunks: PngChunks, colours: Colours | None, meaning: _Meaning
) -> tuple[_Seen, NDArray[np.bool_]]:
    """Decode onto a picture; return what was seen of it, and which rows are missing."""
    seen = _Seen(step=max(1, round((chunks.width * chunks.height / LOOKED_AT) ** 0.5)))
    # In interlaced files each row comes in several passes, and none of them may be missing.
    there = np.zeros(chunks.height, np.int64)
    for strip in read_strips(chunks):
        samples = _samples(strip, chunks)
        seen.look_at(samples)
        if samples.dtype != picture.dtype or has_opacity(samples):
            samples = _flat(samples, colours, meaning)
        picture[strip.down, strip.across] = samples
        there[strip.down] += len(range(*strip.across.indices(chunks.width)))
    return seen, there < chunks.width


def _samples(strip: Strip, chunks: PngChunks) -> NDArray[Any]:
    """Return the samples of some rows, shape (rows, width) or (rows, width, 2 to 4)."""
    depth, channels = chunks.depth, CHANNELS[chunks.colour_type]
    clear = chunks.chunks.get(b"tRNS", b"")
    rows: NDArray[Any] = strip.rows
    if depth < 8:
        rows = unpack_indices(rows, depth)[:, : strip.width]
    elif depth == 16:
        rows = rows.view(">u2").astype(np.uint16)
    if chunks.colour_type == PALETTE:
        return look_up(rows, _palette(chunks.chunks.get(b"PLTE", b""), clear))
    samples = rows if channels == 1 else rows.reshape(len(rows), strip.width, channels)
    step = max(1, OPAQUE // (2**depth - 1))
    if step > 1:
        samples = samples * np.uint8(step)
    if chunks.colour_type in (GREY, RGB) and len(clear) >= 2 * channels:
        named = np.frombuffer(clear, ">u2", channels).astype(np.int64)
        samples = _with_opacity(samples, step * named)
    return samples


def _palette(colours: bytes, clear: bytes) -> NDArray[np.uint8]:
    """Return the colours of 256 indices, with their opacity where any is not opaque."""
    palette = np.zeros((256, 4), np.uint8)
    palette[:, 3] = OPAQUE
    rgb = np.frombuffer(colours[: 3 * 256], np.uint8)
    palette[: len(rgb) // 3, :3] = rgb[: len(rgb) // 3 * 3].reshape(-1, 3)
    opacity = np.frombuffer(clear[:256], np.uint8)
    palette[: len(opacity), 3] = opacity
    return palette if len(opacity) else palette[:, :3]


def _with_opacity(samples: NDArray[Any], clear: NDArray[Any]) -> NDArray[Any]:
    """Add opacity where a file names one grey or colour as transparent."""
    colours = samples if samples.ndim == 3 else samples[..., None]
    is_clear = (colours == clear).all(axis=-1, keepdims=True)
    opacity = np.where(is_clear, 0, np.iinfo(samples.dtype).max).astype(samples.dtype)
    return np.concatenate([colours, opacity], axis=-1)


def _flat(samples: NDArray[Any], colours: Colours | None, meaning: _Meaning) -> NDArray[np.uint8]:
    """Return some rows in grey or RGB with 256 levels; those with opacity in sRGB, on white."""
    is_clear = has_opacity(samples)
    largest = meaning.white if samples.dtype == np.uint16 else None
    levels = to_eight_bits(samples, largest=largest, has_opacity=is_clear)
    if not is_clear:
        return levels
    return lay_on_white(levels, colours=colours, is_hidden=meaning.is_hidden)
