"""Find out where a bundle's accuracy falls: by what makes a face hard to read.

The thresholds of the hints in `preprocessing.measures` rest on these tables.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from preprocessing.classifier import VIEWS_SIGNATURE
from preprocessing.dataset import Dataset
from preprocessing.errors import DatasetError
from preprocessing.faces import AlignedFace, BoundingBox, Face
from preprocessing.measures import Measures, measure, sharpness
from preprocessing.spec import read_spec
from training.evaluate import check_same_chips, classify
from training.metrics import accuracy

SLICES = 8
WIDTHS_PX = (48, 40, 32, 24, 20, 16, 12, 8)
BLURS_PX = (0.0, 0.6, 0.9, 1.2, 1.6, 2.0, 3.0)


@dataclass(frozen=True)
class Slice:
    """The accuracy on the faces of which a measure lies in a range."""

    measure: str
    low: float
    high: float
    count: int
    accuracy: float


def natural_slices(bundle: Path, dataset: Dataset, *, split: str) -> list[Slice]:
    """Cut a split into equal parts by each measure in turn.

    Raises:
        DatasetError: The dataset does not fit the bundle, has too few rows in the split, or is not
            one of face crops of the chip's size.
    """
    check_same_chips(read_spec(bundle), dataset.manifest.recipe)
    rows = np.flatnonzero(dataset.labelled_in(split))
    if len(rows) < SLICES or not dataset.has_raw[rows].all():
        raise DatasetError(
            f"At least {SLICES} labelled face crops of the chip's size are needed in {split}. "
            f"Received: {int(dataset.has_raw[rows].sum())} of {len(rows)} rows"
        )
    measures = [_measure_row(dataset, row) for row in rows.tolist()]
    columns = {
        "sharpness": [each.sharpness for each in measures],
        "roll, degrees": [abs(each.pose.roll_deg) for each in measures],
        "yaw, degrees": [abs(each.pose.yaw_deg) for each in measures],
        "pitch, degrees": [abs(each.pose.pitch_deg) for each in measures],
        "outside": [each.outside for each in measures],
        "contrast": dataset.chips[rows].std(axis=(1, 2)).tolist(),
        "brightness": dataset.chips[rows].mean(axis=(1, 2)).tolist(),
    }
    logits = classify(bundle, dataset.chips[rows], signature=VIEWS_SIGNATURE)
    hits = logits.argmax(axis=1) == dataset.class_indices[rows]
    return [cut for name, values in columns.items() for cut in _cut(name, np.asarray(values), hits)]


def degraded_slices(bundle: Path, dataset: Dataset, *, split: str) -> list[Slice]:
    """Shrink or blur all chips of a split by steps."""
    rows = np.flatnonzero(dataset.labelled_in(split))
    chips, truth = dataset.chips[rows], dataset.class_indices[rows]
    slices = []
    for width_px in WIDTHS_PX:
        shrunk = np.stack([_shrink(chip, width_px) for chip in chips])
        logits = classify(bundle, shrunk, signature=VIEWS_SIGNATURE)
        slices.append(
            Slice("shrunk to width, px", width_px, width_px, len(rows), accuracy(logits, truth))
        )
    for sigma_px in BLURS_PX:
        blurred = np.stack([_blur(chip, sigma_px) for chip in chips])
        logits = classify(bundle, blurred, signature=VIEWS_SIGNATURE)
        middle = float(np.median([sharpness(chip) for chip in blurred]))
        slices.append(
            Slice("blurred to sharpness", middle, middle, len(rows), accuracy(logits, truth))
        )
    return slices


def slices_text(slices: Sequence[Slice]) -> str:
    """Write slices as a table."""
    lines = [f"{'measure':<24}{'from':>8}{'to':>8}{'faces':>8}{'accuracy':>10}"]
    lines += [
        f"{cut.measure:<24}{cut.low:>8.2f}{cut.high:>8.2f}{cut.count:>8,}{cut.accuracy:>10.1%}"
        for cut in slices
    ]
    return "\n".join(lines)


def _measure_row(dataset: Dataset, row: int) -> Measures:
    height, width = dataset.raw[row].shape
    face = Face(BoundingBox(0, 0, width, height), dataset.landmarks[row], 0.0, "")
    aligned = AlignedFace(dataset.chips[row], dataset.transforms[row], face, 0.0)
    return measure(aligned, width=width, height=height)


def _cut(name: str, values: NDArray[np.float64], hits: NDArray[np.bool_]) -> list[Slice]:
    order = np.argsort(values)
    return [
        Slice(name, values[part[0]], values[part[-1]], len(part), float(hits[part].mean()))
        for part in np.array_split(order, SLICES)
    ]


def _shrink(chip: NDArray[np.uint8], width_px: int) -> NDArray[np.uint8]:
    """Show a chip as if its face had been this small in the picture."""
    size = chip.shape
    small = cv2.resize(chip, (width_px, width_px), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_CUBIC), np.uint8)


def _blur(chip: NDArray[np.uint8], sigma_px: float) -> NDArray[np.uint8]:
    return chip if sigma_px == 0 else np.asarray(cv2.GaussianBlur(chip, (0, 0), sigma_px), np.uint8)
