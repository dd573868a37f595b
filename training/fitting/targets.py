"""The targets of the training rows: votes, labels, and the probabilities of a teacher."""

import numpy as np
from numpy.typing import NDArray

from preprocessing.bundle.outputs import LABEL
from preprocessing.dataset.read import Dataset
from training.config import CROSS_ENTROPY, FitConfig
from training.data import Examples, outputs_for, row_weights, targets_for, training_rows
from training.soft_labels import SoftLabels, mix_targets


def training_targets(
    train: Examples, dataset: Dataset, config: FitConfig, soft_labels: SoftLabels | None
) -> NDArray[np.float32]:
    """Return what each output is to say of the training rows, rare labels weighted up.

    Args:
        train: The training rows.
        dataset: The dataset that they are from.
        config: Label smoothing, weight of the teacher and of rare labels.
        soft_labels: What the teacher says of the dataset; None without one.

    Returns:
        float32 (n, outputs, classes), outputs in the order of `outputs_for`.
    """
    classes = len(dataset.manifest.recipe.labels)
    smoothing = np.float32(config.label_smoothing if config.loss == CROSS_ENTROPY else 0)
    targets = {
        output: targets_for(output, train, classes=classes) for output in outputs_for(dataset)
    }
    # Szegedy et al. 2015, arXiv:1512.00567. Votes are spread already.
    targets[LABEL] = targets[LABEL] * (1 - smoothing) + smoothing / classes
    weight = config.teacher_weight
    if soft_labels is not None and weight is not None:
        rows = training_rows(dataset)
        for output in targets.keys() & soft_labels.probabilities.keys():
            probabilities = soft_labels.probabilities[output]
            targets[output] = mix_targets(targets[output], probabilities[rows], weight=weight)
    weights = row_weights(train, classes=classes, exponent=config.class_weight)
    return np.stack(list(targets.values()), axis=1) * weights[:, None, None]
