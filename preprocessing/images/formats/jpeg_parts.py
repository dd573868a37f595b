"""Take a JPEG file apart: what its pixels need, what its metadata says, where it ends."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from preprocessing.errors import ImageDecodeError
from preprocessing.images.formats.raster import DAMAGED

END = b"\xff\xd9"
# More segments than any file has; to walk through millions would take long.
MOST_SEGMENTS = 10_000
_SOS, _EOI, _DRI, _COM, _APP0, _APP1, _APP2, _APP14 = (
    0xDA, 0xD9, 0xDD, 0xFE, 0xE0, 0xE1, 0xE2, 0xEE,
)  # fmt: skip
_APPLICATIONS = range(0xE0, 0xF0)
# Markers without a length: TEM and SOI; those of restarts are no markers for `_MARKER`.
_ALONE = (0x01, 0xD8)
# SOF0 to SOF15, without DHT, JPG and DAC.
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = (0xC2, 0xC6, 0xCA, 0xCE)
# Frames that no browser shows, and no decoder here reads.
_RARE = {
    **dict.fromkeys((0xC5, 0xC6, 0xC7, 0xCD, 0xCE, 0xCF), "Hierarchical"),
    0xCB: "Lossless arithmetic-coded",
}
_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
# Segments that say how colours are coded.
_NEEDED = {(_APP0, b"JFIF\0"), (_APP14, b"Adobe")}
_EXIF, _XMP, _ICC = b"Exif\0", b"http://ns.adobe.com/xap/1.0/\0", b"ICC_PROFILE\0"


@dataclass(frozen=True)
class Frame:
    """The header of a frame.

    Attributes:
        precision: Bits of a sample.
        width: In pixels.
        height: Likewise.
        components: The id of each channel.
        samples_a_pixel: How many samples all channels have for each pixel: 3 where none has fewer
            than another, 1.5 where colour has half the width and height.
        is_progressive: Whether detail comes scan by scan.
        rare_kind: The name of a way to code pixels that is not read; empty for others.
    """

    precision: int
    width: int
    height: int
    components: tuple[int, ...]
    samples_a_pixel: float
    is_progressive: bool
    rare_kind: str = ""


_NO_FRAME = Frame(0, 0, 0, components=(), samples_a_pixel=0.0, is_progressive=False)


@dataclass(frozen=True)
class Scan:
    """The header of a scan.

    Attributes:
        components: The ids of the channels in it.
        first: Of the coefficients that it brings, 0 to 63.
        last: Likewise.
        is_refinement: Whether it brings further bits of coefficients that came before.
    """

    components: tuple[int, ...]
    first: int
    last: int
    is_refinement: bool


@dataclass
class JpegParts:
    """A JPEG file taken apart.

    Attributes:
        data: The file.
        frame: The header of its first picture.
        scans: The headers of its scans.
        restart_interval: After how many blocks of all channels a marker comes; 0 where none does.
        exif: The first EXIF block.
        xmp: The first XMP packet.
        icc: The pieces of its colour profile, by number.
        end: Where its first picture ends.
        is_whole: Whether the marker of the end is there.
    """

    data: bytes
    frame: Frame = _NO_FRAME
    scans: list[Scan] = field(default_factory=list)
    restart_interval: int = 0
    exif: bytes = b""
    xmp: bytes = b""
    icc: dict[int, bytes] = field(default_factory=dict)
    end: int = 0
    is_whole: bool = False
    _dropped: list[tuple[int, int]] = field(default_factory=list)

    @property
    def profile(self) -> bytes:
        """Return the colour profile; empty where there is none."""
        return b"".join(self.icc[number] for number in sorted(self.icc))

    @property
    def pixel_bytes(self) -> int:
        """Return how many bytes of the file its pixels need."""
        return self.end - sum(end - begin for begin, end in self._dropped)

    def without_metadata(self) -> bytes:
        """Return the file without what its pixels do not need, and without its end marker."""
        view, start, kept = memoryview(self.data), 0, []
        for begin, end in self._dropped:
            kept.append(view[start:begin])
            start = end
        return b"".join([*kept, view[start : self.end]])

    def drop(self, start: int, end: int) -> None:
        """Leave out what its pixels do not need."""
        if start < end:
            self._dropped.append((start, end))

    def add(self, marker: int, start: int, end: int) -> None:
        """Note a segment that lies from `start` to `end`."""
        body = memoryview(self.data)[start + 4 : end]
        if marker == _SOS:
            self.scans.append(_read_scan(bytes(body)))
        elif marker in _FRAMES and self.frame is _NO_FRAME:
            self.frame = _read_frame(bytes(body), marker)
        elif marker == _DRI:
            self.restart_interval = int.from_bytes(body[:2], "big")
        elif marker == _COM or marker in _APPLICATIONS:
            head = bytes(body[:5])
            if (marker, head) not in _NEEDED:
                self.drop(start, end)
                self._note_metadata(marker, body)

    def _note_metadata(self, marker: int, body: memoryview) -> None:
        head = bytes(body[: len(_XMP)])
        if marker == _APP1 and head.startswith(_EXIF):
            self.exif = self.exif or bytes(body)
        elif marker == _APP1 and head == _XMP:
            self.xmp = self.xmp or bytes(body)
        elif marker == _APP2 and head.startswith(_ICC) and len(body) > len(_ICC) + 2:
            self.icc.setdefault(body[len(_ICC)], bytes(body[len(_ICC) + 2 :]))


def take_apart(data: bytes) -> JpegParts:
    """Walk through the segments of a JPEG file up to the end of its first picture.

    What follows (further pictures of an MPO, a video of a phone) is left out.

    Raises:
        ImageDecodeError: It has no frame or no scan, or far too many segments.
    """
    parts, before = JpegParts(data, end=len(data)), 2
    for count, (marker, start, end) in enumerate(_segments(data)):
        if count == MOST_SEGMENTS:
            raise ImageDecodeError(DAMAGED)
        if marker == _EOI:
            parts.end, parts.is_whole = start, True
            break
        if not parts.scans:
            parts.drop(before, start)
        parts.add(marker, start, end)
        before = end
    if parts.frame is _NO_FRAME or not parts.scans:
        raise ImageDecodeError(DAMAGED)
    return parts


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield marker, start and end of each segment; the data of scans lies between them."""
    at = 2
    while (found := _MARKER.search(data, at)) is not None:
        start, marker = found.start(), data[found.start() + 1]
        end = start + 2
        if marker not in _ALONE and marker != _EOI:
            end = min(len(data), end + max(2, int.from_bytes(data[end : end + 2], "big")))
        yield marker, start, end
        at = end


def _read_frame(body: bytes, marker: int) -> Frame:
    if len(body) < 6:
        raise ImageDecodeError(DAMAGED)
    height, width = int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big")
    end = 6 + 3 * body[5]
    # Across and down, how many samples a channel has where the finest has the most.
    factors = [(factor >> 4, factor & 15) for factor in body[7:end:3]]
    finest = max((x for x, _ in factors), default=1) * max((y for _, y in factors), default=1)
    samples = sum(x * y for x, y in factors) / max(1, finest)
    return Frame(
        *(body[0], width, height, tuple(body[6:end:3]), samples),
        is_progressive=marker in _PROGRESSIVE,
        rare_kind=_RARE.get(marker, ""),
    )


def _read_scan(body: bytes) -> Scan:
    count = body[0] if body else 0
    components = tuple(body[1 : 1 + 2 * count : 2])
    first, last, bits = (body[1 + 2 * count :] + bytes(3))[:3]
    return Scan(components, first, last, is_refinement=bits >> 4 > 0)
