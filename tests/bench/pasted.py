"""Scenes: annotated photos in larger pictures whose background is photographic, without a face."""

from pathlib import Path

import numpy as np

from preprocessing.images.types import RgbImage
from tests.bench.annotated import EMPTY_PHOTO, Photo, Squares, read_photo, resize

# From this share of its height downwards, a photo shows no face.
FACELESS_FROM = {
    EMPTY_PHOTO: 0.0,
    "biden.jpg": 0.3,
    "obama.jpg": 0.42,
    "solvay_conference.jpg": 0.45,
}
# A row of background tiles is as high as this.
LEAST_TILE_PX, LARGEST_TILE_PX = 300, 900


def read_tiles(folder: Path) -> list[RgbImage]:
    """Read the parts of photos that show no face, each also as its mirror image."""
    photos = [(read_photo(folder / name), start) for name, start in FACELESS_FROM.items()]
    parts = [image[round(start * len(image)) :] for image, start in photos]
    return [tile for part in parts for tile in (part, part[:, ::-1])]


def background(megapixels: int, tiles: list[RgbImage], draw: np.random.Generator) -> RgbImage:
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


def place(photo: Photo, scene: RgbImage, draw: np.random.Generator) -> Photo:
    """Paste a photo into a scene, anywhere."""
    rows, columns = (
        whole - part + 1 for whole, part in zip(scene.shape[:2], photo.image.shape[:2], strict=True)
    )
    squares = paste(photo, scene, left=int(draw.integers(columns)), top=int(draw.integers(rows)))
    return Photo(photo.name, scene, squares, photo.landmarks[:0])


def paste(photo: Photo, scene: RgbImage, *, left: int, top: int) -> Squares:
    """Paste a photo into a scene; return where its faces are there."""
    height, width = photo.image.shape[:2]
    scene[top : top + height, left : left + width] = photo.image
    return np.add(photo.squares, (left, top, 0), dtype=np.float64)
