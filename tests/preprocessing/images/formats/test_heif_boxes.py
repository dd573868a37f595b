"""What the boxes of HEIC and AVIF files ask for, as phones and cameras write them."""

import io
import struct

import av
import numpy as np
import pillow_heif
import pytest
from PIL import Image

from preprocessing.images.decode import decode_image
from tests.tools.heif_files import (
    Item,
    box,
    code_points,
    coded,
    crop,
    full_box,
    grid,
    heif_file,
    size_box,
)
from tests.tools.picture_files import exif_block, smooth_picture
from tests.tools.profiles import SRGB, gamma_curve, rgb_profile

PICTURE = smooth_picture(96, 80)
RGB = np.asarray(PICTURE)
OTHER = Image.new("RGB", (64, 64), "orange")
LOSSY_LEVELS = 4
ALPHA = b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0"
HDR_GAIN_MAP = b"urn:com:apple:photo:2020:aux:hdrgainmap\0"


def animation(image: Image.Image) -> bytes:
    """An AVIF file with a track as videos have it, and without any item."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("libsvtav1", rate=1, options={"preset": "12", "crf": "10"})
        stream.width, stream.height = image.size
        stream.pix_fmt = "yuv420p"
        container.mux(stream.encode(av.VideoFrame.from_image(image)))
        container.mux(stream.encode())
    film = buffer.getvalue()
    (length,) = struct.unpack_from(">L", film)
    brands = box(b"ftyp", b"avis", bytes(4), b"avis")
    return brands + box(b"free", bytes(length - len(brands) - 8)) + film[length:]


def part(item: Item, ties: dict[bytes, tuple[int, ...]] | None = None) -> Item:
    """A picture that is not shown by itself."""
    return Item(item.kind, item.data, item.properties, ties or {}, is_hidden=True)


def auxiliary(image: Image.Image, kind: str, meaning: bytes) -> Item:
    """A picture in grey that belongs to the first one."""
    return part(coded(image, kind, full_box(b"auxC", meaning)), {b"auxl": (1,)})


def light_to_srgb(light: np.ndarray) -> np.ndarray:
    curved = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return 255 * curved


def distance(data: bytes, expected: np.ndarray) -> float:
    decoded = decode_image(data).astype(int)
    assert decoded.shape == expected.shape
    return float(np.abs(decoded - expected).mean())


@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
def test_a_primary_picture_that_is_hidden_is_shown(kind: str) -> None:
    data = heif_file([coded(OTHER, kind), part(coded(PICTURE, kind))], kind=kind, primary=2)
    assert distance(data, RGB) < LOSSY_LEVELS


@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
def test_colours_that_are_multiplied_by_their_opacity_are_divided_by_it(kind: str) -> None:
    ramp = Image.linear_gradient("L").resize(PICTURE.size)
    opacity = np.asarray(ramp)[..., None] / 255
    multiplied = coded(Image.fromarray((RGB * opacity).astype(np.uint8)), kind)
    picture = Item(multiplied.kind, multiplied.data, multiplied.properties, {b"prem": (2,)})
    data = heif_file([picture, auxiliary(ramp, kind, ALPHA)], kind=kind)
    assert distance(data, RGB * opacity + 255 * (1 - opacity)) < LOSSY_LEVELS


@pytest.mark.parametrize("turn", range(4))
@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
def test_a_picture_of_which_a_small_part_is_cut_out_is_read(kind: str, turn: int) -> None:
    properties = (crop(16, 16, 8, -8), box(b"irot", bytes((turn,))))
    data = heif_file([coded(PICTURE, kind, *properties)], kind=kind)
    # All of it, as browsers show AVIF files whose part does not lie at their upper left.
    assert distance(data, np.rot90(RGB, turn)) < LOSSY_LEVELS


@pytest.mark.parametrize("turn", range(4))
@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
def test_a_part_at_the_upper_left_is_cut_out(kind: str, turn: int) -> None:
    width, height = 95, 49
    right, down = width - PICTURE.width, height - PICTURE.height
    properties = (crop(width, height, right, down), box(b"irot", bytes((turn,))))
    # A picture that belongs to the shown one may have a part of its own.
    other = coded(OTHER, kind, crop(32, 32, -32, -32))
    data = heif_file([coded(PICTURE, kind, *properties), part(other)], kind=kind)
    assert distance(data, np.rot90(RGB[:height, :width], turn)) < LOSSY_LEVELS
    whole = heif_file([coded(PICTURE, kind), part(other)], kind=kind)
    assert distance(whole, RGB) < LOSSY_LEVELS


@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
def test_maps_for_brighter_screens_change_nothing(kind: str) -> None:
    light = Image.linear_gradient("L").resize((48, 40))
    by_apple = [coded(PICTURE, kind), auxiliary(light, kind, HDR_GAIN_MAP)]
    assert distance(heif_file(by_apple, kind=kind), RGB) < LOSSY_LEVELS
    brighter = Item(b"tmap", bytes(62), (size_box(*PICTURE.size),), {b"dimg": (1, 2)})
    group = full_box(b"altr", struct.pack(">LLLL", 9, 2, 3, 1))
    by_standard = [coded(PICTURE, kind), part(coded(light, kind)), brighter]
    data = heif_file(by_standard, kind=kind, groups=group)
    assert distance(data, RGB) < LOSSY_LEVELS


# Neither browsers nor libavif take AVIF files of tiles with odd sides.
@pytest.mark.parametrize(
    ("kind", "size"),
    [("AVIF", (96, 80)), ("AVIF", (66, 68)), ("HEIF", (96, 80)), ("HEIF", (95, 79))],
)
def test_tiles_reach_beyond_the_picture_that_they_make(kind: str, size: tuple[int, int]) -> None:
    width, height = size
    # Encoders make pictures of no fewer than 64 pixels without a part that is cut out.
    whole = Image.fromarray(np.pad(RGB, ((0, 48), (0, 32), (0, 0)), mode="edge"))
    corners = [(left, top) for top in (0, 64) for left in (0, 64)]
    tiles = [part(coded(whole.crop((x, y, x + 64, y + 64)), kind)) for x, y in corners]
    colours = [each for each in tiles[0].properties if each[4:8] == b"colr"]
    properties = (size_box(width, height), *colours, box(b"irot", b"\3"))
    picture = Item(b"grid", grid(2, 2, width, height), properties, {b"dimg": (2, 3, 4, 5)})
    data = heif_file([picture, *tiles], kind=kind)
    assert distance(data, np.rot90(RGB[:height, :width], 3)) < LOSSY_LEVELS


def test_an_animation_that_is_a_film_is_read() -> None:
    assert distance(animation(PICTURE), RGB) < LOSSY_LEVELS


@pytest.mark.parametrize("has_name", [True, False])
def test_exif_is_heeded_with_its_name_before_it_and_without(*, has_name: bool) -> None:
    named = exif_block(struct.pack("<HH", 6, 0))
    # How many bytes lie before the block comes first.
    content = struct.pack(">L", 6) + named if has_name else bytes(4) + named[6:]
    exif = Item(b"Exif", content, references={b"cdsc": (1,)})
    assert distance(heif_file([coded(PICTURE, "HEIF"), exif]), np.rot90(RGB, -1)) < LOSSY_LEVELS
    boxes_say = [coded(PICTURE, "HEIF", box(b"irot", b"\2")), exif]
    assert distance(heif_file(boxes_say), np.rot90(RGB, 2)) < LOSSY_LEVELS


@pytest.mark.parametrize("ties", [{}, {b"cdsc": (1,)}], ids=["alone", "tied"])
def test_exif_has_no_say_in_avif_files(ties: dict[bytes, tuple[int, ...]]) -> None:
    exif = Item(b"Exif", bytes(4) + exif_block(struct.pack("<HH", 6, 0))[6:], references=ties)
    cut = (crop(95, 49, 95 - PICTURE.width, 49 - PICTURE.height),)
    for properties, expected in (((), RGB), (cut, RGB[:49, :95])):
        data = heif_file([coded(PICTURE, "AVIF", *properties), exif], kind="AVIF")
        assert distance(data, expected) < LOSSY_LEVELS


@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
def test_grey_is_converted_by_the_curve_of_what_names_its_colours(kind: str) -> None:
    plain = coded(PICTURE.convert("L"), kind)
    stored = decode_image(heif_file([plain], kind=kind))
    for colours, exponent in (
        (box(b"colr", b"prof", rgb_profile(SRGB, gamma_curve(1.0))), 1.0),
        (code_points(12, 4, 6), 2.2),
    ):
        own = [each for each in plain.properties if each[4:8] != b"colr"]
        data = heif_file([Item(plain.kind, plain.data, (*own, colours))], kind=kind)
        expected = light_to_srgb((stored / 255) ** exponent)
        assert distance(data, expected) < 1


def test_grey_of_more_than_eight_bits_is_read() -> None:
    grey = np.asarray(PICTURE.convert("L"))
    image = pillow_heif.from_bytes("L;16", PICTURE.size, (grey.astype(np.uint16) * 257).tobytes())
    buffer = io.BytesIO()
    image.save(buffer, quality=95)
    assert distance(buffer.getvalue(), np.repeat(grey[..., None], 3, axis=2)) < LOSSY_LEVELS
