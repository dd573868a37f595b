"""Write noise in place of what is missing of a JPEG file: where it shows, nothing came."""

import re

import numpy as np

from preprocessing.images.formats.jpeg_parts import JpegParts

# More than is missing of a picture that is read.
COVERED = 0.25
# What a block of 8 x 8 samples in all channels takes at most, roughly.
BLOCK_BYTES = 128
LEAST_BYTES = 65_536
_RESTART = re.compile(rb"\xff[\xd0-\xd7]")


def noise_after(clean: bytes, parts: JpegParts) -> bytes:
    """Return bytes that decode to noise, in place of what a file lacks at its end.

    Args:
        clean: The file, without metadata and end.
        parts: What else is known of it.
    """
    frame = parts.frame
    blocks = (frame.width // 8 + 1) * (frame.height // 8 + 1)
    length = max(LEAST_BYTES, int(blocks * COVERED) * BLOCK_BYTES)
    # Never 255, which begins a marker.
    noise = np.random.default_rng(0).integers(0, 255, length, np.uint8).tobytes()
    interval = parts.restart_interval
    if not interval:
        return noise
    # Decoders start again at each marker, and leave out what has too many bytes before it.
    scan = clean.rfind(b"\xff\xda")
    came = sum(1 for _ in _RESTART.finditer(clean, scan))
    step = interval * BLOCK_BYTES
    pieces = [noise[at : at + step] for at in range(0, length, step)]
    return b"".join(
        piece + bytes((0xFF, 0xD0 + (came + number) % 8)) for number, piece in enumerate(pieces)
    )
