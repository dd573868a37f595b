"""JPEG files that are costly to decode."""

import io
import struct

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from preprocessing.images.formats.jpeg_scans import MOST_SCANNED_PIXELS
from preprocessing.images.sample import sample_photo_path
from tests.tools.costly.tiff_tags import same_bytes_again

SIDE_PX = 7_000
CROWD_PX = 1_600
# From 24 megapixels on a picture is read at half its sides first.
TWICE_PX = 5_000
MOST_SEGMENT_BYTES = 65_000
_EXIF, _PROFILE = b"Exif\0\0", b"ICC_PROFILE\0"


def jpegs() -> dict[str, bytes]:
    """Return one file of each kind; what costs more with rubbish comes with that alone."""
    small = _encode(Image.new("L", (64, 64)))
    scans = _encode(Image.new("L", (SIDE_PX, SIDE_PX), 128), progressive=True)
    few_pixels = _encode(Image.new("L", (2_000, 2_000), 128), progressive=True)
    three = _encode(Image.new("RGB", (SIDE_PX, SIDE_PX), "teal"), progressive=True, subsampling=0)
    inks = _encode(Image.new("CMYK", (SIDE_PX, SIDE_PX)))
    exif = same_bytes_again(15_000, 185_000)
    comments = [bytes(MOST_SEGMENT_BYTES)] * 140
    profile = [_PROFILE + bytes([number, 140]) + bytes(65_000) for number in range(1, 141)]
    return {
        "JPEG of many scans": _again(scans, 700),
        "JPEG of as many scans as it may have, read twice": _read_twice(),
        "JPEG of many scans, cut": _again(scans, 700)[:-1_000],
        "JPEG of many scans, few pixels": _again(few_pixels, 8_000),
        "JPEG of 80 scans and much rubbish": _with(_again(few_pixels, 80), 0xFE, *comments),
        "JPEG of one scan, all coefficients kept, and much rubbish": _with(three, 0xFE, *comments),
        "JPEG of inks, behind a video": inks + bytes(7_000_000),
        "JPEG of one scan, cut": three[: len(three) * 95 // 100],
        "JPEG whose tags share their bytes": _with(small, 0xE1, *_parts(_EXIF, exif)),
        "JPEG of two million comments": small[:2] + b"\xff\xfe\0\2" * 2_000_000 + small[2:],
        "JPEG with nine megabytes of profile": _with(small, 0xE2, *profile),
        "JPEG whose profile has a thousand tables of the same bytes": _with(
            small, 0xE2, *_overlapping_profile()
        ),
        "JPEG of restarts alone": _restarts_alone(),
        "JPEG, arithmetic-coded, of noise": _arithmetic_noise(),
        "JPEG of 1,480 faces": _encode(Image.fromarray(_crowd())),
        "JPEG of 1,480 faces in noise": _encode(Image.fromarray(_in_noise(_crowd()))),
        "JPEG of 150 bytes and 49 megapixels": scans[: scans.index(b"\xff\xda") + 30],
    }


def _encode(image: Image.Image, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=50, **options)
    return buffer.getvalue()


def _read_twice() -> bytes:
    """Return a picture of many scans, with a face so small that all its pixels are read for it."""
    noise = np.random.default_rng(0).integers(90, 110, (500, 500, 3), np.uint8)
    picture = Image.fromarray(np.tile(noise, (TWICE_PX // 500, TWICE_PX // 500, 1)))
    picture.paste(Image.open(sample_photo_path()).resize((300, 300)), (1_000, 1_000))
    data = _encode(picture, progressive=True)
    scans = MOST_SCANNED_PIXELS // TWICE_PX**2
    return _again(data, scans - data.count(b"\xff\xda"))


def _restarts_alone() -> bytes:
    """Return a picture of which nothing came but the marks after each of its blocks."""
    data = _encode(Image.new("L", (SIDE_PX, SIDE_PX), 128))
    scan = data.index(b"\xff\xda")
    after_each_block = b"\xff\xdd\0\4\0\1"
    marks = bytes(byte for number in range(8) for byte in (0xFF, 0xD0 + number))
    return data[:scan] + after_each_block + data[scan : scan + 10] + marks * 600_000


def _arithmetic_noise() -> bytes:
    data = bytearray(_encode(Image.new("RGB", (SIDE_PX, SIDE_PX))))
    data[data.index(b"\xff\xc0") + 1] = 0xC9
    noise = np.random.default_rng(0).integers(0, 255, 9_000_000, np.uint8).tobytes()
    return bytes(data[: data.index(b"\xff\xda") + 14]) + noise + b"\xff\xd9"


def _crowd() -> NDArray[np.uint8]:
    """Return a picture full of faces that are just wide enough to be found, RGB."""
    face = Image.open(sample_photo_path()).convert("RGB").crop((135, 40, 320, 240)).resize((40, 43))
    columns, rows = CROWD_PX // face.width, CROWD_PX // face.height
    return np.tile(np.asarray(face), (rows, columns, 1))


def _in_noise(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Make every face of a picture one that must be looked at again and again."""
    noise = np.random.default_rng(0).normal(0, 45, picture.shape)
    return np.clip(picture + noise, 0, 255).astype(np.uint8)


def _again(data: bytes, times: int) -> bytes:
    """Repeat the last scan of a file."""
    scan = data[data.rindex(b"\xff\xda") : -2]
    return data[:-2] + scan * times + data[-2:]


def _parts(name: bytes, data: bytes) -> list[bytes]:
    """Cut a block into segments, each with its name."""
    starts = range(0, len(data), MOST_SEGMENT_BYTES)
    return [name + data[start : start + MOST_SEGMENT_BYTES] for start in starts]


def _overlapping_profile() -> list[bytes]:
    """Return the segments of a colour profile whose tags all name the same megabytes."""
    tags = struct.pack(">L", 1_000) + struct.pack(">4sLL", b"A2B0", 128, 2_000_000) * 1_000
    profile = (bytes(16) + b"RGB XYZ ").ljust(128, b"\0") + tags + bytes(3_000_000)
    pieces = _parts(b"", profile)
    return [
        _PROFILE + bytes((number, len(pieces))) + piece
        for number, piece in enumerate(pieces, start=1)
    ]


def _with(data: bytes, marker: int, *bodies: bytes) -> bytes:
    """Put segments before all others."""
    segments = [struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body for body in bodies]
    return b"".join([data[:2], *segments, data[2:]])
