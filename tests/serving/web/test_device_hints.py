"""What a browser that reads a picture itself says of faces that are hard to read."""

import math
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from flask import Flask
from playwright.sync_api import Page

from preprocessing.faces.landmarks import LANDMARK_SCHEMES
from preprocessing.faces.pose import head_pose
from preprocessing.faces.quality import Hint, measure
from preprocessing.faces.types import AlignedFace, BoundingBox, Face
from preprocessing.images.decode import decode_image
from preprocessing.images.types import GreyImage
from serving.inference.predictor import Predictor
from serving.web.assets import asset_url
from serving.web.hints import hints_of

pytestmark = pytest.mark.browser
PICTURE_PX = 400
AHEAD = ((150, 150), (210, 150), (180, 180), (155, 215), (205, 215))


def transform_of(*, width_px: float, left: float, angle_deg: float = 5) -> list[list[float]]:
    """Return a transform to a chip of 48 pixels that shows a square of the picture."""
    scale, angle = 48 / width_px, math.radians(angle_deg)
    a, b = scale * math.cos(angle), scale * math.sin(angle)
    return [[a, b, -a * left - b * 100], [-b, a, b * left - a * 100]]


def chips_of(chip: GreyImage) -> list[tuple[Hint | None, GreyImage]]:
    """Return a chip as it is, and with what each hint is about, after the hint."""
    masked = chip.copy()
    masked[27:42, 8:40] = chip[27:42, 8:40].mean()
    folded = masked.copy()
    folded[[31, 36], 8:40] = 0.7 * folded[[31, 36], 8:40]
    noise = np.random.default_rng(0).normal(0, 60, chip.shape)
    return [
        (None, chip),
        (Hint.BLURRED, cv2.GaussianBlur(chip, (0, 0), 4)),
        (Hint.NOISY, np.clip(chip + noise, 0, 255).astype(np.uint8)),
        (Hint.COVERED, masked),
        (Hint.COVERED, folded),
    ]


def test_hints_are_those_of_the_server(
    page: Page, predictor: Predictor, app: Flask, photo: bytes
) -> None:
    (found,) = predictor.align(decode_image(photo))
    turned = tuple((x + 25 * (at == 2), y) for at, (x, y) in enumerate(AHEAD))
    plain, small, cut = (
        transform_of(width_px=width_px, left=left)
        for width_px, left in ((120, 120), (22, 120), (120, -30))
    )
    cases = [(hint, chip, plain, AHEAD) for hint, chip in chips_of(found.chip)]
    cases += [
        (Hint.SMALL, found.chip, small, AHEAD),
        (Hint.CUT, found.chip, cut, AHEAD),
        (Hint.TURNED, found.chip, plain, turned),
    ]
    with app.test_request_context():
        module = asset_url("device/hints.js")
    given = [
        {"chip": chip.ravel().tolist(), "transform": transform, "points": points}
        for _, chip, transform, points in cases
    ]
    said = page.evaluate(
        """async ([url, faces, side]) => {
          const { hintsOf } = await import(url);
          return faces.map((face) => hintsOf(
            { ...face, chip: Uint8Array.from(face.chip) },
            { width: side, height: side },
            { margin: 0 },
          ).map(({ name, said }) => [name, said]));
        }""",
        [module, given, PICTURE_PX],
    )
    for (hint, chip, transform, points), here in zip(cases, said, strict=True):
        landmarks = np.array(points, np.float64)
        pose = head_pose(landmarks, LANDMARK_SCHEMES["yunet"])
        face = Face(BoundingBox(120, 100, 240, 220), landmarks, pose, 0.9, "detector")
        aligned = AlignedFace(chip, np.array(transform), face, 0.0)
        measured = measure(aligned, width=PICTURE_PX, height=PICTURE_PX)
        figures = SimpleNamespace(width_px=measured.width_px, yaw_deg=pose.yaw_deg)
        answer = SimpleNamespace(measures=figures, found_by="detector", hints=measured.hints())
        assert here == [list(each) for each in zip(measured.hints(), hints_of(answer), strict=True)]  # type: ignore[arg-type]
        assert (hint in measured.hints()) if hint else not measured.hints()
