"""Measure how accuracy falls as all chips of a split are shrunk, blurred, noisy and dark by steps.

The thresholds of the hints in `preprocessing.faces.quality` rest on these figures and on the slices
of an evaluation.
"""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from preprocessing.bundle.classifier import VIEWS_SIGNATURE
from preprocessing.bundle.spec import read_spec
from preprocessing.dataset.read import Dataset
from preprocessing.faces.quality import sharpness
from training.data import rows_of
from training.evaluation.predict import check_bundle, classify
from training.evaluation.slices import Slice, slice_of
from training.evaluation.truths import known_rows, true_indices, truth_of

WIDTHS_PX = (48, 40, 32, 24, 20, 16, 12, 8)
BLURS_PX = (0.0, 0.6, 0.9, 1.2, 1.6, 2.0, 3.0)
NOISES = (0, 5, 10, 20)
LIGHTS = (1.0, 0.7, 0.5, 0.35)


def degraded_slices(bundle: Path, dataset: Dataset, *, split: str) -> list[Slice]:
    """Shrink, then blur all chips of a split by steps, then add noise, then take away light.

    Raises:
        MienError: The dataset does not fit the bundle, or has no labelled rows in the split.
    """
    spec = read_spec(bundle)
    check_bundle(bundle, spec, recipe=dataset.manifest.recipe)
    truth = truth_of(spec.answers_with, dataset, split=split)
    _, rows = known_rows(dataset, rows_of(dataset, split), truth=truth)
    chips, right = dataset.chips[rows], true_indices(dataset, rows, truth=truth)

    def changed_slice(measure: str, part: str, changed: NDArray[np.uint8]) -> Slice:
        logits = spec.answer_logits(classify(bundle, changed, signature=VIEWS_SIGNATURE))
        predicted = spec.answer.probabilities(logits).argmax(axis=1)
        return slice_of(measure, part, hits=predicted == right)

    slices = []
    for width_px in WIDTHS_PX:
        shrunk = np.stack([_shrink(chip, width_px) for chip in chips])
        slices.append(changed_slice("shrunk to width, px", str(width_px), shrunk))
    for sigma_px in BLURS_PX:
        blurred = np.stack([_blur(chip, sigma_px) for chip in chips])
        middle = float(np.median([sharpness(chip) for chip in blurred]))
        slices.append(changed_slice("blurred to sharpness", f"{middle:.2f}", blurred))
    # The same for every step.
    noise = np.random.default_rng(0).standard_normal(chips.shape, np.float32)
    slices += [
        changed_slice("noise, levels", str(levels), _to_levels(chips + levels * noise))
        for levels in NOISES
    ]
    return slices + [
        changed_slice("dimmed to", f"{light:g}", _to_levels(chips * light)) for light in LIGHTS
    ]


def _shrink(chip: NDArray[np.uint8], width_px: int) -> NDArray[np.uint8]:
    """Show a chip as if its face had been this small in the picture."""
    size = chip.shape
    small = cv2.resize(chip, (width_px, width_px), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_CUBIC), np.uint8)


def _blur(chip: NDArray[np.uint8], sigma_px: float) -> NDArray[np.uint8]:
    return chip if sigma_px == 0 else np.asarray(cv2.GaussianBlur(chip, (0, 0), sigma_px), np.uint8)


def _to_levels(chips: NDArray[np.floating]) -> NDArray[np.uint8]:
    return np.clip(np.round(chips), 0, 255).astype(np.uint8)
