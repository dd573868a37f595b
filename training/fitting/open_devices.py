"""Find the devices of a run: one, several, or those of several processes."""

from contextlib import AbstractContextManager

import keras

from training.fitting.devices import Devices
from training.fitting.jax_devices import jax_devices
from training.fitting.tensorflow_devices import tensorflow_devices


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
        return tensorflow_devices(count)
    return jax_devices(count)
