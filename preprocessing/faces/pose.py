"""Estimate from landmarks how a head is turned, roughly."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from preprocessing.faces.landmarks import LANDMARK_SCHEMES
from preprocessing.faces.template import MEAN_FACE
from preprocessing.faces.types import Landmarks


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


def head_pose(landmarks: Landmarks) -> HeadPose:
    """Estimate a pose from where the tip of the nose lies between eyes and mouth.

    Weak perspective: a nose of depth d (in distances between the eyes) on a head turned by an
    angle a moves by d sin(a) while the face shrinks by cos(a), so tan(a) is the move over d.
    """
    scheme = LANDMARK_SCHEMES[len(landmarks)]
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
        level = below / mouth_below if mouth_below > 0 else _LEVEL_AHEAD
        pitch = math.atan((level - _LEVEL_AHEAD) * _MOUTH_BELOW / scheme.nose_depth)
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


def _mean_face_levels() -> tuple[float, float]:
    """Return where the mean face, which looks ahead, has its nose tip and its mouth."""
    scheme = LANDMARK_SCHEMES[68]
    face = np.array(MEAN_FACE)
    image_left = _middle(face, scheme.eye_image_left)
    across = _middle(face, scheme.eye_image_right) - image_left
    _, nose = _in_axes(face[scheme.nose_tip], image_left, across)
    _, mouth = _in_axes(_middle(face, scheme.mouth), image_left, across)
    return nose / mouth, mouth


_LEVEL_AHEAD, _MOUTH_BELOW = _mean_face_levels()
