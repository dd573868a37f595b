import struct

import numpy as np
import pytest
from PIL import Image

from preprocessing.errors import ImageDecodeError
from preprocessing.images.decode import decode_image
from tests.tools.picture_files import (
    exif_block,
    jpeg,
    jpeg_segment,
    stored,
    tiff_block,
    with_segments,
)

EXIF, COMMENT, APPLICATION_13 = 0xE1, 0xFE, 0xED
SIX = struct.pack("<HH", 6, 0)
XMP = b'http://ns.adobe.com/xap/1.0/\0<rdf:Description tiff:Orientation="6"/>'
OTHER_TAGS = {
    "a fraction by zero": (0x011A, 5, 1, struct.pack("<L", 8)),
    "values beyond the end": (0x010F, 2, 40, struct.pack("<L", 99_999)),
    "an unknown type": (0x010F, 77, 1, b"abcd"),
    "a loop": (0x8769, 4, 1, struct.pack("<L", 8)),
    "far too many values": (0x8825, 4, 0xFFFFFFFF, struct.pack("<L", 8)),
}
WAYS_TO_SAY_SIX = {
    "two bytes": exif_block(SIX),
    "the other end first": exif_block(struct.pack(">HH", 6, 0), order=">"),
    "four bytes": exif_block(struct.pack("<L", 6), kind=4),
    "one byte": exif_block(b"\6\0\0\0", kind=1),
    "text": exif_block(b"6\0\0\0", kind=2, count=2),
    "twice": exif_block(struct.pack("<HH", 6, 6), count=2),
    "its name twice": b"Exif\0\0" + exif_block(SIX),
    **{
        name: b"Exif\0\0" + tiff_block([(0x0112, 3, 1, SIX), tag])
        for name, tag in OTHER_TAGS.items()
    },
}
WAYS_TO_SAY_NOTHING = {
    "0": exif_block(bytes(4)),
    "9": exif_block(struct.pack("<HH", 9, 0)),
    "a word": exif_block(b"top\0", kind=2, count=4),
    "minus one": exif_block(b"\xff" * 4, kind=9),
    "no tag": b"Exif\0\0" + tiff_block([]),
    "no block": b"Exif\0\0",
    "garbage": b"Exif\0\0" + b"abcdefgh" * 4,
    "no name": b"abc",
    "beyond all memory": b"Exif\0\0II" + struct.pack("<HHHQ", 43, 8, 0, 2**64 - 1) + bytes(8),
}


@pytest.mark.parametrize("way", WAYS_TO_SAY_SIX)
def test_however_orientation_is_said_the_picture_is_upright(way: str, photo: Image.Image) -> None:
    data = jpeg(stored(photo, 6))
    upright = np.rot90(decode_image(data), -1)
    tagged = with_segments(data, jpeg_segment(EXIF, WAYS_TO_SAY_SIX[way]))
    np.testing.assert_array_equal(decode_image(tagged), upright)


@pytest.mark.parametrize("way", WAYS_TO_SAY_NOTHING)
def test_an_orientation_that_is_none_changes_nothing(way: str, photo: Image.Image) -> None:
    data = jpeg(photo)
    tagged = with_segments(data, jpeg_segment(EXIF, WAYS_TO_SAY_NOTHING[way]))
    np.testing.assert_array_equal(decode_image(tagged), decode_image(data))


def test_xmp_has_a_say_where_exif_says_nothing(photo: Image.Image) -> None:
    data = jpeg(stored(photo, 6))
    upright = np.rot90(decode_image(data), -1)
    xmp = jpeg_segment(EXIF, XMP)
    for segments in ((xmp,), (jpeg_segment(EXIF, exif_block(bytes(4))), xmp)):
        np.testing.assert_array_equal(decode_image(with_segments(data, *segments)), upright)
    both = with_segments(data, xmp, jpeg_segment(EXIF, exif_block(struct.pack("<HH", 1, 0))))
    np.testing.assert_array_equal(decode_image(both), decode_image(data))


def test_metadata_of_any_size_changes_nothing(photo: Image.Image) -> None:
    data = jpeg(photo)
    large = [jpeg_segment(marker, b"x" * 65_533) for marker in (COMMENT, APPLICATION_13) * 20]
    np.testing.assert_array_equal(decode_image(with_segments(data, *large)), decode_image(data))


def test_a_file_of_millions_of_segments_is_refused(photo: Image.Image) -> None:
    data = with_segments(jpeg(photo), jpeg_segment(COMMENT, b"") * 100_000)
    with pytest.raises(ImageDecodeError):
        decode_image(data)
