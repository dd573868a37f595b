"""The outputs of a network: what it can be asked, each a last layer of its own on one trunk."""

from typing import Any

import keras
from keras import KerasTensor, Model, layers, ops

from preprocessing.bundle.outputs import CROWD, LABEL, OUTPUTS


def output_logits(features: KerasTensor, *, classes: int, outputs: tuple[str, ...]) -> KerasTensor:
    """Add one last layer for each output.

    Args:
        features: What the trunk gives, (n, features).
        classes: Number of labels.
        outputs: Some of `OUTPUTS`, in its order.

    Returns:
        Logits, float32 (n, outputs, classes).
    """
    last = [layers.Dense(classes, dtype="float32", name=name)(features) for name in outputs]
    return ops.stack(last, axis=1)


def outputs_of(network: Model) -> tuple[str, ...]:
    """Return the outputs of a network by the names of its last layers."""
    names = {layer.name for layer in network.layers}
    return tuple(output for output in OUTPUTS if output in names)


@keras.saving.register_keras_serializable("mien")
class OutputLoss(keras.losses.Loss):
    """The weighted sum over the outputs of how far their probabilities are from the targets.

    A row whose targets for an output are all 0 does not count for that output, so an output learns
    only from the rows that have something to say to it.
    """

    def __init__(self, *, weights: tuple[float, ...], squared: bool = False, **kwargs: Any):
        """Choose the weights.

        Args:
            weights: One for each output.
            squared: Take the mean squared error of the probabilities, not the cross-entropy.
            kwargs: For Keras.
        """
        super().__init__(**kwargs)
        self.weights = tuple(weights)
        self.squared = squared

    def get_config(self) -> dict[str, Any]:
        """Return what rebuilds the loss."""
        return {**super().get_config(), "weights": self.weights, "squared": self.squared}

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each row.

        Args:
            y_true: Targets, (n, outputs, classes).
            y_pred: Logits of the same shape.
        """
        if self.squared:
            is_known = ops.cast(ops.any(y_true > 0, axis=-1), y_pred.dtype)
            losses = is_known * ops.mean(ops.square(ops.softmax(y_pred) - y_true), axis=-1)
        else:
            losses = -ops.sum(y_true * ops.log_softmax(y_pred), axis=-1)
        return ops.sum(losses * ops.convert_to_tensor(self.weights, losses.dtype), axis=-1)


def loss_weights(outputs: tuple[str, ...], *, crowd_weight: float) -> tuple[float, ...]:
    """Return the weight of each output in the loss; a single one has all of it."""
    if len(outputs) == 1:
        return (1.0,)
    weight_of = {CROWD: crowd_weight, LABEL: 1 - crowd_weight}
    return tuple(weight_of[output] for output in outputs)
