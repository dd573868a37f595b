"""The annotated photos, and how detections are compared with their annotations."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

import cv2
import numpy as np
from numpy.typing import NDArray

from preprocessing.faces.types import BoundingBox
from preprocessing.images.decode import decode_image
from preprocessing.images.types import RgbImage

ANNOTATIONS = ("testing_with_face_landmarks.xml", "training_with_face_landmarks.xml")
EMPTY_PHOTO = "dogs.jpg"
MATCH_IOU = 0.5
SEARCH = "Mien's search"

Squares = NDArray[np.float64]
"""Shape (n, 3): centre x, centre y, side."""
Detect = Callable[[RgbImage], Squares]


@dataclass(frozen=True, eq=False)
class Photo:
    """A photo in colour with its annotated faces; landmarks are (n, 68, 2)."""

    name: str
    image: RgbImage
    squares: Squares
    landmarks: NDArray[np.float64]


@dataclass
class Score:
    """Counts of one detector on some photos."""

    least_iou: float = MATCH_IOU
    faces: int = 0
    found: int = 0
    claimed: int = 0
    seconds: list[float] = field(default_factory=list)
    widths_px: list[tuple[float, bool]] = field(default_factory=list)
    """Of each annotated face, and whether it was found."""

    @property
    def recall(self) -> float:
        return self.found / self.faces

    @property
    def precision(self) -> float:
        return self.found / max(1, self.claimed)

    def add(self, detect: Detect, photo: Photo) -> None:
        """Count, and time, what a detector finds in one more photo."""
        started = time.perf_counter()
        squares = detect(photo.image)
        self.count(photo, squares, time.perf_counter() - started)

    def count(self, photo: Photo, squares: Squares, seconds: float) -> None:
        """Count what was found in one more photo, within some time."""
        pairs = match(photo.squares, squares, least_iou=self.least_iou)
        self.seconds.append(seconds)
        self.faces += len(photo.squares)
        self.claimed += len(squares)
        self.found += len(pairs)
        widths = photo.squares[:, 2].tolist()
        self.widths_px += [(width, index in pairs) for index, width in enumerate(widths)]


def score(detect: Detect, photos: Iterable[Photo], *, least_iou: float = MATCH_IOU) -> Score:
    total = Score(least_iou)
    for photo in photos:
        total.add(detect, photo)
    return total


def match(truth: Squares, claimed: Squares, *, least_iou: float = MATCH_IOU) -> dict[int, int]:
    """Pair each annotated square with the claimed one that overlaps most, if enough."""
    pairs: dict[int, int] = {}
    for index, square in enumerate(truth):
        overlaps = [iou(square, other) for other in claimed]
        if overlaps and max(overlaps) >= least_iou:
            pairs[index] = int(np.argmax(overlaps))
    return pairs


def iou(one: Squares, other: Squares) -> float:
    """Return the intersection over union of two squares, each of shape (3,)."""
    reach = (one[2] + other[2]) / 2 - np.abs(one[:2] - other[:2])
    both = np.prod(np.clip(reach, 0, min(one[2], other[2])))
    return float(both / (one[2] ** 2 + other[2] ** 2 - both))


def to_squares(boxes: Iterable[BoundingBox]) -> Squares:
    squares = [((b.left + b.right - 1) / 2, (b.top + b.bottom - 1) / 2, b.width) for b in boxes]
    return np.array(squares, dtype=np.float64).reshape(-1, 3)


def rescale(photo: Photo, scale: float) -> Photo:
    return Photo(
        photo.name, resize(photo.image, scale), photo.squares * scale, photo.landmarks * scale
    )


def resize(image: RgbImage, scale: float) -> RgbImage:
    size = (round(image.shape[1] * scale), round(image.shape[0] * scale))
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, size, interpolation=interpolation), np.uint8)


def read_photos(folder: Path) -> list[Photo]:
    """Read all annotated photos of a folder."""
    return [photo for name in ANNOTATIONS for photo in _read_annotations(folder, name)]


def read_photo(path: Path) -> RgbImage:
    return decode_image(path.read_bytes())


def _read_annotations(folder: Path, annotations: str) -> list[Photo]:
    photos = []
    # The annotations are the user's own files.
    for image in ElementTree.parse(folder / annotations).getroot().iter("image"):  # noqa: S314
        name = image.get("file") or ""
        photo = read_photo(folder / name)
        squares, landmarks = [], []
        for box in image.iter("box"):
            left, top, width, height = (
                int(box.get(key) or 0) for key in ("left", "top", "width", "height")
            )
            squares.append((left + (width - 1) / 2, top + (height - 1) / 2, (width + height) / 2))
            landmarks.append(
                [(int(part.get("x") or 0), int(part.get("y") or 0)) for part in box.iter("part")]
            )
        photos.append(Photo(name, photo, np.array(squares), np.array(landmarks, dtype=float)))
    return photos
