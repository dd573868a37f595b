import io
import struct

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from preprocessing.errors import ImageDecodeError
from preprocessing.images.decode import decode_here, decode_image, decode_picture
from preprocessing.images.formats.heif import read_heic
from preprocessing.images.types import PictureNote
from tests.tools.picture_files import encode, exif_block, smooth_picture, stored

PICTURE = smooth_picture(96, 80)
RGB = np.asarray(PICTURE)
LOSSY_LEVELS = 4


def heif(image: Image.Image, kind: str = "HEIF", **options: object) -> bytes:
    return encode(image, kind, quality=95, **options)


@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_upright(orientation: int, kind: str) -> None:
    # Pillow has AVIF's boxes say it, pillow-heif has EXIF say it alone.
    exif = Image.Exif()
    exif[0x0112] = orientation
    decoded = decode_image(heif(stored(PICTURE, orientation), kind, exif=exif)).astype(int)
    assert decoded.shape == RGB.shape
    assert np.abs(decoded - RGB).mean() < LOSSY_LEVELS


@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
def test_of_several_pictures_the_first_is_read_and_it_is_said_that_there_are_more(
    kind: str,
) -> None:
    decoded = decode_picture(
        heif(PICTURE, kind, save_all=True, append_images=[PICTURE.rotate(180)])
    )
    assert np.abs(decoded.pixels.astype(int) - RGB).mean() < LOSSY_LEVELS
    assert decoded.notes == (PictureNote.MORE_PICTURES,)
    assert decode_picture(heif(PICTURE, kind)).notes == ()


def test_exif_has_no_say_where_boxes_turn_a_picture() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = heif(stored(PICTURE, 6), "AVIF", exif=exif)
    assert b"irot" in data
    both = data + b"free" + exif_block(struct.pack("<HH", 6, 0))
    assert np.abs(decode_image(both).astype(int) - RGB).mean() < LOSSY_LEVELS


@pytest.mark.parametrize("orientation", [b"\0\0\0\0", b"\t\0\0\0", b"top\0"])
def test_an_orientation_that_is_none_changes_nothing(orientation: bytes) -> None:
    data = heif(PICTURE, exif=exif_block(orientation))
    assert np.abs(decode_image(data).astype(int) - RGB).mean() < LOSSY_LEVELS


@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
@pytest.mark.parametrize("mode", ["L", "RGBA"])
def test_grey_and_transparent_pictures_are_read(mode: str, kind: str) -> None:
    image = PICTURE.convert(mode)
    if mode == "RGBA":
        image.putalpha(Image.linear_gradient("L").resize(image.size))
    decoded = decode_image(heif(image, kind)).astype(int)
    white = Image.new("RGBA", image.size, "white")
    expected = np.asarray(Image.alpha_composite(white, image.convert("RGBA")).convert("RGB"))
    assert np.abs(decoded - expected).mean() < LOSSY_LEVELS


def test_more_than_eight_bits_are_read() -> None:
    samples = RGB.astype(np.uint16) << 8
    buffer = io.BytesIO()
    pillow_heif.from_bytes("RGB;16", PICTURE.size, samples.tobytes()).save(buffer, quality=95)
    decoded = decode_image(buffer.getvalue()).astype(int)
    assert np.abs(decoded - RGB).mean() < LOSSY_LEVELS


@pytest.mark.parametrize("byte", range(4))
def test_metadata_of_an_unknown_kind_does_not_end_the_process(byte: int) -> None:
    data = bytearray(heif(PICTURE, exif=exif_block(b"\1\0\0\0")))
    data[data.index(b"Exif") + byte] ^= 0xFF
    # In the box, of which no picture comes where its process ends.
    assert np.abs(decode_image(bytes(data)).astype(int) - RGB).mean() < LOSSY_LEVELS


def test_no_place_of_data_in_a_file_ends_the_process() -> None:
    data = heif(PICTURE, exif=exif_block(b"\6\0\0\0"))
    at = data.index(b"iloc")
    for offset in range(8, 60):
        damaged = bytearray(data)
        damaged[at + offset] ^= 0xFF
        try:
            decode_here(bytes(damaged))
        except ImageDecodeError:
            continue


def test_pixels_outlive_the_file() -> None:
    rasters = [read_heic(heif(PICTURE), max_pixels=100_000) for _ in range(20)]
    for raster in rasters:
        np.testing.assert_array_equal(raster.samples, rasters[0].samples)


@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
def test_a_picture_short_of_its_last_bytes_is_read_but_not_one_short_of_many(kind: str) -> None:
    data = heif(PICTURE, kind)
    picture = decode_here(data[:-20])
    assert picture.notes == (PictureNote.INCOMPLETE,)
    # Most of the picture is there: what is missing belongs to the lower right.
    above = np.abs(picture.pixels.astype(int) - RGB)[: len(RGB) // 2]
    assert above.mean() < LOSSY_LEVELS
    with pytest.raises(ImageDecodeError, match="cut short"):
        decode_here(data[: len(data) * 3 // 4])


@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
@pytest.mark.parametrize(
    "junk", [bytes(100), b"junk" * 1_000, b"\r\n", b"\0\0\4\0mpvd" + bytes(1_016) + b"SEFHSEFT"]
)
def test_what_follows_a_picture_changes_nothing(junk: bytes, kind: str) -> None:
    data = heif(PICTURE, kind)
    np.testing.assert_array_equal(decode_here(data + junk).pixels, decode_here(data).pixels)
