"""Every way in which a Python program has a picture is read, or refused with what to do."""

import io
import os
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image

from preprocessing.errors import ImageDecodeError
from preprocessing.images.decode import decode_image
from preprocessing.images.sample import sample_photo_path
from serving.inference.given_picture import read_given

SIDE = 24
SIXTEEN_BITS = 257
# Kinds of values in EXIF data.
ASCII, SIGNED = 2, 9
# JPEG and PNG differ by what is rounded on the way from and to other colours.
ROUNDING = 4


def read_rgb(picture: Any) -> np.ndarray:
    read = read_given(picture)
    return decode_image(read) if isinstance(read, bytes) else read


@pytest.fixture
def grey() -> np.ndarray:
    return np.add.outer(np.arange(SIDE), np.arange(2 * SIDE)).astype(np.uint8) * 3


@pytest.fixture
def rgb(grey: np.ndarray) -> np.ndarray:
    return np.dstack([grey, grey[::-1], 255 - grey])


def test_bytes_and_open_files_are_read_as_the_file_is() -> None:
    path = sample_photo_path()
    data = path.read_bytes()
    with path.open("rb") as file:
        assert read_given(file) == data
        with pytest.raises(ImageDecodeError, match=r"seek\(0\)"):
            read_given(file)
    for given in (bytearray(data), memoryview(data), io.BytesIO(data), str(path), path):
        assert read_given(given) == data


def test_grey_arrays_are_read_with_and_without_a_third_axis(grey: np.ndarray) -> None:
    for given in (grey, grey[..., None], np.asfortranarray(grey), grey.view(np.matrix)):
        assert np.array_equal(read_rgb(given), np.dstack([grey] * 3))


def test_what_is_transparent_in_an_array_lies_on_white(rgb: np.ndarray) -> None:
    opacity = np.full(rgb.shape[:2], 255, np.uint8)
    opacity[: SIDE // 2] = 0
    expected = np.where(opacity[..., None] == 0, 255, rgb)
    assert np.array_equal(read_rgb(np.dstack([rgb, opacity])), expected)


def test_a_tensor_is_read_as_its_array(rgb: np.ndarray) -> None:
    class Tensor:
        def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:  # noqa: FBT001
            return np.array(rgb, dtype, copy=copy)

    assert np.array_equal(read_rgb(Tensor()), rgb)


@pytest.mark.parametrize(
    "mode",
    ["1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBa", "RGBX", "CMYK", "YCbCr", "HSV", "LAB"],
)
def test_every_mode_of_pillow_is_read(mode: str, rgb: np.ndarray) -> None:
    through = {"La": "LA", "PA": "P", "RGBa": "RGBA"}.get(mode, mode)
    picture = Image.fromarray(rgb)
    if mode == "LAB":
        picture = Image.merge("LAB", Image.fromarray(rgb).split())
    else:
        picture = picture.convert(through).convert(mode)
    assert picture.mode == mode
    expected = np.asarray(picture.convert(through).convert("RGB"))
    assert np.allclose(read_rgb(picture), expected, atol=ROUNDING)


@pytest.mark.parametrize(
    ("tag", "kind", "value"),
    [
        (ExifTags.Base.XResolution, ASCII, b"72\0\0"),
        (ExifTags.Base.Orientation, ASCII, b"1\0\0\0"),
        (ExifTags.Base.ImageWidth, SIGNED, b"\xfb\xff\xff\xff"),
    ],
)
def test_exif_data_that_pillow_cannot_write_again_does_no_harm(
    tag: int, kind: int, value: bytes, rgb: np.ndarray
) -> None:
    count = len(value) if kind == ASCII else 1
    directory = struct.pack("<HHHI4sI", 1, tag, kind, count, value, 0)
    file = io.BytesIO()
    exif = b"Exif\0\0II*\0\x08\0\0\0" + directory
    Image.fromarray(rgb).save(file, "JPEG", exif=exif)
    picture = Image.open(file)
    assert picture.getexif()
    assert read_rgb(picture).shape == rgb.shape
    file = io.BytesIO()
    Image.fromarray(rgb).save(file, "JPEG", exif=b"Exif\0\0no directory")
    assert read_rgb(Image.open(file)).shape == rgb.shape


@pytest.mark.parametrize("modes", [("RGBA",), ("RGBA", "RGBa"), ("LA",), ("LA", "La"), ("PA",)])
def test_the_transparent_parts_of_every_mode_lie_on_white(modes: tuple[str, ...]) -> None:
    picture = Image.new("RGBA", (SIDE, SIDE), (0, 0, 0, 255))
    picture.paste((0, 0, 0, 0), (0, 0, SIDE // 2, SIDE))
    for mode in modes:
        picture = picture.convert(mode)
    seen = read_rgb(picture)
    assert (seen[:, : SIDE // 2] == 255).all()
    assert (seen[:, SIDE // 2 :] == 0).all()


@pytest.mark.parametrize(
    ("mode", "numbers"),
    [
        ("I;16", "<u2"),
        ("I;16L", "<u2"),
        ("I;16B", ">u2"),
        ("I;16N", "=u2"),
        ("I", "i4"),
        ("F", "f4"),
    ],
)
def test_grey_of_more_than_8_bits_keeps_its_levels(
    mode: str, numbers: str, grey: np.ndarray
) -> None:
    levels = (grey.astype(np.uint16) * SIXTEEN_BITS).astype(numbers)
    picture = Image.frombytes(mode, grey.shape[::-1], levels.tobytes())
    assert np.abs(read_rgb(picture)[..., 0].astype(int) - grey).max() <= 1


@pytest.mark.parametrize(
    ("wrong", "remedy"),
    [
        (np.zeros((4, 5, 3), np.float32), r"\(array \* 255\)"),
        (np.full((4, 5), 255.0), r"array\.clip"),
        (np.full((4, 5), np.nan), "Received: float64"),
        (np.array([[np.nan, 0.5], [1, 0]]), r"\(array \* 255\)"),
        (np.array([[-1, 0.5], [1, 0]]), r"\(array \+ 1\) \* 127\.5"),
        (np.array([[-2.1, 0.5], [2.6, 0]]), r"array \* std \+ mean"),
        (np.full((4, 5, 3), 65_535, np.uint16), "array // 257"),
        (np.full((4, 5, 3), 255, np.uint16), r"array\.clip"),
        ("", "The path is empty"),
        (np.zeros((4, 5), bool), r"\* 255"),
        (np.zeros((4, 5, 3), np.int64), r"array\.clip"),
        (np.zeros((3, 5, 6), np.uint8), r"transpose\(1, 2, 0\)"),
        (np.zeros((1, 4, 5, 3), np.uint8), "one picture at a time"),
        (np.zeros((4, 5, 2), np.uint8), "Received: uint8"),
        (np.zeros(99, np.uint8), r"array\.tobytes\(\)"),
        (np.zeros((0, 4, 3), np.uint8), "Received: uint8"),
        (Image.new("RGB", (0, 4)), "no pixels"),
        ("https://example.org/photo.jpg", "Fetch the picture first"),
        ("file:///home/a/photo.jpg", "Fetch the picture first"),
        ("/9j/" * 2_000, r"^'/9j/.{16}'\.\.\. is no path.*b64decode"),
        ("\xff\xd8\0", "is no path"),
        (Path(__file__).parent, "inference is a folder. Give one picture at a time"),
    ],
)
def test_what_is_no_picture_yet_is_refused_with_what_to_do(wrong: Any, remedy: str) -> None:
    with pytest.raises(ImageDecodeError, match=remedy):
        read_given(wrong)


@pytest.mark.parametrize(
    ("wrong", "remedy"),
    [
        (None, r"cv2\.imread"),
        ([Path("a.jpg")], "one picture at a time"),
        (3, "Received: int"),
    ],
)
def test_what_can_be_no_picture_is_refused_with_what_to_do(wrong: Any, remedy: str) -> None:
    with pytest.raises(TypeError, match=remedy):
        read_given(wrong)


def test_a_text_file_is_told_how_to_be_opened() -> None:
    with sample_photo_path().open(encoding="utf-8") as file, pytest.raises(TypeError, match="'rb'"):
        read_given(file)


def test_a_path_may_be_of_bytes(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"content")
    with os.scandir(os.fsencode(tmp_path)) as entries:
        assert read_given(next(entries)) == b"content"


def test_what_is_closed_cut_short_or_only_written_is_refused_with_what_to_do(
    tmp_path: Path,
) -> None:
    path = tmp_path / "photo.jpg"
    with path.open("wb") as file, pytest.raises(TypeError, match="'rb'"):
        read_given(file)
    data = sample_photo_path().read_bytes()
    path.write_bytes(data)
    with path.open("rb") as file:
        pass
    with pytest.raises(ImageDecodeError, match="closed"):
        read_given(file)
    with Image.open(path) as picture:
        pass
    for given in (picture, Image.open(io.BytesIO(data[: len(data) // 2]))):
        with pytest.raises(ImageDecodeError, match="Pillow cannot read"):
            read_given(given)


def test_a_path_may_begin_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"content")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert read_given("~/photo.jpg") == read_given(Path("~/photo.jpg")) == b"content"
    with pytest.raises(ImageDecodeError, match=f"{tmp_path} is a folder"):
        read_given("~")
