"""Measure the photo search: small faces in large pictures, faces near and far, cut faces, time.

`make bench-align` prints these tables after its own. Scenes are annotated photos in larger pictures
whose background is photographic and shows no face.
"""

import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from preprocessing.faces.detectors import load_detector
from preprocessing.faces.finder import FaceFinder
from preprocessing.faces.picture import Picture
from preprocessing.faces.types import DetectorKind
from preprocessing.images.decode import decode_image
from preprocessing.images.types import RgbImage
from tests.bench.annotated import (
    EMPTY_PHOTO,
    Detect,
    Photo,
    Score,
    Squares,
    match,
    read_photo,
    rescale,
    resize,
    score,
    to_squares,
)
from tests.bench.mixed_pictures import photo_640x480

SEED = 0
# Widths of the smallest face of a scene, in pixels, by megapixels; the first of each is promised.
SCENES_PX = {1: (24, 32, 48), 3: (24, 32, 48), 12: (32, 48), 48: (43,)}
# Each photo is placed this often in pictures of a size.
PLACEMENTS = 3
# From this share of its height downwards, a photo shows no face.
FACELESS_FROM = {
    EMPTY_PHOTO: 0.0,
    "biden.jpg": 0.3,
    "obama.jpg": 0.42,
    "solvay_conference.jpg": 0.45,
}
# A row of background tiles is as high as this.
LEAST_TILE_PX, LARGEST_TILE_PX = 300, 900
NEAR_PHOTO, FAR_PHOTO = "obama.jpg", "biden.jpg"
NEAR_PX, FAR_PX = 1200, (160, 80, 48, 32)
CUT_SHARES, CUT_IOU = (0.1, 0.2, 0.3, 0.4), 0.4
SIDES = ("left", "top", "right", "bottom")
# YuNet alone, with the score that OpenCV's own example takes.
PLAIN_SCORE = 0.6
TIMED_PHOTO, TIMED_FACE_PX, ROUNDS = "2008_002470.jpg", 80, 5


def print_scenes(finder: FaceFinder, photos: list[Photo], folder: Path) -> None:
    """Print all tables of this module.

    Args:
        finder: It is measured.
        photos: The annotated ones.
        folder: It holds these and the photos of the background.
    """
    tiles = _read_tiles(folder)
    yunet = load_detector(DetectorKind.YUNET)

    def search(image: RgbImage) -> Squares:
        return to_squares(face.box for face in finder.find_faces(Picture(image)))

    def plain(image: RgbImage) -> Squares:
        seen = yunet.detect(image, PLAIN_SCORE)
        return np.array([(*each.centre, each.side) for each in seen]).reshape(-1, 3)

    _print_small(search, plain, photos, tiles)
    _print_near_and_far(search, folder, tiles)
    _print_cuts(search, plain, photos)
    _print_times(finder, photos, tiles)


def _print_small(search: Detect, plain: Detect, photos: list[Photo], tiles: list[RgbImage]) -> None:
    print(
        f"\n{'megapixels':>10}{'smallest face':>15}{'faces':>7}{'recall':>8}{'precision':>11}",
        end="",
    )
    print(f"{'median ms':>11}{'YuNet alone: recall':>22}{'precision':>11}{'median ms':>11}")
    for megapixels, sizes_px in SCENES_PX.items():
        for size_px in sizes_px:
            draw = np.random.default_rng(SEED)
            ours, theirs = Score(), Score()
            for photo in photos * PLACEMENTS:
                small = rescale(photo, size_px / photo.squares[:, 2].min())
                scene = _place(small, _background(megapixels, tiles, draw), draw)
                ours.add(search, scene)
                theirs.add(plain, scene)
            print(f"{megapixels:>10}{size_px:>12} px{ours.faces:>7}{ours.recall:>8.3f}", end="")
            print(f"{ours.precision:>11.3f}{_median_ms(ours.seconds):>11.0f}", end="")
            print(f"{theirs.recall:>22.3f}{theirs.precision:>11.3f}", end="")
            print(f"{_median_ms(theirs.seconds):>11.0f}")


def _print_near_and_far(search: Detect, folder: Path, tiles: list[RgbImage]) -> None:
    near = _portrait(search, folder / NEAR_PHOTO, face_px=NEAR_PX)
    print(f"\n{'near face':>12}{'far face':>12}{'near found':>12}{'far found':>11}{'others':>8}")
    for size_px in FAR_PX:
        draw = np.random.default_rng(SEED)
        far = _portrait(search, folder / FAR_PHOTO, face_px=size_px)
        scene = _background(12, tiles, draw)
        near_width = near.image.shape[1]
        left = near_width + int(draw.integers(scene.shape[1] - near_width - far.image.shape[1]))
        top = int(draw.integers(scene.shape[0] - far.image.shape[0]))
        truth = [_paste(near, scene, left=0, top=0), _paste(far, scene, left=left, top=top)]
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


def _print_times(finder: FaceFinder, photos: list[Photo], tiles: list[RgbImage]) -> None:
    (timed,) = (photo for photo in photos if photo.name == TIMED_PHOTO)
    timed = rescale(timed, TIMED_FACE_PX / timed.squares[:, 2].min())
    pictures = {"640x480": photo_640x480()}
    for megapixels in (12, 48):
        draw = np.random.default_rng(SEED)
        scene = _place(timed, _background(megapixels, tiles, draw), draw)
        bgr = cv2.cvtColor(scene.image, cv2.COLOR_RGB2BGR)
        pictures[f"{megapixels} megapixels"] = cv2.imencode(".jpg", bgr)[1].tobytes()
    print(f"\n{'JPEG':<14}{'faces':>7}{'decoding ms':>13}{'faces, landmarks ms':>21}{'all ms':>8}")
    for name, data in pictures.items():
        decoding, finding = [], []
        for _ in range(ROUNDS + 1):
            started = time.perf_counter()
            image = decode_image(data)
            decoded = time.perf_counter()
            faces = finder.find_faces(Picture(image))
            decoding.append(decoded - started)
            finding.append(time.perf_counter() - decoded)
        # The first round starts the process that decodes.
        decode_ms, find_ms = _median_ms(decoding[1:]), _median_ms(finding[1:])
        whole_ms = _median_ms([sum(pair) for pair in zip(decoding[1:], finding[1:], strict=True)])
        print(f"{name:<14}{len(faces):>7}{decode_ms:>13.1f}{find_ms:>21.1f}{whole_ms:>8.1f}")


def _read_tiles(folder: Path) -> list[RgbImage]:
    """Read the parts of photos that show no face, each also as its mirror image."""
    photos = [(read_photo(folder / name), start) for name, start in FACELESS_FROM.items()]
    parts = [image[round(start * len(image)) :] for image, start in photos]
    return [tile for part in parts for tile in (part, part[:, ::-1])]


def _background(megapixels: int, tiles: list[RgbImage], draw: np.random.Generator) -> RgbImage:
    """Return a picture of format 4:3 without a face: rows of tiles, each row of another height."""
    width = round((megapixels * 1e6 * 4 / 3) ** 0.5)
    picture = np.empty((width * 3 // 4, width, 3), np.uint8)
    top = 0
    while top < len(picture):
        left, height = 0, int(draw.integers(LEAST_TILE_PX, LARGEST_TILE_PX))
        while left < width:
            tile = tiles[draw.integers(len(tiles))]
            tile = resize(tile, height / len(tile))
            space = picture[top : top + height, left : left + tile.shape[1]]
            space[:] = tile[: space.shape[0], : space.shape[1]]
            left += tile.shape[1]
        top += height
    return picture


def _place(photo: Photo, scene: RgbImage, draw: np.random.Generator) -> Photo:
    """Paste a photo into a scene, anywhere."""
    rows, columns = (
        whole - part + 1 for whole, part in zip(scene.shape[:2], photo.image.shape[:2], strict=True)
    )
    squares = _paste(photo, scene, left=int(draw.integers(columns)), top=int(draw.integers(rows)))
    return Photo(photo.name, scene, squares, photo.landmarks[:0])


def _paste(photo: Photo, scene: RgbImage, *, left: int, top: int) -> Squares:
    """Paste a photo into a scene; return where its faces are there."""
    height, width = photo.image.shape[:2]
    scene[top : top + height, left : left + width] = photo.image
    return np.add(photo.squares, (left, top, 0), dtype=np.float64)


def _median_ms(seconds: list[float]) -> float:
    return 1000 * statistics.median(seconds)
