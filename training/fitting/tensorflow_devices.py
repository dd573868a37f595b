"""Several devices with TensorFlow: of one process, each with a mirror of the network."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
from keras import Model
from numpy.typing import NDArray

from preprocessing.errors import MienError
from training.fitting.devices import ONE_DEVICE, SEVERAL_PROCESSES, Devices, check_count


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

        size = len(chips) // self.count

        def part(context: Any) -> tuple[Any, Any]:
            start = context.replica_id_in_sync_group * size
            own = slice(start, start + size)
            return tf.constant(chips[own]), tf.constant(targets[own])

        # Keras's train_on_batch would give every device the whole batch.
        batch = self._strategy.experimental_distribute_values_from_function(part)
        training_model.make_train_function()
        training_model.reset_metrics()
        with _statistics_of_all_devices(training_model):
            return float(training_model.train_function(iter([batch]))["loss"])


@contextmanager
def tensorflow_devices(count: int) -> Iterator[Devices]:
    """Find this many devices of this process; see `open_devices`."""
    import tensorflow as tf

    if SEVERAL_PROCESSES in os.environ:
        raise MienError("Several processes train together with KERAS_BACKEND=jax only.")
    found = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
    names = [device.name for device in found]
    check_count(count, names)
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
