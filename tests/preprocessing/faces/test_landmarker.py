from dataclasses import replace

import cv2
import numpy as np
import pytest

from preprocessing.faces.finder import FaceFinder

# The line through the eyes is as sure as that.
ROLL_DEG = 4
TILTED_DEG = range(-50, 51, 10)


def _tilted_crop(photo: np.ndarray, angle_deg: float) -> np.ndarray:
    """Return the sample's face turned clockwise and cropped as FER2013's are."""
    to_crop = cv2.getRotationMatrix2D((222, 122), -angle_deg, 48 / 125)
    to_crop[:, 2] += np.subtract(23.5, (222, 122))
    return np.asarray(cv2.warpAffine(photo, to_crop, (48, 48), flags=cv2.INTER_AREA), np.uint8)


def _misses_deg(finder: FaceFinder, photo: np.ndarray) -> list[float]:
    crops = [_tilted_crop(photo, angle_deg) for angle_deg in (0, *TILTED_DEG)]
    straight, *rolls = [face.pose.roll_deg for face in finder.find_faces_in_crops(crops)]
    return [
        abs(roll - straight - angle_deg) for roll, angle_deg in zip(rolls, TILTED_DEG, strict=True)
    ]


def test_a_tilted_crop_is_landmarked_upright(
    photo: np.ndarray, finder: FaceFinder, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert max(_misses_deg(finder, photo)) < ROLL_DEG
    # Without a look at it turned further one is taken for nearly upright.
    without = replace(finder._crop_detector, upright_crop_score=0.0)
    monkeypatch.setattr(finder, "_crop_detector", without)
    assert max(_misses_deg(finder, photo)) > ROLL_DEG
