"""Estimate from landmarks how a head is turned, roughly."""

import functools
import math

import numpy as np
from numpy.typing import NDArray

from preprocessing.faces.landmarks import LandmarkScheme
from preprocessing.faces.types import HeadPose, Landmarks


def head_pose(landmarks: Landmarks, scheme: LandmarkScheme) -> HeadPose:
    """Estimate a pose from where the tip of the nose lies between eyes and mouth.

    Weak perspective: a nose of depth d (in distances between the eyes) on a head turned by an
    angle a moves by d sin(a) while the face shrinks by cos(a), so tan(a) is the move over d.

    Args:
        landmarks: In pixels.
        scheme: What they mean.
    """
    image_left = _middle(landmarks, scheme.eye_image_left)
    across = _middle(landmarks, scheme.eye_image_right) - image_left
    width = math.hypot(*across)
    if width == 0:
        return HeadPose(0.0, 0.0, 0.0)
    # The tip's place in the face's own axes, in distances between the eyes.
    aside, below = _in_axes(landmarks[scheme.nose_tip], image_left, across)
    pitch = 0.0
    if scheme.mouth:
        _, mouth_below = _in_axes(_middle(landmarks, scheme.mouth), image_left, across)
        level_ahead, mouth_ahead = _levels_ahead(scheme)
        level = below / mouth_below if mouth_below > 0 else level_ahead
        pitch = math.atan((level - level_ahead) * mouth_ahead / scheme.nose_depth)
    return HeadPose(
        roll_deg=math.degrees(math.atan2(across[1], across[0])),
        yaw_deg=math.degrees(math.atan(aside / scheme.nose_depth)),
        pitch_deg=math.degrees(pitch),
    )


def within_half_turn(angle_deg: float) -> float:
    """Return the same direction as an angle from -180 up to 180 degrees."""
    return (angle_deg + 180) % 360 - 180


def _middle(landmarks: NDArray[np.floating], indices: tuple[int, ...]) -> NDArray[np.floating]:
    return np.asarray(landmarks[list(indices)].mean(axis=0), np.float64)


def _in_axes(
    point: NDArray[np.floating], image_left: NDArray[np.floating], across: NDArray[np.floating]
) -> tuple[float, float]:
    """Return a point in axes with the middle between the eyes at (0, 0) and `across` as (1, 0)."""
    turned = complex(*(point - image_left - across / 2)) / complex(*across)
    return turned.real, turned.imag


@functools.cache
def _levels_ahead(scheme: LandmarkScheme) -> tuple[float, float]:
    """Return where the mean face, which looks ahead, has its nose tip and its mouth."""
    face = np.array(scheme.mean_face)
    image_left = _middle(face, scheme.eye_image_left)
    across = _middle(face, scheme.eye_image_right) - image_left
    _, nose = _in_axes(face[scheme.nose_tip], image_left, across)
    _, mouth = _in_axes(_middle(face, scheme.mouth), image_left, across)
    return nose / mouth, mouth
