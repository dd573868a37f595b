"""Say where accuracy falls: by what makes a face hard to read, and by how it was found."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from preprocessing.dataset.read import Dataset
from preprocessing.faces.pose import head_pose
from preprocessing.faces.quality import Measures, measure
from preprocessing.faces.types import UNALIGNED, AlignedFace, BoundingBox, Face
from training.metrics import fraction_interval

SLICES = 8
"""Parts of about equal count into which each measure cuts the rows."""


@dataclass(frozen=True)
class Slice:
    """The accuracy on some of the rows.

    Attributes:
        measure: By what they were chosen, with its unit.
        part: Which of them: a range of the measure, or a word.
        count: Of rows, at least 1.
        accuracy: On them, 0 to 1.
        interval_95: Of the accuracy, by bootstrap.
    """

    measure: str
    part: str
    count: int
    accuracy: float
    interval_95: tuple[float, float]


def slice_of(measure_name: str, part: str, *, hits: NDArray[np.bool_]) -> Slice:
    """Describe a slice; `hits` says for each row whether the prediction is right."""
    return Slice(measure_name, part, len(hits), float(hits.mean()), fraction_interval(hits))


def natural_slices(
    dataset: Dataset,
    rows: NDArray[np.int64],
    *,
    truth: NDArray[np.int64],
    hits: NDArray[np.bool_],
) -> list[Slice]:
    """Cut rows of a dataset by each measure in turn.

    What rests on landmarks is measured on faces that could be aligned; what lies outside the
    picture where each picture is the crop of a face.

    Args:
        dataset: The dataset.
        rows: Positions in it, shape (n,).
        truth: The class index that counts as right for each, shape (n,).
        hits: Whether the predictions for them are right, shape (n,).
    """
    is_aligned = dataset.found_by[rows] != UNALIGNED
    labels = np.array(dataset.manifest.recipe.labels)
    slices = _cut_by_word("true expression", labels[truth], hits)
    slices += _cut_by_word("found by", dataset.found_by[rows], hits)
    seen = np.where(dataset.in_training_too()[rows], "yes", "no")
    slices += _cut_by_word("also in the training split", seen, hits)
    chips = dataset.chips[rows]
    slices += _cut("brightness, 0 to 255", chips.mean(axis=(1, 2)), hits)
    slices += _cut("contrast, 0 to 128", chips.std(axis=(1, 2)), hits)
    measures = [_measure_row(dataset, row) for row in rows.tolist()]
    slices += _cut("sharpness", [each.sharpness for each in measures], hits)
    columns: dict[str, Any] = {
        "yaw, degrees": [abs(each.pose.yaw_deg) for each in measures],
        "pitch, degrees": [abs(each.pose.pitch_deg) for each in measures],
        "roll, degrees": [abs(each.pose.roll_deg) for each in measures],
        "width of the face, px": [each.width_px for each in measures],
        "residual, px": dataset.residuals_px[rows],
    }
    if dataset.has_raw[rows].all():
        columns["share outside the picture"] = [each.outside for each in measures]
    for name, values in columns.items():
        slices += _cut(name, np.asarray(values)[is_aligned], hits[is_aligned])
    return slices


def _measure_row(dataset: Dataset, row: int) -> Measures:
    height, width = dataset.raw[row].shape
    landmarks = dataset.landmarks[row]
    pose = head_pose(landmarks, dataset.manifest.recipe.scheme())
    face = Face(BoundingBox(0, 0, width, height), landmarks, pose, score=0.0, found_by="")
    aligned = AlignedFace(dataset.chips[row], dataset.transforms[row], face, 0.0)
    return measure(aligned, width=width, height=height)


def _cut_by_word(name: str, words: NDArray[np.str_], hits: NDArray[np.bool_]) -> list[Slice]:
    return [slice_of(name, word, hits=hits[words == word]) for word in np.unique(words).tolist()]


def _cut(name: str, values: Any, hits: NDArray[np.bool_]) -> list[Slice]:
    values = np.asarray(values)
    order = np.argsort(values, kind="stable")
    return [
        slice_of(name, f"{values[part[0]]:.2f} to {values[part[-1]]:.2f}", hits=hits[part])
        for part in np.array_split(order, SLICES)
        if len(part)
    ]
