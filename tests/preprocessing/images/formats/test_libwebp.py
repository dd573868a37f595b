"""WebP files are decoded to where their pixels are to be."""

import ctypes
import struct

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from preprocessing.errors import ImageDecodeError, TooCostlyImageError
from preprocessing.images import canvas
from preprocessing.images.decode import decode_here, decode_image
from preprocessing.images.formats import libwebp
from preprocessing.images.formats.libwebp import FUNCTIONS, LIBRARY, decode_webp
from tests.tools.picture_files import encode, noisy_picture

PICTURE = noisy_picture(66, 40)
CLEAR = PICTURE.copy()
CLEAR.putalpha(Image.linear_gradient("L").resize(PICTURE.size))
OPTIONS = [{"quality": 80}, {"lossless": True, "exact": True}]


def by_opencv(file: bytes) -> NDArray[np.uint8]:
    samples = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_UNCHANGED)
    return np.asarray(samples[..., [2, 1, 0, 3][: samples.shape[2]]], np.uint8)


@pytest.mark.parametrize("library", [LIBRARY, object(), None], ids=["Linux", "Windows", "none"])
@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("picture", [PICTURE, CLEAR])
def test_pixels_are_those_of_opencv(
    picture: Image.Image,
    options: dict[str, object],
    monkeypatch: pytest.MonkeyPatch,
    library: object,
) -> None:
    monkeypatch.setattr(libwebp, "LIBRARY", library)
    file = encode(picture, "WEBP", **options)
    expected = by_opencv(file)
    room = np.zeros(expected.shape, np.uint8)
    decode_webp(file, room)
    np.testing.assert_array_equal(room, expected)
    for broken in (file[:-40], b"RIFF", file[:12] + bytes(len(file) - 12)):
        with pytest.raises(ImageDecodeError):
            decode_webp(broken, room)
    with pytest.raises(ImageDecodeError):
        decode_webp(file, room[:-1])


def test_pillow_brings_the_library() -> None:
    assert LIBRARY is not None
    for name in FUNCTIONS.values():
        assert isinstance(LIBRARY[name], ctypes._CFuncPtr)


@pytest.mark.parametrize("options", OPTIONS)
def test_an_opaque_picture_is_decoded_to_its_canvas(
    options: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = np.zeros((PICTURE.height, PICTURE.width, 3), np.uint8)
    monkeypatch.setattr(canvas, "maker", lambda _shape: memory)
    decoded = decode_here(encode(PICTURE, "WEBP", **options)).pixels
    assert decoded is memory


def of_one_colour(width: int, height: int) -> bytes:
    """A lossless file: its bits are the same whatever its size, and what follows is not read."""
    flat = encode(Image.new("RGBA", (66, 40), (9, 9, 99, 100)), "WEBP", lossless=True, exact=True)
    (bits,) = struct.unpack_from("<L", flat, 21)
    size = struct.pack("<L", bits >> 28 << 28 | height - 1 << 14 | width - 1)
    content = (flat[20:21] + size + flat[25:]).ljust(20_000, b"\0")
    return b"RIFF" + struct.pack("<L8sL", 20_012, b"WEBPVP8L", 20_000) + content


def test_a_file_for_which_there_is_no_memory_is_not_called_damaged() -> None:
    assert decode_image(of_one_colour(80, 60)).shape == (60, 80, 3)
    with pytest.raises(TooCostlyImageError):
        decode_image(of_one_colour(8_192, 6_000))
