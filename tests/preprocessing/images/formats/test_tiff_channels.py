import itertools
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from preprocessing.errors import ImageDecodeError
from preprocessing.images.decode import decode_image
from tests.tools.picture_files import encode, smooth_picture, tiff, tiff_block

PICTURE = smooth_picture(96, 80)
RGB = np.asarray(PICTURE)
GREY = RGB[..., 0]
HALF = np.full(GREY.shape, 128, np.uint8)
ON_WHITE = np.round(GREY * (128 / 255) + 255 * (127 / 255))
PHOTOMETRIC, PLANAR, PREDICTOR, EXTRA_SAMPLES = 262, 284, 317, 338
INKS, LAB, APART, DIFFERENCES = 5, 8, 2, 2
SCALES = {
    "uint8": 1, "uint16": 257, "uint32": 0x01010101,
    "float16": 1 / 255, "float32": 1 / 255, "float64": 1 / 255,
}  # fmt: skip


def as_samples(levels: np.ndarray, dtype: str) -> np.ndarray:
    return (levels.astype(float) * SCALES[dtype]).astype(dtype)


def apart(channels: np.ndarray, *, order: str = "<", tags: dict[int, int] | None = None) -> bytes:
    """A TIFF file with channels one after the other, each packed in strips of 16 rows."""
    height, width, count = channels.shape
    planes = np.moveaxis(channels, -1, 0).astype(channels.dtype.newbyteorder(order))
    strips = [
        zlib.compress(np.ascontiguousarray(plane[top : top + 16]).tobytes())
        for plane in planes
        for top in range(0, height, 16)
    ]
    places = np.cumsum([8, *map(len, strips)])
    numbers = [*places[:-1], *map(len, strips)]
    tables = struct.pack(f"{order}{len(numbers)}L", *numbers)
    said = {
        256: width, 257: height, 258: 8 * channels.dtype.itemsize, 259: 8, PHOTOMETRIC: 2,
        273: places[-1], 277: count, 278: 16, 279: places[-1] + 4 * len(strips), PLANAR: APART,
        339: {"u": 1, "f": 3}[channels.dtype.kind], **(tags or {}),
    }  # fmt: skip
    entries = [
        (tag, 4, len(strips) if tag in (273, 279) else 1, struct.pack(order + "L", said[tag]))
        for tag in sorted(said)
    ]
    return tiff_block(entries, order=order, body=b"".join(strips) + tables)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("dtype", SCALES)
def test_channels_that_are_stored_apart_are_put_together(dtype: str, order: str) -> None:
    np.testing.assert_array_equal(decode_image(apart(as_samples(RGB, dtype), order=order)), RGB)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_opacity_and_inks_that_are_stored_apart_are_heeded(dtype: str) -> None:
    both = as_samples(np.dstack([GREY, HALF]), dtype)
    decoded = decode_image(apart(both, tags={PHOTOMETRIC: 1, EXTRA_SAMPLES: 2}))
    assert np.abs(decoded[..., 0] - ON_WHITE).max() <= 1
    inks = PICTURE.convert("CMYK")
    decoded = decode_image(apart(as_samples(np.asarray(inks), dtype), tags={PHOTOMETRIC: INKS}))
    assert np.abs(decoded - np.asarray(inks.convert("RGB"), int)).max() <= 1


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float16", "float32"])
@pytest.mark.parametrize("meaning", [0, 1], ids=["white is zero", "black is zero"])
def test_grey_may_have_opacity(meaning: int, dtype: str) -> None:
    levels = GREY if meaning else 255 - GREY
    both = as_samples(np.dstack([levels, HALF]), dtype)
    decoded = decode_image(tiff(both, tags={PHOTOMETRIC: meaning, EXTRA_SAMPLES: 2}))
    assert np.abs(decoded[..., 0] - ON_WHITE).max() <= 1
    decoded = decode_image(tiff(both, tags={PHOTOMETRIC: meaning, EXTRA_SAMPLES: 0}))
    assert np.abs(decoded[..., 0].astype(int) - GREY).max() <= 1


@pytest.mark.parametrize("dtype", ["int8", "float16"])
def test_zero_may_be_white_also_where_samples_are_read_as_bytes(dtype: str) -> None:
    light = (255 - GREY) * (SCALES.get(dtype, 127 / 255))
    decoded = decode_image(tiff(light.astype(dtype), tags={PHOTOMETRIC: 0}))
    assert np.abs(decoded[..., 0].astype(int) - GREY).max() <= 3


@pytest.mark.parametrize(
    ("meaning", "channels", "dtype"),
    [
        *itertools.product((2,), (4,), ("uint8", "uint16", "float32", "float64")),
        *itertools.product((1,), (2, 4, 7), ("uint8", "uint16", "float32")),
        *itertools.product((2,), (5,), ("uint8", "uint16", "float32")),
        *itertools.product((INKS,), (5, 6), ("uint8", "uint16")),
    ],
)
def test_channels_that_are_no_colours_are_passed_over(
    meaning: int, channels: int, dtype: str
) -> None:
    inks = PICTURE.convert("CMYK")
    colours = {1: RGB[..., :1], 2: RGB, INKS: np.asarray(inks)}[meaning]
    seen = np.asarray(inks.convert("RGB")) if meaning == INKS else colours
    others = np.random.default_rng(0).integers(0, 256, (*GREY.shape, channels), np.uint8)
    samples = as_samples(np.concatenate([colours, others], axis=-1)[..., :channels], dtype)
    # What further channels are called: nothing, or of inks opacity.
    for extra in (0, 1, 2) if meaning == INKS else (0,):
        decoded = decode_image(tiff(samples, tags={PHOTOMETRIC: meaning, EXTRA_SAMPLES: extra}))
        assert np.abs(decoded.astype(int) - np.broadcast_to(seen, RGB.shape)).max() <= 1


def test_differences_of_neighbours_are_undone_channel_by_channel() -> None:
    both = np.dstack([GREY, np.full_like(GREY, 255)]).astype(np.uint16) * 257
    differences = np.diff(both, axis=1, prepend=np.uint16(0))
    tags = {PHOTOMETRIC: 1, PREDICTOR: DIFFERENCES, EXTRA_SAMPLES: 2}
    # libtiff undoes them in packed files only, and so does this.
    packed = zlib.compress(differences.astype("<u2").tobytes())
    plain = tiff(differences, tags={**tags, 259: 8, 279: len(packed)})
    file = plain[:8] + packed.ljust(differences.nbytes, b"\0") + plain[8 + differences.nbytes :]
    np.testing.assert_array_equal(decode_image(file)[..., 0], GREY)


def test_lab_of_16_bits_is_read_as_that_of_8() -> None:
    to_lab = ImageCms.buildTransform(
        ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"
    )
    lab = ImageCms.applyTransform(PICTURE, to_lab)
    assert isinstance(lab, Image.Image)
    of_8_bits = decode_image(encode(lab, "TIFF"))
    of_16_bits = decode_image(tiff(np.asarray(lab).astype(np.uint16) << 8, tags={PHOTOMETRIC: LAB}))
    np.testing.assert_array_equal(of_16_bits, of_8_bits)
    assert np.abs(of_8_bits.astype(int) - RGB).mean() < 2


def test_channels_that_do_not_fit_together_are_damaged() -> None:
    data = bytearray(apart(as_samples(RGB, "uint16")))
    data[8:300] = bytes(292)
    with pytest.raises(ImageDecodeError):
        decode_image(bytes(data))


def test_grey_of_bytes_may_be_multiplied_by_its_opacity() -> None:
    multiplied = np.dstack([np.round(GREY * (128 / 255)).astype(np.uint8), HALF])
    decoded = decode_image(tiff(multiplied, tags={PHOTOMETRIC: 1, EXTRA_SAMPLES: 1}))
    assert np.abs(decoded[..., 0] - ON_WHITE).max() <= 1


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_colours_that_are_multiplied_by_their_opacity_are_divided_by_it(dtype: str) -> None:
    opacity = np.broadcast_to(np.linspace(0, 1, RGB.shape[1])[:, None], (*RGB.shape[:2], 1))
    samples = np.dstack([RGB / 255 * opacity, opacity]).astype(dtype)
    decoded = decode_image(tiff(samples, tags={EXTRA_SAMPLES: 1}))
    np.testing.assert_allclose(decoded, RGB * opacity + 255 * (1 - opacity), atol=2)
