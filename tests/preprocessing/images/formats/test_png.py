import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from preprocessing.errors import ImageDecodeError
from preprocessing.images.decode import decode_here, decode_image, decode_picture
from preprocessing.images.types import PictureNote
from tests.tools.picture_files import encode, exif_block, png, png_chunk, smooth_picture, stored

RGB = np.asarray(smooth_picture(96, 80))
WRONG = 0x12345678
SIX = exif_block(struct.pack("<HH", 6, 0))
XMP = b'<rdf:Description tiff:Orientation="6"/>'
AS_TEXT = b"\nexif\n%8d\n%s\n" % (len(SIX), SIX.hex().encode())
ODD_CHUNKS = {
    "text with a wrong checksum": png_chunk(b"tEXt", b"Comment\0hello", WRONG),
    "profile with a wrong checksum": png_chunk(b"iCCP", b"x\0\0" + zlib.compress(b"x"), WRONG),
    "profile of a megabyte": png_chunk(b"iCCP", b"x\0\0" + zlib.compress(bytes(1_200_000))),
    "profile that is none": png_chunk(b"iCCP", b"x\0\0abc"),
    "text of a megabyte": png_chunk(b"zTXt", b"x\0\0" + zlib.compress(b"a" * 1_200_000)),
    "text of ten megabytes": png_chunk(b"tEXt", b"x\0" + b"a" * 10_000_000),
    "XMP that is packed wrongly": png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0abc"),
    "EXIF that is none": png_chunk(b"eXIf", b"abcdefgh"),
    "a large thumbnail in EXIF": png_chunk(b"eXIf", b"MM\0*\0\0\0\x08" + bytes(500_000)),
    "an unknown name": png_chunk(b"teSt", b"x"),
    **{
        f"{name.decode()} cut short": png_chunk(name, content)
        for name in (
            b"pHYs",
            b"sRGB",
            b"gAMA",
            b"cHRM",
            b"tIME",
            b"bKGD",
            b"hIST",
            b"sBIT",
            b"cICP",
        )
        for content in (b"", b"\0")
    },
}
WAYS_TO_SAY_SIX = {
    "EXIF": png_chunk(b"eXIf", SIX[6:]),
    "EXIF with its name": png_chunk(b"eXIf", SIX),
    "text": png_chunk(b"tEXt", b"Raw profile type APP1\0" + AS_TEXT),
    "packed text": png_chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(AS_TEXT)),
    "XMP": png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP),
    "packed XMP": png_chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(XMP)),
}


@pytest.mark.parametrize("name", ODD_CHUNKS)
def test_odd_metadata_changes_no_pixel(name: str) -> None:
    for samples in (RGB, RGB[..., 0]):
        decoded = decode_picture(png(samples, chunks=ODD_CHUNKS[name]))
        expected = samples if samples.ndim == 3 else np.repeat(samples[..., None], 3, axis=2)
        np.testing.assert_array_equal(decoded.pixels, expected)
        assert decoded.notes == ()


@pytest.mark.parametrize("way", WAYS_TO_SAY_SIX)
def test_however_orientation_is_said_the_picture_is_upright(way: str) -> None:
    samples = np.asarray(stored(Image.fromarray(RGB), 6))
    np.testing.assert_array_equal(decode_image(png(samples, chunks=WAYS_TO_SAY_SIX[way])), RGB)


def test_what_stands_before_and_after_a_picture_is_passed_over() -> None:
    data = png(RGB)
    np.testing.assert_array_equal(decode_image(b"\r\n" + data + bytes(100)), RGB)


def test_pixels_in_many_chunks_are_joined() -> None:
    data = png(RGB)
    start = data.index(b"IDAT") - 4
    pixels = data[start + 8 : -16]
    parts = (png_chunk(b"IDAT", pixels[at : at + 10]) for at in range(0, len(pixels), 10))
    split = data[:start] + b"".join(parts) + png_chunk(b"tEXt", b"a\0b") + data[-12:]
    np.testing.assert_array_equal(decode_image(split), RGB)


def test_a_wrong_checksum_of_pixels_that_are_whole_changes_nothing() -> None:
    data = bytearray(png(RGB))
    data[-17] ^= 255  # of the packed pixels, before that of the chunk
    decoded = decode_picture(bytes(data))
    np.testing.assert_array_equal(decoded.pixels, RGB)
    assert decoded.notes == ()


@pytest.mark.parametrize("samples", [RGB, RGB[..., 0]], ids=["RGB", "grey"])
def test_a_picture_short_of_its_last_rows_is_read(samples: np.ndarray) -> None:
    noise = np.random.default_rng(0).integers(0, 256, samples.shape, np.uint8)
    data = png(noise)
    cut = decode_picture(data[: len(data) * 94 // 100])
    assert cut.notes == (PictureNote.INCOMPLETE,)
    expected = noise if noise.ndim == 3 else np.repeat(noise[..., None], 3, axis=2)
    sure = len(noise) * 91 // 100
    np.testing.assert_array_equal(cut.pixels[:sure], expected[:sure])
    assert (cut.pixels[-1] == 255).all()
    with pytest.raises(ImageDecodeError, match="missing"):
        decode_image(data[: len(data) * 80 // 100])


def test_a_picture_that_is_damaged_in_the_middle_is_refused() -> None:
    noise = np.random.default_rng(0).integers(0, 256, RGB.shape, np.uint8)
    data = bytearray(png(noise))
    data[len(data) // 2 : len(data) // 2 + 9] = bytes(9)
    start = data.index(b"IDAT") + 4
    data[start] = 0  # no header of zlib's
    with pytest.raises(ImageDecodeError):
        decode_image(bytes(data))


def test_an_interlaced_picture_repeats_the_rows_that_are_missing() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (80, 96, 3), np.uint8)
    passes = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2),
              (1, 0, 2, 1))  # fmt: skip
    rows = b"".join(
        b"\0" + row.tobytes()
        for top, left, down, right in passes
        for row in noise[top::down, left::right]
    )
    header = struct.pack(">LLBBBBB", 96, 80, 8, 2, 0, 0, 1)
    ends = (png_chunk(b"IDAT", zlib.compress(rows)), png_chunk(b"IEND", b""))
    data = b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + b"".join(ends)
    np.testing.assert_array_equal(decode_image(data), noise)
    cut = decode_picture(data[: len(data) * 95 // 100])
    assert cut.notes == (PictureNote.INCOMPLETE,)
    np.testing.assert_array_equal(cut.pixels[:60], noise[:60])
    np.testing.assert_array_equal(cut.pixels[-1], noise[-2])


@pytest.mark.parametrize("strip_bytes", [None, 1, 1_000, 1_000_000])
@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_rows_are_the_same_however_many_are_decoded_at_once(
    mode: str, strip_bytes: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if strip_bytes is not None:  # otherwise all, for the picture is small
        monkeypatch.setattr("preprocessing.images.formats.png_small.MOST_PIXELS", 0)
        monkeypatch.setattr("preprocessing.images.formats.png_rows.STRIP_BYTES", strip_bytes)
    picture = Image.fromarray(RGB)
    if mode == "I;16":
        image = Image.fromarray(np.asarray(picture.convert("L"), np.uint16) * 257)
    else:
        image = picture.convert(mode)
    expected = np.asarray((picture.convert("L") if mode == "I;16" else image).convert("RGB"))
    np.testing.assert_array_equal(decode_here(encode(image, "PNG")).pixels, expected)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_few_of_16_bits_and_what_is_missing_change_no_other_pixel(channels: int) -> None:
    samples = np.random.default_rng(0).integers(0, 2**16, (80, 96, channels))
    samples[..., -1] |= 0xFF00 * (channels in (2, 4))  # hardly transparent
    samples = samples if channels > 1 else samples[..., 0]
    whole = decode_here(png(samples, depth=16)).pixels.astype(int)
    data = png(samples, depth=16)
    cut = decode_picture(data[: len(data) * 95 // 100])
    assert cut.notes == (PictureNote.INCOMPLETE,)
    np.testing.assert_array_equal(cut.pixels[:70], whole[:70])
    assert (cut.pixels[-1] == 255).all()
    if channels in (1, 3):
        twelve_bits = decode_here(png(samples // 16, depth=16)).pixels
        assert np.abs(twelve_bits - whole).max() <= 1


def test_a_file_of_far_too_many_chunks_is_refused() -> None:
    with pytest.raises(ImageDecodeError):
        decode_image(png(RGB, chunks=png_chunk(b"teSt", b"") * 300_000))
