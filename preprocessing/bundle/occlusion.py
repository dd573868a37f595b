"""What mattered: blur each place of a chip, show each alone, and see what becomes of the answer."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from preprocessing.images.types import GreyImage

PLACES_A_SIDE = 7
# As shares of the chip's side. A window holds a whole mouth: the network reads a face from what a
# smaller one leaves of it. Its edges are soft, or the map would show them as stripes. A face
# blurred so strongly keeps its outline, but hardly an expression.
WINDOW, EDGE, BLUR = 0.38, 1 / 16, 1 / 8
# Keeps the odds of what is certain finite.
LEAST_SHARE = 1e-6

ClassifyChips = Callable[[NDArray[np.uint8]], NDArray[np.floating]]
"""From chips (n, size_px, size_px) to their probabilities, (n, labels)."""


def occlusion_maps(chip: GreyImage, classify: ClassifyChips) -> NDArray[np.float32]:
    """Measure how much each place of a chip speaks for each label.

    A window goes over the chip. What is under it is blurred (Zeiler & Fergus 2014,
    arXiv:1311.2901, section 4.2, cover it with grey, which is no face any more), and then it alone
    is sharp in a face otherwise blurred: a sure answer has more than one reason, and outlives the
    loss of any. The window's effect is the mean of what the first takes and the second brings: the
    two ends of what a Shapley value averages.

    Args:
        chip: uint8 (size_px, size_px).
        classify: The network.

    Returns:
        float32 (labels, size_px, size_px): by how much the place raises the logarithm of the
        label's odds (natural, so 0.7 doubles them), averaged over the windows that hold it; below 0
        where it lowers them.
    """
    blurred = cv2.GaussianBlur(chip, (0, 0), BLUR * len(chip)).astype(np.float32)

    def log_odds(chips: NDArray[np.float32]) -> NDArray[np.float64]:
        shares = classify(chips.round().astype(np.uint8)).astype(np.float64)
        shares = np.clip(shares, LEAST_SHARE, 1 - LEAST_SHARE)
        return np.log(shares / (1 - shares))

    sharp_odds, blurred_odds = log_odds(np.stack([chip, blurred]))
    effects, weights = np.zeros((len(sharp_odds), *chip.shape)), np.zeros(chip.shape)
    for windows in _windows(len(chip)):
        shown = windows * (chip - blurred)
        taken = sharp_odds - log_odds(chip - shown)
        brought = log_odds(blurred + shown) - blurred_odds
        effects += np.tensordot((taken + brought).T / 2, windows, axes=1)
        weights += windows.sum(axis=0)
    return (effects / weights).astype(np.float32)


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
