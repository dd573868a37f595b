"""HEIC and AVIF files that are costly to decode."""

import io
import struct
from collections.abc import Iterator
from functools import cache

import pillow_heif
from PIL import Image

SIDE_PX, TILE_PX = 7_000, 2_048
_CODES = {"HEIF": (b"heic", b"hvc1", b"hvcC"), "AVIF": (b"avif", b"av01", b"av1C")}


def heifs() -> dict[str, bytes]:
    """Return one file of each kind, in both formats."""
    files = {}
    for kind in _CODES:
        files |= {
            f"{kind} of a large tile, 400 times": tiled(kind, TILE_PX, columns=20, rows=20),
            f"{kind} of a small tile, 900 times, and much rubbish": tiled(
                kind, 64, columns=30, rows=30
            )
            + _box(b"free", bytes(9_000_000)),
            f"{kind} of 40 layers": tiled(kind, TILE_PX, columns=40, rows=1, is_layered=True),
            f"{kind} of 49 megapixels": tiled(kind, 1_024, columns=7, rows=7),
        }
    return files


def tiled(
    kind: str, side: int, *, columns: int, rows: int, is_layered: bool = False, shown_px: int = 0
) -> bytes:
    """Return a picture that is put together of one tile again and again.

    Args:
        kind: `HEIF` or `AVIF`.
        side: Of the tile, in pixels.
        columns: Of tiles.
        rows: Likewise.
        is_layered: They lie above each other.
        shown_px: The side of the whole picture; by default 49 megapixels, or all tiles if less.
    """
    brand, code, configuration = _CODES[kind]
    tile = _tile(kind, side)
    pixels = _content(tile, b"mdat")
    config = _content(tile, b"meta", b"iprp", b"ipco", configuration)
    count = columns * rows
    whole = count + 1
    shown = shown_px or (SIDE_PX if is_layered else min(SIDE_PX, side * min(columns, rows)))
    if is_layered:
        plan = struct.pack(">BB4HLL", 0, 1, 0, 0, 0, 65535, shown, shown)
        plan += struct.pack(">ll", 0, 0) * count
    else:
        plan = struct.pack(">BBBBLL", 0, 1, rows - 1, columns - 1, shown, shown)
    sizes = [_full(b"ispe", 0, struct.pack(">LL", each, each)) for each in (side, shown)]
    properties = _box(b"ipco", _box(configuration, config), *sizes)
    # Which properties an item has: of tiles the first two, of the whole the third.
    owners = [struct.pack(">HBBB", item, 2, 0x81, 2) for item in range(1, whole)]
    owners.append(struct.pack(">HBB", whole, 1, 3))
    names = [_full(b"infe", 2, struct.pack(">HH4sB", item, 0, code, 0)) for item in range(1, whole)]
    names.append(
        _full(b"infe", 2, struct.pack(">HH4sB", whole, 0, b"iovl" if is_layered else b"grid", 0))
    )
    parts = struct.pack(f">HH{count}H", whole, count, *range(1, whole))

    about = (
        _full(b"iinf", 0, struct.pack(">H", whole), *names),
        _full(b"iref", 0, _box(b"dimg", parts)),
        _box(b"iprp", properties, _full(b"ipma", 0, struct.pack(">L", whole), *owners)),
        _box(b"idat", plan),
    )

    def meta(pixels_at: int) -> bytes:
        places = [(item, 0, 0, 1, pixels_at, len(pixels)) for item in range(1, whole)]
        return _meta([*places, (whole, 1, 0, 1, 0, len(plan))], about)

    head = _box(b"ftyp", brand, bytes(4), b"mif1", brand)
    return head + meta(len(head) + len(meta(0)) + 8) + _box(b"mdat", pixels)


def _meta(places: list[tuple[int, ...]], about: tuple[bytes, ...]) -> bytes:
    """Return the box that says where each item lies; the last is the whole picture."""
    lengths = struct.pack(">HH", 0x4400, len(places))
    packed = [struct.pack(">HHHHLL", *place) for place in places]
    return _full(
        b"meta",
        0,
        _full(b"hdlr", 0, bytes(4), b"pict", bytes(13)),
        _full(b"pitm", 0, struct.pack(">H", len(places))),
        _full(b"iloc", 1, lengths, *packed),
        *about,
    )


@cache
def _tile(kind: str, side: int) -> bytes:
    pillow_heif.register_heif_opener()
    buffer = io.BytesIO()
    Image.new("RGB", (side, side), "teal").save(buffer, kind, quality=30)
    return buffer.getvalue()


def _content(data: bytes, *path: bytes) -> bytes:
    """Return what a box holds that lies within others."""
    for name in path:
        data = next(content for kind, content in _boxes(data) if kind == name)
        data = data[4:] if name == b"meta" else data
    return data


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">L4s", data, at)
        yield kind, data[at + 8 : at + length]
        at += length


def _box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">L4s", 8 + len(body), kind) + body


def _full(kind: bytes, version: int, *parts: bytes) -> bytes:
    return _box(kind, struct.pack(">L", version << 24), *parts)
