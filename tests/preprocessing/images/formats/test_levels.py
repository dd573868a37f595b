import numpy as np
import pytest

from preprocessing.images.decode import decode_image
from preprocessing.images.formats.levels import to_eight_bits
from tests.tools.picture_files import png, smooth_picture, tiff

GREY = np.asarray(smooth_picture().convert("L"))
RGB = np.asarray(smooth_picture())
# Of a slope, the thousandth at either end reaches so far.
TRIMMED_LEVELS = 8


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
@pytest.mark.parametrize("samples", [GREY, RGB], ids=["grey", "RGB"])
def test_fewer_bits_than_a_file_could_hold_are_scaled_by_what_is_there(
    bits: int, samples: np.ndarray
) -> None:
    white = 2**bits - 1
    values = np.round(samples / 255 * white).astype(np.uint16)
    files = [png(values, depth=16), *(tiff(values, order=order) for order in "<>")]
    for file in files:
        decoded = decode_image(file).astype(int)
        expected = samples if samples.ndim == 3 else np.repeat(samples[..., None], 3, axis=2)
        assert np.abs(decoded - expected).max() <= 1


@pytest.mark.parametrize(
    ("kind", "white"),
    [
        ("int8", 127), ("int16", 32_767), ("int16", 4_095), ("int32", 255), ("int32", 65_535),
        ("uint32", 255), ("uint32", 2**32 - 1), ("float16", 1), ("float32", 1), ("float32", 255),
        ("float32", 65_535), ("float64", 1),
    ],
)  # fmt: skip
@pytest.mark.parametrize("order", ["<", ">"])
def test_every_type_of_sample_has_its_white(kind: str, white: float, order: str) -> None:
    values = GREY / 255 * white
    samples = (values if kind.startswith("f") else values.round()).astype(kind)
    decoded = decode_image(tiff(samples, order=order)).astype(int)
    levels = 255 / white if white < 255 and not kind.startswith("f") else 1
    assert np.abs(decoded[..., 0] - GREY).max() <= max(1, levels)


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf, 1_000.0])
def test_a_broken_pixel_changes_nothing_but_itself(odd: float) -> None:
    values = (GREY / 255).astype(np.float32)
    values[0, 0] = odd
    decoded = decode_image(tiff(values))[..., 0].astype(int)
    difference = np.abs(decoded - GREY)
    difference[0, 0] = 0
    assert difference.max() <= 1


def test_a_broken_pixel_of_many_bits_changes_nothing_but_itself() -> None:
    values = GREY.astype(np.uint16) * 16
    values[0, 0] = 65_535
    decoded = decode_image(png(values, depth=16))[..., 0].astype(int)
    assert np.abs(decoded - GREY)[1:].max() <= 1
    assert decoded[0, 0] == 255


def test_numbers_below_zero_are_stretched() -> None:
    values = GREY.astype(np.float32) / 127.5 - 1
    decoded = decode_image(tiff(values))[..., 0].astype(int)
    stretched = (GREY - GREY.min()) * (255 / np.ptp(GREY))
    assert np.abs(decoded - stretched).max() <= TRIMMED_LEVELS


def test_opacity_has_no_part_in_where_white_is() -> None:
    values = np.dstack([GREY.astype(np.uint16) * 4, np.full(GREY.shape, 65_535, np.uint16)])
    decoded = decode_image(png(values, depth=16))[..., 0].astype(int)
    assert np.abs(decoded - GREY).max() <= 1


def test_white_that_a_file_names_is_white() -> None:
    dark = GREY // 4
    assert (to_eight_bits(dark, largest=63) == np.round(dark / 63 * 255)).all()


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_one_level_is_no_error(dtype: str) -> None:
    for value in (0, 1):
        decoded = decode_image(tiff(np.full((8, 8), value, dtype)))
        assert np.ptp(decoded) == 0


def test_nothing_but_numbers_that_are_none_is_black() -> None:
    assert decode_image(tiff(np.full((8, 8), np.nan, np.float32))).max() == 0
