"""Put together what a run needs, and check it before it begins."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from preprocessing.dataset.read import Dataset
from training.config import FitConfig
from training.data import (
    Examples,
    TrainingBatches,
    chips_by_other_landmarks,
    outputs_for,
    split_examples,
    training_examples,
    training_rows,
)
from training.fitting.devices import Devices
from training.fitting.early_stop import gives_up
from training.fitting.runs import in_the_shape_of, open_run, read_earlier, settings_of
from training.fitting.schedule import RunState, progress
from training.fitting.targets import training_targets
from training.records import RunSettings, TrainedNetwork
from training.soft_labels import read_soft_labels


@dataclass(frozen=True, eq=False)
class Sources:
    """What a run learns from, as `fit` takes it.

    Attributes:
        dataset: The aligned dataset.
        start_from: A finished run, or a bundle, whose network it starts with; None for random
            weights.
        teacher: A file of soft labels for the dataset; None without a teacher.
        other: The same pictures aligned by other landmarks; None without them.
    """

    dataset: Dataset
    start_from: Path | None
    teacher: Path | None
    other: Dataset | None


@dataclass(frozen=True, eq=False)
class Job:
    """What a run has to do.

    Attributes:
        run: Its folder.
        config: The settings.
        devices: On which it trains.
        start_from: The run or bundle whose network it starts with; None for a new network.
        earlier: What decided that.
        settings: All that decides the run.
        train: The training rows.
        val: The val rows.
        outputs: Of the network, the one that answers first.
        targets: What they are to say of the training rows, float32 (n, outputs, classes).
        batches: The training rows with their targets.
    """

    run: Path
    config: FitConfig
    devices: Devices
    start_from: Path | None
    earlier: TrainedNetwork | None
    settings: RunSettings
    train: Examples
    val: Examples
    outputs: tuple[str, ...]
    targets: NDArray[np.float32]
    batches: TrainingBatches

    def progress(self, state: RunState) -> float:
        """Return the fraction of the run that is over."""
        return progress(state, self.config, steps_per_epoch=len(self.batches))

    def is_over(self, state: RunState) -> bool:
        """Say whether there is nothing left to train."""
        return self.progress(state) >= 1 or gives_up(state, self.config)


def open_job(
    sources: Sources, run: Path, *, config: FitConfig, resume: bool, devices: Devices
) -> tuple[Job, RunState]:
    """Put together what a run has to do, and tell how far it has come; it writes nothing.

    Arguments and errors are those of `fit`.
    """
    dataset, teacher = sources.dataset, sources.teacher
    train, val = training_examples(dataset), split_examples(dataset, "val")
    devices.check(config, rows=len(train.chips))
    soft_labels = None if teacher is None else read_soft_labels(teacher, dataset)
    earlier = read_earlier(sources.start_from, config, dataset)
    if config.tunes and earlier is not None:
        config = in_the_shape_of(earlier.fit, config)
    settings = settings_of(config, dataset, earlier, soft_labels, sources.other)
    state = open_run(run, settings, resume=resume)
    devices.agree(state.step)
    targets = training_targets(train, dataset, config, soft_labels)
    batches = TrainingBatches(
        ways_to_show(train, config, other=_chips_of(sources.other, dataset)),
        targets=targets,
        batch_size=config.batch_size,
        seed=config.seed,
    )
    job = Job(
        run=run,
        config=config,
        devices=devices,
        start_from=sources.start_from,
        earlier=earlier,
        settings=settings,
        train=train,
        val=val,
        outputs=outputs_for(dataset),
        targets=targets,
        batches=batches,
    )
    return job, state


def ways_to_show(
    train: Examples, config: FitConfig, *, other: NDArray[np.uint8] | None
) -> list[tuple[float, NDArray[np.uint8]]]:
    """List the ways in which training shows a face, as `TrainingBatches` takes them.

    Args:
        train: The training rows.
        config: The fraction of each way.
        other: Their chips by other landmarks; None where there are none.
    """
    other_share = config.other_share or 0.0
    ways = [(1 - config.raw_share - other_share, train.chips), (config.raw_share, train.raw)]
    return ways if other is None else [*ways, (other_share, other)]


def _chips_of(other: Dataset | None, dataset: Dataset) -> NDArray[np.uint8] | None:
    if other is None:
        return None
    chips: NDArray[np.uint8] = chips_by_other_landmarks(dataset, other)[training_rows(dataset)]
    return chips
