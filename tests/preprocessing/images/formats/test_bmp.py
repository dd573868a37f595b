import struct

import numpy as np
import pytest

from preprocessing.errors import ImageDecodeError
from preprocessing.images.decode import decode_image, decode_picture
from preprocessing.images.types import PictureNote
from tests.tools.picture_files import bmp, bmp_rows, encode, png, png_chunk, smooth_picture
from tests.tools.profiles import DISPLAY_P3, gamma_curve, rgb_profile

PICTURE = smooth_picture(61, 40)
RGB = np.asarray(PICTURE)
SIZE = (61, 40)
ROWS = bmp_rows(row.tobytes() for row in RGB[::-1, :, ::-1])
OPACITY = np.linspace(0, 255, 61 * 40).reshape(40, 61).astype(np.uint8)
BYTES = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)


def with_fourth(fourth: int | np.ndarray) -> bytes:
    plane = np.broadcast_to(np.asarray(fourth, np.uint8), RGB.shape[:2])
    return np.dstack([RGB[..., ::-1], plane])[::-1].tobytes()


def masked(masks: tuple[int, ...], depth: int) -> bytes:
    values = np.zeros(RGB.shape[:2], np.uint32)
    for channel, mask in zip(np.moveaxis(RGB, -1, 0), masks, strict=False):
        low = (mask & -mask).bit_length() - 1
        values |= np.round(channel / 255 * (mask >> low)).astype(np.uint32) << np.uint32(low)
    sample = "<u2" if depth == 16 else "<u4"
    return bmp_rows(row.astype(sample).tobytes() for row in values[::-1])


@pytest.mark.parametrize("header_bytes", [12, 40, 52, 56, 64, 108, 124])
def test_every_header_is_read(header_bytes: int) -> None:
    data = bmp(ROWS, SIZE, depth=24, header_bytes=header_bytes)
    np.testing.assert_array_equal(decode_image(data), RGB)


def test_rows_may_begin_at_the_top() -> None:
    rows = bmp_rows(row.tobytes() for row in RGB[..., ::-1])
    np.testing.assert_array_equal(decode_image(bmp(rows, (61, -40), depth=24)), RGB)


@pytest.mark.parametrize("header_bytes", [40, 56, 108, 124])
@pytest.mark.parametrize("packing", [0, 3])
def test_a_fourth_byte_of_zeros_is_no_transparency(packing: int, header_bytes: int) -> None:
    data = bmp(
        with_fourth(0), SIZE, depth=32, packing=packing, header_bytes=header_bytes, masks=BYTES
    )
    np.testing.assert_array_equal(decode_image(data), RGB)


def test_opacity_is_heeded_where_the_header_has_a_mask_for_it() -> None:
    for header_bytes, packing in ((108, 3), (124, 3), (124, 0), (40, 6)):
        data = bmp(
            with_fourth(OPACITY), SIZE, depth=32, packing=packing, header_bytes=header_bytes,
            masks=BYTES,
        )  # fmt: skip
        share = OPACITY[..., None] / 255
        expected = RGB * share + 255 * (1 - share)
        assert np.abs(decode_image(data) - expected).max() <= 1
    unmasked = bmp(with_fourth(OPACITY), SIZE, depth=32)
    np.testing.assert_array_equal(decode_image(unmasked), RGB)


@pytest.mark.parametrize("header_bytes", [40, 108, 124])
@pytest.mark.parametrize(
    ("masks", "depth"),
    [
        ((0xF800, 0x7E0, 0x1F, 0), 16),
        ((0x7C00, 0x3E0, 0x1F, 0), 16),
        ((0xF00, 0xF0, 0xF, 0), 16),
        ((0x3FF00000, 0xFFC00, 0x3FF, 0), 32),
        ((0xFF, 0xFF00, 0xFF0000, 0), 32),
    ],
)
def test_every_mask_is_read(masks: tuple[int, ...], depth: int, header_bytes: int) -> None:
    written = masks[:3] if header_bytes == 40 else masks
    data = bmp(
        masked(masks, depth), SIZE, depth=depth, packing=3, header_bytes=header_bytes, masks=written
    )
    coarsest = 255 / (2 ** min(mask.bit_count() for mask in masks[:3]) - 1)
    assert np.abs(decode_image(data).astype(int) - RGB).max() <= coarsest / 2 + 1


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
@pytest.mark.parametrize("header_bytes", [12, 40])
def test_palettes_of_every_depth_are_read(depth: int, header_bytes: int) -> None:
    indices = np.arange(61 * 40).reshape(40, 61) % 2**depth
    colours = np.random.default_rng(0).integers(0, 256, (2**depth, 3), np.uint8)
    bits = (indices[..., None] >> np.arange(depth)[::-1] & 1).reshape(40, -1)
    rows = bmp_rows(np.packbits(row).tobytes() for row in bits[::-1])
    entries = [bytes(colour[::-1]) + b"\0" * (header_bytes != 12) for colour in colours]
    data = bmp(rows, SIZE, depth=depth, header_bytes=header_bytes, palette=b"".join(entries))
    np.testing.assert_array_equal(decode_image(data), colours[indices])


def test_runs_are_unpacked() -> None:
    indices = np.arange(61 * 40).reshape(40, 61) // 20 % 256
    colours = np.random.default_rng(0).integers(0, 256, (256, 3), np.uint8)
    packed = b"".join(
        b"".join(bytes((1, index)) for index in row) + b"\0\0" for row in indices[::-1].tolist()
    )
    palette = b"".join(bytes(colour[::-1]) + b"\0" for colour in colours)
    for end in (b"\0\1", b""):
        data = bmp(packed + end, SIZE, depth=8, packing=1, palette=palette)
        np.testing.assert_array_equal(decode_image(data), colours[indices])


RUNS = {
    "leap": (bytes((2, 1, 0, 2, 1, 1, 3, 2, 0, 1)), ["11......", "...222.."]),
    "early end": (bytes((2, 1, 0, 1)), ["11......", "........"]),
    "beyond the row": (bytes((200, 1, 9, 2, 0, 0, 5, 2, 0, 1)), ["11111111", "22222..."]),
    "singles": (bytes((0, 3, 1, 2, 1, 0, 2, 2, 0, 0, 0, 1)), ["12122...", "........"]),
    "a leap beyond all": (bytes((0, 2, 255, 0, 5, 1, 0, 2, 0, 255, 5, 1)), ["........"] * 2),
    "cut": (bytes((2, 1, 0, 5, 1)), ["111.....", "........"]),
}
RUNS_OF_4_BITS = {
    "leap": (bytes((3, 0x12, 0, 2, 1, 1, 3, 0x21, 0, 1)), ["121.....", "....212."]),
    "early end": (bytes((0, 5, 0x12, 0x12, 0x10, 0, 0, 1)), ["12121...", "........"]),
    "beyond the row": (bytes((9, 0x12, 0, 0, 2, 0x11, 0, 1)), ["12121212", "11......"]),
}


@pytest.mark.parametrize("is_top_down", [False, True])
@pytest.mark.parametrize(
    ("depth", "runs", "rows"),
    [
        *((8, *each) for each in RUNS.values()),
        *((4, *each) for each in RUNS_OF_4_BITS.values()),
    ],
)
def test_odd_runs_are_unpacked_as_browsers_do(
    depth: int, runs: bytes, rows: list[str], *, is_top_down: bool
) -> None:
    colours = {".": (0, 0, 0), "1": (200, 0, 0), "2": (0, 200, 0)}
    palette = bytes((9, 9, 9, 0)) + bytes((0, 0, 200, 0)) + bytes((0, 200, 0, 0))
    size = (8, -2 if is_top_down else 2)
    # A leap of nothing, after which OpenCV is not asked.
    packed = bytes((0, 2, 0, 0)) + runs
    data = bmp(
        packed,
        size,
        depth=depth,
        packing={8: 1, 4: 2}[depth],
        palette=palette.ljust(4 * 2**depth, b"\0"),
    )
    expected = np.array([[colours[each] for each in row] for row in rows], np.uint8)
    np.testing.assert_array_equal(decode_image(data), expected if is_top_down else expected[::-1])


@pytest.mark.parametrize(("kind", "packing"), [("JPEG", 4), ("PNG", 5)])
def test_another_format_inside_is_read(kind: str, packing: int) -> None:
    inside = encode(PICTURE, kind)
    data = bmp(inside, SIZE, depth=0, packing=packing)
    np.testing.assert_array_equal(decode_image(data), decode_image(inside))


def test_rows_that_are_missing_are_white_and_lie_on_top() -> None:
    data = bmp(ROWS, SIZE, depth=24)
    cut = decode_picture(data[: len(data) - len(ROWS) // 20])
    assert cut.notes == (PictureNote.INCOMPLETE,)
    np.testing.assert_array_equal(cut.pixels[2:], RGB[2:])
    assert (cut.pixels[:2] == 255).all()
    with pytest.raises(ImageDecodeError, match="missing"):
        decode_image(data[: len(data) // 2])


def with_colours(kind: bytes, values: bytes, profile: bytes = b"") -> bytes:
    data = bytearray(bmp(ROWS, SIZE, depth=24, header_bytes=124))
    start = len(data) - 14
    data[14 + 56 : 14 + 60] = kind
    data[14 + 60 : 14 + 108] = values.ljust(48, b"\0")
    data[14 + 112 : 14 + 120] = struct.pack("<LL", start, len(profile))
    return bytes(data) + profile


def test_an_embedded_profile_is_heeded_and_one_elsewhere_is_not() -> None:
    profile = rgb_profile(DISPLAY_P3, gamma_curve(2.2))
    expected = decode_image(encode(PICTURE, "PNG", icc_profile=profile))
    assert np.abs(expected.astype(int) - RGB).mean() > 1
    np.testing.assert_array_equal(decode_image(with_colours(b"DEBM", b"", profile)), expected)
    for kind in (b"KNIL", b"BGRs", b" niW"):
        np.testing.assert_array_equal(decode_image(with_colours(kind, b"", profile)), RGB)
    np.testing.assert_array_equal(decode_image(with_colours(b"DEBM", b"", b"none")), RGB)


def test_calibrated_colours_are_heeded_where_they_make_sense() -> None:
    p3 = [(0.68, 0.32, 0.0), (0.265, 0.69, 0.045), (0.15, 0.06, 0.79)]
    ends = struct.pack("<9l", *(round(value * 2**30) for colour in p3 for value in colour))
    gammas = struct.pack("<3L", *[round(2.2 * 2**16)] * 3)
    chunks = png_chunk(b"gAMA", struct.pack(">L", 45_454))
    values = (0.3127, 0.329, *(value for x, y, _ in p3 for value in (x, y)))
    chunks += png_chunk(b"cHRM", struct.pack(">8L", *(round(value * 1e5) for value in values)))
    expected = decode_image(png(RGB, chunks=chunks)).astype(int)
    decoded = decode_image(with_colours(bytes(4), ends + gammas))
    assert np.abs(decoded - expected).max() <= 1
    assert np.abs(expected - RGB).mean() > 1
    for nonsense in (bytes(48), ends + bytes(12), b"\x7f" * 48):
        np.testing.assert_array_equal(decode_image(with_colours(bytes(4), nonsense)), RGB)
