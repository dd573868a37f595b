"""What is known of a face: where it is, its landmarks, and the aligned chip cut from it."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from preprocessing.images.types import GreyImage

SMALLEST_PX = 24
"""Width of the smallest faces that the default detector, YuNet, finds dependably."""

Landmarks = NDArray[np.float32]
"""Shape (68, 2), iBUG 300-W order, or (5, 2), as `preprocessing.faces.landmarks` tells.

Columns x and y in pixels; pixel centres are whole numbers.
"""


class DetectorKind(StrEnum):
    """The detectors that can be chosen.

    `yunet` is OpenCV's small network (Wu et al. 2023, doi:10.1007/s11633-023-1423-y). dlib's `hog`
    (histograms of oriented gradients) and `cnn` need faces of three times the size, so that a
    scan of a photo takes them ten and a thousand times as long.
    """

    YUNET = "yunet"
    HOG = "hog"
    CNN = "cnn"


@dataclass(frozen=True)
class HeadPose:
    """How a head is turned, in degrees.

    Attributes:
        roll_deg: Of the line through the eyes in the picture, clockwise, -180 to 180.
        yaw_deg: Positive where the nose points to image-right; within 10 degrees or so.
        pitch_deg: Positive where it points down; 0 where the landmarks do not cover the mouth.
    """

    roll_deg: float
    yaw_deg: float
    pitch_deg: float


@dataclass(frozen=True)
class BoundingBox:
    """A rectangle in pixels of the upright source picture; right and bottom are exclusive.

    It may reach outside the picture where a face is cut by its edge.
    """

    left: int
    top: int
    right: int
    bottom: int

    def __post_init__(self) -> None:
        if self.right <= self.left or self.bottom <= self.top:
            raise ValueError(f"A bounding box needs a positive size. Received: {self}")

    @property
    def width(self) -> int:
        """Width in pixels."""
        return self.right - self.left

    @property
    def height(self) -> int:
        """Height in pixels."""
        return self.bottom - self.top

    def clipped(self, width: int, height: int) -> "BoundingBox":
        """Return the part of it that lies in a picture of this size, at least one pixel of it."""
        left, top = min(max(0, self.left), width - 1), min(max(0, self.top), height - 1)
        right, bottom = min(self.right, width), min(self.bottom, height)
        return BoundingBox(left, top, max(right, left + 1), max(bottom, top + 1))


FULL_FRAME = "full_frame"
UNALIGNED = "unaligned"
FALL_BACKS = (FULL_FRAME, UNALIGNED)
"""In `found_by`, of a face crop that was not aligned to a detected face."""


@dataclass(frozen=True, eq=False)
class Face:
    """A face found in a picture.

    Attributes:
        box: Where it is, in the upright source picture.
        landmarks: In source pixels.
        pose: How the head is turned, by the landmarks.
        score: The detector's confidence; YuNet's is 0 to 1, dlib's about -0.5 to 4. 0 without
            detection.
        found_by: `detector`; `detector+larger` in a second scan, at a larger scale;
            `detector@90` in a picture turned by as many degrees, 1 to 359;
            `full_frame` where nothing was detected in a face crop and the landmark model ran on
            the whole of it; `unaligned` where its landmarks made no sense and the crop was kept
            as it is.
    """

    box: BoundingBox
    landmarks: Landmarks
    pose: HeadPose
    score: float
    found_by: str


@dataclass(frozen=True, eq=False)
class AlignedFace:
    """A face and the chip cut from it.

    Attributes:
        chip: uint8 `(size_px, size_px)`, grey.
        transform: float64 `(2, 3)`, maps source pixels (x, y, 1) to chip pixels.
        face: The face in the source picture.
        residual_px: Root mean square distance of the anchors from the template after the fit, in
            chip pixels.
    """

    chip: GreyImage
    transform: NDArray[np.float64]
    face: Face
    residual_px: float
