import struct
import zlib

import numpy as np
import pytest

from preprocessing.images.decode import decode_here, decode_image
from tests.tools.picture_files import png, png_chunk, smooth_picture
from tests.tools.profiles import DISPLAY_P3, SRGB, gamma_curve, grey_profile, rgb_profile

RGB = np.asarray(smooth_picture(96, 80))
# How Chromium shows a pixel (200, 100, 50) with code points for primaries and curve.
IN_CHROMIUM = {
    (4, 13): (232, 93, 30),
    (8, 13): (222, 92, 32),
    (22, 13): (202, 102, 49),
    (1, 7): (206, 115, 68),
    (1, 17): (200, 87, 34),
}


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_a_grey_that_is_named_transparent_is_white(depth: int) -> None:
    levels = 2**depth
    columns = 8 // depth
    values = np.arange(16 * columns).reshape(16, columns) % levels
    packed = [
        b"\0" + bytes([sum(int(v) << (8 - depth * (i + 1)) for i, v in enumerate(row))])
        for row in values
    ]
    header = struct.pack(">LLBBBBB", columns, 16, depth, 0, 0, 0, 0)
    chunks = [
        png_chunk(b"IHDR", header),
        png_chunk(b"tRNS", b"\0\0"),
        png_chunk(b"IDAT", zlib.compress(b"".join(packed))),
        png_chunk(b"IEND", b""),
    ]
    decoded = decode_image(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))[..., 0]
    expected = np.where(values == 0, 255, values * (255 // (levels - 1)))
    np.testing.assert_array_equal(decoded, expected)


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_colour_that_is_named_transparent_is_white(channels: int, depth: int) -> None:
    samples = RGB.astype(int) * (257 if depth == 16 else 1)
    samples = samples if channels == 3 else samples[..., 0]
    clear = samples[30, 40]
    chunk = png_chunk(b"tRNS", np.atleast_1d(clear).astype(">u2").tobytes())
    decoded = decode_image(png(samples, depth=depth, chunks=chunk))
    assert (decoded[30, 40] == 255).all()
    is_clear = samples == clear if channels == 1 else (samples == clear).all(axis=-1)
    expected = RGB if channels == 3 else np.repeat(RGB[..., :1], 3, axis=2)
    np.testing.assert_array_equal(decoded[~is_clear], expected[~is_clear])


def test_opacity_looks_the_same_in_one_go_and_in_strips(monkeypatch: pytest.MonkeyPatch) -> None:
    opacity = np.tile(np.linspace(0, 255, RGB.shape[1]).astype(np.uint8), (len(RGB), 1))
    data = png(np.dstack([RGB, opacity]))
    small = decode_here(data).pixels
    monkeypatch.setattr("preprocessing.images.formats.png_small.MOST_PIXELS", 0)
    np.testing.assert_array_equal(small, decode_here(data).pixels)


def test_gamma_is_heeded_where_it_is_another_than_the_usual() -> None:
    grey = np.arange(256, dtype=np.uint8)[None]
    usual = png_chunk(b"gAMA", struct.pack(">L", 45_455))
    np.testing.assert_array_equal(decode_image(png(grey, chunks=usual))[..., 0], grey)
    linear = png_chunk(b"gAMA", struct.pack(">L", 100_000))
    decoded = decode_image(png(grey, chunks=linear))[..., 0]
    assert (decoded[0, [0, 128, 255]] == [0, 188, 255]).all()
    for gamma, is_usual in ((43_182, False), (43_183, True), (47_727, True), (47_728, False)):
        close = png(grey, chunks=png_chunk(b"gAMA", struct.pack(">L", gamma)))
        assert (decode_image(close)[..., 0] == grey).all() == is_usual
    # A profile and sRGB by name come before it.
    named = png_chunk(b"sRGB", b"\0") + linear
    np.testing.assert_array_equal(decode_image(png(grey, chunks=named))[..., 0], grey)


@pytest.mark.parametrize(
    "profile", [b"junk" * 50, grey_profile(gamma_curve(1)), rgb_profile(SRGB, gamma_curve(1))[:200]]
)
def test_gamma_is_heeded_where_the_profile_cannot_be_used(profile: bytes) -> None:
    linear = png_chunk(b"gAMA", struct.pack(">L", 100_000))
    unusable = png_chunk(b"iCCP", b"x\0\0" + zlib.compress(profile))
    expected = decode_image(png(RGB, chunks=linear))
    np.testing.assert_array_equal(decode_image(png(RGB, chunks=unusable + linear)), expected)
    usable = png_chunk(b"iCCP", b"x\0\0" + zlib.compress(rgb_profile(SRGB, gamma_curve(2.0))))
    expected = decode_image(png(RGB, chunks=usable))
    np.testing.assert_array_equal(decode_image(png(RGB, chunks=usable + linear)), expected)


def test_primaries_are_heeded_with_gamma_and_nonsense_is_not() -> None:
    gamma = png_chunk(b"gAMA", struct.pack(">L", 45_455))
    wide = struct.pack(">8L", 31_270, 32_900, 64_000, 33_000, 21_000, 71_000, 15_000, 6_000)
    decoded = decode_image(png(RGB, chunks=gamma + png_chunk(b"cHRM", wide))).astype(int)
    greenish = RGB[..., 1] > RGB[..., 0].astype(int) + 50
    assert (decoded[greenish][:, 0] <= RGB[greenish][:, 0]).all()
    for nonsense in (bytes(32), b"\xff" * 32, struct.pack(">8L", *[33_000] * 8)):
        chunk = png_chunk(b"cHRM", nonsense)
        np.testing.assert_array_equal(decode_image(png(RGB, chunks=gamma + chunk)), RGB)


@pytest.mark.parametrize("channels", [1, 3])
def test_code_points_are_heeded_where_they_are_those_of_a_png(channels: int) -> None:
    samples = RGB if channels == 3 else RGB[..., 0]
    plain = decode_image(png(samples))
    linear = decode_image(png(samples, chunks=png_chunk(b"cICP", b"\1\x08\0\1")))
    assert (linear[..., 0] >= plain[..., 0]).all()
    assert abs(int(linear[40, 48, 0]) - 255 * (plain[40, 48, 0] / 255) ** (1 / 2.2)) < 4
    television = decode_image(png(samples, chunks=png_chunk(b"cICP", b"\1\1\0\1")))
    assert 0 < (plain.astype(int) - television).mean() < 10
    for odd in (b"\1\x08\0\0", b"\1\x08\1\1", b"\1\x08\0"):  # video's range, no RGB, cut
        decoded = decode_image(png(samples, chunks=png_chunk(b"cICP", odd)))
        np.testing.assert_array_equal(decoded, plain)


@pytest.mark.parametrize("points", [(0, 8), (2, 16), (3, 1), (9, 2), (12, 0), (1, 255)])
def test_code_points_that_say_nothing_leave_it_to_the_profile(points: tuple[int, int]) -> None:
    profile = png_chunk(b"iCCP", b"x\0\0" + zlib.compress(rgb_profile(DISPLAY_P3, gamma_curve(2))))
    expected = decode_image(png(RGB, chunks=profile))
    said = png_chunk(b"cICP", bytes((*points, 0, 1)))
    np.testing.assert_array_equal(decode_image(png(RGB, chunks=said + profile)), expected)
    assert (expected != RGB).any()


@pytest.mark.parametrize(("points", "seen"), IN_CHROMIUM.items())
def test_rare_code_points_look_as_in_a_browser(
    points: tuple[int, int], seen: tuple[int, int, int]
) -> None:
    pixels = np.full((4, 4, 3), (200, 100, 50), np.uint8)
    decoded = decode_image(png(pixels, chunks=png_chunk(b"cICP", bytes((*points, 0, 1)))))
    assert np.abs(decoded[0, 0] - np.array(seen)).max() <= 2


def test_colours_count_before_the_pixels_only() -> None:
    data = png(RGB)
    late = data[:-12] + png_chunk(b"gAMA", struct.pack(">L", 100_000)) + data[-12:]
    np.testing.assert_array_equal(decode_image(late), RGB)


def test_a_picture_that_is_transparent_throughout_is_opaque() -> None:
    hidden = np.dstack([RGB, np.zeros(RGB.shape[:2], np.uint8)])
    np.testing.assert_array_equal(decode_image(png(hidden)), RGB)
