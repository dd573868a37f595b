"""WebP files that are costly to decode."""

import io
import struct

from PIL import Image

SIDE_PX = 7_000
_ANIMATED_WITH_OPACITY = 0x12


def webps() -> dict[str, bytes]:
    """Return one file of each kind."""
    clear = Image.new("RGBA", (SIDE_PX, SIDE_PX), (9, 9, 99, 100))
    lossy = _encode(clear, quality=10)
    return {
        "WebP of a small frame on a large canvas": _animation(SIDE_PX, SIDE_PX, frames=1),
        "WebP of a small frame on a wide canvas": _animation(16_384, 3_000, frames=1),
        "WebP of 100,000 frames": _animation(16, 16, frames=100_000),
        "WebP of 38 bytes and 49 megapixels": _encode(
            Image.new("RGB", (SIDE_PX, SIDE_PX), "navy"), lossless=True
        ),
        "WebP with opacity": _encode(clear, lossless=True, exact=True),
        "WebP with opacity, lossy": lossy,
        "WebP with opacity and much rubbish": _with_rubbish(lossy),
    }


def _encode(image: Image.Image, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", method=0, **options)
    return buffer.getvalue()


def _with_rubbish(data: bytes) -> bytes:
    data += b"EXIF" + struct.pack("<I", 9_000_000) + bytes(9_000_000)
    return data[:4] + struct.pack("<I", len(data) - 8) + data[8:]


def _animation(width: int, height: int, *, frames: int) -> bytes:
    picture = _encode(Image.new("RGB", (16, 16)), lossless=True)[12:]
    place = _three(0) * 2 + _three(15) * 2 + _three(100) + b"\0"
    frame = b"ANMF" + struct.pack("<I", len(place) + len(picture)) + place + picture
    canvas = bytes([_ANIMATED_WITH_OPACITY, 0, 0, 0]) + _three(width - 1) + _three(height - 1)
    body = b"VP8X" + struct.pack("<I", 10) + canvas + b"ANIM" + struct.pack("<I", 6) + bytes(6)
    body += frame * frames
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def _three(value: int) -> bytes:
    return struct.pack("<I", value)[:3]
