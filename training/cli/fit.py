"""The command `fit`, and the options that decide a run's settings."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from preprocessing.errors import MienError
from preprocessing.runtime.cli import (
    SEED_RANGE,
    FloatRange,
    OneOf,
    path_argument,
    path_option,
    together,
)
from preprocessing.runtime.terminal import quoted
from training.cli.quiet import QuietCommand
from training.config import HIGHEST_RATE, LONGEST_RUN, LOSSES, MODELS, FitConfig
from training.presets import PRESETS

if TYPE_CHECKING:
    from preprocessing.dataset.read import Dataset

SHIPPED_BUNDLE = Path(__file__).parents[2] / "serving" / "bundle"
"""What ships with the repository; a wheel leaves out its Keras network, which is large."""

# The fraction of the training chips that are aligned by other landmarks, with --other-landmarks.
OTHER_SHARE = 0.3

_preset = partial(click.option, cls=OneOf, group="preset")
_length = partial(
    click.option, cls=OneOf, group="length", type=FloatRange(0, LONGEST_RUN, min_open=True)
)

config_options = together(
    _preset(
        "--preset",
        type=click.Choice(list(PRESETS)),
        help="A network with all its settings; tune is for your own pictures, smoke only checks "
        "that everything works. The options below change one setting each.",
    ),
    _preset(
        "--model",
        type=click.Choice(list(MODELS)),
        default="resnet34",
        help="A network, trained by the preset made for it.",
    ),
    _length("--minutes", help="Length of the run in minutes."),
    _length("--epochs", help="Length of the run in passes over the data."),
    click.option(
        "--learning-rate",
        type=FloatRange(0, HIGHEST_RATE, min_open=True),
        metavar="RATE",
        help="The highest learning rate, at the end of the warm-up.",
    ),
    click.option("--loss", type=click.Choice(LOSSES), help="What training minimises."),
    click.option(
        "--crowd-weight",
        type=FloatRange(0, 1),
        metavar="W",
        help="Weight of people's votes in the loss, 0 to 1; the labels have the rest.",
    ),
    click.option(
        "--seed", type=SEED_RANGE, help="Seed of the weights, the order and the augmentation."
    ),
)
"""The options that `config_of` takes."""


other_landmarks_option = path_option(
    "--other-landmarks",
    metavar="DATASET",
    help="The same source aligned with other --landmarks; the network is shown both.",
)
"""An option of `fit` and `distil`."""


def config_of(
    *, preset: str | None, model: str, minutes: float | None, epochs: float | None, **others: Any
) -> FitConfig:
    """Return the settings of a run: those of the preset, changed by the options that were given.

    Args:
        preset: Its name; None for the preset that belongs to the model.
        model: The network, where no preset was chosen.
        minutes: Length of the run in minutes; None for that of the preset.
        epochs: Length of the run in passes over the data; None likewise.
        others: Further fields of `FitConfig`; None keeps what the preset has.
    """
    config = PRESETS[preset or MODELS[model]]
    if minutes is not None or epochs is not None:
        config = replace(config, minutes=minutes, epochs=epochs)
    return replace(config, **{name: value for name, value in others.items() if value is not None})


@click.command(cls=QuietCommand, epilog="{} data/fer2013 runs/cpu --preset cpu")
@path_argument("dataset", help="A folder that align wrote, with the splits train and val.")
@path_argument("run", help="The folder for checkpoints, curves and the network.")
@config_options
@path_option(
    "--start-from",
    metavar="RUN",
    help="Start with the network of a finished run, or of a bundle (with --preset tune by default "
    "of the one that ships).",
)
@path_option(
    "--export",
    "bundle",
    metavar="BUNDLE",
    help="At the end, export the network as a bundle, as the command export does.",
)
@path_option(
    "--teacher", metavar="FILE", help="Also learn from these soft labels, a file of distil."
)
@click.option(
    "--teacher-weight",
    type=FloatRange(0, 1, min_open=True),
    metavar="W",
    help="Weight of the soft labels, above 0 and up to 1; the labels have the rest.",
)
@other_landmarks_option
@click.option("--resume", is_flag=True, help="Continue from the last checkpoint.")
@click.option(
    "--devices",
    type=click.IntRange(1),
    default=1,
    metavar="N",
    help="Train on N GPUs, or CPUs where there is no GPU; each takes an equal part of a batch.",
)
def fit(
    dataset: Path,
    run: Path,
    *,
    start_from: Path | None,
    bundle: Path | None,
    teacher: Path | None,
    other_landmarks: Path | None,
    resume: bool,
    devices: int,
    **choices: Any,
) -> None:
    """Train a network on a dataset."""
    from preprocessing.dataset.read import read_dataset

    # Before TensorFlow is imported, which takes seconds.
    rows = read_dataset(dataset)
    _check_votes(rows, choices["crowd_weight"])
    if choices["preset"] == "tune" and start_from is None:
        start_from = SHIPPED_BUNDLE
    if bundle is not None:
        _check_bundle(bundle, run, resume=resume)
    config, other = config_of(**choices), None
    if other_landmarks is not None:
        other = read_dataset(other_landmarks)
        config = replace(config, other_share=OTHER_SHARE)

    from training.fitting.fit import fit as train
    from training.fitting.open_devices import open_devices

    with open_devices(devices) as opened:
        train(
            rows,
            run,
            config=config,
            start_from=start_from,
            teacher=teacher,
            other=other,
            resume=resume,
            devices=opened,
        )
    print(f"The trained network is in {run}.")
    if bundle is not None:
        from training.evaluation.text import evaluation_text
        from training.export.bundle import ExportOptions, export

        exported = export(run, bundle, dataset=rows, options=ExportOptions(), overwrite=resume)
        print(f"\n{evaluation_text(exported.evaluation)}\n\nThe bundle is in {bundle}.")
        print(f"See it at work: mien serve --bundle {quoted(str(bundle))}")


def _check_bundle(bundle: Path, run: Path, *, resume: bool) -> None:
    """Make sure that the bundle can be written: hours of training come before it is."""
    from training.export.place import make_place

    if run.resolve().is_relative_to(bundle.resolve()):
        raise MienError(f"{bundle} would hold the run {run}. Choose another folder for the bundle.")
    if not resume and bundle.exists() and any(bundle.iterdir()):
        raise MienError(f"{bundle} is not empty. Choose another folder for the bundle.")
    make_place(bundle, overwrite=resume).rmdir()


def _check_votes(rows: "Dataset", crowd_weight: float | None) -> None:
    """Make sure that there are votes where they are given a weight."""
    if crowd_weight is not None and not rows.votes.any():
        raise MienError(
            "--crowd-weight is that of people's votes, of which the dataset has none. Leave it "
            "out, or align FER2013 with --ferplus."
        )
