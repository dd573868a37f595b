"""Drawn faces in class folders: a small set to try everything on, free of any rights."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

SIDE_PX = 48
DRAWN_PX = 2 * SIDE_PX
# By label: how far the mouth's corners rise, how far it opens, how far the brows rise at the nose
# and at the temples, and how wide the eyes are; in drawn pixels.
EXPRESSIONS = {
    "angry": (-2, 1, -6, 3, 4),
    "fear": (-3, 5, 5, -1, 7),
    "happy": (8, 4, 1, 1, 4),
    "sad": (-8, 0, 5, -3, 3),
    "surprise": (0, 10, 6, 6, 8),
    "neutral": (0, 0, 0, 0, 5),
    # Not among FER2013's labels.
    "sleepy": (-1, 0, -1, -2, 1),
    "shouting": (-4, 13, -6, 4, 5),
}
SIX = tuple(EXPRESSIONS)[:6]
"""FER2013's labels without disgust."""


def draw_face(label: str, generator: np.random.Generator) -> NDArray[np.uint8]:
    """Draw a face, each time a little different.

    Args:
        label: One of `EXPRESSIONS`.
        generator: Decides how it differs.

    Returns:
        Grey, uint8 (48, 48).
    """
    corners, opening, inner, outer, eye = np.array(EXPRESSIONS[label]) + generator.normal(0, 0.8, 5)
    paper, skin, ink = 60 + generator.integers(40), 180 + generator.integers(50), 30
    face = np.full((DRAWN_PX, DRAWN_PX), paper, np.uint8)
    cv2.ellipse(face, (48, 50), (38, 46), 0, 0, 360, int(skin), -1, cv2.LINE_AA)
    for side in (-1, 1):
        middle = 48 + 16 * side
        cv2.ellipse(face, (middle, 40), (7, max(1, round(eye))), 0, 0, 360, 250, -1, cv2.LINE_AA)
        cv2.circle(face, (middle, 40), 3, ink, -1, cv2.LINE_AA)
        brow = [(48 + 7 * side, round(28 - inner)), (48 + 25 * side, round(28 - outer))]
        cv2.line(face, *brow, ink, 2, cv2.LINE_AA)
    cv2.line(face, (48, 44), (46, 58), int(skin) - 50, 2, cv2.LINE_AA)
    x = np.linspace(-1, 1, 15)
    bend, gape = corners * x**2, max(0.5, opening) * (1 - x**2)
    lips = np.concatenate([np.stack([x, -gape - bend]), np.stack([x, gape - bend])[:, ::-1]], 1)
    mouth = np.round(lips.T * (16, 1) + (48, 74)).astype(np.int32)
    cv2.fillPoly(face, [mouth], ink, cv2.LINE_AA)
    turn = cv2.getRotationMatrix2D((48, 48), generator.normal(0, 5), generator.uniform(0.9, 1.05))
    turned = cv2.warpAffine(face, turn, (DRAWN_PX, DRAWN_PX), borderMode=cv2.BORDER_REPLICATE)
    small = cv2.resize(turned, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA)
    return np.clip(small + generator.normal(0, 4, small.shape), 0, 255).astype(np.uint8)


def write_cartoons(folder: Path, *, count: int, labels: Sequence[str] = SIX, seed: int = 0) -> None:
    """Write drawn faces as class folders: `train/happy/0.png` and so on.

    Args:
        folder: A folder that does not exist yet, or is empty.
        count: Faces of each label in train; a quarter as many, at least one, in val and in test.
        labels: Some of `EXPRESSIONS`.
        seed: Decides what the faces look like.
    """
    generator = np.random.default_rng(seed)
    for split, faces in (
        ("train", count),
        ("val", max(1, count // 4)),
        ("test", max(1, count // 4)),
    ):
        for label in labels:
            place = folder / split / label
            place.mkdir(parents=True)
            for number in range(faces):
                cv2.imwrite(str(place / f"{number}.png"), draw_face(label, generator))
