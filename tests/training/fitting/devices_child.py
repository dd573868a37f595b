"""Train on virtual devices, in a process of its own: each backend counts its devices but once.

`python -m tests.training.fitting.devices_child DATASET RUN DEVICES [DEVICES...]` with the backend
in `KERAS_BACKEND` trains the folders RUN-DEVICES one after the other. With another backend than
TensorFlow it does so as where TensorFlow is not installed.
"""

import importlib.abc
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

import training.fitting.recalibrate
import training.networks.resnet
from preprocessing.bundle.outputs import OUTPUTS
from preprocessing.dataset.read import Dataset, read_dataset
from training.config import FitConfig
from training.fitting.devices import Devices
from training.fitting.fit import fit
from training.fitting.open_devices import open_devices
from training.fitting.training_model import build_training_model
from training.presets import PRESETS

IS_TENSORFLOW = keras.backend.backend() == "tensorflow"
# One block, which halves the resolution: compiling 34 layers takes minutes.
training.networks.resnet.STAGE_BLOCKS = (0, 1)
training.fitting.recalibrate.BATCHES = 2
CONFIG = replace(PRESETS["smoke"], epochs=3, raw_share=0.0)
# TensorFlow draws other random numbers on each device, so there nothing may depend on them.
STILL = replace(
    CONFIG,
    dropout=0.0,
    rotation_deg=0.0,
    scale=(1.0, 1.0),
    shift=0.0,
    contrast=0.0,
    brightness=0.0,
    erase=0.0,
)


class _NoTensorFlow(importlib.abc.MetaPathFinder):
    def find_spec(self, name: str, *_: object) -> None:
        if name == "tensorflow":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def main() -> None:
    """Train one folder after the other."""
    dataset, run = read_dataset(Path(sys.argv[1])), sys.argv[2]
    if IS_TENSORFLOW:
        _split_the_processor()
        dataset = _mirror_symmetric(dataset)
    else:
        assert "tensorflow" not in sys.modules
        sys.meta_path.insert(0, _NoTensorFlow())
    for count in map(int, sys.argv[3:]):
        _train(dataset, Path(f"{run}-{count}"), STILL if IS_TENSORFLOW else CONFIG, count)


def _train(dataset: Dataset, run: Path, config: FitConfig, count: int) -> None:
    with open_devices(count) as devices:
        is_interrupted = devices.processes > 1 or (IS_TENSORFLOW and count > 1)
        if is_interrupted:
            _train_an_epoch(dataset, run, config, devices)
        fit(dataset, run, config=config, resume=is_interrupted, devices=devices)
        if IS_TENSORFLOW and count > 1:
            _check_that_devices_draw_differently(dataset, devices)


def _split_the_processor() -> None:
    import tensorflow as tf

    [processor] = tf.config.list_physical_devices("CPU")
    halves = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(processor, halves)


def _mirror_symmetric(dataset: Dataset) -> Dataset:
    """Make chips that do not care whether they are mirrored, which is drawn too."""
    return replace(dataset, chips=np.maximum(dataset.chips, dataset.chips[:, :, ::-1]))


def _train_an_epoch(dataset: Dataset, run: Path, config: FitConfig, devices: Devices) -> None:
    """Train until the second epoch is over but not saved."""
    predict = devices.predict
    epochs = iter(range(1, 3))

    def interrupt(*args: Any, **kwargs: Any) -> Any:
        if next(epochs) == 2:
            raise KeyboardInterrupt
        return predict(*args, **kwargs)

    devices.predict = interrupt
    with suppress(KeyboardInterrupt):
        fit(dataset, run, config=config, devices=devices)
    devices.predict = predict


def _check_that_devices_draw_differently(dataset: Dataset, devices: Devices) -> None:
    import tensorflow as tf

    training_model = build_training_model(
        CONFIG, classes=6, outputs=OUTPUTS, side_px=dataset.chips.shape[1]
    )
    devices.prepare(training_model)
    augment = training_model.get_layer("augment")
    strategy = tf.distribute.get_strategy()
    drawn = strategy.run(lambda: augment(dataset.chips[:4], training=True))
    first, second = map(np.asarray, strategy.experimental_local_results(drawn))
    assert np.abs(first - second).max() > 1


if __name__ == "__main__":
    main()
