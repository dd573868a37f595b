import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from preprocessing.images.decode import decode_here, decode_image
from tests.tools.picture_files import encode, png, png_chunk, smooth_picture

RGB = np.asarray(smooth_picture(96, 80))


def test_of_an_animation_the_first_frame_is_read() -> None:
    first = Image.fromarray(RGB)
    data = encode(first, "PNG", save_all=True, append_images=[first.rotate(180)])
    np.testing.assert_array_equal(decode_image(data), RGB)


def frame_control(number: int, width: int, height: int, left: int = 0, top: int = 0) -> bytes:
    return png_chunk(b"fcTL", struct.pack(">LLLLL6x", number, width, height, left, top))


def frame_pixels(number: int, rgb: np.ndarray) -> bytes:
    rows = b"".join(b"\0" + row.tobytes() for row in rgb)
    return png_chunk(b"fdAT", struct.pack(">L", number) + zlib.compress(rows))


def test_a_picture_for_viewers_without_animations_is_not_the_first_frame() -> None:
    height, width = RGB.shape[:2]
    beginning = png_chunk(b"acTL", struct.pack(">LL", 2, 0))
    others = png(255 - RGB, chunks=beginning)
    frames = frame_control(0, width, height) + frame_pixels(1, RGB)
    frames += frame_control(2, width, height) + frame_pixels(3, RGB[::-1])
    data = others[:-12] + frames + others[-12:]
    np.testing.assert_array_equal(decode_image(data), RGB)
    first = png(RGB, chunks=beginning + frame_control(0, width, height))
    frames = frame_control(1, width, height) + frame_pixels(2, 255 - RGB)
    np.testing.assert_array_equal(decode_image(first[:-12] + frames + first[-12:]), RGB)


def test_an_animation_of_no_frames_is_none() -> None:
    height, width = RGB.shape[:2]
    data = png(RGB, chunks=png_chunk(b"acTL", bytes(8)))
    frame = frame_control(0, width, height) + frame_pixels(1, 255 - RGB)
    np.testing.assert_array_equal(decode_image(data[:-12] + frame + data[-12:]), RGB)


@pytest.mark.parametrize(("left", "top"), [(0, 0), (10, 30), (90, 0)])
def test_a_first_frame_smaller_than_the_picture_lies_on_white_where_it_fits(
    left: int, top: int
) -> None:
    others = png(255 - RGB, chunks=png_chunk(b"acTL", struct.pack(">LL", 1, 0)))
    frame = frame_control(0, 20, 40, left, top) + frame_pixels(1, RGB[:40, :20])
    expected = 255 - RGB  # browsers refuse an animation that does not fit
    if left + 20 <= RGB.shape[1]:
        expected = np.full_like(RGB, 255)
        expected[top : top + 40, left : left + 20] = RGB[:40, :20]
    np.testing.assert_array_equal(decode_image(others[:-12] + frame + others[-12:]), expected)


@pytest.mark.parametrize("is_small", [True, False])
@pytest.mark.parametrize(("empty", "is_found"), [(1, True), (3, True), (12, False)])
def test_empty_frames_are_passed_over_but_not_without_end(
    empty: int, monkeypatch: pytest.MonkeyPatch, *, is_found: bool, is_small: bool
) -> None:
    if not is_small:
        monkeypatch.setattr("preprocessing.images.formats.png_small.MOST_PIXELS", 0)
    height, width = RGB.shape[:2]
    # Of other colours, as some programs write what is transparent.
    clear = np.dstack([255 - RGB, np.zeros((height, width), np.uint8)])
    shown = np.dstack([RGB, np.full((height, width), 255, np.uint8)])
    control = png_chunk(b"acTL", bytes((0, 0, 0, empty + 1, 0, 0, 0, 0)))
    data = png(clear, chunks=control + frame_control(0, width, height))
    for frame in [*[clear] * (empty - 1), shown]:
        data = data[:-12] + frame_control(1, width, height) + frame_pixels(2, frame) + data[-12:]
    assert np.array_equal(decode_here(data).pixels, RGB) == is_found
