"""Check that a bundle computes here what it did where it was exported."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from preprocessing.bundle.spec import KnownAnswer
from preprocessing.errors import BundleError
from preprocessing.faces.geometry import ChipGeometry, apply_transform, extract_chip
from preprocessing.faces.types import AlignedFace
from preprocessing.images.decode import decode_image, to_grey
from preprocessing.images.sample import sample_photo_path
from preprocessing.images.types import RgbImage

# Largest distance between where two landmark models bring a landmark of the sample photo, in pixels
# of the chip.
OTHER_LANDMARKS_TOLERANCE_PX = 2.0


def check_known_answer(
    answer: KnownAnswer,
    *,
    geometry: ChipGeometry,
    align: Callable[[RgbImage], list[AlignedFace]],
    logits: Callable[[NDArray[np.uint8]], NDArray[np.float32]],
    has_own_landmarks: bool,
) -> None:
    """Align and classify the sample photo, and compare with what the bundle promises.

    Args:
        answer: What the bundle promises for the sample photo.
        geometry: How the chips of its training set were cut.
        align: Finds and aligns the faces of a picture.
        logits: Takes chips, (n, side, side), and returns their logits, (n, outputs, labels).
        has_own_landmarks: Whether `align` uses the landmark model of the training set.

    Raises:
        BundleError: The chip lies elsewhere or a logit differs, by more than is accepted.
    """
    photo = decode_image(sample_photo_path().read_bytes())
    faces = align(photo)
    if len(faces) != 1:
        raise BundleError(
            f"The sample photo shows one face. Received: {len(faces)}. The installation is damaged "
            "or differs from the locked versions; install it again."
        )
    landmarks = faces[0].face.landmarks
    found = apply_transform(faces[0].transform, landmarks)
    transform = np.array(answer.transform)
    expected = apply_transform(transform, landmarks)
    moved_px = float(np.linalg.norm(found - expected, axis=1).max())
    accepted_px = (
        answer.transform_tolerance_px if has_own_landmarks else OTHER_LANDMARKS_TOLERANCE_PX
    )
    # These comparisons also fail for NaN.
    if not moved_px <= accepted_px:
        raise _difference(f"the chip moved by {moved_px:.2f} px (accepted: {accepted_px})")
    chip = extract_chip(to_grey(photo), transform, geometry=geometry)
    changed = float(np.abs(logits(chip[None])[0] - np.array(answer.logits)).max())
    if not changed <= answer.logits_tolerance:
        raise _difference(f"a logit changed by {changed:.3f} (accepted: {answer.logits_tolerance})")


def _difference(what: str) -> BundleError:
    return BundleError(
        f"The bundle does not give its known answer for the sample photo: {what}. Versions differ "
        "from those it was made with; install the locked ones, or export the bundle again."
    )
