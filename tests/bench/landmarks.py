"""How far landmarks are from the annotated ones, a table of `make bench-align`."""

import statistics

import dlib
import numpy as np

from preprocessing.faces.finder import FaceFinder
from preprocessing.faces.picture import Picture
from preprocessing.faces.types import Landmarks
from preprocessing.images.types import RgbImage
from tests.bench.annotated import SEARCH, Photo

# A find whose landmarks are as far from every annotated face is another face, or none.
FACE_MISSED = 0.5


def print_landmarks(
    finder: FaceFinder,
    plain: dlib.fhog_object_detector,
    landmark: dlib.shape_predictor,
    photos: list[Photo],
) -> None:
    """Compare landmarks with the annotated ones.

    The annotations themselves seem to come from a model on the plain detector's boxes: from its
    landmarks they differ by less than those of two people would.
    """

    def plain_landmarks(image: RgbImage) -> list[Landmarks]:
        shapes = [landmark(image, rectangle) for rectangle in plain(image, 1)]
        return [np.array([(p.x, p.y) for p in shape.parts()], np.float32) for shape in shapes]

    print("landmarks: mean error, as a share of the distance between the eyes")
    for name, find in {
        "plain, upsampled once": plain_landmarks,
        SEARCH: lambda image: [face.landmarks for face in finder.find_faces(Picture(image))],
    }.items():
        errors = [
            _landmark_error(photo, landmarks) for photo in photos for landmarks in find(photo.image)
        ]
        found = [error for error in errors if error < FACE_MISSED]
        print(
            f"{name:<26}{statistics.mean(found):>8.3f} over {len(found)} faces; "
            f"{len(errors) - len(found)} finds are no annotated face"
        )
    print()


def _landmark_error(photo: Photo, landmarks: Landmarks) -> float:
    """Return the mean distance to the nearest annotated face, in distances between its eyes."""
    misses = np.linalg.norm(photo.landmarks - landmarks, axis=2).mean(axis=1)
    nearest = int(misses.argmin())
    eyes = photo.landmarks[nearest]
    between = np.linalg.norm(eyes[36:42].mean(axis=0) - eyes[42:48].mean(axis=0))
    return float(misses[nearest] / between)
