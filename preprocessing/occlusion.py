"""What mattered: cover each place of a chip, and see how the answer suffers."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from preprocessing.faces import GreyImage

PLACES_A_SIDE = 10
# Side of the cover as a share of the chip's: a whole smile. The network reads a face from what
# a smaller cover leaves of it, and nothing would seem to matter.
COVER = 0.42

ClassifyChips = Callable[[NDArray[np.uint8]], NDArray[np.floating]]
"""From chips (n, size_px, size_px) to their probabilities, (n, labels)."""


def occlusion_map(
    chip: GreyImage, classify: ClassifyChips, *, label_index: int
) -> NDArray[np.float32]:
    """Measure how much each place of a chip speaks for a label.

    A grey square covers one place after the other (Zeiler & Fergus 2014, arXiv:1311.2901, section
    4.2); the loss counts for all that it covered, averaged over the squares that covered it.

    Args:
        chip: uint8 (size_px, size_px).
        classify: The network.
        label_index: Of the label in the network's probabilities.

    Returns:
        float32 (size_px, size_px): by how much the label's log-probability (in nats) falls when
        the place is covered; below 0 where it rises.
    """
    size_px = len(chip)
    cover_px = round(COVER * size_px)
    starts = np.linspace(0, size_px - cover_px, PLACES_A_SIDE).round().astype(int)
    grey = round(float(chip.mean()))
    whole = np.log(classify(chip[None])[0, label_index])
    losses = np.zeros(chip.shape, np.float32)
    covers = np.zeros(chip.shape, np.float32)
    for top in starts:
        squares = [np.s_[top : top + cover_px, left : left + cover_px] for left in starts]
        covered = np.log(classify(np.stack([_cover(chip, square, grey) for square in squares])))
        for square, loss in zip(squares, whole - covered[:, label_index], strict=True):
            losses[square] += loss
            covers[square] += 1
    return losses / covers


def _cover(chip: GreyImage, square: tuple[slice, slice], grey: int) -> GreyImage:
    covered = chip.copy()
    covered[square] = grey
    return covered
