import struct
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from preprocessing.errors import ImageDecodeError, TooCostlyImageError
from preprocessing.images.decode import decode_here, decode_image, decode_picture, to_grey
from preprocessing.images.formats import jpeg as jpeg_reader
from preprocessing.images.formats.jpeg_parts import take_apart
from preprocessing.images.formats.jpeg_scans import is_to_be_halved
from preprocessing.images.types import PictureNote
from tests.tools.picture_files import NOISE_LEVELS, encode, exif_block, jpeg, stored
from tests.tools.profiles import adobe_rgb_profile

# Red, green and blue are rounded on the way from luma to grey.
ROUNDING_LEVELS = 1


@pytest.mark.parametrize(
    ("subsampling", "progressive", "is_halved"),
    [("4:4:4", False, False), ("4:2:0", True, False), ("4:4:4", True, True)],
)
def test_the_largest_pictures_whose_coefficients_take_much_are_halved(
    subsampling: str, photo: Image.Image, *, progressive: bool, is_halved: bool
) -> None:
    parts = take_apart(jpeg(photo, subsampling=subsampling, progressive=progressive))
    frame = replace(parts.frame, width=8_000, height=6_200)
    assert is_to_be_halved(len(parts.scans), frame) == is_halved
    with pytest.raises(TooCostlyImageError):
        is_to_be_halved(len(parts.scans), replace(frame, samples_a_pixel=4.0, is_progressive=True))


def test_a_dozen_scans_of_the_largest_pictures_are_read_and_no_more(photo: Image.Image) -> None:
    parts = take_apart(jpeg(photo, subsampling="4:2:0", progressive=True))
    frame = replace(parts.frame, width=8_000, height=6_200)
    assert not is_to_be_halved(12, frame)
    with pytest.raises(TooCostlyImageError):
        is_to_be_halved(15, frame)


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("there", [1.0, 0.995])
def test_a_picture_that_is_halved_keeps_its_size_and_says_so(
    there: float, orientation: int, photo: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("preprocessing.images.formats.jpeg_scans.MOST_KEPT_BYTES", 160 * 159 * 7)
    upright = photo.crop((0, 0, 160, 159))
    exif = exif_block(struct.pack("<HH", orientation, 0))
    file = jpeg(stored(upright, orientation), subsampling=0, progressive=True, exif=exif)
    decoded = decode_here(file[: int(there * len(file))])
    assert decoded.pixels.shape == (159, 160, 3)
    assert PictureNote.HALVED in decoded.notes
    assert (PictureNote.INCOMPLETE in decoded.notes) == (there < 1)
    assert np.abs(decoded.pixels.astype(int) - np.asarray(upright)).mean() < NOISE_LEVELS


@pytest.fixture
def all_are_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jpeg_reader, "LEAST_REDUCED_PIXELS", 0)


@pytest.mark.usefixtures("all_are_large")
@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
@pytest.mark.parametrize("size", [(160, 160), (157, 91), (33, 90)])
def test_a_large_picture_may_be_read_at_a_half_of_its_sides(
    size: tuple[int, int], orientation: int, mode: str, photo: Image.Image
) -> None:
    picture = photo.resize(size).convert(mode)
    data = jpeg(stored(picture, orientation), exif=exif_block(struct.pack("<HH", orientation, 0)))
    expected = decode_here(data).pixels
    reduced = decode_here(data, may_reduce=True)
    assert (reduced.width, reduced.height) == expected.shape[1::-1] == size
    assert reduced.pixels.shape == (-(-size[1] // 2), -(-size[0] // 2), 3)
    averaged = np.asarray(
        Image.fromarray(expected).resize(reduced.pixels.shape[1::-1], Image.Resampling.BOX)
    )
    assert np.abs(averaged.astype(int) - reduced.pixels).mean() < NOISE_LEVELS / 2
    assert reduced.whole is not None
    assert reduced.whole.read is not None
    whole = reduced.whole.read()
    assert whole.shape == size[::-1]
    differs = np.abs(whole.astype(int) - to_grey(expected))
    # The luma of a colour that RGB has no room for is not that of the nearest one it has.
    assert np.quantile(differs, 0.99) <= ROUNDING_LEVELS


@pytest.mark.usefixtures("all_are_large")
def test_a_picture_with_colours_of_its_own_is_converted_before_it_is_grey(
    photo: Image.Image,
) -> None:
    data = jpeg(photo, icc_profile=adobe_rgb_profile())
    assert not np.array_equal(decode_here(data).pixels, decode_here(jpeg(photo)).pixels)
    reduced = decode_here(data, may_reduce=True)
    assert reduced.whole is not None
    assert reduced.whole.read is not None
    np.testing.assert_array_equal(reduced.whole.read(), to_grey(decode_here(data).pixels))


@pytest.mark.usefixtures("all_are_large")
@pytest.mark.parametrize(("most", "is_read_again"), [(1_000_000, True), (99_999, False)])
def test_a_picture_with_too_many_scans_to_be_read_twice_is_halved_and_says_so(
    most: int,
    photo: Image.Image,
    monkeypatch: pytest.MonkeyPatch,
    *,
    is_read_again: bool,
) -> None:
    monkeypatch.setattr("preprocessing.images.formats.jpeg_scans.MOST_SCANNED_TWICE", most)
    data = jpeg(photo.resize((100, 100)), progressive=True)  # ten scans
    reduced = decode_here(data, may_reduce=True)
    assert reduced.pixels.shape == (50, 50, 3)
    assert (reduced.width, reduced.height) == (100, 100)
    assert reduced.whole is not None
    assert (reduced.whole.read is not None) == is_read_again
    assert (PictureNote.HALVED in reduced.notes) == (not is_read_again)


def test_the_whole_of_a_reduced_picture_comes_out_of_the_box_in_grey(photo: Image.Image) -> None:
    data = jpeg(photo.resize((6000, 4200)))
    reduced = decode_picture(data, may_reduce=True)
    assert reduced.pixels.shape == (2100, 3000, 3)
    assert reduced.whole is not None
    assert reduced.whole.read is not None
    whole = reduced.whole.read()
    np.testing.assert_array_equal(whole, decode_here(data, in_grey=True).pixels)
    # Its memory is used again for the next picture.
    del whole, reduced
    np.testing.assert_array_equal(
        decode_picture(jpeg(photo)).pixels, decode_here(jpeg(photo)).pixels
    )


def test_a_picture_that_is_halved_comes_out_of_the_box_once(photo: Image.Image) -> None:
    reduced = decode_picture(jpeg(photo.resize((6000, 4200)), progressive=True), may_reduce=True)
    assert reduced.notes == (PictureNote.HALVED,)
    assert reduced.whole is not None
    assert (reduced.width, reduced.height, reduced.whole.read) == (6000, 4200, None)


def test_small_pictures_are_read_whole(photo: Image.Image) -> None:
    decoded = decode_here(jpeg(photo), may_reduce=True)
    assert decoded.whole is None
    assert (decoded.width, decoded.height) == photo.size


@pytest.mark.usefixtures("all_are_large")
def test_inks_are_read_whole(photo: Image.Image) -> None:
    decoded = decode_here(jpeg(photo.convert("CMYK")), may_reduce=True)
    assert decoded.whole is None
    assert decoded.pixels.shape == (160, 160, 3)


@pytest.mark.usefixtures("all_are_large")
def test_a_large_picture_that_is_cut_is_read_at_a_half_of_its_sides(photo: Image.Image) -> None:
    data = jpeg(photo)
    cut = data[: len(data) * 95 // 100]
    reduced, enlarged = decode_here(cut, may_reduce=True), decode_here(cut)
    assert reduced.notes == (PictureNote.INCOMPLETE, PictureNote.HALVED)
    assert reduced.pixels.shape == (80, 80, 3)
    assert enlarged.notes == reduced.notes
    assert enlarged.pixels.shape == (160, 160, 3)
    sure = 160 * 90 // 100 - 32
    assert np.abs(enlarged.pixels[:sure].astype(int) - decode_here(data).pixels[:sure]).mean() < 8
    with pytest.raises(ImageDecodeError, match="missing"):
        decode_here(data[: len(data) * 80 // 100], may_reduce=True)


def test_a_large_picture_that_is_cut_has_the_memory_that_it_takes() -> None:
    side = 5_000  # of one megapixel more than are read whole
    data = jpeg(Image.new("RGB", (side, side), "teal"))
    cut = decode_picture(data[: len(data) * 97 // 100], may_reduce=True)
    assert (cut.width, cut.height) == (side, side)
    assert PictureNote.INCOMPLETE in cut.notes


@pytest.mark.parametrize("mode", ["CMYK", "RGB"])
def test_the_largest_pictures_that_pillow_reads_have_the_memory_that_they_take(mode: str) -> None:
    turned = exif_block(struct.pack("<HH", 6, 0))
    data = bytearray(encode(Image.new(mode, (8000, 6000)), "JPEG", exif=turned, subsampling=0))
    if mode == "RGB":
        # A sampling of colour that simplejpeg does not know.
        data[data.index(b"\xff\xc0") + 17] = 0x12
    assert decode_image(bytes(data)).shape == (8000, 6000, 3)
