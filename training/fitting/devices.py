"""The interface between a run and its devices, implemented for one device."""

from pathlib import Path

import numpy as np
from keras import Model
from numpy.typing import NDArray

from preprocessing.errors import MienError
from training.config import FitConfig

SEVERAL_PROCESSES = "KERAS_DISTRIBUTION_NUM_PROCESSES"
"""One of the variables from which `keras.distribution.initialize` learns of the other processes."""


class Devices:
    """The operations that `fit` needs from its devices, for one device.

    The batches of a run are those of one device: each device takes an equal part of each batch,
    gradients are those of the mean loss over the whole batch, and batch normalisation takes its
    statistics over the whole batch. So the number of devices is no setting of a run.

    Attributes:
        count: Devices of all processes together.
        processes: Processes that train one network together.
        is_main: Whether this process is the one that writes files.
    """

    count = 1
    processes = 1
    is_main = True

    def check(self, config: FitConfig, *, rows: int) -> None:
        """Make sure that the batches of a run can be shared out, and that all end together.

        Args:
            config: The settings of the run.
            rows: Number of training rows.

        Raises:
            MienError: They cannot.
        """
        batch_size = min(config.batch_size, rows)
        if batch_size % self.count:
            raise MienError(
                f"A batch of {batch_size} chips cannot be shared out evenly among {self.count} "
                "devices. Choose a number of devices that divides it."
            )
        if self.count > 1 and config.patience is not None:
            raise MienError(
                f"A run with patience trains on one device. Received: {self.count} devices"
            )
        if self.processes > 1 and config.minutes is not None:
            raise MienError(
                f"{self.processes} processes have no clock in common, and the run is measured in "
                f"minutes ({config.minutes:g}). Give its length by --epochs."
            )

    def agree(self, step: int) -> None:
        """Wait until all processes are here, and make sure that they go on from the same step.

        Raises:
            MienError: They do not.
        """

    def prepare(self, training_model: Model) -> None:
        """Make a training_model, with its optimizer built, ready for the first step here."""

    def train_on_batch(
        self, training_model: Model, chips: NDArray[np.uint8], targets: NDArray[np.float32]
    ) -> float:
        """Take one step on a whole batch, the same in all processes, and return its mean loss."""
        return float(training_model.train_on_batch(chips, targets))

    def predict(
        self, training_model: Model, chips: NDArray[np.uint8], *, batch_size: int
    ) -> NDArray[np.float32]:
        """Return the logits of chips, in every process those of all."""
        logits: NDArray[np.float32] = training_model.predict(
            chips, batch_size=batch_size, verbose=0
        )
        return logits

    def save(self, model: Model, path: Path) -> None:
        """Save a model as that of one device, in the main process."""
        model.save(path)

    def load_weights(self, training_model: Model, path: Path) -> None:
        """Give a training_model the weights and the optimizer's state from a checkpoint."""
        training_model.load_weights(path)


ONE_DEVICE = Devices()


def check_count(count: int, names: list[str]) -> None:
    """Make sure that `count` of the devices with these names can be used.

    Raises:
        MienError: There are fewer, or `count` is not positive.
    """
    if not 1 <= count <= len(names):
        raise MienError(
            f"There are {len(names)} devices here ({', '.join(names)}). Received: {count}"
        )
