import io
import math
import struct
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from preprocessing.errors import ImageDecodeError, TooCostlyImageError, UnsupportedImageError
from preprocessing.images import canvas
from preprocessing.images.decode import decode_here, decode_image, decode_picture, to_grey
from preprocessing.images.formats import jpeg as jpeg_reader
from preprocessing.images.formats.jpeg_parts import take_apart
from preprocessing.images.formats.jpeg_pixels import Form, decode_samples
from preprocessing.images.formats.jpeg_scans import is_to_be_halved
from preprocessing.images.types import PictureNote
from tests.tools.picture_files import (
    encode,
    exif_block,
    jpeg_segment,
    smooth_picture,
    stored,
    tiff_block,
    with_segments,
)
from tests.tools.profiles import ADOBE_RGB, gamma_curve, rgb_profile

EXIF, COMMENT, APPLICATION_13 = 0xE1, 0xFE, 0xED
# A photo has noise; without any, a scan's last bytes hold most of its rows.
NOISE_LEVELS = 12
# Red, green and blue are rounded on the way from luma to grey.
ROUNDING_LEVELS = 1
ADOBE = rgb_profile(ADOBE_RGB, gamma_curve(2.2))
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
}


@pytest.fixture(scope="module")
def photo() -> Image.Image:
    """A picture with noise, of 160 x 160 pixels."""
    noise = np.random.default_rng(0).normal(0, NOISE_LEVELS, (160, 160, 3))
    samples = np.asarray(smooth_picture(160, 160)) + noise
    return Image.fromarray(samples.clip(0, 255).astype(np.uint8))


def jpeg(image: Image.Image, **options: object) -> bytes:
    return encode(image, "JPEG", quality=90, **options)


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


def test_junk_between_the_segments_of_a_header_is_passed_over(photo: Image.Image) -> None:
    data = jpeg(photo)
    for marker in (b"\xff\xdb", b"\xff\xda"):
        at = data.index(marker)
        file = data[:at] + b"junk" + data[at:]
        np.testing.assert_array_equal(decode_image(file), decode_image(data))


@pytest.mark.parametrize(
    "junk",
    [
        b"\n",
        b"\xef\xbb\xbf\r\n",
        bytes(128),
        b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n\r\n",
    ],
)
def test_junk_before_and_after_a_picture_is_passed_over(junk: bytes, photo: Image.Image) -> None:
    data = jpeg(photo)
    np.testing.assert_array_equal(decode_image(junk + data + junk), decode_image(data))
    assert decode_picture(junk + data + junk).notes == ()


def test_of_several_pictures_in_a_file_the_first_is_read(photo: Image.Image) -> None:
    data = encode(photo, "MPO", save_all=True, append_images=[photo.rotate(180)])
    np.testing.assert_array_equal(decode_image(data), decode_image(encode(photo, "JPEG")))


@pytest.mark.parametrize("options", [{}, {"subsampling": 0}, {"restart_marker_blocks": 3}])
@pytest.mark.parametrize("there", [0.93, 0.97, 0.995])
def test_a_picture_short_of_its_last_bytes_is_read(
    there: float, options: dict[str, int], photo: Image.Image
) -> None:
    data = jpeg(photo, **options)
    cut = decode_picture(data[: int(len(data) * there)])
    assert cut.notes == (PictureNote.INCOMPLETE,)
    # A row of blocks may be cut in the middle.
    sure = int(len(cut.pixels) * there) - 32
    np.testing.assert_array_equal(cut.pixels[:sure], decode_image(data)[:sure])


def test_without_its_end_marker_all_pixels_are_there(photo: Image.Image) -> None:
    for image in (photo, photo.resize((16, 16)), photo.convert("L"), photo.convert("CMYK")):
        data = jpeg(image)
        cut = decode_picture(data[:-2])
        assert cut.notes == (PictureNote.INCOMPLETE,)
        np.testing.assert_array_equal(cut.pixels, decode_image(data))


def test_grey_at_the_bottom_is_not_taken_for_missing(photo: Image.Image) -> None:
    samples = np.array(photo)
    samples[80:] = 128
    data = jpeg(Image.fromarray(samples))
    assert decode_picture(data).notes == ()
    assert decode_picture(data[:-2]).notes == (PictureNote.INCOMPLETE,)


@pytest.mark.parametrize("there", [0.3, 0.5, 0.8])
def test_a_picture_of_which_more_than_a_tenth_is_missing_is_refused(
    there: float, photo: Image.Image
) -> None:
    data = jpeg(photo)
    cut = data[: int(len(data) * there)]
    for damaged in (cut, cut + b"\xff\xd9", cut + bytes(len(data) - len(cut))):
        with pytest.raises(ImageDecodeError, match="missing"):
            decode_image(damaged)


def test_room_that_a_download_never_filled_is_no_picture(photo: Image.Image) -> None:
    data = jpeg(photo)
    whole = decode_picture(data[: len(data) * 97 // 100] + bytes(len(data) * 3 // 100))
    assert whole.notes == (PictureNote.INCOMPLETE,)


def test_a_progressive_picture_is_read_once_all_its_rows_have_detail(photo: Image.Image) -> None:
    data = jpeg(photo, progressive=True)
    whole = decode_image(data).astype(int)
    cut = decode_picture(data[: len(data) * 3 // 4])
    assert cut.notes == (PictureNote.INCOMPLETE,)
    assert np.abs(cut.pixels - whole).mean() < NOISE_LEVELS / 2
    with pytest.raises(ImageDecodeError, match="missing"):
        decode_image(data[: len(data) // 10])


def test_inks_are_read_with_and_without_adobe_s_mark(photo: Image.Image) -> None:
    data = jpeg(photo.convert("CMYK"))
    mark = data.index(b"Adobe") - 4
    for file in (data, data[:mark] + data[mark + 16 :]):
        assert np.abs(decode_image(file).astype(int) - np.asarray(photo)).mean() < NOISE_LEVELS / 2


def test_luma_and_chroma_of_inks_are_read(photo: Image.Image) -> None:
    # Adobe's fourth kind: three inks as luma and chroma, and black. Pillow stores them inverted.
    luma_chroma = np.asarray(Image.fromarray(255 - np.asarray(photo)).convert("YCbCr"))
    inks = np.dstack([255 - luma_chroma, np.zeros(luma_chroma.shape[:2], np.uint8)])
    data = bytearray(jpeg(Image.fromarray(inks, "CMYK"), subsampling=0))
    data[data.index(b"Adobe") + 11] = 2
    decoded = decode_image(bytes(data)).astype(int)
    assert np.abs(decoded - np.asarray(photo)).mean() < NOISE_LEVELS


def test_red_green_and_blue_stay_what_they_are(photo: Image.Image) -> None:
    decoded = decode_image(jpeg(photo, keep_rgb=True)).astype(int)
    assert np.abs(decoded - np.asarray(photo)).mean() < NOISE_LEVELS / 2


@pytest.mark.parametrize("factors", [0x12, 0x41])
def test_rare_samplings_of_colour_are_read(factors: int, photo: Image.Image) -> None:
    data = bytearray(jpeg(photo, subsampling=0))
    data[data.index(b"\xff\xc0") + 17] = factors  # of the last channel
    with Image.open(io.BytesIO(data)) as expected:
        np.testing.assert_array_equal(decode_image(bytes(data)), np.asarray(expected))


@pytest.mark.parametrize(
    ("options", "in_grey"), [({}, False), ({}, True), ({"icc_profile": ADOBE}, False)]
)
def test_a_picture_is_decoded_to_where_it_comes_out_of_the_box(
    options: dict[str, bytes], photo: Image.Image, monkeypatch: pytest.MonkeyPatch, *, in_grey: bool
) -> None:
    memory = np.zeros(160 * 160 * 3, np.uint8)
    monkeypatch.setattr(canvas, "maker", lambda shape: memory[: math.prod(shape)].reshape(shape))
    pixels = decode_here(jpeg(photo, **options), in_grey=in_grey).pixels
    assert np.shares_memory(pixels, memory)
    monkeypatch.undo()
    expected = decode_here(jpeg(photo, **options), in_grey=in_grey).pixels
    np.testing.assert_array_equal(pixels, expected)


def test_a_file_that_the_decoder_gives_up_after_a_warning_is_refused(photo: Image.Image) -> None:
    data = jpeg(photo, progressive=True)
    second = data.index(b"\xff\xc4", data.index(b"\xff\xda"))
    impossible = jpeg_segment(0xC4, b"\0" + b"\xff" * 16)
    with pytest.raises(ImageDecodeError):
        decode_here(data[:second] + b"junk" + impossible + data[second:])


def test_what_lay_where_a_picture_is_decoded_is_never_taken_for_it(photo: Image.Image) -> None:
    # The decoder stops at junk within the header, with a warning as of pixels that are flawed.
    data = jpeg(photo)
    at = data.index(b"\xff\xdb")
    file = data[:at] + b"junk" + data[at:]
    form = Form(is_grey=False, is_halved=False, is_reduced=False)
    decoded = decode_samples(file, take_apart(data), form, np.full((160, 160, 3), 77, np.uint8))
    np.testing.assert_array_equal(decoded, decode_here(data).pixels)


@pytest.mark.parametrize("channels", [1, 3])
def test_lossless_files_are_read(channels: int) -> None:
    numbers = range(1, channels + 1)
    table = b"\0" + bytes((1, 1)) + bytes(14) + b"\0\1"  # the bit 0 is no difference
    frame = struct.pack(">BHHB", 8, 16, 16, channels)
    scan = bytes((channels, *(byte for number in numbers for byte in (number, 0)), 1, 0, 0))
    data = b"".join(
        [
            b"\xff\xd8",
            jpeg_segment(0xC4, table),
            jpeg_segment(0xC3, frame + b"".join(bytes((number, 0x11, 0)) for number in numbers)),
            jpeg_segment(0xDA, scan),
            bytes(16 * 16 * channels // 8),
            b"\xff\xd9",
        ]
    )
    decoded = decode_image(data)
    assert decoded.shape == (16, 16, 3)
    assert (decoded == 128).all()


@pytest.mark.parametrize(("marker", "name"), [(0xC5, "Hierarchical"), (0xCB, "arithmetic")])
def test_rare_ways_to_code_are_refused_by_name(marker: int, name: str, photo: Image.Image) -> None:
    data = bytearray(jpeg(photo))
    data[data.index(b"\xff\xc0") + 1] = marker
    with pytest.raises(UnsupportedImageError, match=name):
        decode_image(bytes(data))


@pytest.mark.parametrize(("offset", "value"), [(4, 12), (9, 2)])
def test_rare_kinds_are_refused_by_name(offset: int, value: int, photo: Image.Image) -> None:
    data = bytearray(jpeg(photo))
    data[data.index(b"\xff\xc0") + offset] = value
    with pytest.raises(UnsupportedImageError, match="bits and"):
        decode_image(bytes(data))


@pytest.mark.parametrize(
    ("subsampling", "samples"), [("4:4:4", 3), ("4:2:2", 2), ("4:2:0", 1.5), ("4:1:1", 1.5)]
)
def test_samples_of_a_pixel_are_counted_over_all_channels(
    subsampling: str, samples: float, photo: Image.Image
) -> None:
    for progressive in (False, True):
        frame = take_apart(jpeg(photo, subsampling=subsampling, progressive=progressive)).frame
        assert (frame.samples_a_pixel, frame.is_progressive) == (samples, progressive)


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


@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("there", [1.0, 0.995])
def test_a_picture_that_is_halved_keeps_its_size_and_says_so(
    there: float, orientation: int, photo: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("preprocessing.images.formats.jpeg_scans.MOST_KEPT_BYTES", 160 * 159 * 7)
    upright = photo.crop((0, 0, 160, 159))
    data = jpeg(stored(upright, orientation), subsampling=0, progressive=True)
    exif = exif_block(struct.pack("<HH", orientation, 0))
    file = with_segments(data, jpeg_segment(EXIF, exif))
    decoded = decode_here(file[: int(there * len(file))])
    assert decoded.pixels.shape == (159, 160, 3)
    assert PictureNote.HALVED in decoded.notes
    assert (PictureNote.INCOMPLETE in decoded.notes) == (there < 1)
    assert np.abs(decoded.pixels.astype(int) - np.asarray(upright)).mean() < NOISE_LEVELS


def test_an_error_says_nothing_of_python() -> None:
    with pytest.raises(ImageDecodeError) as caught:
        decode_image(b"\xff\xd8\xff\xe0" + bytes(100))
    assert not any(mark in str(caught.value) for mark in ("<", "b'", "Error"))


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
    whole = reduced.whole.read()
    assert whole.shape == size[::-1]
    differs = np.abs(whole.astype(int) - to_grey(expected))
    # The luma of a colour that RGB has no room for is not that of the nearest one it has.
    assert np.quantile(differs, 0.99) <= ROUNDING_LEVELS


@pytest.mark.usefixtures("all_are_large")
def test_a_picture_with_colours_of_its_own_is_converted_before_it_is_grey(
    photo: Image.Image,
) -> None:
    data = jpeg(photo, icc_profile=ADOBE)
    assert not np.array_equal(decode_here(data).pixels, decode_here(jpeg(photo)).pixels)
    reduced = decode_here(data, may_reduce=True)
    assert reduced.whole is not None
    np.testing.assert_array_equal(reduced.whole.read(), to_grey(decode_here(data).pixels))


def test_the_whole_of_a_reduced_picture_comes_out_of_the_box_in_grey(photo: Image.Image) -> None:
    data = jpeg(photo.resize((6000, 4200)))
    reduced = decode_picture(data, may_reduce=True)
    assert reduced.pixels.shape == (2100, 3000, 3)
    assert reduced.whole is not None
    whole = reduced.whole.read()
    np.testing.assert_array_equal(whole, decode_here(data, in_grey=True).pixels)
    # Its memory is used again for the next picture.
    del whole, reduced
    np.testing.assert_array_equal(
        decode_picture(jpeg(photo)).pixels, decode_here(jpeg(photo)).pixels
    )


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
        data[data.index(b"\xff\xc0") + 17] = (
            0x12  # a sampling of colour that simplejpeg does not know
        )
    assert decode_image(bytes(data)).shape == (8000, 6000, 3)
