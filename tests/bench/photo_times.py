"""Measure the time from the bytes of a photo to the landmarks of its faces, on one core."""

import statistics
import time
from collections.abc import Iterator

import numpy as np

from preprocessing.faces.align import align_decoded
from preprocessing.faces.finder import FaceFinder
from preprocessing.faces.geometry import ChipGeometry
from preprocessing.images.decode import decode_image, decode_picture
from preprocessing.images.types import RgbImage
from tests.bench.annotated import Detect, Photo, Squares, match, rescale, to_squares
from tests.bench.mixed_pictures import photo_640x480
from tests.bench.mtcnn import Mtcnn
from tests.bench.pasted import background, place
from tests.bench.small_faces import MIEN, SEED, to_jpeg

# It has six faces, the largest of them 1.4 times as wide as the smallest.
TIMED_PHOTO, ROUNDS = "2008_002470.jpg", 5
# Width of the smallest face by megapixels.
FACES_PX = {12: (80,), 48: (80, 48)}


def print_times(
    finder: FaceFinder,
    others: dict[str, Detect],
    photos: list[Photo],
    tiles: list[RgbImage],
    *,
    megapixels: tuple[int, ...],
) -> None:
    """Print how long Mien takes for JPEGs, and other detectors once these are decoded whole.

    Args:
        finder: It is measured.
        others: Further detectors, by name; they locate no landmarks.
        photos: The annotated ones.
        tiles: Of the background.
        megapixels: Of the pictures, of which some sizes are taken.
    """
    print(f"\n{'JPEG':<31}{'faces':>6}{'decoding ms':>13}{'finding ms':>12}", end="")
    print("".join(f"{name:>16}: found{'all ms':>8}" for name in (MIEN, *others)))
    for title, data, photo in _pictures(finder, photos, tiles, megapixels):
        rounds = [_read(finder, data) for _ in range(ROUNDS + 1)]
        # The first round starts the process that decodes.
        decode_ms, find_ms, whole_ms = (
            1000 * statistics.median(part)
            for part in zip(*(took for _, took in rounds[1:]), strict=True)
        )
        print(f"{title:<31}{len(photo.squares):>6}{decode_ms:>13.0f}{find_ms:>12.0f}", end="")
        print(f"{len(match(photo.squares, rounds[0][0])):>23}{whole_ms:>8.0f}", end="")
        for detect in others.values():
            found, other_ms = _read_by_other(detect, data)
            print(f"{len(match(photo.squares, found)):>23}{other_ms:>8.0f}", end="")
        print(flush=True)


def _read(finder: FaceFinder, data: bytes) -> tuple[Squares, tuple[float, float, float]]:
    """Return the faces of a picture; and the seconds for decoding, for finding, and for both."""
    started = time.perf_counter()
    picture = decode_picture(data, may_reduce=True)
    decoded = time.perf_counter()
    faces = align_decoded(picture, finder, geometry=ChipGeometry())
    done = time.perf_counter()
    squares = to_squares(each.face.box for each in faces)
    return squares, (decoded - started, done - decoded, done - started)


def _read_by_other(detect: Detect, data: bytes) -> tuple[Squares, float]:
    """Return the faces that another detector finds, and the milliseconds with decoding."""
    seconds = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        image = decode_image(data)
        decoded = time.perf_counter()
        found = detect(image)
        seconds.append(time.perf_counter() - started)
        if isinstance(detect, Mtcnn):
            seconds[-1] = decoded - started + detect.seconds[-1]
    return found, 1000 * statistics.median(seconds)


def _pictures(
    finder: FaceFinder, photos: list[Photo], tiles: list[RgbImage], megapixels: tuple[int, ...]
) -> Iterator[tuple[str, bytes, Photo]]:
    """Yield a title, a JPEG, and what is to be found in it."""
    small = photo_640x480()
    squares, _ = _read(finder, small)
    yield "640 x 480", small, Photo("sample", decode_image(small), squares, np.empty((0, 68, 2)))
    (timed,) = (photo for photo in photos if photo.name == TIMED_PHOTO)
    for size, widths_px in FACES_PX.items():
        for width_px in widths_px if size in megapixels else ():
            draw = np.random.default_rng(SEED)
            scaled = rescale(timed, width_px / timed.squares[:, 2].min())
            scene = place(scaled, background(size, tiles, draw), draw)
            widths = scaled.squares[:, 2]
            title = f"{size} megapixels, {widths.min():.0f} to {widths.max():.0f} px"
            yield title, to_jpeg(scene.image), scene
