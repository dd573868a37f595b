import math

import numpy as np
import pytest

from preprocessing.faces.geometry import apply_transform
from preprocessing.faces.landmarks import LANDMARK_SCHEMES
from preprocessing.faces.pose import head_pose

# A face is no plane with a nose of one known depth; "rough" means this.
ROUGH_DEG = 4


def seen(name: str, *, yaw_deg: float = 0, pitch_deg: float = 0) -> np.ndarray:
    """Turn the mean face, a plane with a nose that stands out of it, and look from far away."""
    scheme = LANDMARK_SCHEMES[name]
    face = np.array(scheme.mean_face)
    eyes = [
        face[list(part)].mean(axis=0) for part in (scheme.eye_image_left, scheme.eye_image_right)
    ]
    depth = np.zeros(scheme.count)
    depth[scheme.nose_tip] = scheme.nose_depth * np.linalg.norm(eyes[1] - eyes[0])
    x, y = (face - face.mean(axis=0)).T
    yaw, pitch = math.radians(yaw_deg), math.radians(pitch_deg)
    x, depth = x * math.cos(yaw) + depth * math.sin(yaw), depth * math.cos(yaw) - x * math.sin(yaw)
    y = y * math.cos(pitch) + depth * math.sin(pitch)
    return 100 * np.column_stack([x, y]).astype(np.float32)


@pytest.mark.parametrize("name", LANDMARK_SCHEMES)
def test_a_face_that_looks_ahead_is_not_turned(name: str) -> None:
    pose = head_pose(seen(name), LANDMARK_SCHEMES[name])
    assert max(abs(pose.roll_deg), abs(pose.yaw_deg), abs(pose.pitch_deg)) < 0.1


@pytest.mark.parametrize("name", LANDMARK_SCHEMES)
@pytest.mark.parametrize("yaw_deg", [-35, -15, 15, 35])
def test_yaw_is_recovered(name: str, yaw_deg: float) -> None:
    pose = head_pose(seen(name, yaw_deg=yaw_deg), LANDMARK_SCHEMES[name])
    assert pose.yaw_deg == pytest.approx(yaw_deg, abs=ROUGH_DEG)
    assert pose.roll_deg == pytest.approx(0, abs=ROUGH_DEG)


@pytest.mark.parametrize("name", [name for name, each in LANDMARK_SCHEMES.items() if each.mouth])
@pytest.mark.parametrize("pitch_deg", [-20, -10, 10, 20])
def test_pitch_is_recovered(name: str, pitch_deg: float) -> None:
    pose = head_pose(seen(name, pitch_deg=pitch_deg), LANDMARK_SCHEMES[name])
    assert pose.pitch_deg == pytest.approx(pitch_deg, abs=ROUGH_DEG)


@pytest.mark.parametrize("roll_deg", [-170, -40, 25, 90])
def test_turning_the_picture_turns_the_roll_only(roll_deg: float) -> None:
    scheme = LANDMARK_SCHEMES["68"]
    straight = seen(scheme.name, yaw_deg=20, pitch_deg=-10)
    angle = math.radians(roll_deg)
    turn = np.array(
        [[math.cos(angle), -math.sin(angle), 7], [math.sin(angle), math.cos(angle), -3]]
    )
    before, after = (
        head_pose(each, scheme) for each in (straight, apply_transform(turn, straight))
    )
    assert after.roll_deg == pytest.approx(before.roll_deg + roll_deg, abs=0.1)
    assert after.yaw_deg == pytest.approx(before.yaw_deg, abs=0.1)
    assert after.pitch_deg == pytest.approx(before.pitch_deg, abs=0.1)
