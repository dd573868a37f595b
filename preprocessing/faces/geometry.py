"""The geometry of alignment: from landmarks to a similarity transform to a chip."""

import hashlib
import json
import math
from dataclasses import asdict, dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from preprocessing.faces.light import stretch_contrast
from preprocessing.faces.template import MEAN_FACE
from preprocessing.faces.types import Landmarks
from preprocessing.images.types import GreyImage, RgbImage

# iBUG 300-W indices. The lower lip and the jaw stay out: they move when a mouth opens, and a fit
# that follows them would cancel the very expression that the network is to see.
EYES = tuple(range(36, 48))
NOSE = tuple(range(27, 36))
MOUTH_CORNERS = (48, 54)

MIN_ANCHORS = 2
# More than any network sees.
MOST_SIZE_PX, LEAST_MARGIN, MOST_MARGIN = 1_024, -0.45, 10
# How much of its frame a face takes at least: anchors in one place fit nothing.
LEAST_SPREAD = 0.01
# OpenCV cannot warp from a larger picture.
LARGEST_SIDE_PX = 32_766
# Samples for each pixel and direction: enough for faces of 3,000 px, and an end to the work that a
# picture of a single long row makes.
MOST_SAMPLES = 64
_INTERPOLATIONS = {"linear": cv2.INTER_LINEAR, "cubic": cv2.INTER_CUBIC}


@dataclass(frozen=True)
class ChipGeometry:
    """All that turns landmarks into a chip.

    Attributes:
        size_px: Side of the square chip.
        margin: Space added on each side, as a fraction of the frame in which the template lies; 0
            frames a face as FER2013 does.
        anchors: Indices of the landmarks that drive the fit.
        template: Where each of the anchors goes: x and y as fractions of the frame, 0 to 1.
        interpolation: `linear` or `cubic`.
    """

    size_px: int = 48
    margin: float = 0.0
    anchors: tuple[int, ...] = EYES + NOSE + MOUTH_CORNERS
    template: tuple[tuple[float, float], ...] = tuple(
        MEAN_FACE[i] for i in EYES + NOSE + MOUTH_CORNERS
    )
    interpolation: str = "cubic"

    def __post_init__(self) -> None:
        if not 1 <= self.size_px <= MOST_SIZE_PX:
            raise ValueError(f"size_px must be 1 to {MOST_SIZE_PX}. Received: {self.size_px}")
        if not LEAST_MARGIN <= self.margin <= MOST_MARGIN:
            raise ValueError(
                f"margin must be {LEAST_MARGIN} to {MOST_MARGIN}. Received: {self.margin}"
            )
        if not all(0 <= anchor < len(MEAN_FACE) for anchor in self.anchors):
            raise ValueError(f"anchors must be indices of landmarks. Received: {self.anchors}")
        if not all(0 <= fraction <= 1 for place in self.template for fraction in place):
            raise ValueError(f"template must have fractions of 0 to 1. Received: {self.template}")
        if len(self.anchors) != len(self.template) or len(self.anchors) < MIN_ANCHORS:
            raise ValueError(
                f"Each of at least {MIN_ANCHORS} anchors needs a place in the template. "
                f"Received: {len(self.anchors)} anchors, {len(self.template)} places"
            )
        spreads = [max(along) - min(along) for along in zip(*self.template, strict=True)]
        if max(spreads) < LEAST_SPREAD:
            raise ValueError(f"template must not be one place. Received: {self.template[:3]}")
        if self.interpolation not in _INTERPOLATIONS:
            raise ValueError(
                f"interpolation must be one of {', '.join(_INTERPOLATIONS)}. "
                f"Received: interpolation={self.interpolation!r}"
            )

    def digest(self) -> str:
        """Return 16 hex digits that differ whenever a chip could differ."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def template_px(self) -> NDArray[np.float64]:
        """Return the template in chip pixels, shape (anchors, 2)."""
        inner_px = self.size_px / (1 + 2 * self.margin)
        offset_px = (self.size_px - inner_px) / 2
        return np.asarray(self.template) * inner_px + offset_px - 0.5


def fit_similarity(
    source: NDArray[np.floating], target: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Fit the rotation, uniform scale and translation that bring one point set onto another.

    Least squares, in closed form: Umeyama 1991, doi:10.1109/34.88573, written with complex numbers
    (in the plane that excludes reflections by itself).

    Args:
        source: Shape (n, 2), n at least 2, not all in one place.
        target: Shape (n, 2).

    Returns:
        Shape (2, 3), maps (x, y, 1) of the source to the target.

    Raises:
        ValueError: The source points coincide.
    """
    source_z = source[:, 0].astype(np.float64) + 1j * source[:, 1]
    target_z = target[:, 0].astype(np.float64) + 1j * target[:, 1]
    source_mean, target_mean = source_z.mean(), target_z.mean()
    centred = source_z - source_mean
    spread = float(np.vdot(centred, centred).real)
    if spread == 0:
        raise ValueError("Cannot fit a similarity transform: all source points coincide.")
    turn = np.vdot(centred, target_z - target_mean) / spread
    shift = target_mean - turn * source_mean
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])


def apply_transform(
    transform: NDArray[np.float64], points: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Map points of shape (n, 2) through a transform of shape (2, 3)."""
    mapped: NDArray[np.float64] = points @ transform[:, :2].T + transform[:, 2]
    return mapped


def fit_landmarks(
    landmarks: Landmarks, geometry: ChipGeometry
) -> tuple[NDArray[np.float64], float]:
    """Fit the transform that puts a face's anchors onto the template.

    Returns:
        The transform from source to chip, shape (2, 3), and the residual: the root mean square
        distance of the anchors from the template, in chip pixels.
    """
    anchors = landmarks[list(geometry.anchors)]
    template = geometry.template_px()
    transform = fit_similarity(anchors, template)
    misses = apply_transform(transform, anchors) - template
    return transform, float(np.sqrt((misses**2).sum(axis=1).mean()))


def invert_transform(transform: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the transform, shape (2, 3), that undoes another."""
    return np.asarray(cv2.invertAffineTransform(transform), dtype=np.float64)


def chip_width_px(transform: NDArray[np.float64], size_px: int) -> float:
    """Return how wide the square is that a chip shows, in pixels of its picture.

    Args:
        transform: From the picture to the chip, shape (2, 3).
        size_px: Side of the chip.
    """
    return size_px / math.hypot(transform[0, 0], transform[1, 0])


def extract_chip(
    grey: GreyImage, transform: NDArray[np.float64], *, geometry: ChipGeometry
) -> GreyImage:
    """Cut a chip from a picture: `sample_square`, with more contrast where it has too little."""
    chip = sample_square(
        grey, transform, size_px=geometry.size_px, interpolation=geometry.interpolation
    )
    return stretch_contrast(chip)


def sample_square(
    image: GreyImage | RgbImage,
    transform: NDArray[np.float64],
    *,
    size_px: int,
    interpolation: str = "linear",
    outside: int = cv2.BORDER_REPLICATE,
) -> GreyImage | RgbImage:
    """Sample a square from a picture.

    The source is resampled once. Where the square is smaller than what it shows, several samples
    are taken for each of its pixels and averaged (a box filter over the pixel's area), so that
    nothing aliases.

    Args:
        image: The upright source picture, grey or in colour.
        transform: Similarity from source to square, shape (2, 3).
        size_px: Side of the square.
        interpolation: `linear` or `cubic`.
        outside: OpenCV's border mode for what lies outside the picture: its edge repeated,
            `BORDER_REFLECT_101` for the picture mirrored, or `BORDER_CONSTANT` for black.

    Returns:
        uint8 `(size_px, size_px)`, or `(size_px, size_px, 3)` of a picture in colour.
    """
    scale = math.hypot(transform[0, 0], transform[1, 0])
    samples = min(max(1, round(1 / scale)), MOST_SAMPLES)
    fine = transform * samples
    fine[:, 2] += (samples - 1) / 2
    fine_size = (size_px * samples, size_px * samples)
    if max(image.shape) > LARGEST_SIDE_PX:
        image, fine = _crop_to_view(image, fine, fine_size[0])
    flags = _INTERPOLATIONS[interpolation]
    square = cv2.warpAffine(image, fine, fine_size, flags=flags, borderMode=outside)
    if samples > 1:
        square = cv2.resize(square, (size_px, size_px), interpolation=cv2.INTER_AREA)
    return np.asarray(square, dtype=np.uint8)


def _crop_to_view(
    image: GreyImage | RgbImage, transform: NDArray[np.float64], side_px: int
) -> tuple[GreyImage | RgbImage, NDArray[np.float64]]:
    """Leave only the part of a picture that the transform brings into view."""
    corners = np.array([[0, 0], [side_px, 0], [side_px, side_px], [0, side_px]], dtype=np.float64)
    seen = apply_transform(invert_transform(transform), corners)
    reach_px = 4  # what cubic interpolation may touch beyond
    height, width = image.shape[:2]
    left, top = np.clip(
        np.floor(seen.min(axis=0)).astype(int) - reach_px, 0, (width - 1, height - 1)
    )
    right, bottom = np.clip(
        np.ceil(seen.max(axis=0)).astype(int) + reach_px, (left + 1, top + 1), (width, height)
    )
    shifted = transform.copy()
    shifted[:, 2] += transform[:, :2] @ (left, top)
    return image[top:bottom, left:right], shifted
