"""Compare ways to align: which landmarks drive the fit, and how much of the head a chip shows.

The evidence behind the default `ChipGeometry`; `training/README.md` holds the table.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from preprocessing.bundle.outputs import LABEL
from preprocessing.dataset.read import Dataset
from preprocessing.errors import DatasetError
from preprocessing.faces.geometry import (
    EYES,
    MOUTH_CORNERS,
    NOSE,
    ChipGeometry,
    apply_transform,
    extract_chip,
    fit_landmarks,
)
from preprocessing.faces.landmarks import LANDMARK_SCHEMES
from preprocessing.faces.template import MEAN_FACE
from preprocessing.faces.types import UNALIGNED
from preprocessing.report.statistics import stray
from training.data import split_examples
from training.distillation.ensemble import open_network
from training.fitting.fit import fit
from training.metrics import accuracy
from training.networks.build import NETWORK_NAME
from training.presets import PRESETS

UPPER_LIP = (*range(48, 55), *range(60, 65))
LOWER_LIP_AND_JAW = (*range(4, 13), *range(55, 60), *range(65, 68))
ANCHOR_SETS = {
    "eyes, nose": EYES + NOSE,
    "eyes, nose, mouth corners": EYES + NOSE + MOUTH_CORNERS,
    "dlib: eyes, nose, upper lip": EYES + NOSE + UPPER_LIP,
    "brows to mouth": tuple(range(17, 68)),
    "openface: inner eyes, bottom lip": (39, 42, 57),
}
MARGINS = (-0.1, 0.0, 0.1)
# How far a mouth opens in the comparison: the lower lip goes down by this share of the frame, which
# is about the height of a closed mouth.
OPENING = 0.1


@dataclass(frozen=True, eq=False)
class GeometryRow:
    """What a geometry does to a dataset.

    Attributes:
        name: Of the anchor set, with the margin.
        spread: Root mean square distance from the mean place after alignment, by part of the face,
            in chip pixels.
        opening_px: How far the eyes move in the chip when the mean face opens its mouth.
        val_accuracy: By seed, of a short training run, from the chip and its mirror image; empty
            where none was made.
    """

    name: str
    spread: dict[str, float]
    opening_px: float
    val_accuracy: tuple[float, ...]


def compare_geometries(dataset: Dataset, runs: Path | None, *, seeds: int) -> list[GeometryRow]:
    """Cut the chips of a dataset again by each geometry, measure, and train.

    Args:
        dataset: FER2013, aligned by any geometry of 68 landmarks: landmarks and unaligned pictures
            are taken from it.
        runs: A folder for the training runs by the preset `compare`; None for no training.
        seeds: How many training runs each gets.

    Raises:
        DatasetError: The dataset is another one.
    """
    if dataset.manifest.recipe.scheme().count != 68 or not dataset.has_raw.all():
        raise DatasetError(
            "The comparison needs FER2013, aligned with the 68-landmark model: its unaligned "
            "pictures have the chip's size."
        )
    geometries = {
        f"{name}; margin {margin:+.1f}": ChipGeometry(
            margin=margin, anchors=anchors, template=tuple(MEAN_FACE[index] for index in anchors)
        )
        for name, anchors in ANCHOR_SETS.items()
        for margin in (MARGINS if anchors == ChipGeometry.anchors else (0.0,))
    }
    rows = []
    for name, geometry in geometries.items():
        aligned = realign(dataset, geometry)
        rows.append(
            GeometryRow(
                name=name,
                spread=_spread(aligned, geometry),
                opening_px=_moved_by_opening_px(geometry),
                val_accuracy=_train(aligned, runs, name, seeds),
            )
        )
    recipe = replace(dataset.manifest.recipe, geometry_digest="not aligned")
    unaligned = replace(
        dataset, chips=dataset.raw, manifest=replace(dataset.manifest, recipe=recipe)
    )
    rows.append(
        GeometryRow(
            name="not aligned",
            spread={part: stray(points) for part, points in _by_part(_found(dataset))},
            opening_px=0.0,
            val_accuracy=_train(unaligned, runs, "not aligned", seeds),
        )
    )
    return rows


def realign(dataset: Dataset, geometry: ChipGeometry) -> Dataset:
    """Cut all chips again from the unaligned pictures; what was kept unaligned stays as it is."""
    chips, transforms = dataset.chips.copy(), dataset.transforms.copy()
    for row in np.flatnonzero(dataset.found_by != UNALIGNED):
        transforms[row], _ = fit_landmarks(dataset.landmarks[row], geometry)
        chips[row] = extract_chip(dataset.raw[row], transforms[row], geometry=geometry)
    recipe = replace(dataset.manifest.recipe, geometry=geometry, geometry_digest=geometry.digest())
    manifest = replace(dataset.manifest, recipe=recipe)
    return replace(dataset, manifest=manifest, chips=chips, transforms=transforms)


def geometries_text(rows: Iterable[GeometryRow]) -> str:
    """Write the comparison as a Markdown table."""
    lines = [
        "| anchors | eyes, px | nose, px | mouth, px | moved by an open mouth, px | val accuracy |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        reached = ", ".join(f"{each:.1%}" for each in row.val_accuracy) or "not trained"
        if len(row.val_accuracy) > 1:
            reached = f"**{np.mean(row.val_accuracy):.1%}** ({reached})"
        parts = " | ".join(f"{row.spread[part]:.2f}" for part in ("eyes", "nose", "mouth"))
        lines.append(f"| {row.name} | {parts} | {row.opening_px:.2f} | {reached} |")
    return "\n".join(lines)


def _found(dataset: Dataset) -> NDArray[np.float32]:
    found: NDArray[np.float32] = dataset.landmarks[dataset.found_by == "detector"]
    return found


def _by_part(landmarks: NDArray[np.floating]) -> Iterable[tuple[str, NDArray[np.floating]]]:
    for part, indices in LANDMARK_SCHEMES["68"].parts().items():
        yield part, landmarks[:, list(indices)]


def _spread(dataset: Dataset, geometry: ChipGeometry) -> dict[str, float]:
    """Measure at one scale for all margins, that of a chip without one."""
    aligned = dataset.landmarks_in_chips(dataset.found_by == "detector")
    return {part: stray(points) * (1 + 2 * geometry.margin) for part, points in _by_part(aligned)}


def _moved_by_opening_px(geometry: ChipGeometry) -> float:
    """Fit the mean face with its mouth shut and open; return how far that moves the eyes."""
    shut = geometry.size_px * np.array(MEAN_FACE, np.float32)
    wide = shut.copy()
    wide[list(LOWER_LIP_AND_JAW), 1] += OPENING * geometry.size_px
    before, _ = fit_landmarks(shut, geometry)
    after, _ = fit_landmarks(wide, geometry)
    eyes = shut[list(EYES)]
    moved = apply_transform(after, eyes) - apply_transform(before, eyes)
    return float(np.linalg.norm(moved, axis=1).mean())


def _train(dataset: Dataset, runs: Path | None, name: str, seeds: int) -> tuple[float, ...]:
    if runs is None:
        return ()
    val = split_examples(dataset, "val")
    reached = []
    for seed in range(seeds):
        run = runs / f"{name.replace(':', '').replace(',', '').replace(' ', '-')}-{seed}"
        fit(dataset, run, config=replace(PRESETS["compare"], seed=seed), resume=True)
        logits = open_network(run / NETWORK_NAME)(val.chips)[LABEL]
        reached.append(accuracy(logits, val.class_indices))
    return tuple(reached)
