import itertools
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from preprocessing.errors import ImageDecodeError, TooCostlyImageError, UnsupportedImageError
from preprocessing.images.decode import decode_here, decode_image, decode_picture
from preprocessing.images.types import PictureNote
from tests.tools.costly.tiff_tags import pixel_entries, tiff_file
from tests.tools.picture_files import encode, smooth_picture, stored, tiff, tiff_block

PICTURE = smooth_picture(96, 80)
RGB = np.asarray(PICTURE)
ORIENTATION, PHOTOMETRIC, EXTRA_SAMPLES, COMPRESSION = 274, 262, 338, 259
WIDTH, STRIP_OFFSETS, KIND = 256, 273, 254
LOSSLESS = (None, "tiff_lzw", "tiff_deflate", "tiff_adobe_deflate", "packbits", "lzma", "zstd")


@pytest.mark.parametrize("compression", LOSSLESS)
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK", "LAB", "P", "LA", "RGBA"])
def test_every_packing_is_read(mode: str, compression: str | None) -> None:
    image = PICTURE.convert(mode)
    if mode == "LAB":
        image = Image.merge("LAB", PICTURE.convert("YCbCr").split())
    decoded = decode_image(encode(image, "TIFF", compression=compression)).astype(int)
    assert np.abs(decoded - np.asarray(image.convert("RGB"))).max() <= 1


@pytest.mark.parametrize("compression", ["group3", "group4", "tiff_lzw", "packbits"])
def test_black_and_white_is_read(compression: str) -> None:
    image = PICTURE.convert("1")
    decoded = decode_image(encode(image, "TIFF", compression=compression))
    np.testing.assert_array_equal(decoded, np.asarray(image.convert("RGB")))


def test_a_page_of_fax_that_ends_too_early_shows_nothing_of_what_lay_in_memory() -> None:
    strip = b"\xff" * 40 + b"\x00\x10\x01"
    entries = pixel_entries(1_600, 1_200, packing=4, length=len(strip), bits=1)
    data = tiff_file(entries, strip)
    shown = []
    for letter in (b"a", b"z"):
        before = [letter * (1_600 * 1_200 // 8) for _ in range(9)]
        del before
        shown.append(decode_here(data).pixels)
    np.testing.assert_array_equal(*shown)


def test_jpeg_inside_is_read() -> None:
    decoded = decode_image(encode(PICTURE, "TIFF", compression="jpeg", quality=95)).astype(int)
    assert np.abs(decoded - RGB).mean() < 3


@pytest.mark.parametrize("subsampling", ["4:2:0", "4:2:2"])
def test_jpeg_inside_may_be_called_rgb_though_it_has_fewer_samples_of_colour(
    subsampling: str,
) -> None:
    strip = encode(PICTURE, "JPEG", quality=95, subsampling=subsampling)
    data = tiff_file(pixel_entries(96, 80, packing=7, length=len(strip), channels=3), strip)
    assert np.abs(decode_image(data).astype(int) - RGB).mean() < 3
    with pytest.raises(UnsupportedImageError):
        decode_image(data.replace(b"\xff\xda", b"\xff\xd9"))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "float32", "float64"])
def test_zero_may_be_white(dtype: str, order: str) -> None:
    white = 1 if dtype.startswith("float") else np.iinfo(dtype).max
    inverted = ((255 - RGB[..., 0]) * (white / 255)).astype(dtype)
    decoded = decode_image(tiff(inverted, order=order, tags={PHOTOMETRIC: 0}))
    np.testing.assert_array_equal(decoded[..., 0], RGB[..., 0])


@pytest.mark.parametrize(("meaning", "is_opacity"), [(0, False), (1, True), (2, True)])
def test_a_fourth_channel_is_opacity_where_the_file_says_so(
    meaning: int, *, is_opacity: bool
) -> None:
    opacity = np.full(RGB.shape[:2], 128, np.uint8)
    rgb = RGB // 2 if meaning == 1 else RGB  # multiplied by opacity before
    decoded = decode_image(tiff(np.dstack([rgb, opacity]), tags={EXTRA_SAMPLES: meaning}))
    expected = RGB * (128 / 255) + 255 * (127 / 255) if is_opacity else RGB
    assert np.abs(decoded - expected).max() <= 2


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_upright(orientation: int) -> None:
    samples = np.asarray(stored(PICTURE, orientation))
    data = tiff(samples, tags={ORIENTATION: orientation})
    np.testing.assert_array_equal(decode_image(data), RGB)


@pytest.mark.parametrize("orientation", [0, 9, 65_535])
def test_an_orientation_that_is_none_changes_nothing(orientation: int) -> None:
    np.testing.assert_array_equal(decode_image(tiff(RGB, tags={ORIENTATION: orientation})), RGB)


def test_of_several_pages_the_first_is_read() -> None:
    data = encode(PICTURE, "TIFF", save_all=True, append_images=[PICTURE.rotate(180)])
    decoded = decode_picture(data)
    np.testing.assert_array_equal(decoded.pixels, RGB)
    assert decoded.notes == (PictureNote.MORE_PICTURES,)


def chained(*pages: tuple[np.ndarray, dict[int, int]], order: str) -> bytes:
    """A file of several pages, each of samples and further tags."""
    file = b""
    for samples, tags in pages:
        page = tiff(samples, order=order, tags={STRIP_OFFSETS: len(file) + 8, **tags})
        (start,) = struct.unpack_from(order + "L", page, 4)
        file = file and file[:-4] + struct.pack(order + "L", len(file) + start)
        file += page
    return file


@pytest.mark.parametrize("order", ["<", ">"])
def test_previews_and_masks_of_other_pages_are_passed_over(order: str) -> None:
    preview, mask = (RGB[::2, ::2], {KIND: 1}), (RGB[..., 0], {KIND: 4})
    data = chained(preview, mask, (RGB, {}), (RGB[::-1], {}), order=order)
    np.testing.assert_array_equal(decode_image(data), RGB)
    before, after = chained(preview, (RGB, {}), order=order), chained((RGB, {}), mask, order=order)
    assert decode_picture(before).notes == decode_picture(after).notes == ()
    alone = chained(preview, mask, order=order)
    np.testing.assert_array_equal(decode_image(alone), RGB[::2, ::2])
    sensor = (RGB[..., 0], {PHOTOMETRIC: 32_803})
    np.testing.assert_array_equal(decode_image(chained(preview, sensor, order=order)), preview[0])
    # A preview that says that it comes after itself.
    (start,) = struct.unpack_from(order + "L", alone, 4)
    (count,) = struct.unpack_from(order + "H", alone, start)
    endless = bytearray(alone)
    struct.pack_into(order + "L", endless, start + 2 + 12 * count, start)
    np.testing.assert_array_equal(decode_image(bytes(endless)), preview[0])


@pytest.mark.parametrize(
    "tags",
    [{255: 2}, {WIDTH: 0}, {STRIP_OFFSETS: 0, 513: 8}],
    ids=["preview by the old tag", "metadata", "preview beside EXIF"],
)
def test_pages_that_are_no_pictures_do_not_count(tags: dict[int, int]) -> None:
    assert decode_picture(chained((RGB, {}), (RGB[::2, ::2], tags), order="<")).notes == ()


def test_a_page_that_says_that_it_follows_itself_is_one() -> None:
    order = "<"
    data = bytearray(chained((RGB, {}), order=order))
    (start,) = struct.unpack_from(order + "L", data, 4)
    (count,) = struct.unpack_from(order + "H", data, start)
    struct.pack_into(order + "L", data, start + 2 + 12 * count, start)
    assert decode_picture(bytes(data)).notes == ()


@pytest.mark.parametrize("tag", [270, 315, 700, 33_432, 34_377, 37_724])
def test_tags_of_any_size_change_nothing(tag: int) -> None:
    # Tags that all point at the same megabyte.
    data = tiff(RGB)
    start = struct.unpack_from("<L", data, 4)[0]
    count = struct.unpack_from("<H", data, start)[0]
    entries = data[start + 2 : start + 2 + 12 * count]
    at = len(data) + 12 * 500
    more = struct.pack("<HHLL", tag, 7, 1_000_000, at) * 500
    directory = struct.pack("<H", count + 500) + entries + more + bytes(4)
    file = data[:4] + struct.pack("<L", len(data)) + data[8:] + directory + bytes(1_000_100)
    np.testing.assert_array_equal(decode_image(file), RGB)


@pytest.mark.parametrize("packing", [1, 8], ids=["plain", "deflate"])
def test_rows_that_are_missing_are_white(packing: int) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (400, 96), np.uint8)
    strips = [row_group.tobytes() for row_group in np.split(noise, 40)]
    strips = strips if packing == 1 else [zlib.compress(strip) for strip in strips]
    start = 8 + 2 + 12 * 8 + 4
    counts = [len(strip) for strip in strips]
    offsets = [start + 320 + before for before in itertools.accumulate([0, *counts[:-1]])]
    tags = (
        (256, 1, 96), (257, 1, 400), (258, 1, 8), (259, 1, packing), (262, 1, 1),
        (273, 40, start), (278, 1, 10), (279, 40, start + 160),
    )  # fmt: skip
    directory = b"".join(struct.pack("<HHLL", tag, 4, count, value) for tag, count, value in tags)
    head = b"II*\0" + struct.pack("<LH", 8, 8) + directory + bytes(4)
    data = head + struct.pack("<80L", *offsets, *counts) + b"".join(strips)
    np.testing.assert_array_equal(decode_image(data)[..., 0], noise)
    cut = decode_picture(data[: len(data) * 95 // 100])
    assert cut.notes == (PictureNote.INCOMPLETE,)
    np.testing.assert_array_equal(cut.pixels[:370, :, 0], noise[:370])
    assert (cut.pixels[-1] == 255).all()
    with pytest.raises(ImageDecodeError, match="missing"):
        decode_image(data[: len(data) // 2])


def test_sizes_of_strips_that_make_no_sense_take_no_memory() -> None:
    for size in (0xFFFFFFFF, 0x7FFFFFFF, 0):
        np.testing.assert_array_equal(decode_image(tiff(RGB, tags={279: size})), RGB)


def test_a_strip_for_which_there_is_no_memory_is_costly_and_not_damaged() -> None:
    side, channels = 6_000, 3
    packer, row = zlib.compressobj(1), bytes(2 * side * channels)
    packed = b"".join([packer.compress(row) for _ in range(side)] + [packer.flush()])
    entries = pixel_entries(side, side, packing=8, length=len(packed), channels=channels, bits=16)
    with pytest.raises(TooCostlyImageError):
        decode_image(tiff_file(entries, packed))


def test_packings_that_are_not_known_are_refused_by_name() -> None:
    for packing in (34_712, 34_887, 50_002):  # JPEG 2000, LERC, JPEG XL
        with pytest.raises(UnsupportedImageError, match="TIFF"):
            decode_image(tiff(RGB, tags={COMPRESSION: packing}))


@pytest.mark.parametrize(
    "tags", [{50_706: 0x0401}, {254: 1, 330: 8}], ids=["DNG", "a preview before other pages"]
)
def test_raw_files_of_cameras_are_named(tags: dict[int, int]) -> None:
    with pytest.raises(UnsupportedImageError, match="raw file"):
        decode_image(tiff(RGB, tags=tags))


def test_raw_files_of_canon_are_named() -> None:
    data = tiff(RGB)
    with pytest.raises(UnsupportedImageError, match="raw file"):
        decode_image(data[:8] + b"CR\2\0" + data[12:])


def test_a_preview_alone_is_a_picture() -> None:
    np.testing.assert_array_equal(decode_image(tiff(RGB, tags={254: 1})), RGB)


def test_a_directory_without_a_picture_is_damaged() -> None:
    with pytest.raises(ImageDecodeError):
        decode_image(tiff_block([]))
