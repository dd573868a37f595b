"""Measure alignment: `make bench-align` prints the tables.

Needs photos with boxes and 68 landmarks in dlib's format, and FER2013's CSV.
"""

import argparse
import statistics
from collections import defaultdict
from functools import partial
from pathlib import Path

import cv2
import dlib
import numpy as np

from preprocessing.faces.finder import FaceFinder
from preprocessing.faces.model_files import LANDMARKS_68_FILE
from preprocessing.faces.picture import Picture
from preprocessing.images.types import RgbImage
from tests.bench.annotated import (
    EMPTY_PHOTO,
    MATCH_IOU,
    SEARCH,
    Detect,
    Photo,
    Squares,
    read_photo,
    read_photos,
    rescale,
    score,
    to_squares,
)
from tests.bench.fer2013 import print_dataset, print_profile, timed_scans
from tests.bench.landmarks import print_landmarks
from tests.bench.large import print_large
from tests.bench.scenes import print_scenes
from tests.bench.small_faces import MEGAPIXELS
from tests.bench.turns import print_turns

FACE_SIZES_PX = (60, 40, 30, 24, 20, 16, 12)


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path, help="the annotated photos")
    parser.add_argument("csv", type=Path, help="fer2013.csv, plain or compressed")
    parser.add_argument("--fer-python", default="", help="a Python that has the package fer")
    parser.add_argument("--plot", type=Path, help="draw recall and time into this SVG file")
    parser.add_argument("--scenes-only", action="store_true", help="faces in large pictures only")
    parser.add_argument(
        "--megapixels", type=int, nargs="+", default=MEGAPIXELS, help="of these pictures"
    )
    options = parser.parse_args()
    cv2.setNumThreads(1)
    photos = read_photos(options.photos)
    finder = FaceFinder()
    print_pasted = partial(
        print_scenes,
        finder,
        photos,
        options.photos,
        megapixels=tuple(options.megapixels),
        fer_python=options.fer_python,
        plot=options.plot,
    )
    if options.scenes_only:
        print_pasted()
        return
    plain = dlib.get_frontal_face_detector()
    landmark = dlib.shape_predictor(str(LANDMARKS_68_FILE.path()))
    detectors: dict[str, Detect] = {
        "plain": lambda image: _plain(plain(image, 0)),
        "plain, upsampled once": lambda image: _plain(plain(image, 1)),
        SEARCH: lambda image: _search(finder, image),
    }
    # The search locates landmarks as it goes: this row is what to compare it with.
    with_landmarks = {
        "plain, upsampled, landmarks": lambda image: _plain_landmarked(plain, landmark, image)
    }
    _print_detection(detectors | with_landmarks, photos, options.photos)
    _print_scans(finder, photos)
    print_large(finder, photos, options.photos)
    print_landmarks(finder, plain, landmark, photos)
    _print_sizes(detectors, photos)
    print_turns(detectors, finder, photos)
    print_pasted()
    print_dataset(options.csv)
    print_profile(options.csv)


def _print_detection(detectors: dict[str, Detect], photos: list[Photo], folder: Path) -> None:
    faces = sum(len(photo.squares) for photo in photos)
    print(f"{len(photos)} photos, {faces} faces; a face is found at IoU {MATCH_IOU} or more\n")
    empty = read_photo(folder / EMPTY_PHOTO)
    print(
        f"{'detector':<28}{'recall':>8}{'precision':>11}{'median ms':>11}{'slowest ms':>12}", end=""
    )
    print(f"{'in ' + EMPTY_PHOTO:>13}")
    for name, detect in detectors.items():
        total = score(detect, photos)
        slowest = 1000 * max(total.seconds)
        print(f"{name:<28}{total.recall:>8.2f}{total.precision:>11.2f}", end="")
        print(f"{1000 * statistics.median(total.seconds):>11.0f}{slowest:>12.0f}", end="")
        print(f"{len(detect(empty)):>13}")


def _print_scans(finder: FaceFinder, photos: list[Photo]) -> None:
    """Time the detectors of the search alone, which is all that the plain detector does."""
    seconds = []
    for photo in photos:
        spent: dict[str, float] = defaultdict(float)
        with timed_scans(finder, spent):
            finder.find_faces(Picture(photo.image))
        seconds.append(spent["scans"])
    print(f"{f'{SEARCH}, its detectors alone':<47}{1000 * statistics.median(seconds):>11.0f}")


def _print_sizes(detectors: dict[str, Detect], photos: list[Photo]) -> None:
    print(f"{'recall by width of face':<26}" + "".join(f"{size:>7} px" for size in FACE_SIZES_PX))
    for name, detect in detectors.items():
        recalls = []
        for size_px in FACE_SIZES_PX:
            shrunk = [
                rescale(photo, size_px / float(np.median(photo.squares[:, 2]))) for photo in photos
            ]
            recalls.append(score(detect, shrunk).recall)
        print(f"{name:<26}" + "".join(f"{recall:>10.2f}" for recall in recalls))
    print()


def _plain(rectangles: dlib.rectangles) -> Squares:
    squares = [
        ((each.left() + each.right()) / 2, (each.top() + each.bottom()) / 2, each.width())
        for each in rectangles
    ]
    return np.array(squares, dtype=float).reshape(-1, 3)


def _plain_landmarked(
    detect: dlib.fhog_object_detector, landmark: dlib.shape_predictor, image: RgbImage
) -> Squares:
    rectangles = detect(image, 1)
    for rectangle in rectangles:
        landmark(image, rectangle)
    return _plain(rectangles)


def _search(finder: FaceFinder, image: RgbImage) -> Squares:
    return to_squares(face.box for face in finder.find_faces(Picture(image)))


if __name__ == "__main__":
    main()
