"""Bring what was seen in a photo that was read reduced to the pixels of the whole photo."""

from dataclasses import replace

import numpy as np

from preprocessing.faces.types import AlignedFace, BoundingBox, Face


def enlarge(aligned: AlignedFace, factor: int) -> AlignedFace:
    """Return an aligned face in pixels of a picture `factor` times as large; its chip is kept."""
    transform = aligned.transform / factor
    # Pixel centres are whole numbers: x of the whole is at (x + 0.5) / factor - 0.5.
    shift = (0.5 / factor - 0.5) * aligned.transform[:, :2].sum(axis=1)
    transform[:, 2] = aligned.transform[:, 2] + shift
    return replace(aligned, transform=transform, face=_enlarged(aligned.face, factor))


def _enlarged(face: Face, factor: int) -> Face:
    box = BoundingBox(
        *(edge * factor for edge in (face.box.left, face.box.top, face.box.right, face.box.bottom))
    )
    landmarks = ((face.landmarks + 0.5) * factor - 0.5).astype(np.float32)
    return replace(face, box=box, landmarks=landmarks)
