"""Find pictures that look alike: copies that were compressed again, cropped or brightened."""

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

# Two pictures that correlate more than this at a quarter of their size look alike to the eye.
NEAR_DUPLICATE_CORRELATION = 0.985
_THUMBNAIL_PX = 12
# Correlations that are held at once, in float32: 128 MB, however many pictures there are.
_CHUNK_VALUES = 1 << 25

Thumbnails = NDArray[np.float32]
"""Shape (n, 144): small pictures whose scalar product is the correlation of their grey levels."""


def to_thumbnails(pictures: NDArray[np.uint8]) -> Thumbnails:
    """Shrink pictures, shape (n, height, width), for comparison."""
    if not len(pictures):
        return np.empty((0, _THUMBNAIL_PX**2), np.float32)
    small = np.stack(
        [
            cv2.resize(picture, (_THUMBNAIL_PX, _THUMBNAIL_PX), interpolation=cv2.INTER_AREA)
            for picture in pictures
        ]
    )
    flat = small.reshape(len(small), -1).astype(np.float32)
    flat -= flat.mean(axis=1, keepdims=True)
    norms = np.linalg.norm(flat, axis=1, keepdims=True)
    flat /= np.maximum(norms, 1.0)  # constant pictures correlate with nothing
    return flat


def alike_pairs(
    thumbnails: Thumbnails,
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]]:
    """Yield pairs of pictures that look alike, chunk by chunk.

    Yields:
        The first of each pair, the later second, and their correlation.
    """
    chunk_rows = max(1, _CHUNK_VALUES // max(1, len(thumbnails)))
    for start in range(0, len(thumbnails), chunk_rows):
        alike = thumbnails[start : start + chunk_rows] @ thumbnails[start:].T
        rows, others = np.nonzero(np.triu(alike > NEAR_DUPLICATE_CORRELATION, k=1))
        yield rows + start, others + start, alike[rows, others]
