"""GIF and WebP: the first frame that shows anything, on its canvas."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from preprocessing.errors import ImageDecodeError
from preprocessing.images.decode import decode_image, decode_picture
from preprocessing.images.formats.gif import MOST_BLOCKS
from preprocessing.images.types import PictureNote
from tests.tools.picture_files import encode, exif_block, smooth_picture, stored
from tests.tools.profiles import SRGB, gamma_curve, rgb_profile

PICTURE = smooth_picture(96, 80)
RGB = np.asarray(PICTURE)
INDEXED = PICTURE.quantize(64)
COLOURS = np.asarray(INDEXED.convert("RGB"))
# A palette that is made anew may have other colours.
PALETTE_LEVELS = 8
SIX = exif_block(struct.pack("<HH", 6, 0))


def three_bytes(value: int) -> bytes:
    return struct.pack("<L", value)[:3]


def webp(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"".join(
        name + struct.pack("<L", len(content)) + content + bytes(len(content) % 2)
        for name, content in chunks
    )
    return b"RIFF" + struct.pack("<L", 4 + len(body)) + b"WEBP" + body


def lossless() -> tuple[bytes, bytes]:
    data = encode(PICTURE, "WEBP", lossless=True)
    (length,) = struct.unpack_from("<L", data, 16)
    return b"VP8L", data[20 : 20 + length]


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_of_an_animation_the_first_frame_is_read_and_it_is_said_that_there_are_more(
    kind: str,
) -> None:
    first = INDEXED if kind == "GIF" else PICTURE
    options = {"lossless": True} if kind == "WEBP" else {}
    for others, notes in (([], ()), ([first.rotate(180)], (PictureNote.MORE_PICTURES,))):
        data = encode(first, kind, save_all=True, append_images=others, duration=100, **options)
        decoded = decode_picture(data)
        np.testing.assert_array_equal(decoded.pixels, np.asarray(first.convert("RGB")))
        assert decoded.notes == notes


def test_more_blocks_than_any_file_has_are_not_walked_through() -> None:
    data = encode(INDEXED, "GIF", save_all=True, append_images=[INDEXED.rotate(180)])
    second = data.rindex(b"\x21\xf9\x04")
    decoded = decode_picture(data[:second] + b"\x21\xfe\0" * MOST_BLOCKS + data[second:])
    np.testing.assert_array_equal(decoded.pixels, np.asarray(INDEXED.convert("RGB")))
    assert decoded.notes == ()


@pytest.mark.parametrize(("empty", "is_found"), [(1, True), (3, True), (12, False)])
@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_empty_frames_are_passed_over_but_not_without_end(
    kind: str, empty: int, *, is_found: bool
) -> None:
    shown = INDEXED.convert("RGBA")
    # Frames that are alike become one.
    clear = [Image.new("RGBA", shown.size, (each, 0, 0, 0)) for each in range(empty)]
    options = {"disposal": 2} if kind == "GIF" else {"lossless": True, "exact": True}
    frames = [*clear, shown, shown.rotate(180)]
    durations = list(range(100, 100 + 10 * len(frames), 10))
    data = encode(
        frames[0], kind, save_all=True, append_images=frames[1:], duration=durations, **options
    )
    with Image.open(io.BytesIO(data)) as image:
        assert image.n_frames == len(frames)
    decoded = decode_image(data)
    is_shown = bool((np.abs(decoded.astype(int) - COLOURS) <= PALETTE_LEVELS).all())
    assert is_shown == is_found


@pytest.mark.parametrize("colour", ["black", "white", "#3050f0"])
@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_of_an_animation_that_fades_in_a_frame_of_one_colour_is_passed_over(
    kind: str, colour: str
) -> None:
    plain = Image.new("RGB", PICTURE.size, colour)
    frames = [plain, PICTURE, PICTURE.rotate(180)]
    options = {"lossless": True} if kind == "WEBP" else {}
    data = encode(plain, kind, save_all=True, append_images=frames[1:], duration=100, **options)
    decoded = decode_image(data).astype(int)
    assert np.abs(decoded - RGB).mean() < PALETTE_LEVELS
    alone = decode_image(encode(plain, kind, **options))
    assert (alone == alone[0, 0]).all()
    other = Image.new("RGB", PICTURE.size, "#101010")
    only_plain = encode(plain, kind, save_all=True, append_images=[other], **options)
    assert (decode_image(only_plain) == alone[0, 0]).all()


def test_a_first_frame_smaller_than_the_canvas_lies_on_white() -> None:
    gif = bytearray(encode(INDEXED, "GIF", interlace=0))
    gif[6:10] = struct.pack("<HH", 140, 120)
    at = gif.index(b"\x2c\0\0\0\0")
    gif[at + 1 : at + 5] = struct.pack("<HH", 20, 30)
    name, pixels = lossless()
    frame = three_bytes(10) + three_bytes(15) + three_bytes(95) + three_bytes(79) + bytes(4)
    inside = name + struct.pack("<L", len(pixels)) + pixels + bytes(len(pixels) % 2)
    header = bytes((2, 0, 0, 0)) + three_bytes(139) + three_bytes(119)
    anim = webp((b"VP8X", header), (b"ANIM", bytes(6)), (b"ANMF", frame + inside))
    for data, expected in ((bytes(gif), COLOURS), (anim, RGB)):
        decoded = decode_image(data)
        assert decoded.shape == (120, 140, 3)
        np.testing.assert_array_equal(decoded[30:110, 20:116], expected)
        assert (decoded[:30] == 255).all()
        assert (decoded[:, :20] == 255).all()


@pytest.mark.parametrize("interlace", [0, 1])
def test_a_gif_s_transparent_colour_is_white(interlace: int) -> None:
    clear = INDEXED.getpixel((5, 5))
    decoded = decode_image(encode(INDEXED, "GIF", transparency=clear, interlace=interlace))
    is_clear = np.asarray(INDEXED) == clear
    assert (decoded[is_clear] == 255).all()
    np.testing.assert_array_equal(decoded[~is_clear], COLOURS[~is_clear])


def test_a_canvas_that_is_too_small_grows() -> None:
    gif = bytearray(encode(INDEXED, "GIF"))
    for size in ((0, 0), (10, 300)):
        gif[6:10] = struct.pack("<HH", *size)
        decoded = decode_image(bytes(gif))
        np.testing.assert_array_equal(decoded[:80, :96], COLOURS)


def test_comments_of_any_size_change_nothing() -> None:
    data = encode(INDEXED, "GIF")
    at = data.index(b"\x2c\0\0\0\0")
    comment = b"\x21\xfe" + (b"\xff" + b"A" * 255) * 40_000 + b"\0"
    np.testing.assert_array_equal(decode_image(data[:at] + comment + data[at:]), COLOURS)
    many = b"\x21\xfe" + b"\1A" * 300_000 + b"\0"
    with pytest.raises(ImageDecodeError):
        decode_image(data[:at] + many + data[at:])


@pytest.mark.parametrize(
    "exif", [SIX, SIX[6:], b"abcdefgh", b"", b"Exif\0\0", b"MM\0*" + b"\xff" * 9]
)
def test_webp_s_orientation_is_heeded_where_it_is_one(exif: bytes) -> None:
    is_one = exif.endswith(SIX[6:])
    image = stored(PICTURE, 6) if is_one else PICTURE
    data = encode(image, "WEBP", lossless=True)
    (length,) = struct.unpack_from("<L", data, 16)
    header = bytes((8, 0, 0, 0)) + three_bytes(image.width - 1) + three_bytes(image.height - 1)
    file = webp((b"VP8X", header), (data[12:16], data[20 : 20 + length]), (b"EXIF", exif))
    np.testing.assert_array_equal(decode_image(file), RGB)


def test_webp_s_profile_is_heeded_where_its_flag_is_set() -> None:
    profile = rgb_profile(SRGB, gamma_curve(1.0))
    sides = bytes(3) + three_bytes(PICTURE.width - 1) + three_bytes(PICTURE.height - 1)
    for flags, is_heeded in ((0x20, True), (0x18, False)):
        file = webp((b"VP8X", bytes((flags,)) + sides), (b"ICCP", profile), lossless())
        assert (decode_image(file) != RGB).any() == is_heeded
    for chunks in (
        (lossless(), (b"ICCP", profile)),
        ((b"VP8X", b""), (b"ICCP", profile), lossless()),
    ):
        np.testing.assert_array_equal(decode_image(webp(*chunks)), RGB)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("options", [{"quality": 95}, {"lossless": True}])
def test_a_webp_short_of_its_last_bytes_is_read(mode: str, options: dict[str, object]) -> None:
    noise = np.random.default_rng(0).normal(0, 12, RGB.shape)
    image = Image.fromarray((RGB + noise).clip(0, 255).astype(np.uint8)).convert(mode)
    data = encode(image, "WEBP", **options)
    whole = decode_image(data).astype(int)
    cut = decode_picture(data[: len(data) * 97 // 100])
    assert cut.notes == (PictureNote.INCOMPLETE,)
    assert np.abs(cut.pixels[:60] - whole[:60]).mean() < 1
    with pytest.raises(ImageDecodeError, match="missing"):
        decode_image(data[: len(data) * 3 // 4])


def test_a_gif_short_of_its_last_bytes_is_read() -> None:
    data = encode(INDEXED, "GIF", interlace=0)
    cut = decode_picture(data[: len(data) * 95 // 100])
    assert cut.notes == (PictureNote.INCOMPLETE,)
    np.testing.assert_array_equal(cut.pixels[:70], COLOURS[:70])
    with pytest.raises(ImageDecodeError, match="missing"):
        decode_image(data[: len(data) // 2])
    np.testing.assert_array_equal(decode_image(data[:-1]), COLOURS)
