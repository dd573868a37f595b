"""The devices that a run trains on: one, several, or those of several processes."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import Model
from numpy.typing import NDArray

from preprocessing.errors import MienError
from training.config import FitConfig

SEVERAL_PROCESSES = "KERAS_DISTRIBUTION_NUM_PROCESSES"
"""One of the variables from which `keras.distribution.initialize` learns of the other processes."""


class Devices:
    """What `fit` asks of the devices, for one device.

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


def open_devices(count: int) -> AbstractContextManager[Devices]:
    """Find the devices of a run; what is built or loaded inside lives on all of them.

    With JAX the devices may belong to several processes, on one machine or on several. Each is
    started with the same command and with the variables `KERAS_DISTRIBUTION_JOB_ADDRESSES`,
    `KERAS_DISTRIBUTION_NUM_PROCESSES` and `KERAS_DISTRIBUTION_PROCESS_ID`; number 0 writes the run,
    and the others must be able to read it.

    Args:
        count: Number of devices, over all processes.

    Raises:
        MienError: There are fewer, or processes would be left without one.
    """
    if keras.backend.backend() == "tensorflow":
        return _tensorflow_devices(count)
    return _distributed_devices(count)


class _DistributedDevices(Devices):
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
        share = len(chips) // self.processes
        start = self._distribution.data_shard_id * share
        own = slice(start, start + share)
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
        # Keras makes variables while it saves or loads, in a process's first time only, and to
        # place one on the devices of all processes takes all of them.
        keras.distribution.set_distribution(None)
        try:
            yield
        finally:
            keras.distribution.set_distribution(self._distribution)


@contextmanager
def _distributed_devices(count: int) -> Iterator[Devices]:
    if SEVERAL_PROCESSES in os.environ:
        keras.distribution.initialize()
    names = keras.distribution.list_devices()
    _check_count(count, names)
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
        yield _DistributedDevices(distribution)


class _TensorFlowDevices(Devices):
    """Devices of one process, each with a mirror of the network."""

    def __init__(self, strategy: Any) -> None:
        self.count = strategy.num_replicas_in_sync
        self._strategy = strategy

    def prepare(self, training_model: Model) -> None:
        # Every mirror has the same random state; without this the rows of one device would be
        # turned and shifted as those of the next.
        for variable in training_model.non_trainable_variables:
            if variable.name == "seed_generator_state":
                mirrors = self._strategy.experimental_local_results(variable.value)
                for number, mirror in enumerate(mirrors):
                    mirror.assign_add([number, 0])

    def train_on_batch(
        self, training_model: Model, chips: NDArray[np.uint8], targets: NDArray[np.float32]
    ) -> float:
        import tensorflow as tf

        share = len(chips) // self.count

        def part(context: Any) -> tuple[Any, Any]:
            start = context.replica_id_in_sync_group * share
            own = slice(start, start + share)
            return tf.constant(chips[own]), tf.constant(targets[own])

        # Keras's train_on_batch would give every device the whole batch.
        batch = self._strategy.experimental_distribute_values_from_function(part)
        training_model.make_train_function()
        training_model.reset_metrics()
        with _statistics_of_all_devices(training_model):
            return float(training_model.train_function(iter([batch]))["loss"])


@contextmanager
def _tensorflow_devices(count: int) -> Iterator[Devices]:
    import tensorflow as tf

    if SEVERAL_PROCESSES in os.environ:
        raise MienError("Several processes train together with KERAS_BACKEND=jax only.")
    found = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    names = [device.name for device in found]
    _check_count(count, names)
    if count == 1:
        yield ONE_DEVICE
        return
    strategy = tf.distribute.MirroredStrategy(names[:count])
    with strategy.scope():
        yield _TensorFlowDevices(strategy)


@contextmanager
def _statistics_of_all_devices(training_model: Model) -> Iterator[None]:
    """Normalise by the whole batch in steps; what is saved stays as that of one device."""
    norms = [
        layer
        for network in training_model.layers
        if isinstance(network, Model)
        for layer in network.layers
        if isinstance(layer, keras.layers.BatchNormalization)
    ]
    for layer in norms:
        layer.synchronized = True
    try:
        yield
    finally:
        for layer in norms:
            layer.synchronized = False


def _check_count(count: int, names: list[str]) -> None:
    if not 1 <= count <= len(names):
        raise MienError(
            f"There are {len(names)} devices here ({', '.join(names)}). Received: {count}"
        )
