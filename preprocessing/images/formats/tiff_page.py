"""Take the first page of a TIFF file apart, and write it again with only what pixels need."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, replace

from preprocessing.errors import ImageDecodeError
from preprocessing.images.formats.raster import DAMAGED
from preprocessing.images.formats.tags import LONG, ORIENTATION, Directory, read_directory

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 256, 257, 258, 259, 262
STRIP_OFFSETS, SAMPLES, ROWS_PER_STRIP, STRIP_BYTES = 273, 277, 278, 279
EXTRA_SAMPLES, SAMPLE_FORMAT, PROFILE, XMP = 338, 339, 34675, 700
# What samples mean.
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, INKS, YCBCR, LAB = 0, 1, 2, 3, 5, 6, 8
# What a further sample is: opacity by which the colours are multiplied, or plain opacity.
MULTIPLIED, OPACITY = 1, 2
PLANAR, PREDICTOR, TILE_WIDTH, TILE_OFFSETS, TILE_BYTES = 284, 317, 322, 324, 325
# What libtiff needs for the pixels: with fill order, options of fax, predictor, palette, tiles,
# ink set, tables and offsets of JPEG, subsampling and positions of YCbCr, reference black.
_NEEDED = {
    WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, 266, STRIP_OFFSETS, SAMPLES, ROWS_PER_STRIP,
    STRIP_BYTES, PLANAR, 292, 293, PREDICTOR, 320, TILE_WIDTH, 323, TILE_OFFSETS, TILE_BYTES, 332,
    EXTRA_SAMPLES, SAMPLE_FORMAT, 347, 512, 513, 514, 519, 520, 521, 529, 530, 531, 532,
}  # fmt: skip
_KIND_OF_PAGE, _OLD_KIND_OF_PAGE, _PAGES_WITHIN, _DNG_VERSION = 254, 255, 330, 50706
_IS_PREVIEW, _IS_MASK = 1, 4
_IS_OLD_PREVIEW = 2
# In raw files: the sensor sees one colour a pixel.
_COLOUR_FILTERS = 32803
# Previews and masks of other pages that are passed over.
_MOST_PASSED = 10
_HEADS = {"<": b"II*\0", ">": b"MM\0*"}
# Tags that are needed once the pixels are decoded.
_TOLD = {
    ORIENTATION, PROFILE, XMP, _KIND_OF_PAGE, _OLD_KIND_OF_PAGE, _PAGES_WITHIN, _DNG_VERSION,
}  # fmt: skip
UNSIGNED, SIGNED, FLOATING = 1, 2, 3
# Packings that OpenCV's libtiff unpacks: none, fax, LZW, JPEG, deflate, PackBits. Of others it
# makes a black picture.
OF_OPENCV = {1, 2, 3, 4, 5, 7, 8, 32773, 32946}
# No compression; all channels of a pixel side by side.
PLAIN = _CONTIGUOUS = 1


@dataclass(frozen=True, eq=False)
class TiffPage:
    """The first page of a TIFF file.

    Attributes:
        directory: Its tags.
        rows: How many of its rows are in the file, counted from above.
        pixel_bytes: How many bytes of the file its strips or tiles are said to have.
        absent_bytes: How many bytes of pixels that are not packed the file lacks at its end.
        is_one_of_several: Whether more pages follow that are no previews or masks.
    """

    directory: Directory
    rows: int
    pixel_bytes: int
    absent_bytes: int = 0
    is_one_of_several: bool = False

    def number(self, tag: int, default: int = 0) -> int:
        """Return the first value of a tag, or the default where there is none."""
        return self.directory.integer(tag, default)

    @property
    def channels(self) -> int:
        """How many samples a pixel has."""
        return self.number(SAMPLES, 1)

    @property
    def height(self) -> int:
        """In pixels."""
        return self.number(HEIGHT)

    @property
    def is_raw(self) -> bool:
        """Whether this is the preview in a camera's raw file: of DNG, CR2, or NEF and its like."""
        tags = self.directory.tags
        is_preview = self.number(_KIND_OF_PAGE) & _IS_PREVIEW and _PAGES_WITHIN in tags
        return bool(is_preview) or _DNG_VERSION in tags or self.directory.data[8:10] == b"CR"

    def as_grey(self, numbers: dict[int, int]) -> "TiffPage":
        """Return the page as if it had one channel.

        Args:
            numbers: By their tags, further numbers that it is to have.
        """
        said = {
            SAMPLES: 1,
            PHOTOMETRIC: BLACK_IS_ZERO,
            PLANAR: _CONTIGUOUS,
            BITS: self.number(BITS, 1),
            SAMPLE_FORMAT: self.number(SAMPLE_FORMAT, UNSIGNED),
            **numbers,
        }
        return replace(self, directory=self.directory.with_numbers(said, without=EXTRA_SAMPLES))

    def channel(self, index: int) -> "TiffPage":
        """Return one channel, from 0 on, of a page whose channels are stored apart."""
        directory, channels = self.directory, self.channels
        for number in (STRIP_OFFSETS, STRIP_BYTES, TILE_OFFSETS, TILE_BYTES):
            if number in directory.tags:
                count = directory.tags[number].count // channels
                directory = directory.with_part(number, index * count, count)
        return replace(self, directory=directory).as_grey({})

    def to_file(self) -> bytes:
        """Return a file with this page alone: pixels where they were, new tags at the end."""
        directory = self.directory
        entries = {number: tag.entry for number, tag in directory.tags.items() if number in _NEEDED}
        if self.rows < self.height and not self.absent_bytes:
            entries[HEIGHT] = struct.pack(directory.order + "HLL", LONG, 1, self.rows)
        view, length = memoryview(directory.data), len(directory.data) + self.absent_bytes
        table = [
            struct.pack(directory.order + "H", number) + entries[number]
            for number in sorted(entries)
        ]
        return b"".join(
            [
                _HEADS[directory.order],
                struct.pack(directory.order + "L", length + length % 2),
                view[8:],
                bytes(self.absent_bytes + length % 2),
                struct.pack(directory.order + "H", len(table)),
                *table,
                bytes(4),
            ]
        )


def read_page(data: bytes) -> TiffPage:
    """Read the tags of the first page that matter.

    Raises:
        ImageDecodeError: There are none.
    """
    directory = _first_directory(data)
    if directory is None:
        raise ImageDecodeError(DAMAGED)
    page = _page_of(directory)
    others = (each for each in _following(directory) if each.tags != directory.tags)
    return replace(page, is_one_of_several=any(map(_is_picture, others)))


def _page_of(directory: Directory) -> TiffPage:
    """Find out how much of a page's pixels the file has."""
    data = directory.data
    tiles = directory.integers(TILE_OFFSETS)
    offsets = tiles or directory.integers(STRIP_OFFSETS)
    counts = directory.integers(TILE_BYTES if tiles else STRIP_BYTES)
    pieces = list(zip(offsets, counts, strict=False))
    pixel_bytes = sum(count for _, count in pieces)
    if all(offset + count <= len(data) for offset, count in pieces):
        return TiffPage(directory, directory.integer(HEIGHT), pixel_bytes)
    if directory.integer(COMPRESSION, PLAIN) == PLAIN:
        return _cut_plain_page(directory, pieces)
    return _cut_page(directory, pieces, is_in_strips=not tiles)


def _first_directory(data: bytes) -> Directory | None:
    """Return the directory of the first page that is no preview or mask of another, or else of all.

    Raw files, which are told by their first directory, have further pages that are no pictures.
    """
    first = read_directory(data, _NEEDED | _TOLD)
    if first is None or {_PAGES_WITHIN, _DNG_VERSION} & first.tags.keys():
        return first
    page = next(filter(_is_picture, (first, *_following(first))), first)
    return first if page.integer(PHOTOMETRIC) == _COLOUR_FILTERS else page


def _following(directory: Directory) -> Iterator[Directory]:
    """Read the directories of the pages after one, `_MOST_PASSED` at most."""
    page: Directory | None = directory
    for _ in range(_MOST_PASSED):
        if page is None or not page.following:
            return
        page = read_directory(directory.data, _NEEDED | _TOLD, start=page.following)
        if page is not None:
            yield page


def _is_picture(directory: Directory) -> bool:
    """Say whether a page has a size and pixels, and is no preview or mask of another.

    The preview that cameras keep beside EXIF has neither strips nor tiles.
    """
    is_preview = directory.integer(_OLD_KIND_OF_PAGE) == _IS_OLD_PREVIEW
    kind = directory.integer(_KIND_OF_PAGE)
    has_pixels = bool(directory.integer(STRIP_OFFSETS) or directory.integer(TILE_OFFSETS))
    has_size = bool(directory.integer(WIDTH) and directory.integer(HEIGHT))
    return has_pixels and has_size and not is_preview and not kind & (_IS_PREVIEW | _IS_MASK)


def _cut_plain_page(directory: Directory, pieces: list[tuple[int, int]]) -> TiffPage:
    """Describe a page whose pixels are not packed and go beyond the end of the file."""
    data, height = directory.data, directory.integer(HEIGHT)
    bits = directory.integer(WIDTH) * directory.integer(SAMPLES, 1) * directory.integer(BITS, 1)
    needed = height * ((bits + 7) // 8)
    there = sum(min(count, max(0, len(data) - offset)) for offset, count in pieces)
    absent = max(offset + count for offset, count in pieces) - len(data)
    if there >= needed or absent > needed:
        absent = 0
    rows = int(height * min(1, there / max(1, needed)))
    return TiffPage(directory, rows, there, absent_bytes=absent)


def _cut_page(
    directory: Directory, pieces: list[tuple[int, int]], *, is_in_strips: bool
) -> TiffPage:
    """Describe a page whose packed pixels go beyond the end of the file: whole strips are there."""
    pixel_bytes = sum(count for _, count in pieces)
    if not is_in_strips or directory.integer(PLANAR, _CONTIGUOUS) != _CONTIGUOUS:
        return TiffPage(directory, 0, pixel_bytes)
    ends = (offset + count for offset, count in pieces)
    whole = next(index for index, end in enumerate(ends) if end > len(directory.data))
    height = directory.integer(HEIGHT)
    rows = min(height, whole * directory.integer(ROWS_PER_STRIP, height))
    return TiffPage(directory, rows, pixel_bytes)
