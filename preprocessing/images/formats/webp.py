"""Read WebP files: the first picture of an animation that is not empty, and nothing of metadata."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from preprocessing.errors import ImageDecodeError
from preprocessing.images.canvas import new_canvas
from preprocessing.images.formats.first_visible import MOST_PICTURES, first_visible
from preprocessing.images.formats.icc import icc_colours
from preprocessing.images.formats.libwebp import decode_webp
from preprocessing.images.formats.orientation import orientation_of
from preprocessing.images.formats.raster import DAMAGED, UPRIGHT, Raster, check_missing, check_size

_METADATA = (b"VP8X", b"ICCP", b"EXIF", b"XMP ")
_PIXELS = (b"VP8 ", b"VP8L", b"ALPH")
# Flags in the first byte of `VP8X`. Browsers heed a profile only where its flag is set.
_HAS_OPACITY, _HAS_PROFILE = 0x10, 0x20
# Opacity in the header of a lossless picture.
_OPACITY_BIT = 1 << 28
_FRAME_HEAD_BYTES = 16
# More chunks than any file has; to walk through millions would take long.
MOST_CHUNKS = 100_000


@dataclass
class _Parts:
    """A WebP file taken apart.

    Attributes:
        chunks: The contents of those chunks that matter, by name; the first of each.
        canvas: Width and height, where they differ from the picture's.
        corner: Where the picture lies on the canvas: left and top.
        missing: The fraction of the pixels' bytes that the file does not have.
    """

    chunks: dict[bytes, bytes] = field(default_factory=dict)
    canvas: tuple[int, int] | None = None
    corner: tuple[int, int] = (0, 0)
    missing: float = 0.0


def read_webp(data: bytes, *, max_pixels: int) -> Raster:
    """Read the first picture of a WebP file that is not empty, on a transparent canvas.

    Raises:
        ImageDecodeError: It is damaged, or more than a tenth of it is missing.
        ImageTooLargeError: It has too many pixels.
    """
    still, frames = _take_apart(data)
    if not frames:
        return _read(still, max_pixels)
    read = first_visible(_read(_with_frame(still, frame), max_pixels) for frame in frames)
    return replace(read, is_one_of_several=len(frames) > 1)


def _read(parts: _Parts, max_pixels: int) -> Raster:
    size = _size(parts)
    canvas = parts.canvas or size
    pixel_bytes = sum(len(parts.chunks.get(name, b"")) for name in _PIXELS)
    check_size(*size, max_pixels, pixel_bytes=pixel_bytes)
    check_size(*canvas, max_pixels, pixel_bytes=pixel_bytes)
    check_missing(parts.missing)
    orientation = orientation_of(parts.chunks.get(b"EXIF", b""), parts.chunks.get(b"XMP ", b""))
    is_whole = canvas == size and parts.corner == (0, 0)
    samples = _decode(parts, size, is_final=is_whole and orientation == UPRIGHT)
    if not is_whole:
        samples = _on_canvas(samples, canvas, parts.corner)
    return Raster(
        samples,
        colours=icc_colours(_profile(parts), channels=3),
        orientation=orientation,
        is_incomplete=parts.missing > 0,
    )


def _take_apart(data: bytes) -> tuple[_Parts, list[bytes]]:
    """Return what describes a file, with its picture if it is a still one, or else its frames."""
    parts = _Parts()
    frames: list[bytes] = []
    for count, (name, start, end, length) in enumerate(_walk(data, 12)):
        if count == MOST_CHUNKS:
            raise ImageDecodeError(DAMAGED)
        if name == b"ANMF":
            if len(frames) < MOST_PICTURES:
                frames.append(data[start:end])
        elif name in _METADATA or (name in _PIXELS and not frames):
            _note(parts, name, data[start:end], length)
    return parts, frames


def _note(parts: _Parts, name: bytes, content: bytes, length: int) -> None:
    if name not in parts.chunks:
        parts.chunks[name] = content
        if name in _PIXELS:
            parts.missing = max(parts.missing, 1 - len(content) / max(1, length))


def _with_frame(still: _Parts, frame: bytes) -> _Parts:
    """Return a file's description with the pixels of a frame, and where they lie."""
    header = still.chunks.get(b"VP8X", b"")
    if len(frame) < _FRAME_HEAD_BYTES or len(header) < 10:
        raise ImageDecodeError(DAMAGED)
    parts = _Parts(
        {name: still.chunks[name] for name in _METADATA if name in still.chunks},
        canvas=(1 + _three_bytes(header, 4), 1 + _three_bytes(header, 7)),
        corner=(2 * _three_bytes(frame, 0), 2 * _three_bytes(frame, 3)),
    )
    for name, start, end, length in _walk(frame, _FRAME_HEAD_BYTES):
        if name in _PIXELS:
            _note(parts, name, frame[start:end], length)
    return parts


def _walk(data: bytes, at: int) -> Iterator[tuple[bytes, int, int, int]]:
    """Yield the name, start, end and full length of each chunk's content."""
    while at + 8 <= len(data):
        name, length = struct.unpack_from("<4sL", data, at)
        yield name, at + 8, min(at + 8 + length, len(data)), length
        at += 8 + length + length % 2


def _size(parts: _Parts) -> tuple[int, int]:
    """Return width and height as the pixels have them."""
    lossy, lossless = parts.chunks.get(b"VP8 ", b""), parts.chunks.get(b"VP8L", b"")
    if len(lossy) >= 10:
        width, height = struct.unpack_from("<HH", lossy, 6)
        return width & 0x3FFF, height & 0x3FFF
    if len(lossless) >= 5:
        (bits,) = struct.unpack_from("<L", lossless, 1)
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    raise ImageDecodeError(DAMAGED)


def _decode(parts: _Parts, size: tuple[int, int], *, is_final: bool) -> NDArray[np.uint8]:
    """Decode the picture alone; what is missing at its end is filled with zeros."""
    name = b"VP8 " if len(parts.chunks.get(b"VP8 ", b"")) >= 10 else b"VP8L"
    pixels = parts.chunks[name]
    chunks = [(name, pixels + bytes(round(len(pixels) * parts.missing / (1 - parts.missing))))]
    opacity = parts.chunks.get(b"ALPH")
    if opacity and name == b"VP8 ":
        sides = b"".join(struct.pack("<L", side - 1)[:3] for side in size)
        chunks = [(b"VP8X", struct.pack("<L", _HAS_OPACITY) + sides), (b"ALPH", opacity), *chunks]
    body = b"".join(part for chunk in chunks for part in _chunk(*chunk))
    shape = (size[1], size[0], 4 if _has_opacity(parts, name) else 3)
    room = new_canvas(shape) if is_final and shape[2] == 3 else np.empty(shape, np.uint8)
    decode_webp(b"RIFF" + struct.pack("<L", 4 + len(body)) + b"WEBP" + body, room)
    return room


def _profile(parts: _Parts) -> bytes:
    flags = parts.chunks.get(b"VP8X") or b"\0"
    return parts.chunks.get(b"ICCP", b"") if flags[0] & _HAS_PROFILE else b""


def _has_opacity(parts: _Parts, name: bytes) -> bool:
    if name == b"VP8 ":
        return bool(parts.chunks.get(b"ALPH"))
    (bits,) = struct.unpack_from("<L", parts.chunks[name], 1)
    return bool(bits & _OPACITY_BIT)


def _on_canvas(
    samples: NDArray[np.uint8], canvas: tuple[int, int], corner: tuple[int, int]
) -> NDArray[np.uint8]:
    width, height = canvas
    left, top = corner
    placed = np.zeros((height, width, 4), np.uint8)
    part = placed[top : top + len(samples), left : left + samples.shape[1]]
    part[..., 3] = 255
    part[..., : samples.shape[2]] = samples[: part.shape[0], : part.shape[1]]
    return placed


def _chunk(name: bytes, content: bytes) -> tuple[bytes, ...]:
    return name + struct.pack("<L", len(content)), content, bytes(len(content) % 2)


def _three_bytes(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 3], "little")
