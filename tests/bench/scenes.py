"""Measure the photo search: small faces in large pictures, faces near and far, cut faces, time.

`make bench-align` prints these tables after its own. Scenes are annotated photos in larger pictures
whose background is photographic and shows no face.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from preprocessing.faces.detectors import load_detector
from preprocessing.faces.finder import FaceFinder
from preprocessing.faces.picture import Picture
from preprocessing.faces.types import DetectorKind
from preprocessing.images.types import RgbImage
from tests.bench.annotated import (
    Detect,
    Photo,
    Squares,
    match,
    read_photo,
    rescale,
    score,
    to_squares,
)
from tests.bench.curves import draw_curves
from tests.bench.mtcnn import Mtcnn
from tests.bench.pasted import background, paste, read_tiles
from tests.bench.photo_times import print_times
from tests.bench.small_faces import MEGAPIXELS, MTCNN, PLAIN, SEED, measure_small

NEAR_PHOTO, FAR_PHOTO = "obama.jpg", "biden.jpg"
NEAR_PX, FAR_PX = 1200, (160, 80, 48, 32)
CUT_SHARES, CUT_IOU = (0.1, 0.2, 0.3, 0.4), 0.4
SIDES = ("left", "top", "right", "bottom")
# YuNet alone, with the score that OpenCV's own example takes.
PLAIN_SCORE = 0.6


def print_scenes(
    finder: FaceFinder,
    photos: list[Photo],
    folder: Path,
    *,
    megapixels: tuple[int, ...] = MEGAPIXELS,
    fer_python: str = "",
    plot: Path | None = None,
) -> None:
    """Print all tables of this module.

    Args:
        finder: It is measured.
        photos: The annotated ones.
        folder: It holds these and the photos of the background.
        megapixels: Sizes of the pictures in which small faces are searched for.
        fer_python: A Python that has the package `fer`, whose detector is measured beside; without
            it that is left out.
        plot: Where recall and time are drawn, an SVG file.
    """
    tiles = read_tiles(folder)
    yunet = load_detector(DetectorKind.YUNET)

    def search(image: RgbImage) -> Squares:
        return to_squares(face.box for face in finder.find_faces(Picture(image)))

    def plain(image: RgbImage) -> Squares:
        seen = yunet.detect(image, PLAIN_SCORE)
        return np.array([(*each.centre, each.side) for each in seen]).reshape(-1, 3)

    with ExitStack() as stack:
        others: dict[str, Detect] = {PLAIN: plain}
        if fer_python:
            others[MTCNN] = stack.enter_context(Mtcnn(fer_python))
        else:
            print("\nWithout FER_PYTHON the detector of the package fer is not measured.")
        rows = measure_small(finder, others, photos, tiles, megapixels=megapixels)
        print_times(finder, others, photos, tiles, megapixels=megapixels)
    if plot is not None:
        plot.write_text(draw_curves(rows), encoding="utf-8")
    _print_near_and_far(search, folder, tiles)
    _print_cuts(search, plain, photos)


def _print_near_and_far(search: Detect, folder: Path, tiles: list[RgbImage]) -> None:
    near = _portrait(search, folder / NEAR_PHOTO, face_px=NEAR_PX)
    print(f"\n{'near face':>12}{'far face':>12}{'near found':>12}{'far found':>11}{'others':>8}")
    for size_px in FAR_PX:
        draw = np.random.default_rng(SEED)
        far = _portrait(search, folder / FAR_PHOTO, face_px=size_px)
        scene = background(12, tiles, draw)
        near_width = near.image.shape[1]
        left = near_width + int(draw.integers(scene.shape[1] - near_width - far.image.shape[1]))
        top = int(draw.integers(scene.shape[0] - far.image.shape[0]))
        truth = [paste(near, scene, left=0, top=0), paste(far, scene, left=left, top=top)]
        found = search(scene)
        matched = [len(match(squares, found)) for squares in truth]
        near_found, far_found = ("yes" if count else "no" for count in matched)
        print(f"{NEAR_PX:>9} px{size_px:>9} px{near_found:>12}{far_found:>11}", end="")
        print(f"{len(found) - sum(matched):>8}")


def _portrait(search: Detect, path: Path, *, face_px: int) -> Photo:
    """Crop a photo to its one face and half the face's width around it, and scale it."""
    image = read_photo(path)
    ((x, y, side),) = search(image)
    left, top, right, bottom = (round(each) for each in (x - side, y - side, x + side, y + side))
    left, top = max(0, left), max(0, top)
    square = np.array([(x - left, y - top, side)])
    cropped = Photo(path.name, image[top:bottom, left:right], square, np.empty((0, 68, 2)))
    return rescale(cropped, face_px / side)


def _print_cuts(search: Detect, plain: Detect, photos: list[Photo]) -> None:
    print(f"\n{'cut off':<9}{'faces':>7}" + "".join(f"{side:>8}" for side in SIDES), end="")
    print(f"{'all':>8}{'YuNet alone':>13}")
    for share in CUT_SHARES:
        cuts = {side: list(_cuts(photos, side, share)) for side in SIDES}
        scores = [score(search, cuts[side], least_iou=CUT_IOU) for side in SIDES]
        everything = [cut for side in SIDES for cut in cuts[side]]
        recall = sum(each.found for each in scores) / len(everything)
        print(f"{share:<9.0%}{len(everything):>7}", end="")
        print("".join(f"{each.recall:>8.3f}" for each in scores) + f"{recall:>8.3f}", end="")
        print(f"{score(plain, everything, least_iou=CUT_IOU).recall:>13.3f}")


def _cuts(photos: list[Photo], side: str, share: float) -> Iterator[Photo]:
    """Crop photos so that one side of the frame cuts off a share of one face's square."""
    for photo in photos:
        for x, y, width in photo.squares:
            kept = (0.5 - share) * width
            left, right = round(x + 0.5 - kept), round(x + 0.5 + kept)
            top, bottom = round(y + 0.5 - kept), round(y + 0.5 + kept)
            rows, columns = {
                "left": (slice(None), slice(left, None)),
                "top": (slice(top, None), slice(None)),
                "right": (slice(None), slice(right)),
                "bottom": (slice(bottom), slice(None)),
            }[side]
            square = np.array([(x - (columns.start or 0), y - (rows.start or 0), width)])
            image = np.ascontiguousarray(photo.image[rows, columns])
            yield Photo(photo.name, image, square, photo.landmarks[:0])
