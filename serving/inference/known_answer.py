"""Check that a bundle does here what it did where it was exported."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from preprocessing.bundle.spec import KnownAnswer
from preprocessing.errors import BundleError
from preprocessing.faces.geometry import apply_transform
from preprocessing.faces.types import AlignedFace
from preprocessing.images.decode import decode_image
from preprocessing.images.sample import sample_photo_path
from preprocessing.images.types import RgbImage


def check_known_answer(
    answer: KnownAnswer,
    *,
    align: Callable[[RgbImage], list[AlignedFace]],
    logits: Callable[[NDArray[np.uint8]], NDArray[np.float32]],
) -> None:
    """Align and classify the sample photo, and compare with what the bundle promises.

    Args:
        answer: The bundle's.
        align: Finds and aligns the faces of a picture.
        logits: Takes chips, (n, side, side), and returns their logits, (n, outputs, labels).

    Raises:
        BundleError: The chip or a logit is another.
    """
    faces = align(decode_image(sample_photo_path().read_bytes()))
    if len(faces) != 1:
        raise BundleError(
            f"The sample photo shows one face. Received: {len(faces)}. The installation is damaged "
            "or differs from the locked versions; install it again."
        )
    landmarks = faces[0].face.landmarks
    found = apply_transform(faces[0].transform, landmarks)
    expected = apply_transform(np.array(answer.transform), landmarks)
    moved_px = float(np.linalg.norm(found - expected, axis=1).max())
    changed = float(np.abs(logits(faces[0].chip[None])[0] - np.array(answer.logits)).max())
    # The comparison also fails for NaN.
    if not (moved_px <= answer.transform_tolerance_px and changed <= answer.logits_tolerance):
        raise BundleError(
            "The bundle does not give its known answer for the sample photo: the chip moved by "
            f"{moved_px:.2f} px (accepted: {answer.transform_tolerance_px}), a logit changed by "
            f"{changed:.3f} (accepted: {answer.logits_tolerance}). Versions differ from those it "
            "was made with; install the locked ones, or export the bundle again."
        )
