"""How long a large picture takes, lines of `make bench-align`."""

import time
from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np

from preprocessing.faces.finder import FaceFinder
from preprocessing.faces.picture import Picture
from preprocessing.images.types import RgbImage
from tests.bench.annotated import EMPTY_PHOTO, SEARCH, Photo, read_photo
from tests.bench.fer2013 import timed_scans

LARGE_PX = (4000, 3000)
# The number of photos side by side, and one below the other, that takes most work.
MOSAIC_TILES, MOSAIC_DEG = 4, 20


def print_large(finder: FaceFinder, photos: list[Photo], folder: Path) -> None:
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
