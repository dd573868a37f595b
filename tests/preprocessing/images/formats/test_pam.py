import numpy as np
import pytest

from preprocessing.errors import ImageDecodeError, UnsupportedImageError
from preprocessing.images.decode import decode_image, decode_picture
from preprocessing.images.types import PictureNote
from tests.tools.picture_files import smooth_picture

RGB = np.asarray(smooth_picture(40, 30))
HEAD = b"P7\n# made by hand\nWIDTH 40\nHEIGHT 30\nDEPTH %d\nMAXVAL %d\nTUPLTYPE x\nENDHDR\n"


@pytest.mark.parametrize("largest", [255, 1_000, 65_535])
@pytest.mark.parametrize("channels", [1, 3])
def test_levels_are_scaled_by_the_white_that_is_named(channels: int, largest: int) -> None:
    samples = RGB[..., :channels]
    levels = np.round(samples / 255 * largest).astype(np.uint8 if largest < 256 else ">u2")
    decoded = decode_image(HEAD % (channels, largest) + levels.tobytes())
    np.testing.assert_array_equal(decoded, np.broadcast_to(samples, RGB.shape))


def test_opacity_lies_on_white() -> None:
    half = np.full((30, 40), 128, np.uint8)
    decoded = decode_image(HEAD % (4, 255) + np.dstack([RGB, half]).tobytes())
    assert np.abs(decoded - (RGB * (128 / 255) + 255 * (127 / 255))).max() <= 1


@pytest.mark.parametrize(("scale", "order"), [(b"-1.0", "<"), (b"1.0", ">")])
def test_floating_point_numbers_begin_with_the_lowest_row(scale: bytes, order: str) -> None:
    for kind, samples in ((b"PF", RGB), (b"Pf", RGB[..., :1])):
        numbers = (samples[::-1] / 255).astype(order + "f4").tobytes()
        decoded = decode_image(kind + b"\n40 30\n" + scale + b"\n" + numbers)
        np.testing.assert_array_equal(decoded, np.broadcast_to(samples, RGB.shape))


def test_rows_that_are_missing_are_white() -> None:
    cut = decode_picture(HEAD % (3, 255) + RGB[:28].tobytes())
    assert cut.notes == (PictureNote.INCOMPLETE,)
    np.testing.assert_array_equal(cut.pixels[:28], RGB[:28])
    assert (cut.pixels[28:] == 255).all()
    with pytest.raises(ImageDecodeError, match="missing"):
        decode_image(HEAD % (3, 255) + RGB[:20].tobytes())


def test_headers_that_make_no_sense_are_refused() -> None:
    for head in (b"P7\nWIDTH 40\nENDHDR\n", b"P7\nWIDTH 40\n", HEAD % (3, 0), b"PF 40 30 x\n"):
        with pytest.raises((ImageDecodeError, UnsupportedImageError)):
            decode_image(head + RGB.tobytes())
    with pytest.raises(UnsupportedImageError, match="5 channels"):
        decode_image(HEAD % (5, 255) + RGB.tobytes())
