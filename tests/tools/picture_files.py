"""Write picture files byte by byte: what encoders never write, and people have all the same."""

import io
import struct
import zlib
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image

ORIENTATION = 0x0112
# A photo has noise; without any, a JPEG scan's last bytes hold most of its rows.
NOISE_LEVELS = 12
# What a camera stores that is held so.
AS_STORED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def smooth_picture(width: int = 64, height: int = 40) -> Image.Image:
    """A picture without any symmetry that all formats keep well."""
    y, x = np.mgrid[:height, :width]
    channels = [x * 250 // width, y * 250 // height, (x + y) * 250 // (width + height)]
    return Image.fromarray(np.stack(channels, axis=-1).astype(np.uint8))


def noisy_picture(width: int, height: int) -> Image.Image:
    """A picture without any symmetry, with noise as a photo has it."""
    noise = np.random.default_rng(0).normal(0, NOISE_LEVELS, (height, width, 3))
    samples = np.asarray(smooth_picture(width, height)) + noise
    return Image.fromarray(samples.clip(0, 255).astype(np.uint8))


def stored(picture: Image.Image, orientation: int) -> Image.Image:
    """Turn an upright picture to how it is stored with an orientation."""
    method = AS_STORED[orientation]
    return picture if method is None else picture.transpose(method)


def encode(image: Image.Image, kind: str, **options: Any) -> bytes:
    """Encode as Pillow does."""
    pillow_heif.register_heif_opener()
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def tiff_block(
    entries: Iterable[tuple[int, int, int, bytes]], *, order: str = "<", body: bytes = b""
) -> bytes:
    """A TIFF directory of tags: number, type, count, and the four bytes of the value."""
    head = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(order + "L", 8 + len(body))
    tags = b"".join(struct.pack(order + "HHL", *tag) + value for *tag, value in entries)
    return head + body + struct.pack(order + "H", len(tags) // 12) + tags + bytes(4)


def exif_block(orientation: bytes, kind: int = 3, count: int = 1, *, order: str = "<") -> bytes:
    """An EXIF block that tells an orientation as four bytes of some type."""
    return b"Exif\0\0" + tiff_block([(ORIENTATION, kind, count, orientation)], order=order)


def jpeg(image: Image.Image, **options: Any) -> bytes:
    """A JPEG file of high quality."""
    return encode(image, "JPEG", quality=90, **options)


def jpeg_segment(marker: int, body: bytes) -> bytes:
    """A segment of a JPEG file."""
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


def with_segments(file: bytes, *segments: bytes) -> bytes:
    """Put segments at the beginning of a JPEG file."""
    return file[:2] + b"".join(segments) + file[2:]


def png_chunk(name: bytes, content: bytes, checksum: int | None = None) -> bytes:
    """A chunk of a PNG file; its checksum may be wrong."""
    right = zlib.crc32(name + content)
    stated = right if checksum is None else checksum
    return struct.pack(">L", len(content)) + name + content + struct.pack(">L", stated)


def png(
    samples: NDArray[Any],
    *,
    depth: int = 8,
    colour_type: int | None = None,
    chunks: bytes = b"",
) -> bytes:
    """A PNG file of samples of 8 or 16 bits, with further chunks before its pixels."""
    channels = 1 if samples.ndim == 2 else samples.shape[2]
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[channels] if colour_type is None else colour_type
    height, width = samples.shape[:2]
    header = struct.pack(">LLBBBBB", width, height, depth, kind, 0, 0, 0)
    sample = ">u2" if depth == 16 else np.uint8
    rows = b"".join(b"\0" + row.astype(sample).tobytes() for row in samples)
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            png_chunk(b"IHDR", header),
            chunks,
            png_chunk(b"IDAT", zlib.compress(rows)),
            png_chunk(b"IEND", b""),
        ]
    )


def bmp(
    pixels: bytes,
    size: tuple[int, int],
    *,
    depth: int,
    packing: int = 0,
    header_bytes: int = 40,
    masks: Sequence[int] = (),
    palette: bytes = b"",
) -> bytes:
    """A BMP file of pixels as they are."""
    if header_bytes == 12:
        header = struct.pack("<LHHHH", 12, *size, 1, depth)
    else:
        numbers = (header_bytes, *size, 1, depth, packing, len(pixels), 2835, 2835, 0, 0)
        fields = struct.pack("<LllHHLLllLL", *numbers)
        all_masks = struct.pack(f"<{len(masks)}L", *masks)
        room = header_bytes - len(fields)
        header = fields + (all_masks.ljust(room, b"\0")[:room] if room else all_masks)
    start = 14 + len(header) + len(palette)
    head = b"BM" + struct.pack("<LHHL", start + len(pixels), 0, 0, start)
    return head + header + palette + pixels


def bmp_rows(rows: Iterable[bytes]) -> bytes:
    """Rows of a BMP file, each filled up to four bytes."""
    return b"".join(row + bytes(-len(row) % 4) for row in rows)


def tiff(samples: NDArray[Any], *, order: str = "<", tags: dict[int, int] | None = None) -> bytes:
    """A TIFF file of samples that are not packed, in one strip."""
    height, width = samples.shape[:2]
    channels = 1 if samples.ndim == 2 else samples.shape[2]
    body = samples.astype(samples.dtype.newbyteorder(order)).tobytes()
    formats = {"u": 1, "i": 2, "f": 3}
    said = {
        256: width, 257: height, 258: 8 * samples.dtype.itemsize, 259: 1,
        262: 1 if channels == 1 else 2, 273: 8, 277: channels, 278: height, 279: len(body),
        339: formats[samples.dtype.kind], **(tags or {}),
    }  # fmt: skip
    body += bytes(len(body) % 2)
    entries = [(tag, 4, 1, struct.pack(order + "L", said[tag])) for tag in sorted(said)]
    return tiff_block(entries, order=order, body=body)
