"""What the boxes of HEIC and AVIF files make a decoder do is reckoned, whatever they claim."""

import struct

import pytest

from preprocessing.errors import TooCostlyImageError
from preprocessing.images.formats.heif_derived import (
    MOST_DECODED_A_PIXEL,
    _decoded_pixels,
    check_derived,
)
from tests.tools.heif_files import box, full_box, size_box

PRIMARY, TILE, TILES = 1, 2, 100
SIDE_PX = 2_000


def grid_of_large_tiles(*, of_properties: int, of_tiles: int) -> bytes:
    """Write the boxes of a picture that is made of far larger ones.

    Args:
        of_properties: How many items the box says that it tells the properties of; there are two.
        of_tiles: How many tiles the box says that it names; there are `TILES`.
    """
    sizes = box(b"ipco", size_box(SIDE_PX, SIDE_PX))
    told = b"".join(struct.pack(">HBB", item, 1, 1) for item in (PRIMARY, TILE))
    properties = full_box(b"ipma", struct.pack(">L", of_properties), told)
    named = struct.pack(">HH", PRIMARY, of_tiles) + struct.pack(">H", TILE) * TILES
    meta = full_box(
        b"meta",
        full_box(b"pitm", struct.pack(">H", PRIMARY)),
        box(b"iprp", sizes, properties),
        full_box(b"iref", box(b"dimg", named)),
    )
    return box(b"ftyp", b"heic") + meta


@pytest.mark.parametrize(
    ("of_properties", "of_tiles"), [(2, TILES), (3_000, TILES), (2, 60_000), (3_000, 60_000)]
)
def test_a_box_that_claims_more_than_it_has_hides_nothing(
    of_properties: int, of_tiles: int
) -> None:
    data = grid_of_large_tiles(of_properties=of_properties, of_tiles=of_tiles)
    with pytest.raises(TooCostlyImageError):
        check_derived(data)


class Looks(dict[int, int]):
    """Sizes of items that count how often one is looked up."""

    count = 0

    def get(self, *args: int) -> int:  # type: ignore[override]
        self.count += 1
        return super().get(*args)


def test_an_item_that_is_named_many_times_is_reckoned_once() -> None:
    sizes = Looks({4: 1})
    parts = {1: [2] * 50, 2: [3] * 50, 3: [4] * 50}
    pixels = _decoded_pixels(1, sizes, parts, most=MOST_DECODED_A_PIXEL * 50**3)
    assert pixels == 50**3
    assert sizes.count == 1
