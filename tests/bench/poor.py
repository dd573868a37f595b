"""Measure how many faces of poor pictures are found and read: `python -m tests.bench.poor PHOTOS`.

The annotated photos are spoiled, one kind after the other, and so is a photo of dogs, in which no
face is to be found. A face keeps its word if the network says of it what it says of it in the photo
as it is. It takes about a minute on one core.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from preprocessing.images.decode import to_grey
from preprocessing.images.types import RgbImage
from serving.inference.predictor import Predictor
from tests.bench.annotated import (
    EMPTY_PHOTO,
    Photo,
    Score,
    Squares,
    match,
    read_photo,
    read_photos,
    to_squares,
)

# Of `dogs.jpg`: rows and columns in which a print of a man's face lies on the floor.
PRINT_IN_EMPTY = (slice(450, 520), slice(55, 115))
POOR_IOU = 0.4
SEED = 0
# Of the 68 landmarks: the jaw but for its ends, and the tip of the nose.
MASKED = [*range(1, 16), 29]

Spoil = Callable[[Photo, np.random.Generator], NDArray[np.floating] | RgbImage]
"""Returns a photo's pixels spoiled; levels below 0 and above 255 are cut off later."""


def noisy(levels: float, *, gain: float = 1.0) -> Spoil:
    return lambda photo, draw: gain * photo.image + draw.normal(0, levels, photo.image.shape)


def blotched(levels: float) -> Spoil:
    """Add blotches to the colours, none to the grey levels, as cameras do in the dark."""

    def spoil(photo: Photo, draw: np.random.Generator) -> RgbImage:
        ycrcb = cv2.cvtColor(photo.image, cv2.COLOR_RGB2YCrCb).astype(np.float32)
        noise = draw.normal(0, 1, (*ycrcb.shape[:2], 2)).astype(np.float32)
        noise = cv2.GaussianBlur(noise, (0, 0), 2)
        ycrcb[..., 1:] += levels * noise / noise.std()
        levels_within = np.clip(ycrcb, 0, 255).astype(np.uint8)
        return np.asarray(cv2.cvtColor(levels_within, cv2.COLOR_YCrCb2RGB), np.uint8)

    return spoil


def in_green(levels: float) -> Spoil:
    def spoil(photo: Photo, draw: np.random.Generator) -> NDArray[np.floating]:
        grey = to_grey(photo.image) + draw.normal(0, levels, photo.image.shape[:2])
        return np.asarray(grey[..., None] * (0.1, 1, 0.1))

    return spoil


def dimmed(gain: float) -> Spoil:
    return lambda photo, _: gain * photo.image


def blurred(sigma_px: float) -> Spoil:
    return lambda photo, _: np.asarray(cv2.GaussianBlur(photo.image, (0, 0), sigma_px), np.uint8)


def foggy(share: float) -> Spoil:
    return lambda photo, _: (1 - share) * photo.image + 200 * share


def compressed(quality: int) -> Spoil:
    def spoil(photo: Photo, _: np.random.Generator) -> RgbImage:
        encoded = cv2.imencode(".jpg", photo.image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), np.uint8)

    return spoil


def masked(colour: tuple[int, int, int]) -> Spoil:
    def spoil(photo: Photo, _: np.random.Generator) -> RgbImage:
        image = photo.image.copy()
        for landmarks in photo.landmarks:
            cv2.fillPoly(image, [landmarks[MASKED].astype(np.int32)], colour)
        return image

    return spoil


def lit_from_behind(gain: float) -> Spoil:
    """Darken people, brighten what is behind them, and let that glow over their edges."""

    def spoil(photo: Photo, draw: np.random.Generator) -> NDArray[np.floating]:
        people = np.zeros(photo.image.shape[:2], np.float32)
        for x, y, side in photo.squares:
            head = (round(x), round(y - 0.1 * side)), (round(0.6 * side), round(0.85 * side))
            cv2.ellipse(people, *head, 0, 0, 360, 1, -1)
            top, bottom = round(y + 0.7 * side), round(y + 4 * side)
            left, right = round(x - 1.1 * side), round(x + 1.1 * side)
            cv2.rectangle(people, (left, top), (right, bottom), 1, -1)
        width = _median_width(photo)
        dark = cv2.GaussianBlur(people, (0, 0), 0.12 * width)[..., None]
        bright = np.minimum(255.0, 0.9 * photo.image + 110)
        lit = bright * (1 - dark) + gain * photo.image * dark
        glow = cv2.GaussianBlur(lit, (0, 0), 0.25 * width)
        return 0.88 * lit + 0.14 * glow + draw.normal(0, 2, lit.shape)

    return spoil


def lit_from_a_side(gain: float) -> Spoil:
    """Darken the half of each face on image-right."""

    def spoil(photo: Photo, _: np.random.Generator) -> NDArray[np.floating]:
        shade = np.zeros(photo.image.shape[:2], np.float32)
        for landmarks in photo.landmarks:
            width = np.linalg.norm(landmarks[0] - landmarks[16])
            x, y = landmarks[30]
            corners = (
                (round(x), round(y - 1.2 * width)),
                (
                    round(x + 0.8 * width),
                    round(y + 0.9 * width),
                ),
            )
            cv2.rectangle(shade, *corners, 1, -1)
        soft = cv2.GaussianBlur(shade, (0, 0), 0.06 * _median_width(photo))[..., None]
        return photo.image * (1 - (1 - gain) * soft)

    return spoil


KINDS: dict[str, Spoil] = {
    "as they are": lambda photo, _: photo.image,
    "noise of 15 levels": noisy(15),
    "noise of 25 levels": noisy(25),
    "blotches of 20 levels in the colours": blotched(20),
    "blotches of 30 levels": blotched(30),
    "in night vision, noise of 15 levels": in_green(15),
    "dimmed to 0.35, noise of 8 levels": noisy(8, gain=0.35),
    "dimmed to 0.5, noise of 15 levels": noisy(15, gain=0.5),
    "dimmed to 0.15": dimmed(0.15),
    "dimmed to 0.08": dimmed(0.08),
    "dimmed to 0.04, noise of 1 level": noisy(1, gain=0.04),
    "overexposed": lambda photo, _: 1.6 * photo.image + 40,
    "in fog": foggy(0.8),
    "in fog of 0.9": foggy(0.9),
    "lit from behind, faces at 0.22": lit_from_behind(0.22),
    "lit from behind, faces at 0.15": lit_from_behind(0.15),
    "lit from a side, shade at 0.12": lit_from_a_side(0.12),
    "blurred by 2 px": blurred(2),
    "blurred by 4 px": blurred(4),
    "as JPEG of quality 10": compressed(10),
    "a white mask on each face": masked((235, 235, 235)),
    "a black mask": masked((20, 20, 20)),
}


def main() -> None:
    """Print for each kind the share of faces that is found, and the finds that are no face."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photos", type=Path, help="the annotated photos")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    predictor = Predictor()
    photos, empty = read_photos(options.photos), _read_empty(options.photos)
    words = [_words(predictor, photo)[1] for photo in photos]
    print(f"{'the photos':<36}{'faces':>6}{'recall':>8}{'precision':>11}", end="")
    print(f"{'word kept':>11}{'in ' + EMPTY_PHOTO:>13}")
    for name, spoil in KINDS.items():
        draw = np.random.default_rng(SEED)
        total, kept = Score(POOR_IOU), 0
        for photo, plain in zip(photos, words, strict=True):
            started = time.perf_counter()
            squares, found = _words(predictor, _spoiled(photo, spoil, draw))
            total.count(photo, squares, time.perf_counter() - started)
            kept += sum(plain[face] == word for face, word in found.items() if face in plain)
        _, in_empty = predictor.predict(_spoiled(empty, spoil, draw).image)
        print(f"{name:<36}{total.faces:>6}{total.recall:>8.2f}{total.precision:>11.2f}", end="")
        print(f"{kept / total.faces:>11.2f}{len(in_empty.predictions):>13}", flush=True)


def _words(predictor: Predictor, photo: Photo) -> tuple[Squares, dict[int, str]]:
    """Return where faces are found, and the word for each annotated face that is."""
    _, result = predictor.predict(photo.image)
    squares = to_squares(each.face.face.box for each in result.predictions)
    pairs = match(photo.squares, squares, least_iou=POOR_IOU)
    return squares, {face: result.predictions[at].label for face, at in pairs.items()}


def _read_empty(folder: Path) -> Photo:
    image = read_photo(folder / EMPTY_PHOTO).copy()
    image[PRINT_IN_EMPTY] = 20
    return Photo(EMPTY_PHOTO, image, np.empty((0, 3)), np.empty((0, 68, 2)))


def _spoiled(photo: Photo, spoil: Spoil, draw: np.random.Generator) -> Photo:
    image = np.clip(spoil(photo, draw), 0, 255).astype(np.uint8)
    return Photo(photo.name, image, photo.squares, photo.landmarks)


def _median_width(photo: Photo) -> float:
    """Return the median width of a photo's faces, or a fifth of its height where it has none."""
    widths = photo.squares[:, 2]
    return float(np.median(widths)) if len(widths) else len(photo.image) / 5


if __name__ == "__main__":
    main()
