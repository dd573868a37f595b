"""Measure training throughput: `make bench-train` prints the tables."""

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from unittest import mock

import keras
import numpy as np

from preprocessing.bundle.outputs import OUTPUTS
from training.config import FitConfig
from training.data import Examples, TrainingBatches, targets_for
from training.fitting.job import ways_to_show
from training.fitting.training_model import build_training_model
from training.networks.normalization import FusedBatchNormalization
from training.presets import PRESETS

CLASSES = 6
SIDE_PX = 48
BATCHES = (64, 128, 256)
PRECISIONS = ("float32", "mixed_bfloat16")
# The first steps compile and warm up.
WARMUP_STEPS = 3


def main() -> None:
    """Print images a second by setting, and the share of a step that the input takes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", choices=list(PRESETS), default="cpu")
    parser.add_argument("--size", type=int, default=SIDE_PX, help="side of the trained chips, px")
    parser.add_argument("--batches", type=int, nargs="+", default=BATCHES)
    parser.add_argument("--steps", type=int, default=20, help="timed, for each setting")
    options = parser.parse_args()
    base = replace(PRESETS[options.preset], sizes=((0.0, options.size),))
    examples = _random_examples(2 * max(options.batches))
    print(f"preset {options.preset}, width {base.width}, {options.size} px, images a second")
    columns = "".join(f"{name:>18}" for name in ("in the step", "before it", "before it, XLA"))
    print(f"{'batch':>6}  {'augmentation:':<16}{columns}")
    for batch_size in options.batches:
        for precision in PRECISIONS:
            config = replace(base, batch_size=batch_size, precision=precision)
            speeds = [
                _images_per_s(_together, config, examples, options.steps),
                _images_per_s(_apart, config, examples, options.steps),
                _images_per_s(partial(_apart, jit_compile=True), config, examples, options.steps),
            ]
            print(
                f"{batch_size:>6}  {precision:<16}" + "".join(f"{each:>18.0f}" for each in speeds)
            )
    _print_normalization(base, examples, options.steps)
    _print_input_share(base, examples, options.steps)


def _random_examples(count: int) -> Examples:
    generator = np.random.default_rng(0)
    chips = generator.integers(0, 256, (count, SIDE_PX, SIDE_PX), dtype=np.uint8)
    labels = generator.integers(0, CLASSES, count)
    return Examples(
        chips, chips, labels, votes=np.eye(CLASSES, dtype=np.int64)[labels], majority=labels
    )


def _images_per_s(
    make_step: Callable[[FitConfig, Examples], Callable[[], object]],
    config: FitConfig,
    examples: Examples,
    steps: int,
) -> float:
    keras.backend.clear_session()
    keras.config.set_dtype_policy(config.precision)
    return config.batch_size / _seconds_a_step(make_step(config, examples), steps)


def _together(config: FitConfig, examples: Examples) -> Callable[[], object]:
    """Return a step as `fit` takes it, which augments in the compiled graph."""
    training_model, batches = (
        build_training_model(config, classes=CLASSES, outputs=OUTPUTS, side_px=SIDE_PX),
        _endless(config, examples),
    )
    return lambda: training_model.train_on_batch(*next(batches))


def _apart(
    config: FitConfig, examples: Examples, *, jit_compile: bool = False
) -> Callable[[], object]:
    """Return a step that augments first; TensorFlow's XLA cannot compile the warp."""
    training_model, batches = (
        build_training_model(config, classes=CLASSES, outputs=OUTPUTS, side_px=SIDE_PX),
        _endless(config, examples),
    )
    augment, network = training_model.get_layer("augment"), training_model.get_layer(config.model)
    optimizer = keras.optimizers.SGD.from_config(training_model.optimizer.get_config())
    network.compile(optimizer, training_model.loss, jit_compile=jit_compile)

    def step() -> object:
        chips, targets = next(batches)
        return network.train_on_batch(augment(chips, training=True), targets)

    return step


def _print_normalization(config: FitConfig, examples: Examples, steps: int) -> None:
    fused = _images_per_s(_together, config, examples, steps)
    with mock.patch.object(FusedBatchNormalization, "call", keras.layers.BatchNormalization.call):
        unfused = _images_per_s(_together, config, examples, steps)
    print(f"\nwith TensorFlow's fused normalisation {fused / unfused:.2f} times as fast as without")


def _print_input_share(config: FitConfig, examples: Examples, steps: int) -> None:
    step_s = config.batch_size / _images_per_s(_together, config, examples, steps)
    batches = _endless(config, examples)
    input_s = _seconds_a_step(lambda: next(batches), steps)
    print(f"the input pipeline takes {input_s / step_s:.2%} of a step ({1000 * input_s:.2f} ms)")


def _endless(config: FitConfig, examples: Examples) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    batches = TrainingBatches(
        ways_to_show(examples, config, other=None),
        targets=np.stack(
            [targets_for(output, examples, classes=CLASSES) for output in OUTPUTS], axis=1
        ),
        batch_size=config.batch_size,
        seed=config.seed,
    )
    while True:
        yield from (batches[index] for index in range(len(batches)))


def _seconds_a_step(step: Callable[[], object], steps: int) -> float:
    for _ in range(WARMUP_STEPS):
        step()
    started = time.perf_counter()
    for _ in range(steps):
        step()
    return (time.perf_counter() - started) / steps


if __name__ == "__main__":
    main()
