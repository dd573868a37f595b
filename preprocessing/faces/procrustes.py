"""Compute the mean face from many landmarked faces, for the template of `ChipGeometry`."""

import numpy as np
from numpy.typing import NDArray

from preprocessing.faces.geometry import apply_transform, fit_similarity

# iBUG 300-W: the landmark that takes each one's place when the picture is mirrored.
MIRRORED = (
    *range(16, -1, -1),
    *range(26, 16, -1),
    *range(27, 31),
    *range(35, 30, -1),
    *(45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40),
    *(54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55, 64, 63, 62, 61, 60, 67, 66, 65),
)

ROUNDS = 10


def mean_landmarks(faces: NDArray[np.floating]) -> NDArray[np.float64]:
    """Average landmarks after undoing each face's rotation, scale and shift.

    Generalised Procrustes analysis (Gower 1975, doi:10.1007/BF02291478), kept upright, mirror
    symmetric, and at the mean place and size of the faces given.

    Args:
        faces: Shape (n, 68, 2), as fractions of the frame, 0 to 1.

    Returns:
        Shape (68, 2), as fractions of the frame, symmetric about its upright centre line.
    """
    upright = _symmetric(faces.mean(axis=0))
    mean = upright
    for _ in range(ROUNDS):
        fitted = np.stack([apply_transform(fit_similarity(face, mean), face) for face in faces])
        mean = _symmetric(fitted.mean(axis=0))
        mean = apply_transform(fit_similarity(mean, upright), mean)
    return mean


def _symmetric(landmarks: NDArray[np.floating]) -> NDArray[np.float64]:
    mirrored = landmarks[list(MIRRORED)].astype(np.float64)
    mirrored[:, 0] = 1 - mirrored[:, 0]
    return (landmarks + mirrored) / 2
