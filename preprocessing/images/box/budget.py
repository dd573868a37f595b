"""How much memory and processor time decoding a picture may take, by its kind and size."""

import math
from typing import NamedTuple

from preprocessing.images.formats.kinds import Kind, kind_of

# Any decoder works with a few tables and buffers of rows beside the pixels.
LEAST_MEMORY_BYTES = 64_000_000
# The file itself, without its metadata, and as a decoder keeps it; and what detail takes that only
# large files have, such as coefficients of all three channels until the last scan has come.
MEMORY_BYTES_A_FILE_BYTE = 40
# For files that are read through before a header says how large the picture is.
MEMORY_BYTES_A_WALKED_BYTE = 8
LEAST_SECONDS = 0.5
# Whatever a file claims, if it is no larger than servers take by default: with the search for faces
# after it, three seconds. Detail takes no memory beyond this either, only pixels do.
MOST_SECONDS, MOST_MEMORY_BYTES, USUAL_FILE_BYTES = 2.0, 400_000_000, 10_000_000
# Metadata that is passed over, and what is unpacked to look for the header.
WALKED_S_A_MEGABYTE = 0.1


class Rate(NamedTuple):
    """What pictures of a kind may take.

    Attributes:
        per_megapixel_s: Processor time for each million pixels, in seconds.
        per_megabyte_s: The same for each million bytes of the file.
        pixel_bytes: Memory for each pixel, in bytes: the decoder's own pixels and a copy of them,
            in other colours, turned upright or in shared memory.
        most_bytes_a_pixel: How many of a file's bytes count for each pixel, where the format does
            not tell which of them hold pixels.
        most_seconds: Processor time that no picture in a file of the usual size may exceed.
        most_room: How often the room of its pixels a picture takes at most, with all its detail.
    """

    per_megapixel_s: float
    per_megabyte_s: float
    pixel_bytes: float = 5.8
    most_bytes_a_pixel: int = 8
    most_seconds: float = MOST_SECONDS
    most_room: float = math.inf


# Two to four times what photos take on a slow core (`python -m tests.bench.box`).
RATES = {
    # However large its file is, its decoder keeps no more than two bytes of each sample beside the
    # pixels: 16 bytes a pixel in all where inks come in several scans, 3.4 in photos of cameras.
    Kind.JPEG: Rate(0.025, 0.10, most_room=3),
    Kind.PNG: Rate(0.028, 0.08),
    Kind.GIF: Rate(0.035, 0.08),
    # Its decoder has the pixels three times at once.
    Kind.AVIF: Rate(0.030, 0.40, 7.6, most_bytes_a_pixel=1),
    # A phone's picture of 48 megapixels and five megabytes takes one and a half seconds.
    Kind.HEIC: Rate(0.030, 0.50, most_bytes_a_pixel=1, most_seconds=2.6),
}
OTHER_RATE = Rate(0.030, 0.08)


class Budget(NamedTuple):
    """What decoding a picture may take.

    Attributes:
        memory_bytes: Address space beyond what the process has at rest.
        seconds: Processor time.
    """

    memory_bytes: int
    seconds: float


def budget_to_walk(data: bytes) -> Budget:
    """Return what reading the header of a file may take, wherever in the file it is."""
    return Budget(
        LEAST_MEMORY_BYTES + MEMORY_BYTES_A_WALKED_BYTE * len(data),
        LEAST_SECONDS + WALKED_S_A_MEGABYTE * len(data) / 1e6,
    )


def budget_of(data: bytes, *, pixels: int, pixel_bytes: int | None = None) -> Budget:
    """Return what decoding a file may take in all.

    What is in the file beside its pixels earns it nothing, or a small costly picture would be given
    the time and memory of a large one if ten megabytes of rubbish came with it.

    Args:
        data: The file.
        pixels: Of the picture.
        pixel_bytes: How many bytes of the file hold its pixels; None where that is not known.
    """
    rate = _rate_of(data)
    if pixel_bytes is None:
        pixel_bytes = rate.most_bytes_a_pixel * pixels
    counted = min(len(data), pixel_bytes)
    memory = LEAST_MEMORY_BYTES + rate.pixel_bytes * pixels
    beyond = max(0, counted - USUAL_FILE_BYTES)
    with_detail = memory + MEMORY_BYTES_A_FILE_BYTE * counted
    most_memory = MOST_MEMORY_BYTES + MEMORY_BYTES_A_FILE_BYTE * beyond
    return Budget(
        round(max(memory, min(with_detail, most_memory))),
        min(
            rate.most_seconds + rate.per_megabyte_s * beyond / 1e6,
            LEAST_SECONDS
            + rate.per_megapixel_s * pixels / 1e6
            + rate.per_megabyte_s * counted / 1e6,
        ),
    )


def room_of(data: bytes, *, pixels: int, pixel_bytes: int | None = None) -> int:
    """Return how much room decoding a file takes, in pixels.

    These are its own, and as many more as have the memory that its detail may take: a small picture
    may take as much as a large one.

    Args:
        data: The file.
        pixels: Of the picture.
        pixel_bytes: See `budget_of`.
    """
    budget, rate = budget_of(data, pixels=pixels, pixel_bytes=pixel_bytes), _rate_of(data)
    room = (budget.memory_bytes - LEAST_MEMORY_BYTES) / rate.pixel_bytes
    return max(pixels, round(min(room, rate.most_room * pixels)))


def _rate_of(data: bytes) -> Rate:
    kind = kind_of(data)
    return OTHER_RATE if kind is None else RATES.get(kind, OTHER_RATE)
