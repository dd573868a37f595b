"""Write short videos: of plain colours, and of a face that moves."""

import struct
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from PIL import Image

from preprocessing.images.decode import decode_image
from preprocessing.images.sample import sample_photo_path
from preprocessing.images.types import RgbImage

TICKS_PER_S = 60_000
# The numbers a, b, c and d of a matrix that shows the point (x, y) of a stored picture at
# (a x + c y, b x + d y), by the clockwise turn in degrees and whether that is mirrored afterwards.
DISPLAY_MATRICES = {
    (0, False): (1, 0, 0, 1),
    (90, False): (0, 1, -1, 0),
    (180, False): (-1, 0, 0, -1),
    (270, False): (0, -1, 1, 0),
    (0, True): (-1, 0, 0, 1),
    (90, True): (0, 1, 1, 0),
    (180, True): (1, 0, 0, -1),
    (270, True): (0, -1, -1, 0),
}
# From "tkhd" to its matrix in a box of version 0.
_TO_MATRIX = 44
EVEN = [index / 30 for index in range(60)]
"""When the frames of a clip of two seconds are shown."""
HEAD = (slice(60, 220), slice(140, 300))
GREY = 120


def write_clip(
    path: Path,
    frames: Iterable[tuple[float, RgbImage]],
    *,
    codec: str = "libx264",
    keyframes_apart: int = 12,
    streams: int = 1,
    title: str = "",
    **options: str,
) -> Path:
    """Write frames with the times at which they are shown, in seconds; sides must be even.

    All streams show the same.
    """
    with av.open(str(path), "w", options=options) as container:
        container.metadata["title"] = title
        added = [
            container.add_stream(codec, rate=30, options={"g": str(keyframes_apart)})
            for _ in range(streams)
        ]
        for stream in added:
            stream.pix_fmt = "yuv420p"
            stream.codec_context.time_base = Fraction(1, TICKS_PER_S)
        for seconds, rgb in frames:
            for stream in added:
                if not stream.codec_context.is_open:
                    stream.height, stream.width = rgb.shape[:2]
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24")
                frame.pts, frame.time_base = round(seconds * TICKS_PER_S), Fraction(1, TICKS_PER_S)
                container.mux(stream.encode(frame))
        for stream in added:
            container.mux(stream.encode(None))
    return path


def write_jpegs(path: Path, pictures: Iterable[RgbImage], **options: Any) -> Path:
    """Write one JPEG a frame, 30 a second; sizes may differ from that of the first.

    Options are Pillow's.
    """
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=30)
        stream.pix_fmt = "yuvj420p"
        for index, rgb in enumerate(pictures):
            if not index:
                stream.height, stream.width = rgb.shape[:2]
            file = BytesIO()
            Image.fromarray(rgb).save(file, "JPEG", **options)
            packet = av.Packet(file.getvalue())
            packet.stream, packet.time_base = stream, Fraction(1, 30)
            packet.pts = packet.dts = index
            container.mux(packet)
    return path


def write_animation(
    path: Path, frames: Iterable[tuple[float, RgbImage]], *, last_s: float, **options: Any
) -> Path:
    """Write an animated GIF, PNG or WebP file, by the path's suffix; options are Pillow's.

    Each frame is shown until the next, the last for `last_s`.
    """
    times, pictures = zip(*frames, strict=True)
    durations = [*np.diff(times), last_s]
    first, *others = [Image.fromarray(rgb) for rgb in pictures]
    shown_ms = [round(1000 * duration) for duration in durations]
    first.save(path, append_images=others, save_all=True, duration=shown_ms, **options)
    return path


def set_matrix(path: Path, matrix: tuple[int, int, int, int]) -> None:
    """Set the display matrix of an MP4 file, as a phone does that is held upright.

    It is 16.16 fixed point, its last column 2.30 (ISO/IEC 14496-12, 8.3.2).
    """
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + _TO_MATRIX
    a, b, c, d = (number << 16 for number in matrix)
    data[at : at + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)


def coloured(count: int, *, width: int = 64, height: int = 48) -> Iterator[RgbImage]:
    """Yield pictures that are green at the top, red at image-left, else grey, ever brighter."""
    for index in range(count):
        rgb = np.full((height, width, 3), 40 + 160 * index // count, np.uint8)
        rgb[:, : width // 4] = (220, 20, 20)
        rgb[: height // 4] = (20, 220, 20)
        yield rgb


def clip(path: Path, shown_s: Sequence[float] = EVEN, **options: Any) -> Path:
    """Write a clip of `coloured` frames that are shown at these times, in seconds."""
    return write_clip(path, zip(shown_s, coloured(len(shown_s)), strict=True), **options)


def head(side_px: int) -> RgbImage:
    """Return the sample photo's head in a square."""
    photo = decode_image(sample_photo_path().read_bytes())
    rows, columns = HEAD
    size = (side_px, side_px)
    return np.asarray(cv2.resize(photo[rows, columns], size, interpolation=cv2.INTER_AREA))


def with_heads(
    places: Iterable[tuple[int, int]], picture: RgbImage, *, width: int = 320, height: int = 240
) -> RgbImage:
    """Return a grey picture with heads; a place is x and y of the corner of one."""
    rgb = np.full((height, width, 3), GREY, np.uint8)
    side = len(picture)
    for x, y in places:
        rgb[y : y + side, x : x + side] = picture
    return rgb
