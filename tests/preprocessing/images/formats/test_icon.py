import struct

import numpy as np
import pytest
from PIL import Image

from preprocessing.images.decode import decode_image
from tests.tools.picture_files import bmp_rows, encode, smooth_picture

PICTURE = smooth_picture(61, 40)


@pytest.mark.parametrize("depth", [24, 32])
def test_of_an_icon_the_largest_picture_is_read(depth: int) -> None:
    side = 48
    rgba = np.asarray(PICTURE.resize((side, side)).convert("RGBA")).copy()
    rgba[:10, :, 3] = 0
    pixels = rgba[::-1, :, [2, 1, 0, 3]][..., : depth // 8]
    mask = np.packbits(np.pad(rgba[::-1, :, 3] == 0, ((0, 0), (0, 16))), axis=1)
    header = struct.pack("<LllHHLLllLL", 40, side, 2 * side, 1, depth, 0, 0, 0, 0, 0, 0)
    bitmap = header + bmp_rows(row.tobytes() for row in pixels) + mask.tobytes()
    small = encode(Image.new("RGB", (16, 16)), "PNG")
    entries = [
        struct.pack("<BBBBHHLL", size, size, 0, 0, 1, depth, len(content), at)
        for size, content, at in ((16, small, 38), (side, bitmap, 38 + len(small)))
    ]
    data = struct.pack("<HHH", 0, 1, 2) + b"".join(entries) + small + bitmap
    decoded = decode_image(data)
    assert (decoded[:10] == 255).all()
    np.testing.assert_array_equal(decoded[10:], rgba[10:, :, :3])


def test_of_an_icon_a_png_is_read() -> None:
    data = encode(PICTURE.resize((64, 64)), "ICO", sizes=[(16, 16), (64, 64)])
    np.testing.assert_array_equal(decode_image(data), np.asarray(PICTURE.resize((64, 64))))


def test_of_an_icon_s_pictures_of_one_size_the_one_of_most_colours_is_read() -> None:
    rgb = np.asarray(PICTURE.resize((48, 48)))
    good = encode(Image.fromarray(rgb), "PNG")
    poor = encode(Image.fromarray(255 - rgb), "PNG") + bytes(5_000)
    at = 6 + 16 + 16
    entries = struct.pack("<BBBBHHLL", 48, 48, 0, 0, 1, 32, len(good), at)
    entries += struct.pack("<BBBBHHLL", 48, 48, 0, 0, 1, 8, len(poor), at + len(good))
    data = struct.pack("<HHH", 0, 1, 2) + entries + good + poor
    np.testing.assert_array_equal(decode_image(data), rgb)


def test_of_an_icon_the_picture_of_most_pixels_is_read_though_it_has_few_bytes() -> None:
    large = encode(Image.new("1", (256, 256)), "PNG")
    small = encode(PICTURE.resize((64, 64)), "PNG")
    assert len(large) < len(small)
    entries = [
        struct.pack("<BBBBHHLL", side, side, 0, 0, 1, 24, len(content), at)
        for side, content, at in ((0, large, 38), (64, small, 38 + len(large)))
    ]
    data = struct.pack("<HHH", 0, 1, 2) + b"".join(entries) + large + small
    assert decode_image(data).shape == (256, 256, 3)
