"""Test-time augmentation: the views of a chip whose logits are averaged."""

from dataclasses import dataclass, replace
from typing import Any

import keras
from keras import Model, ops

from training.networks.resize import resize


@dataclass(frozen=True)
class Views:
    """The views: which parts of a chip the network sees, at which size, mirrored or not.

    Attributes:
        crop_px: Side of the square crops.
        input_px: Side to which each crop is brought.
        corners: Crops in the four corners beside the one in the middle.
        mirrored: Each crop is also seen mirrored.
    """

    crop_px: int
    input_px: int
    corners: bool = False
    mirrored: bool = False

    def offsets(self, size_px: int) -> list[tuple[int, int]]:
        """List the top-left corner of each crop as (top, left) in the chip."""
        far = size_px - self.crop_px
        middle = (far // 2, far // 2)
        return [middle, (0, 0), (0, far), (far, 0), (far, far)] if self.corners else [middle]

    def count(self) -> int:
        """Return the number of views."""
        return (5 if self.corners else 1) * (2 if self.mirrored else 1)


def candidate_views(size_px: int, *, trained_px: int, most: int) -> list[Views]:
    """List the ways to see a chip that are worth trying, cheapest first.

    Random scaling makes faces look larger in training than at rest, so chips somewhat larger than
    those trained on can be better (Touvron et al. 2019, arXiv:1906.06423). Crops in the corners
    lose a twelfth of the side.

    Args:
        size_px: Side of the chips.
        trained_px: Side of the chips that the network saw at the end of its training.
        most: One of `MOST_VIEWS`.
    """
    inputs = sorted({trained_px, trained_px * 11 // 10, max(trained_px, size_px)})
    whole = [Views(size_px, input_px) for input_px in inputs]
    mirrored = [replace(views, mirrored=True) for views in whole]
    corners = [replace(views, crop_px=size_px * 11 // 12, corners=True) for views in mirrored]
    return [views for views in (*whole, *mirrored, *corners) if views.count() <= most]


class CutViews(keras.layers.Layer):
    """Cut the views: (n, side, side) uint8 to (n * views, input_px, input_px, 1) float32."""

    def __init__(self, views: Views, **kwargs: Any) -> None:
        super().__init__(dtype="float32", **kwargs)
        self.views = views

    def call(self, chips: keras.KerasTensor) -> keras.KerasTensor:
        """Cut, bring to size, mirror."""
        views, size_px = self.views, chips.shape[1]
        x = ops.expand_dims(ops.cast(chips, "float32"), -1)
        cuts = [
            x[:, top : top + views.crop_px, left : left + views.crop_px]
            for top, left in views.offsets(size_px)
        ]
        if views.mirrored:
            cuts += [ops.flip(cut, axis=2) for cut in cuts]
        stacked = ops.reshape(ops.stack(cuts, axis=1), (-1, views.crop_px, views.crop_px, 1))
        return resize(stacked, views.input_px)


def with_views(network: Model, views: Views, *, size_px: int) -> Model:
    """Wrap a network so that it sees chips by views and averages their logits.

    Returns:
        A model from chips, uint8 (n, size_px, size_px), to logits, float32
        (n, outputs, classes).
    """
    chips = keras.Input((size_px, size_px), dtype="uint8", name="chips")
    logits = network(CutViews(views)(chips))
    by_view = ops.reshape(logits, (-1, views.count(), *logits.shape[1:]))
    return Model(chips, ops.mean(by_view, axis=1))
