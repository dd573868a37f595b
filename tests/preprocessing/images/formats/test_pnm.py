import numpy as np
import pytest

from preprocessing.errors import ImageDecodeError
from preprocessing.images.decode import decode_image, decode_picture
from preprocessing.images.types import PictureNote
from tests.tools.picture_files import smooth_picture

RGB = np.asarray(smooth_picture())
GREY = RGB[..., 0]
HEAD = b"# made by hand\n64 40\n"


def as_grey(decoded: np.ndarray) -> np.ndarray:
    assert (decoded == decoded[..., :1]).all()
    return decoded[..., 0]


def test_bytes_and_text_are_read() -> None:
    np.testing.assert_array_equal(
        as_grey(decode_image(b"P5\n" + HEAD + b"255\n" + GREY.tobytes())), GREY
    )
    np.testing.assert_array_equal(decode_image(b"P6\n" + HEAD + b"255\n" + RGB.tobytes()), RGB)
    text = " ".join(map(str, GREY.ravel())).encode()
    np.testing.assert_array_equal(as_grey(decode_image(b"P2\n" + HEAD + b"255\n" + text)), GREY)
    text = "\n".join(map(str, RGB.ravel())).encode()
    np.testing.assert_array_equal(decode_image(b"P3\n" + HEAD + b"255\n# pixels\n" + text), RGB)


@pytest.mark.parametrize("bits", [10, 12, 14, 16])
@pytest.mark.parametrize("says_so", [True, False])
def test_many_bits_are_scaled_by_the_white_that_is_named_or_there(
    bits: int, *, says_so: bool
) -> None:
    white = 2**bits - 1
    values = np.round(GREY / 255 * white).astype(">u2")
    named = white if says_so else 65_535
    decoded = decode_image(b"P5 " + HEAD + b"%d\n" % named + values.tobytes())
    assert np.abs(as_grey(decoded).astype(int) - GREY).max() <= 1


def test_black_and_white_is_read() -> None:
    black = GREY > 128
    for head, body in (
        (b"P4\n", np.packbits(black, axis=1).tobytes()),
        (b"P1\n", "".join("1" if each else "0" for each in black.ravel()).encode()),
        (b"P1\n", " ".join("1" if each else "0" for each in black.ravel()).encode()),
    ):
        expected = np.where(black, 0, 255)
        np.testing.assert_array_equal(as_grey(decode_image(head + HEAD + body)), expected)


def test_rows_that_are_missing_are_white() -> None:
    data = b"P5\n" + HEAD + b"255\n" + GREY.tobytes()
    cut = decode_picture(data[:-100])
    assert cut.notes == (PictureNote.INCOMPLETE,)
    np.testing.assert_array_equal(cut.pixels[:38, :, 0], GREY[:38])
    assert (cut.pixels[38:] == 255).all()
    with pytest.raises(ImageDecodeError, match="missing"):
        decode_image(data[: len(data) // 2])


@pytest.mark.parametrize(
    "data", [b"P5\n1", b"P5\n0 0\n255\n", b"P5 2 2 0 abcd", b"P5 2 2 99999 abcd"]
)
def test_headers_that_make_no_sense_are_damaged(data: bytes) -> None:
    with pytest.raises(ImageDecodeError):
        decode_image(data)
