"""Saliency by occlusion: how the prediction changes when parts of a chip are blurred."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from preprocessing.images.types import GreyImage

PLACES_A_SIDE = 7
# Fractions of the chip's side. A window holds a whole mouth: the network reads a face from what a
# smaller one leaves of it. Its edges are soft, or the map would show them as stripes. A face
# blurred so strongly keeps its outline, but hardly an expression.
WINDOW, EDGE, BLUR = 0.38, 1 / 16, 1 / 8
# Keeps the odds of a probability of 0 or 1 finite.
LEAST_PROBABILITY = 1e-6

ClassifyChips = Callable[[NDArray[np.uint8]], NDArray[np.floating]]
"""From chips (n, size_px, size_px) to their probabilities, (n, labels)."""


def occlusion_maps(chip: GreyImage, classify: ClassifyChips) -> NDArray[np.float32]:
    """Measure how much each part of a chip speaks for each label.

    A window moves over the chip. First the part under it is blurred and the rest stays sharp
    (Zeiler & Fergus 2014, arXiv:1311.2901, section 4.2, use grey, which leaves no face). Then only
    that part is sharp, because a confident prediction rests on several parts and survives the loss
    of any one. The saliency of a window is the mean of the loss in the first case and the gain in
    the second; these are the two extremes that a Shapley value averages over.

    Args:
        chip: uint8 (size_px, size_px).
        classify: The network.

    Returns:
        float32 (labels, size_px, size_px): by how much the part raises the logarithm of the
        label's odds (natural, so 0.7 doubles them), averaged over the windows that hold it; below 0
        where it lowers them.
    """
    blurred = cv2.GaussianBlur(chip, (0, 0), BLUR * len(chip)).astype(np.float32)

    def log_odds(chips: NDArray[np.float32]) -> NDArray[np.float64]:
        probabilities = classify(chips.round().astype(np.uint8)).astype(np.float64)
        probabilities = np.clip(probabilities, LEAST_PROBABILITY, 1 - LEAST_PROBABILITY)
        return np.log(probabilities / (1 - probabilities))

    sharp_odds, blurred_odds = log_odds(np.stack([chip, blurred]))
    saliency, weights = np.zeros((len(sharp_odds), *chip.shape)), np.zeros(chip.shape)
    for windows in _windows(len(chip)):
        shown = windows * (chip - blurred)
        taken = sharp_odds - log_odds(chip - shown)
        brought = log_odds(blurred + shown) - blurred_odds
        saliency += np.tensordot((taken + brought).T / 2, windows, axes=1)
        weights += windows.sum(axis=0)
    return (saliency / weights).astype(np.float32)


def _windows(size_px: int) -> NDArray[np.float32]:
    """Return the windows by row and column, (places, places, size_px, size_px), 0 to 1."""
    side_px = round(WINDOW * size_px)
    starts = np.linspace(0, size_px - side_px, PLACES_A_SIDE).round().astype(int)
    lines = np.zeros((PLACES_A_SIDE, size_px), np.float32)
    for line, start in zip(lines, starts, strict=True):
        line[start : start + side_px] = 1
    soft = cv2.GaussianBlur(
        lines, (0, 0), sigmaX=EDGE * size_px, sigmaY=1e-3, borderType=cv2.BORDER_REPLICATE
    )
    return soft[:, None, :, None] * soft[None, :, None, :]
