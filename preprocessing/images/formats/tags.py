"""Read single tags of a TIFF directory, as TIFF files and EXIF blocks have it."""

import struct
from collections.abc import Container
from dataclasses import dataclass, replace

ORIENTATION = 0x0112
BYTE, ASCII, SHORT, LONG, UNDEFINED, LONG8 = 1, 2, 3, 4, 7, 16
# By type; of an unknown type nothing is read.
_FORMATS = {BYTE: "B", SHORT: "H", LONG: "L", 6: "b", 8: "h", 9: "l", LONG8: "Q"}
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4,
          16: 8, 17: 8, 18: 8}  # fmt: skip
# Values of up to this size are in the entry itself.
_INLINE_BYTES = 4
# More than any picture has; a file with more is an attack.
MOST_ENTRIES, MOST_VALUES = 1_000, 250_000


@dataclass(frozen=True)
class Tag:
    """A tag of a directory.

    Attributes:
        kind: Its type, as TIFF counts.
        count: The number of its values.
        offset: Where they begin in the file.
        end: Where they end.
        entry: Its entry in the directory, without its number.
    """

    kind: int
    count: int
    offset: int
    end: int
    entry: bytes


@dataclass(frozen=True, eq=False)
class Directory:
    """A directory of a TIFF file or EXIF block.

    Attributes:
        data: The whole file.
        order: `<` for little-endian, `>` for big-endian.
        tags: The tags asked for that are there, by number; the first of each.
        following: Where the next directory begins in the file; 0 where there is none.
    """

    data: bytes
    order: str
    tags: dict[int, Tag]
    following: int = 0

    def integers(self, number: int) -> tuple[int, ...]:
        """Return the values of a tag of whole numbers; none where it is missing or cut."""
        return self._integers(number, MOST_VALUES)

    def integer(self, number: int, default: int = 0) -> int:
        """Return the first value of a tag, or the default where there is none."""
        return (*self._integers(number, 1), default)[0]

    def raw(self, number: int) -> bytes:
        """Return the bytes of a tag; none where it is missing."""
        tag = self.tags.get(number)
        return b"" if tag is None else self.data[tag.offset : tag.end]

    def with_numbers(self, numbers: dict[int, int], *, without: int) -> "Directory":
        """Return a directory with other numbers of 32 bits, and without a tag.

        Args:
            numbers: By their tags.
            without: The tag that is left out.
        """
        tags = {number: tag for number, tag in self.tags.items() if number != without}
        data = self.data.ljust(len(self.data) + len(self.data) % 2, b"\0")
        for index, (number, value) in enumerate(numbers.items()):
            at = len(data) + 4 * index
            inline = struct.pack(self.order + "L", value)
            tags[number] = Tag(LONG, 1, at, at + 4, self._head(LONG, 1) + inline)
        values = struct.pack(f"{self.order}{len(numbers)}L", *numbers.values())
        return replace(self, data=data + values, tags=tags)

    def with_part(self, number: int, first: int, count: int) -> "Directory":
        """Return a directory of which a tag has only some of its values, from `first` on."""
        tag = self.tags[number]
        begin = tag.offset + first * _SIZES[tag.kind]
        part = Tag(tag.kind, count, begin, begin + count * _SIZES[tag.kind], b"")
        return replace(self, tags={**self.tags, number: self._with_entry(part)})

    def with_short_offsets(self) -> "Directory":
        """Return the directory of a BigTIFF file as one whose offsets have 32 bits.

        Raises:
            struct.error: An offset has more.
        """
        tags, appended = {}, [self.data, bytes(len(self.data) % 2)]
        at = sum(map(len, appended))
        for number, tag in self.tags.items():
            tags[number] = tag
            if tag.kind == LONG8:
                values = self.integers(number)
                appended.append(struct.pack(f"{self.order}{len(values)}L", *values))
                tags[number] = Tag(LONG, len(values), at, at + 4 * len(values), b"")
                at += 4 * len(values)
        directory = replace(self, data=b"".join(appended), tags=tags)
        entries = {number: directory._with_entry(tag) for number, tag in tags.items()}
        return replace(directory, tags=entries)

    def _with_entry(self, tag: Tag) -> Tag:
        """Return a tag with the entry that says what it has."""
        value = self.data[tag.offset : tag.end].ljust(_INLINE_BYTES, b"\0")
        if tag.end - tag.offset > _INLINE_BYTES:
            value = struct.pack(self.order + "L", tag.offset)
        return replace(tag, entry=self._head(tag.kind, tag.count) + value)

    def _head(self, kind: int, count: int) -> bytes:
        """Return the beginning of an entry, without its number."""
        return struct.pack(self.order + "HL", kind, count)

    def _integers(self, number: int, most: int) -> tuple[int, ...]:
        tag = self.tags.get(number)
        code = _FORMATS.get(tag.kind) if tag else None
        if tag is None or code is None or tag.end > len(self.data):
            return ()
        values = f"{self.order}{min(tag.count, most)}{code}"
        return struct.unpack_from(values, self.data, tag.offset)


def read_directory(data: bytes, wanted: Container[int], *, start: int = 0) -> Directory | None:
    """Read the tags asked for; all others are passed over, and their values never touched.

    Args:
        data: A TIFF file, or an EXIF block after its `Exif` and two NULs.
        wanted: Numbers of tags.
        start: Where the directory begins; by default the first one is read.

    Returns:
        None where it is no TIFF directory.
    """
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None or len(data) < 8:
        return None
    version = struct.unpack_from(order + "H", data, 2)[0]
    is_big = version == 43
    head, entry = ("Q", "HHQQ") if is_big else ("L", "HHLL")
    try:
        if not start:
            (start,) = struct.unpack_from(order + head, data, 8 if is_big else 4)
        (count,) = struct.unpack_from(order + ("Q" if is_big else "H"), data, start)
    except (struct.error, OverflowError):
        return None
    first = start + (8 if is_big else 2)
    size = struct.calcsize(order + entry)
    inline = size - struct.calcsize(order + head)
    tags: dict[int, Tag] = {}
    for index in range(min(count, MOST_ENTRIES)):
        at = first + index * size
        if at + size > len(data):
            break
        number, kind, values, offset = struct.unpack_from(order + entry, data, at)
        if number not in wanted or number in tags or kind not in _SIZES:
            continue
        length = values * _SIZES[kind]
        begin = at + inline if length <= size - inline else offset
        tags[number] = Tag(kind, values, begin, begin + length, data[at + 2 : at + size])
    end = first + count * size
    after = data[end : end + struct.calcsize(order + head)]
    following = int.from_bytes(after, "little" if order == "<" else "big")
    directory = Directory(data, order, tags, following)
    try:
        return directory.with_short_offsets() if is_big else directory
    except struct.error:
        return None
