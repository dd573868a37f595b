"""Several devices with JAX, of one process or of several: Keras's own distribution."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import keras
import numpy as np
from keras import Model
from numpy.typing import NDArray

from preprocessing.errors import MienError
from training.fitting.devices import ONE_DEVICE, SEVERAL_PROCESSES, Devices, check_count


class _JaxDevices(Devices):
    """Devices that Keras's own distribution shares the batches out to."""

    def __init__(self, distribution: keras.distribution.DataParallel):
        self.count = distribution.num_model_replicas
        self.processes = distribution.num_processes
        self.is_main = distribution.data_shard_id == 0
        self._distribution = distribution

    def agree(self, step: int) -> None:
        if self.processes > 1:
            from jax.experimental.multihost_utils import process_allgather

            steps = process_allgather(np.array(step)).tolist()
            if len(set(steps)) > 1:
                raise MienError(
                    f"The processes would go on from different steps: {steps}. Give all of them "
                    "the same folder for the run, on a disk that they share."
                )

    def train_on_batch(
        self, training_model: Model, chips: NDArray[np.uint8], targets: NDArray[np.float32]
    ) -> float:
        size = len(chips) // self.processes
        start = self._distribution.data_shard_id * size
        own = slice(start, start + size)
        return super().train_on_batch(training_model, chips[own], targets[own])

    def predict(
        self, training_model: Model, chips: NDArray[np.uint8], *, batch_size: int
    ) -> NDArray[np.float32]:
        # A last batch may not be divisible, so each device predicts all.
        with self._paused():
            return super().predict(training_model, chips, batch_size=batch_size)

    def save(self, model: Model, path: Path) -> None:
        if self.is_main:
            with self._paused():
                super().save(model, path)

    def load_weights(self, training_model: Model, path: Path) -> None:
        with self._paused():
            super().load_weights(training_model, path)

    @contextmanager
    def _paused(self) -> Iterator[None]:
        # The first save or load creates variables, a collective operation that would hang in one
        # process.
        keras.distribution.set_distribution(None)
        try:
            yield
        finally:
            keras.distribution.set_distribution(self._distribution)


@contextmanager
def jax_devices(count: int) -> Iterator[Devices]:
    """Find this many devices of all processes; see `open_devices`."""
    if SEVERAL_PROCESSES in os.environ:
        keras.distribution.initialize()
    names = keras.distribution.list_devices()
    check_count(count, names)
    distribution = keras.distribution.DataParallel(devices=names[:count], auto_shard_dataset=False)
    if distribution.num_processes > 1 and count < len(names):
        raise MienError(
            f"The {distribution.num_processes} processes have {len(names)} devices together, and "
            f"all must take part. Received: {count}"
        )
    if count == 1:
        yield ONE_DEVICE
        return
    with distribution.scope():
        yield _JaxDevices(distribution)
