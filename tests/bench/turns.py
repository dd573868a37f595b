"""Recall in turned photos, and how little a chip changes, a table of `make bench-align`."""

import cv2
import numpy as np

from preprocessing.faces.align import align_photo
from preprocessing.faces.finder import FaceFinder
from preprocessing.faces.geometry import ChipGeometry, apply_transform
from preprocessing.faces.search import turn_back
from preprocessing.images.types import GreyImage
from tests.bench.annotated import SEARCH, Detect, Photo, match, score, to_squares

STEP_DEG = 15


def print_turns(detectors: dict[str, Detect], finder: FaceFinder, photos: list[Photo]) -> None:
    straight = {photo.name: _chips(finder, photo) for photo in photos}
    names = [name for name in detectors if name != "plain"]
    print(f"{'turned by':<10}" + "".join(f"{name:>24}" for name in names), end="")
    print(f"{'precision':>12}{'chip differs':>14}{'p95':>7}{'maximum':>9}")
    for angle_deg in range(0, 360, STEP_DEG):
        turned = [_turn(photo, angle_deg) for photo in photos]
        scores = {name: score(detectors[name], turned) for name in names}
        differences = [
            float(np.abs(chip.astype(int) - straight[photo.name][index]).mean())
            for photo in turned
            for index, chip in _chips(finder, photo).items()
            if index in straight[photo.name]
        ]
        print(
            f"{angle_deg:>6} deg" + "".join(f"{scores[name].recall:>24.2f}" for name in names),
            end="",
        )
        middle, most, maximum = np.quantile(differences, (0.5, 0.95, 1))
        print(f"{scores[SEARCH].precision:>12.2f}{middle:>14.1f}{most:>7.1f}{maximum:>9.1f}")


def _chips(finder: FaceFinder, photo: Photo) -> dict[int, GreyImage]:
    """Return the chips of the annotated faces that are found, by the index of the face."""
    aligned = align_photo(photo.image, finder, geometry=ChipGeometry())
    pairs = match(photo.squares, to_squares(each.face.box for each in aligned))
    return {index: aligned[claimed].chip for index, claimed in pairs.items()}


def _turn(photo: Photo, angle_deg: float) -> Photo:
    """Turn a photo clockwise; squares keep their size and stay upright."""
    height, width = photo.image.shape[:2]
    turn, size = turn_back(width, height, angle_deg=-angle_deg)
    image = np.asarray(cv2.warpAffine(photo.image, turn, size, flags=cv2.INTER_CUBIC), np.uint8)
    centres = apply_transform(turn, photo.squares[:, :2])
    squares = np.column_stack([centres, photo.squares[:, 2]])
    landmarks = apply_transform(turn, photo.landmarks.reshape(-1, 2)).reshape(-1, 68, 2)
    return Photo(photo.name, image, squares, landmarks)
