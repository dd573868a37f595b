"""Measure alignment: `make bench-align` prints the tables.

Needs photos with boxes and 68 landmarks in dlib's format, and FER2013's CSV.
"""

import argparse
import statistics
import time
from collections import defaultdict
from functools import partial
from pathlib import Path

import cv2
import dlib
import numpy as np

from preprocessing.faces.align import align_photo
from preprocessing.faces.finder import FaceFinder
from preprocessing.faces.geometry import ChipGeometry, apply_transform
from preprocessing.faces.model_files import LANDMARKS_68_FILE
from preprocessing.faces.picture import Picture
from preprocessing.faces.search import turn_back
from preprocessing.faces.types import Landmarks
from preprocessing.images.types import GreyImage, RgbImage
from tests.bench.annotated import (
    EMPTY_PHOTO,
    MATCH_IOU,
    Detect,
    Photo,
    Squares,
    match,
    read_photo,
    read_photos,
    rescale,
    score,
    to_squares,
)
from tests.bench.fer2013 import print_dataset, print_profile, timed_scans
from tests.bench.scenes import print_scenes
from tests.bench.small_faces import MEGAPIXELS

SEARCH = "Mien's search"
STEP_DEG = 15
# A find whose landmarks are as far from every annotated face is another face, or none.
FACE_MISSED = 0.5
LARGE_PX = (4000, 3000)
# So many photos side by side, and as many one below the other, make most work.
MOSAIC_TILES, MOSAIC_DEG = 4, 20
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
    folder = options.photos
    cv2.setNumThreads(1)
    photos = read_photos(folder)
    finder = FaceFinder()
    print_pasted = partial(
        print_scenes,
        finder,
        photos,
        folder,
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
    faces = sum(len(photo.squares) for photo in photos)
    print(f"{len(photos)} photos, {faces} faces; a face is found at IoU {MATCH_IOU} or more\n")
    # The search locates landmarks as it goes: this row is what to compare it with.
    with_landmarks = {
        "plain, upsampled, landmarks": lambda image: _plain_landmarked(plain, landmark, image)
    }
    _print_detection(detectors | with_landmarks, photos, folder)
    _print_scans(finder, photos)
    _print_large(finder, photos, folder)
    _print_landmarks(finder, plain, landmark, photos)
    _print_sizes(detectors, photos)
    _print_turns(detectors, finder, photos)
    print_pasted()
    print_dataset(options.csv)
    print_profile(options.csv)


def _print_detection(detectors: dict[str, Detect], photos: list[Photo], folder: Path) -> None:
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


def _print_large(finder: FaceFinder, photos: list[Photo], folder: Path) -> None:
    empty = read_photo(folder / EMPTY_PHOTO)
    pictures = {
        "without a face": np.asarray(cv2.resize(empty, LARGE_PX), np.uint8),
        f"of faces turned by {MOSAIC_DEG} degrees": _mosaic(photos),
    }
    for name, image in pictures.items():
        spent: dict[str, float] = defaultdict(float)
        with timed_scans(finder, spent):
            started = time.perf_counter()
            faces = finder.find_faces(Picture(image))
            whole = time.perf_counter() - started
        print(
            f"{SEARCH}, 12 megapixels {name}: {whole:.2f} s, {spent['scans']:.2f} s of it "
            f"detectors; {len(faces)} faces found"
        )
    print()


def _mosaic(photos: list[Photo]) -> RgbImage:
    """Lay photos side by side, again and again, and turn the whole clockwise."""
    width, height = LARGE_PX[0] // MOSAIC_TILES, LARGE_PX[1] // MOSAIC_TILES
    tiles = [cv2.resize(photo.image, (width, height)) for photo in photos]
    chosen = [
        [tiles[(row * MOSAIC_TILES + column) % len(tiles)] for column in range(MOSAIC_TILES)]
        for row in range(MOSAIC_TILES)
    ]
    image = np.vstack([np.hstack(row) for row in chosen])
    about = cv2.getRotationMatrix2D((LARGE_PX[0] / 2, LARGE_PX[1] / 2), -MOSAIC_DEG, 1)
    return np.asarray(cv2.warpAffine(image, about, LARGE_PX, borderMode=cv2.BORDER_WRAP), np.uint8)


def _print_landmarks(
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


def _print_turns(detectors: dict[str, Detect], finder: FaceFinder, photos: list[Photo]) -> None:
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


if __name__ == "__main__":
    main()
