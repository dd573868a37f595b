import io
import struct
import tracemalloc
import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from preprocessing.errors import ImageDecodeError, ImageTooLargeError, UnsupportedImageError
from preprocessing.images.decode import decode_image, to_grey
from preprocessing.images.types import MAX_PIXELS
from tests.tools.picture_files import ORIENTATION, encode, stored

LOSSLESS = ("PNG", "BMP", "TIFF")
LOSSY = ("JPEG", "WEBP", "HEIF", "AVIF", "GIF")
# Lossy formats and palettes change smooth pictures by a few grey levels at most on average.
LOSSY_LEVELS = 6


@pytest.fixture(scope="module")
def picture() -> Image.Image:
    """Smooth, without any symmetry."""
    y, x = np.mgrid[:40, :64]
    channels = [x * 4 % 256, y * 6 % 256, (x + y) * 2 % 256]
    return Image.fromarray(np.stack(channels, axis=-1).clip(0, 255).astype(np.uint8))


@pytest.mark.parametrize("kind", LOSSLESS)
def test_lossless_formats_come_back_exactly(kind: str, picture: Image.Image) -> None:
    np.testing.assert_array_equal(decode_image(encode(picture, kind)), np.asarray(picture))


@pytest.mark.parametrize("kind", LOSSY)
def test_lossy_formats_come_back_nearly(kind: str, picture: Image.Image) -> None:
    decoded = decode_image(encode(picture, kind)).astype(int)
    assert decoded.shape == (40, 64, 3)
    assert np.abs(decoded - np.asarray(picture)).mean() < LOSSY_LEVELS


@pytest.mark.parametrize(
    ("mode", "kind"), [("L", "PNG"), ("P", "PNG"), ("CMYK", "JPEG"), ("1", "PNG")]
)
def test_every_mode_becomes_rgb(mode: str, kind: str, picture: Image.Image) -> None:
    decoded = decode_image(encode(picture.convert(mode), kind))
    expected = np.asarray(picture.convert(mode).convert("RGB")).astype(int)
    assert np.abs(decoded.astype(int) - expected).mean() < LOSSY_LEVELS


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_transparent_parts_lie_on_white(mode: str, picture: Image.Image) -> None:
    image = picture.convert(mode)
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    decoded = decode_image(encode(image, "PNG"))
    assert (decoded[0] > 250).all()
    opaque = np.asarray(picture.convert(mode[:-1]).convert("RGB")).astype(int)
    assert np.abs(decoded[-1].astype(int) - opaque[-1]).max() < LOSSY_LEVELS


@pytest.mark.parametrize("lossless", [True, False])
def test_transparent_parts_of_webp_files_lie_on_white(
    picture: Image.Image, *, lossless: bool
) -> None:
    image = picture.convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    decoded = decode_image(encode(image, "WEBP", lossless=lossless)).astype(int)
    white = Image.new("RGBA", image.size, "white")
    expected = np.asarray(Image.alpha_composite(white, image).convert("RGB"))
    assert np.abs(decoded - expected).mean() < (1 if lossless else LOSSY_LEVELS)


def test_a_transparent_palette_lies_on_white(picture: Image.Image) -> None:
    image = picture.quantize(8)
    decoded = decode_image(encode(image, "PNG", transparency=0))
    assert (decoded[np.asarray(image) == 0] == 255).all()


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_are_scaled_by_their_range(kind: str) -> None:
    values = np.linspace(0, 65535, 64, dtype=np.uint16).reshape(8, 8)
    decoded = decode_image(encode(Image.fromarray(values), kind))
    assert np.abs(decoded[..., 0].astype(float) - values / 257).max() <= 0.5


def test_many_bits_take_little_memory_while_they_are_scaled() -> None:
    side = 1000
    buffer = io.BytesIO()
    Image.fromarray(np.full((side, side), 30_000, np.uint16)).save(buffer, "PNG")
    tracemalloc.start()
    try:
        decode_image(buffer.getvalue())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # NumPy's share: the grey levels of two bytes, of one, and the RGB picture.
    assert peak < 10 * side**2


def test_floating_point_is_scaled_by_what_occurs() -> None:
    values = np.linspace(-3, 5, 64, dtype=np.float32).reshape(8, 8)
    decoded = decode_image(encode(Image.fromarray(values), "TIFF"))
    assert (decoded.min(), decoded.max()) == (0, 255)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_upright(orientation: int, picture: Image.Image) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    file = encode(stored(picture, orientation), "PNG", exif=exif)
    np.testing.assert_array_equal(decode_image(file), np.asarray(picture))


def png_header(width: int, height: int) -> bytes:
    """The beginning of a PNG file: its size is told, its pixels are not there."""
    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", size), (b"IDAT", b"x"))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    )


@pytest.mark.parametrize("side", [int(MAX_PIXELS**0.5) + 1, 100_000])
def test_size_is_checked_by_the_header_before_decoding(side: int) -> None:
    with pytest.raises(ImageTooLargeError, match="megapixels"):
        decode_image(png_header(side, side))


@pytest.mark.parametrize("data", [b"%PDF-1.7", b"text", b"<svg/>", b"\0" * 100, b"RIFF1234AVI "])
def test_other_files_are_unsupported(data: bytes) -> None:
    with pytest.raises(UnsupportedImageError, match="JPEG"):
        decode_image(data)


def test_nothing_is_an_error_of_its_own() -> None:
    with pytest.raises(ImageDecodeError, match="empty"):
        decode_image(b"")


@pytest.mark.parametrize("kind", [*LOSSLESS, *LOSSY])
def test_truncated_pictures_are_damaged(kind: str, picture: Image.Image) -> None:
    data = encode(picture.resize((400, 300)), kind)
    with pytest.raises(ImageDecodeError):
        decode_image(data[: len(data) * 2 // 3])


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_damage_gives_a_picture_or_a_named_error(data: st.DataObject, picture: Image.Image) -> None:
    kind = data.draw(st.sampled_from([*LOSSLESS, *LOSSY]))
    damaged = bytearray(encode(picture, kind))
    for _ in range(data.draw(st.integers(1, 8))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        decoded = decode_image(bytes(damaged))
    except (ImageDecodeError, ImageTooLargeError):
        return
    assert decoded.dtype == np.uint8
    assert decoded.ndim == 3


def test_grey_is_luma() -> None:
    primaries = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]]], np.uint8)
    assert to_grey(primaries).tolist() == [[76, 150, 29]]
