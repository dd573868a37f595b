"""What mattered: cover each place of a chip, and see how the answer suffers."""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from preprocessing.decode import RgbImage
from preprocessing.faces import GreyImage
from serving.annotate import MARK_RGB

PLACES_A_SIDE = 10
# Side of the cover as a share of the chip's: a whole smile. The network reads a face from what
# a smaller cover leaves of it, and nothing would seem to matter.
COVER = 0.42
AGAINST_RGB = (64, 140, 255)
DRAWN_SIDE_PX = 288
STRONGEST_TINT = 0.8
# A change of the log-probability below this is noise: it is drawn, but not blown up.
LEAST_SPAN = 0.1

ClassifyChips = Callable[[Sequence[GreyImage]], NDArray[np.float64]]
"""From chips to their probabilities, (chips, labels)."""


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
    whole = np.log(classify([chip])[0, label_index])
    losses = np.zeros(chip.shape, np.float32)
    covers = np.zeros(chip.shape, np.float32)
    for top in starts:
        squares = [np.s_[top : top + cover_px, left : left + cover_px] for left in starts]
        covered = np.log(classify([_cover(chip, square, grey) for square in squares]))
        for square, loss in zip(squares, whole - covered[:, label_index], strict=True):
            losses[square] += loss
            covers[square] += 1
    return losses / covers


def draw_heat_map(chip: GreyImage, losses: NDArray[np.float32]) -> RgbImage:
    """Tint an enlarged chip: orange what speaks for the label, blue what speaks against it.

    Args:
        chip: uint8 (size_px, size_px).
        losses: By `occlusion_map`.

    Returns:
        uint8 (DRAWN_SIDE_PX, DRAWN_SIDE_PX, 3).
    """
    side = (DRAWN_SIDE_PX, DRAWN_SIDE_PX)
    grey = cv2.resize(chip, side, interpolation=cv2.INTER_CUBIC)[..., None].astype(np.float32)
    large = cv2.resize(losses, side, interpolation=cv2.INTER_LINEAR)[..., None]
    share = large / max(float(np.abs(losses).max()), LEAST_SPAN)
    colour = np.where(share > 0, np.array(MARK_RGB), np.array(AGAINST_RGB))
    tint = STRONGEST_TINT * np.abs(share)
    return np.asarray((grey * (1 - tint) + colour * tint).round(), dtype=np.uint8)


def _cover(chip: GreyImage, square: tuple[slice, slice], grey: int) -> GreyImage:
    covered = chip.copy()
    covered[square] = grey
    return covered
