import io
import math
import struct

import numpy as np
import pytest
from PIL import Image

from preprocessing.errors import ImageDecodeError, UnsupportedImageError
from preprocessing.images import canvas
from preprocessing.images.decode import decode_here, decode_image, decode_picture
from preprocessing.images.formats.jpeg_parts import take_apart
from preprocessing.images.formats.jpeg_pixels import Form, decode_samples
from preprocessing.images.types import PictureNote
from tests.tools.picture_files import NOISE_LEVELS, encode, jpeg, jpeg_segment
from tests.tools.profiles import adobe_rgb_profile


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
    ("options", "in_grey"), [({}, False), ({}, True), ({"icc_profile": adobe_rgb_profile()}, False)]
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
    np.testing.assert_array_equal(decoded.samples, decode_here(data).pixels)


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


def test_an_error_says_nothing_of_python() -> None:
    with pytest.raises(ImageDecodeError) as caught:
        decode_image(b"\xff\xd8\xff\xe0" + bytes(100))
    assert not any(mark in str(caught.value) for mark in ("<", "b'", "Error"))
