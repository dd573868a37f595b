import lzma
import struct
import zlib
from collections.abc import Iterator

import numpy as np
import pytest

from preprocessing.images.decode import decode_image
from tests.tools.picture_files import smooth_picture

RGB = np.asarray(smooth_picture(96, 80))
GREY = RGB[..., :1]
DEFLATE, LZMA = 8, 34_925
PACKERS = {DEFLATE: zlib.compress, LZMA: lzma.compress}
PLAIN, DIFFERENCES, FLOATING_DIFFERENCES = 1, 2, 3
TILE_PX = 64
SHORT, LONG, LONG8 = 3, 4, 16
# What white is in samples of each type.
WHITES = {"int8": 127, "int16": 2**15 - 1, "int32": 2**31 - 1, "uint16": 2**16 - 1,
          "uint32": 2**32 - 1, "float16": 1, "float32": 1, "float64": 1}  # fmt: skip
FLOATS = ("float16", "float32", "float64")


def packed(
    levels: np.ndarray,
    dtype: str,
    *,
    packing: int,
    predictor: int = PLAIN,
    order: str = "<",
    is_tiled: bool = False,
    is_big: bool = False,
) -> bytes:
    """A TIFF file of levels, shape (height, width, channels), as samples of a type."""
    samples = (levels / 255 * WHITES[dtype]).astype(dtype)
    height, width, channels = samples.shape
    pieces = [
        PACKERS[packing](_rows(piece, predictor, order))
        for piece in (_tiles(samples) if is_tiled else np.array_split(samples, 5))
    ]
    start = 16 if is_big else 8
    places = np.cumsum([start, *map(len, pieces)]).tolist()
    places_tag, counts_tag = (324, 325) if is_tiled else (273, 279)
    said = {
        256: [width], 257: [height], 258: [8 * samples.itemsize], 259: [packing],
        262: [2 if channels == 3 else 1], 277: [channels], 317: [predictor],
        339: [{"u": 1, "i": 2, "f": 3}[samples.dtype.kind]],
        places_tag: places[:-1], counts_tag: [len(piece) for piece in pieces],
        **({322: [TILE_PX], 323: [TILE_PX]} if is_tiled else {278: [height // 5]}),
    }  # fmt: skip
    return _file(b"".join(pieces), said, order=order, is_big=is_big)


def _tiles(samples: np.ndarray) -> Iterator[np.ndarray]:
    height, width = samples.shape[:2]
    whole = np.pad(samples, ((0, -height % TILE_PX), (0, -width % TILE_PX), (0, 0)))
    for top in range(0, height, TILE_PX):
        for left in range(0, width, TILE_PX):
            yield whole[top : top + TILE_PX, left : left + TILE_PX]


def _rows(samples: np.ndarray, predictor: int, order: str) -> bytes:
    """Samples as a file has them, told by their differences where there is a predictor."""
    height, _, channels = samples.shape
    if predictor == FLOATING_DIFFERENCES:
        size = samples.itemsize
        octets = samples.astype(samples.dtype.newbyteorder(">")).view(np.uint8)
        planes = octets.reshape(height, -1, size).transpose(0, 2, 1).reshape(height, -1, channels)
        return np.diff(planes, axis=1, prepend=np.uint8(0)).tobytes()
    if predictor == DIFFERENCES:
        numbers = samples.view(f"u{samples.itemsize}")
        samples = np.diff(numbers, axis=1, prepend=numbers.dtype.type(0))
    return samples.astype(samples.dtype.newbyteorder(order)).tobytes()


def _file(body: bytes, said: dict[int, list[int]], *, order: str, is_big: bool) -> bytes:
    """A file with values of 64 bits where it is a BigTIFF file."""
    kind, form, room = (LONG8, "Q", 8) if is_big else (LONG, "L", 4)
    head = {"<": b"II", ">": b"MM"}[order] + struct.pack(order + "H", 43 if is_big else 42)
    if is_big:
        head += struct.pack(order + "HH", 8, 0)
    table = b""
    at = len(head) + room
    for tag, values in sorted(said.items()):
        value = struct.pack(f"{order}{len(values)}{form}", *values)
        if len(value) > room:
            value, body = struct.pack(order + form, at + len(body)), body + value
        table += struct.pack(order + "HH" + form, tag, kind, len(values)) + value
    count = struct.pack(order + ("Q" if is_big else "H"), len(said))
    return head + struct.pack(order + form, at + len(body)) + body + count + table + bytes(room)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("predictor", [PLAIN, DIFFERENCES])
@pytest.mark.parametrize("dtype", WHITES)
def test_every_type_of_sample_is_read_in_packings_that_few_know(
    dtype: str, predictor: int, order: str
) -> None:
    for levels in (GREY, RGB):
        data = packed(levels, dtype, packing=LZMA, predictor=predictor, order=order)
        decoded = decode_image(data)
        # A sign leaves 127 levels of 8 bits.
        assert np.abs(decoded - levels.astype(int)).max() <= (2 if dtype == "int8" else 1)


@pytest.mark.parametrize("is_tiled", [False, True], ids=["strips", "tiles"])
@pytest.mark.parametrize("packing", PACKERS, ids=["deflate", "LZMA"])
@pytest.mark.parametrize("dtype", FLOATS)
def test_differences_of_floating_point_are_undone(
    dtype: str, packing: int, *, is_tiled: bool
) -> None:
    for levels in (GREY, RGB):
        data = packed(
            levels, dtype, packing=packing, predictor=FLOATING_DIFFERENCES, is_tiled=is_tiled
        )
        assert np.abs(decode_image(data) - levels.astype(int)).max() <= 1


@pytest.mark.parametrize("predictor", [PLAIN, DIFFERENCES])
def test_tiles_that_reach_beyond_the_picture_are_cut(predictor: int) -> None:
    data = packed(RGB, "int8", packing=DEFLATE, predictor=predictor, is_tiled=True)
    assert np.abs(decode_image(data) - RGB.astype(int)).max() <= 2


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("packing", PACKERS, ids=["deflate", "LZMA"])
def test_offsets_may_have_64_bits(packing: int, order: str) -> None:
    data = packed(RGB, "uint16", packing=packing, order=order, is_big=True)
    np.testing.assert_array_equal(decode_image(data), RGB)
