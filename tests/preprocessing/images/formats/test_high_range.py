import struct

import numpy as np
import pytest
from PIL import Image

from preprocessing.images.decode import decode_image
from preprocessing.images.formats.code_points import code_point_colours
from preprocessing.images.formats.colour import Colours
from preprocessing.images.formats.high_range import HLG, PQ
from tests.tools.heif_files import Item, box, code_points, coded, heif_file
from tests.tools.picture_files import encode, png, png_chunk, smooth_picture
from tests.tools.profiles import code_point_profile

STORED = [(60, 60, 60), (120, 120, 120), (150, 110, 90), (190, 160, 140), (90, 130, 60)]
# How Chromium shows these, by primaries and curve.
IN_CHROMIUM = {
    (1, PQ): [(26, 26, 26), (114, 114, 114), (194, 94, 61), (255, 171, 121), (61, 137, 26)],
    (9, PQ): [(26, 26, 26), (114, 114, 114), (233, 69, 50), (255, 137, 99), (0, 144, 0)],
    (12, PQ): [(26, 26, 26), (114, 114, 114), (208, 86, 50), (255, 159, 106), (3, 139, 0)],
    (1, HLG): [(39, 39, 39), (92, 92, 92), (117, 85, 70), (178, 137, 116), (70, 100, 46)],
    (9, HLG): [(39, 39, 39), (92, 92, 92), (134, 80, 67), (201, 131, 113), (43, 103, 34)],
    (12, HLG): [(39, 39, 39), (92, 92, 92), (123, 83, 67), (186, 135, 113), (60, 100, 37)],
}
GREY_IN_CHROMIUM = {PQ: (26, 114, 193, 253, 61), HLG: (39, 92, 122, 185, 66)}
# How it shows a ramp of PQ at some values, by the light of the picture and of its screen in cd/m2.
LOOKED_AT = [64, 96, 128, 160, 192, 224]
SHINING_IN_CHROMIUM = {
    (0, 0): (30, 70, 132, 213, 255, 255),
    (100, 0): (44, 98, 181, 255, 255, 255),
    (600, 0): (35, 80, 150, 236, 255, 255),
    (4000, 600): (30, 70, 132, 202, 226, 250),
    (0, 4000): (30, 70, 132, 202, 226, 250),
}
ROUNDING_LEVELS = 2
PICTURE = smooth_picture(96, 80)


def convert(colours: Colours | None, pixels: np.ndarray) -> np.ndarray:
    assert colours is not None
    converted = np.ascontiguousarray(pixels[None], np.uint8)
    colours.convert(converted)
    return converted[0].astype(int)


@pytest.mark.parametrize(("points", "seen"), IN_CHROMIUM.items())
def test_colours_look_as_in_a_browser(
    points: tuple[int, int], seen: list[tuple[int, int, int]]
) -> None:
    shown = convert(code_point_colours(*points), np.array(STORED))
    assert np.abs(shown - np.array(seen)).max() <= ROUNDING_LEVELS


@pytest.mark.parametrize(("transfer", "seen"), GREY_IN_CHROMIUM.items())
def test_grey_looks_as_in_a_browser(transfer: int, seen: tuple[int, ...]) -> None:
    stored = np.array(STORED)[:, 0]
    shown = convert(code_point_colours(9, transfer, channels=1), stored)
    assert np.abs(shown - np.array(seen)).max() <= ROUNDING_LEVELS


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_what_shines_is_dimmed_and_keeps_its_order(transfer: int) -> None:
    ramp = np.repeat(np.arange(256)[:, None], 3, axis=1)
    shown = convert(code_point_colours(1, transfer), ramp)
    assert (np.diff(shown[:, 0]) >= 0).all()
    assert shown.min() == 0
    assert shown.max() == 255


@pytest.mark.parametrize("transfer", [PQ, HLG])
@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
def test_photos_of_cameras_look_as_the_same_pixels_in_a_png(kind: str, transfer: int) -> None:
    plain = coded(PICTURE, kind)
    own = [each for each in plain.properties if each[4:8] != b"colr"]
    item = Item(plain.kind, plain.data, (*own, code_points(9, transfer, 6)))
    stored = decode_image(heif_file([plain], kind=kind))
    points = png_chunk(b"cICP", bytes((9, transfer, 0, 1)))
    expected = decode_image(png(stored, chunks=points)).astype(int)
    decoded = decode_image(heif_file([item], kind=kind))
    assert np.abs(decoded - expected).max() <= ROUNDING_LEVELS


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_a_profile_may_tell_code_points(transfer: int) -> None:
    named = png_chunk(b"cICP", bytes((9, transfer, 0, 1)))
    expected = decode_image(png(np.asarray(PICTURE), chunks=named))
    tagged = encode(PICTURE, "PNG", icc_profile=code_point_profile(9, transfer))
    np.testing.assert_array_equal(decode_image(tagged), expected)


@pytest.mark.parametrize(("told", "seen"), SHINING_IN_CHROMIUM.items())
@pytest.mark.parametrize("kind", ["PNG", "HEIF", "AVIF"])
def test_what_shines_most_is_told_by_the_picture_or_else_by_its_screen(
    kind: str, told: tuple[int, int], seen: tuple[int, ...]
) -> None:
    content, screen = told
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2).repeat(64, axis=0)
    light_of_screen = bytes(16) + struct.pack(">LL", 10_000 * screen, 1)
    if kind == "PNG":
        chunks = png_chunk(b"cICP", bytes((9, PQ, 0, 1)))
        chunks += png_chunk(b"cLLI", struct.pack(">LL", 10_000 * content, 0)) * bool(content)
        chunks += png_chunk(b"mDCV", light_of_screen) * bool(screen)
        data = png(ramp, chunks=chunks)
    else:
        plain = coded(Image.fromarray(ramp), kind, quality=100)
        own = [each for each in plain.properties if each[4:8] != b"colr"]
        own += [box(b"clli", struct.pack(">HH", content, 0))] * bool(content)
        own += [box(b"mdcv", light_of_screen)] * bool(screen)
        item = Item(plain.kind, plain.data, (*own, code_points(9, PQ, 6)))
        data = heif_file([item], kind=kind)
    shown = decode_image(data)[32, LOOKED_AT, 0].astype(int)
    levels = ROUNDING_LEVELS if kind == "PNG" else 3 * ROUNDING_LEVELS
    assert np.abs(shown - np.array(seen)).max() <= levels
