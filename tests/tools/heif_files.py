"""Put HEIC and AVIF files together box by box, as phones and cameras write them."""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from PIL import Image

from tests.tools.picture_files import encode

CODED = {"HEIF": b"hvc1", "AVIF": b"av01"}
# Properties without which a picture must not be shown.
ESSENTIAL = (b"av1C", b"hvcC", b"irot", b"imir", b"clap")
BRANDS = {"HEIF": (b"heic", b"mif1", b"heic"), "AVIF": (b"avif", b"mif1", b"miaf", b"avif")}


@dataclass(frozen=True)
class Item:
    """A picture, or a part of one.

    Attributes:
        kind: Its four letters.
        data: What it holds.
        properties: Whole boxes that describe it.
        references: The numbers of other items, from 1 on, by the kind of tie to them.
        is_hidden: Whether it is not meant to be shown.
    """

    kind: bytes
    data: bytes
    properties: Sequence[bytes] = ()
    references: dict[bytes, Sequence[int]] = field(default_factory=dict)
    is_hidden: bool = False


def box(name: bytes, *content: bytes) -> bytes:
    """A box."""
    body = b"".join(content)
    return struct.pack(">L", 8 + len(body)) + name + body


def full_box(name: bytes, *content: bytes, version: int = 0, flags: int = 0) -> bytes:
    """A box with a version and flags."""
    return box(name, struct.pack(">L", version << 24 | flags), *content)


def boxes(data: bytes, at: int = 0) -> Iterator[tuple[bytes, bytes]]:
    """Yield the name and the content of each box."""
    while at + 8 <= len(data):
        length, name = struct.unpack_from(">L4s", data, at)
        yield name, data[at + 8 : at + length]
        at += length


def coded(image: Image.Image, kind: str, *more: bytes, **options: object) -> Item:
    """Encode a picture, and take it out of the file that the encoder writes.

    Args:
        image: The picture, opaque.
        kind: HEIF or AVIF.
        more: Further properties.
        options: For the encoder.
    """
    outer = dict(boxes(encode(image, kind, **{"quality": 95, **options})))
    meta = dict(boxes(outer[b"meta"], 4))
    properties = [box(*each) for each in boxes(dict(boxes(meta[b"iprp"]))[b"ipco"])]
    return Item(CODED[kind], outer[b"mdat"], (*properties, *more))


def heif_file(
    items: Sequence[Item],
    *,
    kind: str = "HEIF",
    primary: int = 1,
    brands: Sequence[bytes] = (),
    groups: bytes = b"",
) -> bytes:
    """A HEIC or AVIF file of some items.

    Args:
        items: Their numbers are 1, 2 and so on.
        kind: HEIF or AVIF.
        primary: The number of the picture that is shown.
        brands: Instead of those that the kind has.
        groups: The content of the box that groups items.
    """
    major, *others = brands or BRANDS[kind]
    head = box(b"ftyp", major, bytes(4), *others)
    described = _meta(items, primary, groups, start=0)
    described = _meta(items, primary, groups, start=len(head) + len(described) + 8)
    return head + described + box(b"mdat", *(item.data for item in items))


def grid(columns: int, rows: int, width: int, height: int) -> bytes:
    """What an item holds that is a picture of tiles."""
    return struct.pack(">BBBBHH", 0, 0, rows - 1, columns - 1, width, height)


def size_box(width: int, height: int) -> bytes:
    """The property that tells a picture's size."""
    return full_box(b"ispe", struct.pack(">LL", width, height))


def code_points(primaries: int, transfer: int, matrix: int, *, is_full: bool = True) -> bytes:
    """The property that names a picture's colours by code points."""
    return box(b"colr", b"nclx", struct.pack(">HHHB", primaries, transfer, matrix, is_full << 7))


def crop(width: int, height: int, right: int, down: int) -> bytes:
    """The property by which a part is cut out of a picture.

    Args:
        width: Of the part.
        height: Likewise.
        right: By how many half pixels its centre lies to the right of the picture's.
        down: Likewise below.
    """
    return box(b"clap", struct.pack(">LLLLlLlL", width, 1, height, 1, right, 2, down, 2))


def _meta(items: Sequence[Item], primary: int, groups: bytes, *, start: int) -> bytes:
    numbered = list(enumerate(items, 1))
    entries = [
        full_box(b"infe", struct.pack(">HH4sB", number, 0, item.kind, 0), version=2,
                 flags=item.is_hidden)
        for number, item in numbered
    ]  # fmt: skip
    places = b""
    for number, item in numbered:
        places += struct.pack(">HHHLL", number, 0, 1, start, len(item.data))
        start += len(item.data)
    count = struct.pack(">H", len(items))
    ties = [
        box(name, struct.pack(f">HH{len(others)}H", number, len(others), *others))
        for number, item in numbered
        for name, others in item.references.items()
    ]
    return full_box(
        b"meta",
        full_box(b"hdlr", bytes(4), b"pict", bytes(13)),
        full_box(b"pitm", struct.pack(">H", primary)),
        full_box(b"iloc", b"\x44\0", count, places),
        full_box(b"iinf", count, *entries),
        full_box(b"iref", *ties) if ties else b"",
        _properties(items),
        box(b"grpl", groups) if groups else b"",
    )


def _properties(items: Sequence[Item]) -> bytes:
    distinct = list(dict.fromkeys(each for item in items for each in item.properties))
    ties = b""
    for number, item in enumerate(items, 1):
        indices = [
            1 + distinct.index(each) | (0x80 if each[4:8] in ESSENTIAL else 0)
            for each in item.properties
        ]
        ties += struct.pack(f">HB{len(indices)}B", number, len(indices), *indices)
    tied = full_box(b"ipma", struct.pack(">L", len(items)), ties)
    return box(b"iprp", box(b"ipco", *distinct), tied)
