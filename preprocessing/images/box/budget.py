"""How much memory and processor time decoding a picture may take, by its kind and size."""

import re
from typing import NamedTuple

# Any decoder works with a few tables and buffers of rows beside the pixels.
LEAST_MEMORY_BYTES = 64_000_000
# The file itself, without its metadata, and as a decoder keeps it; and what detail takes that only
# large files have, such as coefficients of all three channels until the last scan has come.
MEMORY_BYTES_A_FILE_BYTE = 40
LEAST_SECONDS = 0.5


class Rate(NamedTuple):
    """What pictures of a kind may take.

    Attributes:
        per_megapixel_s: Processor time for each million pixels, in seconds.
        per_megabyte_s: The same for each million bytes of the file.
        pixel_bytes: Memory for each pixel, in bytes: the decoder's own pixels and a copy of them,
            in other colours, turned upright or in shared memory.
    """

    per_megapixel_s: float
    per_megabyte_s: float
    pixel_bytes: float = 5.8


# Two to four times what photos take on a slow core (`python -m tests.bench.box`): a kind, what its
# files contain near their beginning, and its rate.
RATES = (
    ("JPEG", re.compile(rb"\xff\xd8"), Rate(0.025, 0.10)),
    ("PNG", re.compile(rb"\x89PNG"), Rate(0.025, 0.08)),
    ("GIF", re.compile(rb"GIF8"), Rate(0.035, 0.08)),
    ("WebP", re.compile(rb"RIFF....WEBP", re.DOTALL), Rate(0.030, 0.08)),
    # Its decoder has the pixels three times at once.
    ("AVIF", re.compile(rb"....ftyp.{0,60}avi[fs]", re.DOTALL), Rate(0.030, 0.40, 7.6)),
    ("HEIC", re.compile(rb"....ftyp", re.DOTALL), Rate(0.030, 0.50)),
)
OTHER_RATE = Rate(0.030, 0.08)


class Budget(NamedTuple):
    """What decoding a picture may take.

    Attributes:
        memory_bytes: Address space beyond what the process has at rest.
        seconds: Processor time.
    """

    memory_bytes: int
    seconds: float


def budget_of(data: bytes, *, pixels: int = 0) -> Budget:
    """Return what decoding a file may take.

    Args:
        data: The file.
        pixels: Of the picture, once its header has been read; 0 before.
    """
    rate = next((rate for _, start, rate in RATES if start.match(data)), OTHER_RATE)
    megapixels, megabytes = pixels / 1e6, len(data) / 1e6
    return Budget(
        round(
            LEAST_MEMORY_BYTES + rate.pixel_bytes * pixels + MEMORY_BYTES_A_FILE_BYTE * len(data)
        ),
        LEAST_SECONDS + rate.per_megapixel_s * megapixels + rate.per_megabyte_s * megabytes,
    )
