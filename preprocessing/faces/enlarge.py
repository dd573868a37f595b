"""Bring what was seen in a picture to the pixels of the same picture at another size."""

from dataclasses import replace

import numpy as np

from preprocessing.faces.types import AlignedFace, BoundingBox, Face


def enlarge(aligned: AlignedFace, factor: int) -> AlignedFace:
    """Return an aligned face in pixels of a picture `factor` times as large; its chip is kept."""
    transform = aligned.transform / factor
    # Pixel centres are whole numbers: x of the whole is at (x + 0.5) / factor - 0.5.
    shift = (0.5 / factor - 0.5) * aligned.transform[:, :2].sum(axis=1)
    transform[:, 2] = aligned.transform[:, 2] + shift
    return replace(aligned, transform=transform, face=scale_face(aligned.face, factor))


def scale_face(face: Face, scale: float) -> Face:
    """Return a face in pixels of a picture `scale` times as large, its box at least one wide."""
    left, top = (round(edge * scale) for edge in (face.box.left, face.box.top))
    right = max(left + 1, round(face.box.right * scale))
    bottom = max(top + 1, round(face.box.bottom * scale))
    # Pixel centres are whole numbers.
    landmarks = ((face.landmarks + 0.5) * scale - 0.5).astype(np.float32)
    return replace(face, box=BoundingBox(left, top, right, bottom), landmarks=landmarks)
